"""The process that runs a learner's file: reads what to do on standard input, writes one JSON record a line.

It is a process of its own because the file is another's: it may loop for ever, print, or end the interpreter.
"""

import contextlib
import importlib.util
import io
import json
import os
import sys
import types
import warnings
from pathlib import Path
from typing import Any

from leadline.learn import course
from leadline.learn.checking import Checker
from leadline.learn.exercises import EXERCISES
from leadline.learn.finding import Finding

__all__ = ["main"]

# Helper files of the course, which are not beside every learner's file.
HELPERS = ("dnn_utils", "dnn_utils_v2", "testCases", "testCases_v2", "testCases_v3", "testCases_v4a", "public_tests")


def main() -> None:
    """Check the file that standard input names."""
    request = json.loads(sys.stdin.read())
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def tell(record: dict[str, Any]) -> None:
        channel.write(json.dumps(record, ensure_ascii=False) + "\n")
        channel.flush()

    path = request["path"]
    source = request["source"]
    tell({"started": "the file itself"})
    try:
        namespace = _run(path, source)
    except BaseException as error:
        line = _line_of(error, path)
        said = error.msg if isinstance(error, SyntaxError) else str(error)  # its text has the place once more
        tell({"unreadable": f"{type(error).__name__}: {said}", "line": line})
        return
    checker = Checker(namespace, path, source, request["names"], exact_caches=bool(request["exercise"]))
    if request["exercise"]:
        exercise = next(own for own in EXERCISES if own.key == request["exercise"])
        if exercise.check is not None:
            tell({"started": exercise.key})
            for finding in _exercise(exercise, namespace, path, checker):
                tell({"finding": finding.to_record()})
    wanted = request["functions"]
    for name in checker.present():
        if wanted is not None and name not in wanted:
            continue
        tell({"started": name})
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            finding = checker.check(name)
        tell({"finding": finding.to_record()})
    tell({"done": True})


def _exercise(exercise: Any, namespace: dict[str, Any], path: str, checker: Checker) -> list[Finding]:
    """The exercise's own check, whose errors are the learner's."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        found: list[Finding] = exercise.check(namespace, checker)
    return found


def _run(path: str, source: str) -> dict[str, Any]:
    """The names that the file defines. Assertions are left out: the check says more than they do."""
    sys.path.insert(0, str(Path(path).parent))
    for name in HELPERS:
        if importlib.util.find_spec(name) is None:
            helper = types.ModuleType(name)
            for function in course.__all__:
                setattr(helper, function, getattr(course, function))
            helper.__all__ = list(course.__all__)  # type: ignore[attr-defined]
            sys.modules[name] = helper
    namespace: dict[str, Any] = {"__name__": "mine", "__file__": path}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        exec(compile(source, path, "exec", optimize=1), namespace)
    return namespace


def _line_of(error: BaseException, path: str) -> int | None:
    if isinstance(error, SyntaxError):
        return error.lineno
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


if __name__ == "__main__":
    main()

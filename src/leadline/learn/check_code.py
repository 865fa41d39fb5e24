"""A learner's file checked in a process of its own, with a time limit."""

import ast
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from leadline.errors import ParameterError
from leadline.learn.finding import Finding
from leadline.learn.functions import FUNCTIONS

__all__ = ["TIME_LIMIT", "Checked", "check_code"]

# Seconds for the whole file.
TIME_LIMIT = 20.0
# How much of two names must be the same for one to be taken for the other.
ALIKE = 0.8


@dataclass(frozen=True)
class Checked:
    """What the check of a file found.

    Attributes
    ----------
    path : str
    findings : list of Finding
        One for each function of the course that the file has, in the order of the page.
    unreadable : str
        Why the file could not be run at all; empty if it could. `line` is where, and `source` what stands there.
    missing : list of str
        The functions of the course that were asked for and are not in the file.
    similar : dict of str to str
        Functions of the file that are called nearly as one that is missing, by that one's name.
    """

    path: str
    findings: list[Finding]
    unreadable: str = ""
    line: int | None = None
    source: str = ""
    missing: list[str] = field(default_factory=list)
    similar: dict[str, str] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        """Whether there is something, and all of it is right."""
        return not self.unreadable and bool(self.findings) and all(own.status == "right" for own in self.findings)

    @property
    def first(self) -> Finding | None:
        """The first finding that is not right."""
        return next((own for own in self.findings if own.status != "right"), None)

    def to_record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "file": self.path,
            "right": self.right,
            "unreadable": self.unreadable,
            "line": self.line,
            "missing": self.missing,
            "functions": [own.to_record() for own in self.findings],
        }


def check_code(
    path: str | Path,
    names: Mapping[str, str] | None = None,
    functions: Sequence[str] | None = None,
    time_limit: float = TIME_LIMIT,
    exercise: str | None = None,
) -> Checked:
    """Check a file's functions against the specification.

    Parameters
    ----------
    path : path
        A Python file.
    names : mapping, optional
        The course's names to the file's own, where they differ.
    functions : sequence of str, optional
        The course's names of those to be checked; all that are there by default.
    time_limit : float, default 20
        Seconds, after which the function that is running is given up.
    exercise : str, optional
        The exercise that the file is of: its own check is made first, and caches must have the course's form.

    Returns
    -------
    Checked

    Raises
    ------
    ParameterError
        The file cannot be read, is no text, or a name is not one of the course's.
    """
    path = Path(path)
    for name in (*(names or {}), *(functions or ())):
        if name not in FUNCTIONS:
            raise ParameterError(f"--names: {name!r} is no function of the course; they are {', '.join(FUNCTIONS)}.")
    if path.suffix == ".ipynb":
        raise ParameterError(f"{path} is a notebook; write its code as a file: jupyter nbconvert --to script {path}.")
    try:
        source = path.read_text("utf-8")
    except FileNotFoundError:
        raise ParameterError(f"{path}: no such file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path} cannot be read as a Python file: {error}.") from None
    request = {
        "path": str(path),
        "source": source,
        "names": dict(names or {}),
        "functions": None if functions is None else list(functions),
        "exercise": exercise,
    }
    output, slow = _run(json.dumps(request), time_limit)
    records = [json.loads(line) for line in output.splitlines() if line.endswith("}")]
    findings = [
        Finding(**{**own["finding"], "words": tuple(own["finding"]["words"])}) for own in records if "finding" in own
    ]
    broken = next((own for own in records if "unreadable" in own), None)
    if broken is not None:
        lines, line = source.splitlines(), broken["line"]
        there = lines[line - 1].strip() if line is not None and line <= len(lines) else ""
        return Checked(str(path), [], broken["unreadable"], line, there)
    if not any("done" in own for own in records):
        started = [own["started"] for own in records if "started" in own]
        findings.append(_given_up(started[-1] if started else "", names or {}, slow, time_limit))
    else:
        done = {own.function for own in findings}
        missing = [name for name in (FUNCTIONS if functions is None else functions) if name not in done]
        return Checked(str(path), findings, missing=missing, similar=_similar(source, missing))
    return Checked(str(path), findings)


def _similar(source: str, missing: Sequence[str]) -> dict[str, str]:
    """Functions of a file that may be meant for those that are missing."""
    own = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    others = {name.lower(): name for name in own if name not in FUNCTIONS}
    found = {name: get_close_matches(name.lower(), others, 1, ALIKE) for name in missing}
    return {name: others[match[0]] for name, match in found.items() if match}


def _run(request: str, time_limit: float) -> tuple[str, bool]:
    """What the worker wrote, and whether it was stopped by the clock."""
    command = [sys.executable, "-m", "leadline.learn.worker"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
    ) as worker:
        try:
            return worker.communicate(request, timeout=time_limit)[0], False
        except subprocess.TimeoutExpired:
            worker.kill()
            return worker.communicate()[0], True
        except BaseException:
            worker.kill()
            raise


def _given_up(started: str, names: Mapping[str, str], slow: bool, time_limit: float) -> Finding:
    if slow:
        words = (
            f"not done after {time_limit:g} s: a loop without an end?",
            f"{time_limit:g} 秒后仍未结束:循环没有终点?",
        )
        return Finding(started, names.get(started, started), "slow", "time limit", words)
    return Finding(
        started,
        names.get(started, started),
        "raises",
        "ends the interpreter",
        ("it ended the interpreter", "它结束了解释器"),
    )

"""A learner's file checked in a process of its own, with a time limit."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leadline.errors import ParameterError
from leadline.learn.finding import Finding
from leadline.learn.functions import FUNCTIONS

__all__ = ["TIME_LIMIT", "Checked", "check_code"]

# Seconds for the whole file.
TIME_LIMIT = 20.0


@dataclass(frozen=True)
class Checked:
    """What the check of a file found.

    Attributes
    ----------
    path : str
    findings : list of Finding
        One for each function of the course that the file has, in the order of the page.
    unreadable : str
        Why the file could not be run at all; empty if it could. `line` is where.
    """

    path: str
    findings: list[Finding]
    unreadable: str = ""
    line: int | None = None

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
        An exercise whose own check is made first.

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
        return Checked(str(path), [], broken["unreadable"], broken["line"])
    if not any("done" in own for own in records):
        started = [own["started"] for own in records if "started" in own]
        findings.append(_given_up(started[-1] if started else "", names or {}, slow, time_limit))
    return Checked(str(path), findings)


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

"""What every benchmark shares: workers in processes of their own, rounds in turn, medians, tables and JSON.

A contender is a class in a module of this folder with `__init__(**arguments)` that prepares everything and `run()`
that does the work once and returns facts about it. Each contender lives in a process of its own, so that no library
finds the threads, memory or settings of another. The driver lets them run in turn, one at a time, round after round:
what the machine does besides hits all of them alike. The first round of each warms up and is not counted.
"""

import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
# Threads of the one before may still be spinning.
REST_SECONDS = 0.2
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
# What a machine's owner may have set to tame BLAS: every library runs at its own defaults.
BLAS_OVERRIDES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass
class Contender:
    """A row of a table: `module:Class` with its arguments, in `processes` processes at once, each with `threads`."""

    name: str
    target: str
    arguments: dict[str, Any]
    threads: int
    processes: int = 1
    workers: list["Worker"] = field(default_factory=list)
    rounds: list[dict[str, Any]] = field(default_factory=list)

    def start(self) -> None:
        self.workers = [Worker(self.target, self.arguments, self.threads) for _ in range(self.processes)]
        for worker in self.workers:
            worker.answer()

    def turn(self) -> dict[str, Any]:
        """One round; seconds are those from the first start to the last end."""
        start = time.perf_counter()
        for worker in self.workers:
            worker.ask()
        answers = [worker.answer() for worker in self.workers]
        facts = answers[0]
        if self.processes > 1:
            facts["seconds"] = max(answer["seconds"] for answer in answers)
            facts["count"] = sum(answer["count"] for answer in answers)
        facts["wall"] = time.perf_counter() - start
        return facts

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()

    @property
    def seconds(self) -> list[float]:
        """Seconds per piece of work, one for each round."""
        return [facts["seconds"] / facts["count"] for facts in self.rounds]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


class Worker:
    """A process that prepares one contender and runs it when asked."""

    def __init__(self, target: str, arguments: dict[str, Any], threads: int) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in BLAS_OVERRIDES}
        environment.update(dict.fromkeys(THREAD_SETTINGS, str(threads)))
        self.target = target
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "harness.py"), target, json.dumps(arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def ask(self, arguments: str = "{}") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(arguments + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.target} ended with exit code {self.process.wait()}")
        facts: dict[str, Any] = json.loads(line)
        return facts

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def compete(contenders: Sequence[Contender], rounds: int, say: Callable[[str], None] = print) -> None:
    """Let the contenders run in turn and keep what they answer; one that cannot start is left out with its reason."""
    for contender in contenders:
        contender.start()
    try:
        for number in range(rounds + 1):
            for contender in contenders:
                time.sleep(REST_SECONDS)
                facts = contender.turn()
                if number:
                    contender.rounds.append(facts)
            say(f"  round {number} of {rounds}" + ("" if number else " (warming up)"))
    finally:
        for contender in contenders:
            contender.stop()


def spread(values: Sequence[float]) -> str:
    """The least and the greatest of some values."""
    return f"{min(values):.3g}-{max(values):.3g}"


def ratios(slower: Sequence[float], faster: Sequence[float]) -> list[float]:
    """How many times as fast one is as the other, round by round, from seconds."""
    return [a / b for a, b in zip(slower, faster, strict=True)]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, its columns aligned."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join([first, *rest]) + " |"

    rule = "|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    processor = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        processor = names[0] if names else processor
    return {
        "processor": processor,
        "cores": cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def versions(*packages: str) -> dict[str, str]:
    """Versions of the packages that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write_json(name: str, record: dict[str, Any]) -> Path:
    """Write results/NAME.json whole."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(record, indent=1) + "\n")
    temporary.replace(path)
    return path


def earlier(name: str) -> dict[str, Any]:
    """What results/NAME.json holds, so that a part of a benchmark can be run again."""
    path = RESULTS / f"{name}.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def _serve(target: str, arguments: str) -> None:
    """The worker's side: prepare, then run once for each line on standard input, which holds arguments."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is not an answer
    module, name = target.split(":")
    contender = getattr(importlib.import_module(module), name)(**json.loads(arguments))

    def answer(facts: dict[str, Any]) -> None:
        answers.write(json.dumps(facts) + "\n")
        answers.flush()

    answer({"ready": True})
    for given in sys.stdin:
        answer(contender.run(**json.loads(given)))


if __name__ == "__main__":
    _serve(*sys.argv[1:])

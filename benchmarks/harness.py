"""What every benchmark shares: workers in processes of their own, rounds in turn, medians, tables and JSON.

A contender is a class in a module of this folder with `__init__(**arguments)` that prepares everything and `run()`
that does the work once and returns facts about it. Each contender lives in a process of its own, so that no library
finds the threads, memory or settings of another. The driver lets them run in turn, one at a time, round after round:
what the machine does besides hits all of them alike. The first round of each warms up and is not counted.

A benchmark is a module with `main()`, which measures and writes results/NAME.json by `write_json`, and
`report(record)`, which makes tables in Markdown out of such a record: what it prints, and what README.md shows.
"""

import ast
import functools
import hashlib
import importlib
import json
import math
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = Path(os.environ.get("BENCHMARK_RESULTS", HERE / "results"))
LIBRARY = HERE.parent / "src" / "leadline"
# Rooms of the library that nothing measured here runs through.
NOT_MEASURED = ("report", "learn", "tracking")
# What says what was measured is no part of what is measured.
NOT_DIRTY = (":(top,exclude)benchmarks/results", ":(top,exclude)*.md", ":(top,exclude)docs")
START = time.time()
# Threads of the one before may still be spinning.
REST_SECONDS = 0.2
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
# What a machine's owner may have set to tame BLAS: every library runs at its own defaults.
BLAS_OVERRIDES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def own_cores() -> list[int]:
    """The cores that this thread may use, by their number."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def cores() -> int:
    """How many cores this process may use."""
    return len(own_cores())


def hold_to(wanted: Sequence[int]) -> None:
    """Hold this thread, and every process that it starts, to some cores, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, wanted)


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


def figure(value: float, digits: int = 3) -> str:
    """A number with so many digits, written out."""
    rounded = float(f"{value:.{digits}g}")
    places = max(0, digits - 1 - math.floor(math.log10(abs(rounded)))) if rounded else 0
    return f"{rounded:,.{places}f}"


def between(values: Sequence[float], digits: int = 2) -> str:
    """The median of some values and, in brackets, the least and the greatest."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


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


def git(*words: str) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(["git", "-C", str(HERE), *words], capture_output=True, text=True)
    except OSError:
        return None


@functools.cache
def commit() -> str:
    """The commit of the working tree, with "-dirty" where its code is not that of the commit, or "unknown"."""
    found = git("describe", "--always", "--abbrev=7")
    if found is None or found.returncode:
        return "unknown"
    same = git("diff", "--quiet", "HEAD", "--", ":/", *NOT_DIRTY)
    return found.stdout.strip() + ("" if same is not None and same.returncode == 0 else "-dirty")


def _modules(script: str, found: dict[str, ast.Module] | None = None) -> dict[str, ast.Module]:
    """The modules of this folder that a benchmark runs, its contenders among them, but not this one."""
    found = {} if found is None else found
    path = HERE / f"{script}.py"
    if script in found or script == "harness" or not path.is_file():
        return found
    found[script] = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(found[script]):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            _modules(name, found)
    _modules(f"{script}_contenders", found)
    return found


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _without_docstrings(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            del body[0]
    return ast.dump(tree)


@functools.cache
def _library() -> bytes:
    """A digest of the library's code."""
    digest = hashlib.sha256()
    for path in sorted(LIBRARY.rglob("*.py")):
        if path.relative_to(LIBRARY).parts[0] not in NOT_MEASURED:
            digest.update(_without_docstrings(ast.parse(path.read_text("utf-8"))).encode())
    return digest.digest()


@functools.cache
def code(script: str) -> str:
    """A digest of what a benchmark measures and runs: comments, docstrings and how lines are broken are not in it."""
    digest = hashlib.sha256(_library())
    for _, tree in sorted(_modules(script).items()):
        digest.update(_without_docstrings(tree).encode())
    return digest.hexdigest()[:12]


def stamp() -> dict[str, str]:
    """Which commit and which code a figure is of; every entry of a record that later runs add to has its own."""
    return {"commit": commit(), "code": code(Path(sys.argv[0]).stem)}


def is_current(entry: Mapping[str, Any]) -> bool:
    """Whether an entry was measured with the code that stands here now."""
    return bool(entry.get("code") == stamp()["code"])


def command_line(script: str, arguments: Sequence[str]) -> str:
    """A command line as results have it: of where a folder lies on this machine nothing but its name."""
    words = [Path(word).name if Path(word).is_absolute() else word for word in arguments]
    return shlex.join(["python", f"benchmarks/{script}.py", *words])


def command() -> str:
    """The command line of this run."""
    return command_line(Path(sys.argv[0]).stem, sys.argv[1:])


def stamps(record: Any) -> Iterator[Mapping[str, Any]]:
    """All entries of a record that say which commit they are of."""
    if isinstance(record, Mapping):
        if "commit" in record:
            yield record
        for value in record.values():
            yield from stamps(value)
    elif isinstance(record, list):
        for value in record:
            yield from stamps(value)


def commits(record: Mapping[str, Any]) -> list[str]:
    """The commits that a record's figures are of: those of its entries, or of the runs where entries have none."""
    entries = {key: value for key, value in record.items() if key != "measured"}
    own = dict.fromkeys(entry["commit"] for entry in stamps(entries))
    return list(own) or list(dict.fromkeys(entry["commit"] for entry in stamps(record.get("measured", {}))))


def write_json(name: str, record: dict[str, Any], packages: Sequence[str], finished: bool = True) -> Path:
    """Write results/NAME.json whole.

    Under "measured" it says for each command line that its figures come from: commit, digest of the code, machine,
    versions of the packages, day, minutes, and whether the run was finished. A record that was read by `earlier` keeps
    the runs before, as long as it has figures of their commits.
    """
    kept = set(commits(record))
    measured = {words: run for words, run in record.get("measured", {}).items() if run["commit"] in kept}
    measured[command()] = {
        **stamp(),
        "machine": machine(),
        "versions": versions(*packages),
        "day": time.strftime("%Y-%m-%d"),
        "minutes": round((time.time() - START) / 60, 1),
        "finished": finished,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps({**record, "measured": measured}, indent=1) + "\n")
    temporary.replace(path)
    return path


def finish(
    name: str, record: dict[str, Any], packages: Sequence[str], report: Callable[[dict[str, Any]], dict[str, str]]
) -> Path:
    """Write the record, and print its tables; where it is."""
    path = write_json(name, record, packages)
    print("\n" + "\n\n".join(report(record).values()))
    print(f"\nwritten to {path}")
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

"""All benchmarks, one after the other, at the settings whose figures README.md shows.

    make benchmarks                       (or: python benchmarks/all.py, in the environment of the benchmarks)
    python benchmarks/all.py --list       what runs, with which arguments, and for how long
    python benchmarks/all.py --check      which results are of another commit than the newest that README.md names
    python benchmarks/all.py --write      renews the tables of README.md from results/*.json

What times with several cores or with the clock runs alone; what needs one core and counts its processor's time or
nothing but scores runs two at a time, each held to a core. What results/*.json have of the code that stands here now is
not run again, so a run that was stopped goes on where it was, inside the longer benchmarks too. What a benchmark
prints goes to build/benchmarks/NAME.log. `make benchmarks` puts the tables from packages into build/package_tables
first. Ends with a table of what ran at which commit, and with exit code 1 where something failed.

In README.md a table stands between `<!-- NAME -->` and `<!-- end -->`: NAME is that of the results, with the name of
one of its tables behind a hyphen where there are several. What stands around it is written by hand.
"""

import argparse
import importlib
import queue
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness import HERE, code, command_line, commits, earlier, git, hold_to, own_cores, table

README = HERE / "README.md"
ROOT = HERE.parent
LOGS = ROOT / "build" / "benchmarks"
# Where `make benchmarks` puts the tables from packages, seen from the root.
PACKAGE_TABLES = "build/package_tables"
# What all of it may take on two cores; --list says what is expected.
BUDGET_HOURS = 5.0
# Benchmarks of one core that run side by side.
LANES = 2
# Of a command line, as many characters as a table has room for.
WORDS = 100
# Of what is said of how a benchmark runs.
HOW = len("two at a time, one core")


@dataclass(frozen=True)
class Benchmark:
    """What fills results/RESULT.json: a script, run once for each of some arguments; minutes are those of two cores.

    `cores` is how many it is held to (None: all, alone); of those with one, two run at a time unless `alone`.
    `environment` is the one whose Python runs it, where that is not this one; `reporter` the module that makes the
    tables of README.md, where that is not the script.
    """

    result: str
    arguments: tuple[str, ...]
    minutes: float
    script: str = ""
    cores: int | None = None
    alone: bool = True
    environment: str = ""
    reporter: str = ""

    @property
    def module(self) -> str:
        return self.script or self.result

    def words(self, arguments: str) -> str:
        """The command line, as results have it."""
        return command_line(self.module, shlex.split(arguments))


def _one_core(result: str, minutes: float, *arguments: str, script: str = "", reporter: str = "") -> Benchmark:
    return Benchmark(result, arguments or ("",), minutes, script, cores=1, alone=False, reporter=reporter)


def _monotone(table_: str, constraints: str, for_lightgbm: str) -> Benchmark:
    """Constrained and free models of one table."""
    bins = "numeric_embedding='piecewise_linear'"
    lightgbm = "lightgbm:LGBM{task}(random_state=seed, verbose=-1, n_jobs=cores"
    hist = "sklearn.ensemble:HistGradientBoosting{task}("
    methods = {
        "leadline": "leadline:Deep{task}(random_state=seed)",
        "monotone": f"leadline:Deep{{task}}(monotonic_cst={constraints}, random_state=seed)",
        "bins": f"leadline:Deep{{task}}({bins}, random_state=seed)",
        "bins-monotone": f"leadline:Deep{{task}}({bins}, monotonic_cst={constraints}, random_state=seed)",
        "hist": f"{hist}random_state=seed)",
        "hist-monotone": f"{hist}monotonic_cst={constraints}, random_state=seed)",
        "lightgbm": f"{lightgbm})",
        "lightgbm-monotone": f"{lightgbm}, monotone_constraints={for_lightgbm})",
    }
    words = ["--only", table_, "--max-train", "2000", "--out", f"monotone-{table_}"]
    for name, expression in methods.items():
        words += ["--method", f"{name}={expression}"]
    return _one_core(f"monotone-{table_}", 2, shlex.join(words), script="tables")


# What `leadline[benchmarks]` brings along, as it is imported.
PEER_MODULES = (
    "catboost",
    "fastapi",
    "interpret",
    "jax",
    "lightgbm",
    "mapie",
    "matplotlib",
    "mlflow",
    "onnxruntime",
    "optuna",
    "pyarrow",
    "shap",
    "torch",
    "xgboost",
)
PEERS = ("leadline", "leadline-search-25", "catboost", "lightgbm", "xgboost", "forest", "sklearn-mlp", "linear")
FULL = "--only california_housing,bank_marketing,adult,diamonds --max-train 1000000 --splits 1 --cores 2"
BEYOND = "--peers LightGBM --peers leadline --peers CatBoost --peers 'leadline search'"
# In the order in which they run, but for those of one core, of which the longest come first.
BENCHMARKS = (
    Benchmark("startup", ("--rounds 5",), 2),
    Benchmark("prediction", ("--rounds 3",), 3),
    Benchmark("serving", ("",), 4),
    Benchmark("engine", ("",), 5, cores=1),
    Benchmark("training", ("",), 10),
    Benchmark("tables-full", (f"{FULL} --method leadline --method catboost --out tables-full",), 4, "tables"),
    Benchmark("large", ("--only steps", "--only memory", "--only disk --disk-rows 5000000"), 14),
    Benchmark("large", ("--only fits --rows 100000",), 2, cores=1),
    Benchmark("large", ("--only fits --rows 1000000", "--only columns --limit 900"), 9),
    Benchmark("clusters", ("",), 15, environment=".venv-cluster"),
    _one_core("verdict", 53),
    _one_core("search", 52),
    _one_core(
        "tables",
        45,
        "--only fifteen --splits 3 " + " ".join(f"--method {method}" for method in PEERS),
    ),
    _one_core("stability", 42),
    _one_core("ablation", 35, "--only fifteen --ablation --splits 2 --out ablation", script="tables"),
    _one_core(
        "sureness",
        25,
        "--only fifteen --splits 10 --methods leadline",
        "--only fifteen --splits 3 --methods leadline,mapie",
        "--only fifteen --splits 1 --methods leadline,catboost",
    ),
    _one_core(
        "large",
        100,
        "--only curve",
        f"--only curve --rows 10000000 --limit 5400 {BEYOND}",
    ),
    _one_core("planted", 20, "--seeds 5"),
    _one_core("additive", 20, "--only fifteen --methods additive,boosted,linear,deep"),
    _one_core(
        "additive-pairs",
        12,
        "--only fifteen --methods additive,boosted-pairs,deep --splits 1 --out additive-pairs",
        script="additive",
    ),
    _one_core(
        "package-tables",
        15,
        f"{PACKAGE_TABLES} --splits 3 --method leadline --out package-tables",
        script="tables",
        reporter="package_results",
    ),
    _one_core(
        "text",
        25,
        f"{PACKAGE_TABLES} --only tate,tweets,birds,foods,breaches,industries --splits 3 --method leadline "
        + shlex.join(["--method", "dropped=leadline:numbers(Deep{task}(random_state=seed))"])
        + " --method tfidf --out text",
        script="tables",
    ),
    _one_core("ordered", 8, f"{PACKAGE_TABLES} --max-train 1000 --candidates 1"),
    _one_core("why", 5, "--only titanic,airfoil,abalone,california_housing --rows 10"),
    _monotone(
        "mpg", "{'weight': -1, 'displacement': -1, 'horsepower': -1, 'model_year': 1}", "[0, -1, -1, -1, 0, 1, 0]"
    ),
    _monotone("pima_diabetes", "{'glucose': 1, 'bmi': 1, 'pedigree': 1}", "[0, 1, 0, 0, 0, 1, 1, 0]"),
    _monotone("california_housing", "{'median_income': 1}", "[0, 0, 0, 0, 0, 0, 0, 1, 0]"),
)


def expected_minutes(benchmarks: Sequence[Benchmark] = BENCHMARKS) -> float:
    """How long all of them are expected to take on two cores."""
    side_by_side = sum(own.minutes for own in benchmarks if not own.alone)
    return sum(own.minutes for own in benchmarks if own.alone) + side_by_side / LANES


def measured(own: Benchmark, arguments: str) -> Mapping[str, Any]:
    """What the results say of a command; empty where they have nothing of it."""
    found: Mapping[str, Any] = earlier(own.result).get("measured", {}).get(own.words(arguments), {})
    return found


def is_done(own: Benchmark, arguments: str) -> bool:
    """Whether results have a command's figures, all of them, of the code that stands here now."""
    run = measured(own, arguments)
    return bool(run.get("finished")) and run.get("code") == code(own.module)


def python_of(own: Benchmark) -> str:
    """The interpreter that runs it."""
    if not own.environment:
        return sys.executable
    return str(ROOT / own.environment / "bin" / "python")


def run_one(own: Benchmark) -> list[str]:
    """Run what is left of a benchmark; what failed.

    The processes have the cores of the thread that starts them.
    """
    failed = []
    for arguments in own.arguments:
        words = shortened(own, arguments)
        if is_done(own, arguments):
            print(f"  there already: {words}", flush=True)
            continue
        interpreter = python_of(own)
        if not Path(interpreter).exists():
            print(f"  left out, {own.environment} is not there (make {own.environment}/.ready): {words}", flush=True)
            failed.append(words)
            continue
        LOGS.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        print(f"  {time.strftime('%H:%M')}  {words}", flush=True)
        with (LOGS / f"{own.result}.log").open("a", encoding="utf-8") as log:
            print(f"\n$ {own.words(arguments)}", file=log, flush=True)
            command = [interpreter, str(HERE / f"{own.module}.py"), *shlex.split(arguments)]
            ended = subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT).returncode
        minutes = (time.monotonic() - start) / 60
        if ended:
            failed.append(words)
            print(f"  exit code {ended} after {minutes:.0f} min, see {log.name}: {words}", flush=True)
        else:
            print(f"  {minutes:.0f} min: {words}", flush=True)
    return failed


def run_all(benchmarks: Sequence[Benchmark]) -> list[str]:
    """Run what is left of some benchmarks; what failed."""
    every = own_cores()
    failed = []
    for own in (own for own in benchmarks if own.alone):
        with ThreadPoolExecutor(1, initializer=hold_to, initargs=(every[: own.cores],)) as pool:
            failed += pool.submit(run_one, own).result()
    lanes: queue.SimpleQueue[int] = queue.SimpleQueue()
    for core in every[:LANES]:
        lanes.put(core)

    def start_lane() -> None:
        hold_to([lanes.get()])

    with ThreadPoolExecutor(min(LANES, len(every)), initializer=start_lane) as pool:
        for missing in pool.map(run_one, [own for own in benchmarks if not own.alone]):
            failed += missing
    return failed


def shortened(own: Benchmark, arguments: str) -> str:
    """A command line as tables have room for."""
    words = own.words(arguments).removeprefix("python benchmarks/")
    return words if len(words) <= WORDS else f"{words[:WORDS]} …"


def overview(benchmarks: Sequence[Benchmark] = BENCHMARKS) -> str:
    """What ran at which commit."""
    lines = []
    for own in benchmarks:
        for arguments in own.arguments:
            run = measured(own, arguments)
            on = run.get("machine", {})
            where = f"{on['processor']}, {on['cores']} core{'s' * (on['cores'] > 1)}" if on else ""
            state = run.get("commit", "not measured") + ("" if run.get("finished", True) else ", unfinished")
            lines.append(
                [f"`{shortened(own, arguments)}`", state, run.get("day", ""), f"{run.get('minutes', '')}", where]
            )
    return table(["", "commit", "day", "minutes", "on"], lines)


def blocks_of(result: str) -> dict[str, str]:
    """The tables of a result by their names in README.md, each with a line of what it was measured with."""
    record = earlier(result)
    if "measured" not in record:
        return {}
    own = next(own for own in BENCHMARKS if own.result == result)
    tables: dict[str, str] = importlib.import_module(own.reporter or own.module).report(record)
    names = {part: f"{result}-{part}" if part else result for part in tables}
    return {names[part]: f"{text}\n\n{source(record, part)}" for part, text in tables.items()}


def source(record: Mapping[str, Any], part: str) -> str:
    """What a table was measured with, in a line: that of its part where a record and its runs have such."""
    runs = [run for words, run in record["measured"].items() if f"--only {part} " in f"{words} "]
    runs = runs if part in record and runs else list(record["measured"].values())
    found = commits({part: record.get(part), "measured": record["measured"]})
    on = dict.fromkeys(
        f"{run['machine']['processor']}, {run['machine']['cores']} core{'s' * (run['machine']['cores'] > 1)}"
        for run in runs
    )
    known = [f"commit `{name}`" if name != "unknown" else "a commit that was not recorded" for name in found]
    days = dict.fromkeys(run["day"] for run in runs if "day" in run)
    unfinished = ["unfinished"] if not all(run.get("finished", True) for run in runs) else []
    return f"*Measured at {', '.join([*known, *days])}, on {'; '.join([*on, *unfinished])}.*"


BLOCK = re.compile(r"<!-- (?P<name>[\w-]+) -->\n.*?<!-- end -->", re.DOTALL)


def renewed(text: str) -> tuple[str, list[str]]:
    """A page with its tables renewed from the results, and the names of tables for which there are none."""
    blocks = {"measured": overview()}
    for result in dict.fromkeys(own.result for own in BENCHMARKS):
        blocks.update(blocks_of(result))
    left: list[str] = []

    def fill(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in blocks:
            left.append(name)
            return found[0]
        return f"<!-- {name} -->\n\n{blocks[name]}\n\n<!-- end -->"

    return BLOCK.sub(fill, text), left


def check(text: str) -> tuple[str, bool]:
    """Which results are of another commit than the newest that a page names, and whether all are of it."""
    named = [name for name in dict.fromkeys(re.findall(r"[Cc]ommit `?([0-9a-f]{7,})\b", text)) if _is_commit(name)]
    newest = _git_lines("log", "--no-walk=sorted", "--format=%h", "--abbrev=7", *named)[:1] if named else []
    lines, same = [], True
    for own in BENCHMARKS:
        for arguments in own.arguments:
            run = measured(own, arguments)
            is_newest = bool(newest) and run.get("commit") == newest[0] and bool(run.get("finished"))
            same = same and is_newest
            now = "yes" if is_done(own, arguments) else "no"
            lines.append(
                [shortened(own, arguments), run.get("commit", "not measured"), "yes" if is_newest else "NO", now]
            )
    head = ["", "commit", f"of {newest[0]}" if newest else "of the newest", "of the code as it stands here"]
    return table(head, lines), same


def _git_lines(*words: str) -> list[str]:
    found = git(*words)
    return found.stdout.split() if found is not None and found.returncode == 0 else []


def _is_commit(name: str) -> bool:
    return bool(_git_lines("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"))


def listing(benchmarks: Sequence[Benchmark]) -> str:
    """What runs and for how long: minutes, how, and the command line, however long it is."""
    lines = [("minutes", "how", "command")]
    for own in benchmarks:
        how = "alone" if own.alone else "two at a time"
        for i, arguments in enumerate(own.arguments):
            minutes = f"{own.minutes:g}" if i == 0 else ""
            lines.append((minutes, how if own.cores is None else f"{how}, one core", own.words(arguments)))
    total = f"{expected_minutes(benchmarks) / 60:.1f} hours on two cores; the budget is {BUDGET_HOURS:g}"
    return "\n".join(f"{minutes:>7}  {how:<{HOW}}  {command}" for minutes, how, command in lines) + f"\n\n{total}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(dict.fromkeys(own.result for own in BENCHMARKS)))
    parser.add_argument("--list", action="store_true", help="say what would run and for how long")
    parser.add_argument("--check", action="store_true", help="say which results are not of the newest commit named")
    parser.add_argument("--write", action="store_true", help="renew the tables of README.md")
    options = parser.parse_args()
    benchmarks = [own for own in BENCHMARKS if not options.only or own.result in options.only]
    if options.list:
        print(listing(benchmarks))
        return
    if options.check:
        said, same = check(README.read_text("utf-8"))
        print(said)
        raise SystemExit(0 if same else 1)
    if options.write:
        text, left = renewed(README.read_text("utf-8"))
        README.write_text(text, "utf-8")
        print("written; read again what stands around the tables")
        print(f"as they were, since there are no results: {', '.join(left)}" if left else "every table is renewed")
        return
    if lacking := [name for name in PEER_MODULES if find_spec(name) is None]:
        print(f"not installed here, so what needs it fails or lacks it: {', '.join(lacking)}", flush=True)
    print(f"about {expected_minutes(benchmarks) / 60:.1f} hours on two cores, less what is there already", flush=True)
    failed = run_all(benchmarks)
    print(f"\n{overview(benchmarks)}\n")
    print("\n".join(f"failed: {words}" for words in failed) or "python benchmarks/all.py --write renews README.md")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()

"""How often is the truth inside what was promised, and how wide is that? Intervals of numbers and sets of classes.

    make benchmark-sureness                             (or: python benchmarks/sureness.py FOLDER)
    python benchmarks/sureness.py FOLDER --only NAME --splits 1 --methods leadline

Beside Leadline's: MAPIE around LightGBM (CV+ for numbers, cross-conformal sets of classes), CatBoost's quantiles, and
the fewest classes to which CatBoost gives the promised probability. FOLDER holds tables as for tables.py, whose splits
these are. Prints coverage against the promise and widths (in standard deviations of the target; for classes how many
are in a set), then what a temperature fitted on the rows that networks left out would do to probabilities, and writes
results/sureness.json. What is there of an earlier run with the same options is not computed again.
"""

import argparse
import json
import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import Worker, earlier, machine, table, versions, write_json
from real_tables import DATA, entries

COVERAGES = ("0.8", "0.9", "0.95")
METHODS: Mapping[str, str] = {
    "leadline": "Ours",
    "mapie": "MapieLightGBM",
    "catboost": "CatBoostQuantiles",
    "leadline-search": "OursSearched",
}
# The search takes half a minute for each table.
USUAL = ("leadline", "mapie", "catboost")
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--only", help="tables, with commas")
    parser.add_argument("--methods", default=",".join(USUAL), help=f"some of {', '.join(METHODS)}, with commas")
    parser.add_argument("--splits", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--first-split", type=int, default=0)
    parser.add_argument("--max-train", type=int, default=4000, help="training rows at most (default 4,000)")
    parser.add_argument("--cores", type=int, default=1, help="for each method (default 1)")
    parser.add_argument("--out", default="sureness", help="name of the file in results/ (default sureness)")
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    names = [entry["name"] for entry in entries(options.folder)]
    wanted = options.only.split(",") if options.only else names
    unknown = [name for name in wanted if name not in names]
    if unknown:
        parser.error(f"{options.folder} has no table {unknown[0]!r}; it has {', '.join(names)}")
    pieces = [
        {"name": name, "split": split, "max_train": options.max_train}
        for split in range(options.first_split, options.first_split + options.splits)
        for name in names
        if name in wanted
    ]
    found = measure(options, [name for name in METHODS if name in options.methods.split(",")], pieces)
    for line in (coverage_table(found), table_by_table(found), against_peers(found), temperature_table(found)):
        print(line, end="\n\n")


def measure(options: Any, methods: Sequence[str], pieces: list[Row]) -> list[Row]:
    """A row for each method, table and split, of this run or an earlier one."""
    setting = {"max_train": options.max_train, "cores": options.cores}
    before = earlier(options.out)
    rows: list[Row] = before["rows"] if before.get("setting") == setting else []
    known = {(row["method"], row["name"], row["split"]) for row in rows}
    workers = {}
    try:
        for piece in pieces:
            for method in methods:
                if (method, piece["name"], piece["split"]) in known:
                    continue
                if method not in workers:
                    given = {"folder": str(options.folder), "cores": options.cores, "coverages": COVERAGES}
                    workers[method] = Worker(f"sureness_contenders:{METHODS[method]}", given, options.cores)
                    workers[method].answer()
                workers[method].ask(json.dumps(piece))
                row = {"method": method, **piece, **workers[method].answer()}
                rows.append(row)
                print(
                    f"  {piece['name']} {piece['split']}  {method}: {row.get('failed') or row['coverage']}", flush=True
                )
                packages = versions("leadline", "scikit-learn", "numpy", "lightgbm", "catboost", "mapie")
                write_json(options.out, {"setting": setting, "machine": machine(), "versions": packages, "rows": rows})
    finally:
        for worker in workers.values():
            worker.stop()
    wanted = {(piece["name"], piece["split"]) for piece in pieces}
    return [row for row in rows if (row["name"], row["split"]) in wanted and row["method"] in methods]


def _means(found: Sequence[Row], method: str, kind: str, coverage: str) -> dict[str, float]:
    """The mean over the splits of a figure of a method, by table."""
    names = list(dict.fromkeys(row["name"] for row in found))
    own = {
        name: [row for row in found if (row["name"], row["method"]) == (name, method) and kind in row] for name in names
    }
    return {name: statistics.mean(row[kind][coverage] for row in rows) for name, rows in own.items() if rows}


def _methods(found: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["method"] for row in found if "failed" not in row))


def coverage_table(found: Sequence[Row]) -> str:
    """How often the truth is inside: the mean over the tables, and that of the table with the least."""
    lines = []
    for method in _methods(found):
        own = [row for row in found if row["method"] == method and "failed" not in row]
        line = [f"{method}, {len({row['name'] for row in own})} tables, {len(own)} splits"]
        for coverage in COVERAGES:
            by_table = _means(found, method, "coverage", coverage)
            line += [f"{100 * statistics.mean(by_table.values()):.1f}", f"{100 * min(by_table.values()):.1f}"]
        fit, plain, inside = (statistics.median(row[name] for row in own) for name in SECONDS)
        lines.append([*line, f"{fit:.2f}", f"{inside / plain:.2f}"])
    head = [part for coverage in COVERAGES for part in (f"{100 * float(coverage):g} %", "least")]
    return table(["method", *head, "fit, s", "× predict"], lines)


SECONDS = ("fit_seconds", "predict_seconds", "inside_seconds")


def table_by_table(found: Sequence[Row]) -> str:
    """Coverage and width of every table."""
    lines = []
    for name in dict.fromkeys(row["name"] for row in found):
        line = [name]
        for method in _methods(found):
            for coverage in COVERAGES:
                inside, width = (_means(found, method, kind, coverage).get(name) for kind in ("coverage", "width"))
                line.append("" if inside is None or width is None else f"{100 * inside:.1f} {width:.3g}")
        lines.append(line)
    heads = [f"{method} {100 * float(coverage):g} %" for method in _methods(found) for coverage in COVERAGES]
    return table(["table: covered, width", *heads], lines)


def against_peers(found: Sequence[Row]) -> str:
    """On how many tables the first method's intervals and sets are at most as wide, and the mean ratio."""
    first, *others = _methods(found)
    lines = []
    for other in others:
        shared = {(row["name"], row["split"]) for row in found if row["method"] == other and "failed" not in row}
        both = [row for row in found if (row["name"], row["split"]) in shared]
        line = [other]
        for coverage in COVERAGES:
            own, its = (_means(both, method, "width", coverage) for method in (first, other))
            pairs = [(own[name], width) for name, width in its.items() if name in own]
            ratio = statistics.geometric_mean(a / b for a, b in pairs)
            line += [f"{sum(a <= b for a, b in pairs)} of {len(pairs)}", f"{ratio:.3f}"]
        lines.append(line)
    head = [part for coverage in COVERAGES for part in (f"{100 * float(coverage):g} %: at most as wide", "width")]
    return table([f"{first} against", *head], lines)


def temperature_table(found: Sequence[Row]) -> str:
    """Log loss and calibration error of the probabilities, and what a temperature would make of them."""
    rows = [row for row in found if "temperature" in row]
    lines = []
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row["temperature"] for row in rows if row["name"] == name]
        used = sum(one["used"] for one in own)
        means = [statistics.mean(one[kind] for one in own) for kind in TEMPERED]
        lines.append([name, f"{used} of {len(own)}", *(f"{mean:.4f}" for mean in means)])
    return table(["table", "beyond chance", *TEMPERED], lines)


TEMPERED = ("log loss", "with it", "by hindsight", "calibration error", "with it, calibration error")


if __name__ == "__main__":
    main()

"""How often is the truth inside what was promised, and how wide is that? Intervals of numbers and sets of classes.

    make benchmark-sureness                             (or: python benchmarks/sureness.py FOLDER)
    python benchmarks/sureness.py FOLDER --only NAME --splits 1 --methods leadline

Beside Leadline's: MAPIE around LightGBM (CV+ for numbers, cross-conformal sets of classes), CatBoost's quantiles, and
the fewest classes to which CatBoost gives the promised probability. FOLDER holds tables as for tables.py, whose splits
these are. Prints coverage against the promise and widths (in standard deviations of the target; for classes how many
are in a set), then what a temperature fitted on the rows that networks left out would do to probabilities, and writes
results/sureness.json. What is there of an earlier run with the same options and code is not computed again. Seconds are
the processor's where a method has one core, and the clock's otherwise.
"""

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import Worker, earlier, finish, hold_to, is_current, own_cores, stamp, table, write_json
from real_tables import DATA, chosen

PACKAGES = ("leadline", "scikit-learn", "numpy", "lightgbm", "catboost", "mapie")
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
    parser.add_argument("--only", help="tables, with commas, or 'fifteen' for those of README.md")
    parser.add_argument("--methods", default=",".join(USUAL), help=f"some of {', '.join(METHODS)}, with commas")
    parser.add_argument("--splits", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--first-split", type=int, default=0)
    parser.add_argument("--max-train", type=int, default=4000, help="training rows at most (default 4,000)")
    parser.add_argument("--cores", type=int, default=1, help="for each method (default 1)")
    parser.add_argument("--out", default="sureness", help="name of the file in results/ (default sureness)")
    options = parser.parse_args()
    hold_to(own_cores()[: options.cores])
    names = chosen(options.folder, options.only)
    pieces = [
        {"name": name, "split": split, "max_train": options.max_train}
        for split in range(options.first_split, options.first_split + options.splits)
        for name in names
    ]
    measure(options, [name for name in METHODS if name in options.methods.split(",")], pieces)


def measure(options: Any, methods: Sequence[str], pieces: list[Row]) -> None:
    """Make a row for each method, table and split, but for those of an earlier run, and print what all of them say."""
    setting = {"max_train": options.max_train, "cores": options.cores}
    record = earlier(options.out)
    if record.get("setting") != setting:
        record = {"setting": setting, "rows": []}
    # What was measured of these methods with other code goes.
    record["rows"] = [row for row in record["rows"] if row["method"] not in methods or is_current(row)]
    known = {(row["method"], row["name"], row["split"]) for row in record["rows"]}
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
                row = {"method": method, **piece, **workers[method].answer(), **stamp()}
                record["rows"].append(row)
                print(
                    f"  {piece['name']} {piece['split']}  {method}: {row.get('failed') or row['coverage']}", flush=True
                )
                write_json(options.out, record, PACKAGES, finished=False)
    finally:
        for worker in workers.values():
            worker.stop()
    finish(options.out, record, PACKAGES, report)


def report(record: Row) -> dict[str, str]:
    """The first method table by table, it beside the others on the splits that these have, costs, and a temperature."""
    rows = record["rows"]
    order = {method: i for i, method in enumerate(METHODS)}
    found = sorted(rows, key=lambda row: order[row["method"]])
    blocks = {"": table_by_table(found), "costs": coverage_table(found)}
    if len(_methods(found)) > 1:
        blocks["peers"] = against_peers(found)
    if any("temperature" in row for row in found):
        blocks["temperature"] = temperature_table(found)
    return blocks


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
    """Coverage and width of the first method on every table, and the means over tables of numbers and of classes."""
    first = _methods(found)[0]
    own = [row for row in found if row["method"] == first and "failed" not in row]
    numbers = dict.fromkeys(row["name"] for row in own if row["task"] == "regression")
    classes = dict.fromkeys(row["name"] for row in own if row["task"] != "regression")
    held, bare, width = (
        {coverage: _means(own, first, kind, coverage) for coverage in COVERAGES}
        for kind in ("coverage", "bare", "width")
    )

    def cells(names: Mapping[str, None], empty: bool) -> list[str]:
        """The mean coverage over some tables, where sets may be empty if said so."""
        return [
            f"{100 * statistics.mean((bare if empty and name in bare[c] else held)[c][name] for name in names):.1f}"
            for c in COVERAGES
        ]

    lines = []
    for kind, names in (("numbers", numbers), ("classes", classes)):
        for name in names:
            lines.append([name, *(f"{100 * held[c][name]:.1f}, {width[c][name]:.3g}" for c in COVERAGES)])
        if names:
            lines.append([f"**the {len(names)} of {kind}**", *cells(names, False)])
    if classes:
        lines.append([f"the {len(classes)} of classes, if sets could be empty", *cells(classes, True)])
    if numbers and classes:
        every = {**numbers, **classes}
        lines.append([f"**all {len(every)}**", *cells(every, False)])
        lines.append([f"all {len(every)}, if sets could be empty", *cells(every, True)])
    return table([f"{first}: held, width", *(f"{100 * float(c):g} %" for c in COVERAGES)], lines)


def against_peers(found: Sequence[Row]) -> str:
    """The first method beside each other one, on the splits that both have.

    On how many tables its intervals and sets are at most as wide, the mean ratio of widths, and what both hold.
    """
    first, *others = _methods(found)
    lines = []
    for other in others:
        pieces = [
            {(row["name"], row["split"]) for row in found if row["method"] == method and "failed" not in row}
            for method in (first, other)
        ]
        both = [row for row in found if (row["name"], row["split"]) in pieces[0] & pieces[1]]
        narrower, ratio = [], []
        for c in COVERAGES:
            own, its = (_means(both, method, "width", c) for method in (first, other))
            narrower.append(f"{sum(own[name] <= its[name] for name in its)} of {len(its)}")
            ratio.append(f"{statistics.geometric_mean(own[name] / its[name] for name in its):.3f}")
        lines += [[f"{other}: at most as wide", *narrower], ["width", *ratio]]
        for kind in ("numbers", "classes"):
            rows = [row for row in both if (row["task"] == "regression") == (kind == "numbers")]
            if rows:
                held = [
                    ", ".join(
                        f"{100 * statistics.mean(_means(rows, method, 'coverage', c).values()):.1f}"
                        for method in (first, other)
                    )
                    for c in COVERAGES
                ]
                lines.append([f"held, {kind}: {first}, {other}", *held])
    return table([f"{first} against", *(f"{100 * float(c):g} %" for c in COVERAGES)], lines)


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

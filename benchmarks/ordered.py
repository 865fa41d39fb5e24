"""How strong are methods on later rows and on groups that they have not seen, and do folds say so beforehand?

    make benchmark-ordered                              (or: python benchmarks/ordered.py FOLDER)
    python benchmarks/ordered.py FOLDER --only NAME --methods leadline,lightgbm

FOLDER holds tables as for tables.py (package_tables.py writes some), whose index names a column of `time` or of
`group`. Test rows are the last quarter in time, or a quarter of the groups; the column itself is no input, as with
`leadline fit --time` and `--group`, but where the method says otherwise. The search, and the number of boosted trees,
are judged by folds that keep the order and the groups, and by folds drawn at random. Prints the errors, and the loss of
the test rows as a multiple of what the folds have told: 1 is honest, more than 1 promised too much. Writes
results/ordered.json; what is there of an earlier run with the same options is not computed again.
"""

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import Worker, earlier, finish, hold_to, is_current, own_cores, stamp, table, write_json
from real_tables import DATA, entries

# Folds of the search, and boosted trees at most, with those that may follow the best.
FOLDS, TREES, PATIENCE = 5, 1000, 50
PACKAGES = ("leadline", "scikit-learn", "numpy", "lightgbm", "catboost")


@dataclass(frozen=True)
class Method:
    """An estimator, what its folds keep ("own": order or groups; "random": neither), and what becomes of the time."""

    estimator: str
    folds: str = ""
    column: str = "left out"


METHODS: Mapping[str, Method] = {
    "leadline": Method("leadline"),
    "leadline-folds": Method("leadline", "own"),
    "search": Method("search", "own"),
    "search-random": Method("search", "random"),
    "lightgbm": Method("lightgbm"),
    "lightgbm-folds": Method("lightgbm", "own"),
    "lightgbm-random": Method("lightgbm", "random"),
    "catboost": Method("catboost"),
    "catboost-folds": Method("catboost", "own"),
    "catboost-random": Method("catboost", "random"),
    "leadline, time": Method("leadline", column="an input"),
    "leadline, time to the last": Method("leadline", column="no later than trained on"),
    "lightgbm, time": Method("lightgbm", column="an input"),
    "catboost, time": Method("catboost", column="an input"),
}
METRICS = {"binary": "1 − AUC", "multiclass": "log loss", "regression": "RMSE / std"}
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--only", help="tables, with commas")
    parser.add_argument("--methods", help=f"some of these, with semicolons: {'; '.join(METHODS)}")
    parser.add_argument("--splits", type=int, default=1, help="how many draws of rows and groups (default 1)")
    parser.add_argument("--first-split", type=int, default=0)
    parser.add_argument("--max-train", type=int, default=2000, help="training rows at most (default 2,000)")
    parser.add_argument("--max-depth", type=int, default=3, help="of the search (default 3)")
    parser.add_argument("--candidates", type=int, default=4, help="of the search (default 4)")
    parser.add_argument("--cores", type=int, default=1, help="for each method (default 1)")
    parser.add_argument("--out", default="ordered", help="name of the file in results/ (default ordered)")
    options = parser.parse_args()
    hold_to(own_cores()[: options.cores])
    names = [entry["name"] for entry in entries(options.folder) if entry.get("time") or entry.get("group")]
    wanted = options.only.split(",") if options.only else names
    unknown = [name for name in wanted if name not in names]
    if unknown or not names:
        parser.error(f"{options.folder} has no table {unknown or ''} with a time or groups; it has {', '.join(names)}")
    methods = options.methods.split(";") if options.methods else list(METHODS)
    pieces = [
        {"name": name, "split": split, "max_train": options.max_train}
        for split in range(options.first_split, options.first_split + options.splits)
        for name in wanted
    ]
    measure(options, methods, pieces)


def report(record: dict[str, Any]) -> dict[str, str]:
    """The errors of the methods that the last run asked for, what the time adds, and how honest their folds were."""
    found = [row for row in record["rows"] if row["method"] in record["methods"] and row["name"] in record["tables"]]
    with_time = {row["method"] for row in found if METHODS[row["method"]].column != "left out"}
    without = {method.partition(",")[0] for method in with_time}
    usual = error_table([row for row in found if row["method"] not in with_time])
    time = error_table([row for row in found if row["by"] == "time" and row["method"] in with_time | without])
    return {"": usual, **({"time": time} if with_time else {}), "honesty": honesty_table(found)}


def measure(options: Any, methods: Sequence[str], pieces: Sequence[Row]) -> None:
    """Make a row for each method, table and split, but for those of an earlier run, and print what they say."""
    setting = {name: getattr(options, name) for name in ("max_train", "max_depth", "candidates", "cores")}
    before = earlier(options.out)
    rows: list[Row] = before["rows"] if before.get("setting") == setting else []
    # What was measured of these methods with other code goes.
    rows = [row for row in rows if row["method"] not in methods or is_current(row)]
    known = {(row["method"], row["name"], row["split"]) for row in rows}
    names = list(dict.fromkeys(piece["name"] for piece in pieces))
    record = {"setting": setting, "methods": list(methods), "tables": names}
    timed = [entry["name"] for entry in entries(options.folder) if entry.get("time")]
    workers = {}
    try:
        for method in methods:
            for piece in pieces:
                no_time = METHODS[method].column != "left out" and piece["name"] not in timed
                if no_time or (method, piece["name"], piece["split"]) in known:
                    continue
                if method not in workers:
                    given = {"folder": str(options.folder), "method": method, "cores": options.cores}
                    given |= {"max_depth": options.max_depth, "candidates": options.candidates}
                    workers[method] = Worker("ordered_contenders:Contender", given, options.cores)
                    workers[method].answer()
                workers[method].ask(json.dumps(piece))
                row = {"method": method, **piece, **workers[method].answer(), **stamp()}
                rows.append(row)
                print(f"  {piece['name']} {piece['split']}  {method}: {row.get('failed') or row['error']}", flush=True)
                write_json(options.out, {**record, "rows": rows}, PACKAGES, finished=False)
            if method in workers:
                workers.pop(method).stop()
    finally:
        for worker in workers.values():
            worker.stop()
    finish(options.out, {**record, "rows": rows}, PACKAGES, report)


def _mean(found: Sequence[Row], name: str, method: str, kind: str) -> float | None:
    own = [row[kind] for row in found if (row["name"], row["method"]) == (name, method) and kind in row]
    return statistics.mean(own) if own else None


def error_table(found: Sequence[Row]) -> str:
    """The error of each method on each table."""
    methods = list(dict.fromkeys(row["method"] for row in found))
    lines = []
    for name in dict.fromkeys(row["name"] for row in found):
        own = next(row for row in found if row["name"] == name)
        errors = [_mean(found, name, method, "error") for method in methods]
        cells = ["" if error is None else f"{error:.4f}" for error in errors]
        lines.append([f"{name}, {METRICS[own['task']]}, by {own['by']}", *cells])
    return table(["table, error", *methods], lines)


def honesty_table(found: Sequence[Row]) -> str:
    """The loss of the test rows as a multiple of what the folds told, for those that have folds, and the depth."""
    told = [{**row, "honesty": row["loss"] / row["told"]} for row in found if "told" in row]
    methods = list(dict.fromkeys(row["method"] for row in told))
    lines = []
    for name in dict.fromkeys(row["name"] for row in told):
        line = [name]
        for method in methods:
            ratio = _mean(told, name, method, "honesty")
            depths = [
                f"L = {row['depth']}"
                for row in told
                if row["name"] == name and "depth" in row and row["method"] == method
            ]
            line.append("" if ratio is None else " ".join([f"{ratio:.3f}", *depths[:1]]))
        lines.append(line)
    each = [[row["honesty"] for row in told if row["method"] == method] for method in methods]
    lines.append(["geometric mean", *(f"{statistics.geometric_mean(own):.3f}" for own in each)])
    return table(["test loss ÷ told", *methods], lines) if lines[:-1] else ""


if __name__ == "__main__":
    main()

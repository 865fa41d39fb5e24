"""How strong are methods on real tables, and what do they cost? Any folder of tables, any scikit-learn estimator.

    make benchmark-tables                             (or: python benchmarks/tables.py FOLDER)
    python benchmarks/tables.py FOLDER --method "trees=lightgbm:LGBM{task}(verbose=-1)" --method "leadline"

FOLDER holds CSV files and an index.json (see README.md). All methods see the same splits, in turn, each in a process of
its own on as many cores as asked for. Seconds are the processor's where that is one core, and the clock's otherwise.
Prints a table of ranks and costs and one of the errors, and writes results/tables.json. What is there of an earlier run
with the same options and code is not computed again.
"""

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import Worker, earlier, finish, hold_to, is_current, own_cores, stamp, table, write_json
from real_tables import DATA, chosen

# {task} becomes Classifier or Regressor; what stands behind | is for regressions. `encoded` is for estimators that
# want numbers without gaps.
METHODS: Mapping[str, str] = {
    "leadline": "leadline:Deep{task}(random_state=seed)",
    "leadline-search": "leadline:DepthSearchCV(Deep{task}(random_state=seed))",
    "leadline-search-25": "leadline:DepthSearchCV(Deep{task}(random_state=seed), time_limit=25)",
    "linear": "sklearn.linear_model:encoded(LogisticRegression(max_iter=2000))|sklearn.linear_model:encoded(RidgeCV())",
    "tfidf": (
        "sklearn.linear_model:tfidf(LogisticRegressionCV(Cs=5, cv=3, max_iter=1000))"
        "|sklearn.linear_model:tfidf(RidgeCV(np.logspace(-2, 3, 6)))"
    ),
    "sklearn-mlp": "sklearn.neural_network:encoded(MLP{task}(random_state=seed))",
    "forest": "sklearn.ensemble:encoded(RandomForest{task}(random_state=seed))",
    "hist-boosting": "sklearn.ensemble:numbers(HistGradientBoosting{task}(random_state=seed))",
    "lightgbm": "lightgbm:numbers(LGBM{task}(random_state=seed, verbose=-1, n_jobs=cores))",
    "xgboost": "xgboost:numbers(XGB{task}(random_state=seed, enable_categorical=True, n_jobs=cores))",
    "catboost": (
        "catboost:words(CatBoost{task}(random_seed=seed, verbose=0, thread_count=cores, allow_writing_files=False))"
    ),
}
# What each part of the recipe is worth: the estimator without it.
WITHOUT: Mapping[str, str] = {
    "as it is": "",
    "numbers as they are": "numeric_embedding='none'",
    "piecewise-linear instead of periodic": "numeric_embedding='piecewise_linear'",
    "mean and deviation instead of robust scaling": "scaling='standard'",
    "one-hot categories only": "one_hot_up_to='all'",
    "no statistics of the target": "target_statistics=False",
    "no feature scale": "feature_scale=False",
    "no dropout": "dropout=0.0",
    "no weight decay": "weight_decay=0.0",
    "flat, then cosine dropout and decay": "dropout_schedule='flat_cosine', weight_decay_schedule='flat_cosine'",
    "beta_2 = 0.95": "beta_2=0.95",
    "constant learning rate": "learning_rate='constant'",
    "log-cosine learning rate": "learning_rate='log_cosine'",
    "NTK parametrization": "parametrization='ntk', learning_rate_init=0.04",
    "label smoothing 0.1": "{smoothing}",
    "free predictions": "{clipping}",
    "4 members": "members=4",
    "one network": "n_networks=1",
    "plain recipe, several networks": "recipe='plain', n_networks=8",
    "plain recipe": "recipe='plain'",
}
PACKAGES = (
    "leadline",
    "scikit-learn",
    "numpy",
    "lightgbm",
    "xgboost",
    "catboost",
    "interpret-core",
)
USUAL = ("leadline", "linear", "sklearn-mlp", "forest", "hist-boosting")
KINDS = (("binary", "multiclass"), ("regression",))
SMALLEST_ERROR = 1e-9
METRICS = {"binary": "1 − AUC", "multiclass": "log loss", "regression": "RMSE / std"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument(
        "--method", action="append", metavar="NAME[=MODULE:EXPRESSION]", help=f"known by name: {', '.join(METHODS)}"
    )
    parser.add_argument("--ablation", action="store_true", help="the recipe, and it without each of its parts")
    parser.add_argument("--only", help="tables, with commas, or 'fifteen' for those of README.md")
    parser.add_argument("--splits", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--first-split", type=int, default=0)
    parser.add_argument("--max-train", type=int, default=4000, help="training rows at most (default 4,000)")
    parser.add_argument("--cores", type=int, default=1, help="for each method (default 1)")
    parser.add_argument("--out", default="tables", help="name of the file in results/ (default tables)")
    options = parser.parse_args()
    methods = {name: METHODS.get(name, "") for name in USUAL}
    if options.method:
        named = (item.partition("=") for item in options.method)
        methods = {name: expression or METHODS.get(name, "") for name, _, expression in named}
    if options.ablation:
        methods = {name: _without(changes) for name, changes in WITHOUT.items()}
    for name, expression in methods.items():
        if ":" not in expression:
            parser.error(f"{name!r} is no known method; write NAME=MODULE:EXPRESSION")
    hold_to(own_cores()[: options.cores])
    pieces = [
        {"name": name, "split": split, "max_train": options.max_train}
        for name in chosen(options.folder, options.only)
        for split in range(options.first_split, options.first_split + options.splits)
    ]
    measure(options, methods, pieces)


def _without(changes: str) -> str:
    """The estimators with other parameters; what only one kind of them has is changed for that kind."""
    kinds = (("Classifier", "label_smoothing=0.1", ""), ("Regressor", "", "clip_predictions=False"))
    each = []
    for kind, smoothing, clipping in kinds:
        own = changes.format(smoothing=smoothing, clipping=clipping)
        each.append(f"leadline:Deep{kind}({own + ', ' if own else ''}random_state=seed)")
    return "|".join(each)


def measure(options: Any, methods: Mapping[str, str], pieces: list[dict[str, Any]]) -> None:
    """Make a row for each method, table and split, but for those of an earlier run, and print what they say."""
    setting = {"max_train": options.max_train, "cores": options.cores}
    record = earlier(options.out)
    if record.get("setting") != setting:
        record = {"setting": setting, "rows": []}
    record["methods"] = dict(methods)
    record["tables"] = list(dict.fromkeys(piece["name"] for piece in pieces))
    # What was measured of these methods with other code goes.
    record["rows"] = [row for row in record["rows"] if row["method"] not in methods or is_current(row)]
    known = {(row["method"], row["expression"], row["name"], row["split"]) for row in record["rows"]}
    workers = {}
    try:
        for piece in pieces:
            for method, expression in methods.items():
                if (method, expression, piece["name"], piece["split"]) in known:
                    continue
                if method not in workers:
                    given = {"folder": str(options.folder), "expression": expression, "cores": options.cores}
                    workers[method] = Worker("tables_contenders:Method", given, options.cores)
                    workers[method].answer()
                workers[method].ask(json.dumps(piece))
                row = {"method": method, "expression": expression, **piece, **workers[method].answer(), **stamp()}
                record["rows"].append(row)
                said = row["failed"] if "failed" in row else f"{row['error']:.4f}  {row['fit_seconds']:.1f} s"
                print(f"  {piece['name']} {piece['split']}  {method}: {said}", flush=True)
                write_json(options.out, record, PACKAGES, finished=False)
    finally:
        for worker in workers.values():
            worker.stop()
    finish(options.out, record, PACKAGES, report)


def report(record: dict[str, Any]) -> dict[str, str]:
    """Ranks and costs of the methods on the tables that the last run asked for, and their errors by table."""
    methods, names = record["methods"], record["tables"]
    found = [row for row in record["rows"] if methods.get(row["method"]) == row["expression"] and row["name"] in names]
    order = {method: i for i, method in enumerate(methods)}
    found.sort(key=lambda row: order[row["method"]])
    return {"": summary(found), "errors": error_table(found)}


def _ranks(found: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    """The rank of each method on every table and split that all have; ties share, and what failed is last."""
    by_piece: dict[Any, dict[str, float]] = defaultdict(dict)
    for row in found:
        by_piece[row["name"], row["split"]][row["method"]] = row.get("error", float("inf"))
    methods = {row["method"] for row in found}
    ranks: dict[str, list[float]] = {method: [] for method in methods}
    for errors in by_piece.values():
        if set(errors) == methods:
            for method, own in errors.items():
                better = sum(other < own for other in errors.values())
                ranks[method].append(1 + better + 0.5 * (sum(other == own for other in errors.values()) - 1))
    return ranks


def summary(found: Sequence[dict[str, Any]]) -> str:
    """A line for each method: rank, how often the first one is better, error and time against it, costs with range."""
    ranks, lines = _ranks(found), []
    first = found[0]["method"]
    by_method: dict[str, dict[Any, dict[str, Any]]] = defaultdict(dict)
    for row in found:
        by_method[row["method"]][row["name"], row["split"]] = row
    for method in sorted(by_method, key=lambda method: statistics.mean(ranks[method])):
        own, base = by_method[method], by_method[first]
        both = [(base[key], own[key]) for key in base if key in own and "error" in own[key] and "error" in base[key]]
        wins = sum(a["error"] < b["error"] for a, b in both)
        error = statistics.stdev(ranks[method]) / len(ranks[method]) ** 0.5 if len(ranks[method]) > 1 else float("nan")
        fits = [row["fit_seconds"] for row in own.values() if "fit_seconds" in row]
        predicts = [row["predict_seconds"] for row in own.values() if "predict_seconds" in row]
        apart = [row["calibration"] for row in own.values() if "calibration" in row]
        memory = max((row["peak_mib"] for row in own.values() if "peak_mib" in row), default=0)
        times = _median([b["fit_seconds"] / a["fit_seconds"] for a, b in both])
        pairs = [max(b["error"], SMALLEST_ERROR) / max(a["error"], SMALLEST_ERROR) for a, b in both]
        errors = [
            _mean_ratio([r for r, (a, _) in zip(pairs, both, strict=True) if a["task"] in kind]) for kind in KINDS
        ]
        against = [""] * (3 + len(KINDS) - 1) if method == first else [f"{wins}/{len(both)}", *errors, f"{times:.3g}"]
        lines.append(
            [
                method,
                f"{statistics.mean(ranks[method]):.2f} ± {error:.2f}",
                *against,
                f"{_median(fits):.2f} ({min(fits):.2g}-{max(fits):.3g})" if fits else "failed",
                f"{_median(predicts):.3f}",
                f"{statistics.mean(apart):.3f}" if apart else "",
                f"{memory}",
            ]
        )
    compared = [f"{first} better", "error, classes", "error, numbers", "time"]
    head = ["method", "mean rank", *compared, "fit, s", "predict, s", "calibration", "MiB"]
    return table(head, lines)


def _mean_ratio(ratios: Sequence[float]) -> str:
    return f"{statistics.geometric_mean(ratios):.3f}" if ratios else ""


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")


def error_table(found: Sequence[dict[str, Any]]) -> str:
    """The mean error of each method on each table, with its range over the splits, and the median seconds of a fit."""
    methods = list(dict.fromkeys(row["method"] for row in found))
    cells: dict[Any, list[float]] = defaultdict(list)
    seconds: dict[Any, list[float]] = defaultdict(list)
    kinds = {}
    for row in found:
        cells[row["name"], row["method"]].append(row.get("error", float("nan")))
        seconds[row["name"], row["method"]].append(row.get("fit_seconds", float("nan")))
        kinds[row["name"]] = METRICS[row["task"]]
    lines = []
    for name, metric in kinds.items():
        line = [f"{name}, {metric}"]
        for method in methods:
            own = cells.get((name, method), [])
            spread = f" ({min(own):.3g}-{max(own):.3g})" if len(own) > 1 else ""
            took = f", {_median(seconds[name, method]):.2g} s"
            line.append(f"{statistics.mean(own):.4f}{spread}{took}" if own else "")
        lines.append(line)
    return table(["table, error, fit", *methods], lines)


if __name__ == "__main__":
    main()

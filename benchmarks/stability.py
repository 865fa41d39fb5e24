"""Is the answer the same when everything is drawn anew? Ten seeds on each of eight real tables.

    make benchmark-stability             (or: python benchmarks/stability.py --data FOLDER --only abalone)

Training rows, folds and candidates are drawn by the seed; each search is DepthSearchCV with all defaults. Prints a
table and writes results/stability.json after every search; a run that was stopped goes on from there. Seconds are the
processor's. README.md has the last figures.
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from harness import earlier, finish, is_current, stamp, table, write_json
from real_tables import DATA, draw
from sklearn.metrics import log_loss, root_mean_squared_error

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV

TABLES = (
    "titanic",
    "pima_diabetes",
    "airfoil",
    "yeast",
    "abalone",
    "wine_quality_white",
    "phoneme",
    "california_housing",
)
TRAINING_ROWS, TEST_ROWS, SEEDS = 2000, 4000, 10
PACKAGES = ("leadline", "numpy", "scikit-learn")


def search_one(folder: Path, name: str, seed: int) -> dict[str, Any]:
    """One search, and the test loss of every depth that it judged."""
    drawn = draw(folder, name, TRAINING_ROWS, TEST_ROWS, seed)
    kind = DeepClassifier if drawn.classes else DeepRegressor
    start = time.process_time()
    search = DepthSearchCV(kind(random_state=seed)).fit(drawn.X_train, drawn.y_train)
    losses = {}
    for L in search.models_:
        model = search.estimator_at(L)
        if drawn.classes:
            losses[L] = float(log_loss(drawn.y_test, model.predict_proba(drawn.X_test), labels=model.classes_))
        else:
            losses[L] = float(root_mean_squared_error(drawn.y_test, model.predict(drawn.X_test)))
    return {
        "seed": seed,
        "L": search.best_depth_,
        "one_standard_error": search.verdict_.one_standard_error_depth,
        "best": search.verdict_.best_depth,
        "confidence": search.verdict_.as_good[search.best_depth_],
        "repeats": search.n_repeats_,
        "losses": losses,
        "errors": {L: search.comparison_.difference(search.best_depth_, L)[1] for L in search.models_},
        "decided": search.verdict_.decided,
        "rows": [len(drawn.X_train), len(drawn.X_test)],
        "seconds": time.process_time() - start,
    }


def summarise(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What the runs of one table say together; depths of losses are keys in text, as JSON has them."""
    chosen = [run["L"] for run in runs]
    often_best = Counter(min(run["losses"], key=run["losses"].__getitem__) for run in runs).most_common(1)[0][0]
    worse, errors = [], []
    for run in runs:
        if often_best in run["losses"]:
            worse.append(run["losses"][str(run["L"])] - run["losses"][often_best])
            errors.append(run["errors"][often_best])
    return {
        "range": max(chosen) - min(chosen),
        "commonest": Counter(chosen).most_common(1)[0][1],
        "often_best": int(often_best),
        "worse": float(np.mean(worse)),
        "standard_error": float(np.mean(errors)),
        "loss": float(np.mean([run["losses"][str(run["L"])] for run in runs])),
        "above_best": float(np.mean([run["losses"][str(run["L"])] / min(run["losses"].values()) - 1 for run in runs])),
        "undecided": sum(not run["decided"] for run in runs),
    }


def report(record: dict[str, Any]) -> dict[str, str]:
    """A line for each table, and the means over the tables."""
    lines, facts = [], []
    for name in (name for name in TABLES if record.get(name)):
        runs = record[name]
        own = summarise(runs)
        facts.append({**own, "share": own["commonest"] / len(runs)})
        lines.append(
            [
                f"{name}, {runs[0]['rows'][0]:,}",
                ", ".join(f"L = {L}: {n}" for L, n in sorted(Counter(run["L"] for run in runs).items())),
                f"{own['undecided']} of {len(runs)}",
                f"{own['range']}",
                f"{own['commonest']} of {len(runs)}",
                f"L = {own['often_best']}",
                f"{own['worse']:+.2g} ({own['worse'] / own['standard_error']:+.1f} s.e.)" if own["worse"] else "0",
                f"{own['above_best']:.2%}",
                f"{np.median([run['seconds'] for run in runs]):.0f}",
            ]
        )
    means = {kind: np.mean([own[kind] for own in facts]) for kind in ("range", "share", "above_best")}
    lines.append(
        ["**mean**", "", "", f"{means['range']:.2f}", f"{means['share']:.0%}", "", "", f"{means['above_best']:.2%}", ""]
    )
    head = ["table, rows", "answers", "undecided", "range", "commonest", "best most often", "against that"]
    return {"": table([*head, "loss above the best judged depth", "processor, s (median)"], lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the tables and their index.json")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--only", action="append", choices=TABLES)
    options = parser.parse_args()
    record = earlier("stability")
    for name in options.only or TABLES:
        # What was measured with other code goes; what is there is not searched again.
        record[name] = [run for run in record.get(name, []) if is_current(run)]
        known = {run["seed"] for run in record[name]}
        for seed in (seed for seed in range(options.seeds) if seed not in known):
            run = json.loads(json.dumps(search_one(options.data, name, seed)))
            record[name].append({**run, **stamp()})
            write_json("stability", record, PACKAGES, finished=False)
            print(f"  {name}: {run}", flush=True)
    finish("stability", record, PACKAGES, report)


if __name__ == "__main__":
    main()

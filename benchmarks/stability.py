"""Is the answer the same when everything is drawn anew? Ten seeds on each of eight real tables.

    make benchmark-stability             (or: python benchmarks/stability.py --data FOLDER --only abalone)

Training rows, folds and candidates are drawn by the seed; each search is DepthSearchCV with all defaults. Prints a
table and writes results/stability.json. README.md has the last figures.
"""

import argparse
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from harness import earlier, machine, table, versions, write_json
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


def search_one(folder: Path, name: str, seed: int) -> dict[str, Any]:
    """One search, and the test loss of every depth that it judged."""
    drawn = draw(folder, name, TRAINING_ROWS, TEST_ROWS, seed)
    kind = DeepClassifier if drawn.classes else DeepRegressor
    start = time.perf_counter()
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
        "seconds": time.perf_counter() - start,
    }


def summarise(runs: list[dict[str, Any]]) -> dict[str, float]:
    """What the runs of one table say together."""
    chosen = [run["L"] for run in runs]
    often_best = Counter(min(run["losses"], key=run["losses"].get) for run in runs).most_common(1)[0][0]
    worse, errors = [], []
    for run in runs:
        if often_best in run["losses"]:
            worse.append(run["losses"][run["L"]] - run["losses"][often_best])
            errors.append(run["errors"][often_best])
    return {
        "range": max(chosen) - min(chosen),
        "commonest": Counter(chosen).most_common(1)[0][1] * 10 / len(chosen),
        "often_best": often_best,
        "worse": float(np.mean(worse)),
        "standard_error": float(np.mean(errors)),
        "loss": float(np.mean([run["losses"][run["L"]] for run in runs])),
        "above_best": float(np.mean([run["losses"][run["L"]] / min(run["losses"].values()) - 1 for run in runs])),
        "undecided": sum(not run["decided"] for run in runs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the tables and their index.json")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--only", action="append", choices=TABLES)
    options = parser.parse_args()
    record: dict[str, Any] = earlier("stability") if options.only else {}
    record |= {"machine": machine(), "versions": versions("leadline", "numpy", "scikit-learn")}
    lines, facts = [], []
    for name in options.only or TABLES:
        runs = []
        for seed in range(options.seeds):
            runs.append(search_one(options.data, name, seed))
            shown = {key: value for key, value in runs[-1].items() if key != "errors"}
            print(f"  {name}: {shown}", flush=True)
        facts.append(summarise(runs))
        own = facts[-1]
        lines.append(
            [
                name,
                f"{runs[0]['rows'][0]:,}",
                ", ".join(f"L = {L}: {n}" for L, n in sorted(Counter(run["L"] for run in runs).items())),
                f"{own['undecided']:.0f}",
                f"{own['range']:.0f}",
                f"{own['commonest']:.0f} of 10",
                f"{own['loss']:.4g}",
                f"L = {own['often_best']:.0f}",
                f"{own['worse']:+.2g} ({own['worse'] / own['standard_error']:+.1f} s.e.)" if own["worse"] else "0",
                f"{own['above_best']:.2%}",
                f"{np.median([run['seconds'] for run in runs]):.0f}",
            ]
        )
        record[name] = {"runs": runs, "summary": own}
    head = ["table", "rows", "answers", "undecided", "range", "commonest", "test loss", "best most often"]
    head += ["against that", "above the best of each search", "seconds"]
    print("\n" + table(head, lines))
    print(
        f"\nmean range of the answer {np.mean([own['range'] for own in facts]):.2f}; commonest answer in "
        f"{np.mean([own['commonest'] for own in facts]):.1f} of 10 seeds on average; loss above the best judged depth "
        f"{np.mean([own['above_best'] for own in facts]):.2%}"
    )
    print(f"written to {write_json('stability', record)}")


if __name__ == "__main__":
    main()

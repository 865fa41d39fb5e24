"""Which way of halving finds the good candidates, and at what cost? Nine real tables, depths 2 to 4, eight candidates.

    make benchmark-rungs             (or: python benchmarks/rungs.py --data FOLDER --only abalone)

Every candidate is trained on every fold with a quarter, half and all of the epochs. From these results each way of
halving is played: what it would have trained, and whom it would have chosen. Prints a table and writes
results/rungs.json. README.md has the last figures.
"""

import argparse
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from harness import cores, machine, table, versions, write_json
from real_tables import DATA, draw

from leadline.estimators.base import read_input
from leadline.search import Metric, Problem, draw_candidates, make_folds
from leadline.search.verdict import epochs_read
from leadline.training import Hyperparameters, Stop, Task, plan_for, train

# table and training rows
TABLES = {
    "titanic": 1000,
    "pima_diabetes": 700,
    "airfoil": 1200,
    "spam": 2000,
    "phoneme": 3000,
    "abalone": 2500,
    "yeast": 1200,
    "california_housing": 3000,
    "wine_quality_white": 2500,
}
FOLDS, CANDIDATES, SEED = 5, 8, 1
EPOCHS, SHARES, DEPTHS = 100, (0.25, 0.5, 1.0), (2, 3, 4)

# Each rung: share of the epochs, folds, candidates that enter.
WAYS: dict[str, list[tuple[float, int, int]]] = {
    "all candidates, all folds": [(1.0, 5, 8)],
    "1/4 of the epochs on 2 folds, 2 on 5": [(0.25, 2, 8), (1.0, 5, 2)],
    "1/2 of the epochs on 1 fold, 1 on 5": [(0.5, 1, 8), (1.0, 5, 1)],
    "1/2 of the epochs on 2 folds, 4 on 2, 1 on 5": [(0.5, 2, 8), (1.0, 2, 4), (1.0, 5, 1)],
    "1/2 of the epochs on 1 fold, 4 on 1, 2 on 5": [(0.5, 1, 8), (1.0, 1, 4), (1.0, 5, 2)],
    "1 fold, 1 on 5": [(1.0, 1, 8), (1.0, 5, 1)],
    "1 fold, 2 on 5": [(1.0, 1, 8), (1.0, 5, 2)],
    "1 fold, 3 on 2, 1 on 5 (Leadline's)": [(1.0, 1, 8), (1.0, 2, 3), (1.0, 5, 1)],
    "1 fold, 3 on 2, 2 on 5": [(1.0, 1, 8), (1.0, 2, 3), (1.0, 5, 2)],
    "2 folds, 1 on 5": [(1.0, 2, 8), (1.0, 5, 1)],
    "the estimator's own settings": [(1.0, 5, 1)],
}
REFERENCE = "all candidates, all folds"


class Trained(NamedTuple):
    """A candidate's curves on all folds at some share of the epochs, and what an epoch of it costs."""

    curves: list[Any]
    cost: float


def train_all(folder: Path, name: str) -> dict[tuple[int, int, float], Trained]:
    """Results by depth, candidate and share of the epochs."""
    drawn = draw(folder, name, TABLES[name], 1000, SEED)
    given = read_input(drawn.X_train, drawn.y_train, None, "classification" if drawn.classes else "regression")
    splits, _ = make_folds(given.all_y, given.kept, given.target, None, FOLDS, SEED)
    base = Hyperparameters(max_iter=EPOCHS).for_table(len(splits[0][0]), given.encoded.numbers.shape[1])
    metric = Metric(None, given.target)
    problem = Problem.build(given.encoded, given.y, given.w, given.target, metric, splits, base)

    def one(L: int, index: int, share: float) -> Trained:
        own = draw_candidates(base, CANDIDATES, SEED)[index].settings(base, L)
        own = replace(own, max_iter=round(share * EPOCHS))
        plan = plan_for(own, problem.inputs, given.target.n_scores, given.target.loss)
        tasks = [
            Task(own, (SEED, L, index, j, 0, own.max_iter), j, fold.train_rows, fold.validation_rows)
            for j, fold in enumerate(problem.judge.folds)
        ]
        curves = [result.curve for result in train(plan, tasks, problem.data, problem.judge, Stop())]
        return Trained(curves, float(plan.n_parameters))

    jobs = [(L, index, share) for L in DEPTHS for index in range(CANDIDATES) for share in SHARES]
    with ThreadPoolExecutor(cores()) as crew:
        return dict(zip(jobs, crew.map(lambda job: one(*job), jobs), strict=True))


def score(curves: Sequence[Any]) -> float:
    """As the search reads it: each fold where the others are best, a single one at its end."""
    read = epochs_read(curves)
    return float(np.mean([curve[epoch] for curve, epoch in zip(curves, read, strict=True)]))


def play(
    trained: dict[tuple[int, int, float], Trained], L: int, way: list[tuple[float, int, int]]
) -> tuple[int, float]:
    """The candidate that a way of halving chooses, and what it trains."""
    order, cost, done = list(range(CANDIDATES)), 0.0, set()
    for share, folds, entering in way:
        scores = {index: score(trained[L, index, share].curves[:folds]) for index in order[:entering]}
        for index in scores:
            for fold in range(folds):
                if (index, share, fold) not in done:
                    done.add((index, share, fold))
                    cost += trained[L, index, share].cost * len(trained[L, index, share].curves[fold])
        order = sorted(scores, key=lambda index: (-scores[index], index))
    return order[0], cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the tables and their index.json")
    parser.add_argument("--only", action="append", choices=list(TABLES))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    found: dict[str, dict[str, list[float]]] = {way: {"cost": [], "loss": []} for way in WAYS}
    names = options.only or list(TABLES)
    for name in names:
        trained = train_all(options.data, name)
        for way, rungs in WAYS.items():
            costs, losses = [], []
            for L in DEPTHS:
                full = [score(trained[L, index, 1.0].curves) for index in range(CANDIDATES)]
                chosen, cost = play(trained, L, rungs)
                costs.append(cost / play(trained, L, WAYS[REFERENCE])[1])
                losses.append((max(full) - full[chosen]) / abs(max(full)))
            found[way]["cost"].append(float(np.mean(costs)))
            found[way]["loss"].append(float(np.mean(losses)))
        print(f"  {name}", flush=True)
    lines = [
        [way, f"{np.mean(own['cost']):.2f}", f"{np.mean(own['loss']):.1%}", f"{max(own['loss']):.1%}"]
        for way, own in found.items()
    ]
    print("\n" + table(["", "cost", "worse than the best", "at most"], lines))
    record = {"machine": machine(), "versions": versions("leadline", "numpy"), "tables": names, **found}
    print(f"\nwritten to {write_json('rungs', record)}")


if __name__ == "__main__":
    main()

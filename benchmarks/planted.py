"""Does the search find a depth that is known? Data with a planted truth, one search for each seed, nothing tuned.

    make benchmark-planted             (or: python benchmarks/planted.py --seeds 40 --only exclusive-or)

Every search is DepthSearchCV with all defaults; data, folds and candidates are drawn by the seed. Prints a table and
writes results/planted.json. README.md has the last figures and what is expected.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from harness import earlier, machine, table, versions, write_json
from numpy.typing import NDArray

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.search import LEVEL, corrected_error

Array = NDArray[Any]

FEATURES, ROWS, TEACHER_ROWS, FRESH_ROWS = 10, 1000, 20_000, 20_000
TEACHER_WIDTH, TEACHER_NOISE = 16, 0.1


def linear(generator: np.random.Generator, X: Array) -> Array:
    return X @ generator.normal(size=FEATURES) + generator.normal(size=len(X))


def logistic(generator: np.random.Generator, X: Array) -> Array:
    scores = X @ generator.normal(size=FEATURES)
    return np.asarray(generator.random(len(X)) < 1 / (1 + np.exp(-scores)), int)


def exclusive_or(generator: np.random.Generator, X: Array) -> Array:
    return np.asarray((X[:, 0] > 0) ^ (X[:, 1] > 0), int)


def interaction(generator: np.random.Generator, X: Array) -> Array:
    return X[:, 0] * X[:, 1] + X[:, 2] + 0.5 * generator.normal(size=len(X))


def noise(generator: np.random.Generator, X: Array) -> Array:
    return generator.normal(size=len(X))


def noise_classes(generator: np.random.Generator, X: Array) -> Array:
    return generator.integers(0, 2, len(X))


def teacher(L: int) -> Callable[[np.random.Generator, Array], Array]:
    """A random network of depth L, tanh, whose outputs have variance 1, and a little noise."""

    def answer(generator: np.random.Generator, X: Array) -> Array:
        A = X
        for _ in range(L - 1):
            W = generator.normal(size=(A.shape[1], TEACHER_WIDTH)) * 2 / np.sqrt(A.shape[1])
            A = np.tanh(A @ W + 0.5 * generator.normal(size=TEACHER_WIDTH))
        y = A @ generator.normal(size=TEACHER_WIDTH)
        return np.asarray((y - y.mean()) / y.std() + TEACHER_NOISE * generator.normal(size=len(X)))

    return answer


@dataclass(frozen=True)
class Truth:
    """What is planted, and which outcomes are right; `depth` is a teacher's."""

    name: str
    draw: Callable[[np.random.Generator, Array], Array]
    classes: bool
    expected: str
    right: Callable[[dict[str, Any]], bool]
    seeds: int
    rows: int = ROWS
    depth: int = 0


TRUTHS = (
    Truth("linear model", linear, False, "L = 1", lambda run: run["L"] == 1, 40),
    Truth("logistic model", logistic, True, "L = 1", lambda run: run["L"] == 1, 40),
    Truth("exclusive-or of 2 of 10", exclusive_or, True, "L ≥ 2", lambda run: run["L"] >= 2, 40),
    Truth("smooth interaction", interaction, False, "L ≥ 2", lambda run: run["L"] >= 2, 40),
    Truth("noise, numbers", noise, False, "L = 1, nothing learned", lambda run: run["L"] == 1 and run["nothing"], 20),
    Truth(
        "noise, classes",
        noise_classes,
        True,
        "L = 1, nothing learned",
        lambda run: run["L"] == 1 and run["nothing"],
        20,
    ),
    *(
        Truth(
            f"teacher of depth {L}",
            teacher(L),
            False,
            f"as good as L = {L}",
            lambda run: run["as_good"],
            1,
            TEACHER_ROWS,
            L,
        )
        for L in (3, 4)
    ),
)


def search_one(truth: Truth, seed: int) -> dict[str, Any]:
    """One search, and what matters of it."""
    generator = np.random.default_rng([seed, sum(map(ord, truth.name))])
    fresh = FRESH_ROWS if truth.depth else 0
    X = generator.normal(size=(truth.rows + fresh, FEATURES))
    y = truth.draw(generator, X)
    kind = DeepClassifier if truth.classes else DeepRegressor
    start = time.perf_counter()
    search = DepthSearchCV(kind(random_state=seed)).fit(X[: truth.rows], y[: truth.rows])
    run: dict[str, Any] = {
        "seed": seed,
        "L": search.best_depth_,
        "nothing": search.verdict_.p_learned[search.best_depth_] >= LEVEL,
        "confidence": search.evidence_.answers[search.best_depth_],
        "judged": sorted(search.models_),
        "seconds": time.perf_counter() - start,
    }
    if truth.depth:
        run.update(_against_the_teachers_depth(truth, search, X[truth.rows :], y[truth.rows :]))
    return run


def _against_the_teachers_depth(truth: Truth, search: DepthSearchCV, X: Array, y: Array) -> dict[str, Any]:
    """RMSE on fresh rows by depth; as good: within one standard error of the difference over the folds."""
    errors = {L: float(np.sqrt(np.mean((search.estimator_at(L).predict(X) - y) ** 2))) for L in search.models_}
    if truth.depth not in errors:
        return {"rmse": errors, "as_good": False, "allowed": 0.0}
    results = search.results_
    difference = results[search.best_depth_].scores - results[truth.depth].scores
    allowed = corrected_error(difference, 1 / 4)
    worse = errors[search.best_depth_] - errors[truth.depth]
    return {"rmse": errors, "as_good": bool(worse <= allowed), "allowed": allowed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, help="seeds for each truth (default: 40, 20 for noise, 1 for teachers)")
    parser.add_argument("--only", action="append", help="a part of a truth's name; may be repeated")
    options = parser.parse_args()
    record: dict[str, Any] = earlier("planted") if options.only else {}
    record |= {"machine": machine(), "versions": versions("leadline", "numpy", "scikit-learn")}
    lines = []
    for truth in TRUTHS:
        if options.only and not any(part in truth.name for part in options.only):
            continue
        runs = []
        for seed in range(options.seeds or truth.seeds):
            runs.append(search_one(truth, seed))
            print(f"  {truth.name}, seed {seed}: {runs[-1]}", flush=True)
        chosen = Counter(run["L"] for run in runs)
        lines.append(
            [
                f"{truth.name}, {truth.rows:,} rows",
                truth.expected,
                f"{sum(truth.right(run) for run in runs)} of {len(runs)}",
                ", ".join(f"L = {L}: {n}" for L, n in sorted(chosen.items())),
                f"{np.mean([run['confidence'] for run in runs]):.0%}",
                f"{np.median([run['seconds'] for run in runs]):.1f}",
            ]
        )
        record[truth.name] = runs
    print("\n" + table(["planted", "right is", "right", "answers", "mean confidence", "seconds, median"], lines))
    print(f"\nwritten to {write_json('planted', record)}")


if __name__ == "__main__":
    main()

"""Does the search find a depth that is known? Data with a planted truth, one search for each seed, nothing tuned.

    make benchmark-planted             (or: python benchmarks/planted.py --seeds 40 --only exclusive-or)

Every search is DepthSearchCV with all defaults; data, folds and candidates are drawn by the seed. Prints a table and
writes results/planted.json after every search; a run that was stopped goes on from there. Seconds are the processor's.
README.md has the last figures and what is expected.
"""

import argparse
import dataclasses
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import earlier, finish, is_current, stamp, table, write_json
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.search import LEVEL

Array = NDArray[Any]

FEATURES, ROWS, TEACHER_ROWS, FRESH_ROWS = 10, 1000, 20_000, 20_000
TEACHER_WIDTH, TEACHER_NOISE = 16, 0.1
PACKAGES = ("leadline", "numpy", "scikit-learn")


def linear(generator: np.random.Generator, X: Array) -> Array:
    return X @ generator.normal(size=FEATURES) + generator.normal(size=len(X))


def logistic(generator: np.random.Generator, X: Array) -> Array:
    scores = X @ generator.normal(size=FEATURES)
    return np.asarray(generator.random(len(X)) < 1 / (1 + np.exp(-scores)), int)


def lognormal_columns(generator: np.random.Generator, X: Array) -> Array:
    X[:] = np.exp(X)
    return X @ generator.normal(size=FEATURES) + generator.choice([0.1, 0.3, 1.0]) * generator.normal(size=len(X))


def heavy_tails(generator: np.random.Generator, X: Array) -> Array:
    X[:] = generator.standard_t(3, size=X.shape)
    return X @ generator.normal(size=FEATURES) + generator.choice([0.1, 0.3, 1.0]) * generator.normal(size=len(X))


def outliers(generator: np.random.Generator, X: Array) -> Array:
    far = generator.random(len(X)) < 0.02
    X[far, 0] *= 100.0
    return X @ generator.normal(size=FEATURES) + generator.choice([0.1, 0.3, 1.0]) * generator.normal(size=len(X))


def skewed_classes(generator: np.random.Generator, X: Array) -> Array:
    X[:] = np.exp(X)
    scores = 0.5 * (X - X.mean(axis=0)) @ generator.normal(size=FEATURES)
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


@dataclasses.dataclass(frozen=True)
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
    linear: bool = False


# Of the table of teachers, as JSON has them.
DEPTHS = tuple(map(str, range(1, 8)))
# How much worse than scikit-learn's linear model L = 1 may be on fresh rows.
ALLOWED = 1.02


def _as_good_as_linear(run: dict[str, Any]) -> bool:
    return bool(run["L"] == 1 and run["against_linear"] <= ALLOWED)


TRUTHS = (
    Truth("linear model", linear, False, "L = 1", lambda run: run["L"] == 1, 40),
    Truth("logistic model", logistic, True, "L = 1", lambda run: run["L"] == 1, 40),
    *(
        Truth(name, draw, classes, "L = 1, as good as scikit-learn's", _as_good_as_linear, 5, 500, linear=True)
        for name, draw, classes in (
            ("lognormal columns", lognormal_columns, False),
            ("columns of t with 3 degrees", heavy_tails, False),
            ("a column with outliers", outliers, False),
            ("classes of lognormal columns", skewed_classes, True),
        )
    ),
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
    fresh = FRESH_ROWS if truth.depth or truth.linear else 0
    X = generator.normal(size=(truth.rows + fresh, FEATURES))
    y = truth.draw(generator, X)
    kind = DeepClassifier if truth.classes else DeepRegressor
    start = time.process_time()
    search = DepthSearchCV(kind(random_state=seed)).fit(X[: truth.rows], y[: truth.rows])
    run: dict[str, Any] = {
        "seed": seed,
        "L": search.best_depth_,
        "nothing": search.verdict_.p_learned[search.best_depth_] >= LEVEL,
        "confidence": search.verdict_.as_good[search.best_depth_],
        "judged": sorted(search.models_),
        "seconds": time.process_time() - start,
    }
    if truth.linear:
        run["against_linear"] = _against_linear(truth, search, X, y)
    if truth.depth:
        run.update(_against_the_teachers_depth(truth, search, X[truth.rows :], y[truth.rows :]))
    return run


def _against_linear(truth: Truth, search: DepthSearchCV, X: Array, y: Array) -> float:
    """The loss of L = 1 on fresh rows, as a multiple of that of scikit-learn's linear model."""
    n, own = truth.rows, search.estimator_at(1)
    if truth.classes:
        theirs = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)).fit(X[:n], y[:n])
        return float(log_loss(y[n:], own.predict_proba(X[n:])) / log_loss(y[n:], theirs.predict_proba(X[n:])))
    linear = LinearRegression().fit(X[:n], y[:n])
    errors = [root_mean_squared_error(y[n:], model.predict(X[n:])) for model in (own, linear)]
    return float(errors[0] / errors[1])


def _against_the_teachers_depth(truth: Truth, search: DepthSearchCV, X: Array, y: Array) -> dict[str, Any]:
    """RMSE on fresh rows by depth; as good: within one standard error of the difference over the folds."""
    errors = {L: float(np.sqrt(np.mean((search.estimator_at(L).predict(X) - y) ** 2))) for L in search.models_}
    if truth.depth not in errors:
        return {"rmse": errors, "as_good": False, "allowed": 0.0}
    _, allowed = search.comparison_.difference(search.best_depth_, truth.depth)
    worse = errors[search.best_depth_] - errors[truth.depth]
    return {"rmse": errors, "as_good": bool(worse <= allowed), "allowed": allowed}


def report(record: dict[str, Any]) -> dict[str, str]:
    """A line for each truth; and the errors of every depth where a network was the teacher."""
    lines, teachers = [], []
    for truth in (truth for truth in TRUTHS if record.get(truth.name)):
        runs = record[truth.name]
        answers = ", ".join(f"L = {L}: {n}" for L, n in sorted(Counter(run["L"] for run in runs).items()))
        against = [run["against_linear"] for run in runs if "against_linear" in run]
        lines.append(
            [
                f"{truth.name}, {truth.rows:,} rows",
                truth.expected,
                f"{sum(truth.right(run) for run in runs)} of {len(runs)}",
                answers,
                f"{max(against):.3f}" if against else "",
                f"{np.mean([run['confidence'] for run in runs]):.0%}",
                f"{np.median([run['seconds'] for run in runs]):.1f}",
            ]
        )
        teachers += [
            [truth.name, *(f"{run['rmse'][L]:.4f}" if L in run["rmse"] else "–" for L in DEPTHS), f"L = {run['L']}"]
            for run in runs
            if "rmse" in run
        ]
    head = ["planted", "right is", "right", "answers", "L = 1 against scikit-learn's, at most"]
    head += ["probability of being as good as the best", "processor, s (median)"]
    blocks = {"": table(head, lines)}
    if teachers:
        blocks["teachers"] = table(["RMSE on fresh rows", *(f"L = {L}" for L in DEPTHS), "answer"], teachers)
    return blocks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--seeds",
        type=int,
        help="at most, for each truth (default: 40, 20 for noise, 5 for skewed columns, 1 for teachers)",
    )
    parser.add_argument("--only", action="append", help="a part of a truth's name; may be repeated")
    options = parser.parse_args()
    record = earlier("planted")
    for truth in TRUTHS:
        if options.only and not any(part in truth.name for part in options.only):
            continue
        # What was measured with other code goes; what is there is not searched again.
        runs = record[truth.name] = [run for run in record.get(truth.name, []) if is_current(run)]
        known = {run["seed"] for run in runs}
        for seed in (seed for seed in range(min(options.seeds or truth.seeds, truth.seeds)) if seed not in known):
            runs.append({**json.loads(json.dumps(search_one(truth, seed))), **stamp()})
            write_json("planted", record, PACKAGES, finished=False)
            print(f"  {truth.name}, seed {seed}: {runs[-1]}", flush=True)
    finish("planted", record, PACKAGES, report)


if __name__ == "__main__":
    main()

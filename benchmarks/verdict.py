"""Is the verdict right, and are its figures what a reader takes them for? Planted data, judged on fresh rows.

    make benchmark-verdict             (or: python benchmarks/verdict.py --seeds 3 --rows 200 --only linear)

Two kinds of truth. *Nothing deeper*: linear models with Gaussian and heavy-tailed columns and noise, a class of 5 %,
idle columns, noise alone; L = 1 is the best there is. *Gains*: a linear model, and beside it products and waves that
lower the best possible RMSE by a given share. What a search delivers at each depth is judged on 20,000 fresh rows, so
that it is known which depth was the best, and by how much. Seconds are those of one core. Prints tables and writes
results/verdict.json after every search; a run that was stopped goes on from there.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from harness import cores, earlier, finish, is_current, stamp, table, write_json
from numpy.typing import NDArray

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.search import LEVEL

Array = NDArray[Any]

FRESH_ROWS, FEATURES, IDLE = 20_000, 8, 40
ROWS_OF_NULLS, ROWS_OF_GAINS = (200, 500, 2000), (500, 2000, 5000)
# Seeds from here on were not used to choose any rule.
FIRST_SEED = 1000
NOISE = 2.0


def linear(g: np.random.Generator, n: int) -> tuple[Array, Array]:
    X = g.normal(size=(n, FEATURES))
    return X, X @ g.normal(size=FEATURES) + NOISE * g.normal(size=n)


def heavy_tails(g: np.random.Generator, n: int) -> tuple[Array, Array]:
    X = g.standard_t(3, size=(n, FEATURES))
    return X, X @ g.normal(size=FEATURES) + NOISE * g.standard_t(3, size=n)


def idle_columns(g: np.random.Generator, n: int) -> tuple[Array, Array]:
    X = g.normal(size=(n, FEATURES + IDLE))
    return X, X[:, :FEATURES] @ g.normal(size=FEATURES) + NOISE * g.normal(size=n)


def _classes(g: np.random.Generator, scores: Array) -> Array:
    return np.asarray(g.random(len(scores)) < 1 / (1 + np.exp(-scores)), int)


def logistic(g: np.random.Generator, n: int) -> tuple[Array, Array]:
    X = g.normal(size=(n, FEATURES))
    return X, _classes(g, 0.7 * X @ g.normal(size=FEATURES))


def rare_class(g: np.random.Generator, n: int) -> tuple[Array, Array]:
    X = g.normal(size=(n, FEATURES))
    return X, _classes(g, 0.6 * X @ g.normal(size=FEATURES) - 3.6)


def noise(g: np.random.Generator, n: int) -> tuple[Array, Array]:
    return g.normal(size=(n, FEATURES)), g.normal(size=n)


def gain(share: float) -> Callable[[np.random.Generator, int], tuple[Array, Array]]:
    """What is not linear has the variance that makes the best linear RMSE larger than the noise by `share` of it."""
    size = NOISE * np.sqrt(1 / (1 - share) ** 2 - 1)

    def draw(g: np.random.Generator, n: int) -> tuple[Array, Array]:
        X = g.normal(size=(n, FEATURES))
        bent = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) * X[:, 3]
        return X, X @ g.normal(size=FEATURES) + size * bent / bent.std() + NOISE * g.normal(size=n)

    return draw


NULLS: dict[str, Callable[[np.random.Generator, int], tuple[Array, Array]]] = {
    "linear": linear,
    "heavy tails": heavy_tails,
    "idle columns": idle_columns,
    "logistic": logistic,
    "rare class": rare_class,
    "noise": noise,
}
GAINS = {f"gain of {share:.0%}": gain(share) for share in (0.03, 0.05, 0.1)}
CLASSES = ("logistic", "rare class")
PACKAGES = ("leadline", "numpy", "scikit-learn")


def loss(y: Array, predictions: Array, classes: bool) -> float:
    """Log loss, or RMSE."""
    if classes:
        return float(-np.log(np.maximum(predictions[np.arange(len(y)), y], 1e-15)).mean())
    return float(np.sqrt(np.mean((predictions - y) ** 2)))


def search_one(job: tuple[str, int, int]) -> dict[str, Any]:
    """One search on one core, and what matters of it."""
    name, n, seed = job
    g = np.random.default_rng([seed, n, *name.encode()])
    X, y = {**NULLS, **GAINS}[name](g, n + FRESH_ROWS)
    classes = name in CLASSES
    start = time.process_time()
    kind = DeepClassifier if classes else DeepRegressor
    search = DepthSearchCV(kind(random_state=seed), n_jobs=1).fit(X[:n], y[:n])
    seconds, fresh, verdict = time.process_time() - start, {}, search.verdict_
    for L in search.models_:
        model = search.estimator_at(L)
        fresh[L] = loss(y[n:], model.predict_proba(X[n:]) if classes else model.predict(X[n:]), classes)
    scores = {L: -float(search.results_[L].scores.mean()) for L in fresh}
    return {
        "name": name,
        "rows": n,
        "seed": seed,
        "seconds": seconds,
        "answer": search.best_depth_,
        "smallest": verdict.smallest,
        "decided": verdict.decided,
        "learned": verdict.p_learned[search.best_depth_] < LEVEL,
        "sentence": search.sentence_,
        "fresh": fresh,
        "scores": scores,
        "errors": verdict.standard_error,
        "gains": {L: search.comparison_.difference(L, 1) for L in fresh if L > 1},
        "as_good": verdict.as_good,
        "margin": verdict.margin,
        "optimism": search.evidence_.optimism,
    }


def _gain(run: dict[str, Any]) -> float:
    """How much better the best deeper depth delivers than L = 1, as a share of L = 1's loss."""
    return 1 - min(own for L, own in run["fresh"].items() if L != "1") / run["fresh"]["1"]


def summarise(runs: Sequence[dict[str, Any]]) -> dict[str, float]:
    """What some searches say together; depths are keys in text, as JSON has them."""
    z = [
        (run["gains"][L][0] - (run["fresh"]["1"] - run["fresh"][L])) / run["gains"][L][1]
        for run in runs
        for L in run["gains"]
    ]
    covered = [abs(run["scores"][L] - run["fresh"][L]) <= 2 * run["errors"][L] for run in runs for L in run["fresh"]]
    said, true = [], []
    for run in runs:
        best = min(run["fresh"].values())
        for L, chance in run["as_good"].items():
            if L in run["fresh"]:
                said.append(chance)
                true.append(run["fresh"][L] <= best + run["margin"])
    above = [run["fresh"][str(run["answer"])] / min(run["fresh"].values()) - 1 for run in runs]
    seen = [run["fresh"][str(run["answer"])] - run["scores"][str(run["answer"])] for run in runs]
    return {
        "searches": len(runs),
        "deeper": sum(run["smallest"] > 1 and run["answer"] > 1 and run["learned"] for run in runs),
        "undecided": sum(not run["decided"] for run in runs),
        "above_best": float(np.mean(above)),
        "z_deviation": float(np.sqrt(np.mean(np.square(z)))) if z else float("nan"),
        "covered": float(np.mean(covered)),
        "as_good_said": float(np.mean(said)),
        "as_good_true": float(np.mean(true)),
        "optimism_said": float(np.mean([run["optimism"] for run in runs])),
        "worse_on_fresh_rows": float(np.mean(seen)),
        "seconds": float(np.median([run["seconds"] for run in runs])),
    }


HEAD = (
    "searches",
    "more than L = 1",
    "undecided",
    "above the best",
    "error of a gain, true / said",
    "within ± 2 s.e.",
    "as good: said / true",
    "s",
)


def _line(name: str, own: dict[str, float]) -> list[str]:
    return [
        name,
        f"{own['searches']:.0f}",
        f"{own['deeper']:.0f}",
        f"{own['undecided']:.0f}",
        f"{own['above_best']:.2%}",
        f"{own['z_deviation']:.2f}",
        f"{own['covered']:.0%}",
        f"{own['as_good_said']:.0%} / {own['as_good_true']:.0%}",
        f"{own['seconds']:.1f}",
    ]


def report(record: dict[str, Any]) -> dict[str, str]:
    """A line for each truth and number of rows and one for all, of both kinds; and gains by what was delivered."""
    blocks = {}
    for what, chosen in (("nothing deeper", NULLS), ("gains", GAINS)):
        runs = [run for run in record["runs"] if run["name"] in chosen]
        lines = []
        for name in chosen:
            for n in sorted({run["rows"] for run in runs if run["name"] == name}):
                own = [run for run in runs if (run["name"], run["rows"]) == (name, n)]
                lines.append(_line(f"{name}, {n:,}", summarise(own)))
        if runs:
            lines.append(_line(f"**all, {what}**", summarise(runs)))
            blocks[what.replace(" ", "-")] = table(["truth, rows", *HEAD], lines)
    lines = []
    for low, high in ((0.0, 0.02), (0.02, 0.05), (0.05, 1.0)):
        own = [run for run in record["runs"] if run["name"] in GAINS and low < _gain(run) <= high]
        if own:
            said = sum(run["smallest"] > 1 and run["answer"] > 1 for run in own)
            lines.append([f"{low:.0%} to {high:.0%}", f"{said} of {len(own)}"])
    if lines:
        blocks["by-gain"] = table(["gain delivered on fresh rows", "more than L = 1"], lines)
    return blocks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=23, help="searches of each truth with nothing deeper and rows")
    parser.add_argument("--gain-seeds", type=int, default=4, help="and of each truth with a gain (default 4)")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--rows", type=int, action="append", help="numbers of rows (default: three for each truth)")
    parser.add_argument("--only", action="append", choices=[*NULLS, *GAINS])
    options = parser.parse_args()
    names = options.only or [*NULLS, *GAINS]

    def seeds_of(name: str) -> int:
        return options.gain_seeds if name in GAINS else options.seeds

    jobs = [
        (name, n, seed)
        for name in names
        for n in options.rows or (ROWS_OF_GAINS if name in GAINS else ROWS_OF_NULLS)
        for seed in range(options.first_seed, options.first_seed + seeds_of(name))
    ]
    # What was measured of these truths with other code goes; what is there of them is not searched again.
    record = earlier("verdict")
    record["runs"] = [run for run in record.get("runs", []) if run["name"] not in names or is_current(run)]
    known = {(run["name"], run["rows"], run["seed"]) for run in record["runs"]}
    with ProcessPoolExecutor(cores()) as pool:
        # as text, which is how it is read again: depths are keys
        for run in pool.map(search_one, [job for job in jobs if job not in known]):
            record["runs"].append({**json.loads(json.dumps(run)), **stamp()})
            write_json("verdict", record, PACKAGES, finished=False)
            print(f"  {run['name']}, {run['rows']:,} rows, seed {run['seed']}: {run['sentence']}", flush=True)
    finish("verdict", record, PACKAGES, report)


if __name__ == "__main__":
    main()

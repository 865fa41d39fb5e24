"""Comparisons: how far apart the scores of models are, and how well that is known.

Models are compared by their predictions for rows that they have not learned from. A score is the mean over the folds
of the scores there. It is a smooth function of means over rows, or made to be one, so every row (or group of rows) has
an *influence* on it: how much the score moves with the row's weight. The influences of n independent rows give the
covariance of all models' scores, paired row by row, C = Σ_i g_i g_iᵀ (Bayle, Bayle, Janson & Mackey 2020,
"Cross-validation confidence intervals for test error"; the infinitesimal jackknife). For scorers that are no means over
rows the influences are those of some blocks of rows, from the score without each (the delete-a-group jackknife).

How networks would differ that had learned from other rows is only in part in that. On planted truths it was enough
(benchmarks/choices.md): what the errors leave out, and what models of fewer rows lose, happen to weigh against depth.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from leadline.search.problem import Problem
from leadline.training import stream

__all__ = ["Comparison", "Judged", "Resampled", "compare"]

Array = NDArray[Any]

# Names this random stream apart from those of networks, whose keys are longer.
_STREAM = 2
# Blocks of rows of each fold, for scorers that are no means: each is called without each block.
BLOCKS = 10


@dataclass(frozen=True)
class Comparison:
    """Scores of several models on the same folds, and the covariance of their means.

    Attributes
    ----------
    models : tuple
        What they are called.
    scores : (D, J) array
        Of each model on each fold, greater is better.
    covariance : (D, D) array
        Of their means over the folds.
    failed : dict of model to str
        Those that were to be compared and whose score is not defined on a fold, and why.
    """

    models: tuple[Any, ...]
    scores: Array
    covariance: Array
    failed: Mapping[Any, str] = field(default_factory=dict)

    @property
    def means(self) -> Array:
        """The mean score of each model, (D,)."""
        return np.asarray(self.scores.mean(axis=1))

    def difference(self, a: Hashable, b: Hashable) -> tuple[float, float]:
        """How much better a is than b, and its standard error."""
        i, j = self.models.index(a), self.models.index(b)
        C = self.covariance
        variance = C[i, i] + C[j, j] - 2 * C[i, j]
        return float(self.means[i] - self.means[j]), float(np.sqrt(max(variance, 0.0)))

    def error(self, model: Hashable) -> float:
        """The standard error of a model's mean score."""
        i = self.models.index(model)
        return float(np.sqrt(self.covariance[i, i]))

    def draw(self, n: int, seed: int) -> Array:
        """What the true scores may be, (n, D): normal draws around the means."""
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        normal = stream((seed, _STREAM)).standard_normal((n, len(self.models)))
        return np.asarray(self.means + normal @ root.T)


class Judged(Protocol):
    """What a comparison needs to know of a problem: see `Problem`.

    Its metric is a `Metric`, or what has the same `score`, `attempt`, `is_mean`, `terms` and `gradient`.
    """

    @property
    def metric(self) -> Any:
        """What scores predictions."""

    @property
    def y(self) -> Array:
        """The truth, as the metric takes it."""

    @property
    def w(self) -> Array:
        """Weights of the rows."""

    @property
    def units(self) -> Array | None:
        """Rows of one number are one observation."""


def compare(
    problem: Judged,
    folds: Sequence[Array],
    predictions: Mapping[Any, Array],
    seed: int,
    check: Callable[[], None] = lambda: None,
) -> Comparison:
    """Compare models by their predictions.

    Parameters
    ----------
    problem : Problem, or what is `Judged` as one is
    folds : sequence of J arrays of int
        The rows of each fold.
    predictions : mapping of model to (n, k) array
        For every row of the folds that of a model which has not learned from it.
    seed : int
    check : callable
        Called between resamples; what it raises ends them.

    Returns
    -------
    Comparison
        Of the models whose score is defined on every fold; `failed` names the others.
    """
    own: dict[Any, list[float]] = {}
    failed: dict[Any, str] = {}
    for model, P in predictions.items():
        tried = [problem.metric.attempt(problem.y[r], P[r], problem.w[r]) for r in folds]
        bad = next((j for j, (_, reason) in enumerate(tried) if reason), None)
        if bad is None:
            own[model] = [score for score, _ in tried]
        else:
            where = f"fold {bad + 1}, {len(folds[bad])} rows"
            failed[model] = f"its {problem.metric.label} is not defined on {where} ({tried[bad][1]})"
    models = tuple(own)
    if not models:
        return Comparison((), np.zeros((0, len(folds))), np.zeros((0, 0)), failed)
    each, scores = [predictions[model] for model in models], np.array(list(own.values()))
    units = np.arange(len(problem.y)) if problem.units is None else problem.units
    if problem.metric.is_mean:
        influences = _of_rows(problem, folds, each, units, scores)
    else:
        influences = _of_blocks(problem, folds, each, units, scores, seed, check)
    n = int((np.abs(influences).max(axis=1) > 0).sum())
    covariance = influences.T @ influences * (n / max(n - 1, 1))
    return Comparison(models, scores, covariance, failed)


def _of_rows(problem: Judged, folds: Sequence[Array], each: Sequence[Array], units: Array, whole: Array) -> Array:
    """The influence of each unit on the models' mean scores, (units, D).

    Within a fold that is a single unit nothing varies: what counts is its score among those of the other folds, `whole`
    (D, J).
    """
    metric, total = problem.metric, np.zeros((int(units.max()) + 1, len(each)))
    for fold, rows in enumerate(folds):
        own = units[rows]
        n = len(np.unique(own))
        if n == 1:
            total[own[0]] += (whole[:, fold] - whole.mean(axis=1)) / len(folds)
            continue
        w = problem.w[rows] / problem.w[rows].sum()
        for d, P in enumerate(each):
            terms = metric.terms(problem.y[rows], P[rows])
            means = w @ terms
            influence = w * ((terms - means) @ metric.gradient(means)) / len(folds)
            np.add.at(total[:, d], own, influence * np.sqrt(n / (n - 1)))
    return total


def _of_blocks(
    problem: Judged,
    folds: Sequence[Array],
    each: Sequence[Array],
    units: Array,
    whole: Array,
    seed: int,
    check: Callable[[], None],
) -> Array:
    """The influence of blocks of units on the models' mean scores, (blocks, D), from the scores without each block.

    A fold that has no two blocks to be left out is a block itself, by its score among those of the other folds, `whole`
    (D, J).
    """
    generator, found = stream((seed, _STREAM)), []
    for fold, rows in enumerate(folds):
        different, unit = np.unique(units[rows], return_inverse=True)
        blocks = min(BLOCKS, len(different))
        block = (generator.permutation(len(different)) % blocks)[unit]
        without = []
        for b in range(blocks):
            check()
            rest = rows[block != b]
            without.append([_score(problem, rest, P) for P in each])
        scores = np.array(without)
        # where the score is not defined without a block nothing is known of the block
        scores = scores[np.isfinite(scores).all(axis=1)]
        blocks = len(scores)
        if blocks < 2:
            found.append((whole[:, fold] - whole.mean(axis=1))[None] / len(folds))
            continue
        found.append((scores.sum(axis=0) / blocks - scores) * np.sqrt((blocks - 1) / blocks) / len(folds))
    return np.concatenate(found)


def _score(problem: Judged, rows: Array, predictions: Array) -> float:
    """The score of some rows, NaN where it is not defined for them."""
    if not len(rows):
        return float("nan")
    return float(problem.metric.attempt(problem.y[rows], predictions[rows], problem.w[rows])[0])


class Resampled:
    """The mean scores of several models when the rows, or groups of rows, are drawn anew with replacement."""

    def __init__(self, problem: Problem, folds: Sequence[Array], each: Sequence[Array]) -> None:
        units = np.arange(len(problem.y)) if problem.units is None else problem.units
        judged = np.unique(np.concatenate(folds))
        drawn, self.unit = np.unique(units[judged], return_inverse=True)
        self.n_units = len(drawn)
        place = np.full(len(problem.y), -1)
        place[judged] = np.arange(len(judged))
        self.n_models = len(each)
        self._folds = [_Fold(problem, rows, place[rows], each) for rows in folds]

    def counts(self, generator: np.random.Generator) -> Array:
        """How often each judged row comes in a resample."""
        drawn = np.bincount(generator.integers(self.n_units, size=self.n_units), minlength=self.n_units)
        return drawn[self.unit].astype(np.float64)

    def means(self, counts: Array) -> Array:
        """Mean scores, (B, models), for rows that count so often, (B, n); NaN where no fold has a score."""
        scores = np.stack([fold(counts) for fold in self._folds], axis=1)
        defined = np.isfinite(scores)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(defined, scores, 0.0).sum(axis=1) / defined.sum(axis=1))


class _Fold:
    """The scores of several models on one fold, for rows that count a given number of times."""

    def __init__(self, problem: Problem, rows: Array, places: Array, each: Sequence[Array]) -> None:
        self.problem, self.rows, self.places, self.each = problem, rows, places, each
        self.terms = None
        if problem.metric.is_mean:
            self.terms = np.stack([problem.metric.terms(problem.y[rows], P[rows]) for P in each], axis=1)

    def __call__(self, counts: Array) -> Array:
        """Scores, (B, models), NaN where a resample has no rows here or the score is not defined for them."""
        counts = counts[:, self.places]
        if self.terms is None:
            return np.array([[self._score(P, times) for P in self.each] for times in counts])
        weights = counts * self.problem.w[self.rows]
        with np.errstate(invalid="ignore"):
            shares = weights / weights.sum(axis=1, keepdims=True)
        means = shares @ self.terms.reshape(len(self.places), -1)
        return self.problem.metric.of_means(means.reshape(len(counts), *self.terms.shape[1:]))

    def _score(self, predictions: Array, times: Array) -> float:
        drawn = np.repeat(np.arange(len(times)), times.astype(int))
        return _score(self.problem, self.rows[drawn], predictions)

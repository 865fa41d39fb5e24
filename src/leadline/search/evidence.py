"""How sure the answer is: the verdict over resampled rows, and what choosing the best of many is worth.

Nothing is trained here. The finalist of a depth, the candidate that was trained on all folds, has left raw scores of
their validation rows. The rows (or whole groups) are drawn anew with replacement, the finalists' scores computed again,
and the verdict given again. How often a depth comes out is a statement of confidence that a single p-value does not
make (Efron & Tibshirani 1993, An Introduction to the Bootstrap).

The best of many scores flatters: it was chosen for being high on these rows. Two choices were made. The candidates of a
depth were compared on the first of the folds; the depths, each with its finalist, on all J. In every resample both
choices are made again, and looked at on the rows that were not drawn. How much better what all rows
chose does on the same rows, which helped to choose it, is the *optimism* of the choice (after Tsamardinos, Greasidou &
Borboudakis 2018, "Bootstrapping the out-of-sample predictions for efficient and accurate cross-validation"; both are
compared on the same rows, because a root mean square of fewer rows is smaller). A choice on f folds flatters f of the J
scores. Candidates that fell behind before that are not counted.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.search.problem import Judge
from leadline.search.verdict import SELECTIONS, give_verdict
from leadline.training import stream

__all__ = ["Evidence", "gather_evidence"]

Array = NDArray[Any]

# Names this random stream apart from those of networks, whose keys are longer.
_STREAM = 2
RESAMPLES = 1000
# A scorer that is called row by row, and not computed from means over rows, is slow.
RESAMPLES_OF_SCORERS = 100
# Resamples that are computed in one product.
AT_ONCE = 50


@dataclass(frozen=True)
class Evidence:
    """What resampling the rows says.

    Attributes
    ----------
    resamples : int
        Those in which every score was defined.
    answers : dict of int to float
        For each L the share of resamples in which it was the answer.
    wins : dict of int to float
        For each L the share of resamples in which it had the best mean.
    optimism : float
        How much the best depth's score is better than what its choice brings on rows that did not choose.
    compared : int
        Networks' settings among which was chosen: candidates trained to the end, over all depths.
    """

    resamples: int
    answers: dict[int, float]
    wins: dict[int, float]
    optimism: float
    compared: int

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        return {
            "resamples": self.resamples,
            "answers": [[L, share] for L, share in self.answers.items()],
            "wins": [[L, share] for L, share in self.wins.items()],
            "optimism": self.optimism,
            "compared": self.compared,
        }


def gather_evidence(
    judge: Judge,
    finalists: Mapping[int, list[Array]],
    rivals: Mapping[int, list[list[Array]]],
    test_share: float,
    select: str,
    seed: int,
    check: Callable[[], None],
) -> Evidence:
    """Resample the rows.

    Parameters
    ----------
    judge : Judge
    finalists : mapping of L to list of (r_j, n[L]) arrays
        For each depth, in order, and each of the first J folds the raw scores of its kept rows.
    rivals : mapping of L to lists of such lists
        The same on the first folds for the candidates among which the finalist was chosen there, the finalist first.
    test_share : float
        n_test / n_train of a fold.
    select : str
        Which depth of a verdict is the answer; see `Verdict.selected`.
    seed : int
    check : callable
        Called between resamples; what it raises ends them.
    """
    depths, rule = list(finalists), SELECTIONS[select]
    of_depths = _scorers(judge, list(finalists.values()))
    J = len(of_depths)
    best = int(_scores(of_depths, np.ones((1, len(judge.y))))[0].mean(axis=0).argmax())
    of_rivals = _scorers(judge, rivals.get(depths[best], []))
    n = RESAMPLES if judge.metric.is_mean else RESAMPLES_OF_SCORERS
    draws, generator = _Draws(judge), stream((seed, _STREAM))
    answers, wins = dict.fromkeys(depths, 0), dict.fromkeys(depths, 0)
    flattery: list[float] = []
    for start in range(0, n, AT_ONCE):
        check()
        counts = np.stack([draws.counts(generator) for _ in range(min(AT_ONCE, n - start))])
        undrawn = (counts == 0).astype(np.float64)
        drawn, left = _scores(of_depths, counts), _scores(of_depths, undrawn)
        by_candidate = np.zeros(len(counts))
        if of_rivals:
            by_candidate = len(of_rivals) / J * _flattery(_scores(of_rivals, counts), _scores(of_rivals, undrawn))
        for own, rest, by_one in zip(drawn, left, by_candidate, strict=True):
            if not (np.isfinite(own).all() and np.isfinite(rest).all() and np.isfinite(by_one)):
                continue
            verdict = give_verdict({L: own[:, i] for i, L in enumerate(depths)}, test_share)
            answers[rule(verdict)] += 1
            wins[verdict.best_depth] += 1
            by_depth = rest[:, best].mean() - rest[:, depths.index(verdict.best_depth)].mean()
            flattery.append(by_depth + by_one)
    n_judged = len(flattery)
    return Evidence(
        n_judged,
        {L: count / max(n_judged, 1) for L, count in answers.items()},
        {L: count / max(n_judged, 1) for L, count in wins.items()},
        float(np.mean(flattery)) if flattery else float("nan"),
        sum(max(len(rivals.get(L, [])), 1) for L in depths),
    )


def _flattery(drawn: Array, left: Array) -> Array:
    """How much better the first does on the rows left than the best on the rows drawn, (B,); scores (B, folds, n)."""
    again = np.nan_to_num(drawn.mean(axis=1), nan=-np.inf).argmax(axis=1)
    rest = left.mean(axis=1)
    return np.asarray(rest[:, 0] - np.take_along_axis(rest, again[:, None], axis=1)[:, 0])


class _Draws:
    """How often each row comes in a resample: rows, or whole groups, drawn with replacement."""

    def __init__(self, judge: Judge) -> None:
        n = len(judge.y)
        self.unit = np.arange(n) if judge.groups is None else np.unique(judge.groups, return_inverse=True)[1]
        self.n_units = int(self.unit.max()) + 1

    def counts(self, generator: np.random.Generator) -> Array:
        drawn = np.bincount(generator.integers(self.n_units, size=self.n_units), minlength=self.n_units)
        return drawn[self.unit].astype(np.float64)


class _FoldScorer:
    """The scores of several networks on one fold, for rows that count a given number of times."""

    def __init__(self, judge: Judge, fold: int, outputs: list[Array]) -> None:
        own = judge.folds[fold]
        self.rows = own.validation_rows[own.kept]
        self.metric, self.y, self.w = judge.metric, judge.y[self.rows], judge.w[self.rows]
        self.predictions = [judge.predictions(fold, scores) for scores in outputs]
        self.terms = (
            np.stack([self.metric.terms(self.y, own) for own in self.predictions], axis=1)
            if self.metric.is_mean
            else None
        )

    def __call__(self, counts: Array) -> Array:
        """Scores, (B, networks), NaN where a resample has no rows here or the score is not defined for them."""
        counts = counts[:, self.rows]
        if self.terms is None:
            return np.array([[self._score(own, times) for own in self.predictions] for times in counts])
        weights = counts * self.w
        with np.errstate(invalid="ignore"):
            shares = weights / weights.sum(axis=1, keepdims=True)
        means = shares @ self.terms.reshape(len(self.rows), -1)
        return self.metric.of_means(means.reshape(len(counts), *self.terms.shape[1:]))

    def _score(self, predictions: Array, times: Array) -> float:
        drawn = np.repeat(np.arange(len(times)), times.astype(int))
        if not len(drawn):
            return float("nan")
        try:
            return self.metric.score(self.y[drawn], predictions[drawn], self.w[drawn])
        except ValueError:  # too few rows, or one class only
            return float("nan")


def _scorers(judge: Judge, outputs: list[list[Array]]) -> list[_FoldScorer]:
    """A scorer for each fold, of the outputs that several networks have there."""
    return [_FoldScorer(judge, j, list(own)) for j, own in enumerate(zip(*outputs, strict=True))]


def _scores(scorers: list[_FoldScorer], counts: Array) -> Array:
    """Scores, (B, J, networks); a fold that has none takes the mean of the others, which leaves the means alone."""
    scores = np.stack([scorer(counts) for scorer in scorers], axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where no fold has a score
        return np.where(np.isnan(scores), np.nanmean(scores, axis=1, keepdims=True), scores)

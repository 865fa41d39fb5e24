"""How sure a prediction is: intervals of numbers and sets of classes that hold the truth as often as was promised.

The errors on rows that a model has not learned from say how far it errs on rows that are still to come, whatever the
errors are distributed as (conformal prediction: Vovk, Gammerman & Shafer 2005; over folds: Vovk 2015, "Cross-conformal
predictors", and Barber, Candès, Ramdas & Tibshirani 2021, "Predictive inference with the jackknife+"). Of n such rows
the ⌈(n + 1) c⌉-th smallest error is not exceeded by that of another row with probability c at least, if the rows are
exchangeable. Three things stand between that theorem and the model that is delivered:

- A row that was left out is predicted by fewer networks than a new row will be, and an average errs less than what it
  is made of: E(ȳ − y)² = mean E(f − y)² − variance between the networks (Krogh & Vedelsby 1995). Errors of numbers are
  made smaller by that. The variance is measured on rows that were learned from, where it is rather too small.
- Networks are stopped by the rows that they leave out, so their errors there are a little too small.
- Rows are not equally hard. Errors are divided by what is usual at a prediction's level (Lei et al. 2018,
  "Distribution-free predictive inference for regression"), or, where quantiles are predicted, at their distance.

benchmarks/README.md has what that comes to: how often the truth is inside, and how wide intervals are.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError
from leadline.tables import Classes, Labels, Numbers, Target

__all__ = ["KNOTS", "MOST_SCORES", "Intervals", "LeftOut", "Sets", "conformal"]

Array = NDArray[Any]

# So many scores are kept at most, evenly spread over their order.
MOST_SCORES = 4096
# Levels between which the usual size of an error is interpolated, from and to these shares of the predictions.
KNOTS, OUTERMOST = 6, 0.02
# The usual size at a level counts as if so many rows of the mean size over all levels were among its own.
ROWS_OF_THE_MEAN = 30.0
# A probability that is below a limit by no more than rounding is not below it.
ROUNDING = 1e-6
# What makes a whole number of rows of a share of them.
_TINY = 1e-9


@dataclass(frozen=True)
class LeftOut:
    """Rows that a model was not made from, with its predictions for them.

    Attributes
    ----------
    y : (r,) or (r, k) array
        The truth, as scores take it.
    w : (r,) array
        Weights.
    predictions : (r, n_predictions) array
        Averages over the networks that have not learned from the row.
    networks : float
        How many these are, on average.
    spread : (n_predictions,) array
        The variance of the predictions of a single network around the mean of many; zero if nobody knows.
    """

    y: Array
    w: Array
    predictions: Array
    networks: float
    spread: Array


@dataclass(frozen=True)
class Intervals:
    """What is known of the errors of numbers.

    Attributes
    ----------
    target : Numbers
    rows : (k,) array
        Rows that were left out, of each number; of weighted ones how many equal ones tell as much.
    knots : (k, KNOTS) array
        Levels of the predictions.
    sizes : (k, KNOTS) array
        The logarithm of an error's usual size there.
    scores : (k, S + 1) array
        Errors divided by their usual size: their quantiles at 0/S, 1/S, …, S/S.
    """

    target: Numbers
    rows: Array
    knots: Array
    sizes: Array
    scores: Array

    @classmethod
    def fit(cls, target: Numbers, left_out: LeftOut, networks: int) -> "Intervals":
        """What rows that were left out tell of a model that averages so many networks."""
        predictions, w = left_out.predictions, left_out.w
        centres, levels = _centres(target, predictions), _levels(target, predictions)
        errors = left_out.y - centres
        squares = np.average(errors**2, axis=0, weights=w)
        less = _centres(target, left_out.spread[None])[0] * (1 / left_out.networks - 1 / networks)
        # an average of n networks has at least 1/n of the squared error of one
        share = 1 - less / np.where(squares > 0, squares, np.inf)
        errors = errors * np.sqrt(np.maximum(share, min(left_out.networks / networks, 1.0)))
        knots = np.quantile(levels, np.linspace(OUTERMOST, 1 - OUTERMOST, KNOTS), axis=0).T
        each = zip(knots, levels.T, errors.T, strict=True)
        sizes = np.stack([_usual_sizes(own, level, error, w) for own, level, error in each])
        scores = [_quantiles(*own, w) for own in zip((errors / _sizes(knots, sizes, levels)).T, strict=True)]
        return cls(target, np.full(len(knots), _equal_rows(w)), knots, sizes, np.stack(scores))

    def interval(self, predictions: Array, coverage: float) -> tuple[Array, Array]:
        """The lower and upper ends for predictions (m, n_predictions), each (m, k).

        Raises
        ------
        ParameterError
            No coverage, or one for which too few rows were left out.
        """
        low, high = self.ends(coverage)
        centres, sizes = _centres(self.target, predictions), self.usual_sizes(predictions)
        lower, upper = centres + low * sizes, centres + high * sizes
        return (np.maximum(lower, 0.0) if self.positive else lower), upper

    @property
    def positive(self) -> bool:
        """Whether no number is below zero."""
        return self.target.output_activation == "exp"

    def usual_sizes(self, predictions: Array) -> Array:
        """What errors of such predictions are divided by, (m, k)."""
        return _sizes(self.knots, self.sizes, _levels(self.target, predictions))

    def ends(self, coverage: float) -> tuple[Array, Array]:
        """The scores, (k,) each, between which those of a share `coverage` are, as many below as above.

        Raises
        ------
        ParameterError
            See `interval`.
        """
        _check(coverage)
        tail, n, S = (1 - coverage) / 2, self.rows, self.scores.shape[1] - 1
        few = float(n.min())
        if (few + 1) * tail < 1 - _TINY:
            most = 1 - 2 / (few + 1)
            ask = f"Ask for at most {np.floor(1000 * most) / 1000:g}, or train on more rows." if most > 0 else ""
            raise ParameterError(
                f"coverage={coverage:g} needs {int(np.ceil(1 / tail - 1 - _TINY)):,} rows that were not learned from; "
                f"this model has {few:,.0f}. {ask}".rstrip()
            )
        low = np.floor((n + 1) / n * tail * S + _TINY).astype(int)
        high = np.minimum(np.ceil((n + 1) / n * (1 - tail) * S - _TINY).astype(int), S)
        every = np.arange(len(n))
        return self.scores[every, low], self.scores[every, high]


@dataclass(frozen=True)
class Sets:
    """What is known of how improbable the truth is held to be, for classes or labels.

    Attributes
    ----------
    target : Classes or Labels
    rows : (g,) array
        Rows that were left out, as in `Intervals`: of all classes together, or of each label those of which it is true.
    scores : (g, S + 1) array
        One minus the probability of what is true: its quantiles at 0/S, 1/S, …, S/S.
    """

    target: Classes | Labels
    rows: Array
    scores: Array

    @classmethod
    def fit(cls, target: Classes | Labels, left_out: LeftOut) -> "Sets":
        """What rows that were left out tell."""
        P, y, w = left_out.predictions, left_out.y, left_out.w
        if isinstance(target, Classes):
            improbable = 1 - P[np.arange(len(y)), y]
            return cls(target, np.array([_equal_rows(w)]), _quantiles(improbable, w)[None])
        size = min(len(y), MOST_SCORES)
        own = [(1 - P[true, k], w[true]) for k, true in enumerate(y.T.astype(bool))]
        scores = [_quantiles(*one, size) if len(one[0]) else np.ones(size + 1) for one in own]
        return cls(target, np.array([_equal_rows(weights) for _, weights in own]), np.stack(scores))

    def members(self, probabilities: Array, coverage: float) -> NDArray[np.bool_]:
        """Which classes or labels are in the set of each row, (m, K), for probabilities (m, K).

        Raises
        ------
        ParameterError
            No coverage.
        """
        inside = probabilities >= self.limits(coverage)
        if isinstance(self.target, Classes):
            # the most probable class always is, also where so few rows are misjudged that none would be needed
            inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
        return np.asarray(inside)

    def limits(self, coverage: float) -> Array:
        """The probability from which on what is predicted is in the set, (g,); below 0 where too few rows say."""
        _check(coverage)
        n, S = self.rows, self.scores.shape[1] - 1
        places = np.ceil((n + 1) / np.maximum(n, _TINY) * coverage * S - _TINY)
        found = self.scores[np.arange(len(n)), np.minimum(places, S).astype(int)]
        return np.asarray(np.where(places > S, -1.0, 1 - found - ROUNDING))


def conformal(target: Target, left_out: LeftOut, networks: int) -> Intervals | Sets | None:
    """What rows that were left out tell of how sure a model of so many networks is; None without such rows."""
    if not len(left_out.y):
        return None
    if isinstance(target, Numbers):
        return Intervals.fit(target, left_out, networks)
    assert isinstance(target, Classes | Labels)
    return Sets.fit(target, left_out)


def _check(coverage: Any) -> None:
    if not isinstance(coverage, int | float | np.number) or not 0 < coverage < 1:
        raise ParameterError(f"coverage must be a number between 0 and 1, such as 0.9; got {coverage!r}.")


def _by_quantile(target: Numbers, predictions: Array) -> Array:
    return predictions.reshape(len(predictions), target.n_outputs, -1)


def _centres(target: Numbers, predictions: Array) -> Array:
    """The numbers, (m, k), around which intervals lie: predictions, or the quantiles nearest to the medians."""
    quantiles = target.quantiles or (0.5,)
    nearest = min(range(len(quantiles)), key=lambda i: abs(quantiles[i] - 0.5))
    return np.asarray(_by_quantile(target, predictions)[:, :, nearest])


def _levels(target: Numbers, predictions: Array) -> Array:
    """What says how hard a row is, (m, k): the prediction, or how far the outer ones of several quantiles are apart."""
    if len(target.quantiles) < 2:
        return predictions
    each = _by_quantile(target, predictions)
    return np.asarray(each.max(axis=2) - each.min(axis=2))


def _usual_sizes(knots: Array, levels: Array, errors: Array, w: Array) -> Array:
    """The logarithm of the mean absolute error around each knot, (KNOTS,)."""
    different, place = np.unique(knots, return_inverse=True)
    near = np.stack([np.interp(levels, different, own) for own in np.eye(len(different))])
    w = w / w.mean()
    size = np.abs(errors)
    mean = np.average(size, weights=w)
    if not mean > 0:
        return np.zeros(len(knots))
    found = (near @ (w * size) + ROWS_OF_THE_MEAN * mean) / (near @ w + ROWS_OF_THE_MEAN)
    return np.asarray(np.log(found)[place])


def _sizes(knots: Array, sizes: Array, levels: Array) -> Array:
    """The usual size of an error at levels (m, k): its logarithm is interpolated between knots, (k, KNOTS)."""
    total = np.broadcast_to(sizes[:, 0], levels.shape).copy()
    for low, high, first, last in zip(knots.T[:-1], knots.T[1:], sizes.T[:-1], sizes.T[1:], strict=True):
        # a slope of 0 where two knots are one
        slope = (last - first) / np.where(high > low, high - low, np.inf)
        total += slope * np.clip(levels - low, 0.0, high - low)
    return np.asarray(np.exp(total))


def _equal_rows(w: Array) -> float:
    """How many rows of equal weight tell as much as rows of these weights (Kish's effective sample size)."""
    return float(w.sum() ** 2 / (w**2).sum()) if len(w) else 0.0


def _quantiles(scores: Array, w: Array, size: int | None = None) -> Array:
    """The quantiles of weighted scores at 0/S, …, S/S, (S + 1,): of S equal rows the smallest, then all in order."""
    size = min(len(scores), MOST_SCORES) if size is None else size
    order = np.argsort(scores, kind="stable")
    shares = np.cumsum(w[order]) / w.sum()
    places = np.searchsorted(shares, np.linspace(0.0, 1.0, size + 1) - _TINY)
    return np.asarray(scores[order][np.minimum(places, len(scores) - 1)])

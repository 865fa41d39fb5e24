"""A problem: an encoded table, its target and its folds, ready for the engine.

Every number that is fitted on rows (medians, scales, the target's mean) is fitted on a fold's training rows
alone, so a fold has inputs and targets of its own.
"""

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError
from leadline.search.metrics import Metric
from leadline.tables import Encoded, Statistics, Target, TargetStatistics
from leadline.training import Data, Hyperparameters, Inputs

__all__ = ["Fold", "Judge", "Problem"]

Array = NDArray[Any]

# Outputs of so many validation rows (of all folds; divided by n[L]) are kept.
NUMBERS_KEPT = 20_000
# Rows that are scaled at once: what is computed in between stays small.
ROWS_IN_A_PART = 4096


@dataclass(frozen=True)
class Fold:
    """Rows to learn from and rows to judge by, with what was fitted on the former.

    Attributes
    ----------
    train_rows, validation_rows : (n,) arrays of int
    statistics : Statistics
        Of the number columns.
    target : TargetStatistics
    kept : (r,) array of int
        Places among the validation rows whose outputs are kept, for questions that are asked after the training.
    """

    train_rows: Array
    validation_rows: Array
    statistics: Statistics
    target: TargetStatistics
    kept: Array


@dataclass(frozen=True)
class Judge:
    """Scores raw outputs of a network on some rows of its fold; greater is better.

    Attributes
    ----------
    target : Target
    metric : Metric
    y, w : (n,) arrays
        The truth as `Metric.score` takes it, and the weights.
    folds : tuple of Fold
        Of all repeats, one repeat after the other.
    groups : (n,) array, optional
        Rows of one group stay together.
    """

    target: Target
    metric: Metric
    y: Array
    w: Array
    folds: tuple[Fold, ...]
    groups: Array | None = None

    def check(self) -> None:
        """Let the metric judge a constant prediction on every fold, so that one that cannot is found out at once.

        Raises
        ------
        ParameterError
            The score is not defined on a fold, or the scorer fails there.
        """
        for i, own in enumerate(self.folds, start=1):
            rows = own.validation_rows
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    score = self(i - 1, rows, np.zeros((len(rows), self.target.n_scores), np.float32))
                reason = "" if np.isfinite(score) else f"it gives {score}"
            except Exception as error:  # a scorer may raise anything
                reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
            if reason:
                raise ParameterError(
                    f"The score {self.metric.label} is not defined on fold {i}, {len(rows)} rows ({reason}). Use fewer "
                    "folds, or another score."
                )

    def predictions(self, fold: int, scores: Array) -> Array:
        """Probabilities or numbers from outputs Z[L], (m, n[L])."""
        return self.target.predictions(scores, self.folds[fold].target)

    def __call__(self, fold: int, rows: Array, scores: Array) -> float:
        """Score of the outputs Z[L], (m, n[L]), on `rows`, (m,)."""
        return self.metric.score(self.y[rows], self.predictions(fold, scores), self.w[rows])

    def constant_scores(self) -> Array:
        """On each fold the score of what a model without inputs can say: class shares, or the mean, (J,)."""
        scores = []
        for own in self.folds:
            y, w, rows = self.y[own.train_rows], self.w[own.train_rows], own.validation_rows
            constant = np.tile(self.target.constant(y, w), (len(rows), 1))
            scores.append(self.metric.score(self.y[rows], constant, self.w[rows]))
        return np.array(scores)


@dataclass(frozen=True)
class Problem:
    """What all networks of a search, or the one network of a fit, are trained and judged on.

    Attributes
    ----------
    data : Data
        Encoded once for each fold of each repeat.
    judge : Judge
    n_folds : int
        k, folds of one division of the rows.
    inputs : Inputs
        What the inputs are.
    """

    data: Data
    judge: Judge
    n_folds: int
    inputs: Inputs

    @classmethod
    def build(
        cls,
        encoded: Encoded,
        y: Array,
        w: Array,
        target: Target,
        metric: Metric,
        splits: Sequence[tuple[Array, Array]],
        settings: Hyperparameters,
        groups: Array | None = None,
        repeats: int = 1,
        fitted: Sequence[tuple[Statistics, TargetStatistics]] | None = None,
    ) -> "Problem":
        """Fit every fold's statistics and encode the rows with them.

        Parameters
        ----------
        encoded : Encoded
            n rows.
        y : (n,) or (n, k) array
            The target as it came.
        w : (n,) array
            Positive weights.
        target : Target
        metric : Metric
        splits : sequence of (train_rows, validation_rows)
        settings : Hyperparameters
            Of which the scaling, the label smoothing and the clipping of predictions decide here.
        groups : (n,) array, optional
        repeats : int
            How many divisions of the rows `splits` holds.
        fitted : sequence of (Statistics, TargetStatistics), optional
            What was fitted on other rows and is used for each fold.
        """
        raw = target.encode(y)
        smoothed = target.smoothed(raw, settings.label_smoothing) if settings.label_smoothing else raw
        folds, every = [], -(-raw.size // NUMBERS_KEPT)
        X = np.empty((len(splits), len(encoded), encoded.n_inputs), np.float32)
        Y = np.empty((len(splits), *raw.shape), np.float32)
        for i, (train_rows, validation_rows) in enumerate(splits):
            if fitted is not None:
                statistics, of_target = fitted[i]
            else:
                statistics = Statistics.fit(encoded.numbers, train_rows, w[train_rows], settings.scaling)
                of_target = target.fit(raw[train_rows], w[train_rows], settings.clip_predictions)
            # evenly spaced, so that a table in any order is kept in its proportions
            kept = np.arange(0, len(validation_rows), every)
            folds.append(Fold(train_rows, validation_rows, statistics, of_target, kept))
            for start in range(0, len(encoded), ROWS_IN_A_PART):
                rows = slice(start, start + ROWS_IN_A_PART)
                X[i, rows] = statistics.apply(encoded[rows])
            Y[i] = of_target.apply(smoothed)
        truth = target.truth(y)
        data = Data(X, Y, w.astype(np.float32))
        inputs = Inputs(encoded.numbers.shape[1], encoded.groups)
        return cls(data, Judge(target, metric, truth, w, tuple(folds), groups), len(splits) // repeats, inputs)

    def digest(self) -> str:
        """A fingerprint of rows, target, weights and folds."""
        digest = hashlib.sha256()
        folds = [rows for fold in self.judge.folds for rows in (fold.train_rows, fold.validation_rows)]
        for array in (self.data.X, self.data.Y, self.data.w, *folds):
            digest.update(f"{array.shape} {array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]

    def __sizeof__(self) -> int:
        # what is as large as this is sent to a worker once, by backends that ask
        return sum(array.nbytes for array in (self.data.X, self.data.Y, self.data.w))

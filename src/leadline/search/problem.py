"""A problem: an encoded table, its target and its folds, ready for the engine.

Every number that is fitted on rows (medians, scales, the target's mean) is fitted on a fold's training rows
alone, so a fold has inputs and targets of its own.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError
from leadline.search.metrics import Metric
from leadline.tables import Encoded, Statistics, Target
from leadline.training import Data

__all__ = ["Fold", "Judge", "Problem"]

Array = NDArray[Any]

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
    center, scale : (n[L],) arrays
        Of the target.
    """

    train_rows: Array
    validation_rows: Array
    statistics: Statistics
    center: Array
    scale: Array


@dataclass(frozen=True)
class Judge:
    """Scores raw outputs of a network on some rows of its fold; greater is better."""

    target: Target
    metric: Metric
    y: Array
    w: Array
    folds: tuple[Fold, ...]

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
                    score = self(i - 1, rows, np.zeros((len(rows), len(own.center)), np.float32))
                reason = "" if np.isfinite(score) else f"it gives {score}"
            except Exception as error:  # a scorer may raise anything
                reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
            if reason:
                raise ParameterError(
                    f"The score {self.metric.label} is not defined on fold {i}, {len(rows)} rows ({reason}). Use fewer "
                    "folds, or another score."
                )

    def __call__(self, fold: int, rows: Array, scores: Array) -> float:
        """Score of the outputs Z[L], (m, n[L]), on `rows`, (m,)."""
        own = self.folds[fold]
        predictions = self.target.predictions(scores, own.center, own.scale)
        return self.metric.score(self.y[rows], predictions, self.w[rows])


@dataclass(frozen=True)
class Problem:
    """What all networks of a search, or the one network of a fit, are trained and judged on."""

    data: Data
    judge: Judge

    @classmethod
    def build(
        cls,
        encoded: Encoded,
        y: Array,
        w: Array,
        target: Target,
        metric: Metric,
        splits: Sequence[tuple[Array, Array]],
        scaling: str,
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
        scaling : str
            See `Statistics`.
        """
        raw = target.encode(y)
        folds = []
        X = np.empty((len(splits), len(encoded), encoded.n_inputs), np.float32)
        Y = np.empty((len(splits), *raw.shape), np.float32)
        for i, (train_rows, validation_rows) in enumerate(splits):
            statistics = Statistics.fit(encoded.numbers, train_rows, w[train_rows], scaling)
            center, scale = target.center_and_scale(raw[train_rows], w[train_rows])
            folds.append(Fold(train_rows, validation_rows, statistics, center, scale))
            for start in range(0, len(encoded), ROWS_IN_A_PART):
                rows = slice(start, start + ROWS_IN_A_PART)
                X[i, rows] = statistics.apply(encoded[rows])
            Y[i] = (raw - center) / scale
        truth = raw if target.classes is None else target.codes(y)
        data = Data(X, Y, w.astype(np.float32))
        return cls(data, Judge(target, metric, truth, w, tuple(folds)))

    @property
    def n_inputs(self) -> int:
        """n[0]."""
        return int(self.data.X.shape[2])

"""A problem: a table, its target, and what is fitted on the rows that a network learns from.

Every number that is fitted on rows (medians, scales, the target's mean) is fitted on a network's training rows alone.
The rows are held once, as they were read; a network's inputs are computed from them when it is trained.
"""

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError
from leadline.search.metrics import Metric
from leadline.tables import Encoded, Statistics, Target, TargetStatistics
from leadline.training import Examples, Hyperparameters, Inputs

__all__ = ["Fitted", "Problem", "View"]

Array = NDArray[Any]

# Rows that are scaled at once: what is computed in between stays small.
ROWS_IN_A_PART = 4096


class View(NamedTuple):
    """How a network sees the table: its training rows, how numbers are scaled, and whether predictions have ends.

    Everything that is fitted is fitted on those rows.
    """

    rows: int
    scaling: str
    clips: bool = False

    @classmethod
    def of(cls, rows: int, settings: Hyperparameters) -> "View":
        """That of a network with these settings."""
        return cls(rows, settings.scaling, settings.clip_predictions)


class Fitted(NamedTuple):
    """What was fitted on training rows: of the number columns, and of the target."""

    statistics: Statistics
    target: TargetStatistics


@dataclass
class Problem:
    """What networks are trained and judged on; where they get their examples, and who scores them.

    Attributes
    ----------
    encoded : Encoded
        n rows.
    target : Target
    metric : Metric
    y : (n,) or (n, k) array
        The truth as `Metric.score` takes it.
    Y : (n, n[L]) array
        The truth as networks learn it, before anything is fitted.
    w : (n,) array
        Positive weights.
    training_rows : sequence of arrays
        Every set of rows that a network learns from.
    label_smoothing : float
    units : (n,) array of int, optional
        Rows of one number are one observation: groups, or rows that are alike.
    """

    encoded: Encoded
    target: Target
    metric: Metric
    y: Array
    Y: Array
    w: Array
    training_rows: Sequence[Array]
    label_smoothing: float = 0.0
    units: Array | None = None
    _known: dict[View, Fitted] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        encoded: Encoded,
        y: Array,
        w: Array,
        target: Target,
        metric: Metric,
        training_rows: Sequence[Array],
        settings: Hyperparameters,
        units: Array | None = None,
        fitted: Sequence[Fitted] | None = None,
    ) -> "Problem":
        """The problem of a table.

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
        training_rows : sequence of arrays
        settings : Hyperparameters
            Of which the label smoothing decides here.
        units : (n,) array of int, optional
        fitted : sequence of Fitted, optional
            What was fitted on other rows and is used for each set of training rows.
        """
        known = {View.of(i, settings): own for i, own in enumerate(fitted or ())}
        truth, Y = target.truth(y), target.encode(y)
        return cls(encoded, target, metric, truth, Y, w, tuple(training_rows), settings.label_smoothing, units, known)

    @property
    def inputs(self) -> Inputs:
        """What the inputs are."""
        return Inputs(self.encoded.numbers.shape[1], self.encoded.groups)

    @property
    def examples_bytes(self) -> int:
        """What the examples of a view fill."""
        return 4 * len(self.encoded) * (self.encoded.n_inputs + int(self.Y.shape[1]) + 1)

    def on(self, training_rows: Sequence[Array]) -> "Problem":
        """The same for other sets of training rows."""
        return replace(self, training_rows=tuple(training_rows), _known={})

    def fitted(self, view: View) -> Fitted:
        """What a view has fitted on its training rows."""
        if view not in self._known:  # two threads may compute the same twice
            rows = self.training_rows[view.rows]
            statistics = Statistics.fit(self.encoded.numbers, rows, self.w[rows], view.scaling)
            self._known[view] = Fitted(statistics, self.target.fit(self.Y[rows], self.w[rows], view.clips))
        return self._known[view]

    def examples(self, fold: View) -> Examples:
        """All rows as the networks of a view see them, in float32."""
        own = self.fitted(fold)
        X = np.empty((len(self.encoded), self.encoded.n_inputs), np.float32)
        for start in range(0, len(X), ROWS_IN_A_PART):
            rows = slice(start, start + ROWS_IN_A_PART)
            X[rows] = own.statistics.apply(self.encoded[rows])
        Y = self.target.smoothed(self.Y, self.label_smoothing) if self.label_smoothing else self.Y
        return Examples(X, np.ascontiguousarray(own.target.apply(Y), np.float32), self.w.astype(np.float32))

    def predictions(self, view: View, scores: Array) -> Array:
        """Probabilities or numbers from outputs Z[L], (m, n[L])."""
        return self.target.predictions(scores, self.fitted(view).target)

    def score(self, view: View, rows: Array, scores: Array) -> float:
        """Score of the outputs Z[L], (m, n[L]), of a network on `rows`, (m,); greater is better."""
        return self.metric.score(self.y[rows], self.predictions(view, scores), self.w[rows])

    def constant(self, train_rows: Array, m: int) -> Array:
        """What a model without inputs says of m rows, (m, k): class shares, or the mean, of its training rows."""
        return np.tile(self.target.constant(self.y[train_rows], self.w[train_rows]), (m, 1))

    def check_scored(self, folds: Sequence[Array]) -> None:
        """Let the metric judge a constant prediction on every fold, so that one that cannot is found out at once.

        Raises
        ------
        ParameterError
            The score is not defined on a fold, or the scorer fails there.
        """
        for i, rows in enumerate(folds):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                constant = self.constant(self.training_rows[i], len(rows))
                _, reason = self.metric.attempt(self.y[rows], constant, self.w[rows])
            if reason:
                raise ParameterError(
                    f"The score {self.metric.label} is not defined on fold {i + 1}, {len(rows)} rows ({reason}). Use "
                    "fewer folds, or another score."
                )

    def digest(self, sets: int) -> str:
        """A fingerprint of rows, target, weights and the first `sets` of training rows, of which the others follow."""
        digest = hashlib.sha256()
        rows = (self.encoded.numbers, self.encoded.indicators, self.Y, self.w)
        for array in (*rows, *self.training_rows[:sets]):
            digest.update(f"{array.shape} {array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]

    def __getstate__(self) -> dict[str, Any]:
        # what can be fitted again does not travel
        return {**vars(self), "_known": {}}

    def __sizeof__(self) -> int:
        # what is as large as this is sent to a worker once, by backends that ask
        arrays = (self.encoded.numbers, self.encoded.indicators, self.Y, self.w, *self.training_rows)
        return sum(array.nbytes for array in arrays)

"""Targets that are numbers, one or several for each row, or quantiles of them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.errors import DataError, ParameterError
from leadline.network import ElementwiseLoss
from leadline.network import loss as loss_record
from leadline.tables.target import Target, TargetStatistics
from leadline.tables.values import as_numbers, shown
from leadline.tables.written import WrittenNumbers

__all__ = ["Numbers"]

Array = NDArray[Any]

# exp of more has no float64.
LARGEST_EXPONENT = 700.0
# Output activations of the losses that a regression knows.
NUMBER_OUTPUTS = ("identity", "exp")


@dataclass(frozen=True)
class Numbers(Target):
    """k numbers for each row, or several quantiles of each.

    Squared, absolute and Huber's error and quantiles learn numbers that are centred at their mean and divided by their
    standard deviation. A loss whose output is exp(Z), as Poisson's, learns them divided by their mean.

    Attributes
    ----------
    n_outputs : int
        k.
    written : WrittenNumbers or None
        How text of numbers is read, where the target's column is text.
    """

    n_outputs: int
    written: WrittenNumbers | None = None

    task = "regression"

    @classmethod
    def of(cls, y: NDArray[np.float64], name: str, loss: Any, written: WrittenNumbers | None = None) -> "Numbers":
        """The target of these numbers, (n,) or (n, k)."""
        target = cls(name, loss, 1 if y.ndim == 1 else y.shape[1], written)
        if target.output_activation not in NUMBER_OUTPUTS:
            raise ParameterError(
                f"A regression knows losses whose output activation is identity or exp; that of {loss!r} is "
                f"{target.output_activation}."
            )
        negative = np.flatnonzero((y.reshape(len(y), -1) < 0).any(axis=1))
        if target.output_activation == "exp" and len(negative):
            row = int(negative[0])
            raise DataError(
                f"The target {name!r} has {shown(y[row])} in row {row + 1}; the loss "
                f"{getattr(loss, 'name', loss)!r} needs numbers of at least 0."
            )
        return target

    @property
    def output_activation(self) -> str:
        """What turns scores into numbers: "identity" or "exp"."""
        return str(getattr(loss_record(self.loss), "output_activation", "identity"))

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The shares whose quantiles are predicted; empty for other losses."""
        record = loss_record(self.loss)
        return record.parameters if isinstance(record, ElementwiseLoss) and record.name.startswith("quantile(") else ()

    @property
    def n_scores(self) -> int:
        """One unit for each number and quantile."""
        return self.n_outputs * max(len(self.quantiles), 1)

    def encode(self, y: Array) -> NDArray[np.float64]:
        """The numbers as they are, once for each quantile."""
        return np.repeat(self.truth(y), max(len(self.quantiles), 1), axis=1)

    def truth(self, y: Array) -> NDArray[np.float64]:
        """The numbers, (n, k)."""
        return as_numbers(y, self.name, self.written).reshape(len(y), self.n_outputs)

    def fit(self, Y: NDArray[np.float64], w: NDArray[np.float64], clip: bool = False) -> TargetStatistics:
        """Mean and standard deviation of Y, zero and the mean where the output is exp(Z); and its range."""
        center = np.average(Y, axis=0, weights=w)
        scale = np.sqrt(np.average((Y - center) ** 2, axis=0, weights=w))
        if self.output_activation == "exp":
            center, scale = np.zeros(self.n_scores), center
        fitted = replace(TargetStatistics.unscaled(self.n_scores), center=center, scale=np.where(scale > 0, scale, 1.0))
        return replace(fitted, low=Y.min(axis=0), high=Y.max(axis=0)) if clip else fitted

    def predictions(self, Z: Array, fitted: TargetStatistics) -> NDArray[np.float64]:
        """The numbers; quantiles in the order of their shares, so that none crosses another."""
        Z = np.asarray(Z, dtype=np.float64)
        if self.output_activation == "exp":
            numbers = np.exp(np.minimum(Z, LARGEST_EXPONENT)) * fitted.scale
        else:
            numbers = Z * fitted.scale + fitted.center
        numbers = np.clip(numbers, fitted.low, fitted.high)
        if len(self.quantiles) > 1:
            # sorted estimates are never worse than crossing ones (Chernozhukov, Fernández-Val & Galichon 2010)
            places = np.argsort(np.argsort(self.quantiles))
            by_quantile = np.sort(numbers.reshape(len(Z), self.n_outputs, -1), axis=2)
            numbers = by_quantile[:, :, places].reshape(numbers.shape)
        return np.asarray(numbers)

    def constant(self, truth: Array, w: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean, the median for absolute error, or the quantiles of each number."""
        shares = self.quantiles or ((0.5,) if self.loss == "absolute_error" else ())
        if not shares:
            return np.asarray(np.average(truth, axis=0, weights=w))
        found = [np.quantile(column, shares, weights=w, method="inverted_cdf") for column in truth.T]
        return np.concatenate(found)

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        stand_in = "poisson" if self.output_activation == "exp" else "half_squared_error"
        loss = self.loss if isinstance(self.loss, str) else stand_in
        written = {} if self.written is None else {"written": self.written.to_record()}
        return {"kind": "numbers", "name": self.name, "loss": loss, "n_outputs": self.n_outputs, **written}

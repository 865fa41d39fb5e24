"""The target: from a column of classes or numbers to Y of the equations, and from scores back to predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline.errors import DataError

__all__ = ["MOST_GUESSED_CLASSES", "Target", "check_complete", "guess_task", "shown"]

Array = NDArray[Any]

# Whole numbers with at most this many different values are taken for classes when nobody says what they are.
MOST_GUESSED_CLASSES = 10
# A target's numbers are learned in float32, and their squares must be finite in float64.
LARGEST = 1e30


def guess_task(y: pd.Series) -> str:
    """The task, "classification" or "regression", from the values of a target column.

    Text, truth values and categories are classes; so are whole numbers with at most ten different values.
    """
    if not pd.api.types.is_numeric_dtype(y) or pd.api.types.is_bool_dtype(y):
        return "classification"
    values = y.dropna().to_numpy(dtype=np.float64)
    distinct = np.unique(values)
    whole = bool(np.all(np.isfinite(distinct))) and bool(np.all(distinct == np.round(distinct)))
    return "classification" if whole and len(distinct) <= MOST_GUESSED_CLASSES else "regression"


def check_complete(y: Array, name: str) -> None:
    """Raise DataError if a target, (n,) or (n, k), has missing values."""
    missing = np.flatnonzero(np.asarray(pd.isna(y)).reshape(len(y), -1).any(axis=1))
    if len(missing):
        raise DataError(
            f"The target {name!r} has missing values (NaN), the first in row {int(missing[0]) + 1} "
            f"({len(missing):,} in all); leave these rows out."
        )


def _as_numbers(y: Array, name: str) -> NDArray[np.float64]:
    """A target of numbers in float64, of the same shape."""
    given = np.asarray(y)
    try:
        numbers = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        flat = pd.to_numeric(pd.Series(given.ravel(), dtype=object), errors="coerce").to_numpy(dtype=np.float64)
        strange = np.flatnonzero(np.isnan(flat.reshape(given.shape)).reshape(len(given), -1).any(axis=1))
        where = f"; row {int(strange[0]) + 1} has {shown(given[strange[0]])}" if len(strange) else ""
        raise DataError(f"The target {name!r} must hold numbers for a regression{where}.") from error
    large = np.flatnonzero(~(np.abs(numbers) <= LARGEST).reshape(len(numbers), -1).all(axis=1))
    if len(large):
        row = int(large[0])
        if np.isinf(numbers[row]).any():
            raise DataError(
                f"The target {name!r} has an infinite value (infinity) in row {row + 1}; replace it or leave the row "
                "out."
            )
        raise DataError(
            f"The target {name!r} has {shown(given[row])} in row {row + 1}; numbers beyond {LARGEST:g} cannot be "
            "learned. Divide the column by a constant."
        )
    return numbers


def shown(value: Any) -> str:
    """A value as messages show it: text in quotes, numbers without their type."""
    return repr(str(value)) if isinstance(value, str) else str(value)


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Attributes
    ----------
    name : str
        What messages and files call it.
    task : str
        "classification" or "regression".
    classes : array or None
        The classes in sorted order, (K,).
    n_outputs : int
        Numbers predicted for each row of a regression; 1 for classes.
    """

    name: str
    task: str
    classes: Array | None
    n_outputs: int

    @classmethod
    def infer(cls, y: Array, task: str, name: str = "y") -> "Target":
        """Check a target and describe it.

        Parameters
        ----------
        y : (n,) array, or (n, k) for a regression of k numbers
        task : {"classification", "regression"}
        name : str
            What messages call it.

        Raises
        ------
        DataError
            Values are missing or infinite, dates, or text in a regression; or there is one class only.
        """
        check_complete(y, name)
        if np.asarray(y).dtype.kind in "mM":
            raise DataError(
                f"The target {name!r} holds dates or times; give numbers instead, for example days since a date."
            )
        if task == "classification":
            classes = np.unique(y)
            if len(classes) < 2:
                raise DataError(
                    f"The target {name!r} has only one class ({shown(classes[0])}); nothing can be told apart. "
                    "At least two classes are needed."
                )
            return cls(name, task, classes, 1)
        y = _as_numbers(y, name)
        return cls(name, task, None, 1 if np.ndim(y) == 1 else np.shape(y)[1])

    @property
    def loss(self) -> str:
        """The loss of `leadline.network` that belongs to the target."""
        if self.classes is None:
            return "half_squared_error"
        return "binary_cross_entropy" if len(self.classes) == 2 else "cross_entropy"

    @property
    def n_scores(self) -> int:
        """n[L]: output units."""
        if self.classes is None:
            return self.n_outputs
        return 1 if len(self.classes) == 2 else len(self.classes)

    def encode(self, y: Array) -> NDArray[np.float64]:
        """Y, (n, n[L]): one-hot classes, 0 and 1 for two classes, or the numbers as they are.

        Raises
        ------
        DataError
            A class that was not there in training, or what is no number or infinite in a regression.
        """
        if self.classes is None:
            return _as_numbers(y, self.name).reshape(len(y), self.n_outputs)
        codes = self.codes(y)
        return codes[:, None].astype(np.float64) if len(self.classes) == 2 else np.eye(len(self.classes))[codes]

    def codes(self, y: Array) -> NDArray[np.int64]:
        """The place of each value among the classes, (n,)."""
        assert self.classes is not None
        y = np.asarray(y)
        place = {value: c for c, value in enumerate(self.classes.tolist())}
        codes = np.array([place.get(value, -1) for value in y.tolist()], dtype=np.int64)
        unknown = np.flatnonzero(codes < 0)
        if len(unknown):
            row = int(unknown[0])
            known = ", ".join(map(str, self.classes[:10]))
            raise DataError(
                f"The target {self.name!r} has the class {shown(y[row])} in row {row + 1}, which was not there in "
                f"training; known are {known}."
            )
        return codes

    def center_and_scale(
        self, Y: NDArray[np.float64], w: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of Y, (n[L],) each; zero and one for classes, which stay as they are."""
        if self.classes is not None:
            return np.zeros(self.n_scores), np.ones(self.n_scores)
        center = np.average(Y, axis=0, weights=w)
        scale = np.sqrt(np.average((Y - center) ** 2, axis=0, weights=w))
        return center, np.where(scale > 0, scale, 1.0)

    def predictions(self, Z: Array, center: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
        """From raw scores Z, (m, n[L]): probabilities (m, K) or numbers (m, k), in float64."""
        Z = np.asarray(Z, dtype=np.float64)
        if self.classes is None:
            return Z * scale + center
        if len(self.classes) == 2:
            # each from its own exponential: 1 − p would round a small probability to zero
            Z = np.concatenate([-Z / 2, Z / 2], axis=1)
        E = np.exp(Z - Z.max(axis=1, keepdims=True))
        return np.asarray(E / E.sum(axis=1, keepdims=True))

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        classes = None if self.classes is None else self.classes.tolist()
        dtype = None if self.classes is None else self.classes.dtype.str
        return {
            "name": self.name,
            "task": self.task,
            "classes": classes,
            "dtype": dtype,
            "n_outputs": self.n_outputs,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Target":
        """The target that `to_record` wrote."""
        classes: Sequence[Any] | None = record["classes"]
        array = None if classes is None else np.array(classes, dtype=record["dtype"])
        return cls(record["name"], record["task"], array, record["n_outputs"])

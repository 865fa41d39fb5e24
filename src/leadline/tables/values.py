"""Values of a target: whether they are complete, the numbers that they are, and the task that they suggest."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline.errors import DataError
from leadline.tables.columns import numbers_of, words_of
from leadline.tables.frames import too_large
from leadline.tables.written import WrittenNumbers, find_written

__all__ = [
    "MOST_GUESSED_CLASSES",
    "as_numbers",
    "check_complete",
    "guess_task",
    "looks_like_counts",
    "no_value",
    "shown",
    "writing_of",
]

Array = NDArray[Any]

# Whole numbers with at most this many different values are taken for classes when nobody says what they are.
MOST_GUESSED_CLASSES = 10
# Numbers with more different values than this are amounts, and no counts.
MOST_COUNTS = 1000
# A target's numbers are learned in float32, and their squares must be finite in float64.
LARGEST = 1e30


def no_value(y: pd.Series) -> NDArray[np.bool_]:
    """Which of n values of a target column are missing: none, or text of spaces only; (n,)."""
    gaps = y.isna()
    if pd.api.types.is_string_dtype(y.dtype):
        gaps |= y.map(lambda value: isinstance(value, str) and not value.strip()).astype(bool)
    return np.asarray(gaps)


def guess_task(y: pd.Series) -> str:
    """The task, "classification" or "regression", from the values of a target column.

    Text, truth values and categories are classes, unless all of the text is numbers with marks or a unit; so are whole
    numbers with at most ten different values.
    """
    written = writing_of(y)
    if written is not None:
        y = pd.Series(numbers_of(written, y))
    if not pd.api.types.is_numeric_dtype(y) or pd.api.types.is_bool_dtype(y):
        return "classification"
    values = y.dropna().to_numpy(dtype=np.float64)
    distinct = np.unique(values)
    whole = bool(np.all(np.isfinite(distinct))) and bool(np.all(distinct == np.round(distinct)))
    return "classification" if whole and len(distinct) <= MOST_GUESSED_CLASSES else "regression"


def writing_of(y: pd.Series) -> WrittenNumbers | None:
    """How the numbers of a target are written, if they are text of numbers with marks or a unit."""
    if not pd.api.types.is_string_dtype(y.dtype) or isinstance(y.dtype, pd.CategoricalDtype):
        return None
    words = list(dict.fromkeys(word for word in words_of(y.astype(object)) if word is not None))
    try:
        found = find_written(str(y.name), words)
    except DataError:  # dates, which are no target
        return None
    return found if isinstance(found, WrittenNumbers) and found.unit != "th" else None


def looks_like_counts(y: Array) -> bool:
    """Whether numbers seem to count something: whole, from zero on, few of them large."""
    y = y[np.isfinite(y)]
    whole = bool(len(y)) and bool((y == np.round(y)).all())
    return whole and float(y.min()) in (0.0, 1.0) and len(np.unique(y)) <= MOST_COUNTS and y.max() > 2


def check_complete(y: Array, name: str) -> None:
    """Raise DataError if a target, (n,) or (n, k), has missing values."""
    gaps = np.asarray(pd.isna(y))
    missing = np.flatnonzero(gaps if gaps.ndim == 1 else gaps.any(axis=tuple(range(1, gaps.ndim))))
    if len(missing):
        raise DataError(
            f"The target {name!r} has missing values (NaN), the first in row {int(missing[0]) + 1} "
            f"({len(missing):,} in all); leave these rows out."
        )


def as_numbers(y: Array, name: str, written: WrittenNumbers | None = None) -> NDArray[np.float64]:
    """A target of numbers in float64, of the same shape; `written` says how text is read."""
    given = np.asarray(y)
    check_complete(given, name)
    if written is not None and given.dtype.kind not in "biuf":
        numbers = numbers_of(written, pd.Series(given.ravel(), dtype=object)).reshape(given.shape)
        strange = np.flatnonzero(np.isnan(numbers))
        if len(strange):
            raise DataError(
                f"The target {name!r} holds numbers written like {written.described()}; row {int(strange[0]) + 1} has "
                f"{shown(given.ravel()[strange[0]])}."
            )
        given = numbers
    if given.dtype.kind == "O" and (place := too_large(given.ravel())) is not None:
        row = place * len(given) // given.size
        raise DataError(
            f"The target {name!r} has too large a number in row {row + 1}; numbers beyond {LARGEST:g} cannot be "
            "learned. Divide the column by a constant."
        )
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

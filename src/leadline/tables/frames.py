"""Frames: whatever a caller has for a table, as a pandas DataFrame whose columns are of what they hold."""

import math
import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline.errors import DataError
from leadline.tables.lazy import collected

__all__ = ["as_frame", "check_floats", "encodable", "free_name", "too_large", "typed", "with_columns"]

# One half of a character that UTF-16 has in two, which stands for nothing by itself.
_HALF = re.compile(r"[\ud800-\udfff]")


def as_frame(X: Any, names: Sequence[str] | None = None) -> pd.DataFrame:
    """X as a pandas DataFrame with text column names; arrays get the names x0, x1, …

    Parameters
    ----------
    X : DataFrame of any library that narwhals knows, lazy ones too, array-like or sparse matrix of shape (n, p)
    names : sequence of str, optional
        Names for the columns of an array.

    Raises
    ------
    DataError
        X is not two-dimensional, is complex, has no columns, or names two columns alike; or it is sparse and does not
        fit into memory as an array.
    """
    if not isinstance(X, pd.DataFrame | np.ndarray):
        X = collected(X)
    if isinstance(X, pd.DataFrame):
        frame = X.reset_index(drop=True)
    elif nw.dependencies.is_into_dataframe(X):
        frame = nw.from_native(X, eager_only=True).to_pandas()
    elif hasattr(X, "to_pandas") and hasattr(X, "columns"):
        frame = X.to_pandas()
    else:
        array = _as_array(X)
        own_names = list(names) if names is not None and len(names) == array.shape[1] else None
        try:
            frame = pd.DataFrame(array, columns=own_names, copy=False)
        except UnicodeEncodeError:
            frame = pd.DataFrame(np.frompyfunc(encodable, 1, 1)(array), columns=own_names)
        if names is None:
            frame.columns = [f"x{i}" for i in range(array.shape[1])]
    frame = frame.set_axis(frame.columns.map(lambda name: encodable(str(name))), axis=1)
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise DataError(f"X has more than one column named {twice[0]!r}; give every column a name of its own.")
    strange = {name: typed(frame[name]) for name, dtype in frame.dtypes.items() if not _is_typed(dtype)}
    return with_columns(frame, strange)


def with_columns(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """The same table, some of its columns in place of those of these names, which may be any, "self" too."""
    frame = frame.copy(deep=False)
    for name, values in columns.items():
        frame[name] = values
    return frame


def free_name(taken: Collection[str], name: str) -> str:
    """The name, with as many underscores behind it as make it another than those that are taken."""
    while name in taken:
        name += "_"
    return name


def encodable(value: Any) -> Any:
    """A value; in text U+FFFD for each half of a character, which no encoding has and JSON may hold."""
    return _HALF.sub("\ufffd", value) if isinstance(value, str) and not value.isascii() else value


def too_large(values: Iterable[Any]) -> int | None:
    """The place of the first whole number that float64 does not have; None if there is none."""
    most = sys.float_info.max
    return next((i for i, value in enumerate(values) if isinstance(value, int) and abs(value) > most), None)


def check_floats(column: pd.Series) -> None:
    """Raise DataError if a column has a whole number that float64 does not have."""
    if (row := too_large(column)) is not None:
        raise DataError(
            f"Column {column.name!r} has too large a number in row {row + 1}, beyond {sys.float_info.max:.2g}; "
            "replace it by a smaller one or leave the cell empty."
        )


def _as_array(X: Any) -> NDArray[Any]:
    """An array of two dimensions, NaN where a mask hides a number."""
    if hasattr(X, "toarray"):
        X = _dense(X)
    if isinstance(X, np.ma.MaskedArray):
        kind, gap = (np.float64, np.nan) if X.dtype.kind in "biuf" else (object, None)
        hidden, X = np.ma.getmaskarray(X), np.array(X, kind)
        X[hidden] = gap
    try:
        array = np.asarray(X)
        if array.dtype.kind in "SU" and not isinstance(X, np.ndarray):  # of numbers and text, for example
            array = np.asarray(X, dtype=object)
    except ValueError as error:
        raise DataError("X is no table: its rows have different numbers of values.") from error
    if array.ndim != 2:
        raise DataError(
            f"Expected a 2D array, rows by columns; got {array.ndim} dimension(s). Reshape your data with "
            "X.reshape(-1, 1) for one column or X.reshape(1, -1) for one row."
        )
    if array.dtype.kind == "c":
        raise DataError("Complex data not supported: X has complex values.")
    return array


def _dense(X: Any) -> NDArray[Any]:
    """A sparse matrix as an array: what a network multiplies is dense."""
    n_bytes = math.prod(X.shape) * X.dtype.itemsize
    # a system may promise more memory than it has
    if not hasattr(os, "sysconf") or n_bytes <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
        with suppress(MemoryError):
            return np.asarray(X.toarray())
    raise DataError(
        f"X is sparse, {X.shape[0]:,} × {X.shape[1]:,}; the array that a network needs has {n_bytes / 2**30:,.0f} GiB, "
        "more than there is memory. Use fewer columns, for example those that TruncatedSVD or SelectKBest make of them."
    )


def _is_typed(dtype: Any) -> bool:
    """Whether a column is of NumPy's numbers, truth values or points in time, so that there is nothing to find out."""
    return isinstance(dtype, np.dtype) and dtype.kind in "biufM"


def typed(column: pd.Series) -> pd.Series:
    """A column of objects, periods, durations or decimals as what they are."""
    dtype = column.dtype
    if isinstance(dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    if isinstance(dtype, pd.SparseDtype):
        return column.sparse.to_dense()
    if pd.api.types.is_timedelta64_dtype(dtype) or str(dtype).startswith("duration"):
        return column.astype("timedelta64[ns]") / pd.Timedelta(days=1)
    if isinstance(dtype, pd.ArrowDtype):
        if dtype.name.startswith("date"):
            return column.astype("datetime64[s]")
        if dtype.type in (list, dict):
            return column.astype(object)
    if pd.api.types.is_complex_dtype(dtype):
        raise DataError(f"Complex data not supported: column {column.name!r} has complex values.")
    if pd.api.types.is_object_dtype(dtype):
        try:
            column = column.infer_objects()
        except UnicodeEncodeError:
            column = column.map(encodable)
        if not pd.api.types.is_object_dtype(column.dtype):
            return column if _is_typed(column.dtype) else typed(column)
        kind = pd.api.types.infer_dtype(column, skipna=True)
        if kind in ("decimal", "floating", "integer", "mixed-integer-float"):
            check_floats(column)
            return pd.to_numeric(column.where(column.notna(), np.nan).astype("float64"))
        if kind in ("date", "datetime"):
            return _in_one_zone(column)
        if kind in ("timedelta", "period"):
            return typed(pd.Series(pd.array(column), index=column.index))
    elif "decimal" in str(dtype):
        return column.astype("float64")
    return column


def _in_one_zone(column: pd.Series) -> pd.Series:
    """Points in time that are objects, in UTC where they have time zones, which may differ as in summer and winter."""
    zones = column.dropna().map(lambda value: getattr(value, "tzinfo", None) is not None)
    if zones.any() and not zones.all():
        raise DataError(
            f"Column {column.name!r} has points in time with and without a time zone; give all of them one, or none."
        )
    return pd.to_datetime(column, errors="coerce", utc=bool(zones.any()))

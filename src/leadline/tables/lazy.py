"""Lazy tables, computed only when asked for: polars' LazyFrame, relations of DuckDB, DataFrames of dask and others.

What learns from rows needs all of them, so such a table is computed, once, where it comes in.
"""

from typing import Any

import narwhals as nw
import pandas as pd

__all__ = ["collected", "collected_target", "has_names"]


def _of_dask(X: Any) -> bool:
    """Whether this is a DataFrame or a Series of dask, which need no library between to be computed."""
    return hasattr(X, "compute") and hasattr(X, "dask")


def _lazy(X: Any) -> "nw.LazyFrame[Any] | None":
    # a DataFrame of pandas never is, and may have names, 1 and True, that differ as text alone
    own = X if isinstance(X, pd.DataFrame) else nw.from_native(X, pass_through=True)
    return own if isinstance(own, nw.LazyFrame) else None


def has_names(X: Any) -> bool:
    """Whether the columns of a table have names; a lazy one is not asked, since that may cost as much as its rows."""
    return (not _of_dask(X) and _lazy(X) is not None) or hasattr(X, "columns")


def collected(X: Any) -> Any:
    """A lazy table as a DataFrame of pandas; anything else as it is."""
    if _of_dask(X):
        return X.compute()
    own = _lazy(X)
    return X if own is None else own.collect().to_pandas()


def collected_target(y: Any) -> Any:
    """A lazy column, or a lazy table of one column, as a Series of pandas; anything else as it is."""
    frame = collected(y)
    if frame is not y and frame.ndim == 2 and frame.shape[1] == 1:
        column: pd.Series = frame.iloc[:, 0]
        return column
    return frame

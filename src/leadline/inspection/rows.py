"""Which rows a figure is computed from."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["spread_rows"]


def spread_rows(m: int, most: int) -> NDArray[np.int64]:
    """Of m rows at most so many, evenly spaced, so that a table in any order is kept in its proportions."""
    return np.linspace(0, m - 1, min(m, most)).round().astype(np.int64)

"""Pairs of columns that say more together than each by itself, as the day and the month of a date.

A pair is read as one column whose categories are the cells of a table with the values of one column down and those of
the other across. Networks are told what statistics of the target say of a row's cell, and nothing else of it. Each of
the two is a column of categories, or of numbers that have few values.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_CELLS", "Axis", "Pair"]

# The cells of a pair are no more than this: statistics tell of each, in each network.
MOST_CELLS = 16_384


@dataclass(frozen=True)
class Axis:
    """One of the two columns.

    Attributes
    ----------
    name : str
    source : int
        Its place among the codes of a row, or among the numbers.
    n_codes : int
        How many codes tell its categories apart; 0 for numbers.
    values : tuple of float
        The numbers that are told apart, ascending, each as float32 has it; empty for categories.
    """

    name: str
    source: int
    n_codes: int = 0
    values: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """How many places there are: 0 is for what is missing or unknown."""
        return 1 + self.n_codes + len(self.values)

    def places(self, numbers: NDArray[np.floating], codes: NDArray[np.integer]) -> NDArray[np.int64]:
        """The place of each row, (n,), from its numbers, (n, p), and codes, (n, c)."""
        if self.n_codes:
            return codes[:, self.source].astype(np.int64) + 1
        known = np.array(self.values, np.float32)
        with np.errstate(over="ignore"):
            own = numbers[:, self.source].astype(np.float32)
        found = np.minimum(np.searchsorted(known, own), len(known) - 1)
        return np.where(known[found] == own, found + 1, 0)


class Pair(NamedTuple):
    """Two columns, and the cells of both."""

    first: Axis
    second: Axis

    @property
    def n_cells(self) -> int:
        """How many cells there are."""
        return math.prod(axis.size for axis in self)

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.first.name} × {self.second.name}"

    @property
    def notice(self) -> str:
        """What a reader should know of it."""
        return (
            f"columns {self.first.name!r} and {self.second.name!r} are also read together: what rows with the same "
            "value in both say of the target"
        )

    def cells(self, numbers: NDArray[np.floating], codes: NDArray[np.integer]) -> NDArray[np.int32]:
        """The cell of each row, (n,)."""
        places = (axis.places(numbers, codes) for axis in self)
        return np.asarray(next(places) * self.second.size + next(places), np.int32)

"""Crosses: columns read value by value, two of them together or one by itself, by what rows say of each value.

The day and the month of a date say more together than each by itself, a weekday has little in common with the next one,
and Christmas with the days around it. A cross is read as one column whose categories are its cells: the values of a
column, or those of one column down and of another across; of a date the days of the calendar. Networks are told what
statistics of the target say of a row's cell, and nothing else of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadline.tables.dates import CALENDAR, CALENDAR_DAYS, calendar_places, calendar_size

__all__ = ["MOST_CELLS", "Axis", "Cross"]

# The cells of a cross are no more than this: statistics tell of each, in each network.
MOST_CELLS = 16_384


@dataclass(frozen=True)
class Axis:
    """A column of a cross.

    Attributes
    ----------
    name : str
    source : int
        Its place among the codes of a row, or among the numbers.
    n_codes : int
        How many codes tell its categories apart; 0 for numbers.
    values : tuple of float
        The numbers that are told apart, ascending, each as float32 has it; empty for categories.
    calendar : str
        By what days are told apart, one of `leadline.tables.dates.CALENDAR`; empty for what is no date.
    """

    name: str
    source: int
    n_codes: int = 0
    values: tuple[float, ...] = ()
    calendar: str = ""

    @property
    def size(self) -> int:
        """How many places there are: 0 is for what is missing or unknown."""
        return calendar_size(self.calendar) if self.calendar else 1 + self.n_codes + len(self.values)

    @property
    def kinds(self) -> int:
        """How many places, one after the other, are told the same, each kind without what it says by itself."""
        return CALENDAR[self.calendar].kinds if self.calendar else 1

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.calendar} of {self.name}" if self.calendar else self.name

    def places(self, numbers: NDArray[np.floating], codes: NDArray[np.integer]) -> NDArray[np.int64]:
        """The place of each row, (n,), from its numbers, (n, p), and codes, (n, c)."""
        if self.n_codes:
            return codes[:, self.source].astype(np.int64) + 1
        with np.errstate(over="ignore"):
            own = numbers[:, self.source].astype(np.float32)
        if self.calendar:
            # of what float32 has of today's dates the last minute and a half of a day is the next one
            there = np.isfinite(own)
            days = np.floor(np.where(there, own, 0.0)).astype(np.int64) % CALENDAR_DAYS
            return np.where(there, calendar_places(self.calendar)[days].astype(np.int64), 0)
        known = np.array(self.values, np.float32)
        found = np.minimum(np.searchsorted(known, own), len(known) - 1)
        return np.where(known[found] == own, found + 1, 0)


@dataclass(frozen=True)
class Cross:
    """One column or two, and the cells of their values."""

    axes: tuple[Axis, ...]

    @property
    def n_cells(self) -> int:
        """How many cells there are."""
        return math.prod(axis.size for axis in self.axes)

    @property
    def kinds(self) -> int:
        """How many cells, one after the other, are told the same: `Axis.kinds` of a column by itself."""
        return self.axes[0].kinds

    @property
    def name(self) -> str:
        """What messages call it."""
        return " × ".join(axis.title for axis in self.axes)

    @property
    def notice(self) -> str:
        """What a reader should know of it."""
        names = " and ".join(repr(axis.name) for axis in self.axes)
        if calendar := self.axes[0].calendar:
            return (
                f"column {names} is also read by the {calendar}, such as {CALENDAR[calendar].example}: what the same "
                "one in other years says of the target"
            )
        if len(self.axes) == 1:
            return f"column {names} is also read value by value: what rows with the same one say of the target"
        return f"columns {names} are also read together: what rows with the same value in both say of the target"

    def cells(self, numbers: NDArray[np.floating], codes: NDArray[np.integer]) -> NDArray[np.int32]:
        """The cell of each row, (n,), from its numbers, (n, p), and codes, (n, c)."""
        return np.asarray(self.cells_of([axis.places(numbers, codes) for axis in self.axes]), np.int32)

    def cells_of(self, places: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        """The cell of each row, (n,), from its place on each axis."""
        return np.asarray(np.ravel_multi_index(tuple(places), tuple(axis.size for axis in self.axes)))

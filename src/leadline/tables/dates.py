"""What of dates comes again: places in the day, the week and the year, as sines and cosines, and days of the calendar.

A number of days since 1970 tells a network what was early and what was late; that Saturdays are alike, and Januaries,
it would have to learn day by day. So a column of dates also becomes its place in each cycle that its rows show. Three
sines and cosines of a week tell all its days apart. What is missing is in no place: zeros. Where the training rows of a
network do not say that the target moves with a cycle, its numbers are no more than chances to err. Single days, such as
holidays, are found again by the calendar, which crosses read (`leadline.tables.crosses`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

__all__ = [
    "CALENDAR",
    "CYCLES",
    "Cycle",
    "calendar_places",
    "calendar_size",
    "cycles_of",
    "points_in_time",
    "tells",
]

# Days after which the calendar comes again, weekdays too: 400 years.
CALENDAR_DAYS = 146_097

MICROSECONDS_OF_A_DAY = 86_400_000_000

# Numbers of a cycle that differ by less than this in all rows are one: every first of January is not a season.
LEAST_RANGE = 0.1
# Of the test whether a cycle tells of the target.
LEVEL = 0.01
# What is smaller than this, as a share of the largest singular value, is rounding.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Cycle:
    """What comes again after so many days.

    Attributes
    ----------
    period : float
        Days.
    waves : int
        Sines and cosines of 1, 2, … waves to a period.
    whole_days : bool
        Whether the time of the day is left out.
    least : float
        Days that rows must span to show it.
    """

    period: float
    waves: int
    whole_days: bool
    least: float

    @property
    def size(self) -> int:
        """Numbers."""
        return 2 * self.waves

    @property
    def counts(self) -> NDArray[np.float64]:
        """How many waves of each kind a period has, (waves,)."""
        return np.arange(1.0, self.waves + 1)

    @property
    def heights(self) -> NDArray[np.float64]:
        """How high each wave is, (size,): the shorter the lower, as it tells less where little is to be learned."""
        return np.tile(1 / self.counts, 2)

    def numbers(self, days: NDArray[np.floating]) -> NDArray[np.float64]:
        """Sines and then cosines of points in time, (n, size), from days since 1970, (n,), NaN for missing."""
        whole = np.floor(days) if self.whole_days else np.asarray(days, np.float64)
        turns = whole / self.period
        angles = 2 * np.pi * (turns - np.floor(turns))[:, None] * self.counts
        return np.asarray(np.nan_to_num(np.concatenate([np.sin(angles), np.cos(angles)], axis=1) * self.heights))

    def is_shown(self, days: NDArray[np.floating]) -> bool:
        """Whether points in time, (n,), none missing, span enough of it and are not all in one place."""
        if not len(days) or np.ptp(days) < self.least:
            return False
        return bool(np.ptp(self.numbers(days), axis=0).max() >= LEAST_RANGE)


CYCLES: Mapping[str, Cycle] = {
    "day": Cycle(1.0, 2, whole_days=False, least=1.0),
    "week": Cycle(7.0, 3, whole_days=True, least=14.0),
    "year": Cycle(365.2425, 6, whole_days=True, least=365.0),
}


def cycles_of(days: NDArray[np.floating]) -> tuple[str, ...]:
    """The names of the cycles that points in time show, (n,), NaN for missing."""
    known = days[~np.isnan(days)]
    return tuple(name for name, cycle in CYCLES.items() if cycle.is_shown(known))


def points_in_time(days: NDArray[np.floating]) -> NDArray[np.datetime64]:
    """Points in time, (n,), from days since 1970, (n,), NaN for missing: to the microsecond, as far as days go."""
    found = np.full(len(days), "NaT", "datetime64[us]")
    known = np.isfinite(days)
    found[known] = np.rint(days[known] * MICROSECONDS_OF_A_DAY).astype(np.int64).astype("datetime64[us]")
    return found


class Calendar(NamedTuple):
    """How a day is found again in other years.

    Attributes
    ----------
    example : str
        A day, as messages call it.
    kinds : int
        How many kinds of days each place has: what weekdays say by themselves is no news of a day of the year.
    """

    example: str
    kinds: int


CALENDAR: Mapping[str, Calendar] = {
    "day of the year": Calendar("the 25th of December", 7),
    "weekday of the month": Calendar("the fourth Thursday in November", 1),
}


@cache
def calendar_places(name: str) -> NDArray[np.int16]:
    """Of each day since 1970 its place in the calendar, as CALENDAR names it, (CALENDAR_DAYS,).

    Those of one day of the year, one for each kind, stand one after the other; the first ones, as many, are none.
    """
    dates = np.arange(CALENDAR_DAYS).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    day, month = (dates - months).astype(np.int64), months.astype(np.int64) % 12
    # the first of January 1970 was a Thursday
    weekday = (np.arange(CALENDAR_DAYS) + 3) % 7
    by_day = name == "day of the year"
    places = (1 + 31 * month + day) * 7 + weekday if by_day else 1 + (12 * weekday + month) * 5 + day // 7
    return np.asarray(places, np.int16)


def calendar_size(name: str) -> int:
    """How many places there are, with those that no day has."""
    kinds = CALENDAR[name].kinds
    return (1 + int(calendar_places(name).max()) // kinds) * kinds


def tells(numbers: NDArray[np.floating], values: NDArray[np.float64], w: NDArray[np.float64]) -> bool:
    """Whether the numbers of a cycle tell of outcomes beyond chance: an F test of a linear model, at LEVEL.

    BLAS must be held to one thread for the same answer everywhere.

    Parameters
    ----------
    numbers : (n, size) array
    values : (n, k) array
        Outcomes, of which one is enough; the level is that of all of them together.
    w : (n,) array
        Positive weights, of which only the proportions count.
    """
    w = w / w.mean()
    root = np.sqrt(w)[:, None]
    X, Y = (root * (own - np.average(own, axis=0, weights=w)) for own in (numbers, values))
    directions, sizes, _ = np.linalg.svd(X, full_matrices=False)
    directions = directions[:, sizes > ROUNDING * max(sizes.max(), ROUNDING)]
    m = directions.shape[1]
    free = len(w) - m - 1
    if m < 1 or free < 1:
        return False
    explained = np.square(directions.T @ Y).sum(axis=0)
    left = np.maximum(np.square(Y).sum(axis=0) - explained, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = fdtrc(m, free, explained / m / (left / free))
    return bool((chance < LEVEL / values.shape[1]).any())

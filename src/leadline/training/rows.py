"""What networks learn from: rows that stand ready, rows as they were read with a lens for each network, or a stream."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["AllBut", "Data", "Examples", "Lens", "Part", "Reads", "Rows", "Source", "Stream", "Table", "taken"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class AllBut:
    """The numbers 0 … n − 1 but for a few, made anew when they are wanted: many such sets take no room.

    Attributes
    ----------
    n : int
    left_out : (r,) array of int
        All different.
    """

    n: int
    left_out: Array

    def __len__(self) -> int:
        return self.n - len(self.left_out)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        numbers = np.flatnonzero(self._inside())
        return numbers if dtype is None else numbers.astype(dtype, copy=False)

    def __getitem__(self, places: Any) -> Array:
        # a view would hold on to all of them
        return np.array(np.asarray(self)[places])

    def _inside(self) -> Array:
        inside = np.ones(self.n, bool)
        inside[self.left_out] = False
        return inside

    def of(self, array: Array) -> Array:
        """These rows of an array, (n, …)."""
        return np.asarray(array[self._inside()])

    @property
    def nbytes(self) -> int:
        """What it takes."""
        return int(self.left_out.nbytes)


def taken(array: Array, rows: Array | AllBut) -> Array:
    """Some rows of an array, (n, …)."""
    return rows.of(array) if isinstance(rows, AllBut) else np.asarray(array[rows])


class Source(Protocol):
    """Where networks get their examples."""

    def examples(self, fold: Any) -> "Examples | Table":
        """What the networks of a fold are given."""


@runtime_checkable
class Stream(Source, Protocol):
    """Rows that do not stand in memory: they come in parts, epoch after epoch; `examples` are a sample of them."""

    def learned(self, fold: Any) -> tuple[float, float]:
        """How many rows the networks of a fold learn from in an epoch, about, and what they weigh."""

    def parts(self, epoch: int) -> Iterator["Part"]:
        """The rows of an epoch, counted from 0, part by part."""


class Part(Protocol):
    """Some rows of an epoch."""

    def examples(self, fold: Any) -> tuple["Examples | Table", Array]:
        """The part as the networks of a fold see it, and which of its rows they learn from."""


@dataclass
class Data:
    """Examples that stand in memory; read by many, written by none.

    Attributes
    ----------
    X : (F, n, n[0]) array
        Inputs, encoded once for each fold with that fold's statistics.
    Y : (F, n, n[L]) array
        Targets, likewise.
    w : (n,) array
        Weight of each row.
    """

    X: Array
    Y: Array
    w: Array

    def astype(self, dtype: type) -> "Data":
        """The same in another precision."""
        return Data(self.X.astype(dtype), self.Y.astype(dtype), self.w.astype(dtype))

    def examples(self, fold: int) -> "Examples":
        """What the networks of a fold are given."""
        return Examples(*(np.ascontiguousarray(array) for array in (self.X[fold], self.Y[fold], self.w)))


def _addresses(*arrays: Array) -> NDArray[np.int64]:
    assert all(array.flags.c_contiguous for array in arrays), "what compiled code reads must have no gaps"
    return np.array([array.__array_interface__["data"][0] for array in arrays], np.int64)


@dataclass(frozen=True)
class Examples:
    """Rows that stand ready as a network takes them, in its precision, each array without gaps in memory.

    Attributes
    ----------
    X : (n, n[0]) array
    Y : (n, n[L]) array
        Empty where nothing but forward passes is wanted.
    w : (n,) array
        Likewise.
    """

    X: Array
    Y: Array
    w: Array

    @cached_property
    def _source(self) -> NDArray[np.int64]:
        return _addresses(self.X, self.Y, self.w)

    @property
    def address(self) -> int:
        """Where the addresses of the arrays are."""
        return int(self._source.__array_interface__["data"][0])

    @property
    def reads(self) -> "Reads | None":
        """Nothing has to be computed."""
        return None


class Reads(NamedTuple):
    """What is read of a table's rows: p numbers, c codes, t numbers of the target, or the place of a one.

    And how many groups and statistics tell of the codes.
    """

    numbers: int
    codes: int
    target: int
    one_hot: bool
    groups: int
    statistics: int


class Rows(NamedTuple):
    """Rows of a table as they were read, each array without gaps in memory; shared by all networks.

    Attributes
    ----------
    numbers : (n, p) float32 array
        NaN for missing.
    codes : (n, c) int32 array
        The place of a category among the inputs of its column; −1 for none.
    Y : (n, t) float64 array
        The target; t is n[L], or 1 where it is the place of a one among zeros.
    w : (n,) float64 array
        Weights.
    """

    numbers: Array
    codes: Array
    Y: Array
    w: Array


class Lens(NamedTuple):
    """How a network sees rows; everything that is fitted is fitted on its training rows.

    Attributes
    ----------
    fill, center, scale : (p,) float64 arrays
        x, or fill where it is missing, enters as u / √(1 + (u/clip)²), u = (x − center) / scale, at most `farthest`.
    farthest, clip : float
    groups : sequence of (kind, column, width, rare)
        The inputs after the numbers: 0, whether a number is missing; 1, a column of codes as so many zeros and a one;
        2, as the code. A code that is not below the width counts as the rare one.
    target_center, target_scale : (n[L],) float64 arrays
        (Y − center) / scale is learned.
    one_hot : bool
    statistics : sequence of (column, (S, 1 + c, k) float32 array)
        The inputs after the groups: of a column of codes k numbers, for a row of each of S parts those of no code and
        of each.
    """

    fill: Array
    center: Array
    scale: Array
    farthest: float
    clip: float
    groups: Sequence[tuple[int, int, int, int]]
    target_center: Array
    target_scale: Array
    one_hot: bool
    statistics: Sequence[tuple[int, Array]] = ()


@dataclass(frozen=True)
class Table:
    """Rows as they were read, and how a network sees them: its inputs are computed as a batch of them is gathered.

    `parts`, (n,) uint8, says of each row which of the lens's statistics it sees; empty where it has none.
    """

    rows: Rows
    lens: Lens
    parts: Array = field(default_factory=lambda: np.zeros(0, np.uint8))

    @property
    def w(self) -> Array:
        """Weight of each row, (n,)."""
        return self.rows.w

    @cached_property
    def _fitted(self) -> tuple[Array, ...]:
        lens = self.lens
        numbers = np.concatenate([lens.fill, lens.center, lens.scale, [lens.farthest, lens.clip]])
        target = np.concatenate([lens.target_center, lens.target_scale])
        groups = np.array(lens.groups, np.int64).reshape(-1, 4).T
        return (
            numbers.astype(np.float64),
            target.astype(np.float64),
            np.ascontiguousarray(groups),
            self.parts,
            *self.statistics,
        )

    @cached_property
    def statistics(self) -> tuple[Array, Array]:
        """Those of the lens: column, codes, numbers and first place of each, (4, T), and all numbers."""
        tables = [(column, np.asarray(table, np.float32)) for column, table in self.lens.statistics]
        first = np.cumsum([0, *(table.size for _, table in tables)])
        told = [(column, *table.shape[1:], start) for (column, table), start in zip(tables, first, strict=False)]
        numbers = [np.zeros(0, np.float32), *(table.ravel() for _, table in tables)]
        return np.ascontiguousarray(np.array(told, np.int64).reshape(-1, 4).T), np.concatenate(numbers)

    @cached_property
    def _source(self) -> NDArray[np.int64]:
        return _addresses(*self.rows, *self._fitted)

    @property
    def address(self) -> int:
        """Where the addresses of everything are; see the kernel `encode`."""
        return int(self._source.__array_interface__["data"][0])

    @property
    def reads(self) -> Reads:
        """What is read of each row."""
        own, lens = self.rows, self.lens
        read = (own.numbers.shape[1], own.codes.shape[1], own.Y.shape[1], lens.one_hot, len(lens.groups))
        return Reads(*read, len(lens.statistics))

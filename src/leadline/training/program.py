"""A step of training as data: where everything lies in a network's memory, and the operations on it in their order.

A network has one flat vector of numbers: parameters, the optimiser's moments, inputs, activations, gradients. A
`Place` is a matrix in it. An `Operation` names a kernel and the places that it reads and writes. A program says the
same for every network of a plan; a backend runs it on the memory of each, and blocks (see `blocks`) write it.

Wide layers are cut into tiles of units. What may run side by side stands in lanes, and a stage is done when all its
lanes are. The tiles depend on the network and its batch size alone, never on how many threads there are, so the bits of
the result do not either.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SETTINGS", "Layout", "Operation", "Place", "Program", "stages_in_order"]

# Offsets are multiples of so many numbers: a cache line in float32.
ALIGNMENT = 16

# What a step is told besides its examples, in this order; floats of the network's precision.
SETTINGS = (
    "rate",
    "beta_1",
    "rest_1",
    "beta_2",
    "rest_2",
    "epsilon",
    "correction_1",
    "correction_2",
    "decay",
    "penalty",
    "scale",
)


class Place(NamedTuple):
    """A matrix in a network's memory: its first entry, its shape, and how far one row is from the next."""

    offset: int
    rows: int
    columns: int
    stride: int

    @property
    def stop(self) -> int:
        """The entry after its last one."""
        return self.offset + (self.rows - 1) * self.stride + self.columns

    def top(self, rows: int) -> "Place":
        """Its first rows."""
        return self._replace(rows=rows)

    def some_columns(self, first: int, stop: int) -> "Place":
        """The columns from `first` up to `stop`."""
        return self._replace(offset=self.offset + first, columns=stop - first)

    def some_rows(self, first: int, stop: int) -> "Place":
        """The rows from `first` up to `stop`."""
        return self._replace(offset=self.offset + first * self.stride, rows=stop - first)

    def flat(self) -> "Place":
        """The same entries as one row; for a place without gaps."""
        return Place(self.offset, 1, self.rows * self.columns, self.rows * self.columns)

    def matrix(self, rows: int, columns: int) -> "Place":
        """The first entries of a row as a matrix."""
        return Place(self.offset, rows, columns, columns)


class Operation(NamedTuple):
    """One kernel at work.

    `owner` is the activation, loss or optimiser whose functions the kernel holds, and None for other kernels. What
    `places` and `numbers` mean is said where the kernel is defined.
    """

    kernel: str
    places: tuple[Place, ...]
    owner: Any = None
    numbers: tuple[int, ...] = ()


Lane = Sequence[Operation]
Stage = Sequence[Lane]


@dataclass(frozen=True)
class Program:
    """Stages, each of them lanes of operations; stages follow each other, lanes of a stage may run side by side."""

    stages: tuple[tuple[tuple[Operation, ...], ...], ...]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, one lane after the other."""
        return tuple(operation for stage in self.stages for lane in stage for operation in lane)

    @property
    def lanes(self) -> int:
        """The most lanes of a stage."""
        return max(len(stage) for stage in self.stages)


def stages_in_order(stages: Iterable[Stage]) -> Program:
    """The program of these stages, where neighbours of one lane become one."""
    merged: list[list[tuple[Operation, ...]]] = []
    for stage in stages:
        lanes = [tuple(lane) for lane in stage if lane]
        if not lanes:
            continue
        if merged and len(merged[-1]) == len(lanes) == 1:
            merged[-1] = [merged[-1][0] + lanes[0]]
        else:
            merged.append(lanes)
    return Program(tuple(tuple(stage) for stage in merged))


class Layout:
    """Hands out places, one after the other."""

    def __init__(self) -> None:
        self.size = 0
        self._constants: list[tuple[Place, NDArray[np.float64]]] = []

    def matrix(self, rows: int, columns: int) -> Place:
        """A new place."""
        place = Place(self.size, rows, columns, columns)
        self.size += -(-rows * columns // ALIGNMENT) * ALIGNMENT
        return place

    def constants(self, values: ArrayLike) -> Place:
        """A new row whose entries `fresh` sets to `values`."""
        row = np.asarray(values, dtype=np.float64)
        place = self.matrix(1, len(row))
        self._constants.append((place, row))
        return place

    def fresh(self, P: int, dtype: type) -> NDArray[Any]:
        """Memory for P networks, (P, size): zeros, and the constants in their places."""
        memory: NDArray[Any] = np.zeros((P, self.size), dtype)
        for place, values in self._constants:
            memory[:, place.offset : place.stop] = values
        return memory

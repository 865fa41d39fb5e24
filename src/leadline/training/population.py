"""A population: P networks of one plan that take every step together.

Their parameters are stacked on a leading axis, and the equations carry it: products and kernels work on all networks at
once. Networks share nothing else: each has its own fold, rows, random stream and rates, and its bits are the
same alone or in company (a stacked product equals its slices; see kernels for the rest). Where networks have
different numbers of rows in a step, the population takes that step in runs of equal length.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.training.blocks import Bound, Dropout, Plan
from leadline.training.kernels import gather, loss_kernel

__all__ = ["Data", "Population", "Scorer", "runs_of_equal_length"]

Array = NDArray[Any]

# Rows that a forward pass takes at once: few enough that a layer's activations stay in the cache. A fixed number,
# because the rows of a product depend in their last bits on how many there are.
ROWS_AT_ONCE = 512


@dataclass
class Data:
    """What networks are trained on; read by many, written by none.

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


class _Workspace:
    """The bound blocks for some networks and m examples, from the minibatch to the scores."""

    def __init__(self, plan: Plan, theta: Array, gradient: Array | None, buffers: Any, part: slice, m: int) -> None:
        inputs, per_block = buffers
        self.inputs = inputs[part, :m]
        thetas = iter(plan.views(theta[part]))
        gradients = iter(plan.views(gradient[part])) if gradient is not None else None
        self.bound: list[Bound] = []
        for block, arrays in zip(plan.blocks, per_block, strict=True):
            count = len(block.parameters)
            self.bound.append(
                block.bind(
                    [next(thetas) for _ in range(count)],
                    [next(gradients) for _ in range(count)] if gradients is not None else [],
                    tuple(array[part, :m] for array in arrays),
                )
            )
        self.scores = self.bound[-1].A
        # the block at which the backward pass may end: nothing before it has parameters
        self.first = next(i for i, block in enumerate(plan.blocks) if block.parameters)

    def forward(self, dropout: Dropout | None = None) -> Array:
        A: Array = self.inputs
        for bound in self.bound:
            bound.forward(A, dropout)
            A = bound.A
        return self.scores

    def backward(self, dropout: Dropout | None = None) -> None:
        for i in range(len(self.bound) - 1, self.first - 1, -1):
            A_before = self.bound[i - 1].A if i else self.inputs
            dA_before = self.bound[i - 1].dA if i > self.first else None
            self.bound[i].backward(A_before, dA_before, dropout)


def _buffers(plan: Plan, P: int, m: int, dtype: type, backward: bool) -> Any:
    return np.zeros((P, m, plan.n_in), dtype), [block.allocate(P, m, dtype, backward) for block in plan.blocks]


class Population:
    """P networks of one plan.

    Parameters
    ----------
    plan : Plan
    theta : (P, n_parameters) array
        Parameters, in the precision of the training; changed in place by whoever takes steps.
    max_rows : int
        Most examples in a step.
    """

    def __init__(self, plan: Plan, theta: Array, max_rows: int) -> None:
        self.plan = plan
        self.theta = theta
        self.gradient = np.zeros_like(theta)
        self._buffers = _buffers(plan, len(theta), max_rows, theta.dtype.type, backward=True)
        self._workspaces: dict[tuple[int, int, int], _Workspace] = {}
        self._loss = loss_kernel(plan.architecture.loss, theta.dtype.type)  # type: ignore[arg-type]

    def loss_and_gradient(
        self, data: Data, fold: Array, rows: Array, part: slice, losses: Array, dropout: Dropout | None = None
    ) -> None:
        """One forward and one backward pass of the networks in `part`.

        Parameters
        ----------
        data : Data
        fold : (p,) array of int
            The fold of each of these p networks.
        rows : (p, m) array of int
            The examples of each.
        part : slice
            Which networks of the population these are.
        losses : (p,) array of float64
            Receives the weighted mean loss of each network; `gradient` receives the gradients.
        dropout : Dropout, optional
            None for a pass without.
        """
        self.gather(data, fold, rows, part)
        self.differentiate(data, fold, rows, part, losses, dropout)

    def gather(self, data: Data, fold: Array, rows: Array, part: slice) -> None:
        """Take the examples of a step, (p, m) rows, as inputs of the networks in `part`."""
        gather(data.X, fold, rows, self._workspace(part, rows.shape[1]).inputs)

    def differentiate(
        self, data: Data, fold: Array, rows: Array, part: slice, losses: Array, dropout: Dropout | None = None
    ) -> None:
        """`loss_and_gradient` with the inputs that `gather` took last; the same arguments."""
        workspace = self._workspace(part, rows.shape[1])
        scores = workspace.forward(dropout)
        self._loss(scores, data.Y, fold, rows, data.w, workspace.bound[-1].dA, losses)
        workspace.backward(dropout)

    def _workspace(self, part: slice, m: int) -> _Workspace:
        key = (part.start, part.stop, m)
        if key not in self._workspaces:
            self._workspaces[key] = _Workspace(self.plan, self.theta, self.gradient, self._buffers, part, m)
        return self._workspaces[key]


class Scorer:
    """Forward passes of single networks, without dropout, over any number of rows.

    Parameters
    ----------
    plan : Plan
    dtype : type, default numpy.float32
    """

    def __init__(self, plan: Plan, dtype: type = np.float32) -> None:
        self.plan = plan
        self._theta: Array = np.zeros((1, plan.n_parameters), dtype)
        self._buffers = _buffers(plan, 1, ROWS_AT_ONCE, dtype, backward=False)
        self._workspaces: dict[int, _Workspace] = {}

    def scores(self, theta: Array, X: Array, rows: Array | None = None) -> Array:
        """Raw scores Z[L] of some rows of X, (m, n[L]), for the network with parameters `theta`, (n_parameters,)."""
        self._theta[0] = theta
        total = len(X) if rows is None else len(rows)
        out = np.empty((total, self.plan.architecture.sizes[-1]), self._theta.dtype)
        for start in range(0, total, ROWS_AT_ONCE):
            stop = min(start + ROWS_AT_ONCE, total)
            m = stop - start
            if m not in self._workspaces:
                self._workspaces[m] = _Workspace(self.plan, self._theta, None, self._buffers, slice(0, 1), m)
            workspace = self._workspaces[m]
            workspace.inputs[0] = X[start:stop] if rows is None else X[rows[start:stop]]
            out[start:stop] = workspace.forward()[0]
        return out


def runs_of_equal_length(lengths: Array) -> Iterator[tuple[slice, int]]:
    """Runs of neighbours with equal positive length: (slice, length) for each, from lengths (P,)."""
    edges = [0, *(np.flatnonzero(np.diff(lengths)) + 1).tolist(), len(lengths)]
    for start, stop in pairwise(edges):
        if lengths[start] > 0:
            yield slice(start, stop), int(lengths[start])

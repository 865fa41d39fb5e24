"""Monotone networks: limits on the signs of weights by which the output rises, or falls, with some numbers.

Every unit has a direction. A rising unit (+1) may rise with a constrained number that the output shall rise with, a
falling one (−1) may fall with it, and a free unit (0) does not depend on any constrained number at all. For increasing
activations that holds if

    W[l][i, j] · direction(i) · direction(j) ≥ 0    between units that are not free,
    W[l][i, j] = 0                                  from one that is not free into a free one,

and W is anything from free units into others, so that how steeply the output rises may depend on the free columns. The
direction of an input is that of its number; the output layer's units all rise. Rising units bend the output as the
activation bends, falling ones, whose weights into rising units are negative, the other way, as the convex and concave
units of constrained monotonic networks do (Runje & Shankaranarayana 2023, arXiv 2205.11775), here without activations
of their own. Every step of the optimiser is followed by a projection onto the limits; programs, predictions and model
files are those of any other network. The guarantee is for every input, not only near rows of the table, and holds for
averages of networks too.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leadline.training.blocks import Limits, ParameterSpec, Piece
from leadline.training.pieces import FeatureScale, Members

__all__ = ["limits"]

Array = NDArray[np.float64]

# Of the units of a hidden layer this share is free, if there are inputs for them, and the others rise and fall in turn.
FREE_SHARE = 0.5
# The direction of an input that no unit may use: a constrained number's cosines, which rise and fall.
UNUSED = 2


def limits(constraints: Sequence[int], rest: int, pieces: Sequence[Piece], specs: Sequence[ParameterSpec]) -> Limits:
    """The limits of a network's parameters.

    Parameters
    ----------
    constraints : (p,) tuple of int
        Of each number: 1 if the output shall rise with it, −1 if it shall fall, 0 otherwise.
    rest : int
        Inputs beside the numbers, which are not constrained.
    pieces : sequence of Piece
        What stands before layer 1.
    specs : sequence of ParameterSpec
        All arrays of parameters of the network.
    """
    directions = np.array([*constraints, *[0] * rest])
    scaled: dict[str, NDArray[np.bool_]] = {}
    for piece in pieces:
        inherited = directions[piece.sources]
        directions = np.where(piece.rising | (inherited == 0), inherited, UNUSED)
        if isinstance(piece, FeatureScale):
            scaled["feature_scale"] = directions != 0
        elif isinstance(piece, Members):
            scaled["member_scale"] = np.tile(directions != 0, (piece.k, 1))
    lows, highs, l = [], [], 0
    last = sum(spec.name.startswith("W[") for spec in specs)
    for spec in specs:
        low, high = np.full(spec.shape, -np.inf), np.full(spec.shape, np.inf)
        if spec.name in scaled:
            low[scaled[spec.name]] = 0.0
        elif spec.name.startswith("W["):
            l += 1
            own = np.ones(spec.shape[-2], np.int64) if l == last else _directions(spec.shape[-2], directions)
            low[...], high[...] = _between(own, directions)
            directions = own
        lows.append(spec.flat(low))
        highs.append(spec.flat(high))
    return Limits(np.concatenate(lows), np.concatenate(highs))


def _directions(n: int, before: NDArray[np.int64]) -> NDArray[np.int64]:
    """The directions of the n units of a hidden layer."""
    free = int(FREE_SHARE * n) if (before == 0).any() else 0
    return np.concatenate([np.zeros(free, np.int64), np.where(np.arange(n - free) % 2, -1, 1)])


def _between(own: NDArray[np.int64], before: NDArray[np.int64]) -> tuple[Array, Array]:
    """The limits of W, (n, n_before), between units of these directions."""
    product = own[:, None] * np.where(before == UNUSED, 0, before)
    anything = np.broadcast_to(before == 0, product.shape)
    low = np.where(anything | (product < 0), -np.inf, 0.0)
    high = np.where(anything | (product > 0), np.inf, 0.0)
    return low, high

"""How large the networks of `circuits` are, and how many straight pieces a ReLU network makes.

The sizes are formulas in n and k, tested against the networks themselves. Pieces are counted without a grid, for any
network of one input, written down or trained.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from leadline.errors import ParameterError
from leadline.network.architecture import Architecture, Parameters
from leadline.network.circuits import check_size, halvings, tree_sizes
from leadline.network.equations import forward

__all__ = ["CircuitSize", "comparison_table", "linear_pieces"]

# `linear_pieces`: shorter pieces, as a share of the interval, are not told apart from rounding, nor are changes of
# slope that are smaller shares of the steepest one.
SHORTEST_PIECE = 1e-9
SMALLEST_TURN = 1e-6


def linear_pieces(architecture: Architecture, parameters: Parameters, low: float = 0.0, high: float = 1.0) -> int:
    """The number of straight pieces of a network of one input, ReLU layers and one score on [low, high].

    Layer by layer: between the turns of the layers before it a unit's z is straight, so it changes its sign at most
    once there, and where it does is a turn of its own. No grid is involved. Pieces shorter than 10^−9 of the interval
    and turns smaller than 10^−6 of the steepest slope are not counted.

    Parameters
    ----------
    architecture : Architecture
        n[0] = n[L] = 1 and every hidden activation relu.
    parameters : list of (W, b)
    low, high : float, default 0 and 1
        The ends of the interval.

    Raises
    ------
    ParameterError
        The network is of another kind, or the interval is empty.
    """
    if architecture.sizes[0] != 1 or architecture.sizes[-1] != 1 or set(architecture.hidden_activations) - {"relu"}:
        raise ParameterError(
            "linear_pieces: the network must have n[0] = n[L] = 1 and hidden layers of relu; got sizes "
            f"{architecture.sizes} and activations {architecture.hidden_activations}."
        )
    if not low < high:
        raise ParameterError(f"linear_pieces: low must be below high; got {low!r} and {high!r}.")
    x = np.array([low, high], dtype=np.float64)
    for l in range(1, architecture.L):
        Z = forward(architecture, parameters, x[None])[1][l - 1].Z
        before, after = Z[:, :-1], Z[:, 1:]
        unit, i = np.nonzero(before * after < 0)
        share = before[unit, i] / (before[unit, i] - after[unit, i])
        x = np.unique(np.concatenate([x, x[i] + share * (x[i + 1] - x[i])]))
    x = x[np.append(np.diff(x) > SHORTEST_PIECE * (high - low), True)]
    slopes = np.diff(forward(architecture, parameters, x[None])[0][0]) / np.diff(x)
    return 1 + int(np.sum(np.abs(np.diff(slopes)) > SMALLEST_TURN * np.abs(slopes).max()))


@dataclass(frozen=True)
class CircuitSize:
    """How large one construction is.

    Attributes
    ----------
    problem : str
        "parity" or "wave".
    construction : str
        The function that writes it down.
    size : int
        n, the number of bits, or k, the number of folds.
    units : int
        Hidden units, all of them ReLU.
    L : int
        Layers with parameters.
    parameters : int
        Entries of all W[l] and b[l].
    nonzero : int
        Those of them that are not zero: what is left where a unit reads only what it needs.
    """

    problem: str
    construction: str
    size: int
    units: int
    L: int
    parameters: int
    nonzero: int


def _tree_nonzero(n: int) -> int:
    total, widths = 0, [1] * n  # how many units each value is read from
    while len(widths) > 1:
        blocks, last = divmod(len(widths), 2)
        total += 2 * sum(widths[: 2 * blocks]) + blocks + last * widths[-1]
        widths = [2] * blocks + [1] * last
    return total + widths[0]


def _folded_nonzero(n_0: int, k: int) -> int:
    return 2 * n_0 + 5 * k - 2 if k else n_0


_Sizes = Callable[[int], tuple[int, ...]]
# problem, construction, its sizes and how many of its parameters are not zero, as functions of n or k
_CONSTRUCTIONS: tuple[tuple[str, str, _Sizes, Callable[[int], int]], ...] = (
    ("parity", "parity_tree", tree_sizes, _tree_nonzero),
    ("parity", "parity_patterns", lambda n: (n, 2 ** (n - 1), 1), lambda n: (n + 2) * 2 ** (n - 1) - n),
    ("parity", "parity_sum", lambda n: (n, n, 1), lambda n: n * n + 2 * n - 1),
    ("parity", "parity_folded", lambda n: (n, *(2,) * halvings(n), 1), lambda n: _folded_nonzero(n, halvings(n))),
    ("wave", "wave_folded", lambda k: (1, *(2,) * k, 1), lambda k: _folded_nonzero(1, k)),
    ("wave", "wave_shallow", lambda k: (1, 2**k, 1), lambda k: 3 * 2**k - 1),
)


def comparison_table(ns: Sequence[int], ks: Sequence[int]) -> list[CircuitSize]:
    """Units, layers and parameters of every construction, for parity of n bits and waves of 2^k pieces.

    The networks are not built, so n and k may be as large as one likes.

    Parameters
    ----------
    ns, ks : sequences of int
        Numbers of bits and numbers of folds; either may be empty.

    Returns
    -------
    list of CircuitSize
        By problem, then by n or k in the order given, then by construction.

    Raises
    ------
    ParameterError
        An n or a k is not a positive integer.

    Examples
    --------
    >>> from leadline.network import comparison_table
    >>> for row in comparison_table(ns=[16], ks=[10]):
    ...     print(f"{row.construction:<15} {row.units:>6} units, L = {row.L:>2}, {row.parameters:>7,} parameters")
    parity_tree         30 units, L =  5,     457 parameters
    parity_patterns  32768 units, L =  2, 589,825 parameters
    parity_sum          16 units, L =  2,     289 parameters
    parity_folded        8 units, L =  5,      55 parameters
    wave_folded         20 units, L = 11,      61 parameters
    wave_shallow      1024 units, L =  2,   3,073 parameters
    """
    wanted = {
        "parity": [check_size("comparison_table", "n", n) for n in ns],
        "wave": [check_size("comparison_table", "k", k) for k in ks],
    }
    rows = []
    for problem, values in wanted.items():
        for size in values:
            for own, construction, sizes, nonzero in _CONSTRUCTIONS:
                if own == problem:
                    network = Architecture(sizes(size))
                    units = sum(network.hidden_sizes)
                    rows.append(
                        CircuitSize(problem, construction, size, units, network.L, network.n_parameters, nonzero(size))
                    )
    return rows

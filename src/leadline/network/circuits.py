"""Why deep: parity and the folded triangle wave as networks in closed form, to be run by `forward`.

Nothing here is trained. Every function gives an architecture of ReLU layers and its parameters written down exactly;
the output layer is the identity (loss half_squared_error), so the score Z[L] is the answer itself: exactly 0 or 1 for
parity, a number in [0, 1] for the wave. All parameters are integers or integers divided by a power of two, which
float64 holds exactly.

    x1 XOR … XOR xn                        hidden units         hidden layers   each unit reads
    parity_tree      XOR blocks in a tree  2(n − 1) + zeros     ⌈log2 n⌉        at most 4 units before it
    parity_patterns  an AND per pattern    2^(n−1)              1               all n bits
    parity_sum       thresholds of Σx      n                    1               all n bits, equal weights
    parity_folded    Σx folded             2 ⌈log2 n⌉           ⌈log2 n⌉        all n bits, then 2 units

    triangle wave of 2^k pieces on [0, 1]
    wave_folded      k folds               2k                   k
    wave_shallow     a unit per piece      2^k                  1

For n ≥ 2, "zeros" is the number of zeros among the binary digits of n − 1: none where n is a power of two, and always
fewer than log2 n.

What these show, and what they do not. One hidden layer needs 2^(n−1) units for parity where every unit is an AND of
inputs and negated inputs and the output is their OR: each AND must fix all n bits, for a bit left open lets in inputs
of both parities (Håstad 1986 has the bounds for other fixed depths). A unit that weighs all bits alike sees their sum,
and n such ReLU or threshold units suffice. For ReLU networks the exponential gap is that of the wave (Telgarsky 2016,
arXiv 1602.04485): along a line, u ReLU units in one hidden layer make at most u + 1 pieces. That a network can be
written down does not say that gradient descent finds it; `leadline.inspection.why_deep` tries.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadline.errors import ParameterError
from leadline.network.architecture import Architecture, Parameters

__all__ = [
    "bit_patterns",
    "parity",
    "parity_folded",
    "parity_patterns",
    "parity_sum",
    "parity_tree",
    "triangle_wave",
    "wave_folded",
    "wave_shallow",
]

Array = NDArray[np.float64]
Network = tuple[Architecture, Parameters]

# Far beyond these the parameters fill the memory; `comparison_table` counts any size, because it builds nothing.
MOST_PATTERN_BITS = 20
MOST_SHALLOW_FOLDS = 24


def check_size(owner: str, name: str, value: int, most: int | None = None) -> int:
    """`value` as an int, or a ParameterError unless it is a whole number from 1 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1 or value > (most or value):
        rule = "a positive integer" if most is None else f"an integer from 1 to {most}"
        raise ParameterError(f"{owner}: {name} must be {rule}; got {value!r}.")
    return int(value)


def _column(values: ArrayLike) -> Array:
    return np.asarray(values, dtype=np.float64).reshape(-1, 1)


def halvings(n: int) -> int:
    """⌈log2 n⌉: how often n values can be taken two by two until one is left."""
    return (n - 1).bit_length()


def tree_sizes(n: int) -> tuple[int, ...]:
    """n[0] … n[L] of `parity_tree`."""
    return n, *(-(-n // 2**t) for t in range(halvings(n))), 1


def bit_patterns(n: int, start: int = 0, stop: int | None = None) -> Array:
    """The inputs number `start` … `stop` − 1 of all 2^n, (n, stop − start): column j holds the binary digits of j.

    Parameters
    ----------
    n : int
        Bits; row i is x_(i+1), the digit of weight 2^i.
    start, stop : int, default 0 and 2^n
        A part of them, so that a long list can be worked through in pieces.

    Raises
    ------
    ParameterError
        `n` is not a positive integer.
    """
    n = check_size("bit_patterns", "n", n)
    numbers = np.arange(start, 2**n if stop is None else stop, dtype=np.int64)
    return ((numbers >> np.arange(n)[:, None]) & 1).astype(np.float64)


def parity(X: ArrayLike) -> Array:
    """x1 XOR … XOR xn of each column: 0 or 1, (1, m), from bits (n, m)."""
    return np.asarray(np.sum(np.asarray(X, dtype=np.float64), axis=0, keepdims=True) % 2)


def triangle_wave(x: ArrayLike, k: int) -> Array:
    """The triangle wave of 2^k pieces on [0, 1]: 0 at even multiples of 2^−k, 1 at odd ones, straight between them.

    In float64 this is exact. The shape is that of `x`.

    Raises
    ------
    ParameterError
        `k` is not a positive integer.
    """
    k = check_size("triangle_wave", "k", k)
    position = np.ldexp(np.asarray(x, dtype=np.float64), k) % 2.0
    return np.minimum(position, 2.0 - position)


def parity_tree(n: int) -> Network:
    """Parity of n bits as a balanced tree of XOR blocks.

    For bits u and v, u XOR v = relu(u + v) − 2 relu(u + v − 1): two units, and a linear read-out that the next layer
    takes into its own weights. A layer pairs its values in their order; where their number is odd, the last one is
    passed on by one unit, relu(v) = v, which is right because no value is negative. So a layer has as many units as it
    receives values: n[l] = ⌈n / 2^(l−1)⌉, and L = ⌈log2 n⌉ + 1. Hidden units in all: 2 for each of the n − 1 blocks
    and 1 for each value passed on, of which there are as many as zeros among the binary digits of n − 1.

    Parameters
    ----------
    n : int
        Bits, at least 1; for n = 1 there is nothing to do and L = 1.

    Returns
    -------
    architecture, parameters
        The score is exactly the parity, 0 or 1, for every input of bits.

    Raises
    ------
    ParameterError
        `n` is not a positive integer.

    Examples
    --------
    >>> from leadline.network import bit_patterns, forward, parity_tree
    >>> architecture, parameters = parity_tree(5)
    >>> architecture.sizes
    (5, 5, 3, 2, 1)
    >>> forward(architecture, parameters, bit_patterns(5, 0, 8))[0].astype(int)
    array([[0, 1, 1, 0, 1, 0, 0, 1]])
    """
    n = check_size("parity_tree", "n", n)
    architecture = Architecture(tree_sizes(n))
    read_out = np.eye(n)  # the values that enter a layer are read_out @ A
    parameters: Parameters = []
    for count in architecture.hidden_sizes:
        blocks, last = divmod(count, 2)
        pair, b, own = np.zeros((count, count)), np.zeros((count, 1)), np.zeros((blocks + last, count))
        pair[: 2 * blocks, : 2 * blocks] = np.kron(np.eye(blocks), np.ones((2, 2)))
        b[1 : 2 * blocks : 2] = -1.0
        own[:blocks, : 2 * blocks] = np.kron(np.eye(blocks), [[1.0, -2.0]])
        if last:
            pair[-1, -1] = own[-1, -1] = 1.0
        parameters.append((pair @ read_out, b))
        read_out = own
    return architecture, [*parameters, (read_out, np.zeros((1, 1)))]


def parity_patterns(n: int) -> Network:
    """Parity of n bits with one hidden layer of 2^(n−1) units, each of which recognises one input of odd parity.

    The unit of pattern p is an AND: relu(Σ (2 p_i − 1) x_i − (Σ p_i − 1)) is 1 for x = p and 0 for every other input,
    because each bit that differs costs 1. The output adds them up.

    Parameters
    ----------
    n : int
        Bits, 1 to 20.

    Returns
    -------
    architecture, parameters
        The score is exactly the parity, 0 or 1.

    Raises
    ------
    ParameterError
        `n` is not an integer from 1 to 20.
    """
    n = check_size("parity_patterns", "n", n, MOST_PATTERN_BITS)
    patterns = bit_patterns(n)
    odd = patterns[:, parity(patterns)[0] == 1].T
    units = len(odd)
    parameters = [(2.0 * odd - 1.0, _column(1.0 - odd.sum(axis=1))), (np.ones((1, units)), np.zeros((1, 1)))]
    return Architecture((n, units, 1)), parameters


def parity_sum(n: int) -> Network:
    """Parity of n bits with one hidden layer of n units that all see the sum s = x1 + … + xn.

    Unit j = 0 … n − 1 is relu(s − j), and relu(s) − 2 relu(s − 1) + 2 relu(s − 2) − … goes up and down by one with
    every bit that is added.

    Parameters
    ----------
    n : int
        Bits, at least 1.

    Returns
    -------
    architecture, parameters
        The score is exactly the parity, 0 or 1.

    Raises
    ------
    ParameterError
        `n` is not a positive integer.
    """
    n = check_size("parity_sum", "n", n)
    return Architecture((n, n, 1)), [(np.ones((n, n)), _column(-np.arange(n))), _zigzag(n)]


def parity_folded(n: int) -> Network:
    """Parity of n bits as the folded wave of their sum: 2 ⌈log2 n⌉ units, fewer than the tree has.

    The triangle wave of 2^k pieces is 0 at the even multiples of 2^−k and 1 at the odd ones; with k = ⌈log2 n⌉ it is
    taken at s / 2^k, s = x1 + … + xn ≤ 2^k.

    Parameters
    ----------
    n : int
        Bits, at least 1; for n = 1 there is nothing to do and L = 1.

    Returns
    -------
    architecture, parameters
        The score is exactly the parity, 0 or 1.

    Raises
    ------
    ParameterError
        `n` is not a positive integer.
    """
    n = check_size("parity_folded", "n", n)
    k = halvings(n)
    return Architecture((n, *(2,) * k, 1)), _folds(k, np.full((1, n), 0.5**k))


def wave_folded(k: int) -> Network:
    """The triangle wave of 2^k pieces on [0, 1] in k layers of two units (Telgarsky 2016, arXiv 1602.04485).

    One fold takes x in [0, 1] to 2x up to 1/2 and to 2 − 2x beyond: 2 relu(x) − 4 relu(x − 1/2). The next layer reads
    its value with these weights and folds it again, and every fold doubles the number of pieces. L = k + 1.

    Parameters
    ----------
    k : int
        Folds, at least 1.

    Returns
    -------
    architecture, parameters
        The score is the wave on [0, 1], without a rounding error for any float64 x there.

    Raises
    ------
    ParameterError
        `k` is not a positive integer.
    """
    k = check_size("wave_folded", "k", k)
    return Architecture((1, *(2,) * k, 1)), _folds(k, np.ones((1, 1)))


def wave_shallow(k: int) -> Network:
    """The triangle wave of 2^k pieces on [0, 1] with one hidden layer of 2^k units.

    Unit j = 0 … 2^k − 1 is relu(x − j / 2^k); the first sets off with slope 2^k and each other one turns it round.
    Fewer units cannot do it: 2^k − 1 turns need a unit each, every turn changes the slope by ±2^(k+1), and without
    another unit the slope of the first piece would be a sum of such changes, never 2^k.

    Parameters
    ----------
    k : int
        1 to 24.

    Returns
    -------
    architecture, parameters
        The score is the wave on [0, 1]: without a rounding error in float64 for multiples of 2^(k−53); elsewhere with
        one of up to 4^k × 2^−52, because numbers near 4^k are taken from each other.

    Raises
    ------
    ParameterError
        `k` is not an integer from 1 to 24.
    """
    k = check_size("wave_shallow", "k", k, MOST_SHALLOW_FOLDS)
    units = 2**k
    W, b = _zigzag(units)
    return Architecture((1, units, 1)), [(np.ones((units, 1)), _column(-np.arange(units) / units)), (units * W, b)]


def _zigzag(units: int) -> tuple[Array, Array]:
    """W[2] and b[2] that make units with equally spaced thresholds go up and down: 1, −2, 2, −2, …"""
    W = np.where(np.arange(units) % 2, -2.0, 2.0)[None]
    W[0, 0] = 1.0
    return W, np.zeros((1, 1))


def _folds(k: int, read_out: Array) -> Parameters:
    """The parameters of k folds of the value read_out @ A[0], and of the output that reads the last one."""
    parameters: Parameters = []
    for _ in range(k):
        parameters.append((np.ones((2, 1)) @ read_out, _column([0.0, -0.5])))
        read_out = np.array([[2.0, -4.0]])
    return [*parameters, (read_out, np.zeros((1, 1)))]

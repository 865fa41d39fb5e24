"""One slip: the wrong formula that it is, its words, and what the formulas and words of several slips share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.learn import course

__all__ = ["NO_MEAN", "OF_ROWS", "STAR", "Array", "Inputs", "Slip", "relu", "sigma", "slope"]

Array = NDArray[np.float64]
Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Slip:
    """One slip.

    Attributes
    ----------
    function, quantity : str
        Where it shows: "linear_backward" and "dW".
    key : str
        Its short name.
    words : tuple of str
        What is wrong and what to do, in English and in Chinese.
    wrong : callable
        The quantity as the slip computes it, from the inputs.
    look : str
        A pattern of the line where it stands, several with ||| between them, the likeliest first; empty for the line that
        makes the quantity.
    written : str
        A pattern that the function's own text must have, where two slips have the same numbers.
    short : int or None
        How many caches a network's result must lack, where two slips have the same numbers.
    """

    function: str
    quantity: str
    key: str
    words: tuple[str, str]
    wrong: Callable[[Inputs], Any]
    look: str = ""
    written: str = ""
    short: int | None = None


def sigma(Z: Array) -> Array:
    """σ(Z)."""
    return course.sigmoid(Z)[0]


def slope(Z: Array) -> Array:
    """σ′(Z)."""
    return sigma(Z) * (1 - sigma(Z))


def relu(Z: Array) -> Array:
    """max(Z, 0)."""
    return course.relu(Z)[0]


STAR = (
    "* multiplies entry by entry; a matrix product is @ or np.dot",
    "* 是逐元素相乘;矩阵乘法用 @ 或 np.dot",
)
NO_MEAN = ("the 1/m is missing: divide by m, the number of examples", "缺少 1/m:要除以样本数 m")

# Where m comes from the rows of an array, which for Y are one: the numbers alone are those of a forgotten 1/m.
OF_ROWS = r"shape\s*\[\s*0\s*\]|\blen\(\s*(?!caches|grads|parameters)\w"

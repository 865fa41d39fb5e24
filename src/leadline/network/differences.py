"""Derivatives by central differences of fourth order, in float64, and the check of a loss by them.

    f′(0) ≈ (8 [f(ε) − f(−ε)] − [f(2ε) − f(−2ε)]) / 12ε

Nothing here knows of networks: an architecture checks a caller's loss by it, and `gradient_check`, which stands on the
equations, whole networks.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError
from leadline.network.losses import Loss

__all__ = ["TOLERANCE", "check_loss", "fourth_order", "relative_error"]

Array = NDArray[np.float64]

# ε: truncation, of order ε⁴, and rounding, 1e-16/ε, balance near the fifth root of 1e-16
EPSILON = 5e-4
TOLERANCE = 1e-7


def relative_error(g: Array, g_hat: Array) -> float:
    """‖g − ĝ‖ / (‖g‖ + ‖ĝ‖), of derivatives (k,) and what differences say of them; 0 where both are 0."""
    scale = float(np.linalg.norm(g) + np.linalg.norm(g_hat))
    return float(np.linalg.norm(g - g_hat)) / scale if scale else 0.0


def fourth_order(at: Callable[[float], Any]) -> Any:
    """The derivative at 0 of a function of one number."""
    near, far = at(EPSILON) - at(-EPSILON), at(2 * EPSILON) - at(-2 * EPSILON)
    return (8 * near - far) / (12 * EPSILON)


def _moved_value(own: Loss, Z: Array, d: Array, Y: Array, distance: float) -> Any:
    return own.value(Z + distance * d, Y)


def check_loss(own: Loss, n: int) -> None:
    """Check a loss of the caller's: that its gradient is the derivative of its value for n output units.

    Parameters
    ----------
    own : Loss
        Any object with `value(Z, Y)` and `gradient(Z, Y)`.
    n : int
        n[L], output units.

    Raises
    ------
    ParameterError
        A method is missing, a shape is wrong, or the two do not belong together.
    """
    name = type(own).__name__
    for method in ("value", "gradient"):
        if not callable(getattr(own, method, None)):
            raise ParameterError(f"{name}: a loss must have a method {method}(Z, Y); see leadline.network.Loss.")
    generator = np.random.default_rng(0)
    # targets between 0 and 1 are allowed by every kind of loss; scores keep away from them
    Y = generator.random((n, 20))
    Z = Y + generator.choice([-1.0, 1.0], (n, 20)) * generator.uniform(0.05, 2.0, (n, 20))
    value, gradient = np.asarray(own.value(Z, Y)), np.asarray(own.gradient(Z, Y))
    if value.shape != (20,):
        raise ParameterError(f"{name}.value must give one loss for each example, (m,) = (20,); got {value.shape}.")
    if gradient.shape != (n, 20):
        raise ParameterError(f"{name}.gradient must have the shape of Z, (n[L], m) = ({n}, 20); got {gradient.shape}.")
    numerical = np.empty_like(Z)
    for i in range(n):
        d = np.zeros_like(Z)
        d[i] = 1.0
        numerical[i] = fourth_order(partial(_moved_value, own, Z, d, Y))
    error = relative_error(gradient.ravel(), numerical.ravel())
    if not error < TOLERANCE:
        raise ParameterError(
            f"{name}.gradient is not the derivative of {name}.value: the relative error is {error:.1e}, allowed is "
            f"{TOLERANCE:.0e}."
        )

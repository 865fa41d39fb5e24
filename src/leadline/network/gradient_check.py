"""Gradient checking: the backward pass against central differences of the forward pass.

For every parameter θ the derivative of the mean loss J is compared with (J(θ + ε) − J(θ − ε)) / 2ε in float64. The
figure is ‖g − ĝ‖ / (‖g‖ + ‖ĝ‖): about 1e-9 where both are right, of order 1 where one is wrong.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadline.network.architecture import Architecture, Parameters
from leadline.network.equations import backward, cost, forward

__all__ = ["numerical_gradients", "relative_error"]

# ε of the central difference: truncation ε² and rounding 1e-16/ε balance near the cube root of 1e-16
EPSILON = 6e-6


def numerical_gradients(
    architecture: Architecture,
    parameters: Parameters,
    X: ArrayLike,
    Y: ArrayLike,
    sample_weight: NDArray[np.float64] | None = None,
) -> Parameters:
    """Central differences of the mean loss for every entry of every W[l] and b[l], in their shapes."""
    gradients: Parameters = []
    for pair in parameters:
        differences = []
        for theta in pair:
            d_theta = np.empty_like(theta)
            for index in np.ndindex(theta.shape):
                kept = theta[index]
                values = []
                for moved in (kept + EPSILON, kept - EPSILON):
                    theta[index] = moved
                    values.append(cost(architecture, forward(architecture, parameters, X)[0], Y, sample_weight))
                theta[index] = kept
                d_theta[index] = (values[0] - values[1]) / (2 * EPSILON)
            differences.append(d_theta)
        gradients.append((differences[0], differences[1]))
    return gradients


def relative_error(
    architecture: Architecture,
    parameters: Parameters,
    X: ArrayLike,
    Y: ArrayLike,
    sample_weight: NDArray[np.float64] | None = None,
) -> float:
    """‖g − ĝ‖ / (‖g‖ + ‖ĝ‖) over all parameters: backward pass g against central differences ĝ.

    Parameters
    ----------
    architecture : Architecture
    parameters : list of (W, b), float64
    X : (n[0], m) array
    Y : (n[L], m) array
    sample_weight : (m,) array, optional
    """
    _, caches = forward(architecture, parameters, X)
    exact = backward(architecture, caches, Y, sample_weight)
    numerical = numerical_gradients(architecture, parameters, X, Y, sample_weight)
    g = np.concatenate([d.ravel() for pair in exact for d in pair])
    g_hat = np.concatenate([d.ravel() for pair in numerical for d in pair])
    scale = float(np.linalg.norm(g) + np.linalg.norm(g_hat))
    return float(np.linalg.norm(g - g_hat)) / scale if scale else 0.0

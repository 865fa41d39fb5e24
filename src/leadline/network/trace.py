"""A walk through the network: one batch forward and backward, equation by equation, with the numbers.

It computes nothing of its own: every value is one that `equations` computes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadline.network.activations import activation
from leadline.network.architecture import Architecture, Parameters
from leadline.network.equations import backward, cost, forward, layer_backward, output
from leadline.network.losses import loss

__all__ = ["TraceStep", "trace"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TraceStep:
    """One step of a trace: an equation and its values.

    Attributes
    ----------
    direction : str
        "forward" or "backward".
    l : int
        The layer; 0 for the input.
    equation : str
        For example "Z[1] = W[1] A[0] + b[1]".
    value : array
        The left-hand side, in the shape that the equations give it.
    """

    direction: str
    l: int
    equation: str
    value: Array


def trace(
    architecture: Architecture, parameters: Parameters, X: ArrayLike, Y: ArrayLike | None = None
) -> list[TraceStep]:
    """Compute one pass forward and, where targets are given, backward, equation by equation.

    Parameters
    ----------
    architecture : Architecture
    parameters : list of (W, b)
    X : (n[0], m) array
    Y : (n[L], m) array, optional

    Returns
    -------
    list of TraceStep
        In the order in which the equations are worked out.
    """
    Z, caches = forward(architecture, parameters, X)
    L = architecture.L
    own = loss(architecture.loss)
    g_L = getattr(own, "output_activation", "identity")
    names = (*architecture.hidden_activations, g_L)
    steps = [TraceStep("forward", 0, "A[0] = X", np.asarray(X, dtype=np.float64))]
    for l, (cache, name) in enumerate(zip(caches, names, strict=True), start=1):
        A = output(architecture, Z) if l == L else cache.A
        steps.append(TraceStep("forward", l, f"Z[{l}] = W[{l}] A[{l - 1}] + b[{l}]", cache.Z))
        steps.append(TraceStep("forward", l, f"A[{l}] = {name}(Z[{l}])", A))
    if Y is None:
        return steps
    Y = np.asarray(Y, dtype=np.float64)
    gradients = backward(architecture, caches, Y)
    mean = np.array([[cost(architecture, Z, Y)]])
    steps.append(TraceStep("forward", L, f"J = mean {getattr(own, 'name', type(own).__name__)} of (A[{L}], Y)", mean))
    dA = np.asarray(own.gradient(Z, Y))
    for l in range(L, 0, -1):
        cache, (dW, db) = caches[l - 1], gradients[l - 1]
        g = activation("identity" if l == L else names[l - 1])
        if l == L:
            steps.append(TraceStep("backward", l, f"dZ[{l}] from the loss", dA))
        else:
            steps.append(
                TraceStep("backward", l, f"dZ[{l}] = dA[{l}] ∗ {g.name}′(Z[{l}])", dA * g.g_prime(cache.Z, cache.A))
            )
        steps.append(TraceStep("backward", l, f"dW[{l}] = (1/m) dZ[{l}] A[{l - 1}]ᵀ", dW))
        steps.append(TraceStep("backward", l, f"db[{l}] = (1/m) Σ dZ[{l}]", db))
        if l > 1:
            dA = layer_backward(dA, cache, g)[0]
            steps.append(TraceStep("backward", l, f"dA[{l - 1}] = W[{l}]ᵀ dZ[{l}]", dA))
    return steps

"""The executable specification: the equations of a deep L-layer network, line by line.

Columns are examples and numbers are float64; nothing here is fast. Every fast path of the engine is tested against
this file, and the gradient check runs on it.

    forward     Z[l] = W[l] A[l-1] + b[l]                A[l] = g[l](Z[l])                     l = 1 … L
    backward    dZ[l] = dA[l] ∗ g[l]′(Z[l])              for the output dZ[L] = A[L] − Y       l = L … 1
                dW[l] = (1/m) dZ[l] A[l-1]ᵀ
                db[l] = (1/m) Σ over columns of dZ[l]
                dA[l-1] = W[l]ᵀ dZ[l]
    update      W[l] := W[l] − α dW[l]                   b[l] := b[l] − α db[l]

Shapes: W[l] (n[l], n[l-1]); b[l] (n[l], 1); Z[l], A[l] (n[l], m). A gradient has the shape of its quantity.
With sample weights column i of dZ[l] counts w_i times and 1/m becomes 1/Σw.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadline.errors import ShapeError
from leadline.network.activations import Activation, activation
from leadline.network.architecture import Architecture, Parameters
from leadline.network.losses import loss

__all__ = [
    "Cache",
    "backward",
    "cost",
    "forward",
    "gradient_descent",
    "layer_backward",
    "layer_forward",
    "output",
    "softmax",
]

Array = NDArray[np.float64]


class Cache(NamedTuple):
    """What the forward block of a layer leaves to the backward block of the same layer."""

    Z: Array
    A: Array
    W: Array
    A_before: Array


def softmax(Z: Array) -> Array:
    """Softmax over the rows of each column: positive, and every column sums to one; (n, m) to (n, m)."""
    E = np.exp(Z - Z.max(axis=0, keepdims=True))
    return np.asarray(E / E.sum(axis=0, keepdims=True))


def layer_forward(A_before: Array, W: Array, b: Array, g: Activation) -> tuple[Array, Cache]:
    """Forward block of one layer: A[l-1] in, A[l] and the cache out.

    Parameters
    ----------
    A_before : (n[l-1], m) array
    W : (n[l], n[l-1]) array
    b : (n[l], 1) array
    g : Activation

    Returns
    -------
    A : (n[l], m) array
    cache : Cache
    """
    Z = W @ A_before + b
    A = np.asarray(g.g(Z), dtype=np.float64)
    return A, Cache(Z, A, W, A_before)


def layer_backward(
    dA: Array, cache: Cache, g: Activation, sample_weight: Array | None = None
) -> tuple[Array, Array, Array]:
    """Backward block of one layer: dA[l] in, dA[l-1], dW[l] and db[l] out.

    Parameters
    ----------
    dA : (n[l], m) array
    cache : Cache
        From `layer_forward` of the same layer.
    g : Activation
    sample_weight : (m,) array, optional
        Weight of each example; all ones by default.

    Returns
    -------
    dA_before : (n[l-1], m) array
    dW : (n[l], n[l-1]) array
    db : (n[l], 1) array
    """
    dZ = dA * g.g_prime(cache.Z, cache.A)
    w = np.ones(dZ.shape[1]) if sample_weight is None else sample_weight
    dW = (dZ * w) @ cache.A_before.T / w.sum()
    db = (dZ * w).sum(axis=1, keepdims=True) / w.sum()
    dA_before = cache.W.T @ dZ
    return dA_before, dW, db


def forward(architecture: Architecture, parameters: Parameters, X: ArrayLike) -> tuple[Array, list[Cache]]:
    """The whole network, left to right: A[0] = X in, the scores Z[L] and every layer's cache out.

    Parameters
    ----------
    architecture : Architecture
    parameters : list of (W, b)
    X : (n[0], m) array
        One column for each example; a single example is (n[0], 1).

    Returns
    -------
    Z : (n[L], m) array
        Raw scores of the output layer; `output` turns them into predictions.
    caches : list of Cache
        For l = 1 … L; the output layer's is kept with g the identity, because its activation belongs to the loss.

    Raises
    ------
    ShapeError
        A parameter or X breaks a law of shapes.
    """
    architecture.check_parameters(parameters)
    A = np.asarray(X, dtype=np.float64)
    if A.ndim != 2 or A.shape[0] != architecture.sizes[0]:
        raise ShapeError(f"layer 0: A[0] = X must be (n[0], m) = ({architecture.sizes[0]}, m); got {A.shape}.")
    caches = []
    for (W, b), name in zip(parameters, (*architecture.hidden_activations, "identity"), strict=True):
        A, cache = layer_forward(A, W, b, activation(name))
        caches.append(cache)
    return A, caches


def output(architecture: Architecture, Z: Array) -> Array:
    """A[L] = g[L](Z[L]), the predictions: probabilities or numbers, (n[L], m) from scores (n[L], m)."""
    name = getattr(loss(architecture.loss), "output_activation", "identity")
    if name == "softmax":
        return softmax(Z)
    return np.exp(Z) if name == "exp" else np.asarray(activation(name).g(Z))


def cost(architecture: Architecture, Z: Array, Y: ArrayLike, sample_weight: Array | None = None) -> float:
    """Mean loss over the examples, weighted if weights are given; scores Z and targets Y are (n[L], m)."""
    values = loss(architecture.loss).value(Z, np.asarray(Y, dtype=np.float64))
    return float(np.average(values, weights=sample_weight))


def backward(
    architecture: Architecture, caches: list[Cache], Y: ArrayLike, sample_weight: Array | None = None
) -> Parameters:
    """The whole network, right to left: dW[l] and db[l] of the mean loss for l = 1 … L.

    Parameters
    ----------
    architecture : Architecture
    caches : list of Cache
        From `forward`.
    Y : (n[L], m) array
        Targets: probabilities of the classes (one-hot for a known class) or numbers.
    sample_weight : (m,) array, optional

    Returns
    -------
    list of (dW, db)
        In the order l = 1 … L, in the shapes of the parameters.
    """
    Y = np.asarray(Y, dtype=np.float64)
    Z = caches[-1].Z
    if Y.shape != Z.shape:
        raise ShapeError(
            f"layer {architecture.L}: Y must have the shape of A[{architecture.L}], (n[{architecture.L}], m) = "
            f"{Z.shape}; got {Y.shape}."
        )
    dA: Any = loss(architecture.loss).gradient(Z, Y)  # g[L] is inside the loss: this is dZ[L]
    gradients: Parameters = []
    for cache, name in zip(reversed(caches), ("identity", *reversed(architecture.hidden_activations)), strict=True):
        dA, dW, db = layer_backward(dA, cache, activation(name), sample_weight)
        gradients.append((dW, db))
    return gradients[::-1]


def gradient_descent(parameters: Parameters, gradients: Parameters, learning_rate: float) -> Parameters:
    """One iteration of gradient descent: W[l] − α dW[l] and b[l] − α db[l] for every layer."""
    return [
        (W - learning_rate * dW, b - learning_rate * db) for (W, b), (dW, db) in zip(parameters, gradients, strict=True)
    ]

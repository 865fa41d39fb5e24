"""The specification under the names of the course: what a learner's own functions must agree with.

The course writes a network as a dictionary, parameters["W1"], parameters["b1"], …, and gives each function of a layer a
name. Every number here comes from `leadline.network`; hidden layers are relu and the output is sigmoid with binary
cross-entropy, as in the course.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError
from leadline.network import ACTIVATIONS, layer_backward, layer_forward

__all__ = [
    "L_model_backward",
    "L_model_forward",
    "compute_cost",
    "initialize_parameters_deep",
    "linear_activation_backward",
    "linear_activation_forward",
    "linear_backward",
    "linear_forward",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "update_parameters",
]

Array = NDArray[np.float64]
Cache = tuple[Array, Array, Array]
_IDENTITY = ACTIVATIONS["identity"]


def sigmoid(Z: Array) -> tuple[Array, Array]:
    """A = σ(Z) and Z, the cache; both of the shape of Z, (n[l], m)."""
    return np.asarray(ACTIVATIONS["sigmoid"].g(Z)), Z


def relu(Z: Array) -> tuple[Array, Array]:
    """A = max(Z, 0) and Z, the cache; both of the shape of Z, (n[l], m)."""
    return np.asarray(ACTIVATIONS["relu"].g(Z)), Z


def sigmoid_backward(dA: Array, cache: Array) -> Array:
    """dZ = dA ∗ σ′(Z), (n[l], m), with Z from the cache."""
    g = ACTIVATIONS["sigmoid"]
    return np.asarray(dA * g.g_prime(cache, g.g(cache)))


def relu_backward(dA: Array, cache: Array) -> Array:
    """dZ = dA where Z is positive and 0 elsewhere, (n[l], m), with Z from the cache."""
    g = ACTIVATIONS["relu"]
    return np.asarray(dA * g.g_prime(cache, g.g(cache)))


def initialize_parameters_deep(layer_dims: Sequence[int], seed: int = 3) -> dict[str, Array]:
    """W[l] of small random numbers, (n[l], n[l-1]), and b[l] of zeros, (n[l], 1)."""
    generator, parameters = np.random.default_rng(seed), {}
    for l, (n_before, n) in enumerate(pairwise(layer_dims), start=1):
        parameters[f"W{l}"] = generator.standard_normal((n, n_before)) / np.sqrt(n_before)
        parameters[f"b{l}"] = np.zeros((n, 1))
    return parameters


def linear_forward(A: Array, W: Array, b: Array) -> tuple[Array, Cache]:
    """Z = W A + b, (n[l], m), and the cache (A, W, b)."""
    return layer_forward(A, W, b, _IDENTITY)[0], (A, W, b)


def linear_activation_forward(A_prev: Array, W: Array, b: Array, activation: str) -> tuple[Array, tuple[Cache, Array]]:
    """A = g(W A_prev + b), (n[l], m), and the cache ((A_prev, W, b), Z); g is "relu" or "sigmoid".

    Raises
    ------
    ParameterError
        The activation is another.
    """
    Z, cache = linear_forward(A_prev, W, b)
    A, activation_cache = _of(activation, {"relu": relu, "sigmoid": sigmoid})(Z)
    return A, (cache, activation_cache)


def L_model_forward(X: Array, parameters: Mapping[str, Array]) -> tuple[Array, list[tuple[Cache, Array]]]:
    """A[L], (1, m), and the caches of the layers 1 … L: relu for l < L, sigmoid for l = L."""
    L, A, caches = len(parameters) // 2, X, []
    for l in range(1, L + 1):
        A, cache = linear_activation_forward(
            A, parameters[f"W{l}"], parameters[f"b{l}"], "sigmoid" if l == L else "relu"
        )
        caches.append(cache)
    return A, caches


def compute_cost(AL: Array, Y: Array) -> float:
    """J = −(1/m) Σ (Y log A[L] + (1 − Y) log(1 − A[L]))."""
    return float(-np.mean(np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL), axis=0)))


def linear_backward(dZ: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """dA[l-1], dW[l] and db[l], in the shapes of A[l-1], W[l] and b[l], from dZ[l], (n[l], m)."""
    A_prev, W, b = cache
    forward_cache = layer_forward(A_prev, W, b, _IDENTITY)[1]
    return layer_backward(dZ, forward_cache, _IDENTITY)


def linear_activation_backward(dA: Array, cache: tuple[Cache, Array], activation: str) -> tuple[Array, Array, Array]:
    """dA[l-1], dW[l] and db[l] from dA[l], (n[l], m)."""
    linear_cache, Z = cache
    return linear_backward(_of(activation, {"relu": relu_backward, "sigmoid": sigmoid_backward})(dA, Z), linear_cache)


def L_model_backward(AL: Array, Y: Array, caches: Sequence[tuple[Cache, Array]]) -> dict[str, Array]:
    """The gradients dW1, db1, … and dA0, dA1, …, in the shapes of their quantities."""
    L, grads = len(caches), {}
    dA = -(Y / AL - (1 - Y) / (1 - AL))
    for l in range(L, 0, -1):
        dA, dW, db = linear_activation_backward(dA, caches[l - 1], "sigmoid" if l == L else "relu")
        grads.update({f"dA{l - 1}": dA, f"dW{l}": dW, f"db{l}": db})
    return grads


def update_parameters(
    parameters: Mapping[str, Array], grads: Mapping[str, Array], learning_rate: float
) -> dict[str, Array]:
    """θ − α dθ for every parameter, in its shape; the old ones stay as they are."""
    return {name: value - learning_rate * grads[f"d{name}"] for name, value in parameters.items()}


def _of(name: str, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise ParameterError(f"activation must be one of {', '.join(known)}; got {name!r}.")
    return known[name]

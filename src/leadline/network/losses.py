"""Losses: one record each, computed from the raw scores Z[L] of the output layer.

Computing from scores rather than from activations keeps the logarithm exact: a probability that rounds to
zero still has its true loss. Each record names the output activation g[L] that it belongs to; for these pairs the
derivative of an example's loss with respect to its scores is dZ[L] = A[L] − Y (`equations.md`, Backward).

Elementwise losses are pairs of functions valid for scalars and arrays, as activations are, and training compiles
the same functions. Cross-entropy over several classes couples the scores of an example and stands by itself.

Shapes: Z and Y are (n[L], m), columns are examples; `value` gives (m,), `gradient` gives dZ[L], (n[L], m).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from leadline.errors import ParameterError

__all__ = ["LOSSES", "ElementwiseLoss", "Loss", "SoftmaxCrossEntropy", "loss"]


class Loss(Protocol):
    """What the equations ask of a loss: its value and its gradient from raw scores, per example."""

    @property
    def name(self) -> str:
        """The name by which it is chosen."""

    @property
    def output_activation(self) -> str:
        """The activation g[L] that turns its scores into predictions."""

    def value(self, Z: Any, Y: Any) -> Any:
        """Loss of each example: (m,) from scores and targets (n[L], m)."""

    def gradient(self, Z: Any, Y: Any) -> Any:
        """dZ[L], (n[L], m): derivative of each example's own loss; the 1/m enters in dW and db."""


@dataclass(frozen=True)
class ElementwiseLoss:
    """A loss that is a sum over the output units of one function of (score, target).

    Attributes
    ----------
    name, output_activation : str
        Its own name and that of g[L].
    unit_value, unit_gradient : callable
        Loss of one output unit and its derivative by the score; scalars and arrays.
    """

    name: str
    output_activation: str
    unit_value: Callable[[Any, Any], Any]
    unit_gradient: Callable[[Any, Any], Any]

    def value(self, Z: Any, Y: Any) -> Any:
        """Loss of each example, (m,), from scores Z and targets Y, (n[L], m)."""
        return np.sum(self.unit_value(Z, Y), axis=0)

    def gradient(self, Z: Any, Y: Any) -> Any:
        """dZ[L], (n[L], m), from scores Z and targets Y, (n[L], m)."""
        return self.unit_gradient(Z, Y)


# By this name, so that compiled code can put a vectorised version in its place.
exp = np.exp


def _binary_value(z: Any, y: Any) -> Any:
    # −y log σ(z) − (1−y) log(1−σ(z)) = max(z, 0) − y z + log(1 + exp(−|z|))
    return np.maximum(z, 0.0) - y * z + np.log1p(exp(-np.abs(z)))


def _binary_gradient(z: Any, y: Any) -> Any:
    # A − Y with A = σ(z)
    return exp(np.minimum(z, 0.0)) / (1.0 + exp(-np.abs(z))) - y


def _half_squared_value(z: Any, y: Any) -> Any:
    return 0.5 * (z - y) * (z - y)


def _half_squared_gradient(z: Any, y: Any) -> Any:
    # A − Y with A = z
    return z - y


@dataclass(frozen=True)
class SoftmaxCrossEntropy:
    """Cross-entropy of softmax probabilities: −Σ_c y_c log a_c with a = softmax(z), from the scores.

    = log Σ_c exp(z_c) · Σ_c y_c − Σ_c y_c z_c, with the largest score taken out of the exponentials.
    """

    name: str = "cross_entropy"
    output_activation: str = "softmax"

    def value(self, Z: Any, Y: Any) -> Any:
        """Loss of each example, (m,), from scores Z and targets Y, (n[L], m)."""
        top = Z.max(axis=0, keepdims=True)
        log_sum = top + np.log(np.sum(np.exp(Z - top), axis=0, keepdims=True))
        return np.sum(Y * (log_sum - Z), axis=0)

    def gradient(self, Z: Any, Y: Any) -> Any:
        """dZ[L] = A Σy − Y, (n[L], m): for targets that sum to one, A[L] − Y."""
        E = np.exp(Z - Z.max(axis=0, keepdims=True))
        return E * (np.sum(Y, axis=0, keepdims=True) / np.sum(E, axis=0, keepdims=True)) - Y


LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        record.name: record
        for record in (
            ElementwiseLoss("binary_cross_entropy", "sigmoid", _binary_value, _binary_gradient),
            SoftmaxCrossEntropy(),
            ElementwiseLoss("half_squared_error", "identity", _half_squared_value, _half_squared_gradient),
        )
    }
)


def loss(name: str) -> Loss:
    """The record of the loss called `name`.

    Raises
    ------
    ParameterError
        No loss has that name.
    """
    try:
        return LOSSES[name]
    except KeyError:
        raise ParameterError(f"loss must be one of {', '.join(LOSSES)}; got {name!r}.") from None

"""Losses: one record each, computed from the raw scores Z[L] of the output layer.

Computing from scores rather than from activations keeps the logarithm exact: a probability that rounds to
zero still has its true loss. Each record names the output activation g[L] that it belongs to; for these pairs the
derivative of an example's loss with respect to its scores is dZ[L] = A[L] − Y (`equations.md`, Backward).

Elementwise losses are pairs of functions valid for scalars and arrays, as activations are, and training compiles
the same functions. Cross-entropy over several classes couples the scores of an example and stands by itself.

Shapes: Z and Y are (n[L], m), columns are examples; `value` gives (m,), `gradient` gives dZ[L], (n[L], m).
"""

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from leadline.errors import ParameterError

__all__ = [
    "LOSSES",
    "ElementwiseLoss",
    "Loss",
    "SoftmaxCrossEntropy",
    "huber",
    "loss",
    "loss_names",
    "quantile",
    "smooth_labels",
]


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
        Loss of one output unit and its derivative by the score, of (z, y), or (z, y, p) where there are parameters;
        scalars and arrays.
    breaks : tuple of float
        The differences, score less target, where the derivative or its slope jumps.
    parameters : tuple of float
        p of the output units, in their order and over again.
    """

    name: str
    output_activation: str
    unit_value: Callable[..., Any]
    unit_gradient: Callable[..., Any]
    breaks: tuple[float, ...] = ()
    parameters: tuple[float, ...] = ()

    def value(self, Z: Any, Y: Any) -> Any:
        """Loss of each example, (m,), from scores Z and targets Y, (n[L], m)."""
        return np.sum(self.unit_value(Z, Y, *self._of_units(len(Z))), axis=0)

    def gradient(self, Z: Any, Y: Any) -> Any:
        """dZ[L], (n[L], m), from scores Z and targets Y, (n[L], m)."""
        return self.unit_gradient(Z, Y, *self._of_units(len(Z)))

    def _of_units(self, n: int) -> tuple[Any, ...]:
        """p of n units as a column, if there are any."""
        return (np.resize(self.parameters, (n, 1)),) if self.parameters else ()


# By these names, so that compiled code can put vectorised versions in their place.
exp = np.exp
log1p = np.log1p


def _binary_value(z: Any, y: Any) -> Any:
    # −y log σ(z) − (1−y) log(1−σ(z)) = max(z, 0) − y z + log(1 + exp(−|z|))
    return np.maximum(z, 0.0) - y * z + log1p(exp(-np.abs(z)))


def _binary_gradient(z: Any, y: Any) -> Any:
    # A − Y with A = σ(z)
    return exp(np.minimum(z, 0.0)) / (1.0 + exp(-np.abs(z))) - y


def _absolute_value(z: Any, y: Any) -> Any:
    return np.abs(z - y)


def _absolute_gradient(z: Any, y: Any) -> Any:
    return np.sign(z - y)


def _huber_value(z: Any, y: Any, delta: Any) -> Any:
    # r²/2 up to |r| = δ, then δ (|r| − δ/2) (Huber 1964); with c = min(|r|, δ) both are c (|r| − c/2)
    c = np.minimum(np.abs(z - y), delta)
    return c * (np.abs(z - y) - 0.5 * c)


def _huber_gradient(z: Any, y: Any, delta: Any) -> Any:
    return np.maximum(np.minimum(z - y, delta), -delta)


def _quantile_value(z: Any, y: Any, tau: Any) -> Any:
    # τ (y − z) where the score is too low, (1 − τ)(z − y) where it is too high (Koenker & Bassett 1978)
    return np.maximum(tau * (y - z), (tau - 1.0) * (y - z))


def _quantile_gradient(z: Any, y: Any, tau: Any) -> Any:
    # −τ below the target, 1 − τ above, and their mean on it
    return 0.5 - tau + 0.5 * np.sign(z - y)


def _poisson_value(z: Any, y: Any) -> Any:
    # −log likelihood of a count y with mean exp(z), less the log y! that no score changes
    return exp(z) - y * z


def _poisson_gradient(z: Any, y: Any) -> Any:
    # A − Y with A = exp(z)
    return exp(z) - y


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


def huber(delta: float) -> ElementwiseLoss:
    """Huber's loss: squared for residuals up to `delta`, in the units of the scores, and linear beyond.

    Raises
    ------
    ParameterError
        `delta` is not positive.
    """
    if not delta > 0:
        raise ParameterError(f"huber: delta must be a positive number; got {delta!r}.")
    delta = float(delta)
    return ElementwiseLoss(
        f"huber({delta:g})", "identity", _huber_value, _huber_gradient, breaks=(-delta, delta), parameters=(delta,)
    )


def quantile(*taus: float) -> ElementwiseLoss:
    """The pinball loss: its best constant scores are the quantiles of the targets at `taus`, one for each unit.

    Raises
    ------
    ParameterError
        There is none, or one is not between 0 and 1.
    """
    if not taus or not all(0 < tau < 1 for tau in taus):
        got = repr(taus[0]) if len(taus) == 1 else repr(taus)
        raise ParameterError(f"quantile: tau must be a number in (0, 1); got {got}.")
    name = f"quantile({', '.join(f'{tau:g}' for tau in taus)})"
    shares = tuple(float(tau) for tau in taus)
    return ElementwiseLoss(name, "identity", _quantile_value, _quantile_gradient, breaks=(0.0,), parameters=shares)


def smooth_labels(Y: Any, share: float) -> Any:
    """Targets Y, (K, m) one-hot, with `share` of each example spread evenly over the K classes (Szegedy et al. 2016).

    For two classes as one unit of 0 and 1, (1, m), the share is spread over both.
    """
    K = max(len(Y), 2)
    return (1.0 - share) * Y + share / K


# Losses with parameters by the word before the bracket: what makes them, and how the parameters are written.
_WITH_PARAMETERS: Mapping[str, tuple[Callable[..., ElementwiseLoss], str]] = MappingProxyType(
    {"huber": (huber, "δ"), "quantile": (quantile, "τ, …")}
)

LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        record.name: record
        for record in (
            ElementwiseLoss("binary_cross_entropy", "sigmoid", _binary_value, _binary_gradient),
            SoftmaxCrossEntropy(),
            ElementwiseLoss("multilabel_cross_entropy", "sigmoid", _binary_value, _binary_gradient),
            # Y are the answers to "beyond class k?", one unit for each of K − 1 thresholds: a far miss misses several
            ElementwiseLoss("ordinal_cross_entropy", "sigmoid", _binary_value, _binary_gradient),
            ElementwiseLoss("half_squared_error", "identity", _half_squared_value, _half_squared_gradient),
            ElementwiseLoss("absolute_error", "identity", _absolute_value, _absolute_gradient, breaks=(0.0,)),
            huber(1.0),
            quantile(0.5),
            ElementwiseLoss("poisson", "exp", _poisson_value, _poisson_gradient),
        )
    }
)


def loss(name: str | Loss) -> Loss:
    """The record of the loss called `name`; "huber(2)" and "quantile(0.1, 0.9)" carry their parameters.

    A loss of the caller's own, any object with `value` and `gradient`, is itself the record.

    Raises
    ------
    ParameterError
        No loss has that name.
    """
    if not isinstance(name, str):
        return name
    if name in LOSSES:
        return LOSSES[name]
    parts = re.fullmatch(r"(\w+)\(([0-9.eE+, -]+)\)", name)
    try:
        if parts and parts[1] in _WITH_PARAMETERS:
            make, _ = _WITH_PARAMETERS[parts[1]]
            return make(*(float(number) for number in parts[2].split(",")))
    except (ValueError, TypeError):
        pass
    raise ParameterError(f"loss must be one of {', '.join(LOSSES)}; got {name!r}.")


def loss_names(output_activations: Container[str]) -> list[str]:
    """The losses with one of these output activations, as messages write them: "poisson", "huber(δ)"."""
    names = [record.name for record in LOSSES.values() if record.output_activation in output_activations]
    words = [name.partition("(")[0] for name in names]
    return [f"{word}({_WITH_PARAMETERS[word][1]})" if word in _WITH_PARAMETERS else word for word in words]

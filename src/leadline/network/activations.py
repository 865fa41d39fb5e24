"""Activations: one record each, with g, g′ and everything else that anyone asks of an activation.

g(z) and g′(z, a) are written once. Each is valid for a scalar and for an array: the specification applies them to
arrays, and training compiles the very same functions into its fused loops. So they use nothing but arithmetic and
NumPy functions that take both, and their constants are floats (compiled code gives them the precision of the data).

g′ receives a = g(z) beside z because the cache of the forward pass holds both: where the derivative is
cheaper from a, it reads a. `needs_z` says whether it reads z at all; where it does not, Z need not be kept.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from leadline.errors import ParameterError

__all__ = ["ACTIVATIONS", "Activation", "activation"]

# By these names, so that compiled code can put versions of its own in their place.
exp, expm1, log1p = np.exp, np.expm1, np.log1p
erf: Any = np.vectorize(math.erf, otypes=[np.float64])

_SELU_SCALE = 1.0507009873554805
_SELU_ALPHA = 1.6732632423543772
_ROOT_HALF = 0.7071067811865476
_NORMAL_DENSITY = 0.3989422804014327  # 1/√(2π)


@dataclass(frozen=True)
class Activation:
    """One activation function.

    Attributes
    ----------
    name : str
        The name by which it is chosen.
    g : callable
        a = g(z), elementwise; scalars and arrays of any shape.
    g_prime : callable
        g′(z, a), elementwise, with a = g(z); the same shapes.
    output_range : tuple of float
        Infimum and supremum of g.
    gain : float
        Factor on the standard deviation 1/√n[l-1] of initial weights that keeps the scale of activations from layer
        to layer (He et al. 2015 for relu; LeCun et al. 1998 for selu and the near-linear ones).
    onnx : str
        The ONNX nodes that compute a from z, one a line, in the text form of `onnx.parser`; operators of opset 17.
    needs_z : bool
        Whether g′ reads z; if not, a alone determines it.
    breaks : tuple of float
        The z where g′ or its slope jumps.
    increasing : bool
        Whether g′ is nowhere negative.
    """

    name: str
    g: Callable[[Any], Any]
    g_prime: Callable[[Any, Any], Any]
    output_range: tuple[float, float]
    gain: float
    onnx: str
    needs_z: bool = False
    breaks: tuple[float, ...] = ()
    increasing: bool = True


def _identity(z: Any) -> Any:
    return z


def _identity_prime(z: Any, a: Any) -> Any:
    return 1.0 + 0.0 * a


def _sigmoid(z: Any) -> Any:
    # 1 / (1 + exp(−z)) = p / (1 + e) with e = exp(−|z|) and p = 1 for positive z, e for negative z: one exponential,
    # which does not overflow, and no small value is lost
    e, s = exp(-np.abs(z)), np.sign(z)
    return (0.5 * (1.0 + s) + 0.5 * (1.0 - s) * e) / (1.0 + e)


def _sigmoid_prime(z: Any, a: Any) -> Any:
    return a * (1.0 - a)


def _tanh(z: Any) -> Any:
    # sign(z) (1 − e) / (1 + e) with e = exp(−2|z|), and 1 − e without cancellation near zero
    d = expm1(-2.0 * np.abs(z))
    return -np.sign(z) * d / (2.0 + d)


def _tanh_prime(z: Any, a: Any) -> Any:
    return 1.0 - a * a


def _relu(z: Any) -> Any:
    return np.maximum(z, 0.0)


def _relu_prime(z: Any, a: Any) -> Any:
    return np.sign(a)


def _leaky_relu(z: Any) -> Any:
    return np.maximum(z, 0.0) + 0.01 * np.minimum(z, 0.0)


def _leaky_relu_prime(z: Any, a: Any) -> Any:
    return 0.01 + 0.99 * np.sign(np.maximum(a, 0.0))


def _elu(z: Any) -> Any:
    return np.maximum(z, 0.0) + expm1(np.minimum(z, 0.0))


def _elu_prime(z: Any, a: Any) -> Any:
    return 1.0 + np.minimum(a, 0.0)


def _selu(z: Any) -> Any:
    return _SELU_SCALE * (np.maximum(z, 0.0) + _SELU_ALPHA * expm1(np.minimum(z, 0.0)))


def _selu_prime(z: Any, a: Any) -> Any:
    # scale for positive a; for others scale alpha exp(z) = a + scale alpha
    positive = np.sign(np.maximum(a, 0.0))
    return _SELU_SCALE * positive + (1.0 - positive) * (a + _SELU_SCALE * _SELU_ALPHA)


def _softplus(z: Any) -> Any:
    # log(1 + exp(z)) without overflow
    return np.maximum(z, 0.0) + log1p(exp(-np.abs(z)))


def _softplus_prime(z: Any, a: Any) -> Any:
    return _sigmoid(z)


def _silu(z: Any) -> Any:
    return z * _sigmoid(z)


def _silu_prime(z: Any, a: Any) -> Any:
    # σ + z σ (1 - σ) = σ + a (1 - σ)
    sigma = _sigmoid(z)
    return sigma + a * (1.0 - sigma)


def _gelu(z: Any) -> Any:
    # z Φ(z) with Φ the standard normal distribution function (Hendrycks & Gimpel 2016), exact
    return z * (0.5 + 0.5 * erf(z * _ROOT_HALF))


def _gelu_prime(z: Any, a: Any) -> Any:
    # Φ(z) + z φ(z)
    return 0.5 + 0.5 * erf(z * _ROOT_HALF) + z * _NORMAL_DENSITY * exp(-0.5 * z * z)


def _tanh_softplus(z: Any) -> Any:
    # tanh(log(1 + exp(z))) = (p² + 2pq) / (p² + 2pq + 2q²) with p : q = exp(z) : 1, the larger being 1
    e, s = exp(-np.abs(z)), np.sign(z)
    p, q = 0.5 * (1.0 + s) + 0.5 * (1.0 - s) * e, 0.5 * (1.0 - s) + 0.5 * (1.0 + s) * e
    return p * (p + 2.0 * q) / (p * (p + 2.0 * q) + 2.0 * q * q)


def _mish(z: Any) -> Any:
    # z tanh(log(1 + exp(z))) (Misra 2019)
    return z * _tanh_softplus(z)


def _mish_prime(z: Any, a: Any) -> Any:
    # ω + z (1 − ω²) σ(z) with ω = tanh(log(1 + exp(z)))
    omega = _tanh_softplus(z)
    return omega + z * (1.0 - omega * omega) * _sigmoid(z)


_HE = float(np.sqrt(2.0))

# Composed, because their own operators are younger than opset 17.
_GELU = """
root_half = Constant <value_float = 0.70710678> ()
half = Constant <value_float = 0.5> ()
one = Constant <value_float = 1.0> ()
argument = Mul(z, root_half)
error = Erf(argument)
sum = Add(error, one)
share = Mul(half, sum)
a = Mul(z, share)
"""
_SILU = """
sigmoid = Sigmoid(z)
a = Mul(z, sigmoid)
"""
_MISH = """
softplus = Softplus(z)
omega = Tanh(softplus)
a = Mul(z, omega)
"""

ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        record.name: record
        for record in (
            Activation("identity", _identity, _identity_prime, (-np.inf, np.inf), 1.0, "a = Identity(z)"),
            Activation("sigmoid", _sigmoid, _sigmoid_prime, (0.0, 1.0), 1.0, "a = Sigmoid(z)"),
            Activation("tanh", _tanh, _tanh_prime, (-1.0, 1.0), 1.0, "a = Tanh(z)"),
            Activation("relu", _relu, _relu_prime, (0.0, np.inf), _HE, "a = Relu(z)", breaks=(0.0,)),
            Activation(
                "leaky_relu",
                _leaky_relu,
                _leaky_relu_prime,
                (-np.inf, np.inf),
                _HE,
                "a = LeakyRelu <alpha = 0.01> (z)",
                breaks=(0.0,),
            ),
            Activation("elu", _elu, _elu_prime, (-1.0, np.inf), _HE, "a = Elu(z)", breaks=(0.0,)),
            Activation(
                "selu",
                _selu,
                _selu_prime,
                (-_SELU_SCALE * _SELU_ALPHA, np.inf),
                1.0,
                "a = Selu(z)",
                breaks=(0.0,),
            ),
            Activation("softplus", _softplus, _softplus_prime, (0.0, np.inf), 1.0, "a = Softplus(z)", needs_z=True),
            Activation(
                "gelu", _gelu, _gelu_prime, (-0.1699712074412, np.inf), _HE, _GELU, needs_z=True, increasing=False
            ),
            Activation(
                "silu", _silu, _silu_prime, (-0.2784645427610738, np.inf), _HE, _SILU, needs_z=True, increasing=False
            ),
            Activation(
                "mish", _mish, _mish_prime, (-0.3088430166104, np.inf), _HE, _MISH, needs_z=True, increasing=False
            ),
        )
    }
)


def activation(name: str) -> Activation:
    """The record of the activation called `name`.

    Raises
    ------
    ParameterError
        No activation has that name.
    """
    try:
        return ACTIVATIONS[name]
    except KeyError:
        raise ParameterError(f"activation must be one of {', '.join(ACTIVATIONS)}; got {name!r}.") from None

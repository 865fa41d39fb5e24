"""Fused loops, compiled by Numba: everything in a training step that is not a matrix product.

Each kernel works on a stack of networks: axis 0 is the network, axis 1 the example, axis 2 the unit. Rows are
examples here (the memory layout in which the specification's columns are contiguous), so A of the equations is Aᵀ.

What every kernel keeps:

- An element's bits depend on its own inputs, not on its place in an array or on the company. So no fastmath flag: where
  the compiler may reorder or contract arithmetic, a vector and its scalar rest can round differently. Loops without
  reductions vectorise all the same.
- g, g′ and the losses are the functions of `leadline.network`, compiled as they stand; their constants take the
  precision of the data, else every product with a constant would be computed in float64.
- `error_model="numpy"`: division by zero gives inf as NumPy does, and loops with divisions can be vectorised.
"""

import math
import re
import types
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any

import numba
import numpy as np

from leadline.network import ElementwiseLoss, Loss, SoftmaxCrossEntropy, activation, loss, optimiser

__all__ = [
    "activation_kernels",
    "drop_out",
    "drop_out_backward",
    "gather",
    "loss_kernel",
    "scale",
    "scale_backward",
    "step_kernel",
]

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
_compile = numba.njit(cache=True, **_OPTIONS)

# Stand-ins for the functions that `_specialised` puts in their place.
_g: Any = None
_g_prime: Any = None
_unit_value: Any = None
_unit_gradient: Any = None
_step: Any = None


# exp as a loop that vectorises, for float32: n = round(x / log 2), r = x − n log 2 with log 2 in two parts, and
# Taylor's polynomial for exp(r) − 1, whose remainder at |r| ≤ log 2 / 2 is under half a unit in the last place.
_LOG2_E = np.float32(1.4426950408889634)
_LOG_2_HIGH = np.float32(0.693359375)
_LOG_2_LOW = np.float32(-2.12194440e-4)
_TAYLOR = tuple(np.float32(1.0 / math.factorial(k)) for k in range(8))
_LEAST, _MOST = np.float32(-87.0), np.float32(88.0)
_EXPONENT_BIAS, _MANTISSA_BITS = np.int32(127), np.int32(23)


@numba.njit(nogil=True, error_model="numpy")
def _power_and_rest(x: Any) -> Any:
    """2ⁿ and exp(r) − 1 with exp(x) = 2ⁿ exp(r), for float32 x; NaN stays NaN."""
    x = min(max(x, _LEAST), _MOST)
    n = np.rint(x * _LOG2_E)
    r = (x - n * _LOG_2_HIGH) - n * _LOG_2_LOW
    p = _TAYLOR[7]
    p = p * r + _TAYLOR[6]
    p = p * r + _TAYLOR[5]
    p = p * r + _TAYLOR[4]
    p = p * r + _TAYLOR[3]
    p = p * r + _TAYLOR[2]
    p = p * r + _TAYLOR[1]
    power = np.int32((np.int32(n) + _EXPONENT_BIAS) << _MANTISSA_BITS).view(np.float32)
    return power, p * r


@numba.njit(nogil=True, error_model="numpy")
def _exp32(x: Any) -> Any:
    power, rest = _power_and_rest(x)
    return power * rest + power


@numba.njit(nogil=True, error_model="numpy")
def _expm1_32(x: Any) -> Any:
    power, rest = _power_and_rest(x)
    return power * rest + (power - _TAYLOR[0])


@numba.njit(nogil=True, error_model="numpy")
def _erf(x: Any) -> Any:
    return math.erf(x)


def _in_precision(function: Callable[..., Any], dtype: type) -> Callable[..., Any]:
    """`function` with its float constants, its own and its module's, in precision `dtype`, compiled for inlining."""

    def cast(value: Any) -> Any:
        return dtype(value) if isinstance(value, float) else value

    code = function.__code__.replace(co_consts=tuple(cast(c) for c in function.__code__.co_consts))
    used = {name: cast(v) for name, v in function.__globals__.items() if name in code.co_names}
    own = {"exp": _exp32, "expm1": _expm1_32, "erf": _erf} if dtype is np.float32 else {"erf": _erf}
    used.update({name: compiled for name, compiled in own.items() if name in used})
    used["__name__"] = __name__  # Numba's cache wants a function to have a module
    compiled: Callable[..., Any] = numba.njit(**_OPTIONS)(types.FunctionType(code, used, function.__name__))
    return compiled


def _float_globals(function: Callable[..., Any]) -> list[tuple[str, float]]:
    """The numbers that a function reads from its module."""
    used = ((name, function.__globals__.get(name)) for name in function.__code__.co_names)
    return [(name, value) for name, value in used if isinstance(value, float)]


def _specialised(template: Callable[..., Any], owner: str, dtype: type, **functions: Callable[..., Any]) -> Any:
    """Compile `template` with `functions` in place of the stand-ins of the same names.

    The compiled kernel is cached on disk under a name that holds a digest of the functions, because
    Numba's cache sees changes of this file only.
    """
    parts = [(f.__code__.co_code, f.__code__.co_consts, _float_globals(f)) for f in functions.values()]
    digest = sha256(repr(parts).encode()).hexdigest()
    name = f"{template.__name__}_{re.sub(r'[^a-z]', '_', owner)}_{dtype.__name__}_{digest[:12]}"
    used = {**globals(), **{stand_in: _in_precision(f, dtype) for stand_in, f in functions.items()}}
    kernel = types.FunctionType(template.__code__, used, name)
    kernel.__qualname__ = name
    return _compile(kernel)


def _activate(Z: Any, b: Any, A: Any) -> None:
    """A = g(Z + b); Z keeps Z + b."""
    for p in range(Z.shape[0]):
        for i in range(Z.shape[1]):
            for j in range(Z.shape[2]):
                z = Z[p, i, j] + b[p, j]
                Z[p, i, j] = z
                A[p, i, j] = _g(z)


def _activate_in_place(A: Any, b: Any) -> None:
    """A = g(A + b), where A holds the product."""
    for p in range(A.shape[0]):
        for i in range(A.shape[1]):
            for j in range(A.shape[2]):
                A[p, i, j] = _g(A[p, i, j] + b[p, j])


def _differentiate(dA: Any, Z: Any, A: Any, db: Any) -> None:
    """dZ = dA ∗ g′(Z) in the place of dA, and db = Σ over examples of dZ."""
    for p in range(dA.shape[0]):
        db[p, :] = 0
        for i in range(dA.shape[1]):
            for j in range(dA.shape[2]):
                dz = dA[p, i, j] * _g_prime(Z[p, i, j], A[p, i, j])
                dA[p, i, j] = dz
                db[p, j] += dz


@cache
def activation_kernels(name: str, dtype: type) -> tuple[Any, Any, Any]:
    """The kernels of an activation: `activate(Z, b, A)`, `activate_in_place(A, b)` and `differentiate(dA, Z, A, db)`.

    All arrays are (P, m, n), b and db (P, n). Where the activation's g′ does not read z, pass A for Z.
    """
    record = activation(name)
    return (
        _specialised(_activate, name, dtype, _g=record.g),
        _specialised(_activate_in_place, name, dtype, _g=record.g),
        _specialised(_differentiate, name, dtype, _g_prime=record.g_prime),
    )


def _elementwise_loss(Z: Any, Y: Any, fold: Any, rows: Any, w: Any, dZ: Any, losses: Any) -> None:
    for p in range(Z.shape[0]):
        total = 0.0
        for i in range(Z.shape[1]):
            total += w[rows[p, i]]
        value = 0.0
        for i in range(Z.shape[1]):
            row = rows[p, i]
            share = w[row] / total
            for j in range(Z.shape[2]):
                value += share * _unit_value(Z[p, i, j], Y[fold[p], row, j])
                dZ[p, i, j] = share * _unit_gradient(Z[p, i, j], Y[fold[p], row, j])
        losses[p] = value


def _softmax_loss(Z: Any, Y: Any, fold: Any, rows: Any, w: Any, dZ: Any, losses: Any) -> None:
    k = Z.shape[2]
    for p in range(Z.shape[0]):
        total = 0.0
        for i in range(Z.shape[1]):
            total += w[rows[p, i]]
        value = 0.0
        for i in range(Z.shape[1]):
            row = rows[p, i]
            share = w[row] / total
            top = Z[p, i, 0]
            for j in range(1, k):
                top = max(top, Z[p, i, j])
            denominator = 0.0
            mass = 0.0
            for j in range(k):
                dZ[p, i, j] = np.exp(Z[p, i, j] - top)
                denominator += dZ[p, i, j]
                mass += Y[fold[p], row, j]
            log_sum = top + np.log(denominator)
            for j in range(k):
                y = Y[fold[p], row, j]
                value += share * y * (log_sum - Z[p, i, j])
                dZ[p, i, j] = share * (dZ[p, i, j] * mass / denominator - y)
        losses[p] = value


def _own_loss(own: Loss) -> Callable[..., None]:
    """The kernel of a caller's own loss: the same work by calling its methods, network by network."""

    def kernel(Z: Any, Y: Any, fold: Any, rows: Any, w: Any, dZ: Any, losses: Any) -> None:
        for p in range(len(Z)):
            y, weights = Y[fold[p], rows[p]].T, w[rows[p]]
            share = weights / weights.sum(dtype=np.float64)
            losses[p] = np.sum(share * own.value(Z[p].T, y))
            dZ[p] = (share * own.gradient(Z[p].T, y)).T

    return kernel


@cache
def loss_kernel(name: str | Loss, dtype: type) -> Any:
    """The kernel of a loss: `kernel(Z, Y, fold, rows, w, dZ, losses)`.

    From the scores Z, (P, m, n[L]), it writes dZ[L], which carries w_i/Σw already, so that dW = dZᵀ A, and the
    weighted mean loss of each network, `losses` (P,). Targets are Y[fold[p], rows[p, i]], (F, n, n[L]), weights
    w[rows[p, i]], (n,).
    """
    record = loss(name)
    if isinstance(record, SoftmaxCrossEntropy):
        return _specialised(_softmax_loss, record.name, dtype)
    if not isinstance(record, ElementwiseLoss):
        return _own_loss(record)
    return _specialised(
        _elementwise_loss, record.name, dtype, _unit_value=record.unit_value, _unit_gradient=record.unit_gradient
    )


@_compile
def gather(X: Any, fold: Any, rows: Any, out: Any) -> None:
    """out[p, i] = X[fold[p], rows[p, i]]: the minibatch of each network, (P, m, n[0]) from X (F, n, n[0])."""
    for p in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            for j in range(out.shape[2]):
                out[p, i, j] = X[fold[p], rows[p, i], j]


@_compile
def scale(X: Any, s: Any, A: Any) -> None:
    """A = s ∗ X for each network, (P, m, n) from X (P, m, n) and factors s (P, n)."""
    for p in range(X.shape[0]):
        for i in range(X.shape[1]):
            for j in range(X.shape[2]):
                A[p, i, j] = s[p, j] * X[p, i, j]


@_compile
def scale_backward(dA: Any, X: Any, ds: Any) -> None:
    """ds = Σ over examples of dA ∗ X, (P, n): the gradient of `scale` by its factors."""
    for p in range(X.shape[0]):
        ds[p, :] = 0
        for i in range(X.shape[1]):
            for j in range(X.shape[2]):
                ds[p, j] += dA[p, i, j] * X[p, i, j]


_LOW_32 = np.uint64(0xFFFFFFFF)


@numba.njit(**_OPTIONS)
def _dropped(key: Any, element: Any, threshold: Any) -> Any:
    """Whether `element` of the layer with random `key` is dropped: a hash of the two below `threshold` of 2³².

    The mixer is the 32-bit finaliser "lowbias32" (C. Wellons, "Prospecting for hash functions", 2018), kept in 64-bit
    integers so that no product overflows.
    """
    h = (key ^ (np.uint64(element) * np.uint64(0x9E3779B1))) & _LOW_32
    h ^= h >> np.uint64(16)
    h = (h * np.uint64(0x7FEB352D)) & _LOW_32
    h ^= h >> np.uint64(15)
    h = (h * np.uint64(0x846CA68B)) & _LOW_32
    h ^= h >> np.uint64(16)
    return h < threshold


@_compile
def drop_out(A: Any, keys: Any, thresholds: Any, scale: Any) -> None:
    """Silence units of A, (P, m, n), in place and scale the others by 1/(1 − rate) = `scale`, (P,).

    `keys`, (P,), are the networks' random numbers for this step and layer; `thresholds`, (P,), rate × 2³².
    """
    for p in range(A.shape[0]):
        if thresholds[p] > 0:
            for i in range(A.shape[1]):
                for j in range(A.shape[2]):
                    if _dropped(keys[p], i * A.shape[2] + j, thresholds[p]):
                        A[p, i, j] = 0
                    else:
                        A[p, i, j] *= scale[p]


@_compile
def drop_out_backward(dA: Any, A: Any, keys: Any, thresholds: Any, scale: Any) -> None:
    """The backward pass of `drop_out`: dA gets the same mask and scale, and A its unscaled values back."""
    for p in range(A.shape[0]):
        if thresholds[p] > 0:
            for i in range(A.shape[1]):
                for j in range(A.shape[2]):
                    if _dropped(keys[p], i * A.shape[2] + j, thresholds[p]):
                        dA[p, i, j] = 0
                    else:
                        dA[p, i, j] *= scale[p]
                        A[p, i, j] /= scale[p]


def _take_step(
    theta: Any, gradient: Any, m: Any, v: Any, segments: Any, rate_factors: Any, decays: Any, settings: Any
) -> None:
    for p in range(theta.shape[0]):
        beta_1, rest_1 = settings[p, 1], settings[p, 2]
        beta_2, rest_2 = settings[p, 3], settings[p, 4]
        epsilon, correction_1, correction_2 = settings[p, 5], settings[p, 6], settings[p, 7]
        for s in range(segments.shape[0] - 1):
            rate = settings[p, 0] * rate_factors[s]
            shrink = rate * settings[p, 8] * decays[s]
            penalty = settings[p, 9] * decays[s]
            for k in range(segments[s], segments[s + 1]):
                t = theta[p, k]
                change, m_new, v_new = _step(
                    gradient[p, k] + penalty * t,
                    m[p, k],
                    v[p, k],
                    rate,
                    beta_1,
                    rest_1,
                    beta_2,
                    rest_2,
                    epsilon,
                    correction_1,
                    correction_2,
                )
                m[p, k] = m_new
                v[p, k] = v_new
                theta[p, k] = t - shrink * t + change


@cache
def step_kernel(name: str, dtype: type) -> Any:
    """The kernel of an optimiser: `kernel(theta, gradient, m, v, segments, rate_factors, decays, settings)`.

    One step for a stack of networks, all their parameters in one pass; arrays (P, n_parameters). The step is that of
    `leadline.network.OPTIMISERS`, with decoupled weight decay λ and the L2 penalty beside it.

    `segments` (S + 1,) bounds the runs of parameters that share `rate_factors` (S,) on α and `decays` (S,), a factor
    on λ and on the L2 penalty. `settings` (P, 10): α, β₁, 1 − β₁, β₂, 1 − β₂, ε, 1/(1 − β₁ᵗ), 1/(1 − β₂ᵗ), λ, and the
    penalty alpha/Σw. All floats are of one precision.
    """
    return _specialised(_take_step, name, dtype, _step=optimiser(name).step)

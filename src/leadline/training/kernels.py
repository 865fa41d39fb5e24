"""Compiled kernels: the operations of a program as machine code, made by Numba.

Every kernel has one signature,

    kernel(memory, operands, source, delivered, rows, keys)

all of them pointers. `memory` is a network's; `operands`, int64: four numbers for each place (offset, rows, columns,
stride), and from NUMBERS_AT on the operation's own. The rest is what a step is given: `source`, int64, the addresses of
what is known of all rows (see `rows`); where a forward pass delivers its outputs; which `rows` are its examples;
and the random `keys` for dropout.
`address` gives a kernel's machine code, and `cpu` calls one after the other without the interpreter.

It is long and one thing: a kernel is compiled with the names of this module as its globals, some of them put in their
place for an activation, loss or optimiser (`_compiled`), so kernels and what compiles them stand together.

What every kernel keeps:

- An element's bits depend on its own inputs, not on its place in an array. So no fastmath flag: where the compiler may
  reorder or contract arithmetic, a vector and its scalar rest can round differently. Loops without reductions vectorise
  all the same, if their arrays are rows without gaps.
- g, g′, losses and steps are the functions of `leadline.network`, compiled as they stand; their constants take the
  precision of the data, else every product with a constant would be computed in float64.
- `error_model="numpy"`: division by zero gives inf as NumPy does, and loops with divisions can be vectorised.
"""

import math
import re
import types
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any, cast

import numba
import numpy as np
from llvmlite import ir
from numba.extending import get_cython_function_address, intrinsic

from leadline.network import ElementwiseLoss, SoftmaxCrossEntropy, activation, loss, optimiser
from leadline.training.program import SETTINGS

__all__ = ["NUMBERS_AT", "OPERANDS", "address", "cached", "gemm_address"]

# An operation's operands: up to seven places of four numbers, then up to four numbers of its own.
NUMBERS_AT, OPERANDS = 28, 32
# Numbers whose parts of a table are looked up together: so many stay in a core's cache.
_AT_ONCE = 4
# Where the scale of dropout stands among the settings.
SCALE_AT = SETTINGS.index("scale")

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
# Called by kernels only: no way in from Python or C, which takes time to compile.
_INLINED: dict[str, Any] = {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_inline = cast(Callable[[Callable[..., Any]], Callable[..., Any]], numba.njit(**_INLINED))

# Stand-ins for what `_compiled` puts in their place.
_g: Any = None
_cosine: Any = None
_cosine_prime: Any = None
_exp: Any = None
_g_prime: Any = None
_unit_value: Any = None
_unit_gradient: Any = None
_parameters: Any = None
_function: Any = None
_step: Any = None
_needs_z: Any = None
_float: Any = None
_bytes: Any = None


# exp as a loop that vectorises, for float32: n = round(x / log 2), r = x − n log 2 with log 2 in two parts, and
# Taylor's polynomial for exp(r) − 1, whose remainder at |r| ≤ log 2 / 2 is under half a unit in the last place.
_LOG2_E = np.float32(1.4426950408889634)
_LOG_2_HIGH = np.float32(0.693359375)
_LOG_2_LOW = np.float32(-2.12194440e-4)
_TAYLOR = tuple(np.float32(1.0 / math.factorial(k)) for k in range(8))
_LEAST, _MOST = np.float32(-87.0), np.float32(88.0)
_EXPONENT_BIAS, _MANTISSA_BITS = np.int32(127), np.int32(23)

_TWO = np.float32(2.0)
_ARTANH = tuple(np.float32(1.0 / (2 * k + 1)) for k in range(7))

_QUARTER, _FLOAT_ZERO = np.float32(0.25), np.float32(0.0)
_SINE = tuple(np.float32((-1) ** k * (2 * math.pi) ** (2 * k + 1) / math.factorial(2 * k + 1)) for k in range(8))

# Fitted so that the largest relative error on [0, 4] is least, 2e-9 (weighted least squares, repeated with the weights
# raised where the error is large); what is left in float32 is rounding.
_ERF_MOST = np.float32(4.0)
_ERF_P = tuple(
    np.float32(c) for c in (1.1283792, 0.18520312, 5.431692e-2, 3.8496102e-3, 3.7960958e-4, 4.684799e-6, -1.3202335e-8)
)
_ERF_Q = tuple(np.float32(c) for c in (1.0, 0.4974654, 0.1139584, 1.5462089e-2, 1.3075705e-3, 6.311078e-5))


@_inline
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


@_inline
def _exp32(x: Any) -> Any:
    power, rest = _power_and_rest(x)
    return power * rest + power


@_inline
def _expm1_32(x: Any) -> Any:
    power, rest = _power_and_rest(x)
    return power * rest + (power - _TAYLOR[0])


@_inline
def _log1p32(x: Any) -> Any:
    """log(1 + x) for 0 ≤ x ≤ 1 as 2 artanh(s), s = x / (2 + x) ≤ 1/3, by its series; NaN stays NaN."""
    s = x / (_TWO + x)
    t = s * s
    p = _ARTANH[6]
    p = p * t + _ARTANH[5]
    p = p * t + _ARTANH[4]
    p = p * t + _ARTANH[3]
    p = p * t + _ARTANH[2]
    p = p * t + _ARTANH[1]
    p = p * t + _ARTANH[0]
    return _TWO * s * p


@_inline
def _erf32(x: Any) -> Any:
    """erf as x P(x²) / Q(x²) for |x| ≤ 4, where it is 1 in float32; within 4 units in the last place."""
    x = min(max(x, -_ERF_MOST), _ERF_MOST)
    t = x * x
    p = _ERF_P[6]
    p = p * t + _ERF_P[5]
    p = p * t + _ERF_P[4]
    p = p * t + _ERF_P[3]
    p = p * t + _ERF_P[2]
    p = p * t + _ERF_P[1]
    p = p * t + _ERF_P[0]
    q = _ERF_Q[5]
    q = q * t + _ERF_Q[4]
    q = q * t + _ERF_Q[3]
    q = q * t + _ERF_Q[2]
    q = q * t + _ERF_Q[1]
    q = q * t + _ERF_Q[0]
    return x * p / q


@_inline
def _sin_turns32(t: Any) -> Any:
    """sin 2πt: t less the nearest whole number, folded at a quarter turn, and Taylor's polynomial there."""
    r = t - np.rint(t)
    s = _QUARTER - abs(abs(r) - _QUARTER)
    s = s if r > _FLOAT_ZERO else -s
    q = s * s
    p = _SINE[7]
    p = p * q + _SINE[6]
    p = p * q + _SINE[5]
    p = p * q + _SINE[4]
    p = p * q + _SINE[3]
    p = p * q + _SINE[2]
    p = p * q + _SINE[1]
    p = p * q + _SINE[0]
    return s * p


@_inline
def _cos_turns32(t: Any) -> Any:
    """cos 2πt = sin 2π(1/4 − |r|) with r = t less the nearest whole number."""
    s = _QUARTER - abs(t - np.rint(t))
    q = s * s
    p = _SINE[7]
    p = p * q + _SINE[6]
    p = p * q + _SINE[5]
    p = p * q + _SINE[4]
    p = p * q + _SINE[3]
    p = p * q + _SINE[2]
    p = p * q + _SINE[1]
    p = p * q + _SINE[0]
    return s * p


@_inline
def _erf(x: Any) -> Any:
    return math.erf(x)


@intrinsic
def _at(context, pointer, index):  # type: ignore[no-untyped-def]
    """The pointer to entry `index` of what `pointer` points to."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.gep(values[0], [values[1]])

    return pointer(pointer, numba.types.int64), generate


def _pointer_to(kind: Any) -> Any:
    """What makes an address a pointer to numbers of a kind."""

    @intrinsic
    def at(context, address):  # type: ignore[no-untyped-def]
        pointer = numba.types.CPointer(kind)

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return builder.inttoptr(values[0], context.get_value_type(pointer))

        return pointer(numba.types.int64), generate

    return at


_float32_at, _float64_at = _pointer_to(numba.types.float32), _pointer_to(numba.types.float64)
_int32_at, _int64_at = _pointer_to(numba.types.int32), _pointer_to(numba.types.int64)
_uint8_at = _pointer_to(numba.types.uint8)


@intrinsic
def _pointer_like(context, pointer, address):  # type: ignore[no-untyped-def]
    """The address as a pointer of the same kind as another."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.inttoptr(values[1], context.get_value_type(pointer))

    return pointer(pointer, numba.types.int64), generate


@intrinsic
def _address(context, pointer):  # type: ignore[no-untyped-def]
    """Where `pointer` points, as a number."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.ptrtoint(values[0], ir.IntType(64))

    return numba.types.int64(pointer), generate


@_inline
def _rows(operands: Any, place: int) -> Any:
    return operands[4 * place + 1]


@_inline
def _columns(operands: Any, place: int) -> Any:
    return operands[4 * place + 2]


@_inline
def _row(memory: Any, operands: Any, place: int, i: int) -> Any:
    """Row i of a place."""
    start = operands[4 * place] + i * operands[4 * place + 3]
    return numba.carray(_at(memory, start), (operands[4 * place + 2],))


@intrinsic
def _fma(context, a, b, c):  # type: ignore[no-untyped-def]
    """a b + c, rounded once: the same in a vector and in its scalar rest."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.fma(*values)

    return c(c, c, c), generate


# ---------------------------------------------------------------------------------------------------------------------
# Templates. What their places are stands in the first line of each.


def _gather(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """inputs (m, n[0]): those of the examples, which stand ready."""
    n, X = _columns(operands, 0), _pointer_like(memory, source[0])
    for i in range(_rows(operands, 0)):
        out, start = _row(memory, operands, 0, i), rows[i] * n
        x = numba.carray(_at(X, start), (n,))
        for j in range(n):
            out[j] = x[j]


def _gather_targets(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """targets (m, n[L]), weights (1, m): those of the examples, which stand ready."""
    n, weights = _columns(operands, 0), _row(memory, operands, 1, 0)
    Y, w = _pointer_like(memory, source[1]), _pointer_like(memory, source[2])
    for i in range(_rows(operands, 0)):
        out, start = _row(memory, operands, 0, i), rows[i] * n
        for j in range(n):
            out[j] = Y[start + j]
        weights[i] = w[rows[i]]


def _encode(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """inputs (m, n[0]): of the examples, rows of a table, as the network sees them. Numbers: p, c, groups, statistics.

    Source: numbers (n, p) float32; codes (n, c) int32; target; weights; fill, centre, scale (3, p) and the two bends,
    float64; how the target is learned; groups (4, G), int64: whether they are codes (2: given as such), of which
    column, how many inputs they have, and which of them codes beyond these count as; parts (n,), uint8; statistics
    (4, T), int64: of which column, with how many codes, how many numbers of each, and where they begin; and those.
    """
    p, c, groups = operands[NUMBERS_AT], operands[NUMBERS_AT + 1], operands[NUMBERS_AT + 2]
    statistics = operands[NUMBERS_AT + 3]
    numbers, codes = _float32_at(source[0]), _int32_at(source[1])
    fitted, group = _float64_at(source[4]), _int64_at(source[6])
    parts, statistic, told = _uint8_at(source[7]), _int64_at(source[8]), _float32_at(source[9])
    farthest, clip = _float(fitted[3 * p]), _float(fitted[3 * p + 1])
    fill = numba.carray(_at(fitted, 0), (p,))
    center, scale = numba.carray(_at(fitted, p), (p,)), numba.carray(_at(fitted, 2 * p), (p,))
    for i in range(_rows(operands, 0)):
        out, row = _row(memory, operands, 0, i), rows[i]
        x = numba.carray(_at(numbers, row * p), (p,))
        for j in range(p):
            known = fill[j] if np.isnan(x[j]) else np.float64(x[j])
            u = min(max(_float((known - center[j]) / scale[j]), -farthest), farthest)
            ratio = u / clip
            out[j] = u / np.sqrt(_float(1) + ratio * ratio)
        at = p
        for g in range(statistics):
            column, size, width = statistic[g], statistic[statistics + g], statistic[2 * statistics + g]
            place = parts[row] * size + codes[row * c + column] + 1
            start = statistic[3 * statistics + g] + place * width
            for j in range(width):
                out[at + j] = _float(told[start + j])
            at += width
        for g in range(groups):
            kind, column, width = group[g], group[groups + g], group[2 * groups + g]
            if kind == 0:
                out[at] = _float(np.isnan(x[column]))
                at += 1
                continue
            code = np.int64(codes[row * c + column])
            if code >= width:
                code = group[3 * groups + g]
            if kind == 2:
                out[at] = _float(code)
                at += 1
                continue
            for j in range(width):
                out[at + j] = _float(0)
            if code >= 0:
                out[at + code] = _float(1)
            at += width


def _encode_targets(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """targets (m, n[L]), weights (1, m): of the examples, rows of a table, as the network learns them.

    Numbers: the columns of the target, and whether there is one that has the place of a one among zeros. Source: see
    `_encode`; target (n, t), weights (n,), centre and scale (2, n[L]), float64.
    """
    n, t, one_hot = _columns(operands, 0), operands[NUMBERS_AT], operands[NUMBERS_AT + 1]
    target, w, fitted = _float64_at(source[2]), _float64_at(source[3]), _float64_at(source[5])
    weights = _row(memory, operands, 1, 0)
    for i in range(_rows(operands, 0)):
        out, row = _row(memory, operands, 0, i), rows[i]
        for j in range(n):
            y = np.float64(target[row] == j) if one_hot else target[row * t + j]
            out[j] = _float((y - fitted[j]) / fitted[n + j])
        weights[i] = _float(w[row])


def _deliver(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """a (k m, n): the mean over k members is delivered, (m, n). Number: k."""
    k, n = operands[NUMBERS_AT], _columns(operands, 0)
    m = _rows(operands, 0) // k
    for i in range(m):
        a, start = _row(memory, operands, 0, i), i * n
        for j in range(n):
            delivered[start + j] = a[j]
        for member in range(1, k):
            a = _row(memory, operands, 0, member * m + i)
            for j in range(n):
                delivered[start + j] += a[j]
        for j in range(n):
            delivered[start + j] /= _float(k)


def _copy(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """a, out (m, n): out = a."""
    for i in range(_rows(operands, 0)):
        a, out = _row(memory, operands, 0, i), _row(memory, operands, 1, i)
        for j in range(len(a)):
            out[j] = a[j]


def _product(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """A, B, out: out = A B, where numbers 0 and 1 say which of A and B is to be transposed, and 2 where gemm is."""
    transpose_a, transpose_b = operands[NUMBERS_AT], operands[NUMBERS_AT + 1]
    inner = operands[1] if transpose_a else operands[2]
    one = _float(1)
    start, bytes_each = _address(memory), _bytes
    # BLAS counts columns first: its product is outᵀ = Bᵀ Aᵀ
    _gemm(
        operands[NUMBERS_AT + 2],
        84 if transpose_b else 78,  # T or N
        84 if transpose_a else 78,
        operands[10],
        operands[9],
        inner,
        one,
        start + operands[4] * bytes_each,
        operands[7],
        start + operands[0] * bytes_each,
        operands[3],
        start + operands[8] * bytes_each,
        operands[11],
    )


def _outer(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """a (m, 1), b (1, n), out (m, n): out = a b."""
    b = _row(memory, operands, 1, 0)
    for i in range(_rows(operands, 0)):
        a, out = _row(memory, operands, 0, i)[0], _row(memory, operands, 2, i)
        for j in range(len(out)):
            out[j] = a * b[j]


def _scale(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """a (m, n), s (1, n), out (m, n): out = s ∗ a."""
    s = _row(memory, operands, 1, 0)
    for i in range(_rows(operands, 0)):
        a, out = _row(memory, operands, 0, i), _row(memory, operands, 2, i)
        for j in range(len(out)):
            out[j] = s[j] * a[j]


def _scale_add(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """a (m, n), s (1, n), out (m, n): out := out + s ∗ a."""
    s = _row(memory, operands, 1, 0)
    for i in range(_rows(operands, 0)):
        a, out = _row(memory, operands, 0, i), _row(memory, operands, 2, i)
        for j in range(len(out)):
            out[j] += s[j] * a[j]


def _scale_gradient(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """dA, a (m, n), ds (1, n): ds = Σ over examples of dA ∗ a."""
    ds = _row(memory, operands, 2, 0)
    ds[:] = 0
    for i in range(_rows(operands, 0)):
        dA, a = _row(memory, operands, 0, i), _row(memory, operands, 1, i)
        for j in range(len(ds)):
            ds[j] += dA[j] * a[j]


def _transpose(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """a (m, n), out (n, m): out = aᵀ."""
    m = _rows(operands, 0)
    for j in range(_columns(operands, 0)):
        out = _row(memory, operands, 1, j)
        first, stride = operands[0] + j, operands[3]
        for i in range(m):
            out[i] = memory[first + i * stride]


def _cosines(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """x (p, m), frequencies, phases (1, p k), out (p k, m): out = cos 2π(frequency x + phase), examples in columns."""
    frequency, phase = _row(memory, operands, 1, 0), _row(memory, operands, 2, 0)
    k, m = len(frequency) // _rows(operands, 0), _columns(operands, 0)
    for wave in range(len(frequency)):
        x, out = _row(memory, operands, 0, wave // k), _row(memory, operands, 3, wave)
        f, c = frequency[wave], phase[wave]
        for i in range(m):
            out[i] = _cosine(f * x[i] + c)


def _mix(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """cos (p k, m), V (1, p k q), b (1, p q), out (p q, m): out = b + Σ_k V_k cos_k, number by number."""
    V, b = _row(memory, operands, 1, 0), _row(memory, operands, 2, 0)
    m, waves = _columns(operands, 0), _rows(operands, 0)
    q = len(V) // waves
    k = waves * q // len(b)
    for row in range(len(b)):
        out, first, o = _row(memory, operands, 3, row), row // q * k, row % q
        for i in range(m):
            out[i] = b[row]
        for wave in range(first, first + k):
            cosine, v = _row(memory, operands, 0, wave), V[wave * q + o]
            for i in range(m):
                out[i] += v * cosine[i]


def _mix_backward(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """dA (p q, m), V (1, p k q), x (p, m), frequencies, phases (1, p k), out (p k, m): the derivative by the angles."""
    V, frequency, phase = _row(memory, operands, 1, 0), _row(memory, operands, 3, 0), _row(memory, operands, 4, 0)
    m, waves = _columns(operands, 0), len(frequency)
    q, k = len(V) // waves, waves // _rows(operands, 2)
    for wave in range(waves):
        number = wave // k
        x, out, f, c = _row(memory, operands, 2, number), _row(memory, operands, 5, wave), frequency[wave], phase[wave]
        dA, v = _row(memory, operands, 0, number * q), V[wave * q]
        for i in range(m):
            out[i] = v * dA[i]
        for o in range(1, q):
            dA, v = _row(memory, operands, 0, number * q + o), V[wave * q + o]
            for i in range(m):
                out[i] += v * dA[i]
        for i in range(m):
            out[i] *= _cosine_prime(f * x[i] + c)


def _cosines_input(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """a (m, p), dangle (p k, m), frequencies (1, p k), out (m, p): out = a + Σ_k frequency_k dangle_k."""
    frequency, p = _row(memory, operands, 2, 0), _columns(operands, 0)
    k = len(frequency) // p
    for i in range(_rows(operands, 0)):
        a, out = _row(memory, operands, 0, i), _row(memory, operands, 3, i)
        for j in range(p):
            out[j] = a[j]
            for wave in range(j * k, (j + 1) * k):
                out[j] += frequency[wave] * _row(memory, operands, 1, wave)[i]


def _bins(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """x (m, p), edges (1, p (B + 1)), out (m, p B): how far x has come through each of its bins, 0 to 1."""
    edges, p = _row(memory, operands, 1, 0), _columns(operands, 0)
    n = len(edges) // p - 1
    for i in range(_rows(operands, 0)):
        x, out = _row(memory, operands, 0, i), _row(memory, operands, 2, i)
        for j in range(p):
            own, first, to = x[j], j * (n + 1), j * n
            for b in range(n):
                width = edges[first + b + 1] - edges[first + b]
                share = (own - edges[first + b]) / (width if width > _float(0) else _float(1))
                out[to + b] = min(max(share, _float(0)), _float(1)) if width > _float(0) else _float(0)


def _bins_input(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """dA (m, p B), x (m, p), edges (1, p (B + 1)), out (m, p): the derivative by x through `_bins`."""
    edges, p = _row(memory, operands, 2, 0), _columns(operands, 1)
    n = len(edges) // p - 1
    for i in range(_rows(operands, 0)):
        dA, x, out = _row(memory, operands, 0, i), _row(memory, operands, 1, i), _row(memory, operands, 3, i)
        for j in range(p):
            out[j] = 0
            for b in range(n):
                low, high = edges[j * (n + 1) + b], edges[j * (n + 1) + b + 1]
                if low < x[j] < high:
                    out[j] += dA[j * n + b] / (high - low)


def _find_bins(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """x (m, p), edges (1, p (B + 1)), out (2 p, m): for each number the bin it is in, then how far through, 0 to 1."""
    edges, p, m = _row(memory, operands, 1, 0), _columns(operands, 0), _rows(operands, 0)
    n = len(edges) // p - 1
    first, stride = operands[0], operands[3]
    for j in range(p):
        bins, share, start = _row(memory, operands, 2, j), _row(memory, operands, 2, p + j), j * (n + 1)
        # bins that are left over at the end have no width
        wide = n
        while wide > 0 and edges[start + wide - 1] == edges[start + n]:
            wide -= 1
        for i in range(m):
            share[i] = memory[first + i * stride + j]
            bins[i] = _float(-1)
        for b in range(start, start + wide - 3, 4):
            e0, e1, e2, e3 = edges[b], edges[b + 1], edges[b + 2], edges[b + 3]
            for i in range(m):
                x = share[i]
                bins[i] += (_float(x > e0) + _float(x > e1)) + (_float(x > e2) + _float(x > e3))
        for b in range(start + wide - wide % 4, start + wide):
            edge = edges[b]
            for i in range(m):
                bins[i] += _float(share[i] > edge)
        for i in range(m):
            b = max(int(bins[i]), 0)
            low, high = edges[start + b], edges[start + b + 1]
            part = (share[i] - low) / (high - low) if wide > 0 else _float(0)
            bins[i] = _float(b)
            share[i] = min(max(part, _float(0)), _float(1))


def _bins_table(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """W (p B, n), s (1, p B), out (p B, n): number by number the sums of s ∗ W over bins so far. Number: B."""
    n, s = operands[NUMBERS_AT], _row(memory, operands, 1, 0)
    for k in range(_rows(operands, 0)):
        W, out, own = _row(memory, operands, 0, k), _row(memory, operands, 2, k), s[k]
        if k % n == 0:
            for u in range(len(out)):
                out[u] = own * W[u]
        else:
            before = _row(memory, operands, 2, k - 1)
            for u in range(len(out)):
                out[u] = before[u] + own * W[u]


@_inline
def _looked_up(memory: Any, operands: Any, i: int, j: int, n: int) -> Any:
    """Of number j of example i the table's row below its bin, if there is one, the bin's own, and its share of that."""
    b, share = int(_row(memory, operands, 0, j)[i]), _row(memory, operands, 0, _rows(operands, 0) // 2 + j)[i]
    here = _row(memory, operands, 1, j * n + b)
    # below the first bin there is nothing
    below = _row(memory, operands, 1, j * n + max(b - 1, 0))
    return below, b > 0, here, share


def _look_up(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """positions (2 p, m), table (p B, n), out (m, n): Σ over numbers of where each is in its part of the table.

    Numbers: B, and whether it is added to what is in `out`.
    """
    n, p = operands[NUMBERS_AT], _rows(operands, 0) // 2
    for start in range(0, p, _AT_ONCE):
        stop = min(start + _AT_ONCE, p)
        fours = stop - (stop - start) % 4
        for i in range(_rows(operands, 2)):
            out = _row(memory, operands, 2, i)
            if start == 0 and operands[NUMBERS_AT + 1] == 0:
                for u in range(len(out)):
                    out[u] = _float(0)
            for j in range(start, fours, 4):
                a0, any0, b0, s0 = _looked_up(memory, operands, i, j, n)
                r0 = _float(1) - s0 if any0 else _float(0)
                a1, any1, b1, s1 = _looked_up(memory, operands, i, j + 1, n)
                r1 = _float(1) - s1 if any1 else _float(0)
                a2, any2, b2, s2 = _looked_up(memory, operands, i, j + 2, n)
                r2 = _float(1) - s2 if any2 else _float(0)
                a3, any3, b3, s3 = _looked_up(memory, operands, i, j + 3, n)
                r3 = _float(1) - s3 if any3 else _float(0)
                for u in range(len(out)):
                    one = _fma(s0, b0[u], _fma(r0, a0[u], out[u]))
                    two = _fma(s1, b1[u], _fma(r1, a1[u], one))
                    three = _fma(s2, b2[u], _fma(r2, a2[u], two))
                    out[u] = _fma(s3, b3[u], _fma(r3, a3[u], three))
            for j in range(fours, stop):
                a0, any0, b0, s0 = _looked_up(memory, operands, i, j, n)
                r0 = _float(1) - s0 if any0 else _float(0)
                for u in range(len(out)):
                    out[u] = _fma(s0, b0[u], _fma(r0, a0[u], out[u]))


def _look_up_backward(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """positions (2 p, m), dZ (m, n), order (1, m + B + 1), W (p B, n), s (1, p B), dW, terms (p B, n). Number: B.

    The gradient by s ∗ W of a bin: Σ of dZ over the examples beyond it, and of their shares of it over those that are
    in it. The examples of a bin are taken together, four at a time, in the order in which they stand. `terms` are that
    times W, whose sums by row are the gradient of s.
    """
    n, p, units = operands[NUMBERS_AT], _rows(operands, 0) // 2, _columns(operands, 1)
    m, scratch, s = _rows(operands, 1), _row(memory, operands, 2, 0), _row(memory, operands, 4, 0)
    for j in range(p):
        bins, shares = _row(memory, operands, 0, j), _row(memory, operands, 0, p + j)
        first = operands[20] + j * n * units
        everything = numba.carray(_at(memory, first), (n * units,))
        for k in range(n * units):
            everything[k] = _float(0)
        for k in range(n + 1):
            scratch[m + k] = _float(0)
        for i in range(m):
            scratch[m + 1 + int(bins[i])] += _float(1)
        for k in range(n):
            scratch[m + 1 + k] += scratch[m + k]
        for i in range(m):
            at = m + int(bins[i])
            scratch[int(scratch[at])] = _float(i)
            scratch[at] += _float(1)
        start = 0
        for k in range(n):
            stop = int(scratch[m + k])
            fours = stop - (stop - start) % 4
            here = numba.carray(_at(memory, first + k * units), (units,))
            below = numba.carray(_at(memory, first + max(k - 1, 0) * units), (units,))
            for at in range(start, fours, 4):
                i0, i1, i2, i3 = int(scratch[at]), int(scratch[at + 1]), int(scratch[at + 2]), int(scratch[at + 3])
                d0, d1 = _row(memory, operands, 1, i0), _row(memory, operands, 1, i1)
                d2, d3 = _row(memory, operands, 1, i2), _row(memory, operands, 1, i3)
                s0, s1, s2, s3 = shares[i0], shares[i1], shares[i2], shares[i3]
                if k == 0:
                    for u in range(units):
                        here[u] = _fma(s3, d3[u], _fma(s2, d2[u], _fma(s1, d1[u], _fma(s0, d0[u], here[u]))))
                else:
                    r0, r1, r2, r3 = _float(1) - s0, _float(1) - s1, _float(1) - s2, _float(1) - s3
                    for u in range(units):
                        a, b, c, d = d0[u], d1[u], d2[u], d3[u]
                        below[u] = _fma(r3, d, _fma(r2, c, _fma(r1, b, _fma(r0, a, below[u]))))
                        here[u] = _fma(s3, d, _fma(s2, c, _fma(s1, b, _fma(s0, a, here[u]))))
            for at in range(fours, stop):
                i0 = int(scratch[at])
                d0, s0 = _row(memory, operands, 1, i0), shares[i0]
                for u in range(units):
                    here[u] = _fma(s0, d0[u], here[u])
                if k > 0:
                    r0 = _float(1) - s0
                    for u in range(units):
                        below[u] = _fma(r0, d0[u], below[u])
            start = stop
        for k in range(n - 2, -1, -1):
            here = numba.carray(_at(memory, first + k * units), (units,))
            above = numba.carray(_at(memory, first + (k + 1) * units), (units,))
            for u in range(units):
                here[u] += above[u]
        for k in range(j * n, (j + 1) * n):
            here, W, terms = _row(memory, operands, 5, k), _row(memory, operands, 3, k), _row(memory, operands, 6, k)
            own = s[k]
            for u in range(units):
                terms[u] = here[u] * W[u]
                here[u] *= own


def _activate(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """Z (m, n), b (1, n), A (m, n): A = g(Z + b), and Z := Z + b where g′ reads it; else Z and A are one place."""
    b = _row(memory, operands, 1, 0)
    for i in range(_rows(operands, 0)):
        Z = _row(memory, operands, 0, i)
        A = _row(memory, operands, 2, i) if _needs_z else Z
        for j in range(len(b)):
            z = Z[j] + b[j]
            if _needs_z:
                Z[j] = z
            A[j] = _g(z)


def _differentiate(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """dA, Z, A (m, n), db (1, n): dZ = dA ∗ g′(Z) in the place of dA, db = Σ over examples of dZ."""
    db = _row(memory, operands, 3, 0)
    db[:] = 0
    for i in range(_rows(operands, 0)):
        dA, Z, A = _row(memory, operands, 0, i), _row(memory, operands, 1, i), _row(memory, operands, 2, i)
        for j in range(len(db)):
            dz = dA[j] * _g_prime(Z[j], A[j])
            dA[j] = dz
            db[j] += dz


@_inline
def _dropped(key: Any, element: Any, threshold: Any) -> Any:
    """Whether `element` of the layer with random `key` is dropped: a hash of the two, below `threshold` of 2³².

    The mixer is the finaliser "lowbias32" (C. Wellons, "Prospecting for hash functions", 2018), whose first shift sees
    the 64 bits of the product before it: so many has the product of two of 32 in compiled code.
    """
    h = np.uint32(key) ^ (np.uint32(element) * np.uint32(0x9E3779B1))
    h ^= h >> np.uint32(16)
    h = np.uint32(h * np.uint32(0x7FEB352D))
    h ^= h >> np.uint32(15)
    h = np.uint32(h * np.uint32(0x846CA68B))
    h ^= h >> np.uint32(16)
    return h < threshold


def _activate_drop_out(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """`_activate` with settings as fourth place; then some units are silenced and the others scaled by 1/(1 − rate).

    Numbers: the layer, the tile's first unit, and the units of the whole layer.
    """
    b, scale = _row(memory, operands, 1, 0), _row(memory, operands, 3, 0)[SCALE_AT]
    threshold, key = np.uint32(keys[0]), keys[operands[NUMBERS_AT]]
    for i in range(_rows(operands, 0)):
        Z = _row(memory, operands, 0, i)
        A = _row(memory, operands, 2, i) if _needs_z else Z
        first = i * operands[NUMBERS_AT + 2] + operands[NUMBERS_AT + 1]
        for j in range(len(b)):
            z = Z[j] + b[j]
            if _needs_z:
                Z[j] = z
            a = _g(z) * scale
            A[j] = _float(0) if _dropped(key, first + j, threshold) else a


def _differentiate_drop_out(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """`_differentiate` with settings as fifth place, through the mask of `_activate_drop_out`; the same numbers."""
    db, scale = _row(memory, operands, 3, 0), _row(memory, operands, 4, 0)[SCALE_AT]
    threshold, key = np.uint32(keys[0]), keys[operands[NUMBERS_AT]]
    db[:] = 0
    for i in range(_rows(operands, 0)):
        dA, Z, A = _row(memory, operands, 0, i), _row(memory, operands, 1, i), _row(memory, operands, 2, i)
        first = i * operands[NUMBERS_AT + 2] + operands[NUMBERS_AT + 1]
        for j in range(len(db)):
            dz = dA[j] * scale * _g_prime(Z[j], A[j] / scale)
            dz = _float(0) if _dropped(key, first + j, threshold) else dz
            dA[j] = dz
            db[j] += dz


@_inline
def _total_weight(weights: Any, m: int) -> Any:
    """Of m rows of scores, each of the examples as often as it has members."""
    total = 0.0
    for i in range(len(weights)):
        total += weights[i]
    return total * (m // len(weights))


def _elementwise_loss(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """Z, dZ (k m, n[L]), loss (1, 1), targets (m, n[L]), weights (1, m): the weighted mean of the losses, and dZ.

    dZ carries w_i/Σw already, so that dW = dZᵀ A. An example has k rows where there are k members.
    """
    m, n, weights = _rows(operands, 0), _columns(operands, 0), _row(memory, operands, 4, 0)
    total, value = _total_weight(weights, m), 0.0
    for i in range(m):
        Z, dZ, example = _row(memory, operands, 0, i), _row(memory, operands, 1, i), i % len(weights)
        Y, share = _row(memory, operands, 3, example), weights[example] / total
        for j in range(n):
            y, p = Y[j], _parameters[j % len(_parameters)]
            value += share * _unit_value(Z[j], y, p)
            dZ[j] = _float(share) * _unit_gradient(Z[j], y, p)
    _row(memory, operands, 2, 0)[0] = value


def _softmax_loss(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """The places of `_elementwise_loss`."""
    m, n, weights = _rows(operands, 0), _columns(operands, 0), _row(memory, operands, 4, 0)
    total, value = _total_weight(weights, m), 0.0
    for i in range(m):
        Z, dZ, example = _row(memory, operands, 0, i), _row(memory, operands, 1, i), i % len(weights)
        Y, share = _row(memory, operands, 3, example), weights[example] / total
        top = Z[0]
        for j in range(1, n):
            top = max(top, Z[j])
        for j in range(n):
            dZ[j] = _exp(Z[j] - top)
        denominator = 0.0
        mass = 0.0
        for j in range(n):
            denominator += dZ[j]
            mass += Y[j]
        log_sum = top + np.log(denominator)
        factor = _float(mass / denominator)
        for j in range(n):
            y = Y[j]
            value += share * y * (log_sum - Z[j])
            dZ[j] = _float(share) * (dZ[j] * factor - y)
    _row(memory, operands, 2, 0)[0] = value


def _embed(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """code (m, 1), E (K, n), out (m, n): the row of E that the code names, zeros for −1."""
    for i in range(_rows(operands, 0)):
        code, out = int(_row(memory, operands, 0, i)[0]), _row(memory, operands, 2, i)
        if code < 0:
            for j in range(len(out)):
                out[j] = _float(0)
        else:
            E = _row(memory, operands, 1, code)
            for j in range(len(out)):
                out[j] = E[j]


def _embed_backward(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """code (m, 1), dA (m, n), dE (K, n): each example's dA goes to the row that its code names."""
    for k in range(_rows(operands, 2)):
        dE = _row(memory, operands, 2, k)
        for j in range(len(dE)):
            dE[j] = _float(0)
    for i in range(_rows(operands, 0)):
        code, dA = int(_row(memory, operands, 0, i)[0]), _row(memory, operands, 1, i)
        if code >= 0:
            dE = _row(memory, operands, 2, code)
            for j in range(len(dE)):
                dE[j] += dA[j]


def _fill(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """out (m, n): zeros."""
    for i in range(_rows(operands, 0)):
        out = _row(memory, operands, 0, i)
        for j in range(len(out)):
            out[j] = _float(0)


def _take_step(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """theta, gradient, m, v (1, n), settings, factors (1, 2): a step with decoupled weight decay and the L2 penalty.

    `factors` are the parameters' own on α, and on the decay λ and the penalty. What decays shrinks by the schedule's α
    times λ, whatever the parameters' own factor on α.
    """
    theta, gradient = _row(memory, operands, 0, 0), _row(memory, operands, 1, 0)
    m, v = _row(memory, operands, 2, 0), _row(memory, operands, 3, 0)
    s, factors = _row(memory, operands, 4, 0), _row(memory, operands, 5, 0)
    rate = s[0] * factors[0]
    beta_1, rest_1, beta_2, rest_2 = s[1], s[2], s[3], s[4]
    epsilon, correction_1, correction_2 = s[5], s[6], s[7]
    shrink = s[0] * s[8] * factors[1]
    penalty = s[9] * factors[1]
    for k in range(len(theta)):
        t = theta[k]
        g = gradient[k] + penalty * t
        change, m_new, v_new = _step(
            g, m[k], v[k], rate, beta_1, rest_1, beta_2, rest_2, epsilon, correction_1, correction_2
        )
        m[k] = m_new
        v[k] = v_new
        theta[k] = t - shrink * t + change


def _limit(memory: Any, operands: Any, source: Any, delivered: Any, rows: Any, keys: Any) -> None:
    """theta, low, high (1, n): what is outside of its limits is put on the nearer one; NaN stays NaN."""
    theta, low, high = _row(memory, operands, 0, 0), _row(memory, operands, 1, 0), _row(memory, operands, 2, 0)
    for k in range(len(theta)):
        t = theta[k]
        if t < low[k]:
            t = low[k]
        if t > high[k]:
            t = high[k]
        theta[k] = t


# ---------------------------------------------------------------------------------------------------------------------
# Compilation.

_PRECISION: dict[type, Any] = {np.float32: numba.types.float32, np.float64: numba.types.float64}
_GEMM: dict[type, str] = {np.float32: "sgemm", np.float64: "dgemm"}


@intrinsic
def _gemm(  # type: ignore[no-untyped-def]
    context, where, trans_a, trans_b, m, n, k, one, a, lda, b, ldb, c, ldc
):
    """C = op(A) op(B) by the BLAS routine at address `where`; matrices column by column, as addresses.

    `one` is any number of the matrices' precision.
    """
    integers = (trans_a, trans_b, m, n, k)
    arguments = (where, *integers, one, a, lda, b, ldb, c, ldc)
    signature = numba.types.void(*(one if t is one else numba.types.int64 for t in arguments))

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        where, trans_a, trans_b, m, n, k, one, a, lda, b, ldb, c, ldc = values
        byte, integer = ir.IntType(8), ir.IntType(32)

        def by_reference(value: Any, kind: Any) -> Any:
            place = builder.alloca(kind)
            builder.store(builder.trunc(value, kind) if isinstance(kind, ir.IntType) else value, place)
            return place

        def pointer(value: Any) -> Any:
            return builder.inttoptr(value, one.type.as_pointer())

        alpha, beta = (
            by_reference(ir.Constant(one.type, 1.0), one.type),
            by_reference(ir.Constant(one.type, 0.0), one.type),
        )
        given = [
            by_reference(trans_a, byte),
            by_reference(trans_b, byte),
            *(by_reference(value, integer) for value in (m, n, k)),
            alpha,
            pointer(a),
            by_reference(lda, integer),
            pointer(b),
            by_reference(ldb, integer),
            beta,
            pointer(c),
            by_reference(ldc, integer),
        ]
        routine = ir.FunctionType(ir.VoidType(), [value.type for value in given])
        builder.call(builder.inttoptr(where, routine.as_pointer()), given)
        return context.get_dummy_value()

    return signature, generate


def cached(compiling: Callable[[bool], Any]) -> Any:
    """What `compiling` makes, with machine code kept on disk if there is a place to keep it.

    Numba writes beside the source or, where it may not, into the user's cache folder; several processes may.
    """
    try:
        return compiling(True)
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return compiling(False)


@cache
def gemm_address(dtype: type) -> int:
    """Where BLAS's product of matrices is in this process."""
    return int(get_cython_function_address("scipy.linalg.cython_blas", _GEMM[dtype]))


# What the records call by these names has a version of our own: the library's functions do not vectorise.
_OWN: dict[type, dict[str, Any]] = {
    np.float32: {
        "exp": _exp32,
        "expm1": _expm1_32,
        "log1p": _log1p32,
        "erf": _erf32,
        "cos_turns": _cos_turns32,
        "sin_turns": _sin_turns32,
    },
    np.float64: {"erf": _erf},
}


def _named(function: types.FunctionType, name: str) -> Any:
    """`function` under a name of its own: Numba links machine code by name, and cached code brings its names along."""
    function.__name__ = function.__qualname__ = name
    return function


def _in_precision(function: Callable[..., Any], dtype: type, name: str) -> Callable[..., Any]:
    """`function` with its float constants, its own and its module's, in precision `dtype`, compiled for inlining."""

    def cast(value: Any) -> Any:
        return dtype(value) if isinstance(value, float) else value

    code = function.__code__.replace(co_consts=tuple(cast(c) for c in function.__code__.co_consts))
    used = {name: cast(v) for name, v in function.__globals__.items() if name in code.co_names}
    used.update(
        {n: _in_precision(f, dtype, f"{name}_{n}") for n, f in used.items() if isinstance(f, types.FunctionType)}
    )
    used.update({n: compiled for n, compiled in _OWN[dtype].items() if n in used})
    used["__name__"] = __name__  # Numba's cache wants a function to have a module
    compiled: Callable[..., Any] = numba.njit(**_INLINED)(_named(types.FunctionType(code, used), name))
    return compiled


def _content(function: Callable[..., Any]) -> list[Any]:
    """What a function computes, as far as its module's numbers and functions go."""
    code = function.__code__
    used = ((name, function.__globals__.get(name)) for name in code.co_names)
    content: list[Any] = [code.co_code, code.co_consts, code.co_names]
    for name, value in used:
        if isinstance(value, float):
            content.append((name, value))
        elif isinstance(value, types.FunctionType):
            content += _content(value)
    return content


# What each kernel is made of: its template, and how to find what it holds for an owner.
_PLAIN: dict[str, Callable[..., Any]] = {
    "gather": _gather,
    "gather_targets": _gather_targets,
    "encode": _encode,
    "encode_targets": _encode_targets,
    "deliver": _deliver,
    "embed": _embed,
    "embed_backward": _embed_backward,
    "fill": _fill,
    "copy": _copy,
    "limit": _limit,
    "product": _product,
    "outer": _outer,
    "scale": _scale,
    "scale_add": _scale_add,
    "scale_gradient": _scale_gradient,
    "transpose": _transpose,
    "cosines_input": _cosines_input,
    "mix": _mix,
    "bins": _bins,
    "bins_table": _bins_table,
    "find_bins": _find_bins,
    "look_up": _look_up,
    "look_up_backward": _look_up_backward,
    "bins_input": _bins_input,
}
_PERIODIC: dict[str, Callable[..., Any]] = {"cosines": _cosines, "mix_backward": _mix_backward}
_ACTIVATING: dict[str, Callable[..., Any]] = {
    "activate": _activate,
    "activate_drop_out": _activate_drop_out,
    "differentiate": _differentiate,
    "differentiate_drop_out": _differentiate_drop_out,
}


def _template(kernel: str, owner: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The template of a kernel, and the functions and constants that it holds."""
    if kernel in _PLAIN:
        return _PLAIN[kernel], {}
    if kernel in _ACTIVATING:
        record = activation(owner)
        return _ACTIVATING[kernel], {"_g": record.g, "_g_prime": record.g_prime, "_needs_z": record.needs_z}
    if kernel in _PERIODIC:
        return _PERIODIC[kernel], {"_cosine": _cosine_of_turns, "_cosine_prime": _its_derivative}
    if kernel == "step":
        return _take_step, {"_step": optimiser(owner).step}
    own = loss(owner)
    if isinstance(own, SoftmaxCrossEntropy):
        return _softmax_loss, {"_exp": _exponential}
    assert isinstance(own, ElementwiseLoss)
    functions = {"_unit_value": own.unit_value, "_unit_gradient": own.unit_gradient}
    if not own.parameters:
        functions = {name: _with_parameter(function) for name, function in functions.items()}
    return _elementwise_loss, {**functions, "_parameters": own.parameters or (0.0,)}


def _with_parameter(function: Any) -> Callable[..., Any]:
    """A function of (z, y) as one of (z, y, p)."""
    return types.FunctionType(_without_parameter.__code__, {"_function": function}, function.__name__)


def _without_parameter(z: Any, y: Any, p: Any) -> Any:
    return _function(z, y)


# By these names `_in_precision` finds them and puts the vectorised versions in their place.
exp = np.exp
_TURN = 2.0 * math.pi


def _exponential(x: Any) -> Any:
    return exp(x)


def cos_turns(t: Any) -> Any:
    """cos 2πt."""
    return np.cos(_TURN * t)


def sin_turns(t: Any) -> Any:
    """sin 2πt."""
    return np.sin(_TURN * t)


def _cosine_of_turns(t: Any) -> Any:
    return cos_turns(t)


def _its_derivative(t: Any) -> Any:
    return -_TURN * sin_turns(t)


@cache
def address(kernel: str, owner: Any, dtype: type) -> int:
    """Where the machine code of a kernel is, for an activation, loss or optimiser and a precision.

    The code is cached on disk under a name that holds a digest of the functions in it, because Numba's cache
    sees changes of this file only.
    """
    compiled: int = _compiled(kernel, owner, dtype).address
    return compiled


@cache
def _compiled(kernel: str, owner: Any, dtype: type) -> Any:
    template, held = _template(kernel, owner)
    functions = {name: item for name, item in held.items() if callable(item)}
    constants = [(key, item) for key, item in held.items() if key not in functions]
    digest = sha256(repr(([_content(f) for f in functions.values()], constants)).encode()).hexdigest()
    label = re.sub(r"[^a-z]", "_", owner if isinstance(owner, str) else "")
    name = f"{kernel}_{label}_{dtype.__name__}_{digest[:12]}"
    inlined = {stand_in: _in_precision(f, dtype, f"{name}{stand_in}") for stand_in, f in functions.items()}
    precise = {name: tuple(map(dtype, item)) for name, item in held.items() if isinstance(item, tuple)}
    used = {**globals(), **held, **precise, **inlined, "_float": dtype, "_bytes": np.dtype(dtype).itemsize}
    entry = _named(types.FunctionType(template.__code__, used), name)
    number, integer, key = (numba.types.CPointer(t) for t in (_PRECISION[dtype], numba.types.int64, numba.types.uint64))
    signature = numba.types.void(number, integer, integer, number, integer, key)
    return cached(lambda cache: numba.cfunc(signature, cache=cache, nopython=True, **_OPTIONS)(entry))

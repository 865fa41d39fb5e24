"""The backend for processors: programs become addresses and operands, run by one compiled loop without the interpreter.

All steps of a network in an epoch are one call that holds no lock, so threads train networks beside each other at
full speed. A network with wide layers can have several threads to itself: then the stages of each step are shared
out lane by lane. Both ways the same operations run on the same places, so the bits are the same.
"""

import math
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from leadline.network import ElementwiseLoss, SoftmaxCrossEntropy, loss
from leadline.training.kernels import NUMBERS_AT, OPERANDS, address, cached, gemm_address
from leadline.training.population import Blueprint, Steps, go_on
from leadline.training.program import Place, Program

__all__ = ["Lowered", "Processor", "call_range", "lower"]

Array = NDArray[Any]
Check = Callable[[], None]

# x86's control register as it always is (no exception traps), with the two bits by which results and operands that
# are too small for a normal number count as zero: arithmetic with such numbers is many times slower.
_FLUSH_DENORMALS = 0x1F80 | 0x8040
_X86 = platform.machine() in ("x86_64", "AMD64")
# Bytes of an operand, a row's number and a random key.
_BYTES = 8
# What the compiled loop does between two looks at a wish to stop: some tenths of a second on one core.
_MULTIPLY_ADDS_AT_ONCE = 10**10


class Lowered(NamedTuple):
    """A program as the compiled loop takes it.

    `stages` holds for each stage the bounds of its lanes, counted in operations; `loss` is the operation that computes
    the loss (−1: none), and `own_loss` says that it is a caller's own, which only Python can run.
    """

    addresses: Array
    operands: Array
    stages: tuple[tuple[int, ...], ...]
    loss: int
    own_loss: bool


class Processor:
    """Runs programs on the processor's cores."""

    tiled = True

    def run(
        self,
        blueprint: Blueprint,
        memory: Sequence[Array],
        steps: Sequence[Steps],
        threads: int = 1,
        check: Check = go_on,
    ) -> list[float]:
        """See `Backend`."""
        each = list(zip(memory, steps, strict=True))
        if threads > 1 and len(each) > 1:
            with ThreadPoolExecutor(min(threads, len(each))) as crew:
                return list(crew.map(lambda one: _run(blueprint, one[0], one[1], check), each))
        if threads > 1 and blueprint.lanes > 1:
            with ThreadPoolExecutor(threads) as crew:
                return [_run_shared(blueprint, *one, check, crew, threads) for one in each]
        return [_run(blueprint, *one, check) for one in each]


def _lowered(blueprint: Blueprint, m: int, deliver: int | None, dtype: type) -> Lowered:
    """The program for m examples, made ready once."""
    key = (m, deliver, dtype)
    if key not in blueprint.prepared:
        blueprint.prepared[key] = lower(blueprint.program(m, deliver), dtype)
    found: Lowered = blueprint.prepared[key]
    return found


def lower(program: Program, dtype: type) -> Lowered:
    """A program's operations as addresses and operands."""
    operations = program.operations
    addresses, operands = np.zeros(len(operations), np.int64), np.zeros((len(operations), OPERANDS), np.int64)
    loss_at, own_loss = -1, False
    for i, operation in enumerate(operations):
        places = np.ravel(operation.places)
        operands[i, : len(places)] = places
        operands[i, NUMBERS_AT : NUMBERS_AT + len(operation.numbers)] = operation.numbers
        if operation.kernel == "loss":
            loss_at = i
            own_loss = not isinstance(loss(operation.owner), ElementwiseLoss | SoftmaxCrossEntropy)
            if own_loss:
                continue
        addresses[i] = address(operation.kernel, operation.owner, dtype)
        if operation.kernel == "product":
            operands[i, NUMBERS_AT + 2] = gemm_address(dtype)
    stages, start = [], 0
    for stage in program.stages:
        bounds = start + np.cumsum([0, *map(len, stage)])
        stages.append(tuple(int(bound) for bound in bounds))
        start = stages[-1][-1]
    return Lowered(addresses, operands, tuple(stages), loss_at, own_loss)


def _pointers(steps: Steps, start: int = 0) -> tuple[int, int]:
    """Where the addresses of the examples are, and where the outputs from example `start` on go, 0 if nowhere."""
    if steps.out is None:
        return steps.examples.address, 0
    return steps.examples.address, steps.out[start:].__array_interface__["data"][0] if len(steps.out) else 0


def _programs(blueprint: Blueprint, steps: Steps, dtype: type) -> tuple[Lowered, Lowered]:
    """The programs of all steps but the last, and of the last one, which takes the rows that are left."""
    last = len(steps.rows) - steps.batch_size * (len(steps.settings) - 1)
    usual = steps.batch_size if len(steps.settings) > 1 else last
    return _lowered(blueprint, usual, steps.deliver, dtype), _lowered(blueprint, last, steps.deliver, dtype)


def _run(blueprint: Blueprint, memory: Array, steps: Steps, check: Check) -> float:
    """All steps of one network, one after the other."""
    usual, last = _programs(blueprint, steps, memory.dtype.type)
    if last.own_loss:
        return _run_with_own_loss(blueprint, memory, steps, check)
    n, total = len(steps.settings), 0.0
    at_once = 1 + _MULTIPLY_ADDS_AT_ONCE // (3 * blueprint.plan.n_parameters * steps.batch_size)
    for first in range(0, n, at_once):
        check()
        total = _take_steps(
            usual.addresses,
            usual.operands,
            last.operands,
            memory,
            *_pointers(steps),
            0 if steps.out is None else steps.out.strides[0],
            steps.rows,
            steps.keys,
            steps.settings,
            first,
            min(first + at_once, n),
            total,
            steps.batch_size,
            blueprint.settings.offset,
            last.loss,
            blueprint.loss.offset,
        )
        if last.loss >= 0 and not math.isfinite(total):
            break
    return float(total) / len(steps.rows)


def _each_step(
    blueprint: Blueprint, memory: Array, steps: Steps, check: Check
) -> Iterator[tuple[Lowered, Array, Array, tuple[int, int]]]:
    """For each step its program, rows and keys, and where it stands; its settings are in their place."""
    usual, last = _programs(blueprint, steps, memory.dtype.type)
    n, place = len(steps.settings), blueprint.settings
    for s in range(n):
        check()
        memory[place.offset : place.offset + steps.settings.shape[1]] = steps.settings[s]
        start = s * steps.batch_size
        rows = steps.rows[start:] if s == n - 1 else steps.rows[start : start + steps.batch_size]
        yield (last if s == n - 1 else usual), rows, steps.keys[s], _pointers(steps, start)


def _run_shared(
    blueprint: Blueprint, memory: Array, steps: Steps, check: Check, crew: ThreadPoolExecutor, threads: int
) -> float:
    """All steps of one network, the lanes of each stage shared between threads."""
    if _programs(blueprint, steps, memory.dtype.type)[1].own_loss:
        return _run_with_own_loss(blueprint, memory, steps, check)
    total = 0.0
    for program, rows, keys, pointers in _each_step(blueprint, memory, steps, check):
        for bounds in program.stages:
            shares = np.linspace(0, len(bounds) - 1, min(threads, len(bounds) - 1) + 1).round().astype(int)
            ranges = [(bounds[a], bounds[b]) for a, b in pairwise(shares)]
            run = partial(_call_lanes, program, memory, pointers, rows, keys)
            others = [crew.submit(run, *some) for some in ranges[1:]]
            run(*ranges[0])
            for other in others:
                other.result()
        total += float(memory[blueprint.loss.offset]) * len(rows)
        if not math.isfinite(total):
            break
    return total / len(steps.rows)


def _call_lanes(
    program: Lowered, memory: Array, pointers: tuple[int, int], rows: Array, keys: Array, first: int, stop: int
) -> None:
    call_range(program.addresses, program.operands, first, stop, memory, *pointers, rows, keys)


def _run_with_own_loss(blueprint: Blueprint, memory: Array, steps: Steps, check: Check) -> float:
    """All steps of one network whose loss is an object of the caller's."""
    own: Any = blueprint.plan.architecture.loss
    total = 0.0
    for program, rows, keys, pointers in _each_step(blueprint, memory, steps, check):
        at = program.loss
        run = partial(_call_lanes, program, memory, pointers, rows, keys)
        run(0, at)
        Z, dZ, value, Y, w = (_view(memory, Place(*program.operands[at, 4 * i : 4 * i + 4])) for i in range(5))
        some = np.tile(np.arange(len(rows)), len(Z) // len(rows))  # every member sees every example
        y, weights = Y[some].T, w[0, some]
        share = weights / weights.sum(dtype=np.float64)
        value[...] = np.sum(share * own.value(Z.T, y))
        dZ[...] = (share * own.gradient(Z.T, y)).T
        total += float(value[0, 0]) * len(rows)
        if not math.isfinite(total):
            break
        run(at + 1, len(program.addresses))
    return total / len(steps.rows)


def _view(memory: Array, place: Place) -> Array:
    """A place without gaps as a matrix."""
    return memory[place.offset : place.stop].reshape(place.rows, place.columns)


@intrinsic
def _call(context, where, memory, operands, source, delivered, rows, keys):  # type: ignore[no-untyped-def]
    """Call the kernel at address `where`; everything is an address."""
    signature = numba.types.void(*[numba.types.int64] * 7)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        kernel = ir.FunctionType(ir.VoidType(), [byte] * 6)
        where, *given = values
        builder.call(builder.inttoptr(where, kernel.as_pointer()), [builder.inttoptr(value, byte) for value in given])
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def _exchange_control(context, value):  # type: ignore[no-untyped-def]
    """Set the floating-point control register and return what it was; elsewhere than on x86 do nothing."""
    signature = numba.types.int32(numba.types.int32)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        if not _X86:
            return values[0]
        byte = ir.IntType(8).as_pointer()
        routine = ir.FunctionType(ir.VoidType(), [byte])
        load, store = (
            cgutils.get_or_insert_function(builder.module, routine, f"llvm.x86.sse.{name}mxcsr")
            for name in ("ld", "st")
        )
        before, after = (cgutils.alloca_once(builder, ir.IntType(32)) for _ in range(2))
        builder.call(store, [builder.bitcast(before, byte)])
        builder.store(values[0], after)
        builder.call(load, [builder.bitcast(after, byte)])
        return builder.load(before)

    return signature, generate


def _compile(function: Callable[..., Any]) -> Callable[..., Any]:
    compiled: Callable[..., Any] = cached(lambda cache: numba.njit(nogil=True, cache=cache)(function))
    return compiled


@_compile
def _take_steps(
    addresses: Any,
    operands: Any,
    last_operands: Any,
    memory: Any,
    source: int,
    delivered: int,
    delivered_bytes: int,
    rows: Any,
    keys: Any,
    settings: Any,
    first: int,
    stop: int,
    total: float,
    batch_size: int,
    settings_at: int,
    loss: int,
    loss_at: int,
) -> float:
    """Steps of a network, up to one whose loss is not finite; `total` and its losses, each as often as it has rows."""
    before = _exchange_control(numba.int32(_FLUSH_DENORMALS))
    n = len(settings)
    for s in range(first, stop):
        for k in range(settings.shape[1]):
            memory[settings_at + k] = settings[s, k]
        start = s * batch_size
        m, given = (len(rows) - start, last_operands) if s == n - 1 else (batch_size, operands)
        for i in range(len(addresses)):
            _call(
                addresses[i],
                memory.ctypes.data,
                given.ctypes.data + i * given.shape[1] * _BYTES,
                source,
                delivered + start * delivered_bytes,
                rows.ctypes.data + start * _BYTES,
                keys.ctypes.data + s * keys.shape[1] * _BYTES,
            )
            if i == loss and not np.isfinite(memory[loss_at]):
                _exchange_control(numba.int32(before))
                return np.nan
        total += memory[loss_at] * m
    _exchange_control(numba.int32(before))
    return total


@_compile
def call_range(
    addresses: Any, operands: Any, first: int, stop: int, memory: Any, source: int, delivered: int, rows: Any, keys: Any
) -> None:
    """Some operations of one step."""
    before = _exchange_control(numba.int32(_FLUSH_DENORMALS))
    for i in range(first, stop):
        _call(
            addresses[i],
            memory.ctypes.data,
            operands.ctypes.data + i * operands.shape[1] * _BYTES,
            source,
            delivered,
            rows.ctypes.data,
            keys.ctypes.data,
        )
    _exchange_control(numba.int32(before))

"""The backend for GPUs: networks of one plan stacked into one array, each operation done for all of them at once.

PyTorch's tensors without autograd do the arithmetic (see `stacked`): batched products, element-wise steps, gathering by
index. The same code runs on the processor, where it is tested. On a GPU the operations of a step are captured as one
graph and launched together.

Networks that take the same steps on as many rows form a stack. Their parameters and moments come from the population's
memory when a run begins and go back when it ends; a stack that does not fit into the device's memory is halved.
"""

import gc
import math
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from leadline.errors import DeviceError
from leadline.training.population import INPUTS, Blueprint, Steps, go_on
from leadline.training.program import Operation, Place
from leadline.training.stacked import KERNELS, Networks, Tensor, Use, inputs_of, runs_on_host, targets_of

__all__ = ["Arrays"]

Array = NDArray[Any]
Check = Callable[[], None]
Work = Callable[[], object]

# A step is captured as a graph once it has been taken so often: before that, libraries set themselves up.
STEPS_BEFORE_CAPTURE = 3
# Numbers of inputs that are gathered at once, for several steps together.
NUMBERS_AT_ONCE = 1 << 24
# In `Blueprint.prepared`: how many networks fitted into the device's memory.
_FITTED = "networks that fit"
# A stack that has not been used for so many runs of its blueprint's gives its room back: networks leave a population
# and do not come back, but those of folds of different size take turns, as steps and scores do.
RUNS_KEPT = 8

# Operations that fetch examples, which is done for several steps at once.
_FETCHING = ("gather", "gather_targets", "encode", "encode_targets")


class Arrays:
    """Runs programs as operations on stacked arrays.

    Parameters
    ----------
    device : str
        As PyTorch names it: "cuda", "cuda:1", or "cpu".
    """

    tiled = False

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)
        self._lock = threading.Lock()
        self._runs = 0
        self._placed: dict[int, tuple[weakref.ref[Array], Tensor]] = {}

    def run(
        self,
        blueprint: Blueprint,
        memory: Sequence[Array],
        steps: Sequence[Steps],
        threads: int = 1,
        check: Check = go_on,
    ) -> list[float]:
        """See `Backend`."""
        alike: dict[Any, list[int]] = {}
        for p, own in enumerate(steps):
            alike.setdefault((len(own.rows), len(own.settings), own.batch_size, own.deliver), []).append(p)
        losses = [math.nan] * len(steps)
        # one run at a time has the device to itself
        with self._lock, _strict_arithmetic():
            for places in alike.values():
                found = self._run(blueprint, [memory[p] for p in places], [steps[p] for p in places], check)
                for p, loss in zip(places, found, strict=True):
                    losses[p] = loss
        return losses

    def _run(self, blueprint: Blueprint, memory: list[Array], steps: list[Steps], check: Check) -> list[float]:
        """The steps of networks that are alike: all at once, or as many as the device's memory holds."""
        most = blueprint.prepared.get(_FITTED, len(steps))
        if most >= len(steps):
            try:
                return self._stack(blueprint, memory).run(memory, steps, check)
            except torch.OutOfMemoryError as error:
                # one network may still fit without the stacks that are kept
                if len(steps) == 1 and len(_stacks(blueprint)) <= 1:
                    raise DeviceError(_too_large(self.device, blueprint)) from error
            most = blueprint.prepared[_FITTED] = -(-len(steps) // 2)
            self._forget(blueprint)
            # after the clause above the error holds nothing of the stack any more
            gc.collect()
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
        losses = []
        for first in range(0, len(steps), most):
            some = slice(first, first + most)
            losses += self._run(blueprint, memory[some], steps[some], check)
        return losses

    def _stack(self, blueprint: Blueprint, memory: list[Array]) -> "_Stack":
        """Room on the device for so many networks, which is kept for the next run."""
        key, self._runs = (self.device, len(memory), memory[0].dtype.type), self._runs + 1
        if key not in blueprint.prepared:
            self._forget(blueprint, self._runs - RUNS_KEPT)
            blueprint.prepared[key] = _Stack(self, blueprint, len(memory), memory[0].dtype.type)
        stack: _Stack = blueprint.prepared[key]
        stack.used = self._runs
        return stack

    def _forget(self, blueprint: Blueprint, since: float = math.inf) -> None:
        """Give back the room on the device of a blueprint's stacks that have not been used since a run."""
        for key, own in _stacks(blueprint).items():
            if own.used < since:
                del blueprint.prepared[key]

    def placed(self, array: Array) -> Tensor:
        """An array of examples on the device, where it stays as long as the array exists."""
        if self.device.type == "cpu" and array.flags.writeable:
            return torch.from_numpy(array)
        known = self._placed.get(id(array))
        if known is not None and known[0]() is array:
            return known[1]
        # PyTorch wants arrays that can be written to, also where it does not
        tensor = torch.from_numpy(array if array.flags.writeable else array.copy()).to(self.device)
        at, placed = id(array), self._placed
        self._placed[at] = weakref.ref(array, lambda _: placed.pop(at, None)), tensor
        return tensor


def _stacks(blueprint: Blueprint) -> "dict[Any, _Stack]":
    """The stacks that a blueprint keeps."""
    return {key: own for key, own in blueprint.prepared.items() if isinstance(own, _Stack)}


def _too_large(device: torch.device, blueprint: Blueprint) -> str:
    return (
        f"One network of {blueprint.plan.n_parameters:,} parameters does not fit into the free memory of the device "
        f"{str(device)!r} with its rows. Use a smaller batch_size or fewer hidden units, free the device, or take the "
        "device 'cpu'."
    )


@contextmanager
def _strict_arithmetic() -> Iterator[None]:
    """Products in float32 without TF32 or the like, and on the processor one thread, on which no bit depends then."""
    precision, threads = torch.get_float32_matmul_precision(), torch.get_num_threads()
    torch.set_float32_matmul_precision("highest")
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(precision)
        torch.set_num_threads(threads)


class _Stack:
    """Memory on the device for P networks of a blueprint, and its programs made ready for them."""

    def __init__(self, backend: Arrays, blueprint: Blueprint, P: int, dtype: type) -> None:
        self.backend, self.blueprint, self.device, self.P = backend, blueprint, backend.device, P
        fresh = torch.from_numpy(blueprint.layout.fresh(1, dtype))
        self.memory = fresh.to(self.device).repeat(P, 1)
        self.dtype = self.memory.dtype
        keys = torch.zeros(P, blueprint.plan.architecture.L, dtype=torch.int64, device=self.device)
        self.alive = torch.ones(P, 1, 1, dtype=torch.bool, device=self.device)
        self.networks = Networks(keys, self.alive)
        self.total = torch.zeros(P, 1, 1, dtype=torch.float64, device=self.device)
        # the step in which a network overflowed, and the one that is being taken
        self.died, self.now = (torch.zeros(P, 1, 1, dtype=torch.int64, device=self.device) for _ in range(2))
        self.used = 0
        self._steps: dict[Any, _Step] = {}

    def view(self, place: Place) -> Tensor:
        """A place of all networks, (P, rows, columns)."""
        shape, strides = (self.P, place.rows, place.columns), (self.blueprint.size, place.stride, 1)
        return self.memory.as_strided(shape, strides, place.offset)

    def run(self, memory: list[Array], steps: list[Steps], check: Check) -> list[float]:
        """Take all steps; the mean losses. The networks' own memory is as it was until the end, or a wish to stop."""
        self._load(memory)
        delivers = steps[0].deliver is not None
        run = _Run(self, steps)
        try:
            for s in range(run.n):
                check()
                run.take(s)
        except torch.OutOfMemoryError:
            raise
        except BaseException:
            self._store(memory, delivers)
            raise
        if delivers:
            run.hand_over(memory)
            return [math.nan] * self.P
        alive, totals = self.alive.flatten().tolist(), (self.total.flatten() / run.rows.shape[1]).tolist()
        self._store(memory, False)
        for p, step in enumerate(self.died.flatten().tolist()):
            if not alive[p]:
                run.repeat(step, p, memory[p])
        return [loss if lives else math.nan for loss, lives in zip(totals, alive, strict=True)]

    def _load(self, memory: list[Array]) -> None:
        """Bring to the device what networks keep from one run to the next, which stands before everything else."""
        head = self.blueprint.settings.offset
        self.memory[:, :head] = torch.from_numpy(np.stack([own[:head] for own in memory])).to(self.device)
        self.alive.fill_(True)
        for counter in (self.total, self.died, self.now):
            counter.zero_()

    def _store(self, memory: list[Array], delivers: bool) -> None:
        """Bring back what a run changes: where gradients are asked for all there is, and nothing of forward passes."""
        if delivers:
            return
        stop = self.blueprint.size if self.blueprint.solver is None else self.blueprint.settings.offset
        for own, found in zip(memory, self.memory[:, :stop].cpu().numpy(), strict=True):
            own[:stop] = found

    def bring(self, p: int, own: Array) -> None:
        """Bring all the memory of network p."""
        own[:] = self.memory[p].cpu().numpy()

    def step(self, m: int, deliver: int | None) -> "_Step":
        """The program for m examples made ready."""
        key = (m, deliver)
        if key not in self._steps:
            self._steps[key] = _Step(self, m, deliver)
        return self._steps[key]


class _Run:
    """The steps of a run: what they are given, and how they are taken."""

    def __init__(self, stack: _Stack, steps: list[Steps]) -> None:
        self.stack, self.first, device = stack, steps[0], stack.device
        self.examples = [own.examples for own in steps]
        self.outs = [own.out for own in steps]
        self.n, self.batch_size = len(self.first.settings), self.first.batch_size
        self.rows = torch.from_numpy(np.stack([own.rows for own in steps])).to(device)
        self.settings = torch.from_numpy(np.stack([own.settings for own in steps])).to(device)
        keys = np.stack([own.keys for own in steps]).astype(np.int64)
        self.keys = torch.from_numpy(keys[..., : stack.networks.keys.shape[1]]).to(device)
        width = stack.blueprint.plan.n_in * stack.P * self.batch_size
        self.steps_at_once = max(NUMBERS_AT_ONCE // max(width, 1), 1)
        self.fetched: dict[str, Tensor] = {}
        self.from_row = 0
        deliver, plan = self.first.deliver, stack.blueprint.plan
        if deliver is not None:
            units = plan.n_in if deliver == INPUTS else plan.blocks[deliver].n_out
            self.out = torch.empty(stack.P, self.rows.shape[1], units, dtype=stack.dtype, device=device)

    def _bounds(self, s: int) -> tuple[int, int]:
        """The rows of step s: the last one takes all that are left."""
        return s * self.batch_size, self.rows.shape[1] if s == self.n - 1 else (s + 1) * self.batch_size

    def _fetch(self, s: int) -> None:
        """Gather the examples of step s and of some more."""
        self.from_row, stop = self._bounds(s)[0], self._bounds(min(s + self.steps_at_once, self.n) - 1)[1]
        rows, placed = self.rows[:, self.from_row : stop], self.stack.backend.placed
        self.fetched = {"inputs": inputs_of(self.examples, rows, self.stack.dtype, placed)}
        if self.first.deliver is None:
            self.fetched["targets"], self.fetched["weights"] = targets_of(self.examples, rows, self.stack.dtype, placed)

    def _give(self, s: int) -> "_Step":
        """Put what step s is given into its places."""
        start, stop = self._bounds(s)
        if not self.fetched or stop > self.from_row + self.fetched["inputs"].shape[1] or start < self.from_row:
            self._fetch(s)
        first, last = start - self.from_row, stop - self.from_row
        step = self.stack.step(stop - start, self.first.deliver)
        step.inputs.copy_(self.fetched["inputs"][:, first:last])
        if self.first.deliver is None:
            step.targets.copy_(self.fetched["targets"][:, first:last])
            step.weights.copy_(self.fetched["weights"][..., first:last])
            step.settings.copy_(self.settings[:, s, None])
            self.stack.networks.keys[:, : self.keys.shape[2]] = self.keys[:, s]
        return step

    def take(self, s: int) -> None:
        """Take step s."""
        step = self._give(s)
        step.take()
        if step.delivered is not None:
            start, stop = self._bounds(s)
            source, copies = step.delivered
            self.out[:, start:stop] = source.unflatten(1, (copies, -1)).mean(1)

    def repeat(self, s: int, p: int, own: Array) -> None:
        """Bring the memory of network p as it was in the step in which it overflowed."""
        self.stack.alive.fill_(False)
        self._give(s).take()
        self.stack.bring(p, own)

    def hand_over(self, memory: list[Array]) -> None:
        """Write what forward passes deliver; the memory of a network that overflowed says where."""
        for p, (own, found) in enumerate(zip(self.outs, self.out.cpu().numpy(), strict=True)):
            assert own is not None
            own[:] = found
            if not np.isfinite(found).all():
                self.stack.bring(p, memory[p])


class _Step:
    """A program made ready for a stack: what is done one after the other, as one graph where the device has graphs."""

    def __init__(self, stack: _Stack, m: int, deliver: int | None) -> None:
        self.stack, self.taken = stack, 0
        self.delivered: tuple[Tensor, int] | None = None
        self.work: list[Work] = []
        self.captured: Work | None = None
        blueprint = stack.blueprint
        # where the step finds what it is given
        self.inputs, self.settings = stack.view(blueprint.inputs.top(m)), stack.view(blueprint.settings)
        if deliver is None:
            self.targets = stack.view(blueprint.targets.top(m))
            self.weights = stack.view(blueprint.weights.some_columns(0, m))
        operations = blueprint.program(m, deliver).operations
        self.captures = stack.device.type == "cuda" and not any(map(runs_on_host, operations))
        for operation in operations:
            self._add(operation, m)

    def _add(self, operation: Operation, m: int) -> None:
        views = [self.stack.view(place) for place in operation.places]
        if operation.kernel in _FETCHING:
            return
        if operation.kernel == "deliver":
            self.delivered = views[0], operation.numbers[0]
            return
        self.work.append(partial(KERNELS[operation.kernel], Use(operation, self.stack.networks), *views))
        if operation.kernel == "loss":
            self.work.append(partial(self._note, views[2], m))

    def _note(self, loss: Tensor, m: int) -> None:
        """Add the loss of the step to the total, and find networks whose loss is not finite."""
        stack, finite = self.stack, torch.isfinite(loss)
        stack.died.copy_(torch.where(stack.alive & ~finite, stack.now, stack.died))
        stack.alive.logical_and_(finite)
        stack.total.add_(loss.double(), alpha=m)
        stack.now.add_(1)

    def take(self) -> None:
        """Do all of it."""
        if self.captured is None and self.captures and self.taken >= STEPS_BEFORE_CAPTURE:
            self.captured = _capture(self._do)
        self.taken += 1
        (self.captured or self._do)()

    def _do(self) -> None:
        for one in self.work:
            one()


def _capture(work: Work) -> Work:
    """What does the work by one launch of a graph."""
    graph = torch.cuda.CUDAGraph()
    # other threads of the process may use the device meanwhile
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        work()
    replay: Work = graph.replay
    return replay

"""A population: P networks of one plan that train beside each other on one backend.

The plan's blocks write one program for all of them; each network has its own memory, fold, rows, random numbers and
rates, so its bits do not depend on the networks beside it. What runs the programs is a backend: see `Backend` for the
seam, and `cpu` and `arrays` for those there are.
"""

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from leadline.training.blocks import Gradient, Plan, Span
from leadline.training.program import SETTINGS, Layout, Operation, Place, Program, stages_in_order
from leadline.training.rows import Examples, Reads, Table

__all__ = [
    "INPUTS",
    "ROWS_AT_ONCE",
    "Backend",
    "Blueprint",
    "Population",
    "Scorer",
    "Steps",
    "forward_pass",
    "forward_passes",
    "go_on",
]

Array = NDArray[Any]

# Rows that a forward pass takes at once: few enough that a layer's activations stay in the cache. A fixed number,
# because the rows of a product depend in their last bits on how many there are.
ROWS_AT_ONCE = 256
# What `Steps.deliver` says for the inputs of the first block.
INPUTS = -1


class Steps(NamedTuple):
    """What one network does in a run: a step for each row of `settings`, on the next `batch_size` of `rows`.

    The last step takes all rows that are left. `settings`, (steps, len(SETTINGS)), are in the network's precision;
    `keys`, (steps, L), uint64: the dropout threshold, rate × 2³², and a random number for each hidden layer. With
    `deliver` a step is a forward pass up to that block (−1: the inputs), without dropout, whose A, averaged over
    members, goes to `out`, (rows, units), in the order of `rows`.
    """

    examples: Examples | Table
    rows: Array
    batch_size: int
    settings: Array
    keys: Array
    deliver: int | None = None
    out: Array | None = None


def go_on() -> None:
    """Nothing asks to stop."""


class Backend(Protocol):
    """What runs programs. Everything that a device must be able to do stands here.

    Attributes
    ----------
    tiled : bool
        Whether it gains from wide layers being cut into tiles.
    """

    tiled: bool

    def run(
        self,
        blueprint: "Blueprint",
        memory: Sequence[Array],
        steps: Sequence[Steps],
        threads: int = 1,
        check: Callable[[], None] = go_on,
    ) -> list[float]:
        """Take the steps of networks.

        Parameters
        ----------
        blueprint : Blueprint
        memory : sequence of (size,) arrays
            Of each network, changed in place: parameters and moments, or the gradient where the blueprint keeps it. All
            of it where the loss, or what is delivered, is not finite.
        steps : sequence of Steps
            One for each network.
        threads : int
            How many may work: for a network each, or for one together; changes no bit.
        check : callable
            To be called every now and then, several times a second; what it raises ends the run.

        Returns
        -------
        list of float
            The mean loss of each network over its rows, each row as the network was when it came; of no meaning for
            forward passes. A network whose loss is not finite goes no further: NaN, and its A stay as they are.
        """


class Blueprint:
    """Where everything lies in the memory of a network, and its programs for any number of examples.

    Parameters
    ----------
    plan : Plan
    max_rows : int
        Most examples at once.
    batch_size : int
        Examples of a usual step: they decide on the tiles, whatever number of examples a program is for. 0: no tiles.
    solver : str or None
        The optimiser whose steps the programs take; None for programs that leave the gradient in `gradient`.
    dropout : bool
        Whether the programs drop units out.
    backward : bool
        False where nothing but forward passes will be asked for.
    reads : Reads, optional
        What is read of a table's rows; None where examples stand ready.

    Attributes
    ----------
    prepared : dict
        What a backend has made of the programs; its own business.
    """

    def __init__(
        self,
        plan: Plan,
        max_rows: int,
        batch_size: int = 0,
        solver: str | None = None,
        dropout: bool = False,
        backward: bool = True,
        reads: Reads | None = None,
    ) -> None:
        self.plan, self.solver, self.dropout, self.reads = plan, solver, dropout, reads
        self.layout = layout = Layout()
        self.theta = layout.matrix(1, plan.n_parameters)
        if backward and solver:
            self.m, self.v = layout.matrix(1, plan.n_parameters), layout.matrix(1, plan.n_parameters)
        self.factors = [layout.constants([spec.rate_factor, spec.decay]) for spec in plan.specs]
        self.limits: tuple[Place, ...] = ()
        if backward and solver and plan.limits is not None:
            self.limits = tuple(layout.constants(own) for own in plan.limits)
        self.settings, self.loss = layout.matrix(1, len(SETTINGS)), layout.matrix(1, 1)
        self.inputs = layout.matrix(max_rows, plan.n_in)
        if backward:
            self.targets = layout.matrix(max_rows, plan.blocks[-1].n_out)
            self.weights = layout.matrix(1, max_rows)
        rows = [max_rows * block.copies for block in plan.blocks]
        self.A = [layout.matrix(n, block.n_out) for n, block in zip(rows, plan.blocks, strict=True)]
        self.dA = self.A
        if backward:
            self.dA = [layout.matrix(n, block.n_out) for n, block in zip(rows, plan.blocks, strict=True)]
        self.extra = [block.extra(layout, n, backward) for n, block in zip(rows, plan.blocks, strict=True)]
        self.tiles = [block.tiles(batch_size * block.copies) for block in plan.blocks]
        # the block at which the backward pass ends: nothing before it has parameters to be trained
        self.first = next(
            i for i, block in enumerate(plan.blocks) if any(spec.fitted is None for spec in block.parameters)
        )
        if backward and solver is None:
            self.gradient = [layout.matrix(1, plan.n_parameters)]
        elif backward:  # room for the largest gradient of each lane: the step follows at once
            by_lane = zip_longest(*self._gradients(max_rows), fillvalue=[])
            largest = (
                max((part.stop - part.first for parts in lane for part in parts if callable(part.found)), default=0)
                for lane in by_lane
            )
            self.gradient = [layout.matrix(1, size) for size in largest]
        self.prepared: dict[Any, Any] = {}

    @property
    def lanes(self) -> int:
        """How many threads could work side by side."""
        return max(map(len, self.tiles))

    @property
    def size(self) -> int:
        """Numbers in the memory of one network."""
        return self.layout.size

    def _spans(self, m: int) -> list[Span]:
        spans, before = [], self.inputs.top(m)
        bounds = iter(zip(self.plan.bounds[:-1], self.plan.bounds[1:], strict=True))
        for block, A, dA, extra in zip(self.plan.blocks, self.A, self.dA, self.extra, strict=True):
            theta = tuple(
                Place(self.theta.offset + start, 1, stop - start, stop - start)
                for start, stop in (next(bounds) for _ in block.parameters)
            )
            n = m * block.copies
            own = tuple(place if place.rows == 1 else place.top(n) for place in extra)
            spans.append(Span(theta, before, A.top(n), dA.top(n), own, self.settings))
            before = A.top(n)
        return spans

    def _gradients(self, m: int) -> list[list[list[Gradient]]]:
        """The parts of each block's gradient, lane by lane, with arrays of parameters counted over the plan."""
        found, before = [], 0
        for block, span, tiles in zip(self.plan.blocks, self._spans(m), self.tiles, strict=True):
            lanes = [block.gradients(span, tile) for tile in tiles]
            found.append([[part._replace(spec=part.spec + before) for part in lane] for lane in lanes])
            before += len(block.parameters)
        return found

    def program(self, m: int, deliver: int | None = None) -> Program:
        """The program for m examples: a step, or a forward pass that ends at the block `deliver`; see `Steps`."""
        assert m <= self.inputs.rows, "a program is for no more examples than there is room for"
        spans = self._spans(m)
        dropout = self.dropout and deliver is None
        stages: list[list[list[Operation]]] = [[self._examples(m, deliver is None)]]
        if deliver == INPUTS:
            stages.append([[Operation("deliver", (self.inputs.top(m),), numbers=(1,))]])
            return stages_in_order(stages)
        for block, span, tiles in list(zip(self.plan.blocks, spans, self.tiles, strict=True))[: _end(deliver)]:
            stages.append([block.forward(span, tile, dropout) for tile in tiles])
        if deliver is None:
            stages += self._backward(m, spans)
        else:
            stages.append([[Operation("deliver", (spans[deliver].A,), numbers=(self.plan.blocks[deliver].copies,))]])
        return stages_in_order(stages)

    def _examples(self, m: int, targets: bool) -> list[Operation]:
        """The operations that fetch the inputs of m examples, and what they are to learn."""
        inputs, reads = self.inputs.top(m), self.reads
        learned = (self.targets.top(m), self.weights.some_columns(0, m)) if targets else ()
        if reads is None:
            return [Operation("gather", (inputs,)), *([Operation("gather_targets", learned)] if targets else [])]
        encoded = Operation("encode", (inputs,), numbers=(reads.numbers, reads.codes, reads.groups, reads.statistics))
        learning = Operation("encode_targets", learned, numbers=(reads.target, int(reads.one_hot)))
        return [encoded, *([learning] if targets else [])]

    def _backward(self, m: int, spans: list[Span]) -> list[list[list[Operation]]]:
        blocks, last = self.plan.blocks, len(self.plan.blocks) - 1
        scores = spans[last]
        places = (scores.A, scores.dA, self.loss, self.targets.top(m), self.weights.some_columns(0, m))
        loss = Operation("loss", places, self.plan.architecture.loss)
        output = [
            operation for tile in self.tiles[last] for operation in blocks[last].own_backward(scores, tile, False)
        ]
        stages: list[list[list[Operation]]] = [[[loss, *output]]]
        gradients = self._gradients(m)
        due: list[list[Operation]] = []
        for i in range(last, self.first - 1, -1):
            lanes = [
                blocks[i].input_backward(spans[i], spans[i - 1].dA, tile)
                + blocks[i - 1].own_backward(spans[i - 1], tile, self.dropout)
                for tile in (self.tiles[i - 1] if i > self.first else [])
            ]
            # W may change as soon as nobody needs the old one: one stage after dA has gone through it
            stages.append(_side_by_side(lanes, due))
            due = [[op for part in lane for op in self._change(i, part)] for i, lane in enumerate(gradients[i])]
        stages.append(due)
        return stages

    def _change(self, lane: int, part: Gradient) -> list[Operation]:
        """The operations that compute a part of the gradient, and the step that follows."""
        first, stop = (self.plan.bounds[part.spec] + k for k in (part.first, part.stop))
        if self.solver is None:
            gradient = self.gradient[0].some_columns(first, stop)
        else:
            gradient = self.gradient[lane].some_columns(0, stop - first)
        if callable(part.found):
            computed = part.found(gradient)
        elif self.solver is None:
            computed = [Operation("copy", (part.found, gradient))]
        else:
            computed, gradient = [], part.found
        if self.solver is None:
            return computed
        theta, m, v = (place.some_columns(first, stop) for place in (self.theta, self.m, self.v))
        step = Operation("step", (theta, gradient, m, v, self.settings, self.factors[part.spec]), self.solver)
        if not self.limits:
            return [*computed, step]
        places = (theta, *(place.some_columns(first, stop) for place in self.limits))
        return [*computed, step, Operation("limit", places)]


def _end(last: int | None) -> int | None:
    """The end of a slice whose last item is `last`."""
    return None if last is None else last + 1


def _side_by_side(left: list[list[Operation]], right: list[list[Operation]]) -> list[list[Operation]]:
    """Lanes that do first what `left` says and then what `right` says."""
    nothing: list[Operation] = []
    return [[*a, *b] for a, b in zip_longest(left, right, fillvalue=nothing)]


class Population:
    """P networks of one plan.

    Parameters
    ----------
    blueprint : Blueprint
    theta : (P, n_parameters) array
        Initial parameters; their precision is that of the training.
    backend : Backend
    """

    def __init__(self, blueprint: Blueprint, theta: Array, backend: Backend) -> None:
        self.blueprint, self.backend = blueprint, backend
        self.memory = blueprint.layout.fresh(len(theta), theta.dtype.type)
        self.theta[:] = theta

    def _part(self, place: Place) -> Array:
        return self.memory[:, place.offset : place.stop]

    @property
    def theta(self) -> Array:
        """The parameters, (P, n_parameters)."""
        return self._part(self.blueprint.theta)

    @property
    def m(self) -> Array:
        """The optimiser's first moments, (P, n_parameters), where the blueprint takes steps."""
        return self._part(self.blueprint.m)

    @property
    def v(self) -> Array:
        """The optimiser's second moments, (P, n_parameters), where the blueprint takes steps."""
        return self._part(self.blueprint.v)

    @property
    def gradient(self) -> Array:
        """The gradient that the last step left, (P, n_parameters), where the blueprint keeps it."""
        return self._part(self.blueprint.gradient[0])

    def run(self, steps: Sequence[Steps], threads: int = 1, check: Callable[[], None] = go_on) -> Array:
        """Take the steps of each network; their mean losses, (P,)."""
        return np.array(self.backend.run(self.blueprint, list(self.memory), steps, threads, check))

    def scores(self, p: int, examples: Examples | Table, rows: Array) -> Array:
        """Raw scores Z[L], (m, n[L]), of network p for some rows of its examples."""
        return self.scores_of([p], [examples], [rows])[0]

    def scores_of(
        self,
        networks: Sequence[int],
        examples: Sequence[Examples | Table],
        rows: Sequence[Array],
        check: Callable[[], None] = go_on,
    ) -> list[Array]:
        """Raw scores Z[L], (m, n[L]), of some networks, each for some rows of its examples."""
        last, memory = len(self.blueprint.plan.blocks) - 1, [self.memory[p] for p in networks]
        return forward_passes(self.blueprint, memory, self.backend, examples, rows, last, check)

    def overflow(self, p: int) -> str:
        """Where network p first has numbers that are not finite: "W[2]", "A[1]", or "" if nowhere."""
        blueprint, at = self.blueprint, 0
        for block, A in zip(blueprint.plan.blocks, blueprint.A, strict=True):
            for spec in block.parameters:
                if not np.isfinite(self.theta[p, at : at + spec.size]).all():
                    return spec.name
                at += spec.size
            if not np.isfinite(self.memory[p, A.offset : A.stop]).all():
                return block.output
        return ""

    def keep(self, networks: Sequence[int]) -> None:
        """Let go of all networks but these."""
        self.memory = self.memory[list(networks)]


class Scorer:
    """Forward passes of one network at a time, without dropout, over any number of rows.

    Parameters
    ----------
    plan : Plan
    backend : Backend
    dtype : type, default numpy.float32
    block : int, optional
        The block whose output is wanted; by default the last one, which gives the scores Z[L].
    """

    def __init__(self, plan: Plan, backend: Backend, dtype: type = np.float32, block: int | None = None) -> None:
        block = len(plan.blocks) - 1 if block is None else block
        self.blueprint = Blueprint(plan, ROWS_AT_ONCE, backward=False)
        self.backend, self.block = backend, block
        self.memory = self.blueprint.layout.fresh(1, dtype)

    def take(self, theta: Array) -> Self:
        """Use the network with parameters `theta`, (n_parameters,), from now on."""
        place = self.blueprint.theta
        self.memory[0, place.offset : place.stop] = theta
        return self

    def scores(self, X: Array, rows: Array | None = None) -> Array:
        """The block's output, (m, n[L]) for the last one, for some rows of X or all of them."""
        X = np.ascontiguousarray(X, self.memory.dtype)
        assert X.shape[1] == self.blueprint.plan.n_in, "inputs must be those of the plan"
        some = np.arange(len(X)) if rows is None else rows
        examples = Examples(X, X[:0], X[:0])
        return forward_pass(self.blueprint, self.memory, self.backend, examples, some, self.block)


def forward_pass(
    blueprint: Blueprint,
    memory: Array,
    backend: Backend,
    examples: Examples | Table,
    rows: Array,
    block: int,
) -> Array:
    """The output of a block, (m, units), for some rows of the examples, by the network in `memory`, (1, size)."""
    return forward_passes(blueprint, list(memory), backend, [examples], [rows], block)[0]


def forward_passes(
    blueprint: Blueprint,
    memory: Sequence[Array],
    backend: Backend,
    examples: Sequence[Examples | Table],
    rows: Sequence[Array],
    block: int,
    check: Callable[[], None] = go_on,
) -> list[Array]:
    """The output of a block, (m, units), of each network in `memory` for some rows of its examples."""
    units = blueprint.plan.n_in if block == INPUTS else blueprint.plan.blocks[block].n_out
    outs = [np.empty((len(own), units), network.dtype) for own, network in zip(rows, memory, strict=True)]
    some = [p for p, own in enumerate(rows) if len(own)]
    steps = []
    for p in some:
        n = -(-len(rows[p]) // ROWS_AT_ONCE)
        # a forward pass is told nothing: settings without columns
        told = np.zeros((n, 0), memory[p].dtype), np.zeros((n, 1), np.uint64)
        own = np.ascontiguousarray(rows[p], np.int64)
        steps.append(Steps(examples[p], own, ROWS_AT_ONCE, *told, block, outs[p]))
    if steps:
        backend.run(blueprint, [memory[p] for p in some], steps, check=check)
    return outs

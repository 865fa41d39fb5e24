"""Blocks: what a network is built of, from left to right.

A block's forward pass reads A of the block before, writes its own A and leaves its cache to its backward pass, which
reads dA of its own output and writes its gradients and dA of the block before. Dense layers are blocks, and
so is every piece that stands before layer 1 (a scale per feature, an embedding): same contract, own parameters
with their own rate and decay factors. L counts the dense layers only.

A block is a plan. It says which places it needs in a network's memory and writes the operations of its passes on them,
tile by tile of its units. Places are matrices with examples in rows, so A here is Aᵀ of the equations.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from leadline.network import Architecture, Parameters, activation, initial_standard_deviation
from leadline.training.program import Layout, Operation, Place

__all__ = ["Block", "Dense", "Gradient", "Head", "Limits", "Onnx", "ParameterSpec", "Piece", "Plan", "Span"]

Array = NDArray[Any]
# Constant tensors by name, and the nodes that compute a from x and them, in the text form of `onnx.parser`; operators
# of opset 17.
Onnx = tuple[dict[str, Array], str]

# A tile has so many units, where the product behind it is worth a lane of its own: so many multiply-adds.
TILE_UNITS = 256
TILE_WORK = 1 << 23
# Factor on the learning rate of biases in the "ntk" parametrization (RealMLP, arXiv 2407.04491).
NTK_BIAS_RATE = 0.1


@dataclass(frozen=True)
class ParameterSpec:
    """One array of parameters of one network.

    Attributes
    ----------
    name : str
        For example ``W[2]``.
    shape : tuple of int
    initial : callable
        Draws the initial values from a generator.
    rate_factor : float
        Factor on the learning rate.
    decay : float
        Factor on weight decay and on the L2 penalty; 0 for biases.
    fitted : callable, optional
        Computes the values from the inputs of the training rows, (n, n_in), instead of drawing them.
    order : {"C", "F"}
        How the entries stand in the vector of parameters: row by row, or column by column.
    """

    name: str
    shape: tuple[int, ...]
    initial: Callable[[np.random.Generator], Array]
    rate_factor: float = 1.0
    decay: float = 1.0
    fitted: Callable[[Array], Array] | None = None
    order: Literal["C", "F"] = "C"

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.prod(self.shape))

    def flat(self, array: Array) -> Array:
        """The entries of an array of this shape as they stand in the vector of parameters, (size,)."""
        return np.ravel(array, order=self.order)

    def array(self, entries: Array) -> Array:
        """The array whose entries these are, (size,), as they stand in the vector of parameters."""
        return entries.reshape(self.shape, order=self.order)


class Span(NamedTuple):
    """The places of a block for m examples, each with as many rows as the block has copies.

    `theta` are its parameters, one row each; `A_before` and `A` its input and output, `dA` the gradient of the output,
    which the backward pass turns into dZ; `extra` whatever else the block asked for; `settings` those of the step.
    """

    theta: tuple[Place, ...]
    A_before: Place
    A: Place
    dA: Place
    extra: tuple[Place, ...]
    settings: Place


class Gradient(NamedTuple):
    """The gradient of entries `first` up to `stop` of parameter array `spec`, counted as they stand in the vector.

    `found` is the operations that compute it, given where, or the row where it is already.
    """

    spec: int
    first: int
    stop: int
    found: Callable[[Place], list[Operation]] | Place


class Block(Protocol):
    """The contract of everything that a network is built of."""

    @property
    def n_in(self) -> int:
        """Units that it takes in."""

    @property
    def n_out(self) -> int:
        """Units that it gives out."""

    @property
    def copies(self) -> int:
        """Rows of its output for each example: more than one once an example has parted into members."""

    @property
    def output(self) -> str:
        """What its output is called, for example A[2]."""

    @property
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """Its arrays of parameters, in their order."""

    def extra(self, layout: Layout, m: int, backward: bool) -> tuple[Place, ...]:
        """Places that it needs besides A and dA, for up to m examples."""

    def tiles(self, m: int) -> list[tuple[int, int]]:
        """Ranges of its units that may be computed side by side."""

    def forward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """A of some units from A of the block before."""

    def own_backward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """What comes first when dA of some units is there."""

    def input_backward(self, span: Span, dA_before: Place, columns: tuple[int, int]) -> list[Operation]:
        """dA of some units of the block before, once `own_backward` is done for all tiles."""

    def gradients(self, span: Span, tile: tuple[int, int]) -> list[Gradient]:
        """The gradients of the parameters of some units; the parameters may change as soon as they are there."""


class Piece(Block, Protocol):
    """A block that may stand before layer 1, each of whose outputs tells of a single input."""

    @property
    def sources(self) -> NDArray[np.int64]:
        """Which input each output tells of, (n_out,)."""

    @property
    def rising(self) -> NDArray[np.bool_]:
        """Whether each output rises with its input, or falls with it where a learned factor is negative, (n_out,)."""

    def onnx(self, arrays: Mapping[str, Array]) -> Onnx:
        """The same for a model in ONNX, its parameters given by name."""


@dataclass(frozen=True)
class Dense:
    """Layer l: Z[l] = W[l] A[l-1] + b[l], A[l] = g[l](Z[l]), with dropout on A[l] of hidden layers in training.

    The output layer's activation belongs to the loss: there g is the identity and A holds the scores. Where examples
    have parted into members, the hidden layers are shared and the output layer has a head, W and b, for each.

    The "ntk" parametrization (Jacot et al. 2018) learns W′ with W = σ W′, where σ is the standard deviation of W's
    initial entries. Adam's steps do not depend on a gradient's scale, so that is W itself at σ times the rate.
    """

    l: int
    n_before: int
    n: int
    activation: str
    hidden: bool
    parametrization: str = "standard"
    copies: int = 1

    @property
    def n_in(self) -> int:
        """n[l-1]."""
        return self.n_before

    @property
    def n_out(self) -> int:
        """n[l]."""
        return self.n

    @property
    def output(self) -> str:
        """A[l], or the scores Z[L]."""
        return f"A[{self.l}]" if self.hidden else f"Z[{self.l}]"

    @property
    def heads(self) -> int:
        """How many W and b there are."""
        return 1 if self.hidden else self.copies

    @property
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """W[l], (n[l], n[l-1]), and b[l], (n[l],); with several heads one axis more in front."""
        deviation = initial_standard_deviation(self.n_before, self.n, self.activation)
        several = (self.heads,) if self.heads > 1 else ()
        shape = (*several, self.n, self.n_before)
        W_rate, b_rate = (deviation, NTK_BIAS_RATE) if self.parametrization == "ntk" else (1.0, 1.0)
        return (
            ParameterSpec(
                f"W[{self.l}]", shape, lambda generator: deviation * generator.standard_normal(shape), W_rate
            ),
            ParameterSpec(
                f"b[{self.l}]", (*several, self.n), lambda _: np.zeros((*several, self.n)), b_rate, decay=0.0
            ),
        )

    def extra(self, layout: Layout, m: int, backward: bool) -> tuple[Place, ...]:
        """For a backward pass: db of each head in a row, and Z where g′ reads it."""
        if not backward:
            return ()
        db = layout.matrix(1, self.heads * self.n)
        return (db, layout.matrix(m, self.n)) if activation(self.activation).needs_z else (db,)

    def tiles(self, m: int) -> list[tuple[int, int]]:
        """Tiles of TILE_UNITS units where their product is worth it."""
        if m * self.n_before * TILE_UNITS < TILE_WORK:
            return [(0, self.n)]
        edges = [*range(0, max(self.n - TILE_UNITS // 2, 1), TILE_UNITS), self.n]
        return list(pairwise(edges))

    def _each_head(self, span: Span) -> Iterator["Head"]:
        """The places of each head: its own rows of the examples, and its own parameters."""
        W, b, db = span.theta[0], span.theta[1], span.extra[0] if span.extra else span.theta[1]
        Z = span.extra[1] if len(span.extra) > 1 else span.A
        m, size = span.A.rows // self.heads, self.n * self.n_before
        for i in range(self.heads):
            rows, units = (i * m, (i + 1) * m), (i * self.n, (i + 1) * self.n)
            yield Head(
                W.some_columns(i * size, (i + 1) * size).matrix(self.n, self.n_before),
                b.some_columns(*units),
                db.some_columns(*units),
                *(place.some_rows(*rows) for place in (span.A_before, Z, span.A, span.dA)),
            )

    def forward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """Z = A_before Wᵀ + b and A = g(Z)."""
        done = []
        for head in self._each_head(span):
            places = (head.A_before, head.W.some_rows(*tile), head.Z.some_columns(*tile))
            done.append(Operation("product", places, numbers=(0, 1)))
            done += self.activated(head, span.settings, tile, dropout)
        return done

    def activated(self, head: "Head", settings: Place, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """A = g(Z + b) of some units of a head, with dropout where that is asked for."""
        places = tuple(place.some_columns(*tile) for place in (head.Z, head.b, head.A))
        if self.hidden and dropout:
            numbers = (self.l, tile[0], self.n)
            return [Operation("activate_drop_out", (*places, settings), self.activation, numbers)]
        return [Operation("activate", places, self.activation)]

    def own_backward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """dZ = dA ∗ g′(Z) in the place of dA, and db = Σ over examples of dZ."""
        done = []
        for head in self._each_head(span):
            done += self.differentiated(head, span.settings, tile, dropout)
        return done

    def differentiated(self, head: "Head", settings: Place, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """dZ and db of some units of a head."""
        places = tuple(place.some_columns(*tile) for place in (head.dA, head.Z, head.A, head.db))
        if self.hidden and dropout:
            numbers = (self.l, tile[0], self.n)
            return [Operation("differentiate_drop_out", (*places, settings), self.activation, numbers)]
        return [Operation("differentiate", places, self.activation)]

    def input_backward(self, span: Span, dA_before: Place, columns: tuple[int, int]) -> list[Operation]:
        """dA_before = dZ W."""
        m, done = span.A.rows // self.heads, []
        for i, head in enumerate(self._each_head(span)):
            out = dA_before.some_rows(i * m, (i + 1) * m).some_columns(*columns)
            # with one output unit every sum has one term
            kernel = "outer" if self.n == 1 else "product"
            done.append(Operation(kernel, (head.dA, head.W.some_columns(*columns), out), numbers=(0, 0)))
        return done

    def gradients(self, span: Span, tile: tuple[int, int]) -> list[Gradient]:
        """dW = dZᵀ A_before; db is there."""
        first, stop = tile
        found = []
        for i, head in enumerate(self._each_head(span)):
            dZ, db, W_at, b_at = (
                *(p.some_columns(*tile) for p in (head.dA, head.db)),
                i * self.n * self.n_before,
                i * self.n,
            )

            def dW(out: Place, dZ: Place = dZ, A_before: Place = head.A_before) -> list[Operation]:
                place = out.matrix(stop - first, self.n_before)
                return [Operation("product", (dZ, A_before, place), numbers=(1, 0))]

            found += [
                Gradient(0, W_at + first * self.n_before, W_at + stop * self.n_before, dW),
                Gradient(1, b_at + first, b_at + stop, db),
            ]
        return found


class Head(NamedTuple):
    """W and b of a head, db, and the rows of the layer's places that are its own."""

    W: Place
    b: Place
    db: Place
    A_before: Place
    Z: Place
    A: Place
    dA: Place


class Limits(NamedTuple):
    """The lowest and the highest value of every parameter, (n_parameters,): −∞, 0 or ∞."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def moved(self, theta: Array) -> Array:
        """Parameters mirrored into the limits, entry by entry; where both limits are 0, zero."""
        outside = (theta < self.low) | (theta > self.high)
        return np.clip(np.where(outside, -theta, theta), self.low, self.high)


class Plan:
    """A network ready to be trained: its architecture and its blocks, with all parameters in one vector.

    Parameters
    ----------
    architecture : Architecture
        n[0] counts what enters layer 1.
    pieces : sequence of Piece
        What stands before layer 1.
    parametrization : {"standard", "ntk"}
        Of the dense layers; see `Dense`.
    join : callable, optional
        Makes one block of the pieces and layer 1, or None where it cannot.

    Attributes
    ----------
    blocks : tuple of Block
        The pieces and the dense layers l = 1 … L, where the first ones may be joined.
    members : int
        Members that share the hidden layers of one network; see `Members`.
    specs : tuple of ParameterSpec
        Every array of parameters, in the order of the vector.
    bounds : tuple of int
        Where each array starts in the vector, and the end.
    limits : Limits or None
        Between which values the parameters must stay, if not anywhere.
    """

    def __init__(
        self,
        architecture: Architecture,
        pieces: Sequence[Piece] = (),
        parametrization: str = "standard",
        join: Callable[[Sequence[Piece], Dense], Block | None] | None = None,
    ) -> None:
        self.architecture = architecture
        self.pieces = tuple(pieces)
        self.members = self.pieces[-1].copies if self.pieces else 1
        names = (*architecture.hidden_activations, "identity")
        sizes = architecture.sizes
        dense = tuple(
            Dense(l, sizes[l - 1], sizes[l], names[l - 1], l < architecture.L, parametrization, self.members)
            for l in range(1, architecture.L + 1)
        )
        joined = join(self.pieces, dense[0]) if join else None
        self.blocks: tuple[Block, ...] = (joined, *dense[1:]) if joined else (*self.pieces, *dense)
        self.specs = tuple(spec for block in self.blocks for spec in block.parameters)
        self.bounds = tuple(int(n) for n in np.cumsum([0, *(spec.size for spec in self.specs)]))
        self.limits: Limits | None = None

    @property
    def n_parameters(self) -> int:
        """Entries of the parameter vector."""
        return self.bounds[-1]

    @property
    def multiply_adds(self) -> int:
        """Those of one example's way forward, about: one for each parameter, but for what is looked up."""
        return self.n_parameters - sum(getattr(block, "saved", 0) for block in self.blocks)

    @property
    def n_in(self) -> int:
        """Inputs of one example: n[0] unless a piece makes more or fewer of them."""
        return self.blocks[0].n_in

    @property
    def penalised(self) -> Array:
        """Decay factor of every entry of the parameter vector, (n_parameters,)."""
        return np.concatenate([np.full(spec.size, spec.decay) for spec in self.specs])

    @property
    def fitted(self) -> bool:
        """Whether some parameters are computed from the training rows instead of drawn."""
        return any(spec.fitted for spec in self.specs)

    def initial(self, generator: np.random.Generator, X: Array | None = None) -> Array:
        """Initial parameters, (n_parameters,), array by array; X (n, n_in): the training rows, if some are fitted."""
        arrays = [
            spec.initial(generator) if spec.fitted is None or X is None else spec.fitted(X) for spec in self.specs
        ]
        theta = np.concatenate([spec.flat(array) for spec, array in zip(self.specs, arrays, strict=True)])
        return theta if self.limits is None else self.limits.moved(theta)

    def allows(self, theta: Array) -> bool:
        """Whether parameters, (n_parameters,), are within the limits."""
        return self.limits is None or bool(((theta >= self.limits.low) & (theta <= self.limits.high)).all())

    def named(self, theta: Array) -> dict[str, Array]:
        """The arrays of parameters of one network, (n_parameters,), by name."""
        return {
            spec.name: spec.array(theta[start:stop])
            for spec, start, stop in zip(self.specs, self.bounds[:-1], self.bounds[1:], strict=True)
        }

    def layers(self, theta: Array, member: int = 0) -> Parameters:
        """W[l], (n[l], n[l-1]), and b[l], (n[l], 1), of one network in float64, as the specification takes them.

        Of several members that share its hidden layers one has to be chosen.
        """
        arrays = self.named(np.asarray(theta, dtype=np.float64))
        found = [(arrays[f"W[{l}]"], arrays[f"b[{l}]"][..., None]) for l in range(1, self.architecture.L + 1)]
        if self.members > 1:
            found[-1] = (found[-1][0][member], found[-1][1][member])
        return found

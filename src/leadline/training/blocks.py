"""Blocks: what a network is built of, from left to right.

A block's forward pass reads A of the block before, writes its own A and leaves its cache to its backward pass, which
reads dA of its own output and writes its gradients and dA of the block before. Dense layers are blocks, and
so is every piece that stands before layer 1 (a scale per feature, an embedding): same contract, own parameters
with their own rate and decay factors. L counts the dense layers only.

A block is a plan. It says which places it needs in a network's memory and writes the operations of its passes on them,
tile by tile of its units. Places are matrices with examples in rows, so A here is Aᵀ of the equations.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from leadline.network import Architecture, Parameters, activation, initial_standard_deviation
from leadline.training.hyperparameters import Hyperparameters
from leadline.training.program import Layout, Operation, Place

__all__ = ["Block", "Dense", "FeatureScale", "ParameterSpec", "Plan", "Span", "plan_for"]

Array = NDArray[Any]

# A tile has so many units, where the product behind it is worth a lane of its own: so many multiply-adds.
TILE_UNITS = 256
TILE_WORK = 1 << 23


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
    """

    name: str
    shape: tuple[int, ...]
    initial: Callable[[np.random.Generator], Array]
    rate_factor: float = 1.0
    decay: float = 1.0

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.prod(self.shape))


class Span(NamedTuple):
    """The places of a block for m examples.

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
    """Operations that compute the gradient of entries `first` up to `stop` of parameter array `spec`, given where."""

    spec: int
    first: int
    stop: int
    operations: Callable[[Place], list[Operation]]


class Block(Protocol):
    """The contract of everything that a network is built of."""

    @property
    def n_in(self) -> int:
        """Units that it takes in."""

    @property
    def n_out(self) -> int:
        """Units that it gives out."""

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


@dataclass(frozen=True)
class FeatureScale:
    """A learned factor for each input: A = s ∗ X, so that useless inputs can be turned down (RealMLP, 2024)."""

    n: int
    rate_factor: float = 6.0

    @property
    def n_in(self) -> int:
        """The number of inputs."""
        return self.n

    @property
    def n_out(self) -> int:
        """As many units as inputs."""
        return self.n

    @property
    def output(self) -> str:
        """The scaled inputs."""
        return "A[0]"

    @property
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """The factors, one for each input, starting at one; they do not decay."""
        return (ParameterSpec("feature_scale", (self.n,), lambda _: np.ones(self.n), self.rate_factor, decay=0.0),)

    def extra(self, layout: Layout, m: int, backward: bool) -> tuple[Place, ...]:
        """Nothing."""
        return ()

    def tiles(self, m: int) -> list[tuple[int, int]]:
        """One."""
        return [(0, self.n)]

    def forward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """A = s ∗ X."""
        return [Operation("scale", (span.A_before, span.theta[0], span.A))]

    def own_backward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """Nothing: Z is A."""
        return []

    def input_backward(self, span: Span, dA_before: Place, columns: tuple[int, int]) -> list[Operation]:
        """dX = s ∗ dA."""
        part = (place.some_columns(*columns) for place in (span.dA, span.theta[0], dA_before))
        return [Operation("scale", tuple(part))]

    def gradients(self, span: Span, tile: tuple[int, int]) -> list[Gradient]:
        """ds = Σ over examples of dA ∗ X."""
        return [Gradient(0, 0, self.n, lambda out: [Operation("scale_gradient", (span.dA, span.A_before, out))])]


@dataclass(frozen=True)
class Dense:
    """Layer l: Z[l] = W[l] A[l-1] + b[l], A[l] = g[l](Z[l]), with dropout on A[l] of hidden layers in training.

    The output layer's activation belongs to the loss: there g is the identity and A holds the scores.
    """

    l: int
    n_before: int
    n: int
    activation: str
    hidden: bool

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
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """W[l], (n[l], n[l-1]), and b[l], (n[l],)."""
        deviation = initial_standard_deviation(self.n_before, self.n, self.activation)
        shape = (self.n, self.n_before)
        return (
            ParameterSpec(f"W[{self.l}]", shape, lambda generator: deviation * generator.standard_normal(shape)),
            ParameterSpec(f"b[{self.l}]", (self.n,), lambda _: np.zeros(self.n), decay=0.0),
        )

    def extra(self, layout: Layout, m: int, backward: bool) -> tuple[Place, ...]:
        """For a backward pass: db, and Z where g′ reads it."""
        if not backward:
            return ()
        db = layout.matrix(1, self.n)
        return (db, layout.matrix(m, self.n)) if activation(self.activation).needs_z else (db,)

    def tiles(self, m: int) -> list[tuple[int, int]]:
        """Tiles of TILE_UNITS units where their product is worth it."""
        if m * self.n_before * TILE_UNITS < TILE_WORK:
            return [(0, self.n)]
        edges = [*range(0, max(self.n - TILE_UNITS // 2, 1), TILE_UNITS), self.n]
        return list(pairwise(edges))

    def _z(self, span: Span) -> Place:
        return span.extra[1] if len(span.extra) > 1 else span.A

    def forward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """Z = A_before Wᵀ + b and A = g(Z)."""
        W = span.theta[0].matrix(self.n, self.n_before).some_rows(*tile)
        Z, b, A = (place.some_columns(*tile) for place in (self._z(span), span.theta[1], span.A))
        product = Operation("product", (span.A_before, W, Z), numbers=(0, 1))
        if not (self.hidden and dropout):
            return [product, Operation("activate", (Z, b, A), self.activation)]
        numbers = (self.l, tile[0], self.n)
        return [product, Operation("activate_drop_out", (Z, b, A, span.settings), self.activation, numbers)]

    def own_backward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """dZ = dA ∗ g′(Z) in the place of dA, and db = Σ over examples of dZ."""
        places = tuple(place.some_columns(*tile) for place in (span.dA, self._z(span), span.A, span.extra[0]))
        if not (self.hidden and dropout):
            return [Operation("differentiate", places, self.activation)]
        numbers = (self.l, tile[0], self.n)
        return [Operation("differentiate_drop_out", (*places, span.settings), self.activation, numbers)]

    def input_backward(self, span: Span, dA_before: Place, columns: tuple[int, int]) -> list[Operation]:
        """dA_before = dZ W."""
        W = span.theta[0].matrix(self.n, self.n_before).some_columns(*columns)
        out = dA_before.some_columns(*columns)
        # with one output unit every sum has one term
        return [Operation("outer" if self.n == 1 else "product", (span.dA, W, out), numbers=(0, 0))]

    def gradients(self, span: Span, tile: tuple[int, int]) -> list[Gradient]:
        """dW = dZᵀ A_before; db is there."""
        dZ, db = (place.some_columns(*tile) for place in (span.dA, span.extra[0]))
        first, stop = tile

        def dW(out: Place) -> list[Operation]:
            place = out.matrix(stop - first, self.n_before)
            return [Operation("product", (dZ, span.A_before, place), numbers=(1, 0))]

        return [
            Gradient(0, first * self.n_before, stop * self.n_before, dW),
            Gradient(1, first, stop, lambda out: [Operation("copy", (db, out))]),
        ]


class Plan:
    """A network ready to be trained: its architecture and its blocks, with all parameters in one vector.

    Parameters
    ----------
    architecture : Architecture
        n[0] counts what enters layer 1.
    pieces : sequence of Block
        What stands before layer 1.

    Attributes
    ----------
    blocks : tuple of Block
        The pieces, then the dense layers l = 1 … L.
    specs : tuple of ParameterSpec
        Every array of parameters, in the order of the vector.
    bounds : tuple of int
        Where each array starts in the vector, and the end.
    """

    def __init__(self, architecture: Architecture, pieces: Sequence[Block] = ()) -> None:
        self.architecture = architecture
        self.pieces = tuple(pieces)
        names = (*architecture.hidden_activations, "identity")
        sizes = architecture.sizes
        dense = tuple(
            Dense(l, sizes[l - 1], sizes[l], names[l - 1], hidden=l < architecture.L)
            for l in range(1, architecture.L + 1)
        )
        self.blocks: tuple[Block, ...] = (*self.pieces, *dense)
        self.specs = tuple(spec for block in self.blocks for spec in block.parameters)
        self.bounds = tuple(int(n) for n in np.cumsum([0, *(spec.size for spec in self.specs)]))

    @property
    def n_parameters(self) -> int:
        """Entries of the parameter vector."""
        return self.bounds[-1]

    @property
    def n_in(self) -> int:
        """Inputs of one example: n[0] unless a piece makes more or fewer of them."""
        return self.blocks[0].n_in

    @property
    def penalised(self) -> Array:
        """Decay factor of every entry of the parameter vector, (n_parameters,)."""
        return np.concatenate([np.full(spec.size, spec.decay) for spec in self.specs])

    def initial(self, generator: np.random.Generator) -> Array:
        """Initial parameters, (n_parameters,), drawn array by array."""
        return np.concatenate([np.ravel(spec.initial(generator)) for spec in self.specs])

    def named(self, theta: Array) -> dict[str, Array]:
        """The arrays of parameters of one network, (n_parameters,), by name."""
        return {
            spec.name: theta[start:stop].reshape(spec.shape)
            for spec, start, stop in zip(self.specs, self.bounds[:-1], self.bounds[1:], strict=True)
        }

    def layers(self, theta: Array) -> Parameters:
        """W[l], (n[l], n[l-1]), and b[l], (n[l], 1), of one network in float64, as the specification takes them."""
        arrays = self.named(np.asarray(theta, dtype=np.float64))
        return [(arrays[f"W[{l}]"], arrays[f"b[{l}]"][:, None]) for l in range(1, self.architecture.L + 1)]


def plan_for(settings: Hyperparameters, n_inputs: int, n_scores: int, loss: str) -> Plan:
    """The plan of a network with these settings, for so many inputs and output units.

    For L = 1 no piece stands before the layer: it is logistic or linear regression and nothing else.
    """
    sizes = (n_inputs, *settings.hidden_layer_sizes, n_scores)
    pieces = [FeatureScale(n_inputs)] if settings.feature_scale and settings.hidden_layer_sizes else []
    return Plan(Architecture(sizes, settings.activation, loss), pieces)

"""Blocks: what a network is built of, from left to right.

A block's forward pass reads A of the block before, writes its own A and leaves its cache to its backward pass, which
reads dA of its own output and writes its gradients and dA of the block before. Dense layers are blocks, and
so is every piece that stands before layer 1 (a scale per feature, an embedding): same contract, own parameters
with their own rate and decay factors. L counts the dense layers only.

A block is a plan. `bind` gives it arrays: views of the parameters, gradients and buffers of some of the networks of
a population and of m examples. Arrays are (P, m, n): networks, examples, units.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from leadline.network import Architecture, Parameters, activation, initial_standard_deviation
from leadline.training.hyperparameters import Hyperparameters
from leadline.training.kernels import activation_kernels, drop_out, drop_out_backward, scale, scale_backward

__all__ = ["Block", "Bound", "Dense", "Dropout", "FeatureScale", "ParameterSpec", "Plan", "plan_for"]

Array = NDArray[Any]


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


@dataclass
class Dropout:
    """The dropout of one step: `keys` (H, P) for the hidden layers, `thresholds` and `scales` (P,); see kernels."""

    keys: Array
    thresholds: Array
    scales: Array


class Bound(Protocol):
    """A block with its arrays."""

    A: Array
    dA: Array | None

    def forward(self, A_before: Array, dropout: Dropout | None) -> None:
        """A from A of the block before; the cache stays here."""

    def backward(self, A_before: Array, dA_before: Array | None, dropout: Dropout | None) -> None:
        """Gradients, and dA of the block before unless nothing there needs it."""


class Block(Protocol):
    """The contract of everything that a network is built of."""

    @property
    def n_in(self) -> int:
        """Units that it takes in."""

    @property
    def n_out(self) -> int:
        """Units that it gives out."""

    @property
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """Its arrays of parameters, in their order."""

    def allocate(self, P: int, m: int, dtype: type, backward: bool) -> tuple[Array, ...]:
        """Buffers for P networks and m examples; the first is A, and with `backward` the second is dA."""

    def bind(self, theta: Sequence[Array], gradients: Sequence[Array], buffers: tuple[Array, ...]) -> Bound:
        """The block on these arrays; no gradients for a forward pass alone."""


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
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """The factors, one for each input, starting at one; they do not decay."""
        return (ParameterSpec("feature_scale", (self.n,), lambda _: np.ones(self.n), self.rate_factor, decay=0.0),)

    def allocate(self, P: int, m: int, dtype: type, backward: bool) -> tuple[Array, ...]:
        """A, and dA for a backward pass."""
        return tuple(np.zeros((P, m, self.n), dtype) for _ in range(1 + backward))

    def bind(self, theta: Sequence[Array], gradients: Sequence[Array], buffers: tuple[Array, ...]) -> Bound:
        """The block on these arrays."""
        return _BoundScale(theta[0], gradients[0] if gradients else None, *buffers)


class _BoundScale:
    def __init__(self, factors: Array, gradient: Array | None, A: Array, dA: Array | None = None) -> None:
        self.factors, self.gradient, self.A, self.dA = factors, gradient, A, dA

    def forward(self, A_before: Array, dropout: Dropout | None) -> None:
        scale(A_before, self.factors, self.A)

    def backward(self, A_before: Array, dA_before: Array | None, dropout: Dropout | None) -> None:
        assert self.dA is not None
        scale_backward(self.dA, A_before, self.gradient)
        if dA_before is not None:
            scale(self.dA, self.factors, dA_before)


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
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """W[l], (n[l], n[l-1]), and b[l], (n[l],)."""
        deviation = initial_standard_deviation(self.n_before, self.n, self.activation)
        shape = (self.n, self.n_before)
        return (
            ParameterSpec(f"W[{self.l}]", shape, lambda generator: deviation * generator.standard_normal(shape)),
            ParameterSpec(f"b[{self.l}]", (self.n,), lambda _: np.zeros(self.n), decay=0.0),
        )

    def allocate(self, P: int, m: int, dtype: type, backward: bool) -> tuple[Array, ...]:
        """A; for a backward pass dA too, and Z where g′ reads it."""
        count = 1 if not backward else 3 if activation(self.activation).needs_z else 2
        return tuple(np.zeros((P, m, self.n), dtype) for _ in range(count))

    def bind(self, theta: Sequence[Array], gradients: Sequence[Array], buffers: tuple[Array, ...]) -> Bound:
        """The block on these arrays."""
        return _BoundDense(self, theta, gradients, buffers)


class _BoundDense:
    def __init__(
        self, block: Dense, theta: Sequence[Array], gradients: Sequence[Array], buffers: tuple[Array, ...]
    ) -> None:
        self.W, self.b = theta
        self.W_transposed = self.W.transpose(0, 2, 1)
        self.dW: Any
        self.db: Any
        self.dW, self.db = gradients if gradients else (None, None)
        self.A = buffers[0]
        self.dA = buffers[1] if len(buffers) > 1 else None
        self.Z = buffers[2] if len(buffers) > 2 else None
        self.dA_transposed: Any = None if self.dA is None else self.dA.transpose(0, 2, 1)
        self.activate, self.activate_in_place, self.differentiate = activation_kernels(
            block.activation,
            self.A.dtype.type,  # type: ignore[arg-type]
        )
        self.layer = block.l - 1 if block.hidden else None

    def forward(self, A_before: Array, dropout: Dropout | None) -> None:
        if self.Z is None:
            np.matmul(A_before, self.W_transposed, out=self.A)
            self.activate_in_place(self.A, self.b)
        else:
            np.matmul(A_before, self.W_transposed, out=self.Z)
            self.activate(self.Z, self.b, self.A)
        if dropout is not None and self.layer is not None:
            drop_out(self.A, dropout.keys[self.layer], dropout.thresholds, dropout.scales)

    def backward(self, A_before: Array, dA_before: Array | None, dropout: Dropout | None) -> None:
        assert self.dA is not None
        if dropout is not None and self.layer is not None:
            drop_out_backward(self.dA, self.A, dropout.keys[self.layer], dropout.thresholds, dropout.scales)
        self.differentiate(self.dA, self.A if self.Z is None else self.Z, self.A, self.db)
        dZ, dZ_transposed = self.dA, self.dA_transposed
        np.matmul(dZ_transposed, A_before, out=self.dW)
        if dA_before is not None:
            np.matmul(dZ, self.W, out=dA_before)


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

    def views(self, theta: Array) -> list[Array]:
        """Each array of parameters of a stack of networks, as views of `theta`, (P, n_parameters)."""
        return [
            theta[:, start:stop].reshape(theta.shape[0], *spec.shape)
            for spec, start, stop in zip(self.specs, self.bounds[:-1], self.bounds[1:], strict=True)
        ]

    def named(self, theta: Array) -> dict[str, Array]:
        """The arrays of parameters of one network, (n_parameters,), by name."""
        return {spec.name: view[0] for spec, view in zip(self.specs, self.views(theta[None]), strict=True)}

    def before_layer_1(self, theta: Array, X: Array) -> Array:
        """What enters layer 1, (m, n[0]), when X, (m, n_in), enters the pieces before it."""
        views = iter(self.views(np.asarray(theta, dtype=X.dtype)[None]))
        A = X[None]
        for piece in self.pieces:
            bound = piece.bind(
                [next(views) for _ in piece.parameters], [], piece.allocate(1, len(X), X.dtype.type, backward=False)
            )
            bound.forward(A, None)
            A = bound.A
        return np.asarray(A[0])

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

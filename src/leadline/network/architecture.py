"""The architecture of a network: how many units each layer has and which activation.

L counts the layers with parameters: every hidden layer and the output layer. The input is layer 0 and is not counted,
so `sizes` has L + 1 entries, n[0] … n[L], and `activations` has L − 1, g[1] … g[L-1]: g[L] belongs to the loss.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError, ShapeError
from leadline.network.activations import activation
from leadline.network.differences import check_loss
from leadline.network.losses import Loss, loss

__all__ = ["Architecture", "LayerShapes", "Parameters"]

Parameters = list[tuple[NDArray[np.float64], NDArray[np.float64]]]
"""W[l], (n[l], n[l-1]), and b[l], (n[l], 1), for l = 1 … L."""


@dataclass(frozen=True)
class LayerShapes:
    """The shapes of one layer, in symbols and in numbers, and what it costs.

    Attributes
    ----------
    l : int
    activation : str
        g[l]; of the output layer the activation that belongs to the loss.
    shapes : dict of str to (str, tuple)
        For W, b, dW, db, Z, A, dZ and dA the law and the numbers: ("(n[1], n[0])", (5, 3)). m is a number or "m".
    parameters : int
        Entries of W[l] and b[l].
    multiply_adds : int
        Of the products of one example: W A forward; dZ Aᵀ and, but for l = 1, Wᵀ dZ backward.
    cached : int
        Numbers that one example leaves in the cache: Z[l] and A[l].
    """

    l: int
    activation: str
    shapes: dict[str, tuple[str, tuple[int | str, ...]]]
    parameters: int
    multiply_adds: int
    cached: int


BYTES = 8  # of a float64, in which the specification computes


@dataclass(frozen=True)
class Architecture:
    """Sizes and activations of a deep L-layer network.

    Parameters
    ----------
    sizes : tuple of int
        n[0], n[1], …, n[L]: features, hidden units of each layer, outputs.
    activations : str or tuple of str, default "relu"
        g[1] … g[L-1]; one name stands for every hidden layer.
    loss : str or Loss, default "half_squared_error"
        The loss, which also fixes the output activation g[L]; an object of the caller's own is checked by `check_loss`.

    Raises
    ------
    ParameterError
        Fewer than two sizes, a size that is not a positive integer, an unknown name, or a wrong number of activations.

    Examples
    --------
    >>> network = Architecture(sizes=(3, 5, 5, 3, 1), activations="relu")
    >>> network.L
    4
    >>> print(network)
    L = 4, n[0] = 3, loss half_squared_error
    l  g[l]      W[l], dW[l]            b[l], db[l]         Z[l], A[l], dZ[l], dA[l]  parameters
    1  relu      (n[1], n[0]) = (5, 3)  (n[1], 1) = (5, 1)  (n[1], m) = (5, m)        20
    2  relu      (n[2], n[1]) = (5, 5)  (n[2], 1) = (5, 1)  (n[2], m) = (5, m)        30
    3  relu      (n[3], n[2]) = (3, 5)  (n[3], 1) = (3, 1)  (n[3], m) = (3, m)        18
    4  identity  (n[4], n[3]) = (1, 3)  (n[4], 1) = (1, 1)  (n[4], m) = (1, m)        4
    72 parameters
    per example: 159 multiply-adds forward and backward; 1,376 bytes of parameters, gradients and cache in float64
    """

    sizes: tuple[int, ...]
    activations: str | tuple[str, ...] = "relu"
    loss: str | Loss = "half_squared_error"

    def __post_init__(self) -> None:
        sizes = tuple(self.sizes)
        if len(sizes) < 2:
            raise ParameterError(f"Architecture.sizes must have at least two entries, n[0] and n[L]; got {sizes}.")
        for l, n in enumerate(sizes):
            if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
                raise ParameterError(f"Architecture.sizes: n[{l}] must be a positive integer; got {n!r}.")
        object.__setattr__(self, "sizes", tuple(int(n) for n in sizes))
        names = tuple(self.hidden_activations)
        if len(names) != self.L - 1:
            raise ParameterError(
                f"Architecture.activations must name g[1] … g[{self.L - 1}], one for each of the {self.L - 1} "
                f"hidden layers; got {len(names)} names."
            )
        for name in names:
            activation(name)
        object.__setattr__(self, "activations", names)
        if isinstance(self.loss, str):
            loss(self.loss)
        else:
            check_loss(self.loss, self.sizes[-1])

    @property
    def L(self) -> int:
        """The number of layers with parameters; 1 is logistic or linear regression."""
        return len(self.sizes) - 1

    @property
    def hidden_activations(self) -> tuple[str, ...]:
        """The names of g[1] … g[L-1]."""
        return (self.activations,) * (self.L - 1) if isinstance(self.activations, str) else self.activations

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        """n[1] … n[L-1]."""
        return self.sizes[1:-1]

    @property
    def n_parameters(self) -> int:
        """Entries of all W[l] and b[l] together."""
        return sum(n * (n_before + 1) for n_before, n in zip(self.sizes[:-1], self.sizes[1:], strict=True))

    def shapes(self, m: int | None = None) -> list[LayerShapes]:
        """The shapes of each layer l = 1 … L, for a batch of m examples, or for "m" of them."""
        examples: int | str = "m" if m is None else m
        output = getattr(loss(self.loss), "output_activation", "identity")
        rows = []
        for l, name in enumerate((*self.hidden_activations, output), start=1):
            n, n_before = self.sizes[l], self.sizes[l - 1]
            weights: tuple[str, tuple[int | str, ...]] = (f"(n[{l}], n[{l - 1}])", (n, n_before))
            bias: tuple[str, tuple[int | str, ...]] = (f"(n[{l}], 1)", (n, 1))
            units: tuple[str, tuple[int | str, ...]] = (f"(n[{l}], m)", (n, examples))
            shapes = {"W": weights, "b": bias, "dW": weights, "db": bias} | dict.fromkeys(("Z", "A", "dZ", "dA"), units)
            products = 3 if l > 1 else 2
            rows.append(LayerShapes(l, name, shapes, n * n_before + n, products * n * n_before, 2 * n))
        return rows

    def table(self, m: int | None = None) -> str:
        """The table of shapes, one line for each layer, and totals; for a batch of m examples, or for "m" of them."""
        rows: list[tuple[str, ...]] = [
            ("l", "g[l]", "W[l], dW[l]", "b[l], db[l]", "Z[l], A[l], dZ[l], dA[l]", "parameters")
        ]
        layers = self.shapes(m)
        for layer in layers:
            written = [
                f"{law} = ({', '.join(map(str, numbers))})"
                for law, numbers in (layer.shapes[q] for q in ("W", "b", "Z"))
            ]
            rows.append((str(layer.l), layer.activation, *written, f"{layer.parameters:,}"))
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        n_products, n_cached = sum(layer.multiply_adds for layer in layers), sum(layer.cached for layer in layers)
        examples = "example" if m is None else f"batch of {m:,}"
        size = BYTES * (2 * self.n_parameters + n_cached * (m or 1))
        return "\n".join(
            [
                f"L = {self.L}, n[0] = {self.sizes[0]}, loss {getattr(self.loss, 'name', self.loss)}",
                *lines,
                f"{self.n_parameters:,} parameters",
                f"per {examples}: {n_products * (m or 1):,} multiply-adds forward and backward; {size:,} bytes of "
                "parameters, gradients and cache in float64",
            ]
        )

    def __str__(self) -> str:
        return self.table()

    def check_parameters(self, parameters: Parameters) -> None:
        """Check W[l] and b[l] against the laws of shapes.

        Raises
        ------
        ShapeError
            The number of layers or a shape is wrong; the message names the layer and the law.
        """
        if len(parameters) != self.L:
            raise ShapeError(f"a network with L = {self.L} layers needs {self.L} pairs (W, b); got {len(parameters)}.")
        for l, (W, b) in enumerate(parameters, start=1):
            n, n_before = self.sizes[l], self.sizes[l - 1]
            if np.shape(W) != (n, n_before):
                raise ShapeError(
                    f"layer {l}: W[{l}] must be (n[{l}], n[{l - 1}]) = ({n}, {n_before}); got {np.shape(W)}."
                )
            if np.shape(b) != (n, 1):
                raise ShapeError(f"layer {l}: b[{l}] must be (n[{l}], 1) = ({n}, 1); got {np.shape(b)}.")

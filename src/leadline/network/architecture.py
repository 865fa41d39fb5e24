"""The architecture of a network: how many units each layer has and which activation.

L counts the layers with parameters: every hidden layer and the output layer. The input is layer 0 and is not counted,
so `sizes` has L + 1 entries, n[0] … n[L], and `activations` has L − 1, g[1] … g[L-1]: g[L] belongs to the loss.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError, ShapeError
from leadline.network.activations import activation
from leadline.network.losses import loss

__all__ = ["Architecture", "Parameters"]

Parameters = list[tuple[NDArray[np.float64], NDArray[np.float64]]]
"""W[l], (n[l], n[l-1]), and b[l], (n[l], 1), for l = 1 … L."""


@dataclass(frozen=True)
class Architecture:
    """Sizes and activations of a deep L-layer network.

    Parameters
    ----------
    sizes : tuple of int
        n[0], n[1], …, n[L]: features, hidden units of each layer, outputs.
    activations : str or tuple of str, default "relu"
        g[1] … g[L-1]; one name stands for every hidden layer.
    loss : str, default "half_squared_error"
        The loss, which also fixes the output activation g[L].

    Raises
    ------
    ParameterError
        Fewer than two sizes, a size that is not a positive integer, an unknown name, or a wrong number of activations.

    Examples
    --------
    >>> network = Architecture(sizes=(3, 5, 5, 3, 1), activations="relu")
    >>> network.L
    4
    >>> network.n_parameters
    72
    """

    sizes: tuple[int, ...]
    activations: str | tuple[str, ...] = "relu"
    loss: str = "half_squared_error"

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
        loss(self.loss)

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

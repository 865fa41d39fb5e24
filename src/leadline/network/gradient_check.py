"""Gradient checking: the backward pass against central differences of the forward pass, in float64.

A derivative of the mean loss J along a direction d is compared with the central difference of fourth order

    ĝ = (8 [J(θ + εd) − J(θ − εd)] − [J(θ + 2εd) − J(θ − 2εd)]) / 12ε        (`differences`),

for small networks along every single parameter, for large ones along random directions within each layer. The figure is
‖g − ĝ‖ / (‖g‖ + ‖ĝ‖): about 1e-11 where both are right, of order 1 where one is wrong. (The usual difference of two
values is too coarse for the first layers of deep sigmoid networks, whose gradients all but vanish.)

Where a derivative or its slope jumps (relu at 0, an absolute error at its target) the two differ although nothing is
wrong, so examples that come near such a corner are left out, and the check says how many it kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadline.errors import ParameterError
from leadline.network.activations import activation
from leadline.network.architecture import Architecture, Parameters
from leadline.network.differences import TOLERANCE, fourth_order, relative_error
from leadline.network.equations import backward, cost, forward
from leadline.network.losses import loss

__all__ = ["LAYER_TOLERANCE", "TOLERANCE", "GradientCheck", "check_gradients"]

Array = NDArray[np.float64]

# Examples whose scores come this near a corner, several times as far as 2ε moves them, are left out.
MARGIN = 5e-3
# Up to this many parameters every one is checked; beyond, this many directions in each layer.
EVERY_ENTRY = 3000
DIRECTIONS = 30
LAYER_TOLERANCE = 1e-5


@dataclass(frozen=True)
class GradientCheck:
    """What a gradient check found.

    Attributes
    ----------
    error : float
        ‖g − ĝ‖ / (‖g‖ + ‖ĝ‖) over all parameters.
    layer_errors : tuple of float
        The same for the parameters of each layer l = 1 … L.
    method : str
        "every entry" or "random directions".
    comparisons : int
        Derivatives that were compared.
    examples : int
        Examples that were kept, away from corners.
    """

    error: float
    layer_errors: tuple[float, ...]
    method: str
    comparisons: int
    examples: int

    @property
    def passed(self) -> bool:
        """Whether the error is below 1e-7 over all parameters and below 1e-5 in each layer."""
        return self.error < TOLERANCE and max(self.layer_errors) < LAYER_TOLERANCE


def check_gradients(
    architecture: Architecture,
    parameters: Parameters,
    X: ArrayLike,
    Y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    gradients: Parameters | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Check the backward pass, or gradients that something else computed, against central differences.

    Parameters
    ----------
    architecture : Architecture
    parameters : list of (W, b)
        In float64; left as they are.
    X : (n[0], m) array
    Y : (n[L], m) array
    sample_weight : (m,) array, optional
    gradients : list of (dW, db), optional
        What is to be checked, for all m examples; `backward` of the specification by default.
    seed : int
        Draws the random directions for a large network.

    Returns
    -------
    GradientCheck

    Raises
    ------
    ParameterError
        Every example lies at a corner, or `gradients` were given and some examples do.
    """
    X, Y = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    w = np.ones(X.shape[1]) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    away = _away_from_corners(architecture, parameters, X, Y)
    if not away.any() or (gradients is not None and not away.all()):
        raise ParameterError(
            f"{int((~away).sum())} of {len(away)} examples lie at a corner of an activation or of the loss, where "
            "derivatives jump: leave them out, or move X a little."
        )
    X, Y, w = X[:, away], Y[:, away], w[away]
    if gradients is None:
        gradients = backward(architecture, forward(architecture, parameters, X)[1], Y, w)
    moved = [(W.copy(), b.copy()) for W, b in parameters]

    def mean_loss() -> float:
        return cost(architecture, forward(architecture, moved, X)[0], Y, w)

    every = architecture.n_parameters <= EVERY_ENTRY
    generator = np.random.default_rng(seed)
    exact, numerical = [], []
    for l in range(architecture.L):
        g, g_hat = [], []
        for d in _single_entries(moved[l]) if every else _random_directions(moved[l], generator):
            g.append(sum(float(np.sum(x * y)) for x, y in zip(gradients[l], d, strict=True)))
            g_hat.append(_central_difference(mean_loss, moved[l], d))
        exact.append(np.array(g))
        numerical.append(np.array(g_hat))
    return GradientCheck(
        relative_error(np.concatenate(exact), np.concatenate(numerical)),
        tuple(relative_error(g, g_hat) for g, g_hat in zip(exact, numerical, strict=True)),
        "every entry" if every else "random directions",
        sum(len(g) for g in exact),
        int(away.sum()),
    )


def _central_difference(mean_loss: Any, layer: tuple[Array, Array], d: tuple[Array, Array]) -> float:
    kept = [theta.copy() for theta in layer]

    def at(distance: float) -> Any:
        for theta, original, direction in zip(layer, kept, d, strict=True):
            theta[...] = original + distance * direction
        return mean_loss()

    difference = fourth_order(at)
    for theta, original in zip(layer, kept, strict=True):
        theta[...] = original
    return float(difference)


def _single_entries(layer: tuple[Array, Array]) -> Iterator[tuple[Array, Array]]:
    for which in range(2):
        for index in np.ndindex(layer[which].shape):
            d = np.zeros_like(layer[0]), np.zeros_like(layer[1])
            d[which][index] = 1.0
            yield d


def _random_directions(layer: tuple[Array, Array], generator: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    for _ in range(DIRECTIONS):
        W, b = (generator.standard_normal(theta.shape) for theta in layer)
        length = np.sqrt(np.sum(W**2) + np.sum(b**2))
        yield W / length, b / length


def _away_from_corners(architecture: Architecture, parameters: Parameters, X: Array, Y: Array) -> NDArray[np.bool_]:
    """Which examples, (m,), keep their distance from every corner."""
    Z, caches = forward(architecture, parameters, X)
    away = np.ones(X.shape[1], dtype=bool)
    for cache, name in zip(caches, architecture.hidden_activations, strict=False):
        for z in activation(name).breaks:
            away &= np.abs(cache.Z - z).min(axis=0) > MARGIN
    for residual in getattr(loss(architecture.loss), "breaks", ()):
        away &= np.abs(Z - Y - residual).min(axis=0) > MARGIN
    return away

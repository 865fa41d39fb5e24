"""The health of layers: units that never move, activations that have saturated, gradients that vanish or explode.

Everything is computed by the equations (`leadline.network`), on a sample of rows, from parameters alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline.estimators import DepthSearchCV, Model
from leadline.inspection.rows import spread_rows
from leadline.network import Architecture, Cache, Parameters, activation, backward, forward
from leadline.training import Epoch, Stop, layer_inputs, train

__all__ = ["LayerHealth", "TrainingHealth", "layer_health", "training_health"]

Array = NDArray[Any]

# Rows that the health is read from.
ROWS = 256
# Where g′ is below this share of its largest value, next to nothing of a gradient passes.
SMALL_SLOPE = 0.01
# Where every activation is steepest somewhere: (lowest z, highest z, how many).
USUAL_INPUTS = (-8.0, 8.0, 1001)


@dataclass(frozen=True)
class LayerHealth:
    """Dead and saturated units of one hidden layer, averaged over the networks of a model.

    Attributes
    ----------
    l : int
    units : int
        n[l].
    dead : float
        Share of the units through which no gradient passes, whatever the row.
    saturated : float
        Share of all activations through which no gradient passes; of relu, those that are 0.
    mean, standard_deviation : float
        Of A[l] over rows and units.
    """

    l: int
    units: int
    dead: float
    saturated: float
    mean: float
    standard_deviation: float


@dataclass(frozen=True)
class TrainingHealth:
    """Dead units, saturation and gradients of each layer of a network, epoch by epoch.

    Attributes
    ----------
    epochs : int
    gradient_norms : (epochs, L) array
        ‖dW[l]‖, Frobenius, of the mean loss over a sample of training rows.
    relative_norms : (epochs, L) array
        The same, divided by ‖W[l]‖.
    dead, saturated : (epochs, L − 1) array
        As in `LayerHealth`.
    """

    epochs: int
    gradient_norms: NDArray[np.float64]
    relative_norms: NDArray[np.float64]
    dead: NDArray[np.float64]
    saturated: NDArray[np.float64]


def layer_health(model: Model, frame: pd.DataFrame) -> list[LayerHealth]:
    """Dead and saturated units of each hidden layer on rows of a table, for the networks as deep as the first.

    Parameters
    ----------
    model : Model
    frame : (m, p) DataFrame
    """
    rows = frame.iloc[spread_rows(len(frame), ROWS)].reset_index(drop=True)
    L = model.plans[0].architecture.L
    alike = [i for i, plan in enumerate(model.plans) if plan.architecture.L == L]
    found = []
    for i in alike:
        architecture = model.plans[i].architecture
        _, caches = forward(architecture, model.layers(i), model.inputs(rows, i).T)
        found.append([(*_passing(architecture, caches, l), caches[l - 1].A) for l in range(1, L)])
    return [
        LayerHealth(
            l,
            len(found[0][l - 1][2]),
            float(np.mean([own[l - 1][0] for own in found])),
            float(np.mean([own[l - 1][1] for own in found])),
            float(np.mean([own[l - 1][2].mean() for own in found])),
            float(np.mean([own[l - 1][2].std() for own in found])),
        )
        for l in range(1, L)
    ]


def training_health(
    search: DepthSearchCV, X: Any, y: Any, sample_weight: Any = None, groups: Any = None
) -> TrainingHealth | None:
    """Retrain the first network of the answer, to the same bits, and record its layers and gradients by epoch.

    Parameters
    ----------
    search : DepthSearchCV
        Fitted.
    X, y, sample_weight, groups
        What it was fitted on.

    Returns
    -------
    TrainingHealth or None
        None for a network that was solved, not trained: it has no epochs.

    Raises
    ------
    DataError
        It was fitted on something else.
    """
    problem, plan, task = search.first_network(X, y, sample_weight, groups)
    if task.settings.solved:
        return None
    rows = task.train_rows[spread_rows(len(task.train_rows), ROWS)]
    x, Y = problem.inputs_of(task.fold, rows), problem.learned(task.fold, rows).T
    norms, relative, dead, saturated = [], [], [], []

    def look(epoch: Epoch) -> None:
        architecture, parameters = plan.architecture, plan.layers(epoch.theta)
        _, caches = forward(architecture, parameters, layer_inputs(plan, epoch.theta, x).T)
        gradients = backward(architecture, caches, Y)
        norms.append([float(np.linalg.norm(dW)) for dW, _ in gradients])
        relative.append([own / max(_norm(parameters, l), 1e-300) for l, own in enumerate(norms[-1])])
        passing = [_passing(architecture, caches, l) for l in range(1, architecture.L)]
        dead.append([own[0] for own in passing])
        saturated.append([own[1] for own in passing])

    train(plan, [task], problem, problem.score, Stop(), callback=look, device=search.device_)
    return TrainingHealth(len(norms), np.array(norms), np.array(relative), np.array(dead), np.array(saturated))


def _norm(parameters: Parameters, l: int) -> float:
    return float(np.linalg.norm(parameters[l][0]))


def _passing(architecture: Architecture, caches: list[Cache], l: int) -> tuple[float, float]:
    """The shares of dead units and of saturated activations of a hidden layer."""
    cache, g = caches[l - 1], activation(architecture.hidden_activations[l - 1])
    slopes = np.abs(g.g_prime(cache.Z, cache.A) + np.zeros_like(cache.Z))
    z = np.linspace(*USUAL_INPUTS)
    small = slopes < SMALL_SLOPE * float(np.abs(g.g_prime(z, g.g(z))).max())
    return float(small.all(axis=1).mean()), float(small.mean())

"""What the layers of a network see: what can be read off A[l], what excites a unit, how alike two layers are.

Everything is computed by the equations (`leadline.network`) from one network of a model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from leadline.estimators import Model
from leadline.inspection.rows import spread_rows
from leadline.network import Parameters, activation, forward, output
from leadline.training import FeatureScale

__all__ = [
    "Probe",
    "activation_maximization",
    "column_layers",
    "layer_activations",
    "linear_cka",
    "probe_layers",
    "top_activating_rows",
]

Array = NDArray[Any]

# Rows that a probe learns from and is judged on, and folds.
PROBE_ROWS, PROBE_FOLDS = 2000, 5
# Gradient ascent: where it begins, its steps, and how far one goes, as a share of the inputs' norm.
STARTS, STEPS, STEP = 3, 100, 0.05


@dataclass(frozen=True)
class Probe:
    """A linear probe: how well a linear model predicts the target from one layer.

    Attributes
    ----------
    l : int
        0 for the inputs of layer 1.
    units : int
    score : float
        Mean over the folds: accuracy (of labels the share of rows with every label right), or R².
    error : float
        Standard error over the folds.
    """

    l: int
    units: int
    score: float
    error: float


def layer_activations(model: Model, frame: pd.DataFrame, member: int = 0) -> list[NDArray[np.float64]]:
    """A[0] to A[L] of one network of a model, each (m, n[l]), for the m rows of a table.

    A[0] is what enters layer 1: inputs that are scaled, and past the pieces before it.
    """
    architecture, X = model.plans[member].architecture, model.inputs(frame, member)
    Z, caches = forward(architecture, model.layers(member), X.T)
    return [X, *(cache.A.T for cache in caches[:-1]), output(architecture, Z).T]


def column_layers(model: Model, frame: pd.DataFrame, member: int = 0) -> tuple[Parameters, NDArray[np.float64]] | None:
    """One network in terms of the table's own columns: its parameters, and the scaled columns (m, p).

    A learned scale of the inputs is taken into W[1]. None where more stands between columns and layer 1.
    """
    own, plan = model.members[member], model.plans[member]
    if plan.members > 1 or any(not isinstance(piece, FeatureScale) for piece in plan.pieces):
        return None
    X = own.statistics.apply(model.layout.encode(frame)).astype(np.float64)
    (W, b), *deeper = model.layers(member)
    for piece in plan.pieces:
        W = W * plan.named(own.theta)[piece.parameters[0].name]
    return [(W, b), *deeper], X


def probe_layers(activations: Sequence[Array], truth: Array, classify: bool) -> list[Probe]:
    """Linear probes: how well a linear model predicts the target from each layer (Alain & Bengio 2016).

    Parameters
    ----------
    activations : sequence of (m, n[l]) arrays
    truth : (m,) or (m, k) array
        Places of classes, labels, or numbers.
    classify : bool

    Returns
    -------
    list of Probe
        One for each layer; none where a class has fewer than two rows, or there are fewer than four.
    """
    rows = spread_rows(len(truth), PROBE_ROWS)
    y = truth[rows]
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    linear: Any = LogisticRegression(max_iter=1000) if classify else RidgeCV(np.logspace(-3, 3, 7))
    if classify and y.ndim == 2:
        linear = MultiOutputClassifier(linear)
    plain_classes = classify and y.ndim == 1
    folds = min(PROBE_FOLDS, int(np.unique(y, return_counts=True)[1].min()) if plain_classes else len(y) // 2)
    if folds < 2 or (classify and any(len(np.unique(own)) < 2 for own in np.atleast_2d(y.T))):
        return []
    splitter = StratifiedKFold if plain_classes else KFold
    cv = splitter(folds, shuffle=True, random_state=0)
    found = []
    for l, A in enumerate(activations):
        scores = cross_val_score(make_pipeline(StandardScaler(), linear), A[rows], y, cv=cv)
        error = float(scores.std(ddof=1) / np.sqrt(len(scores)))
        found.append(Probe(l, A.shape[1], float(scores.mean()), error))
    return found


def top_activating_rows(A: Array, k: int) -> NDArray[np.int64]:
    """The k rows with the highest activations of each unit, (n[l], k), highest first, from A (m, n[l])."""
    return np.argsort(-A, axis=0, kind="stable")[:k].T


def linear_cka(activations: Sequence[Array]) -> NDArray[np.float64]:
    """Linear centred kernel alignment of all pairs of layers (Kornblith et al. 2019), between 0 and 1.

    Parameters
    ----------
    activations : sequence of (m, n[l]) arrays

    Returns
    -------
    (layers, layers) array
        NaN for a layer that is the same for every row.
    """
    centred = [np.asarray(A, dtype=np.float64) - np.mean(A, axis=0) for A in activations]
    own = [np.linalg.norm(A.T @ A) for A in centred]
    n = len(centred)
    found = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(n):
            if own[i] > 0 and own[j] > 0:
                found[i, j] = np.linalg.norm(centred[i].T @ centred[j]) ** 2 / (own[i] * own[j])
    return found


def activation_maximization(
    parameters: Parameters, activations: Sequence[str], units: Sequence[int], rows: Array
) -> NDArray[np.float64]:
    """Activation maximisation (Erhan et al. 2009): the input that raises each of some units of the last layer most.

    Of all inputs that are as long as rows are on average. One layer alone prefers the direction of the unit's row of W;
    in deeper ones gradient ascent on Z[l] begins at the rows that excite the unit most.

    Parameters
    ----------
    parameters : list of (W, b)
        Of layers 1 to l.
    activations : sequence of str
        g of layers 1 to l − 1; more are ignored.
    units : sequence of int
        From 0.
    rows : (m, n[0]) array
        Inputs of some rows.

    Returns
    -------
    (units, n[0]) array
    """
    chosen, norm = np.asarray(units), float(np.linalg.norm(rows, axis=1).mean())
    if len(parameters) == 1:
        return _of_norm(parameters[0][0][chosen].T, norm).T
    g = [activation(name) for name in activations[: len(parameters) - 1]]

    def climb(X: Array, of: Array) -> tuple[Array, Array]:
        """Z[l] of unit of[i] for column i of X, and its gradient."""
        A, slopes = X, []
        for (W, b), own in zip(parameters[:-1], g, strict=True):
            Z = W @ A + b
            A = np.asarray(own.g(Z))
            slopes.append(own.g_prime(Z, A))
        W, b = parameters[-1]
        score, dA = np.einsum("un,nu->u", W[of], A) + b[of, 0], W[of].T
        for (W_before, _), slope in zip(parameters[-2::-1], slopes[::-1], strict=True):
            dA = W_before.T @ (dA * slope)
        return score, dA

    starts = _of_norm(rows.T, norm)
    A = starts
    for (W, b), own in zip(parameters[:-1], g, strict=True):
        A = np.asarray(own.g(W @ A + b))
    first = top_activating_rows((parameters[-1][0] @ A).T, STARTS)[chosen]  # (units, starts)
    of = np.repeat(chosen, first.shape[1])
    X = starts[:, first.ravel()]
    best, best_score = X, np.full(len(of), -np.inf)
    for _ in range(STEPS):
        score, dA = climb(X, of)
        best, best_score = np.where(score > best_score, X, best), np.maximum(score, best_score)
        X = _of_norm(X + STEP * _of_norm(dA, norm), norm)
    ahead = best_score.reshape(first.shape).argmax(axis=1) + np.arange(len(chosen)) * first.shape[1]
    return best[:, ahead].T


def _of_norm(X: Array, norm: float) -> NDArray[np.float64]:
    """Columns stretched to a norm; zeros stay zeros."""
    lengths = np.linalg.norm(X, axis=0)
    return np.asarray(X * (norm / np.where(lengths > 0, lengths, 1.0)))

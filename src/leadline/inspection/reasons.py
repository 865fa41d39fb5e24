"""Why this row: what each column adds to the prediction of a row, against background rows; the parts sum exactly.

From a background row b a straight path leads to the row x, in the space of what enters layer 1. There each input
belongs to one column: a number with its cosines or bins, the indicators or the learned vector of a category, the
indicator of a gap. Integrated gradients (Sundararajan, Taly & Yan 2017, arXiv 1703.01365) add up, along the path,
the derivative of the output by each input times how far that input moves; averaged over several background rows these
are expected gradients (Erion et al. 2021, arXiv 1906.10670). The path is walked in a few equal steps, and the backward
pass of a step is that of the equations with ΔA/ΔZ, between its two ends, in the place of g′(Z):

    δZ[l] = δA[l] ∗ ΔA[l]/ΔZ[l],    δA[l-1] = W[l]ᵀ δZ[l]

By this chain rule of differences the parts of every step sum to the change of the output, up to rounding, however few
steps there are (with a single one it is the rescale rule of DeepLIFT, Shrikumar et al. 2017, arXiv 1704.02685). So
nothing is left over that would have to be dealt out. More steps come closer to the integral. Without hidden layers
every number of steps gives the same: the exact contribution, which no other row has a say in.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from leadline.errors import DataError, ParameterError
from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV, Member, Model
from leadline.inspection.rows import spread_rows
from leadline.network import Activation, Parameters, activation
from leadline.search import told_to
from leadline.tables import CategoryColumn, Encoded, Layout, Numbers, Ordinal, Target, free_name
from leadline.training import (
    Hyperparameters,
    coded_above,
    input_columns,
    layer_inputs,
    one_blas_thread,
)
from leadline.training.hyperparameters import Choice, Integer, check

__all__ = ["Contributions", "contributions", "explain_rows"]

Array = NDArray[np.float64]

# Background rows taken at most, evenly spaced among those given, and steps of a path: with half of either the parts of
# a row hardly move (benchmarks/README.md).
MOST_BACKGROUND, STEPS = 50, 4
# Points of paths that are computed at once: few enough to stay in the cache.
POINTS_AT_ONCE = 4096
# Between ends that are closer than this a difference quotient is rounding, more or less.
NEAR = 1e-8
# There a black box is asked so far to both sides.
AROUND = 1e-5


@dataclass(frozen=True)
class Contributions:
    """What each column adds to the output for each of m rows: outputs = base + the sum of the columns' values.

    Attributes
    ----------
    columns : tuple of str
        The p columns that the model reads.
    outputs : tuple of str
        What the k outputs are, for example "log odds of yes" or "p(yes)".
    values : (m, p, k) array
        Mean over the networks, by their weights.
    spread : (m, p, k) array
        Standard deviation over the networks; 0 for a single one.
    base : (k,) array
        The mean output of the background rows.
    of : str
        "scores" or "predictions".
    background : str
        What the rows are compared with, in words.
    rows : DataFrame
        The m rows that are explained, with these columns.
    """

    columns: tuple[str, ...]
    outputs: tuple[str, ...]
    values: Array
    spread: Array
    base: Array
    of: str
    background: str
    rows: pd.DataFrame

    @property
    def total(self) -> Array:
        """The outputs themselves, (m, k): the base and all that columns add."""
        return np.asarray(self.base + self.values.sum(axis=1))

    def frame(self, output: int = 0) -> pd.DataFrame:
        """A table of one output, a row for each row: "base", the p columns' values, and "total".

        With underscores behind "base" and "total" where a column is called so.
        """
        found = pd.DataFrame(self.values[:, :, output], columns=list(self.columns))
        found.insert(0, free_name(found, "base"), self.base[output])
        found[free_name(found, "total")] = self.total[:, output]
        return found

    def to_shap(self) -> Any:
        """The same as a ``shap.Explanation``, for the plots of shap, which has to be installed.

        Of one output the values are (m, p), of several (m, p, k). Categories and dates stay as they are in `data`.
        """
        try:
            import shap
        except ImportError as error:
            raise ParameterError("Contributions.to_shap needs shap: pip install shap.") from error
        one = len(self.outputs) == 1
        m = len(self.rows)
        return shap.Explanation(
            values=self.values[:, :, 0] if one else self.values,
            base_values=np.tile(self.base, (m, 1))[:, 0] if one else np.tile(self.base, (m, 1)),
            data=self.rows.to_numpy(dtype=object),
            feature_names=list(self.columns),
            output_names=None if one else list(self.outputs),
        )


def explain_rows(
    estimator: DeepClassifier | DeepRegressor | DepthSearchCV,
    X: Any,
    background: Any = None,
    *,
    of: str = "auto",
    steps: int = STEPS,
) -> Contributions:
    """What each column adds to the prediction of each row, exactly summed, with the networks' disagreement.

    Parameters
    ----------
    estimator : fitted DeepClassifier, DeepRegressor or DepthSearchCV
    X : (m, p) DataFrame or array
        The rows to explain.
    background : (B, p) DataFrame or array, optional
        Rows to compare with, for example those of the training table: at most 50 of them, evenly spaced. A model keeps
        no rows; without any the row of its columns' medians and commonest categories stands for all.
    of : {"auto", "scores", "predictions"}, default "auto"
        "predictions": probabilities, or numbers as `predict` gives them. "scores": what the output layer gives, before
        the output's activation: log odds of the second of two classes or of a label, logits of more classes (those of a
        row have the mean 0), logarithms where the prediction is exp(Z), and numbers before they are clipped; the mean
        over the networks, whose probabilities are averaged otherwise in `predict_proba`. "auto": "predictions" of
        numbers, but for several quantiles, and "scores" of classes and labels, where a column that adds as much to two
        rows has the same value in both.
    steps : int, default 4
        Steps from a background row to the row. The values sum exactly for any; more come closer to the integral.

    Returns
    -------
    Contributions

    Raises
    ------
    InputError
        The rows cannot be read, or a parameter breaks its rule.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from leadline import DeepRegressor
    >>> from leadline.inspection import explain_rows
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = DeepRegressor((16,), max_iter=20, n_networks=3, random_state=0).fit(X, y)
    >>> found = explain_rows(model, X[:5], X)
    >>> found.values.shape, bool(np.allclose(found.total[:, 0], model.predict(X[:5])))
    ((5, 10, 1), True)
    """
    check("explain_rows", "of", Choice(("auto", "scores", "predictions")), of)
    check("explain_rows", "steps", Integer(1), steps)
    check_is_fitted(estimator, "model_")
    others = None if background is None else estimator._frame(background)
    return contributions(estimator.model_, estimator._frame(X), others, of, steps)


def contributions(
    model: Model, frame: pd.DataFrame, background: pd.DataFrame | None = None, of: str = "auto", steps: int = STEPS
) -> Contributions:
    """What `explain_rows` gives, for a model and tables with its columns, (m, p) and (B, p); others are ignored."""
    if not len(frame):
        raise DataError("explain_rows found a table without rows; nothing to explain.")
    if of == "auto":
        numbers = isinstance(model.target, Numbers) and len(model.target.quantiles) < 2
        of = "predictions" if numbers else "scores"
    encoded = model.layout.encode(frame)
    if background is None:
        others, said = _typical(model), "the row of medians and commonest categories"
    elif not len(background):
        raise DataError("explain_rows found a background without rows; leave it out, or give some.")
    else:
        rows = background.iloc[spread_rows(len(background), MOST_BACKGROUND)].reset_index(drop=True)
        others, said = model.layout.encode(rows), f"{len(rows)} row{'' if len(rows) == 1 else 's'}"
    output = _Scores(model.target) if of == "scores" else _Predictions(model.target)
    networks = [_Network(model, i) for i in range(len(model.members))]

    def explain(network: _Network) -> tuple[Array, Array]:
        return network.contributions(encoded, others, output, steps)

    with one_blas_thread(), ThreadPoolExecutor(min(effective_n_jobs(-1), len(networks))) as crew:
        found = list(crew.map(explain, networks))
    weights = [member.weight for member in model.members]
    each = np.stack([values for values, _ in found])
    values = np.average(each, axis=0, weights=weights)
    spread = np.sqrt(np.average((each - values) ** 2, axis=0, weights=weights))
    base = np.average([own for _, own in found], axis=0, weights=weights)
    names = [column.name for column in model.layout.columns]
    rows = frame[names].reset_index(drop=True)
    return Contributions(tuple(names), output.names, values, spread, base, of, said, rows)


def _typical(model: Model) -> Encoded:
    """One row of medians and commonest categories; without any category where an old file does not know these."""
    layout = model.layout
    if model.profile is not None:
        return model.profile.typical(layout)
    numbers = np.mean([member.statistics.fill for member in model.members], axis=0)[None]
    layout.derive(numbers)
    codes = np.full((1, len(layout.category_columns)), -1, np.int32)
    return layout.encoded(numbers, codes)


class _Output:
    """What is explained: a function of the scores Z of one network."""

    def __init__(self, target: Target) -> None:
        self.target = target

    @property
    def names(self) -> tuple[str, ...]:
        """What each of the k outputs is called."""
        raise NotImplementedError

    def values(self, Z: Array, member: Member) -> Array:
        """The outputs, (…, k), for scores (…, n[L])."""
        raise NotImplementedError

    def slopes(self, Z: Array, member: Member) -> Array:
        """∂ output / ∂ Z between neighbouring points, (…, S, k, n[L]), for scores (…, S + 1, n[L]).

        Multiplied by the differences of Z they sum to the differences of the outputs.
        """
        raise NotImplementedError


class _Scores(_Output):
    """Raw scores in the scale of the target: linear in Z."""

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the scores."""
        target, k = self.target, self.target.n_scores
        if isinstance(target, Ordinal):
            return tuple(f"log odds of more than {value}" for value in target.in_their_order[:-1])
        if target.classes is not None:
            if k == 1:
                return (f"log odds of {target.classes[1]}",)
            return tuple(f"logit of {value}" for value in target.classes)
        if not isinstance(target, Numbers):
            return tuple(f"log odds of {target.name} {i + 1}" for i in range(k))
        logarithm = "log " if target.output_activation == "exp" else ""
        if len(target.quantiles) > 1:
            shares = target.quantiles
            return tuple(f"quantile {shares[i % len(shares)]:g} of {target.name}" for i in range(k))
        return tuple(f"{logarithm}{target.name}" + (f" {i + 1}" if k > 1 else "") for i in range(k))

    def _map(self, member: Member) -> tuple[Array, Array]:
        """The matrix and the constant of the linear function."""
        k = self.target.n_scores
        if isinstance(self.target, Ordinal):
            return np.eye(k), np.zeros(k)
        if self.target.classes is not None and k > 1:
            return np.eye(k) - 1 / k, np.zeros(k)
        if not isinstance(self.target, Numbers):
            return np.eye(k), np.zeros(k)
        if self.target.output_activation == "exp":
            return np.eye(k), np.log(member.target.scale)
        return np.diag(member.target.scale), member.target.center

    def values(self, Z: Array, member: Member) -> Array:
        """Scores in the scale of the target."""
        M, c = self._map(member)
        return np.asarray(Z @ M.T + c)

    def slopes(self, Z: Array, member: Member) -> Array:
        """The same everywhere."""
        M, _ = self._map(member)
        return np.broadcast_to(M, (*Z.shape[:-2], Z.shape[-2] - 1, *M.shape))


class _Predictions(_Output):
    """What a network predicts: scores through the output's activation, and whatever else the target does with them.

    The target is a black box: its scores are changed one after the other, from one point to the next, in their order
    and in the reverse order, and the two answers are averaged.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the predictions."""
        target, k = self.target, self.target.n_predictions
        if target.classes is not None:
            return tuple(f"p({value})" for value in target.classes)
        if not isinstance(target, Numbers):
            return tuple(f"p({target.name} {i + 1})" for i in range(k))
        return (target.name,) if k == 1 else tuple(f"{target.name} {i + 1}" for i in range(k))

    def values(self, Z: Array, member: Member) -> Array:
        """Predictions."""
        flat = self.target.predictions(Z.reshape(-1, Z.shape[-1]), member.target)
        return flat.reshape(*Z.shape[:-1], -1)

    def slopes(self, Z: Array, member: Member) -> Array:
        """Difference quotients by one score after the other."""
        before, after = Z[..., :-1, :], Z[..., 1:, :]
        n = Z.shape[-1]
        slopes = np.zeros((*before.shape[:-1], self.target.n_predictions, n))
        orders = [range(n), range(n - 1, -1, -1)] if n > 1 else [range(1)]
        for order in orders:
            at = before.copy()
            for j in order:
                a, b = before[..., j].copy(), after[..., j].copy()
                middle, near = (a + b) / 2, np.abs(b - a) <= NEAR
                a[near], b[near] = middle[near] - AROUND, middle[near] + AROUND
                at[..., j] = a
                low = self.values(at, member)
                at[..., j] = b
                slopes[..., j] += (self.values(at, member) - low) / (b - a)[..., None] / len(orders)
                at[..., j] = after[..., j]
        return slopes


def _slopes(Z: Array, A: Array, g: Activation) -> Array:
    """ΔA/ΔZ between neighbouring points, (…, S, n), for Z and A (…, S + 1, n); g′ where two of them meet."""
    slopes, dZ = np.diff(A, axis=-2), np.diff(Z, axis=-2)
    near = np.abs(dZ) <= NEAR
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes /= dZ
    if near.any():
        middle = Z[..., :-1, :][near] + dZ[near] / 2
        slopes[near] = g.g_prime(middle, np.asarray(g.g(middle)))
    return slopes


class _Branch(NamedTuple):
    """One of the members that share the layers of a network, or all there is: its layers, and what columns bring.

    `rows` and `others` are what each column adds to Z[1], (m, p, n[1]) and (B, p, n[1]).
    """

    layers: Parameters
    rows: Array
    others: Array


class _Network:
    """One network of a model, and the column that each input of its layer 1 belongs to; of a cross of two columns one,
    then the other, half of it each.
    """

    def __init__(self, model: Model, i: int) -> None:
        self.member, self.plan = model.members[i], model.plans[i]
        self.p = len(model.layout.columns)
        sides = range(2 if model.layout.crosses else 1)
        of_inputs = (_columns_of_inputs(model.layout, model.target, self.member.settings, side) for side in sides)
        self.owners = [input_columns(self.plan, columns) for columns in of_inputs]
        names = self.plan.architecture.hidden_activations
        self.activations = [activation(name) for name in names]

    def contributions(self, encoded: Encoded, others: Encoded, output: _Output, steps: int) -> tuple[Array, Array]:
        """What columns add, (m, p, k), and the mean output of the others, (k,)."""
        B, k = len(others), len(output.names)
        values, at_once = np.empty((len(encoded), self.p, k)), max(1, POINTS_AT_ONCE // (B * (steps + 1)))
        columns_others = self._columns(others)
        base = output.values(self._scores(columns_others), self.member).mean(axis=0)
        for start in range(0, len(encoded), at_once):
            rows = slice(start, min(start + at_once, len(encoded)))
            branches = [
                _Branch(layers, own, other)
                for (layers, own), (_, other) in zip(self._columns(encoded[rows]), columns_others, strict=True)
            ]
            values[rows] = self._some(branches, output, steps)
        return values, np.asarray(base)

    def _columns(self, encoded: Encoded) -> list[tuple[Parameters, Array]]:
        """For each member that shares the layers its layers, and what each column adds to Z[1], (m, p, n[1])."""
        X = self.member.statistics.apply(encoded, coded_above(self.member.settings))
        found = []
        for j in range(self.plan.members):
            layers = self.plan.layers(self.member.theta, j)
            W, A = layers[0][0], layer_inputs(self.plan, self.member.theta, X, j)
            added = np.zeros((len(X), self.p, len(W)))
            for column in range(self.p):
                for owners in self.owners:
                    own = owners == column
                    added[:, column] += A[:, own] @ W[:, own].T / len(self.owners)
            found.append((layers, added))
        return found

    def _scores(self, columns: Sequence[tuple[Parameters, Array]]) -> Array:
        """Z[L], (m, n[L])."""
        found = [self._forward(layers, added.sum(axis=1) + layers[0][1].T[0])[-1] for layers, added in columns]
        return np.asarray(np.mean(found, axis=0))

    def _forward(self, layers: Parameters, Z: Array) -> list[Array]:
        """Z[1] in, (…, n[1]); Z[1], A[1], Z[2], …, Z[L] out."""
        found = [Z]
        for g, (W, b) in zip(self.activations, layers[1:], strict=True):
            A = np.asarray(g.g(found[-1]))
            found += [A, A @ W.T + b.T[0]]
        return found

    def _some(self, branches: Sequence[_Branch], output: _Output, steps: int) -> Array:
        """What columns add for a few rows, (m, p, k)."""
        t = np.linspace(0.0, 1.0, steps + 1)[:, None]
        caches = []
        for layers, rows, others in branches:
            b = layers[0][1].T[0]
            start, end = others.sum(axis=1)[None, :, None] + b, rows.sum(axis=1)[:, None, None] + b
            caches.append(self._forward(layers, start + t * (end - start)))  # (m, B, S + 1, n[1])
        slopes = output.slopes(np.mean([cache[-1] for cache in caches], axis=0), self.member) / len(branches)
        m, B, k = len(branches[0].rows), len(branches[0].others), slopes.shape[-2]
        found = np.zeros((m, self.p, k))
        for (layers, rows, others), cache in zip(branches, caches, strict=True):
            own = [_slopes(cache[2 * i], cache[2 * i + 1], g) for i, g in enumerate(self.activations)]
            for o in range(k):
                d = slopes[..., o, :]
                for slope, (W, _) in zip(reversed(own), reversed(layers[1:]), strict=True):
                    d = (d @ W) * slope
                d = d.mean(axis=2) / B  # (m, B, n[1])
                found[:, :, o] += np.einsum("mpn,mn->mp", rows, d.sum(axis=1))
                found[:, :, o] -= np.tensordot(d, others, axes=([1, 2], [0, 2]))
        return found


def _columns_of_inputs(layout: Layout, target: Target, settings: Hyperparameters, side: int) -> NDArray[np.int64]:
    """The place of the column that each input of a network tells of, (n_in,); of a cross its first or last one."""
    above = coded_above(settings)
    found = np.zeros(layout.n_numbers, np.int64)
    for i, numbers in enumerate(layout.numbers_of_columns):
        found[numbers] = i
    of_codes = [i for i, column in enumerate(layout.columns) if isinstance(column, CategoryColumn)]
    names = [column.name for column in layout.columns]
    of_codes += [names.index(cross.axes[-side].name) for cross in layout.crosses]
    rest = []
    for group in told_to(settings, layout.groups, layout.crosses):
        rest += [of_codes[group.source]] * (target.n_outcomes + 1)
    for group in layout.groups:
        width = 1 if group.codes and group.width > above else group.width
        rest += [of_codes[group.source] if group.codes else int(found[group.source])] * width
    return np.concatenate([found, np.array(rest, np.int64)])

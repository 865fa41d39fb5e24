"""The curves of an additive model: what each column adds to the raw scores, exactly.

In a network without hidden layers no input meets another: Z = b + Σ_columns f_column(value). That holds for an additive
network (a generalised additive model, Hastie & Tibshirani 1986; with curves that networks learn, Agarwal et al. 2021,
arXiv 2004.13912) and for logistic or linear regression. Nothing is averaged over rows here, as `partial_dependence`
does for any model: a curve and an intercept are the network itself in another form.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError
from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV, Member, Model
from leadline.tables import CategoryColumn, Layout, NumberColumn, TextColumn
from leadline.training import Processor, Scorer, coded_above
from leadline.training.embeddings import PiecewiseLinear

__all__ = ["Curve", "Curves", "column_curves"]

Array = NDArray[np.float64]

# Where no edges say which values are usual: so many scales to both sides of the centre, at so many points.
SCALES, POINTS = 3.0, 33
RARE = "(rare)"


@dataclass(frozen=True)
class Curve:
    """What one column adds to the raw scores Z, as a function of its value.

    Each network's curve is centred: its mean over `values`, None left out, is zero. The values of a number lie at
    quantiles of the training rows where the network has bins, so there it is close to the mean over these rows.

    Attributes
    ----------
    column : str
    kind : str
        "number", "date" or "category".
    values : tuple
        Numbers in increasing order, dates as days since 1970, or the categories, "(rare)" after them for those that
        share an input; None at the end, for a missing value, where the training rows had some.
    mean, spread : (values, n[L]) arrays
        Of the networks, by their weights: the mean, and the standard deviation (0 for a single network).
    per_network : (P, values, n[L]) array
    """

    column: str
    kind: str
    values: tuple[Any, ...]
    mean: Array
    spread: Array
    per_network: Array


class Curves(NamedTuple):
    """All columns' curves, in the order of the layout, and each network's intercept, (P, n[L]).

    For rows of the curves' values, a network's raw scores are its intercept and its points of the curves, added up.
    Free text has no curve; what it adds is nothing for the average text.
    """

    curves: tuple[Curve, ...]
    intercepts: Array


def column_curves(estimator: DeepClassifier | DeepRegressor | DepthSearchCV) -> Curves:
    """The curves of an additive model: the exact contribution of each column to the raw scores Z of each network.

    Raw scores are what the output layer gives: log odds of the second of two classes, logits of more of them, numbers
    in the scale of each network's target (its standard deviation for the squared error). Between two values of a number
    a curve of bins is a straight line in the scaled number; a date's place in the week and the year is added to that.

    Parameters
    ----------
    estimator : DeepClassifier, DeepRegressor or DepthSearchCV
        Fitted or loaded, its networks without hidden layers.

    Returns
    -------
    Curves

    Raises
    ------
    ParameterError
        A network has hidden layers, where columns meet, so that no column has a contribution of its own.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from leadline import DeepRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = DeepRegressor((), additive=True, max_iter=20, random_state=0).fit(X, y)
    >>> curves, intercepts = column_curves(model)
    >>> bmi = next(curve for curve in curves if curve.column == "bmi")
    >>> bool(bmi.mean[-1, 0] > bmi.mean[0, 0]), intercepts.shape
    (True, (8, 1))
    """
    model = estimator.model_
    deepest = max(model.plans, key=lambda plan: plan.architecture.L).architecture
    if deepest.L > 1:
        raise ParameterError(
            "column_curves needs a model without hidden layers, hidden_layer_sizes=(), additive or linear; columns "
            f"meet in the hidden layers {deepest.sizes[1:-1]} of this one."
        )
    scorers = [
        Scorer(plan, Processor(), np.float64).take(member.theta)
        for plan, member in zip(model.plans, model.members, strict=True)
    ]

    def scores(column: NumberColumn | CategoryColumn | None, values: Sequence[Any]) -> Array:
        """Raw scores of every network, (P, rows, n[L])."""
        each = zip(scorers, model.members, strict=True)
        return np.stack([scorer.scores(_inputs(model.layout, member, column, values)) for scorer, member in each])

    nothing = scores(None, [None])
    intercepts, curves = nothing[:, 0].copy(), []
    for column in model.layout.columns:
        if isinstance(column, TextColumn):
            continue
        values = _values(model, column)
        added = scores(column, values) - nothing
        center = added[:, [value is not None for value in values]].mean(axis=1)
        intercepts += center
        curves.append(_curve(model, column, values, added - center[:, None]))
    return Curves(tuple(curves), intercepts)


def _curve(model: Model, column: NumberColumn | CategoryColumn, values: Sequence[Any], per_network: Array) -> Curve:
    kind = "category" if isinstance(column, CategoryColumn) else "date" if column.date else "number"
    weights = [member.weight for member in model.members]
    mean = np.average(per_network, axis=0, weights=weights)
    spread = np.sqrt(np.average((per_network - mean) ** 2, axis=0, weights=weights))
    return Curve(column.name, kind, tuple(values), mean, spread, per_network)


def _inputs(
    layout: Layout, member: Member, column: NumberColumn | CategoryColumn | None, values: Sequence[Any]
) -> NDArray[np.float32]:
    """A network's inputs for each value of a column, without anything in the others: no indicator tells of a gap."""
    n, numbers, categories = len(values), layout.number_columns, layout.category_columns
    codes = np.full((n, len(categories)), -1, np.int32)
    encoded = layout.encoded(np.full((n, layout.n_numbers), np.nan), codes)
    place = numbers.index(column) if isinstance(column, NumberColumn) else -1
    if isinstance(column, NumberColumn):
        encoded.numbers[:, place] = [np.nan if value is None else value for value in values]
        layout.derive(encoded.numbers)
    elif column is not None:
        encoded.codes[:, categories.index(column)] = np.arange(n)
    above = coded_above(member.settings)
    X = member.statistics.apply(encoded, above)
    at = layout.n_numbers + sum(own.width for own in member.statistics.categories)
    for group in layout.groups:
        if not group.codes and group.source != place:
            X[:, at] = 0.0
        at += 1 if group.codes and group.width > above else group.width
    return X


def _values(model: Model, column: NumberColumn | CategoryColumn) -> list[Any]:
    """The values at which a column's curve is told, None for a missing one at the end."""
    gap = [None] * column.missing
    if isinstance(column, CategoryColumn):
        return [*column.categories, *[RARE] * column.rare, *gap]
    j = model.layout.number_columns.index(column)
    bends: set[float] = set()
    for plan, member in zip(model.plans, model.members, strict=True):
        if plan.pieces and isinstance(plan.pieces[0], PiecewiseLinear):
            bends |= set(member.statistics.values_of(plan.named(member.theta)["edges"][j], j))
    return [*(sorted(bends) if bends else _usual(model, j)), *gap]


def _usual(model: Model, j: int) -> list[float]:
    """Evenly spaced values around the median of number j."""
    known = [member.statistics for member in model.members if np.isfinite(member.statistics.scale[j])]
    middle = float(np.mean([member.statistics.fill[j] for member in model.members]))
    scale = float(np.mean([own.scale[j] for own in known])) if known else 0.0
    return [float(value) for value in np.unique(middle + scale * np.linspace(-SCALES, SCALES, POINTS))]

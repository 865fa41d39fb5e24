"""How much predictions depend on each column, known from the model alone: total-effect indices (Sobol 1993).

Made-up rows, whose columns are drawn independently of each other, are predicted; then each column in turn is drawn
anew, and the predictions compared. With f a model's prediction, x such a row and x' the same row with column j drawn
anew, a column's total effect is E[(f(x) − f(x'))²] / 2, the part of the variance of f that is lost when all other
columns are known (Jansen 1999): its curve, and all its interactions. The effects of several outputs are summed, each
divided by its variance, and those of all columns are divided by their sum.

A number is drawn from the normal distribution of the centre and the scale that the model knows of its column, a date
with its places in cycles, the numbers of a text likewise and all together, a category evenly from its categories; where
values were missing in training a tenth of them is. So this takes no rows, is the same for a model that was loaded, and
costs (p + 1) × 512 predictions (fewer for many columns), which are kept. For a linear model of numbers it is w_j² s_j²,
as shares. It is about the model, not about the score: whether a column makes predictions *right*, labelled rows alone
can say (`leadline.inspection.column_importances`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.estimators.model import Model
from leadline.tables import CategoryColumn, Encoded, TextColumn

__all__ = ["importances"]

Array = NDArray[Any]

MOST_ROWS, FEWEST_ROWS, MOST_PREDICTIONS = 512, 64, 100_000
# Where values were missing in training, the share that is missing here.
MISSING_SHARE = 0.1
# Of a normal distribution, the distance of the quartiles in standard deviations.
QUARTILES = 1.349
_SEED = 0


def importances(model: Model, names: Sequence[str]) -> NDArray[np.float64]:
    """Each column's share of the sum of all total effects, (p,); zero for columns that the model does not read.

    Parameters
    ----------
    model : Model
    names : sequence of p str
        The columns, in the order of the answer.
    """
    if "_effects" not in vars(model):
        vars(model)["_effects"] = _effects(model)  # kept as a cached property is
    effects: dict[str, float] = vars(model)["_effects"]
    found = np.array([effects.get(name, 0.0) for name in names])
    return np.asarray(found / found.sum()) if found.sum() > 0 else found


def _effects(model: Model) -> dict[str, float]:
    """The total effect of each column."""
    layout = model.layout
    rows = int(np.clip(MOST_PREDICTIONS // (len(layout.columns) + 1), FEWEST_ROWS, MOST_ROWS))
    generator = np.random.default_rng(_SEED)
    here, anew = _drawn(model, rows, generator), _drawn(model, rows, generator)
    before = _predicted(model, here)
    variance = before.var(axis=0)
    effects, category = {}, 0
    for column, numbers in zip(layout.columns, layout.numbers_of_columns, strict=True):
        one = here.having(here.numbers.copy(), here.codes.copy())
        if isinstance(column, CategoryColumn):
            one.codes[:, category] = anew.codes[:, category]
            category += 1
        else:
            one.numbers[:, numbers] = anew.numbers[:, numbers]
        squares = np.mean((_predicted(model, one) - before) ** 2, axis=0) / 2
        effects[column.name] = float(np.sum(squares[variance > 0] / variance[variance > 0]))
    return effects


def _predicted(model: Model, encoded: Encoded) -> NDArray[np.float64]:
    return model.predictions_of_rows(len(encoded), encoded.__getitem__)


def _drawn(model: Model, rows: int, generator: np.random.Generator) -> Encoded:
    """Rows whose columns are independent of each other."""
    statistics = [member.statistics for member in model.members]
    kind = statistics[0].scaling
    center = np.mean([own.fill if own.scaling == "none" else own.center for own in statistics], axis=0)
    # a column that is constant for a network is divided by infinity
    scale = np.median([np.where(np.isfinite(own.scale), own.scale, 0.0) for own in statistics], axis=0)
    deviation = scale / (QUARTILES if kind == "robust" else 1.0)
    for column, own in zip(model.layout.columns, model.layout.numbers_of_columns, strict=True):
        if isinstance(column, TextColumn) and column.reduction is not None:
            deviation[own] = [1.0, *column.reduction.spread]
    numbers = center + deviation * generator.normal(size=(rows, len(center)))
    codes = []
    for column, own in zip(model.layout.columns, model.layout.numbers_of_columns, strict=True):
        if isinstance(column, CategoryColumn):
            known = column.n_indicators - column.missing
            chosen = generator.integers(max(known, 1), size=rows)
            if column.missing:
                chosen = np.where(generator.random(rows) < MISSING_SHARE, known, chosen)
            codes.append(np.where(chosen < column.n_indicators, chosen, -1))
        else:
            if column.n_indicators:
                numbers[generator.random(rows) < MISSING_SHARE, own[0]] = np.nan
    model.layout.derive(numbers)
    found = np.stack(codes, axis=1).astype(np.int32) if codes else np.zeros((rows, 0), np.int32)
    return model.layout.encoded(numbers, found)

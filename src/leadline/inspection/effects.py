"""What a model's predictions rest on: how much each column matters, and how predictions move with it."""

import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.inspection import permutation_importance

from leadline.estimators import Model
from leadline.inspection.rows import spread_rows
from leadline.search import Metric
from leadline.tables import (
    CategoryColumn,
    Encoded,
    Layout,
    NumberColumn,
    OrderedWords,
    TextColumn,
    numbers_of,
    with_columns,
)

__all__ = ["MOST_COLUMNS", "Importance", "PartialDependence", "column_importances", "partial_dependence"]

Array = NDArray[Any]

# A permutation for each column and repeat, over so many rows, and no more rows × columns × repeats than that in all.
REPEATS = 5
MOST_ROWS = 2000
MOST_PREDICTIONS = 100_000
# With more columns a single one says little, and there would be few rows for each.
MOST_COLUMNS = 200

# A curve goes through so many values, averaged over so many rows; a category has as many bars at most.
POINTS = 20
MOST_CATEGORIES = 12
ROWS_AVERAGED = 200
# Of text the words that move predictions most are shown, of so many of the commonest, averaged over so many rows.
WORDS_TRIED, ROWS_WITH_WORDS = 60, 50
_WORD = re.compile(r"[^\W\d_]{2,}")
# The ends of a curve, so that a few extreme rows do not stretch it.
ENDS = (0.01, 0.99)


@dataclass(frozen=True)
class Importance:
    """How much worse the score is when a column's values are dealt out anew among the rows.

    Attributes
    ----------
    column : str
    mean : float
        Of the drop in score, greater is more important; around 0 for a column that the model does not use.
    standard_deviation : float
        Over the repeats.
    """

    column: str
    mean: float
    standard_deviation: float


@dataclass(frozen=True)
class PartialDependence:
    """The mean prediction as a function of one column: every row's value is replaced, and the predictions averaged.

    To a text a word is added instead, at its end.

    Attributes
    ----------
    column : str
    kind : str
        "number", "date", "category" or "word".
    values : tuple
        Numbers in increasing order, dates as text, categories, the most frequent first, or words.
    predictions : (values, K or k) array
    """

    column: str
    kind: str
    values: tuple[Any, ...]
    predictions: NDArray[np.float64]


class _Scored:
    """A model as permutation_importance calls it."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def fit(self, X: Any, y: Any) -> None:
        """Asked for by scikit-learn's validation, and never called."""


def column_importances(
    model: Model, frame: pd.DataFrame, truth: Array, metric: Metric, w: Array | None = None, seed: int = 0
) -> list[Importance]:
    """The permutation importance of each column of a table, the most important first (Breiman 2001).

    Parameters
    ----------
    model : Model
    frame : (m, p) DataFrame
        Rows that the model has not learned from.
    truth : (m,) or (m, k) array
        As `Metric.score` takes it.
    metric : Metric
    w : (m,) array, optional
    seed : int

    Returns
    -------
    list of Importance
        Empty for more than MOST_COLUMNS columns, and where the score is not defined for these rows.
    """
    frame = frame[[column.name for column in model.layout.columns]]
    if not 0 < frame.shape[1] <= MOST_COLUMNS:
        return []
    most = max(1, min(MOST_ROWS, MOST_PREDICTIONS // (REPEATS * frame.shape[1])))
    rows = spread_rows(len(frame), most)
    frame, truth, w = frame.iloc[rows].reset_index(drop=True), truth[rows], None if w is None else w[rows]
    # what is dealt out are the numbers of the rows, so that each value is read once
    encoded, frame = model.layout.encode(frame), pd.DataFrame({name: np.arange(len(frame)) for name in frame})

    def score(scored: _Scored, X: pd.DataFrame, y: Array, sample_weight: Array | None = None) -> float:
        dealt = _dealt(scored.model.layout, encoded, X)
        return metric.score(
            y, scored.model.predictions_of_rows(len(dealt), dealt.__getitem__, double=False), sample_weight
        )

    scored = _Scored(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        try:
            if not np.isfinite(score(scored, frame, truth, w)):
                return []
        except ValueError:  # what some scores say of rows that lack a class
            return []
        found = permutation_importance(
            scored, frame, truth, scoring=score, n_repeats=REPEATS, random_state=seed, sample_weight=w
        )
    each = zip(frame.columns, found.importances_mean, found.importances_std, strict=True)
    importances = [Importance(str(column), float(mean), float(deviation)) for column, mean, deviation in each]
    return sorted(importances, key=lambda one: -one.mean)


def _dealt(layout: Layout, encoded: Encoded, rows: pd.DataFrame) -> Encoded:
    """Rows that have of each column the value of the row that a table of row numbers names."""
    numbers, codes, code = encoded.numbers.copy(), encoded.codes.copy(), 0
    for column, own in zip(layout.columns, layout.numbers_of_columns, strict=True):
        taken = rows[column.name].to_numpy()
        if isinstance(column, CategoryColumn):
            codes[:, code] = encoded.codes[taken, code]
            code += 1
        else:
            numbers[:, own] = encoded.numbers[np.ix_(taken, own)]
    return encoded.having(numbers, codes)


def partial_dependence(model: Model, frame: pd.DataFrame, columns: Sequence[str]) -> list[PartialDependence]:
    """The partial dependence of the predictions on each of some columns (Friedman 2001).

    Parameters
    ----------
    model : Model
    frame : (m, p) DataFrame
    columns : sequence of str
        Columns with nothing but gaps are left out.
    """
    kinds = {column.name: column for column in model.layout.columns}
    frame = model.layout.typed(frame[list(kinds)])
    few = frame.iloc[spread_rows(len(frame), ROWS_AVERAGED)].reset_index(drop=True)
    found = []
    for name in columns:
        own = kinds[name]
        present = frame[name].dropna()
        if present.empty:
            continue
        if isinstance(own, TextColumn):
            found += _words(model, few, name)
            continue
        order = own.written if isinstance(own, NumberColumn) and isinstance(own.written, OrderedWords) else None
        kind = "category" if isinstance(own, CategoryColumn) or order else "date" if own.date else "number"
        if order is not None:
            values = list(dict.fromkeys(present))
            places = numbers_of(order, pd.Series(values, dtype=object))
            values = [values[i] for i in np.argsort(places) if not np.isnan(places[i])]
        elif kind == "category":
            counts = present.value_counts()
            values = list(counts[counts > 0].index[:MOST_CATEGORIES])
        else:
            ordered = present.sort_values(ignore_index=True)
            places = np.linspace(*ENDS, POINTS) * (len(ordered) - 1)
            values = list(dict.fromkeys(ordered.iloc[np.round(places).astype(int)]))
        rows = pd.concat([with_columns(few, {name: _filled(frame[name], value, len(few))}) for value in values])
        predicted = model.predictions(rows.reset_index(drop=True), double=False)
        means = predicted.reshape(len(values), len(few), -1).mean(axis=1)
        plain = tuple(float(value) if kind == "number" else str(value) for value in values)
        found.append(PartialDependence(name, kind, plain, means))
    return found


def _words(model: Model, few: pd.DataFrame, name: str) -> list[PartialDependence]:
    """The mean prediction with one word more in a column of text, for the words that move it most."""
    few = few.iloc[spread_rows(len(few), ROWS_WITH_WORDS)].reset_index(drop=True)
    texts = few[name].where(few[name].notna(), "").astype(str)
    counts = Counter(word for text in texts for word in dict.fromkeys(_WORD.findall(text.lower())))
    tried = [word for word, _ in counts.most_common(WORDS_TRIED)]
    if not tried:
        return []
    rows = pd.concat([few, *(with_columns(few, {name: texts + f" {word}"}) for word in tried)])
    predicted = model.predictions(rows.reset_index(drop=True), double=False)
    before, *means = predicted.reshape(len(tried) + 1, len(few), -1).mean(axis=1)
    moves = np.abs(np.array(means) - before).max(axis=1)
    kept = np.sort(np.argsort(-moves, kind="stable")[:MOST_CATEGORIES])
    kept = kept[np.argsort([means[i][-1] for i in kept], kind="stable")]
    return [PartialDependence(name, "word", tuple(tried[i] for i in kept), np.array([means[i] for i in kept]))]


def _filled(column: pd.Series, value: Any, m: int) -> pd.Series:
    """A column of one value, of the same type."""
    return pd.Series([value] * m, dtype=column.dtype)

"""How sure is the model? What intervals and sets hold of test rows beside their promise: facts, and their figure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from leadline.errors import ParameterError
from leadline.estimators import Model
from leadline.records import plain
from leadline.report.specs import Figure, shortened
from leadline.search import Intervals, Sets
from leadline.tables import Classes, Labels, Numbers

__all__ = ["COVERAGES", "sureness", "sureness_figure"]

Array = NDArray[Any]

# What is promised, and which of it groups of rows are looked at for.
COVERAGES, SHOWN = (0.8, 0.9, 0.95), 0.9
# Groups of as many rows each, by the prediction and by a column of numbers.
LEVELS, THIRDS = 5, 3
# Columns whose groups are shown, the categories of one, rows that a group must have, and rows of the list.
MOST_COLUMNS, MOST_CATEGORIES, FEWEST_ROWS, MOST_LISTED = 3, 6, 20, 8
# Columns of the listed rows.
COLUMNS_LISTED = 4
DIGITS = 4
# The half of an interval that holds the share of a group so often, in standard errors.
NINE_OF_TEN = float(norm.isf(0.05))


def sureness(model: Model, frame: pd.DataFrame, truth: Array, columns: Sequence[str]) -> dict[str, Any] | None:
    """How often the truth is inside what is promised, in test rows and in groups of them; None if nothing is promised.

    Parameters
    ----------
    model : Model
    frame : (n, p) DataFrame
        Test rows.
    truth : (n,) or (n, k) array
        As scores take it; of several numbers the first one is looked at.
    columns : sequence of str
        The columns whose groups are worth a look, the most important ones first.
    """
    sure, predictions = model.sure, model.predictions(frame)
    if sure is None or not len(frame):
        return None
    held = {coverage: own for coverage in COVERAGES if (own := _held(sure, predictions, truth, coverage)) is not None}
    if not held:
        return None
    promised = []
    for coverage, (inside, width, _) in held.items():
        known = np.isfinite(inside)
        error = np.sqrt(coverage * (1 - coverage) / max(known.sum(), 1))
        promised.append({"coverage": coverage, "inside": inside[known].mean(), "error": error, "width": width.mean()})
    shown = SHOWN if SHOWN in held else max(held)
    inside, width, told = held[shown]
    groups = [
        {"by": by, "group": name, **_share(inside[rows], width[rows])}
        for by, name, rows in [*_levels(sure, predictions), *_of_columns(frame, columns)]
        if np.isfinite(inside[rows]).sum() >= FEWEST_ROWS
    ]
    return dict(
        plain(
            {
                "numbers": isinstance(sure, Intervals),
                "rows": len(frame),
                "left_out": float(sure.rows.min()),
                "promised": promised,
                "shown": shown,
                "groups": groups,
                "least": _least(sure, predictions, truth, width, told, frame[list(columns[:COLUMNS_LISTED])]),
                "columns": list(columns[:COLUMNS_LISTED]),
            }
        )
    )


def _held(
    sure: Intervals | Sets, predictions: Array, truth: Array, coverage: float
) -> tuple[Array, Array, list[str]] | None:
    """Whether the truth of each row is inside, how wide that is, and what it is in words; None where too few rows say.

    Of labels: the share of those that are true.
    """
    if isinstance(sure, Intervals):
        try:
            lower, upper = (ends[:, 0] for ends in sure.interval(predictions, coverage))
        except ParameterError:
            return None
        y = truth.reshape(len(truth), -1)[:, 0]
        told = [f"{_short(low)} to {_short(high)}" for low, high in zip(lower, upper, strict=True)]
        return ((y >= lower) & (y <= upper)).astype(float), upper - lower, told
    members = sure.members(predictions, coverage)
    names = _names(sure)
    told = [", ".join(names[k] for k in np.flatnonzero(own)) for own in members]
    if isinstance(sure.target, Classes):
        return members[np.arange(len(truth)), truth].astype(float), members.sum(axis=1).astype(float), told
    true = truth.sum(axis=1)
    share = np.where(true > 0, (members & (truth > 0)).sum(axis=1) / np.maximum(true, 1), np.nan)
    return share, members.sum(axis=1).astype(float), told


def _names(sure: Sets) -> list[str]:
    target = sure.target
    if isinstance(target, Classes):
        return [str(value) for value in target.values]
    assert isinstance(target, Labels)
    return [f"label {k + 1}" for k in range(target.n_labels)]


def _short(value: Any) -> str:
    """A value as lists show it."""
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            return "missing"
        return f"{value:,.0f}" if abs(value) >= 10**DIGITS else f"{value:.{DIGITS}g}"
    return "missing" if value is None or value is pd.NaT or value is pd.NA else shortened(str(value))


def _share(inside: Array, width: Array) -> dict[str, float]:
    known = inside[np.isfinite(inside)]
    return {"rows": len(known), "inside": float(known.mean()), "width": float(width.mean())}


def _levels(sure: Intervals | Sets, predictions: Array) -> list[tuple[str, str, Array]]:
    """Groups of as many rows by the prediction: the number, or the probability of the most probable class."""
    if isinstance(sure.target, Numbers):
        k = predictions.shape[1] // sure.target.n_outputs
        by, level = "prediction", predictions[:, k // 2]
    elif isinstance(sure.target, Classes):
        by, level = "probability of the answer", predictions.max(axis=1)
    else:
        return []
    return [(by, name, rows) for name, rows in _parts(level, LEVELS)]


def _parts(values: Array, n: int) -> list[tuple[str, Array]]:
    """Groups of about as many rows by a number, rows of one number in one group."""
    edges = np.unique(np.quantile(values[np.isfinite(values)], np.linspace(0, 1, n + 1)))
    if len(edges) < 3:
        return []
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    found = [np.flatnonzero((place == i) & np.isfinite(values)) for i in range(len(edges) - 1)]
    return [
        (f"{_short(float(low))} to {_short(float(high))}", rows)
        for low, high, rows in zip(edges[:-1], edges[1:], found, strict=True)
    ]


def _of_columns(frame: pd.DataFrame, columns: Sequence[str]) -> list[tuple[str, str, Array]]:
    """Groups of rows by the values of some columns."""
    found: list[tuple[str, str, Array]] = []
    for name in columns[:MOST_COLUMNS]:
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column) and column.nunique() > MOST_CATEGORIES:
            found += [(name, part, rows) for part, rows in _parts(column.to_numpy(float, na_value=np.nan), THIRDS)]
        elif not pd.api.types.is_datetime64_any_dtype(column):
            for value in column.value_counts().index[:MOST_CATEGORIES]:
                found.append((name, _short(value), np.flatnonzero((column == value).to_numpy(bool, na_value=False))))
    return found


def _least(
    sure: Intervals | Sets, predictions: Array, truth: Array, width: Array, told: list[str], beside: pd.DataFrame
) -> list[dict[str, Any]]:
    """The rows that it is least sure of: the widest intervals, or the largest sets and flattest probabilities."""
    flat = -predictions.max(axis=1) if isinstance(sure, Sets) else np.zeros(len(width))
    order = np.lexsort((flat, width))[::-1][:MOST_LISTED]
    if isinstance(sure.target, Classes):
        names = _names(sure)
        true, said = [names[k] for k in truth[order]], [names[k] for k in predictions[order].argmax(axis=1)]
    elif isinstance(sure.target, Labels):
        names = _names(sure)
        true, said = (
            [", ".join(names[k] for k in np.flatnonzero(own)) for own in each]
            for each in (truth[order] > 0, predictions[order] > 0.5)
        )
    else:
        k = predictions.shape[1] // sure.target.n_outputs
        true = [_short(float(y)) for y in truth.reshape(len(truth), -1)[order, 0]]
        said = [_short(float(value)) for value in predictions[order, k // 2]]
    return [
        {
            "row": int(i) + 1,
            "truth": y,
            "prediction": p,
            "inside": told[i],
            "values": [_short(v) for v in beside.iloc[i]],
        }
        for i, y, p in zip(order, true, said, strict=True)
    ]


def sureness_figure(found: dict[str, Any]) -> Figure | None:
    """How often the truth is inside in groups of rows, beside the promise."""
    groups, promise = found["groups"], found["shown"]
    if not groups:
        return None
    values = []
    for place, own in enumerate(groups):
        error = np.sqrt(promise * (1 - promise) / own["rows"]) * NINE_OF_TEN
        ends = {"low": max(own["inside"] - error, 0.0), "high": min(own["inside"] + error, 1.0)}
        values.append({"name": f"{own['by']}: {own['group']}", "place": place, **own, **ends})
    low = np.floor(10 * min(own["low"] for own in values)) / 10
    scale = {"domain": [max(min(low, promise - 0.1), 0.0), 1], "nice": False}
    y = {"field": "name", "type": "nominal", "title": None, "sort": {"field": "place"}, "axis": {"labelLimit": 320}}
    x = {"field": "inside", "type": "quantitative", "title": "share with the truth inside", "scale": scale}
    told = [
        {"field": "name", "type": "nominal", "title": "rows"},
        {"field": "inside", "type": "quantitative", "title": "inside", "format": ".1%"},
        {
            "field": "width",
            "type": "quantitative",
            "title": "mean width" if found["numbers"] else "in a set",
            "format": ",.4~g",
        },
        {"field": "rows", "type": "quantitative", "title": "how many", "format": ","},
    ]
    spec = {
        "height": {"step": 22},
        "layer": [
            {
                "data": {"values": [{"x": promise}]},
                "mark": {"type": "rule", "color": "var(--ink)", "strokeDash": [3, 3]},
                "encoding": {"x": {"field": "x", "type": "quantitative", "scale": scale}},
            },
            {
                "data": {"values": values},
                "mark": {"type": "rule", "color": "var(--accent)"},
                "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {
                "data": {"values": values},
                "mark": {"type": "point", "filled": True, "size": 55, "color": "var(--accent)", "opacity": 1},
                "encoding": {"y": y, "x": {**x, "axis": {"format": ".0%"}}, "tooltip": told},
            },
        ],
    }
    far = sum(not own["low"] <= promise <= own["high"] for own in values)
    return Figure(
        "sureness",
        spec,
        f"Shares of rows with the truth inside, in {len(values)} groups; {far} are far from {promise:.0%}.",
        f"The dashed line is the promise, {promise:.0%}. Bars say how far a share may be from it by chance, nine times "
        f"in ten: of {len(values)} groups about {len(values) / 10:.0f} would miss the line if it were kept in all.",
    )

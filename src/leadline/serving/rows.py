"""Rows in JSON as a table with the columns of a model, and predictions as JSON can hold them."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline.errors import DataError
from leadline.estimators import DeepClassifier, DeepRegressor
from leadline.estimators.predictions import asked_sure
from leadline.records import plain
from leadline.search import Intervals, Sets, labels_of
from leadline.tables import CategoryColumn, Labels, Layout, Numbers, OrderedWords, Target, TextColumn, encodable
from leadline.tables.dates import points_in_time

__all__ = ["Asked", "answer", "asked_schemas", "column_schemas", "example_row", "table_of"]

Array = NDArray[Any]
Estimator = DeepClassifier | DeepRegressor

# The kinds of value that a cell may hold.
_CELLS = (str, int, float, bool, type(None))
# Numbers beyond this are no float64.
_LARGEST = 1e308
# Whole numbers up to this are the same in float64.
_LARGEST_EXACT = 2**53


def table_of(estimator: Estimator, body: Any, most_rows: int) -> pd.DataFrame:
    """The rows of a request as a table, of the columns that the model reads.

    Parameters
    ----------
    estimator : DeepClassifier or DeepRegressor
    body : object
        What JSON held: ``{"rows": [...]}``, whose rows are objects with a value for each column, or lists with one for
        each column in the order of training.
    most_rows : int

    Raises
    ------
    DataError
        It is something else, or has no rows or too many, or a row lacks a column, or a cell holds no single value.
    """
    rows = body.get("rows") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise DataError('The request must be {"rows": [...]}, with an object or a list for each row.')
    if not rows:
        raise DataError("The request has no rows; nothing to predict.")
    if len(rows) > most_rows:
        raise DataError(
            f"The request has {len(rows):,} rows; at most {most_rows:,} are predicted at once. Send several."
        )
    names = estimator._names
    if all(isinstance(row, dict) for row in rows):
        wanted = [column.name for column in estimator.model_.layout.columns]
        columns = {name: _column(rows, name) for name in wanted if name in rows[0]}
        if len(columns) < len(wanted):
            # the layout says which is missing, and what it may be called here
            columns.update({encodable(str(name)): [None] * len(rows) for name in rows[0]})
    elif all(isinstance(row, list) for row in rows):
        for number, row in enumerate(rows, start=1):
            if len(row) != len(names):
                raise DataError(f"Row {number} has {len(row)} values; the model was trained with {len(names)} columns.")
        columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    else:
        raise DataError("The rows must all be objects, or all be lists.")
    return pd.DataFrame({name: _cells(name, values) for name, values in columns.items()}, copy=False)


def _column(rows: list[dict[str, Any]], name: str) -> list[Any]:
    try:
        return [row[name] for row in rows]
    except KeyError:
        lacking = next(number for number, row in enumerate(rows, start=1) if name not in row)
        raise DataError(f"Row {lacking} has no column {name!r}; give null for a missing value.") from None


def _cells(name: str, values: list[Any]) -> Array:
    """The values of a column, in float64 where all are numbers.

    Raises
    ------
    DataError
        One is no single value, or too large a number.
    """
    kinds = set(map(type, values))
    if kinds <= {float, type(None)}:
        return np.array(values, np.float64)
    if not kinds <= set(_CELLS) or int in kinds:
        _check_cells(name, values)
    if kinds <= {float, int, type(None)}:
        # a whole number keeps all its digits where it names a category
        whole = any(type(value) is int and abs(value) > _LARGEST_EXACT for value in values)
        return np.array(values, object if whole else np.float64)
    cells = np.empty(len(values), object)
    cells[:] = [encodable(value) for value in values]
    return cells


def _check_cells(name: str, values: list[Any]) -> None:
    for number, value in enumerate(values, start=1):
        if not isinstance(value, _CELLS):
            kind = "a list" if isinstance(value, list) else "an object"
            raise DataError(
                f"Column {name!r} has {kind} in row {number}; a cell is a number, text, true, false or null."
            )
        if type(value) is int and abs(value) > _LARGEST:
            raise DataError(f"Column {name!r} has an infinite value in row {number}: it is beyond the largest number.")


@dataclass(frozen=True)
class Asked:
    """What a request asks for beside predictions.

    Attributes
    ----------
    proba : bool
        The probability of each class.
    interval, sets : float, optional
        How often the truth is to be inside the interval of a number, or among the classes of a set.
    """

    proba: bool = False
    interval: float | None = None
    sets: float | None = None

    @classmethod
    def read(cls, estimator: Estimator, body: Any) -> "Asked":
        """What a request asks for.

        Raises
        ------
        DataError
            It is of another kind than is meant, or what this model does not have.
        ParameterError
            There are no intervals of classes and no sets of numbers; or the model does not know how sure it is.
        """
        if not isinstance(body, dict):
            return cls()
        proba = body.get("proba", False)
        if not isinstance(proba, bool):
            raise DataError(f'"proba" must be true or false; got {json.dumps(proba)[:40]}.')
        if proba and not isinstance(estimator, DeepClassifier):
            raise DataError('"proba" needs a classifier; this model predicts numbers.')
        for name in ("interval", "sets"):
            share = body.get(name)
            is_share = isinstance(share, int | float) and not isinstance(share, bool) and 0 < share < 1
            if share is not None and not is_share:
                said = json.dumps(share)[:40]
                raise DataError(f'"{name}" must be a number between 0 and 1, such as 0.9; got {said}.')
        asked_sure(estimator, body.get("interval"), body.get("sets"))
        return cls(proba, body.get("interval"), body.get("sets"))


def answer(estimator: Estimator, predictions: Array, asked: Asked) -> dict[str, Any]:
    """What a request is answered: a prediction for each row and what it asks for beside.

    "probabilities" are (m, K) with "classes"; "lower" and "upper" have the shape of predictions of one quantile; "sets"
    has a list of classes, or of the places of labels from 1, for each row.
    """
    target = estimator.model_.target
    sure = asked_sure(estimator, asked.interval, asked.sets)
    if isinstance(target, Numbers):
        shape = [n for n in (target.n_outputs, len(target.quantiles)) if n > 1]
        found = {"predictions": plain(predictions.reshape(len(predictions), *shape).tolist())}
        if isinstance(sure, Intervals) and asked.interval is not None:
            for end, own in zip(("lower", "upper"), sure.interval(predictions, asked.interval), strict=True):
                found[end] = plain(own.reshape(len(own), *([own.shape[1]] if own.shape[1] > 1 else [])).tolist())
        return found
    assert isinstance(estimator, DeepClassifier)
    if isinstance(target, Labels):
        found = {"predictions": labels_of(predictions).tolist()}
        names = list(range(1, predictions.shape[1] + 1))
    else:
        found = {"predictions": np.asarray(estimator.classes_)[predictions.argmax(axis=1)].tolist()}
        names = estimator.classes_.tolist()
    if isinstance(sure, Sets) and asked.sets is not None:
        members = sure.members(predictions, asked.sets)
        found["sets"] = [[names[k] for k in np.flatnonzero(own)] for own in members]
    if asked.proba:
        found |= {"classes": estimator.classes_.tolist(), "probabilities": predictions.tolist()}
    return found


def asked_schemas(target: Target) -> dict[str, Any]:
    """What may be asked for beside predictions, as JSON Schema says it."""
    share = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    if isinstance(target, Numbers):
        return {"interval": {**share, "description": "How often the truth is to be between lower and upper: 0.9."}}
    return {
        "proba": {"type": "boolean", "default": False, "description": "The probability of each class."},
        "sets": {**share, "description": "How often the truth is to be among the classes of a set: 0.9."},
    }


def column_schemas(layout: Layout) -> dict[str, Any]:
    """What each column may hold, as JSON Schema says it."""
    found: dict[str, Any] = {}
    for column in layout.columns:
        if isinstance(column, CategoryColumn):
            known = ", ".join(column.categories[:12]) + (", …" if len(column.categories) > 12 else "")
            kind = {"type": ["string", "number", "boolean", "null"], "description": f"A category: {known}."}
        elif isinstance(column, TextColumn):
            kind = {"type": ["string", "null"], "description": "Free text."}
        elif isinstance(column.written, OrderedWords):
            order = column.written.described()
            kind = {"type": ["string", "number", "boolean", "null"], "description": f"One of an order: {order}."}
        elif column.date:
            other = "" if column.written is None else f", or {column.written.described()}"
            kind = {"type": ["string", "null"], "description": f"A date such as 2026-01-31{other}."}
        elif column.written is not None:
            example = column.written.described()
            kind = {"type": ["number", "string", "null"], "description": f"A number, or text such as {example}."}
        else:
            kind = {"type": ["number", "null"]}
        found[column.name] = kind
    return found


def example_row(estimator: Estimator) -> dict[str, Any]:
    """A row as requests have them: the usual number or the first category of each column."""
    layout, own = estimator.model_.layout, estimator.model_.members[0].statistics
    # those of text come after them
    fills = dict(zip((column.name for column in layout.number_columns), own.fill.tolist(), strict=False))
    row: dict[str, Any] = {}
    for column in layout.columns:
        if isinstance(column, CategoryColumn):
            row[column.name] = column.categories[0] if column.categories else None
        elif isinstance(column, TextColumn):
            row[column.name] = "text"
        elif isinstance(column.written, OrderedWords):
            row[column.name] = column.written.words[round(fills[column.name])][0]
        elif column.date:
            row[column.name] = str(points_in_time(np.array([fills[column.name]]))[0].astype("datetime64[D]"))
        else:
            row[column.name] = float(f"{fills[column.name]:.6g}")
    return row

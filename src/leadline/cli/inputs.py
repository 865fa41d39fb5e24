"""From a table on disk to what the estimators take, with every check that can be made before anything is written."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from leadline.errors import DataError, ParameterError
from leadline.tables import Layout, Target, guess_task, nearest

__all__ = ["Prepared", "hold_out", "number_column", "prepare", "take_column"]

Array = NDArray[Any]

TASKS = ("auto", "classification", "regression")


@dataclass(frozen=True)
class Prepared:
    """A table ready to be learned from: features, target, and weights and groups where asked for."""

    features: pd.DataFrame
    y: pd.Series
    target: Target
    w: Array | None
    groups: Array | None
    notices: list[str]


def take_column(frame: pd.DataFrame, name: str, what: str) -> pd.Series:
    """The column called `name`; `what` says in the error message what it was wanted for."""
    if name not in frame.columns:
        names = [str(column) for column in frame.columns]
        raise DataError(
            f"The table has no {what} column {name!r}.{nearest(name, names)} Its columns are: {_listed(names)}."
        )
    return frame[name]


def _listed(names: list[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def number_column(frame: pd.DataFrame, name: str, what: str) -> Array:
    """A column that must hold finite numbers, in float64."""
    column = take_column(frame, name, what)
    try:
        values: Array = column.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"The {what} column {name!r} must hold numbers: {error}.") from error
    bad = np.flatnonzero(~np.isfinite(values) | (values < 0))
    if len(bad):
        raise DataError(
            f"The {what} column {name!r} must hold numbers of at least 0; row {int(bad[0]) + 1} has {values[bad[0]]}."
        )
    return values


def prepare(
    frame: pd.DataFrame, target: str, task: str, drop: tuple[str, ...], weight: str | None, group: str | None
) -> Prepared:
    """Check a table and take it apart.

    Raises
    ------
    DataError
        A column that was named is not there, or the target or a column cannot be used.
    """
    if task not in TASKS:
        raise ParameterError(f"--task must be one of {', '.join(TASKS)}; got {task!r}.{nearest(task, list(TASKS))}")
    y = take_column(frame, target, "target")
    aside = [target]
    for name in drop:
        take_column(frame, name, "--drop")
        if name == target:
            raise ParameterError(f"--drop {name!r} is the target.")
        aside.append(name)
    w = None if weight is None else number_column(frame, weight, "weight")
    groups = None
    if group is not None:
        column = take_column(frame, group, "group")
        if column.isna().any():
            raise DataError(
                f"The group column {group!r} has missing values, the first in row {int(np.argmax(column.isna())) + 1}."
            )
        groups = pd.factorize(column)[0]
    aside += [name for name in (weight, group) if name is not None]
    features = frame.drop(columns=aside)
    if not features.columns.size:
        raise DataError(
            f"The table has no column beside {', '.join(repr(name) for name in aside)}; nothing to learn from."
        )
    found_task = guess_task(y) if task == "auto" else task
    described = Target.infer(y.to_numpy(), found_task, target)
    _check_target(y, described)
    layout = Layout.infer(features)
    layout.encode(features)  # finds infinite values before anything is written
    notices = [f"column {name!r} is not used: it {reason}" for name, reason in layout.dropped]
    return Prepared(features, y, described, w, groups, notices)


def _check_target(y: pd.Series, target: Target) -> None:
    if target.classes is None:
        if y.nunique() == 1:
            raise DataError(f"The target {target.name!r} is {y.iloc[0]} in every row; there is nothing to predict.")
        return
    counts = y.value_counts()
    single = counts.index[counts == 1]
    if len(single):
        row = int(np.argmax(y == single[0])) + 1
        raise DataError(
            f"The target {target.name!r} has a class with a single row, {single[0]!r} (row {row}); "
            "it cannot be learned and tested. Leave the row out or join the class with another"
            + (", or use --task regression if the target is a number." if len(counts) > len(y) / 2 else ".")
        )


def hold_out(prepared: Prepared, test_size: float, seed: int) -> tuple[Array, Array]:
    """Rows to learn from and rows for the final test: stratified for classes, whole groups where there are groups.

    Raises
    ------
    ParameterError, DataError
        The share or the number of rows leaves too little on one side.
    """
    if not 0 < test_size < 1:
        raise ParameterError(f"--test-size must be a share between 0 and 1; got {test_size:g}.")
    rows = np.arange(len(prepared.y))
    if round(test_size * len(rows)) < 1 or round((1 - test_size) * len(rows)) < 2:
        raise DataError(f"{len(rows)} rows are too few to hold out {test_size:.0%} of them; give more rows.")
    if prepared.groups is not None:
        if len(np.unique(prepared.groups)) < 3:
            raise DataError("The group column must hold at least 3 groups: one for the test, two to learn from.")
        splitter = GroupShuffleSplit(1, test_size=test_size, random_state=seed)
        train_rows, test_rows = next(splitter.split(rows, groups=prepared.groups))
        return np.sort(train_rows), np.sort(test_rows)
    stratify = None
    if prepared.target.classes is not None and round(test_size * len(rows)) >= len(prepared.target.classes):
        stratify = prepared.y
    train_rows, test_rows = train_test_split(rows, test_size=test_size, random_state=seed, stratify=stratify)
    return np.sort(train_rows), np.sort(test_rows)

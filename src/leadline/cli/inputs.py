"""From a table on disk to what the estimators take, with every check that can be made before anything is written."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from leadline.errors import DataError, ParameterError
from leadline.estimators import DeepRegressor, Model
from leadline.search import Metric
from leadline.search.folds import FEWEST_FOLDS
from leadline.tables import Layout, Target, guess_task, nearest, shown

__all__ = [
    "Prepared",
    "check_metric",
    "hold_out",
    "number_column",
    "prepare",
    "take_column",
    "time_column",
    "word_columns",
]

Array = NDArray[Any]

TASKS = ("auto", "classification", "regression")


@dataclass(frozen=True)
class Prepared:
    """A table ready to be learned from: features, target, and weights, groups and times where asked for.

    Times are ranks: the smaller, the earlier.
    """

    features: pd.DataFrame
    y: pd.Series
    target: Target
    w: Array | None
    groups: Array | None
    times: Array | None
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
    values: Array = pd.to_numeric(column.astype(object), errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(values) | (values < 0))
    if len(bad):
        row = int(bad[0])
        has = "no value" if pd.isna(column.iloc[row]) else shown(column.iloc[row])
        raise DataError(f"The {what} column {name!r} must hold numbers of at least 0; row {row + 1} has {has}.")
    if not values.any():
        raise DataError(f"The {what} column {name!r} is 0 in every row; at least one row must count.")
    return values


def word_columns(model: Model, truth: str | None = None) -> list[str]:
    """Columns whose values were words in training; `truth`, the target's column, is one if its classes were.

    They are read as they are written: alone in a file, 01 looks like the number 1.
    """
    names = [column.name for column in model.layout.category_columns]
    classes = model.target.classes
    if truth is not None and classes is not None and classes.dtype.kind in "OUT":
        names.append(truth)
    return names


def time_column(frame: pd.DataFrame, name: str) -> Array:
    """A column of numbers or dates as ranks."""
    column = take_column(frame, name, "time")
    values = column if pd.api.types.is_numeric_dtype(column) else _dates(column)
    if values.isna().any():
        row = int(np.argmax(values.isna()))
        has = "no value" if pd.isna(column.iloc[row]) else shown(column.iloc[row])
        raise DataError(f"The time column {name!r} must hold numbers or dates in every row; row {row + 1} has {has}.")
    ranks: Array = values.rank(method="dense").to_numpy().astype(np.int64)
    return ranks


def _dates(column: pd.Series) -> pd.Series:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pandas says that it guesses the format
        return pd.to_datetime(column, errors="coerce")


def prepare(
    frame: pd.DataFrame,
    target: str,
    task: str,
    drop: tuple[str, ...],
    weight: str | None,
    group: str | None,
    time: str | None = None,
    loss: str | None = None,
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
            raise ParameterError(f"--drop {name!r} names the target, which cannot be left out.")
        aside.append(name)
    for option, given in (("--weight", weight), ("--group", group), ("--time", time)):
        if given == target:
            raise ParameterError(f"{option} {given!r} names the target, which is predicted; give another column.")
    w = None if weight is None else number_column(frame, weight, "weight")
    groups = None
    if group is not None:
        column = take_column(frame, group, "group")
        if column.isna().any():
            raise DataError(
                f"The group column {group!r} has missing values, the first in row {int(np.argmax(column.isna())) + 1}."
            )
        groups = pd.factorize(column)[0]
    if group is not None and time is not None:
        raise ParameterError("--group and --time cannot be used together: folds follow either groups or time.")
    times = None if time is None else time_column(frame, time)
    aside += [name for name in (weight, group, time) if name is not None]
    features = frame.drop(columns=aside)
    if not features.columns.size:
        raise DataError(
            f"The table has no column beside {', '.join(repr(name) for name in aside)}; nothing to learn from."
        )
    found_task = guess_task(y) if task == "auto" else task
    described = Target.infer(y.to_numpy(), found_task, target, _loss(loss, found_task, target))
    _check_target(y if w is None else y[w > 0], described)
    layout = Layout.infer(features)
    layout.encode(features)  # finds infinite values before anything is written
    notices = layout.notices
    if w is not None and not w.all():
        notices.append(f"{int(np.sum(w == 0)):,} rows of weight 0 are not used")
    return Prepared(features, y, described, w, groups, times, notices)


def _loss(name: str | None, task: str, target: str) -> Any:
    """A loss that was asked for, as targets know it; None for the usual one."""
    if name is None:
        return None
    if task != "regression":
        raise ParameterError(
            f"--loss {name!r} is of numbers, and {target!r} is predicted as classes; leave it out, or give --task "
            "regression."
        )
    estimator = DeepRegressor(loss=name)
    try:
        estimator.hyperparameters()
    except ParameterError as error:
        raise ParameterError(str(error).replace("DeepRegressor.loss", "--loss")) from error
    return estimator._own_loss()


def _check_target(y: pd.Series, target: Target) -> None:
    """Check the rows that count, whose index is their place in the table."""
    counts = y.value_counts()
    counts = counts[counts > 0]
    if len(counts) == 1:
        raise DataError(
            f"The target {target.name!r} is {shown(counts.index[0])} in every row; there is nothing to predict. "
            "Give rows with different values."
        )
    single = counts.index[counts == 1]
    if target.classes is not None and len(single):
        row = int(y.index[y == single[0]][0]) + 1
        raise DataError(
            f"The target {target.name!r} has a class with a single row, {shown(single[0])} (row {row}); "
            "it cannot be learned and tested. Leave the row out or join the class with another"
            + (", or use --task regression if the target is a number." if len(counts) > len(y) / 2 else ".")
        )


def check_metric(name: str | None, prepared: Prepared) -> None:
    """Let a score judge a constant prediction, so that one that cannot is found out before anything is written.

    Raises
    ------
    ParameterError
        No score has this name, or it cannot judge this target.
    """
    target, y = prepared.target, prepared.y.to_numpy()
    metric = Metric(name, target)
    truth = target.truth(y)
    mean = target.constant(truth, np.ones(len(truth)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            metric.score(truth, np.tile(mean, (len(y), 1)), prepared.w)
    except Exception as error:  # a scorer may raise anything
        known = "rmse, mae or r2" if target.classes is None else "log_loss, accuracy or auc"
        weighted = "" if prepared.w is None else " with weights"
        raise ParameterError(
            f"--metric {name!r} cannot judge a {target.task} of {target.name!r}{weighted}; choose another, such as "
            f"{known}."
        ) from error


def hold_out(prepared: Prepared, test_size: float, cv: int | None, seed: int) -> tuple[Array, Array]:
    """Rows to learn from and rows for the final test, none of them of weight zero.

    Stratified for classes, and whole groups where there are groups; where there are times, the last rows are for the
    test, and all are in the order of time. Without a number of folds `cv` there must be enough for FEWEST_FOLDS.

    Raises
    ------
    ParameterError, DataError
        The share is none, or too little is left to learn from: fewer rows or groups than folds, or not every class.
    """
    if not 0 < test_size < 1:
        raise ParameterError(f"--test-size must be a share between 0 and 1; got {test_size:g}.")
    rows = np.arange(len(prepared.y)) if prepared.w is None else np.flatnonzero(prepared.w > 0)
    groups = None if prepared.groups is None else prepared.groups[rows]
    units, what = (len(rows), "rows") if groups is None else (len(np.unique(groups)), "groups")
    n_test = math.ceil(test_size * units)
    n_train, cv = units - n_test, FEWEST_FOLDS if cv is None else cv
    if n_train < cv + (prepared.times is not None):
        raise DataError(
            f"{units} {what} are too few: {n_test} of them are held out for the test, and the other {n_train} cannot "
            f"be divided into {cv} folds. Give more {what}, or a smaller --cv or --test-size."
        )
    classes = prepared.target.classes
    if prepared.times is not None:
        in_time = rows[np.argsort(prepared.times[rows], kind="stable")]
        train_rows, test_rows = in_time[:n_train], in_time[n_train:]
        if classes is not None:
            _check_classes_learned(prepared.y.iloc[train_rows], prepared.y.iloc[test_rows], prepared)
        return train_rows, test_rows
    if groups is not None:
        splitter = GroupShuffleSplit(1, test_size=test_size, random_state=seed)
        train, test = next(splitter.split(rows, groups=groups))
    else:
        stratify = classes is not None and min(n_test, n_train) >= len(classes)
        train, test = train_test_split(
            np.arange(len(rows)),
            test_size=test_size,
            random_state=seed,
            stratify=prepared.y.iloc[rows] if stratify else None,
        )
    train_rows, test_rows = np.sort(rows[train]), np.sort(rows[test])
    if classes is not None:
        _check_classes_learned(prepared.y.iloc[train_rows], prepared.y.iloc[test_rows], prepared)
    return train_rows, test_rows


def _check_classes_learned(learned: pd.Series, tested: pd.Series, prepared: Prepared) -> None:
    lost = sorted(set(tested) - set(learned), key=str)
    if lost:
        where = "" if prepared.groups is None else "; a class needs rows in several groups"
        raise DataError(
            f"All rows of the class {shown(lost[0])} of {prepared.target.name!r} fell into the test set, so it cannot "
            f"be learned{where}. Try another --seed or --test-size."
        )

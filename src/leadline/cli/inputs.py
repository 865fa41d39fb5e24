"""From a table on disk to what the estimators take, with every check that can be made before anything is written."""

import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from leadline.errors import DataError, ParameterError
from leadline.estimators import DeepRegressor, Model
from leadline.estimators.monotonic import constraints_of
from leadline.search import Metric
from leadline.search.folds import FEWEST_FOLDS
from leadline.tables import (
    SAID,
    Layout,
    NumberColumn,
    Numbers,
    Ordinal,
    Target,
    WrittenNumbers,
    guess_task,
    infer_column,
    infer_target,
    looks_like_counts,
    nearest,
    no_value,
    number_values,
    numbers_of,
    shown,
    writing_of,
)

__all__ = [
    "Prepared",
    "check_metric",
    "hold_out",
    "left_out_notice",
    "monotonic_columns",
    "number_column",
    "parse_columns",
    "prepare",
    "take_column",
    "time_column",
    "word_columns",
]

Array = NDArray[Any]

TASKS = ("auto", "classification", "ordinal", "regression")
# Whole numbers with no more different values than this might as well be classes.
FEW_VALUES = 30


@dataclass(frozen=True)
class Prepared:
    """A table ready to be learned from: features, target, and weights, groups and times where asked for.

    Times are ranks: the smaller, the earlier. `columns` is what is known of the columns, from all rows: what estimators
    are told. `unlabelled` has the rows without a target, each with its number in the table.
    """

    features: pd.DataFrame
    y: pd.Series
    target: Target
    w: Array | None
    groups: Array | None
    times: Array | None
    notices: list[str]
    layout: Layout
    columns: dict[str, Any]
    unlabelled: pd.DataFrame


def parse_columns(pairs: Iterable[str]) -> dict[str, Any]:
    """What was said of columns as NAME=WHAT.

    Raises
    ------
    ParameterError
        It is something else.
    """
    said: dict[str, Any] = {}
    for pair in pairs:
        name, equals, what = pair.rpartition("=")
        words = [word.strip() for word in what.replace("<", ",").split(",")]
        if not equals or not name or (len(words) < 2 and what.replace("-", " ") not in SAID):
            raise ParameterError(
                f"--column must be NAME=WHAT, where WHAT is one of {', '.join(SAID)}, or words from low to high, "
                f"such as size=S,M,L; got {pair!r}."
            )
        said[name] = words if len(words) > 1 else what
    return said


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
    """Columns whose values were text in training; `truth`, the target's column, is one if its own were.

    They are read as they are written: alone in a file, 01 looks like the number 1, and 1.234 like little more than 1.
    """
    columns = model.layout.columns
    names = [own.name for own in columns if not isinstance(own, NumberColumn) or own.written is not None]
    target, classes = model.target, model.target.classes
    text = classes is not None and classes.dtype.kind in "OUT"
    if truth is not None and (text or (isinstance(target, Numbers) and target.written is not None)):
        names.append(truth)
    return names


def time_column(frame: pd.DataFrame, name: str, said: Any = None) -> Array:
    """A column of numbers or dates as ranks; `said` is what is known of it."""
    column = take_column(frame, name, "time")
    values = column if pd.api.types.is_numeric_dtype(column) else _times(column, said)
    if values.isna().any():
        row = int(np.argmax(values.isna()))
        has = "no value" if pd.isna(column.iloc[row]) else shown(column.iloc[row])
        raise DataError(f"The time column {name!r} must hold numbers or dates in every row; row {row + 1} has {has}.")
    ranks: Array = values.rank(method="dense").to_numpy().astype(np.int64)
    return ranks


def _times(column: pd.Series, said: Any) -> pd.Series:
    """Text as the dates or numbers that it is written as, NaN for what is none."""
    found = infer_column(str(column.name), column, said)
    if isinstance(found, NumberColumn):
        return pd.Series(numbers_of(found.written, column, found.date))
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
    said: dict[str, Any] | None = None,
) -> Prepared:
    """Check a table and take it apart.

    Parameters
    ----------
    frame : DataFrame
    target, task, drop, weight, group, time, loss
        The options of these names.
    said : dict, optional
        What is known of some columns; see `Layout.infer`.

    Raises
    ------
    DataError
        A column that was named is not there, or the target or a column cannot be used.
    """
    if task not in TASKS:
        raise ParameterError(f"--task must be one of {', '.join(TASKS)}; got {task!r}.{nearest(task, list(TASKS))}")
    said = dict(said or {})
    for name in said:
        take_column(frame, name, "--column")
    frame, y, unlabelled, notices = _with_target(frame, target, task, said)
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
    times = None if time is None else time_column(frame, time, said.get(time))
    aside += [name for name in (weight, group, time) if name is not None]
    features = frame.drop(columns=aside)
    if not features.columns.size:
        raise DataError(
            f"The table has no column beside {', '.join(repr(name) for name in aside)}; nothing to learn from."
        )
    found_task = guess_task(y) if task == "auto" else task
    described = infer_target(
        y.to_numpy(),
        "regression" if found_task == "regression" else "classification",
        target,
        _loss(loss, found_task, target),
        said.get(target),
    )
    _check_target(y if w is None else y[w > 0], described)
    notices += _task_notices(y, described, task, loss)
    layout = Layout.infer(features, {name: what for name, what in said.items() if name in features.columns})
    layout.encode(features)  # finds infinite values before anything is written
    notices += layout.notices
    if w is not None and not w.all():
        notices.append(f"{int(np.sum(w == 0)):,} rows of weight 0 are not used")
    known = _known(features, layout, said)
    if target in said:
        known[target] = said[target]
    return Prepared(features, y, described, w, groups, times, notices, layout, known, unlabelled)


def _with_target(
    frame: pd.DataFrame, target: str, task: str, said: dict[str, Any]
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, list[str]]:
    """The rows with a target, their target, the rows without, and what is to be said of it.

    How the numbers of a target are written goes into `said`.
    """
    y, notices = take_column(frame, target, "target"), []
    written = said.get(target) if target in said else writing_of(y)
    numbers = task == "regression" or (task == "auto" and guess_task(y) == "regression")
    if numbers and isinstance(written, WrittenNumbers) and not pd.api.types.is_numeric_dtype(y):
        values = number_values(NumberColumn(target, missing=True, written=written), y)
        y, said[target] = pd.Series(values, index=y.index, name=target), written
        notices.append(f"the target {target!r} is read as numbers written like {written.described()}")
    gaps = no_value(y)
    if not gaps.any():
        return frame, y, frame[:0], notices
    if gaps.all():
        raise DataError(f"The target {target!r} has no value in any row; there is nothing to learn from.")
    notices.append(left_out_notice(int(gaps.sum()), f", the first of them row {int(np.argmax(gaps)) + 1}"))
    return frame[~gaps], y[~gaps], frame[gaps], notices


def left_out_notice(rows: int, first: str = "") -> str:
    """What is said of rows without a target."""
    are = "row without a target is" if rows == 1 else "rows without a target are"
    return f"{rows:,} {are} left out{first}; --predict-missing predicts {'it' if rows == 1 else 'them'}"


def _task_notices(y: pd.Series, target: Target, task: str, loss: str | None) -> list[str]:
    """Which task was taken where another could be meant, and how to take that."""
    name = target.name
    if task == "auto" and isinstance(target, Numbers):
        numbers, found = y.to_numpy(dtype=np.float64), []
        few = len(np.unique(numbers)) if bool((numbers == np.round(numbers)).all()) else 0
        if 0 < few <= FEW_VALUES:
            found.append(
                f"{name!r} has {few} different values and is predicted as a number; --task classification predicts "
                "classes, --task ordinal classes that have an order"
            )
        if loss is None and looks_like_counts(numbers):
            found.append(f"{name!r} looks like counts; --loss poisson learns them by a loss of their own")
        return found
    if task == "auto" and target.classes is not None and len(target.classes) > 2:
        try:
            Ordinal.in_order(y.to_numpy(), name)
        except DataError:
            return []
        numbers_too = ", --task regression numbers" if target.classes.dtype.kind in "iuf" else ""
        return [
            f"{name!r} has {len(target.classes)} different values and is predicted as classes; --task ordinal predicts "
            f"classes that have an order{numbers_too}"
        ]
    return []


def _known(features: pd.DataFrame, layout: Layout, said: dict[str, Any]) -> dict[str, Any]:
    """What all rows say of text columns, which some of them might leave open."""
    known = {name: what for name, what in said.items() if name in features.columns}
    written = {column.name: column.written for column in layout.number_columns}
    texts = {column.name for column in layout.text_columns}
    for name in (own for own in features.columns if pd.api.types.is_string_dtype(features[own].dtype)):
        if name in written:
            known.update({name: written[name]} if written[name] is not None else {})
        else:
            known.setdefault(name, "text" if name in texts else "words")
    return known


def _loss(name: str | None, task: str, target: str) -> Any:
    """A loss that was asked for, as targets know it; None for the usual one."""
    if name is None:
        return "ordinal" if task == "ordinal" else None
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


def monotonic_columns(rising: Sequence[str], falling: Sequence[str], prepared: Prepared) -> dict[str, int] | None:
    """What --rising and --falling ask for, as `monotonic_cst` has it; None for nothing."""
    both = [name for name in rising if name in falling]
    if both:
        raise ParameterError(f"--rising {both[0]} and --falling {both[0]} contradict each other.")
    asked = {**dict.fromkeys(rising, 1), **dict.fromkeys(falling, -1)}
    if asked:
        X = prepared.features
        try:
            constraints_of("", asked, list(X.columns), Layout.infer(X), prepared.target)
        except ParameterError as error:
            raise ParameterError(str(error).replace(".monotonic_cst", "--rising and --falling: it", 1)) from error
    return asked or None


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

"""Predictions as a table, as files and servers have them."""

import numpy as np
import pandas as pd

from leadline.errors import ParameterError
from leadline.estimators.deep import DeepClassifier, DeepRegressor
from leadline.estimators.depth_search import DepthSearchCV
from leadline.search import Intervals, Sets, labels_of
from leadline.tables import Labels, Numbers, free_name

__all__ = ["asked_sure", "prediction_table"]

# Between the classes of a set.
AND = "; "


def prediction_table(
    estimator: DeepClassifier | DeepRegressor | DepthSearchCV,
    frame: pd.DataFrame,
    proba: bool = False,
    interval: float | None = None,
    sets: float | None = None,
) -> pd.DataFrame:
    """A row for each row of a table: the prediction, and what was asked for beside it.

    Columns: the target's name; of several numbers, quantiles or labels "name 1", "name 2", …. A column beside it that
    would have the target's own name has an underscore behind it.

    Parameters
    ----------
    estimator : DeepClassifier or DeepRegressor
    frame : DataFrame
    proba : bool
        "p(…)": the probability of each class.
    interval : float, optional
        "lower" and "upper": an interval for each number, which holds the truth so often; of several "lower 1", ….
    sets : float, optional
        "set": the classes or labels that, so often, hold the truth, with semicolons between them.

    Raises
    ------
    ParameterError
        There are no intervals of classes and no sets of numbers; or the model does not know how sure it is.
    """
    model = estimator.model_
    target = model.target
    sure = asked_sure(estimator, interval, sets)
    predictions = model.predictions(frame)
    table: dict[str, object] = {}
    if isinstance(target, Numbers | Labels):
        found = labels_of(predictions) if isinstance(target, Labels) else predictions
        several = found.shape[1] > 1
        table = {f"{target.name} {i + 1}" if several else target.name: own for i, own in enumerate(found.T)}
        names = list(range(1, predictions.shape[1] + 1))
    else:
        assert target.classes is not None
        table = {target.name: np.asarray(target.classes)[predictions.argmax(axis=1)]}
        names = list(target.classes)
    if isinstance(sure, Intervals) and interval is not None:
        for end, numbers in zip(("lower", "upper"), sure.interval(predictions, interval), strict=True):
            several = numbers.shape[1] > 1
            for i, own in enumerate(numbers.T):
                table[free_name(table, f"{end} {i + 1}" if several else end)] = own
    if isinstance(sure, Sets) and sets is not None:
        members = sure.members(predictions, sets)
        table[free_name(table, "set")] = [AND.join(str(names[k]) for k in np.flatnonzero(own)) for own in members]
    if proba and not isinstance(target, Numbers):
        for name, column in zip(names, predictions.T, strict=True):
            table[free_name(table, f"p({name})")] = column
    return pd.DataFrame(table)


def asked_sure(
    estimator: DeepClassifier | DeepRegressor | DepthSearchCV, interval: object, sets: object
) -> Intervals | Sets | None:
    """What makes intervals or sets, if either is asked for.

    Raises
    ------
    ParameterError
        See `prediction_table`.
    """
    numbers = isinstance(estimator.model_.target, Numbers)
    if interval is not None and not numbers:
        raise ParameterError("There are intervals of numbers only, and this model predicts classes; ask for sets.")
    if sets is not None and numbers:
        raise ParameterError("There are sets of classes only, and this model predicts numbers; ask for an interval.")
    return None if interval is None and sets is None else estimator._sure()

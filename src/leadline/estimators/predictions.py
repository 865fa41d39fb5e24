"""Predictions as a table, as files and servers have them."""

import numpy as np
import pandas as pd

from leadline.estimators.deep import DeepClassifier, DeepRegressor
from leadline.estimators.depth_search import DepthSearchCV
from leadline.search import labels_of
from leadline.tables import Labels, Numbers

__all__ = ["prediction_table"]


def prediction_table(
    estimator: DeepClassifier | DeepRegressor | DepthSearchCV, frame: pd.DataFrame, proba: bool = False
) -> pd.DataFrame:
    """A row for each row of a table: the prediction, and with `proba` the probability of each class.

    Columns: the target's name, and "p(…)" for each class; of several numbers, quantiles or labels "name 1", "name 2", …
    """
    target = estimator.model_.target
    predictions = estimator.model_.predictions(frame)
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
    if proba and not isinstance(target, Numbers):
        table.update({f"p({name})": column for name, column in zip(names, predictions.T, strict=True)})
    return pd.DataFrame(table)

"""What MLflow calls to read a model folder of ours and to predict with it."""

from typing import Any

import pandas as pd

from leadline.estimators import DeepClassifier, DeepRegressor, load
from leadline.estimators.predictions import prediction_table

__all__ = ["Served"]


class Served:
    """A model that predicts tables."""

    def __init__(self, estimator: DeepClassifier | DeepRegressor) -> None:
        self.estimator = estimator

    def predict(self, data: Any, params: Any = None) -> pd.DataFrame:
        """A row for each row of `data`, a table or an array: the prediction, and the probability of each class."""
        known = {column.name for column in self.estimator.model_.layout.columns}
        if isinstance(data, pd.DataFrame) and known <= set(data.columns):
            data = data[[name for name in data.columns if name in known]]
            return prediction_table(self.estimator, data.reset_index(drop=True), proba=True)
        # an array's columns are known by their place, also where MLflow makes a table of it
        unnamed = not hasattr(self.estimator, "feature_names_in_")
        if isinstance(data, pd.DataFrame) and unnamed:
            data = data.to_numpy()
        return prediction_table(self.estimator, self.estimator._frame(data), proba=True)


def _load_pyfunc(path: str) -> Served:
    """The model in a folder; MLflow looks for this name."""
    return Served(load(path))

"""A fitted model behind an array of plain numbers, for what computes with the values of columns, as shap does."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from leadline.errors import DataError
from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.tables import CategoryColumn, known_words

__all__ = ["CodedModel"]


class CodedModel:
    """A model that takes categories as integer codes, for explainers that need numbers; codes count from 0, sorted.

    Explainers such as ``shap.Explainer`` subtract the values of a column from each other, which words do not bear. They
    explain this one: ``shap.Explainer(coded, coded.encode(X))(coded.encode(X_test))``.

    Parameters
    ----------
    estimator : fitted DeepClassifier, DeepRegressor or DepthSearchCV

    Attributes
    ----------
    columns : list of str
        The columns that the model reads.
    categories : dict of str to list of str
        For each column of categories what its numbers mean; the one after the last is any other word.

    Raises
    ------
    DataError
        The model reads free text, for which there is no number; `explain_rows` explains such a model.

    Examples
    --------
    >>> import pandas as pd
    >>> from leadline import DeepRegressor
    >>> from leadline.inspection import CodedModel
    >>> table = pd.DataFrame({"rooms": [1.0, 2.0, 3.0, 4.0] * 8, "colour": ["red", "blue", "red", None] * 8})
    >>> coded = CodedModel(DeepRegressor((), random_state=0).fit(table, table["rooms"]))
    >>> coded.encode(table[:4])["colour"].tolist()
    [1.0, 0.0, 1.0, nan]
    >>> coded(coded.encode(table[:4])).shape
    (4,)
    """

    def __init__(self, estimator: DeepClassifier | DeepRegressor | DepthSearchCV) -> None:
        check_is_fitted(estimator, "model_")
        self.estimator = estimator
        self._layout = estimator.model_.layout
        for column in self._layout.text_columns:
            raise DataError(
                f"Column {column.name!r} is free text, which no single number stands for; leadline.inspection."
                "explain_rows explains models that read text."
            )
        known = {column.name for column in self._layout.columns}
        self.columns = [name for name in estimator._names if name in known]
        self.categories = {column.name: list(column.categories) for column in self._layout.category_columns}

    def encode(self, X: Any) -> pd.DataFrame:
        """The rows of X, (m, p), as numbers: a table of float64 with the columns of the model, NaN for missing.

        Dates are days since 1970, words that have an order their places in it.
        """
        frame = self.estimator._frame(X)
        numbers = iter(self._layout.encode(frame).numbers.T)
        found = {}
        for column in self._layout.columns:
            if isinstance(column, CategoryColumn):
                place = {word: float(i) for i, word in enumerate(column.categories)}
                unseen = float(len(column.categories))
                words = known_words(column, frame[column.name])
                found[column.name] = np.array([np.nan if word is None else place.get(word, unseen) for word in words])
            else:
                found[column.name] = next(numbers).astype(np.float64)
        return pd.DataFrame({name: found[name] for name in self.columns})

    def __call__(self, codes: Any) -> NDArray[np.float64]:
        """Probabilities, (m, K), or numbers, (m,) or (m, k), for rows that `encode` gave, or for mixtures of them."""
        values = pd.DataFrame(np.asarray(codes, np.float64), columns=self.columns)
        numbers, places = [np.zeros((len(values), 0))], [np.zeros((len(values), 0), np.int32)]
        for column in self._layout.columns:
            own = values[column.name].to_numpy()
            if not isinstance(column, CategoryColumn):
                numbers.append(own[:, None])
                continue
            place = np.full(len(values), column.n_indicators - 1 if column.missing else -1, np.int32)
            known = ~np.isnan(own)
            place[known] = np.clip(np.round(own[known]), 0, len(column.categories))
            if not column.rare:  # an unseen word sets no input
                place[known & (place == len(column.categories))] = -1
            places.append(place[:, None])
        encoded = self._layout.encoded(np.concatenate(numbers, axis=1), np.concatenate(places, axis=1))
        found = self.estimator.model_.predictions_of_rows(len(values), encoded.__getitem__)
        return found[:, 0] if found.shape[1] == 1 else found

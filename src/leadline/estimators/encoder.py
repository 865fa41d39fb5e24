"""TableEncoder: a table as the numbers that the estimators read, for parts of scikit-learn that want an array."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from leadline.errors import DataError
from leadline.tables import Layout, as_frame, has_names
from leadline.training import one_blas_thread

__all__ = ["TableEncoder"]


class TableEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encode a table as an array of numbers without missing values, as the estimators do before scaling.

    The estimators take tables as they are and need no encoder. Some of what scikit-learn puts around them does not:
    `ClassifierChain` and `RFE` make an array of numbers out of X before anyone else sees it, and fail on categories.
    ``make_pipeline(TableEncoder(), ClassifierChain(DeepClassifier()))`` has the encoder before them.

    Numbers, and dates as days since 1970, stay as they are, with the median of the training rows for a missing one;
    each category becomes an indicator, 0 or 1, and so does "missing" where anything was missing in training. Free text
    becomes its length and its place in some directions; a date also its places in the day, the week and the year, as
    sines and cosines, where the training rows show them. Columns that say nothing are left out.

    Attributes
    ----------
    layout_ : Layout
        What each column is.
    n_features_in_ : int
    feature_names_in_ : (p,) array
        If X had column names.

    Examples
    --------
    >>> import pandas as pd
    >>> from leadline import TableEncoder
    >>> table = pd.DataFrame({"rooms": [3, None, 5], "colour": ["red", "blue", "red"]})
    >>> encoder = TableEncoder().fit(table)
    >>> encoder.get_feature_names_out().tolist()
    ['rooms', 'rooms missing', 'colour = blue', 'colour = red']
    >>> encoder.transform(table).tolist()
    [[3.0, 0.0, 0.0, 1.0], [3.0, 1.0, 1.0, 0.0], [5.0, 0.0, 0.0, 1.0]]
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find out what each column is.

        Parameters
        ----------
        X : (n, p) DataFrame, array or sparse matrix
        y : ignored

        Raises
        ------
        DataError
            The table cannot be used.
        """
        frame = as_frame(X)
        if frame.shape[1] < 1:
            raise DataError(f"Found array with 0 feature(s) (shape={frame.shape}) while a minimum of 1 is required.")
        if len(frame) < 2:
            raise DataError(f"Found {len(frame)} sample(s), n_samples={len(frame)}; a minimum of 2 is required.")
        self.n_features_in_ = frame.shape[1]
        if has_names(X):
            self.feature_names_in_ = np.array(frame.columns, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self._names = list(frame.columns)
        with one_blas_thread():
            self.layout_ = Layout.infer(frame).fitted(frame)
        numbers = self.layout_.encode(frame).numbers
        known = [column[~np.isnan(column)] for column in numbers.T]
        self._fill = np.array([np.quantile(own, 0.5, method="inverted_cdf") for own in known])
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """The rows of X, (m, p), as numbers, (m, q).

        Raises
        ------
        DataError
            A column is missing or of another kind than in training.
        """
        check_is_fitted(self, "layout_")
        frame = as_frame(X, self._names)
        if not (has_names(X) and hasattr(self, "feature_names_in_")):
            if frame.shape[1] != self.n_features_in_:
                raise DataError(
                    f"X has {frame.shape[1]} features, but TableEncoder is expecting {self.n_features_in_} features as "
                    "input."
                )
            frame = frame.set_axis(self._names, axis=1)
        encoded = self.layout_.encode(frame)
        numbers = np.where(np.isnan(encoded.numbers), self._fill, encoded.numbers)
        return np.concatenate([numbers, encoded.indicators], axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """What each number is, (q,)."""
        check_is_fitted(self, "layout_")
        return np.array(self.layout_.input_names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        return tags

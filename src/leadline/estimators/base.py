"""What the estimators share once they are fitted: predicting, scoring, saving and showing themselves."""

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from leadline.errors import DataError, ParameterError
from leadline.estimators.given import as_dataset, column_of
from leadline.estimators.importances import importances
from leadline.estimators.model import Model
from leadline.search import Intervals, Metric, Sets, labels_of
from leadline.storage import save_record
from leadline.tables import (
    Labels,
    Numbers,
    as_frame,
    has_names,
    is_dataset,
)
from leadline.training.hyperparameters import Rule, check

__all__ = ["ClassifierFace", "Face", "RegressorFace"]

Array = NDArray[Any]


def _is_plain(X: Any, n_features: int) -> bool:
    """Whether X is an array of numbers, none of them masked, with rows and the right number of columns."""
    if not isinstance(X, np.ndarray) or isinstance(X, np.ma.MaskedArray):
        return False
    return X.ndim == 2 and X.shape[1] == n_features and len(X) > 0 and X.dtype.kind in "fiu"


class Face(BaseEstimator):  # type: ignore[misc]
    """What every fitted estimator can do with its model."""

    # the rule of every parameter that is no hyperparameter; those have theirs in `Hyperparameters`
    _rules: ClassVar[Mapping[str, Rule]]

    def _check_rules(self) -> None:
        """Raise ParameterError for the first parameter that breaks its rule."""
        for name, rule in self._rules.items():
            check(type(self).__name__, name, rule, getattr(self, name))

    model_: Model
    n_features_in_: int
    _number_positions: NDArray[np.int64] | None
    _own_names: list[str] | None = None

    def _set_model(self, model: Model, frame: pd.DataFrame, X: Any) -> None:
        self.model_ = model
        self.n_features_in_ = frame.shape[1]
        if has_names(X):
            self.feature_names_in_ = np.array(frame.columns, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self._own_names = list(frame.columns) if has_names(X) else None
        self._find_numbers()

    def _found_html(self) -> str:
        """What notebooks show below scikit-learn's diagram of a fitted estimator: the shapes of its network."""
        networks = len(self.model_.members)
        said = f"{networks} network{'' if networks == 1 else 's'} of this kind" if networks > 1 else "The network"
        return f"<p>{said}:</p><pre>{html.escape(self.model_.plans[0].architecture.table())}</pre>"

    def _repr_html_inner(self) -> str:
        diagram = str(super()._repr_html_inner())
        return diagram + self._found_html() if hasattr(self, "model_") else diagram

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:
            bundle["text/html"] = self._repr_html_inner()
        return bundle

    @property
    def _names(self) -> list[str]:
        """Names of the columns that `fit` saw; those of an array are x0, x1, …"""
        # shap sets the public ones of a copy to None
        return [f"x{i}" for i in range(self.n_features_in_)] if self._own_names is None else self._own_names

    def _find_numbers(self) -> None:
        """Where an array has the columns that are read, unless some of them are no plain numbers."""
        at = {name: i for i, name in enumerate(self._names)}
        layout = self.model_.layout
        self._number_positions = np.array([at[c.name] for c in layout.columns], np.int64) if layout.plain else None

    def _predictions(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self, "model_")
        if is_dataset(X):
            dataset, names = as_dataset(X), [column.name for column in self.model_.layout.columns]
            dataset.check(*names)
            return np.concatenate([self.model_.predictions(part.frame) for part in dataset.batches(names)])
        positions = self._number_positions
        if positions is not None and _is_plain(X, self.n_features_in_):
            return self.model_.predictions_of_rows(
                len(X), lambda rows: self.model_.layout.encode_array(X, positions, rows)
            )
        frame = self._frame(X)
        if len(frame) == 0:
            raise DataError("Found array with 0 sample(s), a table without rows; nothing to predict.")
        return self.model_.predictions(frame)

    def _sure(self) -> Intervals | Sets:
        """What is known of how sure predictions are."""
        check_is_fitted(self, "model_")
        if self.model_.sure is None:
            raise ParameterError(
                f"This {type(self).__name__} cannot say how sure it is: it knows no rows that its networks have not "
                "learned from. There are none where L = 1 is solved, with early_stopping=False, after partial_fit and "
                "in files of earlier versions. Fit it with other rows or a splitter as `validation`, or by "
                "DepthSearchCV."
            )
        return self.model_.sure

    def _frame(self, X: Any) -> pd.DataFrame:
        """X as a table with the columns that `fit` saw; those of an array are known by their place."""
        frame, named = as_frame(X, self._names), has_names(X) and self._own_names is not None
        if not named and frame.shape[1] != self.n_features_in_:
            raise DataError(
                f"X has {frame.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} "
                "features as input."
            )
        if not named:
            return frame.set_axis(self._names, axis=1)
        known = set(self._names)
        extra = [name for name in frame.columns if name not in known]
        # a column that is missing is named first: the other may be its new name
        if extra and {column.name for column in self.model_.layout.columns} <= set(frame.columns):
            raise DataError(
                f"X has the column {extra[0]!r}, which was not there in training ({len(extra)} such columns); leave it "
                "out: X[list(model.feature_names_in_)]."
            )
        return frame

    @property
    def feature_importances_(self) -> NDArray[np.float64]:
        """Each column's share of the variance of the predictions, (p,), for columns drawn independently; sums to 1.

        Known from the model alone, without rows; see `leadline.estimators.importances` for what exactly it is. What a
        column is worth for the score is another thing: `leadline.inspection.column_importances` or scikit-learn's
        `permutation_importance` say that, from labelled rows.
        """
        check_is_fitted(self, "model_")
        return importances(self.model_, self._names)

    def save(self, path: str | Path) -> None:
        """Write the model into the folder `path` as model.safetensors and model.json; `leadline.load` reads it.

        Parameters
        ----------
        path : path
            Made if it is not there.
        """
        check_is_fitted(self, "model_")
        record, arrays = self.model_.to_record()
        names = getattr(self, "feature_names_in_", None)
        record["features"] = {"count": self.n_features_in_, "names": None if names is None else list(names)}
        save_record(path, record, arrays)

    def _restore(self, model: Model, features: dict[str, Any]) -> Self:
        self.model_ = model
        self.n_features_in_ = int(features["count"])
        if features["names"] is not None:
            self.feature_names_in_ = np.array(features["names"], dtype=object)
        self._own_names = features["names"]
        self._find_numbers()
        return self

    @property
    def notices_(self) -> list[str]:
        """What the reader should know about the columns: how they are read, and which are not used, and why.

        Of a dataset on disk also how many rows without a target were left out by the last `fit`.
        """
        check_is_fitted(self, "model_")
        n = getattr(self, "_unlabelled", 0)
        left_out = [f"{n:,} row{' without a target is' if n == 1 else 's without a target are'} left out"] if n else []
        return [*left_out, *self.model_.layout.notices]


class ClassifierFace(ClassifierMixin, Face):  # type: ignore[misc]
    """Predictions of classes, or of labels, several of which may be true of a row."""

    # what scikit-learn's tags say too, for libraries that look here as they did up to scikit-learn 1.7
    _estimator_type = "classifier"

    def __call__(self, X: Any) -> NDArray[np.float64]:
        """The same as `predict_proba`, for libraries that explain functions, such as shap."""
        return self.predict_proba(X)

    @property
    def classes_(self) -> Array:
        """The classes in sorted order, (K,); the numbers of the labels, (k,)."""
        check_is_fitted(self, "model_")
        target = self.model_.target
        return np.arange(target.n_predictions) if isinstance(target, Labels) else np.asarray(target.classes)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each class or label.

        Parameters
        ----------
        X : (m, p) DataFrame, array or sparse matrix
            Columns of a DataFrame may come in any order.

        Returns
        -------
        (m, K) array
            In the order of `classes_`. For classes every row sums to one; labels have a probability each.
        """
        return self._predictions(X)

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithm of the probability of each class or label, (m, K), for X of shape (m, p)."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def predict_set(self, X: Any, coverage: float = 0.9) -> NDArray[np.bool_]:
        """The classes that a row may have: of rows like the training rows a share `coverage` has its class in its set.

        A class is in the set if it is probable enough; how probable that is, rows tell that networks did not learn
        from (least ambiguous sets: Sadinle, Lei & Wasserman 2019). The most probable class always is in the set. Of
        labels, several of which may be true, each that is true is in the set of its row with that probability.

        Parameters
        ----------
        X : (m, p) DataFrame, array or sparse matrix
        coverage : float, default 0.9

        Returns
        -------
        (m, K) array of bool
            In the order of `classes_`.

        Raises
        ------
        ParameterError
            The model does not know any rows that its networks have not learned from.
        """
        sets = self._sure()
        assert isinstance(sets, Sets)
        return sets.members(self._predictions(X), coverage)

    def predict(self, X: Any) -> Array:
        """The most probable class of each row, (m,), or 0 and 1 for each label, (m, k), for X of shape (m, p)."""
        probabilities = self._predictions(X)
        if isinstance(self.model_.target, Labels):
            return labels_of(probabilities)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy: the share of rows whose class, or all of whose labels, are predicted.

        Parameters
        ----------
        X : (m, p) DataFrame or array
        y : (m,) array, or (m, k) for labels
        sample_weight : (m,) array, optional
        """
        truth = column_of(X, y)
        if isinstance(truth, pd.Series):  # truth values among which there were gaps
            truth = truth.infer_objects()
        return float(super().score(X, truth, column_of(X, sample_weight)))


class RegressorFace(RegressorMixin, Face):  # type: ignore[misc]
    """Predictions of numbers."""

    _estimator_type = "regressor"

    def __call__(self, X: Any) -> NDArray[np.float64]:
        """The same as `predict`, for libraries that explain functions, such as shap."""
        return self.predict(X)

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The predicted numbers, (m,) or (m, k), for X of shape (m, p); several quantiles of each are one more axis."""
        predictions = self._predictions(X)
        assert isinstance(self.model_.target, Numbers)
        shape = tuple(n for n in (self.model_.target.n_outputs, len(self.model_.target.quantiles)) if n > 1)
        return predictions.reshape(len(predictions), *shape)

    def predict_interval(self, X: Any, coverage: float = 0.9) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """An interval for each row's number: of rows like the training rows a share `coverage` has it inside.

        As many of the others lie below as above. How wide an interval must be for that, rows tell that networks did not
        learn from; it is wider where errors are usually larger: at levels of the prediction where they were, or where
        predicted quantiles are far apart. See docs/how-sure.md for what is promised, and
        `leadline.search.conformal` for how it is done.

        Parameters
        ----------
        X : (m, p) DataFrame, array or sparse matrix
        coverage : float, default 0.9
            Of each number by itself, where there are several.

        Returns
        -------
        lower, upper : (m,) or (m, k) arrays

        Raises
        ------
        ParameterError
            The model does not know rows that its networks have not learned from, or not enough of them.
        """
        intervals = self._sure()
        assert isinstance(intervals, Intervals)
        lower, upper = intervals.interval(self._predictions(X), coverage)
        shape = lower.shape if lower.shape[1] > 1 else len(lower)
        return lower.reshape(shape), upper.reshape(shape)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² of the predictions, or for several quantiles D² of the pinball loss: the share of it that was learned.

        Parameters
        ----------
        X : (m, p) DataFrame or array
        y : (m,) or (m, k) array
        sample_weight : (m,) array, optional
        """
        check_is_fitted(self, "model_")
        target, sample_weight = self.model_.target, column_of(X, sample_weight)
        assert isinstance(target, Numbers)
        truth, metric = target.truth(np.asarray(column_of(X, y))), Metric(None, target)
        if len(target.quantiles) < 2:
            return float(super().score(X, truth, sample_weight))
        w = np.ones(len(truth)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        constant = np.tile(target.constant(truth, w), (len(truth), 1))
        return 1.0 - metric.score(truth, self._predictions(X), w) / metric.score(truth, constant, w)

"""What the estimators share: reading what the caller gave, and predicting from a fitted model."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from leadline.errors import DataError, ParameterError
from leadline.estimators.importances import importances
from leadline.estimators.model import Model
from leadline.network import Loss
from leadline.records import Field
from leadline.search import Intervals, Metric, Sets, labels_of
from leadline.storage import save_record
from leadline.tables import (
    Dataset,
    Encoded,
    Labels,
    Layout,
    Numbers,
    Target,
    as_frame,
    check_complete,
    collected_target,
    has_names,
    in_order,
    infer_target,
    is_dataset,
    nearest,
)
from leadline.training.hyperparameters import Rule, check

__all__ = [
    "RANDOM_STATE",
    "VERBOSE",
    "ClassifierFace",
    "Face",
    "Given",
    "RegressorFace",
    "as_weights",
    "draw_seed",
    "read_input",
]

Array = NDArray[Any]


@dataclass(frozen=True)
class Given:
    """What the caller gave to `fit`, checked: n rows of positive weight.

    Attributes
    ----------
    frame : DataFrame
    layout : Layout
    encoded : Encoded
    y : (n,) or (n, k) array
    w : (n,) array
    all_y : array
        The target with the rows of zero weight.
    kept : (n,) array of int
        Which of the caller's rows these are: those of positive weight.
    target : Target
    """

    frame: pd.DataFrame
    layout: Layout
    encoded: Encoded
    y: Array
    w: Array
    all_y: Array
    kept: Array
    target: Target

    def some(self, rows: NDArray[np.integer]) -> "Given":
        """Some of the rows, as if the caller had given no others."""
        frame, everything = self.frame.iloc[rows].reset_index(drop=True), np.arange(len(rows))
        y, encoded = self.y[rows], self.encoded[rows]
        return Given(frame, self.layout, encoded, y, self.w[rows], y, everything, self.target)


def read_input(
    X: Any,
    y: Any,
    sample_weight: Any,
    task: str,
    loss: str | Loss | None = None,
    class_weight: Any = None,
    layout: Layout | None = None,
    target: Target | None = None,
    columns: Mapping[str, Any] | None = None,
) -> Given:
    """Check what was given to `fit`.

    Parameters
    ----------
    X, y, sample_weight
        As the caller gave them.
    task : {"classification", "regression"}
    loss : str or Loss, optional
        See `infer_target`.
    class_weight : mapping, "balanced" or None
        Weights by class, which multiply those of the rows.
    layout, target : optional
        What is known of columns and target from other rows.
    columns : mapping, optional
        What is known of some columns; see `Layout.infer`.

    Raises
    ------
    DataError
        The table, the target or the weights cannot be used; the message says where and why.
    """
    frame = as_frame(X)
    if y is None:
        raise DataError("requires y to be passed, but the target y is None.")
    y = collected_target(y)
    said = (columns or {}).get(str(getattr(y, "name", "y")))
    if said is None and isinstance(getattr(y, "dtype", None), pd.CategoricalDtype) and y.dtype.ordered:
        said = list(y.dtype.categories)
    name = str(y.name) if isinstance(y, pd.Series) and y.name is not None else "y"
    y = _as_target(y, task)
    check_complete(y, name)
    if task == "classification":
        _check_finite(y, name)
        try:
            check_classification_targets(y)
        except ValueError as error:
            raise DataError(f"The target {name!r} does not hold classes. {error}") from error
    if len(frame) == 0:
        raise DataError("Found array with 0 sample(s), a table without rows; at least 2 are needed.")
    if frame.shape[1] == 0:
        raise DataError(f"Found array with 0 feature(s) (shape={frame.shape}) while a minimum of 1 is required.")
    if len(frame) != len(y):
        raise DataError(f"X has {len(frame):,} rows but y has {len(y):,}: inconsistent numbers of samples.")
    w = as_weights(sample_weight, len(frame)) * _class_weights(class_weight, y)
    all_y, kept = y, np.flatnonzero(w > 0)
    if len(kept) < len(frame):
        frame, y, w = frame.iloc[kept].reset_index(drop=True), y[kept], w[kept]
    if len(frame) < 2 and layout is None:
        raise DataError(f"Found {len(frame)} sample, one row of positive weight; at least 2 are needed.")
    if target is None:
        target = infer_target(y, task, name, loss, said)
    else:
        target.truth(y)
    if layout is None:
        # where columns have names, their order says nothing
        known = {known: what for known, what in (columns or {}).items() if known != name}
        unknown = [own for own in known if own not in frame.columns]
        if unknown:
            raise ParameterError(
                f"columns: there is no column {unknown[0]!r}.{nearest(unknown[0], list(frame.columns))}"
            )
        layout = Layout.infer(frame[in_order(frame.columns)] if has_names(X) else frame, known)
    return Given(frame, layout, layout.encode(frame), y, w, all_y, kept, target)


def _as_target(y: Any, task: str) -> Array:
    if hasattr(y, "toarray"):
        y = y.toarray()
    array = y.to_numpy() if hasattr(y, "to_numpy") else np.asarray(y)
    if array.dtype.kind == "c":
        raise DataError("Complex data not supported: y has complex values.")
    if array.dtype.kind == "O" or "str" in str(array.dtype):
        array = np.array(pd.Series(array.ravel()).infer_objects().to_numpy()).reshape(array.shape)
    if array.ndim == 2 and array.shape[1] == 1:
        return np.asarray(column_or_1d(array, warn=task == "classification"))
    if array.ndim not in (1, 2):
        several = "labels" if task == "classification" else "numbers"
        raise DataError(f"y must have one dimension, or two for several {several}: bad input shape {array.shape}.")
    return array


def _check_finite(y: Array, name: str) -> None:
    if y.dtype.kind != "f":
        return
    infinite = np.flatnonzero(np.isinf(y) if y.ndim == 1 else np.isinf(y).any(axis=1))
    if len(infinite):
        row = int(infinite[0])
        raise DataError(f"The target {name!r} has an infinite value (infinity) in row {row + 1}; leave the row out.")


def _class_weights(class_weight: Any, y: Array) -> Array | float:
    """The weight of each row by its class, (n,)."""
    if class_weight is None:
        return 1.0
    try:
        return np.asarray(compute_sample_weight(class_weight, y))
    except (ValueError, TypeError) as error:
        raise DataError(f"class_weight cannot be used: {error}") from error


def as_weights(sample_weight: Any, n: int) -> Array:
    """The weights of n rows in float64; ones where none are given.

    Raises
    ------
    DataError
        They are not one finite number of at least 0 for each row, or all are 0.
    """
    if sample_weight is None:
        return np.ones(n)
    w = np.asarray(sample_weight, dtype=np.float64)
    if w.ndim == 0:
        w = np.full(n, float(w))
    if w.shape != (n,):
        raise DataError(f"sample_weight.shape == {w.shape}, expected ({n},): one weight for each row.")
    bad = np.flatnonzero(~np.isfinite(w) | (w < 0))
    if len(bad):
        raise DataError(f"sample_weight must be finite and not negative; got {w[bad[0]]} in row {int(bad[0]) + 1}.")
    if not w.any():
        raise DataError("sample_weight is zero in every row: nothing is left to learn from.")
    return w


def draw_seed(random_state: Any) -> int:
    """A seed from what scikit-learn calls random_state: the integer itself, or one drawn from it or from entropy."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(random_state.integers(2**31) if hasattr(random_state, "integers") else random_state.randint(2**31 - 1))


def _is_plain(X: Any, n_features: int) -> bool:
    """Whether X is an array of numbers, none of them masked, with rows and the right number of columns."""
    if not isinstance(X, np.ndarray) or isinstance(X, np.ma.MaskedArray):
        return False
    return X.ndim == 2 and X.shape[1] == n_features and len(X) > 0 and X.dtype.kind in "fiu"


def _is_random_state(value: Any) -> bool:
    if value is None or isinstance(value, np.random.Generator | np.random.RandomState):
        return True
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= 0


# Rules that several estimators have.
RANDOM_STATE = Field("an integer of at least 0, a Generator, a RandomState or None", _is_random_state)
VERBOSE = Field("True, False or a whole number", lambda value: isinstance(value, bool | int | np.integer))


def as_dataset(X: Any) -> Dataset:
    """What `is_dataset` says is one, as ours."""
    return X if isinstance(X, Dataset) else Dataset(X)


def column_of(X: Any, y: Any) -> Any:
    """A column of a dataset that `y` names, (n,); else `y` as it is."""
    return as_dataset(X).column(y) if is_dataset(X) and isinstance(y, str) else y


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
        """What the reader should know about the columns: how they are read, and which are not used, and why."""
        check_is_fitted(self, "model_")
        return self.model_.layout.notices


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
        return float(super().score(X, column_of(X, y), column_of(X, sample_weight)))


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
        target, y, sample_weight = self.model_.target, column_of(X, y), column_of(X, sample_weight)
        assert isinstance(target, Numbers)
        if len(target.quantiles) < 2:
            return float(super().score(X, y, sample_weight))
        truth, metric = target.truth(np.asarray(y)), Metric(None, target)
        w = np.ones(len(truth)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        constant = np.tile(target.constant(truth, w), (len(truth), 1))
        return 1.0 - metric.score(truth, self._predictions(X), w) / metric.score(truth, constant, w)

"""Scores: how good a network's predictions are; inside Leadline greater is always better.

Those that come from means over rows, the defaults log loss and root mean squared error among them, are computed here in
a few array operations, since every network is scored after every epoch. Every other scorer of scikit-learn is called
as scikit-learn calls it, on predictions that are already there.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer, get_scorer_names

from leadline.errors import ParameterError
from leadline.tables import Labels, Numbers, Ordinal, Target, nearest

__all__ = ["Metric", "in_a_line", "labels_of", "usual_scores"]

Array = NDArray[Any]

# What people call a score, and what scikit-learn calls it.
_COMMON = {
    "log_loss": "neg_log_loss",
    "rmse": "neg_root_mean_squared_error",
    "mae": "neg_mean_absolute_error",
    "auc": "roc_auc",
    "ranked_log_loss": "neg_ranked_log_loss",
    "mean_places_off": "neg_mean_places_off",
}
# Of classes that have an order only.
_OF_ORDER = ("neg_ranked_log_loss", "neg_mean_places_off")
_LABELS = {
    "neg_log_loss": "log loss",
    "neg_root_mean_squared_error": "RMSE",
    "neg_mean_absolute_error": "MAE",
    "roc_auc": "AUC",
    "roc_auc_ovr": "AUC",
    "r2": "R²",
    "neg_mean_poisson_deviance": "Poisson deviance",
    "neg_mean_pinball_loss": "pinball loss",
    "neg_label_log_loss": "log loss",
    "neg_ranked_log_loss": "ranked log loss",
    "neg_mean_places_off": "places off",
}
# By what a target is judged if nobody says otherwise: by the loss that it is learned by, or what people know best.
_DEFAULTS = {
    "classification": "neg_log_loss",
    "multilabel": "neg_label_log_loss",
    "regression": "neg_root_mean_squared_error",
    "absolute_error": "neg_mean_absolute_error",
    "huber": "neg_mean_absolute_error",
    "poisson": "neg_mean_poisson_deviance",
    "quantile": "neg_mean_pinball_loss",
    "ordinal_cross_entropy": "neg_ranked_log_loss",
}
# These judge one class against the other: the second of two, which they find if classes are called 0 and 1.
_OF_THE_POSITIVE_CLASS = {
    "average_precision",
    "d2_brier_score",
    "f1",
    "jaccard",
    "neg_brier_score",
    "precision",
    "recall",
}
# A probability, or a rate, of zero for what happened would cost infinity; this is the smallest that is counted.
_LEAST_PROBABILITY = 1e-15
LABEL_THRESHOLD = 0.5


def _log_loss_terms(y: Array, predictions: Array) -> Array:
    own = np.take_along_axis(predictions, y[:, None], axis=1)
    return np.asarray(-np.log(np.maximum(own, _LEAST_PROBABILITY)))


def _label_log_losses(y: Array, predictions: Array) -> Array:
    own = np.where(y == 1, predictions, 1.0 - predictions)
    return np.asarray(-np.log(np.maximum(own, _LEAST_PROBABILITY)))


def _ranked_log_losses(ranks: Array, y: Array, predictions: Array) -> Array:
    """The log losses of "is it beyond class k?", summed over the classes in their order."""
    by_place = predictions[:, np.argsort(ranks)]
    beyond = np.cumsum(by_place[:, :0:-1], axis=1)[:, ::-1]
    up_to = np.cumsum(by_place[:, :-1], axis=1)
    own = np.where(ranks[y][:, None] > np.arange(len(ranks) - 1), beyond, up_to)
    return np.asarray(-np.log(np.clip(own, _LEAST_PROBABILITY, 1.0)).sum(axis=1, keepdims=True))


def _places_off(ranks: Array, y: Array, predictions: Array) -> Array:
    """How many places the most probable class lies from the true one."""
    return np.asarray(np.abs(ranks[predictions.argmax(axis=1)] - ranks[y])[:, None], np.float64)


def _poisson_deviances(y: Array, predictions: Array) -> Array:
    y, predictions = y.reshape(predictions.shape), np.maximum(predictions, _LEAST_PROBABILITY)
    return np.asarray(2.0 * (xlogy(y, y / predictions) - y + predictions))


def _pinball_losses(taus: tuple[float, ...], y: Array, predictions: Array) -> Array:
    """Of the quantiles of each number in turn."""
    error = np.repeat(y.reshape(len(y), -1), len(taus), axis=1) - predictions
    tau = np.resize(taus, error.shape[1])
    return np.asarray(np.maximum(tau * error, (tau - 1.0) * error))


def _hits(y: Array, predictions: Array) -> Array:
    return np.asarray(predictions.argmax(axis=1) == y, np.float64)[:, None]


def _squared_errors(y: Array, predictions: Array) -> Array:
    return np.asarray(np.square(predictions - y.reshape(predictions.shape)))


def _absolute_errors(y: Array, predictions: Array) -> Array:
    return np.asarray(np.abs(predictions - y.reshape(predictions.shape)))


def _area_under_roc(y: Array, score: Array, w: Array) -> float:
    """The probability that a positive row has a higher score than a negative one, ties counting half.

    What scikit-learn's roc_auc_score gives, in a fraction of the time: networks are scored after every epoch.
    """
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=np.nan) != 0)
    positive = np.add.reduceat(np.where(y == 1, w, 0.0)[order], starts)
    negative = np.add.reduceat(np.where(y == 1, 0.0, w)[order], starts)
    pairs = positive.sum() * negative.sum()
    if not pairs > 0:
        raise ValueError("The area under the curve is not defined for rows of one class.")
    return float((positive * (np.cumsum(negative) - 0.5 * negative)).sum() / pairs)


# Scores that come from means over rows, by what is averaged.
_TERMS: dict[str, Callable[[Array, Array], Array]] = {
    "neg_log_loss": _log_loss_terms,
    "accuracy": _hits,
    "neg_root_mean_squared_error": _squared_errors,
    "neg_mean_squared_error": _squared_errors,
    "neg_mean_absolute_error": _absolute_errors,
}


class _Predicted(BaseEstimator):  # type: ignore[misc]
    """An estimator that has made its predictions already, for scorers that want an estimator."""

    def __init__(self, predictions: Array) -> None:
        self.predictions = predictions

    def fit(self, X: Any, y: Any) -> "_Predicted":
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True


class _PredictedClasses(ClassifierMixin, _Predicted):  # type: ignore[misc]
    def __init__(self, predictions: Array, classes: Array) -> None:
        super().__init__(predictions)
        self.classes = classes
        self.classes_ = classes

    def predict_proba(self, X: Any) -> Array:
        return self.predictions

    def predict(self, X: Any) -> Array:
        return np.asarray(self.classes_[self.predictions.argmax(axis=1)])


class _PredictedLabels(ClassifierMixin, _Predicted):  # type: ignore[misc]
    @property
    def classes_(self) -> Array:
        return np.arange(self.predictions.shape[1])

    def predict_proba(self, X: Any) -> Array:
        return self.predictions

    def predict(self, X: Any) -> Array:
        return labels_of(self.predictions)


class _PredictedNumbers(RegressorMixin, _Predicted):  # type: ignore[misc]
    def predict(self, X: Any) -> Array:
        return self.predictions


def labels_of(probabilities: Array) -> Array:
    """The labels that are more probable than not, 0 and 1 of the same shape."""
    return (probabilities > LABEL_THRESHOLD).astype(np.int64)


def in_a_line(error: Exception) -> str:
    """What a caller's own function has raised, for people: its kind and the first line of what it says."""
    said = str(error).strip().partition("\n")[0] or "no message"
    return f"{type(error).__name__}: {said}"


class Metric:
    """A score for one target.

    Parameters
    ----------
    scoring : str, callable or None
        A name that scikit-learn's scorers have, one of log_loss, rmse, mae, auc, for classes in order ranked_log_loss
        and mean_places_off, or a scorer called as
        ``scorer(estimator, X, y)``. None: log loss for classes and labels, root mean squared error for numbers, or what
        belongs to their loss.
    target : Target

    Attributes
    ----------
    label : str
        What to call it in front of people.
    sign : int
        −1 for a loss that people want to see positive, else 1.

    Raises
    ------
    ParameterError
        No scorer has that name.
    """

    def __init__(self, scoring: str | Callable[..., float] | None, target: Target) -> None:
        self._target = target
        default = _default(target)
        scoring = default if scoring is None else _COMMON.get(scoring, scoring) if isinstance(scoring, str) else scoring
        if scoring == "neg_log_loss" and isinstance(target, Labels):
            scoring = "neg_label_log_loss"
        many = target.classes is not None and len(target.classes) > 2
        if scoring == "roc_auc" and many:
            scoring = "roc_auc_ovr"
        self._classes = target.classes
        if target.classes is not None and not many and isinstance(scoring, str) and scoring in _OF_THE_POSITIVE_CLASS:
            self._classes = np.arange(2)
        self._terms = dict(_TERMS)
        if isinstance(target, Numbers):
            self._terms["neg_mean_pinball_loss"] = partial(_pinball_losses, target.quantiles or (0.5,))
            if target.output_activation == "exp":  # others may predict what no deviance is defined for
                self._terms["neg_mean_poisson_deviance"] = _poisson_deviances
        elif isinstance(target, Ordinal):
            ranks = np.array(target.ranks)
            self._terms["neg_ranked_log_loss"] = partial(_ranked_log_losses, ranks)
            self._terms["neg_mean_places_off"] = partial(_places_off, ranks)
        elif isinstance(target, Labels):
            self._terms = {"neg_label_log_loss": _label_log_losses}
        if isinstance(scoring, str):
            names = [*_COMMON, *get_scorer_names()]
            if scoring not in (*names, default, *(_OF_ORDER if isinstance(target, Ordinal) else ())):
                hint = nearest(scoring, names) or " sklearn.metrics.get_scorer_names() lists them."
                raise ParameterError(f"No score is called {scoring!r}.{hint}")
            self.name = scoring
            self._scorer = None if scoring in self._terms else get_scorer(scoring)
        else:
            self.name = getattr(scoring, "__name__", type(scoring).__name__)
            self._scorer = scoring
        self.sign = -1 if self.name.startswith("neg_") else 1
        plain = self.name.removeprefix("neg_").replace("_", " ")
        self.label = _LABELS.get(self.name, plain)

    def score(self, y: Array, predictions: Array, w: Array | None = None) -> float:
        """Score of predictions, greater is better.

        Parameters
        ----------
        y : (m,) or (m, k) array
            Classes as their place among the target's classes, or numbers.
        predictions : (m, K) or (m, k) array
            Probabilities or numbers, as `Target.predictions` gives them.
        w : (m,) array, optional
            Weights of the rows.
        """
        if self.is_mean:
            return float(self.of_means(np.average(self.terms(y, predictions), axis=0, weights=w)))
        if self.name == "roc_auc" and self._classes is not None:
            return _area_under_roc(y, predictions[:, 1], np.ones(len(y)) if w is None else w)
        assert self._scorer is not None
        weights = {} if w is None or bool((w == w[0]).all()) else {"sample_weight": w}
        return float(self._scorer(self._predicted(predictions), np.zeros((len(y), 1)), self._true(y), **weights))

    def attempt(self, y: Array, predictions: Array, w: Array | None = None) -> tuple[float, str]:
        """The score as `score` gives it, and an empty text; or NaN, and why it is not defined.

        A scorer of the caller's may raise anything, and so may a score of rows that lack a class.
        """
        try:
            score = self.score(y, predictions, w)
        except Exception as error:
            return float("nan"), in_a_line(error)
        return (score, "") if np.isfinite(score) else (float("nan"), f"it gives {score}")

    @property
    def is_mean(self) -> bool:
        """Whether the score comes from means over rows: see `terms` and `of_means`."""
        return self.name in self._terms

    def terms(self, y: Array, predictions: Array) -> Array:
        """What is averaged over rows, (m, t), for a score that comes from means."""
        return self._terms[self.name](y, predictions)

    def of_means(self, means: Array) -> Array:
        """The score, greater is better, from means of the terms, (…, t)."""
        if self.name == "neg_root_mean_squared_error":
            means = np.sqrt(means)
        return np.asarray(self.sign * means.mean(axis=-1))

    def gradient(self, means: Array) -> Array:
        """How the score moves with each mean of the terms, (t,)."""
        share = self.sign / len(means)
        if self.name == "neg_root_mean_squared_error":
            return np.asarray(share * 0.5 / np.sqrt(np.maximum(means, np.finfo(float).tiny)))
        return np.full(len(means), share)

    def displayed(self, score: float) -> float:
        """The score as people want to see it: losses positive."""
        return self.sign * score

    def _predicted(self, predictions: Array) -> BaseEstimator:
        if self._classes is not None:
            return _PredictedClasses(predictions, self._classes)
        if isinstance(self._target, Labels):
            return _PredictedLabels(predictions)
        return _PredictedNumbers(predictions[:, 0] if predictions.shape[1] == 1 else predictions)

    def _true(self, y: Array) -> Array:
        if self._classes is not None:
            return np.asarray(self._classes[y])
        # numbers as they came, (m,): beside predictions (m,) those of (m, 1) would be taken for a table of both
        return y[:, 0] if isinstance(self._target, Numbers) and y.ndim == 2 and y.shape[1] == 1 else y


def _default(target: Target) -> str:
    """The name of the score by which a target is judged if nobody says otherwise."""
    loss = str(getattr(target.loss, "name", target.loss)).partition("(")[0]
    return _DEFAULTS.get(loss, _DEFAULTS[target.task])


def usual_scores(target: Target, y: Array, predictions: Array, w: Array | None = None) -> dict[str, float]:
    """The scores that people look at first, each as they want to see it (losses positive).

    Parameters
    ----------
    target : Target
    y : (m,) or (m, k) array
        As `Metric.score` takes it.
    predictions : (m, K) or (m, k) array
    w : (m,) array, optional

    Returns
    -------
    dict of str to float
        log loss, accuracy and AUC, or RMSE, MAE and R²; ranked log loss, accuracy and places off of classes in order;
        log loss and accuracy of labels; pinball loss of quantiles. NaN
        for an AUC of rows that lack a class and an R² of one row.
    """
    names = ["neg_log_loss", "accuracy", "roc_auc"]
    if isinstance(target, Ordinal):
        names = ["neg_ranked_log_loss", "accuracy", "neg_mean_places_off"]
    elif isinstance(target, Labels):
        names = ["neg_log_loss", "accuracy"]
    elif isinstance(target, Numbers):
        names = [_default(target)] if target.quantiles else ["rmse", "mae", "r2"]
    found = {}
    for name in names:
        metric = Metric(name, target)
        defined = True
        if name == "roc_auc":
            defined = target.classes is not None and len(np.unique(y)) == len(target.classes)
        elif name == "r2":
            defined = len(y) > 1
        found[metric.label] = metric.displayed(metric.score(y, predictions, w)) if defined else float("nan")
    return found

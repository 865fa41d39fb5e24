"""Anybody's models compared by the verdict's statistics: which are not significantly worse than the best?

The models were judged on the same rows, and each row has a loss for each of them; or on the same folds, of which each
has one. `comparison` and `verdict` say how far apart they are and how well that is known, as they do for depths.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing

from leadline.errors import DataError, ParameterError
from leadline.search.comparison import Comparison, compare
from leadline.search.verdict import MARGIN, Chances, chances, percent, standings

__all__ = ["LOSSES", "Ranking", "cross_val_losses", "rank"]

Array = NDArray[Any]

# With fewer rows, groups or folds the errors of the means are themselves badly known.
FEW_UNITS = 20
_LEAST_PROBABILITY = 1e-15


@dataclass(frozen=True)
class Ranking:
    """Models in the order of their mean losses, the best first.

    Attributes
    ----------
    models : tuple of str
    loss : dict of str to float
        The mean loss of each model, or its root.
    standard_error : dict of str to float
        Of the mean loss.
    not_worse : tuple of str
        The models than which no other is significantly better (5 %, all others at once): a confidence set that has the
        best model in it with a probability of 95 %.
    p_worse : dict of str to float
        For each model the p-value of "no other is better".
    chances : dict of str to Chances
        For each model but the best the probabilities that its loss is larger than the best one's by more than the
        margin ("worse"), equivalent, or smaller by more.
    as_good : dict of str to float
        For each model the probability that it is the best, or within the margin of the best.
    margin : float
        The difference of losses below which two models are equivalent.
    units : int
        Rows, groups or folds that are independent observations.
    notices : tuple of str
        What the reader should know.
    comparison : Comparison
        The scores, losses with a minus sign, and their covariance.
    """

    models: tuple[str, ...]
    loss: dict[str, float]
    standard_error: dict[str, float]
    not_worse: tuple[str, ...]
    p_worse: dict[str, float]
    chances: dict[str, Chances]
    as_good: dict[str, float]
    margin: float
    units: int
    notices: tuple[str, ...]
    comparison: Comparison

    @property
    def best(self) -> str:
        """The model with the smallest mean loss."""
        return self.models[0]

    @property
    def sentence(self) -> str:
        """The answer in words."""
        rest = [name for name in self.not_worse if name != self.best]
        if not rest:
            others = "the other is" if len(self.models) == 2 else "every other is"
            return f"{self.best} is the best: {others} significantly worse."
        worse = len(self.models) - 1 - len(rest)
        listed = ", ".join(rest[:-1]) + " and " + rest[-1] if len(rest) > 1 else rest[0]
        are = "are" if len(rest) > 1 else "is"
        nearest = max(rest, key=lambda name: self.as_good[name])
        more = "" if not worse else f" {worse} {'others are' if worse > 1 else 'other is'} significantly worse."
        return (
            f"{self.best} has the smallest loss; {listed} {are} not significantly worse. That {nearest} is the best "
            f"or within the margin of it has a probability of {percent(self.as_good[nearest])}.{more}"
        )

    def to_frame(self) -> pd.DataFrame:
        """A row for each model."""
        none = Chances(float("nan"), float("nan"), float("nan"))
        against = [self.chances.get(name, none) for name in self.models]
        return pd.DataFrame(
            {
                "model": self.models,
                "loss": [self.loss[name] for name in self.models],
                "standard_error": [self.standard_error[name] for name in self.models],
                "p_worse": [self.p_worse[name] for name in self.models],
                "not_worse": [name in self.not_worse for name in self.models],
                "worse_by_margin": [own.worse for own in against],
                "equivalent": [own.equivalent for own in against],
                "as_good_as_the_best": [self.as_good[name] for name in self.models],
            }
        )

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        rows: list[dict[str, Any]] = self.to_frame().to_dict("records")
        whole = {"margin": self.margin, "units": self.units, "notices": list(self.notices)}
        return {"sentence": self.sentence, "best": self.best, **whole, "models": rows}


@dataclass(frozen=True)
class _Losses:
    """A metric whose terms are losses that are there already: their mean, or its root, with a minus sign."""

    root: bool
    is_mean: bool = True

    def terms(self, y: Array, losses: Array) -> Array:
        return losses[:, None]

    def score(self, y: Array, losses: Array, w: Array) -> float:
        mean = float(np.average(losses, weights=w))
        return -float(np.sqrt(mean)) if self.root else -mean

    def attempt(self, y: Array, losses: Array, w: Array) -> tuple[float, str]:
        return self.score(y, losses, w), ""

    def gradient(self, means: Array) -> Array:
        return -0.5 / np.sqrt(np.maximum(means, np.finfo(float).tiny)) if self.root else np.full(len(means), -1.0)


@dataclass(frozen=True)
class _Rows:
    """Rows that models were judged on."""

    metric: _Losses
    y: Array
    w: Array
    units: Array


def rank(
    losses: Mapping[str, Any] | pd.DataFrame,
    groups: Any = None,
    *,
    folds: Any = None,
    sample_weight: Any = None,
    margin: float = MARGIN,
    root: bool = False,
    of_folds: bool = False,
    random_state: int = 0,
) -> Ranking:
    """Compare models by their losses on the same rows: which are not significantly worse than the best?

    Parameters
    ----------
    losses : mapping of str to (n,) array, or DataFrame with a column for each of D models
        The loss of each row under each model, smaller is better; for scores give them with a minus sign. Each row must
        be judged by models that have not learned from it: held-out rows, or those of the test folds of a
        cross-validation (see `cross_val_losses`).
    groups : (n,) array, optional
        Rows of one group, or of one table or patient, are one observation.
    folds : (n,) array, optional
        The fold of each row: losses are averaged over the rows of each fold first. By default over all rows.
    sample_weight : (n,) array, optional
        Weights of the rows.
    margin : float, default 0.01
        A difference of this share of the smallest mean loss does not matter.
    root : bool, default False
        Compare the roots of mean losses: of squared errors, the root mean squared error.
    of_folds : bool, default False
        The rows are folds: each loss is the mean of one fold. So few observations are known badly; with the losses of
        the rows themselves the answer is better founded.
    random_state : int, default 0
        Seed of the draws that probabilities are made of.

    Returns
    -------
    Ranking

    Raises
    ------
    DataError
        There are fewer than two models or observations, losses are missing or infinite, or lengths differ.

    Notes
    -----
    A mean loss is a mean over rows, or of the means of folds; every row has an influence on it, and the influences of
    all rows on all models, paired row by row, give the covariance of the means (Bayle, Bayle, Janson & Mackey 2020). A
    model is not worse if no other is significantly better, all others at once (Lei 2020). docs/depth.md has the
    details: it is what depths are judged by.

    Examples
    --------
    >>> import numpy as np
    >>> import leadline
    >>> generator = np.random.default_rng(0)
    >>> difficulty = generator.exponential(size=500)
    >>> noise = generator.normal(size=(2, 500))
    >>> losses = {"a": difficulty, "b": difficulty + 0.1 * noise[0], "c": difficulty + 0.2 + 0.1 * noise[1]}
    >>> sorted(leadline.compare(losses).not_worse)
    ['a', 'b']
    """
    frame, w = _checked(losses, sample_weight)
    n = len(frame)
    units = np.arange(n) if groups is None else pd.factorize(_labels(groups, n, "groups"))[0]
    if of_folds:
        if groups is not None or folds is not None:
            raise ParameterError("With of_folds=True every row is a fold: leave groups and folds out.")
        parts = list(np.arange(n)[:, None])
    elif folds is None:
        parts = [np.arange(n)]
    else:
        of = pd.factorize(_labels(folds, n, "folds"))[0]
        parts = [np.flatnonzero(of == fold) for fold in range(of.max() + 1)]
    if not (isinstance(margin, int | float | np.number) and 0 <= margin < 1):
        raise ParameterError(f"margin must be a number from 0 to below 1; got {margin!r}.")
    n_units = len(np.unique(units))
    if n_units < 2:
        raise DataError(f"Models are compared on at least two rows, groups or folds; got {n_units}.")
    if root and (frame.to_numpy() < 0).any():
        raise DataError("With root=True losses must not be negative: squared errors, for example.")
    judged = _Rows(_Losses(root), np.zeros(n), w, units)
    own = compare(judged, parts, {name: frame[name].to_numpy() for name in frame.columns}, random_state)
    best, allowed, p_worse, supported, as_good = standings(own, float(margin), random_state)
    means = dict(zip(own.models, (-own.means).tolist(), strict=True))
    # the first of equal ones stays first
    order = tuple(sorted(own.models, key=lambda name: (name != best, means[name])))
    what = "folds" if of_folds else "rows" if groups is None else "groups"
    few = f"{n_units} {what} are few: standard errors and probabilities are known badly."
    return Ranking(
        models=order,
        loss={name: means[name] for name in order},
        standard_error={name: own.error(name) for name in order},
        not_worse=tuple(name for name in order if name in supported),
        p_worse={name: p_worse[name] for name in order},
        chances={name: chances(*own.difference(name, best), allowed) for name in order if name != best},
        as_good={name: as_good[name] for name in order},
        margin=allowed,
        units=n_units,
        notices=(few,) if n_units < FEW_UNITS else (),
        comparison=own,
    )


def _checked(losses: Any, sample_weight: Any) -> tuple[pd.DataFrame, Array]:
    """Losses as a table of numbers, and weights."""
    try:
        frame = (
            losses.copy() if isinstance(losses, pd.DataFrame) else pd.DataFrame({k: list(losses[k]) for k in losses})
        )
    except (ValueError, TypeError) as error:
        raise DataError(f"The losses are no table with a column for each model: {error}.") from error
    frame.columns = frame.columns.map(str)
    if frame.shape[1] < 2 or frame.columns.duplicated().any():
        raise DataError(f"At least two models, each with a name of its own, are compared; got {list(frame.columns)}.")
    for name in frame.columns:
        numbers = pd.to_numeric(frame[name].astype(object), errors="coerce").to_numpy(np.float64)
        bad = np.flatnonzero(~np.isfinite(numbers))
        if len(bad):
            row = int(bad[0])
            raise DataError(
                f"The losses of {name!r} must be finite numbers; row {row + 1} has {frame[name].iloc[row]!s}. Every "
                "model needs a loss in every row."
            )
        frame[name] = numbers
    w = np.ones(len(frame)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if w.shape != (len(frame),) or not (np.isfinite(w).all() and (w > 0).all()):
        raise DataError(f"sample_weight must be {len(frame):,} positive numbers, one for each row.")
    return frame, w


def _labels(values: Any, n: int, what: str) -> Array:
    found = np.asarray(values)
    if found.shape != (n,) or pd.isna(found).any():
        raise DataError(f"{what} must have a value for each of the {n:,} rows; got the shape {found.shape}.")
    return found


def _log_losses(estimator: Any, X: Any, y: Array) -> Array:
    probabilities, classes = estimator.predict_proba(X), list(estimator.classes_)
    place = np.array([classes.index(value) if value in classes else -1 for value in y.tolist()])
    own = np.where(place < 0, 0.0, probabilities[np.arange(len(y)), place])
    return np.asarray(-np.log(np.maximum(own, _LEAST_PROBABILITY)))


def _zero_one_losses(estimator: Any, X: Any, y: Array) -> Array:
    return np.asarray(np.asarray(estimator.predict(X)) != y, np.float64)


def _errors(estimator: Any, X: Any, y: Array) -> Array:
    return np.asarray(estimator.predict(X), np.float64).reshape(len(y), -1) - np.asarray(y, np.float64).reshape(
        len(y), -1
    )


# Losses of rows by name: of an estimator, rows and their truth.
LOSSES: dict[str, Callable[[Any, Any, Array], Array]] = {
    "log_loss": _log_losses,
    "zero_one": _zero_one_losses,
    "squared_error": lambda estimator, X, y: np.square(_errors(estimator, X, y)).mean(axis=1),
    "absolute_error": lambda estimator, X, y: np.abs(_errors(estimator, X, y)).mean(axis=1),
}


def cross_val_losses(
    estimators: Mapping[str, Any],
    X: Any,
    y: Any,
    *,
    cv: Any = None,
    groups: Any = None,
    loss: str | Callable[[Any, Any, Array], Array] | None = None,
) -> pd.DataFrame:
    """Cross-validated losses of scikit-learn estimators for every row, to be given to `leadline.compare`.

    Parameters
    ----------
    estimators : mapping of str to estimator
        Each is cloned and fitted on the training rows of each fold.
    X : (n, p) DataFrame or array
    y : (n,) array
    cv : int, splitter or list of splits, optional
        As in scikit-learn; by default 5 folds, stratified for classifiers. Rows that several test folds have get the
        mean of their losses; rows that none has are left out.
    groups : (n,) array, optional
        For splitters of groups; give them to `leadline.compare` too.
    loss : str or callable, optional
        "log_loss" (default for classifiers that have `predict_proba`), "zero_one", "squared_error" (default for
        regressors), "absolute_error", or a callable of (fitted estimator, X, y) that gives a loss for each row.

    Returns
    -------
    DataFrame
        A row for each row of X that was judged, by its place, and a column for each estimator.

    Raises
    ------
    ParameterError
        The loss is unknown, or not one for these estimators.

    Examples
    --------
    >>> import leadline
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> models = {"logistic": LogisticRegression(max_iter=500), "shares": DummyClassifier()}
    >>> leadline.compare(leadline.cross_val_losses(models, X, y)).not_worse
    ('logistic',)
    """
    if not estimators:
        raise ParameterError("estimators must be a mapping of names to estimators; got none.")
    classes = all(is_classifier(estimator) for estimator in estimators.values())
    if loss is None:
        proba = classes and all(hasattr(estimator, "predict_proba") for estimator in estimators.values())
        loss = "log_loss" if proba else "zero_one" if classes else "squared_error"
    if isinstance(loss, str) and loss not in LOSSES:
        raise ParameterError(f"loss must be one of {', '.join(LOSSES)}, or a callable; got {loss!r}.")
    of_rows = LOSSES[loss] if isinstance(loss, str) else loss
    y = np.asarray(y)
    total, times = np.zeros((len(y), len(estimators))), np.zeros(len(y))
    for train, test in check_cv(cv, y, classifier=classes).split(X, y, groups):
        train_rows, test_rows = np.arange(len(y))[train], np.arange(len(y))[test]
        times[test_rows] += 1
        for place, estimator in enumerate(estimators.values()):
            fitted = clone(estimator).fit(_safe_indexing(X, train_rows), y[train_rows])
            total[test_rows, place] += of_rows(fitted, _safe_indexing(X, test_rows), y[test_rows])
    rows = np.flatnonzero(times)
    return pd.DataFrame(total[rows] / times[rows, None], index=rows, columns=list(estimators))

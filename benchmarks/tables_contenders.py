"""A method on real tables, in a process of its own: see tables.py."""

import importlib
import resource
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from real_tables import split_of
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

CATEGORIES = ("category",)
TEXT, TIMES = ("object", "string"), ("datetime64",)
SMALLEST_PROBABILITY = 1e-7
# Of the calibration error.
BINS = 10


def encoded(estimator: Any) -> Any:
    """The estimator behind what it needs of a table: numbers scaled and without gaps, categories one by one."""
    return numbers(make_pipeline(make_column_transformer(*_parts()), estimator))


def _parts(others: Sequence[str] = ()) -> tuple[tuple[Any, Any], ...]:
    """What makes numbers of all columns but some others."""
    scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore", max_categories=50, sparse_output=False)
    of_categories = make_column_selector(dtype_include=CATEGORIES)
    of_numbers = make_column_selector(dtype_exclude=CATEGORIES)
    return (
        (scaled, lambda X: [name for name in of_numbers(X) if name not in others]),
        (categories, of_categories),
    )


def _days(X: pd.DataFrame) -> pd.DataFrame:
    """Times as days since 1970, for those that know no times."""
    times = X.select_dtypes(TIMES).columns
    return X.assign(**{name: (X[name] - pd.Timestamp(0)) / pd.Timedelta(days=1) for name in times})


class numbers(BaseEstimator):  # noqa: N801
    """An estimator that takes numbers and categories: times are days, and text is left out.

    Of a table that has nothing but text a constant is left.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def told(self, X: pd.DataFrame) -> pd.DataFrame:
        known = _days(X).drop(columns=list(X.select_dtypes(TEXT).columns))
        return known if len(known.columns) else known.assign(nothing=0.0)

    def fit(self, X: pd.DataFrame, y: Any, stopped_by: Any = None) -> "numbers":
        """Fit on rows; boosted trees may be stopped by others, (X, y)."""
        self._fit(X, y, stopped_by, {})
        return self

    def _fit(self, X: pd.DataFrame, y: Any, stopped_by: Any, given: dict[str, Any]) -> None:
        if stopped_by is not None:
            given["eval_set"] = [(self.told(stopped_by[0]), stopped_by[1])]
        self.estimator.fit(self.told(X), y, **given)

    def predict(self, X: pd.DataFrame) -> Any:
        return self.estimator.predict(self.told(X))

    def predict_proba(self, X: pd.DataFrame) -> Any:
        return self.estimator.predict_proba(self.told(X))


class words(numbers):  # noqa: N801
    """A boosting of CatBoost's, told which columns are categories and text; a missing one is a category of its own."""

    def told(self, X: pd.DataFrame) -> pd.DataFrame:
        filled = {
            name: X[name].astype(object).where(X[name].notna(), "missing").astype(str)
            for name in (*self.categories, *self.text)
        }
        return _days(X).assign(**filled)

    def _fit(self, X: pd.DataFrame, y: Any, stopped_by: Any, given: dict[str, Any]) -> None:
        self.categories, self.text = list(X.select_dtypes(CATEGORIES).columns), list(X.select_dtypes(TEXT).columns)
        text = {"text_features": self.text} if self.text else {}
        super()._fit(X, y, stopped_by, {**given, "cat_features": self.categories, **text})


class tfidf(BaseEstimator):  # noqa: N801
    """An estimator behind weighted words of each text, beside scaled numbers and categories one by one."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def _told(self, X: pd.DataFrame) -> pd.DataFrame:
        X = _days(X)
        return X.assign(**{name: X[name].fillna("").astype(str) for name in X.select_dtypes(TEXT).columns})

    def fit(self, X: pd.DataFrame, y: Any) -> "tfidf":
        X = self._told(X)
        text = list(X.select_dtypes(TEXT).columns)
        words = [(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), name) for name in text]
        self.whole = make_pipeline(make_column_transformer(*words, *_parts(text)), self.estimator)
        self.whole.fit(X, y)
        return self

    def predict(self, X: pd.DataFrame) -> Any:
        return self.whole.predict(self._told(X))

    def predict_proba(self, X: pd.DataFrame) -> Any:
        return self.whole.predict_proba(self._told(X))


def build(expression: str, task: str, seed: int, cores: int) -> Any:
    """The estimator that MODULE:EXPRESSION describes."""
    of_task = dict(zip(("classification", "regression"), expression.split("|"), strict=False))
    chosen = of_task.get("regression" if task == "regression" else "classification", expression.split("|")[0])
    module, _, inner = chosen.partition(":")
    inner = inner.replace("{task}", "Regressor" if task == "regression" else "Classifier")
    found = importlib.import_module(module)
    public = {name: getattr(found, name) for name in getattr(found, "__all__", dir(found))}
    names = {**public, "encoded": encoded, "numbers": numbers, "tfidf": tfidf, "words": words, "np": np}
    return eval(inner, {**names, "seed": seed, "cores": cores})


class Method:
    """One method; every run takes one table and split."""

    def __init__(self, folder: str, expression: str, cores: int) -> None:
        self.folder, self.expression, self.cores = Path(folder), expression, cores
        self.warm = False

    def run(self, name: str, split: int, max_train: int) -> dict[str, Any]:
        X_train, X_test, y_train, y_test, task = split_of(self.folder, name, split, max_train)
        facts: dict[str, Any] = {"task": task, "rows": len(X_train)}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if not self.warm:  # what is compiled or loaded once is no cost of a table
                    few = slice(0, min(len(X_train), 100 if task == "regression" else 400))
                    build(self.expression, task, split, self.cores).fit(X_train[few], y_train[few])
                    self.warm = True
                estimator = build(self.expression, task, split, self.cores)
                clock = time.process_time if self.cores == 1 else time.perf_counter
                start = clock()
                estimator.fit(X_train, y_train)
                facts["fit_seconds"] = clock() - start
                start = clock()
                predict = estimator.predict if task == "regression" else estimator.predict_proba
                predicted = np.asarray(predict(X_test), dtype=float)
                facts["predict_seconds"] = clock() - start
            facts.update(scores(task, predicted, y_test.to_numpy()))
        except Exception as error:  # a method that fails is last, and says why
            facts["failed"] = f"{type(error).__name__}: {error}"[:300]
        facts["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return facts


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """How far confidence and the share of right answers are apart, on average over BINS groups of as many rows."""
    order = np.argsort(confidence, kind="stable")
    groups = [group for group in np.array_split(order, BINS) if len(group)]
    apart = [abs(confidence[group].mean() - right[group].mean()) * len(group) for group in groups]
    return float(sum(apart) / len(order))


def scores(task: str, predicted: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """The error that methods are ranked by, and others beside it."""
    if task == "regression":
        error = float(np.sqrt(np.mean((predicted.ravel() - y) ** 2)) / y.std())
        return {"error": error, "r2": 1 - error**2}
    p = np.clip(predicted, SMALLEST_PROBABILITY, 1)
    p /= p.sum(axis=1, keepdims=True)
    classes = np.arange(p.shape[1])
    loss = float(log_loss(y, p, labels=classes))
    right = p.argmax(axis=1) == y
    own = {
        "log_loss": loss,
        "misclassified": 1 - float(right.mean()),
        "calibration": calibration_error(p.max(axis=1), right),
    }
    if task == "binary":
        return {"error": 1 - float(roc_auc_score(y, p[:, 1])), **own}
    return {"error": loss, **own}

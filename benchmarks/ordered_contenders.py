"""Methods on tables whose rows have an order or groups, in a process of their own: see ordered.py."""

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ordered import FOLDS, METHODS, PATIENCE, TREES, Method
from real_tables import Ordered, ordered_split_of
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, TimeSeriesSplit
from tables_contenders import SMALLEST_PROBABILITY, numbers, scores, words

Array = NDArray[Any]
Folds = list[tuple[Array, Array]]


def folds_of(which: str, given: Ordered, seed: int) -> Folds:
    """The divisions of the training rows that settings and trees are chosen by."""
    rows = np.zeros((len(given.X_train), 1))
    if which == "random":
        return list(KFold(FOLDS, shuffle=True, random_state=seed).split(rows))
    if given.time:
        return list(TimeSeriesSplit(FOLDS).split(rows))
    return list(GroupKFold(FOLDS, shuffle=True, random_state=seed).split(rows, groups=given.groups))


def loss_of(task: str, predicted: Array, y: Array) -> float:
    """What the folds are judged by: root mean squared error or log loss."""
    if task == "regression":
        return float(np.sqrt(np.mean((predicted - y) ** 2)))
    p = np.clip(predicted, SMALLEST_PROBABILITY, 1)
    return float(log_loss(y, p / p.sum(axis=1, keepdims=True), labels=np.arange(p.shape[1])))


class Contender:
    """One method; every run takes one table and split."""

    def __init__(self, folder: str, method: str, cores: int, max_depth: int, candidates: int) -> None:
        self.folder, self.method, self.cores = Path(folder), METHODS[method], cores
        self.search = {"max_depth": max_depth, "candidates": candidates, "n_jobs": cores}

    def run(self, name: str, split: int, max_train: int) -> dict[str, Any]:
        given = ordered_split_of(self.folder, name, split, max_train)
        if self.method.column == "left out" or not given.time:
            drop = [given.time] if given.time else []
            given = given._replace(X_train=given.X_train.drop(columns=drop), X_test=given.X_test.drop(columns=drop))
        elif self.method.column == "no later than trained on":
            last = given.X_train[given.time].max()
            given = given._replace(
                X_test=given.X_test.assign(**{given.time: given.X_test[given.time].clip(upper=last)})
            )
        facts: dict[str, Any] = {
            "task": given.task,
            "rows": len(given.X_train),
            "by": "time" if given.time else "groups",
        }
        fit: Callable[..., Any] = {"leadline": leadline, "search": searched}.get(self.method.estimator, boosted)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                start = time.process_time()
                predict, more = fit(self.method, given, split, self.cores, self.search)
                facts["fit_processor_seconds"] = time.process_time() - start
                predicted = np.asarray(predict(given.X_test), dtype=float)
            y = given.y_test.to_numpy()
            facts.update(scores(given.task, predicted, y), loss=loss_of(given.task, predicted, y), **more)
        except Exception as error:  # a method that fails says why
            facts["failed"] = f"{type(error).__name__}: {error}"[:300]
        return facts


def _ours(task: str, seed: int) -> Any:
    from leadline import DeepClassifier, DeepRegressor

    return (DeepRegressor if task == "regression" else DeepClassifier)(random_state=seed)


def leadline(method: Method, given: Ordered, seed: int, cores: int, search: dict[str, Any]) -> tuple[Any, Any]:
    """A single fit, whose networks are stopped by rows drawn at random or by a stretch of time or some groups each."""
    model = _ours(given.task, seed)
    validation = None
    if method.folds == "own":
        n, rows = model._networks_of(len(given.X_train)), np.zeros((len(given.X_train), 1))
        splitter = KFold(n) if given.time else GroupKFold(n, shuffle=True, random_state=seed)
        fold = np.empty(len(rows), int)
        for i, (_, own) in enumerate(splitter.split(rows, groups=given.groups)):
            fold[own] = i
        validation = PredefinedSplit(fold)
    model.fit(given.X_train, given.y_train, validation=validation)
    return model.predict if given.task == "regression" else model.predict_proba, {}


def searched(method: Method, given: Ordered, seed: int, cores: int, search: dict[str, Any]) -> tuple[Any, Any]:
    """The search as `leadline fit --time` and `--group` do it, or by folds drawn at random."""
    from leadline import DepthSearchCV

    by_time = method.folds == "own" and given.time
    division: dict[str, Any] = {"cv": TimeSeriesSplit(FOLDS) if by_time else FOLDS}
    model = DepthSearchCV(_ours(given.task, seed), additive=False, **division, **search)
    model.fit(given.X_train, given.y_train, groups=given.groups if method.folds == "own" else None)
    told = {"told": -model.best_score_, "depth": model.best_depth_}
    return model.predict if given.task == "regression" else model.predict_proba, told


def boosted(method: Method, given: Ordered, seed: int, cores: int, search: dict[str, Any]) -> tuple[Any, Any]:
    """Boosted trees with their defaults, or with as many trees as were best on the folds, on average."""
    numeric, more = given.task == "regression", {}
    build = {"lightgbm": _lightgbm, "catboost": _catboost}[method.estimator]
    settings: dict[str, Any] = {}
    if method.folds:
        losses, trees, rates = [], [], []
        for train, judged in folds_of(method.folds, given, seed):
            model = build(numeric, seed, cores, n_estimators=TREES, early_stopping_rounds=PATIENCE)
            own = given.X_train.iloc[judged], given.y_train.iloc[judged]
            model.fit(given.X_train.iloc[train], given.y_train.iloc[train], stopped_by=own)
            predicted = np.asarray((model.predict if numeric else model.predict_proba)(own[0]))
            losses.append(loss_of(given.task, predicted, own[1].to_numpy()))
            trees.append(getattr(model.estimator, "best_iteration_", None) or model.estimator.tree_count_)
            rates.append(getattr(model.estimator, "learning_rate_", None) or model.estimator.learning_rate)
        # CatBoost's own rate would follow the number of trees
        settings = {"n_estimators": max(round(np.mean(trees)), 1), "learning_rate": float(np.mean(rates))}
        more = {"told": float(np.mean(losses)), "trees": settings["n_estimators"]}
    model = build(numeric, seed, cores, **settings).fit(given.X_train, given.y_train)
    return model.predict if numeric else model.predict_proba, more


def _lightgbm(numeric: bool, seed: int, cores: int, **settings: Any) -> numbers:
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMRegressor if numeric else LGBMClassifier
    return numbers(kind(random_state=seed, verbose=-1, n_jobs=cores, **settings))


def _catboost(numeric: bool, seed: int, cores: int, **settings: Any) -> words:
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostRegressor if numeric else CatBoostClassifier
    return words(kind(random_seed=seed, verbose=0, thread_count=cores, allow_writing_files=False, **settings))

"""Intervals and sets of one method on real tables, in a process of its own: see sureness.py."""

import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from real_tables import split_of
from scipy.optimize import minimize_scalar
from tables_contenders import SMALLEST_PROBABILITY, calibration_error, words

# A temperature is used where it lowers the loss by more than so many standard errors: one side of 5 %.
BEYOND_CHANCE = 1.645
# Of a search.
SECONDS = 25.0
# Inverse temperatures that are looked among, as logarithms.
LEAST, MOST = -1.5, 1.5


class Contender:
    """One method; every run takes one table and split.

    `fit` gives the seconds of a fit; `predict` predicts; `inside` gives by coverage the ends of intervals (m,), or sets
    (m, K), and the probabilities of classes (m, K).
    """

    def __init__(self, folder: str, cores: int, coverages: Sequence[str]) -> None:
        self.folder, self.cores, self.coverages = Path(folder), cores, list(coverages)

    def run(self, name: str, split: int, max_train: int) -> dict[str, Any]:
        X_train, X_test, y_train, y_test, task = split_of(self.folder, name, split, max_train)
        self.numbers, self.seed = task == "regression", split
        facts: dict[str, Any] = {"task": task, "rows": len(X_train)}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                clock = time.process_time if self.cores == 1 else time.perf_counter
                start = clock()
                self.fit(X_train, y_train)
                facts["fit_seconds"] = clock() - start
                self.predict(X_test)  # what is made once for all predictions is no part of their time
                start = clock()
                predicted = self.predict(X_test)
                facts["predict_seconds"] = clock() - start
                start = clock()
                found = {coverage: self.inside(X_test, float(coverage)) for coverage in self.coverages}
                facts["inside_seconds"] = (clock() - start) / len(self.coverages)
            facts.update(self.figures(found, predicted, y_test.to_numpy(), float(y_train.std())))
        except Exception as error:  # a method that fails says why
            facts["failed"] = f"{type(error).__name__}: {error}"[:300]
        return facts

    def figures(self, found: dict[str, Any], predicted: Any, y: Any, scale: float) -> dict[str, Any]:
        """Coverage and mean width by coverage that was promised."""
        if self.numbers:
            inside = {c: float(((y >= low) & (y <= high)).mean()) for c, (low, high) in found.items()}
            return {"coverage": inside, "width": {c: float((h - l).mean() / scale) for c, (l, h) in found.items()}}
        rows = np.arange(len(y))
        bare = {c: float(members[rows, y].mean()) for c, members in found.items()}
        for members in found.values():
            # for all methods alike: no set is empty
            members[rows, np.asarray(predicted).argmax(axis=1)] = True
        return {
            "coverage": {c: float(members[rows, y].mean()) for c, members in found.items()},
            "bare": bare,
            "width": {c: float(members.sum(axis=1).mean()) for c, members in found.items()},
        }

    def fit(self, X: Any, y: Any) -> None:
        raise NotImplementedError

    def predict(self, X: Any) -> Any:
        raise NotImplementedError

    def inside(self, X: Any, coverage: float) -> Any:
        raise NotImplementedError


class Ours(Contender):
    """DeepRegressor and DeepClassifier with their defaults."""

    def fit(self, X: Any, y: Any) -> None:
        from leadline import DeepClassifier, DeepRegressor
        from leadline.estimators import deep

        learn = deep.conformal

        def noting(target: Any, left_out: Any, networks: int) -> Any:
            self.left_out = left_out
            return learn(target, left_out, networks)

        deep.conformal = noting
        try:
            self.model = (DeepRegressor if self.numbers else DeepClassifier)(random_state=self.seed).fit(X, y)
        finally:
            deep.conformal = learn

    def predict(self, X: Any) -> Any:
        return self.model.predict(X) if self.numbers else self.model.predict_proba(X)

    def inside(self, X: Any, coverage: float) -> Any:
        return self.model.predict_interval(X, coverage) if self.numbers else self.model.predict_set(X, coverage)

    def figures(self, found: dict[str, Any], predicted: Any, y: Any, scale: float) -> dict[str, Any]:
        own = super().figures(found, predicted, y, scale)
        if self.numbers:
            return own
        limits = {c: self.model.model_.sure.limits(float(c)) for c in self.coverages}
        bare = {c: float((predicted[np.arange(len(y)), y] >= limit).mean()) for c, limit in limits.items()}
        return {**own, "bare": bare, "temperature": _temperature(self.left_out, predicted, y)}


class OursSearched(Contender):
    """DepthSearchCV around them, within SECONDS."""

    def fit(self, X: Any, y: Any) -> None:
        from leadline import DeepClassifier, DeepRegressor, DepthSearchCV

        inner = (DeepRegressor if self.numbers else DeepClassifier)(random_state=self.seed)
        self.model = DepthSearchCV(inner, time_limit=SECONDS).fit(X, y)

    def predict(self, X: Any) -> Any:
        return self.model.predict(X) if self.numbers else self.model.predict_proba(X)

    def inside(self, X: Any, coverage: float) -> Any:
        return self.model.predict_interval(X, coverage) if self.numbers else self.model.predict_set(X, coverage)


class MapieLightGBM(Contender):
    """MAPIE around LightGBM: CV+ for numbers, cross-conformal sets for classes, by its defaults."""

    def fit(self, X: Any, y: Any) -> None:
        from lightgbm import LGBMClassifier, LGBMRegressor
        from mapie.classification import CrossConformalClassifier
        from mapie.regression import CrossConformalRegressor

        kinds = (CrossConformalRegressor, LGBMRegressor), (CrossConformalClassifier, LGBMClassifier)
        conformal, trees = kinds[0] if self.numbers else kinds[1]
        inner = trees(random_state=self.seed, verbose=-1, n_jobs=self.cores)
        levels = [float(coverage) for coverage in self.coverages]
        self.model = conformal(inner, confidence_level=levels, random_state=self.seed).fit_conformalize(X, y)
        self.single = trees(random_state=self.seed, verbose=-1, n_jobs=self.cores).fit(X, y)

    def predict(self, X: Any) -> Any:
        return self.single.predict(X) if self.numbers else self.single.predict_proba(X)

    def inside(self, X: Any, coverage: float) -> Any:
        place = [float(own) for own in self.coverages].index(coverage)
        if self.numbers:
            _, ends = self.model.predict_interval(X)
            return ends[:, 0, place], ends[:, 1, place]
        _, members = self.model.predict_set(X)
        return np.asarray(members[:, :, place]).astype(bool)


class CatBoostQuantiles(Contender):
    """CatBoost's quantiles, and the fewest classes whose probabilities sum to the promise."""

    def fit(self, X: Any, y: Any) -> None:
        from catboost import CatBoostClassifier, CatBoostRegressor

        tails = sorted(tail for c in self.coverages for tail in ((1 - float(c)) / 2, (1 + float(c)) / 2))
        loss = {"loss_function": "MultiQuantile:alpha=" + ",".join(f"{tail:g}" for tail in tails)}
        given = {
            "random_seed": self.seed,
            "verbose": 0,
            "thread_count": self.cores,
            "allow_writing_files": False,
        }
        self.tails = [round(tail, 6) for tail in tails]
        inner = CatBoostRegressor(**given, **loss) if self.numbers else CatBoostClassifier(**given)
        self.model = words(inner).fit(X, y)

    def predict(self, X: Any) -> Any:
        return self.model.predict(X) if self.numbers else self.model.predict_proba(X)

    def inside(self, X: Any, coverage: float) -> Any:
        if self.numbers:
            ends = self.model.predict(X)
            low, high = (self.tails.index(round(tail, 6)) for tail in ((1 - coverage) / 2, (1 + coverage) / 2))
            return ends[:, low], ends[:, high]
        P = self.model.predict_proba(X)
        order = np.argsort(-P, axis=1)
        before = np.cumsum(np.take_along_axis(P, order, axis=1), axis=1) - np.take_along_axis(P, order, axis=1)
        members = np.zeros(P.shape, bool)
        np.put_along_axis(members, order, before < coverage, axis=1)
        return members


def _temperature(left_out: Any, predicted: Any, y: Any) -> dict[str, Any]:
    """What a temperature that is fitted on the rows that networks left out does to the probabilities of others.

    "beyond chance" says whether it lowers the loss of those rows so that it would be used; the figures of other rows
    are of probabilities as they are, with the temperature where it is used, and with the best one for these very rows.
    """
    before, fitted = _losses(left_out.predictions, left_out.y), _best(left_out.predictions, left_out.y)
    gain = before - _losses(_tempered(left_out.predictions, fitted), left_out.y)
    used = bool(gain.mean() > BEYOND_CHANCE * gain.std() / np.sqrt(len(gain)))
    after = _tempered(predicted, fitted if used else 1.0)
    rows = {"log loss": predicted, "with it": after, "by hindsight": _tempered(predicted, _best(predicted, y))}
    losses = {name: float(_losses(P, y).mean()) for name, P in rows.items()}
    apart = {
        name: calibration_error(P.max(axis=1), P.argmax(axis=1) == y)
        for name, P in (("calibration error", predicted), ("with it, calibration error", after))
    }
    return {"used": used, "inverse": float(fitted), **losses, **apart}


def _losses(P: Any, y: Any) -> Any:
    return -np.log(np.maximum(P[np.arange(len(y)), y], SMALLEST_PROBABILITY))


def _tempered(P: Any, inverse: float) -> Any:
    """Probabilities whose logits are multiplied by one over a temperature."""
    logits = inverse * np.log(np.maximum(P, SMALLEST_PROBABILITY))
    E = np.exp(logits - logits.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def _best(P: Any, y: Any) -> float:
    """The inverse temperature with the least log loss."""
    found = minimize_scalar(
        lambda power: _losses(_tempered(P, np.exp(power)), y).mean(), bounds=(LEAST, MOST), method="bounded"
    )
    return float(np.exp(found.x))

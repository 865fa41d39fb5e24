"""What an experiment tracker keeps of a fitted estimator or search, whichever tracker it is."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.records import plain
from leadline.report import show
from leadline.search import Metric, usual_scores
from leadline.search.study import USABLE

__all__ = ["Facts", "facts_of"]

Estimator = DeepClassifier | DeepRegressor | DepthSearchCV


@dataclass(frozen=True)
class Facts:
    """A fitted estimator or search as settings, scores and curves, the kinds of things that trackers keep.

    Attributes
    ----------
    settings : dict of str to object
        Hyperparameters, and of a search its answer.
    scores : dict of str to float
        By what they are called: of a search that of the answer, with its error; of test rows those that people look at
        first.
    curves : dict of str to list of float
        After each epoch: training loss and validation score of the first network, of a search at each depth.
    depths : dict of str to dict of int to float
        Of a search, by depth: the score, its standard error, the probability to be as good as the best, …
    verdict : dict or None
        Of a search, with the answer in words.
    report : str
        Of a search, the page; else empty.
    """

    settings: dict[str, Any]
    scores: dict[str, float]
    curves: dict[str, list[float]] = field(default_factory=dict)
    depths: dict[str, dict[int, float]] = field(default_factory=dict)
    verdict: dict[str, Any] | None = None
    report: str = ""


def facts_of(estimator: Estimator, X_test: Any = None, y_test: Any = None) -> Facts:
    """Collect what experiment trackers keep of a fitted estimator or search.

    Parameters
    ----------
    estimator : fitted DeepClassifier, DeepRegressor or DepthSearchCV
    X_test, y_test : (m, p) table and (m,) or (m, k) array, optional
        Rows that it has not seen.
    """
    check_is_fitted(estimator, "model_")
    scores: dict[str, float] = {}
    if X_test is not None:
        target = estimator.model_.target
        shown = usual_scores(target, target.truth(np.asarray(y_test)), estimator._predictions(X_test))
        scores = {f"test_{_plain_name(name)}": float(score) for name, score in shown.items() if np.isfinite(score)}
    if not isinstance(estimator, DepthSearchCV):
        curves = {
            name: np.asarray(vars(estimator)[attribute]).tolist()
            for name, attribute in (("training_loss", "loss_curve_"), ("validation_score", "validation_scores_"))
            if attribute in vars(estimator)
        }
        return Facts(_settings(estimator), scores, {name: own for name, own in curves.items() if own})
    metric, verdict = estimator.metric_, estimator.verdict_
    name = _plain_name(metric.label)
    answer = metric.displayed(estimator.best_score_)
    scores = {name: answer, f"{name}_standard_error": verdict.standard_error[estimator.best_depth_], **scores}
    settings = {
        "best_depth": estimator.best_depth_,
        "decided": verdict.decided,
        "sentence": estimator.sentence_,
        **_settings(estimator),
    }
    whole = {"sentence": estimator.sentence_, "best_depth": estimator.best_depth_, **verdict.to_record()}
    page = show(estimator, X_test, y_test).html
    return Facts(settings, scores, _curves(estimator), _depths(estimator, metric, name), plain(whole), page)


def _plain_name(name: str) -> str:
    """A name of letters, digits and underscores, which every tracker takes."""
    return re.sub(r"\W+", "_", name.replace("²", "2")).strip("_")


def _settings(estimator: Estimator) -> dict[str, Any]:
    """The settings of the first network, and how many there are."""
    model = estimator.model_
    return {**plain(model.settings.to_record()), "networks": len(model.members), "target": model.target.name}


def _curves(search: DepthSearchCV) -> dict[str, list[float]]:
    """Of each depth those of its first network that was trained in minibatches."""
    found = {}
    for L in search.results_:
        for key in search.study_.unit_keys(L):
            result = search.study_.result(key)
            if result is None or result.state not in USABLE or len(result.losses) < 2:
                continue
            found[f"L{L}_training_loss"] = result.losses.tolist()
            if result.curves and len(result.curves[0]):
                found[f"L{L}_validation_score"] = result.curves[0].tolist()
            break
    return found


def _depths(search: DepthSearchCV, metric: Metric, name: str) -> dict[str, dict[int, float]]:
    verdict = search.verdict_
    judged = [L for L, result in search.results_.items() if not result.failed]
    return {
        f"depth_{name}": {L: metric.displayed(float(search.results_[L].scores.mean())) for L in judged},
        f"depth_{name}_standard_error": {L: verdict.standard_error[L] for L in judged},
        "depth_as_good_as_the_best": {L: verdict.as_good[L] for L in judged},
        "depth_p_no_other_better": {L: verdict.p_worse[L] for L in judged},
    }

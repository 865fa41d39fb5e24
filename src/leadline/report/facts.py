"""Facts: everything that a report shows, computed once at the end of a search and kept in its study.

A report needs the study and nothing else, so that it can be made again where the data are not.
"""

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline._version import __version__
from leadline.estimators import DepthSearchCV, Model
from leadline.inspection import (
    Curve,
    column_curves,
    column_importances,
    layer_health,
    partial_dependence,
    spread_rows,
    training_health,
)
from leadline.network import Architecture
from leadline.records import plain
from leadline.report.sureness import sureness
from leadline.search import ADDITIVE, percent, usual_scores
from leadline.tables import Target, TextColumn

__all__ = ["Rows", "confidence", "describe", "rounded", "state_curves", "state_rows", "state_training"]

# Depths that are as good as the best with a smaller probability than this are not spoken of.
LEAST_SAID = 0.05
# Test rows whose predictions are kept, and columns whose curves are.
MOST_ROWS, MOST_NUMBERS = 5000, 500_000
MOST_CURVES, MOST_CONTRIBUTIONS = 6, 12
DIGITS = 6
# Milliseconds.
DAY = 86_400_000


@dataclass(frozen=True)
class Rows:
    """Rows of a table with what is true of them: X (m, p), y (m,) or (m, k), weights (m,) or None."""

    X: pd.DataFrame
    y: Any
    w: NDArray[np.float64] | None = None
    groups: Any = None


def describe(search: DepthSearchCV, test: Rows | None = None, train: Rows | None = None) -> dict[str, Any]:
    """What a search found, as one plain record.

    Parameters
    ----------
    search : DepthSearchCV
        Fitted.
    test : Rows, optional
        Rows that it has not seen.
    train : Rows, optional
        Those that it has learned from; they say what a prediction without inputs would be.
    """
    target, layout = search.model_.target, search.model_.layout
    tested: dict[str, Any] = {"rows": 0, "scores": []}
    if test is not None:
        truth, frame = target.truth(np.asarray(test.y)), test.X.reset_index(drop=True)
        models = {1: None, ADDITIVE: search.additive_model_, **_rivals(search)}
        predictions = {L: own.predictions(frame) for L, own in models.items() if own is not None}
        scores = {L: usual_scores(target, truth, own, test.w) for L, own in predictions.items()}
        tested = {"rows": len(truth), "scores": [{"L": L, **own} for L, own in scores.items()]}
        if train is not None:
            learned = target.truth(np.asarray(train.y))
            constant = target.constant(learned, np.ones(len(learned)) if train.w is None else train.w)
            tested["constant"] = usual_scores(target, truth, np.tile(constant, (len(truth), 1)), test.w)
    return dict(
        plain(
            {
                "depth": search.best_depth_,
                "sentence": search.sentence_,
                "verdict": search.verdict_.to_record(),
                "evidence": search.evidence_.to_record(),
                "confidence": confidence(search),
                "rows_sentence": search.rows_sentence_,
                "rows_curve": [point.to_record() for point in search.rows_curve_],
                "margin": search.margin,
                "curves_share": search.additive_share_,
                "folds": len(search.study_.fact("folds")),
                "repeats": search.n_repeats_,
                "left_out": search.left_out_,
                "task": target.task,
                "target": target.name,
                "metric": {"name": search.metric_.name, "label": search.metric_.label},
                "ladder": search.ladder_.to_dict("records"),
                "additive": _additive(search),
                "settings": search.best_params_,
                "shapes": [asdict(layer) for layer in _architecture(search).shapes()],
                "networks": sum(search.best_depth_ == plan.architecture.L for plan in search.model_.plans),
                "ensemble": search.ensemble and not search.refit,
                "test": tested,
                "data": {
                    "training_rows": search.study_.fact("rows"),
                    "inputs": layout.n_inputs,
                    "columns": [column.name for column in layout.columns],
                },
                "notices": list(search.fold_notices_),
                "versions": {
                    "leadline": __version__,
                    "python": platform.python_version(),
                    **{name: version(name) for name in ("numpy", "scipy", "scikit-learn", "numba")},
                },
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )
    )


def state_rows(search: DepthSearchCV, test: Rows) -> None:
    """Put into the study what test rows show: predictions, importances, dependence curves, the health of layers."""
    model, study = search.model_, search.study_
    frame, target = test.X.reset_index(drop=True), search.model_.target
    truth = target.truth(np.asarray(test.y))
    kept = spread_rows(len(frame), max(1, min(MOST_ROWS, MOST_NUMBERS // target.n_predictions)))
    few = frame.iloc[kept].reset_index(drop=True)
    predictions = {str(L): rounded(own.predictions(few)) for L, own in _rivals(search).items()}
    classes = None if target.classes is None else [str(value) for value in target.classes]
    tested = {"truth": rounded(truth[kept]), "predictions": predictions, "classes": classes}
    study.state("tested", {**tested, "quantiles": list(getattr(target, "quantiles", None) or ())})
    importances = column_importances(model, frame, truth, search.metric_, test.w)
    curves = partial_dependence(model, few, [one.column for one in importances[:MOST_CURVES]])
    study.state(
        "effects",
        {
            "importances": [plain(asdict(one)) for one in importances],
            "curves": [{**asdict(one), "predictions": rounded(one.predictions)} for one in curves],
        },
    )
    study.state("layers", [plain(asdict(layer)) for layer in layer_health(model, few)])
    ranked = sorted(importances, key=lambda one: -one.mean)
    study.state("sureness", sureness(model, frame, truth, [one.column for one in ranked]))


def state_training(search: DepthSearchCV, train: Rows) -> None:
    """Put into the study how the layers of the answer fared in training, epoch by epoch."""
    found = training_health(search, train.X, train.y, train.w, train.groups)
    record = None
    if found is not None:
        record = {name: rounded(own) if isinstance(own, np.ndarray) else own for name, own in vars(found).items()}
    search.study_.state("training", record)


def state_curves(search: DepthSearchCV, rows: Rows | None = None) -> None:
    """Put into the study the curves of the additive model's columns, in the target's own scale; those that vary most.

    Rows say where a column's values are: a curve's mean over them is zero, and it goes no further than they do. Without
    rows every value counts alike. Categories and dates become text; what a missing value adds stands apart.
    """
    study, model = search.study_, search.additive_model_
    if model is None:
        study.state("contributions", None)
        return
    curves, _ = column_curves(search._estimator(ADDITIVE, model))
    outputs, what, scaled = _outputs(model.target)
    scales = np.array([member.target.scale for member in model.members])[:, None] if scaled else 1.0
    weights = [member.weight for member in model.members]
    shares = _shares(model, curves, rows)
    found = [
        _contribution(curve, curve.per_network * scales, weights, own)
        for curve, own in zip(curves, shares, strict=True)
    ]
    found.sort(key=lambda own: -own["varies"])
    kept = plain(found[:MOST_CONTRIBUTIONS])
    study.state("contributions", {"outputs": outputs, "what": what, "columns": len(found), "curves": kept})


def _shares(model: Model, curves: Sequence[Curve], rows: Rows | None) -> list[NDArray[np.float64]]:
    """For each curve the share of the rows at each of its values: those to which it is the nearest."""
    if rows is None:
        return [np.full(len(curve.values), 1 / len(curve.values)) for curve in curves]
    encoded = model.layout.encode(rows.X.reset_index(drop=True))
    found, at_number, at_indicator, told = [], 0, 0, iter(curves)
    for column in model.layout.columns:
        if isinstance(column, TextColumn):  # which has no curve
            at_indicator += column.n_indicators
            continue
        curve = next(told)
        shares = encoded.indicators[:, at_indicator : at_indicator + column.n_indicators].mean(axis=0)
        if curve.kind != "category":
            known = np.array([value for value in curve.values if value is not None])
            numbers = encoded.numbers[:, at_number]
            numbers = numbers[np.isfinite(numbers)]
            nearest = np.abs(numbers[:, None] - known).argmin(axis=1)
            shares = np.bincount(nearest, minlength=len(curve.values)) / len(rows.X)
            at_number += 1
        # an unknown category, and rows that all lack the column, tell nothing
        found.append(shares if shares.any() else np.full(len(curve.values), 1 / len(curve.values)))
        at_indicator += column.n_indicators
    return found


def _contribution(
    curve: Curve, added: NDArray[np.float64], weights: list[float], shares: NDArray[np.float64]
) -> dict[str, Any]:
    """A curve's record: what it adds, (values, n[L]), and the standard deviation of that over the networks."""
    added = added - np.average(added, axis=1, weights=shares)[:, None]
    mean = np.average(added, axis=0, weights=weights)
    spread = np.sqrt(np.average((added - mean) ** 2, axis=0, weights=weights))
    places = np.array([i for i, value in enumerate(curve.values) if value is not None])
    if curve.kind != "category":
        taken = np.flatnonzero(shares[places])
        if len(taken) > 1:
            places = places[taken[0] : taken[-1] + 1]
    values: list[Any] = [curve.values[i] for i in places]
    if curve.kind == "date":
        values = [str(np.datetime64(round(DAY * value), "ms")) for value in values]
    elif curve.kind == "category":
        values = [str(value) for value in values]
    return {
        "column": curve.column,
        "kind": curve.kind,
        "values": values,
        "predictions": rounded(mean[places]),
        "spread": rounded(spread[places]),
        "missing": rounded(mean[-1]) if None in curve.values else None,
        "varies": float(np.sqrt(np.average(mean**2, axis=0, weights=shares)).max()),
    }


def _outputs(target: Target) -> tuple[list[str], str, bool]:
    """What the raw scores Z of a network are called, what columns do to them, and whether they have the target's scale.

    Numbers are learned in units of their standard deviation, unless the prediction is exp(Z).
    """
    k = target.n_scores
    if target.classes is not None:
        names = [str(value) for value in target.classes]
        return (names[1:], f"adds to the log odds of {names[1]}", False) if k == 1 else (names, "adds to logits", False)
    if target.task != "regression":
        return [f"label {i + 1}" for i in range(k)], "adds to the log odds", False
    exponential = getattr(target, "output_activation", "") == "exp"
    shares = list(getattr(target, "quantiles", None) or ())
    names = [target.name] if k == 1 else [f"output {i + 1}" for i in range(k)]
    if len(shares) > 1:
        names = [f"quantile {shares[i % len(shares)]:g} of {target.name}" for i in range(k)]
    said = target.name if k == 1 else "the prediction"
    return names, f"adds to log {said}" if exponential else f"adds to {said}", not exponential


def confidence(search: DepthSearchCV) -> str:
    """How sure the answer is, and how much its score flatters, in words."""
    evidence, answer, as_good = search.evidence_, search.best_depth_, search.verdict_.as_good
    said = []
    if len(as_good) > 1:
        others = sorted(
            ((chance, L) for L, chance in as_good.items() if answer != L and chance >= LEAST_SAID),
            key=lambda pair: (-pair[0], pair[1]),
        )
        beside = ", ".join(f"L = {L}: {percent(chance)}" for chance, L in others)
        near = f" or within {100 * search.margin:g} % of it" if search.margin else ""
        said.append(
            f"The probability that L = {answer} is the best depth{near} is {percent(as_good[answer])}"
            f"{f' ({beside})' if beside else ''}."
        )
    if evidence.resamples and evidence.compared > 1:
        optimism = float(f"{max(evidence.optimism, 0.0):.2g}")
        by = f"about {optimism:,.12g}" if optimism else "next to nothing"
        said.append(f"Choosing the best of {evidence.compared} models flatters its {search.metric_.label} by {by}.")
    return " ".join(said)


def _additive(search: DepthSearchCV) -> dict[str, Any] | None:
    """The additive model as a row of the ladder; None where there is none."""
    result = search.additive_
    if result is None:
        return None
    return {
        "L": ADDITIVE,
        "hidden_layer_sizes": [],
        "mean_score": None if result.failed else float(result.scores.mean()),
        "standard_error": search.verdict_.standard_error.get(ADDITIVE),
        "networks": result.networks,
        "seconds": result.seconds,
    }


def _architecture(search: DepthSearchCV) -> Architecture:
    """Of the answer's depth; an ensemble also has networks of others."""
    plans = search.model_.plans
    return next(
        (plan.architecture for plan in plans if search.best_depth_ == plan.architecture.L), plans[0].architecture
    )


def _rivals(search: DepthSearchCV) -> dict[int, Model]:
    """What is compared on test rows: L = 1, where it could be judged, and the answer."""
    first = {1: search.models_[1]} if 1 in search.models_ else {}
    return {**first, search.best_depth_: search.model_}


def rounded(array: Any) -> Any:
    """An array as nested lists with as many digits as a figure needs; what is not finite becomes null."""
    array = np.asarray(array)
    if array.dtype.kind in "iub":
        return array.tolist()
    rounded = [float(f"{value:.{DIGITS}g}") for value in array.ravel().tolist()]
    return plain(np.reshape(rounded, array.shape).tolist())

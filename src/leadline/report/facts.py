"""Facts: everything that a report shows, computed once at the end of a search and kept in its study.

A report needs the study and nothing else, so that it can be made again where the data are not.
"""

import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline._version import __version__
from leadline.estimators import DepthSearchCV, Model
from leadline.inspection import column_importances, dependences, layer_health, spread_rows, training_health
from leadline.network import Architecture
from leadline.records import plain
from leadline.search import scores_shown

__all__ = ["Rows", "confidence", "describe", "state_rows", "state_training"]

# Depths that are the answer in fewer resamples than this are not spoken of.
LEAST_SHARE_SAID = 0.05
# Test rows whose predictions are kept, and columns whose curves are.
MOST_ROWS, MOST_NUMBERS = 5000, 500_000
MOST_CURVES = 6
DIGITS = 6


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
        models = _rivals(search)
        scores = {L: scores_shown(target, truth, model.predictions(frame), test.w) for L, model in models.items()}
        tested = {"rows": len(truth), "scores": [{"L": L, **own} for L, own in scores.items()]}
        if train is not None:
            learned = target.truth(np.asarray(train.y))
            constant = target.constant(learned, np.ones(len(learned)) if train.w is None else train.w)
            tested["constant"] = scores_shown(target, truth, np.tile(constant, (len(truth), 1)), test.w)
    return dict(
        plain(
            {
                "depth": search.best_depth_,
                "sentence": search.sentence_,
                "verdict": search.verdict_.to_record(),
                "evidence": search.evidence_.to_record(),
                "confidence": confidence(search),
                "repeats": search.n_repeats_,
                "left_out": search.left_out_,
                "task": target.task,
                "target": target.name,
                "metric": {"name": search.metric_.name, "label": search.metric_.label},
                "ladder": search.ladder_.to_dict("records"),
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
    predictions = {str(L): _rounded(own.predictions(few)) for L, own in _rivals(search).items()}
    classes = None if target.classes is None else [str(value) for value in target.classes]
    tested = {"truth": _rounded(truth[kept]), "predictions": predictions, "classes": classes}
    study.state("tested", {**tested, "quantiles": list(getattr(target, "quantiles", None) or ())})
    importances = column_importances(model, frame, truth, search.metric_, test.w)
    curves = dependences(model, few, [one.column for one in importances[:MOST_CURVES]])
    study.state(
        "effects",
        {
            "importances": [plain(asdict(one)) for one in importances],
            "curves": [{**asdict(one), "predictions": _rounded(one.predictions)} for one in curves],
        },
    )
    study.state("layers", [plain(asdict(layer)) for layer in layer_health(model, few)])


def state_training(search: DepthSearchCV, train: Rows) -> None:
    """Put into the study how the layers of the answer fared in training, epoch by epoch."""
    found = training_health(search, train.X, train.y, train.w, train.groups)
    record = None
    if found is not None:
        record = {name: _rounded(own) if isinstance(own, np.ndarray) else own for name, own in vars(found).items()}
    search.study_.state("training", record)


def confidence(search: DepthSearchCV) -> str:
    """How sure the answer is, and how much its score flatters, in words."""
    evidence, answer = search.evidence_, search.best_depth_
    if not evidence.resamples:
        return ""
    others = sorted(
        ((share, L) for L, share in evidence.answers.items() if answer != L and share >= LEAST_SHARE_SAID),
        key=lambda pair: (-pair[0], pair[1]),
    )
    beside = ", ".join(f"L = {L} in {share:.0%}" for share, L in others)
    sure = (
        f"Over {evidence.resamples:,} resamplings of the rows L = {answer} was the answer in "
        f"{evidence.answers.get(answer, 0.0):.0%}{f' ({beside})' if beside else ''}"
    )
    optimism = float(f"{max(evidence.optimism, 0.0):.2g}")
    compared = f"{evidence.compared:,} candidate{'' if evidence.compared == 1 else 's'}"
    return f"{sure}; choosing the best of {compared} flatters its {search.metric_.label} by about {optimism:,.12g}."


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


def _rounded(array: Any) -> Any:
    """An array as nested lists with as many digits as a figure needs; what is not finite becomes null."""
    array = np.asarray(array)
    if array.dtype.kind in "iub":
        return array.tolist()
    rounded = [float(f"{value:.{DIGITS}g}") for value in array.ravel().tolist()]
    return plain(np.reshape(rounded, array.shape).tolist())

"""Why single rows are predicted as they are: the rows that the report shows, and what columns add to them."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline.estimators import DepthSearchCV
from leadline.estimators.doubt import disagreement
from leadline.inspection import MOST_COLUMNS, contributions
from leadline.records import plain
from leadline.report.facts import Rows, rounded
from leadline.report.specs import shortened
from leadline.tables import Ordinal, Target

__all__ = ["state_reasons"]

Array = NDArray[np.float64]

# Rows among which the shown ones are, and columns of each.
MOST_ROWS, MOST_SHOWN = 2000, 8
SMALLEST_PROBABILITY = 1e-300


def state_reasons(search: DepthSearchCV, test: Rows) -> None:
    """Put into the study why the best, the worst and the least sure test rows are predicted as they are.

    The best and the worst are those with the smallest and the largest error, the least sure the one on which the
    networks differ most. They are compared with the other test rows.
    """
    model, study = search.model_, search.study_
    if len(model.layout.columns) > MOST_COLUMNS:
        study.state("reasons", None)
        return
    frame, target = test.X.reset_index(drop=True)[:MOST_ROWS], model.target
    truth = target.truth(np.asarray(test.y))[:MOST_ROWS]
    errors = _errors(target, truth, model.predictions(frame))
    which = {"best": int(errors.argmin()), "worst": int(errors.argmax())}
    if len(model.members) > 1:
        which["least sure"] = int(disagreement(model, model.layout.encode(frame)).argmax())
    found = contributions(model, frame.iloc[list(which.values())], frame)
    rows = []
    for i, (kind, row) in enumerate(which.items()):
        if isinstance(target, Ordinal):
            o = int(np.abs(found.total[i]).argmin())  # where the row is nearest to another class
        else:
            o = int(found.total[i].argmax()) if target.classes is not None else 0
        order = np.argsort(-np.abs(found.values[i, :, o]), kind="stable")
        shown = [
            {
                "column": found.columns[j],
                "value": _told(found.rows.iloc[i, j]),
                "mean": rounded(found.values[i, j, o]),
                "spread": rounded(found.spread[i, j, o]),
            }
            for j in order[:MOST_SHOWN]
        ]
        said = truth[row] if target.classes is None else target.classes[truth[row]]
        rows.append(
            {
                "kind": kind,
                "row": row + 1,
                "truth": [_told(value) for value in np.ravel(said)],
                "output": found.outputs[o],
                "total": rounded(found.total[i, o]),
                "base": rounded(found.base[o]),
                "columns": shown,
                "rest": rounded(found.values[i, order[MOST_SHOWN:], o].sum()),
            }
        )
    study.state("reasons", plain({"background": found.background, "networks": len(model.members), "rows": rows}))


def _errors(target: Target, truth: NDArray[Any], predictions: Array) -> Array:
    """How wrong each prediction is: −log of the probability of what is true, or the distance."""
    if target.classes is not None:
        return np.asarray(-np.log(np.maximum(predictions[np.arange(len(truth)), truth], SMALLEST_PROBABILITY)))
    if target.task == "regression":
        each = (
            truth if truth.shape == predictions.shape else np.repeat(truth, predictions.shape[1] // truth.shape[1], 1)
        )
        return np.asarray(np.abs(each - predictions).sum(axis=1))
    right = np.where(truth > 0, predictions, 1 - predictions)
    return np.asarray(-np.log(np.maximum(right, SMALLEST_PROBABILITY)).sum(axis=1))


def _told(value: Any) -> str:
    """A cell in words."""
    if pd.isna(value):
        return "missing"
    return f"{value:.6g}" if isinstance(value, float | np.floating) else shortened(str(value))

"""TensorBoard: curves, scores by depth and the verdict as event files, written by tensorboardX."""

import importlib
import json
from pathlib import Path
from typing import Any

from leadline.errors import ParameterError
from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.tracking.facts import facts_of

__all__ = ["log_to_tensorboard"]

Estimator = DeepClassifier | DeepRegressor | DepthSearchCV


def log_to_tensorboard(estimator: Estimator, folder: str | Path, X_test: Any = None, y_test: Any = None) -> None:
    """Write a fitted estimator or search into a folder that TensorBoard reads.

    Curves by epoch and scores by depth become scalars, the settings and the answer text. The report, report.html, lies
    beside the events, and the text names it: TensorBoard shows no pages.

    Parameters
    ----------
    estimator : fitted DeepClassifier, DeepRegressor or DepthSearchCV
    folder : path
        Made if it is not there.
    X_test, y_test : (m, p) table and (m,) or (m, k) array, optional
        Rows that it has not seen, to be scored.

    Raises
    ------
    ParameterError
        tensorboardX is not installed.
    """
    try:
        writers = importlib.import_module("tensorboardX")
    except ImportError as error:
        raise ParameterError("This needs tensorboardX; pip install 'leadline[tensorboard]'.") from error
    facts = facts_of(estimator, X_test, y_test)
    with writers.SummaryWriter(logdir=str(folder)) as writer:
        for name, curve in facts.curves.items():
            for epoch, value in enumerate(curve, start=1):
                writer.add_scalar(f"epochs/{name}", value, epoch)
        for name, of_depths in facts.depths.items():
            for L, value in of_depths.items():
                writer.add_scalar(f"depths/{name}", value, L)
        for name, value in facts.scores.items():
            writer.add_scalar(f"scores/{name}", value, 0)
        writer.add_text("settings", _as_code(facts.settings))
        if facts.verdict is not None:
            path = Path(folder) / "report.html"
            path.write_text(facts.report, "utf-8")
            writer.add_text("verdict", f"**{facts.verdict['sentence']}**\n\n{_as_code(facts.verdict)}\n\n{path}")


def _as_code(record: Any) -> str:
    return "\n".join(f"    {line}" for line in json.dumps(record, indent=1, default=str).splitlines())

"""Weights & Biases: a run with curves, verdict, report and model."""

import importlib
import json
import tempfile
from pathlib import Path
from typing import Any

from leadline.errors import ParameterError
from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.tracking.facts import facts_of

__all__ = ["log_to_wandb"]

Estimator = DeepClassifier | DeepRegressor | DepthSearchCV


def log_to_wandb(
    estimator: Estimator, X_test: Any = None, y_test: Any = None, *, run: Any = None, model: bool = True
) -> None:
    """Write a fitted estimator or search into a run of Weights & Biases.

    Settings go into its configuration, scores into its summary, curves into its history against "epoch" and scores by
    depth against "depth". An artifact has verdict.json, report.html and the model folder, which `leadline.load` reads.

    Parameters
    ----------
    estimator : fitted DeepClassifier, DeepRegressor or DepthSearchCV
    X_test, y_test : (m, p) table and (m,) or (m, k) array, optional
        Rows that it has not seen, to be scored.
    run : wandb.Run, optional
        By default the one that `wandb.init` has begun.
    model : bool, default True
        Keep the model too.

    Raises
    ------
    ParameterError
        wandb is not installed, or there is no run.
    """
    try:
        wandb = importlib.import_module("wandb")
    except ImportError as error:
        raise ParameterError("This needs wandb; pip install 'leadline[wandb]'.") from error
    run = wandb.run if run is None else run
    if run is None:
        raise ParameterError("There is no run of Weights & Biases; begin one with wandb.init(), or give run=.")
    facts = facts_of(estimator, X_test, y_test)
    run.config.update(facts.settings, allow_val_change=True)
    for axis, of_axis in (("epoch", facts.curves), ("depth", facts.depths)):
        for name in of_axis:
            run.define_metric(name, step_metric=axis)
    for epoch in range(1, max(map(len, facts.curves.values()), default=0) + 1):
        own = {name: curve[epoch - 1] for name, curve in facts.curves.items() if epoch <= len(curve)}
        run.log({"epoch": epoch, **own})
    for L in sorted({L for of_depths in facts.depths.values() for L in of_depths}):
        run.log({"depth": L, **{name: own[L] for name, own in facts.depths.items() if L in own}})
    run.summary.update(facts.scores)
    if facts.verdict is None and not model:
        return
    artifact = wandb.Artifact(f"leadline-{run.id}", type="model")
    with tempfile.TemporaryDirectory() as folder:
        if facts.verdict is not None:
            (Path(folder) / "verdict.json").write_text(json.dumps(facts.verdict, indent=1), "utf-8")
            (Path(folder) / "report.html").write_text(facts.report, "utf-8")
        if model:
            estimator.save(Path(folder) / "model")
        artifact.add_dir(folder)
        run.log_artifact(artifact)

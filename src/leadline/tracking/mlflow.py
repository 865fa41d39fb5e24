"""MLflow: runs with curves, verdict and report, and a model folder that its servers read."""

import importlib
import json
import tempfile
from pathlib import Path
from typing import Any

from leadline._version import __version__
from leadline.errors import ParameterError
from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.tables import NumberColumn
from leadline.tracking.facts import facts_of

__all__ = ["log_to_mlflow", "save_mlflow_model"]

Estimator = DeepClassifier | DeepRegressor | DepthSearchCV

# As long as MLflow lets a parameter be.
_LONGEST = 500


def _mlflow() -> Any:
    try:
        return importlib.import_module("mlflow")
    except ImportError as error:
        raise ParameterError("This needs mlflow; pip install 'leadline[mlflow]'.") from error


def log_to_mlflow(estimator: Estimator, X_test: Any = None, y_test: Any = None, *, model: bool = True) -> str:
    """Write a fitted estimator or search into the active run of MLflow, or into a new one.

    Settings become parameters; scores, curves by epoch and scores by depth become metrics; the verdict, the report and
    the model become artifacts: verdict.json, report.html, and "model", which `mlflow.pyfunc.load_model` and
    ``mlflow models serve`` read.

    Parameters
    ----------
    estimator : fitted DeepClassifier, DeepRegressor or DepthSearchCV
    X_test, y_test : (m, p) table and (m,) or (m, k) array, optional
        Rows that it has not seen, to be scored.
    model : bool, default True
        Keep the model too.

    Returns
    -------
    str
        The run's identifier.

    Raises
    ------
    ParameterError
        mlflow is not installed.
    """
    mlflow = _mlflow()
    facts = facts_of(estimator, X_test, y_test)
    active = mlflow.active_run()
    run = active or mlflow.start_run()
    try:
        mlflow.log_params({name: str(value)[:_LONGEST] for name, value in facts.settings.items()})
        mlflow.log_metrics(facts.scores)
        for name, curve in facts.curves.items():
            for epoch, value in enumerate(curve, start=1):
                mlflow.log_metric(name, value, step=epoch)
        for name, of_depths in facts.depths.items():
            for L, value in of_depths.items():
                mlflow.log_metric(name, value, step=L)
        if facts.verdict is not None:
            mlflow.log_dict(facts.verdict, "verdict.json")
            mlflow.log_text(facts.report, "report.html")
        if model:
            with tempfile.TemporaryDirectory() as folder:
                save_mlflow_model(estimator, Path(folder) / "model")
                mlflow.log_artifacts(str(Path(folder) / "model"), "model")
    finally:
        if active is None:
            mlflow.end_run()
    return str(run.info.run_id)


def save_mlflow_model(estimator: Estimator, path: str | Path) -> None:
    """Save a model in MLflow's format: the model folder of `save`, and how it is read.

    ``mlflow.pyfunc.load_model(path).predict(table)`` gives a table with the predictions, and for a classifier the
    probability of each class.

    Parameters
    ----------
    estimator : fitted DeepClassifier, DeepRegressor or DepthSearchCV
    path : path
        A folder that is not there yet.

    Raises
    ------
    ParameterError
        mlflow is not installed.
    """
    mlflow = _mlflow()
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    columns = []
    for column in estimator.model_.layout.columns:
        kind = DataType.double
        if not isinstance(column, NumberColumn) or column.written is not None:
            kind = DataType.string
        elif column.date:
            kind = DataType.datetime
        columns.append(ColSpec(kind, column.name))
    named = hasattr(estimator, "feature_names_in_")
    with tempfile.TemporaryDirectory() as folder:
        estimator.save(folder)
        mlflow.pyfunc.save_model(
            path=str(path),
            loader_module="leadline.tracking.pyfunc",
            data_path=folder,
            signature=ModelSignature(inputs=Schema(columns)) if named else None,
            pip_requirements=[f"leadline=={__version__}"],
            metadata={"layout": json.dumps(estimator.model_.layout.to_record())},
        )

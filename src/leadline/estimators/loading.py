"""From a model file back to a fitted estimator."""

from pathlib import Path
from typing import Any

from leadline.errors import ModelFileError
from leadline.estimators.deep import USUAL_LOSS, DeepClassifier, DeepRegressor
from leadline.estimators.model import Model
from leadline.records import TEXT, Field, list_of, read_fields, whole
from leadline.storage import load_record
from leadline.tables import Numbers, Ordinal

__all__ = ["load"]


def load(path: str | Path) -> DeepClassifier | DeepRegressor:
    """Load a fitted estimator from a folder that its `save` or `leadline fit` wrote.

    Parameters
    ----------
    path : path
        A folder with model.safetensors and model.json.

    Returns
    -------
    DeepClassifier or DeepRegressor

    Raises
    ------
    ModelFileError
        A file is missing or damaged, or of another version.
    """
    record, arrays, version = load_record(path)
    try:
        model = Model.from_record(record, arrays, version)
        features = _features(record["features"], model)
    except ModelFileError as error:
        raise ModelFileError(f"{path} holds no model that can be used: {error}") from error
    numbers = isinstance(model.target, Numbers)
    kind: Any = DeepRegressor if numbers else DeepClassifier
    own: dict[str, Any] = {"loss": model.target.loss} if numbers and model.target.loss != USUAL_LOSS else {}
    if isinstance(model.target, Ordinal):
        own = {"loss": "ordinal"}
    constrained = zip(model.layout.number_columns, model.settings.monotonic_cst, strict=False)
    own["monotonic_cst"] = {column.name: sign for column, sign in constrained if sign} or None
    fitted: DeepClassifier | DeepRegressor = kind(**kind.known(model.settings), **own)
    return fitted._restore(model, features)


def _features(record: Any, model: Model) -> dict[str, Any]:
    """How many columns the training table had, and their names if it had names."""
    columns = [column.name for column in model.layout.columns] + [name for name, _ in model.layout.dropped]
    n = len(columns)
    names = Field(f"none, or {n:,} names", lambda value: value is None or list_of(TEXT, n).allows(value))
    features = read_fields(record, "the features", {"count": whole(n, n), "names": names})
    if set(features["names"] or [f"x{i}" for i in range(n)]) != set(columns):
        raise ModelFileError("the features are not those of the layout.")
    return features

"""ONNX files, written after a comparison of what ONNX Runtime makes of them with the model's own predictions."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from leadline.errors import LeadlineError, ParameterError
from leadline.export.onnx import TOLERANCE, Estimator, onnx_inputs, to_onnx
from leadline.export.skl2onnx import pipeline_difference, pipeline_to_onnx
from leadline.storage import write_whole
from leadline.tables import CategoryColumn, Labels, NumberColumn, Numbers, as_frame
from leadline.tables.dates import points_in_time

__all__ = ["write_onnx"]

# Rows that are made up to check an export by where the caller has none.
ROWS_MADE_UP = 500


def write_onnx(
    estimator: Estimator | Pipeline,
    path: str | Path,
    X: Any = None,
    flat: bool = False,
    coverage: float | None = None,
) -> float:
    """Write the estimator as an ONNX file, after comparing what ONNX Runtime makes of it with its own predictions.

    Parameters
    ----------
    estimator : DeepClassifier, DeepRegressor or DepthSearchCV
        Or a Pipeline of scikit-learn that ends in one, for which skl2onnx is needed, and X.
    path : path
        Written whole or not at all.
    X : (m, p) DataFrame or array, optional
        Rows to compare on; by default rows that are made up from what the model knows of its columns: usual and extreme
        numbers, every category, unseen ones and missing values.
    flat : bool
        All inputs of a table's columns and all outputs are (N,), as MLflow's servers have them, instead of (N, 1) and
        (N, K): a classifier's outputs are "label" and "p(…)" for each class.
    coverage : float, optional
        Intervals or sets that hold the truth so often are outputs, too; see `to_onnx`. Not of a Pipeline.

    Returns
    -------
    float
        The largest difference between predictions: of a probability; or of a number in scales of the target, or in the
        number itself where that is larger.

    Raises
    ------
    ParameterError
        onnx or onnxruntime is not installed, or the file cannot be written.
    LeadlineError
        The difference is larger than rounding explains; nothing is written.
    """
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise ParameterError("Writing ONNX needs onnx and onnxruntime; pip install 'leadline[onnx]'.") from error
    if isinstance(estimator, Pipeline):
        if coverage is not None:
            raise ParameterError("coverage cannot be used where a Pipeline is written; write its last step by itself.")
        content = pipeline_to_onnx(estimator, X).SerializeToString()
        difference = pipeline_difference(estimator, content, X)
    else:
        content = to_onnx(estimator, flat, coverage).SerializeToString()
        difference = _difference(estimator, content, _made_up(estimator) if X is None else X, flat)
    try:
        write_whole(path, content)
    except OSError as error:
        raise ParameterError(f"{path} cannot be written: {error.strerror}.") from error
    return difference


def _difference(estimator: Estimator, content: bytes, X: Any, flat: bool) -> float:
    """See `write_onnx`."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    frame = as_frame(X, getattr(estimator, "_names", None))
    expected, target = estimator.model_.predictions(frame), estimator.model_.target
    # after the labels
    first = 0 if isinstance(target, Numbers) else target.n_labels if flat and isinstance(target, Labels) else 1
    vectors = expected.shape[1] if flat else 1
    names = [out.name for out in session.get_outputs()][first : first + vectors]
    found = np.stack(session.run(names, onnx_inputs(estimator, X, flat)), axis=-1)
    size: Any = 1.0
    if isinstance(target, Numbers):
        size = np.maximum(
            np.abs(expected), np.mean([member.target.scale for member in estimator.model_.members], axis=0)
        )
    difference = float(np.max(np.abs(found.reshape(expected.shape) - expected) / size))
    if not difference <= TOLERANCE:
        raise LeadlineError(
            f"ONNX Runtime's predictions differ by {difference:.2g}, more than rounding explains ({TOLERANCE:g}); "
            "nothing was written."
        )
    return difference


def _made_up(estimator: Estimator) -> Any:
    """Rows that try every input: usual and extreme numbers, every category, unseen ones and missing values."""
    layout, own = estimator.model_.layout, estimator.model_.members[0].statistics
    generator = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    numbers = iter(zip(own.center, np.where(np.isfinite(own.scale), own.scale, 1.0), own.fill, strict=True))
    for column in layout.columns:
        if isinstance(column, NumberColumn):
            center, scale, fill = next(numbers)
            middle = center if own.scaling != "none" else fill
            values = middle + scale * generator.standard_t(2, ROWS_MADE_UP)
            values[::17] = np.nan
            if column.date:
                limit = pd.Timestamp.max.value / pd.Timedelta(days=1).value
                columns[column.name] = points_in_time(np.clip(values, -limit, limit))
            else:
                columns[column.name] = values
        elif isinstance(column, CategoryColumn):
            words = [*column.categories, "(never seen)", None]
            columns[column.name] = pd.Series([words[i % len(words)] for i in range(ROWS_MADE_UP)], dtype=object)
    if hasattr(estimator, "feature_names_in_"):
        return pd.DataFrame(columns)
    X = np.zeros((ROWS_MADE_UP, estimator.n_features_in_))
    for name, values in columns.items():
        X[:, int(name.removeprefix("x"))] = values
    return X

"""Models elsewhere: skops, skl2onnx, MLflow's servers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from small_models import quick

from leadline import DeepRegressor
from leadline.export import write_onnx


@pytest.mark.parametrize("name", ["classifier", "search"])
def test_skops_keeps_a_fitted_model(name, request, table) -> None:
    io = pytest.importorskip("skops.io", reason="skops is not installed")
    frame, _ = table
    model = request.getfixturevalue(name)
    content = io.dumps(model)
    again = io.loads(content, trusted=io.get_untrusted_types(data=content))
    np.testing.assert_array_equal(again.predict_proba(frame), model.predict_proba(frame))
    if name == "search":
        assert again.sentence_ == model.sentence_
        assert again.study_.fact("identity") == model.study_.fact("identity")


def session(content):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def of_table():
    """What makes numbers of a table."""
    words = make_column_selector(dtype_include=[object, "string"])
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
        (make_pipeline(SimpleImputer(), StandardScaler()), ["size", "age"]),
    )


def test_skl2onnx_converts_a_classifier(of_array, numbers) -> None:
    skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
    from leadline.export import register_converters

    register_converters()
    X, _ = numbers
    proto = skl2onnx.to_onnx(of_array, X[:1], options={"zipmap": False})
    label, probabilities = session(proto.SerializeToString()).run(None, {"X": X})
    np.testing.assert_allclose(probabilities, of_array.predict_proba(X), atol=1e-5)
    np.testing.assert_array_equal(label.astype(bool), of_array.predict(X))


def test_skl2onnx_converts_a_pipeline_that_ends_in_a_regression(numbers) -> None:
    skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
    from leadline.export import register_converters

    register_converters()
    X, y = numbers
    pipeline = make_pipeline(StandardScaler(), quick(DeepRegressor)).fit(X, y)
    proto = skl2onnx.to_onnx(pipeline, X[:1].astype(np.float32))
    (found,) = session(proto.SerializeToString()).run(None, {"X": X.astype(np.float32)})
    np.testing.assert_allclose(found[:, 0], pipeline.predict(X), atol=1e-4)


def test_write_onnx_writes_a_pipeline_over_a_table(table, tmp_path) -> None:
    pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
    frame, y = table
    pipeline = make_pipeline(of_table(), quick()).fit(frame, y)
    assert write_onnx(pipeline, tmp_path / "pipeline.onnx", frame) < 1e-4
    own = session(str(tmp_path / "pipeline.onnx"))
    fed = {
        "size": frame[["size"]].to_numpy(np.float32),
        "age": frame[["age"]].to_numpy(np.float32),
        "colour": frame[["colour"]].to_numpy(object),
    }
    label, probabilities = own.run(["label", "probabilities"], fed)
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(frame), atol=1e-5)
    assert label.tolist() == pipeline.predict(frame).tolist()


def test_mlflow_serves_the_onnx_model(classifier, of_array, table, numbers, tmp_path) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed")
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    frame, _ = table
    write_onnx(classifier, tmp_path / "model.onnx", flat=True)
    mlflow.onnx.save_model(onnx.load(tmp_path / "model.onnx"), tmp_path / "served")
    served = mlflow.pyfunc.load_model(str(tmp_path / "served"))
    found = served.predict(frame.assign(colour=frame["colour"].astype(object)))
    assert list(found.columns) == ["label", "p(no)", "p(yes)"]
    np.testing.assert_allclose(found[["p(no)", "p(yes)"]], classifier.predict_proba(frame), atol=1e-5)
    X, _ = numbers
    write_onnx(of_array, tmp_path / "array.onnx", flat=True)
    mlflow.onnx.save_model(onnx.load(tmp_path / "array.onnx"), tmp_path / "array")
    found = mlflow.pyfunc.load_model(str(tmp_path / "array")).predict(pd.DataFrame(X))
    assert len(found["label"]) == len(X)

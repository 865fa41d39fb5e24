"""Fits and searches written down in MLflow, Weights & Biases and TensorBoard, each in a folder of its own."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from small_models import quick

from leadline import DeepRegressor, load
from leadline.tracking import facts_of, log_to_mlflow, log_to_tensorboard, log_to_wandb, save_mlflow_model


@pytest.fixture
def quiet():
    """Without what other libraries warn of when they are loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_there_are_curves_scores_and_a_verdict_to_write_down(search, classifier, table) -> None:
    facts = facts_of(search, *table)
    assert facts.settings["best_depth"] == search.best_depth_
    assert set(facts.depths["depth_log_loss"]) == {1, 2}
    assert facts.depths["depth_log_loss"][2] == pytest.approx(-search.results_[2].scores.mean())
    assert len(facts.curves["L2_training_loss"]) > 1
    assert facts.verdict["sentence"] == search.sentence_
    assert facts.report.startswith("<!doctype html>")
    assert {"log_loss", "log_loss_standard_error", "test_accuracy"} <= set(facts.scores)
    alone = facts_of(classifier)
    assert alone.curves["training_loss"] == classifier.loss_curve_.tolist()
    assert (alone.verdict, alone.report, alone.scores) == (None, "", {})


def test_mlflow_keeps_a_search_and_reads_its_model(search, table, tmp_path, monkeypatch, quiet) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed")
    frame, y = table
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    mlflow.create_experiment("depth", artifact_location=(tmp_path / "artifacts").as_uri())
    mlflow.set_experiment("depth")
    identifier = log_to_mlflow(search, frame, y)
    client = mlflow.MlflowClient()
    run = client.get_run(identifier)
    assert run.data.params["best_depth"] == str(search.best_depth_)
    assert run.data.metrics["test_accuracy"] > 0.4
    assert [one.step for one in client.get_metric_history(identifier, "depth_log_loss")] == [1, 2]
    assert len(client.get_metric_history(identifier, "L2_training_loss")) > 1
    assert {item.path for item in client.list_artifacts(identifier)} == {"verdict.json", "report.html", "model"}
    served = mlflow.pyfunc.load_model(f"{run.info.artifact_uri}/model")
    found = served.predict(frame.assign(colour=frame["colour"].astype(object)))
    assert found["y"].tolist() == search.predict(frame).tolist()
    np.testing.assert_allclose(found[["p(no)", "p(yes)"]], search.predict_proba(frame), rtol=1e-12)
    with mlflow.start_run() as outer:
        assert log_to_mlflow(search, model=False) == outer.info.run_id


def test_mlflows_server_serves_the_model_folder(classifier, regressor, numbers, tmp_path, quiet) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed")
    testclient = pytest.importorskip("fastapi.testclient", reason="fastapi is not installed")
    from mlflow.pyfunc import scoring_server

    save_mlflow_model(classifier, tmp_path / "classes")
    model = mlflow.pyfunc.load_model(str(tmp_path / "classes"))
    client = testclient.TestClient(scoring_server.init(model))
    rows = [{"size": 10.0, "age": 3.0, "colour": "red"}, {"size": 12.0, "age": 3.0, "colour": "blue"}]
    answer = client.post("/invocations", json={"dataframe_records": rows})
    assert answer.status_code == 200, answer.text
    found = [row["p(yes)"] for row in answer.json()["predictions"]]
    np.testing.assert_allclose(found, classifier.predict_proba(pd.DataFrame(rows))[:, 1])
    X, _ = numbers
    save_mlflow_model(regressor, tmp_path / "numbers")
    again = mlflow.pyfunc.load_model(str(tmp_path / "numbers"))
    np.testing.assert_allclose(again.predict(X)["y"], regressor.predict(X))
    np.testing.assert_allclose(again.predict(pd.DataFrame(X))["y"], regressor.predict(X))


def test_weights_and_biases_keeps_a_search(search, table, tmp_path, monkeypatch, quiet) -> None:
    wandb = pytest.importorskip("wandb", reason="wandb is not installed")
    frame, y = table
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path))
    run = wandb.init(dir=tmp_path, project="depth")
    log_to_wandb(search, frame, y)
    assert run.config["best_depth"] == search.best_depth_
    assert run.summary["test_accuracy"] > 0.4
    run.finish()
    assert list((tmp_path / "wandb").glob("offline-run*"))
    with pytest.raises(ValueError, match="There is no run of Weights & Biases"):
        log_to_wandb(search)


def test_tensorboard_reads_what_is_written(search, numbers, tmp_path, quiet) -> None:
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    accumulators = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="tensorboard is not installed"
    )
    log_to_tensorboard(search, tmp_path / "search")
    found = accumulators.EventAccumulator(str(tmp_path / "search"))
    found.Reload()
    assert [one.step for one in found.Scalars("depths/depth_log_loss")] == [1, 2]
    assert len(found.Scalars("epochs/L2_training_loss")) > 1
    assert (tmp_path / "search" / "report.html").read_text("utf-8").startswith("<!doctype html>")
    X, y = numbers
    log_to_tensorboard(quick(DeepRegressor).fit(X, y), tmp_path / "fit", X, y)
    found = accumulators.EventAccumulator(str(tmp_path / "fit"))
    found.Reload()
    assert len(found.Scalars("epochs/training_loss")) == 5
    assert "scores/test_R2" in found.Tags()["scalars"]


def test_the_folder_inside_is_ours(classifier, table, tmp_path, quiet) -> None:
    pytest.importorskip("mlflow", reason="mlflow is not installed")
    frame, _ = table
    save_mlflow_model(classifier, tmp_path / "model")
    (folder,) = [path.parent for path in (tmp_path / "model").rglob("model.json")]
    np.testing.assert_array_equal(load(folder).predict_proba(frame), classifier.predict_proba(frame))
    assert json.loads((folder / "model.json").read_text("utf-8"))

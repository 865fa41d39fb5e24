"""`device` of estimators and of the search."""

from importlib.util import find_spec

import numpy as np
import pytest

import leadline
from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.errors import DeviceError, ParameterError, RunFolderError
from leadline.search import Study
from leadline.training import devices

needs_torch = pytest.mark.skipif(
    find_spec("torch") is None, reason="PyTorch is not installed: pip install 'leadline[gpu]'"
)
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 4, "n_networks": 3, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    X = np.random.default_rng(0).normal(size=(160, 3))
    return X, np.sin(2 * X[:, 0]) + X[:, 1]


def search(table, **parameters):
    settings = {"max_depth": 2, "candidates": 2, "device": "torch-cpu", **parameters}
    return DepthSearchCV(DeepRegressor(**SMALL), **settings).fit(*table)


@pytest.mark.parametrize("device", ["gpu", "cuda:", 0])
def test_a_device_that_is_none_is_refused(table, device) -> None:
    with pytest.raises(ParameterError, match=r"DeepRegressor.device must be 'auto', 'cpu', 'cuda', 'cuda:1'"):
        DeepRegressor(device=device).fit(*table)
    with pytest.raises(ParameterError, match=r"DepthSearchCV.device must be 'auto', .* or None for the estimator's"):
        search(table, device=device)


def test_a_gpu_that_is_not_there_is_named_before_anything_is_written(table, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(devices, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match="needs PyTorch, which is not installed"):
        DeepRegressor(**SMALL, device="cuda").fit(*table)
    with pytest.raises(DeviceError, match="needs PyTorch"):
        search(table, device="cuda", study=tmp_path / "study.db")
    assert not list(tmp_path.iterdir())


def test_auto_is_the_processor_for_small_work(table) -> None:
    X, _ = table
    usual, auto = (DeepRegressor(**SMALL, device=device).fit(*table) for device in ("cpu", "auto"))
    assert np.array_equal(usual.predict(X), auto.predict(X))
    found = search(table, device=None)
    assert found.device_ == "cpu"
    assert found.study_.fact("identity")["device"] == "cpu"


@needs_torch
def test_a_model_of_another_device_predicts_nearly_the_same_and_anywhere(table, tmp_path, monkeypatch) -> None:
    X, y = table
    own, other = (DeepRegressor(**SMALL, device=device).fit(X, y) for device in ("cpu", "torch-cpu"))
    assert np.allclose(own.predict(X), other.predict(X), atol=0.02)
    other.save(tmp_path / "model")
    monkeypatch.setattr(devices, "find_spec", lambda name: None)
    assert np.array_equal(leadline.load(tmp_path / "model").predict(X), other.predict(X))


@needs_torch
@pytest.mark.parametrize("callback", [None, lambda epoch: epoch.number == 2])
def test_classes_callbacks_and_going_on(table, callback) -> None:
    X, y = table
    labels = (y > 0).astype(int)
    found = []
    for device in ("cpu", "torch-cpu"):
        own = DeepClassifier(**SMALL, device=device, callback=callback, warm_start=True).fit(X, labels)
        assert own.n_iter_ == (2 if callback else 4)
        own.fit(X, labels)
        found.append(own.predict_proba(X))
    assert np.allclose(*found, atol=0.02)


@needs_torch
def test_a_search_has_the_same_bits_for_any_number_of_jobs_and_says_its_device(table) -> None:
    one, two = (search(table, n_jobs=n_jobs) for n_jobs in (1, 2))
    assert one.device_ == two.device_ == "torch-cpu"
    assert np.array_equal(one.predict(table[0]), two.predict(table[0]))
    assert one.verdict_.to_record() == two.verdict_.to_record()
    assert one.study_.fact("identity")["device"].startswith("torch-cpu by PyTorch ")


@needs_torch
def test_the_verdict_agrees_with_that_of_the_processor(table) -> None:
    own, other = search(table, device="cpu"), search(table)
    for L in (1, 2):
        assert own.results_[L].scores == pytest.approx(other.results_[L].scores, abs=other.verdict_.standard_error[L])
    assert own.best_depth_ == other.best_depth_


@needs_torch
def test_a_study_goes_on_only_on_its_own_device(table, tmp_path) -> None:
    path = tmp_path / "study.db"
    whole = search(table, study=path)
    with pytest.raises(RunFolderError, match=r"cannot be continued: device was torch-cpu by .*, now cpu\."):
        search(table, study=path, device="cpu")
    study = Study(path)
    keys = study.unit_keys(2)
    assert len(keys) > 2
    study.close()
    # what is there already is not trained again, and the rest comes out the same
    again = search(table, study=path)
    assert np.array_equal(again.predict(table[0]), whole.predict(table[0]))


@needs_torch
def test_a_table_on_disk_trains_on_a_device(table, tmp_path) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    X, y = table
    columns = {f"x{j}": X[:, j] for j in range(3)}
    parquet.write_table(pa.table({**columns, "y": y}), tmp_path / "table.parquet")
    dataset = leadline.Dataset(tmp_path / "table.parquet")
    found = [DeepRegressor(**SMALL, device=device).fit(dataset, y="y") for device in ("cpu", "torch-cpu")]
    assert np.allclose(*(own.predict(X) for own in found), atol=0.02)

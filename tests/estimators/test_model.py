import json
from pathlib import Path

import numpy as np
import pytest

import leadline
from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.errors import ModelFileError
from leadline.storage import load_record, save_record


@pytest.mark.parametrize("sizes", [(), (8,), (8, 5)])
@pytest.mark.parametrize("feature_scale", [False, True])
def test_predictions_are_bit_identical_after_a_round_trip(
    mixed, tmp_path: Path, sizes: tuple[int, ...], feature_scale: bool
) -> None:
    X, y, _ = mixed
    model = DeepRegressor(sizes, max_iter=4, feature_scale=feature_scale, random_state=0).fit(X, y)
    model.save(tmp_path / "model")
    again = leadline.load(tmp_path / "model")
    assert np.array_equal(again.predict(X), model.predict(X))
    assert again.feature_names_in_.tolist() == list(X.columns)
    assert again.model_.settings == model.model_.settings


@pytest.mark.parametrize("labels", [["b", "a"], [True, False], [3, 7], [0.5, 1.5], ["x", "y", "z"]])
def test_classes_of_every_kind_come_back(tmp_path: Path, labels: list) -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = np.array(labels)[np.arange(60) % len(labels)]
    if y.dtype.kind == "f":
        y = y.astype(str)
    model = DeepClassifier((4,), max_iter=2, random_state=0).fit(X, y)
    model.save(tmp_path)
    again = leadline.load(tmp_path)
    assert isinstance(again, DeepClassifier)
    assert again.classes_.tolist() == sorted(set(y.tolist()))
    assert again.predict(X).dtype.kind == model.predict(X).dtype.kind
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))


def test_an_averaged_model_comes_back_whole(mixed, tmp_path: Path) -> None:
    X, _, label = mixed
    search = DepthSearchCV(DeepClassifier(max_iter=4, random_state=0), max_depth=2, candidates=2, cv=3, repeats=1).fit(
        X, label
    )
    search.save(tmp_path)
    again = leadline.load(tmp_path)
    assert len(again.model_.members) == 3
    assert np.array_equal(again.predict_proba(X), search.predict_proba(X))


def test_no_training_rows_and_no_pickle_are_inside(mixed, tmp_path: Path) -> None:
    X, y, _ = mixed
    DeepRegressor((4,), max_iter=2, random_state=0).fit(X, y).save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]
    record = json.loads((tmp_path / "model.json").read_text("utf-8"))
    assert record["model"]["target"]["name"] == "price"
    assert (tmp_path / "model.safetensors").stat().st_size < 3000


def test_a_model_that_was_not_fitted_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not fitted yet"):
        DeepRegressor().save(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def tampered(tmp_path: Path, change, arrays_change=lambda arrays: arrays) -> Path:
    X = np.random.default_rng(0).normal(size=(40, 3))
    DeepRegressor((4,), max_iter=2, random_state=0).fit(X, X[:, 0]).save(tmp_path)
    record, arrays = load_record(tmp_path)
    change(record)
    save_record(tmp_path, record, arrays_change(arrays))
    return tmp_path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda record: record.pop("target"), "record cannot be read: KeyError"),
        (lambda record: record.update(members=0), "names no networks"),
        (lambda record: record.update(members=2), "has no array '1/"),
        (lambda record: record["settings"].update(hidden_layer_sizes=[5]), r"'0/W\[1\]' must have shape \(5, 3\)"),
        (lambda record: record["settings"].update(activation="evil"), "record cannot be read: ParameterError"),
        (lambda record: record["settings"].update(unknown=1), "record cannot be read: TypeError"),
        (lambda record: record.pop("features"), "record cannot be read"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(tmp_path: Path, change, message: str) -> None:
    with pytest.raises(ModelFileError, match=message):
        leadline.load(tampered(tmp_path, change))

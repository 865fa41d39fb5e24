import json
from pathlib import Path

import numpy as np
import pytest

import leadline
from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.search import Dimension


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
    estimator = DeepClassifier(max_iter=4, n_networks=3, random_state=0)
    space = (Dimension("hidden_units", levels=(96, 112)), Dimension("scaling", levels=("robust", "standard")))
    search = DepthSearchCV(estimator, space=space, max_depth=2, candidates=3, cv=3, repeats=1, additive=False).fit(
        X, label
    )
    search.save(tmp_path / "answer")
    assert np.array_equal(leadline.load(tmp_path / "answer").predict_proba(X), search.predict_proba(X))
    deep = search.estimator_at(2)
    assert len({member.settings for member in deep.model_.members}) > 1, "networks have settings of their own"
    deep.save(tmp_path / "deep")
    again = leadline.load(tmp_path / "deep")
    assert len(again.model_.members) == len(deep.model_.members) == 3
    assert np.array_equal(again.predict_proba(X), deep.predict_proba(X))


def test_no_training_rows_and_no_pickle_are_inside(mixed, tmp_path: Path) -> None:
    X, y, _ = mixed
    DeepRegressor((4,), max_iter=2, n_networks=1, random_state=0).fit(X, y).save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]
    record = json.loads((tmp_path / "model.json").read_text("utf-8"))
    assert record["model"]["target"]["name"] == "price"
    assert (tmp_path / "model.safetensors").stat().st_size < 4000


def test_a_model_that_was_not_fitted_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not fitted yet"):
        DeepRegressor().save(tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("rows", [1, 40, 600, 1100])
def test_rows_predicted_in_parts_are_those_predicted_alone(rows: int) -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(1100, 4))
    model = DeepRegressor((64,), max_iter=2, random_state=0).fit(X[:100], X[:100, 0] * X[:100, 1])
    alone = np.concatenate([model.predict(X[i : i + 1]) for i in range(0, rows, 37)])
    np.testing.assert_allclose(model.predict(X[:rows])[::37], alone, rtol=1e-10)

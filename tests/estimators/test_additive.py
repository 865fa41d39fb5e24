"""Additive models: each column through a curve of its own, summed; no hidden layer, trained as deep networks are."""

import numpy as np
import pandas as pd
import pytest

import leadline
from leadline import DeepClassifier, DeepRegressor
from leadline.errors import ParameterError
from leadline.training.embeddings import PiecewiseLinear


@pytest.fixture(scope="module")
def waves() -> tuple[pd.DataFrame, np.ndarray]:
    """A sum of curves that no line follows, one of them of thirty categories."""
    generator = np.random.default_rng(0)
    X = pd.DataFrame({"a": generator.uniform(-3, 3, 1200), "b": generator.uniform(-3, 3, 1200)})
    X["c"] = generator.integers(0, 30, 1200).astype(str)
    of_category = generator.normal(size=30)
    y = np.sin(2 * X["a"]) + np.abs(X["b"]) + of_category[X["c"].astype(int)] + 0.1 * generator.normal(size=1200)
    return X, y.to_numpy()


def test_a_sum_of_curves_is_learned_where_a_line_cannot(waves) -> None:
    X, y = waves
    additive = DeepRegressor((), additive=True, n_networks=4, random_state=0).fit(X[:900], y[:900])
    linear = DeepRegressor((), random_state=0).fit(X[:900], y[:900])
    assert additive.score(X[900:], y[900:]) > 0.95
    assert linear.score(X[900:], y[900:]) < 0.7
    classes = (y > np.median(y)).astype(int)
    additive = DeepClassifier((), additive=True, n_networks=4, random_state=0).fit(X[:900], classes[:900])
    assert additive.score(X[900:], classes[900:]) > 0.9


def test_columns_never_meet() -> None:
    """What two columns do together, an additive model cannot tell: products are noise to it."""
    generator = np.random.default_rng(0)
    X = generator.uniform(-1, 1, (1500, 2))
    y = np.sign(X[:, 0] * X[:, 1])
    additive = DeepRegressor((), additive=True, n_networks=2, random_state=0).fit(X[:1000], y[:1000])
    assert additive.score(X[1000:], y[1000:]) < 0.05
    own = additive.model_.predictions(pd.DataFrame({"x0": [0.1, 0.7, 0.1, 0.7], "x1": [-0.4, -0.4, 0.5, 0.5]}))[:, 0]
    assert own[3] - own[2] == pytest.approx(own[1] - own[0], abs=1e-6)


def test_it_is_one_dense_layer_trained_in_epochs_by_several_networks(waves) -> None:
    X, y = waves
    model = DeepRegressor((), additive=True, numeric_embedding="piecewise_linear", max_iter=5, random_state=0).fit(X, y)
    assert len(model.model_.members) == 8
    assert [plan.architecture.L for plan in model.model_.plans] == [1] * 8
    assert isinstance(model.model_.plans[0].pieces[0], PiecewiseLinear)
    assert len(model.coefs_) == 1
    assert model.coefs_[0].shape == (2 * 32 + 8, 1)
    assert model.n_layers_ == 2
    assert model.n_iter_ == len(model.loss_curve_) == len(model.validation_scores_) == 5


def test_the_same_seed_gives_the_same_bits(waves) -> None:
    X, y = waves
    first, again = (DeepRegressor((), additive=True, max_iter=3, random_state=1).fit(X, y) for _ in range(2))
    assert np.array_equal(first.predict(X), again.predict(X))


def test_the_penalty_of_a_convex_problem_is_not_its_default() -> None:
    assert DeepClassifier(()).hyperparameters().alpha == 1.0
    assert DeepClassifier((), additive=True).hyperparameters().alpha == 0.0
    assert DeepClassifier((), additive=True, alpha=2.0).hyperparameters().alpha == 2.0


def test_hidden_layers_are_refused() -> None:
    for sizes in ((128, 128), 5, (3,)):
        shown = (sizes,) if isinstance(sizes, int) else sizes
        with pytest.raises(ParameterError) as caught:
            DeepClassifier(sizes, additive=True).fit(np.eye(4), [0, 1, 0, 1])
        rule = "must be () where additive is True, since columns meet in a hidden layer"
        assert str(caught.value) == f"DeepClassifier.hidden_layer_sizes {rule}; got {shown}."


def test_training_goes_on_in_steps_and_by_partial_fit(waves) -> None:
    X, y = waves
    parameters = {"additive": True, "n_networks": 1, "learning_rate": "constant", "random_state": 0}
    whole = DeepRegressor((), max_iter=4, early_stopping=False, **parameters).fit(X, y)
    parts = DeepRegressor((), **parameters)
    for _ in range(4):
        parts.partial_fit(X, y)
    assert np.array_equal(parts.predict(X), whole.predict(X))
    warm = DeepRegressor((), max_iter=2, early_stopping=False, warm_start=True, **parameters).fit(X, y).fit(X, y)
    assert np.array_equal(warm.predict(X), whole.predict(X))
    with pytest.raises(ParameterError, match="additive cannot change while training goes on; it was True, now False"):
        warm.set_params(additive=False).fit(X, y)


def test_lbfgs_may_solve_it_instead(waves) -> None:
    X, y = waves
    solved = DeepRegressor((), additive=True, solver="lbfgs", alpha=0.1, max_iter=20, random_state=0).fit(X, y)
    assert len(solved.model_.members) == 1
    assert solved.score(X, y) > 0.95
    assert not hasattr(solved, "partial_fit")


def test_plain_networks_stay_linear(waves) -> None:
    X, y = waves
    plain = DeepRegressor((), recipe="plain", additive=True, max_iter=60, random_state=0).fit(X, y)
    assert plain.model_.plans[0].pieces == ()
    assert plain.score(X, y) == pytest.approx(DeepRegressor((), recipe="plain").fit(X, y).score(X, y), abs=0.02)


def test_it_is_saved_and_loaded(waves, tmp_path) -> None:
    X, y = waves
    model = DeepRegressor((), additive=True, max_iter=3, n_networks=2, random_state=0).fit(X, y)
    model.save(tmp_path / "model")
    again = leadline.load(tmp_path / "model")
    assert again.additive is True
    assert np.array_equal(again.predict(X), model.predict(X))

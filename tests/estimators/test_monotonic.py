"""`monotonic_cst` of the estimators: predictions rise and fall as they must, whatever the rows."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import leadline
from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.errors import ModelFileError, ParameterError
from leadline.search import Dimension

QUICK = {"max_iter": 8, "n_networks": 2, "random_state": 0}


def rows(n: int, seed: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "up": generator.normal(size=n),
            "down": np.exp(generator.normal(size=n)),
            "free": np.where(generator.random(n) < 0.1, np.nan, generator.normal(size=n)),
            "word": generator.choice(["red", "green"], n),
        }
    )


def truth(X: pd.DataFrame) -> np.ndarray:
    """Nothing that rises with one and falls with the other: the constraints must do it."""
    noise = np.random.default_rng(9).normal(size=len(X))
    return np.asarray(np.sin(3 * X["up"]) * (X["word"] == "red") + np.sin(X["down"]) + 0.3 * noise)


ASKED = {"up": 1, "down": -1}
# What enters a network is rounded to float32.
ROUNDING = 1e-6


def falls(predict, seed: int = 1) -> float:
    """By how much predictions go the wrong way, at most, over random pairs, far outside the training rows too."""
    generator = np.random.default_rng(seed)
    low = rows(1000, seed)
    low["up"], low["down"] = 3 * generator.standard_cauchy(1000), 3 * np.abs(generator.standard_cauchy(1000))
    high = low.copy()
    high["up"] += np.abs(generator.standard_cauchy(1000)) * (generator.random(1000) < 0.7)
    high["down"] -= np.abs(generator.standard_cauchy(1000)) * (generator.random(1000) < 0.7)
    return float((predict(low) - predict(high)).max())


KINDS = {
    "as it comes": {},
    "bins": {"numeric_embedding": "piecewise_linear"},
    "linear": {"hidden_layer_sizes": ()},
    "additive": {"hidden_layer_sizes": (), "additive": True},
    "members": {"members": 2},
    "L-BFGS": {"solver": "lbfgs", "hidden_layer_sizes": (6,), "max_iter": 3},
    "plain": {"recipe": "plain", "activation": "tanh"},
    "counts": {"loss": "poisson"},
}


@pytest.mark.parametrize("name", KINDS)
def test_a_regression_goes_the_way_that_was_asked_for(name: str) -> None:
    X = rows(300)
    # what is linear falls against the sense that is asked for
    y = np.abs(truth(X)) if name == "counts" else X["down"] - X["up"] if name == "linear" else truth(X)
    settings = {"hidden_layer_sizes": (16, 8), **QUICK, **KINDS[name]}
    free = DeepRegressor(**settings).fit(X, y)
    model = DeepRegressor(**settings, monotonic_cst=ASKED).fit(X, y)
    scale = np.ptp(model.predict(X)) + 1e-6
    assert falls(free.predict) > 0.01
    assert falls(model.predict) <= ROUNDING * scale
    if name != "linear":  # the word decides how steeply: columns still meet
        assert len(np.unique(model.predict(X))) > 10


def test_a_probability_goes_the_way_that_was_asked_for_by_place() -> None:
    X = rows(300)
    model = DeepClassifier((16,), **QUICK, monotonic_cst=[1, -1, 0, 0]).fit(X, truth(X) > 0)
    assert falls(lambda given: model.predict_proba(given)[:, 1]) <= ROUNDING
    array = X[["up", "down", "free"]].to_numpy()
    plain = DeepClassifier((16,), **QUICK, monotonic_cst=(0, 0, -1)).fit(array, truth(X) > 0)
    other = array.copy()
    other[:, 2] += 1.0
    known = ~np.isnan(array[:, 2])
    assert (plain.predict_proba(other)[known, 1] <= plain.predict_proba(array)[known, 1] + ROUNDING).all()


def test_a_monotone_truth_is_learned_with_its_interactions() -> None:
    generator = np.random.default_rng(0)
    X = pd.DataFrame({"a": generator.uniform(-2, 2, 800), "b": generator.uniform(-2, 2, 800)})
    y = np.tanh(4 * X["a"]) * (1 + np.sin(2 * X["b"]))
    model = DeepRegressor((64, 64), max_iter=60, n_networks=2, random_state=0, monotonic_cst={"a": 1})
    assert model.fit(X[:600], y[:600]).score(X[600:], y[600:]) > 0.95


def test_a_search_keeps_constraints_at_every_depth(tmp_path) -> None:
    X = rows(160)
    estimator = DeepRegressor((12,), max_iter=4, random_state=0, monotonic_cst=ASKED)
    search = DepthSearchCV(estimator, max_depth=3, candidates=6, cv=2, repeats=1, random_state=0).fit(X, truth(X))
    for L in search.models_:
        assert falls(search.estimator_at(L).predict) <= ROUNDING
    assert falls(search.predict) <= ROUNDING
    assert search.best_estimator_.monotonic_cst == ASKED
    silu = (Dimension("activation", "g", levels=("silu",)),)
    with pytest.raises(ParameterError, match="rises everywhere"):
        DepthSearchCV(estimator, max_depth=2, candidates=2, cv=2, space=silu).fit(X, truth(X))


def test_a_model_file_keeps_the_promise_and_one_that_breaks_it_is_refused(tmp_path) -> None:
    X = rows(200)
    model = DeepRegressor((8,), **QUICK, monotonic_cst=ASKED).fit(X, truth(X))
    model.save(tmp_path / "kept")
    again = leadline.load(tmp_path / "kept")
    assert again.monotonic_cst == ASKED
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert falls(again.fit(X, truth(X)).predict) <= ROUNDING
    first, *others = model.model_.members
    theta = first.theta.copy()
    theta[np.flatnonzero(model.model_.plans[0].limits.low == 0)[0]] = -1.0
    model.model_ = dataclasses.replace(model.model_, members=(dataclasses.replace(first, theta=theta), *others))
    model.save(tmp_path / "broken")
    with pytest.raises(ModelFileError, match="network 1 breaks the constraints"):
        leadline.load(tmp_path / "broken")


def test_onnx_computes_the_same(tmp_path) -> None:
    pytest.importorskip("onnxruntime")
    from leadline.export import write_onnx

    X = rows(200)
    model = DeepRegressor((8,), **QUICK, monotonic_cst=ASKED).fit(X, truth(X))
    assert write_onnx(model, tmp_path / "model.onnx", X) < 1e-4


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"Up": 1}, "names the column 'Up', which is not in X. Did you mean 'up'"),
        ({"word": 1}, "constrains the column 'word', whose categories have no order"),
        ([1, 0], "must have one entry for each of the 4 columns of X; got 2"),
        ({"up": 2}, "must be None, a dictionary of columns, or a sequence"),
        ("up", "must be None, a dictionary of columns, or a sequence"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(asked, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        DeepRegressor((4,), **QUICK, monotonic_cst=asked).fit(rows(50), truth(rows(50)))


def test_three_classes_and_activations_that_fall_are_refused() -> None:
    X = rows(60)
    with pytest.raises(ParameterError, match=r"DeepClassifier\.monotonic_cst cannot be used for 3 classes"):
        DeepClassifier((4,), **QUICK, monotonic_cst=ASKED).fit(X, np.arange(60) % 3)
    with pytest.raises(ParameterError, match=r"DeepRegressor\.activation must be 'auto' or one that rises everywhere"):
        DeepRegressor((4,), **QUICK, activation="gelu", monotonic_cst=ASKED).fit(X, truth(X))
    # nothing is constrained
    DeepClassifier((4,), **QUICK, activation="silu", monotonic_cst={"up": 0}).fit(X, np.arange(60) % 3)


def test_training_goes_on_under_the_same_constraints() -> None:
    X = rows(100)
    model = DeepRegressor((6,), **QUICK, monotonic_cst=ASKED, warm_start=True).fit(X, truth(X)).fit(X, truth(X))
    assert falls(model.predict) <= ROUNDING
    model.partial_fit(X, truth(X))
    assert falls(model.predict) <= ROUNDING
    with pytest.raises(ParameterError, match="monotonic_cst cannot change while training goes on"):
        model.set_params(monotonic_cst=None).fit(X, truth(X))

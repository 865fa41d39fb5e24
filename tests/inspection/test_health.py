"""The health of layers, against networks that are ill on purpose."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.errors import DataError
from leadline.inspection import layer_health, training_health
from leadline.training import Stop, train


def table(network, X):
    return pd.DataFrame(X, columns=[column.name for column in network.model_.layout.columns])


def with_layers(network, change):
    """The network's model with its parameters changed by name."""
    model = network.model_
    member, plan = model.members[0], model.plans[0]
    theta = member.theta.copy()
    named = plan.named(theta)
    change(named)
    return replace(model, members=(replace(member, theta=theta),))


@pytest.fixture(scope="module")
def network():
    X = np.random.default_rng(0).normal(size=(120, 4))
    return DeepRegressor((8, 6), recipe="plain", max_iter=3, random_state=0).fit(X, X[:, 0]), X


def test_units_that_never_move_are_counted(network):
    fitted, X = network
    frame = table(fitted, X)
    before = layer_health(fitted.model_, frame)
    assert [layer.l for layer in before] == [1, 2]
    assert [layer.units for layer in before] == [8, 6]

    def kill(named):
        named["b[1]"][:3] = -1e3

    after = layer_health(with_layers(fitted, kill), frame)
    assert after[0].dead == pytest.approx(3 / 8 + before[0].dead * 5 / 8, abs=0.13)
    assert after[0].dead >= 3 / 8
    assert after[0].saturated > before[0].saturated


def test_saturated_tanh_units_are_counted():
    X = np.random.default_rng(0).normal(size=(120, 4))
    fitted = DeepRegressor((8,), recipe="plain", activation="tanh", max_iter=2, random_state=0).fit(X, X[:, 0])
    healthy = layer_health(fitted.model_, table(fitted, X))[0]
    assert healthy.dead == 0
    assert healthy.saturated < 0.05

    def saturate(named):
        named["W[1]"][:] *= 1e3

    ill = layer_health(with_layers(fitted, saturate), table(fitted, X))[0]
    assert ill.saturated > 0.9


@pytest.fixture(scope="module")
def search():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(150, 3))
    y = (np.sin(3 * X[:, 0]) * np.sign(X[:, 1]) > 0).astype(int)
    fitted = DepthSearchCV(
        DeepClassifier(max_iter=8, random_state=0), max_depth=3, candidates=2, cv=3, repeats=1, select="best"
    ).fit(X, y)
    assert fitted.best_depth_ > 1
    return fitted, X, y


def test_the_network_that_is_watched_is_the_first_one_of_the_answer(search):
    fitted, X, y = search
    found = training_health(fitted, X, y)
    L = fitted.best_depth_
    problem, plan, task = fitted.first_network(X, y)
    (again,) = train(plan, [task], problem, problem.score, Stop())
    assert np.array_equal(again.theta, fitted.models_[L].members[0].theta)
    assert task.settings == fitted.models_[L].members[0].settings
    assert found.epochs == len(again.losses) == len(again.curve)
    assert found.gradient_norms.shape == (found.epochs, L)
    assert found.dead.shape == found.saturated.shape == (found.epochs, L - 1)
    assert (found.gradient_norms > 0).all()


def test_other_rows_are_refused(search):
    fitted, X, y = search
    with pytest.raises(DataError, match="not the rows"):
        training_health(fitted, X[::-1], y)


def test_what_was_solved_has_no_epochs():
    X = np.random.default_rng(0).normal(size=(80, 2))
    fitted = DepthSearchCV(DeepRegressor(random_state=0), max_depth=1, candidates=2, cv=3).fit(X, X[:, 0])
    assert training_health(fitted, X, X[:, 0]) is None


def test_a_layer_that_is_saturated_everywhere_is_called_so():
    X = np.random.default_rng(0).normal(size=(120, 4))
    fitted = DeepRegressor((8,), recipe="plain", activation="tanh", max_iter=2, random_state=0).fit(X, X[:, 0])

    def saturate(named):
        named["W[1]"][:] = 0
        named["b[1]"][:] = 50

    (ill,) = layer_health(with_layers(fitted, saturate), table(fitted, X))
    assert (ill.dead, ill.saturated) == (1, 1)

"""Populations against the specification, network by network."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.network import ACTIVATIONS, LOSSES, Architecture, backward, cost, forward
from leadline.training import Data, FeatureScale, Plan, Scorer, stream
from leadline.training.population import Population, runs_of_equal_length

TOLERANCES = {np.float32: 2e-4, np.float64: 1e-9}


def make_data(n_in: int, k: int, loss_name: str, dtype: type, seed: int, folds: int = 2, n: int = 80) -> Data:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(folds, n, n_in))
    if loss_name == "cross_entropy":
        Y = np.eye(k)[generator.integers(0, k, (folds, n))]
    elif loss_name == "binary_cross_entropy":
        Y = generator.integers(0, 2, (folds, n, k)).astype(float)
    else:
        Y = generator.normal(size=(folds, n, k))
    return Data(X.astype(dtype), Y.astype(dtype), (0.5 + generator.random(n)).astype(dtype))


def thetas(plan: Plan, P: int, dtype: type, seed: int = 0) -> np.ndarray:
    return np.stack([plan.initial(stream((seed, p))) + 0.05 for p in range(P)]).astype(dtype)


@settings(max_examples=40, deadline=None)
@given(
    hidden=st.lists(st.integers(1, 40), max_size=7),
    n_in=st.integers(1, 40),
    k=st.integers(1, 5),
    m=st.integers(1, 70),
    P=st.integers(1, 4),
    name=st.sampled_from(list(ACTIVATIONS)),
    loss_name=st.sampled_from(list(LOSSES)),
    dtype=st.sampled_from(list(TOLERANCES)),
    seed=st.integers(0, 10_000),
)
def test_every_network_of_a_population_follows_the_equations(
    hidden: list[int], n_in: int, k: int, m: int, P: int, name: str, loss_name: str, dtype: type, seed: int
) -> None:
    architecture = Architecture((n_in, *hidden, k), name, loss_name)
    plan = Plan(architecture)
    data = make_data(n_in, k, loss_name, dtype, seed)
    generator = np.random.default_rng(seed)
    population = Population(plan, thetas(plan, P, dtype, seed), m)
    fold = generator.integers(0, 2, P)
    rows = np.stack([generator.permutation(80)[:m] for _ in range(P)])
    losses = np.zeros(P)
    population.loss_and_gradient(data, fold, rows, slice(0, P), losses)
    for p in range(P):
        parameters = plan.layers(population.theta[p])
        X, Y = data.X[fold[p], rows[p]].T.astype(float), data.Y[fold[p], rows[p]].T.astype(float)
        w = data.w[rows[p]].astype(float)
        Z, caches = forward(architecture, parameters, X)
        expected = np.concatenate([d.ravel() for pair in backward(architecture, caches, Y, w) for d in pair])
        tolerance = TOLERANCES[dtype]
        scale = max(1.0, float(np.abs(expected).max()))
        # a kink between the two precisions may switch one unit of one example
        if name in ("relu", "leaky_relu") and min((np.abs(c.Z).min() for c in caches[:-1]), default=1) < 1e-5:
            continue
        assert np.abs(population.gradient[p] - expected).max() < tolerance * scale
        assert losses[p] == pytest.approx(cost(architecture, Z, Y, w), rel=tolerance, abs=tolerance)


def test_a_loss_of_the_callers_own_trains() -> None:
    class LogCosh:
        def value(self, Z, Y):
            return np.log(np.cosh(Z - Y)).sum(axis=0)

        def gradient(self, Z, Y):
            return np.tanh(Z - Y)

    architecture = Architecture((4, 6, 2), "tanh", LogCosh())
    plan = Plan(architecture)
    data = make_data(4, 2, "half_squared_error", np.float64, 0)
    population = Population(plan, thetas(plan, 2, np.float64), 30)
    fold, rows, losses = np.array([1, 0]), np.stack([np.arange(30), np.arange(30, 60)]), np.zeros(2)
    population.loss_and_gradient(data, fold, rows, slice(0, 2), losses)
    for p in range(2):
        X, Y, w = data.X[fold[p], rows[p]].T, data.Y[fold[p], rows[p]].T, data.w[rows[p]]
        Z, caches = forward(architecture, plan.layers(population.theta[p]), X)
        expected = np.concatenate([d.ravel() for pair in backward(architecture, caches, Y, w) for d in pair])
        assert np.allclose(population.gradient[p], expected, rtol=1e-10, atol=1e-14)
        assert losses[p] == pytest.approx(cost(architecture, Z, Y, w))


def test_a_piece_before_layer_1_is_differentiated_and_counted() -> None:
    architecture = Architecture((4, 6, 2), "tanh", "cross_entropy")
    plan = Plan(architecture, [FeatureScale(4)])
    assert plan.architecture.L == 2
    assert plan.n_parameters == 4 + architecture.n_parameters
    data = make_data(4, 2, "cross_entropy", np.float64, 0)
    population = Population(plan, thetas(plan, 1, np.float64), 30)
    fold, rows, losses = np.zeros(1, int), np.arange(30)[None], np.zeros(1)

    def cost_at(theta: np.ndarray) -> float:
        population.theta[0] = theta
        population.loss_and_gradient(data, fold, rows, slice(0, 1), losses)
        return float(losses[0])

    theta = population.theta[0].copy()
    cost_at(theta)
    exact = population.gradient[0].copy()
    steps = 1e-6 * np.eye(len(theta))
    numerical = np.array([(cost_at(theta + step) - cost_at(theta - step)) / 2e-6 for step in steps])
    assert np.allclose(exact, numerical, rtol=1e-5, atol=1e-8)
    assert np.abs(exact[:4]).min() > 0


def test_a_piece_of_ones_changes_nothing() -> None:
    architecture = Architecture((4, 6, 2), "relu")
    bare, scaled = Plan(architecture), Plan(architecture, [FeatureScale(4)])
    theta = thetas(bare, 1, np.float32)[0]
    X = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    with_ones = np.concatenate([np.ones(4, np.float32), theta])
    assert np.array_equal(Scorer(bare).scores(theta, X), Scorer(scaled).scores(with_ones, X))


def test_gradients_have_the_same_bits_alone_and_in_company() -> None:
    plan = Plan(Architecture((7, 20, 9, 3), "silu", "cross_entropy"), [FeatureScale(7)])
    data = make_data(7, 3, "cross_entropy", np.float32, 1)
    theta = thetas(plan, 6, np.float32)
    generator = np.random.default_rng(2)
    fold, rows = generator.integers(0, 2, 6), np.stack([generator.permutation(80)[:33] for _ in range(6)])
    together, losses = Population(plan, theta.copy(), 33), np.zeros(6)
    together.loss_and_gradient(data, fold, rows, slice(0, 6), losses)
    for p in range(6):
        alone, loss = Population(plan, theta[[p]].copy(), 33), np.zeros(1)
        alone.loss_and_gradient(data, fold[[p]], rows[[p]], slice(0, 1), loss)
        assert np.array_equal(alone.gradient[0], together.gradient[p])
        assert loss[0] == losses[p]


@pytest.mark.parametrize("n", [1, 511, 512, 513, 1200])
def test_scores_of_any_number_of_rows_follow_the_equations(n: int) -> None:
    plan = Plan(Architecture((5, 8, 2), "tanh"))
    theta = thetas(plan, 1, np.float64)[0]
    X = np.random.default_rng(0).normal(size=(n, 5))
    expected = forward(plan.architecture, plan.layers(theta), X.T)[0].T
    scorer = Scorer(plan, np.float64)
    assert np.allclose(scorer.scores(theta, X), expected, rtol=1e-12)
    some = np.arange(n)[::-3]
    assert np.allclose(scorer.scores(theta, X, some), expected[some], rtol=1e-12)


def test_parameters_go_into_one_vector_and_come_back_by_name() -> None:
    plan = Plan(Architecture((3, 5, 2)))
    theta = np.arange(plan.n_parameters, dtype=float)
    named = plan.named(theta)
    assert list(named) == ["W[1]", "b[1]", "W[2]", "b[2]"]
    assert named["W[1]"].shape == (5, 3)
    assert named["b[2]"].tolist() == [30.0, 31.0]
    (W1, b1), (W2, b2) = plan.layers(theta)
    assert np.concatenate([W1.ravel(), b1.ravel(), W2.ravel(), b2.ravel()]).tolist() == theta.tolist()
    assert plan.penalised.tolist() == [1.0] * 15 + [0.0] * 5 + [1.0] * 10 + [0.0] * 2


def test_runs_of_equal_length_leave_out_those_that_are_done() -> None:
    assert list(runs_of_equal_length(np.array([0, 0, 3, 3, 5]))) == [(slice(2, 4), 3), (slice(4, 5), 5)]

"""Monotone networks: every step keeps the limits, and within them scores rise and fall as they must, for any input."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy_backend import NumpyBackend

from leadline.errors import ParameterError
from leadline.network import ACTIVATIONS
from leadline.training import (
    Hyperparameters,
    Inputs,
    Processor,
    Scorer,
    input_columns,
    layer_inputs,
    plan_for,
    stream,
)
from leadline.training.population import Blueprint, Population, Steps
from leadline.training.program import SETTINGS
from leadline.training.rows import Examples

INCREASING = [name for name, own in ACTIVATIONS.items() if own.increasing]


def test_what_is_called_increasing_is() -> None:
    z = np.linspace(-30, 30, 20_001)
    for name, own in ACTIVATIONS.items():
        slopes = np.asarray(own.g_prime(z, np.asarray(own.g(z))))
        assert own.increasing == bool((slopes >= 0).all()), name


def chosen(constraints, **more) -> Hyperparameters:
    usual = {"hidden_layer_sizes": (12, 9), "feature_scale": True, "one_hot_up_to": 3, "numeric_embedding": "none"}
    return Hyperparameters(**{**usual, "monotonic_cst": constraints, **more})


def broken(plan, theta: np.ndarray, constraints, seed: int, rest: int) -> float:
    """By how much scores fall, at most, over random pairs of inputs that differ in constrained numbers alone."""
    generator = np.random.default_rng(seed)
    p = len(constraints)
    low = np.concatenate([4 * generator.normal(size=(400, p)), np.zeros((400, rest))], axis=1)
    low[:, p:] = generator.integers(0, 2, size=(400, rest))
    moved = np.abs(generator.standard_cauchy(size=(400, p))) * np.array(constraints)
    high = low.copy()
    high[:, :p] += moved * (generator.random((400, p)) < 0.5)
    scorer = Scorer(plan, Processor(), np.float64).take(theta)
    return float((scorer.scores(low) - scorer.scores(high)).max())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
@given(
    constraints=st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=4).filter(any),
    embedding=st.sampled_from(["none", "periodic", "piecewise_linear"]),
    hidden=st.lists(st.integers(1, 9), max_size=3),
    members=st.sampled_from([1, 2]),
    activation=st.sampled_from(INCREASING),
    seed=st.integers(0, 1000),
)
def test_no_parameters_within_the_limits_break_the_promise(
    constraints, embedding, hidden, members, activation, seed
) -> None:
    more = {"hidden_layer_sizes": hidden, "numeric_embedding": embedding, "members": members, "activation": activation}
    plan = plan_for(chosen(constraints, **more), Inputs(len(constraints), (1, 3)), 2, "half_squared_error")
    theta = plan.limits.moved(3 * np.random.default_rng(seed).normal(size=plan.n_parameters))
    if embedding == "piecewise_linear" and hidden:
        theta[: plan.specs[0].size] = np.sort(theta[: plan.specs[0].size].reshape(len(constraints), -1)).ravel()
    assert plan.allows(theta)
    scores = Scorer(plan, Processor(), np.float64).take(theta).scores(np.zeros((1, plan.n_in)))
    assert broken(plan, theta, constraints, seed, 4) <= 1e-9 * (1 + np.abs(theta).max() ** 4 + np.abs(scores).max())


def test_a_wrong_sign_is_noticed() -> None:
    plan = plan_for(chosen((1, 0)), Inputs(2, (3,)), 1, "half_squared_error")
    theta = plan.initial(stream((0,)))
    assert broken(plan, theta, (1, 0), 0, 3) <= 1e-12
    for place in range(plan.n_parameters):
        if plan.limits.low[place] == 0 and plan.limits.high[place] > 0 and theta[place] > 0.1:
            changed = theta.copy()
            changed[place] = -20.0
            assert not plan.allows(changed)
    unconstrained = plan_for(chosen(()), Inputs(2, (3,)), 1, "half_squared_error")
    assert unconstrained.limits is None
    assert broken(unconstrained, unconstrained.initial(stream((0,))), (1, 0), 0, 3) > 0.01


@pytest.mark.parametrize("backend", [Processor, NumpyBackend])
@pytest.mark.parametrize("embedding", ["none", "periodic", "piecewise_linear"])
def test_every_step_keeps_the_limits_and_nothing_else_changes(backend, embedding: str) -> None:
    plan = plan_for(chosen((1, -1, 0), numeric_embedding=embedding), Inputs(3, (5,)), 1, "half_squared_error")
    generator = np.random.default_rng(0)
    X = np.concatenate([generator.normal(size=(64, 3)), generator.integers(0, 5, (64, 1))], axis=1)
    examples = Examples(X, X[:, :1] * X[:, 1:2], np.ones(64))
    row = dict(zip(SETTINGS, [0.2, 0.9, 0.1, 0.9, 0.1, 1e-8, 1.0, 1.0, 0.1, 0.0, 1.0], strict=True))
    steps = Steps(examples, np.arange(64), 32, np.array([list(row.values())] * 2), np.zeros((2, 9), np.uint64))
    start = plan.initial(stream((1,)))
    population = Population(Blueprint(plan, 64, 32, "adam"), start[None], backend())
    population.run([steps])
    ended = population.theta[0]
    assert plan.allows(ended)
    # some entries have come to rest on a limit, where they would have gone through it
    at_limit = (ended == 0) & (start != 0)
    assert at_limit.any()
    free = plan_for(chosen((), numeric_embedding=embedding), Inputs(3, (5,)), 1, "half_squared_error")
    other = Population(Blueprint(free, 64, 32, "adam"), start[None], backend())
    one = Steps(examples, np.arange(32), 32, steps.settings[:1], steps.keys[:1])
    other.run([one])
    population.theta[0], population.m[0], population.v[0] = start, 0, 0
    population.run([one])
    np.testing.assert_array_equal(population.theta[0], np.clip(other.theta[0], *plan.limits))


def test_an_activation_that_falls_somewhere_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"activation must be 'auto' or one that rises everywhere .*got 'silu'"):
        chosen((1, 0), activation="silu")
    assert chosen((0, 0), activation="silu").activation == "silu"
    with pytest.raises(ParameterError, match="monotonic_cst must be a sequence of -1, 0 and 1"):
        chosen((2,))


@pytest.mark.parametrize(
    ("rows", "additive", "embedding"),
    [
        (100, False, "periodic"),
        (100, True, "piecewise_linear"),
        (50_000, False, "fine_piecewise_linear"),
        (50_000, True, "fine_piecewise_linear"),
    ],
)
def test_what_is_left_open_suits_constraints(rows: int, additive: bool, embedding: str) -> None:
    sizes = {"hidden_layer_sizes": (), "additive": True} if additive else {}
    settings = Hyperparameters(activation="auto", numeric_embedding="auto", monotonic_cst=(0, 1), **sizes)
    found = settings.for_table(rows, 2, False)
    assert (found.activation, found.numeric_embedding) == ("relu", embedding)


@pytest.mark.parametrize("embedding", ["none", "periodic", "piecewise_linear"])
@pytest.mark.parametrize("members", [1, 3])
def test_each_output_of_a_piece_tells_of_its_source_and_rises_where_that_is_said(embedding: str, members: int) -> None:
    inputs, more = Inputs(3, (1, 6, 2)), {"numeric_embedding": embedding, "members": members}
    plan = plan_for(chosen((), **more), inputs, 1, "half_squared_error")
    generator = np.random.default_rng(0)
    theta = plan.initial(generator)
    named = plan.named(theta)
    X = np.concatenate([generator.normal(size=(50, 3)), generator.integers(0, 2, size=(50, 4))], axis=1)
    tells_of = input_columns(plan, np.arange(plan.n_in))
    factors = np.sign(named.get("member_scale", np.ones((1, len(tells_of))))[0])
    rising = np.ones(plan.n_in, bool)
    for piece in plan.pieces:
        rising = piece.rising & rising[piece.sources]
    before = layer_inputs(plan, theta, X)
    for i in range(plan.n_in):
        other = X.copy()
        other[:, i] += 1.0
        change = (layer_inputs(plan, theta, other) - before) * factors
        assert (change[:, tells_of != i] == 0).all()
        assert np.abs(change[:, tells_of == i]).max() > 0
        if i < 3:
            assert (change[:, (tells_of == i) & rising] >= 0).all()

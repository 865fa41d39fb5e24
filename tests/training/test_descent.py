"""Training epoch by epoch in scikit-learn's way."""

import numpy as np
import pytest

from leadline.network import Architecture
from leadline.training import Examples, Plan, stream
from leadline.training.descent import Descent, UpdateRule

SGD = UpdateRule(
    solver="sgd",
    alpha=0.0,
    learning_rate="constant",
    learning_rate_init=0.1,
    power_t=0.5,
    momentum=0.9,
    nesterovs_momentum=False,
    beta_1=0.9,
    beta_2=0.999,
    epsilon=1e-8,
)
N = 50


def rule(**values) -> UpdateRule:
    return UpdateRule(**{**vars(SGD), **values})


@pytest.fixture(scope="module")
def examples() -> Examples:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(N, 3))
    return Examples(X, np.sin(X[:, :1]), generator.uniform(0.5, 2.0, N))


def begin(examples: Examples, own: UpdateRule, sizes=(3, 8, 1), threads=1, batch_size=16, state=None, theta=None):
    plan = Plan(Architecture(sizes, "tanh", "half_squared_error"))
    theta = plan.initial(stream((0,))) if theta is None else theta
    return plan, Descent(plan, theta, examples, own, batch_size, state, threads)


def velocity_steps(theta, examples, own, epochs):
    """Momentum as a velocity, with the rate of each epoch, on all rows at once."""
    velocity, rates = np.zeros_like(theta), [own.learning_rate_init]
    for epoch in range(1, epochs + 1):
        # a step of rate 1 without momentum is the gradient
        _, plain = begin(
            examples, rule(alpha=own.alpha, momentum=0.0, learning_rate_init=1.0), batch_size=N, theta=theta
        )
        plain.epoch(np.arange(N))
        velocity = own.momentum * velocity - rates[-1] * (theta - plain.theta)
        theta = theta + velocity
        rates.append(own.learning_rate_init / (epoch * N + 1) ** own.power_t)
    return theta


@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_a_changing_rate_leaves_the_velocity_as_it_is(examples: Examples, alpha: float) -> None:
    own = rule(learning_rate="invscaling", alpha=alpha)
    _, descent = begin(examples, own, batch_size=N)
    start = descent.theta.copy()
    for epoch in range(1, 5):
        descent.epoch(np.arange(N))
        descent.epoch_ended(epoch * N)
    np.testing.assert_allclose(descent.theta, velocity_steps(start, examples, own, 4), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_it_goes_on_from_a_state_to_the_same_bits(examples: Examples, solver: str) -> None:
    rows = np.arange(N)
    _, through = begin(examples, rule(solver=solver))
    _, first = begin(examples, rule(solver=solver))
    for _ in range(2):
        through.epoch(rows)
    first.epoch(rows)
    _, second = begin(examples, rule(solver=solver), state=first.state(), theta=first.theta)
    second.epoch(rows)
    np.testing.assert_array_equal(second.theta, through.theta)


def test_neither_threads_nor_the_way_the_penalty_is_counted_change_a_bit() -> None:
    generator = np.random.default_rng(1)
    X = generator.normal(size=(400, 300)).astype(np.float32)
    wide = Examples(X, X[:, :1].copy(), np.ones(400, np.float32))
    found = []
    for threads, tol in ((1, 0.0), (2, 0.0), (1, np.inf)):
        plan, _ = begin(wide, SGD, (300, 600, 1))
        theta = plan.initial(stream((0,))).astype(np.float32)
        _, descent = begin(wide, rule(alpha=0.1), (300, 600, 1), threads, batch_size=200, theta=theta)
        losses = descent.epoch(np.arange(400), tol)
        found.append((descent.theta.copy(), losses))
    for theta, (loss, penalty) in found[1:]:
        np.testing.assert_array_equal(theta, found[0][0])
        assert loss == pytest.approx(found[0][1][0], rel=1e-6)
        assert penalty == pytest.approx(found[0][1][1], rel=0.05)


def test_an_adaptive_rate_falls_until_it_is_small(examples: Examples) -> None:
    _, constant = begin(examples, SGD)
    assert not constant.may_go_on()
    _, adaptive = begin(examples, rule(learning_rate="adaptive"))
    falls = 0
    while adaptive.may_go_on():
        falls += 1
    assert falls == 8
    assert adaptive.learning_rate == pytest.approx(0.1 / 5**8)


def test_an_epoch_ends_before_a_step_whose_loss_is_not_finite(examples: Examples) -> None:
    _, descent = begin(examples, rule(learning_rate_init=1e200))
    with np.errstate(over="ignore", invalid="ignore"):
        loss, _ = descent.epoch(np.arange(N))
    assert not np.isfinite(loss)

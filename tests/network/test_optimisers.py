"""Optimisers and schedules: one conformance class for each, and agreement with another implementation."""

import json
from pathlib import Path

import numpy as np
import pytest

from leadline.errors import ParameterError
from leadline.network import OPTIMISERS, SCHEDULES, OptimiserState, optimiser, schedule

# Written by tests/network/make_optimiser_fixture.py with PyTorch, in float64
FIXTURE = json.loads((Path(__file__).parent / "optimisers.json").read_text("utf-8"))


@pytest.mark.parametrize("name", OPTIMISERS)
class TestEveryOptimiser:
    def test_it_finds_the_bottom_of_a_bowl(self, name: str) -> None:
        theta, state = np.array([3.0, -2.0]), OptimiserState(name, (2,))
        curvature = np.array([1.0, 0.5])
        for t in range(600):
            theta = state.step(theta, curvature * theta, 0.05 * (1 - t / 600))
        assert np.abs(theta).max() < 1e-2

    def test_scalars_and_arrays_take_the_same_steps(self, name: str) -> None:
        generator = np.random.default_rng(0)
        gradients, start = generator.normal(size=(5, 4)), generator.normal(size=4)
        together, state = start, OptimiserState(name, (4,))
        alone, states = list(start), [OptimiserState(name, ()) for _ in range(4)]
        for gradient in gradients:
            together = state.step(together, gradient, 0.1)
            alone = [float(s.step(np.float64(x), g, 0.1)) for s, x, g in zip(states, alone, gradient, strict=True)]
        assert together.tolist() == alone

    def test_a_zero_gradient_from_the_start_moves_nothing_but_decay(self, name: str) -> None:
        theta = np.array([1.0, -4.0])
        assert np.array_equal(OptimiserState(name, (2,)).step(theta, np.zeros(2), 0.1), theta)
        decayed = OptimiserState(name, (2,), weight_decay=0.5).step(theta, np.zeros(2), 0.1)
        assert np.allclose(decayed, 0.95 * theta)

    def test_it_agrees_with_pytorch_step_by_step(self, name: str) -> None:
        case = FIXTURE["cases"][name]
        theta = np.array(FIXTURE["start"])
        state = OptimiserState(name, theta.shape, **case["settings"])
        for gradient, expected in zip(FIXTURE["gradients"], case["steps"], strict=True):
            theta = state.step(theta, np.array(gradient), FIXTURE["learning_rate"])
            assert np.abs(theta - np.array(expected)).max() < 1e-12


@pytest.mark.parametrize("name", SCHEDULES)
class TestEverySchedule:
    T = np.arange(1000) / 1000

    def test_the_factor_stays_between_zero_and_one(self, name: str) -> None:
        factor = schedule(name).factor(self.T)
        assert factor.shape == (1000,)
        assert factor.min() >= 0
        assert factor.max() <= 1 + 1e-12

    def test_the_whole_rate_is_used_somewhere(self, name: str) -> None:
        assert schedule(name).factor(self.T).max() > 0.99

    def test_a_step_does_not_depend_on_the_others(self, name: str) -> None:
        factor = schedule(name).factor
        assert factor(self.T)[[3, 500]].tolist() == factor(self.T[[3, 500]]).tolist()


def test_the_schedules_have_their_shapes() -> None:
    t = np.array([0.0, 0.05, 0.1, 0.3, 0.5, 0.75, 0.999])
    factors = {name: SCHEDULES[name].factor(t) for name in SCHEDULES}
    assert factors["constant"].tolist() == [1.0] * 7
    assert np.allclose(factors["step"], [1, 1, 1, 1, 0.1, 0.01, 0.01])
    assert factors["cosine"][4] == pytest.approx(0.5)
    assert factors["one_cycle"][0] == pytest.approx(0.04)
    assert factors["one_cycle"][3] == pytest.approx(1.0)
    assert factors["warm_up"][[0, 1, 2]].tolist() == pytest.approx([0.0, 0.5, 1.0])
    # 1 + 15 t = √2, 2√2, 4√2, 8√2 are its four crests
    crests = (np.sqrt(2) * 2.0 ** np.arange(4) - 1) / 15
    assert np.allclose(SCHEDULES["log_cosine"].factor(crests), 1)
    for name in ("cosine", "one_cycle", "warm_up", "log_cosine"):
        assert factors[name][-1] < 0.01


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"optimiser must be one of gradient_descent, .*; got 'sgd'"):
        optimiser("sgd")
    with pytest.raises(ParameterError, match=r"schedule must be one of constant, .*; got 'linear'"):
        schedule("linear")

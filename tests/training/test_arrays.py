"""The stacked backend beside the compiled one: what they agree on, and what only a device has."""

import numpy as np
import pytest
from backends import NO_TORCH, gpu_or_skip, stacked

from leadline.errors import DeviceError
from leadline.network import Architecture
from leadline.training import (
    Data,
    Holdout,
    Hyperparameters,
    Inputs,
    Processor,
    Stop,
    Task,
    networks_at_once,
    plan_for,
    stream,
    train,
)
from leadline.training.blocks import Plan
from leadline.training.population import Blueprint, Population, Steps
from leadline.training.program import SETTINGS
from leadline.training.rows import Examples

torch = pytest.importorskip("torch", reason=NO_TORCH)
arrays = pytest.importorskip("leadline.training.arrays")

N, BATCH = 200, 32
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def backend_on(device: str):
    if device == "cuda":
        gpu_or_skip()
    return stacked(device)


def make_population(backend, P: int = 5, dtype: type = np.float32, activation: str = "tanh") -> Population:
    plan = Plan(Architecture((4, 9, 6, 1), activation))
    theta = np.stack([plan.initial(stream((p,))) for p in range(P)]).astype(dtype)
    return Population(Blueprint(plan, 256, BATCH, "adam", dropout=True), theta, backend)


def make_steps(P: int = 5, rows: int = N, dtype: type = np.float32) -> list[Steps]:
    """An epoch of each network: its own order of the rows, and its own rate."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(N, 4)).astype(dtype)
    examples = Examples(X, np.sin(3 * X[:, :1]), np.ones(N, dtype))
    n, found = round(rows / BATCH), []
    for p in range(P):
        table = np.zeros((n, len(SETTINGS)), dtype)
        times = np.arange(1, n + 1)
        table[:, :6] = 0.01 * (p + 1), 0.9, 0.1, 0.99, 0.01, 1e-8
        table[:, 6], table[:, 7] = 1 / (1 - 0.9**times), 1 / (1 - 0.99**times)
        table[:, SETTINGS.index("scale")] = 1 / 0.8
        keys = generator.integers(2**32, size=(n, 3), dtype=np.uint64)
        keys[:, 0] = int(0.2 * 2**32)
        found.append(Steps(examples, generator.permutation(N)[:rows], BATCH, table, keys))
    return found


@pytest.mark.parametrize("device", DEVICES)
def test_an_epoch_is_that_of_the_compiled_backend(device) -> None:
    steps = make_steps(dtype=np.float64)
    compiled, own = (make_population(backend, dtype=np.float64) for backend in (Processor(), backend_on(device)))
    losses = compiled.run(steps)
    assert own.run(steps) == pytest.approx(losses, rel=1e-9)
    for name in ("theta", "m", "v"):
        assert np.allclose(getattr(own, name), getattr(compiled, name), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("device", DEVICES)
def test_two_runs_have_the_same_bits(device) -> None:
    found = []
    for _ in range(2):
        population = make_population(backend_on(device))
        found.append((population.run(make_steps()), population.theta.copy()))
    assert np.array_equal(found[0][0], found[1][0])
    assert np.array_equal(found[0][1], found[1][1])


def test_networks_with_more_or_fewer_rows_train_beside_each_other() -> None:
    steps = [*make_steps(2), *make_steps(5, rows=150)[2:]]
    compiled, own = make_population(Processor()), make_population(stacked("cpu"))
    assert own.run(steps) == pytest.approx(compiled.run(steps), rel=1e-4)
    assert np.allclose(own.theta, compiled.theta, atol=1e-4)


@pytest.mark.parametrize("device", DEVICES)
def test_a_network_that_overflows_stops_at_that_step_and_the_others_go_on(device) -> None:
    steps = make_steps(dtype=np.float64)
    rate = SETTINGS.index("rate")
    steps[1].settings[2, rate] = steps[3].settings[4, rate] = 1e200
    backends = Processor(), backend_on(device)
    compiled, own = (make_population(backend, dtype=np.float64, activation="relu") for backend in backends)
    losses, expected = own.run(steps), compiled.run(steps)
    assert np.isnan(losses).tolist() == np.isnan(expected).tolist() == [False, True, False, True, False]
    assert losses[::2] == pytest.approx(expected[::2])
    assert np.allclose(own.theta, compiled.theta, rtol=1e-6)
    # what overflowed stands in the memory, so that it can be named
    for p in (1, 3):
        assert own.overflow(p) == compiled.overflow(p) != ""
    A = own.blueprint.A[0].top(BATCH)
    assert np.allclose(own.memory[1, A.offset : A.stop], compiled.memory[1, A.offset : A.stop], equal_nan=True)
    assert not np.isfinite(own.memory[1, : own.blueprint.size]).all()


class TooManyError(torch.OutOfMemoryError):
    """What a device without memory would raise."""


def with_room_for(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """Let a step of more networks than that fail, in the middle of a run; how many networks every attempt had."""
    take, tried = arrays._Run.take, []

    def limited(self, s: int) -> None:
        tried.append(self.stack.P)
        take(self, s)
        if most < self.stack.P and s == 2:
            raise TooManyError("out of memory")

    monkeypatch.setattr(arrays._Run, "take", limited)
    return tried


def test_out_of_memory_means_fewer_networks_at_once(monkeypatch) -> None:
    whole = make_population(stacked("cpu"))
    losses = whole.run(make_steps())
    tried = with_room_for(monkeypatch, 2)
    limited = make_population(stacked("cpu"))
    assert np.array_equal(limited.run(make_steps()), losses)
    assert np.array_equal(limited.theta, whole.theta)
    assert sorted(set(tried)) == [1, 2, 3, 5]
    # the next run begins with what fitted
    tried.clear()
    limited.run(make_steps())
    assert set(tried) == {1, 2}


def test_one_network_that_does_not_fit_is_an_error_that_says_what_to_do(monkeypatch) -> None:
    with_room_for(monkeypatch, 0)
    population = make_population(stacked("cpu"), 2)
    theta = population.theta.copy()
    with pytest.raises(DeviceError, match=r"One network of 112 parameters does not fit .* smaller batch_size"):
        population.run(make_steps(2))
    assert np.array_equal(population.theta, theta)


def test_one_network_fits_once_the_stacks_that_are_kept_are_gone(monkeypatch) -> None:
    population = make_population(stacked("cpu"), 2)
    population.run(make_steps(2))
    population.keep([0])
    take = arrays._Run.take

    def crowded(self, s: int) -> None:
        take(self, s)
        if len(arrays._stacks(population.blueprint)) > 1:
            raise TooManyError("out of memory")

    monkeypatch.setattr(arrays._Run, "take", crowded)
    assert np.isfinite(population.run(make_steps(1))).all()
    assert [own.P for own in arrays._stacks(population.blueprint).values()] == [1]


def test_products_are_exact_and_the_settings_of_the_process_come_back() -> None:
    before, seen = torch.get_float32_matmul_precision(), []
    torch.set_float32_matmul_precision("high")
    try:
        population = make_population(stacked("cpu"))
        population.run(make_steps(), check=lambda: seen.append(torch.get_float32_matmul_precision()))
        assert set(seen) == {"highest"}
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)


def test_a_step_that_repeats_is_captured_once_and_launched_from_then_on(monkeypatch) -> None:
    captured, launched = [], []

    def capture(work):
        captured.append(work)
        return lambda: (launched.append(1), work())

    monkeypatch.setattr(arrays, "_capture", capture)
    eager, graphs = (make_population(stacked("cpu")) for _ in range(2))
    expected = eager.run(make_steps())
    init = arrays._Step.__init__

    def as_on_a_gpu(self, *arguments) -> None:
        init(self, *arguments)
        self.captures = True

    monkeypatch.setattr(arrays._Step, "__init__", as_on_a_gpu)
    assert np.array_equal(graphs.run(make_steps()), expected)
    # an epoch has five steps of 32 rows and one of 40
    assert len(captured) == 1
    assert len(launched) == 5 - arrays.STEPS_BEFORE_CAPTURE
    graphs.run(make_steps())
    assert len(captured) == 1
    assert len(launched) == 10 - arrays.STEPS_BEFORE_CAPTURE


def read_only(steps: list[Steps]) -> list[Steps]:
    """Their examples may not be written to, so that they are copied as if to another device."""
    for array in (steps[0].examples.X, steps[0].examples.Y, steps[0].examples.w):
        array.flags.writeable = False
    return steps


def test_examples_are_brought_once_and_let_go_with_their_owner() -> None:
    backend = stacked("cpu")
    population, steps = make_population(backend), read_only(make_steps())
    assert np.isfinite(population.run(steps)).all()
    first = backend.placed(steps[0].examples.X)
    population.run(steps)
    assert backend.placed(steps[0].examples.X) is first
    assert len(backend._placed) == 3
    del steps
    assert not backend._placed


def test_stacks_that_are_not_used_any_more_give_back_their_room() -> None:
    population = make_population(stacked("cpu"))
    population.run(make_steps())
    for left in (4, 3):
        population.keep(list(range(left)))
        for _ in range(arrays.RUNS_KEPT):
            population.run(make_steps(left))
    kept = [own.P for own in arrays._stacks(population.blueprint).values()]
    assert kept == [4, 3]


SMALL = Hyperparameters(hidden_layer_sizes=(12, 8), batch_size=32, max_iter=5, dropout=0.2, activation="silu")


@pytest.mark.parametrize("embedding", ["none", "periodic", "piecewise_linear"])
@pytest.mark.parametrize("members", [1, 3])
def test_training_agrees_with_that_of_the_processor(embedding: str, members: int) -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(2, 300, 5)).astype(np.float32)
    X[..., 4] = generator.integers(0, 12, (2, 300))
    data = Data(X, np.sin(2 * X[..., :1]), np.ones(300, np.float32))
    settings = Hyperparameters(
        **{**vars(SMALL), "numeric_embedding": embedding, "members": members, "feature_scale": True, "one_hot_up_to": 9}
    )
    plan = plan_for(settings, Inputs(4, (12,)), 1, "half_squared_error")
    order = generator.permutation(300)
    held_out = (Holdout(order[260:], order[260:]),)
    tasks = [Task(settings, (0, i), i % 2, order[: 230 + 7 * (i % 3)], held_out) for i in range(4)]

    def judge(fold: int, rows: np.ndarray, scores: np.ndarray) -> float:
        return -float(np.mean((scores - data.Y[fold, rows]) ** 2))

    compiled, own = (train(plan, tasks, data, judge, Stop(), device=device) for device in ("cpu", "torch-cpu"))
    for one, other in zip(compiled, own, strict=True):
        assert one.losses == pytest.approx(other.losses, rel=1e-3)
        assert one.curve == pytest.approx(other.curve, rel=1e-2, abs=1e-3)
        assert np.allclose(one.readings[0].outputs, other.readings[0].outputs, atol=0.02)


def test_a_device_that_stacks_networks_gets_more_of_them_at_once() -> None:
    plan = plan_for(SMALL, 5, 1, "half_squared_error")
    assert networks_at_once(plan, SMALL, "torch-cpu") > networks_at_once(plan, SMALL)

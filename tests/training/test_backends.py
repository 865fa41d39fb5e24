"""What every backend must do: the equations, for any network, loss and number of examples; steps; dropout; tiles."""

from itertools import pairwise

import numpy as np
import pytest
from backends import BACKENDS, stacked_on_gpu
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leadline.network import ACTIVATIONS, LOSSES, OPTIMISERS, Architecture, OptimiserState, backward, cost, forward
from leadline.training import FeatureScale, Plan, Processor, Scorer, blocks, cpu, stream
from leadline.training.population import Blueprint, Population, Steps
from leadline.training.program import SETTINGS, Layout, Place
from leadline.training.rows import Examples

TOLERANCES = {np.float32: 2e-4, np.float64: 1e-9}
N = 80
RATE, BETA_1, BETA_2, EPSILON, DECAY, PENALTY = 0.05, 0.9, 0.95, 1e-8, 0.2, 0.03


def make_examples(n_in: int, k: int, loss_name: str, dtype: type, seed: int = 0) -> Examples:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(N, n_in))
    if loss_name == "cross_entropy":
        Y = np.eye(k)[generator.integers(0, k, N)]
    elif loss_name == "binary_cross_entropy":
        Y = generator.integers(0, 2, (N, k)).astype(float)
    else:
        Y = generator.normal(size=(N, k))
    return Examples(X.astype(dtype), Y.astype(dtype), (0.5 + generator.random(N)).astype(dtype))


def initial(plan: Plan, P: int, dtype: type, seed: int = 0) -> np.ndarray:
    return np.stack([plan.initial(stream((seed, p))) + 0.05 for p in range(P)]).astype(dtype)


def one_step(examples: Examples, rows: np.ndarray, keys: np.ndarray | None = None, scale: float = 1.0) -> Steps:
    row = np.zeros((1, len(SETTINGS)), examples.X.dtype)
    row[0, SETTINGS.index("scale")] = scale
    keys = np.zeros((1, 9), np.uint64) if keys is None else keys[None]
    return Steps(examples, rows, len(rows), row, keys)


def expected(plan: Plan, theta: np.ndarray, examples: Examples, rows: np.ndarray) -> tuple[np.ndarray, float, bool]:
    """Gradient and loss by the specification, and whether a kink is near."""
    architecture, parameters = plan.architecture, plan.layers(theta)
    X, Y, w = (array[rows].T.astype(float) for array in (examples.X, examples.Y, examples.w))
    Z, caches = forward(architecture, parameters, X)
    gradient = np.concatenate([d.ravel() for pair in backward(architecture, caches, Y, w) for d in pair])
    nearest = min((np.abs(cache.Z).min() for cache in caches[:-1]), default=1.0)
    return gradient, cost(architecture, Z, Y, w), bool(nearest < 1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
class TestBackend:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
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
    def test_every_network_follows_the_equations(
        self, backend, hidden, n_in, k, m, P, name, loss_name, dtype, seed
    ) -> None:
        plan = Plan(Architecture((n_in, *hidden, k), name, loss_name))
        generator = np.random.default_rng(seed)
        folds = [make_examples(n_in, k, loss_name, dtype, seed + i) for i in range(2)]
        fold, rows = generator.integers(0, 2, P), [generator.permutation(N)[:m] for _ in range(P)]
        theta = initial(plan, P, dtype, seed)
        if loss_name == "poisson":  # the exponential of a large score overflows, in any precision
            scores = [
                forward(plan.architecture, plan.layers(own), f.X.T.astype(float))[0] for own in theta for f in folds
            ]
            assume(max(float(np.abs(Z).max()) for Z in scores) < 30)
        population = Population(Blueprint(plan, m), theta, backend())
        losses = population.run([one_step(folds[fold[p]], rows[p]) for p in range(P)])
        for p in range(P):
            gradient, loss, near_kink = expected(plan, population.theta[p], folds[fold[p]], rows[p])
            # a kink between the two precisions may switch one unit of one example
            if name in ("relu", "leaky_relu") and near_kink:
                continue
            tolerance = TOLERANCES[dtype]
            scale = max(1.0, float(np.abs(gradient).max()))
            assert np.abs(population.gradient[p] - gradient).max() < tolerance * scale
            assert losses[p] == pytest.approx(loss, rel=tolerance, abs=tolerance)

    def test_wide_layers_are_computed_in_tiles(self, backend, monkeypatch) -> None:
        monkeypatch.setattr(blocks, "TILE_UNITS", 8)
        monkeypatch.setattr(blocks, "TILE_WORK", 1)
        plan = Plan(Architecture((7, 29, 5, 20, 3), "gelu", "cross_entropy"), [FeatureScale(7)])
        bare = Plan(plan.architecture)
        examples, rows = make_examples(7, 3, "cross_entropy", np.float64), np.arange(5, 60)
        theta = initial(plan, 1, np.float64)
        theta[0, :7] = 1.0
        blueprint = Blueprint(plan, 55, 55)
        assert blueprint.lanes == 4
        for threads in (1, 3):
            population = Population(blueprint, theta, backend())
            (loss,) = population.run([one_step(examples, rows)], threads)
            gradient, expected_loss, _ = expected(bare, theta[0, 7:], examples, rows)
            assert np.allclose(population.gradient[0, 7:], gradient, rtol=1e-9, atol=1e-12)
            assert loss == pytest.approx(expected_loss)

    @pytest.mark.parametrize("solver", OPTIMISERS)
    @pytest.mark.parametrize("tiled", [False, True])
    def test_steps_are_those_of_the_optimiser(self, backend, solver, tiled, monkeypatch) -> None:
        if tiled:
            monkeypatch.setattr(blocks, "TILE_UNITS", 4)
            monkeypatch.setattr(blocks, "TILE_WORK", 1)
        plan = Plan(Architecture((3, 9, 8, 2), "tanh"), [FeatureScale(3, rate_factor=1.0)])
        bare = Plan(plan.architecture)
        examples, rows = make_examples(3, 2, "half_squared_error", np.float64), np.arange(N)
        theta = initial(plan, 2, np.float64)
        theta[:, :3] = 1.0
        batch, n = 16, 5
        times = np.arange(1, n + 1)
        values = (RATE, BETA_1, 1 - BETA_1, BETA_2, 1 - BETA_2, EPSILON)
        table = np.zeros((n, len(SETTINGS)))
        table[:, : len(values)] = values
        table[:, 6], table[:, 7] = 1 / (1 - BETA_1**times), 1 / (1 - BETA_2**times)
        table[:, 8:] = DECAY, PENALTY, 1.0
        # the scale stays as it is: its own factor on the rate is nil
        blueprint = Blueprint(plan, 16, batch, solver)
        population = Population(blueprint, theta, backend())
        assert blueprint.lanes == (2 if tiled else 1)
        place = blueprint.factors[0]
        population.memory[:, place.offset] = 0.0
        steps = Steps(examples, rows, batch, table, np.zeros((n, 9), np.uint64))
        losses = population.run([steps, steps._replace(rows=rows[::-1].copy())])
        decays = [spec.decay for spec in bare.specs]
        for p, order in enumerate((rows, rows[::-1])):
            own, total = theta[p, 3:].copy(), 0.0
            states = [
                OptimiserState(solver, (stop - start,), BETA_1, BETA_2, EPSILON, DECAY * decay)
                for (start, stop), decay in zip(pairwise(bare.bounds), decays, strict=True)
            ]
            for s in range(n):
                gradient, loss, _ = expected(bare, own, examples, order[s * batch : (s + 1) * batch])
                total += loss / n
                for (start, stop), state, decay in zip(pairwise(bare.bounds), states, decays, strict=True):
                    part = slice(start, stop)
                    own[part] = state.step(own[part], gradient[part] + PENALTY * decay * own[part], RATE)
            assert np.allclose(population.theta[p, 3:], own, rtol=1e-10, atol=1e-13)
            assert losses[p] == pytest.approx(total)

    def test_the_last_step_takes_the_rows_that_are_left(self, backend) -> None:
        plan = Plan(Architecture((3, 4, 1)))
        examples = make_examples(3, 1, "half_squared_error", np.float64)
        table = np.ones((3, len(SETTINGS)))
        table[:, 0] = 0.0  # a rate of zero: nothing changes
        for n in (38, 40, 47):
            population = Population(Blueprint(plan, 24, 16, "adam"), initial(plan, 1, np.float64), backend())
            rows = np.arange(n)
            (loss,) = population.run([Steps(examples, rows, 16, table, np.zeros((3, 2), np.uint64))])
            bounds = [0, 16, 32, n]
            parts = [expected(plan, population.theta[0], examples, rows[a:b])[1] * (b - a) for a, b in pairwise(bounds)]
            assert loss == pytest.approx(sum(parts) / n)

    @pytest.mark.parametrize("threads", [1, 2])
    def test_a_wish_to_stop_is_heard_between_steps(self, backend, threads, monkeypatch) -> None:
        monkeypatch.setattr(blocks, "TILE_UNITS", 2)
        monkeypatch.setattr(blocks, "TILE_WORK", 1)
        plan = Plan(Architecture((3, 4, 1)))
        examples, theta = make_examples(3, 1, "half_squared_error", np.float64), initial(plan, 1, np.float64)
        table = np.full((5, len(SETTINGS)), 0.1)
        steps = Steps(examples, np.arange(80), 16, table, np.zeros((5, 2), np.uint64))
        whole = Population(Blueprint(plan, 16, 16, "adam"), theta, backend())
        (loss,) = whole.run([steps], threads)
        monkeypatch.setattr(cpu, "_MULTIPLY_ADDS_AT_ONCE", 0)
        parts, calls = Population(Blueprint(plan, 16, 16, "adam"), theta, backend()), []
        assert parts.run([steps], threads, lambda: calls.append(1)).tolist() == [loss]
        assert np.array_equal(parts.theta, whole.theta)
        assert len(calls) == 5

        def interrupted() -> None:
            calls.pop()
            if len(calls) == 2:
                raise KeyboardInterrupt

        stopped = Population(Blueprint(plan, 16, 16, "adam"), theta, backend())
        with pytest.raises(KeyboardInterrupt):
            stopped.run([steps], threads, interrupted)
        two = Population(Blueprint(plan, 16, 16, "adam"), theta, backend())
        two.run([steps._replace(rows=np.arange(32), settings=table[:2])], threads)
        assert np.array_equal(stopped.theta, two.theta)

    def test_a_loss_of_the_callers_own_trains(self, backend) -> None:
        class LogCosh:
            def value(self, Z, Y):
                return np.log(np.cosh(Z - Y)).sum(axis=0)

            def gradient(self, Z, Y):
                return np.tanh(Z - Y)

        plan = Plan(Architecture((4, 6, 2), "tanh", LogCosh()))
        examples, rows = make_examples(4, 2, "half_squared_error", np.float64), np.arange(30)
        for threads in (1, 2):
            population = Population(Blueprint(plan, 30), initial(plan, 1, np.float64), backend())
            (loss,) = population.run([one_step(examples, rows)], threads)
            gradient, expected_loss, _ = expected(plan, population.theta[0], examples, rows)
            assert np.allclose(population.gradient[0], gradient, rtol=1e-10, atol=1e-14)
            assert loss == pytest.approx(expected_loss)

    @pytest.mark.parametrize("name", ["tanh", "silu"])
    @pytest.mark.parametrize("rate", [0.0, 0.4])
    def test_the_gradient_is_that_of_the_loss_with_dropout_and_pieces(self, backend, name, rate) -> None:
        plan = Plan(Architecture((4, 6, 5, 2), name, "cross_entropy"), [FeatureScale(4)])
        assert plan.n_parameters == 4 + plan.architecture.n_parameters
        examples = make_examples(4, 2, "cross_entropy", np.float64)
        keys = np.array([rate * 2**32, 1234567, 7654321], np.uint64)
        steps = one_step(examples, np.arange(30), keys, 1 / (1 - rate))
        theta = initial(plan, 1, np.float64)

        def at(theta: np.ndarray) -> tuple[float, np.ndarray]:
            population = Population(Blueprint(plan, 30, dropout=True), theta, backend())
            (loss,) = population.run([steps])
            return loss, population.gradient[0]

        exact = at(theta)[1]
        nudges = 1e-6 * np.eye(plan.n_parameters)
        numerical = np.array([(at(theta + nudge)[0] - at(theta - nudge)[0]) / 2e-6 for nudge in nudges])
        assert np.allclose(exact, numerical, rtol=1e-5, atol=1e-8)
        assert np.abs(exact[:4]).min() > 0

    def test_dropout_silences_its_share_and_keeps_the_mean(self, backend) -> None:
        plan = Plan(Architecture((3, 500, 1), "identity"))
        examples = make_examples(3, 1, "half_squared_error", np.float32)
        theta = np.zeros((2, plan.n_parameters), np.float32)
        theta[:, 1500:2000] = 1.0  # b[1]: every hidden unit says 1
        blueprint = Blueprint(plan, 60, dropout=True)
        population = Population(blueprint, theta, backend())
        keys = np.array([[0.3 * 2**32, 5], [0.3 * 2**32, 6]], np.uint64)
        population.run([one_step(examples, np.arange(60), key, 1 / 0.7) for key in keys])
        a, b = (population.memory[p, blueprint.A[0].offset :][: 60 * 500].reshape(60, 500) for p in range(2))
        assert set(np.unique(a).tolist()) == {0.0, np.float32(1 / 0.7)}
        assert (a == 0).mean() == pytest.approx(0.3, abs=0.01)
        assert (a == 0)[:, ::2].mean() == pytest.approx((a == 0)[:, 1::2].mean(), abs=0.02)
        assert ((a == 0) & (b == 0)).mean() == pytest.approx(0.09, abs=0.01)

    def test_the_units_that_are_dropped_are_those_of_the_hash(self, backend) -> None:
        plan = Plan(Architecture((3, 50, 1), "sigmoid"))
        examples, theta = make_examples(3, 1, "half_squared_error", np.float32), initial(plan, 1, np.float32)
        keys, found = np.array([0.4 * 2**32, 2**31 + 77], np.uint64), []
        for own in (backend, Processor):
            blueprint = Blueprint(plan, 70, dropout=True)
            population = Population(blueprint, theta, own())
            population.run([one_step(examples, np.arange(70), keys, 1 / 0.6)])
            found.append(population.memory[0, blueprint.A[0].offset :][: 70 * 50] == 0)
        assert 0.35 < found[0].mean() < 0.45
        assert np.array_equal(*found)

    @pytest.mark.parametrize("n", [1, 255, 256, 257, 700])
    def test_scores_of_any_number_of_rows_follow_the_equations(self, backend, n) -> None:
        plan = Plan(Architecture((5, 8, 2), "tanh"))
        theta = initial(plan, 1, np.float64)[0]
        X = np.random.default_rng(0).normal(size=(n, 5))
        Z = forward(plan.architecture, plan.layers(theta), X.T)[0].T
        scorer = Scorer(plan, backend(), np.float64).take(theta)
        assert np.allclose(scorer.scores(X), Z, rtol=1e-12)
        some = np.arange(n)[::-3]
        assert np.allclose(scorer.scores(X, some), Z[some], rtol=1e-12)

    def test_a_piece_of_ones_changes_nothing(self, backend) -> None:
        architecture = Architecture((4, 6, 2), "relu")
        bare, scaled = Plan(architecture), Plan(architecture, [FeatureScale(4)])
        theta = initial(bare, 1, np.float32)[0]
        X = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
        with_ones = np.concatenate([np.ones(4, np.float32), theta])
        scores = Scorer(bare, backend()).take(theta).scores(X)
        assert np.array_equal(scores, Scorer(scaled, backend()).take(with_ones).scores(X))
        doubled = Scorer(scaled, backend(), block=0).take(2 * with_ones).scores(X)
        assert np.array_equal(doubled, 2 * X)

    def test_gradients_have_the_same_bits_alone_and_in_company(self, backend) -> None:
        if backend is stacked_on_gpu:
            pytest.skip("a GPU may multiply stacks of different size in different ways; see docs/accelerators.md")
        plan = Plan(Architecture((7, 20, 9, 3), "silu", "cross_entropy"), [FeatureScale(7)])
        examples, theta = make_examples(7, 3, "cross_entropy", np.float32), initial(plan, 6, np.float32)
        generator = np.random.default_rng(2)
        steps = [one_step(examples, generator.permutation(N)[:33]) for _ in range(6)]
        blueprint = Blueprint(plan, 33)
        together = Population(blueprint, theta, backend())
        losses = together.run(steps)
        for p in range(6):
            alone = Population(blueprint, theta[[p]], backend())
            (loss,) = alone.run([steps[p]])
            assert np.array_equal(alone.gradient[0], together.gradient[p])
            assert loss == losses[p]


def test_places_do_not_overlap_and_begin_on_a_cache_line() -> None:
    layout = Layout()
    places = [layout.matrix(*shape) for shape in ((3, 5), (1, 1), (1, 16), (7, 3))]
    constants = layout.constants([2.5, 0.5])
    used = np.zeros(layout.size, int)
    for place in [*places, constants]:
        assert place.offset % 16 == 0
        used[place.offset : place.stop] += 1
    assert used.max() == 1
    memory = layout.fresh(2, np.float32)
    assert memory.shape == (2, layout.size)
    assert memory[:, constants.offset : constants.stop].tolist() == [[2.5, 0.5]] * 2


def test_a_place_is_cut_by_rows_and_columns() -> None:
    numbers = np.arange(60.0)
    place = Place(0, 6, 10, 10)
    part = place.some_rows(1, 4).some_columns(2, 7)
    assert part == Place(12, 3, 5, 10)
    assert part.stop == 37
    matrix = np.lib.stride_tricks.as_strided(numbers[part.offset :], (3, 5), (80, 8))
    assert matrix.tolist() == numbers.reshape(6, 10)[1:4, 2:7].tolist()


def test_tiles_cover_a_layer_whatever_its_width(monkeypatch) -> None:
    monkeypatch.setattr(blocks, "TILE_WORK", 1)
    for n in (1, 255, 256, 300, 400, 512, 639, 641, 2048):
        tiles = blocks.Dense(1, 10, n, "relu", True).tiles(64)
        assert [unit for first, stop in tiles for unit in range(first, stop)] == list(range(n))
        assert max(stop - first for first, stop in tiles) < 2 * blocks.TILE_UNITS


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

"""Pieces before layer 1: what each computes, its gradient, and that members are the networks that they stand for."""

from dataclasses import replace

import numpy as np
import pytest
from backends import BACKENDS

from leadline.network import Architecture, forward
from leadline.training import FeatureScale, Hyperparameters, Inputs, Plan, Processor, Scorer, plan_for, stream
from leadline.training.embeddings import PeriodicEmbedding, PiecewiseLinear
from leadline.training.kernels import cos_turns, sin_turns
from leadline.training.lookup import LookedUp, looked_up
from leadline.training.pieces import CategoryEmbedding, Members
from leadline.training.population import Blueprint, Population, Steps
from leadline.training.program import SETTINGS
from leadline.training.rows import Examples

M, NUMBERS, GROUPS = 12, 3, (1, 5)
N_IN = NUMBERS + 2


def make_inputs(m: int = M, seed: int = 0) -> np.ndarray:
    """Three numbers, a truth value, and the code of a category of five, or −1."""
    generator = np.random.default_rng(seed)
    X = np.zeros((m, N_IN))
    X[:, :NUMBERS] = generator.standard_normal((m, NUMBERS))
    X[:, NUMBERS] = generator.integers(0, 2, m)
    X[:, NUMBERS + 1] = np.append(generator.permutation(5), generator.integers(-1, 5, m))[:m]
    return X


def make_plan(*pieces, hidden: tuple[int, ...] = (6, 5), join=None, activation: str = "tanh") -> Plan:
    architecture = Architecture((pieces[-1].n_out, *hidden, 2), activation, "cross_entropy")
    return Plan(architecture, pieces, join=join)


PERIODIC = PeriodicEmbedding(NUMBERS, N_IN - NUMBERS, frequencies=4, mixtures=2, deviation=0.5)
BINS = PiecewiseLinear(NUMBERS, N_IN - NUMBERS, bins=4)
CATEGORIES = CategoryEmbedding(NUMBERS, GROUPS, above=2, size=3)
# the pieces by themselves, and behind another one, which needs what they give back
CHAINS = {
    "feature scale": [FeatureScale(N_IN)],
    "periodic": [PERIODIC],
    "bins": [BINS],
    "categories": [CATEGORIES],
    "members": [Members(N_IN, 3)],
    "scaled periodic": [FeatureScale(N_IN), PERIODIC, FeatureScale(PERIODIC.n_out)],
    "scaled bins": [FeatureScale(N_IN), BINS],
    "scaled members": [FeatureScale(N_IN), Members(N_IN, 3)],
    "scaled bins and categories": [
        BINS,
        CategoryEmbedding(BINS.n_out - 2, GROUPS, above=2, size=3),
        FeatureScale(BINS.n_out + 2),
    ],
    "scaled bins, a derived number and categories": [
        BINS,
        CategoryEmbedding(BINS.n_out - 1, GROUPS[1:], above=2, size=3),
        FeatureScale(BINS.n_out + 2),
    ],
    "all": [
        PERIODIC,
        CategoryEmbedding(PERIODIC.n_out - 2, GROUPS, above=2, size=3),
        FeatureScale(PERIODIC.n_out + 2),
        Members(PERIODIC.n_out + 2, 4),
    ],
}


def step(X: np.ndarray, Y: np.ndarray, w: np.ndarray, rate: float, L: int = 3) -> Steps:
    row = np.zeros((1, len(SETTINGS)))
    row[0, SETTINGS.index("scale")] = 1 / (1 - rate)
    keys = np.array([[rate * 2**32, 1234567, 7654321][:L]], np.uint64)
    return Steps(Examples(X, Y, w), np.arange(len(X)), len(X), row, keys)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize(("rate", "hidden"), [(0.0, (6, 5)), (0.4, (6, 5)), (0.0, ())])
@pytest.mark.parametrize("join", [None, looked_up])
def test_the_gradient_of_every_piece_is_that_of_the_loss(backend, name, rate, hidden, join) -> None:
    """Before hidden layers, and right before the output layer as in an additive network."""
    plan = make_plan(*CHAINS[name], hidden=hidden, join=join)
    generator = np.random.default_rng(1)
    X, w = make_inputs(), generator.uniform(0.5, 2.0, M)
    examples = step(X, np.eye(2)[generator.integers(0, 2, M)], w, rate, plan.architecture.L)
    learned = np.concatenate([np.full(spec.size, spec.fitted is None) for spec in plan.specs])
    theta = plan.initial(stream((0,)), X) + 0.05 * learned

    def at(theta: np.ndarray) -> tuple[float, np.ndarray]:
        population = Population(Blueprint(plan, M, dropout=True), theta[None], backend())
        (loss,) = population.run([examples])
        return loss, population.gradient[0]

    exact = at(theta)[1]
    numerical = np.zeros(plan.n_parameters)
    for i in np.flatnonzero(learned):
        nudge = 1e-6 * (np.arange(plan.n_parameters) == i)
        numerical[i] = (at(theta + nudge)[0] - at(theta - nudge)[0]) / 2e-6
    assert np.allclose(exact, numerical, rtol=1e-5, atol=1e-8)
    # every kind of parameter has a part in the loss, but what is fitted stays
    for spec, own in plan.named(exact).items():
        assert (np.abs(own).max() > 0) == (spec != "edges")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", [name for name in CHAINS if "bins" in name])
@pytest.mark.parametrize(("hidden", "activation"), [((9, 5), "relu"), ((11, 3), "gelu"), ((), "relu")])
@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_looking_up_is_multiplying_out(backend, name, hidden, activation, rate) -> None:
    """The same scores, loss and gradients, also beyond the edges and where bins have no width."""
    apart, joined = (
        make_plan(*CHAINS[name], hidden=hidden, join=join, activation=activation) for join in (None, looked_up)
    )
    assert isinstance(joined.blocks[0], LookedUp) == (name != "scaled bins")
    generator = np.random.default_rng(2)
    X, w = make_inputs(40), generator.uniform(0.5, 2.0, 40)
    X[:, 1] = np.round(X[:, 1])  # few values: bins are left over
    X[:, 2] = 1.5
    theta = apart.initial(stream((0,)), X)
    X[:5, :NUMBERS] *= 3
    arrays = apart.named(theta)
    own = np.concatenate([spec.flat(arrays[spec.name]) for spec in joined.specs])
    found = []
    for plan, parameters in ((apart, theta), (joined, own)):
        population = Population(Blueprint(plan, 40, dropout=True), parameters[None], backend())
        (loss,) = population.run([step(X, np.eye(2)[generator.integers(0, 2, 40) * 0], w, rate, plan.architecture.L)])
        scores = Scorer(plan, backend(), np.float64).take(parameters).scores(X)
        found.append((loss, plan.named(population.gradient[0]), scores))
    (loss, gradient, scores), (other_loss, other_gradient, other_scores) = found
    assert loss == pytest.approx(other_loss, rel=1e-12)
    assert np.allclose(scores, other_scores, rtol=1e-12, atol=1e-12)
    assert set(gradient) == set(other_gradient)
    for name, array in gradient.items():
        assert np.allclose(array, other_gradient[name], rtol=1e-10, atol=1e-13), name


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_piece_computes_its_formula(backend, dtype) -> None:
    X = make_inputs(300)
    x, rest = X[:, :NUMBERS], X[:, NUMBERS:]

    def output(piece) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        plan = make_plan(piece)
        theta = plan.initial(stream((3,)), X)
        A = Scorer(plan, backend(), dtype, block=0).take(theta.astype(dtype)).scores(X.astype(dtype))
        return A, plan.named(theta)

    tolerance = 1e-12 if dtype is np.float64 else 2e-6
    A, own = output(PERIODIC)
    cosines = np.cos(2 * np.pi * (own["frequency"] * x[:, :, None] + own["phase"]))
    mixed = own["mixture_bias"] + np.einsum("npk,pkq->npq", cosines, own["mixture"])
    assert np.allclose(A, np.concatenate([x, mixed.reshape(300, -1), rest], axis=1), rtol=0, atol=tolerance)

    A, own = output(BINS)
    for j in range(NUMBERS):
        # the bins together say how many edges x has passed
        passed = np.interp(x[:, j], own["edges"][j], np.arange(5.0))
        assert np.allclose(A[:, 4 * j : 4 * j + 4].sum(axis=1), passed, rtol=0, atol=4 * tolerance)
    assert ((A[:, : 4 * NUMBERS] >= 0) & (A[:, : 4 * NUMBERS] <= 1)).all()
    assert np.array_equal(A[:, 4 * NUMBERS :], rest.astype(dtype))

    A, own = output(CATEGORIES)
    embedding = own["category_embedding[0]"]
    assert embedding.shape == (5, 3)
    code = X[:, NUMBERS + 1].astype(int)
    vectors = np.where(code[:, None] < 0, 0.0, embedding[code])
    assert (code < 0).any()
    assert np.allclose(A, np.concatenate([X[:, : NUMBERS + 1], vectors], axis=1), rtol=0, atol=tolerance)


@pytest.mark.parametrize("backend", BACKENDS)
def test_members_are_plain_networks_whose_scores_are_averaged(backend) -> None:
    pieces = [FeatureScale(N_IN), Members(N_IN, 4)]
    plan, X = make_plan(*pieces), make_inputs(70)
    theta = plan.initial(stream((5,)))
    own = plan.named(theta)
    each = [
        forward(plan.architecture, plan.layers(theta, i), (X * own["feature_scale"] * own["member_scale"][i]).T)[0].T
        for i in range(4)
    ]
    assert not np.allclose(each[0], each[1])
    scores = Scorer(plan, backend(), np.float64).take(theta).scores(X)
    assert np.allclose(scores, np.mean(each, axis=0), rtol=1e-12)


def test_one_member_is_no_member() -> None:
    settings = Hyperparameters(hidden_layer_sizes=(5,), members=1, feature_scale=True)
    assert [type(piece) for piece in plan_for(settings, 4, 2, "cross_entropy").pieces] == [FeatureScale]
    with_members = plan_for(replace(settings, members=2), 4, 2, "cross_entropy")
    assert [type(piece) for piece in with_members.pieces] == [FeatureScale, Members]
    own = with_members.named(np.zeros(with_members.n_parameters))
    assert (own["W[1]"].shape, own["W[2]"].shape, own["b[2]"].shape) == ((5, 4), (2, 2, 5), (2, 2))


def test_edges_are_common_values_and_quantiles_of_the_others() -> None:
    generator = np.random.default_rng(0)
    X = np.zeros((100, 4))
    X[:, 0] = np.arange(100)
    X[50:, 1] = 1.0
    X[:, 2] = 5.0
    X[80:, 3] = np.linspace(10, 30, 20)
    (spec,) = PiecewiseLinear(4, 0, bins=4).parameters
    edges = spec.fitted(X[generator.permutation(100)])
    assert edges[0].tolist() == [0.0, 24.75, 49.5, 74.25, 99.0]
    # values that fill a bin alone are edges, and bins that are left over have no width
    assert edges[1].tolist() == [0.0, 1.0, 1.0, 1.0, 1.0]
    assert edges[2].tolist() == [5.0] * 5
    # mostly zero: the other values have the other edges
    assert edges[3].tolist() == pytest.approx([0.0, 10.0, 10 + 20 / 3, 10 + 40 / 3, 30.0])
    plan = Plan(Architecture((16, 2)), [PiecewiseLinear(4, 0, bins=4)])
    theta = plan.initial(stream((0,)), X)
    A = Scorer(plan, Processor(), block=0).take(theta).scores(X[[0, 99]])
    assert A[0].tolist() == [0.0] * 16
    assert A[1].reshape(4, 4).tolist() == [[1.0] * 4, [1.0, 0.0, 0.0, 0.0], [0.0] * 4, [1.0] * 4]


def test_pieces_are_chosen_by_the_settings_and_there_are_none_for_depth_one() -> None:
    every = {"numeric_embedding": "periodic", "one_hot_up_to": 2, "members": 3, "feature_scale": True}
    settings, inputs = Hyperparameters(hidden_layer_sizes=(7,), **every), Inputs(NUMBERS, GROUPS)
    plan = plan_for(settings, inputs, 2, "cross_entropy")
    kinds = [PeriodicEmbedding, CategoryEmbedding, FeatureScale, Members]
    assert [type(piece) for piece in plan.pieces] == kinds
    assert plan.n_in == inputs.numbers + inputs.rest(2) == NUMBERS + 2
    assert plan.architecture.sizes == (NUMBERS * 4 + 1 + 8, 7, 2)
    assert plan.architecture.L == 2
    linear = plan_for(replace(settings, hidden_layer_sizes=()), inputs, 2, "cross_entropy")
    assert linear.pieces == ()
    additive = plan_for(replace(settings, hidden_layer_sizes=(), additive=True), inputs, 2, "cross_entropy")
    assert [type(piece) for piece in additive.pieces] == kinds
    assert additive.architecture.sizes == (NUMBERS * 4 + 1 + 8, 2)
    bins = plan_for(replace(settings, numeric_embedding="piecewise_linear"), inputs, 2, "cross_entropy")
    assert isinstance(bins.pieces[0], PiecewiseLinear)
    # nothing to embed
    assert not plan_for(replace(settings, feature_scale=False, members=1), Inputs(0, (2,)), 2, "cross_entropy").pieces


def test_the_ntk_parametrization_scales_the_steps_of_weights_by_their_deviation() -> None:
    """What Adam moves in W′ with W = σ W′ is σ times what it moves in W; decay shrinks both by the same share."""
    architecture = Architecture((50, 20, 1), "relu")
    X, generator = np.random.default_rng(0).standard_normal((30, 50)), stream((1,))
    examples = Examples(X, generator.standard_normal((30, 1)), np.ones(30))
    moved, shrunk = {}, {}
    for kind in ("standard", "ntk"):
        plan = Plan(architecture, parametrization=kind)
        theta = plan.initial(stream((2,)))
        for decay, found in ((0.0, moved), (0.5, shrunk)):
            settings = dict.fromkeys(SETTINGS, 1.0) | {
                "rate": 0.01,
                "beta_1": 0.0,
                "beta_2": 0.0,
                "epsilon": 0.0,
                "decay": decay,
                "penalty": 0.0,
            }
            row = np.array([[settings[name] for name in SETTINGS]])
            population = Population(Blueprint(plan, 30, 30, "adam"), theta[None], Processor())
            population.run([Steps(examples, np.arange(30), 30, row, np.zeros((1, 2), np.uint64))])
            found[kind] = plan.named(population.theta[0] - theta)
    deviation = np.sqrt(2 / 50)
    for name, factor in (("W[1]", deviation), ("b[1]", 0.1), ("W[2]", np.sqrt(1 / 20)), ("b[2]", 0.1)):
        assert np.allclose(moved["ntk"][name], factor * moved["standard"][name], rtol=1e-9)
        assert np.abs(moved["standard"][name]).max() == pytest.approx(0.01)
        decayed = [shrunk[kind][name] - moved[kind][name] for kind in moved]
        assert np.allclose(*decayed, rtol=1e-9, atol=1e-15)
    assert np.abs(decayed[0]).max() == 0  # biases do not decay


def test_cosines_of_turns_in_single_precision_are_right_to_rounding() -> None:
    """By the kernel itself: a network of one number, one frequency and a mixture that passes the cosine on."""
    piece = PeriodicEmbedding(1, 0, frequencies=1, mixtures=1)
    plan = Plan(Architecture((2, 1)), [piece])
    angles = np.concatenate([np.linspace(-3, 3, 20001), [0.0, 0.25, 0.5, -0.25, 100.125]]).astype(np.float32)
    theta = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0], np.float32)
    assert list(plan.named(theta)) == ["frequency", "phase", "mixture", "mixture_bias", "W[1]", "b[1]"]
    A = Scorer(plan, Processor(), block=0).take(theta).scores(angles[:, None])
    assert np.abs(A[:, 1] - cos_turns(angles.astype(np.float64))).max() < 2e-7
    # the derivative by x: a network whose score is the cosine, dW of a scale before it
    chain = Plan(Architecture((2, 1)), [FeatureScale(1), piece])
    theta = np.array([1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0], np.float32)
    for x in (0.1, 0.3, 0.6, 0.9, -0.2):
        examples = Examples(*(np.array([[value]], np.float32) for value in (x, 0.0)), np.ones(1, np.float32))
        population = Population(Blueprint(chain, 1), theta[None], Processor())
        row = np.zeros((1, len(SETTINGS)), np.float32)
        population.run([Steps(examples, np.arange(1), 1, row, np.zeros((1, 2), np.uint64))])
        # J = cos²/2, dJ/ds = cos · cos′ · x with s = 1
        expected = cos_turns(x) * -2 * np.pi * sin_turns(x) * x
        assert population.gradient[0, 0] == pytest.approx(expected, abs=3e-6)

import numpy as np
import pytest

from leadline.errors import ParameterError, ShapeError
from leadline.network import (
    Architecture,
    backward,
    forward,
    gradient_descent,
    initial_parameters,
    initial_standard_deviation,
)


def test_the_example_of_the_source_has_four_layers() -> None:
    network = Architecture((3, 5, 5, 3, 1))
    assert network.L == 4
    assert network.hidden_sizes == (5, 5, 3)
    assert network.hidden_activations == ("relu",) * 3
    assert network.n_parameters == (3 * 5 + 5) + (5 * 5 + 5) + (5 * 3 + 3) + (3 + 1)


def test_logistic_regression_is_one_layer() -> None:
    network = Architecture((7, 1), loss="binary_cross_entropy")
    assert network.L == 1
    assert network.hidden_activations == ()


@pytest.mark.parametrize(
    ("sizes", "activations", "message"),
    [
        ((3,), "relu", "at least two entries"),
        ((3, 0, 1), "relu", r"n\[1\] must be a positive integer; got 0"),
        ((3, 2.5, 1), "relu", r"n\[1\] must be a positive integer; got 2.5"),
        ((3, True, 1), "relu", r"n\[1\] must be a positive integer; got True"),
        ((3, 4, 4, 1), ("relu",), r"g\[1\] … g\[2\].*got 1 names"),
        ((3, 4, 1), "swoosh", "activation must be one of"),
    ],
)
def test_a_wrong_architecture_is_refused(sizes: tuple[int, ...], activations: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Architecture(sizes, activations)


def test_an_unknown_loss_is_refused() -> None:
    with pytest.raises(ParameterError, match="loss must be one of"):
        Architecture((3, 1), loss="hinge")


def test_a_wrong_shape_names_the_layer_and_the_law() -> None:
    network = Architecture((3, 5, 1))
    parameters = initial_parameters(network, np.random.default_rng(0))
    network.check_parameters(parameters)
    (W1, b1), (W2, b2) = parameters
    with pytest.raises(ShapeError, match=r"layer 2: W\[2\] must be \(n\[2\], n\[1\]\) = \(1, 5\); got \(5, 1\)"):
        network.check_parameters([(W1, b1), (W2.T, b2)])
    with pytest.raises(ShapeError, match=r"layer 1: b\[1\] must be \(n\[1\], 1\) = \(5, 1\); got \(5,\)"):
        network.check_parameters([(W1, b1[:, 0]), (W2, b2)])
    with pytest.raises(ShapeError, match="needs 2 pairs"):
        network.check_parameters([(W1, b1)])


def test_initial_weights_have_the_scale_of_their_activation() -> None:
    (W1, b1), (W2, _) = initial_parameters(Architecture((400, 500, 300)), np.random.default_rng(0))
    assert W1.std() == pytest.approx(np.sqrt(2 / 400), rel=0.01)
    assert W2.std() == pytest.approx(np.sqrt(1 / 500), rel=0.01)
    assert not b1.any()


def test_every_initialisation_has_its_scale() -> None:
    assert initial_standard_deviation(50, 30, "relu", "he") == pytest.approx(np.sqrt(2 / 50))
    assert initial_standard_deviation(50, 30, "tanh", "glorot") == pytest.approx(np.sqrt(2 / 80))
    assert initial_standard_deviation(50, 30, "selu", "lecun") == pytest.approx(np.sqrt(1 / 50))
    with pytest.raises(ParameterError, match="initialization must be one of he, glorot, lecun, zeros; got 'xavier'"):
        initial_standard_deviation(50, 30, "relu", "xavier")


@pytest.mark.parametrize("name", ["he", "glorot", "lecun"])
def test_activations_keep_their_scale_through_many_layers(name: str) -> None:
    network = Architecture((100, *(100,) * 20, 1), "relu" if name == "he" else "tanh")
    generator = np.random.default_rng(0)
    _, caches = forward(network, initial_parameters(network, generator, name), generator.normal(size=(100, 200)))
    first, last = (np.square(caches[l].A).mean() for l in (0, 19))
    assert 0.02 < last / first < 20


def test_zeros_never_break_the_symmetry() -> None:
    network = Architecture((3, 4, 1), "sigmoid", "binary_cross_entropy")
    generator = np.random.default_rng(0)
    parameters = initial_parameters(network, generator, "zeros")
    X = generator.normal(size=(3, 50))
    Y = (X[:1] * X[1:2] > 0).astype(float)
    for _ in range(100):
        parameters = gradient_descent(parameters, backward(network, forward(network, parameters, X)[1], Y), 0.5)
    (W1, _), (W2, _) = parameters
    assert np.abs(W1).max() > 0
    assert np.abs(W1 - W1[0]).max() == 0
    assert np.abs(W2 - W2[0, 0]).max() == 0


def test_the_table_of_the_source_has_every_quantity_with_symbol_and_number() -> None:
    network = Architecture((3, 5, 5, 3, 1), loss="binary_cross_entropy")
    rows = network.shapes(m=10)
    assert [row.activation for row in rows] == ["relu", "relu", "relu", "sigmoid"]
    second = rows[1].shapes
    assert second["W"] == second["dW"] == ("(n[2], n[1])", (5, 5))
    assert second["b"] == second["db"] == ("(n[2], 1)", (5, 1))
    assert second["Z"] == second["A"] == second["dZ"] == second["dA"] == ("(n[2], m)", (5, 10))
    assert [row.parameters for row in rows] == [20, 30, 18, 4]
    assert sum(row.parameters for row in rows) == network.n_parameters


def test_the_shapes_are_those_that_the_equations_make() -> None:
    network = Architecture((4, 7, 2, 3), "tanh", "cross_entropy")
    parameters = initial_parameters(network, np.random.default_rng(0))
    X = np.random.default_rng(1).normal(size=(4, 6))
    _, caches = forward(network, parameters, X)
    gradients = backward(network, caches, np.eye(3)[:, [0, 1, 2, 0, 1, 2]])
    for row, (W, b), cache, (dW, db) in zip(network.shapes(6), parameters, caches, gradients, strict=True):
        assert row.shapes["W"][1] == W.shape == dW.shape
        assert row.shapes["b"][1] == b.shape == db.shape
        assert row.shapes["Z"][1] == cache.Z.shape == cache.A.shape
        assert row.cached * 6 == cache.Z.size + cache.A.size


def test_the_printed_table_counts_a_batch() -> None:
    table = Architecture((3, 4, 2)).table(m=100)
    assert "(n[1], m) = (4, 100)" in table
    products = 100 * (2 * 3 * 4 + 3 * 4 * 2)
    size = 8 * (2 * 26 + 100 * 2 * (4 + 2))
    assert f"26 parameters\nper batch of 100: {products:,} multiply-adds forward and backward; {size:,} bytes" in table

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

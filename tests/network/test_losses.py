import numpy as np
import pytest

from leadline.errors import ParameterError
from leadline.network import LOSSES, loss, softmax


def targets(name: str, n: int, m: int, generator: np.random.Generator) -> np.ndarray:
    if name == "cross_entropy":
        return np.eye(n)[:, generator.integers(0, n, m)]
    if name == "binary_cross_entropy":
        return generator.integers(0, 2, (n, m)).astype(float)
    return generator.normal(size=(n, m))


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_the_derivative_of_the_value(name: str) -> None:
    generator = np.random.default_rng(0)
    Z = generator.normal(size=(3, 7)) * 3
    Y = targets(name, 3, 7, generator)
    record, step = loss(name), 1e-6
    numerical = np.empty_like(Z)
    for i in range(3):
        moved = np.zeros_like(Z)
        moved[i] = step
        numerical[i] = (record.value(Z + moved, Y) - record.value(Z - moved, Y)) / (2 * step)
    assert np.allclose(record.gradient(Z, Y), numerical, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_prediction_minus_target(name: str) -> None:
    generator = np.random.default_rng(1)
    Z = generator.normal(size=(4, 9))
    Y = targets(name, 4, 9, generator)
    A = {"cross_entropy": softmax(Z), "binary_cross_entropy": 1 / (1 + np.exp(-Z)), "half_squared_error": Z}[name]
    assert np.allclose(loss(name).gradient(Z, Y), A - Y, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "cross_entropy"])
def test_scores_of_a_thousand_have_their_true_loss(name: str) -> None:
    Z = np.array([[1000.0], [-1000.0]])
    Y = np.array([[0.0], [1.0]])
    expected = 2000.0  # two units at 1000 each, or −log softmax = 1000 − (−1000)
    assert loss(name).value(Z, Y) == pytest.approx([expected])
    assert np.isfinite(loss(name).gradient(Z, Y)).all()


def test_two_class_softmax_is_the_sigmoid_of_the_difference() -> None:
    generator = np.random.default_rng(2)
    z = generator.normal(size=(1, 20)) * 4
    y = generator.integers(0, 2, (1, 20)).astype(float)
    both = loss("cross_entropy").value(np.concatenate([np.zeros_like(z), z]), np.concatenate([1 - y, y]))
    assert np.allclose(both, loss("binary_cross_entropy").value(z, y), rtol=1e-12)


def test_an_unknown_loss_names_the_known_ones() -> None:
    with pytest.raises(ParameterError, match=r"loss must be one of binary_cross_entropy.*got 'mse'"):
        loss("mse")

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from leadline.errors import ParameterError
from leadline.network import (
    ACTIVATIONS,
    LOSSES,
    Architecture,
    Parameters,
    backward,
    check_gradients,
    check_loss,
    forward,
    initial_parameters,
    loss,
)


def example(architecture: Architecture, m: int = 7, seed: int = 0) -> tuple[Parameters, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    parameters = [(W, b + 0.1 * generator.normal(size=b.shape)) for W, b in initial_parameters(architecture, generator)]
    X, n = generator.normal(size=(architecture.sizes[0], m)), architecture.sizes[-1]
    if architecture.loss == "cross_entropy":
        return parameters, X, np.eye(n)[:, generator.integers(0, n, m)]
    if str(architecture.loss) in (
        "binary_cross_entropy",
        "multilabel_cross_entropy",
        "ordinal_cross_entropy",
        "poisson",
    ):
        return parameters, X, generator.integers(0, 2, (n, m)).astype(float)
    return parameters, X, generator.normal(size=(n, m))


@pytest.mark.parametrize("L", [1, 2, 4, 8])
@pytest.mark.parametrize("loss_name", LOSSES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_with_every_loss_at_every_depth(name: str, loss_name: str, L: int) -> None:
    architecture = Architecture((3, *(5,) * (L - 1), 2), name, loss_name)
    parameters, X, Y = example(architecture, m=12)
    found = check_gradients(architecture, parameters, X, Y, sample_weight=1 + np.arange(12) % 3)
    assert found.passed, found
    assert found.method == "every entry"
    assert found.comparisons == architecture.n_parameters


def test_a_large_network_is_checked_along_random_directions() -> None:
    architecture = Architecture((30, 60, 60, 4), ("tanh", "silu"), "cross_entropy")
    parameters, X, Y = example(architecture)
    found = check_gradients(architecture, parameters, X, Y)
    assert found.method == "random directions"
    assert found.comparisons == 3 * 30
    assert found.passed


ARCHITECTURE = Architecture((4, 5, 5, 3), ("tanh", "sigmoid"), "cross_entropy")


def planted(kind: str) -> Parameters:
    """Gradients with an error of a kind that people make."""
    parameters, X, Y = example(ARCHITECTURE)
    m = X.shape[1]
    _, caches = forward(ARCHITECTURE, parameters, X)
    gradients = backward(ARCHITECTURE, caches, Y)
    if kind == "a missing 1/m":
        return [(dW * m, db * m) for dW, db in gradients]
    if kind == "a forgotten db":
        return [(dW, np.zeros_like(db)) for dW, db in gradients]
    if kind == "a forgotten db in one layer":
        return [gradients[0], (gradients[1][0], np.zeros_like(gradients[1][1])), gradients[2]]
    dA = loss("cross_entropy").gradient(caches[-1].Z, Y)
    result: Parameters = []
    for l in (3, 2, 1):
        cache, name = caches[l - 1], (*ARCHITECTURE.hidden_activations, "identity")[l - 1]
        g = ACTIVATIONS[name]
        dZ = dA * (g.g(cache.Z) if kind == "g for g′" and l < 3 else g.g_prime(cache.Z, cache.A))
        result.append((dZ @ cache.A_before.T / m, dZ.sum(axis=1, keepdims=True) / m))
        W = cache.W
        if kind == "a transposed W" and W.shape[0] == W.shape[1]:
            W = W.T
        dA = W.T @ dZ
    return result[::-1]


@pytest.mark.parametrize(
    "kind", ["a missing 1/m", "a forgotten db", "a forgotten db in one layer", "g for g′", "a transposed W"]
)
def test_a_planted_error_is_rejected(kind: str) -> None:
    parameters, X, Y = example(ARCHITECTURE)
    assert check_gradients(ARCHITECTURE, parameters, X, Y, gradients=planted("none")).passed
    found = check_gradients(ARCHITECTURE, parameters, X, Y, gradients=planted(kind))
    assert not found.passed
    assert found.error > 1e-3


def test_an_error_in_one_layer_is_found_in_that_layer() -> None:
    parameters, X, Y = example(ARCHITECTURE)
    found = check_gradients(ARCHITECTURE, parameters, X, Y, gradients=planted("a forgotten db in one layer"))
    assert [error > 1e-2 for error in found.layer_errors] == [False, True, False]


def test_parameters_are_left_as_they_are() -> None:
    parameters, X, Y = example(ARCHITECTURE)
    before = [(W.copy(), b.copy()) for W, b in parameters]
    check_gradients(ARCHITECTURE, parameters, X, Y)
    assert all(
        np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in zip(before, parameters, strict=True)
    )


def test_examples_at_a_corner_are_left_out() -> None:
    architecture = Architecture((2, 3, 1), "relu")
    parameters, X, Y = example(architecture)
    parameters = [(parameters[0][0], np.zeros((3, 1))), parameters[1]]
    X[:, 2] = 0  # z = 0 in every hidden unit
    found = check_gradients(architecture, parameters, X, Y)
    assert found.examples == 6
    assert found.passed
    gradients = backward(architecture, forward(architecture, parameters, X)[1], Y)
    with pytest.raises(ParameterError, match="1 of 7 examples lie at a corner"):
        check_gradients(architecture, parameters, X, Y, gradients=gradients)
    with pytest.raises(ParameterError, match="7 of 7 examples lie at a corner"):
        check_gradients(architecture, parameters, np.zeros_like(X), Y)


@dataclass(frozen=True)
class LogCosh:
    """A loss that somebody else wrote."""

    sign: float = 1.0

    def value(self, Z: Any, Y: Any) -> Any:
        return np.log(np.cosh(Z - Y)).sum(axis=0)

    def gradient(self, Z: Any, Y: Any) -> Any:
        return self.sign * np.tanh(Z - Y)


def test_a_loss_of_ones_own_takes_part() -> None:
    architecture = Architecture((3, 4, 2), "silu", LogCosh())  # type: ignore[arg-type]
    parameters, X, Y = example(architecture)
    assert check_gradients(architecture, parameters, X, Y).passed


def test_a_wrong_loss_of_ones_own_is_refused_on_entry() -> None:
    with pytest.raises(ParameterError, match=r"LogCosh.gradient is not the derivative of LogCosh.value"):
        Architecture((3, 2), loss=LogCosh(sign=-1.0))  # type: ignore[arg-type]

    class NoGradient:
        def value(self, Z: Any, Y: Any) -> Any:
            return Z.sum(axis=0)

    with pytest.raises(ParameterError, match=r"NoGradient: a loss must have a method gradient\(Z, Y\)"):
        Architecture((3, 2), loss=NoGradient())  # type: ignore[arg-type]

    class WrongShape(LogCosh):
        def value(self, Z: Any, Y: Any) -> Any:
            return np.log(np.cosh(Z - Y))

    with pytest.raises(ParameterError, match=r"must give one loss for each example, \(m,\) = \(20,\); got \(2, 20\)"):
        Architecture((3, 2), loss=WrongShape())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", LOSSES)
def test_our_own_losses_pass_the_check_for_others(name: str) -> None:
    check_loss(loss(name), 3)

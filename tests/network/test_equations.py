from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.errors import ShapeError
from leadline.network import (
    ACTIVATIONS,
    LOSSES,
    Architecture,
    backward,
    cost,
    forward,
    gradient_descent,
    initial_parameters,
    loss,
    output,
)


def example(architecture: Architecture, m: int, seed: int = 0) -> tuple[list, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    parameters = initial_parameters(architecture, generator)
    parameters = [(W, b + 0.1 * generator.normal(size=b.shape)) for W, b in parameters]
    X = generator.normal(size=(architecture.sizes[0], m))
    n = architecture.sizes[-1]
    if architecture.loss == "cross_entropy":
        Y = np.eye(n)[:, generator.integers(0, n, m)]
    elif architecture.loss == "binary_cross_entropy":
        Y = generator.integers(0, 2, (n, m)).astype(float)
    else:
        Y = generator.normal(size=(n, m))
    return parameters, X, Y


@settings(max_examples=30, deadline=None)
@given(
    hidden=st.lists(st.integers(1, 12), max_size=5),
    m=st.integers(1, 20),
    name=st.sampled_from(list(ACTIVATIONS)),
    seed=st.integers(0, 1000),
)
def test_m_examples_give_the_columns_of_single_examples(hidden: list[int], m: int, name: str, seed: int) -> None:
    architecture = Architecture((4, *hidden, 3), name, "cross_entropy")
    parameters, X, _ = example(architecture, m, seed)
    together, caches = forward(architecture, parameters, X)
    alone = np.hstack([forward(architecture, parameters, X[:, [i]])[0] for i in range(m)])
    assert np.allclose(together, alone, rtol=1e-10, atol=1e-12)
    for l, cache in enumerate(caches, start=1):
        assert cache.Z.shape == cache.A.shape == (architecture.sizes[l], m)


def test_gradients_have_the_shapes_of_their_parameters() -> None:
    architecture = Architecture((3, 5, 5, 3, 1))
    parameters, X, Y = example(architecture, 7)
    gradients = backward(architecture, forward(architecture, parameters, X)[1], Y)
    assert [(dW.shape, db.shape) for dW, db in gradients] == [(W.shape, b.shape) for W, b in parameters]


def test_a_weight_of_two_is_the_example_twice() -> None:
    architecture = Architecture((3, 4, 2), "tanh", "cross_entropy")
    parameters, X, Y = example(architecture, 6)
    w = np.array([1.0, 2.0, 1.0, 1.0, 2.0, 1.0])
    twice = np.repeat(np.arange(6), w.astype(int))
    Z, caches = forward(architecture, parameters, X)
    Z2, caches2 = forward(architecture, parameters, X[:, twice])
    assert cost(architecture, Z, Y, w) == pytest.approx(cost(architecture, Z2, Y[:, twice]))
    for a, b in zip(backward(architecture, caches, Y, w), backward(architecture, caches2, Y[:, twice]), strict=True):
        assert np.allclose(a[0], b[0])
        assert np.allclose(a[1], b[1])


def test_permuting_hidden_units_changes_nothing() -> None:
    architecture = Architecture((3, 6, 2), "silu")
    (parameters, X, _), order = example(architecture, 8), np.random.default_rng(1).permutation(6)
    (W1, b1), (W2, b2) = parameters
    permuted = [(W1[order], b1[order]), (W2[:, order], b2)]
    assert np.allclose(forward(architecture, parameters, X)[0], forward(architecture, permuted, X)[0])


def test_gradient_descent_lowers_the_cost() -> None:
    architecture = Architecture((3, 5, 2), "tanh", "cross_entropy")
    parameters, X, Y = example(architecture, 30)
    costs = []
    for _ in range(50):
        Z, caches = forward(architecture, parameters, X)
        costs.append(cost(architecture, Z, Y))
        parameters = gradient_descent(parameters, backward(architecture, caches, Y), 0.1)
    assert all(later < earlier for earlier, later in pairwise(costs))


@pytest.mark.parametrize("name", LOSSES)
def test_predictions_belong_to_the_loss(name: str) -> None:
    architecture = Architecture((3, 2), loss=name)
    parameters, X, _ = example(architecture, 6)
    Z = forward(architecture, parameters, X)[0]
    A = output(architecture, Z)
    if loss(name).output_activation == "softmax":
        assert np.allclose(A.sum(axis=0), 1)
    elif loss(name).output_activation == "sigmoid":
        assert ((A > 0) & (A < 1)).all()
    elif loss(name).output_activation == "exp":
        assert np.allclose(A, np.exp(Z))
    else:
        assert np.array_equal(A, Z)


def test_a_wrong_input_or_target_names_the_law() -> None:
    architecture = Architecture((3, 4, 2))
    parameters, X, Y = example(architecture, 5)
    with pytest.raises(ShapeError, match=r"A\[0\] = X must be \(n\[0\], m\) = \(3, m\); got \(5, 3\)"):
        forward(architecture, parameters, X.T)
    caches = forward(architecture, parameters, X)[1]
    with pytest.raises(ShapeError, match=r"layer 2: Y must have the shape of A\[2\].*\(2, 5\); got \(5, 2\)"):
        backward(architecture, caches, Y.T)

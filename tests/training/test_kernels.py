"""Single kernels against the records that they stand for."""

from typing import Any

import numpy as np
import pytest

from leadline.network import ACTIVATIONS, LOSSES, activation, loss
from leadline.training.cpu import call_range, lower
from leadline.training.kernels import address
from leadline.training.program import Layout, Operation, Program

PRECISIONS = {np.float32: 2e-6, np.float64: 1e-13}


def operate(kernel: str, owner: Any, *arrays: np.ndarray, same: dict[int, int] | None = None) -> list[np.ndarray]:
    """Run a kernel on matrices and give back what they have become; `same` maps an operand to the one it shares."""
    layout = Layout()
    places = [layout.matrix(*array.shape) for array in arrays]
    dtype = arrays[0].dtype.type
    memory = layout.fresh(1, dtype)[0]
    for array, place in zip(arrays, places, strict=True):
        memory[place.offset : place.stop] = array.ravel()
    operands = [places[(same or {}).get(i, i)] for i in range(len(arrays))]
    program = lower(Program((((Operation(kernel, tuple(operands), owner),),),)), dtype)
    nothing = np.zeros(1, np.int64), np.zeros(9, np.uint64)
    call_range(program.addresses, program.operands, 0, 1, memory, 0, 0, *nothing)
    return [memory[place.offset : place.stop].reshape(place.rows, place.columns) for place in operands]


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_kernels_compute_g_and_g_prime(name: str, dtype: type) -> None:
    generator, record, tolerance = np.random.default_rng(0), activation(name), PRECISIONS[dtype]
    product, b = (4 * generator.normal(size=(5, 33))).astype(dtype), generator.normal(size=(1, 33)).astype(dtype)
    shared = {} if record.needs_z else {2: 0}
    Z, _, A = operate("activate", name, product, b, np.zeros_like(product), same=shared)
    z = product.astype(float) + b.astype(float)
    if record.needs_z:
        assert np.allclose(Z, z, rtol=tolerance, atol=tolerance)
    assert np.allclose(A, record.g(z), rtol=4 * tolerance, atol=4 * tolerance)
    dA = generator.normal(size=A.shape).astype(dtype)
    dZ, _, _, db = operate("differentiate", name, dA, Z, A, np.zeros_like(b), same={1: 2} if shared else {})
    expected = dA * record.g_prime(z, record.g(z))
    assert np.allclose(dZ, expected, rtol=10 * tolerance, atol=10 * tolerance)
    assert np.allclose(db, expected.sum(axis=0), rtol=30 * tolerance, atol=30 * tolerance)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_element_has_the_same_bits_anywhere(name: str) -> None:
    value, shape, b = np.float32(0.7312), (3, 37), np.zeros((1, 37), np.float32)
    Z, _, A = operate("activate", name, np.full(shape, value), b, np.zeros(shape, np.float32))
    assert len(np.unique(A if activation(name).needs_z else Z)) == 1
    dZ, *_ = operate("differentiate", name, np.full(shape, np.float32(0.317)), Z, np.full(shape, value), b)
    assert len(np.unique(dZ)) == 1


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nan_stays_nan(name: str) -> None:
    Z, _, A = operate(
        "activate",
        name,
        np.full((1, 9), np.float32(np.nan)),
        np.zeros((1, 9), np.float32),
        np.zeros((1, 9), np.float32),
    )
    assert np.isnan(A if activation(name).needs_z else Z).all()


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "poisson"])
def test_losses_in_float32_are_finite_for_large_scores(name: str) -> None:
    from leadline.network import Architecture
    from leadline.training import Plan, Processor
    from leadline.training.population import Blueprint, Population, Steps
    from leadline.training.program import SETTINGS
    from leadline.training.rows import Examples

    plan = Plan(Architecture((1, 2), (), name))
    theta = np.array([[1000.0, -1000.0, 0.0, 0.0]], np.float32)
    X, Y = np.array([[1.0], [-1.0]], np.float32), np.array([[1.0, 0.0], [1.0, 0.0]], np.float32)
    population = Population(Blueprint(plan, 2), theta, Processor())
    steps = Steps(
        Examples(X, Y, np.ones(2, np.float32)),
        np.arange(2),
        2,
        np.zeros((1, len(SETTINGS)), np.float32),
        np.zeros((1, 1), np.uint64),
    )
    (value,) = population.run([steps])
    scores = np.array([[1000.0, -1000.0], [-1000.0, 1000.0]])
    assert value == pytest.approx(float(np.mean(loss(name).value(scores.T, Y.T.astype(float)))), rel=1e-6)
    assert np.isfinite(population.gradient).all()


def test_numbers_too_small_to_be_normal_count_as_zero_in_training_and_nowhere_else() -> None:
    tiny = np.full((1, 40), np.float32(1e-30))
    (_, _, out) = operate("scale", None, tiny, np.full((1, 40), np.float32(1e-12)), np.ones((1, 40), np.float32))
    assert (out == 0).all()
    assert np.float32(1e-30) * np.float32(1e-12) > 0


def test_every_kernel_of_its_own_has_an_address_of_its_own() -> None:
    found = {address("step", name, np.float32) for name in ("adam", "momentum", "nesterov")}
    found |= {address("loss", name, np.float32) for name in ("huber(1)", "huber(2)", "quantile(0.1)", "quantile(0.9)")}
    assert len(found) == 7


@pytest.mark.parametrize("name", ["huber(0.5)", "huber(2)", "quantile(0.1)", "quantile(0.1, 0.9)"])
def test_losses_with_parameters_keep_their_own(name: str) -> None:
    own = loss(name)
    layout = Layout()
    places = [layout.matrix(*shape) for shape in ((3, 2), (3, 2), (1, 1), (3, 2), (1, 3))]
    Z, dZ, value, _, w = places
    memory = layout.fresh(1, np.float32)[0]
    scores, Y = np.array([[0.1, -0.2], [1.0, 0.7], [5.0, -3.0]], np.float32), np.zeros((3, 2), np.float32)
    memory[Z.offset : Z.stop], memory[w.offset : w.stop] = scores.ravel(), 1.0
    program = lower(Program((((Operation("loss", tuple(places), name),),),)), np.float32)
    call_range(program.addresses, program.operands, 0, 1, memory, 0, 0, np.arange(3), np.zeros(1, np.uint64))
    assert memory[value.offset] == pytest.approx(float(own.value(scores.T, Y.T).mean()), rel=1e-6)
    assert np.allclose(memory[dZ.offset : dZ.stop], own.gradient(scores.T, Y.T).T.ravel() / 3, rtol=1e-6)

"""The fused loops against the records and formulas that they stand for. Also run with compilation off, for coverage."""

import numpy as np
import pytest

from leadline.network import ACTIVATIONS, LOSSES, OPTIMISERS, OptimiserState, activation, loss
from leadline.training.kernels import (
    activation_kernels,
    drop_out,
    drop_out_backward,
    gather,
    loss_kernel,
    scale,
    scale_backward,
    step_kernel,
)

pytestmark = pytest.mark.kernels

PRECISIONS = {np.float32: 2e-6, np.float64: 1e-13}


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_kernels_compute_g_and_g_prime(name: str, dtype: type) -> None:
    generator, record = np.random.default_rng(0), activation(name)
    product = (4 * generator.normal(size=(2, 5, 33))).astype(dtype)
    b = generator.normal(size=(2, 33)).astype(dtype)
    activate, activate_in_place, differentiate = activation_kernels(name, dtype)
    Z, A, in_place = product.copy(), np.empty_like(product), product.copy()
    activate(Z, b, A)
    activate_in_place(in_place, b)
    z = product.astype(float) + b.astype(float)[:, None]
    tolerance = PRECISIONS[dtype]
    assert np.allclose(Z, z, rtol=tolerance, atol=tolerance)
    assert np.allclose(A, record.g(z), rtol=4 * tolerance, atol=4 * tolerance)
    assert np.array_equal(A, in_place)
    dA = generator.normal(size=Z.shape).astype(dtype)
    expected = dA * record.g_prime(z, record.g(z))
    db = np.empty_like(b)
    differentiate(dA, Z if record.needs_z else A, A, db)
    assert np.allclose(dA, expected, rtol=10 * tolerance, atol=10 * tolerance)
    assert np.allclose(db, expected.sum(axis=1), rtol=30 * tolerance, atol=30 * tolerance)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_element_has_the_same_bits_anywhere(name: str) -> None:
    value = np.float32(0.7312)
    activate, _, differentiate = activation_kernels(name, np.float32)
    A, b = np.empty((1, 3, 37), np.float32), np.zeros((1, 37), np.float32)
    activate(np.full_like(A, value), b, A)
    assert len(np.unique(A)) == 1
    dA = np.full_like(A, np.float32(0.317))
    differentiate(dA, np.full_like(A, value), A, np.empty_like(b))
    assert len(np.unique(dA)) == 1


# compiled code does not warn of it; the same lines run by Python do
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nan_stays_nan(name: str) -> None:
    activate = activation_kernels(name, np.float32)[0]
    A = np.empty((1, 1, 9), np.float32)
    activate(np.full_like(A, np.nan), np.zeros((1, 9), np.float32), A)
    assert np.isnan(A).all()


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("name", LOSSES)
def test_loss_kernels_compute_value_and_gradient(name: str, dtype: type) -> None:
    generator, record = np.random.default_rng(1), loss(name)
    P, m, k, n = 2, 6, 3, 10
    Z = (3 * generator.normal(size=(P, m, k))).astype(dtype)
    Y = generator.normal(size=(2, n, k)).astype(dtype)
    if name == "cross_entropy":
        Y = np.eye(k)[generator.integers(0, k, (2, n))].astype(dtype)
    w = generator.random(n).astype(dtype)
    fold = np.array([1, 0])
    rows = np.stack([generator.permutation(n)[:m] for _ in range(P)])
    dZ, losses = np.empty_like(Z), np.empty(P)
    loss_kernel(name, dtype)(Z.copy(), Y, fold, rows, w, dZ, losses)
    for p in range(P):
        z, y = Z[p].T.astype(float), Y[fold[p], rows[p]].T.astype(float)
        share = w[rows[p]].astype(float) / w[rows[p]].sum(dtype=float)
        tolerance = 10 * PRECISIONS[dtype]
        assert np.allclose(dZ[p], (record.gradient(z, y) * share).T, rtol=tolerance, atol=tolerance)
        assert losses[p] == pytest.approx(float(record.value(z, y) @ share), rel=tolerance)


def test_gather_takes_each_networks_own_rows_and_fold() -> None:
    X = np.arange(2 * 5 * 3, dtype=np.float32).reshape(2, 5, 3)
    rows, fold = np.array([[4, 0], [1, 1]]), np.array([1, 0])
    out = np.empty((2, 2, 3), np.float32)
    gather(X, fold, rows, out)
    assert np.array_equal(out[0], X[1, [4, 0]])
    assert np.array_equal(out[1], X[0, [1, 1]])


def test_scale_multiplies_and_its_backward_pass_sums() -> None:
    generator = np.random.default_rng(0)
    X, dA, s = generator.normal(size=(2, 5, 3)), generator.normal(size=(2, 5, 3)), generator.normal(size=(2, 3))
    A, ds = np.empty_like(X), np.empty_like(s)
    scale(X, s, A)
    scale_backward(dA, X, ds)
    assert np.array_equal(A, X * s[:, None])
    assert np.allclose(ds, (dA * X).sum(axis=1))


def test_dropout_silences_its_share_and_keeps_the_mean() -> None:
    A = np.ones((2, 60, 50), np.float32)
    keys, rates = np.array([12345, 999], np.uint64), np.array([0.3, 0.0])
    thresholds, scale = (rates * 2**32).astype(np.uint64), (1 / (1 - rates)).astype(np.float32)
    drop_out(A, keys, thresholds, scale)
    assert np.array_equal(A[1], np.ones((60, 50)))
    assert (A[0] == 0).mean() == pytest.approx(0.3, abs=0.03)
    assert A[0].mean() == pytest.approx(1.0, abs=0.04)


def test_dropout_backward_has_the_mask_of_its_forward_pass() -> None:
    original = np.random.default_rng(0).random((1, 20, 30)).astype(np.float32) + 1
    keys, thresholds = np.array([77], np.uint64), np.array([2**31], np.uint64)
    scale = np.array([2.0], np.float32)
    A, dA = original.copy(), np.ones_like(original)
    drop_out(A, keys, thresholds, scale)
    mask = A > 0
    drop_out_backward(dA, A, keys, thresholds, scale)
    assert np.array_equal(dA, np.where(mask, 2.0, 0.0))
    assert np.array_equal(A, np.where(mask, original, 0.0))


def test_other_keys_drop_other_units() -> None:
    A = np.ones((2, 10, 40), np.float32)
    thresholds, scale = np.full(2, 2**31, np.uint64), np.full(2, 2.0, np.float32)
    drop_out(A, np.array([1, 2], np.uint64), thresholds, scale)
    assert 0.3 < (A[0] == A[1]).mean() < 0.7


@pytest.mark.parametrize("name", OPTIMISERS)
def test_step_kernels_take_the_steps_of_their_optimiser(name: str) -> None:
    generator = np.random.default_rng(0)
    theta = generator.normal(size=(2, 7))
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    segments, factors, decays = np.array([0, 4, 7]), np.array([1.0, 0.5]), np.array([1.0, 0.0])
    rates, beta_1, beta_2, epsilon, weight_decay, penalty = np.array([0.1, 0.01]), 0.9, 0.95, 1e-8, 0.2, 0.05
    runs = [(p, s) for p in range(2) for s in range(2)]
    states = {
        (p, s): OptimiserState(
            name, (segments[s + 1] - segments[s],), beta_1, beta_2, epsilon, weight_decay * decays[s]
        )
        for p, s in runs
    }
    expected = theta.copy()
    for t in range(1, 6):
        gradient = generator.normal(size=theta.shape)
        settings = np.zeros((2, 10))
        settings[:, 0] = rates
        settings[:, 1:6] = beta_1, 1 - beta_1, beta_2, 1 - beta_2, epsilon
        settings[:, 6:] = 1 / (1 - beta_1**t), 1 / (1 - beta_2**t), weight_decay, penalty
        step_kernel(name, np.float64)(theta, gradient, m, v, segments, factors, decays, settings)
        for p, s in runs:
            run = slice(segments[s], segments[s + 1])
            g = gradient[p, run] + penalty * decays[s] * expected[p, run]
            expected[p, run] = states[p, s].step(expected[p, run], g, rates[p] * factors[s])
    assert np.allclose(theta, expected, rtol=1e-13)

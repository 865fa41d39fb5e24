import numpy as np
import pytest

from leadline.errors import ParameterError
from leadline.network import ACTIVATIONS, activation

# away from 0, where some derivatives jump
Z = np.concatenate([np.linspace(-12, -0.01, 300), np.linspace(0.01, 12, 300)])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_g_prime_is_the_derivative_of_g(name: str) -> None:
    record = activation(name)
    step = 1e-6
    numerical = (record.g(Z + step) - record.g(Z - step)) / (2 * step)
    assert np.allclose(record.g_prime(Z, record.g(Z)), numerical, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_scalars_and_arrays_give_the_same_numbers(name: str) -> None:
    record = activation(name)
    a = record.g(Z)
    assert [float(record.g(z)) for z in Z] == a.tolist()
    assert [float(record.g_prime(z, x)) for z, x in zip(Z, a, strict=True)] == record.g_prime(Z, a).tolist()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_stay_in_the_range_and_nothing_overflows(name: str) -> None:
    record = activation(name)
    z = np.array([-1e4, -745.0, -1.0, 0.0, 1.0, 745.0, 1e4])
    a = record.g(z)
    low, high = record.output_range
    assert np.isfinite(a).all()
    assert ((a >= low - 1e-12) & (a <= high + 1e-12)).all()
    assert np.isfinite(record.g_prime(z, a)).all()


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if not activation(name).needs_z])
def test_a_derivative_that_claims_to_need_only_a_does_not_read_z(name: str) -> None:
    record = activation(name)
    a = record.g(Z)
    assert np.array_equal(record.g_prime(np.full_like(Z, np.nan), a), record.g_prime(Z, a))


def test_sigmoid_keeps_small_probabilities() -> None:
    assert activation("sigmoid").g(-40.0) == pytest.approx(np.exp(-40.0), rel=1e-12)


def test_an_unknown_activation_names_the_known_ones() -> None:
    with pytest.raises(ParameterError, match=r"activation must be one of identity, sigmoid, tanh.*got 'rleu'"):
        activation("rleu")

"""Every network of `leadline.network.circuits` computes what it says, and is as large as it says."""

from itertools import pairwise
from math import ceil, log2

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from leadline.errors import ParameterError
from leadline.network import (
    Architecture,
    bit_patterns,
    comparison_table,
    forward,
    linear_pieces,
    parity,
    parity_folded,
    parity_patterns,
    parity_sum,
    parity_tree,
    triangle_wave,
    wave_folded,
    wave_shallow,
)

CONSTRUCTIONS = {
    "parity_tree": parity_tree,
    "parity_patterns": parity_patterns,
    "parity_sum": parity_sum,
    "parity_folded": parity_folded,
    "wave_folded": wave_folded,
    "wave_shallow": wave_shallow,
}
PARITIES = [name for name in CONSTRUCTIONS if name.startswith("parity")]
COLUMNS_AT_ONCE = 2**15


def assert_parity_of_all_inputs(name: str, n: int) -> None:
    architecture, parameters = CONSTRUCTIONS[name](n)
    assert set(architecture.hidden_activations) <= {"relu"}
    for start in range(0, 2**n, COLUMNS_AT_ONCE):
        numbers = range(start, min(2**n, start + COLUMNS_AT_ONCE))
        X = bit_patterns(n, numbers.start, numbers.stop)
        odd = np.array([number.bit_count() % 2 for number in numbers])
        assert_array_equal(forward(architecture, parameters, X)[0], odd[None])


@pytest.mark.parametrize("n", range(1, 13))
@pytest.mark.parametrize("name", PARITIES)
def test_parity_is_exact_on_all_inputs(name: str, n: int) -> None:
    assert_parity_of_all_inputs(name, n)


@pytest.mark.parametrize("n", range(13, 21))
@pytest.mark.parametrize("name", ["parity_tree", "parity_sum", "parity_folded"])
def test_parity_without_exponential_layers_is_exact_up_to_20_bits(name: str, n: int) -> None:
    assert_parity_of_all_inputs(name, n)


def test_patterns_of_bits_are_the_digits_of_their_number() -> None:
    X = bit_patterns(5)
    assert_array_equal(2 ** np.arange(5) @ X, np.arange(32))
    assert_array_equal(bit_patterns(5, 7, 11), X[:, 7:11])
    assert_array_equal(parity(X)[0], [number.bit_count() % 2 for number in range(32)])


def interpolated_wave(x: np.ndarray, k: int) -> np.ndarray:
    return np.interp(x, np.arange(2**k + 1) / 2**k, np.arange(2**k + 1) % 2)


@pytest.mark.parametrize("k", range(1, 13))
def test_the_deep_and_the_shallow_network_are_the_wave(k: int) -> None:
    x = np.linspace(0.0, 1.0, 20_001)
    wave = interpolated_wave(x, k)
    assert np.abs(triangle_wave(x, k) - wave).max() < 1e-12
    deep, shallow = (forward(*build(k), x[None])[0][0] for build in (wave_folded, wave_shallow))
    assert_array_equal(deep, triangle_wave(x, k))
    assert np.abs(shallow - deep).max() <= 4.0**k * np.finfo(float).eps


@pytest.mark.parametrize("k", range(1, 13))
def test_where_float64_is_exact_the_shallow_network_equals_the_deep_one(k: int) -> None:
    x = np.arange(2**15 + 1) / 2**15
    assert_array_equal(forward(*wave_shallow(k), x[None])[0], forward(*wave_folded(k), x[None])[0])


@pytest.mark.parametrize("k", range(1, 11))
def test_the_wave_has_two_to_the_k_pieces(k: int) -> None:
    assert linear_pieces(*wave_folded(k)) == 2**k
    assert linear_pieces(*wave_shallow(k)) == 2**k


def test_one_hidden_layer_makes_one_piece_more_than_it_has_units() -> None:
    generator = np.random.default_rng(0)
    for units in (1, 3, 10, 40):
        for _ in range(20):
            turns = (np.arange(units) + generator.uniform(0.1, 0.9, units))[:, None] / units
            side = generator.choice([-1.0, 1.0], (units, 1))
            read_out = generator.choice([-1.0, 1.0], (1, units)) * generator.uniform(0.5, 1.0, (1, units))
            parameters = [(side, -side * turns), (read_out, np.zeros((1, 1)))]
            assert linear_pieces(Architecture((1, units, 1)), parameters) == units + 1


def test_pieces_of_a_random_deep_network_agree_with_a_fine_grid() -> None:
    generator = np.random.default_rng(1)
    for _ in range(20):
        sizes = (1, 6, 5, 4, 1)
        parameters = [(generator.normal(size=(a, b)), generator.normal(size=(a, 1))) for b, a in pairwise(sizes)]
        architecture = Architecture(sizes)
        x = np.linspace(0.0, 1.0, 200_001)
        slopes = np.diff(forward(architecture, parameters, x[None])[0][0]) / np.diff(x)
        turns = np.abs(np.diff(slopes)) > 1e-4
        # a turn inside a cell of the grid shows as two changes of slope, one after the other
        counted = 1 + int(np.sum(turns[1:] & ~turns[:-1]) + turns[0])
        assert linear_pieces(architecture, parameters) == counted


@pytest.mark.parametrize("name", list(CONSTRUCTIONS))
def test_the_table_of_sizes_describes_the_networks(name: str) -> None:
    most = 12 if name in ("parity_patterns", "wave_shallow") else 40
    for size in range(1, most + 1):
        architecture, parameters = CONSTRUCTIONS[name](size)
        rows = comparison_table([size], []) if name in PARITIES else comparison_table([], [size])
        (row,) = (row for row in rows if row.construction == name)
        assert row.units == sum(architecture.hidden_sizes)
        assert (row.L, row.size) == (architecture.L, size)
        assert row.parameters == sum(W.size + b.size for W, b in parameters)
        assert row.nonzero == sum(np.count_nonzero(array) for layer in parameters for array in layer)


def test_the_sizes_are_the_formulas_that_the_documentation_gives() -> None:
    for n in range(2, 200):
        units = {row.construction: (row.units, row.L) for row in comparison_table([n], [])}
        zeros = bin(n - 1)[2:].count("0")
        assert zeros < log2(n)
        assert units["parity_tree"] == (2 * (n - 1) + zeros, ceil(log2(n)) + 1)
        assert units["parity_patterns"] == (2 ** (n - 1), 2)
        assert units["parity_sum"] == (n, 2)
        assert units["parity_folded"] == (2 * ceil(log2(n)), ceil(log2(n)) + 1)
    for k in range(1, 50):
        units = {row.construction: (row.units, row.L) for row in comparison_table([], [k])}
        assert units == {"wave_folded": (2 * k, k + 1), "wave_shallow": (2**k, 2)}


@pytest.mark.parametrize("build", CONSTRUCTIONS.values())
@pytest.mark.parametrize("size", [0, -1, 1.5, True, "3"])
def test_a_size_that_is_no_positive_integer_is_refused(build, size) -> None:
    with pytest.raises(ParameterError, match="must be"):
        build(size)


@pytest.mark.parametrize("build", [parity_patterns, wave_shallow])
def test_a_network_that_would_fill_the_memory_is_refused(build) -> None:
    with pytest.raises(ParameterError, match="from 1 to"):
        build(25)


def test_pieces_are_counted_for_networks_of_one_input_only() -> None:
    with pytest.raises(ParameterError, match="hidden layers of relu"):
        linear_pieces(*parity_sum(2))
    with pytest.raises(ParameterError, match="hidden layers of relu"):
        linear_pieces(Architecture((1, 2, 1), "tanh"), wave_folded(1)[1])
    with pytest.raises(ParameterError, match="low must be below high"):
        linear_pieces(*wave_folded(1), low=1.0, high=0.0)

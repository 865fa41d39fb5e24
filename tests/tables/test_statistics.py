"""Statistics: numbers fitted on training rows, and what they make of a table."""

import numpy as np
import pytest

from leadline.tables import Encoded, Group, Statistics


def encoded(numbers):
    return Encoded(np.asarray(numbers, dtype=np.float64), np.zeros((len(numbers), 0), np.int32), ())


def fit(numbers, scaling="robust", w=None):
    numbers = np.asarray(numbers, dtype=np.float64)
    weights = np.ones(len(numbers)) if w is None else np.asarray(w, dtype=np.float64)
    return Statistics.fit(numbers, np.arange(len(numbers)), weights, scaling)


def test_robust_scaling_centres_at_the_median_and_divides_by_the_distance_of_the_quartiles():
    numbers = [[0.0], [10.0], [20.0], [30.0], [1000.0]]
    statistics = fit(numbers)
    assert (statistics.center[0], statistics.scale[0]) == (20.0, 20.0)


def test_robust_inputs_stay_within_three_and_keep_their_order():
    numbers = np.array([[-1e12], [-50.0], [0.0], [1.0], [2.0], [3.0], [50.0], [1e12]])
    inputs = fit(numbers).apply(encoded(numbers))[:, 0]
    assert np.all(np.abs(inputs) <= 3)
    assert np.all(np.diff(inputs) > 0)


def test_robust_inputs_near_the_centre_are_hardly_clipped():
    statistics = Statistics("robust", np.zeros(1), np.zeros(1), np.ones(1))
    assert statistics.apply(encoded([[0.01]]))[0, 0] == pytest.approx(0.01, rel=1e-4)


@pytest.mark.parametrize("value", [1e30, 1e155, 1e200, 1e308])
def test_values_of_any_size_stay_finite_and_far_from_the_centre(value):
    numbers = np.array([[1e-3], [2e-3], [3e-3], [4e-3], [value], [-value]])
    inputs = fit(numbers).apply(encoded(numbers))[:, 0]
    np.testing.assert_allclose(inputs[-2:], [3, -3], rtol=1e-6)


def test_standard_scaling_gives_mean_zero_and_deviation_one():
    numbers = np.random.default_rng(0).normal(5, 3, size=(50, 2))
    inputs = fit(numbers, "standard").apply(encoded(numbers)).astype(np.float64)
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(inputs.std(axis=0), 1, rtol=1e-6)


def test_no_scaling_leaves_numbers_as_they_are():
    numbers = [[1.0], [2.0], [70.0]]
    np.testing.assert_array_equal(fit(numbers, "none").apply(encoded(numbers)), numbers)


@pytest.mark.parametrize("scaling", ["robust", "standard", "none"])
def test_a_missing_number_becomes_the_median(scaling):
    numbers = np.array([[1.0], [2.0], [40.0], [np.nan]])
    inputs = fit(numbers, scaling).apply(encoded(numbers))
    assert inputs[3, 0] == inputs[1, 0]


@pytest.mark.parametrize("scaling", ["robust", "standard", "none"])
def test_a_row_of_weight_two_counts_as_the_row_twice(scaling):
    numbers = np.array([[1.0, 9.0], [2.0, np.nan], [4.0, 5.0], [8.0, 3.0]])
    weighted = fit(numbers, scaling, w=[1, 2, 1, 2])
    repeated = fit(numbers[[0, 1, 1, 2, 3, 3]], scaling)
    for name in ("fill", "center", "scale"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-12)


@pytest.mark.parametrize("scaling", ["robust", "standard"])
def test_a_column_that_is_constant_in_training_is_zero_whatever_comes(scaling):
    statistics = fit([[5.0], [5.0], [5.0]], scaling)
    assert statistics.apply(encoded([[5.0], [-7.0], [1e9]])).tolist() == [[0], [0], [0]]


def test_where_the_quartiles_meet_those_of_the_other_values_give_the_scale():
    mostly_zero = [[0.0]] * 90 + [[float(x)] for x in (10, 20, 30, 40, 50, 60, 70, 80)] + [[5000.0]] * 2
    statistics = fit(mostly_zero)
    assert (statistics.center[0], statistics.scale[0]) == (0.0, 80.0 - 30.0)
    weighted = fit([*mostly_zero[:1], *mostly_zero[90:]], w=np.array([90.0] + [1.0] * 10))
    assert (weighted.center[0], weighted.scale[0]) == (0.0, 50.0)


def test_where_all_quartiles_meet_half_the_range_is_the_scale():
    assert fit([[0.0]] * 9 + [[8.0]]).scale[0] == 4.0
    assert fit([[0.0]] * 90 + [[8.0]] * 9 + [[9.0]]).scale[0] == 4.5


def test_a_column_without_a_known_number_is_zero():
    statistics = fit([[np.nan], [np.nan]])
    assert statistics.apply(encoded([[np.nan], [np.nan]])).tolist() == [[0], [0]]


def test_inputs_are_float32_with_the_indicators_behind_the_numbers():
    groups = (Group(False, 0, 1), Group(True, 0, 2), Group(True, 1, 3))
    rows = Encoded(np.array([[0.0], [np.nan]]), np.array([[1, 2], [-1, 0]], np.int32), groups)
    inputs = fit([[0.0], [1.0]], "none").apply(rows)
    assert inputs.dtype == np.float32
    assert inputs.tolist() == [[0, 0, 0, 1, 0, 0, 1], [0, 1, 0, 0, 1, 0, 0]]
    # a column of more than two categories is told by its code
    assert fit([[0.0], [1.0]], "none").apply(rows, 2).tolist() == [[0, 0, 0, 1, 2], [0, 1, 0, 0, 0]]


@pytest.mark.parametrize("scaling", ["robust", "standard"])
@pytest.mark.parametrize("largest", [1e151, 1e200, 1e308])
def test_numbers_as_large_as_there_are_become_finite_inputs(scaling, largest):
    generator = np.random.default_rng(0)
    usual = generator.normal(size=(101, 1))
    for numbers in (usual * (largest / 10), np.where(usual > 0, largest, -largest), usual + largest * (usual > 2.0)):
        encoded = Encoded(numbers, np.zeros((len(numbers), 0), np.int32), ())
        statistics = Statistics.fit(numbers, np.arange(80), np.ones(80), scaling)
        x = statistics.apply(encoded)
        assert np.isfinite(statistics.scale).all()
        assert np.isfinite(x).all()
        assert np.ptp(x) > 0
        # the order of the rows is kept, as far as float32 tells them apart
        assert (np.diff(x[np.argsort(numbers[:, 0]), 0]) >= 0).all()
        assert np.isfinite(statistics.values_of(x[:, 0], 0)).all()


@pytest.mark.parametrize("scaling", ["robust", "standard"])
def test_the_unit_of_a_column_does_not_show_however_large_it_is(scaling):
    numbers = np.random.default_rng(0).normal(size=(100, 1))
    both = []
    for unit in (1.0, 2.0**1000):
        encoded = Encoded(numbers * unit, np.zeros((100, 0), np.float32), ())
        both.append(Statistics.fit(numbers * unit, np.arange(100), np.ones(100), scaling).apply(encoded))
    assert np.allclose(both[0], both[1], rtol=1e-6)


def test_usual_numbers_are_scaled_to_the_same_bits_as_by_the_formula():
    numbers = np.random.default_rng(0).normal(size=(100, 3)) * [1e-3, 1.0, 1e9]
    encoded = Encoded(numbers, np.zeros((100, 0), np.float32), ())
    statistics = Statistics.fit(numbers, np.arange(100), np.ones(100), "standard")
    expected = ((numbers - statistics.center) / statistics.scale).astype(np.float32)
    assert np.array_equal(statistics.apply(encoded), expected)

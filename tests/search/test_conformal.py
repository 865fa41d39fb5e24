"""Intervals and sets: what the theorem says of equal rows, weights, what is kept of many scores, and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.errors import ParameterError
from leadline.search import Intervals, LeftOut, Sets, conformal
from leadline.search.conformal import MOST_SCORES
from leadline.tables import Target, infer_target


def numbers(y: np.ndarray, loss: str | None = None) -> Target:
    return infer_target(y, "regression", loss=loss)


def left_out(y: np.ndarray, predictions: np.ndarray, w: np.ndarray | None = None, **facts: object) -> LeftOut:
    given = {"networks": 1.0, "spread": np.zeros(predictions.shape[1]), **facts}
    return LeftOut(y, np.ones(len(y)) if w is None else w, predictions, **given)


def level(n: int, k: int = 1) -> np.ndarray:
    """Predictions without any difference."""
    return np.zeros((n, k))


@settings(deadline=None, max_examples=50)
@given(n=st.integers(20, 300), coverage=st.floats(0.05, 0.9), seed=st.integers(0, 1000))
def test_ends_are_the_order_statistics_of_the_theorem(n: int, coverage: float, seed: int) -> None:
    y = np.random.default_rng(seed).normal(size=n)
    intervals = Intervals.fit(numbers(y), left_out(y[:, None], level(n)), 1)
    lower, upper = intervals.interval(level(1), coverage)
    tail, ordered = (1 - coverage) / 2, np.sort(y)
    low, high = int(np.floor((n + 1) * tail + 1e-9)), int(np.ceil((n + 1) * (1 - tail) - 1e-9))
    np.testing.assert_allclose([lower[0, 0], upper[0, 0]], [ordered[low - 1], ordered[high - 1]])


def test_new_rows_are_inside_as_often_as_promised_and_as_many_are_below_as_above() -> None:
    generator = np.random.default_rng(0)
    below, above = [], []
    for _ in range(400):
        y = generator.exponential(size=61)
        intervals = Intervals.fit(numbers(y[:60]), left_out(y[:60, None], level(60)), 1)
        lower, upper = intervals.interval(level(1), 0.8)
        below.append(y[60] < lower[0, 0])
        above.append(y[60] > upper[0, 0])
    # 400 draws, three standard errors
    assert abs(np.mean(below) - 0.1) < 0.045
    assert abs(np.mean(above) - 0.1) < 0.045


def test_intervals_are_wider_where_errors_are_larger() -> None:
    generator = np.random.default_rng(1)
    f = generator.uniform(0, 10, size=(2000, 1))
    y = f + generator.normal(size=f.shape) * (0.5 + f)
    intervals = Intervals.fit(numbers(y[:, 0]), left_out(y, f), 1)
    new = generator.uniform(0, 10, size=(4000, 1))
    truth = new + generator.normal(size=new.shape) * (0.5 + new)
    lower, upper = intervals.interval(new, 0.9)
    inside, width = (truth >= lower) & (truth <= upper), upper - lower
    for low, high in ((0, 3), (3, 6), (6, 10)):
        part = (new >= low) & (new < high)
        # with one width for all it would be 1.00, 0.94 and 0.79
        assert abs(inside[part].mean() - 0.9) < 0.06
    assert width[new > 9].mean() > 4 * width[new < 1].mean()


def test_quantiles_say_by_their_distance_how_wide_an_interval_is() -> None:
    generator = np.random.default_rng(2)
    size = generator.uniform(0.1, 5, 3000)
    middle = generator.normal(size=3000)
    y = middle + size * generator.normal(size=3000)
    predictions = np.stack([middle - size, middle, middle + size], axis=1)
    target = numbers(y, "quantile(0.16, 0.5, 0.84)")
    lower, upper = Intervals.fit(target, left_out(y[:, None], predictions), 1).interval(predictions, 0.9)
    assert np.corrcoef((upper - lower)[:, 0], size)[0, 1] > 0.95


def test_an_average_errs_less_by_what_its_networks_differ() -> None:
    y = np.random.default_rng(3).normal(size=(500, 1))
    alone = Intervals.fit(numbers(y[:, 0]), left_out(y, level(500)), 1)
    half = left_out(y, level(500), spread=np.array([0.5 * (y**2).mean()]))
    of_many = Intervals.fit(numbers(y[:, 0]), half, 8)
    ratio = of_many.interval(level(1), 0.9)[1] / alone.interval(level(1), 0.9)[1]
    np.testing.assert_allclose(ratio, np.sqrt(1 - 0.5 * 7 / 8))
    # and one network more than the average that left the rows out
    single = Intervals.fit(numbers(y[:, 0]), left_out(y, level(500), networks=4.0, spread=half.spread), 1)
    np.testing.assert_allclose(
        single.interval(level(1), 0.9)[1] / alone.interval(level(1), 0.9)[1], np.sqrt(1 + 0.5 * 3 / 4)
    )


def test_a_row_of_weight_two_is_two_rows() -> None:
    generator = np.random.default_rng(4)
    y, w = generator.normal(size=200), np.repeat([1.0, 2.0], 100)
    weighted = Intervals.fit(numbers(y), left_out(y[:, None], level(200), w), 1)
    doubled = np.concatenate([y, y[100:]])
    repeated = Intervals.fit(numbers(doubled), left_out(doubled[:, None], level(300)), 1)
    for a, b in zip(weighted.ends(0.7), repeated.ends(0.7), strict=True):
        np.testing.assert_allclose(a, b, atol=0.08)
    assert weighted.rows[0] == pytest.approx(300**2 / (100 + 400))


def test_of_many_scores_a_fixed_number_is_kept_which_tells_the_same() -> None:
    y = np.random.default_rng(5).normal(size=50_000)
    intervals = Intervals.fit(numbers(y), left_out(y[:, None], level(len(y))), 1)
    assert intervals.scores.shape == (1, MOST_SCORES + 1)
    lower, upper = intervals.interval(level(1), 0.9)
    np.testing.assert_allclose([lower[0, 0], upper[0, 0]], np.quantile(y, [0.05, 0.95]), atol=0.01)


def test_what_cannot_be_below_zero_has_no_interval_below_zero() -> None:
    y = np.random.default_rng(6).poisson(1.0, size=300).astype(float)
    lower, _ = Intervals.fit(numbers(y, "poisson"), left_out(y[:, None], np.full((300, 1), 2.0)), 1).interval(
        np.full((1, 1), 0.1), 0.9
    )
    assert lower[0, 0] == 0


def test_a_perfect_model_has_intervals_without_width() -> None:
    y = np.arange(50.0)
    lower, upper = Intervals.fit(numbers(y), left_out(y[:, None], y[:, None]), 8).interval(y[:, None], 0.5)
    np.testing.assert_array_equal(lower, upper)


def test_too_few_rows_are_an_error_that_says_what_is_possible() -> None:
    y = np.arange(50.0)
    intervals = Intervals.fit(numbers(y), left_out(y[:, None], level(50)), 1)
    with pytest.raises(ParameterError, match=r"needs 199 rows .* this model has 50. Ask for at most 0.96, or train"):
        intervals.interval(level(1), 0.99)
    intervals.interval(level(1), 0.96)


@pytest.mark.parametrize("coverage", [0, 1, 1.5, -0.1, float("nan"), "0.9", None])
def test_coverage_is_a_share(coverage: object) -> None:
    y = np.arange(50.0)
    intervals = Intervals.fit(numbers(y), left_out(y[:, None], level(50)), 1)
    with pytest.raises(ParameterError, match="coverage must be a number between 0 and 1"):
        intervals.interval(level(1), coverage)


def classes(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of three classes, and classes drawn by them."""
    generator = np.random.default_rng(seed)
    P = generator.dirichlet([0.6, 0.6, 0.6], size=n)
    return P, (generator.random((n, 1)) > np.cumsum(P, axis=1)).sum(axis=1)


def test_sets_hold_the_class_as_often_as_promised_and_are_never_empty() -> None:
    P, y = classes(3000, 0)
    target = infer_target(y, "classification")
    sets = Sets.fit(target, left_out(y, P))
    new, truth = classes(6000, 1)
    for coverage in (0.8, 0.9, 0.99):
        members = sets.members(new, coverage)
        assert members[np.arange(len(new)), truth].mean() > coverage - 0.02
        assert members.any(axis=1).all()
    assert sets.members(new, 0.9).sum() < sets.members(new, 0.99).sum()


def test_where_too_few_rows_say_every_class_is_in_the_set() -> None:
    P, y = classes(30, 0)
    sets = Sets.fit(infer_target(y, "classification"), left_out(y, P))
    assert sets.members(P, 0.99).all()


def test_each_label_that_is_true_is_in_the_set_as_often_as_promised() -> None:
    generator = np.random.default_rng(0)
    P = generator.uniform(size=(9000, 3)) * [1.0, 0.5, 0.001]
    Y = (generator.random(P.shape) < P).astype(int)
    Y[:, 2] = 0
    sets = Sets.fit(infer_target(Y, "classification"), left_out(Y[:3000], P[:3000]))
    members = sets.members(P[3000:], 0.9)
    for k in (0, 1):
        assert abs(members[Y[3000:, k] == 1, k].mean() - 0.9) < 0.03
    # of a label that was never true nobody knows when it is
    assert members[:, 2].all()


def test_without_rows_that_were_left_out_nothing_is_known() -> None:
    y = np.arange(5.0)
    assert conformal(numbers(y), left_out(y[:0, None], level(0)), 8) is None

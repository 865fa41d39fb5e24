"""Which models make an average, and how much each of them counts."""

import numpy as np
import pytest

from leadline.search import greedy_weights
from leadline.search.ensemble import STEPS


def negative_error(truth: np.ndarray):
    return lambda predictions: -float(np.mean((predictions[:, 0] - truth) ** 2))


def test_errors_that_cancel_are_averaged() -> None:
    truth = np.zeros(2)
    predictions = [np.array([[1.0], [1.0]]), np.array([[-1.0], [-1.0]]), np.array([[5.0], [-5.0]])]
    assert greedy_weights(negative_error(truth), predictions).tolist() == [0.5, 0.5, 0.0]


def test_a_network_that_is_added_twice_counts_twice() -> None:
    predictions = [np.array([[1.0]]), np.array([[-2.0]])]
    assert np.allclose(greedy_weights(negative_error(np.zeros(1)), predictions), [2 / 3, 1 / 3])


def test_the_best_one_stands_alone_where_no_other_helps() -> None:
    predictions = [np.array([[0.5]]), np.array([[0.1]]), np.array([[0.2]])]
    assert greedy_weights(negative_error(np.zeros(1)), predictions).tolist() == [0.0, 1.0, 0.0]


def test_one_network_is_kept_and_not_judged() -> None:
    assert greedy_weights(lambda predictions: 1 / 0, [np.zeros((3, 1))]).tolist() == [1.0]


def test_a_score_that_is_not_defined_chooses_nobody() -> None:
    weights = greedy_weights(lambda predictions: float("nan"), [np.zeros((2, 1)), np.ones((2, 1))])
    assert weights.tolist() == [0.5, 0.5]
    truth = np.zeros(1)

    def sometimes(predictions: np.ndarray) -> float:
        return float("nan") if predictions[0, 0] == 7.0 else negative_error(truth)(predictions)

    assert greedy_weights(sometimes, [np.array([[7.0]]), np.array([[1.0]])])[1] > 0


def test_the_average_is_at_least_as_good_as_its_best_network_on_the_rows_that_choose() -> None:
    generator = np.random.default_rng(0)
    truth = generator.normal(size=200)
    predictions = [(truth + generator.normal(size=200) * noise)[:, None] for noise in (0.3, 0.5, 0.9, 2.0)]
    score = negative_error(truth)
    weights = greedy_weights(score, predictions)
    assert weights.sum() == pytest.approx(1.0)
    assert score(np.tensordot(weights, predictions, 1)) >= max(map(score, predictions))
    assert len(predictions) <= STEPS

import numpy as np
import pytest

from leadline.search import Metric, Problem
from leadline.tables import Encoded, Target
from leadline.training import Hyperparameters

STANDARD = Hyperparameters(scaling="standard")


def test_statistics_come_from_the_training_rows_alone() -> None:
    generator = np.random.default_rng(0)
    numbers, y = generator.normal(size=(40, 2)), generator.normal(size=40)
    rows = np.arange(40)
    splits = [(rows[:20], rows[20:]), (rows[20:], rows[:20])]
    target = Target.infer(y, "regression")

    def build(numbers: np.ndarray, y: np.ndarray) -> Problem:
        encoded = Encoded(numbers, np.ones((40, 1), np.float32), (1,))
        return Problem.build(encoded, y, np.ones(40), target, Metric(None, target), splits, STANDARD)

    before = build(numbers, y)
    numbers, y = numbers.copy(), y.copy()
    numbers[20:] *= 100
    y[20:] += 1000
    after = build(numbers, y)
    assert before.inputs == (2, (1,))
    assert np.array_equal(before.data.X[0, :20], after.data.X[0, :20])
    assert np.array_equal(before.data.Y[0, :20], after.data.Y[0, :20])
    assert not np.array_equal(before.data.X[1, :20], after.data.X[1, :20])
    assert np.allclose(after.data.X[1, 20:, :2].mean(axis=0), 0, atol=1e-6)
    assert np.allclose(after.data.Y[1, 20:].std(), 1)


def test_the_judge_scores_in_the_units_of_the_target() -> None:
    y = np.array([10.0, 20.0, 30.0, 60.0])
    target = Target.infer(y, "regression")
    rows = np.arange(4)
    encoded = Encoded(np.arange(4.0)[:, None], np.zeros((4, 0), np.float32), ())
    metric = Metric(None, target)
    problem = Problem.build(
        encoded, y, np.ones(4), target, metric, [(rows[:3], rows[3:])], Hyperparameters(scaling="none")
    )
    score = problem.judge(0, rows[3:], np.zeros((1, 1)))  # predicts the training mean
    assert score == pytest.approx(-(60.0 - 20.0))

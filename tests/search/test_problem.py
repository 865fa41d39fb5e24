import pickle

import numpy as np
import pytest

from leadline.errors import ParameterError
from leadline.search import Metric, Problem, View
from leadline.tables import Encoded, Target
from leadline.training import Hyperparameters

STANDARD = Hyperparameters(scaling="standard")
ROWS = np.arange(40)


def build(numbers: np.ndarray, y: np.ndarray, sets=(ROWS[:20], ROWS[20:]), scoring=None) -> Problem:
    encoded = Encoded(numbers, np.ones((len(y), 1), np.float32), (1,))
    target = Target.infer(y, "regression")
    return Problem.build(encoded, y, np.ones(len(y)), target, Metric(scoring, target), sets, STANDARD)


def test_statistics_come_from_the_training_rows_alone() -> None:
    generator = np.random.default_rng(0)
    numbers, y = generator.normal(size=(40, 2)), generator.normal(size=40)
    before = build(numbers, y)
    numbers, y = numbers.copy(), y.copy()
    numbers[20:] *= 100
    y[20:] += 1000
    after = build(numbers, y)
    assert before.inputs == (2, (1,))
    first, second = View(0, "standard"), View(1, "standard")
    assert np.array_equal(before.examples(first).X[:20], after.examples(first).X[:20])
    assert np.array_equal(before.examples(first).Y[:20], after.examples(first).Y[:20])
    assert not np.array_equal(before.examples(second).X[:20], after.examples(second).X[:20])
    assert np.allclose(after.examples(second).X[20:, :2].mean(axis=0), 0, atol=1e-6)
    assert np.allclose(after.examples(second).Y[20:].std(), 1)


def test_every_view_scales_the_numbers_its_own_way() -> None:
    numbers = np.random.default_rng(0).lognormal(size=(40, 2))
    problem = build(numbers, np.arange(40.0))
    straight, bent = (problem.examples(View(0, scaling)).X for scaling in ("standard", "robust"))
    assert not np.array_equal(straight, bent)
    assert np.allclose(np.corrcoef(straight[:, 0], numbers[:, 0])[0, 1], 1.0)
    assert np.array_equal(problem.on([ROWS[20:]]).examples(View(0, "robust")).X, problem.examples(View(1, "robust")).X)


def test_inputs_do_not_depend_on_how_many_rows_are_scaled_at_once(monkeypatch) -> None:
    problem = build(np.random.default_rng(0).normal(size=(40, 2)), np.arange(40.0))
    whole = problem.examples(View(0, "robust")).X
    monkeypatch.setattr("leadline.search.problem.ROWS_IN_A_PART", 7)
    assert np.array_equal(problem.examples(View(0, "robust")).X, whole)


def test_the_judge_scores_in_the_units_of_the_target() -> None:
    y = np.array([10.0, 20.0, 30.0, 60.0])
    problem = build(np.arange(4.0)[:, None], y, [ROWS[:3]])
    score = problem.score(View(0, "none"), ROWS[3:4], np.zeros((1, 1)))  # predicts the training mean
    assert score == pytest.approx(-(60.0 - 20.0))
    assert problem.constant(ROWS[:3], 2).tolist() == [[20.0], [20.0]]


def test_a_score_that_is_not_defined_on_a_fold_is_refused_and_named() -> None:
    problem = build(np.random.default_rng(0).normal(size=(40, 1)), np.arange(40.0), scoring="r2")
    problem.check_scored([ROWS[20:], ROWS[:20]])
    with pytest.raises(ParameterError, match="The score R² is not defined on fold 2, 1 rows"):
        problem.check_scored([ROWS[20:], ROWS[:1]])


def test_rows_targets_weights_and_the_first_divisions_make_the_fingerprint() -> None:
    numbers, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40.0)
    digest = build(numbers, y).digest(2)
    assert digest == build(numbers.copy(), y.copy()).digest(2)
    assert digest == build(numbers, y, (ROWS[:20], ROWS[20:], ROWS)).digest(2)
    assert digest != build(numbers + 1e-9, y).digest(2)
    assert digest != build(numbers, y + 1e-9).digest(2)
    assert digest != build(numbers, y, (ROWS[:21], ROWS[20:])).digest(2)


def test_what_can_be_fitted_again_does_not_travel() -> None:
    problem = build(np.random.default_rng(0).normal(size=(40, 2)), np.arange(40.0))
    before = len(pickle.dumps(problem))
    X = problem.examples(View(0, "robust")).X
    assert len(pickle.dumps(problem)) == before
    assert np.array_equal(pickle.loads(pickle.dumps(problem)).examples(View(0, "robust")).X, X)

import pickle

import numpy as np
import pytest

from leadline.errors import DataError, ParameterError
from leadline.search import Metric, Problem, View
from leadline.tables import Encoded, Group, infer_target
from leadline.training import Hyperparameters

STANDARD = Hyperparameters(scaling="standard")
ROWS = np.arange(40)


def build(numbers: np.ndarray, y: np.ndarray, sets=(ROWS[:20], ROWS[20:]), scoring=None) -> Problem:
    encoded = Encoded(numbers, np.zeros((len(y), 1), np.int32), (Group(True, 0, 1),))
    target = infer_target(y, "regression")
    return Problem.build(encoded, y, np.ones(len(y)), target, Metric(scoring, target), sets, STANDARD)


def test_statistics_come_from_the_training_rows_alone() -> None:
    generator = np.random.default_rng(0)
    numbers, y = generator.normal(size=(40, 2)), generator.normal(size=40)
    before = build(numbers, y)
    numbers, y = numbers.copy(), y.copy()
    numbers[20:] *= 100
    y[20:] += 1000
    after = build(numbers, y)
    assert before.inputs(STANDARD) == (2, (1,), 0)
    first, second = View(0, "standard"), View(1, "standard")
    assert np.array_equal(before.inputs_of(first, ROWS[:20]), after.inputs_of(first, ROWS[:20]))
    assert np.array_equal(before.learned(first, ROWS[:20]), after.learned(first, ROWS[:20]))
    assert not np.array_equal(before.inputs_of(second, ROWS[:20]), after.inputs_of(second, ROWS[:20]))
    assert np.allclose(after.inputs_of(second, ROWS[20:])[:, :2].mean(axis=0), 0, atol=1e-6)
    assert np.allclose(after.learned(second, ROWS[20:]).std(), 1)


def test_every_view_scales_the_numbers_its_own_way() -> None:
    numbers = np.random.default_rng(0).lognormal(size=(40, 2))
    problem = build(numbers, np.arange(40.0))
    straight, bent = (problem.inputs_of(View(0, scaling), ROWS) for scaling in ("standard", "robust"))
    assert not np.array_equal(straight, bent)
    assert np.allclose(np.corrcoef(straight[:, 0], numbers[:, 0])[0, 1], 1.0)
    alone = problem.on([ROWS[20:]]).inputs_of(View(0, "robust"), ROWS)
    assert np.array_equal(alone, problem.inputs_of(View(1, "robust"), ROWS))


def test_networks_are_given_the_rows_as_they_were_read_and_how_to_see_them() -> None:
    """Numbers far from zero keep what float32 would lose, and rows in float32 are not copied."""
    numbers = np.random.default_rng(0).normal(size=(40, 2))
    numbers[:, 1] += 1e9
    problem = build(numbers, np.arange(40.0))
    assert problem.origin[0] == 0
    assert abs(problem.origin[1] - 1e9) < 10
    for scaling in ("standard", "robust", "none"):
        view = View(0, scaling)
        table = problem.examples(view)
        assert table.rows is problem.rows
        u = (table.rows.numbers - table.lens.center) / table.lens.scale
        seen = u / np.sqrt(1 + (u / table.lens.clip) ** 2)
        statistics = problem.fitted(view).statistics
        exact = (numbers - statistics.center) / statistics.scale
        exact /= np.sqrt(1 + (exact / table.lens.clip) ** 2)
        assert np.allclose(seen, exact, rtol=1e-5, atol=1e-5)
    single = np.ascontiguousarray(numbers[:, :1], np.float32)
    assert build(single, np.arange(40.0)).rows.numbers is single


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
    assert digest != build(numbers + 1e-6, y).digest(2)
    assert digest != build(numbers, y + 1e-9).digest(2)
    assert digest != build(numbers, y, (ROWS[:21], ROWS[20:])).digest(2)


def test_what_can_be_fitted_again_does_not_travel() -> None:
    problem = build(np.random.default_rng(0).normal(size=(40, 2)), np.arange(40.0))
    before = len(pickle.dumps(problem))
    X = problem.inputs_of(View(0, "robust"), ROWS)
    assert len(pickle.dumps(problem)) == before
    assert np.array_equal(pickle.loads(pickle.dumps(problem)).inputs_of(View(0, "robust"), ROWS), X)


class Files:
    """A source of rows that counts how often it is read."""

    reads = 0

    def __init__(self, numbers, y) -> None:
        self.numbers, self.y = numbers, y

    def read(self):
        type(self).reads += 1
        encoded = Encoded(self.numbers, np.zeros((len(self.y), 1), np.int32), (Group(True, 0, 1),))
        return encoded, self.y, np.ones(len(self.y))

    def __str__(self) -> str:
        return "rows.parquet"


def test_rows_that_can_be_read_again_do_not_travel_and_are_read_once() -> None:
    generator = np.random.default_rng(0)
    numbers, y = generator.normal(size=(40, 2)) * 1e3 + [1e9, 0.0], generator.normal(size=40)
    problem = build(numbers, y)
    problem.source = source = Files(numbers, y)
    before = source.reads
    for _ in range(3):
        sent = pickle.loads(pickle.dumps(problem))
        assert "rows" not in vars(sent)
        # on its way to another process again
        sent = pickle.loads(pickle.dumps(sent))
        sent.fetch()
        assert all(np.array_equal(a, b) for a, b in zip(sent.rows, problem.rows, strict=True))
        assert np.array_equal(sent.y, problem.y)
        view = View(0, "standard")
        assert np.array_equal(sent.inputs_of(view, ROWS), problem.inputs_of(view, ROWS))
    assert source.reads == before + 1
    y[3] += 1.0
    other = build(numbers, y)
    y = y.copy()
    y[5] += 1.0
    other.source = Files(numbers, y)
    with pytest.raises(DataError, match=r"rows\.parquet does not have the rows here that it had where the search beg"):
        pickle.loads(pickle.dumps(other)).fetch()

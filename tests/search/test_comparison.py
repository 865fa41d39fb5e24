"""How well the differences of scores are known: influences against rows drawn anew, and against many tables."""

from dataclasses import replace

import numpy as np
import pytest

from leadline.search import Comparison, Metric, Problem, compare, make_folds
from leadline.search.comparison import BLOCKS, Resampled
from leadline.tables import Encoded, infer_target
from leadline.training import Hyperparameters, stream

N, K = 400, 5


def make_problem(task: str = "regression", scoring=None, weighted: bool = False, units=None, seed: int = 0, n: int = N):
    generator = np.random.default_rng(seed)
    signal = generator.normal(size=n)
    y = signal if task == "regression" else (signal + 0.5 * generator.normal(size=n) > 0).astype(int)
    w = 0.2 + generator.random(n) ** 2 * 3 if weighted else np.ones(n)
    target = infer_target(y, task)
    splits, _ = make_folds(y, np.arange(n), target, units, K, seed=0)
    encoded = Encoded(signal[:, None], np.zeros((n, 0), np.int32), ())
    sets = [rows for rows, _ in splits]
    problem = Problem.build(encoded, y, w, target, Metric(scoring, target), sets, Hyperparameters(), units)
    return problem, [judged for _, judged in splits]


def models(problem: Problem, noises, seed: int = 1, common: float = 0.3) -> dict[int, np.ndarray]:
    """Predictions that see the signal through noise, of which they have a part in common."""
    generator = np.random.default_rng(seed)
    signal = problem.rows.numbers[:, 0].astype(np.float64)
    shared = generator.normal(size=len(signal)) * (1.0 if problem.units is None else 0.0)
    if problem.units is not None:
        shared = generator.normal(size=problem.units.max() + 1)[problem.units]
    found = {}
    for L, noise in enumerate(noises, start=1):
        seen = signal + common * shared + noise * generator.normal(size=len(signal))
        if problem.target.classes is None:
            found[L] = seen[:, None]
        else:
            p = 1 / (1 + np.exp(-2 * seen))
            found[L] = np.column_stack([1 - p, p])
    return found


def bootstrap(problem: Problem, folds, predictions, n: int = 4000) -> np.ndarray:
    resampled, generator = Resampled(problem, folds, list(predictions.values())), stream((7,))
    return np.cov(resampled.means(np.stack([resampled.counts(generator) for _ in range(n)])).T)


@pytest.mark.parametrize(
    ("task", "scoring", "weighted", "grouped"),
    [
        ("regression", None, False, False),
        ("regression", None, True, False),
        ("regression", None, False, True),
        ("regression", "mae", True, True),
        ("classification", None, False, False),
        ("classification", None, True, False),
        ("classification", "accuracy", False, True),
    ],
)
def test_influences_say_what_rows_drawn_anew_say(task: str, scoring, weighted: bool, grouped: bool) -> None:
    units = np.arange(N) // 4 if grouped else None
    problem, folds = make_problem(task, scoring, weighted, units)
    predictions = models(problem, (0.5, 0.6, 1.0))
    found = compare(problem, folds, predictions, 0).covariance
    expected = bootstrap(problem, folds, predictions)
    # a variance out of 4,000 draws is known to about 2 %
    assert np.allclose(np.diag(found), np.diag(expected), rtol=0.12)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        pair = [own[a, a] + own[b, b] - 2 * own[a, b] for own in (found, expected)]
        assert pair[0] == pytest.approx(pair[1], rel=0.12)


def test_groups_whose_rows_err_together_make_a_score_less_certain() -> None:
    units = np.arange(N) // 10
    grouped, folds = make_problem(units=units)
    predictions = models(grouped, (0.3, 0.3), common=1.0)
    alone = Problem(**{**vars(grouped), "units": None})
    assert compare(grouped, folds, predictions, 0).error(1) > 1.5 * compare(alone, folds, predictions, 0).error(1)


def test_the_error_of_a_difference_is_that_of_many_tables() -> None:
    gaps, errors = [], []
    for seed in range(150):
        problem, folds = make_problem(seed=seed, n=200)
        gap, error = compare(problem, folds, models(problem, (0.5, 0.6), seed=1000 + seed), 0).difference(1, 2)
        gaps.append(gap)
        errors.append(error)
    assert np.mean(errors) == pytest.approx(np.std(gaps), rel=0.15)


@pytest.mark.parametrize("grouped", [False, True])
def test_a_score_that_is_no_mean_over_rows_is_looked_at_without_blocks_of_them(grouped: bool) -> None:
    problem, folds = make_problem("classification", "roc_auc", units=np.arange(N) // 2 if grouped else None)
    predictions, looked = models(problem, (0.5, 1.0)), []
    comparison = compare(problem, folds, predictions, 0, lambda: looked.append(1))
    assert len(looked) == BLOCKS * K
    # fifty blocks know a variance to a fifth
    expected = bootstrap(problem, folds, predictions, 300)
    assert np.allclose(np.diag(comparison.covariance), np.diag(expected), rtol=0.6)
    assert np.array_equal(compare(problem, folds, predictions, 0).covariance, comparison.covariance)
    assert not np.array_equal(compare(problem, folds, predictions, 1).covariance, comparison.covariance)


def test_blocks_of_rows_say_on_average_what_influences_say() -> None:
    def rmse(estimator, X, y) -> float:
        return -float(np.sqrt(np.mean((estimator.predict(X) - y) ** 2)))

    ratios = []
    for seed in range(30):
        problem, folds = make_problem(scoring=rmse, seed=seed)
        same = Problem(**{**vars(problem), "metric": Metric(None, problem.target)})
        predictions = models(problem, (0.5, 0.6), seed=seed)
        errors = [compare(own, folds, predictions, seed).difference(1, 2)[1] for own in (problem, same)]
        ratios.append(errors[0] ** 2 / errors[1] ** 2)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.15)


def test_a_scorer_of_the_users_is_judged_without_blocks_of_rows() -> None:
    def nine_tenths(estimator, X, y) -> float:
        return -float(np.quantile(np.abs(estimator.predict(X) - y), 0.9))

    problem, folds = make_problem(scoring=nine_tenths)
    predictions = models(problem, (0.3, 1.0))
    comparison = compare(problem, folds, predictions, 0)
    assert (comparison.scores[0] > comparison.scores[1]).all()
    gain, error = comparison.difference(1, 2)
    assert 0 < 3 * error < gain


@pytest.mark.parametrize("scoring", [None, "r2"])
def test_folds_that_are_single_groups_are_compared_with_each_other(scoring) -> None:
    generator, errors, gaps = np.random.default_rng(0), [], []
    for seed in range(60):
        units = np.arange(200) // 40
        problem, folds = make_problem(scoring=scoring, units=units, seed=seed, n=200)
        assert {len(set(units[rows])) for rows in folds} == {1}
        # what errs, errs for a whole group
        truth = problem.y
        predictions = {L: truth + generator.normal(size=(5, 1))[units] for L in (1, 2)}
        gap, error = compare(problem, folds, predictions, 0).difference(1, 2)
        gaps.append(gap)
        errors.append(error)
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(gaps), rel=0.3)


def test_a_wish_to_stop_is_heard_between_blocks() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    problem, folds = make_problem("classification", "roc_auc")
    with pytest.raises(KeyboardInterrupt):
        compare(problem, folds, models(problem, (0.5,)), 0, stop)


@pytest.mark.parametrize(("task", "scoring"), [("regression", None), ("classification", None), ("regression", "r2")])
def test_models_that_say_the_same_differ_by_nothing(task: str, scoring) -> None:
    problem, folds = make_problem(task, scoring)
    predictions = models(problem, (0.5,))
    comparison = compare(problem, folds, {1: predictions[1], 2: predictions[1].copy()}, 0)
    gain, error = comparison.difference(1, 2)
    assert gain == 0.0
    assert error == pytest.approx(0.0, abs=1e-9)
    assert comparison.error(1) > 0


def test_scores_are_those_of_the_folds_and_the_mean_counts_folds_alike() -> None:
    problem, folds = make_problem(weighted=True)
    predictions = models(problem, (0.5, 0.6))
    comparison = compare(problem, folds, predictions, 0)
    for fold, rows in enumerate(folds):
        error = (predictions[2][rows, 0] - problem.y[rows, 0]) ** 2
        expected = -np.sqrt(np.average(error, weights=problem.w[rows]))
        assert comparison.scores[1, fold] == pytest.approx(expected)
    assert comparison.means.tolist() == comparison.scores.mean(axis=1).tolist()
    assert comparison.models == (1, 2)


def test_a_row_counts_by_its_weight() -> None:
    problem, folds = make_problem(weighted=True)
    w = problem.w.copy()
    w[::3] = 2.0
    weighted = replace(problem, rows=problem.rows._replace(w=w))
    scaled = replace(problem, rows=problem.rows._replace(w=3.0 * w))
    predictions = models(problem, (0.5, 0.6))
    a, b = (compare(own, folds, predictions, 0) for own in (weighted, scaled))
    assert np.allclose(a.covariance, b.covariance, rtol=1e-12)
    assert np.allclose(a.scores, b.scores, rtol=1e-12)


def test_draws_have_the_means_and_the_covariance() -> None:
    covariance = np.array([[2.0, 1.0], [1.0, 1.0]])
    comparison = Comparison((1, 2), np.array([[1.0, 3.0], [5.0, 5.0]]), covariance)
    drawn = comparison.draw(20_000, 0)
    assert np.allclose(drawn.mean(axis=0), [2.0, 5.0], atol=0.05)
    assert np.allclose(np.cov(drawn.T), covariance, atol=0.08)
    assert np.array_equal(drawn, comparison.draw(20_000, 0))
    assert comparison.difference(2, 1) == (3.0, 1.0)
    assert comparison.error(1) == pytest.approx(np.sqrt(2.0))


def test_a_fold_from_which_no_row_was_drawn_has_no_score() -> None:
    problem, folds = make_problem(scoring="r2")
    resampled = Resampled(problem, folds, [models(problem, (0.5,))[1]])
    counts = np.ones((1, N))
    whole = resampled.means(counts)[0, 0]
    assert np.isnan(resampled.means(np.zeros((1, N)))).all()
    counts[0, folds[0]] = 0
    rest = [problem.metric.score(problem.y[rows], models(problem, (0.5,))[1][rows]) for rows in folds]
    assert resampled.means(counts)[0, 0] == pytest.approx(np.mean(rest[1:]))
    assert whole == pytest.approx(np.mean(rest))


def test_whole_groups_are_drawn() -> None:
    problem, folds = make_problem(units=np.arange(N) // 40)
    resampled = Resampled(problem, folds, [models(problem, (0.5,))[1]])
    counts = resampled.counts(np.random.default_rng(0)).reshape(10, 40)
    assert (counts == counts[:, :1]).all()
    assert counts[:, 0].sum() == 10

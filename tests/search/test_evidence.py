import numpy as np
import pytest
from test_comparison import K, make_problem, models

from leadline.search import compare, gather_evidence
from leadline.search.evidence import RESAMPLES, RESAMPLES_OF_SCORERS


def gather(posed, predictions, seed: int = 0):
    problem, folds = posed
    return gather_evidence(problem, folds, predictions, seed, lambda: None)


@pytest.mark.parametrize(
    ("task", "scoring"),
    [("regression", None), ("regression", "mae"), ("classification", None), ("classification", "roc_auc")],
)
def test_a_choice_that_is_always_the_same_flatters_nobody(task: str, scoring: str | None) -> None:
    posed = make_problem(task, scoring)
    evidence = gather(posed, models(posed[0], (3.0, 0.2)))
    assert evidence.compared == 2
    assert evidence.optimism == pytest.approx(0.0, abs=1e-12)
    assert evidence.resamples == (RESAMPLES_OF_SCORERS if scoring == "roc_auc" else RESAMPLES)


def test_the_best_of_many_equal_depths_flatters() -> None:
    posed = make_problem()
    many = models(posed[0], (0.5,) * 20, common=0.0)
    few = {L: many[L] for L in (1, 2)}
    assert gather(posed, many).optimism > gather(posed, few).optimism >= 0
    # the truth is known: all have an error of 0.5, and the best on these rows seems better than that
    flattery = max(compare(*posed, many, 0).means) - (-0.5)
    assert 0.3 * flattery < gather(posed, many).optimism < 3 * flattery
    assert gather(posed, {1: many[1]}).optimism == 0.0


def test_whole_groups_are_drawn() -> None:
    posed = make_problem(units=np.arange(400) // 40)
    evidence = gather(posed, models(posed[0], (0.5, 0.45)))
    assert evidence.resamples == RESAMPLES
    assert evidence.optimism >= 0


def test_the_same_seed_gives_the_same_evidence() -> None:
    posed = make_problem()
    predictions = models(posed[0], (0.5, 0.5))
    assert gather(posed, predictions) == gather(posed, predictions)
    assert gather(posed, predictions, seed=1) != gather(posed, predictions)


def test_how_many_resamples_are_looked_at_together_changes_nothing(monkeypatch) -> None:
    posed = make_problem()
    predictions = models(posed[0], (0.5, 0.5))
    together = gather(posed, predictions)
    monkeypatch.setattr("leadline.search.evidence.AT_ONCE", 400 * 7)
    assert gather(posed, predictions).optimism == pytest.approx(together.optimism, rel=1e-9)


def test_resamples_for_which_a_score_is_not_defined_do_not_count() -> None:
    # only three rows are of the other class: often none of them is left out
    problem, folds = make_problem("classification", "roc_auc")
    y = np.zeros_like(problem.y)
    y[[rows[0] for rows in folds[:3]]] = 1
    problem.y = y
    evidence = gather_evidence(problem, folds, models(problem, (0.5, 0.5)), 0, lambda: None)
    assert 0 < evidence.resamples < RESAMPLES_OF_SCORERS
    assert np.isfinite(evidence.optimism)


def test_a_wish_to_stop_is_heard() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    problem, folds = make_problem()
    with pytest.raises(KeyboardInterrupt):
        gather_evidence(problem, folds, models(problem, (0.5,)), 0, stop)


def test_evidence_is_a_plain_record() -> None:
    posed = make_problem()
    assert set(gather(posed, models(posed[0], (0.5,) * K)).to_record()) == {"resamples", "optimism", "compared"}

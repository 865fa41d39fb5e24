import numpy as np
import pytest

from leadline.search import Metric, Problem, make_folds
from leadline.search.evidence import _Draws, _FoldScorer, gather_evidence
from leadline.tables import Encoded, Target
from leadline.training import Hyperparameters

N, K = 300, 5

STANDARD = Hyperparameters(scaling="standard")


def make_judge(task: str = "regression", scoring: str | None = None, groups=None):
    generator = np.random.default_rng(0)
    signal = generator.normal(size=N)
    y = signal if task == "regression" else (signal > 0).astype(int)
    target = Target.infer(y, task)
    splits, _ = make_folds(y, np.arange(N), target, groups, K, seed=0)
    encoded = Encoded(signal[:, None], np.zeros((N, 0), np.float32), ())
    weights = 0.5 + generator.random(N)
    return Problem.build(encoded, y, weights, target, Metric(scoring, target), splits, STANDARD, groups).judge, signal


def outputs_of(judge, signal, noise: float, seed: int, scale: float = 1.0):
    """What a network would say that sees the signal through noise."""
    generator = np.random.default_rng(seed)
    found = []
    for fold in judge.folds:
        rows = fold.validation_rows[fold.kept]
        seen = signal[rows] + noise * generator.normal(size=len(rows))
        if judge.target.classes is None:
            seen = (seen - fold.target.center[0]) / fold.target.scale[0]
        found.append((scale * seen)[:, None].astype(np.float32))
    return found


def gather(judge, outputs, select: str = "supported", seed: int = 0, rivals=None):
    return gather_evidence(judge, outputs, rivals or {}, 1 / (K - 1), select, seed, lambda: None)


@pytest.mark.parametrize(
    ("task", "scoring"),
    [("regression", None), ("regression", "mae"), ("classification", None), ("classification", "roc_auc")],
)
def test_a_depth_that_is_clearly_better_wins_always(task: str, scoring: str | None) -> None:
    judge, signal = make_judge(task, scoring)
    outputs = {1: outputs_of(judge, signal, 3.0, 1), 2: outputs_of(judge, signal, 0.2, 2)}
    evidence = gather(judge, outputs)
    assert evidence.answers[2] > 0.99
    assert evidence.wins == {1: 0.0, 2: 1.0}
    assert evidence.compared == 2
    assert evidence.optimism == pytest.approx(0.0, abs=1e-12), "the choice was always the same"
    assert evidence.resamples == (100 if scoring == "roc_auc" else 1000)


def test_depths_that_are_equally_good_share_the_wins_and_the_shallow_one_is_the_answer() -> None:
    judge, signal = make_judge()
    outputs = {L: outputs_of(judge, signal, 0.5, seed=L) for L in (1, 2, 3)}
    evidence = gather(judge, outputs)
    assert sum(evidence.wins.values()) == pytest.approx(1.0)
    assert max(evidence.wins.values()) < 0.95
    assert evidence.answers[1] > 0.5
    assert gather(judge, outputs, "best").answers == gather(judge, outputs).wins


def scores_of(judge, outputs):
    return [judge(f, judge.folds[f].validation_rows, own) for f, own in enumerate(outputs)]


def test_the_best_of_many_equal_depths_flatters() -> None:
    judge, signal = make_judge()
    many = {L: outputs_of(judge, signal, 0.5, seed=100 + L) for L in range(1, 21)}
    few = {L: many[L] for L in (1, 2)}
    assert gather(judge, many).optimism > gather(judge, few).optimism >= 0
    # the truth is known: all have an error of 0.5, and the best on these rows seems better than that
    flattery = max(np.mean(scores_of(judge, own)) for own in many.values()) - (-0.5)
    assert 0.3 * flattery < gather(judge, many).optimism < 3 * flattery


def test_a_choice_among_candidates_on_the_first_folds_flatters_as_many_of_the_scores() -> None:
    judge, signal = make_judge()
    many = sorted(
        (outputs_of(judge, signal, 0.5, seed=100 + c) for c in range(20)),
        key=lambda own: -sum(scores_of(judge, own)[:2]),
    )
    evidence = gather(judge, {1: many[0]}, rivals={1: [own[:2] for own in many]})
    assert evidence.compared == 20
    flattery = np.mean(scores_of(judge, many[0][:2])) - (-0.5)
    assert 0.3 * flattery < evidence.optimism * K / 2 < 3 * flattery
    assert gather(judge, {1: many[0]}).optimism == 0.0


def test_whole_groups_are_drawn() -> None:
    judge, signal = make_judge(groups=np.arange(N) // 30)
    outputs = {1: outputs_of(judge, signal, 0.5, 1), 2: outputs_of(judge, signal, 0.45, 2)}
    assert 0 < gather(judge, outputs).wins[2] <= 1
    counts = _Draws(judge).counts(np.random.default_rng(0)).reshape(10, 30)
    assert (counts == counts[:, :1]).all()
    assert counts[:, 0].sum() == 10


def test_the_same_seed_gives_the_same_evidence() -> None:
    judge, signal = make_judge()
    outputs = {L: outputs_of(judge, signal, 0.5, seed=L) for L in (1, 2)}
    assert gather(judge, outputs) == gather(judge, outputs)
    assert gather(judge, outputs, seed=1) != gather(judge, outputs)


def test_a_wish_to_stop_is_heard() -> None:
    judge, signal = make_judge()

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gather_evidence(judge, {1: outputs_of(judge, signal, 0.5, 1)}, {}, 0.25, "best", 0, stop)


def test_a_fold_from_which_no_row_was_drawn_has_no_score() -> None:
    judge, signal = make_judge("regression", "r2")
    scorer = _FoldScorer(judge, 0, [outputs_of(judge, signal, 0.5, 1)[0]])
    assert np.isnan(scorer(np.zeros((1, N)))).all()
    assert np.isfinite(scorer(np.ones((1, N)))).all()

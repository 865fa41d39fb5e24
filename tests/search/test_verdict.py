import numpy as np
import pytest
from scipy.stats import t as student

from leadline.search import give_verdict, in_words
from leadline.search.verdict import SELECTIONS, corrected_error, epochs_read, joint_epoch, p_better

SHARE = 0.25  # five folds


def around(mean: float, spread: float = 0.1, J: int = 5, seed: int = 0) -> np.ndarray:
    """J scores with exactly this mean and standard deviation."""
    x = np.random.default_rng(seed).normal(size=J)
    return mean + spread * (x - x.mean()) / x.std(ddof=1)


def test_the_corrected_error_is_that_of_nadeau_and_bengio() -> None:
    assert corrected_error(around(3.0, spread=2.0), SHARE) == pytest.approx(np.sqrt((1 / 5 + 1 / 4) * 4))


def test_the_p_value_is_that_of_students_t() -> None:
    reference = around(0.0, seed=1)
    better = reference + around(0.3, spread=0.2, seed=2)
    t = 0.3 / (np.sqrt(1 / 5 + 1 / 4) * 0.2)
    assert p_better(better, reference, SHARE) == pytest.approx(student.sf(t, 4))
    assert p_better(reference, better, SHARE) == pytest.approx(student.cdf(t, 4))


def test_equal_scores_are_a_draw_and_constant_differences_are_certain() -> None:
    scores = around(1.0)
    assert p_better(scores, scores, SHARE) == 0.5
    assert p_better(np.full(5, 2.0), np.full(5, 1.0), SHARE) == 0.0
    assert p_better(np.full(5, 1.0), np.full(5, 2.0), SHARE) == 1.0


def test_the_answer_is_the_smallest_depth_that_is_not_significantly_worse() -> None:
    base = around(-1.0)
    noise = around(0.0, spread=0.05, seed=3)
    verdict = give_verdict({1: base - 0.5 + noise, 2: base - 0.01 + noise, 3: base, 4: base - 0.02 - noise}, SHARE)
    assert verdict.best_depth == 3
    assert verdict.supported == (2, 3, 4)
    assert verdict.depth == 2
    assert verdict.p_worse[1] < 0.05 <= verdict.p_worse[2]
    assert verdict.p_better_than_before[2] < 0.05 < verdict.p_better_than_before[3]
    assert verdict.one_standard_error_depth == 2


def test_the_one_standard_error_depth_can_be_deeper_than_the_supported_one() -> None:
    best = around(0.0)
    # 1.5 standard errors: not significant with 4 degrees of freedom, but more than one
    difference = around(1.5 * np.sqrt(0.45) * 0.1, spread=0.1, seed=5)
    verdict = give_verdict({1: best - difference, 2: best}, SHARE)
    assert verdict.depth == 1
    assert verdict.one_standard_error_depth == 2


def test_a_tie_goes_to_fewer_layers() -> None:
    scores = around(1.0)
    verdict = give_verdict({1: scores, 2: scores, 3: scores}, SHARE)
    assert verdict.depth == verdict.best_depth == verdict.one_standard_error_depth == 1
    assert verdict.supported == (1, 2, 3)


def test_with_all_depths_equal_a_deeper_network_is_rarely_called() -> None:
    generator = np.random.default_rng(0)
    deeper = 0
    for _ in range(400):
        shared = generator.normal(size=5)
        scores = {L: shared + 0.5 * generator.normal(size=5) for L in (1, 2, 3, 4)}
        deeper += give_verdict(scores, SHARE).depth > 1
    assert deeper / 400 < 0.06


def test_with_equal_depths_and_correlated_folds_the_corrected_error_keeps_to_fewer_layers() -> None:
    generator, n, k, rho = np.random.default_rng(0), 2000, 5, SHARE / (1 + SHARE)
    called = {"best": 0, "plain": 0, "supported": 0}
    for _ in range(n):
        # what is common to a depth's folds, because they share training rows, and what is not
        own = np.sqrt(rho) * generator.normal(size=(4, 1)) + np.sqrt(1 - rho) * generator.normal(size=(4, k))
        scores = dict(zip((1, 2, 3, 4), own, strict=True))
        verdict = give_verdict(scores, SHARE)
        best = scores[verdict.best_depth]
        plain = min(L for L in scores if scores[L].mean() >= best.mean() - best.std(ddof=1) / np.sqrt(k))
        called["best"] += verdict.best_depth > 1
        called["plain"] += plain > 1
        called["supported"] += verdict.depth > 1
    assert called["best"] / n == pytest.approx(0.75, abs=0.04)
    assert called["plain"] / n > 0.5
    assert called["supported"] / n < 0.13


def test_a_folds_score_is_read_where_the_other_folds_are_best() -> None:
    curves = [np.array([0.0, 9.0, 1.0]), np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 3.0])]
    # the others of fold 0 are best in epoch 3, those of folds 1 and 2 in epoch 2
    assert epochs_read(curves) == [2, 1, 1]


def test_a_folds_own_rows_do_not_choose_its_epoch() -> None:
    generator = np.random.default_rng(0)
    curves = [generator.normal(size=50) for _ in range(5)]
    at = epochs_read(curves)[0]
    changed = [curve.copy() for curve in curves]
    changed[0][(at + 7) % 50] = 100.0
    assert epochs_read(changed)[0] == at


def test_a_curve_that_ended_early_stays_at_its_last_value() -> None:
    curves = [np.array([5.0, 4.0]), np.array([1.0, 2.0, 3.0, 9.0])]
    # the second says epoch 4, and the first is read at its last
    assert epochs_read(curves) == [1, 0]


def test_a_single_fold_is_read_at_its_end() -> None:
    assert epochs_read([np.array([1.0, 3.0, 2.0])]) == [2]


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ({1: 0.0}, "Only L = 1, linear regression, was judged: nothing can be said about depth."),
        (
            {1: 0.0, 2: 0.0, 3: 0.0},
            "L = 1 is enough: no deeper network, up to L = 3, is significantly better than linear regression.",
        ),
        (
            {1: 0.0, 2: 5.0},
            "L = 2 is supported: linear regression is significantly worse. Deeper networks were not judged.",
        ),
        (
            {1: 0.0, 2: 5.0, 3: 4.999},
            "L = 2 is supported: no deeper network is better, and linear regression is significantly worse.",
        ),
        (
            {1: 0.0, 2: 2.0, 3: 5.0, 4: 5.001},
            "L = 3 is supported: L = 4 scores best, but not significantly better, and every shallower one is "
            "significantly worse.",
        ),
    ],
)
def test_the_verdict_in_words(scores: dict[int, float], words: str) -> None:
    judged = {L: around(mean, seed=L) for L, mean in scores.items()}
    if len({*scores.values()}) == 1:
        judged = {L: around(mean) for L, mean in scores.items()}
    assert in_words(give_verdict(judged, SHARE), max(scores), "linear regression") == words


def test_what_is_asked_for_is_named_and_what_is_supported_stays_beside_it() -> None:
    best = around(0.0)
    difference = around(1.5 * np.sqrt(0.45) * 0.1, spread=0.1, seed=5)
    verdict = give_verdict({1: best - difference, 2: best}, SHARE)
    assert {name: rule(verdict) for name, rule in SELECTIONS.items()} == {
        "supported": 1,
        "one_standard_error": 2,
        "best": 2,
    }
    assert in_words(verdict, 2, "linear regression", "best") == (
        "L = 2 has the best mean, as asked; the smallest depth that is not significantly worse is L = 1."
    )
    assert in_words(verdict, 2, "linear regression", "one_standard_error") == (
        "L = 2 is the smallest within one standard error of the best, as asked; the smallest depth that is not "
        "significantly worse is L = 1."
    )


def test_where_nothing_was_learned_the_sentence_says_so() -> None:
    constant = around(0.0)
    scores = {1: constant + around(0.001, spread=0.1, seed=3), 2: constant + around(0.0, spread=0.1, seed=4)}
    verdict = give_verdict(scores, SHARE, constant)
    assert verdict.depth == 1
    assert in_words(verdict, 2, "linear regression") == (
        "Nothing was learned: L = 1 is not significantly better than a prediction that does not look at the inputs, "
        "and no deeper network, up to L = 2, is significantly better."
    )
    learned = give_verdict({1: constant + 1.0, 2: constant + 1.0}, SHARE, constant)
    assert all(p < 1e-9 for p in learned.p_learned.values())
    assert in_words(learned, 2, "linear regression").startswith("L = 1 is enough")


def test_the_joint_epoch_is_best_on_the_mean_curve_and_ended_curves_stay() -> None:
    assert joint_epoch([np.array([0.0, 2.0, 1.0]), np.array([0.0, 1.0, 5.0])]) == 3
    assert joint_epoch([np.array([0.0, 2.0]), np.array([0.0, 1.0, 0.5])]) == 2
    assert joint_epoch([np.array([1.0])]) == 1

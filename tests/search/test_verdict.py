import numpy as np
import pytest
from scipy.stats import norm

from leadline.search import (
    ADDITIVE,
    LEVEL,
    SELECTIONS,
    Comparison,
    Verdict,
    additive_share,
    give_verdict,
    in_words,
    learned,
    linear_name,
)
from leadline.search.verdict import CONSTANT, p_better

# Of the best score, that does not matter.
SHARE = 0.005


def comparison(means: dict[int, float], error: float | dict[int, float] = 0.01, folds: int = 5) -> Comparison:
    """Scores with these means, whose errors are independent of each other."""
    errors = [error[L] if isinstance(error, dict) else error for L in means]
    scatter = np.linspace(-1.0, 1.0, folds)
    scores = np.array([mean + 0.1 * scatter for mean in means.values()])
    return Comparison(tuple(means), scores, np.diag(np.square(errors)))


def judge(means: dict[int, float], error: float | dict[int, float] = 0.01, margin: float = SHARE, **more) -> Verdict:
    return give_verdict(comparison(means, error), margin, 0, **more)


def words(verdict: Verdict, depths, select: str = "supported", linear: str = "linear regression", **more) -> str:
    return in_words(verdict, list(depths), linear, select, **{"margin": SHARE, **more})


def test_a_p_value_is_that_of_the_normal_distribution() -> None:
    assert p_better(0.3, 0.2) == pytest.approx(norm.sf(1.5))
    assert p_better(-0.3, 0.2) == pytest.approx(norm.cdf(1.5))
    assert (p_better(0.0, 0.0), p_better(1.0, 0.0), p_better(-1.0, 0.0)) == (0.5, 0.0, 1.0)


def test_of_two_depths_the_p_value_is_that_of_their_difference() -> None:
    verdict = judge({1: -1.02, 2: -1.0}, 0.01)
    z = 0.02 / (np.sqrt(2) * 0.01)
    assert verdict.p_worse[1] == pytest.approx(norm.sf(z), abs=0.01)
    assert verdict.p_worse[2] == 1.0
    assert verdict.p_better_than_before == {2: pytest.approx(norm.sf(z))}
    assert verdict.standard_error == {1: pytest.approx(0.01), 2: pytest.approx(0.01)}


def test_the_smallest_depth_is_enough_where_it_has_the_best_mean() -> None:
    verdict = judge({1: -1.0, 2: -1.005, 3: -1.01})
    assert (verdict.depth, verdict.smallest, verdict.best_depth, verdict.decided) == (1, 1, 1, True)
    assert verdict.supported == (1, 2, 3)


def test_the_smallest_depth_is_enough_where_the_best_is_surely_within_the_margin() -> None:
    # half a thousandth better, known to a thousandth, with a margin of five
    verdict = judge({1: -1.0, 2: -0.9995}, 0.001)
    assert verdict.best_depth == 2
    assert (verdict.depth, verdict.decided, verdict.supported) == (1, True, (1, 2))
    assert verdict.margin == pytest.approx(SHARE * 0.9995)
    assert verdict.chances[2].better < LEVEL
    assert verdict.chances[2].equivalent > 0.95


def test_it_is_undecided_where_the_better_mean_may_be_better_by_more_than_the_margin() -> None:
    verdict = judge({1: -1.0, 2: -0.99}, 0.01)
    assert (verdict.depth, verdict.smallest, verdict.best_depth, verdict.decided) == (2, 1, 2, False)
    assert verdict.supported == (1, 2)
    assert verdict.chances[1].worse > LEVEL


def test_a_depth_that_is_significantly_worse_is_not_supported() -> None:
    verdict = judge({1: -1.5, 2: -1.0, 3: -1.02})
    assert (verdict.depth, verdict.decided, verdict.supported) == (2, True, (2, 3))
    assert verdict.p_worse[1] < 1e-3
    verdict = judge({1: -1.5, 2: -1.01, 3: -1.0})
    assert (verdict.depth, verdict.smallest, verdict.decided) == (3, 2, False)


def test_what_is_significantly_worse_by_less_than_the_margin_is_enough() -> None:
    verdict = judge({1: -1.0, 2: -0.998}, 0.0001)
    assert (verdict.depth, verdict.supported, verdict.decided) == (1, (2,), True)
    assert in_words(verdict, [1, 2], "linear regression") == (
        "L = 1 is enough: L = 2 is significantly better, but that it is by more than 1 % has a probability of under "
        "1 %."
    )


def test_without_a_margin_only_the_best_mean_is_enough() -> None:
    assert judge({1: -1.0, 2: -1.001}, 0.01, margin=0.0).decided
    assert not judge({1: -1.001, 2: -1.0}, 0.01, margin=0.0).decided


def test_a_tie_goes_to_fewer_layers() -> None:
    scores = np.tile(np.linspace(-1.0, 1.0, 5), (3, 1)) - 2.0
    verdict = give_verdict(Comparison((1, 2, 3), scores, np.ones((3, 3))), SHARE, 0)
    assert verdict.depth == verdict.best_depth == verdict.one_standard_error_depth == 1
    assert verdict.supported == (1, 2, 3)
    assert verdict.decided


def test_differences_that_do_not_vary_need_no_test() -> None:
    scores = np.array([[-1.0] * 5, [-0.9] * 5, [-0.9] * 5])
    verdict = give_verdict(Comparison((1, 2, 3), scores, np.ones((3, 3))), SHARE, 0)
    assert verdict.p_worse == {1: 0.0, 2: 1.0, 3: 1.0}
    assert (verdict.depth, verdict.supported, verdict.decided) == (2, (2, 3), True)


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_with_all_depths_equal_the_smallest_is_supported_as_often_as_the_level_says(
    correlation: float, monkeypatch
) -> None:
    monkeypatch.setattr("leadline.search.verdict.DRAWS", 1000)
    generator, n, D = np.random.default_rng(0), 500, 4
    covariance = np.full((D, D), correlation) + (1 - correlation) * np.eye(D)
    root, found, whole = np.linalg.cholesky(covariance), 0, 0
    for i in range(n):
        means = -100.0 + root @ generator.normal(size=D)
        scores = np.repeat(means[:, None], 2, axis=1)
        verdict = give_verdict(Comparison(tuple(range(1, D + 1)), scores, covariance), SHARE, i)
        found += 1 in verdict.supported
        whole += len(verdict.supported) == D
    assert found / n >= 0.94
    assert whole / n > 0.7


def test_the_best_depth_is_in_the_confidence_set_also_where_others_are_near(monkeypatch) -> None:
    monkeypatch.setattr("leadline.search.verdict.DRAWS", 1000)
    generator, n = np.random.default_rng(1), 500
    truth, found = np.array([-3.0, -0.5, 0.0, -0.2]) - 100.0, 0
    for i in range(n):
        scores = np.repeat((truth + generator.normal(size=4))[:, None], 2, axis=1)
        found += 3 in give_verdict(Comparison((1, 2, 3, 4), scores, np.eye(4)), SHARE, i).supported
    assert found / n >= 0.94


def test_chances_sum_to_one_and_are_those_of_the_difference() -> None:
    verdict = judge({1: -1.5, 2: -1.0, 3: -1.01, 4: -1.2}, 0.02)
    assert set(verdict.chances) == {1, 3, 4}
    for chances in verdict.chances.values():
        assert sum(chances) == pytest.approx(1.0)
        assert all(0 <= chance <= 1 for chance in chances)
    margin, error = 0.005, np.sqrt(2) * 0.02
    worse, equivalent, better = verdict.chances[3]
    assert worse == pytest.approx(norm.cdf((0.01 - margin) / error))
    assert better == pytest.approx(norm.sf((0.01 + margin) / error))
    assert equivalent == pytest.approx(1 - worse - better)
    assert verdict.chances[1].worse > 0.999


def test_as_good_is_the_chance_to_be_the_best_or_within_the_margin() -> None:
    equal = judge({1: -1.0, 2: -1.0}, 0.01, margin=0.0).as_good
    assert equal[1] == pytest.approx(0.5, abs=0.02)
    assert sum(equal.values()) == pytest.approx(1.0)
    wide = judge({1: -1.0, 2: -1.0}, 0.01, margin=0.05).as_good
    assert wide[1] == pytest.approx(norm.cdf(0.05 / (np.sqrt(2) * 0.01)), abs=0.02)
    clear = judge({1: -2.0, 2: -1.0}, 0.01).as_good
    assert clear == {1: 0.0, 2: 1.0}


def test_where_little_was_looked_at_the_usual_depth_is_the_answer_unless_another_is_better() -> None:
    means = {1: -1.02, 2: -1.01, 3: -1.0}
    assert judge(means, 0.02).depth == 3
    assert judge(means, 0.02, usual=2).depth == 2
    assert not judge(means, 0.02, usual=2).decided
    assert judge(means, 0.02, usual=7).depth == 3, "it was not judged"
    assert judge({1: -1.0, 2: -1.01}, 0.02, usual=2).depth == 2, "it is supported"
    assert judge({1: -1.0, 2: -1.01}, 0.02, usual=1).decided
    assert judge({1: -2.0, 2: -2.0, 3: -1.0}, 0.02, usual=2).depth == 3, "it is not supported"


def test_the_one_standard_error_depth_can_be_deeper_than_the_smallest_supported_one() -> None:
    error = 0.01
    verdict = judge({1: -1.0 - 1.5 * np.sqrt(2) * error, 2: -1.0}, error)
    assert verdict.smallest == 1
    assert verdict.one_standard_error_depth == 2
    near = judge({1: -1.0 - 0.9 * np.sqrt(2) * error, 2: -1.0}, error)
    assert near.one_standard_error_depth == 1
    assert {name: rule(near) for name, rule in SELECTIONS.items()} == {
        "supported": 2,
        "one_standard_error": 1,
        "best": 2,
    }


def test_the_additive_model_and_the_constant_are_no_depths() -> None:
    means = {1: -1.0, 2: -0.8, ADDITIVE: -0.1, CONSTANT: -2.0}
    verdict = judge(means, 0.01)
    assert (verdict.depth, set(verdict.p_worse), set(verdict.as_good)) == (2, {1, 2}, {1, 2})
    assert verdict.p_learned[1] < 1e-9
    assert judge({1: -1.0, 2: -0.8}).p_learned == {}


def test_a_verdict_is_a_plain_record() -> None:
    import json

    record = json.loads(json.dumps(judge({1: -1.0, 2: -0.8, CONSTANT: -2.0}).to_record()))
    assert record["depth"] == 2
    assert record["supported"] == [2]
    assert [L for L, _ in record["chances"]] == [1]
    assert [L for L, _ in record["p_learned"]] == [1, 2]


@pytest.mark.parametrize(
    ("means", "error", "sentence"),
    [
        ({1: -1.0}, 0.01, "Only L = 1, linear regression, was judged: nothing can be said about depth."),
        (
            {1: -1.0, 2: -1.1, 3: -1.2},
            0.01,
            "L = 1 is enough: that a deeper network, up to L = 3, is better than linear regression by more than 0.5 % "
            "has a probability of under 1 %.",
        ),
        (
            {1: -1.0, 2: -1.003},
            0.005,
            "L = 1 is enough: that a deeper network, up to L = 2, is better than linear regression by more than 0.5 % "
            "has a probability of 13 %.",
        ),
        (
            {1: -2.0, 2: -1.0},
            0.01,
            "L = 2 is supported: linear regression is significantly worse. Deeper networks were not judged.",
        ),
        (
            {1: -3.0, 2: -2.0, 3: -1.0},
            0.01,
            "L = 3 is supported: every shallower one is significantly worse. Deeper networks were not judged.",
        ),
        (
            {1: -2.0, 2: -1.0, 3: -1.01},
            0.01,
            "L = 2 is supported: linear regression is significantly worse, and that a deeper network, up to L = 3, is "
            "better by more than 0.5 % has a probability of 14 %.",
        ),
        (
            {1: -3.0, 2: -2.0, 3: -1.0, 4: -1.5},
            0.01,
            "L = 3 is supported: every shallower one is significantly worse, and that a deeper network, up to L = 4, "
            "is better by more than 0.5 % has a probability of under 1 %.",
        ),
        (
            {1: -1.01, 2: -1.0},
            0.01,
            "Undecided between L = 1 and L = 2: L = 2 has the better mean and is delivered. That L = 2 is better by "
            "more than 0.5 % has a probability of 64 %.",
        ),
    ],
)
def test_the_verdict_in_words(means: dict[int, float], error: float, sentence: str) -> None:
    assert words(judge(means, error), means) == sentence


def test_the_margin_and_the_name_of_the_first_depth_are_the_callers() -> None:
    verdict = judge({1: -1.0, 2: -1.1}, margin=0.02)
    assert words(verdict, (1, 2), linear=linear_name("classification"), margin=0.02) == (
        "L = 1 is enough: that a deeper network, up to L = 2, is better than logistic regression by more than 2 % has "
        "a probability of under 1 %."
    )
    assert linear_name("regression") == "linear regression"


def test_where_little_was_looked_at_the_sentence_says_so() -> None:
    verdict = judge({1: -1.02, 2: -1.01, 3: -1.0}, 0.02, usual=2)
    chance = f"{100 * verdict.chances[3].better:.0f} %"
    assert words(verdict, (1, 2, 3)) == (
        "Undecided between L = 2 and L = 3: L = 3 has the better mean, but too little was looked at: L = 2 is "
        f"delivered. That L = 3 is better by more than 0.5 % has a probability of {chance}."
    )
    verdict = judge({1: -1.01, 2: -1.0}, 0.01, usual=1)
    assert words(verdict, (1, 2)) == (
        "Undecided between L = 1 and L = 2: L = 2 has the better mean, but too little was looked at: L = 1 is "
        "delivered. That L = 2 is better by more than 0.5 % has a probability of 64 %."
    )


def test_what_is_asked_for_is_named_and_what_is_supported_stays_beside_it() -> None:
    verdict = judge({1: -1.0, 2: -0.9995}, 0.001)
    assert words(verdict, (1, 2), "best") == (
        "L = 2 has the best mean, as asked; the smallest depth that is not significantly worse is L = 1."
    )
    verdict = judge({1: -1.0 - 0.9 * np.sqrt(2) * 0.01, 2: -1.0}, 0.01)
    assert words(verdict, (1, 2), "one_standard_error") == (
        "L = 1 is the smallest within one standard error of the best, as asked; the smallest depth that is not "
        "significantly worse is L = 1."
    )


def test_where_nothing_was_learned_the_sentence_says_so() -> None:
    verdict = judge({1: -1.0, 2: -1.001, CONSTANT: -1.0})
    assert verdict.depth == 1
    assert not learned(verdict.p_learned, 1)
    assert words(verdict, (1, 2)) == (
        "Nothing was learned: L = 1 is not significantly better than a prediction that does not look at the inputs, "
        "and no deeper network, up to L = 2, is significantly better."
    )
    assert words(judge({1: -1.0, CONSTANT: -1.0}), (1,)) == (
        "Nothing was learned: L = 1 is not significantly better than a prediction that does not look at the inputs."
    )
    assert learned({}, 1), "nobody asked"


def curves(linear: float, additive: float, deep: float, error: float = 0.01):
    compared = comparison({1: linear, 2: deep, ADDITIVE: additive, CONSTANT: -9.0}, error)
    return additive_share(compared, give_verdict(compared, SHARE, 0), 2, 0)


def test_the_share_of_curves_is_that_of_the_gain_over_the_first_depth() -> None:
    share, low, high = curves(-2.0, -1.5, -1.0)
    assert share == pytest.approx(0.5)
    assert 0.47 < low < share < high < 0.53
    _, lower, higher = curves(-2.0, -1.5, -1.0, 0.1)
    assert lower < low < high < higher
    assert curves(-2.0, -2.5, -1.0) == (0.0, 0.0, 0.0)
    assert curves(-2.0, -0.5, -1.0) == (1.0, 1.0, 1.0)


def test_there_is_no_share_without_a_gain_or_without_the_three_models() -> None:
    assert curves(-1.0, -0.9, -0.999) is None
    for means in ({1: -2.0, 2: -1.0}, {2: -1.0, ADDITIVE: -2.0}):
        compared = comparison(means)
        assert additive_share(compared, give_verdict(compared, SHARE, 0), 2, 0) is None
    compared = comparison({1: -2.0, 2: -1.0, ADDITIVE: -1.0})
    assert additive_share(compared, give_verdict(compared, SHARE, 0), 1, 0) is None


def test_the_sentence_tells_the_share_of_curves() -> None:
    verdict = judge({1: -2.0, 2: -1.0, CONSTANT: -9.0})
    assert words(verdict, (1, 2), curves=(0.5, 0.42, 0.61)) == (
        "L = 2 is supported: linear regression is significantly worse. Deeper networks were not judged. Of its gain "
        "over linear regression, curves of single columns alone bring 50 % (42 to 61 %); the rest is interaction."
    )

import numpy as np
import pytest
from sklearn.model_selection import KFold, TimeSeriesSplit

from leadline.errors import DataError
from leadline.search import make_folds, most_repeats
from leadline.search.folds import repeats_needed
from leadline.tables import Target

Y = np.array(["a"] * 60 + ["b"] * 30 + ["c"] * 10)
CLASSES = Target.infer(Y, "classification")
NUMBERS = Target.infer(np.arange(100.0), "regression")
ALL = np.arange(100)


def test_every_row_is_judged_once_and_classes_keep_their_shares() -> None:
    splits, notices = make_folds(Y, ALL, CLASSES, None, 5, seed=0)
    assert notices == []
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(100))
    for train, test in splits:
        assert not set(train) & set(test)
        assert [int((Y[test] == c).sum()) for c in "abc"] == [12, 6, 2]


def test_the_seed_decides() -> None:
    first, again, other = (make_folds(Y, ALL, CLASSES, None, 5, seed=seed)[0] for seed in (1, 1, 2))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a[1], b[1]) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(("y", "target"), [(Y, CLASSES), (np.arange(100.0), NUMBERS)])
def test_a_group_is_never_on_both_sides(y: np.ndarray, target: Target) -> None:
    groups = np.random.default_rng(0).integers(0, 12, 100)
    splits, _ = make_folds(y, ALL, target, groups, 4, seed=0)
    for train, test in splits:
        assert not set(groups[train]) & set(groups[test])


def test_a_class_with_fewer_rows_than_folds_is_a_notice() -> None:
    y = np.array(["a"] * 20 + ["b"] * 20 + ["rare"] * 3)
    splits, notices = make_folds(y, np.arange(43), Target.infer(y, "classification"), None, 5, seed=0)
    assert len(splits) == 5
    assert notices == ["class rare has 3 rows, fewer than the 5 folds: some folds are judged without it"]


def test_classes_that_are_all_rare_are_divided_plainly() -> None:
    y = np.array(list("aabbccdd"))
    splits, notices = make_folds(y, np.arange(8), Target.infer(y, "classification"), None, 4, seed=0)
    assert len(splits) == 4
    assert len(notices) == 4


def test_too_few_rows_or_groups_are_refused() -> None:
    with pytest.raises(DataError, match="4 rows cannot be divided into 5 folds"):
        make_folds(np.arange(4.0), np.arange(4), NUMBERS, None, 5, seed=0)
    with pytest.raises(DataError, match="2 groups cannot be divided into 5 folds"):
        make_folds(np.arange(100.0), ALL, NUMBERS, ALL % 2, 5, seed=0)


def test_a_splitter_of_the_caller_is_used_as_it_is() -> None:
    splits, _ = make_folds(np.arange(100.0), ALL, NUMBERS, None, TimeSeriesSplit(3), seed=0)
    assert [len(train) for train, _ in splits] == [25, 50, 75]


def test_a_division_of_the_caller_loses_the_rows_that_are_not_kept() -> None:
    kept = np.arange(0, 100, 2)
    plain = list(KFold(4).split(ALL))
    splits, _ = make_folds(np.arange(100.0), kept, NUMBERS, None, plain, seed=0)
    for (train, test), (train_all, test_all) in zip(splits, plain, strict=True):
        assert kept[train].tolist() == [row for row in train_all if row % 2 == 0]
        assert kept[test].tolist() == [row for row in test_all if row % 2 == 0]


def test_repeats_divide_the_rows_anew_and_the_first_is_the_same() -> None:
    once, _ = make_folds(Y, ALL, CLASSES, None, 5, seed=0)
    thrice, _ = make_folds(Y, ALL, CLASSES, None, 5, seed=0, repeats=3)
    assert len(thrice) == 15
    for (_, a), (_, b) in zip(once, thrice[:5], strict=True):
        assert np.array_equal(a, b)
    for repeat in range(3):
        rows = np.concatenate([test for _, test in thrice[5 * repeat : 5 * repeat + 5]])
        assert np.array_equal(np.sort(rows), ALL)
    assert not np.array_equal(thrice[5][1], thrice[10][1])


def test_the_same_seed_repeats_the_same_way() -> None:
    a, b, c = (make_folds(Y, ALL, CLASSES, ALL // 4, 5, seed=seed, repeats=2)[0] for seed in (1, 1, 2))
    assert all(np.array_equal(x[1], y[1]) for x, y in zip(a, b, strict=True))
    assert not all(np.array_equal(x[1], y[1]) for x, y in zip(a, c, strict=True))


@pytest.mark.parametrize(("n", "most"), [(100, 4), (2_500, 4), (4_000, 2), (5_001, 1), (1_000_000, 1)])
def test_only_few_rows_are_divided_again(n: int, most: int) -> None:
    assert most_repeats(n) == most


def test_repeats_follow_the_scatter_of_the_scores() -> None:
    constant, spread = np.zeros(5), np.array([-2.0, -1.0, 0.0, 1.0, 2.0]) / np.sqrt(2.5)  # variance 1
    # s/sqrt(5) must come down to 0.05 of what was learned
    assert repeats_needed(10.0 + spread, constant, 4) == 1
    assert repeats_needed(6.4 + spread, constant, 4) == 2
    assert repeats_needed(5.2 + spread, constant, 4) == 3
    assert repeats_needed(1.0 + spread, constant, 4) == 4
    assert repeats_needed(constant, constant, 4) == 4, "nothing was learned"

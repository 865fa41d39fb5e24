import numpy as np
import pytest
from sklearn.model_selection import KFold, TimeSeriesSplit

from leadline.errors import DataError
from leadline.search import hold_out, make_folds, most_repeats, twins, usual_folds
from leadline.tables import Encoded, Group, Target, infer_target

Y = np.array(["a"] * 60 + ["b"] * 30 + ["c"] * 10)
CLASSES = infer_target(Y, "classification")
NUMBERS = infer_target(np.arange(100.0), "regression")
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
    splits, notices = make_folds(y, np.arange(43), infer_target(y, "classification"), None, 5, seed=0)
    assert len(splits) == 5
    assert notices == ["class rare has 3 rows, fewer than the 5 folds: some folds are judged without it"]


def test_classes_that_are_all_rare_are_divided_plainly() -> None:
    y = np.array(list("aabbccdd"))
    splits, notices = make_folds(y, np.arange(8), infer_target(y, "classification"), None, 4, seed=0)
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


def encoded(numbers: np.ndarray) -> Encoded:
    return Encoded(numbers, np.zeros((len(numbers), 0), np.int32), ())


def test_rows_that_are_the_same_in_every_column_and_in_the_target_are_twins() -> None:
    numbers = np.array([[1.0, np.nan], [2.0, 3.0], [1.0, np.nan], [3.0, 2.0], [2.0, 3.0]])
    y = np.array([5.0, 6.0, 5.0, 6.0, 6.0])
    alike = twins(encoded(numbers), y)
    assert alike is not None
    assert alike[0] == alike[2]
    assert alike[1] == alike[4]
    assert len(set(alike)) == 3, "the columns the other way round are another row"
    assert twins(encoded(numbers), np.arange(5.0)) is None, "another target is another row"
    codes = np.array([[0], [0], [1], [0], [1]], np.int32)
    assert twins(Encoded(numbers, codes, (Group(True, 0, 2),)), y) is None, "another category is another row"
    two = np.column_stack([y, [1.0, 2.0, 1.0, 2.0, 3.0]])
    alike = twins(encoded(numbers), two)
    assert [a == b for a, b in ((alike[0], alike[2]), (alike[1], alike[4]))] == [True, False]


def test_rows_that_are_alike_by_chance_are_no_twins() -> None:
    generator = np.random.default_rng(0)
    numbers = (generator.random((300, 2)) > 0.5).astype(float)
    labels = generator.integers(0, 2, 300)
    assert twins(encoded(numbers), labels) is None
    numbers[:4] = 7.0
    labels[:4] = 1
    alike = twins(encoded(numbers), labels)
    assert len(set(alike[:4])) == 1
    assert len(set(alike)) == 297


@pytest.mark.parametrize(("y", "target"), [(Y, CLASSES), (np.arange(100.0), NUMBERS)])
def test_twins_stay_in_one_fold_with_a_notice(y: np.ndarray, target: Target) -> None:
    y, alike = np.repeat(y, 2), np.repeat(np.random.default_rng(0).permutation(100), 2)
    splits, notices = make_folds(y, np.arange(200), target, None, 5, seed=0, alike=alike, repeats=2)
    assert notices == ["100 rows are there twice or more: rows that are alike share a fold"]
    assert len(splits) == 10
    for train, test in splits:
        assert not set(alike[train]) & set(alike[test])
        assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(200))
        assert len(test) == 40
        if target is CLASSES:
            assert [int((y[test] == c).sum()) for c in "abc"] == [24, 12, 4]
    _, notices = make_folds(y[:3], np.arange(3), NUMBERS, None, 2, seed=0, alike=np.array([0, 1, 1]))
    assert notices == ["1 row is there twice or more: rows that are alike share a fold"]


def test_groups_of_the_caller_go_before_twins() -> None:
    alike, groups = np.arange(100) // 2, np.arange(100) % 10
    plain = make_folds(np.arange(100.0), ALL, NUMBERS, groups, 5, seed=0)
    both = make_folds(np.arange(100.0), ALL, NUMBERS, groups, 5, seed=0, alike=alike)
    assert plain[1] == both[1] == []
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(plain[0], both[0], strict=True))


def test_twins_are_divided_as_groups_with_their_numbers_would_be() -> None:
    alike = np.random.default_rng(1).integers(0, 40, 100)
    alike = np.unique(alike, return_inverse=True)[1]
    one, _ = make_folds(np.arange(100.0), ALL, NUMBERS, None, 5, seed=3, alike=alike)
    other, _ = make_folds(np.arange(100.0), ALL, NUMBERS, alike, 5, seed=3)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(one, other, strict=True))


def test_as_many_folds_as_networks_where_rows_and_groups_allow_it() -> None:
    y = np.arange(100.0)
    assert [usual_folds(n, y, NUMBERS, None) for n in (1, 5, 8, 10, 30)] == [5, 5, 8, 10, 10]
    assert usual_folds(8, y, NUMBERS, ALL % 6) == 6
    assert usual_folds(8, y, NUMBERS, ALL % 3) == 5
    assert usual_folds(8, Y, CLASSES, None) == 8
    rare = np.array(["a"] * 50 + ["b"] * 7)
    assert usual_folds(8, rare, infer_target(rare, "classification"), None) == 7
    rare = np.array(["a"] * 50 + ["b"] * 2)
    assert usual_folds(8, rare, infer_target(rare, "classification"), None) == 5


def test_each_of_several_networks_is_stopped_by_a_fold_of_the_rows() -> None:
    rows = np.arange(10, 90)
    splits = hold_out(np.arange(100.0), rows, NUMBERS, 4, 0.1, seed=0)
    assert len(splits) == 4
    assert np.array_equal(np.sort(np.concatenate([stop for _, stop in splits])), rows)
    for train, stop in splits:
        assert np.array_equal(np.sort(np.concatenate([train, stop])), rows)
    ordered = hold_out(np.arange(100.0), rows, NUMBERS, 4, 0.1, seed=0, ordered=True)
    assert [stop.tolist() for _, stop in ordered] == [list(range(10 + 20 * i, 30 + 20 * i)) for i in range(4)]


def test_a_single_network_is_stopped_by_a_share_that_has_the_classes() -> None:
    ((train, stop),) = hold_out(Y, ALL, CLASSES, 1, 0.2, seed=0)
    assert [int((Y[stop] == c).sum()) for c in "abc"] == [12, 6, 2]
    assert np.array_equal(np.sort(np.concatenate([train, stop])), ALL)
    assert (np.diff(train) > 0).all()


@pytest.mark.parametrize("n_networks", [1, 4])
@pytest.mark.parametrize("kind", ["groups", "alike"])
def test_rows_that_belong_together_do_not_stop_what_learns_from_them(n_networks: int, kind: str) -> None:
    together = np.arange(100) // 4
    splits = hold_out(np.arange(100.0), ALL, NUMBERS, n_networks, 0.2, seed=0, **{kind: together})
    assert len(splits) == n_networks
    for train, stop in splits:
        assert len(stop)
        assert not set(together[train]) & set(together[stop])


@pytest.mark.parametrize("n_networks", [1, 4])
def test_too_few_rows_are_all_learned_from(n_networks: int) -> None:
    splits = hold_out(np.arange(100.0), ALL[:7], NUMBERS, n_networks, 0.1, seed=0)
    assert [(train.tolist(), stop.tolist()) for train, stop in splits] == [(list(range(7)), [])] * n_networks


@pytest.mark.parametrize("n_networks", [1, 4])
def test_a_table_of_few_different_rows_is_divided_row_by_row(n_networks: int) -> None:
    few = np.arange(100) % 3
    plain = hold_out(Y, ALL, CLASSES, n_networks, 0.1, seed=0)
    splits = hold_out(Y, ALL, CLASSES, n_networks, 0.1, seed=0, alike=few)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(plain, splits, strict=True))
    splits, notices = make_folds(Y, ALL, CLASSES, None, 5, seed=0, alike=few)
    assert notices == []
    assert [len(test) for _, test in splits] == [20] * 5


@pytest.mark.parametrize("n_networks", [1, 5])
def test_no_more_rows_stop_a_network_than_are_needed_and_it_learns_from_all_others(
    monkeypatch: pytest.MonkeyPatch, n_networks: int
) -> None:
    every = np.arange(len(Y))
    monkeypatch.setattr("leadline.search.folds.MOST_STOPPING", 3)
    splits = hold_out(Y, every, CLASSES, n_networks, 0.2, seed=0)
    assert len(splits) == n_networks
    assert len(set(np.concatenate([stop for _, stop in splits]).tolist())) == 3 * n_networks
    for train, stop in splits:
        assert stop.tolist() == sorted(stop)
        np.testing.assert_array_equal(np.asarray(train), np.setdiff1d(every, stop))
        assert (len(train), train.nbytes) == (len(Y) - len(stop), stop.nbytes)
        np.testing.assert_array_equal(train[::7], np.setdiff1d(every, stop)[::7])
    some = every[10:90:2]
    for train, stop in hold_out(Y, some, CLASSES, n_networks, 0.2, seed=0):
        assert len(stop) == 3
        np.testing.assert_array_equal(np.sort(np.concatenate([train, stop])), some)

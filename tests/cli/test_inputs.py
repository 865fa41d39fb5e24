"""From a table to what the search takes: the parts of a table, and the rows that are held out."""

import numpy as np
import pandas as pd
import pytest

from leadline.cli.inputs import check_metric, hold_out, number_column, prepare, take_column
from leadline.errors import DataError, ParameterError

N = 60


@pytest.fixture
def table():
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": generator.normal(size=N),
            "colour": generator.choice(["red", "blue"], N),
            "heavy": generator.integers(0, 3, N),
            "shop": generator.choice([f"s{i}" for i in range(8)], N),
            "price": generator.normal(size=N),
            "grade": ["a"] * 30 + ["b"] * 20 + ["c"] * 10,
        }
    )


def prepared(table, target="price", task="auto", drop=(), weight=None, group=None):
    return prepare(table, target, task, drop, weight, group)


# The parts of a table


def test_features_are_all_columns_without_a_part_of_their_own(table):
    given = prepared(table, drop=("grade",), weight="heavy", group="shop")
    assert given.features.columns.tolist() == ["size", "colour"]
    assert given.y.tolist() == table["price"].tolist()
    assert given.w.tolist() == table["heavy"].tolist()
    assert len(set(given.groups)) == table["shop"].nunique()


def test_rows_of_one_group_have_one_number(table):
    groups = prepared(table, group="shop").groups
    assert (pd.Series(groups).groupby(table["shop"]).nunique() == 1).all()


@pytest.mark.parametrize(("target", "task"), [("price", "regression"), ("grade", "classification")])
def test_the_task_is_guessed(table, target, task):
    assert prepared(table, target).target.task == task


def test_columns_that_say_nothing_are_noted_and_not_refused(table):
    given = prepared(table.assign(k=1, e=np.nan))
    assert given.notices == [
        "column 'k' is not used: it is constant (1)",
        "column 'e' is not used: it is entirely missing",
    ]


def test_a_class_with_a_single_row_of_some_weight_is_refused_by_its_row_in_the_table(table):
    table["w"] = [0.0] * 50 + [1.0] + [0.0] * 4 + [1.0] * 5
    table["kind"] = ["x"] * 50 + ["rare"] + ["x"] * 9
    table.loc[57:, "kind"] = "y"
    with pytest.raises(DataError, match=r"a class with a single row, 'rare' \(row 51\)"):
        prepared(table, "kind", weight="w")


def test_a_target_that_is_equal_wherever_the_weight_is_not_zero_is_refused(table):
    with pytest.raises(DataError, match=r"'price' is 1\.5 in every row"):
        prepared(table.assign(price=np.where(table["heavy"] > 0, 1.5, table["price"])), weight="heavy")


def test_a_wanted_column_is_named_with_its_purpose_and_the_first_columns(table):
    wide = pd.DataFrame({f"c{i}": [0] for i in range(15)})
    with pytest.raises(DataError, match=r"no weight column 'w'. Its columns are: c0, .*, c11 and 3 more\."):
        take_column(wide, "w", "weight")
    assert take_column(table, "price", "target").tolist() == table["price"].tolist()


@pytest.mark.parametrize("values", [[1, 2.5], ["1", "2.5"], pd.array([1, 2.5], dtype="Float64")])
def test_numbers_are_read_from_any_column_that_holds_some(values):
    assert number_column(pd.DataFrame({"w": values}), "w", "weight").tolist() == [1.0, 2.5]


# Rows held out


def check_division(train_rows, test_rows, expected):
    assert sorted([*train_rows, *test_rows]) == expected
    assert train_rows.tolist() == sorted(train_rows)
    assert test_rows.tolist() == sorted(test_rows)


def test_every_row_is_learned_from_or_tested_and_none_is_both(table):
    train_rows, test_rows = hold_out(prepared(table), 0.25, 5, 0)
    assert len(test_rows) == 15
    check_division(train_rows, test_rows, list(range(N)))


def test_the_seed_decides_which_rows(table):
    first, again, other = (hold_out(prepared(table), 0.2, 5, seed)[1].tolist() for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_classes_keep_their_shares(table):
    _, test_rows = hold_out(prepared(table, "grade"), 0.2, 5, 0)
    assert table["grade"][test_rows].value_counts().to_dict() == {"a": 6, "b": 4, "c": 2}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("target", ["price", "grade"])
def test_a_group_is_never_on_both_sides(table, target, seed):
    train_rows, test_rows = hold_out(prepared(table, target, group="shop"), 0.3, 2, seed)
    assert not set(table["shop"][train_rows]) & set(table["shop"][test_rows])
    check_division(train_rows, test_rows, list(range(N)))


def test_rows_of_weight_zero_are_on_neither_side(table):
    train_rows, test_rows = hold_out(prepared(table, weight="heavy"), 0.2, 5, 0)
    check_division(train_rows, test_rows, np.flatnonzero(table["heavy"] > 0).tolist())


@pytest.mark.parametrize("share", [0.05, 0.9])
def test_where_one_side_cannot_hold_every_class_the_classes_are_not_balanced(share):
    table = pd.DataFrame({"x": range(40), "kind": ["p", "q", "r", "s"] * 10})
    train_rows, test_rows = hold_out(prepared(table, "kind"), share, 2, 0)
    check_division(train_rows, test_rows, list(range(40)))


def test_too_few_rows_to_learn_every_class_are_refused():
    table = pd.DataFrame({"x": range(40), "kind": ["p", "q", "r", "s"] * 10})
    with pytest.raises(DataError, match="fell into the test set"):
        hold_out(prepared(table, "kind"), 0.95, 2, 0)


@pytest.mark.parametrize(
    ("n", "share", "cv", "words"),
    [
        (2, 0.2, 2, "2 rows are too few: 1 of them are held out for the test, and the other 1"),
        (6, 0.2, 5, "6 rows are too few: 2 of them are held out for the test, and the other 4"),
        (10, 0.9, 2, "10 rows are too few: 9 of them"),
    ],
)
def test_too_few_rows_are_counted(table, n, share, cv, words):
    with pytest.raises(DataError, match=words):
        hold_out(prepared(table.head(n).drop(columns="grade")), share, cv, 0)


def test_the_fewest_rows_that_can_be_divided_are_divided(table):
    train_rows, test_rows = hold_out(prepared(table.head(7).drop(columns="grade")), 0.2, 5, 0)
    assert (len(train_rows), len(test_rows)) == (5, 2)


def test_a_class_that_only_the_test_would_know_is_refused():
    # 2 test rows cannot hold all 3 classes; now and then they are the two of one class
    given = prepared(pd.DataFrame({"x": range(6), "kind": ["p", "p", "q", "q", "r", "r"]}), "kind")
    messages = []
    for seed in range(30):
        try:
            train_rows, _ = hold_out(given, 0.3, 2, seed)
        except DataError as error:
            messages.append(str(error))
        else:
            assert set(given.y[train_rows]) == {"p", "q", "r"}
    assert 0 < len(messages) < 30
    for message in messages:
        assert (
            "of 'kind' fell into the test set, so it cannot be learned. Try another --seed or --test-size." in message
        )


# Metrics


@pytest.mark.parametrize(
    ("metric", "target"),
    [
        (None, "price"),
        (None, "grade"),
        ("r2", "price"),
        ("auc", "grade"),
        ("f1_macro", "grade"),
        ("neg_max_error", "price"),
    ],
)
def test_a_metric_that_suits_the_target_passes(table, metric, target):
    check_metric(metric, prepared(table, target))


def test_a_metric_that_knows_no_weights_is_refused_with_weights_only(table):
    check_metric("neg_max_error", prepared(table))
    with pytest.raises(
        ParameterError, match="--metric 'neg_max_error' cannot judge a regression of 'price' with weights"
    ):
        check_metric("neg_max_error", prepared(table, weight="heavy"))


def test_a_metric_that_these_numbers_do_not_suit_is_refused(table):
    check_metric("neg_mean_squared_log_error", prepared(table.assign(price=table["price"] + 10)))
    with pytest.raises(ParameterError, match="cannot judge"):
        check_metric("neg_mean_squared_log_error", prepared(table.assign(price=table["price"] - 10)))


def test_what_all_rows_say_of_text_is_told_to_the_estimator() -> None:
    texts = [f"a {word} little text number {i}" for i, word in enumerate(["red", "blue"] * 20)]
    frame = pd.DataFrame({"said": texts, "city": ["Ulm", "Rom"] * 20, "y": np.arange(40) * 0.5})
    prepared = prepare(frame, "y", "auto", (), None, None)
    assert prepared.columns == {"said": "text", "city": "words"}
    assert prepare(frame, "y", "auto", (), None, None, said={"said": "drop"}).columns["said"] == "drop"

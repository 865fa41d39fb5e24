"""Layouts: what each column is taken for, and which numbers it becomes."""

import datetime
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from leadline.errors import DataError
from leadline.tables import CategoryColumn, Layout, NumberColumn, as_frame


def message(function, *given):
    with pytest.raises(DataError) as caught:
        function(*given)
    return str(caught.value)


def only_column(values, **options):
    """The record of a column with these values, or the reason why it is dropped, beside one that is kept."""
    frame = pd.DataFrame({"c": pd.Series(values, **options), "other": np.arange(len(values)) * 0.5})
    layout = Layout.infer(frame)
    return layout.dropped[0][1] if layout.dropped else layout.columns[0]


# What a column is taken for


@pytest.mark.parametrize(
    "values",
    [[1, 2, 3], [1.5, 2.5, 2.5], pd.array([1, 2, 3], dtype="Int64"), np.array([1, 2, 3], dtype=np.uint8)],
)
def test_numbers_are_a_number_column(values):
    assert only_column(values) == NumberColumn("c", missing=False)


def test_text_that_is_an_iso_date_is_a_date():
    days = ["2026-01-31", "2026-02-01", "2026-02-03"]
    for written in (days, [f"{day}T12:30" for day in days], [f"{day} 12:30:00+01:00" for day in days]):
        (column,) = Layout.infer(pd.DataFrame({"day": [*written, None]})).columns
        assert column == NumberColumn("day", missing=True, date=True)
        frame = pd.DataFrame({"day": written})
        assert np.diff(Layout.infer(frame).encode(frame).numbers[:, 0]).tolist() == [1.0, 2.0]
    for other in (["2026-13-31", "2026-02-01"] * 3, ["32.01.2026", "01.02.2026"] * 3, ["2026-01-31", "soon"] * 3):
        assert isinstance(Layout.infer(pd.DataFrame({"day": other})).columns[0], CategoryColumn)


def test_missing_numbers_are_noted():
    assert only_column([1.0, None, 3.0]) == NumberColumn("c", missing=True)


def test_dates_are_a_number_column_of_days():
    assert only_column(pd.to_datetime(["2026-01-01", "2026-01-02", None])) == NumberColumn("c", missing=True, date=True)


@pytest.mark.parametrize(
    ("values", "categories"),
    [
        (["b", "a", "b"], ("a", "b")),
        ([True, False, True], ("False", "True")),
        (pd.Categorical(["x", "y", "x"]), ("x", "y")),
        (pd.Categorical([2, 1, 2]), ("1", "2")),
        (["true", "maybe", "true"], ("True", "maybe")),
    ],
)
def test_text_truth_values_and_categories_are_a_category_column(values, categories):
    assert only_column(values) == CategoryColumn("c", categories, rare=False, missing=False)


def test_missing_categories_are_noted():
    assert only_column(["a", None, "a", "b"]) == CategoryColumn("c", ("a", "b"), rare=False, missing=True)


def test_the_commonest_64_categories_are_kept_and_the_others_share_one_input():
    values = [f"v{i:02}" for i in range(70) for _ in range(2)] + ["v69", "v68"]
    column = only_column(values)
    assert len(column.categories) == 64
    assert {"v68", "v69", "v00"} <= set(column.categories)
    assert "v67" not in column.categories
    assert column.rare


def test_the_categories_do_not_depend_on_the_order_of_rows():
    values = [f"v{i:02}" for i in range(70) for _ in range(2)]
    assert only_column(values) == only_column(values[::-1])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([None, None, None], "is entirely missing"),
        ([np.nan, np.nan, np.nan], "is entirely missing"),
        ([7, 7, 7], "is constant (7)"),
        (["x", "x", "x"], "is constant (x)"),
        (pd.to_datetime(["2026-01-01"] * 3), "is constant (2026-01-01 00:00:00)"),
        (["p", "q", "r"], "is text whose values all differ, an identifier"),
    ],
)
def test_a_column_that_says_nothing_is_dropped_with_the_reason(values, reason):
    assert only_column(values) == reason


def test_text_with_very_many_values_is_dropped_as_free_text():
    values = [f"comment {i}" for i in range(300) for _ in range(2)] + [f"c{i}" for i in range(301, 600)]
    assert only_column(values) == "is text with 599 different values in 899 rows"


def test_a_declared_category_is_no_identifier():
    assert only_column(pd.Categorical(["p", "q", "r"])).categories == ("p", "q", "r")


def test_one_value_and_missing_ones_tell_rows_apart():
    assert only_column([7.0, None, 7.0]) == NumberColumn("c", missing=True)
    assert only_column(["x", None, "x"]) == CategoryColumn("c", ("x",), rare=False, missing=True)


def test_a_table_without_a_useful_column_is_refused_with_the_reasons():
    text = message(Layout.infer, pd.DataFrame({"a": [1, 1], "b": [None, None]}))
    assert text == "No column is left to learn from: 'a' is constant (1); 'b' is entirely missing."


# Which numbers it becomes


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "size": [1.0, None, 3.0, 4.0],
            "colour": ["red", "blue", None, "red"],
            "day": pd.to_datetime(["1970-01-02 00:00", "1970-01-03 00:00", "1970-01-02 00:00", "1970-01-01 12:00"]),
        }
    )


@pytest.fixture
def layout(table):
    return Layout.infer(table)


def test_inputs_are_numbers_first_then_indicators_column_by_column(layout):
    assert layout.input_names == ["size", "day", "size missing", "colour = blue", "colour = red", "colour missing"]
    assert layout.n_inputs == 6


def test_an_input_is_not_named_as_another_one():
    frame = pd.DataFrame({"age": [1.0, None], "age missing": [2, 3], "c": ["x", "y"], "age missing_ = x": [4, 5]})
    assert Layout.infer(frame.rename(columns={"c": "age missing_"})).input_names == [
        "age",
        "age missing",
        "age missing_ = x",
        "age missing_",
        "age missing_ = x_",
        "age missing_ = y",
    ]


def test_rows_become_numbers_and_indicators(layout, table):
    encoded = layout.encode(table)
    np.testing.assert_array_equal(encoded.numbers, [[1, 1], [np.nan, 2], [3, 1], [4, 0.5]])
    np.testing.assert_array_equal(
        encoded.indicators,
        [[0, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]],
    )


def test_columns_may_come_in_any_order_and_others_are_ignored(layout, table):
    shuffled = table[["day", "colour", "size"]].assign(extra=1)
    assert layout.encode(shuffled).numbers.tobytes() == layout.encode(table).numbers.tobytes()
    assert layout.encode(shuffled).indicators.tobytes() == layout.encode(table).indicators.tobytes()


def test_an_unseen_category_is_no_category_where_none_is_rare(layout, table):
    encoded = layout.encode(table.assign(colour="green"))
    assert not encoded.indicators[:, 1:].any()


def test_an_unseen_category_counts_as_rare_where_some_are():
    values = [f"v{i:02}" for i in range(70) for _ in range(2)]
    layout = Layout.infer(pd.DataFrame({"c": values}))
    assert layout.input_names[-1] == "c = (rare)"
    encoded = layout.encode(pd.DataFrame({"c": ["unheard of", "v69", "v00"]}))
    assert encoded.indicators[:, -1].tolist() == [1, 1, 0]
    assert encoded.indicators.sum(axis=1).tolist() == [1, 1, 1]


def test_a_missing_value_where_training_had_none_sets_no_indicator(layout, table):
    encoded = layout.encode(table.assign(day=pd.NaT))
    assert np.isnan(encoded.numbers[:, 1]).all()
    assert encoded.indicators.shape == (4, 4)


@pytest.mark.parametrize("written", [[1, 2], [1.0, 2.0], ["1", "2"]])
def test_a_whole_number_is_the_same_category_however_it_is_stored(written):
    layout = Layout.infer(pd.DataFrame({"c": ["1", "2", "x", "1"]}))
    encoded = layout.encode(pd.DataFrame({"c": written}))
    np.testing.assert_array_equal(encoded.indicators, [[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize("trained", [[True, False], ["true", "false"], ["TRUE", "FALSE", "maybe"]])
@pytest.mark.parametrize("written", [[True, False], ["true", "false"], ["True", "False"], ["TRUE", "FALSE"]])
def test_a_truth_value_is_the_same_category_however_it_is_written(trained, written):
    layout = Layout.infer(pd.DataFrame({"c": 2 * trained}))
    encoded = layout.encode(pd.DataFrame({"c": written}))
    assert encoded.indicators[:, :2].tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    "written",
    [
        ["1970-01-02", "1970-01-03"],
        ["1970-01-02 00:00:00", "1970-01-03T00:00:00"],
        [datetime.date(1970, 1, 2), datetime.date(1970, 1, 3)],
        pd.to_datetime(["1970-01-02", "1970-01-03"]).tz_localize("UTC"),
    ],
)
def test_a_date_is_the_same_day_however_it_is_stored(layout, table, written):
    new = table.iloc[:2].drop(columns="day").assign(day=written)
    assert layout.encode(new).numbers[:, 1].tolist() == [1, 2]


def test_numbers_stored_as_text_are_numbers(layout, table):
    numbers = layout.encode(table.assign(size=["1", None, "3.0", "4e0"])).numbers
    np.testing.assert_array_equal(numbers[:, 0], [1, np.nan, 3, 4])


# What is refused


def test_a_missing_column_is_named_with_the_nearest_name(layout, table):
    text = message(layout.encode, table.rename(columns={"colour": "color"}))
    assert text == "Column 'colour', which the model was trained with, is missing. Did you mean 'color'?"


def test_text_among_numbers_is_named_by_column_row_and_value(layout, table):
    text = message(layout.encode, table.assign(size=["1", "2", "three", "4"]))
    assert text == (
        "Column 'size' held numbers in training, but row 3 has 'three'; write a number or leave the cell empty."
    )


@pytest.mark.parametrize("strange", ["1/2/1970", "soon", "3", "now", "today"])
def test_what_is_no_date_among_dates_is_named_by_column_row_and_value(layout, table, strange):
    text = message(layout.encode, table.assign(day=["1970-01-02", strange, "1970-01-02", None]))
    assert text.startswith(f"Column 'day' held dates in training, but row 2 has {strange!r}; write it like ")


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_value_is_named_by_column_and_row(layout, table, value):
    text = message(layout.encode, table.assign(size=[1.0, 2.0, 3.0, value]))
    assert f"Column 'size' has an infinite value in row 4 ({value})" in text
    assert "leave the cell empty" in text


def test_a_whole_number_that_no_column_can_hold_is_named_by_column_and_row(layout, table):
    for values in ([1, 2.5, 10**400, 4], ["1", 2, -(10**400), 4]):
        text = message(lambda own: layout.encode(as_frame(own)), table.assign(size=pd.Series(values, dtype=object)))
        assert text.startswith("Column 'size' has too large a number in row 3, beyond 1.8e+308; replace it by")


# Records


def test_a_layout_survives_json():
    frame = pd.DataFrame(
        {
            "n": [1.0, None, 2.0],
            "d": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"]),
            "c": ["ä", "b", "ä"],
            "gone": [0, 0, 0],
        }
    )
    layout = Layout.infer(frame)
    assert Layout.from_record(json.loads(json.dumps(layout.to_record()))) == layout


# Tables of other kinds


def test_an_array_gets_names_by_place():
    assert as_frame(np.ones((2, 3))).columns.tolist() == ["x0", "x1", "x2"]


def test_an_array_takes_the_names_given():
    assert as_frame(np.ones((2, 2)), ["a", "b"]).columns.tolist() == ["a", "b"]


def test_an_array_of_objects_has_columns_of_their_own_types():
    frame = as_frame(np.array([[1, "x"], [2, "y"]], dtype=object))
    assert frame["x0"].dtype == "int64"
    assert Layout.infer(pd.concat([frame, frame])).input_names == ["x0", "x1 = x", "x1 = y"]


def test_a_table_of_another_library_is_taken_as_it_is():
    frame = as_frame(pl.DataFrame({"n": [1, 2], "t": ["x", None]}))
    assert frame["n"].tolist() == [1, 2]
    assert frame["t"].isna().tolist() == [False, True]


def test_halves_of_characters_in_names_and_values_are_replaced():
    given = pd.DataFrame({"a": pd.Series(["x\ud800", "\udc00"], dtype=object)})
    given.columns = pd.Index(["a\ud800"], dtype=object)
    assert as_frame(given).to_dict("list") == {"a\ufffd": ["x\ufffd", "\ufffd"]}
    for array in (np.array([["\ud800", 1]], dtype=object), np.array([["\ud800", "1"]])):
        assert as_frame(array)["x0"].tolist() == ["\ufffd"]
    mixed = pd.DataFrame({"a": pd.Series(["\ud800", 1] * 3, dtype=object)})
    assert Layout.infer(as_frame(mixed)).category_columns[0].categories == ("1", "\ufffd")


def test_names_that_are_numbers_become_text():
    assert as_frame(pd.DataFrame({1: [1], 2: [2]})).columns.tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.ones(3), "Expected a 2D array"),
        (np.ones((2, 2, 2)), "got 3 dimension(s)"),
        (np.ones((2, 2)) * 1j, "complex values"),
        (sparse.csr_array((10**9, 10**6)), "the array that a network needs has 7,450,581 GiB"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than one column named 'a'"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(given, words):
    assert words in message(as_frame, given)


def test_a_category_is_kept_if_it_has_rows_enough_to_learn_from() -> None:
    counts = {f"w{i:04d}": n for i, n in enumerate([200] * 90 + [29] * 20)}
    column = CategoryColumn.of("word", counts, False)
    assert len(column.categories) == 90
    assert column.rare
    few = CategoryColumn.of("word", {word: n // 10 for word, n in counts.items()}, False)
    assert len(few.categories) == 64
    many = CategoryColumn.of("word", dict.fromkeys(map(str, range(3000)), 150), True)
    assert len(many.categories) == 1000
    assert not CategoryColumn.of("word", {"a": 1, "b": 2}, False).rare
    layout = Layout((column, CategoryColumn.of("side", {"a": 1, "b": 2}, False)), (("same", "is constant (1)"),))
    assert layout.notices == [
        "column 'word' has more categories than rows can tell of: the 90 commonest are kept apart, the others count as "
        "one",
        "column 'same' is not used: it is constant (1)",
    ]

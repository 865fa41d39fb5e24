"""How text is written: what is found, what is refused, and that reading by a record is the same thing later."""

import json
import math
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.errors import DataError, ModelFileError, ParameterError
from leadline.tables import CategoryColumn, Layout, NumberColumn, OrderedWords, TextColumn, WrittenNumbers, read_file
from leadline.tables.written import (
    WrittenDates,
    find_numbers,
    find_written,
    truth_of,
    written_from_record,
)

ONES = [
    WrittenNumbers(",", ".", "€"),
    WrittenNumbers(".", " ", "kg"),
    WrittenNumbers(unit="th"),
    WrittenDates("day"),
    WrittenDates(),
    OrderedWords((("S", "s"), ("M",), ("L",))),
]


@pytest.mark.parametrize("written", ONES, ids=str)
def test_a_record_comes_back_from_json(written):
    assert written_from_record(json.loads(json.dumps(written.to_record())), "it") == written


@pytest.mark.parametrize(
    "record",
    [
        None,
        {"kind": "time"},
        {"kind": "number", "decimal": ".", "thousands": ".", "unit": ""},
        {"kind": "number", "decimal": ";", "thousands": "", "unit": ""},
        {"kind": "date", "first": "year"},
        {"kind": "order", "words": []},
        {"kind": "order", "words": [["a"], ["a"]]},
        {"kind": "order", "words": [["a"], []]},
        {"kind": "order", "words": [["a"]], "more": 1},
    ],
)
def test_a_record_that_is_none_is_refused(record):
    with pytest.raises(ModelFileError):
        written_from_record(record, "it")


@given(
    values=st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)), min_size=2, max_size=20, unique=True),
    marks=st.sampled_from([(".", ","), (",", "."), (".", " "), (",", " "), (".", "'")]),
    unit=st.sampled_from(["", " kg", " €", "%", " m²"]),
)
@settings(max_examples=150, deadline=None)
def test_numbers_that_are_written_in_some_way_are_read_back(values, marks, unit):
    decimal, thousands = marks
    plain = [f"{value:,.2f}" for value in values]
    words = [own.replace(",", "#").replace(".", decimal).replace("#", thousands) + unit for own in plain]
    found = find_numbers(words, decimal)
    if found is None:  # nothing but 0.50 and the like: plain numbers in text
        assert (decimal, unit) == (".", "")
        assert all(abs(value) < 1000 for value in values)
        return
    assert found.read(words).tolist() == values
    # one by one as all together
    assert [found.read([word])[0] for word in words] == values
    assert written_from_record(found.to_record(), "it").read(words).tolist() == values


@given(
    st.lists(st.dates(pd.Timestamp("1970-01-01").date(), pd.Timestamp("2060-01-01").date()), min_size=2, max_size=30),
    st.sampled_from(["%d.%m.%Y", "%m/%d/%Y", "%d-%m-%Y", "%d %b %Y", "%B %d, %Y", "%Y/%m/%d", "%d/%m/%Y 10:30"]),
)
@settings(max_examples=150, deadline=None)
def test_dates_that_are_written_in_some_way_are_read_back_or_refused(dates, form):
    words = list(dict.fromkeys(date.strftime(form) for date in dates))
    expected = [(pd.Timestamp(date) - pd.Timestamp(0)) / pd.Timedelta(days=1) for date in dict.fromkeys(dates)]
    if "10:30" in form:
        expected = [own + 10.5 / 24 for own in expected]
    is_open = form[1] in "dm" and form[4] in "dm" and all(date.day <= 12 for date in dates)
    if is_open and any(date.day != date.month for date in dates):
        with pytest.raises(DataError, match="day first"):
            find_written("c", words)
        return
    found = find_written("c", words)
    assert found is not None
    assert np.allclose(found.read(words), expected, rtol=0, atol=1e-9)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=12, unique=True))
@settings(max_examples=300, deadline=None)
def test_whatever_text_stands_in_a_column_it_is_numbers_or_words_or_refused(words):
    frame = pd.DataFrame({"c": words * 2, "n": np.arange(2 * len(words))})
    try:
        layout = Layout.infer(frame)
    except DataError:
        return
    encoded = layout.encode(frame)
    assert len(encoded) == len(frame)
    again = Layout.from_record(json.loads(json.dumps(layout.to_record()))).encode(frame)
    assert np.array_equal(encoded.numbers, again.numbers, equal_nan=True)
    assert np.array_equal(encoded.codes, again.codes)


@given(
    st.binary(max_size=60)
    | st.text(alphabet="0123456789.,;\t|'\"$€%ab \n-/", max_size=120).map(lambda text: ("h1;h2\n" + text).encode())
)
@settings(max_examples=300, deadline=None)
def test_whatever_bytes_a_file_has_it_is_a_table_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    path.write_bytes(content)
    with suppress(DataError):
        assert len(read_file(path).frame) > 0


def test_many_words_are_read_as_few_are():
    values = np.random.default_rng(0).lognormal(8, 1, 3000).round(2)
    words = [f"${value:,.2f}" for value in values]
    written = find_numbers(words)
    assert written.read(words).tolist() == [written.read([word])[0] for word in words] == values.tolist()
    stamps = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(3000) * 7919.25, unit="s")
    for form in ("%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M"):
        words = list(dict.fromkeys(stamps.strftime(form)))
        written = find_written("c", words)
        assert written.read(words).tolist() == [written.read([word])[0] for word in words]
        assert np.isnan(written.read([*words, "now", "today"])[-2:]).all()


@pytest.mark.parametrize(
    "words",
    [
        ["12 kg", "500 g"],  # several units
        ["12%", "0.12"],  # a share with a sign and one without
        ["007", "1,234"],  # a code among numbers
        ["1A", "2A"],
        ["5pm", "7pm"],
        ["12", "13"],  # text of plain digits stays what the caller made it
        ["$5 or less", "$7"],
        ["1,23", "1.23"],  # two marks
        ["1,2,3", "4"],
        ["red", "blue"],
    ],
)
def test_what_might_be_no_number_is_none(words):
    assert find_numbers(words) is None


def test_other_values_than_those_of_training_are_named_with_what_was_expected():
    layout = Layout.infer(pd.DataFrame({"p": ["$1,200", "$5", "$7"], "d": ["31.01.2026", "01.02.2026", "03.02.2026"]}))
    good = pd.DataFrame({"p": ["$3.50", 4.5, None], "d": ["2026-01-31", "28.02.2026", "-"]})
    assert layout.encode(good).numbers.tolist()[:2] == [[3.5, 20484.0], [4.5, 20512.0]]
    with pytest.raises(DataError, match=r"'p' held numbers written like \$1,234.5 in training, but row 2 has 'cheap'"):
        layout.encode(good.assign(p=["$1", "cheap", "$2"]))
    with pytest.raises(DataError, match=r"'d' held dates .* the day first in training, but row 1 has '01/31/2026'"):
        layout.encode(good.assign(d="01/31/2026"))


def test_a_column_is_what_is_said_of_it():
    frame = pd.DataFrame(
        {
            "text": ["1,200", "3", "1,200", "4"],
            "words": ["1,200", "3", "1,200", "4"],
            "digits": ["12", "13", "12", "14"],
            "zip": [1234, 5678, 1234, 9],
            "size": ["tall", "grande", "venti", "tall"],
            "when": ["01/02/2026", "03/04/2026", "01/02/2026", "05/06/2026"],
            "compact": [20260131, 20260201, 20260131, 20251201],
        }
    )
    said = {
        "text": "text",
        "words": "words",
        "digits": "number",
        "zip": "category",
        "size": ["tall", "grande", "venti"],
        "when": "month-first",
        "compact": "date",
    }
    text, words, digits, zip_code, size, when, compact = Layout.infer(frame, said).columns
    assert isinstance(text, TextColumn)
    assert isinstance(words, CategoryColumn)
    assert isinstance(digits, NumberColumn)
    assert isinstance(zip_code, CategoryColumn)
    assert size == NumberColumn("size", False, False, OrderedWords((("tall",), ("grande",), ("venti",))))
    assert when == NumberColumn("when", False, True, WrittenDates("month"))
    assert compact.date
    names = ("digits", "size", "when", "compact")
    numbers = dict(zip(names, Layout.infer(frame, said).encode(frame).numbers.T, strict=True))
    assert numbers["size"].tolist() == [0, 1, 2, 0]
    assert numbers["when"][0] == (pd.Timestamp("2026-01-02") - pd.Timestamp(0)).days
    assert numbers["compact"][0] == (pd.Timestamp("2026-01-31") - pd.Timestamp(0)).days


@pytest.mark.parametrize(
    ("said", "error", "match"),
    [
        ("numbr", ParameterError, "can be said to be one of number, date"),
        (["a", "a"], ParameterError, "each once"),
        (["a", "b"], DataError, "one of its values is 'c'"),
        ("number", DataError, "is said to hold numbers"),
        ("day first", DataError, "is said to hold dates, the day first, but one of its values is"),
    ],
)
def test_what_a_column_cannot_be_is_refused(said, error, match):
    with pytest.raises(error, match=match):
        Layout.infer(pd.DataFrame({"c": ["a", "b", "c", "a"], "n": [1, 2, 3, 4]}), {"c": said})


def test_an_order_that_was_found_may_be_said_again_where_words_stand_for_missing_values():
    frame = pd.DataFrame({"c": ["low", "high", "unknown", "medium"], "n": [1, 2, 3, 4]})
    found = Layout.infer(frame)
    (order, _) = found.columns
    assert isinstance(order, NumberColumn)
    assert order.missing
    assert Layout.infer(frame, {"c": order.written}) == found
    assert Layout.infer(frame, {"c": ["low", "medium", "high"]}).encode(frame).numbers[:2, 0].tolist() == [0, 2]


def test_ordered_categories_of_pandas_are_places_and_others_are_categories():
    order = ["tiny", "odd", "vast", "never seen"]
    values = ["odd", "vast", "tiny", None]
    frame = pd.DataFrame({"o": pd.Categorical(values, order, ordered=True), "u": pd.Categorical(values, order)})
    ordered, plain = Layout.infer(frame).columns
    assert ordered == NumberColumn("o", True, False, OrderedWords(tuple((word,) for word in order)))
    assert isinstance(plain, CategoryColumn)
    found = Layout.infer(frame).encode(frame.assign(o=["vast", "unheard of", None, "odd"])).numbers[:, 0]
    assert found[0] == 2
    assert math.isnan(found[1])
    assert found[3] == 1


def test_words_for_yes_and_no_are_one_in_any_spelling():
    assert truth_of({"yes": 3, "Y": 1, "no": 2})["n"] == "no"
    assert truth_of({"yes": 3, "perhaps": 1}) == {}
    assert truth_of({"True": 3, "False": 1}) == {}
    layout = Layout.infer(pd.DataFrame({"c": ["Yes", "no", "Y", "Yes"], "n": range(4)}))
    assert layout.columns[0].categories == ("Yes", "no")
    assert layout.encode(pd.DataFrame({"c": ["YES", "N", "maybe"], "n": 0})).codes[:, 0].tolist() == [0, 1, -1]
    assert layout.notices == ["column 'c' is read as Yes or no, in any spelling"]

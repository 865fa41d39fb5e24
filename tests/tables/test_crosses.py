"""Crosses: the cell that a row is in, and what the record of a layout has of them."""

import dataclasses
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from leadline.errors import ModelFileError
from leadline.tables import CALENDAR, Cross, Layout, Statistics

FRAME = pd.DataFrame(
    {
        "size": [0.5, 0.1, np.nan, 0.5],
        "town": ["Ulm", "Jena", "Ulm", None],
        "year": [2001, 2002, 2003, 2001],
        "text": ["many words", "none of them alike", "in any of the rows", "of this table"],
        "seen": pd.to_datetime(["2021-12-25", "2020-02-29", "2021-01-01", "2019-05-04"]),
    }
)


@pytest.fixture(scope="module")
def layout() -> Layout:
    plain = Layout.infer(FRAME, {"town": "category", "text": "text"})
    sizes = plain.axis("size", (np.float32(0.1).item(), 0.5))
    return dataclasses.replace(plain, crosses=(Cross((sizes,)), Cross((plain.axis("town"), sizes))))


def written(layout: Layout) -> Any:
    """Its record as a file has it."""
    return json.loads(json.dumps(layout.to_record()))


def test_a_row_is_in_the_cell_of_its_values_and_what_is_unknown_in_one_of_its_own(layout: Layout) -> None:
    alone, cross = layout.crosses
    encoded = layout.encode(FRAME)
    jena, ulm = (layout.category_columns[0].categories.index(town) for town in ("Jena", "Ulm"))
    places = [(ulm, 2), (jena, 1), (ulm, 0), (2, 2)]
    assert encoded.told[:, -1].tolist() == [(town + 1) * 3 + size for town, size in places]
    assert encoded.told[:, -2].tolist() == [size for _, size in places]
    assert (alone.n_cells, cross.n_cells) == (3, 4 * 3)
    unknown = layout.encode(FRAME.assign(town="Bonn", size=7.0))
    assert unknown.told[:, -1].tolist() == [0] * 4


def test_numbers_are_found_again_in_either_precision(layout: Layout) -> None:
    encoded = layout.encode(FRAME)
    single = encoded.having(encoded.numbers.astype(np.float32), encoded.codes)
    np.testing.assert_array_equal(single.told, encoded.told)
    large = encoded.having(np.full_like(encoded.numbers, 1e300), encoded.codes)
    assert (large.told[:, -1] % 3 == 0).all()


def test_rows_keep_their_cells_when_some_are_taken_and_others_follow(layout: Layout) -> None:
    encoded = layout.encode(FRAME)
    np.testing.assert_array_equal(encoded[1:].told, encoded.told[1:])
    np.testing.assert_array_equal(encoded.followed_by(encoded).told, np.tile(encoded.told, (2, 1)))


def test_a_cross_has_no_inputs_of_its_own_but_statistics(layout: Layout) -> None:
    encoded = layout.encode(FRAME)
    plain = dataclasses.replace(encoded, crosses=())
    statistics = Statistics.fit(encoded.numbers, np.arange(4), np.ones(4), "standard")
    np.testing.assert_array_equal(statistics.apply(encoded), statistics.apply(plain))
    assert layout.notices[-2].startswith("column 'size' is also read value by value")
    assert layout.notices[-1].startswith("columns 'town' and 'size' are also read together")


def test_the_record_of_a_layout_has_its_crosses(layout: Layout) -> None:
    record = written(layout)
    again = Layout.from_record(record)
    assert again.crosses == layout.crosses
    assert written(again) == record
    del record["crosses"]
    assert Layout.from_record(record).crosses == ()


@pytest.mark.parametrize(
    ("sides", "words"),
    [
        ([{"name": "town", "values": []}, {"name": "nowhere", "values": []}], "'nowhere' must be a column"),
        ([{"name": "town", "values": []}, {"name": "text", "values": []}], "'text' must be a column"),
        ([{"name": "town", "values": [1.0]}, {"name": "year", "values": [1.0]}], "'town' must be a column"),
        ([{"name": "town", "values": []}, {"name": "year", "values": []}], "'year' must be a column"),
        ([{"name": "town", "values": []}, {"name": "year", "values": [2.0, 1.0]}], "ascending"),
        ([{"name": "town", "values": []}, {"name": "year", "values": ["2001"]}], "finite number"),
        ([{"name": "year", "values": [0.1]}], "'year' must be a column"),
        ([{"name": "year", "values": [1e300]}], "'year' must be a column"),
        ([{"name": "town", "values": []}, {"name": "town", "values": []}], "must be of one or two columns"),
        (
            [{"name": "town", "values": []}, {"name": "year", "values": [*map(float, range(5000))]}],
            "at most 16,384 cells",
        ),
        ([], "must be of one or two columns"),
        ([{"name": "size", "values": [1.0]}] * 3, "must be of one or two columns"),
        ([{"name": "town"}, {"name": "year", "values": [1.0]}], "lacks 'values'"),
        ([{"name": "year", "values": [], "calendar": "day of the year"}], "'year' must be a column"),
        ([{"name": "town", "values": [], "calendar": "day of the year"}], "'town' must be a column"),
        ([{"name": "seen", "values": [1.0], "calendar": "day of the year"}], "'seen' must be a column"),
        ([{"name": "seen", "values": [], "calendar": "day of the week"}], "'calendar' must be one of ''"),
        ([{"name": "seen", "values": [], "calendar": "day of the year"}, {"name": "town", "values": []}], "by itself"),
    ],
)
def test_crosses_of_a_file_are_checked(layout: Layout, sides: list[dict[str, object]], words: str) -> None:
    record = written(layout) | {"crosses": [sides]}
    with pytest.raises(ModelFileError, match=words):
        Layout.from_record(record)


def test_a_column_without_categories_has_no_cross(layout: Layout) -> None:
    record = written(layout)
    town = next(column for column in record["columns"] if column["name"] == "town")
    town.update(categories=[], rare=False, missing=False)
    with pytest.raises(ModelFileError, match="'town' must be a column of categories; it has none"):
        Layout.from_record(record)


def test_dates_are_read_by_the_calendar(layout: Layout) -> None:
    crosses = tuple(Cross((layout.axis("seen", calendar=name),)) for name in CALENDAR)
    dated = dataclasses.replace(layout, crosses=crosses)
    days = ["2021-12-25", "1969-12-25", "2020-11-26 23:57", None]
    told = dated.encode(FRAME.assign(seen=pd.to_datetime(pd.Series(days), format="mixed"))).told[:, -2:]
    assert told[:, 0].tolist() == [
        7 * (1 + 31 * month + day) + weekday for month, day, weekday in ((11, 24, 5), (11, 24, 3), (10, 25, 3))
    ] + [0]
    # a Saturday and a Thursday, both the fourth in December, and the fourth Thursday in November
    assert told[:, 1].tolist() == [1 + (12 * day + month) * 5 + 3 for day, month in ((5, 11), (3, 11), (3, 10))] + [0]
    assert [cross.name for cross in crosses] == ["day of the year of seen", "weekday of the month of seen"]
    assert dated.notices[-2:] == [
        "column 'seen' is also read by the day of the year, such as the 25th of December: what the same one in other "
        "years says of the target",
        "column 'seen' is also read by the weekday of the month, such as the fourth Thursday in November: what the "
        "same one in other years says of the target",
    ]
    assert Layout.from_record(written(dated)).crosses == crosses

"""Cycles of dates: which ones rows show, and the places in them."""

import datetime

import numpy as np
import pandas as pd
import pytest

from leadline.errors import ModelFileError
from leadline.tables import Layout
from leadline.tables.dates import (
    CALENDAR,
    CALENDAR_DAYS,
    CYCLES,
    calendar_places,
    calendar_size,
    cycles_of,
    tells,
)


def days(start: str, periods: int, freq: str) -> np.ndarray:
    points = pd.date_range(start, periods=periods, freq=freq)
    return ((points - pd.Timestamp(0)) / pd.Timedelta(days=1)).to_numpy()


@pytest.mark.parametrize(
    ("start", "periods", "freq", "shown"),
    [
        ("2026-01-31", 400, "D", ("week", "year")),
        ("2026-01-31", 200, "D", ("week",)),
        ("2026-01-31", 10, "D", ()),
        ("2026-01-31", 200, "h", ("day",)),
        ("2026-01-31 08:00", 400, "D", ("week", "year")),
        ("2020-01-01", 60, "7D", ("year",)),
        ("1960-01-01", 600, "7h", ("day", "week")),
        ("2000-01-01", 20, "YS", ("week",)),
    ],
)
def test_only_cycles_that_the_rows_show_enter(start, periods, freq, shown) -> None:
    assert cycles_of(days(start, periods, freq)) == shown


def test_gaps_and_a_single_day_show_nothing() -> None:
    assert cycles_of(np.array([np.nan, np.nan])) == ()
    assert cycles_of(np.array([20_000.25, np.nan, 20_000.25])) == ()


def test_places_come_again_also_before_1970() -> None:
    point = np.array([-1234.25, 20_000.5])
    for cycle in CYCLES.values():
        if cycle.period == int(cycle.period):
            assert np.allclose(cycle.numbers(point), cycle.numbers(point + 3 * cycle.period))
        assert np.allclose(np.hypot(*np.split(cycle.numbers(point), 2, axis=1)), cycle.heights[: cycle.waves])
    assert np.array_equal(CYCLES["week"].numbers(point), CYCLES["week"].numbers(np.floor(point)))
    assert not np.allclose(CYCLES["day"].numbers(point), CYCLES["day"].numbers(np.floor(point)))
    assert not CYCLES["year"].numbers(np.array([np.nan])).any()


def test_the_days_of_a_week_are_told_apart_by_a_linear_model() -> None:
    numbers = CYCLES["week"].numbers(np.arange(7.0))
    assert np.linalg.matrix_rank(np.column_stack([np.ones(7), numbers])) == 7


def test_a_cycle_tells_of_what_moves_with_it_and_of_noise_no_more_often_than_by_chance() -> None:
    when = np.arange(400.0)
    numbers = CYCLES["week"].numbers(when)
    found = []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        found.append(tells(numbers, generator.normal(size=(400, 3)), generator.uniform(0.5, 2.0, 400)))
    assert sum(found) <= 8, "one in a hundred"
    noise = np.random.default_rng(0).normal(size=(400, 2))
    saturday = (when % 7 == 2).astype(float)
    assert tells(numbers, noise + saturday[:, None] * [0.0, 2.0], np.ones(400))
    assert tells(numbers, saturday[:, None], np.ones(400)), "without anything left over"
    # twice the same places, as by rows of two days alone
    few = np.array([0.0, 3.0] * 40)
    assert tells(CYCLES["week"].numbers(few), few[:, None] + noise[:80, :1], np.ones(80))
    assert not tells(numbers, np.zeros((400, 1)), np.ones(400))
    assert not tells(numbers[:5], noise[:5], np.ones(5))
    assert not tells(np.zeros((400, 6)), noise, np.ones(400))


def table() -> pd.DataFrame:
    when = pd.Series(pd.date_range("2024-01-31", periods=500, freq="D"))
    return pd.DataFrame({"when": when.where(np.arange(500) % 50 > 0), "x": np.arange(500.0), "late": when})


def test_a_layout_has_the_places_behind_all_numbers() -> None:
    layout = Layout.infer(table()).fitted(table())
    size = CYCLES["week"].size + CYCLES["year"].size
    assert [len(own) for own in layout.numbers_of_columns] == [1 + size, 1, 1 + size]
    assert layout.derived == 2 * size
    encoded = layout.encode(table())
    assert encoded.numbers.shape == (500, 3 + 2 * size)
    assert not encoded.numbers[0, layout.numbers_of_columns[0][1:]].any(), "what is missing is in no place"
    assert len(layout.input_names) == layout.n_inputs == len(set(layout.input_names))
    assert layout.without_cycles({"when", "x"}).derived == size


def test_its_record_says_which_and_others_are_refused() -> None:
    layout = Layout.infer(table()).fitted(table())
    record = layout.to_record()
    assert record["columns"][0]["cycles"] == ["week", "year"]
    assert "cycles" not in record["columns"][1]
    assert Layout.from_record(record) == layout
    for wrong in (["month"], ["year", "week"], ["week", "week"]):
        record["columns"][0]["cycles"] = wrong
        with pytest.raises(ModelFileError, match="'cycles' must be some of day, week, year"):
            Layout.from_record(record)
    record["columns"][0]["cycles"] = []
    record["columns"][1]["cycles"] = ["week"]
    with pytest.raises(ModelFileError, match="of a date"):
        Layout.from_record(record)


@pytest.mark.parametrize("day", ["1970-01-01", "1999-12-31", "2024-02-29", "1969-07-20", "2399-11-28", "1600-02-29"])
def test_a_day_is_found_again_in_the_calendar(day: str) -> None:
    date = datetime.date.fromisoformat(day)
    place = (date - datetime.date(1970, 1, 1)).days % CALENDAR_DAYS
    by_day, by_weekday = (int(calendar_places(name)[place]) for name in CALENDAR)
    assert divmod(by_day, 7) == (1 + 31 * (date.month - 1) + date.day - 1, date.weekday())
    assert by_weekday == 1 + (12 * date.weekday() + date.month - 1) * 5 + (date.day - 1) // 7


def test_a_calendar_has_a_place_for_each_of_its_days() -> None:
    for name, present in zip(CALENDAR, (366, 7 * (12 * 5)), strict=True):
        places = calendar_places(name)
        assert len(places) == CALENDAR_DAYS
        assert len(np.unique(places // CALENDAR[name].kinds)) == present
        assert places.min() >= CALENDAR[name].kinds
        assert places.max() < calendar_size(name)
        assert calendar_size(name) % CALENDAR[name].kinds == 0

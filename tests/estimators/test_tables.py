"""The same rows in every kind of table, with every kind of column."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from leadline import DeepClassifier, DeepRegressor
from leadline.errors import DataError

N = 150


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "number": generator.normal(size=N),
            "whole": generator.integers(0, 9, N),
            "flag": generator.integers(0, 2, N).astype(bool),
            "word": generator.choice(list("abc"), N),
            "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(generator.integers(0, 90, N), unit="D"),
        }
    )


@pytest.fixture(scope="module")
def gaps(table: pd.DataFrame) -> pd.DataFrame:
    """The same with missing values in every column."""
    wide = table.astype({"whole": "Int64", "flag": "boolean"})
    for i, name in enumerate(wide.columns):
        wide.loc[i :: 7 + i, name] = pd.NA if name in ("whole", "flag") else None
    return wide


@pytest.fixture(scope="module")
def y(table: pd.DataFrame) -> np.ndarray:
    return (table["number"] + (table["word"] == "a") > 0).to_numpy().astype(int)


def fitted(X, y) -> DeepClassifier:
    return DeepClassifier((4,), max_iter=2, random_state=0).fit(X, y)


def python_objects(X: pd.DataFrame) -> pd.DataFrame:
    """Nothing but objects of Python: numbers, decimals, truth values, text, dates and None."""
    made = {
        "number": [None if pd.isna(v) else float(v) for v in X["number"]],
        "whole": [None if pd.isna(v) else decimal.Decimal(int(v)) for v in X["whole"]],
        "flag": [None if pd.isna(v) else bool(v) for v in X["flag"]],
        "word": [None if pd.isna(v) else str(v) for v in X["word"]],
        "day": [None if pd.isna(v) else v.date() for v in X["day"]],
    }
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in made.items()})


def arrow(X: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(X, preserve_index=False)


KINDS = {
    "nullable": lambda X: X.convert_dtypes(),
    "arrow-backed": lambda X: X.convert_dtypes(dtype_backend="pyarrow"),
    "objects": python_objects,
    "categories of text": lambda X: X.astype({"word": "category"}),
    "time zone": lambda X: X.assign(day=X["day"].dt.tz_localize("UTC")),
    "periods": lambda X: X.assign(day=X["day"].dt.to_period("D")),
    "an index": lambda X: X.set_index(np.zeros(len(X))),
    "other order": lambda X: X[sorted(X.columns, reverse=True)],
    "polars": lambda X: pl.from_arrow(arrow(X)),
    "polars categories and dates": lambda X: pl.from_arrow(arrow(X)).with_columns(
        pl.col("word").cast(pl.Categorical), pl.col("day").cast(pl.Date), pl.col("whole").cast(pl.Decimal(9, 2))
    ),
    "pyarrow table": arrow,
    "pyarrow batch": lambda X: pa.RecordBatch.from_pandas(X, preserve_index=False),
}


@pytest.mark.parametrize("missing", [False, True], ids=["complete", "with gaps"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_rows_give_the_same_bits_in_every_kind_of_table(kind: str, missing: bool, table, gaps, y) -> None:
    X = gaps if missing else table
    model, other = fitted(X, y), KINDS[kind](X)
    assert model.notices_ == []
    assert np.array_equal(fitted(other, y).predict_proba(X), model.predict_proba(X))
    assert np.array_equal(model.predict_proba(other), model.predict_proba(X))


def test_categories_that_are_ordered_are_learned_as_places_and_predicted_as_the_words_they_are(table, y) -> None:
    ordered = table.assign(word=pd.Categorical(table["word"], ordered=True))
    assert fitted(ordered, y).notices_ == ["column 'word' is read as places in an order: a < b < c"]
    model = fitted(table, y)
    assert np.array_equal(model.predict_proba(ordered), model.predict_proba(table))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", "i1", "u2", "i8", "u8", ">f8", ">i4"])
def test_arrays_of_every_kind_of_number(dtype: str, y) -> None:
    A = np.random.default_rng(0).integers(0, 100, (N, 3))
    expected = fitted(A.astype(float), y).predict_proba(A.astype(float))
    for given in (A.astype(dtype), np.asfortranarray(A.astype(dtype)), A.astype(dtype).tolist()):
        assert np.array_equal(fitted(given, y).predict_proba(given), expected)


def test_a_masked_array_has_gaps_where_it_is_masked(y) -> None:
    A = np.random.default_rng(0).normal(size=(N, 3))
    hidden = A > 1
    masked, with_nan = np.ma.array(A, mask=hidden), np.where(hidden, np.nan, A)
    assert np.array_equal(fitted(masked, y).predict_proba(masked), fitted(with_nan, y).predict_proba(with_nan))
    words = np.ma.array(np.full((N, 1), "a", dtype=object), mask=hidden[:, :1])
    assert fitted(words, y).model_.layout.category_columns[0].missing


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok"])
def test_a_sparse_matrix_is_the_array_that_it_stands_for(form: str, y) -> None:
    S = sparse.random(N, 12, 0.3, random_state=0)
    expected = fitted(S.toarray(), y).predict_proba(S.toarray())
    for given in (S.asformat(form), sparse.csr_array(S).asformat(form), S.asformat(form).astype(np.float64)):
        assert np.array_equal(fitted(given, y).predict_proba(given), expected)
    frame = pd.DataFrame.sparse.from_spmatrix(S, columns=[f"c{i:02d}" for i in range(12)])
    assert np.array_equal(fitted(frame, y).predict_proba(frame), expected)


def test_durations_are_days_and_times_of_day_are_categories(y) -> None:
    hours = np.random.default_rng(0).integers(0, 4, N)
    lasting = pd.DataFrame({"x": pd.to_timedelta(hours * 6, unit="h"), "z": hours})
    assert np.array_equal(
        fitted(lasting, y).predict_proba(lasting),
        fitted(lasting.assign(x=hours / 4), y).predict_proba(lasting.assign(x=hours / 4)),
    )
    objects = lasting.assign(x=[dt.timedelta(hours=int(6 * h)) for h in hours])
    assert np.array_equal(fitted(objects, y).predict_proba(objects), fitted(lasting, y).predict_proba(lasting))
    clock = pl.DataFrame({"x": [dt.time(int(h)) for h in hours], "z": hours})
    assert fitted(clock, y).model_.layout.category_columns[0].categories == tuple(f"{h:02d}:00:00" for h in range(4))


def test_columns_that_cannot_be_read_are_left_out_with_a_notice(table, y) -> None:
    X = table.assign(
        lists=[[1, 2]] * N,
        records=[{"a": i} for i in range(N)],
        token=[f"id-{i:04d}" for i in range(N)],
        same="x",
        nothing=None,
    )
    model = fitted(X, y)
    assert model.notices_ == [
        "column 'lists' is not used: it holds lists or records",
        "column 'nothing' is not used: it is entirely missing",
        "column 'records' is not used: it holds lists or records",
        "column 'same' is not used: it is constant (x)",
        "column 'token' is not used: it is text whose values all differ, an identifier",
    ]
    assert np.array_equal(model.predict_proba(X), fitted(table, y).predict_proba(table))


def test_codes_with_many_values_keep_the_common_ones(y) -> None:
    generator = np.random.default_rng(0)
    codes = [f"{code:05d}" for code in np.minimum(generator.geometric(0.02, N), 90)]
    X = pd.DataFrame({"code": codes, "z": np.arange(N) % 7})
    column = fitted(X, y).model_.layout.category_columns[0]
    assert len(column.categories) <= 64
    assert column.rare == (len(set(codes)) > 64)
    assert all(len(category) == 5 for category in column.categories), "leading zeros stay"


def test_unseen_categories_and_new_gaps_are_predicted(table, gaps, y) -> None:
    model = fitted(table, y)
    assert np.isfinite(model.predict_proba(gaps)).all()
    assert np.isfinite(model.predict_proba(table.assign(word="z"))).all()


def test_a_column_of_another_kind_is_named_with_row_and_value(table, y) -> None:
    model = fitted(table, y)
    with pytest.raises(DataError, match=r"Column 'number' held numbers in training, but row 1 has 'many'"):
        model.predict(table.assign(number="many"))
    with pytest.raises(DataError, match=r"Column 'day' held dates in training, but row 1 has 'soon'"):
        model.predict(table.assign(day="soon"))


def test_an_array_is_known_by_place_and_a_table_by_names(table, y) -> None:
    A = table[["number", "whole"]].to_numpy()
    by_place = fitted(A, y)
    assert np.array_equal(by_place.predict_proba(table[["number", "whole"]]), by_place.predict_proba(A))
    by_name = fitted(table[["whole", "number"]], y)
    assert np.array_equal(by_name.predict_proba(A[:, ::-1]), by_name.predict_proba(table[["number", "whole"]]))
    for model, given in ((by_place, A[:, :1]), (by_name, A[:, :1])):
        with pytest.raises(DataError, match="X has 1 features, but DeepClassifier is expecting 2 features"):
            model.predict(given)


def test_empty_text_is_missing(table, y) -> None:
    gaps = np.arange(N) % 5 == 0
    empty, none = (table.assign(word=table["word"].where(~gaps, gap)) for gap in ("", None))
    model = fitted(none, y)
    assert np.array_equal(fitted(empty, y).predict_proba(empty), model.predict_proba(none))
    assert np.array_equal(model.predict_proba(table.assign(word=" ")), model.predict_proba(table.assign(word=None)))
    assert np.array_equal(model.predict_proba(table.assign(number="")), model.predict_proba(table.assign(number=None)))


def test_names_are_sorted_by_their_numbers(y) -> None:
    A = np.random.default_rng(0).normal(size=(N, 12))
    frame = pd.DataFrame(A, columns=[f"x{i}" for i in range(12)])
    assert np.array_equal(fitted(frame, y).predict_proba(frame), fitted(A, y).predict_proba(A))


def test_what_is_no_table_is_refused(y) -> None:
    for given, said in (
        ([[1, 2], [3]], "its rows have different numbers of values"),
        (pl.Series([1.0, 2.0]), "Expected a 2D array"),
        ([[[1]], [[2]]], "Expected a 2D array"),
    ):
        with pytest.raises(DataError, match=said):
            fitted(given, y[:2])


def test_lists_may_mix_numbers_and_text(table, y) -> None:
    mixed = table[["number", "word"]]
    rows = [list(row) for row in mixed.itertuples(index=False)]
    as_list = fitted(rows, y)
    assert [type(column).__name__ for column in as_list.model_.layout.columns] == ["NumberColumn", "CategoryColumn"]
    assert np.array_equal(as_list.predict_proba(rows), fitted(mixed, y).predict_proba(mixed))


def test_a_new_name_is_told_as_the_column_that_is_missing(table, y) -> None:
    with pytest.raises(DataError, match=r"Column 'number', which the model was trained with, is missing"):
        fitted(table, y).predict(table.rename(columns={"number": "numbers"}))


def test_names_are_forgotten_when_there_are_none_any_more(table, y) -> None:
    model = fitted(table, y)
    assert hasattr(model, "feature_names_in_")
    model.fit(table[["number", "whole"]].to_numpy(), y)
    assert not hasattr(model, "feature_names_in_")
    assert model.n_features_in_ == 2


def test_what_is_equal_but_of_another_type_is_another_category() -> None:
    X = pd.DataFrame({"x": pd.Series([1, True, "1", 1.0, "true", None] * 20, dtype=object), "z": range(120)})
    column = fitted(X, np.arange(120) % 2).model_.layout.category_columns[0]
    assert column.categories == ("1", "True")
    assert column.missing


@pytest.mark.parametrize("sizes", [(), (8,)])
def test_numbers_as_large_as_there_are_in_a_column_are_learned_beside_others(sizes) -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(200, 3))
    y = X[:, 0] + 0.1 * generator.normal(size=200)
    X[:, 1] = np.where(X[:, 1] > 0, 1e308, -1e308)
    X[::20, 2] = 1e308
    model = DeepRegressor(hidden_layer_sizes=sizes, max_iter=20, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.5


def having(column: object) -> DeepRegressor:
    return DeepRegressor((), max_iter=2, n_networks=1, random_state=0).fit(
        pd.DataFrame({"given": column, "z": np.arange(float(N))}), np.arange(float(N))
    )


def test_points_in_time_of_summer_and_winter_are_points_in_utc() -> None:
    zones = [dt.timezone(dt.timedelta(hours=1 + i % 2)) for i in range(N)]
    local = [dt.datetime(2024, 1, 1, 12, tzinfo=zone) + dt.timedelta(days=i) for i, zone in enumerate(zones)]
    utc = [value.astimezone(dt.UTC).replace(tzinfo=None) for value in local]
    in_zones, plain = (having(pd.Series(own, dtype=object)) for own in (local, utc))
    assert in_zones.model_.layout == plain.model_.layout
    rows = pd.DataFrame({"given": pd.Series(local[:1], dtype=object), "z": [3.0]})
    np.testing.assert_array_equal(in_zones.predict(rows), plain.predict(rows.assign(given=utc[0])))
    with pytest.raises(DataError, match="'given' has points in time with and without a time zone"):
        having(pd.Series([*local[1:], utc[0]], dtype=object))


def test_gaps_of_pandas_among_numbers_that_are_objects_are_gaps() -> None:
    numbers = [pd.NA, 1, 2.5] * (N // 3)
    plain = having(pd.Series(numbers, dtype="Float64"))
    own = having(pd.Series(numbers, dtype=object))
    np.testing.assert_array_equal(
        own.predict(pd.DataFrame({"given": pd.Series([pd.NA, 7], dtype=object), "z": 0.0})),
        plain.predict(pd.DataFrame({"given": [np.nan, 7.0], "z": 0.0})),
    )


def test_arrow_columns_of_pandas_are_what_they_hold() -> None:
    days = pd.Series(pd.date_range("2020-01-01", periods=N).date).astype("date32[pyarrow]")
    assert having(days).model_.layout == having(pd.date_range("2020-01-01", periods=N)).model_.layout
    kinds = {"lists": ([[1]] * N, pa.list_(pa.int64())), "records": ([{"a": 1}] * N, pa.struct([("a", pa.int64())]))}
    for values, kind in kinds.values():
        told = having(pd.Series(values, dtype=pd.ArrowDtype(kind))).notices_
        assert "column 'given' is not used: it holds lists or records" in told


def test_what_no_column_of_words_or_numbers_can_hold_is_refused() -> None:
    words = having(pd.Series(list("ab") * (N // 2)))
    with pytest.raises(DataError, match="'given' holds a list or a record in row 2"):
        words.predict(pd.DataFrame({"given": ["a", ["b"]], "z": 0.0}))
    with pytest.raises(DataError, match="'given' has complex values"):
        having(np.arange(N) * 1j)


def test_a_score_reads_the_target_as_a_fit_does(table: pd.DataFrame) -> None:
    X = table[["number"]]
    flags = pd.Series([None, *table["flag"][1:].tolist()], dtype=object).dropna()
    classes = DeepClassifier((), n_networks=1, random_state=0).fit(X.loc[flags.index], flags)
    assert classes.score(X.loc[flags.index], flags) == np.mean(
        classes.predict(X.loc[flags.index]) == flags.astype(bool)
    )
    written = [f"${1000 + i:,}" for i in range(N)]
    numbers = DeepRegressor((), n_networks=1, random_state=0).fit(X, written)
    assert numbers.score(X, written) == numbers.score(X, 1000.0 + np.arange(N))


def test_names_that_are_equal_but_of_another_type_are_two_names(table: pd.DataFrame) -> None:
    X = pd.DataFrame(table[["number", "whole"]].to_numpy(), columns=pd.Index([1, True], dtype=object))
    model = DeepRegressor((), n_networks=1, random_state=0).fit(X, table["number"])
    assert [column.name for column in model.model_.layout.columns] == ["1", "True"]
    assert model.score(X, table["number"]) > 0.9


@pytest.mark.parametrize("dtype", [object, str])
def test_a_class_with_half_a_character_is_refused(dtype: type, table: pd.DataFrame) -> None:
    y = np.array(["a", "b\ud800"] * (N // 2), dtype=dtype)
    with pytest.raises(DataError, match=r"The target 'y' has 'b\\ud800' in row 2: half a character"):
        fitted(table, y)

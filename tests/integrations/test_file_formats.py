"""Tables in files that other libraries read: Excel and DuckDB."""

import pandas as pd
import pytest

from leadline.errors import DataError
from leadline.tables import parse_form, read_file, read_table

TABLE = pd.DataFrame(
    {
        "zip": ["01234", "90210", "01234"],
        "price": [1.5, None, 3.0],
        "sold": pd.to_datetime(["2026-01-31", "2026-02-01", None]),
        "n": [1, 2, 3],
        "new": [True, False, True],
    }
)


@pytest.fixture
def book(tmp_path):
    pytest.importorskip("openpyxl")
    path = tmp_path / "book.xlsx"
    with pd.ExcelWriter(path) as writer:
        TABLE.to_excel(writer, sheet_name="Sales", index=False, startrow=2, startcol=1)
        pd.DataFrame({"a": [5]}).to_excel(writer, sheet_name="Other", index=False)
        pd.DataFrame().to_excel(writer, sheet_name="Empty", index=False)
    return path


def test_a_sheet_is_read_with_its_kinds_of_values(book):
    found = read_file(book)
    assert found.form == "Excel, sheet 'Sales' of 3"
    assert found.frame["zip"].tolist() == TABLE["zip"].tolist()
    for name in ("price", "n"):
        assert pd.api.types.is_numeric_dtype(found.frame[name])
        pd.testing.assert_series_equal(found.frame[name], TABLE[name], check_dtype=False)
    assert found.frame["sold"].tolist()[:2] == TABLE["sold"].tolist()[:2]
    assert found.frame["new"].tolist() == [True, False, True]


def test_a_sheet_is_chosen_by_its_name(book):
    assert read_table(book, said=parse_form(["sheet=Other"])).to_dict("list") == {"a": [5]}
    with pytest.raises(
        DataError, match=r"no sheet 'Sale'\. Did you mean 'Sales'\? Its sheets are: Sales, Other, Empty"
    ):
        read_table(book, said=parse_form(["sheet=Sale"]))
    with pytest.raises(DataError, match="sheet 'Empty' is empty"):
        read_table(book, said=parse_form(["sheet=Empty"]))


def test_a_column_of_a_sheet_without_a_name_is_not_named_as_another_one(tmp_path):
    pytest.importorskip("openpyxl")
    pd.DataFrame([["", "column 1"], [1, 2]]).to_excel(tmp_path / "t.xlsx", header=False, index=False)
    assert read_table(tmp_path / "t.xlsx").to_dict("list") == {"column 1_": [1], "column 1": [2]}


def test_a_damaged_book_is_refused_in_one_line(tmp_path):
    pytest.importorskip("openpyxl")
    (tmp_path / "t.xlsx").write_bytes(b"PK nonsense")
    with pytest.raises(DataError, match=r"t\.xlsx is not an Excel table that can be read: .*\.$"):
        read_table(tmp_path / "t.xlsx")


def test_a_query_on_duckdb_is_a_table(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.execute("CREATE TABLE sales AS SELECT * FROM (VALUES (1, 2.5), (2, NULL)) t(n, price)")
    found = read_table(tmp_path / "t.duckdb")
    assert found["n"].tolist() == [1, 2]
    assert found["price"].dtype == "float64"
    said = parse_form(["query=SELECT count(*) AS rows FROM sales"])
    assert read_table(tmp_path / "t.duckdb", said=said)["rows"].tolist() == [2]
    with pytest.raises(DataError, match="nothing"):
        read_table(tmp_path / "t.duckdb", said=parse_form(["query=SELECT * FROM nothing"]))
    with pytest.raises(DataError, match="read-only"):
        read_table(tmp_path / "t.duckdb", said=parse_form(["query=DELETE FROM sales"]))

"""Reading of files: what comes in, and what is said about files that are no tables."""

import gzip
import io
import sqlite3
import sys
from contextlib import closing

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from leadline.errors import DataError, ParameterError
from leadline.tables import WrittenNumbers, nearest, parse_form, read_file, read_table


@pytest.fixture
def write(tmp_path):
    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def standard_input(monkeypatch):
    def put(content):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    return put


def message(path):
    with pytest.raises(DataError) as caught:
        read_table(path)
    return str(caught.value)


# What is read


def test_numbers_text_truth_values_and_missing_values_come_out_of_a_csv(write):
    table = read_table(write("n,t,b,m\n1,x,true,1.5\n2,y,false,\n"))
    assert table.columns.tolist() == ["n", "t", "b", "m"]
    assert table["n"].tolist() == [1, 2]
    assert table["t"].tolist() == ["x", "y"]
    assert table["b"].tolist() == [True, False]
    assert table["m"].isna().tolist() == [False, True]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(write, delimiter):
    table = read_table(write(f"a{delimiter}b\n1{delimiter}2\n"))
    assert table.to_dict("list") == {"a": [1], "b": [2]}


@pytest.mark.parametrize("word", ["", "NA", "NaN", "null", "?"])
def test_usual_words_for_missing_are_missing(write, word):
    assert read_table(write(f"a,b\n{word},1\n5,1\n"))["a"].isna().tolist() == [True, False]


def test_a_gzipped_file_reads_as_the_plain_one(write):
    text = "a,b\n1,x\n2,y\n"
    plain, packed = write(text), write(gzip.compress(text.encode()), "table.csv.gz")
    pd.testing.assert_frame_equal(read_table(plain), read_table(packed))


def test_endings_may_be_written_in_capitals(write):
    assert len(read_table(write("a,b\n1,2\n", "TABLE.CSV"))) == 1


def test_a_parquet_file_reads_as_the_csv_of_the_same_table(tmp_path):
    table = pd.DataFrame({"n": [1.5, None, 2.0], "t": ["x", "y", None], "k": [3, 4, 5]})
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), read_table(tmp_path / "t.parquet"))


def test_standard_input_is_read_for_a_dash(standard_input):
    standard_input(b"a,b\n1,2\n")
    assert read_table("-").to_dict("list") == {"a": [1], "b": [2]}


def test_a_byte_order_mark_and_spaces_are_not_part_of_a_name(write):
    assert read_table(write("\ufeffa , b\n1,2\n")).columns.tolist() == ["a", "b"]


def test_spaces_before_a_value_are_not_part_of_it(write):
    assert read_table(write("a, b\n1, x\n2, y\n"))["b"].tolist() == ["x", "y"]


def test_a_name_may_hold_a_delimiter_or_a_line_break_in_quotes(write):
    table = read_table(write('"price, net","two\nlines"\n1,2\n'))
    assert table.columns.tolist() == ["price, net", "two\nlines"]
    assert table.to_numpy().tolist() == [[1, 2]]


def test_empty_lines_are_skipped(write):
    assert read_table(write("\n\na,b\n\n1,2\n\n3,4\n\n"))["a"].tolist() == [1, 3]


def test_a_column_without_a_name_is_named_by_its_place(write):
    table = read_table(write("\ta\n0\t5\n1\t6\n", "table.tsv"))
    assert table.columns.tolist() == ["column 1", "a"]
    assert table["a"].tolist() == [5, 6]


def test_a_column_without_a_name_is_not_named_as_another_one(write):
    table = read_table(write(",column 1,column 1_\n0,1,2\n3,4,5\n"))
    assert table.columns.tolist() == ["column 1__", "column 1", "column 1_"]
    assert table.iloc[0].tolist() == [0, 1, 2]


def test_halves_of_characters_in_json_are_replaced(write):
    table = read_table(write('{"a\\ud83d": "x\\ude00", "b": "\\ud83d\\ude00"}\n', "t.jsonl"))
    assert table.to_dict("records") == [{"a\ufffd": "x\ufffd", "b": "\U0001f600"}]


def test_columns_asked_for_as_text_stay_as_they_are_written(write):
    table = read_table(write("zip,flag,n\n01,true,1\n02,false,2\n"), text=["zip", "flag", "not there"])
    assert table["zip"].tolist() == ["01", "02"]
    assert table["flag"].tolist() == ["true", "false"]
    assert table["n"].tolist() == [1, 2]


def test_missing_values_of_columns_asked_for_as_text_are_missing(write):
    assert read_table(write("zip,n\n01,1\n?,2\n"), text=["zip"])["zip"].isna().tolist() == [False, True]


def test_dates_and_decimals_of_parquet_are_dates_and_numbers(tmp_path):
    table = pa.table(
        {
            "day": pa.array([0, 1], pa.int32()).cast(pa.date32()),
            "price": pa.array([125, 250]).cast(pa.float64()).cast(pa.decimal128(7, 2)),
        }
    )
    parquet.write_table(table, tmp_path / "t.parquet")
    found = read_table(tmp_path / "t.parquet")
    assert found["day"].tolist() == [pd.Timestamp("1970-01-01"), pd.Timestamp("1970-01-02")]
    assert found["price"].tolist() == [125.0, 250.0]
    assert found["price"].dtype == "float64"


def test_an_index_with_a_name_is_a_column_of_parquet_and_one_without_is_not(tmp_path):
    table = pd.DataFrame({"a": [1, 2], "key": ["p", "q"]})
    table.set_index("key").to_parquet(tmp_path / "named.parquet")
    table[["a"]].set_axis([7, 3]).to_parquet(tmp_path / "unnamed.parquet")
    assert sorted(read_table(tmp_path / "named.parquet").columns) == ["a", "key"]
    assert read_table(tmp_path / "unnamed.parquet").columns.tolist() == ["a"]


# What is refused


def test_a_missing_file_is_named_with_the_nearest_name(write):
    path = write("a\n1\n", "housing.csv")
    assert message(path.with_name("housin.csv")) == (
        f"{path.with_name('housin.csv')}: no such file. Did you mean 'housing.csv'?"
    )


def test_a_missing_file_in_a_missing_folder_is_just_missing(tmp_path):
    assert message(tmp_path / "no" / "t.csv").endswith("t.csv: no such file.")


def test_a_folder_is_no_table(tmp_path):
    assert message(tmp_path) == f"{tmp_path} is a folder; give the file with the table."


def test_an_unknown_ending_is_refused_with_the_known_ones(write):
    text = message(write("PK", "table.docx"))
    assert "table.docx" in text
    assert ".csv.gz" in text
    assert ".parquet" in text


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff"])
def test_an_empty_file_is_called_empty(write, content):
    text = message(write(content))
    assert "table.csv is empty" in text
    assert "column names" in text


def test_an_empty_gzipped_file_is_called_empty(write):
    assert "is empty" in message(write(gzip.compress(b""), "table.csv.gz"))


def test_empty_standard_input_is_called_empty(standard_input):
    standard_input(b"")
    assert message("-").startswith("standard input is empty")


def test_a_header_alone_has_no_rows(write):
    assert "table.csv has 2 columns but no rows" in message(write("a,b\n"))


def test_a_file_in_no_known_encoding_is_named_with_the_line_and_the_option(write):
    text = message(write(b"a,b\n1,x\n2,caf\x81\n"))
    assert "Windows-1252 (line 3)" in text
    assert "--read encoding=NAME" in text


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ("a,b\n1,x\n", "UTF-8, separated by commas, decimal point"),
        ("a;b\n1,5;'x;y'\n".encode("utf-16"), "UTF-16, separated by semicolons, decimal comma, values in '"),
        ("a\tb\né\t1.5\n".encode("cp1252"), "Windows-1252, separated by tabs, decimal point"),
    ],
)
def test_the_form_of_a_file_is_told_in_words(write, content, form):
    assert read_file(write(content)).form == form


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("encodng=utf-8", "Did you mean 'encoding'"),
        ("encoding", "got 'encoding'"),
        ("encoding=klingon", "no encoding is called 'klingon'"),
        ("decimal=;", "must be . or ,"),
        ("separator=;;", "must be one sign"),
    ],
)
def test_what_is_said_of_a_file_is_checked(pair, said):
    with pytest.raises(ParameterError, match=said):
        parse_form([pair])


def test_what_is_said_of_a_file_overrules_what_is_found(write):
    path = write("a;b\n1,500;2\n2,500;3\n")
    assert read_table(path)["a"].tolist() == ["1,500", "2,500"]
    assert read_table(path, said=parse_form(["decimal=,"]))["a"].tolist() == [1.5, 2.5]
    two = write("a|b;c\n1|2;3\n")
    assert read_table(two, said=parse_form(["separator=bar"])).columns.tolist() == ["a", "b;c"]
    assert read_table(two, said=parse_form(["separator=;"])).columns.tolist() == ["a|b", "c"]


def test_numbers_of_a_file_with_decimal_commas_say_how_text_in_them_is_read(write):
    found = read_file(write("a;b;c\n1,5;2;1.500\n2,5;3;7\n"))
    assert found.frame["a"].tolist() == [1.5, 2.5]
    assert found.written == dict.fromkeys("abc", WrittenNumbers(",", "."))


@pytest.mark.parametrize("name", ["zip", "self"])
def test_columns_of_digits_that_begin_with_zeros_are_told(write, name):
    found = read_file(write(f"{name},n,f\n01234,1,0.5\n90210,2,\n"))
    assert found.codes == [name]
    assert found.frame[name].tolist() == ["01234", "90210"]
    assert read_file(write("n,f\n0,0.5\n10,0.25\n")).codes == []


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [("t.xlsx", "openpyxl", "excel"), ("t.duckdb", "duckdb", "duckdb"), ("t.feather", "pyarrow", "parquet")],
)
def test_a_missing_library_is_named_with_the_command_that_installs_it(write, monkeypatch, name, library, extra):
    monkeypatch.setitem(sys.modules, library, None)
    assert f"needs {library}; install it with: pip install 'leadline[{extra}]'" in message(write(b"x", name))


def test_a_database_of_several_tables_needs_a_query(tmp_path):
    path = tmp_path / "t.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE one (a)")
        connection.execute("CREATE TABLE two (a)")
        connection.execute("INSERT INTO two VALUES (5)")
        connection.commit()
    assert "its tables are: one, two" in message(path)
    assert read_table(path, said=parse_form(["query=SELECT a FROM two"]))["a"].tolist() == [5]
    with pytest.raises(DataError, match="no such table: three"):
        read_table(path, said=parse_form(["query=SELECT a FROM three"]))
    with pytest.raises(DataError, match="readonly"):
        read_table(path, said=parse_form(["query=DELETE FROM two"]))


@pytest.mark.parametrize(
    ("content", "said"),
    [('{"a": 1}\n{"a": \n', "line 2 cannot be read"), ("[1]\n", "line 1 is no object"), ("\n", "no rows")],
)
def test_json_lines_that_are_none_are_refused_by_their_line(write, content, said):
    assert said in message(write(content, "t.jsonl"))


def test_a_number_in_json_that_no_column_can_hold_is_named(write):
    text = message(write('{"a": 1, "b": 2}\n{"a": 3, "b": -1' + "0" * 400 + "}\n", "t.jsonl"))
    assert text == (
        "Column 'b' has too large a number in row 2, beyond 1.8e+308; replace it by a smaller one or leave the cell "
        "empty."
    )


@pytest.mark.parametrize("name", ["t.feather", "t.sqlite"])
def test_damaged_files_are_refused_in_one_line(write, name):
    text = message(write(b"nonsense" * 200, name))
    assert "can be read" in text
    assert "\n" not in text


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\x00\x00", b"a,b\x00\n1,2\n"])
def test_a_binary_file_is_no_text_table(write, content):
    assert "is not a text table" in message(write(content))


def test_a_row_with_too_many_values_is_named_by_its_line(write):
    text = message(write("a,b\n1,2\n4,5,6\n"))
    assert "line 3" in text
    assert "one value for each name" in text


@pytest.mark.filterwarnings("ignore")
def test_rows_that_all_have_more_values_than_names_are_refused_and_lose_nothing(write):
    text = message(write("a,b\n1,2,3\n4,5,6\n"))
    assert "more values than its first line has names (2)" in text
    assert "name every column" in text


def test_a_quotation_mark_without_its_partner_is_refused(write):
    assert "quotation mark" in message(write('a,b\n1,"2\n3,4\n'))


def test_a_first_line_that_is_too_long_to_be_one_is_refused(write):
    assert "its first line cannot be read" in message(write('"' + "x" * 200_000 + '"\n1\n'))


@pytest.mark.parametrize("header", ["a,b,a", "a,b, a"])
def test_a_column_name_used_twice_is_named(write, header):
    text = message(write(f"{header}\n1,2,3\n"))
    assert "more than one column named 'a'" in text
    assert "a name of its own" in text


def test_a_column_name_used_twice_in_parquet_is_named(tmp_path):
    parquet.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), tmp_path / "t.parquet")
    assert "more than one column named 'a'" in message(tmp_path / "t.parquet")


def test_a_parquet_file_without_rows_has_no_rows(tmp_path):
    parquet.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "t.parquet")
    assert "t.parquet has 1 column but no rows" in message(tmp_path / "t.parquet")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PAR1 and no more PAR1"])
def test_a_damaged_parquet_file_is_refused_in_one_line(write, content):
    text = message(write(content, "t.parquet"))
    assert "t.parquet is not a Parquet table that can be read" in text
    assert "\n" not in text


def test_parquet_without_its_library_says_how_to_install_it(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install 'leadline[parquet]'" in message(write(b"PAR1", "t.parquet"))


@pytest.mark.parametrize("damage", ["cut", "overwritten", "no gzip at all"])
def test_a_damaged_gzip_file_cannot_be_read(write, damage):
    packed = bytearray(gzip.compress(b"".join(b"%d,%d\n" % (i, i * i) for i in range(2000))))
    if damage == "overwritten":
        packed[len(packed) // 2 : len(packed) // 2 + 60] = b"\xff" * 60
    content = {"cut": packed[:-20], "overwritten": packed, "no gzip at all": b"a,b\n1,2\n"}[damage]
    assert "t.csv.gz cannot be read" in message(write(bytes(content), "t.csv.gz"))


# Names


def test_the_nearest_name_ignores_capitals_and_keeps_the_spelling():
    assert nearest("median_hous_value", ["Median_House_Value", "age"]) == " Did you mean 'Median_House_Value'?"


def test_there_is_no_nearest_name_where_none_is_near():
    assert nearest("price", ["longitude", "rooms"]) == ""

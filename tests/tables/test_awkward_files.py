"""Sixty and more awkward files, as people have them: each with what must come out of it.

What comes out of a column is its numbers, its dates (`day("2026-01-31")`) or its words, None where a value is missing;
or, where that is the right answer, an error. pandas' own reading of the same files stands beside it.
"""

import gzip
import io
import json
import sqlite3
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from leadline.errors import DataError
from leadline.tables import NumberColumn, infer_column, known_words, number_values, parse_form, read_file
from leadline.tables.columns import check_said


@dataclass(frozen=True)
class Day:
    """A point in time that must come out."""

    written: str


@dataclass
class Case:
    """A file: its content, its ending, and what each of its columns must be; or what its error says."""

    name: str
    content: bytes
    expected: dict = field(default_factory=dict)
    ending: str = ".csv"
    error: str = ""
    read: tuple = ()
    said: dict = field(default_factory=dict)


def case(name, text, expected=None, encoding="utf-8", **more):
    return Case(name, text.encode(encoding) if isinstance(text, str) else text, expected or {}, **more)


def days(*written):
    return [None if own is None else Day(own) for own in written]


def database():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE sales (price REAL, city TEXT)")
    connection.executemany("INSERT INTO sales VALUES (?, ?)", [(1.5, "Köln"), (None, "Bonn"), (2.5, "Köln")])
    return connection.serialize()


def feather():
    content = io.BytesIO()
    pd.DataFrame({"a": [1.5, 2.5], "b": ["x", "y"]}).to_feather(content)
    return content.getvalue()


def parquet():
    content = io.BytesIO()
    pd.DataFrame({"price": ["$1,200", "$3"], "b": ["x", "y"]}).to_parquet(content)
    return content.getvalue()


GERMAN = "Stadt;Preis;Anzahl\nKöln;1.234,50;3\nMünchen;12,75;1.200\nKöln;0,5;7\n"
GERMAN_READ = {"Stadt": ["Köln", "München", "Köln"], "Preis": [1234.5, 12.75, 0.5], "Anzahl": [3, 1200, 7]}
CHINESE = "城市,价格,等级\n北京,12.5,高\n上海,13,中\n北京,9.5,低\n广州,8,高\n"
CHINESE_READ = {"城市": ["北京", "上海", "北京", "广州"], "价格": [12.5, 13, 9.5, 8], "等级": [2, 1, 0, 2]}
PLAIN = "a,b\n1,x\n2,y\n"
PLAIN_READ = {"a": [1, 2], "b": ["x", "y"]}

CASES = [
    # encodings
    case("plain", PLAIN, PLAIN_READ),
    case("a mark at the beginning", "\ufeff" + PLAIN, PLAIN_READ),
    case("utf-8", GERMAN, GERMAN_READ),
    case("windows-1252", GERMAN, GERMAN_READ, "cp1252"),
    case("windows-1252 with a euro sign", "a;b\n1,5;5 €\n2,5;6 €\n", {"a": [1.5, 2.5], "b": [5, 6]}, "cp1252"),
    case("utf-16 with a mark", GERMAN, GERMAN_READ, "utf-16"),
    case("utf-16 of the other order", "\ufeff" + GERMAN, GERMAN_READ, "utf-16-be"),
    case("utf-16 without a mark", PLAIN, PLAIN_READ, "utf-16-le"),
    case("utf-16 of tabs, as spreadsheets save it", GERMAN.replace(";", "\t"), GERMAN_READ, "utf-16", ending=".txt"),
    case("gb18030", CHINESE, CHINESE_READ, "gb18030"),
    case("chinese in utf-8", CHINESE, CHINESE_READ),
    case("an encoding that is said", "a,b\n1,Ж\n2,Я\n", {"a": [1, 2], "b": ["Ж", "Я"]}, "cp1251", read=("encoding=cp1251",)),
    case("french words in windows-1252", "nom,an\nCafé,1\nPâté,2\nCafé,3\n", {"nom": ["Café", "Pâté", "Café"]}, "cp1252"),
    # separators and quotes
    case("semicolons", "a;b\n1;x\n2;y\n", PLAIN_READ),
    case("tabs", "a\tb\n1\tx\n2\ty\n", PLAIN_READ, ending=".tsv"),
    case("bars", "a|b\n1|x\n2|y\n", PLAIN_READ),
    case("spaces in columns", "a    b\n1   2.5\n10  3.5\n", {"a": [1, 10], "b": [2.5, 3.5]}, ending=".txt"),
    case("a line that says the separator", "sep=;\na;b\n1;x\n2;y\n", PLAIN_READ),
    case("a name with commas among semicolons", "a, net, of tax;b\n1;x\n2;y\n", {"a, net, of tax": [1, 2], "b": ["x", "y"]}),
    case("commas in quotes", 'a,b\n1,"x, y"\n2,"z"\n', {"a": [1, 2], "b": ["x, y", "z"]}),
    case("single quotation marks", "a;b\n1;'x; y'\n2;'z'\n", {"a": [1, 2], "b": ["x; y", "z"]}),
    case("apostrophes", "a,b\n1,it's\n2,'tis\n", {"a": [1, 2], "b": ["it's", "'tis"]}),
    case("a line break in quotes", 'a,b\n1,"x\ny"\n2,z\n', {"a": [1, 2], "b": ["x\ny", "z"]}),
    case("a single column of decimal commas", "a\n3,5\n4,25\n", {"a": [3.5, 4.25]}),
    case("spaces behind separators", "a, b\n1, x\n2, y\n", PLAIN_READ),
    case("lines of Windows and empty ones", "\r\na,b\r\n1,x\r\n\r\n2,y\r\n", PLAIN_READ),
    case("a separator that is said", "a~b\n1~x\n2~y\n", PLAIN_READ, read=("separator=~",)),
    case("gzip", gzip.compress(GERMAN.encode("cp1252")), GERMAN_READ, ending=".csv.gz"),
    # numbers
    case("dollars with thousands", 'a\n"$1,234.50"\n"$3.00"\n-$2.25\n', {"a": [1234.5, 3, -2.25]}),
    case("euros behind", "a;b\n1.234,50 €;x\n3,00 €;y\n", {"a": [1234.5, 3], "b": ["x", "y"]}),
    case("millions", "a,b\n$1.2M,x\n$350K,y\n", {"a": [1.2e6, 3.5e5]}),
    case("thousands with commas", 'a,b\n"1,234",x\n567,y\n"1,234,567",z\n', {"a": [1234, 567, 1234567]}),
    case("thousands with points", "a;b\n1.234;1,5\n567;2,5\n", {"a": [1234, 567], "b": [1.5, 2.5]}),
    case("thousands with spaces", "a,b\n1 234,x\n12 345 678,y\n5,z\n", {"a": [1234, 12345678, 5]}),
    case("thousands with narrow spaces", "a;b\n1\u202f234,5;x\n5,25;y\n", {"a": [1234.5, 5.25]}),
    case("thousands with apostrophes", "a,b\n1'234.5,x\n12,y\n", {"a": [1234.5, 12]}),
    case("india's groups", 'a,b\n"12,34,567",x\n"1,000",y\n', {"a": [1234567, 1000]}),
    case("percentages", "a,b\n12.5%,x\n3%,y\n", {"a": [12.5, 3]}),
    case("a unit", "a,b\n12 kg,x\n5.5 kg,y\n7kg,z\n", {"a": [12, 5.5, 7]}),
    case("a unit in the plural", "a,b\n1 day,x\n3 days,y\n", {"a": [1, 3]}),
    case("a unit with a power", "a;b\n85 m²;x\n102,5 m²;y\n", {"a": [85, 102.5]}),
    case("accounts with brackets", 'a,b\n"(1,200)",x\n"3,400",y\n', {"a": [-1200, 3400]}),
    case("a minus of typography", "a,b\n−5.5,x\n3,y\n", {"a": [-5.5, 3]}),
    case("dashes for missing numbers", "a,b\n5,x\n-,y\n7,z\n", {"a": [5, None, 7]}),
    case("words for missing numbers", "a,b\n5,x\nunknown,y\n7.5,z\n", {"a": [5, None, 7.5]}),
    case("places", "a,b\n1st,x\n2nd,y\n3rd,z\n11th,x\n", {"a": [1, 2, 3, 11]}),
    case("decimal commas in quotes", 'a,b\n"3,5",x\n"12,25",y\n', {"a": [3.5, 12.25], "b": ["x", "y"]}),
    case("two units", "a,b\n12 kg,x\n500 g,y\n12 kg,z\n", {"a": ["12 kg", "500 g", "12 kg"]}),
    # what is no number
    case("postal codes", "zip,a\n01234,1\n90210,2\n01234,3\n", {"zip": ["01234", "90210", "01234"], "a": [1, 2, 3]}),
    case("codes with a letter", "a,b\n1A,1\n2B,2\n1A,3\n", {"a": ["1A", "2B", "1A"]}),
    case("codes with zeros and a unit", "a,b\n007 x,1\n012 x,2\n007 x,3\n", {"a": ["007 x", "012 x", "007 x"]}),
    case("versions", "a,b\n1.10.2,1\n1.9.11,2\n1.10.2,3\n", {"a": ["1.10.2", "1.9.11", "1.10.2"]}),
    case("times of day", "a,b\n12:30,1\n08:15,2\n12:30,3\n", {"a": ["12:30", "08:15", "12:30"]}),
    case("numbers and words", "a,b\n12,1\nmany,2\n12,3\n", {"a": ["12", "many", "12"]}),
    # yes and no, and orders
    case("yes and no", "a,b\nyes,1\nno,2\nyes,3\n", {"a": ["yes", "no", "yes"]}),
    case("yes in several spellings", "a,b\nYes,1\nY,2\nno,3\nYes,4\nN,5\nno,6\n", {"a": ["Yes", "Yes", "no", "Yes", "no", "no"]}),
    case("ja und nein", "a;b\nJa;1\nnein;2\nja;3\nJa;4\n", {"a": ["Ja", "nein", "Ja", "Ja"]}),
    case("low, medium, high", "a,b\nlow,1\nHigh,2\nmedium,3\n", {"a": [1, 3, 2]}),
    case("grades of houses", "a,b\nPo,1\nGd,2\nEx,3\nTA,4\nFa,5\n", {"a": [0, 3, 4, 2, 1]}),
    case("sizes that are said", "a,b\nbig,1\ntiny,2\nhuge,3\n", {"a": [1, 0, 2]}, said={"a": ["tiny", "big", "huge"]}),
    case("colours have no order", "a,b\nred,1\nblue,2\nred,3\n", {"a": ["red", "blue", "red"]}),
    # dates
    case("iso dates", "a,b\n2026-01-31,x\n2025-12-01,y\n", {"a": days("2026-01-31", "2025-12-01")}),
    case("day first with points", "a,b\n31.01.2026,x\n01.12.2025,y\n", {"a": days("2026-01-31", "2025-12-01")}),
    case("month first with slashes", "a,b\n1/31/2026,x\n12/1/2025,y\n", {"a": days("2026-01-31", "2025-12-01")}),
    case("which is open", "a,b\n01/02/2026,x\n03/04/2026,y\n", error="day first"),
    case("which is said", "a,b\n01/02/2026,x\n03/04/2026,y\n", {"a": days("2026-02-01", "2026-04-03")}, said={"a": "day first"}),
    case("which does not matter", "a,b\n05/05/2026,x\n03/03/2026,y\n", {"a": days("2026-05-05", "2026-03-03")}),
    case("years of two digits", "a,b\n31/01/26,x\n01/12/98,y\n", {"a": days("2026-01-31", "1998-12-01")}),
    case("months by name", "a,b\n31 Jan 2026,x\n1 December 2025,y\n", {"a": days("2026-01-31", "2025-12-01")}),
    case("american months", 'a,b\n"Jan 31, 2026",x\n"December 1, 2025",y\n', {"a": days("2026-01-31", "2025-12-01")}),
    case("german months", "a;b\n31. Januar 2026;x\n1. März 2025;y\n", {"a": days("2026-01-31", "2025-03-01")}, "cp1252"),
    case("sas months", "a,b\n31JAN2026,x\n01DEC2025,y\n", {"a": days("2026-01-31", "2025-12-01")}),
    case("chinese dates", "a,b\n2026年1月31日,x\n2025年12月1日,y\n", {"a": days("2026-01-31", "2025-12-01")}),
    case(
        "times of two halves",
        "a,b\n1/31/2026 3:45 PM,x\n12/1/2025 12:00 AM,y\n",
        {"a": days("2026-01-31 15:45", "2025-12-01")},
    ),
    case("gaps among dates", "a,b\n31.01.2026,x\n-,y\n,z\n01.12.2025,w\n", {"a": days("2026-01-31", None, None, "2025-12-01")}),
    case("no date", "a,b\n32.01.2026,1\n01.12.2025,2\n32.01.2026,3\n", {"a": ["32.01.2026", "01.12.2025", "32.01.2026"]}),
    # other kinds of file
    case(
        "json lines",
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ({"a": 1, "b": "Köln"}, {"b": "Bonn"}, {"a": 2.5})),
        {"a": [1, None, 2.5], "b": ["Köln", "Bonn", None]},
        ending=".jsonl",
    ),
    case("json lines with codes", '{"zip": "01234"}\n{"zip": "90210"}\n', {"zip": ["01234", "90210"]}, ending=".ndjson"),
    case("sqlite", database(), {"price": [1.5, None, 2.5], "city": ["Köln", "Bonn", "Köln"]}, ending=".sqlite"),
    case(
        "a query", database(), {"c": [1, 2]}, ending=".db",
        read=("query=SELECT count(*) AS c FROM sales GROUP BY city ORDER BY c",),
    ),
    case("feather", feather(), {"a": [1.5, 2.5], "b": ["x", "y"]}, ending=".feather"),
    case("text of money in parquet", parquet(), {"price": [1200, 3], "b": ["x", "y"]}, ending=".parquet"),
    # what is no table
    case("a picture", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", error="zero bytes"),
    case("nothing", " \n", error="is empty"),
    case("a missing quotation mark", 'a,b\n1,"x\n2,y\n', error="quotation mark"),
]  # fmt: skip


def as_expected(values, expected):
    """The values of a column in the way in which they are written down above."""
    found = []
    for value, own in zip(values, expected, strict=True):
        if value is None or (isinstance(value, float) and np.isnan(value)):
            found.append(None)
        elif isinstance(own, Day):
            found.append(Day(own.written) if value == pd.Timestamp(own.written) else value)
        else:
            found.append(value)
    return found


def columns_of(path, own):
    """What comes out of each column of a file."""
    found = read_file(path, [name for name, what in own.said.items() if what != "number"], parse_form(own.read))
    said, columns = check_said({**found.written, **own.said}, list(found.frame.columns)), {}
    for name in found.frame.columns:
        column = infer_column(name, found.frame[name], said.get(name))
        if isinstance(column, NumberColumn):
            values = number_values(column, found.frame[name]).tolist()
            if column.date:
                values = [None if np.isnan(v) else pd.Timestamp(0) + pd.Timedelta(days=v) for v in values]
        elif isinstance(column, str):  # told to be of no use, but read
            values = [None if pd.isna(value) else value for value in found.frame[name]]
        else:
            values = known_words(column, found.frame[name])
        columns[name] = values
    return columns


def file_of(tmp_path, own):
    path = tmp_path / f"file{own.ending}"
    path.write_bytes(own.content)
    return path


@pytest.mark.parametrize("own", [c for c in CASES if not c.error], ids=lambda c: c.name)
def test_a_file_is_read_as_it_was_meant(own, tmp_path):
    found = columns_of(file_of(tmp_path, own), own)
    for name, expected in own.expected.items():
        assert as_expected(found[name], expected) == expected, name


@pytest.mark.parametrize("own", [c for c in CASES if c.error], ids=lambda c: c.name)
def test_what_cannot_be_read_is_refused_with_the_reason(own, tmp_path):
    with pytest.raises(DataError) as caught:
        columns_of(file_of(tmp_path, own), own)
    assert own.error in str(caught.value)


def read_by_pandas(path, own):
    """What pandas makes of a file by itself; None where it makes nothing of it."""
    readers = {
        ".jsonl": pd.read_json,
        ".ndjson": pd.read_json,
        ".feather": pd.read_feather,
        ".parquet": pd.read_parquet,
    }
    more = {"lines": True} if own.ending in (".jsonl", ".ndjson") else {}
    try:
        return readers.get(own.ending, pd.read_csv)(path, **more)
    except Exception:
        return None


def right_by_pandas(path, own):
    frame = read_by_pandas(path, own)
    if frame is None or own.error:
        return frame is None and bool(own.error)
    for name, expected in own.expected.items():
        if name not in frame.columns or len(frame) != len(expected):
            return False
        values = [None if pd.isna(value) else value for value in frame[name]]
        if as_expected(values, expected) != expected:
            return False
    return True


@pytest.mark.filterwarnings("ignore")
def test_pandas_reads_fewer_of_these_files_by_itself(tmp_path):
    right = [own.name for own in CASES if right_by_pandas(file_of(tmp_path, own), own)]
    assert len(CASES) >= 60
    assert len(right) < len(CASES) / 2, f"{len(right)} of {len(CASES)}: {right}"

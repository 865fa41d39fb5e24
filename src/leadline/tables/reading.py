"""Files to DataFrames, by their endings, with errors that say what is wrong, where, and what to do."""

import gzip
import importlib
import json
import sqlite3
import sys
import zlib
from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from leadline.errors import DataError, ParameterError
from leadline.tables.delimited import TextForm, check_names, check_rows, named, read_delimited
from leadline.tables.frames import encodable, typed
from leadline.tables.written import WrittenNumbers, find_numbers

__all__ = ["FileForm", "Found", "nearest", "parse_form", "read_file", "read_table"]

_TEXT_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
# Of a text file's separator where a caller says it in words.
_SPELLED = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "bar": "|"}


def nearest(name: str, names: list[str]) -> str:
    """A sentence that asks for the name spelled most like `name`, or nothing if none is near."""
    lowered = {candidate.lower(): candidate for candidate in names}
    found = get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return f" Did you mean {lowered[found[0]]!r}?" if found else ""


@dataclass(frozen=True)
class FileForm(TextForm):
    """What is said of the form of a file; None is for what is to be found.

    Attributes
    ----------
    encoding, separator, decimal, quote : str or None
        Of a text file.
    sheet : str or None
        Of an Excel file; by default the first.
    query : str or None
        SQL, of a database; by default all of its only table.
    """

    sheet: str | None = None
    query: str | None = None


@dataclass(frozen=True)
class Found:
    """A table, and what was found out about its file.

    Attributes
    ----------
    frame : DataFrame
    form : str
        The form of the file in words; empty where its ending says all.
    written : dict of str to WrittenNumbers
        Number columns of a file with decimal commas, as text in them has to be read.
    codes : list of str
        Columns of digits that stay text, since some begin with a zero.
    """

    frame: pd.DataFrame
    form: str = ""
    written: dict[str, WrittenNumbers] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)


def parse_form(pairs: Iterable[str]) -> FileForm:
    """What was said as NAME=VALUE.

    Raises
    ------
    ParameterError
        It is something else, or a value that the name cannot have.
    """
    names = [own.name for own in fields(FileForm)]
    said: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in names or not value:
            raise ParameterError(
                f"--read must be one of {', '.join(f'{own}=…' for own in names)}; got {pair!r}.{nearest(name, names)}"
            )
        said[name] = _SPELLED.get(value.lower(), value) if name == "separator" else value
    if said.get("decimal", ".") not in (".", ","):
        raise ParameterError(f"--read decimal must be . or ,; got {said['decimal']!r}.")
    for name in ("separator", "quote"):
        if len(said.get(name, " ")) != 1:
            raise ParameterError(f"--read {name} must be one sign, or tab, space; got {said[name]!r}.")
    try:
        "".encode(said.get("encoding", "utf-8"))
    except LookupError as error:
        raise ParameterError(f"--read encoding: no encoding is called {said['encoding']!r}.") from error
    return FileForm(**said)


def read_table(source: str | Path, text: Collection[str] = (), said: FileForm | None = None) -> pd.DataFrame:
    """The table of a file; see `read_file`."""
    return read_file(source, text, said).frame


def read_file(source: str | Path, text: Collection[str] = (), said: FileForm | None = None) -> Found:
    """Read a table from a file, or CSV from standard input for "-".

    Parameters
    ----------
    source : str or Path
        Text (.csv, .tsv, .txt, each perhaps with .gz), Excel (.xlsx), JSON Lines (.jsonl, .ndjson, perhaps with .gz),
        Parquet (.parquet, .pq), Arrow (.feather, .arrow, .ipc), SQLite (.sqlite, .sqlite3, .db) or DuckDB (.duckdb).
    text : collection of str
        Columns of a text file that stay as they are written, even where every value looks like a number.
    said : FileForm, optional
        What is known of the form of the file.

    Returns
    -------
    Found
        A table of at least one row and one column, whose column names are strings and differ.

    Raises
    ------
    DataError
        The file is missing, empty, no table, or names two columns alike; or a library is missing that it needs.
    """
    said = said or FileForm()
    if str(source) == "-":
        return _of_text(sys.stdin.buffer.read(), "standard input", text, said)
    path = Path(source)
    if not path.exists():
        others = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise DataError(f"{path}: no such file.{nearest(path.name, others)}")
    if path.is_dir():
        raise DataError(f"{path} is a folder; give the file with the table.")
    name = path.name.lower()
    if name.endswith(_TEXT_ENDINGS):
        return _of_text(_content(path), str(path), text, said)
    for endings, read in _READERS.items():
        if name.endswith(endings):
            return read(path, said)
    known = ", ".join((*_TEXT_ENDINGS, *(ending for endings in _READERS for ending in endings)))
    raise DataError(f"{path}: the ending does not say what kind of table this is; known are {known}.")


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.name.lower().endswith(".gz") else content
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read: {reason}.") from error


def _of_text(content: bytes, where: str, text: Collection[str], said: FileForm) -> Found:
    frame, form, codes = read_delimited(content, where, text, said)
    written = {}
    if form.decimal == ",":
        for name in (own for own in frame.columns if own not in text and own not in codes):
            if pd.api.types.is_bool_dtype(frame[name]):
                continue
            if pd.api.types.is_numeric_dtype(frame[name]):
                written[name] = WrittenNumbers(",", ".")
            elif (found := find_numbers(list(frame[name].dropna().unique()), ",")) is not None:
                written[name] = found
    return Found(frame, form.described(), written, codes)


def _library(name: str, path: Path, extra: str) -> ModuleType:
    """A library that only some files need.

    Raises
    ------
    DataError
        It is not there.
    """
    library, what = name.partition(".")[0], path.suffix.lower()
    try:
        importlib.import_module(library)
        return importlib.import_module(name)
    except ImportError as error:
        raise DataError(
            f"{path}: reading {what} files needs {library}; install it with: pip install 'leadline[{extra}]'."
        ) from error


def _unreadable(path: Path, kind: str, error: Exception) -> DataError:
    reason = str(error).strip().partition("\n")[0].rstrip(".")
    return DataError(f"{path} is not {kind} that can be read: {reason}.")


def _of_arrow(path: Path, table: Any) -> Found:
    # the columns that are in the file, whatever pandas noted beside them about its index and its types
    frame = table.to_pandas(ignore_metadata=True, date_as_object=False)
    frame = frame[[name for name in frame.columns if not name.startswith("__index_level_")]]
    return Found(check_rows(frame.apply(typed), str(path)))


def _read_parquet(path: Path, said: FileForm) -> Found:
    parquet = _library("pyarrow.parquet", path, "parquet")
    try:
        check_names(list(parquet.read_schema(path).names), str(path))
        return _of_arrow(path, parquet.read_table(path))
    except DataError:
        raise
    except (OSError, ValueError, NotImplementedError) as error:
        raise _unreadable(path, "a Parquet table", error) from error


def _read_feather(path: Path, said: FileForm) -> Found:
    feather = _library("pyarrow.feather", path, "parquet")
    try:
        table = feather.read_table(path)
        check_names(list(table.schema.names), str(path))
        return _of_arrow(path, table)
    except DataError:
        raise
    except (OSError, ValueError, NotImplementedError) as error:
        raise _unreadable(path, "an Arrow table", error) from error


def _read_excel(path: Path, said: FileForm) -> Found:
    _library("openpyxl", path, "excel")
    try:
        with pd.ExcelFile(path, engine="openpyxl") as book:
            sheets = [str(name) for name in book.sheet_names]
            sheet = said.sheet or sheets[0]
            if sheet not in sheets:
                raise DataError(
                    f"{path} has no sheet {sheet!r}.{nearest(sheet, sheets)} Its sheets are: {', '.join(sheets)}."
                )
            rows = pd.read_excel(book, sheet_name=sheet, header=None, dtype=object)
    except DataError:
        raise
    except Exception as error:  # a damaged archive raises what its parts raise
        raise _unreadable(path, "an Excel table", error) from error
    rows = rows.dropna(how="all").dropna(axis=1, how="all").reset_index(drop=True)
    if not len(rows):
        raise DataError(f"{path}: the sheet {sheet!r} is empty; it needs a row with column names and others below it.")
    names = ["" if pd.isna(name) else str(name).strip() for name in rows.iloc[0]]
    check_names(names, f"{path}, sheet {sheet!r},")
    frame = rows.iloc[1:].reset_index(drop=True)
    frame.columns = pd.Index(named(names))
    others = f" of {len(sheets)}" if len(sheets) > 1 else ""
    return Found(check_rows(frame.apply(typed), str(path)), f"Excel, sheet {sheet!r}{others}")


def _read_json_lines(path: Path, said: FileForm) -> Found:
    try:
        text = _content(path).decode(said.encoding or "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text in UTF-8; name its encoding: --read encoding=NAME.") from error
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path} is not JSON Lines: line {number} cannot be read, {error}.") from error
        if not isinstance(row, dict):
            raise DataError(f"{path}: line {number} is no object; each line needs one, with a value for each column.")
        rows.append({encodable(name): encodable(value) for name, value in row.items()})
    frame = pd.DataFrame(rows)
    frame.columns = frame.columns.map(str)
    return Found(check_rows(frame.apply(typed), str(path)))


def _read_database(path: Path, said: FileForm) -> Found:
    """A query on a SQLite or DuckDB file, which is only read."""
    if path.suffix.lower() == ".duckdb":
        duckdb = _library("duckdb", path, "duckdb")
        failed: tuple[type[Exception], ...] = (duckdb.Error,)

        def connect() -> Any:
            return duckdb.connect(str(path), read_only=True)

        listed = "SELECT table_name FROM information_schema.tables ORDER BY table_name"
    else:
        failed = (sqlite3.Error, pd.errors.DatabaseError)

        def connect() -> Any:
            return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)

        listed = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
    try:
        with closing(connect()) as connection:
            query = said.query
            if query is None:
                tables = [row[0] for row in connection.execute(listed).fetchall()]
                if len(tables) != 1:
                    known = f"its tables are: {', '.join(tables)}" if tables else "it has none"
                    raise DataError(
                        f"{path} is a database, and a query has to say which table is meant ({known}): "
                        "--read 'query=SELECT * FROM …'."
                    )
                query = 'SELECT * FROM "{}"'.format(tables[0].replace('"', '""'))
            found = connection.execute(query)
            names = [str(column[0]) for column in found.description or ()]
            rows = found.fetchall()
    except failed as error:
        raise _unreadable(path, "a database, or has no query,", error) from error
    check_names(names, str(path))
    frame = pd.DataFrame({name: pd.Series([row[i] for row in rows], dtype=object) for i, name in enumerate(names)})
    return Found(check_rows(frame.apply(typed), str(path)), query)


_READERS: dict[tuple[str, ...], Callable[[Path, FileForm], Found]] = {
    (".xlsx", ".xlsm"): _read_excel,
    (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"): _read_json_lines,
    (".parquet", ".pq"): _read_parquet,
    (".feather", ".arrow", ".ipc"): _read_feather,
    (".sqlite", ".sqlite3", ".db", ".duckdb"): _read_database,
}

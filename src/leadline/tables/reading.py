"""Files to DataFrames: CSV, CSV.gz and Parquet, with errors that say what is wrong, where, and what to do."""

import csv
import gzip
import io
import sys
import warnings
import zlib
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from leadline.errors import DataError
from leadline.tables.frames import typed

__all__ = ["nearest", "read_table"]

_CSV_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_PARQUET_ENDINGS = (".parquet", ".pq")
_DELIMITERS = ",;\t|"
# Beside the usual words for "missing" that pandas knows, the question mark of many published tables.
_MISSING = ["?"]


def nearest(name: str, names: list[str]) -> str:
    """A sentence that asks for the name spelled most like `name`, or nothing if none is near."""
    lowered = {candidate.lower(): candidate for candidate in names}
    found = get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return f" Did you mean {lowered[found[0]]!r}?" if found else ""


def read_table(source: str | Path, text: Collection[str] = ()) -> pd.DataFrame:
    """Read a table from a file, or CSV from standard input for "-".

    Parameters
    ----------
    source : str or Path
        A .csv, .csv.gz, .tsv, .tsv.gz, .parquet or .pq file. In text files the delimiter is whichever of , ; tab and |
        occurs most in the header, and the first line names the columns.
    text : collection of str
        Columns of a text file that stay as they are written, even where every value looks like a number.

    Returns
    -------
    pandas.DataFrame
        At least one row and one column; column names are strings and differ.

    Raises
    ------
    DataError
        The file is missing, empty, no table, or names two columns alike.
    """
    if str(source) == "-":
        return _parse_csv(sys.stdin.buffer.read(), "standard input", text)
    path = Path(source)
    if not path.exists():
        others = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise DataError(f"{path}: no such file.{nearest(path.name, others)}")
    if path.is_dir():
        raise DataError(f"{path} is a folder; give the file with the table.")
    name = path.name.lower()
    if name.endswith(_PARQUET_ENDINGS):
        return _read_parquet(path)
    if not name.endswith(_CSV_ENDINGS):
        known = ", ".join((*_CSV_ENDINGS, *_PARQUET_ENDINGS))
        raise DataError(f"{path}: the ending does not say what kind of table this is; known are {known}.")
    try:
        content = path.read_bytes()
        if name.endswith(".gz"):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read: {reason}.") from error
    return _parse_csv(content, str(path), text)


def _parse_csv(content: bytes, where: str, as_text: Collection[str]) -> pd.DataFrame:
    text = _decode(content, where)
    delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
    try:
        # the header may hold line breaks in quotes, so it is read as the parser of the rows reads it
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise DataError(f"{where} is not a table: its first line cannot be read, {error}.") from error
    names = [name.strip() for name in header]
    _check_names(names, where)
    names = [name or f"column {i}" for i, name in enumerate(names, start=1)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                io.StringIO(text),
                sep=delimiter,
                header=0,
                names=names,
                dtype=dict.fromkeys(set(as_text) & set(names), str),
                na_values=_MISSING,
                skipinitialspace=True,
                low_memory=False,
                index_col=False,
            )
    except pd.errors.ParserWarning as warning:
        raise DataError(
            f"{where} is not a table: its rows have more values than its first line has names ({len(names)}); name "
            "every column."
        ) from warning
    except ValueError as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ").rstrip(".")
        raise DataError(
            f"{where} is not a table: {reason}; every line needs one value for each name in the first, and every "
            "quotation mark its partner."
        ) from error
    return _check_rows(table, where)


def _decode(content: bytes, where: str) -> str:
    """The text of a CSV file, from its first line that is not empty."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{where} is not a text table in UTF-8 (line {line}); save it as CSV in UTF-8.") from error
    if not text.strip():
        raise DataError(f"{where} is empty; it needs a line with column names and a line for each row.")
    if "\0" in text:
        raise DataError(f"{where} is not a text table: it contains zero bytes; save it as CSV in UTF-8.")
    return text.lstrip("\r\n")


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise DataError(
            f"{path}: reading Parquet needs pyarrow; install it with: pip install 'leadline[parquet]'."
        ) from error
    try:
        _check_names(list(parquet.read_schema(path).names), str(path))
        # the columns that are in the file, whatever pandas noted beside them about its index and its types
        table = parquet.read_table(path).to_pandas(ignore_metadata=True, date_as_object=False)
    except DataError:
        raise
    except (OSError, ValueError, NotImplementedError) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise DataError(f"{path} is not a Parquet table that can be read: {reason}.") from error
    table = table[[name for name in table.columns if not name.startswith("__index_level_")]]
    return _check_rows(table.apply(typed), str(path))


def _check_names(names: list[str], where: str) -> None:
    given = [name for name in names if name]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise DataError(f"{where} has more than one column named {twice[0]!r}; give every column a name of its own.")


def _check_rows(table: pd.DataFrame, where: str) -> pd.DataFrame:
    if table.shape[1] == 0 or table.shape[0] == 0:
        columns = "1 column" if table.shape[1] == 1 else f"{table.shape[1]} columns"
        raise DataError(f"{where} has {columns} but no rows; it needs a line for each row.")
    return table

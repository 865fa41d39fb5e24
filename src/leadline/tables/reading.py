"""Files to DataFrames: CSV, CSV.gz and Parquet, with errors that say what is wrong, where, and what to do."""

import csv
import gzip
import io
import sys
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from leadline.errors import DataError

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


def read_table(source: str | Path) -> pd.DataFrame:
    """Read a table from a file, or CSV from standard input for "-".

    Parameters
    ----------
    source : str or Path
        A .csv, .csv.gz, .tsv, .tsv.gz, .parquet or .pq file. In text files the delimiter is whichever of , ; tab and |
        occurs most in the header, and the first line names the columns.

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
        return _parse_csv(sys.stdin.buffer.read(), "standard input")
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
    except (OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    return _parse_csv(content, str(path))


def _parse_csv(content: bytes, where: str) -> pd.DataFrame:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{where} is not a text table in UTF-8 (line {line}); save it as CSV in UTF-8.") from error
    if not text.strip():
        raise DataError(f"{where} is empty; it needs a line with column names and a line for each row.")
    if "\0" in text:
        raise DataError(f"{where} is not a text table: it contains zero bytes.")
    first = text.lstrip().splitlines()[0]
    delimiter = max(_DELIMITERS, key=first.count)
    names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter))]
    _check_names(names, where)
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            na_values=_MISSING,
            skipinitialspace=True,
            low_memory=False,
            index_col=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning, ValueError) as error:
        raise DataError(
            f"{where} is not a table: {str(error).strip().removeprefix('Error tokenizing data. C error: ')}."
        ) from error
    table.columns = [name or f"column {i}" for i, name in enumerate(names, start=1)]
    return _check_rows(table, where)


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except ImportError as error:
        raise DataError(
            f"{path}: reading Parquet needs pyarrow; install it with: pip install 'leadline[parquet]'."
        ) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a Parquet table: {error}.") from error
    table.columns = [str(name) for name in table.columns]
    _check_names(list(table.columns), str(path))
    return _check_rows(table.reset_index(drop=True), str(path))


def _check_names(names: list[str], where: str) -> None:
    given = [name for name in names if name]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise DataError(f"{where} has more than one column named {twice[0]!r}; give every column a name of its own.")


def _check_rows(table: pd.DataFrame, where: str) -> pd.DataFrame:
    if table.shape[1] == 0 or table.shape[0] == 0:
        raise DataError(f"{where} has {table.shape[1]} columns but no rows; it needs a line for each row.")
    return table

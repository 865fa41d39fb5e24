"""Text files of values with a separator between them, CSV in its many forms: what form a file has, and its table."""

import codecs
import csv
import io
import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from leadline.errors import DataError
from leadline.tables.frames import free_name, with_columns

__all__ = ["TextForm", "check_names", "check_rows", "named", "read_delimited"]

# Separators that are looked for, and what they are called.
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
# Beside the usual words for "missing" that pandas knows, the question mark of many published tables.
_MISSING = ["?"]
# Bytes at the beginning of a file from which its form is found, and lines among them.
_LOOKED_AT, _LINES = 1 << 18, 1000
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_NAMES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
    "gb18030": "GB18030",
}
# What no text has, but many other files.
_CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x1f]")
# Digits that are a code: a number begins with no zero.
_CODE = re.compile(r"0[0-9]+")
# A number with a decimal comma, or point, that is not one of thousands.
_COMMA = re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+")
_POINT = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)\.\d+")
_COMMA_THOUSANDS, _POINT_THOUSANDS = (re.compile(rf"[-+]?[1-9]\d{{0,2}}(?:{mark}\d{{3}})+") for mark in (",", r"\."))


@dataclass(frozen=True)
class TextForm:
    """The form of a text file; None is for what is to be found.

    Attributes
    ----------
    encoding : str or None
    separator : str or None
    decimal : str or None
        "." or ",".
    quote : str or None
        What stands around values that hold a separator.
    """

    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    quote: str | None = None

    def described(self) -> str:
        """The form in words."""
        encoding = _NAMES.get(self.encoding or "", self.encoding)
        separator = SEPARATORS.get(self.separator or "", repr(self.separator))
        quote = "" if self.quote == '"' else f", values in {self.quote}"
        return f"{encoding}, separated by {separator}, decimal {'comma' if self.decimal == ',' else 'point'}{quote}"


def read_delimited(
    content: bytes, where: str, as_text: Collection[str], said: TextForm
) -> tuple[pd.DataFrame, TextForm, list[str]]:
    """The table of a text file, the form that it has, and the columns that stay text for their leading zeros.

    Parameters
    ----------
    content : bytes
    where : str
        What the file is called in messages.
    as_text : collection of str
        Columns that stay as they are written, even where every value looks like a number.
    said : TextForm
        What is known of its form.

    Raises
    ------
    DataError
        It is no table.
    """
    content, form = _in_utf8(content, where, said)
    beginning = content[:_LOOKED_AT].decode("utf-8", errors="ignore")
    declared = re.match(r"(?i:sep)=(.)\r?\n", beginning)
    if declared:  # how some spreadsheets begin
        content, beginning = content[len(declared[0].encode()) :], beginning[len(declared[0]) :]
        form = replace(form, separator=form.separator or declared[1])
    form = _with_separator(beginning, form, len(content) > _LOOKED_AT)
    separator, quote = str(form.separator), str(form.quote)
    try:
        # the header may hold line breaks in quotes, so it is read as the parser of the rows reads it
        header = next(_rows(beginning, separator, quote))
    except csv.Error as error:
        raise DataError(f"{where} is not a table: its first line cannot be read, {error}.") from error
    names = [name.strip() for name in header]
    check_names(names, where)
    names = named(names)

    def read(text: Collection[str], only: list[str] | None = None) -> pd.DataFrame:
        return pd.read_csv(
            io.BytesIO(content),
            sep=r"\s+" if separator == " " else separator,
            header=0,
            names=names,
            usecols=only,
            dtype=dict.fromkeys(set(text) & set(names), str),
            na_values=_MISSING,
            skipinitialspace=True,
            low_memory=False,
            index_col=False,
            decimal=form.decimal,
            quotechar=quote,
        )

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = read(as_text)
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
    codes: list[str] = []
    whole = [name for name in names if name not in as_text and _is_whole(table[name])]
    if whole and _has_leading_zeros(content, separator, whole[0] == names[0], whole != names[:1]):
        written = read(whole, whole)
        for name in whole:
            with_zero = written[name][written[name].str.startswith("0", na=False)]
            codes += [name] if any(map(_CODE.fullmatch, with_zero)) else []
        table = with_columns(table, {name: written[name] for name in codes})
    return check_rows(table, where), form, codes


def _is_whole(column: pd.Series) -> bool:
    """Whether a column has whole numbers and nothing else, perhaps with gaps, for which they are floating."""
    if pd.api.types.is_float_dtype(column):
        values = column.to_numpy()
        # most columns of fractions show it at once
        return all(bool((own[np.isfinite(own)] % 1 == 0).all()) for own in (values[:100], values))
    return bool(pd.api.types.is_integer_dtype(column))


def _has_leading_zeros(content: bytes, separator: str, in_first: bool, in_others: bool) -> bool:
    """Whether a cell may hold nothing but digits, of which the first of several is a zero.

    `in_first` and `in_others` say whether the first column is of interest, and whether others are.
    """
    mark = re.escape(separator.encode())
    starts = [rb"\n"] * in_first + [mark] * in_others + [rb'"'] * (b'"' in content)
    return any(re.search(start + rb"0[0-9]+[\r\n\"" + mark + rb"]", content) for start in starts)


def _in_utf8(content: bytes, where: str, said: TextForm) -> tuple[bytes, TextForm]:
    """The content in UTF-8, from its first line that is not empty, and the form with the encoding."""
    encoding = said.encoding
    for mark, marked in _MARKS.items():
        if content.startswith(mark) and (encoding is None or codecs.lookup(encoding) == codecs.lookup(marked)):
            content, encoding = content[len(mark) :], marked
    encoding = encoding or _found_encoding(content, where)
    if codecs.lookup(encoding).name == "utf-8":
        encoding = "utf-8"
    if not (encoding == "utf-8" and content.isascii()):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise DataError(
                f"{where} is not a text table in {_NAMES.get(encoding, encoding)} (line {line}); name its encoding: "
                "--read encoding=NAME."
            ) from error
        if encoding != "utf-8":
            content = text.encode()
    if not content[:_LOOKED_AT].strip() and not content.strip():
        raise DataError(f"{where} is empty; it needs a line with column names and a line for each row.")
    if b"\0" in content:
        raise DataError(f"{where} is not a text table: it contains zero bytes; save it as CSV in UTF-8.")
    return content.lstrip(b"\r\n"), replace(said, encoding=encoding)


def _found_encoding(content: bytes, where: str) -> str:
    """The encoding of a text without a mark of its own."""
    if b"\0" in content[:_LOOKED_AT]:
        # every other byte of Latin letters and digits is zero in UTF-16
        zeros = np.frombuffer(content[: _LOOKED_AT // 2 * 2], np.uint8)
        even, odd = (int(np.sum(zeros[start::2] == 0)) for start in (0, 1))
        if max(even, odd) > 0.4 * len(zeros) / 2 and min(even, odd) < 0.01 * len(zeros) / 2:
            return "utf-16-be" if even > odd else "utf-16-le"
        raise DataError(f"{where} is not a text table: it contains zero bytes; save it as CSV in UTF-8.")
    if content.isascii():
        return "utf-8"
    try:
        content.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    if _CONTROLS.search(content[:_LOOKED_AT]):
        raise DataError(f"{where} is not a text table: it contains control characters; save it as CSV in UTF-8.")
    # Chinese characters are pairs of bytes from A1 on; a letter with an accent stands among letters without
    first = re.search(rb"[\x80-\xff]", content)
    some = content[first.start() if first else 0 :][:_LOOKED_AT]
    pairs = len(re.findall(rb"[\xa1-\xf7][\xa1-\xfe]", some))
    high = len(re.findall(rb"[\x80-\xff]", some))
    if 2 * pairs > 0.9 * high:
        try:
            content.decode("gb18030")
            return "gb18030"
        except UnicodeDecodeError:
            pass
    return "cp1252"


def _rows(text: str, separator: str, quote: str) -> Iterator[list[str]]:
    if separator == " ":
        return (line.split() for line in text.splitlines() if line.strip())
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, quotechar=quote, skipinitialspace=True)


def _looked_at(text: str, separator: str, quote: str, is_cut: bool) -> list[list[str]]:
    """The first rows of a text that are not empty, without one that was cut off."""
    found: list[list[str]] = []
    try:
        for row in _rows(text, separator, quote):
            if row:
                found.append(row)
            if len(found) > _LINES:
                break
    except csv.Error:
        pass
    return found[:-1] if is_cut or len(found) > _LINES else found


def _with_separator(text: str, form: TextForm, is_cut: bool) -> TextForm:
    """The form with separator, quotation mark and decimal mark."""
    separators = [form.separator] if form.separator else [name for name in SEPARATORS if name != " "]
    quotes = [form.quote] if form.quote else ['"', "'"]
    best, rows = (-1.0, 0), list[list[str]]()
    for separator in separators:
        for quote in quotes:
            own = _looked_at(text, separator, quote, is_cut)
            width = len(own[0]) if own else 0
            alike = sum(len(row) == width for row in own) / max(len(own), 1)
            single = f"{separator}{quote}" if quote == "'" else ""
            # a single quotation mark is an apostrophe unless it begins values
            if single and single not in text and not text.startswith(quote):
                continue
            if (score := (alike if width > 1 else 0.0, width)) > best:
                best, rows = score, own
                form = replace(form, separator=separator, quote=quote)
    if best[1] < 2 and len(separators) > 1:
        form, rows = _without_separator(text, form, is_cut)
    if form.decimal is None:
        cells = [cell.strip() for row in rows[1:] for cell in row]
        comma = any(_COMMA.fullmatch(cell) and not _COMMA_THOUSANDS.fullmatch(cell) for cell in cells)
        point = any(_POINT.fullmatch(cell) and not _POINT_THOUSANDS.fullmatch(cell) for cell in cells)
        form = replace(form, decimal="," if comma and not point else ".")
    return form


def _without_separator(text: str, form: TextForm, is_cut: bool) -> tuple[TextForm, list[list[str]]]:
    """The form where no usual separator stands in the first line: spaces between numbers, or a single column."""
    rows = _looked_at(text, " ", '"', is_cut)
    numbers = [cell for row in rows[1:] for cell in row if re.fullmatch(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?", cell)]
    width = len(rows[0]) if rows else 0
    if width > 1 and len(rows) > 1 and all(len(row) == width for row in rows) and len(numbers) >= len(rows) - 1:
        return replace(form, separator=" ", quote='"'), rows
    free = next((mark for mark in SEPARATORS if mark not in text), ",")
    return replace(form, separator=free, quote='"'), _looked_at(text, free, '"', is_cut)


def check_names(names: list[str], where: str) -> None:
    """Raise DataError if two columns have one name."""
    given = [name for name in names if name]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise DataError(f"{where} has more than one column named {twice[0]!r}; give every column a name of its own.")


def named(names: list[str]) -> list[str]:
    """The names, and for each column without one another by its place."""
    return [name or free_name(names, f"column {i}") for i, name in enumerate(names, start=1)]


def check_rows(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """A table, if it has rows."""
    if table.shape[1] == 0 or table.shape[0] == 0:
        columns = "1 column" if table.shape[1] == 1 else f"{table.shape[1]} columns"
        raise DataError(f"{where} has {columns} but no rows; it needs a line for each row.")
    return table

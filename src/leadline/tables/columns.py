"""Columns: what a column of a table is, found out from its values, and the way from its values to numbers and codes.

A column is one plain record, `NumberColumn`, `CategoryColumn` or `TextColumn`; `Layout` holds those of a table.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline.errors import DataError, ParameterError
from leadline.tables.dates import CYCLES, cycles_of
from leadline.tables.frames import check_floats, encodable
from leadline.tables.text import Reduction, TextColumn, is_free_text
from leadline.tables.written import (
    OrderedWords,
    Written,
    WrittenDates,
    WrittenNumbers,
    dates_of,
    find_written,
    is_missing,
    tidy,
    truth_of,
)

__all__ = [
    "MOST_CATEGORIES",
    "CategoryColumn",
    "Column",
    "NumberColumn",
    "check_said",
    "codes_of",
    "fitted_date",
    "fitted_text",
    "in_order",
    "infer_column",
    "infer_words",
    "infinite",
    "known_words",
    "number_values",
    "numbers_of",
    "text_numbers",
    "words_of",
]

# A category column keeps its commonest values apart, and in long tables more of them: those of enough rows to learn
# something from. What is rarer shares one input.
MOST_CATEGORIES, MOST_OF_MANY, ROWS_OF_A_CATEGORY = 64, 1000, 30
# The rare ones have codes of their own for statistics of the target, the commonest of them where there are more.
MOST_CODES = 20_000
# Text with more distinct values than this, and in more than this share of the rows, is no category: it is free text or
# says nothing.
MOST_DISTINCT = 100
MOST_DISTINCT_SHARE = 0.5
# Text that is a date, perhaps with a time of day, in the order that no country reads otherwise.
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$")
# What may be said of a column, beside words in their order. "words" are neither numbers nor dates.
SAID = ("number", "date", "day first", "month first", "category", "text", "words", "drop")


# Of these the values are looked at as text, also where they are numbers.
_AS_WORDS = ("category", "text", "words", "date", "day first", "month first")


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers (or dates, as days): one input, and one more that says "missing" if any was in training.

    `written` says how text in the column is read; where there is none, as plain numbers, or dates like 2026-01-31. Of
    dates `cycles` names those whose places enter too.
    """

    name: str
    missing: bool
    date: bool = False
    written: Written | None = None
    cycles: tuple[str, ...] = ()

    @property
    def n_indicators(self) -> int:
        """Inputs beside the number itself, and those of cycles."""
        return int(self.missing)

    @property
    def size(self) -> int:
        """Numbers that are derived from the number itself."""
        return sum(CYCLES[name].size for name in self.cycles)

    def cyclic(self, days: NDArray[np.floating]) -> NDArray[np.float64]:
        """Those numbers, (n, size), of days, (n,)."""
        parts = [CYCLES[name].numbers(days) for name in self.cycles]
        return np.concatenate([np.zeros((len(days), 0)), *parts], axis=1)


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories: one input for each, one for the rare ones together, one for "missing".

    A value unseen in training goes to the rare ones, or to no input at all where there are none. Of yes and no there
    are `spellings`, each with the category that it is. Of the rare ones `finer` names those that statistics of the
    target tell apart: they have codes after those of the inputs.
    """

    name: str
    categories: tuple[str, ...]
    rare: bool
    missing: bool
    spellings: tuple[tuple[str, str], ...] = ()
    finer: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, name: str, counts: Mapping[str, int], missing: bool, spellings: tuple[tuple[str, str], ...] = ()
    ) -> "CategoryColumn":
        """The column whose words have so many rows each."""
        # commonest first, and among equals by name, so that the order of rows does not matter
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        common = sum(counts[word] >= ROWS_OF_A_CATEGORY for word in ordered[:MOST_OF_MANY])
        kept = ordered[: max(common, MOST_CATEGORIES)]
        finer = ordered[len(kept) : MOST_CODES]
        return cls(name, tuple(sorted(kept)), len(ordered) > len(kept), missing, spellings, tuple(sorted(finer)))

    @property
    def n_indicators(self) -> int:
        """Inputs, each 0 or 1."""
        return len(self.categories) + self.rare + self.missing

    @property
    def n_codes(self) -> int:
        """What is told apart, by inputs or by statistics of the target."""
        return self.n_indicators + len(self.finer)


Column = NumberColumn | CategoryColumn | TextColumn


@dataclass(frozen=True)
class _Words:
    """A column as text: which of some different words each row has.

    Attributes
    ----------
    codes : (n,) array of int
        The place of the row's word; −1 where the value is missing.
    words : list of str
        All different.
    """

    codes: NDArray[np.int64]
    words: list[str]

    @classmethod
    def of(cls, column: pd.Series) -> "_Words":
        """The words of a column."""
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes, values = column.cat.codes.to_numpy(np.int64), list(column.cat.categories)
        else:
            # what is equal but of another type, as 1 and True, is another word
            objects = pd.api.types.is_object_dtype(column.dtype)
            mixed = objects and pd.api.types.infer_dtype(column, skipna=True).startswith("mixed")
            own = column.map(lambda value: (type(value).__name__, value), na_action="ignore") if mixed else column
            try:
                codes, found = pd.factorize(own)
            except TypeError as error:
                row = next((i for i, value in enumerate(column) if pd.api.types.is_list_like(value)), 0)
                raise DataError(
                    f"Column {column.name!r} holds a list or a record in row {row + 1}, where text or a number was."
                ) from error
            values = [value[1] for value in found] if mixed else list(found)
        # of text only the words that may be truth values are looked at
        written = [
            encodable(value if type(value) is str and len(value) not in (4, 5) else _word(value)) for value in values
        ]
        # text without a sign is missing, as an empty cell of a file is
        words = list(dict.fromkeys(word for word in written if word.strip()))
        place = {**dict.fromkeys(written, -1), **{word: i for i, word in enumerate(words)}}
        to_word = np.array([place[word] for word in written] + [-1], dtype=np.int64)
        return cls(to_word[codes], words)

    def counts(self) -> dict[str, int]:
        """How many rows have each word that occurs."""
        found = np.bincount(self.codes[self.codes >= 0], minlength=len(self.words))
        return {word: int(count) for word, count in zip(self.words, found, strict=True) if count}


def words_of(column: pd.Series) -> list[str | None]:
    """The values of a column as the categories that they are, None where they are missing."""
    found = _Words.of(column)
    return [found.words[code] if code >= 0 else None for code in found.codes.tolist()]


def in_order(names: Iterable[str]) -> list[str]:
    """Names as a reader would sort them: x2 before x10."""

    def key(name: str) -> list[int | str]:
        return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]

    return sorted(names, key=key)


def _word(value: Any) -> str:
    """A value as text.

    Whole numbers come without a point, so that 1 and 1.0 are one category, and truth values as True and False, so that
    a column of true and false means the same whether its file has types or not.
    """
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    written = str(value)
    return written.capitalize() if written.lower() in ("true", "false") else written


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    """A number column in float64, NaN for what is missing or no number."""
    if not pd.api.types.is_numeric_dtype(column):
        column = pd.to_numeric(column.astype(object), errors="coerce")
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def _days(column: pd.Series) -> NDArray[np.float64]:
    """A column of dates in days since 1970, NaN for what is missing or no date."""
    if not pd.api.types.is_datetime64_any_dtype(column):
        # only the order of ISO 8601 is read: 1/2/2026 is another day in another country
        text = column.astype(object).where(column.notna(), None).map(str, na_action="ignore")
        column = dates_of(text, "ISO8601", utc=True)
    if column.dt.tz is None:
        column = column.dt.tz_localize("UTC")
    days = (column - pd.Timestamp("1970-01-01", tz="UTC")) / pd.Timedelta(days=1)
    return np.asarray(days.to_numpy(dtype=np.float64))


def numbers_of(written: Written | None, column: pd.Series, date: bool = False) -> NDArray[np.float64]:
    """A column as numbers, in float64, NaN for what is missing or no number.

    Parameters
    ----------
    written : Written or None
        How text in it is written. Values that are numbers, or points in time, already are what they are.
    column : Series
    date : bool
        Whether the numbers are days since 1970.
    """
    if written is None:
        return _days(column) if date else _numbers(column)
    if isinstance(written, WrittenNumbers) and _is_number(column):
        return _numbers(column)
    if isinstance(written, WrittenDates) and pd.api.types.is_datetime64_any_dtype(column):
        return _days(column)
    if isinstance(column.dtype, pd.StringDtype) and not isinstance(written, OrderedWords):
        codes, uniques = pd.factorize(column)
        return np.asarray(np.append(written.read(uniques.tolist()), np.nan)[codes])
    words = _Words.of(column)
    found: NDArray[np.float64] = np.append(written.read(words.words), np.nan)[words.codes]
    if isinstance(written, WrittenNumbers) and pd.api.types.is_object_dtype(column.dtype):
        for i, value in enumerate(column):
            if isinstance(value, int | float | np.number) and not isinstance(value, bool):
                found[i] = value
    return found


def number_values(column: NumberColumn, series: pd.Series) -> NDArray[np.float64]:
    """The values of a column of numbers, in float64, NaN for missing.

    Raises
    ------
    DataError
        A value is no number, or infinite.
    """
    try:
        values = numbers_of(column.written, series, column.date)
    except OverflowError:
        check_floats(series)
        raise
    if not isinstance(column.written, OrderedWords):
        doubtful = np.flatnonzero(np.isnan(values) & series.notna().to_numpy())
        empty = is_missing if column.written is not None else str.isspace
        strange = [int(row) for row in doubtful if (word := str(series.iloc[row])) and not empty(word)]
        if strange:
            row = strange[0]
            kind, write = ("dates", "it like 2026-01-31") if column.date else ("numbers", "a number")
            if column.written is not None:
                kind += f" written like {column.written.described()}"
                write = "it so"
            raise DataError(
                f"Column {column.name!r} held {kind} in training, but row {row + 1} has {str(series.iloc[row])!r}; "
                f"write {write} or leave the cell empty."
            )
    if np.isinf(values).any():
        raise infinite(column.name, values)
    return values


def infinite(name: str, values: NDArray[np.floating], before: int = 0) -> DataError:
    """The error of a column with an infinite value; `before` rows come before these."""
    row = int(np.flatnonzero(np.isinf(values))[0])
    return DataError(
        f"Column {name!r} has an infinite value in row {before + row + 1} ({values[row]}): X contains infinity. "
        "Replace it by a number or leave the cell empty."
    )


def check_said(said: Mapping[str, Any] | None, names: Sequence[str]) -> dict[str, Any]:
    """What was said of columns, checked: for each a word of SAID, or words in their order.

    Raises
    ------
    ParameterError
        It is something else, or of a column that is not there.
    """
    found: dict[str, Any] = {}
    for name, what in (said or {}).items():
        if name not in names:
            continue
        if isinstance(what, str) and what.replace("-", " ") in SAID:
            found[name] = what.replace("-", " ")
        elif isinstance(what, Written):
            found[name] = what
        elif isinstance(what, Sequence) and not isinstance(what, str) and len(set(map(_word, what))) == len(what) > 1:
            found[name] = OrderedWords(tuple((_word(word),) for word in what))
        else:
            raise ParameterError(
                f"Column {name!r} can be said to be one of {', '.join(SAID)}, or words from low to high, each once; "
                f"got {what!r}."
            )
    return found


def infer_column(name: str, column: pd.Series, said: Any = None) -> Column | str:
    """The record of a column, or the reason why it is dropped.

    Parameters
    ----------
    name : str
    column : Series
    said : optional
        What `check_said` gives.

    Raises
    ------
    DataError
        The values are not what was said, or dates of which it is open what stands first.
    """
    if said == "drop":
        return "is to be left out"
    known = column.dropna()
    missing = len(known) < len(column)
    if known.empty:
        return "is entirely missing"
    date = pd.api.types.is_datetime64_any_dtype(column)
    as_words = isinstance(said, OrderedWords) or said in _AS_WORDS
    if date or (_is_number(column) and not as_words):
        if known.min() == known.max() and not missing:
            return f"is constant ({known.iloc[0]})"
        return NumberColumn(name, missing, date, said if isinstance(said, Written) else None)
    if pd.api.types.is_object_dtype(known.dtype) and known.map(_is_nested).any():
        return "holds lists or records"
    declared = isinstance(column.dtype, pd.CategoricalDtype)
    if declared and column.cat.ordered and said is None:
        said = OrderedWords(tuple((word,) for word in dict.fromkeys(map(_word, column.cat.categories))))
    elif declared and said is None:
        said = "category"
    words = _Words.of(column)
    return infer_words(name, words.counts(), int(np.sum(words.codes < 0)), said)


def infer_words(name: str, counts: Mapping[str, int], gaps: int, said: Any = None) -> Column | str:
    """The record of a column of text, from how often each word is in it and how many values are missing."""
    n, missing, words = sum(counts.values()), gaps > 0, list(counts)
    if not n:
        return "is entirely missing"
    if said not in ("category", "text", "words"):
        found = _written(name, words, said)
        if found is not None:
            date, written = found
            values = _days(pd.Series(words, dtype=object)) if written is None else written.read(words)
            none = np.isnan(values)
            if none.all():
                return "is entirely missing"
            missing = missing or bool(none.any())
            if len(np.unique(values[~none])) > 1 or missing:
                return NumberColumn(name, missing, date, written)
    if len(counts) == 1 and not missing:
        return f"is constant ({words[0]})"
    if said == "text":
        return TextColumn(name, missing)
    if said != "category":
        all_differ = len(counts) == n and n > 2
        differ = all_differ or len(counts) > max(MOST_DISTINCT, MOST_DISTINCT_SHARE * n)
        if (differ or len(counts) > MOST_DISTINCT) and is_free_text(counts, differ):
            return TextColumn(name, missing)
        if all_differ:
            return "is text whose values all differ, an identifier"
        if differ:
            return f"is text with {len(counts):,} different values in {n:,} rows"
    spellings = truth_of(counts) if said in (None, "words") else {}
    if spellings:
        usual = dict.fromkeys(spellings.values(), 0)
        for word, count in counts.items():
            usual[spellings[_lowered(word)]] += count
        counts = usual
    return CategoryColumn.of(name, counts, missing, tuple(spellings.items()))


def _written(name: str, words: Sequence[str], said: Any) -> tuple[bool, Written | None] | None:
    """Whether words are dates, and how they are written; None if they are no numbers.

    Raises
    ------
    DataError
        They are not what was said.
    """
    if isinstance(said, Written):
        found: Written | None = said
    elif said in ("day first", "month first"):
        found = WrittenDates(said.partition(" ")[0])
    else:
        if said != "number" and all(map(_ISO_DATE.match, words)):
            days = _days(pd.Series(words, dtype=object))
            if not np.isnan(days).any():
                return True, None
        found = find_written(name, words, plain=said == "number")
        if found is None and said in ("number", "date"):
            found = WrittenDates() if said == "date" else WrittenNumbers()
    if found is None:
        return None
    strange = []
    if said is not None:
        values = zip(words, found.read(words), strict=True)
        strange = [word for word, value in values if np.isnan(value) and not is_missing(word)]
    if strange:
        raise DataError(
            f"Column {name!r} is said to hold {_said_words(said)}, but one of its values is {strange[0]!r}."
        )
    return isinstance(found, WrittenDates), found


def _said_words(said: Any) -> str:
    if isinstance(said, Written):
        return {"number": "numbers", "date": "dates", "order": "words in order"}[said.kind] + f" ({said.described()})"
    return {"number": "numbers", "date": "dates"}.get(said, f"dates, the {said}")


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | tuple | dict | set | np.ndarray)


def _lowered(word: str) -> str:
    return tidy(word).lower()


def known_words(column: CategoryColumn, series: pd.Series) -> list[str | None]:
    """The values of a column as categories, in their usual spelling; None where they are missing."""
    found = _Words.of(series)
    usual = _usual_spellings(column, found.words)
    return [usual[code] if code >= 0 else None for code in found.codes.tolist()]


def _usual_spellings(column: CategoryColumn, words: list[str]) -> list[str]:
    spellings = dict(column.spellings)
    return [spellings.get(_lowered(word), word) for word in words] if spellings else words


def fitted_text(column: TextColumn, series: pd.Series, alone: bool) -> TextColumn:
    """The column with a reduction that is fitted on these values; without one where all are missing.

    It is `alone` where all columns are text.
    """
    texts = [word for word in words_of(series) if word is not None]
    return replace(column, reduction=Reduction.fit(texts, alone)) if texts else column


def fitted_date(column: NumberColumn, series: pd.Series) -> NumberColumn:
    """The column of dates with the cycles that these values show."""
    return replace(column, cycles=cycles_of(number_values(column, series)))


def text_numbers(column: TextColumn, series: pd.Series) -> NDArray[np.float64]:
    """The numbers of a column of text, (n, size); equal texts are read once."""
    if column.reduction is None:
        return np.zeros((len(series), 0))
    found = _Words.of(series)
    return column.reduction.numbers([*found.words, ""])[found.codes]


def codes_of(column: CategoryColumn, series: pd.Series) -> NDArray[np.int64]:
    """The place of each row among the column's indicators, or after them among the finer ones, (n,); −1 for none."""
    found = _Words.of(series)
    unseen = len(column.categories) if column.rare else -1
    index = {category: i for i, category in enumerate(column.categories)}
    index.update((word, column.n_indicators + i) for i, word in enumerate(column.finer))
    missing = len(column.categories) + column.rare if column.missing else -1
    places = [index.get(word, unseen) for word in _usual_spellings(column, found.words)]
    return np.array([*places, missing], dtype=np.int64)[found.codes]

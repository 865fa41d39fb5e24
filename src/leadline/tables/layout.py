"""The layout: which columns a network reads and which numbers they become, one plain record for each column.

The layout and its category lists come once from all training rows, so the number of inputs n[0] is the same in every
fold. Whatever is a number that depends on the rows (medians, quantiles) is fitted elsewhere, fold by fold.
"""

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline.errors import DataError, ModelFileError
from leadline.records import ANYTHING, FLAG, TEXT, list_of, read_fields
from leadline.tables.reading import nearest

__all__ = ["CategoryColumn", "Encoded", "Group", "Layout", "NumberColumn", "in_order", "words_of"]

# A category column keeps its commonest values apart, and in long tables more of them: those of enough rows to learn
# something from. What is rarer shares one input.
MOST_CATEGORIES, MOST_OF_MANY, ROWS_OF_A_CATEGORY = 64, 1000, 30
# Text with more distinct values than this, and in more than this share of the rows, is not a category but free text.
MOST_DISTINCT = 100
MOST_DISTINCT_SHARE = 0.5
# Text that is a date, perhaps with a time of day, in the order that no country reads otherwise.
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$")


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers (or dates, as days): one input, and one more that says "missing" if any was in training."""

    name: str
    missing: bool
    date: bool = False

    @property
    def n_indicators(self) -> int:
        """Inputs beside the number itself."""
        return int(self.missing)


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories: one input for each, one for the rare ones together, one for "missing".

    A value unseen in training goes to the rare ones, or to no input at all where there are none.
    """

    name: str
    categories: tuple[str, ...]
    rare: bool
    missing: bool

    @classmethod
    def of(cls, name: str, counts: Mapping[str, int], missing: bool) -> "CategoryColumn":
        """The column whose words have so many rows each."""
        # commonest first, and among equals by name, so that the order of rows does not matter
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        common = sum(counts[word] >= ROWS_OF_A_CATEGORY for word in ordered[:MOST_OF_MANY])
        kept = ordered[: max(common, MOST_CATEGORIES)]
        return cls(name, tuple(sorted(kept)), len(ordered) > len(kept), missing)

    @property
    def n_indicators(self) -> int:
        """Inputs, each 0 or 1."""
        return len(self.categories) + self.rare + self.missing


class Group(NamedTuple):
    """Neighbouring indicators that tell of one column.

    Attributes
    ----------
    codes : bool
        Whether they tell which of its categories a row has; else there is one of them, for a number that is missing.
    source : int
        The place of the column among the codes, or among the numbers.
    width : int
        How many there are.
    """

    codes: bool
    source: int
    width: int


@dataclass
class Encoded:
    """A table as numbers, before anything is fitted on its rows.

    Attributes
    ----------
    numbers : (n, p) array of float32 or float64
        Number columns as they are, NaN for missing; a view of the table where that is possible.
    codes : (n, c) int32 array
        Of each category column the place of the row's category, of the rare ones or of "missing" among its
        indicators; −1 for none of them.
    groups : tuple of Group
        The indicators of the columns that have some, in their order.
    """

    numbers: NDArray[np.floating]
    codes: NDArray[np.int32]
    groups: tuple[Group, ...]

    @property
    def indicators(self) -> NDArray[np.float32]:
        """Zeros and ones, (n, q), group by group."""
        return self.rest()

    def rest(self, coded_above: float = math.inf) -> NDArray[np.float32]:
        """The inputs beside the numbers: indicators, and the code of a column that has more of them than that."""
        parts = [np.zeros((len(self), 0), np.float32)]
        for group in self.groups:
            if not group.codes:
                parts.append(np.isnan(self.numbers[:, group.source, None]).astype(np.float32))
            elif group.width > coded_above:
                parts.append(self.codes[:, group.source, None].astype(np.float32))
            else:
                parts.append((self.codes[:, group.source, None] == np.arange(group.width)).astype(np.float32))
        return np.concatenate(parts, axis=1)

    def __len__(self) -> int:
        return len(self.numbers)

    def followed_by(self, more: "Encoded") -> "Encoded":
        """These rows, and after them others."""
        numbers = np.concatenate([self.numbers, more.numbers])
        return Encoded(numbers, np.concatenate([self.codes, more.codes]), self.groups)

    def __getitem__(self, rows: slice | NDArray[np.integer]) -> "Encoded":
        return Encoded(self.numbers[rows], self.codes[rows], self.groups)


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
            codes, found = pd.factorize(own)
            values = [value[1] for value in found] if mixed else list(found)
        written = [_word(value) for value in values]
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
        column = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    if column.dt.tz is None:
        column = column.dt.tz_localize("UTC")
    days = (column - pd.Timestamp("1970-01-01", tz="UTC")) / pd.Timedelta(days=1)
    return np.asarray(days.to_numpy(dtype=np.float64))


@dataclass(frozen=True)
class Layout:
    """How a table becomes the inputs of a network.

    Attributes
    ----------
    columns : tuple of NumberColumn or CategoryColumn
        The columns that are read, in the order in which a network reads them.
    dropped : tuple of (name, reason)
        The columns that are not.
    """

    columns: tuple[NumberColumn | CategoryColumn, ...]
    dropped: tuple[tuple[str, str], ...]

    @classmethod
    def infer(cls, frame: pd.DataFrame) -> "Layout":
        """Find out what each column is, from all training rows.

        Raises
        ------
        DataError
            No column is left to learn from.
        """
        columns: list[NumberColumn | CategoryColumn] = []
        dropped = []
        for name in frame.columns:
            found = _infer_column(str(name), frame[name])
            if isinstance(found, str):
                dropped.append((str(name), found))
            else:
                columns.append(found)
        if not columns:
            why = "; ".join(f"{name!r} {reason}" for name, reason in dropped) or "the table has no other column"
            raise DataError(f"No column is left to learn from: {why}.")
        return cls(tuple(columns), tuple(dropped))

    @property
    def number_columns(self) -> list[NumberColumn]:
        """The columns of numbers."""
        return [column for column in self.columns if isinstance(column, NumberColumn)]

    @property
    def category_columns(self) -> list[CategoryColumn]:
        """The columns of categories."""
        return [column for column in self.columns if isinstance(column, CategoryColumn)]

    @property
    def notices(self) -> list[str]:
        """What the reader should know about the columns: which are not used, and of which not all categories are."""
        unused = [f"column {name!r} is not used: it {reason}" for name, reason in self.dropped]
        counted = [
            f"column {column.name!r} has more categories than rows can tell of: the {len(column.categories):,} "
            "commonest are kept apart, the others count as one"
            for column in self.category_columns
            if column.rare
        ]
        return [*unused, *counted]

    @property
    def n_inputs(self) -> int:
        """n[0]: inputs of the network."""
        return len(self.number_columns) + sum(column.n_indicators for column in self.columns)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The indicators of each column that has some."""
        found, at_number, at_code = [], 0, 0
        for column in self.columns:
            if isinstance(column, NumberColumn):
                found += [Group(False, at_number, 1)] * column.missing
                at_number += 1
            else:
                found.append(Group(True, at_code, column.n_indicators))
                at_code += 1
        return tuple(found)

    @property
    def input_names(self) -> list[str]:
        """What each input is, in order: numbers first, then indicators column by column."""
        names = [column.name for column in self.number_columns]
        for column in self.columns:
            if isinstance(column, CategoryColumn):
                names += [f"{column.name} = {category}" for category in column.categories]
                names += [f"{column.name} = (rare)"] * column.rare
            names += [f"{column.name} missing"] * column.missing
        return names

    def encode(self, frame: pd.DataFrame) -> Encoded:
        """The rows of a table as numbers and indicators.

        Parameters
        ----------
        frame : DataFrame
            The columns of the layout in any order; others are ignored.

        Raises
        ------
        DataError
            A column is missing or of another kind, or a number is infinite.
        """
        for column in self.columns:
            if column.name not in frame.columns:
                hint = nearest(column.name, [str(name) for name in frame.columns])
                raise DataError(f"Column {column.name!r}, which the model was trained with, is missing.{hint}")
        if self.plain:
            names = [column.name for column in self.columns]
            own = frame if list(frame.columns) == names else frame[names]
            kinds = set(own.dtypes)
            if kinds <= {np.dtype(np.float32)} or kinds <= {np.dtype(np.float64)}:
                return self.encode_array(own.to_numpy(), slice(None))
        numbers = np.empty((len(frame), len(self.number_columns)))
        codes = np.empty((len(frame), len(self.category_columns)), np.int32)
        for j, number in enumerate(self.number_columns):
            numbers[:, j] = self._number_values(number, frame[number.name])
        for j, category in enumerate(self.category_columns):
            codes[:, j] = _codes(category, frame[category.name])
        return Encoded(numbers, codes, self.groups)

    @property
    def plain(self) -> bool:
        """Whether all columns are numbers, and none a date."""
        return all(isinstance(column, NumberColumn) and not column.date for column in self.columns)

    def encode_array(self, X: NDArray[Any], positions: NDArray[np.int64] | slice, rows: slice = slice(None)) -> Encoded:
        """Some rows of an array of numbers, where `positions` says in which column of X each column is.

        The same as `encode` for a layout of plain number columns, without a table in between.

        Raises
        ------
        DataError
            A number is infinite.
        """
        numbers = X[rows, positions]
        if numbers.dtype not in (np.float32, np.float64):
            numbers = numbers.astype(np.float64)
        for j, column in enumerate(self.columns):
            if np.isinf(numbers[:, j]).any():
                raise _infinite(column.name, numbers[:, j], rows.start or 0)
        return Encoded(numbers, np.zeros((len(numbers), 0), np.int32), self.groups)

    @staticmethod
    def _number_values(column: NumberColumn, series: pd.Series) -> NDArray[np.float64]:
        values = _days(series) if column.date else _numbers(series)
        doubtful = np.flatnonzero(np.isnan(values) & series.notna().to_numpy())
        strange = [int(row) for row in doubtful if str(series.iloc[row]).strip()]
        if strange:
            row = strange[0]
            kind, write = ("dates", "it like 2026-01-31") if column.date else ("numbers", "a number")
            raise DataError(
                f"Column {column.name!r} held {kind} in training, but row {row + 1} has {str(series.iloc[row])!r}; "
                f"write {write} or leave the cell empty."
            )
        if np.isinf(values).any():
            raise _infinite(column.name, values)
        return values

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        return {
            "columns": [
                {"kind": "number" if isinstance(c, NumberColumn) else "category", **dataclasses.asdict(c)}
                for c in self.columns
            ],
            "dropped": [list(pair) for pair in self.dropped],
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Layout":
        """The layout that `to_record` wrote.

        Raises
        ------
        ModelFileError
            It is none, or two columns have one name.
        """
        pairs = list_of(list_of(TEXT, 2))
        read = read_fields(record, "the layout", {"columns": list_of(ANYTHING), "dropped": pairs})
        columns: list[NumberColumn | CategoryColumn] = []
        for i, item in enumerate(read["columns"], start=1):
            kind = item.get("kind") if isinstance(item, dict) else None
            if isinstance(item, dict) and not (isinstance(kind, str) and kind in _FIELDS):
                raise ModelFileError(f"column {i} of the layout: 'kind' must be one of 'number', 'category'.")
            fields = read_fields(item, f"column {i} of the layout", _FIELDS.get(str(kind), {}))
            del fields["kind"]
            if kind == "number":
                columns.append(NumberColumn(**fields))
            else:
                columns.append(CategoryColumn(**{**fields, "categories": tuple(fields["categories"])}))
        names = [column.name for column in columns] + [name for name, _ in read["dropped"]]
        if len(set(names)) < len(names) or not columns:
            raise ModelFileError("the layout must have columns, each with a name of its own.")
        for column in columns:
            if isinstance(column, CategoryColumn) and len(set(column.categories)) < len(column.categories):
                raise ModelFileError(f"the layout: column {column.name!r} has a category twice.")
        return cls(tuple(columns), tuple((name, reason) for name, reason in read["dropped"]))


_FIELDS = {
    "number": {"kind": TEXT, "name": TEXT, "missing": FLAG, "date": FLAG},
    "category": {"kind": TEXT, "name": TEXT, "categories": list_of(TEXT), "rare": FLAG, "missing": FLAG},
}


def _infinite(name: str, values: NDArray[np.floating], before: int = 0) -> DataError:
    row = int(np.flatnonzero(np.isinf(values))[0])
    return DataError(
        f"Column {name!r} has an infinite value in row {before + row + 1} ({values[row]}): X contains infinity. "
        "Replace it by a number or leave the cell empty."
    )


def _infer_column(name: str, column: pd.Series) -> NumberColumn | CategoryColumn | str:
    """The record of a column, or the reason why it is dropped."""
    known = column.dropna()
    missing = len(known) < len(column)
    if known.empty:
        return "is entirely missing"
    date = pd.api.types.is_datetime64_any_dtype(column)
    if date or _is_number(column):
        if known.min() == known.max() and not missing:
            return f"is constant ({known.iloc[0]})"
        return NumberColumn(name, missing, date)
    if pd.api.types.is_object_dtype(known.dtype) and known.map(_is_nested).any():
        return "holds lists or records"
    declared = isinstance(column.dtype, pd.CategoricalDtype)
    words = _Words.of(column)
    if not declared and words.words and all(map(_ISO_DATE.match, words.words)):
        days = _days(pd.Series(words.words, dtype=object))
        if not np.isnan(days).any() and (len(days) > 1 or (words.codes < 0).any()):
            return NumberColumn(name, bool((words.codes < 0).any()), date=True)
    counts, n = words.counts(), int(np.sum(words.codes >= 0))
    missing = n < len(column)
    if not n:
        return "is entirely missing"
    if len(counts) == 1 and not missing:
        return f"is constant ({next(iter(counts))})"
    if len(counts) == n and n > 2 and not declared:
        return "is text whose values all differ, an identifier"
    if len(counts) > max(MOST_DISTINCT, MOST_DISTINCT_SHARE * n) and not declared:
        return f"is text with {len(counts):,} different values in {n:,} rows"
    return CategoryColumn.of(name, counts, missing)


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | tuple | dict | set | np.ndarray)


def _codes(column: CategoryColumn, series: pd.Series) -> NDArray[np.int64]:
    """The place of each row among the column's indicators, (n,); −1 where it has none."""
    found = _Words.of(series)
    unseen = len(column.categories) if column.rare else -1
    index = {category: i for i, category in enumerate(column.categories)}
    missing = len(column.categories) + column.rare if column.missing else -1
    place = np.array([index.get(word, unseen) for word in found.words] + [missing], dtype=np.int64)
    return place[found.codes]

"""The layout: which columns a network reads and which numbers they become, one plain record for each column.

The layout and its category lists come once from all training rows, so the number of inputs n[0] is the same in every
fold; so does what makes numbers out of free text and dates, which knows no target. Whatever else is a number that
depends on the rows (medians, quantiles) is fitted elsewhere, fold by fold. What infers, encodes, names, writes and
reads a layout goes by the same order of columns and inputs, so it stands together.
"""

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline.errors import DataError, ModelFileError
from leadline.records import ANYTHING, FLAG, NUMBER, TEXT, list_of, one_of, read_fields
from leadline.tables.columns import (
    CategoryColumn,
    Column,
    NumberColumn,
    check_said,
    codes_of,
    fitted_date,
    fitted_text,
    infer_column,
    infinite,
    number_values,
    numbers_of,
    text_numbers,
)
from leadline.tables.crosses import MOST_CELLS, Axis, Cross
from leadline.tables.dates import CALENDAR, CYCLES, points_in_time
from leadline.tables.frames import free_name, with_columns
from leadline.tables.reading import nearest
from leadline.tables.text import REDUCTION_FIELDS, Reduction, TextColumn
from leadline.tables.written import WrittenDates, WrittenNumbers, written_from_record

__all__ = ["Encoded", "Group", "Layout"]


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
    rare : int
        Which of them stands for the rare categories; −1 if none does.
    finer : int
        Codes after those of the indicators, for rare categories that are told apart otherwise.
    kinds : int
        How many codes, one after the other, statistics tell the same of: see `Axis.kinds`.
    """

    codes: bool
    source: int
    width: int
    rare: int = -1
    finer: int = 0
    kinds: int = 1

    @property
    def n_codes(self) -> int:
        """All that is told apart."""
        return self.width + self.finer

    def places(self, codes: NDArray[np.integer]) -> NDArray[np.integer]:
        """The place of each code among the indicators; −1 for none."""
        return np.where(codes < self.width, codes, self.rare)


@dataclass
class Encoded:
    """A table as numbers, before anything is fitted on its rows.

    Attributes
    ----------
    numbers : (n, p) array of float32 or float64
        Number columns as they are, NaN for missing; a view of the table where that is possible. Then those that are
        derived from dates and from text.
    codes : (n, c) int32 array
        Of each category column the place of the row's category, of the rare ones or of "missing" among its
        indicators; a rare one that has a code of its own has it after those; −1 for none of them.
    groups : tuple of Group
        The indicators of the columns that have some, in their order.
    derived : int
        How many of the numbers, the last ones, are derived.
    cycles : tuple of (int, int)
        Where among the numbers those of each cycle of a date begin and end.
    crosses : tuple of Cross
        The columns that are read value by value, which statistics of the target tell of.
    """

    numbers: NDArray[np.floating]
    codes: NDArray[np.int32]
    groups: tuple[Group, ...]
    derived: int = 0
    cycles: tuple[tuple[int, int], ...] = ()
    crosses: tuple[Cross, ...] = ()

    @property
    def told(self) -> NDArray[np.int32]:
        """The codes, and after them the cell of each cross, (n, c + crosses)."""
        if not self.crosses:
            return self.codes
        return np.column_stack([self.codes, *(cross.cells(self.numbers, self.codes) for cross in self.crosses)])

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
            else:
                places = group.places(self.codes[:, group.source, None])
                coded = group.width > coded_above
                parts.append((places if coded else places == np.arange(group.width)).astype(np.float32))
        return np.concatenate(parts, axis=1)

    def __len__(self) -> int:
        return len(self.numbers)

    def followed_by(self, more: "Encoded") -> "Encoded":
        """These rows, and after them others."""
        numbers = np.concatenate([self.numbers, more.numbers])
        return self.having(numbers, np.concatenate([self.codes, more.codes]))

    def having(self, numbers: NDArray[np.floating], codes: NDArray[np.int32]) -> "Encoded":
        """Other rows of the same table."""
        return dataclasses.replace(self, numbers=numbers, codes=codes)

    def __getitem__(self, rows: slice | NDArray[np.integer]) -> "Encoded":
        return self.having(self.numbers[rows], self.codes[rows])


@dataclass(frozen=True)
class Layout:
    """How a table becomes the inputs of a network.

    Attributes
    ----------
    columns : tuple of NumberColumn, CategoryColumn or TextColumn
        The columns that are read, in the order in which a network reads them.
    dropped : tuple of (name, reason)
        The columns that are not.
    crosses : tuple of Cross
        The columns that are also read value by value.
    """

    columns: tuple[Column, ...]
    dropped: tuple[tuple[str, str], ...]
    crosses: tuple[Cross, ...] = ()

    @classmethod
    def infer(cls, frame: pd.DataFrame, said: Mapping[str, Any] | None = None) -> "Layout":
        """Find out what each column is, from all training rows; `fitted` finds what is derived from text and dates.

        Parameters
        ----------
        frame : DataFrame
        said : mapping of str to str or sequence, optional
            What is known of some columns: "number", "date", "day first", "month first", "category" (whatever it looks
            like), "text" (free text), "words" (neither numbers nor dates), "drop" (left out), or words from low to
            high.

        Raises
        ------
        DataError
            No column is left to learn from, or one is not what is said of it.
        ParameterError
            What is said is none of these.
        """
        known = check_said(said, [str(name) for name in frame.columns])
        columns: list[Column] = []
        dropped = []
        for name in frame.columns:
            found = infer_column(str(name), frame[name], known.get(str(name)))
            if isinstance(found, str):
                dropped.append((str(name), found))
            else:
                columns.append(found)
        if not columns:
            why = "; ".join(f"{name!r} {reason}" for name, reason in dropped) or "the table has no other column"
            raise DataError(f"No column is left to learn from: {why}.")
        return cls(tuple(columns), tuple(dropped))

    def fitted(self, frame: pd.DataFrame) -> "Layout":
        """The same with what makes numbers out of free text, and the cycles of dates, fitted on training rows.

        BLAS must be held to one thread for the same bits everywhere.
        """
        alone = len(self.text_columns) == len(self.columns)
        columns: list[Column] = []
        for column in self.columns:
            if isinstance(column, TextColumn):
                columns.append(fitted_text(column, frame[column.name], alone))
            elif isinstance(column, NumberColumn) and column.date:
                columns.append(fitted_date(column, frame[column.name]))
            else:
                columns.append(column)
        return dataclasses.replace(self, columns=tuple(columns))

    def without_cycles(self, names: Collection[str]) -> "Layout":
        """The same where some columns of dates, if there are any of these names, have no cycles."""
        columns = (
            dataclasses.replace(column, cycles=())
            if column.name in names and isinstance(column, NumberColumn)
            else column
            for column in self.columns
        )
        return dataclasses.replace(self, columns=tuple(columns))

    @property
    def number_columns(self) -> list[NumberColumn]:
        """The columns of numbers."""
        return [column for column in self.columns if isinstance(column, NumberColumn)]

    @property
    def category_columns(self) -> list[CategoryColumn]:
        """The columns of categories."""
        return [column for column in self.columns if isinstance(column, CategoryColumn)]

    @property
    def text_columns(self) -> list[TextColumn]:
        """The columns of free text."""
        return [column for column in self.columns if isinstance(column, TextColumn)]

    @property
    def derived(self) -> int:
        """How many numbers are derived from dates and text."""
        return sum(column.size for column in self.columns if not isinstance(column, CategoryColumn))

    @property
    def n_numbers(self) -> int:
        """p: numbers of a row, the derived ones among them."""
        return len(self.number_columns) + self.derived

    @property
    def numbers_of_columns(self) -> list[NDArray[np.int64]]:
        """Which of the numbers of a row are each column's, a number itself before those that are derived from it."""
        found, number, derived = [], 0, len(self.number_columns)
        for column in self.columns:
            own: list[int] = []
            if isinstance(column, NumberColumn):
                own, number = [number], number + 1
            if not isinstance(column, CategoryColumn):
                own, derived = [*own, *range(derived, derived + column.size)], derived + column.size
            found.append(np.array(own, np.int64))
        return found

    @property
    def cycles(self) -> tuple[tuple[int, int], ...]:
        """Where among the numbers of a row those of each cycle of a date begin and end."""
        found = []
        for column, own in zip(self.columns, self.numbers_of_columns, strict=True):
            at = int(own[1]) if isinstance(column, NumberColumn) and column.cycles else 0
            for name in column.cycles if isinstance(column, NumberColumn) else ():
                found.append((at, at := at + CYCLES[name].size))
        return tuple(found)

    def derive(self, numbers: NDArray[np.floating]) -> None:
        """Write into the numbers of rows, (n, p), what is derived from dates among them."""
        for column, own in zip(self.columns, self.numbers_of_columns, strict=True):
            if isinstance(column, NumberColumn) and column.cycles:
                numbers[:, own[1:]] = column.cyclic(numbers[:, own[0]])

    @property
    def n_inputs(self) -> int:
        """n[0]: inputs of the network."""
        return self.n_numbers + sum(column.n_indicators for column in self.columns)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The indicators of each column that has some."""
        found, at_code = [], 0
        for column, numbers in zip(self.columns, self.numbers_of_columns, strict=True):
            if isinstance(column, CategoryColumn):
                rare = len(column.categories) if column.rare else -1
                found.append(Group(True, at_code, column.n_indicators, rare, len(column.finer)))
                at_code += 1
            else:
                found += [Group(False, int(number), 1) for number in numbers[: column.n_indicators]]
        return tuple(found)

    @property
    def input_names(self) -> list[str]:
        """What each input is, in order: numbers first, then derived ones, then indicators column by column.

        With underscores behind the name of one that an input before it has.
        """
        names = [column.name for column in self.number_columns]
        for column in self.columns:
            if isinstance(column, TextColumn) and column.size:
                names += [f"{column.name} length", *(f"{column.name} direction {i}" for i in range(1, column.size))]
            elif isinstance(column, NumberColumn):
                for cycle in column.cycles:
                    waves = range(1, CYCLES[cycle].waves + 1)
                    names += [f"{column.name} {cycle} {kind} {i}" for kind in ("sine", "cosine") for i in waves]
        for column in self.columns:
            if isinstance(column, CategoryColumn):
                names += [f"{column.name} = {category}" for category in column.categories]
                names += [f"{column.name} = (rare)"] * column.rare
            names += [f"{column.name} missing"] * (column.missing and column.n_indicators > 0)
        found: dict[str, None] = {}
        for name in names:
            found[free_name({*names, *found}, name) if name in found else name] = None
        return list(found)

    @property
    def notices(self) -> list[str]:
        """What a reader should know of the columns.

        How those are read that are no plain numbers, whose categories are not all kept apart, which are not used.
        """
        found = []
        for column in self.columns:
            if isinstance(column, CategoryColumn):
                if column.spellings:
                    found.append(f"column {column.name!r} is read as {' or '.join(column.categories)}, in any spelling")
                if column.rare:
                    found.append(
                        f"column {column.name!r} has more categories than rows can tell of: the "
                        f"{len(column.categories):,} commonest are kept apart, the others count as one"
                    )
            elif isinstance(column, TextColumn):
                found.append(
                    f"column {column.name!r} is read as free text, by its words and parts of words; say 'drop' of it "
                    "to leave it out"
                )
            elif isinstance(column.written, WrittenNumbers | WrittenDates):
                kind = "dates" if column.date else "numbers"
                found.append(f"column {column.name!r} is read as {kind} written like {column.written.described()}")
            elif column.written is not None:
                found.append(f"column {column.name!r} is read as places in an order: {column.written.described()}")
        found += [cross.notice for cross in self.crosses]
        return found + [f"column {name!r} is not used: it {reason}" for name, reason in self.dropped]

    def encoded(self, numbers: NDArray[np.floating], codes: NDArray[np.int32]) -> Encoded:
        """Rows whose numbers, (n, p) with those that are derived, and codes, (n, c), are known."""
        return Encoded(numbers, codes, self.groups, self.derived, self.cycles, self.crosses)

    def axis(self, name: str, values: tuple[float, ...] = (), calendar: str = "") -> Axis:
        """A column of a cross, of numbers with the values that are told apart, of dates with what tells days apart."""
        for at, category in enumerate(self.category_columns):
            if category.name == name:
                return Axis(name, at, n_codes=category.n_indicators + len(category.finer))
        at = [number.name for number in self.number_columns].index(name)
        return Axis(name, at, values=values, calendar=calendar)

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
        numbers = np.empty((len(frame), self.n_numbers))
        codes = np.empty((len(frame), len(self.category_columns)), np.int32)
        for j, number in enumerate(self.number_columns):
            numbers[:, j] = number_values(number, frame[number.name])
        for column, places in zip(self.columns, self.numbers_of_columns, strict=True):
            if isinstance(column, TextColumn):
                numbers[:, places] = text_numbers(column, frame[column.name])
        self.derive(numbers)
        for j, category in enumerate(self.category_columns):
            codes[:, j] = codes_of(category, frame[category.name])
        return self.encoded(numbers, codes)

    @property
    def plain(self) -> bool:
        """Whether all columns are numbers as they stand, and none a date."""
        return all(isinstance(own, NumberColumn) and not own.date and own.written is None for own in self.columns)

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
                raise infinite(column.name, numbers[:, j], rows.start or 0)
        return self.encoded(numbers, np.zeros((len(numbers), 0), np.int32))

    def typed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The same table, its text of numbers and dates as numbers and dates; words that have an order stay."""
        found = {}
        for column in self.number_columns:
            if isinstance(column.written, WrittenNumbers | WrittenDates):
                values = numbers_of(column.written, frame[column.name], column.date)
                found[column.name] = points_in_time(values) if column.date else values
        return with_columns(frame, found)

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON; `to_arrays` has what makes numbers out of text."""
        record = {"columns": [_column_record(column) for column in self.columns], "dropped": [*map(list, self.dropped)]}
        if self.crosses:
            record["crosses"] = [[_axis_record(axis) for axis in cross.axes] for cross in self.crosses]
        return record

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What the columns of text have fitted, by name."""
        fitted = (column.reduction for column in self.text_columns)
        return {
            f"text[{i}]/{name}": array
            for i, own in enumerate(fitted)
            if own is not None
            for name, array in own.to_arrays().items()
        }

    @classmethod
    def from_record(
        cls,
        record: dict[str, Any],
        take: Callable[[str, tuple[int, ...], type], NDArray[Any]] | None = None,
    ) -> "Layout":
        """The layout that `to_record` wrote.

        Parameters
        ----------
        record : mapping
        take : callable, optional
            Gives the arrays that `to_arrays` wrote, by name, shape and kind; without it columns of text have no inputs.

        Raises
        ------
        ModelFileError
            It is none, or two columns have one name.
        """
        if isinstance(record, dict):
            record = {"crosses": [], **record}
        fields_of = {"columns": list_of(ANYTHING), "dropped": list_of(list_of(TEXT, 2))}
        read = read_fields(record, "the layout", {**fields_of, "crosses": list_of(list_of(ANYTHING))})
        columns: list[Column] = []
        texts = 0
        for i, item in enumerate(read["columns"], start=1):
            kind = item.get("kind") if isinstance(item, dict) else None
            if isinstance(item, dict) and not (isinstance(kind, str) and kind in _FIELDS):
                raise ModelFileError(f"column {i} of the layout: 'kind' must be one of 'number', 'category', 'text'.")
            if isinstance(item, dict):
                item = {**_RARE[str(kind)], **item}
            fields = read_fields(item, f"column {i} of the layout", _FIELDS.get(str(kind), {}))
            del fields["kind"]
            if kind == "number":
                written = fields["written"]
                if written is not None:
                    fields["written"] = written_from_record(written, f"column {i} of the layout: 'written'")
                fields["cycles"] = tuple(fields["cycles"])
                known = tuple(name for name in CYCLES if fields["date"] and name in fields["cycles"])
                if fields["cycles"] != known:
                    raise ModelFileError(
                        f"column {i} of the layout: 'cycles' must be some of {', '.join(CYCLES)}, of a date."
                    )
                columns.append(NumberColumn(**fields))
            elif kind == "text":
                shape = (fields.pop("kept"), fields.pop("directions"))
                own = None if take is None else Reduction.from_arrays(*shape, partial(_taken, take, texts))
                columns.append(TextColumn(**fields, reduction=own))
                texts += 1
            else:
                fields["categories"] = tuple(fields["categories"])
                fields["spellings"] = tuple((word, usual) for word, usual in fields["spellings"])
                fields["finer"] = tuple(fields["finer"])
                columns.append(CategoryColumn(**fields))
        names = [column.name for column in columns] + [name for name, _ in read["dropped"]]
        if len(set(names)) < len(names) or not columns:
            raise ModelFileError("the layout must have columns, each with a name of its own.")
        for column in columns:
            if not isinstance(column, CategoryColumn):
                continue
            words = column.categories + column.finer
            if len(set(words)) < len(words):
                raise ModelFileError(f"the layout: column {column.name!r} has a category twice.")
            if column.finer and not column.rare:
                raise ModelFileError(f"the layout: column {column.name!r} has finer categories but no rare ones.")
        plain = cls(tuple(columns), tuple((name, reason) for name, reason in read["dropped"]))
        return dataclasses.replace(plain, crosses=tuple(_cross(plain, axes) for axes in read["crosses"]))


def _taken(
    take: Callable[[str, tuple[int, ...], type], NDArray[Any]], i: int, name: str, shape: tuple[int, ...], kind: type
) -> NDArray[Any]:
    return take(f"text[{i}]/{name}", shape, kind)


def _cross(layout: Layout, axes: list[Any]) -> Cross:
    """A cross from its record.

    Raises
    ------
    ModelFileError
        It is none of columns of the layout.
    """
    found = []
    fields_of = {"name": TEXT, "values": list_of(NUMBER), "calendar": one_of("", *CALENDAR)}
    for axis in axes:
        axis = {"calendar": "", **axis} if isinstance(axis, dict) else axis
        name, values, calendar = read_fields(axis, "a cross of the layout", fields_of).values()
        column = next((own for own in layout.columns if own.name == name and not isinstance(own, TextColumn)), None)
        if calendar:
            fits = isinstance(column, NumberColumn) and column.date and not values and len(axes) == 1
        else:
            # as float32 has them: see `Axis`
            with np.errstate(over="ignore"):
                told = np.unique(np.array(values, np.float32)).astype(float).tolist()
            fits = column is not None and isinstance(column, NumberColumn) == bool(values) and values == told
        if not fits:
            raise ModelFileError(
                f"a cross of the layout: {name!r} must be a column of categories, one of numbers with their values, "
                "ascending, or, by itself, one of dates with what tells days apart."
            )
        found.append(layout.axis(name, tuple(values), calendar))
        if found[-1].size < 2:
            raise ModelFileError(f"a cross of the layout: {name!r} must be a column of categories; it has none.")
    cross = Cross(tuple(found))
    if len({axis.name for axis in found}) != len(axes) or len(axes) not in (1, 2) or cross.n_cells > MOST_CELLS:
        raise ModelFileError(
            f"a cross of the layout: {cross.name!r} must be of one or two columns and at most {MOST_CELLS:,} cells."
        )
    return cross


def _axis_record(axis: Axis) -> dict[str, Any]:
    """A column of a cross as a record."""
    return {"name": axis.name, "values": list(axis.values), **({"calendar": axis.calendar} if axis.calendar else {})}


def _column_record(column: Column) -> dict[str, Any]:
    """A column as a record, without what few columns have and this one has not."""
    if isinstance(column, TextColumn):
        kept, directions = (0, 0) if column.reduction is None else column.reduction.directions.shape
        sizes = {"kept": kept, "directions": directions}
        return {"kind": "text", "name": column.name, "missing": column.missing, **sizes}
    record = dataclasses.asdict(column)
    if isinstance(column, CategoryColumn):
        few = {name: words for name in ("spellings", "finer") if (words := record.pop(name))}
        return {"kind": "category", **record, **few}
    few = {} if column.written is None else {"written": column.written.to_record()}
    del record["written"]
    if cycles := record.pop("cycles"):
        few["cycles"] = list(cycles)
    return {"kind": "number", **record, **few}


# What few columns have.
_RARE: dict[str, dict[str, Any]] = {
    "number": {"written": None, "cycles": []},
    "category": {"spellings": [], "finer": []},
    "text": {},
}
_FIELDS = {
    "number": {"kind": TEXT, "name": TEXT, "missing": FLAG, "date": FLAG, "written": ANYTHING, "cycles": list_of(TEXT)},
    "category": {
        "kind": TEXT,
        "name": TEXT,
        "categories": list_of(TEXT),
        "rare": FLAG,
        "missing": FLAG,
        "spellings": list_of(list_of(TEXT, 2)),
        "finer": list_of(TEXT),
    },
    "text": {"kind": TEXT, "name": TEXT, "missing": FLAG, **REDUCTION_FIELDS},
}

"""Datasets: tables that stay on disk, one or many Parquet or Arrow files, read in parts that fit into memory.

A first pass finds out what `Layout.infer` and `infer_target` find out of a table: what each column is, which categories
and classes there are, where values are missing. It keeps a sample of the rows, drawn by a hash of their numbers, from
which quantiles are taken and which judges networks. After that, rows come part by part: the pieces of the files (row
groups, or whole files) in an order drawn anew each time, so many of them together as the memory allows, while the
next ones are being read. The pass and the parts go by the same pieces and the same numbers of rows, so they stand
together.
"""

import copy
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline.errors import DataError, ParameterError
from leadline.tables.columns import Column, NumberColumn, in_order, infer_words, words_of
from leadline.tables.frames import typed
from leadline.tables.layout import Layout
from leadline.tables.reading import nearest
from leadline.tables.text import TextColumn
from leadline.tables.values import no_value
from leadline.tables.written import OrderedWords

__all__ = ["Dataset", "Part", "Survey", "hashed", "is_dataset", "parse_memory", "stays_on_disk"]

Array = NDArray[Any]

# Rows that are kept in memory to take quantiles from and to judge by.
SAMPLE = 100_000
# Rows that are decoded at once.
ROWS_DECODED = 1 << 16
# What a process with nothing to train takes by itself, and the share of the rest that one part of the rows may fill:
# there are three of them at a time (one trains, one waits, one is being read), and decoding doubles the last.
OWN_BYTES, PART_SHARE = 600 << 20, 0.2
USUAL_MEMORY = 2 << 30
SMALLEST_PART = 1 << 14
# Names of the random numbers by which rows are drawn.
_SAMPLED, _DIVIDED = 1, 2
# A column with more different words than this is free text, whatever the sample says.
MOST_WORDS = 1_000_000
_UNITS = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40, "B": 1}


def parse_memory(text: str | int | None) -> int:
    """Bytes from a number of them or text such as "2GB".

    Raises
    ------
    ParameterError
        It is neither, or less than a process needs.
    """
    if text is None:
        return USUAL_MEMORY
    if isinstance(text, int) and not isinstance(text, bool):
        found = float(text)
    else:
        written = str(text).strip().upper().replace("IB", "B")
        unit = next((unit for unit in _UNITS if written.endswith(unit)), "")
        try:
            found = float(written.removesuffix(unit)) * _UNITS.get(unit, 1)
        except ValueError:
            found = float("nan")
    if not found >= 2 * OWN_BYTES:
        least = f"{2 * OWN_BYTES / (1 << 30):.1f}GB"
        raise ParameterError(f"memory must be a size such as 2GB, of at least {least}; got {text!r}.")
    return int(found)


def hashed(rows: Array, *key: int) -> NDArray[np.uint64]:
    """A random number for each row number, the same whatever rows are beside it (the finaliser of SplitMix64)."""
    start = np.random.SeedSequence(key).generate_state(1, np.uint64)
    x = rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + start
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


class Part(NamedTuple):
    """Some rows of a dataset: their numbers, (m,), and the table of them."""

    rows: NDArray[np.int64]
    frame: pd.DataFrame


@dataclass(frozen=True)
class Survey:
    """What the first pass has found.

    Attributes
    ----------
    n_rows : int
        Rows with a target.
    layout : Layout
        Of all columns but those set aside.
    sample : DataFrame
        Some rows, all columns, in their order.
    numbers : (m,) array of int
        The numbers of these rows.
    classes : list
        Values of the target, for a classification; at most `MOST_WORDS`.
    low, high : float
        The least and the greatest of the target's numbers.
    """

    n_rows: int
    layout: Layout
    sample: pd.DataFrame
    numbers: NDArray[np.int64]
    classes: list[Any]
    low: float
    high: float


@dataclass(frozen=True)
class _Share:
    """Which rows a share of a dataset has: those that a hash of their numbers draws, or the others."""

    threshold: np.uint64
    seed: int
    drawn: bool

    def __call__(self, rows: Array) -> NDArray[np.bool_]:
        return np.asarray((hashed(rows, self.seed, _DIVIDED) < self.threshold) == self.drawn)


class _Piece(NamedTuple):
    """A row group of a file, or a file: where its rows begin in the dataset, and how many there are."""

    fragment: Any
    first: int
    rows: int


def stays_on_disk(source: str) -> bool:
    """Whether a path is a folder of files, or a file that only a dataset reads."""
    path = Path(source)
    return path.is_dir() or path.suffix.lower() in (".arrow", ".feather", ".ipc")


def is_dataset(X: Any) -> bool:
    """Whether X is a dataset on disk: ours, pyarrow's, or the path of a file or folder."""
    kind = f"{type(X).__module__}.{type(X).__name__}"
    return isinstance(X, Dataset | str | Path) or kind.startswith("pyarrow._dataset")


class Dataset:
    """A table in Parquet or Arrow files, of which only a part is in memory at a time.

    Parameters
    ----------
    source : path, or pyarrow.dataset.Dataset
        A Parquet or Arrow file (.parquet, .pq, .arrow, .feather), a folder of them, or one partitioned by folders named
        like ``year=2026``.
    memory : int or str, default "2GB"
        What the process may take, about: parts of the rows are as large as that allows.
    columns : sequence of str, optional
        Columns that are read, the target among them; by default all.

    Raises
    ------
    DataError
        There is no such file or column, it cannot be read, or it has no rows.
    """

    def __init__(self, source: Any, memory: int | str | None = None, columns: Sequence[str] | None = None) -> None:
        self.memory = parse_memory(memory)
        self.name = str(source) if isinstance(source, str | Path) else "the dataset"
        # where another process finds the same files, whatever folder it works in
        self._source = Path(source).absolute() if isinstance(source, str | Path) else source
        dataset = _open(self._source)
        self.columns = [name for name in dataset.schema.names if not name.startswith("__index_level_")]
        self.pieces: list[_Piece] = []
        self.n_rows = 0
        for fragment in dataset.get_fragments():
            by_group = hasattr(fragment, "split_by_row_group")
            for group in fragment.split_by_row_group() if by_group else [fragment]:
                rows = group.row_groups[0].num_rows if by_group else group.count_rows()
                if rows:
                    self.pieces.append(_Piece(group, self.n_rows, rows))
                    self.n_rows += rows
        if not self.n_rows:
            raise DataError(f"{self.name} has no rows.")
        self._schema = dataset.schema
        self._kept: _Share | None = None
        self._required: str | None = None
        self._surveys: dict[Any, Survey] = {}
        if columns is not None:
            self.check(*columns)
            self.columns = list(columns)

    def __len__(self) -> int:
        return self.n_rows

    def __getstate__(self) -> dict[str, Any]:
        # paths travel, rows do not: whoever gets them opens the files
        return {
            "given": (self._source, self.memory, self.columns),
            "left": (self.name, self.n_rows, self._kept, self._required),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(*state["given"])  # type: ignore[misc]
        self.name, self.n_rows, self._kept, self._required = state["left"]

    def divide(self, share: float, seed: int) -> "tuple[Dataset, Dataset]":
        """The same table without a share of its rows, drawn by a hash of their numbers, and these rows."""
        threshold = np.uint64(share * (2**64 - 2**11))
        left, taken = copy.copy(self), copy.copy(self)
        left._kept, taken._kept = _Share(threshold, seed, False), _Share(threshold, seed, True)
        parts = (np.arange(i, min(i + ROWS_DECODED, self.n_rows)) for i in range(0, self.n_rows, ROWS_DECODED))
        taken.n_rows = sum(int(taken._kept(rows).sum()) for rows in parts)
        left.n_rows = self.n_rows - taken.n_rows
        left._surveys, taken._surveys = {}, {}
        return left, taken

    def with_values_of(self, target: str, n_rows: int) -> "Dataset":
        """The same table without the rows that have no target; a survey has told how many have one."""
        left = copy.copy(self)
        left._required, left.n_rows = target, n_rows
        return left

    def frame(self) -> pd.DataFrame:
        """All rows, in memory."""
        return pd.concat([part.frame for part in self.batches()], ignore_index=True)

    def check(self, *names: str) -> None:
        """Raise DataError for a column that is not there."""
        for name in names:
            if name not in self.columns:
                raise DataError(f"{self.name} has no column {name!r}.{nearest(name, self.columns)}")

    def rows_at_once(self, columns: int) -> int:
        """Rows of a part, with so many columns of eight bytes."""
        room = PART_SHARE * (self.memory - OWN_BYTES)
        return max(int(room / (8 * (columns + 2))), SMALLEST_PART)

    def _batches(self, piece: _Piece, columns: Sequence[str]) -> Iterator[Part]:
        at, wanted = piece.first, list(columns)
        if self._required is not None and self._required not in wanted:
            wanted.append(self._required)
        reader = piece.fragment.to_batches(
            schema=self._schema, columns=wanted, batch_size=ROWS_DECODED, use_threads=False, batch_readahead=1
        )
        for batch in reader:
            frame = batch.to_pandas(ignore_metadata=True, date_as_object=False, self_destruct=True)
            rows = np.arange(at, at + batch.num_rows)
            at += batch.num_rows
            if self._kept is not None:
                kept = self._kept(rows)
                rows, frame = rows[kept], frame[kept].reset_index(drop=True)
            if self._required is not None:
                rows, frame = _with_target(rows, frame, self._required)
                frame = frame[list(columns)]
            if not len(rows):
                continue
            yield Part(rows, frame.apply(typed) if any(dtype.kind == "O" for dtype in frame.dtypes) else frame)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Part]:
        """All rows in their order, some at a time."""
        for piece in self.pieces:
            yield from self._batches(piece, self.columns if columns is None else columns)

    def take(self, rows: Array, columns: Sequence[str]) -> pd.DataFrame:
        """Some rows by their numbers, (m,), which rise: those columns of them, read from the pieces that have some.

        Raises
        ------
        DataError
            The files do not have these rows.
        """
        found = [pd.DataFrame(columns=list(columns))]
        for piece in self.pieces:
            here = rows[np.searchsorted(rows, piece.first) : np.searchsorted(rows, piece.first + piece.rows)]
            for numbers, frame in self._batches(piece, columns) if len(here) else ():
                wanted = np.isin(numbers, here, assume_unique=True)
                if wanted.any():
                    found.append(frame[wanted])
        taken = pd.concat(found[1:] or found, ignore_index=True)
        if len(taken) < len(rows):
            raise DataError(
                f"{self.name} has {len(taken):,} of the {len(rows):,} rows wanted: these are other files than before."
            )
        return taken

    def column(self, name: str) -> Array:
        """One column, (n,)."""
        self.check(name)
        whole = pd.concat([part.frame[name] for part in self.batches([name])], ignore_index=True)
        return np.asarray(whole.to_numpy())

    def parts(
        self, columns: Sequence[str], rows_at_once: int, seed: Any, take: Callable[[list[Part]], Any]
    ) -> Iterator[Any]:
        """All rows, about so many at a time, the pieces of the files in an order that `seed` draws.

        What `take` makes of each part is made, as the part is read, while the caller is busy with the one before.
        """
        order = np.random.default_rng(seed).permutation(len(self.pieces))

        def read() -> Iterator[Any]:
            part: list[Part] = []
            held, left = 0, self.n_rows
            for i in order:
                for batch in self._batches(self.pieces[i], columns):
                    part.append(batch)
                    held, left = held + len(batch.rows), left - len(batch.rows)
                    # what is left at the end is no part of its own if it is little
                    if held >= rows_at_once and 2 * left >= rows_at_once:
                        yield take(part)
                        part, held = [], 0
            if part:
                yield take(part)

        return _ahead(read())

    def survey(
        self, target: str, aside: Sequence[str] = (), seed: int = 0, said: Mapping[str, Any] | None = None
    ) -> Survey:
        """Read everything once; what was found is kept.

        Parameters
        ----------
        target : str
        aside : sequence of str
            Columns that are no inputs.
        seed : int
            Draws the sample.
        said : mapping, optional
            What is known of some columns; see `Layout.infer`.

        Raises
        ------
        DataError
            A column is not there, a number is infinite, no row has a target, or nothing is left to learn from.
        """
        key = (target, tuple(aside), seed, repr(said or {}))
        if key not in self._surveys:
            self._surveys[key] = self._survey(target, aside, seed, said or {})
        return self._surveys[key]

    def _survey(self, target: str, aside: Sequence[str], seed: int, said: Mapping[str, Any]) -> Survey:
        self.check(target, *aside)
        threshold = np.uint64(min(SAMPLE / self.n_rows, 1.0) * (2**64 - 2**11))
        kept: list[pd.DataFrame] = []
        numbers: list[Array] = []
        facts, n_rows = {name: _Facts(name) for name in self.columns}, 0
        for rows, frame in self.batches():
            rows, frame = _with_target(rows, frame, target)
            if not len(rows):
                continue
            for name in self.columns:
                facts[name].note(frame[name], rows)
            n_rows += len(rows)
            some = np.ones(len(rows), bool) if self.n_rows <= SAMPLE else hashed(rows, seed, _SAMPLED) < threshold
            kept.append(frame[some])
            numbers.append(rows[some])
        if not n_rows:
            raise DataError(f"The target {target!r} has no value in any row; there is nothing to learn from.")
        sample = pd.concat(kept, ignore_index=True)
        inputs = [name for name in self.columns if name != target and name not in aside]
        layout = Layout.infer(sample[in_order(inputs)], said)
        columns, dropped = [], list(layout.dropped)
        for column in layout.columns:
            known = facts[column.name].corrected(column, said.get(column.name))
            if isinstance(known, str):
                dropped.append((column.name, known))
            else:
                columns.append(known)
        if not columns:
            raise DataError(f"No column of {self.name} is left to learn from.")
        layout = Layout(tuple(columns), tuple(dropped)).fitted(sample)
        own = facts[target]
        return Survey(n_rows, layout, sample, np.concatenate(numbers), own.values(), own.low, own.high)


def _with_target(rows: Array, frame: pd.DataFrame, target: str) -> tuple[Array, pd.DataFrame]:
    """The rows that have a target, and their numbers."""
    gaps = no_value(frame[target])
    return (rows[~gaps], frame[~gaps].reset_index(drop=True)) if gaps.any() else (rows, frame)


class _Facts:
    """What all values of a column say."""

    def __init__(self, name: str) -> None:
        self.name, self.gaps, self.counts, self.too_many = name, 0, Counter[Any](), False
        self.low, self.high = np.inf, -np.inf

    def note(self, column: pd.Series, rows: Array) -> None:
        """Take some more values into account, of rows with these numbers."""
        gaps = int(column.isna().sum())
        self.gaps += gaps
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            values = column.to_numpy(np.float64, na_value=np.nan)
            if np.isinf(values).any():
                row = int(rows[np.argmax(np.isinf(values))]) + 1
                raise DataError(f"Column {self.name!r} has an infinite value in row {row}; replace it by a number.")
            if gaps < len(values):
                self.low, self.high = min(self.low, np.nanmin(values)), max(self.high, np.nanmax(values))
        if not self.too_many and not pd.api.types.is_float_dtype(column):
            self.counts.update(column.value_counts().to_dict())
            self.too_many = len(self.counts) > MOST_WORDS
            if self.too_many:
                self.counts.clear()

    def values(self) -> list[Any]:
        """All different values, of a column that is not of fractions."""
        return list(self.counts)

    def corrected(self, column: Column, said: Any) -> Column | str:
        """What a sample found out about the column, as all rows have it; `said` is what is known of it."""
        missing = column.missing or self.gaps > 0
        if isinstance(column, TextColumn):
            return replace(column, missing=missing)
        if isinstance(column, NumberColumn) and (column.written is None or isinstance(column.written, OrderedWords)):
            return replace(column, missing=missing)
        if self.too_many:
            return f"is text with more than {MOST_WORDS:,} different values"
        words = Counter[str]()
        gaps, values = self.gaps, list(self.counts)
        for value, word in zip(values, words_of(pd.Series(values, dtype=object)), strict=True):
            if word is None:
                gaps += self.counts[value]
            else:
                words[word] += self.counts[value]
        as_found: Any = None if isinstance(column, NumberColumn) or column.spellings else "category"
        if isinstance(column, NumberColumn) and said is not None:
            as_found = column.written
        return infer_words(self.name, words, gaps + missing, as_found)


def _open(source: Any) -> Any:
    try:
        from pyarrow import dataset
    except ImportError as error:
        raise DataError(
            "Reading datasets from disk needs pyarrow; install it with: pip install 'leadline[parquet]'."
        ) from error
    if isinstance(source, dataset.Dataset):
        return source
    path = Path(source)
    if not path.exists():
        others = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise DataError(f"{path}: no such file or folder.{nearest(path.name, others)}")
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    endings = {file.suffix.lower() for file in files if not file.name.startswith((".", "_"))}
    kinds = {_FORMATS[ending] for ending in endings if ending in _FORMATS}
    if len(kinds) != 1:
        known = ", ".join(_FORMATS)
        found = "files of several kinds" if kinds else "no table"
        raise DataError(f"{path} has {found}; a dataset is one file or a folder of files of one kind: {known}.")
    wanted = sorted(str(file) for file in files if file.suffix.lower() in _FORMATS)
    partitioning = dataset.partitioning(flavor="hive")
    try:
        return dataset.dataset(wanted, format=kinds.pop(), partitioning=partitioning, partition_base_dir=str(path))
    except (OSError, ValueError, NotImplementedError) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise DataError(f"{path} is no dataset that can be read: {reason}.") from error


_FORMATS = {".parquet": "parquet", ".pq": "parquet", ".arrow": "ipc", ".feather": "ipc", ".ipc": "ipc"}


def _ahead(items: Iterator[Any]) -> Iterator[Any]:
    """The same items, the next one being made while the caller is busy with the last."""
    ready: queue.Queue[Any] = queue.Queue(maxsize=1)
    ended, over = object(), threading.Event()

    def hand(item: Any) -> bool:
        while not over.is_set():
            try:
                ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not hand((item, None)):
                    return
            hand((ended, None))
        except BaseException as error:
            hand((ended, error))

    reader = threading.Thread(target=work, daemon=True)
    reader.start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is ended:
                return
            yield item
    finally:
        over.set()
        reader.join()

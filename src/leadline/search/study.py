"""The study: an SQLite file that holds every finished unit of a search and what was concluded from them.

A unit is one network: (depth, candidate, repeat, fold, other), of which the last two name the folds that it leaves out.
Its result is one row, and a batch of results is one transaction, so a killed search keeps all that was finished and
goes on from there. The only writer is the process that drives the search; workers send their results to it.
"""

import io
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.errors import RunFolderError

__all__ = ["USABLE", "Study", "UnitKey", "UnitResult"]

FORMAT = 4

# States of a unit with results; "diverged" and "failed" give reasons instead.
USABLE = ("done", "stopped early")

# Seconds for which a write waits while others read: on a machine that is busy a reader may be held up that long.
LONGEST_WAIT = 60.0

_KEY = "depth, candidate, repeat, fold, other"
_WHERE = "depth = ? AND candidate = ? AND repeat = ? AND fold = ? AND other = ?"
# Two processes may come upon a new file at once, as when a search is watched from its first moment: both may begin it.
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS units (
    depth INTEGER, candidate INTEGER, repeat INTEGER, fold INTEGER, other INTEGER,
    state TEXT NOT NULL, reason TEXT NOT NULL, losses BLOB NOT NULL, seconds REAL NOT NULL, best_epochs TEXT NOT NULL,
    curves BLOB NOT NULL, outputs BLOB NOT NULL,
    PRIMARY KEY ({_KEY})
);
INSERT OR IGNORE INTO facts VALUES ('format', '{FORMAT}');
COMMIT;
"""


class UnitKey(NamedTuple):
    """The name of one network of a search; with the seed it also names the network's random stream."""

    depth: int
    candidate: int
    repeat: int
    fold: int
    other: int


@dataclass(frozen=True)
class UnitResult:
    """What a unit brought: see `leadline.training.Trained`.

    `curves`, `best_epochs` and `outputs` have an item for each role of the network. The outputs, (rows, n[L]), are the
    raw scores of the rows of the fold that it is judged by there.
    """

    state: str
    reason: str = ""
    losses: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    seconds: float = 0.0
    curves: tuple[NDArray[np.float64], ...] = ()
    best_epochs: tuple[int, ...] = ()
    outputs: tuple[NDArray[np.float32], ...] = ()


class Study:
    """The ledger of one search.

    Parameters
    ----------
    path : path or None
        The file: made if it is not there, continued if it is. None keeps the study in memory.

    Raises
    ------
    RunFolderError
        The file cannot be made or read, or holds no study of this format.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = None if path is None else Path(path)
        if self._path is not None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise RunFolderError(f"{self._path.parent} cannot be made: {error.strerror}.") from error
        self._connection = self._open(self._path)
        if self._is_empty():
            with self._writing():
                self._connection.executescript(_SCHEMA)
        self._check_format()

    @classmethod
    def read(cls, path: str | Path) -> "Study":
        """The study in a file that must be there.

        Raises
        ------
        RunFolderError
            The file is missing or holds no study of this format.
        """
        if not Path(path).is_file():
            raise RunFolderError(f"{path}: no such study.")
        return cls(path)

    @staticmethod
    def _open(path: Path | None) -> sqlite3.Connection:
        try:
            return sqlite3.connect(":memory:" if path is None else str(path), timeout=LONGEST_WAIT)
        except sqlite3.Error as error:
            raise RunFolderError(f"{path} cannot be opened: {error}.") from error

    def _is_empty(self) -> bool:
        """Whether nothing is in the file yet: it is new, or whoever made it was killed before the first word."""
        try:
            (tables,) = self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            raise RunFolderError(f"{self._path} is not a study: {error}.") from error
        return not tables

    def _check_format(self) -> None:
        try:
            found = self.fact("format")
        except sqlite3.DatabaseError as error:
            raise RunFolderError(f"{self._path} is not a study: {error}.") from error
        if found != FORMAT:
            raise RunFolderError(f"{self._path} has format {found}; this version reads format {FORMAT}.")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction."""
        try:
            with self._connection:
                yield
        except sqlite3.Error as error:
            raise RunFolderError(
                f"{self._path or 'The study'} cannot be written: {error}. What was finished before is kept; make "
                "room, or see to it that nothing else writes the file, and resume."
            ) from error

    def identify(self, identity: Mapping[str, Any]) -> None:
        """Write down what decides on every result here, or compare it with what an earlier search wrote down.

        Parameters
        ----------
        identity : mapping of str to what JSON can hold
            Data, settings, seed and versions.

        Raises
        ------
        RunFolderError
            The study was made with something else; the message names it.
        """
        known = self.fact("identity")
        if known is None:
            self.state("identity", identity)
            return
        before, now = _flat(known), _flat(json.loads(json.dumps(identity)))
        different = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        if different:
            differences = "; ".join(f"{name} was {before.get(name)}, now {now.get(name)}" for name in different)
            raise RunFolderError(
                f"{self._path or 'The study'} cannot be continued: {differences}. Use what it was made with, or a new "
                "study."
            )

    def state(self, name: str, value: Any) -> None:
        """Write a fact: anything that JSON can hold, under a name."""
        with self._writing():
            self._write_fact(name, value)

    def _write_fact(self, name: str, value: Any) -> None:
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def fact(self, name: str) -> Any:
        """The fact of that name, or None."""
        found = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if found is None else json.loads(found[0])

    def record(self, results: Iterable[tuple[UnitKey, UnitResult]]) -> None:
        """Write the results of some units in one transaction."""
        rows = [
            (
                *key,
                result.state,
                result.reason,
                result.losses.astype(np.float64).tobytes(),
                result.seconds,
                json.dumps(result.best_epochs),
                _packed(result.curves),
                _packed(result.outputs),
            )
            for key, result in results
        ]
        with self._writing():
            self._connection.executemany(f"INSERT INTO units VALUES ({', '.join('?' * 12)})", rows)

    def result(self, key: UnitKey) -> UnitResult | None:
        """The result of a unit, or None if it is not finished."""
        columns = "state, reason, losses, seconds, best_epochs, curves, outputs"
        found = self._connection.execute(f"SELECT {columns} FROM units WHERE {_WHERE}", key).fetchone()
        if found is None:
            return None
        state, reason, losses, seconds, best_epochs, curves, outputs = found
        best = tuple(json.loads(best_epochs))
        return UnitResult(state, reason, np.frombuffer(losses), seconds, _unpacked(curves), best, _unpacked(outputs))

    def unit_keys(self, depth: int | None = None) -> list[UnitKey]:
        """The units that are finished, of one depth or of all, in order."""
        where, values = ("", ()) if depth is None else (" WHERE depth = ?", (depth,))
        query = f"SELECT {_KEY} FROM units{where} ORDER BY 1, 2, 3, 4, 5"
        return [UnitKey(*row) for row in self._connection.execute(query, values)]

    def __getstate__(self) -> dict[str, Any]:
        # a study in a file is found there again; one in memory travels whole
        content = self._connection.serialize() if self._path is None else None
        return {"path": self._path, "content": content}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._path = state["path"]
        self._connection = self._open(self._path)
        if self._path is None:
            self._connection.deserialize(state["content"])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _flat(record: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """A record without records inside: {"version": {"numpy": …}} has the item "version numpy"."""
    flat = {}
    for name, value in record.items():
        flat.update(_flat(value, f"{above}{name} ") if isinstance(value, dict) else {f"{above}{name}": value})
    return flat


def _packed(arrays: tuple[NDArray[Any], ...]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, *arrays)
    return buffer.getvalue()


def _unpacked(content: bytes) -> tuple[NDArray[Any], ...]:
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        return tuple(found[f"arr_{i}"] for i in range(len(found.files)))

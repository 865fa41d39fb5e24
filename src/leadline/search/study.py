"""The study: an SQLite file that holds every finished unit of a search and what was concluded from them.

A unit is one network: (depth, candidate, fold, repeat, epochs). Its result is one row, and a batch of results is one
transaction, so a killed search keeps all that was finished and goes on from there. The only writer is the process
that drives the search; workers send their results to it.
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

__all__ = ["PRUNED", "USABLE", "Study", "UnitKey", "UnitResult"]

FORMAT = 3

# States of a unit. One that is pruned was not trained: its candidate fell behind. "diverged" and "failed" give reasons.
USABLE = ("done", "stopped early")
PRUNED = "pruned"

# Seconds for which a write waits while others read: on a machine that is busy a reader may be held up that long.
LONGEST_WAIT = 60.0

_KEY = "depth, candidate, fold, repeat, epochs"
_WHERE = "depth = ? AND candidate = ? AND fold = ? AND repeat = ? AND epochs = ?"
# Two processes may come upon a new file at once, as when a search is watched from its first moment: both may begin it.
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS units (
    depth INTEGER, candidate INTEGER, fold INTEGER, repeat INTEGER, epochs INTEGER,
    state TEXT NOT NULL, reason TEXT NOT NULL, curve BLOB NOT NULL, losses BLOB NOT NULL, best_epoch INTEGER NOT NULL,
    seconds REAL NOT NULL, theta BLOB, outputs BLOB,
    PRIMARY KEY ({_KEY})
);
INSERT OR IGNORE INTO facts VALUES ('format', '{FORMAT}');
COMMIT;
"""


class UnitKey(NamedTuple):
    """The name of one network of a search; with the seed it also names the network's random stream."""

    depth: int
    candidate: int
    fold: int
    repeat: int
    epochs: int


@dataclass(frozen=True)
class UnitResult:
    """What a unit brought: see `leadline.training.Trained`.

    `theta` is kept at full budget only, and so are `outputs`, (epochs, rows, n[L]): raw scores of some validation rows
    after every epoch. Both are large, and read by `Study.theta` and `Study.outputs` alone.
    """

    state: str
    reason: str = ""
    curve: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    losses: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    best_epoch: int = 0
    seconds: float = 0.0
    theta: NDArray[np.float32] | None = None
    outputs: NDArray[np.float32] | None = None


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
                result.curve.astype(np.float64).tobytes(),
                result.losses.astype(np.float64).tobytes(),
                result.best_epoch,
                result.seconds,
                None if result.theta is None else result.theta.astype(np.float32).tobytes(),
                _packed(result.outputs),
            )
            for key, result in results
        ]
        with self._writing():
            self._connection.executemany(f"INSERT INTO units VALUES ({', '.join('?' * 13)})", rows)

    def settle(self, depth: int, outputs: Mapping[UnitKey, NDArray[np.float32]]) -> None:
        """Of all outputs of a depth keep these, at the epochs that the units were judged at."""
        with self._writing():
            self._connection.execute("UPDATE units SET outputs = NULL WHERE depth = ?", (depth,))
            self._connection.executemany(
                f"UPDATE units SET outputs = ? WHERE {_WHERE}", [(_packed(own), *key) for key, own in outputs.items()]
            )
            self._write_fact("settled", [*self.settled, depth])

    @property
    def settled(self) -> list[int]:
        """The depths that `settle` is done with."""
        return self.fact("settled") or []

    def outputs(self, key: UnitKey) -> NDArray[np.float32] | None:
        """The outputs of a unit, (epochs, rows, n[L]), after every epoch or those that `settle` left; or None.

        What `settle` leaves ends with those of the best epoch.
        """
        found = self._connection.execute(f"SELECT outputs FROM units WHERE {_WHERE}", key).fetchone()
        return None if found is None or found[0] is None else np.load(io.BytesIO(found[0]), allow_pickle=False)

    def theta(self, key: UnitKey) -> NDArray[np.float32] | None:
        """The parameters of a unit, (n_parameters,), or None if there are none."""
        found = self._connection.execute(f"SELECT theta FROM units WHERE {_WHERE}", key).fetchone()
        return None if found is None or found[0] is None else np.frombuffer(found[0], dtype=np.float32)

    def result(self, key: UnitKey) -> UnitResult | None:
        """The result of a unit, without its parameters and outputs, or None if it is not finished."""
        columns = "state, reason, curve, losses, best_epoch, seconds"
        found = self._connection.execute(f"SELECT {columns} FROM units WHERE {_WHERE}", key).fetchone()
        if found is None:
            return None
        state, reason, curve, losses, best_epoch, seconds = found
        return UnitResult(state, reason, np.frombuffer(curve), np.frombuffer(losses), best_epoch, seconds)

    def unit_keys(self, depth: int | None = None, trained: bool = False) -> list[UnitKey]:
        """The units, of one depth or of all, in order; `trained` leaves out those that were pruned."""
        conditions = [*(["depth = ?"] if depth is not None else []), *([f"state != '{PRUNED}'"] if trained else [])]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        query = f"SELECT {_KEY} FROM units{where} ORDER BY 1, 2, 3, 4, 5"
        return [UnitKey(*row) for row in self._connection.execute(query, () if depth is None else (depth,))]

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


def _packed(array: NDArray[np.float32] | None) -> bytes | None:
    if array is None:
        return None
    buffer = io.BytesIO()
    np.save(buffer, array.astype(np.float32), allow_pickle=False)
    return buffer.getvalue()

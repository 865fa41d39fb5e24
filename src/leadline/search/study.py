"""The study: an SQLite file that holds every finished unit of a search and what was concluded from them.

A unit is one network: (depth, candidate, fold, repeat, epochs). Its result is one row, and a batch of results is one
transaction, so a killed search keeps all that was finished. The only writer is the process that drives the
search; workers send their results to it.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.errors import RunFolderError

__all__ = ["Study", "UnitKey", "UnitResult"]

FORMAT = 1

_SCHEMA = f"""
BEGIN;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE units (
    depth INTEGER, candidate INTEGER, fold INTEGER, repeat INTEGER, epochs INTEGER,
    state TEXT NOT NULL, reason TEXT NOT NULL, curve BLOB NOT NULL, losses BLOB NOT NULL, best_epoch INTEGER NOT NULL,
    seconds REAL NOT NULL, theta BLOB,
    PRIMARY KEY (depth, candidate, fold, repeat, epochs)
);
INSERT INTO facts VALUES ('format', '{FORMAT}');
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
    """What a unit brought: see `leadline.training.Trained`; `theta` is kept at full budget only."""

    state: str
    reason: str
    curve: NDArray[np.float64]
    losses: NDArray[np.float64]
    best_epoch: int
    seconds: float
    theta: NDArray[np.float32] | None


class Study:
    """The ledger of one search.

    Parameters
    ----------
    path : path or None
        The file, which must not be there yet; None keeps the study in memory.

    Raises
    ------
    RunFolderError
        The file exists, or cannot be made.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        if path is not None and Path(path).exists():
            raise RunFolderError(f"{path} already holds a study.")
        if path is not None:
            try:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise RunFolderError(f"{Path(path).parent} cannot be made: {error.strerror}.") from error
        self._path = None if path is None else Path(path)
        self._connection = self._open(":memory:" if path is None else str(path))
        try:
            with self._connection:
                self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise RunFolderError(f"{path} cannot be written: {error}.") from error

    @classmethod
    def read(cls, path: str | Path) -> "Study":
        """The study in an existing file.

        Raises
        ------
        RunFolderError
            The file is missing or holds no study of this format.
        """
        if not Path(path).is_file():
            raise RunFolderError(f"{path}: no such study.")
        study = cls.__new__(cls)
        study._path = Path(path)
        study._connection = cls._open(str(path))
        try:
            format_found = study.fact("format")
        except sqlite3.DatabaseError as error:
            raise RunFolderError(f"{path} is not a study: {error}.") from error
        if format_found != FORMAT:
            raise RunFolderError(f"{path} has format {format_found}; this version reads format {FORMAT}.")
        return study

    @staticmethod
    def _open(name: str) -> sqlite3.Connection:
        try:
            return sqlite3.connect(name)
        except sqlite3.Error as error:
            raise RunFolderError(f"{name} cannot be opened: {error}.") from error

    def state(self, name: str, value: Any) -> None:
        """Write a fact: anything that JSON can hold, under a name."""
        with self._connection:
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
            )
            for key, result in results
        ]
        with self._connection:
            self._connection.executemany(f"INSERT INTO units VALUES ({', '.join('?' * 12)})", rows)

    def result(self, key: UnitKey) -> UnitResult | None:
        """The result of a unit, or None if it is not finished."""
        found = self._connection.execute(
            "SELECT state, reason, curve, losses, best_epoch, seconds, theta FROM units WHERE depth = ? AND "
            "candidate = ? AND fold = ? AND repeat = ? AND epochs = ?",
            key,
        ).fetchone()
        if found is None:
            return None
        state, reason, curve, losses, best_epoch, seconds, theta = found
        return UnitResult(
            state,
            reason,
            np.frombuffer(curve),
            np.frombuffer(losses),
            best_epoch,
            seconds,
            None if theta is None else np.frombuffer(theta, dtype=np.float32),
        )

    def unit_keys(self, depth: int | None = None) -> list[UnitKey]:
        """The finished units, of one depth or of all, in order."""
        where, values = ("", ()) if depth is None else (" WHERE depth = ?", (depth,))
        query = f"SELECT depth, candidate, fold, repeat, epochs FROM units{where} ORDER BY 1, 2, 3, 4, 5"
        return [UnitKey(*row) for row in self._connection.execute(query, values)]

    def __getstate__(self) -> dict[str, Any]:
        # a study in a file is found there again; one in memory travels whole
        content = self._connection.serialize() if self._path is None else None
        return {"path": self._path, "content": content}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._path = state["path"]
        self._connection = self._open(":memory:" if self._path is None else str(self._path))
        if self._path is None:
            self._connection.deserialize(state["content"])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

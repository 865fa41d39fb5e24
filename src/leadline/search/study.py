"""The study: an SQLite file that holds every finished unit of a search and what was concluded from them.

A unit is one network: (depth, candidate, repeat, fold, other), of which the last two name the folds that it leaves out.
Its result is one row, and a batch of results is one transaction, so a killed search keeps all that was finished and
goes on from there. The only writer is the process that drives the search; workers send their results to it.

Every record carries a digest of all that stands in it, its name included, and is believed only if the two agree. A file
is checked as a whole when it is opened: the records, and whether SQLite finds its own bookkeeping in order, so that
none can be missing. `Study.repair` keeps what is sound of a damaged one. Writing, reading, checking and repairing stand
in one module because a change of the file's form changes all four.
"""

import hashlib
import io
import json
import shutil
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.errors import RunFolderError

__all__ = ["USABLE", "Study", "UnitKey", "UnitResult"]

FORMAT = 5

# States of a unit with results; "diverged" and "failed" give reasons instead.
USABLE = ("done", "stopped early")

# Seconds for which a write waits while others read: on a machine that is busy a reader may be held up that long.
LONGEST_WAIT = 60.0

# What reading a damaged file raises; Python fails to decode what SQLite says of some.
_UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
# Characters of a damaged name that a message shows.
LONGEST_SHOWN = 40
# Damaged records that a message names; it counts the others.
MOST_NAMED = 3
# What a search was begun with. What it concluded is concluded anew when a study has been repaired.
BEGUN_WITH = ("identity", "options")

_KEY = "depth, candidate, repeat, fold, other"
_WHERE = "depth = ? AND candidate = ? AND repeat = ? AND fold = ? AND other = ?"
_FACT = "name, value, digest"
_UNIT = f"{_KEY}, state, reason, losses, seconds, best_epochs, curves, outputs, digest"
# Two processes may come upon a new file at once, as when a search is watched from its first moment: both may begin it.
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL, digest BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS units (
    depth INTEGER, candidate INTEGER, repeat INTEGER, fold INTEGER, other INTEGER,
    state TEXT NOT NULL, reason TEXT NOT NULL, losses BLOB NOT NULL, seconds REAL NOT NULL, best_epochs TEXT NOT NULL,
    curves BLOB NOT NULL, outputs BLOB NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY ({_KEY})
);
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
    raw scores of the rows of the fold that it is judged by there; (0, n[L]) of a role in which it diverged.
    """

    state: str
    reason: str = ""
    losses: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    seconds: float = 0.0
    curves: tuple[NDArray[np.float64], ...] = ()
    best_epochs: tuple[int, ...] = ()
    outputs: tuple[NDArray[np.float32], ...] = ()


class Study:
    """The results of one search, network by network, in an SQLite database.

    Parameters
    ----------
    path : path or None
        The file: made if it is not there, checked and continued if it is. None keeps the study for as long as it is
        used: in memory while it is small, and beyond that in a file without a name, which ends with the process.

    Raises
    ------
    RunFolderError
        The file cannot be made or read, holds no study of this format, or is damaged; the message names what is.
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
            self._begin()
        self._check_format()
        self.check()

    @classmethod
    def read(cls, path: str | Path) -> "Study":
        """The study in a file that must be there.

        Raises
        ------
        RunFolderError
            The file is missing, holds no study of this format, or is damaged.
        """
        if not Path(path).is_file():
            raise RunFolderError(f"{path}: no such study.")
        return cls(path)

    @classmethod
    def glance(cls, path: str | Path) -> "Study":
        """The study in a file that may be written just now: only what is asked for is checked, not the whole.

        Raises
        ------
        RunFolderError
            The file is missing, or holds no study of this format.
        """
        if not Path(path).is_file():
            raise RunFolderError(f"{path}: no such study.")
        study = cls._unchecked(Path(path))
        if study._is_empty():
            study._begin()
        study._check_format()
        return study

    @property
    def path(self) -> Path | None:
        """Its file, if it is in one."""
        return self._path

    def beside(self, name: str) -> "Study":
        """Another study, in a file beside this one's, or without one as this one is."""
        return Study(None if self._path is None else self._path.with_name(f"{self._path.stem}-{name}.db"))

    @classmethod
    def repair(cls, path: str | Path) -> list[str]:
        """Keep of a damaged file what it was begun with and every network that is sound; the rest is made again.

        The file as it was found stays beside it, with ".damaged" after its name.

        Returns
        -------
        list of str
            What was damaged, in words; empty if nothing was, and the file is as it was.

        Raises
        ------
        RunFolderError
            The file is missing, of another format, or so damaged that nothing of it can be read.
        """
        path = Path(path)
        if not path.is_file():
            raise RunFolderError(f"{path}: no such study.")
        damaged = cls._unchecked(path)
        try:
            damage = list(damaged._damage()) if path.stat().st_size else []
            if not damage:
                return []
            with suppress(*_UNREADABLE):
                # else nothing of a file is read that is shorter than it should be
                damaged._connection.execute("PRAGMA writable_schema = ON")
                damaged._refuse_other_formats()
            facts = {row[0]: row for row in damaged._sound_rows("facts", _FACT) if row[0] in BEGUN_WITH}
            units = damaged._sound_rows("units", _UNIT)
        finally:
            damaged.close()
        if not facts:
            raise RunFolderError(
                f"{path} is so damaged that it does not say any more what it was begun with: nothing of it can be "
                "used. Begin again in a new folder."
            )
        if "identity" not in facts and units:
            damage.append(f"what the search was made of, so that {len(units):,} sound networks cannot be used")
            units = []
        new = path.with_name(f"{path.name}.repaired")
        try:
            new.unlink(missing_ok=True)
            repaired = cls(new)
            with repaired._writing():
                repaired._connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", facts.values())
                repaired._connection.executemany(f"INSERT INTO units VALUES ({', '.join('?' * 13)})", units)
            repaired.close()
            shutil.copyfile(path, path.with_name(f"{path.name}.damaged"))
            # what a writer who was killed has left behind belongs to the damaged file
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
            new.replace(path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise RunFolderError(f"{path} cannot be repaired: {error.strerror}; it is as it was.") from error
        return damage

    @classmethod
    def _unchecked(cls, path: Path) -> "Study":
        study = cls.__new__(cls)
        study._path, study._connection = path, cls._open(path)
        return study

    @staticmethod
    def _open(path: Path | None) -> sqlite3.Connection:
        try:
            # what has no name SQLite writes to a file of its own, once it is more than a few megabytes
            connection = sqlite3.connect("" if path is None else str(path), timeout=LONGEST_WAIT)
        except sqlite3.Error as error:
            raise RunFolderError(f"{path} cannot be opened: {error}.") from error
        # what is no text any more is found by its digest
        connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        return connection

    def _begin(self) -> None:
        """Write what a new file begins with."""
        name, value = "format", str(FORMAT)
        with self._writing():
            self._connection.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";")[:-1]:
                self._connection.execute(statement)
            row = (name, value, _digest(name, value))
            self._connection.execute("INSERT OR IGNORE INTO facts VALUES (?, ?, ?)", row)

    def _is_empty(self) -> bool:
        """Whether nothing is in the file yet: it is new, or whoever made it was killed before the first word."""
        with self._reading():
            (tables,) = self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        # a file that has lost its tables is not empty
        return not tables and (self._path is None or not self._path.stat().st_size)

    def _refuse_other_formats(self) -> None:
        """Refuse a file of another format, as far as it can still be told."""
        columns = [row[1] for row in self._connection.execute("PRAGMA table_info(facts)")]
        older = columns == ["name", "value"]
        query = f"SELECT {'name, value, NULL' if older else _FACT} FROM facts WHERE name = 'format'"
        found = self._connection.execute(query).fetchone() if columns else None
        if found is not None and found[1] != str(FORMAT) and (older or _sound(found)):
            raise RunFolderError(
                f"{self._path} has format {found[1]}; this version reads format {FORMAT}. Use the version of Leadline "
                "that it was made with, or begin again in a new folder."
            )

    def _check_format(self) -> None:
        with self._reading():
            self._refuse_other_formats()
        if self.fact("format") != FORMAT:
            raise self._damaged(["the fact 'format' (it is missing)"])

    def check(self) -> None:
        """Check every record by its digest, and whether none is missing.

        Raises
        ------
        RunFolderError
            The file is damaged; the message names what is, and says what to do.
        """
        damage = list(self._damage())
        if damage:
            raise self._damaged(damage)

    def _damage(self) -> Iterator[str]:
        """What is damaged, in words."""
        for table, columns in (("facts", _FACT), ("units", _UNIT)):
            try:
                for row in self._connection.execute(f"SELECT {columns} FROM {table}"):
                    if not _sound(row):
                        yield _name(row)
            except _UNREADABLE as error:
                self._raise_if_busy(error)
                yield f"the table of {table} ({_printable(error)})"
        try:
            # one finding is enough; it looks for records that its index lacks, and the other way round
            (found,) = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
        except _UNREADABLE as error:
            self._raise_if_busy(error)
            found = str(error)
        if found != "ok":
            yield f"the structure of the file ({_printable(found)})"

    def _sound_rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """The records of a table that are sound, from both its ends, as far as it can be read."""
        found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for order in ("", " DESC"):
            try:
                for row in self._connection.execute(f"SELECT {columns} FROM {table} ORDER BY rowid{order}"):
                    if _sound(row):
                        found[row[: 1 if table == "facts" else len(UnitKey._fields)]] = row
            except _UNREADABLE as error:
                self._raise_if_busy(error)
        return list(found.values())

    def _damaged(self, damage: list[str]) -> RunFolderError:
        """The error that says what is damaged, and what to do."""
        more = len(damage) - MOST_NAMED
        named = ", ".join(damage[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
        if self._path is None:
            return RunFolderError(f"The study is damaged: {named} is not what was written. Begin again.")
        one = "is not what was written" if len(damage) == 1 else "are not what was written"
        return RunFolderError(
            f"{self._path} is damaged: {named} {one}. Keep what is sound and train the rest again: leadline fit "
            f"--resume {self._path.parent} --repair, or in Python leadline.search.Study.repair({str(self._path)!r})."
        )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Whatever is read: where it cannot be, the file is damaged, or is no study."""
        try:
            yield
        except _UNREADABLE as error:
            self._raise_if_busy(error)
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
                raise RunFolderError(
                    f"{self._path} is not a study: {error}. If it was one, its beginning is damaged and nothing of it "
                    "can be read: begin again in a new folder."
                ) from error
            raise self._damaged([f"the structure of the file ({_printable(error)})"]) from error

    def _raise_if_busy(self, error: Exception) -> None:
        """Tell a file that another process holds, or that may not be read, from one that is damaged."""
        code = getattr(error, "sqlite_errorcode", 0) or 0
        if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
            raise RunFolderError(
                f"{self._path} cannot be read: {error}. See to it that nothing else writes the file, and try again."
            ) from error

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
        text = json.dumps(value)
        row = (name, text, _digest(name, text))
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", row)

    def fact(self, name: str) -> Any:
        """The fact of that name, or None.

        Raises
        ------
        RunFolderError
            It is damaged.
        """
        with self._reading():
            found = self._connection.execute(f"SELECT {_FACT} FROM facts WHERE name = ?", (name,)).fetchone()
        if found is None:
            return None
        if not _sound(found):
            raise self._damaged([_name(found)])
        return json.loads(found[1])

    def record(self, results: Iterable[tuple[UnitKey, UnitResult]]) -> None:
        """Write the results of some units in one transaction."""
        rows = []
        for key, result in results:
            row = (
                *map(int, key),
                result.state,
                # an exception may say what is no text
                result.reason.encode("utf-8", "replace").decode("utf-8"),
                result.losses.astype(np.float64).tobytes(),
                float(result.seconds),
                json.dumps(result.best_epochs),
                _packed(result.curves),
                _packed(result.outputs),
            )
            rows.append((*row, _digest(*row)))
        with self._writing():
            self._connection.executemany(f"INSERT INTO units VALUES ({', '.join('?' * 13)})", rows)

    def result(self, key: UnitKey) -> UnitResult | None:
        """The result of a unit, or None if it is not finished.

        Raises
        ------
        RunFolderError
            It is damaged.
        """
        with self._reading():
            found = self._connection.execute(f"SELECT {_UNIT} FROM units WHERE {_WHERE}", key).fetchone()
        if found is None:
            return None
        if not _sound(found):
            raise self._damaged([_name(found)])
        state, reason, losses, seconds, best_epochs, curves, outputs = found[len(key) : -1]
        best = tuple(json.loads(best_epochs))
        return UnitResult(state, reason, np.frombuffer(losses), seconds, _unpacked(curves), best, _unpacked(outputs))

    def unit_keys(self, depth: int | None = None) -> list[UnitKey]:
        """The units that are finished, of one depth or of all, in order."""
        where, values = ("", ()) if depth is None else (" WHERE depth = ?", (depth,))
        query = f"SELECT {_KEY} FROM units{where} ORDER BY 1, 2, 3, 4, 5"
        with self._reading():
            return [UnitKey(*row) for row in self._connection.execute(query, values)]

    def __getstate__(self) -> dict[str, Any]:
        # a study in a file is found there again; one without travels whole
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


def _digest(*values: Any) -> bytes:
    """The SHA-256 of what stands in a record, each value with its type and length."""
    digest = hashlib.sha256()
    for value in values:
        if isinstance(value, float):
            kind, content = b"f", struct.pack("<d", value)
        elif isinstance(value, str):
            kind, content = b"s", value.encode("utf-8", "surrogateescape")
        elif isinstance(value, bytes):
            kind, content = b"b", value
        else:
            kind, content = b"i", str(value).encode()
        digest.update(kind + len(content).to_bytes(8, "little") + content)
    return digest.digest()


def _sound(row: tuple[Any, ...]) -> bool:
    """Whether a record is what its digest, the last of it, says."""
    return bool(_digest(*row[:-1]) == row[-1])


def _name(row: tuple[Any, ...]) -> str:
    """What a record is called in messages, however damaged its name is."""
    if len(row) == len(_FACT.split(",")):
        return f"the fact {_short(row[0])}"
    named = ", ".join(f"{name} {_short(own)}" for name, own in zip(UnitKey._fields, row, strict=False))
    return f"the network of {named}"


def _printable(said: object) -> str:
    """What SQLite says, which may quote what is damaged, on one line."""
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(str(said).split()))


def _short(value: Any) -> str:
    written = ascii(value)
    return written if len(written) <= LONGEST_SHOWN else f"{written[:LONGEST_SHOWN]}…"

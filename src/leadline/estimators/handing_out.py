"""Handing out: networks of a search trained by processes that share nothing with it but a folder.

The driving process writes each network that it wants as a file into ``wanted``. A worker takes one by renaming its file
into ``taken``, which one of several can do, trains it, writes what came out whole into ``done`` and goes on. While it
trains it touches the file that it took, again and again: one that has not been touched for a while belonged to a worker
that is dead, and the driving process puts it back. So workers may come, go and be killed at any time. What a network
becomes depends on its name alone, so two workers that train one bring the same bits.

The files are pickles, as the messages of other schedulers are: whoever can write into the folder can make a worker run
what they like.
"""

import hashlib
import os
import pickle
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from leadline._version import __version__
from leadline.errors import LeadlineError, ParameterError, RunFolderError
from leadline.search import Problem, Unit, UnitResult, train_batch
from leadline.storage import write_whole
from leadline.training import Stop
from leadline.training.devices import CPU

__all__ = ["HandingOut", "work"]

# The folder of the work in the folder that driver and workers share.
WORK_NAME = "work"
# Seconds after which a network that a worker took is given to another, if that worker has shown no sign of life.
LEASE = 60.0
# Signs of life in that time.
SIGNS = 6
# Seconds between two looks into the folder.
LOOK_EVERY = 0.2
# Networks that are wanted, those that a worker has taken, and what came out; what they have in common; and the end.
_WANTED, _TAKEN, _DONE, _PROBLEM, _OVER = "wanted", "taken", "done", "problem", "over"

_IMPORTED = "A score or a loss of your own must stand in a module that every worker can import."


class _Posed(NamedTuple):
    """What all networks of a search have in common, as it stands in the folder behind a line of version and name."""

    problem: Problem
    seed: int
    lease: float


class HandingOut:
    """The driving process's side: trains networks by handing them out in a folder.

    Parameters
    ----------
    folder : path
        The folder that is shared, in which one for the work is made.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder) / WORK_NAME
        self._name = ""
        # the last sign of life of each network that is taken, and when it was seen first
        self._signs: dict[str, tuple[float, float]] = {}

    def __call__(
        self, problem: Problem, batches: Sequence[list[Unit]], seed: int, stop: Stop
    ) -> Iterator[tuple[list[Unit], list[UnitResult]]]:
        """Results of the units as they come.

        Parameters
        ----------
        problem : Problem
        batches : sequence of list of Unit
            Each unit is handed out by itself.
        seed : int
        stop : Stop

        Raises
        ------
        RunFolderError
            The folder cannot be made or written.
        ParameterError
            A score or a loss cannot be sent.
        LeadlineError
            What a training raised that would have ended the search here too.
        """
        name = problem.digest(len(problem.training_rows))
        units = {_file_of(name, problem, unit, seed): unit for batch in batches for unit in batch}
        try:
            if name != self._name:
                self._pose(name, _Posed(problem, seed, LEASE))
            for file, unit in units.items():
                if not any((self.folder / place / file).exists() for place in (_TAKEN, _DONE)):
                    write_whole(self.folder / _WANTED / file, pickle.dumps(unit))
            while units:
                stop.check()
                for file in [file for file in units if (self.folder / _DONE / file).exists()]:
                    result = pickle.loads((self.folder / _DONE / file).read_bytes())
                    if isinstance(result, Exception):
                        raise result
                    yield [units.pop(file)], [result]
                    self._remove(file)
                self._give_back(units)
                time.sleep(LOOK_EVERY)
        except OSError as error:
            raise RunFolderError(f"{error.filename or self.folder} cannot be written: {error.strerror}.") from error
        finally:
            for file in units:
                self._remove(file)

    def _pose(self, name: str, posed: _Posed) -> None:
        """Say what is worked on; of what workers brought while nobody drove this search, the results are kept."""
        for place in (_WANTED, _TAKEN, _DONE):
            (self.folder / place).mkdir(parents=True, exist_ok=True)
            for file in (self.folder / place).iterdir():
                if not file.name.startswith(f"{name}-") or place == _WANTED:
                    file.unlink(missing_ok=True)
        try:
            content = pickle.dumps(posed)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ParameterError(f"What the search uses cannot be handed out: {error}. {_IMPORTED}") from error
        write_whole(self.folder / _PROBLEM, f"{__version__} {name}\n".encode() + content)
        (self.folder / _OVER).unlink(missing_ok=True)
        self._name = name

    def _give_back(self, units: dict[str, Unit]) -> None:
        """Let others take what belonged to workers that have shown no sign of life for as long as a lease."""
        now, taken = time.monotonic(), self.folder / _TAKEN
        for file in units:
            with suppress(FileNotFoundError):
                # whether it changes, and not what time it says: clocks of other machines may go otherwise
                sign = (taken / file).stat().st_mtime
                last, seen = self._signs.get(file, (None, now))
                if sign != last:
                    self._signs[file] = (sign, now)
                elif now - seen > LEASE:
                    del self._signs[file]
                    (taken / file).replace(self.folder / _WANTED / file)

    def _remove(self, file: str) -> None:
        self._signs.pop(file, None)
        for place in (_WANTED, _TAKEN, _DONE):
            with suppress(OSError):
                (self.folder / place / file).unlink(missing_ok=True)
        # what a worker had half written when it was killed
        for half in (self.folder / _DONE).glob(f".{file}.*"):
            with suppress(OSError):
                half.unlink(missing_ok=True)

    def end(self) -> None:
        """Tell the workers that there is nothing more to do."""
        if not self._name:
            return
        with suppress(OSError):
            write_whole(self.folder / _OVER, "")
            (self.folder / _PROBLEM).unlink(missing_ok=True)


def _file_of(name: str, problem: Problem, unit: Unit, seed: int) -> str:
    """A file's name says all that decides on what comes out of it."""
    decides = repr((problem.metric.name, seed, sorted(unit.settings.to_record().items())))
    return f"{name}-{'-'.join(map(str, unit.key))}-{hashlib.sha256(decides.encode()).hexdigest()[:16]}"


def work(
    folder: str | Path,
    patience: float,
    jobs: int = 1,
    stop: Stop | None = None,
    told: Callable[[str], object] = lambda file: None,
) -> int:
    """Train the networks that a search hands out in a folder, until it is over.

    Parameters
    ----------
    folder : path
        The folder that is shared.
    patience : float
        Seconds after which one ends who has found nothing to do.
    jobs : int
        Networks that train side by side.
    stop : Stop, optional
    told : callable
        Given the name of each network that is finished.

    Returns
    -------
    int
        How many networks were trained.

    Raises
    ------
    RunFolderError
        The work was made by another version.
    DataError
        The rows cannot be read from here.
    Stopped
        `stop` asked for it; the networks under way are left to others.
    """
    stop, bench = stop or Stop(), _Bench(Path(folder) / WORK_NAME)
    with ThreadPoolExecutor(jobs) as crew:
        running = [crew.submit(bench.work, patience, stop, told) for _ in range(jobs)]
        try:
            return sum(own.result() for own in running)
        except BaseException:
            stop.set()
            raise


class _Bench:
    """The worker's side; its threads share what was posed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lock = folder, threading.Lock()
        self.name = ""
        self.posed: _Posed | None = None

    def work(self, patience: float, stop: Stop, told: Callable[[str], object]) -> int:
        """Take and train networks; how many it were."""
        trained, idle = 0, time.monotonic()
        while not (self.folder / _OVER).exists() and time.monotonic() - idle < patience:
            stop.check()
            with self.lock:
                self._look()
                name, posed = self.name, self.posed
            file = self._take(name) if posed is not None else None
            if posed is None or file is None:
                time.sleep(LOOK_EVERY)
            elif self._train(posed, file, stop):
                trained, idle = trained + 1, time.monotonic()
                told(file)
        return trained

    def _look(self) -> None:
        """Read what is worked on, where that is another thing than what is known.

        Raises
        ------
        RunFolderError, DataError
            See `work`.
        """
        try:
            with (self.folder / _PROBLEM).open("rb") as file:
                version, name = file.readline().decode().split()
                if version != __version__:
                    raise RunFolderError(
                        f"{self.folder} was made by leadline {version}, and this is {__version__}; let driver and "
                        "workers have one version."
                    )
                if name == self.name:
                    return
                posed: _Posed = pickle.load(file)
        except FileNotFoundError:
            return
        except (AttributeError, ImportError) as error:
            raise RunFolderError(f"What the search uses is not here: {error}. {_IMPORTED}") from error
        posed.problem.fetch()
        self.name, self.posed = name, posed

    def _take(self, name: str) -> str | None:
        """Take a network that is wanted; None if there is none."""
        with suppress(FileNotFoundError):
            for file in sorted(file.name for file in (self.folder / _WANTED).glob(f"{name}-*")):
                with suppress(FileNotFoundError):
                    (self.folder / _WANTED / file).replace(self.folder / _TAKEN / file)
                    return file
        return None

    def _train(self, posed: _Posed, file: str, stop: Stop) -> bool:
        """Train a network and write what came out; whether it was still wanted."""
        taken, result = self.folder / _TAKEN / file, None
        try:
            with suppress(FileNotFoundError):
                unit = pickle.loads(taken.read_bytes())
                with _signs_of_life(taken, posed.lease / SIGNS):
                    result = _trained(posed, unit, stop)
                # what was given to another, or what nobody wants any more, is not written
                if taken.exists():
                    write_whole(self.folder / _DONE / file, pickle.dumps(result))
                    taken.unlink(missing_ok=True)
                    return True
        finally:
            if result is None:
                with suppress(OSError):
                    taken.replace(self.folder / _WANTED / file)
        return False


def _trained(posed: _Posed, unit: Unit, stop: Stop) -> UnitResult | LeadlineError:
    """What came out of a network, or what ends the search."""
    try:
        _, (result,) = train_batch(posed.problem, [unit], posed.seed, stop, CPU)
    except LeadlineError as error:
        return error
    return result


@contextmanager
def _signs_of_life(file: Path, every: float) -> Iterator[None]:
    """Touch a file now and then."""
    over = threading.Event()

    def touch() -> None:
        while not over.wait(every):
            with suppress(OSError):
                os.utime(file)

    thread = threading.Thread(target=touch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()

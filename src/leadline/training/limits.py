"""What bounds a training from outside: one BLAS thread, and a wish to stop.

A product's last bits change with the number of BLAS threads, and networks side by side on all cores are faster than
threads inside one product. So BLAS is held to one thread, for the whole process, while anything trains or predicts.
"""

import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

__all__ = ["Stop", "Stopped", "one_blas_thread"]

# Seconds after which work that was asked to stop is not waited for: only what callers brought themselves takes so long.
LONGEST_WAIT = 10.0


class Stopped(Exception):
    """Training ended before its time because someone asked."""


class Stop:
    """A request to stop, and a deadline; running trainings check it several times a second.

    Parameters
    ----------
    seconds : float, optional
        Time from now after which everything stops.

    Attributes
    ----------
    reserve : float
        Seconds before the deadline that are kept for what comes after.

    Notes
    -----
    A copy sent to another process keeps the seconds that are left, but is not reached by `set`.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self.reserve = 0.0
        self._event = threading.Event()
        self._at_work, self._left = 0, threading.Condition()

    def set(self) -> None:
        """Request that all work that checks this stops."""
        self._event.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count a piece of work as running; none begins once a stop is requested or the time is over.

        Raises
        ------
        Stopped
            It is requested or over already.
        """
        with self._left:
            self._at_work += 1
        try:
            self.check()
            yield
        finally:
            with self._left:
                self._at_work -= 1
                self._left.notify_all()

    def wait(self) -> None:
        """Wait until no work of this process is running, or all should have ended long ago.

        Compiled code that still ran when the process ends would find its memory gone.
        """
        with self._left:
            self._left.wait_for(lambda: not self._at_work, LONGEST_WAIT)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the deadline but for the reserve, never negative; None without one."""
        return None if self._deadline is None else max(0.0, self._deadline - self.reserve - time.monotonic())

    @property
    def timed_out(self) -> bool:
        """Whether the deadline has passed."""
        return self.seconds_left == 0.0

    def check(self) -> None:
        """Raise Stopped if a stop is requested or the deadline has passed."""
        if self._event.is_set() or self.timed_out:
            raise Stopped

    def __reduce__(self) -> tuple[type["Stop"], tuple[float | None]]:
        return Stop, (self.seconds_left,)


class _BlasLimit:
    """Counts who needs the limit: it is set when the first one comes and lifted when the last one goes.

    A thread of its own sets and lifts it, because threadpoolctl lets only the thread that set a limit lift it again,
    and those who come first and go last need not be the same one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._controller: ThreadpoolController | None = None
        self._lift = threading.Event()
        self._keeper = threading.Thread()

    def enter(self) -> None:
        with self._lock:
            if self._users == 0:
                if self._controller is None:
                    self._controller = ThreadpoolController().select(user_api="blas")
                self._set(self._controller)
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._lift.set()
                self._keeper.join()

    def _set(self, controller: ThreadpoolController) -> None:
        is_set, self._lift = threading.Event(), threading.Event()

        def keep(lift: threading.Event) -> None:
            with controller.limit(limits=1):
                is_set.set()
                lift.wait()

        self._keeper = threading.Thread(target=keep, args=(self._lift,), name="leadline-blas-limit", daemon=True)
        self._keeper.start()
        is_set.wait()
        most = max((library["num_threads"] for library in controller.info()), default=1)
        if most > 1:
            warnings.warn(
                f"BLAS keeps {most} threads because other code controls their number: results may differ in their last "
                "bits from those of one thread, and training may be slower.",
                RuntimeWarning,
                stacklevel=5,
            )


_limit = _BlasLimit()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread inside the block; blocks may overlap, in any number of threads."""
    _limit.enter()
    try:
        yield
    finally:
        _limit.leave()

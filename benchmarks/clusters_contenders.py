"""Contenders of `clusters.py`: one fit, and one search spread in different ways."""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import joblib

WORKERS = 3
# Seconds between two looks at the workers' memory.
LOOK_EVERY = 0.1


def _peak(pid: int) -> float | None:
    """The largest memory that a process has held, in MB; None if it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0]) / 1024 if found else None


class _Watch:
    """Looks at the workers as long as it is entered; kills one of them when it is told to."""

    def __init__(self, pids: Callable[[], list[int]]) -> None:
        self.pids, self.peaks, self.killed = pids, {}, 0
        self.over = threading.Event()

    def __enter__(self) -> "_Watch":
        self.peaks: dict[int, float] = {}
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def _look(self) -> None:
        while not self.over.wait(LOOK_EVERY):
            for pid in self.pids():
                peak = _peak(pid)
                if peak is not None:
                    self.peaks[pid] = max(peak, self.peaks.get(pid, 0.0))

    # a listener of a search
    def search_started(self, metric: Any) -> None:
        pass

    def depth_started(self, L: int) -> None:
        pass

    def advanced(self, progress: Any) -> None:
        if progress.L == 2 and progress.done >= 2 and not self.killed and self.pids():
            self.killed = self.pids()[0]
            os.kill(self.killed, signal.SIGKILL)

    def depth_finished(self, result: Any, verdict: Any) -> None:
        pass

    def final_training_started(self, seconds: float | None) -> None:
        pass


@contextmanager
def _dask() -> Iterator[tuple[Callable[[], list[int]], dict[str, Any]]]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        yield (lambda: [nanny.pid for nanny in cluster.workers.values() if nanny.pid]), {}


@contextmanager
def _ray() -> Iterator[tuple[Callable[[], list[int]], dict[str, Any]]]:
    import psutil
    import ray
    from ray.util.joblib import register_ray

    def actors() -> list[int]:
        found = []
        for own in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                found += [own.pid] if "ray::PoolActor" in " ".join(own.cmdline()) else []
        return found

    ray.init(num_cpus=WORKERS, include_dashboard=False)
    register_ray()
    with joblib.parallel_config(backend="ray"):
        yield actors, {}
    ray.shutdown()


@contextmanager
def _folder() -> Iterator[tuple[Callable[[], list[int]], dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as shared:
        words = [sys.executable, "-m", "leadline", "work", shared, "--jobs", "1"]
        workers = [subprocess.Popen(words, stdout=subprocess.DEVNULL) for _ in range(WORKERS)]
        yield (lambda: [worker.pid for worker in workers if worker.poll() is None]), {"hand_out": shared}
        for worker in workers:
            worker.wait()


@contextmanager
def _one_process() -> Iterator[tuple[Callable[[], list[int]], dict[str, Any]]]:
    with joblib.parallel_config(backend="threading", n_jobs=1):
        yield (lambda: []), {}


_WAYS = {"dask": _dask, "ray": _ray, "folder": _folder, "one process": _one_process}


class Search:
    """A small search on files, and an answer that is trained on all their rows; or one such fit."""

    def __init__(self, way: str, path: str, max_rows: int) -> None:
        self.way, self.path, self.max_rows = way, path, max_rows

    def run(self) -> dict[str, Any]:
        from leadline import DeepClassifier, DepthSearchCV

        model = DeepClassifier(n_networks=2, max_iter=1, random_state=0)
        start = time.perf_counter()
        if self.way == "one fit":
            model.fit(self.path, y="y")
            return {**self._facts(start), "workers": [], "digest": ""}
        with _WAYS[self.way]() as (pids, more), _Watch(pids) as watch:
            settings = {"max_depth": 2, "candidates": 2, "additive": False, "max_rows": self.max_rows, **more}
            search = DepthSearchCV(model, **settings, listener=None if self.way == "one process" else watch)
            search.fit(self.path, y="y")
            facts = {**self._facts(start), "workers": sorted(watch.peaks.values()), "killed": bool(watch.killed)}
        digest = hashlib.sha256()
        for key in search.study_.unit_keys():
            result = search.study_.result(key)
            assert result is not None
            for array in (*result.curves, *result.outputs):
                digest.update(array.tobytes())
        for member in search.model_.members:
            digest.update(member.theta.tobytes())
        return {**facts, "digest": digest.hexdigest(), "depth": search.best_depth_}

    def _facts(self, start: float) -> dict[str, Any]:
        return {"seconds": time.perf_counter() - start, "count": 1, "peak": _peak(os.getpid())}

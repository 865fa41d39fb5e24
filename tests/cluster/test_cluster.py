"""The same ladder on one process, on a cluster of dask and on one of Ray, also when a worker is killed half-way.

Not a part of `make test`, which does not install the clusters; `make test-cluster` runs it.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import psutil
import pytest
import ray
from distributed import Client, LocalCluster
from ray.util.joblib import register_ray
from sklearn.datasets import load_breast_cancer

from leadline import DeepClassifier, DepthSearchCV
from leadline.search import Problem, Progress

X, Y = load_breast_cancer(return_X_y=True)
FILES, SEARCHED = 3, 300
WORKERS = 3


def search(listener=None, given=(X, Y), **more) -> DepthSearchCV:
    estimator = DeepClassifier(max_iter=20, n_networks=4, random_state=0)
    settings = {"candidates": 4, "cv": 6, "repeats": 1, "additive": False, **more}
    return DepthSearchCV(estimator, max_depth=3, **settings, listener=listener).fit(*given)


class Killer:
    """A listener that kills a worker after some networks of L = 2."""

    def __init__(self, pids) -> None:
        self.pids, self.killed = pids, 0

    def search_started(self, metric) -> None:
        pass

    def depth_started(self, L: int) -> None:
        pass

    def advanced(self, progress: Progress) -> None:
        if progress.L == 2 and progress.done >= 2 and not self.killed:
            self.killed = self.pids()[0]
            os.kill(self.killed, signal.SIGKILL)

    def final_training_started(self, seconds):
        pass

    def depth_finished(self, result, verdict) -> None:
        pass


@pytest.fixture(scope="module")
def alone() -> DepthSearchCV:
    return search()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same rows as files, with a column of words."""
    folder = tmp_path_factory.mktemp("rows")
    frame = pd.DataFrame(X).rename(columns="x{}".format).assign(word=np.where(X[:, 0] > 14, "wide", "narrow"), y=Y)
    for i, rows in enumerate(np.array_split(np.arange(len(X)), FILES)):
        frame.iloc[rows].to_parquet(folder / f"{i}.parquet", row_group_size=50, index=False)
    return folder


@pytest.fixture(scope="module")
def alone_on_files(files) -> DepthSearchCV:
    return search(given=(files, "y"), max_rows=SEARCHED)


@pytest.fixture
def sent(monkeypatch):
    """What problems travelled, and whether with rows."""
    found, before = [], Problem.__getstate__

    def noted(problem):
        state = before(problem)
        found.append("rows" in state)
        return state

    monkeypatch.setattr(Problem, "__getstate__", noted)
    return found


@pytest.fixture
def dask_cluster():
    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
        joblib.parallel_config(backend="dask"),
    ):
        yield client


@pytest.fixture(scope="module")
def ray_started():
    ray.init(num_cpus=WORKERS, include_dashboard=False)
    register_ray()
    yield
    ray.shutdown()


@pytest.fixture
def ray_cluster(ray_started):
    with joblib.parallel_config(backend="ray"):
        yield


def same(a: DepthSearchCV, b: DepthSearchCV) -> bool:
    ladders = [found.ladder_.drop(columns="seconds") for found in (a, b)]
    assert ladders[0].equals(ladders[1])
    assert a.evidence_ == b.evidence_
    keys = a.study_.unit_keys()
    assert keys == b.study_.unit_keys()
    for key in keys:
        one, two = a.study_.result(key), b.study_.result(key)
        for name in ("curves", "outputs"):
            assert all(np.array_equal(x, y) for x, y in zip(getattr(one, name), getattr(two, name), strict=True))
    judged = X if a.n_features_in_ == X.shape[1] else pd.DataFrame(X).rename(columns="x{}".format).assign(word="wide")
    return bool(np.array_equal(a.predict_proba(judged), b.predict_proba(judged)))


def test_dask_climbs_the_same_ladder(alone, dask_cluster) -> None:
    assert same(alone, search())


def test_dask_goes_on_without_a_worker(alone, dask_cluster) -> None:
    killer = Killer(lambda: list(dask_cluster.run(os.getpid).values()))
    assert same(alone, search(killer))
    assert killer.killed


def test_dask_is_sent_the_data_once_for_each_call(alone, dask_cluster, monkeypatch) -> None:
    sent = []
    monkeypatch.setattr(Problem, "__getstate__", lambda problem: sent.append(1) or vars(problem), raising=False)
    found = search()
    # L = 1 is trained in two goes, on a few folds and on the others
    calls = 1 + len(found.results_)
    networks = sum(result.networks for result in found.results_.values())
    assert 0 < len(sent) <= calls < networks / 2


def test_workers_of_dask_read_files_themselves_and_one_is_killed(alone_on_files, files, dask_cluster, sent) -> None:
    killer = Killer(lambda: list(dask_cluster.run(os.getpid).values()))
    found = search(killer, (files, "y"), max_rows=SEARCHED)
    assert killer.killed
    assert sent
    assert not any(sent)
    assert same(alone_on_files, found)


def ray_pids() -> list[int]:
    return [
        one.pid for one in psutil.process_iter(["cmdline"]) if "ray::PoolActor" in " ".join(one.info["cmdline"] or [])
    ]


def test_ray_climbs_the_same_ladder(alone, ray_cluster) -> None:
    assert same(alone, search())


def test_ray_goes_on_without_a_worker(alone, ray_cluster) -> None:
    killer = Killer(ray_pids)
    assert same(alone, search(killer))
    assert killer.killed


def test_workers_of_ray_read_files_themselves_and_one_is_killed(alone_on_files, files, ray_cluster, sent) -> None:
    killer = Killer(ray_pids)
    found = search(killer, (files, "y"), max_rows=SEARCHED)
    assert killer.killed
    assert sent
    assert not any(sent)
    assert same(alone_on_files, found)


def test_processes_of_one_machine_climb_the_same_ladder(alone) -> None:
    with joblib.parallel_config(backend="loky", n_jobs=2):
        assert same(alone, search())


def test_a_killed_process_of_one_machine_is_replaced(alone) -> None:
    def children() -> list[int]:
        return [child.pid for child in psutil.Process().children(recursive=True) if "loky" in " ".join(child.cmdline())]

    with joblib.parallel_config(backend="loky", n_jobs=2):
        killer = Killer(children)
        assert same(alone, search(killer))
    assert killer.killed


def test_the_page_on_clusters_runs_as_written(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    if ray.is_initialized():
        ray.shutdown()
    page = (Path(__file__).parents[2] / "docs" / "beyond-one-machine.md").read_text("utf-8")
    blocks, names, answers = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL), {}, []
    for block in blocks:
        exec(compile(block, "beyond-one-machine.md", "exec"), names)
        answers.append(names["search"].ladder_.drop(columns="seconds"))
    assert len(answers) == 4
    assert all(answers[0].equals(other) for other in answers)


def test_a_scheduler_and_a_worker_started_by_command_take_the_work(alone, tmp_path) -> None:
    folder = Path(sys.executable).parent
    address, quiet = "tcp://127.0.0.1:8799", {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [
        subprocess.Popen(
            [folder / "dask", "scheduler", "--host", "127.0.0.1", "--port", "8799", "--no-dashboard"], **quiet
        ),
        subprocess.Popen(
            [folder / "dask", "worker", address, "--nworkers", "2", "--nthreads", "1"], cwd=tmp_path, **quiet
        ),
    ]
    try:
        with Client(address, timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            with joblib.parallel_config(backend="dask"):
                assert same(alone, search())
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(timeout=30)

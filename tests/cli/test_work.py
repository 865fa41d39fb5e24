"""Workers that share nothing with a search but its folder: the same bits, whoever dies."""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

from leadline import Dataset, DeepClassifier, DepthSearchCV
from leadline._version import __version__
from leadline.errors import DataError, ParameterError, RunFolderError
from leadline.estimators import handing_out
from leadline.estimators.handing_out import work
from leadline.search import Study
from leadline.training import Stop


def make_table(n=400):
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(n, 3)), columns=["a", "b", "c"])
    frame["word"] = generator.choice(["red", "green", "blue"], n)
    return frame.assign(kind=np.where(frame["a"] * frame["b"] + (frame["word"] == "red") > 0, "high", "low"))


def search(**more):
    estimator = DeepClassifier(max_iter=20, n_networks=3, random_state=0)
    return DepthSearchCV(estimator, max_depth=2, candidates=2, cv=5, repeats=1, additive=False, **more)


def same(a, b):
    ladders = [found.ladder_.drop(columns="seconds") for found in (a, b)]
    assert ladders[0].equals(ladders[1])
    keys = a.study_.unit_keys()
    assert keys == b.study_.unit_keys()
    for key in keys:
        one, two = a.study_.result(key), b.study_.result(key)
        for name in ("curves", "outputs"):
            assert all(np.array_equal(x, y) for x, y in zip(getattr(one, name), getattr(two, name), strict=True))
    X = make_table().drop(columns="kind")
    return bool(np.array_equal(a.predict_proba(X), b.predict_proba(X)))


@pytest.fixture(scope="module")
def alone():
    frame = make_table()
    return search().fit(frame.drop(columns="kind"), frame["kind"])


@pytest.fixture
def start():
    """Start a worker as a process of its own: start(folder)."""
    started = []

    def start_one(folder):
        code = "import sys; from leadline.cli import main; main()"
        words = [sys.executable, "-c", code, "work", str(folder), "--jobs", "1", "--patience", "60"]
        started.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def wait_for(found, seconds=60):
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_three_workers_one_of_them_killed_train_the_same_networks(alone, start, tmp_path, monkeypatch):
    monkeypatch.setattr(handing_out, "LEASE", 2.0)
    workers = [start(tmp_path) for _ in range(3)]

    def kill():
        taken = tmp_path / "work" / "taken"
        wait_for(lambda: taken.is_dir() and any(taken.glob("*-2-*")), 120)
        workers[0].kill()

    killer = threading.Thread(target=kill)
    killer.start()
    frame = make_table()
    found = search(hand_out=tmp_path).fit(frame.drop(columns="kind"), frame["kind"])
    killer.join()
    assert same(alone, found)
    workers[0].wait()
    said = [worker.communicate(timeout=60)[0] for worker in workers[1:]]
    assert [worker.returncode for worker in workers] == [-signal.SIGKILL, 0, 0]
    assert all("trained" in own for own in said)
    assert [path.name for path in (tmp_path / "work").rglob("*") if path.is_file()] == ["over"]


def test_what_a_dead_worker_had_taken_is_wanted_again(alone, tmp_path, monkeypatch):
    monkeypatch.setattr(handing_out, "LEASE", 0.5)
    frame = make_table()
    taken, dead = tmp_path / "work" / "taken", []

    def die_and_work():
        wanted = tmp_path / "work" / "wanted"
        wait_for(lambda: wanted.is_dir() and any(wanted.glob("[!.]*")))
        # taken by somebody who never gives a sign of life
        first = min(wanted.glob("[!.]*"))
        first.replace(taken / first.name)
        half = tmp_path / "work" / "done" / f".{first.name}.half-written"
        half.write_bytes(b"half")
        dead.append(half)
        work(tmp_path, 60)

    worker = threading.Thread(target=die_and_work)
    worker.start()
    found = search(hand_out=tmp_path).fit(frame.drop(columns="kind"), frame["kind"])
    worker.join()
    (half,) = dead
    assert not half.exists()
    assert same(alone, found)


def test_a_killed_driver_goes_on_with_what_workers_have_brought(start, tmp_path, fit, command):
    table = tmp_path / "table.csv"
    make_table().to_csv(table, index=False)
    folder = tmp_path / "run"
    quick = ["--epochs", "20", "--candidates", "2", "--cv", "5", "--max-depth", "2", "--no-additive"]
    words = ["fit", str(table), "--target", "kind", *quick, "--out", str(folder), "--hand-out"]
    driver = subprocess.Popen(
        [sys.executable, "-c", "from leadline.cli import main; main()", *words], stdout=subprocess.DEVNULL
    )
    start(folder)
    wait_for(lambda: (folder / "study.db").exists() and len(Study.glance(folder / "study.db").unit_keys(1)) > 3, 120)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    resumed = command("fit", "--resume", folder, "--json")
    assert resumed.exit_code == 0, resumed.stderr
    assert f"leadline work {folder}" in resumed.stderr
    whole = command("fit", table, "--target", "kind", *quick, "--out", tmp_path / "whole", "--json")
    one, other = (json.loads(own.stdout) for own in (resumed, whole))
    assert one["sentence"] == other["sentence"]
    assert one["test"] == other["test"]


def test_workers_read_the_files_of_a_dataset_themselves(start, tmp_path):
    pytest.importorskip("pyarrow")
    rows = tmp_path / "rows"
    rows.mkdir()
    for i in range(2):
        make_table(1000).iloc[i * 500 : (i + 1) * 500].to_parquet(rows / f"{i}.parquet", row_group_size=100)
    kinds = {"max_rows": 300}
    alone = search(**kinds).fit(Dataset(rows), y="kind")
    for _ in range(2):
        start(tmp_path)
    found = search(**kinds, hand_out=tmp_path).fit(Dataset(rows), y="kind")
    assert found.searched_rows_ == (300, 1000)
    assert same(alone, found)


def test_a_worker_says_what_it_cannot_do(tmp_path, command):
    assert command("work", tmp_path / "nothing", "--patience", "0.1").stdout.endswith("nothing: 0 networks trained\n")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "problem").write_bytes(b"0.0.1 name\n")
    with pytest.raises(RunFolderError, match=r"made by leadline 0\.0\.1, and this is"):
        work(tmp_path, 1)
    assert command("work", tmp_path).exit_code == 2
    assert command("work", tmp_path, "--patience", "0").exit_code == 2


def test_what_ends_a_search_ends_one_that_is_handed_out(tmp_path):
    frame, thrown = make_table(100), []

    def answer():
        wanted = tmp_path / "work" / "wanted"
        wait_for(lambda: wanted.is_dir() and any(wanted.glob("[!.]*")))
        first = min(wanted.glob("[!.]*"))
        (tmp_path / "work" / "done" / first.name).write_bytes(pickle.dumps(DataError("the rows are gone")))
        thrown.append(first.name)

    worker = threading.Thread(target=answer)
    worker.start()
    with pytest.raises(DataError, match="the rows are gone"):
        search(hand_out=tmp_path).fit(frame.drop(columns="kind"), frame["kind"])
    worker.join()
    assert thrown
    # nothing is left to do, and workers are told
    assert not list((tmp_path / "work" / "wanted").iterdir())
    assert work(tmp_path, 60) == 0


def test_what_cannot_be_sent_is_named(tmp_path):
    frame = make_table(100)
    own = search(hand_out=tmp_path, scoring=lambda estimator, X, y: 0.0)
    with pytest.raises(ParameterError, match=r"cannot be handed out: .* must stand in a module that every worker can"):
        own.fit(frame.drop(columns="kind"), frame["kind"])
    (tmp_path / "work" / "problem").write_bytes(f"{__version__} name\n".encode() + b"cno_such_module\nthing\n.")
    (tmp_path / "work" / "over").unlink(missing_ok=True)
    with pytest.raises(RunFolderError, match="is not here: No module named 'no_such_module'"):
        work(tmp_path, 1)


def test_a_time_limit_ends_the_waiting(tmp_path):
    frame = make_table(100)
    with pytest.raises(Exception, match="The time limit came before the first depth was judged"):
        search(hand_out=tmp_path, time_limit=1.0).fit(frame.drop(columns="kind"), frame["kind"])
    assert not list((tmp_path / "work" / "wanted").iterdir())


def test_a_worker_that_is_asked_to_stop_leaves_its_network_to_others(tmp_path):
    frame, stop = make_table(100), Stop()
    took = []

    def worker():
        wait_for(lambda: (tmp_path / "work" / "problem").exists())
        stop.set()
        try:
            work(tmp_path, 60, stop=stop)
        except Exception as error:
            took.append(type(error).__name__)
        work(tmp_path, 60)

    thread = threading.Thread(target=worker)
    thread.start()
    found = search(hand_out=tmp_path).fit(frame.drop(columns="kind"), frame["kind"])
    thread.join()
    assert took == ["Stopped"]
    assert found.best_depth_ >= 1

"""The page of a running search: what is written down, what the server says, and to whom."""

import http.client
import json
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from leadline import DeepClassifier, DepthSearchCV
from leadline.errors import ParameterError
from leadline.report import Recorder, Watch
from leadline.report.live import MOST_POINTS, SILENCE, live_state
from leadline.search import ADDITIVE, Study


class Silent:
    """A listener that remembers what it was told."""

    def __init__(self):
        self.told = []

    def search_started(self, metric):
        self.told.append("climb")

    def depth_started(self, L):
        self.told.append(L)

    def advanced(self, progress):
        self.told.append(progress.share)

    def final_training_started(self, seconds):
        self.told.append("delivery")

    def depth_finished(self, result, verdict):
        self.told.append(("finished", result.L))


@pytest.fixture
def searched(tmp_path: Path):
    """A search of two depths that wrote its course into a study file."""
    study, inner = Study(tmp_path / "study.db"), Silent()
    recorder = Recorder(study, "a <b>table</b>", inner)
    X = np.random.default_rng(0).normal(size=(90, 3))
    DepthSearchCV(
        DeepClassifier(max_iter=80, n_iter_no_change=80, random_state=0),
        max_depth=2,
        candidates=2,
        cv=3,
        repeats=1,
        study=study,
        listener=recorder,
    ).fit(X, (X[:, 0] > 0).astype(int))
    return tmp_path / "study.db", recorder, inner


@pytest.fixture
def served(searched, tmp_path):
    watch = Watch(searched[0], tmp_path / "report.html")
    watch.start()
    yield watch
    watch.close()


def get(watch, path="/", host=None):
    port = int(watch.address.rstrip("/").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": host or f"127.0.0.1:{port}"})
    answer = connection.getresponse()
    return answer, answer.read().decode()


def test_the_course_of_a_search_is_written_down_and_passed_on(searched):
    path, _, inner = searched
    state = live_state(path)
    assert state["state"] == "delivering"
    assert state["about"] == "a <b>table</b>"
    assert [row["L"] for row in state["ladder"]] == [1, ADDITIVE, 2]
    assert [row["supported"] is None for row in state["ladder"]] == [False, True, False]
    assert state["ladder"][0]["mean_score"] < 0
    assert state["verdict"]["depth"] in (1, 2)
    assert state["units"]["all"] == sum(row["networks"] for row in state["ladder"])
    assert state["curves"]
    assert all(len(points) <= MOST_POINTS for _, points in state["curves"])
    assert inner.told[:2] == ["climb", 1]
    assert ("finished", 2) in inner.told
    json.dumps(state, allow_nan=False)


def test_the_end_is_said(searched):
    path, recorder, _ = searched
    recorder.end("finished", "L = 1 is enough.")
    assert live_state(path)["state"] == "finished"
    assert live_state(path)["sentence"] == "L = 1 is enough."


def test_a_search_that_fell_silent_is_not_called_running(searched, monkeypatch):
    path, recorder, _ = searched
    then = recorder.study.fact("live")["time"]
    monkeypatch.setattr("leadline.report.live.time.time", lambda: then + SILENCE + 1)
    assert live_state(path)["state"] == "silent"


def test_what_is_not_there_yet_is_waited_for(tmp_path):
    assert live_state(tmp_path / "study.db")["state"] == "waiting"
    Study(tmp_path / "study.db").close()
    assert live_state(tmp_path / "study.db")["state"] == "waiting"


def test_the_server_gives_the_page_and_the_state(served):
    answer, page = get(served)
    assert answer.status == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert page.startswith("<!doctype html>")
    answer, text = get(served, "/state.json")
    assert json.loads(text)["state"] == "delivering"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_server_gives_nothing_else_and_only_to_this_machine(served, tmp_path):
    assert get(served, "/study.db")[0].status == 404
    assert get(served, "/../study.db")[0].status == 404
    assert get(served, "/report.html")[0].status == 404  # not written yet
    (tmp_path / "report.html").write_text("done")
    assert get(served, "/report.html")[1] == "done"
    assert get(served, "/state.json", host="evil.example:80")[0].status == 404
    assert served.address.startswith("http://127.0.0.1:")


def test_a_taken_port_is_refused(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ParameterError, match=f"Port {port} cannot be used"):
            Watch(tmp_path / "study.db", tmp_path / "report.html", port)


def test_the_port_is_given_back(searched, tmp_path):
    watch = Watch(searched[0], tmp_path / "report.html")
    watch.start()
    assert get(watch)[0].status == 200
    before = threading.active_count()
    watch.close()
    assert threading.active_count() < before
    with pytest.raises(ConnectionRefusedError):
        get(watch)

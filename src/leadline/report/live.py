"""The running search on a local page: what the driving process writes down, and a server that shows it.

The search states a fact "live" in its study now and then; the page asks for it every second. So a page may be loaded
again at any time, and the server may live in the process of the search or in another.
"""

import json
import math
import sqlite3
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from leadline.errors import LeadlineError, ParameterError
from leadline.records import plain
from leadline.report.page import drawing_library, environment
from leadline.search import ADDITIVE, DepthResult, Listener, Metric, Progress, Study, Verdict

__all__ = ["Recorder", "Watch", "live_state"]

# Between two writings of the progress.
SECONDS_BETWEEN = 0.5
# Curves that the page draws, the newest, and points of each.
MOST_CURVES, MOST_POINTS = 24, 60
# A search that has not been heard of for so long has probably ended.
SILENCE = 60.0
# Time for a page that is open to ask once more.
LAST_WORDS = 3.0

# The page may run its own scripts (Vega compiles expressions) and ask its own server, and nothing else.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; connect-src 'self'; "
    "img-src data:"
)


class Recorder:
    """Writes the course of a climb into its study, and passes every event on.

    Parameters
    ----------
    study : Study
    about : str
        What is being searched, for the head of the page.
    inner : Listener
    """

    def __init__(self, study: Study, about: str, inner: Listener) -> None:
        self.study, self.inner = study, inner
        self.state: dict[str, Any] = {"about": about, "state": "running"}
        self.state.update(ladder=[], progress=None, metric=None)
        self._results: dict[int, DepthResult] = {}
        self._last = 0.0

    def search_started(self, metric: Metric) -> None:
        """Note what depths are judged by."""
        self.state["metric"] = {"label": metric.label, "sign": metric.sign}
        self._write()
        self.inner.search_started(metric)

    def depth_started(self, L: int) -> None:
        """Note the depth that is under way."""
        self.state.update(L=L, progress=None)
        self._write()
        self.inner.depth_started(L)

    def advanced(self, progress: Progress) -> None:
        """Note how far it has come, not more often than a page asks."""
        self.state["progress"] = vars(progress)
        if time.monotonic() - self._last > SECONDS_BETWEEN:
            self._write()
        self.inner.advanced(progress)

    def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
        """Note the scores of all depths so far and what they say."""
        self._results[result.L] = result
        self.state["verdict"] = verdict.to_record()
        # the additive model, which is no depth, between L = 1 and L = 2
        ordered = sorted(self._results.values(), key=lambda own: 1.5 if own.L == ADDITIVE else own.L)
        self.state["ladder"] = [_row(own, verdict) for own in ordered]
        self._write()
        self.inner.depth_finished(result, verdict)

    def final_training_started(self, seconds: float | None) -> None:
        """Note that the depths are judged and the final models are trained."""
        self.state.update(state="delivering", delivery=seconds)
        self._write()
        self.inner.final_training_started(seconds)

    def end(self, state: str, sentence: str = "") -> None:
        """Say that the search is finished, or stopped."""
        self.state.update(state=state, sentence=sentence)
        self._write()

    def _write(self) -> None:
        self._last = time.monotonic()
        self.study.state("live", plain({**self.state, "time": time.time()}))


def _row(result: DepthResult, verdict: Verdict) -> dict[str, Any]:
    judged = not result.failed
    return {
        "L": result.L,
        "hidden_layer_sizes": list(result.settings.hidden_layer_sizes),
        "mean_score": float(result.scores.mean()) if judged else None,
        "standard_error": verdict.standard_error.get(result.L) if judged else None,
        "supported": None if result.L == ADDITIVE else result.L in verdict.supported,
        "networks": result.networks,
        "seconds": result.seconds,
        "mean_scores": [[index, score] for index, score in result.mean_scores.items()],
    }


def live_state(path: Path) -> dict[str, Any]:
    """What a page shows of the search in a study file, as JSON can hold it."""
    try:
        study = Study.glance(path)
    except LeadlineError as error:
        return {"state": "waiting", "reason": str(error)}
    try:
        live = study.fact("live")
        if live is None:
            return {"state": "waiting", "reason": "The search has not begun."}
        L = live.get("L", 1)
        curves, states = [], {"trained": 0, "failed": 0}
        for key in study.unit_keys(L):
            own = study.result(key)
            if own is None:
                continue
            bad = own.state in ("diverged", "failed")
            states["failed" if bad else "trained"] += 1
            for role, curve in enumerate(() if bad else own.curves):
                if len(curve) > 1:
                    name = f"candidate {key.candidate}, fold {(key.fold, key.other)[role] + 1}, repeat {key.repeat + 1}"
                    curves.append([name, _thinned(curve)])
        live["curves"] = curves[-MOST_CURVES:]
        live["units"] = {**states, "all": len(study.unit_keys())}
        silent = time.time() - live["time"]
        if live["state"] in ("running", "delivering") and silent > SILENCE:
            live["state"] = "silent"
        return {**live, "silent": silent}
    except (LeadlineError, sqlite3.Error) as error:  # being written just now; the page asks again
        return {"state": "waiting", "reason": str(error)}
    finally:
        study.close()


def _thinned(curve: Any) -> list[list[float]]:
    """Some points of a curve: (epoch, score)."""
    places = np.unique(np.linspace(0, len(curve) - 1, min(len(curve), MOST_POINTS)).round().astype(int))
    return [[int(i) + 1, float(f"{curve[i]:.5g}")] for i in places if math.isfinite(curve[i])]


class Watch:
    """A server on this machine alone that shows the search in a run folder.

    Parameters
    ----------
    study : Path
        Its study file.
    report : Path
        Where its report will be.
    port : int, default 0
        0 for any that is free.

    Raises
    ------
    ParameterError
        The port is taken.
    """

    def __init__(self, study: Path, report: Path, port: int = 0) -> None:
        page = environment().get_template("live.html.j2").render(library=drawing_library()).encode()
        answers: dict[str, Callable[[], tuple[str, bytes]]] = {
            "/": lambda: ("text/html; charset=utf-8", page),
            "/state.json": lambda: ("application/json", json.dumps(plain(live_state(study)), allow_nan=False).encode()),
            "/report.html": lambda: ("text/html; charset=utf-8", report.read_bytes()),
        }
        self._asked, self._read = 0.0, threading.Event()
        watch = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                # a page elsewhere that resolves its own name to this machine is not answered
                host = self.headers.get("Host", "").partition(":")[0]
                answer = answers.get(self.path.partition("?")[0])
                if host not in ("127.0.0.1", "localhost") or answer is None:
                    self.send_error(404)
                    return
                try:
                    kind, content = answer()
                except OSError:
                    self.send_error(404)
                    return
                self.send_response(200)
                headers = {"Content-Type": kind, "Content-Length": str(len(content)), "Cache-Control": "no-store"}
                headers |= {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
                watch._asked = time.monotonic()
                if self.path == "/report.html":
                    watch._read.set()

            def log_message(self, *words: Any) -> None:
                """Say nothing: the terminal belongs to the search."""

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    self.close_connection = True  # the page was closed

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise ParameterError(f"Port {port} cannot be used: {error.strerror}. Give another --port.") from error
        self._server.daemon_threads = True
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def start(self) -> None:
        """Serve beside whatever this process does."""
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def serve(self) -> None:
        """Serve until an interrupt."""
        self._server.serve_forever(poll_interval=0.1)

    def close(self, finished: bool = False) -> None:
        """Stop serving, and give the port back; a page that is open gets the report of a finished search first."""
        if finished and time.monotonic() - self._asked < LAST_WORDS:
            self._read.wait(LAST_WORDS)
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

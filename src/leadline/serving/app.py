"""The application: predictions of one model over HTTP, with limits, and messages that say what is wrong.

A request is refused with {"detail": message}, in the words of `leadline predict`: 400 what is no JSON, 408 what does
not arrive in time, 413 what is too large, 415 what is not sent as JSON, 422 rows that cannot be predicted.

The server keeps no request. Whoever can reach it may ask, and see the columns and categories of the model: it
listens to this machine alone unless told otherwise, and then answers only requests that mean this machine, so that no
web page in a browser can ask by another name.
"""

import asyncio
import html
import json
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline._version import __version__
from leadline.errors import InputError, ParameterError
from leadline.estimators import DeepClassifier, DeepRegressor
from leadline.records import plain
from leadline.serving.rows import Asked, answer, asked_schemas, column_schemas, example_row, table_of
from leadline.training import one_blas_thread

__all__ = ["Limits", "make_app", "serve"]

Array = NDArray[Any]
Estimator = DeepClassifier | DeepRegressor

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# So many rows are predicted at once without holding up who asks meanwhile.
ROWS_AT_ONCE = 64
# Connections that wait to be taken.
_BACKLOG = 2048


@dataclass(frozen=True)
class Limits:
    """Limits of a request.

    Attributes
    ----------
    rows : int
    bytes : int
        Of its body.
    seconds : float
        For the body to arrive.
    requests : int
        At the same time; those beyond are refused with 503.
    """

    rows: int = 10_000
    bytes: int = 16 * 2**20
    seconds: float = 30.0
    requests: int = 64


class _Refused(Exception):
    """A request that is refused: the status and what is said."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def _libraries() -> tuple[Any, Any]:
    try:
        import fastapi
        import starlette
    except ImportError as error:
        raise ParameterError("Serving needs fastapi and uvicorn; pip install 'leadline[serve]'.") from error
    return fastapi, starlette


def _json(record: Any, status: int = 200) -> Any:
    from starlette.responses import Response

    # in ASCII: a request may hold, and a message name, what UTF-8 cannot say
    return Response(json.dumps(record).encode("ascii"), status, media_type="application/json")


async def _body(request: Any, limits: Limits) -> Any:
    """What the request holds, read as JSON, as long as it is no larger than is allowed."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise _Refused(415, "Send JSON, with the header Content-Type: application/json.")
    too_large = _Refused(413, f"The request is larger than {limits.bytes:,} bytes; send fewer rows at once.")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limits.bytes:
        raise too_large
    parts, size = [], 0
    try:
        async with asyncio.timeout(limits.seconds):
            async for part in request.stream():
                size += len(part)
                if size > limits.bytes:
                    raise too_large
                parts.append(part)
    except TimeoutError:
        raise _Refused(408, f"The request did not arrive within {limits.seconds:g} seconds.") from None
    try:
        return json.loads(b"".join(parts))
    except RecursionError:
        raise _Refused(400, "The request is nested too deeply.") from None
    except ValueError as error:
        raise _Refused(400, f"The request is not JSON: {error}.") from None


def make_app(
    estimator: Estimator,
    limits: Limits | None = None,
    hosts: Sequence[str] = LOOPBACK,
    predict: Callable[[pd.DataFrame], Array] | None = None,
) -> Any:
    """Make the ASGI application that serves the predictions of a model.

    Parameters
    ----------
    estimator : fitted DeepClassifier or DeepRegressor
    limits : Limits, optional
    hosts : sequence of str
        The names under which the server may be asked; "*" for any.
    predict : callable, optional
        Another way from a table to predictions, (m, K) or (m, k), as `estimator.model_.predictions` has them.

    Returns
    -------
    FastAPI
        POST /predict, GET /health, GET /model, a page at / and another at /docs, which draws /openapi.json by a library
        that it loads from the internet.

    Raises
    ------
    ParameterError
        FastAPI is not installed.
    """
    fastapi, _ = _libraries()
    from fastapi.exceptions import RequestValidationError
    from starlette.concurrency import run_in_threadpool
    from starlette.exceptions import HTTPException
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import HTMLResponse, Response

    limits = limits or Limits()
    predictions = predict or estimator.model_.predictions
    target, layout = estimator.model_.target, estimator.model_.layout
    example = example_row(estimator)
    app = fastapi.FastAPI(
        title=f"Leadline: {target.name}",
        version=__version__,
        description=f"Predictions of {target.name!r}, a {target.task}.",
    )
    if "*" not in hosts:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*hosts, "[::1]"], www_redirect=False)

    def compute(body: Any) -> dict[str, Any]:
        asked_for = Asked.read(estimator, body)
        frame = table_of(estimator, body, limits.rows)
        with np.errstate(over="ignore"):
            return answer(estimator, np.asarray(predictions(frame)), asked_for)

    row = {"type": "object", "properties": column_schemas(layout), "required": list(example)}
    rows = {"type": "array", "items": {"anyOf": [row, {"type": "array"}]}, "minItems": 1, "maxItems": limits.rows}
    schema = {
        "type": "object",
        "properties": {"rows": rows, **asked_schemas(target)},
        "required": ["rows"],
        "example": {"rows": [example]},
    }
    refusals = {
        400: {"description": "No JSON"},
        408: {"description": "Did not arrive in time"},
        413: {"description": "Too large"},
        415: {"description": "Not sent as JSON"},
        422: {"description": "Rows that cannot be predicted; the message names column, row and value"},
    }

    async def asked(request: Request) -> Any:
        """Predict rows: {"rows": [{column: value, …}, …]}, and what is asked for beside predictions."""
        body = await _body(request, limits)
        n = len(body["rows"]) if isinstance(body, dict) and isinstance(body.get("rows"), list) else 0
        if n <= ROWS_AT_ONCE:
            return _json(compute(body))
        return _json(await run_in_threadpool(compute, body))

    app.add_api_route(
        "/predict",
        asked,
        methods=["POST"],
        summary="Predict rows",
        responses=refusals,
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}},
    )

    async def health() -> Any:
        """Whether the server answers."""
        return _json({"status": "ok"})

    app.add_api_route("/health", health, methods=["GET"], summary="Whether the server answers")
    facts = {
        "leadline": __version__,
        "task": target.task,
        "target": target.name,
        "classes": None if target.classes is None else plain(target.classes.tolist()),
        "networks": len(estimator.model_.members),
        "columns": column_schemas(layout),
        "options": list(asked_schemas(target)),
        "limits": {"rows": limits.rows, "bytes": limits.bytes},
    }

    async def model() -> Any:
        """What the model predicts, and from which columns."""
        return _json(facts)

    app.add_api_route("/model", model, methods=["GET"], summary="What the model predicts, and from what")
    page = _page(target.name, target.task, example)

    async def start() -> Any:
        return HTMLResponse(page)

    app.add_api_route("/", start, methods=["GET"], include_in_schema=False)

    async def refused(request: Any, error: Any) -> Any:
        return _json({"detail": str(error)}, error.status)

    async def of_input(request: Any, error: Any) -> Any:
        return _json({"detail": str(error)}, 422)

    async def of_http(request: Any, error: Any) -> Any:
        return _json({"detail": str(error.detail)}, error.status_code)

    async def gone(request: Any, error: Any) -> Any:
        return Response(status_code=400)

    async def unforeseen(request: Any, error: Any) -> Any:
        return _json({"detail": f"unforeseen {type(error).__name__}; please report it"}, 500)

    app.add_exception_handler(_Refused, refused)
    app.add_exception_handler(InputError, of_input)
    app.add_exception_handler(RequestValidationError, of_input)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Exception, unforeseen)
    return app


def _page(target: str, task: str, example: dict[str, Any]) -> str:
    """A page that says how to ask, with a request to be tried; it loads nothing from elsewhere."""
    request = html.escape(json.dumps({"rows": [example]}, indent=2, ensure_ascii=False))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(target)} – Leadline</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'">
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem }}
textarea {{ width: 100%; height: 18rem; font: 14px/1.4 ui-monospace, monospace }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere }}
</style></head><body>
<h1>{html.escape(target)}</h1>
<p>A {html.escape(task)} by Leadline {html.escape(__version__)}. <code>POST /predict</code> answers a request like this
one; <a href="model">/model</a> says which columns there are, <a href="health">/health</a> whether the server answers,
<a href="openapi.json">/openapi.json</a> is the description for programs, and <a href="docs">/docs</a> draws it.</p>
<label for="request">Request</label><textarea id="request" spellcheck="false">{request}</textarea>
<p><button id="send">Send</button></p><pre id="answer" role="status"></pre>
<script>
document.getElementById("send").onclick = async () => {{
  const out = document.getElementById("answer"), body = document.getElementById("request").value;
  try {{
    const response = await fetch("predict", {{method: "POST", headers: {{"Content-Type": "application/json"}}, body}});
    out.textContent = response.status + "\\n" + JSON.stringify(await response.json(), null, 2);
  }} catch (error) {{ out.textContent = String(error); }}
}};
</script></body></html>
"""


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens already, so that whoever asks as soon as its address is known waits for the first answer.

    Its protocol is named, or asyncio would not turn off Nagle's algorithm: each answer would wait for 40 ms.

    Raises
    ------
    ParameterError
        The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    own = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        own.bind((host, port))
        own.listen(_BACKLOG)
    except OSError as error:
        own.close()
        raise ParameterError(f"--host {host} --port {port}: the address cannot be used: {error.strerror}.") from None
    return own


def serve(app: Any, host: str, port: int, limits: Limits, started: Callable[[str], object]) -> None:
    """Serve requests until interrupted.

    Parameters
    ----------
    app : ASGI application
    host, port
        Where to listen; port 0 for any that is free.
    limits : Limits
    started : callable
        Called with the address once the server listens.

    Raises
    ------
    ParameterError
        uvicorn is not installed, or the address cannot be used.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise ParameterError("Serving needs fastapi and uvicorn; pip install 'leadline[serve]'.") from error
    own = listening(host, port)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        limit_concurrency=limits.requests,
        lifespan="off",
    )
    number = own.getsockname()[1]
    started(f"http://{f'[{host}]' if ':' in host else host}:{number}/")
    # held once, not anew for every request
    with one_blas_thread():
        uvicorn.Server(config).run(sockets=[own])

"""`leadline serve`: predictions over HTTP."""

from contextlib import suppress

import typer

from leadline.errors import ParameterError
from leadline.estimators import load
from leadline.serving import Limits, make_app, serve
from leadline.serving.app import LOOPBACK

__all__ = ["run_serve"]


def run_serve(run: str, host: str, port: int, allowed: tuple[str, ...], limits: Limits) -> None:
    """Serve a model until interrupted."""
    here = host in LOOPBACK
    if allowed and "*" in allowed and here:
        raise ParameterError("--allow '*' would let any web page ask this machine; name the hosts, or give a --host.")
    hosts = (*LOOPBACK, host, *allowed) if here or allowed else ("*",)
    app = make_app(load(run), limits, hosts)

    def started(address: str) -> None:
        typer.echo(f"{address}  (Ctrl-C ends it)")
        if not here:
            typer.echo("note: whoever can reach this address may ask; nothing is encrypted", err=True)

    with suppress(KeyboardInterrupt):
        serve(app, host, port, limits, started)

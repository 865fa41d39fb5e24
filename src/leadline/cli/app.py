"""The command line as a whole: its commands in their order, and the exit with the code that belongs to what happened.

The commands and their options stand in the modules named `…_commands`; what they do, in the modules beside those.
"""

import gc
import sys
from typing import Annotated

import typer

from leadline._version import __version__
from leadline.cli import learning_commands, model_commands, search_commands
from leadline.cli.exit_codes import DONE, NO_ROOM, say_no_room

__all__ = ["app", "main"]

app = typer.Typer(
    name="leadline",
    help="Deep L-layer networks for tables that find their own depth.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # a terminal that cannot show a sign like ± shows a question mark
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except OSError as error:
        # help and version are printed before there is a command
        if error.errno not in NO_ROOM:
            raise
        sys.exit(say_no_room(error))
    finally:
        # the process ends here; to look through all objects of all libraries for cycles first would take longer than
        # many a command
        gc.freeze()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"leadline {__version__}")
        raise typer.Exit(DONE)


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    pass


# In the order in which --help lists them.
for function in (
    search_commands.fit,
    search_commands.work,
    search_commands.space,
    model_commands.predict,
    model_commands.export,
    model_commands.score,
    model_commands.compare,
    model_commands.serve,
    model_commands.watch,
    model_commands.inspect,
    model_commands.report,
    learning_commands.explain,
    learning_commands.why_deep,
    learning_commands.learn,
):
    app.command()(function)

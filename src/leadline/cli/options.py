"""Options that several commands have, and checks of their values; it imports nothing heavy."""

import math
from typing import Annotated

import typer

__all__ = ["Read", "check_jobs", "check_seconds"]

# How a file is to be read; the commands that read one have this option.
Read = Annotated[
    list[str] | None,
    typer.Option(
        "--read",
        help="What the file is like, as NAME=VALUE: encoding, separator, decimal, quote of text; sheet of Excel; query "
        "of a database. May be repeated; what is left out is found.",
        show_default=False,
    ),
]


def check_jobs(value: int | None) -> int | None:
    """Refuse 0, which is no number of jobs."""
    if value == 0:
        raise typer.BadParameter("0 is no number of jobs; give how many, or -1 for all cores.")
    return value


def check_seconds(value: float | None) -> float | None:
    """Refuse what is no positive, finite number of seconds."""
    if value is not None and not 0 < value < math.inf:
        raise typer.BadParameter(f"{value:g} is not a positive number of seconds; leave it out for no limit.")
    return value

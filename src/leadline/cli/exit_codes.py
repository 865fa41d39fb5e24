"""Exit codes: 0 done, 2 wrong usage or input, 130 interrupted, 1 anything else; and the message that goes with each."""

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from leadline.errors import Interrupted, LeadlineError

__all__ = ["DONE", "NO_ROOM", "exit_codes", "say_no_room"]

DONE, UNFORESEEN, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
# What a disk says that takes no more; not every system has every name.
NO_ROOM = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO") if hasattr(errno, name)}


def say_no_room(error: OSError) -> int:
    """Say what a full disk does not take; the exit code."""
    if error.filename is None:
        # standard output, whose rest the interpreter would try to write once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    what = error.filename or "The output"
    typer.echo(f"leadline: {what} cannot be written: {error.strerror}. Make room, or give another place.", err=True)
    return WRONG_INPUT


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn what a command raises into one clear message and the exit code that belongs to it."""
    try:
        yield
        sys.stdout.flush()
    except Interrupted as error:
        typer.echo(f"leadline: {error}", err=True)
        raise typer.Exit(UNFORESEEN) from None
    except LeadlineError as error:
        typer.echo(f"leadline: {error}", err=True)
        raise typer.Exit(WRONG_INPUT) from None
    except KeyboardInterrupt as interrupt:
        # a command that has something to say about what it leaves behind says it as the argument
        typer.echo(f"\nInterrupted. {interrupt}".rstrip(), err=True)
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # whoever read our output has gone; nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(DONE) from None
    except PermissionError as error:
        typer.echo(f"leadline: {error.filename}: no permission; give another file or folder.", err=True)
        raise typer.Exit(WRONG_INPUT) from None
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise typer.Exit(say_no_room(error)) from None
    except typer.Exit:
        raise
    except Exception as error:
        traceback.print_exc()
        typer.echo(f"leadline: unforeseen {type(error).__name__}; please report it with the lines above.", err=True)
        raise typer.Exit(UNFORESEEN) from None

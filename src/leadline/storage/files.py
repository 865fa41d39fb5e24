"""Files that are written whole or not at all: to a temporary file beside the place, then renamed into it."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: str | Path, content: bytes | str | Iterable[bytes]) -> None:
    """Write a file so that readers see the old content or the new, never a part.

    Parameters
    ----------
    path : path
        Its folder must exist.
    content : bytes, str, or an iterable of bytes
        Text is written in UTF-8, parts one after the other as they come.

    Raises
    ------
    OSError
        The file cannot be written; it is named, and nothing is left behind.
    """
    path = Path(path)
    whole = content.encode() if isinstance(content, str) else content
    try:
        _write(path, (whole,) if isinstance(whole, bytes) else whole)
    except OSError as error:
        # a disk that is full says no name, and that of the temporary file says nothing
        raise OSError(error.errno, error.strerror, str(path)) from error


def _write(path: Path, parts: Iterable[bytes]) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        # a temporary file is private; the real one is as open as the user's other files
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

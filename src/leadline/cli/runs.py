"""Run folders: where a run is written, and what it is called."""

import datetime
import os
import re
from pathlib import Path

from leadline.errors import ParameterError, RunFolderError
from leadline.storage import RECORD_NAME

__all__ = ["PREDICTIONS_NAME", "REPORT_NAME", "STUDY_NAME", "check_out", "new_run_folder", "table_of"]

STUDY_NAME, REPORT_NAME, PREDICTIONS_NAME = "study.db", "report.html", "predictions.csv"


def check_out(out: str | None, called: str = "--out") -> None:
    """Refuse a file whose folder is not there, or that is a folder, before any work is done for it."""
    if out is not None and Path(out).is_dir():
        raise ParameterError(f"{called} {out} is a folder; give the file to write.")
    if out is not None and not Path(out).absolute().parent.is_dir():
        raise ParameterError(f"{called} {out}: the folder {Path(out).parent} is not there; make it first.")


def new_run_folder(out: str | None, data: str) -> Path:
    """The folder of a new run; it is not made yet.

    Parameters
    ----------
    out : str or None
        The caller's choice; None for runs/NAME-DATE-NUMBER in the working directory.
    data : str
        The file that the run reads, which gives the name.

    Raises
    ------
    RunFolderError
        The folder holds a run already, is a file, or cannot be written to.
    """
    if out is not None:
        folder = Path(out)
        _check_place(folder)
        if any((folder / name).exists() for name in (STUDY_NAME, RECORD_NAME)):
            raise RunFolderError(f"{folder} already holds a run; give another folder with --out, or remove it.")
        return folder
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(data).name.split(".")[0]).strip("-") or "table"
    today = datetime.date.today().isoformat()
    number = 1
    while (folder := Path("runs") / f"{name}-{today}-{number}").exists():
        number += 1
    _check_place(folder)
    return folder


def _check_place(folder: Path) -> None:
    """Raise RunFolderError if files cannot be written into `folder`, or it cannot be made."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        raise RunFolderError(f"{folder} cannot be made: {place} is a file; give another folder with --out.")
    if not os.access(place, os.W_OK | os.X_OK):
        raise RunFolderError(f"{folder} cannot be written: no permission in {place}; give another folder with --out.")


def table_of(run: str) -> str | None:
    """The table that a run has learned from, if it is still where it was."""
    from leadline.search import Study

    if not (Path(run) / STUDY_NAME).is_file():
        return None
    study = Study.read(Path(run) / STUDY_NAME)
    try:
        options = (study.fact("run") or {}).get("options") or {}
    finally:
        study.close()
    data = options.get("data")
    return data if isinstance(data, str) and Path(data).is_file() else None

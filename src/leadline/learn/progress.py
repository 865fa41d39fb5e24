"""A folder of exercises: the files that a learner fills in, and what is done."""

import json
from pathlib import Path
from typing import Any

from leadline.errors import ParameterError
from leadline.learn.check_code import Checked, check_code
from leadline.learn.exercises import EXERCISES, Exercise
from leadline.learn.finding import Finding
from leadline.storage import write_whole

__all__ = ["Course"]

PROGRESS = "progress.json"
# Seconds for the check of an exercise.
TIME_LIMIT = 20.0


class Course:
    """The exercises in one folder.

    Parameters
    ----------
    folder : Path
        Made when something is first written into it.
    language : str, optional
        "en" or "zh"; by default that of the folder, or "en".

    Raises
    ------
    ParameterError
        What the folder says of its progress cannot be read, or the folder is a file.
    """

    def __init__(self, folder: Path, language: str | None = None) -> None:
        self.folder = folder
        record: dict[str, Any] = {}
        if folder.exists() and not folder.is_dir():
            raise ParameterError(f"--folder {folder} is a file; give a folder.")
        if (folder / PROGRESS).is_file():
            try:
                record = dict(json.loads((folder / PROGRESS).read_text("utf-8")))
            except (ValueError, TypeError, OSError) as error:
                raise ParameterError(
                    f"{folder / PROGRESS} cannot be read ({error}); remove it to begin anew."
                ) from None
        keys = {own.key for own in EXERCISES}
        self.done = {key for key in record.get("done", []) if key in keys}
        self.hints = {key: int(count) for key, count in record.get("hints", {}).items() if key in keys}
        known = record.get("language")
        self.language = language or (known if known in ("en", "zh") else "en")

    def write(self, exercise: Exercise) -> Path:
        """The file of an exercise; what is there already stays."""
        path = self.folder / exercise.file_name
        if not path.exists():
            place = ("en", "zh").index(self.language)
            self.folder.mkdir(parents=True, exist_ok=True)
            task = exercise.task[place]
            head = f'"""{exercise.number}. {exercise.title[place]}\n\n{task}\n"""\n\n'
            write_whole(path, head + exercise.skeleton)
        self._keep()
        return path

    def hint(self, exercise: Exercise) -> tuple[tuple[str, str], int]:
        """The next hint in both languages, and how many are left; the last one again and again."""
        shown = min(self.hints.get(exercise.key, 0), len(exercise.hints) - 1)
        self.hints[exercise.key] = shown + 1
        self.write(exercise)
        return exercise.hints[shown], len(exercise.hints) - 1 - shown

    def check(self, exercise: Exercise, time_limit: float = TIME_LIMIT) -> Checked:
        """Check the file of an exercise, and note it if it is right."""
        path = self.write(exercise)
        checked = check_code(path, functions=exercise.functions, time_limit=time_limit, exercise=exercise.key)
        checked.findings.extend(
            Finding(name, name, "empty", words=(f"there is no {name}", f"没有 {name}")) for name in checked.missing
        )
        if checked.right:
            self.done.add(exercise.key)
        else:
            self.done.discard(exercise.key)
        self._keep()
        return checked

    def _keep(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        order = [own.key for own in EXERCISES if own.key in self.done]
        record = {"language": self.language, "done": order, "hints": self.hints}
        write_whole(self.folder / PROGRESS, json.dumps(record, indent=2) + "\n")

"""`leadline space`: what is searched beside depth; and the files that say it otherwise."""

import json
import sys
from pathlib import Path

from leadline.cli.console import make_console
from leadline.errors import ParameterError
from leadline.search import SPACE, Dimension, space_from_records

__all__ = ["parse_repeats", "read_space", "run_space"]


def read_space(path: str | None) -> tuple[Dimension, ...] | None:
    """The space in a JSON file, as `leadline space --json` prints it; None for none.

    Raises
    ------
    ParameterError
        The file is missing, is no JSON, or describes no space.
    """
    if path is None:
        return None
    try:
        records = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"--space {path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise ParameterError(
            f"--space {path} is not JSON ({error}); leadline space --json prints what is expected."
        ) from error
    try:
        return space_from_records(records)
    except ParameterError as error:
        raise ParameterError(f"--space {path}: {error}") from error


def parse_repeats(text: str) -> int | str:
    """A number of repeats, or "auto".

    Raises
    ------
    ParameterError
        It is neither.
    """
    if text == "auto":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise ParameterError(f"--repeats must be a whole number of at least 1, or auto; got {text!r}.")
    return int(text)


def _values(dimension: Dimension) -> str:
    if dimension.levels:
        return ", ".join(map(str, dimension.levels))
    return f"{dimension.low:g} to {dimension.high:g}" + (" (log)" if dimension.log else "")


def run_space(as_json: bool) -> None:
    """Do what `leadline space` does."""
    if as_json:
        sys.stdout.write(json.dumps([dimension.to_record() for dimension in SPACE], indent=2) + "\n")
        return
    console = make_console(quiet=False, for_programs=False)
    rows = [("hyperparameter", "values", "what it is")]
    rows += [(dimension.name, _values(dimension), dimension.explanation) for dimension in SPACE]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for i, (name, values, explanation) in enumerate(rows):
        line = f"{name:<{widths[0]}}  {values:<{widths[1]}}  {explanation}"
        console.print(line, style="bold" if i == 0 else None, highlight=False)
    console.print(
        "\nThe networks that a depth averages take turns in the settings of the candidates, the same for every depth. "
        "Candidate 0 is the estimator as it is, and the next few are variants of it that make good averages; those "
        "after them, or with --space all but candidate 0, are drawn evenly from this space (scrambled Sobol points; "
        "evenly in the logarithm where it says log).\n"
        "leadline space --json > space.json writes it to a file for leadline fit --space space.json.",
        highlight=False,
    )

"""What a value must be, in words and as a test; and records from files, checked before anything uses them.

A model file may come from anywhere, and whoever changes one can also change its checksums. So nothing in it is
believed: types, ranges and lengths are checked here, and the sizes of arrays where they are read, before memory is
given out for them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from leadline.errors import ModelFileError

__all__ = [
    "ANYTHING",
    "FLAG",
    "NUMBER",
    "POSITIVE",
    "TEXT",
    "Field",
    "list_of",
    "one_of",
    "plain",
    "read_fields",
    "whole",
]

LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Field:
    """What a value must be, in words, and whether one is."""

    words: str
    allows: Callable[[Any], bool]

    def __str__(self) -> str:
        return self.words


ANYTHING = Field("anything", lambda value: True)
FLAG = Field("true or false", lambda value: isinstance(value, bool))
TEXT = Field("text", lambda value: isinstance(value, str))
NUMBER = Field("a finite number", lambda value: isinstance(value, float) and math.isfinite(value))
POSITIVE = Field("a positive number", lambda value: isinstance(value, float) and 0 < value < float("inf"))


def whole(low: int, high: int) -> Field:
    """A whole number in a range."""
    return Field(
        f"a whole number from {low:,} to {high:,}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
    )


def one_of(*options: Any) -> Field:
    """One of a few values."""
    return Field(
        "one of " + ", ".join(map(repr, options)),
        lambda value: any(type(value) is type(option) and value == option for option in options),
    )


def list_of(item: Field, length: int | None = None) -> Field:
    """A list of values that are alike."""
    many = "a list" if length is None else f"a list of {length:,} items,"
    return Field(
        f"{many} of {item.words}",
        lambda value: (
            isinstance(value, list) and (length is None or len(value) == length) and all(map(item.allows, value))
        ),
    )


def read_fields(record: Any, where: str, fields: Mapping[str, Field]) -> dict[str, Any]:
    """The fields of a record, in the order asked for.

    Parameters
    ----------
    record : object
        What JSON held.
    where : str
        What the record is, for messages.
    fields : mapping of str to Field
        All that it must have; it must have no others.

    Raises
    ------
    ModelFileError
        It is no record, a field is missing or unknown, or a value is not what it must be.
    """
    if not isinstance(record, dict):
        raise ModelFileError(f"{where} must be a record; got {_short(record)}.")
    for name in fields:
        if name not in record:
            raise ModelFileError(f"{where} lacks {name!r}.")
    for name in record:
        if name not in fields:
            raise ModelFileError(f"{where} has {_short(name)}, which is unknown.")
    for name, field in fields.items():
        if not field.allows(record[name]):
            raise ModelFileError(f"{where}: {name!r} must be {field.words}; got {_short(record[name])}.")
    return {name: record[name] for name in fields}


def _short(value: Any) -> str:
    """A value as messages show it, however large it is."""
    written = repr(value)
    return written if len(written) <= LONGEST_SHOWN else f"{written[:LONGEST_SHOWN]}…"


def plain(value: Any) -> Any:
    """A value as JSON can hold it: what is not finite becomes null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return plain(value.item()) if hasattr(value, "item") else value

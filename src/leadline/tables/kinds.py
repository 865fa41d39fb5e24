"""Kinds of number columns: numbers themselves and what becomes one, such as dates; one record each.

Everything that must know what a column of some kind holds (the layout, messages, ONNX, the server's pages, pictures)
reads it here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["NUMBER_KINDS", "NumberKind"]


@dataclass(frozen=True)
class NumberKind:
    """How the values of a column become numbers.

    Attributes
    ----------
    name, plural : str
        What one value is called, and several.
    example : str
        A value as people write it; "" for numbers.
    unit : str
        What the number of a value counts; "" for numbers.
    has_type : callable
        Whether a column is of this kind by its type.
    text : re.Pattern or None
        What text looks like that is such a value.
    numbers : callable
        The values of a column as numbers, (n,) in float64, NaN for what is missing or no such value.
    written : callable
        The value of a number as text that `numbers` reads.
    """

    name: str
    plural: str
    example: str
    unit: str
    has_type: Callable[[pd.Series], bool]
    text: re.Pattern[str] | None
    numbers: Callable[[pd.Series], NDArray[np.float64]]
    written: Callable[[float], str]


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    if not pd.api.types.is_numeric_dtype(column):
        column = pd.to_numeric(column.astype(object), errors="coerce")
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def _is_date(column: pd.Series) -> bool:
    return bool(pd.api.types.is_datetime64_any_dtype(column))


def _days(column: pd.Series) -> NDArray[np.float64]:
    if not _is_date(column):
        # only the order of ISO 8601 is read: 1/2/2026 is another day in another country
        text = column.astype(object).where(column.notna(), None).map(str, na_action="ignore")
        column = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    if column.dt.tz is None:
        column = column.dt.tz_localize("UTC")
    days = (column - pd.Timestamp("1970-01-01", tz="UTC")) / pd.Timedelta(days=1)
    return np.asarray(days.to_numpy(dtype=np.float64))


# Milliseconds of a day; days from 1970 to the first and the last that pandas knows.
_DAY = 86_400_000
_MOST_DAYS = 106_750


def _date(days: float) -> str:
    days = min(max(days, -_MOST_DAYS), _MOST_DAYS)
    return str(np.datetime64(round(days * _DAY), "ms")).removesuffix(".000")


NUMBER_KINDS: Mapping[str, NumberKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            NumberKind("number", "numbers", "", "", _is_number, None, _numbers, str),
            NumberKind(
                "date",
                "dates",
                "2026-01-31",
                "days since 1970-01-01",
                _is_date,
                # perhaps with a time of day, in the order that no country reads otherwise
                re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$"),
                _days,
                _date,
            ),
        )
    }
)

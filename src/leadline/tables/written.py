"""How the values of a text column are written, as a record, and the way from such text to numbers.

A record is found once, from all different values of a column in training, and is kept with the column, so that whatever
reads the column later reads it by the same one. Numbers with thousands marks, a decimal comma or a unit, dates, and
words that have an order have one; a column in which a single value does not fit has none, nor have whole numbers with
leading zeros, which are codes and no quantities. Finding and reading stand in one module because both go by the same
patterns, and must agree on every value.
"""

import datetime
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline.errors import DataError, ModelFileError
from leadline.records import TEXT, Field, list_of, one_of, read_fields
from leadline.tables.vocabulary import CURRENCY, MANY, MISSING, MONTHS, ORDERS, TRUTH

__all__ = [
    "OrderedWords",
    "Written",
    "WrittenDates",
    "WrittenNumbers",
    "dates_of",
    "find_numbers",
    "find_written",
    "is_missing",
    "known_order",
    "tidy",
    "truth_of",
    "written_from_record",
]

Array = NDArray[np.float64]

# Fewer different words than this have no order worth knowing.
FEWEST_ORDERED = 3

# Signs and codes of currencies may stand on either side of a number.
_MORE = "|".join(sorted(MANY, key=len, reverse=True))
_IS_CURRENCY = re.compile(CURRENCY, re.IGNORECASE)
# A unit behind a number: letters, perhaps with spaces, powers and a slash; or a percent or degree sign.
_UNIT = r"(?:[%‰°]|[^\W\d_°]|[′″'\"])(?:[^\W\d_]|[²³°/%. ·^-]|(?<=\^)-?\d)*"
_SPLIT = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+]?)\s*(?P<before>{CURRENCY})?\s*(?P<late>[-+]?)"
    rf"(?P<body>\d[\d.,' ]*|[.,]\d+)(?P<gap>\s*)"
    rf"(?P<after>{CURRENCY}|(?:{_MORE})\.?\s*{CURRENCY}|{_UNIT})?\s*(?P<close>\))?",
    re.IGNORECASE,
)
# What looks like a unit and is none: places in an order, halves of the day.
_NO_UNIT = re.compile(r"(?:st|nd|rd|th|am|pm|a\.m\.|p\.m\.)(?:\W.*)?", re.IGNORECASE)
_PLACE = re.compile(r"(\d+)(?:st|nd|rd|th)", re.IGNORECASE)
_LEADING_ZERO = re.compile(r"[^\d.,]*0\d")
_TIDY = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "−": "-", "’": "'", "，": ","})
# A column with more different words than this has others than those of an order, or of yes and no.
_MOST_KNOWN = 100
# Values from which the possible ways of writing are found, before all are read by them.
_TRIED = 200
# How numbers may be marked, the usual first: decimal mark, thousands mark.
_MARKS = ((".", ""), (".", ","), (".", " "), (".", "'"), (",", ""), (",", "."), (",", " "), (",", "'"))


def tidy(word: str) -> str:
    """A value without spaces around it, and with the signs that a keyboard has."""
    return (word if word.isascii() else word.translate(_TIDY)).strip()


def is_missing(word: str) -> bool:
    """Whether a word stands for a missing value among numbers and dates."""
    # no such word has a digit, as most others end with
    return not word[-1:].isdigit() and (not word.strip() or tidy(word).lower() in MISSING)


@dataclass(frozen=True)
class WrittenNumbers:
    """Numbers as text: 1.234,5 or $1,234.50 or 12 kg or 3rd.

    Attributes
    ----------
    decimal, thousands : str
        The decimal mark, and the mark between thousands; "" for none.
    unit : str
        What stands before or behind the numbers, as it was seen first; it may be lacking. "th" for 1st, 2nd, ….
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    kind: ClassVar[str] = "number"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        decimal, thousands = re.escape(self.decimal), re.escape(self.thousands)
        body = r"\d+"
        if self.thousands:
            # groups of two digits are India's
            body = rf"(?:[1-9]\d{{0,2}}(?:{thousands}\d{{2,3}})*{thousands}\d{{3}}|\d+)"
        body = rf"(?:{body}(?:{decimal}\d*)?|{decimal}\d+)"
        if not self.unit:
            body += r"(?:[eE][-+]?\d+)?"
            return re.compile(rf"(?P<open>\()?\s*(?P<sign>[-+]?)\s*(?P<body>{body})\s*\)?")
        unit = _unit_pattern(self.unit)
        many = ""
        if _IS_CURRENCY.fullmatch(self.unit):
            many = rf"(?:\s?(?P<many>(?i:{_MORE}))\b)?"
        return re.compile(
            rf"(?P<open>\()?\s*(?P<sign>[-+]?)\s*(?:{unit})?\s*(?P<late>[-+]?)(?P<body>{body}){many}\s*(?:{unit})?\s*\)?",
            0 if len(self.unit) == 1 else re.IGNORECASE,
        )

    @cached_property
    def _usual(self) -> re.Pattern[str]:
        """Lines that are all written in the usual way, which need not be looked at one by one."""
        decimal, thousands, unit = re.escape(self.decimal), re.escape(self.thousands), re.escape(self.unit)
        body = rf"[1-9]\d{{0,2}}(?:{thousands}\d{{3}})++(?!\d)|\d++" if thousands else r"\d++"
        number = rf"(?>{body})(?:{decimal}\d++)?"
        return re.compile(rf"(?>-?(?:{unit})? ?{number} ?(?:{unit})?\n)*+" if unit else rf"(?>-?{number}\n)*+")

    def _read_usual(self, words: Sequence[str]) -> Array | None:
        """The numbers of words that are all written in the usual way."""
        text = "\n".join([*words, ""])
        if not self._usual.fullmatch(text):
            return None
        for mark in (self.unit, " ", self.thousands):
            text = text.replace(mark, "") if mark else text
        return np.array([float(word) for word in text.replace(self.decimal, ".").split("\n")[:-1]])

    def read(self, words: Sequence[str]) -> Array:
        """The numbers, (n,), NaN for what is none."""
        found = np.full(len(words), np.nan)
        known = [i for i, word in enumerate(words) if word not in MISSING]
        usual = self._read_usual([words[i] for i in known])
        if usual is not None and len(usual) == len(known):
            found[known] = usual
            return found
        match, thousands, decimal = self._pattern.fullmatch, self.thousands, self.decimal
        for i, word in enumerate(words):
            read = match(tidy(word))
            if read is None:
                continue
            body = read["body"]
            if thousands:
                body = body.replace(thousands, "")
            value = float(body if decimal == "." else body.replace(decimal, "."))
            if self.unit:
                more = read.groupdict()
                value *= MANY.get((more.get("many") or "").lower(), 1.0)
                if more["late"] == "-":
                    value = -value
            found[i] = -value if read["sign"] == "-" or read["open"] else value
        return found

    def described(self) -> str:
        """An example of what is written so."""
        number = f"1{self.thousands}234{self.decimal}5"
        if self.unit == "th":
            return "1st, 2nd, 3rd"
        if not self.unit:
            return number
        if _IS_CURRENCY.fullmatch(self.unit) and not self.unit[-1].isalpha():
            return f"{self.unit}{number}"
        return f"{number}{'' if self.unit in '%‰°' else ' '}{self.unit}"

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        return {"kind": self.kind, "decimal": self.decimal, "thousands": self.thousands, "unit": self.unit}


def _unit_key(unit: str) -> str:
    """What is the same for a unit and its plural, in capitals or not."""
    if len(unit) == 1:
        return unit
    key = unit.lower().rstrip(".")
    return key[:-1] if len(key) > 2 and key.endswith("s") else key


def _unit_pattern(unit: str) -> str:
    if unit == "th":
        return "st|nd|rd|th"
    return re.escape(_unit_key(unit)) + (r"s?\.?" if len(unit) > 1 else "")


_TIME = (
    r"(?:[T ,]+\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d+)?))?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[-+]\d{2}:?\d{2})?)?"
)
_WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,?\s+)?"
_NAME = r"(?P<month>[^\W\d_]{3,10})\.?"
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})(?P<mark>[-./ ])(?P<month>\d{{1,2}})(?:(?P=mark)(?P<day>\d{{1,2}}){_TIME})?"
)
_YEAR_LAST = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[-./ ])\s?(?P<then>\d{{1,2}})(?P=mark)\s?(?P<year>\d{{4}}|\d{{2}})\.?{_TIME}"
)
_NAMED = (
    re.compile(
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[- ./]*(?:de |of )?{_NAME}[-, ./]*(?:de )?"
        rf"(?P<year>\d{{4}}|\d{{2}}){_TIME}"
    ),
    re.compile(rf"{_WEEKDAY}{_NAME}[- ]+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?[- ]+(?P<year>\d{{4}}){_TIME}"),
    re.compile(rf"(?P<year>\d{{4}})[- ./]{_NAME}[- ./](?P<day>\d{{1,2}}){_TIME}"),
)
_EASTERN = re.compile(
    rf"(?P<year>\d{{4}})\s?[年년]\s?(?P<month>\d{{1,2}})\s?[月월]\s?(?P<day>\d{{1,2}})\s?[日일号]?{_TIME}"
)
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_EPOCH = datetime.date(1970, 1, 1).toordinal()
MICROSECONDS, SECONDS = 10**6, 86400
# So many dates are read one by one.
_FEW = 1000
# Years of two digits below this belong to this century, as POSIX has it.
_CENTURY = 69
# Words that pandas takes for what the clock says, in any format.
_CLOCK = ("now", "today")
# Years that four digits with a month and no day are taken for.
_FIRST_YEAR, _LAST_YEAR = 1800, 2200


@dataclass(frozen=True)
class WrittenDates:
    """Dates as text, perhaps with a time of day.

    Attributes
    ----------
    first : str
        "day" or "month": what stands first where the year stands last; "" where none of the dates is written so.
    """

    first: str = ""

    kind: ClassVar[str] = "date"

    def read(self, words: Sequence[str]) -> Array:
        """Days since 1970 (UTC), (n,), NaN for what is no date."""
        if len(words) > _FEW:
            form = self._form(tidy(words[0]))
            if form is not None:
                usual = dates_of(pd.Series(words, dtype=object), form)
                found = usual.to_numpy("datetime64[us]").astype(np.int64) / MICROSECONDS / SECONDS
                for i in np.flatnonzero(usual.isna()).tolist():
                    found[i] = self._read(tidy(words[i]))
                return np.asarray(found)
        return np.array([self._read(tidy(word)) for word in words], dtype=np.float64)

    def _form(self, word: str) -> str | None:
        """How pandas calls the way in which a date of numbers alone is written; None for others."""
        found = _YEAR_LAST.fullmatch(word)
        if found is None or found["half"] or found["zone"] or len(found["year"]) == 2:
            return None
        mark, seconds = found["mark"], found["second"]
        day = ("%m{}%d{}%Y" if self.first == "month" else "%d{}%m{}%Y").format(mark, mark)
        if found["hour"] is None:
            return day
        return f"{day} %H:%M" + ("" if seconds is None else ":%S" if seconds.isdigit() else ":%S.%f")

    def _read(self, word: str) -> float:
        found: Any = _YEAR_FIRST.fullmatch(word)
        month: Any
        if found is not None:
            day, month = found["day"] or 1, found["month"]
            if found["day"] is None and not _FIRST_YEAR <= int(found["year"]) < _LAST_YEAR:
                return np.nan
        elif (found := _YEAR_LAST.fullmatch(word)) is not None:
            if found["mark"] == "." and len(found["year"]) == 2 and len(found["first"] + found["then"]) < 4:
                return np.nan  # the number of a version, perhaps
            day, month = found["first"], found["then"]
            if self.first == "month":
                day, month = month, day
        elif (found := _EASTERN.fullmatch(word) or _COMPACT.fullmatch(word)) is not None:
            day, month = found["day"], found["month"]
        else:
            found = next((own for pattern in _NAMED if (own := pattern.fullmatch(word)) is not None), None)
            if found is None:
                return np.nan
            day, month = found["day"], MONTHS.get(found["month"].lower(), 0)
        year = int(found["year"])
        if len(found["year"]) == 2:
            year += 2000 if year < _CENTURY else 1900
        try:
            date = datetime.date(year, int(month), int(day)).toordinal() - _EPOCH
            return (MICROSECONDS * SECONDS * date + _time_of_day(found)) / MICROSECONDS / SECONDS
        except ValueError:
            return np.nan

    def described(self) -> str:
        """What is first, and an example."""
        return {"day": "31/01/2026, the day first", "month": "01/31/2026, the month first"}.get(
            self.first, "31 Jan 2026"
        )

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        return {"kind": self.kind, "first": self.first}


def dates_of(text: pd.Series, form: str, utc: bool = False) -> pd.Series:
    """Text as points in time, written as pandas calls `form`; NaT for what is written otherwise."""
    return pd.to_datetime(text.mask(text.isin(_CLOCK)), format=form, errors="coerce", utc=utc)


def _time_of_day(found: re.Match[str]) -> int:
    """The time of day, in microseconds; ValueError if there is no such time."""
    if found.groupdict().get("hour") is None:
        return 0
    hour, minute, second = int(found["hour"]), int(found["minute"]), float((found["second"] or "0").replace(",", "."))
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if found["half"][0] in "Pp" else 0)
    if hour > 23 or minute > 59 or second >= 61:
        raise ValueError
    zone = found["zone"] or ""
    minutes = 60 * hour + minute
    if zone[:1] in ("+", "-") and zone:
        ahead = 60 * int(zone[1:3]) + int(zone[-2:])
        minutes -= ahead if zone[0] == "+" else -ahead
    return MICROSECONDS * 60 * minutes + round(MICROSECONDS * second)


@dataclass(frozen=True)
class OrderedWords:
    """Words that have an order: each is the number of its place, from 0.

    Attributes
    ----------
    words : tuple of tuple of str
        From low to high, and in one place those that mean the same.
    """

    words: tuple[tuple[str, ...], ...]

    kind: ClassVar[str] = "order"

    @cached_property
    def _places(self) -> dict[str, int]:
        lowered = {word.strip().lower(): place for place, words in enumerate(self.words) for word in words}
        return {**lowered, **{word: place for place, words in enumerate(self.words) for word in words}}

    def read(self, words: Sequence[str]) -> Array:
        """The places, (n,), NaN for a word that has none."""
        places = self._places
        found = [places.get(word, places.get(tidy(word).lower())) for word in words]
        return np.array([np.nan if place is None else place for place in found], dtype=np.float64)

    def described(self) -> str:
        """The order."""
        return " < ".join(words[0] for words in self.words)

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        return {"kind": self.kind, "words": [list(words) for words in self.words]}


Written = WrittenNumbers | WrittenDates | OrderedWords

_FIELDS: dict[str, dict[str, Field]] = {
    "number": {"decimal": one_of(".", ","), "thousands": one_of("", ",", ".", " ", "'"), "unit": TEXT},
    "date": {"first": one_of("", "day", "month")},
    "order": {"words": list_of(list_of(TEXT))},
}


def written_from_record(record: Any, where: str) -> Written:
    """What `to_record` wrote.

    Raises
    ------
    ModelFileError
        It is none; `where` says what the record is.
    """
    kind = record.get("kind") if isinstance(record, dict) else None
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise ModelFileError(f"{where} must be a record of {', '.join(_FIELDS)}.")
    read = read_fields(record, where, {"kind": TEXT, **_FIELDS[kind]})
    if kind == "date":
        return WrittenDates(read["first"])
    if kind == "order":
        words = [word for words in read["words"] for word in words]
        if len(set(words)) < len(words) or not all(read["words"]) or not words:
            raise ModelFileError(f"{where} must have words, each once.")
        return OrderedWords(tuple(map(tuple, read["words"])))
    if read["decimal"] == read["thousands"]:
        raise ModelFileError(f"{where} has one mark for two things.")
    return WrittenNumbers(read["decimal"], read["thousands"], read["unit"])


def find_written(name: str, words: Sequence[str], plain: bool = False) -> Written | None:
    """How all of some different values are written; None if they are words, or nothing but plain digits.

    Parameters
    ----------
    name : str
        The column, for messages.
    words : sequence of str
        All different values of the column that are not missing.
    plain : bool
        Numbers without any mark have one too.

    Raises
    ------
    DataError
        They are dates, and it is open whether the day or the month stands first.
    """
    known = [word for word in words if not is_missing(word)]
    if not known:
        return None
    return find_numbers(words, plain=plain) or _find_dates(name, known) or _order_of(known)


def known_order(words: Sequence[str]) -> OrderedWords | None:
    """The order of some words, if it is one of those that are known."""
    return _order_of(words)


def find_numbers(words: Sequence[str], decimal: str = ".", plain: bool = False) -> WrittenNumbers | None:
    """How all of some different values are written as numbers; None if one is none, or all are plain digits.

    Parameters
    ----------
    words : sequence of str
    decimal : str
        The decimal mark where the values leave it open: 1,234 is a thousand and more, or a little more than one.
    plain : bool
        Numbers without any mark have one too.
    """
    known = [word for word in words if not is_missing(word)]
    plain, words = plain or len(known) < len(words), known
    if not words:
        return None
    if all(map(_PLACE.fullmatch, words)):
        return WrittenNumbers(unit="th")
    if any(map(_LEADING_ZERO.match, words)):
        return None
    unit, bodies, bare = "", [], False
    for word in islice(words, _TRIED):
        split = _SPLIT.fullmatch(tidy(word))
        if split is None or bool(split["open"]) != bool(split["close"]):
            return None
        own = _unit_of(split)
        if own is None or (unit and own and _unit_key(own) != _unit_key(unit)):
            return None
        unit, bare = unit or own, bare or not own
        bodies.append(split["body"].strip())
    if unit in ("%", "‰") and bare:
        return None  # 12% and 0.12 in one column
    marks = sorted(_MARKS, key=lambda pair: pair[0] != decimal)
    for own_decimal, thousands in marks:
        found = WrittenNumbers(own_decimal, thousands, unit)
        bare_pattern = WrittenNumbers(own_decimal, thousands)._pattern
        if not all(map(bare_pattern.fullmatch, bodies)) or np.isnan(found.read(words)).any():
            continue
        if (own_decimal, thousands, unit) == (".", "", "") and not plain and all(word == tidy(word) for word in words):
            return None
        return found
    return None


def _unit_of(split: re.Match[str]) -> str | None:
    """The unit of a number, "" for none; None if what stands there is no unit."""
    before, after = split["before"] or "", (split["after"] or "").strip()
    if not after:
        return before
    if before:
        return before if after.lower() in MANY else None
    if _IS_CURRENCY.fullmatch(after):
        return after
    letters = re.fullmatch(rf"({_MORE})\.?\s*({CURRENCY})", after, re.IGNORECASE)
    if letters:
        return letters[2]
    if _NO_UNIT.fullmatch(after) or after.endswith(("-", "/")):
        return None
    # 1A and 2B are codes
    attached = not split["gap"] and len(after) == 1 and after.isalpha() and after.isupper()
    return None if attached else after


def _find_dates(name: str, words: Sequence[str]) -> WrittenDates | None:
    """See `find_written`."""
    day, month = WrittenDates("day"), WrittenDates("month")
    possible = {}
    for order in (day, month):
        if not np.isnan(order.read(words[:_TRIED])).any() and not np.isnan(found := order.read(words)).any():
            possible[order] = found
    if not possible:
        return None
    if len(possible) == 1:
        return next(iter(possible))
    if (possible[day] == possible[month]).all():
        last = any(_YEAR_LAST.fullmatch(tidy(word)) for word in words)
        return day if last else WrittenDates()
    open_word = next(word for word, a, b in zip(words, possible[day], possible[month], strict=True) if a != b)
    raise DataError(
        f"Column {name!r} holds dates such as {open_word!r}, and none of them tells whether the day or the month "
        f"stands first. Say so: --column '{name}=day first' or '{name}=month first' on the command line, "
        f"columns={{{name!r}: 'day first'}} in Python."
    )


def _order_of(words: Iterable[str]) -> OrderedWords | None:
    words = list(words)
    if len(words) > _MOST_KNOWN:
        return None
    lowered = {word: tidy(word).lower() for word in words}
    if len(set(lowered.values())) < FEWEST_ORDERED:
        return None
    for order in ORDERS:
        if set(lowered.values()) <= {word for place in order for word in place}:
            # as they are spelled in the table, and then as they might be
            spelled = ([word for word, low in sorted(lowered.items()) if low in place] for place in order)
            return OrderedWords(
                tuple(tuple(dict.fromkeys([*own, *place])) for own, place in zip(spelled, order, strict=True))
            )
    return None


def truth_of(counts: Mapping[str, int]) -> dict[str, str]:
    """The usual spelling, in these words, of all words for yes and no; empty unless all are such words.

    True and false alone are a category as any other, and so are 0 and 1.
    """
    if len(counts) > _MOST_KNOWN:
        return {}
    meant: dict[str, Counter[str]] = {}
    for word, count in counts.items():
        meant.setdefault(TRUTH.get(tidy(word).lower(), ""), Counter())[word] += count
    lowered = {tidy(word).lower() for word in counts}
    if set(meant) != {"yes", "no"} or lowered == {"true", "false"} or lowered == {"0", "1"}:
        return {}
    usual = {truth: min(own, key=lambda word: (-own[word], word)) for truth, own in meant.items()}
    return {word: usual[truth] for word, truth in TRUTH.items()}

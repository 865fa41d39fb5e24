"""What became of one function of a learner's file."""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Finding", "Named", "Words"]

# In English and in Chinese.
Words = tuple[str, str]


@dataclass(frozen=True)
class Named:
    """A slip with its name: its words, a pattern of the line where it stands, and what came out in place of what."""

    slip: str
    words: Words
    look: str
    got: Any = ""
    expected: Any = ""


@dataclass
class Finding:
    """What became of one function.

    Attributes
    ----------
    function, own_name : str
        The course's name, and the learner's.
    status : str
        "right", "slip" (wrong, and named), "wrong" (not like any slip that is known), "raises", "empty" (not written
        yet), "waits" (cannot be judged before another function is right) or "slow".
    slip : str
        The slip's short name.
    words : tuple of str
        What is wrong and what to do, in English and in Chinese.
    line : int or None
        In the learner's file, from 1; `source` is what stands there.
    quantity, equation, specification : str
        What fails first, its equation, and the line of the specification that computes it.
    remark : tuple of str
        What in that line has another name than in the equation.
    case, index : str
        The shapes of the call, and which entry is shown.
    got, expected : str
        The two numbers or shapes.
    """

    function: str
    own_name: str
    status: str
    slip: str = ""
    words: Words = ("", "")
    line: int | None = None
    source: str = ""
    quantity: str = ""
    equation: str = ""
    specification: str = ""
    case: str = ""
    index: str = ""
    got: str = ""
    expected: str = ""
    remark: Words = ("", "")

    def to_record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

"""Progress of a search, and how fast it goes."""

from dataclasses import dataclass, field

__all__ = ["Pace", "Progress"]


@dataclass(frozen=True)
class Progress:
    """Progress of the search at one depth.

    Attributes
    ----------
    L : int
    done, planned : int
        Networks of what is being judged now.
    share : float
        Of this work.
    best : float or None
        The best mean score so far, of any depth.
    seconds_left : float or None
        At this depth; None while there is nothing to say it from.
    whole : (float, float) or None
        What the whole search can still take: if the best depth stays what it is, and if every depth is tried.
    """

    L: int
    done: int
    planned: int
    share: float
    best: float | None
    seconds_left: float | None
    whole: tuple[float, float] | None


@dataclass
class Pace:
    """Seconds per cost, as the networks so far have shown it, for those that are solved and those that are stopped."""

    _spent: dict[bool, tuple[float, float, float]] = field(default_factory=dict)

    def note(self, solved: bool, cost: float, seconds: float, gone: float) -> None:
        """Networks of a planned cost took so long; that of the epochs that they went through before they stopped."""
        known = self._spent.get(solved, (0.0, 0.0, 0.0))
        self._spent[solved] = (known[0] + cost, known[1] + gone, known[2] + seconds)

    def seconds(self, solved: bool, cost: float, to_the_end: bool = False) -> float | None:
        """What a planned cost will take, or None where nothing of the kind has been trained.

        Networks stop as early as those before, or go through all epochs.
        """
        planned, gone, took = self._spent.get(solved, (0.0, 0.0, 0.0))
        costs = gone if to_the_end else planned
        return cost * took / costs if costs else None

"""How far a climb has come, and how long the rest will take."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadline.search.units import Unit, cost

if TYPE_CHECKING:
    from leadline.search.ladder import Ladder

__all__ = ["Pace", "Progress", "Work"]


@dataclass(frozen=True)
class Progress:
    """How far the work at one depth has come.

    Attributes
    ----------
    L : int
    rung, rungs : int
        The round of halving, from 1, and how many there are.
    done, planned : int
        Networks of this depth.
    share : float
        Of this depth's work.
    best : float or None
        The best mean score so far, of any depth, on all its folds.
    seconds_left : float or None
        At this depth; None while there is nothing to say it from.
    whole : (float, float) or None
        What the whole climb can still take: if the answer stays as it is, and if every depth is climbed.
    """

    L: int
    rung: int
    rungs: int
    done: int
    planned: int
    share: float
    best: float | None
    seconds_left: float | None
    whole: tuple[float, float] | None


class Pace:
    """Seconds per cost, rung by rung, as the last depth that went through the rung showed it."""

    def __init__(self, ladder: "Ladder") -> None:
        self.ladder = ladder
        self.of_rung: dict[tuple[bool, int], float] = {}

    def set(self, L: int, rung: int, pace: float) -> None:
        """Note the pace of a rung."""
        self.of_rung[L == 1, rung] = pace

    def get(self, L: int, rung: int) -> float | None:
        """The pace of a rung, or that of another rung of the same kind of depth, or None."""
        kind = {r: pace for (linear, r), pace in self.of_rung.items() if linear == (L == 1)}
        return kind.get(rung, next(iter(kind.values()), None))

    def seconds(self, L: int, networks_and_costs: list[tuple[int, float]], first: int = 0) -> float | None:
        """Expected seconds of some rungs of a depth."""
        total = 0.0
        for rung, (_, of_rung) in enumerate(networks_and_costs, start=first):
            pace = self.get(L, rung)
            if pace is None:
                return None
            total += of_rung * pace
        return total


# A rung's own pace counts once so much of its work is done; before that the last depth's does.
SHARE_TO_JUDGE_PACE = 0.1


class Work:
    """How far the work at one depth has come, and how long the rest will take."""

    def __init__(self, ladder: "Ladder", L: int) -> None:
        self.ladder, self.L = ladder, L
        self.planned = ladder.planned(L)
        self.networks = self.rung = 0
        self.costs_before = self.spent = self.cost = 0.0
        self.started = time.perf_counter()

    def enters(self, rung: int, units: dict[int, list[Unit]]) -> "Work":
        """A rung begins, and what it costs is known now."""
        self.costs_before += self.cost
        missing = self.ladder.missing([unit for group in units.values() for unit in group])
        self.cost = sum(cost(self.ladder.problem, unit.settings) for unit in missing)
        self.planned[rung] = (len(missing), self.cost)
        self.rung, self.spent, self.started = rung, 0.0, time.perf_counter()
        return self

    def done(self, batch: list[Unit]) -> None:
        """Networks are finished."""
        ladder, pace = self.ladder, self.ladder.pace
        self.networks += len(batch)
        self.spent += sum(cost(ladder.problem, unit.settings) for unit in batch)
        if self.spent >= SHARE_TO_JUDGE_PACE * self.cost:
            pace.set(self.L, self.rung, (time.perf_counter() - self.started) / self.spent)
        later = self.planned[self.rung + 1 :]
        rest = [(0, self.cost - self.spent), *later]
        left = pace.seconds(self.L, rest, self.rung)
        total = self.costs_before + self.cost + sum(cost for _, cost in later)
        means = [float(result.scores.mean()) for result in ladder.results.values() if not result.failed]
        ladder.listener.advanced(
            Progress(
                self.L,
                self.rung + 1,
                len(ladder.rungs),
                self.networks,
                sum(networks for networks, _ in self.planned),
                (self.costs_before + self.spent) / total,
                max(means, default=None),
                left,
                self._whole(left),
            )
        )

    def _whole(self, left: float | None) -> tuple[float, float] | None:
        """Seconds left if the answer stays as it is, and if every depth is climbed."""
        ladder, pace = self.ladder, self.ladder.pace
        if left is None:
            return None
        answer = ladder.verdict.depth if ladder.verdict else 0
        deeper = [pace.seconds(L, ladder.planned(L)) for L in range(self.L + 1, ladder.max_depth + 1)]
        known = [seconds for seconds in deeper if seconds is not None]
        if len(known) < len(deeper):
            return None
        fewest = max(min(max(answer, 1) + ladder.patience, ladder.max_depth) - self.L, 0)
        low, high = left + sum(known[:fewest]), left + sum(known)
        limit = ladder.stop.seconds_left
        return (low, high) if limit is None else (min(low, limit), min(high, limit))

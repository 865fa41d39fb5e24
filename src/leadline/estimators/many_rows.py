"""On how many rows depth is searched: which these are, how many a time limit allows, and what more would change."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray

from leadline.estimators.given import Given
from leadline.search import Ladder, Metric, Problem, View, cost, plan_of
from leadline.search.design import COLOURS
from leadline.search.ladder import FIRST_DEPTHS, RESERVE
from leadline.training import Hyperparameters, Stop, Task, train

__all__ = ["FEWEST_ROWS", "MAX_ROWS", "RowsPoint", "affordable_rows", "curve_in_words", "curve_sizes", "draw_rows"]

Array = NDArray[Any]

# Rows on which depth is searched where the caller leaves it open, and rows of each class among them, if there are so
# many.
MAX_ROWS, FEWEST_OF_A_CLASS = 30_000, 50
# Names the random stream that draws them.
_SEARCHED = 4
# A time limit does not make them fewer than this.
FEWEST_ROWS = 10_000
# The share of the time for the search that the first depths may take, as planned; the rest is for deeper ones.
FIRST_SHARE = 0.5
# Rows that tell how fast this machine is.
ROWS_TIMED = 2_000
# The learning curve: shares of the rows that are searched, and rows below which depths are not told apart any more.
SHARES, FEWEST_ON_THE_CURVE = (0.1, 0.3), 500


@dataclass(frozen=True)
class RowsPoint:
    """What the ladder says on a number of rows.

    Attributes
    ----------
    rows : int
    depth : int
        The answer.
    decided : bool
        Whether that can be told.
    supported : tuple of int
    scores : dict of int to (float, float)
        For each depth its mean score, greater is better, and the standard error.
    """

    rows: int
    depth: int
    decided: bool
    supported: tuple[int, ...]
    scores: Mapping[int, tuple[float, float]]

    @classmethod
    def of(cls, ladder: Ladder, depth: int) -> "RowsPoint":
        """That of a ladder which has been climbed, with its answer."""
        verdict = ladder.verdict
        assert verdict is not None
        scores = {
            L: (float(result.scores.mean()), float(verdict.standard_error[L]))
            for L, result in ladder.results.items()
            if L > 0 and not result.failed
        }
        return cls(len(ladder.problem.y), depth, verdict.decided, verdict.supported, scores)

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        scores = [[L, *own] for L, own in self.scores.items()]
        return {**asdict(self), "supported": list(self.supported), "scores": scores}


def draw_rows(given: Given, groups: Array | None, seed: int, most: int | None) -> Array | None:
    """Some of the rows, in their order; None for all of them. Fewer are among more.

    Parameters
    ----------
    given : Given
        n rows.
    groups : (n,) array, optional
        Rows of one group come together.
    seed : int
    most : int or None
        About how many; of rare classes there may be some more.
    """
    n = len(given.y)
    if most is None or n <= most:
        return None
    generator = np.random.default_rng([seed, _SEARCHED])
    if groups is not None:
        kinds, of_row, counts = np.unique(groups, return_inverse=True, return_counts=True)
        order = generator.permutation(len(kinds))
        chosen = order[: max(int(np.searchsorted(np.cumsum(counts[order]), most)), 2)]
        return np.flatnonzero(np.isin(of_row, chosen))
    order = generator.permutation(n)
    taken = np.zeros(n, bool)
    taken[order[:most]] = True
    if given.target.stratified:
        # of rare classes enough to be judged
        truth = given.target.truth(given.y)
        for place in np.unique(truth[~taken]):
            taken[order[truth[order] == place][:FEWEST_OF_A_CLASS]] = True
    return np.flatnonzero(taken)


def affordable_rows(
    given: Given,
    base: Hyperparameters,
    seed: int,
    n_all: int,
    n_networks: int,
    folds: int | None,
    jobs: int,
    stop: Stop,
) -> int:
    """On how many rows the first depths can be judged in the time that is left, at the speed of this machine.

    Parameters
    ----------
    given : Given
        The rows that may be searched.
    base : Hyperparameters
        The estimator's settings, with what is left to the number of rows.
    seed : int
    n_all : int
        Rows that the answer will be trained on.
    n_networks : int
        Networks of the answer.
    folds : int or None
        None for as many as networks.
    jobs : int
        As joblib counts.
    stop : Stop
        Has a deadline.

    Returns
    -------
    int
        Between `FEWEST_ROWS` and those that there are, with two digits.
    """
    n, k, side_by_side = len(given.y), folds or max(n_networks, COLOURS + 1), effective_n_jobs(jobs)
    if n <= FEWEST_ROWS:
        return n
    known = base.for_table(n_all, len(given.layout.number_columns), given.target.task != "regression")
    width = known.hidden_layer_sizes[:1] or (128,)
    known = replace(known, hidden_layer_sizes=width * (FIRST_DEPTHS - 1))
    problem, speed = _timed(given, known, seed)

    def seconds(rows: int, networks: int) -> float:
        each = replace(known, max_iter=base.epochs(rows))
        return float(networks * cost(problem, each, rows) * speed / side_by_side)

    assert stop.seconds_left is not None
    left = FIRST_SHARE * (stop.seconds_left - RESERVE * seconds(n_all, n_networks))
    # of each depth beyond the first, and of the additive model, as many networks as each fold's model has
    networks = FIRST_DEPTHS * min(COLOURS, n_networks) * k
    most = FEWEST_ROWS
    for rows in np.geomspace(FEWEST_ROWS, n, 1 + int(np.ceil(4 * np.log10(n / FEWEST_ROWS)))):
        if seconds(round(rows * (k - 2) / k), networks) <= left:
            most = max(most, int(float(f"{rows:.2g}")))
    return min(most, n)


def _timed(given: Given, settings: Hyperparameters, seed: int) -> tuple[Problem, float]:
    """A problem of some rows, and the seconds that a unit of cost takes there, once everything is compiled."""
    rows = np.arange(min(len(given.y), ROWS_TIMED))
    some, metric, settings = given.some(rows), Metric(None, given.target), replace(settings, max_iter=1)
    problem = Problem.build(some.encoded, some.y, some.w, some.target, metric, [rows], settings)
    task, took = Task(settings, (seed, _SEARCHED), View.of(0, settings), rows), 0.0
    for _ in range(2):
        started = time.perf_counter()
        train(plan_of(problem, settings), [task], problem, problem.score, Stop())
        took = time.perf_counter() - started
    return problem, took / cost(problem, settings, len(rows))


def curve_sizes(n: int) -> list[int]:
    """The rows of the smaller ladders of a learning curve, where n are searched; from most to fewest."""
    sizes = {int(float(f"{share * n:.2g}")) for share in SHARES}
    return sorted((size for size in sizes if size >= FEWEST_ON_THE_CURVE), reverse=True)


def curve_in_words(points: Sequence[RowsPoint], n_all: int) -> str:
    """What a learning curve, from few rows to many, says about more rows; nothing of a single point."""
    if len(points) < 2:
        return ""
    *_, before, last = points
    said = ", ".join(
        f"L = {point.depth} on {point.rows:,}{'' if point.decided else ' (undecided)'}" for point in points
    )
    if last.depth > before.depth:
        more = "The answer still deepens with rows: more of them may support a deeper network"
        more += f" (there are {n_all:,})." if n_all > last.rows else "."
    elif last.depth == before.depth:
        more = "The answer is the same on the last two: nothing says that more rows would support a deeper network."
    else:
        more = "The answer does not deepen with rows."
    return f"By rows searched: {said}. {more}"

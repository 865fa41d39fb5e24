"""The ladder: depth after depth, every depth with the same candidates on the same folds, until deeper no longer pays.

At each depth the candidates pass through rungs (successive halving over folds and epochs, never over rows). A rung's
budget is a complete training with a schedule of its own; a longer one starts anew. The units that a rung
needs and the study lacks are trained in batches; batching and the number of jobs change no bit of any result.
"""

import time
import warnings
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning

from leadline.search.metrics import Metric
from leadline.search.problem import Problem
from leadline.search.space import Candidate
from leadline.search.study import Study, UnitKey, UnitResult
from leadline.search.verdict import Verdict, fold_scores, give_verdict
from leadline.training import (
    Hyperparameters,
    Stop,
    Stopped,
    Task,
    Trained,
    networks_at_once,
    one_blas_thread,
    plan_for,
    train,
)

__all__ = ["RUNGS", "DepthResult", "Ladder", "Listener", "Rung", "Unit"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Rung:
    """One round of halving at a depth.

    Attributes
    ----------
    epochs_share : float
        Share of the full number of epochs that a training gets here.
    folds : int or None
        How many of the folds are used; None for all.
    keep_share : float
        Share of the candidates that enters, of those that the depth began with; at least two.
    """

    epochs_share: float
    folds: int | None
    keep_share: float


RUNGS: tuple[Rung, ...] = (Rung(0.25, 2, 1.0), Rung(1.0, None, 0.25))
LEAST_KEPT = 2
# What a step costs beside its products, in multiply-adds, for the estimate of the time left.
STEP_COST = 1e6


@dataclass(frozen=True)
class Unit:
    """A network to be trained: its name and its settings."""

    key: UnitKey
    settings: Hyperparameters


@dataclass
class DepthResult:
    """What was found at one depth.

    Attributes
    ----------
    L : int
    candidate : int
        Index of the candidate with the best mean score.
    settings : Hyperparameters
        Its settings.
    scores : (J,) array
        Its score on each fold; greater is better.
    networks : int
        Networks trained at this depth.
    seconds : float
        Wall time.
    mean_scores : dict of int to float
        Mean score of every candidate in the last rung that it reached.
    failed : str
        Why no candidate could be judged; empty if one could.
    """

    L: int
    candidate: int
    settings: Hyperparameters
    scores: Array
    networks: int
    seconds: float
    mean_scores: dict[int, float]
    failed: str = ""


class Listener(Protocol):
    """Who wants to know how the climb goes."""

    def climb_started(self, metric: Metric) -> None:
        """The data are read and checked, and the climb begins; depths will be judged by `metric`."""

    def depth_started(self, L: int) -> None:
        """A depth begins."""

    def advanced(self, L: int, done: int, planned: int, share: float, seconds_left: float) -> None:
        """`done` of `planned` networks of this depth, which are `share` of its work."""

    def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
        """A depth is judged; `verdict` is that over all depths so far."""


class Ladder:
    """One climb.

    Parameters
    ----------
    problem : Problem
    base : Hyperparameters
        The estimator's settings; its number of epochs is the full budget.
    candidates : sequence of Candidate
    study : Study
        Receives every unit; what it holds already is not trained again.
    seed : int
    n_jobs : int
        As joblib counts; −1 for all cores.
    stop : Stop
    listener : Listener
    """

    def __init__(
        self,
        problem: Problem,
        base: Hyperparameters,
        candidates: Sequence[Candidate],
        study: Study,
        seed: int,
        n_jobs: int,
        stop: Stop,
        listener: Listener,
    ) -> None:
        self.problem, self.base, self.candidates, self.study = problem, base, candidates, study
        self.seed, self.stop, self.listener = seed, stop, listener
        self.n_jobs = n_jobs
        folds = problem.judge.folds
        self.n_folds = len(folds)
        self.test_share = float(np.mean([len(fold.validation_rows) / len(fold.train_rows) for fold in folds]))
        self.results: dict[int, DepthResult] = {}
        self.verdict: Verdict | None = None
        self.left_out: str = ""

    def climb(self, max_depth: int, patience: int) -> None:
        """Judge L = 1, 2, …; stop when the answer has been `patience` layers back, at `max_depth`, or when asked.

        The results so far stand in `results` and `verdict`, and `left_out` says what a deadline prevented.
        """
        self.listener.climb_started(self.problem.judge.metric)
        try:
            with one_blas_thread(), warnings.catch_warnings():
                # some scores warn of every fold that lacks a class; what is undefined was refused before the climb
                warnings.simplefilter("ignore", UndefinedMetricWarning)
                warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true", category=UserWarning)
                self._climb(max_depth, patience)
        except BaseException:
            self.stop.set()  # whatever ends the climb ends the trainings that are still under way
            raise

    def _climb(self, max_depth: int, patience: int) -> None:
        for L in range(1, max_depth + 1):
            self.listener.depth_started(L)
            try:
                self.results[L] = self._judge_depth(L)
            except Stopped:
                if not self.stop.timed_out:
                    raise
                self.left_out = f"the time limit came during L = {L}; depths from {L} on are not judged"
                return
            judged = {depth: result.scores for depth, result in self.results.items() if not result.failed}
            if judged:
                self.verdict = give_verdict(judged, self.test_share)
                self.listener.depth_finished(self.results[L], self.verdict)
            # an answer that deeper networks have not moved, or depths that all fail, end the climb
            if L - (self.verdict.depth if self.verdict else 0) >= patience:
                return

    def _judge_depth(self, L: int) -> DepthResult:
        start = time.perf_counter()
        settings = {candidate.index: candidate.settings(self.base, L) for candidate in self.candidates}
        entering = list(settings)
        ranked: dict[int, float] = {}
        scores: dict[int, Array] = {}
        work = _Work(self, L, self._planned(L))
        for rung in RUNGS:
            entering = sorted(entering, key=lambda index: (-ranked.get(index, 0.0), index))[: self._entering(rung)]
            units = {index: self._units(L, index, settings[index], rung) for index in entering}
            self._train([unit for group in units.values() for unit in group], rung, work)
            scores = {}
            for index, group in units.items():
                results = [self.study.result(unit.key) for unit in group]
                curves = [r.curve for r in results if r is not None and r.state != "diverged"]
                if len(curves) == len(group):
                    scores[index] = fold_scores(curves)
                ranked[index] = float(scores[index].mean()) if index in scores else -np.inf
        best = max(scores, key=lambda index: (scores[index].mean(), -index), default=None)
        keys = self.study.unit_keys(L)
        took = time.perf_counter() - start
        if best is None:
            result = self.study.result(keys[-1])
            reason = result.reason if result is not None else ""
            return DepthResult(
                L, 0, settings[0], np.array([]), len(keys), took, ranked, f"every network failed: {reason}"
            )
        return DepthResult(L, best, settings[best], scores[best], len(keys), took, ranked)

    def _entering(self, rung: Rung) -> int:
        """How many candidates enter a rung."""
        return min(len(self.candidates), max(LEAST_KEPT, round(rung.keep_share * len(self.candidates))))

    def _units(self, L: int, index: int, settings: Hyperparameters, rung: Rung) -> list[Unit]:
        # what L-BFGS solves has no epochs to save
        share = 1.0 if settings.solved else rung.epochs_share
        budget = replace(settings, max_iter=max(1, round(share * settings.max_iter)))
        folds = self.n_folds if rung.folds is None else min(rung.folds, self.n_folds)
        return [Unit(UnitKey(L, index, fold, 0, budget.max_iter), budget) for fold in range(folds)]

    def _planned(self, L: int) -> list[float]:
        """Expected cost of all units of a depth, as if every candidate had the mean cost."""
        costs, solved = [], 0
        mean = np.mean([_cost(self.problem, candidate.settings(self.base, L)) for candidate in self.candidates])
        for rung in RUNGS:
            folds = self.n_folds if rung.folds is None else min(rung.folds, self.n_folds)
            # what L-BFGS has solved in an earlier rung is not solved again
            units = self._entering(rung) * (folds - solved)
            costs += [float(mean) * (rung.epochs_share if L > 1 else 1.0)] * units
            solved = folds if L == 1 else 0
        return costs

    def _train(self, units: list[Unit], rung: Rung, work: "_Work") -> None:
        """Train what the study lacks, and record it as it comes."""
        missing = [unit for unit in units if self.study.result(unit.key) is None]
        keep_theta = rung.folds is None or any(unit.settings.solved for unit in units)
        with closing(self._run(self._batches(missing))) as finished:
            for batch, results in finished:
                self.study.record(
                    (unit.key, UnitResult(**{**vars(result), "theta": result.theta if keep_theta else None}))
                    for unit, result in zip(batch, results, strict=True)
                )
                work.done(batch)

    def _batches(self, units: list[Unit]) -> list[list[Unit]]:
        """Units that can train together, as many as a core's cache holds and as leaves work for every job."""
        alike: dict[Any, list[Unit]] = {}
        for unit in units:
            s = unit.settings
            alike.setdefault((s.hidden_layer_sizes, s.activation, s.batch_size, s.max_iter, s.solver), []).append(unit)
        jobs = effective_n_jobs(self.n_jobs)
        batches = []
        for group in alike.values():
            most = networks_at_once(_plan(self.problem, group[0].settings), group[0].settings)
            size = min(most, -(-len(group) // jobs))
            batches += [group[start : start + size] for start in range(0, len(group), size)]
        # the longest first, so that no job is left alone with them at the end
        return sorted(batches, key=lambda batch: -len(batch) * _cost(self.problem, batch[0].settings))

    def _run(self, batches: list[list[Unit]]) -> Generator[tuple[list[Unit], list[Trained]]]:
        jobs = Parallel(n_jobs=self.n_jobs, prefer="threads", return_as="generator_unordered", batch_size=1)
        finished = jobs(delayed(_train_batch)(self.problem, batch, self.seed, self.stop) for batch in batches)
        try:
            # not `yield from`, which would close it before anyone is told to stop
            for result in finished:  # noqa: UP028
                yield result
        except GeneratorExit:
            self.stop.set()
            with warnings.catch_warnings():
                # joblib reminds its user of results that nobody took; here nobody wants them any more
                warnings.simplefilter("ignore", UserWarning)
                finished.close()
            raise


def _plan(problem: Problem, settings: Hyperparameters) -> Any:
    target = problem.judge.target
    return plan_for(settings, problem.n_inputs, target.n_scores, target.loss)


def _cost(problem: Problem, settings: Hyperparameters) -> float:
    """Relative cost of a unit: rows × epochs × parameters, and a constant for each step."""
    rows = len(problem.judge.folds[0].train_rows)
    if settings.solved:
        return float(rows)
    steps = rows / int(settings.batch_size)
    per_step = int(settings.batch_size) * _plan(problem, settings).n_parameters + STEP_COST
    return float(settings.max_iter * steps * per_step)


def _train_batch(problem: Problem, batch: list[Unit], seed: int, stop: Stop) -> tuple[list[Unit], list[Trained]]:
    """Train the units of a batch: the one piece of work that may leave the process."""
    tasks = []
    for unit in batch:
        fold = problem.judge.folds[unit.key.fold]
        tasks.append(Task(unit.settings, (seed, *unit.key), unit.key.fold, fold.train_rows, fold.validation_rows))
    return batch, train(_plan(problem, batch[0].settings), tasks, problem.data, problem.judge, stop)


class _Work:
    """How far the work at one depth has come, and how long the rest will take."""

    def __init__(self, ladder: Ladder, L: int, planned: list[float]) -> None:
        self.ladder, self.L = ladder, L
        self.planned, self.cost = len(planned), sum(planned)
        self.networks, self.spent = 0, 0.0
        self.started = time.perf_counter()

    def done(self, batch: list[Unit]) -> None:
        self.networks += len(batch)
        self.spent += sum(_cost(self.ladder.problem, unit.settings) for unit in batch)
        # units cost more or less than the mean: never claim to be done before the last one is
        share = min(self.spent / self.cost, 0.99) if self.networks < self.planned else 1.0
        left = (time.perf_counter() - self.started) * (1.0 - share) / share
        self.ladder.listener.advanced(self.L, self.networks, self.planned, share, left)


def result_record(result: DepthResult) -> dict[str, Any]:
    """A plain record of a depth's result for JSON."""
    record = {**asdict(result), "settings": result.settings.to_record(), "scores": result.scores.tolist()}
    record["mean_scores"] = [
        [index, score if np.isfinite(score) else None] for index, score in result.mean_scores.items()
    ]
    return record

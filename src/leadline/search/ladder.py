"""The ladder: depth after depth, every depth with the same candidates on the same folds, until deeper no longer pays.

At each depth the candidates pass through rungs (successive halving over folds, never over rows). A rung may also have
fewer epochs: each budget is a complete training with a schedule of its own; a longer one starts anew. The units that a
rung needs and the study lacks are trained in batches; batching and the number of jobs change no bit of any result. What
is in the study is never trained again, so a climb that was killed goes on where it was.
"""

import time
import warnings
from collections.abc import Collection, Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from itertools import pairwise, product
from typing import Any, Protocol

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning

from leadline.errors import LeadlineError
from leadline.search.ensemble import Chosen, greedy_weights
from leadline.search.evidence import Evidence, gather_evidence
from leadline.search.folds import repeats_needed
from leadline.search.metrics import Metric
from leadline.search.problem import Problem
from leadline.search.progress import Pace, Progress, Work
from leadline.search.space import Candidate
from leadline.search.study import PRUNED, USABLE, Study, UnitKey, UnitResult
from leadline.search.units import Unit, cost, plan_of, train_batch
from leadline.search.verdict import Verdict, epochs_read, give_verdict
from leadline.training import (
    Hyperparameters,
    Stop,
    Stopped,
    networks_at_once,
    one_blas_thread,
)

__all__ = ["RUNGS", "DepthResult", "Ladder", "Listener", "Rung"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Rung:
    """One round of halving at a depth.

    Attributes
    ----------
    epochs_share : float
        Share of the full number of epochs that a training gets here.
    folds : int or None
        How many folds of the first repeat are used; None for all folds of all repeats.
    keep_share : float
        Share of the candidates that enters, of those that the depth began with; at least one. Where one fails in the
        last rung, the next takes its place.
    """

    epochs_share: float
    folds: int | None
    keep_share: float


# At the same cost few folds choose at least as well as few epochs (benchmarks/README.md): a short schedule is another
# one, which other learning rates and widths suit. So every training is complete, and ends early by its own patience.
RUNGS: tuple[Rung, ...] = (Rung(1.0, 1, 1.0), Rung(1.0, 2, 0.375), Rung(1.0, None, 0.25))
# How often work is given out anew after a worker was lost, without a single network finished in between.
ROUNDS = 3
# Batches that each job gets in one call, of a backend that gives results only when all are there.
BATCHES_EACH = 2


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
    rivals : tuple of int
        The candidates among which the last comparison chose this one.
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
    rivals: tuple[int, ...] = ()
    failed: str = ""


class Listener(Protocol):
    """Who wants to know how the climb goes."""

    def climb_started(self, metric: Metric) -> None:
        """The data are read and checked, and the climb begins; depths will be judged by `metric`."""

    def depth_started(self, L: int) -> None:
        """A depth begins."""

    def advanced(self, progress: Progress) -> None:
        """Networks are finished."""

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
    repeats : int or "auto"
        How many of the problem's divisions of the rows are used; by default as many as the scatter of L = 1 asks for.
    select : str
        Which depth of a verdict is the answer; see `SELECTIONS`.
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
        repeats: int | str = 1,
        select: str = "supported",
    ) -> None:
        self.problem, self.base, self.candidates, self.study = problem, base, candidates, study
        self.seed, self.stop, self.listener, self.select = seed, stop, listener, select
        self.n_jobs = n_jobs
        folds = problem.judge.folds
        self.k = problem.n_folds
        self.repeats = 1 if isinstance(repeats, str) else repeats
        self._choose_repeats = repeats == "auto"
        self.test_share = float(np.mean([len(fold.validation_rows) / len(fold.train_rows) for fold in folds]))
        self.constant = problem.judge.constant_scores()
        self.results: dict[int, DepthResult] = {}
        self.verdict: Verdict | None = None
        self.evidence: Evidence | None = None
        self.left_out: str = ""
        self.pace = Pace(self)
        # workers that are kept for the whole climb, by backends that would start them anew for every call
        self._pool: Parallel | None = None
        self._open = ExitStack()

    def climb(self, max_depth: int, patience: int) -> None:
        """Judge L = 1, 2, …; stop when the answer has been `patience` layers back, at `max_depth`, or when asked.

        The results so far stand in `results` and `verdict`, and `left_out` says what a deadline prevented.
        """
        self.max_depth, self.patience = max_depth, patience
        self.listener.climb_started(self.problem.judge.metric)
        try:
            with self._open, one_blas_thread(), warnings.catch_warnings():
                # some scores warn of every fold that lacks a class; what is undefined was refused before the climb
                warnings.simplefilter("ignore", UndefinedMetricWarning)
                warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true", category=UserWarning)
                self._climb()
                if self.verdict is not None:
                    self._gather_evidence()
        except BaseException:
            self.stop.set()  # whatever ends the climb ends the trainings that are still under way
            raise
        finally:
            self.stop.wait()

    @property
    def n_scores(self) -> int:
        """J: scores of each depth, folds × repeats."""
        return self.k * self.repeats

    def ends_after(self, L: int) -> bool:
        """Whether nothing deeper than L is to be judged, as the verdict stands."""
        answer = self.verdict.depth if self.verdict else 0
        return self.max_depth <= L or L - answer >= self.patience

    def _climb(self) -> None:
        L = 0
        while not self.ends_after(L):
            L += 1
            self.listener.depth_started(L)
            try:
                self.results[L] = self._judge_depth(L)
            except Stopped:
                if not self.stop.timed_out:
                    raise
                self.left_out = f"the time limit came during L = {L}; depths from {L} on are not judged"
                return
            if L == 1 and self._choose_repeats and not self.results[L].failed:
                self._repeat()
            judged = {depth: result.scores for depth, result in self.results.items() if not result.failed}
            if judged:
                self.verdict = give_verdict(judged, self.test_share, self.constant[: self.n_scores])
                self.listener.depth_finished(self.results[L], self.verdict)

    def _repeat(self) -> None:
        """Decide on the number of repeats, and judge L = 1 on all of them."""
        most = len(self.problem.judge.folds) // self.k
        self.repeats = repeats_needed(self.results[1].scores, self.constant[: self.k], most)
        if self.repeats == 1:
            return
        try:
            self.results[1] = self._judge_depth(1)
        except Stopped:
            if not self.stop.timed_out:
                raise
            # what the first division says stands; the next depth will find that there is no time
            self.repeats = 1

    def _judge_depth(self, L: int) -> DepthResult:
        start = time.perf_counter()
        settings = {candidate.index: candidate.settings(self.base, L) for candidate in self.candidates}
        order, ranked = list(settings), dict.fromkeys(settings, 0.0)
        chosen_among: dict[int, dict[UnitKey, int]] = {}
        work = Work(self, L)
        for number, rung in enumerate(self.rungs[:-1]):
            entering, fallen = order[: self._entering(rung)], order[self._entering(rung) :]
            self._record_pruned(L, fallen, settings, number)
            chosen_among = self._judge(L, entering, settings, number, work)
            means = {index: float(self._scores(read).mean()) for index, read in chosen_among.items()}
            ranked.update({index: means.get(index, -np.inf) for index in entering})
            order = sorted(entering, key=lambda index: (-ranked[index], index))
        finalists = self._judge_finalists(L, order, settings, work)
        keys, took = self.study.unit_keys(L, trained=True), time.perf_counter() - start
        if not finalists:
            reasons = [result.reason for result in map(self.study.result, keys) if result and result.reason]
            why = f"every network failed: {reasons[-1] if reasons else 'no reason given'}"
            return DepthResult(L, 0, settings[0], np.array([]), len(keys), took, ranked, failed=why)
        ranked.update({index: float(self._scores(read).mean()) for index, read in finalists.items()})
        best = min(finalists, key=lambda index: (-ranked[index], index))
        if self._entering(self.rungs[-1]) > 1:
            rivals = finalists
        elif chosen_among and _keeps(self.rungs[-2], settings[best]):
            rivals = chosen_among
        else:
            rivals = {}
        self._settle(L, [*finalists.values(), *(chosen_among.values() if rivals is chosen_among else ())])
        scores = self._scores(finalists[best])
        return DepthResult(L, best, settings[best], scores, len(keys), took, ranked, tuple(sorted(rivals)))

    def _judge(
        self, L: int, entering: list[int], settings: dict[int, Hyperparameters], number: int, work: Work
    ) -> dict[int, dict[UnitKey, int]]:
        """Train some candidates for a rung; for those that can be judged the epoch at which each unit is."""
        rung = self.rungs[number]
        units = {index: self._units(L, index, settings[index], rung) for index in entering}
        self._train([unit for group in units.values() for unit in group], rung, work.enters(number, units))
        return {index: read for index, group in units.items() if (read := self._read(group))}

    def _judge_finalists(
        self, L: int, order: list[int], settings: dict[int, Hyperparameters], work: Work
    ) -> dict[int, dict[UnitKey, int]]:
        """The first of the ranking that can be judged on every fold, and the epochs at which they are."""
        found: dict[int, dict[UnitKey, int]] = {}
        last, tried = len(self.rungs) - 1, 0
        while tried < len(order) and len(found) < self._entering(self.rungs[last]):
            entering = order[tried : tried + self._entering(self.rungs[last]) - len(found)]
            found.update(self._judge(L, entering, settings, last, work))
            tried += len(entering)
        self._record_pruned(L, order[tried:], settings, last)
        return found

    def _entering(self, rung: Rung) -> int:
        """How many candidates enter a rung."""
        return max(1, round(rung.keep_share * len(self.candidates)))

    @property
    def rungs(self) -> list[Rung]:
        """The rungs that drop candidates, and the last one."""
        return [one for one, after in pairwise(RUNGS) if self._entering(one) > self._entering(after)] + [RUNGS[-1]]

    def _units(self, L: int, index: int, settings: Hyperparameters, rung: Rung) -> list[Unit]:
        # what L-BFGS solves has no epochs to save
        share = 1.0 if settings.solved else rung.epochs_share
        budget = replace(settings, max_iter=max(1, round(share * settings.max_iter)))
        return [Unit(UnitKey(L, index, fold, repeat, budget.max_iter), budget) for repeat, fold in self._folds(rung)]

    def _folds(self, rung: Rung) -> list[tuple[int, int]]:
        """(repeat, fold) of each score that a candidate gets in a rung."""
        if rung.folds is None:
            return list(product(range(self.repeats), range(self.k)))
        return [(0, fold) for fold in range(min(rung.folds, self.k))]

    def _read(self, units: list[Unit]) -> dict[UnitKey, int]:
        """For each unit of a candidate the epoch at which it is judged; nothing if one of them has no scores."""
        results = [self.study.result(unit.key) for unit in units]
        curves = [result.curve for result in results if result is not None and result.state in USABLE]
        if len(curves) < len(units):
            return {}
        per_repeat = min(len(units), self.k)
        epochs = [epoch for r in range(0, len(units), per_repeat) for epoch in epochs_read(curves[r : r + per_repeat])]
        return {unit.key: epoch for unit, epoch in zip(units, epochs, strict=True)}

    def _scores(self, read: dict[UnitKey, int]) -> Array:
        results = {key: self.study.result(key) for key in read}
        return np.array([result.curve[read[key]] for key, result in results.items() if result is not None])

    def _record_pruned(self, L: int, fallen: list[int], settings: dict[int, Hyperparameters], number: int) -> None:
        """Say in the study which units will not be trained from this rung on."""
        rungs = self.rungs
        units = {
            unit.key: unit
            for index in fallen
            for rung in rungs[number:]
            for unit in self._units(L, index, settings[index], rung)
        }
        reason = f"fell behind in round {number} of {len(rungs)}"
        missing = self.missing(list(units.values()))
        self.study.record((unit.key, UnitResult(PRUNED, reason)) for unit in missing)

    def _settle(self, L: int, readings: list[dict[UnitKey, int]]) -> None:
        """Of the outputs of each unit keep those at the epochs that it was judged at, in this order, and the best."""
        if L in self.study.settled:  # by an earlier climb, or before the division into folds was repeated
            return
        epochs: dict[UnitKey, list[int]] = {}
        for reading in readings:
            for key, epoch in reading.items():
                epochs.setdefault(key, []).append(epoch)
        for key in self.study.unit_keys(L, trained=True):
            result = self.study.result(key)
            if result is not None and result.state in USABLE:
                epochs.setdefault(key, []).append(result.best_epoch - 1)
        found = {key: self.study.outputs(key) for key in epochs}
        self.study.settle(L, {key: own[epochs[key]] for key, own in found.items() if own is not None})

    def _gather_evidence(self) -> None:
        finalists, rivals = {}, {}
        for L, result in self.results.items():
            if result.failed:
                continue
            finalists[L] = [own[0] for own in self._outputs(L, result.candidate, self.rungs[-1])]
            others = [index for index in result.rivals if index != result.candidate]
            if others:
                # the finalists were compared by the first reading, others by the last before that of the best epoch
                rung, reading = (self.rungs[-1], 0) if self._entering(self.rungs[-1]) > 1 else (self.rungs[-2], -2)
                compared = [self._outputs(L, index, rung) for index in (result.candidate, *others)]
                rivals[L] = [[own[reading] for own in outputs] for outputs in compared]
        self.evidence = gather_evidence(
            self.problem.judge, finalists, rivals, self.test_share, self.select, self.seed, self._check_asked
        )

    def _outputs(self, L: int, index: int, rung: Rung) -> list[Array]:
        """What `settle` left of the outputs of a candidate's units."""
        keys = [unit.key for unit in self._units(L, index, self.settings(L, index), rung)]
        return [own for own in map(self.study.outputs, keys) if own is not None]

    def _check_asked(self) -> None:
        """Stop if someone asked; a deadline does not take the last seconds' work away."""
        if not self.stop.timed_out:
            self.stop.check()

    def settings(self, L: int, index: int) -> Hyperparameters:
        """The full settings of a candidate at a depth."""
        return next(one for one in self.candidates if one.index == index).settings(self.base, L)

    def curves(self, result: DepthResult) -> list[Array]:
        """Score by epoch of a depth's best candidate on each fold of each repeat."""
        units = self._units(result.L, result.candidate, result.settings, RUNGS[-1])
        found = [self.study.result(unit.key) for unit in units]
        return [own.curve for own in found if own is not None]

    def choose(self, depths: Collection[int]) -> list[Chosen]:
        """Of all networks of these depths those that make a model, fold by fold; see `ensemble`."""
        by_place: dict[int, list[UnitKey]] = {place: [] for place in range(self.n_scores)}
        for L in sorted(depths):
            for key in self.study.unit_keys(L, trained=True):
                place = key.repeat * self.k + key.fold
                if place in by_place and self.study.outputs(key) is not None:
                    by_place[place].append(key)
        return [chosen for place, keys in by_place.items() for chosen in self._choose_of(place, keys)]

    def _choose_of(self, place: int, keys: list[UnitKey]) -> list[Chosen]:
        """The networks of a fold that count, the one that counts most first."""
        judge, fold = self.problem.judge, self.problem.judge.folds[place]
        rows, predictions = fold.validation_rows[fold.kept], []
        for key in keys:
            outputs = self.study.outputs(key)
            assert outputs is not None
            predictions.append(judge.predictions(place, outputs[-1]))

        def score(average: Array) -> float:
            return judge.metric.score(judge.y[rows], average, judge.w[rows])

        weights = greedy_weights(score, predictions)
        return [
            Chosen(keys[i], self.settings(keys[i].depth, keys[i].candidate), place, float(weights[i]))
            for i in np.argsort(-weights, kind="stable")
            if weights[i] > 0
        ]

    def _train(self, units: list[Unit], rung: Rung, work: Work) -> None:
        """Train what the study lacks, and record it as it comes; give it out anew when a worker was lost."""
        in_vain = 0
        while missing := self.missing(units):
            try:
                self._train_round(missing, rung, work)
            except (LeadlineError, Stopped):
                raise
            except Exception:
                # what a training raises comes back as a result; this is the backend, which lost its workers
                in_vain = in_vain + 1 if self.missing(missing) == missing else 0
                self._pool = None
                if in_vain == ROUNDS:
                    raise

    def missing(self, units: list[Unit]) -> list[Unit]:
        """Those that the study lacks."""
        known = {key for L in {unit.key.depth for unit in units} for key in self.study.unit_keys(L)}
        return [unit for unit in units if unit.key not in known]

    def _train_round(self, missing: list[Unit], rung: Rung, work: Work) -> None:
        keep = _keeps(rung, missing[0].settings)
        with closing(self._run(self._batches(missing), keep)) as finished:
            for batch, results in finished:
                self.study.record(zip([unit.key for unit in batch], results, strict=True))
                work.done(batch)

    def _batches(self, units: list[Unit]) -> list[list[Unit]]:
        """Units that can train together, as many as a core's cache holds and as leaves work for every job."""
        alike: dict[Any, list[Unit]] = {}
        for unit in units:
            alike.setdefault(unit.settings.shared(), []).append(unit)
        jobs = effective_n_jobs(self.n_jobs)
        batches = []
        for group in alike.values():
            most = networks_at_once(plan_of(self.problem, group[0].settings), group[0].settings)
            size = min(most, -(-len(group) // jobs))
            batches += [group[start : start + size] for start in range(0, len(group), size)]
        # the longest first, so that no job is left alone with them at the end
        return sorted(batches, key=lambda batch: -len(batch) * cost(self.problem, batch[0].settings))

    def _run(self, batches: list[list[Unit]], keep: bool) -> Generator[tuple[list[Unit], list[UnitResult]]]:
        """Results as they come; where the backend cannot say what has come, a few batches at a time."""
        training = delayed(train_batch)
        # the problem is an argument of its own, so that backends which send large arguments once send it once
        calls = [training(self.problem, batch, self.seed, keep, self.stop) for batch in batches]
        settings: dict[str, Any] = {"n_jobs": self.n_jobs, "prefer": "threads", "batch_size": 1}
        try:
            jobs = Parallel(return_as="generator_unordered", **settings)
        except ValueError:
            if self._pool is None:
                self._pool = self._open.enter_context(Parallel(**settings))
            at_once = BATCHES_EACH * effective_n_jobs(self.n_jobs)
            for start in range(0, len(calls), at_once):
                yield from self._pool(calls[start : start + at_once])
            return
        finished = jobs(calls)
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

    def planned(self, L: int) -> list[tuple[int, float]]:
        """(networks, cost) of each rung of a depth, as if every candidate had the mean cost."""
        full = float(np.mean([cost(self.problem, candidate.settings(self.base, L)) for candidate in self.candidates]))
        plan = []
        trained: dict[float, int] = {}
        for rung in self.rungs:
            folds, share = len(self._folds(rung)), rung.epochs_share if L > 1 else 1.0
            # what an earlier rung has trained on some of the folds is not trained again
            networks = self._entering(rung) * (folds - trained.get(share, 0))
            plan.append((networks, full * share * networks))
            trained[share] = folds
        return plan


def _keeps(rung: Rung, settings: Hyperparameters) -> bool:
    """Whether parameters and outputs of a rung's units are kept: those of complete trainings are."""
    return rung.epochs_share == 1.0 or settings.solved


def result_record(result: DepthResult) -> dict[str, Any]:
    """A plain record of a depth's result for JSON."""
    record = {**asdict(result), "settings": result.settings.to_record(), "scores": result.scores.tolist()}
    record["mean_scores"] = [
        [index, score if np.isfinite(score) else None] for index, score in result.mean_scores.items()
    ]
    return record

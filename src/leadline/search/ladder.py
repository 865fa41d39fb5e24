"""The ladder: depth after depth, every depth with the same networks on the same folds, until deeper no longer pays.

A depth is judged, fold by fold, as the average of networks that would be delivered from the rows of the other folds
(see `design`). These networks take turns in the settings of the candidates, which are the same for every depth: they
are averaged, not chosen, but for one whose absence makes the average better beyond chance. L = 1 is solved, and its
penalty and scaling are chosen on the folds.

The networks that are wanted and that the study lacks are trained in batches; batching and the number of jobs change no
bit of any result. What is in the study is never trained again, so a climb that was killed goes on where it was.

It is one class because one state decides it all: which networks are there says which depths can be compared, how these
compare says what is trained next, and both how much time is kept.
"""

import time
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning

from leadline.errors import LeadlineError
from leadline.search.averages import Sums, average, kept_of, mean_score, sums
from leadline.search.comparison import Comparison, compare
from leadline.search.conformal import LeftOut
from leadline.search.design import COLOURS, Design
from leadline.search.evidence import Evidence, gather_evidence
from leadline.search.problem import Problem
from leadline.search.progress import Pace, Progress
from leadline.search.results import DepthResult, Listener
from leadline.search.space import Candidate
from leadline.search.study import USABLE, Study, UnitKey, UnitResult
from leadline.search.units import Elsewhere, Unit, cost, plan_of, train_batch
from leadline.search.verdict import ADDITIVE, CONSTANT, MARGIN, Verdict, give_verdict, name_of
from leadline.training import Holdout, Hyperparameters, Stop, Stopped, networks_at_once, one_blas_thread, stacks

__all__ = ["Ladder"]

Array = NDArray[Any]

# How often work is given out anew after a worker was lost, without a single network finished in between.
ROUNDS = 3
# Batches that each job gets in one call, of a backend that gives results only when all are there.
BATCHES_EACH = 2
# L = 1 has all its candidates judged on so many folds, and so many of them, the best there, on all.
FIRST_FOLDS, FINALISTS = 2, 2
# Where time is limited the first depths are compared after so many folds, then after as many more.
FOLDS_AT_ONCE = 2
FIRST_DEPTHS = 3
# The time that is kept for the delivered networks, as a multiple of what they are expected to take.
RESERVE = 1.2


class Ladder:
    """One search: trains the networks that the study lacks, depth after depth, and compares the depths.

    Parameters
    ----------
    problem : Problem
    design : Design
    base : Hyperparameters
        The estimator's settings.
    candidates : sequence of Candidate
    linear : sequence of Hyperparameters
        The candidates of L = 1.
    study : Study
        Receives every unit; what it holds already is not trained again.
    seed : int
    n_jobs : int
        As joblib counts; −1 for all cores.
    stop : Stop
    listener : Listener
    margin : float
        See `give_verdict`.
    additive : Hyperparameters, optional
        Of the additive model; None if there is to be none.
    n_networks : int
        Networks that will be delivered for each repeat, for which time is kept.
    deliver_all : bool
        Whether those of all depths will be.
    delivered_rows : int, optional
        On how many rows; by default those of the problem.
    delivered : Hyperparameters, optional
        The estimator's settings for so many; by default those of the search.
    device : str
        Where networks train, as `leadline.training.device_for` names it.
    elsewhere : Elsewhere, optional
        Trains the units; by default joblib does.
    """

    def __init__(
        self,
        problem: Problem,
        design: Design,
        base: Hyperparameters,
        candidates: Sequence[Candidate],
        linear: Sequence[Hyperparameters],
        study: Study,
        seed: int,
        n_jobs: int,
        stop: Stop,
        listener: Listener,
        margin: float = MARGIN,
        additive: Hyperparameters | None = None,
        n_networks: int = 1,
        deliver_all: bool = False,
        delivered_rows: int | None = None,
        delivered: Hyperparameters | None = None,
        device: str = "cpu",
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self.problem, self.design, self.base, self.candidates = problem, design, base, candidates
        self.study, self.seed, self.n_jobs, self.stop, self.listener = study, seed, n_jobs, stop, listener
        self.margin, self.additive, self.linear = margin, additive, linear
        self.n_networks, self.deliver_all = n_networks, deliver_all
        self.delivered_rows = len(problem.y) if delivered_rows is None else delivered_rows
        self.delivered = base if delivered is None else delivered
        self.device = device
        self.elsewhere = elsewhere
        self.usual = len(base.hidden_layer_sizes) + 1
        self.results: dict[int, DepthResult] = {}
        self.verdict: Verdict | None = None
        self.comparison: Comparison | None = None
        self.evidence: Evidence | None = None
        self.left_out: str = ""
        self.pace = Pace()
        self.judged: dict[int, set[tuple[int, int]]] = {}
        self._predictions: dict[int, Array] = {}
        # what the decision is between, once that is known and there is time left
        self._refined: list[int] = []
        self._announced: set[int] = set()
        # the candidates of L = 1 that are judged on all folds
        self._finalists: list[int] = []
        self._seconds: dict[int, float] = {}
        # workers that are kept for the whole climb, by backends that would start them anew for every call
        self._pool: Parallel | None = None
        self._open = ExitStack()

    def climb(self, max_depth: int, patience: int) -> None:
        """Judge L = 1, 2, …; stop `patience` layers after the smallest supported depth, at `max_depth`, or when asked.

        The results so far stand in `results` and `verdict`, and `left_out` says what a deadline prevented.
        """
        self.max_depth, self.patience = max_depth, patience
        self.listener.search_started(self.problem.metric)
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

    def ends_after(self, L: int) -> bool:
        """Whether nothing deeper than L is to be judged, as the verdict stands."""
        smallest = self.verdict.smallest if self.verdict else 0
        return self.max_depth <= L or L - smallest >= self.patience

    def _climb(self) -> None:
        limited = self.stop.seconds_left is not None
        doing = name_of(1)
        try:
            for L, repeats, folds in self._steps(limited):
                doing = "the additive model" if L == ADDITIVE else name_of(L)
                self._judge(L, repeats, folds)
        except Stopped:
            if not self.stop.timed_out:
                raise
            self.left_out = self._what_was_left_out(doing)

    def _steps(self, limited: bool) -> Iterator[tuple[int, Sequence[int], Sequence[int]]]:
        """What is judged one after the other: a depth, on these folds of these repeats.

        With time enough a depth is judged whole before the next one begins. Where time is limited the first depths come
        to a comparison side by side, then deeper ones, then other divisions of the rows.
        """
        every, folds = range(self.design.repeats), range(self.design.k)
        at_once = every[:1] if limited else every
        yield 1, every[:1], folds
        first = range(2, min(FIRST_DEPTHS, self.max_depth) + 1)
        if limited:
            for start in range(0, len(folds), FOLDS_AT_ONCE):
                # the estimator's own depth first: if nothing else can be judged it is the answer
                for L in sorted(first, key=lambda L: self.usual != L):
                    yield L, at_once, folds[start : start + FOLDS_AT_ONCE]
        if self.additive is not None and self.max_depth > 1:
            yield ADDITIVE, at_once, folds
        L = first[-1] if limited and first else 1
        while not self.ends_after(L):
            L += 1
            yield L, at_once, folds
        if limited and self.verdict is not None:
            # more networks for what the decision is between, and for what is said about curves
            self._refined = [L for L in self.judged if L == ADDITIVE or (L > 1 and L in self.verdict.supported)]
            for repeat in every[1:]:
                for L in self._refined:
                    yield L, (repeat,), folds

    def _what_was_left_out(self, doing: str) -> str:
        """What a deadline prevented."""
        if self.verdict is None or len(self.results) < 2:
            return f"the time limit came during {doing}"
        if self._refined:
            return "the time limit came while more networks were trained of what the decision is between"
        judged = max(self.results)
        between = [name_of(L) for L in range(1, judged) if L not in self.results]
        missing = [*between, *([] if self.ends_after(judged) else [f"depths from {judged + 1} on"])]
        deeper = f"; {' and '.join(missing)} {'is' if missing == between[:1] else 'are'} not judged" if missing else ""
        if len(self.folds) < self.design.k:
            some = f"{len(self.folds)} of {self.design.k} folds"
            return f"the time limit came when depths had been compared on {some}{deeper}"
        return f"the time limit came during {doing}{deeper}"

    def _judge(self, L: int, repeats: Sequence[int], folds: Sequence[int]) -> None:
        """Train what is missing of a depth, and compare what there is."""
        started = time.perf_counter()
        self.listener.depth_started(L)
        if L == 1:
            few = folds[:FIRST_FOLDS]
            indices = list(range(len(self.linear)))
            work = _Work(self, 1)
            if len(indices) > FINALISTS and len(few) < len(folds):
                first, final = self.units(1, repeats, few, indices), self.units(1, repeats, folds, indices[:FINALISTS])
                # whoever the best will be, they are as many
                work.plan(self.missing(list({unit.key: unit for unit in (*first, *final)}.values())))
                self._train(first, 1, work)
                scores = self._linear_scores(few, indices)
                indices = sorted(sorted(indices, key=lambda index: (-scores[index], index))[:FINALISTS])
            self._finalists = indices
            final = self.units(1, repeats, folds, indices)
            work.plan(self.missing(final))
            self._train(final, 1, work)
        else:
            self._train(self.units(L, repeats, folds), L)
        self._seconds[L] = self._seconds.get(L, 0.0) + time.perf_counter() - started
        self.judged.setdefault(L, set()).update(product(repeats, folds))
        self._update()
        self._announce(L)

    def _announce(self, judged: int) -> None:
        """Tell the listener of a depth; where the first ones are judged side by side, of all when all are done."""
        if self.verdict is None:
            return
        whole = [L for L in self.results if len(self._complete(L)) == self.design.k]
        if len(whole) < len(self.results):
            return
        self._announced.discard(judged)
        for L in sorted(whole):
            if L not in self._announced:
                self._announced.add(L)
                self.listener.depth_finished(self.results[L], self.verdict)

    def _linear_scores(self, folds: Sequence[int], indices: Sequence[int]) -> dict[int, float]:
        """The mean score of each candidate of L = 1 on some folds."""
        scores: dict[int, list[float]] = {index: [] for index in indices}
        for unit in self.units(1, range(1), folds, indices):
            result = self.study.result(unit.key)
            usable = result is not None and result.state in USABLE
            rows, own, reason = unit.holdouts[0].wanted, -np.inf, ""
            if result is not None and usable:
                predictions = self.problem.predictions(unit.view, result.outputs[0])
                own, reason = self.problem.metric.attempt(self.problem.y[rows], predictions, self.problem.w[rows])
            scores[unit.key.candidate].append(-np.inf if reason else own)
        return {index: float(np.mean(own)) for index, own in scores.items()}

    def settings(self, L: int, index: int, base: Hyperparameters | None = None) -> Hyperparameters:
        """The settings of a candidate at a depth, or those of the additive model; made of `base` where it is given."""
        if L == ADDITIVE:
            assert self.additive is not None
            return self.additive if base is None else base.as_additive()
        return self.linear[index] if L == 1 else self.candidates[index].settings(base or self.base, L)

    def turns(self, L: int, repeat: int) -> list[int]:
        """The candidate of each colour in a repeat."""
        return [0 if L == ADDITIVE else (repeat * COLOURS + i) % len(self.candidates) for i in range(COLOURS)]

    def units(
        self, L: int, repeats: Sequence[int], folds: Sequence[int], indices: Sequence[int] | None = None
    ) -> list[Unit]:
        """The networks of the models of some folds; of a network that is solved one for each candidate in `indices`."""
        solved = self.settings(L, 0).solved
        own = self.design.solved if solved else self.design.stopped
        found = []
        for i in self.design.networks(solved, repeats, folds):
            network = own[i]
            holdouts = tuple(Holdout(role.stop_rows, self.design.folds[role.place]) for role in network.roles)
            turns = [self.turns(L, network.repeat)[network.colour]] if not solved or indices is None else indices
            for index in turns:
                key = UnitKey(L, index, network.repeat, network.fold, network.other)
                found.append(Unit(key, self.settings(L, index), network, holdouts))
        return found

    @property
    def folds(self) -> list[int]:
        """The folds on which depths are compared: those that all of them have been judged on."""
        return sorted(set.intersection(*(self._complete(L) for L in self._compared())))

    def repeats(self, L: int) -> int:
        """The divisions of the rows over which a depth averages: as many as all that the decision is between have."""
        if self.settings(L, 0).solved or (self._refined and L not in self._refined):
            return 1
        return min(map(self._whole_repeats, self._refined or [L]))

    def _whole_repeats(self, L: int) -> int:
        """The divisions of the rows on all of whose folds a depth is judged; at least one is counted."""
        counts = np.bincount([repeat for repeat, _ in self.judged[L]], minlength=self.design.repeats)
        return max(int((counts == self.design.k).sum()), 1)

    def _complete(self, L: int) -> set[int]:
        """The folds of the first division that a depth is judged on."""
        return {fold for repeat, fold in self.judged[L] if repeat == 0}

    def _compared(self) -> list[int]:
        """The depths that are compared: those judged on all folds, once the first ones are; all before that."""
        whole = {L for L in self.judged if len(self._complete(L)) == self.design.k}
        first = range(1, min(FIRST_DEPTHS, self.max_depth) + 1)
        return sorted(whole if whole >= set(first) & set(self.judged) else self.judged)

    def _update(self) -> None:
        """Say what is known of the depths that are compared, and give the verdict."""
        predictions = {}
        self.results = {}
        for L in self._compared():
            result, averaged = self._result(L)
            self.results[L] = result
            if not result.failed:
                predictions[L] = averaged
        if not any(L != ADDITIVE for L in predictions):
            self.verdict = None
            return
        rows = [self.design.folds[fold] for fold in self.folds]
        constant = np.zeros_like(next(iter(predictions.values())))
        for fold, own in zip(self.folds, rows, strict=True):
            constant[own] = self.problem.constant(self.problem.training_rows[fold], len(own))
        self.comparison = compare(self.problem, rows, {**predictions, CONSTANT: constant}, self.seed, self._check_asked)
        for L, reason in self.comparison.failed.items():
            if L != CONSTANT:
                # a scorer that does not judge this depth says nothing against the others
                self.results[L] = replace(self.results[L], candidates=(), repeats=0, failed=reason)
                del predictions[L]
        self._predictions = predictions
        if not any(L != ADDITIVE for L in predictions):
            self.verdict = None
            return
        for L in predictions:
            self.results[L].scores = self.comparison.scores[self.comparison.models.index(L)]
        little = len(rows) < self.design.k
        self.verdict = give_verdict(self.comparison, self.margin, self.seed, self.usual if little else None)

    def _result(self, L: int) -> tuple[DepthResult, Array]:
        """What is known of a depth, and its predictions for all rows of the folds that are compared."""
        networks = len(self.study.unit_keys(L))
        by_candidate, reasons = self._by_candidate(L)
        rows = [self.design.folds[fold] for fold in self.folds]
        means = {index: mean_score(self.problem, rows, average(by_candidate, [index])) for index in by_candidate}
        took = self._seconds.get(L, 0.0)
        if not by_candidate or not np.isfinite(average(by_candidate, list(by_candidate))[np.concatenate(rows)]).all():
            # candidates take turns: where one failed a fold may have no other
            what = "of a fold " if by_candidate else ""
            failed = f"every network {what}failed: {next(iter(reasons.values()), 'no reason given')}"
            return DepthResult(L, self.settings(L, 0), (), np.array([]), networks, took, 0, means, failed), np.array([])
        if self.settings(L, 0).solved:
            kept = [max(means, key=lambda index: (means[index], -index))]
        else:
            kept = kept_of(self.problem, rows, by_candidate, self.seed, self._check_asked)
        result = DepthResult(
            L, self.settings(L, kept[0]), tuple(kept), np.array([]), networks, took, self.repeats(L), means
        )
        return result, average(by_candidate, kept)

    def _by_candidate(self, L: int) -> tuple[Sums, dict[int, str]]:
        """What each candidate's networks of a depth predict, on the folds that are compared; see `sums`."""
        units = self.units(L, range(self.repeats(L)), self.folds, self._finalists if L == 1 else None)
        return sums(self.problem, self.study, units)

    def _gather_evidence(self) -> None:
        """What the choice among all depths, with and without the candidates left out, and those of L = 1, is worth."""
        options: dict[Any, Array] = {L: own for L, own in self._predictions.items() if L not in (ADDITIVE, 1)}
        for L in list(options):
            by_candidate, _ = self._by_candidate(L)
            if len(by_candidate) > len(self.results[L].candidates):
                options[L, "all"] = average(by_candidate, list(by_candidate))
        if 1 in self._predictions:
            by_candidate, _ = self._by_candidate(1)
            for index, (total, count) in by_candidate.items():
                options[1, index] = total / np.maximum(count, 1)[:, None]
        rows = [self.design.folds[fold] for fold in self.folds]
        self.evidence = gather_evidence(self.problem, rows, options, self.seed, self._check_asked)

    def _check_asked(self) -> None:
        """Stop if someone asked; a deadline does not take the last seconds' work away."""
        if not self.stop.timed_out:
            self.stop.check()

    def candidates_predictions(self, L: int) -> dict[int, Array]:
        """The mean predictions of each candidate's networks of a depth, (n, k), for rows that judge them; else NaN."""
        by_candidate, _ = self._by_candidate(L)
        return {index: average(by_candidate, [index]) for index in by_candidate}

    def judged_rows(self, L: int, indices: Sequence[int] | None = None) -> LeftOut:
        """The rows that judge a depth, with the predictions by which they do, or of some of its candidates."""
        by_candidate, _ = self._by_candidate(L)
        kept = self.results[L].candidates
        averaged = average(by_candidate, kept if indices is None else indices)
        rows = np.flatnonzero(np.isfinite(averaged).all(axis=1))
        counts = np.array([by_candidate[index][1][rows] for index in kept])
        spread = np.zeros(self.problem.target.n_predictions)
        known = (counts > 0).sum(axis=0) > 1
        if known.any():
            # candidates have as many networks for a row each, whose mean varies by so much less
            each = np.array([average({index: by_candidate[index]}, [index])[rows] for index in kept])[:, known]
            spread = counts.sum() / np.count_nonzero(counts) * np.nanvar(each, axis=0, ddof=1).mean(axis=0)
        used = counts if indices is None else counts[[kept.index(index) for index in indices]]
        networks = float(used.sum(axis=0).mean())
        return LeftOut(self.problem.y[rows], self.problem.w[rows], averaged[rows], networks, spread)

    def usual_epochs(self, L: int) -> int:
        """How many epochs were best, on average, for the networks of a depth's first candidate."""
        first = self.results[L].candidates[0]
        own = [unit for unit in self.units(L, range(1), self.folds) if unit.key.candidate == first]
        results = [self.study.result(unit.key) for unit in own]
        epochs = [
            epoch
            for result in results
            if result is not None
            for epoch, outputs in zip(result.best_epochs, result.outputs, strict=True)
            if len(outputs)
        ]
        return max(round(float(np.mean(epochs))), 1)

    def finish_seconds(self, L: int) -> float | None:
        """What the networks that are delivered at a depth will take, or None while nobody knows."""
        if L not in self.judged:
            return None
        n, result, solved = self.delivered_rows, self.results.get(L), self.settings(L, 0).solved
        indices = result.candidates if result is not None and result.candidates else range(len(self.candidates))
        each = [cost(self.problem, self.settings(L, i, self.delivered), n) for i in ((0,) if solved else indices)]
        networks = 1 if solved else self.repeats(L) * self.n_networks
        to_the_end = int(self.delivered.max_iter) <= self.delivered.patience(n)
        return self.pace.seconds(solved, float(networks * np.mean(each)), to_the_end)

    def _keep_time(self) -> None:
        """Reserve the time that the networks which are delivered will take."""
        wanted = {self.verdict.best_depth if self.verdict is not None and len(self.results) > 1 else max(self.usual, 2)}
        if self.deliver_all:
            wanted |= set(self.results)
        wanted |= {1, ADDITIVE} & set(self.results)
        self.stop.reserve = RESERVE * sum(self.finish_seconds(L) or 0.0 for L in wanted)

    def _train(self, units: list[Unit], L: int, work: "_Work | None" = None) -> None:
        """Train what the study lacks, and record it as it comes; give it out anew when a worker was lost."""
        in_vain = 0
        if work is None:
            work = _Work(self, L)
            work.plan(self.missing(units))
        while missing := self.missing(units):
            try:
                self._train_round(missing, work)
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

    def _train_round(self, missing: list[Unit], work: "_Work") -> None:
        with closing(self._run(self._batches(missing))) as finished:
            for batch, results in finished:
                self.study.record(zip([unit.key for unit in batch], results, strict=True))
                work.done(batch, results)
                self._keep_time()
                self.listener.advanced(work.progress())

    def cost(self, unit: Unit) -> float:
        """The relative cost of a network."""
        return cost(self.problem, unit.settings, len(self.problem.training_rows[unit.network.rows]))

    def _batches(self, units: list[Unit]) -> list[list[Unit]]:
        """Units that can train together, as many as a core's cache holds and as leaves work for every job.

        A device that stacks networks gets one batch at a time, as many as it is said to hold: how many there are may
        change the last bits of a product there, so the number of jobs must not decide on it.
        """
        alike: dict[Any, list[Unit]] = {}
        for unit in units:
            alike.setdefault(unit.settings.shared(), []).append(unit)
        jobs = effective_n_jobs(self.n_jobs)
        batches = []
        for group in alike.values():
            plan, settings = plan_of(self.problem, group[0].settings), group[0].settings
            most = networks_at_once(plan, settings, self.device)
            size = most if self._stacks(settings) else min(most, -(-len(group) // jobs))
            batches += [group[start : start + size] for start in range(0, len(group), size)]
        # the longest first, so that no job is left alone with them at the end
        return sorted(batches, key=lambda batch: -sum(map(self.cost, batch)))

    def _stacks(self, settings: Hyperparameters) -> bool:
        """Whether networks with these settings train as a stack on a device: what is solved does not."""
        return stacks(self.device) and not settings.solved

    def _run(self, batches: list[list[Unit]]) -> Generator[tuple[list[Unit], list[UnitResult]]]:
        """Results as they come; where the backend cannot say what has come, a few batches at a time."""
        if self.elsewhere is not None:
            yield from self.elsewhere(self.problem, batches, self.seed, self.stop)
            return
        training = delayed(train_batch)
        # the problem is an argument of its own, so that backends which send large arguments once send it once
        calls = [training(self.problem, batch, self.seed, self.stop, self.device) for batch in batches]
        n_jobs = 1 if any(self._stacks(batch[0].settings) for batch in batches) else self.n_jobs
        settings: dict[str, Any] = {"n_jobs": n_jobs, "prefer": "threads", "batch_size": 1}
        try:
            jobs = Parallel(return_as="generator_unordered", **settings)
        except ValueError:
            if self._pool is None:
                self._pool = self._open.enter_context(Parallel(**settings))
            at_once = BATCHES_EACH * effective_n_jobs(n_jobs)
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

    def seconds_of(self, L: int) -> float | None:
        """What a depth of which nothing is trained will take, or None while nobody knows."""
        every = range(1 if self.settings(L, 0).solved else self.design.repeats)
        total = sum(map(self.cost, self.missing(self.units(L, every, range(self.design.k)))))
        return self.pace.seconds(self.settings(L, 0).solved, total)


def _gone(unit: Unit, result: UnitResult, cost: float) -> float:
    """What of its cost a network went through before it stopped: all of it where nothing stops it."""
    planned = int(unit.settings.max_iter)
    return cost * (max(map(len, result.curves), default=0) or planned) / planned


class _Work:
    """The training of some networks of a depth: how far it has come, and how long the rest will take."""

    def __init__(self, ladder: Ladder, L: int) -> None:
        self.ladder, self.L = ladder, L
        self.planned, self.networks, self.cost, self.spent = 0, 0, 0.0, 0.0
        self.last = time.perf_counter()

    def plan(self, units: list[Unit]) -> None:
        """These networks are what is still to be trained."""
        self.planned = self.networks + len(units)
        self.cost = self.spent + sum(map(self.ladder.cost, units))

    def done(self, batch: list[Unit], results: list[UnitResult]) -> None:
        """Networks are finished."""
        now, costs = time.perf_counter(), [self.ladder.cost(unit) for unit in batch]
        own, solved = sum(costs), batch[0].settings.solved
        gone = own if solved else sum(map(_gone, batch, results, costs))
        self.ladder.pace.note(solved, own, now - self.last, gone)
        self.last = now
        self.networks += len(batch)
        self.spent += own

    def progress(self) -> Progress:
        """What to tell a listener."""
        ladder, solved = self.ladder, self.ladder.settings(self.L, 0).solved
        means = [float(own.scores.mean()) for own in ladder.results.values() if len(own.scores)]
        left = ladder.pace.seconds(solved, self.cost - self.spent)
        share = min(self.spent / self.cost, 1.0) if self.cost else 1.0
        return Progress(self.L, self.networks, self.planned, share, max(means, default=None), left, self._whole(left))

    def _whole(self, left: float | None) -> tuple[float, float] | None:
        """Seconds left if the best depth stays as it is, and if every depth is climbed."""
        ladder, limit = self.ladder, self.ladder.stop.seconds_left
        if left is None:
            return None
        if limit is not None:
            return (limit, limit)
        best = ladder.verdict.best_depth if ladder.verdict else 1
        deeper = [ladder.seconds_of(L) for L in range(max(self.L, 1) + 1, ladder.max_depth + 1)]
        known = [seconds for seconds in deeper if seconds is not None]
        if len(known) < len(deeper):
            return None
        fewest = max(min(best + ladder.patience, ladder.max_depth) - self.L, 0)
        return left + sum(known[:fewest]), left + sum(known)

"""The models that a search delivers: at each depth an average of networks that together learn from all rows.

They are made as the judged ones were: for every repeat the rows are divided anew, each network leaves a part of them
out and is stopped by it, and the candidates take turns in the networks' settings. With one candidate and one repeat
that is what the estimator's own `fit` does, to the same bits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.errors import DataError, LeadlineError
from leadline.estimators.doubt import with_profile
from leadline.estimators.given import Given
from leadline.estimators.model import Member, Model
from leadline.estimators.networks import SINGLE_FIT, holding_out_seed, members_of, train_networks
from leadline.estimators.streaming import Streaming
from leadline.search import HeldOut, Ladder, LeftOut, Problem, View, conformal, greedy_weights, hold_out, in_a_line
from leadline.training import Holdout, Hyperparameters, Stopped, Task

__all__ = ["Delivery"]

Array = NDArray[Any]

# Names the stream of a network that is trained on all rows apart from the others.
_REFIT = 3


@dataclass(frozen=True)
class Delivery:
    """How the models of all depths are made.

    Attributes
    ----------
    given : Given
        All rows, of which the search may have seen a part.
    problem : Problem
        The same as networks learn them.
    planned : Hyperparameters
        The estimator's settings for all rows, but for the epochs, which may be left to their number.
    stream : Streaming or None
        Where the rows are if not in memory.
    seed : int
    n_networks : int
        Networks for each repeat.
    fraction : float
        Share of the rows that stops a single network.
    stopped : bool
        Whether networks are stopped at all.
    groups : (n,) array or None
        Rows of one group stay together. Rows that are alike do not: where they come up again, to know them is no fault.
    ordered : bool
        Whether rows stand in the order of time.
    """

    given: Given
    problem: Problem
    planned: Hyperparameters
    stream: Streaming | None
    seed: int
    n_networks: int
    fraction: float
    stopped: bool
    groups: Array | None
    ordered: bool

    def model(self, networks: Sequence[tuple[int, Member]], left_out: LeftOut) -> Model:
        """The average of some networks, with what is known from the folds of the search about how sure it is."""
        sure = conformal(self.given.target, left_out, len(networks))
        model = Model(self.given.layout, self.given.target, tuple(member for _, member in networks), sure)
        return with_profile(model, self.given.encoded)

    def networks(self, ladder: Ladder, L: int) -> tuple[list[tuple[int, Member]], str]:
        """The networks of a depth, trained on all rows, each with its candidate; and what is to be said of it.

        Those whose training fails, by numbers that are too large or by what a caller's own score raises, are left out.

        Raises
        ------
        DataError
            All of them failed, or those that read their rows from disk.
        """
        indices, trained = self._attempted(ladder, L)
        networks = [(index, own) for index, own in zip(indices, trained, strict=True) if isinstance(own, Member)]
        reasons = "; ".join(dict.fromkeys(own for own in trained if isinstance(own, str)))
        if not networks:
            raise self._failed(ladder, L, reasons)
        lost = len(trained) - len(networks)
        words = f"{lost} of {len(trained)} final networks of L = {L} {'is' if lost == 1 else 'are'} left out: {reasons}"
        return networks, words if lost else ""

    def _failed(self, ladder: Ladder, L: int, reasons: str) -> DataError:
        kept = "" if ladder.study.path is None else f" The search is kept in {ladder.study.path}, to be gone on with."
        return DataError(f"The final training of L = {L} failed: {reasons}.{kept}")

    def _attempted(self, ladder: Ladder, L: int) -> tuple[Sequence[int], Sequence[Member | str]]:
        """The candidate of each network of a depth, and the network, or why there is none."""
        kept = ladder.results[L].candidates
        first = ladder.settings(L, kept[0])
        if first.solved:
            if self.stream is not None:
                return kept, self._streamed(ladder, L, [first], 1, None, None)
            return kept, self._train(ladder, *self.posed([self.whole(first)]))
        indices, splits = [], []
        for repeat in range(ladder.results[L].repeats):
            turns = [index for index in ladder.turns(L, repeat) if index in kept]
            for i, split in enumerate(self._splits(repeat) if turns else ()):
                indices.append(turns[i % len(turns)])
                splits.append((split, repeat * self.n_networks + i))
        if self.stream is not None:
            # the epochs are left to the number of rows
            each = [ladder.settings(L, index, self.planned) for index in indices]
            fraction = self.fraction if self.stopped else None
            study = ladder.study.path
            keep = None if study is None else study.with_name(f"{study.stem}-training")
            return indices, self._streamed(ladder, L, each, self.n_networks, fraction, keep)
        epochs = self.planned.epochs(min(len(train_rows) for (train_rows, _), _ in splits))
        each = [replace(ladder.settings(L, index, self.planned), max_iter=epochs) for index in indices]
        jobs = [(own, split, number) for own, (split, number) in zip(each, splits, strict=True)]
        return indices, self._train(ladder, *self.posed(jobs))

    def whole(self, settings: Hyperparameters) -> tuple[Hyperparameters, HeldOut, int]:
        """A network that learns from all rows."""
        rows = np.arange(len(self.given.y))
        return settings, (rows, rows[:0]), 0

    def first(self, settings: Hyperparameters, repeat: int) -> tuple[Hyperparameters, HeldOut, int]:
        """The first network of a repeat."""
        return settings, self._splits(repeat)[0], repeat * self.n_networks

    def _splits(self, repeat: int) -> list[HeldOut]:
        """The rows of each network of a repeat, and those that stop it."""
        rows, given = np.arange(len(self.given.y)), self.given
        if not self.stopped:
            return [(rows, rows[:0])] * self.n_networks
        seed = holding_out_seed(self.seed, repeat)
        whole = (given.y, rows, given.target, self.n_networks, self.fraction, seed)
        splits = hold_out(*whole, groups=self.groups, ordered=self.ordered)
        return splits if len(splits) == self.n_networks else splits * self.n_networks

    def posed(
        self, jobs: Sequence[tuple[Hyperparameters, HeldOut, int]], name: int = SINGLE_FIT
    ) -> tuple[Problem, list[Task]]:
        """What networks of these settings and rows are trained on, and how."""
        tasks = [
            Task(own, (self.seed, name, number), View.of(i, own), train_rows, (Holdout(stop_rows),))
            for i, (own, (train_rows, stop_rows), number) in enumerate(jobs)
        ]
        return self.problem.on([train_rows for _, (train_rows, _), _ in jobs]), tasks

    def _train(self, ladder: Ladder, problem: Problem, tasks: list[Task]) -> list[Member | str]:
        """The networks, or why there is none: one that fails takes no other with it."""
        try:
            networks = train_networks(problem, tasks, ladder.n_jobs, device=ladder.device)
        except (Stopped, LeadlineError):
            raise
        except Exception as error:  # whatever a caller's own score or loss, or a lack of memory, raises
            if len(tasks) > 1:
                return [own for task in tasks for own in self._train(ladder, problem, [task])]
            return [in_a_line(error)]
        return [
            own.reason if own.state == "diverged" else members_of(problem, [task], [own])[0]
            for task, own in zip(tasks, networks, strict=True)
        ]

    def _streamed(
        self,
        ladder: Ladder,
        L: int,
        settings: Sequence[Hyperparameters],
        n_networks: int,
        fraction: float | None,
        keep: Path | None,
    ) -> list[Member]:
        """The networks of a depth whose rows are on disk, which they read together."""
        assert self.stream is not None
        try:
            return self.stream.train(settings, n_networks, fraction, ladder.device, keep=keep)[0]
        except (Stopped, LeadlineError):
            raise
        except Exception as error:  # as above
            raise self._failed(ladder, L, in_a_line(error)) from error

    def refitted(self, ladder: Ladder, L: int) -> Model:
        """One network of a depth's first candidate, trained on all rows.

        It takes as many epochs as were best, on average, for the networks of the folds.

        Raises
        ------
        DataError
            Its training failed.
        """
        first = ladder.results[L].candidates[:1]
        settings = ladder.settings(L, first[0], self.planned)
        if not settings.solved:
            settings = replace(settings, max_iter=ladder.usual_epochs(L))
        (member,) = self._train(ladder, *self.posed([self.whole(settings)], _REFIT))
        if isinstance(member, str):
            raise self._failed(ladder, L, member)
        return self.model([(0, member)], ladder.judged_rows(L, first))

    def ensemble(self, ladder: Ladder, networks: Mapping[int, list[tuple[int, Member]]]) -> Model:
        """Networks of several depths and candidates, which count as makes the best average.

        Parameters
        ----------
        ladder : Ladder
        networks : mapping of L to list of (candidate, Member)
        """
        rows = np.unique(np.concatenate([ladder.design.folds[fold] for fold in ladder.folds]))
        options = {}
        for L, own in networks.items():
            for index, P in ladder.candidates_predictions(L).items():
                if np.isfinite(P[rows]).all() and any(index == of for of, _ in own):
                    options[L, index] = P[rows]
        metric, y, w = ladder.problem.metric, ladder.problem.y[rows], ladder.problem.w[rows]
        weights = greedy_weights(lambda P: metric.attempt(y, P, w)[0], list(options.values()))
        chosen = []
        for (L, index), weight in zip(options, weights, strict=True):
            members = [member for of, member in networks[L] if of == index]
            if weight > 0:
                chosen += [(index, replace(member, weight=float(weight) / len(members))) for member in members]
        mean = np.tensordot(weights, np.array(list(options.values())), axes=1)
        return self.model(chosen, LeftOut(y, w, mean, len(chosen), np.zeros(mean.shape[1])))

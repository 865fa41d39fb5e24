"""The models that a search delivers: at each depth an average of networks that together learn from all rows.

They are made as the judged ones were: for every repeat the rows are divided anew, each network leaves a part of them
out and is stopped by it, and the candidates take turns in the networks' settings. With one candidate and one repeat
that is what the estimator's own `fit` does, to the same bits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.estimators.doubt import with_profile
from leadline.estimators.given import Given
from leadline.estimators.model import Member, Model
from leadline.estimators.networks import SINGLE_FIT, holding_out_seed, members_of, train_networks
from leadline.estimators.streaming import Streaming
from leadline.search import Ladder, LeftOut, Problem, Split, View, conformal, greedy_weights, hold_out
from leadline.training import Holdout, Hyperparameters, Task

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

    def networks(self, ladder: Ladder, L: int) -> list[tuple[int, Member]]:
        """The networks of a depth, trained on all rows, each with its candidate.

        Raises
        ------
        DataError
            A training failed.
        """
        kept = ladder.results[L].candidates
        first = ladder.settings(L, kept[0])
        if first.solved:
            if self.stream is not None:
                return list(zip(kept, self.stream.train([first], 1, None, ladder.device)[0], strict=True))
            return list(zip(kept, self._train(ladder, *self.posed([self.whole(first)])), strict=True))
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
            members, *_ = self.stream.train(each, self.n_networks, fraction, ladder.device, keep=keep)
            return list(zip(indices, members, strict=True))
        epochs = self.planned.epochs(min(len(train_rows) for (train_rows, _), _ in splits))
        each = [replace(ladder.settings(L, index, self.planned), max_iter=epochs) for index in indices]
        jobs = [(own, split, number) for own, (split, number) in zip(each, splits, strict=True)]
        return list(zip(indices, self._train(ladder, *self.posed(jobs)), strict=True))

    def whole(self, settings: Hyperparameters) -> tuple[Hyperparameters, Split, int]:
        """A network that learns from all rows."""
        rows = np.arange(len(self.given.y))
        return settings, (rows, rows[:0]), 0

    def first(self, settings: Hyperparameters, repeat: int) -> tuple[Hyperparameters, Split, int]:
        """The first network of a repeat."""
        return settings, self._splits(repeat)[0], repeat * self.n_networks

    def _splits(self, repeat: int) -> list[Split]:
        """The rows of each network of a repeat, and those that stop it."""
        rows, given = np.arange(len(self.given.y)), self.given
        if not self.stopped:
            return [(rows, rows[:0])] * self.n_networks
        seed = holding_out_seed(self.seed, repeat)
        whole = (given.y, rows, given.target, self.n_networks, self.fraction, seed)
        splits = hold_out(*whole, groups=self.groups, ordered=self.ordered)
        return splits if len(splits) == self.n_networks else splits * self.n_networks

    def posed(
        self, jobs: Sequence[tuple[Hyperparameters, Split, int]], name: int = SINGLE_FIT
    ) -> tuple[Problem, list[Task]]:
        """What networks of these settings and rows are trained on, and how."""
        tasks = [
            Task(own, (self.seed, name, number), View.of(i, own), train_rows, (Holdout(stop_rows),))
            for i, (own, (train_rows, stop_rows), number) in enumerate(jobs)
        ]
        return self.problem.on([train_rows for _, (train_rows, _), _ in jobs]), tasks

    def _train(self, ladder: Ladder, problem: Problem, tasks: list[Task]) -> list[Member]:
        return members_of(problem, tasks, train_networks(problem, tasks, ladder.n_jobs, device=ladder.device))

    def refitted(self, ladder: Ladder, L: int) -> Model:
        """One network of a depth's first candidate, trained on all rows.

        It takes as many epochs as were best, on average, for the networks of the folds.
        """
        first = ladder.results[L].candidates[:1]
        settings = ladder.settings(L, first[0], self.planned)
        if not settings.solved:
            settings = replace(settings, max_iter=ladder.usual_epochs(L))
        (member,) = self._train(ladder, *self.posed([self.whole(settings)], _REFIT))
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

"""Training the networks of a model side by side, each on its own rows and with its own settings."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from leadline.errors import DataError
from leadline.estimators.callbacks import EpochTeller
from leadline.estimators.model import Member
from leadline.search import Problem, View
from leadline.training import Epoch, Plan, Stop, Task, Trained, plan_for, train

__all__ = ["SINGLE_FIT", "holding_out_seed", "members_of", "train_networks"]

# Names the streams of single fits apart from those of a search, whose keys are longer.
SINGLE_FIT, _HOLD_OUT = 0, 1


def holding_out_seed(seed: int, repeat: int = 0) -> int:
    """The seed by which rows are held out of the networks of a fit, or of a later division of the rows."""
    key = [seed, _HOLD_OUT, *((repeat,) if repeat else ())]
    return int(np.random.SeedSequence(key).generate_state(1)[0])


def train_networks(
    problem: Problem, tasks: Sequence[Task], n_jobs: int = -1, teller: EpochTeller | None = None
) -> list[Trained]:
    """Train networks side by side; a teller is told of the epochs of the first one."""
    jobs: list[tuple[Task, Callable[[Epoch], object] | None]]
    stop, cores = Stop(), effective_n_jobs(n_jobs)
    plans: dict[Any, Plan] = {}
    for task in tasks:
        if task.settings.shared() not in plans:
            target = problem.target
            plans[task.settings.shared()] = plan_for(task.settings, problem.inputs, target.n_scores, target.loss)

    def train_one(task: Task, threads: int, callback: Callable[[Epoch], object] | None = None) -> Trained:
        return train(plans[task.settings.shared()], [task], problem, problem.score, stop, threads, callback)[0]

    if len(tasks) == 1 or (teller is not None and teller.may_stop):
        # whoever stops the first stops the others at the same epoch, so that bits do not depend on who was ahead
        first = train_one(tasks[0], cores, teller)
        last = len(first.losses) if teller is not None and teller.asked else None
        done, jobs = [first], [(task, lambda epoch: epoch.number == last) for task in tasks[1:]]
    else:
        done, jobs = [], [(task, None if i else teller) for i, task in enumerate(tasks)]
    with ThreadPoolExecutor(min(cores, max(len(jobs), 1))) as crew:
        running = [crew.submit(train_one, task, max(cores // len(tasks), 1), told) for task, told in jobs]
        try:
            done += [network.result() for network in running]
        except BaseException:
            stop.set()
            raise
    if teller is not None:
        teller.ended()
    return done


def members_of(problem: Problem, tasks: Sequence[Task], networks: Sequence[Trained]) -> list[Member]:
    """The networks as members of a model.

    Raises
    ------
    DataError
        The training of one failed.
    """
    members = []
    for task, trained in zip(tasks, networks, strict=True):
        if trained.state == "diverged":
            raise DataError(f"Training failed: {trained.reason}.")
        assert isinstance(task.fold, View)
        fitted = problem.fitted(task.fold)
        members.append(Member(task.settings, trained.theta, fitted.statistics, fitted.target))
    return members

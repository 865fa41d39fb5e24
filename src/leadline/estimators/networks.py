"""Training the networks of a model side by side, each on its own rows and with its own settings."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from leadline.errors import DataError
from leadline.estimators.callbacks import EpochTeller
from leadline.estimators.model import Member
from leadline.search import Problem, View, plan_of
from leadline.training import Epoch, Plan, Stop, Task, Trained, networks_at_once, stacks, train

__all__ = ["SINGLE_FIT", "holding_out_seed", "members_of", "train_networks"]

# Names the streams of single fits apart from those of a search, whose keys are longer.
SINGLE_FIT, _HOLD_OUT = 0, 1


def holding_out_seed(seed: int, repeat: int = 0) -> int:
    """The seed by which rows are held out of the networks of a fit, or of a later division of the rows."""
    key = [seed, _HOLD_OUT, *((repeat,) if repeat else ())]
    return int(np.random.SeedSequence(key).generate_state(1)[0])


def train_networks(
    problem: Problem,
    tasks: Sequence[Task],
    n_jobs: int = -1,
    teller: EpochTeller | None = None,
    device: str = "cpu",
) -> list[Trained]:
    """Train networks side by side, on the processor or as stacks on a device; a teller is told of the first one."""
    stop, cores = Stop(), effective_n_jobs(n_jobs)
    plans: dict[Any, Plan] = {}
    for task in tasks:
        if task.settings.shared() not in plans:
            plans[task.settings.shared()] = plan_of(problem, task.settings)

    def train_some(places: list[int], threads: int, callback: Callable[[Epoch], object] | None) -> list[Trained]:
        some = [tasks[i] for i in places]
        plan = plans[some[0].settings.shared()]
        return train(plan, some, problem, problem.score, stop, threads, callback, device)

    every, done = range(len(tasks)), dict[int, Trained]()
    jobs: list[tuple[list[int], Callable[[Epoch], object] | None]]
    if len(tasks) == 1 or (teller is not None and teller.may_stop):
        # whoever stops the first stops the others at the same epoch, so that bits do not depend on who was ahead
        (done[0],) = train_some([0], cores, teller)
        last = len(done[0].losses) if teller is not None and teller.asked else None
        jobs = [([i], lambda epoch: epoch.number == last) for i in every[1:]]
    else:
        jobs = [(places, teller if 0 in places else None) for places in _together(tasks, plans, device)]
    at_once = 1 if stacks(device) else min(cores, max(len(jobs), 1))
    with ThreadPoolExecutor(at_once) as crew:
        running = [
            (places, crew.submit(train_some, places, max(cores // len(tasks), 1), callback))
            for places, callback in jobs
        ]
        try:
            for places, networks in running:
                done.update(zip(places, networks.result(), strict=True))
        except BaseException:
            stop.set()
            raise
    if teller is not None:
        teller.ended()
    return [done[i] for i in every]


def _together(tasks: Sequence[Task], plans: dict[Any, Plan], device: str) -> list[list[int]]:
    """The tasks whose networks train in one call: on the processor each has its own, on a thread of its own."""
    if not stacks(device):
        return [[i] for i in range(len(tasks))]
    alike: dict[Any, list[int]] = {}
    for i, task in enumerate(tasks):
        alike.setdefault(task.settings.shared(), []).append(i)
    found = []
    for shared, places in alike.items():
        most = networks_at_once(plans[shared], tasks[places[0]].settings, device)
        found += [places[first : first + most] for first in range(0, len(places), most)]
    return found


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
        members.append(Member(task.settings, trained.theta, fitted.statistics.for_new_rows(), fitted.target))
    return members

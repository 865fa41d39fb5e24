"""Training: from a plan, data and settings to trained networks.

`train` takes networks that share their plan, batch size and number of epochs, and returns each one's parameters
and its scores by epoch. They train as a population, epoch by epoch together; L = 1 and whatever else asks
for L-BFGS is solved over all rows in float64, one network at a time. The caller decides how many come at once: it
changes the time that training takes and no bit of what comes out.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.training.blocks import Plan
from leadline.training.cpu import Processor
from leadline.training.devices import CPU, backend_of, stacks
from leadline.training.hyperparameters import Hyperparameters
from leadline.training.limits import Stop, one_blas_thread
from leadline.training.population import ROWS_AT_ONCE, Blueprint, Population, Scorer, Steps
from leadline.training.program import SETTINGS
from leadline.training.rows import AllBut, Examples, Source, Stream, Table, taken
from leadline.training.solving import solve
from leadline.training.streams import factors, stream
from leadline.training.tasks import (
    Callback,
    Epoch,
    Holdout,
    Judge,
    Keeper,
    Reading,
    State,
    Task,
    Trained,
    initial,
    inputs_of,
)

__all__ = ["Trainer", "layer_inputs", "networks_at_once", "train"]

Array = NDArray[Any]

# What the networks of one call may fill; more at once would only make progress and deadlines coarser.
MEMORY_BYTES, MOST_AT_ONCE = 1 << 28, 16
# On a device that stacks them more networks at once are what makes it fast. How many are best has not been measured.
MEMORY_BYTES_STACKED, MOST_STACKED = 1 << 32, 64
# Scaled inputs stay far below this; where they do not, they are why a training diverges.
LARGE_INPUT = 100.0


def networks_at_once(plan: Plan, settings: Hyperparameters, device: str = CPU) -> int:
    """How many networks of this plan to train in one call."""
    if settings.solved:
        return 1
    room, most = (MEMORY_BYTES_STACKED, MOST_STACKED) if stacks(device) else (MEMORY_BYTES, MOST_AT_ONCE)
    units = plan.n_in + sum(2 * block.n_out * block.copies for block in plan.blocks)
    bytes_each = 4 * (4 * plan.n_parameters + units * int(settings.batch_size))
    return int(np.clip(room // bytes_each, 1, most))


def layer_inputs(plan: Plan, theta: Array, X: Array, member: int = 0) -> NDArray[np.float64]:
    """A[0] of layer 1, (m, n[0]): the inputs X, (m, n_in), past the pieces before layer 1.

    Of several members that share the layers one has to be chosen.
    """
    x = np.asarray(X, dtype=np.float64)
    shared = plan.members > 1
    pieces = len(plan.pieces) - shared
    if pieces:
        # the pieces by themselves, whose parameters come first in any case
        apart = Plan(plan.architecture, plan.pieces)
        x = Scorer(apart, Processor(), np.float64, block=pieces - 1).take(theta).scores(x)
    return np.asarray(x * plan.named(theta)["member_scale"][member] if shared else x)


def train(
    plan: Plan,
    tasks: Sequence[Task],
    data: Source,
    judge: Judge,
    stop: Stop,
    threads: int = 1,
    callback: Callback | None = None,
    device: str = CPU,
    keeper: Keeper | None = None,
) -> list[Trained]:
    """Train networks that share plan, solver, batch size and number of epochs; results in the order of the tasks.

    Parameters
    ----------
    plan : Plan
    tasks : sequence of Task
    data : Source
        In float32.
    judge : callable
        Scores a network's outputs on the rows of a holdout.
    stop : Stop
        Looked at several times a second.
    threads : int, default 1
        How many may work for one network, where its layers are wide enough; changes no bit.
    callback : callable, optional
        Told of every epoch of the first network; what it gives back says whether training is to stop there.
    device : str, default "cpu"
        Where, as `device_for` names it. What is solved is solved on the processor.
    keeper : Keeper, optional
        Of a training in minibatches on a `Stream` of networks with one holdout each.

    Raises
    ------
    Stopped
        `stop` asked for it; nothing is returned.
    """
    # a network that overflows is found by its loss and named; NumPy need not warn of it
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        if tasks[0].settings.solved:
            return [solve(plan, task, data, judge, stop) for task in tasks]
        return Trainer(plan, tasks, data, judge, stop, threads, callback, device, keeper).run()


class Trainer:
    """Minibatch training of a population; networks leave it as they stop.

    Parameters are those of `train`.
    """

    def __init__(
        self,
        plan: Plan,
        tasks: Sequence[Task],
        data: Source,
        judge: Judge,
        stop: Stop,
        threads: int,
        callback: Callback | None,
        device: str = CPU,
        keeper: Keeper | None = None,
    ) -> None:
        self.plan, self.tasks, self.data, self.judge, self.stop = plan, tasks, data, judge, stop
        self.threads, self.callback, self.keeper = threads, callback, keeper
        self.epochs, self.batch_size = int(tasks[0].settings.max_iter), int(tasks[0].settings.batch_size)
        self.results: list[Trained | None] = [None] * len(tasks)
        self.generators = [stream(task.key) for task in tasks]
        self.active = np.arange(len(tasks))
        folds = {fold: data.examples(fold) for fold in dict.fromkeys(task.fold for task in tasks)}
        self.examples = [folds[task.fold] for task in tasks]
        given = zip(tasks, self.examples, self.generators, strict=True)
        theta = np.stack([initial(plan, task, own, generator) for task, own, generator in given])
        theta = theta.astype(np.float32)
        self.reads = [
            [_Read(holdout, first.copy()) for holdout in task.holdouts]
            for task, first in zip(tasks, theta, strict=True)
        ]
        self.losses: list[list[float]] = [[] for _ in tasks]
        self.steps = [0 for _ in tasks]
        # epochs of an earlier training: patience begins anew
        self.before = [len(task.start.losses) if task.start else 0 for task in tasks]
        self.seconds = np.zeros(len(tasks))
        self.learned = [self._learned(i) for i in range(len(tasks))]
        self.n_steps = [self._steps_of(round(rows)) for rows, _ in self.learned]
        self.dropouts = [self._dropouts(i) for i in range(len(tasks))]
        self.settings = [self._settings(i) for i in range(len(tasks))]
        dropout = plan.architecture.L > 1 and any(task.settings.dropout for task in tasks)
        if isinstance(data, Stream):
            most = 2 * self.batch_size
        else:
            each = zip(self.learned, self.n_steps, strict=True)
            longest = max(round(rows) - self.batch_size * (n - 1) for (rows, _), n in each)
            most = max(longest, self.batch_size if max(self.n_steps) > 1 else 0)
        rows, reads = max(most, ROWS_AT_ONCE), self.examples[0].reads
        backend = backend_of(device)
        cut = self.batch_size if backend.tiled else 0
        blueprint = Blueprint(plan, rows, cut, tasks[0].settings.solver, dropout, reads=reads)
        self.population = Population(blueprint, theta, backend)
        for i, task in enumerate(tasks):
            if task.start is not None:
                self._go_on_from(i, task.start)

    def _learned(self, i: int) -> tuple[float, float]:
        """How many rows a network learns from in an epoch, and what they weigh."""
        task = self.tasks[i]
        if isinstance(self.data, Stream):
            return self.data.learned(task.fold)
        return len(task.train_rows), float(taken(self.examples[i].w, task.train_rows).sum(dtype=np.float64))

    def _steps_of(self, rows: int) -> int:
        """Steps for so many rows: the last batch takes the remainder, between half a batch and one and a half."""
        return max(1, round(rows / self.batch_size))

    def _go_on_from(self, i: int, start: State) -> None:
        """Put a network where an earlier training ended."""
        self.population.theta[i], self.population.m[i], self.population.v[i] = start.theta, start.m, start.v
        self.generators[i].bit_generator.state = start.generator
        self.losses[i], self.steps[i] = list(start.losses), start.steps
        (read,) = self.reads[i]
        read.curve, read.theta, read.epoch = list(start.curve), start.best_theta.copy(), start.best_epoch
        if start.curve:
            read.score = max(start.curve)

    def _dropouts(self, i: int) -> Array:
        """The dropout of every step of a network, (epochs × steps,)."""
        settings = self.tasks[i].settings
        return float(settings.dropout) * factors(settings.dropout_schedule, self.n_steps[i] * self.epochs)

    def _settings(self, i: int) -> Array:
        """The settings of every step of a network, (epochs × steps, len(SETTINGS))."""
        task = self.tasks[i]
        s, n = task.settings, self.n_steps[i] * self.epochs
        _, total = self.learned[i]
        times = np.arange(1, n + 1) + (task.start.steps if task.start else 0)
        columns: dict[str, Any] = {
            "rate": s.learning_rate_init * factors(s.learning_rate, n),
            "beta_1": s.beta_1,
            "rest_1": 1 - s.beta_1,
            "beta_2": s.beta_2,
            "rest_2": 1 - s.beta_2,
            "epsilon": s.epsilon,
            "correction_1": 1 / (1 - s.beta_1**times),
            "correction_2": 1 / (1 - s.beta_2**times),
            "decay": s.weight_decay * factors(s.weight_decay_schedule, n),
            "penalty": s.alpha / total,
            "scale": 1 / (1 - self.dropouts[i]),
        }
        return np.stack([np.broadcast_to(columns[name], n) for name in SETTINGS], axis=1).astype(np.float32)

    def _active(self) -> list[tuple[int, int]]:
        """(place in the population, index of the task) of each network that is still training."""
        return list(enumerate(self.active.tolist()))

    def run(self) -> list[Trained]:
        """Train all of them; results in the order of the tasks."""
        within = None if self.keeper is None else self._go_on(self.keeper)
        for epoch in range(0 if within is None else within.epoch, self.epochs):
            self.stop.check()
            start = time.perf_counter()
            losses = self._epoch(epoch, within)
            within = None
            scores = self._scores()
            self.seconds[self.active] += (time.perf_counter() - start) / len(self.active)
            self._record(losses, scores)
            if not len(self.active):
                break
        if self.keeper is not None:
            # others, whose turn comes next, may be killed
            self._keep(self.keeper, _Within(self.epochs, 0, [], np.zeros(0), np.zeros(0)))
        for p, i in self._active():
            self._finish(i, p, "done", "; ".join(sorted({read.lost for read in self.reads[i] if read.lost})))
        return [result for result in self.results if result is not None]

    def _epoch(self, epoch: int, within: "_Within | None") -> Array:
        """Take the steps of one epoch, or of the rest of one; the mean training loss of each active network, (P,)."""
        active = self.active.tolist()
        if within is None:
            nothing = np.zeros(len(active))
            within = _Within(epoch, 0, [epoch * self.n_steps[i] for i in active], nothing, nothing.copy())
        _, done, first, total, seen = within
        for part, given in enumerate(self._parts(epoch)):
            if part < done:
                continue
            steps = [self._steps(i, *own, at) for i, own, at in zip(active, given, first, strict=True)]
            rows = np.array([len(own.rows) for own in steps])
            first = [at + len(own.settings) for at, own in zip(first, steps, strict=True)]
            total += rows * self.population.run(steps, self.threads, self.stop.check)
            seen += rows
            if self.keeper is not None and self.keeper.due():
                self._keep(self.keeper, _Within(epoch, part + 1, first, total, seen))
        return np.asarray(total / seen)

    def _keep(self, keeper: Keeper, within: "_Within") -> None:
        """Write down where all networks stand."""
        networks = []
        arrays = {"total": within.total, "seen": within.seen, "seconds": self.seconds}
        for p, i in self._active():
            own = self.population
            arrays.update({f"theta{i}": own.theta[p], f"m{i}": own.m[p], f"v{i}": own.v[p]})
        for i, (read,) in enumerate(self.reads):
            arrays[f"read{i}"] = read.theta
            result = self.results[i]
            if result is not None:
                arrays[f"outputs{i}"] = result.readings[0].outputs
            networks.append(
                {
                    "generator": _plain_state(self.generators[i].bit_generator.state),
                    "losses": self.losses[i],
                    "steps": self.steps[i],
                    "read": [read.curve, float(read.score), read.epoch, read.open, read.lost],
                    "ended": None if result is None else [result.state, result.reason],
                }
            )
        at = {"epoch": within.epoch, "parts": within.parts, "first": within.first, "active": self.active.tolist()}
        keeper.save({**at, "networks": networks}, arrays)

    def _go_on(self, keeper: Keeper) -> "_Within | None":
        """Put all networks where they stood when that was written down; where in an epoch that was."""
        found = keeper.load()
        if found is None:
            return None
        facts, arrays = found
        self.seconds = arrays["seconds"]
        for i, known in enumerate(facts["networks"]):
            (read,) = self.reads[i]
            self.generators[i].bit_generator.state = known["generator"]
            self.losses[i], self.steps[i] = known["losses"], known["steps"]
            read.curve, read.score, read.epoch, read.open, read.lost = known["read"]
            read.theta[:] = arrays[f"read{i}"]
            if known["ended"] is not None:
                reading = Reading(np.array(read.curve), read.epoch, read.theta, arrays[f"outputs{i}"], read.lost)
                losses, took, (state, reason) = np.array(self.losses[i]), float(self.seconds[i]), known["ended"]
                self.results[i] = Trained(state, reason, losses, took, (reading,))
        self.active = np.array(facts["active"], dtype=int)
        self.population.keep(facts["active"])
        for p, i in self._active():
            for name in ("theta", "m", "v"):
                getattr(self.population, name)[p] = arrays[f"{name}{i}"]
        return _Within(facts["epoch"], facts["parts"], facts["first"], arrays["total"], arrays["seen"])

    def _parts(self, epoch: int) -> Iterator[list[tuple[Examples | Table, Array | AllBut]]]:
        """What each active network learns from in an epoch, part after part: examples, and which of them."""
        active = self.active.tolist()
        if not isinstance(self.data, Stream):
            yield [(self.examples[i], self.tasks[i].train_rows) for i in active]
            return
        for part in self.data.parts(epoch):
            given = {fold: part.examples(fold) for fold in dict.fromkeys(self.tasks[i].fold for i in active)}
            yield [given[self.tasks[i].fold] for i in active]

    def _steps(self, i: int, examples: Examples | Table, rows: Array | AllBut, first: int) -> Steps:
        """The steps of a network on some rows, from its step `first`: in a new order, with new numbers for dropout."""
        task, n, generator = self.tasks[i], self._steps_of(len(rows)), self.generators[i]
        order = np.array(rows, np.int64)
        generator.shuffle(order)
        # parts have a few rows more or fewer than was planned
        planned = np.minimum(np.arange(first, first + n), len(self.settings[i]) - 1)
        keys = np.zeros((n, self.plan.architecture.L), dtype=np.uint64)
        if task.settings.dropout:
            keys[:, 0] = (self.dropouts[i][planned] * 2**32).astype(np.uint64)
            keys[:, 1:] = generator.integers(2**32, size=(n, keys.shape[1] - 1), dtype=np.uint64)
        return Steps(examples, order, self.batch_size, self.settings[i][planned], keys)

    def _scores(self) -> list[list[float | None]]:
        """The scores of each active network's holdouts; None for one that has no rows, or needs no more epochs."""
        active = self._active()
        found: list[list[float | None]] = [[None] * len(self.reads[i]) for _, i in active]
        for h in range(max(len(self.reads[i]) for _, i in active)):
            asked = [(p, i) for p, i in active if h < len(self.reads[i]) and self.reads[i][h].open]
            networks, rows = [p for p, _ in asked], [self.reads[i][h].holdout.rows for _, i in asked]
            examples = [self.examples[i] for _, i in asked]
            outputs = self.population.scores_of(networks, examples, rows, self.stop.check)
            for (p, i), own, scores in zip(asked, rows, outputs, strict=True):
                finite = np.isfinite(scores).all()
                found[p][h] = self.judge(self.tasks[i].fold, own, scores) if finite else float("nan")
        return found

    def _record(self, losses: Array, scores: list[list[float | None]]) -> None:
        """Note what an epoch brought, and let go of those that are finished."""
        keep = []
        for p, i in self._active():
            task, epoch, own = self.tasks[i], len(self.losses[i]) + 1, scores[p]
            self.steps[i] += self.n_steps[i]
            watched = [read for read in self.reads[i] if len(read.holdout.rows)]
            finite = bool(np.isfinite(losses[p]))
            undefined = [score is not None and not (finite and np.isfinite(score)) for score in own]
            if not finite or any(undefined):
                what = "validation score" if finite else "training loss"
                reason = f"{what} not finite in epoch {epoch}: {self._cause(p, i)}"
                for read, gone in zip(self.reads[i], undefined, strict=True):
                    if gone:
                        read.lose(reason)
                if not finite or all(read.lost for read in watched):
                    # who has no rows would read the last epoch, which there is none of
                    for read in self.reads[i]:
                        if not len(read.holdout.rows):
                            read.lose(reason)
                    whole = all(read.lost for read in self.reads[i])
                    self._finish(i, p, "diverged" if whole else "stopped early", reason)
                    continue
            self.losses[i].append(float(losses[p]))
            patience = task.settings.patience(round(self.learned[i][0]))
            for read, score in zip(self.reads[i], own, strict=True):
                if score is not None and not read.lost:
                    read.take(score, epoch, self.population.theta[p], patience, self.before[i])
            if watched and not any(read.open for read in watched):
                lost = "; ".join(sorted({read.lost for read in watched if read.lost}))
                self._finish(i, p, "stopped early", lost or f"no better score for {patience} epochs")
                continue
            if i == 0 and self.callback is not None:
                told = Epoch(epoch, float(losses[p]), own[0], self.population.theta[p])
                if self.callback(told):
                    self._finish(i, p, "stopped early", "the callback asked for it")
                    continue
            keep.append(p)
        if len(keep) < len(self.active):
            self.active = self.active[keep]
            self.population.keep(keep)

    def _cause(self, p: int, i: int) -> str:
        """Where a network that diverged overflowed, what the likely cause is, and what to do."""
        largest = float(np.abs(inputs_of(self.plan, self.examples[i], np.asarray(self.tasks[i].train_rows))).max())
        place = self.population.overflow(p)
        where = f"{place} overflows" if place else "the loss overflows"
        if not largest < LARGE_INPUT:
            return f"{where}, with inputs up to {largest:.3g}; scale the inputs"
        return (
            f"{where} at learning rate {self.tasks[i].settings.learning_rate_init:.3g}, with inputs up to "
            f"{largest:.3g}; lower learning_rate_init"
        )

    def _finish(self, i: int, p: int, state: str, reason: str) -> None:
        last = self.population.theta[p].copy()
        for read in self.reads[i]:
            if not len(read.holdout.rows):
                read.theta, read.epoch = last, len(self.losses[i])
        end = self._state(i, p)
        readings = tuple(self._reading(i, p, read) for read in self.reads[i])
        self.results[i] = Trained(state, reason, np.array(self.losses[i]), float(self.seconds[i]), readings, end)

    def _reading(self, i: int, p: int, read: "_Read") -> Reading:
        """What a holdout made of a network, whose parameters it then has; what is lost has no outputs."""
        self.population.theta[p] = read.theta
        wanted = read.holdout.wanted[:0] if read.lost else read.holdout.wanted
        outputs = self.population.scores(p, self.examples[i], wanted)
        return Reading(np.array(read.curve), read.epoch, read.theta, outputs, read.lost)

    def _state(self, i: int, p: int) -> State | None:
        """Where a network of one holdout stands."""
        if len(self.reads[i]) != 1:
            return None
        own, (read,) = self.population, self.reads[i]
        generator = self.generators[i].bit_generator.state
        losses, curve = tuple(self.losses[i]), tuple(read.curve)
        theta, m, v = (array[p].copy() for array in (own.theta, own.m, own.v))
        best = read.theta if curve else theta.copy()
        return State(theta, m, v, self.steps[i], generator, losses, curve, best, read.epoch)


class _Within(NamedTuple):
    """Where in an epoch a training stands: parts that are done, and of each active network what they brought."""

    epoch: int
    parts: int
    first: list[int]
    total: Array
    seen: Array


def _plain_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a random stream as JSON holds it."""
    return {
        name: _plain_state(own) if isinstance(own, Mapping) else own.tolist() if hasattr(own, "tolist") else own
        for name, own in state.items()
    }


class _Read:
    """A holdout's view of a network in training: its curve, and the parameters of the epoch that it likes best."""

    def __init__(self, holdout: Holdout, theta: Array) -> None:
        self.holdout, self.theta = holdout, theta
        self.curve: list[float] = []
        self.score, self.epoch = -np.inf, 0
        self.open, self.lost = len(holdout.rows) > 0, ""

    def lose(self, reason: str) -> None:
        """The network has diverged for this holdout."""
        self.open, self.lost = False, reason

    def take(self, score: float, epoch: int, theta: Array, patience: int, before: int) -> None:
        """Note the score of an epoch; waited long enough for a better one, it needs no more."""
        self.curve.append(score)
        if score > self.score:
            self.score, self.epoch = score, epoch
            self.theta[:] = theta
        self.open = epoch - max(self.epoch, before) < patience

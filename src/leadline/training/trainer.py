"""Training: from a plan, data and settings to trained networks.

`train` takes networks that share their plan, batch size and number of epochs, and returns each one's parameters
and its scores by epoch. They train as a population, epoch by epoch together; L = 1 and whatever else asks
for L-BFGS is solved over all rows in float64, one network at a time. The caller decides how many come at once: it
changes the time that training takes and no bit of what comes out.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from leadline.training.blocks import Plan
from leadline.training.cpu import Processor
from leadline.training.hyperparameters import Hyperparameters
from leadline.training.limits import Stop, one_blas_thread
from leadline.training.population import ROWS_AT_ONCE, Blueprint, Data, Examples, Population, Scorer, Steps
from leadline.training.program import SETTINGS
from leadline.training.streams import factors, stream

__all__ = ["Epoch", "Judge", "State", "Task", "Trained", "Trainer", "layer_inputs", "networks_at_once", "train"]

Array = NDArray[Any]

Judge = Callable[[int, Array, Array], float]
"""(fold, rows, scores Z[L] of those rows (m, n[L])) -> score of a network, greater is better."""

Callback = Callable[["Epoch"], object]
"""Told of an epoch; anything true that it gives back ends the training."""

# L-BFGS stops when no entry of the gradient of the mean loss exceeds this; coefficients then agree with other
# solvers to about 1e-4 relative (see tests/test_linear.py).
GRADIENT_TOLERANCE = 1e-6
LBFGS_ITERATIONS_PER_EPOCH = 10
LBFGS_MEMORY = 20

# What the networks of one call may fill; more at once would only make progress and deadlines coarser.
MEMORY_BYTES = 1 << 28
# Scaled inputs stay far below this; where they do not, they are why a training diverges.
LARGE_INPUT = 100.0
MOST_AT_ONCE = 16


@dataclass(frozen=True)
class State:
    """Where a training ended, so that another can go on from there to the same bits.

    Attributes
    ----------
    theta, m, v : (n_parameters,) arrays
        Parameters of the last epoch and the optimiser's moments.
    steps : int
        Steps taken.
    generator : mapping
        State of the network's random stream.
    losses, curve : tuple of float
        Of every epoch so far.
    best_theta : (n_parameters,) array
    best_epoch : int
        Counted from 1.
    """

    theta: Array
    m: Array
    v: Array
    steps: int
    generator: Mapping[str, Any]
    losses: tuple[float, ...]
    curve: tuple[float, ...]
    best_theta: Array
    best_epoch: int


class Epoch(NamedTuple):
    """What an epoch brought: its number from 1, the mean training loss, the validation score, and the parameters.

    `score` is None without validation rows; `theta`, (n_parameters,), is the training's own array: copy what you keep.
    """

    number: int
    loss: float
    score: float | None
    theta: Array


@dataclass(frozen=True)
class Task:
    """One network to train.

    Attributes
    ----------
    settings : Hyperparameters
    key : tuple of int
        Names its random stream.
    fold : int
        Which X and Y of the data are its own.
    train_rows, validation_rows : (n,) arrays of int
        Rows to learn from, and rows that are scored after every epoch; the latter may be empty.
    kept : (r,) array of int
        Places among the validation rows whose outputs are kept after every epoch.
    start : State, optional
        Where an earlier training ended. The epochs that the settings plan come on top, with a schedule of their own.
    """

    settings: Hyperparameters
    key: tuple[int, ...]
    fold: int
    train_rows: Array
    validation_rows: Array
    kept: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    start: State | None = None


@dataclass
class Trained:
    """What came out of one task.

    Attributes
    ----------
    state : str
        "done", "stopped early" (no better validation score for `n_iter_no_change` epochs), "diverged", or "failed",
        which is the caller's to say.
    reason : str
        In words, for a state other than "done".
    theta : (n_parameters,) array
        Parameters of the epoch with the best validation score, or of the last epoch without validation rows.
    curve : (epochs,) array
        Validation score after each epoch, greater is better; empty without validation rows.
    losses : (epochs,) array
        Mean training loss in each epoch.
    best_epoch : int
        The epoch, counted from 1, that `theta` is from.
    seconds : float
        Its share of the time.
    outputs : (epochs, r, n[L]) array
        Raw scores Z[L] of the rows kept, after each epoch.
    end : State, optional
        From which another training can go on; None after L-BFGS.
    """

    state: str
    reason: str
    theta: Array
    curve: Array
    losses: Array
    best_epoch: int
    seconds: float
    outputs: Array
    end: State | None = None


def networks_at_once(plan: Plan, settings: Hyperparameters) -> int:
    """How many networks of this plan to train in one call."""
    if settings.solved:
        return 1
    units = plan.n_in + sum(2 * block.n_out * block.copies for block in plan.blocks)
    bytes_each = 4 * (4 * plan.n_parameters + units * int(settings.batch_size))
    return int(np.clip(MEMORY_BYTES // bytes_each, 1, MOST_AT_ONCE))


def layer_inputs(plan: Plan, theta: Array, X: Array) -> NDArray[np.float64]:
    """A[0] of layer 1, (m, n[0]): the inputs X, (m, n_in), past the pieces before layer 1.

    Of members that share the layers the first.
    """
    x = np.asarray(X, dtype=np.float64)
    shared = plan.members > 1
    pieces = len(plan.pieces) - shared
    if pieces:
        x = Scorer(plan, Processor(), np.float64, block=pieces - 1).take(theta).scores(x)
    return np.asarray(x * plan.named(theta)["member_scale"][0] if shared else x)


def train(
    plan: Plan,
    tasks: Sequence[Task],
    data: Data,
    judge: Judge,
    stop: Stop,
    threads: int = 1,
    callback: Callback | None = None,
) -> list[Trained]:
    """Train networks that share plan, solver, batch size and number of epochs; results in the order of the tasks.

    Parameters
    ----------
    plan : Plan
    tasks : sequence of Task
    data : Data
        In float32.
    judge : callable
        Scores a network's outputs on its validation rows.
    stop : Stop
        Looked at several times a second.
    threads : int, default 1
        How many may work for one network, where its layers are wide enough; changes no bit.
    callback : callable, optional
        Told of every epoch of the first network; what it gives back says whether training is to stop there.

    Raises
    ------
    Stopped
        `stop` asked for it; nothing is returned.
    """
    # a network that overflows is found by its loss and named; NumPy need not warn of it
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        if tasks[0].settings.solved:
            return [_solve(plan, task, data, judge, stop) for task in tasks]
        return Trainer(plan, tasks, data, judge, stop, threads, callback).run()


class Trainer:
    """Minibatch training of a population; networks leave it as they stop.

    Parameters are those of `train`.
    """

    def __init__(
        self,
        plan: Plan,
        tasks: Sequence[Task],
        data: Data,
        judge: Judge,
        stop: Stop,
        threads: int,
        callback: Callback | None,
    ) -> None:
        self.plan, self.tasks, self.data, self.judge, self.stop = plan, tasks, data, judge, stop
        self.threads, self.callback = threads, callback
        self.epochs, self.batch_size = tasks[0].settings.max_iter, int(tasks[0].settings.batch_size)
        self.results: list[Trained | None] = [None] * len(tasks)
        self.generators = [stream(task.key) for task in tasks]
        self.active = np.arange(len(tasks))
        theta = np.stack([_initial(plan, task, data, g) for task, g in zip(tasks, self.generators, strict=True)])
        theta = theta.astype(np.float32)
        self.best_theta = theta.copy()
        self.best_score = np.full(len(tasks), -np.inf)
        self.best_epoch = np.zeros(len(tasks), dtype=int)
        self.curves: list[list[float]] = [[] for _ in tasks]
        self.losses: list[list[float]] = [[] for _ in tasks]
        self.steps = [0 for _ in tasks]
        # epochs of an earlier training: patience begins anew
        self.before = [len(task.start.losses) if task.start else 0 for task in tasks]
        self.outputs: list[list[Array]] = [[] for _ in tasks]
        self.seconds = np.zeros(len(tasks))
        folds = {task.fold: data.examples(task.fold) for task in tasks}
        self.examples = [folds[task.fold] for task in tasks]
        # the last batch takes the remainder: between half a batch and one and a half
        self.n_steps = [max(1, round(len(task.train_rows) / self.batch_size)) for task in tasks]
        self.dropouts = [self._dropouts(i) for i in range(len(tasks))]
        self.settings = [self._settings(i) for i in range(len(tasks))]
        dropout = plan.architecture.L > 1 and any(task.settings.dropout for task in tasks)
        longest = max(
            len(task.train_rows) - self.batch_size * (n - 1) for task, n in zip(tasks, self.n_steps, strict=True)
        )
        most = max(longest, self.batch_size if max(self.n_steps) > 1 else 0)
        blueprint = Blueprint(plan, max(most, ROWS_AT_ONCE), self.batch_size, tasks[0].settings.solver, dropout)
        self.population = Population(blueprint, theta, Processor())
        for i, task in enumerate(tasks):
            if task.start is not None:
                self._go_on_from(i, task.start)

    def _go_on_from(self, i: int, start: State) -> None:
        """Put a network where an earlier training ended."""
        self.population.theta[i], self.population.m[i], self.population.v[i] = start.theta, start.m, start.v
        self.generators[i].bit_generator.state = start.generator
        self.losses[i], self.curves[i], self.steps[i] = list(start.losses), list(start.curve), start.steps
        self.best_theta[i], self.best_epoch[i] = start.best_theta, start.best_epoch
        if start.curve:
            self.best_score[i] = max(start.curve)

    def _dropouts(self, i: int) -> Array:
        """The dropout of every step of a network, (epochs × steps,)."""
        settings = self.tasks[i].settings
        return settings.dropout * factors(settings.dropout_schedule, self.n_steps[i] * self.epochs)

    def _settings(self, i: int) -> Array:
        """The settings of every step of a network, (epochs × steps, len(SETTINGS))."""
        task = self.tasks[i]
        s, n = task.settings, self.n_steps[i] * self.epochs
        total = self.data.w[task.train_rows].sum(dtype=np.float64)
        times = np.arange(1, n + 1) + (task.start.steps if task.start else 0)
        columns = {
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
        for epoch in range(self.epochs):
            self.stop.check()
            start = time.perf_counter()
            losses = self._epoch(epoch)
            scores = [self._score(p, i) for p, i in self._active()]
            self.seconds[self.active] += (time.perf_counter() - start) / len(self.active)
            self._record(losses, scores)
            if not len(self.active):
                break
        for p, i in self._active():
            self._finish(i, p, "done", "")
        return [result for result in self.results if result is not None]

    def _epoch(self, epoch: int) -> Array:
        """Take the steps of one epoch; the mean training loss of each active network, (P,)."""
        return self.population.run([self._steps(i, epoch) for i in self.active.tolist()], self.threads, self.stop.check)

    def _steps(self, i: int, epoch: int) -> Steps:
        """The steps of a network in an epoch: its rows in a new order, and new numbers for dropout."""
        task, n, generator = self.tasks[i], self.n_steps[i], self.generators[i]
        rows = generator.permutation(task.train_rows).astype(np.int64, copy=False)
        keys = np.zeros((n, self.plan.architecture.L), dtype=np.uint64)
        if task.settings.dropout:
            keys[:, 0] = (self.dropouts[i][epoch * n : (epoch + 1) * n] * 2**32).astype(np.uint64)
            keys[:, 1:] = generator.integers(2**32, size=(n, keys.shape[1] - 1), dtype=np.uint64)
        settings = self.settings[i][epoch * n : (epoch + 1) * n]
        return Steps(self.examples[i], rows, self.batch_size, settings, keys)

    def _score(self, p: int, i: int) -> float | None:
        task = self.tasks[i]
        if not len(task.validation_rows):
            return None
        scores = self.population.scores(p, self.examples[i].X, task.validation_rows, self.stop.check)
        if not np.isfinite(scores).all():
            return float("nan")
        self.outputs[i].append(scores[task.kept])
        return self.judge(task.fold, task.validation_rows, scores)

    def _record(self, losses: Array, scores: list[float | None]) -> None:
        """Note what an epoch brought, and let go of those that are finished."""
        keep = []
        for p, i in self._active():
            task, score, epoch = self.tasks[i], scores[p], len(self.losses[i])
            patience = task.settings.patience(len(task.train_rows))
            self.steps[i] += self.n_steps[i]
            if not np.isfinite(losses[p]) or (score is not None and not np.isfinite(score)):
                what = "training loss" if not np.isfinite(losses[p]) else "validation score"
                self._finish(i, p, "diverged", f"{what} not finite in epoch {epoch + 1}: {self._cause(p, i)}")
                continue
            self.losses[i].append(float(losses[p]))
            if score is None:
                self.best_epoch[i] = epoch + 1
            else:
                self.curves[i].append(score)
                if score > self.best_score[i]:
                    self.best_score[i], self.best_epoch[i] = score, epoch + 1
                    self.best_theta[i] = self.population.theta[p]
                elif epoch + 1 - max(self.best_epoch[i], self.before[i]) >= patience:
                    self._finish(i, p, "stopped early", f"no better score for {patience} epochs")
                    continue
            if i == 0 and self.callback is not None:
                told = Epoch(epoch + 1, float(losses[p]), score, self.population.theta[p])
                if self.callback(told):
                    self._finish(i, p, "stopped early", "the callback asked for it")
                    continue
            keep.append(p)
        if len(keep) < len(self.active):
            self.active = self.active[keep]
            self.population.keep(keep)

    def _cause(self, p: int, i: int) -> str:
        """Where a network that diverged overflowed, what the likely cause is, and what to do."""
        largest = float(np.abs(self.examples[i].X[self.tasks[i].train_rows]).max())
        place = self.population.overflow(p)
        where = f"{place} overflows" if place else "the loss overflows"
        if not largest < LARGE_INPUT:
            return f"{where}, with inputs up to {largest:.3g}; scale the inputs"
        return (
            f"{where} at learning rate {self.tasks[i].settings.learning_rate_init:.3g}, with inputs up to "
            f"{largest:.3g}; lower learning_rate_init"
        )

    def _finish(self, i: int, p: int, state: str, reason: str) -> None:
        scored = len(self.tasks[i].validation_rows) > 0
        theta = self.best_theta[i] if scored else self.population.theta[p]
        self.results[i] = Trained(
            state,
            reason,
            theta.copy(),
            np.array(self.curves[i]),
            np.array(self.losses[i]),
            int(self.best_epoch[i]),
            float(self.seconds[i]),
            _stacked(self.outputs[i][: len(self.curves[i])], self.tasks[i], self.plan),
            self._state(i, p),
        )

    def _state(self, i: int, p: int) -> State:
        """Where a network stands."""
        own = self.population
        generator = self.generators[i].bit_generator.state
        losses, curve = tuple(self.losses[i]), tuple(self.curves[i])
        best = self.best_theta[i].copy() if curve else own.theta[p].copy()
        theta, m, v = (array[p].copy() for array in (own.theta, own.m, own.v))
        return State(theta, m, v, self.steps[i], generator, losses, curve, best, int(self.best_epoch[i]))


def _initial(plan: Plan, task: Task, data: Data, generator: np.random.Generator) -> Array:
    """Initial parameters of a network."""
    return plan.initial(generator, data.X[task.fold, task.train_rows] if plan.fitted else None)


def _stacked(outputs: list[Array], task: Task, plan: Plan) -> Array:
    """The outputs kept after each epoch as one array, (epochs, r, n[L])."""
    shape = (len(outputs), len(task.kept), plan.blocks[-1].n_out)
    return np.array(outputs, np.float32).reshape(shape)


def _solve(plan: Plan, task: Task, data: Data, judge: Judge, stop: Stop) -> Trained:
    """Solve one network by L-BFGS on the mean loss over all its rows, in float64.

    J(W, b) = (1/Σw) Σ_i w_i loss_i + alpha / (2 Σw) ‖W‖²; from zeros for L = 1, where J is convex.
    """
    start = time.perf_counter()
    settings = task.settings
    rows = np.arange(len(task.train_rows))
    X, Y = (array[task.fold, task.train_rows].astype(np.float64) for array in (data.X, data.Y))
    w = data.w[task.train_rows].astype(np.float64)
    convex = plan.architecture.L == 1
    initial = _initial(plan, task, data, stream(task.key))
    theta = np.where(plan.penalised > 0, 0.0, initial) if convex else initial
    if task.start is not None:
        theta = task.start.theta.astype(np.float64)
    backend = Processor()
    population = Population(Blueprint(plan, len(rows)), theta[None], backend)
    penalty = settings.alpha / w.sum() * plan.penalised
    step = Steps(Examples(X, Y, w), rows, len(rows), np.zeros((1, len(SETTINGS))), np.zeros((1, 1), np.uint64))

    def objective(theta: Array) -> tuple[float, Array]:
        stop.check()
        population.theta[0] = theta
        (loss,) = population.run([step])
        return float(loss + 0.5 * np.sum(penalty * theta**2)), population.gradient[0] + penalty * theta

    iterations = LBFGS_ITERATIONS_PER_EPOCH * settings.max_iter
    found = minimize(
        objective,
        theta,
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": iterations,
            "maxfun": 2 * iterations,
            "maxcor": LBFGS_MEMORY,
            "gtol": GRADIENT_TOLERANCE,
            "ftol": 10 * np.finfo(float).eps,
        },
    )
    theta = found.x.astype(np.float32)
    state, reason = "done", ""
    curve: list[float] = []
    outputs: list[Array] = []
    if not np.isfinite(found.fun) or not np.isfinite(theta).all():
        state, reason = "diverged", "the loss became infinite or undefined under L-BFGS: scale the inputs"
    elif len(task.validation_rows):
        scores = Scorer(plan, backend).take(theta).scores(data.X[task.fold], task.validation_rows)
        curve, outputs = [judge(task.fold, task.validation_rows, scores)], [scores[task.kept]]
        if not np.isfinite(curve).all():
            state, reason, curve, outputs = "diverged", f"validation score is {curve[0]}", [], []
    return Trained(
        state,
        reason,
        theta,
        np.array(curve),
        np.array([float(found.fun)]),
        1,
        time.perf_counter() - start,
        _stacked(outputs, task, plan),
    )

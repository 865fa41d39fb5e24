"""Training: from a plan, data and settings to trained networks.

`train` takes networks that share their plan, batch size and number of epochs, and returns each one's parameters
and its scores by epoch. Small networks train as a population, step by step together; L = 1 and whatever else asks
for L-BFGS is solved over all rows in float64, one network at a time. The caller decides how many come at once: it
changes the time that training takes and no bit of what comes out.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from leadline.training.blocks import Dropout, Plan
from leadline.training.hyperparameters import Hyperparameters
from leadline.training.kernels import step_kernel
from leadline.training.limits import Stop, one_blas_thread
from leadline.training.population import Data, Population, Scorer, runs_of_equal_length
from leadline.training.streams import learning_rates, stream

__all__ = ["Judge", "Task", "Trained", "networks_at_once", "train"]

Array = NDArray[Any]

Judge = Callable[[int, Array, Array], float]
"""(fold, rows, scores Z[L] of those rows (m, n[L])) -> score of a network, greater is better."""

# L-BFGS stops when no entry of the gradient of the mean loss exceeds this; coefficients then agree with other
# solvers to about 1e-4 relative (see tests/test_linear.py).
GRADIENT_TOLERANCE = 1e-6
LBFGS_ITERATIONS_PER_EPOCH = 10
LBFGS_MEMORY = 20

# Working set of the networks that step together on one thread. Past the second-level cache, company costs more than it
# saves; half a megabyte to two is what a core has.
CACHE_BYTES = 1 << 20
MOST_AT_ONCE = 32


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
    """

    settings: Hyperparameters
    key: tuple[int, ...]
    fold: int
    train_rows: Array
    validation_rows: Array


@dataclass
class Trained:
    """What came out of one task.

    Attributes
    ----------
    state : str
        "done", "stopped early" (no better validation score for `n_iter_no_change` epochs) or "diverged".
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
    """

    state: str
    reason: str
    theta: Array
    curve: Array
    losses: Array
    best_epoch: int
    seconds: float


def networks_at_once(plan: Plan, settings: Hyperparameters) -> int:
    """How many networks of this plan may step together on a thread before they crowd its cache."""
    units = plan.n_in + sum(2 * block.n_out for block in plan.blocks)
    if settings.solved:
        return 1
    bytes_each = 4 * (4 * plan.n_parameters + units * int(settings.batch_size))
    return int(np.clip(CACHE_BYTES // bytes_each, 1, MOST_AT_ONCE))


def train(plan: Plan, tasks: Sequence[Task], data: Data, judge: Judge, stop: Stop) -> list[Trained]:
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
        Looked at after every epoch.

    Raises
    ------
    Stopped
        `stop` asked for it; nothing is returned.
    """
    # a network that overflows is found by its loss and named; NumPy need not warn of it
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        if tasks[0].settings.solved:
            return [_solve(plan, task, data, judge, stop) for task in tasks]
        return _Trainer(plan, tasks, data, judge, stop).run()


class _Trainer:
    """Minibatch training of a population; networks leave it as they stop."""

    def __init__(self, plan: Plan, tasks: Sequence[Task], data: Data, judge: Judge, stop: Stop) -> None:
        self.plan, self.data, self.judge, self.stop = plan, data, judge, stop
        self.epochs, self.batch_size = tasks[0].settings.max_iter, int(tasks[0].settings.batch_size)
        # neighbours in order of length step together most of the time
        self.order = sorted(range(len(tasks)), key=lambda i: len(tasks[i].train_rows))
        self.tasks = [tasks[i] for i in self.order]
        self.results: list[Trained | None] = [None] * len(tasks)
        self.generators = [stream(task.key) for task in self.tasks]
        self.active = np.arange(len(tasks))
        theta = np.stack([plan.initial(generator) for generator in self.generators]).astype(np.float32)
        self.m, self.v = np.zeros_like(theta), np.zeros_like(theta)
        self.best_theta = theta.copy()
        self.best_score = np.full(len(tasks), -np.inf)
        self.best_epoch = np.zeros(len(tasks), dtype=int)
        self.curves: list[list[float]] = [[] for _ in tasks]
        self.losses: list[list[float]] = [[] for _ in tasks]
        self.seconds = np.zeros(len(tasks))
        self.n_rows = np.array([len(task.train_rows) for task in self.tasks])
        # the last batch takes the remainder: between half a batch and one and a half
        self.n_steps = np.maximum(1, np.round(self.n_rows / self.batch_size).astype(int))
        self.rates = np.zeros((len(tasks), self.n_steps.max() * self.epochs))
        for rates, task, n in zip(self.rates, self.tasks, self.n_steps, strict=True):
            rates[: n * self.epochs] = learning_rates(task.settings, n * self.epochs)
        self.step = step_kernel(tasks[0].settings.solver, np.float32)
        self.segments = np.array(plan.bounds)
        self.rate_factors = np.array([spec.rate_factor for spec in plan.specs], dtype=np.float32)
        self.decays = np.array([spec.decay for spec in plan.specs], dtype=np.float32)
        self.scorer = Scorer(plan)
        self._populate(theta)

    def _active(self) -> list[tuple[int, int]]:
        """(place in the population, index of the task) of each network that is still training."""
        return list(enumerate(self.active.tolist()))

    def _populate(self, theta: Array) -> None:
        """Set up the population of the networks that are still active."""
        last = self.n_rows[self.active] - (self.n_steps[self.active] - 1) * self.batch_size
        most = max(int(last.max()), self.batch_size if self.n_steps[self.active].max() > 1 else 0)
        self.population = Population(self.plan, theta, most)
        tasks = [self.tasks[i] for i in self.active]
        self.fold = np.array([task.fold for task in tasks])
        rates = np.array([task.settings.dropout for task in tasks])
        self.dropout_rates = rates if rates.any() and self.plan.architecture.L > 1 else None
        settings = np.zeros((len(tasks), 10))
        for row, task in zip(settings, tasks, strict=True):
            s = task.settings
            total = self.data.w[task.train_rows].sum(dtype=np.float64)
            row[1:6] = s.beta_1, 1 - s.beta_1, s.beta_2, 1 - s.beta_2, s.epsilon
            row[8:] = s.weight_decay, s.alpha / total
        self.settings = settings
        self.settings32 = settings.astype(np.float32)

    def run(self) -> list[Trained]:
        for epoch in range(self.epochs):
            self.stop.check()
            start = time.perf_counter()
            losses = self._epoch(epoch)
            scores = [self._score(p, i) for p, i in self._active()]
            self.seconds[self.active] += (time.perf_counter() - start) / len(self.active)
            self._record(epoch, losses, scores)
            if not len(self.active):
                break
        for p, i in self._active():
            self._finish(i, p, "done", "")
        return [result for _, result in sorted(zip(self.order, self.results, strict=True))]  # type: ignore[misc]

    def _epoch(self, epoch: int) -> Array:
        """Take the steps of one epoch; the mean training loss of each active network, (P,)."""
        population, active = self.population, self.active
        n_rows, n_steps = self.n_rows[active], self.n_steps[active]
        rows = np.zeros((len(active), n_rows.max()), dtype=np.int64)
        keys = np.zeros((n_steps.max(), self.plan.architecture.L - 1, len(active)), dtype=np.uint64)
        for p, i in enumerate(active):
            generator = self.generators[i]
            rows[p, : n_rows[p]] = generator.permutation(self.tasks[i].train_rows)
            if self.tasks[i].settings.dropout:
                shape = (n_steps[p], keys.shape[1])
                keys[: n_steps[p], :, p] = generator.integers(2**32, size=shape, dtype=np.uint64)
        total = np.zeros(len(active))
        losses = np.zeros(len(active))
        for step in range(n_steps.max()):
            start = step * self.batch_size
            lengths = np.where(step < n_steps - 1, self.batch_size, np.where(step < n_steps, n_rows - start, 0))
            times = epoch * n_steps + step + 1
            self._set_step(times)
            for part, m in runs_of_equal_length(lengths):
                population.loss_and_gradient(
                    self.data,
                    self.fold[part],
                    rows[part, start : start + m],
                    part,
                    losses[part],
                    self._dropout(keys[step], part),
                )
                self.step(
                    population.theta[part],
                    population.gradient[part],
                    self.m[part],
                    self.v[part],
                    self.segments,
                    self.rate_factors,
                    self.decays,
                    self.settings32[part],
                )
                total[part] += losses[part] * m
        return np.asarray(total / n_rows)

    def _set_step(self, times: Array) -> None:
        """Write the learning rate and the corrections of Adam's moments at step `times`, (P,), counted from 1."""
        self.settings32[:, 0] = self.rates[self.active, np.minimum(times - 1, self.rates.shape[1] - 1)]
        self.settings32[:, 6] = 1.0 / (1.0 - self.settings[:, 1] ** times)
        self.settings32[:, 7] = 1.0 / (1.0 - self.settings[:, 3] ** times)

    def _dropout(self, keys: Array, part: slice) -> Dropout | None:
        if self.dropout_rates is None:
            return None
        rates = self.dropout_rates[part]
        thresholds = (rates * 2**32).astype(np.uint64)
        return Dropout(keys[:, part], thresholds, (1.0 / (1.0 - rates)).astype(np.float32))

    def _score(self, p: int, i: int) -> float | None:
        task = self.tasks[i]
        if not len(task.validation_rows):
            return None
        scores = self.scorer.scores(self.population.theta[p], self.data.X[task.fold], task.validation_rows)
        return self.judge(task.fold, task.validation_rows, scores) if np.isfinite(scores).all() else float("nan")

    def _record(self, epoch: int, losses: Array, scores: list[float | None]) -> None:
        """Note what an epoch brought, and let go of those that are finished."""
        keep = []
        for p, i in self._active():
            settings, score = self.tasks[i].settings, scores[p]
            if not np.isfinite(losses[p]) or (score is not None and not np.isfinite(score)):
                what = "training loss" if not np.isfinite(losses[p]) else "validation score"
                reason = (
                    f"{what} not finite in epoch {epoch + 1} at learning rate "
                    f"{settings.learning_rate_init:.3g}: lower learning_rate_init, or scale the inputs"
                )
                self._finish(i, p, "diverged", reason)
                continue
            self.losses[i].append(float(losses[p]))
            if score is None:
                self.best_epoch[i] = epoch + 1
            else:
                self.curves[i].append(score)
                if score > self.best_score[i]:
                    self.best_score[i], self.best_epoch[i] = score, epoch + 1
                    self.best_theta[i] = self.population.theta[p]
                elif epoch + 1 - self.best_epoch[i] >= settings.n_iter_no_change:
                    self._finish(i, p, "stopped early", f"no better score for {settings.n_iter_no_change} epochs")
                    continue
            keep.append(p)
        if len(keep) < len(self.active):
            self.active = self.active[keep]
            if keep:
                self.m, self.v = self.m[keep], self.v[keep]
                self._populate(self.population.theta[keep])

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
        )


def _solve(plan: Plan, task: Task, data: Data, judge: Judge, stop: Stop) -> Trained:
    """Solve one network by L-BFGS on the mean loss over all its rows, in float64.

    J(W, b) = (1/Σw) Σ_i w_i loss_i + alpha / (2 Σw) ‖W‖²; from zeros for L = 1, where J is convex.
    """
    start = time.perf_counter()
    settings = task.settings
    rows = np.arange(len(task.train_rows))
    own = Data(
        data.X[[task.fold]][:, task.train_rows].astype(np.float64),
        data.Y[[task.fold]][:, task.train_rows].astype(np.float64),
        data.w[task.train_rows].astype(np.float64),
    )
    convex = plan.architecture.L == 1
    initial = plan.initial(stream(task.key))
    theta = np.where(plan.penalised > 0, 0.0, initial) if convex else initial
    population = Population(plan, theta[None].copy(), len(rows))
    penalty = settings.alpha / own.w.sum() * plan.penalised
    fold, loss, only = np.zeros(1, dtype=np.int64), np.zeros(1), slice(0, 1)
    population.gather(own, fold, rows[None], only)

    def objective(theta: Array) -> tuple[float, Array]:
        stop.check()
        population.theta[0] = theta
        population.differentiate(own, fold, rows[None], only, loss)
        return float(loss[0] + 0.5 * np.sum(penalty * theta**2)), population.gradient[0] + penalty * theta

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
    if not np.isfinite(found.fun) or not np.isfinite(theta).all():
        state, reason = "diverged", "the loss became infinite or undefined under L-BFGS: scale the inputs"
    elif len(task.validation_rows):
        scores = Scorer(plan).scores(theta, data.X[task.fold], task.validation_rows)
        curve = [judge(task.fold, task.validation_rows, scores)]
        if not np.isfinite(curve).all():
            state, reason, curve = "diverged", f"validation score is {curve[0]}", []
    return Trained(state, reason, theta, np.array(curve), np.array([float(found.fun)]), 1, time.perf_counter() - start)

"""One network trained in the way of scikit-learn's `MLPClassifier` and `MLPRegressor`, by the kernels of all others.

It differs from `trainer` in what a script for those relies on: minibatches are cut one after the other, and the last
one is what is left; the L2 penalty is one of each minibatch; nothing is planned, so a learning rate may follow from
what an epoch brought, and the caller says after every epoch whether there is another one.

Scikit-learn's SGD moves along a velocity v, and so do our optimisers, along m = −v/α:

    v := μ v − α g;   θ := θ + v               m := μ m + g;   θ := θ − α m
    v := μ v − α g;   θ := θ + μ v − α g       m := μ m + g;   θ := θ − α (g + μ m)      (Nesterov)

so m is divided by the factor by which α is multiplied. Its Adam adds ε to √v before v is corrected:

    θ := θ − α √(1 − β₂ᵗ)/(1 − β₁ᵗ) m / (√v + ε)

which is Adam of `network.optimisers` with ε/√(1 − β₂ᵗ) in the place of ε.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

from leadline.training.blocks import Plan
from leadline.training.cpu import Processor
from leadline.training.population import ROWS_AT_ONCE, Blueprint, Population, Steps
from leadline.training.program import SETTINGS
from leadline.training.rows import Examples

__all__ = ["Descent", "DescentState", "UpdateRule", "minimise"]

Array = NDArray[Any]

# An adaptive learning rate is divided by the first number, and no more once it is at the second or below.
ADAPTIVE_FACTOR, SMALLEST_RATE = 5.0, 1e-6


@dataclass(frozen=True)
class UpdateRule:
    """How parameters move, in scikit-learn's terms; each name means what it means there.

    Attributes
    ----------
    solver : {"adam", "sgd"}
    alpha : float
    learning_rate : {"constant", "invscaling", "adaptive"}
        For "sgd" only.
    learning_rate_init, power_t, momentum : float
    nesterovs_momentum : bool
    beta_1, beta_2, epsilon : float
    """

    solver: str
    alpha: float
    learning_rate: str
    learning_rate_init: float
    power_t: float
    momentum: float
    nesterovs_momentum: bool
    beta_1: float
    beta_2: float
    epsilon: float

    @property
    def optimiser(self) -> str:
        """The name in `leadline.network.OPTIMISERS`."""
        if self.solver == "adam":
            return "adam"
        return "nesterov" if self.nesterovs_momentum else "momentum"


@dataclass
class DescentState:
    """Where an optimiser stands, so that it can go on from there.

    Attributes
    ----------
    learning_rate : float
    m, v : (n_parameters,) arrays
        Its moments.
    steps : int
        Steps taken.
    """

    learning_rate: float
    m: Array
    v: Array
    steps: int = 0


class Descent:
    """A network that is trained epoch by epoch.

    Parameters
    ----------
    plan : Plan
    theta : (n_parameters,) array
        Where it begins; its precision is that of the training.
    examples : Examples
        In that precision.
    rule : UpdateRule
    batch_size : int
    state : DescentState, optional
        Where the optimiser stood.
    threads : int, default 1
        How many may work where layers are wide enough; changes no bit.
    """

    def __init__(
        self,
        plan: Plan,
        theta: Array,
        examples: Examples,
        rule: UpdateRule,
        batch_size: int,
        state: DescentState | None = None,
        threads: int = 1,
    ) -> None:
        self.rule, self.examples, self.batch_size, self.threads = rule, examples, batch_size, threads
        self._layers, self._penalised = plan.architecture.L, plan.penalised
        blueprint = Blueprint(plan, max(batch_size, ROWS_AT_ONCE), batch_size, rule.optimiser)
        self._population = Population(blueprint, theta[None], Processor())
        self._rate, self._steps = float(rule.learning_rate_init), 0
        if state is not None:
            self._rate, self._steps = state.learning_rate, state.steps
            self._population.m[0], self._population.v[0] = state.m, state.v

    @property
    def theta(self) -> Array:
        """The parameters, (n_parameters,); the training's own array."""
        return np.asarray(self._population.theta[0])

    def state(self) -> DescentState:
        """Where the optimiser stands."""
        return DescentState(self._rate, self._population.m[0].copy(), self._population.v[0].copy(), self._steps)

    def epoch(self, rows: Array, tol: float = 0.0) -> tuple[float, float]:
        """Take an epoch's steps on these rows of the examples, (n,), in their order.

        Returns
        -------
        loss : float
            The mean of the rows, each as the network was when it came; not finite if that of a step was not, before
            which it stopped.
        penalty : float
            What the L2 penalty adds to that. Where it is below `tol`, that of the parameters at the beginning and the
            end on average is taken for it, which is much nearer than that.
        """
        starts = np.arange(0, len(rows), self.batch_size)
        weights = np.add.reduceat(self.examples.w[rows].astype(np.float64), starts)
        factors = 0.5 * self.rule.alpha * np.diff([*starts, len(rows)]) / len(rows) / weights
        settings = self._settings(weights)
        self._steps += len(starts)
        before = self._squares()
        if factors.sum() * before <= tol:
            loss = self._take(rows, settings)
            return loss, factors.sum() * 0.5 * (before + self._squares())
        loss = penalty = 0.0
        for i, start in enumerate(starts):
            own = rows[start : start + self.batch_size]
            penalty += factors[i] * self._squares()
            loss += self._take(own, settings[i : i + 1]) * len(own) / len(rows)
            if not np.isfinite(loss):
                break
        return loss, penalty

    def _take(self, rows: Array, settings: Array) -> float:
        """Take steps on these rows; their mean loss."""
        keys = np.zeros((len(settings), self._layers), np.uint64)
        steps = Steps(self.examples, rows, self.batch_size, settings, keys)
        return float(self._population.run([steps], self.threads)[0])

    def scores(self, rows: Array) -> Array:
        """Raw scores Z[L], (m, n[L]), of some rows of the examples."""
        return self._population.scores(0, self.examples, rows)

    def epoch_ended(self, seen: int) -> None:
        """Set the learning rate that follows from the number of rows seen so far, which "invscaling" does."""
        if self.rule.solver == "sgd" and self.rule.learning_rate == "invscaling":
            self._set_rate(self.rule.learning_rate_init / (seen + 1) ** self.rule.power_t)

    def may_go_on(self) -> bool:
        """Whether a training that no longer improves goes on, with a lower rate, which "adaptive" does."""
        adaptive = self.rule.solver == "sgd" and self.rule.learning_rate == "adaptive"
        if not adaptive or self._rate <= SMALLEST_RATE:
            return False
        self._set_rate(self._rate / ADAPTIVE_FACTOR)
        return True

    @property
    def learning_rate(self) -> float:
        """α of the next step."""
        return self._rate

    def _set_rate(self, rate: float) -> None:
        self._population.m[0] *= self._rate / rate
        self._rate = rate

    def _squares(self) -> float:
        """‖W‖² of all layers."""
        return float(np.sum(self._penalised * self.theta.astype(np.float64) ** 2))

    def _settings(self, weights: Array) -> Array:
        """The settings of the steps whose minibatches have these weights, (steps, len(SETTINGS))."""
        rule, n = self.rule, len(weights)
        times = self._steps + np.arange(1, n + 1)
        adam = rule.solver == "adam"
        beta_1 = rule.beta_1 if adam else rule.momentum
        correction_2 = 1 / (1 - rule.beta_2**times)
        columns: dict[str, Any] = {
            "rate": self._rate,
            "beta_1": beta_1,
            "rest_1": 1 - beta_1,
            "beta_2": rule.beta_2,
            "rest_2": 1 - rule.beta_2,
            "epsilon": rule.epsilon * np.sqrt(correction_2),
            "correction_1": 1 / (1 - beta_1**times) if adam else 1.0,
            "correction_2": correction_2,
            "decay": 0.0,
            "penalty": rule.alpha / weights,
            "scale": 1.0,
        }
        settings = np.stack([np.broadcast_to(columns[name], n) for name in SETTINGS], axis=1)
        return np.ascontiguousarray(settings, self.theta.dtype)


def minimise(
    plan: Plan,
    theta: Array,
    examples: Examples,
    alpha: float,
    options: dict[str, Any],
    told: Callable[[float], None] | None = None,
) -> OptimizeResult:
    """The least mean loss over all rows with the L2 penalty, J = (1/Σw) (Σ_i w_i loss_i + alpha/2 ‖W‖²), by L-BFGS.

    Parameters
    ----------
    plan : Plan
    theta : (n_parameters,) array
        Where it begins.
    examples : Examples
        Of n rows, in float64.
    alpha : float
    options : dict
        Those of SciPy's L-BFGS-B.
    told : callable, optional
        Told of J after every iteration.
    """
    rows = np.arange(len(examples.X))
    population = Population(Blueprint(plan, len(rows)), np.asarray(theta, np.float64)[None], Processor())
    penalty = alpha / examples.w.sum() * plan.penalised
    step = Steps(examples, rows, len(rows), np.zeros((1, len(SETTINGS))), np.zeros((1, 1), np.uint64))

    def objective(theta: Array) -> tuple[float, Array]:
        population.theta[0] = theta
        (loss,) = population.run([step])
        return float(loss + 0.5 * np.sum(penalty * theta**2)), population.gradient[0] + penalty * theta

    def callback(intermediate_result: OptimizeResult) -> None:
        if told is not None:
            told(float(intermediate_result.fun))

    start = population.theta[0].copy()
    return minimize(objective, start, jac=True, method="L-BFGS-B", options=options, callback=callback)

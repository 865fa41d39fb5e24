"""Optimisers and schedules: how parameters move, one small record each.

An optimiser's step is written once for a single parameter θ with gradient g and two running numbers m and v, valid for
scalars and arrays like g and g′ of the activations; training compiles the same function into one fused pass over all
parameters of all networks.

    gradient descent   θ := θ − α g
    momentum           m := β₁ m + g;                                  θ := θ − α m              (Polyak 1964)
    Nesterov           m := β₁ m + g;                                  θ := θ − α (g + β₁ m)     (Nesterov 1983)
    RMSprop            v := β₂ v + (1 − β₂) g²;                        θ := θ − α g / (√v + ε)   (Hinton 2012)
    Adam               m := β₁ m + (1 − β₁) g;  v := β₂ v + (1 − β₂) g²;
                       m̂ = m / (1 − β₁ᵗ);  v̂ = v / (1 − β₂ᵗ);          θ := θ − α m̂ / (√v̂ + ε)   (Kingma & Ba 2015)
    AdamW              Adam, and θ shrinks by α λ beside it            (Loshchilov & Hutter 2019)

Decoupled weight decay λ is applied by the caller of `step`, to any optimiser; "adamw" is "adam" under the name by which
people ask for it. A schedule is a factor on α as a function of the share t ∈ [0, 1) of the planned steps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError

__all__ = ["OPTIMISERS", "SCHEDULES", "Optimiser", "OptimiserState", "Schedule", "optimiser", "schedule"]

Step = Callable[..., tuple[Any, Any, Any]]


@dataclass(frozen=True)
class Optimiser:
    """One optimiser.

    Attributes
    ----------
    name : str
    step : callable
        (g, m, v, α, β₁, 1 − β₁, β₂, 1 − β₂, ε, 1/(1 − β₁ᵗ), 1/(1 − β₂ᵗ)) -> (change of θ, m, v), elementwise. The
        caller adds the change, so that weight decay can act on the same θ.
    """

    name: str
    step: Step


def _gradient_descent(
    g: Any, m: Any, v: Any, rate: Any, b1: Any, r1: Any, b2: Any, r2: Any, eps: Any, c1: Any, c2: Any
) -> tuple[Any, Any, Any]:
    return -rate * g, m, v


def _momentum(
    g: Any, m: Any, v: Any, rate: Any, b1: Any, r1: Any, b2: Any, r2: Any, eps: Any, c1: Any, c2: Any
) -> tuple[Any, Any, Any]:
    m = b1 * m + g
    return -rate * m, m, v


def _nesterov(
    g: Any, m: Any, v: Any, rate: Any, b1: Any, r1: Any, b2: Any, r2: Any, eps: Any, c1: Any, c2: Any
) -> tuple[Any, Any, Any]:
    m = b1 * m + g
    return -rate * (g + b1 * m), m, v


def _rmsprop(
    g: Any, m: Any, v: Any, rate: Any, b1: Any, r1: Any, b2: Any, r2: Any, eps: Any, c1: Any, c2: Any
) -> tuple[Any, Any, Any]:
    v = b2 * v + r2 * g * g
    return -rate * g / (np.sqrt(v) + eps), m, v


def _adam(
    g: Any, m: Any, v: Any, rate: Any, b1: Any, r1: Any, b2: Any, r2: Any, eps: Any, c1: Any, c2: Any
) -> tuple[Any, Any, Any]:
    m = b1 * m + r1 * g
    v = b2 * v + r2 * g * g
    return -(rate * c1) * m / (np.sqrt(v * c2) + eps), m, v


OPTIMISERS: Mapping[str, Optimiser] = MappingProxyType(
    {
        record.name: record
        for record in (
            Optimiser("gradient_descent", _gradient_descent),
            Optimiser("momentum", _momentum),
            Optimiser("nesterov", _nesterov),
            Optimiser("rmsprop", _rmsprop),
            Optimiser("adam", _adam),
            Optimiser("adamw", _adam),
        )
    }
)


def optimiser(name: str) -> Optimiser:
    """The record of the optimiser called `name`.

    Raises
    ------
    ParameterError
        No optimiser has that name.
    """
    try:
        return OPTIMISERS[name]
    except KeyError:
        raise ParameterError(f"optimiser must be one of {', '.join(OPTIMISERS)}; got {name!r}.") from None


class OptimiserState:
    """An optimiser at work on one array of parameters in float64, step by step: the specification of the fused pass.

    Parameters
    ----------
    name : str
        See `OPTIMISERS`.
    shape : tuple of int
        The shape of the parameters.
    beta_1, beta_2, epsilon : float
        As in the formulas above.
    weight_decay : float, default 0
        λ, decoupled.
    """

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self._step = optimiser(name).step
        self._m: Any = np.zeros(shape)
        self._v: Any = np.zeros(shape)
        self._t = 0
        self._settings = beta_1, beta_2, epsilon
        self._weight_decay = weight_decay

    def step(self, theta: NDArray[np.float64], gradient: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
        """The parameters after one more step with this gradient and learning rate; all arrays of one shape."""
        self._t += 1
        b1, b2, epsilon = self._settings
        corrections = 1.0 / (1.0 - b1**self._t), 1.0 / (1.0 - b2**self._t)
        change, self._m, self._v = self._step(
            gradient, self._m, self._v, rate, b1, 1.0 - b1, b2, 1.0 - b2, epsilon, *corrections
        )
        return np.asarray(theta - rate * self._weight_decay * theta + change)


@dataclass(frozen=True)
class Schedule:
    """One schedule.

    Attributes
    ----------
    name : str
    factor : callable
        Factor on the learning rate at the share t of the planned steps, 0 ≤ t < 1, elementwise.
    """

    name: str
    factor: Callable[[NDArray[np.float64]], NDArray[np.float64]]


# Of "one_cycle": the share of steps in which the rate rises, and the share of the highest rate with which it begins
# (Smith 2018, arXiv 1708.07120).
_RISE, _FIRST = 0.3, 0.04
# Of "warm_up": the share of steps in which the rate rises.
_WARM_UP = 0.1
# "step" falls by this factor at each of these shares.
_FALL, _FALLS_AT = 0.1, (0.5, 0.75)


def _half_cosine(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (1.0 + np.cos(np.pi * t))


SCHEDULES: Mapping[str, Schedule] = MappingProxyType(
    {
        record.name: record
        for record in (
            Schedule("constant", lambda t: np.ones_like(t)),
            Schedule("step", lambda t: _FALL ** np.sum([t >= share for share in _FALLS_AT], axis=0)),
            # Loshchilov & Hutter 2017, "SGDR", without restarts
            Schedule("cosine", _half_cosine),
            Schedule(
                "one_cycle",
                lambda t: np.where(
                    t < _RISE,
                    1.0 - (1.0 - _FIRST) * _half_cosine(t / _RISE),
                    _half_cosine((t - _RISE) / (1.0 - _RISE)),
                ),
            ),
            # a straight rise, then a cosine (Goyal et al. 2017, arXiv 1706.02677)
            Schedule(
                "warm_up",
                lambda t: np.minimum(t / _WARM_UP, 1.0) * _half_cosine(np.maximum(t - _WARM_UP, 0) / (1.0 - _WARM_UP)),
            ),
            # constant for the first half: RealMLP's for dropout and weight decay
            Schedule("flat_cosine", lambda t: _half_cosine(np.maximum(2.0 * t - 1.0, 0.0))),
            # rises and falls ever more slowly: RealMLP's (Holzmüller et al. 2024, arXiv 2407.04491)
            Schedule("log_cosine", lambda t: 0.5 - 0.5 * np.cos(2.0 * np.pi * np.log2(1.0 + 15.0 * t))),
        )
    }
)


def schedule(name: str) -> Schedule:
    """The record of the schedule called `name`.

    Raises
    ------
    ParameterError
        No schedule has that name.
    """
    try:
        return SCHEDULES[name]
    except KeyError:
        raise ParameterError(f"schedule must be one of {', '.join(SCHEDULES)}; got {name!r}.") from None

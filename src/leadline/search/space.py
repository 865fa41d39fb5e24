"""The space of hyperparameters beside depth, as data, and the candidates drawn from it.

Candidate i is a pure function of the seed: point i of a scrambled Sobol sequence, read through the dimensions below.
The same candidates stand for every depth, so that depth is not confounded with tuning. At L = 1 there is
nothing to train and little to choose: the draw of weight decay becomes the penalty `alpha`.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import qmc

from leadline.training import Hyperparameters

__all__ = ["PENALTY", "SPACE", "Candidate", "Dimension", "draw_candidates"]


@dataclass(frozen=True)
class Dimension:
    """One hyperparameter's range: a few `levels`, or numbers from `low` to `high`, evenly in the log if `log`."""

    name: str
    explanation: str
    levels: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False

    def value(self, u: float) -> Any:
        """The value at the share `u`, in [0, 1), of the range."""
        if self.levels:
            return self.levels[int(u * len(self.levels))]
        if self.log:
            return float(self.low * (self.high / self.low) ** u)
        return float(self.low + (self.high - self.low) * u)


SPACE: tuple[Dimension, ...] = (
    Dimension("hidden_units", "units of every hidden layer", levels=(64, 128, 256)),
    Dimension("learning_rate_init", "where the learning rate starts", low=1e-3, high=2e-2, log=True),
    Dimension("weight_decay", "decoupled decay of the weights", low=1e-3, high=1.0, log=True),
    Dimension("dropout", "share of units silenced in a step", low=0.0, high=0.3),
    Dimension("activation", "g of the hidden layers", levels=("relu", "silu")),
)
PENALTY = Dimension("alpha", "L2 penalty of L = 1, from the draw of weight_decay", low=1e-3, high=1e3, log=True)


@dataclass(frozen=True)
class Candidate:
    """One choice of everything but depth.

    Attributes
    ----------
    index : int
        Candidate 0 is the estimator as the caller configured it; the others are drawn.
    hidden_units : int
        Width of every hidden layer.
    changes : mapping
        Hyperparameters that differ from the estimator's.
    alpha : float
        The penalty at L = 1.
    """

    index: int
    hidden_units: int
    changes: Mapping[str, Any]
    alpha: float

    def settings(self, base: Hyperparameters, L: int) -> Hyperparameters:
        """The hyperparameters of this candidate at depth L."""
        if L == 1:
            return dataclasses.replace(base, hidden_layer_sizes=(), solver="lbfgs", alpha=self.alpha)
        return dataclasses.replace(base, hidden_layer_sizes=(self.hidden_units,) * (L - 1), **self.changes)


def draw_candidates(base: Hyperparameters, n: int, seed: int) -> list[Candidate]:
    """Candidates 0 … n − 1.

    Parameters
    ----------
    base : Hyperparameters
        The estimator's own settings; its first hidden layer gives candidate 0 its width.
    n : int
    seed : int
    """
    width = base.hidden_layer_sizes[0] if base.hidden_layer_sizes else Hyperparameters().hidden_layer_sizes[0]
    own_alpha = base.alpha if base.alpha > 0 else 1.0  # scikit-learn's default for L = 1
    candidates = [Candidate(0, width, {}, own_alpha)]
    # a power of two keeps the sequence balanced; more points than needed cost nothing
    points = qmc.Sobol(len(SPACE), rng=np.random.default_rng(seed)).random_base2(int(np.ceil(np.log2(max(n, 2)))))
    for index in range(1, n):
        point = points[index]
        drawn = {dimension.name: dimension.value(u) for dimension, u in zip(SPACE, point, strict=True)}
        share = point[[dimension.name for dimension in SPACE].index("weight_decay")]
        units = drawn.pop("hidden_units")
        candidates.append(Candidate(index, units, drawn, PENALTY.value(share)))
    return candidates

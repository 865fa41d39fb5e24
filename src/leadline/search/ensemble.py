"""Which of the networks that a search has trained make its model, and how much each of them counts.

Greedy selection with replacement (Caruana, Niculescu-Mizil, Crew & Ksikes 2004, "Ensemble selection from libraries of
models"): beginning with the best network, add the one that makes the average best, and remember where that was best of
all. A network that is added twice counts twice.

It is done for each fold by itself, on the rows that none of its networks has learned from, and the folds count alike.
So everything that was trained takes part, those that fell behind on the first fold as well, and nothing is trained for
it. A fold for which there is one network keeps it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.search.study import UnitKey
from leadline.training import Hyperparameters

__all__ = ["Chosen", "greedy_weights"]

Array = NDArray[Any]

# Networks that are added at most; later ones hardly change the average.
STEPS = 15


@dataclass(frozen=True)
class Chosen:
    """A network of a model.

    Attributes
    ----------
    key : UnitKey
    settings : Hyperparameters
    place : int
        Its fold, counted over all repeats.
    weight : float
        Its share of the fold's average; those of a fold sum to one.
    """

    key: UnitKey
    settings: Hyperparameters
    place: int
    weight: float


def greedy_weights(score: Callable[[Array], float], predictions: Sequence[Array]) -> NDArray[np.float64]:
    """The share of each network in the average that scores best, (networks,), summing to one.

    Parameters
    ----------
    score : callable
        Of predictions, greater is better.
    predictions : sequence of (r, k) arrays
        Of each network for the same rows.
    """
    counts = np.zeros(len(predictions))
    if len(predictions) == 1:
        return counts + 1.0
    total, best_score, best_counts = np.zeros_like(predictions[0]), -np.inf, counts + 1.0
    for step in range(STEPS):
        scores = [score((total + own) / (step + 1)) for own in predictions]
        added = int(np.argmax(np.nan_to_num(scores, nan=-np.inf)))
        total, counts = total + predictions[added], counts.copy()
        counts[added] += 1
        if scores[added] > best_score:
            best_score, best_counts = scores[added], counts
    return np.asarray(best_counts / best_counts.sum())

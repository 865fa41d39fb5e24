"""Which models make an average, and how much each of them counts.

Greedy selection with replacement (Caruana, Niculescu-Mizil, Crew & Ksikes 2004, "Ensemble selection from libraries of
models"): beginning with the best model, add the one that makes the average best, and remember where that was best of
all. A model that is added twice counts twice. It is done on predictions for rows that no model has learned from.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["greedy_weights"]

Array = NDArray[Any]

# Models that are added at most; later ones hardly change the average.
STEPS = 25


def greedy_weights(score: Callable[[Array], float], predictions: Sequence[Array]) -> NDArray[np.float64]:
    """The share of each model in the average that scores best, (models,), summing to one.

    Parameters
    ----------
    score : callable
        Of predictions, greater is better.
    predictions : sequence of (r, k) arrays
        Of each model for the same rows.
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

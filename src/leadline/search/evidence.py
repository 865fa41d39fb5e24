"""What choosing the best of many is worth.

The best of many scores flatters: it was chosen for being high on these rows. The rows (or whole groups) are drawn anew
with replacement, the choice among everything that was judged is made again, and looked at on the rows that were not
drawn. How much better what all rows chose does on the same rows, which helped to choose it, is the *optimism* of the
choice (after Tsamardinos, Greasidou & Borboudakis 2018, "Bootstrapping the out-of-sample predictions for efficient and
accurate cross-validation"; both are compared on the same rows, because a root mean square of fewer rows is smaller).
Nothing is trained for it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.search.comparison import Resampled
from leadline.search.problem import Problem
from leadline.training import stream

__all__ = ["Evidence", "gather_evidence"]

Array = NDArray[Any]

# Names this random stream apart from those of networks, whose keys are longer.
_STREAM = 3
RESAMPLES = 1000
# A scorer that is called row by row, and not computed from means over rows, is slow.
RESAMPLES_OF_SCORERS = 100
# Numbers that are computed with at once.
AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Evidence:
    """The optimism of choosing the best of several models, estimated by the bootstrap.

    Attributes
    ----------
    resamples : int
        Those in which every score was defined.
    optimism : float
        How much the best score is better than what its choice brings on rows that did not choose.
    compared : int
        Models among which was chosen, over all depths.
    """

    resamples: int
    optimism: float
    compared: int

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        return dict(vars(self))


def gather_evidence(
    problem: Problem,
    folds: Sequence[Array],
    predictions: Mapping[Any, Array],
    seed: int,
    check: Callable[[], None],
) -> Evidence:
    """Resample the rows.

    Parameters
    ----------
    problem : Problem
    folds : sequence of arrays of int
        The rows of each fold.
    predictions : mapping of model to (n, k) array
        Of everything among which was chosen, for rows that it has not learned from.
    seed : int
    check : callable
        Called between resamples; what it raises ends them.
    """
    resampled, generator = Resampled(problem, folds, list(predictions.values())), stream((seed, _STREAM))
    n = RESAMPLES if problem.metric.is_mean else RESAMPLES_OF_SCORERS
    all_rows = np.ones((1, len(resampled.unit)))
    best = int(np.nan_to_num(resampled.means(all_rows)[0], nan=-np.inf).argmax())
    flattery: list[float] = []
    at_once = max(1, AT_ONCE // len(resampled.unit))
    for start in range(0, n, at_once):
        check()
        counts = np.stack([resampled.counts(generator) for _ in range(min(at_once, n - start))])
        drawn, left = resampled.means(counts), resampled.means((counts == 0).astype(np.float64))
        for own, rest in zip(drawn, left, strict=True):
            if np.isfinite(own).all() and np.isfinite(rest).all():
                flattery.append(float(rest[best] - rest[own.argmax()]))
    optimism = float(np.mean(flattery)) if flattery else float("nan")
    return Evidence(len(flattery), optimism, resampled.n_models)

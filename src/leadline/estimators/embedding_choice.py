"""Whether the networks of a fit have fine bins, where that is left open: one of each kind is asked before the others.

Cosines are smooth, and better than bins on most tables; where the target jumps, bins may err less by far
(benchmarks/README.md, "Jumps"). Both networks
learn from the same rows and are stopped by the same others, which tell them apart.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import norm

from leadline.search import Problem, compare
from leadline.training import Task, Trained

__all__ = ["ASKED_FROM", "wants_fine_bins", "with_fine_bins"]

# A fit of fewer networks is not asked: one more would cost too much.
ASKED_FROM = 4
# Fine bins are taken where they err less on the rows that both networks leave out, by a one-sided test at this level.
LEVEL = 0.01


def with_fine_bins(task: Task) -> Task:
    """The same task for a network with fine bins."""
    return replace(task, settings=replace(task.settings, numeric_embedding="fine_bins"))


def wants_fine_bins(problem: Problem, tasks: Sequence[Task], networks: Sequence[Trained], seed: int) -> bool:
    """Whether the second of two networks, of the same rows, is better than the first one beyond chance."""
    (holdout,) = tasks[0].holdouts
    predictions = {}
    for i, (task, network) in enumerate(zip(tasks, networks, strict=True)):
        if network.state == "diverged":
            return False
        P = np.full((len(problem.y), problem.target.n_predictions), np.nan)
        outputs = network.readings[0].outputs[: len(holdout.rows)]
        P[holdout.rows] = problem.predictions(task.fold, outputs)
        predictions[i] = P
    comparison = compare(problem, [holdout.rows], predictions, seed)
    if comparison.failed:
        return False
    gain, error = comparison.difference(1, 0)
    return bool(gain > error * norm.isf(LEVEL))

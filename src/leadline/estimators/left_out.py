"""The rows that the networks of a fit leave out: their own predictions for them, and how far networks are apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.search import LeftOut, Problem
from leadline.training import Holdout, Task, Trained

__all__ = ["left_out_of", "watched"]

Array = NDArray[Any]

# Rows, learned from by several networks, that tell how far these are apart.
ROWS_OF_SPREAD = 4096


def watched(stop_rows: Array, train_rows: Array) -> Holdout:
    """What stops a network, and what it is to predict at its epoch: the rows that stop it, then those of the spread.

    Parameters
    ----------
    stop_rows : (r,) array of int
    train_rows : array of int
        All rows that networks of the model learn from.
    """
    if not len(stop_rows):
        return Holdout(stop_rows)
    return Holdout(stop_rows, np.concatenate([stop_rows, train_rows[:: -(-len(train_rows) // ROWS_OF_SPREAD)]]))


def left_out_of(problem: Problem, tasks: Sequence[Task], networks: Sequence[Trained]) -> LeftOut:
    """The rows that at least one of some networks leaves out, predicted by those that do.

    Parameters
    ----------
    problem : Problem
    tasks : sequence of Task
        Each with one holdout, made by `watched` for the same training rows.
    networks : sequence of Trained
    """
    n, k = len(problem.y), problem.target.n_predictions
    total, count = np.zeros((n, k)), np.zeros(n)
    spread = []
    for task, network in zip(tasks, networks, strict=True):
        (holdout,), (reading,) = task.holdouts, network.readings
        r, some = len(holdout.rows), holdout.wanted[len(holdout.rows) :]
        predictions = problem.predictions(task.fold, reading.outputs)
        total[holdout.rows] += predictions[:r]
        count[holdout.rows] += 1
        if len(some):
            learned = np.isin(some, task.train_rows)[:, None]
            spread.append(np.where(learned, predictions[r:], np.nan))
    rows = np.flatnonzero(count)
    means = total[rows] / count[rows, None]
    facts = problem.y[rows], problem.w[rows], means, float(count[rows].mean()) if len(rows) else 1.0
    return LeftOut(*facts, _variance(np.array(spread), k))


def _variance(predictions: Array, k: int) -> Array:
    """The variance between networks, (k,), from predictions (P, s, k) that are NaN where a network left a row out."""
    if len(predictions) < 2:
        return np.zeros(k)
    known = np.isfinite(predictions).all(axis=2).sum(axis=0) > 1
    if not known.any():
        return np.zeros(k)
    return np.asarray(np.nanvar(predictions[:, known], axis=0, ddof=1).mean(axis=0))

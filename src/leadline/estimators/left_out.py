"""The rows that the networks of a fit leave out: their own predictions for them, and how far networks are apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from leadline.search import LeftOut, Metric, Problem, compare
from leadline.tables import Target
from leadline.training import Holdout, Task, Trained

__all__ = ["errs_less", "left_out_of", "spread_rows", "watched"]

Array = NDArray[Any]

# Rows, learned from by several networks, that tell how far these are apart.
ROWS_OF_SPREAD = 4096


def spread_rows(train_rows: Array) -> Array:
    """Some of the rows that networks of a model learn from, by which it is told how far they are apart."""
    return train_rows[:: -(-len(train_rows) // ROWS_OF_SPREAD)].copy()


def watched(stop_rows: Array, others: Array) -> Holdout:
    """What stops a network, and what it is to predict at its epoch: the rows that stop it, then those of the spread.

    Parameters
    ----------
    stop_rows : (r,) array of int
    others : array of int
        Those of `spread_rows`.
    """
    if not len(stop_rows):
        return Holdout(stop_rows)
    return Holdout(stop_rows, np.concatenate([stop_rows, others]))


def left_out_of(problem: Problem, tasks: Sequence[Task], networks: Sequence[Trained]) -> LeftOut:
    """The rows that at least one of some networks leaves out, predicted by those that do.

    Parameters
    ----------
    problem : Problem
    tasks : sequence of Task
        Each with one holdout, made by `watched` for the same others.
    networks : sequence of Trained
    """
    # of those rows alone: there may be as many as memory holds
    rows, k = np.unique(np.concatenate([task.holdouts[0].rows for task in tasks])), problem.target.n_predictions
    total, count = np.zeros((len(rows), k)), np.zeros(len(rows))
    spread = []
    for task, network in zip(tasks, networks, strict=True):
        (holdout,), (reading,) = task.holdouts, network.readings
        r, some = len(holdout.rows), holdout.wanted[len(holdout.rows) :]
        predictions = problem.predictions(task.fold, reading.outputs)
        places = np.searchsorted(rows, holdout.rows)
        total[places] += predictions[:r]
        count[places] += 1
        if len(some):
            learned = np.isin(some, task.train_rows)[:, None]
            spread.append(np.where(learned, predictions[r:], np.nan))
    means = total / count[:, None]
    facts = problem.y[rows], problem.w[rows], means, float(count.mean()) if len(rows) else 1.0
    return LeftOut(*facts, _variance(np.array(spread), k))


@dataclass(frozen=True)
class _Judged:
    """Rows that two models have left out."""

    metric: Metric
    y: Array
    w: Array
    units: None = None


def errs_less(target: Target, first: LeftOut, second: LeftOut, seed: int, level: float) -> bool:
    """Whether the first of two models errs less than the second on the same rows, by a one-sided test at a level."""
    judged = _Judged(Metric(None, target), first.y, first.w)
    rows = np.arange(len(first.y))
    comparison = compare(judged, [rows], {0: first.predictions, 1: second.predictions}, seed)
    if comparison.failed:
        return False
    gain, error = comparison.difference(0, 1)
    return bool(gain > error * norm.isf(level))


def _variance(predictions: Array, k: int) -> Array:
    """The variance between networks, (k,), from predictions (P, s, k) that are NaN where a network left a row out."""
    if len(predictions) < 2:
        return np.zeros(k)
    known = np.isfinite(predictions).all(axis=2).sum(axis=0) > 1
    if not known.any():
        return np.zeros(k)
    return np.asarray(np.nanvar(predictions[:, known], axis=0, ddof=1).mean(axis=0))

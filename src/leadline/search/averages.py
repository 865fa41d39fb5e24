"""Averages of the candidates' networks of a depth: what they predict together, and who of them is left out."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from leadline.search.comparison import compare
from leadline.search.problem import Problem
from leadline.search.study import USABLE, Study
from leadline.search.units import Unit

__all__ = ["Sums", "average", "kept_of", "mean_score", "sums"]

Array = NDArray[Any]
# Of each candidate the sum of its networks' predictions, (n, k), and their number for each row, (n,).
Sums = dict[int, tuple[Array, Array]]

# A candidate is left out where the average is better without it, by a one-sided test at this level.
LEFT_OUT_LEVEL = 0.01


def sums(problem: Problem, study: Study, units: Iterable[Unit]) -> tuple[Sums, dict[int, str]]:
    """What each candidate's networks predict.

    A candidate of which a network failed is left out; a role in which one diverged is, and no more. The reasons of
    both are given, by candidate.
    """
    found: Sums = {}
    reasons: dict[int, str] = {}
    left_out: set[int] = set()
    for unit in units:
        result = study.result(unit.key)
        if result is None:
            continue
        if result.state not in USABLE:
            reasons[unit.key.candidate] = result.reason
            left_out.add(unit.key.candidate)
            continue
        n = (len(problem.y), problem.target.n_predictions)
        total, count = found.setdefault(unit.key.candidate, (np.zeros(n), np.zeros(n[0])))
        for holdout, outputs in zip(unit.holdouts, result.outputs, strict=True):
            if len(outputs) < len(holdout.wanted):
                reasons.setdefault(unit.key.candidate, result.reason)
                continue
            total[holdout.wanted] += problem.predictions(unit.view, outputs)
            count[holdout.wanted] += 1
    return {index: own for index, own in sorted(found.items()) if index not in left_out}, reasons


def average(by_candidate: Sums, indices: Sequence[int]) -> Array:
    """The mean prediction of the networks of some candidates, (n, k); NaN for a row that none of them has judged."""
    total = sum(by_candidate[index][0] for index in indices)
    count = sum(by_candidate[index][1] for index in indices)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / np.asarray(count)[:, None])


def mean_score(problem: Problem, folds: Sequence[Array], predictions: Array) -> float:
    """The mean score over the folds, each by its rows that have predictions."""
    scores = []
    for fold in folds:
        rows = fold[np.isfinite(predictions[fold]).all(axis=1)]
        if len(rows):
            score, reason = problem.metric.attempt(problem.y[rows], predictions[rows], problem.w[rows])
            scores.append(-np.inf if reason else score)
    return float(np.mean(scores)) if scores else float("-inf")


def kept_of(
    problem: Problem,
    rows: Sequence[Array],
    by_candidate: Sums,
    seed: int,
    check: Callable[[], None],
) -> list[int]:
    """The candidates that are averaged: without those whose absence makes the average better beyond chance."""
    kept = list(by_candidate)
    while len(kept) > 1:
        options: dict[int | None, Array] = {None: average(by_candidate, kept)}
        for index in kept:
            options[index] = average(by_candidate, [other for other in kept if other != index])
        usable = {name: own for name, own in options.items() if all(np.isfinite(own[r]).all() for r in rows)}
        if None not in usable or len(usable) < 2:
            break
        comparison = compare(problem, rows, usable, seed, check)
        if None in comparison.failed:
            break
        gains = {index: comparison.difference(index, None) for index in kept if index in comparison.models}
        if not gains:
            break
        worst = max(gains, key=lambda index: gains[index][0] / max(gains[index][1], 1e-300))
        gain, error = gains[worst]
        if not gain > error * norm.isf(LEFT_OUT_LEVEL):
            break
        kept.remove(worst)
    return kept

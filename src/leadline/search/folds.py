"""Folds: divisions of the rows, drawn once and used by every depth, so that their differences are paired.

Where rows are few, the division is repeated with other draws: k-fold cross-validation repeated R times gives J = kR
scores, and a mean that depends less on how the folds happened to fall.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from leadline.errors import DataError
from leadline.tables import Target

__all__ = ["make_folds", "most_repeats", "repeats_needed"]

Array = NDArray[Any]

# Repeating is for tables whose rows, all repeats together, are no more than this.
ROWS_REPEATED, MOST_REPEATS = 10_000, 4
# Repeats are made until the folds' scatter leaves the mean of L = 1 uncertain by this share of what it has learned.
PRECISION = 0.05
# Names the random streams of later repeats apart from the seed itself, which draws the first.
_REPEAT = 1


def most_repeats(n: int) -> int:
    """The largest number of repeats that is considered for n rows."""
    return int(np.clip(ROWS_REPEATED // n, 1, MOST_REPEATS))


def repeats_needed(scores: Array, constant: Array, most: int) -> int:
    """How often to repeat the division, from the scatter of the first one's scores.

    The part of the standard error that more folds can reduce is s/√J; the number is the smallest for which that part
    is at most PRECISION of the distance between the scores and those of a constant prediction.

    Parameters
    ----------
    scores, constant : (k,) arrays
        Of L = 1 and of a model without inputs, on the folds of the first division.
    most : int
    """
    tolerated = PRECISION * abs(float(scores.mean() - constant.mean()))
    if not tolerated > 0:
        return most
    return int(np.clip(np.ceil(np.var(scores, ddof=1) / (len(scores) * tolerated**2)), 1, most))


def make_folds(
    y: Array, kept: Array, target: Target, groups: Any, cv: Any, seed: int, repeats: int = 1
) -> tuple[list[tuple[Array, Array]], list[str]]:
    """Divide the rows.

    Parameters
    ----------
    y : (n,) or (n, k) array
        Stratified by for classes.
    kept : (m,) array of int
        The rows that are divided; a caller's own division is of all n rows, and loses the others.
    target : Target
    groups : (n,) array, optional
        Rows of one group stay together.
    cv : int, or a splitter or list of splits as scikit-learn knows them
        The number of folds, shuffled by `seed`, or the caller's own division, which is not repeated.
    seed : int
    repeats : int
        How many divisions to draw.

    Returns
    -------
    splits : list of (train_rows, validation_rows)
        As places among the rows kept.
    notices : list of str
        What the reader should know, for example a class with fewer rows than folds.

    Raises
    ------
    DataError
        Fewer rows, or groups, than folds.
    """
    groups = None if groups is None else np.asarray(groups)
    if not isinstance(cv, int | np.integer):
        splits = cv.split(np.zeros((len(y), 1)), y, groups) if hasattr(cv, "split") else cv
        place = np.full(len(y), -1)
        place[kept] = np.arange(len(kept))
        placed = [(place[train_rows], place[test_rows]) for train_rows, test_rows in splits]
        return [(train_rows[train_rows >= 0], test_rows[test_rows >= 0]) for train_rows, test_rows in placed], []
    y, groups = y[kept], None if groups is None else groups[kept]
    rows = np.zeros((len(y), 1))
    units, what = (len(np.unique(groups)), "groups") if groups is not None else (len(y), "rows")
    if units < cv:
        raise DataError(f"{units} {what} cannot be divided into {cv} folds; give more rows, or a smaller cv.")
    notices = []
    stratify = target.stratified
    if stratify:
        classes, counts = np.unique(y, return_counts=True)
        for c, n in zip(classes, counts, strict=True):
            if n < cv:
                has = f"{n} row" if n == 1 else f"{n} rows"
                notices.append(f"class {c} has {has}, fewer than the {cv} folds: some folds are judged without it")
        stratify = counts.max() >= cv
    kind: Any
    if groups is not None:
        kind = StratifiedGroupKFold if stratify else GroupKFold
    else:
        kind = StratifiedKFold if stratify else KFold
    splits = []
    with warnings.catch_warnings():
        # scikit-learn's own words for the notice above
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        for repeat in range(repeats):
            own = seed if repeat == 0 else int(np.random.SeedSequence([seed, _REPEAT, repeat]).generate_state(1)[0])
            splits += kind(cv, shuffle=True, random_state=own).split(rows, y, groups)
    return splits, notices

"""Folds: one division of the rows, drawn once and used by every depth, so that their differences are paired."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from leadline.errors import DataError
from leadline.tables import Target

__all__ = ["make_folds"]

Array = NDArray[Any]


def make_folds(
    y: Array, kept: Array, target: Target, groups: Any, cv: Any, seed: int
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
        The number of folds, shuffled by `seed`, or the caller's own division.
    seed : int

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
    stratify = target.classes is not None
    if stratify:
        classes, counts = np.unique(y, return_counts=True)
        for c, n in zip(classes, counts, strict=True):
            if n < cv:
                has = f"{n} row" if n == 1 else f"{n} rows"
                notices.append(f"class {c} has {has}, fewer than the {cv} folds: some folds are judged without it")
        stratify = counts.max() >= cv
    splitter: Any
    if groups is not None:
        kind = StratifiedGroupKFold if stratify else GroupKFold
        splitter = kind(cv, shuffle=True, random_state=seed)
    else:
        kind = StratifiedKFold if stratify else KFold
        splitter = kind(cv, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # scikit-learn's own words for the notice above
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        return list(splitter.split(rows, y, groups)), notices

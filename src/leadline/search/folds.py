"""Folds: divisions of the rows, drawn once and used by every depth, so that their differences are paired.

Rows that are the same in everything are one row as far as a division goes: on two sides of it, one would tell about
the other. Where rows are few the division can be repeated with other draws.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas.util import hash_array
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold, train_test_split

from leadline.errors import DataError
from leadline.tables import Encoded, Target
from leadline.training import AllBut

__all__ = ["HeldOut", "Split", "hold_out", "make_folds", "most_repeats", "twins", "usual_folds"]

Array = NDArray[Any]

# Rows to learn from, and rows to judge by or to be stopped by.
Split = tuple[Array, Array]
# The same where those to learn from may be nearly all.
HeldOut = tuple[Array | AllBut, Array]

# Repeating is for tables whose rows, all repeats together, are no more than this.
ROWS_REPEATED, MOST_REPEATS = 10_000, 4
# Rows that stop a network: more of them tell nothing new, and cost time after every epoch.
MOST_STOPPING = 20_000
# Folds where nobody says how many: as many as networks are averaged, within these.
FEWEST_FOLDS, MOST_FOLDS = 5, 10
# Names the random streams of later repeats apart from the seed itself, which draws the first.
_REPEAT = 1
# An odd number with many digits, that columns in another order have another digest.
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def most_repeats(n: int) -> int:
    """The largest number of repeats that is considered for n rows."""
    return int(np.clip(ROWS_REPEATED // n, 1, MOST_REPEATS))


def usual_folds(n_networks: int, y: Array, target: Target, groups: Array | None) -> int:
    """How many folds divide the rows where nobody says.

    As many as networks are averaged: then a model of the rows of all folds but one is made nearly as the final one is.
    Groups, or the rows of a class, may be too few for that.
    """
    units = len(y) if groups is None else len(np.unique(groups))
    if target.stratified:
        units = min(units, int(np.unique(y, return_counts=True)[1].min()))
    return int(np.clip(min(n_networks, units), FEWEST_FOLDS, MOST_FOLDS))


def twins(encoded: Encoded, truth: Array) -> Array | None:
    """Numbers that rows which are the same in every column and in the target have in common, (n,); None if all differ.

    Where rows that are the same in every column differ in the target, the columns have few values, and likeness is
    chance: such rows are no twins. To keep those of one target from the others would teach the opposite of the truth.

    Parameters
    ----------
    encoded : Encoded
        n rows.
    truth : (n,) or (n, k) array
        The target in numbers.
    """
    digest, n = np.zeros(len(encoded), np.uint64), len(encoded)
    for column in (*encoded.numbers.T, *encoded.codes.T):
        digest = _digested(digest, column)
    _, inputs = np.unique(digest, return_inverse=True)
    for column in np.reshape(truth, (n, -1)).T:
        digest = _digested(digest, column)
    different, first, alike = np.unique(digest, return_index=True, return_inverse=True)
    by_chance = (np.bincount(inputs[first]) > 1)[inputs]
    alike[by_chance] = len(different) + np.arange(by_chance.sum())
    different, alike = np.unique(alike, return_inverse=True)
    return None if len(different) == n else alike


def _digested(digest: Array, column: Array) -> Array:
    """Numbers that stand for what was read so far, and for one more column."""
    return np.asarray(digest * _FACTOR + hash_array(np.ascontiguousarray(column, np.float64)))


def make_folds(
    y: Array,
    kept: Array,
    target: Target,
    groups: Any,
    cv: Any,
    seed: int,
    repeats: int = 1,
    alike: Array | None = None,
) -> tuple[list[Split], list[str]]:
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
    alike : (m,) array of int, optional
        Where nobody gives groups, rows of one number stay together; see `twins`.

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
    notices = []
    first: Any = slice(None)
    if alike is not None and (groups is not None or len(np.unique(alike)) < cv):
        # what is alike by chance, in a table of few different rows, is no reason to refuse it
        alike = None
    if alike is not None:
        # the folds divide one row of each kind, and the others follow it
        _, first, alike = np.unique(alike, return_index=True, return_inverse=True)
        n = len(y) - len(first)
        notices.append(f"{n} row{' is' if n == 1 else 's are'} there twice or more: rows that are alike share a fold")
    n_first = len(y[first])
    units, what = (len(np.unique(groups)), "groups") if groups is not None else (n_first, "rows")
    if units < cv:
        raise DataError(f"{units} {what} cannot be divided into {cv} folds; give more rows, or a smaller cv.")
    stratify = target.stratified
    if stratify:
        classes, counts = np.unique(y, return_counts=True)
        for c, n in zip(classes, counts, strict=True):
            if n < cv:
                has = f"{n} row" if n == 1 else f"{n} rows"
                notices.append(f"class {c} has {has}, fewer than the {cv} folds: some folds are judged without it")
        stratify = np.unique(y[first], return_counts=True)[1].max() >= cv
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
            divided = kind(cv, shuffle=True, random_state=own).split(np.zeros((n_first, 1)), y[first], groups)
            followed = divided if alike is None else (_followed(alike, part) for _, part in divided)
            splits += followed
    return splits, notices


def _followed(alike: Array, part: Array) -> Split:
    """The rows of all other kinds, and those of some kinds."""
    inside = np.isin(alike, part)
    return np.flatnonzero(~inside), np.flatnonzero(inside)


def hold_out(
    y: Array,
    rows: Array,
    target: Target,
    n_networks: int,
    fraction: float,
    seed: int,
    groups: Array | None = None,
    alike: Array | None = None,
    ordered: bool = False,
) -> list[HeldOut]:
    """Rows to learn from and rows to be stopped by, for each of some networks that are averaged.

    Several networks are stopped by a fold each; a single one by a share of the rows.

    Parameters
    ----------
    y : (n,) or (n, k) array
    rows : (m,) array of int
        Those that are divided.
    target : Target
    n_networks : int
    fraction : float
        The share of a single network.
    seed : int
    groups, alike : (n,) arrays, optional
        See `make_folds`.
    ordered : bool
        Rows stand in the order of time: each fold is a stretch of it.

    Returns
    -------
    list of (train_rows, stop_rows)
        Without rows to be stopped by where rows are too few. Where they would be more than MOST_STOPPING, of no groups
        and no order, so many are drawn for each network, which learns from all others.
    """
    share = 1 / n_networks if n_networks > 1 else fraction
    if groups is None and alike is None and not ordered and share * len(rows) > MOST_STOPPING:
        return _few_of_many(rows, len(y), n_networks, seed)
    if len(rows) < max(2 / fraction, 2 * n_networks):
        return [(rows, rows[:0])] * n_networks
    if n_networks > 1 and ordered:
        return [(rows[train_rows], rows[part]) for train_rows, part in KFold(n_networks).split(rows)]
    if n_networks > 1:
        if groups is not None and len(np.unique(groups[rows])) < n_networks:
            groups = None
        own = None if alike is None else alike[rows]
        splits, _ = make_folds(y, rows, target, groups, n_networks, seed, alike=own)
        return [(rows[train_rows], rows[part]) for train_rows, part in splits]
    first = unit = np.arange(len(rows))
    together = alike if groups is None else groups
    if together is not None:
        _, kinds, own_kind = np.unique(together[rows], return_index=True, return_inverse=True)
        if len(kinds) >= 2 / fraction:
            first, unit = kinds, own_kind
    shares: dict[str, Any] = {"test_size": fraction, "random_state": seed}
    if target.stratified:
        _, counts = np.unique(y[rows[first]], return_counts=True)
        if counts.min() >= 2 and len(counts) <= fraction * len(first):
            shares["stratify"] = y[rows[first]]
    _, part = train_test_split(np.arange(len(first)), **shares)
    stops = np.isin(unit, part)
    order = np.argsort(rows, kind="stable")
    return [(rows[order[~stops[order]]], rows[order[stops[order]]])]


def _few_of_many(rows: Array, n: int, n_networks: int, seed: int) -> list[HeldOut]:
    """For each network as many rows to be stopped by as tell anything, drawn without a list of all of them."""
    drawn = np.random.default_rng(seed).choice(len(rows), (n_networks, MOST_STOPPING), replace=False)
    places = [np.sort(own) for own in drawn]
    if len(rows) == n:
        return [(AllBut(n, rows[own]), rows[own]) for own in places]
    return [(np.delete(rows, own), rows[own]) for own in places]

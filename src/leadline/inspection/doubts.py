"""Rows unlike the training rows: which they are and why, and how far the columns of new rows have moved.

A model keeps a profile of its training rows (`leadline.tables.Profile`). Against it a row is doubtful for what stands
in one column (a number far outside the range, a category never seen, a gap where there was none) or since the networks
differ on it more than on any training row. Whether many rows together have moved is another question, which `drift`
answers column by column: rows may all lie within the ranges and yet come from elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2
from sklearn.utils.validation import check_is_fitted

from leadline.errors import DataError
from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV, Model
from leadline.estimators.doubt import SPREAD_LEVELS, disagreement
from leadline.tables import LEVELS, CategoryColumn, Column, Encoded, NumberColumn, Profile, TextColumn, words_of

__all__ = ["Drift", "doubts", "drift", "drifts", "row_doubts"]

Array = NDArray[Any]

# A number is outside where it lies beyond the range of the training rows by more than this share of it: of n rows that
# come from where those came from one in n / 2 lies a little beyond.
BEYOND = 0.1
# Networks differ where they do so by this factor more than on the training row on which they differ most.
DIFFER = 1.5
# Shares that are zero count as so many rows in the stability index, which knows no zero.
HALF_A_ROW = 0.5
# Cells in which fewer of the rows of the smaller sample are expected are counted together.
FEWEST = 5
# Directions of a text that say whether it has moved; later ones fit the training texts so closely that others differ.
DIRECTIONS_ASKED = 8
# Of each column: the level of significance, for all columns together.
LEVEL = 0.05


@dataclass(frozen=True)
class Drift:
    """How one column of new rows differs from the training rows.

    Attributes
    ----------
    column : str
    index : float
        The population stability index, Σ (q − p) log(q / p) over tenths of a number or categories, and gaps; usually
        below 0.1 is taken for little and above 0.25 for much.
    p_value : float
        Of as large a difference by chance, by a χ² test; for all columns together a moved one has less than 0.05 / p.
    moved : bool
        Whether it has.
    outside : float
        The share of new rows outside the range, or with a category that the training rows did not have.
    missing : (float, float)
        The share of gaps in the training rows and in the new ones.
    usual : (value, value)
        The median, or the commonest category, of the training rows and of the new ones; of text its characters.
    """

    column: str
    index: float
    p_value: float
    moved: bool
    outside: float
    missing: tuple[float, float]
    usual: tuple[Any, Any]


def doubts(estimator: DeepClassifier | DeepRegressor | DepthSearchCV, X: Any) -> list[str]:
    """Why each row is unlike those that the model has learned from; "" where nothing says that it is.

    Parameters
    ----------
    estimator : fitted DeepClassifier, DeepRegressor or DepthSearchCV
    X : (m, p) DataFrame or array

    Returns
    -------
    list of m str
        Reasons with semicolons between them.

    Raises
    ------
    DataError
        The model comes from a file that does not say what its training rows looked like.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from leadline import DeepClassifier
    >>> from leadline.inspection import doubts
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = DeepClassifier((8,), max_iter=5, n_networks=2, random_state=0).fit(X, y)
    >>> new = X[:2].copy()
    >>> new.iloc[1, 0] = 78.0  # in millimetres
    >>> doubts(model, new)[0], doubts(model, new)[1].startswith("sepal length (cm) 78 is above 4.3 to 7.9")
    ('', True)
    """
    check_is_fitted(estimator, "model_")
    return row_doubts(estimator.model_, estimator._frame(X))


def row_doubts(model: Model, frame: pd.DataFrame) -> list[str]:
    """What `doubts` gives, for a model and a table with its columns; others are ignored."""
    profile, encoded = _profile(model), model.layout.encode(frame)
    reasons: list[list[str]] = [[] for _ in range(len(frame))]
    for i, (column, own, own_codes, j) in enumerate(_columns(model, encoded)):
        if isinstance(column, CategoryColumn):
            words = words_of(frame[column.name]) if (own_codes < 0).any() else []
            for row in np.flatnonzero(own_codes < 0):
                word = words[row]
                said = f"{column.name} is missing" if word is None else f"{column.name} {word!r} is new"
                reasons[row].append(said)
            continue
        if isinstance(column, NumberColumn):
            low, high = profile.quantiles[j, 0], profile.quantiles[j, -1]
            room = BEYOND * (high - low)
            for row in np.flatnonzero((own < low - room) | (own > high + room)):
                side = "below" if own[row] < low else "above"
                said = f"{_value(column, own[row])} is {side} {_value(column, low)} to {_value(column, high)}"
                reasons[row].append(f"{column.name} {said}")
        if not profile.missing[i]:
            for row in np.flatnonzero(np.isnan(own)):
                reasons[row].append(f"{column.name} is missing")
    most, usual = profile.spread[-1], profile.spread[SPREAD_LEVELS.index(0.5)]
    if most > 0:
        spread = disagreement(model, encoded)
        for row in np.flatnonzero(spread > DIFFER * most):
            times = f"{spread[row] / usual:.0f} times" if usual > 0 else "far more than"
            reasons[row].append(f"the networks differ {times} as much as usual")
    return ["; ".join(own) for own in reasons]


def drift(estimator: DeepClassifier | DeepRegressor | DepthSearchCV, X: Any) -> pd.DataFrame:
    """How far each column of new rows has moved away from the training rows, the farthest first.

    Parameters
    ----------
    estimator : fitted DeepClassifier, DeepRegressor or DepthSearchCV
    X : (m, p) DataFrame or array

    Returns
    -------
    DataFrame
        A row for each column of the model, with the attributes of `Drift`.

    Raises
    ------
    DataError
        As for `doubts`; or there is no row.
    """
    check_is_fitted(estimator, "model_")
    found = drifts(estimator.model_, estimator._frame(X))
    return pd.DataFrame([vars(one) for one in found])


def drifts(model: Model, frame: pd.DataFrame) -> list[Drift]:
    """What `drift` gives, as records, for a model and a table with its columns; others are ignored."""
    profile, encoded = _profile(model), model.layout.encode(frame)
    if not len(frame):
        raise DataError("drift found a table without rows; nothing to compare.")
    found, at = [], 0
    for i, (column, own, codes, j) in enumerate(_columns(model, encoded)):
        if isinstance(column, CategoryColumn):
            width = column.n_indicators - column.missing
            names = [*column.categories, *["(rare)"] * column.rare]
            before = profile.shares[at : at + width]
            at += width
            gaps = codes == width if column.missing else np.array([w is None for w in words_of(frame[column.name])])
            unseen = (codes < 0) & ~gaps
            counts = np.bincount(codes[(codes >= 0) & (codes < width)], minlength=width)
            usual = (names[int(before.argmax())], names[int(counts.argmax())])
            outside = float(unseen.mean())
        elif isinstance(column, TextColumn):
            found.append(_moved_text(model, profile, encoded, i, column))
            continue
        else:
            gaps = np.isnan(own)
            known = own[~gaps]
            before, counts = _tenths(profile, j, known)
            before *= 1 - profile.missing[i]
            middle = float(np.median(known)) if len(known) else np.nan
            usual = (_plain(column, profile.quantiles[j, LEVELS.index(0.5)]), _plain(column, middle))
            low, high = profile.quantiles[j, 0], profile.quantiles[j, -1]
            outside = float(((known < low) | (known > high)).sum() / len(frame))
        before, counts = np.append(before, profile.missing[i]), np.append(counts, gaps.sum())
        new = len(frame) - int(counts.sum())
        index, p_value = _compared(before, profile.rows, counts, new)
        moved = bool(p_value < LEVEL / len(model.layout.columns))
        missing = (float(profile.missing[i]), float(gaps.mean()))
        found.append(Drift(column.name, index, p_value, moved, outside, missing, usual))
    return sorted(found, key=lambda one: (not one.moved, -one.index))


def _tenths(profile: Profile, j: int, known: Array) -> tuple[Array, Array]:
    """Of number j: the shares between its quantiles of the training rows that have it, and the counts of new ones."""
    edges, below = profile.quantiles[j, 1:-1], profile.below[j, 1:-1]
    kept = np.append(np.diff(edges) > 0, True) if len(edges) else np.zeros(0, bool)
    edges, below = edges[kept], below[kept]
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    return np.diff([0.0, *below, 1.0]), counts


def _moved_text(model: Model, profile: Profile, encoded: Encoded, i: int, column: TextColumn) -> Drift:
    """A column of text: its length and first directions each by itself, of which the one tells that moved most surely.

    Its level of significance is that of all of them together. What is usual are numbers of characters.
    """
    places, reduction = model.layout.numbers_of_columns[i], column.reduction
    numbers = encoded.numbers[:, places]
    gaps, each = np.isnan(numbers).any(axis=1), []
    for j, own in enumerate(numbers.T[: 1 + DIRECTIONS_ASKED]):
        before, counts = _tenths(profile, int(places[0]) + j, own[~np.isnan(own)])
        if not j:  # the length, which a missing text has not
            before, counts = before * (1 - profile.missing[i]), np.append(counts, gaps.sum())
            before = np.append(before, profile.missing[i])
        each.append(_compared(before, profile.rows, counts, 0))
    index, p_value = min(each, key=lambda own: (own[1], -own[0]), default=(0.0, 1.0))
    p_value = min(1.0, p_value * len(each))
    usual = [np.nan, np.nan]
    if reduction is not None and not gaps.all():
        lengths = (profile.quantiles[places[0], LEVELS.index(0.5)], np.median(numbers[~gaps, 0]))
        usual = [float(round(reduction.characters(float(own)))) for own in lengths]
    moved = bool(p_value < LEVEL / len(model.layout.columns))
    missing = (float(profile.missing[i]), float(gaps.mean()))
    return Drift(column.name, index, p_value, moved, 0.0, missing, (usual[0], usual[1]))


def _compared(before: Array, rows: int, counts: Array, new: int) -> tuple[float, float]:
    """The stability index, and the p-value of Pearson's χ² of two samples, of `rows` rows and of those counted.

    What is rare in both, and the `new` rows whose category the first did not have, are counted together.
    """
    n = counts.sum() + new
    both = (before * rows + counts) / (rows + n)
    few, q = both * min(rows, n) < FEWEST, counts / n
    p, q = np.append(before[~few], before[few].sum()), np.append(q[~few], q[few].sum() + new / n)
    both = (p * rows + q * n) / (rows + n)
    there = both > 0
    p, q, both = p[there], q[there], both[there]
    if len(p) < 2:
        return 0.0, 1.0
    statistic = float(np.sum((p - q) ** 2 / both) / (1 / rows + 1 / n))
    p, q = np.maximum(p, HALF_A_ROW / rows), np.maximum(q, HALF_A_ROW / n)
    return float(np.sum((q - p) * np.log(q / p))), float(chi2.sf(statistic, len(p) - 1))


def _profile(model: Model) -> Profile:
    if model.profile is None:
        raise DataError(
            "This model does not say what its training rows looked like: its file is of an earlier version. Train it "
            "again to have doubts and drift."
        )
    return model.profile


def _columns(model: Model, encoded: Encoded) -> Iterator[tuple[Column, Array, Array, int]]:
    """Each column with its numbers or its codes, of a text its lengths, and its place among numbers or codes."""
    nothing, code = np.zeros(0), 0
    groups = [group for group in encoded.groups if group.codes]
    for column, numbers in zip(model.layout.columns, model.layout.numbers_of_columns, strict=True):
        if isinstance(column, CategoryColumn):
            yield column, nothing, groups[code].places(encoded.codes[:, code]), code
            code += 1
        else:
            yield column, encoded.numbers[:, numbers[0]], nothing, int(numbers[0])


def _plain(column: NumberColumn, value: float) -> Any:
    """A number, or a date as text."""
    if column.date and np.isfinite(value):
        return str((pd.Timestamp("1970-01-01") + pd.Timedelta(days=float(value))).date())
    return float(value)


def _value(column: NumberColumn, value: float) -> str:
    plain = _plain(column, value)
    return plain if isinstance(plain, str) else f"{plain:.6g}"

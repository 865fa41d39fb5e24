"""Statistics of the target for each category of a column: what its rows say of it, shrunk towards what all rows say.

A row that a network learns from must not be told its own target. So the training rows are divided into PARTS, and a row
of a part sees what the rows of the other parts say; every other row sees what all training rows say (target encoding
out of fold; Micci-Barreca 2001, Prokhorenkova et al. 2018, arXiv 1706.09516). How far a mean is shrunk follows from the
variance within and between categories (empirical Bayes): where categories differ by chance alone all are told the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadline.tables.crosses import Cross
from leadline.tables.datasets import hashed
from leadline.tables.layout import Group
from leadline.tables.target import Outcomes

__all__ = ["PARTS", "CategoryStatistics", "parts_of", "told_by_statistics"]

Array = NDArray[np.float64]

# Statistics are of columns with more codes than this: where there are fewer, inputs and learned vectors say it all.
TOLD_ABOVE = 64
# In how many parts the training rows are divided.
PARTS = 5
# A mean is shrunk as if at least so many rows of all were added to those of its category.
FEWEST_ADDED = 1.0


def told_by_statistics(groups: Sequence[Group], crosses: Sequence[Cross]) -> list[Group]:
    """The columns of categories that are many enough, and after all columns the crosses: they have no indicators."""
    codes = [group for group in groups if group.codes]
    cells = [Group(True, len(codes) + i, 0, finer=cross.n_cells, kinds=cross.kinds) for i, cross in enumerate(crosses)]
    return [group for group in codes if group.n_codes > TOLD_ABOVE] + cells


def parts_of(keys: NDArray[np.integer], seed: int) -> NDArray[np.uint8]:
    """The part of each row, (n,), by a number that rows which must not be parted have in common."""
    return np.asarray(hashed(keys, seed) % np.uint64(PARTS), np.uint8)


@dataclass(frozen=True)
class CategoryStatistics:
    """What training rows say of the categories of a column.

    Attributes
    ----------
    source : int
        The place of the column, or of the cross, among what `Encoded.told` has.
    values : (1 + n_codes, k + 1) float32 array
        Of an unknown category, then of each code: k means of the target, and how many rows there are.
    others : (PARTS, 1 + n_codes, k + 1) float32 array
        The same without the rows of each part; empty where nothing is to be learned any more.
    """

    source: int
    values: NDArray[np.float32]
    others: NDArray[np.float32]

    @classmethod
    def fit(
        cls,
        group: Group,
        codes: NDArray[np.integer],
        parts: NDArray[np.integer],
        outcomes: Outcomes,
        w: NDArray[np.float64],
    ) -> "CategoryStatistics":
        """Fit on training rows.

        Parameters
        ----------
        group : Group
            The column.
        codes, parts : (n,) arrays
            Of each training row its code and its part.
        outcomes : Outcomes
        w : (n,) array
            Positive weights, of which only the proportions count.
        """
        w, size = w / w.mean(), 1 + group.n_codes
        at = parts.astype(np.int64) * size + codes + 1
        counts = _sums(at, w, size)
        total, mean = float(w.sum()), np.average(outcomes.values, axis=0, weights=w)
        above = outcomes.values - mean
        sums = np.stack([_sums(at, w * column, size) for column in above.T], axis=2)
        every = (counts.sum(axis=0), sums.sum(axis=0))
        rows, beyond, explained = _without_kinds(*every, group.kinds)
        added = _added(rows, beyond, w @ np.square(above) - explained)

        def told(count: Array, sums: Array) -> Array:
            count, sums, _ = _without_kinds(count, sums, group.kinds)
            means = sums / (np.maximum(count, 0.0)[..., None] + added)
            means = outcomes.on_scale(mean + means, total) - outcomes.on_scale(mean, total)
            found = np.concatenate([means, np.log1p(np.maximum(count, 0.0))[..., None]], axis=-1)
            return np.concatenate([found[..., :1, :], np.repeat(found[..., 1:, :], group.kinds, axis=-2)], axis=-2)

        values, others = told(*every), told(every[0] - counts, every[1] - sums)
        seen = others.reshape(PARTS * size, -1)
        center = counts.ravel() @ seen / total
        scale = np.sqrt(counts.ravel() @ np.square(seen - center) / total)
        # small differences are not made large: they are small because little is known
        scale = np.maximum(scale, 1.0)
        both = [np.asarray((own - center) / scale, np.float32) for own in (values, others)]
        return cls(group.source, *both)

    @property
    def width(self) -> int:
        """Inputs of a network."""
        return int(self.values.shape[1])

    def apply(self, codes: NDArray[np.integer]) -> NDArray[np.float32]:
        """The inputs that tell of rows, (n, k + 1), which are no training rows, from `Encoded.told`."""
        return np.asarray(self.values[codes[:, self.source] + 1])


def _sums(at: NDArray[np.int64], values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Sums of values by part and code, (PARTS, size)."""
    return np.asarray(np.bincount(at, values, minlength=PARTS * size).reshape(PARTS, size), np.float64)


def _without_kinds(counts: Array, sums: Array, kinds: int) -> tuple[Array, Array, Array]:
    """Rows (…, 1 + m) and sums (…, 1 + m, k), of so many places together, without what each kind of place says.

    The first place stands by itself, and the first ones after it are of no kind. The last array, (…, k), is by how much
    the sums of squares are less.
    """
    if kinds == 1:
        return counts, sums, np.zeros(sums.shape[-1])
    rows = counts[..., 1:].reshape(*counts.shape[:-1], -1, kinds, 1)
    own = sums[..., 1:, :].reshape(*rows.shape[:-1], -1)
    of_kind = rows[..., 1:, :, :].sum(axis=-3)
    means = own[..., 1:, :, :].sum(axis=-3) / np.where(of_kind > 0, of_kind, 1.0)
    known = np.arange(rows.shape[-3])[:, None, None] > 0
    beyond = (own - rows * np.where(known, means[..., None, :, :], 0.0)).sum(axis=-2)
    together = np.concatenate([counts[..., :1], rows.sum(axis=(-2, -1))], axis=-1)
    every = np.concatenate([sums[..., :1, :], beyond], axis=-2)
    return together, every, (of_kind * np.square(means)).sum(axis=-2)


def _added(counts: Array, sums: Array, squares: Array) -> Array:
    """The rows of all that are added to those of a category, (k,): variance within categories by variance between.

    Both by the method of moments, from rows (m,), sums (m, k) and sums of squares (k,) of numbers whose mean is 0.
    """
    known = counts > 0
    n, own, total = counts[known], sums[known], counts.sum()
    free = total - len(n)
    if len(n) < 2 or free < 1:
        return np.full(sums.shape[1], np.inf)
    explained = n @ np.square(own / n[:, None])
    within = np.maximum(squares - explained, 0.0) / free
    between = (explained - (len(n) - 1) * within) / (total - n @ n / total)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(between > 0, within / between, np.inf)
    return np.maximum(found, FEWEST_ADDED)

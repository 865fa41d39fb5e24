"""Statistics: the numbers fitted on the training rows of a fold that turn a table's numbers into a network's inputs.

"robust" centres at the median and divides by the distance of the quartiles, then clips smoothly with
x / √(1 + (x/3)²), so that no value leaves (−3, 3) (Holzmüller et al. 2024, arXiv 2407.04491); where most values are the
median, the quartiles are those of the others. "standard" takes mean and standard deviation; "none" leaves numbers as
they are. A missing number becomes the median in all three.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leadline.tables.category_statistics import CategoryStatistics
from leadline.tables.layout import Encoded

__all__ = ["Statistics"]

LARGEST = np.finfo(np.float64).max
# Differences and squares of numbers up to this are finite; larger ones are made small first.
MODERATE = 1e150

CLIP = np.float32(3.0)
# Beyond this distance, in scales from the centre, the clipped number is CLIP in float32; squares stay finite.
FARTHEST = np.float32(1e9)
# The share of CLIP that is told from all of it on the way back.
FARTHEST_SHARE = 1 - 1e-6


@dataclass(frozen=True)
class Statistics:
    """What was fitted on training rows: for each number column the fill, centre and scale; arrays (p,) in float64.

    The inputs are (x − center) / scale, with missing x replaced by fill, clipped if `scaling` is "robust". What the
    target's statistics say of categories stands at the end.
    """

    scaling: str
    fill: NDArray[np.float64]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    categories: Sequence[CategoryStatistics] = ()

    @classmethod
    def fit(
        cls,
        numbers: NDArray[np.floating],
        rows: NDArray[np.integer],
        w: NDArray[np.float64],
        scaling: str,
        derived: int = 0,
    ) -> "Statistics":
        """Fit on training rows.

        Parameters
        ----------
        numbers : (N, p) array
            Of all rows, NaN for missing.
        rows : (n,) array of int
            The training rows.
        w : (n,) array
            Their positive weights: a row of weight 2 counts as the row twice.
        scaling : {"robust", "standard", "none"}
        derived : int
            So many of the numbers, the last ones, are derived: they are centred and have their scale already.
        """
        p = numbers.shape[1]
        fill, center, scale = np.zeros(p), np.zeros(p), np.ones(p)
        for j in range(p - derived):
            own = numbers[rows, j].astype(np.float64)
            known = ~np.isnan(own)
            x, weight = own[known], w[known]
            if not len(x):
                continue
            low, middle, high = np.quantile(x, [0.25, 0.5, 0.75], weights=weight, method="inverted_cdf")
            fill[j] = middle
            if scaling == "standard":
                largest = np.abs(x).max()
                unit = 1.0 if largest < MODERATE else largest
                mean = np.average(x / unit, weights=weight)
                center[j] = unit * mean
                scale[j] = unit * np.sqrt(np.average((x / unit - mean) ** 2, weights=weight))
            elif scaling == "robust":
                center[j] = middle
                if not high > low and len(np.unique(x)) > 2:
                    # most rows have one value, zero for example: the others say what a usual distance is
                    others = x != middle
                    low, high = np.quantile(x[others], [0.25, 0.75], weights=weight[others], method="inverted_cdf")
                # where the quartiles still meet, half the range
                scale[j] = 2 * min(0.5 * high - 0.5 * low, LARGEST / 2) if high > low else 0.5 * x.max() - 0.5 * x.min()
        # a column that is constant in these rows says nothing: it becomes zero, whatever comes later
        return cls(scaling, fill, center, np.where(scale > 0, scale, np.inf))

    def for_new_rows(self) -> "Statistics":
        """The same without what only training rows see."""
        return replace(self, categories=[replace(own, others=own.others[:0]) for own in self.categories])

    @property
    def bends(self) -> tuple[float, float]:
        """Where scaled numbers are cut off, and how far they reach after the smooth clip; infinity if they are not."""
        return math.inf if self.scaling == "none" else float(FARTHEST), float(
            CLIP
        ) if self.scaling == "robust" else math.inf

    def apply(self, encoded: Encoded, coded_above: float = math.inf) -> NDArray[np.float32]:
        """The inputs of a network, (n, n[0]) in float32: numbers, statistics of categories, what `Encoded.rest` has.

        Those are what all training rows say, as for rows that are not among these.
        """
        x = np.where(np.isnan(encoded.numbers), self.fill, encoded.numbers)
        with np.errstate(over="ignore"):
            # halves of large numbers: their difference is finite
            half = np.where(np.maximum(np.abs(self.center), np.abs(x)) > MODERATE, 0.5, 1.0)
            x = (half * x - half * self.center) / self.scale / half
            x = (np.clip(x, -FARTHEST, FARTHEST) if self.scaling != "none" else x).astype(np.float32)
        if self.scaling == "robust":
            x /= np.sqrt(1.0 + np.square(x / CLIP))
        codes = encoded.told if self.categories else encoded.codes
        told = [own.apply(codes) for own in self.categories]
        return np.concatenate([x, *told, encoded.rest(coded_above)], axis=1)

    def values_of(self, x: NDArray[np.floating], j: int) -> list[float]:
        """The numbers of column j that become the inputs x, which are known to the precision of float32.

        A number is given with as many decimals as x tells of it; where x has been clipped to the end it is the farthest
        that can be told apart.
        """
        if not np.isfinite(self.scale[j]):
            return [float(self.center[j])]
        u, steepness = np.asarray(x, np.float64), np.ones(np.shape(x))
        if self.scaling == "robust":
            u = np.clip(u / CLIP, -FARTHEST_SHARE, FARTHEST_SHARE)
            u = CLIP * u / np.sqrt(1.0 - u**2)
            steepness = (1.0 + (u / CLIP) ** 2) ** 1.5
        with np.errstate(over="ignore"):
            unsure = self.scale[j] * steepness * np.finfo(np.float32).eps * np.maximum(np.abs(x), 1.0)
            values = np.clip(self.center[j] + self.scale[j] * u, -LARGEST, LARGEST)
        decimals = -np.ceil(np.log10(np.minimum(unsure, LARGEST))).astype(int)
        # the largest numbers cannot be rounded up
        return [
            round(value, n) if abs(value) < MODERATE else value
            for value, n in zip(values.tolist(), decimals.tolist(), strict=True)
        ]

"""The profile: what the columns of the training rows looked like, so that rows unlike them can be told.

A few quantiles of each number and the share of each category, of rare ones and of gaps: no row. It is kept in the model
file, beside what the networks need.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadline.tables.columns import CategoryColumn
from leadline.tables.layout import Encoded, Layout

__all__ = ["LEVELS", "Profile"]

Array = NDArray[np.float64]

# Shares of the rows whose quantiles are kept: the ends, the tails and the tenths between.
LEVELS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
# The ends are those of all rows; what lies between comes from at most so many, evenly spaced.
MOST_ROWS = 20_000


@dataclass(frozen=True)
class Profile:
    """Of p numbers and all C columns, in the order of the layout.

    Attributes
    ----------
    rows : int
        How many training rows there were.
    quantiles : (p, len(LEVELS)) array
        Of the rows that have the number; zeros where none has it.
    below : (p, len(LEVELS)) array
        The share of these rows that are at most the quantile: more than its level where values are tied.
    missing : (C,) array
        The share of gaps.
    shares : (s,) array
        Of each category, and of the rare ones together where there are some, column by column; of all rows.
    spread : (4,) array
        How far the networks differ on the training rows: quantiles at `SPREAD_LEVELS` of `leadline.estimators.doubt`.
    """

    rows: int
    quantiles: Array
    below: Array
    missing: Array
    shares: Array
    spread: Array

    @classmethod
    def of(cls, layout: Layout, encoded: Encoded, spread: Array) -> "Profile":
        """That of some rows."""
        n, numbers = len(encoded), encoded.numbers
        gaps = np.zeros(numbers.shape[1])
        quantiles = np.zeros((numbers.shape[1], len(LEVELS)))
        below = np.ones_like(quantiles)
        few = slice(None, None, max(1, -(-n // MOST_ROWS)))
        for j in range(numbers.shape[1]):
            # a column at a time, as it was read: there may be as many rows as memory holds
            own = numbers[:, j]
            known = ~np.isnan(own)
            gaps[j] = 1 - known.mean()
            x = own[known]
            if not len(x):
                continue
            some = np.sort(x[few].astype(np.float64))
            quantiles[j] = np.quantile(some, LEVELS, method="inverted_cdf")
            quantiles[j, [0, -1]] = x.min(), x.max()
            below[j, :-1] = np.searchsorted(some, quantiles[j, :-1], side="right") / len(some)
        missing, shares = np.zeros(len(layout.columns)), []
        groups = [group for group in layout.groups if group.codes]
        code, numbers_of = 0, layout.numbers_of_columns
        for i, column in enumerate(layout.columns):
            if isinstance(column, CategoryColumn):
                places = groups[code].places(encoded.codes[:, code])
                counts = np.bincount(places + 1, minlength=column.n_indicators + 1)[1:] / n
                shares.append(counts[: column.n_indicators - column.missing])
                missing[i] = counts[-1] if column.missing else 0.0
                code += 1
            elif len(numbers_of[i]):
                missing[i] = gaps[numbers_of[i][0]]
        return cls(n, quantiles, below, missing, np.concatenate([np.zeros(0), *shares]), spread)

    def to_arrays(self) -> dict[str, Array]:
        """Everything but the number of rows, by name."""
        return {name: getattr(self, name) for name in ("quantiles", "below", "missing", "shares", "spread")}

    def typical(self, layout: Layout) -> Encoded:
        """One row: the medians of the numbers, and of each category column what most rows have."""
        codes, at = [], 0
        for column, missing in zip(layout.columns, self.missing, strict=True):
            if isinstance(column, CategoryColumn):
                width = column.n_indicators - column.missing
                own = np.append(self.shares[at : at + width], [missing] * column.missing)
                codes.append(int(own.argmax()))
                at += width
        numbers = self.quantiles[:, LEVELS.index(0.5)][None].copy()
        layout.derive(numbers)
        return layout.encoded(numbers, np.array(codes, np.int32).reshape(1, -1))

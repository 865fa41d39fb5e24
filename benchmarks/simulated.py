"""A table of any number of rows, drawn block by block: two classes; linear parts, interactions, sines, steps and noise.

Rows come from the block that they are in and the seed alone, so parts of a table can be drawn apart from each other.
Beside it tables with many columns, with a column of many categories, and of many classes.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["COLUMNS", "ROWS_IN_A_BLOCK", "blocks", "many_categories", "many_classes", "many_columns", "simulate"]

COLUMNS, ROWS_IN_A_BLOCK = 28, 100_000
# What the log odds are multiplied by: the best AUC that there is, is near 0.93.
STEEPNESS = 1.6


def _block(number: int, rows: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    generator = np.random.Generator(np.random.Philox(key=(seed << 32) + number))
    X = generator.standard_normal((rows, COLUMNS), np.float32)
    linear = X[:, :8] @ np.linspace(0.5, -0.4, 8, dtype=np.float32)
    pairs = X[:, 8] * X[:, 9] + 0.7 * X[:, 10] * X[:, 11] - 0.5 * np.abs(X[:, 12]) * X[:, 0]
    waves = np.sin(3.0 * X[:, 13]) + 0.8 * np.sin(2.0 * X[:, 14] + X[:, 15]) + 0.5 * np.cos(4.0 * X[:, 16])
    steps = np.where((X[:, 17] > 0.3) & (X[:, 18] < 0.5), 1.0, -0.4) + 0.6 * np.sign(X[:, 19] * X[:, 20])
    odds = STEEPNESS * (linear + pairs + waves + steps) / 1.5
    return X, (generator.random(rows) < 1.0 / (1.0 + np.exp(-odds))).astype(np.uint8)


def blocks(rows: int, seed: int = 0) -> Iterator[tuple[NDArray[np.float32], NDArray[np.uint8]]]:
    """X (up to ROWS_IN_A_BLOCK, COLUMNS) and y of one block after the other, `rows` in all."""
    for number, start in enumerate(range(0, rows, ROWS_IN_A_BLOCK)):
        yield _block(number, min(ROWS_IN_A_BLOCK, rows - start), seed)


def simulate(rows: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """X (rows, COLUMNS), row by row in memory, and y (rows,)."""
    X, y = np.empty((rows, COLUMNS), np.float32), np.empty(rows, np.uint8)
    start = 0
    for own_X, own_y in blocks(rows, seed):
        X[start : start + len(own_X)], y[start : start + len(own_X)] = own_X, own_y
        start += len(own_X)
    return X, y


def many_columns(rows: int, columns: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Two classes that twenty of many columns tell of, half of them in pairs."""
    generator = np.random.default_rng([seed, columns])
    X = generator.standard_normal((rows, columns), np.float32)
    odds = X[:, :10].sum(axis=1) / 2 + X[:, 10:15] @ np.ones(5, np.float32) * X[:, 15]
    return X, (generator.random(rows) < 1.0 / (1.0 + np.exp(-odds))).astype(np.uint8)


def many_categories(rows: int, categories: int, seed: int) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """Two classes, which four numbers and a column of categories tell of; each has its own effect, few are common."""
    effects = np.random.default_rng(categories).standard_normal(categories)
    generator = np.random.default_rng([seed, categories])
    # as many as there are, the commonest a few thousand times as often as the rarest
    shares = 1.0 / (np.arange(categories) + categories / 4000)
    code = generator.choice(categories, rows, p=shares / shares.sum())
    X = generator.standard_normal((rows, 4), np.float32)
    odds = 1.5 * effects[code] + X[:, 0] * X[:, 1] + X[:, 2]
    frame = pd.DataFrame(X, columns=list("abcd")).assign(
        code=pd.Categorical.from_codes(code, [f"c{i}" for i in range(categories)])
    )
    return frame, (generator.random(rows) < 1.0 / (1.0 + np.exp(-odds))).astype(np.uint8)


def many_classes(rows: int, classes: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Classes whose rows lie around a centre each, in twenty columns."""
    centres = np.random.default_rng(classes).standard_normal((classes, 20)).astype(np.float32)
    generator = np.random.default_rng([seed, classes])
    # every class at least twice, so that all of them can be told
    y = np.concatenate([np.arange(classes), np.arange(classes), generator.integers(0, classes, max(rows, 2 * classes))])
    y = generator.permutation(y[: max(rows, 2 * classes)])
    return centres[y] + 0.8 * generator.standard_normal((len(y), 20), np.float32), y

"""A table of any number of rows, drawn block by block: two classes; linear parts, interactions, sines, steps and noise.

Rows come from the block that they are in and the seed alone, so parts of a table can be drawn apart from each other.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLUMNS", "ROWS_IN_A_BLOCK", "blocks", "simulate"]

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

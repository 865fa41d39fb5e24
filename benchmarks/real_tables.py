"""Real tables for the benchmarks of the search: read from a folder of tables with an index.json, drawn by a seed."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from sklearn.model_selection import train_test_split

__all__ = ["DATA", "Table", "draw", "read"]

# beside the project; the tables have licences of their own and are not shipped with it
DATA = Path(__file__).parents[2] / "shared" / "data"


class Table(NamedTuple):
    """Rows to learn from, and others to test on."""

    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: pd.Series
    y_test: pd.Series
    classes: bool


def read(folder: Path, name: str) -> tuple[pd.DataFrame, pd.Series, bool]:
    """Features, target and whether it is one of classes."""
    index: Any = json.loads((folder / "index.json").read_text("utf-8"))
    entries = index["datasets"] if isinstance(index, dict) else index
    entry = next(entry for entry in entries if entry["name"] == name)
    frame = pd.read_csv(folder / entry["file"])
    y = frame.pop(entry["target"])
    return frame, y, entry["task"] != "regression"


def draw(folder: Path, name: str, n_train: int, n_test: int, seed: int) -> Table:
    """At most so many rows to learn from and to test on, three to one where there are fewer."""
    X, y, classes = read(folder, name)
    n = min(len(X), n_train + n_test)
    test = min(n_test, n // 4) if n < n_train + n_test else n_test
    rare = classes and y.value_counts().min() < 10
    if rare:
        counts = y.value_counts()
        keep = y.isin(counts.index[counts >= 10])
        X, y = X[keep].reset_index(drop=True), y[keep].reset_index(drop=True)
        n = min(n, len(X))
    parts = train_test_split(
        X, y, train_size=n - test, test_size=test, random_state=seed, stratify=y if classes else None
    )
    return Table(*parts, classes)

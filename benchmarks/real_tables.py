"""Real tables for the benchmarks of the search: read from a folder of tables with an index.json, drawn by a seed."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit, train_test_split

__all__ = ["DATA", "FIFTEEN", "Ordered", "Table", "chosen", "draw", "entries", "ordered_split_of", "read", "split_of"]

# beside the project; the tables have licences of their own and are not shipped with it
FIRST_SEED, RAREST, TESTED = 1000, 8, 0.25
DATA = Path(os.environ.get("BENCHMARK_TABLES", Path(__file__).parents[2] / "shared" / "data"))


# The tables of README.md; no setting was chosen on splits 0 to 2 of them.
FIFTEEN = (
    "titanic",
    "pima_diabetes",
    "airfoil",
    "yeast",
    "abalone",
    "spam",
    "wine_quality_white",
    "phoneme",
    "pendigits",
    "mammography",
    "bike_sharing",
    "california_housing",
    "bank_marketing",
    "adult",
    "diamonds",
)


class Table(NamedTuple):
    """Rows to learn from, and others to test on."""

    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: pd.Series
    y_test: pd.Series
    classes: bool


class Ordered(NamedTuple):
    """Rows to learn from, and others to test on: later ones, or those of other groups."""

    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: pd.Series
    y_test: pd.Series
    task: str
    time: str
    groups: NDArray[Any] | None


def entries(folder: Path) -> list[dict[str, Any]]:
    """What the index says of the tables in CSV files, the smaller ones first."""
    path = folder / "index.json"
    if not path.is_file():
        raise SystemExit(f"{path} is not there: give the folder with the tables, or name it in BENCHMARK_TABLES.")
    index: Any = json.loads(path.read_text("utf-8"))
    found = index["datasets"] if isinstance(index, dict) else index
    tables = [entry for entry in found if str(entry["file"]).endswith((".csv", ".csv.gz"))]
    return sorted(tables, key=lambda entry: entry.get("n_rows") or 0)


def chosen(folder: Path, only: str | None) -> list[str]:
    """Names of tables: those that `only` names with commas, the FIFTEEN for "fifteen", all that there are for None."""
    names = [entry["name"] for entry in entries(folder)]
    wanted = names if only is None else list(FIFTEEN) if only == "fifteen" else only.split(",")
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise SystemExit(f"{folder} has no table {unknown[0]!r}; it has {', '.join(names)}")
    return [name for name in names if name in wanted]


def split_of(
    folder: Path, name: str, split: int, max_train: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series, pd.Series, str]:
    """Three quarters of the rows to learn from and one to test on, and the task.

    Rows are drawn by the number of the split, at most 4/3 of `max_train`; classes are numbers from 0, and those with
    fewer than RAREST rows are left out.
    """
    X, y, task = _drawn(folder, name, split, max_train)
    parts = train_test_split(X, y, test_size=TESTED, random_state=split, stratify=None if task == "regression" else y)
    return (*parts, task)


def ordered_split_of(folder: Path, name: str, split: int, max_train: int) -> Ordered:
    """Of a table with a time the last quarter of the rows to test on, of one with groups a quarter of the groups.

    Rows are drawn as by `split_of`, and those of a time are in its order.
    """
    entry = next(entry for entry in entries(folder) if entry["name"] == name)
    X, y, task = _drawn(folder, name, split, max_train)
    if entry["time"]:
        in_order = X[entry["time"]].argsort(kind="stable").to_numpy()
        n_train = len(X) - round(TESTED * len(X))
        train, test, groups = in_order[:n_train], in_order[n_train:], None
    else:
        of_row = pd.factorize(X.pop(entry["group"]))[0]
        train, test = next(GroupShuffleSplit(1, test_size=TESTED, random_state=split).split(X, groups=of_row))
        groups = of_row[train]
    return Ordered(*(part.iloc[rows] for part in (X, y) for rows in (train, test)), task, entry["time"], groups)


def _drawn(folder: Path, name: str, split: int, max_train: int) -> tuple[pd.DataFrame, pd.Series, str]:
    """Rows drawn by the number of a split, at most 4/3 of `max_train`, their target, and the task."""
    entry = next(entry for entry in entries(folder) if entry["name"] == name)
    X, y, classes = read(folder, name)
    if classes:
        y = pd.Series(pd.factorize(y, sort=True)[0], index=y.index)
    drawn = np.random.default_rng(FIRST_SEED + split).permutation(len(X))[: max_train * 4 // 3]
    X, y = X.iloc[drawn].reset_index(drop=True), y.iloc[drawn].reset_index(drop=True)
    if classes:
        common = y.map(y.value_counts()) >= RAREST
        X, y = X[common].reset_index(drop=True), y[common].reset_index(drop=True)
        y = pd.Series(pd.factorize(y, sort=True)[0])
    return pd.DataFrame({column: _as_it_is(entry, X[column]) for column in X}), y, str(entry["task"])


def _as_it_is(entry: dict[str, Any], column: pd.Series) -> pd.Series:
    """Numbers, times, text, or else categories; text is what the index calls so, the rest is of words."""
    if column.name in entry.get("dates", ()):
        return pd.to_datetime(column, format="mixed", utc=True).dt.tz_localize(None)
    if column.name in entry.get("text", ()):
        return column.astype(object)
    numbers = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return column if numbers and column.name not in (entry.get("categorical") or []) else _category(column)


def _category(column: pd.Series) -> pd.Series:
    """Its values as text categories, the missing ones missing."""
    return column.astype(object).map(str, na_action="ignore").astype("category")


def read(folder: Path, name: str) -> tuple[pd.DataFrame, pd.Series, bool]:
    """Features, target and whether it is one of classes."""
    entry = next(entry for entry in entries(folder) if entry["name"] == name)
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

"""Contenders of `large.py`: one step of layer 1, and methods on simulated tables of any number of rows."""

import resource
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from simulated import COLUMNS, blocks, many_categories, many_classes, many_columns, simulate
from sklearn.metrics import log_loss, roc_auc_score

TEST_SEED = 1
ROWS_IN_A_GROUP = 100_000


class Step:
    """Steps of one network: numbers in bins, then hidden layers; looked up, or multiplied out."""

    def __init__(self, numbers: int, bins: int, hidden: list[int], batch: int, steps: int, looks_up: bool) -> None:
        from leadline.network import Architecture
        from leadline.training import FeatureScale, Plan, Processor, stream
        from leadline.training.embeddings import PiecewiseLinear
        from leadline.training.lookup import looked_up
        from leadline.training.population import Blueprint, Population, Steps
        from leadline.training.program import SETTINGS
        from leadline.training.rows import Examples

        pieces = [PiecewiseLinear(numbers, 0, bins), FeatureScale(numbers * bins)]
        architecture = Architecture((numbers * bins, *hidden, 1), "relu", "binary_cross_entropy")
        plan = Plan(architecture, pieces, join=looked_up if looks_up else None)
        generator = np.random.default_rng(0)
        X = generator.standard_normal((batch * steps, numbers)).astype(np.float32)
        Y = (X[:, :1] > 0).astype(np.float32)
        theta = plan.initial(stream((0,)), X).astype(np.float32)
        self.population = Population(Blueprint(plan, batch, batch, "adam"), theta[None], Processor())
        values = {"rate": 1e-3, "beta_1": 0.9, "rest_1": 0.1, "beta_2": 0.999, "rest_2": 1e-3, "epsilon": 1e-8}
        row = [{**values, "correction_1": 1.0, "correction_2": 1.0, "scale": 1.0}.get(name, 0.0) for name in SETTINGS]
        settings, keys = np.tile(np.float32(row), (steps, 1)), np.zeros((steps, architecture.L), np.uint64)
        examples = Examples(X, Y, np.ones(len(X), np.float32))
        self.steps = Steps(examples, np.arange(len(X)), batch, settings, keys)
        self.count = steps

    def run(self) -> dict[str, Any]:
        from leadline.training import one_blas_thread

        with one_blas_thread():
            start = time.perf_counter()
            self.population.run([self.steps])
            return {"seconds": time.perf_counter() - start, "count": self.count}


def _judged(model: Any, X: Any, y: Any) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        P = np.asarray(model.predict_proba(X))
    return {"auc": float(roc_auc_score(y, P[:, 1])), "log_loss": float(log_loss(y, P))}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _end_after(seconds: float) -> None:
    """Let the process end when it has taken so much more processor time, over all threads."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds), hard))


class Fit:
    """A method with its defaults on a table in memory; what is compiled once is compiled before.

    A fit that takes more than `limit` seconds of the processor ends with the process.
    """

    def __init__(self, who: str, rows: int, test_rows: int, cores: int, limit: float) -> None:
        self.who, self.cores, self.limit = who, cores, limit
        if who.startswith("leadline"):
            from leadline import DeepClassifier, DepthSearchCV

            small, many = simulate(500), {"numeric_embedding": "piecewise_linear", "activation": "silu"}
            for settings in ({}, many):
                model = DeepClassifier(max_iter=1, random_state=0, **settings)
                (DepthSearchCV(model, max_depth=3) if who == "leadline search" else model).fit(*small)
        self.X, self.y = simulate(rows)
        self.test = simulate(test_rows, TEST_SEED)

    def _model(self) -> Any:
        if self.who == "leadline":
            from leadline import DeepClassifier

            return DeepClassifier(random_state=0)
        if self.who == "leadline search":
            from leadline import DeepClassifier, DepthSearchCV

            return DepthSearchCV(DeepClassifier(random_state=0))
        if self.who == "LightGBM":
            from lightgbm import LGBMClassifier

            return LGBMClassifier(n_jobs=self.cores, verbose=-1)
        if self.who == "scikit-learn's MLP":
            from sklearn.neural_network import MLPClassifier

            return MLPClassifier(random_state=0)
        from catboost import CatBoostClassifier

        return CatBoostClassifier(thread_count=self.cores, verbose=0, allow_writing_files=False)

    def run(self) -> dict[str, Any]:
        _end_after(self.limit)
        before, start, busy = _peak(), time.perf_counter(), time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a default of some library says of itself
            model = self._model().fit(self.X, self.y)
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        facts = {"seconds": seconds, "busy": busy, "count": 1, "peak": _peak(), "more": _peak() - before}
        return {**facts, **_judged(model, *self.test)}


class Memory:
    """One fit, or a search with five folds, both on all rows and of one epoch, which changes no array's size."""

    def __init__(self, what: str, rows: int) -> None:
        from leadline import DeepClassifier, DepthSearchCV

        model = DeepClassifier(max_iter=1, random_state=0)
        self.model = model if what == "fit" else DepthSearchCV(model, cv=5, max_depth=3, max_rows=None)
        # what compiled code takes is taken before
        many = {"numeric_embedding": "piecewise_linear", "activation": "silu"}
        small = DeepClassifier(max_iter=1, random_state=0, **many)
        (small if what == "fit" else DepthSearchCV(small, cv=5, max_depth=3)).fit(*simulate(500))
        self.X, self.y = simulate(rows)

    def run(self) -> dict[str, Any]:
        before, start = _peak(), time.perf_counter()
        self.model.fit(self.X, self.y)
        return {"seconds": time.perf_counter() - start, "count": 1, "peak": _peak(), "more": _peak() - before}


class Wide:
    """A method with its defaults on a table of many columns, categories or classes; `limit` as in `Fit`.

    "LightGBM, codes" takes the number of a category for a number.
    """

    def __init__(self, what: str, who: str, rows: int, size: int, test_rows: int, cores: int, limit: float) -> None:
        draw = {"columns": many_columns, "categories": many_categories, "classes": many_classes}[what]
        self.who, self.cores, self.limit = who, cores, limit
        self.given, self.test = draw(rows, size, 0), draw(test_rows, size, TEST_SEED)
        if who == "LightGBM, codes":
            self.given, self.test = ((X.assign(code=X["code"].cat.codes), y) for X, y in (self.given, self.test))
        if who == "leadline":
            from leadline import DeepClassifier

            DeepClassifier(max_iter=1, random_state=0).fit(*draw(500, min(size, 100), 0))

    def run(self) -> dict[str, Any]:
        _end_after(self.limit)
        before, start, busy = _peak(), time.perf_counter(), time.process_time()
        if self.who == "leadline":
            from leadline import DeepClassifier

            model: Any = DeepClassifier(random_state=0)
        else:
            from lightgbm import LGBMClassifier

            model = LGBMClassifier(n_jobs=self.cores, verbose=-1)
        model.fit(*self.given)
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        P = np.asarray(model.predict_proba(self.test[0]))
        judged = {
            "accuracy": float((model.classes_[P.argmax(axis=1)] == self.test[1]).mean()),
            "log_loss": float(log_loss(self.test[1], P, labels=model.classes_)),
        }
        facts = {"seconds": seconds, "busy": busy, "count": 1, "peak": _peak(), "more": _peak() - before}
        return {**facts, **judged, "notices": list(getattr(model, "notices_", ()))}


class Pass:
    """One network, one pass over the rows: from a Parquet file, or the same rows in memory."""

    def __init__(self, rows: int, on_disk: bool, memory: str, test_rows: int) -> None:
        from leadline import Dataset, DeepClassifier

        self.rows, settings = rows, {"n_networks": 1, "max_iter": 1, "random_state": 0}
        self.model = DeepClassifier(numeric_embedding="piecewise_linear", activation="silu", **settings)
        self.model.fit(*simulate(500))
        self.test = simulate(test_rows, TEST_SEED)
        if on_disk:
            self.folder = tempfile.TemporaryDirectory()
            self.given: Any = (Dataset(write(rows, Path(self.folder.name)), memory), "y")
        else:
            X, y = simulate(rows)
            self.given = (X, y)

    def run(self) -> dict[str, Any]:
        import pandas as pd

        start = time.perf_counter()
        self.model.fit(*self.given)
        seconds, X = time.perf_counter() - start, self.test[0]
        frame = pd.DataFrame(X, columns=names()) if hasattr(self.model, "feature_names_in_") else X
        return {"seconds": seconds, "count": self.rows, "peak": _peak(), **_judged(self.model, frame, self.test[1])}


def names() -> list[str]:
    """The columns of the Parquet file, but for the target y."""
    return [f"x{j}" for j in range(COLUMNS)]


def write(rows: int, folder: Path) -> Path:
    """Write the simulated table as Parquet, a block at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    path, writer = folder / "rows.parquet", None
    for X, y in blocks(rows):
        table = pa.table({**dict(zip(names(), X.T, strict=True)), "y": y})
        writer = writer or parquet.ParquetWriter(path, table.schema, compression="lz4", use_dictionary=False)
        writer.write_table(table, row_group_size=ROWS_IN_A_GROUP)
    assert writer is not None
    writer.close()
    return path

"""The contenders of prediction.py: the same fitted network behind each, from a table's numbers to probabilities."""

import time
from typing import Any

import numpy as np

CLASSES = 3


def make_data(n: int, p: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A table of numbers and classes."""
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((n, p)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1)


class Contest:
    """Times `predict` on `rows` rows, `times` times."""

    def __init__(self, hidden: list[int], rows: int, features: int, times: int) -> None:
        self.hidden, self.times = tuple(hidden), times
        self.X, self.y = make_data(2000, features)
        self.rows = make_data(rows, features, seed=1)[0]
        self.prepare()

    def prepare(self) -> None:
        raise NotImplementedError

    def predict(self, X: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def run(self) -> dict[str, Any]:
        start = time.perf_counter()
        for _ in range(self.times):
            out = self.predict(self.rows)
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "count": self.times * len(self.rows), "check": float(out[:1000].sum(axis=0)[0])}

    def fit(self, **parameters: Any) -> Any:
        from leadline import DeepClassifier

        model = DeepClassifier(hidden_layer_sizes=self.hidden, max_iter=5, random_state=0, **parameters)
        return model.fit(self.X, self.y)


class Leadline(Contest):
    """One network without embeddings, as scikit-learn's is."""

    def prepare(self) -> None:
        self.predict = self.fit(recipe="plain").predict_proba  # type: ignore[method-assign]


class Default(Contest):
    """What an estimator with these hidden units is by default: eight networks with embedded numbers."""

    def prepare(self) -> None:
        self.predict = self.fit().predict_proba  # type: ignore[method-assign]


class ScikitLearn(Contest):
    """A network of the same sizes; it reads the numbers as they are."""

    def prepare(self) -> None:
        import warnings

        from sklearn.neural_network import MLPClassifier

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model = MLPClassifier(self.hidden, max_iter=5, random_state=0).fit(self.X, self.y)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.model.predict_proba(X)


class OnnxRuntime(Contest):
    """The network of `Leadline` as it is exported, scaling of the columns included; all cores."""

    def prepare(self) -> None:
        import onnxruntime

        from leadline.export import to_onnx

        graph = to_onnx(self.fit(recipe="plain")).SerializeToString()
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        self.rows = self.rows.astype(np.float64)  # what the graph takes
        self.predict = lambda X: session.run(["probabilities"], {"X": X})[0]  # type: ignore[method-assign]

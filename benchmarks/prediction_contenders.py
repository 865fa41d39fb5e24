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

    def fit(self) -> Any:
        from leadline import DeepClassifier

        return DeepClassifier(hidden_layer_sizes=self.hidden, max_iter=5, random_state=0).fit(self.X, self.y)


class Leadline(Contest):
    def prepare(self) -> None:
        self.model = self.fit()

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.model.predict_proba(X)


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
    """Leadline's network written as an ONNX graph, scaling of the columns included; all cores."""

    def prepare(self) -> None:
        import onnxruntime

        session = onnxruntime.InferenceSession(self.graph(self.fit().model_), providers=["CPUExecutionProvider"])
        self.predict = lambda X: session.run(None, {"x": X})[0]  # type: ignore[method-assign]

    def graph(self, model: Any) -> bytes:
        from onnx import TensorProto, helper, numpy_helper

        member, plan = model.members[0], model.plans[0]
        arrays = plan.named(member.theta)
        constants: dict[str, Any] = {
            "center": member.statistics.center,
            "scale": member.statistics.scale,
            "third": 1 / 3,
            "one": 1.0,
            "factor": arrays["feature_scale"],
        }
        nodes = [
            helper.make_node(kind, inputs, [out])
            for kind, inputs, out in (
                ("Sub", ["x", "center"], "centred"),
                ("Div", ["centred", "scale"], "scaled"),
                ("Mul", ["scaled", "third"], "part"),
                ("Mul", ["part", "part"], "square"),
                ("Add", ["square", "one"], "more"),
                ("Sqrt", ["more"], "root"),
                ("Div", ["scaled", "root"], "clipped"),
                ("Mul", ["clipped", "factor"], "A0"),
            )
        ]
        L = plan.architecture.L
        for l in range(1, L + 1):
            constants |= {f"W{l}": arrays[f"W[{l}]"], f"b{l}": arrays[f"b[{l}]"]}
            nodes.append(helper.make_node("Gemm", [f"A{l - 1}", f"W{l}", f"b{l}"], [f"Z{l}"], transB=1))
            nodes.append(helper.make_node("Relu" if l < L else "Softmax", [f"Z{l}"], [f"A{l}"]))
        graph = helper.make_graph(
            nodes,
            "network",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, model.layout.n_inputs])],
            [helper.make_tensor_value_info(f"A{L}", TensorProto.FLOAT, [None, CLASSES])],
            [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in constants.items()],
        )
        found = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        return bytes(found.SerializeToString())

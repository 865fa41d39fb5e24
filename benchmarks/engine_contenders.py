"""The contenders of engine.py: our engine on one thread with one thing changed, and peak memory beside scikit-learn."""

import resource
import time
from typing import Any

import numpy as np

PLAIN = {
    "learning_rate": "constant",
    "learning_rate_init": 1e-3,
    "weight_decay": 0.0,
    "dropout": 0.0,
    "feature_scale": False,
}


class Training:
    """Networks trained on one thread, with `changes` to the plain settings."""

    def __init__(
        self,
        sizes: list[int],
        batch: int,
        epochs: int,
        networks: int = 4,
        validation: float = 0.0,
        smoothing: float = 0.0,
        **changes: Any,
    ) -> None:
        from leadline.network import smooth_labels
        from leadline.training import Data, Holdout, Hyperparameters, Task, plan_for

        settings = Hyperparameters(
            hidden_layer_sizes=tuple(sizes[1:-1]), batch_size=batch, max_iter=epochs, **{**PLAIN, **changes}
        )
        generator = np.random.default_rng(0)
        n = 20 * batch
        X = generator.standard_normal((1, n + round(validation * n), sizes[0])).astype(np.float32)
        labels = (X[0] @ generator.standard_normal((sizes[0], sizes[-1]))).argmax(axis=1)
        Y = smooth_labels(np.eye(sizes[-1])[labels].T, smoothing).T[None].astype(np.float32)
        self.data = Data(X, Y, np.ones(X.shape[1], np.float32))
        self.plan = plan_for(settings, sizes[0], sizes[-1], "cross_entropy")
        rows = np.arange(X.shape[1])
        self.tasks = [Task(settings, (0, i), 0, rows[:n], (Holdout(rows[n:]),)) for i in range(networks)]
        self.labels, self.count = labels, networks * epochs * 20

    def judge(self, fold: int, rows: np.ndarray, scores: np.ndarray) -> float:
        return float((scores.argmax(axis=1) == self.labels[rows]).mean())

    def run(self) -> dict[str, Any]:
        from leadline.training import Stop
        from leadline.training.trainer import Trainer

        trainer = Trainer(self.plan, self.tasks, self.data, self.judge, Stop(), 1, None)
        start = time.perf_counter()
        trainer.run()
        return {"seconds": time.perf_counter() - start, "count": self.count}


class Memory:
    """Peak resident size of a process that makes a table and fits one network on it."""

    def __init__(self, who: str, rows: int, features: int) -> None:
        self.who = who
        generator = np.random.default_rng(0)
        self.X = generator.standard_normal((rows, features), dtype=np.float32)
        self.y = (self.X[:, 0] * self.X[:, 1]).astype(np.float32)

    def run(self) -> dict[str, Any]:
        import warnings

        start = time.perf_counter()
        if self.who == "leadline":
            from leadline import DeepRegressor

            network = DeepRegressor((64, 64), recipe="plain", batch_size=256, max_iter=1, random_state=0)
            network.fit(self.X, self.y)
        else:
            from sklearn.neural_network import MLPRegressor

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                MLPRegressor(hidden_layer_sizes=(64, 64), batch_size=256, max_iter=1, early_stopping=True).fit(
                    self.X, self.y
                )
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"seconds": seconds, "count": 1, "megabytes": peak / 1024}

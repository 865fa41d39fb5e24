"""The contenders of training.py: each trains networks of one shape on the same data for the same number of steps.

All of them: float32, ReLU, Adam with its usual constants at a learning rate of 0.001, minibatches shuffled anew in
every epoch, initial weights by He (scikit-learn has an initialisation of its own). `run` trains from the start and
returns seconds, how many network-steps were taken (`count`) and the final loss over the training rows.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

LEARNING_RATE = 1e-3
FOLDS = 5


class Contest:
    """Data and steps of one shape."""

    def __init__(self, sizes: list[int], batch: int, steps: int, epochs: int) -> None:
        self.sizes, self.batch, self.steps, self.epochs = sizes, batch, steps, epochs
        self.rows = batch * (steps // epochs)
        self.regression = sizes[-1] == 1
        generator = np.random.default_rng(0)
        # a teacher of one hidden layer, for all rows that a search with folds would hold
        total = self.rows * FOLDS // (FOLDS - 1)
        self.X = generator.standard_normal((total, sizes[0])).astype(np.float32)
        hidden = np.tanh(self.X @ generator.standard_normal((sizes[0], 32)).astype(np.float32) / sizes[0] ** 0.5)
        scores = hidden @ generator.standard_normal((32, sizes[-1])).astype(np.float32)
        self.y = scores[:, 0] if self.regression else scores.argmax(axis=1)

    def initial(self, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """He's initial weights, (n[l-1], n[l]), and biases."""
        generator = np.random.default_rng(seed)
        return [
            (
                (generator.standard_normal((a, b)) * (2 / a) ** 0.5).astype(np.float32),
                np.zeros(b, np.float32),
            )
            for a, b in zip(self.sizes[:-1], self.sizes[1:], strict=True)
        ]


class Leadline(Contest):
    """Our own engine: `networks` of them, in threads as the search runs them, or one with all threads."""

    def __init__(self, networks: int, threads: int, **contest: Any) -> None:
        super().__init__(**contest)
        from leadline.training import Data, Hyperparameters, Task, plan_for

        self.networks, self.threads = networks, threads
        settings = Hyperparameters(
            hidden_layer_sizes=tuple(self.sizes[1:-1]),
            batch_size=self.batch,
            max_iter=self.epochs,
            learning_rate_init=LEARNING_RATE,
            learning_rate="constant",
            beta_2=0.999,
            weight_decay=0.0,
            dropout=0.0,
            feature_scale=False,
        )
        loss = "half_squared_error" if self.regression else "cross_entropy"
        self.plan = plan_for(settings, self.sizes[0], self.sizes[-1], loss)
        classes = np.arange(self.sizes[-1])
        Y = self.y[:, None] if self.regression else (self.y[:, None] == classes)
        X = np.stack([self.X] * (FOLDS if networks > 1 else 1))
        Y = np.stack([Y.astype(np.float32)] * len(X))
        self.data = Data(X, Y, np.ones(len(self.X), np.float32))
        self.tasks = []
        for i in range(networks):
            fold = i % FOLDS if networks > 1 else 0
            rows = np.delete(np.arange(len(self.X)), np.arange(fold, len(self.X), FOLDS))
            self.tasks.append(Task(settings, (0, i), fold, rows))

    def run(self) -> dict[str, Any]:
        from leadline.training import Stop, networks_at_once, one_blas_thread
        from leadline.training.trainer import Trainer

        size = min(networks_at_once(self.plan, self.tasks[0].settings), -(-self.networks // self.threads))
        batches = [self.tasks[at : at + size] for at in range(0, self.networks, size)]
        lanes = self.threads if self.networks == 1 else 1
        trainers = [Trainer(self.plan, batch, self.data, float, Stop(), lanes, None) for batch in batches]
        with one_blas_thread(), ThreadPoolExecutor(self.threads) as pool:
            start = time.perf_counter()
            trained = list(pool.map(Trainer.run, trainers))
            seconds = time.perf_counter() - start
        return {"seconds": seconds, "count": self.networks * self.steps, "loss": self.loss(trained[0][0].theta)}

    def loss(self, theta: np.ndarray) -> float:
        """The mean loss over the training rows of the first network."""
        from leadline.network import cost
        from leadline.network.equations import forward

        rows = self.tasks[0].train_rows
        Z, _ = forward(self.plan.architecture, self.plan.layers(theta), self.data.X[0, rows].T.astype(float))
        return cost(self.plan.architecture, Z, self.data.Y[0, rows].T.astype(float))


class ScikitLearn(Contest):
    """MLPClassifier or MLPRegressor; its loss is that of the last epoch, averaged over the steps."""

    def run(self) -> dict[str, Any]:
        import warnings

        from sklearn.neural_network import MLPClassifier, MLPRegressor

        mlp = (MLPRegressor if self.regression else MLPClassifier)(
            hidden_layer_sizes=tuple(self.sizes[1:-1]),
            alpha=0.0,
            batch_size=self.batch,
            learning_rate_init=LEARNING_RATE,
            max_iter=self.epochs,
            n_iter_no_change=self.epochs + 1,
            random_state=0,
        )
        X, y = self.X[: self.rows], self.y[: self.rows]
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it reports that it did not converge
            mlp.fit(X, y)
        return {"seconds": time.perf_counter() - start, "count": self.steps, "loss": float(mlp.loss_)}


class PyTorch(Contest):
    """Eager PyTorch with the fused Adam."""

    def __init__(self, threads: int, **contest: Any) -> None:
        super().__init__(**contest)
        import torch

        torch.set_num_threads(threads)
        self.tensors = torch.from_numpy(self.X[: self.rows]), torch.from_numpy(self.y[: self.rows])

    def run(self) -> dict[str, Any]:
        import torch
        from torch import nn

        layers: list[nn.Module] = []
        for W, b in self.initial(0):
            layer = nn.Linear(*W.shape)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(W.T.copy()))
                layer.bias.copy_(torch.from_numpy(b))
            layers += [layer, nn.ReLU()]
        model = nn.Sequential(*layers[:-1])
        optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
        X, y = self.tensors

        def loss(rows: torch.Tensor) -> torch.Tensor:
            scores = model(X[rows])
            if self.regression:
                return 0.5 * nn.functional.mse_loss(scores[:, 0], y[rows])
            return nn.functional.cross_entropy(scores, y[rows])

        generator = torch.Generator().manual_seed(0)
        start = time.perf_counter()
        for _ in range(self.epochs):
            for rows in torch.randperm(len(X), generator=generator).split(self.batch):
                value = loss(rows)
                optimiser.zero_grad()
                value.backward()
                optimiser.step()
        seconds = time.perf_counter() - start
        with torch.no_grad():
            return {"seconds": seconds, "count": self.steps, "loss": float(loss(torch.arange(len(X))))}


class Jax(Contest):
    """JAX: an epoch is one jitted scan over its steps; with `networks` > 1 it is mapped over them."""

    def __init__(self, networks: int, **contest: Any) -> None:
        super().__init__(**contest)
        import jax
        import jax.numpy as jnp

        self.networks = networks
        X, y = jnp.asarray(self.X[: self.rows]), jnp.asarray(self.y[: self.rows])

        def loss(theta: Any, rows: Any) -> Any:
            A = X[rows]
            for l, (W, b) in enumerate(theta, start=1):
                A = A @ W + b
                if l < len(theta):
                    A = jnp.maximum(A, 0)
            if self.regression:
                return 0.5 * jnp.mean((A[:, 0] - y[rows]) ** 2)
            return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(A), y[rows][:, None], axis=1))

        def step(state: Any, rows: Any) -> Any:
            theta, m, v, t = state
            t = t + 1
            gradient = jax.grad(loss)(theta, rows)
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)
            c_1, c_2 = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
            theta = jax.tree.map(
                lambda p, m, v: p - LEARNING_RATE * (m * c_1) / (jnp.sqrt(v * c_2) + 1e-8), theta, m, v
            )
            return (theta, m, v, t), None

        def epoch(state: Any, key: Any) -> Any:
            rows = jax.random.permutation(key, len(X)).reshape(-1, self.batch)
            return jax.lax.scan(step, state, rows)[0]

        def start(theta: Any) -> Any:
            zeros = jax.tree.map(jnp.zeros_like, theta)
            return theta, zeros, zeros, jnp.zeros(())

        if networks > 1:
            self.epoch, self.loss = jax.jit(jax.vmap(epoch)), jax.jit(jax.vmap(loss, (0, None)))
            first = [self.initial(i) for i in range(networks)]
            theta = jax.tree.map(lambda *leaves: jnp.stack(leaves), *first)
            self.state = jax.vmap(start)(theta)
            self.keys = lambda i: jax.random.split(jax.random.key(i), networks)
        else:
            self.epoch, self.loss = jax.jit(epoch), jax.jit(loss)
            self.state = start(jax.tree.map(jnp.asarray, self.initial(0)))
            self.keys = jax.random.key

    def run(self) -> dict[str, Any]:
        import jax

        state = self.state
        start = time.perf_counter()
        for i in range(self.epochs):
            state = self.epoch(state, self.keys(i))
        jax.block_until_ready(state)
        seconds = time.perf_counter() - start
        final = np.ravel(self.loss(state[0], np.arange(self.rows)))[0]
        return {"seconds": seconds, "count": self.networks * self.steps, "loss": float(final)}


class Limit(Contest):
    """The matrix products of training alone, with nothing between them; `stacked` networks on each thread.

    With `threads` = 0 each product is one network's and BLAS shares it between all cores.
    """

    def __init__(self, stacked: int, threads: int, **contest: Any) -> None:
        super().__init__(**contest)
        self.stacked, self.threads = stacked, threads
        generator = np.random.default_rng(0)
        self.products = [self.make_products(generator) for _ in range(max(threads, 1))]

    def make_products(self, generator: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        def array(*shape: int) -> np.ndarray:
            return generator.standard_normal((self.stacked, *shape), dtype=np.float32)

        products = []
        A = [array(self.batch, n) for n in self.sizes]
        for l, (a, b) in enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True), start=1):
            W = array(b, a)
            products.append((A[l - 1], W.transpose(0, 2, 1), A[l]))
            products.append((A[l].transpose(0, 2, 1), A[l - 1], np.empty_like(W)))
            if l > 1:
                products.append((A[l], W, np.empty_like(A[l - 1])))
        return products

    def run(self) -> dict[str, Any]:
        from threadpoolctl import threadpool_limits

        times = max(1, self.steps // self.stacked)

        def work(products: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> None:
            for _ in range(times):
                for left, right, out in products:
                    np.matmul(left, right, out=out)

        with threadpool_limits(1 if self.threads else None), ThreadPoolExecutor(len(self.products)) as pool:
            start = time.perf_counter()
            list(pool.map(work, self.products))
            seconds = time.perf_counter() - start
        return {"seconds": seconds, "count": times * self.stacked * len(self.products), "loss": None}


class CompiledLimit(Contest):
    """The matrix products of our own program on each thread, called one after the other by compiled code."""

    def __init__(self, threads: int, **contest: Any) -> None:
        super().__init__(**contest)
        from leadline.network import Architecture
        from leadline.training import Plan
        from leadline.training.cpu import lower
        from leadline.training.population import Blueprint
        from leadline.training.program import Program

        self.threads = threads
        plan = Plan(Architecture(tuple(self.sizes)))
        blueprint = Blueprint(plan, self.batch, 0, "adam")
        products = [op for op in blueprint.program(self.batch).operations if op.kernel in ("product", "outer")]
        self.program = lower(Program(((tuple(products),),)), np.float32)
        self.memory = blueprint.layout.fresh(threads, np.float32)
        self.memory[:] = np.random.default_rng(0).standard_normal(self.memory.shape)

    def run(self) -> dict[str, Any]:
        from leadline.training import one_blas_thread
        from leadline.training.cpu import call_range

        nothing = np.zeros(1, np.int64), np.zeros(1, np.uint64)
        addresses, operands = self.program.addresses, self.program.operands

        def work(memory: np.ndarray) -> None:
            for _ in range(self.steps):
                call_range(addresses, operands, 0, len(addresses), memory, 0, 0, *nothing)

        with one_blas_thread(), ThreadPoolExecutor(self.threads) as pool:
            start = time.perf_counter()
            list(pool.map(work, self.memory))
            seconds = time.perf_counter() - start
        return {"seconds": seconds, "count": self.steps * self.threads, "loss": None}

"""The contenders of gpu.py: populations of networks of one shape on one device; see training_contenders.py."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from training_contenders import LEARNING_RATE, Contest, Leadline

# Steps that PyTorch takes on a stream of its own before its graph is captured, as its documentation asks for.
WARM_UP = 3


def synchronize(device: str) -> None:
    """Wait until a GPU has done what it was told."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize()


class Stacked(Leadline):
    """Our own engine on a device: all networks in one population, or as many as it is given at once."""

    def __init__(self, networks: int, device: str, **contest: Any) -> None:
        super().__init__(networks, 1, **contest)
        self.device = device

    def run(self) -> dict[str, Any]:
        from leadline.training import Stop, networks_at_once, one_blas_thread
        from leadline.training.trainer import Trainer

        size = networks_at_once(self.plan, self.tasks[0].settings, self.device)
        batches = [self.tasks[at : at + size] for at in range(0, self.networks, size)]
        trainers = [Trainer(self.plan, batch, self.data, float, Stop(), 1, None, self.device) for batch in batches]
        with one_blas_thread():
            start = time.perf_counter()
            trained = [trainer.run() for trainer in trainers]
            seconds = time.perf_counter() - start
        return {"seconds": seconds, "count": self.networks * self.steps, "loss": self.loss(trained[0][0].theta)}


class PyTorchOne(Contest):
    """Eager PyTorch with the fused Adam, one network."""

    def __init__(self, device: str, **contest: Any) -> None:
        super().__init__(**contest)
        import torch

        self.device = device
        self.tensors = tuple(torch.from_numpy(array[: self.rows]).to(device) for array in (self.X, self.y))

    def run(self) -> dict[str, Any]:
        import torch
        from torch import nn

        layers: list[nn.Module] = []
        for W, b in self.initial(0):
            layer = nn.Linear(*W.shape, device=self.device)
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

        generator = torch.Generator(self.device).manual_seed(0)
        synchronize(self.device)
        start = time.perf_counter()
        for _ in range(self.epochs):
            for rows in torch.randperm(len(X), generator=generator, device=self.device).split(self.batch):
                value = loss(rows)
                optimiser.zero_grad()
                value.backward()
                optimiser.step()
        synchronize(self.device)
        seconds = time.perf_counter() - start
        with torch.no_grad():
            return {
                "seconds": seconds,
                "count": self.steps,
                "loss": float(loss(torch.arange(len(X), device=self.device))),
            }


class PyTorchStacked(PyTorchOne):
    """Stacked networks by torch.func: the gradient of one, mapped over all, and the fused Adam on the stack.

    `way`: "vmap" as it is; "graph", the whole step in a CUDA graph; "compile", the gradients by torch.compile.
    """

    def __init__(self, networks: int, way: str, **contest: Any) -> None:
        super().__init__(**contest)
        import torch

        self.networks, self.way = networks, way
        X, y = self.tensors

        def loss(theta: Any, rows: Any) -> Any:
            A = X[rows]
            for l, (W, b) in enumerate(theta, start=1):
                A = A @ W + b
                if l < len(theta):
                    A = torch.relu(A)
            if self.regression:
                return 0.5 * torch.mean((A[:, 0] - y[rows]) ** 2)
            return torch.nn.functional.cross_entropy(A, y[rows])

        self.one_loss = loss
        gradients = torch.func.vmap(torch.func.grad(loss))
        self.gradients = torch.compile(gradients) if way == "compile" else gradients
        self.start()

    def start(self) -> None:
        """Parameters, optimiser and step from the beginning."""
        import torch

        each = [self.initial(i) for i in range(self.networks)]
        self.theta = [
            tuple(torch.from_numpy(np.stack([own[l][k] for own in each])).to(self.device) for k in range(2))
            for l in range(len(each[0]))
        ]
        leaves = [leaf.requires_grad_() for pair in self.theta for leaf in pair]
        graph = self.way == "graph"
        self.optimiser = torch.optim.Adam(leaves, lr=LEARNING_RATE, fused=True, capturable=graph)
        self.given = torch.zeros(self.networks, self.batch, dtype=torch.int64, device=self.device)

        def step() -> None:
            with torch.no_grad():
                found = self.gradients([tuple(leaf.detach() for leaf in pair) for pair in self.theta], self.given)
            for leaf, gradient in zip(leaves, [leaf for pair in found for leaf in pair], strict=True):
                leaf.grad = gradient
            self.optimiser.step()

        self.step: Callable[[], None] = self.captured(step) if graph else step

    def captured(self, step: Callable[[], None]) -> Callable[[], None]:
        """The step as a graph; the steps that were taken to warm up are part of its work, before the clock."""
        import torch

        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        replay: Callable[[], None] = graph.replay
        return replay

    def run(self) -> dict[str, Any]:
        import torch

        self.start()
        n = len(self.tensors[0])
        synchronize(self.device)
        start = time.perf_counter()
        for _ in range(self.epochs):
            order = torch.rand(self.networks, n, device=self.device).argsort(1)
            for rows in order.split(self.batch, 1):
                self.given.copy_(rows)
                self.step()
        synchronize(self.device)
        seconds = time.perf_counter() - start
        first = [tuple(leaf[0].detach() for leaf in pair) for pair in self.theta]
        final = float(self.one_loss(first, torch.arange(n, device=self.device)))
        return {"seconds": seconds, "count": self.networks * self.steps, "loss": final}


class Products(Contest):
    """The matrix products of training alone, all networks stacked, with nothing between them."""

    def __init__(self, networks: int, device: str, **contest: Any) -> None:
        super().__init__(**contest)
        import torch

        def array(*shape: int) -> torch.Tensor:
            return torch.randn(networks, *shape, device=device)

        self.networks, self.device = networks, device
        self.products = []
        A = [array(self.batch, n) for n in self.sizes]
        for l, (a, b) in enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True), start=1):
            W = array(b, a)
            self.products += [(A[l - 1], W.mT, A[l]), (A[l].mT, A[l - 1], torch.empty_like(W))]
            if l > 1:
                self.products.append((A[l], W, torch.empty_like(A[l - 1])))

    def run(self) -> dict[str, Any]:
        import torch

        synchronize(self.device)
        start = time.perf_counter()
        for _ in range(self.steps):
            for left, right, out in self.products:
                torch.bmm(left, right, out=out)
        synchronize(self.device)
        return {"seconds": time.perf_counter() - start, "count": self.networks * self.steps, "loss": None}


class Search:
    """A whole search for depth, from the table to the delivered model."""

    def __init__(self, rows: int, max_depth: int, max_iter: int | str, device: str) -> None:
        from simulated import simulate

        self.X, self.y = simulate(rows)
        self.device, self.max_depth, self.max_iter = device, max_depth, max_iter

    def run(self) -> dict[str, Any]:
        from leadline import DeepClassifier, DepthSearchCV

        estimator = DeepClassifier(max_iter=self.max_iter, random_state=0)
        search = DepthSearchCV(estimator, max_depth=self.max_depth, max_rows=None, device=self.device)
        start = time.perf_counter()
        search.fit(self.X, self.y)
        return {"seconds": time.perf_counter() - start, "count": 1, "answer": f"L = {search.best_depth_}", "loss": None}

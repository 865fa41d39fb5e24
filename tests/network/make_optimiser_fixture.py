"""Write optimisers.json, the steps that PyTorch's optimisers take, in float64.

    python tests/network/make_optimiser_fixture.py

Needs PyTorch, which the tests do not. Run it again when an optimiser is added.
"""

import json
from pathlib import Path

import numpy as np
import torch

LEARNING_RATE, STEPS = 0.05, 20
BETAS = {"beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-8}


def make(name: str, theta: torch.nn.Parameter) -> tuple[torch.optim.Optimizer, dict[str, float]]:
    if name == "gradient_descent":
        return torch.optim.SGD([theta], lr=LEARNING_RATE), {}
    if name == "momentum":
        return torch.optim.SGD([theta], lr=LEARNING_RATE, momentum=0.9), {"beta_1": 0.9}
    if name == "nesterov":
        return torch.optim.SGD([theta], lr=LEARNING_RATE, momentum=0.9, nesterov=True), {"beta_1": 0.9}
    if name == "rmsprop":
        return torch.optim.RMSprop([theta], lr=LEARNING_RATE, alpha=0.99, eps=1e-8), {"beta_2": 0.99, "epsilon": 1e-8}
    if name == "adam":
        return torch.optim.Adam([theta], lr=LEARNING_RATE, betas=(0.9, 0.99), eps=1e-8), BETAS
    decay = {"weight_decay": 0.1}
    return torch.optim.AdamW([theta], lr=LEARNING_RATE, betas=(0.9, 0.99), eps=1e-8, **decay), {**BETAS, **decay}


def main() -> None:
    generator = np.random.default_rng(0)
    start, gradients = generator.normal(size=6), generator.normal(size=(STEPS, 6))
    cases = {}
    for name in ("gradient_descent", "momentum", "nesterov", "rmsprop", "adam", "adamw"):
        theta = torch.nn.Parameter(torch.tensor(start))
        torch_optimiser, settings = make(name, theta)
        steps = []
        for gradient in gradients:
            theta.grad = torch.tensor(gradient)
            torch_optimiser.step()
            steps.append(theta.detach().numpy().tolist())
        cases[name] = {"settings": settings, "steps": steps}
    record = {
        "made_by": "tests/network/make_optimiser_fixture.py",
        "torch": torch.__version__,
        "learning_rate": LEARNING_RATE,
        "start": start.tolist(),
        "gradients": gradients.tolist(),
        "cases": cases,
    }
    path = Path(__file__).parent / "optimisers.json"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

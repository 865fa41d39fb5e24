"""Plant errors in the backward pass, one at a time, and see that the tests catch each of them.

    make planted-errors

Each error is a replacement of one piece of source, in a copy. The tests of the network and of training run against the
copy and must fail. Takes a few minutes; not a part of `make test`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent

EQUATIONS = "network/equations.py"
ACTIVATIONS = "network/activations.py"
LOSSES = "network/losses.py"
KERNELS = "training/kernels.py"
BLOCKS = "training/blocks.py"
POPULATION = "training/population.py"
PIECES = "training/pieces.py"

# (what is wrong, file, the right source, the planted one)
ERRORS = [
    ("g for g′", EQUATIONS, "dZ = dA * g.g_prime(cache.Z, cache.A)", "dZ = dA * g.g(cache.Z)"),
    ("g′ forgotten", EQUATIONS, "dZ = dA * g.g_prime(cache.Z, cache.A)", "dZ = dA"),
    ("dW without 1/m", EQUATIONS, "@ cache.A_before.T / w.sum()", "@ cache.A_before.T"),
    ("dW without the weights", EQUATIONS, "dW = (dZ * w) @", "dW = dZ @"),
    ("db without 1/m", EQUATIONS, "keepdims=True) / w.sum()", "keepdims=True)"),
    ("db forgotten", EQUATIONS, "db = (dZ * w)", "db = 0 * (dZ * w)"),
    ("dA from dA instead of dZ", EQUATIONS, "dA_before = cache.W.T @ dZ", "dA_before = cache.W.T @ dA"),
    ("dA with the sign wrong", EQUATIONS, "dA_before = cache.W.T @ dZ", "dA_before = -cache.W.T @ dZ"),
    (
        "the weights lost on the way back",
        EQUATIONS,
        "layer_backward(dA, cache, activation(name), sample_weight)",
        "layer_backward(dA, cache, activation(name))",
    ),
    ("activations taken from the wrong layer", EQUATIONS, "*reversed(architecture", "*(architecture"),
    ("A + Y for A − Y", LOSSES, "/ (1.0 + exp(-np.abs(z))) - y", "/ (1.0 + exp(-np.abs(z))) + y"),
    ("softmax without its denominator", LOSSES, "/ np.sum(E, axis=0, keepdims=True)) - Y", ") - Y"),
    ("tanh′ = 1 − a", ACTIVATIONS, "return 1.0 - a * a", "return 1.0 - a"),
    ("selu′ without its scale", ACTIVATIONS, "return _SELU_SCALE * positive +", "return positive +"),
    ("db not summed in the kernel", KERNELS, "db[j] += dz", "db[j] = dz"),
    (
        "weights ignored by the loss kernel",
        KERNELS,
        "Y, share = _row(memory, operands, 3, example), weights[example] / total",
        "Y, share = _row(memory, operands, 3, example), 1.0 / m",
    ),
    ("the scale of dropout forgotten backward", KERNELS, "dz = dA[j] * scale * _g_prime", "dz = dA[j] * _g_prime"),
    ("a piece's gradient without its input", KERNELS, "ds[j] += dA[j] * a[j]", "ds[j] += dA[j]"),
    (
        "a layer's gradient written without g′",
        BLOCKS,
        'Operation("differentiate", places, self.activation)',
        'Operation("differentiate", places, "identity")',
    ),
    ("the first layer left out", POPULATION, "range(last, self.first - 1, -1)", "range(last, self.first, -1)"),
    ("cosine instead of its derivative", KERNELS, "out[i] *= _cosine_prime(f * x[i] + c)", "out[i] *= f * x[i] + c"),
    ("dx of the cosines without frequencies", KERNELS, "out[j] += frequency[wave] * _row(", "out[j] += _row("),
    (
        "dx of the bins without their widths",
        KERNELS,
        "out[j] += dA[j * n + b] / (high - low)",
        "out[j] += dA[j * n + b]",
    ),
    (
        "ds of the scale from A",
        PIECES,
        'gradient", span.dA, span.A_before)',
        'gradient", span.A_before, span.A_before)',
    ),
]


def main() -> None:
    missed = []
    for what, file, right, wrong in ERRORS:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "src"
            shutil.copytree(ROOT / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
            path = copy / "leadline" / file
            source = path.read_text("utf-8")
            if right not in source:
                sys.exit(f"{file} no longer has: {right}")
            path.write_text(source.replace(right, wrong), "utf-8")
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-x",
                "-q",
                "-p",
                "no:cacheprovider",
                "tests/network",
                "tests/training",
            ]
            environment = {**os.environ, "PYTHONPATH": str(copy)}
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        caught = done.returncode == 1
        first = next((line for line in done.stdout.splitlines() if line.startswith("FAILED")), "")
        print(f"{'caught' if caught else 'MISSED':<7} {what:<42} {first.removeprefix('FAILED ')[:90]}", flush=True)  # noqa: T201
        if not caught:
            missed.append(what)
    print(f"{len(ERRORS) - len(missed)} of {len(ERRORS)} planted errors caught")  # noqa: T201
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

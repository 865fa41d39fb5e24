"""How long a user waits before anything happens: imports, --help, kernels compiled for the first time and read again.

    make benchmark-startup             (or: python benchmarks/startup.py --rounds 7)

Every figure is a process of its own, wall time, median over the rounds, which are interleaved. Writes
results/startup.json.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import figure, finish, spread, table

PACKAGES = ("leadline", "numba", "scikit-learn")
FIT = """
import time, numpy as np
from leadline import {estimator}
X = np.random.default_rng(0).normal(size=(500, 8))
y = X[:, 0] * X[:, 1] {target}
start = time.perf_counter()
{estimator}(hidden_layer_sizes=(32, 32), max_iter=2, random_state=0).fit(X, y).predict(X[:5])
print(time.perf_counter() - start)
"""
KINDS = {"classification": ("DeepClassifier", "> 0"), "regression": ("DeepRegressor", "")}


def seconds(command: list[str], cache: str | None = None) -> tuple[float, str]:
    """Wall time of a command, and what it printed."""
    environment = {**os.environ, **({"NUMBA_CACHE_DIR": cache} if cache else {})}
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return time.perf_counter() - start, done.stdout


def report(record: dict[str, Any]) -> dict[str, str]:
    """Seconds of each."""
    lines = [[name, figure(statistics.median(own)), spread(own)] for name, own in record["seconds"].items()]
    return {"": table(["", "seconds", "range"], lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    python = sys.executable
    imports = {"import sklearn.base": "sklearn.base", "import numba": "numba", "import leadline": "leadline"}
    found: dict[str, list[float]] = {"an empty program": [], **{name: [] for name in imports}, "leadline --help": []}
    first: dict[str, list[float]] = {f"first fit ever, {kind}": [] for kind in KINDS}
    later: dict[str, list[float]] = {f"first fit of a later process, {kind}": [] for kind in KINDS}
    for _ in range(rounds):
        found["an empty program"].append(seconds([python, "-c", ""])[0])
        for name, module in imports.items():
            found[name].append(seconds([python, "-c", f"import {module}"])[0])
        found["leadline --help"].append(seconds([str(Path(python).parent / "leadline"), "--help"])[0])
        for kind, (estimator, target) in KINDS.items():
            code = FIT.format(estimator=estimator, target=target)
            with tempfile.TemporaryDirectory() as cache:
                first[f"first fit ever, {kind}"].append(float(seconds([python, "-c", code], cache)[1]))
                later[f"first fit of a later process, {kind}"].append(float(seconds([python, "-c", code], cache)[1]))
    empty = statistics.median(found["an empty program"])
    ratio = (statistics.median(found["import leadline"]) - empty) / (
        statistics.median(found["import sklearn.base"]) - empty
    )
    print(
        f"\nimport leadline takes {ratio:.2f} times as long as import sklearn.base, without the interpreter's own start"
    )
    finish("startup", {"seconds": {**found, **first, **later}}, PACKAGES, report)


if __name__ == "__main__":
    main()

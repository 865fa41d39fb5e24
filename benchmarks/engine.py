"""What training costs beside the plain step: every activation, optimiser and regularisation, evaluation, memory.

    make benchmark-engine             (or: python benchmarks/engine.py --rounds 5)

Prints three tables and one that sums them up, and writes results/engine.json.
"""

import argparse
import statistics
from typing import Any

from harness import Contender, between, compete, finish, ratios, spread, table

PACKAGES = ("leadline", "numpy", "numba", "scikit-learn")
SHAPES = (((100, 256, 256, 256, 10), 256, 2), ((64, 64, 32, 10), 64, 20))
ACTIVATIONS = ("identity", "sigmoid", "tanh", "leaky_relu", "elu", "selu", "softplus", "gelu", "silu", "mish")
OPTIMISERS = ("gradient_descent", "momentum", "nesterov", "rmsprop", "adamw")
CHANGES: dict[str, dict[str, Any]] = {
    "plain: relu, adam": {},
    **{name: {"activation": name} for name in ACTIVATIONS},
    **{name: {"solver": name} for name in OPTIMISERS},
    "dropout 0.1": {"dropout": 0.1},
    "weight decay": {"weight_decay": 0.05},
    "L2 penalty": {"alpha": 1.0},
    "label smoothing": {"smoothing": 0.1},
    "feature scale": {"feature_scale": True},
    "evaluation of 1 row for 4 trained on": {"validation": 0.25},
}
ROWS, FEATURES = 1_000_000, 50


# Changes that share a line of the table; the others have one each.
TOGETHER = {
    "other activations": ACTIVATIONS,
    "other optimisers": OPTIMISERS,
    "dropout, weight decay, L2, label smoothing": ("dropout 0.1", "weight decay", "L2 penalty", "label smoothing"),
}
# Of a group, those this much above its least are named.
DEAREST = 0.1


def report(record: dict[str, Any]) -> dict[str, str]:
    """Every change as a multiple of the plain step, one column for each shape; and the peak memory."""
    columns = []
    for shape in record["steps"]:
        plain = shape["rows"][0]["seconds"]
        columns.append({row["name"]: ratios(row["seconds"], plain) for row in shape["rows"][1:]})
    grouped = {name for group in TOGETHER.values() for name in group}
    lines = []
    for label, names in {**TOGETHER, **{name: (name,) for name in columns[0] if name not in grouped}}.items():
        cells = []
        for column in columns:
            own = {name: column[name] for name in names if name in column}
            middles = {name: statistics.median(values) for name, values in own.items()}
            if len(own) == 1:
                cells.append(between(next(iter(own.values()))))
            elif own:
                least = min(middles.values())
                dear = ", ".join(f"{name} {m:.2f}" for name, m in middles.items() if m > least + DEAREST)
                cells.append(f"{least:.2f} to {max(middles.values()):.2f}" + (f" ({dear})" if dear else ""))
        if cells:
            lines.append([label, *cells])
    heads = [shape["name"].removesuffix(", one thread") for shape in record["steps"]]
    memory = record["memory"]
    peaks = [[who, f"{own['megabytes']:,.0f}"] for who, own in memory.items()]
    return {
        "": table(["× the plain step", *heads], lines),
        "memory": table([f"{ROWS:,} rows of {FEATURES} columns", "peak, MB"], peaks),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    record: dict[str, Any] = {
        "rounds": options.rounds,
        "steps": [],
    }
    for sizes, batch, epochs in SHAPES:
        shape = {"sizes": sizes, "batch": batch, "epochs": epochs}
        rows = [
            Contender(name, "engine_contenders:Training", {**shape, **changes}, 1) for name, changes in CHANGES.items()
        ]
        title = f"{'-'.join(map(str, sizes))}, batch {batch}, one thread"
        print(title)
        compete(rows, options.rounds)
        lines = []
        for row in rows:
            against = ratios(row.seconds, rows[0].seconds)
            lines.append([row.name, f"{1e6 * row.median:,.1f}", f"{statistics.median(against):.2f}", spread(against)])
        print("\n" + table(["", "µs per network-step", "× plain", "range"], lines) + "\n")
        record["steps"].append({"name": title, "rows": [{"name": r.name, "seconds": r.seconds} for r in rows]})
    peaks = [
        Contender(who, "engine_contenders:Memory", {"who": who, "rows": ROWS, "features": FEATURES}, 1)
        for who in ("leadline", "scikit-learn")
    ]
    print(f"peak memory, {ROWS:,} rows of {FEATURES} float32 columns, one network 64-64, one epoch")
    compete(peaks, 1)
    lines = [[c.name, f"{c.rounds[-1]['megabytes']:,.0f}", f"{c.median:.1f}"] for c in peaks]
    print("\n" + table(["", "MB", "seconds"], lines) + "\n")
    record["memory"] = {c.name: c.rounds[-1] for c in peaks}
    finish("engine", record, PACKAGES, report)


if __name__ == "__main__":
    main()

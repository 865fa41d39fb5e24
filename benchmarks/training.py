"""How fast networks train, side by side: time per network-step, and the share of what the matrix products allow.

    make benchmark-training             (or: python benchmarks/training.py --rounds 5 --shape 64-64-32-10)

Prints a table for each shape and one of all, and writes results/training.json. README.md says what is compared and why
it is fair.
"""

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness import Contender, between, compete, cores, figure, finish, ratios, spread, table

PACKAGES = ("leadline", "numpy", "numba", "scikit-learn", "torch", "jax")
NETWORKS = 20


@dataclass(frozen=True)
class Shape:
    """Sizes, batch, steps and epochs of one training, and how many networks a population has."""

    sizes: tuple[int, ...]
    batch: int
    steps: int
    epochs: int
    networks: int = NETWORKS

    @property
    def name(self) -> str:
        return "-".join(map(str, self.sizes))

    @property
    def contest(self) -> dict[str, Any]:
        return {"sizes": self.sizes, "batch": self.batch, "steps": self.steps, "epochs": self.epochs}


SHAPES = (
    Shape((64, 64, 32, 10), 64, 1000, 50),
    Shape((20, 128, 128, 1), 256, 600, 30),
    Shape((100, 256, 256, 256, 10), 256, 100, 5),
    Shape((784, 512, 512, 10), 128, 80, 4),
    Shape((784, 2048, 2048, 2048, 10), 512, 10, 1, networks=10),
)
STACKED = (1, 4, 16)
PEERS = ("PyTorch", "scikit-learn", "JAX")


def contenders(shape: Shape, peers: Sequence[str]) -> list[Contender]:
    """The rows of a shape's table, with those of some peers."""
    n = cores()

    def row(name: str, target: str, arguments: dict[str, Any], threads: int = n, processes: int = 1) -> Contender:
        return Contender(name, f"training_contenders:{target}", {**shape.contest, **arguments}, threads, processes)

    rows = [
        row("Leadline, population", "Leadline", {"networks": shape.networks, "threads": n}),
        row("Leadline, one network", "Leadline", {"networks": 1, "threads": n}),
        row("scikit-learn, all threads", "ScikitLearn", {}),
        row("PyTorch, all threads", "PyTorch", {"threads": n}),
        row("PyTorch, a process per core", "PyTorch", {"threads": 1}, threads=1, processes=n),
        row("JAX, jit and scan", "Jax", {"networks": 1}),
        row(f"JAX, vmap over {shape.networks}", "Jax", {"networks": shape.networks}),
    ]
    rows += [row(f"products, {p} stacked on a thread", "Limit", {"stacked": p, "threads": n}) for p in STACKED]
    rows.append(row("products, all threads in each", "Limit", {"stacked": 1, "threads": 0}))
    rows.append(row("products, a compiled loop on each thread", "CompiledLimit", {"threads": n}))
    return [own for own in rows if own.name.startswith(("Leadline", "products", *peers))]


def fastest(rows: list[Contender], beginning: str) -> Contender:
    return min((row for row in rows if row.name.startswith(beginning)), key=lambda row: row.median)


def _one_network(rows: list[Contender], peer: str) -> list[float]:
    """Seconds of a step of one network: as fast as one thread or all of them make it."""
    alone = [row for row in rows if row.name.startswith(peer) and "vmap" not in row.name]
    return [min(s) for s in zip(*([row.processes * s for s in row.seconds] for row in alone), strict=True)]


def summarise(shape: Shape, rows: list[Contender]) -> dict[str, Any]:
    """Print the table of a shape; its record."""
    limit, population, one = fastest(rows, "products"), rows[0], rows[1]
    lines = []
    for row in rows:
        losses = [facts["loss"] for facts in row.rounds]
        lines.append(
            [
                row.name,
                f"{1e6 * row.median:,.1f}",
                spread([1e6 * s for s in row.seconds]),
                f"{row.median / population.median:.2f}",
                f"{limit.median / row.median:.2f}",
                "-" if losses[0] is None else f"{losses[-1]:.4f}",
            ]
        )
    head = ["", "µs per network-step", "range", "× population", "share of limit", "final loss"]
    print(f"\n{shape.name}, batch {shape.batch}: {shape.steps} steps in {shape.epochs} epochs\n")
    print(table(head, lines))
    facts = {"share of the limit": ratios(limit.seconds, population.seconds)}
    for peer in PEERS:
        if any(row.name.startswith(peer) for row in rows):
            facts[f"population against {peer}"] = ratios(fastest(rows, peer).seconds, population.seconds)
            facts[f"one network against {peer}"] = ratios(_one_network(rows, peer), one.seconds)
    print()
    for name, values in facts.items():
        print(f"  {name:<34} {statistics.median(values):6.2f}   ({spread(values)})")
    return {
        "shape": asdict(shape),
        "rows": [{"name": row.name, "seconds": row.seconds, "loss": row.rounds[-1]["loss"]} for row in rows],
        "ratios": facts,
    }


# Ratios of the table of all shapes, and how it calls them.
RATIOS = {
    "population against PyTorch": "against PyTorch",
    "population against scikit-learn": "scikit-learn",
    "population against JAX": "JAX",
    "share of the limit": "share of the limit",
    "one network against PyTorch": "one network against PyTorch",
    "one network against scikit-learn": "scikit-learn",
    "one network against JAX": "JAX",
}


def report(record: dict[str, Any]) -> dict[str, str]:
    """The ratios of every shape, in one table."""
    known = [name for name in RATIOS if any(name in shape["ratios"] for shape in record["shapes"])]
    lines = []
    for shape in record["shapes"]:
        population = next(row["seconds"] for row in shape["rows"] if row["name"] == "Leadline, population")
        sizes = "-".join(map(str, shape["shape"]["sizes"]))
        lines.append(
            [
                f"{sizes}, {shape['shape']['batch']}",
                figure(1e6 * statistics.median(population), 4),
                *(between(shape["ratios"][name]) if name in shape["ratios"] else "" for name in known),
            ]
        )
    return {"": table(["shape, batch", "population, µs", *(RATIOS[name] for name in known)], lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", choices=PEERS, action="append", help="may be repeated (default all)")
    parser.add_argument("--shape", choices=[shape.name for shape in SHAPES], action="append")
    options = parser.parse_args()
    record: dict[str, Any] = {
        "rounds": options.rounds,
        "shapes": [],
    }
    for shape in SHAPES:
        if options.shape and shape.name not in options.shape:
            continue
        rows = contenders(shape, options.peer or PEERS)
        print(f"{shape.name}: {len(rows)} contenders")
        compete(rows, options.rounds)
        record["shapes"].append(summarise(shape, rows))
    finish("training", record, PACKAGES, report)


if __name__ == "__main__":
    main()

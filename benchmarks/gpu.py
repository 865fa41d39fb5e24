"""How fast populations train on a GPU, beside the same GPU's PyTorch and JAX and the matrix products alone.

    make benchmark-gpu        (or: python benchmarks/gpu.py --device cuda --rounds 5 --shape 64-64-32-10)
    python benchmarks/gpu.py --device torch-cpu --shape 64-64-32-10 --shorter 20 --rounds 1 --search-rows 0

The second line runs the same code on the processor, as a test that it runs. Prints a table for each shape and one for a
search, and writes results/gpu.json, which names the device.
"""

import argparse
import dataclasses
import statistics
import sys
from collections.abc import Sequence
from typing import Any

from harness import Contender, between, compete, cores, figure, finish, ratios, spread, table

from leadline.errors import DeviceError
from leadline.training import described, device_for
from training import SHAPES, Shape

PACKAGES = ("leadline", "numpy", "numba", "torch", "jax")
PEERS = ("PyTorch", "JAX")
SEARCH_ROWS, SEARCH = 100_000, {"max_depth": 4, "max_iter": "auto"}
OURS, COMPILED = "Leadline, stacked on the device", "Leadline, compiled, on the processor"
# Ways in which PyTorch trains stacked networks; a graph and a compiler are of use on a GPU.
WAYS = ("vmap", "graph", "compile")


def contenders(shape: Shape, device: str, processor_threads: int, peers: Sequence[str]) -> list[Contender]:
    """The rows of a shape's table, with those of some peers."""
    contest, networks = shape.contest, shape.networks
    torch_device = device.removeprefix("torch-")
    threads = 1 if torch_device == "cpu" else cores()

    def row(name: str, target: str, **arguments: Any) -> Contender:
        return Contender(name, target, {**contest, **arguments}, threads)

    stacked, many = "gpu_contenders:PyTorchStacked", {"networks": networks, "device": torch_device}
    ways = WAYS if torch_device != "cpu" else WAYS[:1]
    others = [
        row("PyTorch, one network", "gpu_contenders:PyTorchOne", device=torch_device),
        *(row(f"PyTorch, {networks} stacked, {way}", stacked, way=way, **many) for way in ways),
        row(f"JAX, vmap over {networks}", "training_contenders:Jax", networks=networks),
    ]
    compiled = {**contest, "networks": networks, "threads": processor_threads}
    return [
        row(OURS, "gpu_contenders:Stacked", networks=networks, device=device),
        Contender(COMPILED, "training_contenders:Leadline", compiled, processor_threads),
        *(own for own in others if own.name.startswith(tuple(peers))),
        row(f"products, {networks} stacked", "gpu_contenders:Products", **many),
    ]


def summarise(shape: Shape, rows: list[Contender]) -> dict[str, Any]:
    """Print the table of a shape; its record."""
    ours, limit = rows[0], rows[-1]
    lines = []
    for row in rows:
        loss = row.rounds[-1]["loss"]
        lines.append(
            [
                row.name,
                f"{1e6 * row.median:,.1f}",
                spread([1e6 * s for s in row.seconds]),
                f"{row.median / ours.median:.2f}",
                f"{limit.median / row.median:.2f}",
                "-" if loss is None else f"{loss:.4f}",
            ]
        )
    print(f"\n{shape.name}, batch {shape.batch}: {shape.steps} steps in {shape.epochs} epochs\n")
    print(table(["", "µs per network-step", "range", "× ours", "share of limit", "final loss"], lines))
    peers = [row for row in rows if row.name.startswith(PEERS)]
    best = min(peers, key=lambda row: row.median, default=None)
    compiled = next(row for row in rows if row.name == COMPILED)
    facts = {
        "against the compiled backend": ratios(compiled.seconds, ours.seconds),
        "share of the products' limit": ratios(limit.seconds, ours.seconds),
    }
    if best is not None:
        facts[f"against the best peer, {best.name}"] = ratios(best.seconds, ours.seconds)
    print()
    for name, values in facts.items():
        print(f"  {name:<60} {statistics.median(values):6.2f}   ({spread(values)})")
    return {
        "shape": dataclasses.asdict(shape),
        "rows": [{"name": row.name, "seconds": row.seconds, "loss": row.rounds[-1]["loss"]} for row in rows],
        "ratios": facts,
    }


def shortened(shape: Shape, by: int) -> Shape:
    """A shape with fewer steps, in fewer epochs."""
    epochs = max(shape.epochs // by, 1)
    return dataclasses.replace(shape, steps=epochs * max(shape.steps // shape.epochs, 1), epochs=epochs)


def search(rows: int, device: str, rounds: int) -> dict[str, Any]:
    """A whole search on the device and on the processor's cores."""
    given = {"rows": rows, **SEARCH}
    both = [
        Contender(f"search, {own}", "gpu_contenders:Search", {**given, "device": own}, cores())
        for own in (device, "cpu")
    ]
    print(f"\nsearch on {rows:,} rows of 28 columns")
    compete(both, rounds)
    lines = [[row.name, f"{row.median:.1f}", row.rounds[-1]["answer"]] for row in both]
    print(table(["", "seconds", "answer"], lines))
    return {"rows": rows, "seconds": {row.name: row.seconds for row in both}}


def report(record: dict[str, Any]) -> dict[str, str]:
    """The ratios of every shape, and the search."""
    lines = []
    for shape in record["shapes"]:
        ours = next(row["seconds"] for row in shape["rows"] if row["name"] == OURS)
        sizes = "-".join(map(str, shape["shape"]["sizes"]))
        facts = ", ".join(f"{name} {between(values)}" for name, values in shape["ratios"].items())
        lines.append([f"{sizes}, {shape['shape']['batch']}", figure(1e6 * statistics.median(ours), 4), facts])
    blocks = {"": table(["shape, batch", f"{record['device']}, µs", "ratios"], lines)}
    if search := record.get("search"):
        each = [[name, f"{statistics.median(own):.1f}"] for name, own in search["seconds"].items()]
        blocks["search"] = table([f"search on {search['rows']:,} rows", "seconds"], each)
    return blocks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shape", choices=[shape.name for shape in SHAPES], action="append")
    parser.add_argument("--shorter", type=int, default=1, help="so many times fewer steps")
    parser.add_argument("--peer", choices=(*PEERS, "none"), action="append")
    parser.add_argument("--threads", type=int, default=cores(), help="of the compiled backend")
    parser.add_argument("--search-rows", type=int, default=SEARCH_ROWS, help="0 for no search")
    options = parser.parse_args()
    try:
        device = device_for(options.device, 0.0)
    except DeviceError as error:
        print(f"{error} Or run it on the processor: python benchmarks/gpu.py --device torch-cpu", file=sys.stderr)
        raise SystemExit(2) from None
    record: dict[str, Any] = {
        "device": described(device),
        "rounds": options.rounds,
        "shapes": [],
    }
    for shape in SHAPES:
        if options.shape and shape.name not in options.shape:
            continue
        shape = shortened(shape, options.shorter)
        rows = contenders(shape, device, options.threads, options.peer or PEERS)
        print(f"{shape.name}: {len(rows)} contenders")
        compete(rows, options.rounds)
        record["shapes"].append(summarise(shape, rows))
    if options.search_rows:
        record["search"] = search(options.search_rows, device, options.rounds)
    finish("gpu", record, PACKAGES, report)


if __name__ == "__main__":
    main()

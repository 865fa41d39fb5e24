"""Many rows: what a step costs behind bins, how long and how good a fit is beside boosted trees, and rows from disk.

    make benchmark-large             (or: python benchmarks/large.py --rows 100000 --disk-rows 20000000)

Tables are simulated: 28 numbers, two classes (see simulated.py). Prints three tables and writes results/large.json.
"""

import argparse
import statistics
from typing import Any

from harness import Contender, compete, cores, machine, ratios, spread, table, versions, write_json

PACKAGES = ("leadline", "lightgbm", "catboost", "numpy", "pyarrow")
# numbers, bins, hidden layers, batch
STEPS = ((28, 32, [128], 256), (28, 32, [128, 128], 256), (8, 32, [128, 128], 256), (100, 32, [128, 128], 256))
PEERS = ("leadline", "LightGBM", "CatBoost")


def steps(rounds: int, each: int) -> list[dict[str, Any]]:
    """Looked up against multiplied out, one thread."""
    lines, found = [], []
    for numbers, bins, hidden, batch in STEPS:
        given = {"numbers": numbers, "bins": bins, "hidden": hidden, "batch": batch, "steps": each}
        looked, multiplied = (
            Contender(name, "large_contenders:Step", {**given, "looks_up": looks_up}, 1)
            for name, looks_up in (("looked up", True), ("multiplied out", False))
        )
        compete([looked, multiplied], rounds)
        against = ratios(multiplied.seconds, looked.seconds)
        shape = f"{numbers} × {bins} → {'-'.join(map(str, [*hidden, 1]))}, batch {batch}"
        micro = [f"{1e6 * one.median:,.0f}" for one in (looked, multiplied)]
        lines.append([shape, *micro, f"{statistics.median(against):.2f}", spread(against)])
        found.append({"shape": shape, "looked up": looked.seconds, "multiplied out": multiplied.seconds})
    print("\n" + table(["step", "looked up, µs", "multiplied out, µs", "times", "range"], lines) + "\n")
    return found


def fits(rows: int, peers: list[str], test_rows: int) -> dict[str, Any]:
    """Defaults on a table in memory, one after the other, on all cores."""
    given = {"rows": rows, "test_rows": test_rows, "cores": cores()}
    contenders = [Contender(who, "large_contenders:Fit", {"who": who, **given}, cores()) for who in peers]
    for contender in contenders:
        contender.start()
        contender.rounds.append(contender.turn())
        contender.stop()
    facts = {contender.name: contender.rounds[0] for contender in contenders}
    base = facts.get("LightGBM", facts[peers[0]])["seconds"]
    lines = [
        [
            f"{rows:,} rows: {who}",
            f"{own['seconds']:.1f}",
            f"{own['seconds'] / base:.1f}",
            f"{own['auc']:.4f}",
            f"{own['log_loss']:.4f}",
            f"{own['more']:,.0f}",
        ]
        for who, own in facts.items()
    ]
    head = ["", "seconds", f"× {'LightGBM' if 'LightGBM' in facts else peers[0]}", "AUC", "log loss", "peak, MB more"]
    print("\n" + table(head, lines) + "\n")
    return facts


def disk(rows: int, in_memory: int, memory: str, test_rows: int) -> dict[str, Any]:
    """One pass from disk, and one of fewer rows in memory."""
    kinds = {"from disk": (rows, True), "in memory": (in_memory, False)}
    facts = {}
    for name, (n, on_disk) in kinds.items():
        given = {"rows": n, "on_disk": on_disk, "memory": memory, "test_rows": test_rows}
        contender = Contender(name, "large_contenders:Pass", given, cores())
        contender.start()
        facts[name] = {"rows": n, **contender.turn()}
        contender.stop()
    each = {name: own["seconds"] / own["count"] for name, own in facts.items()}
    lines = [
        [
            f"{own['rows']:,} rows {name}",
            f"{own['seconds']:.1f}",
            f"{1e6 * each[name]:.1f}",
            f"{each[name] / each['in memory']:.2f}",
            f"{own['auc']:.4f}",
            f"{own['peak']:,.0f}",
        ]
        for name, own in facts.items()
    ]
    print("\n" + table(["one pass", "seconds", "µs a row", "× in memory", "AUC", "peak, MB"], lines) + "\n")
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50, help="steps in a round")
    parser.add_argument("--rows", type=int, action="append", help="rows of a fit; may be repeated")
    parser.add_argument("--only", action="append", choices=PEERS)
    parser.add_argument("--disk-rows", type=int, default=20_000_000)
    parser.add_argument("--memory-rows", type=int, default=1_000_000)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--test-rows", type=int, default=100_000)
    options = parser.parse_args()
    record: dict[str, Any] = {"machine": machine(), "versions": versions(*PACKAGES)}
    record["steps"] = steps(options.rounds, options.steps)
    record["fits"] = {
        str(rows): fits(rows, options.only or list(PEERS), options.test_rows)
        for rows in options.rows or (100_000, 1_000_000)
    }
    record["disk"] = disk(options.disk_rows, options.memory_rows, options.memory, options.test_rows)
    print(f"written to {write_json('large', record)}")


if __name__ == "__main__":
    main()

"""Many rows: what a step costs behind bins, fits beside other methods, rows from disk, and cost against rows.

    make benchmark-large             (or: python benchmarks/large.py --only fits --rows 100000)

Tables are simulated: 28 numbers, two classes (see simulated.py). Prints a table for each part and writes
results/large.json, where parts that are not run stay as they were; `--only curve` draws results/curve.svg too.
"""

import argparse
import signal
import statistics
from pathlib import Path
from typing import Any

from harness import (
    Contender,
    compete,
    cores,
    earlier,
    machine,
    ratios,
    spread,
    table,
    versions,
    write_json,
)

PACKAGES = ("leadline", "lightgbm", "catboost", "scikit-learn", "numpy", "pyarrow")
PARTS = ("steps", "fits", "disk", "memory", "columns", "curve")
# what there is much of, how many rows, and how much of it
WIDE = (("columns", 20_000, 5_000), ("categories", 500_000, 200_000), ("classes", 20_000, 1_000))
# numbers, bins, hidden layers, batch
STEPS = ((28, 32, [128], 256), (28, 32, [128, 128], 256), (8, 32, [128, 128], 256), (100, 32, [128, 128], 256))
PEERS = ("leadline", "LightGBM", "CatBoost")
ON_WIDE_TABLES = ("leadline", "LightGBM", "LightGBM, codes")
ON_THE_CURVE = ("LightGBM", "leadline", "CatBoost", "leadline search", "scikit-learn's MLP")


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


def tried(target: str, who: str, given: dict[str, Any], limit: float) -> dict[str, Any] | None:
    """What a method in a process of its own brings; None if it takes more than `limit` seconds of the processor."""
    contender = Contender(who, target, {"who": who, **given, "limit": limit}, cores())
    contender.start()
    try:
        return contender.turn()
    except RuntimeError:
        # only a method that has reached its limit is no failure of the benchmark
        if [worker.process.returncode for worker in contender.workers] != [-signal.SIGXCPU]:
            raise
        return None
    finally:
        contender.stop()


def fits(rows: int, peers: list[str], test_rows: int, limit: float) -> dict[str, Any]:
    """Defaults on a table in memory, one after the other, on all cores."""
    given = {"rows": rows, "test_rows": test_rows, "cores": cores(), "limit": limit}
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


def memory(rows: int) -> dict[str, Any]:
    """The peak of a search with five folds beside that of one fit."""
    facts = {}
    for what in ("fit", "search"):
        contender = Contender(what, "large_contenders:Memory", {"what": what, "rows": rows}, cores())
        contender.start()
        facts[what] = contender.turn()
        contender.stop()
    lines = [
        [
            f"{rows:,} rows, {cores()} cores: {what}",
            f"{own['peak']:,.0f}",
            f"{own['peak'] / facts['fit']['peak']:.2f}",
            f"{own['more']:,.0f}",
        ]
        for what, own in facts.items()
    ]
    print("\n" + table(["", "peak, MB", "× fit", "beside table and libraries"], lines) + "\n")
    return {"rows": rows, **facts}


def wide(peers: list[str], test_rows: int, limit: float, known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Many columns, a column of many categories, many classes; what is known of other methods stays."""
    lines, found = [], [own for own in known if own["who"] not in peers]
    for what, rows, size in WIDE:
        for who in peers:
            if who == "LightGBM, codes" and what != "categories":
                continue
            given = {"what": what, "rows": rows, "size": size, "test_rows": test_rows, "cores": cores()}
            own = tried("large_contenders:Wide", who, given, limit)
            found.append({"what": what, "rows": rows, "size": size, "who": who, **(own or {"limit": limit})})
            facts = [f"more than {limit:.0f}", "", "", ""]
            if own is not None:
                shown = (("busy", ".1f"), ("more", ",.0f"), ("accuracy", ".4f"), ("log_loss", ".4f"))
                facts = [format(own[name], form) for name, form in shown]
            lines.append([f"{rows:,} rows, {size:,} {what}: {who}", *facts])
            print(f"  {lines[-1][0]} {facts[0]} s {own['notices'] if own else ''}", flush=True)
            write_json("large", {**earlier("large"), "columns": found})
    print("\n" + table(["", "processor, s", "peak, MB more", "accuracy", "log loss"], lines) + "\n")
    return found


def curve(sizes: list[int], peers: list[str], test_rows: int, limit: float, known: dict[str, Any]) -> dict[str, Any]:
    """Time, memory and AUC against rows; what is known stays, and every point is written as it comes.

    Time is that of the processor, over all threads: on one core what an idle machine would show. What takes more than
    `limit` is no point.
    """
    found = {who: dict(known.get(who, {})) for who in ON_THE_CURVE}
    for rows in sizes:
        for who in peers:
            given = {"rows": rows, "test_rows": test_rows, "cores": cores()}
            point = tried("large_contenders:Fit", who, given, limit)
            if point is not None:
                found[who][str(rows)] = point
            took = f"more than {limit:.0f}" if point is None else f"{point['busy']:.1f}"
            print(f"  {rows:,} rows: {who} {took} s", flush=True)
            path = write_json("large", {**earlier("large"), "curve": found})
    every = sorted({int(rows) for own in found.values() for rows in own})
    lines = []
    for rows in every:
        for who, own in found.items():
            if str(rows) in own:
                point = own[str(rows)]
                facts = [f"{point['busy']:.2f}", f"{1e6 * point['busy'] / rows:,.0f}", f"{point['auc']:.4f}"]
                lines.append([f"{rows:,} rows: {who}", *facts, f"{point['more']:,.0f}"])
    print("\n" + table(["", "processor, s", "µs a row", "AUC", "peak, MB more"], lines) + "\n")
    draw(found, path.with_name("curve.svg"))
    return found


def draw(found: dict[str, Any], path: Path) -> None:
    """The seconds and the AUC of every method against rows, as a picture."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for who, own in found.items():
        if not own:
            continue
        sizes = sorted(map(int, own))
        for axes, fact in ((left, "busy"), (right, "auc")):
            axes.plot(sizes, [own[str(rows)][fact] for rows in sizes], marker="o", label=who)
    left.set(xscale="log", yscale="log", xlabel="rows", ylabel="processor seconds to fit")
    right.set(xscale="log", xlabel="rows", ylabel="AUC on fresh rows")
    left.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; may be repeated")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50, help="steps in a round")
    parser.add_argument("--rows", type=int, action="append", help="rows of a fit; may be repeated")
    parser.add_argument("--peers", action="append", choices=list(dict.fromkeys((*ON_THE_CURVE, *ON_WIDE_TABLES))))
    parser.add_argument("--limit", type=float, default=1800.0, help="processor seconds for a fit")
    parser.add_argument("--disk-rows", type=int, default=20_000_000)
    parser.add_argument("--memory-rows", type=int, default=1_000_000)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--folded-rows", type=int, default=300_000, help="rows of the search whose memory is measured")
    parser.add_argument("--test-rows", type=int, default=100_000)
    options = parser.parse_args()
    parts, peers, test_rows, limit = options.only or list(PARTS), options.peers, options.test_rows, options.limit
    record: dict[str, Any] = earlier("large")
    where = {"machine": machine(), "versions": versions(*PACKAGES)}
    record["measured_on"] = {**record.get("measured_on", {}), **dict.fromkeys(parts, where)}
    if "steps" in parts:
        record["steps"] = steps(options.rounds, options.steps)
    if "fits" in parts:
        sizes = options.rows or (100_000, 1_000_000)
        record["fits"] = {str(rows): fits(rows, peers or list(PEERS), test_rows, limit) for rows in sizes}
    if "disk" in parts:
        record["disk"] = disk(options.disk_rows, options.memory_rows, options.memory, test_rows)
    if "memory" in parts:
        record["memory"] = memory(options.folded_rows)
    if "columns" in parts:
        record["columns"] = wide(peers or list(ON_WIDE_TABLES), test_rows, limit, record.get("columns", []))
    if "curve" in parts:
        sizes = options.rows or [1_000, 10_000, 100_000, 1_000_000]
        record["curve"] = curve(sizes, peers or list(ON_THE_CURVE), test_rows, limit, record.get("curve", {}))
    print(f"written to {write_json('large', record)}")


if __name__ == "__main__":
    main()

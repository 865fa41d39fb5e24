"""Many rows: what a step costs behind bins, fits beside other methods, rows from disk, and cost against rows.

    make benchmark-large             (or: python benchmarks/large.py --only fits --rows 100000)

Tables are simulated: 28 numbers, two classes (see simulated.py). Prints a table for each part and writes
results/large.json, where parts that are not run stay as they were, each entry with its commit; `--only curve` draws
results/curve.svg too.
"""

import argparse
import statistics
from pathlib import Path
from typing import Any

from harness import (
    Contender,
    compete,
    cores,
    earlier,
    figure,
    finish,
    is_current,
    ratios,
    spread,
    stamp,
    table,
    write_json,
)

PACKAGES = ("leadline", "lightgbm", "catboost", "scikit-learn", "numpy", "pyarrow")
PARTS = ("steps", "fits", "disk", "memory", "columns", "curve")
# what there is much of, how many rows, and how much of it
WIDE = (("columns", 20_000, 5_000), ("categories", 500_000, 200_000), ("classes", 20_000, 1_000))
# numbers, bins, hidden layers, batch
STEPS = ((28, 32, [128], 256), (28, 32, [128, 128], 256), (8, 32, [128, 128], 256), (100, 32, [128, 128], 256))
PEERS = ("leadline", "LightGBM", "CatBoost")
ON_THE_CURVE = ("LightGBM", "leadline", "CatBoost", "leadline search", "scikit-learn's MLP")


def run_one(name: str, target: str, given: dict[str, Any]) -> dict[str, Any]:
    """What one contender says of one run, on all cores, and what it was measured with."""
    contender = Contender(name, f"large_contenders:{target}", given, cores())
    contender.start()
    facts = contender.turn()
    contender.stop()
    print(f"  {name}: {facts}", flush=True)
    return {**facts, **stamp()}


def steps(rounds: int, each: int) -> list[dict[str, Any]]:
    """Looked up against multiplied out, one thread."""
    found = []
    for numbers, bins, hidden, batch in STEPS:
        given = {"numbers": numbers, "bins": bins, "hidden": hidden, "batch": batch, "steps": each}
        looked, multiplied = (
            Contender(name, "large_contenders:Step", {**given, "looks_up": looks_up}, 1)
            for name, looks_up in (("looked up", True), ("multiplied out", False))
        )
        compete([looked, multiplied], rounds)
        shape = f"{numbers} × {bins} → {'-'.join(map(str, [*hidden, 1]))}, batch {batch}"
        found.append({"shape": shape, "looked up": looked.seconds, "multiplied out": multiplied.seconds, **stamp()})
    return found


def fits(rows: int, peers: list[str], test_rows: int) -> dict[str, Any]:
    """Defaults on a table in memory, one after the other, on all cores."""
    given = {"rows": rows, "test_rows": test_rows, "cores": cores()}
    return {who: run_one(who, "Fit", {"who": who, **given}) for who in peers}


def disk(rows: int, in_memory: int, memory: str, test_rows: int) -> dict[str, Any]:
    """One pass from disk, and one of fewer rows in memory."""
    kinds = {"from disk": (rows, True), "in memory": (in_memory, False)}
    facts = {}
    for name, (n, on_disk) in kinds.items():
        given = {"rows": n, "on_disk": on_disk, "memory": memory, "test_rows": test_rows}
        facts[name] = {"rows": n, **run_one(name, "Pass", given)}
    return facts


def memory(rows: int) -> dict[str, Any]:
    """The peak of a search with five folds beside that of one fit."""
    return {"rows": rows, **{what: run_one(what, "Memory", {"what": what, "rows": rows}) for what in ("fit", "search")}}


def wide(peers: list[str], test_rows: int) -> list[dict[str, Any]]:
    """Many columns, a column of many categories, many classes."""
    found = []
    for what, rows, size in WIDE:
        for who in peers:
            given = {"what": what, "who": who, "rows": rows, "size": size, "test_rows": test_rows, "cores": cores()}
            found.append({"what": what, "rows": rows, "size": size, "who": who, **run_one(who, "Wide", given)})
    return found


def curve(sizes: list[int], peers: list[str], test_rows: int, known: dict[str, Any]) -> dict[str, Any]:
    """Time, memory and AUC against rows; points of this code that are known stay, and each is written as it comes.

    Time is that of the processor, over all threads: on one core what an idle machine would show.
    """
    found = {
        who: {rows: point for rows, point in known.get(who, {}).items() if is_current(point)} for who in ON_THE_CURVE
    }
    for rows in sizes:
        for who in peers:
            if str(rows) not in found[who]:
                given = {"who": who, "rows": rows, "test_rows": test_rows, "cores": cores()}
                found[who][str(rows)] = run_one(who, "Fit", given)
                write_json("large", {**earlier("large"), "curve": found}, PACKAGES, finished=False)
    return found


def report(record: dict[str, Any]) -> dict[str, str]:
    """A table for each part that was measured."""
    tables = {
        "steps": steps_table,
        "fits": fits_table,
        "disk": disk_table,
        "memory": memory_table,
        "columns": columns_table,
        "curve": curve_table,
    }
    return {part: tables[part](record[part]) for part in PARTS if record.get(part)}


def steps_table(found: list[dict[str, Any]]) -> str:
    lines = []
    for own in found:
        against = ratios(own["multiplied out"], own["looked up"])
        micro = [f"{1e6 * statistics.median(own[way]):,.0f}" for way in ("looked up", "multiplied out")]
        lines.append([own["shape"], *micro, f"{statistics.median(against):.1f} ({spread(against)})"])
    return table(["numbers × bins → units", "looked up, µs", "multiplied out, µs", "times"], lines)


def fits_table(found: dict[str, Any]) -> str:
    lines = []
    for what, methods in found.items():
        base = methods.get("LightGBM", next(iter(methods.values())))["seconds"]
        for who, own in methods.items():
            times = [f"{own['seconds']:.1f}", f"{own['seconds'] / base:.1f}"]
            judged = [f"{own['auc']:.4f}", f"{own['log_loss']:.4f}"]
            lines.append([f"{what}: {who}", *times, *judged, f"{own['more']:,.0f}"])
    return table(["", "seconds", "× LightGBM", "AUC", "log loss", "peak, MB beside the table"], lines)


def disk_table(found: dict[str, Any]) -> str:
    each = {name: own["seconds"] / own["count"] for name, own in found.items()}
    lines = [
        [
            f"{own['rows']:,} rows {name}",
            f"{own['seconds']:.1f}",
            f"{1e6 * each[name]:.1f}",
            f"{each[name] / each['in memory']:.2f}",
            f"{own['auc']:.4f}",
            f"{own['peak']:,.0f}",
        ]
        for name, own in found.items()
    ]
    return table(["one pass", "seconds", "µs a row", "× in memory", "AUC", "peak, MB"], lines)


def memory_table(found: dict[str, Any]) -> str:
    lines = [
        [
            f"{found['rows']:,} rows: {what}",
            f"{found[what]['peak']:,.0f}",
            f"{found[what]['peak'] / found['fit']['peak']:.2f}",
            f"{found[what]['more']:,.0f}",
        ]
        for what in ("fit", "search")
    ]
    return table(["", "peak, MB", "× fit", "beside table and libraries"], lines)


def columns_table(found: list[dict[str, Any]]) -> str:
    lines = [
        [
            f"{own['rows']:,} rows, {own['size']:,} {own['what']}: {own['who']}",
            f"{own['busy']:.1f}",
            f"{own['more']:,.0f}",
            f"{own['accuracy']:.3f}",
            f"{own['log_loss']:.3f}",
        ]
        for own in found
    ]
    return table(["", "processor, s", "peak, MB beside the table", "accuracy", "log loss"], lines)


def curve_table(found: dict[str, Any]) -> str:
    sizes = sorted({int(rows) for own in found.values() for rows in own})

    def cell(point: dict[str, Any] | None) -> str:
        return "" if point is None else f"{figure(point['busy'], 2)} ({point['auc']:.3f})"

    lines = [[who, *(cell(own.get(str(rows))) for rows in sizes)] for who, own in found.items() if own]
    return table(["processor, s (AUC)", *(f"{rows:,} rows" for rows in sizes)], lines)


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
    parser.add_argument("--peers", action="append", choices=ON_THE_CURVE)
    parser.add_argument("--disk-rows", type=int, default=20_000_000)
    parser.add_argument("--memory-rows", type=int, default=1_000_000)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--folded-rows", type=int, default=300_000, help="rows of the search whose memory is measured")
    parser.add_argument("--test-rows", type=int, default=100_000)
    options = parser.parse_args()
    parts, peers, test_rows = options.only or list(PARTS), options.peers, options.test_rows
    record = earlier("large")
    if "steps" in parts:
        record["steps"] = steps(options.rounds, options.steps)
    if "fits" in parts:
        # What was measured with other code goes.
        before = {what: own for what, own in record.get("fits", {}).items() if all(map(is_current, own.values()))}
        on = f"{cores()} core{'s' * (cores() > 1)}"
        sizes = options.rows or (100_000, 1_000_000)
        now = {f"{rows:,} rows, {on}": fits(rows, peers or list(PEERS), test_rows) for rows in sizes}
        record["fits"] = {**before, **now}
    if "disk" in parts:
        record["disk"] = disk(options.disk_rows, options.memory_rows, options.memory, test_rows)
    if "memory" in parts:
        record["memory"] = memory(options.folded_rows)
    if "columns" in parts:
        record["columns"] = wide(peers or ["leadline", "LightGBM"], test_rows)
    if "curve" in parts:
        sizes = options.rows or [1_000, 10_000, 100_000, 1_000_000]
        record["curve"] = curve(sizes, peers or list(ON_THE_CURVE), test_rows, record.get("curve", {}))
    path = finish("large", record, PACKAGES, report)
    if "curve" in parts:
        draw(record["curve"], path.with_name("curve.svg"))


if __name__ == "__main__":
    main()

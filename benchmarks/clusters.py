"""A search on Parquet files spread over three workers, one of whom is killed: time, memory, and whether bits are equal.

    python benchmarks/clusters.py --rows 5000000       (in the environment of make test-cluster)

The driver sends paths and row numbers, and workers read the rows. What is searched is small, so that reading counts.
Prints a table and writes results/clusters.json.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from harness import Contender, finish, table

PACKAGES = ("leadline", "numpy", "pyarrow", "distributed", "ray")
WAYS = ("one process", "dask", "ray", "folder")


def report(record: dict[str, Any]) -> dict[str, str]:
    """Time and memory of every way, and whether its answer has the same bits as that of one process."""
    alone = record["ways"][WAYS[0]]
    lines = []
    for way, own in record["ways"].items():
        peaks = ", ".join(f"{peak:,.0f}" for peak in own["workers"]) or "–"
        bits = "–" if way == "one fit" else "the same" if own["digest"] == alone["digest"] else "DIFFERENT"
        lines.append([way, f"{own['seconds']:.0f}", f"{own['peak']:,.0f}", peaks, bits])
    head = [f"{record['rows']:,} rows", "seconds", "driver's peak, MB", "workers' peaks, MB", "bits"]
    return {"": table(head, lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--max-rows", type=int, default=30_000, help="rows that are searched")
    parser.add_argument("--only", action="append", choices=WAYS[1:])
    options = parser.parse_args()
    facts: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        from large_contenders import write

        path = str(write(options.rows, Path(folder)))
        for way in ("one fit", WAYS[0], *(options.only or WAYS[1:])):
            given = {"way": way, "path": path, "max_rows": options.max_rows}
            contender = Contender(way, "clusters_contenders:Search", given, 1)
            contender.start()
            facts[way] = contender.turn()
            contender.stop()
            print(f"  {way}: {facts[way]['seconds']:.0f} s", flush=True)
    finish("clusters", {"rows": options.rows, "ways": facts}, PACKAGES, report)


if __name__ == "__main__":
    main()

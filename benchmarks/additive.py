"""How strong are additive models, which see single columns only, beside boosted ones and beside models that see more?

    make benchmark-additive                             (or: python benchmarks/additive.py FOLDER)
    python benchmarks/additive.py FOLDER --only NAME --splits 1 --max-train 200

The peer is interpret's ExplainableBoosting: without pairs of columns it is additive too; with pairs, as it comes, it is
not, and takes up to minutes for a table. FOLDER holds tables as for tables.py, whose splits and way of measuring these
are. Prints how often the additive model is better and ratios of errors and times, then the errors, and writes
results/additive.json. What is there of an earlier run with the same options and code is not computed again.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

from harness import hold_to, own_cores
from real_tables import DATA, chosen

from tables import measure, report

__all__ = ["main", "report"]

BOOSTED = "interpret.glassbox:ExplainableBoosting{task}(random_state=seed, n_jobs=cores"
METHODS: Mapping[str, str] = {
    "additive": "leadline:Deep{task}((), additive=True, random_state=seed)",
    "boosted": f"{BOOSTED}, interactions=0)",
    "boosted-pairs": f"{BOOSTED})",
    "linear": "leadline:Deep{task}((), random_state=seed)",
    "deep": "leadline:Deep{task}(random_state=seed)",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--only", help="tables, with commas, or 'fifteen' for those of README.md")
    parser.add_argument("--methods", default=",".join(METHODS), help="some of them, with commas (default all)")
    parser.add_argument("--splits", type=int, default=2, help="how many (default 2)")
    parser.add_argument("--max-train", type=int, default=2000, help="training rows at most (default 2,000)")
    parser.add_argument("--cores", type=int, default=1, help="for each method (default 1)")
    parser.add_argument("--out", default="additive", help="name of the file in results/ (default additive)")
    options = parser.parse_args()
    hold_to(own_cores()[: options.cores])
    names = chosen(options.folder, options.only)
    methods = {name: expression for name, expression in METHODS.items() if name in options.methods.split(",")}
    pieces = [
        {"name": name, "split": split, "max_train": options.max_train}
        for name in names
        for split in range(options.splits)
    ]
    measure(options, methods, pieces)


if __name__ == "__main__":
    main()

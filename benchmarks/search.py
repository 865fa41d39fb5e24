"""How long until "how deep?" is answered, beside what one would do with other tools, and how good the answer predicts.

    make benchmark-search             (or: python benchmarks/search.py --data FOLDER --only abalone)

Prints a table and writes results/search.json. README.md says what is compared.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import Contender, cores, earlier, figure, finish, stamp, table
from real_tables import DATA

# table and training rows
TABLES = {"abalone": 3000, "wine_quality_white": 3600, "phoneme": 4000, "california_housing": 6000}
CANDIDATES = 8
PACKAGES = ("leadline", "scikit-learn", "torch", "optuna", "numpy")


def contenders(folder: Path, name: str, candidates: int, wanted: Sequence[str] | None) -> list[Contender]:
    """The rows of a table; peers that run a process per core hold each to one thread."""
    given = {"folder": str(folder.resolve()), "name": name, "rows": TABLES[name], "candidates": candidates}
    given["cores"] = cores()
    rows = [
        Contender("Leadline", "search_contenders:Leadline", given, cores()),
        Contender("GridSearchCV", "search_contenders:ScikitLearn", {**given, "halving": False}, 1),
        Contender("HalvingGridSearchCV", "search_contenders:ScikitLearn", {**given, "halving": True}, 1),
        Contender("Optuna with PyTorch", "search_contenders:Optuna", given, 1),
    ]
    return [row for row in rows if not wanted or row.name in wanted]


def report(record: dict[str, Any]) -> dict[str, str]:
    """Seconds, loss and answer of everyone on each table."""
    lines = []
    for name in (name for name in TABLES if name in record):
        contenders = record[name]["contenders"]
        for who, facts in contenders.items():
            lines.append(
                [
                    f"{name}, {TABLES[name]:,} rows: {who}",
                    f"{facts['seconds']:.1f}",
                    figure(facts["seconds"] / contenders["Leadline"]["seconds"], 2),
                    f"{facts['loss']:.4f}",
                    f"{facts['hidden']}",
                    f"{facts['networks']}",
                ]
            )
    return {"": table(["", "seconds", "× Leadline", "test loss", "hidden layers", "networks"], lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the tables and their index.json")
    parser.add_argument("--only", action="append", choices=list(TABLES))
    parser.add_argument("--candidates", type=int, default=CANDIDATES, help=f"of each depth (default {CANDIDATES})")
    parser.add_argument("--peer", action="append", help="a row's name; may be repeated (default all)")
    options = parser.parse_args()
    record: dict[str, Any] = earlier("search") if options.only else {}
    for name in options.only or TABLES:
        found = {}
        for contender in contenders(
            options.data, name, options.candidates, options.peer and ["Leadline", *options.peer]
        ):
            contender.start()
            try:
                found[contender.name] = contender.turn()
            finally:
                contender.stop()
            print(f"  {name}, {contender.name}: {found[contender.name]}", flush=True)
        record[name] = {"contenders": found, **stamp()}
    finish("search", record, PACKAGES, report)


if __name__ == "__main__":
    main()

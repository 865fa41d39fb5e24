"""The tables of README.md about what was measured on the tables from packages: errors, and their ratios by kind.

    python benchmarks/package_tables.py build/package_tables
    python benchmarks/tables.py build/package_tables --method leadline --splits 3 --out package-tables
    python benchmarks/all.py --write

The first makes the tables, the second measures (what other methods have stays in results/package-tables.json), and
the third puts what is said here into the page.
"""

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from harness import table
from package_tables import SOURCES

from tables import METRICS

OURS = "leadline"
Errors = Mapping[tuple[str, str], Mapping[int, float]]


def report(record: Mapping[str, Any]) -> dict[str, str]:
    """The mean error of each method on each table, and ratios to those of OURS by kind of table."""
    rows = record["rows"]
    errors: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for row in rows:
        if "error" in row:
            errors[row["name"], row["method"]][row["split"]] = row["error"]
    methods = list(dict.fromkeys(row["method"] for row in rows))
    tables = [name for name in SOURCES if any(row["name"] == name for row in rows)]
    return {"": _by_table(errors, methods, tables), "kinds": _by_kind(errors, methods, tables)}


def _by_table(errors: Errors, methods: Sequence[str], tables: Sequence[str]) -> str:
    """The mean error of each method on each table over the splits that it has, and how many where they are several."""
    lines = []
    for name in tables:
        source = SOURCES[name]
        cells = []
        for method in methods:
            own = errors.get((name, method), {})
            splits = f" ({len(own)})" if len(own) > 1 else ""
            cells.append(f"{statistics.mean(own.values()):.4f}{splits}" if own else "")
        lines.append([f"{name}: {', '.join(source.kinds)}", f"{source.role}, {METRICS[source.task]}", *cells])
    return table(["table: kinds", "role, error", *methods], lines)


def _by_kind(errors: Errors, methods: Sequence[str], tables: Sequence[str]) -> str:
    """Of each method's errors in those of OURS the geometric mean, and on how many tables OURS is better."""
    lines = []
    for role in dict.fromkeys(SOURCES[name].role for name in tables):
        own = [name for name in tables if SOURCES[name].role == role]
        kinds = dict.fromkeys(kind for name in own for kind in SOURCES[name].kinds)
        for kind in (*kinds, "all"):
            names = [name for name in own if kind in (*SOURCES[name].kinds, "all")]
            cells = [_against(errors, method, names) for method in methods if method != OURS]
            if any(cells):
                lines.append([f"{role}, {kind}", *cells])
    return table([f"error ÷ {OURS}'s; {OURS} better", *(method for method in methods if method != OURS)], lines)


def _against(errors: Errors, method: str, names: Sequence[str]) -> str:
    ratios = []
    for name in names:
        own, its = errors.get((name, OURS), {}), errors.get((name, method), {})
        both = own.keys() & its.keys()
        if both:
            ratios.append(statistics.mean(its[split] for split in both) / statistics.mean(own[split] for split in both))
    better = sum(ratio > 1 for ratio in ratios)
    return f"{statistics.geometric_mean(ratios):.3f}; {better} of {len(ratios)}" if ratios else ""

"""`leadline explain RUN --rows DATA`: what each column adds to the prediction of each row."""

import json as json_format
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leadline.cli.console import format_score, make_console
from leadline.cli.inputs import word_columns
from leadline.cli.runs import check_out, table_of
from leadline.errors import ParameterError
from leadline.estimators import load
from leadline.inspection import Contributions, contributions
from leadline.records import plain
from leadline.storage import write_whole
from leadline.tables import Target, free_name, read_table

__all__ = ["run_reasons"]

# Rows that are printed, and columns of each; --json and --out have all.
MOST_ROWS, MOST_COLUMNS = 5, 10


def run_reasons(
    run: str | None, rows: str, background: str | None, row: int, proba: bool, json: bool, out: str | None
) -> None:
    """Print, or write as CSV, the contributions of the columns to the predictions of rows from `row` on."""
    if run is None:
        raise ParameterError("--rows needs a trained model: leadline explain RUN --rows DATA.")
    check_out(out)
    estimator = load(run)
    model = estimator.model_
    if proba and model.target.task == "regression":
        raise ParameterError("--proba needs a classifier; this model predicts numbers.")
    frame = read_table(rows, word_columns(model))
    if not 1 <= row <= len(frame):
        raise ParameterError(f"--row must be from 1 to {len(frame):,}; got {row}.")
    everything = json or out is not None
    last = len(frame) if everything else min(len(frame), row - 1 + MOST_ROWS)
    source = background or table_of(run)
    others = None if source is None else read_table(source, word_columns(model))
    found = contributions(model, frame.iloc[row - 1 : last], others, "predictions" if proba else "auto")
    said = found.background if source is None else f"{found.background} of {Path(source).name}"
    if out is not None:
        write_whole(Path(out), _table(found, row).to_csv(index=False, lineterminator="\n").encode())
    if json:
        sys.stdout.write(json_format.dumps(_record(found, row, said), ensure_ascii=False) + "\n")
        return
    console = make_console(quiet=False, for_programs=False)
    if out is not None:
        console.print(out, highlight=False, markup=False)
        return
    networks = len(model.members)
    about = f"{found.of} of {networks} network{'' if networks == 1 else 's'}, against {said}; ± is their spread"
    lines = [about, *(line for i in range(last - row + 1) for line in _lines(found, i, row, model.target))]
    if last < len(frame):
        lines += ["", f"{len(frame) - last:,} more rows: --row {last + 1}, or --out FILE.csv or --json for all of them"]
    for line in lines:
        console.print(line, highlight=False, markup=False)


def _lines(found: Contributions, i: int, first: int, target: Target) -> list[str]:
    """One row in words: of several classes the one that gets most."""
    outputs = range(len(found.outputs))
    if target.classes is not None:
        outputs = range(int(found.total[i].argmax()), len(outputs))[:1]
    lines = []
    for o in outputs:
        lines += [
            "",
            f"row {first + i}: {found.outputs[o]} {format_score(found.total[i, o])} = "
            f"{format_score(found.base[o])} on average there, and",
        ]
        order = np.argsort(-np.abs(found.values[i, :, o]), kind="stable")
        wide = max(len(name) for name in found.columns)
        for j in order[:MOST_COLUMNS]:
            value, spread = found.values[i, j, o], found.spread[i, j, o]
            own = _shown(found.rows.iloc[i, j])
            lines.append(f"  {found.columns[j]:<{wide}}  {own:>12}  {_signed(value):>10} ± {format_score(spread)}")
        if len(order) > MOST_COLUMNS:
            rest = found.values[i, order[MOST_COLUMNS:], o].sum()
            lines.append(f"  {len(order) - MOST_COLUMNS} other columns together: {_signed(rest)}")
    return lines


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "−") + format_score(abs(value))


def _shown(value: Any) -> str:
    """A cell of a table."""
    if pd.isna(value):
        return "missing"
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)


def _table(found: Contributions, first: int) -> pd.DataFrame:
    """A row for each row and output: the base, what each column adds, and the spread of that."""
    parts = []
    for o, name in enumerate(found.outputs):
        own = found.frame(o)
        for column, spread in zip(found.columns, found.spread[:, :, o].T, strict=True):
            own[free_name(own, f"± {column}")] = spread
        own.insert(0, free_name(own, "output"), name)
        own.insert(0, free_name(own, "row"), np.arange(first, first + len(own)))
        parts.append(own)
    return pd.concat(parts).sort_index(kind="stable")


def _record(found: Contributions, first: int, background: str) -> dict[str, Any]:
    """Everything as JSON."""
    each = [
        {
            "row": first + i,
            "total": dict(zip(found.outputs, found.total[i].tolist(), strict=True)),
            "columns": [
                {
                    "column": name,
                    "value": plain(None if pd.isna(cell) else cell if isinstance(cell, int | float) else str(cell)),
                    "adds": found.values[i, j].tolist(),
                    "spread": found.spread[i, j].tolist(),
                }
                for j, (name, cell) in enumerate(zip(found.columns, found.rows.iloc[i], strict=True))
            ],
        }
        for i in range(len(found.rows))
    ]
    base = dict(zip(found.outputs, found.base.tolist(), strict=True))
    return {"of": found.of, "background": background, "outputs": list(found.outputs), "base": base, "rows": each}

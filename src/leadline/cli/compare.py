"""`leadline compare`: which of some models are not significantly worse than the best, from a file with their losses."""

import json
import sys
from dataclasses import dataclass

import numpy as np

from leadline.cli.console import counted, format_p, format_score, make_console, print_notices
from leadline.cli.inputs import number_column, take_column
from leadline.errors import DataError
from leadline.records import plain
from leadline.search import Ranking, percent, rank
from leadline.tables import parse_form, read_table

__all__ = ["CompareOptions", "run_compare"]


@dataclass(frozen=True)
class CompareOptions:
    """What `leadline compare` was asked."""

    data: str
    models: tuple[str, ...]
    group: str | None
    fold: str | None
    weight: str | None
    margin: float
    root: bool
    scores: bool
    of_folds: bool
    seed: int
    json: bool
    read: tuple[str, ...] = ()


def run_compare(options: CompareOptions) -> None:
    """Do what `leadline compare` does."""
    frame = read_table(options.data, (), parse_form(options.read))
    aside = {
        name: take_column(frame, name, what)
        for name, what in ((options.group, "group"), (options.fold, "fold"))
        if name
    }
    w = None if options.weight is None else number_column(frame, options.weight, "weight")
    names = list(options.models) or [name for name in frame.columns if name not in (*aside, options.weight)]
    losses = frame[[take_column(frame, name, "losses").name for name in names]]
    if options.scores:
        kinds = [name for name in names if losses[name].dtype.kind not in "iuf"]
        if kinds:
            raise DataError(f"The column {kinds[0]!r} does not hold numbers; name the models with --model.")
        losses = -losses
    groups, folds = (None if name is None else aside[name].to_numpy() for name in (options.group, options.fold))
    if w is not None and not w.all():
        rows = np.flatnonzero(w)
        losses, w = losses.iloc[rows], w[rows]
        groups, folds = (None if own is None else own[rows] for own in (groups, folds))
    found = rank(
        losses,
        groups,
        folds=folds,
        sample_weight=w,
        margin=options.margin,
        root=options.root,
        of_folds=options.of_folds,
        random_state=options.seed,
    )
    if options.json:
        sys.stdout.write(json.dumps(plain(found.to_record()), indent=2) + "\n")
        return
    _print(found, options)


def _print(found: Ranking, options: CompareOptions) -> None:
    console = make_console(quiet=False, for_programs=False)
    sign = -1.0 if options.scores else 1.0
    width = max(5, *(len(name) for name in found.models))
    cells = f"{'score' if options.scores else 'loss':>12}  {'± s.e.':>10}  {'no other is better':>18}"
    head = f"  {'model':<{width}}  {cells}  {'as good as the best':>19}"
    console.print(head, style="bold", highlight=False, markup=False)
    for name in found.models:
        mark = "✓" if name in found.not_worse else " "
        mean, error = sign * found.loss[name], found.standard_error[name]
        p = "" if name == found.best else format_p(found.p_worse[name])
        cells = f"{format_score(mean):>12}  {format_score(error, 2):>10}  {p:>18}  {percent(found.as_good[name]):>19}"
        console.print(f"{mark} {name:<{width}}  {cells}", highlight=False, markup=False)
    what = "fold" if options.of_folds else "row" if options.group is None else "group"
    console.print(f"\n{found.sentence}", style="bold", highlight=False, markup=False)
    console.print(
        f"✓: no other is significantly better (5 %, all at once), on {counted(found.units, what)}. Margin: "
        f"{format_score(found.margin)}, {100 * options.margin:g} % of the best.",
        highlight=False,
        markup=False,
    )
    print_notices(console, list(found.notices))

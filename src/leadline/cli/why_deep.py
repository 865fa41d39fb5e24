"""`leadline why-deep`: what depth buys for parity and the folded wave, written down and as training finds it."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from leadline.cli.console import make_console
from leadline.inspection import Outcome, experiment, summary
from leadline.network import CircuitSize, comparison_table
from leadline.records import plain

__all__ = ["run_why_deep"]

BITS, FOLDS = (4, 8, 16), (4, 7, 10)
# What the experiment trains: the closed form's own size, and four times as wide.
WIDTHS = (1, 4)


def run_why_deep(bits: int, folds: int, repeats: int, steps: int, seed: int, train: bool, as_json: bool) -> None:
    """Print the sizes of the networks in closed form and, with `train`, what gradient descent finds."""
    sizes = comparison_table(BITS, FOLDS)
    console = make_console(quiet=False, for_programs=as_json)
    if not as_json:
        console.print("ReLU networks in closed form: exactly right, nothing trained.", highlight=False)
        for problem, symbol, title in (("parity", "n", "parity of n bits"), ("wave", "k", "wave of 2^k pieces")):
            _print_sizes(console, title, symbol, [size for size in sizes if size.problem == problem])
    outcomes: list[Outcome] = []
    if train:
        console.print(f"Training on parity of {bits} bits and the wave of 2^{folds} pieces …\n", highlight=False)
        outcomes = summary(experiment(bits, folds, seed, repeats=repeats, widths=WIDTHS, steps=steps))
    if as_json:
        record = {"sizes": [asdict(size) for size in sizes], "experiment": [asdict(outcome) for outcome in outcomes]}
        sys.stdout.write(json.dumps(plain(record), indent=2) + "\n")
    elif train:
        _print_outcomes(console, f"parity of {bits} bits", [o for o in outcomes if o.problem == "parity"])
        _print_outcomes(console, f"wave of {2**folds} pieces", [o for o in outcomes if o.problem == "wave"])
        console.print(
            "Each network at the learning rate that suited it best, over all repeats.\n"
            "median, best: share of inputs told wrong for parity; root mean square error for the wave.\n"
            "found: no input told wrong; an error below 0.01. pieces: the most that a trained network is made of.\n"
            "room: whether an exact network fits into these sizes; if so, what is missing is training's fault.",
            highlight=False,
        )


def _table(title: str, words: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title=title, title_justify="left", title_style="bold")
    for name in words:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _print_sizes(console: Console, title: str, symbol: str, sizes: list[CircuitSize]) -> None:
    table = _table(title, ("network", symbol), ("hidden units", "L", "parameters", "not zero"))
    for size in sizes:
        numbers = (size.units, size.L, size.parameters, size.nonzero)
        table.add_row(size.construction, str(size.size), *(f"{number:,}" for number in numbers))
    console.print(table)


def _error(value: float | None) -> str:
    return "diverged" if value is None else f"{value:.3g}"


def _print_outcomes(console: Console, title: str, outcomes: list[Outcome]) -> None:
    pieces = ("pieces",) if outcomes[0].problem == "wave" else ()
    table = _table(title, ("network", "sizes"), ("parameters", "found", "median", "best", *pieces, "room"))
    for outcome in outcomes:
        table.add_row(
            outcome.network,
            "-".join(map(str, outcome.sizes)),
            f"{outcome.parameters:,}",
            f"{outcome.found} of {outcome.repeats}",
            _error(outcome.median_error),
            _error(outcome.best_error),
            *(["–" if outcome.most_pieces is None else str(outcome.most_pieces)] if pieces else []),
            "yes" if outcome.closed_form_fits else "no",
        )
    console.print(table)

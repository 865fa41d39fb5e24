"""What people see on the terminal: live progress where there is one, plain lines where there is not.

All of it goes to standard output, and to standard error where standard output is for programs (`--json`).
"""

import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from leadline.records import plain
from leadline.search import ADDITIVE, LEVEL, DepthResult, Metric, Progress, Verdict, name_of

__all__ = [
    "ClimbPrinter",
    "JsonLines",
    "counted",
    "format_p",
    "format_score",
    "format_seconds",
    "format_with_error",
    "make_console",
    "print_notices",
    "write_line",
]


# Numbers with more digits than this before or after the point are written with a power of ten.
_HUGE, _TINY = 1e12, 1e-4


def counted(n: int, what: str) -> str:
    """A number of things: 1 row, 4,128 rows."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def format_score(value: float, digits: int = 4) -> str:
    """A score with `digits` significant digits and thousands separated: 52,310 or 0.4213."""
    if value != value:
        return "–"
    if abs(value) >= _HUGE or 0 < abs(value) < _TINY:
        return f"{value:.{digits - 1}e}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}" if abs(value) >= 1 else f"{value:.{digits}f}"


def format_with_error(mean: float, error: float) -> str:
    """A mean and its standard error, both to the error's second significant digit: 68,620 ± 410."""
    if not math.isfinite(error) or abs(mean) >= _HUGE or max(abs(mean), error) < _TINY:
        return f"{mean:.3e} ± {error:.1e}"
    decimals = max(0, 1 - math.floor(math.log10(error))) if error > 0 else 4
    return f"{mean:,.{decimals}f} ± {error:,.{decimals}f}"


def format_p(p: float) -> str:
    """A p-value as people write it: p < 0.001, p = 0.004, p = 0.71."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def format_seconds(seconds: float) -> str:
    """A duration: 0.4 s, 12 s, 3 min 05 s."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _in_order(results: Mapping[int, DepthResult]) -> list[int]:
    """Depths from shallow to deep, the additive model after L = 1."""
    return sorted(results, key=lambda L: 1.5 if L == ADDITIVE else L)


def _layers(sizes: tuple[int, ...]) -> str:
    return "–" if not sizes else f"{sizes[0]} × {len(sizes)}" if len(sizes) > 3 else "-".join(map(str, sizes))


def describe_step(
    result: DepthResult, before: DepthResult | None, verdict: Verdict, metric: Metric, linear: str
) -> str:
    """How a depth compares with the one before it, in words."""
    if result.L == 1:
        return linear
    if result.L == ADDITIVE:
        return "a curve for each column, added"
    if before is None or before.failed:
        return ""
    p = verdict.p_better_than_before[result.L]
    new, old = float(result.scores.mean()), float(before.scores.mean())
    if p < LEVEL:
        share = abs(new - old) / abs(old) if old else 0.0
        return f"better by {share:.1%}, {format_p(p)}"
    return f"{'not clearly' if new > old else 'no'} better ({format_p(p)})"


class ClimbPrinter:
    """Prints the ladder as it is climbed.

    Parameters
    ----------
    console : Console
    linear : str
        What L = 1 is called: logistic or linear regression.
    about : callable, optional
        Says what is searched, once that is known: when the climb begins.
    """

    _ROW = "  {:<8}  {:<13} {:>22}   {:<32} {:>8}  {:>8}"

    def __init__(self, console: Console, linear: str, about: Callable[[], str] | None = None) -> None:
        self.console, self.linear, self.about = console, linear, about
        self.metric: Metric | None = None
        self.results: dict[int, DepthResult] = {}
        self.bar: Bar | None = None
        self.task: TaskID | None = None
        self._printed: dict[int, str] = {}
        self._last_line = time.monotonic()

    def search_started(self, metric: Metric) -> None:
        """Print the head of the table."""
        self.metric = metric
        if self.about is not None:
            self.console.print(self.about(), highlight=False, markup=False)
        self.console.print()
        self._print_head()

    def _print_head(self) -> None:
        assert self.metric is not None
        score = f"{self.metric.label} ± s.e."
        head = self._ROW.format("L", "hidden units", score, "against the layer before", "networks", "time")
        self.console.print(head, style="bold", highlight=False, markup=False)

    def depth_started(self, L: int) -> None:
        """Show a bar for this depth on a terminal."""
        self._show(
            name_of(L), BarColumn(20), TextColumn("{task.percentage:>3.0f} %  {task.fields[note]}", markup=False)
        )

    def summing_up(self) -> None:
        """Say on a terminal that the depths are judged and the report is made."""
        self._show("Summing up: test scores, importances, the health of the layers …")

    def _show(self, what: str, *more: ProgressColumn) -> None:
        self.stop()
        if self.console.is_terminal:
            columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), *more, TimeElapsedColumn())
            self.bar = Bar(*columns, console=self.console, transient=True)
            self.task = self.bar.add_task(what, total=1.0, note="")
            self.bar.start()

    def advanced(self, progress: Progress) -> None:
        """Move the bar, or print a line now and then where there is no terminal."""
        note = f"{progress.done}/{progress.planned} networks"
        if progress.seconds_left is not None:
            note += f", {format_seconds(progress.seconds_left)} left"
        if progress.whole is not None and progress.L > 1:
            low, high = map(format_seconds, progress.whole)
            note += f"; all depths: {low}" + (f" to {high}" if high != low else "")
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=progress.share, note=note)
        elif progress.done < progress.planned and time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self.console.print(f"  {name_of(progress.L)}: {progress.share:.0%}  {note}", highlight=False)

    def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
        """Print the row of a depth that is judged for the first time; `climb_ended` sees to what changes later."""
        self.stop()
        self.results[result.L] = result
        if result.L not in self._printed:
            self._printed[result.L] = self._row(result, self.results, verdict)
            self.console.print(self._printed[result.L], highlight=False, markup=False)
        self._last_line = time.monotonic()

    def final_training_started(self, seconds: float | None) -> None:
        """Say that the final models are trained, and how long that may take."""
        about = "" if seconds is None else f", about {format_seconds(seconds)}"
        self._show(f"Training on all rows{about} …")
        if not self.console.is_terminal and seconds is not None and seconds > SECONDS_BETWEEN_LINES:
            self.console.print(f"  training on all rows{about}", highlight=False, markup=False)

    def climb_ended(self, results: Mapping[int, DepthResult], verdict: Verdict) -> None:
        """Print the whole table once more where rows are not what they were when they were printed."""
        self.stop()
        rows = {L: self._row(results[L], results, verdict) for L in _in_order(results)}
        if rows == self._printed:
            return
        self.console.print("\nWhat was trained later has changed these rows. The table as it stands at the end:")
        self._print_head()
        for row in rows.values():
            self.console.print(row, highlight=False, markup=False)

    def _row(self, result: DepthResult, results: Mapping[int, DepthResult], verdict: Verdict) -> str:
        assert self.metric is not None
        L = str(result.L) if result.L != ADDITIVE else name_of(ADDITIVE)
        if result.failed:
            return f"  {L:<8}  {result.failed}"
        mean, error = self.metric.displayed(float(result.scores.mean())), verdict.standard_error.get(result.L)
        return self._ROW.format(
            L,
            _layers(result.settings.hidden_layer_sizes),
            format_score(mean) if error is None else format_with_error(mean, error),
            describe_step(result, results.get(result.L - 1), verdict, self.metric, self.linear),
            result.networks,
            format_seconds(result.seconds),
        )

    def stop(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = self.task = None


def write_line(record: dict[str, Any]) -> None:
    """A record as one line of JSON on standard output, at once."""
    sys.stdout.write(json.dumps(plain(record)) + "\n")
    sys.stdout.flush()


class JsonLines:
    """Writes every event of a climb as a line of JSON, and passes it on.

    Parameters
    ----------
    inner : ClimbPrinter
    """

    def __init__(self, inner: ClimbPrinter) -> None:
        self.inner = inner

    def search_started(self, metric: Metric) -> None:
        """{"event": "search started", "metric": …}."""
        write_line({"event": "search started", "metric": metric.label})
        self.inner.search_started(metric)

    def depth_started(self, L: int) -> None:
        """{"event": "depth started", "L": …}; 0 is the additive model."""
        write_line({"event": "depth started", "L": L})
        self.inner.depth_started(L)

    def advanced(self, progress: Progress) -> None:
        """{"event": "advanced"} and the fields of `Progress`."""
        write_line({"event": "advanced", **vars(progress)})
        self.inner.advanced(progress)

    def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
        """{"event": "depth finished"} with the depth's scores and the verdict so far; more than one if judged anew."""
        own = {"L": result.L, "scores": result.scores.tolist(), "networks": result.networks, "failed": result.failed}
        write_line({"event": "depth finished", **own, "seconds": result.seconds, "verdict": verdict.to_record()})
        self.inner.depth_finished(result, verdict)

    def final_training_started(self, seconds: float | None) -> None:
        """{"event": "final training started", "seconds": …}."""
        write_line({"event": "final training started", "seconds": seconds})
        self.inner.final_training_started(seconds)


# Where there is no terminal, a sign of life this often.
SECONDS_BETWEEN_LINES = 10.0


class _Console(Console):
    """A console that falls silent when nobody reads it any more: a search is wanted for its run folder too."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def make_console(quiet: bool, for_programs: bool) -> Console:
    """The console for people: standard output, or standard error where the output is for programs."""
    return _Console(file=sys.stderr if for_programs else None, quiet=quiet, soft_wrap=True, emoji=False)


def print_notices(console: Console, notices: list[str]) -> None:
    """One line for each notice."""
    for notice in notices:
        console.print(f"note: {notice}", highlight=False, markup=False)

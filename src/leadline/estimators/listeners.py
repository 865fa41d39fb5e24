"""What DepthSearchCV tells of a search while it runs, where the caller has no listener of their own."""

import sys
import time

from leadline.search import ADDITIVE, DepthResult, Listener, Metric, Progress, Verdict

__all__ = ["Lines", "Quiet", "Unstarted"]


class Quiet:
    """A listener that says nothing."""

    def search_started(self, metric: Metric) -> None:
        """The search begins."""

    def depth_started(self, L: int) -> None:
        """Networks of a depth are going to be trained."""

    def advanced(self, progress: Progress) -> None:
        """Networks are finished."""

    def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
        """A depth is judged."""

    def final_training_started(self, seconds: float | None) -> None:
        """The final models are going to be trained."""


class Unstarted(Quiet):
    """A listener that passes on how far the work has come, and nothing that it found."""

    def __init__(self, listener: Listener) -> None:
        self.depth_started, self.advanced = listener.depth_started, listener.advanced  # type: ignore[method-assign]


class Lines(Quiet):
    """A listener that prints a line for each depth, and, if it is talkative, one now and then between them."""

    SECONDS_BETWEEN_LINES = 10.0

    def __init__(self, verbose: int) -> None:
        self.talkative = verbose > 1

    def search_started(self, metric: Metric) -> None:
        """Keep the score that depths are judged by."""
        self.metric, self.last = metric, time.monotonic()

    def advanced(self, progress: Progress) -> None:
        """Print how far the work has come, if a while has passed."""
        if not self.talkative or time.monotonic() - self.last < self.SECONDS_BETWEEN_LINES:
            return
        self.last = time.monotonic()
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left at this depth"
        whole = "" if progress.whole is None else "; {:.0f} s to {:.0f} s in all".format(*progress.whole)
        name = "additive" if progress.L == ADDITIVE else f"L = {progress.L}"
        sys.stdout.write(f"{name}: {progress.done} of {progress.planned} networks{left}{whole}\n")

    def final_training_started(self, seconds: float | None) -> None:
        """Print how long it may take."""
        if self.talkative:
            sys.stdout.write(f"training on all rows{'' if seconds is None else f', about {seconds:.0f} s'}\n")

    def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
        """Print the score of the depth."""
        name = "additive" if result.L == ADDITIVE else f"L = {result.L}"
        if result.failed:
            sys.stdout.write(f"{name}: {result.failed}\n")
            return
        mean, error = self.metric.displayed(float(result.scores.mean())), verdict.standard_error[result.L]
        sys.stdout.write(
            f"{name}  hidden {list(result.settings.hidden_layer_sizes)}  {self.metric.label} {mean:.5g} ± "
            f"{error:.2g}  {result.networks} networks  {result.seconds:.1f} s\n"
        )

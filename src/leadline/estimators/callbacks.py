"""Scikit-learn's callbacks, such as its progress bar, told of a search; scikit-learn has them from version 1.9.

The tree of tasks that they see: the search, its depths, and in each depth its networks.
"""

from typing import Any

from leadline.search import DepthResult, Listener, Metric, Progress, Verdict

__all__ = ["CallbackListener", "CallbackSupportMixin", "with_callbacks"]

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in its place: no callbacks can be set."""

    def with_callbacks(method: Any) -> Any:
        """Leave the method as it is."""
        return method


class CallbackListener:
    """Tells an estimator's callbacks what another listener is told.

    Parameters
    ----------
    estimator : estimator with CallbackSupportMixin
    inner : Listener
    """

    def __init__(self, estimator: Any, inner: Listener) -> None:
        self.estimator, self.inner = estimator, inner
        # how many depths there will be is what the search is about
        self.root = estimator._init_callback_context(max_subtasks=None)
        self.root.call_on_fit_task_begin(estimator=estimator)
        self.depth: Any = None
        self.done = 0

    def climb_started(self, metric: Metric) -> None:
        """Pass it on."""
        self.inner.climb_started(metric)

    def depth_started(self, L: int) -> None:
        """A task for the depth."""
        self.inner.depth_started(L)
        self.depth = self.root.subcontext(task_name=f"L = {L}", max_subtasks=None)
        self.depth.call_on_fit_task_begin(estimator=self.estimator)
        self.done = 0

    def advanced(self, progress: Progress) -> None:
        """A task for every network that is finished."""
        self.inner.advanced(progress)
        for _ in range(progress.done - self.done):
            network = self.depth.subcontext(task_name="network")
            network.call_on_fit_task_begin(estimator=self.estimator)
            network.call_on_fit_task_end(estimator=self.estimator)
        self.done = progress.done

    def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
        """The depth's task is done."""
        self.inner.depth_finished(result, verdict)
        self.depth.call_on_fit_task_end(estimator=self.estimator)

    def climb_ended(self) -> None:
        """The search's task is done."""
        self.root.call_on_fit_task_end(estimator=self.estimator)

"""Callbacks, scikit-learn's among them, such as its progress bar; scikit-learn has them from version 1.9.

The tree of tasks that those see: a fit and its epochs; or a search, its depths, and in each depth its networks.
"""

import sys
from typing import Any

from leadline.search import DepthResult, Listener, Metric, Progress, Verdict
from leadline.training import Epoch

__all__ = ["CallbackListener", "CallbackSupportMixin", "EpochTeller", "with_callbacks"]

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in its place: no callbacks can be set."""

    def with_callbacks(method: Any) -> Any:
        """Leave the method as it is."""
        return method


class EpochTeller:
    """Tells of every epoch of one network: the estimator's own callback, scikit-learn's, and the reader if verbose.

    Parameters
    ----------
    estimator : DeepClassifier or DeepRegressor
    epochs : int
        How many are planned.

    Attributes
    ----------
    asked : bool
        Whether anyone has asked to stop.
    """

    def __init__(self, estimator: Any, epochs: int) -> None:
        self.estimator = estimator
        self.asked = False
        self.root: Any = None
        if getattr(estimator, "_skl_callbacks", []):
            self.root = estimator._init_callback_context(max_subtasks=epochs)
            self.root.call_on_fit_task_begin(estimator=estimator)

    @property
    def listens(self) -> bool:
        """Whether anyone is told."""
        return self.may_stop or bool(self.estimator.verbose)

    @property
    def may_stop(self) -> bool:
        """Whether there is anyone who could ask."""
        return self.root is not None or self.estimator.callback is not None

    def __call__(self, epoch: Epoch) -> bool:
        """An epoch is finished; whether anyone wants to stop."""
        if self.estimator.verbose:
            score = "" if epoch.score is None else f", validation score = {epoch.score:.6g}"
            sys.stdout.write(f"Epoch {epoch.number}, loss = {epoch.loss:.6g}{score}\n")
        stop = self.estimator.callback is not None and bool(self.estimator.callback(epoch))
        if self.root is not None:
            task = self.root.subcontext(task_name="epoch")
            task.call_on_fit_task_begin(estimator=self.estimator)
            stop = bool(task.call_on_fit_task_end(estimator=self.estimator)) or stop
        self.asked = self.asked or stop
        return stop

    def ended(self) -> None:
        """The training is done."""
        if self.root is not None:
            self.root.call_on_fit_task_end(estimator=self.estimator)


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

    def search_started(self, metric: Metric) -> None:
        """Pass it on."""
        self.inner.search_started(metric)

    def depth_started(self, L: int) -> None:
        """A task for the depth."""
        self.inner.depth_started(L)
        self._end_depth()
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
        self._end_depth()

    def _end_depth(self) -> None:
        """The depth's task is done, perhaps with some of its folds alone: where time is limited depths take turns."""
        if self.depth is not None:
            self.depth.call_on_fit_task_end(estimator=self.estimator)
            self.depth = None

    def final_training_started(self, seconds: float | None) -> None:
        """Pass it on."""
        self.inner.final_training_started(seconds)

    def climb_ended(self) -> None:
        """The search's task is done."""
        self._end_depth()
        self.root.call_on_fit_task_end(estimator=self.estimator)

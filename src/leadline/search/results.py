"""The result of one depth, and how a search tells of it while it climbs."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from leadline.search.metrics import Metric
from leadline.search.progress import Progress
from leadline.search.verdict import Verdict
from leadline.training import Hyperparameters

__all__ = ["DepthResult", "Listener", "result_record"]

Array = NDArray[Any]


@dataclass
class DepthResult:
    """The result of one depth, or of the additive model.

    Attributes
    ----------
    L : int
        ADDITIVE for the additive model.
    settings : Hyperparameters
        Of the first candidate that is used.
    candidates : tuple of int
        Those that are averaged; for L = 1 the one that was chosen.
    scores : (J,) array
        Score of the model of each fold; greater is better.
    networks : int
        Networks trained for it so far.
    seconds : float
        Wall time.
    repeats : int
        Divisions of the rows over which it averages.
    mean_scores : dict of int to float
        Mean score of every candidate's single networks; for L = 1 of those that were judged on all folds.
    failed : str
        Why it could not be judged; empty if it could.
    """

    L: int
    settings: Hyperparameters
    candidates: tuple[int, ...]
    scores: Array
    networks: int
    seconds: float
    repeats: int
    mean_scores: dict[int, float]
    failed: str = ""


def result_record(result: DepthResult) -> dict[str, Any]:
    """A plain record of a depth's result for JSON."""
    record = {**asdict(result), "settings": result.settings.to_record(), "scores": result.scores.tolist()}
    record["mean_scores"] = [
        [index, score if np.isfinite(score) else None] for index, score in result.mean_scores.items()
    ]
    return record


class Listener(Protocol):
    """Methods that a search calls as it goes on."""

    def search_started(self, metric: Metric) -> None:
        """The data are read and checked, and the search begins; depths will be judged by `metric`."""

    def depth_started(self, L: int) -> None:
        """Networks of a depth are going to be trained."""

    def advanced(self, progress: Progress) -> None:
        """Networks are finished."""

    def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
        """A depth is judged, or judged anew; `verdict` is that over all depths so far."""

    def final_training_started(self, seconds: float | None) -> None:
        """The final models are going to be trained on all rows, which may take so long; None if nobody knows."""

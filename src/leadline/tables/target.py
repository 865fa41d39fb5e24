"""The target: what every kind of it can do, from a column to Y of the equations and from scores back to predictions."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from leadline.network import loss as loss_record

__all__ = ["Outcomes", "Target", "TargetStatistics"]

Array = NDArray[Any]

# Of more outputs than this statistics of categories tell of those that vary most only (benchmarks/README.md).
MOST_OUTCOMES = 3


@dataclass(frozen=True)
class Outcomes:
    """What of the target is averaged.

    Attributes
    ----------
    values : (n, k) array
        Of each row.
    link : {"identity", "logit", "log"}
        On what scale means are told: that of the network's scores.
    unit : (k,) array
        By what they are divided.
    """

    values: NDArray[np.float64]
    link: str
    unit: NDArray[np.float64]

    def on_scale(self, means: NDArray[np.float64], total: float) -> NDArray[np.float64]:
        """Means, (…, k), of at most `total` rows on the scale of the scores."""
        if self.link == "logit":
            least = 0.5 / (total + 1)
            return np.asarray(logit(np.clip(means, least, 1 - least)))
        if self.link == "log":
            return np.asarray(np.log(np.maximum(means / self.unit, 0.5 / (total + 1))))
        return np.asarray(means / self.unit)


@dataclass(frozen=True)
class TargetStatistics:
    """The numbers fitted on a target's training rows; arrays (n[L],) in float64.

    A network learns (Y − center) / scale, and predicts nothing below `low` or above `high`.
    """

    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def unscaled(cls, n: int) -> "TargetStatistics":
        """Those of n scores that are learned as they are."""
        return cls(np.zeros(n), np.ones(n), np.full(n, -np.inf), np.full(n, np.inf))

    def smoothed(self, share: float, n: int) -> "TargetStatistics":
        """Those by which a network learns zeros and ones that stand `share` of the way to 1/n."""
        if not share:
            return self
        return replace(self, center=self.center - share / n / (1 - share), scale=self.scale / (1 - share))


@dataclass(frozen=True)
class Target:
    """What is predicted: classes, labels or numbers; see `infer_target`.

    Attributes
    ----------
    name : str
        What messages and files call it.
    loss : str or Loss
        The loss of `leadline.network` by which it is learned.
    """

    name: str
    loss: Any

    task: ClassVar[str]
    # whether folds keep the shares of the classes
    stratified: ClassVar[bool] = False

    @property
    def classes(self) -> Array | None:
        """The classes in sorted order, (K,); None for labels and numbers."""
        return None

    @property
    def n_scores(self) -> int:
        """n[L]: output units."""
        raise NotImplementedError

    @property
    def n_predictions(self) -> int:
        """Numbers predicted for each row."""
        return self.n_scores

    @property
    def one_hot(self) -> bool:
        """Whether `encode` gives the place of a class, of which a network learns zeros and a one."""
        return False

    def encode(self, y: Array) -> NDArray[np.float64]:
        """What is learned, (n, n[L]), before it is centred and scaled; or the place of the one among zeros, (n, 1).

        Raises
        ------
        DataError
            A class that was not there in training, or what is no number or infinite in a regression.
        """
        raise NotImplementedError

    def truth(self, y: Array) -> Array:
        """The target as scores take it: places of the classes, (n,); labels or numbers, (n, k)."""
        raise NotImplementedError

    def fit(self, Y: NDArray[np.float64], w: NDArray[np.float64], clip: bool = False) -> TargetStatistics:
        """Fit on training rows, as `encode` gives them, with weights w; classes and labels are learned as they are.

        `clip`: numbers are predicted within the range of these rows.
        """
        return TargetStatistics.unscaled(self.n_scores)

    def smoothed(self, fitted: TargetStatistics, share: float) -> TargetStatistics:
        """How training targets are learned with a share of each spread over all classes; numbers stay as they are."""
        return fitted

    def learned(self, Y: NDArray[np.float64], fitted: TargetStatistics) -> NDArray[np.float64]:
        """What a network learns of rows as `encode` gives them, (n, n[L])."""
        if self.one_hot:
            Y = np.arange(self.n_scores) == Y
        return np.asarray((Y - fitted.center) / fitted.scale)

    @property
    def n_outcomes(self) -> int:
        """How many means of the target statistics of categories have."""
        return min(self.n_scores, MOST_OUTCOMES)

    def outcomes(self, Y: NDArray[np.float64], w: NDArray[np.float64], fitted: TargetStatistics) -> Outcomes:
        """What statistics of categories average of training rows as `encode` gives them, with weights w."""
        output = str(getattr(loss_record(self.loss), "output_activation", "identity"))
        link = {"sigmoid": "logit", "softmax": "logit", "exp": "log"}.get(output, "identity")
        if self.one_hot:
            shares = np.bincount(Y[:, 0].astype(np.int64), w, minlength=self.n_scores) / w.sum()
            variance = shares * (1 - shares)
        else:
            variance = np.average(((Y - np.average(Y, axis=0, weights=w)) / fitted.scale) ** 2, axis=0, weights=w)
        kept = np.argsort(-variance, kind="stable")[: self.n_outcomes]
        values = (kept == Y).astype(np.float64) if self.one_hot else Y[:, kept]
        return Outcomes(values, link, fitted.scale[kept])

    def predictions(self, Z: Array, fitted: TargetStatistics) -> NDArray[np.float64]:
        """From raw scores Z, (m, n[L]): probabilities (m, K) or (m, k), or numbers (m, k), in float64."""
        raise NotImplementedError

    def constant(self, truth: Array, w: NDArray[np.float64]) -> NDArray[np.float64]:
        """The best that can be said without inputs, (n_predictions,): shares, means or quantiles."""
        raise NotImplementedError

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON. A loss of the caller's own is known by what it makes of scores, and by no more."""
        raise NotImplementedError

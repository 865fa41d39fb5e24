"""What a fitted model is: P ≥ 1 networks of one architecture whose predictions are averaged.

P = 1 after one fit; the networks of the folds after a search for depth. Each member keeps the statistics that
its own training rows gave; layout, target and settings belong to all.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from numpy.typing import NDArray

from leadline.errors import ModelFileError
from leadline.network import Parameters
from leadline.tables import Encoded, Layout, Statistics, Target
from leadline.training import Hyperparameters, Plan, Processor, Scorer, one_blas_thread, plan_for

__all__ = ["Member", "Model"]

Array = NDArray[Any]

ROWS_IN_DOUBLE = 4096
# Rows that a thread takes through all steps of a prediction at once; few enough to stay in its cache.
ROWS_IN_A_PART = 4096


@dataclass(frozen=True)
class Member:
    """One network of a model.

    Attributes
    ----------
    theta : (n_parameters,) float32 array
    statistics : Statistics
    center, scale : (n[L],) arrays
        Of the target.
    """

    theta: Array
    statistics: Statistics
    center: Array
    scale: Array

    @property
    def fitted(self) -> tuple[Statistics, Array, Array]:
        """What was fitted on its training rows."""
        return self.statistics, self.center, self.scale


class _Scorers:
    """Sets of scorers, one for each member of a model, lent to one thread at a time and kept for the next."""

    def __init__(self, model: "Model", dtype: type) -> None:
        self._plan, self._members, self._dtype = model.plan, model.members, dtype
        self._idle: list[list[Scorer]] = []

    @contextmanager
    def borrow(self) -> Iterator[list[Scorer]]:
        try:
            own = self._idle.pop()
        except IndexError:
            backend = Processor()
            own = [Scorer(self._plan, backend, self._dtype).take(member.theta) for member in self._members]
        yield own
        self._idle.append(own)


@dataclass(frozen=True)
class Model:
    """Networks of one architecture, and everything between a table and their predictions."""

    layout: Layout
    target: Target
    settings: Hyperparameters
    members: tuple[Member, ...]

    @property
    def plan(self) -> Plan:
        """The plan that all members share."""
        return plan_for(self.settings, self.layout.n_inputs, self.target.n_scores, self.target.loss)

    def layers(self, member: int = 0) -> Parameters:
        """W[l], (n[l], n[l-1]), and b[l], (n[l], 1), of one member in float64, for l = 1 … L."""
        return self.plan.layers(self.members[member].theta)

    def inputs(self, frame: pd.DataFrame, member: int = 0) -> Array:
        """A[0] of layer 1 for one member, (m, n[0]) in float64: the rows of a table, past the pieces before layer 1."""
        own = self.members[member]
        x, pieces = own.statistics.apply(self.layout.encode(frame)), len(self.plan.pieces)
        if not pieces:
            return x.astype(np.float64)
        return Scorer(self.plan, Processor(), np.float64, block=pieces - 1).take(own.theta).scores(x)

    def predictions(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """The members' mean prediction: probabilities (m, K) or numbers (m, k) for the m rows of a table."""
        encoded = self.layout.encode(frame)
        return self.predictions_of_rows(len(frame), encoded.__getitem__)

    def predictions_of_rows(self, m: int, encode: Callable[[slice], Encoded]) -> NDArray[np.float64]:
        """The same for m rows that `encode` gives, some at a time.

        Up to ROWS_IN_DOUBLE rows are computed in float64, so that a row's prediction does not show which rows stand
        beside it; more of them in float32 by all cores, where it may in its seventh digit.
        """
        if m <= ROWS_IN_DOUBLE:
            return self._mean(encode(slice(0, m)), self._scorers64)
        out = np.empty((m, self.target.n_predictions))

        def predict(start: int) -> None:
            rows = slice(start, min(start + ROWS_IN_A_PART, m))
            out[rows] = self._mean(encode(rows), self._scorers32)

        with one_blas_thread(), ThreadPoolExecutor(effective_n_jobs(-1)) as crew:
            for _ in crew.map(predict, range(0, m, ROWS_IN_A_PART)):
                pass
        return out

    def _mean(self, encoded: Encoded, scorers: "_Scorers") -> NDArray[np.float64]:
        total: Any = 0.0
        with scorers.borrow() as own:
            for member, scorer in zip(self.members, own, strict=True):
                scores = scorer.scores(member.statistics.apply(encoded))
                total = total + self.target.predictions(scores, member.center, member.scale)
        return np.asarray(total / len(self.members))

    @cached_property
    def _scorers32(self) -> "_Scorers":
        return _Scorers(self, np.float32)

    @cached_property
    def _scorers64(self) -> "_Scorers":
        return _Scorers(self, np.float64)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def to_record(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """A plain record and named arrays, for a model file."""
        record = {
            "layout": self.layout.to_record(),
            "target": self.target.to_record(),
            "settings": self.settings.to_record(),
            "members": len(self.members),
        }
        arrays = {}
        plan = self.plan
        for p, member in enumerate(self.members):
            named = {
                **plan.named(member.theta),
                "fill": member.statistics.fill,
                "center": member.statistics.center,
                "scale": member.statistics.scale,
                "target_center": member.center,
                "target_scale": member.scale,
            }
            arrays.update({f"{p}/{name}": array for name, array in named.items()})
        return record, arrays

    @classmethod
    def from_record(cls, record: dict[str, Any], arrays: dict[str, Array]) -> "Model":
        """The model that `to_record` described.

        Raises
        ------
        ModelFileError
            The record is not a model's, or an array is missing or of another shape.
        """
        try:
            layout = Layout.from_record(record["layout"])
            target = Target.from_record(record["target"])
            settings = Hyperparameters.from_record(record["settings"])
            model = cls(layout, target, settings, ())
            p, k = len(layout.number_columns), target.n_scores
            members = []
            for i in range(record["members"]):
                theta = [_array(arrays, f"{i}/{spec.name}", spec.shape).ravel() for spec in model.plan.specs]
                fill, center, scale = (_array(arrays, f"{i}/{name}", (p,)) for name in ("fill", "center", "scale"))
                statistics = Statistics(settings.scaling, fill, center, scale)
                own = [_array(arrays, f"{i}/target_{name}", (k,)) for name in ("center", "scale")]
                members.append(Member(np.concatenate(theta).astype(np.float32), statistics, own[0], own[1]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, ModelFileError):
                raise
            raise ModelFileError(f"The model's record cannot be read: {type(error).__name__}: {error}.") from error
        if not members:
            raise ModelFileError("The model's record names no networks.")
        return cls(layout, target, settings, tuple(members))


def _array(arrays: dict[str, Array], name: str, shape: Sequence[int]) -> Array:
    if name not in arrays:
        raise ModelFileError(f"The model file has no array {name!r}.")
    if arrays[name].shape != tuple(shape):
        raise ModelFileError(f"Array {name!r} must have shape {tuple(shape)}; got {arrays[name].shape}.")
    return arrays[name]

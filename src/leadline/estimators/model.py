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
from leadline.records import ANYTHING, one_of, read_fields, whole
from leadline.storage import FORMAT
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
    def from_record(cls, record: Any, arrays: dict[str, Array], version: int) -> "Model":
        """The model that `to_record` described, now or in an earlier version of the format.

        Raises
        ------
        ModelFileError
            The record is not a model's, or an array is missing, unknown, of another shape or kind, or not finite.
        """
        for earlier in range(version, FORMAT):
            record = _UPGRADES[earlier](record)
        read = read_fields(
            record,
            "the model",
            {
                "layout": ANYTHING,
                "target": ANYTHING,
                "settings": ANYTHING,
                "members": whole(1, len(arrays)),
                "features": ANYTHING,
            },
        )
        layout, target = Layout.from_record(read["layout"]), Target.from_record(read["target"])
        settings = Hyperparameters.from_record(read["settings"])
        # before a plan of them is made
        if len(settings.hidden_layer_sizes) > len(arrays):
            raise ModelFileError("The model has more layers than the file has arrays.")
        if sum(settings.hidden_layer_sizes) > sum(array.size for array in arrays.values()):
            raise ModelFileError("The model has more units than the file has numbers.")
        model, taken = cls(layout, target, settings, ()), _Arrays(arrays)
        p, k = len(layout.number_columns), target.n_scores
        members = []
        for i in range(read["members"]):
            theta = [taken.take(f"{i}/{spec.name}", spec.shape, np.float32).ravel() for spec in model.plan.specs]
            fill, center = (taken.take(f"{i}/{name}", (p,), np.float64) for name in ("fill", "center"))
            # a column that says nothing is divided by infinity
            scale = taken.take(f"{i}/scale", (p,), np.float64, positive=True)
            own_center = taken.take(f"{i}/target_center", (k,), np.float64)
            own_scale = taken.take(f"{i}/target_scale", (k,), np.float64, positive=True)
            if not np.isfinite(own_scale).all():
                raise ModelFileError(f"Array '{i}/target_scale' must be finite.")
            statistics = Statistics(settings.scaling, fill, center, scale)
            members.append(Member(np.concatenate(theta), statistics, own_center, own_scale))
        taken.check_all_taken()
        return cls(layout, target, settings, tuple(members))


class _Arrays:
    """The arrays of a file, taken one by one."""

    def __init__(self, arrays: dict[str, Array]) -> None:
        self.left = dict(arrays)

    def take(self, name: str, shape: Sequence[int], dtype: type, positive: bool = False) -> Array:
        """An array of this shape and kind with finite numbers, or with positive ones, infinity among them."""
        if name not in self.left:
            raise ModelFileError(f"The model file has no array {name!r}.")
        array = self.left.pop(name)
        if array.shape != tuple(shape):
            raise ModelFileError(f"Array {name!r} must have shape {tuple(shape)}; got {array.shape}.")
        if array.dtype != dtype:
            raise ModelFileError(f"Array {name!r} must be of {np.dtype(dtype)}; got {array.dtype}.")
        if not (array > 0 if positive else np.isfinite(array)).all():
            raise ModelFileError(f"Array {name!r} must have {'positive' if positive else 'finite'} numbers only.")
        return array

    def check_all_taken(self) -> None:
        """Raise ModelFileError if the file has arrays that no one asked for."""
        if self.left:
            raise ModelFileError(f"The model file has an array {next(iter(self.left))!r}, which is unknown.")


def _from_1(record: Any) -> Any:
    """A record of format 1, whose targets were classes or numbers learned by squared error."""
    known = {"name": ANYTHING, "task": one_of("classification", "regression"), "classes": ANYTHING, "dtype": ANYTHING}
    if not isinstance(record, dict):
        return record
    old = read_fields(record.get("target"), "the target", {**known, "n_outputs": ANYTHING})
    target: dict[str, Any] = {"kind": "numbers", "name": old["name"], "loss": "half_squared_error"}
    if old["task"] == "classification":
        loss = "binary_cross_entropy" if np.size(old["classes"]) == 2 else "cross_entropy"
        target.update(kind="classes", loss=loss, values=old["classes"], dtype=old["dtype"])
    else:
        target["n_outputs"] = old["n_outputs"]
    return {**record, "target": target}


# From each version of the format to the next.
_UPGRADES: dict[int, Callable[[Any], Any]] = {1: _from_1}

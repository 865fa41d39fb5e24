"""What a fitted model is: P ≥ 1 networks whose predictions are averaged.

They are the networks of a fit, or those of the folds after a search for depth, of one architecture; or what an ensemble
chose, of several. Each network keeps its settings and the statistics that its own training rows gave; layout and target
belong to all.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from numpy.typing import NDArray

from leadline.errors import ModelFileError
from leadline.network import Parameters
from leadline.records import ANYTHING, POSITIVE, Field, list_of, one_of, read_fields, whole
from leadline.search import inputs_of, told_to
from leadline.search.conformal import KNOTS, MOST_SCORES, Intervals, Sets
from leadline.storage import FORMAT
from leadline.tables import (
    LEVELS,
    CategoryStatistics,
    Classes,
    Encoded,
    Labels,
    Layout,
    Numbers,
    Profile,
    Statistics,
    Target,
    TargetStatistics,
    target_from_record,
)
from leadline.training import (
    Hyperparameters,
    Plan,
    Processor,
    Scorer,
    coded_above,
    layer_inputs,
    one_blas_thread,
    plan_for,
)

__all__ = ["Member", "Model"]

Array = NDArray[Any]

ROWS_IN_DOUBLE = 4096
# More than any file has.
MOST_NETWORKS = 10_000
MOST_TRAINING_ROWS = 2**53
# Quantiles of the networks' disagreement that a profile has.
PROFILED_SPREADS = 4
# Rows that a thread takes through all steps of a prediction at once; few enough to stay in its cache.
ROWS_IN_A_PART = 4096
ROWS_IN_A_PART_IN_DOUBLE = 512
# Multiplications up to which BLAS takes one thread by itself; holding it to one costs as much as some rows do.
PRODUCT_ON_ONE_THREAD = 2**18


@dataclass(frozen=True)
class Member:
    """One network of a model.

    Attributes
    ----------
    settings : Hyperparameters
    theta : (n_parameters,) float32 array
    statistics : Statistics
    target : TargetStatistics
    weight : float
        Its share of the average, relative to those of the others.
    """

    settings: Hyperparameters
    theta: Array
    statistics: Statistics
    target: TargetStatistics
    weight: float = 1.0


class _Scorers:
    """Sets of scorers, one for each member of a model, lent to one thread at a time and kept for the next."""

    def __init__(self, model: "Model", dtype: type) -> None:
        self._networks = [(plan, member.theta) for plan, member in zip(model.plans, model.members, strict=True)]
        self._dtype = dtype
        self._idle: list[list[Scorer]] = []

    @contextmanager
    def borrow(self) -> Iterator[list[Scorer]]:
        try:
            own = self._idle.pop()
        except IndexError:
            backend = Processor()
            own = [Scorer(plan, backend, self._dtype).take(theta) for plan, theta in self._networks]
        yield own
        self._idle.append(own)


@dataclass(frozen=True)
class Model:
    """Networks, everything between a table and their predictions, and what is known of how sure these are.

    `sure` is what intervals or sets are made of, `profile` what the training rows looked like; None where nothing is
    known of it, as in a file of an earlier version.
    """

    layout: Layout
    target: Target
    members: tuple[Member, ...]
    sure: Intervals | Sets | None = None
    profile: Profile | None = None

    @property
    def settings(self) -> Hyperparameters:
        """Those of the first network."""
        return self.members[0].settings

    @property
    def plans(self) -> list[Plan]:
        """The plan of each network."""
        return self._plans

    @cached_property
    def _plans(self) -> list[Plan]:
        of_settings: dict[Hyperparameters, Plan] = {}
        for member in self.members:
            if member.settings not in of_settings:
                of_settings[member.settings] = _plan(self.layout, self.target, member.settings)
        return [of_settings[member.settings] for member in self.members]

    def layers(self, member: int = 0) -> Parameters:
        """W[l], (n[l], n[l-1]), and b[l], (n[l], 1), of one network in float64, for l = 1 … L.

        Of members that share its layers the first.
        """
        return self.plans[member].layers(self.members[member].theta)

    def inputs(self, frame: pd.DataFrame, member: int = 0) -> Array:
        """A[0] of layer 1 for one network, (m, n[0]) in float64: rows of a table, past the pieces before layer 1.

        Of members that share its layers the first.
        """
        own = self.members[member]
        X = own.statistics.apply(self.layout.encode(frame), coded_above(own.settings))
        return layer_inputs(self.plans[member], own.theta, X)

    def predictions(self, frame: pd.DataFrame, double: bool = True) -> NDArray[np.float64]:
        """The members' mean prediction: probabilities (m, K) or numbers (m, k) for the m rows of a table."""
        encoded = self.layout.encode(frame)
        return self.predictions_of_rows(len(frame), encoded.__getitem__, double)

    def predictions_of_rows(
        self, m: int, encode: Callable[[slice], Encoded], double: bool = True
    ) -> NDArray[np.float64]:
        """The same for m rows that `encode` gives, some at a time.

        Up to ROWS_IN_DOUBLE rows are computed in float64, so that a row's prediction does not show which rows stand
        beside it; more of them, and all for figures (`double` false), in float32, where it may in its seventh digit.
        All cores share parts of the rows, and BLAS is held to one thread for each.
        """
        exact = double and m <= ROWS_IN_DOUBLE
        scorers, part = (self._scorers64, ROWS_IN_A_PART_IN_DOUBLE) if exact else (self._scorers32, ROWS_IN_A_PART)
        if m * self._largest_matrix <= PRODUCT_ON_ONE_THREAD:
            return self._mean(encode(slice(0, m)), scorers)
        out = np.empty((m, self.target.n_predictions))

        def predict(start: int) -> None:
            rows = slice(start, min(start + part, m))
            out[rows] = self._mean(encode(rows), scorers)

        starts = range(0, m, part)
        with one_blas_thread(), ThreadPoolExecutor(min(effective_n_jobs(-1), len(starts))) as crew:
            for _ in crew.map(predict, starts):
                pass
        return out

    def network_predictions(self, encoded: Encoded) -> NDArray[np.float64]:
        """What each network predicts by itself, (P, m, n_predictions), in float64."""
        with one_blas_thread(), self._scorers64.borrow() as own:
            found = [
                self.target.predictions(
                    scorer.scores(member.statistics.apply(encoded, coded_above(member.settings))), member.target
                )
                for member, scorer in zip(self.members, own, strict=True)
            ]
        return np.stack(found)

    @cached_property
    def _largest_matrix(self) -> int:
        return max(spec.size for plan in self.plans for spec in plan.specs)

    def _mean(self, encoded: Encoded, scorers: "_Scorers") -> NDArray[np.float64]:
        total: Any = 0.0
        with scorers.borrow() as own:
            for member, scorer in zip(self.members, own, strict=True):
                scores = scorer.scores(member.statistics.apply(encoded, coded_above(member.settings)))
                total = total + member.weight * self.target.predictions(scores, member.target)
        return np.asarray(total / sum(member.weight for member in self.members))

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
        settings = list(dict.fromkeys(member.settings for member in self.members))
        record = {
            "layout": self.layout.to_record(),
            "target": self.target.to_record(),
            "settings": [one.to_record() for one in settings],
            "members": [
                {"settings": settings.index(member.settings), "weight": member.weight} for member in self.members
            ],
            "scores": None if self.sure is None else self.sure.scores.shape[1] - 1,
            "profile": None if self.profile is None else {"rows": self.profile.rows},
        }
        arrays = self.layout.to_arrays()
        if self.profile is not None:
            arrays.update({f"profile/{name}": array for name, array in self.profile.to_arrays().items()})
        for p, (member, plan) in enumerate(zip(self.members, self.plans, strict=True)):
            named = {
                **plan.named(member.theta),
                "fill": member.statistics.fill,
                "center": member.statistics.center,
                "scale": member.statistics.scale,
                "target_center": member.target.center,
                "target_scale": member.target.scale,
                **{f"statistics[{own.source}]": own.values for own in member.statistics.categories},
            }
            if _clips(self.target, member.settings):
                named.update(target_low=member.target.low, target_high=member.target.high)
            arrays.update({f"{p}/{name}": array for name, array in named.items()})
        if self.sure is not None:
            arrays.update(rows_left_out=self.sure.rows, scores=self.sure.scores)
        if isinstance(self.sure, Intervals):
            arrays.update(score_knots=self.sure.knots, score_sizes=self.sure.sizes)
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
                "settings": list_of(ANYTHING),
                "members": list_of(ANYTHING),
                "scores": Field("a number of scores, or none", _is_number_of_scores),
                "profile": ANYTHING,
                "features": ANYTHING,
            },
        )
        taken = _Arrays(arrays)
        layout, target = Layout.from_record(read["layout"], taken.take), target_from_record(read["target"])
        settings = [Hyperparameters.from_record(one) for one in read["settings"]]
        if not 1 <= len(read["members"]) <= len(arrays) or not settings:
            raise ModelFileError("The model must have settings, and networks, no more of them than arrays.")
        for own in settings:
            if own.numeric_embedding == "auto":
                raise ModelFileError("the settings: numeric_embedding must be the one that was used.")
            if own.monotonic_cst and len(own.monotonic_cst) != len(layout.number_columns):
                raise ModelFileError("the settings: monotonic_cst must have one entry for each number, or none.")
            # before a plan of them is made
            if len(own.hidden_layer_sizes) > len(arrays):
                raise ModelFileError("The model has more layers than the file has arrays.")
            if (sum(own.hidden_layer_sizes) + 1) * own.members > sum(array.size for array in arrays.values()):
                raise ModelFileError("The model has more units than the file has numbers.")
        plans = [_plan(layout, target, own) for own in settings]
        members = []
        for i, item in enumerate(read["members"]):
            fields = {"settings": whole(0, len(settings) - 1), "weight": POSITIVE}
            place, weight = read_fields(item, f"network {i + 1}", fields).values()
            fitted = _fitted(taken, i, layout, target, settings[place])
            theta = [spec.flat(taken.take(f"{i}/{spec.name}", spec.shape, np.float32)) for spec in plans[place].specs]
            members.append(Member(settings[place], np.concatenate(theta), *fitted, float(weight)))
            if not plans[place].allows(members[-1].theta):
                raise ModelFileError(f"network {i + 1} breaks the constraints that its settings promise.")
        sure = None if read["scores"] is None else _sure(taken, target, read["scores"])
        profile = None if read["profile"] is None else _profile(read["profile"], taken, layout)
        taken.check_all_taken()
        return cls(layout, target, tuple(members), sure, profile)


def _plan(layout: Layout, target: Target, settings: Hyperparameters) -> Plan:
    inputs = inputs_of(layout.groups, layout.crosses, target, len(layout.number_columns), settings, layout.derived)
    return plan_for(settings, inputs, target.n_scores, target.loss)


def _clips(target: Target, settings: Hyperparameters) -> bool:
    """Whether a network of these settings predicts within a range."""
    return settings.clip_predictions and target.task == "regression"


def _fitted(
    taken: "_Arrays", i: int, layout: Layout, target: Target, settings: Hyperparameters
) -> tuple[Statistics, TargetStatistics]:
    """What was fitted on the training rows of network i."""
    p, k = layout.n_numbers, target.n_scores
    fill, center = (taken.take(f"{i}/{name}", (p,), np.float64) for name in ("fill", "center"))
    # a column that says nothing is divided by infinity
    scale = taken.take(f"{i}/scale", (p,), np.float64, positive=True)
    ends = ("low", "high") if _clips(target, settings) else ()
    own = {name: taken.take(f"{i}/target_{name}", (k,), np.float64) for name in ("center", "scale", *ends)}
    if not (own["scale"] > 0).all():
        raise ModelFileError(f"Array '{i}/target_scale' must have positive numbers only.")
    categories = []
    for group in told_to(settings, layout.groups, layout.crosses):
        shape = (1 + group.n_codes, target.n_outcomes + 1)
        values = taken.take(f"{i}/statistics[{group.source}]", shape, np.float32)
        categories.append(CategoryStatistics(group.source, values, np.zeros((0, *shape), np.float32)))
    statistics = Statistics(settings.scaling, fill, center, scale, categories)
    return statistics, replace(TargetStatistics.unscaled(k), **own)


def _is_number_of_scores(value: Any) -> bool:
    return value is None or whole(1, MOST_SCORES).allows(value)


def _sure(taken: "_Arrays", target: Target, size: int) -> Intervals | Sets:
    """What was known of rows that networks left out."""
    k = target.n_outputs if isinstance(target, Numbers) else target.n_predictions if isinstance(target, Labels) else 1
    rows = taken.take("rows_left_out", (k,), np.float64)
    scores = taken.take("scores", (k, size + 1), np.float64)
    if not (rows >= 0).all() or not (np.diff(scores, axis=1) >= 0).all():
        raise ModelFileError("Array 'scores' must be in order, and 'rows_left_out' not negative.")
    if isinstance(target, Numbers):
        knots, sizes = (taken.take(f"score_{name}", (k, KNOTS), np.float64) for name in ("knots", "sizes"))
        if not (rows >= 1).all() or not (np.diff(knots, axis=1) >= 0).all():
            raise ModelFileError("Array 'score_knots' must be in order, and 'rows_left_out' at least 1.")
        return Intervals(target, rows, knots, sizes, scores)
    assert isinstance(target, Classes | Labels)
    return Sets(target, rows, scores)


def _profile(record: Any, taken: "_Arrays", layout: Layout) -> Profile:
    """What the training rows looked like."""
    rows = read_fields(record, "the profile", {"rows": whole(1, MOST_TRAINING_ROWS)})["rows"]
    p, categories = layout.n_numbers, layout.category_columns
    shapes = {
        "quantiles": (p, len(LEVELS)),
        "below": (p, len(LEVELS)),
        "missing": (len(layout.columns),),
        "shares": (sum(column.n_indicators - column.missing for column in categories),),
        "spread": (PROFILED_SPREADS,),
    }
    return Profile(rows, **{name: taken.take(f"profile/{name}", shape, np.float64) for name, shape in shapes.items()})


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


# What the settings did not have in format 2, and what it would have been.
_NEW_IN_3 = {
    "weight_decay_schedule": "constant",
    "dropout_schedule": "constant",
    "numeric_embedding": "none",
    "one_hot_up_to": "all",
    "parametrization": "standard",
    "members": 1,
    "label_smoothing": 0.0,
    "clip_predictions": False,
}


def _from_2(record: Any) -> Any:
    """A record of format 2, whose networks had one and the same settings and weight."""
    if not isinstance(record, dict) or not isinstance(record.get("settings"), dict):
        return record
    members: Any = record.get("members")
    if whole(1, MOST_NETWORKS).allows(members):
        members = [{"settings": 0, "weight": 1.0}] * members
    return {**record, "settings": [{**record["settings"], **_NEW_IN_3}], "members": members}


# What the settings did not have in format 3, and what it would have been.
_NEW_IN_4 = {"additive": False}


def _from_3(record: Any) -> Any:
    """A record of format 3, which had no additive networks."""
    if not isinstance(record, dict) or not isinstance(record.get("settings"), list):
        return record
    settings = [{**own, **_NEW_IN_4} if isinstance(own, dict) else own for own in record["settings"]]
    return {**record, "settings": settings}


# What the settings did not have in format 4, and what it would have been.
_NEW_IN_5: dict[str, Any] = {"monotonic_cst": []}


def _from_4(record: Any) -> Any:
    """A record of format 4, which said nothing of the training rows and of how sure predictions are, and had no
    monotone networks.
    """
    if not isinstance(record, dict) or not isinstance(record.get("settings"), list):
        return record
    settings = [{**own, **_NEW_IN_5} if isinstance(own, dict) else own for own in record["settings"]]
    return {**record, "settings": settings, "scores": None, "profile": None}


# What the settings did not have in format 5, and what it would have been.
_NEW_IN_6: dict[str, Any] = {"target_statistics": False}


def _from_5(record: Any) -> Any:
    """A record of format 5: no columns of text, and categories were told by inputs and learned vectors alone."""
    if not isinstance(record, dict) or not isinstance(record.get("settings"), list):
        return record
    settings = [{**own, **_NEW_IN_6} if isinstance(own, dict) else own for own in record["settings"]]
    return {**record, "settings": settings}


# From each version of the format to the next.
_UPGRADES: dict[int, Callable[[Any], Any]] = {1: _from_1, 2: _from_2, 3: _from_3, 4: _from_4, 5: _from_5}

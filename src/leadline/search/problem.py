"""A problem: a table, its target, and what is fitted on the rows that a network learns from.

Every number that is fitted on rows (medians, scales, the target's mean) is fitted on a network's training rows alone.
The rows are held once, as they were read; a network's inputs are computed as it gathers a batch of them.
"""

import hashlib
import math
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from leadline.errors import DataError, ParameterError
from leadline.search.folds import twins
from leadline.search.metrics import Metric
from leadline.tables import (
    PARTS,
    CategoryStatistics,
    Cross,
    Encoded,
    Group,
    Statistics,
    Target,
    TargetStatistics,
    parts_of,
    tells,
    told_by_statistics,
)
from leadline.training import (
    AllBut,
    Hyperparameters,
    Inputs,
    Lens,
    Rows,
    Table,
    coded_above,
    one_blas_thread,
    taken,
)

__all__ = ["Fitted", "Problem", "RowSource", "View", "in_single", "inputs_of", "told_to"]

Array = NDArray[Any]

# Rows that tell where a column's numbers lie; a column whose median is farther from zero than so many distances of its
# quartiles is counted from there, which float32 would not tell apart otherwise.
ROWS_ASKED, FAR = 10_000, 8.0
# A column with larger numbers is counted in a power of two of about its largest.
LARGE = 1e30
# Medians and quartiles are those of no more training rows than about this, evenly spread: more would not move them.
MOST_FITTED = 200_000


class View(NamedTuple):
    """How a network sees the table: its training rows, how numbers are scaled, whether predictions have ends, which
    columns are told by one code (those with more indicators than `coded_above`), and whether statistics of the target
    tell of categories, and of crosses.

    Everything that is fitted is fitted on those rows.
    """

    rows: int
    scaling: str
    clips: bool = False
    coded_above: float = math.inf
    statistics: bool = False
    crosses: bool = False

    @classmethod
    def of(cls, rows: int, settings: Hyperparameters) -> "View":
        """That of a network with these settings."""
        statistics = (settings.target_statistics, _reads_crosses(settings))
        return cls(rows, settings.scaling, settings.clip_predictions, coded_above(settings), *statistics)


class Fitted(NamedTuple):
    """What was fitted on training rows: of the number columns, and of the target."""

    statistics: Statistics
    target: TargetStatistics

    @property
    def incomplete(self) -> bool:
        """Whether statistics of categories say what all training rows say, and not what rows of other parts do."""
        return any(not len(own.others) for own in self.statistics.categories)

    def completing(self, known: "Fitted | None") -> "Fitted":
        """What was fitted before, with what it lacks of these."""
        if known is None:
            return self
        both = zip(known.statistics.categories, self.statistics.categories, strict=True)
        categories = [replace(own, others=new.others) for own, new in both]
        return known._replace(statistics=replace(known.statistics, categories=categories))


def _reads_crosses(settings: Hyperparameters) -> bool:
    """Whether statistics tell a network of crosses: not where each column has a curve of its own."""
    return settings.target_statistics and not settings.additive


def told_to(settings: Hyperparameters, groups: Sequence[Group], crosses: Sequence[Cross]) -> list[Group]:
    """What statistics of the target tell a network of: columns of categories, and crosses."""
    if not settings.target_statistics:
        return []
    return told_by_statistics(groups, crosses if _reads_crosses(settings) else ())


def inputs_of(
    groups: Sequence[Group],
    crosses: Sequence[Cross],
    target: Target,
    numbers: int,
    settings: Hyperparameters,
    derived: int = 0,
) -> Inputs:
    """What a network with these settings is told of a row: so many numbers, so many derived ones, these groups."""
    statistics = len(told_to(settings, groups, crosses)) * (target.n_outcomes + 1)
    return Inputs(numbers, (*[1] * statistics, *(group.width for group in groups)), derived)


class RowSource(Protocol):
    """Where another process reads the rows of a problem itself; small when pickled."""

    def read(self) -> tuple[Encoded, Array, Array]:
        """The rows, the target as it came, and the weights: what `Problem.build` was given."""


class _Rows(NamedTuple):
    """What a process that was sent no rows has read: the rows of a problem, by its fingerprint, and the truth."""

    digest: str
    rows: Rows
    y: Array


@dataclass
class Problem:
    """What networks are trained and judged on; where they get their examples, and who scores them.

    Attributes
    ----------
    rows : Rows
        n rows of the table, the truth as networks learn it before anything is fitted, and positive weights.
    origin, unit : (p,) arrays
        From where, and in what, the numbers in `rows` are counted.
    groups : tuple of Group
        The indicators of the table.
    derived : int
        How many of the numbers, the last ones, are derived.
    target : Target
    metric : Metric
    y : (n,) or (n, k) array
        The truth as `Metric.score` takes it.
    training_rows : sequence of arrays, or AllBut
        Every set of rows that a network learns from.
    label_smoothing : float
    units : (n,) array of int, optional
        Rows of one number are one observation: groups, or rows that are alike.
    source : RowSource, optional
        If given, the rows do not travel with the problem: see `fetch`.
    keys : (n,) array of int, optional
        Rows of one number are never told apart by statistics of categories; None if each row is its own.
    cycles : tuple of (int, int)
        Where among the numbers those of each cycle of a date begin and end.
    crosses : tuple of Cross
        What statistics tell of beside columns of categories; `rows.codes` has their cells after the codes.
    """

    rows: Rows
    origin: Array
    unit: Array
    groups: tuple[Group, ...]
    derived: int
    target: Target
    metric: Metric
    y: Array
    training_rows: Sequence[Array | AllBut]
    label_smoothing: float = 0.0
    units: Array | None = None
    source: RowSource | None = None
    keys: Array | None = None
    cycles: tuple[tuple[int, int], ...] = ()
    crosses: tuple[Cross, ...] = ()
    _known: dict[View, Fitted] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        encoded: Encoded,
        y: Array,
        w: Array,
        target: Target,
        metric: Metric,
        training_rows: Sequence[Array | AllBut],
        settings: Hyperparameters,
        units: Array | None = None,
        fitted: Sequence[Fitted] | None = None,
        source: RowSource | None = None,
        keys: Array | None = None,
    ) -> "Problem":
        """The problem of a table.

        Parameters
        ----------
        encoded : Encoded
            n rows.
        y : (n,) or (n, k) array
            The target as it came.
        w : (n,) array
            Positive weights.
        target : Target
        metric : Metric
        training_rows : sequence of arrays
        settings : Hyperparameters
            Of which the label smoothing decides here.
        units : (n,) array of int, optional
        fitted : sequence of Fitted, optional
            What was fitted on other rows and is used for each set of training rows.
        source : RowSource, optional
        keys : (n,) array of int, optional
            Rows of one number see the same statistics of categories; by default rows of one unit, or that are alike.
        """
        known = {View.of(i, settings): own for i, own in enumerate(fitted or ())}
        numbers, origin, unit = _in_single(encoded.numbers)
        rows = _rows(numbers, encoded, y, w, target)
        truth, smoothing = _truth(target, y), settings.label_smoothing
        if keys is None and told_by_statistics(encoded.groups, encoded.crosses):
            keys = twins(encoded, truth) if units is None else units
        facts = (target, metric, truth, tuple(training_rows), smoothing, units, source, keys)
        return cls(rows, origin, unit, encoded.groups, encoded.derived, *facts, encoded.cycles, encoded.crosses, known)

    @property
    def w(self) -> Array:
        """Weight of each row, (n,)."""
        return self.rows.w

    def inputs(self, settings: Hyperparameters) -> Inputs:
        """What the table tells a network with these settings of a row."""
        numbers = len(self.origin) - self.derived
        return inputs_of(self.groups, self.crosses, self.target, numbers, settings, self.derived)

    def on(self, training_rows: Sequence[Array | AllBut]) -> "Problem":
        """The same for other sets of training rows."""
        return replace(self, training_rows=tuple(training_rows), _known={})

    def crossed(self, encoded: Encoded) -> "Problem":
        """The same where statistics tell of crosses, too; `encoded` has the rows with these."""
        keys, units = self.keys, self.units
        if keys is None:
            keys = twins(encoded, self.y) if units is None else units
        rows = self.rows._replace(codes=np.ascontiguousarray(encoded.told))
        return replace(self, rows=rows, crosses=encoded.crosses, keys=keys, _known={})

    def fitted(self, view: View) -> Fitted:
        """What a view has fitted on its training rows."""
        if view not in self._known or self._known[view].incomplete:  # two threads may compute the same twice
            rows = self.training_rows[view.rows]
            asked = rows[:: -(-len(rows) // MOST_FITTED)]
            own = Statistics.fit(self.rows.numbers, asked, self.w[asked], view.scaling, self.derived)
            if view.scaling != "none":
                own = replace(own, center=self.unit * own.center + self.origin, scale=self.unit * own.scale)
            own = replace(own, fill=self.unit * own.fill + self.origin)
            # nothing of classes is fitted
            some = rows if self.target.task == "regression" else asked[:0]
            target = self.target.fit(taken(self.rows.Y, some), taken(self.w, some), view.clips)
            own = self._without_idle_cycles(own, asked, target)
            if view.statistics:
                own = replace(own, categories=self._categories(view, target))
            self._known[view] = Fitted(own, target).completing(self._known.get(view))
        return self._known[view]

    def _without_idle_cycles(self, own: Statistics, rows: Array, target: TargetStatistics) -> Statistics:
        """The same where cycles of dates that do not tell of the target in some rows become zeros."""
        if not self.cycles:
            return own
        scale, w = own.scale.copy(), self.w[rows]
        outcomes = self.target.outcomes(self.rows.Y[rows], w, target)
        with one_blas_thread():
            for begin, end in self.cycles:
                if not tells(self.rows.numbers[rows, begin:end].astype(np.float64), outcomes.values / outcomes.unit, w):
                    scale[begin:end] = np.inf
        return replace(own, scale=scale)

    def _categories(self, view: View, target: TargetStatistics) -> list[CategoryStatistics]:
        """What a view's training rows say of categories."""
        told = told_by_statistics(self.groups, self.crosses if view.crosses else ())
        if not told:
            return []
        rows = np.asarray(self.training_rows[view.rows])
        outcomes, parts = self.target.outcomes(self.rows.Y[rows], self.w[rows], target), self.parts_of(view)[rows]
        return [
            CategoryStatistics.fit(group, self.rows.codes[rows, group.source], parts, outcomes, self.w[rows])
            for group in told
        ]

    def parts_of(self, view: View) -> Array:
        """Which statistics a view's networks see of each row, (n,): those without its part, or of all training rows."""
        parts, rows = np.full(len(self.w), PARTS, np.uint8), np.asarray(self.training_rows[view.rows])
        keys = np.arange(len(self.w)) if self.keys is None else self.keys
        parts[rows] = parts_of(keys[rows], view.rows)
        return parts

    def know(self, view: View, fitted: Fitted) -> None:
        """Take what was found out otherwise for what a view has fitted."""
        self._known[view] = fitted

    def examples(self, fold: View) -> Table:
        """All rows as the networks of a view see them."""
        lens = self.lens(fold)
        return Table(self.rows, lens, *([self.parts_of(fold)] if lens.statistics else []))

    def lens(self, fold: View) -> Lens:
        """How the networks of a view see rows."""
        own, target = self.fitted(fold)
        learned = self.target.smoothed(target, self.label_smoothing)
        return Lens(
            (own.fill - self.origin) / self.unit,
            (own.center - self.origin) / self.unit,
            own.scale / self.unit,
            *own.bends,
            [_told(group, fold.coded_above) for group in self.groups],
            learned.center,
            learned.scale,
            self.target.one_hot,
            [(one.source, np.concatenate([one.others, one.values[None]])) for one in own.categories],
        )

    def inputs_of(self, view: View, rows: Array) -> Array:
        """The inputs of a network of a view for some rows, (m, n[0]), all computed at once."""
        codes = self.rows.codes[rows, : self.rows.codes.shape[1] - len(self.crosses)]
        numbers = self.unit * self.rows.numbers[rows] + self.origin
        own = Encoded(numbers, codes, self.groups, self.derived, self.cycles, self.crosses)
        return self.fitted(view).statistics.apply(own, view.coded_above)

    def learned(self, view: View, rows: Array) -> Array:
        """What a network of a view learns of some rows, (m, n[L])."""
        return self.target.learned(
            self.rows.Y[rows], self.target.smoothed(self.fitted(view).target, self.label_smoothing)
        )

    def predictions(self, view: View, scores: Array) -> Array:
        """Probabilities or numbers from outputs Z[L], (m, n[L])."""
        return self.target.predictions(scores, self.fitted(view).target)

    def score(self, view: View, rows: Array, scores: Array) -> float:
        """Score of the outputs Z[L], (m, n[L]), of a network on `rows`, (m,); greater is better."""
        return self.metric.score(self.y[rows], self.predictions(view, scores), self.w[rows])

    def constant(self, train_rows: Array | AllBut, m: int) -> Array:
        """What a model without inputs says of m rows, (m, k): class shares, or the mean, of its training rows."""
        rows = np.asarray(train_rows)
        return np.tile(self.target.constant(self.y[rows], self.w[rows]), (m, 1))

    def check_scored(self, folds: Sequence[Array]) -> None:
        """Let the metric judge a constant prediction on every fold, so that one that cannot is found out at once.

        Raises
        ------
        ParameterError
            The score is not defined on a fold, or the scorer fails there.
        """
        for i, rows in enumerate(folds):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                constant = self.constant(self.training_rows[i], len(rows))
                _, reason = self.metric.attempt(self.y[rows], constant, self.w[rows])
            if reason:
                raise ParameterError(
                    f"The score {self.metric.label} is not defined on fold {i + 1}, {len(rows)} rows ({reason}). Use "
                    "fewer folds, or another score."
                )

    def digest(self, sets: int) -> str:
        """A fingerprint of rows, target, weights and the first `sets` of training rows, of which the others follow."""
        return _digest(*self.rows, self.origin, self.unit, *map(np.asarray, self.training_rows[:sets]))

    def fetch(self) -> None:
        """Read the rows, where they did not travel with the problem; a process reads them once.

        Raises
        ------
        DataError
            The files are not there, or not those that the problem was made of.
        """
        global _read
        if "rows" in vars(self):
            return
        assert self.source is not None
        wanted = vars(self).pop("_digest")
        with _reading:
            if _read is None or _read.digest != wanted:
                _read = None  # what another problem needed goes first
                encoded, y, w = self.source.read()
                numbers = np.empty(encoded.numbers.shape, np.float32)
                in_single(encoded.numbers, self.origin, self.unit, numbers)
                rows = _rows(numbers, encoded, y, w, self.target)
                if _digest(*rows) != wanted:
                    raise DataError(
                        f"{self.source} does not have the rows here that it had where the search began; let the files "
                        "be the same for all workers."
                    )
                _read = _Rows(wanted, rows, _truth(self.target, y))
            self.rows, self.y = _read.rows, _read.y

    def __getstate__(self) -> dict[str, Any]:
        # what can be fitted again does not travel
        state = {**vars(self), "_known": {}}
        if self.source is not None and "rows" in state:
            state["_digest"] = _digest(*state.pop("rows"))
            # what only those who compare need: the truth is read again, too
            del state["y"]
            state["units"] = None
        return state

    def __sizeof__(self) -> int:
        # what is as large as this is sent to a worker once, by backends that ask
        travels = () if self.source is not None else self.rows
        return sum(array.nbytes for array in (*travels, *self.training_rows))


# What this process has read of the files of a problem, and who reads.
_read: _Rows | None = None
_reading = threading.Lock()


def _rows(numbers: NDArray[np.float32], encoded: Encoded, y: Array, w: Array, target: Target) -> Rows:
    codes, Y = np.ascontiguousarray(encoded.told), np.ascontiguousarray(target.encode(y))
    return Rows(numbers, codes, Y, np.ascontiguousarray(w, np.float64))


def _truth(target: Target, y: Array) -> Array:
    """The truth as `Metric.score` takes it; places of classes in half the room."""
    truth = target.truth(y)
    return truth.astype(np.int32) if truth.dtype.kind == "i" else truth


def _digest(*arrays: Array) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


def _told(group: Group, coded_above: float) -> tuple[int, int, int, int]:
    """How the inputs tell of a group; see `Lens`."""
    kind = 0 if not group.codes else 2 if group.width > coded_above else 1
    return kind, group.source, group.width, group.rare


def _in_single(numbers: NDArray[np.floating]) -> tuple[NDArray[np.float32], Array, Array]:
    """Numbers (n, p) in float32, no new array if they are that, and from where and in what they are counted."""
    if numbers.dtype == np.float32 or not numbers.shape[1]:
        return np.ascontiguousarray(numbers, np.float32), np.zeros(numbers.shape[1]), np.ones(numbers.shape[1])
    asked = numbers[:: -(-len(numbers) // ROWS_ASKED)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column may be missing in all rows asked
        low, middle, high = np.nanquantile(asked, (0.25, 0.5, 0.75), axis=0)
        origin = np.where(np.abs(middle) > FAR * (high - low), middle, 0.0)
    found = np.empty(numbers.shape, np.float32)
    # what float32 does not hold is counted in a power of two
    largest = np.array([np.nanmax(np.abs(column), initial=0.0) for column in numbers.T])
    unit = np.where(largest > LARGE, 2.0 ** np.floor(np.log2(np.maximum(largest, 1.0))), 1.0)
    origin[unit > 1.0] = 0.0
    in_single(numbers, origin, unit, found)
    return found, origin, unit


def in_single(numbers: NDArray[np.floating], origin: Array, unit: Array, found: NDArray[np.float32]) -> None:
    """Write numbers (n, p), counted from `origin` in `unit`, both (p,), into an array of that shape in float32."""
    largest = np.finfo(np.float32).max
    for j in range(numbers.shape[1]):
        found[:, j] = np.clip((numbers[:, j] - origin[j]) / unit[j], -largest, largest)

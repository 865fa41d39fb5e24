"""Which columns are also read value by value, asked of small networks and of what they miss.

A network learns from rows of one day what the days around it are like, and of one month those around it; what holds on
the 12th of May alone it would have to learn by heart. So crosses are looked for (`leadline.tables.crosses`) with whose
cells the target goes: pairs of columns, beyond what each of the two says by itself, and numbers, beyond what the values
around a value say; days of the calendar are always looked at. Where there are some, small networks are trained, and the
errors on rows that they leave out are looked through for the same. What is left is tried: networks that are told
statistics of the target in these cells must err less than those that are not, on the rows that both leave out.
"""

import dataclasses
from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.estimators.given import Given
from leadline.estimators.left_out import errs_less, left_out_of, watched
from leadline.estimators.networks import holding_out_seed, train_networks
from leadline.search import LeftOut, Metric, Problem, View, hold_out
from leadline.tables import CALENDAR, MOST_CELLS, PARTS, Axis, Cross, Labels, Numbers, Target, parts_of
from leadline.training import Hyperparameters, Task

__all__ = ["crosses_read"]

Array = NDArray[Any]

# The networks that are asked, of so many units in each hidden layer and so many epochs, and how many rows they learn
# from at most: enough to tell what a network learns by itself.
NETWORKS, SIZES, EPOCHS, MOST_ROWS = 4, (64, 64), 24, 10_000
# They leave out a fold each, where there are rows enough for one network to leave out this share.
SHARE = 0.1
# Names their streams.
_CROSSES = 4
# Numbers of more values are not paired, and those of fewer or more not read by themselves.
FEW_VALUES, ALONE = 64, (10, 400)
# A table of more columns that could be read value by value has no crosses.
MOST_AXES = 100
# A cross has at least so many rows for each of the cells that rows are in, and a calendar so many days for each of its
# own: what the 25th of December is like one year does not tell.
PER_CELL = 2
# A cross is looked at where the target varies between its cells by so many standard errors more than by chance, and the
# cells of other rows tell of a row's own by so many. It is tried where the errors of networks do so by fewer, since the
# trial decides. What a number says by itself networks may learn, so that it must tell more, both times.
AT_FIRST, OF_ERRORS, TELLS_ALONE = (3.5, 1.64), (2.0, 1.0), 6.0
# So many are tried at most, those that tell most, and none that tells less than this share of what the best one does.
MOST_CROSSES, SHARE_OF_BEST = 8, 0.5
# Networks that read crosses are to err less by a one-sided test at this level, about one standard error: a cross too
# many costs little.
LEVEL = 0.16
# Times that what two columns say by themselves is taken from the target, one after the other; and how many values on
# either side are around a value.
SWEEPS, AROUND = 5, 4


def crosses_read(given: Given, settings: Hyperparameters, seed: int, groups: Array | None = None) -> tuple[Cross, ...]:
    """The columns that networks should also read value by value.

    Parameters
    ----------
    given : Given
    settings : Hyperparameters
        Of the networks that will be trained.
    seed : int
    groups : (n,) array, optional
        Rows of one group are left out together.
    """
    if not settings.target_statistics or settings.additive:
        return ()
    some = np.arange(0, len(given.y), -(-len(given.y) // MOST_ROWS))
    given, groups = given.some(some), None if groups is None else groups[some]
    metric, rows = Metric(None, given.target), np.arange(len(some))
    splits = hold_out(given.y, rows, given.target, NETWORKS, SHARE, holding_out_seed(seed), groups)
    axes = _axes(given, settings)
    if not 0 < len(axes) <= MOST_AXES or not len(splits[0][1]):
        return ()
    fewest = min(len(train_rows) for train_rows, _ in splits)
    own = settings.for_table(fewest, len(given.layout.number_columns), given.target.task != "regression")
    own = dataclasses.replace(own, hidden_layer_sizes=SIZES, solver="adam", max_iter=min(EPOCHS, own.max_iter))
    training_rows = [train_rows for train_rows, _ in splits]
    units = None if groups is None else np.unique(groups, return_inverse=True)[1]
    problem = Problem.build(given.encoded, given.y, given.w, given.target, metric, training_rows, own, units)
    constant = _errors(given.target, problem.y, problem.constant(rows, len(rows)))
    if not constant[0].shape[1]:
        return ()
    found = [one for one in _cells(given, axes) if one.calendar or _tells(one, *_beyond(one, *constant), AT_FIRST)]
    if not found:
        return ()
    tasks = [
        Task(own, (seed, _CROSSES, i), View.of(i, own), train_rows, (watched(stop_rows, rows[:0]),))
        for i, (train_rows, stop_rows) in enumerate(splits)
    ]
    before = _left_out(problem, tasks)
    if before is None:
        return ()
    errors = _errors(given.target, before.y, before.predictions)
    told = sorted(((_tells(one, *errors, OF_ERRORS), one.cross) for one in found), key=lambda own: -own[0])
    crosses = tuple(cross for tells, cross in told[:MOST_CROSSES] if tells > SHARE_OF_BEST * told[0][0])
    if not crosses:
        return ()
    after = _left_out(problem.crossed(given.reading(crosses).encoded), tasks)
    return crosses if after is not None and errs_less(given.target, after, before, seed, LEVEL) else ()


def _left_out(problem: Problem, tasks: list[Task]) -> LeftOut | None:
    """What networks say of the rows that they leave out; None if the training of one fails."""
    networks = train_networks(problem, tasks)
    return None if any(own.state == "diverged" for own in networks) else left_out_of(problem, tasks, networks)


def _axes(given: Given, settings: Hyperparameters) -> list[Axis]:
    """The columns that may be read value by value: of several categories, or of numbers that are not too many."""
    layout = given.layout
    found = [layout.axis(column.name) for column in layout.category_columns]
    constraints = settings.monotonic_cst or (0,) * len(layout.number_columns)
    for column, own, constraint in zip(layout.number_columns, given.encoded.numbers.T, constraints, strict=False):
        with np.errstate(over="ignore"):
            values = np.unique(own.astype(np.float32))
        values = values[np.isfinite(values)]
        if column.date and not constraint:
            found += [layout.axis(column.name, calendar=calendar) for calendar in CALENDAR]
        elif not (column.date or constraint) and len(values) <= max(FEW_VALUES, *ALONE):
            found.append(layout.axis(column.name, tuple(values.astype(float).tolist())))
    return [axis for axis in found if axis.calendar or axis.n_codes + len(axis.values) > 1]


class _Cells(NamedTuple):
    """A cross, and of each row its places on the axes and its cell, (n,), which are numbered as far as rows have them.

    `parts` divides the rows.
    """

    cross: Cross
    places: list[Array]
    cells: Array
    n_cells: int
    parts: Array

    @property
    def calendar(self) -> bool:
        """Whether it tells days of a calendar apart."""
        return bool(self.cross.axes[0].calendar)

    @property
    def number(self) -> bool:
        """Whether it is a number by itself."""
        return bool(len(self.places) == 1 and not self.calendar)


def _cells(given: Given, axes: Sequence[Axis]) -> list[_Cells]:
    """The crosses whose cells the rows support."""
    n, found = len(given.y), []
    parts = parts_of(np.arange(n), 0).astype(np.int64)
    of_rows = {axis: axis.places(given.encoded.numbers, given.encoded.codes) for axis in axes}
    alone = [(axis,) for axis in axes if axis.calendar or ALONE[0] <= len(axis.values) <= ALONE[1]]
    pairs = combinations([axis for axis in axes if not axis.calendar and len(axis.values) <= FEW_VALUES], 2)
    for cross in map(Cross, (*alone, *pairs)):
        if cross.n_cells <= MOST_CELLS:
            places = [of_rows[axis] for axis in cross.axes]
            there, cells = np.unique(cross.cells_of(places) // cross.kinds, return_inverse=True)
            dates = given.encoded.numbers[:, cross.axes[0].source] if cross.axes[0].calendar else None
            if PER_CELL * len(there) <= (n if dates is None else len(np.unique(np.floor(dates)))):
                found.append(_Cells(cross, places, cells, len(there), parts))
    return found


def _errors(target: Target, truth: Array, told: Array) -> tuple[Array, Array]:
    """How far the truth is from what was predicted, (n, k), and its variance if all is known; none of quantiles."""
    if isinstance(target, Numbers):
        errors = np.reshape(truth, (len(told), -1))
        errors = errors - told if errors.shape == told.shape else errors[:, :0]
        errors = errors / np.maximum(errors.std(axis=0), np.finfo(float).tiny)
        return errors - errors.mean(axis=0), np.ones_like(errors)
    if not isinstance(target, Labels):
        truth = np.arange(told.shape[1]) == np.reshape(truth, (-1, 1))
        # of two classes one says all
        truth, told = (own[:, 1:] if told.shape[1] == 2 else own for own in (truth, told))
    return truth - told, told * (1 - told)


def _beyond(cross: _Cells, errors: Array, variances: Array) -> tuple[Array, Array]:
    """Errors without what each of two columns says by itself, or the values around a value; and their variance then."""
    found = errors - errors.mean(axis=0)
    if len(cross.places) == 1:
        around = _around(_sums(cross.cells, found, cross.n_cells))
        rows = _around(np.bincount(cross.cells, minlength=cross.n_cells)[:, None].astype(float))
        found -= (around / np.maximum(rows, 1.0))[cross.cells]
    else:
        every = [np.maximum(np.bincount(places), 1)[:, None] for places in cross.places]
        for _ in range(SWEEPS):
            for places, rows in zip(cross.places, every, strict=True):
                found -= (_sums(places, found, len(rows)) / rows)[places]
    return found, np.broadcast_to(np.square(found).mean(axis=0), found.shape)


def _around(sums: Array) -> Array:
    """Sums over the cells around each one, without its own, (k, …)."""
    padded = np.pad(np.cumsum(sums, axis=0), ((AROUND + 1, AROUND), (0, 0)), mode="edge")
    padded[: AROUND + 1] = 0.0
    return np.asarray(padded[2 * AROUND + 1 :] - padded[: -2 * AROUND - 1] - sums)


def _tells(cross: _Cells, errors: Array, variances: Array, least: tuple[float, float]) -> float:
    """How surely the cells of a cross tell of errors, in standard errors; 0 where that is less than asked for.

    Errors must vary between cells, by the score test of a variance between them (Lin 1997). And what the cells of other
    parts say of a row's own must gain something: its effect on the scale of scores is shrunk as by
    `leadline.tables.category_statistics`.
    """
    k = cross.n_cells
    every, known = (_sums(cross.cells, values, k) for values in (errors, variances))
    above = np.sum(every**2 - known, axis=0)
    fourth = _sums(cross.cells, np.square(np.square(errors)) - 3 * np.square(variances), k)
    noise = np.sqrt(np.sum(2 * known**2 + np.maximum(fourth, 0.0), axis=0))
    if not (above >= least[0] * noise).any():
        return 0.0
    at, gains = cross.parts * k + cross.cells, np.zeros(len(errors))
    for j in np.flatnonzero(above > 0):
        own, own_known = (_sums(at, values[:, [j]], PARTS * k).reshape(PARTS, k) for values in (errors, variances))
        added = float(known[:, j] @ known[:, j]) / above[j]
        effect = ((every[:, j] - own) / (known[:, j] - own_known + added))[cross.parts, cross.cells]
        gains += errors[:, j] * effect - variances[:, j] * effect**2 / 2
    spread = float(gains.std())
    tells = float(gains.mean()) / spread * len(gains) ** 0.5 if spread > 0 else 0.0
    return tells if tells >= (TELLS_ALONE if cross.number else least[1]) else 0.0


def _sums(at: Array, values: Array, size: int) -> Array:
    """Sums of values (n, k) by place, (size, k)."""
    return np.stack([np.bincount(at, own, minlength=size) for own in values.T], axis=1)

"""What a depth search solves: which rows are searched, how they are divided, what is judged and what delivered."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError
from leadline.estimators.deep import DeepClassifier, DeepRegressor
from leadline.estimators.delivery import Delivery
from leadline.estimators.given import Given, as_dataset, read_input
from leadline.estimators.many_rows import MAX_ROWS, draw_rows
from leadline.estimators.streaming import Streaming
from leadline.search import Design, Metric, Problem, make_folds, most_repeats, twins, usual_folds
from leadline.search.design import COLOURS
from leadline.tables import is_dataset
from leadline.training import Hyperparameters
from leadline.training.hyperparameters import ENOUGH_ROWS

__all__ = ["Division", "Posed", "Read", "pose", "read_asked"]

Array = NDArray[Any]


class Read(NamedTuple):
    """What the caller gave: n rows that may be searched, and all of them.

    `groups` are of the caller's rows, those of zero weight among them; `stream` is where the rows are if not in memory.
    """

    given: Given
    groups: Array | None
    stream: Streaming | None
    n_all: int


class Posed(NamedTuple):
    """What a search solves: the settings, the problem, and how networks are judged and delivered; and what to say.

    `delivered_rows` is how many a network of the answer learns from, about.
    """

    base: Hyperparameters
    problem: Problem
    design: Design
    delivery: Delivery
    delivered_rows: int
    notices: list[str]


class Division(NamedTuple):
    """What the parameters of a search say of the division of its rows into those searched, and of these into folds."""

    cv: Any
    repeats: int | str
    candidates: int
    max_rows: int | str | None
    time_limit: float | None

    @property
    def draws_folds(self) -> bool:
        """Whether the folds are drawn here, not by a splitter of the caller's."""
        return self.cv is None or isinstance(self.cv, int | np.integer)

    def is_measured(self, most: int | None) -> bool:
        """Whether so many rows are what a time limit allows."""
        return isinstance(self.max_rows, str) and self.time_limit is not None and most != MAX_ROWS

    def n_repeats(self, n: int) -> int:
        """How many divisions of the rows to draw, of which a time limit may use fewer."""
        if not self.draws_folds:
            if self.repeats not in ("auto", 1):
                raise ParameterError(
                    "DepthSearchCV.repeats must be 1 or 'auto' where cv is a division of its own; got "
                    f"{self.repeats!r}. Give a splitter that repeats, such as RepeatedKFold."
                )
            return 1
        if not isinstance(self.repeats, str):
            return self.repeats
        turns = -(-self.candidates // COLOURS)
        return turns if self.time_limit is None else max(turns, most_repeats(n))


def read_asked(
    estimator: DeepClassifier | DeepRegressor, X: Any, y: Any, sample_weight: Any, groups: Any, seed: int
) -> Read:
    """Check what the caller gave; of a dataset on disk a sample is read."""
    kind = (estimator._task, estimator._own_loss())
    own_groups = None if groups is None else np.asarray(groups)
    if not is_dataset(X):
        known = {
            "class_weight": estimator._class_weight(),
            "columns": estimator.columns,
            "monotonic_cst": estimator.monotonic_cst,
        }
        given = read_input(X, y, sample_weight, *kind, **known)
        return Read(given, own_groups, None, len(given.y))
    if groups is not None or estimator._class_weight() is not None:
        what = "groups" if groups is not None else "class_weight"
        raise ParameterError(f"DepthSearchCV: {what} cannot be used where X is a dataset on disk.")
    stream = Streaming(as_dataset(X), y, sample_weight, *kind, seed, estimator.columns, estimator.monotonic_cst)
    sample = stream.survey.sample
    everything = sample[stream.inputs], sample[stream.target.name], stream.w
    given = read_input(*everything, *kind, layout=stream.survey.layout, target=stream.target)
    return Read(given, own_groups, stream, stream.dataset.n_rows)


def pose(
    estimator: DeepClassifier | DeepRegressor,
    division: Division,
    scoring: Any,
    read: Read,
    base: Hyperparameters,
    seed: int,
    most: int | None,
) -> Posed:
    """What a search with this seed on so many rows solves."""
    given = asked = read.given
    groups, stream, n_all = read.groups, read.stream, read.n_all
    all_groups = own = None if groups is None else groups[given.kept]
    searched = draw_rows(given, own, seed, most)
    if searched is not None:
        given = given.some(searched)
        groups = own = None if all_groups is None else all_groups[searched]
    alike = twins(given.encoded, given.target.truth(given.y)) if division.draws_folds else None
    n_networks = estimator._networks_of(n_all)
    cv = usual_folds(n_networks, given.y, given.target, own) if division.cv is None else division.cv
    repeats = division.n_repeats(len(given.y))
    splits, notices = make_folds(given.all_y, given.kept, given.target, groups, cv, seed, repeats, alike)
    if len(given.y) < n_all:
        allowed = ", as many as the time limit allows" if division.is_measured(most) else ""
        on = f"{len(given.y):,} of {n_all:,} rows{allowed}"
        notices = [f"depth is searched on {on}; the answer is trained on all of them", *notices]
    if len(splits) < 2:
        raise ParameterError(f"DepthSearchCV.cv must give at least two folds to compare depths on; got {len(splits)}.")
    fraction, stopped = estimator.validation_fraction, estimator.early_stopping
    made = (n_networks, fraction, stopped)
    design = Design(given.y, splits, repeats, given.target, *made, seed, own, alike)
    first = [design.training_rows[network.rows] for network in design.stopped if network.repeat == 0]
    # what is left to the number of rows is as for the model that is delivered, but for the epochs, and for what only
    # suits more rows than a network learns from here
    left, fewest = base, min(map(len, first))
    table = (len(given.layout.number_columns), given.target.task != "regression")
    delivered = max(fewest, round(n_all * fewest / len(given.y)))
    planned = replace(left.for_table(delivered, *table), max_iter=left.max_iter)
    base = replace(left.for_table(max(fewest, min(delivered, ENOUGH_ROWS)), *table), max_iter=left.epochs(fewest))
    metric, units = Metric(scoring, given.target), alike
    if own is not None:
        units = np.unique(own, return_inverse=True)[1]
    source = None
    if stream is not None:
        source = stream.source(asked.kept if searched is None else asked.kept[searched])
    rows = (given.encoded, given.y, given.w, given.target, metric, design.training_rows)
    problem = Problem.build(*rows, base, units, source=source)
    whole = problem
    if given is not asked:
        keys = None if all_groups is None else np.unique(all_groups, return_inverse=True)[1]
        whole = Problem.build(asked.encoded, asked.y, asked.w, asked.target, metric, [], base, keys=keys)
    delivery = Delivery(asked, whole, planned, stream, seed, *made, all_groups, design.ordered)
    return Posed(base, problem, design, delivery, delivered, notices)

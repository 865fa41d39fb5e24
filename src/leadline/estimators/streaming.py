"""Networks from a dataset on disk: the same training as of a table in memory, on rows that come part by part.

Every network leaves out the rows whose numbers, hashed, say so; a sample of the rows stays in memory, of which those
that it leaves out choose its epoch and the others give its medians, quantiles and bins. The bits of a network depend on
the files, their order and their row groups, and on how many rows a part has, which the memory allowed decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from numpy.typing import NDArray

from leadline.errors import DataError, ParameterError
from leadline.estimators.callbacks import EpochTeller
from leadline.estimators.model import Model
from leadline.estimators.networks import SINGLE_FIT, holding_out_seed, members_of
from leadline.network import Loss
from leadline.search import Fitted, Metric, Problem, View, in_single
from leadline.tables import Dataset, Layout, Part, Survey, Target, hashed
from leadline.training import Holdout, Hyperparameters, Lens, Rows, Stop, Table, Task, Trained, plan_for, train

__all__ = ["Streamed", "fit_dataset"]

Array = NDArray[Any]


class Streamed(NamedTuple):
    """What came of it: the model, how its networks were trained, and the sample, inputs only."""

    model: Model
    networks: list[Trained]
    sample: pd.DataFrame


@dataclass(frozen=True)
class _Division:
    """Which rows each network leaves out: those of one of `folds` parts of all rows, for network i of part i."""

    folds: int
    seed: int
    held_out: bool

    def fold(self, rows: Array) -> NDArray[np.uint64]:
        """The part of each row, by its number."""
        return hashed(rows, self.seed) % np.uint64(self.folds)

    def learned(self, rows: Array, network: int) -> NDArray[np.bool_]:
        """Whether a network learns from each row."""
        return np.asarray(self.fold(rows) != network) if self.held_out else np.ones(len(rows), bool)

    @property
    def share(self) -> float:
        """The share of the rows that a network learns from."""
        return 1.0 - self.held_out / self.folds


class _Part:
    """Some rows of a dataset, as they were read."""

    def __init__(self, stream: "_Stream", numbers: Array, rows: Rows) -> None:
        self.stream, self.numbers, self.rows = stream, numbers, rows

    def examples(self, fold: View) -> tuple[Table, Array]:
        """The rows as a network sees them, and which it learns from."""
        learned = self.stream.division.learned(self.numbers, fold.rows) & (self.rows.w > 0)
        return Table(self.rows, self.stream.lens(fold)), np.flatnonzero(learned)


@dataclass
class _Stream:
    """The rows of a dataset as networks learn them; `problem` has the sample."""

    dataset: Dataset
    problem: Problem
    layout: Layout
    target: Target
    weight: str | None
    division: _Division
    seed: int

    def examples(self, fold: View) -> Table:
        """The sample as a network sees it."""
        return self.problem.examples(fold)

    def lens(self, fold: View) -> Lens:
        """How a network sees rows."""
        return self.problem.examples(fold).lens

    def learned(self, fold: View) -> tuple[float, float]:
        """Rows that a network learns from in an epoch, about, and what they weigh."""
        rows = self.dataset.n_rows * self.division.share
        return rows, rows * float(self.problem.w.mean())

    def parts(self, epoch: int) -> Iterator[_Part]:
        """The rows of an epoch, part by part."""
        columns = [column.name for column in self.layout.columns]
        wanted = list(dict.fromkeys([*columns, self.target.name, *([self.weight] if self.weight else [])]))
        at_once = self.dataset.rows_at_once(len(wanted))
        yield from self.dataset.parts(wanted, at_once, [self.seed, epoch], self._take)

    def _take(self, parts: list[Part]) -> _Part:
        n, own = sum(len(part.rows) for part in parts), self.problem.rows
        numbers = np.empty((n, own.numbers.shape[1]), np.float32)
        codes = np.empty((n, own.codes.shape[1]), np.int32)
        Y, w, places = np.empty((n, own.Y.shape[1])), np.ones(n), np.empty(n, np.int64)
        start = 0
        while parts:
            rows, frame = parts.pop(0)
            here = slice(start, start + len(rows))
            encoded = self.layout.encode(frame)
            in_single(encoded.numbers, self.problem.origin, numbers[here])
            codes[here], places[here] = encoded.codes, rows
            Y[here] = self.target.encode(frame[self.target.name].to_numpy())
            if self.weight:
                w[here] = _weights(frame[self.weight], self.weight)
            start = here.stop
        return _Part(self, places, Rows(numbers, codes, Y, w))


def _weights(column: pd.Series, name: str) -> Array:
    try:
        w = column.to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(f"The weight column {name!r} must hold numbers.") from error
    if not (np.isfinite(w) & (w >= 0)).all():
        raise DataError(f"The weight column {name!r} must be finite and not negative in every row.")
    return np.asarray(w)


def fit_dataset(
    dataset: Dataset,
    target_column: Any,
    weight: Any,
    task: str,
    loss: str | Loss | None,
    settings: Hyperparameters,
    n_networks: Any,
    fraction: float | None,
    seed: int,
    survey: Survey | None = None,
    teller: EpochTeller | None = None,
) -> Streamed:
    """Train networks on all rows of a dataset.

    Parameters
    ----------
    dataset : Dataset
    target_column : str
        The column that is predicted.
    weight : str, optional
        A column of weights.
    task : {"classification", "regression"}
    loss : str or Loss, optional
    settings : Hyperparameters
    n_networks : callable
        How many networks to average, given the number of rows.
    fraction : float or None
        Share of the rows that a network leaves out where there is one network; None for none at all.
    seed : int
    survey : Survey, optional
        What a first pass has found already.
    teller : EpochTeller, optional

    Raises
    ------
    DataError
        The dataset cannot be used; the message says where and why.
    """
    for what, name in (("y", target_column), ("sample_weight", weight)):
        if not isinstance(name, str) and not (what == "sample_weight" and name is None):
            raise ParameterError(f"{what} must name a column where X is a dataset on disk; got {type(name).__name__}.")
    aside = [weight] if weight else []
    if survey is None:
        survey = dataset.survey(target_column, aside, seed)
    sample, layout = survey.sample, survey.layout
    known = np.array(survey.classes) if task == "classification" else np.array([survey.low, survey.high])
    target = Target.infer(known, task, target_column, loss)
    n = n_networks(dataset.n_rows)
    held_out = fraction is not None
    division = _Division(n if n > 1 else round(1 / (fraction or 1.0)), holding_out_seed(seed), held_out)
    w = np.ones(len(sample)) if weight is None else _weights(sample[weight], weight)
    folds = division.fold(survey.numbers)
    all_rows = np.flatnonzero(w > 0)
    learned = [all_rows[folds[all_rows] != i] if held_out else all_rows for i in range(n)]
    stopping = [all_rows[folds[all_rows] == i] if held_out else all_rows[:0] for i in range(n)]
    settings = settings.for_table(round(dataset.n_rows * division.share), len(layout.number_columns))
    problem = Problem.build(
        layout.encode(sample),
        sample[target_column].to_numpy(),
        w,
        target,
        Metric(None, target),
        learned,
        settings,
    )
    for i in range(n):
        view = View.of(i, settings)
        statistics, own = problem.fitted(view)
        if settings.clip_predictions and task == "regression":
            own = replace(own, low=np.full_like(own.low, survey.low), high=np.full_like(own.high, survey.high))
        problem.know(view, Fitted(statistics, own))
    stream = _Stream(dataset, problem, layout, target, weight, division, seed)
    plan = plan_for(settings, problem.inputs, target.n_scores, target.loss)
    tasks = [
        Task(settings, (seed, SINGLE_FIT, i), View.of(i, settings), learned[i], (Holdout(stopping[i]),))
        for i in range(n)
    ]
    networks = train(plan, tasks, stream, problem.score, Stop(), effective_n_jobs(-1), teller)
    if teller is not None:
        teller.ended()
    inputs = [name for name in dataset.columns if name != target_column and name not in aside]
    return Streamed(Model(layout, target, tuple(members_of(problem, tasks, networks))), networks, sample[inputs])

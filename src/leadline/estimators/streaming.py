"""Networks from a dataset on disk: the same training as of a table in memory, on rows that come part by part.

Every network leaves out the rows whose numbers, hashed, say so; a sample of the rows stays in memory, of which those
that it leaves out choose its epoch and the others give its medians, quantiles and bins. The bits of a network depend on
the files, their order and their row groups, and on how many rows a part has, which the memory allowed decides.
"""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from numpy.typing import NDArray

from leadline._version import __version__
from leadline.errors import DataError, ParameterError
from leadline.estimators.callbacks import EpochTeller
from leadline.estimators.left_out import left_out_of, spread_rows, watched
from leadline.estimators.model import Member
from leadline.estimators.monotonic import constrained_names
from leadline.estimators.networks import SINGLE_FIT, holding_out_seed, members_of
from leadline.network import Loss
from leadline.search import Fitted, LeftOut, Metric, Problem, View, device_of, in_single, plan_of
from leadline.storage import write_whole
from leadline.tables import PARTS, Dataset, Encoded, Layout, Part, Target, hashed, infer_target, parts_of
from leadline.training import Hyperparameters, Rows, Stop, Table, Task, Trained, one_blas_thread, train

__all__ = ["SampledRows", "Streaming"]

Array = NDArray[Any]

# Seconds of training that are lost at most, beside a part of the rows, where one that is killed goes on.
KEEP_EVERY = 60.0


class _File:
    """A keeper of trainings in a file, which is believed by the training of the same name only.

    Parameters
    ----------
    path : path
    name : str
        Says all that decides on the training.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name, self.last = path, name, time.monotonic()

    def due(self) -> bool:
        return time.monotonic() - self.last >= KEEP_EVERY

    def save(self, facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        content = io.BytesIO()
        told = json.dumps({"name": self.name, **facts}).encode()
        items: dict[str, Any] = {"facts": np.frombuffer(told, np.uint8), **arrays}
        np.savez(content, **items)
        write_whole(self.path, content.getvalue())
        self.last = time.monotonic()

    def load(self) -> tuple[dict[str, Any], dict[str, Array]] | None:
        try:
            with np.load(io.BytesIO(self.path.read_bytes()), allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            facts = json.loads(arrays.pop("facts").tobytes())
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            # what is not there, or damaged, begins anew
            return None
        return (facts, arrays) if facts["name"] == self.name else None


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
        division = self.stream.division
        learned = division.learned(self.numbers, fold.rows % division.folds) & (self.rows.w > 0)
        lens = self.stream.problem.lens(fold)
        # rows that are in the sample must not see what they say themselves
        parts = (
            [np.where(learned, parts_of(self.numbers, fold.rows), PARTS).astype(np.uint8)] if lens.statistics else []
        )
        return Table(self.rows, lens, *parts), np.flatnonzero(learned)


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

    def learned(self, fold: View) -> tuple[float, float]:
        """Rows that a network learns from in an epoch, about, and what they weigh."""
        rows = self.dataset.n_rows * self.division.share
        return rows, rows * float(self.problem.w.mean())

    @property
    def columns(self) -> list[str]:
        """The columns that are read."""
        columns = [column.name for column in self.layout.columns]
        return list(dict.fromkeys([*columns, self.target.name, *([self.weight] if self.weight else [])]))

    def parts(self, epoch: int) -> Iterator[_Part]:
        """The rows of an epoch, part by part."""
        at_once = self.dataset.rows_at_once(len(self.columns))
        yield from self.dataset.parts(self.columns, at_once, [self.seed, epoch], self._take)

    def name(self, tasks: Sequence[Task]) -> str:
        """A fingerprint of all that decides on the training of some networks."""
        rows = [(piece.first, piece.rows) for piece in self.dataset.pieces]
        at_once = self.dataset.rows_at_once(len(self.columns))
        networks = [(task.key, sorted(task.settings.to_record().items())) for task in tasks]
        sample = self.problem.digest(len(self.problem.training_rows))
        decides = (__version__, sample, rows, self.columns, at_once, self.seed, self.division, networks)
        return hashlib.sha256(repr(decides).encode()).hexdigest()[:32]

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
            in_single(encoded.numbers, self.problem.origin, self.problem.unit, numbers[here])
            codes[here], places[here] = encoded.told, rows
            Y[here] = self.target.encode(frame[self.target.name].to_numpy())
            if self.weight:
                w[here] = _weights(frame[self.weight], self.weight)
            start = here.stop
        return _Part(self, places, Rows(numbers, codes, Y, w))


@dataclass(frozen=True)
class SampledRows:
    """Rows of a dataset by their numbers, (m,): what travels to a worker, which reads the rows itself."""

    dataset: Dataset
    numbers: Array
    layout: Layout
    target: str
    weight: str | None

    def read(self) -> tuple[Encoded, Array, Array]:
        """The rows, the target, and the weights."""
        columns = [column.name for column in self.layout.columns]
        frame = self.dataset.take(self.numbers, [*columns, self.target, *([self.weight] if self.weight else [])])
        w = _weights(frame[self.weight], self.weight) if self.weight else np.ones(len(frame))
        return self.layout.encode(frame), frame[self.target].to_numpy(), w

    def __str__(self) -> str:
        return self.dataset.name


def _weights(column: pd.Series, name: str) -> Array:
    try:
        w = column.to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(f"The weight column {name!r} must hold numbers.") from error
    if not (np.isfinite(w) & (w >= 0)).all():
        raise DataError(f"The weight column {name!r} must be finite and not negative in every row.")
    return np.asarray(w)


class Streaming:
    """Training of networks on all rows of a dataset.

    Parameters
    ----------
    dataset : Dataset
    target_column : str
        The column that is predicted.
    weight : str, optional
        A column of weights.
    task : {"classification", "regression"}
    loss : str or Loss, optional
    seed : int
    columns : mapping, optional
        What is known of some columns; see `Layout.infer`.
    monotonic_cst : optional
        See `read_input`.

    Attributes
    ----------
    survey : Survey
    target : Target
    inputs : list of str
        The columns that may be inputs.
    w : (m,) array
        Weights of the sample's rows.
    n_left_out : int
        Rows without a target.

    Raises
    ------
    ParameterError, DataError
        The dataset cannot be used; the message says where and why.
    """

    def __init__(
        self,
        dataset: Dataset,
        target_column: Any,
        weight: Any,
        task: str,
        loss: str | Loss | None,
        seed: int,
        columns: Mapping[str, Any] | None = None,
        monotonic_cst: Any = None,
    ) -> None:
        for what, name in (("y", target_column), ("sample_weight", weight)):
            if not isinstance(name, str) and not (what == "sample_weight" and name is None):
                raise ParameterError(
                    f"{what} must name a column where X is a dataset on disk; got {type(name).__name__}."
                )
        self.dataset, self.weight, self.seed = dataset, weight, seed
        aside = [weight] if weight else []
        with one_blas_thread():
            survey = dataset.survey(target_column, aside, seed, columns)
        inputs = [name for name in dataset.columns if name != target_column and name not in aside]
        layout = survey.layout.without_cycles(constrained_names(monotonic_cst, inputs))
        self.inputs, self.survey = inputs, replace(survey, layout=layout)
        # rows without a target are left out
        self.n_left_out = dataset.n_rows - self.survey.n_rows
        if self.n_left_out:
            self.dataset = dataset.with_values_of(target_column, self.survey.n_rows)
        values = self.survey.classes if task == "classification" else [self.survey.low, self.survey.high]
        known = (columns or {}).get(target_column)
        self.target = infer_target(np.array(values), task, target_column, loss, known)
        sample = self.survey.sample
        self.w = np.ones(len(sample)) if weight is None else _weights(sample[weight], weight)

    def source(self, rows: Array) -> SampledRows:
        """Where some rows of the sample, by their places in it, are read again."""
        numbers = self.survey.numbers[rows]
        return SampledRows(self.dataset, numbers, self.survey.layout, self.target.name, self.weight)

    def train(
        self,
        settings: Sequence[Hyperparameters],
        n_networks: int,
        fraction: float | None,
        device: str,
        teller: EpochTeller | None = None,
        keep: Path | None = None,
    ) -> tuple[list[Member], list[Trained], LeftOut]:
        """Train a network for each of these settings; those that are alike read the rows together.

        The rows of the sample that networks leave out come with their predictions.

        Parameters
        ----------
        settings : sequence of Hyperparameters
            As the estimator has them, with what is left to the number of rows.
        n_networks : int
            In how many parts the rows are divided, of which each network leaves one out.
        fraction : float or None
            The share of a part if there is one network; None if no network leaves out any.
        device : str
            Where, as the caller of an estimator says it; "auto" decides by the rows of the dataset.
        teller : EpochTeller, optional
            Told of the first network's epochs.
        keep : path, optional
            A file that says how far the training is, so that one which is killed goes on to the same bits; it is
            removed at its end. Networks that are not alike have files of their own, whose names begin so.

        Raises
        ------
        DataError
            A training failed.
        """
        parts = n_networks if n_networks > 1 else round(1 / (fraction or 1.0))
        division = _Division(parts, holding_out_seed(self.seed), fraction is not None)
        rows, folds = np.flatnonzero(self.w > 0), division.fold(self.survey.numbers)
        left_out = [rows[folds[rows] == i % parts] if division.held_out else rows[:0] for i in range(len(settings))]
        learned = [np.setdiff1d(rows, own, assume_unique=True) for own in left_out]
        n = round(self.dataset.n_rows * division.share)
        table = (len(self.survey.layout.number_columns), self.target.task != "regression")
        known = [own.for_table(n, *table) for own in settings]
        problem = self._problem(learned, known)
        stream = _Stream(self.dataset, problem, self.survey.layout, self.target, self.weight, division, self.seed)
        others = spread_rows(rows)
        tasks = [
            Task(own, (self.seed, SINGLE_FIT, i), View.of(i, own), learned[i], (watched(left_out[i], others),))
            for i, own in enumerate(known)
        ]
        networks: dict[int, Trained] = {}
        keepers = []
        for number, alike in enumerate(dict.fromkeys(own.shared() for own in known)):
            places = [i for i, own in enumerate(known) if own.shared() == alike]
            plan = plan_of(problem, alike)
            own_tasks, told = [tasks[i] for i in places], teller if 0 in places else None
            keeper = None
            if keep is not None and not alike.solved:
                path = keep.with_name(f"{keep.name}-{number}") if number else keep
                keeper = _File(path, stream.name(own_tasks))
                keepers.append(keeper)
            where = device_of(device, problem, known[places[0]], n, len(known))
            own = (plan, own_tasks, stream, problem.score, Stop(), effective_n_jobs(-1), told, where, keeper)
            networks.update(zip(places, train(*own), strict=True))
        for keeper in keepers:
            keeper.path.unlink(missing_ok=True)
        if teller is not None:
            teller.ended()
        trained = [networks[i] for i in range(len(known))]
        return members_of(problem, tasks, trained), trained, left_out_of(problem, tasks, trained)

    def _problem(self, learned: Sequence[Array], settings: Sequence[Hyperparameters]) -> Problem:
        """The sample, and what each network has fitted on it."""
        sample, target = self.survey.sample, self.target
        problem = Problem.build(
            self.survey.layout.encode(sample),
            sample[target.name].to_numpy(),
            self.w,
            target,
            Metric(None, target),
            learned,
            settings[0],
            keys=self.survey.numbers,
        )
        for i, own in enumerate(settings):
            view = View.of(i, own)
            statistics, fitted = problem.fitted(view)
            if own.clip_predictions and target.task == "regression":
                ends = {"low": self.survey.low, "high": self.survey.high}
                fitted = replace(fitted, **{name: np.full_like(fitted.low, end) for name, end in ends.items()})
            problem.know(view, Fitted(statistics, fitted))
        return problem

"""Tasks: what one network is to be trained on and judged by, where it begins, and what comes out of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from leadline.training.blocks import Plan
from leadline.training.cpu import Processor
from leadline.training.hyperparameters import Hyperparameters
from leadline.training.population import INPUTS, ROWS_AT_ONCE, Blueprint, forward_pass
from leadline.training.rows import AllBut, Examples, Table

__all__ = [
    "Callback",
    "Epoch",
    "Holdout",
    "Judge",
    "Keeper",
    "Reading",
    "State",
    "Task",
    "Trained",
    "initial",
    "inputs_of",
]

Array = NDArray[Any]

Judge = Callable[[Any, Array, Array], float]
"""(fold, rows, scores Z[L] of those rows (m, n[L])) -> score of a network, greater is better."""

Callback = Callable[["Epoch"], object]
"""Told of an epoch; anything true that it gives back ends the training."""

# Rows that tell the quantiles of a column.
SAMPLE = 1 << 17


@dataclass(frozen=True)
class State:
    """The state at the end of a training, from which it can be continued to the same bits.

    Attributes
    ----------
    theta, m, v : (n_parameters,) arrays
        Parameters of the last epoch and the optimiser's moments.
    steps : int
        Steps taken.
    generator : mapping
        State of the network's random stream.
    losses, curve : tuple of float
        Of every epoch so far.
    best_theta : (n_parameters,) array
    best_epoch : int
        Counted from 1.
    """

    theta: Array
    m: Array
    v: Array
    steps: int
    generator: Mapping[str, Any]
    losses: tuple[float, ...]
    curve: tuple[float, ...]
    best_theta: Array
    best_epoch: int


class Keeper(Protocol):
    """Where a training on a `Stream` writes down how far it is, so that one that was killed goes on from there."""

    def due(self) -> bool:
        """Whether it is time to write again."""

    def save(self, facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Write what JSON can hold, and arrays."""

    def load(self) -> tuple[dict[str, Any], dict[str, Array]] | None:
        """What was written last of the same training, if anything was."""


class Epoch(NamedTuple):
    """The result of an epoch: its number from 1, the mean training loss, the validation score, and the parameters.

    `score` is None without validation rows; `theta`, (n_parameters,), is the training's own array: copy what you keep.
    """

    number: int
    loss: float
    score: float | None
    theta: Array


class Holdout(NamedTuple):
    """Rows (n,) that are scored after every epoch and choose one, and rows (r,) whose outputs there are wanted.

    Without the former the last epoch is the one.
    """

    rows: Array
    wanted: Array = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Task:
    """One network to train.

    Attributes
    ----------
    settings : Hyperparameters
    key : tuple of int
        Names its random stream.
    fold : int or other key
        Which examples of the data are its own.
    train_rows : (n,) array of int, or AllBut
        Rows to learn from.
    holdouts : sequence of Holdout
        One for each reading of the network; it is trained until none of them needs another epoch.
    start : State, optional
        Where an earlier training ended. The epochs that the settings plan come on top, with a schedule of their own.
    """

    settings: Hyperparameters
    key: tuple[int, ...]
    fold: Any
    train_rows: Array | AllBut
    holdouts: Sequence[Holdout] = (Holdout(np.zeros(0, np.int64)),)
    start: State | None = None


@dataclass(frozen=True)
class Reading:
    """A network at the epoch that a holdout chose.

    Attributes
    ----------
    curve : (epochs,) array
        Score of the holdout's rows after each epoch, greater is better; empty if it has none.
    best_epoch : int
        The epoch with the best score, or the last one, counted from 1.
    theta : (n_parameters,) array
        Parameters of that epoch.
    outputs : (r, n[L]) array
        Raw scores Z[L] of the rows wanted, at that epoch; (0, n[L]) if it is lost.
    lost : str
        Why it cannot be used: the network diverged before the holdout was done with it, or on its rows. Else empty.
    """

    curve: Array
    best_epoch: int
    theta: Array
    outputs: Array
    lost: str = ""


@dataclass
class Trained:
    """What came out of one task.

    Attributes
    ----------
    state : str
        "done", "stopped early" (no better validation score for `n_iter_no_change` epochs), "diverged" (all readings are
        lost), or "failed", which is the caller's to say.
    reason : str
        In words, for a state other than "done", and where a reading is lost.
    losses : (epochs,) array
        Mean training loss in each epoch.
    seconds : float
        Its share of the time.
    readings : tuple of Reading
        One for each holdout of the task. One that was done before the network diverged is what it would be alone.
    end : State, optional
        From which another training can go on; None after L-BFGS.
    """

    state: str
    reason: str
    losses: Array
    seconds: float
    readings: tuple[Reading, ...]
    end: State | None = None

    @property
    def theta(self) -> Array:
        """The parameters of the first reading, (n_parameters,)."""
        return self.readings[0].theta

    @property
    def curve(self) -> Array:
        """The scores of the first reading, (epochs,)."""
        return self.readings[0].curve

    @property
    def best_epoch(self) -> int:
        """The epoch of the first reading, counted from 1."""
        return self.readings[0].best_epoch


def inputs_of(plan: Plan, examples: Examples | Table, rows: Array) -> Array:
    """The inputs of a network, (m, n_in), in float32, for some rows, or for SAMPLE of them, evenly spread."""
    some = rows[:: -(-len(rows) // SAMPLE)]
    blueprint = Blueprint(plan, ROWS_AT_ONCE, backward=False, reads=examples.reads)
    return forward_pass(blueprint, blueprint.layout.fresh(1, np.float32), Processor(), examples, some, INPUTS)


def initial(plan: Plan, task: Task, examples: Examples | Table, generator: np.random.Generator) -> Array:
    """Initial parameters of a network."""
    return plan.initial(generator, inputs_of(plan, examples, np.asarray(task.train_rows)) if plan.fitted else None)

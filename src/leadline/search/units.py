"""Units, the networks of a search: what one costs, and how a batch is trained, the one work that leaves the process."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from leadline.errors import LeadlineError
from leadline.search.design import Network
from leadline.search.metrics import in_a_line
from leadline.search.problem import Problem, View
from leadline.search.study import UnitKey, UnitResult
from leadline.training import Holdout, Hyperparameters, Plan, Stop, Stopped, Task, device_for, plan_for, train

__all__ = ["Elsewhere", "Unit", "cost", "device_of", "plan_of", "train_batch"]

# What a step costs beside its products, in multiply-adds, for the estimate of the time left.
STEP_COST = 1e6
# What a row of a network that is solved costs, in the same measure.
SOLVED_COST = 1e5


@dataclass(frozen=True)
class Unit:
    """A network to be trained: its name, its settings, its rows, and the rows that judge it in each of its roles."""

    key: UnitKey
    settings: Hyperparameters
    network: Network
    holdouts: tuple[Holdout, ...]

    @property
    def view(self) -> View:
        """How it sees the table."""
        return View.of(self.network.rows, self.settings)


def plan_of(problem: Problem, settings: Hyperparameters) -> Plan:
    """The plan of a network with these settings."""
    return plan_for(settings, problem.inputs(settings), problem.target.n_scores, problem.target.loss)


def device_of(asked: str, problem: Problem, settings: Hyperparameters, rows: int, networks: int) -> str:
    """The device on which networks with these settings train, each on so many rows.

    Raises
    ------
    DeviceError
        The one that was asked for is not there.
    """
    return device_for(asked, float(rows) * plan_of(problem, settings).n_parameters * networks)


def cost(problem: Problem, settings: Hyperparameters, rows: int) -> float:
    """Relative cost of a network: rows × epochs × multiply-adds, and a constant for each step."""
    if settings.solved:
        return float(rows) * SOLVED_COST
    steps = rows / int(settings.batch_size)
    per_step = int(settings.batch_size) * plan_of(problem, settings).multiply_adds + STEP_COST
    return float(int(settings.max_iter) * steps * per_step)


def train_batch(
    problem: Problem, batch: list[Unit], seed: int, stop: Stop, device: str
) -> tuple[list[Unit], list[UnitResult]]:
    """Train the units of a batch: the one piece of work that may leave the process.

    What a training raises fails that unit and no other.
    """
    problem.fetch()
    tasks = [
        Task(unit.settings, (seed, *unit.key), unit.view, problem.training_rows[unit.network.rows], unit.holdouts)
        for unit in batch
    ]
    try:
        with stop.running():
            plan = plan_of(problem, batch[0].settings)
            trained = train(plan, tasks, problem, problem.score, stop, device=device)
    except (Stopped, LeadlineError):
        raise
    except Exception as error:  # whatever a caller's own score or loss, or a lack of memory, raises
        if len(batch) > 1:
            return batch, [train_batch(problem, [unit], seed, stop, device)[1][0] for unit in batch]
        return batch, [UnitResult("failed", in_a_line(error))]
    return batch, [
        UnitResult(
            result.state,
            result.reason,
            result.losses,
            result.seconds,
            tuple(reading.curve for reading in result.readings),
            tuple(reading.best_epoch for reading in result.readings),
            tuple(reading.outputs for reading in result.readings),
        )
        for result in trained
    ]


class Elsewhere(Protocol):
    """Another way to train units than by `joblib.Parallel`."""

    def __call__(
        self, problem: Problem, batches: Sequence[list[Unit]], seed: int, stop: Stop
    ) -> Iterator[tuple[list[Unit], list[UnitResult]]]:
        """Some units and their results at a time, in whatever order they come."""

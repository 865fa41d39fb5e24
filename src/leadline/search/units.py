"""Units, the networks of a search: what one costs, and how a batch is trained, the one work that leaves the process."""

from dataclasses import dataclass

from leadline.errors import LeadlineError
from leadline.search.problem import Problem
from leadline.search.study import UnitKey, UnitResult
from leadline.training import Hyperparameters, Plan, Stop, Stopped, Task, plan_for, train

__all__ = ["Unit", "cost", "plan_of", "train_batch"]

# What a step costs beside its products, in multiply-adds, for the estimate of the time left.
STEP_COST = 1e6


@dataclass(frozen=True)
class Unit:
    """A network to be trained: its name and its settings."""

    key: UnitKey
    settings: Hyperparameters


def plan_of(problem: Problem, settings: Hyperparameters) -> Plan:
    """The plan of a network with these settings."""
    target = problem.judge.target
    return plan_for(settings, problem.inputs, target.n_scores, target.loss)


def cost(problem: Problem, settings: Hyperparameters) -> float:
    """Relative cost of a unit: rows × epochs × parameters, and a constant for each step."""
    rows = len(problem.judge.folds[0].train_rows)
    if settings.solved:
        return float(rows)
    steps = rows / int(settings.batch_size)
    per_step = int(settings.batch_size) * plan_of(problem, settings).n_parameters + STEP_COST
    return float(settings.max_iter * steps * per_step)


def train_batch(
    problem: Problem, batch: list[Unit], seed: int, keep: bool, stop: Stop
) -> tuple[list[Unit], list[UnitResult]]:
    """Train the units of a batch: the one piece of work that may leave the process.

    `keep`: bring back parameters, and outputs by epoch. What a training raises fails that unit and no other.
    """
    tasks = []
    for unit in batch:
        place = unit.key.repeat * problem.n_folds + unit.key.fold
        fold = problem.judge.folds[place]
        kept = fold.kept if keep else fold.kept[:0]
        key = (seed, *unit.key)
        tasks.append(Task(unit.settings, key, place, fold.train_rows, fold.validation_rows, kept))
    try:
        with stop.heeded():
            trained = train(plan_of(problem, batch[0].settings), tasks, problem.data, problem.judge, stop)
    except (Stopped, LeadlineError):
        raise
    except Exception as error:  # whatever a caller's own score or loss, or a lack of memory, raises
        if len(batch) > 1:
            return batch, [train_batch(problem, [unit], seed, keep, stop)[1][0] for unit in batch]
        return batch, [UnitResult("failed", f"{type(error).__name__}: {error}")]
    fields = ("state", "reason", "curve", "losses", "best_epoch", "seconds")
    return batch, [
        UnitResult(
            **{name: getattr(result, name) for name in fields},
            theta=result.theta if keep else None,
            outputs=result.outputs if keep else None,
        )
        for result in trained
    ]

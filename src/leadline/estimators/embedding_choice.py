"""What the numbers of a fit become, where that is left open: one network of another kind is asked before the others.

Up to 10,000 rows cosines are better than bins on most tables; where the target jumps, bins may err less by far
(benchmarks/README.md, "Jumps"). Above 50,000 rows bins are the safer kind, and where the target is smooth cosines may
err less by far (benchmarks/choices.md, "Cosines on many rows"). Both networks learn from the same rows and are stopped
by the same others, which tell them apart.
"""

from collections.abc import Sequence
from dataclasses import replace

from leadline.estimators.left_out import errs_less, left_out_of
from leadline.search import Problem
from leadline.training import Hyperparameters, Task, Trained
from leadline.training.hyperparameters import ENOUGH_ROWS

__all__ = ["ASKED_FROM", "asked_beside", "embeddings_in_turn", "places_in_turn", "with_embedding"]

# A fit of fewer networks is not asked: one more would cost too much.
ASKED_FROM = 4
# One kind is better than another where it errs less on the rows that both networks leave out, by a one-sided test at
# this level.
LEVEL = 0.01
SMOOTH, JUMPING = "periodic", "fine_bins"


def asked_beside(settings: Hyperparameters, rows: int) -> str | None:
    """The embedding that is asked for beside that of the settings, for so many training rows; None for none."""
    if settings.additive or settings.numeric_embedding == "none":
        return None
    if settings.numeric_embedding == SMOOTH:
        return JUMPING
    return SMOOTH if rows > ENOUGH_ROWS else None


def with_embedding(task: Task, embedding: str) -> Task:
    """The same task for a network with another embedding."""
    return replace(task, settings=replace(task.settings, numeric_embedding=embedding))


def embeddings_in_turn(
    problem: Problem, tasks: Sequence[Task], networks: Sequence[Trained], seed: int
) -> tuple[str, ...]:
    """The embeddings that take turns among the networks of a fit, from two networks of the same rows.

    The second one was asked. Fine bins are taken where they are better than cosines, beyond chance; on many rows, where
    bins are not better than cosines, both take turns, and both networks are kept.
    """
    usual, asked = (task.settings.numeric_embedding for task in tasks)
    if asked == JUMPING:
        return (asked,) if _is_better(problem, tasks, networks, seed, 1) else (usual,)
    if networks[1].state == "diverged" or _is_better(problem, tasks, networks, seed, 0):
        return (usual,)
    return (asked, usual)


def places_in_turn(embeddings: Sequence[str]) -> list[int]:
    """Which rows each network of a fit has, by the embeddings: where kinds take turns the first two have the same."""
    return [0 if i == 1 and own != embeddings[0] else i for i, own in enumerate(embeddings)]


def _is_better(problem: Problem, tasks: Sequence[Task], networks: Sequence[Trained], seed: int, which: int) -> bool:
    """Whether one of two networks is better than the other one beyond chance."""
    if any(network.state == "diverged" for network in networks):
        return False
    both = [left_out_of(problem, [task], [network]) for task, network in zip(tasks, networks, strict=True)]
    return errs_less(problem.target, both[which], both[1 - which], seed, LEVEL)

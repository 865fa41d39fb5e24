"""Networks that are solved, not trained in minibatches: by L-BFGS on the loss over all rows."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize

from leadline.training.blocks import Plan
from leadline.training.cpu import Processor
from leadline.training.limits import Stop
from leadline.training.population import ROWS_AT_ONCE, Blueprint, Population, Steps
from leadline.training.program import SETTINGS
from leadline.training.rows import Examples, Source, Stream, Table
from leadline.training.streams import stream
from leadline.training.tasks import Judge, Reading, Task, Trained, initial

__all__ = ["solve"]

Array = NDArray[Any]

# L-BFGS stops when no entry of the gradient of the mean loss exceeds this; coefficients then agree with other
# solvers to about 1e-4 relative (see tests/test_linear.py).
GRADIENT_TOLERANCE = 1e-6
LBFGS_ITERATIONS_PER_EPOCH = 10
LBFGS_MEMORY = 20
# Rows whose loss and gradient L-BFGS has computed together.
ROWS_SOLVED_AT_ONCE = 4096


def solve(plan: Plan, task: Task, data: Source, judge: Judge, stop: Stop) -> Trained:
    """Solve one network by L-BFGS on the mean loss over all its rows, in float64.

    J(W, b) = (1/Σw) Σ_i w_i loss_i + alpha / (2 Σw) ‖W‖²; from zeros for L = 1, where J is convex.
    """
    start = time.perf_counter()
    settings, examples = task.settings, _in_double(data.examples(task.fold))
    convex = plan.architecture.L == 1
    first = initial(plan, task, data.examples(task.fold), stream(task.key))
    theta = np.where(plan.penalised > 0, 0.0, first) if convex else first
    if task.start is not None:
        theta = task.start.theta.astype(np.float64)
    learned = np.asarray(task.train_rows)
    most = ROWS_SOLVED_AT_ONCE if isinstance(data, Stream) else min(ROWS_SOLVED_AT_ONCE, len(learned))
    population = Population(Blueprint(plan, most, reads=examples.reads), theta[None], Processor())
    told = np.zeros((1, len(SETTINGS))), np.zeros((1, 1), np.uint64)

    def batches() -> Iterator[tuple[Steps, float]]:
        """All rows, some at a time, and their weight."""
        given = (part.examples(task.fold) for part in data.parts(0)) if isinstance(data, Stream) else None
        for own, rows in given or [(examples, learned)]:
            for first in range(0, len(rows), most):
                some = np.ascontiguousarray(rows[first : first + most], np.int64)
                yield Steps(own, some, len(some), *told), float(own.w[some].sum(dtype=np.float64))

    def objective(theta: Array) -> tuple[float, Array]:
        population.theta[0] = theta
        loss, gradient, total = 0.0, np.zeros_like(theta), 0.0
        for steps, weight in batches():
            stop.check()
            (own,) = population.run([steps])
            loss += weight * own
            gradient += weight * population.gradient[0]
            total += weight
        penalty = settings.alpha / total * plan.penalised
        return float(loss / total + 0.5 * np.sum(penalty * theta**2)), gradient / total + penalty * theta

    iterations = LBFGS_ITERATIONS_PER_EPOCH * int(settings.max_iter)
    found = minimize(
        objective,
        theta,
        jac=True,
        method="L-BFGS-B",
        bounds=None if plan.limits is None else Bounds(*plan.limits),
        options={
            "maxiter": iterations,
            "maxfun": 2 * iterations,
            "maxcor": LBFGS_MEMORY,
            "gtol": GRADIENT_TOLERANCE,
            "ftol": 10 * np.finfo(float).eps,
        },
    )
    theta, losses = found.x.astype(np.float32), np.array([float(found.fun)])
    diverged = not np.isfinite(found.fun) or not np.isfinite(theta).all()
    reason = "the loss became infinite or undefined under L-BFGS: scale the inputs" if diverged else ""
    nothing, readings = np.zeros((0, plan.blocks[-1].n_out), np.float32), []
    own = data.examples(task.fold)
    forward = Population(Blueprint(plan, ROWS_AT_ONCE, backward=False, reads=own.reads), theta[None], Processor())
    for rows, wanted in task.holdouts:
        lost, curve = reason, []
        if len(rows) and not lost:
            curve = [judge(task.fold, rows, forward.scores(0, own, rows))]
            if not np.isfinite(curve[0]):
                lost, curve = f"validation score is {curve[0]}", []
        outputs = nothing if lost else forward.scores(0, own, wanted)
        readings.append(Reading(np.array(curve), 1, theta, outputs, lost))
    reasons = "; ".join(sorted({reading.lost for reading in readings if reading.lost}))
    state = "diverged" if all(reading.lost for reading in readings) else "done"
    return Trained(state, reasons, losses, time.perf_counter() - start, tuple(readings))


def _in_double(examples: Examples | Table) -> Examples | Table:
    """The same in float64, where that is another thing."""
    if isinstance(examples, Table):
        return examples
    return Examples(*(array.astype(np.float64) for array in (examples.X, examples.Y, examples.w)))

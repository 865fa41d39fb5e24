"""Why deep, by experiment: what gradient descent finds where depth is known to help.

`leadline.network.circuits` writes down networks for parity and for the folded triangle wave; that they exist does not
say that training reaches them. Here deep and shallow networks of (nearly) equal numbers of parameters are trained on
both, from several initial weights and at several learning rates, and whatever comes out is reported.

    deep      hidden layers as in `parity_tree` and `wave_folded`, each `width` times as wide
    shallow   one hidden layer, as wide as brings its number of parameters nearest to the deep network's

What is asked is whether training fits the function, not whether it generalises: parity is trained and judged on all 2^n
inputs; the wave is trained on a grid of 16 points for each piece and judged on one that is four times as fine. Both
kinds of network are treated alike: ReLU, He's initial weights, Adam in minibatches of 32 without weight decay or
dropout, a cosine schedule, the same number of steps, and inputs moved to [−1, 1] (W[1] and b[1] can undo that, so
the closed forms still fit). What comes out holds for this training: biases start at zero, for one, so that all turns
of a shallow network of one input start in the middle of the interval.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError
from leadline.network import (
    Architecture,
    Parameters,
    bit_patterns,
    forward,
    linear_pieces,
    parity,
    parity_tree,
    triangle_wave,
    wave_folded,
)
from leadline.training import (
    Data,
    Hyperparameters,
    Stop,
    Task,
    Trained,
    networks_at_once,
    one_blas_thread,
    plan_for,
    train,
)
from leadline.training.hyperparameters import Integer, check

__all__ = ["Attempt", "Outcome", "Rival", "experiment", "summary"]

Array = NDArray[np.float64]

# All 2^n inputs, and 64 points for each of the 2^k pieces, are kept in memory.
MOST_BITS, MOST_FOLDS = 16, 12
POINTS_PER_PIECE, FINER = 16, 4
BATCH_SIZE = 32
COLUMNS_AT_ONCE = 4096
# A wave counts as found below this root mean square error; the best constant, 1/2, has 1/√12 = 0.289.
WAVE_FOUND = 0.01


@dataclass(frozen=True)
class Rival:
    """One of two networks that are compared.

    Attributes
    ----------
    problem : str
        "parity" or "wave".
    size : int
        n or k.
    network : str
        "deep" or "shallow".
    width : int
        The hidden layers of the deep network are so many times as wide as the closed form's.
    sizes : tuple of int
        n[0] … n[L].
    parameters, other_parameters : int
        Its own number of parameters, and that of the network that it is compared with.
    closed_form_fits : bool
        Whether a network of `circuits` fits into these sizes, so that any error left is the training's. Fewer than
        2^k units in one hidden layer cannot be the wave, however they are trained.
    constant_error : float
        The error of the constant answer 1/2.
    """

    problem: str
    size: int
    network: str
    width: int
    sizes: tuple[int, ...]
    parameters: int
    other_parameters: int
    closed_form_fits: bool
    constant_error: float


@dataclass(frozen=True)
class Attempt(Rival):
    """One training of one network.

    Attributes
    ----------
    seed, repeat : int
        Together they name the random stream of initial weights and shuffles.
    learning_rate : float
        Where the cosine schedule starts.
    state, reason : str
        "done", or "diverged" and why.
    error : float or None
        Parity: the share of the 2^n inputs that get the wrong class. Wave: root mean square error on the fine grid.
        None where training diverged.
    found : bool
        Parity: no input is wrong. Wave: the error is below 0.01.
    pieces : int or None
        Wave: straight pieces of the trained network on [0, 1]; 2^k are wanted.
    """

    seed: int
    repeat: int
    learning_rate: float
    state: str
    reason: str
    error: float | None
    found: bool
    pieces: int | None


@dataclass(frozen=True)
class Outcome(Rival):
    """What became of one network over all repeats, at the learning rate that suited it best.

    Attributes
    ----------
    learning_rate : float
        The one at which most repeats found the function, and among equals the one with the lowest median error.
    repeats, found : int
        Trainings at this rate, and how many of them found the function.
    best_error, median_error : float or None
        Over the repeats, where a training that diverged is worse than any other; None if that is what they come to.
    most_pieces : int or None
        Wave: the most straight pieces that a training came to.
    """

    learning_rate: float
    repeats: int
    found: int
    best_error: float | None
    median_error: float | None
    most_pieces: int | None


@dataclass(frozen=True)
class _Problem:
    """A function to be learned: (n[0], m) inputs and (1, m) targets to train on and to judge by."""

    name: str
    size: int
    loss: str
    train: tuple[Array, Array]
    judge: tuple[Array, Array]
    closed_form: Architecture  # the deep one
    shallow_units: int  # one hidden layer of so many suffices

    def error(self, Z: Array) -> float:
        """The error of scores Z, (1, m), on the inputs to judge by."""
        Y = self.judge[1]
        if self.name == "parity":
            return float(np.mean((Z > 0) != (Y > 0.5)))
        return float(np.sqrt(np.mean((Z - Y) ** 2)))

    def found(self, error: float) -> bool:
        """Whether a network with this error has the function."""
        return error == 0 if self.name == "parity" else error < WAVE_FOUND

    def rivals(self, width: int) -> Iterator[Rival]:
        """The deep and the shallow network."""
        n_0, *hidden, n_L = self.closed_form.sizes
        deep = (n_0, *(width * n for n in hidden), n_L)
        # h units in one hidden layer have h (n[0] + 2) + 1 parameters
        units = max(1, round((Architecture(deep).n_parameters - 1) / (n_0 + 2)))
        shallow = (n_0, units, n_L)
        counts = [Architecture(sizes).n_parameters for sizes in (deep, shallow)]
        # the score of the answer 1/2: the loss of parity has it at 0
        constant = self.error(np.full_like(self.judge[1], 0.0 if self.name == "parity" else 0.5))
        yield Rival(self.name, self.size, "deep", width, deep, counts[0], counts[1], True, constant)
        fits = units >= self.shallow_units
        yield Rival(self.name, self.size, "shallow", width, shallow, counts[1], counts[0], fits, constant)


def _parity_problem(n: int) -> _Problem:
    bits = bit_patterns(n)
    examples = 2.0 * bits - 1.0, parity(bits)
    return _Problem("parity", n, "binary_cross_entropy", examples, examples, parity_tree(n)[0], n)


def _wave_problem(k: int) -> _Problem:
    def grid(points: int) -> tuple[Array, Array]:
        x = (np.arange(points)[None] + 0.5) / points
        return 2.0 * x - 1.0, triangle_wave(x, k)

    points = POINTS_PER_PIECE * 2**k
    return _Problem("wave", k, "half_squared_error", grid(points), grid(FINER * points), wave_folded(k)[0], 2**k)


def experiment(
    n: int = 8,
    k: int = 4,
    seed: int = 0,
    *,
    repeats: int = 5,
    widths: Sequence[int] = (1, 4, 8),
    learning_rates: Sequence[float] = (0.003, 0.01, 0.03),
    steps: int = 10_000,
    stop: Stop | None = None,
) -> list[Attempt]:
    """Train deep and shallow networks on parity of n bits and on the wave of 2^k pieces.

    Parameters
    ----------
    n : int, default 8
        Bits, 2 to 16.
    k : int, default 4
        Folds, 1 to 12.
    seed : int, default 0
        The same seed gives the same records.
    repeats : int, default 5
        Trainings of each network at each learning rate; a repeat has the same random stream at every rate.
    widths : sequence of int, default (1, 4, 8)
        1 is the deep network exactly as large as its closed form; a larger one leaves training more ways to get there.
    learning_rates : sequence of float, default (0.003, 0.01, 0.03)
        Each network is tried at all of them: the best one for a shallow network need not be the best for a deep one.
    steps : int, default 10000
        Steps of Adam, rounded up to whole epochs.
    stop : Stop, optional
        Looked at after every epoch.

    Returns
    -------
    list of Attempt
        2 problems × widths × 2 networks × learning rates × repeats, in this order; `summary` condenses them.

    Raises
    ------
    ParameterError
        A parameter breaks its rule.
    Stopped
        `stop` asked for it.
    """
    for name, value, low in (("n", n, 2), ("k", k, 1), ("seed", seed, 0), ("repeats", repeats, 1), ("steps", steps, 1)):
        check("experiment", name, Integer(low), value)
    for name, value, most in (("n", n, MOST_BITS), ("k", k, MOST_FOLDS)):
        if value > most:
            raise ParameterError(f"experiment.{name} must be at most {most}; got {value!r}.")
    for width in widths:
        check("experiment", "widths", Integer(1), width)
    attempts: list[Attempt] = []
    with one_blas_thread():
        for problem in (_parity_problem(int(n)), _wave_problem(int(k))):
            for rival in (rival for width in widths for rival in problem.rivals(int(width))):
                for rate in learning_rates:
                    attempts += _attempts(problem, rival, rate, int(seed), repeats, steps, stop or Stop())
    return attempts


def _attempts(
    problem: _Problem, rival: Rival, learning_rate: float, seed: int, repeats: int, steps: int, stop: Stop
) -> list[Attempt]:
    """Train one network at one learning rate, from several initial weights."""
    X, Y = (np.ascontiguousarray(array.T[None], dtype=np.float32) for array in problem.train)
    rows = np.arange(X.shape[1])
    data = Data(X, Y, np.ones(len(rows), np.float32))
    settings = _settings(rival, learning_rate, math.ceil(steps / max(1, round(len(rows) / BATCH_SIZE))))
    plan = plan_for(settings, rival.sizes[0], rival.sizes[-1], problem.loss)
    # nothing is held out: the parameters are those of the last step, and nobody is asked to score
    tasks = [Task(settings, (seed, repeat), 0, rows) for repeat in range(repeats)]
    at_once = networks_at_once(plan, settings)
    attempts: list[Attempt] = []
    for start in range(0, repeats, at_once):
        for trained in train(plan, tasks[start : start + at_once], data, lambda *_: math.nan, stop):
            judged = _judge(problem, plan.architecture, plan.layers(trained.theta), trained)
            attempts.append(
                Attempt(**vars(rival), seed=seed, repeat=len(attempts), learning_rate=float(learning_rate), **judged)
            )
    return attempts


def _settings(rival: Rival, learning_rate: float, epochs: int) -> Hyperparameters:
    return Hyperparameters(
        hidden_layer_sizes=rival.sizes[1:-1],
        activation="relu",
        solver="adam",
        weight_decay=0.0,
        dropout=0.0,
        batch_size=BATCH_SIZE,
        learning_rate_init=learning_rate,
        learning_rate="cosine",
        max_iter=epochs,
        feature_scale=False,
        scaling="none",
    )


def _judge(problem: _Problem, architecture: Architecture, parameters: Parameters, trained: Trained) -> dict[str, Any]:
    """State, error, found and pieces of a trained network, computed by the specification in float64."""
    record: dict[str, Any] = {"state": trained.state, "reason": trained.reason}
    if trained.state == "diverged":
        return {**record, "error": None, "found": False, "pieces": None}
    X = problem.judge[0]
    scores = [
        forward(architecture, parameters, X[:, start : start + COLUMNS_AT_ONCE])[0]
        for start in range(0, X.shape[1], COLUMNS_AT_ONCE)
    ]
    error = problem.error(np.hstack(scores))
    pieces = linear_pieces(architecture, parameters, -1.0, 1.0) if problem.name == "wave" else None
    return {**record, "error": error, "found": problem.found(error), "pieces": pieces}


def summary(attempts: Sequence[Attempt]) -> list[Outcome]:
    """For every network, in the order of the attempts, its outcome at the learning rate that suited it best.

    Parameters
    ----------
    attempts : sequence of Attempt
        From `experiment`.

    Returns
    -------
    list of Outcome
    """
    groups: dict[Rival, dict[float, list[Attempt]]] = {}
    for attempt in attempts:
        groups.setdefault(_rival(attempt), {}).setdefault(attempt.learning_rate, []).append(attempt)
    return [_outcome(rival, min(rates.values(), key=_standing)) for rival, rates in groups.items()]


def _rival(attempt: Attempt) -> Rival:
    return Rival(**{item.name: getattr(attempt, item.name) for item in fields(Rival)})


def _errors(attempts: list[Attempt]) -> list[float]:
    """Their errors; a training that diverged comes behind all others."""
    return [math.inf if attempt.error is None else attempt.error for attempt in attempts]


def _standing(attempts: list[Attempt]) -> tuple[int, float]:
    """The smaller, the better."""
    return -sum(attempt.found for attempt in attempts), float(np.median(_errors(attempts)))


def _outcome(rival: Rival, attempts: list[Attempt]) -> Outcome:
    found, median = _standing(attempts)
    best = min(_errors(attempts))
    return Outcome(
        **vars(rival),
        learning_rate=attempts[0].learning_rate,
        repeats=len(attempts),
        found=-found,
        best_error=best if math.isfinite(best) else None,
        median_error=median if math.isfinite(median) else None,
        most_pieces=max((attempt.pieces for attempt in attempts if attempt.pieces is not None), default=None),
    )

"""The space of hyperparameters beside depth, as data, and the candidates that take turns among a model's networks.

Candidate i is a pure function of the seed and the space: point i of a scrambled Sobol sequence, read through the
dimensions. The same candidates stand for every depth, so that depth is not confounded with tuning. At L = 1 there is
nothing to train, and two things to choose: the penalty `alpha`, and whether inputs are bent.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import qmc

from leadline.errors import ParameterError
from leadline.training import Hyperparameters
from leadline.training.hyperparameters import ENOUGH_ROWS, Integer, Real, Rule, check, check_monotonic

__all__ = [
    "MANY_ROWS_VARIANTS",
    "SPACE",
    "VARIANTS",
    "Candidate",
    "Dimension",
    "check_space",
    "draw_candidates",
    "linear_settings",
    "space_from_records",
    "usual_space",
]

PENALTY, WIDTH, BATCH_SCALE, EMBEDDING = "alpha", "hidden_units", "batch_scale", "numeric_embedding"


@dataclass(frozen=True)
class Dimension:
    """One hyperparameter's range: a few `levels`, or numbers from `low` to `high`, evenly in the log if `log`.

    Widths, activations and batch sizes should have few levels: networks that share them train together.
    """

    name: str
    explanation: str = ""
    levels: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False

    def value(self, u: float) -> Any:
        """The value at the share `u`, in [0, 1), of the range."""
        if self.levels:
            return self.levels[int(u * len(self.levels))]
        if self.log:
            return float(self.low * (self.high / self.low) ** u)
        return float(self.low + (self.high - self.low) * u)

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON, without what does not apply."""
        kind = {"levels": list(self.levels)} if self.levels else {"low": self.low, "high": self.high, "log": self.log}
        return {"name": self.name, "explanation": self.explanation, **kind}


SPACE: tuple[Dimension, ...] = (
    Dimension(WIDTH, "units of every hidden layer", levels=(64, 128, 256)),
    Dimension("learning_rate_init", "where the learning rate starts", low=5e-4, high=1e-2, log=True),
    Dimension("weight_decay", "decoupled decay of the weights", low=1e-3, high=1.0, log=True),
    Dimension("dropout", "share of units silenced in a step", low=0.0, high=0.3),
    Dimension("activation", "g of the hidden layers", levels=("relu", "silu")),
    Dimension(EMBEDDING, "what a number becomes before layer 1", levels=("periodic", "piecewise_linear")),
    Dimension(BATCH_SCALE, "rows in a minibatch, as a multiple of the estimator's", levels=(0.5, 1.0, 2.0)),
    Dimension(PENALTY, "L2 penalty at L = 1", low=1e-3, high=1e3, log=True),
)

# What stands beside the estimator's own settings where the caller names no space: networks that differ make a better
# average than networks that are alike, and these are about as good each (benchmarks/choices.md). "_times" multiplies
# the estimator's own.
TIMES = "_times"
VARIANTS: tuple[Mapping[str, Any], ...] = (
    {"scaling": "standard"},
    {"parametrization": "ntk", "learning_rate_init" + TIMES: 20.0},
    {"activation": "silu"},
    {WIDTH + TIMES: 2.0, "learning_rate_init" + TIMES: 2.0, "dropout" + TIMES: 2.0},
    {EMBEDDING: "fine_bins"},
    {WIDTH + TIMES: 2.0, "learning_rate_init" + TIMES: 0.5, "dropout" + TIMES: 0.0},
)
# The same for an answer that is trained on more rows than `ENOUGH_ROWS`, where some of those have other worth: there
# cosines may be far better than bins, or far worse, and what is worse is left out.
MANY_ROWS_VARIANTS: tuple[Mapping[str, Any], ...] = (
    {EMBEDDING: "periodic"},
    {"scaling": "standard"},
    {EMBEDDING: "periodic", "scaling": "standard"},
    {WIDTH + TIMES: 2.0, "learning_rate_init" + TIMES: 0.5, "dropout" + TIMES: 0.0},
)
# What stands in for a variant's activation that is the estimator's own, and for one that falls somewhere where a column
# must only rise.
OTHER_ACTIVATION, INCREASING_ACTIVATION = "relu", "elu"
# Multiples of the estimator's penalty at L = 1.
PENALTIES = (1.0, 100.0, 0.01, 10.0)

ONCE_FOR_ALL = ("label_smoothing",)
# What only a dimension has; the others are hyperparameters and keep the rules of those.
_OWN_RULES: dict[str, Rule] = {WIDTH: Integer(1), BATCH_SCALE: Real(0.0, low_open=True)}


def _rules() -> dict[str, Rule]:
    fields = {item.name: item.metadata["rule"] for item in dataclasses.fields(Hyperparameters)}
    # what the other dimensions and the ladder decide, and what is done to the table once for all networks
    for name in ("hidden_layer_sizes", "batch_size", "solver", "max_iter", "monotonic_cst", *ONCE_FOR_ALL):
        del fields[name]
    return {**fields, **_OWN_RULES}


def check_space(space: Sequence[Dimension]) -> tuple[Dimension, ...]:
    """The space, if every dimension has a known name, comes once, and only has values that its rule allows.

    Raises
    ------
    ParameterError
        Which dimension it is, and what is wrong with it.
    """
    rules = _rules()
    for i, dimension in enumerate(space):
        if not isinstance(dimension, Dimension):
            raise ParameterError(f"A space is a sequence of Dimension; item {i + 1} is {dimension!r}.")
        if dimension.name not in rules:
            raise ParameterError(
                f"No hyperparameter that can be searched is called {dimension.name!r}; these can: {', '.join(rules)}."
            )
        if dimension.name in [other.name for other in space[:i]]:
            raise ParameterError(f"The space has {dimension.name!r} twice.")
        owner = f"The dimension {dimension.name!r}"
        if dimension.levels:
            for level in dimension.levels:
                check(owner, "levels", rules[dimension.name], level)
        else:
            for end in ("low", "high"):
                check(owner, end, rules[dimension.name], getattr(dimension, end))
            if not dimension.low < dimension.high or (dimension.log and dimension.low <= 0):
                rule = "0 < low < high where log is true" if dimension.log else "low < high"
                raise ParameterError(f"{owner} needs {rule}; got {dimension.low:g} and {dimension.high:g}.")
    return tuple(space)


def usual_space(base: Hyperparameters) -> tuple[Dimension, ...]:
    """What is searched where the caller does not say: SPACE, without embeddings where the estimator wants none."""
    space = SPACE
    if any(base.monotonic_cst):
        levels = (OTHER_ACTIVATION, INCREASING_ACTIVATION)
        space = tuple(dataclasses.replace(d, levels=levels) if d.name == "activation" else d for d in SPACE)
    return tuple(d for d in space if d.name != EMBEDDING or base.numeric_embedding != "none")


def space_from_records(records: Any) -> tuple[Dimension, ...]:
    """The space that a list of records describes, as `leadline space --json` prints them.

    Raises
    ------
    ParameterError
        A record is not one of a dimension.
    """
    if not isinstance(records, list):
        raise ParameterError("A space is a list of dimensions, as `leadline space --json` prints them.")
    known, dimensions = {item.name for item in dataclasses.fields(Dimension)}, []
    for i, record in enumerate(records, start=1):
        strange = sorted(set(record) - known) if isinstance(record, dict) else [repr(record)]
        if strange or "name" not in record or not ({"levels"} <= set(record) or {"low", "high"} <= set(record)):
            has = f"; it also has {', '.join(strange)}" if strange else ""
            raise ParameterError(f"Dimension {i} of the space needs a name, and levels or low and high{has}.")
        levels = record.get("levels", ())
        if not isinstance(levels, list | tuple):
            raise ParameterError(f"Dimension {i} of the space needs a list of levels; got {levels!r}.")
        dimensions.append(Dimension(**{**record, "levels": tuple(levels)}))
    return check_space(dimensions)


@dataclass(frozen=True)
class Candidate:
    """One choice of everything but depth.

    Attributes
    ----------
    index : int
        Candidate 0 is the estimator as the caller configured it.
    hidden_units : int
        Width of every hidden layer.
    batch_scale : float
        Rows in a minibatch, as a multiple of the estimator's.
    changes : mapping
        Other hyperparameters that differ from the estimator's.
    """

    index: int
    hidden_units: int
    batch_scale: float
    changes: Mapping[str, Any]

    def settings(self, base: Hyperparameters, L: int) -> Hyperparameters:
        """The hyperparameters of this candidate at depth L ≥ 2."""
        sizes = (self.hidden_units,) * (L - 1)
        batch_size = max(1, round(int(base.batch_size) * self.batch_scale))
        return dataclasses.replace(base, hidden_layer_sizes=sizes, batch_size=batch_size, **self.changes)


def draw_candidates(
    base: Hyperparameters,
    n: int,
    seed: int,
    space: Sequence[Dimension] | None = None,
    rows: int = 0,
) -> list[Candidate]:
    """Candidates 0 … n − 1: the estimator's own settings, then variants of them, then draws.

    Parameters
    ----------
    base : Hyperparameters
        The estimator's own settings for a table, with nothing left to its rows; its first hidden layer gives candidate
        0 its width.
    n : int
    seed : int
    space : sequence of Dimension, optional
        Where candidates are drawn from, all but the first; without one variants come first, then draws from SPACE.
    rows : int
        On how many a network of the answer is trained, which says whether VARIANTS are tried or MANY_ROWS_VARIANTS.
    """
    variants = () if space is not None else MANY_ROWS_VARIANTS if rows > ENOUGH_ROWS else VARIANTS
    width = base.hidden_layer_sizes[0] if base.hidden_layer_sizes else Hyperparameters().hidden_layer_sizes[0]
    own: dict[str, Any] = {WIDTH: width, BATCH_SCALE: 1.0}
    known = [{}, *(_suited(variant, base, width) for variant in variants)]
    space = usual_space(base) if space is None else space
    # a power of two keeps the sequence balanced; more points than needed cost nothing
    exponent = int(np.ceil(np.log2(max(n, 2))))
    points = qmc.Sobol(max(len(space), 1), rng=np.random.default_rng(seed)).random_base2(exponent)
    candidates = []
    for index in range(n):
        if index < len(known):
            drawn = dict(known[index])
        else:
            drawn = {d.name: d.value(u) for d, u in zip(space, points[index], strict=False) if d.name != PENALTY}
        check_monotonic("The space", base.monotonic_cst, drawn.get("activation", "auto"))
        named = {name: drawn.pop(name, value) for name, value in own.items()}
        candidates.append(Candidate(index, **named, changes=drawn))
    return candidates


def _suited(variant: Mapping[str, Any], base: Hyperparameters, width: int) -> dict[str, Any]:
    """A variant for these settings, which keep what the caller has switched off."""
    suited = {}
    for name, value in variant.items():
        if name.endswith(TIMES):
            name = name.removesuffix(TIMES)
            value = int(value * width) if name == WIDTH else value * getattr(base, name)
        if name == "activation" and any(base.monotonic_cst):
            value = INCREASING_ACTIVATION
        if name == "activation" and value == base.activation:
            value = OTHER_ACTIVATION
        if (name, getattr(base, name, "")) not in ((EMBEDDING, "none"), ("scaling", "standard"), ("scaling", "none")):
            suited[name] = value
    return suited


def linear_settings(
    base: Hyperparameters, n: int, seed: int, space: Sequence[Dimension] | None = None
) -> list[Hyperparameters]:
    """What L = 1 may be: penalties on inputs that are straight, without ends to the predictions, and some on bent ones.

    Parameters
    ----------
    base : Hyperparameters
    n : int
        How many penalties.
    seed : int
    space : sequence of Dimension, optional
        Whose "alpha" they are drawn from, all but the first; without one they are the first multiples in PENALTIES.
    """
    own = base.alpha if base.alpha > 0 else 1.0  # scikit-learn's default for L = 1
    alphas = [own * factor for factor in PENALTIES[:n]]
    drawn = [dimension for dimension in space or () if dimension.name == PENALTY]
    if drawn:
        exponent = int(np.ceil(np.log2(max(n, 2))))
        points = qmc.Sobol(1, rng=np.random.default_rng(seed)).random_base2(exponent)[1:n, 0]
        alphas = [own, *(drawn[0].value(u) for u in points)]
    elif space is not None:
        alphas = [own]
    linear = dataclasses.replace(base, hidden_layer_sizes=(), solver="lbfgs")
    straight = "standard" if base.scaling == "robust" else base.scaling
    found = [dataclasses.replace(linear, alpha=alpha, scaling=straight, clip_predictions=False) for alpha in alphas]
    if base.scaling == "robust":
        # half as many: what bends inputs for all columns alike is seldom better, and then by much
        found += [dataclasses.replace(linear, alpha=alpha) for alpha in alphas[: -(-len(alphas) // 2)]]
    return found

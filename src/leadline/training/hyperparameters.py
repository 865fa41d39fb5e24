"""Hyperparameters: everything that is chosen before training, in one frozen record.

Parameters (W, b) are learned from data; hyperparameters decide which parameters are learned. The two types never mix.
Every field carries its rule and its explanation, and everything that needs them reads them here: the estimators'
checks, the command line's help, the model file and the report.
"""

import dataclasses
import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from leadline.errors import ModelFileError, ParameterError
from leadline.network import ACTIVATIONS, OPTIMISERS, SCHEDULES
from leadline.records import ANYTHING, Field, read_fields
from leadline.training.embeddings import NUMBER_EMBEDDINGS

__all__ = [
    "NUMERIC_EMBEDDINGS",
    "PARAMETRIZATIONS",
    "RECIPES",
    "SCALINGS",
    "SCHEDULES",
    "SOLVERS",
    "Choice",
    "Hyperparameters",
    "Integer",
    "Real",
    "Rule",
    "Sizes",
    "check",
    "check_additive",
    "check_monotonic",
]

SOLVERS = (*OPTIMISERS, "lbfgs")
SCALINGS = ("robust", "standard", "none")
NUMERIC_EMBEDDINGS = ("auto", "none", *NUMBER_EMBEDDINGS)
PARAMETRIZATIONS = ("standard", "ntk")


# batch_size="auto": an epoch of about 32 steps, within powers of two that keep products efficient and gradients varied
ROWS_PER_BATCH_ROW = 32
SMALLEST_BATCH, LARGEST_BATCH = 4, 8
# Above this many training rows bins are the better embedding, and fewer networks do (benchmarks/choices.md).
MANY_ROWS = 10_000
# Above this many the rows themselves keep a network from learning noise, and dropout="auto" is none; numbers, which
# tell more than classes do, need fewer.
ENOUGH_ROWS, ENOUGH_FOR_NUMBERS, DROPOUT = 50_000, 25_000, 0.1
# weight_decay="auto", and that of classes between MANY_ROWS and ENOUGH_ROWS, where early stopping alone leaves noise.
WEIGHT_DECAY, STRONG_DECAY = 0.05, 1.0
# Above this many finer bins pay, which want gradients of twice as many rows.
FINE_ROWS = 500_000
# Epochs without a better score after which training stops, up to so many rows: an epoch of more rows has more steps,
# and its score less noise.
PATIENCE = ((MANY_ROWS, 24), (ENOUGH_ROWS, 12), (math.inf, 10))
# Epochs up to MANY_ROWS; above fewer, as this power of the rows, and above ENOUGH_ROWS so few that they can be gone
# through to the end (benchmarks/choices.md): 49 for 40,000, 10 from there to a million, 4 for ten million.
MOST_EPOCHS, EPOCHS_POWER, ENOUGH_EPOCHS, FEWER_ABOVE, FEWER_POWER = 128, -0.7, 10, 1_000_000, -0.4
# Up to so many numbers the same is worth its time from MANY_ROWS to ENOUGH_ROWS; more were not measured.
FEW_COLUMNS = 16
# Above this many numbers a row is a picture or a signal: embeddings cost several times as much there and gain nothing.
MANY_COLUMNS = 100


@dataclass(frozen=True)
class Real:
    """A number in a range; an end that is open is not itself allowed."""

    low: float = float("-inf")
    high: float = float("inf")
    low_open: bool = False
    high_open: bool = False
    or_word: str | None = None

    def __str__(self) -> str:
        extra = f" or {self.or_word!r}" if self.or_word else ""
        if self.low == 0 and self.high == float("inf"):
            return ("a positive number" if self.low_open else "a number of at least 0") + extra
        left, right = "(" if self.low_open else "[", ")" if self.high_open else "]"
        return f"a number in {left}{self.low:g}, {self.high:g}{right}{extra}"

    def allows(self, value: Any) -> bool:
        """Whether `value` keeps the rule."""
        if isinstance(value, str):
            return value == self.or_word
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            return False
        value = float(value)
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return bool(above and below and abs(value) != float("inf"))


def _is_integer(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, np.bool | bool)


@dataclass(frozen=True)
class Integer:
    """A whole number of at least `low`; `or_none` also allows None."""

    low: int
    or_none: bool = False
    or_word: str | None = None

    def __str__(self) -> str:
        extra = (" or None" if self.or_none else "") + (f" or {self.or_word!r}" if self.or_word else "")
        return f"an integer of at least {self.low}{extra}"

    def allows(self, value: Any) -> bool:
        """Whether `value` keeps the rule."""
        if value is None:
            return self.or_none
        if isinstance(value, str):
            return value == self.or_word
        return _is_integer(value) and int(value) >= self.low


@dataclass(frozen=True)
class Choice:
    """One of a few names or truth values."""

    options: tuple[Any, ...]

    def __str__(self) -> str:
        return "one of " + ", ".join(repr(option) for option in self.options)

    def allows(self, value: Any) -> bool:
        """Whether `value` keeps the rule."""
        return any(value is option or (isinstance(value, str) and value == option) for option in self.options)


@dataclass(frozen=True)
class Sizes:
    """A sequence of positive integers, possibly empty."""

    def __str__(self) -> str:
        return "a sequence of positive integers, one for each hidden layer (empty for none)"

    def allows(self, value: Any) -> bool:
        """Whether `value` keeps the rule."""
        if isinstance(value, str) or not isinstance(value, Iterable):
            return False
        return all(_is_integer(n) and int(n) > 0 for n in value)


Rule = Real | Integer | Choice | Sizes | Field


def check(owner: str, name: str, rule: Rule, value: Any) -> None:
    """Raise ParameterError, "OWNER.NAME must be RULE; got VALUE.", unless `rule` allows `value`."""
    if not rule.allows(value):
        raise ParameterError(f"{owner}.{name} must be {rule}; got {value!r}.")


def check_additive(owner: str, additive: bool, hidden_layer_sizes: Sequence[int]) -> None:
    """Raise ParameterError if an additive network is to have hidden layers, in which columns would meet."""
    if additive and len(hidden_layer_sizes):
        raise ParameterError(
            f"{owner}.hidden_layer_sizes must be () where additive is True, since columns meet in a hidden layer; got "
            f"{tuple(hidden_layer_sizes)!r}."
        )


def check_monotonic(owner: str, constraints: Sequence[int], activation: str) -> None:
    """Raise ParameterError if scores are to rise or fall with a number through an activation that does both."""
    if any(constraints) and activation != "auto" and not ACTIVATIONS[activation].increasing:
        rising = ", ".join(name for name, own in ACTIVATIONS.items() if own.increasing)
        raise ParameterError(
            f"{owner}.activation must be 'auto' or one that rises everywhere ({rising}) where monotonic_cst constrains "
            f"a column; got {activation!r}."
        )


def _parameter(default: Any, rule: Rule, explanation: str) -> Any:
    return field(default=default, metadata={"rule": rule, "explanation": explanation})


# Every network of a population has its own.
_EACH_ITS_OWN = (
    "alpha",
    "beta_1",
    "beta_2",
    "dropout",
    "dropout_schedule",
    "epsilon",
    "learning_rate",
    "learning_rate_init",
    "n_iter_no_change",
    "weight_decay",
    "weight_decay_schedule",
)


@dataclass(frozen=True)
class Hyperparameters:
    """Everything about one network that is chosen before training; names shared with scikit-learn mean the same.

    The defaults are those of the plain network; `RECIPES` has others.
    """

    hidden_layer_sizes: tuple[int, ...] = _parameter(
        (128, 128), Sizes(), "n[1] … n[L-1]; none of them is logistic or linear regression, L = 1"
    )
    additive: bool = _parameter(
        False,
        Choice((False, True)),
        "without hidden layers: each column through a learned curve of its own, and their sum, trained in minibatches",
    )
    activation: str = _parameter(
        "relu",
        Choice(("auto", *ACTIVATIONS)),
        f"g of every hidden layer; auto: relu up to {MANY_ROWS:,} rows, silu above",
    )
    solver: str = _parameter(
        "adam",
        Choice(SOLVERS),
        "an optimiser in minibatches, or lbfgs on all rows at once; L = 1 is always solved by lbfgs unless additive",
    )
    alpha: float = _parameter(
        0.0, Real(low=0.0), "L2 penalty: the summed loss of the rows gets + alpha/2 ‖W‖² (biases are free)"
    )
    weight_decay: float | str = _parameter(
        0.0,
        Real(low=0.0, or_word="auto"),
        f"decoupled decay (AdamW): W shrinks by learning rate × this at every step; auto: {WEIGHT_DECAY}, and "
        f"{STRONG_DECAY:g} for classes on more than {MANY_ROWS:,} and up to {ENOUGH_ROWS:,} rows",
    )
    dropout: float | str = _parameter(
        0.0,
        Real(low=0.0, high=1.0, high_open=True, or_word="auto"),
        f"share of each hidden layer's units silenced in a training step, auto: {DROPOUT} up to {ENOUGH_ROWS:,} rows, "
        f"or {ENOUGH_FOR_NUMBERS:,} where numbers are predicted, none above",
    )
    weight_decay_schedule: str = _parameter(
        "constant", Choice(tuple(SCHEDULES)), "schedule of the weight decay over the planned steps"
    )
    dropout_schedule: str = _parameter(
        "constant", Choice(tuple(SCHEDULES)), "schedule of the dropout over the planned steps"
    )
    batch_size: int | str = _parameter(
        "auto",
        Integer(low=1, or_word="auto"),
        f"rows in a minibatch; auto: a power of two, 16 to 256, near 1/32 of the rows; 512 above {FINE_ROWS:,} rows",
    )
    learning_rate_init: float = _parameter(5e-3, Real(low=0.0, low_open=True), "α, where the schedule starts")
    learning_rate: str = _parameter(
        "cosine", Choice(tuple(SCHEDULES)), "schedule of the learning rate over the planned steps"
    )
    max_iter: int | str = _parameter(
        MOST_EPOCHS,
        Integer(low=1, or_word="auto"),
        f"epochs planned (adam), auto: {MOST_EPOCHS}, fewer for more than {MANY_ROWS:,} rows; lbfgs "
        "may take ten times as many iterations",
    )
    n_iter_no_change: int | str = _parameter(
        "auto",
        Integer(low=1, or_word="auto"),
        "epochs without a better validation score after which training stops; auto: "
        + ", ".join(f"{epochs} up to {rows:,} rows" for rows, epochs in PATIENCE[:-1])
        + f", then {PATIENCE[-1][1]}",
    )
    beta_1: float = _parameter(0.9, Real(low=0.0, high=1.0, high_open=True), "decay of the first moment in Adam")
    beta_2: float = _parameter(0.999, Real(low=0.0, high=1.0, high_open=True), "decay of the second moment in Adam")
    epsilon: float = _parameter(1e-8, Real(low=0.0, low_open=True), "kept from zero in Adam's division")
    feature_scale: bool = _parameter(
        False, Choice((False, True)), "a learned factor for each input before layer 1 (not for L = 1)"
    )
    scaling: str = _parameter(
        "standard",
        Choice(SCALINGS),
        "numeric columns: median and quantiles with a smooth clip, mean and deviation, or as they are",
    )
    numeric_embedding: str = _parameter(
        "none",
        Choice(NUMERIC_EMBEDDINGS),
        "what a number becomes: itself (none), itself and mixtures of cosines, or its shares of bins, of up to four "
        f"times as many with fine_bins (not for L = 1); auto: cosines up to {MANY_ROWS:,} rows, bins above, finer ones "
        f"above {FINE_ROWS:,} and, of up to {FEW_COLUMNS} numbers, up to {ENOUGH_ROWS:,}, nothing for more than "
        f"{MANY_COLUMNS} numbers",
    )
    one_hot_up_to: int | str = _parameter(
        "all",
        Integer(low=1, or_word="all"),
        "columns with more indicators than this get a learned vector for each category (not for L = 1)",
    )
    target_statistics: bool = _parameter(
        False,
        Choice((False, True)),
        "columns of many categories also enter by what other rows of a category say of the target, smoothed means and "
        "how many rows there are; so do pairs of columns and numbers whose values are worth it",
    )
    parametrization: str = _parameter(
        "standard",
        Choice(PARAMETRIZATIONS),
        "ntk: the learning rate of W[l] is multiplied by the standard deviation of its initial entries",
    )
    members: int = _parameter(
        1,
        Integer(low=1),
        "members that share the layers, each with its own factors of the inputs and its own output layer",
    )
    label_smoothing: float = _parameter(
        0.0,
        Real(low=0.0, high=1.0, high_open=True),
        "share of each training target that is spread over all classes",
    )
    clip_predictions: bool = _parameter(
        False, Choice((False, True)), "numbers are predicted within the range of the training targets"
    )
    monotonic_cst: tuple[int, ...] = _parameter(
        (),
        Field(
            "a sequence of -1, 0 and 1",
            lambda value: isinstance(value, tuple | list) and all(_is_integer(own) and abs(own) <= 1 for own in value),
        ),
        "of each number: whether the scores rise (1) or fall (-1) with it, or neither is asked for (0)",
    )

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            check("Hyperparameters", item.name, item.metadata["rule"], getattr(self, item.name))
        object.__setattr__(self, "hidden_layer_sizes", tuple(int(n) for n in self.hidden_layer_sizes))
        object.__setattr__(self, "monotonic_cst", tuple(int(own) for own in self.monotonic_cst))
        check_additive("Hyperparameters", self.additive, self.hidden_layer_sizes)
        check_monotonic("Hyperparameters", self.monotonic_cst, self.activation)

    def for_table(self, n: int, p: int, classes: bool) -> "Hyperparameters":
        """The same for `n` training rows of `p` numbers, with everything chosen that is left to them.

        Parameters
        ----------
        n, p : int
        classes : bool
            Whether classes or labels are predicted, and not numbers.
        """
        some_rows = MANY_ROWS < n <= ENOUGH_ROWS
        batch_size, embedding, activation = self.batch_size, self.numeric_embedding, self.activation
        if not isinstance(batch_size, int):
            exponent = round(math.log2(max(n, 1) / ROWS_PER_BATCH_ROW))
            batch_size = 2 ** min(max(exponent, SMALLEST_BATCH), LARGEST_BATCH + (n > FINE_ROWS))
        if embedding == "auto":
            # a curve that must rise is a sum of bins, and none of cosines; an additive network has nothing else
            curves = self.additive and any(self.monotonic_cst)
            finer = n > FINE_ROWS or (some_rows and p <= FEW_COLUMNS)
            bins = "fine_piecewise_linear" if finer else "piecewise_linear"
            few_columns = bins if n > MANY_ROWS or curves else "periodic"
            embedding = "none" if p > MANY_COLUMNS else few_columns
        if activation == "auto":
            activation = "silu" if n > MANY_ROWS and not any(self.monotonic_cst) else "relu"
        dropout, decay = self.dropout, self.weight_decay
        if isinstance(dropout, str):
            dropout = DROPOUT if n <= (ENOUGH_ROWS if classes else ENOUGH_FOR_NUMBERS) else 0.0
        if isinstance(decay, str):
            decay = STRONG_DECAY if some_rows and classes and not self.additive else WEIGHT_DECAY
        return dataclasses.replace(
            self,
            batch_size=batch_size,
            dropout=dropout,
            weight_decay=decay,
            numeric_embedding=embedding,
            activation=activation,
            max_iter=self.epochs(n),
        )

    def as_additive(self) -> "Hyperparameters":
        """The same for an additive model of the same table, whose curves stronger decay only flattens."""
        decay = self.weight_decay if isinstance(self.weight_decay, str) else min(self.weight_decay, WEIGHT_DECAY)
        return dataclasses.replace(self, hidden_layer_sizes=(), additive=True, alpha=0.0, weight_decay=decay)

    def epochs(self, n: int) -> int:
        """How many epochs are planned for a training on `n` rows."""
        if isinstance(self.max_iter, int):
            return self.max_iter
        if self.solved or n <= MANY_ROWS:
            return MOST_EPOCHS
        if n <= ENOUGH_ROWS:
            return round(float(MOST_EPOCHS * (n / MANY_ROWS) ** EPOCHS_POWER))
        return max(round(float(ENOUGH_EPOCHS * max(n / FEWER_ABOVE, 1.0) ** FEWER_POWER)), 1)

    def patience(self, n: int) -> int:
        """How many epochs without a better validation score end a training on `n` rows."""
        given = self.n_iter_no_change
        return given if isinstance(given, int) else next(epochs for rows, epochs in PATIENCE if n <= rows)

    @property
    def solved(self) -> bool:
        """Whether the network is solved by L-BFGS over all rows; otherwise it is trained by Adam in minibatches."""
        return self.solver == "lbfgs" or not (self.hidden_layer_sizes or self.additive)

    def shared(self) -> "Hyperparameters":
        """What networks must have in common to train as one population: everything else is at its default."""
        usual: dict[str, Any] = {
            item.name: item.default for item in dataclasses.fields(self) if item.name in _EACH_ITS_OWN
        }
        return dataclasses.replace(self, **usual)

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        lists = {name: list(getattr(self, name)) for name in ("hidden_layer_sizes", "monotonic_cst")}
        return {**dataclasses.asdict(self), **lists}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Hyperparameters":
        """The hyperparameters that `to_record` wrote.

        Raises
        ------
        ModelFileError
            It is none, or a value breaks its rule.
        """
        read = read_fields(record, "the settings", {item.name: ANYTHING for item in dataclasses.fields(cls)})
        try:
            return cls(**read)
        except (ParameterError, OverflowError) as error:
            raise ModelFileError(f"the settings: {error}") from error


# Networks that are averaged, by task and up to so many rows. Each of four leaves out a quarter of the rows: they are
# for tables of which three quarters are above MANY_ROWS.
_NETWORKS = {
    "classification": ((MANY_ROWS, 8), (math.inf, 5)),
    "regression": ((MANY_ROWS, 8), (14_000, 5), (ENOUGH_ROWS, 4), (math.inf, 5)),
}
# What a recipe chooses where the caller does not, and how many networks it averages. "plain" is the network of the
# equations and nothing else.
RECIPES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "tabular": MappingProxyType(
            {
                "activation": "auto",
                "weight_decay": "auto",
                "weight_decay_schedule": "constant",
                "dropout": "auto",
                "dropout_schedule": "constant",
                "learning_rate_init": 2e-3,
                "feature_scale": True,
                "scaling": "robust",
                "numeric_embedding": "auto",
                "one_hot_up_to": 8,
                "target_statistics": True,
                "clip_predictions": True,
                "n_networks": MappingProxyType(_NETWORKS),
            }
        ),
        "plain": MappingProxyType({}),
    }
)

"""The target: from classes, labels or numbers to Y of the equations, and from scores back to predictions."""

import re
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from leadline.errors import DataError, ModelFileError, ParameterError
from leadline.network import ElementwiseLoss
from leadline.network import loss as loss_record
from leadline.records import ANYTHING, TEXT, Field, list_of, read_fields, whole
from leadline.tables.columns import check_said, words_of
from leadline.tables.values import as_numbers, check_complete, shown, writing_of
from leadline.tables.written import WrittenNumbers, find_written, known_order, written_from_record

__all__ = ["Classes", "Labels", "Numbers", "Ordinal", "Target", "TargetStatistics"]

Array = NDArray[Any]

# exp of more has no float64.
LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class TargetStatistics:
    """The numbers fitted on a target's training rows; arrays (n[L],) in float64.

    A network learns (Y − center) / scale, and predicts nothing below `low` or above `high`.
    """

    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def unscaled(cls, n: int) -> "TargetStatistics":
        """Those of n scores that are learned as they are."""
        return cls(np.zeros(n), np.ones(n), np.full(n, -np.inf), np.full(n, np.inf))

    def smoothed(self, share: float, n: int) -> "TargetStatistics":
        """Those by which a network learns zeros and ones that stand `share` of the way to 1/n."""
        if not share:
            return self
        return replace(self, center=self.center - share / n / (1 - share), scale=self.scale / (1 - share))


@dataclass(frozen=True)
class Target:
    """What is predicted: classes, labels or numbers; see `Target.infer`.

    Attributes
    ----------
    name : str
        What messages and files call it.
    loss : str or Loss
        The loss of `leadline.network` by which it is learned.
    """

    name: str
    loss: Any

    task: ClassVar[str]
    # whether folds keep the shares of the classes
    stratified: ClassVar[bool] = False

    @classmethod
    def infer(cls, y: Array, task: str, name: str = "y", loss: Any = None, said: Any = None) -> "Target":
        """Check a target and describe it.

        Parameters
        ----------
        y : (n,) array, or (n, k) for a regression of k numbers or k labels of 0 and 1
        task : {"classification", "regression"}
            A classification of two dimensions has labels, several of which may be true of a row.
        name : str
            What messages call it.
        loss : str or Loss, optional
            Another than the one that belongs to the kind of target; of a classification, "ordinal" for classes that
            have an order.
        said : optional
            What is known of the column: words from low to high, or how its numbers are written.

        Raises
        ------
        DataError
            Values are missing or infinite, dates, or text in a regression; or there is one class only; or the loss
            cannot learn them.
        """
        check_complete(y, name)
        if np.asarray(y).dtype.kind in "mM":
            raise DataError(
                f"The target {name!r} holds dates or times; give numbers instead, for example days since a date."
            )
        if task == "regression":
            text = np.ndim(y) == 1 and np.asarray(y).dtype.kind not in "biuf"
            written = said if isinstance(said, WrittenNumbers) else None
            if text and written is None:
                written = writing_of(pd.Series(y, name=name))
            return Numbers.of(as_numbers(y, name, written), name, loss or "half_squared_error", written)
        if np.ndim(y) == 2:
            return Labels.of(np.asarray(y), name, loss)
        if isinstance(loss, str):
            return Ordinal.in_order(np.asarray(y), name, said)
        return Classes.of(np.asarray(y), name, loss)

    @property
    def classes(self) -> Array | None:
        """The classes in sorted order, (K,); None for labels and numbers."""
        return None

    @property
    def n_scores(self) -> int:
        """n[L]: output units."""
        raise NotImplementedError

    @property
    def n_predictions(self) -> int:
        """Numbers predicted for each row."""
        return self.n_scores

    @property
    def one_hot(self) -> bool:
        """Whether `encode` gives the place of a class, of which a network learns zeros and a one."""
        return False

    def encode(self, y: Array) -> NDArray[np.float64]:
        """What is learned, (n, n[L]), before it is centred and scaled; or the place of the one among zeros, (n, 1).

        Raises
        ------
        DataError
            A class that was not there in training, or what is no number or infinite in a regression.
        """
        raise NotImplementedError

    def truth(self, y: Array) -> Array:
        """The target as scores take it: places of the classes, (n,); labels or numbers, (n, k)."""
        raise NotImplementedError

    def fit(self, Y: NDArray[np.float64], w: NDArray[np.float64], clip: bool = False) -> TargetStatistics:
        """Fit on training rows, as `encode` gives them, with weights w; classes and labels are learned as they are.

        `clip`: numbers are predicted within the range of these rows.
        """
        return TargetStatistics.unscaled(self.n_scores)

    def smoothed(self, fitted: TargetStatistics, share: float) -> TargetStatistics:
        """How training targets are learned with a share of each spread over all classes; numbers stay as they are."""
        return fitted

    def learned(self, Y: NDArray[np.float64], fitted: TargetStatistics) -> NDArray[np.float64]:
        """What a network learns of rows as `encode` gives them, (n, n[L])."""
        if self.one_hot:
            Y = np.arange(self.n_scores) == Y
        return np.asarray((Y - fitted.center) / fitted.scale)

    def predictions(self, Z: Array, fitted: TargetStatistics) -> NDArray[np.float64]:
        """From raw scores Z, (m, n[L]): probabilities (m, K) or (m, k), or numbers (m, k), in float64."""
        raise NotImplementedError

    def constant(self, truth: Array, w: NDArray[np.float64]) -> NDArray[np.float64]:
        """The best that can be said without inputs, (n_predictions,): shares, means or quantiles."""
        raise NotImplementedError

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON. A loss of the caller's own is known by what it makes of scores, and by no more."""
        raise NotImplementedError

    @staticmethod
    def from_record(record: dict[str, Any]) -> "Target":
        """The target that `to_record` wrote.

        Raises
        ------
        ModelFileError
            It is none.
        """
        kind = record.get("kind") if isinstance(record, dict) else None
        if not isinstance(kind, str) or kind not in _FIELDS:
            raise ModelFileError(f"the target must be a record of {', '.join(_FIELDS)}.")
        if kind == "numbers":
            record = {"written": None, **record}
        read = read_fields(record, "the target", {"kind": TEXT, "name": TEXT, "loss": TEXT, **_FIELDS[kind]})
        try:
            output = getattr(loss_record(read["loss"]), "output_activation", "identity")
        except ParameterError as error:
            raise ModelFileError(f"the target: {error}") from error
        if kind == "numbers":
            if output not in NUMBER_OUTPUTS:
                raise ModelFileError(f"the target: the loss {read['loss']!r} is none of numbers.")
            written = read["written"]
            if written is not None:
                written = written_from_record(written, "the target: 'written'")
                if not isinstance(written, WrittenNumbers):
                    raise ModelFileError("the target: 'written' must be of numbers.")
            return Numbers(read["name"], read["loss"], read["n_outputs"], written)
        if kind == "labels":
            return Labels(read["name"], read["loss"], read["n_labels"])
        values = _values(read["values"], read["dtype"])
        if kind == "classes":
            return Classes(read["name"], read["loss"], values)
        if sorted(read["ranks"]) != list(range(len(values))):
            raise ModelFileError("the target: 'ranks' must be the place of each class in their order.")
        return Ordinal(read["name"], read["loss"], values, tuple(read["ranks"]))


# Of the fields of a target's record those that only its kind has. No file holds as many outputs as the limits allow.
_MOST = 1_000_000
_FIELDS: dict[str, dict[str, Field]] = {
    "classes": {
        "values": list_of(Field("truth values, numbers or text", lambda v: isinstance(v, bool | int | float | str))),
        "dtype": Field(
            "the type of truth values, numbers or text",
            lambda v: isinstance(v, str) and re.fullmatch(r"\|[bO]1?|[<>|=][iuf][1248]|[<>]U\d+", v) is not None,
        ),
    },
    "labels": {"n_labels": whole(1, _MOST)},
    "numbers": {"n_outputs": whole(1, _MOST), "written": ANYTHING},
}
_FIELDS["ordinal"] = {**_FIELDS["classes"], "ranks": list_of(whole(0, _MOST))}
# Output activations of the losses that a regression knows.
NUMBER_OUTPUTS = ("identity", "exp")


def _values(values: list[Any], dtype: str) -> Array:
    """Classes from a record.

    Raises
    ------
    ModelFileError
        They are not of one type, not in order, or fewer than two.
    """
    kinds = {"b": bool, "i": int, "u": int, "f": float, "U": str}
    wanted = kinds.get(dtype[1])
    one_kind = all(type(value) is wanted for value in values) if wanted else len({type(v) for v in values}) == 1
    try:
        # text is as long as its longest, whatever the record says
        array = np.array(values, dtype=object if wanted is None else str if wanted is str else dtype)
        sound = one_kind and len(array) > 1 and bool((array[1:] > array[:-1]).all())
    except (OverflowError, ValueError, TypeError):
        sound = False
    if not sound:
        raise ModelFileError("the target: 'values' must be two or more classes of the type 'dtype', in sorted order.")
    return array


@dataclass(frozen=True)
class Classes(Target):
    """One of K classes for each row.

    Attributes
    ----------
    values : (K,) array
        The classes in sorted order.
    """

    values: Array

    task = "classification"
    stratified = True

    @classmethod
    def of(cls, y: Array, name: str, loss: Any) -> "Classes":
        """The classes of a column."""
        values = np.unique(y)
        if len(values) < 2:
            raise DataError(
                f"The target {name!r} has only one class ({shown(values[0])}); nothing can be told apart. "
                "At least two classes are needed."
            )
        return cls(name, loss or ("binary_cross_entropy" if len(values) == 2 else "cross_entropy"), values)

    @property
    def classes(self) -> Array:
        """The classes in sorted order, (K,)."""
        return self.values

    @property
    def n_scores(self) -> int:
        """One unit for two classes, else one for each."""
        return 1 if len(self.values) == 2 else len(self.values)

    @property
    def n_predictions(self) -> int:
        """K."""
        return len(self.values)

    @property
    def one_hot(self) -> bool:
        """For more than two classes."""
        return len(self.values) > 2

    def encode(self, y: Array) -> NDArray[np.float64]:
        """The places of the classes; 0 and 1 for two."""
        return self.truth(y)[:, None].astype(np.float64)

    def truth(self, y: Array) -> NDArray[np.int64]:
        """The place of each value among the classes, (n,)."""
        y = np.asarray(y)
        if y.dtype.kind in "biuf" and self.values.dtype.kind in "biuf":
            codes = np.minimum(np.searchsorted(self.values, y), len(self.values) - 1)
            codes[self.values[codes] != y] = -1
        else:
            place = {value: c for c, value in enumerate(self.values.tolist())}
            codes = np.array([place.get(value, -1) for value in y.tolist()], dtype=np.int64)
        unknown = np.flatnonzero(codes < 0)
        if len(unknown):
            row = int(unknown[0])
            known = ", ".join(map(str, self.values[:10]))
            raise DataError(
                f"The target {self.name!r} has the class {shown(y[row])} in row {row + 1}, which was not there in "
                f"training; known are {known}."
            )
        return codes

    def smoothed(self, fitted: TargetStatistics, share: float) -> TargetStatistics:
        """A share of each row is spread over all classes (Szegedy et al. 2016)."""
        return fitted.smoothed(share, len(self.values))

    def predictions(self, Z: Array, fitted: TargetStatistics) -> NDArray[np.float64]:
        """Softmax, or the sigmoid for two classes."""
        Z = np.asarray(Z, dtype=np.float64)
        if len(self.values) == 2:
            # each from its own exponential: 1 − p would round a small probability to zero
            Z = np.concatenate([-Z / 2, Z / 2], axis=1)
        E = np.exp(Z - Z.max(axis=1, keepdims=True))
        return np.asarray(E / E.sum(axis=1, keepdims=True))

    def constant(self, truth: Array, w: NDArray[np.float64]) -> NDArray[np.float64]:
        """The shares of the classes."""
        return np.asarray(np.bincount(truth, weights=w, minlength=len(self.values)) / w.sum())

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        loss = self.loss if isinstance(self.loss, str) else Classes.of(self.values, self.name, None).loss
        values = {"values": self.values.tolist(), "dtype": self.values.dtype.str}
        return {"kind": "classes", "name": self.name, "loss": loss, **values}


@dataclass(frozen=True)
class Ordinal(Classes):
    """One of K classes that have an order.

    A network has K − 1 scores; the sigmoid of score k is the probability that a row is beyond the k-th class (Frank and
    Hall 2001, Cheng et al. 2008). Their cross-entropies add up, so that a prediction pays for every class that lies
    between it and the truth.

    Attributes
    ----------
    ranks : tuple of int
        Of each class in sorted order, its place from low to high.
    """

    ranks: tuple[int, ...]

    @classmethod
    def in_order(cls, y: Array, name: str, said: Any = None) -> "Ordinal":
        """The classes of a column, in the order that was said, of the numbers that they are, or that is known.

        Raises
        ------
        DataError
            There is one class only, or their order is not known.
        """
        values = Classes.of(y, name, None).values
        words = [str(word) for word in words_of(pd.Series(values, dtype=object))]
        order = check_said({name: said}, [name]).get(name) if said is not None else None
        if order is None and values.dtype.kind not in "biuf":
            order = writing_of(pd.Series(words)) or known_order(words) or find_written(name, words)
        places = np.arange(len(values)) if order is None else order.read(words)
        if len(np.unique(places[~np.isnan(places)])) < len(values) or (
            order is None and values.dtype.kind not in "biuf" and len(values) > 2
        ):
            example = ",".join(words[:3])
            raise DataError(
                f"The order of the classes of {name!r} is not known: {', '.join(words[:10])}. Say it, from low to "
                f"high: --column {name}={example},… on the command line, ordered categories of pandas in Python."
            )
        return cls(name, "ordinal_cross_entropy", values, tuple(np.argsort(np.argsort(places)).tolist()))

    @property
    def n_scores(self) -> int:
        """One unit for each threshold."""
        return len(self.values) - 1

    @property
    def one_hot(self) -> bool:
        """Never."""
        return False

    @property
    def in_their_order(self) -> list[Any]:
        """The classes from low to high."""
        return [self.values[i] for i in np.argsort(self.ranks)]

    def encode(self, y: Array) -> NDArray[np.float64]:
        """Whether each row is beyond the first class, the second, …, (n, K − 1)."""
        return (np.array(self.ranks)[self.truth(y), None] > np.arange(self.n_scores)).astype(np.float64)

    def smoothed(self, fitted: TargetStatistics, share: float) -> TargetStatistics:
        """A share of each row is spread over all classes."""
        if not share:
            return fitted
        beyond = np.arange(self.n_scores, 0, -1) / len(self.values)
        return replace(fitted, center=-share / (1 - share) * beyond, scale=fitted.scale / (1 - share))

    def predictions(self, Z: Array, fitted: TargetStatistics) -> NDArray[np.float64]:
        """Differences of the probabilities to be beyond each class, in descending order so that none is negative."""
        beyond = -np.sort(-expit(np.asarray(Z, dtype=np.float64)), axis=1)
        edge = np.ones((len(beyond), 1))
        of_places = np.hstack([edge, beyond]) - np.hstack([beyond, 0.0 * edge])
        return np.asarray(of_places[:, list(self.ranks)])

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        return {**super().to_record(), "kind": "ordinal", "ranks": list(self.ranks)}


@dataclass(frozen=True)
class Labels(Target):
    """k labels, any number of which are true of a row.

    Attributes
    ----------
    n_labels : int
        k.
    """

    n_labels: int

    task = "multilabel"

    @classmethod
    def of(cls, y: Array, name: str, loss: Any) -> "Labels":
        """The labels of a matrix of 0 and 1, (n, k)."""
        target = cls(name, loss or "multilabel_cross_entropy", y.shape[1])
        target.truth(y)
        return target

    @property
    def n_scores(self) -> int:
        """One unit for each label."""
        return self.n_labels

    def encode(self, y: Array) -> NDArray[np.float64]:
        """The labels as they are."""
        return self.truth(y).astype(np.float64)

    def truth(self, y: Array) -> NDArray[np.int64]:
        """0 or 1 for each label, (n, k)."""
        y = np.asarray(y)
        if y.shape[1:] != (self.n_labels,):
            raise DataError(f"The target {self.name!r} must have {self.n_labels} labels in each row; got {y.shape}.")
        try:
            numbers = y.astype(np.float64)
        except (TypeError, ValueError):
            numbers = np.full(y.shape, np.nan)
        strange = np.flatnonzero(~np.isin(numbers, (0.0, 1.0)).all(axis=1))
        if len(strange):
            row = int(strange[0])
            raise DataError(
                f"The labels of {self.name!r} must be 0 or 1; row {row + 1} has {y[row].tolist()}. For several columns "
                "of classes use sklearn.multioutput.MultiOutputClassifier(DeepClassifier()), a model for each."
            )
        return numbers.astype(np.int64)

    def smoothed(self, fitted: TargetStatistics, share: float) -> TargetStatistics:
        """A share of each label is spread over "true" and "false"."""
        return fitted.smoothed(share, 2)

    def predictions(self, Z: Array, fitted: TargetStatistics) -> NDArray[np.float64]:
        """The sigmoid: the probability of each label."""
        return np.asarray(expit(np.asarray(Z, dtype=np.float64)))

    def constant(self, truth: Array, w: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share of rows that have each label."""
        return np.asarray(np.average(truth, axis=0, weights=w))

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        loss = self.loss if isinstance(self.loss, str) else "multilabel_cross_entropy"
        return {"kind": "labels", "name": self.name, "loss": loss, "n_labels": self.n_labels}


@dataclass(frozen=True)
class Numbers(Target):
    """k numbers for each row, or several quantiles of each.

    Squared, absolute and Huber's error and quantiles learn numbers that are centred at their mean and divided by their
    standard deviation. A loss whose output is exp(Z), as Poisson's, learns them divided by their mean.

    Attributes
    ----------
    n_outputs : int
        k.
    written : WrittenNumbers or None
        How text of numbers is read, where the target's column is text.
    """

    n_outputs: int
    written: WrittenNumbers | None = None

    task = "regression"

    @classmethod
    def of(cls, y: NDArray[np.float64], name: str, loss: Any, written: WrittenNumbers | None = None) -> "Numbers":
        """The target of these numbers, (n,) or (n, k)."""
        target = cls(name, loss, 1 if y.ndim == 1 else y.shape[1], written)
        if target.output_activation not in NUMBER_OUTPUTS:
            raise ParameterError(
                f"A regression knows losses whose output activation is identity or exp; that of {loss!r} is "
                f"{target.output_activation}."
            )
        negative = np.flatnonzero((y.reshape(len(y), -1) < 0).any(axis=1))
        if target.output_activation == "exp" and len(negative):
            row = int(negative[0])
            raise DataError(
                f"The target {name!r} has {shown(y[row])} in row {row + 1}; the loss "
                f"{getattr(loss, 'name', loss)!r} needs numbers of at least 0."
            )
        return target

    @property
    def output_activation(self) -> str:
        """What turns scores into numbers: "identity" or "exp"."""
        return str(getattr(loss_record(self.loss), "output_activation", "identity"))

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The shares whose quantiles are predicted; empty for other losses."""
        record = loss_record(self.loss)
        return record.parameters if isinstance(record, ElementwiseLoss) and record.name.startswith("quantile(") else ()

    @property
    def n_scores(self) -> int:
        """One unit for each number and quantile."""
        return self.n_outputs * max(len(self.quantiles), 1)

    def encode(self, y: Array) -> NDArray[np.float64]:
        """The numbers as they are, once for each quantile."""
        return np.repeat(self.truth(y), max(len(self.quantiles), 1), axis=1)

    def truth(self, y: Array) -> NDArray[np.float64]:
        """The numbers, (n, k)."""
        return as_numbers(y, self.name, self.written).reshape(len(y), self.n_outputs)

    def fit(self, Y: NDArray[np.float64], w: NDArray[np.float64], clip: bool = False) -> TargetStatistics:
        """Mean and standard deviation of Y, zero and the mean where the output is exp(Z); and its range."""
        center = np.average(Y, axis=0, weights=w)
        scale = np.sqrt(np.average((Y - center) ** 2, axis=0, weights=w))
        if self.output_activation == "exp":
            center, scale = np.zeros(self.n_scores), center
        fitted = replace(TargetStatistics.unscaled(self.n_scores), center=center, scale=np.where(scale > 0, scale, 1.0))
        return replace(fitted, low=Y.min(axis=0), high=Y.max(axis=0)) if clip else fitted

    def predictions(self, Z: Array, fitted: TargetStatistics) -> NDArray[np.float64]:
        """The numbers; quantiles in the order of their shares, so that none crosses another."""
        Z = np.asarray(Z, dtype=np.float64)
        if self.output_activation == "exp":
            numbers = np.exp(np.minimum(Z, LARGEST_EXPONENT)) * fitted.scale
        else:
            numbers = Z * fitted.scale + fitted.center
        numbers = np.clip(numbers, fitted.low, fitted.high)
        if len(self.quantiles) > 1:
            # sorted estimates are never worse than crossing ones (Chernozhukov, Fernández-Val & Galichon 2010)
            places = np.argsort(np.argsort(self.quantiles))
            by_quantile = np.sort(numbers.reshape(len(Z), self.n_outputs, -1), axis=2)
            numbers = by_quantile[:, :, places].reshape(numbers.shape)
        return np.asarray(numbers)

    def constant(self, truth: Array, w: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean, the median for absolute error, or the quantiles of each number."""
        shares = self.quantiles or ((0.5,) if self.loss == "absolute_error" else ())
        if not shares:
            return np.asarray(np.average(truth, axis=0, weights=w))
        found = [np.quantile(column, shares, weights=w, method="inverted_cdf") for column in truth.T]
        return np.concatenate(found)

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        stand_in = "poisson" if self.output_activation == "exp" else "half_squared_error"
        loss = self.loss if isinstance(self.loss, str) else stand_in
        written = {} if self.written is None else {"written": self.written.to_record()}
        return {"kind": "numbers", "name": self.name, "loss": loss, "n_outputs": self.n_outputs, **written}

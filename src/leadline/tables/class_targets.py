"""Targets that are classes: one of K for each row, one of K that have an order, or labels of which several are true."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from leadline.errors import DataError
from leadline.tables.columns import check_said, words_of
from leadline.tables.target import Target, TargetStatistics
from leadline.tables.values import shown, writing_of
from leadline.tables.written import find_written, known_order

__all__ = ["Classes", "Labels", "Ordinal"]

Array = NDArray[Any]


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

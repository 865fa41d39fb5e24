"""What the caller gives to an estimator, read and checked: table, target, weights and seed; and rules of several."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from leadline.errors import DataError, ParameterError
from leadline.estimators.monotonic import constrained_names
from leadline.network import Loss
from leadline.records import Field
from leadline.tables import (
    Cross,
    Dataset,
    Encoded,
    Layout,
    Target,
    as_frame,
    check_complete,
    collected_target,
    encodable,
    has_names,
    in_order,
    infer_target,
    is_dataset,
    nearest,
    shown,
)
from leadline.training import one_blas_thread

__all__ = [
    "RANDOM_STATE",
    "VERBOSE",
    "Given",
    "as_dataset",
    "as_weights",
    "column_of",
    "draw_seed",
    "read_input",
]

Array = NDArray[Any]


@dataclass(frozen=True)
class Given:
    """What the caller gave to `fit`, checked: n rows of positive weight.

    Attributes
    ----------
    frame : DataFrame
    layout : Layout
    encoded : Encoded
    y : (n,) or (n, k) array
    w : (n,) array
    all_y : array
        The target with the rows of zero weight.
    kept : (n,) array of int
        Which of the caller's rows these are: those of positive weight.
    target : Target
    """

    frame: pd.DataFrame
    layout: Layout
    encoded: Encoded
    y: Array
    w: Array
    all_y: Array
    kept: Array
    target: Target

    def some(self, rows: NDArray[np.integer]) -> "Given":
        """Some of the rows, as if the caller had given no others."""
        frame, everything = self.frame.iloc[rows].reset_index(drop=True), np.arange(len(rows))
        y, encoded = self.y[rows], self.encoded[rows]
        return Given(frame, self.layout, encoded, y, self.w[rows], y, everything, self.target)

    def reading(self, crosses: tuple[Cross, ...]) -> "Given":
        """The same where some columns are also read value by value."""
        return replace(
            self, layout=replace(self.layout, crosses=crosses), encoded=replace(self.encoded, crosses=crosses)
        )


def read_input(
    X: Any,
    y: Any,
    sample_weight: Any,
    task: str,
    loss: str | Loss | None = None,
    class_weight: Any = None,
    layout: Layout | None = None,
    target: Target | None = None,
    columns: Mapping[str, Any] | None = None,
    monotonic_cst: Any = None,
) -> Given:
    """Check what was given to `fit`.

    Parameters
    ----------
    X, y, sample_weight
        As the caller gave them.
    task : {"classification", "regression"}
    loss : str or Loss, optional
        See `infer_target`.
    class_weight : mapping, "balanced" or None
        Weights by class, which multiply those of the rows.
    layout, target : optional
        What is known of columns and target from other rows.
    columns : mapping, optional
        What is known of some columns; see `Layout.infer`.
    monotonic_cst : optional
        As `constraints_of` takes it: the places of a constrained date in cycles are no inputs.

    Raises
    ------
    DataError
        The table, the target or the weights cannot be used; the message says where and why.
    """
    frame = as_frame(X)
    if y is None:
        raise DataError("requires y to be passed, but the target y is None.")
    y = collected_target(y)
    said = (columns or {}).get(str(getattr(y, "name", "y")))
    if said is None and isinstance(getattr(y, "dtype", None), pd.CategoricalDtype) and y.dtype.ordered:
        said = list(y.dtype.categories)
    name = str(y.name) if isinstance(y, pd.Series) and y.name is not None else "y"
    y = _as_target(y, name, task)
    check_complete(y, name)
    if task == "classification":
        _check_finite(y, name)
        try:
            check_classification_targets(y)
        except ValueError as error:
            raise DataError(f"The target {name!r} does not hold classes. {error}") from error
    if len(frame) == 0:
        raise DataError("Found array with 0 sample(s), a table without rows; at least 2 are needed.")
    if frame.shape[1] == 0:
        raise DataError(f"Found array with 0 feature(s) (shape={frame.shape}) while a minimum of 1 is required.")
    if len(frame) != len(y):
        raise DataError(f"X has {len(frame):,} rows but y has {len(y):,}: inconsistent numbers of samples.")
    w = as_weights(sample_weight, len(frame)) * _class_weights(class_weight, y)
    all_y, kept = y, np.flatnonzero(w > 0)
    if len(y) <= np.iinfo(np.int32).max:
        kept = kept.astype(np.int32)
    if len(kept) < len(frame):
        frame, y, w = frame.iloc[kept].reset_index(drop=True), y[kept], w[kept]
    if len(frame) < 2 and layout is None:
        raise DataError(f"Found {len(frame)} sample, one row of positive weight; at least 2 are needed.")
    if target is None:
        target = infer_target(y, task, name, loss, said)
    else:
        target.truth(y)
    if layout is None:
        # where columns have names, their order says nothing
        known = {known: what for known, what in (columns or {}).items() if known != name}
        unknown = [own for own in known if own not in frame.columns]
        if unknown:
            raise ParameterError(
                f"columns: there is no column {unknown[0]!r}.{nearest(unknown[0], list(frame.columns))}"
            )
        layout = Layout.infer(frame[in_order(frame.columns)] if has_names(X) else frame, known)
        with one_blas_thread():
            layout = layout.fitted(frame).without_cycles(constrained_names(monotonic_cst, list(frame.columns)))
    return Given(frame, layout, layout.encode(frame), y, w, all_y, kept, target)


def _as_target(y: Any, name: str, task: str) -> Array:
    if hasattr(y, "toarray"):
        y = y.toarray()
    array = y.to_numpy() if hasattr(y, "to_numpy") else np.asarray(y)
    if array.dtype.kind == "c":
        raise DataError("Complex data not supported: y has complex values.")
    if array.dtype.kind in "OU":
        _check_encodable(array, name)
    if array.dtype.kind == "O" or "str" in str(array.dtype):
        array = np.array(pd.Series(array.ravel()).infer_objects().to_numpy()).reshape(array.shape)
    if array.ndim == 2 and array.shape[1] == 1:
        return np.asarray(column_or_1d(array, warn=task == "classification"))
    if array.ndim not in (1, 2):
        several = "labels" if task == "classification" else "numbers"
        raise DataError(f"y must have one dimension, or two for several {several}: bad input shape {array.shape}.")
    return array


def _check_encodable(y: Array, name: str) -> None:
    """Raise DataError if a target of text, (n,) or (n, k), has half a character somewhere: a class keeps its name."""
    for i, value in enumerate(y.ravel()):
        if isinstance(value, str) and encodable(value) != value:
            row = i * len(y) // y.size
            raise DataError(
                f"The target {name!r} has {shown(value)} in row {row + 1}: half a character, which no file can hold. "
                "Replace it or leave the row out."
            )


def _check_finite(y: Array, name: str) -> None:
    if y.dtype.kind != "f":
        return
    infinite = np.flatnonzero(np.isinf(y) if y.ndim == 1 else np.isinf(y).any(axis=1))
    if len(infinite):
        row = int(infinite[0])
        raise DataError(f"The target {name!r} has an infinite value (infinity) in row {row + 1}; leave the row out.")


def _class_weights(class_weight: Any, y: Array) -> Array | float:
    """The weight of each row by its class, (n,)."""
    if class_weight is None:
        return 1.0
    try:
        return np.asarray(compute_sample_weight(class_weight, y))
    except (ValueError, TypeError) as error:
        raise DataError(f"class_weight cannot be used: {error}") from error


def as_weights(sample_weight: Any, n: int) -> Array:
    """The weights of n rows in float64; ones where none are given.

    Raises
    ------
    DataError
        They are not one finite number of at least 0 for each row, or all are 0.
    """
    if sample_weight is None:
        return np.ones(n)
    w = np.asarray(sample_weight, dtype=np.float64)
    if w.ndim == 0:
        w = np.full(n, float(w))
    if w.shape != (n,):
        raise DataError(f"sample_weight.shape == {w.shape}, expected ({n},): one weight for each row.")
    bad = np.flatnonzero(~np.isfinite(w) | (w < 0))
    if len(bad):
        raise DataError(f"sample_weight must be finite and not negative; got {w[bad[0]]} in row {int(bad[0]) + 1}.")
    if not w.any():
        raise DataError("sample_weight is zero in every row: nothing is left to learn from.")
    return w


def draw_seed(random_state: Any) -> int:
    """A seed from what scikit-learn calls random_state: the integer itself, or one drawn from it or from entropy."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(random_state.integers(2**31) if hasattr(random_state, "integers") else random_state.randint(2**31 - 1))


def _is_random_state(value: Any) -> bool:
    if value is None or isinstance(value, np.random.Generator | np.random.RandomState):
        return True
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= 0


# Rules that several estimators have.
RANDOM_STATE = Field("an integer of at least 0, a Generator, a RandomState or None", _is_random_state)
VERBOSE = Field("True, False or a whole number", lambda value: isinstance(value, bool | int | np.integer))


def as_dataset(X: Any) -> Dataset:
    """What `is_dataset` says is one, as ours."""
    return X if isinstance(X, Dataset) else Dataset(X)


def column_of(X: Any, y: Any) -> Any:
    """A column of a dataset that `y` names, (n,); else `y` as it is."""
    return as_dataset(X).column(y) if is_dataset(X) and isinstance(y, str) else y

"""Which kind of target a column is, and which one a record was written of."""

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leadline.errors import DataError, ModelFileError, ParameterError
from leadline.network import loss as loss_record
from leadline.records import ANYTHING, TEXT, Field, list_of, read_fields, whole
from leadline.tables.class_targets import Classes, Labels, Ordinal
from leadline.tables.number_targets import NUMBER_OUTPUTS, Numbers
from leadline.tables.target import Target
from leadline.tables.values import as_numbers, check_complete, writing_of
from leadline.tables.written import WrittenNumbers, written_from_record

__all__ = ["infer_target", "target_from_record"]

Array = NDArray[Any]

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


def infer_target(y: Array, task: str, name: str = "y", loss: Any = None, said: Any = None) -> Target:
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


def target_from_record(record: dict[str, Any]) -> Target:
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

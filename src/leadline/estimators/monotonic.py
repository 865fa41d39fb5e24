"""What `monotonic_cst` asks for, as the constraint of each number that a network reads."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leadline.errors import ParameterError
from leadline.records import Field
from leadline.tables import CategoryColumn, Layout, NumberColumn, Target, nearest

__all__ = ["MONOTONIC", "constrained_names", "constraints_of"]


def _allowed(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, str) or not isinstance(value, Mapping | Sequence | np.ndarray):
        return False
    each: list[Any] = list(value.values()) if isinstance(value, Mapping) else np.ravel(np.array(value, object)).tolist()
    return all(isinstance(own, int | np.integer) and not isinstance(own, bool) and abs(int(own)) <= 1 for own in each)


MONOTONIC = Field("None, a dictionary of columns, or a sequence with one entry for each, of -1, 0 and 1", _allowed)


def constrained_names(asked: Any, names: Sequence[str]) -> set[str]:
    """The columns among `names` that are asked to be constrained; `constraints_of` says what is wrong with `asked`."""
    if asked is None:
        return set()
    each = asked.items() if isinstance(asked, Mapping) else zip(names, asked, strict=False)
    return {str(name) for name, own in each if own}


def constraints_of(owner: str, asked: Any, names: Sequence[str], layout: Layout, target: Target) -> tuple[int, ...]:
    """The constraint of each number of a layout, (p,): -1, 0 or 1; empty where nothing is asked for.

    Parameters
    ----------
    owner : str
        Whose parameter it is, for messages.
    asked : mapping, sequence or None
        By the names of columns, or by their place among `names`.
    names : sequence of str
        The columns of the table.
    layout : Layout
    target : Target

    Raises
    ------
    ParameterError
        A column is not there, or has categories; there are more or fewer entries than columns; or the target has more
        than two classes, whose probabilities cannot all rise.
    """
    if asked is None:
        return ()
    if isinstance(asked, Mapping):
        unknown = [str(name) for name in asked if name not in names]
        if unknown:
            hint = nearest(unknown[0], list(names))
            raise ParameterError(f"{owner}.monotonic_cst names the column {unknown[0]!r}, which is not in X.{hint}")
        wanted = {str(name): int(own) for name, own in asked.items()}
    else:
        if np.shape(asked) != (len(names),):
            raise ParameterError(
                f"{owner}.monotonic_cst must have one entry for each of the {len(names)} columns of X; got "
                f"{np.size(asked)}."
            )
        wanted = {name: int(own) for name, own in zip(names, asked, strict=True)}
    constrained = {name: own for name, own in wanted.items() if own}
    if constrained and target.classes is not None and len(target.classes) > 2:
        raise ParameterError(
            f"{owner}.monotonic_cst cannot be used for {len(target.classes)} classes, only for two classes and for "
            "numbers: the probabilities of several classes cannot all rise with a column."
        )
    for column in layout.columns:
        if not isinstance(column, NumberColumn) and column.name in constrained:
            what = "categories have" if isinstance(column, CategoryColumn) else "text has"
            raise ParameterError(f"{owner}.monotonic_cst constrains the column {column.name!r}, whose {what} no order.")
    found = tuple(constrained.get(column.name, 0) for column in layout.number_columns)
    return found if any(found) else ()

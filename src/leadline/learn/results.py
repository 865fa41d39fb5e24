"""What a learner's function gave: its quantities, whether they are the right ones, and the first number that is not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from leadline.learn.finding import Finding
from leadline.learn.functions import Case, Function, Quantity

__all__ = ["Misread", "Tried", "alike", "arrays", "backwards", "holds", "law", "read", "same", "with_numbers"]

# Numbers agree up to this share: a small ε inside a logarithm is no slip.
RELATIVE, ABSOLUTE = 1e-5, 1e-8


class Misread(Exception):
    """What a function gave cannot be read; the arguments are a slip's name and its words."""


@dataclass
class Tried:
    """One case, tried: what came out, or what was raised."""

    case: Case
    expected: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    error: BaseException | None = None
    changed: str = ""


def law(quantity: Quantity) -> str:
    """The law of shapes of a quantity."""
    return {"dW": "(n[l], n[l-1])", "db": "(n[l], 1)", "dA_prev": "(n[l-1], m)"}.get(quantity.name, "(n[l], m)")


def backwards(names: Mapping[str, Any]) -> list[str]:
    """dW3, db3, dW2, …: in the order in which backward makes them."""
    return sorted(names, key=lambda key: (-int(key.lstrip("dWbA") or 0), key.lower()))


def with_numbers(finding: Finding, quantity: Quantity, own: Tried) -> Finding:
    """Add the first number that is wrong and the one that should stand there."""
    got: Any = own.values.get(quantity.name)
    expected: Any = own.expected[quantity.name]
    finding.case = own.case.about
    label = quantity.name
    if isinstance(expected, dict):
        assert isinstance(got, dict)
        order = backwards(expected) if quantity.name == "grads" else sorted(expected)
        label = next((key for key in order if not same(got.get(key), expected[key])), order[0])
        got, expected = got.get(label), expected[label]
        finding.quantity = label
    if np.shape(got) != np.shape(expected):
        finding.index, finding.got, finding.expected = f"{label}.shape", str(np.shape(got)), str(np.shape(expected))
        return finding
    far = ~np.isclose(np.asarray(got, float), np.asarray(expected, float), RELATIVE, ABSOLUTE)
    place = tuple(int(i) for i in np.argwhere(far)[0]) if far.any() else ()
    finding.index = f"{label}[{','.join(map(str, place))}]" if place else label
    finding.got, finding.expected = f"{np.asarray(got)[place]:.6g}", f"{np.asarray(expected)[place]:.6g}"
    return finding


def same(got: Any, expected: Any) -> bool:
    """Whether what came out is what should, to rounding."""
    if isinstance(expected, dict):
        return isinstance(got, dict) and all(key in got and same(got[key], expected[key]) for key in expected)
    try:
        x, y = np.asarray(got, dtype=float), np.asarray(expected, dtype=float)
    except (TypeError, ValueError):
        return False
    return x.shape == y.shape and bool(np.allclose(x, y, RELATIVE, ABSOLUTE))


def arrays(thing: Any, depth: int = 0) -> Iterator[np.ndarray[Any, Any]]:
    """Every array in a value, however it is packed."""
    if isinstance(thing, np.ndarray):
        yield thing
    elif depth < 6:
        inside: Any = ()
        if isinstance(thing, Mapping):
            inside = thing.values()
        elif isinstance(thing, list | tuple | set):
            inside = thing
        elif hasattr(thing, "__dict__") and not isinstance(thing, type):
            inside = vars(thing).values()
        for own in inside:
            yield from arrays(own, depth + 1)


def holds(cache: Any, wanted: Any) -> bool:
    """Whether an array is somewhere in a cache."""
    return any(same(own, wanted) or same(own.T, wanted) for own in arrays(cache))


def alike(one: Any, other: Any) -> bool:
    """Whether two caches hold the same arrays."""
    x, y = list(arrays(one)), list(arrays(other))
    return len(x) == len(y) > 0 and all(same(a, b) for a, b in zip(x, y, strict=True))


def read(function: Function, result: Any, inputs: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """The quantities in what a function gave."""
    name = function.name
    if result is None:
        raise Misread(
            "returns nothing",
            (f"it returns nothing; the course's returns {function.returns}", f"没有返回值;应返回 {function.returns}"),
        )
    if name == "initialize_parameters_deep":
        return {}
    if name in ("linear_backward", "linear_activation_backward"):
        if not isinstance(result, tuple | list) or len(result) != 3:
            raise Misread("other results", ("it must return dA_prev, dW, db", "应返回 dA_prev、dW、db"))
        values = dict(zip(("dA_prev", "dW", "db"), result, strict=True))
        if not all(same(values[key], expected[key]) for key in values):
            for order in (
                ("dW", "db", "dA_prev"),
                ("dA_prev", "db", "dW"),
                ("dW", "dA_prev", "db"),
                ("db", "dW", "dA_prev"),
                ("db", "dA_prev", "dW"),
            ):
                turned = dict(zip(order, result, strict=True))
                if all(same(turned[key], expected[key]) for key in turned):
                    raise Misread(
                        "order of the results",
                        (
                            f"the numbers are right, but returned as {', '.join(order)}; the course's order is dA_prev, dW, db",
                            f"数是对的,但返回顺序是 {', '.join(order)};课程的顺序是 dA_prev, dW, db",
                        ),
                    )
        return values
    if name in ("L_model_backward", "update_parameters"):
        if not isinstance(result, Mapping):
            raise Misread(
                "no dictionary", (f"it must return a dictionary, {function.returns}", f"应返回字典 {function.returns}")
            )
        key = function.quantities[0].name
        _check_keys(result, expected[key])
        return {key: dict(result)}
    quantity = function.quantities[0].name
    value = result[0] if isinstance(result, tuple) and len(result) == 2 else result
    if isinstance(value, tuple | list) and value is not result:
        raise Misread(
            "a pair not taken apart",
            (
                f"the first thing that it returns is itself a pair: take it apart where it comes from, as in {quantity}, cache = …",
                f"返回的第一个值本身是一对:要在得到它的地方拆开,例如 {quantity}, cache = …",
            ),
        )
    if isinstance(value, tuple | list):
        raise Misread(
            "other results",
            (
                f"it returns {len(value)} things; the course's returns {function.returns}",
                f"返回了 {len(value)} 个值;应返回 {function.returns}",
            ),
        )
    if quantity == "J":
        if np.size(value) != 1:
            raise Misread(
                "not one number",
                (
                    f"the cost is one number; got the shape {np.shape(value)}: sum over the examples",
                    f"代价是一个数;得到的形状是 {np.shape(value)}:要对样本求和",
                ),
            )
        value = float(np.asarray(value).ravel()[0])
    return {quantity: value}


def _check_keys(result: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    missing = [key for key in backwards(expected) if key not in result]
    if not missing:
        shifted = {key: f"{key.rstrip('0123456789')}{int(key.lstrip('dWbA')) - 1}" for key in expected}
        if (
            all(same(result[shifted[key]], expected[key]) for key in expected if shifted[key] in expected)
            and not same(dict(result), dict(expected))
            and len(expected) > 2
        ):
            raise _shifted()
        return
    if any(key.endswith("0") and key[:2] in ("dW", "db") for key in result):
        raise _shifted()
    raise Misread(
        "keys missing",
        (f"{', '.join(missing)} missing: layers are l = 1 … L", f"缺少 {'、'.join(missing)}:层是 l = 1 … L"),
    )


def _shifted() -> Misread:
    return Misread(
        "keys shifted",
        (
            "the gradients stand one layer too low: dW of layer l belongs into grads['dW' + str(l)], with l from 1",
            "梯度的编号少了 1:第 l 层的 dW 应放在 grads['dW' + str(l)],l 从 1 数起",
        ),
    )

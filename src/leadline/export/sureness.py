"""How sure a prediction is, in a graph: the ends of intervals, and which classes or labels are in a set."""

from typing import Any

import numpy as np

from leadline.search import Intervals, Sets
from leadline.search.conformal import KNOTS
from leadline.tables import Classes

__all__ = ["interval_nodes", "set_node"]


def interval_nodes(graph: Any, intervals: Intervals, predictions: str, coverage: float, prefix: str) -> list[str]:
    """The nodes "lower" and "upper", with a prefix, (N, k) in float64, from predictions (N, n[L]) in float64."""
    target, low_high = intervals.target, intervals.ends(coverage)
    k, quantiles = target.n_outputs, len(target.quantiles)

    def number(name: str, value: Any) -> str:
        return str(graph.constant(f"interval/{name}", value, np.float64))

    centres = levels = predictions
    if quantiles > 1:
        nearest = int(np.argmin(np.abs(np.array(target.quantiles) - 0.5)))
        order = np.arange(k * quantiles).reshape(k, quantiles)
        least, most = order[:, int(np.argmin(target.quantiles))], order[:, int(np.argmax(target.quantiles))]
        centres, lowest, highest = (
            graph.node(
                "Gather", f"interval/{name}", predictions, graph.constant(f"interval/{name}_of", own, np.int64), axis=1
            )
            for name, own in (("centre", order[:, nearest]), ("lowest", least), ("highest", most))
        )
        levels = graph.node("Sub", "interval/apart", highest, lowest)
    total = number("first_size", intervals.sizes[:, 0])
    none = number("none", 0.0)
    for j in range(KNOTS - 1):
        width = intervals.knots[:, j + 1] - intervals.knots[:, j]
        slope = (intervals.sizes[:, j + 1] - intervals.sizes[:, j]) / np.where(width > 0, width, np.inf)
        beyond = graph.node("Sub", f"interval/beyond_{j}", levels, number(f"knot_{j}", intervals.knots[:, j]))
        above = graph.node("Max", f"interval/above_{j}", beyond, none)
        within = graph.node("Min", f"interval/within_{j}", above, number(f"width_{j}", width))
        step = graph.node("Mul", f"interval/step_{j}", within, number(f"slope_{j}", slope))
        total = graph.node("Add", f"interval/total_{j}", total, step)
    size = graph.node("Exp", "interval/size", total)
    made = []
    for name, score in zip(("lower", "upper"), low_high, strict=True):
        far = graph.node("Mul", f"interval/{name}_far", size, number(f"{name}_score", score))
        if name == "lower" and intervals.positive:
            made.append(graph.node("Max", f"{prefix}{name}", graph.node("Add", "interval/end", centres, far), none))
        else:
            made.append(graph.node("Add", f"{prefix}{name}", centres, far))
    return made


def set_node(graph: Any, sets: Sets, probabilities: str, coverage: float, prefix: str) -> str:
    """The node "set", with a prefix, (N, K) of truth values, from probabilities (N, K) in float32."""
    limits = graph.constant("set/limits", sets.limits(coverage), np.float32)
    if not isinstance(sets.target, Classes):
        return str(graph.node("GreaterOrEqual", f"{prefix}set", probabilities, limits))
    probable = graph.node("GreaterOrEqual", "set/probable", probabilities, limits)
    width = graph.constant("set/width", [sets.target.n_predictions], np.int64)
    place = graph.node("ArgMax", "set/place", probabilities, axis=1, keepdims=0)
    ends = graph.constant("set/ends", [0, 1], np.int64)
    most = graph.cast("set/most", graph.node("OneHot", "set/one", place, width, ends, axis=1), np.bool_)
    return str(graph.node("Or", f"{prefix}set", probable, most))

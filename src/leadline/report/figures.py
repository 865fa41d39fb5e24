"""Figures of a search: depths compared, learning curves, cost; from the facts of a study to Vega-Lite."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from leadline.report.specs import (
    ACCENT,
    BAND,
    COLOURS,
    INK,
    MOST_STEPS,
    PALE,
    SOFT,
    ZOOM,
    Figure,
    Spec,
    axis,
    by_row,
    epochs_axis,
    percent,
    tooltip,
)
from leadline.search import ADDITIVE, name_of

__all__ = [
    "answers",
    "cost",
    "curves",
    "ladder",
    "rows_curve",
]


def ladder(run: dict[str, Any], metric: dict[str, Any], results: list[dict[str, Any]]) -> Figure:
    """The depth curve: mean scores with error bars, the one-standard-error band, every candidate as a point.

    The additive model, which is no depth, stands beside the curve, between L = 1 and L = 2.
    """
    sign, label = metric["sign"], metric["label"]
    rows = [row for row in run["ladder"] if row["mean_score"] is not None]
    L = [row["L"] for row in rows]
    mean = np.array([sign * row["mean_score"] for row in rows])
    error = np.array([row["standard_error"] or 0.0 for row in rows])
    best = rows[int(np.argmax([row["mean_score"] for row in rows]))]
    best_mean, best_error = sign * best["mean_score"], best["standard_error"] or 0.0
    candidates = [
        (result["L"], index, sign * score)
        for result in results
        for index, score in result["mean_scores"]
        if score is not None and np.isfinite(score) and result["L"] != ADDITIVE
    ]
    additive = run["additive"] if run["additive"] and run["additive"]["mean_score"] is not None else None
    beside = [] if additive is None else [sign * additive["mean_score"]]
    # candidates that went badly wrong would squeeze everything else: show the depths, and who comes near them
    low, high = float(min([*(mean - error), *beside])), float(max([*(mean + error), *beside]))
    margin = 0.25 * (high - low or abs(high) or 1.0)
    domain = {"domain": [low - margin, high + margin], "nice": False}
    x: Spec = {"field": "L", "type": "quantitative", "title": "L, layers (1 is logistic or linear regression)"}
    x |= {"axis": {"values": L, "format": "d", "grid": False}}
    x |= {"scale": {"domain": [min(L) - 0.5, max(L) + 0.5], "nice": False}}
    y = axis("mean", f"{label}, {'lower' if sign < 0 else 'higher'} is better", scale=domain)
    depths = by_row(
        {
            "L": L,
            "mean": mean,
            "low": mean - error,
            "high": mean + error,
            "error": error,
            "_hidden": [" · ".join(map(str, row["hidden_layer_sizes"])) or "none" for row in rows],
            "_supported": ["yes" if row["supported"] else "no" for row in rows],
        }
    )
    told = tooltip(("L", "L"), ("mean", label), ("error", "± s.e."), ("_hidden", "hidden"), ("_supported", "supported"))
    band = {"values": [{"low": best_mean - best_error, "high": best_mean + best_error}]}
    shared: Spec = {"data": depths}
    apart: Spec = {"data": {"values": []}}
    if additive is not None:
        value, own = beside[0], additive["standard_error"] or 0.0
        row = {
            "L": 1.5,
            "_model": name_of(ADDITIVE),
            "mean": value,
            "low": value - own,
            "high": value + own,
            "error": own,
        }
        apart = {"data": by_row({name: [told] for name, told in row.items()})}
    spec = {
        "height": 300,
        "layer": [
            {
                "data": band,
                "mark": {"type": "rect", "color": BAND, "clip": True},
                "encoding": {"y": axis("low", y["title"], scale=domain), "y2": {"field": "high"}},
            },
            {
                "data": by_row(
                    {
                        "L": [own[0] for own in candidates],
                        "candidate": [own[1] for own in candidates],
                        "mean": [own[2] for own in candidates],
                    }
                ),
                "params": [ZOOM],
                "mark": {"type": "point", "filled": True, "size": 22, "color": PALE, "opacity": 0.9, "clip": True},
                "encoding": {
                    "x": x,
                    "y": y,
                    "tooltip": tooltip(("L", "L"), ("candidate", "candidate"), ("mean", label)),
                },
            },
            shared
            | {
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1.5, "clip": True},
                "encoding": {"x": x, "y": axis("low", y["title"], scale=domain), "y2": {"field": "high"}},
            },
            shared | {"mark": {"type": "line", "color": INK, "clip": True}, "encoding": {"x": x, "y": y}},
            shared
            | {
                "mark": {"type": "point", "filled": True, "size": 80, "color": INK, "opacity": 1, "clip": True},
                "encoding": {"x": x, "y": y, "tooltip": told},
            },
            *([_mark_of_additive(apart, x, y, label)] if beside else []),
            shared
            | {
                "transform": [{"filter": f"datum.L === {int(run['depth'])}"}],
                "mark": {"type": "point", "size": 320, "color": ACCENT, "strokeWidth": 3, "clip": True},
                "encoding": {"x": x, "y": y, "tooltip": told},
            },
        ],
    }
    listed = "; ".join(
        f"L = {depth}: {value:.4g} ± {own:.2g}" for depth, value, own in zip(L, mean, error, strict=True)
    )
    listed += "".join(f"; the additive model: {value:.4g}" for value in beside)
    diamond = " The diamond is the additive model, a curve for each column." if beside else ""
    return Figure(
        "ladder",
        spec,
        f"Mean {label} by depth. {listed}. The answer is L = {run['depth']}.",
        f"Mean {label} over the folds at each depth, with one standard error over the rows; depths are compared in "
        "pairs, so that differences much smaller than the bars can be sure. The band is one standard error around "
        "the best mean; small points are the networks of one candidate alone (of L = 1, other penalties); "
        f"the ring is the answer.{diamond}",
    )


def _mark_of_additive(data: Spec, x: Spec, y: Spec, label: str) -> Spec:
    """A diamond with its name beside the curve of depths."""
    return {
        **data,
        "layer": [
            {
                "mark": {"type": "rule", "color": COLOURS[1], "strokeWidth": 1.5, "clip": True},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "shape": "diamond", "filled": True, "size": 110, "opacity": 1, "clip": True}
                | {"color": COLOURS[1]},
                "encoding": {
                    "x": x,
                    "y": y,
                    "tooltip": tooltip(("_model", "model"), ("mean", label), ("error", "± s.e.")),
                },
            },
            {
                "mark": {"type": "text", "dx": 9, "align": "left", "fontSize": 12, "color": SOFT},
                "encoding": {"x": x, "y": y, "text": {"field": "_model"}},
            },
        ],
    }


def answers(run: dict[str, Any]) -> Figure | None:
    """How probable it is of each depth that it is the best or next to it."""
    chances = dict(run["verdict"]["as_good"])
    if len(chances) < 2:
        return None
    depths = list(chances)
    near = f" or within {100 * run['margin']:g} % of the best" if run["margin"] else ""
    said = [chances[L] for L in depths]
    spec = {
        "height": 130,
        "data": by_row({"L": depths, "chance": said, "chosen": [run["depth"] == L for L in depths]}),
        "mark": {"type": "bar", "width": {"band": 0.6}},
        "encoding": {
            "x": {"field": "L", "type": "ordinal", "title": "L", "axis": {"labelAngle": 0}},
            "y": axis("chance", "probability", axis={"format": "%", "tickCount": 4}, scale={"domain": [0, 1]}),
            "color": _chosen(),
            "tooltip": [*tooltip(("L", "L"), form="d"), percent("chance", "probability")],
        },
    }
    listed = ", ".join(f"L = {L} {chance:.0%}" for L, chance in chances.items())
    return Figure(
        "answers",
        spec,
        f"The probability of each depth that it is the best{near}: {listed}.",
        f"The probability of each depth that it is the best{near}. Several may be, so they add up to more than "
        "100\u00a0%."
        if near
        else "The probability of each depth that it is the best.",
    )


def rows_curve(points: Sequence[dict[str, Any]], metric: dict[str, Any]) -> Figure | None:
    """The score of each depth against the rows on which depth was searched."""
    if len(points) < 2:
        return None
    sign, label = metric["sign"], metric["label"]
    found = [
        (point["rows"], L, sign * mean, error, point["depth"] == L)
        for point in points
        for L, mean, error in point["scores"]
    ]
    sizes, depths, means, errors, chosen = zip(*found, strict=True)
    mean, error = np.array(means), np.array(errors)
    names = list(dict.fromkeys(map(name_of, sorted(depths))))
    data = by_row(
        {
            "rows": sizes,
            "_L": [name_of(L) for L in depths],
            "mean": mean,
            "low": mean - error,
            "high": mean + error,
            "error": error,
            "_answer": ["yes" if own else "no" for own in chosen],
        }
    )
    where = sorted(set(sizes))
    x = axis("rows", "rows searched", scale={"type": "log", "nice": False}, axis={"values": where, "format": ",d"})
    y = axis("mean", f"{label}, {'lower' if sign < 0 else 'higher'} is better")
    colour = {"field": "_L", "type": "nominal", "title": None, "sort": names, "scale": {"range": list(COLOURS)}}
    told = tooltip(("_L", "depth"), ("rows", "rows"), ("mean", label), ("error", "± s.e."), ("_answer", "the answer"))
    spec = {
        "height": 220,
        "data": data,
        "encoding": {"x": x, "color": colour},
        "layer": [
            {"mark": {"type": "rule"}, "encoding": {"y": axis("low", y["title"]), "y2": {"field": "high"}}},
            {"mark": {"type": "line"}, "encoding": {"y": y}},
            {"mark": {"type": "point", "filled": True, "size": 60}, "encoding": {"y": y, "tooltip": told}},
        ],
    }
    listed = ", ".join(f"L = {point['depth']} on {point['rows']:,}" for point in points)
    return Figure(
        "rows",
        spec,
        f"{label} of each depth by the rows that were searched; the answers: {listed}.",
        f"{label} of each depth by the number of rows on which depth was searched, with one standard error.",
    )


def _chosen() -> Spec:
    return {
        "field": "chosen",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": [True, False], "range": [ACCENT, PALE]},
    }


def curves(found: list[tuple[str, list[float], int]], label: str, sign: int) -> Figure | None:
    """Score by epoch on the rows that stop a network: (fold of whose model it is a part, curve, best epoch)."""
    found = [own for own in found if len(own[1]) > 1]
    if not found:
        return None
    folds: list[str] = []
    epochs: list[int] = []
    scores: list[float] = []
    for name, curve, _ in found:
        step = max(1, len(curve) // MOST_STEPS)
        for epoch in range(0, len(curve), step):
            folds.append(name)
            epochs.append(epoch + 1)
            scores.append(sign * curve[epoch])
    ends: dict[str, list[Any]] = {
        "_fold": [name for name, _, _ in found],
        "epoch": [best for _, _, best in found],
        "score": [sign * curve[best - 1] for _, curve, best in found],
    }
    ordered = np.sort([own for own in scores if np.isfinite(own)])
    low, high = float(ordered[0]), float(ordered[-1])
    # the first epochs may be far away from where the curves go
    if sign < 0:
        high = min(high, float(np.quantile(ordered, 0.97)) + 0.1 * (high - low))
    else:
        low = max(low, float(np.quantile(ordered, 0.03)) - 0.1 * (high - low))
    margin = 0.05 * (high - low or 1.0)
    y = axis(
        "score", f"{label} on the rows that stop it", scale={"domain": [low - margin, high + margin], "nice": False}
    )
    names = list(dict.fromkeys(ends["_fold"]))
    colour = {
        "field": "_fold",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": names, "range": [COLOURS[i % len(COLOURS)] for i in range(len(names))]},
    }
    x = epochs_axis(max(epochs))
    told = tooltip(("_fold", "fold"), ("epoch", "epoch"), ("score", label))
    spec = {
        "height": 240,
        "layer": [
            {
                "data": by_row({"_fold": folds, "epoch": epochs, "score": scores}),
                "params": [ZOOM],
                "mark": {"type": "line", "strokeWidth": 1.2, "opacity": 0.85, "clip": True},
                "encoding": {"x": x, "y": y, "color": colour, "tooltip": told},
            },
            {
                "data": by_row(ends),
                "mark": {"type": "point", "filled": True, "size": 50, "opacity": 1, "clip": True},
                "encoding": {"x": x, "y": y, "color": colour, "tooltip": told},
            },
        ],
    }
    return Figure(
        "curves",
        spec,
        f"{label} by epoch of {len(found)} networks.",
        "Score of networks of the answer, of the first candidate in each fold's model, on the rows that stop them; the "
        "point is the epoch that each was returned to.",
    )


def cost(rows: list[dict[str, Any]]) -> Figure:
    """The search's cost by depth: seconds, and networks trained."""
    names = [name_of(row["L"]) for row in rows]
    data = by_row(
        {
            "_model": names,
            "seconds": [row["seconds"] for row in rows],
            "trained": [row["trained"] for row in rows],
        }
    )
    spec = {
        "height": 150,
        "data": data,
        "mark": {"type": "bar", "color": ACCENT, "width": {"band": 0.6}},
        "encoding": {
            "x": {"field": "_model", "type": "ordinal", "sort": names, "title": None, "axis": {"labelAngle": 0}},
            "y": {"field": "seconds", "type": "quantitative", "title": "seconds"},
            "tooltip": tooltip(("_model", "model"), ("seconds", "seconds"), ("trained", "networks trained")),
        },
    }
    listed = ", ".join(f"{name_of(row['L'])} {row['seconds']:.3g} s" for row in rows)
    return Figure("cost", spec, f"Seconds by depth: {listed}.", "Seconds that each depth took.")

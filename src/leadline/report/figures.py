"""Figures: from the facts of a study to Vega-Lite, one record for each, drawn by the page.

Colours are the page's own variables, so that a figure follows light, dark and print without being drawn anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import auc, confusion_matrix, roc_curve

from leadline.inspection import Probe
from leadline.search import ADDITIVE, name_of

__all__ = [
    "Figure",
    "alike",
    "answers",
    "calibration",
    "confusion",
    "cost",
    "curves",
    "dependence",
    "gradients",
    "importance",
    "ladder",
    "predicted_against_true",
    "probes",
    "residuals",
    "roc",
    "rows_curve",
    "units",
]

Array = NDArray[Any]
Spec = dict[str, Any]

INK, SOFT, ACCENT, PALE, BAND = "var(--ink)", "var(--soft)", "var(--accent)", "var(--pale)", "var(--band)"
COLOURS = tuple(f"var(--c{i})" for i in range(10))

# Points that a scatter plot has at most, classes that get a curve of their own, classes in a confusion matrix, columns
# among the bars, points of a curve.
MOST_POINTS = 1500
MOST_CURVES = len(COLOURS)
MOST_CLASSES = 30
MOST_BARS = 25
MOST_STEPS = 200
BINS = 10
# Characters of a name beside an axis.
LONGEST_NAME = 28


@dataclass(frozen=True)
class Figure:
    """A figure of the page.

    Attributes
    ----------
    name : str
        Its id on the page.
    spec : dict
        Vega-Lite.
    alt : str
        What it shows, for those who do not see it.
    caption : str
        How it is to be read.
    """

    name: str
    spec: Spec
    alt: str
    caption: str = ""


def _values(columns: Mapping[str, Iterable[Any]]) -> Spec:
    """Data by row from data by column."""
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    return {"values": [dict(zip(names, map(_plain, row), strict=True)) for row in rows]}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value


def _axis(field: str, title: str, **more: Any) -> Spec:
    """A quantitative channel whose axis does not begin at zero for no reason."""
    scale = {"nice": True, **more.pop("scale", {})}
    if scale.get("type") != "log":
        scale["zero"] = False
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, **more}


def _told(*fields: tuple[str, str], form: str = ",.4~g") -> list[Spec]:
    """What is said of the mark under the pointer: (field, title)."""
    return [
        {"field": field, "title": title, "type": "quantitative", "format": form}
        if not field.startswith("_")
        else {"field": field, "title": title, "type": "nominal"}
        for field, title in fields
    ]


# Wheel with Ctrl zooms, dragging moves, a double click goes back; a bare wheel scrolls the page.
ZOOM: Spec = {
    "name": "zoom",
    "select": {"type": "interval", "zoom": "wheel![event.ctrlKey]", "clear": "dblclick"},
    "bind": "scales",
}


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
    y = _axis("mean", f"{label}, {'lower' if sign < 0 else 'higher'} is better", scale=domain)
    depths = _values(
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
    told = _told(("L", "L"), ("mean", label), ("error", "± s.e."), ("_hidden", "hidden"), ("_supported", "supported"))
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
        apart = {"data": _values({name: [told] for name, told in row.items()})}
    spec = {
        "height": 300,
        "layer": [
            {
                "data": band,
                "mark": {"type": "rect", "color": BAND, "clip": True},
                "encoding": {"y": _axis("low", y["title"], scale=domain), "y2": {"field": "high"}},
            },
            {
                "data": _values(
                    {
                        "L": [own[0] for own in candidates],
                        "candidate": [own[1] for own in candidates],
                        "mean": [own[2] for own in candidates],
                    }
                ),
                "params": [ZOOM],
                "mark": {"type": "point", "filled": True, "size": 22, "color": PALE, "opacity": 0.9, "clip": True},
                "encoding": {"x": x, "y": y, "tooltip": _told(("L", "L"), ("candidate", "candidate"), ("mean", label))},
            },
            shared
            | {
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1.5, "clip": True},
                "encoding": {"x": x, "y": _axis("low", y["title"], scale=domain), "y2": {"field": "high"}},
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
                    "tooltip": _told(("_model", "model"), ("mean", label), ("error", "± s.e.")),
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
        "data": _values({"L": depths, "chance": said, "chosen": [run["depth"] == L for L in depths]}),
        "mark": {"type": "bar", "width": {"band": 0.6}},
        "encoding": {
            "x": {"field": "L", "type": "ordinal", "title": "L", "axis": {"labelAngle": 0}},
            "y": _axis("chance", "probability", axis={"format": "%", "tickCount": 4}, scale={"domain": [0, 1]}),
            "color": _chosen(),
            "tooltip": [*_told(("L", "L"), form="d"), _percent("chance", "probability")],
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
    data = _values(
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
    x = _axis("rows", "rows searched", scale={"type": "log", "nice": False}, axis={"values": where, "format": ",d"})
    y = _axis("mean", f"{label}, {'lower' if sign < 0 else 'higher'} is better")
    colour = {"field": "_L", "type": "nominal", "title": None, "sort": names, "scale": {"range": list(COLOURS)}}
    told = _told(("_L", "depth"), ("rows", "rows"), ("mean", label), ("error", "± s.e."), ("_answer", "the answer"))
    spec = {
        "height": 220,
        "data": data,
        "encoding": {"x": x, "color": colour},
        "layer": [
            {"mark": {"type": "rule"}, "encoding": {"y": _axis("low", y["title"]), "y2": {"field": "high"}}},
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
    y = _axis(
        "score", f"{label} on the rows that stop it", scale={"domain": [low - margin, high + margin], "nice": False}
    )
    names = list(dict.fromkeys(ends["_fold"]))
    colour = {
        "field": "_fold",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": names, "range": [COLOURS[i % len(COLOURS)] for i in range(len(names))]},
    }
    x = _epochs(max(epochs))
    told = _told(("_fold", "fold"), ("epoch", "epoch"), ("score", label))
    spec = {
        "height": 240,
        "layer": [
            {
                "data": _values({"_fold": folds, "epoch": epochs, "score": scores}),
                "params": [ZOOM],
                "mark": {"type": "line", "strokeWidth": 1.2, "opacity": 0.85, "clip": True},
                "encoding": {"x": x, "y": y, "color": colour, "tooltip": told},
            },
            {
                "data": _values(ends),
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


def confusion(truth: Array, probabilities: Array, classes: list[str]) -> Figure | None:
    """How often each class was taken for each other."""
    if len(classes) > MOST_CLASSES:
        return None
    predicted = probabilities.argmax(axis=1)
    counts = confusion_matrix(truth, predicted, labels=range(len(classes)))
    of_class = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows, columns = np.indices(counts.shape)
    names = _distinct(classes)
    data = _values(
        {
            "_true": [names[i] for i in rows.ravel()],
            "_predicted": [names[i] for i in columns.ravel()],
            "rows": counts.ravel(),
            "share": (counts / of_class).ravel(),
            "_right": [("right" if i == j else "wrong") for i, j in zip(rows.ravel(), columns.ravel(), strict=True)],
        }
    )
    x = {"field": "_predicted", "type": "nominal", "sort": names, "title": "predicted", "axis": _names(len(names))}
    y = {"field": "_true", "type": "nominal", "sort": names, "title": "true", "axis": {"grid": False}}
    told = [
        *_told(("_true", "true"), ("_predicted", "predicted"), ("rows", "rows")),
        _percent("share", "of this class"),
    ]
    spec = {
        "height": {"step": 34 if len(classes) <= 12 else 20},
        "data": data,
        "layer": [
            {
                "mark": {"type": "rect", "stroke": "var(--page)"},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": {
                        "field": "_right",
                        "type": "nominal",
                        "legend": None,
                        "scale": {"domain": ["right", "wrong"], "range": [ACCENT, COLOURS[1]]},
                    },
                    "opacity": {
                        "field": "share",
                        "type": "quantitative",
                        "legend": None,
                        "scale": {"domain": [0, 1], "range": [0.04, 0.75], "type": "sqrt"},
                    },
                    "tooltip": told,
                },
            },
            *(
                [
                    {
                        "mark": {"type": "text", "fontSize": 12, "color": INK},
                        "encoding": {"x": x, "y": y, "text": {"field": "rows", "format": ","}, "tooltip": told},
                    }
                ]
                if len(classes) <= 12
                else []
            ),
        ],
    }
    right = float((predicted == truth).mean())
    return Figure(
        "confusion",
        spec,
        f"Confusion matrix of {len(classes)} classes; {right:.1%} of {len(truth):,} rows are right. "
        f"{_in_words(counts, names)}",
        "Rows of each class (down) by what they were taken for (across).",
    )


def _in_words(counts: Array, names: list[str]) -> str:
    """A confusion matrix for those who do not see it: how much of each class is right, and the commonest mistake."""
    of_class = counts.sum(axis=1)
    shares = [f"{name} {counts[i, i] / of_class[i]:.0%}" for i, name in enumerate(names) if of_class[i]]
    wrong = counts - np.diag(np.diag(counts))
    i, j = np.unravel_index(int(wrong.argmax()), wrong.shape)
    often = f" Most often wrong: {names[i]} taken for {names[j]} ({wrong[i, j]:,} rows)." if wrong[i, j] > 1 else ""
    return f"Right of each class: {', '.join(shares)}.{often}"


def _distinct(names: Sequence[str]) -> list[str]:
    """Names as axes can tell them apart: shortened, and numbered where that makes them alike."""
    short = [name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…" for name in names]
    return [name if short.count(name) == 1 else f"{name} ({i + 1})" for i, name in enumerate(short)]


def _names(n: int) -> Spec:
    return {"labelAngle": 0 if n <= 4 else -40, "grid": False, "labelOverlap": False}


def _epochs(last: int) -> Spec:
    """The axis of epochs, from 1."""
    scale = {"domain": [1, max(last, 2)], "nice": False}
    return _axis("epoch", "epoch", scale=scale, axis={"format": "d", "tickMinStep": 1, "tickCount": 10})


def _percent(field: str, title: str) -> Spec:
    return {"field": field, "type": "quantitative", "title": title, "format": ".1%"}


def roc(truth: Array, of_models: dict[str, Array], names: list[str]) -> Figure | None:
    """The rate of true alarms against that of false ones, for each class or label, of the answer and of L = 1.

    `truth` is (m, k) of 0 and 1, and so are the probabilities of each model; of two classes only the second counts.
    """
    curve_of: list[str] = []
    model_of: list[str] = []
    false_rate: list[float] = []
    true_rate: list[float] = []
    area: list[float] = []
    areas = []
    shown = _distinct(names)[:MOST_CURVES]
    for model, probabilities in of_models.items():
        for k, name in enumerate(shown):
            if len(np.unique(truth[:, k])) < 2:
                continue
            fpr, tpr, _ = roc_curve(truth[:, k], probabilities[:, k])
            own = float(auc(fpr, tpr))
            areas.append(f"{name}, {model}: {own:.3f}")
            places = np.unique(np.linspace(0, len(fpr) - 1, min(len(fpr), MOST_STEPS)).round().astype(int))
            for i in places:
                curve_of.append(name)
                model_of.append(model)
                false_rate.append(fpr[i])
                true_rate.append(tpr[i])
                area.append(own)
    if not areas:
        return None
    models = list(of_models)
    which = f"the first {len(shown)} classes" if len(names) > len(shown) else "each class"
    spec = {
        "height": 280,
        "layer": [
            {
                "data": {"values": [{"x": 0, "y": 0}, {"x": 1, "y": 1}]},
                "mark": {"type": "line", "color": PALE, "strokeDash": [3, 3]},
                "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
            },
            {
                "data": _values(
                    {"_class": curve_of, "_model": model_of, "fpr": false_rate, "tpr": true_rate, "auc": area}
                ),
                "mark": {"type": "line", "strokeWidth": 1.8, "interpolate": "linear"},
                "encoding": {
                    "x": _axis("fpr", "rate of false alarms", scale={"domain": [0, 1]}),
                    "y": _axis("tpr", "rate of true alarms", scale={"domain": [0, 1]}),
                    "color": {
                        "field": "_class",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": shown, "range": list(COLOURS[: len(shown)])},
                        "legend": None if len(shown) == 1 else {"orient": "bottom", "columns": 5},
                    },
                    "strokeDash": {
                        "field": "_model",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": models, "range": [[1, 0], [5, 4]][: len(models)]},
                        "legend": None if len(models) == 1 else {"orient": "bottom"},
                    },
                    "detail": {"field": "_model", "type": "nominal"},
                    "tooltip": _told(
                        ("_class", "class"), ("_model", "model"), ("fpr", "false"), ("tpr", "true"), ("auc", "AUC")
                    ),
                },
            },
        ],
    }
    return Figure(
        "roc",
        spec,
        f"ROC curves. Area under the curve: {'; '.join(areas)}.",
        f"ROC of {which} against the others. Area under the curve: {'; '.join(areas[: len(shown)])}.",
    )


def calibration(confidence: Array, right: Array, what: str) -> Figure:
    """What was said to be so probable happened so often, in groups of as many rows."""
    order = np.argsort(confidence, kind="stable")
    groups = [group for group in np.array_split(order, BINS) if len(group)]
    said = np.array([confidence[group].mean() for group in groups])
    share = np.array([right[group].mean() for group in groups])
    sizes = np.array([len(group) for group in groups])
    error = np.sqrt(np.maximum(share * (1 - share), 0.25 / sizes) / sizes)
    apart = float((np.abs(said - share) * sizes).sum() / sizes.sum())
    low = float(min(said.min(), (share - error).min()))
    low = max(0.0, np.floor(low * 10) / 10)
    line = {"values": [{"x": low, "y": low}, {"x": 1, "y": 1}]}
    scale = {"domain": [low, 1], "nice": False}
    data = _values(
        {
            "said": said,
            "share": share,
            "low": np.maximum(share - error, low),
            "high": np.minimum(share + error, 1),
            "rows": sizes,
        }
    )
    y, title = "share", "share that was so"
    told = _told(("said", "said"), ("share", "was so"), ("rows", "rows"))
    x = _axis("said", what, scale=scale)
    spec = {
        "height": 280,
        "layer": [
            {
                "data": line,
                "mark": {"type": "line", "color": PALE, "strokeDash": [3, 3]},
                "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
            },
            {
                "data": data,
                "mark": {"type": "rule", "color": ACCENT},
                "encoding": {"x": x, "y": _axis("low", title, scale=scale), "y2": {"field": "high"}},
            },
            {
                "data": data,
                "mark": {"type": "line", "color": ACCENT, "point": {"size": 55, "color": ACCENT}},
                "encoding": {"x": x, "y": _axis(y, title, scale=scale), "tooltip": told},
            },
        ],
    }
    return Figure(
        "calibration",
        spec,
        f"Calibration: said and observed shares are {apart:.3f} apart on average.",
        f"{BINS} groups of as many rows, with their standard errors: on the dashed line, what was said is what was so. "
        f"On average they are {apart:.3f} apart.",
    )


def predicted_against_true(truth: Array, predicted: Array, name: str, place: str = "") -> Figure:
    """Predictions of numbers against what was true."""
    shown = np.linspace(0, len(truth) - 1, min(len(truth), MOST_POINTS)).round().astype(int)
    low, high = float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))
    scale = {"domain": [low, high]}
    spec = {
        "height": 300,
        "layer": [
            {
                "data": {"values": [{"x": low, "y": low}, {"x": high, "y": high}]},
                "mark": {"type": "line", "color": INK, "strokeDash": [3, 3], "clip": True},
                "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
            },
            {
                "data": _values({"true": truth[shown], "predicted": predicted[shown]}),
                "params": [ZOOM],
                "mark": {"type": "point", "filled": True, "size": 16, "color": ACCENT, "opacity": 0.55, "clip": True},
                "encoding": {
                    "x": _axis("true", f"true {name}", scale=scale),
                    "y": _axis("predicted", f"predicted {name}", scale=scale),
                    "tooltip": _told(("true", "true"), ("predicted", "predicted")),
                },
            },
        ],
    }
    correlation = float(np.corrcoef(truth, predicted)[0, 1]) if truth.std() > 0 and predicted.std() > 0 else 0.0
    return Figure(
        f"predicted{place}",
        spec,
        f"Predicted against true {name} of {len(truth):,} test rows; correlation {correlation:.3f}.",
        "Each point is a test row; on the dashed line the prediction is right.",
    )


def residuals(truth: Array, predicted: Array, name: str, place: str = "") -> Figure:
    """What is left of the truth, against the prediction."""
    shown = np.linspace(0, len(truth) - 1, min(len(truth), MOST_POINTS)).round().astype(int)
    left = truth - predicted
    spec = {
        "height": 300,
        "layer": [
            {
                "data": {"values": [{"y": 0}]},
                "mark": {"type": "rule", "color": INK, "strokeDash": [3, 3]},
                "encoding": {"y": {"field": "y", "type": "quantitative"}},
            },
            {
                "data": _values({"predicted": predicted[shown], "left": left[shown]}),
                "params": [ZOOM],
                "mark": {"type": "point", "filled": True, "size": 16, "color": ACCENT, "opacity": 0.55, "clip": True},
                "encoding": {
                    "x": _axis("predicted", f"predicted {name}"),
                    "y": _axis("left", "true − predicted"),
                    "tooltip": _told(("predicted", "predicted"), ("left", "true − predicted")),
                },
            },
        ],
    }
    return Figure(
        f"residuals{place}",
        spec,
        f"Residuals against predictions: mean {left.mean():.4g}, standard deviation {left.std():.4g}.",
        "Residuals: a slope, a bow or a funnel here is something that the network has not learned.",
    )


def importance(found: list[dict[str, Any]], label: str) -> Figure | None:
    """How much worse the score gets when a column is shuffled."""
    if not found:
        return None
    top = [own for own in found if own["mean"] is not None][:MOST_BARS]
    names = _distinct([own["column"] for own in top])
    mean = np.array([own["mean"] for own in top])
    spread = np.array([own["standard_deviation"] for own in top])
    data = _values(
        {
            "_column": names,
            "_full": [own["column"] for own in top],
            "mean": mean,
            "low": mean - spread,
            "high": mean + spread,
            "spread": spread,
        }
    )
    y = {
        "field": "_column",
        "type": "nominal",
        "sort": names,
        "title": None,
        "axis": {"labelLimit": 190, "grid": False},
    }
    told = _told(("_full", "column"), ("mean", f"{label} worse by"), ("spread", "± s.d."))
    spec = {
        "height": {"step": 22},
        "data": data,
        "layer": [
            {
                "mark": {"type": "bar", "color": ACCENT, "opacity": 0.75},
                "encoding": {
                    "y": y,
                    "x": {"field": "mean", "type": "quantitative", "title": f"{label} worse by"},
                    "tooltip": told,
                },
            },
            {
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1.5},
                "encoding": {
                    "y": y,
                    "x": {"field": "low", "type": "quantitative", "title": f"{label} worse by"},
                    "x2": {"field": "high"},
                    "tooltip": told,
                },
            },
        ],
    }
    listed = ", ".join(f"{own['column']} {own['mean']:.3g}" for own in top[:5])
    more = f" ({len(found) - len(top)} more columns matter less.)" if len(found) > len(top) else ""
    return Figure(
        "importance",
        spec,
        f"Permutation importance; the largest: {listed}.",
        f"How much worse {label} gets on test rows when the values of a column are shuffled; error bars: standard "
        f"deviation over the shuffles.{more}",
    )


def dependence(curve: dict[str, Any], outputs: list[str], what: str, name: str) -> Figure:
    """How a prediction, or what is added to it, moves with one column; with a band where the curve has a spread."""
    predictions = np.asarray(curve["predictions"], dtype=float)
    moving = np.sort(np.argsort(-np.ptp(predictions, axis=0), kind="stable")[:MOST_CURVES])
    spread = np.asarray(curve.get("spread", np.zeros(predictions.shape)), dtype=float)[:, moving]
    names, predictions = _distinct(outputs), predictions[:, moving]
    shown = [names[k] for k in moving]
    values = _distinct(curve["values"]) if curve["kind"] == "category" else curve["values"]
    one = len(shown) == 1
    data = _values(
        {
            "value": [value for value in values for _ in shown],
            "_output": shown * len(values),
            "mean": predictions.ravel(),
            **({"low": (predictions - spread).ravel(), "high": (predictions + spread).ravel()} if spread.any() else {}),
        }
    )
    kind = {"number": "quantitative", "date": "temporal", "category": "nominal"}[curve["kind"]]
    x: Spec = {"field": "value", "type": kind, "title": curve["column"][:60]}
    if kind == "quantitative":
        x["scale"] = {"zero": False, "nice": False}
    if kind == "nominal":
        x |= {"sort": list(values), "axis": {"labelAngle": -40, "labelLimit": 90}}
    colour: Spec = {
        "field": "_output",
        "type": "nominal",
        "title": None,
        "scale": {"domain": shown, "range": [ACCENT] if one else list(COLOURS[: len(shown)])},
        "legend": None if one else {"orient": "bottom", "columns": 4},
    }
    mark: Spec = {"type": "line", "strokeWidth": 2, "point": {"size": 14}}
    if kind == "nominal":
        mark = {"type": "point", "filled": True, "size": 70, "opacity": 1}
    told = [
        {"field": "value", "title": "value", "type": kind},
        *([] if one else _told(("_output", "class"))),
        *_told(("mean", what)),
    ]
    line: Spec = {"mark": mark, "encoding": {"x": x, "y": _axis("mean", what), "color": colour, "tooltip": told}}
    spec: Spec = {"height": 170, "data": data}
    if spread.any():
        between = {"x": x, "y": _axis("low", what), "y2": {"field": "high"}, "color": colour}
        band: Spec = {"type": "rule", "strokeWidth": 1.5} if kind == "nominal" else {"type": "area", "opacity": 0.2}
        spec |= {"layer": [{"mark": band, "encoding": between}, line]}
    else:
        spec |= line
    lowest, highest = predictions.argmin(axis=0), predictions.argmax(axis=0)
    spans = [
        f"{name} is lowest, {predictions[lowest[k], k]:.4g}, at {_value(values[lowest[k]])} and highest, "
        f"{predictions[highest[k], k]:.4g}, at {_value(values[highest[k]])}"
        for k, name in enumerate([what] if one else shown)
    ]
    return Figure(
        name,
        spec,
        f"{what[0].upper()}{what[1:]} as {curve['column']} changes: {'; '.join(spans)}.",
        f"The {len(shown)} of {len(outputs)} that move most." if len(shown) < len(outputs) else "",
    )


def _value(value: Any) -> str:
    """A value of a column, in words."""
    return f"{value:.4g}" if isinstance(value, int | float) else str(value)


def gradients(training: dict[str, Any]) -> Figure:
    """The norm of each layer's gradient by epoch."""
    norms = np.asarray(training["gradient_norms"], dtype=float)
    epochs, L = norms.shape
    step = max(1, epochs // MOST_STEPS)
    places = list(range(0, epochs, step))
    names = [f"layer {l}" for l in range(1, L + 1)]
    rows = [(epoch + 1, names[l], norms[epoch, l]) for epoch in places for l in range(L) if norms[epoch, l] > 0]
    data = _values(
        {"epoch": [row[0] for row in rows], "_layer": [row[1] for row in rows], "norm": [row[2] for row in rows]}
    )
    spec = {
        "height": 220,
        "data": data,
        "params": [ZOOM],
        "mark": {"type": "line", "strokeWidth": 1.5, "clip": True},
        "encoding": {
            "x": _epochs(epochs),
            "y": _axis(
                "norm", "‖dW[l]‖", scale={"type": "log"}, axis={"format": ".2~g", "tickCount": 4, "grid": False}
            ),
            "color": {
                "field": "_layer",
                "type": "nominal",
                "title": None,
                "scale": {"domain": names, "range": [COLOURS[i % len(COLOURS)] for i in range(L)]},
                "legend": {"orient": "bottom", "columns": 5},
            },
            "tooltip": _told(("_layer", "layer"), ("epoch", "epoch"), ("norm", "‖dW[l]‖")),
        },
    }
    ends = ", ".join(f"{name} {norms[0, l]:.2g} to {norms[-1, l]:.2g}" for l, name in enumerate(names))
    return Figure(
        "gradients",
        spec,
        f"Norm of each layer's gradient, first to last epoch: {ends}.",
        "Norm of each layer's gradient in the training of the answer's first network: where lines of early layers fall "
        "far below the others, gradients vanish.",
    )


def units(training: dict[str, Any], which: str) -> Figure | None:
    """The share of dead units, or of saturated activations, of each hidden layer by epoch."""
    shares = np.asarray(training[which], dtype=float)
    if shares.ndim != 2 or not shares.shape[1]:
        return None
    epochs, hidden = shares.shape
    places = list(range(0, epochs, max(1, epochs // MOST_STEPS)))
    names = [f"layer {l}" for l in range(1, hidden + 1)]
    rows = [(epoch + 1, names[l], shares[epoch, l]) for epoch in places for l in range(hidden)]
    title = "dead units" if which == "dead" else "saturated activations"
    spec = {
        "height": 170,
        "data": _values(
            {"epoch": [row[0] for row in rows], "_layer": [row[1] for row in rows], "share": [row[2] for row in rows]}
        ),
        "mark": {"type": "line", "strokeWidth": 1.5},
        "encoding": {
            "x": _epochs(epochs),
            "y": _axis("share", f"share of {title}", axis={"format": "%"}, scale={"domain": [0, 1]}),
            "color": {
                "field": "_layer",
                "type": "nominal",
                "title": None,
                "scale": {"domain": names, "range": [COLOURS[i % len(COLOURS)] for i in range(hidden)]},
                "legend": {"orient": "bottom", "columns": 5},
            },
            "tooltip": [*_told(("_layer", "layer"), ("epoch", "epoch")), _percent("share", title)],
        },
    }
    ends = ", ".join(f"{name} {shares[-1, l]:.0%}" for l, name in enumerate(names))
    said = "units through which no gradient passes, whatever the row"
    if which != "dead":
        said = "activations through which no gradient passes (of relu, those that are 0)"
    return Figure(which, spec, f"Share of {title} by epoch; at the end: {ends}.", f"Share of {said}.")


def cost(rows: list[dict[str, Any]]) -> Figure:
    """The search's cost by depth: seconds, and networks trained."""
    names = [name_of(row["L"]) for row in rows]
    data = _values(
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
            "tooltip": _told(("_model", "model"), ("seconds", "seconds"), ("trained", "networks trained")),
        },
    }
    listed = ", ".join(f"{name_of(row['L'])} {row['seconds']:.3g} s" for row in rows)
    return Figure("cost", spec, f"Seconds by depth: {listed}.", "Seconds that each depth took.")


def probes(found: Sequence[Probe], score: str) -> Figure:
    """How well a linear model reads the target off each layer."""
    data = _values(
        {
            "l": [probe.l for probe in found],
            "score": [probe.score for probe in found],
            "low": [probe.score - probe.error for probe in found],
            "high": [probe.score + probe.error for probe in found],
            "units": [probe.units for probe in found],
        }
    )
    x = {"field": "l", "type": "ordinal", "title": "layer l (0: the inputs)", "axis": {"labelAngle": 0}}
    spec = {
        "height": 240,
        "data": data,
        "layer": [
            {
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1.5},
                "encoding": {"x": x, "y": _axis("low", score), "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "color": ACCENT, "point": {"size": 70, "color": ACCENT}},
                "encoding": {
                    "x": x,
                    "y": _axis("score", score),
                    "tooltip": _told(("l", "layer"), ("units", "units"), ("score", score)),
                },
            },
        ],
    }
    listed = ", ".join(f"A[{probe.l}] {probe.score:.3f} ± {probe.error:.2g}" for probe in found)
    return Figure("probes", spec, f"{score} of a linear model on each layer: {listed}.")


def alike(similarities: Array) -> Figure:
    """The centred kernel alignment of all pairs of layers."""
    rows, columns = np.indices(similarities.shape)
    names = [f"A[{l}]" for l in range(len(similarities))]
    values = [None if np.isnan(value) else value for value in similarities.ravel()]
    data = _values(
        {
            "_one": [names[i] for i in rows.ravel()],
            "_other": [names[j] for j in columns.ravel()],
            "alike": values,
        }
    )
    x = {"field": "_other", "type": "nominal", "sort": names, "title": None, "axis": {"labelAngle": 0, "grid": False}}
    y = {"field": "_one", "type": "nominal", "sort": names, "title": None, "axis": {"grid": False}}
    told = _told(("_one", "layer"), ("_other", "layer"), ("alike", "CKA"))
    spec = {
        "height": {"step": 34},
        "data": data,
        "layer": [
            {
                "mark": {"type": "rect", "color": ACCENT, "stroke": "var(--page)"},
                "encoding": {
                    "x": x,
                    "y": y,
                    "opacity": {
                        "field": "alike",
                        "type": "quantitative",
                        "legend": None,
                        "scale": {"domain": [0, 1], "range": [0.03, 0.8]},
                    },
                    "tooltip": told,
                },
            },
            {
                "mark": {"type": "text", "color": INK},
                "encoding": {"x": x, "y": y, "text": {"field": "alike", "type": "quantitative", "format": ".2f"}},
            },
        ],
    }
    listed = "; ".join(f"{names[l]} and {names[l + 1]} {similarities[l, l + 1]:.2f}" for l in range(len(names) - 1))
    return Figure(
        "alike",
        spec,
        f"Centred kernel alignment of layers that follow each other: {listed}.",
        "Linear centred kernel alignment of each pair of layers: 1 where one is a turned and stretched copy of the "
        "other, 0 where they have nothing in common.",
    )

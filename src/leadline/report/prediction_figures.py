"""Figures of predictions on test rows: confusion, ROC, calibration, predicted against true, residuals."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import auc, confusion_matrix, roc_curve

from leadline.report.specs import (
    ACCENT,
    COLOURS,
    INK,
    MOST_CURVES,
    MOST_STEPS,
    PALE,
    ZOOM,
    Figure,
    Spec,
    axis,
    by_row,
    distinct,
    percent,
    tooltip,
)

__all__ = [
    "calibration",
    "confusion",
    "predicted_against_true",
    "residuals",
    "roc",
]

Array = NDArray[Any]

# Points that a scatter plot has at most, classes in a confusion matrix, bins of a calibration curve.
MOST_POINTS = 1500
MOST_CLASSES = 30
BINS = 10


def confusion(truth: Array, probabilities: Array, classes: list[str]) -> Figure | None:
    """How often each class was taken for each other."""
    if len(classes) > MOST_CLASSES:
        return None
    predicted = probabilities.argmax(axis=1)
    counts = confusion_matrix(truth, predicted, labels=range(len(classes)))
    of_class = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows, columns = np.indices(counts.shape)
    names = distinct(classes)
    data = by_row(
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
        *tooltip(("_true", "true"), ("_predicted", "predicted"), ("rows", "rows")),
        percent("share", "of this class"),
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


def _names(n: int) -> Spec:
    return {"labelAngle": 0 if n <= 4 else -40, "grid": False, "labelOverlap": False}


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
    shown = distinct(names)[:MOST_CURVES]
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
                "data": by_row(
                    {"_class": curve_of, "_model": model_of, "fpr": false_rate, "tpr": true_rate, "auc": area}
                ),
                "mark": {"type": "line", "strokeWidth": 1.8, "interpolate": "linear"},
                "encoding": {
                    "x": axis("fpr", "rate of false alarms", scale={"domain": [0, 1]}),
                    "y": axis("tpr", "rate of true alarms", scale={"domain": [0, 1]}),
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
                    "tooltip": tooltip(
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
    data = by_row(
        {
            "said": said,
            "share": share,
            "low": np.maximum(share - error, low),
            "high": np.minimum(share + error, 1),
            "rows": sizes,
        }
    )
    y, title = "share", "share that was so"
    told = tooltip(("said", "said"), ("share", "was so"), ("rows", "rows"))
    x = axis("said", what, scale=scale)
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
                "encoding": {"x": x, "y": axis("low", title, scale=scale), "y2": {"field": "high"}},
            },
            {
                "data": data,
                "mark": {"type": "line", "color": ACCENT, "point": {"size": 55, "color": ACCENT}},
                "encoding": {"x": x, "y": axis(y, title, scale=scale), "tooltip": told},
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
                "data": by_row({"true": truth[shown], "predicted": predicted[shown]}),
                "params": [ZOOM],
                "mark": {"type": "point", "filled": True, "size": 16, "color": ACCENT, "opacity": 0.55, "clip": True},
                "encoding": {
                    "x": axis("true", f"true {name}", scale=scale),
                    "y": axis("predicted", f"predicted {name}", scale=scale),
                    "tooltip": tooltip(("true", "true"), ("predicted", "predicted")),
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
                "data": by_row({"predicted": predicted[shown], "left": left[shown]}),
                "params": [ZOOM],
                "mark": {"type": "point", "filled": True, "size": 16, "color": ACCENT, "opacity": 0.55, "clip": True},
                "encoding": {
                    "x": axis("predicted", f"predicted {name}"),
                    "y": axis("left", "true − predicted"),
                    "tooltip": tooltip(("predicted", "predicted"), ("left", "true − predicted")),
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

"""Figures of what a model does: importances, curves of columns, and how its layers train and what they hold."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.inspection import Probe
from leadline.report.specs import (
    ACCENT,
    COLOURS,
    INK,
    MOST_CURVES,
    MOST_STEPS,
    ZOOM,
    Figure,
    Spec,
    axis,
    by_row,
    distinct,
    epochs_axis,
    percent,
    tooltip,
)

__all__ = [
    "alike",
    "dependence",
    "gradients",
    "importance",
    "probes",
    "reasons",
    "units",
]

Array = NDArray[Any]

# Columns among the bars.
MOST_BARS = 25
# From here on a number is written without digits after the point.
LARGE = 1000


def importance(found: list[dict[str, Any]], label: str) -> Figure | None:
    """How much worse the score gets when a column is shuffled."""
    if not found:
        return None
    top = [own for own in found if own["mean"] is not None][:MOST_BARS]
    spec = _bars([own["column"] for own in top], top, "standard_deviation", f"{label} worse by")
    listed = ", ".join(f"{own['column']} {own['mean']:.3g}" for own in top[:5])
    more = f" ({len(found) - len(top)} more columns matter less.)" if len(found) > len(top) else ""
    return Figure(
        "importance",
        spec,
        f"Permutation importance; the largest: {listed}.",
        f"How much worse {label} gets on test rows when the values of a column are shuffled; error bars: standard "
        f"deviation over the shuffles.{more}",
    )


def reasons(row: dict[str, Any], background: str, networks: int, name: str) -> Figure:
    """What columns add to the prediction of one row."""
    columns = row["columns"]
    told = [f"{own['column']} = {own['value']}" for own in columns]
    said = "; ".join(f"{text} {_in_digits(own['mean'], '+')}" for text, own in zip(told, columns, strict=True))
    what = f"The {row['kind']} row"
    errors = f"; error bars: standard deviation over {networks} networks" if networks > 1 else ""
    rest = f"; the other columns together {_in_digits(row['rest'], '+')}" if row["rest"] else ""
    return Figure(
        name,
        _bars(told, columns, "spread", "what it adds"),
        f"{what}: {said}.",
        f"{what}, test row {row['row']}: {row['output']} {_in_digits(row['total'])}, on average over {background} "
        f"{_in_digits(row['base'])}; true is {', '.join(row['truth'])}{rest}{errors}.",
    )


def _in_digits(value: float, sign: str = "") -> str:
    """A number for a sentence: four digits, and large ones whole."""
    return f"{value:{sign},.0f}" if abs(value) >= LARGE else f"{value:{sign}.4g}"


def _bars(full: list[str], found: list[dict[str, Any]], spread_name: str, title: str) -> Spec:
    """A bar with an error bar for each column."""
    names = distinct(full)
    mean = np.array([own["mean"] for own in found], dtype=float)
    spread = np.array([own[spread_name] for own in found], dtype=float)
    data = by_row(
        {
            "_column": names,
            "_full": full,
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
    told = tooltip(("_full", "column"), ("mean", title), ("spread", "± s.d."))
    bar = {
        "mark": {"type": "bar", "color": ACCENT, "opacity": 0.75},
        "encoding": {"y": y, "x": {"field": "mean", "type": "quantitative", "title": title}, "tooltip": told},
    }
    error = {
        "mark": {"type": "rule", "color": INK, "strokeWidth": 1.5},
        "encoding": {
            "y": y,
            "x": {"field": "low", "type": "quantitative", "title": title},
            "x2": {"field": "high"},
            "tooltip": told,
        },
    }
    return {"height": {"step": 22}, "data": data, "layer": [bar, error]}


def dependence(curve: dict[str, Any], outputs: list[str], what: str, name: str) -> Figure:
    """How a prediction, or what is added to it, moves with one column; with a band where the curve has a spread."""
    predictions = np.asarray(curve["predictions"], dtype=float)
    moving = np.sort(np.argsort(-np.ptp(predictions, axis=0), kind="stable")[:MOST_CURVES])
    spread = np.asarray(curve.get("spread", np.zeros(predictions.shape)), dtype=float)[:, moving]
    names, predictions = distinct(outputs), predictions[:, moving]
    shown = [names[k] for k in moving]
    values = distinct(curve["values"]) if curve["kind"] in ("category", "word") else curve["values"]
    one = len(shown) == 1
    data = by_row(
        {
            "value": [value for value in values for _ in shown],
            "_output": shown * len(values),
            "mean": predictions.ravel(),
            **({"low": (predictions - spread).ravel(), "high": (predictions + spread).ravel()} if spread.any() else {}),
        }
    )
    kind = {"number": "quantitative", "date": "temporal"}.get(curve["kind"], "nominal")
    column = f"a word more in {curve['column']}" if curve["kind"] == "word" else curve["column"]
    x: Spec = {"field": "value", "type": kind, "title": column[:60]}
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
        *([] if one else tooltip(("_output", "class"))),
        *tooltip(("mean", what)),
    ]
    line: Spec = {"mark": mark, "encoding": {"x": x, "y": axis("mean", what), "color": colour, "tooltip": told}}
    spec: Spec = {"height": 170, "data": data}
    if spread.any():
        between = {"x": x, "y": axis("low", what), "y2": {"field": "high"}, "color": colour}
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
        f"{what[0].upper()}{what[1:]} as {column} changes: {'; '.join(spans)}.",
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
    data = by_row(
        {"epoch": [row[0] for row in rows], "_layer": [row[1] for row in rows], "norm": [row[2] for row in rows]}
    )
    spec = {
        "height": 220,
        "data": data,
        "params": [ZOOM],
        "mark": {"type": "line", "strokeWidth": 1.5, "clip": True},
        "encoding": {
            "x": epochs_axis(epochs),
            "y": axis("norm", "‖dW[l]‖", scale={"type": "log"}, axis={"format": ".2~g", "tickCount": 4, "grid": False}),
            "color": {
                "field": "_layer",
                "type": "nominal",
                "title": None,
                "scale": {"domain": names, "range": [COLOURS[i % len(COLOURS)] for i in range(L)]},
                "legend": {"orient": "bottom", "columns": 5},
            },
            "tooltip": tooltip(("_layer", "layer"), ("epoch", "epoch"), ("norm", "‖dW[l]‖")),
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
        "data": by_row(
            {"epoch": [row[0] for row in rows], "_layer": [row[1] for row in rows], "share": [row[2] for row in rows]}
        ),
        "mark": {"type": "line", "strokeWidth": 1.5},
        "encoding": {
            "x": epochs_axis(epochs),
            "y": axis("share", f"share of {title}", axis={"format": "%"}, scale={"domain": [0, 1]}),
            "color": {
                "field": "_layer",
                "type": "nominal",
                "title": None,
                "scale": {"domain": names, "range": [COLOURS[i % len(COLOURS)] for i in range(hidden)]},
                "legend": {"orient": "bottom", "columns": 5},
            },
            "tooltip": [*tooltip(("_layer", "layer"), ("epoch", "epoch")), percent("share", title)],
        },
    }
    ends = ", ".join(f"{name} {shares[-1, l]:.0%}" for l, name in enumerate(names))
    said = "units through which no gradient passes, whatever the row"
    if which != "dead":
        said = "activations through which no gradient passes (of relu, those that are 0)"
    return Figure(which, spec, f"Share of {title} by epoch; at the end: {ends}.", f"Share of {said}.")


def probes(found: Sequence[Probe], score: str) -> Figure:
    """How well a linear model reads the target off each layer."""
    data = by_row(
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
                "encoding": {"x": x, "y": axis("low", score), "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "color": ACCENT, "point": {"size": 70, "color": ACCENT}},
                "encoding": {
                    "x": x,
                    "y": axis("score", score),
                    "tooltip": tooltip(("l", "layer"), ("units", "units"), ("score", score)),
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
    data = by_row(
        {
            "_one": [names[i] for i in rows.ravel()],
            "_other": [names[j] for j in columns.ravel()],
            "alike": values,
        }
    )
    x = {"field": "_other", "type": "nominal", "sort": names, "title": None, "axis": {"labelAngle": 0, "grid": False}}
    y = {"field": "_one", "type": "nominal", "sort": names, "title": None, "axis": {"grid": False}}
    told = tooltip(("_one", "layer"), ("_other", "layer"), ("alike", "CKA"))
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

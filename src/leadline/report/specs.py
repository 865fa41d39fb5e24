"""What all figures share: the record of a figure, colours, and data, axes and tooltips of Vega-Lite.

Colours are the page's own variables, so that a figure follows light, dark and print without being drawn anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "ACCENT",
    "BAND",
    "COLOURS",
    "INK",
    "LONGEST_TITLE",
    "MOST_CURVES",
    "MOST_STEPS",
    "PALE",
    "SOFT",
    "ZOOM",
    "Figure",
    "Spec",
    "axis",
    "by_row",
    "distinct",
    "epochs_axis",
    "percent",
    "shortened",
    "tooltip",
]

Spec = dict[str, Any]

INK, SOFT, ACCENT, PALE, BAND = "var(--ink)", "var(--soft)", "var(--accent)", "var(--pale)", "var(--band)"
COLOURS = tuple(f"var(--c{i})" for i in range(10))

# Curves in one figure at most, and points of a curve.
MOST_CURVES = len(COLOURS)
MOST_STEPS = 200
# Characters of a cell of a table.
LONGEST_CELL = 100
# Characters of a name beside an axis, and of the title of one.
LONGEST_NAME = 28
LONGEST_TITLE = 40

# Wheel with Ctrl zooms, dragging moves, a double click goes back; a bare wheel scrolls the page.
ZOOM: Spec = {
    "name": "zoom",
    "select": {"type": "interval", "zoom": "wheel![event.ctrlKey]", "clear": "dblclick"},
    "bind": "scales",
}


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


def by_row(columns: Mapping[str, Iterable[Any]]) -> Spec:
    """Data by row from data by column."""
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    return {"values": [dict(zip(names, map(_plain, row), strict=True)) for row in rows]}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value


def axis(field: str, title: str, **more: Any) -> Spec:
    """A quantitative channel whose axis does not begin at zero for no reason."""
    scale = {"nice": True, **more.pop("scale", {})}
    if scale.get("type") != "log":
        scale["zero"] = False
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, **more}


def epochs_axis(last: int) -> Spec:
    """The axis of epochs, from 1."""
    scale = {"domain": [1, max(last, 2)], "nice": False}
    return axis("epoch", "epoch", scale=scale, axis={"format": "d", "tickMinStep": 1, "tickCount": 10})


def percent(field: str, title: str) -> Spec:
    """A field of a tooltip that is a share."""
    return {"field": field, "type": "quantitative", "title": title, "format": ".1%"}


def shortened(text: str) -> str:
    """The beginning of a long text."""
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


def tooltip(*fields: tuple[str, str], form: str = ",.4~g") -> list[Spec]:
    """What is said of the mark under the pointer: (field, title)."""
    return [
        {"field": field, "title": title, "type": "quantitative", "format": form}
        if not field.startswith("_")
        else {"field": field, "title": title, "type": "nominal"}
        for field, title in fields
    ]


def distinct(names: Sequence[str]) -> list[str]:
    """Names as axes can tell them apart: shortened, and numbered where that makes them alike."""
    short = [name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…" for name in names]
    return [name if short.count(name) == 1 else f"{name} ({i + 1})" for i, name in enumerate(short)]

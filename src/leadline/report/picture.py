"""The ladder as a picture: every depth's mean score with its error bar, and every candidate as a point, in SVG."""

import io
from typing import Any

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

__all__ = ["ladder_picture"]

_INK, _ACCENT, _PALE = "#1f2933", "#0b6e99", "#9aa5b1"


def ladder_picture(
    ladder: list[dict[str, Any]], candidates: dict[int, list[float]], chosen: int, label: str, sign: int
) -> str:
    """The ladder as an SVG element.

    Parameters
    ----------
    ladder : list of dict
        Rows with L, mean_score and standard_error; scores are greater-is-better.
    candidates : dict of int to list of float
        For each L the mean scores of its candidates.
    chosen : int
        The L that the verdict names.
    label : str
        What the score is called.
    sign : int
        −1 to show scores as positive losses.
    """
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    judged = [row for row in ladder if row["mean_score"] is not None]
    L = np.array([row["L"] for row in judged])
    mean = sign * np.array([row["mean_score"] for row in judged])
    error = np.array([row["standard_error"] for row in judged])
    for depth, scores in candidates.items():
        axes.plot([depth] * len(scores), sign * np.array(scores), "o", ms=3.5, color=_PALE, zorder=1)
    axes.errorbar(L, mean, yerr=error, fmt="-o", color=_INK, capsize=4, lw=1.5, ms=6, zorder=2)
    at = int(np.flatnonzero(chosen == L)[0])
    axes.plot([chosen], [mean[at]], "o", ms=12, mfc="none", mec=_ACCENT, mew=2.5, zorder=3)
    axes.annotate(
        f"L = {chosen}",
        (chosen, mean[at]),
        xytext=(12, 6),
        textcoords="offset points",
        color=_ACCENT,
        ha="left",
        weight="bold",
    )
    # candidates that went badly wrong would squeeze everything else: show the depths, and who comes near them
    low, high = float((mean - error).min()), float((mean + error).max())
    margin = 0.25 * (high - low or abs(high) or 1.0)
    axes.set_ylim(low - margin, high + margin)
    axes.set_xlim(L.min() - 0.5, L.max() + 0.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("L, layers with parameters (1 is logistic or linear regression)")
    better = "lower is better" if sign < 0 else "higher is better"
    axes.set_ylabel(f"{label} over the folds, {better}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e4e7eb", lw=0.8)
    axes.set_axisbelow(True)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :]

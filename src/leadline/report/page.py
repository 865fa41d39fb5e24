"""The page: from the facts of a study to HTML that opens anywhere, offline."""

import gzip
import html
import json
import shlex
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from leadline.inspection import MOST_COLUMNS
from leadline.report import figures, network_figures, prediction_figures
from leadline.report.specs import LONGEST_TITLE, Figure
from leadline.report.sureness import sureness_figure
from leadline.search import Study, learned, name_of

__all__ = ["build_report", "drawing_library", "environment", "framed", "script_json"]

Array = NDArray[Any]

HERE = Path(__file__).parent
# Of a page inside a notebook, in pixels.
HEIGHT = 800
# Lines among the learning curves; repeats and other candidates would only add more of the same.
MOST_FOLDS = 10
# Outputs of a regression that get figures of their own.
MOST_OUTPUTS = 3


def _number(value: float | None) -> str:
    """A number with four significant digits, thousands separated."""
    if value is None:
        return "–"
    if value == 0 or 1e-4 <= abs(value) < 1000:
        return f"{value:.4g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2e}"


def _p(value: float | None) -> str:
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _error(value: float | None) -> str:
    """A standard error with two significant digits."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}"


def _setting(value: Any) -> str:
    """The value of a hyperparameter."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _shape(shape: list[Any]) -> str:
    return " × ".join(map(str, shape))


@cache
def drawing_library() -> str:
    """Vega, Vega-Lite and Vega-Embed, as one script."""
    return gzip.decompress((HERE / "vega" / "vega.js.gz").read_bytes()).decode("utf-8")


def script_json(value: Any) -> str:
    """JSON that stands inside a script element whatever text is in it."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def framed(page: str, title: str) -> str:
    """A page inside another, as notebooks show it."""
    inside = html.escape(page, quote=True)
    return f'<iframe srcdoc="{inside}" title="{title}" style="width: 100%; height: {HEIGHT}px; border: 0"></iframe>'


def environment() -> Environment:
    """Where the templates of this room are found, and how values are written in them."""
    found = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(number=_number, p=_p, error=_error, setting=_setting, shape=_shape, name=name_of)
    return found


def build_report(study: Study) -> str:
    """The report of a finished search as one HTML page.

    Parameters
    ----------
    study : Study
        Its fact "run" is what `describe` found; what else was stated is shown as well.

    Returns
    -------
    str
        Self-contained: no requests to anywhere.
    """
    run, metric, results = study.fact("run"), study.fact("metric"), study.fact("results")
    tested, effects = study.fact("tested"), study.fact("effects") or {"importances": [], "curves": []}
    training, contributions = study.fact("training"), study.fact("contributions")
    sure = study.fact("sureness")
    reasons = study.fact("reasons") or {"rows": []}
    ladder = _with_additive(run)
    work = [_work(study, row) for row in ladder]
    drawn: dict[str, list[Figure]] = {
        "depth": _some(figures.ladder(run, metric, results), figures.answers(run)),
        "rows": _some(figures.rows_curve(run.get("rows_curve", ()), metric)),
        "learning": _some(figures.curves(_curves(study, run, results), metric["label"], metric["sign"])),
        "test": [] if tested is None else _test_figures(run, tested),
        "sureness": [] if sure is None else _some(sureness_figure(sure)),
        "importance": _some(network_figures.importance(effects["importances"], metric["label"])),
        "dependence": _dependences(run, tested, effects["curves"]),
        "contributions": [] if contributions is None else _contributions(contributions),
        "reasons": [
            network_figures.reasons(row, reasons["background"], reasons["networks"], f"reasons{i}")
            for i, row in enumerate(reasons["rows"])
        ],
        "health": [],
        "cost": [figures.cost(work)],
    }
    if training is not None:
        drawn["health"] = _some(
            network_figures.gradients(training),
            network_figures.units(training, "dead"),
            network_figures.units(training, "saturated"),
        )
    specs = {figure.name: figure.spec for group in drawn.values() for figure in group}
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            run=run,
            ladder=ladder,
            metric=metric,
            drawn=drawn,
            work=work,
            layers=study.fact("layers") or [],
            sure=sure,
            effects=effects,
            contributions=contributions,
            most_columns=MOST_COLUMNS,
            p_worse=dict(run["verdict"]["p_worse"]),
            learned=learned(dict(run["verdict"]["p_learned"]), run["depth"]),
            library=drawing_library(),
            specs=script_json(specs),
            command=_command(run.get("options")),
        )
    )


def _some(*found: Figure | None) -> list[Figure]:
    return [figure for figure in found if figure is not None]


def _with_additive(run: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the ladder, that of the additive model after L = 1."""
    rows = run["ladder"]
    if run["additive"] is None:
        return list(rows)
    place = sum(row["L"] == 1 for row in rows)
    return [*rows[:place], {**run["additive"], "p_value": None, "supported": None}, *rows[place:]]


def _work(study: Study, row: dict[str, Any]) -> dict[str, Any]:
    """Of a row of the ladder: networks trained and failed, seconds."""
    results = [study.result(key) for key in study.unit_keys(row["L"])]
    failed = sum(own is not None and own.state in ("diverged", "failed") for own in results)
    return {"L": row["L"], "seconds": row["seconds"], "trained": len(results), "failed": failed}


def _curves(study: Study, run: dict[str, Any], results: list[dict[str, Any]]) -> list[tuple[str, list[float], int]]:
    """Of the networks of the answer's first candidate: the fold that each is judged by, scores by epoch, best epoch.

    A network that leaves out two folds is in the models of both, in each of them stopped by the other one.
    """
    chosen = next(result for result in results if result["L"] == run["depth"])
    found = []
    for key in study.unit_keys(chosen["L"]):
        own = study.result(key)
        if own is None or key.candidate not in chosen["candidates"][:1] or key.repeat:
            continue
        folds = [key.fold]
        if len(own.curves) > 1:
            # it is named by the lower fold first; its roles begin where its step around the ring of folds begins
            folds = [key.fold, key.other]
            folds = folds if 2 * (key.other - key.fold) <= run["folds"] else folds[::-1]
        for fold, curve, best, outputs in zip(folds, own.curves, own.best_epochs, own.outputs, strict=False):
            if not len(outputs):
                continue  # it diverged
            found.append((fold, f"fold {fold + 1}", curve.tolist(), best))
    return [own[1:] for own in sorted(found)[:MOST_FOLDS]]


def _test_figures(run: dict[str, Any], tested: dict[str, Any]) -> list[Figure]:
    truth = np.asarray(tested["truth"])
    predictions = {int(L): np.asarray(own, dtype=float) for L, own in tested["predictions"].items()}
    answer = predictions[run["depth"]]
    named = {name_of(L): own for L, own in sorted(predictions.items(), reverse=True)}
    classes = tested["classes"]
    if run["task"] == "regression":
        numbers = truth.astype(float).reshape(len(truth), -1)
        return _regression_figures(run["target"], numbers, answer, tested["quantiles"])
    if classes is None:  # labels, several of which may be true of a row
        labels = [f"label {k + 1}" for k in range(truth.shape[1])]
        said = prediction_figures.calibration(answer.ravel(), truth.ravel(), "probability of a label")
        return _some(prediction_figures.roc(truth, named, labels), said)
    of_class = np.eye(len(classes), dtype=int)[truth]
    if len(classes) == 2:
        curves = prediction_figures.roc(of_class[:, 1:], {name: own[:, 1:] for name, own in named.items()}, classes[1:])
        said = prediction_figures.calibration(answer[:, 1], of_class[:, 1], f"probability of {classes[1]}")
    else:
        curves = prediction_figures.roc(of_class, dict(list(named.items())[:1]), classes)
        said = prediction_figures.calibration(
            answer.max(axis=1), answer.argmax(axis=1) == truth, "probability of the answer"
        )
    return _some(prediction_figures.confusion(truth, answer, classes), curves, said)


def _regression_figures(name: str, truth: Array, predicted: Array, quantiles: list[float]) -> list[Figure]:
    """Of each number; of several quantiles of one that which is nearest to the median."""
    found = []
    k = truth.shape[1]
    each = predicted.shape[1] // k
    nearest = min(range(each), key=lambda i: abs(quantiles[i] - 0.5)) if quantiles else 0
    for i in range(min(k, MOST_OUTPUTS)):
        own, called = predicted[:, i * each + nearest], name if k == 1 else f"{name} {i + 1}"
        if quantiles:
            called = f"{called}, quantile {quantiles[nearest]:g}"
        place = "" if i == 0 else str(i + 1)
        found += [
            prediction_figures.predicted_against_true(truth[:, i], own, called, place),
            prediction_figures.residuals(truth[:, i], own, called, place),
        ]
    return found


def _dependences(run: dict[str, Any], tested: Any, curves: list[dict[str, Any]]) -> list[Figure]:
    found = []
    for place, curve in enumerate(curves):
        width = len(curve["predictions"][0])
        classes = None if tested is None else tested["classes"]
        outputs, what = [f"output {k + 1}" for k in range(width)], "mean prediction"
        if run["task"] == "regression" and width == 1:
            outputs, what = [run["target"]], "mean prediction"
        elif tested is not None and tested["quantiles"]:
            shares = tested["quantiles"]
            outputs = [f"quantile {shares[k % len(shares)]:g}" + _which(k, len(shares), width) for k in range(width)]
            what = "mean predicted quantile"
        elif classes is not None:
            outputs, what = classes, "mean probability"
            if len(classes) == 2:
                curve = {**curve, "predictions": [[own[1]] for own in curve["predictions"]]}
                outputs, what = classes[1:], f"mean probability of {classes[1]}"[:LONGEST_TITLE]
        elif run["task"] != "regression":
            outputs, what = [f"label {k + 1}" for k in range(width)], "mean probability"
        found.append(network_figures.dependence(curve, outputs, what, f"dependence{place}"))
    return found


def _contributions(stated: dict[str, Any]) -> list[Figure]:
    """The curves of the additive model's columns."""
    what, found = stated["what"], []
    what = what if len(what) <= LONGEST_TITLE else what[: LONGEST_TITLE - 1] + "…"
    for place, curve in enumerate(stated["curves"]):
        drawn = network_figures.dependence(curve, stated["outputs"], what, f"contribution{place}")
        if curve["missing"] is not None and len(curve["missing"]) == 1:
            adds = _number(curve["missing"][0]).replace("-", "−")
            drawn = replace(drawn, caption=f"A missing value adds {adds}.")
        found.append(drawn)
    return found


def _which(k: int, quantiles: int, width: int) -> str:
    """Which of several numbers output k is of."""
    return "" if width == quantiles else f" of {k // quantiles + 1}"


def _command(options: dict[str, Any] | None) -> str:
    """The command that made the run; nothing for a search that was started from Python."""
    if options is None:
        return ""
    words = ["leadline", "fit", str(options["data"])]
    for name, value in options.items():
        if name == "additive":
            words += [] if value else ["--no-additive"]
            continue
        if name in ("data", "out", "json", "json_lines", "quiet", "watch", "port") or value is None or value is False:
            continue
        values = value if isinstance(value, list) else [value]
        for item in values:
            words += [f"--{name.replace('_', '-')}", *([] if item is True else [str(item)])]
    return shlex.join(words)

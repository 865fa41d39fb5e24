"""The page: from the facts of a study to HTML that opens anywhere, offline."""

import shlex
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leadline.report.picture import ladder_picture
from leadline.search import Study

__all__ = ["build_report"]


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


def build_report(study: Study) -> str:
    """The report of a finished run as one HTML page.

    Parameters
    ----------
    study : Study
        Of a run that `leadline fit` finished: the facts "run", "metric" and "results" are read.

    Returns
    -------
    str
        Self-contained: no scripts, no requests.
    """
    run, metric, results = study.fact("run"), study.fact("metric"), study.fact("results")
    candidates = {result["L"]: [score for _, score in result["mean_scores"] if score is not None] for result in results}
    picture = ladder_picture(run["ladder"], candidates, run["depth"], metric["label"], metric["sign"])
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=_number, p=_p, error=_error, setting=_setting)
    return environment.get_template("page.html.j2").render(
        run=run, metric=metric, picture=picture, command=_command(run["options"])
    )


def _command(options: dict[str, Any]) -> str:
    """The command that made the run."""
    words = ["leadline", "fit", str(options["data"])]
    for name, value in options.items():
        if name in ("data", "out", "json", "json_lines", "quiet") or value is None:
            continue
        values = value if isinstance(value, list) else [value]
        for item in values:
            words += [f"--{name.replace('_', '-')}", str(item)]
    return shlex.join(words)

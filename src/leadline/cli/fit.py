"""`leadline fit`: from a table to the depth that the evidence supports, a tested model and a run folder."""

import json
import platform
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leadline._version import __version__
from leadline.cli.console import (
    ClimbPrinter,
    counted,
    format_score,
    format_seconds,
    make_console,
    plain,
    print_notices,
)
from leadline.cli.inputs import Prepared, check_metric, hold_out, prepare
from leadline.cli.runs import REPORT_NAME, STUDY_NAME, new_run_folder
from leadline.errors import Interrupted, LeadlineError
from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.report import build_report
from leadline.search import in_words, scores_shown
from leadline.storage import write_whole
from leadline.tables import Layout, read_table

__all__ = ["FitOptions", "run_fit"]


@dataclass(frozen=True)
class FitOptions:
    """What the command line asked for."""

    data: str
    target: str
    task: str
    metric: str | None
    cv: int
    max_depth: int
    candidates: int
    epochs: int
    time_limit: float | None
    jobs: int | None
    seed: int
    test_size: float
    drop: tuple[str, ...]
    weight: str | None
    group: str | None
    out: str | None
    json: bool
    quiet: bool


def run_fit(options: FitOptions) -> None:
    """Do what `leadline fit` does."""
    started = time.perf_counter()
    console = make_console(options.quiet, options.json)
    folder = new_run_folder(options.out, options.data)
    frame = read_table(options.data)
    prepared = prepare(frame, options.target, options.task, options.drop, options.weight, options.group)
    check_metric(options.metric, prepared)
    train_rows, test_rows = hold_out(prepared, options.test_size, options.cv, options.seed)
    task, linear = prepared.target.task, linear_name(prepared.target.task)
    console.print(_describe(options, frame, prepared), highlight=False, markup=False)
    print_notices(console, prepared.notices)

    estimator: DeepClassifier | DeepRegressor
    kind = DeepClassifier if task == "classification" else DeepRegressor
    estimator = kind(random_state=options.seed, max_iter=options.epochs)
    printer = ClimbPrinter(console, linear)
    search = DepthSearchCV(
        estimator,
        max_depth=options.max_depth,
        candidates=options.candidates,
        cv=options.cv,
        scoring=options.metric,
        time_limit=options.time_limit,
        n_jobs=-1 if options.jobs is None else options.jobs,
        study=folder / STUDY_NAME,
        listener=printer,
    )
    had_folder = folder.exists()
    try:
        search.fit(
            prepared.features.iloc[train_rows],
            prepared.y.iloc[train_rows],
            sample_weight=None if prepared.w is None else prepared.w[train_rows],
            groups=None if prepared.groups is None else prepared.groups[train_rows],
        )
        record = _conclude(search, options, frame, prepared, train_rows, test_rows, started)
        search.study_.state("run", record)
        search.save(folder)
        write_whole(folder / REPORT_NAME, build_report(search.study_))
    except Interrupted as error:
        raise Interrupted(f"{error} {_what_is_left(folder, printer)}") from None
    except LeadlineError:
        _remove(folder, had_folder)
        raise
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_what_is_left(folder, printer)) from None
    finally:
        printer.stop()
    _print_end(console, record, search, folder)
    if options.json:
        sys.stdout.write(json.dumps({**plain(record), "run": str(folder)}, indent=2) + "\n")


def linear_name(task: str) -> str:
    """What L = 1 is called."""
    return "logistic regression" if task == "classification" else "linear regression"


def _describe(options: FitOptions, frame: pd.DataFrame, prepared: Prepared) -> str:
    layout = Layout.infer(prepared.features)
    numbers, categories = layout.number_columns, layout.category_columns
    parts = []
    for count, what, missing in (
        (len(numbers), "numeric", sum(column.missing for column in numbers)),
        (len(categories), "categorical", sum(column.missing for column in categories)),
    ):
        if count:
            parts.append(f"{count} {what}" + (f" ({missing} with missing values)" if missing else ""))
    classes = prepared.target.classes
    task = "regression" if classes is None else f"classification, {len(classes)} classes"
    name = "standard input" if options.data == "-" else Path(options.data).name
    return (
        f"{name}  {counted(len(frame), 'row')}, {counted(len(layout.columns), 'column')} used: {', '.join(parts)}\n"
        f"{options.target}: {task}, {options.cv} folds, seed {options.seed}"
    )


def _conclude(
    search: DepthSearchCV,
    options: FitOptions,
    frame: pd.DataFrame,
    prepared: Prepared,
    train_rows: Any,
    test_rows: Any,
    started: float,
) -> dict[str, Any]:
    """Everything that is worth keeping about a run, as one plain record."""
    features, y = prepared.features.iloc[test_rows], prepared.y.iloc[test_rows].to_numpy()
    w = None if prepared.w is None else prepared.w[test_rows]
    target = search.model_.target
    truth = target.encode(y) if target.classes is None else target.codes(y)
    depths = sorted({1, search.best_depth_} & set(search.models_))
    test = {
        L: scores_shown(target, truth, search.models_[L].predictions(features.reset_index(drop=True)), w)
        for L in depths
    }
    deepest = max(search.results_)
    record = {
        "depth": search.best_depth_,
        "sentence": in_words(search.verdict_, deepest, linear_name(target.task)),
        "verdict": search.verdict_.to_record(),
        "left_out": search.left_out_,
        "task": target.task,
        "target": options.target,
        "metric": {"name": search.metric_.name, "label": search.metric_.label},
        "ladder": search.ladder_.to_dict("records"),
        "settings": search.best_params_,
        "test": {"rows": len(test_rows), "scores": [{"L": L, **scores} for L, scores in test.items()]},
        "data": {
            "file": "standard input" if options.data == "-" else Path(options.data).name,
            "rows": len(frame),
            "training_rows": len(train_rows),
            "inputs": search.model_.layout.n_inputs,
            "columns": [column.name for column in search.model_.layout.columns],
        },
        "notices": [*prepared.notices, *search.fold_notices_],
        "options": asdict(options),
        "versions": {
            "leadline": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scipy", "scikit-learn", "numba")},
        },
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - started, 2),
    }
    return dict(plain(record))


def _what_is_left(folder: Path, printer: ClimbPrinter) -> str:
    if not (folder / STUDY_NAME).exists():
        return "Nothing was written."
    depths = sorted(printer.results)
    judged = (
        f"L = {depths[0]} to {depths[-1]} judged"
        if len(depths) > 1
        else "L = 1 judged"
        if depths
        else "no depth judged yet"
    )
    return f"{folder / STUDY_NAME} keeps every network that was finished ({judged})."


def _remove(folder: Path, had_folder: bool) -> None:
    """Take away what a run wrote that could not be finished."""
    (folder / STUDY_NAME).unlink(missing_ok=True)
    if not had_folder and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _print_end(console: Any, record: dict[str, Any], search: DepthSearchCV, folder: Path) -> None:
    console.print(f"\n[bold]{record['sentence']}[/bold]", highlight=False)
    if record["left_out"]:
        console.print(f"Left out: {record['left_out']}.", highlight=False)
    print_notices(console, search.fold_notices_)
    scores = {row["L"]: row for row in record["test"]["scores"]}
    own = scores[record["depth"]]
    listed = []
    for label, value in own.items():
        if label != "L":
            beside = (
                "" if record["depth"] == 1 or 1 not in scores else f" (L = 1: {format_score(_nan(scores[1][label]))})"
            )
            listed.append(f"{label} {format_score(_nan(value))}{beside}")
    console.print(f"Test rows held out ({record['test']['rows']:,}): {', '.join(listed)}", highlight=False)
    console.print(
        f"Done in {format_seconds(record['seconds'])}. {folder}/ holds the model, study.db and the report:",
        highlight=False,
        markup=False,
    )
    console.print(f"{folder / REPORT_NAME}", highlight=False, markup=False)


def _nan(value: float | None) -> float:
    return float(np.nan) if value is None else value

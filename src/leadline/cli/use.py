"""`leadline predict` and `leadline score`: a trained model on new rows."""

import io
import json
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from leadline.cli.console import counted, format_score, make_console
from leadline.cli.inputs import number_column, take_column, word_columns
from leadline.cli.runs import REPORT_NAME, STUDY_NAME, check_out
from leadline.errors import DataError, ParameterError, RunFolderError
from leadline.estimators import DeepClassifier, DeepRegressor, load
from leadline.estimators.predictions import prediction_table
from leadline.inspection import Drift, drifts, row_doubts
from leadline.records import plain
from leadline.search import Study, usual_scores
from leadline.storage import write_whole
from leadline.tables import Dataset, OrderedWords, free_name, parse_form, read_table, stays_on_disk

Array = NDArray[Any]

# Of a table on disk about so many rows, evenly spaced, are compared with the training rows column by column.
MOST_DRIFTING = 20_000
# Columns that have moved, in a table for people.
MOST_SHOWN = 20

__all__ = ["run_export", "run_predict", "run_report", "run_score", "run_watch"]


def run_predict(
    run: str,
    data: str,
    proba: bool,
    out: str | None,
    read: tuple[str, ...] = (),
    interval: float | None = None,
    sets: float | None = None,
    doubts: bool = False,
) -> None:
    """Write a CSV with a prediction for each row, in the order of the rows."""
    estimator = load(run)
    check_out(out)
    if proba and not isinstance(estimator, DeepClassifier):
        raise ParameterError("--proba needs a classifier; this model predicts numbers.")

    def written() -> Iterator[bytes]:
        for i, frame in enumerate(_frames(data, read, estimator)):
            buffer = io.StringIO()
            table = prediction_table(estimator, frame, proba, interval, sets)
            if doubts:
                table[free_name(table, "doubts")] = row_doubts(estimator.model_, frame)
            table.to_csv(buffer, index=False, lineterminator="\n", header=i == 0)
            yield buffer.getvalue().encode()

    if out is None:
        for part in written():
            typer.echo(part, nl=False)
        return
    try:
        write_whole(Path(out), written())
    except OSError as error:
        raise ParameterError(f"--out {out} cannot be written: {error.strerror}.") from error


def _frames(
    data: str, read: tuple[str, ...], estimator: DeepClassifier | DeepRegressor, *more: str
) -> Iterator[pd.DataFrame]:
    """The rows of a table, all together or, of one that stays on disk, some at a time."""
    if not stays_on_disk(data):
        yield read_table(data, word_columns(estimator.model_, *more), parse_form(read))
        return
    dataset, names = Dataset(data), [column.name for column in estimator.model_.layout.columns]
    dataset.check(*names, *more)
    for part in dataset.batches([*names, *more]):
        yield part.frame


def run_export(
    run: str,
    out: str,
    data: str | None,
    flat: bool = False,
    read: tuple[str, ...] = (),
    coverage: float | None = None,
) -> None:
    """Write a model as ONNX, after a comparison on some rows."""
    from leadline.export import write_onnx

    estimator = load(run)
    frame = None if data is None else next(_frames(data, read, estimator))
    check_out(out, "The file")
    console = make_console(quiet=False, for_programs=False)
    for note in column_notes(estimator):
        console.print(note, highlight=False, markup=False)
    difference = write_onnx(estimator, out, frame, flat, coverage)
    rows = "rows that try every input" if frame is None else counted(len(frame), "row")
    console.print(f"{out}: the largest difference to ONNX Runtime on {rows} is {difference:.1e}.", highlight=False)


def column_notes(estimator: DeepClassifier | DeepRegressor) -> list[str]:
    """What whoever feeds the graph must know of its inputs."""
    layout = estimator.model_.layout
    if not hasattr(estimator, "feature_names_in_"):
        return [f"The input is X, (N, {estimator.n_features_in_}), in float64 (NaN for missing)."]
    dates = [column.name for column in layout.number_columns if column.date]
    notes = [
        'Inputs have the columns\' names: numbers as float64 (NaN for missing), categories as text ("" for missing).'
    ]
    for column in layout.number_columns:
        if column.written is not None and not column.date:
            what = "its place, from 0" if isinstance(column.written, OrderedWords) else "a number"
            notes.append(f"ONNX does not read {column.name!r} ({column.written.described()}): give {what}.")
    if dates:
        notes.append(f"ONNX has no dates: give {', '.join(map(repr, dates))} as days since 1970-01-01.")
    return notes


def run_score(
    run: str, data: str, target_column: str | None, weight: str | None, as_json: bool, read: tuple[str, ...]
) -> None:
    """Print how well a model predicts labelled rows."""
    estimator = load(run)
    target = estimator.model_.target
    name = target_column or target.name
    truths, predictions, weights, left_out = [], [], list[Array](), 0
    unlike, kept, step = 0, list[pd.DataFrame](), 1
    if stays_on_disk(data):
        step = max(1, Dataset(data).n_rows // MOST_DRIFTING)
    for frame in _frames(data, read, estimator, name, *([weight] if weight and stays_on_disk(data) else [])):
        y = take_column(frame, name, "target")
        known = y.notna()
        left_out += int((~known).sum())
        frame, y = frame[known].reset_index(drop=True), y[known]
        if not len(y):
            continue
        truths.append(target.truth(y.to_numpy()))
        predictions.append(estimator.model_.predictions(frame))
        if weight is not None:
            weights.append(number_column(frame, weight, "weight"))
        if estimator.model_.profile is not None:
            unlike += sum(map(bool, row_doubts(estimator.model_, frame)))
            kept.append(frame.iloc[::step])
    if not truths:
        raise DataError(f"The target {name!r} has no value in any row; there is nothing to score.")
    if left_out:
        typer.echo(f"note: {left_out:,} rows without a target are left out", err=True)
    moved = drifts(estimator.model_, pd.concat(kept, ignore_index=True)) if kept else []
    w = np.concatenate(weights) if weights else None
    truth = np.concatenate(truths)
    scores, rows = usual_scores(target, truth, np.concatenate(predictions), w), len(truth)
    if as_json:
        drift = {"doubtful": unlike, "drift": [plain(asdict(own)) for own in moved]} if kept else {}
        sys.stdout.write(json.dumps({"rows": rows, **plain(scores), **drift}) + "\n")
        return
    console = make_console(quiet=False, for_programs=False)
    listed = ", ".join(f"{label} {format_score(value)}" for label, value in scores.items())
    console.print(f"{counted(rows, 'row')}: {listed}", highlight=False)
    if unlike:
        said = f"{unlike:,} of them {'is' if unlike == 1 else 'are'} unlike the training rows"
        console.print(f"{said}: leadline predict {run} {data} --doubts says why.", highlight=False, markup=False)
    for line in _drift_lines([own for own in moved if own.moved]):
        console.print(line, highlight=False, markup=False)


def _drift_lines(moved: list[Drift]) -> list[str]:
    """The columns that have moved, as a table."""
    if not moved:
        return []
    head = ("moved since training", "stability index", "usual: then → now", "outside or new", "missing: then → now")
    rows = [
        (
            own.column,
            f"{own.index:.2f}",
            " → ".join(value if isinstance(value, str) else format_score(value) for value in own.usual),
            f"{100 * own.outside:.1f} %",
            " → ".join(f"{100 * share:.1f} %" for share in own.missing),
        )
        for own in moved[:MOST_SHOWN]
    ]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
    more = len(moved) - len(rows)
    return ["", *(line.rstrip() for line in lines), *([f"and {counted(more, 'column')} more"] if more else [])]


def run_report(run: str, out: str | None) -> None:
    """Do what `leadline report` does."""
    from leadline.report import build_report

    study = Study.read(Path(run) / STUDY_NAME)
    if study.fact("run") is None:
        raise RunFolderError(f"{run} is not finished; leadline fit --resume {run} goes on with it.")
    check_out(out)
    path = Path(run) / REPORT_NAME if out is None else Path(out)
    write_whole(path, build_report(study))
    typer.echo(str(path))


def run_watch(run: str, port: int, browser: bool) -> None:
    """Do what `leadline watch` does."""
    from leadline.report import Watch

    study = Path(run) / STUDY_NAME
    Study.glance(study).close()
    watch = Watch(study, Path(run) / REPORT_NAME, port)
    typer.echo(f"{watch.address}  (Ctrl-C ends it)")
    if browser:
        webbrowser.open(watch.address)
    with suppress(KeyboardInterrupt):
        watch.serve()
    watch.close()

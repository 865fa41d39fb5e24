"""`leadline fit`: from a table to the depth that the evidence supports, a tested model and a run folder.

To begin and to resume stand in one module: a run that is resumed must find in its folder whatever the first one left.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import TimeSeriesSplit

from leadline.cli.console import (
    ClimbPrinter,
    JsonLines,
    counted,
    format_score,
    format_seconds,
    make_console,
    print_notices,
    write_line,
)
from leadline.cli.inputs import (
    Prepared,
    check_metric,
    hold_out,
    left_out_notice,
    monotonic_columns,
    parse_columns,
    prepare,
)
from leadline.cli.runs import PREDICTIONS_NAME, REPORT_NAME, STUDY_NAME, new_run_folder
from leadline.cli.space import parse_repeats, read_space
from leadline.errors import Interrupted, LeadlineError, ParameterError, RunFolderError
from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.estimators.predictions import prediction_table
from leadline.records import plain
from leadline.report import (
    Recorder,
    Rows,
    Watch,
    build_report,
    describe,
    state_curves,
    state_reasons,
    state_rows,
    state_training,
)
from leadline.search import ADDITIVE, Study, linear_name
from leadline.search.folds import FEWEST_FOLDS
from leadline.storage import write_whole
from leadline.tables import (
    Dataset,
    Ordinal,
    Part,
    WrittenNumbers,
    free_name,
    no_value,
    parse_form,
    read_file,
    stays_on_disk,
)
from leadline.training import one_blas_thread

__all__ = ["FitOptions", "resume_fit", "run_fit"]

# Rows held out for the test of a table that stays on disk.
MOST_TESTED = 50_000


@dataclass(frozen=True)
class FitOptions:
    """What the command line asked for."""

    data: str
    target: str
    task: str
    metric: str | None
    loss: str | None
    cv: int | None
    max_depth: int
    candidates: int
    epochs: int | None
    time_limit: float | None
    jobs: int | None
    seed: int
    test_size: float
    drop: tuple[str, ...]
    weight: str | None
    group: str | None
    time: str | None
    repeats: str
    select: str
    margin: float
    additive: bool
    ensemble: bool
    refit: bool
    space: str | None
    out: str | None
    json: bool
    json_lines: bool
    quiet: bool
    watch: bool
    port: int
    memory: str | None = None
    max_rows: int | None = None
    device: str = "cpu"
    read: tuple[str, ...] = ()
    column: tuple[str, ...] = ()
    predict_missing: bool = False
    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()
    learning_curve: bool = False
    hand_out: bool = False


# What a resumed run may have otherwise than the run that it continues: nothing of it changes a result.
FREE_TO_CHANGE = ("data", "time_limit", "jobs", "hand_out", "json", "json_lines", "quiet", "watch", "port")
# What is said about the resuming itself.
_RESUMING = ("resume", "repair")
# Classes in their order that are named.
MOST_NAMED = 8
# Damaged records that are listed.
MOST_LISTED = 5


def resume_fit(run: str, given: dict[str, Any], options: FitOptions | None) -> None:
    """Do what `leadline fit --resume RUN` does.

    Parameters
    ----------
    run : str
        The folder of a run.
    given : dict
        What the caller gave on the command line.
    options : FitOptions or None
        All options of a run, where DATA and the target were given: by them a run begins of which nothing was written.

    Raises
    ------
    RunFolderError
        The folder holds no study of `leadline fit`, and it was not said how to begin one; or its study is damaged.
    ParameterError
        An option was given that a resumed run cannot have otherwise.
    """
    folder = Path(run)
    path = folder / STUDY_NAME
    if "out" in given:
        raise ParameterError("A run goes on in its own folder; leave out --out.")
    if not path.is_file():
        if options is None:
            there = "nothing of a run was finished there yet" if folder.is_dir() else "no such folder"
            raise RunFolderError(
                f"{path}: no such study; {there}. Begin it with leadline fit DATA --target COLUMN --out {folder}."
            )
        run_fit(replace(options, out=run))
        return
    if given.get("repair"):
        _repair(path, make_console(bool(given.get("quiet")), bool(given.get("json") or given.get("json_lines"))))
    study = Study.read(path)
    stated = study.fact("options")
    if stated is None:
        if options is None:
            raise RunFolderError(
                f"{path} says no options to resume with: nothing was finished there yet, they were damaged, or it was "
                "not made by leadline fit. Give DATA, --target and the options beside --resume."
            )
        options = replace(options, out=run)
        study.state("options", asdict(options))
    else:
        # a script may say the same options again
        same = {name: list(own) if isinstance(own, tuple | list) else own for name, own in given.items()}
        fixed = [name for name in same if name not in (*FREE_TO_CHANGE, *_RESUMING) and same[name] != stated.get(name)]
        if fixed:
            listed = ", ".join(f"--{name.replace('_', '-')}" for name in fixed)
            raise ParameterError(f"A run is resumed with its own options; leave out {listed}.")
        if set(stated) != {field.name for field in fields(FitOptions)}:
            raise RunFolderError(f"{path} was made by another version of Leadline; use that one, or begin again.")
        free = {name: given[name] for name in FREE_TO_CHANGE if name in given}
        several = {name: tuple(stated[name]) for name in ("drop", "read", "column", "rising", "falling")}
        options = FitOptions(**{**stated, **several, "out": run, **free})
    _fit(options, folder, study)


def _repair(path: Path, console: Any) -> None:
    """Keep what is sound of a study, and say what is made again."""
    damage = Study.repair(path)
    if not damage:
        console.print(f"{path} is sound; there was nothing to repair.", highlight=False, markup=False)
        return
    console.print(
        f"{path} was damaged; what is sound was kept, and the rest is made again. The file as it was stands beside it "
        f"as {path.name}.damaged.",
        highlight=False,
        markup=False,
    )
    for line in damage[:MOST_LISTED]:
        console.print(f"  {line}", highlight=False, markup=False)
    if len(damage) > MOST_LISTED:
        console.print(f"  and {len(damage) - MOST_LISTED:,} more", highlight=False, markup=False)


def run_fit(options: FitOptions) -> None:
    """Do what `leadline fit` does."""
    _fit(options, new_run_folder(options.out, options.data), None)


def _fit(options: FitOptions, folder: Path, study: Study | None) -> None:
    started = time.perf_counter()
    for_programs = options.json or options.json_lines
    console = make_console(options.quiet, for_programs)
    repeats, space = parse_repeats(options.repeats), read_space(options.space)
    given = _on_disk(options) if options.memory or stays_on_disk(options.data) else _in_memory(options)
    prepared, train = given.prepared, given.train
    task, linear = prepared.target.task, linear_name(prepared.target.task)
    console.print(_describe_table(options, given.rows, prepared), highlight=False, markup=False)
    if given.form:
        console.print(f"read as {given.form}", highlight=False, markup=False)
    print_notices(console, prepared.notices)

    estimator: DeepClassifier | DeepRegressor
    common: dict[str, Any] = {
        "random_state": options.seed,
        "max_iter": "auto" if options.epochs is None else options.epochs,
        "columns": prepared.columns or None,
        "monotonic_cst": monotonic_columns(options.rising, options.falling, prepared),
    }
    if task == "classification":
        loss = "ordinal" if isinstance(prepared.target, Ordinal) else None
        estimator = DeepClassifier(**common, loss=loss)
    else:
        estimator = DeepRegressor(**common, loss=options.loss)
    had_folder = folder.exists()
    watch = Watch(folder / STUDY_NAME, folder / REPORT_NAME, options.port) if options.watch else None
    if study is None:
        study = _begin(folder, options, had_folder)
    own = study
    printer = ClimbPrinter(console, linear, lambda: _describe_search(options, prepared, len(own.fact("folds"))))
    about = f"{Path(options.data).name if options.data != '-' else 'standard input'}: {options.target}"
    recorder = Recorder(study, about, JsonLines(printer) if options.json_lines else printer)
    if watch is not None:
        watch.start()
        console.print(f"Watch it at {watch.address}", highlight=False)
    if options.hand_out:
        console.print(
            f"Its networks are trained by whoever runs: leadline work {folder}", highlight=False, markup=False
        )
    search = DepthSearchCV(
        estimator,
        max_depth=options.max_depth,
        candidates=options.candidates,
        space=space,
        cv=options.cv if options.time is None else TimeSeriesSplit(options.cv or FEWEST_FOLDS),
        repeats=repeats,
        scoring=options.metric,
        select=options.select,
        margin=options.margin,
        max_rows="auto" if options.max_rows is None else options.max_rows,
        learning_curve=options.learning_curve,
        additive=options.additive,
        ensemble=options.ensemble,
        refit=options.refit,
        time_limit=options.time_limit,
        n_jobs=-1 if options.jobs is None else options.jobs,
        device=options.device,
        study=study,
        hand_out=folder if options.hand_out else None,
        listener=recorder,
    )
    finished = False
    try:
        if given.dataset is None:
            search.fit(train.X, train.y, sample_weight=train.w, groups=train.groups)
        else:
            search.fit(given.dataset, y=options.target, sample_weight=options.weight)
        additive = {} if search.additive_ is None else {ADDITIVE: search.additive_}
        printer.climb_ended({**search.results_, **additive}, search.verdict_)
        with _writing(folder):
            search.save(folder)
        recorder.end("concluding", search.sentence_)
        printer.summing_up()
        record = _conclude(search, options, given)
        record["seconds"] = round(time.perf_counter() - started, 2)
        search.study_.state("run", record)
        page = build_report(search.study_)
        with _writing(folder):
            write_whole(folder / REPORT_NAME, page)
            if options.predict_missing and given.unlabelled:
                write_whole(folder / PREDICTIONS_NAME, _predict_missing(search, given))
        recorder.end("finished", record["sentence"])
        finished = True
    except Interrupted as error:
        raise Interrupted(f"{error} {_leave(folder, study, printer, recorder, had_folder)}") from None
    except ParameterError as error:
        _leave(folder, study, printer, recorder, had_folder)
        # parameters have the names of their options
        said = re.sub(r"DepthSearchCV\.(\w+)", lambda found: f"--{found[1].replace('_', '-')}", str(error))
        raise ParameterError(said) from error
    except LeadlineError:
        _leave(folder, study, printer, recorder, had_folder)
        raise
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_leave(folder, study, printer, recorder, had_folder)) from None
    except Exception:
        with suppress(Exception):  # what was wrong first is what is told
            recorder.end("stopped")
        raise
    finally:
        printer.stop()
        if watch is not None:
            watch.close(finished)
    _print_end(console, record, search, folder)
    if options.predict_missing:
        n = given.unlabelled
        are = "row without a target is" if n == 1 else "rows without a target are"
        said = f"{n:,} {are} predicted in" if n else "no row is without a target; there is no"
        console.print(f"{said} {folder / PREDICTIONS_NAME}", highlight=False, markup=False)
    if options.json_lines:
        write_line({"event": "finished", **record, "run": str(folder)})
    elif options.json:
        sys.stdout.write(json.dumps({**plain(record), "run": str(folder)}, indent=2) + "\n")


class _Given(NamedTuple):
    """The table, as far as it is in memory: rows to learn from, or a sample of them, and rows to test on.

    `rows` counts all, and `training_rows` those to learn from, of which `dataset` has all if they stay on disk;
    `unlabelled` counts those without a target, and `whole` is where these are on disk. `form` is that of the file, in
    words.
    """

    prepared: Prepared
    train: Rows
    test: Rows
    rows: int
    training_rows: int
    unlabelled: int
    dataset: Dataset | None = None
    whole: Dataset | None = None
    form: str = ""


def _in_memory(options: FitOptions) -> _Given:
    said = parse_columns(options.column)
    found = read_file(options.data, [name for name in said if said[name] != "number"], parse_form(options.read))
    prepared = prepare(
        found.frame,
        options.target,
        options.task,
        options.drop,
        options.weight,
        options.group,
        options.time,
        options.loss,
        {**found.written, **said},
    )
    # what the line about the file says need not be said of each of its columns
    usual = {name for name, written in found.written.items() if written == WrittenNumbers(",", ".")}
    plain = replace(
        prepared.layout, columns=tuple(c for c in prepared.layout.columns if c.name in usual), dropped=()
    ).notices
    codes = [f"column {name!r} has numbers that begin with 0 and is read as text" for name in found.codes]
    notices = [notice for notice in (*codes, *prepared.notices) if notice not in plain or notice in said]
    prepared = replace(prepared, notices=notices)
    check_metric(options.metric, prepared)
    train_rows, test_rows = hold_out(prepared, options.test_size, options.cv, options.seed)
    train, test = _rows(prepared, train_rows), _rows(prepared, test_rows)
    counts = (len(found.frame), len(train_rows), len(prepared.unlabelled))
    return _Given(prepared, train, test, *counts, form=found.form)


def _on_disk(options: FitOptions) -> _Given:
    if options.group is not None or options.time is not None:
        raise ParameterError("--group and --time need a table in memory; leave out --memory, and give one file.")
    if not 0 < options.test_size < 1:
        raise ParameterError(f"--test-size must be a share between 0 and 1; got {options.test_size:g}.")
    whole = Dataset(options.data, options.memory)
    whole.check(options.target, *options.drop)
    whole = Dataset(options.data, options.memory, [name for name in whole.columns if name not in options.drop])
    # more rows would not make the test any surer, and have to be held in memory
    dataset, held_out = whole.divide(min(options.test_size, MOST_TESTED / whole.n_rows), options.seed)
    aside = [options.weight] if options.weight else []
    said = parse_columns(options.column)
    with one_blas_thread():
        survey = dataset.survey(options.target, aside, options.seed, said)
    taken = (options.target, options.task, (), options.weight, None, None, options.loss)
    prepared = prepare(survey.sample, *taken, said)
    # what the sample has decided is not decided anew
    test = prepare(held_out.frame(), *taken, {**said, **prepared.columns})
    check_metric(options.metric, prepared)
    # the estimator finds the rest out from all rows, as was done here, in the same pass
    unlabelled = dataset.n_rows - survey.n_rows + len(test.unlabelled)
    notices = [*([left_out_notice(unlabelled)] if unlabelled else []), *prepared.notices]
    prepared = replace(prepared, columns=said, notices=notices)
    train, tested = (_rows(own, np.arange(len(own.y))) for own in (prepared, test))
    return _Given(prepared, train, tested, whole.n_rows, survey.n_rows, unlabelled, dataset, whole)


def _begin(folder: Path, options: FitOptions, had_folder: bool) -> Study:
    """A new study, which says what it is begun with; where it cannot be written nothing is left of it."""
    try:
        study = Study(folder / STUDY_NAME)
        study.state("options", asdict(options))
    except RunFolderError:
        _remove(folder, had_folder)
        raise
    return study


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """What is written beside the study: where the disk takes no more, nothing is lost."""
    try:
        yield
    except OSError as error:
        raise RunFolderError(
            f"{error.filename or folder} cannot be written: {error.strerror or error}. Nothing is lost: "
            f"{folder / STUDY_NAME} keeps every network of the search. Make room, then leadline fit --resume {folder}."
        ) from error


def _remove(folder: Path, had_folder: bool) -> None:
    """Take away a study that holds nothing, and the folder that was made for it."""
    (folder / STUDY_NAME).unlink(missing_ok=True)
    if not had_folder and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _rows(prepared: Prepared, rows: Any) -> Rows:
    """Some rows of the table."""
    w, groups = (None if own is None else own[rows] for own in (prepared.w, prepared.groups))
    return Rows(prepared.features.iloc[rows], prepared.y.iloc[rows], w, groups)


def _describe_table(options: FitOptions, rows: int, prepared: Prepared) -> str:
    layout = prepared.layout
    numbers, categories, texts = layout.number_columns, layout.category_columns, layout.text_columns
    parts = []
    for count, what, missing in (
        (len(numbers), "numeric", sum(column.missing for column in numbers)),
        (len(categories), "categorical", sum(column.missing for column in categories)),
        (len(texts), "text", sum(column.missing for column in texts)),
    ):
        if count:
            parts.append(f"{count} {what}" + (f" ({missing} with missing values)" if missing else ""))
    name = "standard input" if options.data == "-" else Path(options.data).name
    used = counted(len(layout.columns), "column")
    return f"{name}  {counted(rows, 'row')}, {used} used: {', '.join(parts)}"


def _predict_missing(search: DepthSearchCV, given: _Given) -> Iterator[bytes]:
    """The predictions of the rows without a target, as CSV, each with its number in the table."""
    for i, (rows, frame) in enumerate(_without_target(given)):
        found = prediction_table(search, frame, proba=True)
        found.insert(0, free_name(found, "row"), rows + 1)
        yield str(found.to_csv(index=False, lineterminator="\n", header=i == 0)).encode()


def _without_target(given: _Given) -> Iterator[Part]:
    """The rows without a target, of a table that stays on disk some at a time."""
    if given.whole is None:
        unlabelled = given.prepared.unlabelled
        yield Part(unlabelled.index.to_numpy(), unlabelled.reset_index(drop=True))
        return
    target = given.prepared.target.name
    for rows, frame in given.whole.batches():
        gaps = no_value(frame[target])
        if gaps.any():
            yield Part(rows[gaps], frame[gaps].reset_index(drop=True))


def _describe_search(options: FitOptions, prepared: Prepared, folds: int) -> str:
    classes = prepared.target.classes
    task = "regression" if classes is None else f"classification, {len(classes)} classes"
    if isinstance(prepared.target, Ordinal):
        task += f" in order, {' < '.join(map(str, prepared.target.in_their_order[:MOST_NAMED]))}"
        task += ", …" if len(prepared.target.values) > MOST_NAMED else ""
    order = "" if options.time is None else f" in the order of {options.time!r}"
    return f"{options.target}: {task}, {counted(folds, 'fold')}{order}, seed {options.seed}"


def _conclude(search: DepthSearchCV, options: FitOptions, given: _Given) -> dict[str, Any]:
    """Everything that is worth keeping about a run, stated in its study; the record of what was found."""
    train, test = given.train, given.test
    record = describe(search, test, train)
    data = {
        "file": "standard input" if options.data == "-" else Path(options.data).name,
        "rows": given.rows,
        "training_rows": given.training_rows,
    }
    record["data"] = {**record["data"], **data}
    record["target"] = options.target
    record["notices"] = [*given.prepared.notices, *record["notices"]]
    record["options"] = asdict(options)
    state_rows(search, test)
    state_reasons(search, test)
    state_curves(search, test)
    if not search.left_out_ and given.dataset is None:  # out of time, nothing is trained any more
        state_training(search, train)
    return record


def _leave(folder: Path, study: Study, printer: ClimbPrinter, recorder: Recorder, had_folder: bool) -> str:
    """Say what an unfinished run leaves behind; a study without a single network is taken away."""
    if not study.unit_keys():
        study.close()
        _remove(folder, had_folder)
        return "Nothing was written."
    with suppress(RunFolderError):  # a full disk has been spoken of already
        recorder.end("stopped")
    depths = sorted(L for L in printer.results if L != ADDITIVE)
    judged = (
        f"L = {depths[0]} to {depths[-1]} judged"
        if len(depths) > 1
        else "L = 1 judged"
        if depths
        else "no depth judged yet"
    )
    return (
        f"{folder / STUDY_NAME} keeps every network that was finished ({judged}); leadline fit --resume {folder} goes "
        "on from there."
    )


def _print_end(console: Any, record: dict[str, Any], search: DepthSearchCV, folder: Path) -> None:
    console.print(f"\n[bold]{record['sentence']}[/bold]", highlight=False)
    if record["confidence"]:
        console.print(record["confidence"], highlight=False)
    if record["rows_sentence"]:
        console.print(record["rows_sentence"], highlight=False)
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

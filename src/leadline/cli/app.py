"""The commands and their options; what they do stands in the modules beside this one.

Exit codes: 0 done, 2 wrong usage or input, 130 interrupted, 1 anything else.
"""

import errno
import gc
import math
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from leadline._version import __version__
from leadline.errors import Interrupted, LeadlineError, ParameterError

__all__ = ["app", "main"]

DONE, UNFORESEEN, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
# What a disk says that takes no more; not every system has every name.
NO_ROOM = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO") if hasattr(errno, name)}

# How a file is to be read; the commands that read one have this option.
Read = Annotated[
    list[str] | None,
    typer.Option(
        "--read",
        help="What the file is like, as NAME=VALUE: encoding, separator, decimal, quote of text; sheet of Excel; query "
        "of a database. May be repeated; what is left out is found.",
        show_default=False,
    ),
]

app = typer.Typer(
    name="leadline",
    help="Deep L-layer networks for tables that find their own depth.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # a terminal that cannot show a sign like ± shows a question mark
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except OSError as error:
        # help and version are printed before there is a command
        if error.errno not in NO_ROOM:
            raise
        sys.exit(_say_no_room(error))
    finally:
        # the process ends here; to look through all objects of all libraries for cycles first would take longer than
        # many a command
        gc.freeze()


def _say_no_room(error: OSError) -> int:
    """Say what a full disk does not take; the exit code."""
    if error.filename is None:
        # standard output, whose rest the interpreter would try to write once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    what = error.filename or "The output"
    typer.echo(f"leadline: {what} cannot be written: {error.strerror}. Make room, or give another place.", err=True)
    return WRONG_INPUT


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Turn what a command raises into one clear message and the exit code that belongs to it."""
    try:
        yield
        sys.stdout.flush()
    except Interrupted as error:
        typer.echo(f"leadline: {error}", err=True)
        raise typer.Exit(UNFORESEEN) from None
    except LeadlineError as error:
        typer.echo(f"leadline: {error}", err=True)
        raise typer.Exit(WRONG_INPUT) from None
    except KeyboardInterrupt as interrupt:
        # a command that has something to say about what it leaves behind says it as the argument
        typer.echo(f"\nInterrupted. {interrupt}".rstrip(), err=True)
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # whoever read our output has gone; nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(DONE) from None
    except PermissionError as error:
        typer.echo(f"leadline: {error.filename}: no permission; give another file or folder.", err=True)
        raise typer.Exit(WRONG_INPUT) from None
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise typer.Exit(_say_no_room(error)) from None
    except typer.Exit:
        raise
    except Exception as error:
        traceback.print_exc()
        typer.echo(f"leadline: unforeseen {type(error).__name__}; please report it with the lines above.", err=True)
        raise typer.Exit(UNFORESEEN) from None


def _jobs(value: int | None) -> int | None:
    if value == 0:
        raise typer.BadParameter("0 is no number of jobs; give how many, or -1 for all cores.")
    return value


def _seconds(value: float | None) -> float | None:
    if value is not None and not 0 < value < math.inf:
        raise typer.BadParameter(f"{value:g} is not a positive number of seconds; leave it out for no limit.")
    return value


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"leadline {__version__}")
        raise typer.Exit(DONE)


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    pass


@app.command()
def fit(
    context: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(
            help="CSV or other text, Excel, JSON Lines, Parquet, SQLite or DuckDB file; - for CSV on standard input; "
            "or a folder of Parquet or Arrow files, which stays on disk.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[str | None, typer.Option("--target", "-t", help="Column to predict.", show_default=False)] = None,
    task: Annotated[
        str, typer.Option(help="auto, classification, ordinal (classes that have an order) or regression.")
    ] = "auto",
    metric: Annotated[
        str | None,
        typer.Option(
            help="Score that judges depths: log_loss, rmse, mae, auc or any scikit-learn scorer "
            "(default: log_loss for classes, rmse for numbers).",
            show_default=False,
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            help="What a regression learns by: squared_error (the default), absolute_error, huber(1), poisson, or "
            "quantile(0.05,0.5,0.95) for one or several quantiles.",
            show_default=False,
        ),
    ] = None,
    cv: Annotated[
        int | None,
        typer.Option(
            help="Folds of the cross-validation (default: as many as networks are averaged: 8, or 5 above 10,000 "
            "rows; 5 with --time).",
            show_default=False,
            min=2,
        ),
    ] = None,
    max_depth: Annotated[int, typer.Option(help="Largest L to try.", min=1)] = 8,
    candidates: Annotated[
        int,
        typer.Option(help="Choices of the other hyperparameters; networks of all of them are averaged.", min=1),
    ] = 4,
    space: Annotated[
        str | None,
        typer.Option(help="JSON file that says what is searched; see leadline space.", show_default=False),
    ] = None,
    repeats: Annotated[
        str,
        typer.Option(
            help="Divisions of the rows into folds, each with networks of its own that are averaged; auto: one for "
            "every 4 candidates, and more while a --time-limit allows."
        ),
    ] = "auto",
    select: Annotated[
        str,
        typer.Option(
            help="Which depth is the answer: supported (the smallest than which no other is significantly better; "
            "where that is undecided, the best mean), one_standard_error, or best."
        ),
    ] = "supported",
    margin: Annotated[
        float,
        typer.Option(help="A difference of this share of the best score does not matter.", min=0.0, max=1.0),
    ] = 0.01,
    additive: Annotated[
        bool,
        typer.Option(
            help="Judge an additive model too, a curve for each column: how much of the gain of depth is interaction?"
        ),
    ] = True,
    ensemble: Annotated[
        bool,
        typer.Option(
            "--ensemble", help="Predict by networks of all depths: no one depth describes it, usually better."
        ),
    ] = False,
    refit: Annotated[
        bool, typer.Option("--refit", help="Predict by one network trained on all rows: smaller, usually not as good.")
    ] = False,
    epochs: Annotated[
        int | None,
        typer.Option(
            help="Full number of epochs of a training (default: 128, fewer above 10,000 rows).",
            show_default=False,
            min=1,
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            help="Seconds for the search; the answer is then the best so far.", show_default=False, callback=_seconds
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Networks that train side by side; -1 for all cores this process may use (the default).",
            show_default=False,
            callback=_jobs,
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            help="Where networks train: cpu; cuda, a GPU (needs leadline[gpu]); auto, a GPU for large work; torch-cpu, "
            "what runs on a GPU, on the processor."
        ),
    ] = "cpu",
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0, max=2**32 - 1)] = 0,
    test_size: Annotated[float, typer.Option(help="Share of the rows held out for the final test.")] = 0.2,
    drop: Annotated[
        list[str] | None, typer.Option(help="Column not to use; may be repeated.", show_default=False)
    ] = None,
    read: Read = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="What a column is, as NAME=WHAT: number, date, day-first, month-first, category, text, or words from "
            "low to high, such as size=S,M,L; may be repeated.",
            show_default=False,
        ),
    ] = None,
    rising: Annotated[
        list[str] | None,
        typer.Option(
            help="Column with which predictions must not fall, for any row; may be repeated.", show_default=False
        ),
    ] = None,
    falling: Annotated[
        list[str] | None,
        typer.Option(help="Column with which predictions must not rise; may be repeated.", show_default=False),
    ] = None,
    weight: Annotated[str | None, typer.Option(help="Column with row weights.", show_default=False)] = None,
    group: Annotated[
        str | None, typer.Option(help="Column with groups that stay together in a fold.", show_default=False)
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            help="Column with the time: folds and test rows then come after what is learned from.", show_default=False
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            help="Leave the table on disk, and read it in parts that let the process take about so much, such as 2GB.",
            show_default=False,
        ),
    ] = None,
    max_rows: Annotated[
        int | None,
        typer.Option(
            help="Rows on which depth is searched (default: 30,000, or what a --time-limit allows); the answer is "
            "trained on all.",
            show_default=False,
            min=100,
        ),
    ] = None,
    predict_missing: Annotated[
        bool,
        typer.Option(
            "--predict-missing", help="Predict the rows without a target, into predictions.csv in the run folder."
        ),
    ] = False,
    learning_curve: Annotated[
        bool,
        typer.Option(
            "--learning-curve",
            help="Search on a tenth and three tenths of these rows, too: would more rows support a deeper network?",
        ),
    ] = False,
    hand_out: Annotated[
        bool,
        typer.Option(
            help="Leave the networks of the search to processes that run leadline work RUN, on any machine that shares "
            "the run folder.",
        ),
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(help="Run folder to write (default: runs/NAME-DATE-NUMBER).", show_default=False),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            help="Go on with the run in this folder, with its own options; DATA only if the file has moved. Where "
            "nothing was finished yet, DATA, --target and the options begin it.",
            show_default=False,
        ),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="With --resume: keep what is sound of a damaged study, train the rest again."),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON; progress goes to standard error.")
    ] = False,
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help="Print every step as a line of JSON, the result last.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors (and --json).")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show the search on a local page as it runs.")] = False,
    port: Annotated[int, typer.Option(help="Port of that page; 0 for any that is free.", min=0, max=65535)] = 0,
) -> None:
    """Search the depth of a network by cross-validation, and train it.

    Climbs L = 1, 2, 3, … with cross-validation, says which depth the evidence supports, tests it on rows held out, and
    writes a run folder with the model, the study and a report.
    """
    if resume is None and data is None:
        context.fail("Missing argument 'DATA' (a table to learn from; or give --resume RUN).")
    if resume is None and target is None:
        context.fail("Missing option '--target' / '-t', the column to predict.")
    if ensemble and refit:
        context.fail("--ensemble predicts by many networks and --refit by one; leave one of them out.")
    if repair and resume is None:
        context.fail("--repair mends the study of a run that goes on; give --resume RUN.")
    with _exit_codes():
        from leadline.cli.fit import FitOptions, resume_fit, run_fit

        options = None
        if data is not None and target is not None:
            options = FitOptions(
                data=data,
                target=target,
                task=task,
                metric=metric,
                loss=loss,
                cv=cv,
                max_depth=max_depth,
                candidates=candidates,
                epochs=epochs,
                time_limit=time_limit,
                jobs=jobs,
                seed=seed,
                test_size=test_size,
                drop=tuple(drop or ()),
                read=tuple(read or ()),
                column=tuple(column or ()),
                predict_missing=predict_missing,
                rising=tuple(rising or ()),
                falling=tuple(falling or ()),
                weight=weight,
                group=group,
                time=time,
                memory=memory,
                max_rows=max_rows,
                device=device,
                learning_curve=learning_curve,
                hand_out=hand_out,
                repeats=repeats,
                select=select,
                margin=margin,
                additive=additive,
                ensemble=ensemble,
                refit=refit,
                space=space,
                out=out,
                json=json,
                json_lines=json_lines,
                quiet=quiet,
                watch=watch,
                port=port,
            )
        if resume is not None:
            given = {name: value for name, value in context.params.items() if _given(context, name)}
            resume_fit(resume, given, options)
            return
        assert options is not None
        run_fit(options)


def _given(context: typer.Context, name: str) -> bool:
    """Whether the caller gave this parameter."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


@app.command()
def work(
    run: Annotated[
        str,
        typer.Argument(
            help="Run folder of leadline fit --hand-out, or what a search in Python has as hand_out=; it need not be "
            "there yet.",
            show_default=False,
        ),
    ],
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Networks that train side by side; -1 for all cores this process may use (the default).",
            show_default=False,
            callback=_jobs,
        ),
    ] = None,
    patience: Annotated[
        float, typer.Option(help="Seconds without anything to do after which the worker ends.", callback=_seconds)
    ] = 600.0,
) -> None:
    """Train networks that a search hands out in its folder, until it is over.

    Workers may be started and killed at any time: what one had under way is trained by another. Run it only in a
    folder that you trust: what stands there is run.
    """
    with _exit_codes():
        from leadline.cli.work import run_work

        run_work(run, -1 if jobs is None else jobs, patience)


@app.command()
def space(json: Annotated[bool, typer.Option("--json", help="Print the space as JSON, to be edited.")] = False) -> None:
    """Show the search space: the hyperparameters searched beside depth, and their ranges."""
    with _exit_codes():
        from leadline.cli.space import run_space

        run_space(json)


@app.command()
def predict(
    run: Annotated[str, typer.Argument(help="Run folder, or a folder with a saved model.", show_default=False)],
    data: Annotated[str, typer.Argument(help="Table with new rows; - for CSV on standard input.", show_default=False)],
    proba: Annotated[bool, typer.Option("--proba", help="Add the probability of each class.")] = False,
    read: Read = None,
    interval: Annotated[
        float | None,
        typer.Option(
            help="Add an interval that holds the truth so often, such as 0.9: lower, upper.", show_default=False
        ),
    ] = None,
    sets: Annotated[
        float | None,
        typer.Option(help="Add the classes that hold the truth so often, such as 0.9: set.", show_default=False),
    ] = None,
    doubts: Annotated[
        bool, typer.Option("--doubts", help="Add a column that says why a row is unlike the training rows, if it is.")
    ] = False,
    out: Annotated[
        str | None, typer.Option(help="CSV file to write (default: standard output).", show_default=False)
    ] = None,
) -> None:
    """Predict new rows with a trained model.

    Columns may come in any order; columns that the model does not know are ignored.
    """
    with _exit_codes():
        from leadline.cli.use import run_predict

        run_predict(run, data, proba, out, tuple(read or ()), interval, sets, doubts)


@app.command()
def export(
    run: Annotated[str, typer.Argument(help="Run folder, or a folder with a saved model.", show_default=False)],
    out: Annotated[str, typer.Argument(help="ONNX file to write.", show_default=False)],
    data: Annotated[
        str | None,
        typer.Option(help="Table with rows to check the file on (default: rows are made up).", show_default=False),
    ] = None,
    read: Read = None,
    flat: Annotated[
        bool, typer.Option("--flat", help="Columns and outputs are vectors, as MLflow's servers have them.")
    ] = False,
    coverage: Annotated[
        float | None,
        typer.Option(
            help="Add intervals or sets that hold the truth so often, such as 0.9, as outputs.", show_default=False
        ),
    ] = None,
) -> None:
    """Write a trained model as ONNX, with everything between raw columns and predictions inside.

    What ONNX Runtime makes of it is compared with the model's own predictions first. Needs leadline[onnx].
    """
    with _exit_codes():
        from leadline.cli.use import run_export

        run_export(run, out, data, flat, tuple(read or ()), coverage)


@app.command()
def score(
    run: Annotated[str, typer.Argument(help="Run folder, or a folder with a saved model.", show_default=False)],
    data: Annotated[
        str, typer.Argument(help="Table with labelled rows; - for CSV on standard input.", show_default=False)
    ],
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", help="Column with the truth (default: as in training).", show_default=False),
    ] = None,
    weight: Annotated[str | None, typer.Option(help="Column with row weights.", show_default=False)] = None,
    read: Read = None,
    json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
) -> None:
    """Evaluate a trained model on labelled rows."""
    with _exit_codes():
        from leadline.cli.use import run_score

        run_score(run, data, target, weight, json, tuple(read or ()))


@app.command()
def compare(
    data: Annotated[
        str,
        typer.Argument(
            help="Table with a column of losses for each model, a row for each row that all were judged on; - for CSV "
            "on standard input.",
            show_default=False,
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", help="Column of a model; may be repeated (default: all).", show_default=False),
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Column with groups of rows that are one observation.", show_default=False)
    ] = None,
    fold: Annotated[
        str | None, typer.Option(help="Column with the fold of each row, averaged in first.", show_default=False)
    ] = None,
    weight: Annotated[str | None, typer.Option(help="Column with row weights.", show_default=False)] = None,
    margin: Annotated[
        float, typer.Option(help="A difference of this share of the best mean does not matter.", min=0.0, max=1.0)
    ] = 0.01,
    root: Annotated[bool, typer.Option("--root", help="Compare roots of means: of squared errors, the RMSE.")] = False,
    scores: Annotated[bool, typer.Option("--scores", help="Greater is better.")] = False,
    of_folds: Annotated[
        bool, typer.Option("--of-folds", help="Each row of the table is a fold: the mean loss of each model there.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the draws.", min=0)] = 0,
    read: Read = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Test which models are not significantly worse than the best, from their losses on the same rows.

    The statistics are those by which depths are judged, with the margin and the probabilities.
    """
    with _exit_codes():
        from leadline.cli.compare import CompareOptions, run_compare

        judged = (group, fold, weight, margin, root, scores, of_folds, seed, json)
        run_compare(CompareOptions(data, tuple(model or ()), *judged, tuple(read or ())))


@app.command()
def serve(
    run: Annotated[str, typer.Argument(help="Run folder, or a folder with a saved model.", show_default=False)],
    port: Annotated[int, typer.Option(help="Port to listen to; 0 for any that is free.", min=0, max=65535)] = 8000,
    host: Annotated[
        str, typer.Option(help="Address to listen to (default: loopback, this machine only).")
    ] = "127.0.0.1",
    allow: Annotated[
        list[str] | None,
        typer.Option(help="Name of the server that requests may have; may be repeated.", show_default=False),
    ] = None,
    max_rows: Annotated[int, typer.Option(help="Rows of a request at most.", min=1)] = 10_000,
    max_bytes: Annotated[int, typer.Option(help="Bytes of a request at most.", min=1)] = 16 * 2**20,
    max_requests: Annotated[int, typer.Option(help="Requests at the same time at most.", min=1)] = 64,
) -> None:
    """Serve predictions over HTTP, in JSON. Ctrl-C ends it.

    The page at the address says how to ask. Checks and messages are those of predict. Needs leadline[serve].
    """
    with _exit_codes():
        from leadline.cli.serve import run_serve
        from leadline.serving import Limits

        limits = Limits(rows=max_rows, bytes=max_bytes, requests=max_requests)
        run_serve(run, host, port, tuple(allow or ()), limits)


@app.command()
def watch(
    run: Annotated[str, typer.Argument(help="Run folder of a search that runs or ran.", show_default=False)],
    port: Annotated[int, typer.Option(help="Port of the page; 0 for any that is free.", min=0, max=65535)] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Show a running search on a local page: depths, networks, curves, time left. Ctrl-C ends it."""
    with _exit_codes():
        from leadline.cli.use import run_watch

        run_watch(run, port, browser)


@app.command()
def inspect(
    run: Annotated[str, typer.Argument(help="Run folder, or a folder with a saved model.", show_default=False)],
    data: Annotated[str, typer.Argument(help="Table with rows; - for CSV on standard input.", show_default=False)],
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", help="Column with the truth (default: as in training).", show_default=False),
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(help="HEIGHTxWIDTH where rows are pictures, such as 28x28.", show_default=False),
    ] = None,
    member: Annotated[int, typer.Option(help="Network of the model, from 0.", min=0)] = 0,
    read: Read = None,
    out: Annotated[
        str | None,
        typer.Option(help="HTML file to write (default: layers.html in the run folder).", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Inspect the layers: linear probes, similarity (CKA), top activating rows."""
    with _exit_codes():
        from leadline.cli.inspect import run_inspect

        run_inspect(run, data, target, shape, member, out, json, tuple(read or ()))


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="Run folder.", show_default=False)],
    out: Annotated[
        str | None,
        typer.Option(help="HTML file to write (default: report.html in the run folder).", show_default=False),
    ] = None,
) -> None:
    """Build the report of a run again, from its study alone."""
    with _exit_codes():
        from leadline.cli.use import run_report

        run_report(run, out)


@app.command()
def explain(
    run: Annotated[str | None, typer.Argument(help="Run folder with a trained model.", show_default=False)] = None,
    data: Annotated[
        str | None, typer.Argument(help="Table with rows for --trace and --check.", show_default=False)
    ] = None,
    sizes: Annotated[
        str | None, typer.Option(help="n[0],n[1],…,n[L] of a network, such as 3,5,5,3,1.", show_default=False)
    ] = None,
    activation: Annotated[
        str, typer.Option(help="g of the hidden layers: one name, or one for each, with commas.")
    ] = "relu",
    loss: Annotated[str, typer.Option(help="The loss, which fixes g of the output.")] = "half_squared_error",
    batch: Annotated[
        int | None, typer.Option(help="Examples m in the table of shapes.", min=1, show_default=False)
    ] = None,
    row: Annotated[
        int, typer.Option(help="Row of the table that --trace walks with, or --rows begins with, from 1.")
    ] = 1,
    member: Annotated[int, typer.Option(help="Network of the model, from 0.")] = 0,
    seed: Annotated[int, typer.Option(help="Draws parameters and examples for --sizes.", min=0)] = 0,
    trace: Annotated[
        bool, typer.Option("--trace", help="Walk one example forward and backward, equation by equation.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Check the backward pass against central differences.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    html: Annotated[
        bool, typer.Option("--html", help="Write a page that walks through the network and trains it, offline.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(
            help="HTML file of --html (default: equations.html in the run folder, or here), or CSV file of --rows.",
            show_default=False,
        ),
    ] = None,
    language: Annotated[str, typer.Option(help="Of the page and of --check-code: en or zh.")] = "en",
    check_code: Annotated[
        str | None,
        typer.Option(
            help="Check your own linear_forward, linear_backward, … in a Python file against the equations.",
            show_default=False,
        ),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(help="Your names, such as linear_forward=forth,linear_backward=back.", show_default=False),
    ] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds for --check-code.", min=0.1)] = 20.0,
    read: Read = None,
    rows: Annotated[
        str | None,
        typer.Option(
            help="Table whose predictions are explained, column by column, from --row on.", show_default=False
        ),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(help="Rows that --rows are compared with (default: the run's table).", show_default=False),
    ] = None,
    proba: Annotated[bool, typer.Option("--proba", help="Explain probabilities, not log odds, with --rows.")] = False,
) -> None:
    """Explain a network: shapes, one example forward and backward, a gradient check; --html for a page.

    Either for --sizes, with random parameters, or for a trained run. With --rows: why it predicts what it predicts.
    """
    with _exit_codes():
        if rows is not None:
            from leadline.cli.reasons import run_reasons

            if data or sizes or html or trace or check or check_code is not None:
                raise ParameterError("--rows stands with a run, --background, --row, --proba, --json and --out alone.")
            run_reasons(run, rows, background, row, proba, json, out)
            return
        if background is not None or proba:
            raise ParameterError("--background and --proba are for --rows.")
        from leadline.cli.explain import ExplainOptions, run_explain

        shown = (run, data, sizes, activation, loss, batch, row, member, seed, trace, check, json, html, out, language)
        run_explain(ExplainOptions(*shown, check_code, names, time_limit, tuple(read or ())))


@app.command("why-deep")
def why_deep(
    bits: Annotated[int, typer.Option(help="Bits n of the parity that networks are trained on.", min=2, max=16)] = 8,
    folds: Annotated[int, typer.Option(help="The triangle wave has 2^k pieces.", min=1, max=12)] = 4,
    repeats: Annotated[int, typer.Option(help="Trainings of each network at each learning rate.", min=1)] = 5,
    steps: Annotated[int, typer.Option(help="Steps of Adam in a training.", min=1)] = 10_000,
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0)] = 0,
    train: Annotated[bool, typer.Option(help="Train networks, or print the sizes only.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Compare deep and shallow networks on parity and the triangle wave, in closed form and trained.

    Trains deep and shallow networks of nearly equal numbers of parameters on both, and reports whatever comes out.
    """
    with _exit_codes():
        from leadline.cli.why_deep import run_why_deep

        run_why_deep(bits, folds, repeats, steps, seed, train, json)


@app.command()
def learn(
    exercise: Annotated[
        str | None,
        typer.Argument(help="Number of the exercise to write, check or get a hint for.", show_default=False),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Check what you have written.")] = False,
    hint: Annotated[bool, typer.Option("--hint", help="Show the next hint.")] = False,
    folder: Annotated[str, typer.Option(help="Folder of the exercises and of your progress.")] = "leadline-exercises",
    language: Annotated[
        str | None, typer.Option(help="en or zh (default: as before in this folder, or en).", show_default=False)
    ] = None,
) -> None:
    """Exercises along the page of equations: write the functions yourself, and have them checked.

    Without a number: the list, and what is done. With one: the file to fill in.
    """
    with _exit_codes():
        from leadline.cli.learn import run_learn

        run_learn(exercise, check, hint, folder, language)

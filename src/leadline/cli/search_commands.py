"""The commands of a search: fit with all its options, work for what it hands out, space for what it searches."""

from typing import Annotated

import typer

from leadline.cli.exit_codes import exit_codes
from leadline.cli.options import Read, check_jobs, check_seconds

__all__ = ["fit", "space", "work"]


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
            help="Seconds for the search; the answer is then the best so far.",
            show_default=False,
            callback=check_seconds,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Networks that train side by side; -1 for all cores this process may use (the default).",
            show_default=False,
            callback=check_jobs,
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
    with exit_codes():
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
            callback=check_jobs,
        ),
    ] = None,
    patience: Annotated[
        float, typer.Option(help="Seconds without anything to do after which the worker ends.", callback=check_seconds)
    ] = 600.0,
) -> None:
    """Train networks that a search hands out in its folder, until it is over.

    Workers may be started and killed at any time: what one had under way is trained by another. Run it only in a
    folder that you trust: what stands there is run.
    """
    with exit_codes():
        from leadline.cli.work import run_work

        run_work(run, -1 if jobs is None else jobs, patience)


def space(json: Annotated[bool, typer.Option("--json", help="Print the space as JSON, to be edited.")] = False) -> None:
    """Show the search space: the hyperparameters searched beside depth, and their ranges."""
    with exit_codes():
        from leadline.cli.space import run_space

        run_space(json)

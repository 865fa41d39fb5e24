"""The commands that use what a search has left: predictions, scores, comparisons, files, servers and pages."""

from typing import Annotated

import typer

from leadline.cli.exit_codes import exit_codes
from leadline.cli.options import Read

__all__ = ["compare", "export", "inspect", "predict", "report", "score", "serve", "watch"]


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
    with exit_codes():
        from leadline.cli.use import run_predict

        run_predict(run, data, proba, out, tuple(read or ()), interval, sets, doubts)


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
    with exit_codes():
        from leadline.cli.use import run_export

        run_export(run, out, data, flat, tuple(read or ()), coverage)


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
    with exit_codes():
        from leadline.cli.use import run_score

        run_score(run, data, target, weight, json, tuple(read or ()))


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
    with exit_codes():
        from leadline.cli.compare import CompareOptions, run_compare

        judged = (group, fold, weight, margin, root, scores, of_folds, seed, json)
        run_compare(CompareOptions(data, tuple(model or ()), *judged, tuple(read or ())))


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
    with exit_codes():
        from leadline.cli.serve import run_serve
        from leadline.serving import Limits

        limits = Limits(rows=max_rows, bytes=max_bytes, requests=max_requests)
        run_serve(run, host, port, tuple(allow or ()), limits)


def watch(
    run: Annotated[str, typer.Argument(help="Run folder of a search that runs or ran.", show_default=False)],
    port: Annotated[int, typer.Option(help="Port of the page; 0 for any that is free.", min=0, max=65535)] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Show a running search on a local page: depths, networks, curves, time left. Ctrl-C ends it."""
    with exit_codes():
        from leadline.cli.use import run_watch

        run_watch(run, port, browser)


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
    with exit_codes():
        from leadline.cli.inspect import run_inspect

        run_inspect(run, data, target, shape, member, out, json, tuple(read or ()))


def report(
    run: Annotated[str, typer.Argument(help="Run folder.", show_default=False)],
    out: Annotated[
        str | None,
        typer.Option(help="HTML file to write (default: report.html in the run folder).", show_default=False),
    ] = None,
) -> None:
    """Build the report of a run again, from its study alone."""
    with exit_codes():
        from leadline.cli.use import run_report

        run_report(run, out)

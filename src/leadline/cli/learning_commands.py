"""The commands from which one learns how networks work: explain, why-deep and learn."""

from typing import Annotated

import typer

from leadline.cli.exit_codes import exit_codes
from leadline.cli.options import Read
from leadline.errors import ParameterError

__all__ = ["explain", "learn", "why_deep"]


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
    with exit_codes():
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
    with exit_codes():
        from leadline.cli.why_deep import run_why_deep

        run_why_deep(bits, folds, repeats, steps, seed, train, json)


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
    with exit_codes():
        from leadline.cli.learn import run_learn

        run_learn(exercise, check, hint, folder, language)

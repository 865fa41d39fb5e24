"""`leadline explain`: a network's shapes, one example's way through it, its gradients checked, and the page."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from leadline.errors import DataError, ParameterError
from leadline.network import LOSSES, Architecture, Parameters, check_gradients, initial_parameters, trace
from leadline.network.gradient_check import LAYER_TOLERANCE, TOLERANCE

__all__ = ["ExplainOptions", "run_explain"]

Array = NDArray[np.float64]

# A matrix is shown up to this many rows and columns.
MOST_SHOWN = 8
# The gradient check of an architecture alone draws this many examples.
EXAMPLES = 20
# Of the page, in the run folder or where the command is given.
PAGE_NAME = "equations.html"


@dataclass(frozen=True)
class ExplainOptions:
    """What the command line asked for."""

    run: str | None
    data: str | None
    sizes: str | None
    activation: str
    loss: str
    batch: int | None
    row: int
    member: int
    seed: int
    trace: bool
    check: bool
    json: bool
    html: bool = False
    out: str | None = None
    language: str = "en"
    check_code: str | None = None
    names: str | None = None
    time_limit: float = 20.0
    read: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Subject:
    """The network that is explained, with examples in columns: X (n[0], m), and Y (n[L], m) where it is known."""

    architecture: Architecture
    parameters: Parameters
    X: Array
    Y: Array | None
    about: str


def run_explain(options: ExplainOptions) -> None:
    """Do what `leadline explain` does."""
    if options.check_code is not None:
        from leadline.cli.learn import run_check_code

        if options.run or options.sizes or options.html or options.trace or options.check:
            raise ParameterError("--check-code stands alone: leave out the run, --sizes, --html, --trace and --check.")
        run_check_code(options.check_code, options.names, options.time_limit, options.language, options.json)
        return
    if options.html:
        _write_page(options)
        return
    if options.out is not None:
        raise ParameterError("--out is for --html.")
    if (options.run is None) == (options.sizes is None):
        raise ParameterError("Give either --sizes, such as --sizes 3,5,5,3,1, or a run folder.")
    subject = _drawn(options) if options.run is None else _trained(options, options.run)
    example = None
    if options.trace:
        Y = None if subject.Y is None else subject.Y[:, :1]
        example = trace(subject.architecture, subject.parameters, subject.X[:, :1], Y)
    found = None
    if options.check:
        if subject.Y is None:
            raise DataError("--check needs the target: give a table that has the target's column.")
        found = check_gradients(subject.architecture, subject.parameters, subject.X, subject.Y, seed=options.seed)
    if options.json:
        record: dict[str, Any] = {
            "L": subject.architecture.L,
            "sizes": subject.architecture.sizes,
            "layers": [asdict(layer) for layer in subject.architecture.shapes(options.batch)],
            "parameters": subject.architecture.n_parameters,
        }
        if example is not None:
            record["trace"] = [{**asdict(step), "value": step.value.tolist()} for step in example]
        if found is not None:
            record["check"] = {**asdict(found), "passed": found.passed}
        sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
        return
    console = Console(soft_wrap=True, highlight=False)
    console.print(_highlighted(subject.architecture.table(options.batch)))
    if options.run is None:
        console.print(_escaped(_output_rule(subject.architecture)), style="dim")
    if example is not None:
        console.print(f"\n[bold]{subject.about}[/bold]")
        for step in example:
            console.print(f"\n[dim]{step.direction:<8}[/dim]  [bold]{_escaped(step.equation)}[/bold]")
            console.print(_matrix(step.value), markup=False)
    if found is not None:
        verdict = "passed" if found.passed else "FAILED"
        layers = ", ".join(f"{error:.1e}" for error in found.layer_errors)
        console.print(
            f"\n[bold]gradient check {verdict}[/bold]: ‖g − ĝ‖ / (‖g‖ + ‖ĝ‖) = {found.error:.1e} over all parameters "
            f"(allowed {TOLERANCE:.0e}); by layer {layers} (allowed {LAYER_TOLERANCE:.0e})\n"
            f"{found.comparisons:,} derivatives, {found.method}, {found.examples} examples"
        )


def _write_page(options: ExplainOptions) -> None:
    """Write the page of equations, with the network asked for, or with a toy."""
    from leadline.cli.runs import check_out
    from leadline.report.learn import OwnNetwork, build_page
    from leadline.storage import write_whole

    if options.trace or options.check or options.json:
        raise ParameterError("--html shows everything: leave out --trace, --check and --json.")
    if options.run is not None and options.sizes is not None:
        raise ParameterError("Give either --sizes, such as --sizes 3,5,5,3,1, or a run folder.")
    check_out(options.out)
    own, about = None, ""
    if options.run is not None:
        subject = _trained(options, options.run, made_up=True)
        about, name = subject.about, "rows of your table" if subject.Y is not None or options.data else "made-up rows"
        if subject.Y is None:
            about += "; targets are not known, Y is 0"
        own = OwnNetwork(subject.architecture, subject.parameters, subject.X, subject.Y, name)
    elif options.sizes is not None:
        subject = _drawn(options)
        about = (
            f"{EXAMPLES} random examples, random parameters, seed {options.seed}, as leadline explain --trace has them"
        )
        own = OwnNetwork(subject.architecture, subject.parameters, subject.X, subject.Y, "random examples")
    page = build_page(own, about, options.language)
    path = Path(options.out or Path(options.run or ".") / PAGE_NAME)
    write_whole(path, page)
    Console(soft_wrap=True, highlight=False).print(str(path), markup=False)


def _drawn(options: ExplainOptions) -> _Subject:
    """A network of the sizes asked for, with random parameters and examples."""
    assert options.sizes is not None
    try:
        sizes = tuple(int(n) for n in options.sizes.split(","))
    except ValueError:
        raise ParameterError(
            f"--sizes must be integers with commas, such as 3,5,5,3,1; got {options.sizes!r}."
        ) from None
    names: Any = options.activation if "," not in options.activation else tuple(options.activation.split(","))
    try:
        architecture = Architecture(sizes, names, options.loss)
    except ParameterError as error:
        said = str(error).replace("Architecture.sizes", "--sizes").replace("Architecture.activations", "--activation")
        raise ParameterError(said) from error
    generator = np.random.default_rng(options.seed)
    parameters = initial_parameters(architecture, generator)
    n, X = sizes[-1], generator.standard_normal((sizes[0], EXAMPLES))
    if options.loss == "cross_entropy":
        Y = np.eye(n)[:, generator.integers(0, n, EXAMPLES)]
    elif options.loss in ("binary_cross_entropy", "multilabel_cross_entropy", "ordinal_cross_entropy", "poisson"):
        Y = generator.integers(0, 2, (n, EXAMPLES)).astype(np.float64)
    else:
        Y = generator.standard_normal((n, EXAMPLES))
    return _Subject(architecture, parameters, X, Y, f"one random example, random parameters, seed {options.seed}")


def _trained(options: ExplainOptions, run: str, made_up: bool = False) -> _Subject:
    """A network of a trained model, with rows of a table as its examples.

    With `made_up`, the table that the run has learned from is read if none is given and it is still where it was, and
    if not, inputs are drawn.
    """
    from leadline.cli.inputs import word_columns
    from leadline.cli.runs import table_of
    from leadline.estimators import load
    from leadline.tables import no_value, parse_form, read_table

    model = load(run).model_
    if not 0 <= options.member < len(model.members):
        raise ParameterError(f"--member must be from 0 to {len(model.members) - 1}; got {options.member}.")
    architecture, parameters = model.plans[options.member].architecture, model.layers(options.member)
    network = f"network {options.member} of {len(model.members)}"
    data = options.data
    if data is None and made_up:
        data = table_of(run)
        if data is None:
            X = np.random.default_rng(options.seed).standard_normal((architecture.sizes[0], EXAMPLES))
            about = f"{network} in {run}; its table was not found, so inputs are random: explain RUN DATA --html"
            return _Subject(architecture, parameters, X, None, about)
    if data is None:
        if options.trace or options.check:
            raise DataError("--trace and --check of a trained model need a table: leadline explain RUN DATA.")
        return _Subject(architecture, parameters, np.zeros((architecture.sizes[0], 0)), None, "")
    frame = read_table(data, word_columns(model, model.target.name), parse_form(options.read))
    if not 1 <= options.row <= len(frame):
        raise ParameterError(f"--row must be from 1 to {len(frame):,}; got {options.row}.")
    known = np.ones(len(frame), bool)
    if model.target.name in frame.columns:
        known = ~no_value(frame[model.target.name])
        if not known[options.row - 1]:
            raise DataError(
                f"The target {model.target.name!r} is missing in row {options.row} of {data}; give another --row."
            )
    rows = [options.row - 1, *(i for i in np.flatnonzero(known)[:EXAMPLES].tolist() if i != options.row - 1)]
    picked = frame.iloc[rows].reset_index(drop=True)
    X = model.inputs(picked, options.member).T
    Y = None
    if model.target.name in picked.columns:
        own = model.members[options.member]
        Y = model.target.learned(model.target.encode(picked[model.target.name].to_numpy()), own.target).T
    about = f"row {options.row} of {data}, {network}; A[0] is the row as the network sees it"
    if made_up:  # the page holds all of them
        source = f"{len(rows)} rows of {Path(data).name}, row {options.row} first"
        about = f"{source}, {network}; A[0] is a row as the network sees it"
    return _Subject(architecture, parameters, np.asarray(X, dtype=np.float64), Y, about)


def _output_rule(architecture: Architecture) -> str:
    """Why the output has the activation that it has, and how to have another."""
    own = architecture.loss if isinstance(architecture.loss, str) else architecture.loss.name
    others = [name for name in ("half_squared_error", "binary_cross_entropy", "cross_entropy") if name != own]
    choices = ", ".join(f"--loss {name} for {LOSSES[name].output_activation}" for name in others)
    last = architecture.shapes()[-1]
    return f"g[{last.l}] = {last.activation} belongs to the loss, {own}; {choices}"


def _matrix(value: Array) -> str:
    """A matrix as text, its first rows and columns."""
    rows, columns = value.shape
    shown = value[:MOST_SHOWN, :MOST_SHOWN]
    cells = [[f"{x + 0.0:>11.5g}" for x in row] + (["…"] if columns > MOST_SHOWN else []) for row in shown]
    lines = [" ".join(row) for row in cells]
    if rows > MOST_SHOWN:
        lines.append(f"{'⋮':>11}  ({rows} × {columns})")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Text whose square brackets are not markup."""
    return text.replace("[", r"\[")


def _highlighted(table: str) -> str:
    """The table of shapes with its head in bold."""
    first, head, *rest = _escaped(table).split("\n")
    return "\n".join([f"[bold]{first}[/bold]", f"[dim]{head}[/dim]", *rest])

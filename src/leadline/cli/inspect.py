"""`leadline inspect`: what the layers of a trained network see."""

import json as json_format
import re
import sys
from pathlib import Path

from leadline.cli.console import make_console
from leadline.cli.inputs import take_column, word_columns
from leadline.cli.runs import check_out
from leadline.errors import ParameterError
from leadline.estimators import load
from leadline.report import layer_report
from leadline.storage import write_whole
from leadline.tables import check_complete, parse_form, read_table

__all__ = ["run_inspect"]

PAGE_NAME = "layers.html"


def run_inspect(
    run: str,
    data: str,
    target: str | None,
    shape: str | None,
    member: int,
    out: str | None,
    json: bool,
    read: tuple[str, ...],
) -> None:
    """Do what `leadline inspect` does."""
    check_out(out)
    estimator = load(run)
    model = estimator.model_
    name = target or model.target.name
    frame = read_table(data, word_columns(model, name), parse_form(read))
    truth = None
    if target is not None or name in frame.columns:
        truth = take_column(frame, name, "target").to_numpy()
        check_complete(truth, name)
        frame = frame.drop(columns=name)
    picture = None
    if shape is not None:
        found = re.fullmatch(r"([1-9]\d*)[x×]([1-9]\d*)", shape)
        if found is None:
            raise ParameterError(f"--shape must be HEIGHTxWIDTH, such as 28x28; got {shape!r}.")
        picture = (int(found[1]), int(found[2]))
    source = "standard input" if data == "-" else Path(data).name
    about = f"{len(frame):,} rows of {source}; network {member} of {len(model.members)} in {run}"
    layers = layer_report(estimator, frame, truth, picture, member, about)
    path = Path(run) / PAGE_NAME if out is None else Path(out)
    write_whole(path, layers.html)
    if json:
        sys.stdout.write(json_format.dumps(layers.to_record(), indent=2) + "\n")
        return
    console = make_console(quiet=False, for_programs=False)
    if layers.probes:
        score = "R²" if model.target.task == "regression" else "accuracy"
        console.print(
            f"[bold]layer    units  {score} of a linear model ± s.e.   alike the layer before[/bold]", highlight=False
        )
        for probe in layers.probes:
            before = "" if probe.l == 0 else f"{layers.similarity[probe.l, probe.l - 1]:.2f}"
            line = f"A\\[{probe.l}]  {probe.units:>7}  {probe.score:>9.4f} ± {probe.error:<22.4f} {before}"
            console.print(line, highlight=False)
    console.print(str(path), highlight=False, markup=False)

"""From a network and some examples to one HTML page that computes by itself.

The page's mathematics is written anew in JavaScript, line by line as `leadline.network` has it, and tested against it.
`found.json` is what `leadline why-deep --json` (seed 0) says of its trainings.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.errors import ParameterError
from leadline.learn import EXERCISES
from leadline.network import ACTIVATIONS, Architecture, Parameters
from leadline.network import loss as loss_record
from leadline.report.page import environment, script_json

__all__ = ["LANGUAGES", "MOST_BYTES", "OwnNetwork", "build_page", "script"]

Array = NDArray[np.float64]

HERE = Path(__file__).parent
LANGUAGES = ("en", "zh")
# What a page may weigh; a network that brings it beyond is left out with the reason.
MOST_BYTES = 1_000_000

# In the order in which they need each other: the mathematics, which any JavaScript can run, and what is seen.
MATHEMATICS = (
    "matrix",
    "activations",
    "losses",
    "equations",
    "optimisers",
    "random",
    "datasets",
    "circuits",
    "walk",
    "code",
)
SEEN = ("formula", "words", "picture", "network_view", "layer_view", "cell_view", "depth_view", "main")

SECTIONS = (
    ("bench", "The network", "网络"),
    ("counting", "Notation", "符号"),
    ("forward", "Forward", "正向"),
    ("shapes", "Dimensions", "维度"),
    ("backward", "Backward", "反向"),
    ("building", "Building", "搭建"),
    ("hyperparameters", "Hyperparameters", "超参数"),
    ("deep", "How deep?", "多深?"),
    ("why-deep", "Why deep?", "为什么深?"),
    ("own-code", "Your own code", "你的代码"),
)
DATASETS = (
    ("circle", "circle", "圆"),
    ("xor", "exclusive or", "异或"),
    ("spiral", "spiral", "螺旋"),
    ("wave", "wave", "折叠波"),
    ("parity", "parity", "奇偶校验"),
)
# How the page opens.
SETTINGS: dict[str, Any] = {
    "data": "circle",
    "m": 120,
    "seed": 0,
    "bits": 4,
    "folds": 2,
    "features": ["x₁", "x₂"],
    "hidden": [{"n": 4, "g": "tanh"}, {"n": 3, "g": "tanh"}],
    "rate": 0.5,
    "optimiser": "gradient_descent",
}


@dataclass(frozen=True)
class OwnNetwork:
    """A network and examples that a page opens with.

    Attributes
    ----------
    architecture : Architecture
        Its loss must have a name.
    parameters : list of (W, b)
    X : (n[0], m) array
        Examples as columns, as the network sees them.
    Y : (n[L], m) array or None
        Targets, where they are known.
    name : str
        What the data are called on the page.
    inputs : sequence of str
        Names of the inputs; may be fewer than n[0].
    """

    architecture: Architecture
    parameters: Parameters
    X: Array
    Y: Array | None
    name: str
    inputs: Sequence[str] = ()


@cache
def script(everything: bool = True) -> str:
    """The page's JavaScript, or its mathematics alone, as one text."""
    names = (*MATHEMATICS, *SEEN) if everything else MATHEMATICS
    return "\n".join((HERE / f"{name}.js").read_text("utf-8") for name in names)


def build_page(own: OwnNetwork | None = None, about: str = "", language: str = "en") -> str:
    """The page as HTML that needs nothing from anywhere.

    Parameters
    ----------
    own : OwnNetwork, optional
        What it opens with; a toy of the page by default.
    about : str
        A line below its title.
    language : {"en", "zh"}
        In which it opens; a switch on the page leads to the other.

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        The language is another, the loss is the caller's own, or the network would make the page weigh more than 1 MB.
    """
    if language not in LANGUAGES:
        raise ParameterError(f"--language must be one of {', '.join(LANGUAGES)}; got {language!r}.")
    given: dict[str, Any] = {"settings": SETTINGS, "language": language, "found": _found(), "own": None}
    datasets: tuple[tuple[str, str, str], ...] = DATASETS
    if own is not None:
        given["own"] = _own(own)
        hidden = zip(own.architecture.hidden_sizes, own.architecture.hidden_activations, strict=True)
        given["settings"] = {**SETTINGS, "data": "own", "hidden": [{"n": n, "g": g} for n, g in hidden], "rate": 0.1}
        datasets = (("own", own.name, own.name), *DATASETS)
    page = (
        environment()
        .get_template("learn/page.html.j2")
        .render(
            language=language,
            about=about,
            sections=SECTIONS,
            datasets=datasets,
            activations=list(ACTIVATIONS),
            exercises=len(EXERCISES),
            css=(HERE / "page.css").read_text("utf-8"),
            script=script(),
            given=script_json(given),
        )
    )
    size = len(page.encode())
    if size > MOST_BYTES:
        assert own is not None
        raise ParameterError(
            f"The page of this network would weigh {size / 1e6:.1f} MB, more than 1 MB: it has "
            f"{own.architecture.n_parameters:,} parameters. Fit a smaller one (--hidden), or give --sizes."
        )
    return page


@cache
def _found() -> list[dict[str, Any]]:
    """What training found in the experiment of `leadline why-deep`."""
    found: list[dict[str, Any]] = json.loads((HERE / "found.json").read_text("utf-8"))
    return found


def _own(own: OwnNetwork) -> dict[str, Any]:
    loss = own.architecture.loss
    name = loss if isinstance(loss, str) else getattr(loss, "name", "")
    try:
        loss_record(name)
    except ParameterError:
        raise ParameterError(
            "The page knows the losses of leadline only; this network has a loss of its own."
        ) from None
    return {
        "sizes": list(own.architecture.sizes),
        "activations": list(own.architecture.hidden_activations),
        "loss": name,
        "inputs": list(own.inputs),
        "X": _packed(own.X),
        "Y": None if own.Y is None else _packed(own.Y),
        "parameters": [{"W": _packed(W), "b": _packed(b)} for W, b in own.parameters],
    }


def _packed(M: Any) -> dict[str, Any]:
    """A matrix in as few bytes as hold its numbers exactly: those of a trained network are float32."""
    M = np.asarray(M, dtype="<f8")
    short = M.astype("<f4")
    exact = bool((short.astype("<f8") == M).all())
    content = base64.b64encode((short if exact else M).tobytes()).decode("ascii")
    return {"rows": M.shape[0], "columns": M.shape[1], "bits": 32 if exact else 64, "base64": content}

"""What the layers of a network see, as a page: probes, similarity, the rows and the pictures that excite units."""

import base64
import io
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from leadline.errors import DataError, ParameterError
from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV, Model
from leadline.inspection import (
    Probe,
    activation_maximization,
    column_layers,
    layer_activations,
    linear_cka,
    probe_layers,
    spread_rows,
    top_activating_rows,
)
from leadline.records import plain
from leadline.report.network_figures import alike, probes
from leadline.report.page import drawing_library, environment, framed, script_json
from leadline.tables import as_frame

__all__ = ["LayerReport", "contact_sheet", "layer_report"]

Array = NDArray[Any]

# Rows that are looked at, units of a layer that are shown, rows for each of them.
MOST_ROWS, MOST_UNITS, ROWS_EACH = 4000, 36, 6
# Units whose rows are shown as pictures.
UNITS_WITH_ROWS = 12
# Of a contact sheet: pictures in a line, pixels between them, and the least width of a picture.
IN_A_LINE, GAP, LEAST_WIDTH = 12, 4, 56
BLUE, WHITE, RED = np.array([11, 80, 140]), np.array([250, 250, 250]), np.array([190, 50, 20])


@dataclass(frozen=True)
class LayerReport:
    """What an inspection of the layers found, and the page that shows it.

    Attributes
    ----------
    probes : list of Probe
        Empty without a target.
    similarity : (L + 1, L + 1) array
    top_rows : list of (n[l], k) arrays
        For l = 1 … L the places of the rows that excite each unit most.
    sheets : dict of int to (preferred, rows)
        For l = 1 … L two contact sheets as PNG files: what units prefer, and the rows that excite them most. Empty
        without the shape of a picture.
    html : str
        All of it as a page.
    """

    probes: list[Probe]
    similarity: NDArray[np.float64]
    top_rows: list[NDArray[np.int64]]
    sheets: dict[int, tuple[bytes, bytes]]
    html: str

    def _repr_html_(self) -> str:
        return framed(self.html, "What the layers see")

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON, without pictures."""
        exciting = [(1 + own).tolist() for own in self.top_rows]
        record = {"probes": [asdict(probe) for probe in self.probes], "similarity": self.similarity.tolist()}
        return dict(plain({**record, "top_activating_rows": exciting}))


def layer_report(
    estimator: DeepClassifier | DeepRegressor | DepthSearchCV,
    X: Any,
    y: Any = None,
    shape: tuple[int, int] | None = None,
    member: int = 0,
    about: str = "",
) -> LayerReport:
    """Inspect the layers of one network of a model: linear probes, similarity, top activating rows, pictures.

    Parameters
    ----------
    estimator : DeepClassifier, DeepRegressor or DepthSearchCV
        Fitted.
    X : (m, p) DataFrame or array
        Rows; for pictures the columns are pixels, line by line.
    y : (m,) or (m, k) array, optional
        The target, for the probes.
    shape : (height, width), optional
        Of the pictures that rows are.
    member : int
        Which network, from 0.
    about : str
        For the head of the page.

    Raises
    ------
    ParameterError
        There is no such network, or the shape has not as many pixels as the table columns.
    DataError
        Something stands between the pixels and layer 1.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from leadline import DeepClassifier
    >>> from leadline.report import layer_report
    >>> X, y = load_digits(return_X_y=True)
    >>> network = DeepClassifier((16,), numeric_embedding="none", n_networks=1, max_iter=5, random_state=0).fit(X, y)
    >>> layers = layer_report(network, X[:500], y[:500], shape=(8, 8))
    >>> [probe.units for probe in layers.probes], sorted(layers.sheets)
    ([61, 16], [1, 2])
    """
    model = estimator.model_
    if not 0 <= member < len(model.members):
        raise ParameterError(f"member must be from 0 to {len(model.members) - 1}; got {member}.")
    whole = as_frame(X, estimator._names) if hasattr(X, "columns") else estimator._frame(X)
    kept = spread_rows(len(whole), MOST_ROWS)
    frame = whole.iloc[kept].reset_index(drop=True)
    activations = layer_activations(model, frame, member)
    architecture = model.plans[member].architecture
    found: list[Probe] = []
    if y is not None:
        own = np.asarray(y)
        truth = model.target.truth((own[:, 0] if own.ndim == 2 and own.shape[1] == 1 else own)[kept])
        found = probe_layers(activations[:-1], truth, model.target.task != "regression")
    exciting = [top_activating_rows(A, ROWS_EACH) for A in activations[1:]]
    sheets = {}
    if shape is not None:
        seen = column_layers(model, frame, member)
        if seen is None:
            raise DataError(
                "Embeddings stand between the pixels and layer 1; fit with numeric_embedding='none' to see pictures."
            )
        parameters, columns = seen
        pixels = _pixels(model, frame, shape)
        raw, scale = frame.to_numpy(dtype=np.float64), model.members[member].statistics.scale
        scale = np.where(np.isfinite(scale), scale, 0.0)  # a pixel that was the same in all training rows
        for l in range(1, architecture.L + 1):
            shown = spread_rows(architecture.sizes[l], MOST_UNITS)
            preferred = activation_maximization(
                parameters[:l], architecture.hidden_activations, shown.tolist(), columns
            )
            of_units = [_placed(own * scale, pixels, shape) for own in preferred]
            of_rows = [raw[row].reshape(shape) for unit in shown[:UNITS_WITH_ROWS] for row in exciting[l - 1][unit]]
            sheets[l] = (contact_sheet(of_units, signed=True), contact_sheet(of_rows, in_a_line=2 * ROWS_EACH))
    alikeness = linear_cka(activations)
    page = _page(model, found, alikeness, exciting, kept, sheets, architecture, about)
    return LayerReport(found, alikeness, [kept[own] for own in exciting], sheets, page)


def _pixels(model: Model, frame: pd.DataFrame, shape: tuple[int, int]) -> NDArray[np.int64]:
    """The place in the picture of each number that the network reads."""
    if frame.shape[1] != shape[0] * shape[1]:
        raise ParameterError(
            f"A picture of {shape[0]} × {shape[1]} has {shape[0] * shape[1]:,} pixels; the table has "
            f"{frame.shape[1]:,} columns beside the target."
        )
    if model.layout.category_columns or any(column.n_indicators for column in model.layout.number_columns):
        raise DataError("Pictures are numbers without gaps; this model also reads categories or missing values.")
    return np.array([frame.columns.get_loc(column.name) for column in model.layout.number_columns])


def _placed(values: Array, pixels: Array, shape: tuple[int, int]) -> Array:
    picture = np.zeros(shape[0] * shape[1])
    picture[pixels] = values
    return picture.reshape(shape)


def contact_sheet(pictures: list[Array], signed: bool = False, in_a_line: int = IN_A_LINE) -> bytes:
    """Pictures beside each other, as a PNG file.

    Parameters
    ----------
    pictures : list of (height, width) arrays
    signed : bool
        Blue for negative and red for positive values, each picture by its own largest; otherwise grey, from the
        smallest to the largest value.
    in_a_line : int
    """
    height, width = pictures[0].shape
    zoom = max(1, -(-LEAST_WIDTH // width))
    lines = -(-len(pictures) // in_a_line)
    across = min(in_a_line, len(pictures))
    size = (lines * (height * zoom + GAP) + GAP, across * (width * zoom + GAP) + GAP, 3)
    sheet = np.full(size, 255, np.uint8)
    for i, picture in enumerate(pictures):
        line, place = divmod(i, in_a_line)
        top, left = GAP + line * (height * zoom + GAP), GAP + place * (width * zoom + GAP)
        large = np.kron(_coloured(picture, signed), np.ones((zoom, zoom, 1), np.uint8))
        sheet[top : top + height * zoom, left : left + width * zoom] = large
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "PNG", optimize=True)
    return file.getvalue()


def _coloured(picture: Array, signed: bool) -> NDArray[np.uint8]:
    """(height, width, 3) in 0 … 255."""
    if signed:
        share = (picture / max(float(np.abs(picture).max()), 1e-300))[..., None]
        ends = np.where(share < 0, BLUE, RED)
        return np.asarray(np.round(WHITE + np.abs(share) * (ends - WHITE)), np.uint8)
    low, high = float(picture.min()), float(picture.max())
    grey = 255 * (picture - low) / max(high - low, 1e-300)
    return np.repeat(np.round(grey).astype(np.uint8)[..., None], 3, axis=2)


def _page(
    model: Model,
    found: list[Probe],
    alikeness: Array,
    exciting: list[Array],
    kept: Array,
    sheets: dict[int, tuple[bytes, bytes]],
    architecture: Any,
    about: str,
) -> str:
    score = "R²" if model.target.task == "regression" else "accuracy"
    drawn = [*([probes(found, score)] if found else []), alike(alikeness)]
    layers = []
    for l, own in enumerate(exciting, start=1):
        shown = spread_rows(len(own), MOST_UNITS)
        pictures = [_data_uri(sheet) for sheet in sheets[l]] if sheets else []
        rows = [{"unit": int(unit) + 1, "rows": (1 + kept[own[unit]]).tolist()} for unit in shown]
        g = architecture.hidden_activations[l - 1] if l < architecture.L else "the output"
        layers.append({"l": l, "units": len(own), "g": g, "pictures": pictures, "rows": rows})
    return (
        environment()
        .get_template("layers.html.j2")
        .render(
            target=model.target.name,
            about=about,
            score=score,
            probes=found,
            drawn=drawn,
            layers=layers,
            library=drawing_library(),
            specs=script_json({figure.name: figure.spec for figure in drawn}),
        )
    )


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")

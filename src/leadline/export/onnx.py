"""A fitted model as an ONNX graph that takes raw columns: encoding, networks, their average and the target in one file.

A table's columns are inputs of their own, (N, 1): numbers in float64 with NaN for missing, categories as text with ""
for missing, dates as days since 1970 in float64. A model that was fitted on an array has one input X, (N, p), in
float64. Numbers are centred and scaled in float64, as Leadline does it; the networks compute in float32.

Every part of the graph names what another one made, in the order in which a prediction is computed, so they stand in
one module. Only operators that ONNX Runtime has had for years are used: opset 17, and 2 of ai.onnx.ml.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline._version import __version__
from leadline.errors import ParameterError
from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.estimators.model import Member, Model
from leadline.export.sureness import interval_nodes, set_node
from leadline.network import activation
from leadline.search import Intervals, Sets
from leadline.tables import (
    CategoryColumn,
    CategoryStatistics,
    Classes,
    Cross,
    Labels,
    NumberColumn,
    Numbers,
    Ordinal,
    as_frame,
    known_words,
)
from leadline.tables.dates import CALENDAR_DAYS, CYCLES, calendar_places
from leadline.tables.number_targets import LARGEST_EXPONENT
from leadline.tables.statistics import CLIP, FARTHEST
from leadline.training import Plan, coded_above

__all__ = ["TOLERANCE", "onnx_inputs", "to_onnx"]

Array = NDArray[Any]
Estimator = DeepClassifier | DeepRegressor | DepthSearchCV

OPSET, ML_OPSET, IR_VERSION = 17, 2, 8
# The largest difference that is put down to rounding; see `write_onnx` for what it is measured in.
TOLERANCE = 1e-4
NOTHING: Mapping[str, Any] = MappingProxyType({})
# Before the name of a column's input while a graph is made, so that no name inside is the same.
_COLUMN = "column:"


def _onnx() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise ParameterError("Writing ONNX needs onnx and onnxruntime; pip install 'leadline[onnx]'.") from error
    return onnx


class _Graph:
    """Nodes and constants of a graph as they are made, each with a readable name."""

    def __init__(self) -> None:
        self.helper, self.numpy = _onnx().helper, _onnx().numpy_helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._made: set[str] = set()

    def once(self, name: str, make: Callable[[], str]) -> str:
        """What `make` makes under a name, which several ask for."""
        if name not in self._made:
            self._made.add(name)
            assert make() == name
        return name

    def constant(self, name: str, value: Any, dtype: Any) -> str:
        """A constant tensor."""
        if dtype is str:
            encoded = [str(item).encode() for item in value]
            tensor = self.helper.make_tensor(name, _onnx().TensorProto.STRING, [len(encoded)], encoded)
        else:
            tensor = self.numpy.from_array(np.asarray(value, dtype), name)
        self.constants.append(tensor)
        return name

    def node(self, kind: str, name: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """A node with one output, which has the node's name."""
        self.nodes.append(self.helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def cast(self, name: str, value: str, dtype: Any) -> str:
        """A value in another type."""
        kind = self.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.node("Cast", name, value, to=kind)

    def parsed(self, name: str, text: str, inputs: Mapping[str, str], constants: Mapping[str, Any] = NOTHING) -> str:
        """Nodes in ONNX's text form, the last of which computes `a`: that is called `name`, all else is under it.

        `inputs` says what the inputs in the text are called in the graph; what it names in `constants` are tensors.
        """
        known = dict(inputs)
        for own, value in constants.items():
            known[own] = self.constant(f"{name}/{own}", value, np.asarray(value).dtype)
        known["a"] = name
        types = ", ".join(f"float[N] {own}" for own in inputs)
        for node in _onnx().parser.parse_graph(f"g ({types}) => (float[N] a) {{ {text} }}").node:
            node.input[:] = [known[own] for own in node.input]
            known.update({own: f"{name}/{own}" for own in node.output if own != "a"})
            node.output[:] = [known[own] for own in node.output]
            node.name = node.output[0]
            self.nodes.append(node)
        return name


def to_onnx(estimator: Estimator, flat: bool = False, coverage: float | None = None) -> Any:
    """Convert a fitted estimator to an ONNX model.

    Parameters
    ----------
    estimator : DeepClassifier, DeepRegressor or DepthSearchCV
    flat : bool
        All inputs of a table's columns and all outputs are (N,), as MLflow's servers have them, instead of (N, 1) and
        (N, K): a classifier's outputs are "label" and "p(…)" for each class.
    coverage : float, optional
        How often the truth is to be inside the interval or the set of a row, which are outputs then, as
        `predict_interval` and `predict_set` give them.

    Returns
    -------
    onnx.ModelProto
        Outputs: "label" and "probabilities" of a classification, "predictions" of a regression; with `coverage` also
        "set", (N, K) truth values, or "lower" and "upper", (N, k).

    Raises
    ------
    ParameterError
        onnx is not installed, the model reads free text or a column without a name, or it does not know how sure it
        is.
    """
    onnx, model = _onnx(), estimator.model_
    for column in model.layout.text_columns:
        raise ParameterError(
            f"ONNX cannot read column {column.name!r}: it is free text, for whose words it has no operators. Serve the "
            "model by leadline serve or leadline.load, or fit it without the column."
        )
    if any(not column.name for column in model.layout.columns):
        raise ParameterError("ONNX has no input without a name, and a column's name is empty; name it and fit again.")
    sure = None if coverage is None else estimator._sure()
    graph = _Graph()
    inputs, numbers, told = _columns(graph, estimator, flat)
    of_members = [
        _network(graph, plan, member, f"network_{i + 1}" if len(model.members) > 1 else "network", numbers, told)
        for i, (plan, member) in enumerate(zip(model.plans, model.members, strict=True))
    ]
    outputs = _outputs(graph, model, of_members)
    if coverage is not None and sure is not None:
        outputs += _sureness(graph, model, sure, coverage, "each/" if flat else "")
    if flat:
        outputs = [vector for output in outputs for vector in _vectors(graph, model, output)]
    _name_columns(graph, inputs, outputs)
    made = graph.helper.make_graph(graph.nodes, "leadline", inputs, outputs, graph.constants)
    opsets = [graph.helper.make_opsetid("", OPSET), graph.helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    proto = graph.helper.make_model(
        made, opset_imports=opsets, producer_name="Leadline", producer_version=__version__, ir_version=IR_VERSION
    )
    facts = {"task": model.target.task, "target": model.target.name, "layout": json.dumps(model.layout.to_record())}
    graph.helper.set_model_props(proto, facts)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _name_columns(graph: _Graph, inputs: list[Any], outputs: list[Any]) -> None:
    """Give the inputs the columns' names; what has one of these names inside, or as an output, gets a prefix."""
    columns = {item.name.removeprefix(_COLUMN) for item in inputs}
    names = {item.name: item.name.removeprefix(_COLUMN) for item in inputs}
    inside = [tensor.name for tensor in graph.constants] + [name for node in graph.nodes for name in node.output]
    for name in inside:
        other = name
        while other in columns:
            other = f"leadline/{other}"
        names[name] = other
    for item in (*inputs, *outputs, *graph.constants):
        item.name = names[item.name]
    for node in graph.nodes:
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]


def _columns(graph: _Graph, estimator: Estimator, flat: bool) -> tuple[list[Any], str | None, list["_Told"]]:
    """The inputs of the graph; the raw numbers (N, p) in float64; and what is told of categories and gaps."""
    layout, kinds = estimator.model_.layout, _onnx().TensorProto
    # of each column what its nodes are called by: the number makes it another than whatever a column is called
    own = {column.name: f"column {i}: {column.name}" for i, column in enumerate(layout.columns, start=1)}
    raw: dict[str, str] = {}
    if hasattr(estimator, "feature_names_in_"):
        inputs = []
        for column in layout.columns:
            kind = kinds.DOUBLE if isinstance(column, NumberColumn) else kinds.STRING
            given = raw[column.name] = f"{_COLUMN}{column.name}"
            inputs.append(graph.helper.make_tensor_value_info(given, kind, ["N"] if flat else ["N", 1]))
            if flat:
                shape = graph.constant(f"{own[column.name]}/shape", [-1, 1], np.int64)
                raw[column.name] = graph.node("Reshape", f"{own[column.name]}/column", given, shape)
    else:
        inputs = [graph.helper.make_tensor_value_info("X", kinds.DOUBLE, ["N", estimator.n_features_in_])]
        for column in layout.columns:
            at = graph.constant(f"{own[column.name]}/place", [int(column.name.removeprefix("x"))], np.int64)
            raw[column.name] = graph.node("Gather", f"{own[column.name]}/column", "X", at, axis=1)
    numbers = [raw[column.name] for column in layout.number_columns]
    numbers += [
        _cycle(graph, own[column.name], raw[column.name], cycle)
        for column in layout.number_columns
        for cycle in column.cycles
    ]
    told = []
    for column in layout.columns:
        name = own[column.name]
        if isinstance(column, CategoryColumn):
            told.append(_Told(name, column, _codes(graph, name, column, raw[column.name])))
        elif isinstance(column, NumberColumn) and column.missing:
            missing = graph.node("IsNaN", f"{name}/is_missing", raw[column.name])
            told.append(_Told(name, column, graph.cast(f"{name}/missing", missing, np.float32)))
    for i, cross in enumerate(layout.crosses, start=1):
        name = f"cross {i}: {cross.name}"
        told.append(_Told(name, cross, _cells(graph, name, cross, raw, told)))
    return inputs, _together(graph, "numbers", numbers), told


def _cycle(graph: _Graph, column: str, days: str, name: str) -> str:
    """The numbers of a cycle of a date, (N, size) in float64, as `Cycle` has them."""
    cycle, own = CYCLES[name], f"{column}/{name}"
    if cycle.whole_days:
        days = graph.node("Floor", f"{own}/days", days)
    turns = graph.node("Div", f"{own}/turns", days, graph.constant(f"{own}/period", cycle.period, np.float64))
    place = graph.node("Sub", f"{own}/place", turns, graph.node("Floor", f"{own}/whole", turns))
    waves = graph.constant(f"{own}/waves", 2 * np.pi * cycle.counts[None], np.float64)
    # sines and cosines are there in float32
    angles = graph.cast(f"{own}/angles", graph.node("Mul", f"{own}/angles64", place, waves), np.float32)
    both = [graph.node(kind, f"{own}/{kind}", angles) for kind in ("Sin", "Cos")]
    waves = graph.cast(f"{own}/both64", graph.node("Concat", f"{own}/both", *both, axis=1), np.float64)
    heights = graph.constant(f"{own}/heights", cycle.heights[None], np.float64)
    numbers = graph.node("Mul", f"{own}/numbers", waves, heights)
    gaps = graph.node("IsNaN", f"{own}/gaps", numbers)
    return graph.node("Where", f"{own}/known", gaps, graph.constant(f"{own}/zero", 0.0, np.float64), numbers)


class _Told(NamedTuple):
    """What is told of a column beside its number, (N, 1): its category's code, in int64, or whether it is missing; of a
    cross the cell, in int64. Nodes that are made of it are called by its name.
    """

    name: str
    column: NumberColumn | CategoryColumn | Cross
    node: str


def _cells(graph: _Graph, own: str, cross: Cross, raw: dict[str, str], told: Sequence[_Told]) -> str:
    """The cell of a cross, as `Cross.cells` has it, (N, 1) in int64."""
    codes = {one.column.name: one.node for one in told if isinstance(one.column, CategoryColumn)}
    cells = ""
    for axis in cross.axes:
        name = f"{own}/cells of {axis.name}"
        if axis.n_codes:
            place = graph.node("Add", f"{name}/place", codes[axis.name], graph.constant(f"{name}/one", 1, np.int64))
        elif axis.calendar:
            place = _calendar(graph, name, raw[axis.name], axis.calendar)
        else:
            known = graph.constant(f"{name}/values", np.array(axis.values)[None], np.float32)
            number = graph.cast(f"{name}/number", raw[axis.name], np.float32)
            there = graph.cast(f"{name}/there", graph.node("Equal", f"{name}/is", number, known), np.float32)
            # of each value its place, which float32 has
            counts = graph.constant(f"{name}/counts", 1 + np.arange(len(axis.values))[:, None], np.float32)
            place = graph.cast(f"{name}/place", graph.node("MatMul", f"{name}/place32", there, counts), np.int64)
        if cells:
            size = graph.constant(f"{name}/size", axis.size, np.int64)
            place = graph.node("Add", f"{name}/cell", graph.node("Mul", f"{name}/first", cells, size), place)
        cells = place
    return cells


def _calendar(graph: _Graph, name: str, days: str, calendar: str) -> str:
    """The place of a date in the calendar, as `Axis.places` has it, (N, 1) in int64."""
    days = graph.cast(f"{name}/number", days, np.float32)
    gaps = graph.node("IsNaN", f"{name}/gaps", days)
    known = graph.node("Where", f"{name}/known", gaps, graph.constant(f"{name}/none", 0.0, np.float32), days)
    whole = graph.cast(f"{name}/days", graph.node("Floor", f"{name}/floor", known), np.int64)
    at = graph.node("Mod", f"{name}/day", whole, graph.constant(f"{name}/calendar days", CALENDAR_DAYS, np.int64))
    places = graph.constant(f"{name}/places", calendar_places(calendar), np.int16)
    place = graph.cast(f"{name}/place of a day", graph.node("Gather", f"{name}/found", places, at, axis=0), np.int64)
    return graph.node("Where", f"{name}/place", gaps, graph.constant(f"{name}/unknown", 0, np.int64), place)


def _rest(graph: _Graph, told: list[_Told], coded_above: float) -> list[str]:
    """The inputs beside the numbers as a network takes them; nodes that several networks share are made once."""
    parts = []
    for name, column, node in told:
        if isinstance(column, Cross):
            continue
        if isinstance(column, NumberColumn):
            parts.append(node)
            continue
        if column.finer:
            node = graph.once(f"{name}/place", partial(_places, graph, name, column, node))
        if column.n_indicators > coded_above:
            number = f"{name}/number"
            parts.append(graph.once(number, partial(graph.cast, number, node, np.float32)))
        else:
            parts.append(graph.once(f"{name}/indicators", partial(_indicators, graph, name, column, node)))
    return parts


def _places(graph: _Graph, name: str, column: CategoryColumn, codes: str) -> str:
    """The codes of a column, those of finer categories as that of the rare ones, (N, 1) in int64."""
    end = graph.constant(f"{name}/end", column.n_indicators, np.int64)
    rare = graph.constant(f"{name}/rare", len(column.categories), np.int64)
    return graph.node("Where", f"{name}/place", graph.node("Less", f"{name}/told", codes, end), codes, rare)


def _statistics(graph: _Graph, name: str, told: list[_Told], own: CategoryStatistics) -> str:
    """What statistics say of a column, (N, k + 1) in float32."""
    told_of, _, codes = [one for one in told if not isinstance(one.column, NumberColumn)][own.source]
    name = f"{name}/{told_of}/statistics"
    places = graph.node("Add", f"{name}/places", codes, graph.constant(f"{name}/one", 1, np.int64))
    values = graph.constant(f"{name}/values", own.values, np.float32)
    rows = graph.node("Gather", f"{name}/rows", values, places, axis=0)
    return graph.node("Reshape", name, rows, graph.constant(f"{name}/shape", [-1, own.width], np.int64))


def _together(graph: _Graph, name: str, parts: list[str]) -> str | None:
    """Columns side by side."""
    return graph.node("Concat", name, *parts, axis=1) if parts else None


def _indicators(graph: _Graph, name: str, column: CategoryColumn, codes: str) -> str:
    """One input for each category of a column, for the rare ones together and for "missing", (N, k) in float32."""
    each = graph.constant(f"{name}/codes", np.arange(column.n_indicators)[None], np.int64)
    return graph.cast(f"{name}/indicators", graph.node("Equal", f"{name}/is", codes, each), np.float32)


def _codes(graph: _Graph, name: str, column: CategoryColumn, raw: str) -> str:
    """Which indicator of a column each row has, −1 for none, (N, 1) in int64."""
    k = len(column.categories)
    words = dict(zip(column.categories, range(k), strict=True))
    words.update((word, column.n_indicators + i) for i, word in enumerate(column.finer))
    for word in ("True", "False"):
        if word in words:
            words.update(dict.fromkeys((word.lower(), word.upper()), words[word]))
    for word, usual in column.spellings:
        if usual in words:
            words.update((own, words[usual]) for own in (word, word.upper(), word.capitalize()) if own not in words)
    words[""] = k + column.rare if column.missing else -1
    return graph.node(
        "LabelEncoder",
        f"{name}/code",
        raw,
        domain="ai.onnx.ml",
        keys_strings=list(words),
        values_int64s=list(words.values()),
        default_int64=k if column.rare else -1,
    )


def _network(graph: _Graph, plan: Plan, member: Member, name: str, numbers: str | None, told: list[_Told]) -> str:
    """Raw scores Z[L], (N, n[L]), of one network."""
    inputs = []
    if numbers is not None:
        own = member.statistics
        fill, center, scale = (
            graph.constant(f"{name}/{part}", getattr(own, part), np.float64) for part in ("fill", "center", "scale")
        )
        gaps = graph.node("IsNaN", f"{name}/gaps", numbers)
        filled = graph.node("Where", f"{name}/filled", gaps, fill, numbers)
        scaled = graph.node("Div", f"{name}/scaled", graph.node("Sub", f"{name}/centred", filled, center), scale)
        x = graph.cast(f"{name}/x", scaled, np.float32)
        if own.scaling == "robust":
            x = _clipped(graph, name, x)
        inputs.append(x)
    inputs += [_statistics(graph, name, told, own) for own in member.statistics.categories]
    inputs += _rest(graph, told, coded_above(member.settings))
    A = _together(graph, f"{name}/A0", inputs)
    assert A is not None
    arrays = plan.named(member.theta)
    for i, piece in enumerate(plan.pieces):
        constants, text = piece.onnx({spec.name: arrays[spec.name] for spec in piece.parameters})
        A = graph.parsed(f"{name}/A0_{i + 1}", text, {"x": A}, constants)
    architecture = plan.architecture
    for l in range(1, architecture.L + 1):
        A = _dense(graph, f"{name}/Z{l}", A, arrays[f"W[{l}]"], arrays[f"b[{l}]"], plan.members)
        if l < architecture.L:
            A = graph.parsed(f"{name}/A{l}", activation(architecture.hidden_activations[l - 1]).onnx, {"z": A})
    if plan.members == 1:
        return A
    # what ReduceMean takes has changed since opset 17
    total = graph.node("ReduceSum", f"{name}/total", A, graph.constant(f"{name}/axis", [0], np.int64), keepdims=0)
    return graph.node("Div", f"{name}/mean", total, graph.constant(f"{name}/n_members", plan.members, np.float32))


def _dense(graph: _Graph, name: str, A: str, W: Array, b: Array, members: int) -> str:
    """Z = A Wᵀ + b, for A of (N, n) or, with members, of (k, N, n)."""
    if members == 1:
        weights = graph.constant(f"{name}/W", W, np.float32), graph.constant(f"{name}/b", b, np.float32)
        return graph.node("Gemm", name, A, *weights, transB=1)
    product = graph.node(
        "MatMul", f"{name}/product", A, graph.constant(f"{name}/W", np.swapaxes(W, -1, -2), np.float32)
    )
    return graph.node("Add", name, product, graph.constant(f"{name}/b", b[:, None] if b.ndim > 1 else b, np.float32))


def _clipped(graph: _Graph, name: str, x: str) -> str:
    """x / √(1 + (x/3)²), as `Statistics` has it."""
    low, high = (
        graph.constant(f"{name}/{end}", sign * FARTHEST, np.float32) for end, sign in (("low", -1), ("high", 1))
    )
    x = graph.node("Clip", f"{name}/bounded", x, low, high)
    ratio = graph.node("Div", f"{name}/ratio", x, graph.constant(f"{name}/clip", CLIP, np.float32))
    square = graph.node("Mul", f"{name}/square", ratio, ratio)
    one = graph.constant(f"{name}/one", 1.0, np.float32)
    root = graph.node("Sqrt", f"{name}/root", graph.node("Add", f"{name}/sum", square, one))
    return graph.node("Div", f"{name}/clipped", x, root)


def _outputs(graph: _Graph, model: Model, scores: Sequence[str]) -> list[Any]:
    """The mean of the members' predictions, and the classes or labels that follow."""
    target, kinds = model.target, _onnx().TensorProto
    info = graph.helper.make_tensor_value_info
    if isinstance(target, Numbers):
        each = [
            _numbers(graph, target, member, f"predictions_{i + 1}", Z)
            for i, (member, Z) in enumerate(zip(model.members, scores, strict=True))
        ]
        shape = [n for n in (target.n_outputs, len(target.quantiles)) if n > 1] or [1]
        mean = _mean(graph, "mean", each, model, np.float64)
        graph.node("Reshape", "predictions", mean, graph.constant("shape", [-1, *shape], np.int64))
        return [info("predictions", kinds.DOUBLE, ["N", *shape])]
    each = [_probabilities(graph, target, f"probabilities_{i + 1}", Z) for i, Z in enumerate(scores)]
    probabilities = _mean(graph, "probabilities", each, model, np.float32)
    if isinstance(target, Labels):
        half = graph.constant("half", 0.5, np.float32)
        graph.cast("label", graph.node("Greater", "is_more_probable", probabilities, half), np.int64)
        label = info("label", kinds.INT64, ["N", target.n_labels])
    else:
        assert isinstance(target, Classes)
        kind, dtype = _class_type(target.values)
        values = graph.constant("classes", target.values, dtype)
        graph.node("Gather", "label", values, graph.node("ArgMax", "place", probabilities, axis=1, keepdims=0))
        label = info("label", kind, ["N"])
    return [label, info("probabilities", kinds.FLOAT, ["N", target.n_predictions])]


def _sureness(graph: _Graph, model: Model, sure: Intervals | Sets, coverage: float, prefix: str) -> list[Any]:
    """The ends of intervals, or which classes are in the set of a row; a prefix where vectors will have the names."""
    info, kinds, target = graph.helper.make_tensor_value_info, _onnx().TensorProto, model.target
    if isinstance(sure, Intervals):
        made = interval_nodes(graph, sure, "mean", coverage, prefix)
        return [info(name, kinds.DOUBLE, ["N", sure.target.n_outputs]) for name in made]
    made = [set_node(graph, sure, "probabilities", coverage, prefix)]
    return [info(name, kinds.BOOL, ["N", target.n_predictions]) for name in made]


def _vectors(graph: _Graph, model: Model, output: Any) -> list[Any]:
    """An output of a graph, (N,) or (N, k, …), as outputs (N,) that are called by what they are."""
    info, tensor = graph.helper.make_tensor_value_info, output.type.tensor_type
    width = int(np.prod([own.dim_value for own in tensor.shape.dim[1:]]))
    if len(tensor.shape.dim) == 1:
        return [output]
    classes = model.target.classes
    single = {"predictions": "prediction"}.get(output.name, output.name.removeprefix("each/"))
    names = [f"{single}_{i + 1}" for i in range(width)] if width > 1 else [single]
    if output.name == "probabilities":
        names = [f"p({c})" for c in (range(width) if classes is None else classes)]
    elif single == "set":
        names = [f"set({c})" for c in (range(width) if classes is None else classes)]
    flat = graph.constant(f"{output.name}/width", [-1, width], np.int64)
    rows = graph.node("Reshape", f"{output.name}/rows", output.name, flat)
    for i, name in enumerate(names):
        place = graph.constant(f"{output.name}/place_{i + 1}", i, np.int64)
        graph.node("Gather", name, rows, place, axis=1)
    return [info(name, tensor.elem_type, ["N"]) for name in names]


def _mean(graph: _Graph, name: str, each: list[str], model: Model, dtype: Any) -> str:
    """The mean of the networks' predictions, by their weights."""
    weights = [member.weight for member in model.members]
    if len(set(weights)) > 1:
        each = [
            graph.node("Mul", f"{name}/weighted_{i + 1}", one, graph.constant(f"{name}/weight_{i + 1}", weight, dtype))
            for i, (one, weight) in enumerate(zip(each, weights, strict=True))
        ]
    else:
        weights = [1.0] * len(weights)
    total = graph.node("Sum", f"{name}/sum", *each)
    return graph.node("Div", name, total, graph.constant(f"{name}/weights", sum(weights), dtype))


def _class_type(values: NDArray[Any]) -> tuple[Any, Any]:
    """The type of the classes in a graph: numbers as they are, everything else as text."""
    kinds = _onnx().TensorProto
    if values.dtype.kind in "iub":
        return kinds.INT64, np.int64
    if values.dtype.kind == "f":
        return kinds.DOUBLE, np.float64
    return kinds.STRING, str


def _probabilities(graph: _Graph, target: Classes | Labels | Any, name: str, Z: str) -> str:
    if isinstance(target, Ordinal) and target.n_scores > 1:
        return _in_order(graph, target, name, Z)
    if isinstance(target, Classes) and target.n_scores > 1:
        return graph.node("Softmax", name, Z, axis=1)
    if isinstance(target, Labels):
        return graph.node("Sigmoid", name, Z)
    # each from its own exponential: 1 − p would round a small probability to zero
    other = graph.node("Sigmoid", f"{name}/first", graph.node("Neg", f"{name}/negative", Z))
    return graph.node("Concat", name, other, graph.node("Sigmoid", f"{name}/second", Z), axis=1)


def _in_order(graph: _Graph, target: Ordinal, name: str, Z: str) -> str:
    """Differences of the probabilities to be beyond each class, the greatest first."""
    many = graph.constant(f"{name}/count", [target.n_scores], np.int64)
    beyond = graph.node("Sigmoid", f"{name}/sigmoid", Z)
    graph.nodes.append(
        graph.helper.make_node(
            "TopK", [beyond, many], [f"{name}/beyond", f"{name}/order"], name=f"{name}/sort", axis=1, sorted=1
        )
    )
    edges = {}
    for end, pads in (("above", [0, 0, 0, 1]), ("below", [0, 1, 0, 0])):
        value = graph.constant(f"{name}/{end}_value", 1.0 if end == "below" else 0.0, np.float32)
        padding = graph.constant(f"{name}/{end}_pads", pads, np.int64)
        edges[end] = graph.node("Pad", f"{name}/{end}", f"{name}/beyond", padding, value, mode="constant")
    of_places = graph.node("Sub", f"{name}/places", edges["below"], edges["above"])
    return graph.node("Gather", name, of_places, graph.constant(f"{name}/ranks", target.ranks, np.int64), axis=1)


def _numbers(graph: _Graph, target: Numbers, member: Member, name: str, Z: str) -> str:
    """From raw scores to numbers, (N, n[L]) in float64."""
    own, q = member.target, len(target.quantiles)
    Z = graph.cast(f"{name}/scores", Z, np.float64)
    scale = graph.constant(f"{name}/scale", own.scale, np.float64)
    if target.output_activation == "exp":
        most = graph.constant(f"{name}/most", LARGEST_EXPONENT, np.float64)
        Z = graph.node("Exp", f"{name}/exp", graph.node("Min", f"{name}/min", Z, most))
        done = graph.node("Mul", f"{name}/scaled", Z, scale)
    else:
        center = graph.constant(f"{name}/center", own.center, np.float64)
        done = graph.node("Add", f"{name}/numbers", graph.node("Mul", f"{name}/scaled", Z, scale), center)
    if np.isfinite(own.low).all():
        low, high = (graph.constant(f"{name}/{end}", getattr(own, end), np.float64) for end in ("low", "high"))
        done = graph.node("Min", f"{name}/within", graph.node("Max", f"{name}/not_below", done, low), high)
    if q < 2:
        return done
    cube = graph.node("Reshape", f"{name}/by_quantile", done, graph.constant(f"{name}/to", [0, -1, q], np.int64))
    many = graph.constant(f"{name}/count", [q], np.int64)
    graph.nodes.append(
        graph.helper.make_node(
            "TopK", [cube, many], [f"{name}/sorted", f"{name}/order"], name=f"{name}/sort", axis=2, largest=0, sorted=1
        )
    )
    places = graph.constant(f"{name}/places", np.argsort(np.argsort(target.quantiles)), np.int64)
    placed = graph.node("Gather", f"{name}/placed", f"{name}/sorted", places, axis=2)
    return graph.node("Reshape", name, placed, graph.constant(f"{name}/flat", [0, target.n_scores], np.int64))


def onnx_inputs(estimator: Estimator, X: Any, flat: bool = False) -> dict[str, NDArray[Any]]:
    """The inputs of the ONNX model for the rows of a table or array, by name.

    Parameters
    ----------
    estimator : DeepClassifier, DeepRegressor or DepthSearchCV
    X : (m, p) DataFrame or array
    flat : bool
        As `to_onnx` was given it.
    """
    if not hasattr(estimator, "feature_names_in_"):
        return {"X": as_frame(X).to_numpy(np.float64)}
    layout, frame = estimator.model_.layout, as_frame(X, list(estimator.feature_names_in_))
    numbers = iter(layout.encode(frame).numbers.T.astype(np.float64))
    fed = {}
    for column in layout.columns:
        if isinstance(column, CategoryColumn):
            values = np.array([word or "" for word in known_words(column, frame[column.name])], dtype=object)
        else:
            values = next(numbers)
        fed[column.name] = values if flat else values[:, None]
    return fed

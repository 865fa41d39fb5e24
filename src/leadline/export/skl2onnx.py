"""Our estimators among those that skl2onnx converts: alone, or at the end of a pipeline of scikit-learn's.

skl2onnx walks through a pipeline and asks a converter for each step. Ours makes the graph that `to_onnx` makes and
puts it in place: what comes before it in the pipeline becomes its input.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.errors import LeadlineError, ParameterError
from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.export.onnx import ML_OPSET, OPSET, TOLERANCE, to_onnx
from leadline.tables import Labels, Numbers, as_frame, has_names

__all__ = ["pipeline_to_onnx", "register_converters"]

Array = NDArray[Any]


def _skl2onnx() -> Any:
    try:
        import skl2onnx
    except ImportError as error:
        raise ParameterError("Exporting a pipeline needs skl2onnx; pip install 'leadline[onnx]' skl2onnx.") from error
    return skl2onnx


def register_converters() -> None:
    """Register converters for DeepClassifier, DeepRegressor and DepthSearchCV with skl2onnx, for this process.

    A classifier has the outputs "label" and "probabilities" as a tensor, whatever `zipmap` says.

    Raises
    ------
    ParameterError
        skl2onnx is not installed.
    """
    register = _skl2onnx().update_registered_converter
    for kind in (DeepClassifier, DeepRegressor, DepthSearchCV):
        register(
            kind,
            f"Leadline{kind.__name__}",
            _set_types,
            _convert,
            parser=_parse,
            options={"zipmap": [False, True, "columns"]},
        )


def _parse(scope: Any, model: Any, inputs: Sequence[Any], custom_parsers: Any = None) -> Any:
    """Declare the outputs of an estimator."""
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType

    operator = scope.declare_local_operator(f"Leadline{type(model).__name__}", model)
    operator.inputs = inputs
    if isinstance(model.model_.target, Numbers):
        operator.outputs.append(scope.declare_local_variable("predictions", FloatTensorType()))
    else:
        operator.outputs.append(scope.declare_local_variable("label", Int64TensorType()))
        operator.outputs.append(scope.declare_local_variable("probabilities", FloatTensorType()))
    return operator.outputs


def _set_types(operator: Any) -> None:
    """The types and shapes of the outputs, as `to_onnx` has them."""
    from skl2onnx.common import data_types as types

    target = operator.raw_operator.model_.target
    n = operator.inputs[0].get_first_dimension()
    if isinstance(target, Numbers):
        shape = [k for k in (target.n_outputs, len(target.quantiles)) if k > 1] or [1]
        operator.outputs[0].type = types.DoubleTensorType([n, *shape])
        return
    kind = types.Int64TensorType
    if not isinstance(target, Labels):
        letter = np.asarray(target.classes).dtype.kind
        kind = {"f": types.DoubleTensorType}.get(letter, kind if letter in "iub" else types.StringTensorType)
    operator.outputs[0].type = kind([n, target.n_labels] if isinstance(target, Labels) else [n])
    operator.outputs[1].type = types.FloatTensorType([n, target.n_predictions])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Put the graph of an estimator into the container."""
    from onnx import TensorProto, helper

    graph = to_onnx(operator.raw_operator).graph
    prefix = scope.get_unique_operator_name("Leadline")
    renamed: dict[str, str] = {out.name: own.full_name for out, own in zip(graph.output, operator.outputs, strict=True)}
    versions = {"": OPSET, "ai.onnx.ml": ML_OPSET}

    def name_of(name: str) -> str:
        return renamed.get(name, f"{prefix}/{name}")

    _connect(operator, container, graph, name_of)
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.STRING:
            words = list(tensor.string_data)
            container.add_initializer(name_of(tensor.name), TensorProto.STRING, list(tensor.dims), words)
        else:
            container.add_initializer(name_of(tensor.name), None, None, tensor)
    for node in graph.node:
        container.nodes.append(
            helper.make_node(
                node.op_type,
                [name_of(name) for name in node.input],
                [name_of(name) for name in node.output],
                name=name_of(f"node/{node.name}"),
                domain=node.domain,
                **{item.name: helper.get_attribute_value(item) for item in node.attribute},
            )
        )
        container.node_domain_version_pair_sets.add((node.domain, versions[node.domain]))


def _connect(operator: Any, container: Any, graph: Any, name_of: Any) -> None:
    """Make the inputs of an estimator's graph from what the step before it, or the caller, gives."""
    from onnx import TensorProto

    given, names = list(operator.inputs), operator.raw_operator._names
    kinds = {item.name: item.type.tensor_type.elem_type for item in graph.input}

    def cast(source: str, name: str) -> None:
        container.add_node("Cast", source, name_of(name), to=kinds[name], op_version=13, name=name_of(f"cast/{name}"))

    if not hasattr(operator.raw_operator, "feature_names_in_"):
        if len(given) > 1:  # columns that stand side by side
            parts = []
            for i, own in enumerate(given):
                parts.append(name_of(f"part_{i}"))
                container.add_node("Cast", own.full_name, parts[-1], to=TensorProto.DOUBLE, op_version=13)
            container.add_node("Concat", parts, name_of("X"), axis=1, op_version=13)
        else:
            cast(given[0].full_name, "X")
        return
    by_name = {own.raw_name: own.full_name for own in given}
    for name in kinds:
        if name in by_name:
            cast(by_name[name], name)
            continue
        if len(given) != 1:
            raise LeadlineError(f"skl2onnx gives no input for the column {name!r}.")
        # the column's place in the one table that is given
        container.add_initializer(name_of(f"place/{name}"), TensorProto.INT64, [1], [names.index(name)])
        container.add_node(
            "Gather",
            [given[0].full_name, name_of(f"place/{name}")],
            name_of(f"column/{name}"),
            axis=1,
            op_version=13,
            name=name_of(f"gather/{name}"),
        )
        cast(name_of(f"column/{name}"), name)


def pipeline_to_onnx(pipeline: Any, X: Any) -> Any:
    """Convert a fitted scikit-learn pipeline that ends in one of our estimators to ONNX, by skl2onnx.

    Parameters
    ----------
    pipeline : Pipeline
    X : (m, p) DataFrame or array
        Rows as it takes them, of which the columns' names and types are used: whole numbers, other numbers, truth
        values, and everything else as text. Other numbers are inputs in float32, the only type in which ONNX Runtime
        has all of scikit-learn's steps.

    Raises
    ------
    ParameterError
        skl2onnx is not installed or does not know a step, or there are no rows.
    """
    skl2onnx = _skl2onnx()
    if X is None:
        raise ParameterError("A pipeline is exported with rows as it takes them, which tell its columns: give X.")
    register_converters()
    from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator

    try:
        return skl2onnx.convert_sklearn(
            pipeline, "leadline", _types_of(X), target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET + 1}
        )
    except (MissingConverter, MissingShapeCalculator) as error:
        first = str(error).strip().splitlines()[0]
        raise ParameterError(f"skl2onnx cannot convert this pipeline: {first}") from error


def _types_of(X: Any) -> list[tuple[str, Any]]:
    from skl2onnx.common import data_types as types

    frame = as_frame(X)
    if not has_names(X):
        return [("X", types.FloatTensorType([None, frame.shape[1]]))]
    kinds = {"f": types.FloatTensorType, "i": types.Int64TensorType, "u": types.Int64TensorType}
    kinds["b"] = types.BooleanTensorType
    return [
        (name, kinds.get(getattr(dtype, "kind", "O"), types.StringTensorType)([None, 1]))
        for name, dtype in frame.dtypes.items()
    ]


def pipeline_feed(X: Any) -> dict[str, Array]:
    """What a session for `pipeline_to_onnx` is to be fed for the rows of X."""
    frame = as_frame(X)
    if not has_names(X):
        return {"X": frame.to_numpy(np.float32)}
    fed = {}
    for name, dtype in frame.dtypes.items():
        kind = {"f": np.float32, "i": np.int64, "u": np.int64, "b": np.bool_}.get(getattr(dtype, "kind", "O"), object)
        values = frame[name].to_numpy(kind)
        fed[str(name)] = values[:, None]
    return fed


def pipeline_difference(pipeline: Any, content: bytes, X: Any) -> float:
    """The largest difference between what ONNX Runtime makes of some rows and the pipeline's own predictions.

    Of a probability, or of a number in standard deviations of the predictions.

    Raises
    ------
    LeadlineError
        It is larger than rounding explains.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run([session.get_outputs()[-1].name], pipeline_feed(X))
    numbers = isinstance(pipeline[-1].model_.target, Numbers)
    expected = pipeline.predict(X) if numbers else pipeline.predict_proba(X)
    size = max(float(np.std(expected)), np.finfo(float).tiny) if numbers else 1.0
    difference = float(np.max(np.abs(found.reshape(expected.shape) - expected))) / size
    if not difference <= 10 * TOLERANCE:
        raise LeadlineError(
            f"ONNX Runtime's predictions differ by {difference:.2g}, more than rounding explains; nothing was written."
        )
    return difference

"""Floor 5: models for other software."""

from leadline.export.onnx import TOLERANCE, onnx_inputs, to_onnx
from leadline.export.skl2onnx import pipeline_to_onnx, register_converters
from leadline.export.writing import write_onnx

__all__ = ["TOLERANCE", "onnx_inputs", "pipeline_to_onnx", "register_converters", "to_onnx", "write_onnx"]

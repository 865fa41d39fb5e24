"""Floor 5: models for other software."""

from leadline.export.onnx import TOLERANCE, onnx_inputs, to_onnx, write_onnx

__all__ = ["TOLERANCE", "onnx_inputs", "to_onnx", "write_onnx"]

"""Floor 6: what a search found, to be looked at: one self-contained HTML page, built from its study alone."""

from leadline.report.facts import Rows, confidence, describe, state_curves, state_rows, state_training
from leadline.report.layers import LayerReport, layer_report
from leadline.report.live import Recorder, Watch
from leadline.report.notebook import Report, show
from leadline.report.page import build_report
from leadline.report.reasons import state_reasons

__all__ = [
    "LayerReport",
    "Recorder",
    "Report",
    "Rows",
    "Watch",
    "build_report",
    "confidence",
    "describe",
    "layer_report",
    "show",
    "state_curves",
    "state_reasons",
    "state_rows",
    "state_training",
]

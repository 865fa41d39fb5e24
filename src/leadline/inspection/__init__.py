"""Floor 5: what networks do: what their predictions rest on, how their layers fare and what they see, and what gradient
descent makes of deep and of shallow ones.
"""

from leadline.inspection.coded import CodedModel
from leadline.inspection.curves import Curve, Curves, column_curves
from leadline.inspection.doubts import Drift, doubts, drift, drifts, row_doubts
from leadline.inspection.effects import MOST_COLUMNS, Dependence, Importance, column_importances, dependences
from leadline.inspection.health import LayerHealth, TrainingHealth, layer_health, training_health
from leadline.inspection.layers import (
    Probe,
    column_layers,
    exciting_rows,
    layer_activations,
    preferred_inputs,
    probe_layers,
    similarity,
)
from leadline.inspection.reasons import Contributions, contributions, explain_rows
from leadline.inspection.rows import spread_rows
from leadline.inspection.why_deep import Attempt, Outcome, Rival, experiment, summary

__all__ = [
    "MOST_COLUMNS",
    "Attempt",
    "CodedModel",
    "Contributions",
    "Curve",
    "Curves",
    "Dependence",
    "Drift",
    "Importance",
    "LayerHealth",
    "Outcome",
    "Probe",
    "Rival",
    "TrainingHealth",
    "column_curves",
    "column_importances",
    "column_layers",
    "contributions",
    "dependences",
    "doubts",
    "drift",
    "drifts",
    "exciting_rows",
    "experiment",
    "explain_rows",
    "layer_activations",
    "layer_health",
    "preferred_inputs",
    "probe_layers",
    "row_doubts",
    "similarity",
    "spread_rows",
    "summary",
    "training_health",
]

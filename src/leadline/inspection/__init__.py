"""Floor 5: what networks do: what their predictions rest on, how their layers fare and what they see, and what gradient
descent makes of deep and of shallow ones.
"""

from leadline.inspection.coded import CodedModel
from leadline.inspection.curves import Curve, Curves, column_curves
from leadline.inspection.doubts import Drift, doubts, drift, drifts, row_doubts
from leadline.inspection.effects import (
    MOST_COLUMNS,
    Importance,
    PartialDependence,
    column_importances,
    partial_dependence,
)
from leadline.inspection.health import LayerHealth, TrainingHealth, layer_health, training_health
from leadline.inspection.layers import (
    Probe,
    activation_maximization,
    column_layers,
    layer_activations,
    linear_cka,
    probe_layers,
    top_activating_rows,
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
    "Drift",
    "Importance",
    "LayerHealth",
    "Outcome",
    "PartialDependence",
    "Probe",
    "Rival",
    "TrainingHealth",
    "activation_maximization",
    "column_curves",
    "column_importances",
    "column_layers",
    "contributions",
    "doubts",
    "drift",
    "drifts",
    "experiment",
    "explain_rows",
    "layer_activations",
    "layer_health",
    "linear_cka",
    "partial_dependence",
    "probe_layers",
    "row_doubts",
    "spread_rows",
    "summary",
    "top_activating_rows",
    "training_health",
]

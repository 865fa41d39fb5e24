"""Floor 5: what networks do: what their predictions rest on, how their layers fare, and what gradient descent makes of
deep and of shallow ones.
"""

from leadline.inspection.effects import Dependence, Importance, column_importances, dependences
from leadline.inspection.health import LayerHealth, TrainingHealth, layer_health, training_health
from leadline.inspection.rows import spread_rows
from leadline.inspection.why_deep import Attempt, Outcome, Rival, experiment, summary

__all__ = [
    "Attempt",
    "Dependence",
    "Importance",
    "LayerHealth",
    "Outcome",
    "Rival",
    "TrainingHealth",
    "column_importances",
    "dependences",
    "experiment",
    "layer_health",
    "spread_rows",
    "summary",
    "training_health",
]

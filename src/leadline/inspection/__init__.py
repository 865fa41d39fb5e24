"""Floor 5: what networks do. So far: what gradient descent makes of deep and of shallow ones."""

from leadline.inspection.why_deep import Attempt, Outcome, Rival, experiment, summary

__all__ = ["Attempt", "Outcome", "Rival", "experiment", "summary"]

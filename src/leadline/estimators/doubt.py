"""How far the networks of a model differ on a row, and what its training rows looked like, kept with the model."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from leadline.estimators.model import Model
from leadline.tables import Encoded, Profile

__all__ = ["SPREAD_LEVELS", "disagreement", "with_profile"]

# Of the disagreement on training rows these quantiles are kept, from at most so many rows, evenly spaced.
SPREAD_LEVELS = (0.5, 0.9, 0.99, 1.0)
MOST_ROWS = 500


def disagreement(model: Model, encoded: Encoded) -> NDArray[np.float64]:
    """The standard deviation over the networks of what they predict for each row, (m,).

    Of several outputs the root of the sum of their squares; numbers in units of the target's standard deviation. 0 for
    a single network.
    """
    predicted = model.network_predictions(encoded)
    weights = [member.weight for member in model.members]
    scale = (
        np.mean([member.target.scale for member in model.members], axis=0) if model.target.task == "regression" else 1
    )
    mean = np.average(predicted, axis=0, weights=weights)
    return np.asarray(np.sqrt(np.average(((predicted - mean) / scale) ** 2, axis=0, weights=weights).sum(axis=1)))


def with_profile(model: Model, encoded: Encoded) -> Model:
    """The same model with the profile of its training rows."""
    some = np.unique(np.linspace(0, len(encoded) - 1, MOST_ROWS).round().astype(np.int64))
    spread = np.quantile(disagreement(model, encoded[some]), SPREAD_LEVELS)
    return replace(model, profile=Profile.of(model.layout, encoded, spread))

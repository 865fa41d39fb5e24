"""From settings to a plan: which pieces stand before layer 1, and what is joined with it."""

import math

import numpy as np
from numpy.typing import NDArray

from leadline.network import Architecture
from leadline.training.blocks import Piece, Plan
from leadline.training.embeddings import NUMBER_EMBEDDINGS
from leadline.training.hyperparameters import Hyperparameters
from leadline.training.lookup import looked_up
from leadline.training.monotone import limits
from leadline.training.pieces import CategoryEmbedding, FeatureScale, Inputs, Members

__all__ = ["coded_above", "input_columns", "plan_for"]


def coded_above(settings: Hyperparameters) -> float:
    """Columns with more indicators than this are told by one code, which is embedded; infinity where none is."""
    embeds = settings.hidden_layer_sizes or settings.additive
    return settings.one_hot_up_to if embeds and isinstance(settings.one_hot_up_to, int) else math.inf


def plan_for(settings: Hyperparameters, inputs: Inputs | int, n_scores: int, loss: str) -> Plan:
    """The plan of a network with these settings, for these inputs (or so many numbers) and output units.

    For L = 1 no piece stands before the layer, which is logistic or linear regression and nothing else, unless the
    network is additive: each piece works on single columns, so that the scores become sums of learned curves.
    """
    if isinstance(inputs, int):
        inputs = Inputs(inputs)
    pieces: list[Piece] = []
    most = coded_above(settings)
    rest = inputs.rest(most)
    width = inputs.numbers + rest
    if settings.hidden_layer_sizes or settings.additive:
        if inputs.numbers and settings.numeric_embedding != "none":
            pieces.append(NUMBER_EMBEDDINGS[settings.numeric_embedding](inputs.numbers, rest))
            width = pieces[-1].n_out
        if max(inputs.indicators, default=0) > most:
            pieces.append(CategoryEmbedding(width - rest + inputs.derived, inputs.indicators, int(most)))
            width = pieces[-1].n_out
        if settings.feature_scale:
            pieces.append(FeatureScale(width))
        if settings.members > 1:
            pieces.append(Members(width, settings.members))
    sizes = (width, *settings.hidden_layer_sizes, n_scores)
    plan = Plan(Architecture(sizes, settings.activation, loss), pieces, settings.parametrization, looked_up)
    if any(settings.monotonic_cst):
        plan.limits = limits(settings.monotonic_cst, rest, pieces, plan.specs)
    return plan


def input_columns(plan: Plan, columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each input of layer 1 tells of, (n[0],), where `columns`, (n_in,), says it of the inputs of the pieces."""
    for piece in plan.pieces:
        columns = columns[piece.sources]
    return columns

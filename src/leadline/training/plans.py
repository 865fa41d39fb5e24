"""From settings to a plan: which pieces stand before layer 1, and what is joined with it."""

from leadline.network import Architecture
from leadline.training.blocks import Block, Plan
from leadline.training.hyperparameters import Hyperparameters
from leadline.training.lookup import looked_up
from leadline.training.pieces import (
    CategoryEmbedding,
    FeatureScale,
    Inputs,
    Members,
    PeriodicEmbedding,
    PiecewiseLinear,
)

__all__ = ["plan_for"]


def plan_for(settings: Hyperparameters, inputs: Inputs | int, n_scores: int, loss: str) -> Plan:
    """The plan of a network with these settings, for these inputs (or so many numbers) and output units.

    For L = 1 no piece stands before the layer, which is logistic or linear regression and nothing else, unless the
    network is additive: each piece works on single columns, so that the scores become sums of learned curves.
    """
    if isinstance(inputs, int):
        inputs = Inputs(inputs)
    pieces: list[Block] = []
    width = inputs.n
    if settings.hidden_layer_sizes or settings.additive:
        rest = width - inputs.numbers
        if inputs.numbers and settings.numeric_embedding != "none":
            kind = PeriodicEmbedding if settings.numeric_embedding == "periodic" else PiecewiseLinear
            pieces.append(kind(inputs.numbers, rest))
            width = pieces[-1].n_out
        most = settings.one_hot_up_to
        if isinstance(most, int) and max(inputs.indicators, default=0) > most:
            pieces.append(CategoryEmbedding(width - rest, inputs.indicators, most))
            width = pieces[-1].n_out
        if settings.feature_scale:
            pieces.append(FeatureScale(width))
        if settings.members > 1:
            pieces.append(Members(width, settings.members))
    sizes = (width, *settings.hidden_layer_sizes, n_scores)
    return Plan(Architecture(sizes, settings.activation, loss), pieces, settings.parametrization, looked_up)

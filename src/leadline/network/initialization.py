"""Initial parameters: random weights whose scale keeps activations alive from layer to layer, biases zero.

W[l] ~ N(0, gain² / n[l-1]) with the gain of the layer's activation: √2 for relu (He et al. 2015, "Delving deep into
rectifiers"), 1 for selu and near-linear activations (LeCun et al. 1998, "Efficient backprop"). The output layer
has gain 1.
"""

import numpy as np

from leadline.network.activations import activation
from leadline.network.architecture import Architecture, Parameters

__all__ = ["initial_parameters", "initial_standard_deviation"]


def initial_standard_deviation(n_before: int, activation_name: str) -> float:
    """Standard deviation of W[l]'s entries for n[l-1] = `n_before` inputs and the layer's activation."""
    return activation(activation_name).gain / float(np.sqrt(n_before))


def initial_parameters(architecture: Architecture, generator: np.random.Generator) -> Parameters:
    """W[l] and b[l] for l = 1 … L, drawn in that order from `generator`."""
    parameters: Parameters = []
    names = (*architecture.hidden_activations, "identity")
    for n_before, n, name in zip(architecture.sizes[:-1], architecture.sizes[1:], names, strict=True):
        W = generator.standard_normal((n, n_before)) * initial_standard_deviation(n_before, name)
        parameters.append((W, np.zeros((n, 1))))
    return parameters

"""Floor 1: the deep L-layer network as mathematics. Imports NumPy only.

`equations` is the executable specification; everything that trains quickly is tested against it.
"""

from leadline.network.activations import ACTIVATIONS, Activation, activation
from leadline.network.architecture import Architecture, Parameters
from leadline.network.equations import (
    Cache,
    backward,
    cost,
    forward,
    gradient_descent,
    layer_backward,
    layer_forward,
    output,
    softmax,
)
from leadline.network.gradient_check import numerical_gradients, relative_error
from leadline.network.initialization import initial_parameters, initial_standard_deviation
from leadline.network.losses import LOSSES, ElementwiseLoss, Loss, SoftmaxCrossEntropy, loss

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "Activation",
    "Architecture",
    "Cache",
    "ElementwiseLoss",
    "Loss",
    "Parameters",
    "SoftmaxCrossEntropy",
    "activation",
    "backward",
    "cost",
    "forward",
    "gradient_descent",
    "initial_parameters",
    "initial_standard_deviation",
    "layer_backward",
    "layer_forward",
    "loss",
    "numerical_gradients",
    "output",
    "relative_error",
    "softmax",
]

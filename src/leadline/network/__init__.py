"""Floor 1: the deep L-layer network as mathematics. Imports NumPy only.

`equations` is the executable specification; everything that trains quickly is tested against it.
"""

from leadline.network.activations import ACTIVATIONS, Activation, activation
from leadline.network.architecture import Architecture, LayerShapes, Parameters
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
from leadline.network.gradient_check import GradientCheck, check_gradients, check_loss
from leadline.network.initialization import (
    INITIALIZATIONS,
    Initialization,
    initial_parameters,
    initial_standard_deviation,
    initialization,
)
from leadline.network.losses import (
    LOSSES,
    ElementwiseLoss,
    Loss,
    SoftmaxCrossEntropy,
    huber,
    loss,
    quantile,
    smooth_labels,
)
from leadline.network.optimisers import OPTIMISERS, SCHEDULES, Optimiser, OptimiserState, Schedule, optimiser, schedule
from leadline.network.trace import TraceStep, trace

__all__ = [
    "ACTIVATIONS",
    "INITIALIZATIONS",
    "LOSSES",
    "OPTIMISERS",
    "SCHEDULES",
    "Activation",
    "Architecture",
    "Cache",
    "ElementwiseLoss",
    "GradientCheck",
    "Initialization",
    "LayerShapes",
    "Loss",
    "Optimiser",
    "OptimiserState",
    "Parameters",
    "Schedule",
    "SoftmaxCrossEntropy",
    "TraceStep",
    "activation",
    "backward",
    "check_gradients",
    "check_loss",
    "cost",
    "forward",
    "gradient_descent",
    "huber",
    "initial_parameters",
    "initial_standard_deviation",
    "initialization",
    "layer_backward",
    "layer_forward",
    "loss",
    "optimiser",
    "output",
    "quantile",
    "schedule",
    "smooth_labels",
    "softmax",
    "trace",
]

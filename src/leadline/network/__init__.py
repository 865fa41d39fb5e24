"""Floor 1: the deep L-layer network as mathematics. Imports NumPy only.

`equations` is the executable specification; everything that trains quickly is tested against it.
"""

from leadline.network.activations import ACTIVATIONS, Activation, activation
from leadline.network.architecture import Architecture, LayerShapes, Parameters
from leadline.network.circuit_sizes import CircuitSize, comparison_table, linear_pieces
from leadline.network.circuits import (
    bit_patterns,
    parity,
    parity_folded,
    parity_patterns,
    parity_sum,
    parity_tree,
    triangle_wave,
    wave_folded,
    wave_shallow,
)
from leadline.network.differences import check_loss
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
from leadline.network.gradient_check import GradientCheck, check_gradients
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
    loss_names,
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
    "CircuitSize",
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
    "bit_patterns",
    "check_gradients",
    "check_loss",
    "comparison_table",
    "cost",
    "forward",
    "gradient_descent",
    "huber",
    "initial_parameters",
    "initial_standard_deviation",
    "initialization",
    "layer_backward",
    "layer_forward",
    "linear_pieces",
    "loss",
    "loss_names",
    "optimiser",
    "output",
    "parity",
    "parity_folded",
    "parity_patterns",
    "parity_sum",
    "parity_tree",
    "quantile",
    "schedule",
    "smooth_labels",
    "softmax",
    "trace",
    "triangle_wave",
    "wave_folded",
    "wave_shallow",
]

"""Initial parameters: random weights whose scale keeps activations alive from layer to layer; biases are zero.

Each initialisation is one record: the standard deviation of W[l]'s entries as a function of n[l-1], n[l] and the gain
of the layer's activation. The output layer has gain 1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from leadline.errors import ParameterError
from leadline.network.activations import activation
from leadline.network.architecture import Architecture, Parameters

__all__ = ["INITIALIZATIONS", "Initialization", "initial_parameters", "initial_standard_deviation", "initialization"]


@dataclass(frozen=True)
class Initialization:
    """One way to draw W[l]: normal with mean zero and this standard deviation.

    Attributes
    ----------
    name : str
    standard_deviation : callable
        (n[l-1], n[l], gain) -> standard deviation.
    source : str
        The paper.
    """

    name: str
    standard_deviation: Callable[[int, int, float], float]
    source: str


INITIALIZATIONS: Mapping[str, Initialization] = MappingProxyType(
    {
        record.name: record
        for record in (
            Initialization(
                "he", lambda n_before, n, gain: gain / float(np.sqrt(n_before)), "He et al. 2015, arXiv 1502.01852"
            ),
            Initialization(
                "glorot",
                lambda n_before, n, gain: gain * float(np.sqrt(2.0 / (n_before + n))),
                "Glorot & Bengio 2010, AISTATS",
            ),
            Initialization("lecun", lambda n_before, n, gain: 1.0 / float(np.sqrt(n_before)), "LeCun et al. 1998"),
            # all units of a layer stay equal for ever: shown in the tests, never to be used for hidden layers
            Initialization("zeros", lambda n_before, n, gain: 0.0, "to show that symmetry is never broken"),
        )
    }
)


def initialization(name: str) -> Initialization:
    """The record of the initialisation called `name`.

    Raises
    ------
    ParameterError
        No initialisation has that name.
    """
    try:
        return INITIALIZATIONS[name]
    except KeyError:
        raise ParameterError(f"initialization must be one of {', '.join(INITIALIZATIONS)}; got {name!r}.") from None


def initial_standard_deviation(n_before: int, n: int, activation_name: str, how: str = "he") -> float:
    """Standard deviation of the entries of W[l], (n, n_before), for the layer's activation."""
    return initialization(how).standard_deviation(n_before, n, activation(activation_name).gain)


def initial_parameters(architecture: Architecture, generator: np.random.Generator, how: str = "he") -> Parameters:
    """W[l], (n[l], n[l-1]), and b[l], (n[l], 1), for l = 1 … L, drawn in that order from `generator`."""
    parameters: Parameters = []
    names = (*architecture.hidden_activations, "identity")
    for n_before, n, name in zip(architecture.sizes[:-1], architecture.sizes[1:], names, strict=True):
        W = generator.standard_normal((n, n_before)) * initial_standard_deviation(n_before, n, name, how)
        parameters.append((W, np.zeros((n, 1))))
    return parameters

"""What each function of the course is given, must give, and is called: the cases of the check."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.learn import course
from leadline.learn.finding import Words
from leadline.network import softmax as softmax_of

__all__ = ["FUNCTIONS", "Case", "Function", "Quantity"]

Array = NDArray[np.float64]

# Names by which a parameter of a learner's function is known; where all of them are known, they decide, whatever their
# order; where one is not, the order is the course's.
ROLES: Mapping[str, Sequence[str]] = {
    "A": ("A", "A_prev", "Aprev", "A_before", "A_previous", "a", "a_prev", "X", "x"),
    "X": ("X", "x", "A0"),
    "W": ("W", "w", "weights"),
    "b": ("b", "bias"),
    "Z": ("Z", "z"),
    "dZ": ("dZ", "dz"),
    "dA": ("dA", "da"),
    "cache": ("cache", "linear_cache", "activation_cache"),
    "activation": ("activation", "act", "g", "activation_name"),
    "parameters": ("parameters", "params", "theta"),
    "AL": ("AL", "A_L", "A", "a", "A2", "Y_hat", "Yhat", "y_hat", "yhat", "Y_pred", "y_pred", "predictions"),
    "Y": ("Y", "y", "Y_true", "y_true", "targets", "labels"),
    "caches": ("caches",),
    "grads": ("grads", "gradients", "grad"),
    "learning_rate": ("learning_rate", "alpha", "lr", "eta", "rate"),
    "layer_dims": ("layer_dims", "layers_dims", "dims", "sizes", "layer_sizes", "layers"),
}


@dataclass(frozen=True)
class Quantity:
    """One thing that a function gives: its name, the equation that it obeys, and the line of the specification.

    `look` is a pattern of the line of a learner's file that makes it; `remark` says what has another name in the
    specification than in the equation.
    """

    name: str
    equation: str
    line: str
    look: str
    remark: Words = ("", "")


@dataclass
class Case:
    """Inputs of one call, by role, and what else the slips need. `extra`: a learner's own checks may refuse it."""

    inputs: dict[str, Any]
    about: str
    extra: bool = False


@dataclass(frozen=True)
class Function:
    """One function of the course.

    Attributes
    ----------
    name : str
    roles : sequence of str
        Its parameters in the course's order.
    quantities : sequence of Quantity
        In the order in which they are checked.
    needs : sequence of str
        Functions that it calls in the course.
    cases : callable
        Generator of random numbers -> list of Case.
    right : callable
        Inputs -> the quantities by name.
    returns : str
        What it gives, in the course's words.
    """

    name: str
    roles: Sequence[str]
    quantities: Sequence[Quantity]
    needs: Sequence[str]
    cases: Callable[[np.random.Generator], list[Case]]
    right: Callable[[Mapping[str, Any]], dict[str, Any]]
    returns: str


# n[l-1], n[l], m; where they are equal a wrong product or a forgotten transpose raises nothing and can be told apart.
_LAYERS = ((3, 4, 5), (5, 1, 7), (2, 6, 3), (4, 4, 4), (3, 3, 6), (4, 6, 4))
_NETWORKS = (((3, 5, 4, 1), 6, False), ((2, 3, 1), 5, False), ((4, 4, 4, 1), 4, False), ((4, 4, 4, 4, 4), 4, True))


def _layer_cases(generator: np.random.Generator) -> list[tuple[dict[str, Any], str]]:
    found = []
    for n_before, n, m in _LAYERS:
        A, W, b = (
            generator.normal(size=(n_before, m)),
            generator.normal(size=(n, n_before)),
            generator.normal(size=(n, 1)),
        )
        Z, dZ = W @ A + b, generator.normal(size=(n, m))
        about = f"n[l-1] = {n_before}, n[l] = {n}, m = {m}"
        found.append(({"A": A, "W": W, "b": b, "Z": Z, "dZ": dZ, "dA": dZ}, about))
    return found


def _plain(generator: np.random.Generator) -> list[Case]:
    return [Case(inputs, about) for inputs, about in _layer_cases(generator)]


def _with_cache(generator: np.random.Generator) -> list[Case]:
    return [
        Case({**inputs, "cache": (inputs["A"], inputs["W"], inputs["b"])}, about)
        for inputs, about in _layer_cases(generator)
    ]


def _of_activation(generator: np.random.Generator) -> list[Case]:
    return [Case({**inputs, "cache": inputs["Z"]}, about) for inputs, about in _layer_cases(generator)]


def _with_activation(generator: np.random.Generator) -> list[Case]:
    found = []
    for name in ("sigmoid", "relu"):
        for inputs, about in _layer_cases(generator):
            cache = ((inputs["A"], inputs["W"], inputs["b"]), inputs["Z"])
            more = {"activation": name, "cache": cache, "course_cache": cache}
            found.append(Case({**inputs, **more}, f'{about}, activation = "{name}"'))
    return found


def _network_cases(generator: np.random.Generator) -> list[Case]:
    found = []
    for sizes, m, extra in _NETWORKS:
        parameters: dict[str, Any] = {}
        for l in range(1, len(sizes)):
            parameters[f"W{l}"] = generator.normal(size=(sizes[l], sizes[l - 1])) / np.sqrt(sizes[l - 1])
            parameters[f"b{l}"] = generator.normal(size=(sizes[l], 1)) / 3
        X = generator.normal(size=(sizes[0], m))
        AL, caches = course.L_model_forward(X, parameters)
        Y = generator.integers(0, 2, AL.shape).astype(float)
        grads = {f"d{key}": generator.normal(size=value.shape) for key, value in parameters.items()}
        inputs = {"X": X, "parameters": parameters, "AL": AL, "Y": Y, "caches": caches, "course_caches": caches}
        inputs |= {"grads": grads, "learning_rate": 0.3, "layer_dims": list(sizes)}
        found.append(Case(inputs, f"n = {list(sizes)}, m = {m}", extra))
    return found


def _initial_cases(generator: np.random.Generator) -> list[Case]:
    sizes = ([3, 5, 4, 1], [2, 3, 1], [5, 4, 3, 2, 1], [400, 50, 1])  # wide enough to see how large W is
    return [Case({"layer_dims": own}, f"n = {own}") for own in sizes]


def _cost_cases(generator: np.random.Generator) -> list[Case]:
    found = []
    for m in (5, 8, 3):
        AL, Y = generator.uniform(0.05, 0.95, (1, m)), generator.integers(0, 2, (1, m)).astype(float)
        Y[0, :2] = 0.0, 1.0
        found.append(Case({"AL": AL, "Y": Y}, f"m = {m}"))
    return found


def _gradients(x: Mapping[str, Any]) -> dict[str, Any]:
    grads = course.L_model_backward(x["AL"], x["Y"], x["course_caches"])
    return {"grads": {key: value for key, value in grads.items() if key[1] != "A"}}


def _layer_gradients(x: Mapping[str, Any]) -> dict[str, Any]:
    if "activation" in x:
        three = course.linear_activation_backward(x["dA"], x["course_cache"], x["activation"])
    else:
        three = course.linear_backward(x["dZ"], (x["A"], x["W"], x["b"]))
    return dict(zip(("dA_prev", "dW", "db"), three, strict=True))


_WEIGHTS = (
    "w are the weights of the examples, all 1 here: dZ * w is dZ, and w.sum() is m",
    "w 是样本的权重,这里都是 1:dZ * w 就是 dZ,w.sum() 就是 m",
)
_LOSSES = (
    "values are the losses of the examples; without weights this is their mean, Σ / m",
    "values 是各样本的损失;没有权重时就是它们的平均,Σ / m",
)

_Z = Quantity("Z", "Z[l] = W[l] A[l-1] + b[l]", "Z = W @ A_before + b", r"\bZ\w*\s*=")
_A = Quantity("A", "A[l] = g[l](Z[l])", "A = np.asarray(g.g(Z), dtype=np.float64)", r"\b[As]\w*\s*(,.*)?=")
_DZ = Quantity("dZ", "dZ[l] = dA[l] ∗ g[l]′(Z[l])", "dZ = dA * g.g_prime(cache.Z, cache.A)", r"dZ\w*\s*([-+*/]?=|\[)")
_DW = Quantity(
    "dW", "dW[l] = (1/m) dZ[l] A[l-1]ᵀ", "dW = (dZ * w) @ cache.A_before.T / w.sum()", r"\bdW\w*\s*[-+*/]?=", _WEIGHTS
)
_DB = Quantity(
    "db", "db[l] = (1/m) Σ dZ[l]", "db = (dZ * w).sum(axis=1, keepdims=True) / w.sum()", r"\bdb\w*\s*[-+*/]?=", _WEIGHTS
)
_DA = Quantity("dA_prev", "dA[l-1] = W[l]ᵀ dZ[l]", "dA_before = cache.W.T @ dZ", r"\bdA\w*\s*[-+*/]?=")
_G_DW = Quantity("dW", _DZ.equation, _DZ.line, r"dZ\w*\s*=")
_AL = Quantity(
    "AL",
    "for l = 1 … L: A[l] = g[l](W[l] A[l-1] + b[l])",
    "A, cache = layer_forward(A, W, b, activation(name))",
    r"\bAL\b.*=",
)
_J = Quantity(
    "J",
    "J = (1/m) Σ loss(A[L], Y)",
    "return float(np.average(values, weights=sample_weight))",
    r"(cost|\bJ|loss)\s*=",
    _LOSSES,
)
_GRADS = Quantity(
    "grads",
    "for l = L … 1: dA[l] in, dA[l-1], dW[l], db[l] out",
    "dA, dW, db = layer_backward(dA, cache, activation(name), sample_weight)",
    r"dAL\s*=",
)
_NEW = Quantity(
    "parameters",
    "W[l] := W[l] − α dW[l], b[l] := b[l] − α db[l]",
    "(W - learning_rate * dW, b - learning_rate * db) for (W, b), (dW, db) in zip(parameters, gradients, strict=True)",
    r"\[.*\].*[-+]?=|-=|\+=",
)
_INITIAL = Quantity(
    "parameters", "W[l]: (n[l], n[l-1]), b[l]: (n[l], 1)", "parameters.append((W, np.zeros((n, 1))))", r"\[.*\]\s*="
)

FUNCTIONS: Mapping[str, Function] = {
    own.name: own
    for own in (
        Function(
            "sigmoid", ("Z",), (_A,), (), _plain, lambda x: {"A": course.sigmoid(x["Z"])[0]}, "A, or A and the cache"
        ),
        Function("relu", ("Z",), (_A,), (), _plain, lambda x: {"A": course.relu(x["Z"])[0]}, "A, or A and the cache"),
        Function("softmax", ("Z",), (_A,), (), _plain, lambda x: {"A": softmax_of(x["Z"])}, "A, or A and the cache"),
        Function(
            "initialize_parameters_deep", ("layer_dims",), (_INITIAL,), (), _initial_cases, lambda x: {}, "parameters"
        ),
        Function(
            "linear_forward",
            ("A", "W", "b"),
            (_Z,),
            (),
            _plain,
            lambda x: {"Z": course.linear_forward(x["A"], x["W"], x["b"])[0]},
            "Z, cache",
        ),
        Function(
            "linear_activation_forward",
            ("A", "W", "b", "activation"),
            (_A,),
            ("linear_forward", "sigmoid", "relu"),
            _with_activation,
            lambda x: {"A": course.linear_activation_forward(x["A"], x["W"], x["b"], x["activation"])[0]},
            "A, cache",
        ),
        Function(
            "L_model_forward",
            ("X", "parameters"),
            (_AL,),
            ("linear_activation_forward", "linear_forward", "sigmoid", "relu"),
            _network_cases,
            lambda x: {"AL": x["AL"]},
            "AL, caches",
        ),
        Function(
            "compute_cost",
            ("AL", "Y"),
            (_J,),
            (),
            _cost_cases,
            lambda x: {"J": course.compute_cost(x["AL"], x["Y"])},
            "cost",
        ),
        Function(
            "sigmoid_backward",
            ("dA", "cache"),
            (_DZ,),
            ("sigmoid",),
            _of_activation,
            lambda x: {"dZ": course.sigmoid_backward(x["dA"], x["Z"])},
            "dZ",
        ),
        Function(
            "relu_backward",
            ("dA", "cache"),
            (_DZ,),
            ("relu",),
            _of_activation,
            lambda x: {"dZ": course.relu_backward(x["dA"], x["Z"])},
            "dZ",
        ),
        Function(
            "linear_backward", ("dZ", "cache"), (_DW, _DB, _DA), (), _with_cache, _layer_gradients, "dA_prev, dW, db"
        ),
        Function(
            "linear_activation_backward",
            ("dA", "cache", "activation"),
            (_G_DW, _DB, _DA),
            ("linear_backward", "sigmoid_backward", "relu_backward", "sigmoid", "relu"),
            _with_activation,
            _layer_gradients,
            "dA_prev, dW, db",
        ),
        Function(
            "L_model_backward",
            ("AL", "Y", "caches"),
            (_GRADS,),
            ("linear_activation_backward", "linear_backward", "sigmoid_backward", "relu_backward", "sigmoid", "relu"),
            _network_cases,
            _gradients,
            "grads",
        ),
        Function(
            "update_parameters",
            ("parameters", "grads", "learning_rate"),
            (_NEW,),
            (),
            _network_cases,
            lambda x: {"parameters": course.update_parameters(x["parameters"], x["grads"], x["learning_rate"])},
            "parameters",
        ),
    )
}

"""A learner's own code: every planted slip is named at its line, and no right variant is accused."""

import json
import re
import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leadline.cli.app import app
from leadline.learn import check_code
from leadline.learn.checking import Checker
from leadline.learn.functions import FUNCTIONS
from leadline.learn.slips import SLIPS

RIGHT = (Path(__file__).parent / "right_answer.py").read_text("utf-8")

# function, what stands in the right answer, what the learner wrote, the slip's name
PLANTED = [
    ("sigmoid", "np.exp(-Z))\n    return A, Z", "np.exp(Z))\n    return A, Z", "sign in exp"),
    ("relu", "np.maximum(0, Z)", "np.minimum(0, Z)", "minimum"),
    ("relu", "np.maximum(0, Z)", "(Z > 0) * 1.0", "slope for g"),
    ("relu", "np.maximum(0, Z)", "np.abs(Z)", "absolute value"),
    ("relu", "np.maximum(0, Z)", "np.max(0, Z)", "np.max for np.maximum"),
    ("relu", "np.maximum(0, Z)", "np.max(Z, 0)", "np.max for np.maximum"),
    ("relu", "np.maximum(0, Z)", "np.max([0, Z.max()])", "np.max for np.maximum"),
    ("relu", "np.maximum(0, Z)", "max(0, Z)", "np.max for np.maximum"),
    ("relu", "np.maximum(0, Z)", "Z if Z > 0 else 0", "an array as a condition"),
    ("relu_backward", "dZ[Z <= 0] = 0", "dZ[Z > 0] = 0", "wrong side"),
    ("relu_backward", "dZ[Z <= 0] = 0", "dZ[dA <= 0] = 0", "mask of dA"),
    ("relu_backward", "dZ[Z <= 0] = 0", "dZ = dZ * np.maximum(0, Z)", "g for g′"),
    ("relu_backward", "np.array(dA, copy=True)", "dA", "changes its argument"),
    ("sigmoid_backward", "dA * s * (1 - s)", "dA * s", "g for g′"),
    ("sigmoid_backward", "dA * s * (1 - s)", "s * (1 - s)", "dA forgotten"),
    ("sigmoid_backward", "dA * s * (1 - s)", "dA", "g′ forgotten"),
    ("sigmoid_backward", "dA * s * (1 - s)", "dA * (1 - s)", "wrong g′"),
    ("sigmoid_backward", "dA * s * (1 - s)", "dA * Z * (1 - Z)", "g′ from Z as if it were A"),
    ("sigmoid_backward", "dA * s * (1 - s)", "np.dot(dA, s * (1 - s))", "@ for *"),
    ("sigmoid_backward", "    Z = cache\n    s =", "    Z = 1 / (1 + np.exp(-cache))\n    s =", "g′(A) for g′(Z)"),
    (
        "initialize_parameters_deep",
        "np.random.randn(layer_dims[l], layer_dims[l - 1])",
        "np.random.randn(layer_dims[l - 1], layer_dims[l])",
        "W transposed",
    ),
    (
        "initialize_parameters_deep",
        "np.random.randn(layer_dims[l], layer_dims[l - 1])",
        "np.zeros((layer_dims[l], layer_dims[l - 1]))",
        "W all alike",
    ),
    ("initialize_parameters_deep", "np.zeros((layer_dims[l], 1))", "np.zeros(layer_dims[l])", "shape of b"),
    (
        "initialize_parameters_deep",
        "np.zeros((layer_dims[l], 1))",
        "np.zeros(layer_dims[l], 1)",
        "a shape in two arguments",
    ),
    ("initialize_parameters_deep", "np.zeros((layer_dims[l], 1))", "np.ones((layer_dims[l], 1))", "b not zero"),
    ("initialize_parameters_deep", "layer_dims[l - 1]) * 0.01", "layer_dims[l - 1])", "W not small"),
    ("initialize_parameters_deep", "layer_dims[l - 1]) * 0.01", "layer_dims[l - 1]) * 10", "W not small"),
    (
        "initialize_parameters_deep",
        "range(1, L):\n        parameters",
        "range(1, L - 1):\n        parameters",
        "one layer short",
    ),
    ("linear_forward", "np.dot(W, A) + b", "W * A + b", "* for @"),
    ("linear_forward", "np.dot(W, A) + b", "np.dot(W.T, A) + b", "W transposed"),
    ("linear_forward", "np.dot(W, A) + b", "np.dot(A, W) + b", "order of the product"),
    ("linear_forward", "np.dot(W, A) + b", "np.dot(W, A)", "b forgotten"),
    ("linear_forward", "np.dot(W, A) + b", "np.dot(W, A) - b", "b subtracted"),
    ("linear_forward", "np.dot(W, A) + b", "np.dot(W, A) + b.T", "b as a row"),
    ("linear_forward", "cache = (A, W, b)", "cache = (Z, W, b)", "stale cache"),
    (
        "linear_activation_forward",
        'activation == "sigmoid":\n        A,',
        'activation == "relu":\n        A,',
        "wrong activation",
    ),
    (
        "linear_activation_forward",
        "cache = (linear_cache, activation_cache)",
        "cache = (linear_cache, b)",
        "stale cache",
    ),
    ("linear_activation_forward", "    return A, cache\n\n\ndef L", "    return Z, cache\n\n\ndef L", "no activation"),
    (
        "L_model_forward",
        "AL, cache = linear_activation_forward(A,",
        "AL, cache = linear_activation_forward(A_prev,",
        "output from A_prev",
    ),
    ("L_model_forward", "A_prev = A\n", "A_prev = X\n", "every layer reads X"),
    (
        "L_model_forward",
        "for l in range(1, L):\n        A_prev",
        "for l in range(1, L - 1):\n        A_prev",
        "one layer short",
    ),
    ("L_model_forward", '"b" + str(l)], "relu")', '"b" + str(l)], "sigmoid")', "sigmoid in hidden layers"),
    ("L_model_forward", '"b" + str(L)], "sigmoid")', '"b" + str(L)], "relu")', "relu at the output"),
    ("L_model_forward", "    caches.append(cache)\n    assert", "    assert", "a cache is missing"),
    (
        "L_model_forward",
        'parameters["W" + str(l)], parameters',
        'parameters["W" + str(l - 1)], parameters',
        "counts from 0",
    ),
    ("compute_cost", "-1 / m * np.sum", "-np.sum", "1/m forgotten"),
    ("compute_cost", "-1 / m * np.sum", "1 / m * np.sum", "minus forgotten"),
    (
        "compute_cost",
        "np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL))",
        "np.sum(Y * np.log(AL)) + np.sum((1 - Y) * np.log(1 - AL))",
        "brackets forgotten",
    ),
    ("compute_cost", "m = Y.shape[1]\n    cost", "m = Y.shape[0]\n    cost", "m of the wrong axis"),
    ("compute_cost", "m = Y.shape[1]\n    cost", "m = len(Y)\n    cost", "m of the wrong axis"),
    ("compute_cost", " + (1 - Y) * np.log(1 - AL)", "", "half of it"),
    ("compute_cost", " + (1 - Y) * np.log(1 - AL)", " - (1 - Y) * np.log(1 - AL)", "sign between the terms"),
    ("compute_cost", "Y * np.log(AL) + (1 - Y) * np.log(1 - AL)", "(AL - Y) ** 2 * -1", "squared error"),
    ("linear_backward", "1 / m * np.dot(dZ, A_prev.T)", "np.dot(dZ, A_prev.T)", "1/m forgotten"),
    ("linear_backward", "1 / m * np.dot(dZ, A_prev.T)", "1 / m * np.dot(dZ, A_prev)", "transpose forgotten"),
    ("linear_backward", "1 / m * np.dot(dZ, A_prev.T)", "1 / m * np.dot(A_prev, dZ.T)", "dW transposed"),
    ("linear_backward", "1 / m * np.dot(dZ, A_prev.T)", "1 / m * (dZ * A_prev)", "* for @"),
    ("linear_backward", "1 / m * np.dot(dZ, A_prev.T)", "1 / m * np.dot(dZ, W.T)", "W for A_prev"),
    ("linear_backward", "1 / m * np.sum(dZ, axis=1", "np.sum(dZ, axis=1", "1/m forgotten"),
    ("linear_backward", "np.sum(dZ, axis=1, keepdims=True)", "np.sum(dZ, axis=1)", "keepdims forgotten"),
    (
        "linear_backward",
        "np.sum(dZ, axis=1, keepdims=True)",
        "np.sum(dZ, axis=0, keepdims=True)",
        "summed over the wrong axis",
    ),
    ("linear_backward", "np.sum(dZ, axis=1, keepdims=True)", "np.sum(dZ)", "summed over everything"),
    ("linear_backward", "np.sum(dZ, axis=1, keepdims=True)", "dZ", "not summed"),
    ("linear_backward", "np.dot(W.T, dZ)", "np.dot(W, dZ)", "transpose forgotten"),
    ("linear_backward", "np.dot(W.T, dZ)", "np.dot(dZ, W)", "order of the product"),
    ("linear_backward", "np.dot(W.T, dZ)", "W.T * dZ", "* for @"),
    ("linear_backward", "np.dot(W.T, dZ)", "np.dot(W.T, dZ) / m", "1/m too many"),
    ("linear_backward", "m = A_prev.shape[1]", "m = A_prev.shape[0]", "m of the wrong axis"),
    ("linear_backward", "m = A_prev.shape[1]", "m = dZ.shape[0]", "m of the wrong axis"),
    ("linear_backward", "m = A_prev.shape[1]", "m = len(dZ)", "m of the wrong axis"),
    (
        "linear_backward",
        "return dA_prev, dW, db\n\n\ndef linear_a",
        "return dW, db, dA_prev\n\n\ndef linear_a",
        "order of the results",
    ),
    (
        "linear_activation_backward",
        "dZ = relu_backward(dA, activation_cache)",
        "dZ = sigmoid_backward(dA, activation_cache)",
        "wrong activation",
    ),
    ("linear_activation_backward", "dZ = relu_backward(dA, activation_cache)", "dZ = dA", "g′ forgotten"),
    (
        "linear_activation_backward",
        "dZ = sigmoid_backward(dA, activation_cache)",
        "dZ = dA * sigmoid(activation_cache)[0]",
        "g for g′",
    ),
    (
        "linear_activation_backward",
        "dZ = sigmoid_backward(dA, activation_cache)",
        "dZ = sigmoid_backward(dA, sigmoid(activation_cache)[0])",
        "g′(A) for g′(Z)",
    ),
    ("L_model_backward", "dAL = -(np.divide(Y, AL)", "dAL = (np.divide(Y, AL)", "sign of dAL"),
    ("L_model_backward", "dAL = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))", "dAL = AL - Y", "dA[L] is not A − Y"),
    (
        "L_model_backward",
        "dAL = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))",
        "dAL = -np.divide(Y, AL)",
        "half of dAL",
    ),
    ("L_model_backward", "np.divide(1 - Y, 1 - AL))", "np.divide(1 - Y, 1 - AL)) / m", "1/m twice"),
    ("L_model_backward", "caches[l]\n", "caches[l + 1]\n", "stale cache"),
    ("L_model_backward", "caches[l]\n", "caches[0]\n", "stale cache"),
    (
        "L_model_backward",
        'grads["dA" + str(l + 1)], current_cache, "relu"',
        'grads["dA" + str(L - 1)], current_cache, "relu"',
        "wrong dA",
    ),
    ("L_model_backward", 'current_cache, "relu")', 'current_cache, "sigmoid")', "sigmoid in hidden layers"),
    ("L_model_backward", 'current_cache, "sigmoid")', 'current_cache, "relu")', "relu at the output"),
    ("L_model_backward", "reversed(range(L - 1))", "reversed(range(1, L - 1))", "keys missing"),
    (
        "update_parameters",
        'str(l + 1)] - learning_rate * grads["dW"',
        'str(l + 1)] + learning_rate * grads["dW"',
        "plus for minus",
    ),
    ("update_parameters", "- learning_rate * grads", "+ learning_rate * grads", "plus for minus"),
    ("update_parameters", "- learning_rate * grads", "- grads", "α forgotten"),
    ("update_parameters", '* grads["dW"', '* grads["W"', "gradient without its d"),
    (
        "linear_activation_forward",
        "A, activation_cache = relu(Z)",
        "A = activation_cache = relu(Z)",
        "a pair not taken apart",
    ),
    (
        "linear_activation_forward",
        "Z, linear_cache = linear_forward(A_prev, W, b)",
        "Z = linear_cache = linear_forward(A_prev, W, b)",
        "a pair not taken apart",
    ),
    (
        "update_parameters",
        'for l in range(L):\n        parameters["W" + str(l + 1)] = parameters',
        'for l in range(L - 1):\n        parameters["W" + str(l + 1)] = parameters',
        "only the first layers",
    ),
    (
        "update_parameters",
        'for l in range(L):\n        parameters["W" + str(l + 1)] = parameters',
        'for l in range(1, L):\n        parameters["W" + str(l + 1)] = parameters',
        "not the first layer",
    ),
    ("update_parameters", '= parameters["W" + str(l + 1)] - learning_rate', "-= learning_rate", "changes its argument"),
    ("update_parameters", "range(L):\n        parameters", "range(L + 1):\n        parameters", "one layer too many"),
]

# L_model_backward that does the layers' work itself: what stands in it, what the learner wrote, the slip's name
IN_ONE_PIECE = """import numpy as np


def L_model_backward(AL, Y, caches):
    grads, L = {}, len(caches)
    m = Y.shape[1]
    dZ = AL - Y
    for l in range(L, 0, -1):
        (A_prev, W, b), Z = caches[l - 1]
        dW = dZ @ A_prev.T / m
        db = dZ.sum(axis=1, keepdims=True) / m
        grads["dW" + str(l)], grads["db" + str(l)] = dW, db
        if l > 1:
            dZ = (W.T @ dZ) * (caches[l - 2][1] > 0)
    return grads
"""
PLANTED_IN_ONE_PIECE = [
    ("m = Y.shape[1]", "m = Y.shape[0]", "m of the wrong axis", "m is taken from the rows of Y"),
    ("m = Y.shape[1]", "m = len(Y)", "m of the wrong axis", "m is taken from the rows of Y"),
    ("m = Y.shape[1]", "m = 1", "1/m forgotten", "the 1/m is missing"),
    ("A_prev.T / m", "A_prev.T", "1/m forgotten", "the 1/m of dW is missing"),
    ("keepdims=True) / m", "keepdims=True)", "1/m forgotten", "the 1/m of db is missing"),
    ("keepdims=True) / m", "keepdims=False) / m", "keepdims forgotten", "keepdims=True is missing"),
    ("A_prev.T / m", "A_prev.T / len(dZ)", "", "dW3 is the first that is wrong"),
]

VARIANTS = {
    "loops over the entries": """
        def linear_forward(A, W, b):
            Z = np.zeros((W.shape[0], A.shape[1]))
            for i in range(W.shape[0]):
                for j in range(A.shape[1]):
                    for k in range(W.shape[1]):
                        Z[i, j] += W[i, k] * A[k, j]
                    Z[i, j] += b[i, 0]
            return Z, {"A_prev": A, "W": W, "b": b}

        def linear_backward(dZ, cache):
            A, W = cache["A_prev"], cache["W"]
            m = A.shape[1]
            dW, db, dA = np.zeros_like(W), np.zeros((W.shape[0], 1)), np.zeros_like(A)
            for j in range(m):
                for i in range(W.shape[0]):
                    db[i, 0] += dZ[i, j] / m
                    for k in range(W.shape[1]):
                        dW[i, k] += dZ[i, j] * A[k, j] / m
                        dA[k, j] += W[i, k] * dZ[i, j]
            return dA, dW, db
    """,
    "einsum": """
        def linear_forward(A, W, b):
            return np.einsum("ik,kj->ij", W, A) + b, (A, W, b)

        def linear_backward(dZ, cache):
            A, W, b = cache
            return np.einsum("ik,ij->kj", W, dZ), np.einsum("ij,kj->ik", dZ, A) / A.shape[1], dZ.mean(axis=1).reshape(-1, 1)
    """,
    "arguments in another order, by names": """
        def linear_forward(W, b, A_prev):
            return W @ A_prev + b, (W, b, A_prev)

        def linear_backward(cache, dZ):
            W, b, A = cache
            return W.T @ dZ, dZ @ A.T / dZ.shape[1], np.mean(dZ, axis=1, keepdims=True)

        def update_parameters(grads, alpha, params):
            return {key: value - alpha * grads["d" + key] for key, value in params.items()}
    """,
    "names of its own, in the course's order": """
        def linear_forward(incoming, weights, offset):
            return weights @ incoming + offset, (incoming, weights, offset)
    """,
    "a cache with more in it, and classes": """
        class Cache:
            def __init__(self, **own):
                self.__dict__.update(own)

        def linear_activation_forward(A_prev, W, b, activation="relu"):
            Z = W @ A_prev + b
            A = np.tanh(Z / 2) / 2 + 0.5 if activation == "sigmoid" else np.where(Z > 0, Z, 0)
            return A, Cache(A_prev=A_prev, W=W, b=b, Z=Z, A=A)

        def linear_activation_backward(dA, cache, activation):
            dZ = dA * cache.A * (1 - cache.A) if activation == "sigmoid" else dA * (cache.Z > 0)
            return cache.W.T @ dZ, dZ @ cache.A_prev.T / dZ.shape[1], dZ.sum(1, keepdims=True) / dZ.shape[1]

        def L_model_forward(X, parameters):
            A, caches, L = X, [], len(parameters) // 2
            for l in range(1, L + 1):
                A, cache = linear_activation_forward(A, parameters[f"W{l}"], parameters[f"b{l}"], "relu" if l < L else "sigmoid")
                caches += [cache]
            return A, caches

        def L_model_backward(AL, Y, caches):
            dA, grads = (AL - Y) / (AL * (1 - AL)), {}
            for l in range(len(caches), 0, -1):
                dA, grads[f"dW{l}"], grads[f"db{l}"] = linear_activation_backward(
                    dA, caches[l - 1], "relu" if l < len(caches) else "sigmoid"
                )
            return grads
    """,
    "a cache of A alone where that suffices": """
        def sigmoid(Z):
            return 1 / (1 + np.exp(-Z))

        def relu(Z):
            return Z * (Z > 0)
    """,
    "an ε in the logarithm, and an array of one number": """
        def compute_cost(AL, Y):
            m = Y.shape[1]
            return -(np.dot(Y, np.log(AL + 1e-8).T) + np.dot(1 - Y, np.log(1 - AL + 1e-8).T)) / m
    """,
    "einsum and mean in the cost": """
        def compute_cost(AL, Y):
            return -np.mean(np.where(Y == 1, np.log(AL), np.log1p(-AL)))
    """,
    "initial parameters of another size, with a seed": """
        def initialize_parameters_deep(layer_dims, seed=1):
            rng = np.random.default_rng(seed)
            P = {}
            for l, (n, n_prev) in enumerate(zip(layer_dims[1:], layer_dims[:-1]), start=1):
                P["W%d" % l] = rng.normal(0, np.sqrt(2 / n_prev), (n, n_prev))
                P["b%d" % l] = np.full((n, 1), 0.01)
            return P
    """,
    "the dictionary that came in, with new arrays": """
        def update_parameters(parameters, grads, learning_rate):
            for key in parameters:
                parameters[key] = parameters[key] - learning_rate * grads["d" + key]
            return parameters
    """,
    "dA[0] left out, and more keys": """
        def L_model_backward(AL, Y, caches):
            grads, L = {"dAL": AL}, len(caches)
            dZ = AL - Y
            for l in range(L, 0, -1):
                (A, W, b), _ = caches[l - 1]
                grads["dW" + str(l)] = dZ @ A.T / Y.shape[1]
                grads["db" + str(l)] = np.average(dZ, axis=1)[:, None]
                if l > 1:
                    dZ = (W.T @ dZ) * (caches[l - 2][1] > 0)
            return grads
    """,
    "softmax with and without the largest taken out": """
        def softmax(Z):
            E = np.exp(Z)
            return E / np.sum(E, axis=0, keepdims=True)
    """,
    "a helper of the course that is not there": """
        from dnn_utils_v2 import sigmoid, relu
        from testCases_v2 import *

        def linear_activation_forward(A_prev, W, b, activation):
            Z = W @ A_prev + b
            A, keep = {"sigmoid": sigmoid, "relu": relu}[activation](Z)
            return A, ((A_prev, W, b), keep)
    """,
}


def checked(source, names=None):
    """The findings of a text, in this process."""
    namespace = {"__name__": "mine"}
    exec(compile(source, "mine.py", "exec", optimize=1), namespace)
    checker = Checker(namespace, "mine.py", source, names)
    return [checker.check(name) for name in checker.present()]


@pytest.mark.parametrize(("function", "right", "wrong", "slip"), PLANTED, ids=lambda own: str(own)[:40])
def test_a_planted_slip_is_named_at_its_line_and_nothing_else_is_accused(function, right, wrong, slip):
    assert right in RIGHT
    source = RIGHT.replace(right, wrong)
    findings = checked(source)
    (found,) = [own for own in findings if own.status != "right"]
    assert (found.function, found.status, found.slip) == (function, "slip", slip)
    assert all(found.words)
    assert found.source in source
    assert source.splitlines()[found.line - 1].strip() == found.source
    body = source[source.index(f"def {function}(") :].split("\ndef ")[0]
    assert found.source in body
    if found.got:
        assert found.got != found.expected


def test_more_than_twenty_five_slips_are_planted_of_many_kinds():
    assert len(PLANTED) >= 70
    assert len({(function, slip) for function, _, _, slip in PLANTED}) >= 55
    assert {function for function, *_ in PLANTED} == set(FUNCTIONS) - {"softmax"}


@pytest.mark.parametrize(("right", "wrong", "slip", "words"), PLANTED_IN_ONE_PIECE, ids=lambda own: str(own)[:40])
def test_a_slip_of_a_layer_is_named_inside_the_whole_backward_pass(right, wrong, slip, words):
    assert right in IN_ONE_PIECE
    (found,) = checked(IN_ONE_PIECE)
    assert found.status == "right"
    (found,) = checked(IN_ONE_PIECE.replace(right, wrong))
    assert found.slip == slip
    assert words in found.words[0]


def test_numpy_that_is_not_imported_is_told_in_words():
    (found,) = checked("def linear_forward(A, W, b):\n    return np.dot(W, A) + b, (A, W, b)\n")
    assert (found.slip, found.line) == ("numpy not imported", 2)
    assert "import numpy as np" in found.words[0]


def test_functions_of_math_on_arrays_are_told_in_words():
    (found,) = checked("import math\n\ndef sigmoid(Z):\n    return 1 / (1 + math.exp(-Z))\n")
    assert (found.slip, found.line) == ("math for np", 4)


@pytest.mark.parametrize(
    "factor", ["* 0.01", "* 0.1", "/ np.sqrt(layer_dims[l - 1])", "* np.sqrt(2 / layer_dims[l - 1])"]
)
def test_first_weights_in_use_are_small_enough(factor):
    source = RIGHT.replace("layer_dims[l - 1]) * 0.01", f"layer_dims[l - 1]) {factor}")
    assert "right" in {own.status for own in checked(source) if own.function == "initialize_parameters_deep"}


def test_the_right_answer_is_right():
    findings = checked(RIGHT)
    assert len(findings) == len(FUNCTIONS) - 1
    assert {own.status for own in findings} == {"right"}


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("alone", [True, False])
def test_no_right_variant_is_accused(tmp_path, name, alone):
    source = "import numpy as np\n\n" + textwrap.dedent(VARIANTS[name])
    if not alone:
        if (
            "cache" in name
            or "by names" in name
            or "dnn_utils" in source
            or "class " in source
            or "caches[l - 2]" in source
        ):
            pytest.skip("its caches or arguments are of its own form: it does not stand beside the other functions")
        own = re.findall(r"^def (\w+)", source, re.MULTILINE)
        rest = [part for part in re.split(r"\n(?=def )", RIGHT) if not re.match(rf"def ({'|'.join(own)})\(", part)]
        source = "\n".join(rest) + "\n" + source
    path = tmp_path / "mine.py"
    path.write_text(source, "utf-8")
    result = check_code(path)
    assert not result.unreadable
    wrong = [(own.function, own.status, own.words[0]) for own in result.findings if own.status != "right"]
    assert wrong == []
    assert result.findings


def test_softmax_over_the_wrong_axis_is_named():
    for axis, slip in (("axis=1", "softmax over the wrong axis"), ("axis=None", "softmax over everything")):
        source = f"import numpy as np\n\ndef softmax(Z):\n    E = np.exp(Z - Z.max())\n    return E / E.sum({axis}, keepdims=True)\n"
        (found,) = checked(source)
        assert (found.status, found.slip, found.line) == ("slip", slip, 5)


def test_a_function_is_judged_for_what_it_does_itself():
    source = RIGHT.replace("np.dot(W.T, dZ)", "np.dot(W, dZ)").replace("dAL = -(np.divide", "dAL = (np.divide")
    wrong = [own for own in checked(source) if own.status != "right"]
    assert [(own.function, own.slip) for own in wrong] == [
        ("linear_backward", "transpose forgotten"),
        ("L_model_backward", "sign of dAL"),
    ]


def test_what_is_like_no_slip_is_shown_with_its_two_numbers():
    source = RIGHT.replace("dW = 1 / m * np.dot(dZ, A_prev.T)", "dW = 1.5 / m * np.dot(dZ, A_prev.T)")
    found = next(own for own in checked(source) if own.status != "right")
    assert (found.function, found.status, found.quantity) == ("linear_backward", "wrong", "dW")
    assert float(found.got) == pytest.approx(1.5 * float(found.expected), rel=1e-4)
    assert found.equation == "dW[l] = (1/m) dZ[l] A[l-1]ᵀ"
    assert re.match(r"leadline/network/equations\.py:\d+  dW = ", found.specification)
    assert found.line == source.splitlines().index("    dW = 1.5 / m * np.dot(dZ, A_prev.T)") + 1


def test_every_slip_is_unlike_the_truth_and_says_so_in_two_languages():
    for slip in SLIPS:
        assert all(slip.words), slip.key
        assert re.search(r"[\u4e00-\u9fff]", slip.words[1]), slip.key
        assert not re.search(r"[\u4e00-\u9fff]", slip.words[0]), slip.key


def write(tmp_path, text):
    path = tmp_path / "mine.py"
    path.write_text(text, "utf-8")
    return path


def command(*words):
    return CliRunner().invoke(app, ["explain", *map(str, words)])


def test_the_command_names_function_line_equation_and_both_numbers(tmp_path):
    path = write(tmp_path, RIGHT.replace("1 / m * np.dot(dZ, A_prev.T)", "np.dot(dZ, A_prev.T)"))
    result = command("--check-code", path)
    assert result.exit_code == 2
    line = RIGHT.splitlines().index("    dW = 1 / m * np.dot(dZ, A_prev.T)") + 1
    assert f"mine.py:{line}" in result.stdout
    assert "the 1/m is missing" in result.stdout
    assert "dW[l] = (1/m) dZ[l] A[l-1]ᵀ" in result.stdout
    assert re.search(r"dW\[0,0\]\s+yours\s+\S+\s+right\s+\S+", result.stdout)
    assert "缺少 1/m" in command("--check-code", path, "--language", "zh").stdout


def test_the_page_about_learning_shows_what_the_command_says(tmp_path):
    text = """import numpy as np


def linear_forward(A, W, b):
    return W @ A + b, (A, W, b)


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = np.dot(dZ, A_prev.T)
    db = np.sum(dZ, axis=1, keepdims=True) / m
    return np.dot(W.T, dZ), dW, db
"""
    page = (Path(__file__).parents[2] / "docs" / "learn.md").read_text("utf-8")
    shown = page.split("$ leadline explain --check-code mine.py\n")[1].split("```")[0]
    assert command("--check-code", write(tmp_path, text)).stdout == shown


def test_the_command_says_that_all_is_right_and_what_is_not_there(tmp_path):
    path = write(tmp_path, RIGHT)
    result = command("--check-code", path)
    assert result.exit_code == 0, result.stdout
    assert "13 functions are right" in result.stdout
    assert "Not in the file, and not checked: softmax\n" in result.stdout
    assert "未检查:softmax" in command("--check-code", path, "--language", "zh").stdout
    assert json.loads(command("--check-code", path, "--json").stdout)["missing"] == ["softmax"]


def test_a_line_of_the_specification_says_what_has_another_name_in_it(tmp_path):
    path = write(tmp_path, RIGHT.replace("1 / m * np.dot(dZ, A_prev.T)", "np.dot(dZ, A_prev.T)"))
    assert "w are the weights of the examples, all 1 here" in command("--check-code", path).stdout
    assert "w 是样本的权重" in command("--check-code", path, "--language", "zh").stdout
    path = write(tmp_path, RIGHT.replace("-1 / m * np.sum", "-np.sum"))
    assert "values are the losses of the examples" in command("--check-code", path).stdout


def test_a_syntax_error_is_told_once_with_its_line(tmp_path):
    result = command("--check-code", write(tmp_path, "x = 1\ndef linear_forward(A, W, b:\n    return A\n"))
    assert "SyntaxError: '(' was never closed\n" in result.stdout
    assert result.stdout.count("line 2") == 0
    assert "mine.py:2  def linear_forward(A, W, b:" in result.stdout


def test_a_grader_reads_json(tmp_path):
    path = write(tmp_path, RIGHT.replace("keepdims=True", "keepdims=False"))
    result = command("--check-code", path, "--json")
    record = json.loads(result.stdout)
    assert result.exit_code == 2
    assert record["right"] is False
    wrong = [own for own in record["functions"] if own["status"] != "right"]
    assert [(own["function"], own["slip"]) for own in wrong] == [("linear_backward", "keepdims forgotten")]


def test_functions_of_other_names_are_found_by_the_names_given(tmp_path):
    path = write(tmp_path, "import numpy as np\n\ndef forth(A, W, b):\n    return W @ A - b, (A, W, b)\n")
    result = command("--check-code", path, "--names", "linear_forward=forth")
    assert result.exit_code == 2
    assert "forth" in result.stdout
    assert "b is subtracted" in result.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def linear_forward(A, W, b):\n    while True:\n        pass\n", "not done after 2 s"),
        ("import os\n\ndef linear_forward(A, W, b):\n    os._exit(0)\n", "it ended the interpreter"),
        ("def linear_forward(A, W, b:\n", "SyntaxError"),
        ("import no_such_module\n", "no_such_module"),
        ("x = 1\n", "none of the course's functions is in it. They are sigmoid, relu, softmax, initialize_par"),
        ("def linear_foward(A, W, b):\n    return 1\n", "--names linear_forward=linear_foward"),
        ("def linear_forward(A, W, b):\n    raise NotImplementedError\n", "not written yet"),
        ("def linear_forward(A, W, b):\n    print('hello')\n", "returns nothing"),
        ("def linear_forward(A, W):\n    return A\n", "it takes 2 arguments"),
        ("def linear_forward(A, W, b):\n    return A.nothing\n", "raises AttributeError"),
        ("def linear_backward(dZ, cache):\n    A, W, b = cache\n    return dZ\n", "must return dA_prev, dW, db"),
    ],
)
def test_code_that_cannot_be_judged_is_told_why(tmp_path, text, words):
    result = command("--check-code", write(tmp_path, text), "--time-limit", "2")
    assert result.exit_code == 2
    assert words in result.stdout + result.stderr
    assert "hello" not in result.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--check-code", "nothing.py"], "nothing.py: no such file"),
        (["--check-code", "mine.ipynb"], "mine.ipynb is a notebook; write its code as a file: jupyter nbconvert"),
        (["--check-code", "nothing.py", "--names", "linear_forward"], "--names must be COURSE=OWN"),
        (["--check-code", "nothing.py", "--names", "lin=own"], "no function of the course"),
        (["--check-code", "nothing.py", "--html"], "--check-code stands alone"),
        (["--check-code", "nothing.py", "--language", "de"], "--language must be one of"),
    ],
)
def test_wrong_usage_is_refused(words, expected):
    result = command(*words)
    assert result.exit_code == 2
    assert expected in result.stderr

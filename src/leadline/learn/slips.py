"""The slips that learners make, each as the wrong formula that it is: what comes out of it is how it is recognised.

A slip belongs to one quantity of one function of the course. Its `wrong` computes the quantity from the same inputs as the
learner's function got; where a learner's numbers agree with it in every case, and not with the right ones, the slip has
its name. A formula that breaks a law of shapes raises, and says nothing in that case.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.learn import course

__all__ = ["SLIPS", "Slip", "slips_of"]

Array = NDArray[np.float64]
Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Slip:
    """One slip.

    Attributes
    ----------
    function, quantity : str
        Where it shows: "linear_backward" and "dW".
    key : str
        Its short name.
    words : tuple of str
        What is wrong and what to do, in English and in Chinese.
    wrong : callable
        The quantity as the slip computes it, from the inputs.
    look : str
        A pattern of the line where it stands, several with ||| between them, the likeliest first; empty for the line that
        makes the quantity.
    fits : callable
        Whether what the function gave speaks for this slip, where two have the same numbers.
    """

    function: str
    quantity: str
    key: str
    words: tuple[str, str]
    wrong: Callable[[Inputs], Any]
    look: str = ""
    fits: Callable[[Any], bool] = lambda result: True


def _caches(count: int) -> Callable[[Any], bool]:
    """Whether a network's forward function left so many caches less than it has layers; see `_forward`."""
    return lambda result: isinstance(result, tuple) and len(result) == 3 and result[2] == count


def _sigma(Z: Array) -> Array:
    return course.sigmoid(Z)[0]


def _slope(Z: Array) -> Array:
    return _sigma(Z) * (1 - _sigma(Z))


def _relu(Z: Array) -> Array:
    return course.relu(Z)[0]


def _softmax(Z: Array, axis: int | None) -> Array:
    E: Array = np.exp(Z - Z.max(axis=axis, keepdims=True))
    return np.asarray(E / E.sum(axis=axis, keepdims=True), dtype=np.float64)


def _m(x: Inputs) -> int:
    return int(x["dZ"].shape[1])


def _forward(
    x: Inputs,
    hidden: Callable[[Array], Array] = _relu,
    last: Callable[[Array], Array] = _sigma,
    from_X: str = "",
    stale: bool = False,
    skip: bool = False,
    layer: Callable[[int], int] = lambda l: l,
) -> Array:
    """L_model_forward with something amiss."""
    P, A, A_prev = x["parameters"], x["X"], x["X"]
    L = len(P) // 2
    for l in range(1, L):
        if skip and l == L - 1:
            continue
        A_prev = x["X"] if from_X else A
        A = hidden(P[f"W{layer(l)}"] @ A_prev + P[f"b{layer(l)}"])
    return last(P[f"W{layer(L)}"] @ (A_prev if stale else x["X"] if from_X == "all" else A) + P[f"b{layer(L)}"])


def _first_layers(x: Inputs) -> Array:
    """A[L-1]: the output layer is missing."""
    P: Mapping[str, Array] = x["parameters"]
    A: Array = x["X"]
    for l in range(1, len(P) // 2):
        A = _relu(P[f"W{l}"] @ A + P[f"b{l}"])
    return A


def _backward(
    x: Inputs,
    start: Callable[[Array, Array], Array] = lambda A, Y: -(Y / A - (1 - Y) / (1 - A)),
    hidden: Callable[[Array], Array] = lambda Z: np.sign(_relu(Z)),
    last: Callable[[Array], Array] = _slope,
    cache: Callable[[int, int], int] = lambda l, L: l,
    stay: bool = False,
) -> dict[str, Array]:
    """L_model_backward with something amiss, from the course's caches."""
    caches, grads = x["course_caches"], {}
    L = len(caches)
    dA = start(x["AL"], x["Y"])
    first = None
    for l in range(L, 0, -1):
        (A_prev, W, _), Z = caches[cache(l, L) - 1]
        dZ = dA * (last if l == L else hidden)(Z)
        grads[f"dW{l}"], grads[f"db{l}"] = dZ @ A_prev.T / dZ.shape[1], dZ.mean(axis=1, keepdims=True)
        before = W.T @ dZ
        first = before if first is None else first
        dA = first if stay else before
    return grads


def _update(x: Inputs, change: Callable[[Array, Array, float], Array]) -> dict[str, Array]:
    return {key: change(value, x["grads"][f"d{key}"], x["learning_rate"]) for key, value in x["parameters"].items()}


def _without(x: Inputs, left: Callable[[str, int], bool]) -> dict[str, Array]:
    """update_parameters that leaves some as they are."""
    L = len(x["parameters"]) // 2
    return {
        key: value if left(key, L) else value - x["learning_rate"] * x["grads"][f"d{key}"]
        for key, value in x["parameters"].items()
    }


def _logs(x: Inputs, right: float = 1.0, left: float = 1.0, log: Callable[[Array], Array] = np.log) -> float:
    AL, Y = x["AL"], x["Y"]
    return float(-np.sum(right * Y * log(AL) + left * (1 - Y) * log(1 - AL)))


_STAR = (
    "* multiplies entry by entry; a matrix product is @ or np.dot",
    "* 是逐元素相乘;矩阵乘法用 @ 或 np.dot",
)
_NO_MEAN = ("the 1/m is missing: divide by m, the number of examples", "缺少 1/m:要除以样本数 m")
_TRANSPOSE_A = (
    "A_prev must be transposed: dZ (n[l], m) times A_prev.T (m, n[l-1])",
    "A_prev 要转置:dZ (n[l], m) 乘以 A_prev.T (m, n[l-1])",
)
_G_AT_A = (
    "g′ is taken at A instead of Z: the cache must hold Z, and g′(Z) is wanted",
    "g′ 在 A 处取值,而应在 Z 处:缓存里要存 Z,要的是 g′(Z)",
)
_G_FOR_SLOPE = (
    "g stands where its derivative g′ is meant: dZ = dA * g′(Z)",
    "写成了 g,应为导数 g′:dZ = dA * g′(Z)",
)
_NO_SLOPE = ("g′(Z) is missing: dZ is dA times the slope of the activation", "缺少 g′(Z):dZ 是 dA 乘以激活函数的斜率")
_NO_DA = ("dA is missing: dZ is dA times g′(Z)", "缺少 dA:dZ 是 dA 乘以 g′(Z)")
_MATRIX = (
    "@ stands where * is meant: dA and g′(Z) are multiplied entry by entry",
    "这里应该用 *(逐元素),而不是 @:dA 与 g′(Z) 逐元素相乘",
)


def _activation_slips(
    function: str, quantity: str, name: str, Z: Callable[[Inputs], Array], when: Callable[[Inputs], bool]
) -> list[Slip]:
    """Slips of a forward activation, in a function of its own or inside a layer's."""

    def only(wrong: Callable[[Array], Any]) -> Callable[[Inputs], Any]:
        def value(x: Inputs) -> Any:
            if not when(x):
                raise ValueError("another activation")
            return wrong(Z(x))

        return value

    def slip(key: str, words: tuple[str, str], wrong: Callable[[Array], Any], look: str = "") -> Slip:
        return Slip(function, quantity, key, words, only(wrong), look)

    none = slip(
        "no activation",
        ("the activation is not applied: this is Z, and A = g(Z)", "没有应用激活函数:这是 Z,而 A = g(Z)"),
        lambda z: z,
    )
    none = replace(none, wrong=lambda x: Z(x))  # whichever was asked for
    if name == "sigmoid":
        return [
            slip(
                "sign in exp",
                ("the minus in the exponent is missing: 1 / (1 + exp(−Z))", "指数里缺少负号:1 / (1 + exp(−Z))"),
                lambda z: 1 / (1 + np.exp(z)),
                r"exp\(",
            ),
            slip(
                "slope for g",
                ("this is the derivative σ′(Z); forward wants σ(Z)", "这是导数 σ′(Z);前向需要 σ(Z)"),
                _slope,
            ),
            slip(
                "wrong activation",
                ("this is relu where sigmoid was asked for", "这里要的是 sigmoid,得到的是 relu"),
                _relu,
            ),
            slip(
                "wrong activation",
                ("this is tanh where sigmoid was asked for", "这里要的是 sigmoid,得到的是 tanh"),
                np.tanh,
            ),
            none,
        ]
    return [
        slip(
            "slope for g",
            (
                "this is the derivative, 1 where Z > 0; forward wants max(Z, 0)",
                "这是导数(Z > 0 处为 1);前向需要 max(Z, 0)",
            ),
            lambda z: (z > 0) * 1.0,
        ),
        slip(
            "wrong activation", ("this is sigmoid where relu was asked for", "这里要的是 relu,得到的是 sigmoid"), _sigma
        ),
        slip("absolute value", ("this is |Z|; relu is 0 for negative Z", "这是 |Z|;relu 在 Z 为负时为 0"), np.abs),
        slip(
            "minimum",
            ("this is min(Z, 0); relu is max(Z, 0)", "这是 min(Z, 0);relu 是 max(Z, 0)"),
            lambda z: np.minimum(z, 0),
        ),
        none,
    ]


def _slope_slips(
    function: str, quantity: str, name: str, make: Callable[[Inputs, Callable[[Array, Array], Array]], Any]
) -> list[Slip]:
    """Slips of dZ; `make` carries a wrong dZ, given as a function of dA and Z, to the quantity."""

    def slip(
        key: str, words: tuple[str, str], wrong: Callable[[Array, Array], Array], look: str = r"dZ\s*(=|\[)"
    ) -> Slip:
        return Slip(function, quantity, key, words, lambda x: make(x, wrong), look)

    found = [
        slip("g′ forgotten", _NO_SLOPE, lambda dA, Z: dA),
    ]
    if name == "sigmoid":
        found += [
            slip("g for g′", _G_FOR_SLOPE, lambda dA, Z: dA * _sigma(Z)),
            slip("g′(A) for g′(Z)", _G_AT_A, lambda dA, Z: dA * _slope(_sigma(Z))),
            slip(
                "g′ from Z as if it were A",
                (
                    "a (1 − a) is written with Z in the place of a: take σ(Z) first",
                    "a (1 − a) 中用了 Z 代替 a:先算 σ(Z)",
                ),
                lambda dA, Z: dA * Z * (1 - Z),
                r"1\s*-\s*Z",
            ),
            slip(
                "wrong g′",
                ("this is 1 − σ(Z): σ′(Z) = σ(Z) (1 − σ(Z))", "这是 1 − σ(Z):σ′(Z) = σ(Z) (1 − σ(Z))"),
                lambda dA, Z: dA * (1 - _sigma(Z)),
            ),
            slip(
                "wrong g′",
                ("this is s (1 + s): σ′(Z) = σ(Z) (1 − σ(Z))", "这是 s (1 + s):σ′(Z) = σ(Z) (1 − σ(Z))"),
                lambda dA, Z: dA * _sigma(Z) * (1 + _sigma(Z)),
            ),
            slip(
                "wrong activation",
                (
                    "this is relu's derivative where sigmoid's was asked for",
                    "这里要的是 sigmoid 的导数,得到的是 relu 的",
                ),
                lambda dA, Z: dA * (Z > 0),
            ),
            slip("dA forgotten", _NO_DA, lambda dA, Z: _slope(Z)),
            slip("@ for *", _MATRIX, lambda dA, Z: dA @ _slope(Z)),
        ]
    else:
        found += [
            slip("g for g′", _G_FOR_SLOPE, lambda dA, Z: dA * _relu(Z)),
            slip(
                "wrong side",
                (
                    "dZ is kept where Z is negative; relu's slope is 1 where Z > 0",
                    "保留的是 Z 为负处的 dZ;relu 的斜率在 Z > 0 处为 1",
                ),
                lambda dA, Z: dA * (Z < 0),
            ),
            slip(
                "mask of dA",
                (
                    "dZ is set to 0 where dA is negative; it is the sign of Z that decides",
                    "在 dA 为负处置 0;应由 Z 的符号决定",
                ),
                lambda dA, Z: dA * (dA > 0),
            ),
            slip(
                "wrong activation",
                (
                    "this is sigmoid's derivative where relu's was asked for",
                    "这里要的是 relu 的导数,得到的是 sigmoid 的",
                ),
                lambda dA, Z: dA * _slope(Z),
            ),
            slip("dA forgotten", _NO_DA, lambda dA, Z: np.asarray((Z > 0) * 1.0, dtype=np.float64)),
            slip("@ for *", _MATRIX, lambda dA, Z: dA @ (Z > 0)),
        ]
    return found


def _dW(x: Inputs, wrong: Callable[[Array, Array], Array], name: str) -> Any:
    """dW of a layer whose dZ is wrong."""
    if x["activation"] != name:
        raise ValueError("another activation")
    (A_prev, _, _), Z = x["course_cache"]
    dZ = wrong(x["dA"], Z)
    return dZ @ A_prev.T / dZ.shape[1]


SLIPS: Sequence[Slip] = (
    # one layer forward
    Slip("linear_forward", "Z", "* for @", _STAR, lambda x: x["W"] * x["A"] + x["b"]),
    Slip(
        "linear_forward",
        "Z",
        "W transposed",
        (
            "W is transposed; W[l] (n[l], n[l-1]) multiplies A_prev as it is",
            "W 被转置了;W[l] (n[l], n[l-1]) 应直接乘以 A_prev",
        ),
        lambda x: x["W"].T @ x["A"] + x["b"],
    ),
    Slip(
        "linear_forward",
        "Z",
        "order of the product",
        ("the order is A @ W; the equation has W @ A", "顺序是 A @ W;公式是 W @ A"),
        lambda x: x["A"] @ x["W"] + x["b"],
    ),
    Slip(
        "linear_forward",
        "Z",
        "A transposed",
        (
            "A is transposed; the columns of A_prev are the examples, so W @ A_prev",
            "A 被转置了;A_prev 的列是样本,所以是 W @ A_prev",
        ),
        lambda x: x["W"] @ x["A"].T + x["b"],
    ),
    Slip("linear_forward", "Z", "b forgotten", ("b is not added", "没有加 b"), lambda x: x["W"] @ x["A"]),
    Slip(
        "linear_forward",
        "Z",
        "b subtracted",
        ("b is subtracted instead of added", "减去了 b,应为加上"),
        lambda x: x["W"] @ x["A"] - x["b"],
    ),
    Slip(
        "linear_forward",
        "Z",
        "b as a row",
        (
            "b is added as a row, along the examples; it is a column (n[l], 1)",
            "b 被当作行沿样本相加;它是列向量 (n[l], 1)",
        ),
        lambda x: x["W"] @ x["A"] + x["b"].ravel(),
    ),
    Slip(
        "linear_forward",
        "Z",
        "b inside the product",
        (
            "b is added before W multiplies: W @ A + b, not W @ (A + b)",
            "b 在乘 W 之前就加上了:应为 W @ A + b,而不是 W @ (A + b)",
        ),
        lambda x: x["W"] @ (x["A"] + x["b"]),
    ),
    Slip(
        "linear_forward",
        "Z",
        "activation too early",
        ("the activation is applied already; linear_forward gives Z", "已经应用了激活函数;linear_forward 应给出 Z"),
        lambda x: _relu(x["W"] @ x["A"] + x["b"]),
    ),
    Slip(
        "linear_forward",
        "Z",
        "activation too early",
        ("the activation is applied already; linear_forward gives Z", "已经应用了激活函数;linear_forward 应给出 Z"),
        lambda x: _sigma(x["W"] @ x["A"] + x["b"]),
    ),
    # activations
    *_activation_slips("sigmoid", "A", "sigmoid", lambda x: x["Z"], lambda x: True),
    *_activation_slips("relu", "A", "relu", lambda x: x["Z"], lambda x: True),
    *_activation_slips(
        "linear_activation_forward",
        "A",
        "sigmoid",
        lambda x: x["W"] @ x["A"] + x["b"],
        lambda x: x["activation"] == "sigmoid",
    ),
    *_activation_slips(
        "linear_activation_forward",
        "A",
        "relu",
        lambda x: x["W"] @ x["A"] + x["b"],
        lambda x: x["activation"] == "relu",
    ),
    Slip(
        "linear_activation_forward",
        "A",
        "wrong activation",
        ("sigmoid and relu have changed places", "sigmoid 和 relu 的位置颠倒了"),
        lambda x: (_relu if x["activation"] == "sigmoid" else _sigma)(x["W"] @ x["A"] + x["b"]),
        r"sigmoid|relu",
    ),
    Slip(
        "softmax",
        "A",
        "softmax over the wrong axis",
        (
            "the sum runs over the examples: each column, one example, must sum to 1, axis=0",
            "求和沿着样本方向;每一列(一个样本)之和应为 1,axis=0",
        ),
        lambda x: _softmax(x["Z"], 1),
        r"axis|sum",
    ),
    Slip(
        "softmax",
        "A",
        "softmax over everything",
        (
            "the sum runs over all entries: each column must sum to 1, axis=0, keepdims=True",
            "对所有元素求和了;每一列之和应为 1,axis=0, keepdims=True",
        ),
        lambda x: _softmax(x["Z"], None),
        r"sum",
    ),
    Slip(
        "softmax",
        "A",
        "sigmoid for softmax",
        (
            "this is sigmoid, entry by entry; softmax divides exp(Z) by its sum over the classes",
            "这是逐元素的 sigmoid;softmax 要除以 exp(Z) 对各类的和",
        ),
        lambda x: _sigma(x["Z"]),
    ),
    # the network forward
    Slip(
        "L_model_forward",
        "AL",
        "output from A_prev",
        (
            "the output layer is given A_prev, left over from the loop, instead of A of layer L − 1",
            "输出层用的是循环里留下的 A_prev,应为第 L − 1 层的 A",
        ),
        lambda x: _forward(x, stale=True),
        r"A_prev.*sigmoid|||AL",
        _caches(0),
    ),
    Slip(
        "L_model_forward",
        "AL",
        "every layer reads X",
        (
            "every layer is given X: the loop must hand A of one layer to the next (A_prev = A)",
            "每一层读的都是 X:循环要把这一层的 A 交给下一层(A_prev = A)",
        ),
        lambda x: _forward(x, from_X="hidden"),
        r"A_prev\s*=|||linear_activation_forward",
    ),
    Slip(
        "L_model_forward",
        "AL",
        "every layer reads X",
        (
            "every layer is given X: the loop must hand A of one layer to the next (A_prev = A)",
            "每一层读的都是 X:循环要把这一层的 A 交给下一层(A_prev = A)",
        ),
        lambda x: _forward(x, from_X="all"),
        r"A_prev\s*=|||linear_activation_forward",
    ),
    Slip(
        "L_model_forward",
        "AL",
        "one layer short",
        (
            "the loop ends one layer early: hidden layers are l = 1 … L − 1, range(1, L)",
            "循环少了一层:隐藏层是 l = 1 … L − 1,即 range(1, L)",
        ),
        lambda x: _forward(x, skip=True),
        r"range|||\bfor\b",
        _caches(1),
    ),
    Slip(
        "L_model_forward",
        "AL",
        "no output layer",
        (
            "the output layer is missing: after the loop comes layer L with sigmoid",
            "缺少输出层:循环之后还有第 L 层(sigmoid)",
        ),
        _first_layers,
        r"return|range",
    ),
    Slip(
        "L_model_forward",
        "AL",
        "relu at the output",
        ("the output layer uses relu; the course's output is sigmoid", "输出层用了 relu;课程的输出层是 sigmoid"),
        lambda x: _forward(x, last=_relu),
        r"AL|relu",
    ),
    Slip(
        "L_model_forward",
        "AL",
        "sigmoid in hidden layers",
        ("the hidden layers use sigmoid; the course's are relu", "隐藏层用了 sigmoid;课程的隐藏层是 relu"),
        lambda x: _forward(x, hidden=_sigma),
        r"sigmoid",
    ),
    Slip(
        "L_model_forward",
        "AL",
        "no activation in hidden layers",
        (
            "the hidden layers have no activation: without it all layers are one linear one",
            "隐藏层没有激活函数:没有它,所有层合起来只是一个线性层",
        ),
        lambda x: _forward(x, hidden=lambda Z: Z),
        r"forward",
    ),
    Slip(
        "L_model_forward",
        "AL",
        "no sigmoid at the output",
        ("the output is Z[L]: sigmoid is missing", "输出是 Z[L]:缺少 sigmoid"),
        lambda x: _forward(x, last=lambda Z: Z),
        r"AL",
    ),
    Slip(
        "L_model_forward",
        "AL",
        "the same W in every layer",
        ("every layer uses W1 and b1: the index must be l", "每一层都用 W1 和 b1:下标应为 l"),
        lambda x: _forward(x, layer=lambda l: 1),
        r"W1|['\"]W",
    ),
    # the cost
    Slip("compute_cost", "J", "1/m forgotten", _NO_MEAN, _logs),
    Slip(
        "compute_cost",
        "J",
        "minus forgotten",
        (
            "the minus is missing: logarithms of probabilities are negative, a cost is not",
            "缺少负号:概率的对数为负,而代价不为负",
        ),
        lambda x: -_logs(x) / x["Y"].shape[1],
    ),
    Slip(
        "compute_cost",
        "J",
        "minus and 1/m forgotten",
        ("the minus and the 1/m are missing", "缺少负号和 1/m"),
        lambda x: -_logs(x),
    ),
    Slip(
        "compute_cost",
        "J",
        "half of it",
        ("the term (1 − Y) log(1 − A[L]) is missing", "缺少 (1 − Y) log(1 − A[L]) 这一项"),
        lambda x: _logs(x, left=0.0) / x["Y"].shape[1],
    ),
    Slip(
        "compute_cost",
        "J",
        "half of it",
        ("the term Y log A[L] is missing", "缺少 Y log A[L] 这一项"),
        lambda x: _logs(x, right=0.0) / x["Y"].shape[1],
    ),
    Slip(
        "compute_cost",
        "J",
        "sign between the terms",
        (
            "the second term is subtracted: both terms are added, with one minus before them",
            "第二项被减去了:两项相加,前面只有一个负号",
        ),
        lambda x: _logs(x, left=-1.0) / x["Y"].shape[1],
    ),
    Slip(
        "compute_cost",
        "J",
        "A and Y exchanged",
        ("A[L] and Y have changed places: it is Y log A[L]", "A[L] 和 Y 的位置颠倒了:应为 Y log A[L]"),
        lambda x: _logs({"AL": x["Y"].clip(1e-8, 1 - 1e-8), "Y": x["AL"]}) / x["Y"].shape[1],
    ),
    Slip(
        "compute_cost",
        "J",
        "another logarithm",
        ("the logarithm is not the natural one: np.log", "用的不是自然对数:应为 np.log"),
        lambda x: _logs(x, log=np.log2) / x["Y"].shape[1],
    ),
    Slip(
        "compute_cost",
        "J",
        "another logarithm",
        ("the logarithm is not the natural one: np.log", "用的不是自然对数:应为 np.log"),
        lambda x: _logs(x, log=np.log10) / x["Y"].shape[1],
    ),
    Slip(
        "compute_cost",
        "J",
        "squared error",
        (
            "this is the squared error; the partner of sigmoid is cross-entropy",
            "这是平方误差;与 sigmoid 搭配的是交叉熵",
        ),
        lambda x: np.mean((x["AL"] - x["Y"]) ** 2),
    ),
    Slip(
        "compute_cost",
        "J",
        "squared error",
        (
            "this is half the squared error; the partner of sigmoid is cross-entropy",
            "这是半平方误差;与 sigmoid 搭配的是交叉熵",
        ),
        lambda x: np.mean((x["AL"] - x["Y"]) ** 2) / 2,
    ),
    Slip(
        "compute_cost",
        "J",
        "1/m twice",
        ("it is divided by m twice", "除以了两次 m"),
        lambda x: _logs(x) / x["Y"].shape[1] ** 2,
    ),
    # one layer backward
    Slip("linear_backward", "dW", "1/m forgotten", _NO_MEAN, lambda x: x["dZ"] @ x["A"].T),
    Slip("linear_backward", "dW", "transpose forgotten", _TRANSPOSE_A, lambda x: x["dZ"] @ x["A"] / _m(x)),
    Slip(
        "linear_backward",
        "dW",
        "dW transposed",
        (
            "dW comes out transposed: dZ @ A_prev.T has the shape of W, (n[l], n[l-1])",
            "dW 被转置了:dZ @ A_prev.T 才有 W 的形状 (n[l], n[l-1])",
        ),
        lambda x: x["A"] @ x["dZ"].T / _m(x),
    ),
    Slip("linear_backward", "dW", "* for @", _STAR, lambda x: x["dZ"] * x["A"] / _m(x)),
    Slip("linear_backward", "dW", "* for @", _STAR, lambda x: x["dZ"] * x["A"].T / _m(x)),
    Slip(
        "linear_backward",
        "dW",
        "m of the wrong axis",
        (
            "m is taken from the rows of A_prev: examples are columns, m = A_prev.shape[1]",
            "m 取成了 A_prev 的行数:样本是列,m = A_prev.shape[1]",
        ),
        lambda x: x["dZ"] @ x["A"].T / x["A"].shape[0],
        r"\bm\s*=|shape",
    ),
    Slip(
        "linear_backward",
        "dW",
        "m of the wrong axis",
        (
            "m is taken from the rows of dZ: examples are columns, m = dZ.shape[1]",
            "m 取成了 dZ 的行数:样本是列,m = dZ.shape[1]",
        ),
        lambda x: x["dZ"] @ x["A"].T / x["dZ"].shape[0],
        r"\bm\s*=|shape",
    ),
    Slip(
        "linear_backward",
        "dW",
        "W for A_prev",
        ("dW is made of W: it is dZ times A_prev transposed", "dW 用了 W:应为 dZ 乘以 A_prev 的转置"),
        lambda x: x["dZ"] @ x["W"].T / _m(x),
    ),
    Slip(
        "linear_backward",
        "dW",
        "1/m twice",
        ("dW is divided by m twice", "dW 除以了两次 m"),
        lambda x: x["dZ"] @ x["A"].T / _m(x) ** 2,
    ),
    Slip("linear_backward", "db", "1/m forgotten", _NO_MEAN, lambda x: x["dZ"].sum(axis=1, keepdims=True)),
    Slip(
        "linear_backward",
        "db",
        "keepdims forgotten",
        (
            "keepdims=True is missing: db must stay a column, (n[l], 1), or b − α db spreads over a square",
            "缺少 keepdims=True:db 要保持列向量 (n[l], 1),否则 b − α db 会扩展成方阵",
        ),
        lambda x: x["dZ"].mean(axis=1),
    ),
    Slip(
        "linear_backward",
        "db",
        "keepdims and 1/m forgotten",
        ("keepdims=True and the 1/m are missing", "缺少 keepdims=True 和 1/m"),
        lambda x: x["dZ"].sum(axis=1),
    ),
    Slip(
        "linear_backward",
        "db",
        "not summed",
        (
            "db is not summed over the examples: b is added to every column, so the columns of dZ are added up",
            "db 没有对样本求和:b 加在每一列上,所以要把 dZ 的各列相加",
        ),
        lambda x: x["dZ"] / _m(x),
    ),
    Slip(
        "linear_backward",
        "db",
        "not summed",
        ("db is not summed over the examples, and 1/m is missing", "db 没有对样本求和,也缺少 1/m"),
        lambda x: x["dZ"],
    ),
    Slip(
        "linear_backward",
        "db",
        "summed over the wrong axis",
        (
            "db is summed over the units (axis=0); the sum runs over the examples, axis=1",
            "db 沿单元(axis=0)求和了;应沿样本求和,axis=1",
        ),
        lambda x: x["dZ"].sum(axis=0, keepdims=True) / _m(x),
    ),
    Slip(
        "linear_backward",
        "db",
        "summed over the wrong axis",
        (
            "db is summed over the units (axis=0), without keepdims; the sum runs over the examples, axis=1, keepdims=True",
            "db 沿单元(axis=0)求和,且没有 keepdims;应为 axis=1, keepdims=True",
        ),
        lambda x: x["dZ"].sum(axis=0) / _m(x),
    ),
    Slip(
        "linear_backward",
        "db",
        "summed over everything",
        ("db is summed over everything: axis=1, keepdims=True", "db 对所有元素求和了:应为 axis=1, keepdims=True"),
        lambda x: np.asarray(x["dZ"].sum() / _m(x)),
    ),
    Slip(
        "linear_backward",
        "db",
        "summed over everything",
        ("db is summed over everything: axis=1, keepdims=True", "db 对所有元素求和了:应为 axis=1, keepdims=True"),
        lambda x: x["dZ"].sum(keepdims=True) / _m(x),
    ),
    Slip(
        "linear_backward",
        "db",
        "m of the wrong axis",
        (
            "m is taken from the rows of A_prev: examples are columns, m = A_prev.shape[1]",
            "m 取成了 A_prev 的行数:样本是列,m = A_prev.shape[1]",
        ),
        lambda x: x["dZ"].sum(axis=1, keepdims=True) / x["A"].shape[0],
        r"\bm\s*=|shape",
    ),
    Slip(
        "linear_backward",
        "db",
        "m of the wrong axis",
        (
            "m is taken from the rows of dZ: examples are columns, m = dZ.shape[1]",
            "m 取成了 dZ 的行数:样本是列,m = dZ.shape[1]",
        ),
        lambda x: x["dZ"].sum(axis=1, keepdims=True) / x["dZ"].shape[0],
        r"\bm\s*=|shape",
    ),
    Slip(
        "linear_backward",
        "dA_prev",
        "transpose forgotten",
        ("W must be transposed: W.T (n[l-1], n[l]) times dZ", "W 要转置:W.T (n[l-1], n[l]) 乘以 dZ"),
        lambda x: x["W"] @ x["dZ"],
    ),
    Slip(
        "linear_backward",
        "dA_prev",
        "order of the product",
        ("the order is dZ @ W; the equation has W.T @ dZ", "顺序是 dZ @ W;公式是 W.T @ dZ"),
        lambda x: x["dZ"] @ x["W"],
    ),
    Slip(
        "linear_backward",
        "dA_prev",
        "dA transposed",
        (
            "dA_prev comes out transposed: W.T @ dZ has the shape of A_prev",
            "dA_prev 被转置了:W.T @ dZ 才有 A_prev 的形状",
        ),
        lambda x: x["dZ"].T @ x["W"],
    ),
    Slip("linear_backward", "dA_prev", "* for @", _STAR, lambda x: x["W"].T * x["dZ"]),
    Slip("linear_backward", "dA_prev", "* for @", _STAR, lambda x: x["W"] * x["dZ"]),
    Slip(
        "linear_backward",
        "dA_prev",
        "1/m too many",
        ("dA_prev has no 1/m: it belongs to each example's own loss", "dA_prev 没有 1/m:它属于每个样本自己的损失"),
        lambda x: x["W"].T @ x["dZ"] / _m(x),
    ),
    Slip(
        "linear_backward",
        "dA_prev",
        "dA[l] passed through",
        ("dA_prev is dZ itself: it must go through W.T", "dA_prev 就是 dZ:它要经过 W.T"),
        lambda x: x["dZ"],
    ),
    # g′
    *_slope_slips("sigmoid_backward", "dZ", "sigmoid", lambda x, wrong: wrong(x["dA"], x["Z"])),
    *_slope_slips("relu_backward", "dZ", "relu", lambda x, wrong: wrong(x["dA"], x["Z"])),
    Slip(
        "linear_activation_backward",
        "dW",
        "g′ forgotten",
        _NO_SLOPE,
        lambda x: _dW(x, lambda dA, Z: dA, x["activation"]),
        r"dZ\s*=",
    ),
    Slip(
        "linear_activation_backward",
        "dW",
        "g for g′",
        _G_FOR_SLOPE,
        lambda x: _dW(x, lambda dA, Z: dA * (_sigma if x["activation"] == "sigmoid" else _relu)(Z), x["activation"]),
        r"dZ\s*=",
    ),
    Slip(
        "linear_activation_backward",
        "dW",
        "wrong activation",
        ("sigmoid's and relu's derivatives have changed places", "sigmoid 和 relu 的导数位置颠倒了"),
        lambda x: _dW(
            x, lambda dA, Z: dA * (Z > 0) if x["activation"] == "sigmoid" else dA * _slope(Z), x["activation"]
        ),
        r"dZ\s*=",
    ),
    *_slope_slips("linear_activation_backward", "dW", "sigmoid", lambda x, wrong: _dW(x, wrong, "sigmoid")),
    *_slope_slips("linear_activation_backward", "dW", "relu", lambda x, wrong: _dW(x, wrong, "relu")),
    # the network backward
    Slip(
        "L_model_backward",
        "grads",
        "dA[L] is not A − Y",
        (
            "dAL is A[L] − Y: that is dZ[L] already, and the g′ of the output is multiplied once more",
            "dAL 写成了 A[L] − Y:那已经是 dZ[L],输出层的 g′ 又被乘了一次",
        ),
        lambda x: _backward(x, start=lambda A, Y: A - Y),
        r"dAL|AL\s*-|-\s*Y",
    ),
    Slip(
        "L_model_backward",
        "grads",
        "sign of dAL",
        (
            "the sign of dAL is wrong: dAL = −(Y / A[L] − (1 − Y) / (1 − A[L]))",
            "dAL 的符号错了:dAL = −(Y / A[L] − (1 − Y) / (1 − A[L]))",
        ),
        lambda x: _backward(x, start=lambda A, Y: Y / A - (1 - Y) / (1 - A)),
        r"dAL\s*=|divide",
    ),
    Slip(
        "L_model_backward",
        "grads",
        "sign within dAL",
        (
            "the second term of dAL has the wrong sign: −(Y / A[L] − (1 − Y) / (1 − A[L]))",
            "dAL 第二项的符号错了:−(Y / A[L] − (1 − Y) / (1 − A[L]))",
        ),
        lambda x: _backward(x, start=lambda A, Y: -(Y / A + (1 - Y) / (1 - A))),
        r"dAL\s*=|divide",
    ),
    Slip(
        "L_model_backward",
        "grads",
        "half of dAL",
        ("dAL lacks its second term, (1 − Y) / (1 − A[L])", "dAL 缺少第二项 (1 − Y) / (1 − A[L])"),
        lambda x: _backward(x, start=lambda A, Y: -Y / A),
        r"dAL\s*=|divide",
    ),
    Slip(
        "L_model_backward",
        "grads",
        "1/m twice",
        ("dAL is divided by m, and linear_backward divides once more", "dAL 除以了 m,而 linear_backward 又除了一次"),
        lambda x: _backward(x, start=lambda A, Y: -(Y / A - (1 - Y) / (1 - A)) / A.shape[1]),
        r"dAL\s*=|divide|/\s*m",
    ),
    Slip(
        "L_model_backward",
        "grads",
        "wrong dA",
        (
            "every hidden layer is given the same dA: layer l needs dA[l], which layer l + 1 has just made",
            "每个隐藏层用的都是同一个 dA:第 l 层需要第 l + 1 层刚算出的 dA[l]",
        ),
        lambda x: _backward(x, stay=True),
        r"linear_activation_backward\(.*relu|||reversed|||dA",
    ),
    Slip(
        "L_model_backward",
        "grads",
        "stale cache",
        (
            "a hidden layer is given the cache of the layer above: layer l needs caches[l − 1]",
            "隐藏层用了上一层(l + 1)的缓存:第 l 层需要 caches[l − 1]",
        ),
        lambda x: _backward(x, cache=lambda l, L: l if l == L else l + 1),
        r"caches\[(?!L)|||caches\[",
    ),
    Slip(
        "L_model_backward",
        "grads",
        "stale cache",
        (
            "the caches are taken in the wrong order: the last layer's is the last one",
            "缓存的顺序反了:最后一层的缓存在最后",
        ),
        lambda x: _backward(x, cache=lambda l, L: L + 1 - l),
        r"caches\[(?!L)|||caches\[",
    ),
    Slip(
        "L_model_backward",
        "grads",
        "stale cache",
        (
            "every layer is given the cache of the last one: layer l needs caches[l − 1]",
            "每一层用的都是最后一层的缓存:第 l 层需要 caches[l − 1]",
        ),
        lambda x: _backward(x, cache=lambda l, L: L),
        r"caches\[(?!L)|||caches\[|||current_cache",
    ),
    Slip(
        "L_model_backward",
        "grads",
        "stale cache",
        (
            "every hidden layer is given the cache of layer 1: layer l needs caches[l − 1]",
            "每个隐藏层用的都是第 1 层的缓存:第 l 层需要 caches[l − 1]",
        ),
        lambda x: _backward(x, cache=lambda l, L: l if l == L else 1),
        r"caches\[(?!L)|||caches\[",
    ),
    Slip(
        "L_model_backward",
        "grads",
        "sigmoid in hidden layers",
        ("the hidden layers go back through sigmoid; forward they were relu", "隐藏层反向用了 sigmoid;前向用的是 relu"),
        lambda x: _backward(x, hidden=_slope),
        r"sigmoid",
    ),
    Slip(
        "L_model_backward",
        "grads",
        "relu at the output",
        ("the output layer goes back through relu; forward it was sigmoid", "输出层反向用了 relu;前向用的是 sigmoid"),
        lambda x: _backward(x, last=lambda Z: np.sign(_relu(Z))),
        r"relu",
    ),
    # the update
    Slip(
        "update_parameters",
        "parameters",
        "plus for minus",
        ("the step goes uphill: W − α dW, not plus", "走的是上坡:应为 W − α dW,而不是加"),
        lambda x: _update(x, lambda t, d, a: t + a * d),
        r"\+",
    ),
    Slip(
        "update_parameters",
        "parameters",
        "plus for minus",
        ("the step of W goes uphill: W − α dW, not plus", "W 走的是上坡:应为 W − α dW,而不是加"),
        lambda x: {
            k: v - (-1 if k[0] == "W" else 1) * x["learning_rate"] * x["grads"][f"d{k}"]
            for k, v in x["parameters"].items()
        },
        r"W.*\+(?!.*\+ 1)|||\+",
    ),
    Slip(
        "update_parameters",
        "parameters",
        "plus for minus",
        ("the step of b goes uphill: b − α db, not plus", "b 走的是上坡:应为 b − α db,而不是加"),
        lambda x: {
            k: v - (-1 if k[0] == "b" else 1) * x["learning_rate"] * x["grads"][f"d{k}"]
            for k, v in x["parameters"].items()
        },
        r"b.*\+(?!.*\+ 1)|||\+",
    ),
    Slip(
        "update_parameters",
        "parameters",
        "α forgotten",
        ("the learning rate is missing: W − α dW", "缺少学习率:W − α dW"),
        lambda x: _update(x, lambda t, d, a: t - d),
    ),
    Slip(
        "update_parameters",
        "parameters",
        "divided by α",
        ("the gradient is divided by the learning rate: W − α dW", "梯度除以了学习率:应为 W − α dW"),
        lambda x: _update(x, lambda t, d, a: t - d / a),
    ),
    Slip(
        "update_parameters",
        "parameters",
        "the gradient alone",
        ("the old parameter is missing: W − α dW", "缺少原来的参数:W − α dW"),
        lambda x: _update(x, lambda t, d, a: -a * d),
    ),
    Slip(
        "update_parameters",
        "parameters",
        "only the first layers",
        ("the last layer is not updated: l = 1 … L, range(1, L + 1)", "最后一层没有更新:l = 1 … L,即 range(1, L + 1)"),
        lambda x: _without(x, lambda key, L: key[1:] == str(L)),
        r"range",
    ),
    Slip(
        "update_parameters",
        "parameters",
        "not the first layer",
        ("layer 1 is not updated: l = 1 … L, range(1, L + 1)", "第 1 层没有更新:l = 1 … L,即 range(1, L + 1)"),
        lambda x: _without(x, lambda key, L: key[1:] == "1"),
        r"range",
    ),
    Slip(
        "update_parameters",
        "parameters",
        "b not updated",
        ("b is not updated: b − α db, as W", "b 没有更新:b − α db,与 W 一样"),
        lambda x: _without(x, lambda key, L: key[0] == "b"),
        r"W",
    ),
    Slip(
        "update_parameters",
        "parameters",
        "W not updated",
        ("W is not updated: W − α dW, as b", "W 没有更新:W − α dW,与 b 一样"),
        lambda x: _without(x, lambda key, L: key[0] == "W"),
        r"b",
    ),
    Slip(
        "update_parameters",
        "parameters",
        "nothing updated",
        ("the old parameters come back: nothing is updated", "返回的是旧参数:什么都没有更新"),
        lambda x: dict(x["parameters"]),
        r"return",
    ),
)


def slips_of(function: str, quantity: str) -> list[Slip]:
    """The slips of one quantity of one function, in the order in which they are looked for."""
    return [slip for slip in SLIPS if slip.function == function and slip.quantity == quantity]

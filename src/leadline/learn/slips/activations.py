"""Slips of g and g′: in functions of their own, and inside a layer's."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from leadline.learn.slips.slip import Array, Inputs, Slip, relu, sigma, slope

__all__ = ["ACTIVATION_SLIPS"]

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


def _softmax(Z: Array, axis: int | None) -> Array:
    E: Array = np.exp(Z - Z.max(axis=axis, keepdims=True))
    return np.asarray(E / E.sum(axis=axis, keepdims=True), dtype=np.float64)


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
                slope,
            ),
            slip(
                "wrong activation",
                ("this is relu where sigmoid was asked for", "这里要的是 sigmoid,得到的是 relu"),
                relu,
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
            "wrong activation", ("this is sigmoid where relu was asked for", "这里要的是 relu,得到的是 sigmoid"), sigma
        ),
        *(
            slip(
                "np.max for np.maximum",
                (
                    "np.max gives the largest entry of one array; np.maximum(0, Z) compares entry by entry",
                    "np.max 给出一个数组里最大的元素;逐元素比较要用 np.maximum(0, Z)",
                ),
                largest,
                r"max\(",
            )
            for largest in (lambda z: z.max(axis=0), lambda z: z.max(), lambda z: max(0.0, z.max()))
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
            slip("g for g′", _G_FOR_SLOPE, lambda dA, Z: dA * sigma(Z)),
            slip("g′(A) for g′(Z)", _G_AT_A, lambda dA, Z: dA * slope(sigma(Z))),
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
                lambda dA, Z: dA * (1 - sigma(Z)),
            ),
            slip(
                "wrong g′",
                ("this is s (1 + s): σ′(Z) = σ(Z) (1 − σ(Z))", "这是 s (1 + s):σ′(Z) = σ(Z) (1 − σ(Z))"),
                lambda dA, Z: dA * sigma(Z) * (1 + sigma(Z)),
            ),
            slip(
                "wrong activation",
                (
                    "this is relu's derivative where sigmoid's was asked for",
                    "这里要的是 sigmoid 的导数,得到的是 relu 的",
                ),
                lambda dA, Z: dA * (Z > 0),
            ),
            slip("dA forgotten", _NO_DA, lambda dA, Z: slope(Z)),
            slip("@ for *", _MATRIX, lambda dA, Z: dA @ slope(Z)),
        ]
    else:
        found += [
            slip("g for g′", _G_FOR_SLOPE, lambda dA, Z: dA * relu(Z)),
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
                lambda dA, Z: dA * slope(Z),
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


ACTIVATION_SLIPS: Sequence[Slip] = (
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
        lambda x: (relu if x["activation"] == "sigmoid" else sigma)(x["W"] @ x["A"] + x["b"]),
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
        lambda x: sigma(x["Z"]),
    ),
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
        lambda x: _dW(x, lambda dA, Z: dA * (sigma if x["activation"] == "sigmoid" else relu)(Z), x["activation"]),
        r"dZ\s*=",
    ),
    Slip(
        "linear_activation_backward",
        "dW",
        "wrong activation",
        ("sigmoid's and relu's derivatives have changed places", "sigmoid 和 relu 的导数位置颠倒了"),
        lambda x: _dW(
            x, lambda dA, Z: dA * (Z > 0) if x["activation"] == "sigmoid" else dA * slope(Z), x["activation"]
        ),
        r"dZ\s*=",
    ),
    *_slope_slips("linear_activation_backward", "dW", "sigmoid", lambda x, wrong: _dW(x, wrong, "sigmoid")),
    *_slope_slips("linear_activation_backward", "dW", "relu", lambda x, wrong: _dW(x, wrong, "relu")),
)

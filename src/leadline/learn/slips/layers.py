"""Slips of one layer: linear_forward and linear_backward."""

from collections.abc import Sequence

import numpy as np

from leadline.learn.slips.slip import NO_MEAN, STAR, Inputs, Slip, relu, sigma

__all__ = ["LAYER_SLIPS"]


def _m(x: Inputs) -> int:
    return int(x["dZ"].shape[1])


_TRANSPOSE_A = (
    "A_prev must be transposed: dZ (n[l], m) times A_prev.T (m, n[l-1])",
    "A_prev 要转置:dZ (n[l], m) 乘以 A_prev.T (m, n[l-1])",
)


LAYER_SLIPS: Sequence[Slip] = (
    # forward
    Slip("linear_forward", "Z", "* for @", STAR, lambda x: x["W"] * x["A"] + x["b"]),
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
        lambda x: relu(x["W"] @ x["A"] + x["b"]),
    ),
    Slip(
        "linear_forward",
        "Z",
        "activation too early",
        ("the activation is applied already; linear_forward gives Z", "已经应用了激活函数;linear_forward 应给出 Z"),
        lambda x: sigma(x["W"] @ x["A"] + x["b"]),
    ),
    # backward
    Slip("linear_backward", "dW", "1/m forgotten", NO_MEAN, lambda x: x["dZ"] @ x["A"].T),
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
    Slip("linear_backward", "dW", "* for @", STAR, lambda x: x["dZ"] * x["A"] / _m(x)),
    Slip("linear_backward", "dW", "* for @", STAR, lambda x: x["dZ"] * x["A"].T / _m(x)),
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
    Slip("linear_backward", "db", "1/m forgotten", NO_MEAN, lambda x: x["dZ"].sum(axis=1, keepdims=True)),
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
    Slip("linear_backward", "dA_prev", "* for @", STAR, lambda x: x["W"].T * x["dZ"]),
    Slip("linear_backward", "dA_prev", "* for @", STAR, lambda x: x["W"] * x["dZ"]),
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
)

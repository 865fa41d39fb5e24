"""Slips of what is learned by: compute_cost and update_parameters."""

from collections.abc import Callable, Sequence

import numpy as np

from leadline.learn.slips.slip import NO_MEAN, OF_ROWS, Array, Inputs, Slip

__all__ = ["LEARNING_SLIPS"]


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


LEARNING_SLIPS: Sequence[Slip] = (
    # the cost
    *(
        Slip("compute_cost", "J", "m of the wrong axis", words, wrong, r"\bm\s*=|||shape|||len", OF_ROWS)
        for words, wrong in (
            (
                (
                    "m is the number of rows, 1: the examples are the columns, m = Y.shape[1]",
                    "m 取成了行数 1:样本是列,m = Y.shape[1]",
                ),
                _logs,
            ),
            (
                (
                    "m is the number of rows, 1, and the minus is missing: m = Y.shape[1]",
                    "m 取成了行数 1,而且缺少负号:m = Y.shape[1]",
                ),
                lambda x: -_logs(x),
            ),
        )
    ),
    Slip("compute_cost", "J", "1/m forgotten", NO_MEAN, _logs),
    Slip(
        "compute_cost",
        "J",
        "brackets forgotten",
        (
            "the −1/m multiplies the first term only: put brackets around the sum of both",
            "−1/m 只乘了第一项:要用括号把两项之和括起来",
        ),
        lambda x: _logs(x, left=-x["Y"].shape[1]) / x["Y"].shape[1],
    ),
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

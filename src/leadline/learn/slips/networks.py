"""Slips of a network: L_model_forward and L_model_backward."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from leadline.learn.slips.slip import NO_MEAN, OF_ROWS, Array, Inputs, Slip, relu, sigma, slope

__all__ = ["NETWORK_SLIPS"]


def _forward(
    x: Inputs,
    hidden: Callable[[Array], Array] = relu,
    last: Callable[[Array], Array] = sigma,
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
        A = relu(P[f"W{l}"] @ A + P[f"b{l}"])
    return A


def _backward(
    x: Inputs,
    start: Callable[[Array, Array], Array] = lambda A, Y: -(Y / A - (1 - Y) / (1 - A)),
    hidden: Callable[[Array], Array] = lambda Z: np.sign(relu(Z)),
    last: Callable[[Array], Array] = slope,
    cache: Callable[[int, int], int] = lambda l, L: l,
    stay: bool = False,
    of_W: Callable[[Array, Array], Array] = lambda dZ, A_prev: dZ @ A_prev.T / dZ.shape[1],
    of_b: Callable[[Array, Array], Array] = lambda dZ, A_prev: dZ.mean(axis=1, keepdims=True),
) -> dict[str, Array]:
    """L_model_backward with something amiss, from the course's caches."""
    caches, grads = x["course_caches"], {}
    L = len(caches)
    dA = start(x["AL"], x["Y"])
    first = None
    for l in range(L, 0, -1):
        (A_prev, W, _), Z = caches[cache(l, L) - 1]
        dZ = dA * (last if l == L else hidden)(Z)
        grads[f"dW{l}"], grads[f"db{l}"] = of_W(dZ, A_prev), of_b(dZ, A_prev)
        before = W.T @ dZ
        first = before if first is None else first
        dA = first if stay else before
    return grads


def _divided(m: Callable[[Array, Array, Array], int]) -> Callable[[Inputs], dict[str, Array]]:
    """L_model_backward written in one piece, with another m."""
    return lambda x: _backward(
        x,
        of_W=lambda dZ, A_prev: dZ @ A_prev.T / m(dZ, A_prev, x["Y"]),
        of_b=lambda dZ, A_prev: dZ.sum(axis=1, keepdims=True) / m(dZ, A_prev, x["Y"]),
    )


def _of_one_piece() -> list[Slip]:
    """Slips of a layer, where L_model_backward does a layer's work itself."""

    def slip(
        key: str,
        words: tuple[str, str],
        wrong: Callable[[Inputs], dict[str, Array]],
        look: str = r"dW",
        written: str = "",
    ) -> Slip:
        return Slip("L_model_backward", "grads", key, words, wrong, look, written)

    rows = r"\bm\s*=|||shape|||len"
    return [
        slip(
            "m of the wrong axis",
            (
                "m is taken from the rows of Y: examples are columns, m = Y.shape[1]",
                "m 取成了 Y 的行数:样本是列,m = Y.shape[1]",
            ),
            _divided(lambda dZ, A_prev, Y: Y.shape[0]),
            rows,
            OF_ROWS,
        ),
        slip(
            "m of the wrong axis",
            (
                "m is taken from the rows of A_prev: examples are columns, m = A_prev.shape[1]",
                "m 取成了 A_prev 的行数:样本是列,m = A_prev.shape[1]",
            ),
            _divided(lambda dZ, A_prev, Y: A_prev.shape[0]),
            rows,
        ),
        slip(
            "m of the wrong axis",
            (
                "m is taken from the rows of dZ: examples are columns, m = dZ.shape[1]",
                "m 取成了 dZ 的行数:样本是列,m = dZ.shape[1]",
            ),
            _divided(lambda dZ, A_prev, Y: dZ.shape[0]),
            rows,
        ),
        slip("1/m forgotten", NO_MEAN, _divided(lambda dZ, A_prev, Y: 1)),
        slip(
            "1/m forgotten",
            ("the 1/m of dW is missing: divide by m, the number of examples", "dW 缺少 1/m:要除以样本数 m"),
            lambda x: _backward(x, of_W=lambda dZ, A_prev: dZ @ A_prev.T),
        ),
        slip(
            "1/m forgotten",
            ("the 1/m of db is missing: divide by m, the number of examples", "db 缺少 1/m:要除以样本数 m"),
            lambda x: _backward(x, of_b=lambda dZ, A_prev: dZ.sum(axis=1, keepdims=True)),
            r"db",
        ),
        slip(
            "keepdims forgotten",
            (
                "keepdims=True is missing: db must stay a column, (n[l], 1)",
                "缺少 keepdims=True:db 要保持列向量 (n[l], 1)",
            ),
            lambda x: _backward(x, of_b=lambda dZ, A_prev: dZ.mean(axis=1)),
            r"db",
        ),
    ]


NETWORK_SLIPS: Sequence[Slip] = (
    # forward
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
        short=0,
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
        short=1,
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
        lambda x: _forward(x, last=relu),
        r"AL|relu",
    ),
    Slip(
        "L_model_forward",
        "AL",
        "sigmoid in hidden layers",
        ("the hidden layers use sigmoid; the course's are relu", "隐藏层用了 sigmoid;课程的隐藏层是 relu"),
        lambda x: _forward(x, hidden=sigma),
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
    # backward
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
        lambda x: _backward(x, hidden=slope),
        r"sigmoid",
    ),
    Slip(
        "L_model_backward",
        "grads",
        "relu at the output",
        ("the output layer goes back through relu; forward it was sigmoid", "输出层反向用了 relu;前向用的是 sigmoid"),
        lambda x: _backward(x, last=lambda Z: np.sign(relu(Z))),
        r"relu",
    ),
    # backward in one piece
    *_of_one_piece(),
)

"""The checks of those exercises that ask for no function of the course."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.learn import course
from leadline.learn.checking import Checker
from leadline.learn.finding import Finding, Words
from leadline.learn.raised import words_of_error
from leadline.network import Architecture, bit_patterns, forward, parity, triangle_wave

__all__ = ["Check", "check_counting", "check_depth", "check_hyperparameters", "check_shapes", "check_training"]

Array = NDArray[np.float64]
Check = Callable[[dict[str, Any], Checker], list[Finding]]

RATE, ITERATIONS = 0.5, 30


def _wrong(
    checker: Checker,
    name: str,
    words: Words,
    got: Any,
    expected: Any,
    case: str = "",
    equation: str = "",
    look: str = r"\breturn\b",
) -> Finding:
    line, source = checker.text.line(name, look)
    return Finding(
        name, name, "wrong", "", words, line, source, name, equation, "", case, name, str(got), str(expected)
    )


def _call(checker: Checker, namespace: dict[str, Any], name: str, *arguments: Any) -> tuple[Any, Finding | None]:
    """What a function of the exercise gives, or the finding that it gives nothing."""
    if not callable(namespace.get(name)):
        return None, Finding(name, name, "empty", words=(f"there is no {name}", f"没有 {name}"))
    try:
        with np.errstate(all="ignore"):
            got = namespace[name](*arguments)
    except NotImplementedError:
        return None, Finding(name, name, "empty", words=("not written yet", "还没有写"))
    except Exception as error:
        line = checker.line_of(error, name)
        source = checker.text.at(line)
        slip, words = words_of_error(error, source)
        return None, Finding(name, name, "raises", slip, words, line, source)
    if got is None:
        words = (
            "it returns nothing: return gives the result, print only shows it",
            "没有返回值:return 才给出结果,print 只是显示",
        )
        return None, _wrong(checker, name, words, "", "")
    return got, None


def check_counting(namespace: dict[str, Any], checker: Checker) -> list[Finding]:
    """Exercise "counting"."""
    found = []
    for name, right, words in (
        (
            "count_layers",
            lambda sizes: len(sizes) - 1,
            ("L counts the hidden layers and the output layer, not the input", "L 数隐藏层和输出层,不数输入层"),
        ),
        (
            "hidden_units",
            lambda sizes: list(sizes[1:-1]),
            ("n[1] … n[L-1]: neither the features nor the output", "n[1] … n[L-1]:不含特征,也不含输出"),
        ),
    ):
        made: Finding | None = None
        for sizes in ([3, 5, 5, 3, 1], [7, 1], [2, 4, 1]):
            got, made = _call(checker, namespace, name, list(sizes))
            expected = right(sizes)
            same = list(got) == expected if isinstance(got, list | tuple) else got == expected
            if made is None and not same:
                made = _wrong(checker, name, words, got, expected, f"sizes = {sizes}")
            if made is not None:
                break
        found.append(made or Finding(name, name, "right"))
    return found


def check_shapes(namespace: dict[str, Any], checker: Checker) -> list[Finding]:
    """Exercise "shapes"."""
    for sizes, l, m in (([3, 5, 5, 3, 1], 1, 7), ([3, 5, 5, 3, 1], 4, 7), ([6, 2, 4], 2, 1)):
        got, made = _call(checker, namespace, "shapes", list(sizes), l, m)
        if made is not None:
            if "not subscriptable" in made.words[0]:
                made.words = (
                    "n is one number already, n[l], and n_before is n[l-1]: write n and n_before, without brackets",
                    "n 已经是一个数 n[l],n_before 是 n[l-1]:直接写 n 和 n_before,不加方括号",
                )
            return [made]
        laws = Architecture(tuple(sizes)).shapes(m)
        for name, (symbols, numbers) in laws[l - 1].shapes.items():
            own = got.get(name) if isinstance(got, dict) else None
            own = tuple(own) if isinstance(own, tuple | list) else own
            if own == tuple(numbers):
                continue
            right = tuple(numbers)
            first = tuple(laws[0].shapes[name][1])
            words = (f"{name}[{l}]: {symbols} = {right}", f"{name}[{l}]:{symbols} = {right}")
            if own is None:
                words = (f"{name} is not filled in: {symbols}", f"{name} 还没有填:{symbols}")
            elif not isinstance(own, tuple):
                words = (
                    f"a shape is a tuple of two numbers, such as (n, m): {name}[{l}] is {symbols}",
                    f"形状是两个数的元组,例如 (n, m):{name}[{l}] 是 {symbols}",
                )
            elif own == right[::-1]:
                words = (
                    f"{name} is turned round, rows come first: {name}[{l}] is {symbols}",
                    f"{name} 颠倒了,行数在前:{name}[{l}] 是 {symbols}",
                )
            elif l > 1 and own == first:
                words = (
                    f"this is the shape of {name}[1]; the layer asked for is l = {l}, and {name}[{l}] is {symbols}: "
                    f"with l in the brackets, sizes[l] and sizes[l - 1]",
                    f"这是 {name}[1] 的形状;这里问的是第 l = {l} 层,{name}[{l}] 是 {symbols}:"
                    f"方括号里用 l,即 sizes[l] 和 sizes[l - 1]",
                )
            elif name[0] == "d" and right == tuple(got.get(name[1:]) or ()):
                words = (
                    f"{name} is a gradient and has the shape of its quantity {name[1:]}: {symbols}",
                    f"{name} 是梯度,形状与它的量 {name[1:]} 相同:{symbols}",
                )
            case, law = f"sizes = {sizes}, l = {l}, m = {m}", f"{name}[l]: {_in_general(symbols, l)}"
            return [_wrong(checker, "shapes", words, own, right, case, law, rf"['\"]{name}['\"]|||return")]
    return [Finding("shapes", "shapes", "right")]


def _in_general(symbols: str, l: int) -> str:
    """A law of layer l as one of every layer."""
    return symbols.replace(f"[{l}]", "[l]").replace(f"[{l - 1}]", "[l-1]")


# Ways to go wrong in training: what the costs are then.
def _trainings(X: Array, Y: Array, start: Mapping[str, Array]) -> Iterator[tuple[Words, list[float]]]:
    right = _costs(X, Y, start, ITERATIONS + 1)
    yield (
        (
            "the costs stay the same, so what update_parameters returns is discarded: parameters = update_parameters(…)",
            "代价始终不变:update_parameters 的返回值被丢掉了,应写 parameters = update_parameters(…)",
        ),
        [right[0]] * ITERATIONS,
    )
    yield (
        (
            "each cost is that after its update; it belongs before, from the A[L] of this iteration's forward pass",
            "记下的是更新之后的代价;应在更新之前,用这次前向得到的 A[L] 计算",
        ),
        right[1:],
    )
    yield (
        (
            "the step goes uphill: the learning rate has come to update_parameters with a minus",
            "走的是上坡:传给 update_parameters 的学习率带了负号",
        ),
        _costs(X, Y, start, ITERATIONS, rate=-RATE),
    )
    yield (
        (
            "the gradients of the first iteration are used in all: forward and backward belong into the loop",
            "每次迭代用的都是第一次的梯度:前向和反向要放在循环里面",
        ),
        _costs(X, Y, start, ITERATIONS, stale=True),
    )
    for rate in (1.0, 0.1, 0.01, 0.001, 0.0075):
        yield (
            (
                f"the learning rate is {rate:g} whatever is asked for: hand learning_rate to update_parameters",
                f"不管要求多少,学习率总是 {rate:g}:应把 learning_rate 传给 update_parameters",
            ),
            _costs(X, Y, start, ITERATIONS, rate=rate),
        )


def _costs(
    X: Array, Y: Array, parameters: Mapping[str, Array], iterations: int, rate: float = RATE, stale: bool = False
) -> list[float]:
    """The cost before each update."""
    costs, grads = [], None
    for _ in range(iterations):
        AL, caches = course.L_model_forward(X, parameters)
        costs.append(course.compute_cost(AL, Y))
        grads = grads if stale and grads is not None else course.L_model_backward(AL, Y, caches)
        parameters = course.update_parameters(parameters, grads, rate)
    return costs


def check_training(namespace: dict[str, Any], checker: Checker) -> list[Finding]:
    """Exercise "training"."""
    generator = np.random.default_rng(0)
    X = generator.uniform(-1, 1, (2, 40))
    Y = (X[:1] * X[1:] > 0).astype(float)
    start = course.initialize_parameters_deep([2, 5, 1], seed=1)
    given = {key: value.copy() for key, value in start.items()}
    got, made = _call(checker, namespace, "train", X, Y, given, RATE, ITERATIONS)
    if made is not None:
        return [made]
    case = f"learning_rate = {RATE:g}, iterations = {ITERATIONS}"
    if not isinstance(got, tuple) or len(got) != 2 or not isinstance(got[0], Mapping) or np.ndim(got[1]) < 1:
        kind = ", ".join(type(own).__name__ for own in got) if isinstance(got, tuple) else type(got).__name__
        words = ("it returns the parameters and the list of costs", "应返回参数和代价列表")
        return [_wrong(checker, "train", words, kind, "parameters, costs", case)]
    own_parameters, own_costs = got[0], [float(np.squeeze(own)) for own in got[1]]
    if len(own_costs) != ITERATIONS:
        words = ("one cost for each iteration", "每次迭代一个代价")
        finding = _wrong(checker, "train", words, len(own_costs), ITERATIONS, case)
        finding.index = "len(costs)"
        return [finding]
    right = _costs(X, Y, start, ITERATIONS)
    agree = np.isclose(own_costs, right, 1e-6)
    if not agree.all():
        t = int(np.argmin(agree))
        words = (
            f"the cost of iteration {t} is another: forward, cost, backward, update, in this order",
            f"第 {t} 次迭代的代价不同:顺序是前向、代价、反向、更新",
        )
        known = (own for own, costs in _trainings(X, Y, start) if np.allclose(own_costs, costs, 1e-6, equal_nan=True))
        with np.errstate(all="ignore"):  # uphill they end as nan
            words = next(known, words)
        line = r"update_parameters\(|||append|||return"
        finding = _wrong(checker, "train", words, f"{own_costs[t]:.6g}", f"{right[t]:.6g}", case, look=line)
        finding.index = f"costs[{t}]"
        return [finding]
    last: Mapping[str, Array] = start
    for _ in range(ITERATIONS):
        AL, caches = course.L_model_forward(X, last)
        last = course.update_parameters(last, course.L_model_backward(AL, Y, caches), RATE)
    for key, value in last.items():
        if not np.allclose(own_parameters.get(key, np.nan), value):
            words = (
                "the costs are right, the parameters that come back are not the last ones",
                "代价是对的,但返回的不是最后的参数",
            )
            own = np.asarray(own_parameters.get(key, np.nan)).ravel()[0]
            finding = _wrong(checker, "train", words, f"{own:.6g}", f"{value.flat[0]:.6g}", case)
            finding.index = f"{key}[0,0]"
            return [finding]
    return [Finding("train", "train", "right")]


def check_hyperparameters(namespace: dict[str, Any], checker: Checker) -> list[Finding]:
    """Exercise "hyperparameters"."""
    scores = {3.0: math.nan, 0.001: 0.69, 0.03: 0.41, 0.1: 0.22, 0.5: 0.25, 30.0: math.inf}
    calls: list[float] = []

    def evaluate(rate: float) -> float:
        calls.append(rate)
        return scores[rate]

    name, case = (
        "choose_learning_rate",
        "evaluate: " + ", ".join(f"{rate:g} → {cost:g}" for rate, cost in scores.items()),
    )
    got, made = _call(checker, namespace, name, evaluate, list(scores))
    if made is not None:
        return [made]
    if got != 0.1:
        words = (
            "the rate with the smallest cost on other data; one whose cost is nan or inf must not win",
            "取在其他数据上代价最小的学习率;得到 nan 或 inf 的不算",
        )
        if got == scores[0.1]:
            words = ("this is the cost; the rate that has it is asked for", "这是代价;要返回的是得到它的学习率")
        return [_wrong(checker, name, words, got, 0.1, case)]
    if sorted(calls) != sorted(scores):
        words = (
            "evaluate every rate once: each call is a training",
            "每个学习率只评估一次:每次调用都是一次训练",
        )
        return [_wrong(checker, name, words, f"{len(calls)} calls", f"{len(scores)} calls", case, look="evaluate")]
    return [Finding(name, name, "right")]


def _as_parameters(got: Any) -> Any:
    return [(np.asarray(W, dtype=float), np.asarray(b, dtype=float)) for W, b in got]


def _check_network(
    name: str,
    X: Any,
    Y: Any,
    sizes: tuple[int, ...],
    checker: Checker,
    namespace: dict[str, Any],
    arguments: Sequence[Any],
    words: Words,
) -> Finding:
    got, made = _call(checker, namespace, name, *arguments)
    if made is not None:
        return made
    try:
        Z = forward(Architecture(sizes), _as_parameters(got), X)[0]
    except Exception as error:
        words = (
            f"this is no list of (W, b) for the sizes {sizes}: {error}",
            f"这不是大小为 {sizes} 的 (W, b) 列表:{error}",
        )
        return _wrong(checker, name, words, "", "")
    wrong = np.argwhere(~np.isclose(Z, Y, 1e-9, 1e-9))
    if len(wrong):
        j = int(wrong[0][1])
        return _wrong(checker, name, words, f"{Z[0, j]:.6g}", f"{Y[0, j]:.6g}", f"x = {X[:, j].tolist()}")
    return Finding(name, name, "right")


def check_depth(namespace: dict[str, Any], checker: Checker) -> list[Finding]:
    """Exercise "depth"."""
    X = bit_patterns(2)
    words = ("u XOR v = relu(u + v) − 2 relu(u + v − 1)", "u XOR v = relu(u + v) − 2 relu(u + v − 1)")
    found = [_check_network("xor", X, parity(X), (2, 2, 1), checker, namespace, (), words)]
    for k in (1, 3):
        x = np.linspace(0, 1, 8 * 2**k + 1)[None]
        words = (
            "each layer folds once more: 2 relu(x) − 4 relu(x − 1/2)",
            "每一层再折一次:2 relu(x) − 4 relu(x − 1/2)",
        )
        sizes = (1, *(2,) * k, 1)
        own = _check_network("wave", x, triangle_wave(x, k), sizes, checker, namespace, (k,), words)
        if own.status == "wrong":
            own.case = f"k = {k}" + (f", {own.case}" if own.case else "")
        if own.status != "right" or k == 3:
            found.append(own)
            break
    return found

"""What is judged by its structure: the first parameters, whose numbers are free, and the caches, whose form is."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from leadline.learn.finding import Named, Words
from leadline.learn.functions import Function
from leadline.learn.results import Tried, alike, holds, same

__all__ = ["slip_of_cache", "slip_of_parameters"]

# A first W is small if the root of its mean square is at most so many times √(2 / n[l-1]), the largest in use (He et al. 2015).
LARGE = 2.0
# A first b is 0, or nearly.
LARGE_B = 0.1
LINE_OF_CACHE = r"\bcache\s*=|||cache"


def slip_of_parameters(sizes: Sequence[int], P: Any) -> Named | None:
    """What is amiss with the parameters that a network of these sizes begins with; which random numbers stand there is free."""
    wanted = {f"{name}{l}" for l in range(1, len(sizes)) for name in "Wb"}
    if not isinstance(P, dict):
        words = ("parameters must be a dictionary with W1, b1, …", "parameters 应为字典,键是 W1、b1、…")
        return Named("no dictionary", words, r"return", type(P).__name__, "dict")
    if "W0" in P:
        words = ("there is a W0: layer 0 is the input and has no parameters", "出现了 W0:第 0 层是输入,没有参数")
        return Named("counts from 0", words, r"range|\[", sorted(P), sorted(wanted))
    if missing := sorted(wanted - set(P)):
        words = (
            f"{', '.join(missing)} missing: the layers are l = 1 … L, and len(layer_dims) = L + 1",
            f"缺少 {'、'.join(missing)}:层是 l = 1 … L,而 len(layer_dims) = L + 1",
        )
        return Named("one layer short", words, r"range", sorted(P), sorted(wanted))
    for l in range(1, len(sizes)):
        found = _slip_of_W(sizes, l, np.asarray(P[f"W{l}"])) or _slip_of_b(sizes, l, np.asarray(P[f"b{l}"]))
        if found is not None:
            return found
    return None


def _slip_of_W(sizes: Sequence[int], l: int, W: Any) -> Named | None:
    law, shape = f"W[{l}]: (n[{l}], n[{l - 1}])", (sizes[l], sizes[l - 1])
    if W.shape == shape[::-1] and W.shape != shape:
        words = (f"W{l} is transposed: {law} = {shape}", f"W{l} 被转置了:{law} = {shape}")
        return Named("W transposed", words, r"W", W.shape, shape)
    if W.shape != shape:
        words = (
            f"W{l} has the shape {W.shape}: {law} = {shape}",
            f"W{l} 的形状是 {W.shape}:{law} = {shape}",
        )
        return Named("shape of W", words, r"W", W.shape, shape)
    if W.size > 1 and np.ptp(W) == 0:
        words = (
            f"all entries of W{l} are {W.flat[0]:g}: then all units of a layer stay equal for ever; draw them at random",
            f"W{l} 的所有元素都是 {W.flat[0]:g}:这样同一层的单元会永远相同;请随机初始化",
        )
        return Named("W all alike", words, r"W", f"{W.flat[0]:g}", "np.random …")
    size, most = float(np.sqrt(np.mean(W**2))), LARGE * np.sqrt(2 / sizes[l - 1])
    if W.size >= 1000 and size > most:
        words = (
            f"W{l} is large: Z adds up n[{l - 1}] = {sizes[l - 1]} products and lies where sigmoid is flat; take it times 0.01, or divided by √n[{l - 1}]",
            f"W{l} 太大:Z 是 n[{l - 1}] = {sizes[l - 1]} 个乘积之和,会落在 sigmoid 平坦的地方;请乘以 0.01,或除以 √n[{l - 1}]",
        )
        return Named("W not small", words, r"W", f"√(Σ W² / (n[{l}] n[{l - 1}])) = {size:.2g}", f"< {most:.2g}")
    return None


def _slip_of_b(sizes: Sequence[int], l: int, b: Any) -> Named | None:
    if b.shape != (sizes[l], 1):
        words = (
            f"b{l} has the shape {b.shape}; it is a column, (n[{l}], 1) = {(sizes[l], 1)}",
            f"b{l} 的形状是 {b.shape};它是列向量 (n[{l}], 1) = {(sizes[l], 1)}",
        )
        return Named("shape of b", words, r"['\"]b|b\w*\s*=", b.shape, (sizes[l], 1))
    if (largest := float(np.max(np.abs(b)))) > LARGE_B:
        words = (
            f"b{l} is not zero: nothing is known yet that a unit should be shifted by",
            f"b{l} 不为零:一开始还没有理由让单元有偏移",
        )
        return Named("b not zero", words, r"['\"]b|b\w*\s*=", f"{largest:.2g}", 0)
    return None


def slip_of_cache(function: Function, own: Tried, exact: bool) -> Named | None:
    """Whether a forward function's cache lacks what its backward function needs, or, if `exact`, has not the course's form."""
    if function.name not in ("linear_forward", "linear_activation_forward", "L_model_forward"):
        return None
    if not isinstance(own.result, tuple) or len(own.result) != 2:
        words = (f"returns {function.returns}: the cache is missing", f"应返回 {function.returns}:缺少缓存")
        return Named("no cache", words, r"\breturn\b")
    cache, x = own.result[1], own.case.inputs
    if function.name == "L_model_forward":
        found = _slip_of_caches(cache, len(x["parameters"]) // 2)
        right, form = x["course_caches"], "[((A_prev, W, b), Z), …]"
    else:
        found = _slip_of_layers_cache(function, own)
        right = (x["A"], x["W"], x["b"])
        form = "(A, W, b)"
        if function.name == "linear_activation_forward":
            right, form = (right, x["Z"]), "((A_prev, W, b), Z)"
    if found is not None or not exact or _same_form(cache, right):
        return found
    words = (
        f"the cache has another form: here it is {form}, in this order, as the later exercises unpack it",
        f"缓存的形式不同:这里应为 {form},按此顺序,后面的练习就这样拆开它",
    )
    return Named("another cache", words, LINE_OF_CACHE)


def _slip_of_caches(caches: Any, L: int) -> Named | None:
    if isinstance(caches, list | tuple) and len(caches) != L:
        words = (
            f"len(caches) = {len(caches)} for L = {L} layers: each layer, the output's too, leaves its own",
            f"L = {L} 层,而 len(caches) = {len(caches)}:每一层(包括输出层)都要留下自己的缓存",
        )
        return Named("a cache is missing", words, r"append|||\breturn\b")
    if isinstance(caches, list | tuple) and L > 2 and any(alike(caches[l], caches[0]) for l in range(1, L)):
        words = (
            "the caches of several layers are the same: append the cache of the layer that was just worked out",
            "几层的缓存是同一个:应追加刚算出的那一层的缓存",
        )
        return Named("stale cache", words, r"append|cache")
    return None


def _slip_of_layers_cache(function: Function, own: Tried) -> Named | None:
    cache, x = own.result[1], own.case.inputs
    for role, name in (("A", "A[l-1]"), ("W", "W[l]")):
        if not holds(cache, x[role]):
            words: Words = (
                f"the cache lacks {name}, which linear_backward needs: it keeps A_prev, W and b as they came in",
                f"缓存里没有 {name},而 linear_backward 需要它:应保存传入的 A_prev、W 和 b",
            )
            return Named("stale cache", words, LINE_OF_CACHE)
    if function.name == "linear_activation_forward" and not (holds(cache, x["Z"]) or holds(cache, own.expected["A"])):
        words = ("the cache lacks Z[l], at which the backward block takes g′", "缓存里没有 Z[l],而反向块要在那里取 g′")
        return Named("stale cache", words, LINE_OF_CACHE)
    return None


def _same_form(cache: Any, right: Any) -> bool:
    """Whether a cache comes apart as the course's does."""
    if isinstance(right, np.ndarray):
        return same(cache, right)
    return (
        isinstance(cache, tuple | list)
        and len(cache) == len(right)
        and all(_same_form(own, other) for own, other in zip(cache, right, strict=True))
    )

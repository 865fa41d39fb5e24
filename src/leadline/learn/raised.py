"""What a learner's function raises, in words that say what to do."""

import re

from leadline.learn.finding import Words

__all__ = ["words_of_error"]

# Parts of what Python and NumPy say, by which their errors are known.
NO_TRUTH = "truth value of an array"
ONE_NUMBER = ("only length-1 arrays", "only 0-dimensional arrays", "only size-1 arrays")
NO_FIT = ("matmul", "shapes", "broadcast")


def words_of_error(error: BaseException, source: str) -> tuple[str, Words]:
    """The slip behind an error that was raised in a line, or "" if it has no name, and its words."""
    key = str(error.args[0]) if isinstance(error, KeyError) and error.args else ""
    if re.fullmatch(r"d?[Wb]0", key):
        return "counts from 0", (
            f"there is no {key}: layer 0 is the input and has no parameters; l = 1 … L",
            f"没有 {key}:第 0 层是输入,没有参数;l = 1 … L",
        )
    if re.fullmatch(r"[Wb]\d+", key) and re.search(r"grad\w*\[(?!\s*f?['\"]d)", source):
        return "gradient without its d", (
            f"there is no {key} among the gradients: that of {key} is called d{key}",
            f"梯度里没有 {key}:{key} 的梯度叫 d{key}",
        )
    if re.fullmatch(r"d?[Wb]\d+", key):
        return "one layer too many", (
            f"there is no {key}: the layers are l = 1 … L, range(1, L + 1), and L = len(parameters) // 2",
            f"没有 {key}:层是 l = 1 … L,即 range(1, L + 1),而 L = len(parameters) // 2",
        )
    if isinstance(error, IndexError) and "caches" in source:
        return "cache out of range", (
            "caches are counted from 0: that of layer l is caches[l − 1]",
            "缓存从 0 数起:第 l 层的缓存是 caches[l − 1]",
        )
    if isinstance(error, TypeError | ValueError) and re.search(r"\bmax\(", source):
        return "np.max for np.maximum", (
            "max and np.max give the largest entry of one array; np.maximum(0, Z) compares entry by entry",
            "max 和 np.max 给出一个数组里最大的元素;逐元素比较要用 np.maximum(0, Z)",
        )
    if isinstance(error, ValueError) and NO_TRUTH in str(error):
        return "an array as a condition", (
            "an array is no condition, each of its entries is one: np.where(Z > 0, …, …) or np.maximum, entry by entry",
            "数组不能当作条件,它的每个元素才是:用 np.where(Z > 0, …, …) 或 np.maximum,逐元素",
        )
    if isinstance(error, TypeError) and any(own in str(error) for own in ONE_NUMBER) and "math." in source:
        return "math for np", (
            "the functions of math take one number; np.exp and np.log take arrays, entry by entry",
            "math 的函数只接受一个数;np.exp 和 np.log 接受数组,逐元素计算",
        )
    if isinstance(error, TypeError | ValueError) and re.search(r"inhomogeneous|\btuple\b", str(error)):
        return "a pair not taken apart", (
            "a function that returns two things gives a pair: take it apart, as in Z, cache = linear_forward(A, W, b)",
            "返回两个值的函数给出一对:要拆开,例如 Z, cache = linear_forward(A, W, b)",
        )
    if isinstance(error, TypeError) and "as a data type" in str(error):
        return "a shape in two arguments", (
            "a shape is one argument, a pair: np.zeros((n, 1)), with brackets of its own",
            "形状是一个参数,是一对数:np.zeros((n, 1)),里面还有一层括号",
        )
    if isinstance(error, NameError) and error.name == "np":
        return "numpy not imported", (
            "np is not defined: import numpy as np, at the top of the file",
            "np 没有定义:在文件开头写 import numpy as np",
        )
    if isinstance(error, ValueError) and any(own in str(error) for own in NO_FIT):
        return "", (f"shapes do not fit: {error}", f"形状不合:{error}")
    return "", (f"raises {type(error).__name__}: {error}", f"抛出 {type(error).__name__}:{error}")

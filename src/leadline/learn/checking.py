"""A learner's functions against the specification: which number is wrong, where, and what slip it looks like.

Runs in the process that has read the learner's file; `check_code` starts that process and watches the clock.
"""

import ast
import copy
import inspect
import re
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from leadline.learn import course
from leadline.learn.functions import FUNCTIONS, ROLES, Case, Function, Quantity
from leadline.learn.slips import slips_of
from leadline.network import equations

__all__ = ["Checker", "Finding"]

# Numbers agree up to this share: a small ε inside a logarithm is no slip.
RELATIVE, ABSOLUTE = 1e-5, 1e-8
SEED = 0


@dataclass
class Finding:
    """What became of one function.

    Attributes
    ----------
    function, own_name : str
        The course's name, and the learner's.
    status : str
        "right", "slip" (wrong, and named), "wrong" (not like any slip that is known), "raises", "empty" (not written
        yet), "waits" (cannot be judged before another function is right) or "slow".
    slip : str
        The slip's short name.
    words : tuple of str
        What is wrong and what to do, in English and in Chinese.
    line : int or None
        In the learner's file, from 1; `source` is what stands there.
    quantity, equation, specification : str
        What fails first, its equation, and the line of the specification that computes it.
    case, index : str
        The shapes of the call, and which entry is shown.
    got, expected : str
        The two numbers or shapes.
    """

    function: str
    own_name: str
    status: str
    slip: str = ""
    words: tuple[str, str] = ("", "")
    line: int | None = None
    source: str = ""
    quantity: str = ""
    equation: str = ""
    specification: str = ""
    case: str = ""
    index: str = ""
    got: str = ""
    expected: str = ""

    def to_record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


class _Misread(Exception):
    """What a function gave cannot be read; the arguments are a slip's name and its words."""


@dataclass
class _Tried:
    """One case, tried: what came out, or what was raised."""

    case: Case
    expected: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    error: BaseException | None = None
    changed: str = ""


class Checker:
    """Checks the functions of one file.

    Parameters
    ----------
    namespace : dict
        What the file defines, after it was run.
    path : str
        Its place, by which lines in tracebacks are known.
    source : str
        Its text.
    names : mapping
        The course's names to the learner's, where they differ.
    """

    def __init__(
        self, namespace: dict[str, Any], path: str, source: str, names: Mapping[str, str] | None = None
    ) -> None:
        self.namespace, self.path, self.source = namespace, path, source
        self.lines = source.splitlines()
        self.names = dict(names or {})
        self.status: dict[str, str] = {}

    def own_name(self, function: str) -> str:
        """What the learner calls it."""
        return self.names.get(function, function)

    def present(self) -> list[str]:
        """The functions of the course that the file has, in the order in which they are checked."""
        return [name for name in FUNCTIONS if self._is_own(self.namespace.get(self.own_name(name)))]

    def _is_own(self, thing: Any) -> bool:
        return callable(thing) and getattr(thing, "__module__", None) != course.__name__

    def check(self, name: str) -> Finding:
        """Check one function; those that it calls must have been checked before."""
        function = FUNCTIONS[name]
        broken = [need for need in function.needs if self.status.get(need, "right") != "right"]
        kept = {self.own_name(need): self.namespace[self.own_name(need)] for need in broken}
        # functions that are wrong themselves give way to right ones, so that each is judged for what it does itself
        self.namespace.update({self.own_name(need): getattr(course, need) for need in broken})
        try:
            finding = self._check(function)
        finally:
            self.namespace.update(kept)
        if broken and finding.status in ("raises", "wrong"):
            own = ", ".join(self.own_name(need) for need in broken)
            words = (f"cannot be judged before {own} is right", f"要等 {own} 改对之后才能判断")
            finding = Finding(name, self.own_name(name), "waits", words=words)
        self.status[name] = finding.status
        return finding

    def _check(self, function: Function) -> Finding:
        made: Finding | None = None
        for cached in (True, False):
            cases = function.cases(np.random.default_rng(SEED))
            if cached and not self._use_own_caches(function, cases):
                continue
            finding = self._judge(function, [self._try(function, case) for case in cases])
            if finding.status == "right" and made is not None and not cached:
                return self._stale(function)
            if finding.status == "right" or not cached:
                return finding if made is None or finding.status == "slip" else made
            if finding.status == "slip" and finding.slip == "changes its argument":
                return finding
            made = finding
        raise AssertionError("the second round always answers")

    # the learner's own caches go to the learner's own backward functions

    def _use_own_caches(self, function: Function, cases: list[Case]) -> bool:
        """Replace the course's caches by those of the learner's forward function, if there is one that is right."""
        forward = {
            "linear_backward": "linear_forward",
            "linear_activation_backward": "linear_activation_forward",
            "L_model_backward": "L_model_forward",
            "sigmoid_backward": "sigmoid",
            "relu_backward": "relu",
        }.get(function.name)
        if forward is None or any(self.status.get(need) != "right" for need in (forward, *self._own_needs(forward))):
            return False
        where = "caches" if function.name == "L_model_backward" else "cache"
        for case in cases:
            try:
                result = self._call(FUNCTIONS[forward], copy.deepcopy(case.inputs))
            except Exception:
                if case.extra:
                    continue
                return False
            if not isinstance(result, tuple) or len(result) != 2:
                return False
            case.inputs[where] = result[1]
        return True

    def _own_needs(self, name: str) -> list[str]:
        """Those functions that it calls in the course that the learner has written, too."""
        return [need for need in FUNCTIONS[name].needs if need in self.status]

    def _stale(self, function: Function) -> Finding:
        forward = function.name.replace("backward", "forward") if "_" in function.name else function.name
        words = (
            f"with the cache of your own {forward} the gradients are wrong, with the right one they are right: look at what it keeps",
            f"用你自己的 {forward} 的缓存,梯度是错的;换成正确的缓存就对了:检查它缓存了什么",
        )
        line, source = self._line(self.own_name(forward), r"\bcache\s*=|||cache")
        return Finding(
            function.name,
            self.own_name(function.name),
            "slip",
            "stale cache",
            words,
            line,
            source,
            "cache",
            "cache of layer l: Z[l], W[l], b[l], A[l-1]",
            _specification("return A, Cache(Z, A, W, A_before)"),
        )

    # one call

    def _call(self, function: Function, inputs: Mapping[str, Any]) -> Any:
        own = self.namespace[self.own_name(function.name)]
        values = {role: inputs[role] for role in function.roles}
        parameters = [
            own
            for own in inspect.signature(own).parameters.values()
            if own.default is inspect.Parameter.empty and own.kind not in (own.VAR_POSITIONAL, own.VAR_KEYWORD)
        ]
        if len(parameters) != len(values):
            # some give defaults to what the course asks for
            parameters = list(inspect.signature(own).parameters.values())[: len(values)]
        if len(parameters) < len(values):
            raise _Misread(
                "too few arguments",
                (
                    f"it takes {len(parameters)} arguments; the course's takes {', '.join(function.roles)}",
                    f"它接受 {len(parameters)} 个参数;课程里的参数是 {', '.join(function.roles)}",
                ),
            )
        places: dict[str, str] = {}
        for parameter in parameters:
            fitting = [role for role in values if parameter.name in ROLES[role] and role not in places.values()]
            exact = [role for role in fitting if role == parameter.name]
            if not fitting:
                return own(*values.values())
            places[parameter.name] = (exact or fitting)[0]
        positional = [own for own in parameters if own.kind is not own.KEYWORD_ONLY]
        return own(
            *(values[places[own.name]] for own in positional),
            **{own.name: values[places[own.name]] for own in parameters if own.kind is own.KEYWORD_ONLY},
        )

    def _try(self, function: Function, case: Case) -> _Tried:
        tried = _Tried(case, function.right(case.inputs))
        given = copy.deepcopy(case.inputs)
        arrays = {role: list(_arrays(given[role])) for role in function.roles}
        before = {role: [array.copy() for array in found] for role, found in arrays.items()}
        try:
            with np.errstate(all="ignore"):
                result = self._call(function, given)
            for role, found in arrays.items():
                if any(not np.array_equal(x, y, equal_nan=True) for x, y in zip(found, before[role], strict=True)):
                    tried.changed = role
            tried.result = result
            tried.values = _read(function, result, case.inputs, tried.expected)
        except Exception as error:
            tried.error = error
        return tried

    # the judgement of all cases

    def _judge(self, function: Function, tried: list[_Tried]) -> Finding:
        if function.name == "initialize_parameters_deep":
            return self._judge_initial(function, tried)
        ran = [own for own in tried if own.error is None]
        raised = [own for own in tried if own.error is not None and not own.case.extra]
        for quantity in function.quantities:
            wrong = [own for own in ran if not _same(own.values.get(quantity.name), own.expected[quantity.name])]
            # a case in which only the learner's formula raises may still be told from the others
            if not wrong and not (raised and quantity is function.quantities[0]):
                continue
            named = self._name(function, quantity, ran) if ran else None
            if named is not None:
                return named
            if wrong and not raised:
                return self._unnamed(function, quantity, wrong[0])
        if raised:
            return self._raised(function, raised[0])
        changed = next((own for own in ran if own.changed), None)
        if changed is not None:
            words = (
                f"the numbers are right, but {changed.changed} is changed in place: whoever gave it has other numbers now; work on a copy, or write x = x − … instead of x -= …",
                f"数是对的,但 {changed.changed} 被原地修改了:调用者手里的数也变了;请在副本上操作,或用 x = x − … 代替 x -= …",
            )
            return self._finding(
                function, function.quantities[0], "slip", "changes its argument", words, r"[-+*/]=|\[.*\]\s*=|out="
            )
        lost = self._lost_in_cache(function, ran)
        return lost or Finding(function.name, self.own_name(function.name), "right")

    def _name(self, function: Function, quantity: Quantity, ran: list[_Tried]) -> Finding | None:
        """The slip whose numbers are those that came out in every case that ran."""
        for slip in slips_of(function.name, quantity.name):
            agreed, different, first = 0, 0, None
            for own in ran:
                try:
                    with np.errstate(all="ignore"):
                        wrong = slip.wrong(own.case.inputs)
                except (ValueError, KeyError, IndexError):
                    # it says nothing here; then the learner's must be right here, or raise
                    if not _same(own.values.get(quantity.name), own.expected[quantity.name]):
                        break
                    continue
                if not _same(own.values.get(quantity.name), wrong) or not slip.fits(_caches_short(own)):
                    break
                agreed += 1
                if not _same(wrong, own.expected[quantity.name]):
                    different += 1
                    first = first or own
            else:
                if agreed and different and first is not None:
                    found = self._finding(function, quantity, "slip", slip.key, slip.words, slip.look or quantity.look)
                    return _with_numbers(found, quantity, first)
        return None

    def _unnamed(self, function: Function, quantity: Quantity, own: _Tried) -> Finding:
        got: Any = own.values.get(quantity.name)
        expected: Any = own.expected[quantity.name]
        words, look = ("the numbers are not those of the equation", "数与公式不符"), quantity.look
        if isinstance(expected, np.ndarray) and np.shape(got) != expected.shape:
            words = (
                f"the shape is {np.shape(got)}; the law is {_law(quantity)} = {expected.shape}",
                f"形状是 {np.shape(got)};规则是 {_law(quantity)} = {expected.shape}",
            )
        elif isinstance(expected, dict) and isinstance(got, dict):
            order = _backwards(expected) if quantity.name == "grads" else sorted(expected)
            key = next((key for key in order if not _same(got.get(key), expected[key])), "")
            look = rf"['\"]{key.rstrip('0123456789')}|||{look}"
            words = (f"{key} is the first that is wrong", f"第一个出错的是 {key}")
        return _with_numbers(self._finding(function, quantity, "wrong", "", words, look), quantity, own)

    def _raised(self, function: Function, own: _Tried) -> Finding:
        error = own.error
        assert error is not None
        quantity = function.quantities[0]
        if isinstance(error, _Misread):
            slip, words = error.args
            found = self._finding(function, quantity, "slip", slip, words, r"\breturn\b")
            found.case = own.case.about
            return found
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == self.path]
        line = frames[-1].lineno if frames else None
        source = self.lines[line - 1].strip() if line else ""
        name = self.own_name(function.name)
        if isinstance(error, NotImplementedError):
            return Finding(
                function.name, name, "empty", words=("not written yet", "还没有写"), line=line, source=source
            )
        words = (f"raises {type(error).__name__}: {error}", f"抛出 {type(error).__name__}:{error}")
        slip = ""
        key = str(error.args[0]) if isinstance(error, KeyError) and error.args else ""
        if re.fullmatch(r"d?[Wb]0", key):
            slip, words = (
                "counts from 0",
                (
                    f"there is no {key}: layer 0 is the input and has no parameters; l = 1 … L",
                    f"没有 {key}:第 0 层是输入,没有参数;l = 1 … L",
                ),
            )
        elif re.fullmatch(r"d?[Wb]\d+", key):
            slip, words = (
                "one layer too many",
                (
                    f"there is no {key}: the layers are l = 1 … L, range(1, L + 1)",
                    f"没有 {key}:层是 l = 1 … L,即 range(1, L + 1)",
                ),
            )
        elif isinstance(error, IndexError) and "caches" in source:
            slip, words = (
                "cache out of range",
                (
                    "caches are counted from 0: that of layer l is caches[l − 1]",
                    "缓存从 0 数起:第 l 层的缓存是 caches[l − 1]",
                ),
            )
        elif isinstance(error, ValueError) and (
            "matmul" in str(error) or "shapes" in str(error) or "broadcast" in str(error)
        ):
            words = (f"shapes do not fit: {error}", f"形状不合:{error}")
        found = Finding(
            function.name,
            name,
            "slip" if slip else "raises",
            slip,
            words,
            line,
            source,
            quantity.name,
            quantity.equation,
            _specification(quantity.line),
            own.case.about,
        )
        return found

    def _judge_initial(self, function: Function, tried: list[_Tried]) -> Finding:
        """Shapes, and W not all alike; which random numbers stand there is free."""
        quantity = function.quantities[0]
        raised = next((own for own in tried if own.error is not None), None)
        if raised is not None:
            return self._raised(function, raised)
        for own in tried:
            sizes, P = own.case.inputs["layer_dims"], own.result
            found = self._finding(function, quantity, "slip", "", ("", ""), quantity.look)
            found.case = own.case.about

            def say(
                slip: str,
                english: str,
                chinese: str,
                got: Any = "",
                expected: Any = "",
                look: str = "",
                found: Finding = found,
            ) -> Finding:
                found.slip, found.words, found.got, found.expected = slip, (english, chinese), str(got), str(expected)
                if look:
                    found.line, found.source = self._line(self.own_name(function.name), look)
                return found

            wanted = {f"{name}{l}" for l in range(1, len(sizes)) for name in "Wb"}
            if not isinstance(P, dict):
                return say(
                    "no dictionary",
                    "parameters must be a dictionary with W1, b1, …",
                    "parameters 应为字典,键是 W1、b1、…",
                    type(P).__name__,
                    "dict",
                    r"return",
                )
            if "W0" in P:
                return say(
                    "counts from 0",
                    "there is a W0: layer 0 is the input and has no parameters",
                    "出现了 W0:第 0 层是输入,没有参数",
                    sorted(P),
                    sorted(wanted),
                    r"range|\[",
                )
            if missing := sorted(wanted - set(P)):
                return say(
                    "one layer short",
                    f"{', '.join(missing)} missing: the layers are l = 1 … L, and len(layer_dims) = L + 1",
                    f"缺少 {'、'.join(missing)}:层是 l = 1 … L,而 len(layer_dims) = L + 1",
                    sorted(P),
                    sorted(wanted),
                    r"range",
                )
            for l in range(1, len(sizes)):
                W, b = np.asarray(P[f"W{l}"]), np.asarray(P[f"b{l}"])
                law, shape = f"W[{l}]: (n[{l}], n[{l - 1}])", (sizes[l], sizes[l - 1])
                if W.shape == shape[::-1] and W.shape != shape:
                    return say(
                        "W transposed",
                        f"W{l} is transposed: {law} = {shape}",
                        f"W{l} 被转置了:{law} = {shape}",
                        W.shape,
                        shape,
                        r"W",
                    )
                if W.shape != shape:
                    return say(
                        "shape of W",
                        f"W{l} has the shape {W.shape}: {law} = {shape}",
                        f"W{l} 的形状是 {W.shape}:{law} = {shape}",
                        W.shape,
                        shape,
                        r"W",
                    )
                if b.shape != (sizes[l], 1):
                    return say(
                        "shape of b",
                        f"b{l} has the shape {b.shape}; it is a column, (n[{l}], 1) = {(sizes[l], 1)}",
                        f"b{l} 的形状是 {b.shape};它是列向量 (n[{l}], 1) = {(sizes[l], 1)}",
                        b.shape,
                        (sizes[l], 1),
                        r"['\"]b|b\w*\s*=",
                    )
                if W.size > 1 and np.ptp(W) == 0:
                    return say(
                        "W all alike",
                        f"all entries of W{l} are {W.flat[0]:g}: then all units of a layer stay equal for ever; draw them at random",
                        f"W{l} 的所有元素都是 {W.flat[0]:g}:这样同一层的单元会永远相同;请随机初始化",
                        W.flat[0],
                        "random",
                        r"W",
                    )
        return Finding(function.name, self.own_name(function.name), "right")

    def _lost_in_cache(self, function: Function, ran: list[_Tried]) -> Finding | None:
        """Whether a forward function's cache lacks what its backward function needs."""
        if function.name not in ("linear_forward", "linear_activation_forward", "L_model_forward"):
            return None
        quantity = function.quantities[0]
        for own in ran:
            if not isinstance(own.result, tuple) or len(own.result) != 2:
                words = (f"returns {function.returns}: the cache is missing", f"应返回 {function.returns}:缺少缓存")
                return self._finding(function, quantity, "slip", "no cache", words, r"\breturn\b")
            cache, x = own.result[1], own.case.inputs
            if function.name == "L_model_forward":
                L = len(x["parameters"]) // 2
                if isinstance(cache, list | tuple) and len(cache) != L:
                    words = (
                        f"{len(cache)} caches for L = {L} layers: each layer, the output's too, leaves its own",
                        f"L = {L} 层却有 {len(cache)} 个缓存:每一层(包括输出层)都要留下自己的缓存",
                    )
                    return self._finding(
                        function, quantity, "slip", "a cache is missing", words, r"append|||\breturn\b"
                    )
                if isinstance(cache, list | tuple) and L > 2:
                    alike = [l for l in range(1, L) if _alike(cache[l], cache[0])]
                    if alike:
                        words = (
                            "the caches of several layers are the same: append the cache of the layer that was just worked out",
                            "几层的缓存是同一个:应追加刚算出的那一层的缓存",
                        )
                        return self._finding(function, quantity, "slip", "stale cache", words, r"append|cache")
                continue
            for role in ("A", "W"):
                if not _holds(cache, x[role]):
                    name = "A[l-1]" if role == "A" else "W[l]"
                    words = (
                        f"the cache lacks {name}, which linear_backward needs: it keeps A_prev, W and b as they came in",
                        f"缓存里没有 {name},而 linear_backward 需要它:应保存传入的 A_prev、W 和 b",
                    )
                    return self._finding(function, quantity, "slip", "stale cache", words, r"\bcache\s*=|||cache")
            if function.name == "linear_activation_forward" and not (
                _holds(cache, x["Z"]) or _holds(cache, own.expected["A"])
            ):
                words = (
                    "the cache lacks Z[l], at which the backward block takes g′",
                    "缓存里没有 Z[l],而反向块要在那里取 g′",
                )
                return self._finding(function, quantity, "slip", "stale cache", words, r"\bcache\s*=|||cache")
        return None

    # where it stands

    def _finding(
        self, function: Function, quantity: Quantity, status: str, slip: str, words: tuple[str, str], look: str
    ) -> Finding:
        line, source = self._line(self.own_name(function.name), look, first=look != quantity.look)
        name = self.own_name(function.name)
        return Finding(
            function.name,
            name,
            status,
            slip,
            words,
            line,
            source,
            quantity.name,
            quantity.equation,
            _specification(quantity.line),
        )

    def _line(self, name: str, look: str, first: bool = True) -> tuple[int | None, str]:
        """The line of a function where a pattern stands, without comments and the docstring; if none, where it returns."""
        for node in ast.walk(ast.parse(self.source)):
            if isinstance(node, ast.FunctionDef) and node.name == name:
                body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
                numbers = range(body[0].lineno, (node.end_lineno or node.lineno) + 1)
                code = {number: self.lines[number - 1].split("#")[0] for number in numbers}
                for pattern in (*look.split("|||"), r"\breturn\b"):
                    found = [number for number, text in code.items() if re.search(pattern, text)]
                    if found:
                        number = found[0] if first else found[-1]
                        return number, self.lines[number - 1].strip()
                return node.lineno, self.lines[node.lineno - 1].strip()
        return None, ""


def _specification(line: str) -> str:
    """Where the specification has a line: its file, number and text."""
    text = Path(equations.__file__).read_text("utf-8").splitlines()
    own = line
    number = next((place for place, found in enumerate(text, start=1) if own in found), None)
    if number is None:
        return "network/initialization.py  " + line
    return f"network/equations.py:{number}  {line}"


def _caches_short(own: _Tried) -> Any:
    """A network's result with the number of caches that it lacks; anything else as it is."""
    result = own.result
    if (
        "layer_dims" in own.case.inputs
        and isinstance(result, tuple)
        and len(result) == 2
        and hasattr(result[1], "__len__")
    ):
        return (*result, len(own.case.inputs["layer_dims"]) - 1 - len(result[1]))
    return result


def _law(quantity: Quantity) -> str:
    return {"dW": "(n[l], n[l-1])", "db": "(n[l], 1)", "dA_prev": "(n[l-1], m)"}.get(quantity.name, "(n[l], m)")


def _backwards(names: Mapping[str, Any]) -> list[str]:
    """dW3, db3, dW2, …: in the order in which backward makes them."""
    return sorted(names, key=lambda key: (-int(key.lstrip("dWbA") or 0), key.lower()))


def _with_numbers(finding: Finding, quantity: Quantity, own: _Tried) -> Finding:
    """Add the first number that is wrong and the one that should stand there."""
    got: Any = own.values.get(quantity.name)
    expected: Any = own.expected[quantity.name]
    finding.case = own.case.about
    label = quantity.name
    if isinstance(expected, dict):
        assert isinstance(got, dict)
        order = _backwards(expected) if quantity.name == "grads" else sorted(expected)
        label = next((key for key in order if not _same(got.get(key), expected[key])), order[0])
        got, expected = got.get(label), expected[label]
        finding.quantity = label
    if np.shape(got) != np.shape(expected):
        finding.index, finding.got, finding.expected = f"{label}.shape", str(np.shape(got)), str(np.shape(expected))
        return finding
    far = ~np.isclose(np.asarray(got, float), np.asarray(expected, float), RELATIVE, ABSOLUTE)
    place = tuple(int(i) for i in np.argwhere(far)[0]) if far.any() else ()
    finding.index = f"{label}[{','.join(map(str, place))}]" if place else label
    finding.got, finding.expected = f"{np.asarray(got)[place]:.6g}", f"{np.asarray(expected)[place]:.6g}"
    return finding


def _same(got: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return isinstance(got, dict) and all(key in got and _same(got[key], expected[key]) for key in expected)
    try:
        x, y = np.asarray(got, dtype=float), np.asarray(expected, dtype=float)
    except (TypeError, ValueError):
        return False
    return x.shape == y.shape and bool(np.allclose(x, y, RELATIVE, ABSOLUTE))


def _arrays(thing: Any, depth: int = 0) -> Iterator[np.ndarray[Any, Any]]:
    """Every array in a value, however it is packed."""
    if isinstance(thing, np.ndarray):
        yield thing
    elif depth < 6:
        inside: Any = ()
        if isinstance(thing, Mapping):
            inside = thing.values()
        elif isinstance(thing, list | tuple | set):
            inside = thing
        elif hasattr(thing, "__dict__") and not isinstance(thing, type):
            inside = vars(thing).values()
        for own in inside:
            yield from _arrays(own, depth + 1)


def _holds(cache: Any, wanted: Any) -> bool:
    return any(_same(own, wanted) or _same(own.T, wanted) for own in _arrays(cache))


def _alike(one: Any, other: Any) -> bool:
    x, y = list(_arrays(one)), list(_arrays(other))
    return len(x) == len(y) > 0 and all(_same(a, b) for a, b in zip(x, y, strict=True))


def _read(function: Function, result: Any, inputs: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """The quantities in what a function gave."""
    name = function.name
    if result is None:
        raise _Misread(
            "returns nothing",
            (f"it returns nothing; the course's returns {function.returns}", f"没有返回值;应返回 {function.returns}"),
        )
    if name == "initialize_parameters_deep":
        return {}
    if name in ("linear_backward", "linear_activation_backward"):
        if not isinstance(result, tuple | list) or len(result) != 3:
            raise _Misread("other results", ("it must return dA_prev, dW, db", "应返回 dA_prev、dW、db"))
        values = dict(zip(("dA_prev", "dW", "db"), result, strict=True))
        if not all(_same(values[key], expected[key]) for key in values):
            for order in (
                ("dW", "db", "dA_prev"),
                ("dA_prev", "db", "dW"),
                ("dW", "dA_prev", "db"),
                ("db", "dW", "dA_prev"),
                ("db", "dA_prev", "dW"),
            ):
                turned = dict(zip(order, result, strict=True))
                if all(_same(turned[key], expected[key]) for key in turned):
                    raise _Misread(
                        "order of the results",
                        (
                            f"the numbers are right, but returned as {', '.join(order)}; the course's order is dA_prev, dW, db",
                            f"数是对的,但返回顺序是 {', '.join(order)};课程的顺序是 dA_prev, dW, db",
                        ),
                    )
        return values
    if name in ("L_model_backward", "update_parameters"):
        if not isinstance(result, Mapping):
            raise _Misread(
                "no dictionary", (f"it must return a dictionary, {function.returns}", f"应返回字典 {function.returns}")
            )
        key = function.quantities[0].name
        _check_keys(result, expected[key])
        return {key: dict(result)}
    quantity = function.quantities[0].name
    value = result[0] if isinstance(result, tuple) and len(result) == 2 else result
    if isinstance(value, tuple | list):
        raise _Misread(
            "other results",
            (
                f"it returns {len(value)} things; the course's returns {function.returns}",
                f"返回了 {len(value)} 个值;应返回 {function.returns}",
            ),
        )
    if quantity == "J":
        if np.size(value) != 1:
            raise _Misread(
                "not one number",
                (
                    f"the cost is one number; got the shape {np.shape(value)}: sum over the examples",
                    f"代价是一个数;得到的形状是 {np.shape(value)}:要对样本求和",
                ),
            )
        value = float(np.asarray(value).ravel()[0])
    return {quantity: value}


def _check_keys(result: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    missing = [key for key in _backwards(expected) if key not in result]
    if not missing:
        shifted = {key: f"{key.rstrip('0123456789')}{int(key.lstrip('dWbA')) - 1}" for key in expected}
        if (
            all(_same(result[shifted[key]], expected[key]) for key in expected if shifted[key] in expected)
            and not _same(dict(result), dict(expected))
            and len(expected) > 2
        ):
            raise _shifted()
        return
    if any(key.endswith("0") and key[:2] in ("dW", "db") for key in result):
        raise _shifted()
    raise _Misread(
        "keys missing",
        (f"{', '.join(missing)} missing: layers are l = 1 … L", f"缺少 {'、'.join(missing)}:层是 l = 1 … L"),
    )


def _shifted() -> _Misread:
    return _Misread(
        "keys shifted",
        (
            "the gradients stand one layer too low: dW of layer l belongs into grads['dW' + str(l)], with l from 1",
            "梯度的编号少了 1:第 l 层的 dW 应放在 grads['dW' + str(l)],l 从 1 数起",
        ),
    )

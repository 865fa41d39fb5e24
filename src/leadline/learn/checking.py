"""A learner's functions against the specification: which number is wrong, where, and what slip it looks like.

Runs in the process that has read the learner's file; `check_code` starts that process and watches the clock.
"""

import copy
import inspect
import re
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from leadline.learn import course
from leadline.learn.finding import Finding, Named, Words
from leadline.learn.functions import FUNCTIONS, ROLES, Case, Function, Quantity
from leadline.learn.raised import words_of_error
from leadline.learn.results import Misread, Tried, arrays, backwards, law, read, same, with_numbers
from leadline.learn.slips import slips_of
from leadline.learn.structure import slip_of_cache, slip_of_parameters
from leadline.learn.text import Text
from leadline.network import equations

__all__ = ["Checker"]

SEED = 0


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
    exact_caches : bool
        Whether caches must have the course's form, as the exercises want; otherwise any will do that the file's own
        backward functions can work with.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        path: str,
        source: str,
        names: Mapping[str, str] | None = None,
        exact_caches: bool = False,
    ) -> None:
        self.namespace, self.path, self.text = namespace, path, Text(source)
        self.names, self.exact_caches = dict(names or {}), exact_caches
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
        line, source = self.text.line(self.own_name(forward), r"\bcache\s*=|||cache")
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
            raise Misread(
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

    def _try(self, function: Function, case: Case) -> Tried:
        tried = Tried(case, function.right(case.inputs))
        given = copy.deepcopy(case.inputs)
        inside = {role: list(arrays(given[role])) for role in function.roles}
        before = {role: [array.copy() for array in found] for role, found in inside.items()}
        try:
            with np.errstate(all="ignore"):
                result = self._call(function, given)
            for role, found in inside.items():
                if any(not np.array_equal(x, y, equal_nan=True) for x, y in zip(found, before[role], strict=True)):
                    tried.changed = role
            tried.result = result
            tried.values = read(function, result, case.inputs, tried.expected)
        except Exception as error:
            tried.error = error
        return tried

    # the judgement of all cases

    def _judge(self, function: Function, tried: list[Tried]) -> Finding:
        if function.name == "initialize_parameters_deep":
            return self._judge_initial(function, tried)
        ran = [own for own in tried if own.error is None]
        raised = [own for own in tried if own.error is not None and not own.case.extra]
        for quantity in function.quantities:
            wrong = [own for own in ran if not same(own.values.get(quantity.name), own.expected[quantity.name])]
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
            return self._finding(function, "slip", Named("changes its argument", words, r"[-+*/]=|\[.*\]\s*=|out="))
        for own in ran:
            lost = slip_of_cache(function, own, self.exact_caches)
            if lost is not None:
                return self._finding(function, "slip", lost)
        return Finding(function.name, self.own_name(function.name), "right")

    def _name(self, function: Function, quantity: Quantity, ran: list[Tried]) -> Finding | None:
        """The slip whose numbers are those that came out in every case that ran."""
        code = "\n".join(self.text.code(self.own_name(function.name)).values())
        for slip in slips_of(function.name, quantity.name):
            if not re.search(slip.written, code):
                continue
            agreed, different, first = 0, 0, None
            for own in ran:
                try:
                    with np.errstate(all="ignore"):
                        wrong = slip.wrong(own.case.inputs)
                except (ValueError, KeyError, IndexError):
                    # it says nothing here; then the learner's must be right here, or raise
                    if not same(own.values.get(quantity.name), own.expected[quantity.name]):
                        break
                    continue
                if not same(own.values.get(quantity.name), wrong) or slip.short not in (None, _caches_short(own)):
                    break
                agreed += 1
                if not same(wrong, own.expected[quantity.name]):
                    different += 1
                    first = first or own
            else:
                if agreed and different and first is not None:
                    named = Named(slip.key, slip.words, slip.look or quantity.look)
                    found = self._finding(function, "slip", named, quantity)
                    return with_numbers(found, quantity, first)
        return None

    def _unnamed(self, function: Function, quantity: Quantity, own: Tried) -> Finding:
        got: Any = own.values.get(quantity.name)
        expected: Any = own.expected[quantity.name]
        words: Words = ("the numbers are not those of the equation", "数与公式不符")
        look = quantity.look
        if isinstance(expected, np.ndarray) and np.shape(got) != expected.shape:
            words = (
                f"the shape is {np.shape(got)}; the law is {law(quantity)} = {expected.shape}",
                f"形状是 {np.shape(got)};规则是 {law(quantity)} = {expected.shape}",
            )
        elif isinstance(expected, dict) and isinstance(got, dict):
            order = backwards(expected) if quantity.name == "grads" else sorted(expected)
            key = next((key for key in order if not same(got.get(key), expected[key])), "")
            look = rf"['\"]{key.rstrip('0123456789')}|||{look}"
            words = (f"{key} is the first that is wrong", f"第一个出错的是 {key}")
        return with_numbers(self._finding(function, "wrong", Named("", words, look), quantity), quantity, own)

    def _raised(self, function: Function, own: Tried) -> Finding:
        error = own.error
        assert error is not None
        if isinstance(error, Misread):
            slip, words = error.args
            found = self._finding(function, "slip", Named(slip, words, r"\breturn\b"))
            found.case = own.case.about
            return found
        name = self.own_name(function.name)
        line = self.line_of(error, name)
        source = self.text.at(line)
        if isinstance(error, NotImplementedError):
            words = ("not written yet", "还没有写")
            return Finding(function.name, name, "empty", words=words, line=line, source=source)
        slip, words = words_of_error(error, source)
        found = self._finding(function, "slip" if slip else "raises", Named(slip, words, ""))
        found.line, found.source, found.case = line, source, own.case.about
        return found

    def _judge_initial(self, function: Function, tried: list[Tried]) -> Finding:
        """Shapes, and W small and not all alike; which random numbers stand there is free."""
        for own in tried:
            if own.error is not None:
                return self._raised(function, own)
            named = slip_of_parameters(own.case.inputs["layer_dims"], own.result)
            if named is not None:
                return self._named(function, named, own)
        return Finding(function.name, self.own_name(function.name), "right")

    # where it stands

    def line_of(self, error: BaseException, name: str) -> int | None:
        """The last line of the file that an error has come through, before another function of the course is entered."""
        others, line = {self.own_name(own) for own in FUNCTIONS} - {name}, None
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename == self.path:
                if frame.name in others:
                    break
                line = frame.lineno
        return line

    def _named(self, function: Function, named: Named, own: Tried) -> Finding:
        """A slip that shows by something else than a quantity's numbers."""
        found = self._finding(function, "slip", named)
        found.case, found.got, found.expected = own.case.about, str(named.got), str(named.expected)
        return found

    def _finding(self, function: Function, status: str, named: Named, quantity: Quantity | None = None) -> Finding:
        quantity = quantity or function.quantities[0]
        name = self.own_name(function.name)
        line, source = self.text.line(name, named.look, first=named.look != quantity.look)
        return Finding(
            function.name,
            name,
            status,
            named.slip,
            named.words,
            line,
            source,
            quantity.name,
            quantity.equation,
            _specification(quantity.line),
            remark=quantity.remark,
        )


@cache
def _specification(line: str) -> str:
    """Where the specification has a line: its file, number and text."""
    text = Path(equations.__file__).read_text("utf-8").splitlines()
    number = next((place for place, found in enumerate(text, start=1) if line in found), None)
    if number is None:
        return "leadline/network/initialization.py  " + line
    return f"leadline/network/equations.py:{number}  {line}"


def _caches_short(own: Tried) -> int | None:
    """How many caches a network's result lacks; None if it is no network's."""
    sizes, result = own.case.inputs.get("layer_dims"), own.result
    if sizes is None or not isinstance(result, tuple) or len(result) != 2 or not hasattr(result[1], "__len__"):
        return None
    return len(sizes) - 1 - len(result[1])

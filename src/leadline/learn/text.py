"""The text of a learner's file: where in it a function stands, and the line of it that is meant."""

import ast
import re

__all__ = ["Text"]


class Text:
    """The text of one file.

    Parameters
    ----------
    source : str
        The whole of it.
    """

    def __init__(self, source: str) -> None:
        self.lines = source.splitlines()
        self._functions = {node.name: node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}

    def at(self, number: int | None) -> str:
        """What stands in a line, from 1."""
        return self.lines[number - 1].strip() if number else ""

    def code(self, name: str) -> dict[int, str]:
        """The lines of a function by their number, without comments and the docstring; empty if it is not there."""
        node = self._functions.get(name)
        if node is None:
            return {}
        body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
        numbers = range(body[0].lineno, (node.end_lineno or node.lineno) + 1)
        return {number: self.lines[number - 1].split("#")[0] for number in numbers}

    def line(self, name: str, look: str, first: bool = True) -> tuple[int | None, str]:
        """The line of a function where a pattern stands, several with ||| between them; if none, where it returns."""
        code = self.code(name)
        if not code:
            return None, ""
        for pattern in (*look.split("|||"), r"\breturn\b"):
            found = [number for number, text in code.items() if re.search(pattern, text)]
            if found:
                number = found[0] if first else found[-1]
                return number, self.at(number)
        return self._functions[name].lineno, self.at(self._functions[name].lineno)

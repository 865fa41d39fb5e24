"""Pieces: what may stand between a table's inputs and layer 1, one block each, all with the contract of `blocks`.

Numbers come first among the inputs; indicators (zeros and ones) follow, column by column. A piece that works on some
inputs passes the others on. In the order in which they stand: an embedding of numbers (`embeddings`), an embedding of
categories, a learned scale for each feature, and the parting into members. L counts none of them. Beside the contract
of blocks a piece says what it is in ONNX, so that a new one is exported without another word.

Sources: RealMLP (Holzmüller et al. 2024, arXiv 2407.04491) for the scale; TabM (Gorishniy et al. 2024, arXiv
2410.24210) for members.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.training.blocks import Gradient, Onnx, ParameterSpec, Span
from leadline.training.program import Layout, Operation, Place

__all__ = [
    "CategoryEmbedding",
    "FeatureScale",
    "Inputs",
    "Members",
    "SimplePiece",
    "copied",
    "float32",
]

Array = NDArray[Any]

# Entries of an embedded category.
CATEGORY_SIZE = 8


class Inputs(NamedTuple):
    """What a table tells of a row: so many numbers, so many derived ones, then the indicators of each column."""

    numbers: int
    indicators: tuple[int, ...] = ()
    derived: int = 0

    def rest(self, coded_above: float) -> int:
        """Inputs beside the numbers, where a column with more indicators than that is told by one code.

        Derived numbers are among them: together they tell of a text or a date, and no curve of a single one says
        anything.
        """
        return self.derived + sum(1 if n > coded_above else n for n in self.indicators)


class SimplePiece:
    """What most pieces have in common: one tile, one row for each example, and nothing between dA and dZ."""

    @property
    def n_in(self) -> int:
        """Inputs."""
        raise NotImplementedError

    @property
    def n_out(self) -> int:
        """Outputs."""
        raise NotImplementedError

    @property
    def copies(self) -> int:
        """One row for each example."""
        return 1

    @property
    def output(self) -> str:
        """What enters layer 1, or the piece after this one."""
        return "A[0]"

    @property
    def sources(self) -> NDArray[np.int64]:
        """Each of its own."""
        return np.arange(self.n_out)

    @property
    def rising(self) -> NDArray[np.bool_]:
        """All of them."""
        return np.ones(self.n_out, bool)

    def extra(self, layout: Layout, m: int, backward: bool) -> tuple[Place, ...]:
        """Nothing."""
        return ()

    def tiles(self, m: int) -> list[tuple[int, int]]:
        """One."""
        return [(0, self.n_out)]

    def own_backward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """Nothing."""
        return []


def float32(array: Array) -> Array:
    """An array as ONNX graphs hold it."""
    return np.asarray(array, np.float32)


def _written(kernel: str, *places: Place) -> Callable[[Place], list[Operation]]:
    """One operation whose last place is where the gradient is wanted."""
    return lambda out: [Operation(kernel, (*places, out))]


def copied(source: Place, target: Place) -> list[Operation]:
    """The operation that copies one place to another, if there is anything in them."""
    return [Operation("copy", (source, target))] if source.columns else []


@dataclass(frozen=True)
class FeatureScale(SimplePiece):
    """A learned factor for each input: A = s ∗ X, so that useless inputs can be turned down."""

    n: int
    rate_factor: float = 6.0

    @property
    def n_in(self) -> int:
        """The number of inputs."""
        return self.n

    @property
    def n_out(self) -> int:
        """As many units as inputs."""
        return self.n

    @property
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """The factors, one for each input, starting at one; they do not decay."""
        return (ParameterSpec("feature_scale", (self.n,), lambda _: np.ones(self.n), self.rate_factor, decay=0.0),)

    def forward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """A = s ∗ X."""
        return [Operation("scale", (span.A_before, span.theta[0], span.A))]

    def input_backward(self, span: Span, dA_before: Place, columns: tuple[int, int]) -> list[Operation]:
        """dX = s ∗ dA."""
        part = (place.some_columns(*columns) for place in (span.dA, span.theta[0], dA_before))
        return [Operation("scale", tuple(part))]

    def gradients(self, span: Span, tile: tuple[int, int]) -> list[Gradient]:
        """ds = Σ over examples of dA ∗ X."""
        return [Gradient(0, 0, self.n, _written("scale_gradient", span.dA, span.A_before))]

    def onnx(self, arrays: Mapping[str, Array]) -> Onnx:
        """The product, (N, n)."""
        return {"s": float32(arrays["feature_scale"])}, "a = Mul(x, s)"


@dataclass(frozen=True)
class CategoryEmbedding(SimplePiece):
    """A learned vector for each category of some columns, in place of the code that tells which one a row has.

    Attributes
    ----------
    before : int
        Inputs that stand before all others.
    indicators : tuple of int
        How many indicators each column would have, in their order.
    above : int
        Columns with more indicators than this are told by one code, and embedded; the others are passed on.
    """

    before: int
    indicators: tuple[int, ...]
    above: int
    size: int = CATEGORY_SIZE

    @property
    def n_in(self) -> int:
        """All inputs."""
        return self.before + sum(1 if n > self.above else n for n in self.indicators)

    @property
    def n_out(self) -> int:
        """Embedded columns have `size` outputs."""
        return self.before + sum(self._width(n) for n in self.indicators)

    @property
    def sources(self) -> NDArray[np.int64]:
        """The entries of a category's vector tell of its code."""
        each = [np.repeat(np.arange(*source), 1 if number is None else self.size) for source, _, number in self.parts()]
        return np.concatenate(each)

    @property
    def rising(self) -> NDArray[np.bool_]:
        """What is passed on; the order of codes says nothing."""
        return np.concatenate([np.full(b - a, number is None) for _, (a, b), number in self.parts()])

    def _width(self, n: int) -> int:
        return self.size if n > self.above else n

    @property
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """E of each embedded column, (indicators, size), normal; they do not decay."""

        def spec(number: int, n: int) -> ParameterSpec:
            shape = (n, self.size)
            return ParameterSpec(
                f"category_embedding[{number}]", shape, lambda generator: generator.standard_normal(shape), decay=0.0
            )

        return tuple(spec(i, n) for i, n in enumerate(n for n in self.indicators if n > self.above))

    def parts(self) -> list[tuple[tuple[int, int], tuple[int, int], int | None]]:
        """Columns of the input, of the output, and which E is between them: None where they are passed on."""
        at_in, at_out, number = self.before, self.before, 0
        parts: list[tuple[tuple[int, int], tuple[int, int], int | None]] = [((0, at_in), (0, at_out), None)]
        for n in self.indicators:
            embedded, width = n > self.above, self._width(n)
            entries = 1 if embedded else n
            parts.append(((at_in, at_in + entries), (at_out, at_out + width), number if embedded else None))
            at_in, at_out, number = at_in + entries, at_out + width, number + embedded
        return parts

    def forward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """A: the rows of E that the codes name."""
        done = []
        for source, target, number in self.parts():
            X, A = span.A_before.some_columns(*source), span.A.some_columns(*target)
            if number is None:
                done += copied(X, A)
            else:
                E = span.theta[number]
                done.append(Operation("embed", (X, E.matrix(E.columns // self.size, self.size), A)))
        return done

    def input_backward(self, span: Span, dA_before: Place, columns: tuple[int, int]) -> list[Operation]:
        """dX = dA; a code has no derivative."""
        done = []
        for source, target, number in self.parts():
            dX, dA = dA_before.some_columns(*source), span.dA.some_columns(*target)
            if number is None:
                done += copied(dA, dX)
            else:
                done.append(Operation("fill", (dX,)))
        return done

    def gradients(self, span: Span, tile: tuple[int, int]) -> list[Gradient]:
        """dE: Σ of dA over the examples that have each category."""
        return [self._gradient(span, *part) for part in self.parts() if part[2] is not None]

    def _gradient(self, span: Span, source: tuple[int, int], target: tuple[int, int], number: int | None) -> Gradient:
        X, dA = span.A_before.some_columns(*source), span.dA.some_columns(*target)
        assert number is not None
        size = span.theta[number].columns

        def dE(out: Place) -> list[Operation]:
            return [Operation("embed_backward", (X, dA, out.matrix(size // self.size, self.size)))]

        return Gradient(number, 0, size, dE)

    def onnx(self, arrays: Mapping[str, Array]) -> Onnx:
        """The rows of E side by side; the code −1 names one more row, of zeros."""
        constants, nodes, parts = {"flat": np.array([-1, self.size])}, [], []
        for i, ((first, stop), _, number) in enumerate(self.parts()):
            if first == stop:
                continue
            constants[f"places_{i}"] = np.arange(first, stop)
            nodes.append(f"part_{i} = Gather <axis = 1> (x, places_{i})")
            parts.append(f"part_{i}")
            if number is not None:
                constants[f"E_{i}"] = float32(np.pad(arrays[f"category_embedding[{number}]"], ((0, 1), (0, 0))))
                nodes.append(
                    f"codes_{i} = Cast <to = 7> (part_{i}) rows_{i} = Gather <axis = 0> (E_{i}, codes_{i}) "
                    f"embedded_{i} = Reshape(rows_{i}, flat)"
                )
                parts[-1] = f"embedded_{i}"
        return constants, f"{' '.join(nodes)} a = Concat <axis = 1> ({', '.join(parts)})"


@dataclass(frozen=True)
class Members(SimplePiece):
    """k members that share the layers: each sees inputs through factors of its own, A = r_i ∗ X, and has its own head.

    Rows of the output: all examples as the first member sees them, then as the second one does. The members' losses are
    averaged in training and their scores in use.
    """

    n: int
    k: int

    @property
    def n_in(self) -> int:
        """The number of inputs."""
        return self.n

    @property
    def n_out(self) -> int:
        """As many units as inputs."""
        return self.n

    @property
    def copies(self) -> int:
        """k rows for each example."""
        return self.k

    @property
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """The factors of each member, (k, n), normal; they do not decay."""
        shape = (self.k, self.n)
        return (ParameterSpec("member_scale", shape, lambda generator: generator.standard_normal(shape), decay=0.0),)

    def _each(self, span: Span) -> list[tuple[Place, Place, Place]]:
        """A, dA and factors of each member."""
        m = span.A_before.rows
        return [
            (
                span.A.some_rows(i * m, (i + 1) * m),
                span.dA.some_rows(i * m, (i + 1) * m),
                span.theta[0].some_columns(i * self.n, (i + 1) * self.n),
            )
            for i in range(self.k)
        ]

    def forward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """A = r_i ∗ X for each member i."""
        return [Operation("scale", (span.A_before, r, A)) for A, _, r in self._each(span)]

    def input_backward(self, span: Span, dA_before: Place, columns: tuple[int, int]) -> list[Operation]:
        """dX = Σ_i r_i ∗ dA of member i."""
        return [
            Operation("scale_add" if i else "scale", (dA, r, dA_before))
            for i, (_, dA, r) in enumerate(self._each(span))
        ]

    def gradients(self, span: Span, tile: tuple[int, int]) -> list[Gradient]:
        """dr_i = Σ over examples of dA ∗ X."""
        return [
            Gradient(0, i * self.n, (i + 1) * self.n, _written("scale_gradient", dA, span.A_before))
            for i, (_, dA, _) in enumerate(self._each(span))
        ]

    def onnx(self, arrays: Mapping[str, Array]) -> Onnx:
        """(N, n) becomes (k, N, n)."""
        return {"r": float32(arrays["member_scale"][:, None])}, "a = Mul(x, r)"

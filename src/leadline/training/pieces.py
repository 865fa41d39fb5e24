"""Pieces: what may stand between a table's inputs and layer 1, one block each, all with the contract of `blocks`.

Numbers come first among the inputs; indicators (zeros and ones) follow, column by column. A piece that works on some
inputs passes the others on. In the order in which they stand: an embedding of numbers, an embedding of categories, a
learned scale for each feature, and the parting into members. L counts none of them. Beside the contract of blocks a
piece says what it is in ONNX, so that a new one is written here and exported without another word.

Sources: RealMLP (Holzmüller et al. 2024, arXiv 2407.04491) for the scale and the periodic embedding; Gorishniy et
al. 2022 (arXiv 2203.05556) for both embeddings of numbers; TabM (Gorishniy et al. 2024, arXiv 2410.24210) for members.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.training.blocks import Gradient, Onnx, ParameterSpec, Piece, Span
from leadline.training.program import Layout, Operation, Place

__all__ = [
    "NUMBER_EMBEDDINGS",
    "CategoryEmbedding",
    "FeatureScale",
    "Inputs",
    "Members",
    "PeriodicEmbedding",
    "PiecewiseLinear",
]

Array = NDArray[Any]

# Entries of an embedded category.
CATEGORY_SIZE = 8


class Inputs(NamedTuple):
    """What a table tells of a row: so many numbers, then so many indicators of each column that has some."""

    numbers: int
    indicators: tuple[int, ...] = ()

    def rest(self, coded_above: float) -> int:
        """Inputs beside the numbers, where a column with more indicators than that is told by one code."""
        return sum(1 if n > coded_above else n for n in self.indicators)


class _Piece:
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

    def extra(self, layout: Layout, m: int, backward: bool) -> tuple[Place, ...]:
        """Nothing."""
        return ()

    def tiles(self, m: int) -> list[tuple[int, int]]:
        """One."""
        return [(0, self.n_out)]

    def own_backward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """Nothing."""
        return []


def _float32(array: Array) -> Array:
    return np.asarray(array, np.float32)


def _after_numbers(p: int, n: int, constants: dict[str, Array], nodes: str, made: str) -> Onnx:
    """ONNX nodes that make `made` of the first p of n inputs, `numbers`, and what they need to pass the others on."""
    constants["number_places"] = np.arange(p)
    text = f"numbers = Gather <axis = 1> (x, number_places) {nodes}"
    if p == n:
        return constants, f"{text} a = Concat <axis = 1> ({made})"
    constants["rest_places"] = np.arange(p, n)
    return constants, f"{text} rest = Gather <axis = 1> (x, rest_places) a = Concat <axis = 1> ({made}, rest)"


def _written(kernel: str, *places: Place) -> Callable[[Place], list[Operation]]:
    """One operation whose last place is where the gradient is wanted."""
    return lambda out: [Operation(kernel, (*places, out))]


def _copied(source: Place, target: Place) -> list[Operation]:
    """The operation that copies one place to another, if there is anything in them."""
    return [Operation("copy", (source, target))] if source.columns else []


@dataclass(frozen=True)
class FeatureScale(_Piece):
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
        return {"s": _float32(arrays["feature_scale"])}, "a = Mul(x, s)"


@dataclass(frozen=True)
class PeriodicEmbedding(_Piece):
    """For each of p numbers x: x itself and q mixtures of cosines, b + Σ_k V_k cos 2π(w_k x + c_k).

    Frequencies w, phases c (in turns) and mixtures V, b are the number's own. The output is x of all numbers, then the
    mixtures number by number, then the `rest` of the inputs. In between examples are columns, so that loops are long.
    """

    p: int
    rest: int
    frequencies: int = 16
    mixtures: int = 3
    deviation: float = 0.3

    @property
    def n_in(self) -> int:
        """p and the rest."""
        return self.p + self.rest

    @property
    def n_out(self) -> int:
        """Each number, its mixtures, and the rest."""
        return self.p * (1 + self.mixtures) + self.rest

    @property
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """w (p, k) normal, c (p, k) uniform over a turn, V (p, k, q) and b (p, q) uniform within ±1/√k."""
        p, k, q = self.p, self.frequencies, self.mixtures

        def uniform(bound: float, shape: tuple[int, ...]) -> Callable[[np.random.Generator], Array]:
            return lambda generator: generator.uniform(-bound, bound, shape)

        deviation, bound = self.deviation, 1.0 / np.sqrt(k)
        return (
            ParameterSpec("frequency", (p, k), lambda g: deviation * g.standard_normal((p, k)), decay=0.0),
            ParameterSpec("phase", (p, k), uniform(0.5, (p, k)), decay=0.0),
            ParameterSpec("mixture", (p, k, q), uniform(bound, (p, k, q)), decay=0.0),
            ParameterSpec("mixture_bias", (p, q), uniform(bound, (p, q)), decay=0.0),
        )

    def extra(self, layout: Layout, m: int, backward: bool) -> tuple[Place, ...]:
        """Rows for what has the examples in columns: x, cosines, mixtures; and for a backward pass dangle and ones."""
        waves = self.p * self.frequencies
        own = tuple(layout.matrix(1, n * m) for n in (self.p, waves, self.p * self.mixtures))
        return (*own, layout.matrix(1, waves * m), layout.constants(np.ones(m))) if backward else own

    def _parts(self, place: Place) -> tuple[Place, Place, Place]:
        """Of an output the numbers, the mixtures and the rest."""
        mixed = self.p * (1 + self.mixtures)
        return (
            place.some_columns(0, self.p),
            place.some_columns(self.p, mixed),
            place.some_columns(mixed, self.n_out),
        )

    def _in_columns(self, span: Span) -> list[Place]:
        """x (p, m), cosines (p k, m), mixtures (p q, m), and for a backward pass dangle (p k, m) and ones (1, m)."""
        m, waves = span.A.rows, self.p * self.frequencies
        rows = (self.p, waves, self.p * self.mixtures, waves, 1)
        return [place.matrix(n, m) for place, n in zip(span.extra, rows, strict=False)]

    def forward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """Cosines, mixtures, and the rest as it is."""
        x, (w, c, V, b) = span.A_before.some_columns(0, self.p), span.theta
        turned, cosines, mixed = self._in_columns(span)[:3]
        numbers, mixtures, rest = self._parts(span.A)
        return [
            Operation("transpose", (x, turned)),
            Operation("cosines", (turned, w, c, cosines)),
            Operation("mix", (cosines, V, b, mixed)),
            Operation("copy", (x, numbers)),
            Operation("transpose", (mixed, mixtures)),
            *_copied(span.A_before.some_columns(self.p, self.n_in), rest),
        ]

    def own_backward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """The gradient of the mixtures, in their place, and of the angles in turns."""
        w, c, V, _ = span.theta
        turned, _, mixed, angles, _ = self._in_columns(span)
        return [
            Operation("transpose", (self._parts(span.dA)[1], mixed)),
            Operation("mix_backward", (mixed, V, turned, w, c, angles)),
        ]

    def input_backward(self, span: Span, dA_before: Place, columns: tuple[int, int]) -> list[Operation]:
        """dx = dA of x itself + Σ_k w_k dangle_k; the rest as it is."""
        numbers, _, rest = self._parts(span.dA)
        own = dA_before.some_columns(0, self.p)
        return [
            Operation("cosines_input", (numbers, self._in_columns(span)[3], span.theta[0], own)),
            *_copied(rest, dA_before.some_columns(self.p, self.n_in)),
        ]

    def gradients(self, span: Span, tile: tuple[int, int]) -> list[Gradient]:
        """Sums over examples, as products: dw = dangle xᵀ, dc = dangle 1, dV = cos dmixᵀ, db = dmix 1."""
        k, q = self.frequencies, self.mixtures
        turned, cosines, mixed, angles, ones = self._in_columns(span)

        def each_number(a: Place, n: int, b: Place, r: int) -> Callable[[Place], list[Operation]]:
            """Number by number the product of n rows of a and r rows of b, examples summed."""

            def operations(out: Place) -> list[Operation]:
                return [
                    Operation(
                        "product",
                        (
                            a.some_rows(j * n, (j + 1) * n),
                            b.some_rows(j * r, (j + 1) * r),
                            out.some_columns(j * n * r, (j + 1) * n * r).matrix(n, r),
                        ),
                        numbers=(0, 1),
                    )
                    for j in range(self.p)
                ]

            return operations

        def summed(a: Place) -> Callable[[Place], list[Operation]]:
            return lambda out: [Operation("product", (a, ones, out.matrix(a.rows, 1)), numbers=(0, 1))]

        computed = (each_number(angles, k, turned, 1), summed(angles), each_number(cosines, k, mixed, q), summed(mixed))
        return [
            Gradient(i, 0, spec.size, operations)
            for i, (spec, operations) in enumerate(zip(self.parameters, computed, strict=True))
        ]

    def onnx(self, arrays: Mapping[str, Array]) -> Onnx:
        """Cosines of angles (N, p, k), in radians, and their mixtures."""
        turn = 2.0 * np.pi
        constants = {
            "w": _float32(turn * arrays["frequency"]),
            "c": _float32(turn * arrays["phase"]),
            "V": _float32(arrays["mixture"]),
            "b": _float32(arrays["mixture_bias"]),
            "axis": np.array([2]),
            "flat": np.array([-1, self.p * self.mixtures]),
        }
        nodes = """
            each = Unsqueeze(numbers, axis)
            product = Mul(each, w)
            angle = Add(product, c)
            cosine = Cos(angle)
            mixture = Einsum <equation = "npk,pkq->npq"> (cosine, V)
            mixed = Add(mixture, b)
            mixtures = Reshape(mixed, flat)
        """
        return _after_numbers(self.p, self.n_in, constants, nodes, "numbers, mixtures")


@dataclass(frozen=True)
class PiecewiseLinear(_Piece):
    """For each of p numbers x how far it has come through each of `bins`: clip((x − e_b) / (e_{b+1} − e_b), 0, 1).

    The edges e are quantiles of the training rows and stay as they are; a bin without width gives 0. The `rest` of the
    inputs is passed on.
    """

    p: int
    rest: int
    bins: int = 32

    @property
    def n_in(self) -> int:
        """p and the rest."""
        return self.p + self.rest

    @property
    def n_out(self) -> int:
        """One for each bin of each number, and the rest."""
        return self.p * self.bins + self.rest

    @property
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """The edges, (p, bins + 1): evenly spaced where there are no rows to take quantiles of."""
        even = np.tile(np.linspace(-1.0, 1.0, self.bins + 1), (self.p, 1))
        return (ParameterSpec("edges", even.shape, lambda _: even, 0.0, 0.0, self._quantiles),)

    def _quantiles(self, X: Array) -> Array:
        """Edges at values that fill a bin alone, and between as many of the other training values, (p, bins + 1)."""
        edges = np.zeros((self.p, self.bins + 1))
        for j in range(self.p):
            values, counts = np.unique(X[:, j], return_counts=True)
            common = values[counts > len(X) / self.bins]
            others = X[~np.isin(X[:, j], common), j]
            room = self.bins + 1 - len(common)
            known = np.union1d(common, np.quantile(others, np.linspace(0.0, 1.0, room)) if len(others) else [])
            # bins that are left over have no width
            edges[j] = np.concatenate([known, np.full(self.bins + 1 - len(known), known[-1])])
        return edges

    def forward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """The shares of the bins, and the rest as it is."""
        binned = self.p * self.bins
        return [
            Operation("bins", (span.A_before.some_columns(0, self.p), span.theta[0], span.A.some_columns(0, binned))),
            *_copied(span.A_before.some_columns(self.p, self.n_in), span.A.some_columns(binned, self.n_out)),
        ]

    def input_backward(self, span: Span, dA_before: Place, columns: tuple[int, int]) -> list[Operation]:
        """dx = Σ over bins that x is inside of dA / width; the rest as it is."""
        binned = self.p * self.bins
        x, own = (place.some_columns(0, self.p) for place in (span.A_before, dA_before))
        return [
            Operation("bins_input", (span.dA.some_columns(0, binned), x, span.theta[0], own)),
            *_copied(span.dA.some_columns(binned, self.n_out), dA_before.some_columns(self.p, self.n_in)),
        ]

    def gradients(self, span: Span, tile: tuple[int, int]) -> list[Gradient]:
        """None: the edges stay."""
        return []

    def onnx(self, arrays: Mapping[str, Array]) -> Onnx:
        """The shares (N, p, bins)."""
        edges = arrays["edges"]
        widths = np.diff(edges, axis=1)
        constants = {
            "low": _float32(edges[:, :-1]),
            "width": _float32(np.where(widths > 0, widths, np.inf)),
            "none": _float32(np.zeros(())),
            "all": _float32(np.ones(())),
            "axis": np.array([2]),
            "flat": np.array([-1, self.p * self.bins]),
        }
        nodes = """
            each = Unsqueeze(numbers, axis)
            difference = Sub(each, low)
            share = Div(difference, width)
            clipped = Clip(share, none, all)
            shares = Reshape(clipped, flat)
        """
        return _after_numbers(self.p, self.n_in, constants, nodes, "shares")


@dataclass(frozen=True)
class CategoryEmbedding(_Piece):
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
                done += _copied(X, A)
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
                done += _copied(dA, dX)
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
                constants[f"E_{i}"] = _float32(np.pad(arrays[f"category_embedding[{number}]"], ((0, 1), (0, 0))))
                nodes.append(
                    f"codes_{i} = Cast <to = 7> (part_{i}) rows_{i} = Gather <axis = 0> (E_{i}, codes_{i}) "
                    f"embedded_{i} = Reshape(rows_{i}, flat)"
                )
                parts[-1] = f"embedded_{i}"
        return constants, f"{' '.join(nodes)} a = Concat <axis = 1> ({', '.join(parts)})"


@dataclass(frozen=True)
class Members(_Piece):
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
        return {"r": _float32(arrays["member_scale"][:, None])}, "a = Mul(x, r)"


# What a number may become, by the name that it is chosen by; made for so many numbers and other inputs.
NUMBER_EMBEDDINGS: Mapping[str, Callable[[int, int], Piece]] = MappingProxyType(
    {"periodic": PeriodicEmbedding, "piecewise_linear": PiecewiseLinear}
)

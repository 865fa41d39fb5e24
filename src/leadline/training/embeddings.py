"""Embeddings of numbers: what a number becomes before layer 1, one piece each; see `pieces`.

Sources: RealMLP (Holzmüller et al. 2024, arXiv 2407.04491) for the periodic embedding, Gorishniy et al. 2022 (arXiv
2203.05556) for both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.training.blocks import Gradient, Onnx, ParameterSpec, Piece, Span
from leadline.training.pieces import SimplePiece, copied, float32
from leadline.training.program import Layout, Operation, Place

__all__ = ["NUMBER_EMBEDDINGS", "PeriodicEmbedding", "PiecewiseLinear"]

Array = NDArray[Any]

# Bins of a number, and shares of all numbers together, that a network with fine bins has at most, but for so many bins
# as others have: they cost time in proportion, and more gained nothing (benchmarks/README.md, "Jumps").
FINE_BINS, SHARES = 128, 1024
# Bins are wider than this, as a share of their ends, which float32 knows to 1e-7 or so.
NARROWEST = 1e-5


def _after_numbers(p: int, n: int, constants: dict[str, Array], nodes: str, made: str) -> Onnx:
    """ONNX nodes that make `made` of the first p of n inputs, `numbers`, and what they need to pass the others on."""
    constants["number_places"] = np.arange(p)
    text = f"numbers = Gather <axis = 1> (x, number_places) {nodes}"
    if p == n:
        return constants, f"{text} a = Concat <axis = 1> ({made})"
    constants["rest_places"] = np.arange(p, n)
    return constants, f"{text} rest = Gather <axis = 1> (x, rest_places) a = Concat <axis = 1> ({made}, rest)"


@dataclass(frozen=True)
class PeriodicEmbedding(SimplePiece):
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
    def sources(self) -> NDArray[np.int64]:
        """The numbers, for each of them its mixtures, the rest."""
        numbers = np.arange(self.p)
        return np.concatenate([numbers, np.repeat(numbers, self.mixtures), np.arange(self.p, self.n_in)])

    @property
    def rising(self) -> NDArray[np.bool_]:
        """All but the mixtures."""
        found = np.ones(self.n_out, bool)
        found[self.p : self.p * (1 + self.mixtures)] = False
        return found

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
            *copied(span.A_before.some_columns(self.p, self.n_in), rest),
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
            *copied(rest, dA_before.some_columns(self.p, self.n_in)),
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
            "w": float32(turn * arrays["frequency"]),
            "c": float32(turn * arrays["phase"]),
            "V": float32(arrays["mixture"]),
            "b": float32(arrays["mixture_bias"]),
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
class PiecewiseLinear(SimplePiece):
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
    def sources(self) -> NDArray[np.int64]:
        """For each number its bins, and the rest."""
        return np.concatenate([np.repeat(np.arange(self.p), self.bins), np.arange(self.p, self.n_in)])

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
            # edges that rounding parts are one: a bin between them would be a step, whose side rounding decides
            known = known[np.diff(known, prepend=-np.inf) > NARROWEST * np.abs(known)]
            # bins that are left over have no width
            edges[j] = np.concatenate([known, np.full(self.bins + 1 - len(known), known[-1])])
        return edges

    def forward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """The shares of the bins, and the rest as it is."""
        binned = self.p * self.bins
        return [
            Operation("bins", (span.A_before.some_columns(0, self.p), span.theta[0], span.A.some_columns(0, binned))),
            *copied(span.A_before.some_columns(self.p, self.n_in), span.A.some_columns(binned, self.n_out)),
        ]

    def input_backward(self, span: Span, dA_before: Place, columns: tuple[int, int]) -> list[Operation]:
        """dx = Σ over bins that x is inside of dA / width; the rest as it is."""
        binned = self.p * self.bins
        x, own = (place.some_columns(0, self.p) for place in (span.A_before, dA_before))
        return [
            Operation("bins_input", (span.dA.some_columns(0, binned), x, span.theta[0], own)),
            *copied(span.dA.some_columns(binned, self.n_out), dA_before.some_columns(self.p, self.n_in)),
        ]

    def gradients(self, span: Span, tile: tuple[int, int]) -> list[Gradient]:
        """None: the edges stay."""
        return []

    def onnx(self, arrays: Mapping[str, Array]) -> Onnx:
        """The shares (N, p, bins)."""
        edges = arrays["edges"]
        widths = np.diff(edges, axis=1)
        constants = {
            "low": float32(edges[:, :-1]),
            "width": float32(np.where(widths > 0, widths, np.inf)),
            "none": float32(np.zeros(())),
            "all": float32(np.ones(())),
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


def _fine_bins(p: int, rest: int) -> PiecewiseLinear:
    """Bins fine enough for targets that jump, fewer of them where there are many numbers; see FINE_BINS."""
    return PiecewiseLinear(p, rest, min(max(SHARES // max(p, 1), PiecewiseLinear.bins), FINE_BINS))


# What a number may become, by the name that it is chosen by; made for so many numbers and other inputs.
NUMBER_EMBEDDINGS: Mapping[str, Callable[[int, int], Piece]] = MappingProxyType(
    {
        "periodic": PeriodicEmbedding,
        "piecewise_linear": PiecewiseLinear,
        "fine_piecewise_linear": partial(PiecewiseLinear, bins=64),
        "fine_bins": _fine_bins,
    }
)

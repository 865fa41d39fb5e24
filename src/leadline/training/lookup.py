"""Layer 1 right behind bins: looked up instead of multiplied out.

Of a number's piecewise-linear shares all are one below the bin that it is in and zero above, so their product with W[1]
is a sum over bins, kept in a table that is made once a step: a number costs two of its rows, whatever the bins. The
same parameters, the same function and the same gradients as those of the blocks that stand here for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from leadline.network import activation
from leadline.training.blocks import Dense, Gradient, Head, ParameterSpec, Piece, Span
from leadline.training.embeddings import PiecewiseLinear
from leadline.training.pieces import CategoryEmbedding, FeatureScale
from leadline.training.program import Layout, Operation, Place

__all__ = ["LookedUp", "looked_up"]

# What a row that is looked up takes, in multiply-adds for each of its numbers (benchmarks/README.md, "A step").
LOOKUP_COST = 4


def looked_up(pieces: Sequence[Piece], dense: Dense) -> "LookedUp | None":
    """The pieces and layer 1 in one, where bins come first and each example has one row."""
    bins = pieces[0] if pieces else None
    if not isinstance(bins, PiecewiseLinear) or dense.copies > 1:
        return None
    categories = next((piece for piece in pieces if isinstance(piece, CategoryEmbedding)), None)
    scale = next((piece for piece in pieces if isinstance(piece, FeatureScale)), None)
    found = LookedUp(bins, categories, scale, dense)
    return found if list(pieces) == found.parts else None


@dataclass(frozen=True)
class LookedUp:
    """Bins, an embedding of categories, a learned scale (where there are these two), and layer 1.

    W[1] stands feature by feature in the vector of parameters, so that what is looked up is a row.
    """

    bins: PiecewiseLinear
    categories: CategoryEmbedding | None
    scale: FeatureScale | None
    dense: Dense

    @property
    def n_in(self) -> int:
        """The inputs of the bins."""
        return self.bins.n_in

    @property
    def n_out(self) -> int:
        """n[1]."""
        return self.dense.n_out

    @property
    def copies(self) -> int:
        """One row for each example."""
        return 1

    @property
    def output(self) -> str:
        """That of layer 1."""
        return self.dense.output

    @property
    def parts(self) -> list[Piece]:
        """What stands before layer 1."""
        parts: list[Piece | None] = [self.bins, self.categories, self.scale]
        return [part for part in parts if part]

    @property
    def _binned(self) -> int:
        """Features that are shares of bins."""
        return self.bins.p * self.bins.bins

    @property
    def saved(self) -> int:
        """Multiply-adds of one example's way forward that looking up saves, of one for each parameter."""
        return max(self._binned - 2 * self.bins.p * LOOKUP_COST, 0) * self.n_out

    @property
    def _rest(self) -> int:
        """Features that are not, as they enter layer 1."""
        return self.dense.n_in - self._binned

    @property
    def _others(self) -> list[Piece]:
        """What the inputs that are no numbers go through before layer 1."""
        found: list[Piece] = []
        if self.categories:
            found.append(replace(self.categories, before=self.categories.before - self._binned))
        if self.scale:
            found.append(replace(self.scale, n=self._rest))
        return found if self._rest else []

    @property
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """Those of all parts, in their order."""
        W, b = self.dense.parameters
        return (*(spec for part in self.parts for spec in part.parameters), replace(W, order="F"), b)

    def extra(self, layout: Layout, m: int, backward: bool) -> tuple[Place, ...]:
        """What `_Own` names, then for each part that the rest goes through its output and the gradient of that."""
        n, p, binned = self.n_out, self.bins.p, self._binned
        needs_z = activation(self.dense.activation).needs_z

        def room(wanted: bool, rows: int, columns: int) -> Place:
            return layout.matrix(rows, columns) if wanted else layout.matrix(1, 0)

        return (
            *_Own(
                db=room(backward, 1, n),
                Z=room(backward and needs_z, m, n),
                positions=layout.matrix(1, 2 * p * m),
                table=layout.matrix(1, binned * n),
                ones=layout.constants(np.ones(n if self.scale else binned)),
                order=room(backward, 1, m + self.bins.bins + 1),
                dW=room(backward, 1, binned * n),
                dscale=room(backward, 1, binned),
            ),
            *(
                place
                for part in self._others
                for place in (layout.matrix(m, part.n_out), room(backward, m, part.n_out))
            ),
        )

    def tiles(self, m: int) -> list[tuple[int, int]]:
        """One."""
        return [(0, self.n_out)]

    def forward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """Z = sums of looked-up rows + (rest) Wᵀ + b, and A = g(Z)."""
        own, x, edges = self._own(span), span.A_before.some_columns(0, self.bins.p), span.theta[0]
        W, W_rest, scale = self._weights(span, own)
        others, rest = self._rest_of(span)
        done = [
            Operation("find_bins", (x, edges, own.positions)),
            Operation("bins_table", (W, scale, own.table), numbers=(self.bins.bins,)),
        ]
        for part, inner in others:
            done += part.forward(inner, (0, part.n_out), dropout)
        if self._rest:
            done.append(Operation("product", (rest, W_rest, own.Z), numbers=(0, 0)))
        adds = int(self._rest > 0)
        done.append(Operation("look_up", (own.positions, own.table, own.Z), numbers=(self.bins.bins, adds)))
        return [*done, *self.dense.activated(_head(span, own), span.settings, tile, dropout)]

    def own_backward(self, span: Span, tile: tuple[int, int], dropout: bool) -> list[Operation]:
        """dZ in the place of dA, db, the gradients of the rows of W and of the scale, and dA of the rest."""
        own = self._own(span)
        W, W_rest, scale = self._weights(span, own)
        done = self.dense.differentiated(_head(span, own), span.settings, tile, dropout)
        order, dW = own.order.some_columns(0, span.A.rows + self.bins.bins + 1), own.dW.matrix(W.rows, W.columns)
        # the table has served its turn
        places = (own.positions, span.dA, order, W, scale, dW, own.table)
        done.append(Operation("look_up_backward", places, numbers=(self.bins.bins,)))
        if self.scale:
            summed = (own.table, own.ones.some_columns(0, self.n_out), own.dscale.matrix(W.rows, 1))
            done.append(Operation("product", summed, numbers=(0, 1)))
        others, _ = self._rest_of(span)
        for i in reversed(range(len(others))):
            part, inner = others[i]
            if i == len(others) - 1:
                done.append(Operation("product", (span.dA, W_rest, inner.dA), numbers=(0, 1)))
            if i:
                done += part.input_backward(inner, others[i - 1][1].dA, (0, part.n_in))
        return done

    def input_backward(self, span: Span, dA_before: Place, columns: tuple[int, int]) -> list[Operation]:
        """Nothing: no block stands before this one."""
        raise NotImplementedError

    def gradients(self, span: Span, tile: tuple[int, int]) -> list[Gradient]:
        """What is there already, dW of the rest, and what the parts of the rest have."""
        own, size = self._own(span), self._binned * self.n_out
        others, rest = self._rest_of(span)
        found, at = [], len(self.bins.parameters)
        for part, inner in others:
            if isinstance(part, CategoryEmbedding):
                found += [one._replace(spec=at + one.spec) for one in part.gradients(inner, (0, part.n_out))]
                at += len(part.parameters)
        if self.scale:
            found.append(Gradient(at, 0, self._binned, own.dscale))
            for part, inner in others:
                if isinstance(part, FeatureScale):
                    (one,) = part.gradients(inner, (0, part.n_out))
                    found.append(Gradient(at, self._binned, self._binned + one.stop, one.found))
            at += 1
        found.append(Gradient(at, 0, size, own.dW))
        if self._rest:

            def dW(out: Place) -> list[Operation]:
                return [Operation("product", (rest, span.dA, out.matrix(self._rest, self.n_out)), numbers=(1, 0))]

            found.append(Gradient(at, size, size + self._rest * self.n_out, dW))
        return [*found, Gradient(at + 1, 0, self.n_out, own.db)]

    def _own(self, span: Span) -> "_Own":
        """The places that the layer asked for, as matrices."""
        own, n = _Own(*span.extra[: len(_Own._fields)]), self.n_out
        return own._replace(
            Z=own.Z if own.Z.columns else span.A,
            positions=own.positions.matrix(2 * self.bins.p, span.A.rows),
            table=own.table.matrix(self._binned, n),
        )

    def _weights(self, span: Span, own: "_Own") -> tuple[Place, Place, Place]:
        """Wᵀ of the bins, Wᵀ of the rest, and the scale of the bins, or ones."""
        W = span.theta[-2].matrix(self.dense.n_in, self.n_out)
        scale = span.theta[-3].some_columns(0, self._binned) if self.scale else own.ones
        return W.some_rows(0, self._binned), W.some_rows(self._binned, self.dense.n_in), scale

    def _rest_of(self, span: Span) -> tuple[list[tuple[Piece, Span]], Place]:
        """What the inputs that are no numbers go through, each with its places, and what enters layer 1 in the end."""
        rest = span.A_before.some_columns(self.bins.p, self.n_in)
        places, found = iter(span.extra[len(_Own._fields) :]), []
        for part in self._others:
            theta: tuple[Place, ...]
            if isinstance(part, FeatureScale):
                theta = (span.theta[-3].some_columns(self._binned, self.dense.n_in),)
            else:
                theta = span.theta[len(self.bins.parameters) :][: len(part.parameters)]
            A, dA = next(places), next(places)
            found.append((part, Span(theta, rest, A, dA, (), span.settings)))
            rest = A
        return found, rest


class _Own(NamedTuple):
    """db; Z where g′ reads it; where each number is among its bins; the table; ones, to sum with or in place of a
    scale; room for the examples in the order of their bins; and the gradients of W and the scale, of what is in bins.
    """

    db: Place
    Z: Place
    positions: Place
    table: Place
    ones: Place
    order: Place
    dW: Place
    dscale: Place


def _head(span: Span, own: _Own) -> Head:
    """The places of layer 1 as its activation takes them."""
    return Head(span.theta[-2], span.theta[-1], own.db, span.A_before, own.Z, span.A, span.dA)

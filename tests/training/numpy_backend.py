"""A second backend, in plain NumPy: it shows that the seam holds and what every operation means. Only for tests."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from leadline.network import ACTIVATIONS, OPTIMISERS, loss
from leadline.training.population import Blueprint, Steps, go_on
from leadline.training.program import SETTINGS, Operation, Place


def view(memory: np.ndarray, place: Place) -> np.ndarray:
    """A place as a matrix that can be written to."""
    size = memory.itemsize
    return np.lib.stride_tricks.as_strided(
        memory[place.offset :], (place.rows, place.columns), (place.stride * size, size)
    )


def dropped(key: int, elements: np.ndarray, threshold: int) -> np.ndarray:
    # the first step has 64 bits
    wide = np.uint64(key) ^ (elements.astype(np.uint64) * np.uint64(0x9E3779B1))
    wide ^= wide >> np.uint64(16)
    h = (wide * np.uint64(0x7FEB352D)).astype(np.uint32)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x846CA68B)
    h ^= h >> np.uint32(16)
    return h < threshold


class NumpyBackend:
    """Takes one step after the other, one operation after the other."""

    tiled = True

    def run(
        self,
        blueprint: Blueprint,
        memory: Sequence[np.ndarray],
        steps: Sequence[Steps],
        threads: int = 1,
        check: Callable[[], None] = go_on,
    ) -> list[float]:
        return [self.run_one(blueprint, own, network, check) for own, network in zip(memory, steps, strict=True)]

    def run_one(self, blueprint: Blueprint, memory: np.ndarray, steps: Steps, check: Callable[[], None]) -> float:
        total, n = 0.0, len(steps.settings)
        for s in range(n):
            check()
            start = s * steps.batch_size
            rows = steps.rows[start:] if s == n - 1 else steps.rows[start : start + steps.batch_size]
            view(memory, blueprint.settings)[0, : steps.settings.shape[1]] = steps.settings[s]
            for operation in blueprint.program(len(rows), steps.deliver).operations:
                out = None if steps.out is None else steps.out[start : start + len(rows)]
                self.operate(operation, memory, steps.examples, out, rows, steps.keys[s])
            if steps.deliver is None:
                total += float(memory[blueprint.loss.offset]) * len(rows)
        return total / len(steps.rows)

    def operate(self, op: Operation, memory: np.ndarray, examples: Any, out: Any, rows: np.ndarray, keys: Any) -> None:
        places = [view(memory, place) for place in op.places]
        if op.kernel == "deliver":
            out[:] = places[0].reshape(op.numbers[0], len(rows), -1).mean(axis=0)
        else:
            getattr(self, op.kernel)(op, places, examples, rows, keys)

    def gather(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        places[0][:] = examples.X[rows]

    def gather_targets(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        places[0][:], places[1][:] = examples.Y[rows], examples.w[rows]

    def encode(self, op: Any, places: Any, table: Any, rows: Any, keys: Any) -> None:
        (out,), lens, numbers, codes = places, table.lens, table.rows.numbers[rows], table.rows.codes[rows]
        u = (np.where(np.isnan(numbers), lens.fill, numbers) - lens.center) / lens.scale
        u = np.clip(u, -lens.farthest, lens.farthest)
        parts = [u / np.sqrt(1 + (u / lens.clip) ** 2)]
        for column, told in lens.statistics:
            parts.append(told[table.parts[rows], codes[:, column] + 1])
        for kind, column, width, rare in lens.groups:
            if kind == 0:
                parts.append(np.isnan(numbers[:, column, None]))
                continue
            places = np.where(codes[:, column, None] < width, codes[:, column, None], rare)
            parts.append(places == np.arange(width) if kind == 1 else places)
        out[:] = np.concatenate(parts, axis=1)

    def encode_targets(self, op: Any, places: Any, table: Any, rows: Any, keys: Any) -> None:
        (out, weights), lens, Y = places, table.lens, table.rows.Y[rows]
        if lens.one_hot:
            Y = np.arange(out.shape[1]) == Y
        out[:] = (Y - lens.target_center) / lens.target_scale
        weights[:] = table.rows.w[rows]

    def embed(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        code, E, out = places
        out[:] = np.where(code < 0, 0, E[code[:, 0].astype(int)])

    def embed_backward(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        code, dA, dE = places
        dE[:] = 0
        known = code[:, 0] >= 0
        np.add.at(dE, code[known, 0].astype(int), dA[known])

    def fill(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        places[0][:] = 0

    def copy(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        a, out = places
        out[:] = a

    def product(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        A, B, out = places
        out[:] = (A.T if op.numbers[0] else A) @ (B.T if op.numbers[1] else B)

    outer = product

    def scale(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        a, s, out = places
        out[:] = a * s

    def scale_add(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        a, s, out = places
        out += a * s

    def scale_gradient(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        dA, a, ds = places
        ds[:] = (dA * a).sum(axis=0)

    def transpose(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        a, out = places
        out[:] = a.T

    def angles(self, x: np.ndarray, w: np.ndarray, c: np.ndarray) -> np.ndarray:
        """In radians, (p k, m)."""
        repeated = np.repeat(x, w.size // len(x), axis=0)
        return 2 * np.pi * (repeated * w.T + c.T)

    def cosines(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        x, w, c, out = places
        out[:] = np.cos(self.angles(x, w, c))

    def mix(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        cosine, V, b, out = places
        q = V.size // len(cosine)
        p = b.size // q
        mixed = np.einsum("pkm,pkq->pqm", cosine.reshape(p, -1, cosine.shape[1]), V.reshape(p, -1, q))
        out[:] = mixed.reshape(out.shape) + b.T

    def mix_backward(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        dA, V, x, w, c, out = places
        p, m = x.shape
        q = len(dA) // p
        d = np.einsum("pqm,pkq->pkm", dA.reshape(p, q, m), V.reshape(p, -1, q)).reshape(out.shape)
        out[:] = d * -2 * np.pi * np.sin(self.angles(x, w, c))

    def cosines_input(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        a, d, w, out = places
        out[:] = a + (d * w.T).reshape(a.shape[1], -1, len(a)).sum(axis=1).T

    def bins(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        x, edges, out = places
        out[:] = self.shares(x, edges)[0].reshape(len(x), -1)

    def bins_input(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        dA, x, edges, out = places
        shares, slopes = self.shares(x, edges)
        inside = (shares > 0) & (shares < 1)
        out[:] = (dA.reshape(shares.shape) * inside * slopes).sum(axis=2)

    def shares(self, x: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Shares of the bins, (m, p, bins), and their slopes where they are inside."""
        edges = edges.reshape(x.shape[1], -1)
        width = np.diff(edges, axis=1)
        slopes = np.divide(1.0, width, out=np.zeros_like(width), where=width > 0)
        return np.clip((x[:, :, None] - edges[:, :-1]) * slopes, 0, 1), slopes

    def find_bins(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        x, edges, out = places
        # the bins together say how many edges x has passed
        passed = self.shares(x, edges)[0].sum(axis=2).T
        within = np.clip(np.ceil(passed) - 1, 0, None)
        out[:] = np.concatenate([within, passed - within])

    def bins_table(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        W, s, out = places
        out[:] = np.cumsum((W * s.T).reshape(-1, op.numbers[0], W.shape[1]), axis=1).reshape(W.shape)

    def hats(self, positions: np.ndarray, n: int) -> np.ndarray:
        """How much each example has of each row of the table, (m, p B)."""
        p = len(positions) // 2
        found = np.zeros((positions.shape[1], p, n + 1), positions.dtype)
        i, j = np.meshgrid(np.arange(positions.shape[1]), np.arange(p), indexing="ij")
        b, share = positions[:p].T.astype(int), positions[p:].T
        found[i, j, b], found[i, j, b + 1] = 1 - share, share
        return found[:, :, 1:].reshape(len(found), -1)

    def look_up(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        positions, table, out = places
        n, adds = op.numbers
        out[:] = adds * np.nan_to_num(out) + self.hats(positions, n) @ table

    def look_up_backward(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        positions, dZ, _, W, s, dW, terms = places
        (n,) = op.numbers
        rows_of = (self.hats(positions, n).T @ dZ).reshape(-1, n, dZ.shape[1])
        by_scaled = np.cumsum(rows_of[:, ::-1], axis=1)[:, ::-1].reshape(W.shape)
        terms[:] = by_scaled * W
        dW[:] = by_scaled * s.T

    def activate(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        Z, b, A = places
        Z += b
        A[:] = ACTIVATIONS[op.owner].g(Z)

    def mask(self, op: Any, shape: tuple[int, int], keys: Any) -> np.ndarray:
        layer, first, n = op.numbers
        elements = np.arange(shape[0])[:, None] * n + first + np.arange(shape[1])
        return ~dropped(keys[layer], elements, int(keys[0]))

    def activate_drop_out(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        self.activate(op, places[:3], examples, rows, keys)
        places[2][:] *= self.mask(op, places[2].shape, keys) * places[3][0, SETTINGS.index("scale")]

    def differentiate(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        dA, Z, A, db = places
        dA *= ACTIVATIONS[op.owner].g_prime(Z, A)
        db[:] = dA.sum(axis=0)

    def differentiate_drop_out(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        dA, Z, A, db, settings = places
        scale = settings[0, SETTINGS.index("scale")]
        dA *= self.mask(op, dA.shape, keys) * scale * ACTIVATIONS[op.owner].g_prime(Z, A / scale)
        db[:] = dA.sum(axis=0)

    def loss(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        Z, dZ, value, Y, w = places
        some = np.tile(np.arange(len(Y)), len(Z) // len(Y))
        own, y = loss(op.owner), Y[some].T
        share = w[0, some] / w[0, some].sum(dtype=float)
        value[:] = np.sum(share * own.value(Z.T, y))
        dZ[:] = (share * own.gradient(Z.T, y)).T

    def step(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        theta, gradient, m, v, settings, (factors,) = places
        s = dict(zip(SETTINGS, settings[0], strict=True))
        rate = s["rate"] * factors[0]
        names = ("beta_1", "rest_1", "beta_2", "rest_2", "epsilon", "correction_1", "correction_2")
        g = gradient + s["penalty"] * factors[1] * theta
        change, m[:], v[:] = OPTIMISERS[op.owner].step(g, m, v, rate, *(s[name] for name in names))
        theta[:] = theta - s["rate"] * s["decay"] * factors[1] * theta + change

    def limit(self, op: Any, places: Any, examples: Any, rows: Any, keys: Any) -> None:
        theta, low, high = places
        theta[:] = np.clip(theta, low, high)

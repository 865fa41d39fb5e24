"""The operations of a program on stacked arrays: P networks at once, as PyTorch tensors without autograd.

What `kernels` says of each operation's places and numbers holds here too; every place has one axis more in front, the
networks: (P, rows, columns), a view of their stacked memory. g, g′, losses and steps are the functions of
`leadline.network`, with tensors' functions in the place of NumPy's. Sums by code or by bin are products with zeros and
ones, because sums by scattered additions have other bits every time on a GPU.
"""

import math
import types
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from leadline.network import ElementwiseLoss, SoftmaxCrossEntropy, activation, loss, optimiser
from leadline.training.program import SETTINGS, Operation
from leadline.training.rows import Examples, Table

__all__ = ["KERNELS", "Networks", "Tensor", "Use", "inputs_of", "runs_on_host", "targets_of"]

Array = NDArray[Any]
Tensor = Any  # torch.Tensor, of which type checkers know where it is installed

SCALE_AT = SETTINGS.index("scale")
_TURN = 2.0 * math.pi
_32_BITS = 0xFFFFFFFF


class Networks(NamedTuple):
    """What the operations of a stack share besides its memory: (P, L) random keys, and (P, 1, 1) who still trains."""

    keys: Tensor
    alive: Tensor


class Use(NamedTuple):
    """An operation in its program: it, and what its stack shares."""

    operation: Operation
    networks: Networks

    @property
    def numbers(self) -> tuple[int, ...]:
        """The operation's own numbers."""
        return self.operation.numbers


# ---------------------------------------------------------------------------------------------------------------------
# The functions of `leadline.network` on tensors.


class _Numpy:
    """The functions of NumPy that the records use, on tensors. What is no number is found by the loss."""

    abs, sign, sqrt = torch.abs, torch.sign, torch.sqrt

    @staticmethod
    def maximum(a: Tensor, b: Any) -> Tensor:
        return torch.clamp(a, min=b)

    @staticmethod
    def minimum(a: Tensor, b: Any) -> Tensor:
        return torch.clamp(a, max=b)


_NAMES = {"np": _Numpy, "exp": torch.exp, "expm1": torch.expm1, "log1p": torch.log1p, "erf": torch.erf}


@cache
def _on_tensors(function: Any) -> Callable[..., Any]:
    """A function of a record, with tensors' functions under the names of NumPy's."""
    used = {name: function.__globals__[name] for name in function.__code__.co_names if name in function.__globals__}
    for name, value in used.items():
        if name in _NAMES:
            used[name] = _NAMES[name]
        elif isinstance(value, types.FunctionType):
            used[name] = _on_tensors(value)
    return types.FunctionType(function.__code__, used)


# ---------------------------------------------------------------------------------------------------------------------
# Examples.


def _each(values: Sequence[Any], like: Tensor) -> Tensor:
    """One array, or number, of each network as a tensor (P, 1, …)."""
    return torch.as_tensor(np.stack([np.asarray(value) for value in values])[:, None], device=like.device)


def _taken(arrays: Sequence[Array], rows: Tensor, placed: Callable[[Array], Tensor]) -> Tensor:
    """Some rows, (P, r), of each network's array, (P, r, …)."""
    if all(array is arrays[0] for array in arrays):
        return placed(arrays[0])[rows]
    return torch.stack([placed(array)[own] for array, own in zip(arrays, rows, strict=True)])


def inputs_of(
    examples: Sequence[Examples | Table], rows: Tensor, dtype: torch.dtype, placed: Callable[[Array], Tensor]
) -> Tensor:
    """What the kernels `gather` and `encode` write: the inputs of some rows, (P, r), of each network's examples.

    `placed` gives an array of the examples as a tensor on the device.
    """
    first = examples[0]
    if isinstance(first, Examples):
        return _taken([own.X for own in examples if isinstance(own, Examples)], rows, placed)
    tables = [own for own in examples if isinstance(own, Table)]
    lenses = [own.lens for own in tables]
    assert all(lens.groups == first.lens.groups for lens in lenses), "networks of one plan read the same columns"
    numbers = _taken([own.rows.numbers for own in tables], rows, placed)
    codes = _taken([own.rows.codes for own in tables], rows, placed)
    fill, center, scale = (_each([lens[i] for lens in lenses], rows).double() for i in range(3))
    farthest, clip = (_each([[lens[i]] for lens in lenses], rows).to(dtype) for i in (3, 4))
    missing = torch.isnan(numbers)
    u = ((torch.where(missing, fill, numbers.double()) - center) / scale).to(dtype)
    u = torch.maximum(torch.minimum(u, farthest), -farthest)
    parts = [u / torch.sqrt(1.0 + (u / clip) ** 2)]
    if first.lens.statistics:
        parts += [own.to(dtype) for own in _statistics(tables, rows, codes, placed)]
    for kind, column, width, rare in first.lens.groups:
        if kind == 0:
            parts.append(missing[..., column, None].to(dtype))
            continue
        places = codes[..., column, None]
        places = torch.where(places < width, places, rare)
        parts.append((places == torch.arange(width, device=codes.device) if kind == 1 else places).to(dtype))
    return torch.cat(parts, dim=2)


def _statistics(
    tables: Sequence[Table], rows: Tensor, codes: Tensor, placed: Callable[[Array], Tensor]
) -> list[Tensor]:
    """What statistics tell of some rows, whose codes are (P, r, c): (P, r, k) for each column that has some."""
    of_rows = _taken([own.parts for own in tables], rows, placed).long()
    told, found = [placed(own.statistics[1]) for own in tables], []
    for column, size, width, first in tables[0].statistics[0].T.tolist():
        places = first + (of_rows * size + codes[..., column].long() + 1) * width
        each = places[..., None] + torch.arange(width, device=codes.device)
        found.append(torch.stack([own[places] for own, places in zip(told, each, strict=True)]))
    return found


def targets_of(
    examples: Sequence[Examples | Table], rows: Tensor, dtype: torch.dtype, placed: Callable[[Array], Tensor]
) -> tuple[Tensor, Tensor]:
    """What `gather_targets` and `encode_targets` write: targets (P, r, n[L]) and weights (P, 1, r)."""
    w = _taken([own.w for own in examples], rows, placed).to(dtype)[:, None]
    if isinstance(examples[0], Examples):
        return _taken([own.Y for own in examples if isinstance(own, Examples)], rows, placed), w
    tables = [own for own in examples if isinstance(own, Table)]
    Y = _taken([own.rows.Y for own in tables], rows, placed)
    center = _each([own.lens.target_center for own in tables], rows)
    scale = _each([own.lens.target_scale for own in tables], rows)
    if tables[0].lens.one_hot:
        Y = (torch.arange(center.shape[2], device=Y.device) == Y).double()
    return ((Y - center) / scale).to(dtype), w


# ---------------------------------------------------------------------------------------------------------------------
# Kernels: each gets its use and the tensors of its places.


def _copy(use: Use, a: Tensor, out: Tensor) -> None:
    out.copy_(a)


def _fill(use: Use, out: Tensor) -> None:
    out.zero_()


def _limit(use: Use, theta: Tensor, low: Tensor, high: Tensor) -> None:
    torch.clamp(theta, low, high, out=theta)


def _product(use: Use, A: Tensor, B: Tensor, out: Tensor) -> None:
    torch.bmm(A.mT if use.numbers[0] else A, B.mT if use.numbers[1] else B, out=out)


def _outer(use: Use, a: Tensor, b: Tensor, out: Tensor) -> None:
    torch.mul(a, b, out=out)


def _scale_add(use: Use, a: Tensor, s: Tensor, out: Tensor) -> None:
    out.addcmul_(a, s)


def _scale_gradient(use: Use, dA: Tensor, a: Tensor, ds: Tensor) -> None:
    torch.sum(dA * a, 1, keepdim=True, out=ds)


def _transpose(use: Use, a: Tensor, out: Tensor) -> None:
    out.copy_(a.mT)


def _turns(x: Tensor, w: Tensor, c: Tensor) -> Tensor:
    """w x + c less the nearest whole number, (P, p, k, m)."""
    p = x.shape[1]
    t = x[:, :, None] * _by_number(w, p) + _by_number(c, p)
    return t - torch.round(t)


def _by_number(row: Tensor, p: int) -> Tensor:
    """A row of p k entries as (P, p, k, 1)."""
    return row.reshape(len(row), p, -1, 1)


def _cosines(use: Use, x: Tensor, w: Tensor, c: Tensor, out: Tensor) -> None:
    out.copy_(torch.cos(_TURN * _turns(x, w, c)).flatten(1, 2))


def _mix(use: Use, cosine: Tensor, V: Tensor, b: Tensor, out: Tensor) -> None:
    P, waves, m = cosine.shape
    q = V.shape[2] // waves
    p = b.shape[2] // q
    mixed = V.reshape(P, p, -1, q).mT @ cosine.reshape(P, p, -1, m)
    out.copy_(mixed.flatten(1, 2) + b.mT)


def _mix_backward(use: Use, dA: Tensor, V: Tensor, x: Tensor, w: Tensor, c: Tensor, out: Tensor) -> None:
    P, p, m = x.shape
    q = dA.shape[1] // p
    d = V.reshape(P, p, -1, q) @ dA.reshape(P, p, q, m)
    out.copy_((-_TURN * d * torch.sin(_TURN * _turns(x, w, c))).flatten(1, 2))


def _cosines_input(use: Use, a: Tensor, d: Tensor, w: Tensor, out: Tensor) -> None:
    P, m, p = a.shape
    torch.add(a, (d * w.mT).reshape(P, p, -1, m).sum(2).mT, out=out)


def _edges(edges: Tensor, p: int) -> tuple[Tensor, Tensor]:
    """Edges (P, 1, p, B + 1), and the widths between them, (P, 1, p, B)."""
    own = edges.reshape(len(edges), 1, p, -1)
    return own, own[..., 1:] - own[..., :-1]


def _bins(use: Use, x: Tensor, edges: Tensor, out: Tensor) -> None:
    own, width = _edges(edges, x.shape[2])
    share = (x[..., None] - own[..., :-1]) / torch.where(width > 0, width, 1.0)
    out.copy_(torch.where(width > 0, torch.clamp(share, 0.0, 1.0), 0.0).flatten(2))


def _bins_input(use: Use, dA: Tensor, x: Tensor, edges: Tensor, out: Tensor) -> None:
    own, width = _edges(edges, x.shape[2])
    inside = (own[..., :-1] < x[..., None]) & (x[..., None] < own[..., 1:])
    passed = dA.reshape(*x.shape, -1) / torch.where(inside, width, 1.0)
    torch.sum(torch.where(inside, passed, 0.0), 3, out=out)


def _find_bins(use: Use, x: Tensor, edges: Tensor, out: Tensor) -> None:
    p = x.shape[2]
    own, x = edges.reshape(len(edges), p, -1).contiguous(), x.mT.contiguous()
    # bins that are left over at the end have no width
    wide = torch.sum(own != own[..., -1:], 2, keepdim=True)
    here = torch.clamp(torch.minimum(torch.searchsorted(own, x), wide) - 1, min=0)
    low, high = own.gather(2, here), own.gather(2, here + 1)
    share = torch.where(wide > 0, torch.clamp((x - low) / (high - low), 0.0, 1.0), 0.0)
    out[:, :p] = here.to(out.dtype)
    out[:, p:] = share


def _so_far(W: Tensor, n: int, transposed: bool) -> Tensor:
    """Number by number the sums of the rows up to each of its n bins, or from it on."""
    upto = torch.ones(n, n, dtype=W.dtype, device=W.device).tril()
    P, rows, units = W.shape
    return ((upto.mT if transposed else upto) @ W.reshape(P, rows // n, n, units)).flatten(1, 2)


def _bins_table(use: Use, W: Tensor, s: Tensor, out: Tensor) -> None:
    out.copy_(_so_far(W * s.mT, use.numbers[0], False))


def _hats(positions: Tensor, n: int) -> Tensor:
    """How much each example has of each row of the table, (P, m, p n)."""
    P, both, m = positions.shape
    p = both // 2
    here, share = positions[:, :p].mT.to(torch.int64)[..., None], positions[:, p:].mT[..., None]
    # below the first bin there is nothing: what falls there is cut off
    found = torch.zeros(P, m, p, n + 1, dtype=positions.dtype, device=positions.device)
    found.scatter_(3, here, 1.0 - share).scatter_(3, here + 1, share)
    return found[..., 1:].flatten(2)


def _look_up(use: Use, positions: Tensor, table: Tensor, out: Tensor) -> None:
    n, adds = use.numbers
    found = torch.bmm(_hats(positions, n), table)
    if adds:
        out.add_(found)
    else:
        out.copy_(found)


def _look_up_backward(
    use: Use, positions: Tensor, dZ: Tensor, order: Tensor, W: Tensor, s: Tensor, dW: Tensor, terms: Tensor
) -> None:
    (n,) = use.numbers
    by_scaled = _so_far(torch.bmm(_hats(positions, n).mT, dZ), n, True)
    torch.mul(by_scaled, W, out=terms)
    torch.mul(by_scaled, s.mT, out=dW)


def _embed(use: Use, code: Tensor, E: Tensor, out: Tensor) -> None:
    code = code.to(torch.int64)
    found = E.gather(1, torch.clamp(code, min=0).expand(-1, -1, E.shape[2]))
    out.copy_(torch.where(code < 0, 0.0, found))


def _embed_backward(use: Use, code: Tensor, dA: Tensor, dE: Tensor) -> None:
    kinds = torch.arange(dE.shape[1], device=code.device)[:, None]
    torch.bmm((code.mT == kinds).to(dA.dtype), dA, out=dE)


def _activate(use: Use, Z: Tensor, b: Tensor, A: Tensor) -> None:
    Z.add_(b)
    A.copy_(_on_tensors(activation(use.operation.owner).g)(Z))


def _differentiate(use: Use, dA: Tensor, Z: Tensor, A: Tensor, db: Tensor) -> None:
    dA.mul_(_on_tensors(activation(use.operation.owner).g_prime)(Z, A))
    torch.sum(dA, 1, keepdim=True, out=db)


def _dropped(use: Use, rows: int, columns: int) -> Tensor:
    """Which units are dropped, (P, rows, columns): the hash of `kernels`, whose first step has 64 bits."""
    layer, first, n = use.numbers
    keys = use.networks.keys
    units = first + torch.arange(columns, device=keys.device)
    elements = torch.arange(rows, device=keys.device)[:, None] * n + units
    h = keys[:, layer, None, None] ^ (elements * 0x9E3779B1)
    h = h ^ (h >> 16)
    h = (h * 0x7FEB352D) & _32_BITS
    h = h ^ (h >> 15)
    h = (h * 0x846CA68B) & _32_BITS
    h = h ^ (h >> 16)
    return h < keys[:, 0, None, None]


def _activate_drop_out(use: Use, Z: Tensor, b: Tensor, A: Tensor, settings: Tensor) -> None:
    _activate(use, Z, b, A)
    A.mul_(settings[..., SCALE_AT, None])
    A.masked_fill_(_dropped(use, *A.shape[1:]), 0.0)


def _differentiate_drop_out(use: Use, dA: Tensor, Z: Tensor, A: Tensor, db: Tensor, settings: Tensor) -> None:
    scale = settings[..., SCALE_AT, None]
    dA.mul_(scale * _on_tensors(activation(use.operation.owner).g_prime)(Z, A / scale))
    dA.masked_fill_(_dropped(use, *dA.shape[1:]), 0.0)
    torch.sum(dA, 1, keepdim=True, out=db)


def runs_on_host(operation: Operation) -> bool:
    """Whether an operation is a loss of the caller's own, which takes NumPy arrays."""
    return operation.kernel == "loss" and not isinstance(loss(operation.owner), ElementwiseLoss | SoftmaxCrossEntropy)


def _loss(use: Use, Z: Tensor, dZ: Tensor, value: Tensor, Y: Tensor, w: Tensor) -> None:
    own: Any = loss(use.operation.owner)
    if runs_on_host(use.operation):
        _own_loss(own, Z, dZ, value, Y, w)
        return
    copies = Z.shape[1] // Y.shape[1]
    weights = w.mT.double()
    share = (weights / (weights.sum(1, keepdim=True) * copies)).repeat(1, copies, 1)
    Y = Y.repeat(1, copies, 1)
    if isinstance(own, SoftmaxCrossEntropy):
        top = Z.amax(2, keepdim=True)
        E = torch.exp(Z - top)
        denominator, mass = (a.sum(2, keepdim=True, dtype=torch.float64) for a in (E, Y))
        each = Y * (top + torch.log(denominator) - Z)
        dZ.copy_(share.to(Z.dtype) * (E * (mass / denominator).to(Z.dtype) - Y))
    else:
        # the parameters of the output units, over and over again
        units = np.resize(own.parameters, Z.shape[2]) if own.parameters else ()
        columns = [torch.full((1, 1, 1), unit, dtype=Z.dtype, device=Z.device) for unit in units]
        given = (Z, Y, torch.cat(columns, 2)) if columns else (Z, Y)
        each = _on_tensors(own.unit_value)(*given)
        torch.mul(share.to(Z.dtype), _on_tensors(own.unit_gradient)(*given), out=dZ)
    value.copy_((share * each).sum((1, 2), keepdim=True))


def _own_loss(own: Any, Z: Tensor, dZ: Tensor, value: Tensor, Y: Tensor, w: Tensor) -> None:
    """A loss that is an object of the caller's, network by network."""
    for p in range(len(Z)):
        z, y, weights = (place[p].cpu().numpy() for place in (Z, Y, w))
        some = np.tile(np.arange(len(y)), len(z) // len(y))
        share = weights[0, some] / weights[0, some].sum(dtype=np.float64)
        value[p] = float(np.sum(share * own.value(z.T, y[some].T)))
        dZ[p] = torch.as_tensor((share * own.gradient(z.T, y[some].T)).T)


def _step(use: Use, theta: Tensor, gradient: Tensor, m: Tensor, v: Tensor, settings: Tensor, factors: Tensor) -> None:
    s = dict(zip(SETTINGS, settings.split(1, dim=2), strict=True))
    rate_factor, decay_factor = factors.split(1, dim=2)
    g = gradient + s["penalty"] * decay_factor * theta
    names = ("beta_1", "rest_1", "beta_2", "rest_2", "epsilon", "correction_1", "correction_2")
    step = _on_tensors(optimiser(use.operation.owner).step)
    change, m_new, v_new = step(g, m, v, s["rate"] * rate_factor, *(s[name] for name in names))
    moved = theta - s["rate"] * s["decay"] * decay_factor * theta + change
    # a network that has overflowed stays where it was
    for place, new in ((m, m_new), (v, v_new), (theta, moved)):
        place.copy_(torch.where(use.networks.alive, new, place))


def _scale(use: Use, a: Tensor, s: Tensor, out: Tensor) -> None:
    torch.mul(a, s, out=out)


KERNELS: dict[str, Callable[..., None]] = {
    "activate": _activate,
    "activate_drop_out": _activate_drop_out,
    "bins": _bins,
    "bins_input": _bins_input,
    "bins_table": _bins_table,
    "copy": _copy,
    "cosines": _cosines,
    "cosines_input": _cosines_input,
    "differentiate": _differentiate,
    "differentiate_drop_out": _differentiate_drop_out,
    "embed": _embed,
    "embed_backward": _embed_backward,
    "fill": _fill,
    "find_bins": _find_bins,
    "limit": _limit,
    "look_up": _look_up,
    "look_up_backward": _look_up_backward,
    "loss": _loss,
    "mix": _mix,
    "mix_backward": _mix_backward,
    "outer": _outer,
    "product": _product,
    "scale": _scale,
    "scale_add": _scale_add,
    "scale_gradient": _scale_gradient,
    "step": _step,
    "transpose": _transpose,
}

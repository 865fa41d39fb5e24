"""Designs: which networks make the model that a fold judges.

What is judged on a fold is a model as it would be delivered from the rows of the other folds: an average of networks,
each stopped by rows that it does not learn from. Where k folds divide the rows, these rows are another fold, and a
network that leaves out the folds a and b has two roles: in the model of a it is stopped by b, in that of b by a. So as
many trainings as there are folds bring two networks for the model of each. Divisions of other kinds (in the order of
time, a caller's own, fewer than five folds) hold out rows inside the training rows of each fold.

The networks of a model differ in their settings too: each has a *colour*, which says whose turn it is among the
settings that are averaged. What is solved over all its rows, L = 1, is one network for each fold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.search.folds import HeldOut, Split, hold_out
from leadline.tables import Target

__all__ = ["COLOURS", "Design", "Network", "Role"]

Array = NDArray[Any]

# With fewer folds too few rows are left when two of them are left out.
FEWEST_SHARED = 5
# Networks that a fold's model averages in each repeat, and the settings that take turns among them. Seven, as many as
# eight folds allow, judge hardly otherwise for nearly twice the time.
COLOURS = 4
# Names the streams that divide the training rows of a fold.
_INSIDE = 4


class Role(NamedTuple):
    """A network's part in the model of a fold, counted over all repeats, and the rows that stop it there."""

    place: int
    stop_rows: Array


@dataclass(frozen=True)
class Network:
    """What a network learns from.

    Attributes
    ----------
    repeat, fold, other : int
        Its name: the two folds that it leaves out; or the fold, and the network's number in that fold's model.
    colour : int
    rows : int
        Its training rows, by their place among `Design.training_rows`.
    roles : tuple of Role
    """

    repeat: int
    fold: int
    other: int
    colour: int
    rows: int
    roles: tuple[Role, ...]


class Design:
    """The networks of a search.

    Parameters
    ----------
    y : (n,) or (n, k) array
    splits : sequence of (train_rows, validation_rows)
        k folds of each repeat.
    repeats : int
    target : Target
    n_networks : int
        Networks that the delivered model averages.
    fraction : float
        Share of the rows that stops a single network.
    stopped : bool
        Whether networks are stopped at all.
    seed : int
    groups, alike : (n,) arrays, optional
        Rows that stay together; see `make_folds`.

    Attributes
    ----------
    folds : tuple of arrays
        The rows that each fold judges, repeat after repeat.
    training_rows : tuple of arrays
        Every set of rows that a network learns from; first those of the folds.
    ordered : bool
        Whether every fold comes after the rows that are learned from for it: the order of time.
    solved, stopped : tuple of Network
        The networks of settings that are solved over all rows, and of those that are stopped.
    """

    def __init__(
        self,
        y: Array,
        splits: Sequence[Split],
        repeats: int,
        target: Target,
        n_networks: int,
        fraction: float,
        stopped: bool,
        seed: int,
        groups: Array | None = None,
        alike: Array | None = None,
    ) -> None:
        self.k, self.repeats = len(splits) // repeats, repeats
        # a row's number is there once for each network that learns from it
        kind = np.int32 if len(y) <= np.iinfo(np.int32).max else np.int64
        splits = [(rows.astype(kind), judged.astype(kind)) for rows, judged in splits]
        self.folds = tuple(judged for _, judged in splits)
        self._sets = [rows for rows, _ in splits]
        self.solved = tuple(
            Network(j // self.k, j % self.k, 0, 0, j, (Role(j, judged[:0]),)) for j, judged in enumerate(self.folds)
        )
        n = min(n_networks, COLOURS)
        self.ordered = all(len(rows) and len(judged) and rows.max() < judged.min() for rows, judged in splits)
        if stopped and self.k >= FEWEST_SHARED and self._divide(len(y)):
            self.stopped = tuple(self._shared(min(n, self.k - 1)))
        else:

            def inside(j: int) -> list[HeldOut]:
                rows = splits[j][0]
                if not stopped:
                    return [(rows, rows[:0])] * n
                own = int(np.random.SeedSequence([seed, _INSIDE, j]).generate_state(1)[0])
                return hold_out(y, rows, target, n, fraction, own, groups, alike, self.ordered)

            self.stopped = tuple(
                Network(j // self.k, j % self.k, i, i, self._place(np.asarray(rows)), (Role(j, stop_rows),))
                for j in range(len(splits))
                for i, (rows, stop_rows) in enumerate(inside(j))
            )
        self.training_rows = tuple(self._sets)

    def _divide(self, n: int) -> bool:
        """Whether the folds of each repeat divide the rows, and each learns from all the others."""
        for r in range(self.repeats):
            folds = self.folds[r * self.k : (r + 1) * self.k]
            counts = np.bincount(np.concatenate(folds), minlength=n)
            whole = [len(rows) + len(own) for rows, own in zip(self._sets[r * self.k :], folds, strict=False)]
            if counts.max() > 1 or any(rows != counts.sum() for rows in whole):
                return False
        return True

    def _place(self, rows: Array) -> int:
        self._sets.append(rows)
        return len(self._sets) - 1

    def _shared(self, n: int) -> list[Network]:
        """Networks that leave out two folds, in rings: those next to each other, then every second one, …"""
        k, found = self.k, []
        for r in range(self.repeats):
            folds = self.folds[r * k : (r + 1) * k]
            for i in range(0, n, 2):
                step = i // 2 + 1
                # in the last ring of an odd number a network serves the first of its folds only
                both = n > i + 1
                for a in range(k):
                    b = (a + step) % k
                    roles = [Role(r * k + a, folds[b])]
                    if both:
                        roles.append(Role(r * k + b, folds[a]))
                    rows = np.sort(np.concatenate([own for j, own in enumerate(folds) if j not in (a, b)]))
                    low, high = min(a, b), max(a, b)
                    # neighbours on a ring take turns
                    colour = i + (a // step) % 2 if both else i
                    found.append(Network(r, low, high, colour, self._place(rows), tuple(roles)))
        return found

    def networks(self, solved: bool, repeats: Sequence[int], folds: Sequence[int]) -> list[int]:
        """Those that the models of some folds of some repeats are made of, by their places in `solved` or `stopped`."""
        wanted = {repeat * self.k + fold for repeat in repeats for fold in folds}
        own = self.solved if solved else self.stopped
        return [i for i, network in enumerate(own) if wanted & {role.place for role in network.roles}]

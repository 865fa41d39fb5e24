"""Random streams and schedules: numbers that depend on a network's own key and step, and on nothing else.

Every network draws from a counter-based stream of its own (Philox), keyed by the integers that name it, so its
initial weights, shuffles and dropout are the same whatever networks are beside it, on one thread or on many machines.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leadline.network import schedule

__all__ = ["factors", "stream"]


def stream(key: Sequence[int]) -> np.random.Generator:
    """The random stream named by `key`, a sequence of non-negative integers."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(list(key))))


def factors(name: str, n_steps: int) -> NDArray[np.float64]:
    """The factor of the schedule called `name` at each of the `n_steps` planned steps, (n_steps,)."""
    return schedule(name).factor(np.arange(n_steps) / n_steps)

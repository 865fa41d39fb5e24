"""Free text as numbers: its words and parts of words, counted, weighted by how rare they are, and reduced.

Words, pairs of neighbouring words, and runs of 3 or 4 characters within words are hashed (Weinberger et al. 2009, arXiv
0902.2206) and weighted by (1 + log count) times the logarithm of how rare they are; words and runs of characters each
have unit length. A truncated singular value decomposition makes few numbers out of them (Deerwester et al. 1990, latent
semantic analysis). All of that knows texts alone, never the target, so it is fitted once, on the training rows of all
folds. The numbers keep the ratio of their deviations: how much of the texts a direction tells is how large it is, and
nothing is scaled anew fold by fold.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils.extmath import randomized_svd, svd_flip

from leadline.errors import ModelFileError
from leadline.records import Field, whole
from leadline.tables.frames import encodable

__all__ = ["REDUCTION_FIELDS", "Reduction", "TextColumn", "is_free_text"]

Array = NDArray[Any]

# Values of each kind of hash, of which the commonest are kept that at least two texts have.
HASHED, MOST_KEPT, FEWEST_TEXTS = 2**16, 8192, 2
# Numbers that a text becomes, beside its length. More of them would hide other columns; where there are none it is
# one for so many texts, up to a bound (benchmarks/README.md, "Text").
DIRECTIONS, TEXTS_OF_EACH, DIRECTIONS_ALONE = 32, 8, 256
# Texts that a reduction is fitted on at most, evenly spaced.
MOST_FITTED = 20_000
# Powers of the decomposition's range finder; the seed of its first guess.
_POWERS, _SEED = 5, 0
# Of several letters and nothing else; of scripts without spaces two characters count as one word.
_WORD = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]{2}|(?<![^\W_])[^\W\d_]{2,}(?![^\W_])")
# Values that nearly all differ are text from so many words on average; those of which many occur more than once, from
# so many: categories have names of one to three words.
FEWEST_WORDS, MANY_WORDS = 2.0, 4.0
# Values that say on average how long the others are.
_ASKED = 10_000

REDUCTION_FIELDS: Mapping[str, Field] = {"kept": whole(0, 2 * MOST_KEPT), "directions": whole(0, DIRECTIONS_ALONE)}
"""What a record says of the shapes of a reduction's arrays."""


def is_free_text(counts: Mapping[str, int], differ: bool) -> bool:
    """Whether a column's values, each with its number of rows, are free text.

    Parameters
    ----------
    counts : mapping
    differ : bool
        Whether nearly all values differ, so that they are no categories.
    """
    some = list(counts)[:: -(-len(counts) // _ASKED)]
    words = np.array([len(_WORD.findall(value)) for value in some])
    return float(np.average(words, weights=[counts[value] for value in some])) >= (
        FEWEST_WORDS if differ else MANY_WORDS
    )


@cache
def _hashers() -> tuple[HashingVectorizer, HashingVectorizer]:
    """Counts of words and of their runs of characters, as sparse matrices."""
    usual: dict[str, Any] = {"n_features": HASHED, "alternate_sign": False, "norm": None}
    return (
        HashingVectorizer(**usual, ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b"),
        HashingVectorizer(**usual, analyzer="char_wb", ngram_range=(3, 4)),
    )


@dataclass(frozen=True, eq=False)
class Reduction:
    """From texts to numbers: F kept hashes, d directions.

    Attributes
    ----------
    places : (F,) int32 array
        The hashes that are kept, in order; those of runs of characters come HASHED after those of words.
    rarity : (F,) float32 array
        The weight of each.
    directions : (F, d) float32 array
    center : (d,) float32 array
        What the texts of the fit are on average.
    spread : (d,) float32 array
        How far they deviate from that.
    length : (2,) float32 array
        Mean and deviation of the logarithm of the number of characters.
    """

    places: Array
    rarity: Array
    directions: Array
    center: Array
    spread: Array
    length: Array

    @classmethod
    def fit(cls, texts: Sequence[str], alone: bool = False) -> "Reduction":
        """Fit on texts, none of them empty, of a table that may have nothing but text.

        The bits are the same for any number of threads if BLAS has one.
        """
        texts = [encodable(text) for text in texts[:: -(-len(texts) // MOST_FITTED)]]
        n = len(texts)
        places, rarity = [], []
        for i, hasher in enumerate(_hashers()):
            found = np.bincount(hasher.transform(texts).indices, minlength=HASHED)
            kept = np.flatnonzero(found >= FEWEST_TEXTS)
            # the commonest, and among equals those that come first
            kept = np.sort(kept[np.argsort(-found[kept], kind="stable")[:MOST_KEPT]])
            places.append(kept + i * HASHED)
            rarity.append(np.log((1 + n) / (1 + found[kept])) + 1)
        lengths = _log_length(texts)
        own = cls(
            np.concatenate(places).astype(np.int32),
            np.concatenate(rarity).astype(np.float32),
            np.zeros((sum(map(len, places)), 0), np.float32),
            np.zeros(0, np.float32),
            np.zeros(0, np.float32),
            np.array([lengths.mean(), lengths.std() or 1.0], np.float32),
        )
        weighted = own._weighted(texts)
        most = max(DIRECTIONS, min(n // TEXTS_OF_EACH, DIRECTIONS_ALONE)) if alone else DIRECTIONS
        d = min(most, *(size - 1 for size in weighted.shape))
        if d < 1:
            return own
        weighted = weighted.astype(np.float64)
        left, _, right = randomized_svd(weighted, d, n_iter=_POWERS, random_state=_SEED, flip_sign=False)
        _, components = svd_flip(left, right, u_based_decision=False)
        numbers = weighted @ components.T
        # in units of the largest deviation
        unit = numbers.std(axis=0).max() or 1.0
        directions, center, spread = (
            np.asarray(found / unit, np.float32) for found in (components.T, numbers.mean(axis=0), numbers.std(axis=0))
        )
        return cls(own.places, own.rarity, directions, center, spread, own.length)

    @property
    def size(self) -> int:
        """Numbers that a text becomes: its length, and how far it lies in each direction."""
        return 1 + len(self.center)

    def numbers(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The numbers of texts, (n, size); of an empty one the length is missing and the others are zero."""
        found = np.zeros((len(texts), self.size))
        known = [i for i, text in enumerate(texts) if text]
        found[:, 0] = np.nan
        if not known:
            return found
        own = [encodable(texts[i]) for i in known]
        mean, deviation = self.length
        found[known, 0] = (_log_length(own) - mean) / deviation
        found[known, 1:] = self._weighted(own) @ self.directions - self.center
        return found

    def characters(self, length: float) -> float:
        """How many characters a text has whose length, the first of its numbers, is that."""
        mean, deviation = self.length.astype(np.float64)
        return float(np.expm1(deviation * length + mean))

    @cached_property
    def _own(self) -> NDArray[np.int32]:
        """Of each hash the place among those that are kept; F for the others."""
        found = np.full(2 * HASHED, len(self.places), np.int32)
        found[self.places] = np.arange(len(self.places), dtype=np.int32)
        return found

    def _weighted(self, texts: Sequence[str]) -> Any:
        """The weights of the kept hashes in each text, (n, F), sparse."""
        parts = []
        for i, hasher in enumerate(_hashers()):
            counts = hasher.transform(texts)
            own = self._own[counts.indices + i * HASHED]
            rows = np.repeat(np.arange(len(texts)), np.diff(counts.indptr))
            kept = own < len(self.places)
            own, rows = own[kept], rows[kept]
            weights = (1 + np.log(counts.data[kept])) * self.rarity[own]
            norms = np.sqrt(np.bincount(rows, weights**2, len(texts)))
            parts.append((rows, own, weights / norms[rows]))
        rows, own, weights = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.argsort(rows, kind="stable")
        ends = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(texts)))])
        found = (weights[order].astype(np.float32), own[order], ends)
        return csr_matrix(found, shape=(len(texts), len(self.places)))

    def to_arrays(self) -> dict[str, Array]:
        """The arrays by name."""
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(
        cls, kept: int, directions: int, take: Callable[[str, tuple[int, ...], type], Array]
    ) -> "Reduction":
        """The reduction whose arrays `take` gives by name, shape and kind."""
        shapes = {
            "places": (kept,),
            "rarity": (kept,),
            "directions": (kept, directions),
            "center": (directions,),
            "spread": (directions,),
            "length": (2,),
        }
        own = cls(**{name: take(name, shapes[name], kind) for name, kind in _ARRAYS.items()})
        # increasing, from 0 to 2 HASHED − 1
        if not (np.diff(own.places.astype(np.int64), prepend=-1, append=2 * HASHED) > 0).all():
            raise ModelFileError(f"the hashes of a text must increase, from 0 to {2 * HASHED - 1} at most.")
        if not (own.rarity > 0).all() or not own.length[1] > 0:
            raise ModelFileError("the weights of a text, and the deviation of its length, must be positive.")
        return own

    def __getstate__(self) -> dict[str, Any]:
        return self.to_arrays()


_ARRAYS: Mapping[str, type] = {
    "places": np.int32,
    "rarity": np.float32,
    "directions": np.float32,
    "center": np.float32,
    "spread": np.float32,
    "length": np.float32,
}


def _log_length(texts: Sequence[str]) -> NDArray[np.float64]:
    return np.log1p([len(text) for text in texts])


@dataclass(frozen=True)
class TextColumn:
    """A column of free text: the numbers of its reduction, and one input more for "missing" if any was in training.

    What a column is, is found before its reduction is fitted; until then it has no inputs.
    """

    name: str
    missing: bool
    reduction: Reduction | None = field(default=None, compare=False, repr=False)

    @property
    def size(self) -> int:
        """Numbers."""
        return 0 if self.reduction is None else self.reduction.size

    @property
    def n_indicators(self) -> int:
        """Inputs beside the numbers."""
        return int(self.missing and self.reduction is not None)

"""The verdict: which depth the evidence supports.

All depths share their folds, so their scores are compared in pairs. J differences of a depth to the best one, with mean
d̄ and variance s², have the standard error

    SE² = (1/J + n_test / n_train) s²

because folds share training rows and their differences are correlated (Nadeau & Bengio 2003, "Inference for the
generalization error"; the plain s²/J is too small by half). A depth is *supported* if it is not significantly worse
than the best: −d̄/SE stays below the one-sided 5 % point of Student's t with J − 1 degrees of freedom. The answer is
the smallest supported L. Whether anything was learned at all is asked the same way: are the answer's scores
significantly better than those of a prediction that does not look at the inputs?

Scores are greater-is-better throughout.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

__all__ = [
    "LEVEL",
    "SELECTIONS",
    "Verdict",
    "corrected_error",
    "epochs_read",
    "give_verdict",
    "in_words",
    "joint_epoch",
    "linear_name",
    "p_better",
]

Array = NDArray[np.float64]

LEVEL = 0.05


def corrected_error(values: Array, test_share: float) -> float:
    """Corrected standard error of the mean of J scores or differences, (J,); `test_share` is n_test / n_train."""
    J = len(values)
    return float(np.sqrt((1.0 / J + test_share) * np.var(values, ddof=1))) if J > 1 else float("nan")


def p_better(scores: Array, reference: Array, test_share: float) -> float:
    """One-sided p-value for "`scores` are better than `reference`", paired by fold: small when they are.

    A difference that is the same in every fold has no error: the p-value is 0, 1, or 1/2 where there is none.
    """
    difference = scores - reference
    mean, error = float(difference.mean()), corrected_error(difference, test_share)
    if not error > 0:
        return 0.5 if mean == 0 else float(mean < 0)
    return float(student.sf(mean / error, df=len(difference) - 1))


def _padded(curves: Sequence[Array]) -> Array:
    """Curves as rows of one length: one that ended early stays at its last value."""
    longest = max(len(curve) for curve in curves)
    return np.stack([np.pad(curve, (0, longest - len(curve)), mode="edge") for curve in curves])


def joint_epoch(curves: Sequence[Array]) -> int:
    """The epoch, counted from 1, that is best on the mean curve of all folds: when to stop without held-out rows."""
    return int(np.argmax(_padded(curves).mean(axis=0))) + 1


def epochs_read(curves: Sequence[Array]) -> list[int]:
    """The epoch, counted from 0, at which each fold's score is read: the best of the other folds' mean curve.

    So no row both chooses the epoch and judges it. A curve that ended early stays at its last value, which is
    no better than what training longer was given up for, and is read there.

    Parameters
    ----------
    curves : sequence of (epochs,) arrays
        Score after each epoch, one curve for each fold of one division of the rows.
    """
    padded = _padded(curves)
    others = padded.sum(axis=0) - padded if len(padded) > 1 else np.arange(padded.shape[1])[None]
    return [min(int(np.argmax(other)), len(curve) - 1) for other, curve in zip(others, curves, strict=True)]


@dataclass(frozen=True)
class Verdict:
    """What the scores of the depths say.

    Attributes
    ----------
    depth : int
        The smallest supported L, the answer.
    best_depth : int
        The L with the best mean score.
    one_standard_error_depth : int
        The smallest L whose mean lies within one corrected standard error of the difference to the best.
    supported : tuple of int
        Every L that is not significantly worse than the best.
    p_worse : dict of int to float
        For each L the one-sided p-value of "worse than the best depth".
    p_better_than_before : dict of int to float
        For each L but the first the one-sided p-value of "better than the depth before it".
    standard_error : dict of int to float
        Corrected standard error of each depth's mean score.
    p_learned : dict of int to float
        For each L the one-sided p-value of "better than a prediction that does not look at the inputs"; empty if
        nobody asked.
    """

    depth: int
    best_depth: int
    one_standard_error_depth: int
    supported: tuple[int, ...]
    p_worse: dict[int, float]
    p_better_than_before: dict[int, float]
    standard_error: dict[int, float]
    p_learned: dict[int, float]

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON."""
        return {
            "depth": self.depth,
            "best_depth": self.best_depth,
            "one_standard_error_depth": self.one_standard_error_depth,
            "supported": list(self.supported),
            **{
                name: [[L, value] for L, value in getattr(self, name).items()]
                for name in ("p_worse", "p_better_than_before", "standard_error", "p_learned")
            },
        }


# What a verdict's answer may be.
SELECTIONS: dict[str, Callable[[Verdict], int]] = {
    "supported": lambda verdict: verdict.depth,
    "one_standard_error": lambda verdict: verdict.one_standard_error_depth,
    "best": lambda verdict: verdict.best_depth,
}


def give_verdict(scores: Mapping[int, Array], test_share: float, constant: Array | None = None) -> Verdict:
    """Judge depths by their scores on the same folds.

    Parameters
    ----------
    scores : mapping of L to (J,) array
        Depths whose networks all failed are left out by the caller.
    test_share : float
        n_test / n_train of a fold; 1/(k − 1) for k folds.
    constant : (J,) array, optional
        Scores of a prediction that does not look at the inputs.
    """
    depths = sorted(scores)
    # the shallower of two equal means
    best = max(depths, key=lambda L: (scores[L].mean(), -L))
    p_worse = {L: p_better(scores[best], scores[L], test_share) for L in depths}
    supported = tuple(L for L in depths if best == L or p_worse[L] >= LEVEL)
    within = [
        L
        for L in depths
        if (scores[best] - scores[L]).mean() <= max(corrected_error(scores[best] - scores[L], test_share), 0.0)
    ]
    before = {L: p_better(scores[L], scores[shallower], test_share) for shallower, L in pairwise(depths)}
    return Verdict(
        depth=min(supported),
        best_depth=best,
        one_standard_error_depth=min([*within, best]),
        supported=supported,
        p_worse=p_worse,
        p_better_than_before=before,
        standard_error={L: corrected_error(scores[L], test_share) for L in depths},
        p_learned={} if constant is None else {L: p_better(scores[L], constant, test_share) for L in depths},
    )


def learned(p_learned: Mapping[int, float], L: int) -> bool:
    """Whether depth L is better than a prediction that does not look at the inputs, or nobody asked."""
    return p_learned.get(L, 0.0) < LEVEL


def linear_name(task: str) -> str:
    """What L = 1 is called."""
    return "logistic regression" if task == "classification" else "linear regression"


def in_words(verdict: Verdict, deepest: int, linear: str, select: str = "supported") -> str:
    """The verdict as a sentence for people.

    Parameters
    ----------
    verdict : Verdict
    deepest : int
        The largest L that was judged.
    linear : str
        What L = 1 is called: logistic or linear regression.
    select : str
        Which depth is the answer: a name in SELECTIONS.
    """
    answer = SELECTIONS[select](verdict)
    if not learned(verdict.p_learned, answer):
        deeper = "" if answer == deepest else f", and no deeper network, up to L = {deepest}, is significantly better"
        return (
            f"Nothing was learned: L = {answer} is not significantly better than a prediction that does not look at "
            f"the inputs{deeper if answer == verdict.depth else ''}."
        )
    if deepest == 1:
        return f"Only L = 1, {linear}, was judged: nothing can be said about depth."
    if answer != verdict.depth:
        why = "has the best mean" if select == "best" else "is the smallest within one standard error of the best"
        return (
            f"L = {answer} {why}, as asked; the smallest depth that is not significantly worse is L = {verdict.depth}."
        )
    if answer == 1:
        return f"L = 1 is enough: no deeper network, up to L = {deepest}, is significantly better than {linear}."
    shallower = f"{linear} is" if answer == 2 else "every shallower one is"
    if answer == deepest:
        return f"L = {deepest} is supported: {shallower} significantly worse. Deeper networks were not judged."
    if verdict.best_depth == answer:
        return f"L = {answer} is supported: no deeper network is better, and {shallower} significantly worse."
    return (
        f"L = {answer} is supported: L = {verdict.best_depth} scores best, but not significantly better, and "
        f"{shallower} significantly worse."
    )

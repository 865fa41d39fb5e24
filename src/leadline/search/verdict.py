"""The verdict: which depth the evidence supports.

All depths are judged on the same rows, so their scores are compared in pairs (see `comparison`). A depth is *supported*
if no other is significantly better: with t_k how many standard errors depth k is better than depth L, the p-value of L
is the probability that the largest t_k would be as large if all were equal, which allows for their number and for their
being alike (Lei 2020, "Cross-validation with confidence", arXiv 1703.07904). The supported depths are a confidence set:
it has the best depth in it with a probability of 95 %.

What is answered is one of three things, with a *margin* below which a difference does not matter:

- L is enough, or is supported: the smallest depth over which the best mean gains more than the margin with a
  probability below 5 %, if no supported depth is smaller. The best mean itself is such a depth.
- It is undecided between the smallest supported depth and the best mean. The better mean is delivered then.

Whether anything was learned at all is asked in the same way: is the answer significantly better than a prediction that
does not look at the inputs?

Scores are greater-is-better throughout.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from leadline.search.comparison import Comparison

__all__ = [
    "ADDITIVE",
    "CONSTANT",
    "LEVEL",
    "MARGIN",
    "SELECTIONS",
    "Chances",
    "Standings",
    "Verdict",
    "additive_share",
    "chances",
    "give_verdict",
    "in_words",
    "learned",
    "linear_name",
    "name_of",
    "percent",
    "standings",
]

Array = NDArray[np.float64]

LEVEL = 0.05
# A difference of this share of the best score does not matter, where nobody says otherwise.
MARGIN = 0.01
# What stands beside depths in a comparison: the additive model, which is no L, and a prediction without inputs.
ADDITIVE, CONSTANT = 0, -1
# Draws for probabilities; their error is at most half a percent.
DRAWS = 10_000


class Standings(NamedTuple):
    """How models stand to each other: what the verdict is made of, for models of any kind.

    Attributes
    ----------
    best : object
        The model with the best mean score, of equal ones the first.
    margin : float
        The difference of scores below which two models are equivalent.
    p_worse : dict of model to float
        The p-value of "no other is better".
    supported : tuple of models
        Those than which no other is significantly better.
    as_good : dict of model to float
        The probability that it is the best, or within the margin of the best.
    """

    best: Any
    margin: float
    p_worse: dict[Any, float]
    supported: tuple[Any, ...]
    as_good: dict[Any, float]


class Chances(NamedTuple):
    """Probabilities that a model is worse than another by more than the margin, equivalent, or better by more."""

    worse: float
    equivalent: float
    better: float


@dataclass(frozen=True)
class Verdict:
    """Which depth is the answer, with significance tests and probabilities.

    Attributes
    ----------
    depth : int
        The answer.
    smallest : int
        The smallest supported L.
    best_depth : int
        The L with the best mean score.
    one_standard_error_depth : int
        The smallest L whose mean lies within one standard error of the difference to the best.
    decided : bool
        Whether it can be told; otherwise it is undecided between `smallest` and `best_depth`.
    supported : tuple of int
        Every L than which no other is significantly better.
    margin : float
        The difference of scores below which two depths are equivalent.
    p_worse : dict of int to float
        For each L the p-value of "no other is better".
    p_better_than_before : dict of int to float
        For each L but the first the one-sided p-value of "better than the depth before it".
    standard_error : dict of int to float
        Of the mean score of each depth, and of ADDITIVE if it is there.
    p_learned : dict of int to float
        For each L the one-sided p-value of "better than a prediction that does not look at the inputs".
    chances : dict of int to Chances
        For each L but the answer how it compares with the answer.
    as_good : dict of int to float
        For each L the probability that it is the best, or within the margin of the best.
    """

    depth: int
    smallest: int
    best_depth: int
    one_standard_error_depth: int
    decided: bool
    supported: tuple[int, ...]
    margin: float
    p_worse: dict[int, float]
    p_better_than_before: dict[int, float]
    standard_error: dict[int, float]
    p_learned: dict[int, float]
    chances: dict[int, Chances]
    as_good: dict[int, float]

    def to_record(self) -> dict[str, Any]:
        """A plain record for JSON; what is there for each L becomes a list of pairs."""
        record = {**vars(self), "supported": list(self.supported)}
        return {
            name: [[L, own] for L, own in value.items()] if isinstance(value, dict) else value
            for name, value in record.items()
        }


# What a verdict's answer may be.
SELECTIONS: dict[str, Callable[[Verdict], int]] = {
    "supported": lambda verdict: verdict.depth,
    "one_standard_error": lambda verdict: verdict.one_standard_error_depth,
    "best": lambda verdict: verdict.best_depth,
}


def p_better(gain: float, error: float) -> float:
    """One-sided p-value for a gain with a standard error: small where it is better than nothing."""
    if not error > 0:
        return 0.5 if gain == 0 else float(gain < 0)
    return float(norm.sf(gain / error))


def give_verdict(comparison: Comparison, margin: float, seed: int, usual: int | None = None) -> Verdict:
    """Choose a depth from a comparison of depths, which may have ADDITIVE and CONSTANT too.

    Parameters
    ----------
    comparison : Comparison
    margin : float
        As a share of the best mean score.
    seed : int
        Of the draws.
    usual : int, optional
        A depth that is the answer if it is supported: what to do without much evidence.
    """
    depths = sorted(L for L in comparison.models if L not in (ADDITIVE, CONSTANT))
    at = [comparison.models.index(L) for L in depths]
    own = Comparison(tuple(depths), comparison.scores[at], comparison.covariance[np.ix_(at, at)])
    best, allowed, p_worse, supported, as_good = standings(own, margin, seed)
    smallest = min(supported)
    enough = min(L for L in depths if best == L or chances(*own.difference(best, L), allowed).better < LEVEL)
    stands = usual is not None and usual in supported
    decided = enough <= smallest and (not stands or usual == enough)
    undecided = usual if usual is not None and stands else best
    depth = enough if decided else undecided
    within = [L for L in depths if own.difference(best, L)[0] <= own.difference(best, L)[1]]
    against = {L: chances(*own.difference(L, depth), allowed) for L in depths if depth != L}
    return Verdict(
        depth=depth,
        smallest=smallest,
        best_depth=best,
        one_standard_error_depth=min([*within, best]),
        decided=bool(decided),
        supported=supported,
        margin=allowed,
        p_worse=p_worse,
        p_better_than_before={b: p_better(*own.difference(b, a)) for a, b in pairwise(depths)},
        standard_error={model: comparison.error(model) for model in comparison.models if model != CONSTANT},
        p_learned={L: p_better(*comparison.difference(L, CONSTANT)) for L in depths if CONSTANT in comparison.models},
        chances=against,
        as_good=as_good,
    )


def standings(own: Comparison, margin: float, seed: int) -> Standings:
    """How models stand to each other, with a margin as a share of the best mean score and the seed of the draws."""
    means = own.means
    place = int(means.argmax())
    allowed = margin * abs(float(means[place]))
    p_worse = dict(zip(own.models, _confidence(own, seed), strict=True))
    supported = tuple(model for i, model in enumerate(own.models) if i == place or p_worse[model] >= LEVEL)
    drawn = own.draw(DRAWS, seed)
    close = drawn >= drawn.max(axis=1, keepdims=True) - allowed
    as_good = dict(zip(own.models, close.mean(axis=0).tolist(), strict=True))
    return Standings(own.models[place], allowed, p_worse, supported, as_good)


def _confidence(own: Comparison, seed: int) -> list[float]:
    """For each model the p-value of "no other is better": that of the largest of its studentised differences."""
    found, C = [], own.covariance
    noise = own.draw(DRAWS, seed) - own.means
    for i, model in enumerate(own.models):
        others = [j for j in range(len(own.models)) if j != i]
        gains = np.array([own.difference(own.models[j], model)[0] for j in others])
        errors = np.sqrt(np.maximum(C[others, others] + C[i, i] - 2 * C[others, i], 0.0))
        if not len(others) or not (gains > 0).any():
            found.append(1.0)
            continue
        if not (errors > 0).all():
            # what differs in nothing that varies needs no test
            sure = bool((gains[errors == 0] > 0).any())
            others = [j for j, error in zip(others, errors, strict=True) if error > 0]
            gains, errors = gains[errors > 0], errors[errors > 0]
            if sure or not len(others):
                found.append(0.0 if sure else 1.0)
                continue
        t = (noise[:, others] - noise[:, [i]]) / errors
        found.append(float((t.max(axis=1) >= (gains / errors).max()).mean()))
    return found


def chances(gain: float, error: float, margin: float) -> Chances:
    """How a gain with a standard error compares with a margin."""
    better, worse = (1.0 - p_better(sign * gain - margin, error) for sign in (1, -1))
    return Chances(worse, max(1.0 - better - worse, 0.0), better)


def learned(p_learned: Mapping[int, float], L: int) -> bool:
    """Whether depth L is better than a prediction that does not look at the inputs, or nobody asked."""
    return p_learned.get(L, 0.0) < LEVEL


def name_of(L: int) -> str:
    """What is judged, in words: a depth, or the additive model, which is none."""
    return "additive" if L == ADDITIVE else f"L = {L}"


def linear_name(task: str) -> str:
    """What L = 1 is called."""
    return "logistic regression" if task == "classification" else "linear regression"


def percent(chance: float) -> str:
    """A probability for people: never quite 0 or 1."""
    return "over 99 %" if chance > 0.99 else "under 1 %" if chance < 0.01 else f"{100 * chance:.0f} %"


def in_words(
    verdict: Verdict,
    depths: Sequence[int],
    linear: str,
    select: str = "supported",
    margin: float = MARGIN,
    curves: tuple[float, float, float] | None = None,
) -> str:
    """The verdict as a sentence or two for people.

    Parameters
    ----------
    verdict : Verdict
    depths : sequence of int
        Those that were judged.
    linear : str
        What L = 1 is called: logistic or linear regression.
    select : str
        Which depth is the answer: a name in SELECTIONS.
    margin : float
        As a share of the best score.
    curves : (float, float, float), optional
        See `additive_share`.
    """
    answer = SELECTIONS[select](verdict)
    sentence = _answer_in_words(verdict, answer, depths, linear, select, f"{100 * margin:g} %")
    if curves is None or not learned(verdict.p_learned, answer):
        return sentence
    share, low, high = (f"{100 * own:.0f}" for own in curves)
    if high == "0":
        return f"{sentence} Its gain over {linear} is interaction: curves of single columns alone bring none of it."
    if low == "100":
        return f"{sentence} Curves of single columns alone bring all of its gain over {linear}."
    return (
        f"{sentence} Of its gain over {linear}, curves of single columns alone bring {share} % ({low} to {high} %); "
        "the rest is interaction."
    )


def _answer_in_words(verdict: Verdict, answer: int, depths: Sequence[int], linear: str, select: str, share: str) -> str:
    deepest, best, smallest = max(depths), verdict.best_depth, verdict.smallest
    if not learned(verdict.p_learned, answer):
        deeper = "" if answer == deepest else f", and no deeper network, up to L = {deepest}, is significantly better"
        return (
            f"Nothing was learned: L = {answer} is not significantly better than a prediction that does not look at "
            f"the inputs{deeper if answer == smallest else ''}."
        )
    if deepest == 1:
        return f"Only L = 1, {linear}, was judged: nothing can be said about depth."
    if answer != verdict.depth:
        why = "has the best mean" if select == "best" else "is the smallest within one standard error of the best"
        return f"L = {answer} {why}, as asked; the smallest depth that is not significantly worse is L = {smallest}."
    if not verdict.decided:
        if answer == best:
            other, taken = smallest, f"L = {best} has the better mean and is delivered"
            better = percent(verdict.chances[smallest].worse)
        else:
            other, better = answer, percent(verdict.chances[best].better)
            taken = f"L = {best} has the better mean, but too little was looked at: L = {answer} is delivered"
        low, high = sorted((best, other))
        return (
            f"Undecided between L = {low} and L = {high}: {taken}. That L = {best} is better by more than {share} has "
            f"a probability of {better}."
        )
    more = percent(max((own.better for L, own in verdict.chances.items() if answer < L), default=0.0))
    if answer not in verdict.supported:
        return (
            f"L = {answer} is enough: L = {best} is significantly better, but that it is by more than {share} has a "
            f"probability of {percent(verdict.chances[best].better)}."
        )
    if answer == 1:
        return (
            f"L = 1 is enough: that a deeper network, up to L = {deepest}, is better than {linear} by more than "
            f"{share} has a probability of {more}."
        )
    shallower = f"{linear} is" if [L for L in depths if answer > L] == [1] else "every shallower one is"
    if answer == deepest:
        return f"L = {deepest} is supported: {shallower} significantly worse. Deeper networks were not judged."
    return (
        f"L = {answer} is supported: {shallower} significantly worse, and that a deeper network, up to L = {deepest}, "
        f"is better by more than {share} has a probability of {more}."
    )


def additive_share(comparison: Comparison, verdict: Verdict, L: int, seed: int) -> tuple[float, float, float] | None:
    """The share of the gain of depth L over L = 1 that the additive model, a curve for each column, has too.

    Returns
    -------
    share, low, high : float
        Between 0 and 1, with the ends of an interval that holds it with a probability of 90 %; or None where there is
        no significant gain, or one of the three models was not judged.
    """
    if L < 2 or not {1, ADDITIVE, L} <= set(comparison.models) or verdict.p_worse[1] >= LEVEL:
        return None
    at = [comparison.models.index(model) for model in (1, ADDITIVE, L)]
    linear, additive, deep = comparison.draw(DRAWS, seed)[:, at].T
    shares = np.clip((additive - linear) / np.where(deep > linear, deep - linear, np.nan), 0.0, 1.0)
    means = comparison.means[at]
    share = float(np.clip((means[1] - means[0]) / (means[2] - means[0]), 0.0, 1.0)) if means[2] > means[0] else 0.0
    low, high = np.nanquantile(shares, [0.05, 0.95]).tolist()
    return share, low, high

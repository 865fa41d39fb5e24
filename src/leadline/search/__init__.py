"""Floor 3: the search for depth: candidates, folds, halving, the verdict, and the study that keeps it all."""

from leadline.search.folds import make_folds
from leadline.search.ladder import RUNGS, DepthResult, Ladder, Listener, result_record
from leadline.search.metrics import Metric, scores_shown
from leadline.search.problem import Fold, Judge, Problem
from leadline.search.space import PENALTY, SPACE, Candidate, draw_candidates
from leadline.search.study import Study, UnitKey, UnitResult
from leadline.search.verdict import LEVEL, Verdict, give_verdict, in_words

__all__ = [
    "LEVEL",
    "PENALTY",
    "RUNGS",
    "SPACE",
    "Candidate",
    "DepthResult",
    "Fold",
    "Judge",
    "Ladder",
    "Listener",
    "Metric",
    "Problem",
    "Study",
    "UnitKey",
    "UnitResult",
    "Verdict",
    "draw_candidates",
    "give_verdict",
    "in_words",
    "make_folds",
    "result_record",
    "scores_shown",
]

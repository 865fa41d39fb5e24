"""Floor 3: the search for depth: candidates, folds, halving, the verdict, and the study that keeps it all."""

from leadline.search.ensemble import Chosen
from leadline.search.evidence import Evidence, gather_evidence
from leadline.search.folds import make_folds, most_repeats
from leadline.search.ladder import RUNGS, DepthResult, Ladder, Listener, result_record
from leadline.search.metrics import Metric, labels_of, scores_shown
from leadline.search.problem import Fold, Judge, Problem
from leadline.search.progress import Progress
from leadline.search.space import (
    SPACE,
    Candidate,
    Dimension,
    check_space,
    draw_candidates,
    space_from_records,
    usual_space,
)
from leadline.search.study import PRUNED, Study, UnitKey, UnitResult
from leadline.search.verdict import (
    LEVEL,
    SELECTIONS,
    Verdict,
    corrected_error,
    give_verdict,
    in_words,
    joint_epoch,
    learned,
    linear_name,
)

__all__ = [
    "LEVEL",
    "PRUNED",
    "RUNGS",
    "SELECTIONS",
    "SPACE",
    "Candidate",
    "Chosen",
    "DepthResult",
    "Dimension",
    "Evidence",
    "Fold",
    "Judge",
    "Ladder",
    "Listener",
    "Metric",
    "Problem",
    "Progress",
    "Study",
    "UnitKey",
    "UnitResult",
    "Verdict",
    "check_space",
    "corrected_error",
    "draw_candidates",
    "gather_evidence",
    "give_verdict",
    "in_words",
    "joint_epoch",
    "labels_of",
    "learned",
    "linear_name",
    "make_folds",
    "most_repeats",
    "result_record",
    "scores_shown",
    "space_from_records",
    "usual_space",
]

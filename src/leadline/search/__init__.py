"""Floor 3: the search for depth: folds, designs, candidates, the ladder, comparisons, the verdict, and the study."""

from leadline.search.comparison import Comparison, compare
from leadline.search.conformal import Intervals, LeftOut, Sets, conformal
from leadline.search.design import Design
from leadline.search.ensemble import greedy_weights
from leadline.search.evidence import Evidence, gather_evidence
from leadline.search.folds import HeldOut, Split, hold_out, make_folds, most_repeats, twins, usual_folds
from leadline.search.ladder import Ladder
from leadline.search.metrics import Metric, in_a_line, labels_of, usual_scores
from leadline.search.problem import Fitted, Problem, RowSource, View, in_single, inputs_of, told_to
from leadline.search.progress import Progress
from leadline.search.ranking import Ranking, cross_val_losses, rank
from leadline.search.results import DepthResult, Listener, result_record
from leadline.search.space import (
    SPACE,
    Candidate,
    Dimension,
    check_space,
    draw_candidates,
    linear_settings,
    space_from_records,
    usual_space,
)
from leadline.search.study import Study, UnitKey, UnitResult
from leadline.search.units import Unit, cost, device_of, plan_of, train_batch
from leadline.search.verdict import (
    ADDITIVE,
    LEVEL,
    MARGIN,
    SELECTIONS,
    Chances,
    Verdict,
    additive_share,
    give_verdict,
    in_words,
    learned,
    linear_name,
    name_of,
    percent,
)

__all__ = [
    "ADDITIVE",
    "LEVEL",
    "MARGIN",
    "SELECTIONS",
    "SPACE",
    "Candidate",
    "Chances",
    "Comparison",
    "DepthResult",
    "Design",
    "Dimension",
    "Evidence",
    "Fitted",
    "HeldOut",
    "Intervals",
    "Ladder",
    "LeftOut",
    "Listener",
    "Metric",
    "Problem",
    "Progress",
    "Ranking",
    "RowSource",
    "Sets",
    "Split",
    "Study",
    "Unit",
    "UnitKey",
    "UnitResult",
    "Verdict",
    "View",
    "additive_share",
    "check_space",
    "compare",
    "conformal",
    "cost",
    "cross_val_losses",
    "device_of",
    "draw_candidates",
    "gather_evidence",
    "give_verdict",
    "greedy_weights",
    "hold_out",
    "in_a_line",
    "in_single",
    "in_words",
    "inputs_of",
    "labels_of",
    "learned",
    "linear_name",
    "linear_settings",
    "make_folds",
    "most_repeats",
    "name_of",
    "percent",
    "plan_of",
    "rank",
    "result_record",
    "space_from_records",
    "told_to",
    "train_batch",
    "twins",
    "usual_folds",
    "usual_scores",
    "usual_space",
]

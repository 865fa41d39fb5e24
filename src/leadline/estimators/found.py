"""What a search found, as tables: a row for each depth, and an entry for each candidate as scikit-learn has them."""

from typing import Any

import numpy as np
import pandas as pd

from leadline.search import DepthResult, Ladder, Metric, Verdict

__all__ = ["cv_results", "ladder_frame"]


def ladder_frame(results: dict[int, DepthResult], verdict: Verdict, metric: Metric) -> pd.DataFrame:
    """The results as a table, one row for each depth.

    Columns: L; hidden_layer_sizes; mean_score (greater is better, as scikit-learn's scorers have it); standard_error
    (over rows); p_value (one-sided: better than L − 1); networks; seconds; supported.
    """
    rows = []
    for L, result in sorted(results.items()):
        judged = not result.failed
        rows.append(
            {
                "L": L,
                "hidden_layer_sizes": result.settings.hidden_layer_sizes,
                "mean_score": float(result.scores.mean()) if judged else np.nan,
                "standard_error": verdict.standard_error[L] if judged else np.nan,
                "p_value": verdict.p_better_than_before.get(L, np.nan),
                "networks": result.networks,
                "seconds": result.seconds,
                "supported": L in verdict.supported,
            }
        )
    return pd.DataFrame(rows)


def cv_results(ladder: Ladder) -> dict[str, Any]:
    """One entry for each (depth, candidate): its settings and the mean score of its single networks."""
    table: dict[str, list[Any]] = {"depth": [], "candidate": [], "params": [], "mean_test_score": []}
    for L, result in ladder.results.items():
        for index, score in result.mean_scores.items():
            table["depth"].append(L)
            table["candidate"].append(index)
            table["params"].append(ladder.settings(L, index).to_record())
            table["mean_test_score"].append(score)
    scores = np.array(table["mean_test_score"])
    order = np.argsort(-scores, kind="stable")
    ranks = np.empty(len(order), dtype=int)
    ranks[order] = np.arange(1, len(order) + 1)
    arrays = {name: np.array(values, dtype=object) for name, values in table.items()}
    return {**arrays, "mean_test_score": scores, "rank_test_score": ranks}

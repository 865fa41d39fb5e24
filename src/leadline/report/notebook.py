"""The report in a notebook."""

from pathlib import Path
from typing import Any

import numpy as np

from leadline.errors import DataError
from leadline.estimators import DepthSearchCV
from leadline.report.facts import Rows, describe, state_curves, state_rows, state_training
from leadline.report.page import build_report, framed
from leadline.report.reasons import state_reasons
from leadline.storage import write_whole

__all__ = ["Report", "show"]


class Report:
    """A report as one HTML page: `html` is the page, `save` writes it, and a notebook displays it."""

    def __init__(self, page: str) -> None:
        self.html = page

    def _repr_html_(self) -> str:
        return framed(self.html, "Report of the search for depth")

    def save(self, path: str | Path) -> None:
        """Write the page to a file, whole or not at all."""
        write_whole(Path(path), self.html)


def show(
    search: DepthSearchCV,
    X_test: Any = None,
    y_test: Any = None,
    *,
    X_train: Any = None,
    y_train: Any = None,
    sample_weight: Any = None,
    groups: Any = None,
) -> Report:
    """The report of a fitted search, as `leadline fit` writes it.

    Parameters
    ----------
    search : DepthSearchCV
        Fitted.
    X_test, y_test : (m, p) table and (m,) or (m, k) array, optional
        Rows that the search has not seen: they say how good the model is, what matters, and how its layers fare.
    X_train, y_train, sample_weight, groups : optional
        What it was fitted on: one network is trained once more, to show its gradients by epoch.

    Returns
    -------
    Report
        A notebook shows it; `.save("report.html")` writes it.

    Raises
    ------
    DataError
        Rows without targets, or others than the search was fitted on.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from leadline import DeepClassifier, DepthSearchCV
    >>> from leadline.report import show
    >>> X, y = load_iris(return_X_y=True)
    >>> search = DepthSearchCV(DeepClassifier(max_iter=5, random_state=0), max_depth=2, candidates=2).fit(X, y)
    >>> show(search).html.startswith("<!doctype html>")
    True
    """
    for what, X, y in (("X_test", X_test, y_test), ("X_train", X_train, y_train)):
        if (X is None) != (y is None):
            raise DataError(f"{what} needs its targets beside it, and they need it.")
    test = None if X_test is None else Rows(search._frame(X_test), _column(y_test))
    if test is not None and not 0 < len(test.X) == len(test.y):
        raise DataError(
            f"X_test has {len(test.X):,} rows and y_test {len(test.y):,}; give as many of both, at least one."
        )
    train = None
    if X_train is not None:
        y = _column(y_train)
        w = None if sample_weight is None else np.broadcast_to(np.asarray(sample_weight, np.float64), len(y))
        train = Rows(X_train, y, w, groups)
    study = search.study_
    # what an earlier report of this study has stated may be of other rows, or of another answer
    for name in ("tested", "effects", "layers", "reasons", "training"):
        study.state(name, None)
    study.state("run", {**describe(search, test, train), "options": None})
    state_curves(search, test)
    if test is not None:
        state_rows(search, test)
        state_reasons(search, test)
    if train is not None:
        state_training(search, train)
    return Report(build_report(study))


def _column(y: Any) -> Any:
    """Targets as an array; one column of a table is a column."""
    y = np.asarray(y)
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y

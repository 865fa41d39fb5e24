"""The report of a search that was started from Python."""

import numpy as np
import pytest
from sklearn import config_context

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.errors import DataError
from leadline.report import show


@pytest.fixture(scope="module")
def rows():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(160, 3))
    return X, generator


def searched(estimator, X, y):
    return DepthSearchCV(estimator, max_depth=2, candidates=2, cv=3, repeats=1).fit(X[:120], y[:120])


def test_without_test_rows_the_page_says_what_is_missing(rows):
    X, _ = rows
    search = searched(DeepClassifier(max_iter=4, random_state=0), X, (X[:, 0] > 0).astype(int))
    page = show(search).html
    assert search.sentence_ in page
    assert "No test rows were given" in page
    assert 'id="plot-confusion"' not in page


@pytest.mark.parametrize("kind", ["two classes", "three classes", "labels", "numbers", "quantiles"])
def test_every_kind_of_target_has_its_figures(rows, kind):
    X, generator = rows
    estimator, names = DeepClassifier(max_iter=4, random_state=0), {"confusion", "roc", "calibration"}
    y = np.where(X[:, 0] > 0, "yes", "no")
    if kind == "three classes":
        y = np.array(["a", "b", "c"])[generator.integers(0, 3, 160)]
    elif kind == "labels":
        y, names = (X[:, :2] > 0).astype(int), {"roc", "calibration"}
    elif kind == "numbers":
        estimator, y = DeepRegressor(max_iter=4, random_state=0), np.column_stack([X[:, 0], -X[:, 1]])
        names = {"predicted", "residuals", "predicted2", "residuals2"}
    elif kind == "quantiles":
        estimator = DeepRegressor(max_iter=4, loss="quantile(0.1, 0.5, 0.9)", random_state=0)
        y, names = X[:, 0], {"predicted", "residuals"}
    search = searched(estimator, X, y)
    page = show(search, X[120:], y[120:], X_train=X[:120], y_train=y[:120]).html
    for name in {*names, "ladder", "importance", "dependence0", "cost"}:
        assert f'id="plot-{name}"' in page


@pytest.mark.parametrize("classes", [2, 3])
def test_test_rows_of_one_class_have_what_can_be_said_of_them(rows, classes):
    X, generator = rows
    y = np.where(np.arange(160) < 120, generator.integers(0, classes, 160), 0)
    estimator = DeepClassifier(max_iter=3, random_state=0)
    search = DepthSearchCV(estimator, max_depth=2, candidates=2, cv=3, repeats=1, scoring="roc_auc")
    page = show(search.fit(X[:120], y[:120]), X[120:], y[120:]).html
    assert 'id="plot-confusion"' in page
    assert 'id="plot-roc"' not in page
    assert 'id="plot-importance"' not in page


def test_it_shows_itself_in_a_notebook_and_is_saved_whole(rows, tmp_path):
    X, _ = rows
    search = searched(DeepRegressor(max_iter=4, random_state=0), X, X[:, 0])
    shown = show(search, X[120:], X[120:, 0])
    frame = shown._repr_html_()
    assert frame.startswith("<iframe srcdoc=")
    assert "<script" not in frame  # it is inside the attribute, escaped
    shown.save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text("utf-8") == shown.html


def test_rows_come_with_their_targets(rows):
    X, _ = rows
    search = searched(DeepRegressor(max_iter=4, random_state=0), X, X[:, 0])
    with pytest.raises(DataError, match="X_test needs its targets"):
        show(search, X[120:])


def test_estimators_show_what_they_have_found(rows):
    X, _ = rows
    network = DeepRegressor((7, 5), max_iter=3, random_state=0)
    assert "networks of this kind" not in network._repr_mimebundle_()["text/html"]
    network.fit(X, X[:, 0])
    assert "8 networks of this kind" in network._repr_mimebundle_()["text/html"]
    assert "(7, " in network._repr_html_()
    search = searched(DeepRegressor(max_iter=4, random_state=0), X, X[:, 0])
    shown = search._repr_mimebundle_()["text/html"]
    assert search.sentence_ in shown
    assert "<table" in shown
    with config_context(display="text"):
        assert "text/html" not in search._repr_mimebundle_()


def test_the_quantile_that_is_drawn_is_named(rows):
    X, _ = rows
    search = searched(DeepRegressor(max_iter=4, loss="quantile(0.5, 0.9)", random_state=0), X, X[:, 0])
    page = show(search, X[120:], X[120:, 0]).html
    assert "quantile 0.5" in page
    assert "mean predicted quantile" in page


def test_a_later_report_shows_nothing_of_an_earlier_one(rows):
    X, _ = rows
    search = searched(DeepRegressor(max_iter=4, random_state=0), X, X[:, 0])
    assert 'id="plot-importance"' in show(search, X[120:], X[120:, 0]).html
    again = show(search).html
    assert 'id="plot-importance"' not in again
    assert "Health of the hidden layers" not in again


def test_targets_may_be_a_column_and_weights_a_list(rows):
    X, _ = rows
    y, w = X[:, :1], [1.0, 2.0] * 60
    search = DepthSearchCV(DeepRegressor(max_iter=3, random_state=0), max_depth=2, candidates=2, cv=3, repeats=1)
    search.fit(X[:120], y[:120, 0], sample_weight=w)
    assert show(search, X[120:], y[120:], X_train=X[:120], y_train=y[:120], sample_weight=w).html
    with pytest.raises(DataError, match="give as many of both"):
        show(search, X[120:], y[121:])


def test_labels_are_called_labels(rows):
    X, _ = rows
    page = show(
        searched(DeepClassifier(max_iter=3, random_state=0), X, (X[:, :2] > 0).astype(int)), X, X[:, :2] > 0
    ).html
    assert "logistic regression" in page
    assert "label 1" in page
    assert "output 1" not in page

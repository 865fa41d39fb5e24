"""On how many rows depth is searched: nested samples, what a time limit allows, and the learning curve over rows."""

import numpy as np
import pandas as pd
import pytest

from leadline import DeepClassifier, DepthSearchCV
from leadline.estimators import many_rows
from leadline.estimators.given import read_input
from leadline.estimators.many_rows import RowsPoint, affordable_rows, curve_in_words, curve_sizes, draw_rows
from leadline.report.notebook import show
from leadline.search import Study
from leadline.training import Hyperparameters, Stop


def make_rows(n):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n, 3)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] + 0.3 * generator.normal(size=n) > 0).astype(int)


def search(**more):
    estimator = DeepClassifier((16,), max_iter=15, n_networks=3, random_state=0)
    return DepthSearchCV(estimator, max_depth=2, candidates=1, cv=5, repeats=1, additive=False, **more)


def test_fewer_rows_are_among_more():
    X, y = make_rows(4000)
    y[:30] = 2
    given, groups = read_input(X, y, None, "classification"), np.arange(4000) // 7
    for kinds in (None, groups):
        samples = [set(draw_rows(given, kinds, 0, most).tolist()) for most in (200, 600, 2000)]
        assert samples[0] < samples[1] < samples[2]
        assert draw_rows(given, kinds, 0, 4000) is None
        assert draw_rows(given, kinds, 0, None) is None
    # of a rare class enough to be judged
    assert set(range(30)) <= set(draw_rows(given, None, 0, 200).tolist())


def test_of_more_rows_than_were_searched_models_of_other_depths_are_not_worth_their_time():
    X, y = make_rows(2000)
    everything, part = ({"max_depth": 3, "patience": 2, "max_rows": rows} for rows in (None, 500))
    whole = search().set_params(additive=True, **everything).fit(X, y)
    assert list(whole.models_) == [1, 2, 3]
    found = search().set_params(additive=True, **part).fit(X, y)
    assert list(found.results_) == [1, 2, 3]
    assert list(found.models_) == sorted({1, found.best_depth_})
    assert found.additive_model_ is not None
    # an ensemble is made of all of them
    assert list(search(ensemble=True).set_params(**part).fit(X, y).models_) == [1, 2, 3]


def test_the_curve_is_what_searches_on_fewer_rows_say(tmp_path):
    X, y = make_rows(6000)
    found = search(max_rows=5000, learning_curve=True, study=tmp_path / "study.db").fit(X, y)
    assert [point.rows for point in found.rows_curve_] == [500, 1500, 5000]
    for point, rows in zip(found.rows_curve_, (500, 1500, 5000), strict=True):
        alone = search(max_rows=rows).fit(X, y)
        assert not alone.rows_curve_
        assert alone.rows_sentence_ == ""
        assert point.depth == alone.best_depth_
        assert point.supported == alone.verdict_.supported
        means = {L: float(result.scores.mean()) for L, result in alone.results_.items()}
        assert {L: mean for L, (mean, _) in point.scores.items()} == means
    assert found.rows_sentence_.startswith("By rows searched: L = ")
    assert " on 500" in found.rows_sentence_
    assert found.study_.fact("rows_curve")[0]["rows"] == 500
    # each has a study of its own, so that nothing is trained again
    small = Study(tmp_path / "study-500-rows.db")
    assert small.unit_keys(2)
    again = search(max_rows=5000, learning_curve=True, study=tmp_path / "study.db").fit(X, y)
    assert again.rows_curve_ == found.rows_curve_
    page = show(found, pd.DataFrame(X), y).html
    assert "And on fewer rows?" in page
    assert found.rows_sentence_ in page


def test_a_curve_ends_where_rows_are_too_few_for_the_folds():
    X, y = make_rows(8000)
    groups = np.arange(8000) // 1600
    found = search(learning_curve=True).fit(X, y, groups=groups)
    assert [point.rows for point in found.rows_curve_] == [8000]
    assert found.rows_sentence_ == ""
    assert found.fold_notices_[-1].startswith("the learning curve ends at 8,000 rows: ")


@pytest.mark.parametrize(
    ("depths", "said"),
    [
        (
            (1, 2, 3),
            "The answer still deepens with rows: more of them may support a deeper network (there are 90,000).",
        ),
        ((1, 2, 2), "The answer is the same on the last two: nothing says that more rows would support a deeper"),
        ((1, 3, 2), "The answer does not deepen with rows."),
    ],
)
def test_a_curve_in_words(depths, said):
    points = [RowsPoint(rows, L, True, (L,), {}) for rows, L in zip((3000, 9000, 30_000), depths, strict=True)]
    assert said in curve_in_words(points, 90_000)
    assert curve_in_words(points, 90_000).startswith("By rows searched: L = 1 on 3,000, ")
    assert curve_in_words(points[:1], 90_000) == ""


def test_sizes_have_two_digits_and_enough_rows():
    assert curve_sizes(100_000) == [30_000, 10_000]
    assert curve_sizes(31_234) == [9400, 3100]
    assert curve_sizes(2000) == [600]
    assert curve_sizes(1000) == []


def test_more_time_and_faster_machines_allow_more_rows(monkeypatch):
    X, y = make_rows(60_000)
    given, timed = read_input(X, y, None, "classification"), many_rows._timed
    speed = [1e-11]
    monkeypatch.setattr(many_rows, "_timed", lambda *known: (timed(*known)[0], speed[0]))

    def rows(seconds, jobs=1):
        return affordable_rows(given, Hyperparameters(max_iter="auto"), 0, 60_000, 5, None, jobs, Stop(seconds))

    found = [rows(seconds) for seconds in (1.0, 45.0, 1e6)]
    assert found[0] == many_rows.FEWEST_ROWS
    assert found == sorted(found)
    assert found[-1] == 60_000
    assert 10_000 < found[1] < 60_000
    speed[0] = 1e-6
    assert rows(120.0) == many_rows.FEWEST_ROWS


def test_a_time_limit_chooses_rows_once_and_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(many_rows, "FEWEST_ROWS", 300)
    monkeypatch.setattr("leadline.estimators.depth_search.FEWEST_ROWS", 300)
    X, y = make_rows(2000)
    asked = []
    monkeypatch.setattr("leadline.estimators.depth_search.affordable_rows", lambda *known: asked.append(1) or 400)
    found = search(time_limit=600, study=tmp_path / "study.db").fit(X, y)
    assert found.searched_rows_ == (400, 2000)
    assert found.fold_notices_[0] == (
        "depth is searched on 400 of 2,000 rows, as many as the time limit allows; the answer is trained on all of them"
    )
    # it goes on with the rows that it began with
    search(time_limit=600, study=tmp_path / "study.db").fit(X, y)
    assert asked == [1]
    assert search(time_limit=600, max_rows=None).fit(X, y).searched_rows_ == (2000, 2000)

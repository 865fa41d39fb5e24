import pickle
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit

import leadline
from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.errors import DataError, Interrupted, ParameterError, RunFolderError
from leadline.estimators.given import read_input
from leadline.search import Dimension, Study, twins
from leadline.search.design import COLOURS

SMALL = {"max_depth": 2, "candidates": 2, "cv": 5, "repeats": 1, "additive": False}


def regressor(max_iter: int = 6, **more) -> DeepRegressor:
    return DeepRegressor(**{"max_iter": max_iter, "n_networks": 2, "random_state": 0, **more})


def classifier(max_iter: int = 6, **more) -> DeepClassifier:
    return DeepClassifier(**{"max_iter": max_iter, "n_networks": 2, "random_state": 0, **more})


@pytest.fixture(scope="module")
def search(mixed) -> DepthSearchCV:
    X, y, _ = mixed
    return DepthSearchCV(regressor(8), **SMALL).fit(X, y)


def test_the_ladder_is_a_table_of_depths(search: DepthSearchCV) -> None:
    ladder = search.ladder_
    assert list(ladder.columns) == [
        "L",
        "hidden_layer_sizes",
        "mean_score",
        "standard_error",
        "p_value",
        "networks",
        "seconds",
        "supported",
    ]
    assert ladder["L"].tolist() == [1, 2]
    assert ladder["hidden_layer_sizes"].tolist()[0] == ()
    assert len(ladder["hidden_layer_sizes"][1]) == 1
    assert np.isnan(ladder["p_value"][0])
    assert 0 < ladder["p_value"][1] < 1
    assert ladder.loc[ladder["L"] == search.best_depth_, "supported"].item()
    # each of three settings of L = 1 on two folds and the two best on all; a network for each pair of neighbours
    assert ladder["networks"].tolist() == [3 * 2 + 2 * 3, 5]


def test_the_best_row_of_the_results_is_the_one_named(search: DepthSearchCV) -> None:
    results = search.cv_results_
    assert len(results["params"]) == 2 + 2, "two that L = 1 can be, and two candidates"
    assert results["depth"][search.best_index_] == search.best_depth_
    assert results["params"][search.best_index_] == search.best_params_
    assert sorted(results["rank_test_score"]) == [1, 2, 3, 4]
    assert search.best_score_ == search.results_[search.best_depth_].scores.mean()
    # a depth is judged by the average of its networks, and a candidate by its networks alone
    of_two = results["mean_test_score"][results["depth"] == 2].astype(float)
    assert search.results_[2].scores.mean() > of_two.mean()


def test_the_model_of_a_depth_averages_networks_that_together_learn_from_all_rows(search: DepthSearchCV, mixed) -> None:
    X, _, _ = mixed
    deep = search.estimator_at(2)
    model = deep.model_
    assert len(model.members) == 2
    assert {member.settings.scaling for member in model.members} == {"robust", "standard"}, "two candidates take turns"
    singles = [type(model)(model.layout, model.target, (member,)) for member in model.members]
    mean = np.mean([single.predictions(X)[:, 0] for single in singles], axis=0)
    assert np.allclose(deep.predict(X), mean, rtol=1e-12)
    assert len(search.estimator_at(1).model_.members) == 1
    assert np.array_equal(search.predict(X), search.best_estimator_.predict(X))
    assert np.array_equal(search.predict(X), search.estimator_at(search.best_depth_).predict(X))


def members_alike(one, other) -> bool:
    pairs = list(zip(one.model_.members, other.model_.members, strict=True))
    return all(np.array_equal(a.theta, b.theta) and a.settings == b.settings for a, b in pairs)


@pytest.mark.parametrize("n_networks", [1, 3])
def test_with_one_candidate_the_model_of_a_depth_is_what_the_estimators_own_fit_gives(mixed, n_networks: int) -> None:
    X, y, label = mixed
    given = {"max_depth": 3, "candidates": 1, "patience": 3, "additive": False}
    for make, target in ((regressor, y), (classifier, label)):
        found = DepthSearchCV(make(3, n_networks=n_networks), **given).fit(X, target)
        for L in (2, 3):
            # a batch is what suits the rows of a fold, so that depths are delivered as they were judged
            batch = found.estimator_at(L).batch_size
            own = make(3, n_networks=n_networks, hidden_layer_sizes=(128,) * (L - 1), batch_size=batch).fit(X, target)
            assert len(own.model_.members) == n_networks
            assert members_alike(found.estimator_at(L), own)
            assert np.array_equal(found.estimator_at(L).predict(X), own.predict(X))
        linear = make(3, hidden_layer_sizes=(), scaling=found.results_[1].settings.scaling, alpha=1.0).fit(X, target)
        (ours,), (theirs,) = found.estimator_at(1).model_.members, linear.model_.members
        assert np.array_equal(ours.theta, theirs.theta)
        assert np.array_equal(found.estimator_at(1).predict(X), linear.predict(X))


@pytest.mark.parametrize("kind", ["plain", "twins", "time"])
def test_rows_are_held_out_of_delivered_networks_as_the_estimators_own_fit_does(mixed, kind: str, monkeypatch) -> None:
    X, y, _ = mixed
    X, y = (
        (X.iloc[:100], y.iloc[:100]) if kind != "twins" else (X.iloc[np.arange(100) // 2], y.iloc[np.arange(100) // 2])
    )
    seen: dict[str, list] = {"deep": [], "delivery": []}
    for name, tasks_of in seen.items():
        whole = getattr(leadline.estimators, name).train_networks

        def watched(problem, tasks, *more, _tasks=tasks_of, _whole=whole, **named):
            _tasks.append(tasks)
            return _whole(problem, tasks, *more, **named)

        monkeypatch.setattr(f"leadline.estimators.{name}.train_networks", watched)
    estimator = regressor(2, n_networks=4, numeric_embedding="periodic")  # no other kind is asked first
    clone(estimator).fit(X, y)
    cv = TimeSeriesSplit(5) if kind == "time" else None
    DepthSearchCV(estimator, max_depth=2, candidates=1, cv=cv, additive=False).fit(X, y)
    (own,), delivered = seen["deep"], next(tasks for tasks in seen["delivery"] if len(tasks) == 4)
    for a, b in zip(own, delivered, strict=True):
        same = np.array_equal(a.holdouts[0].rows, b.holdouts[0].rows) and np.array_equal(a.train_rows, b.train_rows)
        assert same == (kind != "time")
        assert a.key == b.key
        stop = b.holdouts[0].rows
        if kind == "time":
            assert (np.diff(stop) == 1).all(), "a stretch of time"


def test_more_candidates_than_colours_are_delivered_in_later_divisions(mixed) -> None:
    X, y, _ = mixed
    given = {"max_depth": 2, "cv": 5, "additive": False, "select": "best"}
    found = DepthSearchCV(regressor(2, n_networks=4), candidates=COLOURS + 2, **given).fit(X, y)
    assert found.study_.fact("repeats") == found.n_repeats_
    assert len(found.study_.unit_keys(2)) == 2 * 10, "four networks of each fold, twice"
    assert found.results_[2].repeats == 2
    assert len(found.estimator_at(2).model_.members) == 2 * 4


def test_every_depth_gives_an_estimator(search: DepthSearchCV, mixed) -> None:
    X, y, _ = mixed
    linear = search.estimator_at(1)
    assert linear.model_.plans[0].architecture.L == 1
    assert linear.score(X, y) > 0.8
    assert search.estimator_at(2).hidden_layer_sizes == search.ladder_["hidden_layer_sizes"][1]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_number_of_jobs_changes_no_bit(search: DepthSearchCV, mixed, n_jobs: int) -> None:
    X, y, _ = mixed
    again = DepthSearchCV(regressor(8), n_jobs=n_jobs, **SMALL).fit(X, y)
    assert again.ladder_.drop(columns="seconds").equals(search.ladder_.drop(columns="seconds"))
    assert np.array_equal(again.predict(X), search.predict(X))


def test_another_seed_draws_other_folds(search: DepthSearchCV, mixed) -> None:
    X, y, _ = mixed
    other = DepthSearchCV(regressor(8), random_state=1, **SMALL).fit(X, y)
    assert not np.array_equal(other.results_[1].scores, search.results_[1].scores)


def test_linear_data_need_one_layer() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(300, 6))
    y = X @ np.arange(6.0) + generator.normal(size=300)
    estimator = regressor(20, scaling="standard")
    search = DepthSearchCV(estimator, candidates=2, cv=5, additive=False).fit(X, y)
    assert search.best_depth_ == 1
    assert search.verdict_.decided
    assert search.ladder_["L"].tolist() == [1, 2, 3], "two depths without a new answer end the climb"


def test_an_exclusive_or_needs_two() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(600, 4))
    y = (X[:, 0] > 0) ^ (X[:, 1] > 0)
    estimator = DeepClassifier((32,), max_iter=40, n_networks=2, learning_rate_init=0.01, random_state=0)
    search = DepthSearchCV(estimator, candidates=2, cv=5, max_depth=2, additive=False).fit(X, y)
    assert search.best_depth_ == 2
    assert search.ladder_["supported"].tolist() == [False, True]
    assert search.predict(X).dtype == bool


def test_classes_are_judged_by_log_loss_on_rows_not_trained_on(mixed) -> None:
    X, _, label = mixed
    splits = list(KFold(3, shuffle=True, random_state=0).split(X))
    search = DepthSearchCV(DeepClassifier(random_state=0), max_depth=1, candidates=1, cv=splits).fit(X, label)
    scaling = search.results_[1].settings.scaling
    for fold, (train, test) in enumerate(splits):
        model = DeepClassifier(hidden_layer_sizes=(), alpha=1.0, scaling=scaling).fit(X.iloc[train], label.iloc[train])
        expected = log_loss(label.iloc[test], model.predict_proba(X.iloc[test]))
        assert search.results_[1].scores[fold] == pytest.approx(-expected, rel=1e-3)


def test_any_scorer_judges(mixed) -> None:
    X, _, label = mixed
    search = DepthSearchCV(classifier(5), scoring="roc_auc", **SMALL).fit(X, label)
    assert 0.5 < search.best_score_ <= 1
    assert search.metric_.label == "AUC"
    assert search.score(X, label) > 0.7


def _raises_on(*sizes: int):
    """A scorer that fails on so many rows."""

    def own_score(estimator, X, y) -> float:
        if len(y) in sizes:
            raise KeyError(f"{len(y)} rows")
        return float(-np.mean((estimator.predict(X) - y) ** 2))

    return own_score


# 90 rows: folds have 30, final networks leave 22 or 23 rows out
FINAL = {"max_depth": 2, "candidates": 1, "cv": 3}


def test_final_networks_that_a_scorer_fails_on_are_left_out_with_a_notice(mixed) -> None:
    X, y, _ = mixed
    X, y = X[:90], y[:90]
    estimator = DeepRegressor((4,), n_networks=4, max_iter=3, random_state=0)
    search = DepthSearchCV(estimator, scoring=_raises_on(23), **FINAL).fit(X, y)
    assert len(search.models_[2].members) == 2
    assert "2 of 4 final networks of L = 2 are left out: KeyError: '23 rows'" in search.fold_notices_
    # those that are left are what they would have been
    whole = DepthSearchCV(estimator, scoring=_raises_on(), **FINAL).fit(X, y)
    thetas = [member.theta.tobytes() for member in whole.models_[2].members]
    assert all(member.theta.tobytes() in thetas for member in search.models_[2].members)


@pytest.mark.parametrize(("power", "answer"), [(1, 1), (2, 2)])
def test_a_scorer_that_fails_on_all_final_networks(power: int, answer: int, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(90, 1))
    estimator = DeepRegressor((16,), n_networks=4, max_iter=60, random_state=0)
    search = DepthSearchCV(estimator, scoring=_raises_on(22, 23), study=tmp_path / "study.db", **FINAL)
    said = r"The final training of L = 2 failed: KeyError: '2\d rows'.*The search is kept in .*study.db"
    if answer == 1:
        search.fit(x, x[:, 0] ** power)
        assert set(search.models_) == {1}
        assert any(re.search(said, notice) for notice in search.fold_notices_)
    else:
        with pytest.raises(DataError, match=said):
            search.fit(x, x[:, 0] ** power)
    study = Study.read(tmp_path / "study.db")
    assert study.fact("verdict")["depth"] == answer


def test_a_score_that_a_fold_cannot_have_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    X, y = np.random.default_rng(0).normal(size=(24, 3)), np.array(["p"] * 4 + ["q"] * 20)
    search = DepthSearchCV(DeepClassifier(), scoring="auc", cv=5, study=tmp_path / "new" / "study.db")
    with pytest.raises(ParameterError, match=r"The score AUC is not defined on fold .*Use fewer folds"):
        search.fit(X, y)
    assert list(tmp_path.iterdir()) == []


def test_groups_stay_together(mixed) -> None:
    X, y, _ = mixed
    groups = np.arange(300) // 10
    search = DepthSearchCV(regressor(3), max_depth=1, candidates=1, cv=GroupKFold(5))
    search.fit(X, y, groups=groups)
    own = DepthSearchCV(regressor(3), max_depth=1, candidates=1, cv=5, repeats=1)
    own.fit(X, y, groups=groups)
    for fitted in (search, own):
        assert fitted.study_.fact("folds") == [[240, 60]] * 5


def test_the_study_tells_the_folds_of_one_division(mixed) -> None:
    X, y, _ = mixed
    search = DepthSearchCV(DeepRegressor(max_iter=3, random_state=0), max_depth=1, candidates=1, cv=5, repeats=2)
    assert search.fit(X, y).study_.fact("folds") == [[240, 60]] * 5


def test_weights_count_in_training_and_in_judging(mixed) -> None:
    X, y, _ = mixed
    w = np.where(np.arange(300) < 150, 1.0, 0.0)
    estimator = DeepRegressor(random_state=0)
    half = DepthSearchCV(estimator, max_depth=1, candidates=2, cv=3).fit(X.iloc[:150], y.iloc[:150])
    weighted = DepthSearchCV(estimator, max_depth=1, candidates=2, cv=3).fit(X, y, sample_weight=w)
    assert np.array_equal(half.results_[1].scores, weighted.results_[1].scores)
    heavy = DepthSearchCV(estimator, max_depth=1, candidates=2, cv=3).fit(X, y, sample_weight=1 + np.arange(300) % 5)
    plain = DepthSearchCV(estimator, max_depth=1, candidates=2, cv=3).fit(X, y)
    assert not np.array_equal(heavy.results_[1].scores, plain.results_[1].scores)


def test_the_study_holds_every_network(mixed, tmp_path: Path) -> None:
    X, y, _ = mixed
    path = tmp_path / "study.db"
    search = DepthSearchCV(regressor(4), study=path, **SMALL).fit(X, y)
    study = Study.read(path)
    assert len(study.unit_keys()) == search.ladder_["networks"].sum()
    assert study.fact("verdict")["depth"] == search.best_depth_


def test_bad_input_leaves_no_study_behind(mixed, tmp_path: Path) -> None:
    X, y, _ = mixed
    search = DepthSearchCV(DeepRegressor(), study=tmp_path / "new" / "study.db", cv=500)
    with pytest.raises(DataError, match="300 rows cannot be divided into 500 folds"):
        search.fit(X, y)
    assert list(tmp_path.iterdir()) == []


def test_a_time_limit_gives_the_best_answer_so_far(mixed) -> None:
    X, y, _ = mixed
    # the first depth takes well under this, and the second well over
    estimator = DeepRegressor((64,), max_iter=100_000, n_iter_no_change=100_000, n_networks=2, random_state=0)
    DepthSearchCV(estimator, max_depth=1, candidates=1, cv=2).fit(X, y)  # compiles what the first depth needs
    search = DepthSearchCV(estimator, candidates=2, cv=2, time_limit=4.0).fit(X, y)
    assert search.best_depth_ == 1
    assert list(search.models_) == [1]
    assert search.left_out_ == "the time limit came during L = 2"
    with pytest.raises(ParameterError, match="has no model of depth 2; it has those of L = 1"):
        search.estimator_at(2)
    with pytest.raises(Interrupted, match="before the first depth was judged"):
        DepthSearchCV(estimator, candidates=2, cv=2, time_limit=1e-6).fit(X, y)


def test_a_line_for_each_depth_is_printed_on_request(mixed, capsys: pytest.CaptureFixture[str]) -> None:
    X, y, _ = mixed
    DepthSearchCV(regressor(3), verbose=1, **SMALL).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:5] for line in lines] == ["L = 1", "L = 2"]
    assert "RMSE" in lines[0]


def test_a_search_can_be_pickled(search: DepthSearchCV, mixed) -> None:
    X, _, _ = mixed
    again = pickle.loads(pickle.dumps(search))
    assert np.array_equal(again.predict(X), search.predict(X))
    assert again.study_.unit_keys() == search.study_.unit_keys()


def test_a_regression_has_no_classes_and_no_probabilities(search: DepthSearchCV) -> None:
    assert not hasattr(search, "classes_")
    assert not hasattr(search, "predict_proba")


def test_iris_is_told_apart() -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    search = DepthSearchCV(classifier(10), **SMALL).fit(X, y)
    assert search.predict_proba(X).shape == (150, 3)
    assert search.score(X, y) > 0.9
    assert search.classes_.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"max_depth": 0}, "DepthSearchCV.max_depth must be an integer of at least 1; got 0"),
        ({"candidates": 2.5}, "DepthSearchCV.candidates must be an integer of at least 1; got 2.5"),
        ({"cv": 1}, "DepthSearchCV.cv must be an integer of at least 2, a splitter, an iterable of .* or None; got 1"),
        ({"margin": 1.0}, r"DepthSearchCV.margin must be a number in \[0, 1\); got 1.0"),
        ({"additive": 1}, "DepthSearchCV.additive must be one of False, True; got 1"),
        ({"cv": [(np.arange(5), np.arange(5, 9))]}, "DepthSearchCV.cv must give at least two folds.*got 1"),
        ({"time_limit": 0}, "DepthSearchCV.time_limit must be a positive number of seconds or None; got 0"),
        ({"repeats": 0}, "DepthSearchCV.repeats must be an integer of at least 1 or 'auto'; got 0"),
        ({"repeats": 2, "cv": KFold(3)}, "repeats must be 1 or 'auto' where cv is a division of its own; got 2"),
        ({"select": "deepest"}, "DepthSearchCV.select must be one of 'supported', 'one_standard_error', 'best'; got"),
        ({"space": [3]}, "A space is a sequence of Dimension; item 1 is 3"),
        ({"patience": 0}, "DepthSearchCV.patience must be an integer of at least 1; got 0"),
        ({"scoring": "rsme"}, "No score is called 'rsme'. Did you mean 'rmse'"),
        ({"estimator": KFold()}, "DepthSearchCV.estimator must be a DeepClassifier or a DeepRegressor; got KFold"),
    ],
)
def test_a_wrong_parameter_is_named(mixed, parameters: dict, message: str) -> None:
    X, y, _ = mixed
    search = DepthSearchCV(**{"estimator": DeepRegressor(), **parameters})
    with pytest.raises(ParameterError, match=message):
        search.fit(X, y)


def test_a_data_frame_is_not_changed(mixed) -> None:
    X, y, _ = mixed
    before = X.copy()
    DepthSearchCV(regressor(2), **SMALL).fit(X, y)
    pd.testing.assert_frame_equal(X, before)


def test_a_study_is_continued_and_nothing_is_trained_twice(mixed, tmp_path: Path) -> None:
    X, y, _ = mixed
    path = tmp_path / "study.db"
    first = DepthSearchCV(regressor(4), study=path, **{**SMALL, "max_depth": 1}).fit(X, y)
    before = {key: first.study_.result(key).seconds for key in first.study_.unit_keys()}
    again = DepthSearchCV(regressor(4), study=path, **SMALL).fit(X, y)
    whole = DepthSearchCV(regressor(4), **SMALL).fit(X, y)
    assert again.ladder_.drop(columns="seconds").equals(whole.ladder_.drop(columns="seconds"))
    assert np.array_equal(again.predict(X), whole.predict(X))
    assert again.evidence_ == whole.evidence_
    assert {key: again.study_.result(key).seconds for key in before} == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimator": regressor(5)}, "settings max_iter was 4, now 5"),
        ({"estimator": regressor(4, random_state=1)}, "seed was 0, now 1"),
        ({"candidates": 3}, "candidates was 2, now 3"),
        ({"scoring": "mae"}, "score was neg_root_mean_squared_error, now neg_mean_absolute_error"),
        ({"space": (Dimension("dropout", levels=(0.1,)),)}, "space was .*, now .*dropout"),
        ({"cv": 6}, "data was .*, now"),
        ({"estimator": regressor(4, n_networks=3)}, "networks was 2, now 3"),
        ({"estimator": regressor(4, validation_fraction=0.3)}, "early stopping was 0.1, now 0.3"),
        ({"estimator": regressor(4, early_stopping=False)}, "early stopping was 0.1, now None"),
    ],
)
def test_a_study_of_something_else_is_refused(mixed, tmp_path: Path, change: dict, message: str) -> None:
    X, y, _ = mixed
    given = {"estimator": regressor(4), "study": tmp_path / "study.db", **SMALL}
    DepthSearchCV(**{**given, "max_depth": 1}).fit(X, y)
    with pytest.raises(RunFolderError, match=f"study.db cannot be continued: .*{message}"):
        DepthSearchCV(**{**given, **change}).fit(X, y)


def test_other_data_are_another_study(mixed, tmp_path: Path) -> None:
    X, y, _ = mixed
    given = {"study": tmp_path / "study.db", **SMALL, "max_depth": 1}
    DepthSearchCV(regressor(4), **given).fit(X, y)
    changed = y.copy()
    changed.iloc[7] += 1e-3
    with pytest.raises(RunFolderError, match="cannot be continued: data was"):
        DepthSearchCV(regressor(4), **given).fit(X, changed)


def test_the_answer_is_the_depth_that_was_asked_for(mixed) -> None:
    X, y, _ = mixed
    for select in ("supported", "one_standard_error", "best"):
        search = DepthSearchCV(regressor(8), select=select, **SMALL).fit(X, y)
        verdict = search.verdict_
        expected = {"best": verdict.best_depth, "one_standard_error": verdict.one_standard_error_depth}
        assert search.best_depth_ == expected.get(select, verdict.depth)
        assert search.best_depth_ == search.model_.plans[0].architecture.L


def test_the_space_is_searched_and_nothing_else(mixed) -> None:
    X, y, _ = mixed
    space = (Dimension("hidden_units", levels=(5, 7)), Dimension("activation", levels=("tanh",)))
    estimator = DeepRegressor((9,), max_iter=2, random_state=0)
    search = DepthSearchCV(estimator, space=space, **{**SMALL, "candidates": 6}).fit(X, y)
    deep = [own for own, L in zip(search.cv_results_["params"], search.cv_results_["depth"], strict=True) if L == 2]
    assert {own["hidden_layer_sizes"][0] for own in deep} == {5, 7, 9}
    assert {own["activation"] for own in deep[1:]} == {"tanh"}
    assert len({own["learning_rate_init"] for own in deep}) == 1


def test_rows_in_the_order_of_time_are_judged_by_what_comes_later(mixed) -> None:
    X, y, _ = mixed
    search = DepthSearchCV(regressor(3), **{**SMALL, "cv": TimeSeriesSplit(4)})
    search.fit(X, y)
    assert search.study_.fact("folds") == [[60, 60], [120, 60], [180, 60], [240, 60]]
    assert search.n_repeats_ == 1


def test_what_was_learned_is_compared_with_a_constant(mixed) -> None:
    X, y, _ = mixed
    search = DepthSearchCV(regressor(3), **SMALL).fit(X, y)
    assert search.verdict_.p_learned[1] < 0.05
    noise = np.random.default_rng(1).normal(size=len(X))
    lost = DepthSearchCV(regressor(3), **SMALL).fit(X, noise)
    assert all(p > 0.05 for p in lost.verdict_.p_learned.values())
    assert lost.sentence_.startswith("Nothing was learned")


def test_it_says_how_far_it_has_come(mixed, capsys, monkeypatch) -> None:
    X, y, _ = mixed
    monkeypatch.setattr("leadline.estimators.listeners.Lines.SECONDS_BETWEEN_LINES", -1.0)
    DepthSearchCV(regressor(4), verbose=2, **SMALL).fit(X, y)
    written = capsys.readouterr().out.splitlines()
    assert written[0].startswith("L = 1: ")
    assert any(re.fullmatch(r"L = 2: \d+ of 5 networks, \d+ s left at this depth; .*", line) for line in written)
    assert [line[:12] for line in written if "±" in line] == ["L = 1  hidde", "L = 2  hidde"]


@pytest.mark.skipif(not hasattr(DepthSearchCV, "set_callbacks"), reason="scikit-learn has callbacks from 1.9")
def test_callbacks_of_scikit_learn_see_depths_and_networks(mixed) -> None:
    class Diary:
        def __init__(self) -> None:
            self.began, self.ended, self.torn_down = [], [], 0

        def setup(self, estimator, context) -> None:
            pass

        def on_fit_task_begin(self, estimator, context) -> None:
            self.began.append(context.task_name)

        def on_fit_task_end(self, estimator, context) -> None:
            self.ended.append(context.task_name)

        def teardown(self, estimator, context) -> None:
            self.torn_down += 1

    X, y, _ = mixed
    diary = Diary()
    search = DepthSearchCV(regressor(4), **SMALL).set_callbacks(diary).fit(X, y)
    assert sorted(diary.began) == sorted(diary.ended)
    assert [name for name in diary.ended if name != "network"] == ["L = 1", "L = 2", "fit"]
    assert diary.began.count("network") == search.ladder_["networks"].sum()
    assert diary.began[0] == "fit"
    assert diary.torn_down == 1
    plain = DepthSearchCV(regressor(4), **SMALL).fit(X, y)
    assert np.array_equal(search.predict(X), plain.predict(X))
    # where time is limited depths take turns, and each turn is a task
    diary = Diary()
    given = {**SMALL, "max_depth": 3, "candidates": 4, "additive": True}
    timed = DepthSearchCV(regressor(4), **given, time_limit=600.0).set_callbacks(diary).fit(X, y)
    assert sorted(diary.began) == sorted(diary.ended)
    assert diary.began.count("network") == len(timed.study_.unit_keys())


def test_one_network_can_be_trained_on_all_rows_for_the_epochs_that_the_folds_agree_on(mixed) -> None:
    X, y, _ = mixed
    given = {**SMALL, "select": "best", "refit": True}
    search = DepthSearchCV(regressor(6), **given).fit(X, y)
    assert len(search.model_.members) == 1
    assert search.score(X, y) > 0.7
    best = search.results_[search.best_depth_]
    if search.best_depth_ == 1:
        assert search.model_.settings == best.settings
    else:
        assert replace(search.model_.settings, max_iter=6) == best.settings
        assert 1 <= search.model_.settings.max_iter <= 6
    # the averages are there as well, and the same with as many jobs as one likes
    assert [len(model.members) for model in search.models_.values()] == [1, 2]
    again = DepthSearchCV(regressor(6), **given, n_jobs=1).fit(X, y)
    assert np.array_equal(again.predict(X), search.predict(X))


def test_an_ensemble_mixes_depths_and_says_so_by_its_networks(tmp_path) -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(300, 4))
    y = X[:, 0] + 0.8 * np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.3 * generator.normal(size=300)
    given = {**SMALL, "max_depth": 3, "patience": 3}
    search = DepthSearchCV(regressor(12), ensemble=True, **given).fit(X, y)
    alone = DepthSearchCV(regressor(12), **given).fit(X, y)
    assert search.best_depth_ == alone.best_depth_
    depths = {plan.architecture.L for plan in search.model_.plans}
    assert len(depths) > 1
    assert {plan.architecture.L for plan in alone.model_.plans} == {alone.best_depth_}
    assert sum(member.weight for member in search.model_.members) == pytest.approx(1.0)
    search.save(tmp_path)
    assert np.array_equal(leadline.load(tmp_path).predict(X), search.predict(X))
    with pytest.raises(ParameterError, match=r"an ensemble of .* networks with settings of their own"):
        leadline.load(tmp_path).set_params(warm_start=True).fit(X, y)


def test_noise_whose_rows_are_there_twice_needs_no_depth(mixed) -> None:
    generator = np.random.default_rng(0)
    X, y = (np.repeat(own, 2, axis=0) for own in (generator.normal(size=(200, 4)), generator.normal(size=200)))
    given = {**SMALL, "max_depth": 3, "patience": 3}
    found = DepthSearchCV(regressor(12), **given).fit(X, y)
    assert found.fold_notices_ == ["200 rows are there twice or more: rows that are alike share a fold"]
    assert found.best_depth_ == 1 or not found.verdict_.decided
    assert 1 in found.verdict_.supported
    assert not any(p < 0.01 for p in found.verdict_.p_learned.values())
    own = read_input(X, y, None, "regression", None, None)
    groups = twins(own.encoded, own.target.truth(own.y))
    by_hand = DepthSearchCV(regressor(12), **given).fit(X, y, groups=groups)
    assert by_hand.fold_notices_ == []
    for L in found.results_:
        assert np.array_equal(found.results_[L].scores, by_hand.results_[L].scores)
    assert found.verdict_ == by_hand.verdict_


def test_a_table_of_few_different_rows_is_judged_as_it_is() -> None:
    generator = np.random.default_rng(0)
    X = (generator.random((600, 3)) > 0.5).astype(float)
    y = (generator.random(600) < 1 / (1 + np.exp(-(X @ [1.5, -1.0, 0.5] - 0.5)))).astype(int)
    found = DepthSearchCV(classifier(3), **SMALL).fit(X, y)
    assert found.fold_notices_ == []
    assert found.verdict_.p_learned[1] < 0.05
    assert found.results_[1].scores.mean() > -0.63, "the truth has a log loss of 0.60"


@pytest.mark.parametrize("kind", ["groups", "weights"])
def test_rows_that_are_not_there_change_no_bit(mixed, kind: str) -> None:
    X, y, _ = mixed
    half = DepthSearchCV(regressor(3), **SMALL)
    whole = DepthSearchCV(regressor(3), **SMALL)
    groups = np.arange(300) // 5 if kind == "groups" else None
    half.fit(X.iloc[:200], y.iloc[:200], groups=None if groups is None else groups[:200])
    whole.fit(X, y, sample_weight=np.where(np.arange(300) < 200, 1.0, 0.0), groups=groups)
    for L in (1, 2):
        assert np.array_equal(half.results_[L].scores, whole.results_[L].scores)
        assert np.array_equal(half.estimator_at(L).predict(X), whole.estimator_at(L).predict(X))
    assert half.verdict_ == whole.verdict_


def test_the_first_depth_of_linear_data_is_linear_also_where_columns_are_skewed() -> None:
    generator = np.random.default_rng(0)
    X = generator.lognormal(size=(2500, 5))
    y = X @ np.array([1.0, -0.5, 2.0, 0.0, 0.3]) + generator.normal(size=2500)
    # predictions beyond the range of the training rows count here, and those of a regression are not clipped
    estimator = regressor(10, clip_predictions=False)
    found = DepthSearchCV(estimator, **{**SMALL, "max_depth": 3, "candidates": 4}).fit(X[:500], y[:500])
    ours = found.estimator_at(1).predict(X[500:])
    plain = LinearRegression().fit(X[:500], y[:500]).predict(X[500:])
    error, best = (np.sqrt(np.mean((own - y[500:]) ** 2)) for own in (ours, plain))
    assert error <= 1.02 * best
    assert found.results_[1].settings.scaling == "standard"
    assert found.best_depth_ == 1
    assert found.sentence_.startswith("L = 1 is enough")


def test_the_additive_model_stands_beside_the_depths(mixed) -> None:
    X, y, _ = mixed
    given = {**SMALL, "additive": True}
    found = DepthSearchCV(regressor(4), **given).fit(X, y)
    plain = DepthSearchCV(regressor(4), **SMALL).fit(X, y)
    assert found.additive_ is not None
    assert len(found.additive_.scores) == 5
    assert found.additive_model_ is not None
    assert plain.additive_ is plain.additive_model_ is None
    assert found.ladder_.drop(columns="seconds").equals(plain.ladder_.drop(columns="seconds"))
    assert np.array_equal(found.predict(X), plain.predict(X))
    assert list(found.models_) == [1, 2]


def test_a_margin_is_the_callers(mixed) -> None:
    X, y, _ = mixed
    wide = DepthSearchCV(regressor(4), margin=0.9, **SMALL).fit(X, y)
    assert wide.verdict_.margin == pytest.approx(0.9 * -wide.results_[wide.verdict_.best_depth].scores.mean())
    assert "by more than 90 %" in wide.sentence_ or len(wide.verdict_.supported) == 1


def test_the_first_network_is_trained_again_to_the_same_bits(mixed) -> None:
    from leadline.training import Stop, train

    X, y, _ = mixed
    found = DepthSearchCV(regressor(4), **SMALL, select="best").fit(X, y)
    problem, plan, task = found.first_network(X, y)
    (again,) = train(plan, [task], problem, problem.score, Stop())
    assert np.array_equal(again.theta, found.model_.members[0].theta)
    with pytest.raises(DataError, match="These are not the rows, targets, weights and folds"):
        found.first_network(X, y + 1.0)


def test_a_study_of_another_loss_is_refused(tmp_path: Path) -> None:
    X, y = load_diabetes(return_X_y=True)
    given = {"max_depth": 1, "cv": 2, "scoring": "rmse", "study": tmp_path / "study.db", "additive": False}
    DepthSearchCV(DeepRegressor(loss="absolute_error", random_state=0), **given).fit(X[:80], y[:80])
    with pytest.raises(RunFolderError, match="loss was absolute_error, now half_squared_error"):
        DepthSearchCV(DeepRegressor(random_state=0), **given).fit(X[:80], y[:80])

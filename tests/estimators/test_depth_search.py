import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit

import leadline
from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.errors import DataError, Interrupted, ParameterError, RunFolderError
from leadline.search import Dimension, Study

SMALL = {"max_depth": 2, "candidates": 2, "cv": 3, "repeats": 1}


@pytest.fixture(scope="module")
def search(mixed) -> DepthSearchCV:
    X, y, _ = mixed
    return DepthSearchCV(DeepRegressor(max_iter=8, random_state=0), **SMALL).fit(X, y)


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
    assert (ladder["networks"] == 2 + 2).all(), "two on the first fold, and the better one on the others"


def test_the_best_row_of_the_results_is_the_one_named(search: DepthSearchCV) -> None:
    results = search.cv_results_
    assert len(results["params"]) == 2 * 2
    assert results["depth"][search.best_index_] == search.best_depth_
    assert results["params"][search.best_index_] == search.best_params_
    assert results["mean_test_score"][search.best_index_] == search.best_score_
    assert sorted(results["rank_test_score"]) == [1, 2, 3, 4]


def test_the_model_averages_the_networks_of_the_folds(search: DepthSearchCV, mixed) -> None:
    X, _, _ = mixed
    model = search.model_
    assert len(model.members) == 3
    singles = [type(model)(model.layout, model.target, (member,)) for member in model.members]
    mean = np.mean([single.predictions(X)[:, 0] for single in singles], axis=0)
    assert np.allclose(search.predict(X), mean, rtol=1e-12)
    assert np.array_equal(search.predict(X), search.best_estimator_.predict(X))


def test_every_depth_gives_an_estimator(search: DepthSearchCV, mixed) -> None:
    X, y, _ = mixed
    linear = search.estimator_at(1)
    assert linear.model_.plans[0].architecture.L == 1
    assert linear.score(X, y) > 0.8
    assert search.estimator_at(2).hidden_layer_sizes == search.ladder_["hidden_layer_sizes"][1]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_number_of_jobs_changes_no_bit(search: DepthSearchCV, mixed, n_jobs: int) -> None:
    X, y, _ = mixed
    again = DepthSearchCV(DeepRegressor(max_iter=8, random_state=0), n_jobs=n_jobs, **SMALL).fit(X, y)
    assert again.ladder_.drop(columns="seconds").equals(search.ladder_.drop(columns="seconds"))
    assert np.array_equal(again.predict(X), search.predict(X))


def test_another_seed_draws_other_folds(search: DepthSearchCV, mixed) -> None:
    X, y, _ = mixed
    other = DepthSearchCV(DeepRegressor(max_iter=8, random_state=0), random_state=1, **SMALL).fit(X, y)
    assert not np.array_equal(other.results_[1].scores, search.results_[1].scores)


def test_linear_data_need_one_layer() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(300, 6))
    y = X @ np.arange(6.0) + generator.normal(size=300)
    search = DepthSearchCV(DeepRegressor(max_iter=20, random_state=0, scaling="standard"), candidates=2).fit(X, y)
    assert search.best_depth_ == 1
    assert search.ladder_["L"].tolist() == [1, 2, 3], "two depths without a new answer end the climb"


def test_an_exclusive_or_needs_two() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(600, 4))
    y = (X[:, 0] > 0) ^ (X[:, 1] > 0)
    estimator = DeepClassifier((32,), max_iter=40, learning_rate_init=0.01, random_state=0)
    search = DepthSearchCV(estimator, candidates=2, max_depth=2).fit(X, y)
    assert search.best_depth_ == 2
    assert search.ladder_["supported"].tolist() == [False, True]
    assert search.predict(X).dtype == bool


def test_classes_are_judged_by_log_loss_on_rows_not_trained_on(mixed) -> None:
    X, _, label = mixed
    splits = list(KFold(3, shuffle=True, random_state=0).split(X))
    search = DepthSearchCV(DeepClassifier(random_state=0), max_depth=1, candidates=1, cv=splits).fit(X, label)
    for fold, (train, test) in enumerate(splits):
        model = DeepClassifier(hidden_layer_sizes=(), alpha=1.0).fit(X.iloc[train], label.iloc[train])
        expected = log_loss(label.iloc[test], model.predict_proba(X.iloc[test]))
        assert search.results_[1].scores[fold] == pytest.approx(-expected, rel=1e-3)


def test_any_scorer_judges(mixed) -> None:
    X, _, label = mixed
    search = DepthSearchCV(DeepClassifier(max_iter=5, random_state=0), scoring="roc_auc", **SMALL).fit(X, label)
    assert 0.5 < search.best_score_ <= 1
    assert search.metric_.label == "AUC"
    assert search.score(X, label) > 0.7


def test_a_score_that_a_fold_cannot_have_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    X, y = np.random.default_rng(0).normal(size=(24, 3)), np.array(["p"] * 4 + ["q"] * 20)
    search = DepthSearchCV(DeepClassifier(), scoring="auc", cv=5, study=tmp_path / "new" / "study.db")
    with pytest.raises(ParameterError, match=r"The score AUC is not defined on fold .*Use fewer folds"):
        search.fit(X, y)
    assert list(tmp_path.iterdir()) == []


def test_groups_stay_together(mixed) -> None:
    X, y, _ = mixed
    groups = np.arange(300) // 10
    search = DepthSearchCV(DeepRegressor(max_iter=3, random_state=0), max_depth=1, candidates=1, cv=GroupKFold(5))
    search.fit(X, y, groups=groups)
    own = DepthSearchCV(DeepRegressor(max_iter=3, random_state=0), max_depth=1, candidates=1, cv=5, repeats=1)
    own.fit(X, y, groups=groups)
    for fitted in (search, own):
        assert fitted.study_.fact("folds") == [[240, 60]] * 5


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
    search = DepthSearchCV(DeepRegressor(max_iter=4, random_state=0), study=path, **SMALL).fit(X, y)
    study = Study.read(path)
    assert len(study.unit_keys(trained=True)) == search.ladder_["networks"].sum()
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
    estimator = DeepRegressor((64,), max_iter=100_000, n_iter_no_change=100_000, random_state=0)
    DepthSearchCV(estimator, max_depth=1, candidates=1, cv=2).fit(X, y)  # compiles what the first depth needs
    search = DepthSearchCV(estimator, candidates=2, cv=2, time_limit=4.0).fit(X, y)
    assert search.best_depth_ == 1
    assert search.left_out_ == "the time limit came during L = 2; depths from 2 on are not judged"
    with pytest.raises(Interrupted, match="before the first depth was judged"):
        DepthSearchCV(estimator, candidates=2, cv=2, time_limit=1e-6).fit(X, y)


def test_a_line_for_each_depth_is_printed_on_request(mixed, capsys: pytest.CaptureFixture[str]) -> None:
    X, y, _ = mixed
    DepthSearchCV(DeepRegressor(max_iter=3, random_state=0), verbose=1, **SMALL).fit(X, y)
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
    search = DepthSearchCV(DeepClassifier(max_iter=10, random_state=0), **SMALL).fit(X, y)
    assert search.predict_proba(X).shape == (150, 3)
    assert search.score(X, y) > 0.9
    assert search.classes_.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"max_depth": 0}, "DepthSearchCV.max_depth must be an integer of at least 1; got 0"),
        ({"candidates": 2.5}, "DepthSearchCV.candidates must be an integer of at least 1; got 2.5"),
        ({"cv": 1}, "DepthSearchCV.cv must be an integer of at least 2, a splitter, or"),
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
    DepthSearchCV(DeepRegressor(max_iter=2, random_state=0), **SMALL).fit(X, y)
    pd.testing.assert_frame_equal(X, before)


def test_a_study_is_continued_and_nothing_is_trained_twice(mixed, tmp_path: Path) -> None:
    X, y, _ = mixed
    path = tmp_path / "study.db"
    first = DepthSearchCV(DeepRegressor(max_iter=4, random_state=0), study=path, **{**SMALL, "max_depth": 1}).fit(X, y)
    before = {key: first.study_.result(key).seconds for key in first.study_.unit_keys()}
    again = DepthSearchCV(DeepRegressor(max_iter=4, random_state=0), study=path, **SMALL).fit(X, y)
    whole = DepthSearchCV(DeepRegressor(max_iter=4, random_state=0), **SMALL).fit(X, y)
    assert again.ladder_.drop(columns="seconds").equals(whole.ladder_.drop(columns="seconds"))
    assert np.array_equal(again.predict(X), whole.predict(X))
    assert again.evidence_ == whole.evidence_
    assert {key: again.study_.result(key).seconds for key in before} == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimator": DeepRegressor(max_iter=5, random_state=0)}, "settings max_iter was 4, now 5"),
        ({"estimator": DeepRegressor(max_iter=4, random_state=1)}, "seed was 0, now 1"),
        ({"candidates": 3}, "candidates was 2, now 3"),
        ({"scoring": "mae"}, "score was neg_root_mean_squared_error, now neg_mean_absolute_error"),
        ({"space": (Dimension("dropout", levels=(0.1,)),)}, "space was .*, now .*dropout"),
        ({"cv": 4}, "data was .*, now"),
    ],
)
def test_a_study_of_something_else_is_refused(mixed, tmp_path: Path, change: dict, message: str) -> None:
    X, y, _ = mixed
    given = {"estimator": DeepRegressor(max_iter=4, random_state=0), "study": tmp_path / "study.db", **SMALL}
    DepthSearchCV(**{**given, "max_depth": 1}).fit(X, y)
    with pytest.raises(RunFolderError, match=f"study.db cannot be continued: .*{message}"):
        DepthSearchCV(**{**given, **change}).fit(X, y)


def test_other_data_are_another_study(mixed, tmp_path: Path) -> None:
    X, y, _ = mixed
    given = {"study": tmp_path / "study.db", **SMALL, "max_depth": 1}
    DepthSearchCV(DeepRegressor(max_iter=4, random_state=0), **given).fit(X, y)
    changed = y.copy()
    changed.iloc[7] += 1e-3
    with pytest.raises(RunFolderError, match="cannot be continued: data was"):
        DepthSearchCV(DeepRegressor(max_iter=4, random_state=0), **given).fit(X, changed)


def test_the_answer_is_the_depth_that_was_asked_for(mixed) -> None:
    X, y, _ = mixed
    for select in ("supported", "one_standard_error", "best"):
        search = DepthSearchCV(DeepRegressor(max_iter=8, random_state=0), select=select, **SMALL).fit(X, y)
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
    search = DepthSearchCV(DeepRegressor(max_iter=3, random_state=0), **{**SMALL, "cv": TimeSeriesSplit(4)})
    search.fit(X, y)
    assert search.study_.fact("folds") == [[60, 60], [120, 60], [180, 60], [240, 60]]
    assert search.n_repeats_ == 1


def test_what_was_learned_is_compared_with_a_constant(mixed) -> None:
    X, y, _ = mixed
    search = DepthSearchCV(DeepRegressor(max_iter=3, random_state=0), **SMALL).fit(X, y)
    assert search.verdict_.p_learned[1] < 0.05
    noise = np.random.default_rng(1).normal(size=len(X))
    lost = DepthSearchCV(DeepRegressor(max_iter=3, random_state=0), **{**SMALL, "repeats": 4, "cv": 5}).fit(X, noise)
    assert lost.best_depth_ == 1
    assert lost.verdict_.p_learned[1] > 0.05


def test_it_says_how_far_it_has_come(mixed, capsys, monkeypatch) -> None:
    X, y, _ = mixed
    monkeypatch.setattr("leadline.estimators.depth_search._Lines.SECONDS_BETWEEN_LINES", -1.0)
    DepthSearchCV(DeepRegressor(max_iter=4, random_state=0), verbose=2, **SMALL).fit(X, y)
    written = capsys.readouterr().out.splitlines()
    assert written[0].startswith("L = 1: ")
    assert any(re.fullmatch(r"L = 2: \d+ of 4 networks, \d+ s left at this depth; .*", line) for line in written)
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
    search = DepthSearchCV(DeepRegressor(max_iter=4, random_state=0), **SMALL).set_callbacks(diary).fit(X, y)
    assert sorted(diary.began) == sorted(diary.ended)
    assert [name for name in diary.ended if name != "network"] == ["L = 1", "L = 2", "fit"]
    assert diary.began.count("network") == search.ladder_["networks"].sum()
    assert diary.torn_down == 1
    plain = DepthSearchCV(DeepRegressor(max_iter=4, random_state=0), **SMALL).fit(X, y)
    assert np.array_equal(search.predict(X), plain.predict(X))


def test_one_network_can_be_trained_on_all_rows_for_the_epochs_that_the_folds_agree_on(mixed) -> None:
    X, y, _ = mixed
    given = {"max_depth": 2, "candidates": 2, "cv": 3, "repeats": 1, "select": "best", "refit": True}
    search = DepthSearchCV(DeepRegressor(max_iter=6, random_state=0), **given).fit(X, y)
    assert len(search.model_.members) == 1
    assert search.score(X, y) > 0.7
    best = search.results_[search.best_depth_]
    assert search.model_.settings == best.settings
    # the averages are there as well, and the same with as many jobs as one likes
    assert len(search.models_[search.best_depth_].members) >= 3
    again = DepthSearchCV(DeepRegressor(max_iter=6, random_state=0), **given, n_jobs=1).fit(X, y)
    assert np.array_equal(again.predict(X), search.predict(X))


def test_an_ensemble_mixes_depths_and_says_so_by_its_networks(mixed, tmp_path) -> None:
    X, y, _ = mixed
    given = {"max_depth": 3, "candidates": 3, "cv": 3, "repeats": 1, "patience": 3}
    search = DepthSearchCV(DeepRegressor(max_iter=6, random_state=0), ensemble=True, **given).fit(X, y)
    alone = DepthSearchCV(DeepRegressor(max_iter=6, random_state=0), **given).fit(X, y)
    assert search.best_depth_ == alone.best_depth_
    depths = {plan.architecture.L for plan in search.model_.plans}
    assert len(depths) > 1
    assert {plan.architecture.L for plan in alone.model_.plans} == {alone.best_depth_}
    assert sum(member.weight for member in search.model_.members) == pytest.approx(3.0)
    search.save(tmp_path)
    assert np.array_equal(leadline.load(tmp_path).predict(X), search.predict(X))
    with pytest.raises(ParameterError, match=r"an ensemble of .* networks with settings of their own"):
        leadline.load(tmp_path).set_params(warm_start=True).fit(X, y)

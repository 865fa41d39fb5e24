"""Datasets on disk: rows that come part by part make the model that they make in memory, but for chance."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from leadline import Dataset, DeepClassifier, DeepRegressor, DepthSearchCV, load
from leadline.errors import DataError, ParameterError
from leadline.estimators import posing, streaming
from leadline.tables import datasets
from leadline.training import hyperparameters
from leadline.training.trainer import Trainer

pytest.importorskip("pyarrow")
N = 1500
QUICK = {"hidden_layer_sizes": (16,), "max_iter": 6, "n_networks": 3, "random_state": 0}


def make_table(n: int = N) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(n, 3)).astype(np.float32), columns=["a", "b", "c"])
    frame.loc[::7, "b"] = np.nan
    frame["word"] = generator.choice(["red", "green", "blue"], n)
    frame["code"] = generator.integers(0, 70, n).astype(str)
    frame["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(generator.integers(0, 300, n), unit="D")
    frame["weight"] = generator.integers(0, 3, n).astype(float)
    signal = frame["a"] + 2 * (frame["word"] == "red") + frame["b"].fillna(0) ** 2
    frame["number"] = (100 + 5 * signal).astype(float)
    frame["kind"] = np.where(signal > 1, "high", "low")
    frame["three"] = pd.cut(signal, [-99, 0, 2, 99], labels=["x", "y", "z"]).astype(str)
    return frame


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three files, each with several row groups."""
    path = tmp_path_factory.mktemp("rows")
    frame = make_table()
    for i in range(3):
        frame.iloc[i * 500 : (i + 1) * 500].to_parquet(path / f"part-{i}.parquet", row_group_size=130, index=False)
    return path


@pytest.fixture
def small_parts(monkeypatch):
    """Several parts in an epoch, each of several batches."""
    monkeypatch.setattr(datasets, "SMALLEST_PART", 400)
    monkeypatch.setattr(datasets, "PART_SHARE", 1e-6)
    monkeypatch.setattr(datasets, "ROWS_DECODED", 100)


def test_a_dataset_knows_its_columns_and_rows(folder):
    dataset = Dataset(folder)
    assert (len(dataset), dataset.n_rows) == (N, N)
    assert dataset.columns == list(make_table(2).columns)
    seen = pd.concat([part.frame for part in dataset.batches()], ignore_index=True)
    pd.testing.assert_frame_equal(seen, make_table(), check_dtype=False)
    assert np.array_equal(dataset.column("a"), make_table()["a"])


def test_parts_have_every_row_once_in_an_order_drawn_anew(folder, small_parts):
    dataset = Dataset(folder)
    orders = []
    for seed in (0, 0, 1):
        parts = list(dataset.parts(["a"], 400, seed, lambda own: np.concatenate([part.rows for part in own])))
        assert len(parts) == 3
        assert all(400 <= len(part) < 800 for part in parts)
        orders.append(np.concatenate(parts))
        assert np.array_equal(np.sort(orders[-1]), np.arange(N))
    assert np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])


def test_a_share_is_taken_out_of_batches_of_a_single_row_too(tmp_path):
    frame = make_table(40)
    frame.to_parquet(tmp_path / "rows.parquet", row_group_size=1, index=False)
    left, taken = Dataset(tmp_path / "rows.parquet").divide(0.3, 0)
    assert left.n_rows + taken.n_rows == 40
    assert len(left.survey("number").sample) == left.n_rows
    both = pd.concat([left.frame(), taken.frame()])
    assert sorted(both["a"]) == sorted(frame["a"])
    assert 0 < taken.n_rows < 20


def test_rows_are_taken_by_their_numbers_where_the_dataset_was_sent_too(folder, monkeypatch):
    frame, rows = make_table(), np.array([3, 129, 130, 700, 1499])
    monkeypatch.chdir(folder.parent)
    own, _ = Dataset(folder.name, columns=["a", "word", "kind"]).divide(0.3, 1)
    monkeypatch.chdir(folder)
    sent = pickle.loads(pickle.dumps(own))
    assert (sent.n_rows, sent.columns) == (own.n_rows, ["a", "word", "kind"])
    assert [list(part.rows) for part in sent.batches()] == [list(part.rows) for part in own.batches()]
    taken = Dataset(folder).take(rows, ["word", "a"])
    pd.testing.assert_frame_equal(taken, frame.loc[rows, ["word", "a"]].reset_index(drop=True), check_dtype=False)
    kept = np.concatenate([part.rows for part in own.batches()])
    left_out = np.setdiff1d(np.arange(N), kept)[:2]
    with pytest.raises(DataError, match="has 0 of the 2 rows wanted: these are other files than before"):
        sent.take(left_out, ["a"])


def test_the_survey_finds_what_a_table_in_memory_tells(folder, monkeypatch):
    inputs = ["a", "b", "c", "code", "day", "word"]
    whole = Dataset(folder).survey("kind", ["weight", "number", "three"])
    from leadline.tables import Layout

    assert whole.layout == Layout.infer(make_table()[inputs]).fitted(make_table())
    assert sorted(whole.classes) == ["high", "low"]
    # categories and gaps are those of all rows, whatever the sample has
    monkeypatch.setattr(datasets, "SAMPLE", 60)
    some = Dataset(folder).survey("kind", ["weight", "number", "three"])
    assert 20 < len(some.sample) < 120
    assert some.layout == whole.layout


@pytest.mark.parametrize(
    ("target", "kind"), [("kind", DeepClassifier), ("three", DeepClassifier), ("number", DeepRegressor)]
)
def test_rows_from_disk_teach_what_rows_in_memory_teach(folder, small_parts, target, kind, tmp_path):
    frame = make_table()
    others = ["weight", "number", "kind", "three"]
    own = Dataset(folder, columns=[name for name in frame.columns if name not in others or name == target])
    settings = {**QUICK, "max_iter": 30}
    streamed = kind(**settings).fit(own, y=target)
    in_memory = kind(**settings).fit(frame.drop(columns=others), frame[target])
    score = streamed.score(frame.drop(columns=others), frame[target])
    assert score > in_memory.score(frame.drop(columns=others), frame[target]) - 0.05
    assert score == pytest.approx(streamed.score(folder, target))
    assert streamed.model_.layout == in_memory.model_.layout
    assert list(streamed.feature_names_in_) == [name for name in own.columns if name != target]
    streamed.save(tmp_path)
    inputs = frame[list(streamed.feature_names_in_)]
    again, said = load(tmp_path).predict(folder), streamed.predict(inputs)
    if target == "number":
        # products of other numbers of rows may differ in the last bit
        np.testing.assert_allclose(again, said, rtol=1e-14)
    else:
        assert np.array_equal(again, said)


def test_the_same_files_and_memory_give_the_same_bits(folder, small_parts):
    first, second = (DeepRegressor(**QUICK).fit(Dataset(folder), y="number") for _ in range(2))
    for one, other in zip(first.model_.members, second.model_.members, strict=True):
        assert np.array_equal(one.theta, other.theta)
    thetas = [member.theta for member in first.model_.members]
    assert not np.array_equal(thetas[0], thetas[1])


def test_rows_without_a_target_are_left_out_and_that_is_said(folder, small_parts, tmp_path):
    frame = make_table()
    frame.loc[::3, "number"] = np.nan
    frame.loc[::3, "a"] = 1e6  # would be seen in its scale
    frame.to_parquet(tmp_path / "gaps.parquet", row_group_size=130, index=False)
    gaps, whole = Dataset(tmp_path / "gaps.parquet"), Dataset(folder)
    survey = gaps.survey("number", ["weight", "kind", "three"])
    assert (survey.n_rows, len(survey.sample), survey.sample["a"].max() < 10) == (1000, 1000, True)
    left = gaps.with_values_of("number", survey.n_rows)
    assert sum(len(part.rows) for part in pickle.loads(pickle.dumps(left)).batches(["a"])) == 1000
    model = DeepRegressor(**{**QUICK, "max_iter": 30}).fit(gaps, y="number", sample_weight="weight")
    assert model.notices_[0] == "500 rows without a target are left out"
    inputs = make_table().drop(columns=["number", "weight"])
    assert model.score(inputs, make_table()["number"]) > 0.8
    assert not any("without a target" in notice for notice in model.fit(whole, y="number").notices_)
    search = DepthSearchCV(DeepRegressor(**QUICK), max_depth=1, candidates=1, additive=False, max_rows=300)
    assert search.fit(gaps, y="number").searched_rows_ == (300, 1000)
    assert search.notices_[0] == "500 rows without a target are left out"


def test_a_target_without_any_value_is_refused(tmp_path):
    make_table().assign(number=np.nan).to_parquet(tmp_path / "none.parquet", index=False)
    with pytest.raises(DataError, match="The target 'number' has no value in any row"):
        DeepRegressor(**QUICK).fit(tmp_path / "none.parquet", y="number")


def test_rows_of_weight_zero_are_not_learned_from(folder, small_parts, tmp_path):
    weighted = DeepRegressor(**QUICK).fit(Dataset(folder), y="number", sample_weight="weight")
    frame = make_table()
    frame.loc[frame["weight"] == 0, "number"] = 1e6
    frame.to_parquet(tmp_path / "spoiled.parquet", row_group_size=130, index=False)
    spoiled = DeepRegressor(**QUICK, clip_predictions=False).fit(
        tmp_path / "spoiled.parquet", y="number", sample_weight="weight"
    )
    assert np.abs(spoiled.predict(frame.drop(columns=["number", "weight"]))).max() < 1e3
    assert "weight" not in weighted.feature_names_in_


def test_linear_regression_is_solved_on_all_rows(folder, small_parts):
    frame = make_table()
    own = Dataset(folder, columns=["a", "c", "number"])
    streamed = DeepRegressor((), scaling="none").fit(own, y="number")
    exact = DeepRegressor((), scaling="none").fit(frame[["a", "c"]], frame["number"])
    assert np.allclose(streamed.coefs_[0], exact.coefs_[0], rtol=1e-3, atol=1e-4)


def test_one_network_leaves_out_the_validation_fraction(folder, small_parts):
    network = DeepClassifier(**{**QUICK, "n_networks": 1, "validation_fraction": 0.2}).fit(folder, y="kind")
    assert len(network.validation_scores_) == 6
    alone = DeepClassifier(**{**QUICK, "n_networks": 1, "early_stopping": False}).fit(folder, y="kind")
    assert len(alone.validation_scores_) == 0


def test_arrow_files_and_partitioned_folders_are_datasets_too(tmp_path):
    frame = make_table(600)
    frame.drop(columns="word").assign(year=2025 + (np.arange(600) % 2)).to_parquet(
        tmp_path / "by", partition_cols=["year"], index=False
    )
    dataset = Dataset(tmp_path / "by")
    assert "year" in dataset.columns
    assert sorted(set(dataset.column("year"))) == [2025, 2026]
    frame.to_feather(tmp_path / "rows.feather")
    assert len(Dataset(tmp_path / "rows.feather")) == 600


def test_what_cannot_be_used_is_named(folder, tmp_path):
    with pytest.raises(DataError, match="no such file or folder"):
        Dataset(tmp_path / "nothing")
    with pytest.raises(DataError, match="has no table"):
        Dataset(tmp_path)
    with pytest.raises(DataError, match=r"no column 'numbr'\. Did you mean 'number'"):
        DeepRegressor(**QUICK).fit(folder, y="numbr")
    with pytest.raises(ParameterError, match="y must name a column"):
        DeepRegressor(**QUICK).fit(folder, y=np.ones(N))
    with pytest.raises(ParameterError, match="memory must be a size such as 2GB"):
        Dataset(folder, memory="20MB")
    frame = make_table(100)
    frame.loc[10, "kind"], frame.loc[50, "a"] = None, np.inf
    frame.to_parquet(tmp_path / "infinite.parquet", index=False)
    with pytest.raises(DataError, match="'a' has an infinite value in row 51"):
        DeepClassifier(**QUICK).fit(tmp_path / "infinite.parquet", y="kind")


def test_a_search_of_a_dataset_judges_a_sample_and_learns_from_all_rows(folder, small_parts):
    frame = make_table()
    own = Dataset(folder, columns=["a", "b", "c", "word", "number"])
    estimator = DeepRegressor(**{**QUICK, "max_iter": 4})
    search = DepthSearchCV(estimator, max_depth=2, candidates=2, cv=3, additive=False, max_rows=300, select="best")
    search.fit(own, y="number")
    assert search.searched_rows_ == (300, N)
    assert search.fold_notices_[0] == "depth is searched on 300 of 1,500 rows; the answer is trained on all of them"
    assert list(search.models_) == [search.best_depth_]
    inputs = frame[list(search.feature_names_in_)]
    assert search.predict(inputs).shape == (N,)
    assert search.score(own, "number") == pytest.approx(search.score(inputs, frame["number"]))
    with pytest.raises(ParameterError, match="groups cannot be used where X is a dataset"):
        search.fit(own, y="number", groups=np.zeros(N))


def test_the_answer_of_a_sample_is_trained_on_all_rows_in_memory_too():
    frame = make_table()
    X, y, groups = frame[["a", "b", "c", "word"]], frame["three"], np.arange(N) // 10
    network = DeepClassifier(**{**QUICK, "max_iter": 2}, batch_size=32)
    settings = {"max_depth": 2, "candidates": 1, "cv": 3, "additive": False, "max_rows": 300}
    search = DepthSearchCV(network, **settings, ensemble=True).fit(X, y)
    assert search.searched_rows_[0] >= 300
    # the model of a depth is the estimator's own fit on all rows, to the same bits
    L = max(search.models_)
    alone = network.fit(X, y)
    assert np.array_equal(search.estimator_at(L).predict_proba(X), alone.predict_proba(X))
    search.fit(X, y, groups=groups)
    assert 290 <= search.searched_rows_[0] <= 310
    whole = DepthSearchCV(network, max_depth=1, candidates=1, cv=3, additive=False, max_rows=None).fit(X, y)
    assert whole.searched_rows_ == (N, N)
    assert not whole.fold_notices_


def test_what_only_suits_many_rows_is_for_the_delivered_model_and_not_for_those_that_are_judged(monkeypatch):
    for module in (hyperparameters, posing):
        monkeypatch.setattr(module, "ENOUGH_ROWS", 600)
    X, y = make_table()[["a", "b", "c", "word"]], make_table()["three"]
    network = DeepClassifier(**{**QUICK, "max_iter": 2}, batch_size=32)
    settings = {"max_depth": 2, "candidates": 1, "cv": 3, "additive": False, "max_rows": 300}
    search = DepthSearchCV(network, **settings, ensemble=True).fit(X, y)
    delivered = search.estimator_at(2)
    assert search.results_[2].settings.dropout == hyperparameters.DROPOUT
    assert [member.settings.dropout for member in delivered.model_.members] == [0.0] * 3
    assert np.array_equal(delivered.predict_proba(X), network.fit(X, y).predict_proba(X))


def test_rare_classes_are_in_the_sample_that_is_searched():
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(2000, 2)), (np.arange(2000) < 20).astype(int)
    search = DepthSearchCV(DeepClassifier(random_state=0), max_depth=1, cv=2, candidates=1, max_rows=100).fit(X, y)
    assert 115 <= search.searched_rows_[0] <= 120


class Killed(Exception):
    """Stands for a kill: nothing is tidied up."""


def test_a_training_from_disk_that_was_killed_goes_on_to_the_same_bits(folder, small_parts, tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "KEEP_EVERY", 0.0)
    own = Dataset(folder, columns=["a", "b", "c", "word", "number"])
    estimator = DeepRegressor(**{**QUICK, "max_iter": 12, "n_iter_no_change": 1, "learning_rate_init": 0.05})
    settings = [replace(estimator.hyperparameters(), dropout=dropout) for dropout in (0.1, 0.0)]
    # others that cannot train with them
    settings.append(replace(settings[0], hidden_layer_sizes=(8,)))

    def train(keep=None):
        return streaming.Streaming(own, "number", None, "regression", None, 0).train(
            settings, 3, 0.1, "cpu", keep=keep
        )[1]

    whole = train()
    assert len({len(network.losses) for network in whole}) > 1
    taken, most, take = [], [0], streaming._Stream._take

    def counted(stream, parts):
        taken.append(1)
        if len(taken) == most[0]:
            raise Killed
        return take(stream, parts)

    monkeypatch.setattr(streaming._Stream, "_take", counted)
    most[0], kills = 6, 0
    # again and again, until the two networks side by side have ended and the third one has begun
    while not (tmp_path / "training-1").exists():
        taken.clear()
        with pytest.raises(Killed):
            train(tmp_path / "training")
        kills += 1
    assert kills > 1
    most[0] = 0
    trained, steps = [], Trainer._steps
    monkeypatch.setattr(Trainer, "_steps", lambda *own: trained.append(1) or steps(*own))
    for one, other in zip(whole, train(tmp_path / "training"), strict=True):
        assert (one.state, one.reason) == (other.state, other.reason)
        assert np.array_equal(one.theta, other.theta)
        assert np.array_equal(one.curve, other.curve)
        assert np.array_equal(one.losses, other.losses)
        assert np.array_equal(one.readings[0].outputs, other.readings[0].outputs)
    assert not list(tmp_path.iterdir())
    went_on = len(trained)
    trained.clear()
    train(tmp_path / "training")
    assert 0 < went_on < len(trained) / 2


def test_a_fit_from_disk_that_was_killed_goes_on_from_its_checkpoint_to_the_same_bits(
    folder, small_parts, tmp_path, monkeypatch
):
    monkeypatch.setattr(streaming, "KEEP_EVERY", 0.0)
    X = make_table()[["a", "b", "word"]]
    own, path = Dataset(folder, columns=["a", "b", "word", "three"]), tmp_path / "checkpoint"
    whole = DeepClassifier(**QUICK).fit(own, y="three")
    taken, most, take = [], 9, streaming._Stream._take

    def counted(stream, parts):
        taken.append(1)
        if len(taken) > most:
            raise Killed
        return take(stream, parts)

    monkeypatch.setattr(streaming._Stream, "_take", counted)
    with pytest.raises(Killed):
        DeepClassifier(**QUICK).fit(own, y="three", checkpoint=path)
    assert path.exists()
    most, trained, steps = 1000, [], Trainer._steps
    monkeypatch.setattr(Trainer, "_steps", lambda *own: trained.append(1) or steps(*own))
    # another seed is another training
    other = DeepClassifier(**{**QUICK, "random_state": 1, "max_iter": 1})
    kept = path.read_bytes()
    other.fit(own, y="three", checkpoint=tmp_path / "another")
    assert path.read_bytes() == kept
    trained.clear()
    again = DeepClassifier(**QUICK).fit(own, y="three", checkpoint=path)
    went_on = len(trained)
    assert not list(tmp_path.iterdir())
    assert np.array_equal(again.loss_curve_, whole.loss_curve_)
    assert np.array_equal(again.predict_proba(X), whole.predict_proba(X))
    trained.clear()
    DeepClassifier(**QUICK).fit(own, y="three")
    assert 0 < went_on < len(trained)


def test_a_checkpoint_is_for_datasets_and_wants_a_seed(folder, tmp_path):
    frame = make_table()
    with pytest.raises(ParameterError, match="checkpoint can be used only where X is a dataset on disk"):
        DeepClassifier(**QUICK).fit(frame[["a"]], frame["three"], checkpoint=tmp_path / "checkpoint")
    with pytest.raises(ParameterError, match="checkpoint needs a random_state"):
        DeepClassifier(**{**QUICK, "random_state": None}).fit(folder, y="three", checkpoint=tmp_path / "checkpoint")


def test_a_search_keeps_the_training_of_its_answer_beside_its_study(folder, tmp_path, monkeypatch):
    kept, train = [], streaming.Streaming.train
    monkeypatch.setattr(
        streaming.Streaming, "train", lambda *own, keep=None: kept.append(keep) or train(*own, keep=keep)
    )
    own = Dataset(folder, columns=["a", "word", "number"])
    estimator = DeepRegressor(**{**QUICK, "max_iter": 2})
    settings = {"max_depth": 2, "candidates": 1, "cv": 2, "additive": False, "max_rows": 200}
    monkeypatch.setattr(DepthSearchCV, "_answer", answer_of_depth_2(DepthSearchCV._answer))
    DepthSearchCV(estimator, **settings, study=tmp_path / "study.db").fit(own, y="number")
    DepthSearchCV(estimator, **settings).fit(own, y="number")
    assert kept == [tmp_path / "study-training", None]


def answer_of_depth_2(answer):
    def answered(search, ladder):
        answer(search, ladder)
        search.best_depth_ = 2

    return answered


def test_what_was_kept_of_another_training_or_is_damaged_is_not_believed(tmp_path):
    kept = streaming._File(tmp_path / "training", "one")
    assert kept.load() is None
    kept.save({"epoch": 3}, {"theta0": np.arange(3.0)})
    facts, arrays = kept.load()
    assert facts["epoch"] == 3
    assert np.array_equal(arrays["theta0"], np.arange(3.0))
    assert streaming._File(tmp_path / "training", "other").load() is None
    content = (tmp_path / "training").read_bytes()
    for damaged in (content[:50], b"", content[:-60] + bytes(60), bytes(len(content))):
        (tmp_path / "training").write_bytes(damaged)
        assert kept.load() is None

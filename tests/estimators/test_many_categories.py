"""Columns of many categories: statistics of the target tell of them, and nothing that is not there."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from leadline import Dataset, DeepClassifier, DeepRegressor, DepthSearchCV, load
from leadline.search import Problem
from leadline.tables import PARTS, CategoryStatistics

QUICK = {"n_networks": 3, "max_iter": 15, "random_state": 0}


def noise(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """A column of 2,000 categories that says nothing of the classes."""
    generator = np.random.default_rng(seed)
    words = pd.Series([f"k{i}" for i in generator.integers(0, 2000, n)], dtype="category")
    return pd.DataFrame({"key": words, "x": generator.normal(size=n)}), generator.integers(0, 2, n)


def effects(n: int, seed: int, categories: int = 400) -> tuple[pd.DataFrame, np.ndarray]:
    """A column of categories each with an effect of its own, too rare for inputs of their own."""
    generator = np.random.default_rng(seed)
    key = generator.integers(0, categories, n)
    own = np.random.default_rng(99).normal(size=categories)[key]
    frame = pd.DataFrame({"key": pd.Series([f"k{i}" for i in key], dtype="category"), "x": generator.normal(size=n)})
    return frame, own + 0.3 * frame["x"].to_numpy() + 0.3 * generator.normal(size=n)


def gain(model, X: pd.DataFrame, y: np.ndarray) -> tuple[float, float]:
    """By how much the log loss is below that of the constant, and its standard error."""
    p = model.predict_proba(X)[np.arange(len(y)), y]
    gains = np.log(2 * np.clip(p, 1e-9, 1))
    return float(gains.mean()), float(gains.std() / np.sqrt(len(y)))


@pytest.mark.parametrize("sizes", [(), (32,)])
def test_noise_tells_nothing(sizes: tuple[int, ...], monkeypatch) -> None:
    (X, y), (fresh, truth) = noise(4000, 0), noise(4000, 1)
    model = DeepClassifier(sizes, **QUICK).fit(X, y)
    better, error = gain(model, fresh, truth)
    assert (
        model.model_.plans[0].n_in
        == DeepClassifier(sizes, **QUICK, target_statistics=False).fit(X, y).model_.plans[0].n_in + 2
    )
    assert better < 2 * error
    assert better > -0.02, "nor is it believed"
    # what rows say of themselves would be believed, and be wrong
    honest = CategoryStatistics.fit

    def of_all_rows(*given) -> CategoryStatistics:
        found = honest(*given)
        return replace(found, others=np.stack([found.values] * PARTS))

    monkeypatch.setattr(CategoryStatistics, "fit", of_all_rows)
    monkeypatch.setattr("leadline.tables.category_statistics._added", lambda *sums: np.ones(1))
    worse, _ = gain(DeepClassifier(sizes, **QUICK, early_stopping=False).fit(X, y), fresh, truth)
    assert worse < -0.1


def test_noise_tells_nothing_to_the_ladder() -> None:
    X, y = noise(2000, 0)
    estimator = DeepClassifier((16,), **QUICK)
    search = DepthSearchCV(
        estimator, max_depth=2, candidates=2, cv=3, repeats=1, additive=False, scoring="log_loss"
    ).fit(X, y)
    for L, result in search.results_.items():
        # about zero: the log loss is that of the constant
        assert -result.scores.mean() > log_loss(y, np.full(len(y), y.mean())) - 0.01, L


@pytest.mark.parametrize("sizes", [(), (32,)])
def test_effects_of_rare_categories_are_learned(sizes: tuple[int, ...]) -> None:
    (X, y), (fresh, truth) = effects(3000, 0), effects(1000, 1)
    with_them, without = (
        DeepRegressor(sizes, **QUICK, target_statistics=own).fit(X, y).score(fresh, truth) for own in (True, False)
    )
    assert with_them > 0.75
    assert with_them > without + 0.2


def test_a_saved_model_says_the_same_also_of_new_categories(tmp_path) -> None:
    X, y = effects(1500, 0)
    model = DeepRegressor((8,), **QUICK).fit(X, y)
    fresh = X[:20].assign(key=[*X["key"][:15], *["never seen"] * 3, None, None])
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert np.array_equal(again.predict(fresh), model.predict(fresh))
    assert len(model.model_.members[0].statistics.categories[0].others) == 0, "training rows are not kept"
    unknown = model.predict(fresh.iloc[15:18].assign(x=0.0))
    assert np.ptp(unknown) < 1e-9
    assert abs(unknown[0] - y.mean()) < 0.5


def test_bits_do_not_depend_on_jobs(monkeypatch) -> None:
    X, y = effects(600, 0, 150)
    found = []
    for cores in (1, 3):
        monkeypatch.setattr("leadline.estimators.networks.effective_n_jobs", lambda n_jobs, cores=cores: cores)
        found.append(DeepRegressor((8,), **{**QUICK, "max_iter": 4}).fit(X, y).predict(X[:50]))
    assert np.array_equal(*found)


def test_training_that_goes_on_keeps_rows_from_seeing_themselves() -> None:
    X, y = effects(800, 0, 150)
    settings = {**QUICK, "max_iter": 3}
    model = DeepRegressor((8,), **settings, warm_start=True).fit(X, y)
    before = model.model_.members[0].statistics.categories[0].values
    model.fit(X, y)
    assert np.array_equal(model.model_.members[0].statistics.categories[0].values, before)
    model = DeepRegressor((8,), **settings).partial_fit(X[:400], y[:400])
    before = model.model_.members[0].statistics.categories[0].values
    model.partial_fit(X[400:], y[400:])
    assert np.array_equal(model.model_.members[0].statistics.categories[0].values, before)


def test_rows_that_are_alike_are_in_one_part() -> None:
    """A row's twin says what the row says."""
    X, y = effects(300, 0, 100)
    twice, again = pd.concat([X, X], ignore_index=True), np.concatenate([y, y])
    found = []
    original = Problem.parts_of

    def watched(self, view):
        found.append((original(self, view), self.training_rows[view.rows]))
        return found[-1][0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Problem, "parts_of", watched)
        DeepRegressor((4,), n_networks=1, max_iter=1, random_state=0).fit(twice, again)
    parts, rows = found[0]
    both = np.isin(np.arange(300), rows) & np.isin(np.arange(300, 600), rows)
    assert both.sum() > 100
    assert np.array_equal(parts[:300][both], parts[300:][both])
    assert len(np.unique(parts[rows])) == PARTS
    assert (np.delete(parts, rows) == PARTS).all()


def test_rows_on_disk_are_told_what_a_sample_says(tmp_path) -> None:
    pytest.importorskip("pyarrow")
    X, y = effects(3000, 0, 150)
    X.assign(key=X["key"].astype(str), y=y).to_parquet(tmp_path / "rows.parquet", index=False)
    fresh, truth = effects(1000, 1, 150)
    scores = [
        DeepRegressor((32,), **QUICK, target_statistics=own)
        .fit(Dataset(tmp_path / "rows.parquet"), "y")
        .score(fresh, truth)
        for own in (True, False)
    ]
    assert scores[0] > 0.7
    assert scores[0] > scores[1] + 0.1

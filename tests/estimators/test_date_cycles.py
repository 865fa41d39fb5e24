"""Cycles of dates in the estimators: weekends and seasons are learned, and every way there gives the same."""

import numpy as np
import pandas as pd
import pytest

import leadline
from leadline import Dataset, DeepRegressor, TableEncoder
from leadline.inspection import column_curves, doubts, explain_rows

N = 600


def sales(n: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Days of three years, some unknown; more is sold on Saturdays and in summer."""
    generator = np.random.default_rng(seed)
    day = pd.Timestamp("2022-01-01") + pd.to_timedelta(generator.integers(0, 3 * 365, n), unit="D")
    X = pd.DataFrame({"day": day, "x": generator.normal(size=n)})
    y = 3.0 * (X["day"].dt.day_of_week >= 5) + 2 * np.sin(2 * np.pi * X["day"].dt.day_of_year / 365) + X["x"]
    X.loc[::29, "day"] = pd.NaT
    return X, y.to_numpy()


def quick(sizes: tuple[int, ...] = (16,), **more) -> DeepRegressor:
    return DeepRegressor(sizes, max_iter=40, n_networks=2, random_state=0, **more)


@pytest.fixture(scope="module")
def table():
    return sales(N)


@pytest.fixture(scope="module")
def model(table) -> DeepRegressor:
    return quick().fit(*table)


@pytest.mark.parametrize("more", [{"sizes": ()}, {"sizes": (), "additive": True}, {"numeric_embedding": "none"}])
def test_weekends_and_seasons_are_learned_by_every_kind_of_network(more, table) -> None:
    X, y = sales(300, 1)
    known = X["day"].notna().to_numpy()
    model = quick(**more).fit(*table)
    assert model.score(X[known], y[known]) > 0.9
    assert list(model.feature_importances_ > 0) == [True, True]


def test_it_is_saved_and_loaded_to_the_same_bits(model, table, tmp_path) -> None:
    model.save(tmp_path)
    again = leadline.load(tmp_path)
    assert np.array_equal(again.predict(table[0]), model.predict(table[0]))
    assert again.model_.layout == model.model_.layout


def test_a_dataset_on_disk_shows_the_same_cycles(model, table, tmp_path) -> None:
    X, y = table
    X.assign(y=y).to_parquet(tmp_path / "sales.parquet")
    streamed = quick().fit(Dataset(tmp_path / "sales.parquet"), "y")
    assert streamed.model_.layout.columns[0] == model.model_.layout.columns[0]
    assert np.isfinite(streamed.predict(X)).all()


def test_a_column_stays_one_column(model, table) -> None:
    X, _ = table
    found = explain_rows(model, X[:4], X)
    assert found.values.shape == (4, 2, 1)
    assert np.allclose(found.total[:, 0], model.predict(X[:4]))
    assert np.allclose(explain_rows(model, X[1:4]).total[:, 0], model.predict(X[1:4]))
    late = X[1:2].assign(day=pd.Timestamp("2031-01-01"))
    assert doubts(model, late)[0].startswith("day 2031-01-01 is above")


def test_curves_have_what_a_day_adds(table) -> None:
    X, y = table
    linear = quick(()).fit(X, y)
    curves, intercepts = column_curves(linear)
    of_day = curves.index(next(curve for curve in curves if curve.column == "day"))
    values = [value for value in curves[of_day].values if value is not None]
    rows = pd.DataFrame({"day": pd.Timestamp(0) + pd.to_timedelta(values, unit="D"), "x": curves[1].values[0]})
    added = intercepts + curves[of_day].per_network[:, : len(values), 0] + curves[1].per_network[:, :1, 0]
    targets = [member.target for member in linear.model_.members]
    each = [own.center + own.scale * scores for own, scores in zip(targets, added, strict=True)]
    assert np.allclose(np.mean(each, axis=0), linear.predict(rows), atol=1e-4)


def test_a_cycle_that_says_nothing_of_the_target_is_no_input(table) -> None:
    X, y = table
    columns = quick().fit(X, y).model_
    saturdays = quick().fit(X, 3.0 * (X["day"].dt.day_of_week >= 5) + X["x"]).model_
    week, year = columns.layout.cycles
    for member, idle in ((columns.members[0], False), (saturdays.members[0], True)):
        assert np.isfinite(member.statistics.scale[slice(*week)]).all()
        assert np.isinf(member.statistics.scale[slice(*year)]).all() == idle


@pytest.mark.parametrize("scaling", ["robust", "standard", "none"])
def test_what_is_no_input_is_none_in_training_and_in_predictions(scaling: str, table) -> None:
    X, _ = table
    y = np.random.default_rng(5).normal(size=N)
    model = quick(scaling=scaling).fit(X, y)
    later = X.assign(day=X["day"] + pd.Timedelta(days=3))
    encoded = [model.model_.layout.encode(own) for own in (X, later)]
    derived = slice(2, 2 + model.model_.layout.derived)
    inputs = [model.model_.members[0].statistics.apply(own)[:, derived] for own in encoded]
    assert not np.any(inputs)


def test_a_constrained_date_never_falls(table) -> None:
    X, y = table
    grid = pd.DataFrame({"day": pd.date_range("2022-01-01", periods=900), "x": 0.0})
    for sizes in ((), (8,)):
        rising = quick(sizes, monotonic_cst={"day": 1}).fit(X, y)
        assert (np.diff(rising.predict(grid)) >= -1e-9).all()
        assert rising.model_.layout.derived == 0
    assert quick(monotonic_cst=[0, 1]).fit(X, y).model_.layout.derived > 0


def test_the_encoder_has_them_too(table) -> None:
    encoder = TableEncoder().fit(table[0])
    numbers = encoder.transform(table[0])
    assert numbers.shape[1] == len(encoder.get_feature_names_out())
    assert "day week sine 1" in encoder.get_feature_names_out()
    assert np.isfinite(numbers).all()

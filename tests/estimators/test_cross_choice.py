"""Columns are read value by value where small networks miss what goes with the cells."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import TimeSeriesSplit

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV, load
from leadline.estimators.cross_choice import crosses_read
from leadline.estimators.given import read_input
from leadline.estimators.left_out import left_out_of
from leadline.estimators.networks import train_networks
from leadline.inspection import explain_rows
from leadline.search import LeftOut

SMALL: dict[str, Any] = {"hidden_layer_sizes": (16, 16), "max_iter": 20, "n_networks": 2, "random_state": 0}


def table(n: int, together: bool, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Of each day of each month the target has a level of its own, or it is a curve of days and levels of months."""
    levels = np.random.default_rng(5).standard_normal((32, 13))
    generator = np.random.default_rng(seed)
    day, month = generator.integers(1, 32, n), generator.integers(1, 13, n)
    names = np.array([f"month {i}" for i in range(13)])
    X = pd.DataFrame({"amount": generator.standard_normal(n), "day": day, "month": names[month]})
    y = levels[day, month] if together else np.sin(day / 8) + levels[0, month]
    return X, y + 0.5 * X["amount"].to_numpy() + 0.3 * generator.standard_normal(n)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[LeftOut]:
    """What the networks that are asked leave out, of each time that they are."""
    found: list[LeftOut] = []

    def left_out(*given: Any) -> LeftOut:
        found.append(left_out_of(*given))
        return found[-1]

    monkeypatch.setattr("leadline.estimators.cross_choice.left_out_of", left_out)
    return found


def crosses(estimator: Any) -> list[str]:
    return [cross.name for cross in estimator.model_.layout.crosses]


@pytest.fixture(scope="module")
def dated() -> DeepRegressor:
    return DeepRegressor(**SMALL).fit(*table(2500, together=True))


def test_days_of_months_are_found_and_make_the_error_smaller(dated: DeepRegressor) -> None:
    assert crosses(dated) == ["month × day"]
    assert any("'month' and 'day' are also read together" in notice for notice in dated.notices_)
    X, y = table(2000, together=True, seed=1)
    without = DeepRegressor(**SMALL, target_statistics=False).fit(*table(2500, together=True))
    assert crosses(without) == []
    errors = [np.mean((own.predict(X) - y) ** 2) for own in (dated, without)]
    assert errors[0] < 0.7 * errors[1]


def test_the_same_bits_for_any_number_of_workers_and_again(dated: DeepRegressor) -> None:
    X, _ = table(50, together=True, seed=2)
    again = DeepRegressor(**SMALL).fit(*table(2500, together=True))
    np.testing.assert_array_equal(dated.predict(X), again.predict(X))


def test_classes_have_pairs_too() -> None:
    X, y = table(3000, together=True)
    model = DeepClassifier(**SMALL).fit(X, y > 0.5)
    assert crosses(model) == ["month × day"]
    X, y = table(2000, together=True, seed=1)
    assert np.mean(model.predict(X) == (y > 0.5)) > 0.8


def test_a_number_whose_values_have_little_in_common_is_read_by_itself() -> None:
    generator = np.random.default_rng(3)
    X = generator.integers(0, 200, (3000, 2)).astype(float)
    levels = generator.standard_normal(200)
    y = levels[X[:, 0].astype(int)] + np.sin(X[:, 1] / 30) + 0.3 * generator.standard_normal(len(X))
    model = DeepRegressor(**SMALL).fit(X[:2000], y[:2000])
    assert crosses(model) == ["x0"]
    assert "column 'x0' is also read value by value: what rows with the same one say of the target" in model.notices_
    without = DeepRegressor(**SMALL, target_statistics=False).fit(X[:2000], y[:2000])
    errors = [np.mean((own.predict(X[2000:]) - y[2000:]) ** 2) for own in (model, without)]
    assert errors[0] < 0.5 * errors[1]


def holidays(first: str, n: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Days from a first one on: a season, and holidays by date and by weekday that are unlike the days around."""
    day = pd.Series(pd.date_range(first, periods=n))
    fixed = ((day.dt.day == 25) & (day.dt.month == 12)) | ((day.dt.day == 4) & (day.dt.month == 7))
    fourth = (day.dt.day_of_week == 3) & ((day.dt.day - 1) // 7 == 3) & day.dt.month.isin([2, 5, 8, 11])
    noise = np.random.default_rng(seed).standard_normal(n)
    return pd.DataFrame({"day": day}), np.sin(day.dt.day_of_year / 58) - 6.0 * (fixed | fourth) + 0.1 * noise


def test_holidays_are_found_by_the_calendar(tmp_path: Path) -> None:
    X, y = holidays("2001-01-01", 3000)
    model = DeepRegressor(**SMALL).fit(X, y)
    assert sorted(crosses(model)) == ["day of the year of day", "weekday of the month of day"]
    assert any("column 'day' is also read by the day of the year, such as the 25th" in own for own in model.notices_)
    X, y = holidays("2010-01-01", 730, seed=1)
    without = DeepRegressor(**SMALL, target_statistics=False).fit(*holidays("2001-01-01", 3000))
    errors = [np.mean((own.predict(X) - y) ** 2) for own in (model, without)]
    assert errors[0] < 0.5 * errors[1]
    assert explain_rows(model, X[:3]).values.shape[1] == 1
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").predict(X), model.predict(X))
    # logistic regression reads them too
    linear = DeepRegressor((), random_state=0).fit(*holidays("2001-01-01", 3000))
    assert "day of the year of day" in crosses(linear)


def test_days_of_one_year_are_no_calendar(asked: list[LeftOut]) -> None:
    X, y = holidays("2001-01-01", 600)
    assert crosses(DeepRegressor(**SMALL).fit(pd.concat([X] * 3), np.tile(y, 3))) == []
    assert asked == []


def test_nothing_is_asked_of_quantiles(asked: list[LeftOut]) -> None:
    X, y = table(2500, together=True)
    model = DeepRegressor(**{**SMALL, "max_iter": 2}, loss="quantile(0.1, 0.9)").fit(X, y)
    assert crosses(model) == []
    assert asked == []


def test_what_networks_learn_by_themselves_is_no_pair(asked: list[LeftOut]) -> None:
    X, y = table(1500, together=False)
    assert crosses(DeepRegressor(**SMALL).fit(X, y)) == []
    assert asked == []
    # that both count at once is no pair either, but only networks tell
    X, _ = table(1500, together=True)
    y = X["day"].to_numpy() * (X["month"] > "month 4").to_numpy() / 10.0
    assert crosses(DeepRegressor(**SMALL).fit(X, y)) == []
    assert len(asked) >= 1


def test_noise_has_no_pairs(asked: list[LeftOut]) -> None:
    X, _ = table(1500, together=True)
    for seed in range(20):
        y = np.random.default_rng(seed).standard_normal(len(X))
        assert crosses(DeepRegressor(**{**SMALL, "n_networks": 1, "max_iter": 1}).fit(X, y)) == []
    assert asked == []


def test_networks_that_read_pairs_and_err_more_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def errs_more(*given: Any) -> bool:
        compared.append(given)
        return False

    monkeypatch.setattr("leadline.estimators.cross_choice.errs_less", errs_more)
    model = DeepRegressor(**SMALL).fit(*table(2500, together=True))
    assert len(compared) == 1
    assert crosses(model) == []


def test_a_constrained_number_is_no_side_of_a_pair() -> None:
    X, y = table(2500, together=True)
    model = DeepRegressor(**SMALL, monotonic_cst={"day": 1}).fit(X, y)
    assert crosses(model) == []


def test_numbers_that_single_precision_does_not_hold_are_no_values() -> None:
    X, y = table(2500, together=True)
    X["day"] = np.where(X["day"] == 31, 1e300, X["day"])
    model = DeepRegressor(**SMALL).fit(X, y)
    assert [max(axis.values, default=0.0) for axis in model.model_.layout.crosses[0].axes] == [0.0, 30.0]


@pytest.mark.parametrize("setting", [{"additive": True, "hidden_layer_sizes": ()}, {"recipe": "plain"}])
def test_fits_that_are_not_asked(asked: list[LeftOut], setting: dict[str, Any]) -> None:
    model = DeepRegressor(**{**SMALL, "max_iter": 5, **setting}).fit(*table(2500, together=True))
    assert crosses(model) == []
    assert asked == []


def test_a_linear_model_reads_crosses_too() -> None:
    model = DeepRegressor((), random_state=0).fit(*table(2500, together=True))
    assert crosses(model) == ["month × day"]
    X, y = table(2000, together=True, seed=1)
    assert model.score(X, y) > 0.6
    assert DeepRegressor((), target_statistics=False).fit(*table(2500, together=True)).score(X, y) < 0.4


def test_rows_of_one_group_are_left_out_together() -> None:
    X, y = table(2500, together=False)
    group = np.random.default_rng(0).integers(300, size=len(X))
    X["day"], X["month"] = group % 20, np.array([f"month {i}" for i in range(15)])[group // 20]
    y = np.random.default_rng(1).standard_normal(300)[group] + 0.1 * y
    given = read_input(X, y, None, "regression")
    settings = DeepRegressor(**SMALL).hyperparameters()
    assert [cross.name for cross in crosses_read(given, settings, 0)] == ["month × day"]
    assert crosses_read(given, settings, 0, group) == ()


def test_a_saved_model_predicts_the_same(dated: DeepRegressor, tmp_path: Path) -> None:
    X, _ = table(200, together=True, seed=3)
    X.loc[:5, "day"] = 77
    X.loc[3:9, "month"] = "never seen"
    dated.save(tmp_path / "model.zip")
    again = load(tmp_path / "model.zip")
    assert crosses(again) == crosses(dated)
    np.testing.assert_array_equal(again.predict(X), dated.predict(X))


def test_training_goes_on_with_the_same_pairs() -> None:
    X, y = table(2500, together=True)
    model = DeepRegressor(**SMALL, warm_start=True).fit(X, y)
    before = crosses(model)
    model.fit(X, y)
    assert crosses(model) == before == ["month × day"]
    model.partial_fit(X[:100], y[:100])
    assert crosses(model) == before


def test_reasons_of_both_columns_add_up(dated: DeepRegressor) -> None:
    X, _ = table(30, together=True, seed=4)
    found = explain_rows(dated, X, table(100, together=True, seed=5)[0])
    added = found.base + found.values.sum(axis=1)
    np.testing.assert_allclose(added[:, 0], dated.predict(X), atol=1e-4)
    month, day = (np.abs(found.values[:, found.columns.index(name), 0]).mean() for name in ("month", "day"))
    assert 0.5 < month / day < 2


def test_every_depth_of_a_search_reads_crosses_as_fit_does(tmp_path: Path) -> None:
    X, y = table(2500, together=True)
    estimator = DeepRegressor(**SMALL, batch_size=32)
    once = {"candidates": 1, "repeats": 1, "random_state": 0}
    search = DepthSearchCV(estimator, max_depth=3, **once, study=tmp_path / "study.db").fit(X, y)
    assert all([cross.name for cross in model.layout.crosses] == ["month × day"] for model in search.models_.values())
    assert any("'month' and 'day' are also read together" in notice for notice in search.fold_notices_)
    np.testing.assert_array_equal(search.estimator_at(3).predict(X), estimator.fit(X, y).predict(X))
    problem, _, task = search.first_network(X, y)
    (trained,) = train_networks(problem, [task])
    np.testing.assert_array_equal(trained.theta, search.model_.members[0].theta)
    resumed = DepthSearchCV(estimator, max_depth=3, **once, study=tmp_path / "study.db").fit(X, y)
    np.testing.assert_array_equal(resumed.predict(X), search.predict(X))
    search.save(tmp_path / "model.zip")
    np.testing.assert_array_equal(load(tmp_path / "model.zip").predict(X), search.predict(X))


def test_the_additive_model_of_a_search_has_a_curve_for_each_column_and_no_pair() -> None:
    X, y = table(1200, together=True)
    small = {"max_depth": 2, "candidates": 1, "repeats": 1, "additive": True, "random_state": 0}
    search = DepthSearchCV(DeepRegressor(**SMALL), **small).fit(X, y)
    assert crosses(search) == ["month × day"]
    assert search.additive_model_ is not None
    assert all(not member.statistics.categories for member in search.additive_model_.members)


def test_a_division_of_the_callers_own_is_not_asked(asked: list[LeftOut]) -> None:
    X, y = table(2500, together=True)
    small = {"max_depth": 2, "candidates": 1, "additive": False, "random_state": 0}
    search = DepthSearchCV(DeepRegressor(**{**SMALL, "max_iter": 2}), cv=TimeSeriesSplit(2), **small).fit(X, y)
    assert crosses(search) == []
    assert asked == []

"""What predictions rest on: importances and dependence curves of models whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from leadline import DeepClassifier, DeepRegressor
from leadline.inspection import column_importances, partial_dependence, spread_rows
from leadline.inspection.effects import MOST_CATEGORIES
from leadline.search import Metric


@pytest.fixture(scope="module")
def fitted():
    """A linear model of y = 3a − 2b + 5·(kind is "z"), which it can learn exactly."""
    generator = np.random.default_rng(0)
    X = pd.DataFrame({"a": generator.normal(size=300), "b": generator.normal(size=300)})
    X["kind"] = generator.choice(["x", "y", "z"], 300, p=[0.5, 0.3, 0.2])
    X["noise"] = generator.normal(size=300)
    X["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(generator.integers(0, 300, 300), unit="D")
    y = 3 * X["a"] - 2 * X["b"] + 5 * (X["kind"] == "z")
    return DeepRegressor((), recipe="plain", alpha=1e-9, random_state=0).fit(X, y), X, y


def test_what_was_used_matters_in_its_order(fitted):
    network, X, y = fitted
    found = column_importances(network.model_, X, y.to_numpy(), Metric(None, network.model_.target))
    assert found[0].column == "a"
    assert {one.column for one in found[:3]} == {"a", "b", "kind"}
    assert abs(found[-1].mean) < 1e-3
    assert {one.column for one in found[3:]} == {"noise", "day"}


def test_the_importance_is_the_rise_of_the_error(fitted):
    """With exact predictions, shuffling a leaves an error of 3·(a − a′), whose root mean square is 3·√2·s.d."""
    network, X, y = fitted
    found = column_importances(network.model_, X, y.to_numpy(), Metric(None, network.model_.target))
    a = next(one for one in found if one.column == "a")
    assert a.mean == pytest.approx(3 * np.sqrt(2) * X["a"].std(), rel=0.1)
    assert 0 < a.standard_deviation < 0.2 * a.mean


def test_curves_follow_the_formula(fitted):
    network, X, _ = fitted
    number, category, date = partial_dependence(network.model_, X, ["a", "kind", "day"])
    slopes = np.diff(number.predictions[:, 0]) / np.diff(number.values)
    assert slopes == pytest.approx(3 * np.ones(len(slopes)), rel=1e-3)
    assert number.kind == "number"
    shares = dict(zip(category.values, category.predictions[:, 0], strict=True))
    assert shares["z"] - shares["x"] == pytest.approx(5, rel=1e-3)
    assert category.values[0] == "x"  # the most frequent
    assert date.kind == "date"
    assert date.values[0].startswith("2024-01-")
    assert np.ptp(date.predictions) < 0.01


def test_a_column_of_gaps_has_no_curve_and_many_categories_are_cut():
    generator = np.random.default_rng(1)
    X = pd.DataFrame({"city": generator.choice([f"c{i}" for i in range(30)], 400), "x": generator.normal(size=400)})
    network = DeepClassifier((), random_state=0).fit(X, (X["x"] > 0).astype(int))
    (city,) = partial_dependence(network.model_, X, ["city"])
    assert len(city.values) == MOST_CATEGORIES
    assert city.predictions == pytest.approx(np.hstack([1 - city.predictions[:, 1:], city.predictions[:, 1:]]))
    empty = X.assign(x=np.nan)
    assert partial_dependence(network.model_, empty, ["x"]) == []


def test_columns_may_have_any_names():
    generator = np.random.default_rng(2)
    X = pd.DataFrame({"self": [f"{number:,.1f}" for number in 1000 * generator.normal(size=300)]})
    X["frame"] = [f"some words, {word} and many others" for word in generator.choice(["self", "other", "none"], 300)]
    network = DeepRegressor((), columns={"self": "number", "frame": "text"}, random_state=0)
    network.fit(X, X["self"].str.replace(",", "").astype(float))
    curve, words = partial_dependence(network.model_, network.model_.layout.typed(X), ["self", "frame"])
    assert np.corrcoef(curve.values, curve.predictions[:, 0])[0, 1] > 0.9
    assert words.kind == "word"


def test_text_of_dates_far_away_has_a_curve():
    days = pd.Series(pd.date_range("2020-01-01", periods=200).strftime("%d/%m/%Y"))
    days[3] = "31/12/9999"
    X = pd.DataFrame({"day": days, "number": np.arange(200.0)})
    network = DeepRegressor((), random_state=0).fit(X, X["number"])
    (curve,) = partial_dependence(network.model_, X, ["day"])
    assert curve.kind == "date"
    assert curve.values[0].startswith("2020-01-")
    typed = network.model_.layout.typed(X)["day"]
    assert typed.astype(str).tolist()[2:4] == ["2020-01-03", "9999-12-31"]


def test_pictures_have_no_importances():
    X = np.random.default_rng(0).normal(size=(60, 201))
    network = DeepRegressor((), random_state=0).fit(X, X[:, 0])
    frame = pd.DataFrame(X, columns=[column.name for column in network.model_.layout.columns])
    assert column_importances(network.model_, frame, X[:, :1], Metric(None, network.model_.target)) == []


def test_rows_are_spread_evenly():
    assert spread_rows(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert spread_rows(101, 3).tolist() == [0, 50, 100]

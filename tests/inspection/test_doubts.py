"""Rows unlike the training rows, and columns that have moved."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import leadline
from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.errors import DataError
from leadline.inspection import doubts, drift
from leadline.tables import LEVELS


def rows(n: int, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": generator.normal(40, 10, n),
            "day": pd.Timestamp("2026-01-31") + pd.to_timedelta(generator.integers(0, 90, n), unit="D"),
            "colour": generator.choice(["red", "green", "blue"], n, p=[0.6, 0.3, 0.1]),
            "gaps": np.where(generator.random(n) < 0.2, np.nan, generator.normal(size=n)),
            "count": generator.poisson(0.5, n),
        }
    )


def truth(X: pd.DataFrame) -> np.ndarray:
    return np.asarray(np.sin(X["age"] / 5) + (X["colour"] == "red"))


@pytest.fixture(scope="module")
def model():
    X = rows(500, 0)
    return DeepRegressor((16,), max_iter=15, n_networks=4, random_state=0).fit(X, truth(X))


def test_rows_like_the_training_rows_are_hardly_ever_doubtful(model) -> None:
    said = doubts(model, rows(1000, 1))
    assert len(said) == 1000
    assert sum(map(bool, said)) <= 10


def test_each_reason_is_told(model) -> None:
    X = rows(6, 1)
    X.loc[0, "age"] = 140.0
    X.loc[1, "day"] = pd.Timestamp("2020-02-29")
    X.loc[2, "colour"] = "teal"
    X.loc[3, "colour"] = None
    X.loc[4, "age"] = np.nan
    X["gaps"] = X["gaps"].fillna(0.0)
    X.loc[5, "gaps"] = np.nan  # there were gaps in training
    said = doubts(model, X)
    profile = model.model_.profile
    place = [column.name for column in model.model_.layout.number_columns].index("age")
    low, high = profile.quantiles[place, [0, -1]]
    assert said[0].startswith(f"age 140 is above {low:.6g} to {high:.6g}")
    assert "day 2020-02-29 is below 2026-01-31 to 2026-0" in said[1]
    assert said[2].startswith("colour 'teal' is new")
    assert said[3].startswith("colour is missing")
    assert said[4].startswith("age is missing")
    assert said[5] == ""


def test_networks_that_differ_are_doubtful() -> None:
    """Two columns that always went together go apart: each is within its range."""
    generator = np.random.default_rng(0)
    x = generator.uniform(-1, 1, 400)
    X = pd.DataFrame({"a": x, "b": x + 0.01 * generator.normal(size=400)})
    found = DeepRegressor((32, 32), max_iter=40, random_state=0, clip_predictions=False).fit(X, np.sin(4 * x))
    said = doubts(found, pd.DataFrame({"a": [0.5, 0.9], "b": [0.5, -0.9]}))
    assert said[0] == ""
    assert said[1].startswith("the networks differ ")


def test_a_single_network_and_an_array_and_a_search_have_doubts() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(150, 2))
    linear = DeepClassifier((), random_state=0).fit(X, X[:, 0] > 0)
    assert doubts(linear, [[0.0, 0.0], [90.0, 0.0]])[0] == ""
    assert doubts(linear, np.array([[90.0, 0.0]]))[0].startswith("x0 90 is above ")
    search = DepthSearchCV(DeepRegressor(max_iter=3), max_depth=2, candidates=1, cv=2, random_state=0).fit(X, X[:, 0])
    assert doubts(search, np.array([[90.0, 0.0]]))[0].startswith("x0 90 is above ")


def test_the_profile_is_what_the_training_rows_have(model) -> None:
    X, profile = rows(500, 0), model.model_.profile
    numbers = [column.name for column in model.model_.layout.number_columns]
    assert profile.rows == 500
    age = profile.quantiles[numbers.index("age")]
    np.testing.assert_allclose(age, np.quantile(X["age"], LEVELS, method="inverted_cdf"))
    counts = profile.below[numbers.index("count")]
    assert counts[LEVELS.index(0.1)] == np.mean(X["count"] == 0)
    place = [column.name for column in model.model_.layout.columns].index("gaps")
    assert profile.missing[place] == pytest.approx(X["gaps"].isna().mean())
    blue, green, red = (np.mean(X["colour"] == word) for word in ("blue", "green", "red"))
    np.testing.assert_allclose(profile.shares, [blue, green, red])
    typical = profile.typical(model.model_.layout)
    assert typical.codes[0, 0] == 2
    assert abs(typical.numbers[0, numbers.index("age")] - X["age"].median()) < 0.2


def test_the_profile_travels_in_the_model_file(model, tmp_path) -> None:
    model.save(tmp_path)
    again = leadline.load(tmp_path)
    for name, array in model.model_.profile.to_arrays().items():
        np.testing.assert_array_equal(array, getattr(again.model_.profile, name))
    X = rows(20, 2)
    X.loc[0, "age"] = 1e6
    assert doubts(again, X) == doubts(model, X)


def test_a_model_that_does_not_say_is_told_as_such(model) -> None:
    old = DeepRegressor()
    old._restore(dataclasses.replace(model.model_, profile=None), {"count": 5, "names": None})
    for ask in (doubts, drift):
        with pytest.raises(DataError, match="does not say what its training rows looked like"):
            ask(old, rows(3, 0).to_numpy(dtype=object))


def test_what_has_moved_is_found_and_nothing_else(model) -> None:
    same = drift(model, rows(600, 3))
    assert not same["moved"].any()
    assert (same["index"] < 0.1).all()
    X = rows(600, 4)
    X["age"] += 8.0
    X.loc[::3, "colour"] = "teal"
    X.loc[::2, "gaps"] = np.nan
    found = drift(model, X).set_index("column")
    assert set(found.index[found["moved"]]) == {"age", "colour", "gaps"}
    assert found.loc["colour", "outside"] == pytest.approx(1 / 3)
    assert found.loc["gaps", "missing"][1] > 0.5
    assert found.loc["age", "usual"][1] - found.loc["age", "usual"][0] == pytest.approx(8, abs=1.5)
    assert found.loc["day", "usual"][0].startswith("2026-0")
    assert found.loc["age", "index"] > 0.25


def test_by_chance_one_table_in_twenty_at_most_has_a_column_that_moved() -> None:
    X = rows(6000, 5)
    found = DeepRegressor((), random_state=0).fit(X[:1000], truth(X[:1000]))
    moved = [drift(found, rows(300, seed))["moved"].any() for seed in range(10, 110)]
    assert np.mean(moved) <= 0.1


def test_there_must_be_rows(model) -> None:
    with pytest.raises(DataError, match="nothing to compare"):
        drift(model, rows(3, 0)[:0])

"""What a report says of a search, and what it keeps for that in the study."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.report import Rows, confidence, state_curves
from leadline.search import Evidence


def found(answer, as_good, evidence, margin=0.005):
    """As much of a search as its confidence is said from."""
    return SimpleNamespace(
        best_depth_=answer,
        evidence_=evidence,
        verdict_=SimpleNamespace(as_good=as_good),
        metric_=SimpleNamespace(label="RMSE"),
        margin=margin,
    )


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (
            found(1, {1: 0.999, 2: 0.004, 3: 0.03}, Evidence(1000, 0.00123, 6)),
            "The probability that L = 1 is the best depth or within 0.5 % of it is over 99 %. "
            "Choosing the best of 6 models flatters its RMSE by about 0.0012.",
        ),
        (
            found(2, {1: 0.0, 2: 0.97, 3: 0.12, 4: 0.3}, Evidence(1000, -0.1, 7)),
            "The probability that L = 2 is the best depth or within 0.5 % of it is 97 % (L = 4: 30 %, L = 3: 12 %). "
            "Choosing the best of 7 models flatters its RMSE by next to nothing.",
        ),
        (
            found(3, {2: 0.35, 3: 0.9}, Evidence(0, float("nan"), 7), margin=0.0),
            "The probability that L = 3 is the best depth is 90 % (L = 2: 35 %).",
        ),
        (found(1, {1: 1.0}, Evidence(1000, 0.0, 1)), ""),
    ],
)
def test_how_sure_each_of_the_three_answers_is(search, said):
    assert confidence(search) == said


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "level": np.where(generator.random(200) < 0.1, np.nan, generator.normal(0, 1, 200)),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(generator.integers(0, 400, 200), "D"),
            "city": generator.choice(["Ulm", "Rom"], 200),
        }
    )
    return frame, 1000 * frame["level"].fillna(2) + 300 * (frame["city"] == "Ulm")


def curves_of(estimator, frame, y, rows):
    search = DepthSearchCV(estimator, max_depth=2, candidates=1, cv=3).fit(frame, y)
    state_curves(search, rows)
    return search.study_.fact("contributions")


def test_curves_have_the_targets_unit_a_mean_of_zero_over_the_rows_and_their_range(table):
    frame, y = table
    stated = curves_of(DeepRegressor(max_iter=15, random_state=0), frame, y, Rows(frame[:150], y[:150]))
    assert (stated["what"], stated["columns"]) == ("adds to y", 3)
    curves = {own["column"]: own for own in stated["curves"]}
    assert next(iter(curves)) == "level", "what varies most comes first"
    level, city, day = curves["level"], curves["city"], curves["day"]
    assert level["missing"][0] > 0
    assert city["missing"] is None
    assert (
        frame["level"][:150].min() - 0.3 < level["values"][0] < level["values"][-1] < frame["level"][:150].max() + 0.3
    )
    assert np.ptp(level["predictions"]) > 1000
    shares = frame["city"][:150].value_counts(normalize=True)
    mean = sum(shares[value] * own[0] for value, own in zip(city["values"], city["predictions"], strict=True))
    assert mean == pytest.approx(0, abs=0.01)
    assert pd.Timestamp(day["values"][0]).year in (2019, 2020)
    assert all(own[0] >= 0 for own in level["spread"])


def test_curves_of_classes_are_in_log_odds_and_there_without_rows(table):
    frame, y = table
    stated = curves_of(DeepClassifier(max_iter=4, random_state=0), frame, np.where(y > y.median(), "yes", "no"), None)
    assert stated["outputs"] == ["yes"]
    assert stated["what"] == "adds to the log odds of yes"
    assert len(stated["curves"]) == 3


def test_without_an_additive_model_there_are_no_curves(table):
    frame, y = table
    search = DepthSearchCV(DeepRegressor(max_iter=3, random_state=0), max_depth=2, candidates=1, cv=3, additive=False)
    state_curves(search.fit(frame, y))
    assert search.study_.fact("contributions") is None

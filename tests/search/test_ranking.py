"""Anybody's models compared: the same statistics as for depths, on losses that are there already."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, RepeatedKFold, cross_val_predict
from sklearn.svm import LinearSVC

import leadline
from leadline.errors import DataError, ParameterError
from leadline.search import Comparison, give_verdict

N = 400


def made(gaps, seed: int = 0, n: int = N, noise: float = 0.3) -> dict[str, np.ndarray]:
    """Losses that share how hard a row is, each larger by a gap."""
    generator = np.random.default_rng(seed)
    hard = generator.exponential(size=n)
    return {f"m{i}": hard + gap + noise * generator.normal(size=n) for i, gap in enumerate(gaps)}


def test_of_two_models_it_is_the_paired_test() -> None:
    losses = made([0.0, 0.05])
    found = leadline.compare(losses)
    difference = losses["m1"] - losses["m0"]
    error = difference.std(ddof=1) / np.sqrt(N)
    assert found.models == ("m0", "m1")
    assert found.loss["m1"] == pytest.approx(losses["m1"].mean())
    assert found.standard_error["m0"] == pytest.approx(losses["m0"].std(ddof=1) / np.sqrt(N), rel=0.01)
    assert found.p_worse["m1"] == pytest.approx(norm.sf(difference.mean() / error), abs=0.01)
    assert found.chances["m1"].worse == pytest.approx(norm.sf((found.margin - difference.mean()) / error), abs=0.01)


def test_the_statistics_are_those_of_the_verdict_on_depths() -> None:
    losses = made([0.1, 0.02, 0.0])
    found = leadline.compare(losses)
    own = found.comparison
    verdict = give_verdict(Comparison((1, 2, 3), own.scores, own.covariance), 0.01, 0)
    assert [verdict.p_worse[L] for L in (1, 2, 3)] == [found.p_worse[name] for name in ("m0", "m1", "m2")]
    assert [verdict.as_good[L] for L in (1, 2, 3)] == [found.as_good[name] for name in ("m0", "m1", "m2")]
    assert {f"m{L - 1}" for L in verdict.supported} == set(found.not_worse)
    assert verdict.margin == found.margin


def test_the_best_model_is_in_the_set_as_often_as_is_said() -> None:
    kept = sum(
        "m0" in leadline.compare(made([0.0, 0.0, 0.01, 0.02], seed), random_state=seed).not_worse for seed in range(200)
    )
    assert kept >= 185


def test_groups_are_one_observation() -> None:
    losses = made([0.0, 0.03])
    groups = np.repeat(np.arange(N), 5)
    repeated = {name: np.repeat(own, 5) for name, own in losses.items()}
    alone, grouped, naive = leadline.compare(losses), leadline.compare(repeated, groups), leadline.compare(repeated)
    assert grouped.units == N
    assert grouped.standard_error["m1"] == pytest.approx(alone.standard_error["m1"], rel=0.01)
    assert naive.standard_error["m1"] == pytest.approx(alone.standard_error["m1"] / np.sqrt(5), rel=0.01)


def test_losses_of_folds_are_observations_and_few_are_said_to_be_few() -> None:
    losses = made([0.0, 0.5], n=8, noise=0.1)
    found = leadline.compare(losses, of_folds=True)
    assert found.standard_error["m0"] == pytest.approx(losses["m0"].std(ddof=1) / np.sqrt(8))
    assert found.notices == ("8 folds are few: standard errors and probabilities are known badly.",)
    assert leadline.compare(made([0.0, 0.1])).notices == ()


def test_roots_of_means_and_the_mean_over_folds() -> None:
    generator = np.random.default_rng(0)
    squares = {"a": generator.normal(size=N) ** 2, "b": (1.2 * generator.normal(size=N)) ** 2}
    found = leadline.compare(squares, root=True)
    assert found.loss["b"] == pytest.approx(np.sqrt(squares["b"].mean()))
    folds = np.arange(N) % 4
    apart = leadline.compare(squares, root=True, folds=folds)
    assert apart.loss["b"] == pytest.approx(np.mean([np.sqrt(squares["b"][folds == k].mean()) for k in range(4)]))
    assert apart.standard_error["b"] == pytest.approx(found.standard_error["b"], rel=0.1)


def test_a_weight_of_two_counts_as_the_row_twice() -> None:
    losses = made([0.0, 0.05])
    w = 1.0 + (np.arange(N) % 2)
    repeated = {name: np.repeat(own, w.astype(int)) for name, own in losses.items()}
    weighted, twice = (
        leadline.compare(losses, sample_weight=w),
        leadline.compare(repeated, np.repeat(np.arange(N), w.astype(int))),
    )
    assert weighted.loss == pytest.approx(twice.loss)
    assert weighted.standard_error == pytest.approx(twice.standard_error)


def test_equal_models_are_equally_good() -> None:
    same = made([0.0])["m0"]
    found = leadline.compare({"a": same, "b": same, "c": same + 1.0})
    assert found.best == "a"
    assert found.not_worse == ("a", "b")
    assert found.sentence.startswith("a has the smallest loss; b is not significantly worse.")
    assert found.sentence.endswith("1 other is significantly worse.")


def test_the_answer_in_words_and_as_a_table() -> None:
    found = leadline.compare(made([0.0, 1.0]))
    assert found.sentence == "m0 is the best: the other is significantly worse."
    frame = found.to_frame()
    assert frame["model"].tolist() == ["m0", "m1"]
    assert frame["not_worse"].tolist() == [True, False]
    assert found.to_record()["models"][0]["loss"] == found.loss["m0"]


@pytest.mark.parametrize(
    ("losses", "more", "said"),
    [
        ({"a": [1.0, 2.0]}, {}, "At least two models"),
        ({"a": [1.0, np.nan], "b": [1.0, 2.0]}, {}, "The losses of 'a' must be finite numbers; row 2 has nan"),
        ({"a": [1.0, "x"], "b": [1.0, 2.0]}, {}, "row 2 has x"),
        ({"a": [1.0, 2.0], "b": [1.0]}, {}, "The losses are no table"),
        ({"a": [1.0], "b": [1.0]}, {}, "at least two rows"),
        ({"a": [1.0, 2.0], "b": [1.0, 3.0]}, {"groups": [1, 1]}, "at least two rows, groups"),
        ({"a": [1.0, 2.0], "b": [1.0, 3.0]}, {"groups": [1]}, "groups must have a value for each of the 2 rows"),
        ({"a": [1.0, 2.0], "b": [1.0, 3.0]}, {"sample_weight": [1.0, 0.0]}, "positive numbers"),
        ({"a": [1.0, 2.0], "b": [1.0, 3.0]}, {"margin": -1}, "margin must be"),
        ({"a": [1.0, -2.0], "b": [1.0, 3.0]}, {"root": True}, "must not be negative"),
        ({"a": [1.0, 2.0], "b": [1.0, 3.0]}, {"of_folds": True, "folds": [0, 1]}, "leave groups and folds out"),
    ],
)
def test_what_cannot_be_compared_is_told(losses, more, said) -> None:
    with pytest.raises((DataError, ParameterError), match=said):
        leadline.compare(losses, **more)


# Estimators of scikit-learn


def test_losses_of_classifiers_are_those_of_cross_validation() -> None:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=5000, solver="liblinear")
    found = leadline.cross_val_losses({"logistic": model, "shares": DummyClassifier()}, X, y)
    expected = cross_val_predict(model, X, y, cv=5, method="predict_proba")
    np.testing.assert_allclose(found["logistic"], -np.log(expected[np.arange(len(y)), y]))
    assert leadline.compare(found).not_worse == ("logistic",)


def test_losses_of_regressions_and_of_what_has_no_probabilities() -> None:
    X, y = load_diabetes(return_X_y=True)
    models = {"linear": LinearRegression(), "ridge": Ridge(0.01)}
    found = leadline.cross_val_losses(models, X, y, cv=RepeatedKFold(n_splits=4, n_repeats=2, random_state=0))
    assert found.shape == (len(y), 2)
    assert set(leadline.compare(found, root=True).not_worse) == {"linear", "ridge"}
    classes = {"svm": LinearSVC(), "shares": DummyClassifier()}
    assert set(np.unique(leadline.cross_val_losses(classes, X, y > 140))) == {0.0, 1.0}


def test_losses_follow_groups_and_a_function_of_ones_own() -> None:
    X, y = load_diabetes(return_X_y=True)
    groups = np.arange(len(y)) % 10

    def loss(estimator, X, y):
        return np.abs(estimator.predict(X) - y) ** 1.5

    models = {"linear": LinearRegression(), "ridge": Ridge()}
    found = leadline.cross_val_losses(models, X, y, cv=GroupKFold(5), groups=groups, loss=loss)
    assert leadline.compare(found, groups).units == 10
    with pytest.raises(ParameterError, match="loss must be one of log_loss"):
        leadline.cross_val_losses(models, X, y, loss="rmse")
    with pytest.raises(ParameterError, match="got none"):
        leadline.cross_val_losses({}, X, y)


def test_our_own_estimators_are_compared_too() -> None:
    table = pd.DataFrame({"x": np.linspace(-2, 2, 120), "word": ["a", "b", "c"] * 40})
    y = np.abs(table["x"]) + (table["word"] == "a")
    models = {"L = 1": leadline.DeepRegressor((), random_state=0)}
    models["L = 2"] = leadline.DeepRegressor((16,), n_networks=2, max_iter=60, random_state=0)
    found = leadline.compare(leadline.cross_val_losses(models, table, y, cv=3))
    assert found.not_worse == ("L = 2",)

"""Intervals and sets of fitted estimators: who has them, of what shape, from which rows, and how they travel."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import ShuffleSplit, TimeSeriesSplit

import leadline
from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.errors import ParameterError

SMALL = {"hidden_layer_sizes": (8,), "max_iter": 8, "random_state": 0}


@pytest.fixture(scope="module")
def numbers():
    return load_diabetes(return_X_y=True)


@pytest.fixture(scope="module")
def regressor(numbers) -> DeepRegressor:
    return DeepRegressor(**SMALL).fit(*numbers)


def test_an_interval_is_around_a_share_of_new_rows(numbers) -> None:
    X, y = numbers
    model = DeepRegressor(**SMALL).fit(X[:300], y[:300])
    widths = []
    for coverage in (0.5, 0.8, 0.95):
        lower, upper = model.predict_interval(X[300:], coverage)
        assert lower.shape == upper.shape == (142,)
        # three standard errors of 142 rows
        assert abs(((y[300:] >= lower) & (y[300:] <= upper)).mean() - coverage) < 3 * np.sqrt(0.25 / 142)
        widths.append((upper - lower).mean())
    assert widths == sorted(widths)


def test_scores_are_from_every_row_and_from_networks_that_did_not_learn_it(regressor, numbers) -> None:
    X, y = numbers
    sure = regressor.model_.sure
    assert sure.rows == pytest.approx([len(y)])
    # no network is as good on the rows that it leaves out as all together are on rows that most have learned
    errors = np.abs(sure.scores * np.exp(sure.sizes.mean()))
    assert np.median(errors) > np.median(np.abs(regressor.predict(X) - y))


def test_several_numbers_have_an_interval_each(numbers) -> None:
    X, y = numbers
    model = DeepRegressor(**SMALL).fit(X, np.stack([y, -1000 * y], axis=1))
    lower, upper = model.predict_interval(X[:5])
    assert lower.shape == (5, 2)
    assert ((upper - lower)[:, 1] > 100 * (upper - lower)[:, 0]).all()


@pytest.mark.parametrize("loss", ["quantile(0.05, 0.5, 0.95)", "poisson", "absolute_error"])
def test_every_loss_has_intervals(loss: str, numbers) -> None:
    X, y = numbers
    lower, upper = DeepRegressor(**SMALL, loss=loss).fit(X, y).predict_interval(X)
    assert 0.8 < ((y >= lower) & (y <= upper)).mean() <= 1


def test_sets_of_classes_and_of_labels() -> None:
    X, y = load_iris(return_X_y=True)
    sets = DeepClassifier(**SMALL).fit(X, np.array(["a", "b", "c"])[y]).predict_set(X, 0.95)
    assert sets.shape == (150, 3)
    assert sets.dtype == bool
    assert sets[np.arange(150), y].mean() > 0.9
    assert DeepClassifier(**SMALL).fit(X, np.eye(3, dtype=int)[y]).predict_set(X, 0.95).shape == (150, 3)


def test_what_is_known_of_errors_is_saved_and_loaded_to_the_same_bits(regressor, numbers, tmp_path) -> None:
    X, _ = numbers
    regressor.save(tmp_path)
    for a, b in zip(leadline.load(tmp_path).predict_interval(X, 0.8), regressor.predict_interval(X, 0.8), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "model",
    [DeepRegressor(()), DeepRegressor(**SMALL, early_stopping=False), DeepRegressor(**SMALL, n_networks=1)],
    ids=["solved", "not stopped", "partial_fit"],
)
def test_a_model_that_leaves_no_rows_out_says_so_and_what_to_do(model, numbers) -> None:
    X, y = numbers
    if model.n_networks == 1:
        model.partial_fit(X, y)
    else:
        model.fit(X, y)
    with pytest.raises(ParameterError, match=r"knows no rows that its networks have not learned from.*`validation`"):
        model.predict_interval(X)


def test_rows_of_ones_own_say_it_too(numbers) -> None:
    X, y = numbers
    for model in (DeepRegressor(()), DeepRegressor(**SMALL)):
        given = model.fit(X[:300], y[:300], validation=(X[300:], y[300:]))
        # all networks leave out the same rows, and their average is what errs there
        assert given.model_.sure.rows == pytest.approx([142])
        divided = model.fit(X, y, validation=ShuffleSplit(1, test_size=0.2, random_state=0))
        assert divided.model_.sure.rows == pytest.approx([89])
    forecast = DeepRegressor(**SMALL).fit(X, y, validation=TimeSeriesSplit(8))
    assert forecast.model_.sure.rows[0] < len(y)


def test_training_that_goes_on_says_it_only_where_the_rows_are_the_same(numbers) -> None:
    X, y = numbers
    model = DeepRegressor(**SMALL, warm_start=True).fit(X, y)
    model.fit(X, y).predict_interval(X)
    # other rows: those that are left out now were learned from before
    model.fit(X[::-1], y[::-1])
    with pytest.raises(ParameterError, match="cannot say how sure it is"):
        model.predict_interval(X)


def test_a_model_with_weights_of_one_has_the_intervals_of_one_without(regressor, numbers) -> None:
    X, y = numbers
    weighted = DeepRegressor(**SMALL).fit(X, y, sample_weight=np.ones(len(y)))
    np.testing.assert_array_equal(weighted.model_.sure.scores, regressor.model_.sure.scores)


@pytest.mark.parametrize("how", [{}, {"refit": True}, {"ensemble": True}], ids=["usual", "refit", "ensemble"])
def test_a_search_knows_errors_from_its_folds(how: dict, numbers) -> None:
    X, y = numbers
    search = DepthSearchCV(DeepRegressor(**SMALL), max_depth=2, candidates=2, repeats=1, **how).fit(X[:300], y[:300])
    lower, upper = search.predict_interval(X[300:], 0.8)
    assert abs(((y[300:] >= lower) & (y[300:] <= upper)).mean() - 0.8) < 0.12
    assert search.model_.sure.rows == pytest.approx([300])
    for L in (1, 2):
        assert search.estimator_at(L).model_.sure.rows == pytest.approx([300])
    assert not hasattr(search, "predict_set")


def test_a_search_of_rows_in_time_knows_the_errors_of_forecasts_only() -> None:
    generator = np.random.default_rng(0)
    X = pd.DataFrame({"a": generator.normal(size=200)})
    y = X["a"] + 0.3 * generator.normal(size=200)
    search = DepthSearchCV(
        DeepRegressor(**SMALL), max_depth=1, cv=TimeSeriesSplit(4), additive=False, random_state=0
    ).fit(X, y)
    # the first fifth is learned from only
    assert search.model_.sure.rows == pytest.approx([160])


def test_a_search_of_classes_has_sets() -> None:
    X, y = load_iris(return_X_y=True)
    search = DepthSearchCV(DeepClassifier(**SMALL), max_depth=1, candidates=2, additive=False).fit(X, y)
    assert search.predict_set(X, 0.9).shape == (150, 3)
    assert not hasattr(search, "predict_interval")

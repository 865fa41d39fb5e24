import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, make_regression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from leadline import DeepClassifier, DeepRegressor
from leadline.errors import DataError, ParameterError

SMALL = {"hidden_layer_sizes": (16,), "max_iter": 15, "random_state": 0}


def test_a_mixed_table_is_learned(mixed) -> None:
    X, y, label = mixed
    assert DeepRegressor(hidden_layer_sizes=(), random_state=0).fit(X, y).score(X, y) > 0.8
    assert DeepRegressor(hidden_layer_sizes=(32,), max_iter=60, random_state=0).fit(X, y).score(X, y) > 0.8
    model = DeepClassifier(hidden_layer_sizes=(16,), max_iter=40, random_state=0).fit(X, label)
    assert model.score(X, label) > 0.85
    assert model.classes_.tolist() == ["cheap", "dear"]


def test_probabilities_belong_to_the_classes(mixed) -> None:
    X, _, label = mixed
    model = DeepClassifier(**SMALL).fit(X, label)
    p = model.predict_proba(X)
    assert p.shape == (300, 2)
    assert np.allclose(p.sum(axis=1), 1)
    assert (model.predict(X) == model.classes_[p.argmax(axis=1)]).all()


@pytest.mark.parametrize("sizes", [(), (16,), (8, 8)])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(mixed, sizes: tuple[int, ...]) -> None:
    X, y, _ = mixed
    models = [DeepRegressor(sizes, max_iter=5, random_state=seed).fit(X, y) for seed in (0, 0, 1)]
    a, b, c = (model.predict(X) for model in models)
    assert np.array_equal(a, b)
    assert np.array_equal(a, c) == (sizes == ()), "logistic and linear regression need no luck"


def test_columns_may_come_in_any_order_in_training_too(mixed) -> None:
    X, y, _ = mixed
    model = DeepRegressor(**SMALL).fit(X, y)
    shuffled = X[["kind", "colour", "age", "size"]]
    assert np.array_equal(model.predict(shuffled), model.predict(X))
    again = DeepRegressor(**SMALL).fit(shuffled, y)
    assert np.array_equal(again.predict(X), model.predict(X))
    assert again.feature_names_in_.tolist() == shuffled.columns.tolist()


def test_a_column_too_many_is_named(mixed) -> None:
    X, y, _ = mixed
    model = DeepRegressor(**SMALL).fit(X, y)
    with pytest.raises(DataError, match=r"X has the column 'extra', which was not there in training \(1 such"):
        model.predict(X.assign(extra=1))


def test_a_missing_column_is_named(mixed) -> None:
    X, y, _ = mixed
    model = DeepRegressor(**SMALL).fit(X, y)
    renamed = X.rename(columns={"colour": "color"})
    with pytest.raises(DataError, match=r"Column 'colour'.*is missing. Did you mean 'color'\?"):
        model.predict(renamed)


def test_unseen_categories_and_missing_values_are_predicted(mixed) -> None:
    X, y, _ = mixed
    model = DeepRegressor(**SMALL).fit(X, y)
    new = pd.DataFrame({"size": [50.0, np.nan], "age": [np.nan, 3.0], "colour": ["violet", None], "kind": ["z", None]})
    assert np.isfinite(model.predict(new)).all()


def test_polars_and_pandas_give_the_same_predictions(mixed) -> None:
    X, y, _ = mixed
    numbers = X[["size", "age"]]
    a = DeepRegressor(**SMALL).fit(numbers, y)
    b = DeepRegressor(**SMALL).fit(pl.from_pandas(numbers), pl.from_pandas(y))
    assert np.array_equal(a.predict(numbers), b.predict(pl.from_pandas(numbers)))
    assert b.feature_names_in_.tolist() == ["size", "age"]


def test_an_array_has_no_names_and_a_wrong_width_is_an_error() -> None:
    X, y = load_diabetes(return_X_y=True)
    model = DeepRegressor(**SMALL).fit(X, y)
    assert model.n_features_in_ == 10
    assert not hasattr(model, "feature_names_in_")
    with pytest.raises(DataError, match="X has 9 features, but DeepRegressor is expecting 10 features as input"):
        model.predict(X[:, :9])


def test_several_numbers_are_predicted_together() -> None:
    X, Y = make_regression(200, 5, n_targets=3, random_state=0)
    model = DeepRegressor(hidden_layer_sizes=(), alpha=1e-3, scaling="standard").fit(X, Y)
    assert model.predict(X).shape == (200, 3)
    assert model.score(X, Y) > 0.999


def test_one_layer_is_ridge_on_the_same_inputs() -> None:
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    ours = DeepRegressor(hidden_layer_sizes=(), alpha=3.0, scaling="none").fit(X, y)
    theirs = Ridge(alpha=3.0).fit(X, y)
    ((W, _),) = ours.model_.layers()
    assert np.allclose(W[0] * y.std(), theirs.coef_, rtol=1e-3, atol=1e-3)
    assert np.allclose(ours.predict(X), theirs.predict(X), rtol=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
def test_one_layer_is_logistic_regression_on_the_same_inputs(classes: int) -> None:
    X, y = load_iris(return_X_y=True)
    X, y = StandardScaler().fit_transform(X[y < classes]), y[y < classes]
    ours = DeepClassifier(hidden_layer_sizes=(), alpha=0.5, scaling="none").fit(X, y)
    theirs = LogisticRegression(C=2.0, tol=1e-10, max_iter=10_000).fit(X, y)
    ((W, _),) = ours.model_.layers()
    assert np.allclose(W, theirs.coef_, rtol=1e-3, atol=1e-3)
    assert np.allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)


def test_a_weight_of_two_is_the_row_twice(mixed) -> None:
    X, y, _ = mixed
    w = np.ones(300)
    w[:50], w[50:80] = 2, 0
    rows = np.repeat(np.arange(300), w.astype(int))
    options = {"hidden_layer_sizes": (), "alpha": 1.0}
    weighted = DeepRegressor(**options).fit(X, y, sample_weight=w)
    repeated = DeepRegressor(**options).fit(X.iloc[rows], y.iloc[rows])
    assert np.allclose(weighted.predict(X), repeated.predict(X), rtol=1e-5)


def test_early_stopping_returns_to_the_best_epoch() -> None:
    X, y = load_diabetes(return_X_y=True)
    model = DeepRegressor((64, 64), max_iter=60, learning_rate_init=0.01, n_iter_no_change=10, random_state=0).fit(X, y)
    assert model.best_epoch_ == int(np.argmax(model.validation_scores_)) + 1
    assert model.n_iter_ == len(model.validation_scores_) < 60


def test_without_early_stopping_every_epoch_is_trained() -> None:
    X, y = load_diabetes(return_X_y=True)
    model = DeepRegressor(early_stopping=False, **SMALL).fit(X, y)
    assert model.n_iter_ == model.best_epoch_ == 15
    assert len(model.validation_scores_) == 0
    assert len(model.loss_curve_) == 15


def test_columns_that_say_nothing_are_left_out_with_a_notice(mixed) -> None:
    X, y, _ = mixed
    X = X.assign(empty=np.nan, always=7, name=[f"row {i}" for i in range(300)])
    model = DeepRegressor(**SMALL).fit(X, y)
    assert model.notices_ == [
        "column 'always' is not used: it is constant (7)",
        "column 'empty' is not used: it is entirely missing",
        "column 'name' is not used: it is text whose values all differ, an identifier",
    ]


def test_it_works_inside_scikit_learns_tools() -> None:
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), DeepClassifier(**SMALL, learning_rate_init=0.02))
    assert cross_val_score(pipeline, X, y, cv=3).min() > 0.85
    estimator = DeepClassifier(dropout=0.3)
    assert clone(estimator).get_params() == estimator.get_params()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"learning_rate_init": -0.1}, "DeepClassifier.learning_rate_init must be a positive number; got -0.1"),
        ({"hidden_layer_sizes": (3, -1)}, "DeepClassifier.hidden_layer_sizes must be a sequence of positive integers"),
        ({"validation_fraction": 1.5}, r"DeepClassifier.validation_fraction must be a number in \(0, 1\); got 1.5"),
        ({"early_stopping": "yes"}, "DeepClassifier.early_stopping must be one of True, False; got 'yes'"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_rule_and_value(parameters: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        DeepClassifier(**parameters).fit(np.eye(4), [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.ones((3, 2, 2)), [0, 1, 0], "Expected a 2D array, rows by columns; got 3 dimension"),
        (np.eye(4), [0, 1, 0], "X has 4 rows but y has 3"),
        (np.eye(4), [1, 1, 1, 1], "The target 'y' has only one class"),
        (np.eye(4), [0, 1, None, 1], r"The target 'y' has missing values \(NaN\), the first in row 3"),
        (np.eye(4), [0.5, 1.2, 3.3, 0.1], "The target 'y' does not hold classes"),
        (np.eye(4), None, "requires y to be passed"),
        (np.array([[1, np.inf], [2, 3], [4, 5], [5, 7]]), [0, 1, 0, 1], "Column 'x1' has an infinite value in row 1"),
        (np.ones((4, 2)), [0, 1, 0, 1], r"No column is left to learn from: 'x0' is constant \(1.0\)"),
    ],
)
def test_bad_data_is_named_with_its_place(X: np.ndarray, y: list, message: str) -> None:
    with pytest.raises(DataError, match=message):
        DeepClassifier().fit(X, y)


@pytest.mark.parametrize(
    ("w", "message"),
    [
        ([1, 1], r"sample_weight.shape == \(2,\), expected \(4,\)"),
        ([1, -1, 1, 1], "must be finite and not negative; got -1.0 in row 2"),
        ([0, 0, 0, 0], "sample_weight is zero in every row"),
    ],
)
def test_wrong_weights_are_refused(w: list, message: str) -> None:
    with pytest.raises(DataError, match=message):
        DeepClassifier().fit(np.eye(4), [0, 1, 0, 1], sample_weight=w)


def test_training_that_diverges_says_so() -> None:
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(
        DataError, match=r"Training failed: training loss not finite in epoch 1.*lower learning_rate_init"
    ):
        DeepRegressor(**SMALL, learning_rate_init=1e30).fit(X, y)


@pytest.mark.parametrize(
    ("kind", "networks"),
    [(DeepClassifier, [8, 5, 5, 5, 5, 5]), (DeepRegressor, [8, 5, 5, 4, 4, 5])],
    ids=["classes", "numbers"],
)
def test_how_many_networks_follows_the_rows_and_the_task(kind, networks) -> None:
    rows = (10_000, 10_001, 14_000, 14_001, 50_000, 50_001)
    assert [kind()._networks_of(n) for n in rows] == networks
    assert {kind(recipe="plain")._networks_of(n) for n in rows} == {1}
    assert {kind(n_networks=3)._networks_of(n) for n in rows} == {3}

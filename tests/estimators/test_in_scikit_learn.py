"""Parts of scikit-learn that have their own idea of what an estimator is."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV, TableEncoder, load
from leadline.errors import DataError
from leadline.inspection import CodedModel


def quick(kind=DeepClassifier, **more):
    return kind((8,), n_networks=2, max_iter=5, random_state=0, **more)


@pytest.fixture
def table():
    generator = np.random.default_rng(0)
    n = 120
    frame = pd.DataFrame(
        {
            "size": generator.normal(10, 3, n),
            "age": np.where(generator.random(n) < 0.1, np.nan, generator.integers(1, 90, n)),
            "colour": generator.choice(["red", "green", "blue"], n),
        }
    )
    return frame, np.where(frame["size"] + 3 * (frame["colour"] == "red") > 11, "yes", "no")


@pytest.fixture
def numbers():
    generator = np.random.default_rng(1)
    X = generator.normal(size=(120, 4))
    return X, X[:, 0] - 2 * X[:, 1] + 0.1 * generator.normal(size=120)


# Several targets


def test_a_chain_over_a_frame_with_categories(table) -> None:
    frame, y = table
    Y = np.column_stack([y == "yes", frame["colour"] == "red"]).astype(int)
    chain = make_pipeline(TableEncoder(), ClassifierChain(quick(), random_state=0)).fit(frame, Y)
    assert chain.predict(frame).shape == Y.shape


def test_several_targets_of_many_classes_by_scikit_learns_wrapper(table) -> None:
    frame, y = table
    Y = np.column_stack([y, frame["colour"]]).astype(object)
    with pytest.raises(DataError, match="MultiOutputClassifier"):
        quick().fit(frame, Y)
    several = MultiOutputClassifier(quick()).fit(frame, Y)
    assert several.predict(frame).shape == Y.shape
    assert [p.shape[1] for p in several.predict_proba(frame)] == [2, 3]


# Importances


@pytest.mark.parametrize("kind", [DeepClassifier, DeepRegressor])
def test_columns_are_selected_by_importance(kind, numbers) -> None:
    X, y = numbers
    y = y > 0 if kind is DeepClassifier else y
    model = kind((16,), n_networks=2, max_iter=60, random_state=0)
    chosen = SelectFromModel(model, max_features=2, threshold=-np.inf).fit(X, y)
    assert chosen.get_support().tolist() == [True, True, False, False]
    assert RFE(model, n_features_to_select=2).fit(X, y).support_.tolist() == [True, True, False, False]


def test_the_importances_of_a_linear_model_are_its_squared_standardised_coefficients(numbers) -> None:
    X, y = numbers
    X = X * [1.0, 3.0, 1.0, 10.0]
    model = DeepRegressor((), alpha=0.0).fit(X, y)
    effects = (np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=None)[0] * X.std(axis=0)) ** 2
    np.testing.assert_allclose(model.feature_importances_, effects / effects.sum(), atol=0.03)


def test_importances_count_interactions_categories_and_gaps_but_no_column_that_is_not_read(table, tmp_path) -> None:
    frame, _ = table
    frame = frame.assign(constant=1.0)
    y = np.where(frame["colour"] == "red", 10.0, 0.0) + 5.0 * frame["age"].isna()
    model = DeepRegressor((16,), n_networks=2, max_iter=60, random_state=0).fit(frame, y)
    found = dict(zip(frame.columns, model.feature_importances_, strict=True))
    assert found["constant"] == 0
    assert found["colour"] > found["age"] > found["size"]
    assert sum(found.values()) == pytest.approx(1)
    model.save(tmp_path)
    np.testing.assert_array_equal(load(tmp_path).feature_importances_, model.feature_importances_)


def test_an_estimator_that_is_not_fitted_has_no_importances() -> None:
    assert not hasattr(DeepClassifier(), "feature_importances_")
    assert not hasattr(DepthSearchCV(DeepClassifier()), "feature_importances_")


# Metadata routing


def test_weights_and_groups_are_routed_through_cross_validate(numbers) -> None:
    X, y = numbers
    w, groups = np.linspace(1, 2, len(y)), np.arange(len(y)) // 2
    search = DepthSearchCV(quick(), max_depth=1, candidates=1, cv=5)
    with sklearn.config_context(enable_metadata_routing=True):
        own = clone(search).set_fit_request(sample_weight=True)
        inner = DepthSearchCV(quick().set_fit_request(sample_weight=True), max_depth=1, candidates=1, cv=5)
        metadata = {"sample_weight": w, "groups": groups}
        first, second = (
            cross_validate(one, X, y > 0, cv=GroupKFold(2), params=metadata)["test_score"] for one in (own, inner)
        )
        np.testing.assert_array_equal(first, second)
        routed = own.get_metadata_routing()
        assert routed.fit.requests == {"sample_weight": True, "groups": True}
        assert routed.score.requests == {"sample_weight": True}
        closed = own.set_score_request(sample_weight=False).set_fit_request(sample_weight=True, groups=False)
        assert closed.get_metadata_routing().score.requests == {"sample_weight": False}
        assert closed.get_metadata_routing().fit.requests == {"sample_weight": True, "groups": False}
        # nothing is asked for where no one has asked
        assert search.get_metadata_routing().fit.requests["sample_weight"] is None


# The encoder


def test_the_encoder_is_an_estimator_of_scikit_learns() -> None:
    results = check_estimator(TableEncoder(), on_fail=None, on_skip=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


def test_the_encoder_names_each_number_once(table) -> None:
    frame, _ = table
    given = frame[["size", "age"]].assign(**{"age missing": frame["size"]})
    found = TableEncoder().set_output(transform="polars").fit_transform(given)
    assert found.columns == ["size", "age", "age missing", "age missing_"]


def test_the_encoder_refuses_another_number_of_columns(table) -> None:
    frame, _ = table
    encoder = TableEncoder().fit(frame[["size", "age"]].to_numpy())
    with pytest.raises(DataError, match="X has 1 features, but TableEncoder is expecting 2"):
        encoder.transform(np.zeros((3, 1)))


# Models of codes


def test_a_model_of_codes_predicts_as_the_model_does(table) -> None:
    frame, y = table
    frame.loc[3, "colour"] = None
    model = quick().fit(frame, y)
    coded = CodedModel(model)
    new = frame.copy()
    new.loc[5, "colour"] = "(never seen)"
    codes = coded.encode(new)
    assert codes.columns.tolist() == ["size", "age", "colour"]
    assert all(dtype == np.float64 for dtype in codes.dtypes)
    np.testing.assert_array_equal(coded(codes), model.predict_proba(new))
    np.testing.assert_array_equal(coded(codes.to_numpy()), model.predict_proba(new))

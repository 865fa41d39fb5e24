"""shap and yellowbrick."""

import warnings

import numpy as np
import pytest
from small_models import quick

from leadline.inspection import CodedModel, explain_rows


def test_shap_explains_a_model_of_numbers(of_array, numbers) -> None:
    shap = pytest.importorskip("shap", reason="shap is not installed")
    X, _ = numbers
    found = shap.Explainer(of_array, X)(X[:5])
    assert found.values.shape == (5, 4, 2)
    parts = found.base_values + found.values.sum(axis=1)
    np.testing.assert_allclose(parts, of_array.predict_proba(X[:5]), atol=1e-6)


def test_shap_explains_a_model_of_categories(classifier, table) -> None:
    shap = pytest.importorskip("shap", reason="shap is not installed")
    frame, _ = table
    coded = CodedModel(classifier)
    found = shap.Explainer(coded, coded.encode(frame))(coded.encode(frame[:5]))
    parts = found.base_values + found.values.sum(axis=1)
    np.testing.assert_allclose(parts, classifier.predict_proba(frame[:5]), atol=1e-6)


def test_shap_explains_a_regression_and_a_search(regressor, numbers, search, table) -> None:
    shap = pytest.importorskip("shap", reason="shap is not installed")
    X, _ = numbers
    assert shap.Explainer(regressor, X)(X[:3]).values.shape == (3, 4)
    coded = CodedModel(search)
    codes = coded.encode(table[0])
    assert shap.Explainer(coded, codes)(codes[:3]).values.shape == (3, 3, 2)


def test_the_kernel_explainer_takes_categories(classifier, table) -> None:
    shap = pytest.importorskip("shap", reason="shap is not installed")
    frame, _ = table
    explainer = shap.KernelExplainer(classifier.predict_proba, frame[:20])
    values = explainer.shap_values(frame[:3], silent=True)
    parts = explainer.expected_value + values.sum(axis=1)
    np.testing.assert_allclose(parts, classifier.predict_proba(frame[:3]), atol=1e-6)


def test_our_contributions_are_an_explanation_of_shap(classifier, of_array, table, numbers) -> None:
    shap = pytest.importorskip("shap", reason="shap is not installed")
    frame, _ = table
    found = explain_rows(classifier, frame[:6], frame, of="predictions").to_shap()
    assert isinstance(found, shap.Explanation)
    np.testing.assert_allclose(
        found.base_values + found.values.sum(axis=1), classifier.predict_proba(frame[:6]), atol=1e-9
    )
    assert found.output_names == [f"p({value})" for value in classifier.classes_]
    odds = explain_rows(of_array, numbers[0][:6], numbers[0]).to_shap()
    assert odds.values.shape == (6, 4)
    import matplotlib as mpl

    mpl.use("agg")
    shap.plots.waterfall(odds[0], show=False)
    shap.plots.bar(odds, show=False)


def test_yellowbrick_knows_what_kind_of_estimator_this_is(of_array, regressor, search, numbers, table) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("yellowbrick", reason="yellowbrick is not installed")
        from yellowbrick.classifier import ROCAUC, ConfusionMatrix
        from yellowbrick.regressor import ResidualsPlot
        from yellowbrick.utils import is_classifier, is_regressor
    import matplotlib as mpl

    mpl.use("agg")
    X, y = numbers
    assert is_classifier(of_array)
    assert is_classifier(search)
    assert is_regressor(regressor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # yellowbrick's own, about newer versions of what it draws with
        for kind in (ConfusionMatrix, ROCAUC):
            shown = kind(quick(), force_model=False)
            shown.fit(X, y > 0)
            assert shown.score(X, y > 0) is not None
        plot = ResidualsPlot(regressor, is_fitted=True)
        plot.fit(X, y)
        plot.score(X, y)

"""A column of text is one column in everything that explains a model."""

import numpy as np
import pandas as pd
import pytest

from leadline import DeepClassifier
from leadline.errors import DataError, ParameterError
from leadline.export import write_onnx
from leadline.inspection import (
    CodedModel,
    column_curves,
    column_importances,
    doubts,
    drift,
    explain_rows,
    partial_dependence,
)
from leadline.report import Rows, state_curves
from leadline.search import Metric

COMMON = ["with", "and", "very", "some", "lamp", "table", "chair", "desk", "shelf", "room", "wall"]


def reviews(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    generator = np.random.default_rng(seed)
    content = generator.integers(0, 2, n)
    said = np.where(content, "wonderful", "broken")
    texts = [" ".join(generator.permutation([word, *generator.choice(COMMON, 7)])) for word in said]
    return pd.DataFrame({"x": generator.normal(size=n), "review": pd.Series(texts, dtype=object)}), content


@pytest.fixture(scope="module")
def model() -> DeepClassifier:
    return DeepClassifier((16,), max_iter=15, n_networks=2, random_state=0).fit(*reviews(400, 0))


def test_the_parts_of_a_prediction_have_one_for_the_text(model) -> None:
    X, y = reviews(40, 1)
    found = explain_rows(model, X, background=reviews(50, 2)[0])
    assert found.columns == ("review", "x")
    assert np.allclose(found.base + found.values.sum(axis=1), found.total)
    assert np.abs(found.values[:, 0, 0]).mean() > 2 * np.abs(found.values[:, 1, 0]).mean()
    assert np.mean((found.values[:, 0, 0] > 0) == (y == 1)) > 0.85
    assert np.isfinite(explain_rows(model, X).values).all(), "also against the typical row"


def test_the_words_that_move_predictions_are_told(model) -> None:
    X, y = reviews(200, 1)
    (found,) = partial_dependence(model.model_, X, ["review"])
    assert found.kind == "word"
    assert found.values[-1] == "wonderful"
    assert found.predictions[-1, 1] > np.median(found.predictions[:, 1]) + 0.1
    assert (np.diff(found.predictions[:, 1]) >= 0).all()
    importances = column_importances(model.model_, X, y, Metric(None, model.model_.target))
    assert importances[0].column == "review"


def test_rows_and_columns_that_are_unlike_the_training_rows_are_told(model) -> None:
    X, _ = reviews(300, 1)
    assert sum(map(bool, doubts(model, X))) <= 5
    assert doubts(model, X[:1].assign(review=None)) == ["review is missing"]
    still = drift(model, X).set_index("column")
    assert not still["moved"].any()
    longer = drift(model, X.assign(review=X["review"] + " and the garden")).set_index("column").loc["review"]
    assert longer["moved"]
    assert longer["usual"][1] == pytest.approx(longer["usual"][0] + 15, abs=2)


def test_curves_leave_it_out_and_still_add_up_for_the_average_text() -> None:
    X, y = reviews(300, 0)
    model = DeepClassifier((), additive=True, max_iter=10, n_networks=2, random_state=0).fit(X, y)
    curves, intercepts = column_curves(model)
    assert [curve.column for curve in curves] == ["x"]
    assert intercepts.shape == (2, 1)

    class Study:
        def state(self, name, value):
            self.found = value

    class Search:
        study_, additive_model_, model_ = Study(), model.model_, model.model_
        _estimator = staticmethod(lambda depth, own: model)

    state_curves(Search(), Rows(X, pd.Series(y)))
    assert [own["column"] for own in Search.study_.found["curves"]] == ["x"]


def test_what_cannot_take_text_says_so(model, tmp_path) -> None:
    with pytest.raises(DataError, match="Column 'review' is free text"):
        CodedModel(model)
    pytest.importorskip("onnx")
    with pytest.raises(ParameterError, match="ONNX cannot read column 'review': it is free text"):
        write_onnx(model, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()

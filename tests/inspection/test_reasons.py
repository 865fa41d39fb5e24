"""Why this row: contributions sum exactly, belong to the right column, and are the integral of the gradient."""

import numpy as np
import pandas as pd
import pytest

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.errors import DataError, ParameterError
from leadline.inspection import column_curves, explain_rows, spread_rows
from leadline.network import activation, forward, layer_backward
from leadline.training import coded_above, input_columns, layer_inputs

KINDS = {
    "bins": {"numeric_embedding": "piecewise_linear"},
    "cosines": {"numeric_embedding": "periodic"},
    "members": {"numeric_embedding": "piecewise_linear", "members": 3},
    "numbers as they are": {"numeric_embedding": "none", "feature_scale": False},
    "smooth": {"numeric_embedding": "periodic", "activation": "silu"},
    "one input for each category": {"one_hot_up_to": "all"},
}
QUICK = {"max_iter": 4, "n_networks": 3, "random_state": 0}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Every kind of column: numbers with and without gaps, dates, categories with gaps and rare ones."""
    generator = np.random.default_rng(0)
    n = 300
    return pd.DataFrame(
        {
            "gaps": np.where(generator.random(n) < 0.1, np.nan, generator.normal(5, 2, n)),
            "heavy": np.exp(2 * generator.normal(size=n)),
            "day": pd.Timestamp("2026-01-31") + pd.to_timedelta(generator.integers(0, 900, n), unit="D"),
            "word": generator.choice(["red", "green", None], n),
            "code": pd.Series([f"c{i % 80}" for i in range(n)], dtype="category"),
        }
    )


def target(X: pd.DataFrame, classes: int) -> np.ndarray:
    raw = np.sin(X["gaps"].fillna(0)) + (X["word"] == "red") + 0.1 * np.random.default_rng(1).normal(size=len(X))
    return np.asarray(pd.qcut(raw, classes, labels=False)) if classes else np.asarray(raw)


def network(classes: int, sizes: tuple[int, ...] = (16, 8), **more):
    kind = DeepClassifier if classes else DeepRegressor
    return kind(sizes, **{**QUICK, **more})


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("name", KINDS)
def test_contributions_sum_to_the_prediction_and_to_the_scores(name: str, classes: int, table) -> None:
    model = network(classes, **KINDS[name]).fit(table, target(table, classes))
    predicted = model.predict_proba(table[:20]) if classes else model.predict(table[:20])[:, None]
    for steps in (1, 3):
        found = explain_rows(model, table[:20], table, of="predictions", steps=steps)
        assert found.columns == tuple(column.name for column in model.model_.layout.columns)
        assert len(found.outputs) == predicted.shape[1]
        np.testing.assert_allclose(found.total, predicted, atol=1e-9)
        base = (model.predict_proba if classes else model.predict)(table.iloc[spread_rows(len(table), 50)])
        np.testing.assert_allclose(found.base, np.reshape(base, (50, -1)).mean(axis=0), atol=1e-9)
    scores = explain_rows(model, table[:20], table, of="scores")
    if classes == 2:
        single = DeepClassifier((8,), max_iter=4, n_networks=1, random_state=0).fit(table, target(table, 2))
        odds = explain_rows(single, table[:20], table)
        p = single.predict_proba(table[:20])
        assert odds.outputs == ("log odds of 1",)
        np.testing.assert_allclose(odds.total[:, 0], np.log(p[:, 1] / p[:, 0]), atol=1e-6)
        assert (odds.spread == 0).all()
    if classes == 3:
        np.testing.assert_allclose(scores.total.sum(axis=1), 0, atol=1e-9)
    assert (scores.spread > 0).any()


@pytest.mark.parametrize("sizes", [{"additive": True}, {}])
@pytest.mark.parametrize("classes", [0, 2])
def test_without_hidden_layers_they_are_the_exact_curves(classes: int, sizes: dict, table) -> None:
    model = network(classes, (), **sizes).fit(table, target(table, classes))
    curves, _ = column_curves(model)
    for curve in curves:
        if curve.kind == "number" and None not in curve.values:
            low, high = curve.values[2], curve.values[-3]
            a, b = table[:3].assign(**{curve.column: low}), table[:3].assign(**{curve.column: high})
            one, many = (explain_rows(model, b, a, of="scores", steps=steps) for steps in (1, 7))
            np.testing.assert_allclose(one.values, many.values, atol=1e-9)
            members = model.model_.members
            scale = np.array([member.target.scale for member in members])[:, None] if not classes else 1.0
            own = np.average(curve.per_network * scale, axis=0, weights=[member.weight for member in members])
            place = one.columns.index(curve.column)
            np.testing.assert_allclose(one.values[:, place, 0], own[-3, 0] - own[2, 0], rtol=1e-4, atol=1e-6)
            shift = explain_rows(model, a, a, of="scores").values[:, place, 0]
            np.testing.assert_allclose(shift, 0, atol=1e-9)


@pytest.mark.parametrize("name", KINDS)
def test_what_one_column_changes_belongs_to_it_alone(name: str, table) -> None:
    model = network(0, **KINDS[name]).fit(table, target(table, 0))
    start = table[table["gaps"].notna() & table["word"].notna()][:1].reset_index(drop=True)
    changes = {"gaps": np.nan, "heavy": 40.0, "day": pd.Timestamp("2027-03-01"), "word": None, "code": "c7"}
    for column, value in changes.items():
        row = start.copy()
        row[column] = pd.Series([value], dtype=table[column].dtype)
        found = explain_rows(model, row, start)
        others = np.array([own != column for own in found.columns])
        np.testing.assert_allclose(found.values[0, others], 0, atol=1e-9)
        change = model.predict(row) - model.predict(start)
        np.testing.assert_allclose(found.values[0, ~others].ravel(), change, atol=1e-9)


def test_many_steps_are_integrated_gradients(table) -> None:
    """Against an integral by the midpoint rule, with the derivatives of the equations."""
    X = table.drop(columns=["code"])
    model = network(0, (12, 6), activation="tanh", n_networks=1, clip_predictions=False).fit(X, target(X, 0))
    own, member, plan = model.model_, model.model_.members[0], model.model_.plans[0]
    parameters, architecture = own.layers(), plan.architecture

    def inputs(rows: pd.DataFrame) -> np.ndarray:
        return layer_inputs(plan, member.theta, member.statistics.apply(own.layout.encode(rows), 8))

    row, background = inputs(X[:1])[0], inputs(X[5:6])[0]
    integral, points = np.zeros(len(row)), 2000
    for t in (np.arange(points) + 0.5) / points:
        _, caches = forward(architecture, parameters, (background + t * (row - background))[:, None])
        dA = np.ones((1, 1))
        for cache, name in zip(reversed(caches), ("identity", "tanh", "tanh"), strict=True):
            dA, _, _ = layer_backward(dA, cache, activation(name))
        integral += dA[:, 0] / points
    assert coded_above(member.settings) == 8
    numbers = [column.name for column in own.layout.number_columns]
    names = [column.name for column in own.layout.columns]
    order = [names.index(name) for name in (*numbers, "day", "gaps", "word")]
    widths = [*[1] * len(numbers), own.layout.derived, 1, own.layout.category_columns[0].n_indicators]
    owners = input_columns(plan, np.repeat(order, widths))
    wanted = [member.target.scale[0] * (integral * (row - background))[owners == i].sum() for i in range(len(names))]
    rough, fine = (explain_rows(model, X[:1], X[5:6], steps=steps).values[0, :, 0] for steps in (4, 200))
    np.testing.assert_allclose(fine, wanted, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(rough, wanted, atol=0.05 * np.abs(wanted).max())


@pytest.mark.parametrize("name", ["relu", "silu", "tanh", "gelu", "sigmoid"])
def test_they_sum_however_near_the_background_is(name: str, table) -> None:
    X = table[["heavy", "gaps"]].fillna(0.0)
    model = network(0, activation=name, clip_predictions=False).fit(X, target(table, 0))
    for distance in (0.0, 1e-12, 1e-7, 1e-3):
        found = explain_rows(model, X[:1], X[:1] + np.array([distance, -distance]))
        np.testing.assert_allclose(found.total[0, 0], model.predict(X[:1])[0], atol=1e-8)
        # what enters a network is rounded to float32
        assert np.abs(found.values).max() < 100 * distance + 1e-5


def test_other_losses_and_several_numbers(table) -> None:
    counts = np.random.default_rng(3).poisson(np.exp(0.3 * np.nan_to_num(table["gaps"])))
    poisson = network(0, loss="poisson").fit(table, counts)
    for of, wanted in (("predictions", poisson.predict(table[:9])), ("scores", None)):
        found = explain_rows(poisson, table[:9], table, of=of)
        if wanted is not None:
            np.testing.assert_allclose(found.total[:, 0], wanted, rtol=1e-9)
        else:
            assert found.outputs == ("log y",)
    several = network(0, (8,)).fit(table, np.stack([target(table, 0), counts], axis=1))
    found = explain_rows(several, table[:9], table)
    np.testing.assert_allclose(found.total, several.predict(table[:9]), atol=1e-9)
    quantiles = network(0, (8,), loss="quantile(0.1, 0.9)").fit(table, target(table, 0))
    assert explain_rows(quantiles, table[:4], table).of == "scores"
    sorted_ones = explain_rows(quantiles, table[:4], table, of="predictions")
    np.testing.assert_allclose(sorted_ones.total, quantiles.predict(table[:4]), atol=1e-9)
    labels = np.stack([counts > 3, counts > 8], axis=1).astype(int)
    marked = network(2, (8,)).fit(table, labels)
    found = explain_rows(marked, table[:9], table, of="predictions")
    np.testing.assert_allclose(found.total, marked.predict_proba(table[:9]), atol=1e-9)
    assert explain_rows(marked, table[:2], table).outputs == ("log odds of y 1", "log odds of y 2")


def test_a_search_an_array_and_no_background() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(120, 3))
    y = X[:, 0] * X[:, 1]
    search = DepthSearchCV(DeepRegressor(max_iter=3), max_depth=2, candidates=1, cv=2, random_state=0).fit(X, y)
    found = explain_rows(search, X[:4])
    np.testing.assert_allclose(found.total[:, 0], search.predict(X[:4]), atol=1e-9)
    assert found.columns == ("x0", "x1", "x2")
    assert "medians" in found.background
    frame = found.frame()
    assert list(frame.columns) == ["base", "x0", "x1", "x2", "total"]
    np.testing.assert_allclose(frame.drop(columns="total").sum(axis=1), frame["total"])
    assert np.isclose(found.base[0], search.predict(np.median(X, axis=0, keepdims=True))[0], atol=0.1)


def test_planted_effects_are_found_and_useless_columns_are_not() -> None:
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.uniform(-1, 1, size=(600, 4)), columns=list("abcd"))
    y = 3 * X["a"] + 2 * X["b"] * X["c"]
    model = DeepRegressor((32, 32), max_iter=40, n_networks=3, random_state=0).fit(X, y)
    found = explain_rows(model, X[:50], X)
    np.testing.assert_allclose(
        found.values[:, 0, 0], 3 * (X["a"][:50] - X["a"].iloc[spread_rows(600, 50)].mean()), atol=0.4
    )
    size = np.abs(found.values[:, :, 0]).mean(axis=0)
    assert size[3] < 0.15 * size[1:3].min()


def test_what_cannot_be_explained_is_refused(table) -> None:
    model = network(0).fit(table, target(table, 0))
    with pytest.raises(ParameterError, match=r"explain_rows\.of must be one of 'auto', 'scores', 'predictions'"):
        explain_rows(model, table[:1], of="logits")
    with pytest.raises(ParameterError, match=r"explain_rows\.steps must be an integer of at least 1"):
        explain_rows(model, table[:1], steps=0)
    with pytest.raises(DataError, match="nothing to explain"):
        explain_rows(model, table[:0])
    with pytest.raises(DataError, match="background without rows"):
        explain_rows(model, table[:1], table[:0])


def test_thresholds_of_ordered_classes_are_explained() -> None:
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.normal(size=(90, 2)), columns=["a", "b"])
    y = np.digitize(X["a"], [-0.5, 0.5])
    model = DeepClassifier((6,), loss="ordinal", max_iter=5, n_networks=2, random_state=0).fit(X, y)
    found = explain_rows(model, X[:4], X, of="scores")
    assert found.outputs == ("log odds of more than 0", "log odds of more than 1")
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), found.total, atol=1e-9)
    assert explain_rows(model, X[:4], X, of="predictions").values.shape == (4, 2, 3)


def test_columns_may_be_called_as_the_table_of_reasons_calls_its_own() -> None:
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["base", "total", "± base"])
    found = explain_rows(DeepRegressor((), n_networks=1, random_state=0).fit(X, X["base"]), X[:3]).frame()
    assert found.columns.tolist() == ["base_", "base", "total", "± base", "total_"]
    np.testing.assert_allclose(found.drop(columns="total_").sum(axis=1), found["total_"])

"""The curves of additive models: exact contributions, what they are centred at, and where there are none."""

import numpy as np
import pandas as pd
import pytest

from leadline import DeepClassifier, DeepRegressor
from leadline.errors import ParameterError
from leadline.inspection import column_curves
from leadline.tables import Layout, Statistics
from leadline.training import Processor, Scorer, coded_above

KINDS = {
    "bins": {"numeric_embedding": "piecewise_linear"},
    "cosines": {"numeric_embedding": "periodic"},
    "members": {"numeric_embedding": "piecewise_linear", "members": 3},
    "numbers as they are": {"numeric_embedding": "none", "scaling": "none", "learning_rate_init": 1e-3},
    "standard scaling": {"numeric_embedding": "piecewise_linear", "scaling": "standard"},
}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Every kind of column: numbers with and without gaps, dates, categories with gaps and rare ones, truth values."""
    generator = np.random.default_rng(0)
    n = 400
    X = pd.DataFrame(
        {
            "gaps": np.where(generator.random(n) < 0.1, np.nan, generator.normal(5, 2, n)),
            "heavy": np.exp(2 * generator.normal(size=n)),
            "whole": generator.integers(0, 4, n),
            "day": pd.Timestamp("2026-01-31") + pd.to_timedelta(generator.integers(0, 900, n), unit="D"),
            "word": generator.choice(["red", "green", None], n),
            "code": pd.Series([f"c{i % 80}" for i in range(n)], dtype="category"),
            "flag": generator.integers(0, 2, n).astype(bool),
        }
    )
    return X


def target(X: pd.DataFrame, classes: int) -> np.ndarray:
    raw = np.sin(X["gaps"].fillna(0)) + (X["word"] == "red") + 0.1 * np.random.default_rng(1).normal(size=len(X))
    return np.asarray(pd.qcut(raw, classes, labels=False)) if classes else np.asarray(raw)


def raw_scores(model, X: pd.DataFrame) -> np.ndarray:
    """Z of every network, (P, m, n[L])."""
    encoded, found = model.layout.encode(X), []
    for plan, member in zip(model.plans, model.members, strict=True):
        inputs = member.statistics.apply(encoded, coded_above(member.settings))
        found.append(Scorer(plan, Processor(), np.float64).take(member.theta).scores(inputs))
    return np.stack(found)


def drawn_rows(curves, X: pd.DataFrame, m: int = 200) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of the curves' values in any combination, and what the curves add up to, (P, m, n[L])."""
    generator = np.random.default_rng(2)
    columns, total = {}, 0.0
    for curve in curves:
        places = generator.integers(0, len(curve.values), m)
        values = [curve.values[i] for i in places]
        total = total + curve.per_network[:, places]
        if curve.kind == "date":
            columns[curve.column] = pd.Timestamp(0) + pd.to_timedelta(np.array(values, float), unit="D")
        elif curve.kind == "number":
            columns[curve.column] = np.array([np.nan if value is None else value for value in values])
        else:
            values = ["never seen" if value == "(rare)" else value for value in values]
            columns[curve.column] = pd.Series(values, dtype=object)
    return pd.DataFrame(columns), total


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("name", KINDS)
def test_curves_and_intercept_add_up_to_the_raw_scores_of_each_network(name, classes, table) -> None:
    kind = DeepClassifier if classes else DeepRegressor
    network = kind((), additive=True, max_iter=4, n_networks=3, random_state=0, **KINDS[name])
    model = network.fit(table, target(table, classes)).model_
    curves, intercepts = column_curves(network)
    assert [curve.column for curve in curves] == [column.name for column in model.layout.columns]
    rows, total = drawn_rows(curves, table)
    exact = raw_scores(model, rows)
    assert exact.std() > 0.01
    assert np.abs(total + intercepts[:, None] - exact).max() < 1e-5 * max(1.0, np.abs(exact).max())


def test_curves_are_centred_and_summed_up_over_the_networks(table) -> None:
    network = DeepClassifier((), additive=True, max_iter=4, n_networks=3, random_state=0)
    curves, intercepts = column_curves(network.fit(table, target(table, 3)))
    assert intercepts.shape == (3, 3)
    for curve in curves:
        present = [value is not None for value in curve.values]
        assert curve.per_network.shape == (3, len(curve.values), 3)
        assert np.abs(curve.per_network[:, present].mean(axis=1)).max() < 1e-9
        assert curve.mean == pytest.approx(curve.per_network.mean(axis=0))
        assert curve.spread == pytest.approx(curve.per_network.std(axis=0))
        assert all(present[:-1])
        assert (curve.values[-1] is None) == (curve.column in ("gaps", "word"))


def test_values_are_those_of_the_column(table) -> None:
    network = DeepRegressor((), additive=True, numeric_embedding="piecewise_linear", max_iter=1, random_state=0)
    curves = {curve.column: curve for curve in column_curves(network.fit(table, target(table, 0))).curves}
    assert {name: curve.kind for name, curve in curves.items()} == {
        **dict.fromkeys(("gaps", "heavy", "whole"), "number"),
        "day": "date",
        **dict.fromkeys(("word", "code", "flag"), "category"),
    }
    assert curves["whole"].values == (0.0, 1.0, 2.0, 3.0)
    assert curves["word"].values == ("green", "red", None)
    assert curves["flag"].values == ("False", "True")
    assert len(curves["code"].values) == 65
    assert curves["code"].values[-1] == "(rare)"
    known = table["heavy"]
    assert curves["heavy"].values[0] == pytest.approx(known.min(), rel=1e-3)
    assert curves["heavy"].values[-1] == pytest.approx(known.max(), rel=1e-2)
    assert list(curves["heavy"].values) == sorted(curves["heavy"].values)


def test_a_curve_is_the_one_that_the_data_were_made_with() -> None:
    generator = np.random.default_rng(0)
    X = pd.DataFrame({"wave": generator.uniform(-3, 3, 1500), "bent": generator.uniform(-3, 3, 1500)})
    y = 2 * np.sin(2 * X["wave"]) + np.abs(X["bent"]) + 0.1 * generator.normal(size=1500)
    network = DeepRegressor((), additive=True, n_networks=4, random_state=0).fit(X, y)
    scale = np.mean([member.target.scale for member in network.model_.members])
    for curve, made in zip(column_curves(network).curves, (np.abs, lambda x: 2 * np.sin(2 * x)), strict=True):
        values = np.array(curve.values)
        inside = np.abs(values) < 2.7
        found, true = scale * curve.mean[inside, 0], made(values[inside])
        assert np.corrcoef(found, true)[0, 1] > 0.98, curve.column


def test_linear_models_have_straight_curves() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(200, 2))
    y = 3 * X[:, 0] - X[:, 1]
    network = DeepRegressor((), recipe="plain", alpha=1e-9, random_state=0).fit(X, y)
    first, second = column_curves(network).curves
    (scale,) = network.model_.members[0].target.scale
    for curve, slope in ((first, 3.0), (second, -1.0)):
        assert scale * np.diff(curve.mean[:, 0]) / np.diff(curve.values) == pytest.approx(slope, rel=1e-3)
        assert curve.spread.max() == 0
        assert len(curve.values) == 33


def test_networks_with_hidden_layers_have_no_curves() -> None:
    X = np.random.default_rng(0).normal(size=(60, 2))
    network = DeepRegressor((4, 3), max_iter=1, random_state=0).fit(X, X[:, 0])
    with pytest.raises(ParameterError, match=r"without hidden layers.*meet in the hidden layers \(4, 3\)"):
        column_curves(network)


@pytest.mark.parametrize("scaling", ["robust", "standard", "none"])
def test_inputs_lead_back_to_the_numbers_that_they_come_from(scaling, table) -> None:
    frame = table[["heavy", "whole"]].assign(near=np.arange(len(table)) + 1e6)
    encoded = Layout.infer(frame).encode(frame)
    own = Statistics.fit(encoded.numbers, np.arange(len(frame)), np.ones(len(frame)), scaling)
    x = own.apply(encoded)
    for j in range(3):
        found = np.array(own.values_of(x[:, j], j))
        # the clipped ends are known less well
        assert np.abs(found / encoded.numbers[:, j].clip(1e-9) - 1)[encoded.numbers[:, j] > 0].max() < 1e-3
    assert own.values_of(x[:, 1], 1) == table["whole"].astype(float).tolist()

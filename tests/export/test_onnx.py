"""What ONNX Runtime makes of an exported model, against our own predictions."""

import json
import sys

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.errors import LeadlineError, ParameterError
from leadline.export import TOLERANCE, onnx_inputs, to_onnx, write_onnx
from leadline.network import ACTIVATIONS, activation
from leadline.search import Dimension
from leadline.tables import CALENDAR, Cross

SMALL = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "random_state": 0}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    n = 300
    X = pd.DataFrame(
        {
            "number": generator.normal(1e6, 10, n),
            "whole": generator.integers(0, 5, n),
            "word": generator.choice(["red", "green", "blue"], n),
            "flag": generator.integers(0, 2, n).astype(bool),
            "day": pd.Timestamp("2026-01-31") + pd.to_timedelta(generator.integers(0, 900, n), unit="D"),
            "code": [f"{code:03d}" for code in np.minimum(generator.geometric(0.02, n), 120)],
            "same": 1,
        }
    )
    X.loc[::7, "number"] = np.nan
    X.loc[::11, "word"] = None
    return X


def runs(estimator, X, tmp_path, output: str) -> np.ndarray:
    """An output of the exported model for the rows of X."""
    path = tmp_path / "model.onnx"
    assert write_onnx(estimator, path) <= TOLERANCE
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run([output], onnx_inputs(estimator, X))[0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation: str, tmp_path) -> None:
    X, y = load_iris(return_X_y=True)
    model = DeepClassifier(**SMALL, activation=activation).fit(X, y)
    assert np.allclose(runs(model, X, tmp_path, "probabilities"), model.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("sizes", [(), (6, 5)])
@pytest.mark.parametrize("scaling", ["robust", "standard", "none"])
def test_classes_of_every_type(sizes, scaling: str, tmp_path) -> None:
    X, y = load_iris(return_X_y=True)
    for labels in (y, y > 0, 2.0 * y, np.array(["one", "two", "three"])[y], np.array(["a", "b", "b"], object)[y]):
        model = DeepClassifier(**{**SMALL, "hidden_layer_sizes": sizes, "scaling": scaling}).fit(X, labels)
        assert np.allclose(runs(model, X, tmp_path, "probabilities"), model.predict_proba(X), atol=1e-5)
        assert runs(model, X, tmp_path, "label").tolist() == model.predict(X).astype(labels.dtype).tolist()


@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber(1)", "poisson", "quantile(0.9)", "quantile(0.9, 0.1, 0.5)"]
)
@pytest.mark.parametrize("outputs", [1, 2])
def test_numbers_by_every_loss(loss: str, outputs: int, tmp_path) -> None:
    X, y = load_diabetes(return_X_y=True)
    Y = y if outputs == 1 else np.stack([y, 3 * y], axis=1)
    model = DeepRegressor(**SMALL, loss=loss).fit(X, Y)
    found = runs(model, X, tmp_path, "predictions")
    expected = model.predict(X)
    assert np.allclose(found.reshape(expected.shape), expected, rtol=1e-5, atol=1e-3)
    assert found.shape[1:] == (expected.shape[1:] or (1,))


def test_labels(tmp_path) -> None:
    X, y = make_multilabel_classification(100, n_classes=3, random_state=0)
    model = DeepClassifier(**SMALL).fit(X, y)
    assert np.allclose(runs(model, X, tmp_path, "probabilities"), model.predict_proba(X), atol=1e-5)
    assert np.array_equal(runs(model, X, tmp_path, "label"), model.predict(X))


def test_every_kind_of_column_goes_in_raw(table, tmp_path) -> None:
    y = table["word"].map({"red": 2.0}).fillna(0) + table["whole"]
    model = DeepRegressor(**SMALL).fit(table, y)
    strange = table.assign(
        word=np.where(np.arange(300) % 3 == 0, "never seen", table["word"]), code=None, number=1e30 * (table.index % 3)
    )
    for X in (table, strange, table.assign(flag=table["flag"].map({True: "true", False: "FALSE"}))):
        assert np.allclose(runs(model, X, tmp_path, "predictions")[:, 0], model.predict(X), rtol=1e-5, atol=1e-4)
    graph = onnx.load(tmp_path / "model.onnx").graph
    assert [item.name for item in graph.input] == sorted(set(table.columns) - {"same"})
    raw = {
        "code": [["001"]],
        "day": [[20484.0]],
        "flag": [["true"]],
        "number": [[np.nan]],
        "whole": [[2.0]],
        "word": [[""]],
    }
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    fed = {name: np.array(value, object if isinstance(value[0][0], str) else float) for name, value in raw.items()}
    row = pd.DataFrame(
        {
            "number": [np.nan],
            "whole": [2],
            "word": [None],
            "flag": [True],
            "day": [pd.Timestamp("2026-01-31")],
            "code": ["001"],
            "same": [1],
        }
    )
    assert session.run(None, fed)[0][0, 0] == pytest.approx(model.predict(row)[0], rel=1e-5)


@pytest.mark.parametrize("embedding", ["none", "periodic", "piecewise_linear"])
def test_additive_networks_have_the_pieces_of_deep_ones(embedding: str, table, tmp_path) -> None:
    parameters = {"additive": True, "numeric_embedding": embedding, "max_iter": 3, "random_state": 0}
    for members, y in ((1, table["whole"] > 2), (2, table["whole"])):
        model = DeepClassifier((), n_networks=2, members=members, one_hot_up_to=2, **parameters).fit(table, y)
        assert np.allclose(runs(model, table, tmp_path, "probabilities"), model.predict_proba(table), atol=1e-5)


def test_the_networks_of_a_search_are_averaged_in_the_graph(table, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("leadline.search.averages.LEFT_OUT_LEVEL", 0.0)  # nobody is left out
    y = (table["whole"] > 2).astype(int)
    estimator = DeepClassifier(max_iter=3, n_networks=3, random_state=0)
    space = (Dimension("hidden_units", levels=(96, 112)), Dimension("scaling", levels=("robust", "standard")))
    search = DepthSearchCV(estimator, space=space, max_depth=2, candidates=3, cv=3, additive=False).fit(table, y)
    assert np.allclose(runs(search, table, tmp_path, "probabilities"), search.predict_proba(table), atol=1e-5)
    deep = search.estimator_at(2)
    assert len({member.settings for member in deep.model_.members}) > 1, "networks have settings of their own"
    assert np.allclose(runs(deep, table, tmp_path, "probabilities"), deep.predict_proba(table), atol=1e-5)
    proto = to_onnx(deep)
    assert len({node.name.split("/")[0] for node in proto.graph.node if node.name.startswith("network_")}) == 3
    facts = {item.key: item.value for item in proto.metadata_props}
    assert facts["layout"] == json.dumps(search.model_.layout.to_record())


def test_a_model_that_differs_is_not_written(tmp_path, monkeypatch) -> None:
    X, y = load_iris(return_X_y=True)
    model = DeepClassifier(**SMALL).fit(X, y)
    monkeypatch.setattr("leadline.export.onnx.activation", lambda name: activation("identity"))
    with pytest.raises(LeadlineError, match="more than rounding explains"):
        write_onnx(model, tmp_path / "model.onnx", X)
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_named(tmp_path, monkeypatch) -> None:
    X, y = load_iris(return_X_y=True)
    model = DeepClassifier(**SMALL).fit(X, y)
    with pytest.raises(ParameterError, match="cannot be written: No such file"):
        write_onnx(model, tmp_path / "nowhere" / "model.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ParameterError, match=r"pip install 'leadline\[onnx\]'"):
        write_onnx(model, tmp_path / "model.onnx")


def test_columns_may_have_the_names_of_outputs_and_of_what_is_inside(tmp_path) -> None:
    names = ["label", "probabilities", "place", "numbers", "column:place", "leadline/label", "p(0)"]
    generator = np.random.default_rng(0)
    table = pd.DataFrame(generator.normal(size=(60, len(names))), columns=names)
    table["classes"] = generator.choice(["a", "b"], 60)
    model = DeepClassifier((4,), n_networks=2, max_iter=2, random_state=0).fit(table, np.arange(60) % 2)
    for flat in (False, True):
        assert write_onnx(model, tmp_path / "model.onnx", table, flat=flat) <= TOLERANCE
        session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
        assert {own.name for own in session.get_inputs()} == set(table.columns)
        assert session.get_outputs()[0].name == "leadline/leadline/label"


def test_a_column_without_a_name_is_refused() -> None:
    table = pd.DataFrame({"": np.linspace(-1, 1, 60), "a": np.linspace(0, 1, 60)})
    with pytest.raises(ParameterError, match="a column's name is empty; name it and fit again"):
        to_onnx(DeepRegressor(**SMALL).fit(table, table["a"]))


@pytest.mark.parametrize("flat", [False, True])
def test_columns_may_be_called_as_what_is_made_of_others(flat: bool, tmp_path, monkeypatch) -> None:
    # of many rare words, so that their places are looked up, as is the day's place in the week
    words = [f"k{i % 100}" for i in range(200)]
    names = ["d/week", "set", "a", "b × c", "a × b", "c", "column 2: a", "cross 1: a × b × c"]
    table = pd.DataFrame({"d": pd.date_range("2019-01-01", periods=200), **dict.fromkeys(names, words)})

    def crosses(given, *others) -> tuple[Cross, ...]:
        return tuple(Cross(tuple(map(given.layout.axis, own))) for own in (("a", "b × c"), ("a × b", "c")))

    monkeypatch.setattr("leadline.estimators.deep.crosses_read", crosses)
    model = DeepRegressor(**SMALL).fit(table, np.random.default_rng(0).normal(size=200) + table["d"].dt.day_of_week)
    assert model.model_.layout.columns[names.index("d/week")].finer
    assert model.model_.layout.number_columns[0].cycles
    assert write_onnx(model, tmp_path / "model.onnx", table, flat=flat) <= TOLERANCE


@pytest.mark.parametrize("kind", ["classes", "labels", "numbers", "quantiles"])
def test_flat_graphs_have_vectors_only(kind, table, tmp_path) -> None:
    n = len(table)
    y = np.arange(n) % 3
    target = {
        "classes": y,
        "labels": np.column_stack([y > 0, y > 1]).astype(int),
        "numbers": y * 1.5,
        "quantiles": y * 1.5,
    }
    own = DeepRegressor if kind in ("numbers", "quantiles") else DeepClassifier
    more = {"loss": "quantile(0.1, 0.9)"} if kind == "quantiles" else {}
    model = own((4,), n_networks=2, max_iter=2, random_state=0, **more).fit(table, target[kind])
    assert write_onnx(model, tmp_path / "model.onnx", table, flat=True) <= TOLERANCE
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert all(len(own.shape) == 1 for own in (*session.get_inputs(), *session.get_outputs()))
    outputs = {
        "classes": ["label", "p(0)", "p(1)", "p(2)"],
        "labels": ["label_1", "label_2", "p(0)", "p(1)"],
        "numbers": ["prediction"],
        "quantiles": ["prediction_1", "prediction_2"],
    }
    assert [own.name for own in session.get_outputs()] == outputs[kind]
    found = session.run(None, onnx_inputs(model, table, flat=True))
    assert all(value.shape == (n,) for value in found)


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(
    "loss", ["squared_error", "poisson", "quantile(0.9, 0.1, 0.5)"], ids=["numbers", "poisson", "quantiles"]
)
def test_the_ends_of_intervals_are_outputs(loss: str, flat: bool, tmp_path) -> None:
    X, y = load_diabetes(return_X_y=True)
    Y = np.stack([y, y**2], axis=1)
    model = DeepRegressor((4,), max_iter=2, n_networks=2, random_state=0, loss=loss).fit(X, Y)
    path = tmp_path / "model.onnx"
    assert write_onnx(model, path, X, flat, coverage=0.8) <= TOLERANCE
    session = onnxruntime.InferenceSession(path)
    names = ["lower_1", "lower_2", "upper_1", "upper_2"] if flat else ["lower", "upper"]
    found = np.concatenate([own.reshape(len(X), -1) for own in session.run(names, {"X": X})], axis=1)
    np.testing.assert_allclose(found, np.concatenate(model.predict_interval(X, 0.8), axis=1), rtol=1e-3)


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("kind", ["classes", "two classes", "labels"])
def test_sets_are_outputs(kind: str, flat: bool, tmp_path) -> None:
    X, y = load_iris(return_X_y=True)
    y = {"classes": y, "two classes": y // 2, "labels": np.eye(3, dtype=int)[y]}[kind]
    model = DeepClassifier((4,), max_iter=2, n_networks=2, random_state=0).fit(X, y)
    path = tmp_path / "model.onnx"
    assert write_onnx(model, path, X, flat, coverage=0.8) <= TOLERANCE
    session = onnxruntime.InferenceSession(path)
    names = [f"set({c})" for c in model.classes_] if flat else ["set"]
    found = np.stack(session.run(names, {"X": X}), axis=-1).reshape(len(X), -1)
    np.testing.assert_array_equal(found, model.predict_set(X, 0.8))


def test_a_model_that_is_not_sure_has_no_intervals_to_write(tmp_path) -> None:
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ParameterError, match="cannot say how sure it is"):
        write_onnx(DeepRegressor(()).fit(X, y), tmp_path / "model.onnx", X, coverage=0.8)


@pytest.mark.parametrize("named", [True, False])
def test_the_cells_of_crosses_are_looked_up(table, tmp_path, monkeypatch, named: bool) -> None:
    columns = ["whole", "word", "code", "flag", "number"] if named else ["whole", "number"]
    sides = (("word", "whole"), ("code", "word"), ("number", "whole"), ("whole",)) if named else (("x0", "x1"),)
    X = table[columns].assign(number=table["number"].round(-1))
    X = X if named else X.to_numpy()

    def crosses(given, *others) -> tuple[Cross, ...]:
        values = {}
        for column, own in zip(given.layout.number_columns, given.encoded.numbers.T, strict=False):
            values[column.name] = tuple(np.unique(own[~np.isnan(own)].astype(np.float32)).astype(float).tolist())
        return tuple(Cross(tuple(given.layout.axis(name, values.get(name, ())) for name in own)) for own in sides)

    monkeypatch.setattr("leadline.estimators.deep.crosses_read", crosses)
    model = DeepRegressor(**SMALL).fit(X, table["whole"] ** 2)
    assert len(model.model_.layout.crosses) == len(sides)
    strange = X.copy()
    if named:
        strange.loc[::3, ["word", "code"]] = "never seen"
        strange.loc[::5, "whole"] = 77
    else:
        strange[::3] = 77.5
    for rows in (X, strange):
        assert np.allclose(runs(model, rows, tmp_path, "predictions")[:, 0], model.predict(rows), rtol=1e-5, atol=1e-4)


def test_days_of_the_calendar_are_looked_up(tmp_path, monkeypatch) -> None:
    days = pd.Series(pd.date_range("1968-01-01", "1972-12-31 23:59", periods=400))
    X = pd.DataFrame({"day": days.where(days.index % 7 > 0), "number": np.sin(np.arange(400.0))})
    y = (days.dt.month == 12) * (days.dt.day / 5) + X["number"]

    def crosses(given, *others) -> tuple[Cross, ...]:
        return tuple(Cross((given.layout.axis("day", calendar=name),)) for name in CALENDAR)

    monkeypatch.setattr("leadline.estimators.deep.crosses_read", crosses)
    model = DeepRegressor(**SMALL).fit(X, y)
    later = X.assign(day=X["day"] + pd.Timedelta(days=1461.25))
    for rows in (X, later):
        assert np.allclose(runs(model, rows, tmp_path, "predictions")[:, 0], model.predict(rows), rtol=1e-5, atol=1e-4)

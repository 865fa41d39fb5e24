"""Text that is numbers, dates or an order, in fitted models: the same in prediction, in files and in ONNX."""

import numpy as np
import pandas as pd
import pytest

import leadline
from leadline import DeepClassifier, DeepRegressor
from leadline.errors import DataError, ParameterError
from leadline.export import write_onnx
from leadline.serving.rows import column_schemas, example_row, table_of

N = 80
QUICK = {"hidden_layer_sizes": (4,), "max_iter": 2, "n_networks": 1, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(0)
    price = generator.lognormal(6, 1, N).round(2)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(generator.integers(0, 700, N), unit="D")
    quality = generator.choice(["poor", "fair", "good", "excellent"], N)
    return pd.DataFrame(
        {
            "price": [f"${value:,.2f}" for value in price],
            "sold": days.strftime("%d/%m/%Y"),
            "quality": quality,
            "new": generator.choice(["Yes", "yes", "no"], N),
            "weight": [f"{value} kg" for value in generator.integers(1, 90, N)],
        }
    )


@pytest.fixture(scope="module")
def plain(table):
    """The same table by hand."""
    order = ["poor", "fair", "good", "excellent"]
    return pd.DataFrame(
        {
            "price": table["price"].str.replace("[$,]", "", regex=True).astype(float),
            "sold": pd.to_datetime(table["sold"], format="%d/%m/%Y"),
            # as in the order that is known: very poor, poor, fair, good, very good, excellent
            "quality": table["quality"].map(dict(zip(order, [1.0, 2.0, 3.0, 5.0], strict=True))),
            "new": table["new"].str.lower(),
            "weight": table["weight"].str.removesuffix(" kg").astype(float),
        }
    )


@pytest.fixture(scope="module")
def y(plain):
    return np.log(plain["price"]) + plain["quality"]


@pytest.fixture(scope="module")
def model(table, y):
    return DeepRegressor(**QUICK).fit(table, y)


def test_text_of_numbers_and_dates_is_learned_as_numbers_and_dates_are(model, plain, y, table):
    of_plain = DeepRegressor(**QUICK).fit(plain, y)
    assert np.array_equal(model.predict(table), of_plain.predict(plain))
    assert "column 'price' is read as numbers written like $1,234.5" in model.notices_
    assert "column 'sold' is read as dates written like 31/01/2026, the day first" in model.notices_


def test_values_that_are_numbers_already_are_taken_as_they_are(model, table, plain):
    mixed = plain.drop(columns="quality").assign(quality=table["quality"])
    assert np.array_equal(model.predict(mixed), model.predict(table))


def test_an_example_may_be_far_in_the_future():
    late = pd.DataFrame({"sold": ["31/12/9999", "30/12/9999", "31/12/9999"] * 20, "z": np.arange(60.0)})
    assert example_row(DeepRegressor(**QUICK).fit(late, late["z"]))["sold"] == "9999-12-31"


def test_requests_are_read_the_same(model, table):
    rows = table.head(3).to_dict("records")
    rows[1]["price"] = float(rows[1]["price"].replace(",", "").removeprefix("$"))
    assert np.array_equal(model.predict(table_of(model, {"rows": rows}, 10)), model.predict(table.head(3)))
    assert np.isfinite(model.predict(table_of(model, {"rows": [example_row(model)]}, 10))).all()
    told = column_schemas(model.model_.layout)
    assert told["price"]["description"] == "A number, or text such as $1,234.5."
    assert "poor < fair < good" in told["quality"]["description"]


def test_a_saved_model_reads_the_same(model, table, tmp_path):
    model.save(tmp_path)
    assert np.array_equal(leadline.load(tmp_path).predict(table[:9]), model.predict(table[:9]))


def test_an_exported_model_predicts_the_same(model, table, tmp_path):
    assert write_onnx(model, tmp_path / "m.onnx", table) < 1e-4
    assert write_onnx(model, tmp_path / "m.onnx") < 1e-4


def test_a_table_on_disk_is_read_as_in_memory(model, table, y, tmp_path):
    table.assign(y=y).to_parquet(tmp_path / "t.parquet", row_group_size=16)
    on_disk = DeepRegressor(**QUICK).fit(tmp_path / "t.parquet", "y")
    assert on_disk.model_.layout == model.model_.layout
    assert on_disk.predict(tmp_path / "t.parquet").shape == (N,)


def test_what_some_rows_leave_open_is_said(table, y):
    some = table["sold"].str[:2].astype(int) <= 12
    with pytest.raises(DataError, match=r"columns=\{'sold': 'day first'\} in Python"):
        DeepRegressor(**QUICK).fit(table[some], y[some])
    found = DeepRegressor(**QUICK, columns={"sold": "day first"}).fit(table[some], y[some])
    assert found.model_.layout.columns[3].written.first == "day"
    with pytest.raises(ParameterError, match=r"there is no column 'slod'\. Did you mean 'sold'"):
        DeepRegressor(**QUICK, columns={"slod": "day first"}).fit(table, y)


def test_a_target_of_text_is_numbers(table):
    found = DeepRegressor(**QUICK).fit(table.drop(columns="price"), table["price"])
    assert found.model_.target.written.unit == "$"
    assert found.score(table.drop(columns="price"), found.model_.target.truth(table["price"].to_numpy())[:, 0]) < 1
    with pytest.raises(DataError, match=r"numbers written like \$1,234.5; row 2 has 'much'"):
        found.model_.target.truth(np.array(["$3", "much"]))


# Classes that have an order


@pytest.fixture(scope="module")
def graded(plain):
    generator = np.random.default_rng(1)
    X = pd.DataFrame({"a": generator.normal(size=240), "b": generator.normal(size=240)})
    place = np.digitize(X["a"] + 0.3 * generator.normal(size=240), [-1, 0, 1])
    return X, place


def test_classes_in_order_are_learned_by_their_thresholds(graded):
    X, place = graded
    model = DeepClassifier((8,), loss="ordinal", max_iter=30, n_networks=2, random_state=0).fit(X, place)
    P = model.predict_proba(X)
    assert model.model_.plans[0].architecture.sizes[-1] == 3
    assert (P >= 0).all()
    assert np.allclose(P.sum(axis=1), 1)
    assert np.abs(model.predict(X) - place).mean() < 0.3


@pytest.mark.parametrize("how", ["ordered categories", "said", "known"])
def test_the_order_of_words_is_theirs_and_not_that_of_the_alphabet(graded, how, tmp_path):
    X, place = graded
    words = np.array(["poor", "fair", "good", "excellent"])[place]
    y, columns = pd.Series(words, name="grade"), None
    if how == "ordered categories":
        y = pd.Series(pd.Categorical(words, ["poor", "fair", "good", "excellent"], ordered=True), name="grade")
    elif how == "said":
        columns = {"grade": ["poor", "fair", "good", "excellent"]}
    # rows that stop a network are drawn class by class, in the order of the alphabet
    settings = {"loss": "ordinal", "max_iter": 5, "n_networks": 1, "random_state": 0, "early_stopping": False}
    model = DeepClassifier((4,), **settings, columns=columns).fit(X, y)
    by_place = DeepClassifier((4,), **settings).fit(X, place)
    assert model.classes_.tolist() == ["excellent", "fair", "good", "poor"]
    assert np.array_equal(model.predict_proba(X)[:, [3, 1, 2, 0]], by_place.predict_proba(X))
    model.save(tmp_path)
    loaded = leadline.load(tmp_path)
    assert loaded.loss == "ordinal"
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert write_onnx(model, tmp_path / "m.onnx", X) < 1e-5


def test_an_order_that_nobody_knows_is_asked_for(graded):
    X, place = graded
    with pytest.raises(DataError, match=r"The order of the classes of 'y' is not known: a, b, c, d\. Say it"):
        DeepClassifier(loss="ordinal").fit(X, np.array(list("abcd"))[place])


def test_two_classes_in_order_are_two_classes(graded):
    X, place = graded
    settings = {"max_iter": 3, "n_networks": 1, "random_state": 0}
    ordinal = DeepClassifier((4,), loss="ordinal", **settings).fit(X, place > 1)
    assert np.allclose(ordinal.predict_proba(X), DeepClassifier((4,), **settings).fit(X, place > 1).predict_proba(X))

"""Columns of free text in the estimators: what they tell is learned, noise is not, every way there gives the same."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import leadline
from leadline import Dataset, DeepClassifier, DeepRegressor, DepthSearchCV, TableEncoder
from leadline.errors import ParameterError
from leadline.training import one_blas_thread

N = 400
COMMON = ["the", "with", "and", "very", "some", "lamp", "table", "chair", "desk", "shelf", "room", "wall"]


def reviews(n: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Texts that say whether someone was content, other columns that say nothing, and a column of dates."""
    generator = np.random.default_rng(seed)
    content = generator.integers(0, 2, n)
    said = np.where(content, "wonderful", "broken")
    texts = [" ".join(generator.permutation([word, *generator.choice(COMMON, 7)])) for word in said]
    frame = pd.DataFrame(
        {
            "review": pd.Series(texts, dtype=object),
            "x": generator.normal(size=n),
            "day": pd.Timestamp("2026-01-31") + pd.to_timedelta(generator.integers(0, 90, n), unit="D"),
        }
    )
    frame.loc[::17, "review"] = None
    return frame, content


def quick(**more) -> DeepClassifier:
    return DeepClassifier((16,), max_iter=15, n_networks=2, random_state=0, **more)


@pytest.fixture(scope="module")
def table():
    return reviews(N)


@pytest.fixture(scope="module")
def model(table) -> DeepClassifier:
    return quick().fit(*table)


def test_what_a_text_says_is_learned(model) -> None:
    X, y = reviews(300, 1)
    known = X["review"].notna().to_numpy()
    assert model.score(X[known], y[known]) > 0.9
    assert model.notices_[0].startswith("column 'review' is read as free text")
    assert model.feature_importances_.argmax() == list(X).index("review")
    assert quick(columns={"review": "drop"}).fit(*reviews(N)).score(X, y) < 0.65


@pytest.mark.parametrize("more", [{"additive": True}, {"numeric_embedding": "piecewise_linear"}, {"members": 2}])
def test_every_kind_of_network_reads_it(more, table) -> None:
    X, y = reviews(300, 1)
    known = X["review"].notna().to_numpy()
    sizes = () if "additive" in more else (16,)
    model = DeepClassifier(sizes, max_iter=25, n_networks=2, random_state=0, **more).fit(*table)
    assert model.score(X[known], y[known]) > 0.85


def test_a_table_of_text_alone_is_enough(table) -> None:
    X, y = table
    for sizes in ((), (8,)):
        model = DeepClassifier(sizes, max_iter=10, n_networks=2, random_state=0).fit(X[["review"]], y)
        assert model.score(X[["review"]], y) > 0.85


def test_numbers_of_text_have_no_curves_of_their_own(model) -> None:
    plan = model.model_.plans[0]
    embedded = next(spec for spec in plan.specs if spec.name == "frequency")
    assert embedded.shape[0] == 2, "of x and of the day alone"


def test_it_is_saved_and_loaded_to_the_same_bits(model, table, tmp_path) -> None:
    X, _ = table
    model.save(tmp_path)
    again = leadline.load(tmp_path)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.notices_ == model.notices_


def test_tables_of_other_libraries_and_order_give_the_same(model, table) -> None:
    X, y = table
    own = pl.DataFrame({name: X[name].tolist() if name == "review" else X[name].to_numpy() for name in X})
    assert np.array_equal(quick().fit(own, y).predict_proba(own), model.predict_proba(X))
    swapped = X[["day", "review", "x"]]
    assert np.array_equal(quick().fit(swapped, y).predict_proba(swapped), model.predict_proba(X))


def test_the_bits_are_the_same_under_any_number_of_threads(model, table) -> None:
    with one_blas_thread():
        again = quick().fit(*table)
    assert np.array_equal(again.predict_proba(table[0]), model.predict_proba(table[0]))


def test_training_goes_on_with_the_same_reduction(table) -> None:
    X, y = table
    model = quick(warm_start=True).fit(X, y)
    before = model.model_.layout
    model.fit(X[::-1].reset_index(drop=True), y[::-1])
    assert model.model_.layout is before


def test_monotone_constraints_are_of_numbers(table) -> None:
    X, y = table
    with pytest.raises(ParameterError, match="constrains the column 'review', whose text has no order"):
        quick(monotonic_cst={"review": 1}).fit(X, y)
    rising = quick(monotonic_cst={"x": 1}).fit(X, y)
    ends = X.assign(x=-2.0), X.assign(x=2.0)
    low, high = (rising.predict_proba(own)[:, 1] for own in ends)
    assert (high >= low - 1e-9).all()


def test_the_encoder_makes_numbers_of_it(table) -> None:
    encoder = TableEncoder().fit(table[0])
    made = encoder.transform(table[0])
    assert np.isfinite(made).all()
    assert made.shape == (N, len(encoder.get_feature_names_out()))
    assert "review length" in encoder.get_feature_names_out()


def test_a_dataset_on_disk_reads_it_as_a_table_in_memory_does(table, tmp_path) -> None:
    pytest.importorskip("pyarrow")
    X, y = table
    X.assign(content=np.where(y, "yes", "no")).to_parquet(tmp_path / "rows.parquet", row_group_size=90, index=False)
    whole = Dataset(tmp_path)
    model = quick().fit(whole, "content")
    assert model.model_.layout == quick().fit(X, y).model_.layout
    assert np.mean(model.predict(X) == np.where(y, "yes", "no")) > 0.8


def test_a_text_of_noise_gains_nothing_in_the_ladder() -> None:
    """The reduction has seen the texts of all folds, but no target: nothing of it leaks."""
    generator = np.random.default_rng(3)
    vocabulary = np.array([f"w{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(400)])
    X = pd.DataFrame({"text": [" ".join(generator.choice(vocabulary, 12)) for _ in range(500)]})
    y = generator.normal(size=500)
    estimator = DeepRegressor(max_iter=20, random_state=0)
    search = DepthSearchCV(estimator, max_depth=2, candidates=2, cv=3, repeats=1, additive=False).fit(X, y)
    ladder = search.ladder_
    assert search.model_.layout.text_columns
    assert search.sentence_.startswith("Nothing was learned")
    # the root mean square error of the constant is 1.0 in these rows
    assert (ladder["mean_score"].abs() > y.std() * 0.98).all()

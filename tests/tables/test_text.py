"""Free text: which columns are taken for it, and the numbers that it becomes."""

import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_limits

from leadline.errors import ModelFileError
from leadline.tables import CategoryColumn, Layout, TextColumn, as_frame
from leadline.tables.text import DIRECTIONS, HASHED, MOST_KEPT, TEXTS_OF_EACH, Reduction

ADJECTIVES = ["quick", "old", "green", "sleepy", "tall", "loud"]
NOUNS = ["fox", "river", "house", "teacher", "engine", "cloud", "market"]


def sentences(n: int, words: int = 6, seed: int = 0) -> list[str]:
    generator = np.random.default_rng(seed)
    return [f"{' '.join(generator.choice(ADJECTIVES + NOUNS, words))} {i}" for i in range(n)]


def column_of(values, said=None):
    """What a column with these values is taken for, beside another."""
    frame = pd.DataFrame({"c": values, "other": np.arange(len(values)) * 0.5})
    layout = Layout.infer(frame, {} if said is None else {"c": said})
    return next((own for own in layout.columns if own.name == "c"), None) or layout.dropped[0][1]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.DataFrame({"said": sentences(200), "x": np.arange(200.0)})


@pytest.fixture(scope="module")
def layout(frame) -> Layout:
    return Layout.infer(frame).fitted(frame)


# What is taken for text


@pytest.mark.parametrize(
    "values",
    [
        sentences(50),
        ["Braund, Mr. Owen Harris", "Heikkinen, Miss. Laina", "Allen, Mr. William Henry", "Moran, Mr. James"],
        [f"https://example.org/{noun}/{i}" for i, noun in enumerate(NOUNS * 3)],
        [f"今天天气很好我们去公园{i}" for i in range(40)],
        # of several words, and many of them more than once
        sentences(150, 6) * 3,
        [None, "", *sentences(50)],
    ],
)
def test_values_of_several_words_that_mostly_differ_are_text(values):
    assert isinstance(column_of(values), TextColumn)


@pytest.mark.parametrize(
    "values",
    [
        [f"id-{i:04d}" for i in range(60)],
        [f"row {i}" for i in range(60)],
        [f"{i * 7919 % 10**8:08x}-4f2a-{i:04x}-b{i:03x}" for i in range(60)],
        [f"AB {i} C" for i in range(60)],
    ],
)
def test_codes_are_identifiers(values):
    assert column_of(values) == "is text whose values all differ, an identifier"


def test_few_phrases_that_are_repeated_are_categories():
    assert isinstance(column_of(["oil paint on a large canvas", "pencil on paper"] * 50), CategoryColumn)
    # many names of one to three words are categories too
    names = [f"{a} {b} {i}" for a in ADJECTIVES for b in NOUNS for i in range(4)] * 3
    assert isinstance(column_of(names), CategoryColumn)


def test_what_is_said_of_a_column_decides():
    few, many = ["oil on canvas", "pencil"] * 20, sentences(40)
    assert isinstance(column_of(few, "text"), TextColumn)
    assert isinstance(column_of(many, "category"), CategoryColumn)
    assert isinstance(column_of(many, "words"), TextColumn)
    assert column_of(many, "drop") == "is to be left out"
    assert isinstance(column_of(pd.Categorical(many)), CategoryColumn)


def test_dates_and_numbers_are_no_text():
    for values in (["31 January 2026", "1 February 2026", "3 March 2026"] * 9, ["1 kg", "2.5 kg", "30 kg"] * 9):
        assert not isinstance(column_of(values), TextColumn)


def test_a_notice_tells_of_it(frame):
    assert Layout.infer(frame).notices == [
        "column 'said' is read as free text, by its words and parts of words; say 'drop' of it to leave it out"
    ]


# The numbers


def test_a_text_is_its_length_and_places_in_directions(layout, frame):
    encoded = layout.encode(frame)
    assert layout.input_names[:3] == ["x", "said length", "said direction 1"]
    assert encoded.derived == layout.derived == 1 + DIRECTIONS
    assert layout.n_inputs == encoded.numbers.shape[1] == 2 + DIRECTIONS
    told = encoded.numbers[:, 1:]
    assert np.allclose(told.mean(axis=0), 0, atol=1e-5)
    assert told[:, 0].std() == pytest.approx(1, abs=1e-5)
    deviations = told[:, 1:].std(axis=0)
    assert deviations.max() == pytest.approx(1, abs=1e-5), "the largest is one, and the others keep their ratio to it"
    assert deviations[-1] < 0.9


def test_texts_of_the_same_words_are_close(layout):
    def numbers(*texts):
        return layout.encode(pd.DataFrame({"said": texts, "x": 0.0})).numbers[:, 2:]

    same, other = numbers("quick green fox", "green quick foxes"), numbers("quick green fox", "loud market engine")
    assert np.linalg.norm(np.diff(same, axis=0)) < 0.5 * np.linalg.norm(np.diff(other, axis=0))


def test_a_missing_text_is_the_average_one_and_says_that_it_is_missing():
    frame = pd.DataFrame({"said": [None, "", "  ", *sentences(60)], "x": 0.5 * np.arange(63)})
    layout = Layout.infer(frame).fitted(frame)
    encoded = layout.encode(frame)
    assert layout.input_names[-1] == "said missing"
    assert encoded.indicators[:, 0].tolist() == [1.0] * 3 + [0.0] * 60
    assert np.isnan(encoded.numbers[:3, 1]).all()
    assert not encoded.numbers[:3, 2:].any()


def test_what_no_training_text_had_and_no_words_at_all_are_read(layout):
    odd = pd.DataFrame({"said": pd.Series(["zzz yyy", "!?", "½", "a" * 100_000, "\x00\ud800"], dtype=object), "x": 0.0})
    assert np.isfinite(layout.encode(odd).numbers).all()


def test_few_texts_and_such_without_a_common_word_have_fewer_directions():
    none = Reduction.fit(["abc def", "ghi jkl", "mno pqr"])
    assert none.size == 1
    assert np.isfinite(none.numbers(["abc", "xyz"])).all()
    assert Reduction.fit(["one fish", "two fish", "red fish"]).size <= 3
    assert np.isfinite(Reduction.fit(["same words"] * 5).numbers(["same words", "other"])).all()


def test_a_text_has_more_directions_where_all_columns_are_text():
    texts = sentences(400)
    alone = pd.DataFrame({"said": texts, "heard": texts[::-1]})
    assert Layout.infer(alone).fitted(alone).derived == 2 * (1 + len(texts) // TEXTS_OF_EACH)
    beside = alone.assign(x=np.arange(400.0))
    assert Layout.infer(beside).fitted(beside).derived == 2 * (1 + DIRECTIONS)


def test_the_commonest_hashes_are_kept():
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(20_000, 100).astype(str)) for _ in range(600)]
    own = Reduction.fit(texts)
    assert len(own.places) <= 2 * MOST_KEPT
    assert (np.diff(own.places) > 0).all()
    assert own.places.max() < 2 * HASHED
    assert own.directions.dtype == np.float32


# The same numbers


def test_a_row_has_the_same_numbers_alone_and_among_others(layout, frame):
    together = layout.encode(frame).numbers
    alone = np.concatenate([layout.encode(frame[i : i + 1]).numbers for i in range(20)])
    assert np.array_equal(alone, together[:20])


def test_the_fit_gives_the_same_bits_again(frame):
    def fitted():
        with threadpool_limits(1, user_api="blas"):
            return Layout.infer(frame).fitted(frame).to_arrays()

    first, again = fitted(), fitted()
    assert all(np.array_equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize("library", ["object", "string", "polars", "arrow", "array"])
def test_every_kind_of_table_is_read_alike(library, layout, frame):
    tables = {
        "object": frame.astype({"said": object}),
        "string": frame.astype({"said": "string"}),
        "polars": pl.DataFrame({"said": list(frame["said"]), "x": frame["x"].to_numpy()}),
        "arrow": pa.table({"said": list(frame["said"]), "x": frame["x"].to_numpy()}),
        "array": frame.to_numpy(object),
    }
    own = as_frame(tables[library], list(frame.columns))
    assert isinstance(Layout.infer(own).columns[0], TextColumn)
    assert np.array_equal(layout.encode(own).numbers, layout.encode(frame).numbers)


def test_it_survives_its_record_and_pickle(layout, frame):
    arrays = layout.to_arrays()

    def take(name, shape, kind):
        assert arrays[name].shape == shape
        assert arrays[name].dtype == kind
        return arrays[name]

    record = json.loads(json.dumps(layout.to_record()))
    for again in (Layout.from_record(record, take), pickle.loads(pickle.dumps(layout))):
        assert again == layout
        assert np.array_equal(again.encode(frame).numbers, layout.encode(frame).numbers)
    assert Layout.from_record(record).n_inputs == 1, "without arrays a text has no inputs"


@pytest.mark.parametrize(("field", "value"), [("kept", 10**9), ("kept", -1), ("directions", 1000), ("missing", "no")])
def test_a_record_that_promises_too_much_is_refused(layout, field, value):
    record = layout.to_record()
    record["columns"][0][field] = value
    with pytest.raises(ModelFileError, match=field):
        Layout.from_record(record)

"""Tables of other libraries, among them those that are computed only when asked for."""

import numpy as np
import pytest
from small_models import quick

from leadline import DepthSearchCV


@pytest.fixture
def expected(table):
    frame, y = table
    return quick().fit(frame, y).predict_proba(frame)


def check(X, y, expected):
    model = quick().fit(X, y)
    assert model.feature_names_in_.tolist() == ["size", "age", "colour"]
    np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_polars_and_its_lazy_frames(table, expected) -> None:
    pl = pytest.importorskip("polars", reason="polars is not installed")
    frame, y = table
    own = pl.from_pandas(frame)
    check(own, y, expected)
    check(own.lazy(), y, expected)
    check(own.lazy(), pl.Series("y", y), expected)
    check(own.lazy(), pl.DataFrame({"y": y}).lazy(), expected)


def test_a_search_over_a_lazy_frame(table) -> None:
    pl = pytest.importorskip("polars", reason="polars is not installed")
    frame, y = table
    lazy = pl.from_pandas(frame).lazy()
    found = DepthSearchCV(quick(), max_depth=1, candidates=1, cv=5).fit(lazy, y)
    assert found.predict(lazy).shape == y.shape


def test_pyarrow(table, expected) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    frame, y = table
    check(pa.Table.from_pandas(frame, preserve_index=False), y, expected)


def test_relations_of_duckdb(table, expected) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    frame, y = table
    check(duckdb.from_df(frame), y, expected)
    both = frame.assign(y=y)
    relation = duckdb.from_df(both)
    check(relation.project("size, age, colour"), relation.project("y"), expected)


def test_dask(table, expected) -> None:
    dd = pytest.importorskip("dask.dataframe", reason="dask is not installed")
    frame, y = table
    both = dd.from_pandas(frame.assign(y=y), npartitions=3)
    check(both[["size", "age", "colour"]], y, expected)
    check(both[["size", "age", "colour"]], both["y"], expected)

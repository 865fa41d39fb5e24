import numpy as np
import pytest

from leadline.errors import ParameterError
from leadline.search import SPACE, Dimension, check_space, draw_candidates, space_from_records
from leadline.training import Hyperparameters

BASE = Hyperparameters(hidden_layer_sizes=(32,), batch_size=64, dropout=0.05)


def test_the_first_candidate_is_the_estimator_itself() -> None:
    first = draw_candidates(BASE, 4, seed=0)[0]
    settings = first.settings(BASE, 4)
    assert settings.hidden_layer_sizes == (32, 32, 32)
    assert settings.dropout == 0.05
    assert first.settings(BASE, 1).alpha == 1.0


def test_candidates_depend_on_the_seed_and_on_nothing_else() -> None:
    few, many = draw_candidates(BASE, 5, seed=3), draw_candidates(BASE, 8, seed=3)
    assert few == many[:5]
    assert draw_candidates(BASE, 5, seed=4)[1:] != few[1:]


def test_every_depth_has_the_same_draws() -> None:
    for candidate in draw_candidates(BASE, 8, seed=0)[1:]:
        shallow, deep = candidate.settings(BASE, 2), candidate.settings(BASE, 5)
        assert deep.hidden_layer_sizes == shallow.hidden_layer_sizes * 4
        assert (deep.learning_rate_init, deep.weight_decay, deep.dropout) == (
            shallow.learning_rate_init,
            shallow.weight_decay,
            shallow.dropout,
        )


def test_at_one_layer_candidates_are_penalties() -> None:
    settings = [candidate.settings(BASE, 1) for candidate in draw_candidates(BASE, 8, seed=0)]
    assert all(own.hidden_layer_sizes == () and own.solved for own in settings)
    assert len({own.alpha for own in settings}) == 8


def test_draws_stay_in_their_ranges_and_fill_them() -> None:
    candidates = draw_candidates(BASE, 64, seed=0)[1:]
    for dimension in SPACE:
        values = [{**vars(c), **c.changes}[dimension.name] for c in candidates]
        if dimension.levels:
            assert set(values) == set(dimension.levels)
        else:
            assert dimension.low <= min(values) < max(values) <= dimension.high
            middle = dimension.value(0.5)
            assert 24 <= sum(value < middle for value in values) <= 39


@pytest.mark.parametrize(
    ("dimension", "expected"),
    [
        (Dimension("a", "", levels=(1, 2, 4)), [1, 2, 4]),
        (Dimension("a", "", low=1.0, high=100.0, log=True), [1.0, 10.0, 98.0]),
        (Dimension("a", "", low=0.0, high=0.4), [0.0, 0.2, 0.4]),
    ],
)
def test_a_dimension_reads_a_share_of_its_range(dimension: Dimension, expected: list[float]) -> None:
    assert np.allclose([dimension.value(u) for u in (0.0, 0.5, 0.9956)], expected, rtol=1e-2)


def test_a_batch_is_a_multiple_of_the_estimators() -> None:
    space = (Dimension("batch_scale", levels=(0.5, 2.0)),)
    candidates = draw_candidates(BASE, 8, seed=0, space=space)
    sizes = [candidate.settings(BASE, 3).batch_size for candidate in candidates]
    assert sizes[0] == 64
    assert set(sizes[1:]) == {32, 128}


def test_what_a_space_leaves_out_stays_as_the_estimator_has_it() -> None:
    space = (Dimension("dropout", low=0.2, high=0.3),)
    for candidate in draw_candidates(BASE, 4, seed=0, space=space)[1:]:
        settings = candidate.settings(BASE, 2)
        assert 0.2 <= settings.dropout <= 0.3
        assert (settings.hidden_layer_sizes, settings.activation) == ((32,), BASE.activation)
        assert candidate.settings(BASE, 1).alpha == 1.0


def test_a_space_without_dimensions_has_one_candidate_many_times() -> None:
    assert len({candidate.settings(BASE, 3) for candidate in draw_candidates(BASE, 3, seed=0, space=())}) == 1


def test_a_space_goes_through_records_and_back() -> None:
    records = [dimension.to_record() for dimension in SPACE]
    assert space_from_records(records) == SPACE
    assert records[0] == {
        "name": "hidden_units",
        "explanation": "units of every hidden layer",
        "levels": [64, 128, 256],
    }


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ({"name": "dropout"}, "A space is a list of dimensions"),
        ([3], "Dimension 1 of the space needs a name, and levels or low and high; it also has 3"),
        ([{"name": "dropout", "low": 0}], "Dimension 1 of the space needs a name, and levels or low and high"),
        ([{"name": "dropout", "low": 0, "high": 0.5, "lg": True}], "it also has lg"),
        ([{"name": "dropout", "levels": 0.5}], "Dimension 1 of the space needs a list of levels; got 0.5"),
        ([{"name": "depth", "levels": [1]}], "No hyperparameter that can be searched is called 'depth'"),
        ([{"name": "hidden_layer_sizes", "levels": [[3]]}], "No hyperparameter that can be searched"),
        ([{"name": "dropout", "levels": [0.1, 1.5]}], "The dimension 'dropout'.levels must be .* got 1.5"),
        ([{"name": "dropout", "low": 0.5, "high": 0.2}], "The dimension 'dropout' needs low < high; got 0.5 and 0.2"),
        (
            [{"name": "weight_decay", "low": 0, "high": 1, "log": True}],
            "The dimension 'weight_decay' needs 0 < low < high where log is true; got 0 and 1",
        ),
        ([{"name": "dropout", "levels": [0.1]}] * 2, "The space has 'dropout' twice"),
    ],
)
def test_a_space_that_cannot_be_used_is_refused_with_the_reason(records, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        space_from_records(records)


def test_a_space_of_other_things_than_dimensions_is_refused() -> None:
    with pytest.raises(ParameterError, match="A space is a sequence of Dimension; item 1 is 'dropout'"):
        check_space(["dropout"])

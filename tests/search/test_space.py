import numpy as np
import pytest

from leadline.search import SPACE, draw_candidates
from leadline.search.space import Dimension
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
        values = [c.hidden_units if dimension.name == "hidden_units" else c.changes[dimension.name] for c in candidates]
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

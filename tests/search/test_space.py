import dataclasses

import numpy as np
import pytest

from leadline.errors import ParameterError
from leadline.search import (
    SPACE,
    Dimension,
    check_space,
    draw_candidates,
    linear_settings,
    space_from_records,
    usual_space,
)
from leadline.search.space import PENALTIES, VARIANTS
from leadline.training import Hyperparameters
from leadline.training.hyperparameters import ENOUGH_ROWS, RECIPES

BASE = Hyperparameters(hidden_layer_sizes=(32,), batch_size=64, dropout=0.05)
BENT = Hyperparameters(
    hidden_layer_sizes=(32,),
    batch_size=64,
    learning_rate_init=0.002,
    dropout=0.1,
    scaling="robust",
    numeric_embedding="periodic",
)


def test_the_first_candidate_is_the_estimator_itself() -> None:
    first = draw_candidates(BASE, 4, seed=0)[0]
    settings = first.settings(BASE, 4)
    assert settings.hidden_layer_sizes == (32, 32, 32)
    assert settings.dropout == 0.05
    assert settings == dataclasses.replace(BASE, hidden_layer_sizes=(32, 32, 32))


def test_candidates_depend_on_the_seed_and_on_nothing_else() -> None:
    few, many = draw_candidates(BASE, 5, seed=3, space=SPACE), draw_candidates(BASE, 8, seed=3, space=SPACE)
    assert few == many[:5]
    assert draw_candidates(BASE, 5, seed=4, space=SPACE)[1:] != few[1:]
    assert draw_candidates(BASE, 12, seed=3)[:9] == draw_candidates(BASE, 9, seed=3)


def test_every_depth_has_the_same_draws() -> None:
    for candidate in draw_candidates(BASE, 12, seed=0)[1:]:
        shallow, deep = candidate.settings(BASE, 2), candidate.settings(BASE, 5)
        assert deep.hidden_layer_sizes == shallow.hidden_layer_sizes * 4
        assert (deep.learning_rate_init, deep.weight_decay, deep.dropout) == (
            shallow.learning_rate_init,
            shallow.weight_decay,
            shallow.dropout,
        )


def test_without_a_space_variants_of_the_estimator_come_first_and_then_draws() -> None:
    n = len(VARIANTS) + 1
    own, *variants = [candidate.settings(BENT, 3) for candidate in draw_candidates(BENT, n, seed=0)]
    assert own == dataclasses.replace(BENT, hidden_layer_sizes=(32, 32))
    expected = [
        {"scaling": "standard"},
        {"parametrization": "ntk", "learning_rate_init": 0.04},
        {"activation": "silu"},
        {"hidden_layer_sizes": (64, 64), "learning_rate_init": 0.004, "dropout": 0.2},
        {"numeric_embedding": "fine_bins"},
        {"hidden_layer_sizes": (64, 64), "learning_rate_init": 0.001, "dropout": 0.0},
    ]
    for found, changes in zip(variants, expected, strict=True):
        numbers = {name for name, value in changes.items() if isinstance(value, float)}
        assert [getattr(found, name) for name in numbers] == pytest.approx([changes[name] for name in numbers])
        settled = {**changes, **{name: getattr(found, name) for name in numbers}}
        assert found == dataclasses.replace(own, **settled)
    assert len({repr(own) for own in variants}) == len(VARIANTS), "the seed decides nothing about them"
    assert draw_candidates(BENT, n, seed=0) == draw_candidates(BENT, n, seed=1)
    assert draw_candidates(BENT, n + 2, seed=0)[n:] != draw_candidates(BENT, n + 2, seed=1)[n:]


def test_a_variant_keeps_what_the_estimator_has_switched_off() -> None:
    plain = dataclasses.replace(BENT, scaling="none", numeric_embedding="none", dropout=0.0)
    for candidate in draw_candidates(plain, len(VARIANTS) + 1, seed=0):
        settings = candidate.settings(plain, 2)
        assert (settings.scaling, settings.numeric_embedding, settings.dropout) == ("none", "none", 0.0)
    standard = dataclasses.replace(BENT, scaling="standard")
    assert all(own.settings(standard, 2).scaling == "standard" for own in draw_candidates(standard, 7, seed=0))


def test_an_answer_that_learns_from_many_rows_has_other_variants() -> None:
    binned = dataclasses.replace(BENT, numeric_embedding="piecewise_linear")
    few, many = (draw_candidates(binned, 5, seed=0, rows=rows) for rows in (ENOUGH_ROWS, ENOUGH_ROWS + 1))
    assert few == draw_candidates(binned, 5, seed=0)
    own, *variants = [candidate.settings(binned, 3) for candidate in many]
    assert own == few[0].settings(binned, 3)
    assert [own.numeric_embedding == "periodic" for own in variants] == [True, False, True, False]
    assert [own.scaling for own in variants] == ["robust", "standard", "standard", "robust"]
    assert {(own.activation, own.parametrization) for own in variants} == {(own.activation, own.parametrization)}
    drawn = draw_candidates(binned, 8, seed=0, space=SPACE, rows=ENOUGH_ROWS + 1)
    assert drawn == draw_candidates(binned, 8, seed=0, space=SPACE)


def test_variants_are_settings_that_the_recipes_can_have() -> None:
    for recipe in RECIPES.values():
        known = {name: value for name, value in recipe.items() if name in Hyperparameters.__dataclass_fields__}
        base = Hyperparameters(hidden_layer_sizes=(16,), batch_size=32, **known).for_table(1000, 3, True)
        for candidate in draw_candidates(base, len(VARIANTS) + 1, seed=0):
            assert candidate.settings(base, 3).hidden_layer_sizes in ((16, 16), (32, 32))


def test_where_nobody_wants_an_embedding_none_is_searched() -> None:
    names = [dimension.name for dimension in SPACE]
    assert [dimension.name for dimension in usual_space(BENT)] == names
    names.remove("numeric_embedding")
    plain = dataclasses.replace(BENT, numeric_embedding="none")
    assert [dimension.name for dimension in usual_space(plain)] == names


def test_at_one_layer_penalties_are_tried_on_straight_inputs_first_and_then_on_bent_ones() -> None:
    settings = linear_settings(BENT, 4, seed=0)
    assert all(own.hidden_layer_sizes == () and own.solved for own in settings)
    assert [own.scaling for own in settings] == ["standard"] * 4 + ["robust"] * 2
    assert [own.alpha for own in settings] == [*PENALTIES, *PENALTIES[:2]]
    assert PENALTIES[0] == 1.0, "scikit-learn's own comes first"
    assert [(own.scaling, own.alpha) for own in linear_settings(BENT, 1, seed=0)] == [
        ("standard", 1.0),
        ("robust", 1.0),
    ]


@pytest.mark.parametrize("scaling", ["standard", "none"])
def test_inputs_that_the_estimator_does_not_bend_stay_as_they_are(scaling: str) -> None:
    base = dataclasses.replace(BENT, scaling=scaling, alpha=0.5)
    assert [(own.scaling, own.alpha) for own in linear_settings(base, 2, 0)] == [(scaling, 0.5), (scaling, 50.0)]


def test_penalties_come_from_the_callers_space_where_it_has_them() -> None:
    space = (Dimension("dropout", levels=(0.1,)), Dimension("alpha", low=2.0, high=3.0))
    base = dataclasses.replace(BASE, scaling="standard")
    alphas = [own.alpha for own in linear_settings(base, 6, 0, space)]
    assert alphas[0] == 1.0
    assert len(set(alphas)) == 6
    assert all(2.0 <= alpha <= 3.0 for alpha in alphas[1:])
    assert alphas == [own.alpha for own in linear_settings(base, 6, 0, space)]
    assert [own.alpha for own in linear_settings(base, 6, 0, space[:1])] == [1.0]


def test_draws_stay_in_their_ranges_and_fill_them() -> None:
    candidates = draw_candidates(BASE, 64, seed=0, space=SPACE)[1:]
    for dimension in SPACE:
        if dimension.name == "alpha":  # which is of L = 1 alone
            assert all("alpha" not in candidate.changes for candidate in candidates)
            continue
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
        assert settings.alpha == BASE.alpha


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

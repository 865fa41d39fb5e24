"""The experiment treats its two networks alike and reports what came out."""

import math
from dataclasses import replace

import pytest

from leadline.errors import ParameterError
from leadline.inspection import Attempt, experiment, summary
from leadline.network import Architecture, comparison_table
from leadline.training import Stop
from leadline.training.limits import Stopped


@pytest.fixture(scope="module")
def attempts() -> list[Attempt]:
    return experiment(2, 1, 3, repeats=2, widths=(1, 4), learning_rates=(0.01, 0.03), steps=2000)


def test_every_network_is_trained_at_every_rate_and_repeat(attempts: list[Attempt]) -> None:
    assert len(attempts) == 2 * 2 * 2 * 2 * 2
    assert len({(a.problem, a.network, a.width, a.learning_rate, a.repeat) for a in attempts}) == len(attempts)
    assert {a.seed for a in attempts} == {3}


def test_the_two_networks_have_nearly_as_many_parameters() -> None:
    for n, k in ((4, 3), (8, 5), (11, 4)):
        for attempt in experiment(n, k, repeats=1, widths=(1, 4, 8), learning_rates=(0.01,), steps=1):
            assert attempt.parameters == Architecture(attempt.sizes).n_parameters
            per_unit = attempt.sizes[0] + 2
            assert abs(attempt.parameters - attempt.other_parameters) <= per_unit / 2
            assert (attempt.network == "shallow") == (len(attempt.sizes) == 3)


def test_a_deep_network_of_width_one_has_the_layers_of_the_closed_form() -> None:
    deep = {
        a.problem: a
        for a in experiment(6, 4, repeats=1, widths=(1,), learning_rates=(0.01,), steps=1)
        if a.network == "deep"
    }
    tree = next(row for row in comparison_table([6], []) if row.construction == "parity_tree")
    assert sum(deep["parity"].sizes[1:-1]) == tree.units
    assert deep["wave"].sizes == (1, 2, 2, 2, 2, 1)


def test_easy_functions_are_found_and_counted(attempts: list[Attempt]) -> None:
    outcomes = {(o.problem, o.network, o.width): o for o in summary(attempts)}
    assert len(outcomes) == 8
    exclusive_or = outcomes["parity", "shallow", 4]
    assert (exclusive_or.found, exclusive_or.best_error) == (2, 0.0)
    fold = outcomes["wave", "shallow", 4]
    assert fold.found == 2
    assert fold.best_error is not None
    assert fold.best_error < 0.01
    assert fold.most_pieces is not None
    assert fold.most_pieces >= 2
    for attempt in attempts:
        assert attempt.error is not None
        assert attempt.found == (attempt.error == 0 if attempt.problem == "parity" else attempt.error < 0.01)


def test_a_constant_answer_is_told_beside_the_errors(attempts: list[Attempt]) -> None:
    for attempt in attempts:
        expected = 0.5 if attempt.problem == "parity" else 1 / math.sqrt(12)
        assert attempt.constant_error == pytest.approx(expected, rel=1e-2)


def test_one_hidden_layer_with_too_few_units_cannot_be_the_wave() -> None:
    attempts = experiment(2, 5, repeats=1, widths=(1,), learning_rates=(0.01,), steps=1)
    shallow = next(a for a in attempts if a.problem == "wave" and a.network == "shallow")
    assert shallow.sizes[1] < 2**5
    assert not shallow.closed_form_fits
    assert all(a.closed_form_fits for a in attempts if a.network == "deep")


def test_the_same_seed_gives_the_same_records(attempts: list[Attempt]) -> None:
    again = experiment(2, 1, 3, repeats=2, widths=(1, 4), learning_rates=(0.01, 0.03), steps=2000)
    assert again == attempts
    other = experiment(2, 1, 4, repeats=2, widths=(1, 4), learning_rates=(0.01, 0.03), steps=2000)
    assert [a.error for a in other] != [a.error for a in attempts]


def test_a_training_that_diverged_is_the_worst(attempts: list[Attempt]) -> None:
    group = [a for a in attempts if (a.problem, a.network, a.width) == ("wave", "shallow", 4)]
    lost = [
        replace(a, state="diverged", reason="loss", error=None, found=False, pieces=None)
        if a.learning_rate == 0.01
        else a
        for a in group
    ]
    assert summary(lost)[0].learning_rate == 0.03
    (nothing,) = summary([replace(a, error=None, found=False, pieces=None) for a in group])
    assert (nothing.best_error, nothing.median_error, nothing.most_pieces, nothing.found) == (None, None, None, 0)


def test_an_experiment_can_be_stopped() -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped):
        experiment(4, 3, stop=stop)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 1}, "n"),
        ({"n": 17}, "at most 16"),
        ({"k": 13}, "at most 12"),
        ({"repeats": 0}, "repeats"),
        ({"widths": (0,)}, "widths"),
        ({"seed": -1}, "seed"),
    ],
)
def test_parameters_out_of_range_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        experiment(**changes)

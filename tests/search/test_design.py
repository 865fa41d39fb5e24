"""Which networks make the model that a fold judges, and what they have learned from."""

from collections import Counter

import numpy as np
import pytest
from sklearn.model_selection import KFold, ShuffleSplit, TimeSeriesSplit

from leadline.search import Design, make_folds
from leadline.search.design import COLOURS, Network
from leadline.tables import infer_target

N = 120
Y = np.random.default_rng(0).normal(size=N)
NUMBERS = infer_target(Y, "regression")


def make_design(cv=8, n_networks: int = 8, repeats: int = 1, stopped: bool = True, fraction: float = 0.1, groups=None):
    splits, _ = make_folds(Y, np.arange(N), NUMBERS, groups, cv, seed=0, repeats=repeats)
    return Design(Y, splits, repeats, NUMBERS, n_networks, fraction, stopped, 0, groups)


def model_of(design: Design, place: int) -> list[Network]:
    return [network for network in design.stopped if place in [role.place for role in network.roles]]


def never_learned_from_what_judges_or_stops(design: Design) -> bool:
    for network in design.stopped:
        rows = design.training_rows[network.rows]
        assert len(np.unique(rows)) == len(rows) > 0
        for role in network.roles:
            judged = design.folds[role.place]
            assert not np.intersect1d(rows, judged).size
            assert not np.intersect1d(rows, role.stop_rows).size
            assert not np.intersect1d(judged, role.stop_rows).size
    return True


def test_pairs_of_folds_share_networks() -> None:
    design = make_design()
    assert len(design.stopped) == 16
    assert all(len(network.roles) == 2 for network in design.stopped)
    assert never_learned_from_what_judges_or_stops(design)
    for place in range(8):
        own = model_of(design, place)
        assert sorted(network.colour for network in own) == [0, 1, 2, 3]
        stops = [role.stop_rows for network in own for role in network.roles if role.place == place]
        assert len({tuple(rows) for rows in stops}) == 4, "each is stopped by another fold"
    for network in design.stopped:
        a, b = network.fold, network.other
        rest = [rows for fold, rows in enumerate(design.folds) if fold not in (a, b)]
        assert np.array_equal(design.training_rows[network.rows], np.sort(np.concatenate(rest)))
        assert {role.place: tuple(role.stop_rows) for role in network.roles} == {
            a: tuple(design.folds[b]),
            b: tuple(design.folds[a]),
        }


def test_networks_have_names_of_their_own() -> None:
    for design in (make_design(repeats=2), make_design(3, repeats=2), make_design(5, 3, 2)):
        for own in (design.solved, design.stopped):
            names = [(network.repeat, network.fold, network.other) for network in own]
            assert len(set(names)) == len(names)


@pytest.mark.parametrize(("n_networks", "networks", "roles"), [(1, 8, [1]), (2, 8, [2]), (3, 16, [1, 2]), (9, 16, [2])])
def test_fewer_networks_make_a_model_of_as_many(n_networks: int, networks: int, roles: list[int]) -> None:
    design = make_design(n_networks=n_networks)
    assert len(design.stopped) == networks
    assert sorted({len(network.roles) for network in design.stopped}) == roles
    assert never_learned_from_what_judges_or_stops(design)
    for place in range(8):
        colours = [network.colour for network in model_of(design, place) if place in [r.place for r in network.roles]]
        assert sorted(colours) == list(range(min(n_networks, COLOURS)))


def test_on_an_odd_ring_every_fold_has_its_networks_and_one_sees_a_colour_twice() -> None:
    design = make_design(5)
    assert len(design.stopped) == 10
    assert {(network.fold, network.other) for network in design.stopped} == {
        (a, b) for a in range(5) for b in range(a + 1, 5)
    }
    assert never_learned_from_what_judges_or_stops(design)
    counts = [Counter(network.colour for network in model_of(design, place)) for place in range(5)]
    assert all(sum(own.values()) == 4 and len(own) >= 3 for own in counts)
    for ring in ((0, 1), (2, 3)):
        assert sum(sorted(own[colour] for colour in ring) != [1, 1] for own in counts) == 1


def test_repeats_divide_the_rows_anew_with_as_many_networks() -> None:
    design, once = make_design(repeats=3), make_design()
    assert len(design.stopped) == 3 * 16
    assert len(design.folds) == len(design.solved) == 3 * 8
    assert never_learned_from_what_judges_or_stops(design)
    for a, b in zip(once.stopped, design.stopped, strict=False):
        assert a.colour == b.colour
        assert np.array_equal(once.training_rows[a.rows], design.training_rows[b.rows])
    places = [role.place for network in design.stopped for role in network.roles]
    assert Counter(places) == dict.fromkeys(range(24), 4)


def test_what_is_solved_is_one_network_for_each_fold_that_learns_from_all_other_rows() -> None:
    design = make_design(5)
    for place, network in enumerate(design.solved):
        (role,) = network.roles
        assert (role.place, len(role.stop_rows)) == (place, 0)
        rows = np.concatenate([design.training_rows[network.rows], design.folds[place]])
        assert np.array_equal(np.sort(rows), np.arange(N))


def test_the_networks_of_some_folds_are_found() -> None:
    design = make_design(repeats=2)
    for solved, own in ((True, design.solved), (False, design.stopped)):
        found = design.networks(solved, [1], [2, 3])
        wanted = [i for i, n in enumerate(own) if {10, 11} & {role.place for role in n.roles}]
        assert found == wanted
        assert design.networks(solved, range(2), range(8)) == list(range(len(own)))
    assert len(design.networks(False, [0], [0])) == 4


def test_a_division_of_the_callers_that_divides_the_rows_shares_networks_too() -> None:
    design = make_design(list(KFold(6).split(Y)))
    assert len(design.stopped) == 12
    assert never_learned_from_what_judges_or_stops(design)


@pytest.mark.parametrize("cv", [2, 3, 4, ShuffleSplit(6, random_state=0)])
def test_other_divisions_hold_rows_out_inside(cv) -> None:
    design = make_design(cv)
    folds = len(design.folds)
    assert len(design.stopped) == folds * COLOURS
    assert all(len(network.roles) == 1 for network in design.stopped)
    assert never_learned_from_what_judges_or_stops(design)
    for place in range(folds):
        own = model_of(design, place)
        assert [network.colour for network in own] == [0, 1, 2, 3]
        stops = np.sort(np.concatenate([network.roles[0].stop_rows for network in own]))
        assert np.array_equal(stops, np.sort(design.training_rows[place])), "each row stops one of them"
        for network in own:
            rows = np.concatenate([design.training_rows[network.rows], network.roles[0].stop_rows])
            assert np.array_equal(np.sort(rows), stops)


def test_in_the_order_of_time_the_rows_that_stop_are_stretches_of_time() -> None:
    design = make_design(TimeSeriesSplit(5))
    assert design.ordered
    assert not make_design(5).ordered
    assert never_learned_from_what_judges_or_stops(design)
    for network in design.stopped:
        (role,) = network.roles
        assert (np.diff(role.stop_rows) == 1).all()
        assert max(role.stop_rows.max(), design.training_rows[network.rows].max()) < design.folds[role.place].min()


def test_a_single_network_inside_is_stopped_by_a_share_of_the_rows() -> None:
    design = make_design(3, n_networks=1, fraction=0.25)
    assert [len(network.roles[0].stop_rows) for network in design.stopped] == [20] * 3
    assert never_learned_from_what_judges_or_stops(design)


def test_without_early_stopping_all_rows_are_learned_from() -> None:
    design = make_design(stopped=False, n_networks=3)
    assert len(design.stopped) == 8 * 3
    for network in design.stopped:
        (role,) = network.roles
        assert not len(role.stop_rows)
        rows = np.concatenate([design.training_rows[network.rows], design.folds[role.place]])
        assert np.array_equal(np.sort(rows), np.arange(N))


def test_groups_stay_together_inside() -> None:
    groups = np.arange(N) // 5
    design = make_design(4, groups=groups)
    for network in design.stopped:
        learned, stops = design.training_rows[network.rows], network.roles[0].stop_rows
        assert not np.intersect1d(groups[learned], groups[stops]).size


def test_the_seed_decides_what_is_held_out_inside() -> None:
    splits, _ = make_folds(Y, np.arange(N), NUMBERS, None, 3, seed=0)
    one, same, other = (Design(Y, splits, 1, NUMBERS, 4, 0.1, True, seed).stopped for seed in (0, 0, 1))
    assert all(np.array_equal(a.roles[0].stop_rows, b.roles[0].stop_rows) for a, b in zip(one, same, strict=True))
    assert not all(np.array_equal(a.roles[0].stop_rows, b.roles[0].stop_rows) for a, b in zip(one, other, strict=True))

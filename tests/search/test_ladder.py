"""The climb: every depth with the same networks on the same folds, to the same bits whatever happens on the way."""

import copy
import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from leadline.search import (
    ADDITIVE,
    Candidate,
    DepthResult,
    Design,
    Ladder,
    Metric,
    Problem,
    Progress,
    Study,
    Verdict,
    View,
    draw_candidates,
    linear_settings,
    make_folds,
    result_record,
)
from leadline.search.ladder import FINALISTS, FIRST_FOLDS, RESERVE, ROUNDS
from leadline.search.progress import Pace
from leadline.search.units import plan_of
from leadline.tables import Encoded, infer_target
from leadline.training import Holdout, Hyperparameters, Stop, Stopped, Task, train

BASE = Hyperparameters(hidden_layer_sizes=(16,), batch_size=32, max_iter=6, scaling="standard")
WILD = replace(BASE, learning_rate_init=1e30)
K = 5


class Posed(NamedTuple):
    """What a climb climbs."""

    problem: Problem
    design: Design


def make_problem(
    kind: str = "product", n: int = 200, repeats: int = 1, scoring=None, k: int = K, n_networks: int = 2, stopped=True
) -> Posed:
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(n, 4))
    signal = numbers[:, 0] * numbers[:, 1] if kind == "product" else numbers @ np.array([1.0, -2.0, 0.5, 0.0])
    y = signal + 0.1 * generator.normal(size=n)
    target = infer_target(y, "regression")
    splits, _ = make_folds(y, np.arange(n), target, None, k, seed=0, repeats=repeats)
    design = Design(y, splits, repeats, target, n_networks, 0.1, stopped, 0)
    encoded = Encoded(numbers, np.zeros((n, 0), np.int32), ())
    metric = Metric(scoring, target)
    return Posed(Problem.build(encoded, y, np.ones(n), target, metric, design.training_rows, BASE), design)


class Diary:
    """A listener that writes down what it hears."""

    def __init__(self) -> None:
        self.events: list[tuple] = []
        self.seen: list[Progress] = []

    def search_started(self, metric: Metric) -> None:
        self.events.append(("climb", metric.label))

    def depth_started(self, L: int) -> None:
        self.events.append(("start", L))

    def advanced(self, progress: Progress) -> None:
        self.events.append(("advance", progress.L, progress.done, progress.planned, progress.share))
        self.seen.append(progress)

    def final_training_started(self, seconds: float | None) -> None:
        self.events.append(("deliver", seconds))

    def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
        self.events.append(("finish", result.L, verdict.depth))


def climb(
    posed: Posed,
    *,
    study: Study | None = None,
    n_jobs: int = 1,
    base: Hyperparameters = BASE,
    candidates: int | list[Candidate] = 2,
    penalties: int = 2,
    max_depth: int = 3,
    patience: int = 5,
    stop: Stop | None = None,
    listener: Diary | None = None,
    additive: Hyperparameters | None = None,
    deliver_all: bool = False,
) -> Ladder:
    drawn = draw_candidates(base, candidates, seed=0) if isinstance(candidates, int) else candidates
    ladder = Ladder(
        posed.problem,
        posed.design,
        base,
        drawn,
        linear_settings(base, penalties, 0),
        study or Study(),
        0,
        n_jobs,
        stop or Stop(),
        listener or Diary(),
        additive=additive,
        n_networks=2,
        deliver_all=deliver_all,
    )
    ladder.climb(max_depth, patience)
    return ladder


def same(a: Ladder, b: Ladder) -> bool:
    keys = a.study.unit_keys()
    if keys != b.study.unit_keys() or a.verdict != b.verdict or a.evidence != b.evidence:
        return False
    for key in keys:
        one, two = a.study.result(key), b.study.result(key)
        assert one is not None
        assert two is not None
        if (one.state, one.best_epochs) != (two.state, two.best_epochs):
            return False
        pairs = [*zip(one.curves, two.curves, strict=True), *zip(one.outputs, two.outputs, strict=True)]
        if not all(np.array_equal(x, y) for x, y in pairs) or not np.array_equal(one.losses, two.losses):
            return False
    if any(a.results[L].candidates != b.results[L].candidates for L in a.results):
        return False
    return all(np.array_equal(a.results[L].scores, b.results[L].scores) for L in a.results)


@pytest.fixture(scope="module")
def whole() -> Ladder:
    return climb(make_problem())


def test_every_depth_has_the_same_folds_and_the_same_networks(whole: Ladder) -> None:
    names = {L: [key[1:] for key in whole.study.unit_keys(L)] for L in (2, 3)}
    assert names[2] == names[3]
    assert len(names[2]) == K == whole.results[2].networks
    assert [key[1:3] for key in whole.study.unit_keys(1)] == [(index, 0) for index in (0, 1) for _ in range(K)]
    for L in (1, 2, 3):
        assert len(whole.results[L].scores) == K


def test_candidates_take_turns_among_the_networks_of_a_fold() -> None:
    ladder = climb(make_problem(k=8, n_networks=4), max_depth=2, candidates=4)
    keys = ladder.study.unit_keys(2)
    assert len(keys) == 16
    for fold in range(8):
        own = [key.candidate for key in keys if fold in (key.fold, key.other)]
        assert sorted(own) == [0, 1, 2, 3]
    assert [ladder.turns(2, repeat) for repeat in (0, 1)] == [[0, 1, 2, 3], [0, 1, 2, 3]]


def test_later_repeats_take_up_the_candidates_that_are_left() -> None:
    ladder = climb(make_problem(k=8, n_networks=4, repeats=2), max_depth=2, candidates=6)
    assert [ladder.turns(2, repeat) for repeat in (0, 1)] == [[0, 1, 2, 3], [4, 5, 0, 1]]
    for repeat in (0, 1):
        own = {key.candidate for key in ladder.study.unit_keys(2) if key.repeat == repeat}
        assert own == set(ladder.turns(2, repeat))
    assert set(ladder.results[2].mean_scores) == set(range(6))


def test_a_folds_score_is_that_of_the_average_of_networks_that_are_trained_apart(whole: Ladder) -> None:
    problem, design = make_problem()
    fold = 2
    rows, predictions = design.folds[fold], []
    for network in design.stopped:
        for role in network.roles:
            if role.place != fold:
                continue
            index = whole.turns(2, 0)[network.colour]
            settings = whole.candidates[index].settings(BASE, 2)
            view = View.of(network.rows, settings)
            task = Task(
                settings,
                (0, 2, index, 0, network.fold, network.other),
                view,
                design.training_rows[network.rows],
                (Holdout(role.stop_rows, rows),),
            )
            (trained,) = train(plan_of(problem, settings), [task], problem, problem.score, Stop())
            predictions.append(problem.predictions(view, trained.readings[0].outputs))
    assert len(predictions) == 2
    score = problem.metric.score(problem.y[rows], np.mean(predictions, axis=0), problem.w[rows])
    assert score == pytest.approx(whole.results[2].scores[fold], rel=1e-12)


def test_the_first_depth_is_solved_and_its_penalty_is_chosen_on_the_folds(whole: Ladder) -> None:
    result = whole.results[1]
    means = {}
    for index in (0, 1):
        scores = []
        for fold in range(K):
            (unit,) = whole.units(1, (0,), (fold,), [index])
            outputs = whole.study.result(unit.key).outputs[0]
            scores.append(whole.problem.score(unit.view, whole.design.folds[fold], outputs))
        means[index] = np.mean(scores)
    assert result.candidates == (max(means, key=means.get),)
    assert result.mean_scores == {index: pytest.approx(mean) for index, mean in means.items()}
    assert result.scores.mean() == pytest.approx(max(means.values()))


def test_many_penalties_are_judged_on_the_first_folds_and_few_on_all() -> None:
    base = replace(BASE, scaling="robust")
    ladder = climb(make_problem(), base=base, penalties=3, max_depth=1)
    keys = ladder.study.unit_keys(1)
    on_fold = [{key.candidate for key in keys if key.fold == fold} for fold in range(K)]
    assert [len(own) for own in on_fold] == [5] * FIRST_FOLDS + [FINALISTS] * (K - FIRST_FOLDS)
    assert set(ladder.results[1].mean_scores) == on_fold[-1]
    assert set(ladder.results[1].candidates) <= on_fold[-1]


@pytest.mark.parametrize("n_jobs", [2, 4])
def test_the_number_of_jobs_changes_no_bit(whole: Ladder, n_jobs: int) -> None:
    assert same(whole, climb(make_problem(), n_jobs=n_jobs))


def test_how_networks_are_batched_changes_no_bit(whole: Ladder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadline.search.ladder.networks_at_once", lambda plan, settings, device: 1)
    assert same(whole, climb(make_problem()))


def test_deeper_depths_leave_a_units_result_as_it_was(whole: Ladder) -> None:
    few = climb(make_problem(), max_depth=2)
    for key in few.study.unit_keys():
        a, b = few.study.result(key), whole.study.result(key)
        assert all(np.array_equal(x, y) for x, y in zip(a.outputs, b.outputs, strict=True))
    assert np.array_equal(few.results[2].scores, whole.results[2].scores)


def test_what_the_study_holds_is_not_trained_again(whole: Ladder) -> None:
    study = Study()
    first = climb(make_problem(), study=study, max_depth=2)
    before = {key: study.result(key).seconds for key in study.unit_keys()}
    again = climb(make_problem(), study=study, max_depth=3)
    assert same(again, whole)
    assert all(study.result(key).seconds == seconds for key, seconds in before.items())
    assert np.array_equal(first.results[2].scores, again.results[2].scores)


def test_the_climb_ends_when_the_answer_stays_behind() -> None:
    assert sorted(climb(make_problem("linear"), max_depth=8, patience=2).results) == [1, 2, 3]


def test_depth_is_found_where_it_is_needed() -> None:
    base = replace(BASE, hidden_layer_sizes=(32,), max_iter=40, learning_rate_init=1e-2)
    ladder = climb(make_problem("product", n=500), base=base, max_depth=2)
    assert ladder.verdict is not None
    assert ladder.verdict.depth == 2
    assert ladder.verdict.decided
    assert ladder.verdict.p_better_than_before[2] < 0.01


def test_a_listener_hears_everything_in_order() -> None:
    diary = Diary()
    climb(make_problem(), max_depth=2, listener=diary)
    assert diary.events[0] == ("climb", "RMSE")
    assert [event[:2] for event in diary.events if event[0] != "advance"][1:] == [
        ("start", 1),
        ("finish", 1),
        ("start", 2),
        ("finish", 2),
    ]
    for L in (1, 2):
        advances = [event for event in diary.events if event[:2] == ("advance", L)]
        assert [event[2] for event in advances] == sorted(event[2] for event in advances)
        assert advances[-1][2] == advances[-1][3], "all that was planned is done"
        assert all(0 < event[4] <= 1 for event in advances)
        last = [progress for progress in diary.seen if progress.L == L][-1]
        assert (last.share, last.seconds_left) == (1.0, pytest.approx(0.0, abs=1e-6))


@pytest.mark.parametrize("candidates", [1, 3])
@pytest.mark.parametrize("trained_before", [False, True])
def test_all_that_is_planned_is_done_with_few_candidates_and_with_many(candidates: int, trained_before: bool) -> None:
    diary, study, base = Diary(), Study(), replace(BASE, scaling="robust")
    given = {"candidates": candidates, "penalties": candidates, "base": base, "max_depth": 2}
    if trained_before:
        with pytest.raises(KeyboardInterrupt):
            climb(make_problem(), study=study, listener=Impatient(4), **given)
    before = len(study.unit_keys())
    climb(make_problem(), study=study, listener=diary, **given)
    last = {event[1]: event for event in diary.events if event[0] == "advance"}
    assert all(event[2] == event[3] for event in last.values())
    assert sum(event[2] for event in last.values()) == len(study.unit_keys()) - before
    shares = [progress.share for progress in diary.seen if progress.L == 1]
    assert shares == sorted(shares)
    assert [progress.done for progress in diary.seen if progress.L == 1] == list(range(1, last[1][2] + 1))


def test_progress_tells_what_the_whole_climb_can_still_take() -> None:
    diary = Diary()
    climb(make_problem(), max_depth=6, patience=2, listener=diary)
    told = [progress for progress in diary.seen if progress.whole is not None]
    assert told
    assert all(0 <= p.seconds_left <= p.whole[0] <= p.whole[1] for p in told)
    at_two = next(p for p in told if p.L == 2)
    assert at_two.whole[1] > at_two.whole[0]
    assert diary.seen[-1].share == 1.0
    assert all(p.best is not None for p in diary.seen if p.L > 1)


class Clock(Diary):
    """A listener that makes the deadline come."""

    def __init__(self, stop: Stop, when) -> None:
        super().__init__()
        self.stop, self.when = stop, when

    def advanced(self, progress: Progress) -> None:
        super().advanced(progress)
        if self.when(self):
            self.stop._deadline = 0.0  # now


def started(clock: Clock) -> list[int]:
    return [event[1] for event in clock.events if event[0] == "start"]


def timed(posed: Posed, when, **more) -> tuple[Ladder, Clock]:
    stop = Stop(1000.0)
    clock = Clock(stop, when)
    return climb(posed, stop=stop, listener=clock, **more), clock


def test_with_a_time_limit_the_first_depths_are_compared_side_by_side() -> None:
    ladder, clock = timed(make_problem(), lambda clock: False, max_depth=4, patience=2)
    assert started(clock)[:7] == [1, 2, 3, 2, 3, 2, 3]
    assert ladder.left_out == ""
    finished = [event[1] for event in clock.events if event[0] == "finish"]
    assert finished[:3] == [1, 2, 3]
    plain = climb(make_problem(), max_depth=4, patience=2)
    for L in set(plain.results) & set(ladder.results):
        if ladder.results[L].repeats == plain.results[L].repeats:
            assert np.array_equal(plain.results[L].scores, ladder.results[L].scores)


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let networks be trained, and heard of, one after the other."""
    monkeypatch.setattr("leadline.search.ladder.networks_at_once", lambda plan, settings, device: 1)


def test_a_deadline_between_the_first_depths_compares_them_on_the_folds_that_all_have(monkeypatch) -> None:
    # in the second round of folds, when L = 2 is through and L = 3 has begun
    one_by_one(monkeypatch)
    ladder, _ = timed(make_problem(), lambda clock: started(clock) == [1, 2, 3, 2, 3], max_depth=5)
    assert sorted(ladder.results) == [1, 2, 3]
    assert ladder.folds == [0, 1]
    assert all(len(result.scores) == 2 for result in ladder.results.values())
    assert ladder.verdict is not None
    assert ladder.left_out == (
        "the time limit came when depths had been compared on 2 of 5 folds; depths from 4 on are not judged"
    )
    assert ladder.evidence is not None


def test_what_was_trained_before_a_deadline_counts(monkeypatch) -> None:
    one_by_one(monkeypatch)
    ladder, _ = timed(make_problem(), lambda clock: started(clock) == [1, 2, 3], max_depth=5)
    # L = 3 was not through with its first folds, so L = 1 and L = 2 are what can be compared
    assert ladder.study.unit_keys(3)
    assert sorted(ladder.results) == [1, 2]
    assert ladder.folds == [0, 1]
    assert ladder.left_out == (
        "the time limit came when depths had been compared on 2 of 5 folds; depths from 3 on are not judged"
    )
    plain = climb(make_problem(), max_depth=2)
    for L in (1, 2):
        assert np.array_equal(ladder.results[L].scores, plain.results[L].scores[:2])
    # and a climb that has time goes on from there
    study = ladder.study
    before = {key: study.result(key).seconds for key in study.unit_keys()}
    again = climb(make_problem(), study=study)
    assert same(again, climb(make_problem()))
    assert all(study.result(key).seconds == seconds for key, seconds in before.items())


def test_a_deadline_after_the_first_depths_keeps_all_folds(monkeypatch) -> None:
    one_by_one(monkeypatch)
    ladder, _ = timed(make_problem(), lambda clock: started(clock)[-1] == 4, max_depth=5)
    assert sorted(ladder.results) == [1, 2, 3]
    assert ladder.folds == list(range(K))
    assert ladder.left_out == "the time limit came during L = 4; depths from 4 on are not judged"


def test_a_deadline_before_anything_deeper_was_judged_leaves_the_first_depth(monkeypatch) -> None:
    one_by_one(monkeypatch)
    ladder, _ = timed(make_problem(), lambda clock: started(clock)[-1] == 2, max_depth=5)
    assert sorted(ladder.results) == [1]
    assert len(ladder.results[1].scores) == K
    assert ladder.left_out == "the time limit came during L = 2"
    ladder, _ = timed(make_problem(), lambda clock: True, max_depth=5)
    assert ladder.verdict is None
    assert ladder.left_out == "the time limit came during L = 1"


def test_time_that_is_left_goes_to_other_divisions_of_the_rows_for_what_is_undecided() -> None:
    posed = make_problem(repeats=3)
    ladder, clock = timed(posed, lambda clock: False, max_depth=3, patience=2)
    supported = [L for L in ladder.judged if L > 1 and {key.repeat for key in ladder.study.unit_keys(L)} == {0, 1, 2}]
    assert supported == ladder._refined != []
    assert all(ladder.results[L].repeats == 3 for L in supported)
    assert {key.repeat for key in ladder.study.unit_keys(1)} == {0}
    assert started(clock)[7:] == supported * 2


def test_a_deadline_during_the_repeats_leaves_what_all_that_are_compared_have(monkeypatch) -> None:
    one_by_one(monkeypatch)
    posed = make_problem(repeats=3)
    whole, _ = timed(posed, lambda clock: False, max_depth=3, patience=2)
    n = len(whole._refined)
    assert n, "nothing is refined"
    # 1, then 2 and 3 in three rounds of folds, then each once more, and the first begins a third time
    cut, _ = timed(posed, lambda clock: len(started(clock)) == 7 + n + 1, max_depth=3, patience=2)
    assert {cut.repeats(L) for L in cut._refined} == {2}
    assert cut.verdict is not None
    assert cut.folds == list(range(K))
    assert cut.left_out == "the time limit came while more networks were trained of what the decision is between"


def test_the_time_of_the_delivered_networks_is_kept() -> None:
    stop = Stop(1000.0)
    ladder = climb(make_problem(), stop=stop, max_depth=2)
    takes = ladder.finish_seconds(ladder.verdict.best_depth)
    assert takes > 0
    assert stop.reserve == pytest.approx(RESERVE * takes, rel=0.5)
    everything = Stop(1000.0)
    more = climb(make_problem(), stop=everything, max_depth=2, deliver_all=True)
    assert everything.reserve >= RESERVE * 0.9 * more.finish_seconds(2)
    assert ladder.finish_seconds(5) is None


def test_of_many_rows_the_delivered_networks_go_through_all_their_epochs() -> None:
    base = replace(BASE, max_iter=60, n_iter_no_change=2, learning_rate_init=0.05)
    ladder = climb(make_problem(), base=base, max_depth=2)
    units = ladder.units(2, range(ladder.repeats(2)), ladder.folds)
    ran = np.mean([max(map(len, ladder.study.result(unit.key).curves)) / 60 for unit in units])
    assert 0 < ran < 0.9
    ladder.delivered = replace(base, max_iter=3)
    stopped = ladder.finish_seconds(2)
    ladder.delivered = replace(base, max_iter=2)
    assert ladder.finish_seconds(2) == pytest.approx(stopped * 2 / 3 / ran, rel=0.2)


def test_a_pace_is_of_what_was_planned_or_of_what_was_gone_through() -> None:
    pace = Pace()
    assert pace.seconds(False, 1.0) is None
    pace.note(False, 100.0, 10.0, 20.0)
    pace.note(True, 5.0, 1.0, 5.0)
    assert pace.seconds(False, 50.0) == pytest.approx(5.0)
    assert pace.seconds(False, 50.0, to_the_end=True) == pytest.approx(25.0)
    assert pace.seconds(True, 5.0, to_the_end=True) == pytest.approx(1.0)


def test_asking_for_a_stop_is_not_a_deadline() -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped):
        climb(make_problem(), stop=stop)


class Impatient(Diary):
    """A listener that interrupts a climb after so many batches, or at once when L = 2 brings something."""

    def __init__(self, most: int = 0) -> None:
        super().__init__()
        self.left = most

    def advanced(self, progress: Progress) -> None:
        self.left -= 1
        if self.left == 0 or (self.left < 0 and progress.L == 2):
            raise KeyboardInterrupt


def test_an_interruption_reaches_the_workers_and_keeps_what_is_finished() -> None:
    study, stop = Study(), Stop()
    with pytest.raises(KeyboardInterrupt):
        climb(make_problem(), study=study, n_jobs=2, stop=stop, listener=Impatient())
    with pytest.raises(Stopped):
        stop.check()
    assert study.unit_keys(1)
    assert study.unit_keys(2)


def test_no_training_outlives_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: list[int] = []

    def slow(*given, **more) -> list:
        at_work.append(1)
        time.sleep(0.2)
        try:
            return train(*given, **more)
        finally:
            time.sleep(0.2)
            at_work.pop()

    class Watching(Impatient):
        def advanced(self, progress: Progress) -> None:
            if progress.L == 2:
                assert at_work, "nothing is under way"
            super().advanced(progress)

    monkeypatch.setattr("leadline.search.units.train", slow)
    monkeypatch.setattr("leadline.search.ladder.networks_at_once", lambda plan, settings, device: 1)
    with pytest.raises(KeyboardInterrupt):
        climb(make_problem(), n_jobs=2, penalties=1, listener=Watching())
    assert not at_work


def test_a_climb_that_was_cut_goes_on_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadline.search.ladder.networks_at_once", lambda plan, settings, device: 2)
    posed = make_problem(repeats=2)
    whole = climb(posed)
    for most in (1, 4, 11, 14):
        study = Study()
        with pytest.raises(KeyboardInterrupt):
            climb(posed, study=study, listener=Impatient(most))
        before = {key: study.result(key).seconds for key in study.unit_keys()}
        assert 0 < len(before) < len(whole.study.unit_keys())
        again = climb(posed, study=study)
        assert same(whole, again)
        assert all(study.result(key).seconds == seconds for key, seconds in before.items()), "trained twice"


def test_repeats_give_every_depth_more_networks_to_average() -> None:
    thrice, once = climb(make_problem(repeats=3), max_depth=2), climb(make_problem(), max_depth=2)
    assert {key.repeat for key in thrice.study.unit_keys(2)} == {0, 1, 2}
    assert thrice.results[2].networks == 3 * once.results[2].networks
    assert (thrice.results[2].repeats, thrice.results[1].repeats) == (3, 1)
    assert np.array_equal(once.results[1].scores, thrice.results[1].scores)
    assert len(thrice.results[2].scores) == K
    assert not np.array_equal(once.results[2].scores, thrice.results[2].scores)


def test_a_candidate_that_diverges_fails_alone() -> None:
    wild = [Candidate(0, 16, 1.0, {}), Candidate(1, 16, 1.0, {"learning_rate_init": 1e30})]
    ladder = climb(make_problem(), candidates=wild, max_depth=2)
    assert ladder.results[2].candidates == (0,)
    assert set(ladder.results[2].mean_scores) == {0}
    assert not ladder.results[2].failed
    states = {key.candidate: ladder.study.result(key).state for key in ladder.study.unit_keys(2)}
    assert states == {0: "done", 1: "diverged"}
    assert np.isfinite(ladder.results[2].scores).all()


def test_a_depth_where_everything_diverges_is_named_and_not_judged() -> None:
    ladder = climb(make_problem(), base=WILD, candidates=1, max_depth=2)
    assert ladder.results[2].failed.startswith("every network failed: training loss not finite in epoch 1")
    assert ladder.verdict is not None
    assert ladder.verdict.depth == 1
    assert set(ladder.verdict.p_worse) == {1}
    assert result_record(ladder.results[2])["failed"]


def test_candidates_that_make_the_average_worse_beyond_chance_are_left_out() -> None:
    awful = {"learning_rate_init": 1e-9}
    drawn = [Candidate(0, 16, 1.0, {"learning_rate_init": 0.01}), Candidate(1, 16, 1.0, awful)]
    drawn += [Candidate(2, 16, 1.0, {"learning_rate_init": 0.01}), Candidate(3, 16, 1.0, awful)]
    ladder = climb(make_problem("linear", k=8, n_networks=4), candidates=drawn, max_depth=2)
    assert ladder.results[2].candidates == (0, 2)
    means = ladder.results[2].mean_scores
    assert max(means[1], means[3]) < min(means[0], means[2])
    assert ladder.results[2].scores.mean() > np.mean(list(means.values()))


def test_candidates_that_are_about_as_good_are_all_averaged() -> None:
    drawn = [Candidate(i, 16, 1.0, {"learning_rate_init": 0.01 + 0.001 * i}) for i in range(4)]
    ladder = climb(make_problem("linear", k=8, n_networks=4), candidates=drawn, max_depth=2)
    assert ladder.results[2].candidates == (0, 1, 2, 3)
    # an average errs no more than its networks do on average
    assert ladder.results[2].scores.mean() >= np.mean(list(ladder.results[2].mean_scores.values()))


@pytest.mark.parametrize(("k", "failed"), [(8, (2, 1, 0, 1, 2)), (K, (2, 0, 0, 0, 1))])
def test_a_score_that_raises_fails_its_network_alone(k: int, failed: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    now: list[tuple] = []

    def touchy(estimator, X, y) -> float:
        if failed in now:
            raise ZeroDivisionError("of all numbers")
        return -float(np.mean((estimator.predict(X) - y) ** 2))

    def watched(plan, tasks, *given, **more) -> list:
        now[:] = [task.key[1:] for task in tasks]
        try:
            return train(plan, tasks, *given, **more)
        finally:
            now.clear()

    monkeypatch.setattr("leadline.search.units.train", watched)
    ladder = climb(make_problem(scoring=touchy, k=k), max_depth=2)
    results = {tuple(key): ladder.study.result(key) for key in ladder.study.unit_keys(2)}
    assert len(results) == k
    assert {key for key, result in results.items() if result.state == "failed"} == {failed}
    assert results[failed].reason == "ZeroDivisionError: of all numbers"
    if k == 8:
        # every fold has a network of the other candidate
        assert ladder.results[2].candidates == (0,)
        assert np.isfinite(ladder.results[2].scores).all()
    else:
        # on an odd ring the first fold has two of one candidate
        assert ladder.results[2].failed == "every network of a fold failed: ZeroDivisionError: of all numbers"
        assert set(ladder.verdict.p_worse) == {1}


def test_a_role_in_which_a_network_diverges_is_lost_and_the_other_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    posed = make_problem(k=8)
    lost: list[tuple] = []

    def one_lost(plan, tasks, *given, **more) -> list:
        found = train(plan, tasks, *given, **more)
        for i, (task, own) in enumerate(zip(tasks, found, strict=True)):
            if task.key[1:] == (2, 1, 0, 1, 2):
                first, second = own.readings
                lost.append(task.key)
                gone = replace(first, outputs=first.outputs[:0], lost="its score is nan")
                found[i] = replace(own, reason="its score is nan", readings=(gone, second))
        return found

    monkeypatch.setattr("leadline.search.units.train", one_lost)
    ladder, whole = climb(posed, max_depth=2), climb_whole(posed, monkeypatch)
    assert len(lost) == 1
    assert ladder.results[2].candidates == (0, 1), "the candidate is not left out"
    (unit,) = (own for own in ladder.units(2, [0], range(8)) if own.key == (2, 1, 0, 1, 2))
    place = unit.network.roles[0].place
    for fold, (a, b) in enumerate(zip(ladder.results[2].scores, whole.results[2].scores, strict=True)):
        assert (a == b) == (fold != place)


def climb_whole(posed: Posed, monkeypatch: pytest.MonkeyPatch) -> Ladder:
    monkeypatch.setattr("leadline.search.units.train", train)
    return climb(posed, max_depth=2)


@pytest.mark.parametrize("what", ["raises", "nan"])
def test_a_scorer_that_fails_outside_of_training_fails_the_depth_and_not_the_search(what: str) -> None:
    known: list[np.ndarray] = []
    training = [True]

    def touchy(estimator, X, y) -> float:
        predictions = estimator.predict(X)
        if not training[0] and np.ptp(predictions) and not any(np.array_equal(predictions, own) for own in known):
            if what == "raises":
                raise ZeroDivisionError("of all numbers")
            return float("nan")
        return -float(np.mean((predictions - y) ** 2))

    class Judging(Ladder):
        def _update(self) -> None:
            training[0] = False
            super()._update()
            training[0] = True

    posed = make_problem(scoring=touchy)
    linear = climb(posed, max_depth=1)
    for P in linear.candidates_predictions(1).values():
        known += [P[rows, 0] for rows in posed.design.folds]
    drawn, penalties = draw_candidates(BASE, 2, seed=0), linear_settings(BASE, 2, 0)
    ladder = Judging(posed.problem, posed.design, BASE, drawn, penalties, Study(), 0, 1, Stop(), Diary())
    ladder.climb(2, 5)
    said = "ZeroDivisionError: of all numbers" if what == "raises" else "it gives nan"
    assert ladder.results[2].failed == f"its touchy is not defined on fold 1, 40 rows ({said})"
    assert np.array_equal(ladder.results[1].scores, linear.results[1].scores)
    assert ladder.verdict is not None
    assert (ladder.verdict.depth, set(ladder.verdict.p_worse)) == (1, {1})


def test_work_of_a_lost_worker_is_given_out_anew(whole: Ladder, monkeypatch) -> None:
    lost = []
    train_round = Ladder._train_round

    def losing(ladder: Ladder, missing, work) -> None:
        if len(lost) % 2 == 0:
            lost.append(len(missing))
            train_round(ladder, missing[: len(missing) // 2], work)
            raise RuntimeError("a worker went away")
        lost.append(0)
        train_round(ladder, missing, work)

    monkeypatch.setattr(Ladder, "_train_round", losing)
    assert same(whole, climb(make_problem()))
    assert len(lost) >= 4


def test_workers_that_are_lost_again_and_again_are_an_error(monkeypatch) -> None:
    calls = []

    def losing(ladder: Ladder, missing, work) -> None:
        calls.append(1)
        raise RuntimeError("a worker went away")

    monkeypatch.setattr(Ladder, "_train_round", losing)
    with pytest.raises(RuntimeError, match="a worker went away"):
        climb(make_problem())
    assert len(calls) == ROUNDS


def test_the_additive_model_is_judged_beside_the_depths_and_is_none_of_them() -> None:
    additive = replace(BASE, hidden_layer_sizes=(), additive=True, numeric_embedding="periodic")
    diary = Diary()
    ladder = climb(make_problem(), additive=additive, max_depth=2, listener=diary)
    assert sorted(ladder.results) == [ADDITIVE, 1, 2]
    assert set(ladder.verdict.p_worse) == {1, 2}
    assert ladder.comparison is not None
    assert ADDITIVE in ladder.comparison.models
    assert len(ladder.results[ADDITIVE].scores) == K
    assert [event[1] for event in diary.events if event[0] == "start"] == [1, ADDITIVE, 2]
    plain = climb(make_problem(), max_depth=2)
    for L in (1, 2):
        assert np.array_equal(plain.results[L].scores, ladder.results[L].scores)


def test_evidence_counts_every_depth_and_every_penalty(whole: Ladder) -> None:
    assert whole.evidence is not None
    assert whole.evidence.compared == 2 + 2
    assert whole.evidence.resamples == 1000


def test_evidence_counts_the_choice_to_leave_candidates_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadline.search.averages.LEFT_OUT_LEVEL", 1 - 1e-9)  # leave out until one stays
    ladder = climb(make_problem(), max_depth=2)
    assert len(ladder.results[2].candidates) == 1
    assert ladder.evidence is not None
    assert ladder.evidence.compared == 2 + 2, "two penalties of L = 1; L = 2 with one candidate, and with all"


def test_what_a_refit_takes_is_found_in_the_networks_of_the_first_candidate(whole: Ladder) -> None:
    kept = whole.results[2].candidates[0]
    own = [whole.study.result(key) for key in whole.study.unit_keys(2) if key.candidate == kept]
    epochs = [epoch for result in own for epoch in result.best_epochs]
    assert whole.usual_epochs(2) == round(float(np.mean(epochs)))


def test_depths_that_are_solved_too_have_a_network_for_each_fold() -> None:
    ladder = climb(make_problem(), base=replace(BASE, solver="lbfgs"), max_depth=2)
    assert [len(ladder.study.unit_keys(L)) for L in (1, 2)] == [ladder.results[1].networks, ladder.design.k]
    assert ladder.results[2].candidates == (0,)
    assert len(ladder.results[2].scores) == ladder.design.k


@pytest.mark.parametrize(
    ("judged", "smallest", "said"),
    [
        ({1, 3}, 3, "the time limit came during L = 4; L = 2 and depths from 4 on are not judged"),
        ({1, 2, 3}, 1, "the time limit came during L = 4"),
        ({1, 2, 3}, 3, "the time limit came during L = 4; depths from 4 on are not judged"),
    ],
)
def test_what_a_time_limit_left_out_is_named(whole: Ladder, judged: set[int], smallest: int, said: str) -> None:
    ladder = copy.copy(whole)
    ladder.max_depth, ladder.patience = 8, 2
    ladder.results = dict.fromkeys(judged, whole.results[1])
    ladder.judged = dict.fromkeys(judged, whole.judged[1])
    ladder.verdict = replace(whole.verdict, smallest=smallest)
    assert ladder._what_was_left_out("L = 4") == said


def test_without_stopping_the_last_epoch_is_the_one() -> None:
    ladder = climb(make_problem(k=2, stopped=False), max_depth=2)
    for key in ladder.study.unit_keys(2):
        result = ladder.study.result(key)
        assert result.best_epochs == (BASE.max_iter,)
        assert len(result.curves[0]) == 0
    assert len(ladder.results[2].scores) == 2

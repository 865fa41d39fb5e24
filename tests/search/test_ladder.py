import time

import numpy as np
import pytest

from leadline.search import DepthResult, Ladder, Metric, Problem, Progress, Study, Verdict, draw_candidates, make_folds
from leadline.search.ladder import ROUNDS, Rung
from leadline.tables import Encoded, Target
from leadline.training import Hyperparameters, Stop, Stopped, train

BASE = Hyperparameters(hidden_layer_sizes=(16,), batch_size=32, max_iter=8)

STANDARD = Hyperparameters(scaling="standard")


def make_problem(kind: str = "product", n: int = 240, repeats: int = 1, scoring=None) -> Problem:
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(n, 4))
    signal = numbers[:, 0] * numbers[:, 1] if kind == "product" else numbers @ np.array([1.0, -2.0, 0.5, 0.0])
    y = signal + 0.1 * generator.normal(size=n)
    target = Target.infer(y, "regression")
    splits, _ = make_folds(y, np.arange(n), target, None, 4, seed=0, repeats=repeats)
    encoded = Encoded(numbers, np.zeros((n, 0), np.float32), ())
    metric = Metric(scoring, target)
    return Problem.build(encoded, y, np.ones(n), target, metric, splits, STANDARD, repeats=repeats)


class Diary:
    """A listener that writes down what it hears."""

    def __init__(self) -> None:
        self.events: list[tuple] = []

    def climb_started(self, metric: Metric) -> None:
        self.events.append(("climb", metric.label))

    def depth_started(self, L: int) -> None:
        self.events.append(("start", L))

    def advanced(self, progress: Progress) -> None:
        p = progress
        self.events.append(("advance", p.L, p.done, p.planned, p.share, p.seconds_left))
        self.whole = p.whole

    def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
        self.events.append(("finish", result.L, verdict.depth))


def climb(
    problem: Problem,
    *,
    study: Study | None = None,
    n_jobs: int = 1,
    base: Hyperparameters = BASE,
    candidates: int = 4,
    max_depth: int = 3,
    patience: int = 5,
    stop: Stop | None = None,
    listener: Diary | None = None,
    repeats: int | str = 1,
) -> Ladder:
    ladder = Ladder(
        problem,
        base,
        draw_candidates(base, candidates, seed=0),
        study or Study(),
        0,
        n_jobs,
        stop or Stop(),
        listener or Diary(),
        repeats,
    )
    ladder.climb(max_depth, patience)
    return ladder


def same(a: Ladder, b: Ladder) -> bool:
    keys = a.study.unit_keys()
    if keys != b.study.unit_keys() or a.verdict != b.verdict:
        return False
    for key in keys:
        one, two = a.study.result(key), b.study.result(key)
        assert one is not None
        assert two is not None
        for name in ("state", "best_epoch"):
            if getattr(one, name) != getattr(two, name):
                return False
        if not (np.array_equal(one.curve, two.curve) and np.array_equal(one.theta, two.theta)):
            return False
    if a.evidence != b.evidence:
        return False
    return all(np.array_equal(a.results[L].scores, b.results[L].scores) for L in a.results)


def test_every_depth_has_the_same_folds_and_the_same_number_of_candidates() -> None:
    ladder = climb(make_problem())
    for L in (1, 2, 3):
        keys = ladder.study.unit_keys(L)
        assert {key.candidate for key in keys} == {0, 1, 2, 3}
        assert {key.fold for key in keys} == {0, 1, 2, 3}
        assert len(ladder.results[L].scores) == 4


def test_halving_spends_folds_on_few_candidates_and_says_who_fell_behind() -> None:
    ladder = climb(make_problem())
    trained = ladder.study.unit_keys(2, trained=True)
    on_fold = [{key.candidate for key in trained if key.fold == fold} for fold in range(4)]
    assert [len(candidates) for candidates in on_fold] == [4, 2, 1, 1]
    assert on_fold[3] < on_fold[1] < on_fold[0]
    assert len(trained) == ladder.results[2].networks == 4 + 2 + 2
    assert ladder.results[2].rivals == tuple(sorted(on_fold[1]))
    assert on_fold[3] == {ladder.results[2].candidate}
    pruned = set(ladder.study.unit_keys(2)) - set(trained)
    assert len(pruned) == 2 * 3 + 1 * 2
    assert {ladder.study.result(key).state for key in pruned} == {"pruned"}
    assert {ladder.study.result(key).reason for key in pruned} == {
        "fell behind in round 1 of 3",
        "fell behind in round 2 of 3",
    }
    assert all(ladder.study.theta(key) is not None for key in trained)
    # what is left of the outputs: the final reading, that by which the last round's candidates were compared, the best
    left = {key: ladder.study.outputs(key) for key in trained}
    assert {len(left[key]) for key in trained if key.candidate not in on_fold[1]} == {1}
    finalist = [left[key] for key in trained if key.candidate in on_fold[3]]
    assert [len(own) for own in finalist] == [3, 3, 2, 2]


def test_halving_over_epochs_trains_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadline.search.ladder.RUNGS", (Rung(0.25, 2, 1.0), Rung(1.0, None, 0.0)))
    ladder = climb(make_problem())
    first, second = ([key for key in ladder.study.unit_keys(2, trained=True) if key.epochs == n] for n in (2, 8))
    assert (len(first), len(second)) == (4 * 2, 4)
    assert all((ladder.study.theta(key) is None) == (key.epochs == 2) for key in first + second)
    assert ladder.results[2].rivals == ()


def test_the_next_takes_the_place_of_a_finalist_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = climb(make_problem(), max_depth=2)
    first = whole.results[2].candidate
    read = Ladder._read

    def failing(ladder: Ladder, units):
        failed = units[0].key.depth == 2 and units[0].key.candidate == first and len(units) == 4
        return {} if failed else read(ladder, units)

    monkeypatch.setattr(Ladder, "_read", failing)
    ladder = climb(make_problem(), max_depth=2)
    assert {ladder.results[2].candidate} == set(whole.results[2].rivals) - {first}
    assert len(ladder.results[2].scores) == 4
    assert ladder.evidence is not None


@pytest.mark.parametrize("n_jobs", [2, 4])
def test_the_number_of_jobs_changes_no_bit(n_jobs: int) -> None:
    problem = make_problem()
    assert same(climb(problem), climb(problem, n_jobs=n_jobs))


def test_more_candidates_leave_a_units_result_as_it_was() -> None:
    problem = make_problem()
    few, many = climb(problem, candidates=2, max_depth=2), climb(problem, candidates=4, max_depth=2)
    shared = set(few.study.unit_keys(trained=True)) & set(many.study.unit_keys(trained=True))
    assert len(shared) >= 6
    for key in shared:
        assert np.array_equal(few.study.result(key).curve, many.study.result(key).curve)


def test_what_the_study_holds_is_not_trained_again() -> None:
    problem, study = make_problem(), Study()
    first = climb(problem, study=study, max_depth=2)
    before = study.unit_keys()
    again = climb(problem, study=study, max_depth=3)
    assert [key for key in study.unit_keys() if key.depth <= 2] == before
    assert same(again, climb(problem, max_depth=3))
    assert np.array_equal(first.results[2].scores, again.results[2].scores)


def test_the_climb_ends_when_the_answer_stays_behind() -> None:
    assert sorted(climb(make_problem("linear"), max_depth=8, patience=2).results) == [1, 2, 3]


def test_depth_is_found_where_it_is_needed() -> None:
    base = Hyperparameters(hidden_layer_sizes=(32,), batch_size=32, max_iter=40, learning_rate_init=1e-2)
    ladder = climb(make_problem("product", n=600), base=base, max_depth=2)
    assert ladder.verdict is not None
    assert ladder.verdict.depth == 2
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
        advances = [event for event in diary.events if event[0] == "advance" and event[1] == L]
        assert [event[2] for event in advances] == sorted(event[2] for event in advances)
        assert advances[-1][2] == advances[-1][3], "all that was planned is done"
        assert advances[-1][4:] == (1.0, 0.0)
        assert all(0 < event[4] <= 1 for event in advances)


@pytest.mark.parametrize("candidates", [1, 2, 3])
def test_all_that_is_planned_is_done_with_few_candidates(candidates: int) -> None:
    diary = Diary()
    climb(make_problem(), candidates=candidates, max_depth=2, listener=diary)
    for L in (1, 2):
        last = [event for event in diary.events if event[:2] == ("advance", L)][-1]
        assert last[2] == last[3]


def test_a_deadline_keeps_the_depths_that_were_judged() -> None:
    class Clock(Diary):
        def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
            super().depth_finished(result, verdict)
            if result.L == 2:
                stop._deadline = 0.0  # now

    stop = Stop(1000.0)
    ladder = climb(make_problem(), stop=stop, listener=Clock(), max_depth=5)
    assert sorted(ladder.results) == [1, 2]
    assert ladder.left_out == "the time limit came during L = 3; depths from 3 on are not judged"


def test_asking_for_a_stop_is_not_a_deadline() -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped):
        climb(make_problem(), stop=stop)


def test_an_interruption_reaches_the_workers_and_keeps_what_is_finished() -> None:
    class Impatient(Diary):
        def advanced(self, progress: Progress) -> None:
            if progress.L == 2:
                raise KeyboardInterrupt

    study, stop = Study(), Stop()
    with pytest.raises(KeyboardInterrupt):
        climb(make_problem(), study=study, n_jobs=2, stop=stop, listener=Impatient())
    with pytest.raises(Stopped):
        stop.check()
    assert study.unit_keys(1)
    assert study.unit_keys(2)


def test_no_training_outlives_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: list[int] = []

    def slow(*given) -> list:
        at_work.append(1)
        time.sleep(0.3)
        try:
            return train(*given)
        finally:
            time.sleep(0.3)
            at_work.pop()

    class Impatient(Diary):
        def advanced(self, progress: Progress) -> None:
            if progress.L == 2:
                assert at_work, "nothing is under way"
                raise KeyboardInterrupt

    monkeypatch.setattr("leadline.search.units.train", slow)
    with pytest.raises(KeyboardInterrupt):
        climb(make_problem(), n_jobs=2, listener=Impatient())
    assert not at_work


def test_a_candidate_that_diverges_fails_alone() -> None:
    wild = Hyperparameters(hidden_layer_sizes=(16,), batch_size=32, max_iter=8, learning_rate_init=1e30)
    ladder = climb(make_problem(), base=wild, max_depth=2)
    assert ladder.results[2].mean_scores[0] == -np.inf
    assert ladder.results[2].candidate != 0
    assert not ladder.results[2].failed


def test_a_depth_where_everything_diverges_is_named_and_not_judged() -> None:
    wild = Hyperparameters(hidden_layer_sizes=(16,), batch_size=32, max_iter=8, learning_rate_init=1e30)
    ladder = climb(make_problem(), base=wild, candidates=1, max_depth=2)
    assert ladder.results[2].failed.startswith("every network failed: training loss not finite in epoch 1")
    assert ladder.verdict is not None
    assert ladder.verdict.depth == 1


def test_repeats_give_every_depth_more_scores_and_more_networks_to_average() -> None:
    ladder = climb(make_problem(repeats=3), repeats=3, max_depth=2)
    for L in (1, 2):
        assert len(ladder.results[L].scores) == 12
        assert sorted({chosen.place for chosen in ladder.choose([L])}) == list(range(12))
    once = climb(make_problem(), max_depth=2)
    assert np.array_equal(once.results[1].scores, ladder.results[1].scores[:4])


def test_the_number_of_repeats_follows_from_the_first_layer() -> None:
    # a product cannot be learned by one layer, so nothing is certain; a line can, at once
    assert climb(make_problem("product", repeats=3), repeats="auto", max_depth=1).repeats == 3
    linear = climb(make_problem("linear", n=2000, repeats=3), repeats="auto", max_depth=1)
    assert linear.repeats == 1
    assert len(linear.results[1].scores) == 4


def test_a_climb_that_was_cut_goes_on_to_the_same_bits() -> None:
    class Impatient(Diary):
        def __init__(self, most: int) -> None:
            super().__init__()
            self.left = most

        def advanced(self, progress: Progress) -> None:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt

    problem = make_problem(repeats=2)
    whole = climb(problem, repeats="auto")
    for most in (1, 3, 8, 14):
        study = Study()
        with pytest.raises(KeyboardInterrupt):
            climb(problem, study=study, repeats="auto", listener=Impatient(most))
        before = {key: study.result(key).seconds for key in study.unit_keys()}
        assert len(before) < len(whole.study.unit_keys())
        again = climb(problem, study=study, repeats="auto")
        assert same(whole, again)
        assert all(study.result(key).seconds == seconds for key, seconds in before.items()), "trained twice"


def test_a_score_that_raises_fails_its_network_alone() -> None:
    def touchy(estimator, X, y) -> float:
        predictions = estimator.predict(X)
        error = float(np.mean((predictions - y) ** 2))
        if np.std(predictions) > 0 and 0.8 < error < 1.0:
            raise ZeroDivisionError("of all numbers")
        return -error

    ladder = climb(make_problem(scoring=touchy), max_depth=2)
    states = {ladder.study.result(key).state for key in ladder.study.unit_keys(2)}
    assert "failed" in states
    failed = [r for r in map(ladder.study.result, ladder.study.unit_keys()) if r.state == "failed"]
    assert {result.reason for result in failed} == {"ZeroDivisionError: of all numbers"}


def test_work_of_a_lost_worker_is_given_out_anew(monkeypatch) -> None:
    problem, lost = make_problem(), []
    train_round = Ladder._train_round

    def losing(ladder: Ladder, missing, rung, work) -> None:
        if len(lost) % 2 == 0:
            lost.append(len(missing))
            train_round(ladder, missing[: len(missing) // 2], rung, work)
            raise RuntimeError("a worker went away")
        lost.append(0)
        train_round(ladder, missing, rung, work)

    whole = climb(problem, max_depth=2)
    monkeypatch.setattr(Ladder, "_train_round", losing)
    assert same(whole, climb(problem, max_depth=2))
    assert len(lost) >= 4


def test_workers_that_are_lost_again_and_again_are_an_error(monkeypatch) -> None:
    calls = []

    def losing(ladder: Ladder, missing, rung, work) -> None:
        calls.append(1)
        raise RuntimeError("a worker went away")

    monkeypatch.setattr(Ladder, "_train_round", losing)
    with pytest.raises(RuntimeError, match="a worker went away"):
        climb(make_problem())
    assert len(calls) == ROUNDS


def test_progress_tells_what_the_whole_climb_can_still_take() -> None:
    class Wholes(Diary):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[Progress] = []

        def advanced(self, progress: Progress) -> None:
            self.seen.append(progress)

    diary = Wholes()
    climb(make_problem(), max_depth=6, patience=2, listener=diary)
    told = [progress for progress in diary.seen if progress.whole is not None]
    assert told
    assert all(0 <= p.seconds_left <= p.whole[0] <= p.whole[1] for p in told)
    at_two = next(p for p in told if p.L == 2)
    assert at_two.whole[1] > at_two.whole[0]
    assert diary.seen[-1].share == 1.0
    assert all(p.best is not None for p in diary.seen if p.L > 1)


def test_a_deadline_during_the_repeats_leaves_what_the_first_division_says() -> None:
    class Clock(Diary):
        def advanced(self, progress: Progress) -> None:
            super().advanced(progress)
            if len(self.events) > 15:
                stop._deadline = 0.0  # now

    stop = Stop(1000.0)
    ladder = climb(make_problem(repeats=4), repeats="auto", stop=stop, listener=Clock())
    assert ladder.repeats == 1
    assert sorted(ladder.results) == [1]
    assert len(ladder.results[1].scores) == 4
    assert ladder.verdict is not None
    assert ladder.left_out == "the time limit came during L = 2; depths from 2 on are not judged"

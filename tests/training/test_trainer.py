import dataclasses
import pickle
import re
import threading
import time

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from leadline.training import (
    Data,
    Examples,
    Holdout,
    Hyperparameters,
    Processor,
    Reading,
    Scorer,
    State,
    Stop,
    Stopped,
    Task,
    Trained,
    blocks,
    networks_at_once,
    plan_for,
    train,
)

N = 300
SMALL = Hyperparameters(hidden_layer_sizes=(12, 8), batch_size=32, max_iter=6, dropout=0.2)


ENDLESS = dataclasses.replace(SMALL, max_iter=100_000, n_iter_no_change=100_000)


def make_data(task: str = "regression", n: int = N, folds: int = 2) -> Data:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(folds, n, 5)).astype(np.float32)
    signal = X[..., 0] * X[..., 1] + X[..., 2]
    if task == "regression":
        Y = signal[..., None]
    else:
        Y = (signal[..., None] + 0.5 * generator.normal(size=(folds, n, 1)) > 0).astype(np.float32)
    return Data(X, np.ascontiguousarray(Y, dtype=np.float32), np.ones(n, np.float32))


def judge(data: Data):
    """Negative mean squared error."""

    def score(fold: int, rows: np.ndarray, scores: np.ndarray) -> float:
        return -float(np.mean((scores - data.Y[fold, rows]) ** 2))

    return score


def make_tasks(settings: list[Hyperparameters], validate: bool = True) -> list[Task]:
    tasks = []
    for i, own in enumerate(settings):
        rows = np.random.default_rng(i).permutation(N)
        cut = 230 + 7 * (i % 3)
        tasks.append(Task(own, (0, i), i % 2, rows[:cut], (Holdout(rows[cut:] if validate else rows[:0]),)))
    return tasks


def run(tasks: list[Task], data: Data | None = None, stop: Stop | None = None, loss: str = "half_squared_error"):
    data = data or make_data()
    plan = plan_for(tasks[0].settings, 5, 1, loss)
    return train(plan, tasks, data, judge(data), stop or Stop())


def same(a: Trained, b: Trained) -> bool:
    return (
        a.state == b.state
        and a.best_epoch == b.best_epoch
        and np.array_equal(a.theta, b.theta)
        and np.array_equal(a.curve, b.curve)
        and np.array_equal(a.losses, b.losses)
    )


def varied(activation: str = "relu", feature_scale: bool = False) -> list[Hyperparameters]:
    return [
        dataclasses.replace(
            SMALL,
            learning_rate_init=rate,
            dropout=dropout,
            weight_decay=decay,
            activation=activation,
            feature_scale=feature_scale,
        )
        for rate, dropout, decay in [(1e-2, 0.0, 0.1), (3e-3, 0.3, 0.0), (1e-2, 0.2, 1.0), (2e-2, 0.1, 0.01)]
    ]


def same_reading(a: Reading, b: Reading) -> bool:
    return a.best_epoch == b.best_epoch and all(
        np.array_equal(*arrays) for arrays in [(a.curve, b.curve), (a.theta, b.theta), (a.outputs, b.outputs)]
    )


@pytest.mark.parametrize("feature_scale", [False, True])
@pytest.mark.parametrize("activation", ["relu", "silu", "tanh"])
def test_a_network_has_the_same_bits_alone_in_company_and_in_any_order(activation: str, feature_scale: bool) -> None:
    tasks = make_tasks(varied(activation, feature_scale))
    together = run(tasks)
    backwards = run(tasks[::-1])[::-1]
    for task, a, b in zip(tasks, together, backwards, strict=True):
        (alone,) = run([task])
        assert same(a, alone)
        assert same(a, b)


@pytest.mark.parametrize("threads", [2, 4])
def test_a_network_has_the_same_bits_for_any_number_of_threads(threads: int) -> None:
    tasks = make_tasks(varied() * 2)
    expected = run(tasks)
    results: dict[int, list[Trained]] = {}
    parts = [tasks[i::threads] for i in range(threads)]
    workers = [threading.Thread(target=lambda i=i: results.update({i: run(parts[i])})) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for i in range(threads):
        assert all(same(a, b) for a, b in zip(results[i], expected[i::threads], strict=True))


def test_a_wide_network_has_the_same_bits_however_many_threads_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "TILE_UNITS", 4)
    monkeypatch.setattr(blocks, "TILE_WORK", 1)
    data = make_data()
    tasks = make_tasks(varied("gelu", feature_scale=True))
    plan = plan_for(tasks[0].settings, 5, 1, "half_squared_error")
    by_threads = [train(plan, tasks, data, judge(data), Stop(), threads) for threads in (1, 2, 4)]
    for other in by_threads[1:]:
        assert all(same(a, b) for a, b in zip(by_threads[0], other, strict=True))


def test_networks_that_leave_do_not_disturb_those_that_stay() -> None:
    impatient = dataclasses.replace(SMALL, learning_rate_init=0.3, n_iter_no_change=1, max_iter=25)
    patient = dataclasses.replace(SMALL, max_iter=25)
    tasks = make_tasks([patient, impatient, patient, impatient])
    together = run(tasks)
    assert {result.state for result in together} == {"done", "stopped early"}
    assert len(together[0].curve) == 25
    for task, a in zip(tasks, together, strict=True):
        (alone,) = run([task])
        assert same(a, alone)


def test_training_learns() -> None:
    settings = dataclasses.replace(
        SMALL, hidden_layer_sizes=(32, 32), max_iter=60, dropout=0.0, learning_rate_init=1e-2
    )
    data = make_data()
    (result,) = run(make_tasks([settings]), data)
    spread = float(data.Y.var())
    assert -result.curve.max() < 0.25 * spread
    assert result.losses[-1] < 0.2 * result.losses[0]


def test_the_parameters_are_those_of_the_best_epoch() -> None:
    settings = dataclasses.replace(SMALL, learning_rate_init=0.05, learning_rate="constant", max_iter=15)
    (task,) = make_tasks([settings])
    data = make_data()
    (result,) = run([task], data)
    assert result.best_epoch == int(np.argmax(result.curve)) + 1
    shorter = dataclasses.replace(settings, max_iter=result.best_epoch)
    (again,) = run([Task(shorter, task.key, task.fold, task.train_rows)], data)
    assert np.array_equal(result.theta, again.theta)


def test_without_validation_rows_the_last_epoch_counts() -> None:
    (result,) = run(make_tasks([SMALL], validate=False))
    assert len(result.curve) == 0
    assert result.best_epoch == len(result.losses) == 6


def in_parts(task: Task, *sizes: int) -> list[Holdout]:
    """Holdouts of so many of the rows that a task does not learn from; wanted are others of them, in another order."""
    held_out = task.holdouts[0].rows
    ends = np.cumsum(sizes)
    assert ends[-1] <= len(held_out)
    return [Holdout(rows, held_out[::-2]) for rows in np.split(held_out[: ends[-1]], ends[:-1])]


def scripted(scores: dict[int, list[float]]):
    """A judge that says of holdouts, told apart by their number of rows, what is written; and what it was asked."""
    asked: list[int] = []

    def judge(fold: int, rows: np.ndarray, outputs: np.ndarray) -> float:
        asked.append(len(rows))
        return scores[len(rows)][asked.count(len(rows)) - 1]

    return judge, asked


@pytest.mark.parametrize("feature_scale", [False, True])
def test_holdouts_of_one_training_read_what_a_training_for_each_would(feature_scale: bool) -> None:
    patience = {"n_iter_no_change": 2, "max_iter": 12, "learning_rate": "constant"}
    tasks = make_tasks([dataclasses.replace(own, **patience) for own in varied(feature_scale=feature_scale)])
    holdouts = [in_parts(task, 9, 20, 15) for task in tasks]
    together = run([dataclasses.replace(task, holdouts=own) for task, own in zip(tasks, holdouts, strict=True)])
    for task, own, result in zip(tasks, holdouts, together, strict=True):
        alone = [run([dataclasses.replace(task, holdouts=[holdout])])[0] for holdout in own]
        assert len(result.readings) == len(own)
        assert all(same_reading(a, b.readings[0]) for a, b in zip(result.readings, alone, strict=True))
        longest = max((one.losses for one in alone), key=len)
        assert np.array_equal(result.losses, longest)
        assert np.array_equal(result.theta, alone[0].theta)
        assert np.array_equal(result.curve, alone[0].curve)
        assert result.best_epoch == alone[0].best_epoch
    # otherwise nothing was shown
    lengths = [{len(reading.curve) for reading in result.readings} for result in together]
    assert max(map(len, lengths)) > 1
    assert any(len({reading.best_epoch for reading in result.readings}) > 1 for result in together)


def test_a_holdout_that_is_exhausted_is_no_longer_scored() -> None:
    settings = dataclasses.replace(SMALL, max_iter=20, n_iter_no_change=3, learning_rate="constant")
    (task,) = make_tasks([settings])
    early, late = in_parts(task, 10, 20)
    says, asked = scripted({10: [5, 4, 3, 2], 20: [1, 2, 3, 9, 8, 7, 6]})
    data, plan = make_data(), plan_for(settings, 5, 1, "half_squared_error")
    (result,) = train(plan, [dataclasses.replace(task, holdouts=(early, late))], data, says, Stop())
    assert asked == [10, 20] * 4 + [20] * 3
    assert (result.state, result.reason) == ("stopped early", "no better score for 3 epochs")
    assert len(result.losses) == 7
    assert [reading.curve.tolist() for reading in result.readings] == [[5, 4, 3, 2], [1, 2, 3, 9, 8, 7, 6]]
    assert [reading.best_epoch for reading in result.readings] == [1, 4]
    for reading in result.readings:
        shorter = dataclasses.replace(settings, max_iter=reading.best_epoch)
        (again,) = run([Task(shorter, task.key, task.fold, task.train_rows)], data)
        assert np.array_equal(reading.theta, again.theta)


def test_a_training_goes_on_while_one_holdout_gets_better() -> None:
    settings = dataclasses.replace(SMALL, max_iter=8, n_iter_no_change=2)
    (task,) = make_tasks([settings])
    says, asked = scripted({10: [0.0] * 3, 20: [float(i) for i in range(8)]})
    plan = plan_for(settings, 5, 1, "half_squared_error")
    (result,) = train(plan, [dataclasses.replace(task, holdouts=in_parts(task, 10, 20))], make_data(), says, Stop())
    assert (result.state, len(result.losses)) == ("done", 8)
    assert [asked.count(10), asked.count(20)] == [3, 8]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_outputs_are_those_of_the_parameters(solver: str) -> None:
    settings = dataclasses.replace(SMALL, solver=solver, learning_rate_init=0.05, learning_rate="constant")
    (task,) = make_tasks([settings])
    data, plan = make_data(), plan_for(settings, 5, 1, "half_squared_error")
    (result,) = run([dataclasses.replace(task, holdouts=in_parts(task, 10, 20))], data)
    for reading, holdout in zip(result.readings, in_parts(task, 10, 20), strict=True):
        expected = Scorer(plan, Processor()).take(reading.theta).scores(data.X[task.fold], holdout.wanted)
        assert reading.outputs.shape == (len(holdout.wanted), 1)
        assert np.array_equal(reading.outputs, expected)


@pytest.mark.parametrize("settings", [SMALL, Hyperparameters(hidden_layer_sizes=())], ids=["steps", "solved"])
def test_without_rows_wanted_there_are_no_outputs(settings: Hyperparameters) -> None:
    for validate in (True, False):
        (result,) = run(make_tasks([settings], validate))
        assert [reading.outputs.shape for reading in result.readings] == [(0, 1)]


@pytest.mark.parametrize("order", [1, -1])
def test_a_holdout_without_rows_reads_the_last_epoch_beside_one_with_rows(order: int) -> None:
    settings = dataclasses.replace(SMALL, learning_rate_init=0.05, learning_rate="constant", max_iter=15)
    (task,) = make_tasks([settings])
    both = [*in_parts(task, 40), Holdout(task.train_rows[:0], task.holdouts[0].rows)]
    (result,) = run([dataclasses.replace(task, holdouts=both[::order])])
    alone = [run([dataclasses.replace(task, holdouts=[holdout])])[0] for holdout in both[::order]]
    assert min(reading.best_epoch for reading in result.readings) < 15  # otherwise nothing was shown
    assert all(same_reading(a, b.readings[0]) for a, b in zip(result.readings, alone, strict=True))


def test_a_reading_that_diverges_leaves_the_others_what_they_would_be_alone() -> None:
    (task,) = make_tasks([SMALL])
    early, late = in_parts(task, 10, 20)
    data, plan = make_data(), plan_for(SMALL, 5, 1, "half_squared_error")
    script = [float(i) for i in range(SMALL.max_iter)]
    says, _ = scripted({10: script, 20: [1.0, 2.0, float("nan")]})
    (result,) = train(plan, [dataclasses.replace(task, holdouts=(early, late))], data, says, Stop())
    alone, _ = scripted({10: script})
    (expected,) = train(plan, [dataclasses.replace(task, holdouts=(early,))], data, alone, Stop())
    assert result.state == "done"
    assert same_reading(result.readings[0], expected.readings[0])
    assert result.reason.startswith("validation score not finite in epoch 3: ")
    assert [reading.lost for reading in result.readings] == ["", result.reason]
    assert result.readings[1].outputs.shape == (0, 1)
    assert result.readings[1].curve.tolist() == [1.0, 2.0]


def test_a_reading_that_was_done_before_the_loss_diverged_is_kept() -> None:
    settings = dataclasses.replace(SMALL, max_iter=20, n_iter_no_change=2, learning_rate="constant")
    (task,) = make_tasks([settings])
    early, late = in_parts(task, 10, 20)
    data, plan = make_data(), plan_for(settings, 5, 1, "half_squared_error")
    asked: list[int] = []

    def judge(fold: int, rows: np.ndarray, outputs: np.ndarray) -> float:
        asked.append(len(rows))
        if asked.count(20) == 5 and len(rows) == 20:
            data.Y[...] = np.nan  # from here on the loss is not finite
        return -float(asked.count(10)) if len(rows) == 10 else float(asked.count(20))

    (result,) = train(plan, [dataclasses.replace(task, holdouts=(early, late))], data, judge, Stop())
    assert result.state == "stopped early"
    assert result.reason.startswith("training loss not finite in epoch 6: ")
    assert [len(reading.outputs) for reading in result.readings] == [len(early.wanted), 0]
    assert [reading.best_epoch for reading in result.readings] == [1, 5]
    assert result.readings[1].lost == result.reason


def test_a_network_that_diverges_has_readings_without_outputs() -> None:
    (task,) = make_tasks([SMALL])
    early, late = in_parts(task, 10, 20)
    says, _ = scripted({10: [3.0, 2.0, float("nan")], 20: [1.0, 2.0, float("nan")]})
    data, plan = make_data(), plan_for(SMALL, 5, 1, "half_squared_error")
    (result,) = train(plan, [dataclasses.replace(task, holdouts=(early, late))], data, says, Stop())
    assert result.state == "diverged"
    assert result.reason.startswith("validation score not finite in epoch 3: ")
    assert len(result.losses) == 2
    assert [reading.curve.tolist() for reading in result.readings] == [[3.0, 2.0], [1.0, 2.0]]
    assert [reading.best_epoch for reading in result.readings] == [1, 2]
    assert [reading.outputs.shape for reading in result.readings] == [(0, 1), (0, 1)]


@pytest.mark.parametrize("what", ["loss", "score"])
def test_a_solved_network_that_diverges_has_readings_without_outputs(what: str) -> None:
    data = make_data()
    if what == "loss":
        data.Y[...] = np.nan
    settings = Hyperparameters(hidden_layer_sizes=())
    (task,) = make_tasks([settings])
    plan = plan_for(settings, 5, 1, "half_squared_error")
    tasks = [dataclasses.replace(task, holdouts=in_parts(task, 10, 20))]
    (result,) = train(plan, tasks, data, lambda *_: float("nan"), Stop())
    assert result.state == "diverged"
    reasons = {
        "loss": "the loss became infinite or undefined under L-BFGS: scale the inputs",
        "score": "validation score is nan",
    }
    assert result.reason == reasons[what]
    assert [reading.outputs.shape for reading in result.readings] == [(0, 1), (0, 1)]
    assert [len(reading.curve) for reading in result.readings] == [0, 0]
    assert result.theta.shape == (plan.n_parameters,)


@pytest.mark.parametrize("validate", [False, True])
def test_a_training_goes_on_where_another_ended(validate: bool) -> None:
    whole = dataclasses.replace(SMALL, learning_rate="constant", max_iter=7)
    (task,) = make_tasks([whole], validate)
    data, plan = make_data(), plan_for(whole, 5, 1, "half_squared_error")

    def run_part(first: int, last: int, start: State | None = None) -> Trained:
        settings = dataclasses.replace(whole, max_iter=last - first)
        says, _ = scripted({len(task.holdouts[0].rows): [1.0, 3.0, 2.0, 1.0, 2.0, 1.0, 2.0][first:last]})
        (result,) = train(plan, [dataclasses.replace(task, settings=settings, start=start)], data, says, Stop())
        return result

    expected, begun = run_part(0, 7), run_part(0, 3)
    assert begun.end is not None
    assert begun.end.best_epoch == begun.best_epoch == (2 if validate else 3)
    assert np.array_equal(begun.end.best_theta, begun.theta)
    assert same(run_part(3, 7, begun.end), expected)


def test_a_network_of_several_holdouts_has_no_end_to_go_on_from() -> None:
    (task,) = make_tasks([SMALL])
    assert run([dataclasses.replace(task, holdouts=in_parts(task, 10, 20))])[0].end is None


def test_any_source_serves_and_is_asked_once_for_each_fold() -> None:
    data, asked = make_data(), []

    class Own:
        def examples(self, fold: str) -> Examples:
            asked.append(fold)
            return data.examples(int(fold))

    tasks = make_tasks(varied())
    named = [dataclasses.replace(task, fold=str(task.fold)) for task in tasks]
    plan = plan_for(SMALL, 5, 1, "half_squared_error")
    score = judge(data)
    results = train(plan, named, Own(), lambda fold, *given: score(int(fold), *given), Stop())
    assert sorted(asked) == ["0", "1"]
    assert all(same(a, b) for a, b in zip(results, run(tasks, data), strict=True))


def test_a_network_that_diverges_is_named_and_leaves_the_others_alone() -> None:
    wild = dataclasses.replace(SMALL, learning_rate_init=1e30)
    tasks = make_tasks([SMALL, wild, SMALL])
    results = run(tasks)
    assert [result.state for result in results] == ["done", "diverged", "done"]
    assert "not finite in epoch 1: " in results[1].reason
    assert re.search(r"[WbAZ]\[\d\] overflows at learning rate 1e\+30, .*; lower learning_rate_init", results[1].reason)
    (alone,) = run([tasks[2]])
    assert same(results[2], alone)


def test_inputs_that_are_not_scaled_are_named_as_the_cause() -> None:
    data = make_data()
    data.X[...] *= np.float32(1e25)
    (result,) = run(make_tasks([dataclasses.replace(SMALL, dropout=0.0)]), data)
    assert result.state == "diverged"
    assert re.search(
        r"in epoch 1: Z\[3\]|the loss overflows, with inputs up to .*e\+25; scale the inputs", result.reason
    )


def test_another_key_gives_another_network() -> None:
    (task,) = make_tasks([SMALL])
    (a,), (b,) = run([task]), run([dataclasses.replace(task, key=(0, 99))])
    assert not np.array_equal(a.theta, b.theta)


def test_a_constant_schedule_differs_from_a_cosine() -> None:
    (task,) = make_tasks([SMALL])
    constant = dataclasses.replace(task, settings=dataclasses.replace(SMALL, learning_rate="constant"))
    assert not same(run([task])[0], run([constant])[0])


def test_a_deadline_stops_training() -> None:
    with pytest.raises(Stopped):
        run(make_tasks([ENDLESS]), stop=Stop(0.2))


def test_asking_stops_training_from_another_thread() -> None:
    stop = Stop()
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(Stopped):
        run(make_tasks([ENDLESS]), stop=stop)


def test_who_asks_for_a_stop_can_wait_for_it() -> None:
    stop, begun, ended = Stop(), threading.Event(), []

    def work() -> None:
        with stop.running():
            begun.set()
            time.sleep(0.2)
            ended.append("work")

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    stop.set()
    stop.wait()
    assert ended == ["work"]
    with pytest.raises(Stopped), stop.running():
        ended.append("more")
    stop.wait()
    assert ended == ["work"]
    thread.join()


def test_work_that_never_looks_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadline.training.limits.LONGEST_WAIT", 0.1)
    stop, waited = Stop(), threading.Event()

    def wait() -> None:
        stop.wait()
        waited.set()

    with stop.running():
        threading.Thread(target=wait, daemon=True).start()
        assert waited.wait(timeout=60)


def test_a_stop_without_a_deadline_never_times_out() -> None:
    assert Stop().seconds_left is None
    assert not Stop().timed_out
    stop = Stop(0.01)
    time.sleep(0.02)
    assert stop.timed_out
    with pytest.raises(Stopped):
        stop.check()


def test_a_reserve_brings_the_deadline_forward() -> None:
    stop = Stop(3600)
    stop.check()
    before = stop.seconds_left
    stop.reserve = 600
    assert 0 < stop.seconds_left <= before - 600
    stop.reserve = 7200
    assert stop.seconds_left == 0.0
    assert stop.timed_out
    with pytest.raises(Stopped):
        run(make_tasks([ENDLESS]), stop=stop)
    stop.reserve = 0.0
    assert not stop.timed_out
    stop.check()


def test_a_copy_of_a_stop_keeps_the_seconds_before_the_reserve() -> None:
    stop = Stop(3600)
    stop.reserve = 600
    copy = pickle.loads(pickle.dumps(stop))
    assert 0 < copy.seconds_left <= 3000
    stop.reserve = 7200
    assert pickle.loads(pickle.dumps(stop)).timed_out


def test_a_reserve_without_a_deadline_changes_nothing() -> None:
    stop = Stop()
    stop.reserve = 7200
    assert stop.seconds_left is None
    stop.check()


def test_the_batch_size_follows_the_rows() -> None:
    auto = Hyperparameters()
    sizes = {n: auto.for_table(n, 3, True).batch_size for n in (10, 300, 1000, 2560, 8192, 500_000, 500_001)}
    assert sizes == {10: 16, 300: 16, 1000: 32, 2560: 64, 8192: 256, 500_000: 256, 500_001: 512}
    assert Hyperparameters(batch_size=7).for_table(10**6, 3, True).batch_size == 7


def test_the_patience_follows_the_rows() -> None:
    assert {n: Hyperparameters().patience(n) for n in (10, 10_000, 10_001)} == {10: 24, 10_000: 24, 10_001: 12}
    assert Hyperparameters(n_iter_no_change=7).patience(10**6) == 7


def test_epochs_and_dropout_follow_the_rows() -> None:
    auto = Hyperparameters(max_iter="auto", dropout="auto")
    known = {n: auto.for_table(n, 3, True) for n in (100, 40_000, 50_000, 50_001, 10**6, 10**7, 10**10)}
    assert [own.max_iter for own in known.values()] == [128, 49, 41, 10, 10, 4, 1]
    assert [own.dropout for own in known.values()] == [0.1, 0.1, 0.1, 0.0, 0.0, 0.0, 0.0]
    of_numbers = {n: auto.for_table(n, 3, False).dropout for n in (25_000, 25_001, 10**6)}
    assert list(of_numbers.values()) == [0.1, 0.0, 0.0]
    # what is chosen stays
    assert Hyperparameters(dropout=0.2).for_table(10**6, 3, True).dropout == 0.2


def test_weight_decay_follows_the_rows_of_classes() -> None:
    auto = Hyperparameters(weight_decay="auto")
    rows = (10_000, 10_001, 50_000, 50_001)
    assert [auto.for_table(n, 3, True).weight_decay for n in rows] == [0.05, 1.0, 1.0, 0.05]
    assert {auto.for_table(n, 3, False).weight_decay for n in rows} == {0.05}
    # stronger decay flattens learned curves
    assert auto.as_additive().for_table(20_000, 3, True).weight_decay == 0.05
    assert auto.for_table(20_000, 3, True).as_additive().weight_decay == 0.05
    assert Hyperparameters(weight_decay=0.2).for_table(20_000, 3, True).weight_decay == 0.2


@pytest.mark.parametrize(
    ("n", "p", "embedding"),
    [
        (10_000, 100, "periodic"),
        (10_001, 100, "piecewise_linear"),
        (10_001, 16, "fine_piecewise_linear"),
        (50_000, 17, "piecewise_linear"),
        (50_001, 16, "piecewise_linear"),
        (500_001, 100, "fine_piecewise_linear"),
        (10_000, 101, "none"),
        (10_001, 101, "none"),
    ],
)
def test_the_embedding_follows_the_table(n: int, p: int, embedding: str) -> None:
    assert Hyperparameters(numeric_embedding="auto").for_table(n, p, True).numeric_embedding == embedding
    assert Hyperparameters(numeric_embedding="periodic").for_table(n, p, True).numeric_embedding == "periodic"


def test_as_many_networks_train_at_once_as_memory_allows() -> None:
    small, wide = (Hyperparameters(hidden_layer_sizes=(n, n), batch_size=64) for n in (16, 4096))
    assert networks_at_once(plan_for(small, 10, 1, "half_squared_error"), small) > 8
    assert networks_at_once(plan_for(wide, 10, 1, "half_squared_error"), wide) == 1
    linear = Hyperparameters(hidden_layer_sizes=())
    assert networks_at_once(plan_for(linear, 10, 1, "half_squared_error"), linear) == 1


LINEAR = Hyperparameters(hidden_layer_sizes=(), alpha=2.0)


def solve(task_name: str, loss: str, settings: Hyperparameters = LINEAR) -> tuple[Data, dict]:
    data = make_data(task_name, folds=1)
    rows = np.arange(N)
    plan = plan_for(settings, 5, 1, loss)
    (result,) = train(plan, [Task(settings, (0,), 0, rows)], data, judge(data), Stop())
    return data, plan.named(result.theta)


def test_one_layer_is_logistic_regression() -> None:
    data, named = solve("classes", "binary_cross_entropy")
    model = LogisticRegression(C=1 / LINEAR.alpha, tol=1e-10, max_iter=10_000).fit(data.X[0], data.Y[0, :, 0])
    assert np.allclose(named["W[1]"], model.coef_, rtol=1e-3)
    assert np.allclose(named["b[1]"], model.intercept_, rtol=1e-3)


def test_one_layer_is_ridge_regression() -> None:
    data, named = solve("regression", "half_squared_error")
    model = Ridge(alpha=LINEAR.alpha, tol=1e-10).fit(data.X[0].astype(float), data.Y[0, :, 0].astype(float))
    assert np.allclose(named["W[1]"][0], model.coef_, rtol=1e-3)
    assert np.allclose(named["b[1]"], model.intercept_, rtol=1e-3, atol=1e-5)


def test_two_class_softmax_is_the_sigmoid_at_twice_the_penalty() -> None:
    data, sigmoid = solve("classes", "binary_cross_entropy")
    Y = np.concatenate([1 - data.Y, data.Y], axis=2)
    both = Data(data.X, np.ascontiguousarray(Y), data.w)
    for penalty, same_penalty in ((2 * LINEAR.alpha, LINEAR.alpha), (0.0, 0.0)):
        settings = dataclasses.replace(LINEAR, alpha=penalty)
        plan = plan_for(settings, 5, 2, "cross_entropy")
        (result,) = train(plan, [Task(settings, (0,), 0, np.arange(N))], both, judge(both), Stop())
        softmax = plan.named(result.theta)
        if same_penalty == 0:
            data, sigmoid = solve("classes", "binary_cross_entropy", dataclasses.replace(LINEAR, alpha=0.0))
        assert np.allclose(softmax["W[1]"][1] - softmax["W[1]"][0], sigmoid["W[1]"][0], rtol=1e-3, atol=1e-5)
        assert softmax["b[1]"][1] - softmax["b[1]"][0] == pytest.approx(sigmoid["b[1]"][0], rel=1e-3)


def test_multinomial_coefficients_are_those_of_logistic_regression() -> None:
    data = make_data(folds=1)
    classes = np.digitize(data.Y[0, :, 0], [-0.5, 0.5])
    three = Data(data.X, np.ascontiguousarray(np.eye(3, dtype=np.float32)[classes][None]), data.w)
    plan = plan_for(LINEAR, 5, 3, "cross_entropy")
    (result,) = train(plan, [Task(LINEAR, (0,), 0, np.arange(N))], three, judge(three), Stop())
    ours, model = plan.named(result.theta), LogisticRegression(C=1 / LINEAR.alpha, tol=1e-10, max_iter=10_000)
    model.fit(data.X[0], classes)
    assert np.allclose(ours["W[1]"], model.coef_, rtol=1e-3, atol=1e-4)
    centred = ours["b[1]"] - ours["b[1]"].mean()
    assert np.allclose(centred, model.intercept_ - model.intercept_.mean(), rtol=1e-3, atol=1e-4)


def test_lbfgs_solves_deeper_networks_too() -> None:
    deep = Hyperparameters(hidden_layer_sizes=(8,), solver="lbfgs", activation="tanh", max_iter=50, feature_scale=False)
    data, named = solve("regression", "half_squared_error", deep)
    A = np.tanh(data.X[0] @ named["W[1]"].T + named["b[1]"])
    errors = A @ named["W[2]"].T + named["b[2]"] - data.Y[0]
    assert np.mean(errors**2) < 0.2 * data.Y.var()

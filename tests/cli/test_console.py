"""What people see: numbers as they write them, the ladder line by line, and a bar where there is a terminal."""

import io
import json
import math

import numpy as np
import pytest
from rich.console import Console

from leadline.cli import console as console_module
from leadline.cli.console import (
    ClimbPrinter,
    counted,
    format_p,
    format_score,
    format_seconds,
    format_with_error,
    make_console,
    name_of,
    plain,
    print_notices,
)
from leadline.search import ADDITIVE, Comparison, DepthResult, Metric, Progress, give_verdict
from leadline.tables import Numbers
from leadline.training import Hyperparameters

# Numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (52310.4, "52,310"),
        (1234.6, "1,235"),
        (999.96, "1000"),
        (12.3456, "12.35"),
        (0.42131, "0.4213"),
        (0.0, "0.0000"),
        (-0.5, "-0.5000"),
        (float("nan"), "–"),
        (3.0644e28, "3.064e+28"),
        (-2.5e-7, "-2.500e-07"),
    ],
)
def test_a_score_has_four_digits(value, text):
    assert format_score(value) == text


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (68620.4, 412.0, "68,620 ± 412"),
        (0.42131, 0.0123, "0.421 ± 0.012"),
        (9.87654, 1.23, "9.9 ± 1.2"),
        (0.5, 0.0, "0.5000 ± 0.0000"),
        (2e30, 3e29, "2.000e+30 ± 3.0e+29"),
        (2e-30, 3e-31, "2.000e-30 ± 3.0e-31"),
        (1.5, math.inf, "1.500e+00 ± inf"),
    ],
)
def test_a_mean_is_written_to_the_second_digit_of_its_error(mean, error, text):
    assert format_with_error(mean, error) == text


@pytest.mark.parametrize(
    ("p", "text"), [(1e-9, "p < 0.001"), (0.0041, "p = 0.004"), (0.0994, "p = 0.099"), (0.714, "p = 0.71")]
)
def test_p_values_are_written_as_people_write_them(p, text):
    assert format_p(p) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.44, "0.4 s"), (12.3, "12 s"), (185, "3 min 05 s"), (3600 * 26 + 60 * 7, "26 h 07 min"), (59.6, "60 s")],
)
def test_durations_have_the_unit_that_fits(seconds, text):
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(("n", "text"), [(0, "0 rows"), (1, "1 row"), (4128, "4,128 rows")])
def test_one_thing_is_not_several(n, text):
    assert counted(n, "row") == text


def test_records_become_what_json_can_hold():
    record = {"a": np.float64("nan"), "b": [np.int64(3), (1.5, math.inf)], "c": np.bool_(True), "d": None, "e": "x"}
    assert json.loads(json.dumps(plain(record), allow_nan=False)) == {
        "a": None,
        "b": [3, [1.5, None]],
        "c": True,
        "d": None,
        "e": "x",
    }


# Consoles


def test_people_read_standard_output_and_standard_error_where_output_is_for_programs(capsys):
    make_console(quiet=False, for_programs=False).print("hello")
    make_console(quiet=False, for_programs=True).print("progress")
    assert capsys.readouterr() == ("hello\n", "progress\n")


def test_a_quiet_console_says_nothing(capsys):
    make_console(quiet=True, for_programs=False).print("hello")
    assert capsys.readouterr() == ("", "")


def test_long_lines_are_not_broken(capsys):
    make_console(quiet=False, for_programs=False).print("word " * 100)
    assert capsys.readouterr().out.count("\n") == 1


def test_notices_are_printed_as_they_are(capsys):
    print_notices(make_console(quiet=False, for_programs=False), ["column '[bold]' :car:", "second"])
    assert capsys.readouterr().out == "note: column '[bold]' :car:\nnote: second\n"


# The ladder


def result(L, scores, failed="", networks=None):
    settings = Hyperparameters(hidden_layer_sizes=(64,) * max(L - 1, 0), additive=L == ADDITIVE, batch_size=32)
    return DepthResult(
        L=L,
        settings=settings,
        candidates=(0,),
        scores=np.array(scores),
        networks=12 * L if networks is None else networks,
        seconds=1.25 * L,
        repeats=1,
        mean_scores={},
        failed=failed,
    )


def judged(results):
    """The verdict over some results, of as many rows as they have scores."""
    scores = {own.L: own.scores for own in results if not own.failed}
    table = np.array(list(scores.values()))
    return give_verdict(Comparison(tuple(scores), table, np.atleast_2d(np.cov(table) / table.shape[1])), 0.005, 0)


def climb(printer, *results):
    printer.search_started(Metric(None, Numbers("y", "half_squared_error", 1)))
    for i, own in enumerate(results):
        printer.depth_started(own.L)
        printer.depth_finished(own, judged(results[: i + 1]))
    latest = {own.L: own for own in results}
    printer.climb_ended(latest, judged(latest.values()))


@pytest.fixture
def lines():
    """Lines that a printer writes where there is no terminal."""
    file = io.StringIO()
    printer = ClimbPrinter(Console(file=file, soft_wrap=True, width=200), "linear regression")

    def after(*results):
        climb(printer, *results)
        return file.getvalue().splitlines()

    return after


DEPTHS = (
    result(1, [-10.0, -10.2, -9.8, -10.1]),
    result(2, [-5.0, -5.2, -4.8, -5.1]),
    result(3, [-5.1, -5.1, -4.9, -5.0]),
)


def test_every_depth_is_a_line_with_score_step_networks_and_time(lines):
    written = lines(*DEPTHS)
    assert written[0] == ""
    assert written[1].split("  ")[-1].strip() == "time"
    assert "RMSE ± s.e." in written[1]
    assert written[2].split() == ["1", "–", "10.025", "±", "0.085", "linear", "regression", "12", "1.2", "s"]
    assert "64 " in written[3]
    assert "better by 49.9%, p < 0.001" in written[3]
    assert "64-64" in written[4]
    assert "no better (p = 0.50)" in written[4]
    assert len({len(line) for line in written[1:]}) == 1
    assert len(written) == 5


def test_the_additive_model_is_a_line_without_layers(lines):
    written = lines(DEPTHS[0], result(ADDITIVE, [-7.0, -7.1, -6.9, -7.2], networks=16), *DEPTHS[1:])
    words = ["additive", "–", "7.050", "±", "0.065", "a", "curve", "for", "each", "column,", "added", "16", "0.0", "s"]
    assert written[3].split() == words
    assert "better by 49.9%" in written[4], "L = 2 is compared with L = 1"
    assert len({len(line) for line in written[1:]}) == 1
    assert len(written) == 6


@pytest.mark.parametrize(("L", "name"), [(ADDITIVE, "additive"), (1, "L = 1"), (12, "L = 12")])
def test_what_is_judged_has_a_name(L, name):
    assert name_of(L) == name


def test_a_depth_that_is_judged_anew_is_printed_once_and_the_table_again_at_the_end(lines):
    # as with a time limit: the first depths side by side, then the additive model, then more networks
    later = result(2, [-4.9, -5.1, -4.7, -5.0], networks=48)
    written = lines(*DEPTHS, result(ADDITIVE, [-7.0, -7.1, -6.9, -7.2]), later)
    assert [line.split()[0] for line in written[2:6]] == ["1", "2", "3", "additive"]
    assert written[6] == ""
    assert written[7] == "What was trained later has changed these rows. The table as it stands at the end:"
    assert written[8] == written[1]
    assert [line.split()[0] for line in written[9:]] == ["1", "additive", "2", "3"]
    assert written[9] == written[2]
    assert "4.925" in written[11]
    assert " 48 " in written[11]


def test_a_depth_of_which_only_some_folds_were_judged_is_in_the_table_at_the_end():
    file = io.StringIO()
    printer = ClimbPrinter(Console(file=file, soft_wrap=True, width=200), "linear regression")
    printer.search_started(Metric(None, Numbers("y", "half_squared_error", 1)))
    printer.depth_finished(DEPTHS[0], judged(DEPTHS[:1]))
    printer.climb_ended({own.L: own for own in DEPTHS[:2]}, judged(DEPTHS[:2]))
    assert [line.split()[:1] for line in file.getvalue().splitlines()[-2:]] == [["1"], ["2"]]


def test_what_is_searched_is_said_when_the_climb_begins():
    file = io.StringIO()
    printer = ClimbPrinter(Console(file=file, soft_wrap=True), "linear regression", lambda: "y: [8] folds")
    assert file.getvalue() == ""
    printer.search_started(Metric(None, Numbers("y", "half_squared_error", 1)))
    assert file.getvalue().splitlines()[:2] == ["y: [8] folds", ""]


def test_a_step_that_is_better_by_chance_alone_is_not_clearly_better(lines):
    assert (
        "not clearly better (p = 0.30)"
        in lines(result(1, [-5.0, -5.2, -4.8, -5.1]), result(2, [-4.9, -4.9, -4.9, -5.2]))[3]
    )


def test_many_layers_are_counted(lines):
    assert "64 × 4" in lines(result(1, [-1.0, -2.0]), result(5, [-1.0, -2.0]))[3]


def test_a_depth_that_failed_says_why_as_it_is_written(lines):
    written = lines(result(1, [-1.0, -2.0]), result(2, [], failed="every network failed: loss [nan]"))
    assert written[3] == "  2         every network failed: loss [nan]"


def test_a_depth_after_one_that_failed_is_compared_with_nothing(lines):
    written = lines(result(1, [-1.0, -2.0]), result(2, [], failed="why"), result(3, [-1.0, -1.5]))
    assert "better" not in written[4]


def test_without_a_terminal_there_is_a_sign_of_life_now_and_then(monkeypatch):
    file = io.StringIO()
    printer = ClimbPrinter(Console(file=file, soft_wrap=True), "linear regression")
    printer.depth_started(2)
    printer.advanced(Progress(2, 3, 10, 0.25, -1.0, 12.0, (20.0, 90.0)))
    assert file.getvalue() == ""
    monkeypatch.setattr(console_module, "SECONDS_BETWEEN_LINES", -1.0)
    printer.advanced(Progress(2, 4, 10, 0.5, -1.0, 12.0, (20.0, 90.0)))
    printer.advanced(Progress(ADDITIVE, 5, 10, 0.6, -1.0, None, None))
    assert file.getvalue().splitlines() == [
        "  L = 2: 50%  4/10 networks, 12 s left; all depths: 20 s to 1 min 30 s",
        "  additive: 60%  5/10 networks",
    ]


def test_on_a_terminal_there_is_a_bar_with_the_time_left_which_goes_away():
    file = io.StringIO()
    printer = ClimbPrinter(Console(file=file, force_terminal=True, width=120), "linear regression")
    printer.depth_started(2)
    printer.advanced(Progress(2, 3, 10, 0.25, -1.0, 75.0, (75.0, 75.0)))
    assert printer.bar is not None
    printer.bar.refresh()
    shown = file.getvalue()
    assert "3/10 networks, 1 min 15 s left; all depths: 1 min 15 s" in shown
    assert "25 %" in shown
    printer.stop()
    assert printer.bar is None


def test_a_reader_who_leaves_silences_the_console_and_nothing_else(monkeypatch):
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

        def fileno(self):
            return 99

    put = []
    monkeypatch.setattr("os.dup2", lambda source, place: put.append(place))
    monkeypatch.setattr("sys.stdout", Gone())
    console = make_console(quiet=False, for_programs=False)
    console.print("hello")
    console.print("hello again")
    assert console.quiet
    assert put == [99]

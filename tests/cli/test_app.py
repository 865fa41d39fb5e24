"""The command itself, as a process of its own: exit codes, standard input, interrupts and readers who leave."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import leadline
from leadline.errors import RunFolderError
from leadline.search import Study

COMMAND = str(Path(sys.executable).parent / "leadline")
HOUSING = Path(__file__).parents[2] / "examples" / "housing.csv.gz"
QUICK = ["--epochs", "5", "--candidates", "2", "--cv", "2", "--max-depth", "2"]


@pytest.fixture
def run(tmp_path):
    """Run the command in tmp_path to its end."""

    def run(*words, **options):
        return subprocess.run(
            [COMMAND, *map(str, words)], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", **options
        )

    return run


@pytest.fixture
def table(tmp_path, people):
    people.to_csv(tmp_path / "people.csv", index=False)
    return tmp_path / "people.csv"


@pytest.fixture
def start(tmp_path):
    """Start the command in tmp_path; what still runs at the end of the test is killed."""
    started = []

    def start(*words):
        process = subprocess.Popen(
            [COMMAND, *map(str, words)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            # with a buffer, whose rest is written at the very end
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def finished_units(path):
    try:
        study = Study.read(path)
    except RunFolderError:
        return 0
    try:
        return len(study.unit_keys())
    finally:
        study.close()


def test_a_table_on_standard_input_is_fitted_and_predicted(run, table, classes_run):
    text = table.read_text()
    fitted = run("fit", "-", "--target", "buys", *QUICK, "--drop", "spends", "--json", "--out", "run", input=text)
    assert fitted.returncode == 0, fitted.stderr
    record = json.loads(fitted.stdout)
    assert record["data"]["file"] == "standard input"
    assert record["test"] == json.loads(classes_run.stdout)["test"]
    predicted = run("predict", "run", "-", input=text)
    assert (predicted.returncode, predicted.stderr) == (0, "")
    assert len(predicted.stdout.splitlines()) == 121


def test_a_run_prints_its_lines_and_no_warnings(run, table):
    result = run("fit", table, "--target", "buys", *QUICK)
    assert (result.returncode, result.stderr) == (0, "")
    assert "people.csv  120 rows" in result.stdout
    report = result.stdout.splitlines()[-1]
    assert report.startswith("runs")
    assert (table.parent / report).is_file()


def test_bad_input_ends_with_code_two_and_one_line(run, table):
    result = run("fit", table, "--target", "bought", "--out", "run")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "leadline: The table has no target column 'bought'. "
        "Its columns are: age, income, zip, member, city, buys, spends."
    ]
    assert not (table.parent / "run").exists()


@pytest.mark.parametrize("words", [["fit"], ["fit", "t.csv"], ["guess"], ["fit", "t.csv", "--nonsense"]])
def test_wrong_usage_ends_with_code_two(command, words):
    result = command(*words)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


def test_the_version_is_that_of_the_package(command):
    result = command("--version")
    assert (result.exit_code, result.stdout) == (0, f"leadline {leadline.__version__}\n")


def test_the_package_is_run_as_the_command():
    found = subprocess.run([sys.executable, "-m", "leadline", "--version"], capture_output=True, text=True, check=True)
    assert found.stdout == f"leadline {leadline.__version__}\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--help"], ["fit", "predict", "score"]),
        (["fit", "--help"], ["--target", "--task", "--metric", "--cv", "--max-depth", "--candidates", "--epochs"]),
        (["fit", "--help"], ["--time-limit", "--jobs", "--seed", "--test-size", "--drop", "--weight", "--group"]),
        (["fit", "--help"], ["--out", "--json", "--quiet"]),
        (["predict", "--help"], ["--proba", "--out"]),
        (["score", "--help"], ["--target", "--weight", "--json"]),
    ],
)
def test_help_lists_what_there_is(command, words, expected):
    result = command(*words)
    assert result.exit_code == 0
    for word in expected:
        assert word in result.stdout


@pytest.mark.skipif(os.name != "posix", reason="sends the interrupt signal as a terminal of POSIX does")
def test_an_interrupt_keeps_what_is_finished_and_says_so(start, tmp_path):
    study = tmp_path / "run" / "study.db"
    process = start("fit", HOUSING, "--target", "median_house_value", "--epochs", "2000", "--out", "run")
    while finished_units(study) == 0:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.strip().startswith(f"Interrupted. {Path('run') / 'study.db'} keeps every network that was finished")
    assert errors.strip().count("\n") == 0
    assert [path.name for path in study.parent.iterdir()] == ["study.db"]
    kept = Study.read(study)
    keys = kept.unit_keys()
    assert keys
    assert all(kept.result(key) is not None for key in keys)


@pytest.mark.skipif(os.name != "posix", reason="pipes are those of POSIX")
def test_a_reader_who_leaves_early_does_not_stop_the_search(start, table):
    process = start("fit", table, "--target", "buys", *QUICK, "--out", "run")
    assert process.stdout.readline().startswith("people.csv")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=120) == 0
    assert (table.parent / "run" / "report.html").is_file()


@pytest.mark.skipif(os.name != "posix", reason="pipes are those of POSIX")
def test_a_reader_of_predictions_who_leaves_early_is_no_error(start, classes_run, people, tmp_path):
    # more than a pipe holds, so that the writer notices
    people.sample(60_000, replace=True, random_state=0).to_csv(tmp_path / "many.csv", index=False)
    process = start("predict", classes_run.folder, "many.csv", "--proba")
    assert process.stdout.readline() == "buys,p(no),p(yes)\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=120) == 0


@pytest.mark.skipif(os.name != "posix", reason="pipes are those of POSIX")
def test_a_reader_of_a_score_who_has_left_is_no_error(start, classes_run):
    process = start("score", classes_run.folder, classes_run.data, "--json")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=120) == 0


def test_a_terminal_that_lacks_a_sign_shows_another(run, table):
    result = run(
        "fit", table, "--target", "buys", *QUICK, "--out", "run", env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "log loss ? s.e." in result.stdout


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "Interrupted."),
        (PermissionError(13, "Permission denied", "locked/t.csv"), 2, "leadline: locked/t.csv: no permission; give "),
        (RecursionError("too deep"), 1, "leadline: unforeseen RecursionError; please report it"),
    ],
)
def test_an_error_in_predictions_has_its_exit_code(command, classes_run, monkeypatch, error, code, words):
    def fail(*given):
        raise error

    monkeypatch.setattr("leadline.cli.use.read_table", fail)
    result = command("predict", classes_run.folder, classes_run.data)
    assert result.exit_code == code
    assert words in result.stderr

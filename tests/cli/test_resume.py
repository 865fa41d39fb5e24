"""A run that was cut, even by kill -9, goes on to the answer that it would have come to."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import QUICK, make_people
from safetensors.numpy import load_file

from leadline.search import Study

# The same search for all tests here: two depths, a few seconds.
SEARCH = ["--epochs", "30", "--candidates", "4", "--cv", "4", "--max-depth", "3", "--repeats", "2", "--jobs", "2"]
KILLS = 20


def timeless(record: dict) -> dict:
    """A record of a run without what may differ from run to run."""
    rows = [*record["ladder"], record["additive"]]
    ladder = [{name: value for name, value in row.items() if name != "seconds"} for row in rows]
    return {
        name: value
        for name, value in {**record, "ladder": ladder, "additive": None}.items()
        if name not in ("seconds", "finished", "options", "run")
    }


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "people.csv"
    make_people(400).drop(columns="buys").to_csv(path, index=False)
    return path


def start(*words) -> subprocess.Popen:
    command = [sys.executable, "-c", "from leadline.cli import main; main()", "fit", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def whole(table, tmp_path_factory) -> tuple[dict, Path, float]:
    """The result of an uninterrupted run, its folder, and how long it took."""
    folder, before = tmp_path_factory.mktemp("whole") / "run", time.monotonic()
    out, problem = start(table, "--target", "spends", *SEARCH, "--out", folder, "--json").communicate()
    assert out, problem
    return json.loads(out), folder, time.monotonic() - before


def test_a_run_that_is_killed_at_any_moment_resumes_to_the_same_bits(table, whole, tmp_path) -> None:
    expected, whole_folder, seconds = whole
    generator = np.random.default_rng(int.from_bytes(os.urandom(4)))
    folder, kills, known = tmp_path / "run", 0, {}
    process = start(table, "--target", "spends", *SEARCH, "--out", folder, "--json")
    while kills < KILLS:
        try:
            process.communicate(timeout=generator.uniform(0.1, 0.9) * seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
        if (folder / "study.db").exists():
            study = Study.read(folder / "study.db")
            if study.fact("options") is None:  # killed before the first word was written
                study.close()
                (folder / "study.db").unlink()
            else:
                now = {key: study.result(key).seconds for key in study.unit_keys()}
                assert all(now[key] == spent for key, spent in known.items()), "a finished unit was trained again"
                known = now
                study.close()
        if (folder / "model.json").exists():  # it came to its end: once more from the beginning
            for path in folder.iterdir():
                path.unlink()
            known = {}
        again = ["--resume", folder] if known or (folder / "study.db").exists() else None
        process = start(*(again or [table, "--target", "spends", *SEARCH, "--out", folder]), "--json")
    out, problem = process.communicate()
    assert process.returncode == 0, problem
    assert timeless(json.loads(out)) == timeless(expected)
    one, other = (load_file(place / "model.safetensors") for place in (whole_folder, folder))
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_finished_run_resumes_to_itself(fit, people, command) -> None:
    result = fit(people.drop(columns="buys"), "spends", "--json")
    again = command("fit", "--resume", result.folder, "--json")
    assert again.exit_code == 0
    assert timeless(json.loads(again.stdout)) == timeless(json.loads(result.stdout))


def test_a_table_that_has_moved_is_named_anew(fit, people, command) -> None:
    result = fit(people.drop(columns="buys"), "spends", "--json")
    moved = result.data.rename(result.data.with_name("moved.csv"))
    gone = command("fit", "--resume", result.folder)
    assert gone.exit_code == 2
    assert "table.csv" in gone.stderr
    assert command("fit", moved, "--resume", result.folder).exit_code == 0


def test_other_data_are_refused_and_the_study_stays(fit, people, command) -> None:
    result = fit(people.drop(columns="buys"), "spends")
    changed = people.drop(columns="buys")
    changed.loc[3, "spends"] += 1
    changed.to_csv(result.data, index=False)
    again = command("fit", "--resume", result.folder)
    assert again.exit_code == 2
    assert "study.db cannot be continued: data was" in again.stderr
    assert len(Study.read(result.folder / "study.db").unit_keys()) > 0


@pytest.mark.parametrize("option", ["--cv", "--max-depth", "--candidates", "--seed"])
def test_a_run_is_resumed_with_its_own_options(fit, people, command, option) -> None:
    result = fit(people.drop(columns="buys"), "spends")
    again = command("fit", "--resume", result.folder, option, "3")
    assert again.exit_code == 2
    assert f"A run is resumed with its own options; leave out {option}." in again.stderr


def test_a_folder_without_a_study_cannot_be_resumed(command, tmp_path) -> None:
    again = command("fit", "--resume", tmp_path)
    assert again.exit_code == 2
    assert "study.db: no such study; nothing of a run was finished there yet" in again.stderr
    assert f"Begin it with leadline fit DATA --target COLUMN --out {tmp_path}." in again.stderr
    assert "no such folder" in command("fit", "--resume", tmp_path / "none").stderr


@pytest.mark.parametrize("written", [None, "an empty file", "a study without a word"])
def test_a_run_that_was_killed_before_its_first_word_begins_where_it_is_resumed(
    fit, people, command, tmp_path, written
) -> None:
    table = people.drop(columns="buys")
    whole = fit(table, "spends", "--json")
    folder = tmp_path / "killed"
    folder.mkdir()
    if written == "an empty file":
        (folder / "study.db").touch()
    elif written is not None:
        Study(folder / "study.db").close()
    again = command("fit", whole.data, "--target", "spends", *QUICK, "--json", "--resume", folder)
    assert again.exit_code == 0, again.stderr
    assert timeless(json.loads(again.stdout)) == timeless(json.loads(whole.stdout))
    assert (folder / "report.html").is_file()


def test_a_script_may_say_the_options_of_a_run_again(fit, people, command) -> None:
    result = fit(people.drop(columns="buys"), "spends", "--drop", "city")
    words = ("fit", result.data, "--target", "spends", *QUICK, "--drop", "city", "--resume", result.folder)
    assert command(*words).exit_code == 0
    other = command(*words, "--seed", "1")
    assert other.exit_code == 2
    assert "leave out --seed." in other.stderr
    assert "leave out --out." in command(*words, "--out", result.folder).stderr


def test_a_study_of_another_version_is_not_resumed(fit, people, command) -> None:
    result = fit(people.drop(columns="buys"), "spends")
    study = Study.read(result.folder / "study.db")
    study.state("options", {"data": "table.csv"})
    study.close()
    again = command("fit", "--resume", result.folder)
    assert again.exit_code == 2
    assert "was made by another version of Leadline" in again.stderr


def test_a_study_of_python_cannot_be_resumed_by_the_command_line(command, tmp_path) -> None:
    Study(tmp_path / "study.db").close()
    again = command("fit", "--resume", tmp_path)
    assert again.exit_code == 2
    assert "study.db says no options to resume with: nothing was finished there yet, they were damaged" in again.stderr
    assert "Give DATA, --target and the options beside --resume." in again.stderr

"""A study that was damaged is named as such and never believed, and what is sound of it can be gone on with.

DAMAGED_STUDIES=1000 damages as many, each in its own way (make test-damage).
"""

import json
import os
import shutil
import sqlite3
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from conftest import QUICK, Fitted
from test_resume import timeless

from leadline.search import Study

DAMAGED = int(os.environ.get("DAMAGED_STUDIES", "30"))
# SQLite's pages, the beginning of each, where it says what is where, and the end of the first, which has the schema.
PAGE, HEAD, SCHEMA = 4096, 120, 1500
DEEP = "[" * 50_000


@pytest.fixture
def finished(fit, people) -> Fitted:
    return fit(people.drop(columns="buys"), "spends", "--json")


def flip(path: Path, generator: np.random.Generator, places: np.ndarray | None = None) -> None:
    content = bytearray(path.read_bytes())
    for place in generator.choice(len(content) if places is None else places, size=generator.integers(1, 9)):
        content[place] ^= int(generator.integers(1, 256))
    path.write_bytes(content)


def flip_the_structure(path: Path, generator: np.random.Generator) -> None:
    pages = np.arange(path.stat().st_size // PAGE) * PAGE
    first_page = np.r_[:HEAD, PAGE - SCHEMA : PAGE]
    flip(path, generator, np.r_[np.tile(first_page, 3), (pages[:, None] + np.arange(HEAD)).ravel()])


def truncate(path: Path, generator: np.random.Generator) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: generator.integers(len(content))])


def change_a_cell(path: Path, generator: np.random.Generator) -> None:
    connection = sqlite3.connect(path)
    table = generator.choice(["facts", "units"])
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    while True:
        column = generator.choice(columns)
        rows = connection.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
        row, value = rows[generator.integers(len(rows))]
        other = rows[generator.integers(len(rows))][1]
        options = [other, -1, 2**62, 0.5, float("inf"), "", "[]", '{"a": [null]}', DEEP, b"", b"PK\x03\x04"]
        if isinstance(value, int | float):
            options += [value + 1, -value, str(value)] * 3
        elif value:
            place = int(generator.integers(len(value)))
            new = bytes([value[place] ^ 1]) if isinstance(value, bytes) else chr(ord(value[place]) ^ 1)
            options += [value[:place] + new + value[place + 1 :], value[:place], value + value] * 3
        chosen = options[generator.integers(len(options))]
        try:
            with connection:
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (chosen, row))
        except (sqlite3.IntegrityError, OverflowError, UnicodeEncodeError):
            continue
        (now,) = connection.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()
        if type(now) is not type(value) or now != value:
            break
    connection.close()


DAMAGES = (flip, flip_the_structure, truncate, change_a_cell)


def assert_clear(result, study: Path) -> None:
    """The command ended with code 2 and, last, a line that names the file and says what to do."""
    assert result.exit_code == 2, result.stderr
    said = result.stderr.splitlines()[-1]
    assert said.startswith(f"leadline: {study} "), result.stderr
    assert any(words in said for words in ("--repair", "egin again", "Give DATA", "not finished")), said
    assert "Traceback" not in result.stderr


def same_run(stdout: str, finished: Fitted) -> bool:
    return timeless(json.loads(stdout)) == timeless(json.loads(finished.stdout))


def test_a_damaged_study_is_named_and_never_believed(finished, command, tmp_path) -> None:
    whole, counts = (finished.folder / "report.html").read_bytes(), Counter()
    for i in range(DAMAGED):
        generator = np.random.default_rng(i)
        damage, way = DAMAGES[i % len(DAMAGES)], ("report", "resume", "repair")[i // len(DAMAGES) % 3]
        folder = tmp_path / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(finished.folder, folder)
        damage(folder / "study.db", generator)
        words = ["report", folder] if way == "report" else ["fit", "--resume", folder, "--json"]
        result = command(*words, *(["--repair"] if way == "repair" else []))
        known = f"damage {i}: {damage.__name__}, {way}"
        assert result.exit_code in (0, 2), f"{known}: {result.stderr}"
        if result.exit_code:
            assert_clear(result, folder / "study.db")
        elif way == "report":
            assert (folder / "report.html").read_bytes() == whole, known
        else:
            assert same_run(result.stdout, finished), known
        mended = "went on to the same answer" if way == "repair" else "has the same answer: nothing of it was hit"
        counts[way, damage.__name__, "refused" if result.exit_code else mended] += 1
    for what, count in sorted(counts.items()):
        sys.stdout.write(f"{count:>5}  {', '.join(what)}\n")


def test_a_changed_cell_is_named_and_its_network_is_trained_again(finished, command) -> None:
    path = finished.folder / "study.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE units SET seconds = 2 WHERE depth = 2 AND candidate = 1 AND fold = 0 AND other = 1")
        connection.execute("UPDATE facts SET value = ? WHERE name = 'verdict'", (DEEP,))
    connection.close()
    network = "the network of depth 2, candidate 1, repeat 0, fold 0, other 1"
    for words in (["report", finished.folder], ["fit", "--resume", finished.folder]):
        result = command(*words)
        assert_clear(result, path)
        assert f"is damaged: the fact 'verdict', {network} are not what was written." in result.stderr
    repaired = command("fit", "--resume", finished.folder, "--repair", "--json")
    assert repaired.exit_code == 0, repaired.stderr
    assert network in repaired.stderr
    assert same_run(repaired.stdout, finished)
    assert path.with_name("study.db.damaged").is_file()
    sound = command("fit", "--resume", finished.folder, "--repair", "--json")
    assert "is sound; there was nothing to repair." in sound.stderr


def test_networks_without_what_they_were_trained_on_are_not_believed(finished) -> None:
    path = finished.folder / "study.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE facts SET value = '{}' WHERE name = 'identity'")
    connection.close()
    assert "sound networks cannot be used" in Study.repair(path)[-1]
    study = Study.read(path)
    assert study.unit_keys() == []
    assert study.fact("options") is not None


def test_a_run_whose_options_are_lost_goes_on_with_those_that_are_given(finished, command, people) -> None:
    path = finished.folder / "study.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE facts SET value = 'null' WHERE name = 'options'")
    connection.close()
    refused = command("fit", "--resume", finished.folder, "--repair")
    assert_clear(refused, path)
    before = Study.read(path).unit_keys()
    assert before
    again = command("fit", finished.data, "--target", "spends", *QUICK, "--json", "--resume", finished.folder)
    assert again.exit_code == 0, again.stderr
    assert same_run(again.stdout, finished)


def test_repair_is_of_a_run_that_is_resumed(command) -> None:
    result = command("fit", "t.csv", "--target", "a", "--repair")
    assert result.exit_code == 2
    assert "give --resume RUN" in result.stderr

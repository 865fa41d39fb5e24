"""A disk that takes no more: exit code 2, the file is named, nothing that was finished is lost."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_resume import timeless

from leadline.errors import RunFolderError
from leadline.search import Study
from leadline.storage import files


@pytest.fixture
def full_for(monkeypatch):
    """Let the disk be full when files of a name are written: full_for("report.html")."""
    write = files._write

    def full_for(name: str | None) -> None:
        def writing(path: Path, data: bytes) -> None:
            if path.name == name:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            write(path, data)

        monkeypatch.setattr(files, "_write", writing)

    return full_for


@pytest.mark.parametrize("name", ["model.safetensors", "model.json", "report.html"])
def test_a_run_whose_model_or_report_does_not_fit_goes_on_when_there_is_room(
    fit, people, command, full_for, name
) -> None:
    full_for(name)
    result = fit(people.drop(columns="buys"), "spends")
    assert result.exit_code == 2
    place = result.folder / name
    assert result.stderr == (
        f"leadline: {place} cannot be written: No space left on device. Nothing is lost: {result.folder / 'study.db'} "
        f"keeps every network of the search. Make room, then leadline fit --resume {result.folder}.\n"
    )
    assert not place.exists()
    kept = Study.read(result.folder / "study.db")
    before = {key: kept.result(key).seconds for key in kept.unit_keys()}
    kept.close()
    assert before
    full_for(None)
    again = command("fit", "--resume", result.folder, "--json")
    assert again.exit_code == 0, again.stderr
    whole = fit(people.drop(columns="buys"), "spends", "--json", "--out", result.folder.with_name("whole"))
    assert timeless(json.loads(again.stdout)) == timeless(json.loads(whole.stdout))
    after = Study.read(result.folder / "study.db")
    assert {key: after.result(key).seconds for key in before} == before


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["report", "RUN", "--out", "r.html"], "r.html"),
        (["inspect", "RUN", "DATA", "--out", "i.html"], "i.html"),
        (["export", "RUN", "m.onnx"], "m.onnx"),
        (["predict", "RUN", "DATA", "--out", "p.csv"], "p.csv"),
    ],
)
def test_a_file_that_does_not_fit_is_named(numbers_run, command, full_for, monkeypatch, tmp_path, words, name) -> None:
    monkeypatch.chdir(tmp_path)
    full_for(name)
    result = command(*({"RUN": numbers_run.folder, "DATA": numbers_run.data}.get(word, word) for word in words))
    assert result.exit_code == 2, result.stderr
    assert f"{name} cannot be written: No space left on device" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_study_that_cannot_even_be_begun_leaves_nothing(fit, people, monkeypatch) -> None:
    def full(*given) -> None:
        raise RunFolderError("study.db cannot be written: database or disk is full.")

    monkeypatch.setattr(Study, "state", full)
    result = fit(people.drop(columns="buys"), "spends")
    assert result.exit_code == 2
    assert not result.folder.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no file that is always full")
@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["space"], ["space", "--json"], ["explain", "--sizes", "3,2,1", "--json"]]
)
def test_an_output_that_takes_no_more_is_said(words) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "leadline", *words]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 2
    assert result.stderr == (
        "leadline: The output cannot be written: No space left on device. Make room, or give another place.\n"
    )

"""Run folders: their names, and the places where none can be made."""

import re

import pytest

from leadline.cli.runs import new_run_folder
from leadline.errors import RunFolderError


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("data/housing.csv.gz", "housing"),
        ("-", "table"),
        ("my table (new).csv", "my-table-new"),
        ("größe.csv", "gr-e"),
        (".csv", "table"),
    ],
)
def test_a_run_is_named_after_file_date_and_number(data, name):
    assert re.fullmatch(rf"runs/{name}-\d{{4}}-\d\d-\d\d-1", new_run_folder(None, data).as_posix())


def test_the_number_counts_the_runs_of_the_day():
    for _ in range(2):
        new_run_folder(None, "t.csv").mkdir(parents=True)
    assert new_run_folder(None, "t.csv").name.endswith("-3")
    assert new_run_folder(None, "other.csv").name.endswith("-1")


def test_the_folder_is_not_made_yet(tmp_path):
    new_run_folder(None, "t.csv")
    new_run_folder("a/b/c", "t.csv")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_can_be_used(tmp_path):
    (tmp_path / "run").mkdir()
    assert new_run_folder("run", "t.csv").as_posix() == "run"


@pytest.mark.parametrize("name", ["study.db", "model.json"])
def test_a_folder_that_holds_a_run_is_refused(tmp_path, name):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).touch()
    with pytest.raises(RunFolderError, match="run already holds a run; give another folder with --out, or remove it"):
        new_run_folder("run", "t.csv")


@pytest.mark.parametrize("out", ["file", "file/below", "file/far/below"])
def test_a_file_on_the_way_is_named(tmp_path, out):
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match=r"cannot be made: .*file is a file; give another folder with --out"):
        new_run_folder(out, "t.csv")


@pytest.mark.parametrize("out", [None, "run"])
def test_a_place_without_permission_is_named(tmp_path, monkeypatch, out):
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    with pytest.raises(
        RunFolderError, match=f"no permission in {re.escape(str(tmp_path))}; give another folder with --out"
    ):
        new_run_folder(out, "t.csv")

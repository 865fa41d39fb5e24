"""`leadline inspect`, `leadline report` and `leadline watch` on runs of the command line."""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from leadline.search import Study


def test_layers_are_listed_and_the_page_is_written(command, classes_run, tmp_path):
    result = command("inspect", classes_run.folder, classes_run.data, "--out", tmp_path / "layers.html")
    assert result.exit_code == 0, result.stderr
    assert "accuracy of a linear model" in result.stdout
    assert "A[0]" in result.stdout
    assert result.stdout.splitlines()[-1] == str(tmp_path / "layers.html")
    assert "What the layers see" in (tmp_path / "layers.html").read_text("utf-8")


def test_layers_as_json(command, numbers_run, tmp_path):
    result = command("inspect", numbers_run.folder, numbers_run.data, "--json", "--out", tmp_path / "layers.html")
    assert result.exit_code == 0, result.stderr
    record = json.loads(result.stdout)
    assert record["probes"][0]["l"] == 0
    assert len(record["similarity"]) == len(record["probes"]) + 1


def test_a_shape_that_is_none_is_refused(command, classes_run):
    result = command("inspect", classes_run.folder, classes_run.data, "--shape", "28")
    assert result.exit_code == 2
    assert "--shape must be HEIGHTxWIDTH, such as 28x28; got '28'" in result.stderr


def test_a_report_is_built_again_and_elsewhere(command, classes_run, tmp_path):
    result = command("report", classes_run.folder, "--out", tmp_path / "again.html")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "again.html").read_text("utf-8") == (classes_run.folder / "report.html").read_text("utf-8")


def test_an_unfinished_run_has_no_report(command, tmp_path):
    Study(tmp_path / "study.db").close()
    result = command("report", tmp_path)
    assert result.exit_code == 2
    assert "is not finished" in result.stderr


def test_what_is_no_run_cannot_be_watched(command, tmp_path):
    result = command("watch", tmp_path / "none")
    assert result.exit_code == 2
    assert "no such study" in result.stderr


def test_a_run_is_watched_until_an_interrupt(classes_run):
    words = [str(Path(sys.executable).with_name("leadline")), "watch", str(classes_run.folder), "--no-browser"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watch:
        address = watch.stdout.readline().split()[0]
        with urllib.request.urlopen(address + "state.json", timeout=10) as answer:
            assert json.load(answer)["state"] == "finished"
        watch.send_signal(signal.SIGINT)
        assert watch.wait(20) == 0
        assert watch.stderr.read() == ""


def test_a_file_in_a_folder_that_is_not_there_is_refused_before_the_work(command, classes_run, tmp_path):
    out = tmp_path / "none" / "page.html"
    for words in (["inspect", classes_run.folder, classes_run.data], ["report", classes_run.folder]):
        result = command(*words, "--out", out)
        assert result.exit_code == 2
        assert "is not there; make it first" in result.stderr


def test_a_target_that_was_named_must_be_there(command, classes_run, tmp_path):
    result = command("inspect", classes_run.folder, classes_run.data, "--target", "none", "--out", tmp_path / "a.html")
    assert result.exit_code == 2
    assert "no target column 'none'" in result.stderr

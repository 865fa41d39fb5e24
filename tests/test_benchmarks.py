"""Benchmarks that need no peers run at their smallest setting, so that none rots."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Runs a benchmark with some arguments; what it wrote."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    harness = importlib.import_module("harness")
    monkeypatch.setattr(harness, "RESULTS", tmp_path)

    def run_one(name: str, *arguments: str, **constants: object) -> dict:
        module = importlib.import_module(name)
        for constant, value in constants.items():
            monkeypatch.setattr(module, constant, value)
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *arguments])
        module.main()
        return json.loads((tmp_path / f"{name}.json").read_text("utf-8"))

    return run_one


def test_the_verdict_on_planted_truths(run, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--seeds", "1", "--rows", "60", "--only", "linear", "--only", "gain of 10%")
    record = run("verdict", *arguments, FRESH_ROWS=200)
    assert [found["name"] for found in record["runs"]] == ["linear", "gain of 10%"]
    assert all(set(found["fresh"]) >= {"1", "2"} for found in record["runs"])
    assert "all, nothing deeper" in capsys.readouterr().out


def test_planted_truths(run, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module("planted")
    truths = tuple(
        module.dataclasses.replace(truth, rows=80)
        for truth in module.TRUTHS
        if truth.name in ("linear model", "lognormal columns")
    )
    record = run("planted", "--seeds", "1", TRUTHS=truths, FRESH_ROWS=200)
    assert record["lognormal columns"][0]["against_linear"] < 2
    assert "linear model, 80 rows" in capsys.readouterr().out


def test_requests_to_a_server(run, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("fastapi", reason="leadline[serve] is not installed")
    pytest.importorskip("uvicorn", reason="leadline[serve] is not installed")
    arguments = ("--requests", "4", "--epochs", "1", "--only", "leadline")
    record = run("serving", *arguments, CONTESTS=((1, 1), (3, 2)), HIDDEN=(8,))
    assert [contest["servers"]["leadline"]["requests"] for contest in record["contests"]] == [4, 4]
    assert "3 rows a request, 2 connections" in capsys.readouterr().out


def test_stability_on_a_folder_of_tables(run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(120, 3)), columns=list("abc"))
    frame.assign(y=frame["a"] + generator.normal(size=120)).to_csv(tmp_path / "abalone.csv", index=False)
    index = [{"name": "abalone", "file": "abalone.csv", "target": "y", "task": "regression", "n_rows": 120}]
    (tmp_path / "index.json").write_text(json.dumps(index), "utf-8")
    record = run("stability", "--data", str(tmp_path), "--seeds", "1", "--only", "abalone")
    assert record["abalone"]["summary"]["range"] == 0
    assert "mean range of the answer 0.00" in capsys.readouterr().out


def test_many_rows(run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("matplotlib")
    sizes = ("--rounds", "1", "--steps", "2", "--rows", "400", "--disk-rows", "600", "--memory-rows", "600")
    wide = (("columns", 60, 30), ("categories", 400, 150), ("classes", 60, 5))
    small = ("--folded-rows", "500", "--test-rows", "200", "--peers", "leadline")
    record = run("large", *sizes, *small, STEPS=((3, 4, [8], 16),), WIDE=wide)
    assert len(record["steps"][0]["looked up"]) == 1
    assert record["fits"]["400"]["leadline"]["auc"] > 0.5
    assert record["disk"]["from disk"]["count"] == 600
    assert set(record["memory"]) == {"rows", "fit", "search"}
    assert [own["what"] for own in record["columns"]] == ["columns", "categories", "classes"]
    assert record["curve"]["leadline"]["400"]["auc"] > 0.5
    assert set(record["measured_on"]) == {"steps", "fits", "disk", "memory", "columns", "curve"}
    assert "600 rows from disk" in capsys.readouterr().out
    assert (tmp_path / "curve.svg").read_text("utf-8").count("leadline")
    # a part that is run again leaves the others as they were
    again = run("large", *sizes, *small, "--only", "memory")
    assert again["fits"] == record["fits"]


def test_workers_that_share_a_folder(run, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    record = run("clusters", "--rows", "3000", "--max-rows", "1000", "--only", "folder")
    ways = record["ways"]
    assert ways["folder"]["digest"] == ways["one process"]["digest"]
    assert len(ways["folder"]["workers"]) == 3
    assert "the same" in capsys.readouterr().out

"""Benchmarks that need no peers run at their smallest setting, so that none rots."""

import argparse
import importlib
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from leadline.errors import DeviceError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="benchmarks measure memory as POSIX has it")

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
        record = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
        # whatever a benchmark writes says what it was measured with, and can be shown again
        last = list(record["measured"].values())[-1]
        assert set(last) == {"commit", "code", "machine", "versions", "day", "minutes", "finished"}
        assert last["finished"]
        assert harness.commits(record) == [harness.commit()]
        assert all(text.startswith("|") for text in module.report(record).values())
        return record

    return run_one


def test_the_verdict_on_planted_truths(run, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--seeds", "1", "--gain-seeds", "1", "--rows", "60", "--only", "linear", "--only", "gain of 10%")
    record = run("verdict", *arguments, FRESH_ROWS=200)
    assert [found["name"] for found in record["runs"]] == ["linear", "gain of 10%"]
    assert all(set(found["fresh"]) >= {"1", "2"} for found in record["runs"])
    assert "**all, nothing deeper**" in capsys.readouterr().out


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


def test_populations_on_a_device(run, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="leadline[gpu] is not installed")
    shapes = (importlib.import_module("training").Shape((5, 4, 2), 8, 4, 2, networks=2),)
    arguments = ("--device", "torch-cpu", "--rounds", "1", "--peer", "PyTorch", "--search-rows", "100")
    record = run("gpu", *arguments, SHAPES=shapes, SEARCH={"max_depth": 2, "max_iter": 2})
    assert record["device"].startswith("torch-cpu by PyTorch")
    (shape,) = record["shapes"]
    assert [row["name"].split(",")[0] for row in shape["rows"]] == ["Leadline"] * 2 + ["PyTorch"] * 2 + ["products"]
    assert set(record["search"]["seconds"]) == {"search, torch-cpu", "search, cpu"}
    assert "against the best peer, PyTorch" in capsys.readouterr().out


def test_without_a_gpu_its_benchmark_says_what_to_do(run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("gpu", device_for=missing)
    assert "is not there. Or run it on the processor: python benchmarks/gpu.py --device torch-cpu" in (
        capsys.readouterr().err
    )


def missing(asked: str, work: float) -> str:
    raise DeviceError(f"The device {asked!r} is not there.")


def test_requests_to_a_server(run, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("fastapi", reason="leadline[serve] is not installed")
    pytest.importorskip("uvicorn", reason="leadline[serve] is not installed")
    arguments = ("--requests", "4", "--epochs", "1", "--only", "leadline")
    record = run("serving", *arguments, CONTESTS=((1, 1), (3, 2)), HIDDEN=(8,))
    assert [contest["servers"]["leadline"]["requests"] for contest in record["contests"]] == [4, 4]
    assert "3 rows a request, 2 connections" in capsys.readouterr().out


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A folder of tables with one of 120 rows, under the name of one that is benchmarked."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(120, 3)), columns=list("abc"))
    frame.assign(y=frame["a"] + generator.normal(size=120)).to_csv(tmp_path / "abalone.csv", index=False)
    index = [{"name": "abalone", "file": "abalone.csv", "target": "y", "task": "regression", "n_rows": 120}]
    (tmp_path / "index.json").write_text(json.dumps(index), "utf-8")
    return str(tmp_path)


def test_stability_on_a_folder_of_tables(run, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    record = run("stability", "--data", folder, "--seeds", "1", "--only", "abalone")
    assert [found["seed"] for found in record["abalone"]] == [0]
    assert "abalone, 90" in capsys.readouterr().out
    # what is there of the same code is not searched again
    again = run("stability", "--data", folder, "--seeds", "1", "--only", "abalone")
    assert again["abalone"] == record["abalone"]
    assert "'losses'" not in capsys.readouterr().out


def test_why_this_row_beside_shap(run, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("shap", reason="shap is not installed")
    record = run("why", folder, "--only", "abalone", "--rows", "2", "--epochs", "2", BACKGROUND=5, STEPS=(2,))
    explainers = record["tables"]["abalone"]["explainers"]
    assert set(explainers) == {"2 steps", "permutation", "kernel"}
    assert explainers["2 steps"]["left_over"] < 1e-9
    assert "times as fast" in capsys.readouterr().out


def test_many_rows(run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("matplotlib")
    sizes = ("--rounds", "1", "--steps", "2", "--rows", "400", "--disk-rows", "600", "--memory-rows", "600")
    wide = (("columns", 60, 30), ("categories", 400, 150), ("classes", 60, 5))
    small = ("--folded-rows", "500", "--test-rows", "200", "--peers", "leadline")
    record = run("large", *sizes, *small, STEPS=((3, 4, [8], 16),), WIDE=wide)
    assert len(record["steps"][0]["looked up"]) == 1
    ((what, fits),) = record["fits"].items()
    assert what.startswith("400 rows, ")
    assert fits["leadline"]["auc"] > 0.5
    assert record["disk"]["from disk"]["count"] == 600
    assert set(record["memory"]) == {"rows", "fit", "search"}
    assert [own["what"] for own in record["columns"]] == ["columns", "categories", "classes"]
    assert record["curve"]["leadline"]["400"]["auc"] > 0.5
    assert "600 rows from disk" in capsys.readouterr().out
    assert (tmp_path / "curve.svg").read_text("utf-8").count("leadline")
    # a part that is run again leaves the others as they were, and both runs are named
    again = run("large", *sizes, *small, "--only", "memory")
    assert again["fits"] == record["fits"]
    assert len(again["measured"]) == 2


def test_workers_that_share_a_folder(run, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    record = run("clusters", "--rows", "3000", "--max-rows", "1000", "--only", "folder")
    ways = record["ways"]
    assert ways["folder"]["digest"] == ways["one process"]["digest"]
    assert len(ways["folder"]["workers"]) == 3
    assert "the same" in capsys.readouterr().out


def test_coverage_on_a_folder_of_tables(run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(160, 3)), columns=list("abc"))
    y = frame["a"] + generator.normal(size=160)
    frame.assign(y=y).to_csv(tmp_path / "numbers.csv", index=False)
    frame.assign(y=np.where(y > 0, "up", "down")).to_csv(tmp_path / "classes.csv", index=False)
    index = [
        {"name": name, "file": f"{name}.csv", "target": "y", "task": task, "n_rows": 160}
        for name, task in (("numbers", "regression"), ("classes", "binary"))
    ]
    (tmp_path / "index.json").write_text(json.dumps(index), "utf-8")
    record = run("sureness", str(tmp_path), "--splits", "1", "--methods", "leadline")
    assert [row["name"] for row in record["rows"]] == ["numbers", "classes"]
    for row in record["rows"]:
        assert 0.5 < row["coverage"]["0.8"] <= row["coverage"]["0.95"] <= 1
        assert row["width"]["0.8"] <= row["width"]["0.95"]
    assert record["rows"][1]["temperature"]["log loss"] > 0
    assert "**the 1 of classes**" in capsys.readouterr().out


def test_training_beside_the_products_alone(run, capsys: pytest.CaptureFixture[str]) -> None:
    shapes = (importlib.import_module("training").Shape((5, 4, 2), 8, 4, 2, networks=2),)
    record = run("training", "--rounds", "1", "--peer", "scikit-learn", SHAPES=shapes)
    (shape,) = record["shapes"]
    assert set(shape["ratios"]) == {
        "share of the limit",
        "population against scikit-learn",
        "one network against scikit-learn",
    }
    assert "5-4-2, batch 8: 4 steps in 2 epochs" in capsys.readouterr().out


def test_what_the_engine_costs(run, capsys: pytest.CaptureFixture[str]) -> None:
    changes = {"plain: relu, adam": {}, "evaluation": {"validation": 0.25}}
    record = run("engine", "--rounds", "1", SHAPES=(((5, 4, 2), 8, 2),), CHANGES=changes, ROWS=200, FEATURES=3)
    assert [row["name"] for row in record["steps"][0]["rows"]] == list(changes)
    assert record["memory"]["leadline"]["megabytes"] > 0
    assert "5-4-2, batch 8, one thread" in capsys.readouterr().out


def test_how_fast_it_predicts(run, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime", reason="leadline[onnx] is not installed")
    record = run("prediction", "--rounds", "1", CONTESTS=(((8,), 3, 2),))
    (contest,) = record["contests"]
    assert len(contest["rows"]) == 4
    assert "3 rows at a time, hidden units 8" in capsys.readouterr().out


def test_how_long_until_something_happens(run, monkeypatch: pytest.MonkeyPatch) -> None:
    record = run("startup", "--rounds", "1", KINDS={})
    assert record["seconds"]["import leadline"][0] > 0


def test_the_search_beside_a_grid(run, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--data", folder, "--only", "abalone", "--candidates", "1", "--peer", "GridSearchCV")
    record = run("search", *arguments)
    assert set(record["abalone"]["contenders"]) == {"Leadline", "GridSearchCV"}
    assert "abalone, 3,000 rows: GridSearchCV" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("tables", ("--method", "linear", "--method", "leadline")), ("additive", ("--methods", "additive,linear"))],
)
def test_methods_on_a_folder_of_tables(
    run, folder: str, name: str, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    record = run(name, folder, *arguments, "--splits", "1", "--max-train", "60")
    assert len(record["rows"]) == 2
    assert all(row["error"] > 0 for row in record["rows"])
    assert "abalone, RMSE / std" in capsys.readouterr().out


@pytest.fixture
def every(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The program that runs all benchmarks, with one small benchmark and a results folder of its own."""
    module = importlib.import_module("all")
    monkeypatch.setenv("BENCHMARK_RESULTS", str(tmp_path))
    monkeypatch.setattr(module, "LOGS", tmp_path / "logs")
    return module


def test_all_benchmarks_run_once_for_the_same_code(
    every, folder: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = f"{folder} --methods additive,linear --splits 1 --max-train 60"
    away = every.Benchmark("clusters", ("",), 1, environment="no-such-environment")
    monkeypatch.setattr(every, "BENCHMARKS", (every.Benchmark("additive", (small,), 1, cores=1, alone=False), away))
    monkeypatch.setattr(sys, "argv", ["all.py"])
    for said in (" min: ", "there already: "):
        with pytest.raises(SystemExit, match="1"):  # what is left out counts as failed
            every.main()
        out = capsys.readouterr().out
        assert f"{said}{every.shortened(every.BENCHMARKS[0], small)}" in out
        assert "left out, no-such-environment is not there" in out
    commit = every.earlier("additive")["measured"][every.BENCHMARKS[0].words(small)]["commit"]
    page = "<!-- additive -->\nold\n<!-- end -->\n<!-- clusters -->\nby hand\n<!-- end -->\n"
    text, left = every.renewed(page)
    assert "| linear " in text
    assert "by hand" in text
    assert left == ["clusters"]
    assert f"commit `{commit}`" in text or commit == "unknown"
    # another commit is named: both results are not of it
    said, same = every.check("commit `0000000`")
    assert not same
    assert "not measured" in said


def test_what_all_benchmarks_take_is_within_the_budget(every) -> None:
    assert every.expected_minutes() <= 60 * every.BUDGET_HOURS
    assert all((BENCHMARKS / f"{own.module}.py").is_file() for own in every.BENCHMARKS)


class _ParsedError(Exception):
    """The arguments were understood."""


def test_every_benchmark_understands_its_arguments(every, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = argparse.ArgumentParser.parse_args

    def parse_only(self, *given):
        parse(self, *given)
        raise _ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    for own in every.BENCHMARKS:
        for arguments in own.arguments:
            monkeypatch.setattr(sys, "argv", [f"{own.module}.py", *shlex.split(arguments)])
            with pytest.raises(_ParsedError):
                importlib.import_module(own.module).main()
    assert set(every.PEERS) <= set(importlib.import_module("tables").METHODS)


def test_the_page_shows_what_the_results_say(run, monkeypatch: pytest.MonkeyPatch) -> None:
    every = importlib.import_module("all")
    harness = importlib.import_module("harness")
    monkeypatch.setattr(harness, "RESULTS", BENCHMARKS / "results")
    text = (BENCHMARKS / "README.md").read_text("utf-8")
    assert every.renewed(text)[0] == text, "python benchmarks/all.py --write"


def test_a_digest_of_code_is_one_of_what_it_does(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    harness = importlib.import_module("harness")
    monkeypatch.setattr(harness, "HERE", tmp_path)
    texts = ('"""One."""\nx = 1  # why\n', "x = (1)\n", "x = 2\n")
    digests = []
    for text in texts:
        (tmp_path / "thing.py").write_text(text, "utf-8")
        harness.code.cache_clear()
        digests.append(harness.code("thing"))
    harness.code.cache_clear()
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_results_that_were_written_make_no_other_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    harness = importlib.import_module("harness")
    here = tmp_path / "benchmarks"
    (here / "results").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    measured = here / "thing.py"
    told = [here / "results" / "thing.json", here / "README.md", tmp_path / "docs" / "page.md"]
    for path in (measured, *told):
        path.write_text("before\n", "utf-8")
    monkeypatch.setattr(harness, "HERE", here)
    author = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    found = []
    for changed in (told, [measured]):
        for path in changed:
            path.write_text("after\n", "utf-8")
        harness.commit.cache_clear()
        found.append(harness.commit())
    harness.commit.cache_clear()
    assert [name.endswith("-dirty") for name in found] == [False, True]


def test_later_rows_and_new_groups(run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"x": generator.normal(size=80), "day": np.arange(80), "who": np.arange(80) % 16})
    table["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(table["day"], unit="D")
    table["y"] = table["x"] + 0.1 * generator.normal(size=80)
    table.to_csv(tmp_path / "rows.csv", index=False)
    common = {"file": "rows.csv", "target": "y", "task": "regression", "n_rows": 80}
    index = [
        {**common, "name": "timed", "time": "day", "group": "", "dates": ["day"]},
        {**common, "name": "grouped", "time": "", "group": "who", "dates": ["day"]},
    ]
    (tmp_path / "index.json").write_text(json.dumps(index), "utf-8")
    methods = "leadline-folds;search;leadline, time to the last"
    record = run("ordered", str(tmp_path), "--methods", methods, "--max-depth", "1", "--candidates", "1")
    found = [(row["method"], row["name"], "failed" in row) for row in record["rows"]]
    assert found == [
        ("leadline-folds", "timed", False),
        ("leadline-folds", "grouped", False),
        ("search", "timed", False),
        ("search", "grouped", False),
        ("leadline, time to the last", "timed", False),
    ]
    assert all(row["rows"] == 60 for row in record["rows"])
    printed = capsys.readouterr().out
    assert "timed, RMSE / std, by time" in printed
    assert "test loss ÷ told" in printed


def test_awkward_files_beside_pandas(run, capsys: pytest.CaptureFixture[str]) -> None:
    record = run("reading")
    assert len(record["right"]["leadline"]) == record["files"]
    assert len(record["right"]["pandas"]) < record["files"] / 2
    assert "a file that not all read as it was meant" in capsys.readouterr().out


def test_errors_on_the_tables_from_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    rows = [
        {"method": method, "expression": "", "name": "stops", "split": 0, "task": "binary", "error": error}
        for method, error in (("leadline", 0.1), ("catboost", 0.2))
    ]
    tables = importlib.import_module("package_results").report({"rows": rows})
    assert "| stops: categories, jumps, time | judge, 1 − AUC |" in tables[""]
    assert "2.000; 1 of 1" in tables["kinds"]

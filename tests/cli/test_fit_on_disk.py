"""A table that stays on disk, from fit to predict, score and export."""

import json

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of two Parquet files."""
    path, generator = tmp_path_factory.mktemp("disk") / "rows", np.random.default_rng(0)
    path.mkdir()
    table = pd.DataFrame({"x": generator.normal(size=400), "colour": generator.choice(["red", "blue"], 400)})
    table["note"], table["w"] = generator.normal(size=400), 1.0 + np.arange(400) % 2
    table["class"] = np.where(table["x"] + (table["colour"] == "red") > 0.5, "up", "down")
    for i in range(2):
        table.iloc[i::2].to_parquet(path / f"{i}.parquet", row_group_size=50, index=False)
    return path


@pytest.fixture
def run(fit, folder):
    found = fit(folder, "class", "--drop", "note", "--weight", "w", "--max-rows", "150")
    assert found.exit_code == 0, found.stderr
    return found


def test_a_folder_is_fitted_in_parts_and_says_on_how_many_rows_depth_was_searched(run):
    assert "rows  400 rows, 2 columns used: 1 numeric, 1 categorical" in run.stderr + run.stdout
    said = " ".join(run.stdout.split())
    assert "note: depth is searched on 150 of" in said
    assert "the answer is trained on all of them" in said
    assert {path.name for path in run.folder.iterdir()} >= {
        "model.json",
        "model.safetensors",
        "study.db",
        "report.html",
    }


def test_predictions_and_scores_stream_too(run, folder, command, tmp_path):
    out = tmp_path / "predicted.csv"
    assert command("predict", run.folder, folder, "--proba", "--out", out).exit_code == 0
    predicted = pd.read_csv(out)
    assert list(predicted.columns) == ["class", "p(down)", "p(up)"]
    truth = pd.concat([pd.read_parquet(folder / f"{i}.parquet") for i in range(2)], ignore_index=True)
    assert len(predicted) == 400
    found = json.loads(command("score", run.folder, folder, "--json").stdout)
    assert found["rows"] == 400
    assert found["accuracy"] == pytest.approx((predicted["class"] == truth["class"]).mean())


def test_rows_without_a_target_are_left_out_and_predicted(fit, folder, command, tmp_path):
    path = tmp_path / "rows"
    path.mkdir()
    for i in range(2):
        table = pd.read_parquet(folder / f"{i}.parquet")
        table.loc[table.index[i::20], "class"] = None
        table.to_parquet(path / f"{i}.parquet", row_group_size=50, index=False)
    found = fit(path, "class", "--drop", "note", "--drop", "w", "--predict-missing")
    assert found.exit_code == 0, found.stderr
    said = " ".join(found.stdout.split())
    assert "note: 20 rows without a target are left out; --predict-missing predicts them" in said
    assert "20 rows without a target are predicted in" in said
    predicted = pd.read_csv(found.folder / "predictions.csv")
    assert predicted["row"].tolist() == [*range(1, 201, 20), *range(202, 401, 20)]
    every = command("predict", found.folder, path).stdout.splitlines()[1:]
    assert [every[row - 1] for row in predicted["row"]] == predicted["class"].tolist()


def test_what_needs_memory_is_refused(fit, folder):
    refused = fit(folder, "class", "--group", "colour")
    assert refused.exit_code == 2
    assert "--group and --time need a table in memory" in refused.stderr
    small = fit(folder, "class", "--memory", "1MB")
    assert small.exit_code == 2
    assert "memory must be a size such as 2GB" in small.stderr


def test_a_learning_curve_over_rows_is_printed_and_kept(fit, command, tmp_path):
    generator = np.random.default_rng(0)
    table = pd.DataFrame(generator.normal(size=(7000, 2)), columns=["a", "b"])
    table["class"] = np.where(table["a"] * table["b"] > 0, "up", "down")
    table.to_parquet(tmp_path / "rows.parquet", row_group_size=1000, index=False)
    found = fit(tmp_path / "rows.parquet", "class", "--learning-curve", "--memory", "2GB", "--json")
    assert found.exit_code == 0, found.stderr
    record = json.loads(found.stdout)
    assert [point["rows"] for point in record["rows_curve"]] == [560, 1700, record["data"]["training_rows"]]
    assert record["rows_sentence"] in " ".join(found.stderr.split())
    assert record["rows_sentence"] in (found.folder / "report.html").read_text("utf-8")
    # the smaller ladders are kept as well, so that a run that goes on trains nothing twice
    assert sorted(path.name for path in found.folder.glob("*.db")) == [
        "study-1700-rows.db",
        "study-560-rows.db",
        "study.db",
    ]

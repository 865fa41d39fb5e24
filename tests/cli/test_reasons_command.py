"""`leadline explain RUN --rows DATA`: what columns add to predictions, printed, as CSV and as JSON."""

import json

import numpy as np
import pandas as pd
import pytest

import leadline


def told(result) -> str:
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_every_row_sums_to_its_prediction(numbers_run, command, tmp_path):
    said = told(command("explain", numbers_run.folder, "--rows", numbers_run.data, "--out", tmp_path / "why.csv"))
    assert said.strip() == str(tmp_path / "why.csv")
    table = pd.read_csv(tmp_path / "why.csv")
    model = leadline.load(numbers_run.folder)
    columns = [column.name for column in model.model_.layout.columns]
    assert table.columns.tolist() == [
        "row", "output", "base", *columns, "total", *(f"± {column}" for column in columns),
    ]  # fmt: skip
    predicted = model.predict(pd.read_csv(numbers_run.data).drop(columns="spends"))
    np.testing.assert_allclose(table["total"], predicted, rtol=1e-6)
    np.testing.assert_allclose(table[["base", *columns]].sum(axis=1), predicted, rtol=1e-6)
    assert table["row"].tolist() == list(range(1, len(predicted) + 1))


def test_a_few_rows_are_printed_with_what_they_are_compared_with(classes_run, command):
    said = told(command("explain", classes_run.folder, "--rows", classes_run.data, "--row", "3"))
    lines = said.splitlines()
    assert lines[0].startswith("scores of ")
    assert lines[0].endswith(", against 50 rows of table.csv; ± is their spread")
    assert sum(line.startswith("row ") for line in lines) == 5
    assert any(line.startswith("row 3: log odds of yes ") for line in lines)
    assert "more rows: --row 8, or --out FILE.csv or --json for all of them" in lines[-1]
    alone = told(command("explain", classes_run.folder, "--rows", classes_run.data, "--row", "120"))
    assert "more rows" not in alone


def test_probabilities_and_another_background(classes_run, command, tmp_path):
    pd.read_csv(classes_run.data)[:7].to_csv(tmp_path / "few.csv", index=False)
    words = ("explain", classes_run.folder, "--rows", classes_run.data, "--background", tmp_path / "few.csv")
    record = json.loads(told(command(*words, "--proba", "--json")))
    assert record["of"] == "predictions"
    assert record["background"] == "7 rows of few.csv"
    model = leadline.load(classes_run.folder)
    predicted = model.predict_proba(pd.read_csv(classes_run.data).drop(columns="buys"))
    for row, wanted in zip(record["rows"], predicted, strict=True):
        parts = np.sum([own["adds"] for own in row["columns"]], axis=0)
        np.testing.assert_allclose(list(record["base"].values()) + parts, wanted, atol=1e-9)
        np.testing.assert_allclose(list(row["total"].values()), wanted, atol=1e-9)


def test_a_saved_model_has_no_table_and_says_so(classes_run, command, tmp_path):
    leadline.load(classes_run.folder).save(tmp_path / "saved")
    said = told(command("explain", tmp_path / "saved", "--rows", classes_run.data, "--row", "120"))
    assert "against the row of medians and commonest categories; " in said.splitlines()[0]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--rows", "DATA", "--trace"], "--rows stands with a run"),
        (["--rows", "DATA", "--row", "500"], "--row must be from 1 to 120"),
        (["--rows", "DATA", "--proba"], "--proba needs a classifier"),
        (["--proba"], "--background and --proba are for --rows"),
        (["--rows", "nothing.csv"], "nothing.csv"),
    ],
)
def test_what_cannot_be_explained_is_refused(numbers_run, command, more, expected):
    words = [str(numbers_run.data) if word == "DATA" else word for word in more]
    result = command("explain", numbers_run.folder, *words)
    assert result.exit_code == 2
    assert expected in result.stderr


def test_rows_need_a_run(classes_run, command):
    result = command("explain", "--rows", classes_run.data)
    assert result.exit_code == 2
    assert "--rows needs a trained model" in result.stderr

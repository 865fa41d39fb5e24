"""Bad input: exit code 2, one clear sentence that names the thing and says what to do, and no run folder."""

import os

import numpy as np
import pandas as pd
import pytest

from leadline.training import devices


def assert_refused(result, *words):
    """The command ended with code 2 and one line that holds the words; nothing was printed or written beside it."""
    assert result.exit_code == 2, result.stderr
    assert result.stderr.startswith("leadline: ")
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith((".\n", "?\n"))
    for word in words:
        assert word in result.stderr
    assert not result.folder.exists()


def table_of(n=40, **columns):
    generator = np.random.default_rng(1)
    return pd.DataFrame({"a": generator.normal(size=n).round(3), "b": generator.normal(size=n).round(3), **columns})


# Files


def test_a_file_that_is_not_there(fit, tmp_path):
    table_of().to_csv(tmp_path / "housing.csv")
    result = fit(tmp_path / "housin.csv", "a")
    assert_refused(result, "housin.csv: no such file", "Did you mean 'housing.csv'?")


def test_an_empty_file(fit, tmp_path):
    (tmp_path / "t.csv").write_bytes(b"")
    assert_refused(fit(tmp_path / "t.csv", "a"), "t.csv is empty", "it needs a line with column names")


def test_a_header_without_rows(fit, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n")
    assert_refused(fit(tmp_path / "t.csv", "a"), "t.csv has 2 columns but no rows", "needs a line for each row")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", b"\x89PNG\r\n\x1a\n", "save it as CSV in UTF-8"),
        ("t.csv", b"a,b\n1,2\n3,4,5\n", "line 3"),
        ("t.csv", b"a,b\n1,2,3\n4,5,6\n", "name every column"),
        ("t.csv.gz", b"a,b\n1,2\n", "cannot be read"),
        ("t.parquet", b"PAR1", "not a Parquet table"),
        ("t.docx", b"PK", "known are .csv"),
    ],
)
def test_a_file_that_is_not_a_table(fit, tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert_refused(fit(tmp_path / name, "a"), name, words)


def test_a_number_too_large_for_any_column(fit, tmp_path):
    (tmp_path / "t.jsonl").write_text('{"a": 1, "b": 2}\n{"a": 3, "b": 1' + "0" * 400 + "}\n")
    assert_refused(fit(tmp_path / "t.jsonl", "a"), "Column 'b' has too large a number in row 2", "replace it")


def test_a_folder_without_tables(fit, tmp_path):
    assert_refused(fit(tmp_path, "a"), f"{tmp_path} has no table", ".parquet")


# Columns


def test_an_unknown_target_with_the_nearest_name(fit):
    result = fit(table_of(median_house_value=1.5), "median_hous_value")
    assert_refused(result, "no target column 'median_hous_value'", "Did you mean 'median_house_value'?", "a, b")


def test_a_column_name_that_is_used_twice(fit, tmp_path):
    (tmp_path / "t.csv").write_text("a,b,a\n1,2,3\n")
    assert_refused(fit(tmp_path / "t.csv", "b"), "more than one column named 'a'", "a name of its own")


@pytest.mark.parametrize(("value", "written"), [(np.inf, "inf"), (-np.inf, "-inf")])
def test_an_infinite_value_with_column_and_row(fit, value, written):
    table = table_of(y=np.arange(40.0) + 0.5)
    table.loc[6, "b"] = value
    assert_refused(fit(table, "y"), f"Column 'b' has an infinite value in row 7 ({written})", "Replace it by a number")


def test_a_table_with_nothing_but_the_target(fit):
    assert_refused(fit(table_of()[["a"]], "a"), "no column beside 'a'")


def test_a_table_whose_columns_say_nothing(fit):
    table = table_of(k=1, e=np.nan).drop(columns="b")
    assert_refused(fit(table, "a"), "No column is left", "'k' is constant (1)", "'e' is entirely missing")


# Targets


@pytest.mark.parametrize(("value", "written"), [("no", "'no'"), (1, "1"), (True, "True")])
def test_a_target_with_one_class(fit, value, written):
    result = fit(table_of(y=value), "y")
    assert_refused(result, f"'y' has only one class ({written})", "At least two classes")


@pytest.mark.parametrize(("value", "options"), [(1.5, []), (3, ["--task", "regression"])])
def test_a_target_that_is_equal_in_all_rows(fit, value, options):
    result = fit(table_of(y=value), "y", *options)
    assert_refused(result, f"'y' is {value} in every row", "Give rows with different values")


@pytest.mark.parametrize(("values", "written"), [(["p", "q"] * 19 + ["p", "r"], "'r'"), ([0, 1] * 19 + [0, 5], "5")])
def test_a_class_with_a_single_row(fit, values, written):
    result = fit(table_of(y=values), "y")
    assert_refused(result, f"'y' has a class with a single row, {written} (row 40)", "Leave the row out")


def test_a_number_of_classes_like_that_of_rows_suggests_a_regression(fit):
    table = table_of(y=[f"{i}/5" for i in range(40)])
    assert_refused(fit(table, "y"), "single row", "--task regression")


def test_an_infinite_target_with_its_row(fit):
    table = table_of(y=np.arange(40.0) + 0.5)
    table.loc[2, "y"] = np.inf
    assert_refused(fit(table, "y"), "The target 'y' has an infinite value", "row 3", "leave the row out")


def test_a_target_of_text_in_a_regression(fit):
    table = table_of(y=["u", "v"] * 20)
    assert_refused(fit(table, "y", "--task", "regression"), "'y' must hold numbers", "row 1 has 'u'")


def test_a_target_of_dates(fit, tmp_path):
    table = table_of(y=pd.to_datetime(["2026-01-01", "2026-01-02"] * 20))
    table.to_parquet(tmp_path / "t.parquet")
    assert_refused(fit(tmp_path / "t.parquet", "y"), "'y' holds dates", "days since a date")


# Rows, folds, groups


def test_fewer_rows_than_folds(fit):
    result = fit(table_of(4), "a", "--cv", "5")
    assert_refused(result, "4 rows are too few", "5 folds", "Give more rows, or a smaller --cv")


def test_fewer_groups_than_folds(fit):
    result = fit(table_of(group=[f"g{i % 5}" for i in range(40)]), "a", "--group", "group", "--cv", "5")
    assert_refused(result, "5 groups are too few", "5 folds", "Give more groups")


@pytest.mark.parametrize("share", ["0.9", "0.5"])
def test_a_hold_out_that_leaves_too_little(fit, share):
    assert_refused(fit(table_of(3), "a", "--test-size", share), "3 rows are too few", "--test-size")


@pytest.mark.parametrize("share", ["0", "1", "-0.2", "20", "nan"])
def test_a_hold_out_that_is_no_share(fit, share):
    assert_refused(fit(table_of(), "a", f"--test-size={share}"), "--test-size must be a share between 0 and 1")


def test_a_class_whose_only_group_falls_into_the_test(fit):
    table = table_of(group=[f"g{i % 4}" for i in range(40)])
    # every class lives in one group, so the class of the test group cannot be learned
    result = fit(table.assign(y=table["group"].str.replace("g", "class ")), "y", "--group", "group")
    assert_refused(result, "All rows of the class 'class ", "rows in several groups")


def test_a_group_that_is_missing_in_a_row(fit):
    table = table_of(group=[f"g{i % 4}" for i in range(40)])
    table.loc[7, "group"] = None
    assert_refused(fit(table, "a", "--group", "group"), "'group' has missing values, the first in row 8")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (-1, "row 2 has -1"),
        (np.nan, "row 2 has no value"),
        (np.inf, "row 2 has inf"),
        ("heavy", "row 2 has 'heavy'"),
    ],
)
def test_a_weight_that_is_none_with_its_row(fit, value, words):
    table = table_of(w=1.0).astype({"w": object})
    table.loc[1, "w"] = value
    assert_refused(fit(table, "a", "--weight", "w"), "weight column 'w' must hold numbers of at least 0", words)


def test_weights_that_are_all_zero(fit):
    assert_refused(fit(table_of(w=0), "a", "--weight", "w"), "'w' is 0 in every row", "at least one row must count")


@pytest.mark.parametrize("option", ["--weight", "--group", "--drop"])
def test_a_column_that_an_option_names_and_the_table_lacks(fit, option):
    result = fit(table_of(region=1.5), "a", option, "regoin")
    assert_refused(result, f"no {option if option == '--drop' else option[2:]} column 'regoin'", "mean 'region'?")


def test_the_target_cannot_be_dropped(fit):
    assert_refused(fit(table_of(), "a", "--drop", "a"), "--drop 'a'", "target")


# Options


def test_an_unknown_task_with_the_nearest_one(fit):
    assert_refused(fit(table_of(), "a", "--task", "regresion"), "'regresion'", "Did you mean 'regression'?")


def test_an_unknown_metric_with_the_nearest_one(fit):
    result = fit(table_of(), "a", "--metric", "rmsee")
    assert_refused(result, "'rmsee'", "Did you mean 'rmse'?")


@pytest.mark.parametrize("metric", ["auc", "log_loss", "accuracy"])
def test_a_metric_of_classes_for_a_regression(fit, metric):
    result = fit(table_of(), "a", "--metric", metric)
    assert_refused(result, f"--metric {metric!r} cannot judge a regression of 'a'", "such as rmse")


@pytest.mark.parametrize("metric", ["rmse", "mae", "r2", "f1"])
def test_a_metric_that_cannot_judge_these_classes(fit, metric):
    result = fit(table_of(y=["u", "v", "w", "u"] * 10), "y", "--metric", metric)
    assert_refused(result, f"--metric {metric!r} cannot judge a classification of 'y'", "such as log_loss")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--cv", "1"),
        ("--max-depth", "0"),
        ("--candidates", "0"),
        ("--epochs", "0"),
        ("--jobs", "0"),
        ("--seed", "-1"),
        ("--seed", str(2**32)),
        ("--cv", "three"),
        ("--time-limit", "0"),
        ("--time-limit", "-5"),
        ("--time-limit", "nan"),
        ("--time-limit", "inf"),
    ],
)
def test_an_option_out_of_its_range_is_wrong_usage(fit, option, value):
    result = fit(table_of(), "a", option, value)
    assert result.exit_code == 2
    assert f"Invalid value for '{option}'" in result.stderr
    assert not result.folder.exists()


@pytest.mark.parametrize("loss", ["rmse", "huber(-1)", "quantile(2)", "cross_entropy"])
def test_a_loss_that_is_none_of_numbers(fit, loss):
    assert_refused(fit(table_of(), "a", "--loss", loss), "--loss must be 'squared_error', ", f"got {loss!r}")


@pytest.mark.parametrize("option", ["--weight", "--group", "--time"])
def test_a_column_that_is_the_target_and_something_else(fit, option):
    assert_refused(fit(table_of(), "a", option, "a"), f"{option} 'a' names the target", "give another column")


def test_a_device_that_is_none_is_told_by_its_option(fit):
    assert_refused(fit(table_of(), "a", "--device", "gpu"), "--device must be 'auto', 'cpu', 'cuda'", "got 'gpu'")


def test_a_device_that_is_not_there_with_what_to_install(fit, monkeypatch):
    monkeypatch.setattr(devices, "find_spec", lambda name: None)
    result = fit(table_of(), "a", "--device", "cuda")
    assert_refused(result, "The device 'cuda' needs PyTorch", "pip install 'leadline[gpu]'")


def test_a_selection_that_is_none_is_told_by_its_option(fit):
    result = fit(table_of(), "a", "--select", "foo")
    assert result.exit_code == 2
    assert result.stderr == (
        "leadline: --select must be one of 'supported', 'one_standard_error', 'best'; got 'foo'.\n"
    )
    assert not result.folder.exists()


@pytest.mark.parametrize(
    "words",
    [["report", "RUN", "--out", "."], ["inspect", "RUN", "DATA", "--out", "."], ["export", "RUN", "."]],
)
def test_a_file_to_write_that_is_a_folder(command, numbers_run, words):
    result = command(*({"RUN": numbers_run.folder, "DATA": numbers_run.data}.get(word, word) for word in words))
    assert result.exit_code == 2
    assert ". is a folder; give the file to write." in result.stderr


def test_a_loss_of_numbers_for_classes(fit):
    result = fit(table_of(y=["u", "v"] * 20), "y", "--loss", "huber(1)")
    assert_refused(result, "--loss 'huber(1)' is of numbers, and 'y' is predicted as classes")


# Places


def test_a_folder_that_holds_a_run_is_left_as_it_is(numbers_run, command):
    before = {path.name: path.read_bytes() for path in numbers_run.folder.iterdir()}
    result = command("fit", numbers_run.data, "--target", "spends", "--out", numbers_run.folder)
    assert result.exit_code == 2
    assert result.stderr == (
        f"leadline: {numbers_run.folder} already holds a run; give another folder with --out, or remove it.\n"
    )
    assert {path.name: path.read_bytes() for path in numbers_run.folder.iterdir()} == before


@pytest.mark.parametrize("below", ["", "run"])
def test_a_run_folder_cannot_be_a_file_or_lie_below_one(command, tmp_path, below):
    table_of().to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "file").write_text("mine")
    result = command("fit", tmp_path / "t.csv", "--target", "a", "--out", tmp_path / "file" / below)
    assert result.exit_code == 2
    assert f"{tmp_path / 'file'} is a file" in result.stderr
    assert "--out" in result.stderr
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_without_permission_to_write(command, tmp_path):
    table_of().to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "locked").mkdir(mode=0o555)
    result = command("fit", tmp_path / "t.csv", "--target", "a", "--out", tmp_path / "locked" / "run")
    assert result.exit_code == 2
    assert f"no permission in {tmp_path / 'locked'}" in result.stderr


def test_a_place_that_the_system_does_not_let_write(command, tmp_path, monkeypatch):
    table_of().to_csv(tmp_path / "t.csv", index=False)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    result = command("fit", tmp_path / "t.csv", "--target", "a", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert f"{tmp_path / 'run'} cannot be written: no permission in {tmp_path}" in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_folder_that_was_there_before_is_not_removed(fit, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    result = fit(table_of(y=1.5), "y")
    assert result.exit_code == 2
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["notes.txt"]


# What is handled with a notice instead


def test_columns_that_are_missing_constant_or_identifiers_are_left_out_with_a_notice(fit):
    result = fit(table_of(e=np.nan, k="same", i=[f"row {i}" for i in range(40)]), "a")
    assert result.exit_code == 0, result.stderr
    assert "note: column 'e' is not used: it is entirely missing" in result.stdout
    assert "note: column 'k' is not used: it is constant (same)" in result.stdout
    assert "note: column 'i' is not used: it is text whose values all differ, an identifier" in result.stdout
    assert "1 columns used" not in result.stdout


def test_a_class_with_fewer_rows_than_folds_is_trained_with_a_notice(fit):
    result = fit(table_of(y=["p"] * 4 + ["q"] * 36), "y", "--cv", "5")
    assert result.exit_code == 0, result.stderr
    assert "note: class p has 3 rows, fewer than the 5 folds" in result.stdout
    assert (result.folder / "model.json").exists()

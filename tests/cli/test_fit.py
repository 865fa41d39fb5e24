"""`leadline fit`: what it writes, what it prints, and what its options do."""

import html
import json
import re
import shlex
import sqlite3

import numpy as np
import pandas as pd
import pytest

import leadline
from leadline.errors import DataError
from leadline.search import ADDITIVE, Ladder, Study, UnitKey, UnitResult

RUN_FILES = ["model.json", "model.safetensors", "report.html", "study.db"]


def record_of(result):
    """The JSON that the command printed."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def weights(result):
    assert result.exit_code == 0, result.stderr
    return (result.folder / "model.safetensors").read_bytes()


def stated(result):
    """The record of the run that its study keeps."""
    assert result.exit_code == 0, result.stderr
    return Study.read(result.folder / "study.db").fact("run")


# What is written


@pytest.mark.parametrize("run", ["classes_run", "numbers_run"])
def test_a_run_folder_holds_model_study_and_report_and_nothing_else(run, request):
    folder = request.getfixturevalue(run).folder
    assert sorted(path.name for path in folder.iterdir()) == RUN_FILES


def test_the_model_can_be_loaded_from_python(classes_run, numbers_run):
    assert isinstance(leadline.load(classes_run.folder), leadline.DeepClassifier)
    assert isinstance(leadline.load(numbers_run.folder), leadline.DeepRegressor)


@pytest.fixture(scope="module")
def wave(tmp_path_factory):
    """A table whose target bends with one column, so that a hidden layer earns its place."""
    x = np.random.default_rng(0).normal(size=(240, 2))
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": np.sin(3 * x[:, 0]) * x[:, 1] + x[:, 0]})


def test_the_networks_count_alike_in_the_model(fit, wave):
    result = fit(wave, "y", "--epochs", "30")
    assert stated(result)["depth"] == 2
    weights = [member.weight for member in leadline.load(result.folder).model_.members]
    assert len(weights) == 8
    assert len(set(weights)) == 1


def test_the_study_keeps_every_network_and_the_conclusions(classes_run):
    study = Study.read(classes_run.folder / "study.db")
    record = record_of(classes_run)
    for row in [*record["ladder"], record["additive"]]:
        assert len(study.unit_keys(row["L"])) == row["networks"]
    assert study.fact("verdict")["depth"] == record["depth"]
    assert study.fact("run")["test"] == record["test"]


def test_the_study_is_an_sqlite_file(classes_run):
    with sqlite3.connect(classes_run.folder / "study.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_report_says_what_the_command_says(classes_run, numbers_run):
    assert record_of(classes_run)["sentence"] in (classes_run.folder / "report.html").read_text("utf-8")
    assert stated(numbers_run)["sentence"] in numbers_run.stdout


def test_the_same_command_gives_the_same_model(people, tmp_path, command):
    people.to_csv(tmp_path / "t.csv", index=False)
    words = ["fit", tmp_path / "t.csv", "--target", "spends", "--drop", "buys", "--epochs", "5", "--cv", "2"]
    words += ["--max-depth", "2", "--candidates", "2"]
    for name, jobs in (("a", "1"), ("b", "2")):
        assert command(*words, "--out", tmp_path / name, "--jobs", jobs).exit_code == 0
    for name in ("model.safetensors", "model.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_seed_changes_the_model(fit, people, numbers_run):
    assert weights(fit(people.drop(columns="buys"), "spends", "--seed", "7")) != weights(numbers_run)


def test_without_out_the_run_is_named_after_the_file_in_the_working_folder(command, people, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    people.to_csv("my table.csv", index=False)
    words = ["--target", "buys", "--epochs", "2", "--cv", "2", "--max-depth", "1", "--candidates", "1"]
    for number in (1, 2):
        result = command("fit", "my table.csv", *words)
        assert result.exit_code == 0, result.stderr
        (folder,) = (path for path in (tmp_path / "runs").iterdir() if path.name.endswith(f"-{number}"))
        assert folder.name.startswith("my-table-")
        assert f"runs/{folder.name}/report.html" in result.stdout.replace("\\", "/")


# What is printed


def test_people_see_the_table_the_ladder_the_verdict_the_test_and_the_place(numbers_run):
    lines = numbers_run.stdout.splitlines()
    assert lines[:3] == [
        "table.csv  120 rows, 5 columns used: 2 numeric (1 with missing values), 3 categorical (1 with missing values)",
        "read as UTF-8, separated by commas, decimal point",
        "spends: regression, 2 folds, seed 0",
    ]
    head = next(i for i, line in enumerate(lines) if "hidden units" in line)
    assert "RMSE ± s.e." in lines[head]
    assert lines[head + 1].split()[:2] == ["1", "–"]
    assert "linear regression" in lines[head + 1]
    assert lines[head + 2].split()[:2] == ["additive", "–"]
    assert lines[head + 3].split()[0] == "2"
    assert lines[head + 4] == ""
    assert any(line.startswith("L = ") for line in lines)
    assert any(line.startswith("Test rows held out (24): RMSE ") for line in lines)
    assert lines[-1] == str(numbers_run.folder / "report.html")
    assert numbers_run.stderr == ""


def test_json_is_all_there_is_on_standard_output_and_people_read_standard_error(classes_run):
    record = record_of(classes_run)
    assert record["run"] == str(classes_run.folder)
    assert record["task"] == "classification"
    assert [row["L"] for row in record["ladder"]] == [1, 2]
    assert set(record["test"]["scores"][0]) == {"L", "log loss", "accuracy", "AUC"}
    assert "hidden units" in classes_run.stderr
    assert record["sentence"] in classes_run.stderr


def test_json_has_null_where_there_is_no_number(fit, people):
    # one class is so rare that the test lacks it, and its AUC is not defined
    people.loc[:, "buys"] = ["rare"] * 2 + ["common"] * 118
    record = record_of(fit(people, "buys", "--json"))
    assert record["test"]["scores"][0]["AUC"] is None
    assert record["ladder"][0]["p_value"] is None


def test_quiet_prints_nothing(fit, people):
    result = fit(people, "buys", "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert (result.folder / "report.html").exists()


def test_quiet_with_json_prints_nothing_but_json(fit, people):
    result = fit(people, "buys", "--quiet", "--json")
    assert record_of(result)["target"] == "buys"
    assert result.stderr == ""


def test_names_are_printed_as_they_are_written(fit, people, tmp_path):
    (tmp_path / "[red]").mkdir()
    people[":car: [bold]x"] = 1
    people.to_csv(tmp_path / "[red]" / "t.csv", index=False)
    result = fit(tmp_path / "[red]" / "t.csv", "buys", "--out", tmp_path / "[red]" / "run")
    assert result.exit_code == 0, result.stderr
    assert "note: column ':car: [bold]x' is not used" in result.stdout
    assert f"{tmp_path / '[red]' / 'run'}/ holds the model" in result.stdout
    assert result.stdout.splitlines()[-1] == str(tmp_path / "[red]" / "run" / "report.html")


# The table


def test_csv_packed_csv_and_parquet_give_the_same_result(fit, people, tmp_path, command):
    tables = [tmp_path / name for name in ("t.csv", "t.csv.gz", "t.parquet")]
    people.to_csv(tables[0], index=False)
    people.to_csv(tables[1], index=False)
    people.to_parquet(tables[2])
    found = []
    for table in tables:
        result = fit(table, "buys", "--json", "--out", tmp_path / table.name.replace(".", "-"))
        record = record_of(result)
        predicted = command("predict", record["run"], table, "--proba")
        found.append((record["test"], predicted.stdout))
    assert found[0] == found[1] == found[2]


def test_the_test_rows_are_a_fifth_by_default_and_classes_keep_their_shares(classes_run):
    record = record_of(classes_run)
    assert (record["data"]["training_rows"], record["test"]["rows"]) == (96, 24)


def test_test_size_sets_the_share_of_the_test_rows(fit, people):
    assert record_of(fit(people, "buys", "--json", "--test-size", "0.5"))["test"]["rows"] == 60


@pytest.mark.parametrize(("options", "task"), [([], "classification"), (["--task", "regression"], "regression")])
def test_the_task_is_guessed_unless_it_is_set(fit, people, options, task):
    people["stars"] = np.arange(120) % 5
    assert stated(fit(people, "stars", *options))["task"] == task


@pytest.mark.parametrize(
    ("target", "metric", "label"),
    [("buys", None, "log loss"), ("spends", None, "RMSE"), ("buys", "auc", "AUC"), ("spends", "mae", "MAE")],
)
def test_the_metric_is_log_loss_or_rmse_unless_another_is_asked_for(fit, people, target, metric, label):
    result = fit(people, target, *([] if metric is None else ["--metric", metric]))
    assert stated(result)["metric"]["label"] == label
    assert f"{label} ± s.e." in result.stdout


def test_epochs_candidates_and_folds_are_as_many_as_asked_for(fit, people):
    result = fit(people, "buys", "--epochs", "7", "--candidates", "3", "--cv", "3", "--max-depth", "3")
    assert stated(result)["settings"]["max_iter"] == 7
    study = Study.read(result.folder / "study.db")
    keys = study.unit_keys()
    assert {key.depth for key in keys} == {1, ADDITIVE, 2, 3}
    assert {key.candidate for key in keys if key.depth > 1} == {0, 1, 2}
    assert {key.candidate for key in keys if key.depth == ADDITIVE} == {0}
    assert {key.fold for key in keys} == {0, 1, 2}
    assert max(len(study.result(key).losses) for key in keys if key.depth > 1) == 7


@pytest.mark.parametrize(("options", "n_jobs"), [([], -1), (["--jobs", "3"], 3)])
def test_jobs_are_all_cores_unless_a_number_is_asked_for(fit, people, monkeypatch, options, n_jobs):
    asked = []
    climb = Ladder.climb
    monkeypatch.setattr(Ladder, "climb", lambda self, *given: (asked.append(self.n_jobs), climb(self, *given)))
    assert fit(people, "buys", *options).exit_code == 0
    assert asked == [n_jobs]


def test_max_depth_one_judges_nothing_but_the_linear_model(fit, people):
    result = fit(people, "buys", "--max-depth", "1")
    assert [row["L"] for row in stated(result)["ladder"]] == [1]
    assert "Only L = 1, logistic regression, was judged" in result.stdout


def test_an_ensemble_predicts_by_networks_of_all_depths(fit, wave, numbers_run):
    result = fit(wave, "y", "--ensemble", "--epochs", "8")
    assert result.exit_code == 0, result.stderr
    assert {plan.architecture.L for plan in leadline.load(result.folder).model_.plans} == {1, 2}
    assert {plan.architecture.L for plan in leadline.load(numbers_run.folder).model_.plans} != {1, 2}
    page = (result.folder / "report.html").read_text("utf-8")
    assert "and others, an ensemble" in page
    assert "--ensemble" in re.search(r"<code>(leadline fit .*?)</code>", page)[1].split()


def test_refit_predicts_by_one_network(fit, people):
    result = fit(people, "spends", "--refit")
    assert result.exit_code == 0, result.stderr
    assert len(leadline.load(result.folder).model_.members) == 1


def test_an_ensemble_of_one_network_is_refused(fit, people):
    result = fit(people, "spends", "--refit", "--ensemble")
    assert result.exit_code == 2
    assert "leave one of them" in result.stderr
    assert not result.folder.exists()


def test_without_an_additive_model_nothing_is_said_of_one(fit, people):
    result = fit(people, "buys", "--no-additive")
    record = stated(result)
    assert record["additive"] is None
    assert ADDITIVE not in {row["L"] for row in record["test"]["scores"]}
    assert ADDITIVE not in {key.depth for key in Study.read(result.folder / "study.db").unit_keys()}
    page = (result.folder / "report.html").read_text("utf-8")
    assert "\n  additive" not in result.stdout
    assert "The additive model has no hidden layer" not in page
    assert "Curves of single columns" not in page
    assert "--no-additive" in re.search(r"<code>(leadline fit .*?)</code>", page)[1].split()


def test_the_additive_model_is_judged_beside_the_depths_and_tested(numbers_run):
    record = stated(numbers_run)
    assert record["additive"]["L"] == ADDITIVE
    assert ADDITIVE not in {row["L"] for row in record["ladder"]}
    assert ADDITIVE in {row["L"] for row in record["test"]["scores"]}
    assert "additive" not in next(line for line in numbers_run.stdout.splitlines() if line.startswith("Test rows"))


@pytest.mark.parametrize(
    ("more", "folds"), [([], "5 folds"), (["--cv", "3"], "3 folds"), (["--repeats", "2"], "5 folds")]
)
def test_folds_are_as_many_as_networks_are_averaged_unless_a_number_is_asked_for(
    people, command, tmp_path, more, folds
):
    # the rarer class has five rows in training, so there are no more folds
    table = people.assign(buys=["yes" if i % 20 == 0 else "no" for i in range(len(people))])
    table.to_csv(tmp_path / "t.csv", index=False)
    words = ["--target", "buys", "--epochs", "2", "--max-depth", "1", "--out", tmp_path / "run", *more]
    result = command("fit", tmp_path / "t.csv", *words)
    assert result.exit_code == 0, result.stderr
    assert f"buys: classification, 2 classes, {folds}, seed 0" in result.stdout


def test_there_are_eight_folds_where_nobody_says_otherwise_and_five_in_the_order_of_time(people, command, tmp_path):
    people.assign(day=range(len(people))).to_csv(tmp_path / "t.csv", index=False)
    words = ["--target", "spends", "--epochs", "2", "--max-depth", "1"]
    said = [command("fit", tmp_path / "t.csv", *words, "--out", tmp_path / "a")]
    said.append(command("fit", tmp_path / "t.csv", *words, "--time", "day", "--out", tmp_path / "b"))
    assert "spends: regression, 8 folds, seed 0" in said[0].stdout
    assert "spends: regression, 5 folds in the order of 'day', seed 0" in said[1].stdout


def test_the_margin_is_what_does_not_matter(fit, people):
    result = fit(people, "spends", "--margin", "0.3")
    assert stated(result)["margin"] == 0.3
    assert "or within 30 % of it" in stated(result)["confidence"]
    assert "or within 30 % of the best" in (result.folder / "report.html").read_text("utf-8")


def test_a_margin_of_everything_is_refused(fit, people):
    for margin in ("1.5", "-0.1", "1"):
        result = fit(people, "spends", "--margin", margin)
        assert result.exit_code == 2
        assert not result.folder.exists()


# Columns with a part of their own


def test_a_dropped_column_is_not_used_and_not_needed_later(fit, people, tmp_path, command):
    result = fit(people, "buys", "--drop", "spends", "--drop", "zip")
    assert stated(result)["data"]["columns"] == ["age", "city", "income", "member"]
    people[["city", "age", "income", "member"]].to_csv(tmp_path / "new.csv", index=False)
    assert command("predict", result.folder, tmp_path / "new.csv").exit_code == 0


def test_weight_and_group_columns_are_not_features(fit, people):
    people["w"] = 1.0
    people["household"] = np.arange(120) // 4
    result = fit(people, "spends", "--weight", "w", "--group", "household", "--drop", "buys")
    assert stated(result)["data"]["columns"] == ["age", "city", "income", "member", "zip"]


def test_weights_of_one_change_nothing(fit, people, numbers_run):
    people["w"] = 1
    weighted = fit(people.drop(columns="buys"), "spends", "--weight", "w")
    assert weights(weighted) == weights(numbers_run)
    assert stated(weighted)["test"] == stated(numbers_run)["test"]


def test_rows_of_weight_zero_change_nothing_and_are_told(fit, people, numbers_run):
    strange = people.iloc[:30].assign(w=0, spends=1e6, age=1000, zip="other", city="Rome")
    table = pd.concat([people.assign(w=1), strange]).drop(columns="buys")
    result = fit(table, "spends", "--weight", "w")
    assert weights(result) == weights(numbers_run)
    assert stated(result)["test"] == stated(numbers_run)["test"]
    assert "note: 30 rows of weight 0 are not used" in result.stdout


def test_weights_change_the_model_and_the_test_score(fit, people, numbers_run):
    people["w"] = np.linspace(0.1, 5, 120)
    result = fit(people.drop(columns="buys"), "spends", "--weight", "w")
    assert weights(result) != weights(numbers_run)
    assert stated(result)["test"]["scores"] != stated(numbers_run)["test"]["scores"]


def test_whole_groups_are_held_out_and_whole_groups_make_a_fold(fit, people):
    # 12 groups of 10 rows: a fifth of the groups are 3, while a fifth of the rows would be 24
    people["household"] = [f"h{i % 12}" for i in range(120)]
    result = fit(people, "buys", "--group", "household")
    record = stated(result)
    assert record["test"]["rows"] == 30
    assert record["data"]["training_rows"] == 90
    # 9 groups are left, so 2 folds of whole groups differ in size, while 2 folds of the rows would be 45 each
    folds = Study.read(result.folder / "study.db").fact("folds")
    assert sorted(n_test for _, n_test in folds) in ([40, 50], [30, 60])


# Limits


def test_a_time_limit_that_ends_before_an_answer_is_told_with_what_is_kept(fit, people):
    result = fit(people, "buys", "--time-limit", "1e-9")
    assert result.exit_code == 1
    assert "The time limit came before the first depth was judged; allow more time" in result.stderr
    assert "Nothing was written." in result.stderr
    assert not result.folder.exists()


def test_a_search_that_fails_altogether_leaves_no_folder(fit, people, monkeypatch):
    def fail(*given):
        raise DataError("No depth could be judged: every network failed.")

    monkeypatch.setattr("leadline.search.Ladder.climb", fail)
    result = fit(people, "buys")
    assert result.exit_code == 2
    assert "No depth could be judged" in result.stderr
    assert not result.folder.exists()


def test_an_interrupt_before_anything_is_written_says_so(fit, people, monkeypatch):
    def interrupt(*given, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr("leadline.estimators.DepthSearchCV.fit", interrupt)
    result = fit(people, "buys")
    assert result.exit_code == 130
    assert "Interrupted. Nothing was written." in result.stderr
    assert not result.folder.exists()


@pytest.mark.parametrize(
    ("depths", "judged"), [([], "no depth judged yet"), ([1], "L = 1 judged"), ([1, 2, 3], "L = 1 to 3 judged")]
)
def test_what_an_interrupt_leaves_is_told_by_depth(fit, people, monkeypatch, depths, judged):
    def climb(ladder, *given):
        ladder.study.record([(UnitKey(1, 0, 0, 0, 5), UnitResult("done"))])
        for L in depths:
            ladder.listener.inner.results[L] = None
        raise KeyboardInterrupt

    monkeypatch.setattr(Ladder, "climb", climb)
    result = fit(people, "buys")
    assert result.exit_code == 130
    assert f"keeps every network that was finished ({judged})" in result.stderr


def test_an_interrupt_later_says_which_depths_are_kept(fit, people, monkeypatch):
    def interrupt(*given, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr("leadline.cli.fit.build_report", interrupt)
    result = fit(people, "buys")
    assert result.exit_code == 130
    kept = result.folder / "study.db"
    assert f"Interrupted. {kept} keeps every network that was finished (L = 1 to 2 judged);" in result.stderr
    assert f"leadline fit --resume {result.folder} goes on from there." in result.stderr
    assert len(Study.read(kept).unit_keys()) > 0


def test_what_nobody_foresaw_shows_where_it_happened_and_ends_with_code_one(fit, people, monkeypatch):
    def fail(*given):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("leadline.cli.fit.build_report", fail)
    result = fit(people, "buys")
    assert result.exit_code == 1
    assert "ZeroDivisionError: by zero" in result.stderr
    assert "leadline: unforeseen ZeroDivisionError; please report it with the lines above." in result.stderr


def test_a_regression_learns_by_the_loss_that_is_asked_for(fit, people, command):
    result = fit(people.drop(columns="buys"), "spends", "--loss", "quantile(0.1,0.5,0.9)", "--jobs", "-1", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["metric"]["name"] == "neg_mean_pinball_loss"
    usual = fit(people.drop(columns="buys"), "spends", "--loss", "squared_error", "--out", result.folder.with_name("b"))
    assert usual.exit_code == 0, usual.stderr
    assert "RMSE" in usual.stdout


def test_predictions_rise_and_fall_where_that_is_asked_for(fit, people):
    result = fit(people.drop(columns="buys"), "spends", "--rising", "age", "--falling", "income")
    assert result.exit_code == 0, result.stderr
    model = leadline.load(result.folder)
    assert model.monotonic_cst == {"age": 1, "income": -1}
    X = people.drop(columns=["buys", "spends"])
    older = X.assign(age=X["age"] + 5, income=X["income"] - 4)
    assert (model.predict(older) >= model.predict(X) - 1e-3).all()
    command = shlex.split(re.search(r"<code>(leadline fit .*?)</code>", report_text(result))[1])
    assert command[command.index("--rising") + 1] == "age"
    assert command[command.index("--falling") + 1] == "income"


def report_text(result):
    return html.unescape((result.folder / "report.html").read_text("utf-8"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["--rising", "Age"],
            "it names the column 'Age', which is not in X. Did you mean 'age'",
        ),
        (["--rising", "city"], "constrains the column 'city', whose categories have no order"),
        (["--rising", "age", "--falling", "age"], "--rising age and --falling age contradict each other"),
    ],
)
def test_what_cannot_rise_is_refused_before_anything_is_written(fit, people, words, expected):
    result = fit(people.drop(columns="buys"), "spends", *words)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert not result.folder.exists()

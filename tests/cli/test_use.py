"""`leadline predict` and `leadline score`: a trained model on new rows."""

import io
import json

import numpy as np
import pandas as pd
import pytest

import leadline
from leadline.cli.inputs import hold_out, prepare
from leadline.search import Study
from leadline.tables import read_table


@pytest.fixture
def write(tmp_path):
    def write(table, name="new.csv"):
        table.to_csv(tmp_path / name, index=False)
        return tmp_path / name

    return write


def printed(result):
    """The table that a command printed."""
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return pd.read_csv(io.StringIO(result.stdout))


def refused(result):
    """What a command said when it refused: one line."""
    assert result.exit_code == 2, result.stdout
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


# Predictions


def test_predict_prints_a_class_for_each_row_in_order(classes_run, command):
    table = printed(command("predict", classes_run.folder, classes_run.data))
    expected = leadline.load(classes_run.folder).predict(pd.read_csv(classes_run.data).drop(columns="buys"))
    assert table.columns.tolist() == ["buys"]
    assert table["buys"].tolist() == expected.tolist()


def test_predict_prints_a_number_for_each_row_of_a_regression(numbers_run, command):
    table = printed(command("predict", numbers_run.folder, numbers_run.data))
    expected = leadline.load(numbers_run.folder).predict(pd.read_csv(numbers_run.data).drop(columns="spends"))
    np.testing.assert_allclose(table["spends"], expected, rtol=1e-12)


def test_proba_adds_the_probability_of_each_class(classes_run, command):
    table = printed(command("predict", classes_run.folder, classes_run.data, "--proba"))
    assert table.columns.tolist() == ["buys", "p(no)", "p(yes)"]
    np.testing.assert_allclose(table["p(no)"] + table["p(yes)"], 1)
    assert (table["buys"] == np.where(table["p(yes)"] > table["p(no)"], "yes", "no")).all()


def test_interval_adds_its_ends(numbers_run, command):
    table = printed(command("predict", numbers_run.folder, numbers_run.data, "--interval", "0.8"))
    assert table.columns.tolist() == ["spends", "lower", "upper"]
    truth = pd.read_csv(numbers_run.data)["spends"]
    lower, upper = leadline.load(numbers_run.folder).predict_interval(
        pd.read_csv(numbers_run.data).drop(columns="spends"), 0.8
    )
    np.testing.assert_allclose(table["lower"], lower, rtol=1e-12)
    np.testing.assert_allclose(table["upper"], upper, rtol=1e-12)
    assert ((truth >= table["lower"]) & (truth <= table["upper"])).mean() > 0.7


def test_sets_adds_the_classes_that_are_possible(classes_run, command):
    table = printed(command("predict", classes_run.folder, classes_run.data, "--sets", "0.99"))
    assert table.columns.tolist() == ["buys", "set"]
    assert set(table["set"]) <= {"no", "yes", "no; yes"}
    truth = pd.read_csv(classes_run.data)["buys"]
    assert np.mean([y in words.split("; ") for y, words in zip(truth, table["set"], strict=True)]) > 0.9


def test_a_target_that_is_called_as_a_column_beside_it_keeps_its_column(command, tmp_path):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(80, 2))
    frame = pd.DataFrame(X, columns=["a", "b"])
    frame["lower"] = X[:, 0] + 0.1 * generator.normal(size=80)
    model = leadline.DeepRegressor((4,), n_networks=2, max_iter=2, random_state=0)
    model.fit(frame[["a", "b"]], frame["lower"]).save(tmp_path / "model")
    frame.to_csv(tmp_path / "data.csv", index=False)
    table = printed(command("predict", tmp_path / "model", tmp_path / "data.csv", "--interval", "0.8"))
    assert table.columns.tolist() == ["lower", "lower_", "upper"]
    np.testing.assert_allclose(table["lower"], model.predict(frame[["a", "b"]]))
    assert (table["lower_"] <= table["upper"]).all()


def test_intervals_of_classes_and_sets_of_numbers_are_refused(classes_run, numbers_run, command, tmp_path):
    out = tmp_path / "predictions.csv"
    said = refused(command("predict", classes_run.folder, classes_run.data, "--interval", "0.9", "--out", out))
    assert "intervals of numbers only" in said
    assert not out.exists()
    assert "sets of classes only" in refused(command("predict", numbers_run.folder, numbers_run.data, "--sets", "0.9"))


@pytest.mark.parametrize("coverage", ["0", "1", "90", "nan"])
def test_a_coverage_that_is_none_is_refused(numbers_run, command, coverage):
    said = refused(command("predict", numbers_run.folder, numbers_run.data, "--interval", coverage))
    assert "between 0 and 1" in said


def test_out_writes_what_would_be_printed(classes_run, command, tmp_path):
    printed = command("predict", classes_run.folder, classes_run.data).stdout
    result = command("predict", classes_run.folder, classes_run.data, "--out", tmp_path / "p.csv")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert (tmp_path / "p.csv").read_text("utf-8") == printed


def test_standard_input_predicts_like_the_file(classes_run, command):
    from_file = command("predict", classes_run.folder, classes_run.data).stdout
    assert command("predict", classes_run.folder, "-", input=classes_run.data.read_text()).stdout == from_file


@pytest.mark.parametrize("name", ["new.csv.gz", "new.parquet"])
def test_other_formats_predict_like_csv(classes_run, command, people, tmp_path, name):
    table = people.drop(columns="spends")
    if name.endswith("parquet"):
        table.to_parquet(tmp_path / name)
    else:
        table.to_csv(tmp_path / name, index=False)
    from_csv = command("predict", classes_run.folder, classes_run.data, "--proba").stdout
    assert command("predict", classes_run.folder, tmp_path / name, "--proba").stdout == from_csv


def test_columns_may_come_in_any_order_and_others_are_ignored(classes_run, command, people, write):
    shuffled = people[people.columns[::-1]].drop(columns="buys").assign(note="unknown to the model")
    expected = command("predict", classes_run.folder, classes_run.data, "--proba").stdout
    assert command("predict", classes_run.folder, write(shuffled), "--proba").stdout == expected


@pytest.mark.parametrize("rows", [slice(0, 1), slice(5, 8), "only zip 01 and member true"])
def test_a_row_is_predicted_alike_whatever_rows_are_beside_it(classes_run, command, people, write, rows):
    # alone, "01" looks like the number 1 and "true" like a truth value; in training both were words among others
    if isinstance(rows, str):
        rows = (people["zip"] == "01") & (people["member"] == "true")
    expected = printed(command("predict", classes_run.folder, classes_run.data, "--proba"))[rows]
    found = printed(command("predict", classes_run.folder, write(people[rows]), "--proba"))
    assert len(found) > 0
    np.testing.assert_allclose(found["p(yes)"], expected["p(yes)"], rtol=1e-9)


def test_unseen_categories_and_missing_values_are_predicted(classes_run, command, people, write):
    new = people.assign(city="Atlantis", zip="99", age=None, member=None)
    table = printed(command("predict", classes_run.folder, write(new), "--proba"))
    assert len(table) == len(people)
    assert table.notna().all().all()
    assert set(table["buys"]) <= {"no", "yes"}


def test_an_unseen_category_is_no_known_one(classes_run, command, people, write):
    known = [
        printed(command("predict", classes_run.folder, write(people.assign(zip=z)), "--proba")) for z in ("01", "A3")
    ]
    unseen = printed(command("predict", classes_run.folder, write(people.assign(zip="1")), "--proba"))
    assert not known[0].equals(known[1])
    assert not unseen.equals(known[0])


def test_numbers_may_be_written_otherwise_than_in_training(classes_run, command, people, write):
    as_floats = write(people.assign(age=people["age"].astype(float)))
    expected = command("predict", classes_run.folder, classes_run.data, "--proba").stdout
    assert command("predict", classes_run.folder, as_floats, "--proba").stdout == expected


def test_class_names_of_any_script_come_back_in_utf8(fit, command, people, tmp_path):
    people["buys"] = people["buys"].map({"yes": "да", "no": "ні"})
    result = fit(people, "buys")
    assert command("predict", result.folder, result.data, "--out", tmp_path / "p.csv").exit_code == 0
    assert set((tmp_path / "p.csv").read_text("utf-8").split()) == {"buys", "да", "ні"}


# Predictions that are refused


def test_a_missing_column_is_named_with_the_nearest_name(classes_run, command, people, write):
    text = refused(command("predict", classes_run.folder, write(people.rename(columns={"income": "incom"}))))
    assert text == ("leadline: Column 'income', which the model was trained with, is missing. Did you mean 'incom'?\n")


def test_text_in_a_number_column_is_named_by_row_and_value(classes_run, command, people, write):
    ages = people["age"].astype(object)
    ages[3] = "old"
    text = refused(command("predict", classes_run.folder, write(people.assign(age=ages))))
    assert "Column 'age' held numbers in training, but row 4 has 'old'" in text


def test_an_infinite_value_is_named_by_column_and_row(classes_run, command, people, write):
    incomes = people["income"].copy()
    incomes[9] = np.inf
    text = refused(command("predict", classes_run.folder, write(people.assign(income=incomes))))
    assert "Column 'income' has an infinite value in row 10" in text


def test_probabilities_of_a_regression_are_refused(numbers_run, command):
    text = refused(command("predict", numbers_run.folder, numbers_run.data, "--proba"))
    assert "--proba needs a classifier" in text


def test_a_run_that_is_not_there_is_refused(command, classes_run, tmp_path):
    assert "nothing: no such folder" in refused(command("predict", tmp_path / "nothing", classes_run.data))


def test_a_run_that_was_not_finished_has_no_model(command, classes_run, tmp_path):
    Study(tmp_path / "study.db").close()
    text = refused(command("predict", tmp_path, classes_run.data))
    assert f"{tmp_path} holds no model: model.json is missing" in text


def test_a_damaged_model_is_refused(command, classes_run, tmp_path):
    for name in ("model.json", "model.safetensors"):
        (tmp_path / name).write_bytes((classes_run.folder / name).read_bytes()[:-9])
    assert "model.json is damaged" in refused(command("predict", tmp_path, classes_run.data))


@pytest.mark.parametrize("action", ["predict", "score"])
def test_a_table_that_is_not_there_is_refused(command, classes_run, action):
    assert "no such file" in refused(command(action, classes_run.folder, classes_run.data.with_name("tabel.csv")))


def test_a_place_for_predictions_that_is_not_there_is_refused(command, classes_run, tmp_path):
    text = refused(command("predict", classes_run.folder, classes_run.data, "--out", tmp_path / "no" / "p.csv"))
    assert f"the folder {tmp_path / 'no'} is not there; make it first" in text


def test_a_folder_in_the_place_of_the_predictions_is_refused(command, classes_run, tmp_path):
    text = refused(command("predict", classes_run.folder, classes_run.data, "--out", tmp_path))
    assert f"--out {tmp_path} is a folder; give the file to write" in text
    assert list(tmp_path.iterdir()) == []


# Scores


@pytest.mark.parametrize(("run", "target"), [("classes_run", "buys"), ("numbers_run", "spends")])
def test_the_score_of_the_rows_held_out_is_what_fit_reported(run, target, request, command, write):
    run = request.getfixturevalue(run)
    frame = read_table(run.data)
    _, test_rows = hold_out(prepare(frame, target, "auto", (), None, None), 0.2, 2, 0)
    result = command("score", run.folder, write(frame.iloc[test_rows]), "--json")
    assert result.exit_code == 0, result.stderr
    scores = json.loads(result.stdout)
    record = Study.read(run.folder / "study.db").fact("run")
    (reported,) = (row for row in record["test"]["scores"] if row["L"] == record["depth"])
    assert scores.pop("rows") == record["test"]["rows"] == 24
    assert [scores.pop("doubtful"), len(scores.pop("drift"))] == [0, 5]
    assert scores == pytest.approx({name: value for name, value in reported.items() if name != "L"}, rel=1e-9)


def test_the_weighted_score_of_the_rows_held_out_is_what_fit_reported(fit, command, people, write):
    people["w"] = np.arange(120) % 4
    result = fit(people.drop(columns="buys"), "spends", "--weight", "w")
    assert result.exit_code == 0, result.stderr
    frame = read_table(result.data)
    _, test_rows = hold_out(prepare(frame, "spends", "auto", (), "w", None), 0.2, 2, 0)
    scored = command("score", result.folder, write(frame.iloc[test_rows]), "--weight", "w", "--json")
    record = Study.read(result.folder / "study.db").fact("run")
    (reported,) = (row for row in record["test"]["scores"] if row["L"] == record["depth"])
    assert json.loads(scored.stdout)["RMSE"] == pytest.approx(reported["RMSE"], rel=1e-9)


def test_score_prints_one_line_for_people(classes_run, command):
    result = command("score", classes_run.folder, classes_run.data)
    assert result.exit_code == 0, result.stderr
    scores = json.loads(command("score", classes_run.folder, classes_run.data, "--json").stdout)
    assert result.stdout == (
        f"120 rows: log loss {scores['log loss']:.4f}, accuracy {scores['accuracy']:.4f}, AUC {scores['AUC']:.4f}\n"
    )


def test_the_score_is_that_of_the_predictions(numbers_run, command, people):
    predicted = printed(command("predict", numbers_run.folder, numbers_run.data))["spends"]
    scores = json.loads(command("score", numbers_run.folder, numbers_run.data, "--json").stdout)
    errors = predicted - people["spends"]
    assert scores["RMSE"] == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert scores["MAE"] == pytest.approx(np.mean(np.abs(errors)))


def test_a_weight_of_two_scores_like_the_row_twice(numbers_run, command, people, write):
    weighted = people.assign(w=np.where(people.index < 40, 2, 1))
    repeated = pd.concat([people, people.iloc[:40]])
    a = command("score", numbers_run.folder, write(weighted), "--weight", "w", "--json")
    b = command("score", numbers_run.folder, write(repeated), "--json")
    a, b = json.loads(a.stdout), json.loads(b.stdout)
    assert (a.pop("rows"), b.pop("rows")) == (120, 160)
    for own in (a, b):  # of rows, whatever they weigh
        del own["doubtful"], own["drift"]
    assert a == pytest.approx(b)


def test_the_truth_may_stand_in_another_column(classes_run, command, people, write):
    renamed = write(people.rename(columns={"buys": "truth"}))
    expected = command("score", classes_run.folder, classes_run.data).stdout
    assert command("score", classes_run.folder, renamed, "--target", "truth").stdout == expected


def test_rows_that_lack_a_class_have_no_auc(classes_run, command, people, write):
    result = command("score", classes_run.folder, write(people[people["buys"] == "yes"]), "--json")
    assert json.loads(result.stdout)["AUC"] is None


def test_doubts_say_why_a_row_is_unlike_the_training_rows(numbers_run, command, people, write):
    strange = people.assign(age=np.where(people.index == 1, 300, people["age"]))
    strange["city"] = np.where(people.index == 2, "Roma", people["city"])
    table = printed(command("predict", numbers_run.folder, write(strange), "--doubts"))
    assert table.columns.tolist() == ["spends", "doubts"]
    doubtful = table["doubts"].dropna()
    assert doubtful[1].startswith("age 300 is above ")
    assert doubtful[2].startswith("city 'Roma' is new")
    assert len(doubtful) < 8


def test_score_counts_doubts_and_shows_the_columns_that_have_moved(numbers_run, command, people, write):
    moved = people.assign(age=people["age"] + 200)
    path = write(moved)
    lines = command("score", numbers_run.folder, path).stdout.splitlines()
    assert lines[0].startswith("120 rows: RMSE ")
    assert lines[1].startswith("120 of them are unlike the training rows: leadline predict ")
    assert lines[3].split("  ")[0] == "moved since training"
    assert lines[4].startswith("age ")
    assert len(lines) == 5
    record = json.loads(command("score", numbers_run.folder, path, "--json").stdout)
    assert record["doubtful"] == 120
    assert [own["column"] for own in record["drift"] if own["moved"]] == ["age"]
    assert len(record["drift"]) == 5


def test_classes_that_look_like_numbers_among_words_are_scored(fit, command, people, write):
    people["buys"] = people["buys"].map({"yes": "1", "no": "none yet"})
    result = fit(people, "buys")
    scored = command("score", result.folder, write(people[people["buys"] == "1"]), "--json")
    assert scored.exit_code == 0, scored.stderr


# Scores that are refused


def test_a_table_without_the_truth_is_refused(classes_run, command, people, write):
    text = refused(command("score", classes_run.folder, write(people.rename(columns={"buys": "bys"}))))
    assert "no target column 'buys'" in text
    assert "Did you mean 'bys'?" in text


def test_a_table_without_a_single_truth_is_refused(classes_run, command, people, write):
    people["buys"] = None
    assert "'buys' has no value in any row" in refused(command("score", classes_run.folder, write(people)))


@pytest.mark.parametrize(("value", "written"), [("perhaps", "'perhaps'"), ("17", "'17'")])
def test_a_class_unseen_in_training_is_named_with_the_known_ones(classes_run, command, people, write, value, written):
    people.loc[6, "buys"] = value
    text = refused(command("score", classes_run.folder, write(people)))
    assert f"'buys' has the class {written} in row 7" in text
    assert "known are no, yes" in text


@pytest.mark.parametrize(
    ("value", "words"), [("much", "row 3 has 'much'"), ("inf", "infinite value (infinity) in row 3")]
)
def test_a_truth_that_is_no_number_is_named_by_its_row(numbers_run, command, people, write, value, words):
    spends = people["spends"].astype(object)
    spends[2] = value
    assert words in refused(command("score", numbers_run.folder, write(people.assign(spends=spends))))


@pytest.mark.parametrize("value", [0, -1, "x"])
def test_weights_that_are_none_are_refused(classes_run, command, people, write, value):
    text = refused(command("score", classes_run.folder, write(people.assign(w=value)), "--weight", "w"))
    assert "The weight column 'w'" in text


# Export


def test_export_says_how_close_the_file_is_and_what_to_feed_it(command, classes_run, numbers_run, tmp_path):
    for run, data, said in (
        (classes_run, [], "on rows that try every input is"),
        (numbers_run, ["--data", numbers_run.data], "to ONNX Runtime on 120 rows is"),
    ):
        result = command("export", run.folder, tmp_path / "model.onnx", *data)
        assert result.exit_code == 0, result.stderr
        words = " ".join(result.stdout.split())
        assert said in words
        assert "numbers as float64 (NaN for missing)" in words
        assert (tmp_path / "model.onnx").stat().st_size > 1000


def test_export_into_a_folder_that_is_not_there_is_refused(command, classes_run, tmp_path):
    result = command("export", classes_run.folder, tmp_path / "nowhere" / "model.onnx")
    assert result.exit_code == 2
    assert "is not there; make it first" in result.stderr

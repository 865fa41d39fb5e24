import json
import re

import pytest

from leadline.search import ADDITIVE, Study


def test_the_space_is_shown_and_explained(command) -> None:
    result = command("space")
    assert result.exit_code == 0
    for words in (
        "hidden_units",
        "64, 128, 256",
        "0.0005 to 0.01 (log)",
        "periodic, piecewise_linear",
        "L2 penalty at L = 1",
    ):
        assert words in result.stdout


def test_a_space_that_was_edited_is_searched(command, fit, people, tmp_path) -> None:
    records = json.loads(command("space", "--json").stdout)
    for record in records:
        if record["name"] == "hidden_units":
            record["levels"] = [6]
        if record["name"] == "activation":
            record["levels"] = ["tanh"]
    (tmp_path / "space.json").write_text(json.dumps(records))
    result = fit(people.drop(columns="buys"), "spends", "--space", tmp_path / "space.json", "--select", "best")
    assert result.exit_code == 0
    candidates = Study.read(result.folder / "study.db").fact("candidates")
    assert [own["hidden_units"] for own in candidates] == [128, 6]
    assert candidates[1]["changes"]["activation"] == "tanh"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "--space none.json: No such file"),
        ("{", "is not JSON"),
        ('[{"name": "depth", "levels": [1]}]', "No hyperparameter that can be searched is called 'depth'"),
    ],
)
def test_a_file_that_is_no_space_is_refused_before_anything_is_written(fit, people, tmp_path, text, message) -> None:
    path = tmp_path / "space.json" if text else "none.json"
    if text:
        path.write_text(text)
    result = fit(people, "buys", "--space", path)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not result.folder.exists()


@pytest.mark.parametrize("repeats", ["0", "some", "-1", "1.5"])
def test_repeats_are_a_number_or_auto(fit, people, repeats) -> None:
    result = fit(people, "buys", "--repeats", repeats)
    assert result.exit_code == 2
    assert "--repeats must be a whole number of at least 1, or auto" in result.stderr


def test_every_step_is_a_line_of_json(fit, people) -> None:
    result = fit(people.drop(columns="buys"), "spends", "--json-lines")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    names = [event["event"] for event in events]
    assert names[0] == "search started"
    assert names[-1] == "finished"
    for what in ("depth started", "depth finished"):
        assert [event["L"] for event in events if event["event"] == what] == [1, ADDITIVE, 2]
    advanced = [event for event in events if event["event"] == "advanced"]
    assert advanced[-1]["done"] == advanced[-1]["planned"]
    assert events[-1]["depth"] in (1, 2)
    assert events[-1]["run"] == str(result.folder)


def test_times_decide_what_is_learned_from_and_what_is_tested(fit, people) -> None:
    people["day"] = [f"2024-0{1 + i % 9}-1{i % 7}" for i in range(len(people))]
    result = fit(people.drop(columns="buys"), "spends", "--time", "day", "--json")
    assert result.exit_code == 0, result.stderr
    record = json.loads(result.stdout)
    assert "day" not in record["data"]["columns"]
    assert record["test"]["rows"] == 24
    assert Study.read(result.folder / "study.db").fact("folds") == [[32, 32], [64, 32]]


@pytest.mark.parametrize(
    ("column", "more", "message"),
    [
        (["2024-01-01"] * 7 + [None] + ["2024-02-01"] * 112, [], "The time column 'day' .* row 8 has no value"),
        (["soon"] * 120, [], "must hold numbers or dates in every row; row 1 has 'soon'"),
        (list(range(120)), ["--group", "zip"], "--group and --time cannot be used together"),
    ],
)
def test_times_that_cannot_be_used_are_refused(fit, people, column, more, message) -> None:
    people["day"] = column
    result = fit(people, "buys", "--time", "day", *more)
    assert result.exit_code == 2
    assert re.search(message, result.stderr)

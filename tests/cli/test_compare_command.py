"""`leadline compare`: losses in a file."""

import json

import numpy as np
import pandas as pd
import pytest

import leadline


@pytest.fixture
def losses(tmp_path):
    generator = np.random.default_rng(0)
    hard = generator.exponential(size=300)
    table = pd.DataFrame(
        {
            "forest": hard + 0.1 * generator.normal(size=300),
            "network": hard + 0.1 * generator.normal(size=300),
            "line": hard + 0.5,
            "patient": np.arange(300) // 3,
            "fold": np.arange(300) % 5,
        }
    )
    path = tmp_path / "losses.csv"
    table.to_csv(path, index=False)
    return path


MODELS = ("-m", "forest", "-m", "network", "-m", "line")


def test_it_says_which_are_not_worse(losses, command) -> None:
    result = command("compare", losses, *MODELS)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:3]] in (
        [["✓", "forest"], ["✓", "network"]],
        [["✓", "network"], ["✓", "forest"]],
    )
    assert lines[3].split()[0] == "line"
    assert "1 other is significantly worse." in result.stdout
    assert "on 300 rows" in result.stdout


def test_as_json_it_is_what_python_says(losses, command) -> None:
    result = command("compare", losses, "--group", "patient", "--fold", "fold", "--json")
    frame = pd.read_csv(losses)
    expected = leadline.compare(frame[["forest", "network", "line"]], frame["patient"], folds=frame["fold"])
    record = json.loads(result.stdout)
    assert record["units"] == 100
    assert record["sentence"] == expected.sentence
    assert [row["model"] for row in record["models"]] == list(expected.models)


def test_scores_and_folds(losses, command, tmp_path) -> None:
    frame = pd.read_csv(losses)
    scores = -frame.groupby("fold")[["forest", "line"]].mean()
    scores.to_csv(tmp_path / "scores.csv", index=False)
    result = command("compare", tmp_path / "scores.csv", "--scores", "--of-folds")
    assert result.exit_code == 0, result.stderr
    assert "forest is the best: the other is significantly worse." in result.stdout
    assert "note: 5 folds are few" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-m", "tree", "-m", "line"), "The table has no losses column 'tree'"),
        (("-m", "line"), "At least two models"),
        (("--group", "clinic"), "The table has no group column 'clinic'"),
        (("--of-folds", "--group", "patient"), "leave groups and folds out"),
    ],
)
def test_wrong_input_is_told_with_exit_code_2(words, said, losses, command) -> None:
    result = command("compare", losses, *words)
    assert result.exit_code == 2
    assert said in result.stderr

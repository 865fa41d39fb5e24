import json

from typer.testing import CliRunner

from leadline.cli.app import app


def run(*arguments: str):
    return CliRunner().invoke(app, ["why-deep", *arguments])


def test_the_sizes_of_the_closed_forms_are_printed() -> None:
    done = run("--no-train")
    assert done.exit_code == 0
    patterns = next(line for line in done.stdout.splitlines() if "parity_patterns" in line and " 16 " in line)
    assert "32,768" in patterns
    folded = next(line for line in done.stdout.splitlines() if "wave_folded" in line and " 10 " in line)
    assert folded.split()[-4:-2] == ["20", "11"]
    assert "gradient descent" not in done.stdout


def test_the_experiment_reports_both_networks_for_both_functions() -> None:
    done = run("--bits", "3", "--folds", "2", "--repeats", "1", "--steps", "40", "--json")
    assert done.exit_code == 0
    record = json.loads(done.stdout)
    assert {(outcome["problem"], outcome["network"]) for outcome in record["experiment"]} == {
        ("parity", "deep"),
        ("parity", "shallow"),
        ("wave", "deep"),
        ("wave", "shallow"),
    }
    assert len(record["sizes"]) == 4 * 3 + 2 * 3


def test_the_table_of_the_experiment_is_printed() -> None:
    done = run("--bits", "2", "--folds", "1", "--repeats", "1", "--steps", "20")
    assert done.exit_code == 0
    assert "parity of 2 bits" in done.stdout
    assert "wave of 2 pieces" in done.stdout
    assert "share of inputs told wrong" in done.stdout

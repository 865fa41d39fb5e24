"""The files around the package say what the package says, and continuous integration asks for targets that exist."""

import re
import runpy
import tomllib
from pathlib import Path

import leadline

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def targets() -> set[str]:
    return set(re.findall(r"^([\w.-]+)(?= ?[\w. -]*:(?!=))", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_continuous_integration_asks_for_targets_that_exist() -> None:
    files = [*WORKFLOWS, ROOT / ".pre-commit-config.yaml"]
    asked = [
        re.findall(r"(?:run|entry): make ([\w -]+?)(?: PYTHON=python)?$", f.read_text(), re.MULTILINE) for f in files
    ]
    asked += [re.findall(r"^ +target: \[(.*)\]$", f.read_text().replace(",", ""), re.MULTILINE) for f in files]
    wanted = {target for own in asked for words in own for target in words.split()}
    assert {"lint", "types", "tests", "docs", "check-dist", "test-integrations", "planted-errors"} <= wanted
    assert wanted <= targets()


def test_planted_errors_are_planted_in_the_source_as_it_is() -> None:
    errors = runpy.run_path(str(ROOT / "tests" / "plant_errors.py"))["ERRORS"]
    assert len(errors) > 20
    assert [
        right for _, file, right, _ in errors if right not in (ROOT / "src/leadline" / file).read_text("utf-8")
    ] == []


def test_a_citation_names_the_version_of_the_package() -> None:
    assert f"\nversion: {leadline.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def test_every_python_that_is_tested_is_promised() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    promised = {line.rpartition(" ")[2] for line in project["classifiers"] if "Python :: 3." in line}
    (tested,) = re.findall(r"python: \[(.*)\]", (ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8"))
    assert set(re.findall(r"3\.\d+", tested)) == promised


def test_no_file_of_a_workflow_holds_a_secret_or_an_address() -> None:
    for path in WORKFLOWS:
        text = path.read_text("utf-8")
        assert "secrets." not in text
        assert "http" not in text
        assert "permissions:" in text

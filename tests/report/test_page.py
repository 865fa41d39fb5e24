"""The report: one page that opens anywhere and says what the run found."""

import html
import json
import re
import shlex
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from leadline.cli.app import app
from leadline.report import build_report
from leadline.search import ADDITIVE, Study

TARGET = "<b>price</b> & co"


class Page(HTMLParser):
    """Collects the elements of a page, its text, and the cells of its tables row by row."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self.rows, self.inside = [], "", [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = None if tag in ("td", "th", "table", "style", "script") else self.inside

    def handle_data(self, data):
        if self.inside not in ("style", "script"):
            self.text += data
        if self.inside in ("td", "th"):
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on a table with awkward names, its record, and its page."""
    folder = tmp_path_factory.mktemp("report")
    generator = np.random.default_rng(0)
    x = generator.normal(size=100)
    table = pd.DataFrame(
        {"x": x, "<i>k</i>": 1, "group size": generator.integers(1, 4, 100), TARGET: (50_000 * np.sin(2 * x)).round(1)}
    )
    table.to_csv(folder / "my table.csv", index=False)
    words = ["fit", folder / "my table.csv", "--target", TARGET, "--epochs", "20", "--candidates", "3", "--cv", "3"]
    words += ["--max-depth", "3", "--weight", "group size", "--json", "--out", folder / "run"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.stderr
    return folder, json.loads(result.stdout), (folder / "run" / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def page(run):
    return Page(run[2])


def specs_of(text):
    """The figures of a page, by name."""
    return json.loads(re.search(r'<script type="application/json" id="specs">(.*?)</script>', text, re.DOTALL)[1])


def test_the_page_asks_for_nothing_from_outside(run, page):
    for _, attributes in page.elements:
        assert not {"src", "srcset", "onload", "onclick"} & set(attributes)
        assert attributes.get("href", "#").startswith(("#", "data:,"))
    styles = re.search(r"<style>(.*?)</style>", run[2], re.DOTALL)[1]
    assert "@import" not in styles
    assert "url(" not in styles
    assert '"url"' not in json.dumps(specs_of(run[2]))


def test_the_page_is_small(run):
    assert len(run[2].encode()) < 3e6


def test_the_verdict_is_the_headline(run, page):
    assert run[1]["sentence"] in page.text
    assert "my table.csv, 100 rows; regression of" in page.text


def test_names_are_shown_as_they_are_and_make_no_elements(page):
    assert TARGET in page.text
    assert "column '<i>k</i>' is not used: it is constant (1)" in page.text
    assert "i" not in {tag for tag, _ in page.elements}


def test_every_depth_is_a_row_with_the_figures_of_the_run(run, page):
    record = run[1]
    rows = [row for row in page.rows if len(row) == 9 and row[0] in ("1", "additive", "2", "3")]
    expected = [record["ladder"][0], record["additive"], *record["ladder"][1:]]
    assert [row[0] for row in rows] == [str(row["L"]) if row["L"] else "additive" for row in expected]
    for cells, row in zip(rows, expected, strict=True):
        assert cells[1] == (" · ".join(map(str, row["hidden_layer_sizes"])) or ("none" if row["L"] else "–"))
        assert float(cells[2].replace(",", "")) == pytest.approx(-row["mean_score"], rel=1e-3)
        assert float(cells[3].replace(",", "")) == pytest.approx(row["standard_error"], rel=1e-3)
        assert cells[6] == ("–" if not row["L"] else "yes" if row["supported"] else "no")
        assert cells[7] == str(row["networks"])
    for cells in rows:
        p = dict(record["verdict"]["p_worse"]).get(int(cells[0]) if cells[0] != "additive" else None)
        assert cells[5] == ("–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}")
    assert rows[0][4] == rows[1][4] == "–"


def test_the_chosen_depth_is_marked_in_both_tables(run, page):
    assert [attributes.get("class") for tag, attributes in page.elements if tag == "tr"].count("chosen") == 2
    assert f"The answer is L = {run[1]['depth']}." in run[2]


def test_the_test_scores_are_those_of_the_run(run, page):
    record = run[1]
    assert f"{record['test']['rows']} test rows" in page.text
    rows = {row[0]: row[1:] for row in page.rows if row and row[0].startswith(("L = ", "additive, "))}
    assert [scores["L"] for scores in record["test"]["scores"]][:2] == [1, ADDITIVE]
    for scores in record["test"]["scores"]:
        names = {1: "L = 1, linear regression", ADDITIVE: "additive, a curve for each column"}
        cells = rows[names.get(scores["L"], f"L = {scores['L']}")]
        expected = [scores["RMSE"], scores["MAE"], scores["R²"]]
        assert [float(cell.replace(",", "")) for cell in cells] == pytest.approx(expected, rel=1e-3)


def test_the_settings_are_those_of_the_chosen_networks(run, page):
    settings = dict(row for row in page.rows if len(row) == 2)
    assert settings["activation"] == run[1]["settings"]["activation"]
    assert float(settings["learning_rate_init"]) == pytest.approx(run[1]["settings"]["learning_rate_init"], rel=1e-3)
    assert settings["hidden_layer_sizes"] == ", ".join(map(str, run[1]["settings"]["hidden_layer_sizes"]))


def test_every_figure_has_its_place_and_words_for_those_who_cannot_see_it(run, page):
    plots = {own["id"]: own for tag, own in page.elements if tag == "div" and own.get("class") == "plot"}
    specs = specs_of(run[2])
    assert plots.keys() == {f"plot-{name}" for name in specs}
    assert {
        "ladder",
        "curves",
        "predicted",
        "residuals",
        "importance",
        "dependence0",
        "contribution0",
        "answers",
        "cost",
    } <= specs.keys()
    for own in plots.values():
        assert own["role"] == "img"
        assert len(own["aria-label"]) > 20


def test_the_ladder_is_drawn_from_the_runs_figures(run):
    points = specs_of(run[2])["ladder"]["layer"][-1]["data"]["values"]
    assert [own["L"] for own in points] == [row["L"] for row in run[1]["ladder"]]
    assert [own["mean"] for own in points] == pytest.approx([-row["mean_score"] for row in run[1]["ladder"]], rel=1e-5)
    chosen = specs_of(run[2])["ladder"]["layer"][-1]["transform"]
    assert chosen == [{"filter": f"datum.L === {run[1]['depth']}"}]


def test_the_additive_model_stands_beside_the_curve_of_depths(run):
    layers = specs_of(run[2])["ladder"]["layer"]
    (beside,) = (own for own in layers if "layer" in own)
    (point,) = beside["data"]["values"]
    assert point["L"] == 1.5
    assert point["mean"] == pytest.approx(-run[1]["additive"]["mean_score"], rel=1e-5)
    drawn = [own["L"] for own in layers[-1]["data"]["values"]]
    assert ADDITIVE not in drawn
    assert "the additive model: " in run[2]


def test_how_good_each_depth_is_is_a_bar(run):
    bars = {own["L"]: own["chance"] for own in specs_of(run[2])["answers"]["data"]["values"]}
    assert bars == pytest.approx(dict(run[1]["verdict"]["as_good"]), rel=1e-5)


def test_the_learning_curves_are_those_of_every_fold(run):
    lines = {own["_fold"] for own in specs_of(run[2])["curves"]["layer"][0]["data"]["values"]}
    assert lines == {"fold 1", "fold 2", "fold 3"}


def test_curves_of_columns_are_drawn_where_rows_are(run):
    folder, record, text = run
    table = pd.read_csv(folder / "my table.csv")
    stated = Study.read(folder / "run" / "study.db").fact("contributions")
    assert stated["columns"] == len(record["data"]["columns"]) == 1
    assert stated["curves"][0]["column"] == "x"
    values = specs_of(text)["contribution0"]["data"]["values"]
    assert all(table["x"].min() <= own["value"] <= table["x"].max() for own in values[1:-1])
    assert all(own["low"] <= own["mean"] <= own["high"] for own in values)
    assert max(own["mean"] for own in values) - min(own["mean"] for own in values) > 10_000  # in the target's own unit


def test_the_test_rows_are_drawn_as_the_model_predicts_them(run):
    _, record, text = run
    values = specs_of(text)["predicted"]["layer"][1]["data"]["values"]
    errors = np.array([own["predicted"] - own["true"] for own in values])
    assert len(values) == record["test"]["rows"]
    mae = next(scores["MAE"] for scores in record["test"]["scores"] if scores["L"] == record["depth"])
    assert np.abs(errors).mean() == pytest.approx(mae, rel=0.2)  # the run's own scores are weighted


def test_the_command_on_the_page_makes_the_same_model_again(run):
    folder, _, text = run
    words = shlex.split(html.unescape(re.search(r"<code>(leadline fit .*?)</code>", text, re.DOTALL)[1]))
    assert words[:3] == ["leadline", "fit", str(folder / "my table.csv")]
    result = CliRunner().invoke(app, [*words[1:], "--out", str(folder / "again")])
    assert result.exit_code == 0, result.stderr
    model = (folder / "again" / "model.safetensors").read_bytes()
    assert model == (folder / "run" / "model.safetensors").read_bytes()


def test_the_page_is_built_from_the_study_alone(run):
    folder, _, text = run
    again = build_report(Study.read(folder / "run" / "study.db"))
    assert Page(again).text == Page(text).text


def test_depths_that_failed_and_scores_that_are_not_defined_are_dashes(run, tmp_path):
    folder = run[0]
    (tmp_path / "study.db").write_bytes((folder / "run" / "study.db").read_bytes())
    study = Study.read(tmp_path / "study.db")
    record = study.fact("run")
    record["ladder"].append(
        {
            **record["ladder"][-1],
            "L": 4,
            "mean_score": None,
            "standard_error": None,
            "p_value": None,
            "supported": False,
        }
    )
    record["test"]["scores"][0]["R²"] = None
    record["left_out"] = "the time limit came during L = 5"
    study.state("run", record)
    page = Page(build_report(study))
    (row,) = (row for row in page.rows if len(row) == 9 and row[0] == "4")
    assert row[2:7] == ["–", "–", "–", "–", "no"]
    assert "Left out: the time limit came during L = 5." in page.text
    assert "–" in next(row for row in page.rows if row and row[0].startswith("L = "))


def test_why_there_are_no_importances_is_said(run, tmp_path):
    folder = run[0]
    (tmp_path / "study.db").write_bytes((folder / "run" / "study.db").read_bytes())
    study = Study.read(tmp_path / "study.db")
    study.state("effects", {"importances": [], "curves": []})
    assert "The columns cannot be judged: RMSE is not defined for these test rows." in Page(build_report(study)).text
    record = study.fact("run")
    record["data"]["columns"] = [f"pixel {i}" for i in range(784)]
    study.state("run", record)
    assert "With 784 columns a single one says little" in Page(build_report(study)).text


def test_the_best_the_worst_and_the_least_sure_row_are_explained(run, tmp_path):
    folder = run[0]
    study = Study.read(folder / "run" / "study.db")
    found, tested = study.fact("reasons"), study.fact("tested")
    depth = str(study.fact("run")["depth"])
    assert [row["kind"] for row in found["rows"]] == ["best", "worst", "least sure"]
    errors = np.abs(np.array(tested["predictions"][depth]) - np.array(tested["truth"]))[:, 0]
    best, worst, unsure = found["rows"]
    assert (best["row"], worst["row"]) == (errors.argmin() + 1, errors.argmax() + 1)
    for row in found["rows"]:
        parts = row["base"] + sum(own["mean"] for own in row["columns"]) + row["rest"]
        assert parts == pytest.approx(row["total"], rel=1e-3)
        assert row["total"] == pytest.approx(tested["predictions"][depth][row["row"] - 1][0], rel=1e-3)
    assert unsure["columns"][0]["spread"] > 0
    page = Page(build_report(study))
    assert "Why these rows?" in page.text
    assert f"The worst row, test row {worst['row']}: " in page.text
    (tmp_path / "study.db").write_bytes((folder / "run" / "study.db").read_bytes())
    older = Study.read(tmp_path / "study.db")
    older.state("reasons", None)
    assert "Why these rows?" not in Page(build_report(older)).text


def test_what_to_do_next_follows_from_what_was_found(run, tmp_path):
    folder = run[0]
    (tmp_path / "study.db").write_bytes((folder / "run" / "study.db").read_bytes())
    study = Study.read(tmp_path / "study.db")
    record = study.fact("run")
    deepest = record["depth"]
    assert deepest > 1
    record["ladder"] = record["ladder"][:deepest]
    found = []
    for p in (0.001, 0.5):
        record["verdict"]["p_learned"] = [[deepest, p]]
        study.state("run", record)
        found.append(Page(build_report(study)).text)
    assert f"--max-depth {deepest + 2} says whether deeper ones are better still" in found[0]
    assert "No network predicts" not in found[0]
    assert "better than the same answer for every row would" in found[1]
    assert "deeper ones are better" not in found[1]


def told(folder, tmp_path, **changes):
    """The text of a page whose verdict is another."""
    (tmp_path / "study.db").write_bytes((folder / "run" / "study.db").read_bytes())
    study = Study.read(tmp_path / "study.db")
    record = study.fact("run")
    record.update({name: own for name, own in changes.items() if name in record})
    record["verdict"].update({name: own for name, own in changes.items() if name in record["verdict"]})
    study.state("run", record)
    study.state("tested", None)  # there are predictions of the run's own answer alone
    return Page(build_report(study)).text


def test_each_of_the_three_answers_has_its_advice(run, tmp_path):
    folder = run[0]
    usual = {"p_learned": [[L, 0.0] for L in (1, 2, 3)]}
    enough = told(folder, tmp_path, **usual, depth=1, smallest=1, best_depth=1, decided=True)
    supported = told(folder, tmp_path, **usual, depth=2, smallest=2, best_depth=2, decided=True)
    undecided = told(folder, tmp_path, **usual, depth=3, smallest=2, best_depth=3, decided=False)
    assert "No hidden layer earned its place" in enough
    assert "The answer is also the best mean. --repeats 2 averages twice as many networks" in supported
    assert "It is undecided between L = 2 and L = 3: more rows may decide it, or --repeats 4" in undecided
    for text in (enough, supported, undecided):
        assert "Nadeau" not in text
        assert "halving" not in text
        assert "undecided between the two" in text


def test_how_sure_the_model_is_has_a_section(page):
    assert ["promised", "held", "± by chance", "mean width"] in page.rows
    assert ("a", {"href": "#sure"}) in page.elements
    assert "--interval 0.9" in page.text

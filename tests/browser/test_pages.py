"""The report and the live page in a real browser: every figure is drawn, nothing is asked for, nothing goes wrong."""

import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from typer.testing import CliRunner

from leadline import DeepClassifier, DepthSearchCV
from leadline.cli.app import app
from leadline.report import Watch, layer_report, show

REFERENCES = Path(__file__).parent / "references"
LEADLINE = str(Path(sys.executable).with_name("leadline"))
HOSTILE = "<script>alert(1)</script>"
# The thumbnails that are compared: grey, blurred by their size, so that fonts do not count and a missing figure does.
SIDE, DIFFERENT = 24, 0.12
KINDS = ("classes", "numbers", "labels", "stopped", "hostile")


def fit(folder: Path, table: pd.DataFrame, target: str, *more: str) -> Path:
    table.to_csv(folder / "table.csv", index=False)
    words = ["fit", str(folder / "table.csv"), "--target", target, "--candidates", "2", "--cv", "3", "--epochs", "12"]
    words += ["--max-depth", "3", "--repeats", "1", "--quiet", "--out", str(folder / "run"), *more]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.stderr
    return folder / "run" / "report.html"


def large_table() -> pd.DataFrame:
    """A table that no machine is done with in a few seconds."""
    x = np.random.default_rng(0).normal(size=(40_000, 12))
    return pd.DataFrame(x, columns=list("abcdefghijkl")).assign(y=np.sin(3 * x[:, 0]) * x[:, 1])


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> dict[str, Path]:
    """A report of each kind, from real runs."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(240, 3))
    city = generator.choice(["Ulm", "Köln", "北京"], 240)
    wave = np.sin(3 * x[:, 0]) + 0.5 * (city == "Ulm") + 0.1 * generator.normal(size=240)
    table = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "city": city})
    folder = {kind: tmp_path_factory.mktemp(kind) for kind in KINDS}
    classes = table.assign(y=np.select([wave < -0.3, wave < 0.5], ["low", "middle"], "high"))
    hostile = table.rename(columns={"a": HOSTILE, "b": "'\"><img src=x onerror=alert(2)>"})
    hostile["</script><b>y"] = np.where(wave > 0, "${alert(3)}", "<i>no</i>")
    found = {
        "classes": fit(folder["classes"], classes, "y"),
        "numbers": fit(folder["numbers"], table.assign(y=1000 * wave), "y"),
        "stopped": fit(folder["stopped"], large_table(), "y", "--time-limit", "3", "--epochs", "4000"),
        "hostile": fit(folder["hostile"], hostile, "</script><b>y"),
    }
    labels = (np.column_stack([wave, x[:, 1]]) > 0).astype(int)
    search = DepthSearchCV(DeepClassifier(max_iter=8, random_state=0), max_depth=2, candidates=2, cv=3, repeats=1)
    search.fit(x[:180], labels[:180])
    found["labels"] = folder["labels"] / "report.html"
    show(search, x[180:], labels[180:], X_train=x[:180], y_train=labels[:180]).save(found["labels"])
    return found


def drawn(page) -> None:
    page.wait_for_selector("body[data-drawn=yes]", timeout=20_000)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (390, "dark")])
def test_a_report_draws_every_figure_and_asks_for_nothing(reports, visit, kind, width, scheme):
    url = reports[kind].as_uri()
    with visit(url, url, width, scheme) as own:
        page = own.page
        drawn(page)
        plots = page.locator(".plot")
        assert plots.count() >= 4
        for i in range(plots.count()):
            box = plots.nth(i).locator("svg").bounding_box()
            assert box is not None
            assert box["width"] > 120
            assert box["height"] > 60
            assert box["x"] + box["width"] <= width + 1
            marks = "svg .mark-symbol path, svg .mark-line path, svg .mark-rect path, svg .mark-rule line"
            assert plots.nth(i).locator(marks).count() > 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for link in page.locator("nav a").all():
            link.click()
            target = page.locator(link.get_attribute("href"))
            assert target.count() == 1
        for summary in page.locator("summary").all():
            summary.click()
        page.locator("#plot-ladder svg .mark-symbol path").last.hover()
        page.wait_for_selector("#vg-tooltip-element.visible")
        assert own.wrong == []


def test_the_page_of_layers_is_drawn_and_its_pictures_are_there(tmp_path, visit):
    X, y = load_digits(return_X_y=True)
    network = DeepClassifier((12, 8), numeric_embedding="none", n_networks=1, max_iter=5, random_state=0).fit(X, y)
    path = tmp_path / "layers.html"
    path.write_text(layer_report(network, X[:400], y[:400], (8, 8), about=HOSTILE).html, "utf-8")
    with visit(path.as_uri(), path.as_uri()) as own:
        page = own.page
        drawn(page)
        for plot in page.locator(".plot").all():
            assert plot.locator("svg").bounding_box()["height"] > 60
        pictures = page.locator("img").all()
        assert len(pictures) == 6
        assert all(picture.evaluate("own => own.naturalWidth") > 100 for picture in pictures)
        assert HOSTILE in page.locator("p.soft").first.inner_text()
        assert own.wrong == []


def test_a_stopped_search_says_so(reports, visit):
    url = reports["stopped"].as_uri()
    with visit(url, url) as own:
        assert "time limit" in own.page.locator("header").inner_text()


def test_hostile_names_are_shown_and_never_run(reports, visit):
    url = reports["hostile"].as_uri()
    with visit(url, url) as own:
        page = own.page
        drawn(page)
        assert HOSTILE in page.locator("#plot-importance").inner_text()
        assert "</script><b>y" in page.locator("header").inner_text()
        bars = page.locator("#plot-importance .mark-rect path")
        for i in range(bars.count()):
            bars.nth(i).hover(force=True)
        page.wait_for_selector("#vg-tooltip-element.visible")
        assert page.locator("#vg-tooltip-element script, #vg-tooltip-element img").count() == 0
        assert page.locator("main img").count() == 0
        assert own.wrong == []


def test_print_is_light_and_whole(reports, visit):
    url = reports["classes"].as_uri()
    with visit(url, url, scheme="dark") as own:
        page = own.page
        drawn(page)
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator("nav").is_hidden()
        assert len(page.pdf()) > 50_000


def contrast(one: list[float], other: list[float]) -> float:
    """The contrast ratio of two colours, by the WCAG."""

    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_and_everything_reached_by_keyboard(reports, visit, scheme):
    url = reports["numbers"].as_uri()
    with visit(url, url, scheme=scheme) as own:
        page = own.page
        drawn(page)

        def colour(selector, what):
            text = page.evaluate(f"getComputedStyle(document.querySelector({selector!r})).{what}")
            return [float(part) for part in text[text.index("(") + 1 : -1].split(",")[:3]]

        behind = colour("body", "backgroundColor")
        for selector, what in (("h1", "color"), ("p.soft", "color"), ("nav a", "color"), (".plot svg text", "fill")):
            assert contrast(colour(selector, what), behind) >= 4.5
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.tagName"))
        assert {"A", "SUMMARY"} <= reached
        assert all(plot.get_attribute("aria-label") for plot in page.locator(".plot").all())


def thumbnail(picture: bytes) -> np.ndarray:
    grey = Image.open(io.BytesIO(picture)).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(grey, dtype=float) / 255


@pytest.mark.parametrize("name", ["ladder", "confusion", "importance"])
def test_figures_look_as_they_did(reports, visit, name):
    """A thumbnail of a figure is near the one that was kept: no axis, no colour and no mark has gone missing."""
    url = reports["classes"].as_uri()
    with visit(url, url) as own:
        drawn(own.page)
        found = thumbnail(own.page.locator(f"#plot-{name}").screenshot())
    kept = REFERENCES / f"{name}.png"
    if not kept.exists():  # a new figure: look at it, and commit it
        kept.parent.mkdir(exist_ok=True)
        Image.fromarray((found * 255).astype(np.uint8)).save(kept)
        pytest.fail(f"{kept} was not there; it is now. Look at it, and run again.")
    assert np.abs(found - np.asarray(Image.open(kept), dtype=float) / 255).mean() < DIFFERENT
    assert found.std() > 0.02


def test_the_live_page_follows_a_search_survives_a_reload_and_becomes_the_report(tmp_path, visit):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(1500, 4))
    table = pd.DataFrame(x, columns=list("abcd")).assign(y=np.sin(3 * x[:, 0]) * x[:, 1])
    table.to_csv(tmp_path / "table.csv", index=False)
    words = [LEADLINE, "fit", str(tmp_path / "table.csv"), "--target", "y", "--watch"]
    words += [
        "--candidates",
        "4",
        "--max-depth",
        "3",
        "--epochs",
        "60",
        "--repeats",
        "1",
        "--out",
        str(tmp_path / "run"),
    ]
    run = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        address = next(line for line in run.stdout if "Watch it at" in line).split()[-1]
        with visit(address, address) as own:
            page = own.page
            page.wait_for_selector("body[data-state=running]", timeout=30_000)
            page.wait_for_selector("#rows tr", timeout=60_000)
            assert "Searching" in page.locator("h1").inner_text()
            page.reload()
            page.wait_for_selector("#rows tr", timeout=10_000)
            page.wait_for_selector("#plot-ladder svg", timeout=10_000)
            drawn(page)  # the page gives way to the report
            assert page.url.endswith("report.html")
            assert own.wrong == []
        assert run.wait(60) == 0
    finally:
        run.kill()
        run.stdout.close()
        run.wait()


def test_the_live_page_of_a_search_that_was_stopped(tmp_path, visit):
    large_table().to_csv(tmp_path / "table.csv", index=False)
    words = [LEADLINE, "fit", str(tmp_path / "table.csv"), "--target", "y", "--quiet"]
    run = subprocess.Popen([*words, "--out", str(tmp_path / "run")], stderr=subprocess.DEVNULL)
    study = tmp_path / "run" / "study.db"
    watch = Watch(study, tmp_path / "run" / "report.html")
    watch.start()
    try:
        with visit(watch.address, watch.address) as own:
            own.page.wait_for_selector("#rows tr", timeout=60_000)
            run.send_signal(signal.SIGINT)
            assert run.wait(60) == 130
            own.page.wait_for_selector("body[data-state=stopped]", timeout=10_000)
            assert "stopped" in own.page.locator("h1").inner_text()
            time.sleep(1.5)  # it goes on asking, in case the search is resumed
            assert own.wrong == []
    finally:
        run.kill()
        watch.close()

"""The page of equations in a real browser: its numbers, its walk, its pictures, by mouse and by keyboard."""

import importlib.util
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest

from leadline.network import Architecture, initial_parameters
from leadline.report.learn import OwnNetwork, build_page

_spec = importlib.util.spec_from_file_location("learn_numbers", Path(__file__).parent.parent / "learn_numbers.py")
numbers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(numbers)


def own_network():
    generator = np.random.default_rng(0)
    architecture = Architecture((12, 40, 20, 3), "relu", "cross_entropy")
    X, Y = generator.normal(size=(12, 20)), np.eye(3)[:, generator.integers(0, 3, 20)]
    return OwnNetwork(architecture, initial_parameters(architecture, generator), X, Y, "rows of your table", ["<b>a"])


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learn")
    made = {
        "toy": build_page(),
        "own": build_page(own_network(), "<script>alert(1)</script>"),
        "zh": build_page(language="zh"),
    }
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in made}


@pytest.fixture
def opened(pages, visit):
    """opened(name, …): the page, ready; what goes wrong on it fails the test."""
    from contextlib import contextmanager

    @contextmanager
    def opened(name="toy", **options):
        with visit(pages[name], pages[name], **options) as own:
            own.page.wait_for_selector("body[data-ready=yes]")
            yield own.page
            assert own.wrong == []

    return opened


def until(page, expression, seconds=60):
    """Wait for what an expression says; the page's own policy forbids the way of Playwright."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(30)


def forth(page, times=1):
    for _ in range(times):
        page.click("#forth")


BITS = "JSON.stringify(bench.walk.parameters.map(({ W, b }) => [Array.from(W.data), Array.from(b.data)]))"


def test_the_numbers_of_fifty_random_networks_are_those_of_the_specification(opened, record_property):
    records, expected = numbers.cases(50)
    with opened() as page:
        found = page.evaluate(numbers.COMPUTE, records)
    difference = numbers.largest_difference(found, expected)
    record_property("largest difference to the specification", difference)
    assert difference < 1e-12


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [("toy", 1280, "light"), ("own", 1280, "dark"), ("zh", 390, "dark"), ("own", 390, "light")],
)
def test_a_page_is_drawn_and_fits_its_screen(opened, name, width, scheme):
    with opened(name, width=width, scheme=scheme) as page:
        forth(page, 12)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("#network .unit").count() >= 10
        # what stands in the middle of each unit's button
        colours = page.evaluate(
            "(() => { const { spots, pictures, dots } = bench.network_view, copy = document.createElement('canvas');"
            " Object.assign(copy, { width: pictures.width, height: pictures.height });"
            " const context = copy.getContext('2d', { willReadFrequently: true }); context.drawImage(pictures, 0, 0);"
            " return new Set(spots.flat().map(({ left, top, size }) => context.getImageData(dots * (left + 4), dots * (top + 4), dots * (size - 8), dots * (size - 8)).data.join())).size; })()"
        )
        assert colours > 5
        assert page.locator("math").count() > 40


def test_a_row_times_a_column_is_shown_for_the_cell_that_is_pointed_at(opened):
    with opened() as page:
        forth(page, 3)
        assert page.locator("#layer td[data-name=Z]").first.get_attribute("data-l") == "2"
        page.locator('#layer td[data-name=Z][data-i="1"][data-j="2"]').hover()
        until(page, "document.querySelector('#cell h3 math').getAttribute('aria-label') === 'Z[2][1,2]'")
        rows = page.locator("#cell table.sum tr")
        assert rows.count() == 4 + 1
        made = page.evaluate(
            "(() => { const { W, b } = bench.walk.parameters[1], A = quantity(bench.walk, 'A', 1); let z = b.data[1]; for (let k = 0; k < 4; k++) z += at(W, 1, k) * at(A, k, 2); return z; })()"
        )
        said = float(re.search(r"float64: (\S+)", page.locator("#cell .full").inner_text())[1])
        assert abs(said - made) < 1e-15
        page.mouse.move(5, 5)


def test_the_forward_equation_of_a_layer_is_one_line(opened):
    with opened(width=1300) as page:
        forth(page, 21)
        for l in (1, 2, 3):
            page.click(f"#tab-{l}")
            middles = page.evaluate(
                "Array.from(document.querySelectorAll('.block.forward .line:first-of-type .matrix'), (own) => { const { top, bottom } = own.getBoundingClientRect(); return (top + bottom) / 2; })"
            )
            assert len(middles) == 4
            assert max(middles) - min(middles) < 2, l


def test_what_a_layer_says_beside_its_numbers(opened):
    with opened() as page:
        layer = page.locator("#layer")
        assert "Units and examples count from 0, as in Python" in layer.inner_text()
        assert "dA[0] would belong to the input" in layer.inner_text()
        page.click("#tab-2")
        assert page.locator("#layer .backward math[aria-label='dA[1]']").count() == 1
        forth(page, 20)
        assert "W[2] and b[2] are the new ones already" in layer.inner_text()


def test_the_curve_of_the_cost_is_there_when_it_has_two_points(opened):
    with opened() as page:
        assert not page.locator("#costs").is_visible()
        assert "The curve of J by iteration begins here" in page.locator("#no-costs").inner_text()
        page.click("#whole")
        page.click("#whole")
        assert page.locator("#costs").is_visible()
        assert not page.locator("#no-costs").is_visible()


def test_the_last_update_of_an_iteration_is_seen_before_the_next_one_begins(opened):
    with opened() as page:
        forth(page, 21)
        assert page.locator("#position").inner_text() == "iteration 0, step 21/21: update"
        assert "the old one less α times its gradient" in page.locator("#cell").inner_text()
        assert page.evaluate("bench.walk.parametersOf(3) === bench.walk.values.next.parameters[2]")
        after = page.evaluate(BITS.replace("parameters.map", "values.next.parameters.map"))
        forth(page)
        assert page.locator("#position").inner_text() == "iteration 1, step 1/21: forward"
        assert page.evaluate(BITS) == after
        page.click("#back")
        page.click("#back")
        assert page.locator("#position").inner_text() == "iteration 0, step 20/21: update"
        forth(page)
        page.click("#whole")
        assert page.evaluate("bench.walk.t") == 2
        # a number that is updated already is changed where it stands: in the next iteration
        page.click("#first")
        forth(page, 21)
        page.locator("#layer td[data-name=W]").first.click()
        page.locator("#cell input").fill("2.5")
        page.keyboard.press("Enter")
        assert page.locator("#layer td[data-name=W]").first.inner_text() == "2.5"


def test_the_output_s_slope_is_that_of_its_loss(opened):
    with opened() as page:
        page.evaluate("bench.walk.network.loss = 'absolute_error'; bench.layer = 3; bench.draw()")
        assert page.locator("#layer .backward math").first.get_attribute("aria-label") == "dZ[3] = loss′(Z[3], Y)"


def test_what_is_not_computed_yet_is_not_shown(opened):
    with opened() as page:
        assert page.locator("#layer .unknown").count() == 6
        assert page.locator("#position").inner_text().startswith("the very beginning")
        forth(page)
        assert page.locator("#layer .unknown").count() == 5
        page.click("#back")
        assert page.locator("#layer .unknown").count() == 6
        assert page.locator("#back").is_disabled()


def test_the_walk_goes_back_to_the_very_beginning_bit_for_bit(opened):
    with opened() as page:
        start = page.evaluate(BITS)
        forth(page, 45)
        page.click("#whole")
        assert page.evaluate(BITS) != start
        for _ in range(3 * 21):
            page.click("#back")
        assert page.locator("#back").is_disabled()
        assert page.evaluate(BITS) == start
        page.click("#train")
        until(page, "bench.walk.t > 120")
        page.click("#train")
        page.click("#first")
        assert page.evaluate(BITS) == start
        assert page.locator("#iteration").inner_text() == "0"


def test_every_step_of_an_iteration_has_its_formula_and_its_words(opened):
    with opened() as page:
        seen = []
        for _ in range(21):
            forth(page)
            assert page.locator("#chain").inner_text().strip()
            seen.append(page.locator("#equation math").first.get_attribute("aria-label"))
        assert seen[0] == "Z[1] = W[1] A[0] + b[1]"
        assert seen[6] == "J = (1/m) Σ loss(A[3], Y)"
        assert seen[7] == "dZ[3] = A[3] − Y"
        assert seen[10] == "dA[2] = W[3]ᵀ dZ[3]"
        assert seen[-1] == "W[3] := W[3] − α dW[3]"


def test_a_weight_that_is_changed_changes_what_depends_on_it(opened):
    with opened() as page:
        forth(page, 7)
        before = page.evaluate("bench.walk.values.J")
        page.click("#tab-1")
        page.locator("#layer td[data-name=W]").first.click()
        page.locator("#cell input").fill("2.5")
        page.keyboard.press("Enter")
        assert page.evaluate("bench.walk.parameters[0].W.data[0]") == 2.5
        assert page.evaluate("bench.walk.values.J") != before
        assert page.locator("#layer td[data-name=W]").first.inner_text() == "2.5"
        page.locator("#cell input").fill("many")
        page.keyboard.press("Enter")
        assert "0.5" in page.locator("#cell .error").inner_text()
        page.click("#tab-0")
        page.locator("#layer td[data-name=A]").first.click()
        page.locator("#cell input").fill("-1")
        page.keyboard.press("Enter")
        assert page.evaluate("bench.walk.data.X.data[0]") == -1
        page.click("#over")
        assert page.evaluate("bench.walk.parameters[0].W.data[0]") != 2.5


def test_layers_and_units_come_and_go(opened):
    with opened() as page:
        page.click("#deeper")
        assert page.locator("#sizes").inner_text() == "2-4-3-3-1"
        page.locator(".units[data-l='2'] .pair button").last.click()
        assert page.locator("#sizes").inner_text() == "2-4-4-3-1"
        for _ in range(3):
            page.click("#shallower")
        assert page.locator("#depth").inner_text() == "L = 1"
        forth(page, 6)
        page.select_option("#activation", "relu")
        page.click("#deeper")
        page.select_option("#activation", "silu")
        assert page.evaluate("bench.walk.network.activations") == ["silu"]


@pytest.mark.parametrize("data", ["circle", "xor", "spiral", "wave", "parity"])
def test_every_toy_is_learned_a_little(opened, data):
    with opened() as page:
        page.select_option("#data", data)
        page.select_option("#optimiser", "adam")
        page.fill("#rate", "0.02")
        page.keyboard.press("Enter")
        before = page.evaluate("bench.walk.values.J")
        page.select_option("#pace", "20")
        page.click("#train")
        until(page, "bench.walk.t > 200")
        page.click("#train")
        assert page.evaluate("bench.walk.values.J") < 0.97 * before


def test_training_of_4_16_16_1_is_drawn_frame_by_frame(opened, record_property):
    with opened() as page:
        for name in ("x₁²", "x₂²"):
            page.get_by_label(name, exact=True).check()
        for _ in range(12):
            page.locator(".units[data-l='1'] .pair button").last.click()
        for _ in range(13):
            page.locator(".units[data-l='2'] .pair button").last.click()
        assert page.locator("#sizes").inner_text() == "4-16-16-1"
        page.click("#train")
        until(page, "bench.frames.length > 100")
        rate = float(page.evaluate("document.body.dataset.fps"))
        page.click("#train")
        record_property("frames a second", rate)
        assert page.evaluate("bench.walk.t") > 100
        assert rate > 0  # how fast is for the record, not for a test


def test_rows_of_a_table_are_walked_and_its_units_paged(opened):
    with opened("own") as page:
        assert page.locator("header p.soft").inner_text() == "<script>alert(1)</script>"
        assert page.locator("#sizes").inner_text() == "12-40-20-3"
        assert page.evaluate("bench.walk.parameters[0].W.data.length") == 480
        forth(page, 8)
        page.click("#tab-1")
        page.locator("#layer .pagers button").nth(3).click()
        assert page.locator("#layer td[data-name=Z]").first.get_attribute("data-i") == "8"
        page.fill("#axis-0", "3")
        page.keyboard.press("Enter")
        assert "inputs 3 and 1" in page.locator("#surface-words").inner_text()


def test_one_switch_turns_the_page_into_chinese_and_back(opened):
    with opened() as page:
        forth(page, 2)
        page.click("[data-language=zh]")
        assert page.evaluate("document.documentElement.lang") == "zh"
        text = page.locator("main").inner_text()
        assert "正向传播" in text
        for english in ("Forward", "examples m", "learning rate", "Why deep", "quantity", "step "):
            assert english not in text, english
        page.click("[data-language=en]")
        assert not re.search(r"[\u4e00-\u9fff]", page.locator("main").inner_text())


def test_why_deep_moves_with_its_sliders_and_its_circuits_go_to_the_bench(opened):
    with opened() as page:
        assert page.locator("#circuits-parity [data-exact=true]").count() == 4
        page.locator("#size-parity").fill("8")
        assert "128 hidden units, L = 2" in page.locator("#circuits-parity").inner_text()
        page.locator("#size-parity").fill("16")
        assert "32,768 hidden units" in page.locator("#circuits-parity").inner_text()
        page.locator("#size-wave").fill("6")
        assert "12 hidden units, L = 7" in page.locator("#circuits-wave").inner_text()
        assert page.locator("#found tr").count() == 8
        page.locator("#size-parity").fill("4")
        page.locator("[data-load=parity_tree]").click()
        assert page.locator("#sizes").inner_text() == "4-4-2-1"
        assert page.evaluate("bench.walk.values.J") == 0
        assert page.evaluate("getComputedStyle(document.querySelector('#surface')).imageRendering") == "pixelated"
        page.locator("#size-wave").fill("2")
        page.locator("[data-load=wave_folded]").click()
        assert page.evaluate("bench.walk.values.J") < 1e-30


def test_everything_is_reached_by_keyboard(opened):
    with opened() as page:
        forth(page, 2)
        page.mouse.move(0, 0)  # what the pointer happens to lie on is pointed at
        first = page.locator("#layer td[data-name=Z]").first
        first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        assert page.locator("#cell h3 math").get_attribute("aria-label") == "Z[1][1,1]"
        page.keyboard.press("Enter")
        assert page.locator("#layer td.chosen").get_attribute("data-j") == "1"
        page.locator("#tab-1").focus()
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.id") == "tab-2"
        unnamed = page.evaluate(
            "Array.from(document.querySelectorAll('button, select, input')).filter((own) => !own.textContent.trim() && !own.getAttribute('aria-label') && !own.closest('label')).map((own) => own.outerHTML)"
        )
        assert unnamed == []


def contrast(one, other):
    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(opened, scheme):
    with opened(scheme=scheme) as page:
        forth(page, 12)

        def colour(selector, what):
            text = page.evaluate(f"getComputedStyle(document.querySelector({selector!r})).{what}")
            return [float(part) for part in text[text.index("(") + 1 : -1].split(",")[:3]]

        page_colour = colour("body", "backgroundColor")
        for selector in ("h1", "#chain", ".block h4", "td[data-name]", ".cache", "nav a", ".controls label"):
            assert contrast(colour(selector, "color"), page_colour) >= 4.5, selector
        assert contrast(colour("td.chosen", "color"), colour("td.chosen", "backgroundColor")) >= 4.5
        now = colour(".matrix.now .cells", "backgroundColor")
        assert contrast(colour("td[data-name]", "color"), now) >= 4.5


def test_the_python_of_the_page_computes_the_same(opened):
    with opened() as page:
        page.click("#whole")
        page.locator("#show-code summary").click()
        page.locator("#code:has-text('print(')").wait_for()
        code = page.locator("#code").inner_text()
        J = page.evaluate("bench.walk.values.J")
    names = {}
    exec(compile(code.replace("print(", "said = ("), "page", "exec"), names)
    assert names["said"][1] == pytest.approx(J, abs=1e-14)
    assert json.dumps(names["architecture"].sizes) == "[2, 4, 3, 1]"

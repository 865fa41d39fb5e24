"""The page of equations: what it holds, what it weighs, and its mathematics in any JavaScript there is."""

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from leadline.errors import ParameterError
from leadline.network import (
    ACTIVATIONS,
    LOSSES,
    Architecture,
    bit_patterns,
    initial_parameters,
)
from leadline.network import circuits as circuits_module
from leadline.report.learn import MOST_BYTES, OwnNetwork, build_page, script

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no JavaScript outside a browser on this machine: node")

_spec = importlib.util.spec_from_file_location("learn_numbers", Path(__file__).parent.parent / "learn_numbers.py")
numbers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(numbers)


def run(expression, given=None):
    """What an expression gives, after the page's mathematics was read."""
    code = f"const given = {json.dumps(given)};\nconsole.log(JSON.stringify({expression}));"
    text = '"use strict";\n' + script(everything=False) + "\n" + code
    done = subprocess.run([NODE, "-"], input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def own_network(sizes=(3, 5, 5, 3, 1), activations="relu", loss="half_squared_error", m=6):
    generator = np.random.default_rng(0)
    architecture = Architecture(sizes, activations, loss)
    parameters = initial_parameters(architecture, generator)
    X, Y = generator.normal(size=(sizes[0], m)), generator.normal(size=(sizes[-1], m))
    return OwnNetwork(architecture, parameters, X, Y, "made up")


@needs_node
def test_the_numbers_of_fifty_random_networks_are_those_of_the_specification():
    records, expected = numbers.cases(50)
    found = run(f"({numbers.COMPUTE})(given)", records)
    assert numbers.largest_difference(found, expected) < 1e-12


@needs_node
@pytest.mark.parametrize("optimiser", ["gradient_descent", "momentum", "adam"])
def test_a_walk_goes_back_to_its_beginning_and_forth_again_to_the_same_bits(optimiser):
    found = run(
        """(() => {
      const network = { sizes: [2, 4, 3, 1], activations: ["tanh", "relu"], loss: "binary_cross_entropy" };
      const start = initialParameters(network, 3), walk = new Walk(network, start, cloud("spiral", 60, 1, ["x₁", "x₂"]), 0.3, given);
      const same = (one, other) => one.every(({ W, b }, l) => sameBits(W, other[l].W) && sameBits(b, other[l].b));
      walk.to(130);
      const late = walk.parameters;
      for (let k = 0; k < 50; k++) walk.back();
      const middle = walk.t;
      walk.to(0);
      const first = same(walk.parameters, start);
      walk.to(130);
      return { first, middle, late: same(walk.parameters, late), steps: walk.steps.length };
    })()""",
        optimiser,
    )
    assert found == {"first": True, "middle": 127, "late": True, "steps": 21}


@needs_node
def test_what_was_changed_on_the_way_is_left_behind_by_going_back():
    found = run(
        """(() => {
      const network = { sizes: [2, 3, 1], activations: ["tanh"], loss: "binary_cross_entropy" };
      const walk = new Walk(network, initialParameters(network, 0), cloud("xor", 40, 1, ["x₁", "x₂"]), 0.3, "gradient_descent");
      walk.to(60);
      const sixty = walk.parameters;
      walk.to(75);
      walk.change({ rate: 5 });
      walk.to(80);
      walk.to(60);
      return { same: sixty.every(({ W }, l) => sameBits(W, walk.parameters[l].W)), rate: walk.rate, kept: walk.kept.map(({ t }) => t) };
    })()"""
    )
    assert found == {"same": True, "rate": 0.3, "kept": [0, 50]}


@needs_node
def test_the_circuits_of_the_page_are_those_of_the_specification():
    wanted = [
        ("parity_tree", 7),
        ("parity_patterns", 5),
        ("parity_sum", 6),
        ("parity_folded", 6),
        ("wave_folded", 5),
        ("wave_shallow", 4),
    ]
    lists = "parameters.map(({ W, b }) => [toRows(W), toRows(b)])"
    found = run(
        f"given.map(([name, size]) => {{ const {{ network, parameters }} = CIRCUITS[name](size); return [network.sizes, {lists}]; }})",
        wanted,
    )
    for (name, size), (sizes, layers) in zip(wanted, found, strict=True):
        architecture, parameters = getattr(circuits_module, name)(size)
        assert tuple(sizes) == architecture.sizes
        for (W, b), (own_W, own_b) in zip(parameters, layers, strict=True):
            assert (np.asarray(own_W) == W).all()
            assert (b == np.asarray(own_b)).all()


@needs_node
def test_the_page_s_recentred_circuits_are_exact_too():
    assert run(
        "['parity_tree', 'parity_patterns', 'parity_sum', 'parity_folded'].every((name) => { const { network, parameters } = recentred(CIRCUITS[name](5)), data = parityData(5);"
        " return forward(network, parameters, data.X).Z.data.every((z, j) => z === data.Y.data[j]); })"
    )
    assert run("toRows(bitPatterns(5))") == bit_patterns(5).tolist()


@needs_node
def test_the_python_that_the_page_writes_gives_the_same_numbers():
    code, J, moved = run(
        """(() => {
      const network = { sizes: [2, 4, 1], activations: ["gelu"], loss: "binary_cross_entropy" };
      const walk = new Walk(network, initialParameters(network, 5), cloud("circle", 10, 1, ["x₁", "x₂"]), 0.3, "gradient_descent");
      walk.to(7);
      return [pythonCode(walk), walk.values.J, walk.values.next.parameters.map(({ W }) => toRows(W))];
    })()"""
    )
    names = {}
    exec(compile(code.replace("print(", "said = ("), "page", "exec"), names)
    assert names["said"][1] == pytest.approx(J, abs=1e-14)
    for (W, _), own in zip(names["parameters"], moved, strict=True):
        assert np.abs(W - np.asarray(own)).max() < 1e-14


def test_the_activations_of_the_page_are_all_there_are():
    names = re.findall(r'\{ name: "(\w+)", g:', script(everything=False))
    assert names == list(ACTIVATIONS)


@needs_node
def test_the_page_knows_every_loss():
    found = run("given.map((name) => lossNamed(name).outputActivation)", list(LOSSES))
    assert found == [record.output_activation for record in LOSSES.values()]


def test_a_page_is_small_and_asks_for_nothing():
    for page in (build_page(), build_page(own_network()), build_page(language="zh")):
        assert len(page.encode()) < MOST_BYTES / 4
        assert not re.search(r"(src|href)=[\"']?(http|//)", page)
        assert "default-src 'none'" in page
        assert page.count("</script") == 2


def test_a_network_of_three_layers_of_128_units_fits_into_the_page():
    assert len(build_page(own_network((100, 128, 128, 128, 1))).encode()) < MOST_BYTES


def test_a_network_that_is_too_large_is_refused_with_its_weight():
    with pytest.raises(ParameterError, match=r"would weigh .* more than 1 MB: it has 1,4"):
        build_page(own_network((300, 1000, 1000, 100, 1)))


def test_a_loss_of_the_caller_s_own_is_refused():
    class Own:
        def value(self, Z, Y):
            return np.sum(0.5 * (Z - Y) ** 2, axis=0)

        def gradient(self, Z, Y):
            return Z - Y

    with pytest.raises(ParameterError, match="a loss of its own"):
        build_page(own_network(loss=Own()))


def test_a_language_that_is_not_there_is_refused():
    with pytest.raises(ParameterError, match="--language must be one of en, zh; got 'de'"):
        build_page(language="de")


def test_every_word_of_the_page_is_there_in_both_languages():
    text = script()
    words = re.search(r"const WORDS = \{(.*?)\n\};", text, re.DOTALL)[1]
    keys = set(re.findall(r"^  (\w+): \[", words, re.MULTILINE))
    pairs = re.findall(r'^  (\w+): \["(.*)", "(.*)"\],$', words, re.MULTILINE)
    assert len(pairs) == len(keys) - 1  # the names of the circuits are two lists
    for key, english, chinese in pairs:
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese)), key
    asked = set(re.findall(r'say\("(\w+)"', text))
    assert asked <= keys
    page = build_page()
    assert page.count('lang="en"') == page.count('lang="zh"') + 1  # and that of the page itself


def test_what_the_page_says_training_found_is_of_the_command_as_it_is():
    from leadline.report.learn.page import _found

    assert {(own["problem"], own["network"]) for own in _found()} == {
        (problem, network) for problem in ("parity", "wave") for network in ("deep", "shallow")
    }
    assert all(own["repeats"] == 5 for own in _found())


@needs_node
def test_units_without_building_are_those_of_the_built_ones():
    text = script().partition("class DepthView")[0].replace("window.matchMedia", "(() => ({}))")
    code = (
        text
        + "\nconsole.log(JSON.stringify(Object.keys(UNITS).every((name) => [2, 3, 5, 6].every((n) => UNITS[name](n) === hiddenUnits(CIRCUITS[name](n).network) && DEPTHS[name](n) === CIRCUITS[name](n).network.sizes.length - 1))));"
    )
    done = subprocess.run([NODE, "-"], input=code, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    assert done.stdout.strip() == "true"

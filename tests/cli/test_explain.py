"""`leadline explain`: shapes, one example's way through a network, and its gradients checked."""

import base64
import json
import re
import shutil

import numpy as np
import pytest

import leadline


def told(result):
    """The JSON that the command printed."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def write(tmp_path):
    def write(table, name="rows.csv"):
        table.to_csv(tmp_path / name, index=False)
        return tmp_path / name

    return write


def test_the_shapes_of_a_network_stand_in_a_table(command):
    result = command("explain", "--sizes", "3,5,1")
    assert result.exit_code == 0, result.stderr
    assert "L = 2, n[0] = 3" in result.stdout
    assert "(n[1], n[0]) = (5, 3)" in result.stdout
    assert "26 parameters" in result.stdout


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (
            "half_squared_error",
            "g[2] = identity belongs to the loss, half_squared_error; --loss binary_cross_entropy for",
        ),
        ("binary_cross_entropy", "g[2] = sigmoid belongs to the loss, binary_cross_entropy; --loss half_squared_error"),
        ("huber(1)", "g[2] = identity belongs to the loss, huber(1); --loss half_squared_error for identity"),
    ],
)
def test_the_activation_of_the_output_is_said_to_belong_to_the_loss(command, loss, words):
    assert words in command("explain", "--sizes", "3,5,1", "--loss", loss).stdout


def test_the_batch_size_stands_in_the_shapes(command):
    record = told(command("explain", "--sizes", "3,5,1", "--batch", "7", "--json"))
    assert record["parameters"] == 26
    assert record["layers"][0]["shapes"]["Z"][1] == [5, 7]


def test_the_seed_draws_the_example(command):
    first, again, other = (
        told(command("explain", "--sizes", "3,5,1", "--trace", "--json", "--seed", seed))["trace"] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("loss", ["half_squared_error", "cross_entropy", "binary_cross_entropy", "poisson"])
def test_the_gradients_of_a_network_pass_their_check(command, loss):
    record = told(command("explain", "--sizes", "4,6,3", "--activation", "tanh", "--loss", loss, "--check", "--json"))
    assert record["check"]["passed"]


def test_the_gradients_of_a_trained_network_pass_their_check(command, classes_run):
    result = command("explain", classes_run.folder, classes_run.data, "--check")
    assert result.exit_code == 0, result.stderr
    assert "gradient check passed" in result.stdout


def test_the_walk_ends_at_the_network_s_own_prediction(command, numbers_run, people):
    estimator = leadline.load(numbers_run.folder)
    output = f"A[{estimator.model_.plans[0].architecture.L}]"
    predictions = []
    for member, own in enumerate(estimator.model_.members):
        words = [numbers_run.folder, numbers_run.data, "--trace", "--row", "5", "--member", member, "--json"]
        trace = told(command("explain", *words))["trace"]
        (value,) = next(step["value"] for step in trace if step["equation"].startswith(output))[0]
        predictions.append(value * own.target.scale[0] + own.target.center[0])
    assert np.mean(predictions) == pytest.approx(estimator.predict(people[estimator.feature_names_in_])[4], rel=1e-6)


def test_a_row_is_walked_alike_whatever_rows_are_beside_it(command, classes_run, people, write):
    words = [classes_run.folder, "--trace", "--json"]
    among = told(command("explain", words[0], classes_run.data, *words[1:], "--row", "8"))
    alone = told(command("explain", words[0], write(people.iloc[[7]]), *words[1:]))
    assert among["trace"] == alone["trace"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "Give either --sizes, such as --sizes 3,5,5,3,1, or a run folder"),
        (["run", "--sizes", "3,1"], "Give either --sizes"),
        (["--sizes", "3,x"], "got '3,x'"),
        (["--sizes", "3,0,1"], "n[1] must be a positive integer; got 0"),
        (["--sizes", "3,2,1", "--activation", "rleu"], "'rleu'"),
        (["run"], "run: no such folder"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_the_reason(command, words, expected):
    result = command("explain", *words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--row", "121"], "--row must be from 1 to 120; got 121"),
        (["--row", "0"], "--row must be from 1 to 120; got 0"),
    ],
)
def test_a_row_that_is_not_there_is_refused_with_those_that_are(command, classes_run, options, expected):
    result = command("explain", classes_run.folder, classes_run.data, "--trace", *options)
    assert result.exit_code == 2
    assert expected in result.stderr


def test_a_network_that_is_not_there_is_refused_with_those_that_are(command, classes_run):
    networks = len(leadline.load(classes_run.folder).model_.members)
    result = command("explain", classes_run.folder, classes_run.data, "--trace", "--member", str(networks))
    assert result.exit_code == 2
    assert f"--member must be from 0 to {networks - 1}; got {networks}" in result.stderr


@pytest.mark.parametrize(("options", "words"), [(["--trace"], "need a table"), (["--check"], "need a table")])
def test_a_walk_through_a_trained_network_needs_a_table(command, classes_run, options, words):
    result = command("explain", classes_run.folder, *options)
    assert result.exit_code == 2
    assert words in result.stderr


def test_the_check_needs_the_target(command, classes_run, people, write):
    result = command("explain", classes_run.folder, write(people.drop(columns="buys")), "--check")
    assert result.exit_code == 2
    assert "--check needs the target" in result.stderr


@pytest.mark.parametrize("options", [["--trace"], ["--check"], ["--html"]])
def test_a_row_without_a_target_is_named_and_others_are_left_out(
    command, numbers_run, people, write, options, tmp_path
):
    people.loc[[0, 4], "spends"] = np.nan
    rows = write(people)
    more = ["--out", tmp_path / "page.html"] if "--html" in options else []
    result = command("explain", numbers_run.folder, rows, *options, *more)
    assert result.exit_code == 2
    assert f"The target 'spends' is missing in row 1 of {rows}; give another --row." in result.stderr
    assert command("explain", numbers_run.folder, rows, "--row", "2", *options, *more).exit_code == 0


def given_of(path):
    """What a page of equations computes with."""
    text = path.read_text("utf-8")
    return json.loads(re.search(r'<script type="application/json" id="given">(.*?)</script>', text, re.DOTALL)[1])


def unpacked(own):
    kind = "<f4" if own["bits"] == 32 else "<f8"
    return np.frombuffer(base64.b64decode(own["base64"]), kind).reshape(own["rows"], own["columns"]).astype(float)


def test_the_page_of_a_toy_is_written_where_one_is(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = command("explain", "--html", "--language", "zh")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() == "equations.html"
    given = given_of(tmp_path / "equations.html")
    assert (given["own"], given["language"]) == (None, "zh")


def test_the_page_of_sizes_has_the_numbers_of_the_walk(command, tmp_path):
    words = ["explain", "--sizes", "3,5,1", "--activation", "tanh", "--seed", "4"]
    assert command(*words, "--html", "--out", tmp_path / "page.html").exit_code == 0
    own = given_of(tmp_path / "page.html")["own"]
    walk = {step["equation"]: step["value"] for step in told(command(*words, "--trace", "--json"))["trace"]}
    W, b, X = unpacked(own["parameters"][0]["W"]), unpacked(own["parameters"][0]["b"]), unpacked(own["X"])
    assert np.abs(W @ X[:, :1] + b - walk["Z[1] = W[1] A[0] + b[1]"]).max() < 1e-15


@pytest.mark.parametrize("with_data", [True, False])
def test_the_page_of_a_run_has_its_network_and_rows_of_its_table(command, classes_run, tmp_path, with_data):
    words = [
        classes_run.folder,
        *([classes_run.data] if with_data else []),
        "--row",
        "8",
        "--out",
        tmp_path / "page.html",
    ]
    assert command("explain", *words, "--html").exit_code == 0
    own = given_of(tmp_path / "page.html")["own"]
    model = leadline.load(classes_run.folder).model_
    for packed, (W, b) in zip(own["parameters"], model.layers(0), strict=True):
        assert (unpacked(packed["W"]) == W).all()
        assert (unpacked(packed["b"]) == b).all()
    walk = told(command("explain", classes_run.folder, classes_run.data, "--row", "8", "--trace", "--json"))["trace"]
    assert np.abs(unpacked(own["X"])[:, :1] - walk[0]["value"]).max() < 1e-12
    assert own["Y"] is not None


def test_the_page_of_a_run_whose_table_is_gone_says_so(command, classes_run, tmp_path):
    shutil.copytree(classes_run.folder, tmp_path / "run")
    (tmp_path / "run" / "study.db").unlink()
    assert command("explain", tmp_path / "run", "--html").exit_code == 0
    page = (tmp_path / "run" / "equations.html").read_text("utf-8")
    assert "its table was not found" in page
    assert "targets are not known" in page
    assert given_of(tmp_path / "run" / "equations.html")["own"]["Y"] is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--html", "--trace"], "--html shows everything"),
        (["--html", "--language", "de"], "--language must be one of en, zh"),
        (["--html", "--out", "nowhere/page.html"], "the folder nowhere is not there"),
        (["--sizes", "3,1", "--out", "page.html"], "--out is for --html"),
        (["run", "--sizes", "3,1", "--html"], "Give either --sizes"),
    ],
)
def test_a_page_that_cannot_be_written_is_refused_with_the_reason(command, tmp_path, monkeypatch, words, expected):
    monkeypatch.chdir(tmp_path)
    result = command("explain", *words)
    assert result.exit_code == 2
    assert expected in result.stderr

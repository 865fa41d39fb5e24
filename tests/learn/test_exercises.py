"""The exercises: from nothing to the end, with hints and progress, in two languages."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leadline.cli.app import app
from leadline.learn import EXERCISES

RIGHT = (Path(__file__).parent / "right_answer.py").read_text("utf-8")

# What the functions of the course do not answer.
ANSWERS = {
    "counting": "def count_layers(sizes):\n    return len(sizes) - 1\n\n\ndef hidden_units(sizes):\n    return sizes[1:-1]\n",
    "shapes": """def shapes(sizes, l, m):
    n, n_before = sizes[l], sizes[l - 1]
    found = {"W": (n, n_before), "b": (n, 1), "Z": (n, m), "A": (n, m)}
    return {**found, **{"d" + key: value for key, value in found.items()}}
""",
    "training": """from leadline.learn.course import L_model_backward, L_model_forward, compute_cost, update_parameters


def train(X, Y, parameters, learning_rate, iterations):
    costs = []
    for _ in range(iterations):
        AL, caches = L_model_forward(X, parameters)
        costs.append(compute_cost(AL, Y))
        parameters = update_parameters(parameters, L_model_backward(AL, Y, caches), learning_rate)
    return parameters, costs
""",
    "hyperparameters": """import math


def choose_learning_rate(evaluate, rates):
    costs = {rate: evaluate(rate) for rate in rates}
    return min((rate for rate in rates if math.isfinite(costs[rate])), key=costs.get)
""",
    "depth": """import numpy as np


def xor():
    return [([[1, 1], [1, 1]], [[0], [-1]]), ([[1, -2]], [[0]])]


def wave(k):
    b, read = np.array([[0.0], [-0.5]]), np.array([[1.0]])
    layers = []
    for _ in range(k):
        layers.append((np.ones((2, 1)) @ read, b))
        read = np.array([[2.0, -4.0]])
    return [*layers, (read, np.zeros((1, 1)))]
""",
}


@pytest.fixture
def learn(tmp_path):
    """learn(words…): the command, in a folder of its own."""

    def learn(*words):
        return CliRunner().invoke(app, ["learn", *map(str, words), "--folder", str(tmp_path / "mine")])

    learn.folder = tmp_path / "mine"
    return learn


def answer(exercise):
    return ANSWERS.get(exercise.key, RIGHT)


def test_a_learner_goes_from_the_first_exercise_to_the_last(learn):
    first = learn()
    assert first.exit_code == 0
    assert first.stdout.count("·") == len(EXERCISES) >= 12
    assert not learn.folder.exists()
    for exercise in EXERCISES:
        written = learn(exercise.number)
        assert written.exit_code == 0, written.stderr
        assert str(learn.folder / exercise.file_name) in written.stdout
        empty = learn(exercise.number, "--check")
        assert empty.exit_code == 2
        path = learn.folder / exercise.file_name
        assert not re.search(r"✓", empty.stdout)
        path.write_text(answer(exercise), "utf-8")
        right = learn(exercise.number, "--check")
        assert right.exit_code == 0, right.stdout
        following = (
            "All exercises are done" if exercise is EXERCISES[-1] else f"Next: leadline learn {exercise.number + 1}"
        )
        assert following in right.stdout
    last = learn()
    assert f"{len(EXERCISES)} of {len(EXERCISES)} done" in last.stdout


def test_what_a_learner_has_written_is_never_written_over(learn):
    learn(4)
    path = learn.folder / EXERCISES[3].file_name
    path.write_text("mine = True\n", "utf-8")
    learn(4)
    learn(4, "--hint")
    result = learn(4, "--check")
    assert path.read_text("utf-8") == "mine = True\n"
    assert "there is no linear_forward" in result.stdout


def test_a_file_that_is_there_is_said_to_be_kept_and_how_to_begin_anew(learn):
    assert "delete it" not in learn(4).stdout
    assert "stays as you left it. To begin anew, delete it" in learn(4).stdout
    assert "要重新开始,请删除它" in learn(4, "--language", "zh").stdout


def test_a_file_that_is_not_filled_in_yet_is_named(learn):
    result = learn(4, "--check")
    assert f"Fill in {learn.folder / EXERCISES[3].file_name}" in result.stdout
    assert "leadline learn 4 --hint" in result.stdout


def test_an_exercise_is_called_by_its_number_or_its_name(learn):
    learn(4)
    assert learn("linear_forward").stdout == learn(4).stdout


def test_after_an_exercise_comes_the_next_one_that_is_open(learn):
    learn(4)
    (learn.folder / EXERCISES[3].file_name).write_text(RIGHT, "utf-8")
    assert "Next: leadline learn 5 " in learn(4, "--check").stdout
    learn(14)
    (learn.folder / EXERCISES[13].file_name).write_text(ANSWERS["depth"], "utf-8")
    assert "Next: leadline learn 1 " in learn(14, "--check").stdout


@pytest.mark.parametrize(
    ("number", "right", "wrong", "words"),
    [
        (3, "layer_dims[l - 1]) * 0.01", "layer_dims[l - 1])", "W1 is large"),
        (4, "cache = (A, W, b)", "cache = (W, b, A)", "here it is (A, W, b), in this order"),
        (5, "(linear_cache, activation_cache)", "(activation_cache, linear_cache)", "here it is ((A_prev, W, b), Z)"),
        (5, "A, activation_cache = relu(Z)", "A, activation_cache = relu(Z)[0], relu(Z)[0]", "((A_prev, W, b), Z)"),
        (6, "return AL, caches", "return AL, caches[::-1]", "here it is [((A_prev, W, b), Z), …]"),
    ],
)
def test_what_later_exercises_rely_on_is_told(learn, number, right, wrong, words):
    exercise = EXERCISES[number - 1]
    learn(number)
    assert right in RIGHT
    (learn.folder / exercise.file_name).write_text(RIGHT.replace(right, wrong), "utf-8")
    result = learn(number, "--check")
    assert result.exit_code == 2
    assert words in result.stdout


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("costs.append(compute_cost(AL, Y))\n", "pass\n", "each cost is that after its update"),
        (
            "L_model_backward(AL, Y, caches)",
            "(first := first or L_model_backward(AL, Y, caches))",
            "gradients of the first",
        ),
    ],
)
def test_the_order_of_gradient_descent_is_told(learn, before, after, words):
    text = ANSWERS["training"]
    assert before in text
    text = text.replace(before, after).replace("    costs = []\n", "    costs, first = [], None\n")
    if after == "pass\n":
        text = text.replace(
            "    return", "        costs.append(compute_cost(L_model_forward(X, parameters)[0], Y))\n    return"
        )
    learn(12)
    (learn.folder / EXERCISES[11].file_name).write_text(text, "utf-8")
    assert words in learn(12, "--check").stdout


def test_an_exercise_that_was_done_and_is_broken_again_is_open_again(learn):
    learn(1)
    path = learn.folder / EXERCISES[0].file_name
    path.write_text(ANSWERS["counting"], "utf-8")
    assert learn(1, "--check").exit_code == 0
    path.write_text(ANSWERS["counting"].replace("len(sizes) - 1", "len(sizes)"), "utf-8")
    result = learn(1, "--check")
    assert result.exit_code == 2
    assert "yours 5   right 4" in result.stdout
    assert "0 of" in learn().stdout


def test_hints_come_one_after_another_and_are_remembered(learn):
    exercise = EXERCISES[7]
    said = [learn(8, "--hint").stdout for _ in range(4)]
    for text, (english, _) in zip(said, exercise.hints, strict=False):
        assert english in text
    assert "(2 more)" in said[0]
    assert "last hint" in said[2]
    assert said[3] == said[2]


def test_the_language_is_remembered_by_the_folder(learn):
    assert "符号" in learn(1, "--language", "zh").stdout or "数一数层" in learn().stdout
    listed = learn().stdout
    assert "数一数层" in listed
    assert "Count the layers" not in listed
    text = (learn.folder / EXERCISES[0].file_name).read_text("utf-8")
    assert EXERCISES[0].task[1] in text
    assert "Count the layers" in learn("--language", "en").stdout


@pytest.mark.parametrize(
    ("key", "right", "wrong", "words"),
    [
        ("shapes", '"b": (n, 1)', '"b": (n,)', "b[1]: (n[1], 1)"),
        ("training", "costs.append(compute_cost(AL, Y))\n", "pass\n", "one cost for each iteration"),
        ("training", ", learning_rate)\n", ", -learning_rate)\n", "the step goes uphill"),
        ("training", "parameters = update", "update", "what update_parameters returns is discarded"),
        ("training", ", learning_rate)\n", ", 0.01)\n", "the learning rate is 0.01 whatever is asked for"),
        ("training", ", learning_rate)\n", ", learning_rate / 3)\n", "the cost of iteration 1 is another"),
        ("training", "return parameters, costs", "return costs", "it returns the parameters and the list of costs"),
        ("training", "return parameters, costs", "return costs, parameters", "it returns the parameters and the list"),
        ("hyperparameters", "if math.isfinite(costs[rate])", "if True", "nan or inf"),
        ("hyperparameters", "    return", "    return sorted(costs.values())[-1]\n    return", "nan or inf"),
        ("hyperparameters", "    return", "    return 0.22\n    return", "this is the cost; the rate that has it"),
        ("hyperparameters", "evaluate(rate) for", "(evaluate(rate), evaluate(rate))[0] for", "12 calls"),
        ("counting", "return len(sizes) - 1", "print(len(sizes) - 1)", "it returns nothing: return gives the result"),
        ("shapes", '"b": (n, 1)', '"b": "n, 1"', "a shape is a tuple of two numbers"),
        (
            "shapes",
            '"W": (n, n_before)',
            '"W": (n_before, n)',
            "W is turned round, rows come first: W[1] is (n[1], n[0])",
        ),
        (
            "shapes",
            '"W": (n, n_before)',
            '"W": (sizes[1], sizes[0])',
            "this is the shape of W[1]; the layer asked for is l = 4",
        ),
        ("shapes", '"W": (n, n_before)', '"W": (n[1], n[0])', "n is one number already, n[l]"),
        ("shapes", '"W": (n, n_before), ', "", "W is not filled in: (n[1], n[0])"),
        ("shapes", '"b": (n, 1)', '"b": n', "a shape is a tuple of two numbers, such as (n, m): b[1] is (n[1], 1)"),
        (
            "shapes",
            "for key, value in found.items()}}",
            'for key, value in found.items()}, "dA": (1, m)}',
            "dA is a gradient and has the shape",
        ),
        ("counting", "sizes[1:-1]", "sizes[1:]", "yours [5, 5, 3, 1]   right [5, 5, 3]"),
        ("depth", "[[0], [-1]]", "[[0], [0]]", "u XOR v"),
        ("depth", "[[2.0, -4.0]]", "[[2.0, -2.0]]", "each layer folds once more"),
        ("depth", "np.ones((2, 1)) @ read", "read", "no list of (W, b)"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(learn, key, right, wrong, words):
    exercise = next(own for own in EXERCISES if own.key == key)
    learn(exercise.number)
    assert right in ANSWERS[key]
    (learn.folder / exercise.file_name).write_text(ANSWERS[key].replace(right, wrong), "utf-8")
    result = learn(exercise.number, "--check")
    assert result.exit_code == 2
    if key == "hyperparameters" and result.stdout.startswith("✓"):
        pytest.fail("nan was taken")
    assert words in result.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["0"], "numbered from 1 to"),
        (["99"], "numbered from 1 to"),
        (["abc"], "Exercises are numbered from 1 to 14; got 'abc'. leadline learn without a number lists them."),
        (["--check"], "need the number of an exercise"),
        (["1", "--check", "--hint"], "either --check or --hint"),
        (["1", "--language", "de"], "--language must be one of en, zh"),
    ],
)
def test_wrong_usage_is_refused_with_the_reason(learn, words, expected):
    result = learn(*words)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert not learn.folder.exists()


def test_a_folder_that_cannot_be_used_is_refused(learn):
    learn.folder.write_text("a file", "utf-8")
    result = learn(1)
    assert result.exit_code == 2
    assert "is a file" in result.stderr


def test_progress_that_was_damaged_is_refused_with_what_to_do(learn):
    learn(1)
    (learn.folder / "progress.json").write_text("{", "utf-8")
    result = learn()
    assert result.exit_code == 2
    assert "remove it to begin anew" in result.stderr


@pytest.mark.parametrize("exercise", [own for own in EXERCISES if own.functions == ()], ids=lambda own: own.key)
def test_a_wrong_answer_is_told_in_chinese_alike(learn, exercise):
    wrong = {
        "counting": ("len(sizes) - 1", "len(sizes)"),
        "shapes": ("(n, n_before)", "(n_before, n)"),
        "training": ("parameters = update", "update"),
        "hyperparameters": ("if math.isfinite(costs[rate])", "if True"),
        "depth": ("[[0], [-1]]", "[[0], [0]]"),
    }[exercise.key]
    learn(exercise.number, "--language", "zh")
    (learn.folder / exercise.file_name).write_text(ANSWERS[exercise.key].replace(*wrong), "utf-8")
    said = learn(exercise.number, "--check").stdout
    assert "你的" in said
    assert not re.search(r"\b(yours|right|the|for)\b", re.sub(r".*\.py:.*", "", said))


def test_every_exercise_has_hints_and_words_in_two_languages():
    assert [own.number for own in EXERCISES] == list(range(1, len(EXERCISES) + 1))
    for own in EXERCISES:
        assert len(own.hints) >= 3
        assert bool(own.functions) != (own.check is not None)
        for english, chinese in (own.section, own.title, own.task):
            assert not re.search(r"[\u4e00-\u9fff]", english)
            assert re.search(r"[\u4e00-\u9fff]", chinese)

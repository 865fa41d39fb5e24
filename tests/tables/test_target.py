"""Targets: the task, the classes, what is refused, and the way from scores to predictions."""

import json

import numpy as np
import pandas as pd
import pytest

from leadline.errors import DataError
from leadline.tables import (
    Numbers,
    TargetStatistics,
    check_complete,
    guess_task,
    infer_target,
    shown,
    target_from_record,
)


def message(function, *given):
    with pytest.raises(DataError) as caught:
        function(*given)
    return str(caught.value)


def infer(values, task="classification"):
    return infer_target(np.asarray(values), task, "price")


# The task


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["no", "yes", "no"], "classification"),
        ([True, False, True], "classification"),
        (pd.Categorical([1.5, 2.5]), "classification"),
        (range(10), "classification"),
        ([1.0, 2.0, 1.0], "classification"),
        (range(11), "regression"),
        ([1.5, 2.5, 1.5], "regression"),
        ([1.0, np.inf], "regression"),
        (pd.array([1, 2, None], dtype="Int64"), "classification"),
    ],
)
def test_the_task_follows_from_the_values(values, task):
    assert guess_task(pd.Series(values)) == task


# What is refused


@pytest.mark.parametrize("values", [[1.0, np.nan, 2.0, np.nan], np.array(["a", None, "b", None], dtype=object)])
def test_missing_values_are_counted_and_the_first_row_is_named(values):
    text = message(check_complete, np.asarray(values), "price")
    assert text == ("The target 'price' has missing values (NaN), the first in row 2 (2 in all); leave these rows out.")


def test_a_complete_target_passes():
    check_complete(np.array(["a", "b"]), "price")


@pytest.mark.parametrize(("values", "value"), [([3, 3, 3], "3"), (["x", "x"], "'x'"), ([True, True], "True")])
def test_a_single_class_is_named_as_people_write_it(values, value):
    assert message(infer, values) == (
        f"The target 'price' has only one class ({value}); nothing can be told apart. At least two classes are needed."
    )


def test_an_infinite_number_is_named_by_its_row_with_what_to_do():
    text = message(infer, [1.5, 2.5, -np.inf], "regression")
    assert text.startswith("The target 'price' has an infinite value (infinity) in row 3;")
    assert "leave the row out" in text


def test_a_number_too_large_to_square_is_named_by_its_row_with_what_to_do():
    text = message(infer, [1.0, 1e200], "regression")
    assert "has 1e+200 in row 2" in text
    assert "Divide the column" in text


def test_a_whole_number_that_float64_does_not_have_is_named_by_its_row():
    y = np.array([[1, 2], [3, 10**400]], dtype=object)
    assert "has too large a number in row 2; numbers beyond 1e+30 cannot be learned" in message(infer, y, "regression")


def test_a_target_that_is_missing_later_is_called_missing():
    target = infer([1.0, 2.0, 4.0], "regression")
    assert "has missing values (NaN), the first in row 2 (1 in all)" in message(target.encode, np.array([1.0, np.nan]))


def test_text_in_a_regression_is_named_by_its_row():
    text = message(infer, np.array(["1", "2", "dear"], dtype=object), "regression")
    assert text == "The target 'price' must hold numbers for a regression; row 3 has 'dear'."


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_dates_are_no_target(task):
    text = message(infer, pd.to_datetime(["2026-01-01", "2026-01-02"]), task)
    assert "holds dates" in text
    assert "days since a date" in text


# From values to Y


def test_two_classes_have_one_output_and_three_have_three():
    assert (infer(["a", "b"]).n_scores, infer(["a", "b"]).loss) == (1, "binary_cross_entropy")
    assert (infer(["a", "b", "c"]).n_scores, infer(["a", "b", "c"]).loss) == (3, "cross_entropy")


def test_numbers_keep_their_columns():
    target = infer([[1.5, 2.0], [3.5, 4.0]], "regression")
    assert (target.n_scores, target.loss) == (2, "half_squared_error")
    assert target.encode(np.array([[1.5, 2.0]])).tolist() == [[1.5, 2.0]]


def test_classes_become_zero_and_one_or_one_hot_in_sorted_order():
    assert infer(["b", "a"]).encode(np.array(["a", "b", "b"])).tolist() == [[0], [1], [1]]
    three = infer(["c", "a", "b"])
    places = three.encode(np.array(["b", "c"]))
    assert places.tolist() == [[1], [2]]
    learned = three.learned(places, three.fit(places, np.ones(2)))
    assert learned.tolist() == [[0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize("values", [[0, 2, 1], [0.0, 2.0, 1.0], np.array([0, 2, 1], dtype=object)])
def test_classes_that_are_numbers_are_known_however_they_are_stored(values):
    assert infer([0, 1, 2]).truth(np.asarray(values)).tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("trained", "values", "row", "value"),
    [
        (["no", "yes"], ["no", "maybe"], 2, "'maybe'"),
        (["no", "yes"], [3, 4], 1, "3"),
        ([0, 1], ["0", "1"], 1, "'0'"),
        ([0, 1], [0, 1, 7], 3, "7"),
    ],
)
def test_a_class_unseen_in_training_is_named_by_its_row_with_the_known_ones(trained, values, row, value):
    text = message(infer(trained).truth, np.asarray(values))
    assert text == (
        f"The target 'price' has the class {value} in row {row}, which was not there in training; "
        f"known are {trained[0]}, {trained[1]}."
    )


def test_text_given_to_a_regression_later_is_refused_too():
    target = infer([1.5, 2.5], "regression")
    assert "row 1 has 'x'" in message(target.encode, np.array(["x"], dtype=object))


# From scores to predictions


def test_two_class_probabilities_are_those_of_the_sigmoid():
    Z = np.array([[-2.0], [0.0], [3.0]])
    p = infer(["a", "b"]).predictions(Z, TargetStatistics.unscaled(1))
    np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp([2.0, 0.0, -3.0])), rtol=1e-12)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)


def test_a_small_probability_is_not_rounded_to_zero():
    p = infer(["a", "b"]).predictions(np.array([[60.0], [-60.0]]), TargetStatistics.unscaled(1))
    np.testing.assert_allclose([p[0, 0], p[1, 1]], np.exp(-60), rtol=1e-6)


def test_probabilities_of_many_classes_do_not_change_when_all_scores_move():
    Z = np.array([[1.0, 2.0, 4.0], [0.0, -1.0, 1.0]])
    target = infer(["a", "b", "c"])
    p, moved = (target.predictions(z, TargetStatistics.unscaled(3)) for z in (Z, Z + 500))
    np.testing.assert_allclose(p, moved, rtol=1e-9)
    np.testing.assert_allclose(p[:, 2] / p[:, 0], np.exp(Z[:, 2] - Z[:, 0]), rtol=1e-9)


def test_a_regression_is_scaled_and_back_again():
    target = infer([1.0, 5.0, 9.5], "regression")
    Y, w = target.encode(np.array([1.0, 5.0, 9.5])), np.ones(3)
    fitted = target.fit(Y, w)
    np.testing.assert_allclose(target.predictions(target.learned(Y, fitted), fitted), Y)
    np.testing.assert_allclose(target.learned(Y, fitted).std(), 1)


def test_numbers_are_predicted_within_the_range_of_the_training_rows_if_asked():
    target = infer([1.0, 5.0, 9.5], "regression")
    Y = target.encode(np.array([1.0, 5.0, 9.5]))
    far = np.array([[-9.0], [0.0], [9.0]])
    clipped = target.predictions(far, target.fit(Y, np.ones(3), clip=True))
    free = target.predictions(far, target.fit(Y, np.ones(3)))
    assert clipped[[0, 2], 0].tolist() == [1.0, 9.5]
    assert clipped[1, 0] == free[1, 0]
    assert free[0, 0] < 1.0 < 9.5 < free[2, 0]
    several = target.fit(np.array([[1.0, -5.0], [2.0, 5.0]]), np.ones(2), clip=True)
    assert (several.low.tolist(), several.high.tolist()) == ([1.0, -5.0], [2.0, 5.0])


def test_smoothing_spreads_a_share_of_every_class_and_label_and_leaves_numbers_alone():
    three, two = infer(["a", "b", "c"]), infer(["a", "b"])
    labels, numbers = infer_target(np.array([[0, 1], [1, 1]]), "classification"), infer([1.0, 2.0], "regression")

    def learned(target, y, share):
        Y = target.encode(np.array(y))
        return target.learned(Y, target.smoothed(TargetStatistics.unscaled(target.n_scores), share))

    np.testing.assert_allclose(learned(three, ["b"], 0.3), [[0.1, 0.8, 0.1]])
    np.testing.assert_allclose(learned(two, ["a", "b"], 0.2), [[0.1], [0.9]])
    np.testing.assert_allclose(learned(labels, [[0, 1]], 0.2), [[0.1, 0.9]])
    assert learned(numbers, [1.0], 0.2).tolist() == [[1.0]]


def test_centre_and_scale_count_a_row_of_weight_two_twice():
    target = infer([1.0, 5.0, 9.5], "regression")
    Y = np.array([[1.0], [5.0], [9.5]])
    weighted = target.fit(Y, np.array([1.0, 2.0, 1.0]))
    repeated = target.fit(Y[[0, 1, 1, 2]], np.ones(4))
    np.testing.assert_allclose([weighted.center, weighted.scale], [repeated.center, repeated.scale])


def test_a_constant_target_has_scale_one():
    target = Numbers("price", "half_squared_error", 1)
    fitted = target.fit(np.full((3, 1), 7.0), np.ones(3))
    assert (fitted.center, fitted.scale) == (7.0, 1.0)


# Records


@pytest.mark.parametrize(
    "values", [["no", "yes"], np.array(["ä", "b"], dtype=object), [0, 3, 7], [True, False], [0.5, 1.5]]
)
def test_classes_survive_json_with_their_type(values):
    target = infer(values)
    back = target_from_record(json.loads(json.dumps(target.to_record())))
    assert back.classes.tolist() == target.classes.tolist()
    assert back.classes.dtype == target.classes.dtype


def test_a_regression_survives_json():
    target = infer([[1.5, 2.0], [3.0, 4.0]], "regression")
    assert target_from_record(json.loads(json.dumps(target.to_record()))) == target


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "'a'"), (np.str_("a"), "'a'"), (np.int64(3), "3"), (np.float64(0.5), "0.5"), (True, "True")],
)
def test_values_are_shown_without_their_type(value, text):
    assert shown(value) == text

"""Figures say in words what they draw."""

import numpy as np

from leadline.report.network_figures import dependence
from leadline.report.prediction_figures import confusion
from leadline.report.specs import MOST_CURVES


def test_a_confusion_matrix_in_words():
    truth = np.array([0] * 4 + [1] * 5)
    predicted = np.array([0, 0, 0, 1, 1, 1, 1, 0, 0])
    found = confusion(truth, np.eye(3)[predicted], ["ash", "birch", "never"])
    assert found.alt == (
        "Confusion matrix of 3 classes; 66.7% of 9 rows are right. Right of each class: ash 75%, birch 60%. "
        "Most often wrong: birch taken for ash (2 rows)."
    )
    told = [own["rows"] for own in found.spec["data"]["values"]]
    assert told == [3, 1, 0, 2, 3, 0, 0, 0, 0]


def test_a_dependence_in_words():
    curve = {"column": "age", "kind": "number", "values": [1.0, 2.5, 4.0], "predictions": [[0.5], [0.75], [0.25]]}
    found = dependence(curve, ["price"], "mean prediction", 0)
    assert found.alt == (
        "Mean prediction as age changes: mean prediction is lowest, 0.25, at 4 and highest, 0.75, at 2.5."
    )
    assert found.caption == ""


def test_of_many_outputs_those_are_drawn_that_move_most():
    k = MOST_CURVES + 3
    steps = np.linspace(0, 1, k)
    curve = {"column": "city", "kind": "category", "values": ["Ulm", "Rom"], "predictions": [[0.0] * k, steps.tolist()]}
    found = dependence(curve, [f"class {i}" for i in range(k)], "mean probability", 2)
    drawn = {own["_output"]: own["mean"] for own in found.spec["data"]["values"] if own["value"] == "Rom"}
    assert drawn == {f"class {i}": float(f"{steps[i]:.6g}") for i in range(3, k)}
    assert found.caption == f"The {MOST_CURVES} of {k} that move most."
    assert "class 12 is lowest, 0, at Ulm and highest, 1, at Rom" in found.alt

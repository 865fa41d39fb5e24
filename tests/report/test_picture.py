"""The ladder as a picture."""

import xml.etree.ElementTree as ElementTree

from leadline.report.picture import ladder_picture

LADDER = [
    {"L": 1, "mean_score": -10.0, "standard_error": 0.5},
    {"L": 2, "mean_score": -5.0, "standard_error": 0.4},
    {"L": 3, "mean_score": None, "standard_error": None},
]
CANDIDATES = {1: [-10.0, -10.5], 2: [-5.0, -5.2, -1e9], 3: []}


def picture(ladder=LADDER, candidates=CANDIDATES, chosen=2, sign=-1):
    return ladder_picture(ladder, candidates, chosen, "RMSE", sign)


def test_the_picture_is_one_svg_element():
    assert ElementTree.fromstring(picture()).tag == "{http://www.w3.org/2000/svg}svg"


def test_the_picture_names_the_answer_the_score_and_its_direction():
    svg = picture()
    assert "<!-- L = 2 -->" in svg
    assert "<!-- RMSE over the folds, lower is better -->" in svg
    assert "higher is better" in picture(sign=1)


def test_a_candidate_that_went_badly_wrong_does_not_squeeze_the_others():
    axis = [line.strip() for line in picture().splitlines() if line.strip().startswith("<!-- ")]
    assert "<!-- 5 -->" in axis
    assert "<!-- 10 -->" in axis


def test_a_single_depth_without_an_error_can_be_drawn():
    svg = picture([{"L": 1, "mean_score": 0.0, "standard_error": 0.0}], {1: [0.0]}, chosen=1)
    assert "<!-- L = 1 -->" in svg

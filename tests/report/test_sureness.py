"""The section "How sure?": what intervals and sets hold of test rows, in groups of them, and the least sure rows."""

import numpy as np
import pandas as pd
import pytest

from leadline import DeepClassifier, DeepRegressor
from leadline.report.sureness import sureness, sureness_figure

SMALL = {"hidden_layer_sizes": (8,), "max_iter": 10, "n_networks": 4, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": generator.uniform(1, 5, 900),
            "city": generator.choice(["Ulm", "Rom", None], 900),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(generator.integers(0, 400, 900), "D"),
        }
    )
    price = 100 * frame["size"] + 10 * frame["size"] ** 2 * generator.normal(size=900)
    return frame, price.to_numpy()


@pytest.fixture(scope="module")
def stated(table):
    frame, price = table
    model = DeepRegressor(**SMALL).fit(frame[:500], price[:500]).model_
    test = frame[500:].reset_index(drop=True)
    return model, test, price[500:], sureness(model, test, price[500:, None], ["size", "city", "day"])


def test_shares_are_those_of_the_intervals(stated) -> None:
    model, test, truth, found = stated
    assert [own["coverage"] for own in found["promised"]] == [0.8, 0.9, 0.95]
    for own in found["promised"]:
        lower, upper = (end[:, 0] for end in model.sure.interval(model.predictions(test), own["coverage"]))
        assert own["inside"] == pytest.approx(((truth >= lower) & (truth <= upper)).mean())
        assert own["width"] == pytest.approx((upper - lower).mean())
        assert own["error"] == pytest.approx(np.sqrt(own["coverage"] * (1 - own["coverage"]) / 400))
    assert (found["rows"], found["left_out"], found["numbers"]) == (400, 500, True)


def test_groups_are_by_the_prediction_and_by_columns(stated) -> None:
    groups = stated[3]["groups"]
    assert [own["by"] for own in groups] == ["prediction"] * 5 + ["size"] * 3 + ["city"] * 2
    assert sum(own["rows"] for own in groups[:5]) == 400
    assert {own["group"] for own in groups[-2:]} == {"Ulm", "Rom"}
    # errors grow with the size
    assert groups[7]["width"] > 1.5 * groups[5]["width"]


def test_the_least_sure_rows_have_the_widest_intervals(stated) -> None:
    model, test, _, found = stated
    lower, upper = model.sure.interval(model.predictions(test), 0.9)
    widest = np.sort((upper - lower)[:, 0])[::-1][:8]
    rows = [own["row"] - 1 for own in found["least"]]
    np.testing.assert_allclose((upper - lower)[rows, 0], widest)
    assert all(len(own["values"]) == len(found["columns"]) == 3 for own in found["least"])


def test_the_figure_counts_the_groups_that_miss_the_promise(stated) -> None:
    found = stated[3]
    figure = sureness_figure(found)
    assert len(figure.spec["layer"][2]["data"]["values"]) == len(found["groups"])
    assert "in 10 groups" in figure.alt
    assert sureness_figure({**found, "groups": []}) is None


def test_sets_of_classes_and_of_labels_are_counted_likewise(table) -> None:
    frame, price = table
    kind = np.where(price > 300, "dear", "cheap")
    model = DeepClassifier(**SMALL).fit(frame[:500], kind[:500]).model_
    test, truth = frame[500:].reset_index(drop=True), model.target.truth(kind[500:])
    found = sureness(model, test, truth, ["size"])
    assert found["groups"][0]["by"] == "probability of the answer"
    members = model.sure.members(model.predictions(test), 0.9)
    assert found["promised"][1]["inside"] == pytest.approx(members[np.arange(400), truth].mean())
    assert found["promised"][1]["width"] == pytest.approx(members.sum(axis=1).mean())
    assert {own["truth"] for own in found["least"]} <= {"dear", "cheap"}
    labels = np.stack([price > 300, price > 200], axis=1).astype(int)
    of_labels = DeepClassifier(**SMALL).fit(frame[:500], labels[:500]).model_
    stated = sureness(of_labels, test, labels[500:], ["size"])
    inside, true = of_labels.sure.members(of_labels.predictions(test), 0.9), labels[500:] == 1
    share = (inside & true).sum(axis=1)[true.any(axis=1)] / true.sum(axis=1)[true.any(axis=1)]
    assert stated["promised"][1]["inside"] == pytest.approx(share.mean())


def test_what_too_few_rows_can_say_is_left_out(table) -> None:
    frame, price = table
    model = DeepRegressor(**SMALL).fit(frame[:30], price[:30]).model_
    found = sureness(model, frame[500:], price[500:, None], [])
    assert [own["coverage"] for own in found["promised"]] == [0.8, 0.9]


def test_a_model_that_knows_no_errors_has_no_section(table) -> None:
    frame, price = table
    assert sureness(DeepRegressor(()).fit(frame, price).model_, frame, price[:, None], ["size"]) is None

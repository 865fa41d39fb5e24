"""The page of what layers see, and its pictures."""

import io

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from leadline import DeepClassifier, DeepRegressor
from leadline.errors import DataError, ParameterError
from leadline.report.layers import GAP, contact_sheet, layer_report


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    network = DeepClassifier((16, 12), numeric_embedding="none", n_networks=2, max_iter=8, random_state=0)
    return network.fit(X[:900], y[:900]), X[900:1300], y[900:1300]


def test_every_layer_is_looked_at(digits):
    network, X, y = digits
    found = layer_report(network, X, y, (8, 8), about="<b>digits</b>")
    assert [probe.units for probe in found.probes] == [61, 16, 12]  # three pixels are never inked
    assert found.similarity.shape == (4, 4)
    assert [own.shape for own in found.top_rows] == [(16, 6), (12, 6), (10, 6)]
    assert sorted(found.sheets) == [1, 2, 3]
    assert "&lt;b&gt;digits" in found.html
    assert found.html.count("data:image/png;base64,") == 6
    record = found.to_record()
    assert record["top_activating_rows"][0][0] == (found.top_rows[0][0] + 1).tolist()


def test_the_rows_that_are_named_excite_the_unit(digits):
    network, X, _ = digits
    found = layer_report(network, X)
    assert found.probes == []
    assert found.sheets == {}
    output = network.predict_proba(X)
    for k, rows in enumerate(found.top_rows[-1]):
        assert output[rows, k].mean() > np.sort(output[:, k])[-40]


def test_without_a_network_of_that_number_or_with_another_shape_it_is_refused(digits):
    network, X, y = digits
    with pytest.raises(ParameterError, match="member must be from 0 to 1; got 2"):
        layer_report(network, X, y, member=2)
    with pytest.raises(ParameterError, match="8 × 9 has 72 pixels; the table has 64 columns"):
        layer_report(network, X, y, (8, 9))


def test_pictures_need_pixels_at_layer_1():
    X = np.random.default_rng(0).normal(size=(60, 4))
    network = DeepRegressor((4,), max_iter=2, random_state=0).fit(X, X[:, 0])
    with pytest.raises(DataError, match="numeric_embedding='none'"):
        layer_report(network, X, shape=(2, 2))
    gaps = np.where(np.arange(240).reshape(60, 4) % 17 == 0, np.nan, X)
    network = DeepRegressor((4,), numeric_embedding="none", max_iter=2, random_state=0).fit(gaps, X[:, 0])
    with pytest.raises(DataError, match="without gaps"):
        layer_report(network, gaps, shape=(2, 2))


def test_a_contact_sheet_shows_each_picture_in_its_place_and_colour():
    red, blue = np.array([[1.0, 0.0]]), np.array([[0.0, -2.0]])
    sheet = np.asarray(Image.open(io.BytesIO(contact_sheet([red, blue], signed=True))))
    zoom = 28  # a picture is at least 56 wide
    assert sheet.shape == (zoom + 2 * GAP, 2 * (2 * zoom + GAP) + GAP, 3)
    r, _, b = sheet[GAP + 1, GAP + 1].astype(int)
    assert r > b + 100
    r, _, b = sheet[GAP + 1, -GAP - 2].astype(int)
    assert b > r + 100
    grey = np.asarray(Image.open(io.BytesIO(contact_sheet([np.array([[3.0, 5.0]])]))))
    assert grey[GAP + 1, GAP + 1].tolist() == [0, 0, 0]
    assert grey[GAP + 1, -GAP - 2].tolist() == [255, 255, 255]

"""What layers see, on networks whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from leadline import DeepClassifier, DeepRegressor
from leadline.inspection import (
    activation_maximization,
    column_layers,
    layer_activations,
    linear_cka,
    probe_layers,
    top_activating_rows,
)


@pytest.fixture(scope="module")
def circle():
    """Inside or outside of a circle: not linear in the inputs, nearly so in a hidden layer that has learned it."""
    X = np.random.default_rng(0).uniform(-2, 2, (600, 2))
    y = ((X**2).sum(axis=1) < 2).astype(int)
    network = DeepClassifier((32, 16), recipe="plain", max_iter=60, random_state=0).fit(X, y)
    frame = pd.DataFrame(X, columns=[column.name for column in network.model_.layout.columns])
    return network, frame, y


def test_the_activations_are_those_of_the_network(circle):
    network, frame, _ = circle
    found = layer_activations(network.model_, frame)
    assert [A.shape for A in found] == [(600, 2), (600, 32), (600, 16), (600, 1)]
    assert found[-1][:, 0] == pytest.approx(network.predict_proba(frame.to_numpy())[:, 1], abs=1e-6)


def test_a_deeper_layer_is_easier_to_read(circle):
    network, frame, y = circle
    probes = probe_layers(layer_activations(network.model_, frame), y, classify=True)
    assert [probe.l for probe in probes] == [0, 1, 2, 3]
    assert probes[0].score < 0.75
    assert probes[1].score > 0.9
    assert all(0 <= probe.error < 0.05 for probe in probes)


def test_numbers_and_labels_are_read_as_well():
    X = np.random.default_rng(0).normal(size=(200, 3))
    (linear,) = probe_layers([X], X[:, :1] * 3, classify=False)
    assert linear.score == pytest.approx(1, abs=1e-3)
    (labels,) = probe_layers([X], (X[:, :2] > 0).astype(int), classify=True)
    assert labels.score > 0.8


def test_the_rows_that_excite_a_unit_most_come_first():
    A = np.array([[0.0, 5.0], [3.0, 1.0], [2.0, 9.0]])
    assert top_activating_rows(A, 2).tolist() == [[1, 2], [2, 0]]


def test_alike_layers_are_alike_whatever_their_axes():
    generator = np.random.default_rng(0)
    A = generator.normal(size=(300, 5))
    rotated = 3 * A @ np.linalg.qr(generator.normal(size=(5, 5)))[0] + 7
    found = linear_cka([A, rotated, generator.normal(size=(300, 5)), np.ones((300, 2))])
    assert found[0, 1] == pytest.approx(1)
    assert found[0, 2] < 0.2
    assert np.isnan(found[3]).all()
    assert found[:3, :3] == pytest.approx(found[:3, :3].T)


def test_a_first_layer_prefers_its_own_weights(circle):
    network, frame, _ = circle
    W, rows = network.model_.layers()[0][0], layer_activations(network.model_, frame)[0]
    found = activation_maximization(network.model_.layers()[:1], (), [0, 5], rows)
    norm = np.linalg.norm(rows, axis=1).mean()
    assert np.linalg.norm(found, axis=1) == pytest.approx([norm, norm])
    for own, row in zip(found, W[[0, 5]], strict=True):
        assert own @ row == pytest.approx(norm * np.linalg.norm(row))


@pytest.mark.parametrize("l", [2, 3])
def test_what_a_deeper_unit_prefers_excites_it_more_than_any_other_input_of_that_norm(circle, l):
    network, frame, _ = circle
    model = network.model_
    units = list(range(model.plans[0].architecture.sizes[l]))[:6]
    rows = layer_activations(model, frame)[0]
    found = activation_maximization(model.layers()[:l], ("relu", "relu"), units, rows)
    turns = np.linspace(0, 2 * np.pi, 2000)
    rivals = np.linalg.norm(rows, axis=1).mean() * np.column_stack([np.cos(turns), np.sin(turns)])

    def scores(X):
        A = X.T
        for W, b in model.layers()[:l]:
            Z = W @ A + b
            A = np.maximum(Z, 0)
        return Z[units]

    own, best = np.diag(scores(found)), scores(rivals).max(axis=1)
    spread = scores(rivals).std(axis=1)
    assert (own >= best - 0.1 * spread).mean() >= 0.8


def test_a_number_is_inspected_too():
    X = np.random.default_rng(0).normal(size=(100, 3))
    network = DeepRegressor((6,), max_iter=5, random_state=0).fit(X, X[:, 0])
    frame = pd.DataFrame(X, columns=[column.name for column in network.model_.layout.columns])
    assert [len(A) for A in layer_activations(network.model_, frame)] == [100, 100, 100]


def test_the_layers_as_the_columns_see_them_compute_the_same():
    X = np.random.default_rng(0).normal(size=(100, 3)) * [1, 10, 100]
    network = DeepRegressor((6,), numeric_embedding="none", max_iter=5, random_state=0).fit(X, X[:, 0])
    frame = pd.DataFrame(X, columns=[column.name for column in network.model_.layout.columns])
    parameters, columns = column_layers(network.model_, frame)
    (W, b), *_ = parameters
    hidden = layer_activations(network.model_, frame)[1]
    assert np.maximum(columns @ W.T + b.T, 0) == pytest.approx(hidden, abs=1e-6)
    embedded = DeepRegressor((6,), max_iter=2, random_state=0).fit(X, X[:, 0])
    assert column_layers(embedded.model_, frame) is None


def test_the_order_of_rows_hardly_counts_for_a_probe():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(400, 3))
    y = X[:, 0] + 0.1 * generator.normal(size=400)
    (drawn,), order = probe_layers([X], y, classify=False), np.argsort(y)
    (ordered,) = probe_layers([X[order]], y[order], classify=False)
    assert ordered.score == pytest.approx(drawn.score, abs=0.02)


def test_too_few_rows_have_no_probes():
    X = np.random.default_rng(0).normal(size=(6, 2))
    assert probe_layers([X], np.array([0, 0, 0, 0, 0, 1]), classify=True) == []
    assert probe_layers([X], np.zeros(6, int), classify=True) == []
    assert probe_layers([X[:3]], X[:3, 0], classify=False) == []

"""Every kind of target and loss, and the ways to steer a training."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.model_selection import PredefinedSplit

import leadline
from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.errors import DataError, ParameterError
from leadline.network import ElementwiseLoss

QUICK = {"hidden_layer_sizes": (16,), "max_iter": 40, "random_state": 0}


def skewed(n: int = 1500):
    """Numbers with a long upper tail: mean, median and other quantiles differ, and all depend on x."""
    generator = np.random.default_rng(0)
    x = generator.uniform(-2, 2, (n, 1))
    return x, np.exp(0.5 * x[:, 0] + 0.7 * generator.normal(size=n))


# Losses of a regression


def test_each_loss_finds_its_own_middle() -> None:
    x, y = skewed()
    at = np.array([[0.0]])
    found = {
        loss: float(DeepRegressor(loss=loss, **QUICK).fit(x, y).predict(at)[0])
        for loss in ("squared_error", "absolute_error", "huber(0.1)", "poisson", "quantile(0.9)")
    }
    assert found["absolute_error"] == pytest.approx(1.0, rel=0.15)
    assert found["squared_error"] == pytest.approx(np.exp(0.245), rel=0.15)
    assert found["poisson"] == pytest.approx(np.exp(0.245), rel=0.15)
    assert found["quantile(0.9)"] == pytest.approx(np.exp(0.7 * 1.2816), rel=0.2)
    assert found["huber(0.1)"] == pytest.approx(found["absolute_error"], rel=0.1)


def test_several_quantiles_at_once_hold_their_shares_and_never_cross() -> None:
    x, y = skewed(3000)
    interval = DeepRegressor(loss="quantile(0.05, 0.5, 0.95)", **QUICK).fit(x, y)
    predictions = interval.predict(x)
    assert predictions.shape == (3000, 3)
    assert (np.diff(predictions, axis=1) >= 0).all()
    assert np.mean(y[:, None] <= predictions, axis=0) == pytest.approx([0.05, 0.5, 0.95], abs=0.03)
    assert 0.15 < interval.score(x, y) < 1
    unsorted = DeepRegressor(loss="quantile(0.95, 0.05)", **QUICK).fit(x, y).predict(x)
    assert (unsorted[:, 0] >= unsorted[:, 1]).all()
    both = DeepRegressor(loss="quantile(0.1, 0.9)", **QUICK).fit(x, np.stack([y, 2 * y], axis=1)).predict(x)
    assert both.shape == (3000, 2, 2)


def test_counts_are_learned_by_their_logarithm() -> None:
    x, y = skewed()
    counts = np.random.default_rng(1).poisson(y)
    network = DeepRegressor(loss="poisson", **QUICK).fit(x, counts)
    assert (network.predict(x) > 0).all()
    assert network.out_activation_ == "exp"
    assert network.predict(x).mean() == pytest.approx(counts.mean(), rel=0.1)
    with pytest.raises(DataError, match=r"has -1.0 in row 3; the loss 'poisson' needs numbers of at least 0"):
        DeepRegressor(loss="poisson").fit([[0.0], [1.0], [2.0]], [1.0, 2.0, -1.0])


def _value(z, y):
    return (z - y) ** 4


def _gradient(z, y):
    return 4 * (z - y) ** 3


class Focal:
    """Cross-entropy of two classes that looks away from what is easy (Lin et al. 2017, γ = 2), by hand."""

    output_activation = "sigmoid"

    def value(self, Z, Y):
        p = np.clip(1 / (1 + np.exp(-Z)), 1e-7, 1 - 1e-7)
        return np.sum(-Y * (1 - p) ** 2 * np.log(p) - (1 - Y) * p**2 * np.log(1 - p), axis=0)

    def gradient(self, Z, Y):
        p = np.clip(1 / (1 + np.exp(-Z)), 1e-7, 1 - 1e-7)
        one = (1 - p) ** 2 * (2 * p * np.log(p) - (1 - p))
        zero = p**2 * (p - 2 * (1 - p) * np.log(1 - p))
        return Y * one + (1 - Y) * zero


def test_a_loss_of_the_users_own_is_learned_and_leaves_predictions_behind(tmp_path) -> None:
    x, y = skewed()
    fourth = ElementwiseLoss("fourth_power", "identity", _value, _gradient)
    network = DeepRegressor(loss=fourth, **QUICK).fit(x, y)
    plain = DeepRegressor(**QUICK).fit(x, y)
    assert np.mean((network.predict(x) - y) ** 4) < np.mean((plain.predict(x) - y) ** 4)
    labels = (y > 1).astype(int)
    focal = DeepClassifier(loss=Focal(), **QUICK).fit(x, labels)
    assert focal.score(x, labels) > 0.65
    for own in (network, focal):
        own.save(tmp_path)
        assert np.array_equal(leadline.load(tmp_path).predict(x), own.predict(x))
    assert np.array_equal(pickle.loads(pickle.dumps(network)).predict(x), network.predict(x))


def test_saved_models_of_every_loss_predict_the_same(tmp_path) -> None:
    x, y = skewed(300)
    for loss in ("absolute_error", "huber(0.5)", "poisson", "quantile(0.1, 0.9)"):
        network = DeepRegressor(loss=loss, **{**QUICK, "max_iter": 3}).fit(x, y)
        network.save(tmp_path / loss)
        again = leadline.load(tmp_path / loss)
        assert np.array_equal(again.predict(x), network.predict(x))
        assert again.loss == loss


# Labels


@pytest.fixture(scope="module")
def labelled():
    return make_multilabel_classification(400, n_features=10, n_classes=4, random_state=0)


def test_labels_have_a_probability_each(labelled, tmp_path) -> None:
    X, y = labelled
    network = DeepClassifier(**QUICK).fit(X, y)
    probabilities = network.predict_proba(X)
    assert probabilities.shape == network.predict(X).shape == y.shape
    assert not np.allclose(probabilities.sum(axis=1), 1)
    assert np.array_equal(network.predict(X), probabilities > 0.5)
    assert (network.predict(X) == y).mean() > 0.8
    assert network.classes_.tolist() == [0, 1, 2, 3]
    network.save(tmp_path)
    assert np.array_equal(leadline.load(tmp_path).predict_proba(X), probabilities)
    sparse = DeepClassifier(**QUICK).fit(X, csr_array(y))
    assert np.array_equal(sparse.predict_proba(X), probabilities)
    names = pd.DataFrame(y.astype(bool), columns=list("abcd"))
    assert np.array_equal(DeepClassifier(**QUICK).fit(X, names).predict_proba(X), probabilities)


def test_labels_that_are_none_are_named_by_their_row(labelled) -> None:
    X, _ = labelled
    with pytest.raises(DataError, match=r"labels of 'y' must be 0 or 1; row 3 has \[0, 2, 0, 0\]"):
        DeepClassifier().fit(X[:3], [[0, 1, 0, 0], [1, 0, 0, 0], [0, 2, 0, 0]])


# The search over each of them


@pytest.mark.parametrize("scoring", [None, "f1_macro", "roc_auc", "accuracy"])
def test_the_depth_of_labels_is_searched(labelled, scoring) -> None:
    X, y = labelled
    estimator = DeepClassifier(max_iter=4, n_networks=2, random_state=0)
    search = DepthSearchCV(estimator, max_depth=2, candidates=2, cv=3, scoring=scoring, additive=False).fit(X, y)
    assert search.predict(X).shape == y.shape
    assert search.classes_.tolist() == [0, 1, 2, 3]
    assert np.allclose(np.exp(search.predict_log_proba(X)), search.predict_proba(X))
    assert search.metric_.label == {None: "log loss", "roc_auc": "AUC"}.get(scoring, str(scoring).replace("_", " "))
    assert np.isfinite(search.ladder_["mean_score"]).all()


@pytest.mark.parametrize(
    ("loss", "label"),
    [("absolute_error", "MAE"), ("poisson", "Poisson deviance"), ("quantile(0.1, 0.9)", "pinball loss")],
)
def test_a_depth_is_judged_by_the_loss_that_it_is_learned_by(loss: str, label: str) -> None:
    x, y = skewed(400)
    estimator = DeepRegressor(loss=loss, max_iter=5, n_networks=2, random_state=0)
    search = DepthSearchCV(estimator, max_depth=2, candidates=2, cv=3, additive=False).fit(x, y)
    assert search.metric_.label == label
    assert np.isfinite(search.score(x, y))
    assert search.verdict_.p_learned[search.best_depth_] < 0.05


# Weights of classes


def test_weights_by_class_move_the_border() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(600, 2))
    y = (X[:, 0] + generator.normal(size=600) > 1.8).astype(int)
    shares = [
        DeepClassifier(class_weight=weight, **QUICK).fit(X, y).predict(X).mean()
        for weight in (None, "balanced", {0: 1, 1: 100})
    ]
    assert shares[0] < shares[1] < shares[2]
    twice = DeepClassifier(class_weight={0: 1, 1: 3}, **QUICK).fit(X, y)
    by_row = DeepClassifier(**QUICK).fit(X, y, sample_weight=1 + 2 * y)
    assert np.array_equal(twice.predict_proba(X), by_row.predict_proba(X))
    with pytest.raises(DataError, match="class_weight cannot be used"):
        DeepClassifier(class_weight={"heavy": 2}).fit(X, y)


# Rows of the user's own that choose the epoch


def test_own_validation_rows_choose_the_epoch() -> None:
    one = {**QUICK, "n_networks": 1}
    X, y = load_diabetes(return_X_y=True)
    train, test = np.arange(300), np.arange(300, 442)
    network = DeepRegressor(**one).fit(X[train], y[train], validation=(X[test], y[test]))
    assert len(network.validation_scores_) == network.n_iter_
    best = -np.sqrt(np.mean((network.predict(X[test]) - y[test]) ** 2))
    assert best == pytest.approx(network.best_validation_score_, rel=1e-5)
    by_split = DeepRegressor(**one).fit(X, y, validation=PredefinedSplit(np.where(np.arange(442) < 300, -1, 0)))
    assert np.array_equal(by_split.predict(X), network.predict(X))
    weighted = DeepRegressor(**one).fit(X[train], y[train], validation=(X[test], y[test], np.linspace(0.1, 2, 142)))
    assert weighted.validation_scores_.tolist() != network.validation_scores_.tolist()
    with pytest.raises(ParameterError, match="validation must be"):
        DeepRegressor(**one).fit(X, y, validation=0.2)


# Going on


def test_warm_start_goes_on_to_the_bits_of_one_training() -> None:
    X, y = load_iris(return_X_y=True)
    steady = {"hidden_layer_sizes": (8, 8), "learning_rate": "constant", "random_state": 3, "dropout": 0.2}
    for early in (False, True):
        whole = DeepClassifier(**steady, max_iter=12, early_stopping=early).fit(X, y)
        parts = DeepClassifier(**steady, max_iter=5, early_stopping=early, warm_start=True).fit(X, y)
        assert parts.n_iter_ == 5
        parts = pickle.loads(pickle.dumps(parts)).set_params(max_iter=7).fit(X, y)
        assert parts.n_iter_ == whole.n_iter_ == 12
        assert np.array_equal(parts.loss_curve_, whole.loss_curve_)
        assert np.array_equal(parts.predict_proba(X), whole.predict_proba(X))
    with pytest.raises(ParameterError, match=r"hidden_layer_sizes cannot change while training goes on"):
        parts.set_params(hidden_layer_sizes=(9,)).fit(X, y)


def test_partial_fit_is_one_epoch_each_and_goes_on_to_the_same_bits() -> None:
    X, y = load_iris(return_X_y=True)
    steady = {"hidden_layer_sizes": (8,), "learning_rate": "constant", "random_state": 3}
    whole = DeepClassifier(**steady, max_iter=6, early_stopping=False).fit(X, y)
    parts = DeepClassifier(**steady)
    for _ in range(6):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    assert np.array_equal(parts.predict_proba(X), whole.predict_proba(X))
    assert parts.n_iter_ == 6


def test_partial_fit_learns_from_pieces_that_lack_classes() -> None:
    X, y = load_iris(return_X_y=True)
    network = DeepClassifier(hidden_layer_sizes=(16,), random_state=0, dropout=0.0, learning_rate_init=0.02)
    order = np.random.default_rng(0).permutation(150)
    network.partial_fit(X[20:80], y[20:80], classes=[0, 1, 2])
    for start in [*range(0, 150, 30)] * 20:
        rows = order[start : start + 30]
        network.partial_fit(X[rows], y[rows])
    assert network.score(X, y) > 0.9
    with pytest.raises(DataError, match="has the class 7 in row 1"):
        network.partial_fit(X[:3], [7, 0, 0])
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'") as caught:
        DeepClassifier(hidden_layer_sizes=()).partial_fit  # noqa: B018
    assert "partial_fit needs a network that trains in minibatches" in str(caught.value.__cause__)


def test_a_loaded_model_goes_on_with_new_moments(tmp_path) -> None:
    X, y = load_iris(return_X_y=True)
    network = DeepClassifier(**{**QUICK, "max_iter": 4}).fit(X, y)
    network.save(tmp_path)
    loss = network.loss_
    again = leadline.load(tmp_path)
    assert again.partial_fit(X, y).loss_ < loss
    again = leadline.load(tmp_path).set_params(warm_start=True, max_iter=2).fit(X, y)
    assert again.n_iter_ == 2
    assert again.loss_curve_[0] < network.loss_curve_[0]
    estimator = DeepClassifier(max_iter=3, n_networks=2, random_state=0)
    search = DepthSearchCV(estimator, max_depth=2, candidates=1, cv=2, additive=False).fit(X, y)
    search.estimator_at(2).save(tmp_path)
    again = leadline.load(tmp_path)
    before = [member.theta for member in again.model_.members]
    again.partial_fit(X, y)
    for old, new in zip(before, again.model_.members, strict=True):
        assert not np.array_equal(old, new.theta)
    assert len(again.model_.members) == 2


# Who is told


def test_a_callback_sees_every_epoch_and_can_stop(capsys) -> None:
    X, y = load_iris(return_X_y=True)
    seen = []

    def stop_at_four(epoch) -> bool:
        seen.append((epoch.number, epoch.loss, epoch.score, epoch.theta.size))
        return epoch.number == 4

    network = DeepClassifier(**QUICK, callback=stop_at_four, verbose=True).fit(X, y)
    assert [number for number, *_ in seen] == [1, 2, 3, 4]
    assert [loss for _, loss, _, _ in seen] == network.loss_curve_.tolist()
    assert [score for _, _, score, _ in seen] == network.validation_scores_.tolist()
    assert network.n_iter_ == 4
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("Epoch 1, loss = ")
    with pytest.raises(ParameterError, match="callback must be None, or a callable"):
        DeepClassifier(callback="loud").fit(X, y)


@pytest.mark.skipif(not hasattr(DeepClassifier, "set_callbacks"), reason="scikit-learn has callbacks from 1.9")
def test_callbacks_of_scikit_learn_see_epochs_and_can_stop() -> None:
    class Stopper:
        def __init__(self) -> None:
            self.epochs = 0

        def setup(self, estimator, context) -> None:
            pass

        def on_fit_task_begin(self, estimator, context) -> None:
            pass

        def on_fit_task_end(self, estimator, context) -> bool:
            self.epochs += context.task_name == "epoch"
            return self.epochs == 3

        def teardown(self, estimator, context) -> None:
            pass

    X, y = load_iris(return_X_y=True)
    stopper = Stopper()
    network = DeepClassifier(**QUICK).set_callbacks(stopper).fit(X, y)
    assert network.n_iter_ == stopper.epochs == 3

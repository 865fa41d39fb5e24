import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    make_scorer,
    mean_absolute_error,
    mean_pinball_loss,
    mean_poisson_deviance,
    roc_auc_score,
)

from leadline.errors import ParameterError
from leadline.search import Metric, usual_scores
from leadline.tables import infer_target

GENERATOR = np.random.default_rng(0)
TWO = infer_target(np.array(["no", "yes"]), "classification")
THREE = infer_target(np.array([3, 5, 9]), "classification")
NUMBERS = infer_target(np.arange(5.0), "regression")
W = GENERATOR.random(50) + 0.1


def probabilities(k: int) -> np.ndarray:
    p = GENERATOR.random((50, k)) + 0.01
    return p / p.sum(axis=1, keepdims=True)


def test_log_loss_is_the_default_for_classes() -> None:
    y, p = GENERATOR.integers(0, 3, 50), probabilities(3)
    metric = Metric(None, THREE)
    assert (metric.label, metric.sign) == ("log loss", -1)
    assert metric.score(y, p, W) == pytest.approx(-log_loss(y, p, sample_weight=W))
    assert metric.displayed(metric.score(y, p)) == pytest.approx(log_loss(y, p))


def test_root_mean_squared_error_is_the_default_for_numbers() -> None:
    y, p = GENERATOR.normal(size=50), GENERATOR.normal(size=(50, 1))
    metric = Metric(None, NUMBERS)
    assert metric.label == "RMSE"
    assert metric.score(y, p, W) == pytest.approx(-np.sqrt(np.average((y - p[:, 0]) ** 2, weights=W)))


def test_several_numbers_have_the_mean_of_their_errors() -> None:
    y, p = np.zeros((4, 2)), np.tile([1.0, 3.0], (4, 1))
    assert Metric(None, infer_target(y, "regression")).score(y, p) == -2.0


def test_scorers_of_scikit_learn_see_the_true_classes() -> None:
    y, p = GENERATOR.integers(0, 2, 50), probabilities(2)
    assert Metric("auc", TWO).score(y, p, W) == pytest.approx(roc_auc_score(y, p[:, 1], sample_weight=W))
    assert Metric("accuracy", TWO).score(y, p) == accuracy_score(y, p.argmax(axis=1))
    three = probabilities(3)
    y3 = np.arange(50) % 3
    assert Metric("roc_auc", THREE).score(y3, three) == pytest.approx(roc_auc_score(y3, three, multi_class="ovr"))


def test_a_callable_scorer_is_called_as_scikit_learn_does() -> None:
    scorer = make_scorer(mean_absolute_error, greater_is_better=False)
    y, p = GENERATOR.normal(size=50), GENERATOR.normal(size=(50, 1))
    assert Metric(scorer, NUMBERS).score(y, p) == pytest.approx(-mean_absolute_error(y, p[:, 0]))
    seen = []
    Metric(lambda estimator, X, y: seen.append(set(y)) or 0.5, THREE).score(np.array([0, 2]), probabilities(3)[:2])
    assert seen == [{3, 9}]


def test_the_second_of_two_classes_is_the_positive_one() -> None:
    y, p = np.array([0, 1, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]])
    assert Metric("recall", TWO).score(y, p) == pytest.approx(2 / 3)
    assert Metric("neg_brier_score", TWO).score(y, p) == pytest.approx(-((y - p[:, 1]) ** 2).mean())


def test_an_impossible_event_costs_much_but_not_infinity() -> None:
    score = Metric(None, TWO).score(np.array([1]), np.array([[1.0, 0.0]]))
    assert -40 < score < -30


def test_an_unknown_score_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ParameterError, match=r"No score is called 'acuracy'. Did you mean 'accuracy'"):
        Metric("acuracy", TWO)
    with pytest.raises(ParameterError, match=r"No score is called 'xyz'. sklearn.metrics.get_scorer_names\(\) lists"):
        Metric("xyz", TWO)


def test_the_scores_that_people_look_at() -> None:
    y, p = GENERATOR.integers(0, 2, 50), probabilities(2)
    shown = usual_scores(TWO, y, p)
    assert list(shown) == ["log loss", "accuracy", "AUC"]
    assert shown["log loss"] == pytest.approx(log_loss(y, p))
    assert np.isnan(usual_scores(NUMBERS, np.ones((1, 1)), np.ones((1, 1)))["R²"])
    assert np.isnan(usual_scores(TWO, np.zeros(50, int), p)["AUC"])
    exact = usual_scores(NUMBERS, np.arange(5.0)[:, None], np.arange(5.0)[:, None])
    assert exact == {"RMSE": 0.0, "MAE": 0.0, "R²": 1.0}


def test_counts_are_judged_by_their_deviance() -> None:
    counts = infer_target(np.arange(5.0), "regression", loss="poisson")
    y, p = GENERATOR.poisson(2.0, 50).astype(float), GENERATOR.random(50) * 4 + 0.1
    metric = Metric(None, counts)
    assert metric.label == "Poisson deviance"
    assert metric.score(y, p[:, None], W) == pytest.approx(-mean_poisson_deviance(y, p, sample_weight=W))
    assert np.isfinite(metric.score(y, np.zeros((50, 1)), W))
    with pytest.raises(ValueError, match="strictly positive"):
        Metric("neg_mean_poisson_deviance", NUMBERS).score(y, -p[:, None], W)


def test_quantiles_are_judged_by_their_pinball_loss() -> None:
    both = infer_target(np.arange(5.0), "regression", loss="quantile(0.1, 0.9)")
    y, p = GENERATOR.normal(size=50), GENERATOR.normal(size=(50, 2))
    expected = np.mean([mean_pinball_loss(y, p[:, i], sample_weight=W, alpha=tau) for i, tau in enumerate((0.1, 0.9))])
    assert Metric(None, both).score(y, p, W) == pytest.approx(-expected)


def test_labels_are_judged_one_by_one() -> None:
    labels = infer_target(np.array([[0, 1, 1], [1, 0, 0]]), "classification")
    y, p = GENERATOR.integers(0, 2, (50, 3)), GENERATOR.random((50, 3))
    expected = np.mean([log_loss(y[:, k], p[:, k], sample_weight=W) for k in range(3)])
    assert Metric(None, labels).score(y, p, W) == pytest.approx(-expected)
    assert Metric("accuracy", labels).score(y, p) == accuracy_score(y, p > 0.5)
    assert usual_scores(labels, y, p, W)["log loss"] == pytest.approx(expected)


def test_a_scorer_of_the_users_gets_numbers_as_scikit_learn_gives_them() -> None:
    seen = []

    def error(estimator, X, y) -> float:
        seen.append((y.shape, estimator.predict(X).shape))
        return -float(np.mean((estimator.predict(X) - y) ** 2))

    y, p = GENERATOR.normal(size=(50, 1)), GENERATOR.normal(size=(50, 1))
    assert Metric(error, NUMBERS).score(y, p) == pytest.approx(-np.mean((y - p) ** 2))
    two = infer_target(np.column_stack([y, y]), "regression")
    Metric(error, two).score(np.column_stack([y, y]), np.column_stack([p, p]))
    assert seen == [((50,), (50,)), ((50, 2), (50, 2))]


@pytest.mark.parametrize("name", ["neg_root_mean_squared_error", "neg_mean_absolute_error", "neg_mean_squared_error"])
def test_the_gradient_of_a_score_is_that_of_small_steps(name: str) -> None:
    target = infer_target(GENERATOR.normal(size=(50, 2)), "regression")
    metric, means, step = Metric(name, target), np.array([2.0, 3.0]), 1e-6
    steps = [
        (metric.of_means(means + step * own) - metric.of_means(means - step * own)) / (2 * step) for own in np.eye(2)
    ]
    assert np.allclose(metric.gradient(means), steps)


def test_the_area_under_the_curve_is_scikit_learns() -> None:
    y, p = GENERATOR.integers(0, 2, 50), probabilities(2).round(1)
    metric = Metric("auc", TWO)
    assert metric.score(y, p) == pytest.approx(roc_auc_score(y, p[:, 1]))
    assert metric.score(y, p, W) == pytest.approx(roc_auc_score(y, p[:, 1], sample_weight=W))
    with pytest.raises(ValueError, match="not defined for rows of one class"):
        metric.score(np.zeros(50, int), p)

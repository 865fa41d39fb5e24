import numpy as np
import pytest

from leadline.errors import ParameterError
from leadline.network import LOSSES, Architecture, huber, loss, loss_names, output, quantile, smooth_labels


def targets(name: str, n: int, m: int, generator: np.random.Generator) -> np.ndarray:
    if name == "cross_entropy":
        return np.eye(n)[:, generator.integers(0, n, m)]
    if name == "binary_cross_entropy":
        return generator.integers(0, 2, (n, m)).astype(float)
    return generator.normal(size=(n, m))


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_the_derivative_of_the_value(name: str) -> None:
    generator = np.random.default_rng(0)
    Z = generator.normal(size=(3, 7)) * 3
    Y = targets(name, 3, 7, generator)
    record, step = loss(name), 1e-6
    numerical = np.empty_like(Z)
    for i in range(3):
        moved = np.zeros_like(Z)
        moved[i] = step
        numerical[i] = (record.value(Z + moved, Y) - record.value(Z - moved, Y)) / (2 * step)
    assert np.allclose(record.gradient(Z, Y), numerical, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "name",
    [
        "binary_cross_entropy",
        "multilabel_cross_entropy",
        "ordinal_cross_entropy",
        "cross_entropy",
        "half_squared_error",
        "poisson",
    ],
)
def test_the_gradient_is_prediction_minus_target(name: str) -> None:
    generator = np.random.default_rng(1)
    Z = generator.normal(size=(4, 9))
    Y = targets(name, 4, 9, generator)
    A = output(Architecture((1, 4), loss=name), Z)
    assert np.allclose(loss(name).gradient(Z, Y), A - Y, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "cross_entropy"])
def test_scores_of_a_thousand_have_their_true_loss(name: str) -> None:
    Z = np.array([[1000.0], [-1000.0]])
    Y = np.array([[0.0], [1.0]])
    expected = 2000.0  # two units at 1000 each, or −log softmax = 1000 − (−1000)
    assert loss(name).value(Z, Y) == pytest.approx([expected])
    assert np.isfinite(loss(name).gradient(Z, Y)).all()


def test_two_class_softmax_is_the_sigmoid_of_the_difference() -> None:
    generator = np.random.default_rng(2)
    z = generator.normal(size=(1, 20)) * 4
    y = generator.integers(0, 2, (1, 20)).astype(float)
    both = loss("cross_entropy").value(np.concatenate([np.zeros_like(z), z]), np.concatenate([1 - y, y]))
    assert np.allclose(both, loss("binary_cross_entropy").value(z, y), rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "poisson"])
def test_scores_of_a_thousand_overflow_nowhere(name: str) -> None:
    # (exp(1000) itself, the mean that a Poisson score of 1000 stands for, has no float64)
    Z, Y = np.array([[1000.0, -1000.0]]), np.array([[0.0, 1.0]])
    assert np.isfinite(loss(name).value(Z, Y)).all()
    assert np.isfinite(loss(name).gradient(Z, Y)).all()


def test_hubers_loss_is_squared_near_zero_and_linear_far_away() -> None:
    residuals = np.array([[-5.0, -1.0, 0.0, 1.5, 2.0, 10.0]])
    expected = [2 * (5 - 1), 0.5, 0.0, 1.125, 2.0, 2 * (10 - 1)]
    assert huber(2.0).value(residuals, np.zeros_like(residuals)).tolist() == expected
    assert huber(2.0).gradient(residuals, np.zeros_like(residuals)).tolist() == [[-2, -1, 0, 1.5, 2, 2]]


@pytest.mark.parametrize("tau", [0.1, 0.5, 0.9])
def test_the_best_constant_of_a_quantile_loss_is_the_quantile(tau: float) -> None:
    y = np.random.default_rng(0).normal(size=999)
    scores = np.linspace(-3, 3, 1201)
    costs = [quantile(tau).value(np.full((1, 999), z), y[None]).mean() for z in scores]
    assert scores[int(np.argmin(costs))] == pytest.approx(np.quantile(y, tau), abs=0.01)


def test_several_quantiles_are_units_in_turn() -> None:
    generator = np.random.default_rng(0)
    Z, Y = generator.normal(size=(2, 4, 9))
    both, each = quantile(0.1, 0.9), (quantile(0.1), quantile(0.9))
    assert np.allclose(both.value(Z, Y), sum(each[i % 2].value(Z[i : i + 1], Y[i : i + 1]) for i in range(4)))
    expected = np.concatenate([each[i % 2].gradient(Z[i : i + 1], Y[i : i + 1]) for i in range(4)])
    assert np.array_equal(both.gradient(Z, Y), expected)
    assert loss("quantile(0.1, 0.9)") == loss(both.name) == both


def test_a_parameter_is_read_from_the_name() -> None:
    assert loss("huber(2.5)").name == "huber(2.5)"
    assert loss("quantile(0.9)").gradient(np.array([[1.0]]), np.array([[0.0]])) == pytest.approx(0.1)
    for name in (
        "huber(-1)",
        "huber(x)",
        "quantile(1.5)",
        "quantile(0.1,2)",
        "huber(1,2)",
        "quantile(,)",
        "huber(",
        "huber(1",
        "huber(inf)",
    ):
        with pytest.raises(ParameterError, match="loss must be one of"):
            loss(name)
    with pytest.raises(ParameterError, match="delta must be a positive number; got 0"):
        huber(0)
    with pytest.raises(ParameterError, match=r"tau must be a number in \(0, 1\); got 1"):
        quantile(1)


def test_names_for_messages_write_parameters_as_letters() -> None:
    assert {"half_squared_error", "huber(δ)", "quantile(τ, …)"} <= set(loss_names(["identity"]))
    assert "poisson" in loss_names(["exp"])


def test_smoothed_labels_still_sum_to_one() -> None:
    Y = smooth_labels(np.eye(4), 0.1)
    assert np.allclose(Y.sum(axis=0), 1)
    assert Y[0, 0] == pytest.approx(0.925)
    assert np.allclose(smooth_labels(np.array([[0.0, 1.0]]), 0.1), [[0.05, 0.95]])


def test_an_unknown_loss_names_the_known_ones() -> None:
    with pytest.raises(ParameterError, match=r"loss must be one of binary_cross_entropy.*got 'mse'"):
        loss("mse")

"""Every parameter has a rule, and every value that breaks it is named with the rule."""

import numpy as np
import pytest

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV, network
from leadline.errors import DataError, InputError, ParameterError
from leadline.training import Hyperparameters
from leadline.training.hyperparameters import NUMERIC_EMBEDDINGS

X = np.random.default_rng(0).normal(size=(40, 3))
Y = {DeepClassifier: (X[:, 0] > 0).astype(int), DeepRegressor: X[:, 0]}

ACTIVATIONS = "one of 'auto', " + ", ".join(map(repr, network.ACTIVATIONS))
SOLVERS = "one of " + ", ".join(map(repr, [*network.OPTIMISERS, "lbfgs"]))
EMBEDDINGS = "one of " + ", ".join(map(repr, NUMERIC_EMBEDDINGS))
LOSSES = ", ".join(map(repr, network.loss_names(("identity", "exp")))).replace("half_squared", "squared")
SEED = "an integer of at least 0, a Generator, a RandomState or None"
SIZES = "a sequence of positive integers, one for each hidden layer (empty for none)"
DEVICE = "'auto', 'cpu', 'cuda', 'cuda:1' or the like, or 'torch-cpu'"
SHARED = [
    ("hidden_layer_sizes", (8, 0), SIZES),
    ("hidden_layer_sizes", (8, 2.5), SIZES),
    ("hidden_layer_sizes", "8", SIZES),
    ("additive", "yes", "one of False, True"),
    ("additive", None, "one of False, True"),
    ("activation", "rleu", ACTIVATIONS),
    ("activation", 3, ACTIVATIONS),
    ("solver", "sgdm", SOLVERS),
    ("alpha", -1.0, "a number of at least 0"),
    ("alpha", "small", "a number of at least 0"),
    ("weight_decay", -0.1, "a number of at least 0 or 'auto'"),
    ("dropout", 1.0, "a number in [0, 1) or 'auto'"),
    ("dropout", "some", "a number in [0, 1) or 'auto'"),
    ("dropout", float("nan"), "a number in [0, 1) or 'auto'"),
    ("batch_size", 0, "an integer of at least 1 or 'auto'"),
    ("batch_size", "all", "an integer of at least 1 or 'auto'"),
    ("learning_rate", "adaptive", None),
    ("learning_rate_init", 0, "a positive number"),
    ("learning_rate_init", float("inf"), "a positive number"),
    ("max_iter", 0, "an integer of at least 1 or 'auto'"),
    ("max_iter", 2.5, "an integer of at least 1 or 'auto'"),
    ("max_iter", True, "an integer of at least 1 or 'auto'"),
    ("early_stopping", "yes", "one of True, False"),
    ("early_stopping", 1, "one of True, False"),
    ("validation_fraction", 0.0, "a number in (0, 1)"),
    ("validation_fraction", 1, "a number in (0, 1)"),
    ("n_iter_no_change", 0, "an integer of at least 1 or 'auto'"),
    ("beta_1", 1.0, "a number in [0, 1)"),
    ("beta_2", -0.1, "a number in [0, 1)"),
    ("epsilon", 0.0, "a positive number"),
    ("feature_scale", "on", "one of False, True"),
    ("recipe", "secret", "one of 'tabular', 'plain'"),
    ("weight_decay_schedule", "linear", None),
    ("dropout_schedule", "linear", None),
    ("numeric_embedding", "fourier", EMBEDDINGS),
    ("one_hot_up_to", 0, "an integer of at least 1 or 'all'"),
    ("one_hot_up_to", "none", "an integer of at least 1 or 'all'"),
    ("target_statistics", "always", "one of False, True"),
    ("parametrization", "mup", "one of 'standard', 'ntk'"),
    ("members", 0, "an integer of at least 1"),
    ("n_networks", 0, "an integer of at least 1 or None"),
    ("scaling", "minmax", "one of 'robust', 'standard', 'none'"),
    ("device", "gpu", DEVICE),
    *(
        ("monotonic_cst", value, "None, a dictionary of columns, or a sequence with one entry for each, of -1, 0 and 1")
        for value in (3, "age", {"age": 2}, [0.5], [True])
    ),
    ("warm_start", None, "one of True, False"),
    ("columns", ["day first"], "a mapping of columns' names to what they are, or None"),
    ("callback", "loud", "None, or a callable that takes an Epoch"),
    ("verbose", "much", "True, False or a whole number"),
    ("random_state", -1, SEED),
    ("random_state", "seed", SEED),
    ("random_state", 1.5, SEED),
]
OWN = {
    DeepClassifier: [
        ("label_smoothing", 1.0, "a number in [0, 1)"),
        (
            "loss",
            "hinge",
            "None, for the cross-entropy of the classes or labels, 'ordinal', or a loss of your own with value and "
            "gradient",
        ),
        ("class_weight", "heavy", "a dictionary of classes and weights, 'balanced' or None"),
        ("class_weight", [1, 2], "a dictionary of classes and weights, 'balanced' or None"),
    ],
    DeepRegressor: [
        ("clip_predictions", "yes", "one of False, True"),
        *(
            (
                "loss",
                value,
                f"{LOSSES}, or a loss of your own with value and gradient",
            )
            for value in ("mse", "cross_entropy", "quantile(1.2)", "huber(0)", 3)
        ),
    ],
}
CV = "an integer of at least 2, a splitter, an iterable of (train_rows, test_rows) or None"
SEARCH = [
    ("estimator", "deep", "a DeepClassifier or a DeepRegressor"),
    ("max_depth", 0, "an integer of at least 1"),
    ("candidates", 1.5, "an integer of at least 1"),
    ("space", 3, "a sequence of Dimension or None"),
    ("cv", 1, CV),
    ("cv", "many", CV),
    ("repeats", 0, "an integer of at least 1 or 'auto'"),
    ("scoring", 3, "the name of a score, a scorer or None"),
    ("select", "deepest", "one of 'supported', 'one_standard_error', 'best'"),
    ("max_rows", 5, "an integer of at least 100 or None or 'auto'"),
    ("learning_curve", "yes", "one of False, True"),
    ("hand_out", 3, "a path or None"),
    ("margin", 1.0, "a number in [0, 1)"),
    ("additive", 1, "one of False, True"),
    ("ensemble", "yes", "one of False, True"),
    ("refit", 1, "one of False, True"),
    ("patience", 0, "an integer of at least 1"),
    ("time_limit", 0, "a positive number of seconds or None"),
    ("time_limit", "1 h", "a positive number of seconds or None"),
    ("n_jobs", 0, "an integer other than 0, or None"),
    ("n_jobs", 1.5, "an integer other than 0, or None"),
    ("device", "gpu", f"{DEVICE} or None for the estimator's"),
    ("study", 3, "a path, a Study or None"),
    ("random_state", -1, SEED),
    ("verbose", "much", "True, False or a whole number"),
    ("listener", print, "an object with the methods of leadline.search.Listener, or None"),
]


def message(estimator, X, y, **more) -> str:
    with pytest.raises(InputError) as caught:
        estimator.fit(X, y, **more)
    return str(caught.value)


@pytest.mark.parametrize("kind", [DeepClassifier, DeepRegressor])
def test_every_parameter_of_a_network_has_a_rule_that_is_told(kind) -> None:
    for name, value, rule in SHARED + OWN[kind]:
        said = message(kind(**{name: value}), X, Y[kind])
        if rule is None:
            assert said.startswith(f"{kind.__name__}.{name} must be one of '"), said
            assert said.endswith(f"; got {value!r}."), said
        else:
            assert said == f"{kind.__name__}.{name} must be {rule}; got {value!r}."
    assert {name for name, _, _ in SHARED + OWN[kind]} == set(kind().get_params())


def test_every_parameter_of_a_search_has_a_rule_that_is_told() -> None:
    for name, value, rule in SEARCH:
        search = DepthSearchCV(DeepRegressor())
        setattr(search, name, value)
        assert message(search, X, X[:, 0]) == f"DepthSearchCV.{name} must be {rule}; got {value!r}."
    own = {name for name in DepthSearchCV(DeepRegressor()).get_params() if "__" not in name}
    assert {name for name, _, _ in SEARCH} == own
    inner = DepthSearchCV(DeepRegressor(dropout=2))
    assert message(inner, X, X[:, 0]) == "DeepRegressor.dropout must be a number in [0, 1) or 'auto'; got 2."


def test_every_hyperparameter_keeps_its_rule_wherever_it_is_made() -> None:
    names = set(Hyperparameters.__dataclass_fields__)
    told = SHARED + OWN[DeepClassifier] + OWN[DeepRegressor]
    assert {name for name, _, _ in told} >= names
    for name, value, rule in told:
        # an estimator has constraints by column, a network by number
        if name in names and rule is not None and name != "monotonic_cst":
            with pytest.raises(ParameterError) as caught:
                Hyperparameters(**{name: value})
            assert str(caught.value) == f"Hyperparameters.{name} must be {rule}; got {value!r}."


y01 = Y[DeepClassifier]
FAULTS = [
    (
        X[:, 0],
        y01,
        "Expected a 2D array, rows by columns; got 1 dimension(s). Reshape your data with X.reshape(-1, 1) for "
        "one column or X.reshape(1, -1) for one row.",
    ),
    (X[:0], y01[:0], "Found array with 0 sample(s), a table without rows; at least 2 are needed."),
    (X[:1], y01[:1], "Found 1 sample, one row of positive weight; at least 2 are needed."),
    (X[:, :0], y01, "Found array with 0 feature(s) (shape=(40, 0)) while a minimum of 1 is required."),
    (X * 1j, y01, "Complex data not supported: X has complex values."),
    (X, y01[:-1], "X has 40 rows but y has 39: inconsistent numbers of samples."),
    (X, None, "requires y to be passed, but the target y is None."),
    (np.ones((40, 2)), y01, "No column is left to learn from: 'x0' is constant (1.0); 'x1' is constant (1.0)."),
    (np.where(X > 1, np.inf, X), y01, None),
    (
        X,
        np.zeros(40, int),
        "The target 'y' has only one class (0); nothing can be told apart. At least two classes are needed.",
    ),
    (X, np.where(y01 == 0, np.nan, 1.0), None),
    (X, np.where(y01 == 0, np.inf, 1.0), None),
    (
        X,
        np.full((40, 2), 7),
        "The labels of 'y' must be 0 or 1; row 1 has [7, 7]. "
        "For several columns of classes use sklearn.multioutput.MultiOutputClassifier(DeepClassifier()), a model for "
        "each.",
    ),
    (X, np.zeros((40, 2, 2)), "y must have one dimension, or two for several labels: bad input shape (40, 2, 2)."),
    (
        X,
        y01.astype("datetime64[D]"),
        "The target 'y' holds dates or times; give numbers instead, for example days since a date.",
    ),
]


@pytest.mark.parametrize(("given", "y", "said"), FAULTS)
def test_every_fault_of_the_data_is_told(given, y, said) -> None:
    found = message(DeepClassifier(), given, y)
    if said is None:
        assert "infin" in found or "missing values (NaN), the first in row" in found
        assert "row" in found
    else:
        assert found == said


@pytest.mark.parametrize(
    ("w", "said"),
    [
        (np.ones(39), "sample_weight.shape == (39,), expected (40,): one weight for each row."),
        (np.where(y01 == 1, -1.0, 1.0), "sample_weight must be finite and not negative; got -1.0 in row "),
        (np.zeros(40), "sample_weight is zero in every row: nothing is left to learn from."),
    ],
)
def test_every_fault_of_the_weights_is_told(w, said: str) -> None:
    assert message(DeepClassifier(), X, y01, sample_weight=w).startswith(said)


def test_faults_of_what_is_to_be_predicted_are_told() -> None:
    model = DeepClassifier(max_iter=1, random_state=0).fit(X, y01)
    for given, said in (
        (X[:, :2], "X has 2 features, but DeepClassifier is expecting 3 features as input."),
        (X[:0], "Found array with 0 sample(s), a table without rows; nothing to predict."),
        (X[0], "Expected a 2D array, rows by columns; got 1 dimension(s)."),
        (np.where(X > 1, np.inf, X), "Column 'x"),
    ):
        with pytest.raises(DataError) as caught:
            model.predict(given)
        assert str(caught.value).startswith(said)

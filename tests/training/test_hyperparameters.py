import json

import pytest

from leadline.errors import ModelFileError, ParameterError
from leadline.training import Hyperparameters


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("hidden_layer_sizes", (5, 0), "must be a sequence of positive integers"),
        ("hidden_layer_sizes", 5, "must be a sequence of positive integers"),
        ("hidden_layer_sizes", "55", "must be a sequence of positive integers"),
        ("activation", "rleu", "must be one of 'auto', 'identity', 'sigmoid'"),
        ("solver", "sgd", "must be one of 'gradient_descent', .* 'lbfgs'; got 'sgd'"),
        ("alpha", -1.0, "must be a number of at least 0; got -1.0"),
        ("weight_decay", float("nan"), "must be a number of at least 0 or 'auto'; got nan"),
        ("dropout", 1.0, r"must be a number in \[0, 1\) or 'auto'; got 1.0"),
        ("batch_size", 0, "must be an integer of at least 1 or 'auto'; got 0"),
        ("batch_size", "large", "must be an integer of at least 1 or 'auto'; got 'large'"),
        ("learning_rate", "adaptive", "must be one of 'constant', .*; got 'adaptive'"),
        ("learning_rate_init", 0.0, "must be a positive number; got 0.0"),
        ("learning_rate_init", float("inf"), "must be a positive number; got inf"),
        ("learning_rate_init", "fast", "must be a positive number; got 'fast'"),
        ("max_iter", 1.5, "must be an integer of at least 1 or 'auto'; got 1.5"),
        ("max_iter", True, "must be an integer of at least 1 or 'auto'; got True"),
        ("beta_1", -0.1, r"must be a number in \[0, 1\); got -0.1"),
        ("feature_scale", "yes", "must be one of False, True; got 'yes'"),
        ("scaling", "minmax", "must be one of 'robust', 'standard', 'none'; got 'minmax'"),
    ],
)
def test_a_value_that_breaks_its_rule_is_refused(name: str, value: object, message: str) -> None:
    with pytest.raises(ParameterError, match=rf"Hyperparameters\.{name} {message}"):
        Hyperparameters(**{name: value})


def test_a_record_goes_through_json_and_back() -> None:
    settings = Hyperparameters(hidden_layer_sizes=(7, 3), dropout=0.25, activation="selu")
    assert Hyperparameters.from_record(json.loads(json.dumps(settings.to_record()))) == settings


def test_one_layer_is_solved_unless_the_network_is_additive() -> None:
    assert Hyperparameters(hidden_layer_sizes=()).solved
    assert not Hyperparameters(hidden_layer_sizes=(), additive=True).solved
    assert Hyperparameters(hidden_layer_sizes=(), additive=True, solver="lbfgs").solved
    assert Hyperparameters(solver="lbfgs").solved
    assert not Hyperparameters().solved


def test_an_additive_network_has_no_hidden_layers() -> None:
    said = r"hidden_layer_sizes must be \(\) where additive is True, since .*; got \(128, 128\)"
    with pytest.raises(ParameterError, match=said):
        Hyperparameters(additive=True)
    record = {**Hyperparameters(hidden_layer_sizes=()).to_record(), "additive": True, "hidden_layer_sizes": [3]}
    with pytest.raises(ModelFileError, match=r"the settings: .* must be \(\) where additive"):
        Hyperparameters.from_record(record)

"""Scikit-learn's checks of the estimators in other configurations than the default; `make test-all`."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV

# See tests/estimators/test_conformance.py.
DRAWN = {
    f"check_sample_weight_equivalence_on_{kind}_data": "rows are drawn; checked with solver='lbfgs'"
    for kind in ("dense", "sparse")
}
SMALL = {"max_depth": 2, "candidates": 2, "cv": 2}

NETWORKS = [
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (8,), "solver": "lbfgs", "max_iter": 10},
    {"hidden_layer_sizes": (16, 16, 16), "activation": "tanh", "solver": "sgd", "dropout": 0.0},
    {"hidden_layer_sizes": 32, "batch_size": 8, "early_stopping": False, "max_iter": 30, "scaling": "standard"},
    {
        "hidden_layer_sizes": (32,),
        "activation": "silu",
        "learning_rate": "constant",
        "feature_scale": False,
        "scaling": "none",
    },
]
OTHERS = {
    DeepClassifier: [{}, {}, {"class_weight": "balanced"}, {}, {}],
    DeepRegressor: [{}, {}, {"loss": "huber(1.0)"}, {"loss": "absolute_error"}, {}],
}
SEARCHES = [
    {"max_depth": 1, "cv": 3},
    {"candidates": 3, "select": "best"},
    {"repeats": 2, "n_jobs": 1, "select": "one_standard_error"},
    {"max_depth": 3, "patience": 1},
    {"candidates": 1, "random_state": 3},
]
ESTIMATORS = [kind(**own, **other) for kind in OTHERS for own, other in zip(NETWORKS, OTHERS[kind], strict=True)]
ESTIMATORS += [
    DepthSearchCV(kind(max_iter=10), **{**SMALL, **own})
    for kind, scoring in ((DeepClassifier, "accuracy"), (DeepRegressor, "r2"))
    for own in (*SEARCHES[:-1], {**SEARCHES[-1], "scoring": scoring})
]


def expected(estimator) -> dict[str, str]:
    """Checks that cannot pass, each with its reason."""
    return {} if not isinstance(estimator, DepthSearchCV) and estimator.hyperparameters().solved else DRAWN


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore:Persisting input arguments:UserWarning")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected, xfail_strict=False)
def test_scikit_learns_checks_pass(estimator, check) -> None:
    check(estimator)

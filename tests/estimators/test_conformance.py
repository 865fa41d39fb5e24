"""Scikit-learn's own checks of an estimator, and its tools around ours."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV

# A row of weight two is another thing than the row twice where minibatches are drawn: it is in one of them. So
# scikit-learn checks its own networks with L-BFGS, which takes all rows at once, and so does `make test-all` ours.
DRAWN = {
    f"check_sample_weight_equivalence_on_{kind}_data": "minibatches are drawn; checked with solver='lbfgs'"
    for kind in ("dense", "sparse")
}
SMALL = {"max_depth": 2, "candidates": 2, "cv": 2}
DEFAULTS = [
    DeepClassifier(),
    DeepRegressor(),
    DepthSearchCV(DeepClassifier(), **SMALL),
    DepthSearchCV(DeepRegressor(), **SMALL),
]


def expected(estimator) -> dict[str, str]:
    """Checks that cannot pass, each with its reason."""
    # the answer of the searches there is L = 1, which is solved
    return {} if isinstance(estimator, DepthSearchCV) else DRAWN


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore:Persisting input arguments:UserWarning")
@parametrize_with_checks(DEFAULTS, expected_failed_checks=expected)
def test_scikit_learns_checks_pass(estimator, check) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def cancer():
    return load_breast_cancer(return_X_y=True, as_frame=True)


def quick(**parameters) -> DeepClassifier:
    return DeepClassifier(**{"hidden_layer_sizes": (8,), "max_iter": 6, "random_state": 0, **parameters})


def test_in_a_pipeline_with_a_column_transformer(cancer) -> None:
    X, y = cancer
    scale = ColumnTransformer([("scaled", StandardScaler(), ["mean radius"])], remainder="passthrough")
    pipeline = Pipeline([("columns", scale), ("network", quick())]).fit(X, y)
    assert pipeline.score(X, y) > 0.9
    assert pipeline.set_output(transform="pandas").fit(X, y).score(X, y) > 0.9


def test_in_cross_validation_and_a_grid(cancer) -> None:
    X, y = cancer
    assert cross_val_score(quick(), X, y, cv=3).min() > 0.85
    grid = GridSearchCV(quick(), {"dropout": [0.0, 0.5], "hidden_layer_sizes": [(), (8,), 4]}, cv=2).fit(X, y)
    assert set(grid.best_params_) == {"dropout", "hidden_layer_sizes"}
    assert grid.best_estimator_.score(X, y) > 0.9


def test_calibrated_and_inspected(cancer) -> None:
    X, y = cancer
    calibrated = CalibratedClassifierCV(quick(), cv=2).fit(X, y)
    assert calibrated.predict_proba(X).shape == (len(X), 2)
    network = quick().fit(X, y)
    importance = permutation_importance(network, X[:100], y[:100], n_repeats=2, random_state=0)
    assert importance.importances_mean.shape == (30,)
    import matplotlib as mpl

    mpl.use("agg")
    display = PartialDependenceDisplay.from_estimator(network, X[:50], ["mean radius"], grid_resolution=4)
    assert display.pd_results[0]["average"].shape == (1, 4)


@pytest.mark.parametrize("estimator", DEFAULTS[:3])
def test_a_clone_has_the_same_parameters_and_a_page_shows_them(estimator) -> None:
    copy = clone(estimator.set_params(random_state=3))
    assert repr(copy) == repr(estimator)
    assert type(estimator).__name__ in estimator._repr_html_()
    estimator.set_params(random_state=None)


def test_weights_and_groups_are_routed() -> None:
    import sklearn

    X, y = load_diabetes(return_X_y=True)
    groups, weights = np.arange(len(y)) // 10, np.ones(len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        search = DepthSearchCV(DeepRegressor(max_iter=3, random_state=0), **SMALL, repeats=1)
        search.set_fit_request(sample_weight=True, groups=True)
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(scaler, search).fit(X, y, sample_weight=weights, groups=groups)
        assert pipeline[-1].best_depth_ in (1, 2)
        network = DeepRegressor(max_iter=3, random_state=0).set_fit_request(sample_weight=True)
        network.set_score_request(sample_weight=True)
        scores = cross_val_score(network, X, y, cv=2, params={"sample_weight": weights})
        assert np.isfinite(scores).all()


def test_a_script_for_scikit_learns_network_runs_with_another_import() -> None:
    script = """
X, y = load(return_X_y=True)
model = make_pipeline(StandardScaler(), Network(
    hidden_layer_sizes=(16, 8), activation="{activation}", solver="{solver}", alpha=1e-3, batch_size=32,
    learning_rate="constant", learning_rate_init=0.01, max_iter=20, random_state=0, warm_start=False, verbose=False,
    early_stopping=True, validation_fraction=0.2, n_iter_no_change=5, beta_1=0.9, beta_2=0.99, epsilon=1e-8))
model.fit(X, y)
network = model[-1]
facts = (
    model.predict(X).shape, network.n_features_in_, len(network.loss_curve_) == network.n_iter_,
    [W.shape for W in network.coefs_[1:]], [b.shape for b in network.intercepts_],
    network.n_layers_, network.n_outputs_, network.out_activation_, network.loss_ > 0,
    len(network.validation_scores_) == network.n_iter_,
    network.best_validation_score_ is not None,
)
score = model.score(X, y)
"""
    import warnings

    from sklearn.neural_network import MLPClassifier, MLPRegressor

    for load, ours, theirs, enough in (
        (load_breast_cancer, DeepClassifier, MLPClassifier, 0.9),
        (load_diabetes, DeepRegressor, MLPRegressor, 0.4),
    ):
        for activation, solver in (("relu", "adam"), ("logistic", "sgd"), ("tanh", "adam"), ("identity", "lbfgs")):
            found = []
            for network in (ours, theirs):
                names = {"load": load, "make_pipeline": make_pipeline, "StandardScaler": StandardScaler}
                own = script.format(activation=activation, solver=solver)
                if solver == "lbfgs":
                    own = own.replace("early_stopping=True", "early_stopping=False")
                    own = own.replace("len(network.loss_curve_) == network.n_iter_", "True")
                    own = own.replace("len(network.validation_scores_) == network.n_iter_", "True")
                    own = own.replace("network.best_validation_score_ is not None", "True")
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    exec(own, scope := {**names, "Network": network})
                found.append(scope["facts"])
                if network is ours and solver != "sgd":
                    assert scope["score"] > enough
            assert found[0] == found[1]

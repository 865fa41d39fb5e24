"""MLPClassifier and MLPRegressor: scikit-learn's own tests of them, and their networks beside scikit-learn's."""

import importlib.util
import inspect
import os
import subprocess
import sys
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn import neural_network as theirs
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

import leadline
from leadline import neural_network as ours
from leadline.errors import DataError, InputError, ParameterError, ShapeError

# Of scikit-learn's own tests those that do not pass; docs/coming-from-scikit-learn.md has a line for each.
KNOWN_DIFFERENCES = {"test_gradient": "it calls `_loss_grad_lbfgs`, which is no part of the interface"}
PAGE = Path(__file__).parents[2] / "docs" / "coming-from-scikit-learn.md"
KINDS = ["MLPClassifier", "MLPRegressor"]

X_digits, y_digits = load_digits(return_X_y=True)
X_digits, y_digits = X_digits[:300] / 16, y_digits[:300]
X_diabetes, y_diabetes = load_diabetes(return_X_y=True)
X_diabetes, y_diabetes = 20 * X_diabetes[:200], (y_diabetes[:200] - 150) / 77
X_labels, Y_labels = make_multilabel_classification(n_samples=150, random_state=0)
X_numbers, Y_numbers = make_regression(n_samples=150, n_targets=3, random_state=1)
WEIGHTS = np.random.default_rng(0).uniform(0.5, 2.0, 300)
TABLES = {
    "classes": ("MLPClassifier", X_digits, y_digits, None),
    "two classes": ("MLPClassifier", X_digits, np.where(y_digits % 2, "odd", "even"), None),
    "weights": ("MLPClassifier", X_digits, y_digits, WEIGHTS),
    "numbers": ("MLPRegressor", X_diabetes, y_diabetes, WEIGHTS[:200]),
    "labels": ("MLPClassifier", X_labels, Y_labels, None),
    "three numbers": ("MLPRegressor", X_numbers, Y_numbers / 100, None),
}
SETTINGS = {
    "adam": {},
    "sgd": {"solver": "sgd"},
    "momentum and invscaling": {
        "solver": "sgd",
        "nesterovs_momentum": False,
        "momentum": 0.5,
        "learning_rate": "invscaling",
        "power_t": 0.3,
        "learning_rate_init": 0.1,
    },
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.05,
        "tol": 0.05,
        "n_iter_no_change": 1,
        "max_iter": 40,
    },
    "early stopping": {"early_stopping": True, "n_iter_no_change": 2},
    "a strong penalty, in order": {"alpha": 2.0, "batch_size": 37, "shuffle": False},
    "a large tolerance": {"tol": 0.05, "n_iter_no_change": 3, "max_iter": 60},
    "deep": {"activation": "tanh", "hidden_layer_sizes": (20, 10), "tol": 0.0},
    "adam's numbers": {"activation": "logistic", "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
    "no hidden layer": {"hidden_layer_sizes": ()},
}


@pytest.fixture(autouse=True)
def _without_convergence_warnings(request):
    """Most fits here are short."""
    with warnings.catch_warnings():
        if "convergence" not in request.node.name:
            warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def run_their_tests(folder: Path) -> tuple[set[str], set[str]]:
    """Names of all of scikit-learn's tests of its networks, and of those that fail with ours."""
    found = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    if found is None or found.origin is None:
        pytest.skip("this scikit-learn has no tests of its networks")
    source = Path(found.origin).read_text("utf-8")
    changed = source.replace("from sklearn.neural_network import", "from leadline.neural_network import")
    assert changed.count("leadline") == source.count("sklearn.neural_network import") == 1
    (folder / "test_mlp.py").write_text(changed, "utf-8")
    # a fixture of scikit-learn's own, with the seed that it has there
    fixture = "import pytest\n\n@pytest.fixture\ndef global_random_seed():\n    return 42\n"
    (folder / "conftest.py").write_text(fixture, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=found.xml", "test_mlp.py"]
    where = os.pathsep.join([str(Path(leadline.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": where}, check=False
    )
    assert done.returncode in (0, 1), done.stdout
    cases = list(ElementTree.parse(folder / "found.xml").iter("testcase"))
    bad = {
        str(case.get("name")) for case in cases if case.find("failure") is not None or case.find("error") is not None
    }
    return {str(case.get("name")) for case in cases}, bad


def test_scikit_learns_own_tests_pass_with_nothing_changed_but_the_import(tmp_path: Path) -> None:
    names, bad = run_their_tests(tmp_path)
    assert len(names) > 40
    assert bad == KNOWN_DIFFERENCES.keys() & names


def test_the_page_has_a_line_for_each_of_them_that_does_not_pass() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    for name in KNOWN_DIFFERENCES:
        assert any(f"`{name}`" in line for line in lines), name


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_their_order_and_their_defaults_are_scikit_learns(kind: str) -> None:
    own, other = (inspect.signature(getattr(module, kind)).parameters for module in (ours, theirs))
    for name in other:
        assert (own[name].default, own[name].kind) == (other[name].default, other[name].kind), name
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    first = [[p.name for p in given.values() if p.kind is positional] for given in (own, other)]
    # `loss` is there from 1.7 on
    assert first[0] == first[1] or "loss" not in other
    assert set(own) - set(other) <= {"loss"}


def pair(kind: str, **parameters):
    """The same estimator of ours and of scikit-learn's."""
    return [getattr(module, kind)(**{"max_iter": 12, "random_state": 3, **parameters}) for module in (ours, theirs)]


def assert_same_networks(own, other) -> None:
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(own, name) == getattr(other, name), name
    for name in ("coefs_", "intercepts_"):
        for mine, its in zip(getattr(own, name), getattr(other, name), strict=True):
            assert mine.dtype == its.dtype
            np.testing.assert_allclose(mine, its, rtol=1e-6, atol=1e-8)
    for name in ("loss_", "best_loss_", "loss_curve_", "validation_scores_", "best_validation_score_"):
        if hasattr(other, name):
            mine, its = getattr(own, name), getattr(other, name)
            assert type(mine) is type(its) or isinstance(mine, float), name
            assert (mine is None) == (its is None), name
            if its is not None:
                # scikit-learn clips probabilities before it takes their logarithm
                np.testing.assert_allclose(mine, its, rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("table", TABLES)
def test_the_same_seed_gives_the_networks_of_scikit_learn(table: str, settings: str) -> None:
    kind, X, y, weights = TABLES[table]
    if weights is not None and "sample_weight" not in inspect.signature(theirs.MLPClassifier.fit).parameters:
        pytest.skip("this scikit-learn's networks know no weights")
    own, other = (
        model.fit(X, y, *([] if weights is None else [weights])) for model in pair(kind, **SETTINGS[settings])
    )
    assert_same_networks(own, other)
    if kind == "MLPRegressor":
        np.testing.assert_allclose(own.predict(X), other.predict(X), rtol=1e-5, atol=1e-5)
    else:
        np.testing.assert_array_equal(own.predict(X), other.predict(X))
        np.testing.assert_allclose(own.predict_proba(X), other.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("table", [name for name in TABLES if name not in ("three numbers", "weights", "numbers")])
def test_l_bfgs_takes_the_same_way(table: str) -> None:
    kind, X, y, _ = TABLES[table]
    own, other = (model.fit(X, y) for model in pair(kind, solver="lbfgs", max_iter=8, alpha=0.1))
    assert own.n_iter_ == other.n_iter_ == 8
    assert own.loss_ == pytest.approx(other.loss_, rel=1e-6)
    for mine, its in zip(own.coefs_, other.coefs_, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-6)


def test_l_bfgs_finds_the_least_squares_of_several_numbers() -> None:
    model = ours.MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0.0, tol=1e-9, max_iter=500, random_state=0)
    model.fit(X_numbers, Y_numbers / 100)
    design = np.column_stack([X_numbers, np.ones(len(X_numbers))])
    best = np.linalg.lstsq(design, Y_numbers / 100, rcond=None)[0]
    np.testing.assert_allclose(np.vstack([*model.coefs_, model.intercepts_[0][None]]), best, atol=1e-4)


def test_float32_gives_parameters_and_predictions_in_float32() -> None:
    own, other = (model.fit(X_diabetes.astype(np.float32), y_diabetes) for model in pair("MLPRegressor"))
    assert own.coefs_[0].dtype == own.predict(X_diabetes.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(own.coefs_[0], other.coefs_[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("settings", ["adam", "sgd", "momentum and invscaling"])
def test_training_goes_on_as_there(settings: str) -> None:
    warm, by_parts = (pair("MLPClassifier", **SETTINGS[settings], warm_start=on) for on in (True, False))
    for model in warm:
        model.fit(X_digits, y_digits).fit(X_digits, y_digits)
        assert model.t_ == 2 * 12 * 300
    assert_same_networks(*warm)
    for model in by_parts:
        model.partial_fit(X_digits[:200], y_digits[:200], classes=np.arange(10)).partial_fit(X_digits, y_digits)
        assert model.t_ == 200 + 300
    assert_same_networks(*by_parts)


def test_coefficients_may_be_set_and_wrong_shapes_are_named() -> None:
    model = ours.MLPClassifier((5,), max_iter=3, random_state=0).fit(X_digits, y_digits)
    before = model.predict_proba(X_digits[:3])
    model.coefs_[1] = np.zeros_like(model.coefs_[1])
    model.intercepts_[1][:] = np.arange(10)
    shares = np.exp(np.arange(10.0))
    np.testing.assert_allclose(model.predict_proba(X_digits[:3]), np.tile(shares / shares.sum(), (3, 1)), atol=1e-7)
    assert not np.allclose(before, model.predict_proba(X_digits[:3]))
    model.coefs_[0] = model.coefs_[0][:, :3]
    with pytest.raises(ShapeError, match=r"layer 1: coefs_\[0\] must be \(n\[0\], n\[1\]\) = \(64, 5\)"):
        model.predict(X_digits)
    model.coefs_ = model.coefs_[:1]
    with pytest.raises(ShapeError, match="L = 2 layers needs as many"):
        model.predict(X_digits)


def test_frames_sparse_matrices_files_and_clones(tmp_path: Path) -> None:
    names = [f"pixel {i}" for i in range(64)]
    frame = pd.DataFrame(X_digits, columns=names)
    model = ours.MLPClassifier((8,), max_iter=5, random_state=0).fit(frame, y_digits)
    assert list(model.feature_names_in_) == names
    sparse = clone(model).fit(csr_matrix(X_digits), y_digits)
    np.testing.assert_array_equal(sparse.predict_proba(csr_matrix(X_digits)), model.predict_proba(frame))
    model.save(tmp_path / "model")
    loaded = leadline.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(frame), model.predict_proba(frame))
    assert "64" in model._repr_html_()
    grid = GridSearchCV(clone(model), {"alpha": [0.0, 0.1]}, cv=2).fit(frame, y_digits)
    assert set(grid.best_params_) == {"alpha"}


def test_exported_as_onnx_it_says_the_same(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    from leadline.export import onnx_inputs, write_onnx

    model = ours.MLPClassifier((8,), max_iter=5, random_state=0).fit(X_digits, y_digits)
    write_onnx(model, tmp_path / "model.onnx")
    session = runtime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    outputs = session.run(None, onnx_inputs(model, X_digits))
    assert any(
        getattr(output, "shape", None) == (300, 10) and np.allclose(output, model.predict_proba(X_digits), atol=1e-5)
        for output in outputs
    )


def test_epochs_without_convergence_are_warned_of() -> None:
    for solver in ("adam", "lbfgs"):
        with pytest.warns(ConvergenceWarning):
            ours.MLPClassifier((4,), solver=solver, max_iter=2).fit(X_digits, y_digits)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden_layer_sizes": (5, -1)},
        {"hidden_layer_sizes": "many"},
        {"activation": "sigmoidal"},
        {"solver": "newton"},
        {"alpha": -1.0},
        {"batch_size": 0},
        {"learning_rate": "cosine"},
        {"learning_rate_init": 0.0},
        {"power_t": -1.0},
        {"max_iter": 0},
        {"shuffle": "yes"},
        {"random_state": "seed"},
        {"tol": -1.0},
        {"momentum": 2.0},
        {"nesterovs_momentum": 3},
        {"validation_fraction": 1.0},
        {"beta_1": 1.0},
        {"beta_2": -0.5},
        {"epsilon": 0.0},
        {"n_iter_no_change": 0},
        {"n_iter_no_change": 2.5},
        {"max_fun": 0},
    ],
    ids=str,
)
def test_a_wrong_parameter_is_a_value_error_as_there(kind: str, wrong: dict[str, object]) -> None:
    own, other = pair(kind)
    with pytest.raises(ValueError, match=r"parameter of|hidden_layer_sizes"):
        other.set_params(**wrong).fit(X_diabetes, y_diabetes > 0)
    with pytest.raises(ParameterError, match=rf"{kind}\.{next(iter(wrong))} must be"):
        own.set_params(**wrong).fit(X_diabetes, y_diabetes > 0)


def test_what_cannot_be_done_is_said() -> None:
    model = ours.MLPClassifier((4,), max_iter=2, random_state=0)
    with pytest.raises(NotFittedError):
        model.predict(X_digits)
    with pytest.raises(DataError, match="classes must be passed on the first call"):
        model.partial_fit(X_digits, y_digits)
    assert not hasattr(model, "coefs_")
    model.partial_fit(X_digits, y_digits, classes=np.arange(10))
    with pytest.raises(DataError, match="is not the same as on last call to partial_fit"):
        model.partial_fit(X_digits, y_digits, classes=np.arange(9))
    with pytest.raises(DataError, match="has classes not in"):
        model.partial_fit(X_digits, y_digits + 1)
    with pytest.raises(AttributeError, match="partial_fit"):
        _ = ours.MLPRegressor(solver="lbfgs").partial_fit
    with pytest.raises(ValueError, match="Unknown label type"):
        model.fit(X_diabetes, y_diabetes)
    with pytest.raises(ValueError, match="contains NaN"):
        model.fit(np.full((20, 2), np.nan), np.arange(20) % 2)
    with pytest.raises(ValueError, match="expecting 64 features"):
        model.fit(X_digits, y_digits).predict(X_digits[:, :5])
    with pytest.raises(DataError, match="row 1; the loss 'poisson' needs numbers of at least 0"):
        ours.MLPRegressor("poisson").fit([[1.0], [2.0]], [-1.0, 2.0])
    with pytest.warns(UserWarning, match="It is going to be clipped"):
        ours.MLPRegressor("squared_error", (3,), batch_size=50, max_iter=2).fit(X_diabetes[:20], y_diabetes[:20])
    with pytest.raises(InputError, match="Solver produced non-finite parameter weights"):
        ours.MLPRegressor(activation="identity", solver="sgd", learning_rate_init=10.0, random_state=0).fit(
            100 * X_diabetes, y_diabetes
        )


def test_one_class_is_learned_and_not_saved(tmp_path: Path) -> None:
    model = ours.MLPClassifier((4,), max_iter=2, early_stopping=True).fit(X_digits, np.full(300, "only"))
    assert set(model.predict(X_digits)) == {"only"}
    np.testing.assert_array_equal(model.predict_proba(X_digits[:2]), [[1.0], [1.0]])
    with pytest.raises(DataError, match="one class only cannot be saved"):
        model.save(tmp_path / "model")


def test_an_interrupted_training_keeps_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    from leadline.training.descent import Descent

    calls = []

    def interrupted(self, rows, tol=0.0):
        calls.append(len(rows))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return epoch(self, rows, tol)

    epoch = Descent.epoch
    monkeypatch.setattr(Descent, "epoch", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = ours.MLPClassifier((4,), random_state=0).fit(X_digits, y_digits)
    assert model.n_iter_ == len(model.loss_curve_) == 2
    assert model.predict(X_digits).shape == (300,)


def test_what_is_printed_is_what_scikit_learn_prints(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for module in (ours, theirs):
        module.MLPClassifier((4,), verbose=True, solver="sgd", tol=1.0, n_iter_no_change=2, random_state=0).fit(
            X_digits, y_digits
        )
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [
        kind(hidden_layer_sizes=(20,), learning_rate_init=0.02, max_iter=40)
        for kind in (ours.MLPClassifier, ours.MLPRegressor)
    ]
)
def test_scikit_learns_checks_pass(estimator, check) -> None:
    check(estimator)

"""Leadline as a model of TabArena, on tables that scikit-learn brings along; needs an environment with TabArena."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("autogluon.core", reason="tabarena and autogluon are not installed (they need an older pandas)")
pytest.importorskip("tabarena", reason="tabarena is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def arena():
    """The module of the example."""
    import importlib
    import sys

    sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "tabarena"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("leadline_tabarena")


def test_it_learns_every_kind_of_problem(arena, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    arena.LeadlineModel.warmup()
    scores = arena.trial(time_limit=60.0)
    assert scores["breast cancer"] > 0.9  # accuracy
    assert scores["wine"] > 0.9
    assert scores["diabetes"] > -62  # the root mean squared error with a minus sign


def test_it_keeps_to_the_time_limit_and_can_be_pickled(arena, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.normal(size=(3000, 20))).rename(columns="n{}".format)
    X["c"] = pd.Categorical(generator.choice(list("abcd"), len(X)))
    X.iloc[::9, 0] = np.nan
    y = pd.Series((X["n1"] > 0).astype(int))
    model = arena.LeadlineModel(problem_type="binary", path="", name="Leadline", hyperparameters={"max_iter": 3000})
    model.fit(X=X[:2500], y=y[:2500], X_val=X[2500:], y_val=y[2500:], time_limit=8.0, num_cpus=1, num_gpus=0)
    assert 1 <= len(model.model.loss_curve_) < 3000
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X[:9]), model.predict_proba(X[:9]))
    assert arena.LeadlineModel._estimate_memory_usage_static(X=X, num_classes=2) > arena.BASELINE


def test_the_default_comes_first_and_every_draw_is_a_model(arena) -> None:
    experiments = arena.make_generator().generate_all_bag_experiments(num_random_configs=3)
    assert len(experiments) == 4
    assert experiments[0].name == "Leadline_c1_BAG_L1"

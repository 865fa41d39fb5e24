"""Leadline as a model of TabArena, in the form in which its maintainers have models.

    pip install leadline tabarena
    python examples/tabarena/leadline_tabarena.py            # a trial on a table that scikit-learn brings along

`LeadlineModel` is an AutoGluon model: it takes the validation rows that it is given, keeps to the time limit and the
number of cores, estimates its memory, and compiles its kernels in an untimed warm-up. `generator` has the default
configuration first, and then draws from the search space. docs/tabarena.md says how to run the benchmark.

TabArena pickles models, so this module must be importable where they are fitted: copy it beside your script, or put
this folder on PYTHONPATH.
"""

import os
import time
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from autogluon.common.space import Categorical, Int, Real
from autogluon.core.models import AbstractModel

from leadline import DeepClassifier, DeepRegressor
from leadline.tables.columns import MOST_CATEGORIES

# Of the time limit, what trainings may take; the rest is for statistics and the first predictions.
SHARE_OF_TIME = 0.85
# A process with NumPy, pandas, numba and the kernels, in bytes.
BASELINE = 500_000_000


class LeadlineModel(AbstractModel):
    """DeepClassifier and DeepRegressor: averages of deep networks with embeddings of numbers."""

    ag_key = "LEADLINE"
    ag_name = "Leadline"
    seed_name = "random_state"
    _supported_problem_types: ClassVar = ["binary", "multiclass", "regression"]
    _default_auxiliary_params_extra: ClassVar = {"valid_raw_types": ["int", "float", "category"]}
    default_resources_physical_cores_only = True

    def _fit(
        self,
        X: pd.DataFrame,
        y: pd.Series,
        X_val: pd.DataFrame | None = None,
        y_val: pd.Series | None = None,
        time_limit: float | None = None,
        num_cpus: int = 1,
        num_gpus: float = 0,
        **kwargs: Any,
    ) -> None:
        start = time.monotonic()
        parameters = self._get_model_params()
        layers, units = parameters.pop("hidden_layers", 2), parameters.pop("hidden_units", 128)
        kind = DeepRegressor if self.problem_type == "regression" else DeepClassifier
        self.model = kind((units,) * layers, **parameters)
        if time_limit is not None:
            # the first network is trained before the others, which take as many epochs; they share the cores
            others = self.model._networks_of(len(X)) - 1
            turns = 1 + -(-others // max(num_cpus, 1))
            deadline = start + SHARE_OF_TIME * time_limit / turns
            self.model.set_params(callback=lambda epoch: time.monotonic() >= deadline)
        X = self.preprocess(X, is_train=True)
        validation = None if X_val is None else (self.preprocess(X_val), np.asarray(y_val))
        before = os.environ.get("LOKY_MAX_CPU_COUNT")
        os.environ["LOKY_MAX_CPU_COUNT"] = str(max(int(num_cpus), 1))
        try:
            self.model.fit(X, np.asarray(y), validation=validation)
        finally:
            if before is None:
                del os.environ["LOKY_MAX_CPU_COUNT"]
            else:
                os.environ["LOKY_MAX_CPU_COUNT"] = before
        # what was asked in training is of no use later, and cannot be pickled
        self.model.set_params(callback=None)

    @classmethod
    def warmup(cls, **kwargs: Any) -> None:
        """Compile the kernels, which are kept on disk for the environment: 20 s to 40 s once, then 2 s."""
        generator = np.random.default_rng(0)
        table = pd.DataFrame(generator.normal(size=(80, 3)), columns=["a", "b", "c"])
        table["d"] = pd.Categorical(generator.integers(0, 12, 80))
        table.iloc[::5, 0] = np.nan
        for kind, y in ((DeepClassifier, np.arange(80) % 3), (DeepRegressor, np.arange(80.0))):
            kind((16, 16), max_iter=1, n_networks=2, random_state=0).fit(table, y).predict(table)

    @classmethod
    def _estimate_memory_usage_static(
        cls,
        *,
        X: pd.DataFrame,
        hyperparameters: dict[str, Any] | None = None,
        num_classes: int | None = 1,
        **kwargs: Any,
    ) -> int:
        """Peak bytes: the table twice in float64, and the inputs in float32 of each network that trains."""
        hyperparameters = hyperparameters or {}
        n, k = len(X), max(int(num_classes or 1), 1)
        inputs = 0
        for _, column in X.items():
            category = isinstance(column.dtype, pd.CategoricalDtype)
            inputs += min(column.nunique(), MOST_CATEGORIES) + 2 if category else 2
        units, layers = hyperparameters.get("hidden_units", 128), hyperparameters.get("hidden_layers", 2)
        networks = int(hyperparameters.get("n_networks") or 8)
        # parameters with their moments; numbers become up to 24 inputs of layer 1
        parameters = 16 * networks * (24 * inputs * units + layers * units**2 + units * k)
        return int(BASELINE + 16 * n * inputs + 4 * n * (inputs + k + 1) * networks + parameters)


SEARCH_SPACE = {
    "hidden_layers": Int(1, 5, default=2),
    "hidden_units": Categorical(128, 64, 256, 384),
    "activation": Categorical("relu", "silu"),
    "learning_rate_init": Real(5e-4, 8e-3, default=2e-3, log=True),
    "weight_decay": Real(1e-3, 0.5, default=0.05, log=True),
    "dropout": Real(0.0, 0.4, default=0.1),
    "numeric_embedding": Categorical("auto", "periodic", "piecewise_linear", "none"),
    "scaling": Categorical("robust", "standard"),
}


def make_generator() -> Any:
    """The configurations: the default first, then as many draws from the space as are asked for."""
    from tabarena.utils.config_utils import ConfigGenerator

    return ConfigGenerator(model_cls=LeadlineModel, manual_configs=[{}], search_space=SEARCH_SPACE)


def trial(time_limit: float = 20.0, num_cpus: int = 1) -> dict[str, float]:
    """Fit the default on a few tables of scikit-learn's, with validation rows; the scores of rows held out."""
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
    from sklearn.model_selection import train_test_split

    scores = {}
    for name, load, kind in (
        ("breast cancer", load_breast_cancer, "binary"),
        ("wine", load_wine, "multiclass"),
        ("diabetes", load_diabetes, "regression"),
    ):
        X, y = load(return_X_y=True, as_frame=True)
        stratify = None if kind == "regression" else y
        X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=stratify)
        stratify = None if kind == "regression" else y
        X, X_val, y, y_val = train_test_split(X, y, random_state=0, stratify=stratify)
        model = LeadlineModel(problem_type=kind, path="", name="Leadline")
        limits = {"time_limit": time_limit, "num_cpus": num_cpus, "num_gpus": 0}
        model.fit(X=X, y=y, X_val=X_val, y_val=y_val, **limits)
        scores[name] = float(model.score_with_y_pred_proba(y=y_test, y_pred_proba=model.predict_proba(X_test)))
    return scores


if __name__ == "__main__":
    LeadlineModel.warmup()
    for table, score in trial().items():
        print(f"{table}: {score:.4f}")

"""The contenders of search.py: each answers "how deep?" for one table, and predicts its test rows.

All of them: 0 to 4 hidden layers, the same number of candidates for the rest at every depth, the same five folds, at
most 100 epochs with a patience of 20, both cores. `run` returns the seconds from the table to a fitted model, the
test loss (log loss, or RMSE over the standard deviation of the training target) and how many hidden layers were chosen.
"""

import os
import tempfile
import time
import warnings
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from real_tables import draw
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

SEED, FOLDS, EPOCHS, PATIENCE = 0, 5, 100, 20
MOST_HIDDEN = 4
TEST_ROWS = 4000


class Contest:
    """One table, and the loss on its test rows."""

    def __init__(self, folder: str, name: str, rows: int, candidates: int, cores: int) -> None:
        self.candidates, self.cores = candidates, cores
        self.table = draw(Path(folder), name, rows, TEST_ROWS, SEED)
        y = self.table.y_train.to_numpy()
        if self.table.classes:
            self.labels, self.y = np.unique(y, return_inverse=True)
            self.test = np.searchsorted(self.labels, self.table.y_test.to_numpy())
        else:
            self.labels, self.center, self.scale = None, y.mean(), y.std()
            self.y, self.test = (y - self.center) / self.scale, (self.table.y_test - self.center) / self.scale

    @property
    def folds(self) -> Any:
        kind = StratifiedKFold if self.table.classes else KFold
        return kind(FOLDS, shuffle=True, random_state=SEED)

    def loss(self, predictions: np.ndarray) -> float:
        if self.labels is None:
            return float(root_mean_squared_error(self.test, predictions))
        return float(log_loss(self.test, predictions, labels=np.arange(len(self.labels))))

    def encoder(self) -> Any:
        X = self.table.X_train
        numbers = X.select_dtypes("number").columns
        return make_column_transformer(
            (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), list(numbers)),
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), [c for c in X.columns if c not in numbers]),
        )

    def drawn(self) -> list[dict[str, Any]]:
        """Choices beside depth: Leadline's own draws as far as a network of scikit-learn has them."""
        from leadline.search import Dimension, draw_candidates
        from leadline.training import Hyperparameters

        space = (
            Dimension("hidden_units", levels=(64, 128, 256)),
            Dimension("learning_rate_init", low=1e-3, high=2e-2, log=True),
            Dimension("weight_decay", low=1e-5, high=1e-1, log=True),
            Dimension("activation", levels=("relu", "tanh")),
            Dimension("batch_scale", levels=(0.5, 1.0, 2.0)),
        )
        base = Hyperparameters(hidden_layer_sizes=(128,), learning_rate_init=5e-3, weight_decay=1e-4)
        base = base.for_table(len(self.y) * (FOLDS - 1) // FOLDS, self.table.X_train.shape[1], self.table.classes)
        found = [one.settings(base, 2) for one in draw_candidates(base, self.candidates, SEED, space)]
        return [
            {
                "units": own.hidden_layer_sizes[0],
                "learning_rate_init": own.learning_rate_init,
                "alpha": own.weight_decay,
                "activation": own.activation,
                "batch_size": own.batch_size,
            }
            for own in found
        ]


class Leadline(Contest):
    """DepthSearchCV without repeats of the folds, which the others do not have either."""

    def run(self) -> dict[str, Any]:
        from leadline import DeepClassifier, DeepRegressor, DepthSearchCV

        kind = DeepClassifier if self.table.classes else DeepRegressor
        start = time.perf_counter()
        search = DepthSearchCV(
            kind(max_iter=EPOCHS, n_iter_no_change=PATIENCE, random_state=SEED),
            max_depth=MOST_HIDDEN + 1,
            candidates=self.candidates,
            cv=FOLDS,
            repeats=1,
            n_jobs=self.cores,
        ).fit(self.table.X_train, self.table.y_train)
        seconds = time.perf_counter() - start
        if self.table.classes:
            predictions = search.predict_proba(self.table.X_test)
        else:
            predictions = (search.predict(self.table.X_test) - self.center) / self.scale
        networks = int(search.ladder_["networks"].sum())
        return {
            "seconds": seconds,
            "count": 1,
            "loss": self.loss(predictions),
            "hidden": search.best_depth_ - 1,
            "networks": networks,
        }


class ScikitLearn(Contest):
    """GridSearchCV, or HalvingGridSearchCV, over scikit-learn's own network."""

    def __init__(self, halving: bool, **contest: Any) -> None:
        super().__init__(**contest)
        self.halving = halving

    def run(self) -> dict[str, Any]:
        from sklearn.experimental import enable_halving_search_cv  # noqa: F401
        from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
        from sklearn.neural_network import MLPClassifier, MLPRegressor
        from sklearn.pipeline import Pipeline

        kind = MLPClassifier if self.table.classes else MLPRegressor
        network = kind(max_iter=EPOCHS, n_iter_no_change=PATIENCE, early_stopping=True, random_state=SEED)
        grid = []
        for hidden in range(MOST_HIDDEN + 1):
            for own in self.drawn():
                sizes = (own["units"],) * hidden
                rest = {name: [value] for name, value in own.items() if name != "units"}
                grid.append({"network__hidden_layer_sizes": [sizes], **{f"network__{k}": v for k, v in rest.items()}})
        steps = Pipeline([("encoder", self.encoder()), ("network", network)])
        score = "neg_log_loss" if self.table.classes else "neg_root_mean_squared_error"
        searcher = HalvingGridSearchCV if self.halving else GridSearchCV
        start = time.perf_counter()
        os.environ["PYTHONWARNINGS"] = "ignore"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            search = searcher(steps, grid, scoring=score, cv=self.folds, n_jobs=self.cores, error_score=np.nan)
            search.fit(self.table.X_train, self.y)
        seconds = time.perf_counter() - start
        method = "predict_proba" if self.table.classes else "predict"
        predictions = getattr(search, method)(self.table.X_test)
        hidden = len(search.best_params_["network__hidden_layer_sizes"])
        networks = len(search.cv_results_["params"]) * FOLDS + 1
        return {"seconds": seconds, "count": 1, "loss": self.loss(predictions), "hidden": hidden, "networks": networks}


class Optuna(Contest):
    """TPE and Hyperband over networks in PyTorch; a process per core, all folds of a trial epoch by epoch."""

    def run(self) -> dict[str, Any]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        trials = self.candidates * (MOST_HIDDEN + 1)
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            journal = str(Path(folder) / "journal")
            study = _study(journal)
            shares = [trials // self.cores + (i < trials % self.cores) for i in range(self.cores)]
            context = get_context("spawn")
            processes = [
                context.Process(target=_optimise, args=(journal, self, share, SEED + i))
                for i, share in enumerate(shares)
            ]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
            study = _study(journal)
            best, states = study.best_trial, [trial.state.name for trial in study.trials]
            predictions = self.refit(best.params)
        seconds = time.perf_counter() - start
        return {
            "seconds": seconds,
            "count": 1,
            "loss": self.loss(predictions),
            "hidden": best.params["hidden"],
            "networks": len(states) * FOLDS + 1,
            "pruned": states.count("PRUNED"),
        }

    def refit(self, params: dict[str, Any]) -> np.ndarray:
        """The best trial's network on all rows but a tenth, which stops it."""
        encoder = self.encoder().fit(self.table.X_train)
        X, X_test = (encoder.transform(part).astype(np.float32) for part in (self.table.X_train, self.table.X_test))
        stratify = self.y if self.table.classes else None
        rows, held = train_test_split(np.arange(len(X)), test_size=0.1, random_state=SEED, stratify=stratify)
        network = _Network(params, X, self.y, rows, held, self.labels, SEED)
        best, best_epoch, kept = np.inf, 0, network.state()
        for epoch in range(EPOCHS):
            loss = network.epoch()
            if loss < best:
                best, best_epoch, kept = loss, epoch, network.state()
            elif epoch - best_epoch >= PATIENCE:
                break
        network.model.load_state_dict(kept)
        return network.predict(X_test)


def _study(journal: str) -> Any:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(journal)),
        study_name="depth",
        load_if_exists=True,
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=EPOCHS, reduction_factor=3),
        sampler=optuna.samplers.TPESampler(seed=SEED),
    )


def _optimise(journal: str, contest: Optuna, trials: int, seed: int) -> None:
    import optuna
    import torch

    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.set_num_threads(1)
    splits = list(contest.folds.split(np.zeros((len(contest.y), 1)), contest.y))
    data = []
    for rows, _ in splits:
        encoder = contest.encoder().fit(contest.table.X_train.iloc[rows])
        data.append(encoder.transform(contest.table.X_train).astype(np.float32))

    def objective(trial: Any) -> float:
        params = {
            "hidden": trial.suggest_int("hidden", 0, MOST_HIDDEN),
            "units": trial.suggest_categorical("units", [64, 128, 256]),
            "learning_rate_init": trial.suggest_float("learning_rate_init", 1e-3, 2e-2, log=True),
            "alpha": trial.suggest_float("alpha", 1e-5, 1e-1, log=True),
            "dropout": trial.suggest_float("dropout", 0.0, 0.3),
            "activation": trial.suggest_categorical("activation", ["relu", "silu"]),
            "batch_size": trial.suggest_categorical("batch_size", [64, 128, 256]),
        }
        networks = [
            _Network(params, X, contest.y, rows, held, contest.labels, SEED)
            for X, (rows, held) in zip(data, splits, strict=True)
        ]
        best, best_epoch = np.inf, 0
        for epoch in range(EPOCHS):
            loss = float(np.mean([network.epoch() for network in networks]))
            if not np.isfinite(loss):
                raise optuna.TrialPruned
            trial.report(loss, epoch)
            if loss < best:
                best, best_epoch = loss, epoch
            elif epoch - best_epoch >= PATIENCE:
                break
            if trial.should_prune():
                raise optuna.TrialPruned
        return best

    study = _study(journal)
    study.sampler = optuna.samplers.TPESampler(seed=seed)
    study.optimize(objective, n_trials=trials)


class _Network:
    """A network of PyTorch on some rows, trained epoch by epoch."""

    def __init__(
        self,
        params: dict[str, Any],
        X: np.ndarray,
        y: np.ndarray,
        rows: np.ndarray,
        held: np.ndarray,
        labels: np.ndarray | None,
        seed: int,
    ) -> None:
        import torch

        torch.manual_seed(seed)
        self.torch, self.labels, self.batch = torch, labels, params["batch_size"]
        sizes = [X.shape[1], *[params["units"]] * params["hidden"]]
        layers: list[Any] = []
        for a, b in pairwise(sizes):
            kind = torch.nn.ReLU if params["activation"] == "relu" else torch.nn.SiLU
            layers += [torch.nn.Linear(a, b), kind(), torch.nn.Dropout(params.get("dropout", 0.0))]
        layers.append(torch.nn.Linear(sizes[-1], 1 if labels is None else len(labels)))
        self.model = torch.nn.Sequential(*layers)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), params["learning_rate_init"], weight_decay=params["alpha"], fused=True
        )
        target = torch.as_tensor(y, dtype=torch.float32 if labels is None else torch.long)
        X_all = torch.as_tensor(X)
        self.X, self.y, self.X_held, self.y_held = X_all[rows], target[rows], X_all[held], target[held]

    def loss(self, scores: Any, y: Any) -> Any:
        if self.labels is None:
            return self.torch.nn.functional.mse_loss(scores[:, 0], y)
        return self.torch.nn.functional.cross_entropy(scores, y)

    def epoch(self) -> float:
        """One epoch; the loss on the rows held out."""
        self.model.train()
        for rows in self.torch.randperm(len(self.X)).split(self.batch):
            self.optimiser.zero_grad()
            self.loss(self.model(self.X[rows]), self.y[rows]).backward()
            self.optimiser.step()
        self.model.eval()
        with self.torch.no_grad():
            loss = float(self.loss(self.model(self.X_held), self.y_held))
        return loss if self.labels is not None else loss**0.5

    def state(self) -> dict[str, Any]:
        return {name: value.clone() for name, value in self.model.state_dict().items()}

    def predict(self, X: np.ndarray) -> np.ndarray:
        self.model.eval()
        with self.torch.no_grad():
            scores = self.model(self.torch.as_tensor(X))
            if self.labels is None:
                return np.asarray(scores[:, 0].numpy())
            return np.asarray(self.torch.softmax(scores, dim=1).numpy().astype(float))

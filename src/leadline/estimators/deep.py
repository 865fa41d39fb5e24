"""DeepClassifier and DeepRegressor: one deep L-layer network behind scikit-learn's face."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from leadline.errors import DataError, ModelFileError
from leadline.estimators.base import ClassifierFace, Face, Given, RegressorFace, draw_seed, read_input
from leadline.estimators.model import Member, Model
from leadline.search import Metric, Problem
from leadline.storage import load_record
from leadline.training import Hyperparameters, Stop, Task, plan_for, train
from leadline.training.hyperparameters import Choice, Real, check

__all__ = ["DeepClassifier", "DeepRegressor", "load"]

# Names the streams of single fits apart from those of a search, whose keys are longer.
_SINGLE_FIT, _HOLD_OUT = 0, 1


class _Deep(Face):
    """Parameters and fitting that both estimators share."""

    _task: str

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = Hyperparameters.hidden_layer_sizes,
        activation: str = Hyperparameters.activation,
        *,
        solver: str = Hyperparameters.solver,
        alpha: float | None = None,
        weight_decay: float = Hyperparameters.weight_decay,
        dropout: float = Hyperparameters.dropout,
        batch_size: int | str = Hyperparameters.batch_size,
        learning_rate: str = Hyperparameters.learning_rate,
        learning_rate_init: float = Hyperparameters.learning_rate_init,
        max_iter: int = Hyperparameters.max_iter,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = Hyperparameters.n_iter_no_change,
        beta_1: float = Hyperparameters.beta_1,
        beta_2: float = Hyperparameters.beta_2,
        epsilon: float = Hyperparameters.epsilon,
        feature_scale: bool = Hyperparameters.feature_scale,
        scaling: str = Hyperparameters.scaling,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.feature_scale = feature_scale
        self.scaling = scaling
        self.random_state = random_state

    def hyperparameters(self) -> Hyperparameters:
        """The estimator's parameters as the record that training reads, checked.

        Raises
        ------
        ParameterError
            A parameter breaks its rule; the message names it, the rule and the value.
        """
        owner = type(self).__name__
        values = {}
        for item in dataclasses.fields(Hyperparameters):
            value = getattr(self, item.name)
            if item.name == "alpha" and value is None:
                # a convex problem wants a penalty, as scikit-learn's LogisticRegression and Ridge have by default
                value = 1.0 if len(tuple(self.hidden_layer_sizes)) == 0 else 0.0
            check(owner, item.name, item.metadata["rule"], value)
            values[item.name] = value
        check(owner, "early_stopping", Choice((True, False)), self.early_stopping)
        check(
            owner,
            "validation_fraction",
            Real(0.0, 1.0, low_open=True, high_open=True),
            self.validation_fraction,
        )
        return Hyperparameters(**values)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train one network.

        Parameters
        ----------
        X : (n, p) DataFrame or array
            Numbers, categories, text categories, dates, missing values.
        y : (n,) array, or (n, k) for a regression of k numbers
        sample_weight : (n,) array, optional
            A row of weight 2 counts as the row twice.

        Returns
        -------
        self

        Raises
        ------
        InputError
            A parameter, the table or the target cannot be used; the message says where and why.
        """
        settings = self.hyperparameters()
        given = read_input(X, y, sample_weight, self._task)
        seed = draw_seed(self.random_state)
        train_rows, validation_rows = self._split(given, settings, seed)
        settings = settings.for_rows(len(train_rows))
        metric = Metric(None, given.target)
        problem = Problem.build(
            given.encoded,
            given.y,
            given.w,
            given.target,
            metric,
            [(train_rows, validation_rows)],
            settings.scaling,
        )
        plan = plan_for(settings, problem.n_inputs, given.target.n_scores, given.target.loss)
        task = Task(settings, (seed, _SINGLE_FIT), 0, train_rows, validation_rows)
        (trained,) = train(plan, [task], problem.data, problem.judge, Stop(), threads=effective_n_jobs(-1))
        if trained.state == "diverged":
            raise DataError(f"Training failed: {trained.reason}.")
        fold = problem.judge.folds[0]
        member = Member(trained.theta, fold.statistics, fold.center, fold.scale)
        self._set_model(Model(given.layout, given.target, settings, (member,)), given.frame, X)
        self.loss_curve_ = trained.losses
        self.validation_scores_ = trained.curve
        self.n_iter_ = max(len(trained.losses), 1)
        self.best_epoch_ = trained.best_epoch
        return self

    def _split(self, given: Given, settings: Hyperparameters, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Rows to train on and rows that choose the epoch; none of the latter where there are no epochs."""
        rows = np.arange(len(given.y))
        if settings.solved or not self.early_stopping or len(rows) < 2 / self.validation_fraction:
            return rows, rows[:0]
        random_state = int(np.random.SeedSequence([seed, _HOLD_OUT]).generate_state(1)[0])
        shares: dict[str, Any] = {"test_size": self.validation_fraction, "random_state": random_state}
        if given.target.classes is not None:
            _, counts = np.unique(given.y, return_counts=True)
            if counts.min() >= 2 and len(counts) <= self.validation_fraction * len(rows):
                shares["stratify"] = given.y
        train_rows, validation_rows = train_test_split(rows, **shares)
        return np.sort(train_rows), np.sort(validation_rows)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.multi_output = self._task == "regression"
        return tags


_PARAMETERS = """\
Parameters
    ----------
    hidden_layer_sizes : sequence of int, default (128, 128)
        n[1] … n[L-1]; ``()`` is {linear}, L = 1, solved by L-BFGS on the same loss and gradient.
    activation : str, default "relu"
        g of every hidden layer: one of the names in `leadline.network.ACTIVATIONS`.
    solver : {{"adam", "lbfgs"}}, default "adam"
        Minibatches, or all rows at once in float64; L = 1 is always solved by L-BFGS.
    alpha : float, optional
        L2 penalty: + alpha/2 ‖W‖² beside the summed loss of the rows (1/C of LogisticRegression, alpha of Ridge).
        Default 1 for L = 1, else 0.
    weight_decay : float, default 0.05
        Decoupled decay (AdamW), another thing than `alpha`: W shrinks by learning rate × this at every step.
    dropout : float, default 0.1
        Share of each hidden layer's units silenced in a training step.
    batch_size : int or "auto", default "auto"
        Rows in a minibatch; "auto" is a power of two from 16 to 256 near 1/32 of the rows.
    learning_rate : {{"cosine", "constant"}}, default "cosine"
        Schedule over the planned epochs.
    learning_rate_init : float, default 0.005
        α, where the schedule starts.
    max_iter : int, default 100
        Epochs; L-BFGS may take ten times as many iterations.
    early_stopping : bool, default True
        Hold out rows, stop when their score has not improved for `n_iter_no_change` epochs, and return to the
        best epoch.
    validation_fraction : float, default 0.1
        Share of the rows held out for that.
    n_iter_no_change : int, default 20
        Patience in epochs.
    beta_1, beta_2, epsilon : float, default 0.9, 0.999, 1e-8
        Adam's decay of the first and second moment, and the number kept from zero in its division.
    feature_scale : bool, default True
        A learned factor for each input before layer 1 (not for L = 1).
    scaling : {{"robust", "standard", "none"}}, default "robust"
        Number columns: median and quartiles with a smooth clip; mean and deviation; or as they are.
    random_state : int, Generator, RandomState or None
        Seed of initial weights, shuffles, dropout and hold-out. The same seed gives the same bits.

    Attributes
    ----------
    model_ : Model
        One network, and everything between a table and its predictions.
    loss_curve_, validation_scores_ : (epochs,) arrays
        Mean training loss and validation score after each epoch, greater is better.
    best_epoch_ : int
        The epoch that the parameters are from, counted from 1.
    n_features_in_ : int
    feature_names_in_ : (n_features_in_,) array
        If X had column names.
"""


Kind = TypeVar("Kind", bound=type[Any])


def _with_parameters(linear: str) -> Callable[[Kind], Kind]:
    """Put the parameters, which both estimators share, into a class's docstring at its mark."""

    def decorate(kind: Kind) -> Kind:
        kind.__doc__ = str(kind.__doc__).replace("(PARAMETERS)", _PARAMETERS.format(linear=linear).strip())
        return kind

    return decorate


@_with_parameters("logistic regression")
class DeepClassifier(ClassifierFace, _Deep):
    """A deep L-layer network that tells classes apart.

    (PARAMETERS)
    classes_ : (K,) array
        The classes in sorted order.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from leadline import DeepClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> DeepClassifier(hidden_layer_sizes=(16,), random_state=0).fit(X, y).score(X, y) > 0.9
    True
    """

    _task = "classification"


@_with_parameters("linear regression")
class DeepRegressor(RegressorFace, _Deep):
    """A deep L-layer network that predicts numbers.

    (PARAMETERS)

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from leadline import DeepRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> DeepRegressor(hidden_layer_sizes=(), random_state=0).fit(X, y).score(X, y) > 0.5
    True
    """

    _task = "regression"


def load(path: str | Path) -> DeepClassifier | DeepRegressor:
    """The model in a folder, as a fitted estimator; `save` and `leadline fit` write such folders.

    Parameters
    ----------
    path : path
        A folder with model.safetensors and model.json.

    Returns
    -------
    DeepClassifier or DeepRegressor

    Raises
    ------
    ModelFileError
        A file is missing or damaged, or of another version.
    """
    record, arrays = load_record(path)
    model = Model.from_record(record, arrays)
    kind = DeepClassifier if model.target.task == "classification" else DeepRegressor
    try:
        return kind(**dataclasses.asdict(model.settings))._restore(model, record["features"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: the model's record cannot be read: {error}.") from error

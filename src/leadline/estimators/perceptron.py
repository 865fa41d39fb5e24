"""Parameters and training that `MLPClassifier` and `MLPRegressor` have in common, as scikit-learn's networks do it."""

import dataclasses
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from scipy.special import xlogy
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, shuffle
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from leadline.errors import DataError, ParameterError, ShapeError
from leadline.estimators.base import Face, RegressorFace
from leadline.estimators.given import VERBOSE, as_weights
from leadline.estimators.model import Member, Model
from leadline.network import loss as loss_record
from leadline.records import Field
from leadline.tables import Layout, NumberColumn, Numbers, Statistics, Target, TargetStatistics
from leadline.training import Examples, Hyperparameters, Inputs, Plan, one_blas_thread, plan_for
from leadline.training.descent import Descent, DescentState, UpdateRule, minimise
from leadline.training.hyperparameters import Choice, Integer, Real, Rule, Sizes

__all__ = ["MultilayerPerceptron", "trains_in_minibatches"]

Array = NDArray[Any]

# By the names that `leadline.network` has for them.
_ACTIVATIONS = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
_NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


def _is_count_or_infinity(value: Any) -> bool:
    return value == np.inf if isinstance(value, float) else Integer(1).allows(value)


def _is_random_state(value: Any) -> bool:
    try:
        check_random_state(value)
    except ValueError:
        return False
    return True


def trains_in_minibatches(estimator: "MultilayerPerceptron") -> bool:
    """Whether an estimator has `partial_fit`; where it has none, say why."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            f"{type(estimator).__name__}.partial_fit needs the solver 'adam' or 'sgd'; got {estimator.solver!r}."
        )
    return True


@dataclass(eq=False, repr=False, kw_only=True)
class MultilayerPerceptron(Face):
    """Parameters and fitting that both have in common."""

    _rules: ClassVar[Mapping[str, Rule]] = {
        "hidden_layer_sizes": Field(
            "a positive integer, or a sequence of them, one for each hidden layer",
            lambda value: Sizes().allows(value) or Integer(1).allows(value),
        ),
        "activation": Choice(tuple(_ACTIVATIONS)),
        "solver": Choice(("lbfgs", "sgd", "adam")),
        "alpha": Real(low=0.0),
        "batch_size": Integer(1, or_word="auto"),
        "learning_rate": Choice(("constant", "invscaling", "adaptive")),
        "learning_rate_init": Real(low=0.0, low_open=True),
        "power_t": Real(low=0.0),
        "max_iter": Integer(1),
        "shuffle": Choice((True, False)),
        "random_state": Field("an integer of at least 0, a RandomState or None", _is_random_state),
        "tol": Real(low=0.0),
        "verbose": VERBOSE,
        "warm_start": Choice((True, False)),
        "momentum": Real(0.0, 1.0),
        "nesterovs_momentum": Choice((True, False)),
        "early_stopping": Choice((True, False)),
        "validation_fraction": Real(0.0, 1.0, high_open=True),
        "beta_1": Real(0.0, 1.0, high_open=True),
        "beta_2": Real(0.0, 1.0, high_open=True),
        "epsilon": Real(low=0.0, low_open=True),
        "n_iter_no_change": Field("an integer of at least 1 or infinity", _is_count_or_infinity),
        "max_fun": Integer(1),
    }

    hidden_layer_sizes: Sequence[int] | int = field(default=(100,), kw_only=False)
    activation: str = field(default="relu", kw_only=False)
    solver: str = "adam"
    alpha: float = 0.0001
    batch_size: int | str = "auto"
    learning_rate: str = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: bool | int = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: int | float = 10
    max_fun: int = 15000

    def _hidden_sizes(self) -> tuple[int, ...]:
        """The hidden layers' sizes, where one may be given as a number."""
        return tuple(int(n) for n in np.ravel(np.asarray(self.hidden_layer_sizes, dtype=np.int64)))

    def _targets(self, y: Array, incremental: bool, goes_on: bool) -> Array:
        """The target as the network learns it, (n, n[L]), after noting what it is."""
        raise NotImplementedError

    def _target(self) -> Target:
        """What is predicted."""
        raise NotImplementedError

    def _validation_score(self, Z: Array, Y: Array, w: Array | None) -> float:
        """Accuracy or R² of raw scores Z, (m, n[L])."""
        raise NotImplementedError

    def _stratify(self, Y: Array) -> Array | None:
        """The classes whose shares the validation rows keep, if any."""
        return None

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : (n, p) array, DataFrame of numbers or sparse matrix
        y : (n,) array, or (n, k) for k numbers or k labels
        sample_weight : (n,) array, optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A parameter, the table or the target cannot be used, or the training diverges.
        """
        return self._fit(X, y, sample_weight, incremental=False)

    def _fit(self, X: Any, y: Any, sample_weight: Any, incremental: bool) -> Self:
        self._check_rules()
        if incremental and self.early_stopping:
            raise ParameterError("partial_fit does not support early_stopping=True")
        goes_on = hasattr(self, "coefs_") and (incremental or self.warm_start)
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=isinstance(self, RegressorFace),
            dtype=(np.float64, np.float32),
            reset=not goes_on,
        )
        self._own_names = list(self.feature_names_in_) if hasattr(self, "feature_names_in_") else None
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        Y = self._targets(y, incremental, goes_on)
        weights = None if sample_weight is None else as_weights(sample_weight, len(y))
        generator = check_random_state(self.random_state)
        self.n_outputs_ = Y.shape[1]
        settings = self._settings(self._hidden_sizes())
        plan = plan_for(settings, Inputs(int(self.n_features_in_)), self.n_outputs_, self._target().loss)
        if not goes_on:
            self._initialise(plan, X.dtype, generator)
        dense = X.toarray() if hasattr(X, "toarray") else X
        w = np.ones(len(y)) if weights is None else weights
        precision = np.float64 if self.solver == "lbfgs" else X.dtype
        examples = Examples(*(np.ascontiguousarray(array, precision) for array in (dense, Y, w)))
        theta = self._theta(plan.architecture.sizes).astype(precision)
        with one_blas_thread(), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self.solver == "lbfgs":
                theta = self._solve(plan, theta, examples)
            else:
                theta = self._descend(plan, theta, examples, weights is not None, generator, incremental)
        if not np.isfinite(theta).all():
            raise DataError(_NOT_FINITE)
        self.coefs_, self.intercepts_ = _layers(plan, theta.astype(X.dtype))
        self._model = self._new_model(self._theta(plan.architecture.sizes))
        return self

    def _settings(self, hidden_layer_sizes: tuple[int, ...]) -> Hyperparameters:
        """What a prediction needs to know of the parameters."""
        solver = self.solver if self.solver in ("lbfgs", "adam") else "nesterov"
        activation = _ACTIVATIONS[self.activation]
        return Hyperparameters(hidden_layer_sizes, activation=activation, solver=solver, scaling="none")

    def _initialise(self, plan: Plan, dtype: Any, generator: np.random.RandomState) -> None:
        """Draw the first parameters (Glorot & Bengio 2010) in scikit-learn's order, and forget earlier trainings."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = plan.architecture.L + 1
        output = str(getattr(loss_record(self._target().loss), "output_activation", "identity"))
        self.out_activation_ = {"sigmoid": "logistic"}.get(output, output)
        self.coefs_, self.intercepts_ = [], []
        sizes, factor = plan.architecture.sizes, 2.0 if self.activation == "logistic" else 6.0
        for n_before, n in pairwise(sizes):
            bound = np.sqrt(factor / (n_before + n))
            self.coefs_.append(generator.uniform(-bound, bound, (n_before, n)).astype(dtype))
            self.intercepts_.append(generator.uniform(-bound, bound, n).astype(dtype))
        for name in ("loss_curve_", "validation_scores_", "best_validation_score_", "best_loss_"):
            self.__dict__.pop(name, None)

    def _begin_curves(self, theta: Array) -> None:
        """Have the record of a training in minibatches that begins, or goes on where an earlier one ended."""
        if "loss_curve_" in vars(self):
            return
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_: float | None = -np.inf if self.early_stopping else None
        self.best_loss_: float | None = None if self.early_stopping else np.inf
        self._best, self._no_improvement_count = theta, 0

    def _theta(self, sizes: tuple[int, ...]) -> Array:
        """`coefs_` and `intercepts_` as the vector of parameters of a plan with layers of these sizes, n[0] … n[L].

        Raises
        ------
        ShapeError
            They are not those of such layers.
        """
        L, parts = len(sizes) - 1, []
        if not len(self.coefs_) == len(self.intercepts_) == L:
            raise ShapeError(
                f"A network with L = {L} layers needs as many coefs_ and intercepts_; got {len(self.coefs_)} and "
                f"{len(self.intercepts_)}."
            )
        for l, (W, b) in enumerate(zip(self.coefs_, self.intercepts_, strict=True), start=1):
            if np.shape(W) != sizes[l - 1 : l + 1] or np.shape(b) != sizes[l : l + 1]:
                raise ShapeError(
                    f"layer {l}: coefs_[{l - 1}] must be (n[{l - 1}], n[{l}]) = {sizes[l - 1 : l + 1]} and "
                    f"intercepts_[{l - 1}] ({sizes[l]},); got {np.shape(W)} and {np.shape(b)}."
                )
            parts += [np.ravel(np.transpose(W)), np.ravel(b)]
        return np.concatenate(parts)

    def _solve(self, plan: Plan, theta: Array, examples: Examples) -> Array:
        """The parameters that L-BFGS finds."""
        data_scale, constant = self._loss_terms(examples)

        def told(loss: float) -> None:
            self._say(f"loss = {loss:.8f}")

        options = {"maxfun": self.max_fun, "maxiter": self.max_iter, "gtol": self.tol}
        found = minimise(plan, theta, examples, self.alpha, options, told if self.verbose else None)
        self.n_iter_ = min(int(found.nit), self.max_iter)
        penalty = 0.5 * self.alpha * float(np.sum(plan.penalised * found.x**2)) / float(examples.w.sum())
        self.loss_ = data_scale * (float(found.fun) - penalty) + penalty + constant
        if found.status != 0:
            more = f" Increase max_iter ({self.max_iter})." if self.n_iter_ == self.max_iter else ""
            warnings.warn(
                f"lbfgs failed to converge after {self.n_iter_} iteration(s) (status={found.status}): {found.message}."
                f"{more} Scaled inputs need fewer iterations.",
                ConvergenceWarning,
                stacklevel=4,
            )
        return np.asarray(found.x)

    def _loss_terms(self, examples: Examples) -> tuple[float, float]:
        """What our loss of a row is multiplied by, and what is added to it, in scikit-learn's.

        There squared errors are averaged over the outputs and not summed, and Poisson's loss is zero where the
        prediction is the target.
        """
        target = self._target()
        if target.loss == "poisson":
            own = (xlogy(examples.Y, examples.Y) - examples.Y).sum(axis=1)
            return 1.0, float(np.average(own, weights=examples.w))
        return (1.0 / examples.Y.shape[1] if isinstance(target, Numbers) else 1.0), 0.0

    def _update_rule(self) -> UpdateRule:
        return UpdateRule(**{item.name: getattr(self, item.name) for item in dataclasses.fields(UpdateRule)})

    def _descend(
        self,
        plan: Plan,
        theta: Array,
        examples: Examples,
        weighted: bool,
        generator: np.random.RandomState,
        incremental: bool,
    ) -> Array:
        """The parameters after epochs of minibatches: the last ones, or with early stopping the best."""
        train_rows, stop_rows = self._divide(examples.Y, generator)
        n, order = len(train_rows), np.arange(len(train_rows))
        state: DescentState | None = getattr(self, "_optimizer", None) if incremental else None
        descent = Descent(
            plan, theta, examples, self._update_rule(), self._rows_in_a_batch(n), state, effective_n_jobs(-1)
        )
        learned = Examples(examples.X[train_rows], examples.Y[train_rows], examples.w[train_rows])
        data_scale, constant = self._loss_terms(learned)
        self._begin_curves(theta)
        finite = True
        self.n_iter_ = 0
        try:
            while self.n_iter_ < self.max_iter and finite:
                if self.shuffle:
                    order = shuffle(order, random_state=generator)
                data_loss, penalty = descent.epoch(train_rows[order], self.tol)
                self.n_iter_ += 1
                self.t_ += n
                self.loss_ = data_scale * data_loss + penalty + constant
                self.loss_curve_.append(self.loss_)
                self._say(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
                finite = bool(np.isfinite(self.loss_))
                score = None
                if self.early_stopping:
                    Z, Y, w = descent.scores(stop_rows), examples.Y[stop_rows], examples.w[stop_rows]
                    score = self._validation_score(Z, Y, w if weighted else None) if finite else float("nan")
                self._count_improvements(score, descent.theta)
                descent.epoch_ended(self.t_)
                if self._no_improvement_count > self.n_iter_no_change:
                    if not self._may_go_on(descent):
                        break
                    self._no_improvement_count = 0
                if incremental:
                    break
                if self.n_iter_ == self.max_iter:
                    warnings.warn(
                        f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization "
                        "hasn't converged yet.",
                        ConvergenceWarning,
                        stacklevel=4,
                    )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
        self._optimizer = descent.state()
        if self.early_stopping:
            return np.array(self._best)
        return descent.theta.copy() if finite else np.full_like(descent.theta, np.nan)

    def _divide(self, Y: Array, generator: np.random.RandomState) -> tuple[Array, Array]:
        """Rows to learn from, and those whose score stops the training."""
        rows = np.arange(len(Y))
        if not self.early_stopping:
            return rows, rows[:0]
        train_rows, stop_rows = train_test_split(
            rows, random_state=generator, test_size=self.validation_fraction, stratify=self._stratify(Y)
        )
        if len(stop_rows) < 2:
            raise DataError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        return train_rows, stop_rows

    def _rows_in_a_batch(self, n: int) -> int:
        if isinstance(self.batch_size, str):
            return min(200, n)
        if self.batch_size > n:
            warnings.warn(
                f"Got batch_size={self.batch_size}, larger than the {n} training rows. It is going to be clipped.",
                stacklevel=5,
            )
        return min(int(self.batch_size), n)

    def _count_improvements(self, score: float | None, theta: Array) -> None:
        """Note what an epoch brought, and for how many it has been less than `tol` better."""
        if score is None:
            least = np.inf if self.best_loss_ is None else self.best_loss_
            worse = self.loss_ > least - self.tol
            self.best_loss_ = min(self.loss_, least)
        else:
            self._say(f"Validation score: {score:f}")
            self.validation_scores_ = [*(self.validation_scores_ or []), score]
            best = -np.inf if self.best_validation_score_ is None else self.best_validation_score_
            worse = score < best + self.tol
            if score > best:
                self.best_validation_score_, self._best = score, theta.copy()
        self._no_improvement_count = self._no_improvement_count + 1 if worse else 0

    def _may_go_on(self, descent: Descent) -> bool:
        """Whether a training that no longer improves goes on with a lower learning rate."""
        what = "Validation score" if self.early_stopping else "Training loss"
        epochs = f"{self.n_iter_no_change} consecutive epochs."
        goes_on = descent.may_go_on()
        then = f"Setting learning rate to {descent.learning_rate:f}" if goes_on else "Stopping."
        self._say(f"{what} did not improve more than tol={self.tol:f} for {epochs} {then}")
        return goes_on

    def _say(self, line: str) -> None:
        if self.verbose:
            sys.stdout.write(line + "\n")

    @property
    def model_(self) -> Model:  # type: ignore[override]
        """The network with `coefs_` and `intercepts_` as they are now, and what stands around it."""
        if not hasattr(self, "coefs_") or not hasattr(self, "n_outputs_"):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        theta = self._theta((int(self.n_features_in_), *(len(b) for b in self.intercepts_)))
        if "_model" not in vars(self) or not np.array_equal(self._model.members[0].theta, theta.astype(np.float32)):
            self._model = self._new_model(theta)
        return self._model

    def _new_model(self, theta: Array) -> Model:
        p, target = int(self.n_features_in_), self._target()
        statistics = Statistics("none", np.zeros(p), np.zeros(p), np.ones(p))
        settings = self._settings(tuple(len(b) for b in self.intercepts_[:-1]))
        fitted = TargetStatistics.unscaled(target.n_scores)
        layout = Layout(tuple(NumberColumn(str(name), missing=False) for name in self._names), ())
        return Model(layout, target, (Member(settings, theta.astype(np.float32), statistics, fitted),))

    def _predictions(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self, "model_")
        model = self.model_
        X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=(np.float64, np.float32), reset=False)
        dense = X.toarray() if hasattr(X, "toarray") else X
        with np.errstate(over="ignore", invalid="ignore"):
            return model.predictions_of_rows(
                len(dense), lambda rows: model.layout.encode_array(dense, slice(None), rows)
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _layers(plan: Plan, theta: Array) -> tuple[list[Array], list[Array]]:
    """W[l]ᵀ, (n[l-1], n[l]), and b[l], (n[l],), of each layer, in the precision of theta."""
    arrays = plan.named(theta)
    layers = range(1, plan.architecture.L + 1)
    return [arrays[f"W[{l}]"].T.copy() for l in layers], [arrays[f"b[{l}]"].copy() for l in layers]

"""MLPClassifier and MLPRegressor: scikit-learn's networks by their own names, parameters and defaults, on our engine.

For scripts that were written for `sklearn.neural_network`: with the same `random_state` they find the same networks, to
rounding. `DeepClassifier` and `DeepRegressor` are the better models of a table; see `docs/coming-from-scikit-learn.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import check_is_fitted

from leadline.errors import DataError
from leadline.estimators.base import ClassifierFace, RegressorFace
from leadline.estimators.perceptron import MultilayerPerceptron, trains_in_minibatches
from leadline.tables import Classes, Labels, Numbers, Target, TargetStatistics
from leadline.training.hyperparameters import Choice, Rule

__all__ = ["MLPClassifier", "MLPRegressor"]

Array = NDArray[Any]

# By the names that `leadline.network` has for them.
_LOSSES = {"squared_error": "half_squared_error", "poisson": "poisson"}


_PARAMETERS = """\
hidden_layer_sizes : sequence of int or int, default (100,)
        n[1] … n[L-1].
    activation : {"relu", "tanh", "logistic", "identity"}, default "relu"
        g of every hidden layer.
    solver : {"adam", "sgd", "lbfgs"}, default "adam"
        The first two in minibatches, the last on all rows at once.
    alpha : float, default 0.0001
        L2 penalty: + alpha/2 ‖W‖² beside the summed loss of each minibatch.
    batch_size : int or "auto", default "auto"
        Rows in a minibatch; "auto": 200, or all if there are fewer.
    learning_rate : {"constant", "invscaling", "adaptive"}, default "constant"
        Of "sgd": as it is; divided by (rows seen + 1)^power_t after every epoch; or divided by 5 whenever the training
        would otherwise end, until it is 1e-6.
    learning_rate_init : float, default 0.001
    power_t : float, default 0.5
        Of "invscaling".
    max_iter : int, default 200
        Most epochs, or iterations of L-BFGS.
    shuffle : bool, default True
        Whether each epoch has the rows in a new order.
    random_state : int, RandomState or None
        Seed of the first parameters, the validation rows and the orders. The same integer gives the same network.
    tol : float, default 1e-4
        A training ends when the loss, or with `early_stopping` the score of the validation rows, has not become better
        by this for more than `n_iter_no_change` epochs; L-BFGS when no entry of the gradient is larger.
    verbose : bool or int, default False
        Print a line for each epoch.
    warm_start : bool, default False
        `fit` goes on from the parameters of the last one.
    momentum : float, default 0.9
        Of "sgd".
    nesterovs_momentum : bool, default True
        Whether the gradient's share of a step is taken as Nesterov does.
    early_stopping : bool, default False
        Hold rows out, and keep the parameters of the epoch with their best accuracy or R².
    validation_fraction : float, default 0.1
        Share of the rows held out for that.
    beta_1, beta_2, epsilon : float, default 0.9, 0.999, 1e-8
        Of "adam".
    n_iter_no_change : int or infinity, default 10
        See `tol`.
    max_fun : int, default 15000
        Most evaluations of the loss by L-BFGS.

    Attributes
    ----------
    coefs_, intercepts_ : lists of arrays
        W[l]ᵀ, (n[l-1], n[l]), and b[l], (n[l],), for l = 1 … L, in the precision of X. They may be set; predictions and
        further training take them as they are.
    loss_ : float
        Loss of the last epoch, with the penalty.
    loss_curve_ : list of float
        Of every epoch.
    best_loss_ : float
        The smallest of them; None with `early_stopping`.
    validation_scores_ : list of float
        Accuracy or R² after every epoch; None without `early_stopping`.
    best_validation_score_ : float
    n_iter_ : int
        Epochs, or iterations, of the last `fit`.
    t_ : int
        Rows seen by all trainings.
    n_layers_, n_outputs_ : int
        L + 1, and n[L].
    out_activation_ : str
        g[L].
    n_features_in_ : int
    feature_names_in_ : (p,) array
        If X had column names.
    model_ : Model
        The network, as `leadline.inspection` takes it."""

Kind = TypeVar("Kind", bound=type[Any])


def _with_parameters(kind: Kind) -> Kind:
    """Put the parameters, which both have in common, into a class's docstring at its mark."""
    kind.__doc__ = str(kind.__doc__).replace("(PARAMETERS)", _PARAMETERS)
    return kind


@dataclass(eq=False, repr=False, kw_only=True)
@_with_parameters
class MLPClassifier(ClassifierFace, MultilayerPerceptron):
    """Scikit-learn's `MLPClassifier` on the engine of this library: the same parameters, defaults and networks.

    Parameters
    ----------
    (PARAMETERS)
    classes_ : (K,) array
        The classes in sorted order.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from leadline.neural_network import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> MLPClassifier(random_state=0, tol=1e-3).fit(X / 16, y).score(X / 16, y) > 0.97
    True
    """

    def _targets(self, y: Array, incremental: bool, goes_on: bool) -> Array:
        if not incremental and not goes_on:
            self._label_binarizer = LabelBinarizer().fit(y)
        else:
            self._check_classes(unique_labels(y))
        return np.asarray(self._label_binarizer.transform(y))

    def _check_classes(self, classes: Array) -> None:
        if self.warm_start and set(classes) != set(self.classes_):
            raise DataError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_)):
            raise DataError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    @property
    def classes_(self) -> Array:
        """The classes in sorted order, (K,)."""
        if not hasattr(self, "_label_binarizer"):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        return np.asarray(self._label_binarizer.classes_)

    def save(self, path: str | Path) -> None:
        """Write the model into the folder `path`, as all estimators do.

        Raises
        ------
        DataError
            The network knows one class only, which no model file describes.
        """
        check_is_fitted(self, "model_")
        if len(self.classes_) < 2:
            raise DataError("A network that has seen one class only cannot be saved: there is nothing to tell apart.")
        super().save(path)

    def _target(self) -> Target:
        classes = self.classes_
        if self._label_binarizer.y_type_.startswith("multilabel"):
            return Labels("y", "multilabel_cross_entropy", len(classes))
        return Classes("y", "cross_entropy" if len(classes) > 2 else "binary_cross_entropy", classes)

    def _stratify(self, Y: Array) -> Array | None:
        return Y.astype(bool) if Y.shape[1] == 1 else None

    def _validation_score(self, Z: Array, Y: Array, w: Array | None) -> float:
        if self._target().loss == "cross_entropy":
            right = Z.argmax(axis=1) == Y.argmax(axis=1)
        else:
            right = ((Z > 0) == (Y > 0.5)).all(axis=1)
        return float(np.average(right, weights=w))

    @available_if(trains_in_minibatches)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train one epoch on these rows, going on from where the last call or `fit` ended.

        Parameters
        ----------
        X : (n, p) array, DataFrame of numbers or sparse matrix
        y : (n,) array, or (n, k) for k labels
        sample_weight : (n,) array, optional
        classes : (K,) array
            All classes that will come; for the first call.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            See `fit`; or classes are missing in the first call, or are others than those of the first call.
        """
        if not hasattr(self, "_label_binarizer"):
            if classes is None:
                raise DataError("classes must be passed on the first call to partial_fit.")
            several = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if several else classes)
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise DataError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
            )
        return self._fit(X, y, sample_weight, incremental=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


@dataclass
class _WithLoss:
    """A parameter that comes before all others, as in scikit-learn from 1.7."""

    loss: str = "squared_error"


@dataclass(eq=False, repr=False, kw_only=True)
@_with_parameters
class MLPRegressor(RegressorFace, MultilayerPerceptron, _WithLoss):
    """Scikit-learn's `MLPRegressor` on the engine of this library: the same parameters, defaults and networks.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default "squared_error"
        The second one learns numbers of at least 0 as exp of the raw scores.
    (PARAMETERS)

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from leadline.neural_network import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor(hidden_layer_sizes=(20,), solver="lbfgs", max_iter=1000, random_state=0)
    >>> model.fit(X, y / 100).score(X, y / 100) > 0.5
    True
    """

    _rules: ClassVar[Mapping[str, Rule]] = {**MultilayerPerceptron._rules, "loss": Choice(tuple(_LOSSES))}

    def _targets(self, y: Array, incremental: bool, goes_on: bool) -> Array:
        Y = y.reshape(len(y), -1)
        negative = np.flatnonzero((Y < 0).any(axis=1))
        if self.loss == "poisson" and len(negative):
            row = int(negative[0])
            raise DataError(
                f"The target has {y[row]} in row {row + 1}; the loss 'poisson' needs numbers of at least 0."
            )
        return np.asarray(Y)

    def _target(self) -> Target:
        return Numbers("y", _LOSSES[self.loss], self.n_outputs_)

    def _validation_score(self, Z: Array, Y: Array, w: Array | None) -> float:
        predictions = self._target().predictions(Z, TargetStatistics.unscaled(Z.shape[1]))
        return float(r2_score(Y, predictions, sample_weight=w)) if np.isfinite(predictions).all() else float("nan")

    def predict(self, X: Any) -> Array:
        """The predicted numbers, (m,) or (m, k), for X of shape (m, p), in the precision of the parameters and of X."""
        predictions = super().predict(X)
        single = self.coefs_[0].dtype == np.float32 and getattr(X, "dtype", None) == np.float32
        return predictions.astype(np.float32) if single else predictions

    @available_if(trains_in_minibatches)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train one epoch on these rows, going on from where the last call or `fit` ended.

        Parameters
        ----------
        X : (n, p) array, DataFrame of numbers or sparse matrix
        y : (n,) or (n, k) array
        sample_weight : (n,) array, optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            See `fit`.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

"""DeepClassifier and DeepRegressor: one deep L-layer network behind scikit-learn's face.

Both are one estimator with two faces, and a new parameter changes its field, its rule and the fitting that reads it, so
these stand together.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if

from leadline.errors import DataError, ParameterError
from leadline.estimators.base import ClassifierFace, Face, RegressorFace
from leadline.estimators.callbacks import CallbackSupportMixin, EpochTeller, with_callbacks
from leadline.estimators.cross_choice import crosses_read
from leadline.estimators.doubt import with_profile
from leadline.estimators.embedding_choice import (
    ASKED_FROM,
    asked_beside,
    embeddings_in_turn,
    places_in_turn,
    with_embedding,
)
from leadline.estimators.given import RANDOM_STATE, VERBOSE, Given, as_dataset, draw_seed, read_input
from leadline.estimators.left_out import left_out_of, spread_rows, watched
from leadline.estimators.model import Model
from leadline.estimators.monotonic import MONOTONIC, constraints_of
from leadline.estimators.networks import SINGLE_FIT, holding_out_seed, members_of, train_networks
from leadline.estimators.parameter_texts import with_parameters
from leadline.estimators.streaming import Streaming
from leadline.network import Loss, loss_names
from leadline.network import loss as loss_record
from leadline.records import Field
from leadline.search import Fitted, HeldOut, Metric, Problem, View, conformal, device_of, hold_out
from leadline.tables import Dataset, Layout, Target, infer_target, is_dataset
from leadline.tables.number_targets import NUMBER_OUTPUTS
from leadline.training import Epoch, Hyperparameters, State, Task, Trained, stream
from leadline.training.devices import DEVICE
from leadline.training.hyperparameters import (
    RECIPES,
    Choice,
    Integer,
    Real,
    Rule,
    check,
    check_additive,
    check_monotonic,
)

__all__ = ["DeepClassifier", "DeepRegressor"]

# What scikit-learn's networks call the same things.
_OTHER_NAMES = {("activation", "logistic"): "sigmoid", ("solver", "sgd"): "nesterov"}
USUAL_LOSS = "half_squared_error"
_REGRESSION_LOSSES = {"squared_error": USUAL_LOSS}


def _trains_in_minibatches(estimator: "_Deep") -> bool:
    if estimator.hyperparameters().solved:
        raise AttributeError(
            f"{type(estimator).__name__}.partial_fit needs a network that trains in minibatches: hidden layers or "
            f"additive=True, and another solver than 'lbfgs'; got hidden_layer_sizes={estimator.hidden_layer_sizes!r} "
            f"and solver={estimator.solver!r}."
        )
    return True


def _regression_loss(value: str | Loss) -> str | Loss:
    """A loss under the name that `leadline.network` has for it."""
    return _REGRESSION_LOSSES.get(value, value) if isinstance(value, str) else value


def _number_losses() -> list[str]:
    """The losses that a regression knows, by the names that people give them here."""
    own = {name: given for given, name in _REGRESSION_LOSSES.items()}
    return [own.get(name, name) for name in loss_names(NUMBER_OUTPUTS)]


def _known_loss(value: Any) -> bool:
    """Whether a regression knows a loss of this name, or the value is no name."""
    if value is None:
        return True
    if not isinstance(value, str):
        return hasattr(value, "value") and hasattr(value, "gradient")
    try:
        return getattr(loss_record(_regression_loss(value)), "output_activation", "identity") in NUMBER_OUTPUTS
    except ParameterError:
        return False


@dataclass(eq=False, repr=False, kw_only=True)
class _Deep(CallbackSupportMixin, Face):  # type: ignore[misc]
    """Parameters and fitting that both estimators share."""

    _task: ClassVar[str]
    _rules: ClassVar[Mapping[str, Rule]] = {
        "recipe": Choice(tuple(RECIPES)),
        "n_networks": Integer(1, or_none=True),
        "early_stopping": Choice((True, False)),
        "warm_start": Choice((True, False)),
        "validation_fraction": Real(0.0, 1.0, low_open=True, high_open=True),
        "device": DEVICE,
        "columns": Field(
            "a mapping of columns' names to what they are, or None",
            lambda value: value is None or isinstance(value, Mapping),
        ),
        "callback": Field("None, or a callable that takes an Epoch", lambda value: value is None or callable(value)),
        "monotonic_cst": MONOTONIC,
        "verbose": VERBOSE,
        "random_state": RANDOM_STATE,
    }

    hidden_layer_sizes: Sequence[int] | int = field(default=Hyperparameters.hidden_layer_sizes, kw_only=False)
    activation: str | None = field(default=None, kw_only=False)
    additive: bool = Hyperparameters.additive
    recipe: str = "tabular"
    loss: str | Loss | None = None
    solver: str = Hyperparameters.solver
    alpha: float | None = None
    weight_decay: float | str | None = None
    weight_decay_schedule: str | None = None
    dropout: float | str | None = None
    dropout_schedule: str | None = None
    batch_size: int | str = Hyperparameters.batch_size
    learning_rate: str | None = None
    learning_rate_init: float | None = None
    max_iter: int | str = "auto"
    early_stopping: bool = True
    validation_fraction: float = 0.1
    n_iter_no_change: int | str = Hyperparameters.n_iter_no_change
    n_networks: int | None = None
    beta_1: float = Hyperparameters.beta_1
    beta_2: float = Hyperparameters.beta_2
    epsilon: float = Hyperparameters.epsilon
    scaling: str | None = None
    numeric_embedding: str | None = None
    one_hot_up_to: int | str | None = None
    target_statistics: bool | None = None
    feature_scale: bool | None = None
    parametrization: str | None = None
    members: int | None = None
    device: str = "cpu"
    columns: Mapping[str, Any] | None = None
    monotonic_cst: Mapping[str, int] | Sequence[int] | None = None
    warm_start: bool = False
    callback: Callable[[Epoch], object] | None = None
    verbose: bool | int = False
    random_state: Any = None

    def hyperparameters(self) -> Hyperparameters:
        """The estimator's parameters as the record that training reads, checked.

        Raises
        ------
        ParameterError
            A parameter breaks its rule; the message names it, the rule and the value.
        """
        owner = type(self).__name__
        self._check_rules()
        chosen = RECIPES[self.recipe]
        values: dict[str, Any] = {}
        for item in dataclasses.fields(Hyperparameters):
            if item.name == "monotonic_cst":
                continue  # of the numbers of a table: see `_constrained`
            value = getattr(self, item.name, None)
            linear = np.size(self.hidden_layer_sizes) == 0 and not self.additive
            if item.name == "alpha" and value is None:
                # a convex problem wants a penalty, as scikit-learn's LogisticRegression and Ridge have by default
                value = 1.0 if linear else 0.0
            if linear and value is None:
                # linear in the table's own numbers, and without ends
                value = {"scaling": "standard", "clip_predictions": False}.get(item.name)
            if value is None and getattr(type(self), item.name, None) is None:
                value = chosen.get(item.name, item.default)
            if isinstance(value, str):
                value = _OTHER_NAMES.get((item.name, value), value)
            if (
                item.name == "hidden_layer_sizes"
                and isinstance(value, int | np.integer)
                and not isinstance(value, bool)
            ):
                value = (value,)
            check(owner, item.name, item.metadata["rule"], value)
            values[item.name] = value
        check_additive(owner, values["additive"], values["hidden_layer_sizes"])
        return Hyperparameters(**values)

    def _constrained(
        self, settings: Hyperparameters, names: Sequence[str], layout: Layout, target: Target
    ) -> Hyperparameters:
        """The same settings for the numbers of a table, of which some may be constrained by `monotonic_cst`."""
        owner = type(self).__name__
        found = constraints_of(owner, self.monotonic_cst, names, layout, target)
        check_monotonic(owner, found, settings.activation)
        return dataclasses.replace(settings, monotonic_cst=found)

    @classmethod
    def known(cls, settings: Hyperparameters) -> dict[str, Any]:
        """Settings as parameters of this kind of estimator, which does not have those of another kind of target."""
        names = set(cls._get_param_names()) - {"monotonic_cst"}
        return {name: value for name, value in dataclasses.asdict(settings).items() if name in names}

    def _own_loss(self) -> str | Loss | None:
        """The loss that was asked for, as `leadline.network` calls it."""
        raise NotImplementedError

    def _class_weight(self) -> Any:
        """Weights by class."""
        return None

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        validation: Any = None,
        checkpoint: str | Path | None = None,
    ) -> Self:
        """Train the networks.

        Parameters
        ----------
        X : (n, p) DataFrame, array or sparse matrix; or a `Dataset`, a pyarrow dataset or a path
            Numbers, categories, text categories, dates, missing values. A dataset stays on disk: its rows are read part
            by part, and never held all at once.
        y : (n,) array, or (n, k) for k numbers or k labels; or, for a dataset, the name of its column
        sample_weight : (n,) array, optional; or, for a dataset, the name of a column
            A row of weight 2 counts as the row twice.
        validation : (X, y), (X, y, sample_weight) or splitter, optional
            Rows that choose the epoch, instead of some of the training rows: others, or those of the first splits, one
            for each network.
        checkpoint : path, optional
            For a dataset: a file in which the training is written down every minute. The same call goes on from there
            after a kill, to the same bits; the file is removed at the end. It wants a `random_state` that a second call
            can know; what L-BFGS solves begins anew.

        Returns
        -------
        self

        Raises
        ------
        InputError
            A parameter, the table or the target cannot be used; the message says where and why.
        """
        settings = self.hyperparameters()
        goes_on = self.warm_start and hasattr(self, "model_")
        if is_dataset(X):
            keep = self._checkpoint(checkpoint)
            return self._fit_dataset(as_dataset(X), y, sample_weight, settings, goes_on, validation, keep)
        if checkpoint is not None:
            raise ParameterError(f"{type(self).__name__}: checkpoint can be used only where X is a dataset on disk.")
        model = self.model_ if goes_on else None
        given = self._read(X, y, sample_weight, model)
        settings = self._constrained(settings, list(given.frame.columns), given.layout, given.target)
        self._begin(goes_on)
        if model is None:
            given = given.reading(crosses_read(given, settings, self._seed))
        given, splits = self._divide(given, settings, validation)
        return self._train(X, given, settings, splits, model)

    def _checkpoint(self, path: str | Path | None) -> Path | None:
        """The file of a checkpoint, which only the training with the same seed believes."""
        if path is not None and self.random_state is None:
            raise ParameterError(
                f"{type(self).__name__}: checkpoint needs a random_state, by which a second call knows the training; "
                "got random_state=None."
            )
        return None if path is None else Path(path)

    def _fit_dataset(
        self,
        dataset: Dataset,
        y: Any,
        weight: Any,
        settings: Hyperparameters,
        goes_on: bool,
        validation: Any,
        keep: Path | None,
    ) -> Self:
        """Train on rows that stay on disk."""
        if goes_on or validation is not None or self._class_weight() is not None:
            what = "warm_start" if goes_on else "class_weight" if validation is None else "validation"
            raise ParameterError(f"{type(self).__name__}: {what} cannot be used where X is a dataset on disk.")
        self._begin(False)
        stream = Streaming(
            dataset, y, weight, self._task, self._own_loss(), self._seed, self.columns, self.monotonic_cst
        )
        self._unlabelled = stream.n_left_out
        settings = self._constrained(settings, stream.inputs, stream.survey.layout, stream.target)
        n = self._how_many(stream.survey.n_rows)
        fraction = None if settings.solved or not self.early_stopping else self.validation_fraction
        teller = EpochTeller(self, settings.epochs(stream.survey.n_rows))
        members, networks, left_out = stream.train([settings] * n, n, fraction, self.device, teller, keep)
        inputs = stream.survey.sample[stream.inputs]
        model = Model(stream.survey.layout, stream.target, tuple(members), conformal(stream.target, left_out, n))
        self._set_model(with_profile(model, model.layout.encode(inputs)), inputs, inputs)
        return self._told(networks)

    @available_if(_trains_in_minibatches)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train one epoch on these rows, going on from where the last call or `fit` ended.

        The learning rate is constant, no rows are held out, and what the first call found out about the columns and the
        target (categories, medians, scales, classes) stays, so its rows should look like those that will come.

        Parameters
        ----------
        X : (n, p) DataFrame or array
        y : (n,) array, or (n, k) for k numbers or k labels
        classes : (K,) array, optional
            All classes that will come, for the first call if its rows do not have them all.
        sample_weight : (n,) array, optional

        Returns
        -------
        self

        Raises
        ------
        InputError
            A parameter, the table or the target cannot be used.
        AttributeError
            The solver takes all rows at once.
        """
        settings = dataclasses.replace(self.hyperparameters(), max_iter=1, learning_rate="constant")
        model = getattr(self, "model_", None)
        target = None
        self._begin(model is not None)
        if model is None and classes is not None and np.ndim(y) == 1:
            target = infer_target(np.asarray(classes), self._task, "y", self._own_loss())
        given = self._read(X, y, sample_weight, model, target)
        settings = self._constrained(settings, list(given.frame.columns), given.layout, given.target)
        rows = np.arange(len(given.y))
        if model is not None:
            settings = dataclasses.replace(settings, batch_size=model.settings.batch_size)
        return self._train(X, given, settings, [(rows, rows[:0])], model)

    def _how_many(self, rows: int) -> int:
        """Networks to train on so many rows: what L-BFGS solves is one."""
        return 1 if self.hyperparameters().solved else self._networks_of(rows)

    def _networks_of(self, rows: int) -> int:
        """Networks that are averaged, on so many rows, where they are trained in minibatches."""
        if self.n_networks is not None:
            return int(self.n_networks)
        by_rows = RECIPES[self.recipe].get("n_networks", {}).get(self._task, ((math.inf, 1),))
        return next(int(networks) for most, networks in by_rows if rows <= most)

    def _begin(self, goes_on: bool) -> None:
        """Draw a seed, unless training goes on that began here.

        `_ends` is where the last training ended, from which warm_start and partial_fit go on; a loaded model has none.
        """
        if not (goes_on and hasattr(self, "_seed")):
            self._seed = draw_seed(self.random_state)
            self._ends: list[State] | None = None
            self._learned_from: str | None = None
        self._unlabelled = 0

    def _read(self, X: Any, y: Any, sample_weight: Any, model: Model | None, target: Target | None = None) -> Given:
        """What the caller gave, read as `model` reads it if training goes on."""
        layout = None
        if model is not None:
            X, layout, target = self._frame(X), model.layout, model.target
        known = (self._class_weight(), layout, target, self.columns, self.monotonic_cst)
        return read_input(X, y, sample_weight, self._task, self._own_loss(), *known)

    def _train(
        self,
        X: Any,
        given: Given,
        settings: Hyperparameters,
        splits: list[HeldOut],
        model: Model | None,
    ) -> Self:
        """Train networks, or go on with those of `model`, each on the rows of its split or of the one that there is."""
        left_open = settings.numeric_embedding == "auto"
        if model is not None and left_open:
            settings = dataclasses.replace(settings, numeric_embedding=model.settings.numeric_embedding)
        fewest = min(len(train_rows) for train_rows, _ in splits)
        settings = settings.for_table(fewest, len(given.layout.number_columns), given.target.task != "regression")
        known_settings = [] if model is None else [member.settings for member in model.members]
        embeddings = [own.numeric_embedding for own in known_settings]
        alike = {dataclasses.replace(own, numeric_embedding="auto") if left_open else own for own in known_settings}
        if len(alike) > 1:
            raise ParameterError(
                f"This model is an ensemble of {len(known_settings)} networks with settings of their own, which cannot "
                "be trained further; use warm_start=False."
            )
        for name in ("hidden_layer_sizes", "additive", "monotonic_cst"):
            if model is not None and getattr(settings, name) != getattr(model.settings, name):
                raise ParameterError(
                    f"{type(self).__name__}.{name} cannot change while training goes on; it was "
                    f"{getattr(model.settings, name)}, now {getattr(settings, name)}. Use warm_start=False."
                )
        n = self._how_many(len(given.y)) if model is None else len(model.members)
        if model is not None:
            # what was fitted on a network's first rows is its own
            splits = [splits[place % len(splits)] for place in places_in_turn(embeddings)]
        problem = Problem.build(
            given.encoded,
            given.y,
            given.w,
            given.target,
            Metric(None, given.target),
            [train_rows for train_rows, _ in splits],
            settings,
            fitted=None if model is None else [Fitted(member.statistics, member.target) for member in model.members],
        )
        if model is not None and self._ends is None:
            self._ends = self._beginnings(model)
        taken = np.zeros(len(given.y), bool)
        for train_rows, _ in splits:
            taken[np.asarray(train_rows)] = True
        others = spread_rows(np.flatnonzero(taken))
        tasks = []
        for i in range(n):
            place = i % len(splits)
            train_rows, stop_rows = splits[place]
            start = None if self._ends is None else self._ends[i]
            view = View.of(place, settings)
            tasks.append(Task(settings, self._key(i), view, train_rows, (watched(stop_rows, others),), start))
        if left_open and embeddings:
            tasks = [with_embedding(task, embedding) for task, embedding in zip(tasks, embeddings, strict=True)]
        device = device_of(self.device, problem, settings, fewest, n)
        asks = left_open and model is None and n >= ASKED_FROM and given.layout.number_columns and len(splits[0][1])
        other = asked_beside(settings, fewest) if asks else None
        known: list[Trained] = []
        if other is not None:
            pair = [tasks[0], with_embedding(tasks[0], other)]
            asked = train_networks(problem, pair, device=device)
            turns = embeddings_in_turn(problem, pair, asked, self._seed)
            own = {task.settings.numeric_embedding: (task, network) for task, network in zip(pair, asked, strict=True)}
            known = [own[embedding][1] for embedding in turns]
            rest = [with_embedding(task, turns[i % len(turns)]) for i, task in enumerate(tasks)][len(turns) :]
            tasks = [*(own[embedding][0] for embedding in turns), *rest]
        teller = EpochTeller(self, int(settings.max_iter))
        if known and not teller.listens:
            networks = [*known, *train_networks(problem, tasks[len(known) :], device=device)]
        else:
            networks = train_networks(problem, tasks, teller=teller, device=device)
        members = members_of(problem, tasks, networks)
        digest = problem.digest(len(splits)) if self.warm_start else None
        sure = None
        if model is None or (digest is not None and digest == self._learned_from):
            # rows that stopped a network from its beginning: none that it has learned from in an earlier training
            sure = conformal(given.target, left_out_of(problem, tasks, networks), n)
        self._learned_from = digest if sure is not None else None
        made = Model(given.layout, given.target, tuple(members), sure)
        if model is None:
            self._set_model(with_profile(made, given.encoded), given.frame, X)
        else:
            self.model_ = dataclasses.replace(made, profile=model.profile)
        ends = [trained.end for trained in networks]
        self._ends = [end for end in ends if end is not None] or None
        return self._told(networks)

    def _told(self, networks: Sequence[Trained]) -> Self:
        """State how the first network was trained."""
        first = networks[0]
        self.loss_curve_ = first.losses
        self.validation_scores_ = first.curve
        self.n_iter_ = max(len(first.losses), 1)
        self.best_epoch_ = first.best_epoch
        return self

    def _key(self, i: int) -> tuple[int, ...]:
        """Names the random stream of network i."""
        return (self._seed, SINGLE_FIT, i)

    def _beginnings(self, model: Model) -> list[State]:
        """States that have the parameters of a loaded model, and moments and random numbers of their own."""
        states = []
        for i, member in enumerate(model.members):
            nothing, generator = np.zeros_like(member.theta), stream(self._key(i)).bit_generator.state
            states.append(State(member.theta, nothing, nothing, 0, generator, (), (), member.theta, 0))
        return states

    def _divide(self, given: Given, settings: Hyperparameters, validation: Any) -> tuple[Given, list[HeldOut]]:
        """Rows to train on and rows that choose the epoch, for each network or once for all; see `fit`."""
        rows, n = np.arange(len(given.y), dtype=given.kept.dtype), self._how_many(len(given.y))
        if hasattr(validation, "split"):
            try:
                splits = list(islice(validation.split(np.zeros((len(rows), 1)), given.y), n))
            except ValueError as error:
                raise DataError(f"validation={validation!r} cannot divide the rows: {error}.") from error
            if not splits:
                raise DataError(f"validation={validation!r} cannot divide the rows: it gives no split.")
            return given, [(np.sort(train_rows), np.sort(validation_rows)) for train_rows, validation_rows in splits]
        if validation is not None:
            given = self._with_rows(given, validation)
            return given, [(rows, np.arange(len(rows), len(given.y)))]
        if settings.solved or not self.early_stopping:
            return given, [(rows, rows[:0])]
        seed = holding_out_seed(self._seed)
        return given, hold_out(given.y, rows, given.target, n, self.validation_fraction, seed)

    def _with_rows(self, given: Given, validation: Any) -> Given:
        """The rows given, and after them those of `validation`."""
        if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
            raise ParameterError(
                f"validation must be (X, y), (X, y, sample_weight) or a splitter; got {type(validation).__name__}."
            )
        X, y, *weights = validation
        more = read_input(
            X,
            y,
            weights[0] if weights else None,
            self._task,
            class_weight=self._class_weight(),
            layout=given.layout,
            target=given.target,
        )
        return dataclasses.replace(
            given,
            encoded=given.encoded.followed_by(more.encoded),
            y=np.concatenate([given.y, more.y]),
            w=np.concatenate([given.w, more.w]),
        )

    @property
    def coefs_(self) -> list[NDArray[np.float64]]:
        """W[l] of each layer, transposed to (n[l-1], n[l]) as scikit-learn has them; layer 1 reads encoded columns."""
        return [W.T for W, _ in self._layers()]

    @property
    def intercepts_(self) -> list[NDArray[np.float64]]:
        """b[l] of each layer, (n[l],)."""
        return [b[:, 0] for _, b in self._layers()]

    @property
    def n_layers_(self) -> int:
        """L + 1: scikit-learn counts the inputs as a layer."""
        return len(self._layers()) + 1

    @property
    def n_outputs_(self) -> int:
        """n[L]: output units."""
        return len(self._layers()[-1][1])

    @property
    def out_activation_(self) -> str:
        """g[L], as scikit-learn calls it."""
        name = str(getattr(loss_record(self._fitted().target.loss), "output_activation", "identity"))
        return {"sigmoid": "logistic"}.get(name, name)

    @property
    def loss_(self) -> float:
        """Mean training loss of the last epoch."""
        return float(self._own("loss_curve_")[-1])

    @property
    def best_loss_(self) -> float | None:
        """The smallest mean training loss of an epoch; None where a validation score chose the epoch."""
        return None if len(self._own("validation_scores_")) else float(self._own("loss_curve_").min())

    @property
    def best_validation_score_(self) -> float | None:
        """The best validation score, greater is better; None without validation rows."""
        scores = self._own("validation_scores_")
        return float(scores.max()) if len(scores) else None

    def _own(self, name: str) -> NDArray[np.float64]:
        """A curve of the training, which a loaded model does not have."""
        if name not in vars(self):
            raise AttributeError(f"This {type(self).__name__} has not been trained here: it has no {name}.")
        return np.asarray(vars(self)[name])

    def _layers(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        return self._fitted().layers()

    def _fitted(self) -> Model:
        if not hasattr(self, "model_"):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        return self.model_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        return tags


@dataclass(eq=False, repr=False, kw_only=True)
@with_parameters(
    "logistic regression",
    '"ordinal" for classes that have an order (numbers, ordered categories of pandas, words whose order is known or\n'
    "        said in `columns`): a far miss costs more than a near one. Or a loss of your own, any object with\n"
    "        `value` and `gradient` of raw scores (see `leadline.network.Loss`), instead of cross-entropy.",
    """
    label_smoothing : float, default {label_smoothing}
        Share of each training target that is spread over all classes.
    class_weight : dict, "balanced" or None
        Weights by class, which multiply those of the rows, in training and in judging; "balanced" gives every class the
        same total.""",
)
class DeepClassifier(ClassifierFace, _Deep):
    """A deep L-layer network for classification: one of several classes a row, or any number of labels.

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
    _rules: ClassVar[Mapping[str, Rule]] = {
        **_Deep._rules,
        "loss": Field(
            "None, for the cross-entropy of the classes or labels, 'ordinal', or a loss of your own with value and "
            "gradient",
            lambda value: value is None or value == "ordinal" or not isinstance(value, str),
        ),
        "class_weight": Field(
            "a dictionary of classes and weights, 'balanced' or None",
            lambda value: value is None or isinstance(value, Mapping) or value == "balanced",
        ),
    }

    label_smoothing: float | None = None
    class_weight: Mapping[Any, float] | str | None = None

    def _class_weight(self) -> Any:
        return self.class_weight

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _own_loss(self) -> str | Loss | None:
        return self.loss


@dataclass(eq=False, repr=False, kw_only=True)
@with_parameters(
    "linear regression",
    '"squared_error" (default), "absolute_error", "huber(δ)" with δ in standard deviations of the target, "poisson"\n'
    '        for counts and rates, "quantile(τ, …)" for one or several quantiles at once, or a loss of your own.',
    """
    clip_predictions : bool, default {clip_predictions}
        Predict within the range of the training targets.""",
)
class DeepRegressor(RegressorFace, _Deep):
    """A deep L-layer network for regression: one or several numbers a row, or their quantiles.

    (PARAMETERS)

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from leadline import DeepRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> DeepRegressor(hidden_layer_sizes=(), random_state=0).fit(X, y).score(X, y) > 0.5
    True

    A median and an interval that holds nine of ten:

    >>> interval = DeepRegressor(loss="quantile(0.05, 0.5, 0.95)", max_iter=20, random_state=0).fit(X, y)
    >>> interval.predict(X[:4]).shape
    (4, 3)
    """

    _task = "regression"
    _rules: ClassVar[Mapping[str, Rule]] = {
        **_Deep._rules,
        "loss": Field(
            f"{', '.join(map(repr, _number_losses()))}, or a loss of your own with value and gradient",
            _known_loss,
        ),
    }

    clip_predictions: bool | None = None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _own_loss(self) -> str | Loss:
        return USUAL_LOSS if self.loss is None else _regression_loss(self.loss)

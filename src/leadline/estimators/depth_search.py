"""DepthSearchCV: how deep should the network be? The ladder of depths behind scikit-learn's face."""

import html
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from leadline._version import __version__
from leadline.errors import DataError, Interrupted, ParameterError
from leadline.estimators.base import RANDOM_STATE, VERBOSE, Face, Given, draw_seed, read_input
from leadline.estimators.callbacks import CallbackListener, CallbackSupportMixin, with_callbacks
from leadline.estimators.deep import DeepClassifier, DeepRegressor
from leadline.estimators.model import Member, Model
from leadline.records import Field
from leadline.search import (
    SELECTIONS,
    Candidate,
    DepthResult,
    Dimension,
    Ladder,
    Listener,
    Metric,
    Problem,
    Progress,
    Study,
    Verdict,
    check_space,
    draw_candidates,
    in_words,
    joint_epoch,
    linear_name,
    make_folds,
    most_repeats,
    result_record,
    usual_space,
)
from leadline.tables import Layout
from leadline.training import Hyperparameters, Plan, Stop, Task, plan_for, train
from leadline.training.hyperparameters import Choice, Integer, Real, Rule

__all__ = ["DepthSearchCV", "ladder_frame"]

Array = NDArray[Any]

Split = tuple[Array, Array]

# Names the stream of a network that is trained on all rows apart from those of a search, whose keys are longer.
_REFIT = 3
# The libraries whose versions the bits of a network depend on.
ARITHMETIC = ("numpy", "scipy", "scikit-learn", "numba")


class _Quiet:
    """A listener that says nothing."""

    def climb_started(self, metric: Metric) -> None:
        pass

    def depth_started(self, L: int) -> None:
        pass

    def advanced(self, progress: Progress) -> None:
        pass

    def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
        pass


class _Lines(_Quiet):
    """A listener that prints a line for each depth, and, if it is talkative, one now and then between them."""

    SECONDS_BETWEEN_LINES = 10.0

    def __init__(self, verbose: int) -> None:
        self.talkative = verbose > 1

    def climb_started(self, metric: Metric) -> None:
        self.metric, self.last = metric, time.monotonic()

    def advanced(self, progress: Progress) -> None:
        if not self.talkative or time.monotonic() - self.last < self.SECONDS_BETWEEN_LINES:
            return
        self.last = time.monotonic()
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left at this depth"
        whole = "" if progress.whole is None else "; {:.0f} s to {:.0f} s in all".format(*progress.whole)
        sys.stdout.write(f"L = {progress.L}: {progress.done} of {progress.planned} networks{left}{whole}\n")

    def depth_finished(self, result: DepthResult, verdict: Verdict) -> None:
        if result.failed:
            sys.stdout.write(f"L = {result.L}: {result.failed}\n")
            return
        mean, error = self.metric.shown(float(result.scores.mean())), verdict.standard_error[result.L]
        sys.stdout.write(
            f"L = {result.L}  hidden {list(result.settings.hidden_layer_sizes)}  {self.metric.label} {mean:.5g} ± "
            f"{error:.2g}  {result.networks} networks  {result.seconds:.1f} s\n"
        )


def ladder_frame(results: dict[int, DepthResult], verdict: Verdict, metric: Metric) -> pd.DataFrame:
    """The ladder as a table, one row for each depth.

    Columns: L; hidden_layer_sizes; mean_score (greater is better, as scikit-learn's scorers have it); standard_error
    (corrected for overlapping folds); p_value (one-sided: better than L − 1); networks; seconds; supported.
    """
    rows = []
    for L, result in sorted(results.items()):
        judged = not result.failed
        rows.append(
            {
                "L": L,
                "hidden_layer_sizes": result.settings.hidden_layer_sizes,
                "mean_score": float(result.scores.mean()) if judged else np.nan,
                "standard_error": verdict.standard_error[L] if judged else np.nan,
                "p_value": verdict.p_better_than_before.get(L, np.nan),
                "networks": result.networks,
                "seconds": result.seconds,
                "supported": L in verdict.supported,
            }
        )
    return pd.DataFrame(rows)


def _model(ladder: Ladder, layout: Layout, depths: Collection[int]) -> Model:
    """The average of networks of these depths, chosen fold by fold."""
    members = []
    for chosen in ladder.choose(depths):
        own, theta = ladder.problem.judge.folds[chosen.place], ladder.study.theta(chosen.key)
        assert theta is not None
        members.append(Member(chosen.settings, theta, own.statistics, own.target, chosen.weight))
    return Model(layout, ladder.problem.judge.target, tuple(members))


def _one_network(ladder: Ladder, given: Given, result: DepthResult) -> Model:
    """One network of a depth's best candidate, trained on all rows."""
    rows, settings, metric = np.arange(len(given.y)), result.settings, ladder.problem.judge.metric
    whole = [(rows, rows[:0])]
    problem = Problem.build(given.encoded, given.y, given.w, given.target, metric, whole, settings)
    plan = plan_for(settings, problem.inputs, given.target.n_scores, given.target.loss)
    last = joint_epoch(ladder.curves(result))
    task = Task(settings, (ladder.seed, _REFIT), 0, rows, rows[:0])
    (trained,) = train(
        plan,
        [task],
        problem.data,
        problem.judge,
        Stop(),
        threads=effective_n_jobs(ladder.n_jobs),
        callback=lambda epoch: epoch.number == last,
    )
    if trained.state == "diverged":
        raise DataError(f"The training on all rows failed: {trained.reason}. Use refit=False.")
    fold = problem.judge.folds[0]
    member = Member(settings, trained.theta, fold.statistics, fold.target)
    return Model(given.layout, given.target, (member,))


def _cv_results(ladder: Ladder) -> dict[str, Any]:
    """One entry for each (depth, candidate): its settings and mean score in the last rung that it reached."""
    table: dict[str, list[Any]] = {"depth": [], "candidate": [], "params": [], "mean_test_score": []}
    for L, result in ladder.results.items():
        for candidate in ladder.candidates:
            table["depth"].append(L)
            table["candidate"].append(candidate.index)
            table["params"].append(candidate.settings(ladder.base, L).to_record())
            table["mean_test_score"].append(result.mean_scores[candidate.index])
    scores = np.array(table["mean_test_score"])
    order = np.argsort(-scores, kind="stable")
    ranks = np.empty(len(order), dtype=int)
    ranks[order] = np.arange(1, len(order) + 1)
    arrays = {name: np.array(values, dtype=object) for name, values in table.items()}
    return {**arrays, "mean_test_score": scores, "rank_test_score": ranks}


def _divides(value: Any) -> bool:
    """Whether a value can stand for divisions of the rows: a splitter, or the divisions themselves."""
    return not isinstance(value, str) and (hasattr(value, "split") or isinstance(value, Iterable))


def _can_predict_proba(search: "DepthSearchCV") -> bool:
    return hasattr(search.estimator, "predict_proba")


class DepthSearchCV(CallbackSupportMixin, MetaEstimatorMixin, Face):  # type: ignore[misc]
    """How deep should the network be? Depth after depth, judged by the same cross-validation folds.

    Starts at logistic or linear regression, L = 1, and adds hidden layers one after another. Every depth gets the
    same candidates for the other hyperparameters on the same folds. The answer is the smallest depth that is not
    significantly worse than the best one, by paired differences with a standard error that is corrected for the
    overlap of folds (Nadeau & Bengio 2003). The fitted model averages networks of all folds at that depth: of each fold
    those that make the best average for the rows that they have not learned from (`leadline.search.ensemble`).

    Parameters
    ----------
    estimator : DeepClassifier or DeepRegressor
        Candidate 0 is its own settings at each depth; its `max_iter` is the full number of epochs, and its
        `random_state` seeds folds, candidates and networks unless this one's own is given.
    max_depth : int, default 8
        The largest L that is tried.
    candidates : int, default 8
        Choices of the other hyperparameters at every depth (penalties at L = 1), drawn from `space`.
    space : sequence of Dimension, optional
        What is searched beside depth, and where; `leadline.search.SPACE` by default, which `leadline space` prints.
    cv : int, splitter or list of splits, default 5
        Folds, shuffled and for classes stratified, or the caller's own: for rows in the order of time
        ``TimeSeriesSplit(5)``.
    repeats : int or "auto", default "auto"
        How often the division into folds is repeated. "auto": up to 4 times where rows are few (no more than 10,000
        in all repeats together), as the scatter of the scores of L = 1 asks for.
    scoring : str, callable or None
        Log loss for classes and root mean squared error for numbers by default; any scorer of scikit-learn.
    ensemble : bool, default False
        Predict by networks of all depths instead of those of the answer alone, whichever make the best average.
    refit : bool, default False
        Predict by one network that is trained on all rows, with the settings of the best candidate, up to the epoch
        that is best on the mean curve of its folds: smaller and faster than an average, and usually not as good.
    patience : int, default 2
        Depths without a new answer after which the climb ends.
    select : {"supported", "one_standard_error", "best"}, default "supported"
        Which depth is the answer: the smallest that is not significantly worse than the best, the smallest within one
        (corrected) standard error of the best, or the one with the best mean.
    time_limit : float, optional
        Seconds; the answer is then that of the depths judged so far.
    n_jobs : int, default -1
        Networks that train side by side; −1 for all cores this process may use. The results do not depend on it.
    study : path or Study, optional
        A file for the study (SQLite), which keeps every network's result; in memory by default. A file that is there
        already is continued: what it holds is not trained again. It must be of the same data, settings and versions.
    random_state : int, Generator, RandomState or None
        Seed of folds, candidates and networks; None for the estimator's.
    verbose : int, default 0
        1 prints a line for each depth, and 2 how far the work has come, with the time left, every ten seconds. Where
        scikit-learn has callbacks (1.9 and later), ``set_callbacks(ProgressBar())`` shows its progress bar.
    listener : Listener, optional
        Told about every step; see `leadline.search.Listener`.

    Attributes
    ----------
    best_depth_ : int
        The answer.
    sentence_ : str
        The answer in words, with what it rests on.
    verdict_ : Verdict
        Which depths are supported, the best mean, the one-standard-error depth, p-values.
    evidence_ : Evidence
        How often each depth is the answer over resampled rows, and the optimism of choosing the best candidate.
    n_repeats_ : int
        How often the division into folds was repeated.
    ladder_ : DataFrame
        One row for each depth: L, hidden_layer_sizes, mean_score, standard_error, p_value against L − 1, networks,
        seconds, supported.
    cv_results_ : dict
        One entry for each (depth, candidate), in the form of scikit-learn's searches.
    best_estimator_ : DeepClassifier or DeepRegressor
        The fitted model.
    best_params_, best_score_, best_index_
        The chosen settings, their mean score, and their place in `cv_results_`.
    metric_ : Metric
    study_ : Study
        The ledger, which keeps every network's result.
    fold_notices_ : list of str
        What the reader should know about the folds.
    results_ : dict of int to DepthResult
    models_ : dict of int to Model
        For each depth that could be judged the average of its networks.
    left_out_ : str
        What a time limit prevented; empty without.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from leadline import DeepClassifier, DepthSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> estimator = DeepClassifier(max_iter=20, random_state=0)
    >>> search = DepthSearchCV(estimator, max_depth=2, candidates=2).fit(X, y)
    >>> list(search.ladder_["L"])
    [1, 2]
    """

    _rules: ClassVar[Mapping[str, Rule]] = {
        "estimator": Field(
            "a DeepClassifier or a DeepRegressor", lambda value: isinstance(value, DeepClassifier | DeepRegressor)
        ),
        "max_depth": Integer(1),
        "candidates": Integer(1),
        "space": Field("a sequence of Dimension or None", lambda value: value is None or isinstance(value, Sequence)),
        "cv": Field(
            "an integer of at least 2, a splitter, or an iterable of (train_rows, test_rows)",
            lambda value: Integer(2).allows(value) or _divides(value),
        ),
        "repeats": Integer(1, or_word="auto"),
        "scoring": Field(
            "the name of a score, a scorer or None",
            lambda value: value is None or isinstance(value, str) or callable(value),
        ),
        "select": Choice(tuple(SELECTIONS)),
        "ensemble": Choice((False, True)),
        "refit": Choice((False, True)),
        "patience": Integer(1),
        "time_limit": Field(
            "a positive number of seconds or None",
            lambda value: value is None or Real(0.0, low_open=True).allows(value),
        ),
        "n_jobs": Field(
            "an integer other than 0, or None",
            lambda value: value is None or (isinstance(value, int | np.integer) and bool(value) and value is not True),
        ),
        "study": Field("a path, a Study or None", lambda value: value is None or isinstance(value, str | Path | Study)),
        "random_state": RANDOM_STATE,
        "verbose": VERBOSE,
        "listener": Field(
            "an object with the methods of leadline.search.Listener, or None",
            lambda value: value is None or all(hasattr(value, name) for name in dir(_Quiet) if name[0] != "_"),
        ),
    }

    def __init__(
        self,
        estimator: DeepClassifier | DeepRegressor,
        *,
        max_depth: int = 8,
        candidates: int = 8,
        space: Sequence[Dimension] | None = None,
        cv: Any = 5,
        repeats: int | str = "auto",
        scoring: str | Callable[..., float] | None = None,
        select: str = "supported",
        ensemble: bool = False,
        refit: bool = False,
        patience: int = 2,
        time_limit: float | None = None,
        n_jobs: int = -1,
        study: str | Path | Study | None = None,
        random_state: Any = None,
        verbose: int = 0,
        listener: Listener | None = None,
    ) -> None:
        self.estimator = estimator
        self.max_depth = max_depth
        self.candidates = candidates
        self.space = space
        self.cv = cv
        self.repeats = repeats
        self.scoring = scoring
        self.select = select
        self.ensemble = ensemble
        self.refit = refit
        self.patience = patience
        self.time_limit = time_limit
        self.n_jobs = n_jobs
        self.study = study
        self.random_state = random_state
        self.verbose = verbose
        self.listener = listener

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Climb the ladder.

        Parameters
        ----------
        X : (n, p) DataFrame or array
        y : (n,) array, or (n, k) for a regression of k numbers
        sample_weight : (n,) array, optional
            Weights of the rows, in training and in judging.
        groups : (n,) array, optional
            Rows of one group stay in one fold.

        Returns
        -------
        self

        Raises
        ------
        InputError
            A parameter, the table or the target cannot be used; nothing has been written then.
        Interrupted
            The time limit came before L = 1 was judged.
        """
        base = self._check()
        stop = Stop(self.time_limit)
        seed = draw_seed(self.estimator.random_state if self.random_state is None else self.random_state)
        self._seed = seed
        given, base, problem, splits = self._pose(X, y, sample_weight, groups, base, seed)
        self.metric_ = problem.judge.metric
        problem.judge.check()
        space = usual_space(base) if self.space is None else check_space(self.space)
        candidates = draw_candidates(base, self.candidates, seed, space)
        study = self.study if isinstance(self.study, Study) else Study(self.study)
        study.identify(self._identity(problem, base, space, seed))
        self._state_facts(study, base, candidates, given.layout.to_record(), splits, len(given.y))
        listener = self.listener or (_Lines(self.verbose) if self.verbose else _Quiet())
        told = CallbackListener(self, listener) if getattr(self, "_skl_callbacks", []) else None
        ladder = Ladder(
            problem,
            base,
            candidates,
            study,
            seed,
            self.n_jobs,
            stop,
            told or listener,
            self.repeats if isinstance(self.cv, int | np.integer) else 1,
            self.select,
        )
        ladder.climb(self.max_depth, self.patience)
        if told is not None:
            told.climb_ended()
        self._conclude(ladder, given, X)
        return self

    def _pose(
        self, X: Any, y: Any, sample_weight: Any, groups: Any, base: Hyperparameters, seed: int
    ) -> tuple[Given, Hyperparameters, Problem, list[Split]]:
        """The problem that a search with this seed solves: what was given, the settings for it, and the folds."""
        given = read_input(
            X,
            y,
            sample_weight,
            self.estimator._task,
            self.estimator._own_loss(),
            self.estimator._class_weight(),
        )
        repeats = self._repeats(len(given.y))
        splits, self.fold_notices_ = make_folds(given.all_y, given.kept, given.target, groups, self.cv, seed, repeats)
        if len(splits) < 2:
            raise ParameterError(
                f"DepthSearchCV.cv must give at least two folds to compare depths on; got {len(splits)}."
            )
        base = base.for_table(min(len(train_rows) for train_rows, _ in splits), given.encoded.numbers.shape[1])
        problem = Problem.build(
            given.encoded,
            given.y,
            given.w,
            given.target,
            Metric(self.scoring, given.target),
            splits,
            base,
            None if groups is None else np.asarray(groups)[given.kept],
            repeats,
        )
        return given, base, problem, splits

    def _repeats(self, n: int) -> int:
        """How many divisions of the rows to draw, of which `repeats="auto"` may use fewer."""
        if not isinstance(self.cv, int | np.integer):
            if self.repeats not in ("auto", 1):
                raise ParameterError(
                    "DepthSearchCV.repeats must be 1 or 'auto' where cv is a division of its own; got "
                    f"{self.repeats!r}. Give a splitter that repeats, such as RepeatedKFold."
                )
            return 1
        return most_repeats(n) if isinstance(self.repeats, str) else self.repeats

    def _check(self) -> Hyperparameters:
        self._check_rules()
        return self.estimator.hyperparameters()

    def _identity(
        self, problem: Problem, base: Hyperparameters, space: tuple[Dimension, ...], seed: int
    ) -> dict[str, Any]:
        """What decides on the result of every network and on the order of candidates."""
        return {
            "data": problem.digest(),
            "settings": base.to_record(),
            "candidates": self.candidates,
            "space": [dimension.to_record() for dimension in space],
            "repeats": self.repeats,
            "score": self.metric_.name,
            "seed": seed,
            "version": {"leadline": __version__, **{name: version(name) for name in ARITHMETIC}},
        }

    def _state_facts(
        self,
        study: Study,
        base: Hyperparameters,
        candidates: list[Candidate],
        layout: dict[str, Any],
        splits: Any,
        rows: int,
    ) -> None:
        study.state("estimator", base.to_record())
        study.state("candidates", [vars(candidate) for candidate in candidates])
        study.state("layout", layout)
        study.state("metric", {"name": self.metric_.name, "label": self.metric_.label, "sign": self.metric_.sign})
        study.state("rows", rows)
        study.state("folds", [[len(train_rows), len(test_rows)] for train_rows, test_rows in splits])

    def _conclude(self, ladder: Ladder, given: Given, X: Any) -> None:
        self.study_, self.left_out_, self.results_ = ladder.study, ladder.left_out, ladder.results
        if ladder.verdict is None:
            failed = "; ".join(f"L = {L}: {result.failed}" for L, result in ladder.results.items())
            raise (
                DataError(f"No depth could be judged: {failed}.")
                if failed
                else Interrupted(
                    "The time limit came before the first depth was judged; allow more time, or fewer candidates."
                )
            )
        assert ladder.evidence is not None
        self.verdict_, self.evidence_, self.n_repeats_ = ladder.verdict, ladder.evidence, ladder.repeats
        self.best_depth_ = SELECTIONS[self.select](self.verdict_)
        linear = linear_name(given.target.task)
        deepest = max(L for L, result in self.results_.items() if not result.failed)
        self.sentence_ = in_words(self.verdict_, deepest, linear, self.select)
        self.ladder_ = ladder_frame(self.results_, self.verdict_, self.metric_)
        chosen = self.results_[self.best_depth_]
        self.best_score_ = float(chosen.scores.mean())
        self.best_params_ = chosen.settings.to_record()
        self.cv_results_ = _cv_results(ladder)
        self.best_index_ = next(
            i
            for i, (L, index) in enumerate(zip(self.cv_results_["depth"], self.cv_results_["candidate"], strict=True))
            if (L, index) == (chosen.L, chosen.candidate)
        )
        ladder.study.state("verdict", self.verdict_.to_record())
        ladder.study.state("evidence", self.evidence_.to_record())
        ladder.study.state("repeats", self.n_repeats_)
        ladder.study.state("results", [result_record(result) for result in self.results_.values()])
        ladder.study.state("ladder", self.ladder_.replace({np.nan: None}).to_dict("records"))
        ladder.study.state("left_out", self.left_out_)
        judged = [L for L, result in self.results_.items() if not result.failed]
        self.models_ = {L: _model(ladder, given.layout, [L]) for L in judged}
        model = self.models_[self.best_depth_]
        if self.refit:
            model = _one_network(ladder, given, chosen)
        elif self.ensemble:
            model = _model(ladder, given.layout, judged)
        self._set_model(model, given.frame, X)
        self.best_estimator_ = self._estimator(self.best_depth_, self.model_)

    def _found_html(self) -> str:
        ladder = self.ladder_.to_html(index=False, float_format="{:.4g}".format, border=0)
        more = "<p><code>leadline.report.show(search)</code> shows the report.</p>"
        return f"<p><b>{html.escape(self.sentence_)}</b></p>{ladder}{more}"

    def first_network(
        self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None
    ) -> tuple[Problem, Plan, Task]:
        """How the answer's network of the first fold was trained, to be trained again to the same bits.

        Parameters
        ----------
        X, y, sample_weight, groups
            What `fit` was given.

        Raises
        ------
        DataError
            It is not what `fit` was given.
        """
        check_is_fitted(self, "model_")
        _, _, problem, _ = self._pose(X, y, sample_weight, groups, self._check(), self._seed)
        if problem.digest() != self.study_.fact("identity")["data"]:
            raise DataError("These are not the rows, targets, weights and folds that the search has learned from.")
        chosen, fold = self.results_[self.best_depth_], problem.judge.folds[0]
        plan = plan_for(chosen.settings, problem.inputs, self.model_.target.n_scores, self.model_.target.loss)
        key = (self._seed, chosen.L, chosen.candidate, 0, 0, chosen.settings.max_iter)
        return problem, plan, Task(chosen.settings, key, 0, fold.train_rows, fold.validation_rows)

    def estimator_at(self, L: int) -> DeepClassifier | DeepRegressor:
        """A fitted estimator with the averaged networks of depth L."""
        return self._estimator(L, self.models_[L])

    def _estimator(self, L: int, model: Model) -> DeepClassifier | DeepRegressor:
        settings = self.results_[L].settings
        estimator = clone(self.estimator).set_params(**self.estimator.known(settings))
        names = getattr(self, "feature_names_in_", None)
        features = {"count": self.n_features_in_, "names": None if names is None else list(names)}
        fitted: DeepClassifier | DeepRegressor = estimator._restore(model, features)
        return fitted

    def predict(self, X: Any) -> Array:
        """Predictions of the fitted model: classes or numbers, (m,) or (m, k), for X of shape (m, p)."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.predict(X)

    @available_if(_can_predict_proba)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each class or label, (m, K), for X of shape (m, p)."""
        check_is_fitted(self, "best_estimator_")
        assert isinstance(self.best_estimator_, DeepClassifier)
        return self.best_estimator_.predict_proba(X)

    @available_if(_can_predict_proba)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithm of the probability of each class or label, (m, K), for X of shape (m, p)."""
        check_is_fitted(self, "best_estimator_")
        assert isinstance(self.best_estimator_, DeepClassifier)
        return self.best_estimator_.predict_log_proba(X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The score of labelled rows, greater is better; X is (m, p), y (m,) or (m, k).

        As in scikit-learn's searches: by `scoring` where it was given, else accuracy or R².
        """
        check_is_fitted(self, "model_")
        if self.scoring is None:
            return float(self.best_estimator_.score(X, y, sample_weight))
        target = self.model_.target
        truth = target.truth(np.asarray(y))
        w = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        return self.metric_.score(truth, self._predictions(X), w)

    @property
    def classes_(self) -> Array:
        """The classes in sorted order, (K,), or the numbers of the labels, (k,), of a classifier."""
        check_is_fitted(self, "best_estimator_")
        if not isinstance(self.best_estimator_, DeepClassifier):
            raise AttributeError("A regression has no classes.")
        return self.best_estimator_.classes_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = self.estimator.__sklearn_tags__()
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags = inner.classifier_tags
        tags.regressor_tags = inner.regressor_tags
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        return tags

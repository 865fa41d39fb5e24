"""DepthSearchCV: how deep should the network be? The ladder of depths behind scikit-learn's face.

It is one class, a third of it the words for its parameters and attributes; what it asks stands in `posing`, and how an
answer becomes a model in `delivery`.
"""

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from leadline._version import __version__
from leadline.errors import DataError, InputError, Interrupted, ParameterError
from leadline.estimators.base import Face
from leadline.estimators.callbacks import CallbackListener, CallbackSupportMixin, with_callbacks
from leadline.estimators.cross_choice import crosses_read
from leadline.estimators.deep import DeepClassifier, DeepRegressor
from leadline.estimators.delivery import Delivery
from leadline.estimators.found import cv_results, ladder_frame
from leadline.estimators.given import RANDOM_STATE, VERBOSE, draw_seed
from leadline.estimators.handing_out import HandingOut
from leadline.estimators.listeners import Lines, Quiet, Unstarted
from leadline.estimators.many_rows import (
    FEWEST_ROWS,
    MAX_ROWS,
    RowsPoint,
    affordable_rows,
    curve_in_words,
    curve_sizes,
)
from leadline.estimators.model import Model
from leadline.estimators.posing import Division, Posed, Read, pose, read_asked
from leadline.estimators.routing import requests_of_search
from leadline.records import Field
from leadline.search import (
    ADDITIVE,
    MARGIN,
    SELECTIONS,
    Candidate,
    DepthResult,
    Design,
    Dimension,
    Ladder,
    Listener,
    Problem,
    Study,
    additive_share,
    check_space,
    device_of,
    draw_candidates,
    in_words,
    linear_name,
    linear_settings,
    plan_of,
    result_record,
)
from leadline.search.design import COLOURS
from leadline.tables import Cross
from leadline.training import Hyperparameters, Plan, Stop, Task, described
from leadline.training.devices import CPU, DEVICE
from leadline.training.hyperparameters import Choice, Integer, Real, Rule

__all__ = ["DepthSearchCV"]

Array = NDArray[Any]

# The libraries whose versions the bits of a network depend on.
ARITHMETIC = ("numpy", "scipy", "scikit-learn", "numba")


def _divides(value: Any) -> bool:
    """Whether a value can stand for divisions of the rows: a splitter, or the divisions themselves."""
    return not isinstance(value, str) and (hasattr(value, "split") or isinstance(value, Iterable))


def _can_predict_proba(search: "DepthSearchCV") -> bool:
    return hasattr(search.estimator, "predict_proba")


def _can_predict_interval(search: "DepthSearchCV") -> bool:
    return hasattr(search.estimator, "predict_interval")


class DepthSearchCV(CallbackSupportMixin, MetaEstimatorMixin, Face):  # type: ignore[misc]
    """Choose the depth of a network by cross-validation, from linear or logistic regression upwards.

    Starts at logistic or linear regression, L = 1, and adds hidden layers one after another. A depth is judged on each
    fold by an average of networks that is made from the other folds' rows as the final model is made from all rows. All
    depths are compared row by row: the answer is the smallest one than which no other is significantly better, where
    that can be told, and else the one with the better mean. After the verdict the model is trained on all rows. See
    docs/depth.md.

    Parameters
    ----------
    estimator : DeepClassifier or DeepRegressor
        Candidate 0 is its own settings at each depth, and its `n_networks` are averaged; its `random_state` seeds
        folds, candidates and networks unless this one's own is given.
    max_depth : int, default 8
        The largest L that is tried.
    candidates : int, default 4
        Settings that take turns among the networks of an average, the same at every depth, four in each division of the
        rows; at L = 1 penalties, of which one is chosen.
    space : sequence of Dimension, optional
        Where candidates are drawn from, all but the first. By default they are variations of the estimator's settings
        (`leadline.search.space.VARIANTS`, or `MANY_ROWS_VARIANTS` where a network of the answer learns from more than
        50,000 rows), and after those draws from `leadline.search.SPACE`.
    cv : int, splitter or list of splits, optional
        Folds, shuffled and for classes stratified, or the caller's own: for rows in the order of time
        ``TimeSeriesSplit(5)``. By default as many folds as the estimator averages networks, from 5 to 10.
    repeats : int or "auto", default "auto"
        How often the rows are divided anew, with networks of their own that join the averages. "auto": as often as all
        candidates need to have their turn; under a time limit up to 4 times while there is time, for rows of no more
        than 10,000 in all repeats together.
    scoring : str, callable or None
        Log loss for classes and root mean squared error for numbers by default; any scorer of scikit-learn.
    margin : float, default 0.01
        A difference of this share of the best score does not matter.
    max_rows : int, "auto" or None, default "auto"
        Depth is searched on no more rows than that, drawn by the seed (whole groups, and of rare classes enough to be
        judged), and the answer is trained on all of them; "auto": 30,000, or under a time limit as many as it allows at
        the speed that is measured, 10,000 at least. None, and any `cv` that is a division of its own, searches on all.
    learning_curve : bool, default False
        Climb the ladder on a tenth and three tenths of the rows that are searched, too, which shows whether more rows
        would support a deeper network; takes about half as long again.
    additive : bool, default True
        Judge an additive model beside the depths: each column through a curve of its own.
    ensemble : bool, default False
        Predict by networks of all depths instead of those of the answer alone, weighted as makes the best average.
    refit : bool, default False
        Predict by one network that is trained on all rows, for as many epochs as were best, on average, on the folds:
        smaller and faster than an average, and usually not as good.
    patience : int, default 2
        Depths after the smallest supported one after which the search ends.
    select : {"supported", "one_standard_error", "best"}, default "supported"
        Which depth is the answer: the smallest than which no other is significantly better (where that is undecided the
        best mean), the smallest within one standard error of the best, or the one with the best mean.
    time_limit : float, optional
        Seconds. L = 1, 2 and 3 are compared side by side first, then deeper ones, then more networks are trained; what
        is there counts, and time is kept for the final model.
    n_jobs : int, default -1
        Networks that train side by side; −1 for all cores this process may use. The results do not depend on it.
    device : str, optional
        Where networks train, L = 1 excepted; by default the estimator's own `device`. A study is continued only on the
        device that it was begun on.
    study : path or Study, optional
        A file for the study (SQLite), which keeps every network's result; by default none that outlives the process. A
        file that is there already is continued: what it holds is not trained again. It must be of the same data,
        settings and versions.
    hand_out : path, optional
        A folder in which networks are handed out to processes that run ``leadline work FOLDER``, here or on any machine
        that shares it; this one trains none of them then, but for the delivered ones. See docs/beyond-one-machine.md.
    random_state : int, Generator, RandomState or None
        Seed of folds, candidates and networks; None for the estimator's.
    verbose : int, default 0
        1 prints a line for each depth, and 2 how far the work has come, with the time left, every ten seconds. Where
        scikit-learn has callbacks (1.9 and later), ``set_callbacks(ProgressBar())`` shows its progress bar.
    listener : Listener, optional
        An object whose methods are called at every step; see `leadline.search.Listener`.

    Attributes
    ----------
    best_depth_ : int
        The answer, which is what is delivered.
    sentence_ : str
        The answer in words, with what it rests on.
    verdict_ : Verdict
        Which depths are supported, whether that decides, probabilities and p-values.
    comparison_ : Comparison
        The scores of all depths, of the additive model and of a prediction without inputs, with their covariance.
    evidence_ : Evidence
        The optimism of choosing the best of all that was judged.
    additive_share_ : (float, float, float) or None
        How much of the gain over L = 1 is that of the additive model, and the ends of an interval; see
        `leadline.search.additive_share`.
    n_repeats_ : int
        Divisions of the rows over which the answer averages.
    feature_importances_ : (p,) array
        Each column's share of the variance of the predictions; see `leadline.estimators.importances`.
    ladder_ : DataFrame
        One row for each depth: L, hidden_layer_sizes, mean_score, standard_error, p_value against L − 1, networks,
        seconds, supported.
    cv_results_ : dict
        One entry for each (depth, candidate), in the form of scikit-learn's searches: the scores of single networks.
    best_estimator_ : DeepClassifier or DeepRegressor
        The fitted model.
    best_params_, best_score_, best_index_
        The settings of the first candidate of the answer, the answer's mean score, and that candidate's place in
        `cv_results_`.
    metric_ : Metric
    study_ : Study
        The results of every network.
    device_ : str
        Where the networks trained.
    fold_notices_ : list of str
        What the reader should know about the folds, and of networks that are left out of what is delivered.
    searched_rows_ : (int, int)
        On how many rows depth was searched, and how many there are.
    rows_curve_ : tuple of RowsPoint
        With `learning_curve`, what the ladder says on fewer rows, from few to many, and on those searched.
    rows_sentence_ : str
        The same in words; empty without.
    results_ : dict of int to DepthResult
    additive_ : DepthResult or None
    models_ : dict of int to Model
        The average that is trained on all rows, of each depth that was judged, as far as a time limit leaves time;
        where there are more rows than were searched, of the answer and L = 1 (of all with `ensemble`), and on disk of
        the answer alone.
    additive_model_ : Model or None
        Likewise the additive one.
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
            "an integer of at least 2, a splitter, an iterable of (train_rows, test_rows) or None",
            lambda value: value is None or Integer(2).allows(value) or _divides(value),
        ),
        "repeats": Integer(1, or_word="auto"),
        "max_rows": Integer(100, or_none=True, or_word="auto"),
        "scoring": Field(
            "the name of a score, a scorer or None",
            lambda value: value is None or isinstance(value, str) or callable(value),
        ),
        "select": Choice(tuple(SELECTIONS)),
        "margin": Real(0.0, 1.0, high_open=True),
        "learning_curve": Choice((False, True)),
        "additive": Choice((False, True)),
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
        "device": Field(f"{DEVICE} or None for the estimator's", lambda value: value is None or DEVICE.allows(value)),
        "study": Field("a path, a Study or None", lambda value: value is None or isinstance(value, str | Path | Study)),
        "hand_out": Field("a path or None", lambda value: value is None or isinstance(value, str | Path)),
        "random_state": RANDOM_STATE,
        "verbose": VERBOSE,
        "listener": Field(
            "an object with the methods of leadline.search.Listener, or None",
            lambda value: value is None or all(hasattr(value, name) for name in dir(Quiet) if name[0] != "_"),
        ),
    }

    def __init__(
        self,
        estimator: DeepClassifier | DeepRegressor,
        *,
        max_depth: int = 8,
        candidates: int = 4,
        space: Sequence[Dimension] | None = None,
        cv: Any = None,
        repeats: int | str = "auto",
        scoring: str | Callable[..., float] | None = None,
        select: str = "supported",
        margin: float = MARGIN,
        max_rows: int | str | None = "auto",
        learning_curve: bool = False,
        additive: bool = True,
        ensemble: bool = False,
        refit: bool = False,
        patience: int = 2,
        time_limit: float | None = None,
        n_jobs: int = -1,
        device: str | None = None,
        study: str | Path | Study | None = None,
        hand_out: str | Path | None = None,
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
        self.margin = margin
        self.max_rows = max_rows
        self.learning_curve = learning_curve
        self.additive = additive
        self.ensemble = ensemble
        self.refit = refit
        self.patience = patience
        self.time_limit = time_limit
        self.n_jobs = n_jobs
        self.device = device
        self.study = study
        self.hand_out = hand_out
        self.random_state = random_state
        self.verbose = verbose
        self.listener = listener

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Search the depth, then train the model of the answer on all rows.

        Parameters
        ----------
        X : (n, p) DataFrame or array; or a `Dataset`, a pyarrow dataset or a path
            Of a dataset on disk a sample is searched, and the answer's networks are trained on all rows, part by part.
        y : (n,) array, or (n, k) for a regression of k numbers; or, for a dataset, the name of its column
        sample_weight : (n,) array, optional; or, for a dataset, the name of a column
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
        read = read_asked(self.estimator, X, y, sample_weight, groups, seed)
        base = self.estimator._constrained(base, list(read.given.frame.columns), read.given.layout, read.given.target)
        crosses: tuple[Cross, ...] = ()
        if read.stream is None and self._division.draws_folds:
            own = None if read.groups is None else read.groups[read.given.kept]
            crosses = crosses_read(read.given, base, seed, own)
        read = read._replace(given=read.given.reading(crosses))
        self._seed, self._most = seed, self._most_rows(read, base, seed, stop)
        self._unlabelled = 0 if read.stream is None else read.stream.n_left_out
        posed = self._pose(read, base, seed, self._most)
        self.fold_notices_ = [*posed.notices, *(cross.notice for cross in crosses)]
        self.searched_rows_ = (len(posed.problem.y), read.n_all)
        self.metric_ = posed.problem.metric
        posed.problem.check_scored(posed.design.folds)
        asked = self.estimator.device if self.device is None else self.device
        rows, networks = len(posed.delivery.given.y), posed.delivery.n_networks * posed.design.k
        self.device_ = device_of(asked, posed.problem, posed.base, rows, networks)
        if self.hand_out is not None and self.device_ != CPU:
            raise ParameterError(
                "DepthSearchCV.hand_out: networks that are handed out train on processors; take device='cpu' with it."
            )
        study = self.study if isinstance(self.study, Study) else Study(self.study)
        listener = self.listener or (Lines(self.verbose) if self.verbose else Quiet())
        told = CallbackListener(self, listener) if getattr(self, "_skl_callbacks", []) else None
        hand_out = None if self.hand_out is None else HandingOut(self.hand_out)
        ladder = self._ladder(posed, seed, study, stop, told or listener, hand_out)
        try:
            ladder.climb(self.max_depth, self.patience)
            self._answer(ladder)
            self._climb_on_fewer(read, base, ladder, hand_out)
        finally:
            if hand_out is not None:
                hand_out.end()
        self._deliver(ladder, posed.delivery, X)
        if told is not None:
            told.climb_ended()
        return self

    def _most_rows(self, read: Read, base: Hyperparameters, seed: int, stop: Stop) -> int | None:
        """On how many rows depth is searched, about; None for all of them."""
        if not self._division.draws_folds:
            return None
        if not isinstance(self.max_rows, str):
            return self.max_rows
        if stop.seconds_left is None or len(read.given.y) <= FEWEST_ROWS:
            return MAX_ROWS
        # a search that goes on has chosen already
        begun = self.study is not None and (isinstance(self.study, Study) or Path(self.study).is_file())
        study = self.study if isinstance(self.study, Study) else Study(self.study) if begun else None
        chosen = None if study is None else study.fact("chosen_rows")
        if chosen is not None:
            return int(chosen)
        n_networks = self.estimator._networks_of(read.n_all)
        return affordable_rows(read.given, base, seed, read.n_all, n_networks, self.cv, self.n_jobs, stop)

    def _ladder(
        self, posed: Posed, seed: int, study: Study, stop: Stop, listener: Listener, hand_out: HandingOut | None
    ) -> Ladder:
        """A ladder over a study, which is told what it is of."""
        base, problem, design, delivery = posed.base, posed.problem, posed.design, posed.delivery
        space = None if self.space is None else check_space(self.space)
        candidates = draw_candidates(base, self.candidates, seed, space, posed.delivered_rows)
        study.identify(self._identity(problem.digest(design.k), base, space, seed, delivery))
        self._state_facts(study, base, candidates, delivery, problem, design)
        return Ladder(
            problem,
            design,
            base,
            candidates,
            linear_settings(base, self.candidates, seed, self.space),
            study,
            seed,
            self.n_jobs,
            stop,
            listener,
            self.margin,
            self._additive(base),
            delivery.n_networks,
            self.ensemble,
            self.searched_rows_[1],
            replace(delivery.planned, max_iter=delivery.planned.epochs(posed.delivered_rows)),
            self.device_,
            hand_out,
        )

    def _climb_on_fewer(self, read: Read, base: Hyperparameters, ladder: Ladder, hand_out: HandingOut | None) -> None:
        """Climb the ladder on fewer of the rows, too, as far as a time limit allows, and say what that shows."""
        points = [RowsPoint.of(ladder, self.best_depth_)] if self.learning_curve else []
        try:
            for rows in curve_sizes(points[0].rows) if points else ():
                posed = self._pose(read, base, ladder.seed, rows)
                posed.problem.check_scored(posed.design.folds)
                study = ladder.study.beside(f"{rows}-rows")
                own = self._ladder(posed, ladder.seed, study, ladder.stop, Unstarted(ladder.listener), hand_out)
                own.climb(self.max_depth, self.patience)
                if own.verdict is None or own.left_out:
                    break
                points.insert(0, RowsPoint.of(own, SELECTIONS[self.select](own.verdict)))
        except InputError as error:
            # of rows that many classes or groups share, a part may be too few for the folds
            self.fold_notices_ = [*self.fold_notices_, f"the learning curve ends at {points[0].rows:,} rows: {error}"]
        self.rows_curve_ = tuple(points)
        self.rows_sentence_ = curve_in_words(points, read.n_all)
        if points:
            ladder.study.state("rows_curve", [point.to_record() for point in points])

    @property
    def _division(self) -> Division:
        """How the rows are divided."""
        return Division(self.cv, self.repeats, self.candidates, self.max_rows, self.time_limit)

    def _pose(self, read: Read, base: Hyperparameters, seed: int, most: int | None) -> Posed:
        """What a search with this seed on so many rows solves."""
        return pose(self.estimator, self._division, self.scoring, read, base, seed, most)

    def _additive(self, base: Hyperparameters) -> Hyperparameters | None:
        """The settings of the additive model, if one is to be judged."""
        if not self.additive or base.solver == "lbfgs" or base.numeric_embedding == "none":
            return None
        return base.as_additive()

    def _check(self) -> Hyperparameters:
        self._check_rules()
        settings = self.estimator.hyperparameters()
        return replace(settings, additive=False)  # the additive model is judged beside the depths

    def _identity(
        self,
        digest: str,
        base: Hyperparameters,
        space: tuple[Dimension, ...] | None,
        seed: int,
        delivery: Delivery,
    ) -> dict[str, Any]:
        """What decides on the result of every network and on the order of candidates."""
        loss = delivery.given.target.loss
        return {
            "data": digest,
            "settings": base.to_record(),
            "loss": loss if isinstance(loss, str) else str(getattr(loss, "name", type(loss).__name__)),
            "candidates": self.candidates,
            "space": None if space is None else [dimension.to_record() for dimension in space],
            "score": self.metric_.name,
            "seed": seed,
            "networks": delivery.n_networks,
            "early stopping": delivery.fraction if delivery.stopped else None,
            "device": described(self.device_),
            "version": {"leadline": __version__, **{name: version(name) for name in ARITHMETIC}},
        }

    def _state_facts(
        self,
        study: Study,
        base: Hyperparameters,
        candidates: list[Candidate],
        delivery: Delivery,
        problem: Problem,
        design: Design,
    ) -> None:
        study.state("estimator", base.to_record())
        study.state("candidates", [vars(candidate) for candidate in candidates])
        study.state("layout", delivery.given.layout.to_record())
        study.state("metric", {"name": self.metric_.name, "label": self.metric_.label, "sign": self.metric_.sign})
        study.state("rows", self.searched_rows_[1])
        study.state("searched_rows", len(problem.y))
        study.state("chosen_rows", self._most)
        folds = zip(design.training_rows, design.folds[: design.k], strict=False)
        study.state("folds", [[len(rows), len(own)] for rows, own in folds])

    def _answer(self, ladder: Ladder) -> None:
        """Say what was found."""
        self.study_, self.left_out_ = ladder.study, ladder.left_out
        self.results_ = {L: result for L, result in ladder.results.items() if L != ADDITIVE}
        self.additive_ = ladder.results.get(ADDITIVE)
        if ladder.verdict is None:
            failed = "; ".join(f"L = {L}: {result.failed}" for L, result in self.results_.items())
            raise (
                DataError(f"No depth could be judged: {failed}.")
                if failed
                else Interrupted(
                    "The time limit came before the first depth was judged; allow more time, or fewer candidates."
                )
            )
        assert ladder.evidence is not None
        assert ladder.comparison is not None
        self.verdict_, self.comparison_, self.evidence_ = ladder.verdict, ladder.comparison, ladder.evidence
        self.best_depth_ = SELECTIONS[self.select](self.verdict_)
        self.n_repeats_ = ladder.repeats(self.best_depth_)
        target = ladder.problem.target
        judged = [L for L, result in self.results_.items() if not result.failed]
        linear = linear_name(target.task)
        self.additive_share_ = additive_share(ladder.comparison, self.verdict_, self.best_depth_, ladder.seed)
        self.sentence_ = in_words(self.verdict_, judged, linear, self.select, self.margin, self.additive_share_)
        chosen = self.results_[self.best_depth_]
        self.best_score_ = float(chosen.scores.mean())
        self.best_params_ = chosen.settings.to_record()
        self.cv_results_ = cv_results(ladder)
        self.best_index_ = next(
            i
            for i, (L, index) in enumerate(zip(self.cv_results_["depth"], self.cv_results_["candidate"], strict=True))
            if (L, index) == (chosen.L, chosen.candidates[0])
        )
        ladder.study.state("verdict", self.verdict_.to_record())
        ladder.study.state("evidence", self.evidence_.to_record())
        ladder.study.state("repeats", self.n_repeats_)
        ladder.study.state("results", [result_record(result) for result in ladder.results.values()])
        ladder.study.state("ladder", self.ladder_.replace({np.nan: None}).to_dict("records"))
        ladder.study.state("left_out", self.left_out_)

    def _beside(self, ladder: Ladder, delivery: Delivery) -> dict[int, DepthResult]:
        """Of which depths models are trained on all rows beside that of the answer.

        Where there are more rows than were searched, each may take as long as all that came before: L = 1, which is
        solved, and the additive model, whose curves are read, are worth it. What stays on disk has none.
        """
        if delivery.stream is not None:
            return {}
        few = self.searched_rows_[0] == self.searched_rows_[1]
        return {L: own for L, own in ladder.results.items() if few or self.ensemble or L in (1, ADDITIVE)}

    def _deliver(self, ladder: Ladder, delivery: Delivery, X: Any) -> None:
        """Train the model of the answer on all rows, and those of other depths while there is time."""
        answer = self.best_depth_
        ladder.stop.reserve = 0.0
        others = self._beside(ladder, delivery)
        wanted = [answer, *(L for L, result in others.items() if not result.failed and answer != L)]
        each = [ladder.finish_seconds(L) for L in (wanted if ladder.stop.seconds_left is None else [answer])]
        known = [seconds for seconds in each if seconds is not None]
        ladder.listener.final_training_started(sum(known) if len(known) == len(each) else None)
        networks, said = {}, {}
        networks[answer], said[answer] = delivery.networks(ladder, answer)
        for L, result in sorted(others.items()):
            # of other depths nothing is begun for which there is no time, but for L = 1, which takes next to none
            left, takes = ladder.stop.seconds_left, ladder.finish_seconds(L)
            in_time = L == 1 or left is None or (takes is not None and takes < left)
            if answer != L and not result.failed and in_time:
                try:
                    networks[L], said[L] = delivery.networks(ladder, L)
                except DataError as error:
                    said[L] = str(error)
        self.fold_notices_ = [*self.fold_notices_, *filter(None, said.values())]
        additive = networks.pop(ADDITIVE, None)
        self.additive_model_ = None if additive is None else delivery.model(additive, ladder.judged_rows(ADDITIVE))
        self.models_ = {L: delivery.model(own, ladder.judged_rows(L)) for L, own in sorted(networks.items())}
        model = self.models_[answer]
        if self.refit:
            model = delivery.refitted(ladder, answer)
        elif self.ensemble:
            model = delivery.ensemble(ladder, networks)
        self._set_model(model, delivery.given.frame, X if delivery.stream is None else delivery.given.frame)
        self.best_estimator_ = self._estimator(answer, self.model_)

    @property
    def ladder_(self) -> pd.DataFrame:
        """One row for each depth."""
        # made when asked for: a DataFrame among the attributes keeps skops from writing the search
        return ladder_frame(self.results_, self.verdict_, self.metric_)

    def get_metadata_routing(self) -> Any:
        """What metadata `fit` and `score` ask for, as scikit-learn's routing wants to know it.

        What `set_fit_request` and `set_score_request` leave open is as the estimator has it; then groups are asked for,
        as by the splitters that use them, and weights in `score` if they are in `fit`, which judges by them too.
        """
        return requests_of_search(super().get_metadata_routing(), self.estimator)

    def _found_html(self) -> str:
        ladder = self.ladder_.to_html(index=False, float_format="{:.4g}".format, border=0)
        more = "<p><code>leadline.report.show(search)</code> shows the report.</p>"
        return f"<p><b>{html.escape(self.sentence_)}</b></p>{ladder}{more}"

    def first_network(
        self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None
    ) -> tuple[Problem, Plan, Task]:
        """How the first network of the answer was trained, to be trained again to the same bits.

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
        base, read = self._check(), read_asked(self.estimator, X, y, sample_weight, groups, self._seed)
        read = read._replace(given=read.given.reading(self.model_.layout.crosses))
        _, problem, design, delivery, *_ = self._pose(read, base, self._seed, self._most)
        if problem.digest(design.k) != self.study_.fact("identity")["data"]:
            raise DataError("These are not the rows, targets, weights and folds that the search has learned from.")
        settings = self.models_[self.best_depth_].settings
        kept = self.results_[self.best_depth_].candidates
        job = delivery.whole(settings) if settings.solved else delivery.first(settings, min(kept) // COLOURS)
        problem, (task,) = delivery.posed([job])
        return problem, plan_of(problem, settings), task

    def estimator_at(self, L: int) -> DeepClassifier | DeepRegressor:
        """A fitted estimator of another depth: trained on all rows, as that of the answer is.

        Raises
        ------
        ParameterError
            The depth was not judged; or a time limit left no time for its networks, there are more rows than were
            searched, or their training failed.
        """
        check_is_fitted(self, "model_")
        if L not in self.models_:
            there = ", ".join(map(str, self.models_))
            raise ParameterError(f"DepthSearchCV has no model of depth {L!r}; it has those of L = {there}.")
        return self._estimator(L, self.models_[L])

    def _estimator(self, L: int, model: Model) -> DeepClassifier | DeepRegressor:
        estimator = clone(self.estimator).set_params(**self.estimator.known(model.settings))
        names = getattr(self, "feature_names_in_", None)
        features = {"count": self.n_features_in_, "names": None if names is None else list(names)}
        fitted: DeepClassifier | DeepRegressor = estimator._restore(model, features)
        return fitted

    @property
    def _estimator_type(self) -> str:
        return self.estimator._estimator_type

    def predict(self, X: Any) -> Array:
        """Predictions of the fitted model: classes or numbers, (m,) or (m, k), for X of shape (m, p)."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.predict(X)

    def __call__(self, X: Any) -> NDArray[np.float64]:
        """Probabilities or numbers for X of shape (m, p), for libraries that explain functions, such as shap."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_(X)

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

    @available_if(_can_predict_proba)  # type: ignore[untyped-decorator]
    def predict_set(self, X: Any, coverage: float = 0.9) -> NDArray[np.bool_]:
        """The classes that each row may have, (m, K), for X of shape (m, p); see `DeepClassifier.predict_set`."""
        check_is_fitted(self, "best_estimator_")
        assert isinstance(self.best_estimator_, DeepClassifier)
        return self.best_estimator_.predict_set(X, coverage)

    @available_if(_can_predict_interval)  # type: ignore[untyped-decorator]
    def predict_interval(self, X: Any, coverage: float = 0.9) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The ends of an interval for each row's number, for X of (m, p); see `DeepRegressor.predict_interval`."""
        check_is_fitted(self, "best_estimator_")
        assert isinstance(self.best_estimator_, DeepRegressor)
        return self.best_estimator_.predict_interval(X, coverage)

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

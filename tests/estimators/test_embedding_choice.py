"""Where the target jumps the networks of a fit have fine bins; on many rows cosines are asked for beside bins."""

import dataclasses

import numpy as np
import pytest

from leadline import DeepRegressor
from leadline.estimators.embedding_choice import ASKED_FROM, asked_beside, places_in_turn
from leadline.training import Hyperparameters
from leadline.training.embeddings import FINE_BINS, NUMBER_EMBEDDINGS, SHARES, PiecewiseLinear

SMALL = {"hidden_layer_sizes": (16,), "max_iter": 30, "n_networks": ASKED_FROM, "random_state": 0}


def rows(jumps: bool) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    X = generator.uniform(0, 24, (400, 2))
    levels = generator.permutation(np.linspace(-3, 3, 24))
    y = levels[X[:, 0].astype(int)] if jumps else np.sin(X[:, 0] / 6) + X[:, 1] / 24
    return X, y + 0.1 * generator.standard_normal(len(y))


def embeddings(model: DeepRegressor) -> set[str]:
    return {member.settings.numeric_embedding for member in model.model_.members}


@pytest.fixture(scope="module")
def jumping() -> DeepRegressor:
    return DeepRegressor(**SMALL).fit(*rows(jumps=True))


def test_where_the_target_jumps_all_networks_have_fine_bins(jumping: DeepRegressor) -> None:
    X, _ = rows(jumps=True)
    assert embeddings(jumping) == {"fine_bins"}
    assert len(jumping.model_.members) == ASKED_FROM
    asked_for = DeepRegressor(**SMALL, numeric_embedding="fine_bins").fit(*rows(jumps=True))
    np.testing.assert_array_equal(jumping.predict(X), asked_for.predict(X))


def test_elsewhere_the_networks_are_what_they_would_be_unasked() -> None:
    X, y = rows(jumps=False)
    left_open, cosines = (DeepRegressor(**SMALL, **more).fit(X, y) for more in ({}, {"numeric_embedding": "periodic"}))
    assert embeddings(left_open) == {"periodic"}
    np.testing.assert_array_equal(left_open.predict(X), cosines.predict(X))


def test_who_is_told_of_epochs_changes_no_bit_and_sees_the_first_network(jumping: DeepRegressor) -> None:
    X, y = rows(jumps=True)
    losses: list[float] = []
    told = DeepRegressor(**SMALL, callback=lambda epoch: losses.append(epoch.loss)).fit(X, y)
    np.testing.assert_array_equal(told.predict(X), jumping.predict(X))
    assert losses == list(told.loss_curve_) == list(jumping.loss_curve_)


def test_training_goes_on_with_the_embedding_that_was_chosen() -> None:
    X, y = rows(jumps=True)
    model = DeepRegressor(**SMALL, warm_start=True).fit(X, y).fit(X, y)
    assert embeddings(model) == {"fine_bins"}


@pytest.mark.parametrize("more", [{"n_networks": ASKED_FROM - 1}, {"early_stopping": False}])
def test_without_rows_or_networks_to_ask_it_is_cosines(more: dict[str, object]) -> None:
    assert embeddings(DeepRegressor(**{**SMALL, "max_iter": 2, **more}).fit(*rows(jumps=True))) == {"periodic"}


def test_bins_are_fitted_on_the_rows_that_a_network_learns_from() -> None:
    X, y = rows(jumps=True)
    out = np.arange(0, len(y), 4)
    model = DeepRegressor(**{**SMALL, "n_networks": 1, "max_iter": 1}, numeric_embedding="fine_bins")
    learned = np.setdiff1d(np.arange(len(y)), out)

    class Division:
        def split(self, X: object, y: object) -> list[tuple[np.ndarray, np.ndarray]]:
            return [(learned, out)]

    def edges(X: np.ndarray, y: np.ndarray) -> np.ndarray:
        fitted = model.fit(X, y, validation=Division()).model_
        return fitted.plans[0].named(fitted.members[0].theta)["edges"]

    others = X.copy()
    others[out] += 100.0
    np.testing.assert_array_equal(edges(others, np.where(np.isin(np.arange(len(y)), out), -y, y)), edges(X, y))


def test_fine_bins_are_fewer_where_there_are_many_numbers() -> None:
    found = [NUMBER_EMBEDDINGS["fine_bins"](p, 0) for p in (1, 8, 16, 32, 100)]
    assert [dataclasses.asdict(own)["bins"] for own in found] == [FINE_BINS, FINE_BINS, SHARES // 16, 32, 32]
    assert PiecewiseLinear(1, 0).bins == 32


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred rows are taken for more than fifty thousand."""
    monkeypatch.setattr("leadline.training.hyperparameters.MANY_ROWS", 100)
    for module in ("training.hyperparameters", "estimators.embedding_choice"):
        monkeypatch.setattr(f"leadline.{module}.ENOUGH_ROWS", 100)


@pytest.mark.usefixtures("few_are_many")
def test_on_many_rows_bins_and_cosines_take_turns_unless_bins_are_better() -> None:
    many = {**SMALL, "max_iter": 15}
    X, y = rows(jumps=False)
    smooth = DeepRegressor(**many).fit(X, y)
    assert [own.settings.numeric_embedding for own in smooth.model_.members] == ["periodic", "piecewise_linear"] * 2
    # the two that were asked, of the same rows, are both kept, and trained anew where a callback is told of them
    fills = [member.statistics.fill.tolist() for member in smooth.model_.members]
    assert fills[0] == fills[1] != fills[2]
    told = DeepRegressor(**many, callback=lambda epoch: False).fit(X, y)
    np.testing.assert_array_equal(told.predict(X), smooth.predict(X))
    X, y = rows(jumps=True)
    jumping, bins = (
        DeepRegressor(**many, **more).fit(X, y) for more in ({}, {"numeric_embedding": "piecewise_linear"})
    )
    assert embeddings(jumping) == {"piecewise_linear"}
    np.testing.assert_array_equal(jumping.predict(X), bins.predict(X))


@pytest.mark.usefixtures("few_are_many")
def test_networks_with_embeddings_of_their_own_train_further() -> None:
    X, y = rows(jumps=False)
    model = DeepRegressor(**{**SMALL, "max_iter": 15}, warm_start=True).fit(X, y)
    before = model.predict(X)
    assert embeddings(model.fit(X, y)) == {"periodic", "piecewise_linear"}
    assert not np.array_equal(model.predict(X), before)


def test_where_kinds_take_turns_the_first_two_networks_have_the_same_rows() -> None:
    assert places_in_turn(["periodic", "piecewise_linear"] * 2) == [0, 0, 2, 3]
    assert places_in_turn(["periodic"] * 3) == [0, 1, 2]


def test_nothing_is_asked_where_numbers_stay_as_they_are() -> None:
    settings = Hyperparameters(numeric_embedding="none")
    assert asked_beside(settings, 100) is None
    assert asked_beside(settings, 1_000_000) is None
    assert asked_beside(dataclasses.replace(settings, numeric_embedding="piecewise_linear"), 40_000) is None

"""Statistics of the target by category: what they are, written down a second time, and what they cannot tell."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from leadline.tables import PARTS, CategoryStatistics, Group, Layout, infer_target, parts_of, told_by_statistics
from leadline.tables.category_statistics import FEWEST_ADDED, TOLD_ABOVE

N, CODES = 600, 80
GROUP = Group(True, 0, CODES)


def codes(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-1, CODES - 1, N).astype(np.int32)


def fitted(y: np.ndarray, task: str, loss=None, w: np.ndarray | None = None, parts: np.ndarray | None = None):
    target, w = infer_target(y, task, "y", loss), np.ones(len(y)) if w is None else w
    Y = target.encode(y)
    outcomes = target.outcomes(Y, w, target.fit(Y, w))
    parts = parts_of(np.arange(len(y)), 0) if parts is None else parts
    return CategoryStatistics.fit(GROUP, codes(), parts, outcomes, w), outcomes, target


def written_down(y: np.ndarray, w: np.ndarray, rows: np.ndarray, code: int) -> tuple[float, float]:
    """The shrunk mean of a category over some rows, and how many there are: one category at a time."""
    own, w = codes(), w / w.mean()
    overall = np.average(y, weights=w)
    spread, between, sizes = 0.0, 0.0, []
    for one in np.unique(own):
        here = own == one
        mean = np.average(y[here], weights=w[here])
        spread += np.sum(w[here] * (y[here] - mean) ** 2)
        between += w[here].sum() * (mean - overall) ** 2
        sizes.append(w[here].sum())
    sizes = np.array(sizes)
    within = spread / (w.sum() - len(sizes))
    variance = (between - (len(sizes) - 1) * within) / (w.sum() - np.sum(sizes**2) / w.sum())
    added = max(within / variance, FEWEST_ADDED) if variance > 0 else np.inf
    here = rows & (own == code)
    count = w[here].sum()
    return overall + np.sum(w[here] * (y[here] - overall)) / (count + added), count


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["numbers", "counts", "classes"])
def test_a_mean_is_shrunk_by_the_variance_within_and_between(kind: str, weighted: bool) -> None:
    generator = np.random.default_rng(1)
    effect = generator.normal(size=CODES)[codes()]
    w = generator.uniform(0.5, 2.0, N) if weighted else np.ones(N)
    if kind == "classes":
        y = (effect + generator.normal(size=N) > 0).astype(int)
    else:
        y = generator.poisson(np.exp(effect)).astype(float) if kind == "counts" else 40 + 3 * effect
        y = y if kind == "counts" else y + generator.normal(size=N)
    task, loss = ("classification", None) if kind == "classes" else ("regression", "poisson" * (kind == "counts"))
    parts = parts_of(np.arange(N), 0)
    statistics, _, _ = fitted(y, task, loss or None, w, parts)
    scale = {"numbers": lambda m: (m - 40) / np.sqrt(np.cov(y, aweights=w, ddof=0)), "counts": np.log, "classes": logit}
    means, counts, told = [], [], []
    for part in (0, PARTS):
        for code in (-1, 0, 7, 30):
            mean, count = written_down(y, w, parts != part, code)
            means.append(scale[kind](mean))
            counts.append(np.log1p(count))
            told.append((statistics.others[part] if part < PARTS else statistics.values)[code + 1])
    told = np.array(told)
    # both are centred, and divided only where they spread by more than one
    for found, expected in zip(told.T, (means, counts), strict=True):
        slope = np.polyfit(expected, found, 1)[0]
        assert 0.3 < slope < 1 + 1e-5
        assert np.allclose(found - found[0], slope * (np.array(expected) - expected[0]), atol=1e-4)


@pytest.mark.parametrize("loss", [None, "ordinal"])
def test_a_row_is_told_nothing_of_its_own_part(loss) -> None:
    generator = np.random.default_rng(0)
    y, parts = generator.integers(0, 3, N), parts_of(np.arange(N), 3)
    before, _, _ = fitted(y, "classification", loss, parts=parts)
    # permuting the targets of a part leaves the overall means, and what its own rows are told but for the shrinkage
    other = y.copy()
    other[parts == 2] = generator.permutation(y[parts == 2])
    after, _, _ = fitted(other, "classification", loss, parts=parts)
    own, others = before.others[2][:, :-1], after.others[2][:, :-1]
    known = np.abs(own).sum(axis=1) > 0
    assert np.corrcoef(own[known].ravel(), others[known].ravel())[0, 1] > 0.99
    assert np.corrcoef(before.others[0][:, 0], after.others[0][:, 0])[0, 1] < 0.99


def of_kinds(y: np.ndarray, places: np.ndarray, kind: np.ndarray, kinds: int) -> CategoryStatistics:
    """Statistics of places, the first of which is none, whose rows are of several kinds."""
    group = Group(True, 0, 0, finer=kinds * 21, kinds=kinds)
    target = infer_target(y, "regression", "y")
    outcomes = target.outcomes(target.encode(y), np.ones(N), target.fit(target.encode(y), np.ones(N)))
    return CategoryStatistics.fit(group, kinds * places + kind, parts_of(np.arange(N), 0), outcomes, np.ones(N))


def test_what_kinds_say_by_themselves_is_no_part_of_what_places_say() -> None:
    generator = np.random.default_rng(2)
    places, kind = generator.integers(1, 21, N), generator.integers(0, 7, N)
    y = generator.normal(size=21)[places] + 30.0 * kind + 0.1 * generator.normal(size=N)
    told = of_kinds(y, places, kind, 7).values
    assert np.array_equal(told[1:].reshape(21, 7, 2), np.repeat(told[1::7, None], 7, axis=1))
    # by hand: without the mean of each kind, and its own place for what is missing
    means = np.array([y[kind == one].mean() for one in range(7)])
    plain = of_kinds(y - means[kind] + y.mean(), places, np.zeros(N, int), 1).values
    assert np.corrcoef(told[8::7, 0], plain[2:, 0])[0, 1] > 1 - 1e-6
    assert np.allclose(told[8::7, 1], plain[2:, 1], atol=1e-6)
    missing = np.where(np.arange(N) < 60, 0, places)
    found = of_kinds(y, missing, np.where(missing > 0, kind, 0), 7).values
    assert found[1, 1] == found[:, 1].max(), "the rows that miss their place are counted by themselves"


def test_where_categories_differ_by_chance_alone_all_are_told_nearly_the_same() -> None:
    spreads = []
    for seed in range(10):
        y = np.random.default_rng(seed).normal(size=N)
        spreads.append(fitted(y, "regression")[0].values[:, 0].std())
    assert np.median(spreads) < 0.1
    real = fitted(np.random.default_rng(0).normal(size=CODES)[codes()], "regression")[0]
    assert real.values[:, 0].std() > 0.5


def test_weights_count_by_their_proportions() -> None:
    y, w = np.random.default_rng(0).normal(size=N), np.random.default_rng(1).uniform(1, 2, N)
    one, other = (fitted(y, "regression", w=factor * w)[0] for factor in (1.0, 1000.0))
    assert np.allclose(one.values, other.values, atol=1e-6)


def test_a_category_that_nothing_is_known_of_has_the_mean_of_all() -> None:
    statistics, _, _ = fitted(np.random.default_rng(0).normal(size=N), "regression")
    unseen = statistics.values[CODES]
    assert unseen[1] == statistics.values[:, 1].min(), "no rows"
    alone = np.full(N, -1, np.int32)
    alone[0] = 4
    found = CategoryStatistics.fit(
        GROUP, alone, parts_of(np.arange(N), 0), fitted(np.arange(N), "regression")[1], np.ones(N)
    )
    assert np.isfinite(found.values).all()
    assert np.isfinite(found.others).all()


@pytest.mark.parametrize("y", [np.arange(N) % 12, np.eye(14)[np.arange(N) % 14].astype(int)])
def test_of_many_outputs_some_have_means(y) -> None:
    statistics, outcomes, target = fitted(y, "classification")
    assert statistics.width == target.n_outcomes + 1 == 4
    assert outcomes.values.shape == (N, 3)


def test_rare_categories_have_codes_of_their_own_after_those_of_the_inputs() -> None:
    words = [f"w{i:03d}" for i in range(200)]
    frame = pd.DataFrame({"word": pd.Categorical(words * 2 + words[:30] + [None])})
    layout = Layout.infer(frame)
    (column,), (group,) = layout.category_columns, layout.groups
    assert (len(column.categories), column.rare, len(column.finer)) == (64, True, 136)
    assert (group.width, group.rare, group.n_codes) == (66, 64, 202)
    encoded = layout.encode(pd.DataFrame({"word": [column.categories[3], column.finer[5], "new", None]}))
    assert encoded.codes[:, 0].tolist() == [3, 66 + 5, 64, 65]
    assert group.places(encoded.codes[:, 0]).tolist() == [3, 64, 64, 65]
    assert encoded.indicators.argmax(axis=1).tolist() == [3, 64, 64, 65]
    assert Layout.from_record(json.loads(json.dumps(layout.to_record()))) == layout
    assert told_by_statistics(layout.groups, ()) == [group]
    few = Layout.infer(pd.DataFrame({"word": pd.Categorical([f"w{i % TOLD_ABOVE}" for i in range(200)])}))
    assert not told_by_statistics(few.groups, ())

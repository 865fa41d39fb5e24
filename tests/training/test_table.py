"""Rows as they were read: what a network makes of them while it gathers a batch is what it makes of ready inputs."""

import numpy as np
import pytest
from backends import BACKENDS

from leadline.network import Architecture
from leadline.training import FeatureScale, Lens, Plan, Rows, Table, stream
from leadline.training.population import INPUTS, ROWS_AT_ONCE, Blueprint, Population, Steps, forward_pass
from leadline.training.program import SETTINGS
from leadline.training.rows import Examples

N, P, CLASSES = 50, 4, 3


def make_table(one_hot: bool, bends: tuple[float, float], coded: bool) -> Table:
    generator = np.random.default_rng(0)
    numbers = generator.normal(3.0, 2.0, (N, P)).astype(np.float32)
    numbers[generator.random((N, P)) < 0.2] = np.nan
    codes = generator.integers(-1, 9, (N, 2)).astype(np.int32)
    Y = generator.integers(0, CLASSES, (N, 1)).astype(float) if one_hot else generator.normal(5.0, 3.0, (N, CLASSES))
    rows = Rows(numbers, codes, Y, generator.uniform(0.5, 2.0, N))
    fill, center, scale = generator.normal(size=(3, P))
    groups = [(0, 1, 1, -1), (2 if coded else 1, 0, 5, 3), (0, 3, 1, -1), (1, 1, 7, -1)]
    statistics = [(1, generator.normal(size=(3, 10, 2)).astype(np.float32)), (0, np.ones((3, 10, 1), np.float32))]
    parts = generator.integers(0, 3, N).astype(np.uint8)
    centers, scales = (np.zeros(CLASSES), np.ones(CLASSES)) if one_hot else generator.uniform(0.5, 1.5, (2, CLASSES))
    lens = Lens(fill, center, np.abs(scale), *bends, groups, centers, scales, one_hot, statistics)
    return Table(rows, lens, parts)


def ready(table: Table, dtype: type) -> Examples:
    """The same rows as inputs and targets, written down in the plainest way."""
    lens, X, Y = table.lens, [], []
    own = table.rows
    for x, codes, y, part in zip(own.numbers, own.codes, own.Y, table.parts, strict=True):
        inputs = []
        for j in range(P):
            u = ((lens.fill[j] if np.isnan(x[j]) else float(x[j])) - lens.center[j]) / lens.scale[j]
            u = min(max(u, -lens.farthest), lens.farthest)
            inputs.append(u / np.sqrt(1 + (u / lens.clip) ** 2))
        for column, told in lens.statistics:
            inputs += told[part][codes[column] + 1].tolist()
        for kind, column, width, rare in lens.groups:
            if kind == 0:
                inputs.append(float(np.isnan(x[column])))
                continue
            place = codes[column] if codes[column] < width else rare
            if kind == 1:
                inputs += [float(place == k) for k in range(width)]
            else:
                inputs.append(float(place))
        X.append(inputs)
        learned = [float(y[0] == k) for k in range(CLASSES)] if lens.one_hot else y
        Y.append((np.array(learned) - lens.target_center) / lens.target_scale)
    return Examples(np.array(X, dtype), np.array(Y, dtype), table.rows.w.astype(dtype))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("bends", [(np.inf, np.inf), (1.5, 3.0)])
@pytest.mark.parametrize("coded", [False, True])
def test_a_batch_of_a_table_is_a_batch_of_ready_examples(backend, dtype, one_hot, bends, coded) -> None:
    table = make_table(one_hot, bends, coded)
    examples, order = ready(table, dtype), np.random.default_rng(1).permutation(N)
    n_in, tolerance = examples.X.shape[1], 1e-5 if dtype is np.float32 else 1e-12
    loss = "cross_entropy" if one_hot else "half_squared_error"
    plan = Plan(Architecture((n_in, 6, CLASSES), "tanh", loss), [FeatureScale(n_in)])
    theta = plan.initial(stream((0,))).astype(dtype)[None]
    settings, keys = np.zeros((3, len(SETTINGS)), dtype), np.zeros((3, 2), np.uint64)
    found = []
    for source in (table, examples):
        blueprint = Blueprint(plan, ROWS_AT_ONCE, 20, reads=source.reads)
        population = Population(blueprint, theta, backend())
        (loss_value,) = population.run([Steps(source, order, 20, settings, keys)])
        some = order[:7]
        inputs = forward_pass(blueprint, population.memory, backend(), source, some, INPUTS)
        assert np.allclose(inputs, examples.X[some], rtol=tolerance, atol=tolerance)
        found.append((loss_value, population.gradient[0].copy(), population.scores(0, source, order)))
    for one, other in zip(*found, strict=True):
        assert np.allclose(one, other, rtol=10 * tolerance, atol=10 * tolerance)

"""Random networks with the numbers that the specification gives them, for the page's JavaScript to meet."""

import numpy as np

from leadline.network import (
    ACTIVATIONS,
    Architecture,
    OptimiserState,
    backward,
    cost,
    forward,
    gradient_descent,
    initial_parameters,
    output,
)

LOSSES = (
    "binary_cross_entropy",
    "cross_entropy",
    "multilabel_cross_entropy",
    "half_squared_error",
    "absolute_error",
    "poisson",
    "huber(0.7)",
    "quantile(0.1, 0.9)",
    "ordinal_cross_entropy",
)

# Takes what `cases` gives; answers with everything that is compared, in the same order.
COMPUTE = """(cases) => cases.map(({ sizes, activations, loss, X, Y, parameters, rate }) => {
  const network = { sizes, activations, loss }, own = parameters.map(({ W, b }) => ({ W: fromRows(W), b: fromRows(b) }));
  const x = fromRows(X), y = fromRows(Y), { Z, caches } = forward(network, own, x), gradients = backward(network, caches, y);
  const walk = new Walk(network, own, { X: x, Y: y }, rate, "adam");
  walk.iterate(); walk.iterate();
  const lists = (pairs) => pairs.flatMap(({ W, b, dW, db }) => [toRows(W || dW), toRows(b || db)]);
  return [[[cost(network, Z, y)]], toRows(output(network, Z)), ...caches.map((cache) => toRows(cache.Z)), ...caches.map((cache) => toRows(cache.A)),
    ...gradients.map((own) => toRows(own.dZ)), ...lists(gradients), ...lists(gradientDescent(own, gradients, rate)), ...lists(walk.parameters)];
})"""


def cases(count=50, seed=0):
    """Networks as records, and the arrays that the specification computes from each."""
    generator = np.random.default_rng(seed)
    records, expected = [], []
    for number in range(count):
        loss = LOSSES[number % len(LOSSES)]
        n_L = {"binary_cross_entropy": 1, "quantile(0.1, 0.9)": 2}.get(loss, int(generator.integers(1, 4)))
        n_L = max(n_L, 2) if loss == "cross_entropy" else n_L
        hidden = [int(n) for n in generator.integers(1, 9, generator.integers(0, 5))]
        names = tuple(list(ACTIVATIONS)[(number + k) % len(ACTIVATIONS)] for k in range(len(hidden)))
        architecture = Architecture((int(generator.integers(1, 6)), *hidden, n_L), names, loss)
        m = int(generator.integers(1, 12))
        X = generator.normal(size=(architecture.sizes[0], m)) * generator.choice([1.0, 3.0])
        Y = generator.random((n_L, m)) if "squared" in loss else generator.integers(0, 2, (n_L, m)).astype(float)
        if loss == "cross_entropy":
            Y = np.eye(n_L)[:, generator.integers(0, n_L, m)]
        parameters = [(W, generator.normal(size=b.shape)) for W, b in initial_parameters(architecture, generator)]
        rate = 0.05
        Z, caches = forward(architecture, parameters, X)
        gradients = backward(architecture, caches, Y)
        moved, states = parameters, [[OptimiserState("adam", theta.shape) for theta in pair] for pair in parameters]
        for _ in range(2):
            slopes = backward(architecture, forward(architecture, moved, X)[1], Y)
            moved = [
                tuple(state.step(theta, g, rate) for state, theta, g in zip(own, pair, slope, strict=True))
                for own, pair, slope in zip(states, moved, slopes, strict=True)
            ]
        dZs = [np.asarray(dZ) for dZ in _dZs(architecture, caches, Y)]
        own = [np.array([[cost(architecture, Z, Y)]]), output(architecture, Z)]
        own += [cache.Z for cache in caches] + [cache.A for cache in caches] + dZs
        own += [one for pair in gradients for one in pair]
        own += [one for pair in gradient_descent(parameters, gradients, rate) for one in pair]
        own += [one for pair in moved for one in pair]
        records.append(
            {
                "sizes": architecture.sizes,
                "activations": names,
                "loss": loss,
                "X": X.tolist(),
                "Y": Y.tolist(),
                "parameters": [{"W": W.tolist(), "b": b.tolist()} for W, b in parameters],
                "rate": rate,
            }
        )
        expected.append(own)
    return records, expected


def _dZs(architecture, caches, Y):
    from leadline.network import layer_backward, loss
    from leadline.network.activations import activation

    dA = loss(architecture.loss).gradient(caches[-1].Z, Y)
    names = (*architecture.hidden_activations, "identity")
    found = []
    for cache, name in zip(reversed(caches), reversed(names), strict=True):
        g = activation(name)
        found.append(dA * g.g_prime(cache.Z, cache.A))
        dA = layer_backward(dA, cache, g)[0]
    return found[::-1]


def largest_difference(found, expected):
    """The largest |x − y| / max(1, |y|) over all numbers of all networks."""
    largest = 0.0
    for own, wanted in zip(found, expected, strict=True):
        assert len(own) == len(wanted)
        for x, y in zip(own, wanted, strict=True):
            x = np.asarray(x, dtype=float)
            assert x.shape == y.shape
            largest = max(largest, float(np.max(np.abs(x - y) / np.maximum(1.0, np.abs(y)))))
    return largest

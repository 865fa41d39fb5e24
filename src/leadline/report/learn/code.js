// The network of the page as Python, to the same bits: JavaScript writes the shortest digits that come back as the same number.

const pythonNumber = (x) => Number.isNaN(x) ? "np.nan" : x === Infinity ? "np.inf" : x === -Infinity ? "-np.inf" : Object.is(x, -0) ? "-0.0" : String(x);
const pythonArray = (M) => `np.array([${toRows(M).map((row) => `[${row.map(pythonNumber).join(", ")}]`).join(",\n    ")}], dtype=float)`;

function pythonCode(walk) {
  const { sizes, activations, loss } = walk.network, names = activations.map((name) => `"${name}"`).join(", ");
  const layers = walk.parameters.map(({ W, b }, place) => `W${place + 1} = ${pythonArray(W)}\nb${place + 1} = ${pythonArray(b)}`);
  return `import numpy as np
from leadline.network import Architecture, backward, cost, forward, gradient_descent

architecture = Architecture((${sizes.join(", ")}), (${names}${activations.length === 1 ? "," : ""}), "${loss}")
X = ${pythonArray(walk.data.X)}
Y = ${pythonArray(walk.data.Y)}
${layers.join("\n")}
parameters = [${walk.parameters.map((_, place) => `(W${place + 1}, b${place + 1})`).join(", ")}]

Z, caches = forward(architecture, parameters, X)
gradients = backward(architecture, caches, Y)
print("J =", cost(architecture, Z, Y))
parameters = gradient_descent(parameters, gradients, learning_rate=${pythonNumber(walk.rate)})
`;
}

// Losses from the scores Z[L]: the value of each example and its derivative dZ[L]; as network/losses.py has them.

// A sum over the output units of one function of (z, y, p), p being the unit's own parameter where there is one.
function elementwiseLoss(name, outputActivation, unitValue, unitGradient, parameters = []) {
  const parameterOf = (i) => parameters.length ? parameters[i % parameters.length] : 0;
  return {
    name, outputActivation, unitValue, unitGradient, parameterOf,
    value(Z, Y) {
      const values = new Float64Array(Z.columns);
      for (let i = 0; i < Z.rows; i++) for (let j = 0; j < Z.columns; j++) values[j] += unitValue(at(Z, i, j), at(Y, i, j), parameterOf(i));
      return values;
    },
    gradient(Z, Y) {
      const made = matrix(Z.rows, Z.columns);
      for (let i = 0; i < Z.rows; i++) for (let j = 0; j < Z.columns; j++) made.data[i * Z.columns + j] = unitGradient(at(Z, i, j), at(Y, i, j), parameterOf(i));
      return made;
    },
  };
}

const highestOf = (Z, j) => { let top = -Infinity; for (let i = 0; i < Z.rows; i++) top = Math.max(top, at(Z, i, j)); return top; };

// Softmax over the rows of each column.
function softmax(Z) {
  const made = matrix(Z.rows, Z.columns);
  for (let j = 0; j < Z.columns; j++) {
    const top = highestOf(Z, j);
    let sum = 0;
    for (let i = 0; i < Z.rows; i++) sum += Math.exp(at(Z, i, j) - top);
    for (let i = 0; i < Z.rows; i++) made.data[i * Z.columns + j] = Math.exp(at(Z, i, j) - top) / sum;
  }
  return made;
}

const CROSS_ENTROPY = {
  name: "cross_entropy", outputActivation: "softmax",
  // −Σ y log softmax(z) = Σ y (log Σ exp(z) − z)
  value(Z, Y) {
    const values = new Float64Array(Z.columns);
    for (let j = 0; j < Z.columns; j++) {
      const top = highestOf(Z, j);
      let sum = 0;
      for (let i = 0; i < Z.rows; i++) sum += Math.exp(at(Z, i, j) - top);
      for (let i = 0; i < Z.rows; i++) values[j] += at(Y, i, j) * (top + Math.log(sum) - at(Z, i, j));
    }
    return values;
  },
  // dZ[L] = A Σ y − Y
  gradient(Z, Y) {
    const A = softmax(Z), made = matrix(Z.rows, Z.columns);
    for (let j = 0; j < Z.columns; j++) {
      let sum = 0;
      for (let i = 0; i < Z.rows; i++) sum += at(Y, i, j);
      for (let i = 0; i < Z.rows; i++) made.data[i * Z.columns + j] = at(A, i, j) * sum - at(Y, i, j);
    }
    return made;
  },
};

const binaryValue = (z, y) => Math.max(z, 0) - y * z + Math.log1p(Math.exp(-Math.abs(z)));
const binaryGradient = (z, y) => sigmoid(z) - y;
const huber = (name, delta) => elementwiseLoss(name, "identity",
  (z, y, d) => { const c = Math.min(Math.abs(z - y), d); return c * (Math.abs(z - y) - 0.5 * c); }, (z, y, d) => Math.max(Math.min(z - y, d), -d), [delta]);
const quantile = (name, shares) => elementwiseLoss(name, "identity",
  (z, y, tau) => Math.max(tau * (y - z), (tau - 1) * (y - z)), (z, y, tau) => 0.5 - tau + 0.5 * Math.sign(z - y), shares);

const LOSSES = {
  binary_cross_entropy: elementwiseLoss("binary_cross_entropy", "sigmoid", binaryValue, binaryGradient),
  cross_entropy: CROSS_ENTROPY,
  multilabel_cross_entropy: elementwiseLoss("multilabel_cross_entropy", "sigmoid", binaryValue, binaryGradient),
  ordinal_cross_entropy: elementwiseLoss("ordinal_cross_entropy", "sigmoid", binaryValue, binaryGradient),
  half_squared_error: elementwiseLoss("half_squared_error", "identity", (z, y) => 0.5 * (z - y) * (z - y), (z, y) => z - y),
  absolute_error: elementwiseLoss("absolute_error", "identity", (z, y) => Math.abs(z - y), (z, y) => Math.sign(z - y)),
  poisson: elementwiseLoss("poisson", "exp", (z, y) => Math.exp(z) - y * z, (z, y) => Math.exp(z) - y),
};

// The record of a loss by its name; "huber(2)" and "quantile(0.1, 0.9)" carry their parameters.
function lossNamed(name) {
  const numbers = (name.match(/\(([^)]*)\)/) || ["", ""])[1].split(",").map(Number);
  if (name.startsWith("huber")) return huber(name, numbers[0]);
  if (name.startsWith("quantile")) return quantile(name, numbers);
  return LOSSES[name];
}

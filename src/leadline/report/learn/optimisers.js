// How parameters move: gradient descent as in the equations, and two of the later practice; as network/optimisers.py has them.

const BETA_1 = 0.9, BETA_2 = 0.999, EPSILON = 1e-8;

// (g, m, v, α, t) to the change of θ and the new running numbers.
const OPTIMISERS = {
  gradient_descent: (g, m, v, rate) => [-rate * g, m, v],
  momentum: (g, m, v, rate) => {
    m = BETA_1 * m + g;
    return [-rate * m, m, v];
  },
  adam: (g, m, v, rate, t) => {
    m = BETA_1 * m + (1 - BETA_1) * g;
    v = BETA_2 * v + (1 - BETA_2) * g * g;
    const first = 1 / (1 - BETA_1 ** t), second = 1 / (1 - BETA_2 ** t);
    return [-(rate * first) * m / (Math.sqrt(v * second) + EPSILON), m, v];
  },
};

// The running numbers before the first step: zeros in the shapes of the parameters.
const restState = (parameters) => parameters.map(({ W, b }) => [W, b].map((own) => ({ m: matrix(own.rows, own.columns), v: matrix(own.rows, own.columns) })));

// One step: new parameters and new running numbers; t counts from 1.
function optimiserStep(name, parameters, gradients, state, rate, t) {
  if (name === "gradient_descent") return { parameters: gradientDescent(parameters, gradients, rate), state };
  const next = [];
  const moved = parameters.map(({ W, b }, place) => {
    const results = [[W, gradients[place].dW], [b, gradients[place].db]].map(([theta, gradient], which) => {
      const before = state[place][which], made = copied(theta), m = copied(before.m), v = copied(before.v);
      for (let k = 0; k < made.data.length; k++) {
        const [change, newM, newV] = OPTIMISERS[name](gradient.data[k], before.m.data[k], before.v.data[k], rate, t);
        made.data[k] = theta.data[k] + change;
        m.data[k] = newM;
        v.data[k] = newV;
      }
      return { made, running: { m, v } };
    });
    next.push(results.map((own) => own.running));
    return { W: results[0].made, b: results[1].made };
  });
  return { parameters: moved, state: next };
}

// Activations: one record each, g(z), g′(z, a) with a = g(z), and the gain of its initial weights; as network/activations.py has them.

const SELU_SCALE = 1.0507009873554805, SELU_ALPHA = 1.6732632423543772, ROOT_HALF = 0.7071067811865476, NORMAL_DENSITY = 0.3989422804014327;

// erf by its series of positive terms, (2/√π) exp(−x²) Σ 2ᵏ x²ᵏ⁺¹ / (2k+1)!!, which loses no digit.
function erf(x) {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  let term = size, sum = size;
  for (let k = 1; term > sum * 1e-17 && k < 400; k++) {
    term *= 2 * size * size / (2 * k + 1);
    sum += term;
  }
  return Math.sign(x) * Math.min(1, 1.1283791670955126 * Math.exp(-size * size) * sum);
}

function sigmoid(z) {
  const e = Math.exp(-Math.abs(z));
  return (z >= 0 ? 1 : e) / (1 + e);
}

function tanhOfSoftplus(z) {
  const e = Math.exp(-Math.abs(z)), p = z >= 0 ? 1 : e, q = z >= 0 ? e : 1;
  return p * (p + 2 * q) / (p * (p + 2 * q) + 2 * q * q);
}

const HE = Math.SQRT2;

const ACTIVATIONS = Object.fromEntries([
  { name: "identity", g: (z) => z, gPrime: () => 1, gain: 1, formula: "z", derivative: "1" },
  { name: "sigmoid", g: sigmoid, gPrime: (z, a) => a * (1 - a), gain: 1, formula: "1 / (1 + exp(−z))", derivative: "a (1 − a)" },
  { name: "tanh", g: Math.tanh, gPrime: (z, a) => 1 - a * a, gain: 1, formula: "tanh(z)", derivative: "1 − a²" },
  { name: "relu", g: (z) => Math.max(z, 0), gPrime: (z, a) => Math.sign(a), gain: HE, formula: "max(z, 0)", derivative: "1 for z > 0, else 0" },
  { name: "leaky_relu", g: (z) => Math.max(z, 0) + 0.01 * Math.min(z, 0), gPrime: (z, a) => 0.01 + 0.99 * Math.sign(Math.max(a, 0)), gain: HE, formula: "max(z, 0) + 0.01 min(z, 0)", derivative: "1 for z > 0, else 0.01" },
  { name: "elu", g: (z) => Math.max(z, 0) + Math.expm1(Math.min(z, 0)), gPrime: (z, a) => 1 + Math.min(a, 0), gain: HE, formula: "z for z > 0, else exp(z) − 1", derivative: "1 for z > 0, else a + 1" },
  { name: "selu", g: (z) => SELU_SCALE * (Math.max(z, 0) + SELU_ALPHA * Math.expm1(Math.min(z, 0))), gain: 1, formula: "1.05 z for z > 0, else 1.76 (exp(z) − 1)", derivative: "1.05 for z > 0, else a + 1.76",
    gPrime: (z, a) => a > 0 ? SELU_SCALE : a + SELU_SCALE * SELU_ALPHA },
  { name: "softplus", g: (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))), gPrime: (z) => sigmoid(z), gain: 1, formula: "log(1 + exp(z))", derivative: "σ(z)" },
  { name: "gelu", g: (z) => z * (0.5 + 0.5 * erf(z * ROOT_HALF)), gain: HE, formula: "z Φ(z)", derivative: "Φ(z) + z φ(z)",
    gPrime: (z) => 0.5 + 0.5 * erf(z * ROOT_HALF) + z * NORMAL_DENSITY * Math.exp(-0.5 * z * z) },
  { name: "silu", g: (z) => z * sigmoid(z), gPrime: (z, a) => sigmoid(z) + a * (1 - sigmoid(z)), gain: HE, formula: "z σ(z)", derivative: "σ(z) + a (1 − σ(z))" },
  { name: "mish", g: (z) => z * tanhOfSoftplus(z), gain: HE, formula: "z tanh(log(1 + exp(z)))", derivative: "ω + z (1 − ω²) σ(z), ω = a / z",
    gPrime: (z) => tanhOfSoftplus(z) + z * (1 - tanhOfSoftplus(z) ** 2) * sigmoid(z) },
].map((record) => [record.name, record]));

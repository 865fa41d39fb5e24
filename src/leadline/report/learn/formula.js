// Formulas as mathematics: "dW[l] = (1/m) dZ[l] A[l-1]ᵀ" to MathML. [l] is the layer, a second bracket the cell.

const TOKEN = /\(1\/m\)|:=|(d(?=[A-Zabz]\b|[A-Zabz]\[)|)([A-Za-zŷα]+)(\[[^\]]*\])?(\[[^\]]*\])?(′)?(ᵀ)?|\d+(?:\.\d+)?|\s+|./gu;
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

// What stands in a bracket: l-1 or 3,0.
const inside = (bracket) => bracket.slice(1, -1).split(/([-,+…])/).map((part) => /^\d+$/.test(part) ? `<mn>${part}</mn>` : /^[-,+…]$/.test(part) ? `<mo>${part === "-" ? "−" : part}</mo>` : part && `<mi>${escaped(part)}</mi>`).join("");

function tokenMath(token, d, name, layer, cell, prime, transpose) {
  if (token === "(1/m)") return "<mfrac><mn>1</mn><mi>m</mi></mfrac>";
  if (/^\s+$/.test(token)) return "";
  if (/^\d/.test(token)) return `<mn>${token}</mn>`;
  if (!name) return token === "Σ" ? "<mo>∑</mo>" : `<mo>${escaped(token)}</mo>`;
  const base = `<mrow>${d ? "<mi>d</mi>" : ""}<mi>${escaped(name)}</mi></mrow>`;
  const above = [layer ? `<mo form="prefix">[</mo>${inside(layer)}<mo form="postfix">]</mo>` : "", prime ? "<mo>′</mo>" : "", transpose ? "<mi>T</mi>" : ""].join("");
  const below = cell ? `<mrow>${inside(cell)}</mrow>` : "";
  if (above && below) return `<msubsup>${base}${below}<mrow>${above}</mrow></msubsup>`;
  if (above) return `<msup>${base}<mrow>${above}</mrow></msup>`;
  return below ? `<msub>${base}${below}</msub>` : base;
}

// The formula for layer l; without l it stays general.
function formula(text, l) {
  const own = l === undefined ? text : text.replaceAll("[l-1]", `[${l - 1}]`).replaceAll("[l]", `[${l}]`).replaceAll("[L]", `[${l}]`);
  const inner = Array.from(own.matchAll(TOKEN), (found) => tokenMath(...found)).join("");
  return `<math aria-label="${escaped(own)}">${inner}</math>`;
}

// What each step of the walk computes.
const EQUATIONS = {
  Z: "Z[l] = W[l] A[l-1] + b[l]",
  A: "A[l] = g[l](Z[l])",
  J: "J = (1/m) Σ loss(A[L], Y)",
  dZ: "dZ[l] = dA[l] ∗ g[l]′(Z[l])",
  dZL: "dZ[L] = A[L] − Y",
  dZLoss: "dZ[L] = loss′(Z[L], Y)",
  dW: "dW[l] = (1/m) dZ[l] A[l-1]ᵀ",
  db: "db[l] = (1/m) Σ dZ[l]",
  dA: "dA[l-1] = W[l]ᵀ dZ[l]",
  W: "W[l] := W[l] − α dW[l]",
  b: "b[l] := b[l] − α db[l]",
};

// How the output's dZ comes from this loss.
const outputSlope = (loss) => isOutputLessTruth(loss) ? EQUATIONS.dZL : EQUATIONS.dZLoss;

// The formula of a step in a network with L layers and this loss: dA[l] is worked out by layer l + 1.
function stepFormula({ name, l }, L, loss) {
  if (name === "dZ" && l === L) return formula(outputSlope(loss), l);
  if (name === "dA") return formula(EQUATIONS.dA, l + 1);
  if (name === "W") return `${formula(EQUATIONS.W, l)}, ${formula(EQUATIONS.b, l)}`;
  return formula(EQUATIONS[name], l);
}

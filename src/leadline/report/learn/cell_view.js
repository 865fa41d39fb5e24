// Zoom 3, one cell: the arithmetic that makes it, number by number.

// Terms of a sum that are written out.
const MOST_TERMS = 10;

// Rows of a sum of products: [label, x, label, y, product]; the rest in one line.
function sumTable(terms, after) {
  const some = terms.slice(0, MOST_TERMS), rest = terms.slice(MOST_TERMS);
  const rows = some.map(([xName, x, yName, y]) => `<tr><td>${formula(xName)}</td><td>${shown(x)}</td><td>×</td><td>${formula(yName)}</td><td>${shown(y)}</td><td>=</td><td>${shown(x * y)}</td></tr>`);
  if (rest.length) rows.push(`<tr><td colspan="5">${say("more", { n: rest.length })}, ${say("partial")}</td><td>=</td><td>${shown(rest.reduce((sum, [, x, , y]) => sum + x * y, 0))}</td></tr>`);
  after.forEach(([text, value]) => rows.push(`<tr class="after"><td colspan="5">${text}</td><td></td><td>${shown(value)}</td></tr>`));
  return `<div class="wide" tabindex="0"><table class="sum"><tbody>${rows.join("")}</tbody></table></div>`;
}

// Numbers as a sum: 0.3 − 0.7 + 0.2.
const written = (values) => values.map((value, k) => k === 0 ? shown(value) : value < 0 ? `− ${shown(-value)}` : `+ ${shown(value)}`).join(" ");

const range = (n) => Array.from({ length: n }, (_, k) => k);
const line = (text) => `<p class="arithmetic">${text}</p>`;

// For each quantity: [how it is made, in words; the arithmetic]. A cell is { name, l, i, j }.
const ARITHMETIC = {
  Z(walk, { l, i, j }) {
    const { W, b } = walk.parametersOfIteration(l), before = quantity(walk, "A", l - 1), k = l - 1;
    const terms = range(W.columns).map((c) => [`W[${l}][${i},${c}]`, at(W, i, c), `A[${k}][${c},${j}]`, at(before, c, j)]);
    return [say("rowTimesColumn", { i, j, l, k }), sumTable(terms, [[`+ ${formula(`b[${l}][${i}]`)}`, b.data[i]]])];
  },
  A(walk, { l, i, j }) {
    if (l === 0) return [say("inputOf", { i, j }), ""];
    const L = walk.network.sizes.length - 1, Z = quantity(walk, "Z", l), z = at(Z, i, j), a = at(quantity(walk, "A", l), i, j);
    const name = l === L ? lossNamed(walk.network.loss).outputActivation : walk.network.activations[l - 1];
    if (name === "softmax") {
      const terms = range(Z.rows).map((c) => `exp(${shown(at(Z, c, j))})`);
      return [say("softmaxOf"), line(`exp(${shown(z)}) / (${terms.slice(0, MOST_TERMS).join(" + ")}${terms.length > MOST_TERMS ? " + …" : ""}) = <b>${shown(a)}</b>`)];
    }
    return [say("activationOf", { formula: name === "exp" ? "exp(z)" : ACTIVATIONS[name].formula }), line(`${name}(${shown(z)}) = <b>${shown(a)}</b>`)];
  },
  Y: (walk, { j }) => [say("trueOf", { j }), ""],
  J(walk) {
    const values = Array.from(lossNamed(walk.network.loss).value(walk.values.Z, walk.data.Y)), m = values.length;
    const terms = written(values.slice(0, MOST_TERMS));
    return [`${say("meanLoss")} (${walk.network.loss})`, line(`(${terms}${m > MOST_TERMS ? ` + … ${say("more", { n: m - MOST_TERMS })}` : ""}) / ${m} = <b>${shown(walk.values.J)}</b>`)];
  },
  dZ(walk, { l, i, j }) {
    const L = walk.network.sizes.length - 1, own = at(quantity(walk, "dZ", l), i, j);
    if (l === L) {
      const loss = lossNamed(walk.network.loss), simple = isOutputLessTruth(walk.network.loss);
      if (!simple) return [say("lossSlope", { loss: loss.name }), line(`z = ${shown(at(walk.values.Z, i, j))}, y = ${shown(at(walk.data.Y, i, j))} → <b>${shown(own)}</b>`)];
      return [say("outputLess"), line(`${formula(`A[${L}][${i},${j}]`)} − ${formula(`Y[${i},${j}]`)} = ${shown(at(walk.values.predictions, i, j))} − ${shown(at(walk.data.Y, i, j))} = <b>${shown(own)}</b>`)];
    }
    const g = ACTIVATIONS[walk.network.activations[l - 1]], z = at(quantity(walk, "Z", l), i, j), a = at(quantity(walk, "A", l), i, j), dA = at(quantity(walk, "dA", l), i, j);
    return [say("slopeTimes", { derivative: g.derivative }), line(`${formula(`dA[${l}][${i},${j}]`)} × g′(${shown(z)}) = ${shown(dA)} × ${shown(g.gPrime(z, a))} = <b>${shown(own)}</b>`)];
  },
  dW(walk, { l, i, j: k }) {
    const dZ = quantity(walk, "dZ", l), before = quantity(walk, "A", l - 1), m = dZ.columns;
    const terms = range(m).map((c) => [`dZ[${l}][${i},${c}]`, at(dZ, i, c), `A[${l - 1}][${k},${c}]`, at(before, k, c)]);
    return [say("overExamples", { m, i, k }), sumTable(terms, [[say("sum"), terms.reduce((sum, [, x, , y]) => sum + x * y, 0)], [`÷ m = ${m}`, at(quantity(walk, "dW", l), i, k)]])];
  },
  db(walk, { l, i }) {
    const dZ = quantity(walk, "dZ", l), m = dZ.columns, row = range(m).map((c) => at(dZ, i, c));
    const text = written(row.slice(0, MOST_TERMS));
    return [say("dbOf", { i, m }), line(`(${text}${m > MOST_TERMS ? ` + … ${say("more", { n: m - MOST_TERMS })}` : ""}) / ${m} = <b>${shown(quantity(walk, "db", l).data[i])}</b>`)];
  },
  dA(walk, { l, i, j }) {
    const above = l + 1, { W } = walk.parametersOfIteration(above), dZ = quantity(walk, "dZ", above);
    const terms = range(W.rows).map((c) => [`W[${above}][${c},${i}]`, at(W, c, i), `dZ[${above}][${c},${j}]`, at(dZ, c, j)]);
    return [say("columnTimes", { i, j, l: above }), sumTable(terms, [])];
  },
  W: (walk, cell) => parameterArithmetic(walk, cell, "W"),
  b: (walk, cell) => parameterArithmetic(walk, cell, "b"),
};

// A parameter: where it will go, once its gradient is known.
function parameterArithmetic(walk, { l, i, j }, name) {
  const old = at(walk.parametersOfIteration(l)[name], i, j), gradient = `d${name}`;
  if (!walk.knows(gradient, l)) return [say("parameterLater"), ""];
  const slope = at(walk.values.gradients[l - 1][gradient], i, j), next = at(walk.values.next.parameters[l - 1][name], i, j);
  if (walk.optimiser !== "gradient_descent") return [say("parameterOther", { optimiser: walk.optimiser }), line(`${shown(old)} + (${shown(next - old)}) = <b>${shown(next)}</b>`)];
  return [say(walk.isUpdated(l) ? "parameterNew" : "parameterOf"), line(`${shown(old)} − ${shown(walk.rate)} × (${shown(slope)}) = <b>${shown(next)}</b>`)];
}

// For which losses dZ[L] = A[L] − Y.
const isOutputLessTruth = (loss) => ["binary_cross_entropy", "multilabel_cross_entropy", "ordinal_cross_entropy", "cross_entropy", "half_squared_error", "poisson"].includes(loss);

const EDITABLE = (cell) => cell.name === "W" || cell.name === "b" || (cell.name === "A" && cell.l === 0) || cell.name === "Y";

class CellView {
  // edit(cell, value): a number was given
  constructor(place, edit) {
    Object.assign(this, { place, edit });
    place.addEventListener("submit", (event) => {
      event.preventDefault();
      const input = place.querySelector("input"), value = Number(input.value.replace("−", "-").replace(",", "."));
      const bad = input.value.trim() === "" || !Number.isFinite(value);
      place.querySelector(".error").textContent = bad ? say("notNumber") : "";
      if (!bad) this.edit(this.cell, value);
    });
  }

  show(walk, cell) {
    if (this.place.contains(document.activeElement) && document.activeElement.tagName === "INPUT" && this.cell && cell && ["name", "l", "i", "j"].every((key) => this.cell[key] === cell[key])) return;
    this.cell = cell;
    if (!cell) return;
    const { name, l, i, j } = cell, L = walk.network.sizes.length - 1;
    const label = name === "J" ? "J" : name === "Y" ? `Y[${i},${j}]` : `${name}[${l}][${i},${j}]`;
    const shape = name === "J" ? "" : `<small>${lawOf(name, l)[0]} = (${lawOf(name, l)[1](walk.network.sizes, walk.data.X.columns).join(", ")})</small>`;
    if (!walk.knows(name, l)) {
      this.place.innerHTML = `<h3>${formula(label)} ${shape}</h3><p>${stepFormula({ name, l }, L, walk.network.loss)}</p><p class="soft">${say("unknown")}</p>`;
      return;
    }
    const value = at(quantity(walk, name, l), i, j), [words, arithmetic] = ARITHMETIC[name](walk, cell);
    const equation = (name === "A" && l === 0) || name === "Y" ? "" : `<p>${name === "b" ? formula(EQUATIONS.b, l) : stepFormula({ name, l }, L, walk.network.loss)}</p>`;
    const form = EDITABLE(cell) ? `<form><label>${say("change")} <input inputmode="decimal" value="${value}"></label> <button>✓</button><span class="error" role="alert"></span><br><small>${say("changeNote")}</small></form>` : "";
    this.place.innerHTML = `<h3>${formula(label)} = <b>${shown(value)}</b> ${shape}</h3>${equation}<p class="soft">${words}</p>${arithmetic}<p class="full"><small>float64: ${value}</small></p>${form}`;
  }
}

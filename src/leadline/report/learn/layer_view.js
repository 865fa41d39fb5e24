// Zoom 2, a layer: its shapes in symbols and numbers, its equations, and its matrices with the cache between the two blocks.

// Units, as rows and columns of a matrix, and examples that are shown at once: so few that an equation is one line.
const MOST_CELLS = 8, MOST_EXAMPLES = 3;
// A number in a matrix: what is exact stands beside it as the arithmetic of its cell.
const short = (x) => shown(x, 3);

class LayerView {
  // select(cell), peek(cell or null): a cell { name, l, i, j } was chosen, or is pointed at; scroll(what, place)
  constructor(place, select, peek, scroll) {
    Object.assign(this, { place, select, peek, scroll });
    place.addEventListener("click", (event) => this.found(event, (cell) => this.select(cell)));
    place.addEventListener("mouseover", (event) => this.found(event, (cell) => this.peek(cell)));
    place.addEventListener("mouseleave", () => this.peek(null));
    place.addEventListener("keydown", (event) => this.move(event));
  }

  found(event, act) {
    const cell = event.target.closest("td[data-name]");
    if (cell) act({ name: cell.dataset.name, l: Number(cell.dataset.l), i: Number(cell.dataset.i), j: Number(cell.dataset.j) });
  }

  // Arrow keys walk over the cells of a matrix.
  move(event) {
    const cell = event.target.closest("td[data-name]"), moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (!cell) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.found(event, (own) => this.select(own));
      return;
    }
    if (!moves[event.key]) return;
    event.preventDefault();
    const [down, right] = moves[event.key], row = cell.parentElement.parentElement.children[cell.parentElement.rowIndex + down];
    const next = row && row.querySelectorAll("td[data-name]")[Array.from(cell.parentElement.children).indexOf(cell) + right];
    if (next) {
      cell.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
      this.found({ target: next }, (own) => this.peek(own));
    }
  }

  show(walk, l, starts, exampleStart, selected) {
    const held = document.activeElement && this.place.contains(document.activeElement) ? document.activeElement.dataset : null;
    const focused = held && held.name ? { ...held } : null;
    const { sizes } = walk.network, L = sizes.length - 1, m = walk.data.X.columns;
    const matrixOf = (name, own) => this.matrix(walk, name, own, starts, exampleStart, selected);
    const g = l === L ? lossNamed(walk.network.loss).outputActivation : walk.network.activations[l - 1];
    const parts = [];
    if (l === 0) {
      parts.push(`<h3>${say("inputTitle", { n: sizes[0] })}</h3><div class="block"><div class="matrices">${matrixOf("A", 0)}</div></div>`);
    } else {
      const line = (equation, matrices) => `<div class="line"><p>${formula(equation, l)}</p><div class="matrices">${matrices}</div></div>`;
      const sign = (text) => `<span class="sign">${text}</span>`;
      parts.push(`<h3>${say("layerTitle", { l, n: sizes[l], g })}</h3><p class="soft">${say("countedFrom0")}</p>`, walk.isUpdated(l) ? `<p class="soft">${say("updated", { l })}</p>` : "", shapesTable(l, sizes, m));
      parts.push(`<div class="block forward"><h4>${say("forwardBlock")}</h4>
        ${line(EQUATIONS.Z, `${matrixOf("Z", l)}${sign("=")}${matrixOf("W", l)}${sign("·")}${matrixOf("A", l - 1)}${sign("+")}${matrixOf("b", l)}`)}
        ${line(EQUATIONS.A, `${matrixOf("A", l)}${l === L ? matrixOf("Y", l) : ""}`)}</div>`);
      parts.push(`<p class="cache">${say("cacheTitle")}: ${["Z", "W", "b"].map((name) => formula(`${name}[l]`, l)).join(", ")}, ${formula("A[l-1]", l)}</p>`);
      parts.push(`<div class="block backward"><h4>${say("backwardBlock")}</h4>
        ${l < L ? line(EQUATIONS.dZ, `${matrixOf("dZ", l)}${sign("=")}${matrixOf("dA", l)}${sign("∗")}<span class="slope">${formula("g[l]′(Z[l])", l)}</span>`) : line(outputSlope(walk.network.loss), matrixOf("dZ", l))}
        <div class="lines">${line(EQUATIONS.dW, matrixOf("dW", l))}${line(EQUATIONS.db, matrixOf("db", l))}
        ${line(EQUATIONS.dA, l > 1 ? matrixOf("dA", l - 1) : `<p class="soft">${say("noInputGradient")}</p>`)}</div></div>`);
    }
    this.place.innerHTML = parts.join("");
    const pagers = document.createElement("div");
    pagers.className = "pagers";
    [l - 1, l].filter((own) => own >= 0 && sizes[own] > MOST_CELLS).forEach((own) => {
      const a = starts[own], label = `n[${own}]: ${say("firstUnit", { a, b: Math.min(a + MOST_CELLS, sizes[own]) - 1, n: sizes[own] })}`;
      pagers.append(pager(a, MOST_CELLS, sizes[own], (place) => this.scroll(own, place), label));
    });
    if (m > MOST_EXAMPLES) pagers.append(pager(exampleStart, MOST_EXAMPLES, m, (place) => this.scroll("m", place), say("firstExample", { a: exampleStart, b: Math.min(exampleStart + MOST_EXAMPLES, m) - 1, m })));
    this.place.append(pagers);
    if (focused) {
      const again = this.place.querySelector(`td[data-name="${focused.name}"][data-l="${focused.l}"][data-i="${focused.i}"][data-j="${focused.j}"]`);
      if (again) again.focus({ preventScroll: true });
    }
  }

  // One matrix: its name, its shape, and a window of its numbers.
  matrix(walk, name, l, starts, exampleStart, selected) {
    const value = quantity(walk, name, l), known = walk.knows(name, l), [law] = lawOf(name, l), step = walk.step;
    const now = step && ((step.name === name && step.l === l) || (step.name === "W" && name === "b" && step.l === l)) ? " now" : "";
    const rows = windowOf(starts[l], MOST_CELLS, value.rows), perUnit = name === "W" || name === "dW", single = name === "b" || name === "db";
    const columns = single ? [0] : perUnit ? windowOf(starts[l - 1], MOST_CELLS, value.columns) : windowOf(exampleStart, MOST_EXAMPLES, value.columns);
    const label = name === "Y" ? "Y" : `${name}[${l}]`, head = `<span class="name">${formula(label)}</span> <small>${value.rows} × ${value.columns}</small>`;
    if (!known) return `<figure class="matrix unknown" title="${say("unknown")}"><figcaption>${head}</figcaption><div class="blank">?</div></figure>`;
    const body = rows.map((i) => `<tr>${columns.map((j) => {
      const chosen = selected && selected.name === name && selected.l === l && selected.i === i && selected.j === j;
      const first = i === rows[0] && j === columns[0];
      return `<td data-name="${name}" data-l="${l}" data-i="${i}" data-j="${j}" tabindex="${first || chosen ? 0 : -1}"${chosen ? ' class="chosen"' : ""}>${short(at(value, i, j))}</td>`;
    }).join("")}${columns.length < value.columns ? "<td class='rest'>…</td>" : ""}</tr>`).join("");
    const below = rows.length < value.rows ? `<tr>${"<td class='rest'>⋮</td>".repeat(columns.length)}</tr>` : "";
    return `<figure class="matrix${now}"><figcaption>${head}</figcaption><div class="cells"><table aria-label="${label}, ${law}"><tbody>${body}${below}</tbody></table></div></figure>`;
  }
}

const windowOf = (start, most, n) => Array.from({ length: Math.min(most, n - start) }, (_, k) => start + k);

// The law of a quantity's shape.
function lawOf(name, l) {
  const base = name.replace("d", "");
  if (base === "W") return [`(n[${l}], n[${l - 1}])`, (sizes) => [sizes[l], sizes[l - 1]]];
  if (base === "b") return [`(n[${l}], 1)`, (sizes) => [sizes[l], 1]];
  return [`(n[${l}], m)`, (sizes, m) => [sizes[l], m]];
}

function shapesTable(l, sizes, m) {
  const rows = [["W", "dW"], ["b", "db"], ["Z", "A", "dZ", "dA"]].map((names) => {
    const [law, numbers] = lawOf(names[0], l);
    return `<tr><th scope="row">${names.map((name) => formula(`${name}[${l}]`)).join(", ")}</th><td>${formula(law)}</td><td>${numbers(sizes, m).join(" × ")}</td></tr>`;
  }).join("");
  return `<div class="wide" tabindex="0" role="region" aria-label="${say("shapeOf")}"><table class="shapes"><thead><tr><th scope="col">${say("quantity")}</th><th scope="col">${say("law")}</th><th scope="col">${say("numbers")}</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

// A quantity of the walk as a matrix.
function quantity(walk, name, l) {
  const L = walk.network.sizes.length - 1;
  if (name === "W") return walk.parametersOf(l).W;
  if (name === "b") return walk.parametersOf(l).b;
  if (name === "Y") return walk.data.Y;
  if (name === "A" && l === 0) return walk.data.X;
  const { caches, gradients, predictions, J } = walk.values;
  if (name === "J") return matrix(1, 1, [J]);
  if (name === "Z") return caches[l - 1].Z;
  if (name === "A") return l === L ? predictions : caches[l - 1].A;
  return gradients[l - 1][name];
}

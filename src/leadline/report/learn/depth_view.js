// "Why deep?": parity and the folded wave as exact networks, units against depth, and what training finds.

// Units of a layer that are drawn, and constructions up to which size are built and checked on the spot.
const MOST_DRAWN = 32, MOST_CHECKED = { parity: 10, wave: 8 };
const OF_PROBLEM = { parity: ["parity_tree", "parity_patterns", "parity_sum", "parity_folded"], wave: ["wave_folded", "wave_shallow"] };

// Units of the constructions without building them.
const UNITS = {
  parity_tree: (n) => { let sum = 0; for (let count = n; count > 1; count = Math.ceil(count / 2)) sum += count; return sum; },
  parity_patterns: (n) => 2 ** (n - 1), parity_sum: (n) => n, parity_folded: (n) => 2 * halvings(n),
  wave_folded: (k) => 2 * k, wave_shallow: (k) => 2 ** k,
};
const DEPTHS = { parity_tree: (n) => halvings(n) + 1, parity_patterns: () => 2, parity_sum: () => 2, parity_folded: (n) => halvings(n) + 1, wave_folded: (k) => k + 1, wave_shallow: () => 2 };

// Whether a construction is right: parity at all 2^n inputs, the wave at multiples of 1/256 of a piece.
function exact(problem, size, made) {
  if (problem === "parity") {
    const X = bitPatterns(size), Y = parityOf(X);
    return { right: forward(made.network, made.parameters, X).Z.data.every((z, j) => z === Y.data[j]), count: X.columns };
  }
  const count = 2 ** size * 8 + 1, X = matrix(1, count, range(count).map((j) => j / (count - 1)));
  return { right: forward(made.network, made.parameters, X).Z.data.every((z, j) => z === triangle(X.data[j], size)), count };
}

// A drawing of a network: units as dots, weights that are not zero as lines.
function circuitDrawing({ network, parameters }) {
  const width = 460, height = 190, layers = network.sizes.map((n) => Math.min(n, MOST_DRAWN));
  const x = (l) => 16 + l * (width - 32) / (layers.length - 1), y = (l, i) => height / 2 + (i - (layers[l] - 1) / 2) * Math.min(24, (height - 16) / layers[l]);
  const lines = [], dots = [];
  layers.forEach((n, l) => {
    for (let i = 0; i < n; i++) {
      dots.push(`<circle cx="${x(l).toFixed(1)}" cy="${y(l, i).toFixed(1)}" r="${n > 20 ? 2 : 4}"/>`);
      if (l) for (let k = 0; k < layers[l - 1]; k++) {
        const w = at(parameters[l - 1].W, i, k);
        if (w) lines.push(`<line x1="${x(l - 1).toFixed(1)}" y1="${y(l - 1, k).toFixed(1)}" x2="${x(l).toFixed(1)}" y2="${y(l, i).toFixed(1)}" class="${w > 0 ? "plus" : "minus"}"/>`);
      }
    }
  });
  return `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">${lines.join("")}${dots.join("")}</svg>`;
}

class DepthView {
  // load(problem, size, made): show a circuit as the network
  constructor(place, found, load) {
    Object.assign(this, { place, found, load, sizes: { parity: 4, wave: 3 } });
    ["parity", "wave"].forEach((problem) => {
      const slider = element(`size-${problem}`);
      slider.value = this.sizes[problem];
      slider.addEventListener("input", () => { this.sizes[problem] = Number(slider.value); this.showProblem(problem); });
    });
  }

  show() {
    ["parity", "wave"].forEach((problem) => this.showProblem(problem));
    this.showFound();
  }

  showProblem(problem) {
    const size = this.sizes[problem], place = element(`circuits-${problem}`), names = OF_PROBLEM[problem], most = Math.max(...names.map((name) => UNITS[name](size)));
    element(`value-${problem}`).textContent = problem === "parity" ? `n = ${size}` : `k = ${size}, ${2 ** size}`;
    place.innerHTML = names.map((name) => {
      const units = UNITS[name](size), built = size <= MOST_CHECKED[problem] ? CIRCUITS[name](size) : null;
      const check = built && exact(problem, size, built);
      const verdict = !check ? "" : check.right ? say(problem === "parity" ? "exactYes" : "exactWave", { count: check.count }) : say("exactNo");
      const drawn = built && units <= 4 * MOST_DRAWN ? circuitDrawing(built) : "";
      const cut = drawn && Math.max(...built.network.sizes.slice(1, -1)) > MOST_DRAWN ? `<br>${say("ofWhichDrawn", { a: MOST_DRAWN, n: units })}` : "";
      const fits = built && Math.max(...built.network.sizes) <= MOST_UNITS && (problem === "wave" || size <= 8);
      return `<figure class="circuit"><figcaption><b>${say("circuits")[name]}</b> <code>${name}</code></figcaption>
        <div class="bar"><span style="width: ${(100 * units / most).toFixed(2)}%"></span></div>
        <p>${units.toLocaleString("en")} ${say("hiddenUnits")}, L = ${DEPTHS[name](size)}</p>${drawn || `<p class="soft">${say("tooLarge", { n: units.toLocaleString("en") })}</p>`}
        <p class="soft" data-exact="${check ? check.right : ""}">${verdict}${cut}</p>${fits ? `<button data-load="${name}">${say("toBench")}</button>` : ""}</figure>`;
    }).join("");
    place.querySelectorAll("[data-load]").forEach((button) => button.addEventListener("click", () => this.load(problem, size, CIRCUITS[button.dataset.load](size))));
    if (problem === "wave") {
      const made = waveFolded(Math.min(size, 10)), X = matrix(1, 2 ** 11 + 1, range(2 ** 11 + 1).map((j) => j / 2 ** 11));
      paintLine(element("wave-drawn"), forward(made.network, made.parameters, X).Z.data);
    }
  }

  showFound() {
    element("found").innerHTML = this.found.map((own) => {
      const name = own.problem === "parity" ? say("parityName", { n: own.size }) : say("waveName", { n: 2 ** own.size });
      const percent = (value) => value === null ? "–" : own.problem === "parity" ? `${shown(100 * value)} %` : shown(value);
      return `<tr><th scope="row">${name}</th><td class="text">${say(own.network)}</td><td class="text">${own.sizes.join("-")}</td><td>${own.parameters}</td><td>${say("foundOf", { a: own.found, b: own.repeats })}</td>
        <td>${percent(own.best_error)}</td><td>${percent(own.median_error)}</td><td>${own.most_pieces ?? "–"}</td><td>${say(own.closed_form_fits ? "yes" : "no")}</td></tr>`;
    }).join("");
  }
}

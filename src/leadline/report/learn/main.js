// The bench: holds the walk, and keeps the three zooms, the controls and the pictures in step with it.

const PIXELS = 28, LARGE = 64; // of a unit's picture, and of the large one, which is as coarse while it trains
const SLOW = window.matchMedia("(prefers-reduced-motion: reduce)");
const DARK = window.matchMedia("(prefers-color-scheme: dark)");
const EDGES_EVERY = 6; // pictures, while it trains: edges change slowly and cost most
const TABLES_EVERY = 250; // milliseconds between two fillings of the tables while it trains

// The arrays of the page's own network: little-endian numbers in base64.
function decoded({ rows, columns, bits, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  return matrix(rows, columns, bits === 32 ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer));
}

class Bench {
  constructor(given) {
    this.given = given;
    this.own = given.own && { ...given.own, X: decoded(given.own.X), Y: given.own.Y ? decoded(given.own.Y) : null, parameters: given.own.parameters.map(({ W, b }) => ({ W: decoded(W), b: decoded(b) })) };
    this.network_view = new NetworkView(element("network"), (l, i) => this.chooseUnit(l, i), (l, sign) => this.resizeLayer(l, sign), (l, place) => { this.starts[l] = place; this.rebuild(); });
    this.layer_view = new LayerView(element("layer"), (cell) => this.select(cell), (cell) => this.showCell(cell || this.selected), (what, place) => {
      if (what === "m") this.exampleStart = place;
      else this.starts[what] = place;
      this.rebuild();
    });
    this.cell_view = new CellView(element("cell"), (cell, value) => this.edit(cell, value));
    this.training = false;
    this.listen();
    this.startOver();
  }

  // The page as it was opened.
  startOver() {
    this.settings = { ...this.given.settings, features: [...this.given.settings.features], hidden: this.given.settings.hidden.map((own) => ({ ...own })) };
    this.begin();
  }

  // The data of the settings.
  data() {
    const { data, m, seed, bits, folds, features } = this.settings;
    if (data === "own") {
      const { X, Y, loss, inputs } = this.own;
      return { name: "own", X, Y: Y || matrix(this.own.sizes[this.own.sizes.length - 1], X.columns), loss, inputs, plane: { kind: "slice" } };
    }
    if (data === "wave") return wave(Math.max(m, 8 * 2 ** folds), folds);
    if (data === "parity") return parityData(bits);
    return cloud(data, m, seed, features);
  }

  // A new beginning: initial parameters of the settings, or those given.
  begin(parameters) {
    this.stop();
    const data = this.data(), { hidden, seed, rate, optimiser } = this.settings, own = this.settings.data === "own";
    const network = { sizes: [data.X.rows, ...hidden.map(({ n }) => n), data.Y.rows], activations: hidden.map(({ g }) => g), loss: data.loss };
    const sameShape = own && !parameters && network.sizes.every((n, l) => n === this.own.sizes[l]) && network.sizes.length === this.own.sizes.length;
    this.walk = new Walk(network, parameters || (sameShape ? this.own.parameters : initialParameters(network, seed)), data, rate, optimiser);
    this.starts = network.sizes.map(() => 0);
    this.exampleStart = 0;
    this.layer = Math.min(this.layer || 1, network.sizes.length - 1);
    this.unit = { l: network.sizes.length - 1, i: 0 };
    this.selected = { name: "Z", l: this.layer, i: 0, j: 0 };
    this.axes = this.axes && this.axes.every((i) => i < data.X.rows) && data.X.rows > 1 ? this.axes : data.X.rows > 1 ? [0, 1] : [0];
    this.rebuild();
  }

  // After a change of structure, of what is shown, or of the language.
  rebuild() {
    this.walk.example = Math.min(this.selected.j, this.walk.data.X.columns - 1);
    this.small = pictureInputs(this.walk.data, PIXELS, this.exampleOf(), this.axes);
    this.large = pictureInputs(this.walk.data, LARGE, this.exampleOf(), this.axes);
    this.network_view.build(this.walk, this.starts);
    this.controls();
    this.draw();
  }

  exampleOf() { return ["W", "b", "dW", "db", "J"].includes(this.selected.name) ? 0 : Math.min(this.selected.j, this.walk.data.X.columns - 1); }

  // Everything that follows from where the walk is.
  draw() {
    this.drawPictures();
    this.drawTables();
  }

  // A[l] at the inputs of a picture, l = 0 … L.
  answers(input) {
    const { walk } = this, { network } = walk, parameters = walk.parameters.map((_, place) => walk.parametersOf(place + 1));
    const { Z, caches } = forward(network, parameters, input.columns);
    return [input.columns, ...caches.slice(0, -1).map((cache) => cache.A), output(network, Z)];
  }

  drawPictures() {
    const { walk } = this, values = this.answers(this.small), { l, i } = this.unit, names = [null, ...walk.network.activations, lossNamed(walk.network.loss).outputActivation];
    this.network_view.paint(walk, values, this.small, !this.training || this.drawn++ % EDGES_EVERY === 0);
    this.network_view.mark(l, i);
    const row = (M) => M.data.subarray(i * M.columns, (i + 1) * M.columns);
    const input = this.training ? this.small : this.large, large = this.training ? values[l] : this.answers(input)[l];
    element("surface").classList.toggle("squares", isOneForEach(walk.data.plane));
    if (walk.data.plane.kind === "line") paintLine(element("surface"), row(large), l === walk.network.sizes.length - 1 ? walk.data.Y.data : []);
    else paint(element("surface"), row(large), input.width, input.height, names[l]);
    if (!this.training) paintExamples(element("examples"), walk.data, this.exampleOf());
    this.drawFigures();
  }

  // The figures beside the pictures.
  drawFigures() {
    const { walk } = this, { predictions, J } = walk.values, { Y } = walk.data, m = Y.columns;
    element("iteration").textContent = walk.t;
    element("cost").textContent = shown(J);
    element("score").textContent = "";
    if (this.settings.data === "own" && !this.own.Y) return;
    if (walk.network.loss === "binary_cross_entropy") {
      let right = 0;
      for (let j = 0; j < m; j++) right += (at(predictions, 0, j) > 0.5) === (at(Y, 0, j) > 0.5);
      element("score").textContent = say("right", { share: right, m });
    } else if (walk.network.loss === "half_squared_error") {
      element("score").textContent = say("rootError", { error: shown(Math.sqrt(2 * J / Y.rows)) });
    }
  }

  drawTables() {
    const { walk } = this, { sizes } = walk.network, L = sizes.length - 1, step = walk.step;
    this.tables = performance.now();
    const drawn = walk.costs.filter((value) => Number.isFinite(value)).length > 1;
    element("costs").hidden = !drawn;
    element("no-costs").hidden = drawn;
    if (drawn) paintCosts(element("costs"), walk.costs);
    element("position").innerHTML = walk.atBeginning ? say("beginning") : `${say("iteration")} ${walk.p === 0 ? walk.t - 1 : walk.t}, ${say("step")} ${walk.p || walk.steps.length}/${walk.steps.length}: <b>${say(step.way)}</b>`;
    element("equation").innerHTML = step ? stepFormula(step, L, walk.network.loss) : formula("A[0] = X");
    element("chain").textContent = step ? this.sayStep(step, L) : "";
    element("back").disabled = element("first").disabled = walk.atBeginning;
    element("tabs").innerHTML = sizes.map((n, l) => `<button role="tab" id="tab-${l}" data-l="${l}" aria-controls="layer" aria-selected="${l === this.layer}" tabindex="${l === this.layer ? 0 : -1}">${l === 0 ? "A[0]" : `l = ${l}`}</button>`).join("") + `<button data-j="1">J</button>`;
    element("layer").setAttribute("aria-labelledby", `tab-${this.layer}`);
    this.layer_view.show(walk, this.layer, this.starts, this.exampleStart, this.selected);
    this.cell_view.show(walk, this.selected);
    this.sayPicture();
  }

  sayStep({ name, l }, L) {
    const optimiser = this.walk.optimiser;
    if (name === "Z" || name === "A") return say("stepForward", { l, what: say(name === "Z" ? "whatZ" : l === L ? "whatAL" : "whatA") });
    if (name === "J") return say("stepJ");
    if (name === "dZ" && l === L) return say(isOutputLessTruth(this.walk.network.loss) ? "stepdZL" : "stepdZLother");
    if (name === "W") return say(optimiser === "gradient_descent" ? "stepW" : "stepWother", { l, optimiser });
    return say(`step${name}`, { l: name === "dA" ? l + 1 : l });
  }

  sayPicture() {
    const { l, i } = this.unit, what = l === 0 ? say("pictureInput", { i }) : say("picture", { l, i }), { kind } = this.walk.data.plane;
    const key = { square: "pictureOf", all: "pictureAll", line: "pictureLine", slice: "pictureSlice" }[kind];
    element("surface-words").textContent = say(key, { what, a: this.axes[0], b: this.axes[1] ?? "–", j: this.exampleOf() });
    element("surface").setAttribute("aria-label", element("surface-words").textContent);
  }

  // The controls show what the settings are.
  controls() {
    const { settings, walk } = this, { kind } = walk.data.plane;
    element("data").value = settings.data;
    element("m").value = settings.m;
    element("bits").value = settings.bits;
    element("folds").value = settings.folds;
    element("seed").value = settings.seed;
    element("rate").value = walk.rate;
    element("optimiser").value = walk.optimiser;
    element("activation").value = new Set(settings.hidden.map(({ g }) => g)).size === 1 ? settings.hidden[0].g : settings.hidden.length ? "" : "tanh";
    element("depth").textContent = `L = ${walk.network.sizes.length - 1}`;
    element("sizes").textContent = walk.network.sizes.join("-");
    element("shallower").disabled = settings.hidden.length === 0;
    element("deeper").disabled = settings.hidden.length >= 7;
    const visible = { "for-m": kind === "square" || kind === "line", "for-bits": settings.data === "parity", "for-folds": settings.data === "wave", "for-features": kind === "square", "for-axes": kind === "slice" && walk.data.X.rows > 1 };
    Object.entries(visible).forEach(([id, there]) => { element(id).hidden = !there; });
    element("features").innerHTML = Object.keys(FEATURES).map((name, place) => `<label><input type="checkbox" data-feature="${place}"${settings.features.includes(name) ? " checked" : ""}> ${name}</label>`).join("");
    if (kind === "slice") ["axis-0", "axis-1"].forEach((id, place) => { Object.assign(element(id), { max: walk.data.X.rows - 1, value: this.axes[place] ?? 0 }); });
    element("own-activations").innerHTML = settings.hidden.map(({ g }, place) => `<label>g[${place + 1}] <select data-layer="${place}">${Object.keys(ACTIVATIONS).map((name) => `<option${name === g ? " selected" : ""}>${name}</option>`).join("")}</select></label>`).join("");
  }

  select(cell) {
    const moved = this.exampleOf();
    this.selected = cell;
    if (this.exampleOf() !== moved && this.walk.data.plane.kind === "slice") this.rebuild();
    else this.draw();
  }

  showCell(cell) { this.cell_view.show(this.walk, cell); }

  chooseUnit(l, i) {
    this.unit = { l, i };
    this.layer = l;
    if (l > 0) this.selected = { name: "Z", l, i, j: this.exampleOf() };
    else this.selected = { name: "A", l, i, j: this.exampleOf() };
    this.draw();
  }

  showLayer(l) {
    this.layer = l;
    this.draw();
  }

  // A number was given for a cell.
  edit({ name, l, i, j }, value) {
    const { walk } = this, put = (M) => { const made = copied(M); made.data[i * M.columns + j] = value; return made; };
    if (name === "W" || name === "b") {
      if (walk.isUpdated(l)) walk.iterate(); // it is updated already: the next iteration has it
      walk.change({ parameters: walk.parameters.map((own, place) => place === l - 1 ? { ...own, [name]: put(own[name]) } : own) });
    } else {
      const key = name === "Y" ? "Y" : "X", data = { ...walk.data, [key]: put(walk.data[key]) };
      if (data.points && key === "X") data.points = data.points.map((point, column) => column === j ? moved(point, walk.data.inputs[i], value) : point);
      walk.change({ data });
    }
    this.draw();
  }

  resizeLayer(l, sign) {
    this.settings.hidden[l - 1].n += sign;
    this.begin();
  }

  // Show what the last step has made.
  follow() {
    const step = this.walk.step;
    if (step) {
      const { name, l } = step;
      this.layer = name === "dA" ? l + 1 : l;
      const l0 = name === "J" ? this.layer : l;
      const value = quantity(this.walk, name, l0), same = this.selected || { i: 0, j: 0 };
      const keep = (n, place) => Math.min(place, n - 1);
      this.selected = { name, l: l0, i: keep(value.rows, same.i), j: keep(value.columns, same.j) };
    }
    this.draw();
  }

  train() {
    if (this.training) return this.stop();
    this.training = true;
    this.drawn = 0;
    this.frames = [];
    element("train").textContent = say("stop");
    element("train").setAttribute("aria-pressed", "true");
    let last = 0;
    const frame = (now) => {
      if (!this.training) return;
      const pace = Number(element("pace").value);
      if (!SLOW.matches || now - last > TABLES_EVERY) {
        last = now;
        for (let k = 0; k < pace; k++) this.walk.iterate();
        this.frames.push(now);
        if (!Number.isFinite(this.walk.values.J)) this.stop();
        this.drawPictures();
        if (now - (this.tables || 0) > TABLES_EVERY) this.drawTables();
        if (this.frames.length > 120) this.frames.shift();
        document.body.dataset.fps = (1000 * (this.frames.length - 1) / (now - this.frames[0])).toFixed(1);
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  stop() {
    if (!this.training) return;
    this.training = false;
    element("train").textContent = say("train");
    element("train").setAttribute("aria-pressed", "false");
    this.draw();
  }

  speak(place) {
    language = place;
    document.documentElement.lang = LANGUAGES[place];
    document.title = document.querySelector(`h1 [lang=${LANGUAGES[place]}]`).textContent;
    document.querySelectorAll("[data-language]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.language === LANGUAGES[place])));
    document.querySelectorAll("option[data-en]").forEach((option) => { option.textContent = option.dataset[LANGUAGES[place]]; });
    element("train").textContent = say(this.training ? "stop" : "train");
    this.rebuild();
    this.depth_view.show();
  }

  listen() {
    const on = (id, kind, act) => element(id).addEventListener(kind, act);
    const settle = (id, name, number) => on(id, "change", () => { this.settings[name] = number ? number(element(id).value) : element(id).value; this.begin(); });
    const whole = (low, high) => (text) => Math.max(low, Math.min(high, Math.round(Number(text)) || low));
    settle("m", "m", whole(2, 1000));
    settle("bits", "bits", whole(2, 8));
    settle("folds", "folds", whole(1, 5));
    settle("seed", "seed", whole(0, 1e6));
    on("data", "change", () => {
      this.settings.data = element("data").value;
      const own = this.settings.data === "own";
      if (own) this.settings.hidden = this.own.sizes.slice(1, -1).map((n, place) => ({ n, g: this.own.activations[place] }));
      else this.settings.hidden = this.settings.hidden.slice(0, 7).map(({ n, g }) => ({ n: Math.min(n, MOST_UNITS), g }));
      this.begin();
    });
    on("activation", "change", () => { this.settings.hidden.forEach((own) => { own.g = element("activation").value; }); this.begin(); });
    on("own-activations", "change", (event) => { this.settings.hidden[event.target.dataset.layer].g = event.target.value; this.begin(); });
    on("features", "change", () => {
      const names = Array.from(document.querySelectorAll("[data-feature]:checked"), (box) => Object.keys(FEATURES)[box.dataset.feature]);
      if (names.length) this.settings.features = names;
      this.begin();
    });
    on("rate", "change", () => {
      const value = Number(element("rate").value);
      if (value > 0) this.walk.change({ rate: this.settings.rate = value });
      element("rate").value = this.walk.rate;
      this.draw();
    });
    on("optimiser", "change", () => { this.settings.optimiser = element("optimiser").value; this.walk.change({ optimiser: this.settings.optimiser, state: restState(this.walk.parameters) }); this.draw(); });
    on("deeper", "click", () => { const { hidden } = this.settings; hidden.push(hidden.length ? { ...hidden[hidden.length - 1] } : { n: 4, g: "tanh" }); this.begin(); });
    on("shallower", "click", () => { this.settings.hidden.pop(); this.begin(); });
    [0, 1].forEach((place) => on(`axis-${place}`, "change", () => { this.axes[place] = whole(0, this.walk.data.X.rows - 1)(element(`axis-${place}`).value); this.rebuild(); }));
    on("first", "click", () => { this.stop(); this.walk.to(0); this.settings.rate = this.walk.rate; this.controls(); this.follow(); });
    on("back", "click", () => { this.stop(); this.walk.back(); this.controls(); this.follow(); });
    on("forth", "click", () => { this.stop(); this.walk.forth(); this.follow(); });
    on("whole", "click", () => { this.stop(); this.walk.whole(); this.follow(); });
    on("train", "click", () => this.train());
    on("over", "click", () => { this.layer = 1; this.axes = null; this.startOver(); });
    on("tabs", "click", (event) => {
      const button = event.target.closest("button");
      if (button && button.dataset.l) this.showLayer(Number(button.dataset.l));
      else if (button) this.select({ name: "J", l: this.walk.network.sizes.length - 1, i: 0, j: 0 });
    });
    on("tabs", "keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key], n = this.walk.network.sizes.length;
      if (!move || !event.target.dataset.l) return;
      this.showLayer((this.layer + move + n) % n);
      element(`tab-${this.layer}`).focus();
    });
    on("show-code", "toggle", () => { element("code").textContent = pythonCode(this.walk); });
    on("copy", "click", () => navigator.clipboard.writeText(element("code").textContent).then(() => { element("copy").textContent = say("copied"); }));
    document.querySelectorAll("[data-language]").forEach((button) => button.addEventListener("click", () => this.speak(LANGUAGES.indexOf(button.dataset.language))));
    document.querySelectorAll("[data-step]").forEach((button) => button.addEventListener("click", () => this.goTo(button.dataset.step)));
    DARK.addEventListener("change", () => { shadesOfScheme(); this.draw(); });
    new ResizeObserver(() => { this.network_view.measure(); this.drawPictures(); }).observe(element("network"));
    this.depth_view = new DepthView(element("deep"), this.given.found, (problem, size, made) => this.loadCircuit(problem, size, made));
  }

  // To the first step of this kind in the iteration, from a section of the page.
  goTo(name) {
    this.stop();
    const { walk } = this, place = walk.steps.findIndex((step) => step.name === name);
    walk.p = place + 1;
    this.follow();
    element("bench").scrollIntoView({ behavior: SLOW.matches ? "auto" : "smooth" });
  }

  // A circuit of "Why deep?", with the loss of its scores.
  loadCircuit(problem, size, made) {
    const { network, parameters } = recentred(made);
    this.settings = { ...this.settings, data: problem, bits: problem === "parity" ? size : this.settings.bits, folds: problem === "wave" ? size : this.settings.folds, hidden: network.sizes.slice(1, -1).map((n) => ({ n, g: "relu" })) };
    const data = this.data.bind(this);
    this.data = () => ({ ...data(), loss: "half_squared_error" });
    this.begin(parameters);
    this.data = data;
    element("bench").scrollIntoView({ behavior: SLOW.matches ? "auto" : "smooth" });
  }
}

// A point of the plane after one of its inputs was given another value.
function moved(point, input, value) {
  if (input === "x₁") return [value, point[1]];
  if (input === "x₂") return [point[0], value];
  return point;
}

function openPage() {
  shadesOfScheme();
  document.querySelectorAll("[data-formula]").forEach((own) => { own.innerHTML = own.dataset.formula.split("; ").map((text) => formula(text)).join(" "); });
  const given = JSON.parse(element("given").textContent);
  window.bench = new Bench(given);
  window.bench.speak(LANGUAGES.indexOf(given.language));
  document.body.dataset.ready = "yes";
}

openPage();

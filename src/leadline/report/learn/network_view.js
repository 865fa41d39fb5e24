// Zoom 1, the network: a column of units for each layer, each unit with its own picture, and an edge for each weight.

// Units of a layer that are drawn at once.
const MOST_UNITS = 16;
// Steps of thickness between the weakest edge and the strongest.
const EDGE_LEVELS = 8;

class NetworkView {
  // place: the element that it fills; choose(l, i): a unit was chosen; window(l): the first unit of a layer that is shown
  constructor(place, choose, resize, scroll) {
    Object.assign(this, { place, choose, resize, scroll, buttons: [], starts: [], atlas: document.createElement("canvas") });
  }

  // Units, buttons and texts; after this, `paint` is enough.
  build(walk, starts) {
    const { sizes } = walk.network;
    this.starts = starts;
    this.buttons = [];
    const columns = sizes.map((n, l) => {
      const start = starts[l], count = Math.min(n - start, MOST_UNITS), hidden = l > 0 && l < sizes.length - 1;
      const column = document.createElement("div");
      column.className = "units";
      column.dataset.l = l;
      column.innerHTML = `<div class="head">${formula(`A[${l}]`)}<small>${n} ${say(n === 1 ? "unit" : "units")}</small></div><div class="stack"></div>`;
      const stack = column.querySelector(".stack");
      this.buttons[l] = [];
      for (let i = start; i < start + count; i++) {
        const button = document.createElement("button");
        button.className = "unit";
        Object.assign(button.dataset, { l, i });
        const label = l === 0 ? say("inputLabel", { i, name: walk.data.inputs[i] || "" }) : say("unitLabel", { l, i, n: sizes[l - 1] });
        button.setAttribute("aria-label", label);
        button.title = label;
        button.addEventListener("click", () => this.choose(l, i));
        stack.append(button);
        this.buttons[l].push(button);
      }
      if (n > MOST_UNITS) column.append(pager(start, MOST_UNITS, n, (place) => this.scroll(l, place), say("firstUnit", { a: start, b: start + count - 1, n })));
      if (hidden) column.append(pair(say("removeUnit", { l }), say("addUnit", { l }), (sign) => this.resize(l, sign), n < 2, n >= MOST_UNITS));
      return column;
    });
    [this.edges, this.pictures] = ["edges", "pictures"].map((name) => Object.assign(document.createElement("canvas"), { className: `behind ${name}`, ariaHidden: "true" }));
    this.place.replaceChildren(this.edges, this.pictures, ...columns);
    this.measure();
  }

  // Where the units stand, so that edges can be drawn to them.
  measure() {
    const own = this.place.getBoundingClientRect();
    const across = this.place.scrollLeft - own.left - this.place.clientLeft, down = -own.top - this.place.clientTop;
    this.spots = this.buttons.map((layer) => layer.map((button) => {
      const box = button.getBoundingClientRect();
      return { left: box.left + across, right: box.right + across, top: box.top + down, size: box.width, middle: (box.top + box.bottom) / 2 + down };
    }));
    this.wide = this.place.scrollWidth;
    this.high = this.place.clientHeight;
    this.dots = window.devicePixelRatio || 1;
    [this.edges, this.pictures].forEach((canvas) => {
      Object.assign(canvas, { width: Math.round(this.dots * this.wide), height: Math.round(this.dots * this.high) });
      Object.assign(canvas.style, { width: `${this.wide}px`, height: `${this.high}px` });
    });
  }

  // pictures[l]: A[l] at all inputs of a picture.
  paint(walk, pictures, input, edges = true) {
    const names = [null, ...walk.network.activations, lossNamed(walk.network.loss).outputActivation];
    this.paintPictures(pictures, input, names, isOneForEach(walk.data.plane));
    if (edges) this.paintEdges(walk);
  }

  // All pictures go through one image to one canvas: a canvas for each unit would cost more than what is in it.
  paintPictures(pictures, { width, height }, names, squares) {
    const context = this.pictures.getContext("2d"), units = this.buttons.flatMap((layer, l) => layer.map((_, place) => ({ l, i: this.starts[l] + place, spot: this.spots[l][place] })));
    context.setTransform(this.dots, 0, 0, this.dots, 0, 0);
    context.clearRect(0, 0, this.wide, this.high);
    context.imageSmoothingEnabled = !squares;
    const values = ({ l, i }) => pictures[l].data.subarray(i * pictures[l].columns, (i + 1) * pictures[l].columns);
    if (height === 1) {
      units.forEach((unit) => curveIn(context, values(unit), unit.spot));
      return;
    }
    if (this.atlas.width !== width || this.atlas.height !== height * units.length) Object.assign(this.atlas, { width, height: height * units.length });
    const ground = this.atlas.getContext("2d"), image = ground.createImageData(width, height * units.length), pixels = new Uint32Array(image.data.buffer);
    units.forEach((unit, k) => colour(pixels.subarray(k * width * height, (k + 1) * width * height), values(unit), names[unit.l]));
    ground.putImageData(image, 0, 0);
    units.forEach(({ spot }, k) => context.drawImage(this.atlas, 0, k * height, width, height, spot.left, spot.top, spot.size, spot.size));
  }

  // Edges of nearly the same weight are one path: hundreds of strokes would cost more than the network's mathematics.
  paintEdges(walk) {
    const context = this.edges.getContext("2d"), inks = [inkOf("--low"), inkOf("--high")], step = walk.step;
    context.setTransform(this.dots, 0, 0, this.dots, 0, 0);
    context.clearRect(0, 0, this.wide, this.high);
    const paths = inks.map(() => Array.from({ length: EDGE_LEVELS + 1 }, () => new Path2D()));
    for (let l = 1; l < this.spots.length; l++) {
      const { W } = walk.parametersOf(l);
      let most = 1e-9;
      for (const w of W.data) most = Math.max(most, Math.abs(w));
      this.spots[l].forEach((to, place) => this.spots[l - 1].forEach((from, before) => {
        const w = at(W, this.starts[l] + place, this.starts[l - 1] + before), path = paths[w > 0 ? 1 : 0][Math.round(EDGE_LEVELS * Math.abs(w) / most)];
        const half = (from.right + to.left) / 2;
        path.moveTo(from.right, from.middle);
        path.bezierCurveTo(half, from.middle, half, to.middle, to.left, to.middle);
      }));
    }
    paths.forEach((levels, sign) => levels.forEach((path, level) => {
      const share = level / EDGE_LEVELS;
      Object.assign(context, { strokeStyle: inks[sign], lineWidth: 0.4 + 3 * share, globalAlpha: 0.2 + 0.7 * share });
      context.stroke(path);
    }));
    context.globalAlpha = 1;
    this.place.querySelectorAll(".units").forEach((column) => column.classList.toggle("now", Boolean(step) && Number(column.dataset.l) === step.l));
    this.place.dataset.way = step ? step.way : "";
  }

  mark(l, i) {
    this.place.querySelectorAll(".unit").forEach((button) => button.setAttribute("aria-pressed", String(Number(button.dataset.l) === l && Number(button.dataset.i) === i)));
  }
}

// Two buttons, less and more.
function pair(less, more, change, noLess, noMore) {
  const made = document.createElement("div");
  made.className = "pair";
  [[-1, "−", less, noLess], [1, "+", more, noMore]].forEach(([sign, text, label, off]) => {
    const button = document.createElement("button");
    Object.assign(button, { textContent: text, title: label, disabled: off });
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => change(sign));
    made.append(button);
  });
  return made;
}

// Steps through something that is too long to be shown at once.
function pager(start, window, n, go, label) {
  const made = pair(`← ${label}`, `→ ${label}`, (sign) => go(Math.max(0, Math.min(start + sign * window, Math.floor((n - 1) / window) * window))), start === 0, start + window >= n);
  made.querySelectorAll("button").forEach((button, place) => { button.textContent = place ? "▸" : "◂"; });
  made.children[0].after(Object.assign(document.createElement("small"), { textContent: label }));
  made.classList.add("pager");
  return made;
}

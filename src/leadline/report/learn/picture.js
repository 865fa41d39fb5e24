// What a unit answers to each input, as a picture: blue is high, orange is low.

const element = (id) => document.getElementById(id);
const inkOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const channels = (colour) => [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));

// 256 colours from low over the page's own to high, as numbers that ImageData holds; another set after a change of the scheme.
const SHADES = 256;
let shades = null;
function shadesOfScheme() {
  const [low, middle, high] = ["--low", "--middle", "--high"].map((name) => channels(inkOf(name)));
  shades = Uint32Array.from({ length: SHADES }, (_, k) => {
    const share = 2 * k / (SHADES - 1) - 1, end = share < 0 ? low : high;
    const [red, green, blue] = middle.map((value, c) => Math.round(value + (end[c] - value) * Math.abs(share)));
    return (255 << 24) | (blue << 16) | (green << 8) | red;
  });
}

// What stands for the largest colour: a probability's own range, or the largest value.
function spread(values, kind) {
  if (kind === "sigmoid" || kind === "softmax") return { centre: 0.5, size: 0.5 };
  if (kind === "tanh") return { centre: 0, size: 1 };
  let size = 1e-9;
  for (const value of values) if (Math.abs(value) > size) size = Math.abs(value);
  return { centre: 0, size };
}

function paint(canvas, values, width, height, kind) {
  if (height === 1) return paintLine(canvas, values);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  colour(new Uint32Array(image.data.buffer), values, kind);
  context.putImageData(image, 0, 0);
}

// Values as the colours of pixels.
function colour(pixels, values, kind) {
  const { centre, size } = spread(values, kind), half = (SHADES - 1) / 2;
  for (let k = 0; k < pixels.length; k++) pixels[k] = shades[Math.max(0, Math.min(SHADES - 1, Math.round(((values[k] - centre) / size + 1) * half)))];
}

// The curve of a unit of one input, in its button.
function curveIn(context, values, { left, top, size }) {
  let low = 0, high = 0;
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  context.beginPath();
  values.forEach((value, k) => context[k ? "lineTo" : "moveTo"](left + 3 + (size - 6) * k / (values.length - 1), top + size - 5 - (size - 10) * (value - low) / (high - low || 1)));
  Object.assign(context, { strokeStyle: inkOf("--accent"), lineWidth: 2 });
  context.stroke();
}

// A unit of a network with one input: its curve.
function paintLine(canvas, values, others = []) {
  const width = canvas.clientWidth * 2 || 80, height = canvas.clientHeight * 2 || 80, edge = 0.08 * height;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  let low = 0, high = 0;
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  for (const value of others) { low = Math.min(low, value); high = Math.max(high, value); }
  const across = (k, n) => (k + 0.5) / n * width, up = (value) => height - edge - (value - low) / (high - low || 1) * (height - 2 * edge);
  const draw = (row, ink, thickness) => {
    context.beginPath();
    row.forEach((value, k) => context[k ? "lineTo" : "moveTo"](across(k, row.length), up(value)));
    Object.assign(context, { strokeStyle: ink, lineWidth: thickness });
    context.stroke();
  };
  draw([0, 0], inkOf("--line"), 1);
  if (others.length) draw(Array.from(others), inkOf("--soft"), 1.5);
  draw(Array.from(values), inkOf("--accent"), others.length ? 4 : 5);
}

// The examples over the large picture of a plane, and the one that is selected.
function paintExamples(canvas, data, chosen) {
  const width = canvas.width = canvas.clientWidth * 2, height = canvas.height = canvas.clientHeight * 2, context = canvas.getContext("2d");
  const dot = (x, y, ink, radius) => {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    Object.assign(context, { fillStyle: ink, strokeStyle: inkOf("--middle"), lineWidth: 2 });
    context.fill();
    context.stroke();
  };
  const ring = (x, y) => {
    context.beginPath();
    context.arc(x, y, 15, 0, 2 * Math.PI);
    Object.assign(context, { strokeStyle: inkOf("--ink"), lineWidth: 4 });
    context.stroke();
  };
  if (data.plane.kind === "square") {
    data.points.forEach(([x, y], j) => {
      const [right, down] = [(x / SIDE + 1) / 2 * width, (1 - y / SIDE) / 2 * height];
      dot(right, down, inkOf(at(data.Y, 0, j) > 0.5 ? "--high-dot" : "--low-dot"), 8);
      if (j === chosen) ring(right, down);
    });
  } else if (data.plane.kind === "all") {
    const columns = 2 ** Math.ceil(Math.log2(data.X.columns) / 2), rows = data.X.columns / columns;
    for (let j = 0; j < data.X.columns; j++) {
      const [right, down] = [(j % columns + 0.5) * width / columns, (Math.floor(j / columns) + 0.5) * height / rows];
      if (at(data.Y, 0, j) > 0.5) dot(right, down, inkOf("--ink"), 7);
      if (j === chosen) ring(right, down);
    }
  }
}

// J by iteration.
function paintCosts(canvas, costs) {
  const width = canvas.width = canvas.clientWidth * 2, height = canvas.height = canvas.clientHeight * 2, context = canvas.getContext("2d");
  const some = costs.filter((value) => Number.isFinite(value));
  if (some.length < 2) return;
  const most = Math.max(...some.filter((_, k) => k % Math.ceil(some.length / 500) === 0)), stride = Math.max(1, Math.floor(some.length / width));
  context.beginPath();
  for (let k = 0; k < some.length; k += stride) context[k ? "lineTo" : "moveTo"](k / (some.length - 1) * width, height - 4 - some[k] / most * (height - 12));
  Object.assign(context, { strokeStyle: inkOf("--accent"), lineWidth: 3 });
  context.stroke();
}

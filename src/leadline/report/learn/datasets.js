// The toy data of the page. A set is { X (n[0], m), Y (n[L], m), loss, plane }: plane says how its inputs become pictures.

// What the two coordinates of a point may enter the network as.
const FEATURES = {
  "x₁": (x) => x[0], "x₂": (x) => x[1], "x₁²": (x) => x[0] ** 2, "x₂²": (x) => x[1] ** 2, "x₁x₂": (x) => x[0] * x[1],
  "sin πx₁": (x) => Math.sin(Math.PI * x[0]), "sin πx₂": (x) => Math.sin(Math.PI * x[1]),
};

const NOISE = 0.05, SIDE = 1.2; // the plane goes from −1.2 to 1.2

// Each gives the point number k of m and its class.
const CLOUDS = {
  circle(k, m, { uniform, normal }) {
    const inside = k % 2 === 0, angle = 2 * Math.PI * uniform(), radius = inside ? 0.45 * Math.sqrt(uniform()) : 0.7 + 0.3 * uniform();
    return [[radius * Math.cos(angle) + NOISE * normal(), radius * Math.sin(angle) + NOISE * normal()], inside ? 1 : 0];
  },
  xor(k, m, { uniform }) {
    const right = k % 2, up = (k >> 1) % 2, away = () => 0.08 + 0.92 * uniform();
    return [[(right ? 1 : -1) * away(), (up ? 1 : -1) * away()], right ^ up];
  },
  spiral(k, m, { uniform, normal }) {
    const arm = k % 2, share = (k - arm) / m, angle = 1.75 * share * 2 * Math.PI + arm * Math.PI, radius = 0.05 + 0.95 * share;
    return [[radius * Math.sin(angle) + 0.3 * NOISE * normal(), radius * Math.cos(angle) + 0.3 * NOISE * normal()], arm];
  },
};

// Points of the plane as inputs, (n[0], m).
const asInputs = (points, features) => fromRows(features.map((name) => points.map((point) => FEATURES[name](point))));

function cloud(name, m, seed, features) {
  const source = drawing(seed), made = Array.from({ length: m }, (_, k) => CLOUDS[name](k, m, source));
  const points = made.map(([point]) => point);
  return { name, X: asInputs(points, features), Y: fromRows([made.map(([, y]) => y)]), loss: "binary_cross_entropy", inputs: features, points, plane: { kind: "square", features } };
}

// The triangle wave of 2^k pieces on [0, 1].
const triangle = (x, k) => { const position = (x * 2 ** k) % 2; return Math.min(position, 2 - position); };

function wave(m, pieces) {
  const xs = Array.from({ length: m }, (_, j) => (j + 0.5) / m);
  return { name: "wave", X: fromRows([xs.map((x) => 2 * x - 1)]), Y: fromRows([xs.map((x) => triangle(x, pieces))]), loss: "half_squared_error", inputs: ["2x − 1"], plane: { kind: "line" } };
}

// All 2^n inputs of bits; bit i of column j is the binary digit 2^i of j.
function bitPatterns(n) {
  const made = matrix(n, 2 ** n);
  for (let i = 0; i < n; i++) for (let j = 0; j < 2 ** n; j++) made.data[i * 2 ** n + j] = (j >> i) & 1;
  return made;
}
const parityOf = (X) => matrix(1, X.columns, Array.from({ length: X.columns }, (_, j) => { let sum = 0; for (let i = 0; i < X.rows; i++) sum += at(X, i, j); return sum % 2; }));

function parityData(n) {
  const X = bitPatterns(n);
  return { name: "parity", X: entrywise((x) => 2 * x - 1, X), Y: parityOf(X), loss: "binary_cross_entropy", inputs: Array.from({ length: n }, (_, i) => `bit ${i}`), plane: { kind: "all" } };
}

// Whether a picture has one square for each input that there is.
const isOneForEach = (plane) => plane.kind === "all";

// The inputs whose outputs make the pictures: `columns` (n[0], width × height), row by row from the top.
function pictureInputs(data, pixels, example, axes) {
  const { kind, features } = data.plane;
  if (kind === "all") {
    const width = 2 ** Math.ceil(Math.log2(data.X.columns) / 2);
    return { columns: data.X, width, height: data.X.columns / width };
  }
  if (kind === "line") {
    const xs = Array.from({ length: 4 * pixels }, (_, j) => -1 + 2 * (j + 0.5) / (4 * pixels));
    return { columns: fromRows([xs]), width: 4 * pixels, height: 1 };
  }
  const places = Array.from({ length: pixels }, (_, j) => (j + 0.5) / pixels), points = [];
  if (kind === "square") {
    for (const down of places) for (const right of places) points.push([SIDE * (2 * right - 1), SIDE * (1 - 2 * down)]);
    return { columns: asInputs(points, features), width: pixels, height: pixels };
  }
  // two inputs move over their range, the others stay as the selected example has them
  const made = matrix(data.X.rows, pixels * pixels), ranges = axes.map((i) => rangeOfRow(data.X, i));
  for (let i = 0; i < data.X.rows; i++) made.data.fill(at(data.X, i, example), i * pixels * pixels, (i + 1) * pixels * pixels);
  places.forEach((down, row) => places.forEach((right, column) => {
    const place = row * pixels + column, [first, second] = axes;
    if (second !== undefined) made.data[second * pixels * pixels + place] = ranges[1].high - down * (ranges[1].high - ranges[1].low);
    made.data[first * pixels * pixels + place] = ranges[0].low + right * (ranges[0].high - ranges[0].low);
  }));
  return { columns: made, width: pixels, height: pixels };
}

// From the lowest to the highest value of an input, and a tenth more on both sides.
function rangeOfRow(X, i) {
  const row = X.data.subarray(i * X.columns, (i + 1) * X.columns);
  let low = Infinity, high = -Infinity;
  for (const value of row) { low = Math.min(low, value); high = Math.max(high, value); }
  const edge = 0.1 * (high - low) || 1;
  return { low: low - edge, high: high + edge };
}

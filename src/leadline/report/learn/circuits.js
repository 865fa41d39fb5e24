// Parity and the folded wave as networks in closed form, as network/circuits.py writes them; exact, nothing is trained.

const ones = (rows, columns) => matrix(rows, columns, new Array(rows * columns).fill(1));
const closedForm = (sizes) => ({ sizes, activations: new Array(sizes.length - 2).fill("relu"), loss: "half_squared_error" });
const halvings = (n) => { let k = 0; while (2 ** k < n) k++; return k; };

// A balanced tree of XOR blocks: u XOR v = relu(u + v) − 2 relu(u + v − 1).
function parityTree(n) {
  const parameters = [], sizes = [n];
  let readOut = entrywise((_, __) => 0, matrix(n, n));
  for (let i = 0; i < n; i++) readOut.data[i * n + i] = 1;
  for (let count = n; count > 1; count = Math.ceil(count / 2)) {
    const blocks = Math.floor(count / 2), last = count % 2;
    const pair = matrix(count, count), b = matrix(count, 1), own = matrix(blocks + last, count);
    for (let block = 0; block < blocks; block++) {
      for (const i of [2 * block, 2 * block + 1]) for (const j of [2 * block, 2 * block + 1]) pair.data[i * count + j] = 1;
      b.data[2 * block + 1] = -1;
      own.data[block * count + 2 * block] = 1;
      own.data[block * count + 2 * block + 1] = -2;
    }
    if (last) pair.data[count * count - 1] = own.data[(blocks + last) * count - 1] = 1;
    parameters.push({ W: product(pair, readOut), b });
    sizes.push(count);
    readOut = own;
  }
  return { network: closedForm([...sizes, 1]), parameters: [...parameters, { W: readOut, b: matrix(1, 1) }] };
}

// One hidden layer of 2^(n−1) units, each an AND that recognises one input of odd parity.
function parityPatterns(n) {
  const X = bitPatterns(n), Y = parityOf(X), odd = Array.from(Y.data.keys()).filter((j) => Y.data[j] === 1), P = transposed(pickColumns(X, odd));
  const b = matrix(odd.length, 1, odd.map((_, i) => { let sum = 0; for (let k = 0; k < n; k++) sum += at(P, i, k); return 1 - sum; }));
  return { network: closedForm([n, odd.length, 1]), parameters: [{ W: entrywise((p) => 2 * p - 1, P), b }, { W: ones(1, odd.length), b: matrix(1, 1) }] };
}

// Thresholds that make units go up and down: 1, −2, 2, −2, …
const zigzag = (units) => matrix(1, units, Array.from({ length: units }, (_, j) => j === 0 ? 1 : j % 2 ? -2 : 2));

// One hidden layer of n units that all see the sum of the bits.
const paritySum = (n) => ({ network: closedForm([n, n, 1]), parameters: [
  { W: ones(n, n), b: matrix(n, 1, Array.from({ length: n }, (_, j) => -j)) }, { W: zigzag(n), b: matrix(1, 1) }] });

// k folds of two units: 2 relu(x) − 4 relu(x − 1/2) takes [0, 1] to itself, there and back.
function folds(k, readOut) {
  const parameters = [];
  for (let fold = 0; fold < k; fold++) {
    parameters.push({ W: product(ones(2, 1), readOut), b: matrix(2, 1, [0, -0.5]) });
    readOut = matrix(1, 2, [2, -4]);
  }
  return [...parameters, { W: readOut, b: matrix(1, 1) }];
}

const parityFolded = (n) => { const k = halvings(n); return { network: closedForm([n, ...new Array(k).fill(2), 1]), parameters: folds(k, scaled(ones(1, n), 0.5 ** k)) }; };
const waveFolded = (k) => ({ network: closedForm([1, ...new Array(k).fill(2), 1]), parameters: folds(k, ones(1, 1)) });

// One hidden layer of 2^k units.
function waveShallow(k) {
  const units = 2 ** k;
  return { network: closedForm([1, units, 1]), parameters: [
    { W: ones(units, 1), b: matrix(units, 1, Array.from({ length: units }, (_, j) => -j / units)) }, { W: scaled(zigzag(units), units), b: matrix(1, 1) }] };
}

const CIRCUITS = { parity_tree: parityTree, parity_patterns: parityPatterns, parity_sum: paritySum, parity_folded: parityFolded, wave_folded: waveFolded, wave_shallow: waveShallow };
const hiddenUnits = (network) => network.sizes.slice(1, -1).reduce((sum, n) => sum + n, 0);
const countParameters = (network) => network.sizes.slice(1).reduce((sum, n, place) => sum + n * (network.sizes[place] + 1), 0);

// The same network for inputs that were moved from [0, 1] to [−1, 1], as the page trains on them; halves are exact.
function recentred({ network, parameters }) {
  const [{ W, b }, ...rest] = parameters, half = scaled(W, 0.5);
  return { network, parameters: [{ W: half, b: entrywise((x, y) => x + y, b, rowSums(half)) }, ...rest] };
}

// Matrices of float64, row by row in one array: the little of NumPy that the equations need.

// A matrix (rows, columns), all zeros or with these entries.
const matrix = (rows, columns, entries) => ({ rows, columns, data: entries ? Float64Array.from(entries) : new Float64Array(rows * columns) });

// From a list of rows, and back.
const fromRows = (rows) => matrix(rows.length, rows.length ? rows[0].length : 0, rows.flat());
const toRows = (M) => Array.from({ length: M.rows }, (_, i) => Array.from(M.data.subarray(i * M.columns, (i + 1) * M.columns)));

const at = (M, i, j) => M.data[i * M.columns + j];
const copied = (M) => matrix(M.rows, M.columns, M.data);
const sameBits = (M, N) => M.rows === N.rows && M.columns === N.columns && M.data.every((value, k) => Object.is(value, N.data[k]));

// M @ N
function product(M, N) {
  const made = matrix(M.rows, N.columns), n = N.columns, sums = made.data, { data } = N;
  for (let i = 0; i < M.rows; i++) {
    for (let k = 0; k < M.columns; k++) {
      const factor = M.data[i * M.columns + k], row = i * n, other = k * n;
      for (let j = 0; j < n; j++) sums[row + j] += factor * data[other + j];
    }
  }
  return made;
}

// M.T
function transposed(M) {
  const made = matrix(M.columns, M.rows);
  for (let i = 0; i < M.rows; i++) for (let j = 0; j < M.columns; j++) made.data[j * M.rows + i] = M.data[i * M.columns + j];
  return made;
}

// M + b, with the column b broadcast over the columns of M.
function plusColumn(M, b) {
  const made = copied(M);
  for (let i = 0; i < M.rows; i++) for (let j = 0; j < M.columns; j++) made.data[i * M.columns + j] += b.data[i];
  return made;
}

// Entry by entry: f(M), f(M, N) or f(M, N, P).
function entrywise(f, M, N, P) {
  const made = matrix(M.rows, M.columns), { data } = made, first = M.data, second = (N || M).data, third = (P || M).data;
  for (let k = 0; k < data.length; k++) data[k] = f(first[k], second[k], third[k]);
  return made;
}

const times = (M, N) => entrywise((x, y) => x * y, M, N);
const scaled = (M, factor) => entrywise((x) => x * factor, M);
const dividedBy = (M, divisor) => entrywise((x) => x / divisor, M);

// np.sum(M, axis=1, keepdims=True): a column.
function rowSums(M) {
  const made = matrix(M.rows, 1);
  for (let i = 0; i < M.rows; i++) for (let j = 0; j < M.columns; j++) made.data[i] += M.data[i * M.columns + j];
  return made;
}

// Some columns of M, in this order.
function pickColumns(M, columns) {
  const made = matrix(M.rows, columns.length);
  for (let i = 0; i < M.rows; i++) columns.forEach((j, place) => { made.data[i * columns.length + place] = M.data[i * M.columns + j]; });
  return made;
}

// The equations of a deep L-layer network, line by line as network/equations.py has them; columns are examples.
//
//   forward     Z[l] = W[l] A[l-1] + b[l]                A[l] = g[l](Z[l])                     l = 1 … L
//   backward    dZ[l] = dA[l] ∗ g[l]′(Z[l])              for the output dZ[L] = A[L] − Y       l = L … 1
//               dW[l] = (1/m) dZ[l] A[l-1]ᵀ
//               db[l] = (1/m) Σ over columns of dZ[l]
//               dA[l-1] = W[l]ᵀ dZ[l]
//   update      W[l] := W[l] − α dW[l]                   b[l] := b[l] − α db[l]
//
// A network is { sizes: [n[0], …, n[L]], activations: [g[1], …, g[L-1]], loss }; parameters are [{ W, b }, …] for l = 1 … L.

// A[l-1] in, A[l] and the cache out.
function layerForward(ABefore, W, b, g) {
  const Z = plusColumn(product(W, ABefore), b);
  const A = entrywise(g.g, Z);
  return { A, cache: { Z, A, W, ABefore } };
}

// dA[l] in, dA[l-1], dW[l] and db[l] out.
function layerBackward(dA, cache, g) {
  const m = dA.columns;
  const dZ = times(dA, entrywise(g.gPrime, cache.Z, cache.A));
  const dW = dividedBy(product(dZ, transposed(cache.ABefore)), m);
  const db = dividedBy(rowSums(dZ), m);
  const dABefore = product(transposed(cache.W), dZ);
  return { dZ, dABefore, dW, db };
}

const activationNames = (network) => [...network.activations, "identity"]; // g[L] is inside the loss

// The whole network, left to right: the scores Z[L] and every layer's cache.
function forward(network, parameters, X) {
  let A = X;
  const caches = [];
  activationNames(network).forEach((name, place) => {
    const layer = layerForward(A, parameters[place].W, parameters[place].b, ACTIVATIONS[name]);
    A = layer.A;
    caches.push(layer.cache);
  });
  return { Z: A, caches };
}

// A[L] = g[L](Z[L]): the predictions.
function output(network, Z) {
  const name = lossNamed(network.loss).outputActivation;
  if (name === "softmax") return softmax(Z);
  return entrywise(name === "exp" ? Math.exp : ACTIVATIONS[name].g, Z);
}

// J, the mean loss over the examples.
function cost(network, Z, Y) {
  const values = lossNamed(network.loss).value(Z, Y);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

// The whole network, right to left: { dA, dZ, dW, db } of every layer, dA being null for the output.
function backward(network, caches, Y) {
  const names = activationNames(network), gradients = [];
  let dA = lossNamed(network.loss).gradient(caches[caches.length - 1].Z, Y); // this is dZ[L]
  for (let place = caches.length - 1; place >= 0; place--) {
    const layer = layerBackward(dA, caches[place], ACTIVATIONS[names[place]]);
    gradients[place] = { dA: place === caches.length - 1 ? null : dA, dZ: layer.dZ, dW: layer.dW, db: layer.db };
    dA = layer.dABefore;
  }
  return gradients;
}

// One iteration of gradient descent.
function gradientDescent(parameters, gradients, rate) {
  return parameters.map(({ W, b }, place) => ({
    W: entrywise((w, dw) => w - rate * dw, W, gradients[place].dW),
    b: entrywise((x, dx) => x - rate * dx, b, gradients[place].db),
  }));
}

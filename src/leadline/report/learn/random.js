// Numbers drawn from a seed, the same ones every time (SplitMix32), and the initial parameters that are made of them.

function drawing(seed) {
  let state = (seed * 2654435761 + 0x9e3779b9) >>> 0;
  const uniform = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 4294967296;
  };
  // Box and Muller
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

// W[l] normal with the standard deviation gain / √n[l-1] (He et al. 2015), b[l] zero.
function initialParameters(network, seed) {
  const { normal } = drawing(seed), names = activationNames(network);
  return network.sizes.slice(1).map((n, place) => {
    const before = network.sizes[place], deviation = ACTIVATIONS[names[place]].gain / Math.sqrt(before);
    return { W: matrix(n, before, Array.from({ length: n * before }, () => deviation * normal())), b: matrix(n, 1) };
  });
}

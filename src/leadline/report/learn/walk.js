// The walk: which step of which iteration the page is at, forth and back, and to the beginning to the same bits.
//
// A walk holds everything that decides on the numbers. What it shows is computed from the parameters at the start of its
// iteration, t; position p says how many steps of that iteration are done.

// Between two sets of parameters that are kept, in iterations; those between them are computed again.
const KEPT_EVERY = 50;

// The steps of one iteration, in the order in which the equations are worked out.
function stepsOf(L) {
  const steps = [];
  for (let l = 1; l <= L; l++) steps.push({ way: "forward", l, name: "Z" }, { way: "forward", l, name: "A" });
  steps.push({ way: "loss", l: L, name: "J" });
  for (let l = L; l >= 1; l--) {
    steps.push({ way: "backward", l, name: "dZ" }, { way: "backward", l, name: "dW" }, { way: "backward", l, name: "db" });
    if (l > 1) steps.push({ way: "backward", l: l - 1, name: "dA" });
  }
  for (let l = 1; l <= L; l++) steps.push({ way: "update", l, name: "W" });
  return steps;
}

class Walk {
  // network, parameters at the beginning, data { X, Y }, learning rate, optimiser
  constructor(network, parameters, data, rate, optimiser) {
    this.network = network;
    this.steps = stepsOf(network.sizes.length - 1);
    this.kept = [{ t: 0, parameters, state: restState(parameters), data, rate, optimiser }];
    this.costs = [];
    this.enter(this.kept[0], 0);
  }

  // Stand at the beginning of the iteration of a point, with p of its steps done. A point is all that decides on what follows.
  enter(point, p) {
    Object.assign(this, point);
    Object.assign(this, { p, computed: null });
  }

  get point() {
    const { t, parameters, state, data, rate, optimiser } = this;
    return { t, parameters, state, data, rate, optimiser };
  }

  // Everything of this iteration: caches, predictions, J, gradients, and what comes after it.
  get values() {
    if (!this.computed) {
      const { Z, caches } = forward(this.network, this.parameters, this.data.X);
      const gradients = backward(this.network, caches, this.data.Y);
      const next = optimiserStep(this.optimiser, this.parameters, gradients, this.state, this.rate, this.t + 1);
      const J = cost(this.network, Z, this.data.Y);
      this.costs[this.t] = J;
      this.computed = { Z, caches, predictions: output(this.network, Z), J, gradients, next };
    }
    return this.computed;
  }

  // The step that was done last; null at the very beginning.
  get step() { return this.p > 0 ? this.steps[this.p - 1] : this.t > 0 ? this.steps[this.steps.length - 1] : null; }
  get upcoming() { return this.steps[this.p]; }
  get atBeginning() { return this.t === 0 && this.p === 0; }

  // Whether a quantity of layer l is known at this step; parameters and A[0] always are.
  knows(name, l) {
    if (name === "W" || name === "b" || (name === "A" && l === 0) || name === "X" || name === "Y") return true;
    const place = this.steps.findIndex((step) => step.name === name && step.l === l);
    return place >= 0 && place < this.p;
  }

  // W[l] and b[l] as they stand now: within the update, the layers that are done have their new ones.
  parametersOf(l) {
    const place = this.steps.findIndex((step) => step.name === "W" && step.l === l);
    return place < this.p ? this.values.next.parameters[l - 1] : this.parameters[l - 1];
  }

  isUpdated(l) { return this.parametersOf(l) !== this.parameters[l - 1]; }

  // W[l] and b[l] that this iteration's numbers are made of.
  parametersOfIteration(l) { return this.parameters[l - 1]; }

  // After the last step of an iteration its numbers stay until the next one begins.
  forth() {
    if (this.isDone) this.iterate();
    this.p += 1;
  }

  get isDone() { return this.p === this.steps.length; }

  // One whole iteration; from the middle of one, to its end.
  whole() {
    if (this.isDone) this.iterate();
    this.iterate();
  }

  // On to the beginning of the next iteration.
  iterate() {
    const point = { ...this.point, t: this.t + 1, ...this.values.next };
    if (point.t % KEPT_EVERY === 0) this.kept.push(point);
    this.enter(point, 0);
  }

  back() {
    if (this.p > 0) this.p -= 1;
    else if (this.t > 0) {
      this.to(this.t - 1);
      this.p = this.steps.length - 1;
    }
  }

  // To the beginning of an earlier or later iteration.
  to(t) {
    while (this.kept.length > 1 && this.kept[this.kept.length - 1].t > t) this.kept.pop();
    if (t < this.t) {
      this.enter(this.kept[this.kept.length - 1], 0);
      this.costs.length = Math.min(this.costs.length, t + 1);
    }
    while (this.t < t) this.iterate();
    this.p = 0;
  }

  // Go on from here with other { parameters, data, rate or optimiser }; what came before stays as it was.
  change(others) {
    while (this.kept.length && this.kept[this.kept.length - 1].t >= this.t) this.kept.pop();
    const point = { ...this.point, ...others };
    this.kept.push(point);
    this.costs.length = Math.min(this.costs.length, this.t);
    this.enter(point, this.p);
  }
}

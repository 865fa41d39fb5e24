// Asks for the state of the search every second and shows it.
const element = (id) => document.getElementById(id);
const number = (value) => value === null || value === undefined ? "–" : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(4)).toString();
const seconds = (value) => value < 60 ? `${value.toFixed(value < 10 ? 1 : 0)} s` : value < 3600 ? `${Math.floor(value / 60)} min ${Math.round(value % 60)} s` : `${Math.floor(value / 3600)} h ${Math.round((value % 3600) / 60)} min`;

// The additive model counts as 0, and is no depth.
const nameOf = (L) => L === 0 ? "additive" : `L = ${L}`;

function ladderSpec(state) {
  const sign = state.metric.sign, rows = state.ladder.filter((row) => row.mean_score !== null);
  const values = rows.map((row) => ({ L: row.L || nameOf(row.L), depth: row.L, mean: sign * row.mean_score, low: sign * row.mean_score - (row.standard_error || 0), high: sign * row.mean_score + (row.standard_error || 0) }));
  const depths = { transform: [{ filter: "datum.depth > 0" }] }, tooltip = [{ field: "L", title: "L" }, { field: "mean", title: state.metric.label, format: ",.4~g" }];
  const y = (field) => ({ field, type: "quantitative", scale: { zero: false }, title: state.metric.label });
  const x = { field: "L", type: "ordinal", title: "L", sort: values.map((value) => value.L), axis: { labelAngle: 0 } };
  return { height: 240, data: { values }, layer: [
    { mark: { type: "rule", color: "var(--ink)" }, encoding: { x, y: y("low"), y2: { field: "high" } } },
    { ...depths, mark: { type: "line", color: "var(--ink)", point: { size: 70, color: "var(--ink)" } }, encoding: { x, y: y("mean"), tooltip } },
    { transform: [{ filter: "datum.depth === 0" }], mark: { type: "point", shape: "diamond", filled: true, size: 110, opacity: 1, color: "var(--c1)" }, encoding: { x, y: y("mean"), tooltip } },
    { transform: [{ filter: `datum.depth === ${state.verdict.depth}` }], mark: { type: "point", size: 300, strokeWidth: 3, color: "var(--accent)" }, encoding: { x, y: y("mean") } } ] };
}

function curvesSpec(state) {
  const sign = state.metric.sign;
  const values = state.curves.flatMap(([name, points]) => points.map(([epoch, score]) => ({ name, epoch, score: sign * score })));
  const scores = values.map((value) => value.score).sort((a, b) => a - b), last = scores.length - 1;
  // the first epochs may be far away from where the curves go
  const low = sign < 0 ? scores[0] : scores[Math.floor(0.03 * last)], high = sign < 0 ? scores[Math.ceil(0.97 * last)] : scores[last];
  return { height: 240, data: { values }, mark: { type: "line", strokeWidth: 1.2, clip: true }, encoding: {
    x: { field: "epoch", type: "quantitative", title: "epoch", axis: { tickMinStep: 1 } },
    y: { field: "score", type: "quantitative", title: state.metric.label, scale: { zero: false, domain: [low, high], nice: true } },
    color: { field: "name", type: "nominal", legend: null, scale: { range: [...Array(10).keys()].map((i) => `var(--c${i})`) } },
    tooltip: [{ field: "name", title: "network" }, { field: "epoch", title: "epoch" }, { field: "score", title: state.metric.label, format: ",.4~g" }] } };
}

function cell(row, text, kind) {
  const made = row.insertCell();
  made.textContent = text;
  if (kind) made.className = kind;
}

const HEADS = { waiting: "Waiting for the search …", delivering: "The depths are judged; the final models are trained on all rows …", concluding: "Summing up …", silent: "Nothing was heard of the search for a while: a long training, or it has ended.", stopped: "The search was stopped." };

async function show(state) {
  const running = state.state === "running", progress = state.progress;
  element("head").textContent = running ? `Searching: ${state.L === 0 ? "the additive model" : nameOf(state.L)}` : (state.state === "finished" && state.sentence) || HEADS[state.state] || state.state;
  document.title = running ? `${nameOf(state.L)} … Leadline` : "Leadline";
  element("about").textContent = state.about || state.reason || "";
  element("bar").hidden = !running;
  element("facts").replaceChildren();
  const facts = [];
  if (running && progress) {
    element("bar").value = progress.share;
    facts.push([`${progress.done} of ${progress.planned}`, "networks"]);
    if (progress.seconds_left !== null) facts.push([seconds(progress.seconds_left), "left for this step"]);
    if (progress.whole) facts.push([progress.whole[0] === progress.whole[1] ? seconds(progress.whole[0]) : `${seconds(progress.whole[0])} to ${seconds(progress.whole[1])}`, "left for all depths"]);
  }
  if (state.units) facts.push([state.units.all, "networks trained"]);
  for (const [value, what] of facts) {
    const made = document.createElement("span"), bold = document.createElement("b");
    bold.textContent = value;
    made.append(bold, ` ${what}`);
    element("facts").append(made);
  }
  if (!state.metric) return;
  element("label").textContent = state.metric.label;
  element("rows").replaceChildren();
  for (const row of state.ladder) {
    const made = element("rows").insertRow();
    if (state.verdict && state.verdict.depth === row.L) made.className = "chosen";
    cell(made, row.L || nameOf(row.L));
    cell(made, row.hidden_layer_sizes.join(" · ") || (row.L ? "none" : "–"), "text");
    cell(made, number(row.mean_score === null ? null : state.metric.sign * row.mean_score));
    cell(made, number(row.standard_error));
    cell(made, row.supported === null ? "–" : row.supported ? "yes" : "no");
    cell(made, row.networks);
    cell(made, row.seconds.toFixed(1));
  }
  const specs = {};
  if (state.verdict && state.ladder.length) specs.ladder = ladderSpec(state);
  element("curves").hidden = !state.curves || !state.curves.some(([, points]) => points.length);
  if (!element("curves").hidden) specs.curves = curvesSpec(state);
  await draw(specs);
}

let shown = "";
async function ask() {
  let state;
  try {
    state = await (await fetch("state.json")).json();
  } catch (error) {
    element("head").textContent = "The server has ended. What was found stays in the run folder.";
    document.body.dataset.state = "gone";
  }
  if (state) {
    const key = JSON.stringify({ ...state, silent: 0 });
    if (key !== shown) {
      shown = key;
      await show(state);
      document.body.dataset.state = state.state;
    }
    if (state.state === "finished") {
      location.replace("report.html");
      return;
    }
  }
  setTimeout(ask, 1000);
}
ask();

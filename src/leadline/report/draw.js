// Draws every figure of the page from its Vega-Lite; colours are the page's variables.
const config = {
  background: "transparent", font: "system-ui, sans-serif", padding: { left: 2, right: 8, top: 6, bottom: 2 },
  view: { stroke: null },
  axis: { labelColor: "var(--soft)", titleColor: "var(--soft)", gridColor: "var(--line)", domainColor: "var(--pale)", tickColor: "var(--pale)",
    labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 160 },
  axisX: { grid: false },
  legend: { labelColor: "var(--soft)", titleColor: "var(--soft)", symbolStrokeColor: "var(--soft)", labelFontSize: 12 },
};
const options = { renderer: "svg", actions: false, logLevel: 1 /* errors */, config, tooltip: { theme: "page", disableDefaultStyle: true, sanitize: (value) =>
  String(value).replace(/&/g, "&amp;").replace(/</g, "&lt;") } };
const drawn = {};
function draw(specs) {
  return Promise.all(Object.entries(specs).map(async ([name, spec]) => {
    const element = document.getElementById("plot-" + name);
    if (drawn[name]) drawn[name].finalize();
    drawn[name] = await vegaEmbed(element, { width: "container", autosize: { type: "fit-x", contains: "padding" }, ...spec }, options);
  }));
}

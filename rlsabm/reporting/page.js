"use strict";
(() => {
  const said = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = said("figures");
  const themes = said("themes");
  const root = document.documentElement;
  const views = new Map();
  const NARROW = 520;

  const theme = () => (root.dataset.theme === "dark" ? "dark" : "screen");

  // A copy of a specification for a place of this width; names of rows leave room for the figure.
  function fitted(spec, width) {
    const copy = structuredClone(spec);
    copy.width = "container";
    copy.autosize = { type: "fit-x", contains: "padding" };
    const most = width < NARROW ? 0.36 * width : 0.42 * width;
    const limit = (part) => {
      for (const layer of part.layer || []) limit(layer);
      const y = part.encoding && part.encoding.y;
      if (y && y.type === "nominal") {
        y.axis = { ...(y.axis || {}), labelLimit: Math.min(most, (y.axis || {}).labelLimit || 250) };
      }
      for (const channel of ["color", "shape"]) {
        const key = part.encoding && part.encoding[channel];
        if (key && key.legend !== null && width < NARROW) key.legend = { ...(key.legend || {}), columns: 1 };
      }
    };
    limit(copy);
    return copy;
  }

  async function draw(place) {
    const spec = figures[place.dataset.figure];
    const width = place.parentElement.clientWidth;
    place.dataset.width = width;
    place.style.width = `${width}px`;
    const before = views.get(place);
    const drawn = await vegaEmbed(place, fitted(spec, width), {
      actions: false, renderer: "svg", config: themes[theme()],
      tooltip: { theme: theme() === "dark" ? "dark" : "light" },
    });
    place.style.width = "";
    if (before) before.finalize();
    views.set(place, drawn);
  }

  const places = [...document.querySelectorAll(".live")];
  const redraw = () => Promise.all(places.map((place) => draw(place)));

  // Saved as papers want it: in the theme for print, at a width of its own.
  async function save(name, kind) {
    const place = document.createElement("div");
    const drawn = await vegaEmbed(place, figures[name], {
      actions: false, renderer: "svg", config: themes.print,
    });
    const address = await drawn.view.toImageURL(kind, kind === "png" ? 4 : 1);
    const link = document.createElement("a");
    link.href = address;
    link.download = `${document.body.dataset.name}-${name}.${kind}`;
    document.body.append(link);
    link.click();
    link.remove();
    drawn.finalize();
    return address;
  }

  for (const button of document.querySelectorAll("button[data-save]")) {
    button.addEventListener("click", () => save(button.dataset.of, button.dataset.save));
  }

  const toggle = document.getElementById("theme");
  const asked = window.matchMedia("(prefers-color-scheme: dark)");
  function choose(name) {
    root.dataset.theme = name;
    toggle.textContent = name === "dark" ? "Light" : "Dark";
    toggle.setAttribute("aria-label", `Change to the ${name === "dark" ? "light" : "dark"} theme`);
  }
  toggle.addEventListener("click", () => { choose(theme() === "dark" ? "light" : "dark"); redraw(); });
  asked.addEventListener("change", (event) => { choose(event.matches ? "dark" : "light"); redraw(); });

  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (const place of places) {
        if (Number(place.dataset.width) !== place.parentElement.clientWidth) draw(place);
      }
    }, 150);
  });

  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details.numbers:not([open])")];
    for (const each of folded) each.open = true;
  });
  window.addEventListener("afterprint", () => { for (const each of folded) each.open = false; });

  window.report = { views, save, redraw };
  choose(asked.matches ? "dark" : "light");
  redraw().then(() => { root.dataset.ready = "yes"; });
})();

"use strict";
(() => {
  const said = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = said("figures");
  const themes = said("themes");
  const root = document.documentElement;
  const views = new Map();
  const NARROW = 520;
  const ROOM_OF_AXES = 120;

  const theme = () => (root.dataset.theme === "dark" ? "dark" : "screen");

  // Width of a letter, and height of a line of a name (pixels); most lines of a name.
  const LETTER = 6.7;
  const LINE = 13;
  const MOST_LINES = 4;
  // Height of a line of the key.
  const KEY = 15;

  function wrapped(text, letters) {
    const lines = [""];
    for (const word of text.split(" ")) {
      const last = lines[lines.length - 1];
      if (last && last.length + 1 + word.length > letters && lines.length < MOST_LINES) lines.push(word);
      else lines[lines.length - 1] = last ? `${last} ${word}` : word;
    }
    return lines;
  }

  // On a phone the key stands above the names of rows, too: above the figure alone it has no room.
  function placeKey(copy, parts, room) {
    const keys = parts.flatMap(({ encoding = {} }) => [encoding.color, encoding.shape])
      .filter((key) => key?.field && key.legend !== null);
    if (!keys.length) return;
    const lines = keys[0].scale?.domain?.length || 3;
    copy.padding = { top: KEY * lines + 14, left: 5, right: 5, bottom: 5 };
    for (const key of keys) {
      key.legend = {
        ...(key.legend || {}), columns: 1, orient: "none", legendX: -room, legendY: -KEY * lines - 8,
      };
    }
    for (const { encoding = {} } of parts) {
      if (encoding.y?.type === "nominal") encoding.y.axis = { ...encoding.y.axis, minExtent: room + 8 };
    }
  }

  // Room for the names of rows: as much as they need, but not more than leaves room for the figure.
  function nameRows(copy, parts, width) {
    const rows = parts.map((part) => part.encoding?.y).find((y) => y?.type === "nominal");
    const names = Array.isArray(rows?.sort) ? rows.sort : [];
    if (!names.length) return;
    const most = (width < NARROW ? 0.4 : 0.38) * width;
    const lines = Object.fromEntries(names.map((name) => [name, wrapped(name, most / LETTER)]));
    const tallest = Math.max(...Object.values(lines).map((each) => each.length));
    if (typeof copy.height === "number") {
      copy.height = Math.max(copy.height, names.length * (LINE * tallest + 5));
    }
    for (const part of parts) {
      if (part.encoding?.y?.type !== "nominal") continue;
      const labelExpr = `(${JSON.stringify(lines)})[datum.label] || datum.label`;
      // The first line stands where a single one would: others are moved up by half their height.
      const of = (count) => names.filter((name) => lines[name].length === count);
      const condition = [2, 3, 4].filter((count) => of(count).length).map((count) => ({
        test: `indexof(${JSON.stringify(of(count))}, datum.value) >= 0`, value: -0.5 * LINE * (count - 1),
      }));
      part.encoding.y.axis = {
        ...(part.encoding.y.axis || {}), labelLimit: most + 8, labelExpr, labelLineHeight: LINE,
        labelOffset: { condition, value: 0 },
      };
    }
    if (width < NARROW) placeKey(copy, parts, most);
  }

  function partsOf(spec) {
    return [spec, ...(spec.layer || []).flatMap(partsOf), ...(spec.vconcat || []).flatMap(partsOf)];
  }

  // A copy of a specification for a place of this width.
  function fitted(spec, width) {
    const copy = structuredClone(spec);
    const parts = partsOf(copy);
    if (copy.vconcat) {
      const room = Math.max(...parts.map(({ encoding }) => encoding?.y?.axis?.minExtent || 0)) || ROOM_OF_AXES;
      const names = width < NARROW ? Math.min(room, 90) : room;
      for (const { encoding } of parts) {
        if (!encoding?.y?.axis?.minExtent) continue;
        Object.assign(encoding.y.axis, { minExtent: names, maxExtent: names, labelLimit: names });
      }
      delete copy.title;
      for (const view of copy.vconcat) view.width = Math.min(640, width - 20) - names - 14;
    } else {
      copy.width = "container";
      copy.autosize = { type: "fit-x", contains: "padding" };
      nameRows(copy, parts, width);
    }
    if (width >= NARROW) return copy;
    for (const { encoding = {} } of parts) {
      if (encoding.x?.axis?.title) {
        encoding.x.axis = { ...encoding.x.axis, titleAnchor: "end", titleAlign: "right" };
      }
    }
    return copy;
  }

  // The theme, and what a figure says beside it.
  function together(config, own = {}) {
    const whole = structuredClone(config);
    for (const [name, value] of Object.entries(own)) {
      const joins = value && typeof value === "object" && !Array.isArray(value);
      whole[name] = joins ? { ...whole[name], ...value } : value;
    }
    return whole;
  }

  // Colours that a figure names itself are too dark for dark ground.
  const lighter = (spec) => JSON.parse(JSON.stringify(spec).replaceAll("#0072B2", "#56B4E9"));

  async function draw(place) {
    const spec = figures[place.dataset.figure];
    const width = place.parentElement.clientWidth;
    place.dataset.width = width;
    place.style.width = `${width}px`;
    const before = views.get(place);
    const { config, ...shown } = fitted(theme() === "dark" ? lighter(spec) : spec, width);
    const drawn = await vegaEmbed(place, shown, {
      mode: "vega-lite", actions: false, renderer: "svg", config: together(themes[theme()], config),
      tooltip: { theme: theme() === "dark" ? "dark" : "light" },
    });
    place.style.width = "";
    if (before) before.finalize();
    views.set(place, drawn);
  }

  const places = [...document.querySelectorAll(".live")];
  const seen = () => places.filter((place) => !place.closest("figure").hidden);
  const redraw = () => Promise.all(seen().map((place) => draw(place)));

  // Saved as papers want it: in the theme for print, at a width of its own.
  async function save(name, kind) {
    const place = document.createElement("div");
    const { config, ...spec } = figures[name];
    const drawn = await vegaEmbed(place, spec, {
      mode: "vega-lite", actions: false, renderer: "svg", config: together(themes.print, config),
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

  // Figures of which one is seen at a time.
  for (const button of document.querySelectorAll("button[data-next]")) {
    button.addEventListener("click", async () => {
      const turns = [...document.querySelectorAll(`figure[data-turn="${button.dataset.next}"]`)];
      const now = turns.findIndex((figure) => !figure.hidden);
      const next = turns[(now + 1) % turns.length];
      turns[now].hidden = true;
      next.hidden = false;
      next.querySelector("button[data-next]").focus();
      await draw(next.querySelector(".live"));
    });
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
      for (const place of seen()) {
        if (Number(place.dataset.width) !== place.parentElement.clientWidth) draw(place);
      }
    }, 150);
  });

  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const each of folded) each.open = true;
  });
  window.addEventListener("afterprint", () => { for (const each of folded) each.open = false; });

  window.report = { views, save, redraw };
  choose(asked.matches ? "dark" : "light");
  redraw().then(() => { root.dataset.ready = "yes"; });
})();

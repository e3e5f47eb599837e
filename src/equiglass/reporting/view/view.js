"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const about = JSON.parse($("about").textContent);
  const text = atob($("numbers").textContent);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
  const KINDS = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };
  const numbers = (ref) => new KINDS[ref.type](bytes.buffer, ref.at, ref.n);
  const TYPE = "type";
  const GREY = 0xb0b0b0;
  const colors = about.colors.map((c) => parseInt(c.slice(1), 16));
  const typeColors = about.type_colors.map((c) => parseInt(c.slice(1), 16));
  const quantities = [...about.quantities, { key: TYPE, label: "type", unit: "", times: [] }];
  const times = [...new Set(quantities.flatMap((q) => q.times))].sort((a, b) => a - b);
  const state = { frame: 0, time: Math.max(0, times.length - 1), hidden: new Set() };
  const AXES = ["x", "y", "z"];

  // ---------------------------------------------------------------- what is shown
  const frame = () => about.frames[state.frame];
  const quantity = (side) => quantities.find((q) => q.key === side.select.value);
  const arrays = (f) => (f.arrays ??= {
    positions: numbers(f.positions), types: numbers(f.types), ids: numbers(f.ids), radii: numbers(f.radii),
  });
  const row = (key) => {
    const rows = frame().values[key];
    const ref = rows && (rows[times[state.time]] ?? rows[""]);
    return ref ? numbers(ref) : null;
  };
  function ranksByType(values, types) {
    const ranks = new Float32Array(values.length).fill(NaN);
    for (const t of new Set(types)) {
      const own = [];
      for (let i = 0; i < values.length; i++) if (types[i] === t && !isNaN(values[i])) own.push(i);
      own.sort((a, b) => values[a] - values[b]);
      own.forEach((i, k) => { ranks[i] = own.length > 1 ? k / (own.length - 1) : 0; });
    }
    return ranks;
  }
  function visible() {
    const f = frame(), { positions, types } = arrays(f), axis = AXES.indexOf($("axis").value), chosen = [];
    const middle = axis < 0 ? 0 : $("at").value * f.box[axis], half = $("thick").value / 2;
    for (let i = 0; i < types.length; i++) {
      if (state.hidden.has(types[i])) continue;
      if (axis >= 0) {
        let d = Math.abs(positions[3 * i + axis] - middle);
        if (!(f.flat && axis === 2)) d = Math.min(d, f.box[axis] - d); // across the boundary
        if (d > half) continue;
      }
      chosen.push(i);
    }
    return chosen;
  }
  function shown(side) {
    const q = quantity(side), types = arrays(frame()).types;
    if (q.key === TYPE) return { q, values: types, categories: true };
    const values = row(q.key);
    return { q, values: values && $("ranks").value ? ranksByType(values, types) : values, ranked: !!$("ranks").value };
  }
  function range(values, chosen) {
    // Few far particles would take all colours: the range holds 98 of 100.
    const sorted = Float64Array.from(chosen.map((i) => values[i]).filter((v) => !isNaN(v))).sort();
    if (!sorted.length) return [0, 1];
    const at = (p) => sorted[Math.round(p * (sorted.length - 1))];
    const low = at(0.01), high = at(0.99);
    return high > low ? [low, high] : [low - 0.5, low + 0.5];
  }

  // ---------------------------------------------------------------- drawing
  const digits = (v) => (Number.isInteger(v) ? String(v) : v.toPrecision(4));
  function prepare(canvas) {
    const ratio = window.devicePixelRatio || 1, { width, height } = canvas.getBoundingClientRect();
    canvas.width = width * ratio; canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio); context.font = "12px system-ui, sans-serif"; context.fillStyle = "#222";
    return [context, width, height];
  }
  function bar(side, s, [low, high]) {
    const [c, width] = prepare(side.bar);
    if (s.categories) {
      about.types.forEach((name, t) => {
        c.fillStyle = about.type_colors[t]; c.fillRect(60 * t, 2, 12, 12);
        c.fillStyle = "#222"; c.fillText(name, 60 * t + 16, 12);
      });
      return;
    }
    if (!s.values) return;
    for (let k = 0; k < 256; k++) { c.fillStyle = about.colors[k]; c.fillRect((k * width) / 256, 0, width / 256 + 1, 12); }
    c.fillStyle = "#222"; c.textAlign = "left"; c.fillText(digits(low), 0, 26);
    c.textAlign = "right"; c.fillText(digits(high), width, 26);
    c.textAlign = "center"; c.fillText(s.ranked ? "rank within the type" : s.q.unit, width / 2, 26);
  }
  function histogram(side, s, chosen, [low, high]) {
    const [c, width, height] = prepare(side.histogram);
    const types = arrays(frame()).types;
    side.counts = [];
    if (!s.values) return;
    const bins = s.categories ? about.types.length : 50, counts = about.types.map(() => new Float64Array(bins));
    let lowest = Infinity, highest = -Infinity;
    for (const i of chosen) if (!isNaN(s.values[i])) { lowest = Math.min(lowest, s.values[i]); highest = Math.max(highest, s.values[i]); }
    if (s.categories) { lowest = 0; highest = bins; } else if (!(highest > lowest)) { highest = lowest + 1; }
    for (const i of chosen) {
      if (isNaN(s.values[i])) continue;
      counts[types[i]][Math.min(bins - 1, Math.floor(((s.values[i] - lowest) / (highest - lowest)) * bins))] += 1;
    }
    const sums = counts[0].map((_, k) => counts.reduce((sum, own) => sum + own[k], 0)), most = Math.max(...sums, 1);
    side.counts = Array.from(sums);
    for (let k = 0; k < bins; k++) {
      let top = height - 14;
      counts.forEach((own, t) => {
        const h = ((height - 16) * own[k]) / most;
        top -= h; c.fillStyle = about.type_colors[t]; c.fillRect((k * width) / bins, top, width / bins - 1, h);
      });
    }
    c.fillStyle = "#222";
    if (s.categories) return;
    c.textAlign = "left"; c.fillText(digits(lowest), 0, height - 2);
    c.textAlign = "right"; c.fillText(digits(highest), width, height - 2);
    c.textAlign = "center"; c.fillText(about.types.length > 1 ? `number of particles; colours are types ${about.types.join(", ")}` : "number of particles", width / 2, height - 2);
  }
  function spheres(side, s, chosen, [low, high]) {
    const { positions, types, radii } = arrays(frame()), scale = Number($("size").value);
    const middle = frame().box.map((l) => l / 2);
    side.viewer.removeAllModels();
    if (!chosen.length) { side.viewer.render(); return; }
    side.viewer.addModel().addAtoms(chosen.map((i) => {
      let color = GREY;
      if (s.categories) color = typeColors[types[i]];
      else if (s.values && !isNaN(s.values[i])) color = colors[Math.max(0, Math.min(255, Math.floor(((s.values[i] - low) / (high - low)) * 256)))];
      return {
        elem: "X", serial: i, bonds: [], bondOrder: [], hoverable: true,
        x: positions[3 * i] - middle[0], y: positions[3 * i + 1] - middle[1], z: positions[3 * i + 2] - middle[2],
        style: { sphere: { radius: radii[i] * scale, color } },
        hover_callback: () => tell(i), unhover_callback: () => {},
        intersectionShape: { sphere: [], cylinder: [], line: [], triangle: [] },
      };
    }));
    side.viewer.render();
  }
  function box(side) {
    const [a, b, c] = frame().box, flat = frame().flat;
    side.viewer.removeAllShapes();
    const corner = (i, j, k) => ({ x: (i - 0.5) * a, y: (j - 0.5) * b, z: flat ? 0 : (k - 0.5) * c });
    for (let i = 0; i < 2; i++) for (let j = 0; j < 2; j++) {
      for (const [p, q] of [[corner(0, i, j), corner(1, i, j)], [corner(i, 0, j), corner(i, 1, j)], [corner(i, j, 0), corner(i, j, 1)]]) {
        side.viewer.addCylinder({ start: p, end: q, radius: 0.04, color: 0x333333, fromCap: 2, toCap: 2 });
      }
    }
  }
  function update() {
    const f = frame(), chosen = visible(), both = sides.map(shown);
    let ranges = both.map((s) => (s.ranked && s.values ? [0, 1] : s.values && !s.categories ? range(s.values, chosen) : [0, 1]));
    const alike = both.every((s) => s.values && !s.categories && !s.ranked) && both[0].q.unit === both[1].q.unit;
    if (alike && $("common").checked) {
      const together = [Math.min(ranges[0][0], ranges[1][0]), Math.max(ranges[0][1], ranges[1][1])];
      ranges = [together, together];
    }
    sides.forEach((side, k) => {
      const s = both[k];
      box(side); spheres(side, s, chosen, ranges[k]); bar(side, s, ranges[k]); histogram(side, s, chosen, ranges[k]);
      const known = s.q.times.length ? `, known at t = ${s.q.times.join(", ")}` : "";
      side.caption.textContent = s.values ? `${chosen.length} of ${f.positions.n / 3} particles` : `not known here${known}`;
    });
    $("frame-is").textContent = `${state.frame + 1} of ${about.frames.length}`;
    $("time-is").textContent = times[state.time] ?? "";
    const axis = AXES.indexOf($("axis").value);
    $("at-is").textContent = axis < 0 ? "" : (f.box[axis] * $("at").value).toFixed(2);
    $("thick-is").textContent = $("thick").value; $("size-is").textContent = $("size").value;
    const facts = [f.name, `N = ${f.positions.n / 3}`, `box ${f.box.map(digits).join(" × ")}`];
    if (f.temperature !== null) facts.push(`T = ${f.temperature}`);
    if (f.time !== null) facts.push(`at time ${f.time}`);
    facts.push(`radii from ${f.radii_from}`);
    $("where").textContent = facts.join(" · ");
  }
  let waiting = false;
  function soon() { // a slider that is dragged asks more often than can be drawn
    if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; update(); }); }
  }
  function tell(i) {
    const { positions, types, ids } = arrays(frame()), table = document.createElement("table");
    const line = (name, value) => {
      const cells = table.insertRow();
      cells.insertCell().textContent = name; cells.insertCell().textContent = value;
    };
    line("particle", `${ids[i]}, type ${about.types[types[i]]}`);
    line("position", [0, 1, 2].map((a) => positions[3 * i + a].toFixed(3)).join(", "));
    for (const q of about.quantities) {
      const values = row(q.key);
      if (values && !isNaN(values[i])) line(q.times.length ? `${q.label}, t = ${times[state.time]}` : q.label, `${values[i].toPrecision(5)} ${q.unit}`);
    }
    $("particle").replaceChildren(table);
  }

  // ---------------------------------------------------------------- the page
  $("title").textContent = about.title;
  for (const note of about.notes) $("notes").appendChild(document.createElement("li")).textContent = note;
  const sides = [...document.querySelectorAll("article")].map((article) => ({
    select: article.querySelector("select"), scene: article.querySelector(".scene"), bar: article.querySelector(".bar"),
    histogram: article.querySelector(".histogram"), caption: article.querySelector(".caption"),
  }));
  const has = (key) => quantities.some((q) => q.key === key);
  const first = ["predicted_propensity", "predicted_bonds_kept", "propensity", "bond_breaking", "order_parameter", quantities[0].key].filter(has);
  const measured = first[0] === "predicted_bonds_kept" ? "bond_breaking" : "propensity";
  const second = [measured, "order_parameter", "inherent_energy", "thermal_energy", TYPE].filter((k) => has(k) && k !== first[0]);
  sides.forEach((side, k) => {
    for (const q of quantities) {
      const option = side.select.appendChild(document.createElement("option"));
      option.value = q.key; option.textContent = q.label + (q.unit ? ` (${q.unit})` : "");
    }
    side.select.value = [first[0], second[0]][k];
    side.select.addEventListener("change", soon);
  });
  about.types.forEach((name, t) => {
    const label = $("kinds").appendChild(document.createElement("label")), check = label.appendChild(document.createElement("input"));
    check.type = "checkbox"; check.checked = true; check.dataset.type = t; label.append(name);
    check.addEventListener("change", () => { check.checked ? state.hidden.delete(t) : state.hidden.add(t); soon(); });
  });
  // Where both are known at some time, that is where to begin.
  const common = times.findLastIndex((t) => sides.every((s) => !quantity(s).times.length || quantity(s).times.includes(t)));
  if (common >= 0) state.time = common;
  for (const [id, most] of [["frame", about.frames.length - 1], ["time", times.length - 1]]) {
    $(id).max = Math.max(0, most); $(id).value = state[id];
    if (most < 1) { $(id).hidden = true; $(`${id}s`).hidden = id === "frame" || times.length === 0; }
    $(id).addEventListener("input", () => { state[id] = Number($(id).value); soon(); });
  }
  for (const id of ["ranks", "common", "axis", "at", "thick", "size"]) $(id).addEventListener("input", soon);
  let playing = null;
  $("play").addEventListener("click", (event) => {
    event.preventDefault();
    if (playing) { clearInterval(playing); playing = null; $("play").textContent = "▶"; return; }
    $("play").textContent = "■";
    playing = setInterval(() => {
      state.frame = (state.frame + 1) % about.frames.length; $("frame").value = state.frame; soon();
    }, 400);
  });
  function look() {
    const { viewer } = sides[0], flat = frame().flat;
    viewer.setView([0, 0, 0, 0, 0, 0, 0, 1]); viewer.zoomTo();
    if (!flat) { viewer.rotate(-25, "y"); viewer.rotate(20, "x"); }
    viewer.zoom(flat ? 2.4 : 1.9); // the library leaves room for molecules that turn
    sides[1].viewer.setView(viewer.getView());
  }
  try {
    for (const side of sides) {
      side.viewer = $3Dmol.createViewer(side.scene, { backgroundColor: "white", disableFog: true, hoverDuration: 60, orthographic: true });
      if (!side.viewer) throw new Error("the browser offers no WebGL");
    }
    update();
    look();
    sides[0].viewer.linkViewer(sides[1].viewer); sides[1].viewer.linkViewer(sides[0].viewer);
  } catch (error) {
    $("error").textContent = `The particles cannot be drawn: ${error.message}`;
  }
  $("reset").addEventListener("click", look);
  window.addEventListener("resize", soon);
  window.equiglass = { about, state, sides, times, update, visible }; // for who wants to script the page
})();

// A plot of two columns: points on a canvas; what moves with the pointer lies above it, so that nothing is drawn anew.
import { el, fitted, theme, onTheme, onResize, inFrame, short, segmented, toggle } from "./dom.js";
import { MARGIN, domain, beside, drawAxes, drawReferences } from "./axes.js";
import { colouring, sprites, Grid, towards, inside } from "./points.js";
import { labelled, levelsOf } from "./table.js";

const STILL = 4;
// A pointer that rests this long, in ms, may be about to press.
const REST = 40;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function plot(root, signal, { choose, lasso, near = () => {} }) {
  const base = el("canvas", { class: "mg-layer" }), over = el("canvas", { class: "mg-layer" });
  const tip = el("div", { class: "mg-tip", hidden: true });
  const mark = el("div", { class: "mg-ring mg-mark" }), ring = el("div", { class: "mg-ring" });
  const area = el("div", {
    class: "mg-plot", tabindex: 0, role: "application", "aria-roledescription": "scatter plot", "aria-label": "Scatter plot",
  }, base, over, mark, ring, tip);
  const live = el("div", { class: "mg-hidden", "aria-live": "polite" });
  const tools = segmented("What dragging does", [["zoom", "Zoom", "Drag a box to zoom in; with Shift: lasso"],
    ["lasso", "Lasso", "Drag around clips to select them; with Shift: zoom"]], (name) => { tool = name; tools.show(name); });
  const reset = toggle("Reset view", "Show all again (0, or a double click)", all);
  root.append(area, live);

  let table = null, fields = {}, shown = null, interval = null, view = null, colours = null, tool = "zoom";
  let px = new Float32Array(0), py = px, grid = null, paint = null, shapes = null, cache = null;
  let hover = -1, rest = 0, current = -1, selected = new Set(), drag = null, box = null, zoomed = false;
  tools.show(tool);

  const column = (role) => table?.columns.get(fields[role]);
  const redraw = inFrame(drawBase), overlay = inFrame(drawOver);
  // Everything that depends on table, columns, filter, view or size.
  const changed = inFrame(() => { place(); drawBase(); });

  function place() {
    const x = column("x"), y = column("y"), width = area.clientWidth, height = area.clientHeight;
    grid = null;
    if (!x || !y || !width) return;
    box = { left: MARGIN.left, top: MARGIN.top, right: width - MARGIN.right, bottom: height - MARGIN.bottom };
    box.width = box.right - box.left;
    box.height = box.bottom - box.top;
    const lines = (name) => table.references.map(({ values }) => values[name]).filter((value) => value !== undefined);
    view ??= { x: domain(x, shown, lines(x.name)), y: domain(y, shown, lines(y.name)) };
    px = new Float32Array(table.size);
    py = new Float32Array(table.size);
    const sx = box.width / (view.x[1] - view.x[0]), sy = box.height / (view.y[1] - view.y[0]);
    for (let row = 0; row < table.size; row++) {
      const hidden = shown && !shown[row];
      const h = hidden ? NaN : box.left + (x.values[row] + (x.levels ? beside(row) : 0) - view.x[0]) * sx;
      const v = box.bottom - (y.values[row] + (y.levels ? beside(row + 7919) : 0) - view.y[0]) * sy;
      const outside = !(h >= box.left - 1 && h <= box.right + 1 && v >= box.top - 1 && v <= box.bottom + 1);
      px[row] = outside ? NaN : h;
      py[row] = outside ? NaN : v;
    }
    grid = new Grid(px, py, width, height);
    area.setAttribute("aria-label", `${labelled(y)} against ${labelled(x)}, ${grid.rows.length} clips. Arrow keys choose a clip.`);
  }

  function drawBase() {
    if (signal.aborted || !area.isConnected) return;
    colours ??= theme(area);
    const { pen, width, height } = fitted(base), x = column("x"), y = column("y");
    pen.clearRect(0, 0, width, height);
    // The points of a new table, or of a new view, have no places yet: they get them in this frame.
    if (!grid) return;
    cache ??= sprites(globalThis.devicePixelRatio || 1, colours.back);
    drawAxes(pen, box, view, x, y, colours);
    drawReferences(pen, box, view, x, y, table.references, colours);
    if (interval) drawIntervals(pen);
    const rows = grid.rows.length, dim = selected.size > 0;
    for (const bright of dim ? [false, true] : [true]) {
      pen.globalAlpha = bright ? (rows > 1500 ? 0.75 : 0.95) : 0.22;
      for (let row = 0; row < table.size; row++) {
        if (px[row] !== px[row] || (dim && selected.has(row) !== bright)) continue;
        const shape = shapes ? Math.max(shapes.codes[row], 0) : 0;
        pen.drawImage(cache.get(shape, paint.palette[paint.of(row)]), px[row] - cache.half, py[row] - cache.half, cache.side, cache.side);
      }
    }
    pen.globalAlpha = 1;
    circle();
  }

  function drawIntervals(pen) {
    const scale = (value) => box.bottom - ((value - view.y[0]) / (view.y[1] - view.y[0])) * box.height;
    pen.lineWidth = 1.2;
    for (let row = 0; row < table.size; row++) {
      const low = scale(interval[0][row]), high = scale(interval[1][row]);
      if (px[row] !== px[row] || low !== low || high !== high) continue;
      pen.strokeStyle = paint.palette[paint.of(row)];
      pen.beginPath();
      pen.moveTo(px[row], Math.min(Math.max(low, box.top), box.bottom));
      pen.lineTo(px[row], Math.min(Math.max(high, box.top), box.bottom));
      pen.stroke();
    }
  }

  // Rings around the chosen point and the one under the pointer.
  function circle() {
    for (const [node, row] of [[mark, current], [ring, hover]]) {
      const there = row >= 0 && px[row] === px[row];
      node.style.visibility = there ? "visible" : "hidden";
      if (there) node.style.transform = `translate(${px[row]}px, ${py[row]}px)`;
    }
  }

  function drawOver() {
    if (signal.aborted || !area.isConnected) return;
    colours ??= theme(area);
    const { pen, width, height } = fitted(over);
    pen.clearRect(0, 0, width, height);
    if (!drag?.moved) return;
    pen.strokeStyle = colours.accent;
    pen.fillStyle = colours.accent;
    pen.lineWidth = 1.5;
    pen.beginPath();
    if (drag.tool === "zoom") pen.rect(drag.x, drag.y, drag.toX - drag.x, drag.toY - drag.y);
    else drag.path.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    if (drag.tool === "lasso") pen.closePath();
    pen.stroke();
    pen.globalAlpha = 0.12;
    pen.fill();
    pen.globalAlpha = 1;
  }

  function words(row) {
    return ["x", "y", "colour", "shape"].filter((role) => column(role)).map((role) => column(role))
      .filter((one, i, all) => all.indexOf(one) === i).map((one) => {
        const value = one.values[row];
        return [one.label, one.levels ? one.levels[value] ?? "–" : `${short(value)} ${one.unit}`.trim()];
      });
  }

  function showTip(row) {
    tip.hidden = row < 0;
    if (row < 0) return;
    tip.replaceChildren(el("div", { class: "mg-tiptitle" }, table.prompts[table.promptOf[row]] || table.keys[row]),
      ...words(row).map(([name, value]) => el("div", {}, `${name}: `, el("b", {}, value))));
    const right = px[row] > (box.left + box.right) / 2, low = py[row] > (box.top + box.bottom) / 2;
    const x = px[row] + (right ? -14 : 14), y = py[row] + (low ? -12 : 12);
    tip.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px) translate(${right ? "-100%" : "0"}, ${low ? "-100%" : "0"})`;
  }

  function point(row, how) {
    current = row;
    circle();
    if (row >= 0 && how !== "code") {
      live.textContent = words(row).map(([name, value]) => `${name} ${value}`).join(", ");
      choose(row, how);
    }
  }

  function all() {
    view = grid = null;
    zoomed = false;
    changed();
  }

  function zoom(factor, h, v) {
    const fx = (h - box.left) / box.width, fy = (box.bottom - v) / box.height;
    const around = ([low, high], at) => {
      const centre = low + (high - low) * at, width = (high - low) * factor;
      return [centre - width * at, centre + width * (1 - at)];
    };
    view = { x: around(view.x, fx), y: around(view.y, fy) };
    zoomed = true;
    changed();
  }

  const at = (event) => { const frame = area.getBoundingClientRect(); return [event.clientX - frame.left, event.clientY - frame.top]; };
  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !grid) return;
    const [x, y] = at(event), other = tool === "zoom" ? "lasso" : "zoom";
    drag = { x, y, toX: x, toY: y, path: [[x, y]], moved: false, tool: event.shiftKey ? other : tool, adding: event.ctrlKey || event.metaKey };
    area.setPointerCapture(event.pointerId);
    // A press is as good a sign as a rest: what it may choose is on its way before it is let go.
    const row = grid ? grid.nearest(x, y) : -1;
    clearTimeout(rest);
    if (row >= 0) near(row);
  });
  area.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    if (drag) {
      Object.assign(drag, { toX: x, toY: y, moved: drag.moved || Math.hypot(x - drag.x, y - drag.y) > STILL });
      if (drag.tool === "lasso") drag.path.push([x, y]);
      return overlay();
    }
    const row = grid ? grid.nearest(x, y) : -1;
    if (row === hover) return;
    hover = row;
    clearTimeout(rest);
    if (row >= 0) rest = setTimeout(near, REST, row);
    area.style.cursor = row < 0 ? "crosshair" : "pointer";
    showTip(row);
    circle();
  });
  area.addEventListener("pointerleave", () => { hover = -1; clearTimeout(rest); showTip(-1); circle(); });
  area.addEventListener("pointercancel", () => { drag = null; overlay(); });
  area.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const done = drag, [x, y] = at(event);
    drag = null;
    if (!grid) place();
    if (!grid) return;
    if (!done.moved) {
      const row = grid.nearest(x, y);
      if (row >= 0) point(row, "click");
    } else if (done.tool === "zoom") zoomTo(done);
    else enclosed(done);
    overlay();
  });
  area.addEventListener("dblclick", all);
  area.addEventListener("wheel", (event) => {
    if (!grid || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    zoom(Math.exp(event.deltaY / 400), ...at(event));
  }, { passive: false });

  function zoomTo({ x, y, toX, toY }) {
    const data = (pixel, from, size, [low, high]) => low + ((pixel - from) / size) * (high - low);
    const xs = [x, toX].sort((a, b) => a - b), ys = [y, toY].sort((a, b) => b - a);
    if (xs[1] - xs[0] < 6 || ys[0] - ys[1] < 6) return;
    view = { x: xs.map((h) => data(h, box.left, box.width, view.x)), y: ys.map((v) => data(v, box.bottom, -box.height, view.y)) };
    zoomed = true;
    changed();
  }

  function enclosed({ path, adding }) {
    const found = adding ? new Set(selected) : new Set();
    for (const row of grid.rows) if (inside(path, px[row], py[row])) found.add(row);
    select([...found].sort((a, b) => a - b));
    lasso([...selected]);
  }

  function select(rows) {
    selected = new Set(rows);
    redraw();
  }

  function keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== area || !grid) return false;
    const there = current >= 0 && px[current] === px[current];
    const [h, v] = there ? [px[current], py[current]] : [box.left + box.width / 2, box.top + box.height / 2];
    if (event.key in ARROWS) {
      const row = there ? towards(px, py, current, ARROWS[event.key]) : nearestTo(h, v);
      if (row >= 0) point(row, "key");
    } else if (event.key === "Enter" && there) point(current, "click");
    else if (event.key === "+" || event.key === "-") zoom(event.key === "+" ? 1 / 1.4 : 1.4, h, v);
    else if (event.key === "0") all();
    else if (event.key === "s" && there) {
      if (!selected.delete(current)) selected.add(current);
      select([...selected].sort((a, b) => a - b));
      lasso([...selected]);
    } else if (event.key === "Escape" && selected.size) { select([]); lasso([]); }
    else return false;
    event.preventDefault();
    return true;
  }

  function nearestTo(x, y) {
    let best = -1, least = Infinity;
    for (const row of grid.rows) {
      const distance = Math.hypot(px[row] - x, py[row] - y);
      if (distance < least) { least = distance; best = row; }
    }
    return best;
  }

  onTheme(() => { colours = cache = null; redraw(); }, signal);
  onResize(area, () => { cache = null; changed(); }, signal);

  return {
    area, tools: [tools.group, reset], keydown, select,
    choose: (row) => point(row, "code"),
    get paint() { return paint; },
    get shapes() { return shapes; },
    // Where a row stands on the plot, for tests and for what points at it.
    where: (row) => [px[row], py[row]],
    show(next, names, rows = null, bars = null) {
      if (names.x !== fields.x || names.y !== fields.y) all();
      if (next !== table) {
        // Rows have other numbers. What was zoomed stays: the table may only have grown.
        [hover, grid, view] = [-1, null, zoomed ? view : null];
        clearTimeout(rest);
      }
      [table, fields, shown, interval] = [next, names, rows, bars];
      paint = colouring(column("colour"));
      shapes = levelsOf(column("shape"));
      changed();
    },
  };
}

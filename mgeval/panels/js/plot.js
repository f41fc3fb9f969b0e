// @ts-check
// A plot of two columns. What moves with the pointer lies above the points, so that these need not be drawn again.
import { drawAxes, drawReferences } from "./axes.js";
import {
  fitCanvas, make, makeButton, makeButtonGroup, oncePerFrame, onResize, onThemeChange, pointerPlace, readTheme,
} from "./dom.js";
import { createMarkerCache } from "./markers.js";
import { drawDrag, drawIntervals, drawPoints } from "./plotdrawing.js";
import { fullView, layOutPoints, nearestRow, viewOfRectangle, zoomView } from "./plotlayout.js";
import { createTip } from "./plottip.js";
import { colourScale, nearestInDirection, pointInPolygon } from "./points.js";
import { axisLabel, columnLevels, describeRow, ROLES } from "./table.js";

/** @typedef {import("./markers.js").MarkerCache} MarkerCache */
/** @typedef {import("./plotdrawing.js").Drag} Drag */
/** @typedef {import("./plotdrawing.js").Tool} Tool */
/** @typedef {import("./plotlayout.js").Layout} Layout */
/** @typedef {import("./types.js").Fields} Fields */
/** @typedef {import("./types.js").Levels} Levels */
/** @typedef {import("./types.js").Role} Role */
/** @typedef {import("./types.js").Table} Table */
/** @typedef {import("./types.js").Theme} Theme */
/** @typedef {import("./types.js").View} View */

/**
 * @typedef {object} PlotHandlers
 * @property {(row: number) => void} onChoose
 * @property {(rows: number[]) => void} onSelect
 * @property {(row: number) => void} [onNear] Called with a row that may be chosen next.
 */

const CLICK_DISTANCE = 4;
// When a pointer rests this long, a press may follow.
const REST_MS = 40;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** @type {[Tool, string, string][]} */
const TOOLS = [["zoom", "Zoom", "Drag a box to zoom in; with Shift: lasso"],
  ["lasso", "Lasso", "Drag around clips to select them; with Shift: zoom"]];

/**
 * Creates a plot.
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 * @param {PlotHandlers} handlers
 */
export function createPlot(root, signal, { onChoose, onSelect, onNear = () => {} }) {
  const base = make("canvas", { class: "mg-layer" }), over = make("canvas", { class: "mg-layer" });
  const tip = createTip();
  const chosenRing = make("div", { class: "mg-ring mg-mark" }), hoverRing = make("div", { class: "mg-ring" });
  const area = make("div", {
    class: "mg-plot", tabindex: 0, role: "application", "aria-roledescription": "scatter plot", "aria-label": "Scatter plot",
  }, base, over, chosenRing, hoverRing, tip.root);
  const live = make("div", { class: "mg-hidden", "aria-live": "polite" });
  const tools = makeButtonGroup("Drag mode", TOOLS, (name) => { tool = name; tools.show(name); });
  const reset = makeButton("Reset view", "Show all points (0, or double-click)", resetView);
  root.append(area, live);

  /** @type {Table | null} */
  let table = null;
  /** @type {Fields} */
  let fields = {};
  /** @type {Uint8Array | null} */
  let visibleRows = null;
  /** @type {[Float32Array, Float32Array] | null} */
  let interval = null;
  /** @type {View | null} */
  let view = null;
  /** @type {Layout | null} Null while the points of a new table or view have no places. */
  let layout = null;
  /** @type {Levels | null} */
  let shapes = null;
  let colours = colourScale(null);
  /** @type {Theme | null} */
  let theme = null;
  /** @type {MarkerCache | null} */
  let markers = null;
  /** @type {Drag | null} */
  let drag = null;
  /** @type {Tool} */
  let tool = "zoom";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let restTimer;
  /** @type {Set<number>} */
  let selected = new Set();
  let hovered = -1, chosen = -1, zoomed = false;
  tools.show(tool);

  /** @param {Role} role */
  const columnOf = (role) => table?.columns.get(fields[role] ?? "");
  const redraw = oncePerFrame(drawBase), redrawDrag = oncePerFrame(drawOver);
  // For everything that depends on table, columns, filter, view or size.
  const update = oncePerFrame(() => { layOut(); drawBase(); });

  function layOut() {
    const x = columnOf("x"), y = columnOf("y"), width = area.clientWidth;
    layout = null;
    if (!table || !x || !y || !width) return;
    view ??= fullView(table, x, y, visibleRows);
    layout = layOutPoints(table, x, y, visibleRows, view, width, area.clientHeight);
    const count = layout.grid.rows.length;
    area.setAttribute("aria-label", `${axisLabel(y)} against ${axisLabel(x)}, ${count} clips. Arrow keys choose a clip.`);
  }

  function drawBase() {
    if (signal.aborted || !area.isConnected) return;
    theme ??= readTheme(area);
    const { pen, width, height } = fitCanvas(base);
    pen.clearRect(0, 0, width, height);
    // A new table or view has no layout yet: it comes in this frame.
    if (!layout || !table || !view) return;
    markers ??= createMarkerCache(globalThis.devicePixelRatio || 1, theme.back);
    const { box, x, y } = layout;
    drawAxes(pen, box, view, x, y, theme);
    drawReferences(pen, box, view, x, y, table.references, theme);
    if (interval) drawIntervals(pen, layout, view, colours, interval);
    drawPoints(pen, layout, markers, colours, shapes, selected);
    placeRings();
  }

  function drawOver() {
    if (signal.aborted || !area.isConnected) return;
    theme ??= readTheme(area);
    const { pen, width, height } = fitCanvas(over);
    pen.clearRect(0, 0, width, height);
    if (drag?.moved) drawDrag(pen, drag, theme);
  }

  /** @param {number} row @returns {[number, number] | null} */
  function placeOf(row) {
    return layout && row >= 0 && !Number.isNaN(layout.px[row]) ? [layout.px[row], layout.py[row]] : null;
  }

  function placeRings() {
    for (const [ring, place] of /** @type {const} */ ([[chosenRing, placeOf(chosen)], [hoverRing, placeOf(hovered)]])) {
      ring.style.visibility = place ? "visible" : "hidden";
      if (place) ring.style.transform = `translate(${place[0]}px, ${place[1]}px)`;
    }
  }

  /** @param {number} row */
  const detailsOf = (row) => describeRow(ROLES.map(columnOf), row);

  /** @param {number} row */
  function showTip(row) {
    const place = placeOf(row);
    if (!place || !layout || !table) tip.hide();
    else tip.show(place, layout.box, table.prompts[table.promptOf[row]] || table.keys[row], detailsOf(row));
  }

  /** @param {number} row */
  function setChosen(row) {
    chosen = row;
    placeRings();
  }

  /** @param {number} row */
  function chooseRow(row) {
    if (row < 0) return;
    setChosen(row);
    live.textContent = detailsOf(row).map(([name, value]) => `${name} ${value}`).join(", ");
    onChoose(row);
  }

  function resetView() {
    view = layout = null;
    zoomed = false;
    update();
  }

  /** @param {View | null} next */
  function setView(next) {
    if (!next) return;
    view = next;
    zoomed = true;
    update();
  }

  /** @param {Iterable<number>} rows */
  function select(rows) {
    selected = new Set(rows);
    redraw();
  }

  /** @param {Iterable<number>} rows */
  function selectAndTell(rows) {
    select([...rows].sort((a, b) => a - b));
    onSelect([...selected]);
  }

  /** @param {number} row */
  function toggleSelected(row) {
    selectAndTell(selected.has(row) ? [...selected].filter((other) => other !== row) : [...selected, row]);
  }

  /** @param {Drag} done */
  function finishDrag({ tool: used, path, adding }) {
    if (!layout || !view) return;
    if (used === "zoom") return setView(viewOfRectangle(view, layout.box, path[0], path[path.length - 1]));
    const { grid, px, py } = layout;
    selectAndTell([...(adding ? selected : []), ...grid.rows.filter((row) => pointInPolygon(path, px[row], py[row]))]);
  }

  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !layout) return;
    const [x, y] = pointerPlace(area, event), other = tool === "zoom" ? "lasso" : "zoom";
    drag = { tool: event.shiftKey ? other : tool, path: [[x, y]], moved: false, adding: event.ctrlKey || event.metaKey };
    area.setPointerCapture(event.pointerId);
    // What a press may choose is fetched before the button is let go.
    const row = layout.grid.nearest(x, y);
    clearTimeout(restTimer);
    if (row >= 0) onNear(row);
  });
  area.addEventListener("pointermove", (event) => {
    const [x, y] = pointerPlace(area, event);
    if (drag) {
      const [startX, startY] = drag.path[0];
      drag.moved ||= Math.hypot(x - startX, y - startY) > CLICK_DISTANCE;
      drag.path.push([x, y]);
      redrawDrag();
      return;
    }
    const row = layout ? layout.grid.nearest(x, y) : -1;
    if (row === hovered) return;
    hovered = row;
    clearTimeout(restTimer);
    if (row >= 0) restTimer = setTimeout(onNear, REST_MS, row);
    area.style.cursor = row < 0 ? "crosshair" : "pointer";
    showTip(row);
    placeRings();
  });
  area.addEventListener("pointerleave", () => { hovered = -1; clearTimeout(restTimer); showTip(-1); placeRings(); });
  area.addEventListener("pointercancel", () => { drag = null; redrawDrag(); });
  area.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const done = drag;
    drag = null;
    if (!layout) layOut();
    if (!layout) return;
    if (done.moved) finishDrag(done);
    else chooseRow(layout.grid.nearest(...pointerPlace(area, event)));
    redrawDrag();
  });
  area.addEventListener("dblclick", resetView);
  area.addEventListener("wheel", (event) => {
    if (!layout || !view || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    setView(zoomView(view, layout.box, Math.exp(event.deltaY / 400), ...pointerPlace(area, event)));
  }, { passive: false });

  /**
   * Tells whether the plot used the key.
   * @param {KeyboardEvent} event
   */
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== area || !layout || !view) return false;
    const place = placeOf(chosen), { box, px, py } = layout, { key } = event;
    const [h, v] = place ?? [box.left + box.width / 2, box.top + box.height / 2];
    if (key in ARROWS) chooseRow(place ? nearestInDirection(px, py, chosen, ARROWS[key]) : nearestRow(layout, h, v));
    else if (key === "Enter" && place) chooseRow(chosen);
    else if (key === "+" || key === "-") setView(zoomView(view, box, key === "+" ? 1 / 1.4 : 1.4, h, v));
    else if (key === "0") resetView();
    else if (key === "s" && place) toggleSelected(chosen);
    else if (key === "Escape" && selected.size) selectAndTell([]);
    else return false;
    event.preventDefault();
    return true;
  }

  onThemeChange(() => { theme = markers = null; redraw(); }, signal);
  onResize(area, () => { markers = null; update(); }, signal);

  return {
    area,
    tools: [tools.root, reset],
    onKey,
    select,
    setChosen,
    get colours() { return colours; },
    get shapes() { return shapes; },
    /**
     * Shows a table, or the same one in another way.
     * @param {Table} next
     * @param {Fields} names
     * @param {Uint8Array | null} rows Which rows are shown; null for all.
     * @param {[Float32Array, Float32Array] | null} bars
     */
    show(next, names, rows, bars) {
      if (names.x !== fields.x || names.y !== fields.y) resetView();
      if (next !== table) {
        // Its rows have other numbers. A zoomed view stays: the table may only have grown.
        hovered = -1;
        layout = null;
        if (!zoomed) view = null;
        clearTimeout(restTimer);
      }
      [table, fields, visibleRows, interval] = [next, names, rows, bars];
      colours = colourScale(columnOf("colour"));
      shapes = columnLevels(columnOf("shape"));
      update();
    },
  };
}

// @ts-check
// A plot with the choice of its columns above it, and what its colours and shapes mean below.
import { make, makeSelect, penOf } from "./dom.js";
import { formatNumber } from "./format.js";
import { drawMarker } from "./markers.js";
import { createPlot } from "./plot.js";
import { rampColour } from "./points.js";
import { axisLabel, columnLevels, MAX_LEVELS } from "./table.js";

/** @typedef {import("./plot.js").PlotHandlers} PlotHandlers */
/** @typedef {import("./types.js").Column} Column */
/** @typedef {import("./types.js").Fields} Fields */
/** @typedef {import("./types.js").Role} Role */
/** @typedef {import("./types.js").Table} Table */
/** @typedef {ReturnType<typeof createChart>} Chart */
/** @typedef {{ role: Role, title: string, value: string, options: [string, string][] }} RoleSelect */

/** @type {[Role, string][]} */
const ROLES = [["y", "Y axis"], ["x", "X axis"], ["colour", "Colour"], ["shape", "Shape"]];

/**
 * Creates a chart.
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 * @param {PlotHandlers & { onFields: (fields: Fields) => void }} handlers
 */
export function createChart(root, signal, { onFields, ...plotHandlers }) {
  const bar = make("div", { class: "mg-bar mg-roles" }), body = make("div"), legend = make("div", { class: "mg-legend" });
  root.append(bar, body, legend);
  const plot = createPlot(body, signal, plotHandlers);
  /** @type {Table | null} */
  let table = null;
  /** @type {Fields} */
  let fields = {};
  /** @type {Uint8Array | null} */
  let visibleRows = null;
  /** @type {[Float32Array, Float32Array] | null} */
  let interval = null;
  let shownSelects = "";

  /** @param {Table} current @returns {RoleSelect[]} */
  function roleSelects(current) {
    return ROLES.map(([role, title]) => ({ role, title, value: fields[role] ?? "", options: columnOptions(current, role) }));
  }

  function updateSelects() {
    if (!table) return;
    const selects = roleSelects(table), text = JSON.stringify(selects);
    // A table that grows must not close the list while somebody chooses from it.
    if (text === shownSelects) return;
    shownSelects = text;
    bar.replaceChildren(...selects.map(({ role, title, value, options }) => make("label", { class: "mg-role" }, `${title} `,
      makeSelect(title, options, value, (name) => setField(role, name)))), make("span", { class: "mg-gap" }), ...plot.tools);
  }

  /** @param {Role} role @param {string} name */
  function setField(role, name) {
    fields = { ...fields, [role]: name };
    if (table) shownSelects = JSON.stringify(roleSelects(table));
    draw();
    onFields(fields);
  }

  function draw() {
    if (!table) return;
    plot.show(table, fields, visibleRows, interval);
    const colour = columnOf(table, fields.colour), shape = columnOf(table, fields.shape);
    legend.replaceChildren(...(colour ? makeColourLegend(colour) : []), ...(shape ? makeShapeLegend(shape) : []));
  }

  /** @param {Column} column */
  function makeColourLegend(column) {
    const { levels, range, palette } = plot.colours, parts = [make("span", { class: "mg-legendname" }, axisLabel(column))];
    if (levels) parts.push(...levels.map((name, i) => makeItem(name, 0, palette[i])));
    if (range) {
      const strip = make("span", { class: "mg-ramp" });
      strip.style.background = `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map(rampColour).join(", ")})`;
      parts.push(make("span", { class: "mg-item" }, formatNumber(range[0]), strip, formatNumber(range[1])));
    }
    return parts;
  }

  /** @param {Column} column */
  function makeShapeLegend(column) {
    const title = make("span", { class: "mg-legendname" }, axisLabel(column));
    // A table that grows may get more kinds than there are shapes.
    if (!plot.shapes) return [title, make("span", { class: "mg-item" }, `more than ${MAX_LEVELS} kinds: no shapes`)];
    return [title, ...plot.shapes.names.map((name, i) => makeItem(name, i, "#808080"))];
  }

  return {
    area: plot.area,
    onKey: plot.onKey,
    select: plot.select,
    setChosen: plot.setChosen,
    /**
     * Takes another table.
     * @param {Table} next
     * @param {Fields} names
     * @param {[string, string] | null} [ends] The columns with the ends of a bar at each point.
     */
    setTable(next, names, ends = null) {
      [table, fields] = [next, names];
      const low = columnOf(next, ends?.[0]), high = columnOf(next, ends?.[1]);
      interval = low && high ? [low.values, high.values] : null;
      updateSelects();
      draw();
    },
    /** @param {Fields} names */
    setFields(names) {
      fields = { ...fields, ...names };
      updateSelects();
      draw();
    },
    /** @param {Uint8Array | null} rows */
    setFilter(rows) { visibleRows = rows; draw(); },
  };
}

/** @param {Table} table @param {string | null | undefined} name */
function columnOf(table, name) {
  return name ? table.columns.get(name) : undefined;
}

/**
 * Returns the columns that a role can draw, settings before metrics.
 * @param {Table} table
 * @param {Role} role
 * @returns {[string, string][]}
 */
function columnOptions(table, role) {
  const onAxis = role === "x" || role === "y";
  const columns = [...table.columns.values()].filter((column) =>
    onAxis || (role === "colour" && !column.levels) || columnLevels(column) !== null);
  const settings = columns.filter((column) => !column.metric), metrics = columns.filter((column) => column.metric);
  const options = [...settings, ...metrics].map((column) => /** @type {[string, string]} */ ([column.name, axisLabel(column)]));
  return onAxis ? options : [["", "none"], ...options];
}

/** @param {string} name @param {number} shape @param {string} colour */
function makeItem(name, shape, colour) {
  const canvas = make("canvas", { width: 28, height: 28, class: "mg-swatch", "aria-hidden": "true" });
  drawMarker(penOf(canvas), shape, colour, 14, 14, 9);
  return make("span", { class: "mg-item" }, canvas, make("span", { class: "mg-itemname" }, name));
}

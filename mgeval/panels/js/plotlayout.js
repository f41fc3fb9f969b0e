// @ts-check
// Where the points of a plot stand. Nothing here needs a page.
import { axisRange, jitter, MARGIN } from "./axes.js";
import { PointGrid } from "./points.js";

/** @typedef {import("./types.js").Box} Box */
/** @typedef {import("./types.js").Column} Column */
/** @typedef {import("./types.js").Range} Range */
/** @typedef {import("./types.js").Table} Table */
/** @typedef {import("./types.js").View} View */

/**
 * A plot's layout: px and py are the places of the rows in CSS pixels, NaN for rows that are not shown.
 * @typedef {{ box: Box, x: Column, y: Column, px: Float32Array, py: Float32Array, grid: PointGrid }} Layout
 */

const LEAST_BOX = 6;

/**
 * Returns the view that shows all rows.
 * @param {Table} table
 * @param {Column} x
 * @param {Column} y
 * @param {Uint8Array | null} visibleRows
 * @returns {View}
 */
export function fullView(table, x, y, visibleRows) {
  /** @param {Column} column */
  const rangeOf = (column) => {
    const lines = table.references.map(({ values }) => values[column.name]).filter((value) => value !== undefined);
    return axisRange(column, visibleRows, lines);
  };
  return { x: rangeOf(x), y: rangeOf(y) };
}

/**
 * Places the rows in a plot of a size.
 * @param {Table} table
 * @param {Column} x
 * @param {Column} y
 * @param {Uint8Array | null} visibleRows
 * @param {View} view
 * @param {number} width
 * @param {number} height
 * @returns {Layout}
 */
export function layOutPoints(table, x, y, visibleRows, view, width, height) {
  const left = MARGIN.left, right = width - MARGIN.right, top = MARGIN.top, bottom = height - MARGIN.bottom;
  const box = { left, right, top, bottom, width: right - left, height: bottom - top };
  const px = new Float32Array(table.size), py = new Float32Array(table.size);
  const scaleX = box.width / (view.x[1] - view.x[0]), scaleY = box.height / (view.y[1] - view.y[0]);
  for (let row = 0; row < table.size; row++) {
    const hidden = visibleRows && !visibleRows[row];
    const h = hidden ? NaN : left + (x.values[row] + (x.levels ? jitter(row) : 0) - view.x[0]) * scaleX;
    // Far from the other axis' row, so that the two do not go together.
    const v = bottom - (y.values[row] + (y.levels ? jitter(row + 7919) : 0) - view.y[0]) * scaleY;
    const inside = h >= left - 1 && h <= right + 1 && v >= top - 1 && v <= bottom + 1;
    px[row] = inside ? h : NaN;
    py[row] = inside ? v : NaN;
  }
  return { box, x, y, px, py, grid: new PointGrid(px, py, width, height) };
}

/**
 * Returns a view that is larger by a factor, around a place on the screen.
 * @param {View} view
 * @param {Box} box
 * @param {number} factor
 * @param {number} h
 * @param {number} v
 * @returns {View}
 */
export function zoomView(view, box, factor, h, v) {
  /** @param {Range} range @param {number} share @returns {Range} */
  const around = ([low, high], share) => {
    const centre = low + (high - low) * share, width = (high - low) * factor;
    return [centre - width * share, centre + width * (1 - share)];
  };
  return { x: around(view.x, (h - box.left) / box.width), y: around(view.y, (box.bottom - v) / box.height) };
}

/**
 * Returns the view of a rectangle on the screen, or null if it is too small to be meant.
 * @param {View} view
 * @param {Box} box
 * @param {[number, number]} from
 * @param {[number, number]} to
 * @returns {View | null}
 */
export function viewOfRectangle(view, box, from, to) {
  const left = Math.min(from[0], to[0]), right = Math.max(from[0], to[0]);
  const top = Math.min(from[1], to[1]), bottom = Math.max(from[1], to[1]);
  if (right - left < LEAST_BOX || bottom - top < LEAST_BOX) return null;
  /** @param {number} h */
  const valueX = (h) => view.x[0] + ((h - box.left) / box.width) * (view.x[1] - view.x[0]);
  /** @param {number} v */
  const valueY = (v) => view.y[0] + ((box.bottom - v) / box.height) * (view.y[1] - view.y[0]);
  return { x: [valueX(left), valueX(right)], y: [valueY(bottom), valueY(top)] };
}

/**
 * Returns the row nearest to a place, however far it is; -1 if no row is shown.
 * @param {Layout} layout
 * @param {number} x
 * @param {number} y
 */
export function nearestRow({ grid, px, py }, x, y) {
  let best = -1, least = Infinity;
  for (const row of grid.rows) {
    const distance = Math.hypot(px[row] - x, py[row] - y);
    if (distance < least) { least = distance; best = row; }
  }
  return best;
}

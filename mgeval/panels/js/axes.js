// @ts-check
// Axes of a plot: their ranges, their ticks, and how they are drawn.
import { drawLine } from "./canvas.js";
import { formatNumber } from "./format.js";
import { axisLabel, finiteRange } from "./table.js";

/** @typedef {import("./types.js").Box} Box */
/** @typedef {import("./types.js").Column} Column */
/** @typedef {import("./types.js").Range} Range */
/** @typedef {import("./types.js").Reference} Reference */
/** @typedef {import("./types.js").Theme} Theme */
/** @typedef {import("./types.js").View} View */

export const MARGIN = { left: 62, right: 14, top: 12, bottom: 44 };

/**
 * Returns round numbers from `low` to `high`, about `most` of them.
 * @param {number} low
 * @param {number} high
 * @param {number} most
 */
export function tickValues(low, high, most) {
  const rough = (high - low) / Math.max(most, 1), size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 5].find((factor) => size * factor >= rough * 0.999) ?? 10);
  /** @type {number[]} */
  const values = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    values.push(Number((i * step).toPrecision(12)));
  }
  return values;
}

/**
 * Returns the range of an axis: a little more than the data, and the reference lines that are near.
 * @param {Pick<Column, "values" | "levels">} column
 * @param {Uint8Array | null} rows Which rows count; null for all.
 * @param {number[]} [lines]
 * @returns {Range}
 */
export function axisRange(column, rows, lines = []) {
  if (column.levels) return [-0.6, column.levels.length - 0.4];
  const data = finiteRange(column.values, rows);
  if (!data) return [0, 1];
  let [low, high] = data;
  const width = high - low || Math.abs(high) || 1;
  for (const line of lines) {
    if (line >= data[0] - width / 2 && line <= data[1] + width / 2) [low, high] = [Math.min(low, line), Math.max(high, line)];
  }
  const pad = high > low ? 0.05 * (high - low) : width * 0.1;
  return [low - pad, high + pad];
}

/**
 * Returns how far a row stands beside its level, from -0.25 to 0.25: points of one level would hide each other. It is
 * the same each time, so that points do not jump.
 * @param {number} row
 */
export function jitter(row) {
  return (((Math.imul(row + 1, 2654435761) >>> 8) & 0xffff) / 0xffff - 0.5) * 0.5;
}

/**
 * Returns the values and the texts of an axis' ticks.
 * @param {Column} column
 * @param {Range} range
 * @param {number} most Numbers.
 * @param {number} letters Letters of a level's name.
 * @returns {[number, string][]}
 */
export function axisTicks(column, [low, high], most, letters) {
  if (!column.levels) return tickValues(low, high, most).map((value) => [value, formatNumber(value)]);
  return column.levels.map((name, i) => /** @type {[number, string]} */ ([i, shortenName(name, letters)]))
    .filter(([i]) => i >= low && i <= high);
}

/** @param {string} name @param {number} letters */
function shortenName(name, letters) {
  return name.length > letters ? `${name.slice(0, letters - 1)}…` : name;
}

/**
 * Draws both axes with their ticks and labels.
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} box
 * @param {View} view
 * @param {Column} x
 * @param {Column} y
 * @param {Theme} theme
 */
export function drawAxes(pen, box, view, x, y, theme) {
  pen.strokeStyle = theme.line;
  pen.lineWidth = 1;
  pen.fillStyle = theme.muted;
  pen.font = `11px ${theme.font}`;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const [value, text] of axisTicks(y, view.y, box.height / 42, 10)) {
    const v = Math.round(box.bottom - ((value - view.y[0]) / (view.y[1] - view.y[0])) * box.height) + 0.5;
    drawLine(pen, box.left, v, box.right, v);
    pen.fillText(text, box.left - 7, v);
  }
  pen.textAlign = "center";
  pen.textBaseline = "top";
  const room = x.levels ? box.width / Math.max(1, view.x[1] - view.x[0]) / 6.2 : 12;
  for (const [value, text] of axisTicks(x, view.x, box.width / 80, Math.max(3, Math.floor(room)))) {
    const h = Math.round(box.left + ((value - view.x[0]) / (view.x[1] - view.x[0])) * box.width) + 0.5;
    drawLine(pen, h, box.bottom, h, box.bottom + 4);
    pen.fillText(text, h, box.bottom + 8);
  }
  pen.fillStyle = theme.text;
  pen.font = `12px ${theme.font}`;
  pen.textBaseline = "bottom";
  pen.fillText(axisLabel(x), box.left + box.width / 2, box.bottom + MARGIN.bottom - 3, box.width);
  pen.save();
  pen.translate(4, box.top + box.height / 2);
  pen.rotate(-Math.PI / 2);
  pen.textBaseline = "top";
  pen.fillText(axisLabel(y), 0, 0, box.height);
  pen.restore();
  pen.strokeStyle = theme.muted;
  drawLine(pen, box.left, box.bottom + 0.5, box.right, box.bottom + 0.5);
}

/**
 * Draws dashed lines at the means of the control clips: across for the vertical axis, upright for the other.
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} box
 * @param {View} view
 * @param {Column} x
 * @param {Column} y
 * @param {Reference[]} references
 * @param {Theme} theme
 */
export function drawReferences(pen, box, view, x, y, references, theme) {
  pen.save();
  pen.setLineDash([5, 4]);
  pen.strokeStyle = theme.muted;
  pen.fillStyle = theme.muted;
  pen.font = `italic 11px ${theme.font}`;
  for (const { name, values } of references) {
    const shareX = (values[x.name] - view.x[0]) / (view.x[1] - view.x[0]);
    const shareY = (values[y.name] - view.y[0]) / (view.y[1] - view.y[0]);
    if (shareY >= 0 && shareY <= 1) {
      const v = Math.round(box.bottom - shareY * box.height) + 0.5;
      drawLine(pen, box.left, v, box.right, v);
      pen.textAlign = "right";
      pen.textBaseline = "bottom";
      pen.fillText(name, box.right - 3, v - 2);
    }
    if (shareX >= 0 && shareX <= 1) {
      const h = Math.round(box.left + shareX * box.width) + 0.5;
      drawLine(pen, h, box.top, h, box.bottom);
      pen.save();
      pen.translate(h + 3, box.top + 3);
      pen.rotate(Math.PI / 2);
      pen.textAlign = "left";
      pen.textBaseline = "bottom";
      pen.fillText(name, 0, 0);
      pen.restore();
    }
  }
  pen.restore();
}

// @ts-check
// A table of clips, as the kernel sends it: float32 columns, texts as indices into a list.
import { formatNumber } from "./format.js";

/** @typedef {import("./types.js").Column} Column */
/** @typedef {import("./types.js").ColumnHeader} ColumnHeader */
/** @typedef {import("./types.js").Levels} Levels */
/** @typedef {import("./types.js").Range} Range */
/** @typedef {import("./types.js").Table} Table */

/** @type {import("./types.js").Role[]} */
export const ROLES = ["x", "y", "colour", "shape"];

/** The most distinct values of a column that have a colour or a shape each. */
export const MAX_LEVELS = 7;

/**
 * Copies a binary part of a message: it may start anywhere in its buffer, and a Float32Array may not.
 * @param {ArrayBufferView} view
 */
export function copyFloats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/**
 * Makes a table from the kernel's answer: one buffer for each column, and a last one for the prompts.
 * @param {Pick<Table, "keys" | "prompts" | "references"> & { columns: ColumnHeader[], buffers: ArrayBufferView[] }} answer
 * @returns {Table}
 */
export function unpackTable({ columns, keys, prompts, references, buffers }) {
  const promptOf = copyFloats(buffers[columns.length]);
  /** @type {Table["columns"]} */
  const byName = new Map();
  columns.forEach((column, i) => byName.set(column.name, { ...column, values: copyFloats(buffers[i]) }));
  return { keys, prompts, references, size: keys.length, columns: byName, promptOf };
}

/**
 * Returns a column's label with its unit, as an axis shows it.
 * @param {{ label: string, unit: string }} column
 */
export function axisLabel(column) {
  const name = column.label.charAt(0).toUpperCase() + column.label.slice(1);
  return column.unit ? `${name} (${column.unit})` : name;
}

/**
 * Returns the distinct values of a column, or null if they are too many.
 * @param {Pick<Column, "values" | "levels"> | null | undefined} column
 * @param {number} [most]
 * @returns {Levels | null}
 */
export function columnLevels(column, most = MAX_LEVELS) {
  if (!column) return null;
  const { values } = column, codes = new Int16Array(values.length).fill(-1);
  if (column.levels) {
    if (column.levels.length > most) return null;
    values.forEach((value, row) => { if (!Number.isNaN(value)) codes[row] = value; });
    return { names: column.levels, codes };
  }
  /** @type {Set<number>} */
  const distinct = new Set();
  for (const value of values) {
    if (!Number.isNaN(value)) distinct.add(value);
    if (distinct.size > most) return null;
  }
  const sorted = [...distinct].sort((a, b) => a - b), codeOf = new Map(sorted.map((value, i) => [value, i]));
  values.forEach((value, row) => { codes[row] = codeOf.get(value) ?? -1; });
  // Float32 turns 0.1 into 0.10000000149: six digits are what was meant.
  return { names: sorted.map((value) => String(Number(value.toPrecision(6))).replace("-", "−")), codes };
}

/**
 * Returns the lowest and the highest finite value, or null if there is none.
 * @param {Float32Array} values
 * @param {Uint8Array | null} [rows] Which rows count; all without it.
 * @returns {Range | null}
 */
export function finiteRange(values, rows = null) {
  let low = Infinity, high = -Infinity;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (!Number.isFinite(value) || (rows && !rows[row])) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

/**
 * Returns the label and the value of a row in some columns, each column once.
 * @param {(Pick<Column, "label" | "unit" | "levels" | "values"> | undefined)[]} columns
 * @param {number} row
 */
export function describeRow(columns, row) {
  return [...new Set(columns)].flatMap((column) => {
    if (!column) return [];
    const { label, levels, unit, values } = column, value = values[row];
    const text = levels ? levels[value] ?? "–" : `${formatNumber(value)} ${unit}`.trim();
    return [/** @type {[string, string]} */ ([label, text])];
  });
}

// @ts-check
// The points of a plot: their colours, and which of them is where.
import { COLOURS } from "./colours.js";
import { columnLevels, finiteRange } from "./table.js";

/** @typedef {import("./types.js").Column} Column */
/** @typedef {import("./types.js").Range} Range */

/**
 * How rows are coloured: by few levels, or along a ramp.
 * @typedef {object} ColourScale
 * @property {string[]} palette
 * @property {(row: number) => number} indexOf The index of a row's colour in the palette.
 * @property {string[] | null} levels
 * @property {Range | null} range
 */

const CELL = 18;
const REACH = 14;
const BINS = 24;
// Viridis without its palest end; the columns are those of its published table.
const RAMP = [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81]];

/**
 * Returns the colour at a place of the ramp, 0 to 1.
 * @param {number} share
 */
export function rampColour(share) {
  const place = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1), i = Math.min(Math.floor(place), RAMP.length - 2);
  return `rgb(${RAMP[i].map((from, c) => Math.round(from + (RAMP[i + 1][c] - from) * (place - i))).join(" ")})`;
}

/**
 * Returns how a column colours the rows.
 * @param {Pick<Column, "values" | "levels"> | null | undefined} column
 * @returns {ColourScale}
 */
export function colourScale(column) {
  if (!column) return { palette: [COLOURS[0]], indexOf: () => 0, levels: null, range: null };
  const levels = columnLevels(column), grey = COLOURS[COLOURS.length - 1];
  if (levels) {
    const { names, codes } = levels;
    return { palette: [...COLOURS, grey], indexOf: (row) => (codes[row] < 0 ? COLOURS.length : codes[row]), levels: names, range: null };
  }
  const range = finiteRange(column.values) ?? [0, 1], width = range[1] - range[0] || 1;
  const palette = [...Array.from({ length: BINS }, (_, i) => rampColour(i / (BINS - 1))), grey];
  /** @param {number} row */
  const indexOf = (row) => {
    const value = column.values[row];
    if (Number.isNaN(value)) return BINS;
    return Math.max(0, Math.min(BINS - 1, Math.floor(((value - range[0]) / width) * BINS)));
  };
  return { palette, indexOf, levels: null, range };
}

/** Rows by cells of the screen, so that a search for the nearest one looks at nine cells only. */
export class PointGrid {
  /**
   * @param {Float32Array} px
   * @param {Float32Array} py
   * @param {number} width
   * @param {number} height
   */
  constructor(px, py, width, height) {
    this.px = px;
    this.py = py;
    this.columns = Math.max(1, Math.ceil(width / CELL));
    this.lines = Math.max(1, Math.ceil(height / CELL));
    this.starts = new Int32Array(this.columns * this.lines + 1);
    const cells = new Int32Array(px.length);
    for (let row = 0; row < px.length; row++) {
      cells[row] = this.cellAt(px[row], py[row]);
      if (cells[row] >= 0) this.starts[cells[row] + 1]++;
    }
    for (let i = 1; i < this.starts.length; i++) this.starts[i] += this.starts[i - 1];
    const next = this.starts.slice();
    /** The rows that are on the screen, cell by cell. */
    this.rows = new Int32Array(this.starts[this.starts.length - 1]);
    for (let row = 0; row < px.length; row++) if (cells[row] >= 0) this.rows[next[cells[row]]++] = row;
  }

  /**
   * Returns the number of a place's cell, -1 outside the screen.
   * @param {number} x
   * @param {number} y
   */
  cellAt(x, y) {
    const column = Math.floor(x / CELL), line = Math.floor(y / CELL);
    return column >= 0 && line >= 0 && column < this.columns && line < this.lines ? line * this.columns + column : -1;
  }

  /**
   * Returns the row that is nearest to a place, -1 if none is near.
   * @param {number} x
   * @param {number} y
   */
  nearest(x, y) {
    let best = -1, least = REACH * REACH;
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const cell = this.cellAt(x + dx * CELL, y + dy * CELL);
        if (cell < 0) continue;
        for (let i = this.starts[cell]; i < this.starts[cell + 1]; i++) {
          const row = this.rows[i], distance = (this.px[row] - x) ** 2 + (this.py[row] - y) ** 2;
          // Of two at one place the last wins: it is drawn on top.
          if (distance <= least) { least = distance; best = row; }
        }
      }
    }
    return best;
  }
}

/**
 * Returns the nearest row in a direction, -1 if there is none. What lies aside counts double.
 * @param {Float32Array} px
 * @param {Float32Array} py
 * @param {number} from
 * @param {[number, number]} direction
 */
export function nearestInDirection(px, py, from, [dx, dy]) {
  let best = -1, least = Infinity;
  for (let row = 0; row < px.length; row++) {
    const x = px[row] - px[from], y = py[row] - py[from], along = x * dx + y * dy, aside = Math.abs(x * dy - y * dx);
    if (row === from || !(along > 0.5) || aside > 3 * along) continue;
    if (along + 2 * aside < least) { least = along + 2 * aside; best = row; }
  }
  return best;
}

/**
 * Tells whether a closed line encloses a place, by counting the edges to one side of it.
 * @param {[number, number][]} path
 * @param {number} x
 * @param {number} y
 */
export function pointInPolygon(path, x, y) {
  let odd = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [xi, yi] = path[i], [xj, yj] = path[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

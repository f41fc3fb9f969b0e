// Points: what they look like, and which one is under the pointer.
import { COLOURS } from "./dom.js";
import { levelsOf, extent } from "./table.js";

const CELL = 18;
const REACH = 14;
const SIZE = 4;
const BINS = 24;
// Viridis without its palest end; the columns are those of its published table.
const RAMP = [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81]];

export function ramp(share) {
  const place = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1), i = Math.min(Math.floor(place), RAMP.length - 2);
  return `rgb(${RAMP[i].map((from, c) => Math.round(from + (RAMP[i + 1][c] - from) * (place - i))).join(" ")})`;
}

// How rows are coloured: by few levels, or along a ramp. Returns palette, the number of each row in it, and a legend.
export function colouring(column) {
  if (!column) return { palette: [COLOURS[0]], of: () => 0, levels: null, range: null };
  const levels = levelsOf(column);
  if (levels) {
    return { palette: [...COLOURS, COLOURS[6]], of: (row) => (levels.codes[row] < 0 ? 7 : levels.codes[row]), levels: levels.names, range: null };
  }
  const range = extent(column.values) ?? [0, 1], width = range[1] - range[0] || 1;
  const palette = [...Array.from({ length: BINS }, (_, i) => ramp(i / (BINS - 1))), COLOURS[6]];
  const of = (row) => {
    const value = column.values[row];
    return value === value ? Math.min(BINS - 1, Math.floor(((value - range[0]) / width) * BINS)) : BINS;
  };
  return { palette, of, levels: null, range };
}

const SHAPES = [
  (pen, r) => pen.arc(0, 0, r, 0, 2 * Math.PI),
  (pen, r) => pen.rect(-r * 0.88, -r * 0.88, r * 1.76, r * 1.76),
  (pen, r) => polygon(pen, [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]], r),
  (pen, r) => polygon(pen, [[0, -1.2], [1.15, 0.9], [-1.15, 0.9]], r),
  (pen, r) => polygon(pen, [[0, 1.2], [1.15, -0.9], [-1.15, -0.9]], r),
  (pen, r) => cross(pen, r, 0),
  (pen, r) => cross(pen, r, Math.PI / 4),
];

function polygon(pen, corners, r) {
  corners.forEach(([x, y], i) => (i ? pen.lineTo(x * r, y * r) : pen.moveTo(x * r, y * r)));
  pen.closePath();
}

function cross(pen, r, angle) {
  pen.rotate(angle);
  const a = 0.42, b = 1.2;
  polygon(pen, [[-a, -b], [a, -b], [a, -a], [b, -a], [b, a], [a, a], [a, b], [-a, b], [-a, a], [-b, a], [-b, -a], [-a, -a]], r);
}

export function marker(pen, shape, colour, x, y, r = SIZE) {
  pen.save();
  pen.translate(x, y);
  pen.beginPath();
  SHAPES[shape % SHAPES.length](pen, r);
  pen.fillStyle = colour;
  pen.fill();
  pen.restore();
}

// A marker drawn once: copying a picture is quicker than drawing a path thousands of times.
export function sprites(ratio, edge) {
  const made = new Map(), side = SIZE * 2 + 6;
  return {
    half: side / 2,
    side,
    get(shape, colour) {
      const name = `${shape} ${colour}`;
      if (!made.has(name)) {
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = Math.ceil(side * ratio);
        const pen = canvas.getContext("2d");
        pen.scale(ratio, ratio);
        marker(pen, shape, edge, side / 2, side / 2, SIZE + 0.8);
        marker(pen, shape, colour, side / 2, side / 2);
        made.set(name, canvas);
      }
      return made.get(name);
    },
  };
}

// Rows by cells of the screen: the nearest to a place is looked for in nine of them.
export class Grid {
  constructor(px, py, width, height) {
    this.px = px;
    this.py = py;
    this.wide = Math.max(1, Math.ceil(width / CELL));
    this.high = Math.max(1, Math.ceil(height / CELL));
    this.starts = new Int32Array(this.wide * this.high + 1);
    const cells = new Int32Array(px.length);
    for (let row = 0; row < px.length; row++) {
      cells[row] = this.cell(px[row], py[row]);
      if (cells[row] >= 0) this.starts[cells[row] + 1]++;
    }
    for (let i = 1; i < this.starts.length; i++) this.starts[i] += this.starts[i - 1];
    const next = this.starts.slice();
    this.rows = new Int32Array(this.starts[this.starts.length - 1]);
    for (let row = 0; row < px.length; row++) if (cells[row] >= 0) this.rows[next[cells[row]]++] = row;
  }

  cell(x, y) {
    const column = Math.floor(x / CELL), line = Math.floor(y / CELL);
    return column >= 0 && line >= 0 && column < this.wide && line < this.high ? line * this.wide + column : -1;
  }

  nearest(x, y) {
    let best = -1, least = REACH * REACH;
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const cell = this.cell(x + dx * CELL, y + dy * CELL);
        if (cell < 0) continue;
        for (let i = this.starts[cell]; i < this.starts[cell + 1]; i++) {
          const row = this.rows[i], distance = (this.px[row] - x) ** 2 + (this.py[row] - y) ** 2;
          // Of equal ones the last, which is drawn on top.
          if (distance <= least) { least = distance; best = row; }
        }
      }
    }
    return best;
  }
}

// The nearest row in a direction: what lies aside counts double.
export function towards(px, py, from, [dx, dy]) {
  let best = -1, least = Infinity;
  for (let row = 0; row < px.length; row++) {
    const x = px[row] - px[from], y = py[row] - py[from], along = x * dx + y * dy, aside = Math.abs(x * dy - y * dx);
    if (row === from || !(along > 0.5) || aside > 3 * along) continue;
    if (along + 2 * aside < least) { least = along + 2 * aside; best = row; }
  }
  return best;
}

// Whether a place lies in a closed line, by the number of its edges to one side.
export function inside(path, x, y) {
  let odd = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [xi, yi] = path[i], [xj, yj] = path[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

// @ts-check
// What a plot draws on its two canvases.

/** @typedef {import("./markers.js").MarkerCache} MarkerCache */
/** @typedef {import("./plotlayout.js").Layout} Layout */
/** @typedef {import("./points.js").ColourScale} ColourScale */
/** @typedef {import("./types.js").Levels} Levels */
/** @typedef {import("./types.js").Theme} Theme */
/** @typedef {import("./types.js").View} View */
/** @typedef {CanvasRenderingContext2D} Pen */

/** @typedef {"zoom" | "lasso"} Tool */
/** @typedef {{ tool: Tool, path: [number, number][], moved: boolean, adding: boolean }} Drag */

// Points of large tables lie on each other: they let each other through.
const MANY = 1500;

/**
 * Draws the points; while some are selected, the others are pale and behind them.
 * @param {Pen} pen
 * @param {Layout} layout
 * @param {MarkerCache} markers
 * @param {ColourScale} colours
 * @param {Levels | null} shapes
 * @param {Set<number>} selected
 */
export function drawPoints(pen, { px, py, grid }, markers, colours, shapes, selected) {
  for (const bright of selected.size ? [false, true] : [true]) {
    pen.globalAlpha = bright ? (grid.rows.length > MANY ? 0.75 : 0.95) : 0.22;
    for (let row = 0; row < px.length; row++) {
      if (Number.isNaN(px[row]) || (selected.size && selected.has(row) !== bright)) continue;
      const shape = shapes ? Math.max(shapes.codes[row], 0) : 0;
      const marker = markers.get(shape, colours.palette[colours.indexOf(row)]);
      pen.drawImage(marker, px[row] - markers.half, py[row] - markers.half, markers.side, markers.side);
    }
  }
  pen.globalAlpha = 1;
}

/**
 * Draws an upright bar at each point.
 * @param {Pen} pen
 * @param {Layout} layout
 * @param {View} view
 * @param {ColourScale} colours
 * @param {[Float32Array, Float32Array]} interval The lower and the upper end in each row.
 */
export function drawIntervals(pen, { box, px }, view, colours, interval) {
  /** @param {number} value */
  const place = (value) => box.bottom - ((value - view.y[0]) / (view.y[1] - view.y[0])) * box.height;
  pen.lineWidth = 1.2;
  for (let row = 0; row < px.length; row++) {
    const low = place(interval[0][row]), high = place(interval[1][row]);
    if (Number.isNaN(px[row] + low + high)) continue;
    pen.strokeStyle = colours.palette[colours.indexOf(row)];
    pen.beginPath();
    pen.moveTo(px[row], Math.min(Math.max(low, box.top), box.bottom));
    pen.lineTo(px[row], Math.min(Math.max(high, box.top), box.bottom));
    pen.stroke();
  }
}

/**
 * Draws the rectangle or the lasso while somebody drags.
 * @param {Pen} pen
 * @param {Drag} drag
 * @param {Theme} theme
 */
export function drawDrag(pen, { tool, path }, theme) {
  const [x, y] = path[0], [toX, toY] = path[path.length - 1];
  pen.strokeStyle = theme.accent;
  pen.fillStyle = theme.accent;
  pen.lineWidth = 1.5;
  pen.beginPath();
  if (tool === "zoom") pen.rect(x, y, toX - x, toY - y);
  else {
    path.forEach(([h, v], i) => (i ? pen.lineTo(h, v) : pen.moveTo(h, v)));
    pen.closePath();
  }
  pen.stroke();
  pen.globalAlpha = 0.12;
  pen.fill();
  pen.globalAlpha = 1;
}

// @ts-check
// A dot for each pair at its difference, with their mean and its interval above.
import { tickValues } from "./axes.js";
import { drawLine } from "./canvas.js";
import { COLOURS } from "./colours.js";
import { fitCanvas, make, oncePerFrame, onResize, onThemeChange, pointerPlace, readTheme } from "./dom.js";
import { formatDifference, formatNumber } from "./format.js";
import { axisLabel, finiteRange } from "./table.js";

/** @typedef {import("./types.js").Interval} Interval */
/** @typedef {import("./types.js").PairMetric} PairMetric */
/** @typedef {import("./types.js").PairTable} PairTable */
/** @typedef {import("./types.js").Theme} Theme */
/** @typedef {CanvasRenderingContext2D} Pen */
/** @typedef {{ from: number, to: number, place: (value: number) => number }} Scale */

const SIDE = 14;
const BOTTOM = 34;
const DOT = 3.5;
const REACH = 10;
const BAR = 14;
// Other colours than those of the player's channels.
const [COLOUR_A, COLOUR_B] = [COLOURS[2], COLOURS[3]];

/**
 * Creates the plot of the differences.
 * @param {AbortSignal} signal
 * @param {(row: number) => unknown} onChoose
 */
export function createDifferencePlot(signal, onChoose) {
  const canvas = make("canvas", { class: "mg-layer" }), tip = make("div", { class: "mg-tip", hidden: true });
  const root = make("div", { class: "mg-dots", role: "img", "aria-label": "Differences of the pairs" }, canvas, tip);
  /** @type {PairTable | null} */
  let table = null;
  /** @type {PairMetric | null} */
  let metric = null;
  /** @type {Interval | null} */
  let mean = null;
  /** @type {Theme | null} */
  let theme = null;
  let chosen = -1, x = new Float32Array(0), y = x;

  const draw = oncePerFrame(() => {
    if (!metric || signal.aborted || !root.isConnected) return;
    theme ??= readTheme(root);
    const { pen, width, height } = fitCanvas(canvas), scale = findScale(metric.d, width);
    placeDots(metric.d, scale, height);
    pen.clearRect(0, 0, width, height);
    drawAxis(pen, width, height, scale, metric, theme);
    if (mean) drawMean(pen, scale, mean, theme);
    drawDots(pen, metric.d, theme);
  });

  /** @param {Float32Array} differences @param {number} width @returns {Scale} */
  function findScale(differences, width) {
    const [low, high] = finiteRange(differences) ?? [0, 0];
    // Zero and the interval's ends are always in sight.
    const least = Math.min(low, 0, mean?.[1] ?? 0), most = Math.max(high, 0, mean?.[2] ?? 0);
    const pad = (most - least || 1) * 0.05, from = least - pad, to = most + pad;
    return { from, to, place: (value) => SIDE + ((value - from) / (to - from)) * (width - 2 * SIDE) };
  }

  /**
   * Stacks the dots in columns, closer together where a column is too high.
   * @param {Float32Array} differences
   * @param {Scale} scale
   * @param {number} height
   */
  function placeDots(differences, scale, height) {
    const floor = height - BOTTOM - DOT - 2, top = 2 * BAR;
    /** @type {Map<number, number>} */
    const counts = new Map();
    /** @type {number[]} */
    const levels = [];
    [x, y] = [new Float32Array(differences.length).fill(NaN), new Float32Array(differences.length).fill(NaN)];
    differences.forEach((value, row) => {
      if (Number.isNaN(value)) return;
      const column = Math.round(scale.place(value) / (2 * DOT));
      levels[row] = counts.get(column) ?? 0;
      counts.set(column, levels[row] + 1);
    });
    const step = Math.min(2 * DOT, (floor - top) / Math.max(...counts.values(), 1));
    differences.forEach((value, row) => {
      if (Number.isNaN(value)) return;
      x[row] = scale.place(value);
      y[row] = floor - levels[row] * step;
    });
  }

  /** @param {Pen} pen @param {Float32Array} differences @param {Theme} colours */
  function drawDots(pen, differences, colours) {
    /** @param {number} row */
    const sideColour = (row) => (differences[row] < 0 ? COLOUR_A : COLOUR_B);
    for (let row = 0; row < x.length; row++) drawDot(pen, row, DOT, sideColour(row));
    if (chosen < 0) return;
    drawDot(pen, chosen, DOT + 3, colours.text);
    drawDot(pen, chosen, DOT + 0.5, sideColour(chosen));
  }

  /** @param {Pen} pen @param {number} row @param {number} radius @param {string} colour */
  function drawDot(pen, row, radius, colour) {
    if (Number.isNaN(x[row])) return;
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(x[row], y[row], radius, 0, 2 * Math.PI);
    pen.fill();
  }

  /** @param {MouseEvent} event */
  function rowUnder(event) {
    const [px, py] = pointerPlace(root, event);
    let best = -1, least = REACH * REACH;
    for (let row = 0; row < x.length; row++) {
      const distance = (x[row] - px) ** 2 + (y[row] - py) ** 2;
      if (distance < least) [best, least] = [row, distance];
    }
    return best;
  }

  root.addEventListener("pointermove", (event) => {
    const row = rowUnder(event);
    tip.hidden = row < 0;
    root.style.cursor = row < 0 ? "" : "pointer";
    if (row < 0 || !table || !metric) return;
    const note = [table.notes[row], `B minus A: ${formatNumber(metric.d[row])}`].filter(Boolean).join(", ");
    tip.replaceChildren(make("div", { class: "mg-tiptitle" }, table.prompts[table.promptOf[row]] || "(no prompt)"), note);
    const right = x[row] > root.clientWidth / 2;
    tip.style.transform = `translate(${x[row] + (right ? -10 : 10)}px, 4px)${right ? " translateX(-100%)" : ""}`;
  });
  root.addEventListener("pointerleave", () => { tip.hidden = true; });
  root.addEventListener("click", (event) => {
    const row = rowUnder(event);
    if (row >= 0) onChoose(row);
  });
  const redraw = () => { theme = null; draw(); };
  onThemeChange(redraw, signal);
  onResize(root, redraw, signal);

  return {
    root,
    /** @param {PairTable} pairs */
    setTable(pairs) { table = pairs; },
    /** @param {PairMetric} values @param {Interval | null} interval */
    show(values, interval) {
      [metric, mean] = [values, interval];
      root.setAttribute("aria-label", `A dot for each pair at its difference, B minus A, in ${axisLabel(values)}`);
      draw();
    },
    /** @param {number} row */
    setChosen(row) { chosen = row; draw(); },
  };
}

/**
 * @param {Pen} pen
 * @param {number} width
 * @param {number} height
 * @param {Scale} scale
 * @param {PairMetric} metric
 * @param {Theme} theme
 */
function drawAxis(pen, width, height, scale, metric, theme) {
  const base = height - BOTTOM + 0.5, zero = Math.round(scale.place(0)) + 0.5;
  pen.lineWidth = 1;
  pen.strokeStyle = theme.muted;
  drawLine(pen, SIDE, base, width - SIDE, base);
  pen.setLineDash([4, 3]);
  drawLine(pen, zero, 4, zero, base);
  pen.setLineDash([]);
  pen.fillStyle = theme.muted;
  pen.font = `11px ${theme.font}`;
  pen.textBaseline = "top";
  pen.textAlign = "center";
  for (const value of tickValues(scale.from, scale.to, width / 90)) {
    drawLine(pen, scale.place(value), base, scale.place(value), base + 4);
    pen.fillText(formatDifference(value), scale.place(value), base + 6);
  }
  pen.fillStyle = theme.text;
  pen.fillText(`B minus A: ${axisLabel(metric)}`, width / 2, base + 19, width);
  pen.fillStyle = theme.muted;
  pen.textAlign = "left";
  if (zero < width - 90) pen.fillText("B higher →", zero + 6, 2);
  pen.textAlign = "right";
  if (zero > 90) pen.fillText("← A higher", zero - 6, 2);
}

/** @param {Pen} pen @param {Scale} scale @param {Interval} interval @param {Theme} theme */
function drawMean(pen, scale, [mean, low, high], theme) {
  if (mean === null) return;
  const height = BAR + 6;
  pen.strokeStyle = pen.fillStyle = theme.text;
  pen.lineWidth = 2;
  if (low !== null && high !== null) drawLine(pen, scale.place(low), height, scale.place(high), height);
  pen.beginPath();
  pen.arc(scale.place(mean), height, 4, 0, 2 * Math.PI);
  pen.fill();
}

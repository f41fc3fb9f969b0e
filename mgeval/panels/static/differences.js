// A dot for each pair at its difference, with their mean and its interval above.
import { COLOURS, el, fitted, theme, onTheme, onResize, inFrame, short } from "./dom.js";
import { ticks } from "./axes.js";
import { extent, labelled } from "./table.js";

const SIDE = 14;
const BOTTOM = 34;
const DOT = 3.5;
const REACH = 10;
const BAR = 14;
// Not those of the player's channels.
const [A, B] = [COLOURS[2], COLOURS[3]];

export function differences(signal, choose) {
  const canvas = el("canvas", { class: "mg-layer" }), tip = el("div", { class: "mg-tip", hidden: true });
  const root = el("div", { class: "mg-dots", role: "img", "aria-label": "Differences of the pairs" }, canvas, tip);
  let table = null, metric = null, ends = null, chosen = -1, x = [], y = [], colours = null, scale = null;
  const draw = inFrame(() => {
    if (!metric || signal.aborted || !root.isConnected) return;
    colours ??= theme(root);
    const { pen, width, height } = fitted(canvas);
    place(width, height);
    pen.clearRect(0, 0, width, height);
    axis(pen, width, height);
    bar(pen);
    dots(pen);
  });

  function place(width, height) {
    const [low, high] = extent(metric.d) ?? [0, 0];
    // Nothing, and the interval's ends, are always in sight.
    let [from, to] = [Math.min(low, 0, ends?.[1] ?? 0), Math.max(high, 0, ends?.[2] ?? 0)];
    const pad = (to - from || 1) * 0.05;
    [from, to] = [from - pad, to + pad];
    scale = { from, to, at: (value) => SIDE + ((value - from) / (to - from)) * (width - 2 * SIDE) };
    const floor = height - BOTTOM - DOT - 2, top = 2 * BAR, columns = new Map();
    [x, y] = [new Float32Array(metric.d.length), new Float32Array(metric.d.length)];
    const most = Math.max(...stacked(columns).values(), 1), step = Math.min(2 * DOT, (floor - top) / most);
    columns.clear();
    metric.d.forEach((value, row) => {
      if (value !== value) { x[row] = y[row] = NaN; return; }
      const column = Math.round(scale.at(value) / (2 * DOT)), below = columns.get(column) ?? 0;
      columns.set(column, below + 1);
      x[row] = scale.at(value);
      y[row] = floor - below * step;
    });
  }

  function stacked(columns) {
    for (const value of metric.d) {
      if (value !== value) continue;
      const column = Math.round(scale.at(value) / (2 * DOT));
      columns.set(column, (columns.get(column) ?? 0) + 1);
    }
    return columns;
  }

  function axis(pen, width, height) {
    const base = height - BOTTOM + 0.5, zero = Math.round(scale.at(0)) + 0.5;
    pen.lineWidth = 1;
    pen.strokeStyle = colours.muted;
    line(pen, SIDE, base, width - SIDE, base);
    pen.setLineDash([4, 3]);
    line(pen, zero, 4, zero, base);
    pen.setLineDash([]);
    pen.fillStyle = colours.muted;
    pen.font = `11px ${colours.font}`;
    pen.textBaseline = "top";
    pen.textAlign = "center";
    for (const value of ticks(scale.from, scale.to, width / 90)) {
      line(pen, scale.at(value), base, scale.at(value), base + 4);
      pen.fillText(value > 0 ? `+${short(value)}` : short(value), scale.at(value), base + 6);
    }
    pen.fillStyle = colours.text;
    pen.fillText(`B less A: ${labelled(metric)}`, width / 2, base + 19, width);
    pen.fillStyle = colours.muted;
    pen.textAlign = "left";
    if (zero < width - 90) pen.fillText("B higher →", zero + 6, 2);
    pen.textAlign = "right";
    if (zero > 90) pen.fillText("← A higher", zero - 6, 2);
  }

  function bar(pen) {
    if (!ends || ends[0] === null) return;
    const middle = scale.at(ends[0]), up = BAR + 6;
    pen.strokeStyle = pen.fillStyle = colours.text;
    pen.lineWidth = 2;
    if (ends[1] !== null && ends[2] !== null) line(pen, scale.at(ends[1]), up, scale.at(ends[2]), up);
    pen.beginPath();
    pen.arc(middle, up, 4, 0, 2 * Math.PI);
    pen.fill();
  }

  function dots(pen) {
    for (let row = 0; row < x.length; row++) dot(pen, row, DOT, metric.d[row] < 0 ? A : B);
    if (chosen < 0 || x[chosen] !== x[chosen]) return;
    dot(pen, chosen, DOT + 3, colours.text);
    dot(pen, chosen, DOT + 0.5, metric.d[chosen] < 0 ? A : B);
  }

  function dot(pen, row, radius, colour) {
    if (x[row] !== x[row]) return;
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(x[row], y[row], radius, 0, 2 * Math.PI);
    pen.fill();
  }

  function under(event) {
    const box = root.getBoundingClientRect(), px = event.clientX - box.left, py = event.clientY - box.top;
    let best = -1, least = REACH * REACH;
    for (let row = 0; row < x.length; row++) {
      const distance = (x[row] - px) ** 2 + (y[row] - py) ** 2;
      if (distance < least) [best, least] = [row, distance];
    }
    return best;
  }

  root.addEventListener("pointermove", (event) => {
    const row = under(event);
    tip.hidden = row < 0;
    root.style.cursor = row < 0 ? "" : "pointer";
    if (row < 0) return;
    const note = [table.notes[row], `B less A ${short(metric.d[row])}`].filter(Boolean).join(", ");
    tip.replaceChildren(el("div", { class: "mg-tiptitle" }, table.prompts[table.promptOf[row]] || "(no prompt)"), note);
    const right = x[row] > root.clientWidth / 2;
    tip.style.transform = `translate(${x[row] + (right ? -10 : 10)}px, 4px)${right ? " translateX(-100%)" : ""}`;
  });
  root.addEventListener("pointerleave", () => { tip.hidden = true; });
  root.addEventListener("click", (event) => { const row = under(event); if (row >= 0) choose(row); });
  const restyled = () => { colours = null; draw(); };
  onTheme(restyled, signal);
  onResize(root, restyled, signal);

  return {
    root,
    set(found) { table = found; },
    show(shown, interval) {
      [metric, ends] = [shown, interval];
      root.setAttribute("aria-label", `A dot for each pair at its difference, B less A, in ${labelled(shown)}`);
      draw();
    },
    choose(row) { chosen = row; draw(); },
  };
}

function line(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

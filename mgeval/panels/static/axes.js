// Axes of a plot: where values stand, and what is written beside them.
import { short } from "./dom.js";
import { extent, labelled } from "./table.js";

export const MARGIN = { left: 62, right: 14, top: 12, bottom: 44 };

export function ticks(low, high, most) {
  const rough = (high - low) / Math.max(most, 1), size = 10 ** Math.floor(Math.log10(rough));
  const step = size * [1, 2, 5, 10].find((factor) => size * factor >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

// From which value to which an axis goes: a little more than the data, and lines of reference that are near.
export function domain(column, rows, lines = []) {
  if (column.levels) return [-0.6, column.levels.length - 0.4];
  const found = extent(column.values, rows);
  if (!found) return [0, 1];
  let [low, high] = found;
  const near = high - low || Math.abs(high) || 1;
  for (const line of lines) {
    if (line >= found[0] - near / 2 && line <= found[1] + near / 2) [low, high] = [Math.min(low, line), Math.max(high, line)];
  }
  const pad = high > low ? 0.05 * (high - low) : near * 0.1;
  return [low - pad, high + pad];
}

// A fixed place beside its level for each row, so that points of one level do not hide each other.
export function beside(row) {
  return (((Math.imul(row + 1, 2654435761) >>> 8) & 0xffff) / 0xffff - 0.5) * 0.5;
}

export function drawAxes(pen, box, view, x, y, colours) {
  pen.strokeStyle = colours.line;
  pen.lineWidth = 1;
  pen.fillStyle = colours.muted;
  pen.font = `11px ${colours.font}`;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const [value, text] of marks(y, view.y, box.height / 42, 10)) {
    const at = Math.round(box.bottom - ((value - view.y[0]) / (view.y[1] - view.y[0])) * box.height) + 0.5;
    line(pen, box.left, at, box.right, at);
    pen.fillText(text, box.left - 7, at);
  }
  pen.textAlign = "center";
  pen.textBaseline = "top";
  const room = x.levels ? box.width / Math.max(1, view.x[1] - view.x[0]) / 6.2 : 12;
  for (const [value, text] of marks(x, view.x, box.width / 80, Math.max(3, Math.floor(room)))) {
    const at = Math.round(box.left + ((value - view.x[0]) / (view.x[1] - view.x[0])) * box.width) + 0.5;
    line(pen, at, box.bottom, at, box.bottom + 4);
    pen.fillText(text, at, box.bottom + 8);
  }
  pen.fillStyle = colours.text;
  pen.font = `12px ${colours.font}`;
  pen.textBaseline = "bottom";
  pen.fillText(labelled(x), box.left + box.width / 2, box.bottom + MARGIN.bottom - 3, box.width);
  pen.save();
  pen.translate(4, box.top + box.height / 2);
  pen.rotate(-Math.PI / 2);
  pen.textBaseline = "top";
  pen.fillText(labelled(y), 0, 0, box.height);
  pen.restore();
  pen.strokeStyle = colours.muted;
  line(pen, box.left, box.bottom + 0.5, box.right, box.bottom + 0.5);
}

function marks(column, [low, high], most, letters) {
  if (!column.levels) return ticks(low, high, most).map((value) => [value, short(value)]);
  return column.levels.map((name, i) => [i, name.length > letters ? `${name.slice(0, letters - 1)}…` : name])
    .filter(([i]) => i >= low && i <= high);
}

function line(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

// Dashed lines at what controls read: across for the one axis, upright for the other.
export function drawReferences(pen, box, view, x, y, references, colours) {
  pen.save();
  pen.setLineDash([5, 4]);
  pen.strokeStyle = colours.muted;
  pen.fillStyle = colours.muted;
  pen.font = `italic 11px ${colours.font}`;
  for (const { name, values } of references) {
    const up = (values[y.name] - view.y[0]) / (view.y[1] - view.y[0]), along = (values[x.name] - view.x[0]) / (view.x[1] - view.x[0]);
    if (up >= 0 && up <= 1) {
      const at = Math.round(box.bottom - up * box.height) + 0.5;
      line(pen, box.left, at, box.right, at);
      pen.textAlign = "right";
      pen.textBaseline = "bottom";
      pen.fillText(name, box.right - 3, at - 2);
    }
    if (along >= 0 && along <= 1) {
      const at = Math.round(box.left + along * box.width) + 0.5;
      line(pen, at, box.top, at, box.bottom);
      pen.save();
      pen.translate(at + 3, box.top + 3);
      pen.rotate(Math.PI / 2);
      pen.textAlign = "left";
      pen.textBaseline = "bottom";
      pen.fillText(name, 0, 0);
      pen.restore();
    }
  }
  pen.restore();
}

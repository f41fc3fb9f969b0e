// What the answers say: each level with its interval, the best first.
import { el, short } from "./dom.js";

export function results({ columns, rows, range, notes }) {
  const said = notes.map((note) => el("p", { class: "mg-note" }, note));
  if (!rows.length) return el("div", { class: "mg-results" }, ...said);
  const ends = range ?? reach(rows);
  const body = el("tbody", {}, ...rows.map((row) => el("tr", {}, el("th", { scope: "row" }, row.level),
    el("td", {}, row.text), el("td", { class: "mg-interval" }, ...(row.mean === null ? ["–"] : [line(row, ends, range), numbers(row)])))));
  const head = el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Level"), ...columns.map((name) => el("th", { scope: "col" }, name))));
  return el("div", { class: "mg-results" }, el("table", { class: "mg-table" }, head, body), ...said);
}

function reach(rows) {
  const most = Math.max(0.5, ...rows.flatMap(({ mean, lo, hi }) => [mean, lo, hi].map((value) => Math.abs(value ?? 0))));
  return [-most * 1.05, most * 1.05];
}

function line({ mean, lo, hi }, [low, high], range) {
  const at = (value) => `${(100 * (value - low)) / (high - low)}%`;
  const track = el("div", { class: "mg-track", "aria-hidden": "true" });
  if (!range) track.append(placed("mg-middle", at(0)));
  if (lo !== null && hi !== null) {
    const whisker = placed("mg-whisker", at(Math.max(lo, low)));
    whisker.style.right = `${(100 * (high - Math.min(hi, high))) / (high - low)}%`;
    track.append(whisker);
  }
  track.append(placed("mg-dot", at(mean)));
  return track;
}

function placed(name, left) {
  const node = el("div", { class: name });
  node.style.left = left;
  return node;
}

function numbers({ mean, lo, hi }) {
  const round = (value) => short(Number(value.toFixed(2)));
  return el("span", { class: "mg-note" }, lo === null ? `${round(mean)} (no interval)` : `${round(mean)} (${round(lo)} to ${round(hi)})`);
}

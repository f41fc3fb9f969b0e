// @ts-check
// The results of a blind session: each level with its interval, the best first.
import { make } from "./dom.js";
import { formatNumber } from "./format.js";

/** @typedef {import("./types.js").Range} Range */
/** @typedef {import("./types.js").ResultRow} ResultRow */
/** @typedef {import("./types.js").Results} Results */

/**
 * Makes the table of results.
 * @param {Results} results
 */
export function makeResults({ columns, rows, range, notes }) {
  const noteNodes = notes.map((note) => make("p", { class: "mg-note" }, note));
  if (!rows.length) return make("div", { class: "mg-results" }, ...noteNodes);
  const scale = range ?? symmetricRange(rows);
  const body = make("tbody", {}, ...rows.map((row) => make("tr", {}, make("th", { scope: "row" }, row.level),
    make("td", {}, row.text), make("td", { class: "mg-interval" }, ...makeInterval(row, scale, range === null)))));
  const head = make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Level"),
    ...columns.map((name) => make("th", { scope: "col" }, name))));
  return make("div", { class: "mg-results" }, make("table", { class: "mg-table" }, head, body), ...noteNodes);
}

/** @param {ResultRow[]} rows @returns {Range} */
function symmetricRange(rows) {
  const most = Math.max(0.5, ...rows.flatMap(({ mean, lo, hi }) => [mean, lo, hi].map((value) => Math.abs(value ?? 0))));
  return [-most * 1.05, most * 1.05];
}

/** @param {ResultRow} row @param {Range} scale @param {boolean} zero Whether zero is marked. */
function makeInterval({ mean, lo, hi }, [low, high], zero) {
  if (mean === null) return ["–"];
  /** @param {number} value */
  const place = (value) => `${(100 * (value - low)) / (high - low)}%`;
  /** @param {number} value */
  const round = (value) => formatNumber(Number(value.toFixed(2)));
  const track = make("div", { class: "mg-track", "aria-hidden": "true" });
  if (zero) track.append(makeAt("mg-middle", place(0)));
  if (lo !== null && hi !== null) {
    const whisker = makeAt("mg-whisker", place(Math.max(lo, low)));
    whisker.style.right = `${(100 * (high - Math.min(hi, high))) / (high - low)}%`;
    track.append(whisker);
  }
  track.append(makeAt("mg-dot", place(mean)));
  const numbers = lo === null || hi === null ? `${round(mean)} (no interval)` : `${round(mean)} (${round(lo)} to ${round(hi)})`;
  return [track, make("span", { class: "mg-note" }, numbers)];
}

/** @param {string} className @param {string} left */
function makeAt(className, left) {
  const node = make("div", { class: className });
  node.style.left = left;
  return node;
}

// @ts-check
// Details of the chosen clip: what it is, which ones are like it, and which failures it has when.
import { make } from "./dom.js";

/** @typedef {import("./types.js").DetailRow} DetailRow */
/** @typedef {import("./types.js").Details} Details */
/** @typedef {import("./types.js").Finding} Finding */
/** @typedef {{ key: string, title: string, note: string }} SimilarClip */

/**
 * Makes a title and a table; nothing where there are no rows.
 * @param {string} title
 * @param {DetailRow[]} rows
 * @returns {HTMLElement[]}
 */
export function makeDetailTable(title, rows) {
  if (!rows.length) return [];
  const body = make("tbody");
  for (const [label, value, meaning] of rows) {
    body.append(make("tr", { title: meaning || null }, make("th", { scope: "row" }, label), make("td", {}, value)));
  }
  return [make("h4", {}, title), make("table", { class: "mg-table" }, body)];
}

/**
 * Creates the column of details.
 * @param {HTMLElement} root
 * @param {(key: string) => unknown} onChoose Called with the key of a similar clip.
 */
export function createInspector(root, onChoose) {
  const prompt = make("p", { class: "mg-prompt" }), similar = make("div", { class: "mg-similar" }), tables = make("div");
  root.append(make("section", { class: "mg-side", tabindex: 0, "aria-label": "The chosen clip" },
    make("h4", {}, "Clip"), prompt, make("h4", {}, "Similar clips"), similar, tables));

  function clear() {
    prompt.textContent = "Click a point, or move with the arrow keys, to hear a clip.";
    similar.replaceChildren();
    tables.replaceChildren();
  }

  clear();
  return {
    clear,
    /** @param {Details} details */
    showDetails({ prompt: text, settings, metrics, reason }) {
      prompt.textContent = text || "(no prompt)";
      tables.replaceChildren(...makeDetailTable("Metrics", metrics), ...(reason ? [make("p", { class: "mg-reason" }, reason)] : []),
        ...makeDetailTable("Settings", settings));
    },
    /** @param {SimilarClip[]} clips */
    showSimilar(clips) {
      similar.replaceChildren(...clips.map(({ key, title, note }) => make("button", {
        type: "button", class: "mg-like", onclick: () => onChoose(key), title,
      }, make("span", { class: "mg-liketitle" }, title), make("span", { class: "mg-note" }, note))));
      if (!clips.length) similar.textContent = "No other clip has the same metrics.";
    },
  };
}

/** @param {string} kind */
const kindName = (kind) => kind.replaceAll("_", " ");

/**
 * Creates the failures' timeline: a lane for each kind of failure, below the waveform and on its scale of time.
 * @param {(seconds: number) => unknown} onSeek
 */
export function createTimeline(onSeek) {
  const root = make("div", { class: "mg-timeline", hidden: true, role: "group", "aria-label": "Failures found" });

  /** @param {Finding} finding @param {number} duration */
  function makeBar({ kind, start_s: start, end_s: end }, duration) {
    const bar = make("button", {
      type: "button", class: "mg-failure", onclick: () => onSeek(start),
      "aria-label": `${kindName(kind)}, ${start.toFixed(2)} to ${end.toFixed(2)} seconds`,
      title: `${kindName(kind)}: ${start.toFixed(2)} to ${end.toFixed(2)} s`,
    });
    bar.style.left = `${(start / duration) * 100}%`;
    bar.style.width = `max(3px, ${((end - start) / duration) * 100}%)`;
    return bar;
  }

  return {
    root,
    showLoading() {
      root.replaceChildren(make("div", { class: "mg-note" }, "Looking for failures …"));
      root.hidden = false;
    },
    /** @param {Finding[]} findings @param {number} duration Seconds. */
    show(findings, duration) {
      const flagged = findings.filter((finding) => finding.flagged), kinds = [...new Set(flagged.map(({ kind }) => kind))];
      const kindCount = new Set(findings.map(({ kind }) => kind)).size;
      const unjudged = findings.filter((finding) => finding.score === null && !finding.flagged).length;
      const rest = unjudged ? `, ${unjudged} not judged` : "";
      const lanes = kinds.map((kind) => make("div", { class: "mg-lane" },
        ...flagged.filter((finding) => finding.kind === kind).map((finding) => makeBar(finding, duration)),
        make("span", { class: "mg-lanename" }, kindName(kind))));
      const text = `${kinds.length || "None"} of ${kindCount} kinds of failure found${rest}`;
      root.replaceChildren(...lanes, make("div", { class: "mg-note" }, text));
      root.hidden = false;
    },
  };
}

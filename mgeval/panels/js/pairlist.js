// @ts-check
// A list with a row for each pair. Only the rows in sight exist.
import { make, oncePerFrame, onResize } from "./dom.js";
import { formatDifference, formatNumber } from "./format.js";

/** @typedef {import("./types.js").PairMetric} PairMetric */
/** @typedef {import("./types.js").PairTable} PairTable */

const ROW_HEIGHT = 26;
const EXTRA_ROWS = 6;
const PAGE_ROWS = 7;

/**
 * Creates the list of pairs.
 * @param {AbortSignal} signal
 * @param {(row: number) => unknown} onChoose
 */
export function createPairList(signal, onChoose) {
  const name = `mg-pair-${Math.random().toString(36).slice(2)}`;
  const content = make("div", { class: "mg-pairroom", role: "presentation" });
  const area = make("div", { class: "mg-pairs", role: "listbox", tabindex: 0, "aria-label": "Pairs: arrow keys choose one" }, content);
  const head = make("div", { class: "mg-pair mg-pairhead", "aria-hidden": "true" },
    ...["Prompt", "", "A", "B", "B minus A"].map((title) => make("span", {}, title)));
  const root = make("div", { class: "mg-pairbox" }, head, area);
  /** @type {PairTable | null} */
  let table = null;
  /** @type {PairMetric | null} */
  let metric = null;
  /** @type {number[]} The table's rows in the order of the list. */
  let rows = [];
  let chosen = -1;

  const draw = oncePerFrame(() => {
    if (!table || !metric || signal.aborted) return;
    const first = Math.max(0, Math.floor(area.scrollTop / ROW_HEIGHT) - EXTRA_ROWS);
    const last = Math.min(rows.length, Math.ceil((area.scrollTop + area.clientHeight) / ROW_HEIGHT) + EXTRA_ROWS);
    content.style.height = `${rows.length * ROW_HEIGHT}px`;
    const nodes = [];
    for (let i = first; i < last; i++) nodes.push(makeRow(table, metric, i));
    // The chosen row must exist, also out of sight: the list names it to screen readers.
    if (chosen >= 0 && (chosen < first || chosen >= last)) nodes.push(makeRow(table, metric, chosen));
    content.replaceChildren(...nodes);
    if (chosen >= 0) area.setAttribute("aria-activedescendant", `${name}-${chosen}`);
    else area.removeAttribute("aria-activedescendant");
  });

  /** @param {PairTable} pairs @param {PairMetric} values @param {number} i */
  function makeRow({ prompts, promptOf, notes }, { a, b, d }, i) {
    const row = rows[i], prompt = prompts[promptOf[row]] || "(no prompt)", note = notes[row];
    const node = make("div", {
      class: "mg-pair", role: "option", id: `${name}-${i}`, "aria-selected": String(i === chosen), "aria-posinset": i + 1,
      "aria-setsize": rows.length, title: note ? `${prompt} (${note})` : prompt, onclick: () => chooseIndex(i),
    }, make("span", { class: "mg-itemname" }, prompt), make("span", { class: "mg-itemname mg-note" }, note),
      make("span", {}, formatNumber(a[row])), make("span", {}, formatNumber(b[row])),
      make("span", { class: "mg-difference" }, formatDifference(d[row])));
    node.style.top = `${i * ROW_HEIGHT}px`;
    return node;
  }

  /** @param {number} i */
  function chooseIndex(i) {
    if (!rows.length) return;
    setIndex(Math.min(Math.max(i, 0), rows.length - 1));
    onChoose(rows[chosen]);
  }

  /** @param {number} i */
  function setIndex(i) {
    chosen = i;
    if (i >= 0 && i * ROW_HEIGHT < area.scrollTop) area.scrollTop = i * ROW_HEIGHT;
    if (i >= 0 && (i + 1) * ROW_HEIGHT > area.scrollTop + area.clientHeight) {
      area.scrollTop = (i + 1) * ROW_HEIGHT - area.clientHeight;
    }
    draw();
  }

  /** @param {string} key @returns {number | undefined} */
  function targetOf(key) {
    switch (key) {
      case "ArrowUp": return chosen - 1;
      case "ArrowDown": return chosen + 1;
      case "PageUp": return chosen - PAGE_ROWS;
      case "PageDown": return chosen + PAGE_ROWS;
      case "Home": return 0;
      case "End": return rows.length - 1;
      case "Enter": return chosen;
      default: return undefined;
    }
  }

  area.addEventListener("scroll", draw);
  onResize(area, draw, signal);

  return {
    root,
    area,
    /** @param {PairTable} pairs */
    setTable(pairs) { table = pairs; },
    /** @param {number[]} order The table's rows. @param {PairMetric} values */
    show(order, values) {
      const row = rows[chosen] ?? -1;
      [rows, metric] = [order, values];
      setIndex(rows.indexOf(row));
    },
    /** @param {number} row */
    setChosen(row) { setIndex(rows.indexOf(row)); },
    /**
     * Tells whether the list used the key.
     * @param {KeyboardEvent} event
     */
    onKey(event) {
      const target = targetOf(event.key);
      if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return false;
      chooseIndex(target);
      event.preventDefault();
      return true;
    },
  };
}

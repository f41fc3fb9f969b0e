// @ts-check
// Which rows are shown: by words of their prompts, by ranges of numbers, by levels of a column.
import { make, makeButton, setPressed } from "./dom.js";
import { formatNumber } from "./format.js";
import { axisLabel, columnLevels, finiteRange } from "./table.js";

/** @typedef {import("./types.js").Column} Column */
/** @typedef {import("./types.js").Levels} Levels */
/** @typedef {import("./types.js").Table} Table */
/** @typedef {{ off?: string[], ends?: string[] }} FilterState Levels that are off, or the ends of a range. */
/** @typedef {{ passes: (row: number) => boolean, state: () => FilterState }} Filter */

const MAX_BUTTONS = 12;

/**
 * Creates the bar of filters.
 * @param {HTMLElement} root
 * @param {(rows: Uint8Array | null) => void} onChange Called with a mark for each row that is shown; null for all.
 * @param {(rows: number[]) => void} onSelect
 */
export function createFilterBar(root, onChange, onSelect) {
  const search = make("input", {
    type: "search", class: "mg-input mg-search", placeholder: "Prompt contains …", "aria-label": "Prompt contains",
    oninput: () => apply(),
  });
  const add = make("select", {
    class: "mg-select", "aria-label": "Add a filter", onchange: () => { addFilter(add.value); add.value = ""; },
  });
  const chips = make("div", { class: "mg-chips" }), count = make("span", { class: "mg-count", role: "status" });
  const select = makeButton("Select shown", "Select the rows that are shown", () => onSelect(visibleRows()));
  root.append(make("div", { class: "mg-bar" }, search, add, make("span", { class: "mg-gap" }), count, select), chips);
  /** @type {Map<string, Filter>} */
  const filters = new Map();
  /** @type {Table | null} */
  let table = null;
  /** @type {Uint8Array | null} */
  let visible = null;
  let listed = "";

  /** @param {string} name */
  function addFilter(name) {
    const column = table?.columns.get(name);
    if (!column || filters.has(name)) return;
    const chip = addChip(column);
    apply();
    controlsOf(chip)[0].focus();
  }

  /**
   * @param {Column} column
   * @param {FilterState} [before] What a filter of the same column was set to in another table.
   */
  function addChip(column, before = {}) {
    const { name, label } = column, levels = columnLevels(column, MAX_BUTTONS);
    const chip = make("div", { class: "mg-chip", role: "group", "aria-label": `Filter by ${label}` }, make("span", {}, axisLabel(column)));
    const filter = levels ? makeLevelFilter(chip, levels, before.off, apply) : makeRangeFilter(chip, column, before.ends, apply);
    const remove = makeButton("×", `Remove the filter by ${label}`, () => {
      filters.delete(name);
      chip.remove();
      apply();
      add.focus();
    });
    remove.setAttribute("aria-label", remove.title);
    chip.append(remove);
    chips.append(chip);
    filters.set(name, filter);
    return chip;
  }

  function apply() {
    if (!table) return;
    const { size, prompts, promptOf } = table;
    const word = search.value.trim().toLowerCase(), tests = [...filters.values()];
    const fits = word ? prompts.map((prompt) => prompt.toLowerCase().includes(word)) : null;
    visible = fits || tests.length ? new Uint8Array(size) : null;
    if (visible) {
      for (let row = 0; row < size; row++) {
        visible[row] = (!fits || fits[promptOf[row]]) && tests.every(({ passes }) => passes(row)) ? 1 : 0;
      }
    }
    const total = size.toLocaleString("en"), n = visibleRows().length;
    count.textContent = n === size ? `${total} clips` : `${n.toLocaleString("en")} of ${total} clips`;
    onChange(visible);
  }

  /** @param {Column[]} columns */
  function updateColumns(columns) {
    const options = columns.map((column) => [column.name, axisLabel(column)]), text = JSON.stringify(options);
    // A table that grows must not close the list while somebody chooses from it.
    if (text === listed) return;
    listed = text;
    add.replaceChildren(make("option", { value: "" }, "Add a filter …"),
      ...options.map(([name, label]) => make("option", { value: name }, label)));
  }

  function visibleRows() {
    /** @type {number[]} */
    const rows = [];
    for (let row = 0; row < (table?.size ?? 0); row++) if (!visible || visible[row]) rows.push(row);
    return rows;
  }

  return {
    /**
     * Takes another table. Filters whose columns are still there stay, and so does the focus.
     * @param {Table} next
     */
    setTable(next) {
      const before = [...filters].map(([name, { state }]) => /** @type {[string, FilterState]} */ ([name, state()]));
      const focused = chips.querySelector(":focus"), focusedName = focused && controlName(focused);
      table = next;
      filters.clear();
      chips.replaceChildren();
      updateColumns([...next.columns.values()].filter(canFilter));
      for (const [name, state] of before) {
        const column = next.columns.get(name);
        if (column && canFilter(column)) addChip(column, state);
      }
      if (focusedName) controlsOf(chips).find((node) => controlName(node) === focusedName)?.focus();
      apply();
    },
  };
}

/**
 * Tells whether a column can be filtered: texts of many kinds have neither a range nor few enough levels.
 * @param {Column} column
 */
function canFilter(column) {
  return !column.levels || columnLevels(column, MAX_BUTTONS) !== null;
}

/** @param {HTMLElement} node @returns {HTMLElement[]} */
function controlsOf(node) {
  return [...node.querySelectorAll("button, input")].filter((control) => control instanceof HTMLElement);
}

/** @param {Element} node */
function controlName(node) {
  return [node.closest(".mg-chip"), node].map((one) => one?.getAttribute("aria-label")).join("\n");
}

/**
 * Adds a button for each level to a chip.
 * @param {HTMLElement} chip
 * @param {Levels} levels
 * @param {string[] | undefined} off
 * @param {() => void} onChange
 * @returns {Filter}
 */
function makeLevelFilter(chip, { names, codes }, off = [], onChange) {
  const on = new Set([...names.keys()].filter((i) => !off.includes(names[i])));
  names.forEach((name, i) => {
    const button = makeButton(name, name, () => {
      if (!on.delete(i)) on.add(i);
      setPressed(button, on.has(i));
      onChange();
    });
    setPressed(button, on.has(i));
    chip.append(button);
  });
  return { passes: (row) => on.has(codes[row]), state: () => ({ off: names.filter((_, i) => !on.has(i)) }) };
}

/**
 * Adds two fields for the ends of a range to a chip.
 * @param {HTMLElement} chip
 * @param {Column} column
 * @param {string[] | undefined} before
 * @param {() => void} onChange
 * @returns {Filter}
 */
function makeRangeFilter(chip, { values, label }, before = ["", ""], onChange) {
  const [low, high] = finiteRange(values) ?? [0, 0];
  /** @param {string} word @param {number} end @param {string} value */
  const makeEnd = (word, end, value) => make("input", {
    type: "number", step: "any", class: "mg-input mg-end", placeholder: formatNumber(end), value,
    "aria-label": `${label} ${word}`, oninput: () => onChange(),
  });
  const from = makeEnd("from", low, before[0]), to = makeEnd("to", high, before[1]);
  chip.append(from, "to", to);
  /** @param {HTMLInputElement} field @param {number} otherwise */
  // The values are float32: one that somebody types as an end must pass.
  const endOf = (field, otherwise) => (field.value === "" ? otherwise : Math.fround(Number(field.value)));
  return {
    passes(row) {
      const value = values[row];
      // Rows without a value are shown until an end is set.
      if (Number.isNaN(value)) return from.value === "" && to.value === "";
      return value >= endOf(from, -Infinity) && value <= endOf(to, Infinity);
    },
    state: () => ({ ends: [from.value, to.value] }),
  };
}

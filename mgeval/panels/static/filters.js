// Which rows are shown: by words of their prompts, by ranges of numbers, by kinds of texts.
import { el, pressed, short, toggle } from "./dom.js";
import { extent, labelled, levelsOf } from "./table.js";

const KINDS = 12;

export function filters(root, changed, keep) {
  const search = el("input", { type: "search", class: "mg-input mg-search", placeholder: "Prompt contains …", "aria-label": "Prompt contains", oninput: apply });
  const add = el("select", { class: "mg-select", "aria-label": "Add a filter", onchange: () => { append(add.value); add.value = ""; } });
  const chips = el("div", { class: "mg-chips" }), count = el("span", { class: "mg-count", role: "status" });
  const keeper = toggle("Select shown", "Select the rows that are shown", () => keep(kept()));
  root.append(el("div", { class: "mg-bar" }, search, add, el("span", { class: "mg-gap" }), count, keeper), chips);
  const active = new Map();
  let table = null, shown = null, listed = null;

  // Texts of many kinds have neither buttons nor ends.
  const usable = (column) => column && (!column.levels || levelsOf(column, KINDS));
  const named = (node) => node && [node.closest(".mg-chip"), node].map((one) => one.getAttribute("aria-label")).join("\n");

  function append(name) {
    if (!name || active.has(name)) return;
    const chip = build(name);
    apply();
    chip.querySelector("button, input").focus();
  }

  // `before` is what a filter of the same column was set to in another table.
  function build(name, before = {}) {
    const column = table.columns.get(name), levels = levelsOf(column, KINDS);
    const chip = el("div", { class: "mg-chip", role: "group", "aria-label": `Filter by ${column.label}` }, el("span", {}, labelled(column)));
    const filter = levels ? kinds(chip, levels, before.off) : between(chip, column, before.ends);
    const remove = toggle("×", `Remove the filter by ${column.label}`, () => { active.delete(name); chip.remove(); apply(); add.focus(); });
    remove.setAttribute("aria-label", remove.title);
    chip.append(remove);
    chips.append(chip);
    active.set(name, filter);
    return chip;
  }

  function kinds(chip, { names, codes }, off = []) {
    const on = new Set([...names.keys()].filter((i) => !off.includes(names[i])));
    names.forEach((name, i) => {
      const button = toggle(name, name, () => {
        if (!on.delete(i)) on.add(i);
        pressed(button, on.has(i));
        apply();
      });
      pressed(button, on.has(i));
      chip.append(button);
    });
    return { passes: (row) => on.has(codes[row]), state: () => ({ off: names.filter((name, i) => !on.has(i)) }) };
  }

  function between(chip, { values, label }, before = ["", ""]) {
    const [low, high] = extent(values) ?? [0, 0];
    const ends = [["from", low], ["to", high]].map(([word, end]) => el("input", {
      type: "number", step: "any", class: "mg-input mg-end", placeholder: short(end), "aria-label": `${label} ${word}`, oninput: apply,
    }));
    ends.forEach((field, i) => { field.value = before[i]; });
    chip.append(ends[0], "to", ends[1]);
    // The values are float32: one that is written as an end is within it.
    const at = (field, otherwise) => (field.value === "" ? otherwise : Math.fround(Number(field.value)));
    const passes = (row) => {
      const value = values[row];
      // Rows without a value are shown until a bound is set.
      if (value !== value) return ends.every((field) => field.value === "");
      return value >= at(ends[0], -Infinity) && value <= at(ends[1], Infinity);
    };
    return { passes, state: () => ({ ends: ends.map((field) => field.value) }) };
  }

  function apply() {
    const word = search.value.trim().toLowerCase(), tests = [...active.values()];
    const fits = word ? table.prompts.map((prompt) => prompt.toLowerCase().includes(word)) : null;
    shown = fits || tests.length ? new Uint8Array(table.size) : null;
    if (shown) {
      for (let row = 0; row < table.size; row++) {
        shown[row] = (!fits || fits[table.promptOf[row]]) && tests.every(({ passes }) => passes(row)) ? 1 : 0;
      }
    }
    const n = kept().length;
    count.textContent = n === table.size ? `${n.toLocaleString("en")} clips` : `${n.toLocaleString("en")} of ${table.size.toLocaleString("en")} clips`;
    changed(shown);
  }

  function list(columns) {
    const text = JSON.stringify(columns);
    // A table that grows must not close the list that somebody chooses from.
    if (text === listed) return;
    listed = text;
    add.replaceChildren(el("option", { value: "" }, "Add a filter …"),
      ...columns.map(([name, label]) => el("option", { value: name }, label)));
  }

  function kept() {
    const rows = [];
    for (let row = 0; row < table.size; row++) if (!shown || shown[row]) rows.push(row);
    return rows;
  }

  return {
    // What is filtered stays where its columns are there still, and the focus with it.
    set(next) {
      const before = [...active].map(([name, { state }]) => [name, state()]), focus = named(chips.querySelector(":focus"));
      table = next;
      active.clear();
      chips.replaceChildren();
      list([...table.columns.values()].filter(usable).map((column) => [column.name, labelled(column)]));
      for (const [name, state] of before) if (usable(table.columns.get(name))) build(name, state);
      if (focus) [...chips.querySelectorAll("button, input")].find((node) => named(node) === focus)?.focus();
      apply();
    },
  };
}

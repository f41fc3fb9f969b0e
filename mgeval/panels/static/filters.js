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
  let table = null, shown = null;

  function append(name) {
    if (!name || active.has(name)) return;
    const column = table.columns.get(name), levels = levelsOf(column, KINDS);
    const chip = el("div", { class: "mg-chip", role: "group", "aria-label": `Filter by ${column.label}` }, el("span", {}, labelled(column)));
    const passes = levels ? kinds(chip, levels) : between(chip, column);
    const remove = toggle("×", `Remove the filter by ${column.label}`, () => { active.delete(name); chip.remove(); apply(); add.focus(); });
    remove.setAttribute("aria-label", remove.title);
    chip.append(remove);
    chips.append(chip);
    active.set(name, passes);
    apply();
    chip.querySelector("button, input").focus();
  }

  function kinds(chip, { names, codes }) {
    const on = new Set(names.keys());
    names.forEach((name, i) => {
      const button = toggle(name, name, () => {
        if (!on.delete(i)) on.add(i);
        pressed(button, on.has(i));
        apply();
      });
      pressed(button, true);
      chip.append(button);
    });
    return (row) => on.has(codes[row]);
  }

  function between(chip, { values, label }) {
    const [low, high] = extent(values) ?? [0, 0];
    const ends = [["from", low], ["to", high]].map(([word, end]) => el("input", {
      type: "number", step: "any", class: "mg-input mg-end", placeholder: short(end), "aria-label": `${label} ${word}`, oninput: apply,
    }));
    chip.append(ends[0], "to", ends[1]);
    const at = (field, otherwise) => (field.value === "" ? otherwise : Number(field.value));
    return (row) => {
      const value = values[row];
      // Rows without a value are shown until a bound is set.
      if (value !== value) return ends.every((field) => field.value === "");
      return value >= at(ends[0], -Infinity) && value <= at(ends[1], Infinity);
    };
  }

  function apply() {
    const word = search.value.trim().toLowerCase(), tests = [...active.values()];
    const fits = word ? table.prompts.map((prompt) => prompt.toLowerCase().includes(word)) : null;
    shown = fits || tests.length ? new Uint8Array(table.size) : null;
    if (shown) {
      for (let row = 0; row < table.size; row++) {
        shown[row] = (!fits || fits[table.promptOf[row]]) && tests.every((passes) => passes(row)) ? 1 : 0;
      }
    }
    const n = kept().length;
    count.textContent = n === table.size ? `${n.toLocaleString("en")} clips` : `${n.toLocaleString("en")} of ${table.size.toLocaleString("en")} clips`;
    changed(shown);
  }

  function kept() {
    const rows = [];
    for (let row = 0; row < table.size; row++) if (!shown || shown[row]) rows.push(row);
    return rows;
  }

  return {
    set(next) {
      table = next;
      active.clear();
      chips.replaceChildren();
      add.replaceChildren(el("option", { value: "" }, "Add a filter …"),
        ...[...table.columns.values()].filter((column) => !column.levels || levelsOf(column, KINDS))
          .map((column) => el("option", { value: column.name }, labelled(column))));
      apply();
    },
  };
}

// The fields of a sweep: prompts on lines, and for each setting its values.
import { el } from "./dom.js";
import { area, entry, field } from "./fields.js";

export function sweepForm(controls, changed) {
  const all = new Map(), grid = el("div", { class: "mg-fields" });
  const prompts = area(4, changed);
  all.set("prompts", field("Prompts", "One on each line.", prompts));
  for (const { name, label, meaning, valid, default: usual } of controls) {
    const own = name === "seed";
    const help = own ? `takes of each prompt and setting: one for each seed (${valid})` : `${meaning} (${valid})`;
    const text = entry(label, "", changed, { class: "mg-input mg-short mg-values", placeholder: own ? "0, 1, 2" : usual });
    const whole = field(own ? "seeds" : label, help, text);
    all.set(own ? "seeds" : name, whole);
    grid.append(whole.root);
  }
  return {
    root: el("div", { class: "mg-form-inside" }, all.get("prompts").root,
      el("p", { class: "mg-help" }, "Several values, such as 1, 3, 5, make a setting an axis of the sweep; a blank field keeps the value shown in grey."), grid),
    get values() { return Object.fromEntries([...all].map(([name, { text }]) => [name, text.value])); },
    set(values) {
      for (const [name, value] of Object.entries(values)) {
        const { text } = all.get(name);
        if (text.value !== value) text.value = value;
      }
    },
    say(wrong) { all.forEach((one, name) => one.say(wrong[name])); },
  };
}

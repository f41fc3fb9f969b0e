// @ts-check
// The fields of a sweep: prompts on lines, and values for each setting.
import { make } from "./dom.js";
import { makeField, makeTextArea, makeTextInput } from "./fields.js";

/** @typedef {import("./types.js").Control} Control */
/** @typedef {import("./types.js").Problems} Problems */

/**
 * Creates the form of a sweep.
 * @param {Control[]} controls
 * @param {() => unknown} onChange
 */
export function createSweepForm(controls, onChange) {
  const grid = make("div", { class: "mg-fields" });
  const prompts = makeField("Prompts", "One on each line.", makeTextArea(4, onChange));
  /** @type {Map<string, ReturnType<typeof makeField<HTMLInputElement | HTMLTextAreaElement>>>} */
  const fields = new Map([["prompts", prompts]]);
  for (const { name, label, meaning, valid, default: value } of controls) {
    const isSeed = name === "seed";
    const help = isSeed ? `one take of each prompt and setting for each seed (${valid})` : `${meaning} (${valid})`;
    const input = makeTextInput("", onChange, { class: "mg-input mg-short mg-values", placeholder: isSeed ? "0, 1, 2" : value });
    const field = makeField(isSeed ? "seeds" : label, help, input);
    fields.set(isSeed ? "seeds" : name, field);
    grid.append(field.root);
  }
  return {
    root: make("div", { class: "mg-form-inside" }, prompts.root, make("p", { class: "mg-help" },
      "Several values, such as 1, 3, 5, make a setting an axis of the sweep; a blank field uses the value in grey."), grid),
    get values() { return Object.fromEntries([...fields].map(([name, { input }]) => [name, input.value])); },
    /** @param {Record<string, string>} values */
    setValues(values) {
      for (const [name, value] of Object.entries(values)) {
        const field = fields.get(name);
        if (field && field.input.value !== value) field.input.value = value;
      }
    },
    /** @param {Problems} wrong */
    showProblems(wrong) { fields.forEach((field, name) => field.showProblem(wrong[name])); },
  };
}

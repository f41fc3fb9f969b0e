// @ts-check
// Labelled fields for settings: a number, a slider over its usual range, what it does and what is valid.
import { make } from "./dom.js";

/** @typedef {import("./dom.js").PropValue} PropValue */
/** @typedef {import("./types.js").Control} Control */
/** @typedef {import("./types.js").Problems} Problems */

let fieldCount = 0;

/**
 * Makes a field with its label above its input, and its help below it.
 * @template {HTMLInputElement | HTMLTextAreaElement} Input
 * @param {string} label
 * @param {string} help
 * @param {Input} input
 * @param {...Node} extra Stands between input and help.
 */
export function makeField(label, help, input, ...extra) {
  const id = `mg-field-${++fieldCount}`, helpText = make("div", { class: "mg-help", id: `${id}-help` }, help);
  const wrong = make("div", { class: "mg-wrong mg-help", id: `${id}-wrong`, role: "alert", hidden: true });
  input.id = id;
  input.setAttribute("aria-describedby", `${id}-help ${id}-wrong`);
  const inline = input.classList.contains("mg-short"), name = make("label", { class: "mg-label", for: id }, label);
  const root = make("div", { class: "mg-field" }, ...(inline ? [make("div", { class: "mg-fieldhead" }, name, input)] : [name, input]),
    ...extra, helpText, wrong);
  return {
    root,
    input,
    /** @param {string | undefined} problem */
    showProblem(problem) {
      wrong.textContent = problem ?? "";
      wrong.hidden = !problem;
      input.setAttribute("aria-invalid", String(Boolean(problem)));
    },
  };
}

/**
 * Makes a field of one line.
 * @param {string} value
 * @param {() => unknown} onInput
 * @param {Record<string, PropValue>} [props]
 */
export function makeTextInput(value, onInput, props = {}) {
  return make("input", {
    type: "text", class: "mg-input mg-short", autocomplete: "off", spellcheck: "false", value, oninput: () => { onInput(); }, ...props,
  });
}

/**
 * Makes a field of several lines.
 * @param {number} rows
 * @param {() => unknown} onInput
 */
export function makeTextArea(rows, onInput) {
  return make("textarea", {
    class: "mg-input mg-text", rows, spellcheck: "false", oninput: () => { onInput(); },
    // JupyterLab 4.6 prevents new lines in every field in a cell, by a listener that it adds to the field with each key.
    // This one comes first.
    onbeforeinput: (event) => {
      if (/** @type {InputEvent} */ (event).inputType === "insertLineBreak") event.stopImmediatePropagation();
    },
  });
}

/**
 * Creates a field for each setting.
 * @param {Control[]} controls
 * @param {() => unknown} onChange
 */
export function createSettingsForm(controls, onChange) {
  const root = make("div", { class: "mg-fields" });
  /** @type {Map<string, ReturnType<typeof makeSetting>>} */
  const fields = new Map();
  for (const control of controls) {
    const field = makeSetting(control, onChange);
    root.append(field.root);
    fields.set(control.name, field);
  }
  return {
    root,
    get values() { return Object.fromEntries([...fields].map(([name, { input }]) => [name, input.value])); },
    /** @param {Record<string, string>} values */
    setValues(values) {
      for (const [name, value] of Object.entries(values)) fields.get(name)?.setValue(value);
    },
    /** @param {Problems} wrong */
    showProblems(wrong) { fields.forEach((field, name) => field.showProblem(wrong[name])); },
  };
}

/** @param {Control} control @param {() => unknown} onChange */
function makeSetting(control, onChange) {
  const input = makeTextInput(control.default, () => { moveSlider(); onChange(); }, { inputmode: "decimal" });
  const slider = control.step ? make("input", {
    type: "range", class: "mg-slider", min: control.low, max: control.high, step: control.step,
    "aria-label": `${control.label}, slider`, oninput: setFromSlider,
  }) : null;

  function setFromSlider() {
    if (slider) input.value = slider.value;
    onChange();
  }

  // The field may hold numbers beyond the slider's end, and they count.
  function moveSlider() {
    if (slider && input.value.trim() !== "" && !Number.isNaN(Number(input.value))) slider.value = input.value;
  }

  const field = makeField(control.label, `${control.meaning} (${control.valid})`, input, ...(slider ? [slider] : []));
  moveSlider();
  return {
    ...field,
    /** @param {string} value */
    setValue(value) {
      if (input.value.trim() !== value) input.value = value;
      moveSlider();
    },
  };
}

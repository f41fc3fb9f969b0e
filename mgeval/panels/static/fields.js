// Labelled fields for settings: a number, a slider over its usual part, what it does and what is valid.
import { el } from "./dom.js";

let serial = 0;

// A field with its label above and its help below; `say` shows what is wrong with it, `inside` stands between.
export function field(label, help, text, ...inside) {
  const id = `mg-field-${++serial}`, helping = el("div", { class: "mg-help", id: `${id}-help` }, help);
  const wrong = el("div", { class: "mg-wrong mg-help", id: `${id}-wrong`, role: "alert", hidden: true });
  text.id = id;
  text.setAttribute("aria-describedby", `${id}-help ${id}-wrong`);
  const short = text.classList.contains("mg-short"), name = el("label", { class: "mg-label", for: id }, label);
  const root = el("div", { class: "mg-field" }, ...(short ? [el("div", { class: "mg-fieldhead" }, name, text)] : [name, text]),
    ...inside, helping, wrong);
  return {
    root,
    text,
    say(problem) {
      wrong.textContent = problem ?? "";
      wrong.hidden = !problem;
      text.setAttribute("aria-invalid", String(Boolean(problem)));
    },
  };
}

export function entry(label, value, oninput, props = {}) {
  return el("input", { type: "text", class: "mg-input mg-short", autocomplete: "off", spellcheck: "false", value, oninput, ...props });
}

// A field of several lines. JupyterLab 4.6 prevents new lines in all that stands in a cell, by a listener on the field
// itself that it adds with each key: this one comes first.
export function area(rows, oninput) {
  return el("textarea", {
    class: "mg-input mg-text", rows, spellcheck: "false", oninput,
    onbeforeinput: (event) => { if (event.inputType === "insertLineBreak") event.stopImmediatePropagation(); },
  });
}

// All settings; `changed` is called when one was edited.
export function settings(controls, changed) {
  const root = el("div", { class: "mg-fields" }), all = new Map();
  for (const one of controls) {
    const text = entry(one.label, one.default, () => { follow(); changed(); }, { inputmode: "decimal" });
    const slider = one.step && el("input", {
      type: "range", class: "mg-slider", min: one.low, max: one.high, step: one.step, "aria-label": `${one.label}, slider`,
      oninput: () => { text.value = slider.value; changed(); },
    });
    // Beyond the slider's end the number counts.
    const follow = () => { if (slider && text.value.trim() !== "" && !Number.isNaN(Number(text.value))) slider.value = text.value; };
    const whole = field(one.label, `${one.meaning} (${one.valid})`, text, ...(slider ? [slider] : []));
    follow();
    root.append(whole.root);
    all.set(one.name, { ...whole, follow });
  }
  return {
    root,
    get values() { return Object.fromEntries([...all].map(([name, { text }]) => [name, text.value])); },
    set(values) {
      for (const [name, value] of Object.entries(values)) {
        const one = all.get(name);
        if (one.text.value.trim() !== value) one.text.value = value;
        one.follow();
      }
    },
    say(wrong) { all.forEach((one, name) => one.say(wrong[name])); },
  };
}

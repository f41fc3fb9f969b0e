// Work that goes on in the kernel: how far it is, and what came of it in words.
import { el } from "./dom.js";

export function progress(label) {
  const fill = el("div", { class: "mg-fill" });
  const bar = el("div", { class: "mg-track", role: "progressbar", "aria-label": label, "aria-valuemin": 0, hidden: true }, fill);
  const words = el("span", { class: "mg-count" }), note = el("span", { class: "mg-note mg-told", role: "status" });
  return {
    root: el("div", { class: "mg-work" }, bar, words, note),
    show(made, total, text) {
      bar.hidden = !(total > 0);
      fill.style.width = `${total > 0 ? Math.min(100, (100 * made) / total) : 0}%`;
      bar.setAttribute("aria-valuemax", total);
      bar.setAttribute("aria-valuenow", made);
      bar.setAttribute("aria-valuetext", text);
      words.textContent = text;
    },
    say(text, wrong = false) {
      if (note.textContent !== text) note.textContent = text;
      note.classList.toggle("mg-wrong", wrong);
    },
  };
}

// Calls a function when nothing was edited for a moment.
export function rested(call, pause) {
  let waiting = 0;
  return {
    soon() { clearTimeout(waiting); waiting = setTimeout(call, pause); },
    stop() { clearTimeout(waiting); },
  };
}

// Lets one button be pressed in place of another, which passes the focus on: it would be lost with a disabled one.
export function swap(on, off) {
  const focused = off.getRootNode().activeElement === off;
  on.disabled = false;
  off.disabled = true;
  if (focused) on.focus();
}

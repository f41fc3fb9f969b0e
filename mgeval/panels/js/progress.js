// @ts-check
// Work that goes on in the kernel: how far it is, and what came of it in words.
import { make } from "./dom.js";

/**
 * Creates a bar of progress with a line of text.
 * @param {string} label
 */
export function createProgress(label) {
  const fill = make("div", { class: "mg-fill" });
  const bar = make("div", { class: "mg-track", role: "progressbar", "aria-label": label, "aria-valuemin": 0, hidden: true }, fill);
  const count = make("span", { class: "mg-count" }), note = make("span", { class: "mg-note mg-told", role: "status" });
  return {
    root: make("div", { class: "mg-work" }, bar, count, note),
    /** @param {number} made @param {number} total 0 hides the bar. @param {string} text */
    show(made, total, text) {
      bar.hidden = !(total > 0);
      fill.style.width = `${total > 0 ? Math.min(100, (100 * made) / total) : 0}%`;
      bar.setAttribute("aria-valuemax", String(total));
      bar.setAttribute("aria-valuenow", String(made));
      bar.setAttribute("aria-valuetext", text);
      count.textContent = text;
    },
    /** @param {string} text @param {boolean} [wrong] */
    showNote(text, wrong = false) {
      // A screen reader reads a status again when its text is set, also to the same.
      if (note.textContent !== text) note.textContent = text;
      note.classList.toggle("mg-wrong", wrong);
    },
  };
}

/**
 * Returns how to call a function once nothing happened for a while.
 * @param {() => unknown} call
 * @param {number} pauseMs
 */
export function debounce(call, pauseMs) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return {
    schedule() { clearTimeout(timer); timer = setTimeout(call, pauseMs); },
    cancel() { clearTimeout(timer); },
  };
}

/**
 * Enables one button and disables another. The focus moves with them: a disabled button would lose it.
 * @param {HTMLButtonElement} on
 * @param {HTMLButtonElement} off
 */
export function swapEnabled(on, off) {
  const focused = /** @type {Document | ShadowRoot} */ (off.getRootNode()).activeElement === off;
  on.disabled = false;
  off.disabled = true;
  if (focused) on.focus();
}

// @ts-check
// The tip beside the point under the pointer.
import { make } from "./dom.js";

/** @typedef {import("./types.js").Box} Box */

/** Creates the tip. */
export function createTip() {
  const root = make("div", { class: "mg-tip", hidden: true });
  return {
    root,
    hide() { root.hidden = true; },
    /**
     * Shows the tip on the side of a place where there is room.
     * @param {[number, number]} place
     * @param {Box} box
     * @param {string} title
     * @param {[string, string][]} details
     */
    show([h, v], box, title, details) {
      root.hidden = false;
      root.replaceChildren(make("div", { class: "mg-tiptitle" }, title),
        ...details.map(([name, value]) => make("div", {}, `${name}: `, make("b", {}, value))));
      const right = h > (box.left + box.right) / 2, low = v > (box.top + box.bottom) / 2;
      const x = h + (right ? -14 : 14), y = v + (low ? -12 : 12);
      const shift = `${right ? "-100%" : "0"}, ${low ? "-100%" : "0"}`;
      root.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px) translate(${shift})`;
    },
  };
}

// @ts-check
// The takes, newest first, and the metrics of the chosen one.
import { make, makeButton, setPressed } from "./dom.js";
import { makeDetailTable } from "./inspector.js";

/** @typedef {import("./types.js").Take} Take */
/** @typedef {import("./types.js").TakeMetrics} TakeMetrics */

/**
 * Creates the list of takes.
 * @param {string} store
 * @param {{ onChoose: (key: string) => unknown, onKeep: (key: string) => unknown }} handlers
 */
export function createTakeList(store, { onChoose, onKeep }) {
  const root = make("ul", { class: "mg-takes", "aria-label": "Takes" });
  /** @type {Map<string, HTMLButtonElement>} */
  const buttons = new Map();

  /** @param {Take} take */
  function makeRow({ key, prompt, seed, seconds, kept }) {
    const take = make("button", { type: "button", class: "mg-take", onclick: () => onChoose(key), title: prompt || "no prompt" },
      make("span", { class: "mg-seed" }, `Seed ${seed}`), make("span", { class: "mg-liketitle" }, prompt || "no prompt"),
      make("span", { class: "mg-note" }, `${seconds.toFixed(1)} s`));
    const label = kept ? "Kept" : "Keep";
    const keep = makeButton(label, kept ? `Kept in ${store}` : `Keep in ${store}`, () => onKeep(key));
    keep.setAttribute("aria-label", `${label}: seed ${seed}`);
    keep.disabled = kept;
    buttons.set(key, take);
    return make("li", { "data-key": key }, take, keep);
  }

  /** The key of the take that has the focus. */
  function focusedKey() {
    const { activeElement } = /** @type {Document | ShadowRoot} */ (root.getRootNode());
    const row = activeElement?.closest(".mg-takes li");
    return row instanceof HTMLElement ? row.dataset.key : undefined;
  }

  return {
    root,
    /** @param {Take[]} takes */
    setTakes(takes) {
      const focused = focusedKey();
      buttons.clear();
      root.replaceChildren(...takes.map(makeRow));
      if (focused !== undefined) buttons.get(focused)?.focus();
    },
    /** @param {string | null} chosen */
    setChosen(chosen) { buttons.forEach((button, key) => setPressed(button, key === chosen)); },
  };
}

/** Creates the table of the chosen take's metrics. */
export function createTakeMetrics() {
  const root = make("section", { class: "mg-side", tabindex: 0, "aria-label": "Metrics of the chosen take" });
  return {
    root,
    showLoading() { root.replaceChildren(make("h4", {}, "Metrics"), make("p", { class: "mg-reason" }, "Measuring …")); },
    /** @param {TakeMetrics} take */
    show({ metrics, reason }) {
      root.replaceChildren(...makeDetailTable("Metrics", metrics), ...(reason ? [make("p", { class: "mg-reason" }, reason)] : []));
    },
  };
}

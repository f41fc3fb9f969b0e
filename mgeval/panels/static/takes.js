// The takes that were made, newest first, and the numbers of the chosen one.
import { el, pressed, toggle } from "./dom.js";
import { rowsOf } from "./inspector.js";

export function takeList(store, { choose, keep }) {
  const root = el("ul", { class: "mg-takes", "aria-label": "Takes" }), buttons = new Map();
  function row({ key, prompt, seed, seconds, kept }) {
    const heard = el("button", { type: "button", class: "mg-take", onclick: () => choose(key), title: prompt || "no prompt" },
      el("span", { class: "mg-seed" }, `Seed ${seed}`), el("span", { class: "mg-liketitle" }, prompt || "no prompt"),
      el("span", { class: "mg-note" }, `${seconds.toFixed(1)} s`));
    const label = kept ? "Kept" : "Keep";
    const keeper = toggle(label, kept ? `Is in ${store}` : `Keep in ${store}`, () => keep(key));
    keeper.setAttribute("aria-label", `${label}: seed ${seed}`);
    keeper.disabled = kept;
    buttons.set(key, heard);
    return el("li", { "data-key": key }, heard, keeper);
  }
  return {
    root,
    set(takes) {
      const focused = root.getRootNode().activeElement?.closest(".mg-takes li")?.dataset.key;
      buttons.clear();
      root.replaceChildren(...takes.map(row));
      buttons.get(focused)?.focus();
    },
    choose(chosen) { buttons.forEach((button, key) => pressed(button, key === chosen)); },
  };
}

export function numbers() {
  const root = el("section", { class: "mg-side", tabindex: 0, "aria-label": "Numbers of the chosen take" });
  return {
    root,
    wait() { root.replaceChildren(el("h4", {}, "Numbers"), el("p", { class: "mg-reason" }, "Measuring …")); },
    show({ metrics, reason }) {
      root.replaceChildren(...rowsOf("Numbers", metrics), ...(reason ? [el("p", { class: "mg-reason" }, reason)] : []));
    },
  };
}

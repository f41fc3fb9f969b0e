// @ts-check
// The widget `ClipPlayer`.
import { createChannel, errorText } from "./channel.js";
import { prepareRoot } from "./dom.js";
import { createPlayer } from "./player.js";

/** @typedef {{ value: string | null, other: string | null, autoplay: boolean }} Traits */

/** @param {import("./types.js").RenderArguments<Traits>} widget */
function render({ model, el, signal }) {
  prepareRoot(el);
  const channel = createChannel(model, signal), player = createPlayer(el, channel, signal, { onKeep: (key) => model.set("other", key) });
  el.addEventListener("keydown", (event) => { player.onKey(event); });
  model.on("change:value", () => player.load(model.get("value"), { play: model.get("autoplay") }));
  model.on("change:other", () => player.loadOther(model.get("other")));
  channel.hello("hello").then(async () => {
    await player.load(model.get("value"));
    if (model.get("other")) await player.loadOther(model.get("other"));
  }).catch((error) => player.showStatus(errorText(error), true));
}

export default { render };

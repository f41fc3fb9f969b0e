import { channel } from "./channel.js";
import { player } from "./player.js";

function render({ model, el, signal }) {
  el.classList.add("mg-root");
  el.dataset.lmSuppressShortcuts = "true";
  const wire = channel(model, signal), deck = player(el, wire, signal, { kept: (key) => model.set("other", key) });
  el.addEventListener("keydown", (event) => deck.keydown(event));
  model.on("change:value", () => deck.load(model.get("value"), { play: model.get("autoplay") }));
  model.on("change:other", () => deck.setOther(model.get("other")));
  wire.hello().then(async () => {
    await deck.load(model.get("value"));
    if (model.get("other")) await deck.setOther(model.get("other"));
  }).catch((error) => deck.say(error.message, true));
}

export default { render };

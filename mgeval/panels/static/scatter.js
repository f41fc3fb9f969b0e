import { el as make } from "./dom.js";
import { channel } from "./channel.js";
import { chart } from "./chart.js";
import { linked } from "./linked.js";

function render({ model, el, signal }) {
  el.classList.add("mg-root");
  el.dataset.lmSuppressShortcuts = "true";
  const status = make("div", { class: "mg-status", role: "status" });
  const say = (text, wrong = false) => { status.textContent = text; status.classList.toggle("mg-wrong", wrong); };
  const wire = channel(model, signal);
  const drawn = chart(el, signal, {
    choose: (row) => link.choose(row), lasso: (rows) => link.lasso(rows), changed: (fields) => link.changed(fields),
  });
  const link = linked(model, wire, drawn, say);
  el.append(status);
  el.addEventListener("keydown", (event) => drawn.keydown(event));
  link.begin().catch(link.failed);
}

export default { render };

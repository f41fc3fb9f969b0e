// @ts-check
// The widget `Scatter`.
import { createChannel } from "./channel.js";
import { createChart } from "./chart.js";
import { make, prepareRoot } from "./dom.js";
import { createTableLink } from "./tablelink.js";

/** @param {import("./types.js").RenderArguments<import("./tablelink.js").PlotTraits>} widget */
function render({ model, el, signal }) {
  prepareRoot(el);
  const status = make("div", { class: "mg-status", role: "status" });
  /** @param {string} text @param {boolean} wrong */
  const showStatus = (text, wrong) => {
    status.textContent = text;
    status.classList.toggle("mg-wrong", wrong);
  };
  const channel = createChannel(model, signal);
  const chart = createChart(el, signal, {
    onChoose: (row) => link.choose(row), onSelect: (rows) => link.select(rows), onFields: (fields) => link.sendFields(fields),
  });
  const link = createTableLink(model, channel, chart, showStatus);
  el.append(status);
  el.addEventListener("keydown", (event) => { chart.onKey(event); });
  link.start().catch(link.showError);
}

export default { render };

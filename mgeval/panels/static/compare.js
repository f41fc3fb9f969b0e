// Two settings side by side: what the pairs say together, each pair, and both its clips in one player.
import { el as make, select, segmented } from "./dom.js";
import { channel } from "./channel.js";
import { wake } from "./audio.js";
import { differences } from "./differences.js";
import { pairList } from "./pairs.js";
import { player } from "./player.js";
import { labelled } from "./table.js";

const ORDERS = [["size", "By difference", "The largest difference first"], ["prompt", "By prompt", "In the order of the table"]];

function render({ model, el, signal }) {
  el.classList.add("mg-root");
  el.dataset.lmSuppressShortcuts = "true";
  const wire = channel(model, signal);
  const head = make("div", { class: "mg-bar mg-roles" }), said = make("p", { class: "mg-said", role: "status" });
  const why = make("p", { class: "mg-note" }), below = make("div");
  const plot = differences(signal, (row) => open(row, true));
  const list = pairList(signal, (row) => open(row, true));
  const orders = segmented("In which order the pairs stand", ORDERS, (name) => { order = name; orders.show(name); arrange(); });
  el.append(head, said, why, plot.root, list.root, below);
  const deck = player(below, wire, signal, { fixed: true });
  const failed = (error) => deck.say(error.message || String(error), true);

  let table = null, metric = null, order = "size", opened = -1;
  const ends = new Map();
  orders.show(order);

  async function open(row, play) {
    if (play) wake();
    opened = row;
    list.choose(row);
    plot.choose(row);
    const keys = table.keys[row];
    if (play) {
      model.set("value", keys);
      wire.ask("pair", { keys }).catch(failed);
    }
    await Promise.all([deck.load(keys[0], { play }), deck.setOther(keys[1])]);
  }

  function arrange() {
    const rows = [...table.keys.keys()], { d } = metric;
    // Pairs without a difference stand last.
    const size = (row) => (d[row] === d[row] ? Math.abs(d[row]) : -1);
    if (order === "size") rows.sort((one, other) => size(other) - size(one) || one - other);
    list.show(rows, metric);
  }

  function measure(name) {
    metric = table.metrics.find((one) => one.name === name);
    arrange();
    plot.show(metric, null);
    said.textContent = "…";
    why.textContent = "";
    const known = ends.get(name) ?? wire.ask("summary", { metric: name });
    ends.set(name, known);
    known.then((answer) => {
      if (metric.name !== name) return;
      said.textContent = answer.text;
      why.textContent = answer.reason;
      plot.show(metric, answer.ends);
    }).catch((error) => { ends.delete(name); failed(error); });
  }

  function begin(answer) {
    const array = (view) => new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
    const values = answer.buffers.map(array);
    const metrics = answer.metrics.map((one, i) => ({ ...one, a: values[3 * i], b: values[3 * i + 1], d: values[3 * i + 2] }));
    table = { ...answer, metrics };
    list.set(table);
    plot.set(table);
    const chosen = select("Metric", metrics.map((one) => [one.name, labelled(one)]), model.get("metric"), (name) => {
      model.set("metric", name);
      wire.ask("metric", { metric: name }).catch(failed);
      measure(name);
    });
    model.on("change:metric", () => { chosen.value = model.get("metric"); if (metric.name !== chosen.value) measure(chosen.value); });
    head.append(side("A", answer.a), side("B", answer.b), make("span", { class: "mg-gap" }),
      make("label", { class: "mg-role" }, "Metric ", chosen), orders.group);
    measure(model.get("metric"));
    byCode();
    el.dataset.ready = String(table.keys.length);
  }

  function side(letter, name) {
    return make("span", { class: "mg-sidename" }, make("b", { class: `mg-letter mg-letter-${letter}` }, letter), ` ${name}`);
  }

  function byCode() {
    const value = model.get("value"), row = value ? table.keys.findIndex(([a, b]) => a === value[0] && b === value[1]) : -1;
    if (row >= 0 && row !== opened) open(row, false);
  }

  model.on("change:value", () => table && byCode());
  el.addEventListener("keydown", (event) => {
    const onList = event.target === list.area;
    if (!(onList && list.keydown(event))) deck.keydown(event, !onList);
  });
  wire.hello("pairs").then(begin).catch(failed);
}

export default { render };

// @ts-check
// The widget `compare`: what the pairs of two settings say together, each pair, and both its clips in one player.
import { resumeAudio } from "./audio.js";
import { createChannel, errorText } from "./channel.js";
import { createDifferencePlot } from "./differences.js";
import { make, makeButtonGroup, makeSelect, prepareRoot } from "./dom.js";
import { createPairList } from "./pairlist.js";
import { createPlayer } from "./player.js";
import { axisLabel, copyFloats } from "./table.js";

/** @typedef {import("./types.js").Answers} Answers */
/** @typedef {import("./types.js").Buffers} Buffers */
/** @typedef {import("./types.js").PairMetric} PairMetric */
/** @typedef {import("./types.js").PairTable} PairTable */
/** @typedef {{ value: [string, string] | null, metric: string }} Traits */
/** @typedef {"size" | "prompt"} Order */

/** @type {[Order, string, string][]} */
const ORDERS = [["size", "By difference", "The largest difference first"], ["prompt", "By prompt", "In the order of the table"]];

/** @param {import("./types.js").RenderArguments<Traits>} widget */
function render({ model, el, signal }) {
  prepareRoot(el);
  const channel = createChannel(model, signal);
  const head = make("div", { class: "mg-bar mg-roles" }), summary = make("p", { class: "mg-said", role: "status" });
  const reason = make("p", { class: "mg-note" }), below = make("div");
  const plot = createDifferencePlot(signal, (row) => open(row, true));
  const list = createPairList(signal, (row) => open(row, true));
  const orders = makeButtonGroup("Order of the pairs", ORDERS, setOrder);
  el.append(head, summary, reason, plot.root, list.root, below);
  const player = createPlayer(below, channel, signal, { fixedPair: true });
  /** @param {unknown} error */
  const showError = (error) => player.showStatus(errorText(error), true);

  /** @type {PairTable | null} */
  let table = null;
  /** @type {PairMetric | undefined} */
  let metric;
  /** @type {Order} */
  let order = "size";
  let opened = -1;
  /** @type {Map<string, Promise<Answers["summary"]>>} */
  const summaries = new Map();
  orders.show(order);

  /** @param {number} row @param {boolean} play */
  async function open(row, play) {
    if (!table) return;
    if (play) resumeAudio();
    opened = row;
    list.setChosen(row);
    plot.setChosen(row);
    const keys = table.keys[row];
    if (play) {
      model.set("value", keys);
      channel.ask("pair", { keys }).catch(showError);
    }
    await Promise.all([player.load(keys[0], { play }), player.loadOther(keys[1])]);
  }

  /** @param {Order} next */
  function setOrder(next) {
    order = next;
    orders.show(order);
    sortPairs();
  }

  function sortPairs() {
    if (!table || !metric) return;
    const rows = [...table.keys.keys()], { d } = metric;
    /** @param {number} row Pairs without a difference stand last. */
    const size = (row) => (Number.isNaN(d[row]) ? -1 : Math.abs(d[row]));
    if (order === "size") rows.sort((one, other) => size(other) - size(one) || one - other);
    list.show(rows, metric);
  }

  /** @param {string} name */
  function fetchSummary(name) {
    const known = summaries.get(name) ?? channel.ask("summary", { metric: name });
    summaries.set(name, known);
    return known;
  }

  /** @param {string} name */
  async function showMetric(name) {
    const next = (metric = table?.metrics.find((one) => one.name === name));
    if (!next) return;
    sortPairs();
    plot.show(next, null);
    summary.textContent = "…";
    reason.textContent = "";
    try {
      const answer = await fetchSummary(name);
      if (metric !== next) return;
      summary.textContent = answer.text;
      reason.textContent = answer.reason;
      plot.show(next, answer.ends);
    } catch (error) {
      summaries.delete(name);
      showError(error);
    }
  }

  /** @param {Answers["pairs"] & Buffers} answer */
  function start(answer) {
    const values = answer.buffers.map(copyFloats);
    const metrics = answer.metrics.map((one, i) => ({ ...one, a: values[3 * i], b: values[3 * i + 1], d: values[3 * i + 2] }));
    table = { ...answer, metrics };
    list.setTable(table);
    plot.setTable(table);
    const select = makeSelect("Metric", metrics.map((one) => [one.name, axisLabel(one)]), model.get("metric"), (name) => {
      model.set("metric", name);
      channel.ask("metric", { metric: name }).catch(showError);
      showMetric(name);
    });
    model.on("change:metric", () => {
      select.value = model.get("metric");
      if (metric?.name !== select.value) showMetric(select.value);
    });
    head.append(makeSideName("A", answer.a), makeSideName("B", answer.b), make("span", { class: "mg-gap" }),
      make("label", { class: "mg-role" }, "Metric ", select), orders.root);
    showMetric(model.get("metric"));
    openFromModel();
    el.dataset.ready = String(table.keys.length);
  }

  function openFromModel() {
    const value = model.get("value");
    if (!table || !value) return;
    const row = table.keys.findIndex(([a, b]) => a === value[0] && b === value[1]);
    if (row >= 0 && row !== opened) open(row, false);
  }

  model.on("change:value", openFromModel);
  el.addEventListener("keydown", (event) => {
    const onList = event.target === list.area;
    if (!(onList && list.onKey(event))) player.onKey(event, !onList);
  });
  channel.hello("pairs").then(start).catch(showError);
}

/** @param {string} letter @param {string} name */
function makeSideName(letter, name) {
  return make("span", { class: "mg-sidename" }, make("b", { class: `mg-letter mg-letter-${letter}` }, letter), ` ${name}`);
}

export default { render };

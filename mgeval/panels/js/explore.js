// @ts-check
// The widget `explore`: every clip of a store as a point to click, hear, compare, filter and select.
import { resumeAudio } from "./audio.js";
import { createChannel } from "./channel.js";
import { createChart } from "./chart.js";
import { make, prepareRoot } from "./dom.js";
import { createFilterBar } from "./filters.js";
import { createInspector, createTimeline } from "./inspector.js";
import { createPlayer } from "./player.js";
import { createTableLink } from "./tablelink.js";

/** @typedef {import("./types.js").Table} Table */
/** @typedef {import("./tablelink.js").PlotTraits & { value: string | null, other: string | null }} Traits */

const DETAILS_PAUSE_MS = 150;

/** @param {import("./types.js").RenderArguments<Traits>} widget */
function render({ model, el, signal }) {
  prepareRoot(el);
  const channel = createChannel(model, signal);
  const top = make("div"), left = make("div", { class: "mg-left" }), right = make("div"), below = make("div");
  el.append(top, make("div", { class: "mg-main" }, left, right), below);
  /** @type {Table | null} */
  let table = null;
  /** @type {string | null} The key of the open clip. */
  let opened = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let detailsTimer;

  const timeline = createTimeline((seconds) => player.audio.seek(seconds));
  const player = createPlayer(below, channel, signal, { below: timeline.root, onKeep: (key) => model.set("other", key) });
  const chart = createChart(left, signal, {
    onChoose: choose,
    onNear(row) { if (table) player.preload(table.keys[row]); },
    onSelect: (rows) => link.select(rows),
    onFields: (fields) => link.sendFields(fields),
  });
  const link = createTableLink(model, channel, chart, player.showStatus, { onTable: setTable });
  const inspector = createInspector(right, (key) => {
    const row = link.rowByKey.get(key);
    if (row === undefined) return;
    chart.setChosen(row);
    choose(row);
  });
  const filterBar = createFilterBar(top, chart.setFilter, (rows) => { chart.select(rows); link.select(rows); });

  /** @param {number} row */
  function choose(row) {
    if (!table) return;
    resumeAudio();
    link.choose(row, open(table.keys[row], true));
  }

  /** @param {Table} next */
  function setTable(next) {
    table = next;
    filterBar.setTable(next);
    el.dataset.ready = String(next.size);
    // Its metrics, and the clips that are like it, may be others now.
    if (opened !== null && link.rowByKey.has(opened)) showDetails(opened).catch(link.showError);
    else if (opened !== null) close();
    openFromModel();
  }

  /**
   * Opens a clip. The sound comes first, the details when it plays and no other clip was chosen for a moment.
   * @param {string} key
   * @param {boolean} play
   */
  async function open(key, play) {
    const again = key === opened, sound = player.load(key, { play });
    if (again) return;
    opened = key;
    clearTimeout(detailsTimer);
    await sound;
    clearTimeout(detailsTimer);
    if (opened === key) detailsTimer = setTimeout(loadDetails, DETAILS_PAUSE_MS, key);
  }

  /** @param {string} key */
  async function loadDetails(key) {
    try {
      await showDetails(key);
      if (opened !== key) return;
      timeline.showLoading();
      const { findings } = await channel.ask("findings", { key });
      if (opened === key) timeline.show(findings, player.audio.duration || 1);
    } catch (error) {
      if (opened !== key) return;
      timeline.root.hidden = true;
      link.showError(error);
    }
  }

  /** @param {string} key */
  async function showDetails(key) {
    const { details, similar } = await channel.ask("about", { key });
    if (opened !== key) return;
    inspector.showDetails(details);
    inspector.showSimilar(similar.map(({ key: other, note }) => ({ key: other, title: promptOf(other) || other, note })));
  }

  /** @param {string} key */
  function promptOf(key) {
    const row = link.rowByKey.get(key);
    return table && row !== undefined ? table.prompts[table.promptOf[row]] : "";
  }

  function close() {
    clearTimeout(detailsTimer);
    opened = null;
    player.load(null);
    inspector.clear();
    timeline.root.hidden = true;
  }

  // A key without a row may belong to a table that comes next.
  function openFromModel() {
    const key = model.get("value");
    if (!table || key === opened) return;
    if (key === null) close();
    else if (link.rowByKey.has(key)) open(key, false);
  }

  model.on("change:value", openFromModel);
  model.on("change:other", () => player.loadOther(model.get("other")));
  el.addEventListener("keydown", (event) => {
    const onPlot = event.target === chart.area;
    if (!(onPlot && chart.onKey(event))) player.onKey(event, !onPlot);
  });
  link.start().catch(link.showError);
}

export default { render };

// @ts-check
// The widget `sweep_builder`: a sweep put together in fields, estimated, made, and drawn while it grows.
import { resumeAudio } from "./audio.js";
import { createChannel, errorText } from "./channel.js";
import { createChart } from "./chart.js";
import { make, makeButton, prepareRoot } from "./dom.js";
import { createEstimate } from "./estimate.js";
import { formatDuration } from "./format.js";
import { createPlayer } from "./player.js";
import { createProgress, debounce, swapEnabled } from "./progress.js";
import { createSweepForm } from "./sweepform.js";
import { createTableLink } from "./tablelink.js";

/** @typedef {"ready" | "running" | "paused" | "stopping" | "measuring"} State */
/**
 * @typedef {object} Status
 * @property {State} state
 * @property {number} made
 * @property {number} failed
 * @property {number} total
 * @property {number} measured
 * @property {number | null} eta Seconds left.
 * @property {string} note
 * @property {boolean} wrong
 */
/**
 * @typedef {object} OwnTraits
 * @property {{ store: string, controls: import("./types.js").Control[] }} about
 * @property {Record<string, string>} form
 * @property {Status} status
 * @property {string | null} chosen
 * @property {string | null} other
 */
/** @typedef {import("./tablelink.js").PlotTraits & OwnTraits} Traits */

const ESTIMATE_PAUSE_MS = 200;
/** @type {Partial<Record<State, string>>} What the main button reads while a sweep runs. */
const BUSY_LABELS = { running: "Pause", paused: "Resume", stopping: "Stopping …", measuring: "Measuring …" };

/** @param {import("./types.js").RenderArguments<Traits>} widget */
function render({ model, el, signal }) {
  prepareRoot(el);
  const channel = createChannel(model, signal), about = model.get("about"), progress = createProgress("Clips made");
  let requests = 0, starting = false;
  /** @type {import("./types.js").SweepEstimate | null} */
  let latest = null;
  /** @type {State} */
  let lastState = "ready";
  /** @type {string[]} */
  let keys = [];
  /** @type {string | null} The key of the clip in the player. */
  let opened = null;

  const estimateTimer = debounce(requestEstimate, ESTIMATE_PAUSE_MS), estimate = createEstimate(about.store);
  const form = createSweepForm(about.controls, () => { estimate.markStale(); estimateTimer.schedule(); });
  const mainButton = makeButton("Start", "Make the missing clips", pressMain);
  const stopButton = makeButton("Stop", "Stop; finished clips are kept, and the sweep can be resumed", stop);
  stopButton.setAttribute("aria-label", "Stop the sweep");
  mainButton.classList.add("mg-primary");
  el.append(make("div", { class: "mg-form" }, form.root, estimate.root,
    make("div", { class: "mg-bar" }, mainButton, stopButton, progress.root), estimate.file));
  const result = make("div", { class: "mg-result", hidden: true });
  el.append(result);
  const chart = createChart(result, signal, {
    onChoose(row) {
      resumeAudio();
      link.choose(row, open(row, true));
    },
    onNear: (row) => player.preload(keys[row]),
    onSelect: (rows) => link.select(rows),
    onFields: (fields) => link.sendFields(fields),
  });
  const player = createPlayer(result, channel, signal, { onKeep: (key) => model.set("other", key) });
  const link = createTableLink(model, channel, chart, progress.showNote, { trait: "chosen", onTable(table) {
    keys = table.keys;
    result.hidden = !table.size;
    el.dataset.ready = String(table.size);
  } });

  /** @param {unknown} error */
  function showError(error) {
    progress.showNote(errorText(error), true);
  }

  /** @param {number} row @param {boolean} play */
  function open(row, play) {
    opened = keys[row];
    return player.load(opened, { play });
  }

  function openFromModel() {
    const row = link.rowByKey.get(model.get("chosen"));
    if (row !== undefined && keys[row] !== opened) open(row, false);
  }

  // An answer does not count if the fields changed since.
  function requestEstimate() {
    const request = ++requests;
    channel.ask("form", { form: form.values }).then((answer) => {
      if (request !== requests) return;
      latest = answer;
      form.showProblems(answer.wrong);
      estimate.show(answer);
      showProgress();
    }, showError);
  }

  function pressMain() {
    const { state } = model.get("status");
    if (state === "running") channel.ask("pause").catch(showError);
    else if (state === "paused") channel.ask("resume").catch(showError);
    else if (!(state in BUSY_LABELS) && !starting) start();
  }

  function start() {
    estimateTimer.cancel();
    starting = true;
    progress.showNote("Starting …");
    channel.ask("start", { form: form.values }).then(() => progress.showNote(""))
      .catch((error) => { showError(error); requestEstimate(); })
      .finally(() => { starting = false; showProgress(); });
  }

  function stop() {
    channel.ask("stop").catch(showError);
  }

  function showProgress() {
    const { state, made, failed, total, measured, eta } = model.get("status"), busy = state in BUSY_LABELS;
    const label = BUSY_LABELS[state] ?? startLabel();
    mainButton.replaceChildren(label);
    // The player has a button to pause, too.
    mainButton.setAttribute("aria-label", /^(Start|Pause|Resume)$/.test(label) ? `${label} the sweep` : label);
    if (busy) stopButton.disabled = state === "stopping" || state === "measuring";
    else swapEnabled(mainButton, stopButton);
    const lost = failed ? `, ${failed} failed` : "";
    const left = eta && eta > 0 && state === "running" ? `, about ${formatDuration(eta)} left` : "";
    progress.show(made, busy ? total : 0, busy ? `${made} of ${total} clips made, ${measured} measured${lost}${left}` : "");
    el.dataset.state = state;
    if (lastState in BUSY_LABELS && !busy) requestEstimate();
    lastState = state;
  }

  function startLabel() {
    if (!latest || latest.clips === undefined || latest.to_make === latest.clips) return "Start";
    return latest.to_make ? "Resume" : "Show clips";
  }

  function showStatus() {
    const { note, wrong } = model.get("status");
    showProgress();
    progress.showNote(note, wrong);
  }

  model.on("change:status", showStatus);
  model.on("change:form", () => { form.setValues(model.get("form")); requestEstimate(); });
  model.on("change:chosen", openFromModel);
  model.on("change:other", () => player.loadOther(model.get("other")));
  el.addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && target instanceof Node && form.root.contains(target)) {
      event.preventDefault();
      event.stopPropagation();
      if (!(model.get("status").state in BUSY_LABELS)) pressMain();
      return;
    }
    const onPlot = target === chart.area;
    if (!(onPlot && chart.onKey(event))) player.onKey(event, !onPlot);
  });
  form.setValues(model.get("form"));
  showStatus();
  link.start().then(() => {
    requestEstimate();
    openFromModel();
  }).catch(showError);
}

export default { render };

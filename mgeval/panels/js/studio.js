// @ts-check
// The widget `studio`: several takes of a prompt at once.
import { resumeAudio } from "./audio.js";
import { createChannel, errorText } from "./channel.js";
import { make, makeButton, makeSelect, prepareRoot } from "./dom.js";
import { createSettingsForm, makeField, makeTextArea } from "./fields.js";
import { createPlayer } from "./player.js";
import { createProgress, debounce, swapEnabled } from "./progress.js";
import { createTakeList, createTakeMetrics } from "./takelist.js";

/** @typedef {import("./types.js").TakeMetrics} TakeMetrics */
/**
 * @typedef {object} Traits
 * @property {{ store: string, most: number, controls: import("./types.js").Control[] }} about
 * @property {string} prompt
 * @property {Record<string, string>} sampling
 * @property {number} takes
 * @property {string | null} chosen
 * @property {string | null} other
 * @property {import("./types.js").Take[]} listed
 * @property {{ running: boolean, made: number, total: number, note: string, wrong: boolean }} status
 */

const CHECK_PAUSE_MS = 200;

/** @param {import("./types.js").RenderArguments<Traits>} widget */
function render({ model, el, signal }) {
  prepareRoot(el);
  const channel = createChannel(model, signal), about = model.get("about");
  const formCheck = debounce(checkForm, CHECK_PAUSE_MS);

  const promptInput = makeTextArea(2, formCheck.schedule);
  const prompt = makeField("Prompt", "Ctrl+Enter generates. Leave it empty to let the model choose.", promptInput);
  const settings = createSettingsForm(about.controls, formCheck.schedule);
  const takeCounts = Array.from({ length: about.most }, (_, i) => /** @type {[string, string]} */ (
    [String(i + 1), i === 0 ? "1 take" : `${i + 1} takes`]));
  const takeCount = makeSelect("Takes at once", takeCounts, String(model.get("takes")), formCheck.schedule);
  takeCount.title = "Each take uses the next seed";
  const generateButton = makeButton("Generate", "Make the takes (Ctrl+Enter)", generate);
  const cancelButton = makeButton("Cancel", "Stop; finished takes are kept", cancel);
  generateButton.classList.add("mg-primary");
  const progress = createProgress("Audio made");
  el.append(make("div", { class: "mg-form" }, prompt.root, settings.root,
    make("div", { class: "mg-bar" }, generateButton, cancelButton, takeCount, progress.root)));

  const takeList = createTakeList(about.store, { onChoose: (key) => { resumeAudio(); open(key, true); }, onKeep: keep });
  const metrics = createTakeMetrics(), left = make("div", { class: "mg-left" }, takeList.root);
  const result = make("div", { class: "mg-main", hidden: true }, left, metrics.root);
  el.append(result);
  const player = createPlayer(left, channel, signal, { onKeep: (key) => model.set("other", key) });

  let starting = false, wasRunning = false;
  /** @type {string | null} The key of the open take. */
  let opened = null;

  /** @param {unknown} error */
  function showError(error) {
    progress.showNote(errorText(error), true);
  }

  function formValues() {
    return { prompt: promptInput.value.trim(), settings: settings.values, takes: Number(takeCount.value) };
  }

  function checkForm() {
    channel.ask("form", formValues()).then(({ wrong }) => settings.showProblems(wrong), showError);
  }

  function generate() {
    if (generateButton.disabled || starting) return;
    formCheck.cancel();
    starting = true;
    progress.showNote("Starting …");
    channel.ask("generate", formValues()).then(({ wrong }) => {
      settings.showProblems(wrong);
      const [problem] = Object.values(wrong);
      if (problem) progress.showNote(problem, true);
    }).catch(showError).finally(() => { starting = false; });
  }

  function cancel() {
    progress.showNote("Cancelling after this step …");
    channel.ask("cancel").catch(showError);
  }

  /** @param {string} key */
  function keep(key) {
    channel.ask("keep", { key }).then(({ note }) => progress.showNote(note), showError);
  }

  /** @param {string | null} key @param {boolean} play */
  function open(key, play) {
    const again = key === opened;
    opened = key;
    takeList.setChosen(key);
    player.load(key, { play });
    if (again || !key) return;
    model.set("chosen", key);
    if (play) channel.ask("choose", { key }).catch(showError);
    metrics.showLoading();
    channel.ask("numbers", { key }).then((answer) => { if (!answer.waiting) showMetrics(answer, key); }, showError);
  }

  /** @param {TakeMetrics} answer @param {string} key */
  function showMetrics(answer, key) {
    if (key === opened) metrics.show(answer);
  }

  // The kernel alone knows the status: this view may be a new one of a widget that runs.
  function showProgress() {
    const { running, made, total, note, wrong } = model.get("status");
    if (running) swapEnabled(cancelButton, generateButton);
    else swapEnabled(generateButton, cancelButton);
    progress.show(made, running ? total : 0, running ? `${made.toFixed(1)} of ${total.toFixed(1)} s of audio` : "");
    if (running !== wasRunning || !running) progress.showNote(note, wrong);
    wasRunning = running;
  }

  function showTakes() {
    const takes = model.get("listed");
    result.hidden = !takes.length;
    takeList.setTakes(takes);
    takeList.setChosen(opened);
  }

  function fillForm() {
    if (promptInput.value.trim() !== model.get("prompt")) promptInput.value = model.get("prompt");
    settings.setValues(model.get("sampling"));
    takeCount.value = String(model.get("takes"));
  }

  channel.listen("numbers", (/** @type {TakeMetrics} */ answer) => showMetrics(answer, answer.key));
  model.on("change:status", showProgress);
  model.on("change:listed", showTakes);
  model.on("change:chosen", () => { if (model.get("chosen") !== opened) open(model.get("chosen"), false); });
  model.on("change:other", () => player.loadOther(model.get("other")));
  for (const name of ["prompt", "sampling", "takes"]) model.on(`change:${name}`, fillForm);
  el.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      generate();
    } else player.onKey(event);
  });
  fillForm();
  showProgress();
  showTakes();
  channel.hello("hello").then(() => {
    el.dataset.ready = "true";
    if (model.get("chosen")) open(model.get("chosen"), false);
    if (model.get("other")) player.loadOther(model.get("other"));
  }).catch(showError);
}

export default { render };

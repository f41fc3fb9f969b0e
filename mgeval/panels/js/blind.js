// @ts-check
// The widget `blind`: a trial, an answer, the next trial. The clips have letters and nothing else.
import { createPairForm, createRatingForm } from "./answerforms.js";
import { createChannel, errorText } from "./channel.js";
import { createClipStrip } from "./clipstrip.js";
import { make, makeButton, oncePerFrame, prepareRoot } from "./dom.js";
import { listLetters } from "./format.js";
import { makeResults } from "./results.js";

/** @typedef {import("./answerforms.js").AnswerForm} AnswerForm */
/** @typedef {import("./types.js").Trial} Trial */

/** @param {import("./types.js").RenderArguments<{ value: number }>} widget */
function render({ model, el, signal }) {
  prepareRoot(el);
  const channel = createChannel(model, signal);
  const count = make("span", { class: "mg-blindcount" }), levels = make("span", { class: "mg-note" });
  const bar = make("progress", { class: "mg-progress", max: 1, value: 0, "aria-label": "Trials answered" });
  const prompt = make("p", { class: "mg-prompt mg-blindprompt" }), question = make("div", { class: "mg-asked" });
  const status = make("span", { class: "mg-status", role: "status" });
  const skipButton = makeButton("Skip", "Go to the next trial without an answer", () => submit("skip"));
  skipButton.hidden = true;
  const nextButton = makeButton("Next", "Save the answer and continue (Enter)", () => submit("answer"));
  nextButton.classList.add("mg-next");
  const strip = createClipStrip(channel, signal, { onChange: oncePerFrame(update), onError: showError });
  const help = make("p", { class: "mg-note" });
  const card = make("div", { class: "mg-player mg-blind", role: "group", tabindex: -1, "aria-label": "Blind listening" },
    make("div", { class: "mg-bar" }, count, bar, make("span", { class: "mg-gap" }), levels),
    prompt, strip.root, question, make("div", { class: "mg-bar" }, nextButton, skipButton, status), help);
  el.append(card);

  /** @type {Trial | null} */
  let trial = null;
  /** @type {AnswerForm | null} */
  let form = null;
  let startedAt = 0, sending = false, problem = "";

  /** @param {string} text @param {boolean} [wrong] */
  function showStatus(text, wrong = false) {
    // A screen reader reads a status again when its text is set, also to the same.
    if (status.textContent !== text) status.textContent = text;
    status.classList.toggle("mg-wrong", wrong);
  }

  /** @param {unknown} error */
  function showError(error) {
    problem = errorText(error);
    skipButton.hidden = !isOpen(trial);
    update();
  }

  /**
   * Tells whether there is a trial to answer.
   * @param {Trial | null} current
   * @returns {current is Trial}
   */
  function isOpen(current) {
    return current !== null && current.trial !== null;
  }

  function update() {
    if (!isOpen(trial) || !form) {
      if (problem) showStatus(problem, true);
      return;
    }
    const unheard = trial.letters.filter((letter) => !strip.isHeard(letter)), missing = form.missing();
    nextButton.setAttribute("aria-disabled", String(Boolean(unheard.length || missing || sending)));
    if (problem) showStatus(problem, true);
    else if (unheard.length) showStatus(`Listen to ${listLetters(unheard)}.`);
    else showStatus(missing || "Press Next to continue.");
  }

  /** @param {Trial} next */
  function showTrial(next) {
    if (isOpen(trial) && trial.trial === next.trial) {
      update();
      return;
    }
    const hadFocus = el.contains(document.activeElement);
    trial = next;
    problem = "";
    skipButton.hidden = true;
    el.dataset.trial = String(next.trial);
    bar.value = next.answered / next.of;
    if (next.trial === null) {
      finish(next);
      return;
    }
    count.textContent = `Trial ${next.trial + 1} of ${next.of}`;
    levels.textContent = next.matched ? "Played at equal loudness" : "Played at their own levels";
    prompt.textContent = next.prompt || "(no prompt)";
    form = (next.kind === "pairs" ? createPairForm : createRatingForm)(next.letters, strip, update);
    question.replaceChildren(form.root);
    help.textContent = form.help;
    strip.setTrial(next);
    startedAt = performance.now();
    if (hadFocus) card.focus({ preventScroll: true });
    update();
  }

  /** @param {Trial} last */
  function finish({ answered, of, skipped }) {
    strip.stop();
    count.textContent = skipped ? `${answered} of ${of} trials answered, ${skipped} skipped` : `All ${of} trials are answered`;
    levels.textContent = "";
    for (const part of [strip.root, nextButton, help]) part.hidden = true;
    prompt.textContent = skipped ? "Run the cell again to hear the skipped trials." : "Thank you for listening.";
    showStatus("Computing the results …");
    channel.ask("results").then((results) => { question.replaceChildren(makeResults(results)); showStatus(""); }).catch(showError);
  }

  /** @param {"answer" | "skip"} kind */
  async function submit(kind) {
    if (sending || !isOpen(trial) || !form) return;
    if (kind === "answer" && nextButton.getAttribute("aria-disabled") === "true") {
      update();
      return;
    }
    sending = true;
    problem = "";
    update();
    try {
      const seconds = (performance.now() - startedAt) / 1000;
      const content = kind === "answer" ? { answer: form.answer(), heard: trial.letters, seconds } : {};
      const answer = await channel.ask(kind, { trial: trial.trial, ...content });
      sending = false;
      showTrial(answer);
    } catch (error) {
      sending = false;
      showError(error);
      // The kernel may have saved the answer before an observer failed.
      refresh();
    }
  }

  function refresh() {
    channel.ask("trial").then((answer) => { if (trial && answer.trial !== trial.trial) showTrial(answer); }).catch(showError);
  }

  el.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !isOpen(trial) || !form) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    // A button keeps its own Enter and space, but for the answer just given and the letter that plays.
    if (key === "Enter" && (!button || (question.contains(button) && button.getAttribute("aria-pressed") === "true"))) submit("answer");
    else if (key === " " && (!button || strip.letters.contains(button))) strip.togglePlay();
    else if (!form.onKey(key) && !strip.onKey(key)) return;
    event.preventDefault();
  });
  model.on("change:value", refresh);
  channel.hello("trial").then(showTrial).catch(showError);
}

export default { render };

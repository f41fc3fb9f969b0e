// Blind listening: a trial, an answer, the next trial. What is heard has a letter and nothing else.
import { el as make, inFrame } from "./dom.js";
import { channel } from "./channel.js";
import { strip } from "./strip.js";
import { pairForm, ratingForm } from "./forms.js";
import { results } from "./results.js";

function render({ model, el, signal }) {
  el.classList.add("mg-root");
  el.dataset.lmSuppressShortcuts = "true";
  const wire = channel(model, signal);
  const count = make("span", { class: "mg-blindcount" }), level = make("span", { class: "mg-note" });
  const bar = make("progress", { class: "mg-progress", max: 1, value: 0, "aria-label": "Trials answered" });
  const prompt = make("p", { class: "mg-prompt mg-blindprompt" }), asked = make("div", { class: "mg-asked" });
  const status = make("span", { class: "mg-status", role: "status" });
  const skip = make("button", { type: "button", class: "mg-button", hidden: true, onclick: () => step("skip") }, "Skip");
  const next = make("button", {
    type: "button", class: "mg-button mg-next", title: "Keep the answer and go on (Enter)", onclick: () => step("answer"),
  }, "Next");
  const sound = strip(wire, signal, { changed: inFrame(update), failed });
  const keys = make("p", { class: "mg-note" });
  const card = make("div", { class: "mg-player mg-blind", role: "group", tabindex: -1, "aria-label": "Blind listening" },
    make("div", { class: "mg-bar" }, count, bar, make("span", { class: "mg-gap" }), level),
    prompt, sound.root, asked, make("div", { class: "mg-bar" }, next, skip, status), keys);
  el.append(card);

  let trial = null, form = null, begun = 0, busy = false, problem = "";

  function say(text, wrong = false) {
    if (status.textContent !== text) status.textContent = text;
    status.classList.toggle("mg-wrong", wrong);
  }

  function failed(error) {
    problem = error.message || String(error);
    skip.hidden = !trial || trial.trial === null;
    update();
  }

  function update() {
    if (!trial || trial.trial === null) return problem ? say(problem, true) : undefined;
    const left = trial.letters.filter((letter) => !sound.heard(letter)), missing = form.missing();
    next.setAttribute("aria-disabled", String(Boolean(left.length || missing || busy)));
    if (problem) return say(problem, true);
    if (left.length) return say(`Listen to ${left.join(", ").replace(/, (\w)$/, " and $1")}.`);
    say(missing || "Press Next to go on.");
  }

  function show(found) {
    if (trial && trial.trial === found.trial && found.trial !== null) return update();
    const inside = el.contains(document.activeElement);
    trial = found;
    problem = "";
    skip.hidden = true;
    el.dataset.trial = String(found.trial);
    bar.value = found.answered / found.of;
    if (found.trial === null) return finish();
    count.textContent = `Trial ${found.trial + 1} of ${found.of}`;
    level.textContent = found.matched ? "Played at equal loudness" : "Played at their own levels";
    prompt.textContent = found.prompt || "(no prompt)";
    form = (found.kind === "pairs" ? pairForm : ratingForm)(found.letters, sound, update);
    asked.replaceChildren(form.root);
    keys.textContent = form.keys;
    sound.set(found);
    begun = performance.now();
    if (inside) card.focus({ preventScroll: true });
    update();
  }

  function finish() {
    sound.stop();
    count.textContent = found(trial);
    level.textContent = "";
    for (const part of [sound.root, next, keys]) part.hidden = true;
    prompt.textContent = trial.skipped ? "Run the cell again to hear what was skipped." : "Thank you for listening.";
    say("Working out what the answers say …");
    wire.ask("results").then((answer) => { asked.replaceChildren(results(answer)); say(""); }).catch(failed);
  }

  const found = ({ answered, of, skipped }) =>
    skipped ? `${answered} of ${of} trials answered, ${skipped} skipped` : `All ${of} trials are answered`;

  async function step(kind) {
    if (busy || !trial || trial.trial === null) return;
    if (kind === "answer" && next.getAttribute("aria-disabled") === "true") return update();
    busy = true;
    problem = "";
    update();
    try {
      const seconds = (performance.now() - begun) / 1000;
      const told = kind === "answer" ? { answer: form.answer(), heard: trial.letters, seconds } : {};
      const answer = await wire.ask(kind, { trial: trial.trial, ...told });
      busy = false;
      show(answer);
    } catch (error) {
      busy = false;
      failed(error);
      // The answer may stand although an observer failed.
      refresh();
    }
  }

  const refresh = () => wire.ask("trial").then((answer) => { if (trial && answer.trial !== trial.trial) show(answer); }).catch(failed);

  el.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !trial || trial.trial === null) return;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key, button = event.target.closest?.("button");
    // A button keeps its own Enter and space, but for what was just answered and the letter that is heard.
    if (name === "Enter" && (!button || (asked.contains(button) && button.getAttribute("aria-pressed") === "true"))) step("answer");
    else if (name === " " && (!button || sound.letters.contains(button))) sound.toggle();
    else if (!form.keydown(name) && !sound.keydown(name)) return;
    event.preventDefault();
  });
  model.on("change:value", refresh);
  wire.hello("trial").then(show).catch(failed);
}

export default { render };

import { el as make, toggle } from "./dom.js";
import { channel } from "./channel.js";
import { chart } from "./chart.js";
import { linked } from "./linked.js";
import { player } from "./player.js";
import { wake } from "./audio.js";
import { sweepForm } from "./sweepform.js";
import { preview, rest } from "./estimate.js";
import { progress, rested, swap } from "./work.js";

const PAUSE = 200;
const BUSY = { running: "Pause", paused: "Resume", stopping: "Stopping …", measuring: "Measuring …" };

function render({ model, el, signal }) {
  el.classList.add("mg-root");
  el.dataset.lmSuppressShortcuts = "true";
  const wire = channel(model, signal), about = model.get("about"), work = progress("Clips made");
  const failed = (error) => work.say(error.message, true);
  let asked = 0, latest = null, starting = false;

  const edited = rested(estimate, PAUSE), fields = sweepForm(about.controls, () => { seen.wait(); edited.soon(); });
  const seen = preview(about.store);
  const main = toggle("Start", "Make the clips that are not there yet", press), stop = toggle("Stop", "Stop; what is finished stays, and the rest can be resumed", halt);
  stop.setAttribute("aria-label", "Stop the sweep");
  main.classList.add("mg-primary");
  el.append(make("div", { class: "mg-form" }, fields.root, seen.root, make("div", { class: "mg-bar" }, main, stop, work.root), seen.file));
  const result = make("div", { class: "mg-result", hidden: true });
  el.append(result);
  const drawn = chart(result, signal, {
    choose(row) {
      wake();
      link.choose(row, hear(row, true));
    },
    near: (row) => deck.expect(keys[row]),
    lasso: (rows) => link.lasso(rows),
    changed: (names) => link.changed(names),
  });
  const deck = player(result, wire, signal, { kept: (key) => model.set("other", key) });
  let keys = [];
  const link = linked(model, wire, drawn, work.say, { name: "chosen", filled(table) {
    keys = table.keys;
    result.hidden = !table.size;
    el.dataset.ready = String(table.size);
  } });
  let heard = null;
  function hear(row, play) {
    heard = keys[row];
    return deck.load(heard, { play });
  }

  // What the sweep in the fields will take; answers to what was edited since do not count.
  function estimate() {
    const number = ++asked;
    wire.ask("form", { form: fields.values }).then((found) => {
      if (number !== asked) return;
      latest = found;
      fields.say(found.wrong);
      seen.show(found);
      stands();
    }, failed);
  }

  function press() {
    const { state } = model.get("status");
    if (state === "running") return wire.ask("pause").catch(failed);
    if (state === "paused") return wire.ask("resume").catch(failed);
    if (state in BUSY || starting) return;
    edited.stop();
    starting = true;
    work.say("Beginning …");
    wire.ask("start", { form: fields.values }).then(() => work.say("")).catch((error) => { failed(error); estimate(); })
      .finally(() => { starting = false; stands(); });
  }

  function halt() {
    wire.ask("stop").catch(failed);
  }

  let before = "ready";
  function stands() {
    const { state, made, failed: lost, total, measured, eta } = model.get("status"), busy = state in BUSY;
    main.replaceChildren(BUSY[state] ?? action());
    // The player has a button to pause, too.
    main.setAttribute("aria-label", /^(Start|Pause|Resume)$/.test(main.textContent) ? `${main.textContent} the sweep` : main.textContent);
    if (busy) stop.disabled = state === "stopping" || state === "measuring";
    else swap(main, stop);
    const left = eta > 0 && state === "running" ? `, about ${rest(eta)} left` : "";
    work.show(made, busy ? total : 0, busy ? `${made} of ${total} clips made, ${measured} measured${lost ? `, ${lost} failed` : ""}${left}` : "");
    el.dataset.state = state;
    if (before in BUSY && !busy) estimate();
    before = state;
  }

  function action() {
    if (!latest || latest.clips === undefined || latest.to_make === latest.clips) return "Start";
    return latest.to_make ? "Resume" : "Show clips";
  }

  const told = () => { const { note, wrong } = model.get("status"); stands(); work.say(note, wrong); };
  model.on("change:status", told);
  model.on("change:form", () => { fields.set(model.get("form")); estimate(); });
  model.on("change:chosen", () => {
    const row = link.rows.get(model.get("chosen")) ?? -1;
    if (row >= 0 && keys[row] !== heard) hear(row, false);
  });
  model.on("change:other", () => deck.setOther(model.get("other")));
  el.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && fields.root.contains(event.target)) {
      event.preventDefault();
      event.stopPropagation();
      if (!(model.get("status").state in BUSY)) press();
      return;
    }
    const onPlot = event.target === drawn.area;
    if (!(onPlot && drawn.keydown(event))) deck.keydown(event, !onPlot);
  });
  fields.set(model.get("form"));
  told();
  link.begin().then(() => {
    estimate();
    const row = link.rows.get(model.get("chosen")) ?? -1;
    if (row >= 0) hear(row, false);
  }).catch(failed);
}

export default { render };

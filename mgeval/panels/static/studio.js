import { el as make, toggle } from "./dom.js";
import { channel } from "./channel.js";
import { area, field, settings } from "./fields.js";
import { numbers, takeList } from "./takes.js";
import { progress, rested, swap } from "./work.js";
import { player } from "./player.js";
import { wake } from "./audio.js";

const PAUSE = 200;

function render({ model, el, signal }) {
  el.classList.add("mg-root");
  el.dataset.lmSuppressShortcuts = "true";
  const wire = channel(model, signal), about = model.get("about");
  const failed = (error) => work.say(error.message, true);
  const edited = rested(() => wire.ask("form", form()).then(({ wrong }) => controls.say(wrong), failed), PAUSE);

  const text = area(2, edited.soon);
  const prompt = field("Prompt", "Ctrl+Enter generates. Left empty, the model plays what it likes.", text);
  const controls = settings(about.controls, edited.soon);
  const count = make("select", { class: "mg-select", "aria-label": "Takes at once", onchange: edited.soon });
  for (let n = 1; n <= about.most; n++) count.append(make("option", { value: n }, n === 1 ? "1 take" : `${n} takes`));
  count.title = "Each take has the next seed";
  const begin = toggle("Generate", "Make the takes (Ctrl+Enter)", generate), stop = toggle("Cancel", "Stop; whole takes stay", cancel);
  begin.classList.add("mg-primary");
  const work = progress("Audio made");
  el.append(make("div", { class: "mg-form" }, prompt.root, controls.root,
    make("div", { class: "mg-bar" }, begin, stop, count, work.root)));

  const list = takeList(about.store, { choose: (key) => { wake(); open(key, true); }, keep }), side = numbers();
  const left = make("div", { class: "mg-left" }, list.root), result = make("div", { class: "mg-main", hidden: true }, left, side.root);
  el.append(result);
  const deck = player(left, wire, signal, { kept: (key) => model.set("other", key) });

  let starting = false;
  const form = () => ({ prompt: text.value.trim(), settings: controls.values, takes: Number(count.value) });

  function generate() {
    if (begin.disabled || starting) return;
    edited.stop();
    starting = true;
    work.say("Beginning …");
    wire.ask("generate", form()).then(({ wrong }) => {
      controls.say(wrong);
      if (Object.keys(wrong).length) work.say(Object.values(wrong)[0], true);
    }).catch(failed).finally(() => { starting = false; });
  }

  function cancel() {
    work.say("Cancelling: ends this step …");
    wire.ask("cancel").catch(failed);
  }

  function keep(key) {
    wire.ask("keep", { key }).then(({ note }) => work.say(note), failed);
  }

  let opened = null, before = null;
  function open(key, play) {
    const again = key === opened;
    opened = key;
    list.choose(key);
    deck.load(key, { play });
    if (again || !key) return;
    model.set("chosen", key);
    if (play) wire.ask("choose", { key }).catch(failed);
    side.wait();
    wire.ask("numbers", { key }).then((found) => { if (!found.waiting && key === opened) side.show(found); }, failed);
  }

  // How it stands, from the kernel alone: also after the page was drawn anew.
  function stands() {
    const { running, made, total, note, wrong } = model.get("status");
    swap(...(running ? [stop, begin] : [begin, stop]));
    work.show(made, running ? total : 0, running ? `${made.toFixed(1)} of ${total.toFixed(1)} s of audio` : "");
    if (running !== before || !running) work.say(note, wrong);
    before = running;
  }

  function listed() {
    const takes = model.get("listed");
    result.hidden = !takes.length;
    list.set(takes);
    list.choose(opened);
  }

  wire.listen("numbers", (found) => { if (found.key === opened) side.show(found); });
  model.on("change:status", stands);
  model.on("change:listed", listed);
  model.on("change:chosen", () => { if (model.get("chosen") !== opened) open(model.get("chosen"), false); });
  model.on("change:other", () => deck.setOther(model.get("other")));
  const filled = () => {
    if (text.value.trim() !== model.get("prompt")) text.value = model.get("prompt");
    controls.set(model.get("sampling"));
    count.value = model.get("takes");
  };
  for (const name of ["prompt", "sampling", "takes"]) model.on(`change:${name}`, filled);
  el.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      generate();
    } else deck.keydown(event);
  });
  filled();
  stands();
  listed();
  wire.hello().then(() => {
    el.dataset.ready = "true";
    if (model.get("chosen")) open(model.get("chosen"), false);
    if (model.get("other")) deck.setOther(model.get("other"));
  }).catch(failed);
}

export default { render };

import { el as make } from "./dom.js";
import { channel } from "./channel.js";
import { chart } from "./chart.js";
import { filters } from "./filters.js";
import { inspector, timeline } from "./inspector.js";
import { player } from "./player.js";
import { wake } from "./audio.js";
import { linked } from "./linked.js";

const PAUSE = 150;

function render({ model, el, signal }) {
  el.classList.add("mg-root");
  el.dataset.lmSuppressShortcuts = "true";
  const wire = channel(model, signal);
  const top = make("div"), main = make("div", { class: "mg-main" }), left = make("div", { class: "mg-left" }), right = make("div");
  const below = make("div"), line = timeline((seconds) => deck.deck.seek(seconds));
  main.append(left, right);
  el.append(top, main, below);

  const deck = player(below, wire, signal, { below: line.root, kept: (key) => model.set("other", key) });
  const drawn = chart(left, signal, {
    choose(row) {
      wake();
      link.choose(row, open(row, true));
    },
    // The clip is here when it is clicked.
    near: (row) => deck.expect(table.keys[row]),
    lasso: (rows) => link.lasso(rows),
    changed: (fields) => link.changed(fields),
  });
  const link = linked(model, wire, drawn, deck.say, { filled(found) {
    table = found;
    sieve.set(table);
    el.dataset.ready = String(table.size);
    // Its numbers, and what is like it, may be others now.
    if (link.rows.has(opened)) tell(opened).catch(link.failed);
    else if (opened !== null) close();
    byCode();
  } });
  const side = inspector(right, { choose(key) {
    const row = link.rows.get(key);
    if (row === undefined) return;
    drawn.choose(row);
    wake();
    link.choose(row, open(row, true));
  } });
  const sieve = filters(top, drawn.filter, (rows) => { drawn.select(rows); link.lasso(rows); });

  let table = null, opened = null, soon = 0;
  // The sound first: what there is to read when it plays, and no other clip was chosen for a moment.
  async function open(row, play) {
    const key = table.keys[row], again = key === opened, sounding = deck.load(key, { play });
    if (again) return;
    opened = key;
    clearTimeout(soon);
    await sounding;
    clearTimeout(soon);
    if (opened === key) soon = setTimeout(read, PAUSE, key);
  }

  async function read(key) {
    try {
      await tell(key);
      if (opened !== key) return;
      line.wait();
      const { findings } = await wire.ask("findings", { key });
      if (opened === key) line.show(findings, deck.deck.duration || 1);
    } catch (error) {
      if (opened === key) { line.root.hidden = true; link.failed(error); }
    }
  }

  async function tell(key) {
    const about = await wire.ask("about", { key });
    if (opened !== key) return;
    side.show(about.details);
    const title = (other) => table.prompts[table.promptOf[link.rows.get(other)]] || other;
    side.similar(about.similar.map(({ key: other, note }) => ({ key: other, title: title(other), note })));
  }

  function close() {
    clearTimeout(soon);
    opened = null;
    deck.load(null);
    side.clear();
    line.root.hidden = true;
  }

  // A key that no row has may be of a table that comes next.
  function byCode() {
    const key = model.get("value");
    if (!table || key === opened) return;
    if (link.rows.has(key)) open(link.rows.get(key), false);
    else if (key === null) close();
  }

  model.on("change:value", byCode);
  model.on("change:other", () => deck.setOther(model.get("other")));
  el.addEventListener("keydown", (event) => {
    const onPlot = event.target === drawn.area;
    if (!(onPlot && drawn.keydown(event))) deck.keydown(event, !onPlot);
  });
  link.begin().catch(link.failed);
}

export default { render };

import { el as make } from "./dom.js";
import { channel } from "./channel.js";
import { chart } from "./chart.js";
import { filters } from "./filters.js";
import { inspector, timeline } from "./inspector.js";
import { player } from "./player.js";
import { wake } from "./audio.js";
import { linked } from "./linked.js";

const PAUSE = 120;

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
      open(row, true);
      link.choose(row);
    },
    // The clip is here when it is clicked.
    near: (row) => deck.expect(table.keys[row]),
    lasso: (rows) => link.lasso(rows),
    changed: (fields) => link.changed(fields),
  });
  const link = linked(model, wire, drawn, deck.say);
  const side = inspector(right, { choose: (row) => { drawn.choose(row); wake(); open(row, true); link.choose(row); } });
  const sieve = filters(top, drawn.filter, (rows) => { drawn.select(rows); link.lasso(rows); });

  let table = null, opened = -1, soon = 0;
  // The sound first; what there is to read when no other clip was chosen for a moment.
  async function open(row, play) {
    const again = row === opened;
    opened = row;
    const key = table.keys[row], sounding = deck.load(key, { play });
    if (again) return;
    clearTimeout(soon);
    soon = setTimeout(async () => {
      try {
        const about = await wire.ask("about", { key });
        if (opened !== row) return;
        side.show(about.details);
        side.similar(about.similar.map(({ key: other, note }) => {
          const place = link.rows.get(other);
          return { row: place, title: table.prompts[table.promptOf[place]] || other, note };
        }));
        line.wait();
        const { findings } = await wire.ask("findings", { key });
        await sounding;
        if (opened === row) line.show(findings, deck.deck.duration || 1);
      } catch (error) {
        if (opened === row) { line.root.hidden = true; link.failed(error); }
      }
    }, PAUSE);
  }

  const byCode = () => {
    const row = link.rows.get(model.get("value")) ?? -1;
    if (table && row >= 0 && row !== opened) open(row, false);
  };
  model.on("change:value", byCode);
  model.on("change:other", () => deck.setOther(model.get("other")));
  el.addEventListener("keydown", (event) => {
    const onPlot = event.target === drawn.area;
    if (!(onPlot && drawn.keydown(event))) deck.keydown(event, !onPlot);
  });
  link.begin().then((found) => {
    table = found;
    sieve.set(table);
    el.dataset.ready = String(table.size);
    byCode();
  }).catch(link.failed);
}

export default { render };

// A row for each pair; only those in sight are made.
import { el, short, onResize, inFrame } from "./dom.js";

const ROW = 26;
const MORE = 6;

export function pairList(signal, choose) {
  const name = `mg-pair-${Math.random().toString(36).slice(2)}`;
  const room = el("div", { class: "mg-pairroom", role: "presentation" });
  const area = el("div", { class: "mg-pairs", role: "listbox", tabindex: 0, "aria-label": "Pairs: arrow keys choose one" }, room);
  const head = el("div", { class: "mg-pair mg-pairhead", "aria-hidden": "true" },
    ...["Prompt", "", "A", "B", "B less A"].map((word) => el("span", {}, word)));
  const root = el("div", { class: "mg-pairbox" }, head, area);
  let table = null, rows = [], metric = null, place = -1;

  const draw = inFrame(() => {
    if (!table || !metric || signal.aborted) return;
    const first = Math.max(0, Math.floor(area.scrollTop / ROW) - MORE);
    const last = Math.min(rows.length, Math.ceil((area.scrollTop + area.clientHeight) / ROW) + MORE);
    room.style.height = `${rows.length * ROW}px`;
    const shown = [];
    for (let i = first; i < last; i++) shown.push(option(i));
    // What is chosen must be there to be named, also out of sight.
    if (place >= 0 && (place < first || place >= last)) shown.push(option(place));
    room.replaceChildren(...shown);
    if (place >= 0) area.setAttribute("aria-activedescendant", `${name}-${place}`);
    else area.removeAttribute("aria-activedescendant");
  });

  function option(i) {
    const row = rows[i], prompt = table.prompts[table.promptOf[row]] || "(no prompt)", note = table.notes[row];
    const cells = [metric.a[row], metric.b[row]].map((value) => el("span", {}, short(value)));
    const node = el("div", {
      class: "mg-pair", role: "option", id: `${name}-${i}`, "aria-selected": String(i === place), "aria-posinset": i + 1,
      "aria-setsize": rows.length, title: note ? `${prompt} (${note})` : prompt, onclick: () => go(i),
    }, el("span", { class: "mg-itemname" }, prompt), el("span", { class: "mg-itemname mg-note" }, note), ...cells,
      el("span", { class: "mg-difference" }, difference(metric.d[row])));
    node.style.top = `${i * ROW}px`;
    return node;
  }

  function difference(value) {
    return value !== value ? "–" : value > 0 ? `+${short(value)}` : short(value);
  }

  function go(i) {
    if (!rows.length) return;
    move(Math.min(Math.max(i, 0), rows.length - 1));
    choose(rows[place]);
  }

  function move(i) {
    place = i;
    if (i >= 0 && i * ROW < area.scrollTop) area.scrollTop = i * ROW;
    if (i >= 0 && (i + 1) * ROW > area.scrollTop + area.clientHeight) area.scrollTop = (i + 1) * ROW - area.clientHeight;
    draw();
  }

  const steps = () => ({ ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: rows.length - 1, PageUp: place - 7,
    PageDown: place + 7, Enter: place });
  area.addEventListener("scroll", draw);
  onResize(area, draw, signal);

  return {
    root,
    area,
    set(found) { table = found; },
    show(order, shown) {
      const row = rows[place] ?? -1;
      [rows, metric] = [order, shown];
      move(rows.indexOf(row));
    },
    choose(row) { move(rows.indexOf(row)); },
    // Says whether the key meant something.
    keydown(event) {
      const to = steps()[event.key];
      if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return false;
      go(to);
      event.preventDefault();
      return true;
    },
  };
}

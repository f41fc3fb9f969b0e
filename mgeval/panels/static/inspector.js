// All about the chosen clip: what it is, which are like it, and what went wrong when.
import { el } from "./dom.js";

// A titled table of rows `[label, value, meaning]`; nothing where there are none.
export function rowsOf(title, rows) {
  if (!rows.length) return [];
  const body = el("tbody");
  for (const [label, value, meaning] of rows) {
    body.append(el("tr", { title: meaning || null }, el("th", { scope: "row" }, label), el("td", {}, value)));
  }
  return [el("h4", {}, title), el("table", { class: "mg-table" }, body)];
}

export function inspector(root, { choose }) {
  const prompt = el("p", { class: "mg-prompt" }), similar = el("div", { class: "mg-similar" }), tables = el("div");
  root.append(el("section", { class: "mg-side", tabindex: 0, "aria-label": "The chosen clip" },
    el("h4", {}, "Clip"), prompt, el("h4", {}, "Similar clips"), similar, tables));

  function clear() {
    prompt.textContent = "Click a point, or walk with the arrow keys, to hear a clip.";
    similar.replaceChildren();
    tables.replaceChildren();
  }

  clear();
  return {
    clear,
    show({ prompt: text, settings, metrics, reason }) {
      prompt.textContent = text || "(no prompt)";
      tables.replaceChildren(...rowsOf("Metrics", metrics), ...(reason ? [el("p", { class: "mg-reason" }, reason)] : []),
        ...rowsOf("Settings", settings));
    },
    similar(found) {
      similar.replaceChildren(...found.map(({ key, title, note }) => el("button", {
        type: "button", class: "mg-like", onclick: () => choose(key), title,
      }, el("span", { class: "mg-liketitle" }, title), el("span", { class: "mg-note" }, note))));
      if (!found.length) similar.textContent = "No other clip was measured in the same metrics.";
    },
  };
}

// A row for each kind of failure that was found, below the waveform and in its scale of time.
export function timeline(seek) {
  const root = el("div", { class: "mg-timeline", hidden: true, role: "group", "aria-label": "Failures found" });
  const words = (kind) => kind.replaceAll("_", " ");
  return {
    root,
    wait() { root.replaceChildren(el("div", { class: "mg-note" }, "Looking for failures …")); root.hidden = false; },
    show(findings, seconds) {
      const flagged = findings.filter((one) => one.flagged), kinds = [...new Set(flagged.map((one) => one.kind))];
      const all = new Set(findings.map((one) => one.kind)).size;
      const unjudged = findings.filter((one) => one.score === null && !one.flagged).length;
      const rest = unjudged ? `, ${unjudged} not judged` : "";
      const lines = kinds.map((kind) => {
        const lane = el("div", { class: "mg-lane" });
        for (const one of flagged.filter((other) => other.kind === kind)) {
          const bar = el("button", {
            type: "button", class: "mg-failure", onclick: () => seek(one.start_s),
            "aria-label": `${words(kind)}, ${one.start_s.toFixed(2)} to ${one.end_s.toFixed(2)} seconds`,
            title: `${words(kind)}: ${one.start_s.toFixed(2)} to ${one.end_s.toFixed(2)} s`,
          });
          bar.style.left = `${(one.start_s / seconds) * 100}%`;
          bar.style.width = `max(3px, ${((one.end_s - one.start_s) / seconds) * 100}%)`;
          lane.append(bar);
        }
        lane.append(el("span", { class: "mg-lanename" }, words(kind)));
        return lane;
      });
      const text = kinds.length ? `${kinds.length} of ${all} kinds of failure found${rest}` : `None of ${all} kinds of failure found${rest}`;
      root.replaceChildren(...lines, el("div", { class: "mg-note" }, text));
      root.hidden = false;
    },
  };
}

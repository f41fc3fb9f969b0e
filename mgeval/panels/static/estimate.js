// What a sweep will take, in words, and the sweep as a file.
import { el, toggle } from "./dom.js";

export function rest(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86400).toFixed(1)} days`;
}

export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let power = 0;
  while (bytes >= 1000 && power < units.length - 1) { bytes /= 1000; power++; }
  return `${power && bytes < 99.5 ? bytes.toFixed(1) : Math.round(bytes)} ${units[power]}`;
}

const counted = (n) => `${n.toLocaleString("en")} ${n === 1 ? "clip" : "clips"}`;

export function preview(store) {
  const facts = el("div", { class: "mg-facts", role: "group", "aria-label": "What the sweep will take" });
  const code = el("pre", { class: "mg-code", tabindex: 0, "aria-label": "The sweep as YAML" });
  const copied = el("span", { class: "mg-note", role: "status" });
  const copy = toggle("Copy", "Copy the file's text", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      copied.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      copied.textContent = "Selected: press Ctrl+C";
    }
  });
  const file = el("details", { class: "mg-file", hidden: true }, el("summary", {}, "This sweep as a YAML file, for mgeval run"),
    code, el("div", { class: "mg-bar" }, copy, copied));

  const fact = (name, value, note) => el("div", { class: "mg-fact" },
    el("div", { class: "mg-factname" }, name), el("div", { class: "mg-factvalue" }, value), el("div", { class: "mg-help" }, note));
  return {
    root: facts,
    file,
    wait() { facts.dataset.stale = "true"; },
    show({ clips, to_make: todo, audio_seconds: audio, disk_bytes: disk, seconds, yaml }) {
      delete facts.dataset.stale;
      file.hidden = yaml === undefined;
      if (yaml === undefined) return facts.replaceChildren();
      code.textContent = yaml;
      copied.textContent = "";
      const there = clips - todo, first = fact("Sweep", counted(clips), there ? `${there.toLocaleString("en")} of them in ${store}` : `none in ${store} yet`);
      if (!todo) return facts.replaceChildren(first, fact("To make", "nothing", "all is there"));
      const pace = seconds === null ? ["not known", "until the first clips are made"] : [`about ${rest(seconds)}`, "at the pace of earlier clips"];
      facts.replaceChildren(first, fact("To make", `${rest(audio)} of audio`, there ? counted(todo) : "all clips together"), fact("Time", ...pace),
        fact("Disk", `about ${size(disk)}`, `in ${store}`));
    },
  };
}

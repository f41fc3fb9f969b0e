// @ts-check
// What a sweep needs, in words, and the sweep as a file.
import { make, makeButton } from "./dom.js";
import { formatBytes, formatClips, formatDuration } from "./format.js";

/** @typedef {import("./types.js").SweepEstimate} SweepEstimate */

/** @param {string} name @param {string} value @param {string} note */
function makeFact(name, value, note) {
  return make("div", { class: "mg-fact" }, make("div", { class: "mg-factname" }, name), make("div", { class: "mg-factvalue" }, value),
    make("div", { class: "mg-help" }, note));
}

/**
 * Creates the estimate and the sweep's file.
 * @param {string} store
 */
export function createEstimate(store) {
  const root = make("div", { class: "mg-facts", role: "group", "aria-label": "Estimate for the sweep" });
  const code = make("pre", { class: "mg-code", tabindex: 0, "aria-label": "The sweep as YAML" });
  const copyNote = make("span", { class: "mg-note", role: "status" });
  const copy = makeButton("Copy", "Copy the file's text", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent ?? "");
      copyNote.textContent = "Copied";
    } catch {
      getSelection()?.selectAllChildren(code);
      copyNote.textContent = "Selected: press Ctrl+C";
    }
  });
  const file = make("details", { class: "mg-file", hidden: true }, make("summary", {}, "This sweep as a YAML file, for mgeval run"),
    code, make("div", { class: "mg-bar" }, copy, copyNote));

  /** @param {SweepEstimate} estimate */
  function makeFacts({ clips, to_make: missing, audio_seconds: audio, disk_bytes: disk, seconds }) {
    const done = clips - missing;
    const sweep = makeFact("Sweep", formatClips(clips), done ? `${done.toLocaleString("en")} of them in ${store}` : `none in ${store} yet`);
    if (!missing) return [sweep, makeFact("To make", "nothing", "all clips exist")];
    return [
      sweep,
      makeFact("To make", `${formatDuration(audio)} of audio`, done ? formatClips(missing) : "all clips together"),
      seconds === null ? makeFact("Time", "not known", "until the first clips are made")
        : makeFact("Time", `about ${formatDuration(seconds)}`, "at the pace of earlier clips"),
      makeFact("Disk", `about ${formatBytes(disk)}`, `in ${store}`),
    ];
  }

  return {
    root,
    file,
    /** Shows that the fields changed since. */
    markStale() { root.dataset.stale = "true"; },
    /** @param {SweepEstimate} estimate */
    show(estimate) {
      const { yaml } = estimate;
      delete root.dataset.stale;
      file.hidden = yaml === undefined;
      if (yaml === undefined) {
        root.replaceChildren();
        return;
      }
      code.textContent = yaml;
      copyNote.textContent = "";
      root.replaceChildren(...makeFacts(estimate));
    },
  };
}

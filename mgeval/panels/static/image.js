// What a clip's stereo image looks like while it plays: a vectorscope, and a meter of the correlation below it.
import { el, fitted, signed } from "./dom.js";
import { drawScope, correlation } from "./signal.js";

export function stereoImage() {
  const scope = el("canvas", { class: "mg-scope", role: "img", "aria-label": "Vectorscope" });
  const scale = el("span", { class: "mg-scale" }), needle = el("div", { class: "mg-needle" });
  const meter = el("div", {
    class: "mg-meter", role: "meter", "aria-label": "Correlation of left and right",
    "aria-valuemin": -1, "aria-valuemax": 1, "aria-valuenow": 0,
  }, el("div", { class: "mg-zero" }), needle);
  const number = el("span", { class: "mg-number" }, "–");
  const root = el("div", { class: "mg-image" },
    el("div", { class: "mg-scopebox" }, scope, scale),
    el("div", { class: "mg-correlation" }, el("span", {}, "−1"), meter, el("span", {}, "+1")),
    el("div", { class: "mg-caption" }, "correlation ", number));
  const until = (clip, at) => Math.min(Math.round(at * clip.rate), clip.channels[0].length);

  function draw(clip, at, colours, fresh) {
    const { pen, width } = fitted(scope);
    drawScope(pen, width, clip.channels, until(clip, at), clip.gain * clip.zoom, colours, fresh);
    const zoom = clip.zoom === 1 ? "" : `×${clip.zoom >= 1 ? clip.zoom : `1/${1 / clip.zoom}`}`;
    if (scale.textContent !== zoom) scale.textContent = zoom;
  }

  function tell(clip, at) {
    const value = clip ? correlation(clip.channels, until(clip, at), clip.rate) : null;
    needle.hidden = value === null;
    if (value !== null) needle.style.left = `${((value + 1) / 2) * 100}%`;
    number.textContent = value === null ? "–" : signed(value, 2);
    meter.setAttribute("aria-valuenow", value === null ? 0 : value.toFixed(2));
    meter.setAttribute("aria-valuetext", value === null ? "not defined" : value.toFixed(2));
  }

  return { root, draw, tell };
}

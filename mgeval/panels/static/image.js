// What a clip's stereo image looks like while it plays: a vectorscope, and a meter of the correlation below it.
import { el, fitted, signed } from "./dom.js";
import { correlation } from "./signal.js";

const DOTS = 2400;
// What a dot leaves on the scope, in pixels of full colour, and the share of it that the next frame still shows.
const INK = 0.9;
const STAYS = 0.65;

export function stereoImage() {
  const scope = el("canvas", { class: "mg-scope", role: "img", "aria-label": "Vectorscope" });
  const scale = el("span", { class: "mg-scale" }), needle = el("div", { class: "mg-needle" });
  const meter = el("div", {
    class: "mg-meter", role: "meter", "aria-label": "Correlation of left and right",
    "aria-valuemin": -1, "aria-valuemax": 1, "aria-valuenow": 0,
  }, el("div", { class: "mg-zero" }), needle);
  const number = el("span", { class: "mg-number" }, "–");
  const root = el("div", { class: "mg-image" },
    el("div", { class: "mg-scopebox" }, scope, el("span", { class: "mg-side-l" }, "L"), el("span", { class: "mg-side-r" }, "R"), scale),
    el("div", { class: "mg-correlation" }, el("span", {}, "−1"), meter, el("span", {}, "+1")),
    el("div", { class: "mg-caption" }, "correlation ", number));
  const until = (clip, at) => Math.min(Math.round(at * clip.rate), clip.channels[0].length);
  let ink = new Float32Array(0), picture = null;

  // Thousands of dots in each frame are quicker added up here than drawn one by one.
  function draw(clip, at, colours, fresh) {
    const { pen, width } = fitted(scope), side = scope.width;
    if (side < 2) return;
    if (ink.length !== side * side) {
      ink = new Float32Array(side * side);
      picture = pen.createImageData(side, side);
    } else if (fresh) ink.fill(0);
    else for (let i = 0; i < ink.length; i++) ink[i] *= STAYS;
    dots(clip, until(clip, at), side, side / width);
    const colour = parseInt(colours.accent.slice(1), 16), pixels = new Uint32Array(picture.data.buffer);
    const bytes = ((colour & 255) << 16) | (colour & 0xff00) | (colour >> 16);
    for (let i = 0; i < ink.length; i++) pixels[i] = ink[i] < 0.002 ? 0 : (Math.round(255 * (1 - Math.exp(-ink[i]))) << 24) | bytes;
    pen.putImageData(picture, 0, 0);
    const zoom = clip.zoom === 1 ? "" : `×${clip.zoom >= 1 ? clip.zoom : `1/${1 / clip.zoom}`}`;
    if (scale.textContent !== zoom) scale.textContent = zoom;
  }

  // Mid upright, left to the left: the samples before this moment, each shared out between four pixels.
  function dots({ channels, gain, zoom }, end, side, ratio) {
    const left = channels[0], right = channels[channels.length - 1], centre = (side - 1) / 2;
    const scale = ((side / 2 - 2 * ratio) / 2) * gain * zoom, mass = INK * ratio * ratio;
    for (let i = Math.max(0, end - DOTS); i < end; i++) {
      const x = centre + (right[i] - left[i]) * scale, y = centre - (left[i] + right[i]) * scale;
      const h = Math.floor(x), v = Math.floor(y), dx = x - h, dy = y - v, at = v * side + h;
      if (!(h >= 0 && v >= 0 && h < side - 1 && v < side - 1)) continue;
      ink[at] += mass * (1 - dx) * (1 - dy);
      ink[at + 1] += mass * dx * (1 - dy);
      ink[at + side] += mass * (1 - dx) * dy;
      ink[at + side + 1] += mass * dx * dy;
    }
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

// @ts-check
// The stereo image of a clip while it plays: a vectorscope, and a meter of the correlation below it.
import { fitCanvas, make } from "./dom.js";
import { formatSigned } from "./format.js";
import { correlationBefore } from "./signal.js";

/** @typedef {import("./types.js").Clip} Clip */
/** @typedef {import("./types.js").Theme} Theme */

const DOTS = 2400;
// What a dot leaves on the scope, in pixels of full colour, and the share of it that the next frame still shows.
const DOT_INK = 0.9;
const INK_DECAY = 0.65;

/** Creates the vectorscope and the meter. */
export function createStereoImage() {
  const scope = make("canvas", { class: "mg-scope", role: "img", "aria-label": "Vectorscope" });
  const scale = make("span", { class: "mg-scale" }), needle = make("div", { class: "mg-needle" });
  const meter = make("div", {
    class: "mg-meter", role: "meter", "aria-label": "Correlation of left and right",
    "aria-valuemin": -1, "aria-valuemax": 1, "aria-valuenow": 0,
  }, make("div", { class: "mg-zero" }), needle);
  const number = make("span", { class: "mg-number" }, "–");
  const root = make("div", { class: "mg-image" },
    make("div", { class: "mg-scopebox" }, scope, make("span", { class: "mg-side-l" }, "L"),
      make("span", { class: "mg-side-r" }, "R"), scale),
    make("div", { class: "mg-correlation" }, make("span", {}, "−1"), meter, make("span", {}, "+1")),
    make("div", { class: "mg-caption" }, "correlation ", number));
  let ink = new Float32Array(0);
  /** @type {ImageData | null} */
  let picture = null;

  /** @param {Clip} clip @param {number} seconds */
  const sampleIndex = (clip, seconds) => Math.min(Math.round(seconds * clip.rate), clip.channels[0].length);

  /**
   * Draws the scope. Adding up thousands of dots here is quicker than drawing them one by one.
   * @param {Clip} clip
   * @param {number} seconds
   * @param {Theme} theme
   * @param {boolean} fresh Whether nothing of the frame before stays.
   */
  function draw(clip, seconds, theme, fresh) {
    const { pen, width } = fitCanvas(scope), side = scope.width;
    if (side < 2) return;
    if (!picture || ink.length !== side * side) {
      ink = new Float32Array(side * side);
      picture = pen.createImageData(side, side);
    } else if (fresh) ink.fill(0);
    else for (let i = 0; i < ink.length; i++) ink[i] *= INK_DECAY;
    addDots(clip, sampleIndex(clip, seconds), side, side / width);
    const colour = parseInt(theme.accent.slice(1), 16), pixels = new Uint32Array(picture.data.buffer);
    const bytes = ((colour & 255) << 16) | (colour & 0xff00) | (colour >> 16);
    for (let i = 0; i < ink.length; i++) pixels[i] = ink[i] < 0.002 ? 0 : (Math.round(255 * (1 - Math.exp(-ink[i]))) << 24) | bytes;
    pen.putImageData(picture, 0, 0);
    const zoom = clip.zoom === 1 ? "" : `×${clip.zoom >= 1 ? clip.zoom : `1/${1 / clip.zoom}`}`;
    if (scale.textContent !== zoom) scale.textContent = zoom;
  }

  /**
   * Adds the samples before this moment, mid upright, left to the left. Four pixels share each dot.
   * @param {Clip} clip
   * @param {number} end
   * @param {number} side
   * @param {number} ratio
   */
  function addDots({ channels, gain, zoom }, end, side, ratio) {
    const left = channels[0], right = channels[channels.length - 1], centre = (side - 1) / 2;
    const pixels = ((side / 2 - 2 * ratio) / 2) * gain * zoom, mass = DOT_INK * ratio * ratio;
    for (let i = Math.max(0, end - DOTS); i < end; i++) {
      const x = centre + (right[i] - left[i]) * pixels, y = centre - (left[i] + right[i]) * pixels;
      const h = Math.floor(x), v = Math.floor(y), dx = x - h, dy = y - v, pixel = v * side + h;
      if (!(h >= 0 && v >= 0 && h < side - 1 && v < side - 1)) continue;
      ink[pixel] += mass * (1 - dx) * (1 - dy);
      ink[pixel + 1] += mass * dx * (1 - dy);
      ink[pixel + side] += mass * (1 - dx) * dy;
      ink[pixel + side + 1] += mass * dx * dy;
    }
  }

  /**
   * Shows the correlation on the meter and as a number.
   * @param {Clip | null} clip
   * @param {number} seconds
   */
  function showCorrelation(clip, seconds) {
    const value = clip ? correlationBefore(clip.channels, sampleIndex(clip, seconds), clip.rate) : null;
    needle.hidden = value === null;
    if (value !== null) needle.style.left = `${((value + 1) / 2) * 100}%`;
    number.textContent = value === null ? "–" : formatSigned(value, 2);
    meter.setAttribute("aria-valuenow", value === null ? "0" : value.toFixed(2));
    meter.setAttribute("aria-valuetext", value === null ? "not defined" : value.toFixed(2));
  }

  return { root, draw, showCorrelation };
}

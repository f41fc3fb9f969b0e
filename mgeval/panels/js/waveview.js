// @ts-check
// The waveform with the position in it. What moves while a clip plays lies above it, so that it need not be drawn again.
import { fitCanvas, make, onResize, pointerPlace } from "./dom.js";
import { columnPeaks, drawWaveform } from "./signal.js";

/** @typedef {import("./types.js").Clip} Clip */
/** @typedef {import("./types.js").Theme} Theme */

/**
 * Creates the waveform.
 * @param {AbortSignal} signal
 * @param {{ onSeek: (share: number, begins: boolean) => void, onResized: () => void }} handlers `onSeek` gets the place
 *   of the pointer, 0 to 1, and whether the button went down there.
 */
export function createWaveView(signal, { onSeek, onResized }) {
  const wave = make("canvas", { class: "mg-wave" }), lanes = make("div", { class: "mg-lanes" });
  const cover = make("div", { class: "mg-veil" }), playhead = make("div", { class: "mg-head" });
  const root = make("div", {
    class: "mg-seek", role: "slider", tabindex: 0, "aria-label": "Position in the clip",
    "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0,
  }, wave, cover, lanes, playhead);
  let drawnWidth = -1;

  /** @param {PointerEvent} event */
  const shareAt = (event) => pointerPlace(root, event)[0] / root.getBoundingClientRect().width;
  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    root.setPointerCapture(event.pointerId);
    onSeek(shareAt(event), true);
  });
  root.addEventListener("pointermove", (event) => { if (root.hasPointerCapture(event.pointerId)) onSeek(shareAt(event), false); });
  onResize(root, onResized, signal);

  return {
    root,
    /** Lets the next `draw` draw the waveform again, for another clip or theme. */
    invalidate() { drawnWidth = -1; },
    /** @param {number} duration */
    setDuration(duration) { root.setAttribute("aria-valuemax", duration.toFixed(2)); },
    /** @param {number} position @param {number} duration */
    setPosition(position, duration) {
      root.setAttribute("aria-valuenow", position.toFixed(2));
      root.setAttribute("aria-valuetext", `${position.toFixed(1)} of ${duration.toFixed(1)} seconds`);
    },
    /**
     * Draws the waveform and the position; tells whether there is a clip and room for it.
     * @param {Clip | null} clip
     * @param {number} share
     * @param {Theme} theme
     */
    draw(clip, share, theme) {
      const { pen, width, height } = fitCanvas(wave);
      if (width === 0) return false;
      cover.style.transform = `scaleX(${1 - share})`;
      playhead.style.transform = `translateX(${Math.min(Math.max(share * width - 0.5, 0), width - 1.5)}px)`;
      playhead.hidden = !clip;
      if (!clip) {
        lanes.replaceChildren();
        pen.clearRect(0, 0, width, height);
        return false;
      }
      if (drawnWidth !== wave.width) {
        drawnWidth = wave.width;
        drawWaveform(pen, width, height, columnPeaks(clip.channels, Math.floor(width)), clip.gain, theme);
        lanes.replaceChildren(...(clip.channels.length === 2 ? ["L", "R"] : ["M"]).map((name) => make("div", {}, name)));
      }
      return true;
    },
  };
}

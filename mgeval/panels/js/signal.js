// @ts-check
// What the player draws of a clip's samples: the waveform, and the correlation of its channels.
import { drawLine } from "./canvas.js";
import { COLOURS } from "./colours.js";

/** @typedef {import("./types.js").Theme} Theme */
/** @typedef {{ low: Float32Array, high: Float32Array }} Peaks */

const WINDOW_SECONDS = 0.4;

/**
 * Returns the lowest and the highest sample in each column of a picture, for every channel.
 * @param {Float32Array[]} channels
 * @param {number} columns
 * @returns {Peaks[]}
 */
export function columnPeaks(channels, columns) {
  return channels.map((samples) => {
    const low = new Float32Array(columns), high = new Float32Array(columns), step = samples.length / columns;
    for (let column = 0; column < columns; column++) {
      const end = Math.min(samples.length, Math.max(Math.floor((column + 1) * step), Math.floor(column * step) + 1));
      let least = Infinity, most = -Infinity;
      for (let i = Math.floor(column * step); i < end; i++) {
        const value = samples[i];
        if (value < least) least = value;
        if (value > most) most = value;
      }
      low[column] = least === Infinity ? 0 : least;
      high[column] = most === -Infinity ? 0 : most;
    }
    return { low, high };
  });
}

/**
 * Draws one lane for each channel at the level of the file: a lane ends at full scale, or beyond it where the clip does.
 * @param {CanvasRenderingContext2D} pen
 * @param {number} width
 * @param {number} height
 * @param {Peaks[]} peaks
 * @param {number} gain
 * @param {Theme} theme
 */
export function drawWaveform(pen, width, height, peaks, gain, theme) {
  const lanes = peaks.length, room = height / lanes, reach = Math.max(1, gain);
  pen.clearRect(0, 0, width, height);
  peaks.forEach(({ low, high }, lane) => {
    const middle = room * (lane + 0.5), scale = ((room / 2 - 3) * gain) / reach;
    pen.strokeStyle = theme.line;
    pen.lineWidth = 1;
    drawLine(pen, 0, Math.round(middle) + 0.5, width, Math.round(middle) + 0.5);
    if (reach > 1) drawFullScale(pen, width, middle, (room / 2 - 3) / reach, theme);
    pen.fillStyle = lanes === 2 ? COLOURS[lane] : COLOURS[2];
    for (let column = 0; column < low.length; column++) {
      const top = middle - high[column] * scale, bottom = middle - low[column] * scale;
      pen.fillRect(column, top, 1, Math.max(bottom - top, 1));
    }
  });
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} width
 * @param {number} middle
 * @param {number} distance
 * @param {Theme} theme
 */
function drawFullScale(pen, width, middle, distance, theme) {
  pen.setLineDash([3, 3]);
  pen.strokeStyle = theme.muted;
  for (const y of [middle - distance, middle + distance]) drawLine(pen, 0, y, width, y);
  pen.setLineDash([]);
}

/**
 * Returns how much the vectorscope magnifies a clip: the power of two that brings its peak to the upper half.
 * @param {Float32Array[]} channels
 * @param {number} gain
 */
export function scopeGain(channels, gain) {
  let peak = 0;
  for (const samples of channels) {
    for (let i = 0; i < samples.length; i++) {
      const size = Math.abs(samples[i]);
      if (size > peak) peak = size;
    }
  }
  peak *= gain;
  return peak > 0 ? 2 ** Math.max(-8, Math.min(12, Math.floor(Math.log2(1 / peak)))) : 1;
}

/**
 * Returns the correlation of left and right in the 400 ms before a sample; null where it is not defined, as for a
 * silent channel.
 * @param {Float32Array[]} channels
 * @param {number} end
 * @param {number} rate
 */
export function correlationBefore(channels, end, rate) {
  if (channels.length < 2) return null;
  const [left, right] = channels, start = Math.max(0, end - Math.round(WINDOW_SECONDS * rate));
  let product = 0, leftPower = 0, rightPower = 0;
  for (let i = start; i < end; i++) {
    product += left[i] * right[i];
    leftPower += left[i] * left[i];
    rightPower += right[i] * right[i];
  }
  const silence = (end - start) * 1e-12;
  return leftPower <= silence || rightPower <= silence ? null : product / Math.sqrt(leftPower * rightPower);
}

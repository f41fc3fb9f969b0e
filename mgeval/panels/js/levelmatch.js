// @ts-check
// Equal loudness of two clips.
import { formatSigned } from "./format.js";

/** @typedef {import("./channel.js").Channel} Channel */
/** @typedef {import("./types.js").Clip} Clip */

/**
 * Measures a clip in the kernel, once. Returns why it has no loudness, if it has none. The next call asks again after
 * an error.
 * @param {Channel} channel
 * @param {Clip} clip
 */
export async function measureLoudness(channel, clip) {
  clip.loudness ??= channel.ask("loudness", { key: clip.key });
  try {
    const { lufs, reason } = await clip.loudness;
    clip.lufs = lufs;
    return reason;
  } catch (error) {
    clip.loudness = undefined;
    throw error;
  }
}

/**
 * Returns the dB that a clip needs to be no louder than another one. The louder one gets quieter, never the other one
 * louder, which could clip.
 * @param {Pick<Clip, "lufs"> | null} own
 * @param {Pick<Clip, "lufs"> | null} other
 */
export function attenuationFor(own, other) {
  return own?.lufs !== undefined && other?.lufs !== undefined ? -Math.max(own.lufs - other.lufs, 0) : 0;
}

/**
 * Says what matching did to the two clips.
 * @param {number} a LUFS.
 * @param {number} b LUFS.
 */
export function describeMatch(a, b) {
  const level = Math.min(a, b).toFixed(1).replace("-", "−"), change = Math.abs(a - b);
  if (change < 0.05) return `A and B both have ${level} LUFS`;
  return `${a > b ? "A" : "B"} is ${formatSigned(-change, 1)} dB, so that both have ${level} LUFS`;
}

// @ts-check
// The clips that were heard last, or that may be heard next.
import { decodeAudio } from "./audio.js";
import { scopeGain } from "./signal.js";

/** @typedef {import("./channel.js").Channel} Channel */
/** @typedef {import("./types.js").Clip} Clip */

const MOST = 12;

/**
 * Creates a function that fetches a clip, and keeps the last ones.
 * @param {Channel} channel
 */
export function createClipCache(channel) {
  /** @type {Map<string, Promise<Clip>>} */
  const clips = new Map();

  /** @param {string} key @returns {Promise<Clip>} */
  async function requestClip(key) {
    const { rate, gain, title, buffers } = await channel.ask("clip", { key }), sound = await decodeAudio(buffers[0], rate);
    return { key, rate, gain, title, ...sound, zoom: scopeGain(sound.channels, gain) };
  }

  /**
   * Fetches a clip, or returns it from the cache. What failed is not kept: the next call asks again.
   * @param {string} key
   */
  return function fetchClip(key) {
    const known = clips.get(key);
    if (known) return known;
    const clip = requestClip(key);
    clip.catch(() => clips.delete(key));
    clips.set(key, clip);
    if (clips.size > MOST) clips.delete([...clips.keys()][0]);
    return clip;
  };
}

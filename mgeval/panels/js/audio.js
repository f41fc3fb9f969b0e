// @ts-check
// Plays clips at their own rate and level.

/** @typedef {import("./types.js").DecodedAudio} DecodedAudio */
/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {keyof typeof MATRICES} ChannelMode */
/** @typedef {{ context: AudioContext, source: AudioBufferSourceNode, level: GainNode, fadedIn: number, matrix: GainNode[] }} Voice */
/** @typedef {{ contexts: Map<number, AudioContext>, active: { pause: () => void } | null }} Shared */

/**
 * All widgets of a page share contexts, of which browsers allow few, and only one of them plays.
 * @type {Shared}
 */
const shared = (/** @type {Record<symbol, Shared>} */ (/** @type {unknown} */ (globalThis))[Symbol.for("mgeval.audio")] ??=
  { contexts: new Map(), active: null });
const FADE_SECONDS = 0.006;
const MATRICES = {
  // left to left, left to right, right to left, right to right
  stereo: [1, 0, 0, 1], mono: [0.5, 0.5, 0.5, 0.5], side: [0.5, 0.5, -0.5, -0.5], left: [1, 1, 0, 0], right: [0, 0, 1, 1],
};

/** @param {number} rate */
function contextFor(rate) {
  let context = shared.contexts.get(rate);
  if (!context) {
    try { context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" }); }
    // This browser cannot play at the rate: it resamples to its own one.
    catch { context = new AudioContext({ latencyHint: "interactive" }); }
    shared.contexts.set(rate, context);
  }
  return context;
}

/** Lets sound begin: browsers allow it only in a user's gesture. */
export function resumeAudio() {
  for (const context of shared.contexts.values()) if (context.state !== "running") context.resume();
}

/** @type {Map<number, OfflineAudioContext>} */
const decoders = new Map();

/**
 * Decodes a file at its own rate. An offline context does so; that of a device would resample.
 * @param {DataView} data
 * @param {number} rate
 * @returns {Promise<DecodedAudio>}
 */
export async function decodeAudio(data, rate) {
  const bytes = /** @type {ArrayBuffer} */ (data.buffer).slice(data.byteOffset, data.byteOffset + data.byteLength);
  let decoder = decoders.get(rate);
  if (!decoder) decoders.set(rate, (decoder = new OfflineAudioContext(2, 1, rate)));
  const buffer = await decoder.decodeAudioData(bytes);
  return { buffer, channels: Array.from({ length: buffer.numberOfChannels }, (_, i) => buffer.getChannelData(i)) };
}

/**
 * Plays one clip at a time.
 * @template {Sound} [Clip=Sound]
 */
export class AudioPlayer {
  /** @param {() => void} onChange Called after anything about it changed but the position. */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {Clip | null} */
    this.clip = null;
    /** @type {Voice | null} What sounds now. */
    this.voice = null;
    this.offset = 0;
    this.startTime = 0;
    this.loop = false;
    /** @type {ChannelMode} */
    this.mode = "stereo";
    this.decibels = 0;
  }

  get playing() { return this.voice !== null; }

  /** Whether the device really plays: a browser may hold sound back until a gesture. */
  get sounding() { return this.voice !== null && this.voice.context.state === "running"; }

  get duration() { return this.clip ? this.clip.buffer.duration : 0; }

  get gain() { return (this.clip?.gain ?? 1) * 10 ** (this.decibels / 20); }

  /** Seconds into the clip of what one hears now. */
  get position() {
    if (!this.voice) return this.offset;
    const { context } = this.voice;
    const elapsed = Math.max(0, context.currentTime - this.startTime - (context.outputLatency || 0));
    const position = this.offset + elapsed;
    return this.loop && this.duration > 0 ? position % this.duration : Math.min(position, this.duration);
  }

  /**
   * Takes another clip; it plays on if one played before.
   * @param {Clip | null} clip
   * @param {number} [position]
   * @param {number} [decibels]
   */
  load(clip, position = 0, decibels = 0) {
    const { playing } = this;
    // The old clip fades out at its own level, so that of the new one comes after.
    this.stop();
    this.clip = clip;
    this.decibels = decibels;
    this.offset = Math.min(position, this.duration);
    if (playing) this.play();
    this.onChange();
  }

  play() {
    const { clip } = this;
    if (!clip || this.duration === 0) return;
    this.stop();
    if (shared.active && shared.active !== this) shared.active.pause();
    shared.active = this;
    if (this.offset >= this.duration - 0.01) this.offset = 0;
    const context = contextFor(clip.rate);
    if (context.state !== "running") context.resume();
    const source = context.createBufferSource(), level = context.createGain(), fadedIn = context.currentTime + FADE_SECONDS;
    source.buffer = clip.buffer;
    source.loop = this.loop;
    level.gain.setValueAtTime(0, context.currentTime);
    level.gain.linearRampToValueAtTime(this.gain, fadedIn);
    const { output, matrix } = this.routeChannels(context, source);
    output.connect(level).connect(context.destination);
    source.onended = () => { if (this.voice?.source === source) this.finish(); };
    this.voice = { context, source, level, fadedIn, matrix };
    this.startTime = context.currentTime;
    source.start(0, this.offset);
    this.onChange();
  }

  /**
   * Sends a source's channels through a matrix, which the mode sets.
   * @param {AudioContext} context
   * @param {AudioNode} source
   */
  routeChannels(context, source) {
    // A splitter would put a single channel on the left, so a mono clip becomes stereo first.
    const both = new GainNode(context, { channelCount: 2, channelCountMode: "explicit" });
    const split = context.createChannelSplitter(2), output = context.createChannelMerger(2);
    source.connect(both).connect(split);
    const matrix = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([from, to], i) => {
      const gain = new GainNode(context, { gain: MATRICES[this.mode][i] });
      split.connect(gain, from);
      gain.connect(output, 0, to);
      return gain;
    });
    return { output, matrix };
  }

  finish() {
    this.voice = null;
    this.offset = this.duration;
    this.onChange();
  }

  pause() {
    this.offset = this.position;
    this.stop();
    this.onChange();
  }

  /** Ends the sound with a short fade: a cut would click. */
  stop() {
    if (!this.voice) return;
    const { context, source, level } = this.voice, now = context.currentTime;
    this.voice = null;
    level.gain.cancelScheduledValues(now);
    level.gain.setValueAtTime(this.gain, now);
    level.gain.linearRampToValueAtTime(0, now + FADE_SECONDS);
    source.stop(now + FADE_SECONDS);
  }

  /** @param {number} seconds */
  seek(seconds) {
    const { playing } = this;
    this.stop();
    this.offset = Math.min(Math.max(seconds, 0), this.duration);
    if (playing) this.play();
    this.onChange();
  }

  /** @param {boolean} loop */
  setLoop(loop) {
    if (this.voice) {
      const { context, source } = this.voice;
      this.offset = this.position;
      this.startTime = context.currentTime - (context.outputLatency || 0);
      source.loop = loop;
    }
    this.loop = loop;
    this.onChange();
  }

  /** @param {ChannelMode} mode */
  setMode(mode) {
    this.mode = mode;
    if (this.voice) {
      const { context, matrix } = this.voice;
      matrix.forEach((gain, i) => gain.gain.setTargetAtTime(MATRICES[mode][i], context.currentTime, FADE_SECONDS / 2));
    }
    this.onChange();
  }

  /** @param {number} decibels */
  setDecibels(decibels) {
    this.decibels = decibels;
    if (this.voice) {
      const { context, level, fadedIn } = this.voice;
      // During the fade-in it waits, for the end of that would override it.
      level.gain.setTargetAtTime(this.gain, Math.max(fadedIn, context.currentTime), FADE_SECONDS / 2);
    }
    this.onChange();
  }
}

// Plays clips at their own rate and level.

// All widgets of a page share contexts, of which browsers allow few, and only one of them plays.
const shared = (globalThis[Symbol.for("mgeval.audio")] ??= { contexts: new Map(), deck: null });
const FADE = 0.006;
const MATRICES = {
  // left to left, left to right, right to left, right to right
  stereo: [1, 0, 0, 1], mono: [0.5, 0.5, 0.5, 0.5], side: [0.5, 0.5, -0.5, -0.5], left: [1, 1, 0, 0], right: [0, 0, 1, 1],
};

function contextFor(rate) {
  if (!shared.contexts.has(rate)) {
    let context;
    try { context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" }); }
    // A rate this browser cannot play at: its own one then, resampled on the way out.
    catch { context = new AudioContext({ latencyHint: "interactive" }); }
    shared.contexts.set(rate, context);
  }
  return shared.contexts.get(rate);
}

// Browsers let sound begin in a user's gesture only.
export function wake() {
  for (const context of shared.contexts.values()) if (context.state !== "running") context.resume();
}

// An offline context decodes at the file's rate; that of a device would resample.
const decoders = new Map();
export async function decode(data, rate) {
  const bytes = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  if (!decoders.has(rate)) decoders.set(rate, new OfflineAudioContext(2, 1, rate));
  const buffer = await decoders.get(rate).decodeAudioData(bytes);
  const channels = [];
  for (let i = 0; i < buffer.numberOfChannels; i++) channels.push(buffer.getChannelData(i));
  return { buffer, channels };
}

export class Deck {
  constructor(changed) {
    this.changed = changed;
    this.clip = null;
    this.source = null;
    this.offset = 0;
    this.loop = false;
    this.solo = "stereo";
    this.decibels = 0;
  }

  get playing() { return this.source !== null; }

  get duration() { return this.clip ? this.clip.buffer.duration : 0; }

  // Seconds into the clip of what is heard now.
  get position() {
    if (!this.playing) return this.offset;
    const context = this.context;
    const passed = Math.max(0, context.currentTime - this.started - (context.outputLatency || 0));
    const at = this.offset + passed;
    return this.loop && this.duration > 0 ? at % this.duration : Math.min(at, this.duration);
  }

  load(clip, position = 0, decibels = 0) {
    const playing = this.playing;
    // It fades out at its own level, so the new one's is taken after it.
    this.halt();
    this.clip = clip;
    this.decibels = decibels;
    this.offset = Math.min(position, this.duration);
    if (playing) this.play();
    this.changed();
  }

  play() {
    if (!this.clip || this.duration === 0) return;
    this.halt();
    if (shared.deck && shared.deck !== this) shared.deck.pause();
    shared.deck = this;
    if (this.offset >= this.duration - 0.01) this.offset = 0;
    const context = (this.context = contextFor(this.clip.rate));
    if (context.state !== "running") context.resume();
    const source = context.createBufferSource();
    source.buffer = this.clip.buffer;
    source.loop = this.loop;
    this.level = context.createGain();
    this.level.gain.setValueAtTime(0, context.currentTime);
    this.risen = context.currentTime + FADE;
    this.level.gain.linearRampToValueAtTime(this.gain, this.risen);
    this.routed(context, source).connect(this.level).connect(context.destination);
    source.onended = () => { if (this.source === source) this.ended(); };
    this.source = source;
    this.started = context.currentTime;
    source.start(0, this.offset);
    this.changed();
  }

  get gain() { return this.clip.gain * 10 ** (this.decibels / 20); }

  routed(context, source) {
    // As two channels, also if it has one: a splitter would put that on the left.
    const both = new GainNode(context, { channelCount: 2, channelCountMode: "explicit" });
    const split = context.createChannelSplitter(2), merged = context.createChannelMerger(2);
    source.connect(both).connect(split);
    this.matrix = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([from, to], i) => {
      const gain = new GainNode(context, { gain: MATRICES[this.solo][i] });
      split.connect(gain, from);
      gain.connect(merged, 0, to);
      return gain;
    });
    return merged;
  }

  ended() {
    this.source = null;
    this.offset = this.duration;
    this.changed();
  }

  pause() {
    this.offset = this.position;
    this.halt();
    this.changed();
  }

  // Stops what sounds, with a short fade: a cut would click.
  halt() {
    if (!this.source) return;
    const source = this.source, now = this.context.currentTime;
    this.source = null;
    this.level.gain.cancelScheduledValues(now);
    this.level.gain.setValueAtTime(this.gain, now);
    this.level.gain.linearRampToValueAtTime(0, now + FADE);
    source.stop(now + FADE);
  }

  seek(seconds) {
    const playing = this.playing;
    this.halt();
    this.offset = Math.min(Math.max(seconds, 0), this.duration);
    if (playing) this.play();
    this.changed();
  }

  setLoop(loop) {
    if (this.playing) {
      this.offset = this.position;
      this.started = this.context.currentTime - (this.context.outputLatency || 0);
      this.source.loop = loop;
    }
    this.loop = loop;
    this.changed();
  }

  setSolo(solo) {
    this.solo = solo;
    if (this.playing) {
      this.matrix.forEach((gain, i) => gain.gain.setTargetAtTime(MATRICES[solo][i], this.context.currentTime, FADE / 2));
    }
    this.changed();
  }

  setDecibels(decibels) {
    this.decibels = decibels;
    // Not before the fade-in is over: its end would be the last word.
    if (this.playing) this.level.gain.setTargetAtTime(this.gain, Math.max(this.risen, this.context.currentTime), FADE / 2);
    this.changed();
  }

  get running() { return this.playing && this.context.state === "running"; }
}

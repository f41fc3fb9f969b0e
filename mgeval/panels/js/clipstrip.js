// @ts-check
// Clips under letters, of which one plays at a time; a switch goes on from where the other was. Only the time is shown.
import { AudioPlayer, decodeAudio, resumeAudio } from "./audio.js";
import { make, makeButton, makeIcon, setPressed } from "./dom.js";
import { formatTime } from "./format.js";

/** @typedef {import("./channel.js").Channel} Channel */
/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {import("./types.js").Trial} Trial */
/** @typedef {{ clip: Sound, seconds: number }} Slot A clip, and how long it was heard. */

// A clip counts as heard after this many seconds, a shorter one after nearly all of it.
const HEARD_SECONDS = 1;

/**
 * Creates the strip of a trial's clips.
 * @param {Channel} channel
 * @param {AbortSignal} signal
 * @param {{ onChange: () => void, onError: (error: unknown) => void }} handlers
 */
export function createClipStrip(channel, signal, { onChange, onError }) {
  /** @type {Map<string, Promise<Sound>>} */
  const clips = new Map();
  /** @type {Map<string, Slot>} */
  const slots = new Map();
  /** @type {Map<string, HTMLButtonElement>} */
  let buttons = new Map();
  /** @type {Trial | null} */
  let trial = null;
  let active = "A", animating = false;
  const audio = new AudioPlayer(() => { update(); animate(); });
  // A listener compares short clips by going back and forth: an end would be in the way.
  audio.loop = true;
  const playButton = makeButton("Play", "Play or pause (space)", () => togglePlay(), makeIcon("play"));
  playButton.classList.add("mg-play");
  const letters = make("div", { class: "mg-bar", role: "group", "aria-label": "Clips" });
  const time = make("span", { class: "mg-time" });
  const loop = makeButton("Loop", "Loop (L)", () => audio.setLoop(!audio.loop), makeIcon("loop"));
  const seek = make("input", {
    type: "range", class: "mg-range", min: 0, max: 0, step: 0.01, value: 0, "aria-label": "Position in the clip",
    oninput: () => { resumeAudio(); audio.seek(Number(seek.value)); },
  });
  const root = make("div", { class: "mg-bar mg-strip" }, playButton, letters, seek, time, loop);

  /** @param {number} number @param {string} letter */
  async function requestClip(number, letter) {
    const { rate, gain, buffers } = await channel.ask("clip", { trial: number, letter });
    return { rate, gain, ...(await decodeAudio(buffers[0], rate)) };
  }

  /**
   * Fetches a clip once. Those of the next trial come early, so that it begins at once.
   * @param {number} number
   * @param {string} letter
   */
  function fetchClip(number, letter) {
    const name = `${number}/${letter}`, known = clips.get(name);
    if (known) return known;
    const clip = requestClip(number, letter);
    clip.catch(() => clips.delete(name));
    clips.set(name, clip);
    return clip;
  }

  /** @param {Trial} next */
  async function setTrial(next) {
    const number = next.trial;
    if (number === null) return;
    audio.stop();
    trial = next;
    [active, audio.offset, audio.clip] = ["A", 0, null];
    slots.clear();
    for (const name of clips.keys()) if (!name.startsWith(`${number}/`)) clips.delete(name);
    buttons = new Map(next.letters.map((letter) => [letter, makeButton(letter, `Hear ${letter} (${letter})`, () => play(letter))]));
    letters.replaceChildren(...buttons.values());
    update();
    try {
      const sounds = await Promise.all(next.letters.map((letter) => fetchClip(number, letter)));
      if (trial !== next || signal.aborted) return;
      next.letters.forEach((letter, i) => slots.set(letter, { clip: sounds[i], seconds: 0 }));
      audio.load(slots.get(active)?.clip ?? null);
      root.dataset.ready = String(number);
      next.ahead.forEach((letter) => fetchClip(next.next, letter).catch(() => {}));
    } catch (error) {
      if (trial === next) onError(error);
    }
    onChange();
  }

  /** @param {string} letter */
  function play(letter) {
    resumeAudio();
    const slot = slots.get(letter);
    if (!slot) return;
    active = letter;
    audio.load(slot.clip, audio.position);
    if (!audio.playing) audio.play();
  }

  function togglePlay() {
    resumeAudio();
    if (audio.playing) audio.pause();
    else audio.play();
  }

  /** @param {string} letter */
  function isHeard(letter) {
    const slot = slots.get(letter);
    return slot !== undefined && slot.seconds >= Math.min(HEARD_SECONDS, 0.8 * slot.clip.buffer.duration);
  }

  function update() {
    root.dataset.state = audio.sounding ? "playing" : "paused";
    playButton.replaceChildren(makeIcon(audio.playing ? "pause" : "play"));
    playButton.setAttribute("aria-label", audio.playing ? "Pause" : "Play");
    playButton.disabled = !audio.clip;
    setPressed(loop, audio.loop);
    for (const [letter, button] of buttons) {
      setPressed(button, letter === active);
      button.disabled = !slots.has(letter);
      button.classList.toggle("mg-heard", isHeard(letter));
      button.setAttribute("aria-label", isHeard(letter) ? `${letter}, heard` : letter);
    }
    seek.max = audio.duration.toFixed(2);
    showPosition();
    onChange();
  }

  function showPosition() {
    const { position, duration } = audio;
    seek.value = String(position);
    seek.setAttribute("aria-valuetext", `${position.toFixed(1)} of ${duration.toFixed(1)} seconds`);
    time.textContent = `${formatTime(position)} / ${formatTime(duration)}`;
  }

  function animate() {
    if (animating || !audio.playing) return;
    animating = true;
    let last = performance.now();
    requestAnimationFrame(function tick() {
      if (signal.aborted) {
        audio.stop();
        return;
      }
      const now = performance.now(), slot = slots.get(active), heardBefore = isHeard(active);
      if (audio.sounding && slot && audio.position > 0) slot.seconds += (now - last) / 1000;
      last = now;
      showPosition();
      if (isHeard(active) !== heardBefore || (audio.sounding && root.dataset.state === "paused")) update();
      animating = audio.playing;
      if (animating) requestAnimationFrame(tick);
    });
  }

  /**
   * Tells whether the strip used the key.
   * @param {string} key
   */
  function onKey(key) {
    const letter = key.toUpperCase();
    if (buttons.has(letter)) play(letter);
    else if (key === "l") audio.setLoop(!audio.loop);
    else return false;
    return true;
  }

  signal.addEventListener("abort", () => audio.stop());
  return { root, letters, setTrial, play, togglePlay, isHeard, onKey, stop: () => audio.stop() };
}

// @ts-check
// The player: one clip, or two of which one plays.
import { AudioPlayer, resumeAudio } from "./audio.js";
import { errorText } from "./channel.js";
import { createClipCache } from "./clipcache.js";
import {
  make, makeButton, makeButtonGroup, makeIcon, oncePerFrame, onThemeChange, readTheme, setPressed,
} from "./dom.js";
import { formatTime } from "./format.js";
import { attenuationFor, describeMatch, measureLoudness } from "./levelmatch.js";
import { createStereoImage } from "./stereoimage.js";
import { createWaveView } from "./waveview.js";

/** @typedef {import("./audio.js").ChannelMode} ChannelMode */
/** @typedef {import("./channel.js").Channel} Channel */
/** @typedef {import("./types.js").Clip} Clip */
/** @typedef {import("./types.js").Theme} Theme */
/** @typedef {"A" | "B"} Side */
/** @typedef {ReturnType<typeof createPlayer>} Player */

/** @type {[ChannelMode, string, string][]} */
const MODES = [
  ["stereo", "Stereo", "Both channels (1)"], ["mono", "Mono", "Both channels added, as a mono speaker plays them (2)"],
  ["side", "Side", "The difference of the channels: left minus right (3)"],
  ["left", "Left", "The left channel on both sides (4)"], ["right", "Right", "The right channel on both sides (5)"],
];
/** @type {Side[]} */
const SIDES = ["A", "B"];
/** @type {Record<string, number>} */
const SEEK_STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, Home: -Infinity, End: Infinity };

/**
 * Creates a player.
 * @param {HTMLElement} root
 * @param {Channel} channel
 * @param {AbortSignal} signal
 * @param {{ onKeep?: (key: string) => void, below?: Node | string, fixedPair?: boolean }} [options] `onKeep` gets the clip
 *   that becomes B, `below` stands below the waveform, and with `fixedPair` the widget sets A and B, not the user.
 */
export function createPlayer(root, channel, signal, { onKeep = () => {}, below = "", fixedPair = false } = {}) {
  const fetchClip = createClipCache(channel);
  /** @type {Record<Side, Clip | null>} */
  const slots = { A: null, B: null };
  /** @type {Record<Side, number>} The number of the last request for each side: answers to earlier ones come too late. */
  const requests = { A: 0, B: 0 };
  /** @type {Side} */
  let active = "A";
  /** @type {Theme | null} */
  let theme = null;
  let matching = false, announced = true, fresh = true, animating = false, shownTime = "";

  /** @type {AudioPlayer<Clip>} */
  const audio = new AudioPlayer(() => { update(); animate(); });
  const play = makeButton("Play", "Play or pause (space)", togglePlay, makeIcon("play"));
  play.classList.add("mg-play");
  const loop = makeButton("Loop", "Loop (L)", () => audio.setLoop(!audio.loop), makeIcon("loop"));
  const time = make("span", { class: "mg-time" }, "0:00.0 / 0:00.0");
  const modes = makeButtonGroup("Channels", MODES, (mode) => audio.setMode(mode));
  const sides = makeButtonGroup("Clip", [["A", "A", "Hear A (A)"], ["B", "B", "Hear B (B)"]], switchTo);
  const keep = makeButton("Keep as B", "Keep this clip as B, to compare others with it (P)", keepAsB, makeIcon("pin"), "Keep as B");
  keep.hidden = fixedPair;
  const match = makeButton("Match levels", "Turn down the louder of A and B (V)", () => setMatching(!matching), "Match levels");
  const title = make("div", { class: "mg-title" }, "No clip chosen"), status = make("div", { class: "mg-status", role: "status" });
  const wave = createWaveView(signal, {
    onSeek(share, begins) {
      if (!audio.clip) return;
      if (begins) resumeAudio();
      audio.seek(share * audio.duration);
    },
    onResized: () => redrawAll(),
  });
  const image = createStereoImage();
  const frame = make("div", { class: "mg-player", role: "group", "aria-label": "Clip player" },
    title,
    make("div", { class: "mg-body" },
      make("div", { class: "mg-sound" }, wave.root, below,
        make("div", { class: "mg-bar" }, play, time, loop, modes.root),
        make("div", { class: "mg-bar" }, sides.root, match, keep, status)),
      image.root));
  root.append(frame);

  /** @param {string} text @param {boolean} [wrong] */
  function showStatus(text, wrong = false) {
    status.textContent = text;
    status.classList.toggle("mg-wrong", wrong);
  }

  /** @param {string | null} key @param {Side} slot @param {boolean} playing */
  async function loadSlot(key, slot, playing) {
    const request = ++requests[slot];
    if (key === null || key === "") return slot === "A" ? clearA() : clearB();
    try {
      const clip = await fetchClip(key);
      if (request !== requests[slot]) return;
      slots[slot] = clip;
      showStatus(clip.gain > 1 ? "exceeds full scale: it clips when it is played" : "");
      if (slot === "A") {
        active = "A";
        loadActive(0, playing);
      }
      await applyMatching();
    } catch (error) {
      if (request === requests[slot]) showStatus(errorText(error), true);
    }
    update();
  }

  function clearA() {
    audio.stop();
    audio.clip = slots.A = null;
    title.textContent = "No clip chosen";
    update();
  }

  function clearB() {
    slots.B = null;
    if (active === "B") switchTo("A");
    applyMatching().then(update);
  }

  /** @param {number} position @param {boolean} playing */
  function loadActive(position, playing) {
    const clip = slots[active];
    if (!clip) return;
    audio.load(clip, position, attenuation());
    wave.invalidate();
    fresh = true;
    title.textContent = title.title = clip.title || clip.key;
    frame.dataset.key = clip.key;
    if (playing) start();
    else redraw();
  }

  function start() {
    announced = false;
    if (!audio.playing) audio.play();
  }

  /** @param {Side} side */
  function switchTo(side) {
    if (!slots[side] || side === active) return;
    const { position } = audio;
    active = side;
    loadActive(position, false);
    applyMatching();
  }

  function keepAsB() {
    const clip = slots[active];
    if (!clip) return;
    slots.B = clip;
    onKeep(clip.key);
    channel.ask("choose", { key: clip.key, other: true }).catch((error) => showStatus(errorText(error), true));
    applyMatching().then(update);
  }

  /** @param {boolean} on */
  async function setMatching(on) {
    matching = on;
    await applyMatching();
    update();
  }

  function attenuation() {
    return matching ? attenuationFor(slots[active], slots[active === "A" ? "B" : "A"]) : 0;
  }

  async function applyMatching() {
    const { A: a, B: b } = slots;
    if (!matching || !a || !b) {
      audio.setDecibels(0);
      if (matching) showStatus("nothing to match: keep a clip as B");
      else if (status.textContent?.includes("LUFS")) showStatus("");
      return;
    }
    const isCurrent = () => matching && slots.A === a && slots.B === b;
    try {
      const reasons = await Promise.all([a, b].map((clip) => measureLoudness(channel, clip)));
      if (!isCurrent()) return;
      audio.setDecibels(attenuation());
      const reason = reasons.find((one) => one !== undefined);
      if (a.lufs !== undefined && b.lufs !== undefined) showStatus(describeMatch(a.lufs, b.lufs));
      else showStatus(`not matched: ${reason}`, true);
    } catch (error) {
      if (!isCurrent()) return;
      audio.setDecibels(0);
      showStatus(`not matched: ${errorText(error)}`, true);
    }
  }

  function togglePlay() {
    resumeAudio();
    if (audio.playing) audio.pause();
    else start();
  }

  function update() {
    frame.dataset.state = audio.sounding ? "playing" : "paused";
    play.replaceChildren(makeIcon(audio.playing ? "pause" : "play"));
    play.setAttribute("aria-label", audio.playing ? "Pause" : "Play");
    play.disabled = !audio.clip;
    setPressed(loop, audio.loop);
    setPressed(match, matching);
    modes.show(audio.mode);
    sides.show(active);
    for (const side of SIDES) sides.buttons.get(side)?.toggleAttribute("disabled", !slots[side]);
    keep.disabled = !slots[active];
    modes.root.hidden = audio.clip?.channels.length === 1;
    wave.setDuration(audio.duration);
    redraw();
  }

  function animate() {
    if (animating || !audio.playing) return;
    animating = true;
    requestAnimationFrame(function tick() {
      if (signal.aborted) {
        audio.stop();
        return;
      }
      draw();
      if (audio.sounding && !announced && audio.position > 0) {
        announced = true;
        frame.dataset.state = "playing";
        frame.dispatchEvent(new CustomEvent("mgeval:playing", { bubbles: true, detail: audio.clip?.key }));
      }
      animating = audio.playing;
      if (animating) requestAnimationFrame(tick);
    });
  }

  const redraw = oncePerFrame(draw);
  function draw() {
    if (signal.aborted || !frame.isConnected) return;
    theme ??= readTheme(frame);
    const { position, clip, duration } = audio;
    showPosition(position, duration);
    if (!wave.draw(clip, position / Math.max(duration, 1e-9), theme) || !clip) return;
    image.draw(clip, position, theme, fresh || !audio.playing);
    fresh = false;
  }

  // While a clip plays, the text changes ten times a second and no more: each change lays out the page.
  /** @param {number} position @param {number} duration */
  function showPosition(position, duration) {
    const text = `${formatTime(position)} / ${formatTime(duration)}`;
    if (audio.playing && text === shownTime) return;
    shownTime = time.textContent = text;
    frame.dataset.time = position.toFixed(3);
    wave.setPosition(position, duration);
    image.showCorrelation(audio.clip, position);
  }

  /**
   * Tells whether the player used the key.
   * @param {KeyboardEvent} event
   * @param {boolean} [seeking] False where the arrows have another use.
   */
  function onKey(event, seeking = true) {
    const { key, shiftKey, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof Element)) return false;
    if (target.matches("input, select, textarea")) return false;
    const name = key.length === 1 ? key.toLowerCase() : key;
    if (name === " ") {
      if (target.matches("button")) return false;
      togglePlay();
    } else if (name === "l") audio.setLoop(!audio.loop);
    else if (name === "a") switchTo("A");
    else if (name === "b") switchTo("B");
    else if (name === "p" && !fixedPair) keepAsB();
    else if (name === "v") setMatching(!matching);
    else if (/^[1-5]$/.test(name)) audio.setMode(MODES[Number(name) - 1][0]);
    else if (seeking && name in SEEK_STEPS) audio.seek(audio.position + SEEK_STEPS[name] * (shiftKey ? 0.1 : 1));
    else return false;
    event.preventDefault();
    return true;
  }

  function redrawAll() {
    theme = null;
    fresh = true;
    wave.invalidate();
    redraw();
  }
  onThemeChange(redrawAll, signal);
  signal.addEventListener("abort", () => audio.stop());
  update();
  return {
    audio,
    onKey,
    showStatus,
    /** @param {string | null} key @param {{ play?: boolean }} [options] */
    load: (key, { play: playing = false } = {}) => loadSlot(key, "A", playing),
    /** @param {string | null} key */
    loadOther: (key) => loadSlot(key, "B", false),
    /** Fetches a clip that may be chosen soon; an error shows when it is. @param {string} key */
    preload(key) { fetchClip(key).catch(() => {}); },
  };
}

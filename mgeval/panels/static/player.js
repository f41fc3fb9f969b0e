// The player: one clip, or two of which one is heard.
import { el, icon, toggle, pressed, segmented, fitted, theme, onTheme, onResize, inFrame, clock, signed } from "./dom.js";
import { Deck, decode, wake } from "./audio.js";
import { peaks, drawWaves, magnified } from "./signal.js";
import { stereoImage } from "./image.js";

const KEPT = 12;
const SOLOS = [
  ["stereo", "Stereo", "Both channels (1)"], ["mono", "Mono", "Both channels added, as a mono speaker plays them (2)"],
  ["side", "Side", "What the channels do not share: left less right (3)"],
  ["left", "Left", "The left channel on both sides (4)"], ["right", "Right", "The right channel on both sides (5)"],
];

export function player(root, wire, signal, { kept = () => {}, below = "", fixed = false } = {}) {
  const clips = new Map(), slots = { A: null, B: null };
  let active = "A", matching = false, drawn = null, announced = true, fresh = true;
  const tickets = { A: 0, B: 0 };

  const deck = new Deck(() => { update(); run(); });
  const play = toggle("Play", "Play or pause (space)", playPause, icon("play"));
  play.classList.add("mg-play");
  const loop = toggle("Loop", "Loop (L)", () => deck.setLoop(!deck.loop), icon("loop"));
  const time = el("span", { class: "mg-time" }, "0:00.0 / 0:00.0");
  const solo = segmented("What is heard", SOLOS, (name) => deck.setSolo(name));
  const sides = segmented("Which clip is heard", [["A", "A", "Hear A (A)"], ["B", "B", "Hear B (B)"]], hear);
  const pin = toggle("Keep as B", "Keep this clip as B, to compare others with it (P)", keep, icon("pin"), "Keep as B");
  // Where both clips are given, none is to be kept.
  pin.hidden = fixed;
  const match = toggle("Match levels", "Turn the louder of A and B down (V)", () => setMatching(!matching), "Match levels");
  const title = el("div", { class: "mg-title" }, "No clip chosen");
  const status = el("div", { class: "mg-status", role: "status" });
  // What moves while a clip plays lies above the waveform: nothing of it is drawn anew.
  const wave = el("canvas", { class: "mg-wave" }), veil = el("div", { class: "mg-veil" }), head = el("div", { class: "mg-head" });
  const lanes = el("div", { class: "mg-lanes" });
  const seeker = el("div", {
    class: "mg-seek", role: "slider", tabindex: 0, "aria-label": "Position in the clip",
    "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0,
  }, wave, veil, lanes, head);
  const image = stereoImage();
  const frame = el("div", { class: "mg-player", role: "group", "aria-label": "Clip player" },
    title,
    el("div", { class: "mg-body" },
      el("div", { class: "mg-sound" }, seeker, below,
        el("div", { class: "mg-bar" }, play, time, loop, solo.group),
        el("div", { class: "mg-bar" }, sides.group, match, pin, status)),
      image.root));
  root.append(frame);

  function say(text, wrong = false) {
    status.textContent = text;
    status.classList.toggle("mg-wrong", wrong);
  }

  function fetched(key) {
    if (!clips.has(key)) {
      const coming = wire.ask("clip", { key }).then(async ({ rate, gain, title, buffers }) => {
        const sound = await decode(buffers[0], rate);
        return { key, rate, gain, title, ...sound, zoom: magnified(sound.channels, gain) };
      });
      coming.catch(() => clips.delete(key));
      clips.set(key, coming);
      if (clips.size > KEPT) clips.delete(clips.keys().next().value);
    }
    return clips.get(key);
  }

  async function load(key, { play: playing = false, slot = "A" } = {}) {
    const mine = ++tickets[slot];
    if (key === null || key === "") return slot === "A" ? clear() : drop();
    try {
      const clip = await fetched(key);
      if (mine !== tickets[slot]) return;
      slots[slot] = clip;
      say(clip.gain > 1 ? "passes full scale: it clips where it is played" : "");
      if (slot === "A") { active = "A"; heard(0, playing); }
      await matched();
    } catch (error) {
      if (mine === tickets[slot]) say(error.message || String(error), true);
    }
    update();
  }

  function clear() {
    deck.halt();
    deck.clip = slots.A = null;
    title.textContent = "No clip chosen";
    update();
  }

  function drop() {
    slots.B = null;
    if (active === "B") hear("A");
    matched().then(update);
  }

  function heard(position, playing) {
    const clip = slots[active];
    deck.load(clip, position, attenuation());
    drawn = null;
    fresh = true;
    title.textContent = clip.title || clip.key;
    title.title = title.textContent;
    frame.dataset.key = clip.key;
    if (playing) start();
    else redraw();
  }

  function start() {
    announced = false;
    if (!deck.playing) deck.play();
  }

  function hear(side) {
    if (!slots[side] || side === active) return;
    const position = deck.position;
    active = side;
    heard(position, false);
    matched();
  }

  function keep() {
    if (!slots[active]) return;
    slots.B = slots[active];
    kept(slots.B.key);
    wire.ask("choose", { key: slots.B.key, other: true }).catch((error) => say(error.message, true));
    matched().then(update);
  }

  async function setMatching(on) {
    matching = on;
    await matched();
    update();
  }

  // The louder one is turned down, never the other up: nothing clips that did not before.
  function attenuation() {
    const [own, other] = active === "A" ? [slots.A, slots.B] : [slots.B, slots.A];
    const known = matching && own?.lufs !== undefined && other?.lufs !== undefined;
    return known ? -Math.max(own.lufs - other.lufs, 0) : 0;
  }

  // Why a clip has no loudness, if it has none; what failed is asked for again the next time.
  async function measured(clip) {
    clip.level ??= wire.ask("loudness", { key: clip.key });
    try {
      const { lufs, reason } = await clip.level;
      clip.lufs = lufs;
      return reason;
    } catch (error) {
      clip.level = undefined;
      throw error;
    }
  }

  async function matched() {
    if (!matching || !slots.A || !slots.B) {
      deck.setDecibels(0);
      return say(matching ? "nothing to match: keep a clip as B" : status.textContent.includes("dB") ? "" : status.textContent);
    }
    const [a, b] = [slots.A, slots.B];
    try {
      const reasons = await Promise.all([a, b].map(measured));
      if (!matching || slots.A !== a || slots.B !== b) return;
      deck.setDecibels(attenuation());
      const unknown = reasons.find((reason) => reason !== undefined);
      if (unknown !== undefined) return say(`not matched: ${unknown}`, true);
    } catch (error) {
      if (!matching || slots.A !== a || slots.B !== b) return;
      deck.setDecibels(0);
      return say(`not matched: ${error.message}`, true);
    }
    const louder = a.lufs - b.lufs;
    say(`${louder > 0 ? "A" : "B"} is ${signed(-Math.abs(louder), 1)} dB, so that both have ${Math.min(a.lufs, b.lufs).toFixed(1)} LUFS`);
  }

  function playPause() {
    wake();
    if (deck.playing) deck.pause();
    else start();
  }

  function update() {
    frame.dataset.state = deck.running ? "playing" : "paused";
    play.replaceChildren(icon(deck.playing ? "pause" : "play"));
    play.setAttribute("aria-label", deck.playing ? "Pause" : "Play");
    play.disabled = !deck.clip;
    pressed(loop, deck.loop);
    pressed(match, matching);
    solo.show(deck.solo);
    sides.show(active);
    for (const side of ["A", "B"]) sides.buttons.get(side).disabled = !slots[side];
    pin.disabled = !slots[active];
    solo.group.hidden = Boolean(deck.clip) && deck.clip.channels.length === 1;
    seeker.setAttribute("aria-valuemax", deck.duration.toFixed(2));
    redraw();
  }

  let running = false;
  function run() {
    if (running || !deck.playing) return;
    running = true;
    requestAnimationFrame(function tick() {
      if (signal.aborted) return deck.halt();
      draw();
      if (deck.running && !announced && deck.position > 0) {
        announced = true;
        frame.dataset.state = "playing";
        frame.dispatchEvent(new CustomEvent("mgeval:playing", { bubbles: true, detail: deck.clip.key }));
      }
      running = deck.playing;
      if (running) requestAnimationFrame(tick);
    });
  }

  let colours = null;
  const redraw = inFrame(draw);
  function draw() {
    if (signal.aborted || !frame.isConnected) return;
    colours ??= theme(frame);
    const at = deck.position, { pen, width, height } = fitted(wave), clip = deck.clip;
    tell(at);
    if (width === 0) return;
    const part = at / Math.max(deck.duration, 1e-9);
    veil.style.transform = `scaleX(${1 - part})`;
    head.style.transform = `translateX(${Math.min(Math.max(part * width - 0.5, 0), width - 1.5)}px)`;
    head.hidden = !clip;
    if (!clip) {
      lanes.replaceChildren();
      return pen.clearRect(0, 0, width, height);
    }
    if (drawn !== wave.width) {
      drawn = wave.width;
      drawWaves(pen, width, height, peaks(clip.channels, Math.floor(width)), clip.gain, colours);
      lanes.replaceChildren(...(clip.channels.length === 2 ? ["L", "R"] : ["M"]).map((name) => el("div", {}, name)));
    }
    image.draw(clip, at, colours, fresh || !deck.playing);
    fresh = false;
  }

  // What there is to read changes ten times a second while it plays: each time the page is laid out.
  let told = "";
  function tell(at) {
    const text = `${clock(at)} / ${clock(deck.duration)}`;
    if (deck.playing && text === told) return;
    told = text;
    time.textContent = text;
    frame.dataset.time = at.toFixed(3);
    seeker.setAttribute("aria-valuenow", at.toFixed(2));
    seeker.setAttribute("aria-valuetext", `${at.toFixed(1)} of ${deck.duration.toFixed(1)} seconds`);
    image.tell(deck.clip, at);
  }

  function seekTo(event) {
    const box = seeker.getBoundingClientRect();
    deck.seek(((event.clientX - box.left) / box.width) * deck.duration);
  }
  seeker.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !deck.clip) return;
    wake();
    seeker.setPointerCapture(event.pointerId);
    seekTo(event);
  });
  seeker.addEventListener("pointermove", (event) => { if (seeker.hasPointerCapture(event.pointerId)) seekTo(event); });

  const seeks = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, Home: -Infinity, End: Infinity };
  // Says whether the key meant something; `seeking` is off where the arrows have another use.
  function keydown(event, seeking = true) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return false;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (name === " ") {
      if (event.target.matches("button")) return false;
      playPause();
    } else if (name === "l") deck.setLoop(!deck.loop);
    else if (name === "a" || name === "b") hear(name.toUpperCase());
    else if (name === "p" && !fixed) keep();
    else if (name === "v") setMatching(!matching);
    else if (/^[1-5]$/.test(name)) deck.setSolo(SOLOS[Number(name) - 1][0]);
    else if (seeking && name in seeks) deck.seek(deck.position + seeks[name] * (event.shiftKey ? 0.1 : 1));
    else return false;
    event.preventDefault();
    return true;
  }

  const restyled = () => { colours = drawn = null; fresh = true; redraw(); };
  onTheme(restyled, signal);
  onResize(seeker, restyled, signal);
  signal.addEventListener("abort", () => deck.halt());
  update();
  // A clip that may soon be asked for; whether it can be had is said when it is.
  const expect = (key) => { fetched(key).catch(() => {}); };
  return { load, expect, keydown, say, deck, setOther: (key) => load(key, { slot: "B" }) };
}

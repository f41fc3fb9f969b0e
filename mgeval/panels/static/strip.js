// Clips under letters, of which one is heard at a time, from where the other was. Only the time is shown of them.
import { el, icon, toggle, pressed, clock } from "./dom.js";
import { Deck, decode, wake } from "./audio.js";

// Seconds that are to be heard of a clip before it counts; of a shorter one nearly all.
const ENOUGH = 1;

export function strip(wire, signal, { changed, failed }) {
  const clips = new Map(), slots = new Map();
  let trial = null, active = "A", buttons = new Map(), running = false;
  const deck = new Deck(() => { update(); run(); });
  // Two short clips are compared by going back and forth: an end would be in the way.
  deck.loop = true;
  const play = toggle("Play", "Play or pause (space)", () => toggled(), icon("play"));
  play.classList.add("mg-play");
  const letters = el("div", { class: "mg-bar", role: "group", "aria-label": "Which clip is heard" });
  const time = el("span", { class: "mg-time" });
  const loop = toggle("Loop", "Loop (L)", () => deck.setLoop(!deck.loop), icon("loop"));
  const seek = el("input", {
    type: "range", class: "mg-range", min: 0, max: 0, step: 0.01, value: 0, "aria-label": "Position in the clip",
    oninput: () => { wake(); deck.seek(Number(seek.value)); },
  });
  const root = el("div", { class: "mg-bar mg-strip" }, play, letters, seek, time, loop);

  // Of the trial that is heard and of the next one, so that this begins at once.
  function fetched(number, letter) {
    const name = `${number}/${letter}`;
    if (!clips.has(name)) {
      const coming = wire.ask("clip", { trial: number, letter }).then(async ({ rate, gain, buffers }) =>
        ({ rate, gain, ...(await decode(buffers[0], rate)) }));
      coming.catch(() => clips.delete(name));
      clips.set(name, coming);
    }
    return clips.get(name);
  }

  async function set(found) {
    deck.halt();
    trial = found;
    [active, deck.offset, deck.clip] = ["A", 0, null];
    slots.clear();
    for (const name of clips.keys()) if (!name.startsWith(`${found.trial}/`)) clips.delete(name);
    buttons = new Map(found.letters.map((letter) => [letter, lettered(letter)]));
    letters.replaceChildren(...buttons.values());
    update();
    try {
      const sounds = await Promise.all(found.letters.map((letter) => fetched(found.trial, letter)));
      if (trial !== found || signal.aborted) return;
      found.letters.forEach((letter, i) => slots.set(letter, { clip: sounds[i], seconds: 0 }));
      deck.load(slots.get(active).clip);
      root.dataset.ready = String(found.trial);
      found.ahead.forEach((letter) => fetched(found.next, letter).catch(() => {}));
    } catch (error) {
      if (trial === found) failed(error);
    }
    changed();
  }

  function lettered(letter) {
    return toggle(letter, `Hear ${letter} (${letter})`, () => hear(letter));
  }

  function hear(letter) {
    wake();
    if (!slots.has(letter)) return;
    const position = deck.position;
    active = letter;
    deck.load(slots.get(letter).clip, position);
    if (!deck.playing) deck.play();
  }

  function toggled() {
    wake();
    if (deck.playing) deck.pause();
    else deck.play();
  }

  const heard = (letter) => {
    const slot = slots.get(letter);
    return Boolean(slot) && slot.seconds >= Math.min(ENOUGH, 0.8 * slot.clip.buffer.duration);
  };

  function update() {
    root.dataset.state = deck.running ? "playing" : "paused";
    play.replaceChildren(icon(deck.playing ? "pause" : "play"));
    play.setAttribute("aria-label", deck.playing ? "Pause" : "Play");
    play.disabled = !deck.clip;
    pressed(loop, deck.loop);
    for (const [letter, button] of buttons) {
      pressed(button, letter === active);
      button.disabled = !slots.has(letter);
      button.classList.toggle("mg-heard", heard(letter));
      button.setAttribute("aria-label", heard(letter) ? `${letter}, heard` : letter);
    }
    seek.max = deck.duration.toFixed(2);
    moved();
    changed();
  }

  function moved() {
    const at = deck.position;
    seek.value = at;
    seek.setAttribute("aria-valuetext", `${at.toFixed(1)} of ${deck.duration.toFixed(1)} seconds`);
    time.textContent = `${clock(at)} / ${clock(deck.duration)}`;
  }

  function run() {
    if (running || !deck.playing) return;
    running = true;
    let last = performance.now();
    requestAnimationFrame(function tick() {
      if (signal.aborted) return deck.halt();
      const now = performance.now(), slot = slots.get(active), before = heard(active);
      if (deck.running && slot && deck.position > 0) slot.seconds += (now - last) / 1000;
      last = now;
      moved();
      if (heard(active) !== before || (deck.running && root.dataset.state === "paused")) update();
      running = deck.playing;
      if (running) requestAnimationFrame(tick);
    });
  }

  function keydown(name) {
    const letter = name.toUpperCase();
    if (buttons.has(letter)) hear(letter);
    else if (name === "l") deck.setLoop(!deck.loop);
    else return false;
    return true;
  }

  signal.addEventListener("abort", () => deck.halt());
  return { root, letters, set, hear, toggle: toggled, heard, keydown, stop: () => deck.halt() };
}

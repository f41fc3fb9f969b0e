// Built from mgeval/panels/js by make js; do not edit. Sources: sha256 5c4db29b5cd8c64e097c9951bb74a956b0dcbb6db50e1128f2fa6789785ab2e3

// dom.js
function make(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = String(value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== void 0) node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}
function prepareRoot(root) {
  root.classList.add("mg-root");
  root.dataset.lmSuppressShortcuts = "true";
}
var ICON_PATHS = {
  play: "M5 3.5v13l11-6.5z",
  pause: "M5 4h3.5v12H5zM11.5 4H15v12h-3.5z",
  loop: "M5 7h8V4.5L17 8l-4 3.5V9H7v3H5zM15 13H7v2.5L3 12l4-3.5V11h6V8h2z",
  pin: "M7 3h6v1.5l-1 .8V9l2.5 2v1.5h-3.7L10 17l-.8-4.5H5.5V11L8 9V5.3l-1-.8z"
};
function makeIcon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 20 20", width: "16", height: "16", "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICON_PATHS[name]);
  path.setAttribute("fill", "currentColor");
  svg.append(path);
  return svg;
}
function makeButton(label, title, onPress, ...content) {
  return make(
    "button",
    { type: "button", class: "mg-button", title, "aria-label": label, onclick: () => {
      onPress();
    } },
    ...content.length ? content : [label]
  );
}
function setPressed(button, down) {
  button.setAttribute("aria-pressed", String(down));
}
function makeButtonGroup(label, options, onChoose) {
  const buttons = /* @__PURE__ */ new Map();
  const root = make("div", { class: "mg-segments", role: "group", "aria-label": label });
  for (const [value, text, title] of options) {
    const button = makeButton(text, title ?? text, () => onChoose(value));
    buttons.set(value, button);
    root.append(button);
  }
  const show = (value) => buttons.forEach((button, name) => setPressed(button, name === value));
  return { root, show, buttons };
}
var sizes = /* @__PURE__ */ new WeakMap();
var sizeObserver = new ResizeObserver((entries) => {
  for (const { target } of entries) sizes.set(target, [target.clientWidth, target.clientHeight]);
});
function oncePerFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

// format.js
function formatNumber(value) {
  if (value === null || value === void 0 || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e6 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return text.replace("-", "−");
}
function formatTime(seconds) {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths % 600 / 10)).padStart(2, "0")}.${tenths % 10}`;
}
function listLetters(letters) {
  return letters.join(", ").replace(/, (\w)$/, " and $1");
}

// answerforms.js
var CHOICES = { 1: "a", 0: "same", 2: "b" };
var WORDS = ["Bad", "Poor", "Fair", "Good", "Excellent"];
function createPairForm(letters, strip, onChange) {
  let chosen = null;
  const buttons = makeButtonGroup("Which do you prefer?", [
    ["a", "A is better", "A is better (1)"],
    ["same", "No difference", "I hear no difference, or like both equally (0)"],
    ["b", "B is better", "B is better (2)"]
  ], choose);
  buttons.show(null);
  function choose(value) {
    chosen = value;
    buttons.show(value);
    onChange();
  }
  return {
    root: make("div", { class: "mg-bar" }, make("span", {}, "Which do you prefer?"), buttons.root),
    help: "Space plays, A and B switch, L turns looping on and off. 1: A is better, 0: no difference, 2: B is better, Enter: next.",
    missing: () => chosen ? "" : "Choose an answer.",
    answer: () => chosen,
    onKey(key) {
      if (!(key in CHOICES)) return false;
      choose(CHOICES[key]);
      return true;
    }
  };
}
function createRatingForm(letters, strip, onChange) {
  const ratings = /* @__PURE__ */ new Map();
  function makeRow(letter) {
    const value = make("output", { class: "mg-number" }, "–");
    const slider = make("input", {
      type: "range",
      min: 0,
      max: 100,
      step: 1,
      value: 50,
      class: "mg-range mg-unset",
      "aria-label": `How good is ${letter}?`,
      "aria-valuetext": "not rated",
      oninput: rate,
      onclick: rate
    });
    function rate() {
      ratings.set(letter, Number(slider.value));
      slider.classList.remove("mg-unset");
      value.textContent = slider.value;
      slider.setAttribute("aria-valuetext", `${slider.value}, ${ratingWord(Number(slider.value))}`);
      onChange();
    }
    const play = makeButton(`Hear ${letter}`, `Hear ${letter} (${letter})`, () => strip.play(letter), letter);
    return make("div", { class: "mg-rating" }, play, slider, value);
  }
  const scale = make(
    "div",
    { class: "mg-rating", "aria-hidden": "true" },
    make("span"),
    make("div", { class: "mg-words" }, ...WORDS.map((word) => make("span", {}, word))),
    make("span")
  );
  return {
    root: make(
      "div",
      { class: "mg-ratings", role: "group", "aria-label": "How good is each clip?" },
      make("p", {}, "How good is each clip, as music for this prompt?"),
      scale,
      ...letters.map(makeRow)
    ),
    help: `Space plays, ${letters[0]} to ${letters[letters.length - 1]} switch, L turns looping on and off. Tab goes to a slider, arrows move it, Enter: next.`,
    missing() {
      const left = letters.filter((letter) => !ratings.has(letter));
      return left.length ? `Rate ${listLetters(left)}.` : "";
    },
    answer: () => letters.map((letter) => ratings.get(letter)),
    onKey: () => false
  };
}
function ratingWord(rating) {
  return WORDS[Math.min(Math.floor(rating / 20), 4)].toLowerCase();
}

// channel.js
var FIRST_RETRY_MS = 250;
var LONGEST_RETRY_MS = 4e3;
function errorText(error) {
  return error instanceof Error && error.message ? error.message : String(error);
}
function createChannel(model, signal) {
  const waiters = /* @__PURE__ */ new Map();
  const listeners = /* @__PURE__ */ new Map();
  const name = Math.random().toString(36).slice(2);
  let count = 0;
  model.on("msg:custom", (message, buffers) => {
    if (message.tell) {
      listeners.get(message.tell)?.({ ...message, buffers });
      return;
    }
    const waiter = waiters.get(message.number);
    if (!waiter) return;
    waiters.delete(message.number);
    if (message.error) waiter.reject(new Error(message.error));
    else waiter.resolve({ ...message, buffers });
  });
  function ask(kind, message = {}) {
    const number = `${name}-${++count}`;
    return new Promise((resolve, reject) => {
      waiters.set(number, { resolve, reject });
      model.send({ ask: kind, number, ...message }, void 0, []);
    });
  }
  function hello(kind) {
    return new Promise((resolve, reject) => {
      let done = false;
      const send = (pause) => {
        if (done || signal.aborted || pause > LONGEST_RETRY_MS) return;
        ask(kind).then(resolve, reject).finally(() => {
          done = true;
        });
        setTimeout(send, pause, 2 * pause);
      };
      send(FIRST_RETRY_MS);
    });
  }
  function listen(kind, listener) {
    listeners.set(kind, listener);
  }
  return { ask, hello, listen };
}

// audio.js
var shared = (
  /** @type {Record<symbol, Shared>} */
  /** @type {unknown} */
  globalThis[/* @__PURE__ */ Symbol.for("mgeval.audio")] ??= { contexts: /* @__PURE__ */ new Map(), active: null }
);
var FADE_SECONDS = 6e-3;
var MATRICES = {
  // left to left, left to right, right to left, right to right
  stereo: [1, 0, 0, 1],
  mono: [0.5, 0.5, 0.5, 0.5],
  side: [0.5, 0.5, -0.5, -0.5],
  left: [1, 1, 0, 0],
  right: [0, 0, 1, 1]
};
function contextFor(rate) {
  let context = shared.contexts.get(rate);
  if (!context) {
    try {
      context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
    } catch {
      context = new AudioContext({ latencyHint: "interactive" });
    }
    shared.contexts.set(rate, context);
  }
  return context;
}
function resumeAudio() {
  for (const context of shared.contexts.values()) if (context.state !== "running") context.resume();
}
var decoders = /* @__PURE__ */ new Map();
async function decodeAudio(data, rate) {
  const bytes = (
    /** @type {ArrayBuffer} */
    data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)
  );
  let decoder = decoders.get(rate);
  if (!decoder) decoders.set(rate, decoder = new OfflineAudioContext(2, 1, rate));
  const buffer = await decoder.decodeAudioData(bytes);
  return { buffer, channels: Array.from({ length: buffer.numberOfChannels }, (_, i) => buffer.getChannelData(i)) };
}
var AudioPlayer = class {
  /** @param {() => void} onChange Called after anything about it changed but the position. */
  constructor(onChange) {
    this.onChange = onChange;
    this.clip = null;
    this.voice = null;
    this.offset = 0;
    this.startTime = 0;
    this.loop = false;
    this.mode = "stereo";
    this.decibels = 0;
  }
  get playing() {
    return this.voice !== null;
  }
  /** Whether the device really plays: a browser may hold sound back until a gesture. */
  get sounding() {
    return this.voice !== null && this.voice.context.state === "running";
  }
  get duration() {
    return this.clip ? this.clip.buffer.duration : 0;
  }
  get gain() {
    return (this.clip?.gain ?? 1) * 10 ** (this.decibels / 20);
  }
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
    source.onended = () => {
      if (this.voice?.source === source) this.finish();
    };
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
      level.gain.setTargetAtTime(this.gain, Math.max(fadedIn, context.currentTime), FADE_SECONDS / 2);
    }
    this.onChange();
  }
};

// clipstrip.js
var HEARD_SECONDS = 1;
function createClipStrip(channel, signal, { onChange, onError }) {
  const clips = /* @__PURE__ */ new Map();
  const slots = /* @__PURE__ */ new Map();
  let buttons = /* @__PURE__ */ new Map();
  let trial = null;
  let active = "A", animating = false;
  const audio = new AudioPlayer(() => {
    update();
    animate();
  });
  audio.loop = true;
  const playButton = makeButton("Play", "Play or pause (space)", () => togglePlay(), makeIcon("play"));
  playButton.classList.add("mg-play");
  const letters = make("div", { class: "mg-bar", role: "group", "aria-label": "Clips" });
  const time = make("span", { class: "mg-time" });
  const loop = makeButton("Loop", "Loop (L)", () => audio.setLoop(!audio.loop), makeIcon("loop"));
  const seek = make("input", {
    type: "range",
    class: "mg-range",
    min: 0,
    max: 0,
    step: 0.01,
    value: 0,
    "aria-label": "Position in the clip",
    oninput: () => {
      resumeAudio();
      audio.seek(Number(seek.value));
    }
  });
  const root = make("div", { class: "mg-bar mg-strip" }, playButton, letters, seek, time, loop);
  async function requestClip(number, letter) {
    const { rate, gain, buffers } = await channel.ask("clip", { trial: number, letter });
    return { rate, gain, ...await decodeAudio(buffers[0], rate) };
  }
  function fetchClip(number, letter) {
    const name = `${number}/${letter}`, known = clips.get(name);
    if (known) return known;
    const clip = requestClip(number, letter);
    clip.catch(() => clips.delete(name));
    clips.set(name, clip);
    return clip;
  }
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
      next.ahead.forEach((letter) => fetchClip(next.next, letter).catch(() => {
      }));
    } catch (error) {
      if (trial === next) onError(error);
    }
    onChange();
  }
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
  function isHeard(letter) {
    const slot = slots.get(letter);
    return slot !== void 0 && slot.seconds >= Math.min(HEARD_SECONDS, 0.8 * slot.clip.buffer.duration);
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
      if (audio.sounding && slot && audio.position > 0) slot.seconds += (now - last) / 1e3;
      last = now;
      showPosition();
      if (isHeard(active) !== heardBefore || audio.sounding && root.dataset.state === "paused") update();
      animating = audio.playing;
      if (animating) requestAnimationFrame(tick);
    });
  }
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

// results.js
function makeResults({ columns, rows, range, notes }) {
  const noteNodes = notes.map((note) => make("p", { class: "mg-note" }, note));
  if (!rows.length) return make("div", { class: "mg-results" }, ...noteNodes);
  const scale = range ?? symmetricRange(rows);
  const body = make("tbody", {}, ...rows.map((row) => make(
    "tr",
    {},
    make("th", { scope: "row" }, row.level),
    make("td", {}, row.text),
    make("td", { class: "mg-interval" }, ...makeInterval(row, scale, range === null))
  )));
  const head = make("thead", {}, make(
    "tr",
    {},
    make("th", { scope: "col" }, "Level"),
    ...columns.map((name) => make("th", { scope: "col" }, name))
  ));
  return make("div", { class: "mg-results" }, make("table", { class: "mg-table" }, head, body), ...noteNodes);
}
function symmetricRange(rows) {
  const most = Math.max(0.5, ...rows.flatMap(({ mean, lo, hi }) => [mean, lo, hi].map((value) => Math.abs(value ?? 0))));
  return [-most * 1.05, most * 1.05];
}
function makeInterval({ mean, lo, hi }, [low, high], zero) {
  if (mean === null) return ["–"];
  const place = (value) => `${100 * (value - low) / (high - low)}%`;
  const round = (value) => formatNumber(Number(value.toFixed(2)));
  const track = make("div", { class: "mg-track", "aria-hidden": "true" });
  if (zero) track.append(makeAt("mg-middle", place(0)));
  if (lo !== null && hi !== null) {
    const whisker = makeAt("mg-whisker", place(Math.max(lo, low)));
    whisker.style.right = `${100 * (high - Math.min(hi, high)) / (high - low)}%`;
    track.append(whisker);
  }
  track.append(makeAt("mg-dot", place(mean)));
  const numbers = lo === null || hi === null ? `${round(mean)} (no interval)` : `${round(mean)} (${round(lo)} to ${round(hi)})`;
  return [track, make("span", { class: "mg-note" }, numbers)];
}
function makeAt(className, left) {
  const node = make("div", { class: className });
  node.style.left = left;
  return node;
}

// blind.js
function render({ model, el, signal }) {
  prepareRoot(el);
  const channel = createChannel(model, signal);
  const count = make("span", { class: "mg-blindcount" }), levels = make("span", { class: "mg-note" });
  const bar = make("progress", { class: "mg-progress", max: 1, value: 0, "aria-label": "Trials answered" });
  const prompt = make("p", { class: "mg-prompt mg-blindprompt" }), question = make("div", { class: "mg-asked" });
  const status = make("span", { class: "mg-status", role: "status" });
  const skipButton = makeButton("Skip", "Go to the next trial without an answer", () => submit("skip"));
  skipButton.hidden = true;
  const nextButton = makeButton("Next", "Save the answer and continue (Enter)", () => submit("answer"));
  nextButton.classList.add("mg-next");
  const strip = createClipStrip(channel, signal, { onChange: oncePerFrame(update), onError: showError });
  const help = make("p", { class: "mg-note" });
  const card = make(
    "div",
    { class: "mg-player mg-blind", role: "group", tabindex: -1, "aria-label": "Blind listening" },
    make("div", { class: "mg-bar" }, count, bar, make("span", { class: "mg-gap" }), levels),
    prompt,
    strip.root,
    question,
    make("div", { class: "mg-bar" }, nextButton, skipButton, status),
    help
  );
  el.append(card);
  let trial = null;
  let form = null;
  let startedAt = 0, sending = false, problem = "";
  function showStatus(text, wrong = false) {
    if (status.textContent !== text) status.textContent = text;
    status.classList.toggle("mg-wrong", wrong);
  }
  function showError(error) {
    problem = errorText(error);
    skipButton.hidden = !isOpen(trial);
    update();
  }
  function isOpen(current) {
    return current !== null && current.trial !== null;
  }
  function update() {
    if (!isOpen(trial) || !form) {
      if (problem) showStatus(problem, true);
      return;
    }
    const unheard = trial.letters.filter((letter) => !strip.isHeard(letter)), missing = form.missing();
    nextButton.setAttribute("aria-disabled", String(Boolean(unheard.length || missing || sending)));
    if (problem) showStatus(problem, true);
    else if (unheard.length) showStatus(`Listen to ${listLetters(unheard)}.`);
    else showStatus(missing || "Press Next to continue.");
  }
  function showTrial(next) {
    if (isOpen(trial) && trial.trial === next.trial) {
      update();
      return;
    }
    const hadFocus = el.contains(document.activeElement);
    trial = next;
    problem = "";
    skipButton.hidden = true;
    el.dataset.trial = String(next.trial);
    bar.value = next.answered / next.of;
    if (next.trial === null) {
      finish(next);
      return;
    }
    count.textContent = `Trial ${next.trial + 1} of ${next.of}`;
    levels.textContent = next.matched ? "Played at equal loudness" : "Played at their own levels";
    prompt.textContent = next.prompt || "(no prompt)";
    form = (next.kind === "pairs" ? createPairForm : createRatingForm)(next.letters, strip, update);
    question.replaceChildren(form.root);
    help.textContent = form.help;
    strip.setTrial(next);
    startedAt = performance.now();
    if (hadFocus) card.focus({ preventScroll: true });
    update();
  }
  function finish({ answered, of, skipped }) {
    strip.stop();
    count.textContent = skipped ? `${answered} of ${of} trials answered, ${skipped} skipped` : `All ${of} trials are answered`;
    levels.textContent = "";
    for (const part of [strip.root, nextButton, help]) part.hidden = true;
    prompt.textContent = skipped ? "Run the cell again to hear the skipped trials." : "Thank you for listening.";
    showStatus("Computing the results …");
    channel.ask("results").then((results) => {
      question.replaceChildren(makeResults(results));
      showStatus("");
    }).catch(showError);
  }
  async function submit(kind) {
    if (sending || !isOpen(trial) || !form) return;
    if (kind === "answer" && nextButton.getAttribute("aria-disabled") === "true") {
      update();
      return;
    }
    sending = true;
    problem = "";
    update();
    try {
      const seconds = (performance.now() - startedAt) / 1e3;
      const content = kind === "answer" ? { answer: form.answer(), heard: trial.letters, seconds } : {};
      const answer = await channel.ask(kind, { trial: trial.trial, ...content });
      sending = false;
      showTrial(answer);
    } catch (error) {
      sending = false;
      showError(error);
      refresh();
    }
  }
  function refresh() {
    channel.ask("trial").then((answer) => {
      if (trial && answer.trial !== trial.trial) showTrial(answer);
    }).catch(showError);
  }
  el.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !isOpen(trial) || !form) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (key === "Enter" && (!button || question.contains(button) && button.getAttribute("aria-pressed") === "true")) submit("answer");
    else if (key === " " && (!button || strip.letters.contains(button))) strip.togglePlay();
    else if (!form.onKey(key) && !strip.onKey(key)) return;
    event.preventDefault();
  });
  model.on("change:value", refresh);
  channel.hello("trial").then(showTrial).catch(showError);
}
var blind_default = { render };
export {
  blind_default as default
};

// Built from mgeval/panels/js by make js; do not edit. Sources: sha256 5c4db29b5cd8c64e097c9951bb74a956b0dcbb6db50e1128f2fa6789785ab2e3

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
function makeSelect(label, options, value, onChange) {
  const select = make("select", { class: "mg-select", "aria-label": label, onchange: () => {
    onChange(select.value);
  } });
  for (const [name, text] of options) select.append(make("option", { value: name }, text));
  select.value = value;
  return select;
}
var sizes = /* @__PURE__ */ new WeakMap();
var sizeObserver = new ResizeObserver((entries) => {
  for (const { target } of entries) sizes.set(target, [target.clientWidth, target.clientHeight]);
});
function penOf(canvas) {
  return (
    /** @type {CanvasRenderingContext2D} */
    canvas.getContext("2d")
  );
}
function fitCanvas(canvas) {
  let size = sizes.get(canvas);
  if (!size) {
    size = [canvas.clientWidth, canvas.clientHeight];
    sizes.set(canvas, size);
    sizeObserver.observe(canvas);
  }
  const [width, height] = size, ratio = globalThis.devicePixelRatio || 1;
  const columns = Math.round(width * ratio), lines = Math.round(height * ratio);
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== lines) canvas.height = lines;
  const pen = penOf(canvas);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { pen, width, height };
}
function pointerPlace(node, event) {
  const box = node.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}
function readTheme(node) {
  const style = getComputedStyle(node);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    text: read("--mg-text"),
    muted: read("--mg-muted"),
    line: read("--mg-line"),
    back: read("--mg-back"),
    accent: read("--mg-accent"),
    font: style.fontFamily
  };
}
function onThemeChange(onChange, signal) {
  const observer = new MutationObserver(() => {
    onChange();
  });
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
  signal.addEventListener("abort", () => observer.disconnect());
}
function onResize(node, onChange, signal) {
  const observer = new ResizeObserver(() => {
    onChange();
  });
  observer.observe(node);
  signal.addEventListener("abort", () => observer.disconnect());
}
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

// fields.js
var fieldCount = 0;
function makeField(label, help, input, ...extra) {
  const id = `mg-field-${++fieldCount}`, helpText = make("div", { class: "mg-help", id: `${id}-help` }, help);
  const wrong = make("div", { class: "mg-wrong mg-help", id: `${id}-wrong`, role: "alert", hidden: true });
  input.id = id;
  input.setAttribute("aria-describedby", `${id}-help ${id}-wrong`);
  const inline = input.classList.contains("mg-short"), name = make("label", { class: "mg-label", for: id }, label);
  const root = make(
    "div",
    { class: "mg-field" },
    ...inline ? [make("div", { class: "mg-fieldhead" }, name, input)] : [name, input],
    ...extra,
    helpText,
    wrong
  );
  return {
    root,
    input,
    /** @param {string | undefined} problem */
    showProblem(problem) {
      wrong.textContent = problem ?? "";
      wrong.hidden = !problem;
      input.setAttribute("aria-invalid", String(Boolean(problem)));
    }
  };
}
function makeTextInput(value, onInput, props = {}) {
  return make("input", {
    type: "text",
    class: "mg-input mg-short",
    autocomplete: "off",
    spellcheck: "false",
    value,
    oninput: () => {
      onInput();
    },
    ...props
  });
}
function makeTextArea(rows, onInput) {
  return make("textarea", {
    class: "mg-input mg-text",
    rows,
    spellcheck: "false",
    oninput: () => {
      onInput();
    },
    // JupyterLab 4.6 prevents new lines in every field in a cell, by a listener that it adds to the field with each key.
    // This one comes first.
    onbeforeinput: (event) => {
      if (
        /** @type {InputEvent} */
        event.inputType === "insertLineBreak"
      ) event.stopImmediatePropagation();
    }
  });
}
function createSettingsForm(controls, onChange) {
  const root = make("div", { class: "mg-fields" });
  const fields = /* @__PURE__ */ new Map();
  for (const control of controls) {
    const field = makeSetting(control, onChange);
    root.append(field.root);
    fields.set(control.name, field);
  }
  return {
    root,
    get values() {
      return Object.fromEntries([...fields].map(([name, { input }]) => [name, input.value]));
    },
    /** @param {Record<string, string>} values */
    setValues(values) {
      for (const [name, value] of Object.entries(values)) fields.get(name)?.setValue(value);
    },
    /** @param {Problems} wrong */
    showProblems(wrong) {
      fields.forEach((field, name) => field.showProblem(wrong[name]));
    }
  };
}
function makeSetting(control, onChange) {
  const input = makeTextInput(control.default, () => {
    moveSlider();
    onChange();
  }, { inputmode: "decimal" });
  const slider = control.step ? make("input", {
    type: "range",
    class: "mg-slider",
    min: control.low,
    max: control.high,
    step: control.step,
    "aria-label": `${control.label}, slider`,
    oninput: setFromSlider
  }) : null;
  function setFromSlider() {
    if (slider) input.value = slider.value;
    onChange();
  }
  function moveSlider() {
    if (slider && input.value.trim() !== "" && !Number.isNaN(Number(input.value))) slider.value = input.value;
  }
  const field = makeField(control.label, `${control.meaning} (${control.valid})`, input, ...slider ? [slider] : []);
  moveSlider();
  return {
    ...field,
    /** @param {string} value */
    setValue(value) {
      if (input.value.trim() !== value) input.value = value;
      moveSlider();
    }
  };
}

// canvas.js
function drawLine(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

// colours.js
var COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#808080"];

// signal.js
var WINDOW_SECONDS = 0.4;
function columnPeaks(channels, columns) {
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
function drawWaveform(pen, width, height, peaks, gain, theme) {
  const lanes = peaks.length, room = height / lanes, reach = Math.max(1, gain);
  pen.clearRect(0, 0, width, height);
  peaks.forEach(({ low, high }, lane) => {
    const middle = room * (lane + 0.5), scale = (room / 2 - 3) * gain / reach;
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
function drawFullScale(pen, width, middle, distance, theme) {
  pen.setLineDash([3, 3]);
  pen.strokeStyle = theme.muted;
  for (const y of [middle - distance, middle + distance]) drawLine(pen, 0, y, width, y);
  pen.setLineDash([]);
}
function scopeGain(channels, gain) {
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
function correlationBefore(channels, end, rate) {
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

// clipcache.js
var MOST = 12;
function createClipCache(channel) {
  const clips = /* @__PURE__ */ new Map();
  async function requestClip(key) {
    const { rate, gain, title, buffers } = await channel.ask("clip", { key }), sound = await decodeAudio(buffers[0], rate);
    return { key, rate, gain, title, ...sound, zoom: scopeGain(sound.channels, gain) };
  }
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

// format.js
function formatSigned(value, digits) {
  return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);
}
function formatTime(seconds) {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths % 600 / 10)).padStart(2, "0")}.${tenths % 10}`;
}

// levelmatch.js
async function measureLoudness(channel, clip) {
  clip.loudness ??= channel.ask("loudness", { key: clip.key });
  try {
    const { lufs, reason } = await clip.loudness;
    clip.lufs = lufs;
    return reason;
  } catch (error) {
    clip.loudness = void 0;
    throw error;
  }
}
function attenuationFor(own, other) {
  return own?.lufs !== void 0 && other?.lufs !== void 0 ? -Math.max(own.lufs - other.lufs, 0) : 0;
}
function describeMatch(a, b) {
  const level = Math.min(a, b).toFixed(1).replace("-", "−"), change = Math.abs(a - b);
  if (change < 0.05) return `A and B both have ${level} LUFS`;
  return `${a > b ? "A" : "B"} is ${formatSigned(-change, 1)} dB, so that both have ${level} LUFS`;
}

// stereoimage.js
var DOTS = 2400;
var DOT_INK = 0.9;
var INK_DECAY = 0.65;
function createStereoImage() {
  const scope = make("canvas", { class: "mg-scope", role: "img", "aria-label": "Vectorscope" });
  const scale = make("span", { class: "mg-scale" }), needle = make("div", { class: "mg-needle" });
  const meter = make("div", {
    class: "mg-meter",
    role: "meter",
    "aria-label": "Correlation of left and right",
    "aria-valuemin": -1,
    "aria-valuemax": 1,
    "aria-valuenow": 0
  }, make("div", { class: "mg-zero" }), needle);
  const number = make("span", { class: "mg-number" }, "–");
  const root = make(
    "div",
    { class: "mg-image" },
    make(
      "div",
      { class: "mg-scopebox" },
      scope,
      make("span", { class: "mg-side-l" }, "L"),
      make("span", { class: "mg-side-r" }, "R"),
      scale
    ),
    make("div", { class: "mg-correlation" }, make("span", {}, "−1"), meter, make("span", {}, "+1")),
    make("div", { class: "mg-caption" }, "correlation ", number)
  );
  let ink = new Float32Array(0);
  let picture = null;
  const sampleIndex = (clip, seconds) => Math.min(Math.round(seconds * clip.rate), clip.channels[0].length);
  function draw(clip, seconds, theme, fresh) {
    const { pen, width } = fitCanvas(scope), side = scope.width;
    if (side < 2) return;
    if (!picture || ink.length !== side * side) {
      ink = new Float32Array(side * side);
      picture = pen.createImageData(side, side);
    } else if (fresh) ink.fill(0);
    else for (let i = 0; i < ink.length; i++) ink[i] *= INK_DECAY;
    addDots(clip, sampleIndex(clip, seconds), side, side / width);
    const colour = parseInt(theme.accent.slice(1), 16), pixels = new Uint32Array(picture.data.buffer);
    const bytes = (colour & 255) << 16 | colour & 65280 | colour >> 16;
    for (let i = 0; i < ink.length; i++) pixels[i] = ink[i] < 2e-3 ? 0 : Math.round(255 * (1 - Math.exp(-ink[i]))) << 24 | bytes;
    pen.putImageData(picture, 0, 0);
    const zoom = clip.zoom === 1 ? "" : `×${clip.zoom >= 1 ? clip.zoom : `1/${1 / clip.zoom}`}`;
    if (scale.textContent !== zoom) scale.textContent = zoom;
  }
  function addDots({ channels, gain, zoom }, end, side, ratio) {
    const left = channels[0], right = channels[channels.length - 1], centre = (side - 1) / 2;
    const pixels = (side / 2 - 2 * ratio) / 2 * gain * zoom, mass = DOT_INK * ratio * ratio;
    for (let i = Math.max(0, end - DOTS); i < end; i++) {
      const x = centre + (right[i] - left[i]) * pixels, y = centre - (left[i] + right[i]) * pixels;
      const h = Math.floor(x), v = Math.floor(y), dx = x - h, dy = y - v, pixel = v * side + h;
      if (!(h >= 0 && v >= 0 && h < side - 1 && v < side - 1)) continue;
      ink[pixel] += mass * (1 - dx) * (1 - dy);
      ink[pixel + 1] += mass * dx * (1 - dy);
      ink[pixel + side] += mass * (1 - dx) * dy;
      ink[pixel + side + 1] += mass * dx * dy;
    }
  }
  function showCorrelation(clip, seconds) {
    const value = clip ? correlationBefore(clip.channels, sampleIndex(clip, seconds), clip.rate) : null;
    needle.hidden = value === null;
    if (value !== null) needle.style.left = `${(value + 1) / 2 * 100}%`;
    number.textContent = value === null ? "–" : formatSigned(value, 2);
    meter.setAttribute("aria-valuenow", value === null ? "0" : value.toFixed(2));
    meter.setAttribute("aria-valuetext", value === null ? "not defined" : value.toFixed(2));
  }
  return { root, draw, showCorrelation };
}

// waveview.js
function createWaveView(signal, { onSeek, onResized }) {
  const wave = make("canvas", { class: "mg-wave" }), lanes = make("div", { class: "mg-lanes" });
  const cover = make("div", { class: "mg-veil" }), playhead = make("div", { class: "mg-head" });
  const root = make("div", {
    class: "mg-seek",
    role: "slider",
    tabindex: 0,
    "aria-label": "Position in the clip",
    "aria-valuemin": 0,
    "aria-valuemax": 0,
    "aria-valuenow": 0
  }, wave, cover, lanes, playhead);
  let drawnWidth = -1;
  const shareAt = (event) => pointerPlace(root, event)[0] / root.getBoundingClientRect().width;
  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    root.setPointerCapture(event.pointerId);
    onSeek(shareAt(event), true);
  });
  root.addEventListener("pointermove", (event) => {
    if (root.hasPointerCapture(event.pointerId)) onSeek(shareAt(event), false);
  });
  onResize(root, onResized, signal);
  return {
    root,
    /** Lets the next `draw` draw the waveform again, for another clip or theme. */
    invalidate() {
      drawnWidth = -1;
    },
    /** @param {number} duration */
    setDuration(duration) {
      root.setAttribute("aria-valuemax", duration.toFixed(2));
    },
    /** @param {number} position @param {number} duration */
    setPosition(position, duration) {
      root.setAttribute("aria-valuenow", position.toFixed(2));
      root.setAttribute("aria-valuetext", `${position.toFixed(1)} of ${duration.toFixed(1)} seconds`);
    },
    /**
     * Draws the waveform and the position; tells whether there is a clip and room for it.
     * @param {Clip | null} clip
     * @param {number} share
     * @param {Theme} theme
     */
    draw(clip, share, theme) {
      const { pen, width, height } = fitCanvas(wave);
      if (width === 0) return false;
      cover.style.transform = `scaleX(${1 - share})`;
      playhead.style.transform = `translateX(${Math.min(Math.max(share * width - 0.5, 0), width - 1.5)}px)`;
      playhead.hidden = !clip;
      if (!clip) {
        lanes.replaceChildren();
        pen.clearRect(0, 0, width, height);
        return false;
      }
      if (drawnWidth !== wave.width) {
        drawnWidth = wave.width;
        drawWaveform(pen, width, height, columnPeaks(clip.channels, Math.floor(width)), clip.gain, theme);
        lanes.replaceChildren(...(clip.channels.length === 2 ? ["L", "R"] : ["M"]).map((name) => make("div", {}, name)));
      }
      return true;
    }
  };
}

// player.js
var MODES = [
  ["stereo", "Stereo", "Both channels (1)"],
  ["mono", "Mono", "Both channels added, as a mono speaker plays them (2)"],
  ["side", "Side", "The difference of the channels: left minus right (3)"],
  ["left", "Left", "The left channel on both sides (4)"],
  ["right", "Right", "The right channel on both sides (5)"]
];
var SIDES = ["A", "B"];
var SEEK_STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, Home: -Infinity, End: Infinity };
function createPlayer(root, channel, signal, { onKeep = () => {
}, below = "", fixedPair = false } = {}) {
  const fetchClip = createClipCache(channel);
  const slots = { A: null, B: null };
  const requests = { A: 0, B: 0 };
  let active = "A";
  let theme = null;
  let matching = false, announced = true, fresh = true, animating = false, shownTime = "";
  const audio = new AudioPlayer(() => {
    update();
    animate();
  });
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
    onResized: () => redrawAll()
  });
  const image = createStereoImage();
  const frame = make(
    "div",
    { class: "mg-player", role: "group", "aria-label": "Clip player" },
    title,
    make(
      "div",
      { class: "mg-body" },
      make(
        "div",
        { class: "mg-sound" },
        wave.root,
        below,
        make("div", { class: "mg-bar" }, play, time, loop, modes.root),
        make("div", { class: "mg-bar" }, sides.root, match, keep, status)
      ),
      image.root
    )
  );
  root.append(frame);
  function showStatus(text, wrong = false) {
    status.textContent = text;
    status.classList.toggle("mg-wrong", wrong);
  }
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
      const reason = reasons.find((one) => one !== void 0);
      if (a.lufs !== void 0 && b.lufs !== void 0) showStatus(describeMatch(a.lufs, b.lufs));
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
  function showPosition(position, duration) {
    const text = `${formatTime(position)} / ${formatTime(duration)}`;
    if (audio.playing && text === shownTime) return;
    shownTime = time.textContent = text;
    frame.dataset.time = position.toFixed(3);
    wave.setPosition(position, duration);
    image.showCorrelation(audio.clip, position);
  }
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
    preload(key) {
      fetchClip(key).catch(() => {
      });
    }
  };
}

// progress.js
function createProgress(label) {
  const fill = make("div", { class: "mg-fill" });
  const bar = make("div", { class: "mg-track", role: "progressbar", "aria-label": label, "aria-valuemin": 0, hidden: true }, fill);
  const count = make("span", { class: "mg-count" }), note = make("span", { class: "mg-note mg-told", role: "status" });
  return {
    root: make("div", { class: "mg-work" }, bar, count, note),
    /** @param {number} made @param {number} total 0 hides the bar. @param {string} text */
    show(made, total, text) {
      bar.hidden = !(total > 0);
      fill.style.width = `${total > 0 ? Math.min(100, 100 * made / total) : 0}%`;
      bar.setAttribute("aria-valuemax", String(total));
      bar.setAttribute("aria-valuenow", String(made));
      bar.setAttribute("aria-valuetext", text);
      count.textContent = text;
    },
    /** @param {string} text @param {boolean} [wrong] */
    showNote(text, wrong = false) {
      if (note.textContent !== text) note.textContent = text;
      note.classList.toggle("mg-wrong", wrong);
    }
  };
}
function debounce(call, pauseMs) {
  let timer;
  return {
    schedule() {
      clearTimeout(timer);
      timer = setTimeout(call, pauseMs);
    },
    cancel() {
      clearTimeout(timer);
    }
  };
}
function swapEnabled(on, off) {
  const focused = (
    /** @type {Document | ShadowRoot} */
    off.getRootNode().activeElement === off
  );
  on.disabled = false;
  off.disabled = true;
  if (focused) on.focus();
}

// inspector.js
function makeDetailTable(title, rows) {
  if (!rows.length) return [];
  const body = make("tbody");
  for (const [label, value, meaning] of rows) {
    body.append(make("tr", { title: meaning || null }, make("th", { scope: "row" }, label), make("td", {}, value)));
  }
  return [make("h4", {}, title), make("table", { class: "mg-table" }, body)];
}

// takelist.js
function createTakeList(store, { onChoose, onKeep }) {
  const root = make("ul", { class: "mg-takes", "aria-label": "Takes" });
  const buttons = /* @__PURE__ */ new Map();
  function makeRow({ key, prompt, seed, seconds, kept }) {
    const take = make(
      "button",
      { type: "button", class: "mg-take", onclick: () => onChoose(key), title: prompt || "no prompt" },
      make("span", { class: "mg-seed" }, `Seed ${seed}`),
      make("span", { class: "mg-liketitle" }, prompt || "no prompt"),
      make("span", { class: "mg-note" }, `${seconds.toFixed(1)} s`)
    );
    const label = kept ? "Kept" : "Keep";
    const keep = makeButton(label, kept ? `Kept in ${store}` : `Keep in ${store}`, () => onKeep(key));
    keep.setAttribute("aria-label", `${label}: seed ${seed}`);
    keep.disabled = kept;
    buttons.set(key, take);
    return make("li", { "data-key": key }, take, keep);
  }
  function focusedKey() {
    const { activeElement } = (
      /** @type {Document | ShadowRoot} */
      root.getRootNode()
    );
    const row = activeElement?.closest(".mg-takes li");
    return row instanceof HTMLElement ? row.dataset.key : void 0;
  }
  return {
    root,
    /** @param {Take[]} takes */
    setTakes(takes) {
      const focused = focusedKey();
      buttons.clear();
      root.replaceChildren(...takes.map(makeRow));
      if (focused !== void 0) buttons.get(focused)?.focus();
    },
    /** @param {string | null} chosen */
    setChosen(chosen) {
      buttons.forEach((button, key) => setPressed(button, key === chosen));
    }
  };
}
function createTakeMetrics() {
  const root = make("section", { class: "mg-side", tabindex: 0, "aria-label": "Metrics of the chosen take" });
  return {
    root,
    showLoading() {
      root.replaceChildren(make("h4", {}, "Metrics"), make("p", { class: "mg-reason" }, "Measuring …"));
    },
    /** @param {TakeMetrics} take */
    show({ metrics, reason }) {
      root.replaceChildren(...makeDetailTable("Metrics", metrics), ...reason ? [make("p", { class: "mg-reason" }, reason)] : []);
    }
  };
}

// studio.js
var CHECK_PAUSE_MS = 200;
function render({ model, el, signal }) {
  prepareRoot(el);
  const channel = createChannel(model, signal), about = model.get("about");
  const formCheck = debounce(checkForm, CHECK_PAUSE_MS);
  const promptInput = makeTextArea(2, formCheck.schedule);
  const prompt = makeField("Prompt", "Ctrl+Enter generates. Leave it empty to let the model choose.", promptInput);
  const settings = createSettingsForm(about.controls, formCheck.schedule);
  const takeCounts = Array.from({ length: about.most }, (_, i) => (
    /** @type {[string, string]} */
    [String(i + 1), i === 0 ? "1 take" : `${i + 1} takes`]
  ));
  const takeCount = makeSelect("Takes at once", takeCounts, String(model.get("takes")), formCheck.schedule);
  takeCount.title = "Each take uses the next seed";
  const generateButton = makeButton("Generate", "Make the takes (Ctrl+Enter)", generate);
  const cancelButton = makeButton("Cancel", "Stop; finished takes are kept", cancel);
  generateButton.classList.add("mg-primary");
  const progress = createProgress("Audio made");
  el.append(make(
    "div",
    { class: "mg-form" },
    prompt.root,
    settings.root,
    make("div", { class: "mg-bar" }, generateButton, cancelButton, takeCount, progress.root)
  ));
  const takeList = createTakeList(about.store, { onChoose: (key) => {
    resumeAudio();
    open(key, true);
  }, onKeep: keep });
  const metrics = createTakeMetrics(), left = make("div", { class: "mg-left" }, takeList.root);
  const result = make("div", { class: "mg-main", hidden: true }, left, metrics.root);
  el.append(result);
  const player = createPlayer(left, channel, signal, { onKeep: (key) => model.set("other", key) });
  let starting = false, wasRunning = false;
  let opened = null;
  function showError(error) {
    progress.showNote(errorText(error), true);
  }
  function formValues() {
    return { prompt: promptInput.value.trim(), settings: settings.values, takes: Number(takeCount.value) };
  }
  function checkForm() {
    channel.ask("form", formValues()).then(({ wrong }) => settings.showProblems(wrong), showError);
  }
  function generate() {
    if (generateButton.disabled || starting) return;
    formCheck.cancel();
    starting = true;
    progress.showNote("Starting …");
    channel.ask("generate", formValues()).then(({ wrong }) => {
      settings.showProblems(wrong);
      const [problem] = Object.values(wrong);
      if (problem) progress.showNote(problem, true);
    }).catch(showError).finally(() => {
      starting = false;
    });
  }
  function cancel() {
    progress.showNote("Cancelling after this step …");
    channel.ask("cancel").catch(showError);
  }
  function keep(key) {
    channel.ask("keep", { key }).then(({ note }) => progress.showNote(note), showError);
  }
  function open(key, play) {
    const again = key === opened;
    opened = key;
    takeList.setChosen(key);
    player.load(key, { play });
    if (again || !key) return;
    model.set("chosen", key);
    if (play) channel.ask("choose", { key }).catch(showError);
    metrics.showLoading();
    channel.ask("numbers", { key }).then((answer) => {
      if (!answer.waiting) showMetrics(answer, key);
    }, showError);
  }
  function showMetrics(answer, key) {
    if (key === opened) metrics.show(answer);
  }
  function showProgress() {
    const { running, made, total, note, wrong } = model.get("status");
    if (running) swapEnabled(cancelButton, generateButton);
    else swapEnabled(generateButton, cancelButton);
    progress.show(made, running ? total : 0, running ? `${made.toFixed(1)} of ${total.toFixed(1)} s of audio` : "");
    if (running !== wasRunning || !running) progress.showNote(note, wrong);
    wasRunning = running;
  }
  function showTakes() {
    const takes = model.get("listed");
    result.hidden = !takes.length;
    takeList.setTakes(takes);
    takeList.setChosen(opened);
  }
  function fillForm() {
    if (promptInput.value.trim() !== model.get("prompt")) promptInput.value = model.get("prompt");
    settings.setValues(model.get("sampling"));
    takeCount.value = String(model.get("takes"));
  }
  channel.listen("numbers", (answer) => showMetrics(answer, answer.key));
  model.on("change:status", showProgress);
  model.on("change:listed", showTakes);
  model.on("change:chosen", () => {
    if (model.get("chosen") !== opened) open(model.get("chosen"), false);
  });
  model.on("change:other", () => player.loadOther(model.get("other")));
  for (const name of ["prompt", "sampling", "takes"]) model.on(`change:${name}`, fillForm);
  el.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      generate();
    } else player.onKey(event);
  });
  fillForm();
  showProgress();
  showTakes();
  channel.hello("hello").then(() => {
    el.dataset.ready = "true";
    if (model.get("chosen")) open(model.get("chosen"), false);
    if (model.get("other")) player.loadOther(model.get("other"));
  }).catch(showError);
}
var studio_default = { render };
export {
  studio_default as default
};

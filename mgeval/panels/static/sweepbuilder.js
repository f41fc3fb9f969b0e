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

// format.js
function formatNumber(value) {
  if (value === null || value === void 0 || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e6 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return text.replace("-", "−");
}
function formatSigned(value, digits) {
  return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);
}
function formatTime(seconds) {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths % 600 / 10)).padStart(2, "0")}.${tenths % 10}`;
}
function formatDuration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86400).toFixed(1)} days`;
}
function formatBytes(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let power = 0;
  while (bytes >= 1e3 && power < units.length - 1) {
    bytes /= 1e3;
    power++;
  }
  return `${power && bytes < 99.5 ? bytes.toFixed(1) : Math.round(bytes)} ${units[power]}`;
}
function formatClips(count) {
  return `${count.toLocaleString("en")} ${count === 1 ? "clip" : "clips"}`;
}

// markers.js
var SIZE = 4;
var SHAPES = [
  (pen, r) => pen.arc(0, 0, r, 0, 2 * Math.PI),
  (pen, r) => pen.rect(-r * 0.88, -r * 0.88, r * 1.76, r * 1.76),
  (pen, r) => tracePolygon(pen, [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]], r),
  (pen, r) => tracePolygon(pen, [[0, -1.2], [1.15, 0.9], [-1.15, 0.9]], r),
  (pen, r) => tracePolygon(pen, [[0, 1.2], [1.15, -0.9], [-1.15, -0.9]], r),
  (pen, r) => traceCross(pen, r, 0),
  (pen, r) => traceCross(pen, r, Math.PI / 4)
];
function tracePolygon(pen, corners, r) {
  corners.forEach(([x, y], i) => i ? pen.lineTo(x * r, y * r) : pen.moveTo(x * r, y * r));
  pen.closePath();
}
function traceCross(pen, r, angle) {
  pen.rotate(angle);
  const a = 0.42, b = 1.2;
  tracePolygon(pen, [[-a, -b], [a, -b], [a, -a], [b, -a], [b, a], [a, a], [a, b], [-a, b], [-a, a], [-b, a], [-b, -a], [-a, -a]], r);
}
function drawMarker(pen, shape, colour, x, y, radius = SIZE) {
  pen.save();
  pen.translate(x, y);
  pen.beginPath();
  SHAPES[shape % SHAPES.length](pen, radius);
  pen.fillStyle = colour;
  pen.fill();
  pen.restore();
}
function createMarkerCache(ratio, edge) {
  const canvases = /* @__PURE__ */ new Map();
  const side = SIZE * 2 + 6;
  function draw(shape, colour) {
    const canvas = document.createElement("canvas"), pen = penOf(canvas);
    canvas.width = canvas.height = Math.ceil(side * ratio);
    pen.scale(ratio, ratio);
    drawMarker(pen, shape, edge, side / 2, side / 2, SIZE + 0.8);
    drawMarker(pen, shape, colour, side / 2, side / 2);
    return canvas;
  }
  return {
    half: side / 2,
    side,
    /** @param {number} shape @param {string} colour */
    get(shape, colour) {
      const name = `${shape} ${colour}`, canvas = canvases.get(name) ?? draw(shape, colour);
      canvases.set(name, canvas);
      return canvas;
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

// table.js
var ROLES = ["x", "y", "colour", "shape"];
var MAX_LEVELS = 7;
function copyFloats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}
function unpackTable({ columns, keys, prompts, references, buffers }) {
  const promptOf = copyFloats(buffers[columns.length]);
  const byName = /* @__PURE__ */ new Map();
  columns.forEach((column, i) => byName.set(column.name, { ...column, values: copyFloats(buffers[i]) }));
  return { keys, prompts, references, size: keys.length, columns: byName, promptOf };
}
function axisLabel(column) {
  const name = column.label.charAt(0).toUpperCase() + column.label.slice(1);
  return column.unit ? `${name} (${column.unit})` : name;
}
function columnLevels(column, most = MAX_LEVELS) {
  if (!column) return null;
  const { values } = column, codes = new Int16Array(values.length).fill(-1);
  if (column.levels) {
    if (column.levels.length > most) return null;
    values.forEach((value, row) => {
      if (!Number.isNaN(value)) codes[row] = value;
    });
    return { names: column.levels, codes };
  }
  const distinct = /* @__PURE__ */ new Set();
  for (const value of values) {
    if (!Number.isNaN(value)) distinct.add(value);
    if (distinct.size > most) return null;
  }
  const sorted = [...distinct].sort((a, b) => a - b), codeOf = new Map(sorted.map((value, i) => [value, i]));
  values.forEach((value, row) => {
    codes[row] = codeOf.get(value) ?? -1;
  });
  return { names: sorted.map((value) => String(Number(value.toPrecision(6))).replace("-", "−")), codes };
}
function finiteRange(values, rows = null) {
  let low = Infinity, high = -Infinity;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (!Number.isFinite(value) || rows && !rows[row]) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}
function describeRow(columns, row) {
  return [...new Set(columns)].flatMap((column) => {
    if (!column) return [];
    const { label, levels, unit, values } = column, value = values[row];
    const text = levels ? levels[value] ?? "–" : `${formatNumber(value)} ${unit}`.trim();
    return [
      /** @type {[string, string]} */
      [label, text]
    ];
  });
}

// axes.js
var MARGIN = { left: 62, right: 14, top: 12, bottom: 44 };
function tickValues(low, high, most) {
  const rough = (high - low) / Math.max(most, 1), size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 5].find((factor) => size * factor >= rough * 0.999) ?? 10);
  const values = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    values.push(Number((i * step).toPrecision(12)));
  }
  return values;
}
function axisRange(column, rows, lines = []) {
  if (column.levels) return [-0.6, column.levels.length - 0.4];
  const data = finiteRange(column.values, rows);
  if (!data) return [0, 1];
  let [low, high] = data;
  const width = high - low || Math.abs(high) || 1;
  for (const line of lines) {
    if (line >= data[0] - width / 2 && line <= data[1] + width / 2) [low, high] = [Math.min(low, line), Math.max(high, line)];
  }
  const pad = high > low ? 0.05 * (high - low) : width * 0.1;
  return [low - pad, high + pad];
}
function jitter(row) {
  return ((Math.imul(row + 1, 2654435761) >>> 8 & 65535) / 65535 - 0.5) * 0.5;
}
function axisTicks(column, [low, high], most, letters) {
  if (!column.levels) return tickValues(low, high, most).map((value) => [value, formatNumber(value)]);
  return column.levels.map((name, i) => (
    /** @type {[number, string]} */
    [i, shortenName(name, letters)]
  )).filter(([i]) => i >= low && i <= high);
}
function shortenName(name, letters) {
  return name.length > letters ? `${name.slice(0, letters - 1)}…` : name;
}
function drawAxes(pen, box, view, x, y, theme) {
  pen.strokeStyle = theme.line;
  pen.lineWidth = 1;
  pen.fillStyle = theme.muted;
  pen.font = `11px ${theme.font}`;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const [value, text] of axisTicks(y, view.y, box.height / 42, 10)) {
    const v = Math.round(box.bottom - (value - view.y[0]) / (view.y[1] - view.y[0]) * box.height) + 0.5;
    drawLine(pen, box.left, v, box.right, v);
    pen.fillText(text, box.left - 7, v);
  }
  pen.textAlign = "center";
  pen.textBaseline = "top";
  const room = x.levels ? box.width / Math.max(1, view.x[1] - view.x[0]) / 6.2 : 12;
  for (const [value, text] of axisTicks(x, view.x, box.width / 80, Math.max(3, Math.floor(room)))) {
    const h = Math.round(box.left + (value - view.x[0]) / (view.x[1] - view.x[0]) * box.width) + 0.5;
    drawLine(pen, h, box.bottom, h, box.bottom + 4);
    pen.fillText(text, h, box.bottom + 8);
  }
  pen.fillStyle = theme.text;
  pen.font = `12px ${theme.font}`;
  pen.textBaseline = "bottom";
  pen.fillText(axisLabel(x), box.left + box.width / 2, box.bottom + MARGIN.bottom - 3, box.width);
  pen.save();
  pen.translate(4, box.top + box.height / 2);
  pen.rotate(-Math.PI / 2);
  pen.textBaseline = "top";
  pen.fillText(axisLabel(y), 0, 0, box.height);
  pen.restore();
  pen.strokeStyle = theme.muted;
  drawLine(pen, box.left, box.bottom + 0.5, box.right, box.bottom + 0.5);
}
function drawReferences(pen, box, view, x, y, references, theme) {
  pen.save();
  pen.setLineDash([5, 4]);
  pen.strokeStyle = theme.muted;
  pen.fillStyle = theme.muted;
  pen.font = `italic 11px ${theme.font}`;
  for (const { name, values } of references) {
    const shareX = (values[x.name] - view.x[0]) / (view.x[1] - view.x[0]);
    const shareY = (values[y.name] - view.y[0]) / (view.y[1] - view.y[0]);
    if (shareY >= 0 && shareY <= 1) {
      const v = Math.round(box.bottom - shareY * box.height) + 0.5;
      drawLine(pen, box.left, v, box.right, v);
      pen.textAlign = "right";
      pen.textBaseline = "bottom";
      pen.fillText(name, box.right - 3, v - 2);
    }
    if (shareX >= 0 && shareX <= 1) {
      const h = Math.round(box.left + shareX * box.width) + 0.5;
      drawLine(pen, h, box.top, h, box.bottom);
      pen.save();
      pen.translate(h + 3, box.top + 3);
      pen.rotate(Math.PI / 2);
      pen.textAlign = "left";
      pen.textBaseline = "bottom";
      pen.fillText(name, 0, 0);
      pen.restore();
    }
  }
  pen.restore();
}

// plotdrawing.js
var MANY = 1500;
function drawPoints(pen, { px, py, grid }, markers, colours, shapes, selected) {
  for (const bright of selected.size ? [false, true] : [true]) {
    pen.globalAlpha = bright ? grid.rows.length > MANY ? 0.75 : 0.95 : 0.22;
    for (let row = 0; row < px.length; row++) {
      if (Number.isNaN(px[row]) || selected.size && selected.has(row) !== bright) continue;
      const shape = shapes ? Math.max(shapes.codes[row], 0) : 0;
      const marker = markers.get(shape, colours.palette[colours.indexOf(row)]);
      pen.drawImage(marker, px[row] - markers.half, py[row] - markers.half, markers.side, markers.side);
    }
  }
  pen.globalAlpha = 1;
}
function drawIntervals(pen, { box, px }, view, colours, interval) {
  const place = (value) => box.bottom - (value - view.y[0]) / (view.y[1] - view.y[0]) * box.height;
  pen.lineWidth = 1.2;
  for (let row = 0; row < px.length; row++) {
    const low = place(interval[0][row]), high = place(interval[1][row]);
    if (Number.isNaN(px[row] + low + high)) continue;
    pen.strokeStyle = colours.palette[colours.indexOf(row)];
    pen.beginPath();
    pen.moveTo(px[row], Math.min(Math.max(low, box.top), box.bottom));
    pen.lineTo(px[row], Math.min(Math.max(high, box.top), box.bottom));
    pen.stroke();
  }
}
function drawDrag(pen, { tool, path }, theme) {
  const [x, y] = path[0], [toX, toY] = path[path.length - 1];
  pen.strokeStyle = theme.accent;
  pen.fillStyle = theme.accent;
  pen.lineWidth = 1.5;
  pen.beginPath();
  if (tool === "zoom") pen.rect(x, y, toX - x, toY - y);
  else {
    path.forEach(([h, v], i) => i ? pen.lineTo(h, v) : pen.moveTo(h, v));
    pen.closePath();
  }
  pen.stroke();
  pen.globalAlpha = 0.12;
  pen.fill();
  pen.globalAlpha = 1;
}

// colours.js
var COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#808080"];

// points.js
var CELL = 18;
var REACH = 14;
var BINS = 24;
var RAMP = [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81]];
function rampColour(share) {
  const place = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1), i = Math.min(Math.floor(place), RAMP.length - 2);
  return `rgb(${RAMP[i].map((from, c) => Math.round(from + (RAMP[i + 1][c] - from) * (place - i))).join(" ")})`;
}
function colourScale(column) {
  if (!column) return { palette: [COLOURS[0]], indexOf: () => 0, levels: null, range: null };
  const levels = columnLevels(column), grey = COLOURS[COLOURS.length - 1];
  if (levels) {
    const { names, codes } = levels;
    return { palette: [...COLOURS, grey], indexOf: (row) => codes[row] < 0 ? COLOURS.length : codes[row], levels: names, range: null };
  }
  const range = finiteRange(column.values) ?? [0, 1], width = range[1] - range[0] || 1;
  const palette = [...Array.from({ length: BINS }, (_, i) => rampColour(i / (BINS - 1))), grey];
  const indexOf = (row) => {
    const value = column.values[row];
    if (Number.isNaN(value)) return BINS;
    return Math.max(0, Math.min(BINS - 1, Math.floor((value - range[0]) / width * BINS)));
  };
  return { palette, indexOf, levels: null, range };
}
var PointGrid = class {
  /**
   * @param {Float32Array} px
   * @param {Float32Array} py
   * @param {number} width
   * @param {number} height
   */
  constructor(px, py, width, height) {
    this.px = px;
    this.py = py;
    this.columns = Math.max(1, Math.ceil(width / CELL));
    this.lines = Math.max(1, Math.ceil(height / CELL));
    this.starts = new Int32Array(this.columns * this.lines + 1);
    const cells = new Int32Array(px.length);
    for (let row = 0; row < px.length; row++) {
      cells[row] = this.cellAt(px[row], py[row]);
      if (cells[row] >= 0) this.starts[cells[row] + 1]++;
    }
    for (let i = 1; i < this.starts.length; i++) this.starts[i] += this.starts[i - 1];
    const next = this.starts.slice();
    this.rows = new Int32Array(this.starts[this.starts.length - 1]);
    for (let row = 0; row < px.length; row++) if (cells[row] >= 0) this.rows[next[cells[row]]++] = row;
  }
  /**
   * Returns the number of a place's cell, -1 outside the screen.
   * @param {number} x
   * @param {number} y
   */
  cellAt(x, y) {
    const column = Math.floor(x / CELL), line = Math.floor(y / CELL);
    return column >= 0 && line >= 0 && column < this.columns && line < this.lines ? line * this.columns + column : -1;
  }
  /**
   * Returns the row that is nearest to a place, -1 if none is near.
   * @param {number} x
   * @param {number} y
   */
  nearest(x, y) {
    let best = -1, least = REACH * REACH;
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const cell = this.cellAt(x + dx * CELL, y + dy * CELL);
        if (cell < 0) continue;
        for (let i = this.starts[cell]; i < this.starts[cell + 1]; i++) {
          const row = this.rows[i], distance = (this.px[row] - x) ** 2 + (this.py[row] - y) ** 2;
          if (distance <= least) {
            least = distance;
            best = row;
          }
        }
      }
    }
    return best;
  }
};
function nearestInDirection(px, py, from, [dx, dy]) {
  let best = -1, least = Infinity;
  for (let row = 0; row < px.length; row++) {
    const x = px[row] - px[from], y = py[row] - py[from], along = x * dx + y * dy, aside = Math.abs(x * dy - y * dx);
    if (row === from || !(along > 0.5) || aside > 3 * along) continue;
    if (along + 2 * aside < least) {
      least = along + 2 * aside;
      best = row;
    }
  }
  return best;
}
function pointInPolygon(path, x, y) {
  let odd = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [xi, yi] = path[i], [xj, yj] = path[j];
    if (yi > y !== yj > y && x < (xj - xi) * (y - yi) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

// plotlayout.js
var LEAST_BOX = 6;
function fullView(table, x, y, visibleRows) {
  const rangeOf = (column) => {
    const lines = table.references.map(({ values }) => values[column.name]).filter((value) => value !== void 0);
    return axisRange(column, visibleRows, lines);
  };
  return { x: rangeOf(x), y: rangeOf(y) };
}
function layOutPoints(table, x, y, visibleRows, view, width, height) {
  const left = MARGIN.left, right = width - MARGIN.right, top = MARGIN.top, bottom = height - MARGIN.bottom;
  const box = { left, right, top, bottom, width: right - left, height: bottom - top };
  const px = new Float32Array(table.size), py = new Float32Array(table.size);
  const scaleX = box.width / (view.x[1] - view.x[0]), scaleY = box.height / (view.y[1] - view.y[0]);
  for (let row = 0; row < table.size; row++) {
    const hidden = visibleRows && !visibleRows[row];
    const h = hidden ? NaN : left + (x.values[row] + (x.levels ? jitter(row) : 0) - view.x[0]) * scaleX;
    const v = bottom - (y.values[row] + (y.levels ? jitter(row + 7919) : 0) - view.y[0]) * scaleY;
    const inside = h >= left - 1 && h <= right + 1 && v >= top - 1 && v <= bottom + 1;
    px[row] = inside ? h : NaN;
    py[row] = inside ? v : NaN;
  }
  return { box, x, y, px, py, grid: new PointGrid(px, py, width, height) };
}
function zoomView(view, box, factor, h, v) {
  const around = ([low, high], share) => {
    const centre = low + (high - low) * share, width = (high - low) * factor;
    return [centre - width * share, centre + width * (1 - share)];
  };
  return { x: around(view.x, (h - box.left) / box.width), y: around(view.y, (box.bottom - v) / box.height) };
}
function viewOfRectangle(view, box, from, to) {
  const left = Math.min(from[0], to[0]), right = Math.max(from[0], to[0]);
  const top = Math.min(from[1], to[1]), bottom = Math.max(from[1], to[1]);
  if (right - left < LEAST_BOX || bottom - top < LEAST_BOX) return null;
  const valueX = (h) => view.x[0] + (h - box.left) / box.width * (view.x[1] - view.x[0]);
  const valueY = (v) => view.y[0] + (box.bottom - v) / box.height * (view.y[1] - view.y[0]);
  return { x: [valueX(left), valueX(right)], y: [valueY(bottom), valueY(top)] };
}
function nearestRow({ grid, px, py }, x, y) {
  let best = -1, least = Infinity;
  for (const row of grid.rows) {
    const distance = Math.hypot(px[row] - x, py[row] - y);
    if (distance < least) {
      least = distance;
      best = row;
    }
  }
  return best;
}

// plottip.js
function createTip() {
  const root = make("div", { class: "mg-tip", hidden: true });
  return {
    root,
    hide() {
      root.hidden = true;
    },
    /**
     * Shows the tip on the side of a place where there is room.
     * @param {[number, number]} place
     * @param {Box} box
     * @param {string} title
     * @param {[string, string][]} details
     */
    show([h, v], box, title, details) {
      root.hidden = false;
      root.replaceChildren(
        make("div", { class: "mg-tiptitle" }, title),
        ...details.map(([name, value]) => make("div", {}, `${name}: `, make("b", {}, value)))
      );
      const right = h > (box.left + box.right) / 2, low = v > (box.top + box.bottom) / 2;
      const x = h + (right ? -14 : 14), y = v + (low ? -12 : 12);
      const shift = `${right ? "-100%" : "0"}, ${low ? "-100%" : "0"}`;
      root.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px) translate(${shift})`;
    }
  };
}

// plot.js
var CLICK_DISTANCE = 4;
var REST_MS = 40;
var ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
var TOOLS = [
  ["zoom", "Zoom", "Drag a box to zoom in; with Shift: lasso"],
  ["lasso", "Lasso", "Drag around clips to select them; with Shift: zoom"]
];
function createPlot(root, signal, { onChoose, onSelect, onNear = () => {
} }) {
  const base = make("canvas", { class: "mg-layer" }), over = make("canvas", { class: "mg-layer" });
  const tip = createTip();
  const chosenRing = make("div", { class: "mg-ring mg-mark" }), hoverRing = make("div", { class: "mg-ring" });
  const area = make("div", {
    class: "mg-plot",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "scatter plot",
    "aria-label": "Scatter plot"
  }, base, over, chosenRing, hoverRing, tip.root);
  const live = make("div", { class: "mg-hidden", "aria-live": "polite" });
  const tools = makeButtonGroup("Drag mode", TOOLS, (name) => {
    tool = name;
    tools.show(name);
  });
  const reset = makeButton("Reset view", "Show all points (0, or double-click)", resetView);
  root.append(area, live);
  let table = null;
  let fields = {};
  let visibleRows = null;
  let interval = null;
  let view = null;
  let layout = null;
  let shapes = null;
  let colours = colourScale(null);
  let theme = null;
  let markers = null;
  let drag = null;
  let tool = "zoom";
  let restTimer;
  let selected = /* @__PURE__ */ new Set();
  let hovered = -1, chosen = -1, zoomed = false;
  tools.show(tool);
  const columnOf2 = (role) => table?.columns.get(fields[role] ?? "");
  const redraw = oncePerFrame(drawBase), redrawDrag = oncePerFrame(drawOver);
  const update = oncePerFrame(() => {
    layOut();
    drawBase();
  });
  function layOut() {
    const x = columnOf2("x"), y = columnOf2("y"), width = area.clientWidth;
    layout = null;
    if (!table || !x || !y || !width) return;
    view ??= fullView(table, x, y, visibleRows);
    layout = layOutPoints(table, x, y, visibleRows, view, width, area.clientHeight);
    const count = layout.grid.rows.length;
    area.setAttribute("aria-label", `${axisLabel(y)} against ${axisLabel(x)}, ${count} clips. Arrow keys choose a clip.`);
  }
  function drawBase() {
    if (signal.aborted || !area.isConnected) return;
    theme ??= readTheme(area);
    const { pen, width, height } = fitCanvas(base);
    pen.clearRect(0, 0, width, height);
    if (!layout || !table || !view) return;
    markers ??= createMarkerCache(globalThis.devicePixelRatio || 1, theme.back);
    const { box, x, y } = layout;
    drawAxes(pen, box, view, x, y, theme);
    drawReferences(pen, box, view, x, y, table.references, theme);
    if (interval) drawIntervals(pen, layout, view, colours, interval);
    drawPoints(pen, layout, markers, colours, shapes, selected);
    placeRings();
  }
  function drawOver() {
    if (signal.aborted || !area.isConnected) return;
    theme ??= readTheme(area);
    const { pen, width, height } = fitCanvas(over);
    pen.clearRect(0, 0, width, height);
    if (drag?.moved) drawDrag(pen, drag, theme);
  }
  function placeOf(row) {
    return layout && row >= 0 && !Number.isNaN(layout.px[row]) ? [layout.px[row], layout.py[row]] : null;
  }
  function placeRings() {
    for (
      const [ring, place] of
      /** @type {const} */
      [[chosenRing, placeOf(chosen)], [hoverRing, placeOf(hovered)]]
    ) {
      ring.style.visibility = place ? "visible" : "hidden";
      if (place) ring.style.transform = `translate(${place[0]}px, ${place[1]}px)`;
    }
  }
  const detailsOf = (row) => describeRow(ROLES.map(columnOf2), row);
  function showTip(row) {
    const place = placeOf(row);
    if (!place || !layout || !table) tip.hide();
    else tip.show(place, layout.box, table.prompts[table.promptOf[row]] || table.keys[row], detailsOf(row));
  }
  function setChosen(row) {
    chosen = row;
    placeRings();
  }
  function chooseRow(row) {
    if (row < 0) return;
    setChosen(row);
    live.textContent = detailsOf(row).map(([name, value]) => `${name} ${value}`).join(", ");
    onChoose(row);
  }
  function resetView() {
    view = layout = null;
    zoomed = false;
    update();
  }
  function setView(next) {
    if (!next) return;
    view = next;
    zoomed = true;
    update();
  }
  function select(rows) {
    selected = new Set(rows);
    redraw();
  }
  function selectAndTell(rows) {
    select([...rows].sort((a, b) => a - b));
    onSelect([...selected]);
  }
  function toggleSelected(row) {
    selectAndTell(selected.has(row) ? [...selected].filter((other) => other !== row) : [...selected, row]);
  }
  function finishDrag({ tool: used, path, adding }) {
    if (!layout || !view) return;
    if (used === "zoom") return setView(viewOfRectangle(view, layout.box, path[0], path[path.length - 1]));
    const { grid, px, py } = layout;
    selectAndTell([...adding ? selected : [], ...grid.rows.filter((row) => pointInPolygon(path, px[row], py[row]))]);
  }
  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !layout) return;
    const [x, y] = pointerPlace(area, event), other = tool === "zoom" ? "lasso" : "zoom";
    drag = { tool: event.shiftKey ? other : tool, path: [[x, y]], moved: false, adding: event.ctrlKey || event.metaKey };
    area.setPointerCapture(event.pointerId);
    const row = layout.grid.nearest(x, y);
    clearTimeout(restTimer);
    if (row >= 0) onNear(row);
  });
  area.addEventListener("pointermove", (event) => {
    const [x, y] = pointerPlace(area, event);
    if (drag) {
      const [startX, startY] = drag.path[0];
      drag.moved ||= Math.hypot(x - startX, y - startY) > CLICK_DISTANCE;
      drag.path.push([x, y]);
      redrawDrag();
      return;
    }
    const row = layout ? layout.grid.nearest(x, y) : -1;
    if (row === hovered) return;
    hovered = row;
    clearTimeout(restTimer);
    if (row >= 0) restTimer = setTimeout(onNear, REST_MS, row);
    area.style.cursor = row < 0 ? "crosshair" : "pointer";
    showTip(row);
    placeRings();
  });
  area.addEventListener("pointerleave", () => {
    hovered = -1;
    clearTimeout(restTimer);
    showTip(-1);
    placeRings();
  });
  area.addEventListener("pointercancel", () => {
    drag = null;
    redrawDrag();
  });
  area.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const done = drag;
    drag = null;
    if (!layout) layOut();
    if (!layout) return;
    if (done.moved) finishDrag(done);
    else chooseRow(layout.grid.nearest(...pointerPlace(area, event)));
    redrawDrag();
  });
  area.addEventListener("dblclick", resetView);
  area.addEventListener("wheel", (event) => {
    if (!layout || !view || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    setView(zoomView(view, layout.box, Math.exp(event.deltaY / 400), ...pointerPlace(area, event)));
  }, { passive: false });
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== area || !layout || !view) return false;
    const place = placeOf(chosen), { box, px, py } = layout, { key } = event;
    const [h, v] = place ?? [box.left + box.width / 2, box.top + box.height / 2];
    if (key in ARROWS) chooseRow(place ? nearestInDirection(px, py, chosen, ARROWS[key]) : nearestRow(layout, h, v));
    else if (key === "Enter" && place) chooseRow(chosen);
    else if (key === "+" || key === "-") setView(zoomView(view, box, key === "+" ? 1 / 1.4 : 1.4, h, v));
    else if (key === "0") resetView();
    else if (key === "s" && place) toggleSelected(chosen);
    else if (key === "Escape" && selected.size) selectAndTell([]);
    else return false;
    event.preventDefault();
    return true;
  }
  onThemeChange(() => {
    theme = markers = null;
    redraw();
  }, signal);
  onResize(area, () => {
    markers = null;
    update();
  }, signal);
  return {
    area,
    tools: [tools.root, reset],
    onKey,
    select,
    setChosen,
    get colours() {
      return colours;
    },
    get shapes() {
      return shapes;
    },
    /**
     * Shows a table, or the same one in another way.
     * @param {Table} next
     * @param {Fields} names
     * @param {Uint8Array | null} rows Which rows are shown; null for all.
     * @param {[Float32Array, Float32Array] | null} bars
     */
    show(next, names, rows, bars) {
      if (names.x !== fields.x || names.y !== fields.y) resetView();
      if (next !== table) {
        hovered = -1;
        layout = null;
        if (!zoomed) view = null;
        clearTimeout(restTimer);
      }
      [table, fields, visibleRows, interval] = [next, names, rows, bars];
      colours = colourScale(columnOf2("colour"));
      shapes = columnLevels(columnOf2("shape"));
      update();
    }
  };
}

// chart.js
var ROLES2 = [["y", "Y axis"], ["x", "X axis"], ["colour", "Colour"], ["shape", "Shape"]];
function createChart(root, signal, { onFields, ...plotHandlers }) {
  const bar = make("div", { class: "mg-bar mg-roles" }), body = make("div"), legend = make("div", { class: "mg-legend" });
  root.append(bar, body, legend);
  const plot = createPlot(body, signal, plotHandlers);
  let table = null;
  let fields = {};
  let visibleRows = null;
  let interval = null;
  let shownSelects = "";
  function roleSelects(current) {
    return ROLES2.map(([role, title]) => ({ role, title, value: fields[role] ?? "", options: columnOptions(current, role) }));
  }
  function updateSelects() {
    if (!table) return;
    const selects = roleSelects(table), text = JSON.stringify(selects);
    if (text === shownSelects) return;
    shownSelects = text;
    bar.replaceChildren(...selects.map(({ role, title, value, options }) => make(
      "label",
      { class: "mg-role" },
      `${title} `,
      makeSelect(title, options, value, (name) => setField(role, name))
    )), make("span", { class: "mg-gap" }), ...plot.tools);
  }
  function setField(role, name) {
    fields = { ...fields, [role]: name };
    if (table) shownSelects = JSON.stringify(roleSelects(table));
    draw();
    onFields(fields);
  }
  function draw() {
    if (!table) return;
    plot.show(table, fields, visibleRows, interval);
    const colour = columnOf(table, fields.colour), shape = columnOf(table, fields.shape);
    legend.replaceChildren(...colour ? makeColourLegend(colour) : [], ...shape ? makeShapeLegend(shape) : []);
  }
  function makeColourLegend(column) {
    const { levels, range, palette } = plot.colours, parts = [make("span", { class: "mg-legendname" }, axisLabel(column))];
    if (levels) parts.push(...levels.map((name, i) => makeItem(name, 0, palette[i])));
    if (range) {
      const strip = make("span", { class: "mg-ramp" });
      strip.style.background = `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map(rampColour).join(", ")})`;
      parts.push(make("span", { class: "mg-item" }, formatNumber(range[0]), strip, formatNumber(range[1])));
    }
    return parts;
  }
  function makeShapeLegend(column) {
    const title = make("span", { class: "mg-legendname" }, axisLabel(column));
    if (!plot.shapes) return [title, make("span", { class: "mg-item" }, `more than ${MAX_LEVELS} kinds: no shapes`)];
    return [title, ...plot.shapes.names.map((name, i) => makeItem(name, i, "#808080"))];
  }
  return {
    area: plot.area,
    onKey: plot.onKey,
    select: plot.select,
    setChosen: plot.setChosen,
    /**
     * Takes another table.
     * @param {Table} next
     * @param {Fields} names
     * @param {[string, string] | null} [ends] The columns with the ends of a bar at each point.
     */
    setTable(next, names, ends = null) {
      [table, fields] = [next, names];
      const low = columnOf(next, ends?.[0]), high = columnOf(next, ends?.[1]);
      interval = low && high ? [low.values, high.values] : null;
      updateSelects();
      draw();
    },
    /** @param {Fields} names */
    setFields(names) {
      fields = { ...fields, ...names };
      updateSelects();
      draw();
    },
    /** @param {Uint8Array | null} rows */
    setFilter(rows) {
      visibleRows = rows;
      draw();
    }
  };
}
function columnOf(table, name) {
  return name ? table.columns.get(name) : void 0;
}
function columnOptions(table, role) {
  const onAxis = role === "x" || role === "y";
  const columns = [...table.columns.values()].filter((column) => onAxis || role === "colour" && !column.levels || columnLevels(column) !== null);
  const settings = columns.filter((column) => !column.metric), metrics = columns.filter((column) => column.metric);
  const options = [...settings, ...metrics].map((column) => (
    /** @type {[string, string]} */
    [column.name, axisLabel(column)]
  ));
  return onAxis ? options : [["", "none"], ...options];
}
function makeItem(name, shape, colour) {
  const canvas = make("canvas", { width: 28, height: 28, class: "mg-swatch", "aria-hidden": "true" });
  drawMarker(penOf(canvas), shape, colour, 14, 14, 9);
  return make("span", { class: "mg-item" }, canvas, make("span", { class: "mg-itemname" }, name));
}

// estimate.js
function makeFact(name, value, note) {
  return make(
    "div",
    { class: "mg-fact" },
    make("div", { class: "mg-factname" }, name),
    make("div", { class: "mg-factvalue" }, value),
    make("div", { class: "mg-help" }, note)
  );
}
function createEstimate(store) {
  const root = make("div", { class: "mg-facts", role: "group", "aria-label": "Estimate for the sweep" });
  const code = make("pre", { class: "mg-code", tabindex: 0, "aria-label": "The sweep as YAML" });
  const copyNote = make("span", { class: "mg-note", role: "status" });
  const copy = makeButton("Copy", "Copy the file's text", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent ?? "");
      copyNote.textContent = "Copied";
    } catch {
      getSelection()?.selectAllChildren(code);
      copyNote.textContent = "Selected: press Ctrl+C";
    }
  });
  const file = make(
    "details",
    { class: "mg-file", hidden: true },
    make("summary", {}, "This sweep as a YAML file, for mgeval run"),
    code,
    make("div", { class: "mg-bar" }, copy, copyNote)
  );
  function makeFacts({ clips, to_make: missing, audio_seconds: audio, disk_bytes: disk, seconds }) {
    const done = clips - missing;
    const sweep = makeFact("Sweep", formatClips(clips), done ? `${done.toLocaleString("en")} of them in ${store}` : `none in ${store} yet`);
    if (!missing) return [sweep, makeFact("To make", "nothing", "all clips exist")];
    return [
      sweep,
      makeFact("To make", `${formatDuration(audio)} of audio`, done ? formatClips(missing) : "all clips together"),
      seconds === null ? makeFact("Time", "not known", "until the first clips are made") : makeFact("Time", `about ${formatDuration(seconds)}`, "at the pace of earlier clips"),
      makeFact("Disk", `about ${formatBytes(disk)}`, `in ${store}`)
    ];
  }
  return {
    root,
    file,
    /** Shows that the fields changed since. */
    markStale() {
      root.dataset.stale = "true";
    },
    /** @param {SweepEstimate} estimate */
    show(estimate) {
      const { yaml } = estimate;
      delete root.dataset.stale;
      file.hidden = yaml === void 0;
      if (yaml === void 0) {
        root.replaceChildren();
        return;
      }
      code.textContent = yaml;
      copyNote.textContent = "";
      root.replaceChildren(...makeFacts(estimate));
    }
  };
}

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

// sweepform.js
function createSweepForm(controls, onChange) {
  const grid = make("div", { class: "mg-fields" });
  const prompts = makeField("Prompts", "One on each line.", makeTextArea(4, onChange));
  const fields = /* @__PURE__ */ new Map([["prompts", prompts]]);
  for (const { name, label, meaning, valid, default: value } of controls) {
    const isSeed = name === "seed";
    const help = isSeed ? `one take of each prompt and setting for each seed (${valid})` : `${meaning} (${valid})`;
    const input = makeTextInput("", onChange, { class: "mg-input mg-short mg-values", placeholder: isSeed ? "0, 1, 2" : value });
    const field = makeField(isSeed ? "seeds" : label, help, input);
    fields.set(isSeed ? "seeds" : name, field);
    grid.append(field.root);
  }
  return {
    root: make("div", { class: "mg-form-inside" }, prompts.root, make(
      "p",
      { class: "mg-help" },
      "Several values, such as 1, 3, 5, make a setting an axis of the sweep; a blank field uses the value in grey."
    ), grid),
    get values() {
      return Object.fromEntries([...fields].map(([name, { input }]) => [name, input.value]));
    },
    /** @param {Record<string, string>} values */
    setValues(values) {
      for (const [name, value] of Object.entries(values)) {
        const field = fields.get(name);
        if (field && field.input.value !== value) field.input.value = value;
      }
    },
    /** @param {Problems} wrong */
    showProblems(wrong) {
      fields.forEach((field, name) => field.showProblem(wrong[name]));
    }
  };
}

// tablelink.js
function createTableLink(model, channel, chart, showStatus, { trait = "value", onTable = () => {
} } = {}) {
  const rowByKey = /* @__PURE__ */ new Map();
  let table = null;
  let fetching = false, outdated = false;
  const showError = (error) => showStatus(errorText(error), true);
  function showSelection({ keys }) {
    const selected = new Set(keys), all = table?.keys ?? [];
    chart.select([...all.keys()].filter((row) => selected.has(all[row])));
  }
  function showChosen() {
    chart.setChosen(rowByKey.get(model.get(trait)) ?? -1);
  }
  function setTable(answer) {
    const next = table = unpackTable(answer);
    rowByKey.clear();
    next.keys.forEach((key, row) => rowByKey.set(key, row));
    chart.setTable(next, Object.fromEntries(ROLES.map((role) => [role, model.get(role)])), answer.interval);
    showSelection({ keys: answer.selected });
    showChosen();
    onTable(next);
  }
  async function fetchTable() {
    outdated = true;
    if (fetching || !table) return;
    fetching = true;
    try {
      while (outdated) {
        outdated = false;
        setTable(await channel.ask("table"));
      }
    } catch (error) {
      showError(error);
    }
    fetching = false;
  }
  const keysOf = (rows) => rows.flatMap((row) => table?.keys[row] ?? []);
  channel.listen("selected", showSelection);
  channel.listen("table", fetchTable);
  model.on(`change:${trait}`, showChosen);
  for (const role of ROLES) model.on(`change:${role}`, () => {
    if (table) chart.setFields({ [role]: model.get(role) });
  });
  return {
    rowByKey,
    showError,
    async start() {
      setTable(await channel.hello("table"));
    },
    /**
     * Tells the kernel what was chosen: after the clip sounds, which nothing may delay, unless another was chosen since.
     * @param {number} row
     * @param {Promise<void>} [sound]
     */
    async choose(row, sound) {
      const key = table?.keys[row];
      if (key === void 0) return;
      model.set(trait, key);
      await sound;
      if (model.get(trait) === key) channel.ask("choose", { key }).catch(showError);
    },
    /** @param {number[]} rows */
    select(rows) {
      channel.ask("select", { keys: keysOf(rows) }).catch(showError);
    },
    /** @param {Fields} fields */
    sendFields(fields) {
      channel.ask("fields", { fields }).catch(showError);
    }
  };
}

// sweepbuilder.js
var ESTIMATE_PAUSE_MS = 200;
var BUSY_LABELS = { running: "Pause", paused: "Resume", stopping: "Stopping …", measuring: "Measuring …" };
function render({ model, el, signal }) {
  prepareRoot(el);
  const channel = createChannel(model, signal), about = model.get("about"), progress = createProgress("Clips made");
  let requests = 0, starting = false;
  let latest = null;
  let lastState = "ready";
  let keys = [];
  let opened = null;
  const estimateTimer = debounce(requestEstimate, ESTIMATE_PAUSE_MS), estimate = createEstimate(about.store);
  const form = createSweepForm(about.controls, () => {
    estimate.markStale();
    estimateTimer.schedule();
  });
  const mainButton = makeButton("Start", "Make the missing clips", pressMain);
  const stopButton = makeButton("Stop", "Stop; finished clips are kept, and the sweep can be resumed", stop);
  stopButton.setAttribute("aria-label", "Stop the sweep");
  mainButton.classList.add("mg-primary");
  el.append(make(
    "div",
    { class: "mg-form" },
    form.root,
    estimate.root,
    make("div", { class: "mg-bar" }, mainButton, stopButton, progress.root),
    estimate.file
  ));
  const result = make("div", { class: "mg-result", hidden: true });
  el.append(result);
  const chart = createChart(result, signal, {
    onChoose(row) {
      resumeAudio();
      link.choose(row, open(row, true));
    },
    onNear: (row) => player.preload(keys[row]),
    onSelect: (rows) => link.select(rows),
    onFields: (fields) => link.sendFields(fields)
  });
  const player = createPlayer(result, channel, signal, { onKeep: (key) => model.set("other", key) });
  const link = createTableLink(model, channel, chart, progress.showNote, { trait: "chosen", onTable(table) {
    keys = table.keys;
    result.hidden = !table.size;
    el.dataset.ready = String(table.size);
  } });
  function showError(error) {
    progress.showNote(errorText(error), true);
  }
  function open(row, play) {
    opened = keys[row];
    return player.load(opened, { play });
  }
  function openFromModel() {
    const row = link.rowByKey.get(model.get("chosen"));
    if (row !== void 0 && keys[row] !== opened) open(row, false);
  }
  function requestEstimate() {
    const request = ++requests;
    channel.ask("form", { form: form.values }).then((answer) => {
      if (request !== requests) return;
      latest = answer;
      form.showProblems(answer.wrong);
      estimate.show(answer);
      showProgress();
    }, showError);
  }
  function pressMain() {
    const { state } = model.get("status");
    if (state === "running") channel.ask("pause").catch(showError);
    else if (state === "paused") channel.ask("resume").catch(showError);
    else if (!(state in BUSY_LABELS) && !starting) start();
  }
  function start() {
    estimateTimer.cancel();
    starting = true;
    progress.showNote("Starting …");
    channel.ask("start", { form: form.values }).then(() => progress.showNote("")).catch((error) => {
      showError(error);
      requestEstimate();
    }).finally(() => {
      starting = false;
      showProgress();
    });
  }
  function stop() {
    channel.ask("stop").catch(showError);
  }
  function showProgress() {
    const { state, made, failed, total, measured, eta } = model.get("status"), busy = state in BUSY_LABELS;
    const label = BUSY_LABELS[state] ?? startLabel();
    mainButton.replaceChildren(label);
    mainButton.setAttribute("aria-label", /^(Start|Pause|Resume)$/.test(label) ? `${label} the sweep` : label);
    if (busy) stopButton.disabled = state === "stopping" || state === "measuring";
    else swapEnabled(mainButton, stopButton);
    const lost = failed ? `, ${failed} failed` : "";
    const left = eta && eta > 0 && state === "running" ? `, about ${formatDuration(eta)} left` : "";
    progress.show(made, busy ? total : 0, busy ? `${made} of ${total} clips made, ${measured} measured${lost}${left}` : "");
    el.dataset.state = state;
    if (lastState in BUSY_LABELS && !busy) requestEstimate();
    lastState = state;
  }
  function startLabel() {
    if (!latest || latest.clips === void 0 || latest.to_make === latest.clips) return "Start";
    return latest.to_make ? "Resume" : "Show clips";
  }
  function showStatus() {
    const { note, wrong } = model.get("status");
    showProgress();
    progress.showNote(note, wrong);
  }
  model.on("change:status", showStatus);
  model.on("change:form", () => {
    form.setValues(model.get("form"));
    requestEstimate();
  });
  model.on("change:chosen", openFromModel);
  model.on("change:other", () => player.loadOther(model.get("other")));
  el.addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && target instanceof Node && form.root.contains(target)) {
      event.preventDefault();
      event.stopPropagation();
      if (!(model.get("status").state in BUSY_LABELS)) pressMain();
      return;
    }
    const onPlot = target === chart.area;
    if (!(onPlot && chart.onKey(event))) player.onKey(event, !onPlot);
  });
  form.setValues(model.get("form"));
  showStatus();
  link.start().then(() => {
    requestEstimate();
    openFromModel();
  }).catch(showError);
}
var sweepbuilder_default = { render };
export {
  sweepbuilder_default as default
};

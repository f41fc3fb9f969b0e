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

// canvas.js
function drawLine(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
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
function formatDifference(value) {
  return value > 0 ? `+${formatNumber(value)}` : formatNumber(value);
}
function formatTime(seconds) {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths % 600 / 10)).padStart(2, "0")}.${tenths % 10}`;
}

// table.js
function copyFloats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}
function axisLabel(column) {
  const name = column.label.charAt(0).toUpperCase() + column.label.slice(1);
  return column.unit ? `${name} (${column.unit})` : name;
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

// axes.js
function tickValues(low, high, most) {
  const rough = (high - low) / Math.max(most, 1), size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 5].find((factor) => size * factor >= rough * 0.999) ?? 10);
  const values = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    values.push(Number((i * step).toPrecision(12)));
  }
  return values;
}

// colours.js
var COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#808080"];

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

// differences.js
var SIDE = 14;
var BOTTOM = 34;
var DOT = 3.5;
var REACH = 10;
var BAR = 14;
var [COLOUR_A, COLOUR_B] = [COLOURS[2], COLOURS[3]];
function createDifferencePlot(signal, onChoose) {
  const canvas = make("canvas", { class: "mg-layer" }), tip = make("div", { class: "mg-tip", hidden: true });
  const root = make("div", { class: "mg-dots", role: "img", "aria-label": "Differences of the pairs" }, canvas, tip);
  let table = null;
  let metric = null;
  let mean = null;
  let theme = null;
  let chosen = -1, x = new Float32Array(0), y = x;
  const draw = oncePerFrame(() => {
    if (!metric || signal.aborted || !root.isConnected) return;
    theme ??= readTheme(root);
    const { pen, width, height } = fitCanvas(canvas), scale = findScale(metric.d, width);
    placeDots(metric.d, scale, height);
    pen.clearRect(0, 0, width, height);
    drawAxis(pen, width, height, scale, metric, theme);
    if (mean) drawMean(pen, scale, mean, theme);
    drawDots(pen, metric.d, theme);
  });
  function findScale(differences, width) {
    const [low, high] = finiteRange(differences) ?? [0, 0];
    const least = Math.min(low, 0, mean?.[1] ?? 0), most = Math.max(high, 0, mean?.[2] ?? 0);
    const pad = (most - least || 1) * 0.05, from = least - pad, to = most + pad;
    return { from, to, place: (value) => SIDE + (value - from) / (to - from) * (width - 2 * SIDE) };
  }
  function placeDots(differences, scale, height) {
    const floor = height - BOTTOM - DOT - 2, top = 2 * BAR;
    const counts = /* @__PURE__ */ new Map();
    const levels = [];
    [x, y] = [new Float32Array(differences.length).fill(NaN), new Float32Array(differences.length).fill(NaN)];
    differences.forEach((value, row) => {
      if (Number.isNaN(value)) return;
      const column = Math.round(scale.place(value) / (2 * DOT));
      levels[row] = counts.get(column) ?? 0;
      counts.set(column, levels[row] + 1);
    });
    const step = Math.min(2 * DOT, (floor - top) / Math.max(...counts.values(), 1));
    differences.forEach((value, row) => {
      if (Number.isNaN(value)) return;
      x[row] = scale.place(value);
      y[row] = floor - levels[row] * step;
    });
  }
  function drawDots(pen, differences, colours) {
    const sideColour = (row) => differences[row] < 0 ? COLOUR_A : COLOUR_B;
    for (let row = 0; row < x.length; row++) drawDot(pen, row, DOT, sideColour(row));
    if (chosen < 0) return;
    drawDot(pen, chosen, DOT + 3, colours.text);
    drawDot(pen, chosen, DOT + 0.5, sideColour(chosen));
  }
  function drawDot(pen, row, radius, colour) {
    if (Number.isNaN(x[row])) return;
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(x[row], y[row], radius, 0, 2 * Math.PI);
    pen.fill();
  }
  function rowUnder(event) {
    const [px, py] = pointerPlace(root, event);
    let best = -1, least = REACH * REACH;
    for (let row = 0; row < x.length; row++) {
      const distance = (x[row] - px) ** 2 + (y[row] - py) ** 2;
      if (distance < least) [best, least] = [row, distance];
    }
    return best;
  }
  root.addEventListener("pointermove", (event) => {
    const row = rowUnder(event);
    tip.hidden = row < 0;
    root.style.cursor = row < 0 ? "" : "pointer";
    if (row < 0 || !table || !metric) return;
    const note = [table.notes[row], `B minus A: ${formatNumber(metric.d[row])}`].filter(Boolean).join(", ");
    tip.replaceChildren(make("div", { class: "mg-tiptitle" }, table.prompts[table.promptOf[row]] || "(no prompt)"), note);
    const right = x[row] > root.clientWidth / 2;
    tip.style.transform = `translate(${x[row] + (right ? -10 : 10)}px, 4px)${right ? " translateX(-100%)" : ""}`;
  });
  root.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
  root.addEventListener("click", (event) => {
    const row = rowUnder(event);
    if (row >= 0) onChoose(row);
  });
  const redraw = () => {
    theme = null;
    draw();
  };
  onThemeChange(redraw, signal);
  onResize(root, redraw, signal);
  return {
    root,
    /** @param {PairTable} pairs */
    setTable(pairs) {
      table = pairs;
    },
    /** @param {PairMetric} values @param {Interval | null} interval */
    show(values, interval) {
      [metric, mean] = [values, interval];
      root.setAttribute("aria-label", `A dot for each pair at its difference, B minus A, in ${axisLabel(values)}`);
      draw();
    },
    /** @param {number} row */
    setChosen(row) {
      chosen = row;
      draw();
    }
  };
}
function drawAxis(pen, width, height, scale, metric, theme) {
  const base = height - BOTTOM + 0.5, zero = Math.round(scale.place(0)) + 0.5;
  pen.lineWidth = 1;
  pen.strokeStyle = theme.muted;
  drawLine(pen, SIDE, base, width - SIDE, base);
  pen.setLineDash([4, 3]);
  drawLine(pen, zero, 4, zero, base);
  pen.setLineDash([]);
  pen.fillStyle = theme.muted;
  pen.font = `11px ${theme.font}`;
  pen.textBaseline = "top";
  pen.textAlign = "center";
  for (const value of tickValues(scale.from, scale.to, width / 90)) {
    drawLine(pen, scale.place(value), base, scale.place(value), base + 4);
    pen.fillText(formatDifference(value), scale.place(value), base + 6);
  }
  pen.fillStyle = theme.text;
  pen.fillText(`B minus A: ${axisLabel(metric)}`, width / 2, base + 19, width);
  pen.fillStyle = theme.muted;
  pen.textAlign = "left";
  if (zero < width - 90) pen.fillText("B higher →", zero + 6, 2);
  pen.textAlign = "right";
  if (zero > 90) pen.fillText("← A higher", zero - 6, 2);
}
function drawMean(pen, scale, [mean, low, high], theme) {
  if (mean === null) return;
  const height = BAR + 6;
  pen.strokeStyle = pen.fillStyle = theme.text;
  pen.lineWidth = 2;
  if (low !== null && high !== null) drawLine(pen, scale.place(low), height, scale.place(high), height);
  pen.beginPath();
  pen.arc(scale.place(mean), height, 4, 0, 2 * Math.PI);
  pen.fill();
}

// pairlist.js
var ROW_HEIGHT = 26;
var EXTRA_ROWS = 6;
var PAGE_ROWS = 7;
function createPairList(signal, onChoose) {
  const name = `mg-pair-${Math.random().toString(36).slice(2)}`;
  const content = make("div", { class: "mg-pairroom", role: "presentation" });
  const area = make("div", { class: "mg-pairs", role: "listbox", tabindex: 0, "aria-label": "Pairs: arrow keys choose one" }, content);
  const head = make(
    "div",
    { class: "mg-pair mg-pairhead", "aria-hidden": "true" },
    ...["Prompt", "", "A", "B", "B minus A"].map((title) => make("span", {}, title))
  );
  const root = make("div", { class: "mg-pairbox" }, head, area);
  let table = null;
  let metric = null;
  let rows = [];
  let chosen = -1;
  const draw = oncePerFrame(() => {
    if (!table || !metric || signal.aborted) return;
    const first = Math.max(0, Math.floor(area.scrollTop / ROW_HEIGHT) - EXTRA_ROWS);
    const last = Math.min(rows.length, Math.ceil((area.scrollTop + area.clientHeight) / ROW_HEIGHT) + EXTRA_ROWS);
    content.style.height = `${rows.length * ROW_HEIGHT}px`;
    const nodes = [];
    for (let i = first; i < last; i++) nodes.push(makeRow(table, metric, i));
    if (chosen >= 0 && (chosen < first || chosen >= last)) nodes.push(makeRow(table, metric, chosen));
    content.replaceChildren(...nodes);
    if (chosen >= 0) area.setAttribute("aria-activedescendant", `${name}-${chosen}`);
    else area.removeAttribute("aria-activedescendant");
  });
  function makeRow({ prompts, promptOf, notes }, { a, b, d }, i) {
    const row = rows[i], prompt = prompts[promptOf[row]] || "(no prompt)", note = notes[row];
    const node = make(
      "div",
      {
        class: "mg-pair",
        role: "option",
        id: `${name}-${i}`,
        "aria-selected": String(i === chosen),
        "aria-posinset": i + 1,
        "aria-setsize": rows.length,
        title: note ? `${prompt} (${note})` : prompt,
        onclick: () => chooseIndex(i)
      },
      make("span", { class: "mg-itemname" }, prompt),
      make("span", { class: "mg-itemname mg-note" }, note),
      make("span", {}, formatNumber(a[row])),
      make("span", {}, formatNumber(b[row])),
      make("span", { class: "mg-difference" }, formatDifference(d[row]))
    );
    node.style.top = `${i * ROW_HEIGHT}px`;
    return node;
  }
  function chooseIndex(i) {
    if (!rows.length) return;
    setIndex(Math.min(Math.max(i, 0), rows.length - 1));
    onChoose(rows[chosen]);
  }
  function setIndex(i) {
    chosen = i;
    if (i >= 0 && i * ROW_HEIGHT < area.scrollTop) area.scrollTop = i * ROW_HEIGHT;
    if (i >= 0 && (i + 1) * ROW_HEIGHT > area.scrollTop + area.clientHeight) {
      area.scrollTop = (i + 1) * ROW_HEIGHT - area.clientHeight;
    }
    draw();
  }
  function targetOf(key) {
    switch (key) {
      case "ArrowUp":
        return chosen - 1;
      case "ArrowDown":
        return chosen + 1;
      case "PageUp":
        return chosen - PAGE_ROWS;
      case "PageDown":
        return chosen + PAGE_ROWS;
      case "Home":
        return 0;
      case "End":
        return rows.length - 1;
      case "Enter":
        return chosen;
      default:
        return void 0;
    }
  }
  area.addEventListener("scroll", draw);
  onResize(area, draw, signal);
  return {
    root,
    area,
    /** @param {PairTable} pairs */
    setTable(pairs) {
      table = pairs;
    },
    /** @param {number[]} order The table's rows. @param {PairMetric} values */
    show(order, values) {
      const row = rows[chosen] ?? -1;
      [rows, metric] = [order, values];
      setIndex(rows.indexOf(row));
    },
    /** @param {number} row */
    setChosen(row) {
      setIndex(rows.indexOf(row));
    },
    /**
     * Tells whether the list used the key.
     * @param {KeyboardEvent} event
     */
    onKey(event) {
      const target = targetOf(event.key);
      if (target === void 0 || event.ctrlKey || event.metaKey || event.altKey) return false;
      chooseIndex(target);
      event.preventDefault();
      return true;
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

// compare.js
var ORDERS = [["size", "By difference", "The largest difference first"], ["prompt", "By prompt", "In the order of the table"]];
function render({ model, el, signal }) {
  prepareRoot(el);
  const channel = createChannel(model, signal);
  const head = make("div", { class: "mg-bar mg-roles" }), summary = make("p", { class: "mg-said", role: "status" });
  const reason = make("p", { class: "mg-note" }), below = make("div");
  const plot = createDifferencePlot(signal, (row) => open(row, true));
  const list = createPairList(signal, (row) => open(row, true));
  const orders = makeButtonGroup("Order of the pairs", ORDERS, setOrder);
  el.append(head, summary, reason, plot.root, list.root, below);
  const player = createPlayer(below, channel, signal, { fixedPair: true });
  const showError = (error) => player.showStatus(errorText(error), true);
  let table = null;
  let metric;
  let order = "size";
  let opened = -1;
  const summaries = /* @__PURE__ */ new Map();
  orders.show(order);
  async function open(row, play) {
    if (!table) return;
    if (play) resumeAudio();
    opened = row;
    list.setChosen(row);
    plot.setChosen(row);
    const keys = table.keys[row];
    if (play) {
      model.set("value", keys);
      channel.ask("pair", { keys }).catch(showError);
    }
    await Promise.all([player.load(keys[0], { play }), player.loadOther(keys[1])]);
  }
  function setOrder(next) {
    order = next;
    orders.show(order);
    sortPairs();
  }
  function sortPairs() {
    if (!table || !metric) return;
    const rows = [...table.keys.keys()], { d } = metric;
    const size = (row) => Number.isNaN(d[row]) ? -1 : Math.abs(d[row]);
    if (order === "size") rows.sort((one, other) => size(other) - size(one) || one - other);
    list.show(rows, metric);
  }
  function fetchSummary(name) {
    const known = summaries.get(name) ?? channel.ask("summary", { metric: name });
    summaries.set(name, known);
    return known;
  }
  async function showMetric(name) {
    const next = metric = table?.metrics.find((one) => one.name === name);
    if (!next) return;
    sortPairs();
    plot.show(next, null);
    summary.textContent = "…";
    reason.textContent = "";
    try {
      const answer = await fetchSummary(name);
      if (metric !== next) return;
      summary.textContent = answer.text;
      reason.textContent = answer.reason;
      plot.show(next, answer.ends);
    } catch (error) {
      summaries.delete(name);
      showError(error);
    }
  }
  function start(answer) {
    const values = answer.buffers.map(copyFloats);
    const metrics = answer.metrics.map((one, i) => ({ ...one, a: values[3 * i], b: values[3 * i + 1], d: values[3 * i + 2] }));
    table = { ...answer, metrics };
    list.setTable(table);
    plot.setTable(table);
    const select = makeSelect("Metric", metrics.map((one) => [one.name, axisLabel(one)]), model.get("metric"), (name) => {
      model.set("metric", name);
      channel.ask("metric", { metric: name }).catch(showError);
      showMetric(name);
    });
    model.on("change:metric", () => {
      select.value = model.get("metric");
      if (metric?.name !== select.value) showMetric(select.value);
    });
    head.append(
      makeSideName("A", answer.a),
      makeSideName("B", answer.b),
      make("span", { class: "mg-gap" }),
      make("label", { class: "mg-role" }, "Metric ", select),
      orders.root
    );
    showMetric(model.get("metric"));
    openFromModel();
    el.dataset.ready = String(table.keys.length);
  }
  function openFromModel() {
    const value = model.get("value");
    if (!table || !value) return;
    const row = table.keys.findIndex(([a, b]) => a === value[0] && b === value[1]);
    if (row >= 0 && row !== opened) open(row, false);
  }
  model.on("change:value", openFromModel);
  el.addEventListener("keydown", (event) => {
    const onList = event.target === list.area;
    if (!(onList && list.onKey(event))) player.onKey(event, !onList);
  });
  channel.hello("pairs").then(start).catch(showError);
}
function makeSideName(letter, name) {
  return make("span", { class: "mg-sidename" }, make("b", { class: `mg-letter mg-letter-${letter}` }, letter), ` ${name}`);
}
var compare_default = { render };
export {
  compare_default as default
};

// Elements, canvases, numbers and colours. Texts become text nodes: nothing here reads data as HTML.

export const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#808080"];

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const SHAPES = {
  play: "M5 3.5v13l11-6.5z",
  pause: "M5 4h3.5v12H5zM11.5 4H15v12h-3.5z",
  loop: "M5 7h8V4.5L17 8l-4 3.5V9H7v3H5zM15 13H7v2.5L3 12l4-3.5V11h6V8h2z",
  pin: "M7 3h6v1.5l-1 .8V9l2.5 2v1.5h-3.7L10 17l-.8-4.5H5.5V11L8 9V5.3l-1-.8z",
};

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 20 20", width: 16, height: 16, "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", SHAPES[name]);
  path.setAttribute("fill", "currentColor");
  svg.append(path);
  return svg;
}

// A button that is down or up.
export function toggle(label, title, press, ...inside) {
  return el("button", { type: "button", class: "mg-button", title, "aria-label": label, onclick: press },
    ...(inside.length ? inside : [label]));
}

export function pressed(button, down) {
  button.setAttribute("aria-pressed", String(Boolean(down)));
}

// Buttons of which one is down: `choose` gets its value.
export function segmented(label, options, choose) {
  const buttons = new Map();
  const group = el("div", { class: "mg-segments", role: "group", "aria-label": label });
  for (const [value, text, title] of options) {
    const button = toggle(text, title ?? text, () => choose(value));
    buttons.set(value, button);
    group.append(button);
  }
  const show = (value) => buttons.forEach((button, name) => pressed(button, name === value));
  return { group, show, buttons };
}

export function select(label, options, value, change) {
  const field = el("select", { class: "mg-select", "aria-label": label, onchange: () => change(field.value) });
  for (const [name, text] of options) field.append(el("option", { value: name }, text));
  field.value = value;
  return field;
}

// Sizes as they were last laid out: to ask a canvas while the page changes lays all of the page out.
const sizes = new WeakMap();
const sizing = new ResizeObserver((entries) => {
  for (const { target } of entries) sizes.set(target, [target.clientWidth, target.clientHeight]);
});

// A canvas as large as it is shown, in the screen's own pixels; drawing is in CSS pixels.
export function fitted(canvas) {
  if (!sizes.has(canvas)) {
    sizes.set(canvas, [canvas.clientWidth, canvas.clientHeight]);
    sizing.observe(canvas);
  }
  const [width, height] = sizes.get(canvas), ratio = globalThis.devicePixelRatio || 1;
  const w = Math.round(width * ratio), h = Math.round(height * ratio);
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { pen, width, height };
}

export function theme(node) {
  const style = getComputedStyle(node);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    text: read("--mg-text"), muted: read("--mg-muted"), line: read("--mg-line"),
    back: read("--mg-back"), accent: read("--mg-accent"), font: style.fontFamily,
  };
}

// JupyterLab says on the body which theme is on.
export function onTheme(change, signal) {
  const observer = new MutationObserver(change);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
  signal.addEventListener("abort", () => observer.disconnect());
}

export function onResize(node, change, signal) {
  const observer = new ResizeObserver(change);
  observer.observe(node);
  signal.addEventListener("abort", () => observer.disconnect());
}

// Calls a drawing function once in the next frame, however often it is asked for.
export function inFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  };
}

export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e6 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return text.replace("-", "−");
}

export function signed(value, digits) {
  return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);
}

export function clock(seconds) {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  return `${Math.floor(tenths / 600)}:${String(Math.floor((tenths % 600) / 10)).padStart(2, "0")}.${tenths % 10}`;
}

// @ts-check
// Elements, canvases and the theme. Texts become text nodes: nothing here reads data as HTML.

/** @typedef {import("./types.js").Theme} Theme */
/** @typedef {string | number | boolean | null | undefined | ((event: Event) => unknown)} PropValue */

/**
 * Makes an element. Props are attributes, and listeners where a name starts with "on"; false and null leave one out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, PropValue>} [props]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = String(value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/**
 * Prepares the element that anywidget hands over.
 * @param {HTMLElement} root
 */
export function prepareRoot(root) {
  root.classList.add("mg-root");
  // JupyterLab would take our keys for its own commands.
  root.dataset.lmSuppressShortcuts = "true";
}

const ICON_PATHS = {
  play: "M5 3.5v13l11-6.5z",
  pause: "M5 4h3.5v12H5zM11.5 4H15v12h-3.5z",
  loop: "M5 7h8V4.5L17 8l-4 3.5V9H7v3H5zM15 13H7v2.5L3 12l4-3.5V11h6V8h2z",
  pin: "M7 3h6v1.5l-1 .8V9l2.5 2v1.5h-3.7L10 17l-.8-4.5H5.5V11L8 9V5.3l-1-.8z",
};

/**
 * Makes an icon that screen readers skip.
 * @param {keyof typeof ICON_PATHS} name
 */
export function makeIcon(name) {
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

/**
 * Makes a button; it shows its label unless it gets something else to show.
 * @param {string} label
 * @param {string} title
 * @param {() => unknown} onPress
 * @param {...(Node | string)} content
 */
export function makeButton(label, title, onPress, ...content) {
  return make("button", { type: "button", class: "mg-button", title, "aria-label": label, onclick: () => { onPress(); } },
    ...(content.length ? content : [label]));
}

/**
 * Shows a button as down or up.
 * @param {HTMLButtonElement} button
 * @param {boolean} down
 */
export function setPressed(button, down) {
  button.setAttribute("aria-pressed", String(down));
}

/**
 * Makes a row of buttons of which at most one is down.
 * @template {string} Value
 * @param {string} label
 * @param {[value: Value, text: string, title?: string][]} options
 * @param {(value: Value) => unknown} onChoose
 */
export function makeButtonGroup(label, options, onChoose) {
  /** @type {Map<Value, HTMLButtonElement>} */
  const buttons = new Map();
  const root = make("div", { class: "mg-segments", role: "group", "aria-label": label });
  for (const [value, text, title] of options) {
    const button = makeButton(text, title ?? text, () => onChoose(value));
    buttons.set(value, button);
    root.append(button);
  }
  /** @param {Value | null} value */
  const show = (value) => buttons.forEach((button, name) => setPressed(button, name === value));
  return { root, show, buttons };
}

/**
 * Makes a list to choose from.
 * @param {string} label
 * @param {[value: string, text: string][]} options
 * @param {string} value
 * @param {(value: string) => unknown} onChange
 */
export function makeSelect(label, options, value, onChange) {
  const select = make("select", { class: "mg-select", "aria-label": label, onchange: () => { onChange(select.value); } });
  for (const [name, text] of options) select.append(make("option", { value: name }, text));
  select.value = value;
  return select;
}

// The last known size of each canvas. Reading it from a canvas while the page changes makes the browser lay out the page.
/** @type {WeakMap<Element, [number, number]>} */
const sizes = new WeakMap();
const sizeObserver = new ResizeObserver((entries) => {
  for (const { target } of entries) sizes.set(target, [target.clientWidth, target.clientHeight]);
});

/**
 * Returns the pen of a canvas.
 * @param {HTMLCanvasElement} canvas
 */
export function penOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/**
 * Gives a canvas the resolution of the screen, and returns its pen, which draws in CSS pixels, and its size in these.
 * @param {HTMLCanvasElement} canvas
 */
export function fitCanvas(canvas) {
  let size = sizes.get(canvas);
  if (!size) {
    size = [canvas.clientWidth, canvas.clientHeight];
    sizes.set(canvas, size);
    sizeObserver.observe(canvas);
  }
  const [width, height] = size, ratio = globalThis.devicePixelRatio || 1;
  const columns = Math.round(width * ratio), lines = Math.round(height * ratio);
  // Setting a size clears a canvas, also where it is the same.
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== lines) canvas.height = lines;
  const pen = penOf(canvas);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { pen, width, height };
}

/**
 * Returns where the pointer is in an element, in CSS pixels.
 * @param {Element} node
 * @param {MouseEvent} event
 * @returns {[number, number]}
 */
export function pointerPlace(node, event) {
  const box = node.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

/**
 * Reads the colours and the font that the style sheet gives an element.
 * @param {HTMLElement} node
 * @returns {Theme}
 */
export function readTheme(node) {
  const style = getComputedStyle(node);
  /** @param {string} name */
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    text: read("--mg-text"), muted: read("--mg-muted"), line: read("--mg-line"),
    back: read("--mg-back"), accent: read("--mg-accent"), font: style.fontFamily,
  };
}

/**
 * Calls a function when JupyterLab changes its theme, which it marks on the body.
 * @param {() => unknown} onChange
 * @param {AbortSignal} signal
 */
export function onThemeChange(onChange, signal) {
  const observer = new MutationObserver(() => { onChange(); });
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
  signal.addEventListener("abort", () => observer.disconnect());
}

/**
 * Calls a function when an element changes its size.
 * @param {HTMLElement} node
 * @param {() => unknown} onChange
 * @param {AbortSignal} signal
 */
export function onResize(node, onChange, signal) {
  const observer = new ResizeObserver(() => { onChange(); });
  observer.observe(node);
  signal.addEventListener("abort", () => observer.disconnect());
}

/**
 * Returns a function that runs another one in the next frame: once, however often it is called until then.
 * @param {() => unknown} draw
 */
export function oncePerFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  };
}

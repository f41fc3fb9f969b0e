// @ts-check
// Asks the kernel and waits for its answer; hears what the kernel tells unasked.

/** @typedef {import("./types.js").Answers} Answers */
/** @typedef {import("./types.js").Buffers} Buffers */
/** @typedef {Pick<import("./types.js").WidgetModel<object>, "on" | "send">} Messenger */
/** @typedef {ReturnType<typeof createChannel>} Channel */
/** @typedef {{ resolve: (answer: any) => void, reject: (error: Error) => void }} Waiter */

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 4000;

/**
 * Returns an error's text.
 * @param {unknown} error
 */
export function errorText(error) {
  return error instanceof Error && error.message ? error.message : String(error);
}

/**
 * Creates the page's end of the channel to the kernel.
 * @param {Messenger} model
 * @param {AbortSignal} signal
 */
export function createChannel(model, signal) {
  /** @type {Map<string, Waiter>} */
  const waiters = new Map();
  /** @type {Map<string, (message: any) => unknown>} */
  const listeners = new Map();
  // Several views of one widget hear the same messages: each takes only answers to its own name.
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

  /**
   * Asks the kernel.
   * @template {keyof Answers} Kind
   * @param {Kind} kind
   * @param {object} [message]
   * @returns {Promise<Answers[Kind] & Buffers>}
   */
  function ask(kind, message = {}) {
    const number = `${name}-${++count}`;
    return new Promise((resolve, reject) => {
      waiters.set(number, { resolve, reject });
      model.send({ ask: kind, number, ...message }, undefined, []);
    });
  }

  /**
   * Asks for the first time, and again until an answer comes: before JupyterLab has a subshell for the widgets, a
   * message waits until no cell runs.
   * @template {keyof Answers} Kind
   * @param {Kind} kind
   * @returns {Promise<Answers[Kind] & Buffers>}
   */
  function hello(kind) {
    return new Promise((resolve, reject) => {
      let done = false;
      /** @param {number} pause */
      const send = (pause) => {
        if (done || signal.aborted || pause > LONGEST_RETRY_MS) return;
        ask(kind).then(resolve, reject).finally(() => { done = true; });
        setTimeout(send, pause, 2 * pause);
      };
      send(FIRST_RETRY_MS);
    });
  }

  /**
   * Calls a function with what the kernel tells of a kind.
   * @template Message
   * @param {string} kind
   * @param {(message: Message) => unknown} listener
   */
  function listen(kind, listener) {
    listeners.set(kind, listener);
  }

  return { ask, hello, listen };
}

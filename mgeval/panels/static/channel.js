// Asks the kernel and waits for its answer; hears what it tells unasked.

const AGAIN = 250;

export function channel(model, signal) {
  const waiting = new Map(), told = new Map(), name = Math.random().toString(36).slice(2);
  let count = 0;
  model.on("msg:custom", (message, buffers) => {
    if (message.tell) return told.get(message.tell)?.({ ...message, buffers });
    const answer = waiting.get(message.number);
    if (!answer) return;
    waiting.delete(message.number);
    if (message.error) answer.reject(new Error(message.error));
    else answer.resolve({ ...message, buffers });
  });
  function ask(kind, message = {}, buffers = []) {
    const number = `${name}-${++count}`;
    return new Promise((resolve, reject) => {
      waiting.set(number, { resolve, reject });
      model.send({ ask: kind, number, ...message }, undefined, buffers);
    });
  }
  // What is said before JupyterLab has a subshell for the widgets waits until no cell runs: so it is said again.
  function hello(kind = "hello") {
    return new Promise((resolve, reject) => {
      const say = () => ask(kind).then((answer) => { clearInterval(timer); resolve(answer); }, reject);
      const timer = setInterval(say, AGAIN);
      signal.addEventListener("abort", () => clearInterval(timer));
      say();
    });
  }
  return { ask, hello, listen: (kind, hear) => told.set(kind, hear) };
}

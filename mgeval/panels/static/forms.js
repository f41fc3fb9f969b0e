// What is asked of a listener: which of two, or how good each is.
import { el, segmented, toggle } from "./dom.js";

const CHOICES = { 1: "a", 0: "same", 2: "b" };
// The words of ITU-R BS.1534, each a fifth of the scale.
const WORDS = ["Bad", "Poor", "Fair", "Good", "Excellent"];

export function pairForm(letters, sound, changed) {
  let chosen = null;
  const options = [["a", "A is better", "A is better (1)"], ["same", "No difference", "I hear none, or like both as much (0)"],
    ["b", "B is better", "B is better (2)"]];
  const buttons = segmented("Which do you like better?", options, choose);
  buttons.show(null);

  function choose(value) {
    chosen = value;
    buttons.show(value);
    changed();
  }

  return {
    root: el("div", { class: "mg-bar" }, el("span", {}, "Which do you like better?"), buttons.group),
    keys: "Space plays, A and B switch, L loops or not. 1: A is better, 0: no difference, 2: B is better, Enter: next.",
    missing: () => (chosen ? "" : "Which do you like better?"),
    answer: () => chosen,
    keydown(name) {
      if (name in CHOICES) choose(CHOICES[name]);
      return name in CHOICES;
    },
  };
}

export function ratingForm(letters, sound, changed) {
  const given = new Map();
  const rows = letters.map((letter) => {
    const value = el("output", { class: "mg-number" }, "–");
    const slider = el("input", {
      type: "range", min: 0, max: 100, step: 1, value: 50, class: "mg-range mg-unset", "aria-label": `How good is ${letter}?`,
      "aria-valuetext": "not rated", oninput: rate, onclick: rate,
    });
    function rate() {
      given.set(letter, Number(slider.value));
      slider.classList.remove("mg-unset");
      value.textContent = slider.value;
      slider.setAttribute("aria-valuetext", `${slider.value}, ${word(Number(slider.value))}`);
      changed();
    }
    return el("div", { class: "mg-rating" }, toggle(`Hear ${letter}`, `Hear ${letter} (${letter})`, () => sound.hear(letter), letter), slider, value);
  });
  const scale = el("div", { class: "mg-rating", "aria-hidden": "true" }, el("span"),
    el("div", { class: "mg-words" }, ...WORDS.map((one) => el("span", {}, one))), el("span"));
  return {
    root: el("div", { class: "mg-ratings", role: "group", "aria-label": "How good is each clip?" },
      el("p", {}, "How good is each clip, as music for this prompt?"), scale, ...rows),
    keys: `Space plays, ${letters[0]} to ${letters[letters.length - 1]} switch, L loops or not. Tab goes to a slider, arrows move it, Enter: next.`,
    missing() {
      const left = letters.filter((letter) => !given.has(letter));
      return left.length ? `Rate ${left.join(", ").replace(/, (\w)$/, " and $1")}.` : "";
    },
    answer: () => letters.map((letter) => given.get(letter)),
    keydown: () => false,
  };
}

function word(rating) {
  return WORDS[Math.min(Math.floor(rating / 20), 4)].toLowerCase();
}

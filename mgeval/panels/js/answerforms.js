// @ts-check
// What a listener answers: which of two clips is better, or how good each one is.
import { make, makeButton, makeButtonGroup } from "./dom.js";
import { listLetters } from "./format.js";

/** @typedef {{ play: (letter: string) => void }} ClipStrip */
/** @typedef {"a" | "same" | "b"} Choice */

/**
 * A form for an answer.
 * @typedef {object} AnswerForm
 * @property {HTMLElement} root
 * @property {string} help
 * @property {() => string} missing Says what is still to be answered; nothing when all is.
 * @property {() => Choice | null | (number | undefined)[]} answer
 * @property {(key: string) => boolean} onKey Tells whether the form used the key.
 */

/** @type {Record<string, Choice>} */
const CHOICES = { 1: "a", 0: "same", 2: "b" };
// The words of ITU-R BS.1534, each a fifth of the scale.
const WORDS = ["Bad", "Poor", "Fair", "Good", "Excellent"];

/**
 * Creates the form for a pair.
 * @param {string[]} letters
 * @param {ClipStrip} strip
 * @param {() => void} onChange
 * @returns {AnswerForm}
 */
export function createPairForm(letters, strip, onChange) {
  /** @type {Choice | null} */
  let chosen = null;
  const buttons = makeButtonGroup("Which do you prefer?", [["a", "A is better", "A is better (1)"],
    ["same", "No difference", "I hear no difference, or like both equally (0)"], ["b", "B is better", "B is better (2)"]], choose);
  buttons.show(null);

  /** @param {Choice} value */
  function choose(value) {
    chosen = value;
    buttons.show(value);
    onChange();
  }

  return {
    root: make("div", { class: "mg-bar" }, make("span", {}, "Which do you prefer?"), buttons.root),
    help: "Space plays, A and B switch, L turns looping on and off. 1: A is better, 0: no difference, 2: B is better, Enter: next.",
    missing: () => (chosen ? "" : "Choose an answer."),
    answer: () => chosen,
    onKey(key) {
      if (!(key in CHOICES)) return false;
      choose(CHOICES[key]);
      return true;
    },
  };
}

/**
 * Creates the form for ratings.
 * @param {string[]} letters
 * @param {ClipStrip} strip
 * @param {() => void} onChange
 * @returns {AnswerForm}
 */
export function createRatingForm(letters, strip, onChange) {
  /** @type {Map<string, number>} */
  const ratings = new Map();

  /** @param {string} letter */
  function makeRow(letter) {
    const value = make("output", { class: "mg-number" }, "–");
    const slider = make("input", {
      type: "range", min: 0, max: 100, step: 1, value: 50, class: "mg-range mg-unset", "aria-label": `How good is ${letter}?`,
      "aria-valuetext": "not rated", oninput: rate, onclick: rate,
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

  const scale = make("div", { class: "mg-rating", "aria-hidden": "true" }, make("span"),
    make("div", { class: "mg-words" }, ...WORDS.map((word) => make("span", {}, word))), make("span"));
  return {
    root: make("div", { class: "mg-ratings", role: "group", "aria-label": "How good is each clip?" },
      make("p", {}, "How good is each clip, as music for this prompt?"), scale, ...letters.map(makeRow)),
    help: `Space plays, ${letters[0]} to ${letters[letters.length - 1]} switch, L turns looping on and off. `
      + "Tab goes to a slider, arrows move it, Enter: next.",
    missing() {
      const left = letters.filter((letter) => !ratings.has(letter));
      return left.length ? `Rate ${listLetters(left)}.` : "";
    },
    answer: () => letters.map((letter) => ratings.get(letter)),
    onKey: () => false,
  };
}

/** @param {number} rating */
function ratingWord(rating) {
  return WORDS[Math.min(Math.floor(rating / 20), 4)].toLowerCase();
}

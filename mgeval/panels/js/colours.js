// @ts-check
/** Colours that readers with any colour vision can tell apart (Okabe and Ito); the last one is for what has no value. */
export const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#808080"];

// @ts-check
// Numbers as texts. Nothing here needs a page.

/**
 * Writes a number in four digits, with a true minus sign.
 * @param {number | null | undefined} value
 */
export function formatNumber(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e6 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return text.replace("-", "−");
}

/**
 * Writes a number with its sign.
 * @param {number} value
 * @param {number} digits Digits after the point.
 */
export function formatSigned(value, digits) {
  return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);
}

/**
 * Writes a difference: with a plus where it is positive.
 * @param {number} value
 */
export function formatDifference(value) {
  return value > 0 ? `+${formatNumber(value)}` : formatNumber(value);
}

/**
 * Writes a position in a clip as minutes, seconds and tenths.
 * @param {number} seconds
 */
export function formatTime(seconds) {
  // A position such as 0.3 is often a hair less than it should be.
  const tenths = Math.floor(seconds * 10 + 1e-6);
  return `${Math.floor(tenths / 600)}:${String(Math.floor((tenths % 600) / 10)).padStart(2, "0")}.${tenths % 10}`;
}

/**
 * Writes a duration in the largest unit that suits it.
 * @param {number} seconds
 */
export function formatDuration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86400).toFixed(1)} days`;
}

/**
 * Writes a number of bytes in units of a thousand.
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let power = 0;
  while (bytes >= 1000 && power < units.length - 1) { bytes /= 1000; power++; }
  return `${power && bytes < 99.5 ? bytes.toFixed(1) : Math.round(bytes)} ${units[power]}`;
}

/**
 * Writes a number of clips.
 * @param {number} count
 */
export function formatClips(count) {
  return `${count.toLocaleString("en")} ${count === 1 ? "clip" : "clips"}`;
}

/**
 * Joins letters as a sentence lists them: "A, B and C".
 * @param {string[]} letters
 */
export function listLetters(letters) {
  return letters.join(", ").replace(/, (\w)$/, " and $1");
}

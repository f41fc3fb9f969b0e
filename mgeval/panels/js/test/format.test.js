// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatBytes, formatClips, formatDifference, formatDuration, formatNumber, formatSigned, formatTime, listLetters,
} from "../format.js";

test("numbers have four digits and a true minus", () => {
  assert.deepEqual([0, 1, -0.5, 1234.567, 0.00012345, -2e6].map(formatNumber), ["0", "1", "−0.5", "1235", "1.23e−4", "−2.00e+6"]);
  assert.deepEqual([NaN, null, undefined].map(formatNumber), ["–", "–", "–"]);
});

test("differences and signed numbers have their sign", () => {
  assert.deepEqual([0.25, -0.25, 0, NaN].map(formatDifference), ["+0.25", "−0.25", "0", "–"]);
  assert.deepEqual([1.25, -1, 0].map((value) => formatSigned(value, 1)), ["+1.3", "−1.0", "+0.0"]);
});

test("times are minutes, seconds and tenths", () => {
  assert.deepEqual([0, 0.3, 59.96, 61.25, 754.9].map(formatTime), ["0:00.0", "0:00.3", "0:59.9", "1:01.2", "12:34.9"]);
});

test("durations are in the unit that suits them", () => {
  assert.deepEqual([0, 30, 600, 7200, 86400 * 3].map(formatDuration), ["1 s", "30 s", "10 min", "2.0 h", "3.0 days"]);
});

test("sizes are in units of a thousand", () => {
  assert.deepEqual([0, 999, 1000, 48e6, 123e9, 5e15].map(formatBytes), ["0 bytes", "999 bytes", "1.0 kB", "48.0 MB", "123 GB", "5000 TB"]);
});

test("clips are counted and letters are listed", () => {
  assert.deepEqual([0, 1, 1234].map(formatClips), ["0 clips", "1 clip", "1,234 clips"]);
  assert.deepEqual([["A"], ["A", "B"], ["A", "B", "C"]].map(listLetters), ["A", "A and B", "A, B and C"]);
});

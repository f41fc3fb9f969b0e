// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { attenuationFor, describeMatch } from "../levelmatch.js";
import { columnPeaks, correlationBefore, scopeGain } from "../signal.js";

/** @param {...number} values */
const floats = (...values) => Float32Array.of(...values);

/** @param {number} cycles @param {number} samples @param {number} [phase] */
function sine(cycles, samples, phase = 0) {
  return Float32Array.from({ length: samples }, (_, i) => Math.sin((2 * Math.PI * cycles * i) / samples + phase));
}

test("peaks are the lowest and the highest sample of each column", () => {
  const [left, right] = columnPeaks([floats(0, 1, -2, 0.5, 0.25, 0.75), floats(1, 1, 1, -1, -1, -1)], 3);
  assert.deepEqual(left, { low: floats(0, -2, 0.25), high: floats(1, 0.5, 0.75) });
  assert.deepEqual(right, { low: floats(1, -1, -1), high: floats(1, 1, -1) });
});

test("no sample is lost where columns do not divide the samples", () => {
  const samples = sine(3, 1001);
  const [{ low, high }] = columnPeaks([samples], 77);
  assert.equal(Math.max(...high), Math.max(...samples));
  assert.equal(Math.min(...low), Math.min(...samples));
});

test("a clip of fewer samples than columns repeats them, an empty one is silent", () => {
  assert.deepEqual(columnPeaks([floats(0.5, -0.5)], 4), [{ low: floats(0.5, 0.5, -0.5, -0.5), high: floats(0.5, 0.5, -0.5, -0.5) }]);
  assert.deepEqual(columnPeaks([floats()], 2), [{ low: floats(0, 0), high: floats(0, 0) }]);
  assert.deepEqual(columnPeaks([], 2), []);
  assert.deepEqual(columnPeaks([floats(1)], 0), [{ low: floats(), high: floats() }]);
});

test("samples that are NaN are passed over", () => {
  assert.deepEqual(columnPeaks([floats(NaN, 0.5, NaN, NaN)], 2), [{ low: floats(0.5, 0), high: floats(0.5, 0) }]);
});

test("the scope's gain brings the peak to the upper half", () => {
  assert.equal(scopeGain([floats(0.3)], 1), 2);
  assert.equal(scopeGain([floats(0.1), floats(-0.6)], 1), 1);
  assert.equal(scopeGain([floats(1)], 1), 1);
  assert.equal(scopeGain([floats(0.5)], 4), 0.5);
});

test("the scope's gain has limits, and is 1 for silence", () => {
  assert.equal(scopeGain([floats(1e-9)], 1), 4096);
  assert.equal(scopeGain([floats(1e9)], 1), 1 / 256);
  assert.equal(scopeGain([floats(0, 0)], 1), 1);
  assert.equal(scopeGain([floats(NaN)], 1), 1);
  assert.equal(scopeGain([], 1), 1);
});

test("correlation of equal, opposite and unrelated channels", () => {
  const a = sine(40, 4000), b = sine(40, 4000, Math.PI / 2);
  const near = (/** @type {number | null} */ value, /** @type {number} */ wanted) => assert.ok(value !== null && Math.abs(value - wanted) < 1e-6, `${value}`);
  near(correlationBefore([a, a], 4000, 10000), 1);
  near(correlationBefore([a, a.map((value) => -value / 3)], 4000, 10000), -1);
  near(correlationBefore([a, b], 4000, 10000), 0);
});

test("correlation is of the 400 ms before", () => {
  const a = new Float32Array(8).fill(1), b = floats(-1, -1, -1, -1, 1, 1, 1, 1);
  assert.equal(correlationBefore([a, b], 8, 10), 1);
  assert.equal(correlationBefore([a, b], 4, 10), -1);
  assert.equal(correlationBefore([a, b], 6, 10), 0);
});

test("correlation is not defined for one channel, silence, and no samples", () => {
  const a = sine(4, 400);
  assert.equal(correlationBefore([a], 400, 1000), null);
  assert.equal(correlationBefore([a, new Float32Array(400)], 400, 1000), null);
  assert.equal(correlationBefore([a, a], 0, 1000), null);
});

test("levels match by turning the louder clip down", () => {
  assert.equal(attenuationFor({ lufs: -10 }, { lufs: -16 }), -6);
  assert.equal(attenuationFor({ lufs: -16 }, { lufs: -10 }), -0);
  assert.equal(attenuationFor({ lufs: undefined }, { lufs: -10 }), 0);
  assert.equal(attenuationFor({ lufs: -10 }, null), 0);
  assert.equal(describeMatch(-10, -16), "A is −6.0 dB, so that both have −16.0 LUFS");
  assert.equal(describeMatch(-16, -10), "B is −6.0 dB, so that both have −16.0 LUFS");
  assert.equal(describeMatch(-12, -12), "A and B both have −12.0 LUFS");
});

// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { axisRange, axisTicks, jitter, tickValues } from "../axes.js";

/** @param {...number} values */
const floats = (...values) => Float32Array.of(...values);

test("ticks are round numbers within the range", () => {
  assert.deepEqual(tickValues(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(tickValues(-14.2, -8.9, 3), [-14, -12, -10]);
  assert.deepEqual(tickValues(0, 0.3, 3), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(tickValues(2e6, 8e6, 3), [2e6, 4e6, 6e6, 8e6]);
});

test("there is no tick in an empty range, and no endless loop", () => {
  assert.deepEqual(tickValues(NaN, NaN, 5), []);
  assert.deepEqual(tickValues(3, 2, 5), []);
});

test("a tick room for less than one counts as one", () => {
  assert.deepEqual(tickValues(0, 1, 0), [0, 1]);
});

test("an axis is a twentieth wider than its data on each side", () => {
  assert.deepEqual(axisRange({ values: floats(0, 10) }, null), [-0.5, 10.5]);
  assert.deepEqual(axisRange({ values: floats(0, 10, 99) }, Uint8Array.of(1, 1, 0)), [-0.5, 10.5]);
});

test("an axis includes reference lines that are near, and no others", () => {
  assert.deepEqual(axisRange({ values: floats(0, 16) }, null, [20, -9]), [-1, 21]);
  assert.deepEqual(axisRange({ values: floats(0, 16) }, null, [-4]), [-5, 17]);
  assert.deepEqual(axisRange({ values: floats(0, 10) }, null, [15.1, NaN]), [-0.5, 10.5]);
});

test("one value, none, and zero have an axis of some width", () => {
  assert.deepEqual(axisRange({ values: floats(4) }, null), [3.6, 4.4]);
  assert.deepEqual(axisRange({ values: floats(0) }, null), [-0.1, 0.1]);
  assert.deepEqual(axisRange({ values: floats() }, null), [0, 1]);
  assert.deepEqual(axisRange({ values: floats(NaN, Infinity) }, null), [0, 1]);
});

test("levels stand at whole numbers", () => {
  assert.deepEqual(axisRange({ values: floats(0, 2), levels: ["a", "b", "c"] }, null), [-0.6, 2.6]);
});

test("ticks of levels are their names, shortened, and only those in sight", () => {
  const column = { name: "prompt", label: "prompt", unit: "", metric: false, values: floats(0), levels: ["piano", "a very long name", "drums"] };
  assert.deepEqual(axisTicks(column, [-0.6, 1.5], 9, 6), [[0, "piano"], [1, "a ver…"]]);
  assert.deepEqual(axisTicks({ ...column, levels: undefined }, [-1, 1], 2, 6), [[-1, "−1"], [0, "0"], [1, "1"]]);
});

test("jitter is small, the same each time, and fills its room evenly", () => {
  const values = Array.from({ length: 4000 }, (_, row) => jitter(row));
  assert.ok(values.every((value) => Math.abs(value) <= 0.25));
  assert.deepEqual(values, Array.from({ length: 4000 }, (_, row) => jitter(row)));
  assert.notEqual(values[0], values[1]);
  for (let part = 0; part < 4; part++) {
    const share = values.filter((value) => Math.floor((value + 0.25) * 8) === part).length / values.length;
    assert.ok(Math.abs(share - 0.25) < 0.02, `quarter ${part} holds ${share}`);
  }
});

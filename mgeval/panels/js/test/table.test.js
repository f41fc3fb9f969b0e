// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { axisLabel, columnLevels, copyFloats, describeRow, finiteRange, unpackTable } from "../table.js";

/** @param {...number} values */
const floats = (...values) => Float32Array.of(...values);

test("a table is unpacked from buffers that start anywhere", () => {
  const bytes = new Uint8Array(1 + 6 * 4);
  bytes.set(new Uint8Array(floats(0.5, -1, 2, 0, 1, 0).buffer), 1);
  const view = (/** @type {number} */ from) => new DataView(bytes.buffer, 1 + 8 * from, 8);
  const header = { label: "width", unit: "", metric: true };
  const table = unpackTable({
    columns: [{ ...header, name: "width" }, { ...header, name: "depth" }], keys: ["a", "b"], prompts: ["piano", "drums"],
    references: [{ name: "silence", values: { width: 0 } }], buffers: [view(0), view(1), view(2)],
  });
  assert.equal(table.size, 2);
  assert.deepEqual([...table.columns.keys()], ["width", "depth"]);
  assert.deepEqual(table.columns.get("width")?.values, floats(0.5, -1));
  assert.deepEqual(table.columns.get("depth")?.values, floats(2, 0));
  assert.deepEqual(table.promptOf, floats(1, 0));
  assert.deepEqual(table.references, [{ name: "silence", values: { width: 0 } }]);
});

test("an empty table has no rows", () => {
  const table = unpackTable({ columns: [], keys: [], prompts: [], references: [], buffers: [new DataView(new ArrayBuffer(0))] });
  assert.equal(table.size, 0);
  assert.equal(table.columns.size, 0);
  assert.equal(table.promptOf.length, 0);
});

test("a copy does not change with its buffer", () => {
  const source = floats(1, 2), copy = copyFloats(source);
  source[0] = 9;
  assert.deepEqual(copy, floats(1, 2));
});

test("an axis reads the label and the unit", () => {
  assert.equal(axisLabel({ label: "stereo width", unit: "" }), "Stereo width");
  assert.equal(axisLabel({ label: "loudness", unit: "LUFS" }), "Loudness (LUFS)");
  assert.equal(axisLabel({ label: "", unit: "s" }), " (s)");
});

test("levels of numbers are sorted and have a true minus", () => {
  const levels = columnLevels({ values: floats(0.1, -2, NaN, 0.1, 10) });
  assert.deepEqual(levels?.names, ["−2", "0.1", "10"]);
  assert.deepEqual([...(levels?.codes ?? [])], [1, 0, -1, 1, 2]);
});

test("levels of texts are the column's own", () => {
  const levels = columnLevels({ values: floats(1, NaN, 0), levels: ["mono", "stereo"] });
  assert.deepEqual(levels?.names, ["mono", "stereo"]);
  assert.deepEqual([...(levels?.codes ?? [])], [1, -1, 0]);
});

test("too many levels are none, and so is no column", () => {
  assert.equal(columnLevels({ values: floats(1, 2, 3, 4, 5, 6, 7) })?.names.length, 7);
  assert.equal(columnLevels({ values: floats(1, 2, 3, 4, 5, 6, 7, 8) }), null);
  assert.equal(columnLevels({ values: floats(0), levels: ["a", "b", "c"] }, 2), null);
  assert.equal(columnLevels(undefined), null);
  assert.deepEqual(columnLevels({ values: floats(NaN) })?.names, []);
});

test("the range skips what is not finite and rows that are off", () => {
  assert.deepEqual(finiteRange(floats(NaN, 3, -1, Infinity, -Infinity)), [-1, 3]);
  assert.deepEqual(finiteRange(floats(3, -1, 8), Uint8Array.of(1, 1, 0)), [-1, 3]);
  assert.deepEqual(finiteRange(floats(5)), [5, 5]);
  assert.equal(finiteRange(floats()), null);
  assert.equal(finiteRange(floats(NaN, Infinity)), null);
  assert.equal(finiteRange(floats(1), Uint8Array.of(0)), null);
});

test("a row is described once for each column", () => {
  const width = { label: "width", unit: "", values: floats(0.25, NaN) };
  const loudness = { label: "loudness", unit: "LUFS", values: floats(-14, -9) };
  const key = { label: "key", unit: "", values: floats(1, NaN), levels: ["C", "D"] };
  assert.deepEqual(describeRow([width, loudness, width, key, undefined], 0),
    [["width", "0.25"], ["loudness", "−14 LUFS"], ["key", "D"]]);
  assert.deepEqual(describeRow([width, key], 1), [["width", "–"], ["key", "–"]]);
});

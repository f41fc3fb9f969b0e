// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { COLOURS } from "../colours.js";
import { fullView, layOutPoints, nearestRow, viewOfRectangle, zoomView } from "../plotlayout.js";
import { colourScale, nearestInDirection, PointGrid, pointInPolygon, rampColour } from "../points.js";

/** @param {...number} values */
const floats = (...values) => Float32Array.of(...values);

test("the ramp goes from its first to its last colour and no further", () => {
  assert.equal(rampColour(0), "rgb(68 1 84)");
  assert.equal(rampColour(0.5), "rgb(42 120 142)");
  assert.equal(rampColour(1), "rgb(122 209 81)");
  assert.equal(rampColour(-3), rampColour(0));
  assert.equal(rampColour(7), rampColour(1));
});

test("few levels have a colour each, and rows without a value are grey", () => {
  const scale = colourScale({ values: floats(3, 1, NaN) });
  assert.deepEqual(scale.levels, ["1", "3"]);
  assert.deepEqual([0, 1, 2].map((row) => scale.palette[scale.indexOf(row)]), [COLOURS[1], COLOURS[0], COLOURS[6]]);
  assert.equal(scale.range, null);
});

test("many numbers have colours of the ramp", () => {
  const values = new Float32Array([...Array(11).keys(), NaN, Infinity, -Infinity]), scale = colourScale({ values });
  const colourOf = (/** @type {number} */ row) => scale.palette[scale.indexOf(row)];
  assert.deepEqual(scale.range, [0, 10]);
  assert.equal(colourOf(0), rampColour(0));
  assert.equal(colourOf(10), rampColour(1));
  assert.equal(colourOf(11), COLOURS[6]);
  assert.equal(colourOf(12), rampColour(1));
  assert.equal(colourOf(13), rampColour(0));
});

test("without a column all points have one colour", () => {
  const scale = colourScale(null);
  assert.equal(scale.palette[scale.indexOf(123)], COLOURS[0]);
});

test("the grid finds the nearest row in reach, of equal ones the last", () => {
  const grid = new PointGrid(floats(10, 30, 30, NaN, 500), floats(10, 30, 30, 20, 20), 100, 60);
  assert.equal(grid.nearest(12, 9), 0);
  assert.equal(grid.nearest(31, 31), 2);
  assert.equal(grid.nearest(60, 10), -1);
  assert.deepEqual([...grid.rows].sort(), [0, 1, 2]);
});

test("the grid agrees with a search of all rows", () => {
  const px = new Float32Array(400), py = new Float32Array(400);
  for (let row = 0; row < 400; row++) [px[row], py[row]] = [(row * 73.7) % 300, (row * 151.3) % 200];
  const grid = new PointGrid(px, py, 300, 200);
  for (let i = 0; i < 200; i++) {
    const x = (i * 37.1) % 300, y = (i * 91.9) % 200;
    const distances = [...px.keys()].map((row) => (px[row] - x) ** 2 + (py[row] - y) ** 2), least = Math.min(...distances);
    const found = grid.nearest(x, y);
    if (least > 14 * 14) assert.equal(found, -1);
    else assert.equal(distances[found], least);
  }
});

test("a grid of nothing finds nothing", () => {
  assert.equal(new PointGrid(floats(), floats(), 0, 0).nearest(0, 0), -1);
});

test("arrows go to the nearest row ahead, and what lies aside counts double", () => {
  const px = floats(0, 10, 12, -5, NaN), py = floats(0, 8, 0, 0, 0);
  assert.equal(nearestInDirection(px, py, 0, [1, 0]), 2);
  assert.equal(nearestInDirection(px, py, 0, [-1, 0]), 3);
  assert.equal(nearestInDirection(px, py, 0, [0, 1]), 1);
  assert.equal(nearestInDirection(px, py, 0, [0, -1]), -1);
  assert.equal(nearestInDirection(floats(4), floats(4), 0, [1, 0]), -1);
});

test("a closed line encloses what is inside it, also where it bends", () => {
  /** @type {[number, number][]} */
  const bent = [[0, 0], [10, 0], [10, 10], [5, 2], [0, 10]];
  assert.equal(pointInPolygon(bent, 5, 1), true);
  assert.equal(pointInPolygon(bent, 5, 8), false);
  assert.equal(pointInPolygon(bent, 1, 6), true);
  assert.equal(pointInPolygon(bent, 11, 1), false);
  assert.equal(pointInPolygon(bent, NaN, 1), false);
  assert.equal(pointInPolygon([], 0, 0), false);
  assert.equal(pointInPolygon([[1, 1]], 1, 1), false);
});

const column = (/** @type {string} */ name, /** @type {number[]} */ ...values) =>
  ({ name, label: name, unit: "", metric: true, values: new Float32Array(values) });
const [x, y] = [column("x", 0, 10, 5, NaN), column("y", 0, 1, 0.5, 0.5)];
const table = {
  keys: ["a", "b", "c", "d"], prompts: [""], promptOf: new Float32Array(4), size: 4, columns: new Map([["x", x], ["y", y]]),
  references: [{ name: "silence", values: { y: -0.2 } }],
};

test("rows stand where their values are, hidden ones and those without a value nowhere", () => {
  const view = fullView(table, x, y, null);
  assert.deepEqual(view.x, [-0.5, 10.5]);
  assert.ok(view.y[0] < -0.2 && view.y[1] > 1);
  const layout = layOutPoints(table, x, y, Uint8Array.of(1, 0, 1, 1), { x: [0, 10], y: [0, 1] }, 276, 156);
  assert.deepEqual([...layout.px], [62, NaN, 162, NaN]);
  assert.deepEqual([...layout.py], [112, NaN, 62, NaN]);
  assert.equal(nearestRow(layout, 1000, 0), 2);
});

test("zooming keeps the place under the pointer", () => {
  const { box } = layOutPoints(table, x, y, null, { x: [0, 10], y: [0, 1] }, 276, 156);
  assert.deepEqual(zoomView({ x: [0, 10], y: [0, 1] }, box, 0.5, 62, 112), { x: [0, 5], y: [0, 0.5] });
  assert.deepEqual(zoomView({ x: [0, 10], y: [0, 1] }, box, 2, 162, 62), { x: [-5, 15], y: [-0.5, 1.5] });
});

test("a rectangle becomes a view in any direction, and a tiny one does not", () => {
  const { box } = layOutPoints(table, x, y, null, { x: [0, 10], y: [0, 1] }, 276, 156);
  const view = { x: [5, 10], y: [0.5, 1] };
  assert.deepEqual(viewOfRectangle({ x: [0, 10], y: [0, 1] }, box, [162, 62], [262, 12]), view);
  assert.deepEqual(viewOfRectangle({ x: [0, 10], y: [0, 1] }, box, [262, 12], [162, 62]), view);
  assert.equal(viewOfRectangle({ x: [0, 10], y: [0, 1] }, box, [100, 20], [103, 90]), null);
});

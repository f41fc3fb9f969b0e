// @ts-check
// The markers of points.
import { penOf } from "./dom.js";

/** @typedef {CanvasRenderingContext2D} Pen */
/** @typedef {ReturnType<typeof createMarkerCache>} MarkerCache */

const SIZE = 4;

/** @type {((pen: Pen, radius: number) => void)[]} */
const SHAPES = [
  (pen, r) => pen.arc(0, 0, r, 0, 2 * Math.PI),
  (pen, r) => pen.rect(-r * 0.88, -r * 0.88, r * 1.76, r * 1.76),
  (pen, r) => tracePolygon(pen, [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]], r),
  (pen, r) => tracePolygon(pen, [[0, -1.2], [1.15, 0.9], [-1.15, 0.9]], r),
  (pen, r) => tracePolygon(pen, [[0, 1.2], [1.15, -0.9], [-1.15, -0.9]], r),
  (pen, r) => traceCross(pen, r, 0),
  (pen, r) => traceCross(pen, r, Math.PI / 4),
];

/** @param {Pen} pen @param {[number, number][]} corners @param {number} r */
function tracePolygon(pen, corners, r) {
  corners.forEach(([x, y], i) => (i ? pen.lineTo(x * r, y * r) : pen.moveTo(x * r, y * r)));
  pen.closePath();
}

/** @param {Pen} pen @param {number} r @param {number} angle */
function traceCross(pen, r, angle) {
  pen.rotate(angle);
  const a = 0.42, b = 1.2;
  tracePolygon(pen, [[-a, -b], [a, -b], [a, -a], [b, -a], [b, a], [a, a], [a, b], [-a, b], [-a, a], [-b, a], [-b, -a], [-a, -a]], r);
}

/**
 * Draws a marker.
 * @param {Pen} pen
 * @param {number} shape
 * @param {string} colour
 * @param {number} x
 * @param {number} y
 * @param {number} [radius]
 */
export function drawMarker(pen, shape, colour, x, y, radius = SIZE) {
  pen.save();
  pen.translate(x, y);
  pen.beginPath();
  SHAPES[shape % SHAPES.length](pen, radius);
  pen.fillStyle = colour;
  pen.fill();
  pen.restore();
}

/**
 * Creates a store of drawn markers: copying a picture is quicker than drawing a path thousands of times.
 * @param {number} ratio Pixels of the screen in one CSS pixel.
 * @param {string} edge The colour around a marker.
 */
export function createMarkerCache(ratio, edge) {
  /** @type {Map<string, HTMLCanvasElement>} */
  const canvases = new Map();
  const side = SIZE * 2 + 6;

  /** @param {number} shape @param {string} colour */
  function draw(shape, colour) {
    const canvas = document.createElement("canvas"), pen = penOf(canvas);
    canvas.width = canvas.height = Math.ceil(side * ratio);
    pen.scale(ratio, ratio);
    drawMarker(pen, shape, edge, side / 2, side / 2, SIZE + 0.8);
    drawMarker(pen, shape, colour, side / 2, side / 2);
    return canvas;
  }

  return {
    half: side / 2,
    side,
    /** @param {number} shape @param {string} colour */
    get(shape, colour) {
      const name = `${shape} ${colour}`, canvas = canvases.get(name) ?? draw(shape, colour);
      canvases.set(name, canvas);
      return canvas;
    },
  };
}

// How an object bends when one of its points is pulled: as a thin plate would, by the rules of analogon.layout.

/** @import {Labels} from "./labels.js" */
/** @import {Point} from "./raster.js" */

/** Between places so many pixels apart, the bending is taken to be straight: good enough while the hand moves. */
const STEP = 4;

/** @param {number} square of a distance */
const bent = (square) => (square > 0 ? square * Math.log(square) : 0);

/**
 * What a plate that takes some points to others adds to any point.
 * @param {Point[]} from @param {Point[]} to @returns {(y: number, x: number) => Point}
 */
export function plate(from, to) {
  const count = from.length;
  const middle = [0, 1].map((axis) => from.reduce((sum, one) => sum + one[axis], 0) / count);
  const spread = [0, 1].map((axis) => {
    const all = from.map((one) => one[axis]);
    return Math.max(...all) - Math.min(...all);
  });
  const scale = Math.max(...spread, 1);
  const knots = from.map(([y, x]) => [(y - middle[0]) / scale, (x - middle[1]) / scale]);
  const rows = [...from.keys(), count, count + 1, count + 2].map((n) => {
    const flat = (/** @type {number[]} */ [y, x]) => [1, y, x];
    const [v, u] = n < count ? knots[n] : [0, 0];
    const left = knots.map((one) =>
      n < count ? bent((one[0] - v) ** 2 + (one[1] - u) ** 2) : flat(one)[n - count],
    );
    const added = n < count ? [to[n][0] - from[n][0], to[n][1] - from[n][1]] : [0, 0];
    return [...left, ...(n < count ? flat(knots[n]) : [0, 0, 0]), ...added];
  });
  const weights = solved(rows, count + 3);
  return (y, x) => {
    const [v, u] = [(y - middle[0]) / scale, (x - middle[1]) / scale];
    const [one, down, right] = weights.slice(count);
    const sum = [0, 1].map((axis) => one[axis] + v * down[axis] + u * right[axis]);
    knots.forEach(([ky, kx], n) => {
      const by = bent((v - ky) ** 2 + (u - kx) ** 2);
      sum[0] += by * weights[n][0];
      sum[1] += by * weights[n][1];
    });
    return [sum[0], sum[1]];
  };
}

/** A linear system by elimination; what hangs on nothing is 0. @param {number[][]} rows @param {number} count */
function solved(rows, count) {
  for (let n = 0; n < count; n++) {
    let best = n;
    for (let row = n + 1; row < count; row++) if (Math.abs(rows[row][n]) > Math.abs(rows[best][n])) best = row;
    [rows[n], rows[best]] = [rows[best], rows[n]];
    if (Math.abs(rows[n][n]) < 1e-12) continue;
    for (let row = 0; row < count; row++) {
      const by = row === n ? 0 : rows[row][n] / rows[n][n];
      if (by) for (let at = n; at < count + 2; at++) rows[row][at] -= by * rows[n][at];
    }
  }
  return rows.map((row, n) => (Math.abs(row[n]) < 1e-12 ? [0, 0] : [row[count] / row[n], row[count + 1] / row[n]]));
}

/**
 * Where a set of pixels comes to lie when points of it are pulled.
 * @param {Labels} labels @param {ArrayLike<number>} mask @param {number[]} box of the set
 * @param {Point[]} from @param {Point[]} to @param {(place: number, from: number) => void} put
 */
export function bend({ height, width }, mask, box, from, to, put) {
  const back = plate(to, from);
  const far = Math.max(...from.map(([y, x], n) => Math.hypot(to[n][0] - y, to[n][1] - x)));
  const spare = Math.ceil(far) + STEP;
  const top = Math.max(Math.floor(box[0]) - spare, 0);
  const left = Math.max(Math.floor(box[1]) - spare, 0);
  const bottom = Math.min(Math.ceil(box[2]) + spare, height);
  const right = Math.min(Math.ceil(box[3]) + spare, width);
  const [tall, wide] = [Math.ceil((bottom - top) / STEP) + 1, Math.ceil((right - left) / STEP) + 1];
  const grid = new Float64Array(tall * wide * 2);
  for (let row = 0, at = 0; row < tall; row++) {
    for (let column = 0; column < wide; column++, at += 2) {
      [grid[at], grid[at + 1]] = back(top + row * STEP, left + column * STEP);
    }
  }
  for (let row = top; row < bottom; row++) {
    const [v, above] = [((row - top + 0.5) / STEP) % 1, Math.floor((row - top) / STEP) * wide];
    for (let column = left; column < right; column++) {
      const u = ((column - left + 0.5) / STEP) % 1;
      const corner = 2 * (above + Math.floor((column - left) / STEP));
      const below = corner + 2 * wide;
      const mixed = (/** @type {0 | 1} */ axis) =>
        (1 - v) * ((1 - u) * grid[corner + axis] + u * grid[corner + 2 + axis]) +
        v * ((1 - u) * grid[below + axis] + u * grid[below + 2 + axis]);
      const y = Math.floor(row + 0.5 + mixed(0));
      const x = Math.floor(column + 0.5 + mixed(1));
      const place = y * width + x;
      if (y >= 0 && y < height && x >= 0 && x < width && mask[place]) put(row * width + column, place);
    }
  }
}

// Strokes, outlines and fills as sets of pixels, by the very rules of analogon.layout: what is painted is what is
// stored.
//
// Points are [row, column]; pixel i covers [i, i + 1). `put` is called with the place of a pixel, row * width + column,
// perhaps more than once for the same one.

/** @typedef {[number, number]} Point */
/** @typedef {{height: number, width: number}} Shape */
/** @typedef {(place: number) => void} Put */
/** @typedef {[[number, number], [number, number]]} Matrix */

/** Distances and crossings that differ by less than this are one. */
const EXACT = 1e-9;
/** A point this little before the border of two pixels belongs to the later one. */
const BORDER = 1e-6;

/** Numbers are sent in steps of 1/64 pixel, and drawn as they are sent. @param {number} value */
export const rounded = (value) => Math.round(value * 64) / 64;

/**
 * What a round brush covers on a straight way, its radius changing evenly.
 * @param {Shape} shape @param {Point} from @param {number} before radius there
 * @param {Point} to @param {number} after radius there @param {Put} put
 */
export function segment({ height, width }, [y, x], before, [y1, x1], after, put) {
  before = Math.max(before, 0.5);
  after = Math.max(after, 0.5);
  const widest = Math.max(before, after);
  const top = Math.max(Math.trunc(Math.min(y, y1) - widest - 1), 0);
  const left = Math.max(Math.trunc(Math.min(x, x1) - widest - 1), 0);
  const bottom = Math.min(Math.trunc(Math.max(y, y1) + widest) + 2, height);
  const right = Math.min(Math.trunc(Math.max(x, x1) + widest) + 2, width);
  const length = (y1 - y) * (y1 - y) + (x1 - x) * (x1 - x);
  for (let row = top; row < bottom; row++) {
    const down = row + 0.5 - y;
    for (let column = left; column < right; column++) {
      const across = column + 0.5 - x;
      const along = length ? Math.min(Math.max((down * (y1 - y) + across * (x1 - x)) / length, 0), 1) : 0;
      const [v, u] = [down - along * (y1 - y), across - along * (x1 - x)];
      const radius = before + along * (after - before);
      if (v * v + u * u <= radius * radius + EXACT) put(row * width + column);
    }
  }
  const [row, column] = [Math.floor(y), Math.floor(x)];
  if (row >= 0 && row < height && column >= 0 && column < width) put(row * width + column);
}

/**
 * What a round brush covers on its way from point to point.
 * @param {Shape} shape @param {Point[]} points @param {number | number[]} radius @param {Put} put
 */
export function stroke(shape, points, radius, put) {
  const of = (/** @type {number} */ n) => (typeof radius === "number" ? radius : radius[n]);
  points.forEach((point, n) => {
    const next = Math.min(n + 1, points.length - 1);
    segment(shape, point, of(n), points[next], of(next), put);
  });
}

/**
 * Pixels whose centres lie inside a closed outline, wherever it goes around them at least once.
 * @param {Shape} shape @param {Point[]} points @param {Put} put
 */
export function polygon({ height, width }, points, put) {
  const turns = new Int32Array(height * (width + 1));
  const within = (/** @type {number} */ value, /** @type {number} */ most) => Math.min(Math.max(value, 0), most);
  points.forEach(([y, x], n) => {
    const [y1, x1] = points[(n + 1) % points.length];
    const [upper, start, lower, end] = y <= y1 ? [y, x, y1, x1] : [y1, x1, y, x];
    const first = within(Math.ceil(upper - 0.5 - EXACT), height);
    const last = within(Math.ceil(lower - 0.5 - EXACT), height);
    for (let row = first; row < last; row++) {
      const crossing = start + ((row + 0.5 - upper) * (end - start)) / (lower - upper);
      turns[row * (width + 1) + within(Math.ceil(crossing - 0.5 - EXACT), width)] += y <= y1 ? 1 : -1;
    }
  });
  for (let row = 0; row < height; row++) {
    let inside = 0;
    for (let column = 0; column < width; column++) {
      inside += turns[row * (width + 1) + column];
      if (inside) put(row * width + column);
    }
  }
}

/**
 * All pixels of the value of one pixel that are connected with it, or all there are.
 * @param {Shape} shape @param {ArrayLike<number>} values @param {number} start @param {boolean} contiguous
 * @param {number} connectivity 4 or 8 neighbours @param {Put} put
 */
export function fill({ height, width }, values, start, contiguous, connectivity, put) {
  const value = values[start];
  if (!contiguous) {
    for (let place = 0; place < height * width; place++) if (values[place] === value) put(place);
    return;
  }
  const seen = new Uint8Array(height * width);
  const open = [start];
  seen[start] = 1;
  const spread = connectivity === 8 ? 1 : 0;
  while (open.length) {
    const place = /** @type {number} */ (open.pop());
    const row = Math.floor(place / width);
    let [from, to] = [place, place];
    while (from > row * width && values[from - 1] === value) from--;
    while (to < (row + 1) * width - 1 && values[to + 1] === value) to++;
    for (let at = from; at <= to; at++) {
      seen[at] = 1;
      put(at);
    }
    for (const other of [row - 1, row + 1]) {
      if (other < 0 || other >= height) continue;
      const shift = (other - row) * width;
      const first = Math.max(from - spread + shift, other * width);
      const last = Math.min(to + spread + shift, (other + 1) * width - 1);
      for (let at = first; at <= last; at++) {
        if (values[at] !== value || seen[at]) continue;
        seen[at] = 1;
        if (at === first || values[at - 1] !== value) open.push(at);
      }
      // a stretch that begins before `first` is found by its first pixel seen here
    }
  }
}

/**
 * Stretches of rows that hold a set of pixels: row, first column, one past the last.
 * @param {Shape} shape @param {ArrayLike<number>} mask @returns {[number, number, number][]}
 */
export function spans({ height, width }, mask) {
  /** @type {[number, number, number][]} */
  const found = [];
  for (let row = 0; row < height; row++) {
    let start = -1;
    for (let column = 0; column <= width; column++) {
      const on = column < width && mask[row * width + column];
      if (on && start < 0) start = column;
      else if (!on && start >= 0) {
        found.push([row, start, column]);
        start = -1;
      }
    }
  }
  return found;
}

/**
 * Where a set of pixels comes to lie: all goes about `centre` by a matrix in rows and columns, then by `shift`.
 * Each pixel looks up where its own centre came from, so nothing is softened and no hole is left.
 * @param {Shape} shape @param {ArrayLike<number>} mask @param {number[]} box top, left, bottom, right of the set
 * `put` is told where each pixel comes from, too.
 * @param {Matrix} matrix @param {Point} centre @param {Point} shift
 * @param {(place: number, from: number) => void} put
 */
export function warped({ height, width }, mask, box, [[a, b], [c, d]], [cy, cx], [down, right], put) {
  const [ty, tx] = [cy - a * cy - b * cx + down, cx - c * cy - d * cx + right];
  const [ys, xs] = [[], []].map(() => /** @type {number[]} */ ([]));
  for (const y of [box[0], box[2]]) {
    for (const x of [box[1], box[3]]) {
      ys.push(a * y + b * x + ty);
      xs.push(c * y + d * x + tx);
    }
  }
  const top = Math.max(Math.floor(Math.min(...ys)) - 1, 0);
  const left = Math.max(Math.floor(Math.min(...xs)) - 1, 0);
  const bottom = Math.min(Math.ceil(Math.max(...ys)) + 1, height);
  const end = Math.min(Math.ceil(Math.max(...xs)) + 1, width);
  const determinant = a * d - b * c;
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < end; column++) {
      const [v, u] = [row + 0.5 - ty, column + 0.5 - tx];
      const y = Math.floor((v * d - u * b) / determinant + BORDER);
      const x = Math.floor((u * a - v * c) / determinant + BORDER);
      if (y >= 0 && y < height && x >= 0 && x < width && mask[y * width + x]) put(row * width + column, y * width + x);
    }
  }
}

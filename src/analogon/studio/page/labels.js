// The label map that the tools paint into: one integer for each pixel, the place of its class in the list of classes.

/** @import {LabelClass} from "./types.js" */
/** @typedef {[number, number, number, number]} Box top, left, bottom, right */

/** Shown where an object has left and nobody knows yet what will be there. */
export const HOLE = 255;
const WIDE_HOLE = 65535;

export class Labels {
  /** @param {number} height @param {number} width @param {HTMLCanvasElement} canvas */
  constructor(height, width, canvas) {
    this.height = height;
    this.width = width;
    canvas.width = width;
    canvas.height = height;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.image = this.context.createImageData(width, height);
    this.colors = new Uint32Array(this.image.data.buffer);
    /** @type {Uint8Array | Uint16Array} */
    this.values = new Uint8Array(height * width);
    /** What the server has, without what is being painted. @type {Uint8Array | Uint16Array} */
    this.stored = new Uint8Array(height * width);
    this.table = new Uint32Array(65536);
    /** @type {Box} what is not yet drawn */
    this.dirty = [Infinity, Infinity, 0, 0];
  }

  get hole() {
    return this.values instanceof Uint8Array ? HOLE : WIDE_HOLE;
  }

  /** The map that is stored is another one. @param {ArrayBuffer} bytes one or two for each pixel */
  take(bytes) {
    const count = this.height * this.width;
    if (bytes.byteLength !== count && bytes.byteLength !== 2 * count) {
      throw new Error("The server sent a label map of another size: load the page again.");
    }
    this.stored = bytes.byteLength === count ? new Uint8Array(bytes) : new Uint16Array(bytes);
  }

  /** What is stored has changed in a box. @param {Box} box @param {ArrayBuffer} bytes
   * @returns {boolean} whether they fit */
  patch([top, left, bottom, right], bytes) {
    const width = right - left;
    const count = Math.max(bottom - top, 0) * Math.max(width, 0);
    if (bytes.byteLength !== count * this.stored.BYTES_PER_ELEMENT) return false;
    const values = this.stored instanceof Uint8Array ? new Uint8Array(bytes) : new Uint16Array(bytes);
    for (let row = 0; row < bottom - top; row++) {
      this.stored.set(values.subarray(row * width, (row + 1) * width), (top + row) * this.width + left);
    }
    return true;
  }

  /** Show what is stored. */
  show() {
    if (this.values.BYTES_PER_ELEMENT === this.stored.BYTES_PER_ELEMENT) this.values.set(this.stored);
    else this.values = this.stored.slice();
    this.all();
  }

  /** @param {LabelClass[]} classes */
  dress(classes) {
    this.table.fill(0);
    classes.forEach(({ color: [r, g, b] }, n) => (this.table[n] = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0));
    this.all();
  }

  /** The place of the pixel at a point; null outside. @param {[number, number]} point row, column */
  place([y, x]) {
    const [row, column] = [Math.floor(y), Math.floor(x)];
    const inside = row >= 0 && column >= 0 && row < this.height && column < this.width;
    return inside ? row * this.width + column : null;
  }

  /** Make one pixel a class. @param {number} place @param {number} value */
  set(place, value) {
    if (this.values[place] === value) return;
    this.values[place] = value;
    const row = Math.floor(place / this.width);
    this.touch(row, place - row * this.width);
  }

  /** @param {number} row @param {number} column */
  touch(row, column) {
    const dirty = this.dirty;
    if (row < dirty[0]) dirty[0] = row;
    if (column < dirty[1]) dirty[1] = column;
    if (row >= dirty[2]) dirty[2] = row + 1;
    if (column >= dirty[3]) dirty[3] = column + 1;
  }

  all() {
    this.dirty = [0, 0, this.height, this.width];
  }

  clean() {
    this.dirty = [Infinity, Infinity, 0, 0];
  }

  /** Draw what has changed. */
  draw() {
    const [top, left, bottom, right] = this.dirty;
    if (bottom <= top) return;
    for (let row = top; row < bottom; row++) {
      for (let place = row * this.width + left; place < row * this.width + right; place++) {
        this.colors[place] = this.table[this.values[place]];
      }
    }
    this.context.putImageData(this.image, 0, 0, left, top, right - left, bottom - top);
    this.clean();
  }
}

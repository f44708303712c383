// The picture that follows the hand: what is wished for goes out, latest first, and what comes is drawn in its box.

import { silent } from "./server.js";

/** @import {Operation} from "./types.js" */
/**
 * @typedef {{number: number, stage: string, box: [number, number, number, number], seconds: number,
 *   format?: "rgb" | "png"}} Part
 */

/**
 * @typedef {object} Told
 * @property {(live: Live) => void} begun
 * @property {(part: Part, milliseconds: number) => void} shown with the time since it was wished for
 * @property {(sentence: string, version?: number) => void} refused
 * @property {() => void} lost for a while
 * @property {() => void} gone there is no such project any more
 */

/** No more wishes than one in so many milliseconds, and none while one is unanswered for less than PATIENCE. */
const PAUSE = 15;
const PATIENCE = 400;
/** What the server closes with where there is nothing to watch. */
const GONE = 4404;

export class Live {
  /**
   * @param {string} path @param {CanvasRenderingContext2D} picture
   * @param {Told} told
   */
  constructor(path, picture, told) {
    this.path = path;
    this.picture = picture;
    this.told = told;
    this.number = 0;
    this.sent = 0;
    this.waiting = false;
    /** @type {Record<string, unknown> | null} */
    this.wish = null;
    /** When the last wish was made, and those that were sent. */
    this.since = 0;
    /** @type {Map<number, number>} */
    this.times = new Map();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.closed = false;
    this.tries = 0;
    this.open();
  }

  open() {
    if (this.closed) return;
    const url = new URL(`${this.path}/live`, document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    /** @type {Part | null} */
    let part = null;
    let drawing = Promise.resolve();
    socket.onopen = () => {
      this.tries = 0;
      silent(false);
      this.waiting = false;
      const wish = this.wish;
      this.told.begun(this);
      if (wish) this.wish = wish;
      this.push();
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") {
        const said = JSON.parse(data);
        part = said.box ? said : null;
        if (said.error) this.told.refused(said.error, said.version);
        if (said.number === this.number) this.waiting = false;
        this.push();
      } else if (part) {
        const mine = part;
        part = null;
        drawing = drawing.then(() => this.draw(mine, data)).catch(() => undefined);
      }
    };
    socket.onclose = ({ code }) => {
      if (this.closed) return;
      if (code === GONE) return this.told.gone();
      // a connection that comes again at once need not trouble anybody
      if (this.tries === 1) this.told.lost();
      if (this.tries > 0) silent(true);
      setTimeout(() => this.open(), Math.min(500 * 2 ** this.tries++, 8000));
    };
  }

  /** @param {"preview" | "final"} want @param {number} version @param {Operation[]} operations not yet committed */
  ask(want, version, operations) {
    this.wish = { want, version, operations };
    this.since = performance.now();
    if (want === "final") this.waiting = false;
    this.push();
  }

  push() {
    if (!this.wish || this.socket?.readyState !== WebSocket.OPEN) return;
    const now = performance.now();
    const pause = Math.max(this.sent + (this.waiting ? PATIENCE : PAUSE) - now, 0);
    clearTimeout(this.timer);
    if (pause > 0) {
      this.timer = setTimeout(() => this.push(), pause);
      return;
    }
    this.socket.send(JSON.stringify({ ...this.wish, number: ++this.number }));
    this.times.set(this.number, this.since);
    this.wish = null;
    this.sent = now;
    this.waiting = true;
  }

  /** @param {Part} part @param {ArrayBuffer} data @returns {Promise<void>} */
  async draw(part, data) {
    if (this.closed) return;
    const [top, left, bottom, right] = part.box;
    const bytes = new Uint8Array(data);
    const count = (bottom - top) * (right - left);
    if (count <= 0) return this.tell(part);
    if (part.format ? part.format === "rgb" : bytes.length === 3 * count) {
      const image = this.picture.createImageData(right - left, bottom - top);
      for (let n = 0, from = 0; n < 4 * count; n += 4, from += 3) {
        image.data[n] = bytes[from];
        image.data[n + 1] = bytes[from + 1];
        image.data[n + 2] = bytes[from + 2];
        image.data[n + 3] = 255;
      }
      this.picture.putImageData(image, left, top);
    } else {
      const image = await createImageBitmap(new Blob([data]), { colorSpaceConversion: "none" });
      if (this.closed) return;
      this.picture.drawImage(image, left, top, right - left, bottom - top);
      image.close();
    }
    this.tell(part);
  }

  /** @param {Part} part */
  tell(part) {
    const since = this.times.get(part.number) ?? performance.now();
    for (const number of this.times.keys()) if (number < part.number) this.times.delete(number);
    this.told.shown(part, performance.now() - since);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }
}

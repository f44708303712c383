// The picture on its stage: where it lies, how large, and what the pointer does on it.
//
// Space, the middle button, the wheel and two fingers move and enlarge; they never reach a tool.

import { box, the } from "./dom.js";

/** @import {Point} from "./raster.js" */
/**
 * @typedef {{shift: boolean, alt: boolean, pressure: number, pen: boolean, touch: boolean, eraser: boolean}} How
 * @typedef {object} Hand what is done with what the pointer does
 * @property {(point: Point, how: How) => void} begin
 * @property {(point: Point, how: How) => void} move
 * @property {() => void} end
 * @property {() => void} cancel
 * @property {(point: Point | null, how: How) => void} hover
 * @property {(by: number) => void} resize
 */

const [LEAST, MOST] = [0.05, 40];

export class Stage {
  /** @param {Hand} hand */
  constructor(hand) {
    this.hand = hand;
    this.element = box("stage");
    this.sheet = box("sheet");
    this.overlay = the("overlay", HTMLCanvasElement);
    this.zoom = 1;
    /** @type {[number, number]} left, top of the picture on the stage */
    this.at = [0, 0];
    this.size = { height: 1, width: 1 };
    this.fitted = true;
    this.space = false;
    /** @type {Map<number, [number, number]>} pointers that are down */
    this.down = new Map();
    /** @type {number | null} the pointer that a tool follows */
    this.leading = null;
    this.panning = false;
    /** Whether a pen leads. */
    this.pen = false;
    const on = this.element;
    on.addEventListener("pointerdown", (event) => this.press(event));
    on.addEventListener("pointermove", (event) => this.follow(event));
    on.addEventListener("pointerup", (event) => this.release(event, true));
    on.addEventListener("pointercancel", (event) => this.release(event, false));
    on.addEventListener("pointerleave", (event) => this.leading === null && this.hand.hover(null, how(event)));
    on.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    on.addEventListener("contextmenu", (event) => event.preventDefault());
    on.addEventListener("blur", () => on.classList.remove("pointed"));
    addEventListener("blur", () => this.hold(false));
    new ResizeObserver(() => (this.fitted ? this.fit() : this.place())).observe(on);
  }

  /** Show a picture of this size. @param {number} height @param {number} width */
  open(height, width) {
    this.size = { height, width };
    this.sheet.style.width = `${width}px`;
    this.sheet.style.height = `${height}px`;
    this.fit();
  }

  /** The whole picture, as large as there is room. */
  fit() {
    const { clientWidth, clientHeight } = this.element;
    const { height, width } = this.size;
    const room = Math.min((clientWidth - 32) / width, (clientHeight - 32) / height);
    this.zoom = Math.min(Math.max(room, LEAST), 16);
    this.at = [(clientWidth - width * this.zoom) / 2, (clientHeight - height * this.zoom) / 2];
    this.fitted = true;
    this.place();
  }

  /** Larger or smaller about a point of the window. @param {number} factor @param {number} [x] @param {number} [y] */
  magnify(factor, x, y) {
    const rect = this.element.getBoundingClientRect();
    const [px, py] = [(x ?? rect.left + rect.width / 2) - rect.left, (y ?? rect.top + rect.height / 2) - rect.top];
    const zoom = Math.min(Math.max(this.zoom * factor, LEAST), MOST);
    this.at = [px - ((px - this.at[0]) * zoom) / this.zoom, py - ((py - this.at[1]) * zoom) / this.zoom];
    this.zoom = zoom;
    this.fitted = false;
    this.place();
  }

  /** @param {number} right @param {number} down in pixels of the window */
  pan(right, down) {
    const { clientWidth, clientHeight } = this.element;
    const keep = 48; // so much of the picture stays in sight
    const within = (/** @type {number} */ at, /** @type {number} */ side, /** @type {number} */ room) =>
      Math.min(Math.max(at, keep - side * this.zoom), room - keep);
    this.at = [
      within(this.at[0] + right, this.size.width, clientWidth),
      within(this.at[1] + down, this.size.height, clientHeight),
    ];
    this.fitted = false;
    this.place();
  }

  place() {
    this.sheet.style.transform = `translate(${this.at[0]}px, ${this.at[1]}px) scale(${this.zoom})`;
    this.sheet.classList.toggle("coarse", this.zoom >= 2);
    this.sheet.classList.toggle("close", this.zoom >= 4);
    const scale = devicePixelRatio;
    const { clientWidth, clientHeight } = this.element;
    if (
      this.overlay.width !== Math.round(clientWidth * scale) ||
      this.overlay.height !== Math.round(clientHeight * scale)
    ) {
      this.overlay.width = Math.round(clientWidth * scale);
      this.overlay.height = Math.round(clientHeight * scale);
    }
    box("zoom").textContent = `${Math.round(this.zoom * 100)} %`;
    this.element.dispatchEvent(new Event("placed"));
  }

  /** The place in the picture. @param {{clientX: number, clientY: number}} event @returns {Point} row, column */
  point(event) {
    const rect = this.element.getBoundingClientRect();
    return [(event.clientY - rect.top - this.at[1]) / this.zoom, (event.clientX - rect.left - this.at[0]) / this.zoom];
  }

  /** Space is down: the hand moves the picture. @param {boolean} on */
  hold(on) {
    this.space = on;
    this.element.classList.toggle("grab", on);
    if (on) this.hand.hover(null, PLAIN);
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.target instanceof Element && event.target.closest("button, input, #divider")) return;
    const touch = event.pointerType === "touch";
    if (touch && this.pen && this.leading !== null) return; // the hand that holds a pen
    this.element.setPointerCapture(event.pointerId);
    this.focus();
    if (!touch) {
      this.drop();
      this.down.clear();
    }
    this.down.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.down.size > 1) {
      if (this.leading !== null) this.hand.cancel();
      this.leading = null;
      this.panning = true;
    } else if (event.button === 1 || this.space) {
      this.panning = true;
      this.element.classList.add("grabbing");
      event.preventDefault();
    } else if (event.button === 0 || event.button === 5) {
      this.panning = false;
      this.leading = event.pointerId;
      this.pen = event.pointerType === "pen";
      this.hand.begin(this.point(event), how(event));
    }
  }

  /** @param {PointerEvent} event */
  follow(event) {
    const before = this.down.get(event.pointerId);
    if (before && this.panning) {
      const others = [...this.down.entries()].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      this.down.set(event.pointerId, [event.clientX, event.clientY]);
      const [right, down] = [event.clientX - before[0], event.clientY - before[1]];
      if (!others.length) this.pan(right, down);
      else {
        const [x, y] = others[0];
        const now = Math.hypot(event.clientX - x, event.clientY - y);
        const was = Math.hypot(before[0] - x, before[1] - y);
        this.pan(right / 2, down / 2);
        if (was > 8) this.magnify(now / was, (event.clientX + x) / 2, (event.clientY + y) / 2);
      }
    } else if (this.leading === event.pointerId) {
      const all = event.getCoalescedEvents?.() ?? [];
      for (const one of all.length ? all : [event]) this.hand.move(this.point(one), how(one));
      this.hand.hover(this.point(event), how(event));
    } else if (!this.space && !this.down.size) this.hand.hover(this.point(event), how(event));
  }

  /** @param {PointerEvent} event @param {boolean} done */
  release(event, done) {
    this.down.delete(event.pointerId);
    this.element.classList.remove("grabbing");
    if (this.leading === event.pointerId) {
      this.leading = null;
      if (done) this.hand.end();
      else this.hand.cancel();
      if (event.pointerType === "touch") this.hand.hover(null, PLAIN);
    }
    if (!this.down.size) this.panning = false;
  }

  /** Keys go here from now on. */
  focus() {
    this.element.classList.add("pointed"); // the ring is for those who came by keys
    this.element.focus({ preventScroll: true });
  }

  /** Give up what a tool is doing. */
  drop() {
    if (this.leading === null) return false;
    this.leading = null;
    this.hand.cancel();
    return true;
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 24 : event.deltaMode === 2 ? 400 : 1;
    if (event.altKey) this.hand.resize(event.deltaY < 0 ? 1 : -1);
    else if (event.shiftKey) this.pan(-(event.deltaX || event.deltaY) * unit, 0);
    else this.magnify(Math.exp((-event.deltaY * unit) / (event.ctrlKey ? 100 : 500)), event.clientX, event.clientY);
  }
}

/** @type {How} */
const PLAIN = { shift: false, alt: false, pressure: 1, pen: false, touch: false, eraser: false };

/** Only a pen knows how hard it is pressed, and has another end. @param {PointerEvent} event @returns {How} */
function how(event) {
  const pen = event.pointerType === "pen";
  const pressure = pen && event.pressure > 0 ? event.pressure : 1;
  return {
    shift: event.shiftKey,
    alt: event.altKey,
    pressure,
    pen,
    touch: event.pointerType === "touch",
    eraser: pen && (event.buttons & 32) !== 0,
  };
}

// Tools that paint: each says what it covers, pixel by pixel, while the hand moves, and what is stored when it lifts.

import { line } from "./outlines.js";
import { fill, polygon, rounded, segment, spans } from "./raster.js";

/** @import {Point} from "./raster.js" */
/** @import {How} from "./stage.js" */
/** @import {Operation} from "./types.js" */
/** @import {Editor} from "./editor.js" */

/** Of a pixel, that it can belong together with: also those at its corners. */
const NEIGHBOURS = 8;

/** @param {Point} point @returns {Point} */
const exact = ([y, x]) => [rounded(y), rounded(x)];

/** What all tools have. */
export class Tool {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
  }
  /** @param {Point} _point @param {How} _how */
  begin(_point, _how) {}
  /** @param {Point} _point @param {How} _how */
  move(_point, _how) {}
  end() {}
  /** What was begun is given up. */
  cancel() {}
  /** Another tool is taken. */
  leave() {}
  /** What keys have begun is brought to its end. */
  settle() {}
  /** Whether keys have begun something. */
  get held() {
    return false;
  }
  /** @param {Point} _point that was clicked twice */
  double(_point) {
    this.key(new KeyboardEvent("keydown", { key: "Enter" }));
  }
  /** A key is let go. @param {KeyboardEvent} _event */
  up(_event) {}
  /** @returns {boolean} whether it used the key @param {KeyboardEvent} _event */
  key(_event) {
    return false;
  }
  /** Draw on the overlay, in pixels of the window. @param {CanvasRenderingContext2D} _on */
  decorate(_on) {}
  /** What would be stored now. @returns {Operation[]} */
  operations() {
    return [];
  }
  /** Radius of the ring at the pointer, in pixels of the picture; null: none. @returns {number | null} */
  ring() {
    return null;
  }
}

/** A stroke that can be taken back until it ends. */
export class Painting extends Tool {
  start() {
    const { labels } = this.editor;
    this.before = labels.values.slice();
    this.locked = this.editor.lockedValues();
    this.mask = new Uint8Array(labels.values.length);
    this.value = this.editor.current;
  }
  /** Cover one pixel. @param {number} place */
  cover(place) {
    if (!this.mask || !this.before || this.mask[place] || this.locked?.has(this.before[place])) return;
    this.mask[place] = 1;
    this.editor.labels.set(place, this.value ?? 0);
  }
  finish() {
    this.before = this.mask = undefined;
  }
  cancel() {
    const begun = this.before !== undefined;
    this.finish();
    if (begun) this.editor.forsake();
  }
  paint() {
    return { paint: this.editor.currentName(), ...this.editor.lockedNames() };
  }
}

export class Brush extends Painting {
  /** @type {Point[]} */ points = [];
  /** @type {number[]} */ radii = [];

  get size() {
    return this.editor.radius.brush;
  }
  ring() {
    return this.size;
  }
  /** @param {How} how */
  radius(how) {
    return rounded(how.pen && this.editor.pressure ? Math.max(this.size * how.pressure, 0.5) : this.size);
  }
  /** @param {Point} point @param {How} how */
  begin(point, how) {
    this.start();
    this.points = [];
    this.radii = [];
    this.move(point, how);
  }
  /** @param {Point} point @param {How} how */
  move(point, how) {
    const last = this.points.at(-1);
    const next = exact(point);
    if (!this.mask || (last && last[0] === next[0] && last[1] === next[1])) return;
    const radius = this.radius(how);
    const before = this.radii.at(-1) ?? radius;
    segment(this.editor.labels, last ?? next, before, next, radius, (place) => this.cover(place));
    this.points.push(next);
    this.radii.push(radius);
    this.editor.drew(this.operations());
  }
  end() {
    if (!this.mask) return;
    const done = this.operations();
    const covered = this.mask.includes(1);
    this.finish();
    if (covered) this.editor.commit(done);
  }
  /** @returns {Operation[]} */
  operations() {
    const same = this.radii.every((radius) => radius === this.radii[0]);
    return [{ do: "brush", ...this.paint(), points: this.points, radius: same ? this.radii[0] : this.radii }];
  }
}

/** Takes pixels from the selected object, or the one where the stroke begins; what lies behind is seen again. */
export class Eraser extends Brush {
  get size() {
    return this.editor.radius.eraser;
  }
  /** @param {Point} point @param {How} how */
  begin(point, how) {
    const { selected, things } = this.editor;
    const thing = selected?.members.length === 1 ? selected : things.at(point);
    if (!thing) return;
    this.of = thing.name;
    this.seen = this.editor.things.maskOf(thing);
    super.begin(point, how);
    this.value = this.editor.labels.hole;
  }
  /** @param {number} place */
  cover(place) {
    if (this.seen?.[place]) {
      this.value = this.editor.labels.hole;
      super.cover(place);
    }
  }
  paint() {
    return /** @type {any} */ ({ of: this.of, erase: true, ...this.editor.fillRule(), ...this.editor.lockedNames() });
  }
}

/** Corners one by one, closed by a double click, Enter or a click on the first one; dragged, it is a lasso. */
export class Outline extends Painting {
  /** @type {Point[]} */ points = [];
  /** @type {Point | null} */ hovered = null;

  /** @param {Editor} editor @param {boolean} lasso */
  constructor(editor, lasso) {
    super(editor);
    this.lasso = lasso;
  }
  /** @param {Point} point @param {How} how */
  begin(point, how) {
    const next = exact(point);
    if (this.lasso) this.points = [next];
    else if (this.closes(next, how.touch ? 20 : 9) && this.points.length > 2) return this.close();
    else if (!this.closes(next, 0.01, -1)) this.points.push(next);
    else if (this.points.length > 2) return this.close();
    this.editor.refresh();
  }
  /** Whether a point is where the outline began, or its last corner. @param {Point} p @param {number} reach */
  closes([y, x], reach, at = 0) {
    const corner = this.points.at(at);
    return corner && Math.hypot(y - corner[0], x - corner[1]) * this.editor.stage.zoom < reach;
  }
  /** @param {Point} point */
  move(point) {
    const next = exact(point);
    const last = this.points.at(-1);
    if (this.lasso && last && (last[0] !== next[0] || last[1] !== next[1])) this.points.push(next);
    this.editor.refresh();
  }
  /** @param {Point | null} point */
  hover(point) {
    this.hovered = point;
    if (this.points.length) this.editor.refresh();
  }
  end() {
    if (this.lasso) this.close();
  }
  close() {
    const points = this.points;
    if (points.length > 2) {
      this.start();
      polygon(this.editor.labels, points, (place) => this.cover(place));
      const changed = this.mask?.some((one) => one);
      this.finish();
      if (changed) this.editor.commit([{ do: "polygon", ...this.paint(), points }]);
    }
    this.points = [];
    this.editor.refresh();
  }
  /** A second finger: the first one meant no corner. */
  cancel() {
    if (this.lasso) this.points = [];
    else this.points.pop();
    this.editor.refresh();
  }
  leave() {
    this.points = [];
    this.editor.refresh();
  }
  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.points.length) return false;
    if (event.key === "Enter") this.close();
    else if (event.key === "Escape") this.leave();
    else if (event.key === "Backspace" || event.key === "Delete") this.points.pop();
    else return false;
    this.editor.refresh();
    return true;
  }
  /** @param {CanvasRenderingContext2D} on */
  decorate(on) {
    if (!this.points.length) return;
    const path = this.hovered && !this.lasso ? [...this.points, this.hovered] : this.points;
    const places = path.map((point) => this.editor.toWindow(point));
    on.beginPath();
    places.forEach(([x, y]) => on.lineTo(x, y));
    if (this.lasso) on.closePath();
    line(on);
    if (this.lasso) return;
    for (const [x, y] of places.slice(0, this.points.length)) {
      on.beginPath();
      on.arc(x, y, 4, 0, 7);
      on.fillStyle = "#fff";
      on.fill();
      line(on);
    }
  }
}

export class Bucket extends Painting {
  /** @type {Operation[]} */ done = [];

  /** @param {Point} point @param {How} how */
  begin(point, how) {
    const { labels } = this.editor;
    const place = labels.place(point);
    if (place === null) return;
    this.start();
    const [row, column] = [Math.floor(point[0]), Math.floor(point[1])];
    const contiguous = this.editor.contiguous !== how.shift;
    fill(labels, this.before ?? [], place, contiguous, NEIGHBOURS, (at) => this.cover(at));
    this.done = [{ do: "fill", ...this.paint(), row, column, ...(contiguous ? {} : { contiguous }) }];
    this.editor.drew(this.done);
  }
  end() {
    // not before the finger lifts: it may be the first of two that move the picture
    const covered = this.mask?.includes(1);
    this.finish();
    if (covered) this.editor.commit(this.done);
  }
}

/** Paints whole superpixels that the hand goes over. */
export class Superpixels extends Painting {
  /** @param {Point} point */
  begin(point) {
    this.start();
    this.taken = new Set();
    this.last = point;
    this.move(point);
  }
  /** @param {Point} point */
  move(point) {
    const { labels, superpixels } = this.editor;
    if (!this.mask || !superpixels || !this.last || !this.taken) return;
    const [[y, x], [y1, x1]] = [this.last, point];
    this.last = point;
    const fresh = new Set();
    // a quick hand goes over several between two events
    const steps = Math.max(Math.ceil(2 * Math.hypot(y1 - y, x1 - x)), 1);
    for (let n = 1; n <= steps; n++) {
      const at = labels.place([y + ((y1 - y) * n) / steps, x + ((x1 - x) * n) / steps]);
      if (at !== null && !this.taken.has(superpixels[at])) fresh.add(superpixels[at]);
    }
    if (!fresh.size) return;
    for (const one of fresh) this.taken.add(one);
    superpixels.forEach((one, place) => fresh.has(one) && this.cover(place));
    this.editor.drew(this.operations());
  }
  end() {
    const done = this.operations();
    this.finish();
    if (done.length) this.editor.commit(done);
  }
  /** @returns {Operation[]} */
  operations() {
    const found = this.mask ? spans(this.editor.labels, this.mask) : [];
    return found.length ? [{ do: "spans", ...this.paint(), spans: found }] : [];
  }
}

export class Picker extends Tool {
  /** @param {Point} point */
  begin(point) {
    const { labels } = this.editor;
    const place = labels.place(point);
    if (place !== null) this.editor.pick(labels.values[place]);
  }
  /** @param {Point} point */
  move(point) {
    this.begin(point);
  }
  end() {
    this.editor.use(this.editor.former);
  }
}

// The tool that bends: an object's handles, and any point of it, can be pulled; the other handles hold it.

import { line, outline, placed, knob } from "./outlines.js";
import { bend } from "./plate.js";
import { rounded } from "./raster.js";
import { Selecting } from "./selecting.js";

/** @import {Point} from "./raster.js" */
/** @import {How} from "./stage.js" */
/** @import {Handle} from "./selecting.js" */

export class Bending extends Selecting {
  /** Where the handles were and are. @type {[Point[], Point[]]} */ pins = [[], []];
  /** The one that is pulled. */ pulled = 0;

  /** @param {Point} point @param {How} how */
  begin(point, how) {
    this.settle();
    this.only = null;
    const { editor } = this;
    const handle = this.handleAt(point, how.touch ? 24 : 12);
    const thing = editor.touched(point);
    if (!handle && (!thing || editor.selection.length !== 1 || editor.selection[0] !== thing)) {
      return editor.select(thing);
    }
    const points = this.handles().map(({ y, x }) => /** @type {Point} */ ([y, x]));
    const own = points.findIndex(([y, x]) => y === handle?.y && x === handle.x);
    this.pulled = own < 0 ? points.length : own;
    if (own < 0) points.push([rounded(point[0]), rounded(point[1])]);
    this.pins = [points, points.slice()];
    this.start({ kind: "bend", from: point, copy: false });
  }

  /** @param {Point} point */
  move(point) {
    const { drag, editor, mask } = this;
    if (!drag || !mask || drag.kind !== "bend") return;
    const [from, to] = this.pins;
    const [down, right] = [rounded(point[0] - drag.from[0]), rounded(point[1] - drag.from[1])];
    if (!this.made.length && !down && !right) return;
    const there = /** @type {Point} */ ([from[this.pulled][0] + down, from[this.pulled][1] + right]);
    // a plate cannot be pulled together to a point
    if (to.some(([y, x], n) => n !== this.pulled && Math.hypot(y - there[0], x - there[1]) < 1)) return;
    to[this.pulled] = there;
    const handles = from.map((one, n) => [...one, ...to[n]]);
    this.each({ do: "deform", handles, ...editor.fillRule() });
    this.show((draw) => bend(editor.labels, mask, drag.whole.box, from, to, draw));
    editor.drew(this.operations());
  }

  /** Corners, the middles of the sides, and the middle. @returns {Handle[]} */
  handles() {
    const whole = this.editor.selection.length === 1 ? this.editor.selected : null;
    if (!whole) return [];
    const [top, left, bottom, right] = whole.box;
    const rows = [top, (top + bottom) / 2, bottom];
    const columns = [left, (left + right) / 2, right];
    return rows.flatMap((y) => columns.map((x) => ({ y, x, kind: "bend", sides: [0, 0] })));
  }

  /** @param {Point} point @returns {string} */
  cursor(point) {
    if (this.handleAt(point, 12)) return "grab";
    return this.editor.touched(point, true) ? "pointer" : "default";
  }

  /** @param {CanvasRenderingContext2D} on */
  decorate(on) {
    const { editor } = this;
    const bent = this.drag?.kind === "bend";
    if (this.drag && !bent) return super.decorate(on);
    if (!bent) this.hovered(on);
    if (!editor.selected || editor.selection.length !== 1) return;
    if (!bent) line(on, placed(editor, outline(editor, editor.selection[0])));
    const points = (bent ? this.pins[1] : this.handles().map(({ y, x }) => [y, x])).map((one) =>
      editor.toWindow(/** @type {Point} */ (one)),
    );
    const net = new Path2D();
    for (const [a, b] of NET) {
      net.moveTo(...points[a]);
      net.lineTo(...points[b]);
    }
    line(on, net, "rgb(255 255 255 / 80%)", 1);
    points.forEach(([x, y], n) => knob(on, x, y, true, bent && n === this.pulled ? 6 : 4));
  }
}

/** Handles that a line goes between: neighbours in three rows of three. */
const NET = [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((n) => [
  ...(n % 3 < 2 ? [[n, n + 1]] : []),
  ...(n < 6 ? [[n, n + 3]] : []),
]);

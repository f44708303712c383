// The tool for objects: choose some, drag them, pull their handles, turn them. What they hide and uncover is shown at
// once.

import { announce } from "./dom.js";
import { knob, line, outline, placed, tag } from "./outlines.js";
import { warped } from "./raster.js";
import { Tool } from "./tools.js";

/** @import {Matrix, Point} from "./raster.js" */
/** @import {Editor} from "./editor.js" */
/** @import {How} from "./stage.js" */
/** @import {Operation, Thing} from "./types.js" */
/** @typedef {{y: number, x: number, kind: "scale" | "rotate" | "bend", sides: [number, number]}} Handle */
/**
 * @typedef {object} Drag
 * @property {string} kind
 * @property {Point} from
 * @property {Handle} [handle]
 * @property {Thing} whole
 * @property {Thing[]} things
 * @property {boolean} copy
 */
/** @typedef {(draw: (place: number, from: number) => void) => void} Carry */

const [SMALLEST, LARGEST] = [1 / 64, 64];
/** Milliseconds after the last arrow key until what the keys did is stored. */
const REST = 700;
const WAYS = /** @type {Record<string, Point>} */ ({
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
});

export class Selecting extends Tool {
  /** @type {Drag | null} */ drag = null;
  /** What would be stored now, one for each thing. @type {Operation[]} */ made = [];
  /** What the hand has done, in a few words. */ said = "";
  /** What a click takes, if it is no drag. @type {Thing | null} */ only = null;
  /** @type {DOMMatrix | undefined} */ carried = undefined;
  /** By arrow keys, down and right. @type {Point} */ nudged = [0, 0];
  /** @type {ReturnType<typeof setTimeout> | undefined} */ rest = undefined;

  get held() {
    return this.drag?.kind === "nudge";
  }

  /** @param {Point} point @param {How} how */
  begin(point, how) {
    this.settle();
    const { editor } = this;
    const handle = editor.selected ? this.handleAt(point, how.touch ? 24 : 12) : undefined;
    this.only = null;
    if (!handle) {
      const thing = editor.touched(point);
      if (thing && !how.shift && !editor.several && editor.selection.includes(thing)) this.only = thing;
      if (thing && (how.shift || editor.several)) {
        editor.toggle(thing);
        if (!editor.selection.includes(thing)) return;
      } else if (!thing || !editor.selection.includes(thing)) editor.select(thing);
    }
    const copy = how.alt && !handle;
    this.start({ kind: handle?.kind ?? "move", from: point, copy, ...(handle && { handle }) });
  }

  /** @param {Omit<Drag, "whole" | "things">} how */
  start(how) {
    const { editor } = this;
    const whole = editor.selected;
    if (!whole) return;
    // raised from the back to the front they stay in their order
    this.drag = { ...how, whole, things: editor.things.ordered(editor.selection) };
    this.made = [];
    this.said = "";
    this.before = editor.labels.values.slice();
    this.owners = editor.things.owners;
    this.mask = editor.things.maskOf(whole);
  }

  /** The same operation on all that is chosen. @param {Operation} what without its object */
  each(what) {
    this.made = (this.drag?.things ?? []).map((one) => ({ ...what, of: one.name }));
  }

  /** @param {Point} point @param {How} how */
  move(point, how) {
    const { drag, editor } = this;
    if (!drag || !this.mask) return;
    const { whole, from, handle } = drag;
    const [down, right] = [Math.round(point[0] - from[0]), Math.round(point[1] - from[1])];
    if (drag.kind === "move") {
      const [far, wide] = how.shift ? (Math.abs(down) > Math.abs(right) ? [down, 0] : [0, right]) : [down, right];
      if (this.made.length || far || wide) this.shift(far, wide);
    } else if (drag.kind === "rotate") {
      const [cy, cx] = whole.pivot;
      const angle = (/** @type {Point} */ [y, x]) => (Math.atan2(y - cy, x - cx) * 180) / Math.PI;
      const step = how.shift ? 15 : 0.5;
      const degrees = Math.round((((angle(point) - angle(from) + 540) % 360) - 180) / step) * step;
      if (!this.made.length && !degrees) return;
      this.each({ do: "rotate", degrees, ...this.about(whole.pivot), ...editor.fillRule() });
      this.said = `${degrees}°`;
      this.linear(turn(degrees), whole.pivot, [0, 0]);
    } else if (handle) this.scale(point, how, whole, handle);
    editor.drew(this.operations());
  }

  /** @param {number} down @param {number} right */
  shift(down, right) {
    const { drag, editor } = this;
    if (!drag) return;
    const name = drag.copy ? "duplicate" : "move";
    this.each({ do: name, right, down, ...(drag.copy ? {} : editor.fillRule()) });
    drag.things.forEach((one, n) => editor.things.rises(one) && (this.made[n].raised = true));
    this.said = `${signed(right)}, ${signed(down)} px`;
    this.linear(turn(0), drag.whole.pivot, [down, right]);
  }

  /** Several turn and grow about a point of theirs together. @param {Point} point */
  about(point) {
    return this.drag && this.drag.things.length > 1 ? { about: point } : {};
  }

  /** Pull a handle: the other side stays, with Alt the middle; corners keep the shape unless Shift is down.
   * @param {Point} point @param {How} how @param {Thing} whole @param {Handle} handle */
  scale([y, x], how, whole, { sides: [v, h] }) {
    const [top, left, bottom, right] = whole.box;
    const [my, mx] = [(top + bottom) / 2, (left + right) / 2];
    const cy = how.alt || !v ? my : v < 0 ? bottom : top;
    const cx = how.alt || !h ? mx : h < 0 ? right : left;
    let tall = v ? (y - cy) / ((v < 0 ? top : bottom) - cy) : 1;
    let wide = h ? (x - cx) / ((h < 0 ? left : right) - cx) : 1;
    if (v && h && !how.shift) tall = wide = Math.max(tall, wide);
    [tall, wide] = [tall, wide].map((one) => Math.min(Math.max(Math.round(one * 256) / 256, SMALLEST), LARGEST));
    if (!this.made.length && tall === 1 && wide === 1) return;
    const height = tall === wide ? {} : { height: tall };
    this.each({ do: "scale", factor: wide, ...height, about: [cy, cx], ...this.editor.fillRule() });
    const [across, along] = [wide, tall].map((one) => `${Math.round(100 * one)} %`);
    this.said = tall === wide ? across : `${across} × ${along}`;
    this.linear(
      [
        [tall, 0],
        [0, wide],
      ],
      [cy, cx],
      [0, 0],
    );
  }

  /** @param {Matrix} matrix @param {Point} centre @param {Point} shift */
  linear(matrix, centre, shift) {
    const { drag, mask } = this;
    if (!drag || !mask) return;
    const [[a, b], [c, d]] = matrix;
    const [y, x] = centre;
    this.carried = new DOMMatrix([d, b, c, a, x - c * y - d * x + shift[1], y - a * y - b * x + shift[0]]);
    this.show((draw) => warped(this.editor.labels, mask, drag.whole.box, matrix, centre, shift, draw));
  }

  /** Draw objects elsewhere, behind what lies before them; what they leave is open until the server says.
   * @param {Carry} carry */
  show(carry) {
    const { editor, drag, before, mask, owners } = this;
    if (!drag || !before || !mask || !owners) return;
    const { labels, things } = editor;
    labels.values.set(before);
    const most = things.all.reduce((last, one) => Math.max(last, one.id), 0);
    const [depth, value] = [new Int32Array(most + 1).fill(-1), new Int32Array(most + 1)];
    things.all.forEach((one, n) => {
      depth[one.id] = n;
      value[one.id] = editor.valueOf(one.class);
    });
    const ahead = depth.slice(); // what goes away hides nothing
    drag.things.forEach((one, n) => {
      if (this.made[n]?.raised) for (const id of one.members) depth[id] = things.ceiling(one) - 1;
    });
    if (!drag.copy) {
      for (const id of drag.whole.members) ahead[id] = -1;
      for (let place = 0; place < mask.length; place++) if (mask[place]) labels.values[place] = labels.hole;
    }
    carry((place, from) => {
      const mine = owners[from];
      if (ahead[owners[place]] <= depth[mine]) labels.values[place] = value[mine];
    });
    labels.all();
    editor.refresh();
  }

  end() {
    const { editor, made, said, drag } = this;
    this.finish();
    // a click on one of several takes it alone; a drag takes them all
    if (!made.length) return this.only && editor.select(this.only);
    if (made.every(idle)) editor.forsake();
    else {
      editor.commit(made);
      if (drag) announce(`${drag.whole.name}: ${made[0].do} ${said}`);
    }
  }

  cancel() {
    const begun = this.made.length > 0;
    this.finish();
    if (begun) this.editor.forsake();
    else this.editor.refresh();
  }

  finish() {
    clearTimeout(this.rest);
    this.drag = null;
    this.made = [];
    this.nudged = [0, 0];
    this.before = this.mask = this.owners = this.carried = undefined;
  }

  settle() {
    if (this.held) this.end();
  }
  leave() {
    this.settle();
  }

  operations() {
    return this.made;
  }

  /** One member of a group alone. @param {Point} point */
  double(point) {
    const thing = this.editor.things.at(point);
    if (thing) this.editor.select(thing);
  }

  /** @returns {Handle[]} */
  handles() {
    const whole = this.editor.selected;
    if (!whole) return [];
    const [top, left, bottom, right] = whole.box;
    const [y, x] = [(top + bottom) / 2, (left + right) / 2];
    /** @type {Handle[]} */
    const found = [{ y: this.grip(top), x, kind: "rotate", sides: [0, 0] }];
    for (const v of [-1, 0, 1]) {
      for (const h of [-1, 0, 1]) {
        if (!v && !h) continue;
        found.push({ y: v < 0 ? top : v ? bottom : y, x: h < 0 ? left : h ? right : x, kind: "scale", sides: [v, h] });
      }
    }
    return found;
  }

  /** Where the handle that turns is: over the box, or in it where there is no room. @param {number} top */
  grip(top) {
    const { zoom, at } = this.editor.stage;
    return top * zoom + at[1] > 36 ? top - 28 / zoom : top + 28 / zoom;
  }

  /** @param {Point} point @param {number} reach in pixels of the window */
  handleAt([y, x], reach) {
    const { zoom } = this.editor.stage;
    const away = (/** @type {Handle} */ one) => Math.hypot(one.y - y, one.x - x) * zoom;
    return this.handles()
      .filter((one) => away(one) < reach)
      .sort((a, b) => away(a) - away(b))[0];
  }

  /** The cursor over a point. @param {Point} point @returns {string} */
  cursor(point) {
    const handle = this.handleAt(point, 12);
    if (handle?.kind === "rotate") return "grab";
    if (handle) {
      const [v, h] = handle.sides;
      return v && h ? (v === h ? "nwse-resize" : "nesw-resize") : v ? "ns-resize" : "ew-resize";
    }
    return this.editor.touched(point, true) ? "move" : "default";
  }

  /** @param {CanvasRenderingContext2D} on */
  decorate(on) {
    const { editor, drag } = this;
    if (drag) return this.follow(on, drag);
    this.hovered(on);
    const whole = editor.selected;
    if (!whole) return;
    for (const one of editor.selection) line(on, placed(editor, outline(editor, one)));
    this.frame(on, whole);
    for (const handle of this.handles()) {
      const [hx, hy] = editor.toWindow([handle.y, handle.x]);
      knob(on, hx, hy, handle.kind === "rotate");
    }
  }

  /** @param {CanvasRenderingContext2D} on @param {Thing} whole */
  frame(on, { box: [top, left, bottom, right] }) {
    const { editor } = this;
    const [[x, y], [x1, y1]] = [editor.toWindow([top, left]), editor.toWindow([bottom, right])];
    const frame = new Path2D();
    frame.rect(x, y, x1 - x, y1 - y);
    frame.moveTo((x + x1) / 2, y);
    frame.lineTo(...editor.toWindow([this.grip(top), (left + right) / 2]));
    on.lineWidth = 1;
    for (const [style, from] of /** @type {[string, number][]} */ ([
      ["rgb(0 0 0 / 75%)", 0],
      ["#fff", 4],
    ])) {
      on.setLineDash([4, 4]);
      on.lineDashOffset = from;
      on.strokeStyle = style;
      on.stroke(frame);
    }
    on.setLineDash([]);
  }

  /** What would be chosen by a click. @param {CanvasRenderingContext2D} on */
  hovered(on) {
    const { editor } = this;
    const { pointer } = editor;
    if (!pointer || pointer.how.touch || editor.stage.space || this.handleAt(pointer.point, 12)) return;
    const thing = editor.touched(pointer.point, true);
    if (!thing || editor.selection.includes(thing)) return;
    line(on, placed(editor, outline(editor, thing)), "#8ab8ff", 1.5);
    const [x, y] = editor.toWindow(pointer.point);
    tag(on, thing.name, x + 14, y + 16);
  }

  /** What is carried, where it is now. @param {CanvasRenderingContext2D} on @param {Drag} drag */
  follow(on, drag) {
    const { editor, carried } = this;
    for (const one of drag.things) {
      const path = outline(editor, one);
      line(on, placed(editor, path, carried ?? new DOMMatrix()));
    }
    if (!this.made.length || !this.said) return;
    const [y, x] = drag.kind === "nudge" ? drag.whole.pivot : (editor.pointer?.point ?? drag.from);
    const [left, top] = editor.toWindow([y, x]);
    tag(on, this.said, left + 16, top + 18);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { editor } = this;
    const way = WAYS[event.key];
    if (event.key.toLowerCase() === "n") this.next(event.shiftKey ? -1 : 1);
    else if (!editor.selected) return false;
    else if (event.key === "Escape") {
      if (this.held) this.cancel();
      else editor.select(null);
    } else if (way) this.nudge(way, event.shiftKey ? 10 : 1);
    else if (event.key === "Delete" || event.key === "Backspace") editor.act("delete");
    else if (event.key === "PageUp") editor.act(event.shiftKey ? "front" : "forward");
    else if (event.key === "PageDown") editor.act(event.shiftKey ? "bottom" : "back");
    else return false;
    return true;
  }

  /** The object after or before the one that is chosen. @param {number} by */
  next(by) {
    this.settle();
    const { editor } = this;
    const all = editor.things.listed();
    const at = editor.selection.length === 1 ? all.indexOf(editor.selection[0]) : by > 0 ? -1 : 0;
    if (all.length) editor.select(all[(at + by + all.length) % all.length]);
  }

  /** Arrow keys move; what several of them do is one operation. @param {Point} way @param {number} by */
  nudge(way, by) {
    const { editor } = this;
    if (!this.held) this.start({ kind: "nudge", from: [0, 0], copy: false });
    if (!this.drag) return;
    this.nudged = [this.nudged[0] + by * way[0], this.nudged[1] + by * way[1]];
    this.shift(...this.nudged);
    editor.drew(this.operations());
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.settle(), REST);
  }
  /** @param {KeyboardEvent} event */
  up(event) {
    if (WAYS[event.key]) this.settle();
  }
}

/** @param {number} value */
const signed = (value) => (value > 0 ? `+${value}` : String(value).replace("-", "−"));

/** @param {number} degrees clockwise @returns {Matrix} */
function turn(degrees) {
  const angle = (degrees * Math.PI) / 180;
  // exact for quarter turns
  const [c, s] = [Math.cos(angle), Math.sin(angle)].map((one) => (degrees % 90 ? one : Math.round(one)));
  return [
    [c, s],
    [-s, c],
  ];
}

/** Whether an operation does nothing. @param {Operation} one */
function idle(one) {
  if (one.do === "move" || one.do === "duplicate") return !one.right && !one.down;
  if (one.do === "rotate") return !one.degrees;
  return one.do === "scale" && one.factor === 1 && (one.height ?? 1) === 1;
}

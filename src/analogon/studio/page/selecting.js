// The tool for objects: choose one, drag it, pull its handles, turn it. What it hides and uncovers is shown at once.

import { warped } from "./raster.js";
import { Tool } from "./tools.js";

/** @import {Matrix, Point} from "./raster.js" */
/** @import {Editor} from "./editor.js" */
/** @import {How} from "./stage.js" */
/** @import {Operation, Thing} from "./types.js" */
/** @typedef {{y: number, x: number, kind: "scale" | "rotate", sides: [number, number]}} Handle */

/** @type {Matrix} */
const STILL = [
  [1, 0],
  [0, 1],
];
const [SMALLEST, LARGEST] = [1 / 64, 64];

export class Selecting extends Tool {
  /** @type {{kind: string, from: Point, handle?: Handle, thing: Thing, copy: boolean} | null} */
  drag = null;
  /** @type {Operation | null} */ operation = null;
  /** @type {{thing: Thing, owners: Int32Array | null, edges: number[]} | undefined} */ outlined = undefined;

  /** @param {Point} point @param {How} how */
  begin(point, how) {
    const { editor } = this;
    const handle = editor.selected && this.handleAt(point, how.touch ? 24 : 12);
    let thing = editor.selected;
    if (!handle) {
      thing = editor.things.at(point);
      editor.select(thing);
    }
    if (!thing) return;
    this.operation = null;
    const copy = how.alt && !handle;
    this.drag = { kind: handle?.kind ?? "move", from: point, thing, copy, ...(handle && { handle }) };
    this.before = editor.labels.values.slice();
    this.mask = editor.things.maskOf(thing);
  }

  /** @param {Point} point @param {How} how */
  move(point, how) {
    const { drag, editor } = this;
    if (!drag || !this.mask) return;
    const { thing, from, handle } = drag;
    const [down, right] = [Math.round(point[0] - from[0]), Math.round(point[1] - from[1])];
    if (drag.kind === "move") {
      const [far, wide] = how.shift ? (Math.abs(down) > Math.abs(right) ? [down, 0] : [0, right]) : [down, right];
      if (!this.operation && !far && !wide) return;
      const name = drag.copy ? "duplicate" : "move";
      this.operation = { do: name, of: thing.name, right: wide, down: far, ...(drag.copy ? {} : editor.fillRule()) };
      this.show(STILL, thing.pivot, [far, wide]);
    } else if (drag.kind === "rotate") {
      const [cy, cx] = thing.pivot;
      const angle = (/** @type {Point} */ [y, x]) => (Math.atan2(y - cy, x - cx) * 180) / Math.PI;
      const step = how.shift ? 15 : 0.5;
      const degrees = Math.round((((angle(point) - angle(from) + 540) % 360) - 180) / step) * step;
      if (!this.operation && !degrees) return;
      this.operation = { do: "rotate", of: thing.name, degrees, ...editor.fillRule() };
      this.show(turn(degrees), thing.pivot, [0, 0]);
    } else if (handle) this.scale(point, how, thing, handle);
    editor.drew(this.operations());
  }

  /** Pull a handle: the other side stays, with Alt the middle; corners keep the shape unless Shift is down.
   * @param {Point} point @param {How} how @param {Thing} thing @param {Handle} handle */
  scale([y, x], how, thing, { sides: [v, h] }) {
    const [top, left, bottom, right] = thing.box;
    const [my, mx] = [(top + bottom) / 2, (left + right) / 2];
    const cy = how.alt || !v ? my : v < 0 ? bottom : top;
    const cx = how.alt || !h ? mx : h < 0 ? right : left;
    let tall = v ? (y - cy) / ((v < 0 ? top : bottom) - cy) : 1;
    let wide = h ? (x - cx) / ((h < 0 ? left : right) - cx) : 1;
    if (v && h && !how.shift) tall = wide = Math.max(tall, wide);
    [tall, wide] = [tall, wide].map((one) => Math.min(Math.max(Math.round(one * 256) / 256, SMALLEST), LARGEST));
    if (!this.operation && tall === 1 && wide === 1) return;
    const height = tall === wide ? {} : { height: tall };
    const about = [cy, cx];
    this.operation = { do: "scale", of: thing.name, factor: wide, ...height, about, ...this.editor.fillRule() };
    this.show(
      [
        [tall, 0],
        [0, wide],
      ],
      [cy, cx],
      [0, 0],
    );
  }

  /** Draw the object elsewhere, behind what lies before it; what it leaves is open until the server says.
   * @param {Matrix} matrix @param {Point} centre @param {Point} shift */
  show(matrix, centre, shift) {
    const { editor, drag, before, mask } = this;
    if (!drag || !before || !mask) return;
    const {
      labels,
      things: { owners },
    } = editor;
    labels.values.set(before);
    const depth = editor.things.depths();
    const mine = depth.get(drag.thing.id) ?? Infinity;
    if (!drag.copy) mask.forEach((one, place) => one && (labels.values[place] = labels.hole));
    const value = editor.valueOf(drag.thing.class);
    warped(labels, mask, drag.thing.box, matrix, centre, shift, (place) => {
      const over = owners ? (depth.get(owners[place]) ?? -1) : -1;
      if (over <= mine || (drag.copy && over === mine)) labels.values[place] = value;
    });
    labels.all();
    editor.refresh();
  }

  end() {
    const done = this.operations();
    const { editor } = this;
    this.finish();
    if (done.length && !idle(done[0])) editor.commit(done);
    else if (done.length) editor.forsake();
  }

  cancel() {
    const begun = this.operation !== null;
    this.finish();
    if (begun) this.editor.forsake();
    else this.editor.refresh();
  }

  finish() {
    this.drag = this.operation = null;
    this.before = this.mask = undefined;
  }

  operations() {
    return this.operation ? [this.operation] : [];
  }

  /** @returns {Handle[]} */
  handles() {
    const thing = this.editor.selected;
    if (!thing) return [];
    const [top, left, bottom, right] = thing.box;
    const [y, x] = [(top + bottom) / 2, (left + right) / 2];
    /** @type {Handle[]} */
    const found = [{ y: top - 28 / this.editor.stage.zoom, x, kind: "rotate", sides: [0, 0] }];
    for (const v of [-1, 0, 1]) {
      for (const h of [-1, 0, 1]) {
        if (!v && !h) continue;
        found.push({ y: v < 0 ? top : v ? bottom : y, x: h < 0 ? left : h ? right : x, kind: "scale", sides: [v, h] });
      }
    }
    return found;
  }

  /** @param {Point} point @param {number} reach in pixels of the window */
  handleAt([y, x], reach) {
    const { zoom } = this.editor.stage;
    const away = (/** @type {Handle} */ one) => Math.hypot(one.y - y, one.x - x) * zoom;
    return this.handles()
      .filter((one) => away(one) < reach)
      .sort((a, b) => away(a) - away(b))[0];
  }

  /** The cursor over a point. @param {Point} point */
  cursor(point) {
    const handle = this.handleAt(point, 12);
    if (handle?.kind === "rotate") return "crosshair";
    if (handle) {
      const [v, h] = handle.sides;
      return v && h ? (v === h ? "nwse-resize" : "nesw-resize") : v ? "ns-resize" : "ew-resize";
    }
    return this.editor.things.at(point) ? "move" : "default";
  }

  /** @param {CanvasRenderingContext2D} on */
  decorate(on) {
    const { editor } = this;
    const thing = editor.selected;
    if (!thing || this.drag) return;
    const [top, left, bottom, right] = thing.box;
    on.save();
    on.translate(...editor.stage.at);
    on.scale(editor.stage.zoom, editor.stage.zoom);
    on.beginPath();
    this.outline(on, thing);
    on.restore();
    editor.line(on);
    const [[x, y], [x1, y1]] = [editor.toWindow([top, left]), editor.toWindow([bottom, right])];
    on.beginPath();
    on.rect(x, y, x1 - x, y1 - y);
    on.moveTo((x + x1) / 2, y);
    on.lineTo((x + x1) / 2, y - 28);
    on.lineWidth = 1;
    on.strokeStyle = "#fff";
    on.setLineDash([4, 4]);
    on.stroke();
    on.setLineDash([]);
    for (const handle of this.handles()) {
      const [hx, hy] = editor.toWindow([handle.y, handle.x]);
      on.beginPath();
      if (handle.kind === "rotate") on.arc(hx, hy, 6, 0, 7);
      else on.rect(hx - 5, hy - 5, 10, 10);
      on.fillStyle = "#fff";
      on.fill();
      on.lineWidth = 1.5;
      on.strokeStyle = "#1b6ef3";
      on.stroke();
    }
  }

  /** The edges of an object where it is seen. @param {CanvasRenderingContext2D} on @param {Thing} thing */
  outline(on, thing) {
    const { editor } = this;
    if (this.outlined?.thing !== thing || this.outlined.owners !== editor.things.owners) {
      const mask = editor.things.maskOf(thing);
      const { height, width } = editor.labels;
      /** @type {number[]} from x, y to x, y */
      const edges = [];
      // stretches along rows, then along columns
      for (let row = 0; row <= height; row++) {
        for (let column = 0, start = -1; column <= width; column++) {
          const at = row * width + column;
          const edge = column < width && Boolean(row > 0 && mask[at - width]) !== Boolean(row < height && mask[at]);
          if (edge && start < 0) start = column;
          else if (!edge && start >= 0) {
            edges.push(start, row, column, row);
            start = -1;
          }
        }
      }
      for (let column = 0; column <= width; column++) {
        for (let row = 0, start = -1; row <= height; row++) {
          const at = row * width + column;
          const edge = row < height && Boolean(column > 0 && mask[at - 1]) !== Boolean(column < width && mask[at]);
          if (edge && start < 0) start = row;
          else if (!edge && start >= 0) {
            edges.push(column, start, column, row);
            start = -1;
          }
        }
      }
      this.outlined = { thing, owners: editor.things.owners, edges };
    }
    const { edges } = this.outlined;
    for (let n = 0; n < edges.length; n += 4) {
      on.moveTo(edges[n], edges[n + 1]);
      on.lineTo(edges[n + 2], edges[n + 3]);
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { editor } = this;
    const thing = editor.selected;
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.key === "Escape" && thing) editor.select(null);
    else if (!thing) return false;
    else if (way) {
      const by = event.shiftKey ? 10 : 1;
      editor.commit([{ do: "move", of: thing.name, right: way[1] * by, down: way[0] * by, ...editor.fillRule() }]);
    } else if (event.key === "Delete" || event.key === "Backspace") editor.act("delete");
    else return false;
    return true;
  }
}

/** @param {number} degrees clockwise @returns {Matrix} */
function turn(degrees) {
  const quarters = degrees / 90;
  if (Number.isInteger(quarters)) {
    const [c, s] = [
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
    ][((quarters % 4) + 4) % 4];
    return [
      [c, s],
      [-s, c],
    ];
  }
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [
    [c, s],
    [-s, c],
  ];
}

/** Whether an operation does nothing. @param {Operation} one */
function idle(one) {
  if (one.do === "move" || one.do === "duplicate") return !one.right && !one.down;
  if (one.do === "rotate") return !one.degrees;
  return one.factor === 1 && (one.height ?? 1) === 1;
}

/** What the buttons for objects do to the one that is selected. @param {Editor} editor @param {string} what */
export function act(editor, what) {
  const of = editor.selected?.name;
  if (!of) return;
  const by = Math.max(Math.round(Math.min(editor.labels.height, editor.labels.width) / 20), 4);
  /** @type {Record<string, Operation>} */
  const known = {
    delete: { do: "delete", of, ...editor.fillRule() },
    duplicate: { do: "duplicate", of, right: by, down: by },
    flip: { do: "flip", of, ...editor.fillRule() },
    front: { do: "arrange", of, to: "forward" },
    back: { do: "arrange", of, to: "backward" },
  };
  if (what === "duplicate") {
    const taken = new Set(editor.things.all.map((one) => one.name));
    const choose = () => editor.select(editor.things.all.find((one) => !taken.has(one.name)) ?? editor.selected);
    editor.addEventListener("objects", choose, { once: true });
  }
  editor.commit([known[what]]);
}

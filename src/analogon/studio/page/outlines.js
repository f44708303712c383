// Edges of objects, and the marks that are drawn at them.

/** @import {Editor} from "./editor.js" */
/** @import {Thing} from "./types.js" */

/** @type {WeakMap<Thing, {owners: Int32Array | null, path: Path2D}>} things are new ones after each change */
const known = new WeakMap();

/** The edges of a thing where it is seen, in pixels of the picture. @param {Editor} editor @param {Thing} thing */
export function outline(editor, thing) {
  const { owners } = editor.things;
  const found = known.get(thing);
  if (found && found.owners === owners) return found.path;
  const path = edges(editor.things.maskOf(thing), editor.labels, thing.box);
  known.set(thing, { owners, path });
  return path;
}

/**
 * @param {Uint8Array} mask @param {{height: number, width: number}} frame
 * @param {number[]} [box] where all of it lies: top, left, bottom, right
 */
export function edges(mask, { height, width }, box = [0, 0, height, width]) {
  const [top, left] = [Math.max(box[0], 0), Math.max(box[1], 0)];
  const [bottom, right] = [Math.min(box[2], height), Math.min(box[3], width)];
  const path = new Path2D();
  // stretches along rows, then along columns
  for (let row = top; row <= bottom; row++) {
    for (let column = left, start = -1; column <= right; column++) {
      const at = row * width + column;
      const edge = column < right && Boolean(row > 0 && mask[at - width]) !== Boolean(row < height && mask[at]);
      if (edge && start < 0) start = column;
      else if (!edge && start >= 0) {
        path.moveTo(start, row);
        path.lineTo(column, row);
        start = -1;
      }
    }
  }
  for (let column = left; column <= right; column++) {
    for (let row = top, start = -1; row <= bottom; row++) {
      const at = row * width + column;
      const edge = row < bottom && Boolean(column > 0 && mask[at - 1]) !== Boolean(column < width && mask[at]);
      if (edge && start < 0) start = row;
      else if (!edge && start >= 0) {
        path.moveTo(column, start);
        path.lineTo(column, row);
        start = -1;
      }
    }
  }
  return path;
}

/**
 * A path of the picture on the stage, moved by what the hand does.
 * @param {Editor} editor @param {Path2D} path @param {DOMMatrix} [by]
 */
export function placed(editor, path, by = new DOMMatrix()) {
  const { at, zoom } = editor.stage;
  const there = new Path2D();
  there.addPath(path, new DOMMatrix([zoom, 0, 0, zoom, at[0], at[1]]).multiply(by));
  return there;
}

/** A line that is seen on any ground. @param {CanvasRenderingContext2D} on @param {Path2D} [path] */
export function line(on, path, color = "#fff", width = 1.5) {
  on.lineJoin = "round";
  for (const [wide, style] of /** @type {[number, string][]} */ ([
    [width + 2, "rgb(0 0 0 / 65%)"],
    [width, color],
  ])) {
    on.lineWidth = wide;
    on.strokeStyle = style;
    if (path) on.stroke(path);
    else on.stroke();
  }
}

/** A few words beside a place. @param {CanvasRenderingContext2D} on @param {string} text
 * @param {number} x @param {number} y */
export function tag(on, text, x, y) {
  on.font = '600 12px system-ui, "Noto Sans", sans-serif';
  const wide = on.measureText(text).width + 14;
  const [most, low] = [on.canvas.width / devicePixelRatio - wide - 4, on.canvas.height / devicePixelRatio - 26];
  const [left, top] = [Math.max(Math.min(x, most), 4), Math.max(Math.min(y, low), 4)];
  on.beginPath();
  on.roundRect(left, top, wide, 22, 6);
  on.fillStyle = "rgb(16 17 19 / 88%)";
  on.fill();
  on.fillStyle = "#fff";
  on.textBaseline = "middle";
  on.fillText(text, left + 7, top + 11.5);
}

/** A handle to pull. @param {CanvasRenderingContext2D} on @param {number} x @param {number} y @param {boolean} round */
export function knob(on, x, y, round, size = 5) {
  on.beginPath();
  if (round) on.arc(x, y, size + 1, 0, 7);
  else on.roundRect(x - size, y - size, 2 * size, 2 * size, 2);
  on.shadowColor = "rgb(0 0 0 / 50%)";
  on.shadowBlur = 3;
  on.fillStyle = "#fff";
  on.fill();
  on.shadowBlur = 0;
  on.lineWidth = 1.5;
  on.strokeStyle = "#1b6ef3";
  on.stroke();
}

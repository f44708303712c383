// The first label map: so many classes, two of them made one by two clicks, and scribbles that say what is what.

import { box, button, input, make, say, the, trying } from "./dom.js";
import { dropped } from "./panels.js";
import { edges, line, placed, tag } from "./outlines.js";
import { rounded } from "./raster.js";
import * as server from "./server.js";
import { Tool } from "./tools.js";

/** @import {Point} from "./raster.js" */
/** @import {Editor} from "./editor.js" */

/** Click a class, then the one that it becomes part of. */
export class Merging extends Tool {
  /** @type {number | null} */ first = null;
  /** @type {Point | null} */ at = null;
  /** Edges of classes, by their places, as long as the labels stay. @type {Map<number, Path2D>} */ known = new Map();

  /** @param {Editor} editor */
  constructor(editor) {
    super(editor);
    editor.addEventListener("classes", () => this.known.clear());
  }

  /** @param {Point} point */
  begin(point) {
    this.at = point;
  }
  end() {
    const { labels, project, remote } = this.editor;
    const at = this.at && labels.place(this.at);
    this.at = null;
    if (!project || !remote || at === null) return;
    const place = labels.values[at];
    const chosen = project.classes[place];
    if (!chosen) return;
    if (this.first === null || this.first === chosen.id) {
      this.first = chosen.id;
      this.editor.pick(place);
      say(`Now click what '${chosen.name}' should become part of. Escape gives up.`);
      return;
    }
    const a = this.first;
    this.first = null;
    trying(async () => {
      const said = await remote.classes({ merge: [a, chosen.id] });
      await this.editor.reload();
      this.editor.pick(this.editor.valueOf(chosen.name));
      say(`Merged into '${chosen.name}'.`);
      dropped(said);
    });
  }
  cancel() {
    this.at = null;
  }
  leave() {
    this.first = this.at = null;
  }
  /** What a click would take. @param {CanvasRenderingContext2D} on */
  decorate(on) {
    const { labels, pointer, project } = this.editor;
    const first = project?.classes.findIndex((one) => one.id === this.first) ?? -1;
    if (first >= 0) line(on, placed(this.editor, this.edgesOf(first)), "#fff", 2);
    const place = pointer && !pointer.how.touch ? labels.place(pointer.point) : null;
    const chosen = place === null ? undefined : project?.classes[labels.values[place]];
    if (!pointer || place === null || !chosen || chosen.id === this.first) return;
    line(on, placed(this.editor, this.edgesOf(labels.values[place])), "#8ab8ff");
    const [x, y] = this.editor.toWindow(pointer.point);
    tag(on, first < 0 ? chosen.name : `into ${chosen.name}`, x + 14, y + 16);
  }
  /** @param {number} value */
  edgesOf(value) {
    const { labels } = this.editor;
    const mask = () => Uint8Array.from(labels.values, (one) => (one === value ? 1 : 0));
    const path = this.known.get(value) ?? edges(mask(), labels);
    this.known.set(value, path);
    return path;
  }
  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key !== "Escape" || this.first === null) return false;
    this.first = null;
    return true;
  }
}

/** Rough strokes in several classes; then the rest is found. */
export class Scribble extends Tool {
  /** @type {{class: number, points: Point[], radius: number, color: number[]}[]} */ strokes = [];
  drawing = false;

  ring() {
    return Math.max(this.editor.radius.brush / 3, 1);
  }
  /** @param {Point} point */
  begin([y, x]) {
    const one = this.editor.project?.classes[this.editor.current];
    if (!one) return;
    this.drawing = true;
    const points = /** @type {Point[]} */ ([[rounded(y), rounded(x)]]);
    this.strokes.push({ class: one.id, points, radius: rounded(this.ring()), color: one.color });
    this.told();
  }
  /** @param {Point} point */
  move([y, x]) {
    if (this.drawing) this.strokes.at(-1)?.points.push([rounded(y), rounded(x)]);
    this.editor.refresh();
  }
  end() {
    this.drawing = false;
  }
  cancel() {
    if (this.drawing) this.strokes.pop();
    this.drawing = false;
    this.told();
  }
  told() {
    button("refine").disabled = button("unscribble").disabled = !this.strokes.length;
    box("scribbling").hidden = !this.strokes.length && this.editor.name !== "scribble";
    this.editor.refresh();
  }
  forget() {
    this.strokes = [];
    this.told();
  }
  async refine() {
    const strokes = this.strokes.map(({ class: id, points, radius }) => ({ class: id, points, radius }));
    await this.editor.remote?.scribble(strokes);
    this.forget();
    await this.editor.reload();
  }
  /** @param {CanvasRenderingContext2D} on */
  decorate(on) {
    const { stage } = this.editor;
    for (const { points, radius, color } of this.strokes) {
      on.beginPath();
      on.lineCap = on.lineJoin = "round";
      for (const point of [...points, points[points.length - 1]]) on.lineTo(...this.editor.toWindow(point));
      const lines = /** @type {[number, string][]} */ ([
        [3, "#000"],
        [2, "#fff"],
        [0, `rgb(${color})`],
      ]);
      for (const [width, style] of lines) {
        on.lineWidth = 2 * radius * stage.zoom + width;
        on.strokeStyle = style;
        on.stroke();
      }
    }
  }
}

/** The controls of the first label map. @param {Editor} editor */
export function first(editor) {
  const slider = input("count");
  const scribble = /** @type {Scribble} */ (editor.tools.scribble);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let turn = 0;
  slider.addEventListener("input", () => {
    const count = Number(slider.value);
    input("count-number").value = slider.value;
    clearTimeout(timer);
    timer = setTimeout(() => segment({ classes: count }), 250);
  });
  input("count-number").addEventListener("change", (event) => {
    slider.value = input("count-number").value;
    input("count-number").value = slider.value; // within what there may be
    segment({ classes: Number(slider.value) });
    event.stopPropagation();
  });
  const segmenter = the("segmenter", HTMLSelectElement);
  segmenter.addEventListener("change", () =>
    segment(segmenter.value ? { segmenter: segmenter.value } : { classes: Number(slider.value) }),
  );
  /** @param {{classes?: number, segmenter?: string}} how */
  async function segment(how) {
    const mine = ++turn;
    document.body.classList.add("working");
    await trying(async () => {
      const said = await editor.remote?.segment(how);
      if (mine !== turn) return;
      await editor.reload();
      dropped(said);
    });
    if (mine === turn) document.body.classList.remove("working");
  }
  button("refine").addEventListener("click", async () => {
    document.body.classList.add("working");
    await trying(() => scribble.refine());
    document.body.classList.remove("working");
  });
  button("unscribble").addEventListener("click", () => scribble.forget());
  input("bring-labels").addEventListener("change", () => {
    const file = input("bring-labels").files?.[0];
    input("bring-labels").value = "";
    if (file)
      trying(async () => {
        await editor.remote?.takeLabels(new Blob([file], { type: "image/png" }));
        await editor.reload();
        say("The label map is in place.");
      });
  });
  editor.addEventListener("opened", () => {
    const count = editor.project?.segment?.classes ?? editor.project?.classes.length ?? 6;
    slider.value = input("count-number").value = String(count);
    scribble.forget();
    // those that were installed, where there are any
    trying(async () => {
      const names = await server.segmenters();
      box("segmenter-row").hidden = !names.length;
      const own = make("option", { value: "" }, "colours and edges");
      segmenter.replaceChildren(own, ...names.map((name) => make("option", { value: name }, name)));
    });
  });
  editor.addEventListener("tool", () => scribble.told());
  button("go-on").addEventListener("click", () => {
    const radio = document.querySelector("input[name=step][value=change]");
    if (radio instanceof HTMLInputElement) radio.click();
  });
}

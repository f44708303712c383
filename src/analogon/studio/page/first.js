// The first label map: so many classes, two of them made one by two clicks, and scribbles that say what is what.

import { button, input, say, trying } from "./dom.js";
import { dropped } from "./panels.js";
import { rounded } from "./raster.js";
import { Tool } from "./tools.js";

/** @import {Point} from "./raster.js" */
/** @import {Editor} from "./editor.js" */

/** Click a class, then the one that it becomes part of. */
export class Merging extends Tool {
  /** @type {number | null} */ first = null;

  /** @type {Point | null} */ at = null;

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
    timer = setTimeout(() => segment(count), 250);
  });
  input("count-number").addEventListener("change", (event) => {
    slider.value = input("count-number").value;
    segment(Number(slider.value));
    event.stopPropagation();
  });
  /** @param {number} count */
  async function segment(count) {
    const mine = ++turn;
    document.body.classList.add("working");
    await trying(async () => {
      const said = await editor.remote?.segment(count);
      if (mine !== turn) return;
      await editor.reload();
      dropped(said);
    });
    if (mine === turn) document.body.classList.remove("working");
  }
  button("refine").addEventListener("click", () => trying(() => scribble.refine()));
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
  });
}
